// SPDX-License-Identifier: MIT
//
// What a fault exit says: from the side of the memory map, and from a
// syndrome that the guest's CPU has written.

#include <string.h>

#include "a64/esr.h"
#include "a64/pstate.h"
#include "core/core.h"
#include "core/fault.h"
#include "core/mmio.h"
#include "core/self.h"

enum { KEY_SCTLR_EL1 = 0xc080, KEY_SPSR_EL1 = 0xc200, KEY_ELR_EL1 = 0xc201,
       KEY_ESR_EL1 = 0xc290, KEY_FAR_EL1 = 0xc300, KEY_VBAR_EL1 = 0xc600,
       SCTLR_SPAN = 1 << 23 };

static uint64_t stage2_esr(tv_fault reason, char access) {
  uint32_t fsc = reason == TV_FAULT_UNMAPPED ? ESR_FSC_TRANSLATION + 1
                                             : ESR_FSC_PERMISSION + 3;
  if (access == 'x') return esr_make(ESR_EC_IABT_LOW, fsc);
  return esr_make(ESR_EC_DABT_LOW, fsc | (access == 'w' ? ESR_DABT_WNR : 0));
}

void fault_fill(tv_exit *exit, tv_fault reason, uint64_t va, uint64_t gpa,
                unsigned size, char access) {
  bool abort = reason == TV_FAULT_UNMAPPED || reason == TV_FAULT_READ_ONLY ||
               reason == TV_FAULT_PROTECTED;
  exit->kind = TV_EXIT_FAULT;
  memset(&exit->u, 0, sizeof exit->u);
  exit->u.fault.reason = reason;
  exit->u.fault.access = (uint8_t)access;
  exit->u.fault.size = (uint8_t)size;
  exit->u.fault.level = -1;
  exit->u.fault.esr = abort ? stage2_esr(reason, access) : 0;
  exit->u.fault.far = va;
  exit->u.fault.addr = gpa;
}

tv_fault fault_reason(const struct region *region, char access) {
  if (!region) return TV_FAULT_UNMAPPED;
  if (access == 'w' && region->kind == TV_MEM_ROM) return TV_FAULT_READ_ONLY;
  return TV_FAULT_PROTECTED;
}

// ------------------------------------------------------------- exceptions --

static tv_fault abort_reason(unsigned fsc) {
  switch (fsc) {
    case ESR_FSC_ALIGNMENT: return TV_FAULT_ALIGNMENT;
    case ESR_FSC_ATOMIC: return TV_FAULT_ATOMIC;
    case ESR_FSC_ADDRESS_SIZE_BEFORE_0: return TV_FAULT_ADDRESS_SIZE;
    case ESR_FSC_TRANSLATION_BEFORE_0: return TV_FAULT_TRANSLATION;
  }
  switch (fsc & 0x3c) {          // the level is in the low bits
    case ESR_FSC_ADDRESS_SIZE: return TV_FAULT_ADDRESS_SIZE;
    case ESR_FSC_TRANSLATION: return TV_FAULT_TRANSLATION;
    case ESR_FSC_ACCESS: case ESR_FSC_PERMISSION: return TV_FAULT_PERMISSION;
    default: return TV_FAULT_UNMAPPED;       // an external abort
  }
}

static int level_of(unsigned fsc) {
  bool has = fsc >= ESR_FSC_TRANSLATION && fsc < ESR_FSC_EXTERNAL;
  return has ? (int)(fsc & 3) : -1;
}

void fault_of_exception(tv_exit *exit, uint64_t esr, uint64_t far,
                        uint64_t sp) {
  unsigned fsc = esr & 0x3f;
  tv_fault reason = TV_FAULT_UNDEFINED;
  char access = 0;
  unsigned size = 0;
  uint64_t va = 0, addr = 0;
  switch (esr_ec(esr)) {
    case ESR_EC_BRK64:
      exit->kind = TV_EXIT_BRK;
      memset(&exit->u, 0, sizeof exit->u);
      exit->u.brk.imm = esr & 0xffff;
      return;
    case ESR_EC_SVC64: reason = TV_FAULT_SVC; break;
    case ESR_EC_FP: reason = TV_FAULT_FP_TRAP; break;
    case ESR_EC_WFX: case ESR_EC_SYS64: reason = TV_FAULT_SYSREG_TRAP; break;
    case ESR_EC_ILLEGAL: reason = TV_FAULT_ILLEGAL_STATE; break;
    case ESR_EC_PAC: reason = TV_FAULT_PAC; break;
    case ESR_EC_MOPS: reason = TV_FAULT_MOPS; break;
    case ESR_EC_STEP: case ESR_EC_STEP_LOW: reason = TV_FAULT_STEP; break;
    case ESR_EC_SP_ALIGN: reason = TV_FAULT_SP_ALIGNMENT; addr = sp; break;
    case ESR_EC_PC_ALIGN: case ESR_EC_IABT: case ESR_EC_IABT_LOW:
      reason = esr_ec(esr) == ESR_EC_PC_ALIGN ? TV_FAULT_PC_ALIGNMENT
                                              : abort_reason(fsc);
      access = 'x';
      size = 4;
      va = addr = far;
      break;
    case ESR_EC_DABT: case ESR_EC_DABT_LOW:
      reason = abort_reason(fsc);
      access = esr & ESR_DABT_WNR ? 'w' : 'r';
      va = addr = far;
      break;
    default: break;
  }
  fault_fill(exit, reason, va, addr, size, access);
  exit->u.fault.esr = esr;
  if (access && reason != TV_FAULT_PC_ALIGNMENT)
    exit->u.fault.level = (int8_t)level_of(fsc);
}

