// SPDX-License-Identifier: MIT
//
// vCPUs: their life, and registers by way of KVM_GET_ONE_REG and
// KVM_SET_ONE_REG.
//
// A system register's identifier ends in its key (TV_REG_SYS), but for those
// that KVM keeps as core registers, and for two timer registers whose
// identifiers are exchanged in the kernel's interface. Until the guest writes
// VBAR_EL1 the trap page stands in it, which reads as 0.

#include "kvm/kvm.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "a64/pstate.h"
#include "base/alloc.h"
#include "base/err.h"
#include "core/view.h"

// ---------------------------------------------------------- the kernel's --

static tv_status hardware_open(const struct kvm_vm *kvm, unsigned index,
                               struct kvm_hardware *hw, tv_error *err) {
  int fd = kvm_ioctl_value(kvm->fd, CREATE_VCPU, index);
  if (fd < 0)
    return kvm_refused(err, errno == ENOMEM ? TV_E_NO_MEMORY : TV_E_LIMIT,
                       "KVM_CREATE_VCPU", "the VM has as many vCPUs as KVM "
                       "allows (KVM_CAP_MAX_VCPUS)");
  void *run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                   fd, 0);
  if (run == MAP_FAILED) {
    tv_status s = kvm_refused(err, TV_E_NO_MEMORY, "mmap of the kvm_run page",
                              NULL);
    close(fd);
    return s;
  }
  *hw = (struct kvm_hardware){ index, fd, run };
  return TV_OK;
}

void kvm_hardware_close(const struct kvm_vm *kvm, struct kvm_hardware *hw) {
  munmap(hw->run, kvm->run_size);
  close(hw->fd);
}

// One that was parked, or a new one.
static tv_status hardware_take(struct kvm_vm *kvm, unsigned index,
                               struct kvm_hardware *hw, tv_error *err) {
  for (size_t i = 0; i < kvm->parked_count; i++) {
    if (kvm->parked[i].index != index) continue;
    *hw = kvm->parked[i];
    kvm->parked[i] = kvm->parked[--kvm->parked_count];
    return TV_OK;
  }
  return hardware_open(kvm, index, hw, err);
}

// --------------------------------------------------------------- registers --

tv_status kvm_vcpu_refused(struct kvm_vcpu *k, tv_error *err,
                           tv_status status, const char *name,
                           const char *cause) {
  if (!err) k->refused = true;
  return kvm_refused(err ? err : &k->vcpu->failure, status, name, cause);
}

static bool get_one(const struct kvm_vcpu *k, uint64_t id, void *value) {
  struct kvm_one_reg one = { id, (uintptr_t)value };
  return kvm_ioctl(k->hw.fd, GET_ONE_REG, &one) >= 0;
}

static bool set_one(const struct kvm_vcpu *k, uint64_t id,
                    const void *value) {
  struct kvm_one_reg one = { id, (uintptr_t)value };
  return kvm_ioctl(k->hw.fd, SET_ONE_REG, &one) >= 0;
}

static tv_status refused_get(struct kvm_vcpu *k, tv_error *err) {
  return kvm_vcpu_refused(k, err, TV_E_STATE, "KVM_GET_ONE_REG",
                          "the vCPU was not initialized");
}

static tv_status refused_set(struct kvm_vcpu *k, tv_error *err) {
  return kvm_vcpu_refused(k, err, TV_E_INVALID, "KVM_SET_ONE_REG",
                          "the host's CPU cannot hold this value");
}

// What KVM says of a register that it does not have, or does not let us
// write.
static bool no_such(void) {
  return errno == ENOENT || errno == EINVAL || errno == EPERM ||
         errno == EBUSY;
}

uint64_t kvm_reg(struct kvm_vcpu *k, uint64_t id) {
  uint64_t value = 0;
  if (!get_one(k, id, &value)) refused_get(k, NULL);
  return value;
}

void kvm_set_reg(struct kvm_vcpu *k, uint64_t id, uint64_t value) {
  if (!set_one(k, id, &value)) refused_set(k, NULL);
}

