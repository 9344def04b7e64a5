// SPDX-License-Identifier: MIT
//
// The kernel's vGICv3, for VMs with vm->gic: made with the VM, initialized
// when all vCPUs are there, at the first run. From then on the kernel serves
// its frames, its ICC_* registers and the timers' PPIs; we drive SPIs, and
// put its registers back at a reset, which the kernel has none of.
//
// Its registers can be read and written while no vCPU is in KVM_RUN.

#include "kvm/kvm.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "core/view.h"

enum { BANK = 32, INTIDS = TV_GIC_SPI + TV_GIC_SPIS, REDIST_SIZE = 0x20000 };

// Registers of the distributor, or of a redistributor's second frame: a bit,
// a byte or two bits for an interrupt (Arm IHI 0069, 12.9 and 12.11).
enum { CTLR = 0, IGROUPR = 0x80, ICENABLER = 0x180, ISPENDR = 0x200,
       ICACTIVER = 0x380, IPRIORITYR = 0x400, ICFGR = 0xc00, IROUTER = 0x6000,
       SGI_FRAME = 0x10000 };
enum { CTLR_CBPR_EOIMODE = 3, BPR0_RESET = 2, BPR1_RESET = 3 };

// ------------------------------------------------------------- attributes --

static bool attribute(const struct kvm_vm *kvm, unsigned long request,
                      enum kvm_vgic_group group, uint64_t attr, void *value) {
  struct kvm_device_attr a = { .group = group, .attr = attr,
                               .addr = (uintptr_t)value };
  return kvm_ioctl(kvm->gic.fd, request, &a) >= 0;
}

static tv_status refused(tv_error *err, const char *name, const char *cause) {
  return kvm_refused(err, errno == ENOMEM ? TV_E_NO_MEMORY : TV_E_UNSUPPORTED,
                     name, cause);
}

static uint64_t affinity(const tv_vcpu *cpu) {
  return (view_mpidr(cpu) & 0xffffff) << VGIC_AFFINITY_SHIFT;
}

static bool set32(const struct kvm_vm *kvm, enum kvm_vgic_group group,
                  uint64_t attr, uint32_t value) {
  return attribute(kvm, SET_DEVICE_ATTR, group, attr, &value);
}

// ------------------------------------------------------------------- life --

static tv_status check(const struct kvm_vm *kvm, tv_error *err) {
  static const struct { enum kvm_cap cap; const char *name, *since; } need[] = {
    {CAP_HALT_POLL, "KVM_CAP_HALT_POLL", "5.6"},
    {CAP_BINARY_STATS_FD, "KVM_CAP_BINARY_STATS_FD", "5.14"},
    {CAP_ARM_SYSTEM_SUSPEND, "KVM_CAP_ARM_SYSTEM_SUSPEND", "5.19"}
  };
  for (unsigned i = 0; i < sizeof need / sizeof *need; i++)
    if (!kvm_capability(kvm->dev, need[i].cap))
      return err_set(err, TV_E_UNSUPPORTED, 0, "no VM with a GIC: KVM has no "
                     "%s; Linux %s has it", need[i].name, need[i].since);
  return TV_OK;
}

bool kvm_gic_there(const struct kvm_vm *kvm) {
  struct kvm_create_device create = { .type = DEV_VGIC_V3,
                                      .flags = CREATE_DEVICE_TEST };
  return !check(kvm, NULL) && kvm_ioctl(kvm->fd, CREATE_DEVICE, &create) >= 0;
}

// Where its frames are and how many interrupts it has; the kernel gives the
// redistributors to the vCPUs as they are made, in the order of their indices.
static tv_status place(const struct kvm_vm *kvm, tv_error *err) {
  uint64_t distributor = TV_GIC_DISTRIBUTOR;
  uint64_t redistributor = TV_GIC_REDISTRIBUTOR;
  if (!set32(kvm, VGIC_NR_IRQS, 0, INTIDS))
    return refused(err, "KVM_SET_DEVICE_ATTR(vGIC, NR_IRQS)", NULL);
  if (!attribute(kvm, SET_DEVICE_ATTR, VGIC_ADDR, VGIC_ADDR_DIST,
                 &distributor))
    return refused(err, "KVM_SET_DEVICE_ATTR(vGIC, ADDR_TYPE_DIST)", NULL);
  if (!attribute(kvm, SET_DEVICE_ATTR, VGIC_ADDR, VGIC_ADDR_REDIST,
                 &redistributor))
    return refused(err, "KVM_SET_DEVICE_ATTR(vGIC, ADDR_TYPE_REDIST)", NULL);
  return TV_OK;
}

