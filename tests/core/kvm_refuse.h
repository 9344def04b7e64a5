// SPDX-License-Identifier: MIT
//
// A kernel for tests of src/kvm that refuses one call of a scenario: the first
// in the first round, the second in the second. The caller must hear of it by
// the ioctl's name, errno and cause, if only from a run, before the guest is
// entered again, and no descriptor may be left open.
//
// A test says what the scenario is, what the kernel answers, and which calls
// need no telling.

#ifndef TV_TESTS_KVM_REFUSE_H
#define TV_TESTS_KVM_REFUSE_H

#include "kvm_fake.h"

enum { ROUNDS_MAX = 4000, CALLS = 16 };

static int answer(int fd, unsigned long request, unsigned long arg);
static bool may_fail(int fd, unsigned long request, unsigned long arg);
static tv_status scenario(void);

static tv_error err;
static unsigned fail_at, calls;    // fail_at 0: none is refused
static int fail_errno;
static int missing = -1;           // a capability
static unsigned long last;         // the request that was refused
static bool last_quiet, entered;
static bool hearing;               // refuses none, and counts none

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  unsigned long arg = va_arg(list, unsigned long);
  va_end(list);
  entered |= request == RUN && fail_at && calls >= fail_at;
  bool counts = !hearing && request != CHECK_EXTENSION &&
                request != GET_API_VERSION;
  if (counts && ++calls == fail_at) {
    last = request;
    last_quiet = may_fail(fd, request, arg);
    errno = fail_errno;
    return -1;
  }
  return answer(fd, request, arg);
}

static unsigned descriptors(void) {
  unsigned count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

// Returns how many calls there are; `telling`, up to a 0, are the ioctls of
// whose refusal someone must hear.
static unsigned rounds(int os, const unsigned long telling[CALLS]) {
  unsigned silent = 0, told = 0, all = 0, before = descriptors();
  char number[16];
  snprintf(number, sizeof number, "errno %d", os);
  fail_errno = os;
  while (telling[all]) all++;
  for (fail_at = 1; fail_at < ROUNDS_MAX; fail_at++) {
    memset(&err, 0, sizeof err);
    calls = 0;
    entered = false;
    tv_status s = scenario();
    if (calls < fail_at) break;
    bool named = strstr(err.text, "KVM_") && strstr(err.text, number) &&
                 err.os == os;
    for (unsigned k = 0; s && named && k < all; k++)
      told |= (unsigned)(telling[k] == last) << k;
    if (s ? named && !entered : last_quiet) continue;
    silent++;
    note("call %u, %#lx: %s", fail_at, last, entered ? "the guest ran on" :
         s ? err.text : "not told");
  }
  unsigned count = fail_at;
  fail_at = 0;
  ok(count < ROUNDS_MAX, "%u calls", count);
  eq_u64(told, (1u << all) - 1, "errno %d: every ioctl's refusal is told", os);
  eq_u64(silent, 0, "by name and number, before the guest runs on");
  eq_u64(descriptors(), before, "nothing is left open");
  return count;
}

static void says(tv_status s, tv_status want, const char *piece) {
  ok(s == want && strstr(err.text, piece), "%s: %s", piece, err.text);
}

#endif
