// SPDX-License-Identifier: MIT
//
// The mock's vCPUs: life and ownership, registers, interrupts, the virtual
// timer's mask.

#include <string.h>

#include "mock.h"

struct mock_vcpu *mock_find(hv_vcpu_t id) {
  struct mock_vcpu *v = id < MOCK_VCPUS ? &mock.vcpu[id] : NULL;
  return v && v->cpu && pthread_equal(v->owner, pthread_self()) ? v : NULL;
}

struct mock_vcpu *mock_own(hv_vcpu_t id) {
  return mock_fails() ? NULL : mock_find(id);
}

struct mock_vcpu *mock_of(const struct soft_cpu *c) {
  struct mock_vcpu *v = mock.vcpu;
  while (v->cpu != c->h.vcpu) v++;
  return v;
}

// ----------------------------------------------------------- the registers --

// Those of macOS 11; debug registers are known by their pattern.
static const hv_sys_reg_t known[] = {
  0x8010, 0x8012, 0xc000, 0xc005, 0xc020, 0xc021, 0xc028, 0xc029, 0xc030,
  0xc031, 0xc038, 0xc039, 0xc03a, 0xc080, 0xc082, 0xc100, 0xc101, 0xc102,
  0xc108, 0xc109, 0xc10a, 0xc10b, 0xc110, 0xc111, 0xc112, 0xc113, 0xc118,
  0xc119, 0xc200, 0xc201, 0xc208, 0xc288, 0xc289, 0xc290, 0xc300, 0xc3a0,
  0xc510, 0xc518, 0xc600, 0xc681, 0xc684, 0xc708, 0xd000, 0xde82, 0xde83,
  0xdf19, 0xdf1a, 0xe208
};
enum { KNOWN = sizeof known / sizeof *known };
_Static_assert(KNOWN + 64 <= MOCK_SYSREGS, "a place for every register");

// ------------------------------------------------------------------- life --

// A CPU interface that lets all groups pass, and has begun every priority.
static void poison_icc(struct soft_cpu *c) {
  soft_sysreg_write(c, SYSKEY_icc_pmr_el1, 0xff);
  soft_sysreg_write(c, SYSKEY_icc_ctlr_el1, 3);
  soft_sysreg_write(c, SYSKEY_icc_bpr0_el1, 7);
  soft_sysreg_write(c, SYSKEY_icc_ap0r0_el1, UINT32_MAX);
  soft_sysreg_write(c, SYSKEY_icc_ap1r0_el1, UINT32_MAX);
  soft_sysreg_write(c, SYSKEY_icc_igrpen0_el1, 1);
  soft_sysreg_write(c, SYSKEY_icc_igrpen1_el1, 1);
}

uint64_t *mock_identity(struct mock_vcpu *v, hv_sys_reg_t reg) {
  return reg == HV_SYS_REG_ID_AA64PFR0_EL1 ? &v->pfr0 :
         reg == HV_SYS_REG_ID_AA64MMFR0_EL1 ? &v->mmfr0 : NULL;
}

static void identify(struct mock_vcpu *v) {
  enum { GIC = 15 << 24, PARANGE = 15, BITS_40 = 2 };
  struct soft_cpu *c = mock_soft(v);
  soft_sysreg_read(c, HV_SYS_REG_ID_AA64PFR0_EL1, &v->pfr0);
  soft_sysreg_read(c, HV_SYS_REG_ID_AA64MMFR0_EL1, &v->mmfr0);
  v->pfr0 &= ~(uint64_t)GIC;
  v->mmfr0 = (v->mmfr0 & ~(uint64_t)PARANGE) | BITS_40;
}