tv_status kvm_gic_new(tv_vm *vm, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  struct kvm_create_device create = { .type = DEV_VGIC_V3 };
  // Waits that spin are not told from a guest that does (kvm_wait.c).
  struct kvm_enable_cap cap = { .cap = CAP_HALT_POLL, .args = { 0 } };
  tv_status s = check(kvm, err);
  if (s) return s;
  if (kvm_ioctl(kvm->fd, ENABLE_CAP, &cap) < 0)
    return refused(err, "KVM_ENABLE_CAP(HALT_POLL)", NULL);
  if (kvm_ioctl(kvm->fd, CREATE_DEVICE, &create) < 0)
    return refused(err, "KVM_CREATE_DEVICE(ARM_VGIC_V3)", "the host's "
                   "interrupt controller offers guests no GICv3 (it may be a "
                   "GICv2)");
  kvm->gic.fd = (int)create.fd;
  return place(kvm, err);
}

// ------------------------------------------------------------------ reset --

// 32 interrupts, those of a vCPU or SPIs: group 1, off, neither pending nor
// active, of the highest priority, SPIs and PPIs levels.
static bool reset_bank(const struct kvm_vm *kvm, enum kvm_vgic_group group,
                       uint64_t base, unsigned n) {
  bool own = group == VGIC_REDIST_REGS;
  bool good = set32(kvm, group, base + IGROUPR + 4 * n, UINT32_MAX) &&
              set32(kvm, group, base + ICENABLER + 4 * n, UINT32_MAX) &&
              set32(kvm, group, base + ISPENDR + 4 * n, 0) &&
              set32(kvm, group, base + ICACTIVER + 4 * n, UINT32_MAX);
  for (unsigned k = 0; good && k < BANK; k += 4)
    good = set32(kvm, group, base + IPRIORITYR + BANK * n + k, 0);
  for (unsigned k = own; good && k < 2; k++)
    good = set32(kvm, group, base + ICFGR + 8 * n + 4 * k, 0);
  return good;
}

static bool reset_distributor(const tv_vm *vm) {
  const struct kvm_vm *kvm = kvm_vm_of(vm);
  bool good = set32(kvm, VGIC_DIST_REGS, CTLR, 0);
  for (unsigned n = 1; good && n < INTIDS / BANK; n++)
    good = reset_bank(kvm, VGIC_DIST_REGS, 0, n);
  for (unsigned n = TV_GIC_SPI; good && n < INTIDS; n++)
    good = set32(kvm, VGIC_DIST_REGS, IROUTER + 8 * n, 0);
  for (unsigned n = 0; good && n < TV_GIC_SPIS; n += BANK)
    good = set32(kvm, VGIC_LEVEL_INFO, TV_GIC_SPI + n,
                 vm->gic_input[n / BANK]);
  return good;
}

// Of the active priorities there are as many registers as the host has bits.
static bool reset_interface(const struct kvm_vm *kvm, const tv_vcpu *cpu) {
  static const struct { uint16_t key, value; bool optional; } reg[] = {
    {VIEW_icc_pmr_el1, 0, false}, {VIEW_icc_igrpen0_el1, 0, false},
    {VIEW_icc_igrpen1_el1, 0, false},
    {VIEW_icc_bpr0_el1, BPR0_RESET, false},
    {VIEW_icc_bpr1_el1, BPR1_RESET, false},
    {VIEW_icc_ap0r0_el1, 0, false}, {VIEW_icc_ap1r0_el1, 0, false},
    {VIEW_icc_ap0r1_el1, 0, true}, {VIEW_icc_ap1r1_el1, 0, true},
    {VIEW_icc_ap0r2_el1, 0, true}, {VIEW_icc_ap1r2_el1, 0, true},
    {VIEW_icc_ap0r3_el1, 0, true}, {VIEW_icc_ap1r3_el1, 0, true}
  };
  uint64_t at = affinity(cpu), value = 0;
  bool good = attribute(kvm, GET_DEVICE_ATTR, VGIC_CPU_SYSREGS,
                        at | VIEW_icc_ctlr_el1, &value);
  value &= ~(uint64_t)CTLR_CBPR_EOIMODE;
  good = good && attribute(kvm, SET_DEVICE_ATTR, VGIC_CPU_SYSREGS,
                           at | VIEW_icc_ctlr_el1, &value);
  for (unsigned k = 0; good && k < sizeof reg / sizeof *reg; k++) {
    value = reg[k].value;
    good = attribute(kvm, SET_DEVICE_ATTR, VGIC_CPU_SYSREGS, at | reg[k].key,
                     &value) || reg[k].optional;
  }
  return good;
}