// Where KVM keeps the register with this key. FPCR and FPSR have 4 bytes,
// which a little-endian uint64_t serves.
static uint64_t sysreg_id(uint16_t key) {
  switch (key) {
    case VIEW_sp_el0: return REG_CORE | CORE_SP_EL0;
    case VIEW_sp_el1: return REG_CORE | CORE_SP_EL1;
    case VIEW_elr_el1: return REG_CORE | CORE_ELR_EL1;
    case VIEW_spsr_el1: return REG_CORE | CORE_SPSR_EL1;
    case VIEW_fpcr: return REG_FPCR;
    case VIEW_fpsr: return REG_FPSR;
    case VIEW_cntv_cval_el0: return REG_SYS | VIEW_cntvct_el0;
    case VIEW_cntvct_el0: return REG_SYS | VIEW_cntv_cval_el0;
    default: return REG_SYS | key;
  }
}

// The frequency of the counter is the host's, and no register of KVM.
static uint64_t counter_frequency(void) {
  uint64_t value = 0;
#ifdef __aarch64__
  __asm__("mrs %0, cntfrq_el0" : "=r"(value));
#endif
  return value;
}

static bool get_sysreg(const struct kvm_vcpu *k, uint16_t key,
                       uint64_t *value) {
  tv_vcpu *cpu = k->vcpu;
  const struct kvm_vm *kvm = kvm_vm_of(cpu->vm);
  *value = 0;
  if (view_get(cpu, key, value)) return true;
  if (key == VIEW_cntfrq_el0) {
    *value = counter_frequency();
    return true;
  }
  if (key == VIEW_isr_el1) {
    *value = (k->asserted[TV_IRQ] ? 0x80 : 0) |
             (k->asserted[TV_FIQ] ? 0x40 : 0);
    return true;
  }
  if (!get_one(k, sysreg_id(key), value))
    return no_such() && view_is_id(key);
  if (key == VIEW_vbar_el1 && *value == kvm->trap) *value = 0;
  // ISTATUS of a timer that is off is UNKNOWN (CNTV_CTL_EL0); KVM sets it.
  bool ctl = key == VIEW_cntv_ctl_el0 || key == VIEW_cntp_ctl_el0;
  if (ctl && !(*value & 1)) *value &= 3;
  return true;
}

static tv_status no_register(tv_error *err, tv_reg reg, tv_status code) {
  char name[24];
  tv_reg_name(reg, name, sizeof name);
  if (code == TV_E_READ_ONLY)
    return err_set(err, code, 0, "%s is read-only on kvm", name);
  return err_set(err, code, 0, "KVM has no register %s", name);
}

static uint64_t sp_id(struct kvm_vcpu *k) {
  return sysreg_id(view_sp(kvm_reg(k, REG_CORE | CORE_PSTATE)));
}

// The identifier of a register that is no system register; 0 for others.
static uint64_t general_id(struct kvm_vcpu *k, tv_reg reg) {
  if (reg <= TV_REG_X(30)) return REG_CORE | 2 * reg;
  if (reg == TV_REG_SP) return sp_id(k);
  if (reg == TV_REG_PC) return REG_CORE | CORE_PC;
  if (reg == TV_REG_PSTATE) return REG_CORE | CORE_PSTATE;
  if (reg >= TV_REG_Q(0) && reg <= TV_REG_Q(31))
    return REG_V + 4 * (reg - TV_REG_Q(0));
  return 0;
}

tv_status kvm_get(tv_vcpu *cpu, tv_reg reg, void *value, tv_error *err) {
  struct kvm_vcpu *k = kvm_of(cpu);
  uint64_t id = general_id(k, reg), v;
  if (id && get_one(k, id, value)) return TV_OK;
  if (id) return refused_get(k, err);
  if (kvm_gic_has(cpu->vm, reg & 0xffff))
    return kvm_gic_register(k, reg & 0xffff, false, value, err);
  if (!get_sysreg(k, reg & 0xffff, &v))
    return no_such() ? no_register(err, reg, TV_E_UNKNOWN)
                     : refused_get(k, err);
  memcpy(value, &v, sizeof v);
  return TV_OK;
}

