// SPDX-License-Identifier: MIT
//
// Which system registers the framework has (those of macOS 11, so that every
// macOS has them, and with a GIC its own), and the few that guests need and it
// has not: the guest's access leaves, and is answered here.

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

// What a GIC brings (macOS 15). The CPU interface is reset to 0, its mask to
// let nothing pass; of its control register that is what can be changed.
static const struct row gic_rows[] = {
  {HV_SYS_REG_CNTP_CTL_EL0, ZERO}, {HV_SYS_REG_CNTP_CVAL_EL0, ZERO},
  {HV_GIC_ICC_REG_PMR_EL1, ZERO}, {HV_GIC_ICC_REG_BPR0_EL1, ZERO},
  {HV_GIC_ICC_REG_AP0R0_EL1, ZERO}, {HV_GIC_ICC_REG_AP1R0_EL1, ZERO},
  {HV_GIC_ICC_REG_RPR_EL1, READ_ONLY}, {HV_GIC_ICC_REG_BPR1_EL1, ZERO},
  {HV_GIC_ICC_REG_CTLR_EL1, ZERO}, {HV_GIC_ICC_REG_SRE_EL1, READ_ONLY},
  {HV_GIC_ICC_REG_IGRPEN0_EL1, ZERO}, {HV_GIC_ICC_REG_IGRPEN1_EL1, ZERO}
};

enum { ROWS = sizeof rows / sizeof *rows, DEBUG_ROWS = 64,
       GIC = ROWS + DEBUG_ROWS, GIC_ICC = GIC + 2,
       COUNT = GIC + sizeof gic_rows / sizeof *gic_rows };
_Static_assert((int)COUNT <= (int)HVF_SYSREGS, "a bit for each register");

unsigned hvf_sysreg_count(const tv_vm *vm) { return vm->gic ? COUNT : GIC; }

static bool is_debug(uint16_t key) {
  return key >= 0x8004 && key < 0x8080 && key & 4;
}

int hvf_sysreg_place(const tv_vm *vm, uint16_t key) {
  if (is_debug(key)) return ROWS + (key >> 3 & 15) * 4 + (key & 3);
  for (int k = 0; k < ROWS; k++)
    if (rows[k].key == key) return k;
  for (int k = GIC; vm->gic && k < COUNT; k++)
    if (gic_rows[k - GIC].key == key) return k;
  return -1;
}

uint16_t hvf_sysreg_key(unsigned place) {
  if (place < ROWS) return rows[place].key;
  if (place >= GIC) return gic_rows[place - GIC].key;
  unsigned n = place - ROWS;
  return (uint16_t)(0x8004 | n / 4 << 3 | n % 4);
}

static enum kind kind_of(unsigned place) {
  return place < ROWS ? rows[place].kind :
         place < GIC ? ZERO : gic_rows[place - GIC].kind;
}

bool hvf_sysreg_read_only(unsigned place) {
  return kind_of(place) == READ_ONLY;
}

uint64_t hvf_sysreg_reset(const tv_vcpu *cpu, unsigned place) {
  switch (kind_of(place)) {
    case SCTLR: return VIEW_SCTLR_RESET;
    case CPACR: return view_cpacr_reset(cpu->vm);
    case VBAR: return hvf_vm_of(cpu->vm)->trap;
    case MPIDR: return view_mpidr(cpu);
    default: return 0;
  }
}

const char *hvf_sysreg_call(unsigned place, bool store) {
  if (place >= GIC_ICC) return store ? "hv_gic_set_icc_reg"
                                     : "hv_gic_get_icc_reg";
  return store ? "hv_vcpu_set_sys_reg" : "hv_vcpu_get_sys_reg";
}

hv_return_t hvf_sysreg_fetch(struct hvf_vcpu *h, unsigned place,
                             uint64_t *value) {
  uint16_t key = hvf_sysreg_key(place);
  return place >= GIC_ICC ? hv_gic_get_icc_reg(h->id, key, value)
                          : hv_vcpu_get_sys_reg(h->id, key, value);
}

// The rest of ICC_CTLR_EL1 says what there is, and goes back as it came.
static hv_return_t store_icc_ctlr(struct hvf_vcpu *h, uint64_t value) {
  enum { CBPR = 1, EOIMODE = 2, PMHE = 64, OURS = CBPR | EOIMODE | PMHE };
  uint64_t old = 0;
  hv_return_t r = hv_gic_get_icc_reg(h->id, HV_GIC_ICC_REG_CTLR_EL1, &old);
  value = (old & ~(uint64_t)OURS) | (value & OURS);
  return r || value == old
    ? r : hv_gic_set_icc_reg(h->id, HV_GIC_ICC_REG_CTLR_EL1, value);
}

hv_return_t hvf_sysreg_store(struct hvf_vcpu *h, unsigned place,
                             uint64_t value) {
  uint16_t key = hvf_sysreg_key(place);
  if (key == HV_GIC_ICC_REG_CTLR_EL1) return store_icc_ctlr(h, value);
  return place >= GIC_ICC ? hv_gic_set_icc_reg(h->id, key, value)
                          : hv_vcpu_set_sys_reg(h->id, key, value);
}

// ------------------------------------------------- what the framework lacks --

enum { ENABLE = 1, ISTATUS = 4 };

static uint64_t cntp_ctl(const struct hvf_vcpu *h) {
  bool met = h->cntp_ctl & ENABLE && hvf_physical_count() >= h->cntp_cval;
  return h->cntp_ctl | (met ? ISTATUS : 0);
}

// ISR_EL1: what is pending, masked or not.
static uint64_t isr(const struct hvf_vcpu *h) {
  bool irq = h->line[TV_IRQ] || hvf_line_timer(h);
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
      return view_get(h->vcpu, key, value) || view_is_id(key) ||
             hvf_debug_read(h, key, value);
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
    default:
      return view_set(h->vcpu, key, value) || hvf_debug_write(h, key, value);
  }
}
