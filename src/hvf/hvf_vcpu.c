// SPDX-License-Identifier: MIT
//
// vCPUs: their life, and the copies of their registers.
//
// A copy is fetched when it is first asked for after a run, and goes back
// before the next, if it was written. So what nobody looks at costs nothing,
// and registers can be set before there is hardware. SP is a view: which of
// SP_EL0 and SP_EL1 PSTATE says. VBAR_EL1 reads as 0 while the trap page
// stands in it.

#include "hvf/hvf.h"

#include <string.h>

#include "a64/pstate.h"
#include "base/alloc.h"
#include "base/bits.h"
#include "core/self.h"

static bool has(const uint64_t *bits, unsigned n) {
  return bits[n / 64] >> n % 64 & 1;
}

static void add(uint64_t *bits, unsigned n) {
  bits[n / 64] |= UINT64_C(1) << n % 64;
}

tv_status hvf_vcpu_refused(struct hvf_vcpu *h, tv_error *err, hv_return_t r,
                           const char *call) {
  if (!err) h->refused = true;
  return hvf_refused(err ? err : &h->vcpu->failure, r, call);
}

static void drop(uint64_t *bits, unsigned n) {
  bits[n / 64] &= ~(UINT64_C(1) << n % 64);
}

// -------------------------------------------------------- to the hardware --

static hv_return_t flush_sysregs(struct hvf_vcpu *h, const char **call) {
  hv_return_t r = HV_SUCCESS;
  for (unsigned n = 0; !r && n < hvf_sysreg_count(h->vcpu->vm); n++) {
    if (!has(h->dirty.sys, n)) continue;
    *call = hvf_sysreg_call(n, true);
    r = hvf_sysreg_store(h, n, h->sys[n]);
  }
  return r;
}

static hv_return_t flush_vectors(struct hvf_vcpu *h) {
  hv_return_t r = HV_SUCCESS;
  for (unsigned n = 0; !r && n < 32; n++) {
    hv_simd_fp_uchar16_t value;
    memcpy(&value, h->q[n], sizeof value);
    if (h->dirty.q >> n & 1) r = hv_vcpu_set_simd_fp_reg(h->id, n, value);
  }
  return r;
}

tv_status hvf_vcpu_flush(struct hvf_vcpu *h, tv_error *err) {
  const struct hvf_bits clean = { 0 };
  const char *call = "hv_vcpu_set_reg";
  hv_return_t r = HV_SUCCESS;
  for (unsigned n = 0; !r && h->dirty.general >> n; n++)
    if (h->dirty.general >> n & 1)
      r = hv_vcpu_set_reg(h->id, n, h->general[n]);
  if (!r && h->dirty.q) {
    call = "hv_vcpu_set_simd_fp_reg";
    r = flush_vectors(h);
  }
  if (!r && (h->dirty.sys[0] | h->dirty.sys[1])) r = flush_sysregs(h, &call);
  if (r) return hvf_refused(err, r, call);
  h->dirty = clean;
  return TV_OK;
}

static unsigned mpidr_place(const tv_vm *vm) {
  return (unsigned)hvf_sysreg_place(vm, VIEW_mpidr_el1);
}

// MPIDR_EL1 is the one register that never changes.
void hvf_vcpu_stale(struct hvf_vcpu *h) {
  const struct hvf_bits none = { 0 };
  h->have = none;
  add(h->have.sys, mpidr_place(h->vcpu->vm));
}

// -------------------------------------------------------------- registers --

static tv_status get_general(struct hvf_vcpu *h, hv_reg_t reg, uint64_t *v,
                             tv_error *err) {
  if (!(h->have.general >> reg & 1)) {
    hv_return_t r = hv_vcpu_get_reg(h->id, reg, &h->general[reg]);
    if (r) return hvf_vcpu_refused(h, err, r, "hv_vcpu_get_reg");
    h->have.general |= UINT64_C(1) << reg;
  }
  *v = h->general[reg];
  return TV_OK;
}

static void set_general(struct hvf_vcpu *h, hv_reg_t reg, uint64_t v) {
  h->general[reg] = v;
  h->have.general |= UINT64_C(1) << reg;
  h->dirty.general |= UINT64_C(1) << reg;
}

