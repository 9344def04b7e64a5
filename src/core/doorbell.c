// SPDX-License-Identifier: MIT
//
// The doorbell: hypercalls by a store, for hosts that keep hvc to themselves
// (KVM before Linux 6.4). A guest that stores anything to TV_DOORBELL, where
// nothing is mapped, has made the hypercall that `hvc #0` would have been,
// with the same registers. On every backend, since what they all report for
// such a store is a fault; a region mapped there is simply memory.

#include <string.h>

#include "core/core.h"

void doorbell_answer(tv_vcpu *cpu, tv_exit *exit) {
  if (exit->kind != TV_EXIT_FAULT || exit->u.fault.addr != TV_DOORBELL ||
      exit->u.fault.reason != TV_FAULT_UNMAPPED ||
      exit->u.fault.access != 'w')
    return;
  exit->kind = TV_EXIT_HVC;
  memset(&exit->u, 0, sizeof exit->u);
  exit->u.hvc.nr = (uint32_t)vcpu_reg(cpu, TV_REG_X(0));
  for (unsigned i = 0; i < 7; i++)
    exit->u.hvc.arg[i] = vcpu_reg(cpu, TV_REG_X(i + 1));
  vcpu_set_reg(cpu, TV_REG_PC, exit->pc + 4);
  vcpu_count_step(cpu);
}