static uint64_t sysreg(tv_vcpu *cpu, uint16_t key) {
  return self_get(cpu, TV_REG_SYS(key));
}

void fault_enter(tv_vcpu *cpu, uint64_t esr, uint64_t far) {
  uint64_t old = self_get(cpu, TV_REG_PSTATE);
  uint64_t pstate = (old & (PSTATE_NZCV | PSTATE_PAN)) | PSTATE_RESET;
  bool el0 = !(old & PSTATE_EL_MASK);
  unsigned group = el0 ? 0x400 : old & PSTATE_SP ? 0x200 : 0;
  if (!(sysreg(cpu, KEY_SCTLR_EL1) & SCTLR_SPAN)) pstate |= PSTATE_PAN;
  self_set(cpu, TV_REG_SYS(KEY_ESR_EL1), esr);
  self_set(cpu, TV_REG_SYS(KEY_FAR_EL1), far);
  self_set(cpu, TV_REG_SYS(KEY_ELR_EL1), self_get(cpu, TV_REG_PC));
  self_set(cpu, TV_REG_SYS(KEY_SPSR_EL1), old);
  self_set(cpu, TV_REG_PSTATE, pstate);
  self_set(cpu, TV_REG_PC, sysreg(cpu, KEY_VBAR_EL1) + group);
}

void fault_hide_step(tv_vcpu *cpu, uint64_t from) {
  uint64_t spsr = sysreg(cpu, KEY_SPSR_EL1);
  if (!(spsr & PSTATE_SS)) return;
  uint64_t vector = self_get(cpu, TV_REG_PC) - sysreg(cpu, KEY_VBAR_EL1);
  uint64_t behind = sysreg(cpu, KEY_ELR_EL1) - from;
  if (vector < 0x800 && !(vector & 0x7f) && (behind == 0 || behind == 4))
    self_set(cpu, TV_REG_SYS(KEY_SPSR_EL1), spsr & ~(uint64_t)PSTATE_SS);
}

// The syndrome does not say how wide a data access is.
static uint8_t size_of(tv_vcpu *cpu, const tv_exit *exit) {
  struct mmio_plan plan;
  bool data = exit->u.fault.access == 'r' || exit->u.fault.access == 'w';
  if (!data) return 0;
  mmio_decode(cpu, exit->insn, exit->pc, &plan);
  return plan.count ? (uint8_t)(1u << plan.log2) : 0;
}

void fault_unwind(tv_vcpu *cpu, unsigned vector_offset, tv_exit *exit) {
  uint64_t esr = sysreg(cpu, KEY_ESR_EL1), far = sysreg(cpu, KEY_FAR_EL1);
  uint64_t pc = sysreg(cpu, KEY_ELR_EL1);
  bool synchronous = !(vector_offset & 0x180);
  if (synchronous && esr_ec(esr) == ESR_EC_SVC64) pc -= 4;
  self_set(cpu, TV_REG_PSTATE,
           sysreg(cpu, KEY_SPSR_EL1) & ~(uint64_t)PSTATE_SS);
  self_set(cpu, TV_REG_PC, pc);
  self_exit(exit, TV_EXIT_FAULT, cpu, 0);
  if (!synchronous) {
    fault_fill(exit, TV_FAULT_INTERRUPT, 0, 0, 0, 'x');
    return;
  }
  fault_of_exception(exit, esr, far, self_get(cpu, TV_REG_SP));
  if (exit->kind == TV_EXIT_FAULT && !exit->u.fault.size)
    exit->u.fault.size = size_of(cpu, exit);
}