static tv_status set_sysreg(struct kvm_vcpu *k, tv_reg reg, uint64_t v,
                            tv_error *err) {
  uint16_t key = reg & 0xffff;
  uint64_t old;
  if (key >> 3 == VIEW_cntv_ctl_el0 >> 3) k->timer_reported = false;
  if (key == VIEW_vbar_el1) v &= ~UINT64_C(0x7ff);
  if (kvm_gic_has(k->vcpu->vm, key))
    return kvm_gic_register(k, key, true, &v, err);
  if (view_set(k->vcpu, key, v) || set_one(k, sysreg_id(key), &v))
    return TV_OK;
  if (!no_such()) return refused_set(k, err);
  return no_register(err, reg, get_sysreg(k, key, &old) ? TV_E_READ_ONLY
                                                        : TV_E_UNKNOWN);
}

tv_status kvm_set(tv_vcpu *cpu, tv_reg reg, const void *value,
                  tv_error *err) {
  struct kvm_vcpu *k = kvm_of(cpu);
  uint64_t id = general_id(k, reg), v;
  memcpy(&v, value, sizeof v);
  if (!id) return set_sysreg(k, reg, v, err);
  tv_status s = reg == TV_REG_PSTATE ? view_check_pstate(v, err) : TV_OK;
  return s || set_one(k, id, value) ? s : refused_set(k, err);
}

// ------------------------------------------------------------------- reset --

// A register that this kernel does not have needs no reset: those of the
// physical timer, before 6.4.
static tv_status reset_one(struct kvm_vcpu *k, uint64_t id, uint64_t value,
                           tv_error *err) {
  if (set_one(k, id, &value) || errno == ENOENT) return TV_OK;
  return refused_set(k, err);
}

// What the architecture leaves open and KVM fills with a pattern: the same
// as on the other backends.
static tv_status reset_sysregs(struct kvm_vcpu *k, tv_error *err) {
  static const uint16_t zero[] = {
    VIEW_ttbr0_el1, VIEW_ttbr1_el1, VIEW_tcr_el1, VIEW_afsr0_el1,
    VIEW_afsr1_el1, VIEW_esr_el1, VIEW_far_el1, VIEW_par_el1, VIEW_mair_el1,
    VIEW_amair_el1, VIEW_contextidr_el1, VIEW_tpidr_el1, VIEW_tpidr_el0,
    VIEW_tpidrro_el0, VIEW_cntkctl_el1, VIEW_csselr_el1, VIEW_mdscr_el1,
    VIEW_sp_el0, VIEW_sp_el1, VIEW_elr_el1, VIEW_spsr_el1, VIEW_fpcr,
    VIEW_fpsr, VIEW_cntv_ctl_el0, VIEW_cntp_ctl_el0, VIEW_cntv_cval_el0,
    VIEW_cntp_cval_el0
  };
  const tv_vm *vm = k->vcpu->vm;
  const struct { uint64_t id, value; } other[] = {
    {REG_SYS | VIEW_sctlr_el1, VIEW_SCTLR_RESET},
    {REG_SYS | VIEW_cpacr_el1, view_cpacr_reset(vm)},
    {REG_SYS | VIEW_vbar_el1, kvm_vm_of(vm)->trap},
    {REG_CORE | CORE_PSTATE, PSTATE_RESET}
  };
  tv_status s = TV_OK;
  for (unsigned i = 0; !s && i < sizeof zero / sizeof *zero; i++)
    s = reset_one(k, sysreg_id(zero[i]), 0, err);
  for (unsigned i = 0; !s && i < sizeof other / sizeof *other; i++)
    s = reset_one(k, other[i].id, other[i].value, err);
  return s;
}