static tv_status get_vector(struct hvf_vcpu *h, unsigned n, void *value,
                            tv_error *err) {
  if (!(h->have.q >> n & 1)) {
    hv_simd_fp_uchar16_t q;
    hv_return_t r = hv_vcpu_get_simd_fp_reg(h->id, n, &q);
    if (r) return hvf_vcpu_refused(h, err, r, "hv_vcpu_get_simd_fp_reg");
    memcpy(h->q[n], &q, sizeof q);
    h->have.q |= 1u << n;
  }
  memcpy(value, h->q[n], sizeof h->q[n]);
  return TV_OK;
}

static void set_vector(struct hvf_vcpu *h, unsigned n, const void *value) {
  memcpy(h->q[n], value, sizeof h->q[n]);
  h->have.q |= 1u << n;
  h->dirty.q |= 1u << n;
}

static bool is_timer_control(uint16_t key) {
  return key == VIEW_cntv_ctl_el0 || key == VIEW_cntp_ctl_el0;
}

// The timers' control registers have a bit that time changes, and what the
// hardware identifies itself as is known to it only.
static bool needs_hardware(unsigned n) {
  return is_timer_control(hvf_sysreg_key(n)) || hvf_sysreg_read_only(n);
}

// Its compare value stands beside it. The hardware has ISTATUS by what it has
// of the two.
static uint64_t armed_status(struct hvf_vcpu *h, unsigned n, uint64_t ctl) {
  const tv_vm *vm = h->vcpu->vm;
  uint16_t key = hvf_sysreg_key(n);
  unsigned at = (unsigned)hvf_sysreg_place(vm, key + 1);
  bool live = atomic_load(&h->live);
  if (live && !has(h->dirty.sys, n) && !has(h->dirty.sys, at)) return ctl;
  uint64_t cval = self_get(h->vcpu, TV_REG_SYS(key + 1));
  uint64_t now = key == VIEW_cntv_ctl_el0 ? hvf_count(vm)
                                          : hvf_physical_count();
  return (ctl & 3) | (ctl & 1 && now >= cval ? 4 : 0);
}

static tv_status get_known(struct hvf_vcpu *h, unsigned n, uint64_t *v,
                           tv_error *err) {
  uint16_t key = hvf_sysreg_key(n);
  bool live = atomic_load(&h->live), dirty = has(h->dirty.sys, n);
  if (live && !dirty && (!has(h->have.sys, n) || needs_hardware(n))) {
    hv_return_t r = hvf_sysreg_fetch(h, n, &h->sys[n]);
    if (r) return hvf_vcpu_refused(h, err, r, hvf_sysreg_call(n, false));
    add(h->have.sys, n);
  }
  if (!live && hvf_sysreg_read_only(n))
    return err_set(err, TV_E_STATE, 0, "what hvf's CPU is can be read once "
                   "the vCPU has run");
  *v = h->sys[n];
  if (key == VIEW_vbar_el1 && *v == hvf_vm_of(h->vcpu->vm)->trap) *v = 0;
  if (is_timer_control(key)) *v = armed_status(h, n, *v);
  return TV_OK;
}

static tv_status no_register(tv_error *err, tv_reg reg, tv_status code) {
  char name[24];
  tv_reg_name(reg, name, sizeof name);
  if (code == TV_E_READ_ONLY)
    return err_set(err, code, 0, "%s is read-only on hvf", name);
  return err_set(err, code, 0, "Hypervisor.framework has no register %s",
                 name);
}

// The framework keeps FPCR and FPSR among the general registers; PSTATE is
// its CPSR. HVF_GENERAL: it is a system register.
static hv_reg_t general_of(tv_reg reg) {
  if (reg <= TV_REG_X(30)) return HV_REG_X0 + reg;
  if (reg == TV_REG_PC) return HV_REG_PC;
  if (reg == TV_REG_PSTATE) return HV_REG_CPSR;
  if (reg == TV_REG_SYS(VIEW_fpcr)) return HV_REG_FPCR;
  if (reg == TV_REG_SYS(VIEW_fpsr)) return HV_REG_FPSR;
  return HVF_GENERAL;
}

