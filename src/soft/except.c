// SPDX-License-Identifier: MIT
//
// Leaving the inner loop, exception entry to EL1 and return from it (Arm ARM
// D1.3, D1.4). An exception that the guest has no vectors for (VBAR_EL1 never
// written) becomes an exit at the instruction, with nothing entered.

#include "a64/esr.h"
#include "core/fault.h"
#include "soft/soft.h"

static const struct insn *leave(struct soft_cpu *cpu, const struct insn *i,
                                enum soft_leave why) {
  cpu->pc = soft_pc(cpu, i);
  cpu->h.leave = why;
  return NULL;
}

const struct insn *leave_hvc(struct soft_cpu *cpu, const struct insn *i) {
  cpu->h.word = i->word;
  return leave(cpu, i, LEAVE_HVC);
}

const struct insn *leave_slow(struct soft_cpu *cpu, const struct insn *i) {
  cpu->h.word = i->word;
  return leave(cpu, i, LEAVE_SLOW);
}

enum slow_step soft_raise(struct soft_cpu *cpu, uint32_t esr,
                          tv_fault reason) {
  cpu->h.exc = (struct soft_exc){ .esr = esr, .reason = reason };
  return STEP_EXCEPTION;
}

enum slow_step soft_undefined(struct soft_cpu *cpu) {
  return soft_raise(cpu, esr_make(ESR_EC_UNKNOWN, 0), TV_FAULT_UNDEFINED);
}

const struct insn *leave_undefined(struct soft_cpu *cpu,
                                   const struct insn *i) {
  soft_undefined(cpu);
  return leave(cpu, i, LEAVE_EXCEPTION);
}

const struct insn *leave_raise(struct soft_cpu *cpu, const struct insn *i,
                               uint32_t esr, tv_fault reason) {
  soft_raise(cpu, esr, reason);
  return leave(cpu, i, LEAVE_EXCEPTION);
}

// ISS of trapped FP: CV = 1, COND = 0xe (D17.2.37).
const struct insn *leave_fp_trap(struct soft_cpu *cpu, const struct insn *i) {
  soft_raise(cpu, esr_make(ESR_EC_FP, 0x1e00000), TV_FAULT_FP_TRAP);
  return leave(cpu, i, LEAVE_EXCEPTION);
}

const struct insn *leave_sp_alignment(struct soft_cpu *cpu,
                                      const struct insn *i) {
  soft_raise(cpu, esr_make(ESR_EC_SP_ALIGN, 0), TV_FAULT_SP_ALIGNMENT);
  cpu->h.exc.addr = cpu->x[SLOT_SP];
  return leave(cpu, i, LEAVE_EXCEPTION);
}

const struct insn *leave_data_abort(struct soft_cpu *cpu,
                                    const struct insn *i, uint64_t va,
                                    unsigned size, bool write, unsigned fsc,
                                    tv_fault reason) {
  enum esr_ec ec = soft_el(cpu) ? ESR_EC_DABT : ESR_EC_DABT_LOW;
  uint32_t iss = fsc | (write ? ESR_DABT_WNR : 0);
  cpu->h.exc = (struct soft_exc){ .esr = esr_make(ec, iss), .far = va,
    .has_far = true, .addr = va, .reason = reason,
    .access = write ? 'w' : 'r', .size = (uint8_t)size };
  return leave(cpu, i, LEAVE_EXCEPTION);
}

void soft_fault_exit(struct soft_cpu *cpu, tv_fault reason, uint64_t va,
                     uint64_t gpa, unsigned size, char access) {
  fault_fill(&cpu->h.exit, reason, va, gpa, size, access);
}

const struct insn *leave_fault(struct soft_cpu *cpu, const struct insn *i,
                               tv_fault reason, uint64_t va, uint64_t gpa,
                               unsigned size, char access) {
  soft_fault_exit(cpu, reason, va, gpa, size, access);
  return leave(cpu, i, LEAVE_EXIT);
}

const struct insn *leave_mmio(struct soft_cpu *cpu, const struct insn *i,
                              uint64_t gpa, unsigned size, bool write,
                              uint64_t value, bool device) {
  leave(cpu, i, device ? LEAVE_DEVICE : LEAVE_EXIT);
  if (!cpu->pending.active || cpu->pending.pc != cpu->pc)
    cpu->pending.parts = 0;
  tv_exit *exit = &cpu->h.exit;
  exit->kind = TV_EXIT_MMIO;
  exit->u.mmio.addr = gpa;
  exit->u.mmio.value = write ? value & bits_mask(size * 8) : 0;
  exit->u.mmio.size = (uint8_t)size;
  exit->u.mmio.part = cpu->pending.parts;
  exit->u.mmio.write = write;
  cpu->pending.active = true;
  cpu->pending.pc = cpu->pc;
  cpu->pending.waiting = !write;
  if (write) cpu->pending.data[cpu->pending.parts++] = value;
  return NULL;
}