// What a fresh vCPU holds is not specified: the worst.
static void poison(struct mock_vcpu *v) {
  struct soft_cpu *c = mock_soft(v);
  uint64_t junk = 0x5eed0fbad0000000;
  for (unsigned n = 0; n < 31; n++) c->x[n] = junk += 0x1111;
  for (unsigned n = 0; n < 32; n++) c->v[n][0] = c->v[n][1] = junk += 0x111;
  for (unsigned n = 0; n < KNOWN; n++)
    soft_sysreg_write(c, known[n], junk += 0x11);
  soft_sysreg_write(c, SYSKEY_fpcr, junk);
  soft_sysreg_write(c, SYSKEY_fpsr, junk);
  for (unsigned n = 0; n < MOCK_SYSREGS; n++) v->side[n] = junk += 0x101;
  c->sp_el[0] = c->sp_el[1] = c->x[SLOT_SP] = junk;
  c->sys[SYS_sctlr_el1] = 0;
  c->sys[SYS_cpacr_el1] = 0;
  c->sys[SYS_cntv_ctl_el0] = 1;          // armed, and has fired
  c->sys[SYS_cntv_cval_el0] = 0;
  c->sys[SYS_cntp_ctl_el0] = 0;
  c->sys[SYS_mdscr_el1] = 0;
  c->sys[SYS_oslsr_el1] = 0xa;
  c->pstate = 0x3c0;                     // EL0t
  c->vbar_written = true;                // exceptions are the guest's own
  if (mock.gic.made) poison_icc(c);
  soft_update_mode(c);
  v->vtimer_offset = junk;
}

// The inner CPU makes MPIDR_EL1 of its index, the inner VM finds its vCPUs by
// the index that they were made with.
static void set_indices(bool affinity) {
  for (unsigned k = 0; k < MOCK_VCPUS; k++) {
    struct mock_vcpu *v = &mock.vcpu[k];
    if (v->cpu) v->cpu->index = affinity ? v->affinity : v->index;
  }
}

static bool create_inner(struct mock_vcpu *v) {
  set_indices(false);
  if (tv_vcpu_new(mock.vm, &v->cpu, NULL)) v->cpu = NULL;
  else v->index = v->affinity = v->cpu->index;
  set_indices(true);
  return v->cpu;
}

static hv_return_t create(hv_vcpu_t *id, hv_vcpu_exit_t **exit) {
  unsigned slot = 0;
  if (!mock.vm) return HV_NO_DEVICE;
  if (mock.gic.made && mock.gic.final) return HV_BUSY;
  for (unsigned k = 0; k < MOCK_VCPUS; k++) {
    const struct mock_vcpu *v = &mock.vcpu[k];
    if (v->cpu && pthread_equal(v->owner, pthread_self())) return HV_BUSY;
  }
  while (slot < MOCK_VCPUS && mock.vcpu[slot].cpu) slot++;
  if (slot == MOCK_VCPUS) return HV_NO_RESOURCES;
  struct mock_vcpu *v = &mock.vcpu[slot];
  memset(v, 0, sizeof *v);
  if (!create_inner(v)) return HV_NO_RESOURCES;
  v->owner = pthread_self();
  mock.gic.late = true;
  poison(v);
  identify(v);
  *id = slot;
  *exit = &v->exit;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_create(hv_vcpu_t *id, hv_vcpu_exit_t **exit,
                           hv_vcpu_config_t config) {
  if (config) return HV_BAD_ARGUMENT;
  if (mock_fails()) return HV_NO_RESOURCES;
  pthread_mutex_lock(&mock.lock);
  hv_return_t r = create(id, exit);
  pthread_mutex_unlock(&mock.lock);
  return r;
}

static void destroy(struct mock_vcpu *v) {
  set_indices(false);
  tv_vcpu_free(v->cpu);
  v->cpu = NULL;
  set_indices(true);
  mock.gic.torn = mock.gic.made && mock.gic.final;
}

hv_return_t hv_vcpu_destroy(hv_vcpu_t id) {
  pthread_mutex_lock(&mock.lock);
  struct mock_vcpu *v = mock_find(id);
  if (v) destroy(v);
  pthread_mutex_unlock(&mock.lock);
  return v ? HV_SUCCESS : HV_BAD_ARGUMENT;
}

// -------------------------------------------------------------- registers --

static bool general(hv_reg_t reg, tv_reg *out) {
  if (reg > HV_REG_CPSR) return false;
  *out = reg <= HV_REG_X30 ? TV_REG_X(reg) :
         reg == HV_REG_PC ? TV_REG_PC :
         reg == HV_REG_FPCR ? TV_REG_SYS(SYSKEY_fpcr) :
         reg == HV_REG_FPSR ? TV_REG_SYS(SYSKEY_fpsr) : TV_REG_PSTATE;
  return true;
}

hv_return_t hv_vcpu_get_reg(hv_vcpu_t id, hv_reg_t reg, uint64_t *value) {
  const struct mock_vcpu *v = mock_own(id);
  tv_reg r;
  if (!v || !general(reg, &r) ||
      backend_soft.get(v->cpu, r, value, NULL)) return HV_BAD_ARGUMENT;
  if (reg == HV_REG_CPSR && v->step_armed) *value |= PSTATE_SS;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_reg(hv_vcpu_t id, hv_reg_t reg, uint64_t value) {
  struct mock_vcpu *v = mock_own(id);
  tv_reg r;
  if (!v || !general(reg, &r) ||
      backend_soft.set(v->cpu, r, &value, NULL)) return HV_BAD_ARGUMENT;
  if (reg == HV_REG_CPSR) v->step_armed = value & PSTATE_SS;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_simd_fp_reg(hv_vcpu_t id, hv_simd_fp_reg_t reg,
                                    hv_simd_fp_uchar16_t *value) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v || reg > 31) return HV_BAD_ARGUMENT;
  memcpy(value, mock_soft(v)->v[reg], sizeof *value);
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_simd_fp_reg(hv_vcpu_t id, hv_simd_fp_reg_t reg,
                                    hv_simd_fp_uchar16_t value) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v || reg > 31) return HV_BAD_ARGUMENT;
  memcpy(mock_soft(v)->v[reg], &value, sizeof value);
  return HV_SUCCESS;
}

