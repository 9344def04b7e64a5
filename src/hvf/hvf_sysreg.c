// SPDX-License-Identifier: MIT
//
// Which system registers the framework has (those of macOS 11, so that every
// macOS has them), and the few that guests need and it has not: the guest's
// access leaves, and is answered here.

#include "hvf/hvf.h"

#include "core/self.h"

enum kind { ZERO, SCTLR, CPACR, VBAR, MPIDR, READ_ONLY };

// Debug registers last: breakpoint and watchpoint value and control, 16 each.
static const struct row { uint16_t key; uint8_t kind; } rows[] = {
  {HV_SYS_REG_SCTLR_EL1, SCTLR}, {HV_SYS_REG_CPACR_EL1, CPACR},
  {HV_SYS_REG_VBAR_EL1, VBAR}, {HV_SYS_REG_MPIDR_EL1, MPIDR},
  {HV_SYS_REG_MDSCR_EL1, ZERO}, {HV_SYS_REG_MDCCINT_EL1, ZERO},
  {HV_SYS_REG_TTBR0_EL1, ZERO}, {HV_SYS_REG_TTBR1_EL1, ZERO},
  {HV_SYS_REG_TCR_EL1, ZERO}, {HV_SYS_REG_MAIR_EL1, ZERO},
  {HV_SYS_REG_AMAIR_EL1, ZERO}, {HV_SYS_REG_SPSR_EL1, ZERO},
  {HV_SYS_REG_ELR_EL1, ZERO}, {HV_SYS_REG_SP_EL0, ZERO},
  {HV_SYS_REG_SP_EL1, ZERO}, {HV_SYS_REG_AFSR0_EL1, ZERO},
  {HV_SYS_REG_AFSR1_EL1, ZERO}, {HV_SYS_REG_ESR_EL1, ZERO},
  {HV_SYS_REG_FAR_EL1, ZERO}, {HV_SYS_REG_PAR_EL1, ZERO},
  {HV_SYS_REG_CONTEXTIDR_EL1, ZERO}, {HV_SYS_REG_TPIDR_EL1, ZERO},
  {HV_SYS_REG_TPIDR_EL0, ZERO}, {HV_SYS_REG_TPIDRRO_EL0, ZERO},
  {HV_SYS_REG_CNTKCTL_EL1, ZERO}, {HV_SYS_REG_CSSELR_EL1, ZERO},
  {HV_SYS_REG_CNTV_CVAL_EL0, ZERO}, {HV_SYS_REG_CNTV_CTL_EL0, ZERO},
  {HV_SYS_REG_APIAKEYLO_EL1, ZERO}, {HV_SYS_REG_APIAKEYHI_EL1, ZERO},
  {HV_SYS_REG_APIBKEYLO_EL1, ZERO}, {HV_SYS_REG_APIBKEYHI_EL1, ZERO},
  {HV_SYS_REG_APDAKEYLO_EL1, ZERO}, {HV_SYS_REG_APDAKEYHI_EL1, ZERO},
  {HV_SYS_REG_APDBKEYLO_EL1, ZERO}, {HV_SYS_REG_APDBKEYHI_EL1, ZERO},
  {HV_SYS_REG_APGAKEYLO_EL1, ZERO}, {HV_SYS_REG_APGAKEYHI_EL1, ZERO},
  {HV_SYS_REG_MIDR_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64PFR0_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64PFR1_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64DFR0_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64DFR1_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64ISAR0_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64ISAR1_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64MMFR0_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64MMFR1_EL1, READ_ONLY},
  {HV_SYS_REG_ID_AA64MMFR2_EL1, READ_ONLY}
};

enum { ROWS = sizeof rows / sizeof *rows, DEBUG_ROWS = 64 };
_Static_assert(ROWS + DEBUG_ROWS <= HVF_SYSREGS, "a bit for each register");

static bool is_debug(uint16_t key) {
  return key >= 0x8004 && key < 0x8080 && key & 4;
}

int hvf_sysreg_place(uint16_t key) {
  if (is_debug(key)) return ROWS + (key >> 3 & 15) * 4 + (key & 3);
  for (int k = 0; k < ROWS; k++)
    if (rows[k].key == key) return k;
  return -1;
}

uint16_t hvf_sysreg_key(unsigned place) {
  if (place < ROWS) return rows[place].key;
  unsigned n = place - ROWS;
  return n < DEBUG_ROWS ? (uint16_t)(0x8004 | n / 4 << 3 | n % 4) : 0;
}

bool hvf_sysreg_read_only(unsigned place) {
  return place < ROWS && rows[place].kind == READ_ONLY;
}

uint64_t hvf_sysreg_reset(const tv_vcpu *cpu, unsigned place) {
  switch (place < ROWS ? rows[place].kind : ZERO) {
    case SCTLR: return VIEW_SCTLR_RESET;
    case CPACR: return view_cpacr_reset(cpu->vm);
    case VBAR: return hvf_vm_of(cpu->vm)->trap;
    case MPIDR: return view_mpidr(cpu);
    default: return 0;
  }
}

// ------------------------------------------------- what the framework lacks --

enum { ENABLE = 1, ISTATUS = 4 };

static uint64_t cntp_ctl(const struct hvf_vcpu *h) {
  bool met = h->cntp_ctl & ENABLE && hvf_physical_count() >= h->cntp_cval;
  return h->cntp_ctl | (met ? ISTATUS : 0);
}

// ISR_EL1: what is pending, masked or not.
static uint64_t isr(const struct hvf_vcpu *h) {
  bool irq = h->line[TV_IRQ] || h->timer_state != TIMER_LOW;
  return (irq ? 0x80 : 0) | (h->line[TV_FIQ] ? 0x40 : 0);
}

bool hvf_sysreg_read(struct hvf_vcpu *h, uint16_t key, uint64_t *value) {
  const tv_vm *vm = h->vcpu->vm;
  switch (key) {
    case VIEW_cntfrq_el0: *value = hvf_frequency(vm); return true;
    case VIEW_cntvct_el0: *value = hvf_count(vm); return true;
    case VIEW_cntpct_el0: case VIEW_cntpctss_el0:
      *value = hvf_physical_count();
      return true;
    case VIEW_cntp_ctl_el0: *value = cntp_ctl(h); return true;
    case VIEW_cntp_cval_el0: *value = h->cntp_cval; return true;
    case VIEW_isr_el1: *value = isr(h); return true;
    case VIEW_oslsr_el1: *value = 8 | (uint64_t)h->os_lock << 1; return true;
    case VIEW_osdlr_el1: case VIEW_dbgprcr_el1: case VIEW_mdccint_el1:
    case VIEW_lorc_el1: case VIEW_lorsa_el1: case VIEW_lorea_el1:
    case VIEW_lorn_el1: case VIEW_lorid_el1:
      *value = 0;
      return true;
    default:
      *value = 0;
      return view_get(h->vcpu, key, value) || view_is_id(key);
  }
}

bool hvf_sysreg_write(struct hvf_vcpu *h, uint16_t key, uint64_t value) {
  switch (key) {
    case VIEW_cntp_ctl_el0: h->cntp_ctl = value & 3; return true;
    case VIEW_cntp_cval_el0: h->cntp_cval = value; return true;
    case VIEW_oslar_el1: h->os_lock = value & 1; return true;
    case VIEW_osdlr_el1: case VIEW_dbgprcr_el1: case VIEW_mdccint_el1:
    case VIEW_lorc_el1: case VIEW_lorsa_el1: case VIEW_lorea_el1:
    case VIEW_lorn_el1:
      return true;
    default: return view_set(h->vcpu, key, value);
  }
}