const struct insn *leave_breakpoint(struct soft_cpu *cpu,
                                    const struct insn *i) {
  cpu->h.exit = (tv_exit){ .kind = TV_EXIT_BREAKPOINT };
  return leave(cpu, i, LEAVE_EXIT);
}

uint64_t soft_pstate(const struct soft_cpu *cpu) {
  return cpu->nzcv | cpu->pstate;
}

bool soft_pstate_legal(uint64_t spsr) {
  unsigned m = spsr & 0x1f;
  return m == 0x00 || m == 0x04 || m == 0x05;    // EL0t, EL1t, EL1h
}

// Every change of EL or SPSel comes through here: SP is banked.
void soft_set_pstate(struct soft_cpu *cpu, uint64_t spsr) {
  enum { KEPT = PSTATE_DAIF | PSTATE_IL | PSTATE_EL_MASK | PSTATE_SP };
  cpu->sp_el[soft_current_sp(cpu)] = cpu->x[SLOT_SP];
  cpu->nzcv = spsr & PSTATE_NZCV;
  cpu->pstate = spsr & (KEPT | cpu->h.vm->pstate_bits);
  soft_update_mode(cpu);
  cpu->x[SLOT_SP] = cpu->sp_el[soft_current_sp(cpu)];
}

// D1.3.1: the vector is VBAR + {0, 0x200, 0x400} for SP_EL0, SP_ELx, lower
// EL, plus the kind's offset.
void soft_enter_el1(struct soft_cpu *cpu, unsigned kind_offset) {
  uint64_t old = soft_pstate(cpu);
  unsigned group = !soft_el(cpu) ? 0x400 : cpu->mode & MODE_SPSEL ? 0x200 : 0;
  uint64_t kept = PSTATE_NZCV | PSTATE_PAN | PSTATE_DIT;
  uint64_t pstate = (old & kept) | PSTATE_RESET;
  if (!(cpu->sys[SYS_sctlr_el1] >> 23 & 1)) pstate |= PSTATE_PAN;   // SPAN
  if (cpu->sys[SYS_sctlr_el1] >> 44 & 1) pstate |= PSTATE_SSBS;     // DSSBS
  cpu->sys[SYS_elr_el1] = cpu->pc;
  cpu->sys[SYS_spsr_el1] = old;
  soft_set_pstate(cpu, pstate);
  cpu->pc = soft_branch_address(cpu, cpu->sys[SYS_vbar_el1] + group +
                                     kind_offset);
}

static void exception_exit(struct soft_cpu *cpu, const struct soft_exc *exc) {
  tv_exit *exit = &cpu->h.exit;
  if (esr_ec(exc->esr) == ESR_EC_BRK64) {
    exit->kind = TV_EXIT_BRK;
    exit->u.brk.imm = exc->esr & 0xffff;
    return;
  }
  soft_fault_exit(cpu, exc->reason, exc->far, exc->addr, exc->size,
                  (char)exc->access);
  exit->u.fault.esr = exc->esr;
}

bool soft_take(struct soft_cpu *cpu, const struct soft_exc *exc) {
  if (esr_ec(exc->esr) == ESR_EC_UNKNOWN &&
      cpu->h.vcpu->vm->traps & TV_TRAP_UNDEFINED) {
    cpu->h.exit.kind = TV_EXIT_UNDEFINED;
    return false;
  }
  if (!cpu->vbar_written) {
    exception_exit(cpu, exc);
    return false;
  }
  cpu->sys[SYS_esr_el1] = exc->esr;
  if (esr_ec(exc->esr) == ESR_EC_SVC64) cpu->pc += 4;   // returns after it
  if (exc->has_far) cpu->sys[SYS_far_el1] = exc->far;
  soft_enter_el1(cpu, 0);
  return true;
}

bool soft_take_interrupt(struct soft_cpu *cpu) {
  bool fiq = soft_lines(cpu) >> TV_FIQ & 1 && !(cpu->pstate & PSTATE_F);
  if (!cpu->vbar_written) {
    soft_fault_exit(cpu, TV_FAULT_INTERRUPT, 0, 0, 0, 'x');
    return false;
  }
  soft_enter_el1(cpu, fiq ? 0x100 : 0x80);
  return true;
}

// C6.2.90, D1.4.4: an illegal target sets PSTATE.IL and keeps EL and SPSel.
void soft_eret(struct soft_cpu *cpu, uint64_t target) {
  uint64_t spsr = cpu->sys[SYS_spsr_el1];
  cpu->pc = soft_branch_address(cpu, target);
  cpu->excl.valid = false;
  cpu->event = true;
  if (!soft_pstate_legal(spsr)) {
    const uint64_t keep = PSTATE_EL_MASK | PSTATE_SP;
    spsr = (spsr & ~(keep | PSTATE_NRW)) | (cpu->pstate & keep) | PSTATE_IL;
  }
  soft_set_pstate(cpu, spsr);
}