// The physical timer of a VM with a GIC. The inner CPU's counter begins with
// the VM; what was due before that is due at 0.
static bool is_cntp(hv_sys_reg_t reg) {
  return mock.gic.made && (reg == HV_SYS_REG_CNTP_CTL_EL0 ||
                           reg == HV_SYS_REG_CNTP_CVAL_EL0);
}

void mock_set_cntp_cval(struct mock_vcpu *v, uint64_t value) {
  uint64_t zero = mock_physical_zero();
  v->cntp_cval = value;
  soft_sysreg_write(mock_soft(v), SYSKEY_cntp_cval_el0,
                    value > zero ? value - zero : 0);
}

static void set_cntp(struct mock_vcpu *v, hv_sys_reg_t reg, uint64_t value) {
  if (reg == HV_SYS_REG_CNTP_CVAL_EL0) mock_set_cntp_cval(v, value);
  else soft_sysreg_write(mock_soft(v), reg, value);
}

// An affinity, once and before any vCPU runs.
static bool is_late(hv_sys_reg_t reg) {
  return reg == HV_SYS_REG_MPIDR_EL1 && mock.gic.made && mock.gic.final;
}

// Its place in `side`, -1 if there is no such register.
static int place(hv_sys_reg_t reg) {
  if (reg >= 0x8004 && reg <= 0x807f && reg & 4)
    return KNOWN + (reg >> 3 & 15) * 4 + (reg & 3);
  for (int k = 0; k < KNOWN; k++)
    if (known[k] == reg) return k;
  return -1;
}

bool mock_has(hv_sys_reg_t reg) { return place(reg) >= 0; }

uint64_t mock_side(const struct mock_vcpu *v, hv_sys_reg_t reg) {
  return v->side[place(reg)];
}

hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t id, hv_sys_reg_t reg,
                                uint64_t *value) {
  struct mock_vcpu *v = mock_own(id);
  int at = place(reg);
  bool cntp = is_cntp(reg);
  if (!v || (at < 0 && !cntp)) return HV_BAD_ARGUMENT;
  const uint64_t *identity = mock_identity(v, reg);
  if (identity) *value = *identity;
  if (identity) return HV_SUCCESS;
  pthread_mutex_lock(&mock.lock);
  if (cntp && reg == HV_SYS_REG_CNTP_CVAL_EL0) *value = v->cntp_cval;
  else if (!soft_sysreg_read(mock_soft(v), reg, value)) *value = v->side[at];
  pthread_mutex_unlock(&mock.lock);
  if (reg == HV_SYS_REG_MDSCR_EL1) *value |= v->step_enabled;
  return HV_SUCCESS;
}

// Any value is accepted, for identification registers, too.
hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t id, hv_sys_reg_t reg,
                                uint64_t value) {
  struct mock_vcpu *v = mock_own(id);
  int at = place(reg);
  if (v && is_cntp(reg)) {
    pthread_mutex_lock(&mock.lock);
    set_cntp(v, reg, value);
    pthread_mutex_unlock(&mock.lock);
    return HV_SUCCESS;
  }
  if (!v || at < 0) return HV_BAD_ARGUMENT;
  if (is_late(reg)) return HV_DENIED;
  uint64_t *identity = mock_identity(v, reg);
  if (identity) *identity = value;
  struct soft_cpu *c = mock_soft(v);
  pthread_mutex_lock(&mock.lock);
  if (reg == HV_SYS_REG_MDSCR_EL1) {
    v->step_enabled = value & 1;
    value &= ~UINT64_C(1);
  }
  v->side[at] = value;
  soft_sysreg_write(c, reg, value);
  if (reg == HV_SYS_REG_SCTLR_EL1) {     // as given, reserved bits and all
    c->sys[SYS_sctlr_el1] = value;
    soft_update_mode(c);
  }
  if (reg == HV_SYS_REG_MPIDR_EL1) v->placed = true;
  if (reg == HV_SYS_REG_MPIDR_EL1)
    v->cpu->index = v->affinity =
      (unsigned)((value >> 8 & 0xff) * 16 + (value & 0xff));
  pthread_mutex_unlock(&mock.lock);
  return HV_SUCCESS;
}

// ------------------------------------------------------ interrupts, timer --

hv_return_t hv_vcpu_get_pending_interrupt(hv_vcpu_t id,
                                          hv_interrupt_type_t type,
                                          bool *pending) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v || type > HV_INTERRUPT_TYPE_FIQ) return HV_BAD_ARGUMENT;
  *pending = v->pending[type];
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_pending_interrupt(hv_vcpu_t id,
                                          hv_interrupt_type_t type,
                                          bool pending) {
  struct mock_vcpu *v = mock_own(id);
  if (!v || type > HV_INTERRUPT_TYPE_FIQ) return HV_BAD_ARGUMENT;
  if (mock.gic.made) return HV_UNSUPPORTED;
  v->pending[type] = pending;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_trap_debug_exceptions(hv_vcpu_t id, bool *trapped) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  *trapped = v->debug_trapped;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_trap_debug_exceptions(hv_vcpu_t id, bool trapped) {
  struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  v->debug_trapped = trapped;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_trap_debug_reg_accesses(hv_vcpu_t id, bool *trapped) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  *trapped = v->debug_regs_trapped;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_trap_debug_reg_accesses(hv_vcpu_t id, bool trapped) {
  struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  v->debug_regs_trapped = trapped;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_vtimer_mask(hv_vcpu_t id, bool *masked) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  *masked = v->vtimer_masked;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_vtimer_mask(hv_vcpu_t id, bool masked) {
  struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  v->vtimer_masked = masked;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_vtimer_offset(hv_vcpu_t id, uint64_t *offset) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  *offset = v->vtimer_offset;
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_set_vtimer_offset(hv_vcpu_t id, uint64_t offset) {
  struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  v->vtimer_offset = offset;
  return HV_SUCCESS;
}
