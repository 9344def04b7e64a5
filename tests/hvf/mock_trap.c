// SPDX-License-Identifier: MIT
//
// What the mock's CPU traps: system instructions that Apple's framework takes
// away from the guest before they do anything, though the software CPU has
// them. The run loop of all software CPUs is compiled here, not from src/soft,
// and asks mock_slow in the place of soft_slow; the mock marks its own VM in
// vm->traps.
//
// A trap to EL2 comes after all that is undefined at EL1 or EL0, or that EL1
// traps itself (Arm ARM D1.3.5.4).

#include "a64/decode.h"
#include "a64/esr.h"
#include "core/fault.h"
#include "mock.h"

// -------------------------------------------------------------- registers --

static bool is_id(uint16_t key) { return key >= 0xc008 && key < 0xc040; }

// MDCR_EL2.TDOSA and, if the host asks for it, TDA.
static bool traps_debug(const struct mock_vcpu *v, uint16_t key, bool write) {
  switch (key) {
    case SYSKEY_oslar_el1: return write;
    case SYSKEY_oslsr_el1: return !write;
    case SYSKEY_osdlr_el1: case SYSKEY_dbgprcr_el1: return true;
    default: return v->debug_regs_trapped;
  }
}

// The physical timer, for which there is no interrupt, unless there is a GIC;
// and what macOS 26 has brought. EL1 opens both to EL0 by CNTKCTL_EL1.
static bool traps_counter(const struct soft_cpu *c, uint16_t key) {
  uint64_t open = soft_el(c) ? UINT64_MAX : c->sys[SYS_cntkctl_el1];
  switch (key) {
    case SYSKEY_cntp_tval_el0: case SYSKEY_cntp_ctl_el0:
    case SYSKEY_cntp_cval_el0:
      return !mock.gic.made && open >> 9 & 1;
    case SYSKEY_cntpct_el0: case SYSKEY_cntpctss_el0:
      return !mock.before_26 && open & 1;
    default: return false;
  }
}

// PMU, implementation defined, and without a GIC its CPU interface: not in the
// software CPU.
static bool traps_foreign(uint16_t key) {
  unsigned crn = key >> 7 & 15, crm = key >> 3 & 15, op1 = key >> 11 & 7;
  bool implementation = crn == 11 || crn == 15;
  bool pmu = (crn == 9 && crm >= 12 && (op1 == 0 || op1 == 3)) ||
             (crn == 14 && crm >= 8 && op1 == 3);
  bool gic = op1 == 0 && ((crn == 12 && crm >= 8) || (crn == 4 && crm == 6));
  return implementation || pmu || (gic && !mock.gic.made);
}

static bool traps(const struct mock_vcpu *v, uint16_t key, bool write) {
  const struct soft_cpu *c = mock_soft(v);
  bool for_el0 = (key >> 11 & 7) == 3;
  if (!soft_el(c) && !for_el0) return false;
  if (key >> 14 == 2) {
    bool there = write ? soft_sysreg_writable(c, key)
                       : soft_sysreg_readable(c, key);
    bool dcc = key == SYSKEY_mdccint_el1;
    return there && ((dcc && !mock.before_26) || traps_debug(v, key, write));
  }
  if (is_id(key)) return !write && !mock_has(key);
  if (key == SYSKEY_lorc_el1) return !mock.before_26;
  return traps_foreign(key) || traps_counter(c, key);
}

// ------------------------------------------------------ caches by address --

// Whether SYS is DC or IC by address, open to this EL: {IVAC}, {CVAC, CVAU,
// CVAP, CVADP, CIVAC, IC IVAU}.
static bool by_address(const struct soft_cpu *c, uint32_t w) {
  bool user = soft_el(c) || c->sys[SYS_sctlr_el1] >> 26 & 1;
  switch (w & ~31u) {
    case 0xd5087620:
      return soft_el(c);
    case 0xd50b7a20: case 0xd50b7b20: case 0xd50b7c20: case 0xd50b7d20:
    case 0xd50b7e20: case 0xd50b7520:
      return user;
    default: return false;
  }
}

// Without a translation, or the permission, at stage 2: an abort (D7.5.8).
static bool nowhere(struct soft_cpu *c, uint32_t w) {
  uint64_t va = c->x[slot_read(a64_rt(w))];
  const struct region *r = mem_at(mock.vm, va);
  unsigned need = (w & ~31u) == 0xd5087620 ? TV_WRITE : TV_READ;
  if (r && r->prot & need) return false;
  soft_fault_exit(c, fault_reason(r, 'r'), va, va, 64, 'w');
  c->h.exit.u.fault.esr |= ESR_DABT_CM;
  return true;
}

// ------------------------------------------------------------------- door --

static bool taken_away(struct soft_cpu *c, uint32_t w) {
  switch (a64_decode(w)) {
    case A64_MRS: case A64_MSR:
      c->h.exit.kind = TV_EXIT_SYSREG;
      return traps(mock_of(c), w >> 5 & 0xffff, a64_decode(w) == A64_MSR);
    case A64_SYS: return by_address(c, w) && nowhere(c, w);
    default: return false;
  }
}

// Registers that are read otherwise. The physical count is without an offset,
// unlike CNTVCT_EL0; and so are the values of its timer, which the inner CPU
// has with one.
static void otherwise(struct soft_cpu *c, uint32_t w) {
  struct mock_vcpu *v = mock_of(c);
  uint16_t key = w >> 5 & 0xffff;
  bool read = a64_decode(w) == A64_MRS;
  uint64_t *x = &c->x[slot_write(a64_rt(w))], inner = 0, count;
  if (!read && a64_decode(w) != A64_MSR) return;
  const uint64_t *identity = mock_identity(v, key);
  if (identity) *x = *identity;
  switch (key) {
    case SYSKEY_cntpct_el0: case SYSKEY_cntpctss_el0:
      *x += mock_physical_zero();
      break;
    case SYSKEY_cntp_cval_el0:
      if (read) *x = v->cntp_cval;
      else mock_set_cntp_cval(v, c->x[slot_read(a64_rt(w))]);
      break;
    case SYSKEY_cntp_tval_el0:
      soft_sysreg_read(c, SYSKEY_cntp_cval_el0, &inner);
      count = soft_count(c) + mock_physical_zero();
      if (read) *x = (uint32_t)(v->cntp_cval - count);
      else v->cntp_cval = inner + mock_physical_zero();
      break;
  }
}

static enum slow_step mock_slow(struct soft_cpu *c, uint32_t w) {
  bool ours = c->h.vcpu->vm->traps & MOCK_TRAPS;
  if (ours && taken_away(c, w)) return STEP_EXIT;
  enum slow_step step = soft_slow(c, w);
  if (ours && step == STEP_NEXT) otherwise(c, w);
  return step;
}

#define soft_slow mock_slow
#include "soft/interp.c"
