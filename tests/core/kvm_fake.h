// SPDX-License-Identifier: MIT
//
// The parts of Linux on arm64 that src/kvm asks about before there is a VM,
// for tests on a kernel that is not there: uname, the size of a page, how often
// a thread has slept, /dev/kvm, and a vCPU's statistics. A test adds its own
// ioctl.

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
#include "tap.h"

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

// ----------------------------------------------------- a vCPU's statistics --

enum { WAIT_BUCKETS = 2, NAME_SIZE = 16 };
enum counter { WAKEUPS, WAITS, EXITS = WAITS + WAIT_BUCKETS, WFIS, STATS };

static int stats_fd = -1;
static bool nameless;              // they have other names

// The file: a header, descriptors, and their values.
static struct {
  struct kvm_stats_header header;
  struct { struct kvm_stats_desc desc; char name[NAME_SIZE]; } item[4];
  uint64_t value[STATS];
} stats;

static void write_stats(void) {
  if (pwrite(stats_fd, &stats, sizeof stats, 0) < 0) note("no statistics");
}

static inline void count(enum counter which) {
  stats.value[which]++;
  if (stats_fd >= 0) write_stats();
}

// What GET_STATS_FD answers.
static int statistics(void) {
  static const struct { const char *name; uint16_t size, at; } list[] = {
    {"halt_wakeup", 1, WAKEUPS}, {"halt_wait_hist", WAIT_BUCKETS, WAITS},
    {"exits", 1, EXITS}, {"wfi_exit_stat", 1, WFIS}
  };
  stats.header = (struct kvm_stats_header){ .name_size = NAME_SIZE,
    .count = 4, .desc_offset = sizeof stats.header,
    .data_offset = sizeof stats - sizeof stats.value };
  for (unsigned i = 0; i < 4; i++) {
    stats.item[i].desc = (struct kvm_stats_desc){ .size = list[i].size,
                                                  .offset = 8u * list[i].at };
    strcpy(stats.item[i].name, nameless ? "other" : list[i].name);
  }
  stats_fd = descriptor();
  write_stats();
  return stats_fd;
}

#endif
