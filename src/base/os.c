// SPDX-License-Identifier: MIT
//
// POSIX behind three functions: the only place that asks the operating system
// for anything but memory (alloc.c) and threads. Nothing here can fail in a
// way that a caller could handle.

#include "base/os.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

size_t os_page_size(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}

uint64_t os_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct os_host os_host(void) {
  struct os_host host = {"an unknown system", "an unknown machine"};
  struct utsname name;
  if (uname(&name) == 0) {
    snprintf(host.system, sizeof host.system, "%.31s", name.sysname);
    snprintf(host.machine, sizeof host.machine, "%.31s", name.machine);
  }
  return host;
}
