// SPDX-License-Identifier: MIT
//
// Views: a few bits of PSTATE, or a difference to the counter. Each is read
// and written where its state is.

#include "a64/pstate.h"
#include "core/core.h"
#include "core/self.h"
#include "core/view.h"

static uint64_t pstate_mask(uint16_t key) {
  switch (key) {
    case VIEW_nzcv: return PSTATE_NZCV;
    case VIEW_daif: return PSTATE_DAIF;
    case VIEW_spsel: return PSTATE_SP;
    case VIEW_pan: return PSTATE_PAN;
    case VIEW_currentel: return PSTATE_EL_MASK;
    default: return 0;
  }
}

// The compare value behind a timer's TVAL, 0 for other keys.
static uint16_t cval_of(uint16_t key) {
  return key == VIEW_cntv_tval_el0 ? VIEW_cntv_cval_el0
       : key == VIEW_cntp_tval_el0 ? VIEW_cntp_cval_el0 : 0;
}

static uint64_t counter(tv_vcpu *cpu, uint16_t key) {
  return self_get(cpu, TV_REG_SYS(key == VIEW_cntv_tval_el0
                                    ? VIEW_cntvct_el0 : VIEW_cntpct_el0));
}

bool view_get(tv_vcpu *cpu, uint16_t key, uint64_t *value) {
  uint64_t mask = pstate_mask(key);
  uint16_t cval = cval_of(key);
  if (mask) *value = self_get(cpu, TV_REG_PSTATE) & mask;
  else if (cval)
    *value = (uint32_t)(self_get(cpu, TV_REG_SYS(cval)) - counter(cpu, key));
  return mask || cval;
}

bool view_set(tv_vcpu *cpu, uint16_t key, uint64_t value) {
  uint64_t mask = pstate_mask(key);
  uint16_t cval = cval_of(key);
  if (key == VIEW_currentel) return false;
  if (mask) {
    uint64_t old = self_get(cpu, TV_REG_PSTATE);
    self_set(cpu, TV_REG_PSTATE, (old & ~mask) | (value & mask));
  } else if (cval) {
    self_set(cpu, TV_REG_SYS(cval),
                 counter(cpu, key) + (uint64_t)(int32_t)value);
  }
  return mask || cval;
}

uint64_t view_mpidr(const tv_vcpu *cpu) {
  return UINT64_C(0x80000000) | cpu->index % 16 |
         (uint64_t)(cpu->index / 16 & 0xff) << 8;
}

uint16_t view_sp(uint64_t pstate) {
  bool el0 = !(pstate & PSTATE_EL_MASK);
  return el0 || !(pstate & PSTATE_SP) ? VIEW_sp_el0 : VIEW_sp_el1;
}

tv_status view_check_pstate(uint64_t pstate, tv_error *err) {
  unsigned mode = pstate & 0x1f;
  if (mode == 0x00 || mode == 0x04 || mode == 0x05) return TV_OK;
  return err_set(err, TV_E_INVALID, 0, "pstate %#" PRIx64 " has mode %#x; "
                 "the CPU has EL0t (0), EL1t (4) and EL1h (5)", pstate, mode);
}
