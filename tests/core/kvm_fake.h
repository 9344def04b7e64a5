// SPDX-License-Identifier: MIT
//
// The parts of Linux on arm64 that src/kvm asks about before there is a VM,
// for tests on a kernel that is not there: uname, the size of a page, how often
// a thread has slept, and /dev/kvm. A test adds its own ioctl.

#ifndef TV_TESTS_KVM_FAKE_H
#define TV_TESTS_KVM_FAKE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kvm/kvm.h"

enum { RUN_SIZE = 4096 };

static int open_errno;     // 0: /dev/kvm can be opened
static long page, sleeps;  // page 0: the host's own

int uname(struct utsname *name) {
  memset(name, 0, sizeof *name);
  strcpy(name->sysname, "Linux");
  strcpy(name->machine, "aarch64");
  return 0;
}

long __sysconf(int);    // glibc's own

long sysconf(int name) {
  return name == _SC_PAGESIZE && page ? page : __sysconf(name);
}

int getrusage(__rusage_who_t who, struct rusage *usage) {
  (void)who;
  *usage = (struct rusage){ .ru_nvcsw = sleeps };
  return 0;
}

// A descriptor whose pages can be mapped: /dev/kvm, a VM, a vCPU.
static int descriptor(void) {
  FILE *file = tmpfile();
  int fd = file ? dup(fileno(file)) : -1;
  if (file) fclose(file);
  if (fd >= 0 && ftruncate(fd, RUN_SIZE)) return -1;
  return fd;
}

int open(const char *path, int flags, ...) {
  (void)flags;
  errno = open_errno ? open_errno : ENOENT;
  return open_errno || strcmp(path, "/dev/kvm") ? -1 : descriptor();
}

#endif
