// SPDX-License-Identifier: MIT
//
// Registers from inside a backend, on the thread that owns the vCPU: past the
// crew (crew.h), whose functions would hand the call to this very thread. For
// backends and for what they call: mmio.h, fault.h, view.h.

#ifndef CORE_SELF_H
#define CORE_SELF_H

#include "core/vm.h"

// 64-bit registers by number: X, SP, PC, PSTATE, SYS.
static inline uint64_t self_get(tv_vcpu *cpu, tv_reg reg) {
  uint64_t value = 0;
  cpu->vm->real->get(cpu, reg, &value, NULL);
  return value;
}

static inline void self_set(tv_vcpu *cpu, tv_reg reg, uint64_t value) {
  cpu->vm->real->set(cpu, reg, &value, NULL);
}

// Fills all of an exit but icount and u, which is zeroed. `back` is how many
// bytes before the present pc the instruction stands: 0 or 4.
void self_exit(tv_exit *, tv_exit_kind, tv_vcpu *, unsigned back);

#endif