static tv_reg sp_of(struct hvf_vcpu *h) {
  uint64_t pstate = 0;
  get_general(h, HV_REG_CPSR, &pstate, NULL);
  return TV_REG_SYS(view_sp(pstate));
}

static tv_status get_word(struct hvf_vcpu *h, tv_reg reg, uint64_t *v,
                          tv_error *err) {
  if (reg == TV_REG_SP) reg = sp_of(h);
  hv_reg_t general = general_of(reg);
  if (general != HVF_GENERAL) return get_general(h, general, v, err);
  const uint64_t *own = hvf_debug_own(h, reg & 0xffff);
  int n = hvf_sysreg_place(h->vcpu->vm, reg & 0xffff);
  if (own) *v = *own;
  if (own) return TV_OK;
  if (n >= 0) return get_known(h, (unsigned)n, v, err);
  return hvf_sysreg_read(h, reg & 0xffff, v)
    ? TV_OK : no_register(err, reg, TV_E_UNKNOWN);
}

tv_status hvf_get(tv_vcpu *cpu, tv_reg reg, void *value, tv_error *err) {
  struct hvf_vcpu *h = hvf_of(cpu);
  uint64_t v = 0;
  if (reg >= TV_REG_Q(0) && reg <= TV_REG_Q(31))
    return get_vector(h, reg - TV_REG_Q(0), value, err);
  tv_status s = get_word(h, reg, &v, err);
  if (!s) memcpy(value, &v, sizeof v);
  return s;
}

static tv_status set_sysreg(struct hvf_vcpu *h, tv_reg reg, uint64_t v,
                            tv_error *err) {
  uint16_t key = reg & 0xffff;
  uint64_t old, *own = hvf_debug_own(h, key);
  int n = hvf_sysreg_place(h->vcpu->vm, key);
  if (own) *own = v;
  if (own) return TV_OK;
  if (key >> 3 == VIEW_cntv_ctl_el0 >> 3) h->timer_reported = false;
  if (n < 0 && hvf_sysreg_write(h, key, v)) return TV_OK;
  if (n < 0)
    return no_register(err, reg, hvf_sysreg_read(h, key, &old)
                                   ? TV_E_READ_ONLY : TV_E_UNKNOWN);
  if (hvf_sysreg_read_only((unsigned)n) || key == VIEW_mpidr_el1)
    return no_register(err, reg, TV_E_READ_ONLY);
  h->sys[n] = v;
  add(h->have.sys, (unsigned)n);
  add(h->dirty.sys, (unsigned)n);
  return TV_OK;
}

tv_status hvf_set(tv_vcpu *cpu, tv_reg reg, const void *value,
                  tv_error *err) {
  struct hvf_vcpu *h = hvf_of(cpu);
  uint64_t v;
  if (reg >= TV_REG_Q(0) && reg <= TV_REG_Q(31)) {
    set_vector(h, reg - TV_REG_Q(0), value);
    return TV_OK;
  }
  memcpy(&v, value, sizeof v);
  if (reg == TV_REG_SP) reg = sp_of(h);
  hv_reg_t general = general_of(reg);
  if (general == HVF_GENERAL) return set_sysreg(h, reg, v, err);
  tv_status s = general == HV_REG_CPSR ? view_check_pstate(v, err) : TV_OK;
  if (!s) set_general(h, general, v);
  return s;
}

// ------------------------------------------------------------------- life --

// A vCPU's affinity is final once the hardware has it.
void hvf_vcpu_reset(tv_vcpu *cpu) {
  struct hvf_vcpu *h = hvf_of(cpu);
  memset(h->general, 0, sizeof h->general);
  memset(h->q, 0, sizeof h->q);
  for (unsigned n = 0; n < hvf_sysreg_count(cpu->vm); n++) {
    bool final = n == mpidr_place(cpu->vm) && atomic_load(&h->live);
    if (hvf_sysreg_read_only(n) || final) continue;
    h->sys[n] = hvf_sysreg_reset(cpu, n);
    add(h->have.sys, n);
    add(h->dirty.sys, n);
  }
  h->general[HV_REG_CPSR] = PSTATE_RESET;
  h->have.general = h->dirty.general = bits_mask(HVF_GENERAL);
  h->have.q = h->dirty.q = UINT32_MAX;
  h->cntp_ctl = h->cntp_cval = 0;
  h->os_lock = true;
  h->timer_state = TIMER_LOW;
  h->timer_reported = false;
  hvf_debug_reset(h);
}