static tv_status init(struct kvm_vcpu *k, tv_error *err) {
  const struct kvm_vm *kvm = kvm_vm_of(k->vcpu->vm);
  struct kvm_vcpu_init init = { 0 };
  if (kvm_ioctl(kvm->fd, ARM_PREFERRED_TARGET, &init) < 0)
    return kvm_vcpu_refused(k, err, TV_E_UNSUPPORTED,
                            "KVM_ARM_PREFERRED_TARGET",
                            "the host's CPU is none that KVM can offer");
  memset(init.features, 0, sizeof init.features);
  init.features[0] = 1 << VCPU_PSCI_0_2;
  if (kvm_ioctl(k->hw.fd, ARM_VCPU_INIT, &init) < 0)
    return kvm_vcpu_refused(k, err, TV_E_UNSUPPORTED, "KVM_ARM_VCPU_INIT",
                            "the host's CPU is none that KVM can offer");
  return reset_sysregs(k, err);
}

// FEAT_S2FWB, which no kernel hides from its guests.
static tv_status ask_caches(struct kvm_vcpu *k, tv_error *err) {
  const tv_reg reg = TV_REG_SYS(VIEW_id_aa64mmfr2_el1);
  uint64_t value = 0;
  tv_status s = kvm_get(k->vcpu, reg, &value, err);
  kvm_vm_of(k->vcpu->vm)->uncached = !(value >> 40 & 15);
  return s;
}

void kvm_vcpu_reset(tv_vcpu *cpu) {
  struct kvm_vcpu *k = kvm_of(cpu);
  k->timer_reported = false;
  k->timer_state = TIMER_LOW;
  k->wait.suspended = k->wait.left = false;
  kvm_irq(cpu, TV_IRQ, false);         // kernels before 6.11 forget them here,
  kvm_irq(cpu, TV_FIQ, false);         // others do if it has never run
  init(k, NULL);
}

// -------------------------------------------------------------------- life --

// The kernel begins the VM's virtual count anew with each vCPU that it makes:
// it is to go on.
static tv_status take(struct kvm_vcpu *k, tv_error *err) {
  const tv_vm *vm = k->vcpu->vm;
  struct kvm_vcpu *other = vm->vcpus ? kvm_of(vm->vcpu[0]) : NULL;
  uint64_t id = sysreg_id(VIEW_cntvct_el0), count = 0;
  if (other) count = kvm_reg(other, id);
  tv_status s = hardware_take(kvm_vm_of(vm), k->vcpu->index, &k->hw, err);
  if (!s && other) kvm_set_reg(other, id, count);
  return s;
}

tv_status kvm_vcpu_new(tv_vcpu *cpu, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(cpu->vm);
  struct kvm_vcpu *k = alloc_new(sizeof *k);
  if (!k || !alloc_grow(&kvm->parked, &kvm->parked_room,
                        kvm->parked_count + cpu->vm->vcpus + 1,
                        sizeof *kvm->parked)) {
    alloc_free(k);
    return err_set(err, TV_E_NO_MEMORY, 0, NULL);
  }
  k->vcpu = cpu;
  cpu->back = k;
  tv_status s = take(k, err);
  if (!s) {
    s = init(k, err);
    if (!s) s = ask_caches(k, err);
    if (s) kvm->parked[kvm->parked_count++] = k->hw;
  }
  if (s) {
    alloc_free(k);
    cpu->back = NULL;
  }
  return s;
}

// There is room: every vCPU brought its own.
void kvm_vcpu_free(tv_vcpu *cpu) {
  struct kvm_vm *kvm = kvm_vm_of(cpu->vm);
  struct kvm_vcpu *k = kvm_of(cpu);
  kvm_tick_stop(k);
  kvm_wait_stop(k);
  k->timer_state = TIMER_LOW;          // nor does that hold a line up
  kvm_irq(cpu, TV_IRQ, false);
  kvm_irq(cpu, TV_FIQ, false);
  kvm_debug_end(k);
  kvm->parked[kvm->parked_count++] = k->hw;
  alloc_free(k);
}
