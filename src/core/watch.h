// SPDX-License-Identifier: MIT
//
// What the CPU's debug unit is for, where vCPUs are hardware's: single steps,
// and breakpoints of two owners, the caller (breakpoint.h) and the backend
// itself. The instruction at a breakpoint that was reported is executed by a
// single step, without a breakpoint there.

#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "core/breakpoint.h"

// Breakpoints: at most; and those that a timer without a GIC may need of them.
enum { WATCH_MOST = 16, WATCH_LINE = 3 };

struct watch {
  bool step;
  unsigned count;
  uint64_t at[WATCH_MOST];
};

static inline bool watch_any(const struct watch *w) {
  return w->step || w->count;
}
bool watch_same(const struct watch *, const struct watch *);

// How many breakpoints are the caller's on a CPU that has `all`.
unsigned watch_room(const tv_vm *, unsigned all);

// For the next run of the vCPU, on a CPU that has `all`: the caller's
// breakpoints, and `lines` of the backend's own. On the vCPU's thread.
struct watch watch_plan(tv_vcpu *, unsigned all, const uint64_t *line,
                        unsigned lines);

// After a breakpoint, dealt with if it was the backend's own: true if the
// vCPU stands at one of the caller's, which is then noted as reported.
bool watch_report(tv_vcpu *);

#endif
