// SPDX-License-Identifier: MIT
//
// Exits: their names, and those that the core makes itself (budget, deadline,
// stopped, ...) or makes of another one (an EXIT hypercall is a shutdown). A
// backend's own exits pass through untouched.

#include <string.h>

#include "a64/pstate.h"
#include "core/core.h"
#include "core/self.h"
#include "core/walk.h"

static const char *const exit_name[] = {
  [TV_EXIT_HVC] = "hvc",           [TV_EXIT_SMC] = "smc",
  [TV_EXIT_MMIO] = "mmio",         [TV_EXIT_SYSREG] = "sysreg",
  [TV_EXIT_BRK] = "brk",           [TV_EXIT_WFI] = "wfi",
  [TV_EXIT_FAULT] = "fault",       [TV_EXIT_TIMER] = "timer",
  [TV_EXIT_BUDGET] = "budget",     [TV_EXIT_DEADLINE] = "deadline",
  [TV_EXIT_TIMEOUT] = "timeout",   [TV_EXIT_STOPPED] = "stopped",
  [TV_EXIT_SHUTDOWN] = "shutdown", [TV_EXIT_UNDEFINED] = "undefined",
  [TV_EXIT_BREAKPOINT] = "breakpoint"
};

static const char *const fault_name[] = {
  [TV_FAULT_UNMAPPED] = "unmapped",
  [TV_FAULT_READ_ONLY] = "read-only",
  [TV_FAULT_PROTECTED] = "protected",
  [TV_FAULT_UNDEFINED] = "undefined",
  [TV_FAULT_SVC] = "svc",
  [TV_FAULT_ALIGNMENT] = "alignment",
  [TV_FAULT_PC_ALIGNMENT] = "pc-alignment",
  [TV_FAULT_SP_ALIGNMENT] = "sp-alignment",
  [TV_FAULT_ADDRESS_SIZE] = "address-size",
  [TV_FAULT_ATOMIC] = "atomic",
  [TV_FAULT_FP_TRAP] = "fp-trap",
  [TV_FAULT_SYSREG_TRAP] = "sysreg-trap",
  [TV_FAULT_ILLEGAL_STATE] = "illegal-state",
  [TV_FAULT_STEP] = "step",
  [TV_FAULT_INTERRUPT] = "interrupt",
  [TV_FAULT_TRANSLATION] = "translation",
  [TV_FAULT_PERMISSION] = "permission",
  [TV_FAULT_UNSUPPORTED] = "unsupported",
  [TV_FAULT_UNIMPLEMENTED] = "unimplemented",
  [TV_FAULT_PUTS] = "puts",
  [TV_FAULT_PAC] = "pac",
  [TV_FAULT_MOPS] = "mops"
};

static const char *const shutdown_name[] = {
  [TV_SHUTDOWN_EXIT] = "exit",   [TV_SHUTDOWN_OFF] = "off",
  [TV_SHUTDOWN_RESET] = "reset", [TV_SHUTDOWN_HALT] = "halt"
};

static const char *pick(const char *const *names, size_t count, int value) {
  size_t i = (size_t)value;
  return i < count && names[i] ? names[i] : "unknown";
}

const char *tv_exit_name(tv_exit_kind kind) {
  return pick(exit_name, sizeof exit_name / sizeof *exit_name, (int)kind);
}

const char *tv_fault_name(tv_fault fault) {
  return pick(fault_name, sizeof fault_name / sizeof *fault_name,
              (int)fault);
}

const char *tv_shutdown_name(tv_shutdown reason) {
  return pick(shutdown_name, sizeof shutdown_name / sizeof *shutdown_name,
              (int)reason);
}

// The instruction at a virtual address; 0 if it is nowhere in RAM or ROM.
static uint32_t word_at(const struct backend *via, tv_vcpu *cpu,
                        uint64_t pc) {
  uint32_t word = 0;
  struct walk walk;
  struct walk_regime regime = walk_regime(via, cpu);
  if (walk_stage1(cpu->vm, &regime, pc, &walk))
    tv_mem_read(cpu->vm, walk.gpa, &word, sizeof word, NULL);
  return word;
}

static uint64_t get(const struct backend *via, tv_vcpu *cpu, tv_reg reg) {
  uint64_t value = 0;
  via->get(cpu, reg, &value, NULL);
  return value;
}

static void fill(tv_exit *exit, tv_exit_kind kind, tv_vcpu *cpu,
                 unsigned back, const struct backend *via) {
  memset(exit, 0, sizeof *exit);
  exit->kind = kind;
  exit->vcpu = cpu;
  if (!cpu) return;
  exit->pc = get(via, cpu, TV_REG_PC) - back;
  exit->pstate = get(via, cpu, TV_REG_PSTATE);
  exit->icount = cpu->icount;
  bool a64 = !(exit->pstate & PSTATE_NRW);   // a CPU may have AArch32 at EL0
  exit->insn = a64 ? word_at(via, cpu, exit->pc) : 0;
}

void exit_fill(tv_exit *exit, tv_exit_kind kind, tv_vcpu *cpu,
               unsigned back) {
  fill(exit, kind, cpu, back, cpu ? cpu->vm->backend : NULL);
}

void self_exit(tv_exit *exit, tv_exit_kind kind, tv_vcpu *cpu,
               unsigned back) {
  fill(exit, kind, cpu, back, cpu->vm->real);
}

void exit_shutdown(tv_exit *exit, tv_shutdown reason, uint64_t status) {
  exit->kind = TV_EXIT_SHUTDOWN;
  memset(&exit->u, 0, sizeof exit->u);
  exit->u.shutdown.reason = reason;
  exit->u.shutdown.status = status;
}

void exit_read_fault(tv_exit *exit, tv_fault reason, uint64_t gpa) {
  exit->kind = TV_EXIT_FAULT;
  memset(&exit->u, 0, sizeof exit->u);
  exit->u.fault.reason = reason;
  exit->u.fault.access = 'r';
  exit->u.fault.size = 1;
  exit->u.fault.level = -1;
  exit->u.fault.far = exit->u.fault.addr = gpa;
}