static tv_status check_count(const tv_vm *vm, tv_error *err) {
  uint32_t most = 0;
  hv_return_t r = hv_vm_get_max_vcpu_count(&most);
  if (r) return hvf_refused(err, r, "hv_vm_get_max_vcpu_count");
  if (vm->vcpus < most) return TV_OK;
  return err_set(err, TV_E_LIMIT, 0, "a VM has at most %u vCPUs here", most);
}

tv_status hvf_vcpu_new(tv_vcpu *cpu, tv_error *err) {
  struct hvf_vcpu *h = alloc_new(sizeof *h);
  if (!h) return err_set(err, TV_E_NO_MEMORY, 0, NULL);
  tv_status s = check_count(cpu->vm, err);
  if (s) {
    alloc_free(h);
    return s;
  }
  h->vcpu = cpu;
  cpu->back = h;
  hvf_vcpu_reset(cpu);
  return TV_OK;
}

// The counter starts at 0 with the VM, and is the same for all its vCPUs.
static tv_status set_offset(struct hvf_vcpu *h, tv_error *err) {
  uint64_t start = hvf_vm_of(h->vcpu->vm)->start;
  hv_return_t r = hv_vcpu_set_vtimer_offset(h->id, start);
  return r ? hvf_refused(err, r, "hv_vcpu_set_vtimer_offset") : TV_OK;
}

static tv_status identify(struct hvf_vcpu *h, uint16_t key, unsigned shift,
                          uint64_t want, tv_error *err) {
  uint64_t value = 0;
  hv_return_t r = hv_vcpu_get_sys_reg(h->id, key, &value);
  if (r) return hvf_refused(err, r, "hv_vcpu_get_sys_reg");
  uint64_t field = value >> shift & 15;
  if (field == want) return TV_OK;
  r = hv_vcpu_set_sys_reg(h->id, key, value ^ (field ^ want) << shift);
  return r ? hvf_refused(err, r, "hv_vcpu_set_sys_reg") : TV_OK;
}

// The framework's CPU says how many bits of addresses the host has, not the
// VM, and that there is no GIC even where there is one.
static tv_status set_identity(struct hvf_vcpu *h, tv_error *err) {
  static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };
  const tv_vm *vm = h->vcpu->vm;
  enum { PARANGE = 0, GIC = 24 };
  unsigned k = sizeof bits - 1;
  while (k && bits[k] > hvf_vm_of(vm)->ipa_bits) k--;
  tv_status s = identify(h, HV_SYS_REG_ID_AA64MMFR0_EL1, PARANGE, k, err);
  return s ? s : identify(h, HV_SYS_REG_ID_AA64PFR0_EL1, GIC, vm->gic != 0,
                          err);
}

tv_status hvf_vcpu_start(tv_vcpu *cpu, tv_error *err) {
  struct hvf_vcpu *h = hvf_of(cpu);
  if (atomic_load(&h->live)) return TV_OK;
  hv_return_t r = hv_vcpu_create(&h->id, &h->exit, NULL);
  if (r) return hvf_refused(err, r, "hv_vcpu_create");
  tv_status s = set_offset(h, err);
  if (!s) s = set_identity(h, err);
  if (!s && cpu->vm->gic) s = hvf_gic_join(h, err);
  if (s) {
    hv_vcpu_destroy(h->id);
    return s;
  }
  if (cpu->vm->gic) drop(h->dirty.sys, mpidr_place(cpu->vm));
  h->ran = 0;
  h->timer_masked = h->debug.trapped = false;
  atomic_store(&h->live, true);
  return TV_OK;
}

void hvf_vcpu_free(tv_vcpu *cpu) {
  struct hvf_vcpu *h = hvf_of(cpu);
  hvf_tick(h, TV_NO_LIMIT, NULL);
  if (atomic_exchange(&h->live, false)) {
    hvf_vm_of(cpu->vm)->torn = cpu->vm->gic;
    hv_vcpu_destroy(h->id);
  }
  alloc_free(h);
}