static bool reset(const tv_vm *vm) {
  const struct kvm_vm *kvm = kvm_vm_of(vm);
  bool good = reset_distributor(vm);
  for (unsigned i = 0; good && i < vm->vcpus; i++)
    good = reset_bank(kvm, VGIC_REDIST_REGS, affinity(vm->vcpu[i]) | SGI_FRAME,
                      0) &&
           reset_interface(kvm, vm->vcpu[i]);
  return good;
}

#define REGISTERS "KVM_SET_DEVICE_ATTR(vGIC, registers)"

void kvm_gic_reset(tv_vm *vm) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  kvm_wait_event(kvm);
  if (atomic_load(&kvm->gic.started) && !reset(vm) && vm->vcpus)
    kvm_vcpu_refused(kvm_of(vm->vcpu[0]), NULL, TV_E_IO, REGISTERS, NULL);
}

// ------------------------------------------------------------------ start --

static tv_status start(tv_vm *vm, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  if (!attribute(kvm, SET_DEVICE_ATTR, VGIC_CTRL, VGIC_CTRL_INIT, NULL))
    return refused(err, "KVM_SET_DEVICE_ATTR(vGIC, CTRL_INIT)", NULL);
  if (!reset(vm)) return refused(err, REGISTERS, NULL);
  atomic_store(&kvm->gic.started, true);
  return TV_OK;
}

tv_status kvm_gic_start(tv_vm *vm, tv_error *err) {
  struct kvm_gic *gic = &kvm_vm_of(vm)->gic;
  if (atomic_load(&gic->started)) return TV_OK;
  pthread_mutex_lock(&gic->lock);
  tv_status s = atomic_load(&gic->started) ? TV_OK : start(vm, err);
  pthread_mutex_unlock(&gic->lock);
  return s;
}

// ------------------------------------------------------------------ input --

tv_status kvm_gic_irq(tv_vm *vm, uint32_t intid, bool level, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  struct kvm_irq_level arg = { .irq = IRQ_TYPE_SPI + intid, .level = level };
  if (atomic_load(&kvm->gic.started) &&
      kvm_ioctl(kvm->fd, IRQ_LINE, &arg) < 0)
    return kvm_refused(err, TV_E_IO, "KVM_IRQ_LINE", NULL);
  kvm_wait_event(kvm);
  return TV_OK;
}

// -------------------------------------------------------------- registers --

bool kvm_gic_has(const tv_vm *vm, uint16_t key) {
  bool interface = key == VIEW_icc_pmr_el1 ||
    (key >= VIEW_icc_iar0_el1 && key <= VIEW_icc_igrpen1_el1);
  return interface && vm->gic;
}

tv_status kvm_gic_register(struct kvm_vcpu *k, uint16_t key, bool write,
                           void *value, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(k->vcpu->vm);
  char name[24], call[64];
  tv_reg_name(TV_REG_SYS(key), name, sizeof name);
  if (!atomic_load(&kvm->gic.started))
    return err_set(err, TV_E_STATE, 0, "%s is there from the first run on, "
                   "when the kernel makes the GIC", name);
  if (write) kvm_wait_event(kvm);
  if (attribute(kvm, write ? SET_DEVICE_ATTR : GET_DEVICE_ATTR,
                VGIC_CPU_SYSREGS, affinity(k->vcpu) | key, value))
    return TV_OK;
  if (errno == EBUSY)
    return err_set(err, TV_E_BUSY, EBUSY, "%s can be read and written while "
                   "no other vCPU runs", name);
  snprintf(call, sizeof call, "KVM_%cET_DEVICE_ATTR(vGIC, %s)",
           write ? 'S' : 'G', name);
  return kvm_refused(err, TV_E_UNKNOWN, call, "the kernel's GIC does not let "
                     "us");
}

bool kvm_gic_absent(const tv_vm *vm, uint64_t gpa) {
  uint64_t offset = gpa - TV_GIC_REDISTRIBUTOR;
  return vm->gic && offset < TV_GIC_VCPUS * (uint64_t)REDIST_SIZE;
}
