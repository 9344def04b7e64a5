// SPDX-License-Identifier: MIT
//
// Breakpoints, for backends: vm->breakpoint[] has their addresses, ascending.
// A vCPU that comes to one leaves with TV_EXIT_BREAKPOINT, nothing done, and
// the backend says so by breakpoint_report; whoever completes the instruction
// calls breakpoint_pass. In between the vCPU's next run executes it.

#ifndef CORE_BREAKPOINT_H
#define CORE_BREAKPOINT_H

#include "core/vm.h"

// Whether there is a breakpoint at this address.
bool breakpoint_at(const tv_vm *, uint64_t address);

// Whether the vCPU stands at an instruction that was reported and not done.
static inline bool breakpoint_reported(const tv_vcpu *cpu, uint64_t pc) {
  return cpu->at_breakpoint && cpu->breakpoint_pc == pc;
}

// Whether the instruction at pc, about to be executed, is to be reported.
static inline bool breakpoint_due(const tv_vcpu *cpu, uint64_t pc) {
  return cpu->vm->breakpoints && !breakpoint_reported(cpu, pc) &&
         breakpoint_at(cpu->vm, pc);
}

static inline void breakpoint_report(tv_vcpu *cpu, uint64_t pc) {
  cpu->at_breakpoint = true;
  cpu->breakpoint_pc = pc;
}

static inline void breakpoint_pass(tv_vcpu *cpu) {
  cpu->at_breakpoint = false;
}

#endif
