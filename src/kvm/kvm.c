// SPDX-License-Identifier: MIT
//
// Linux KVM on arm64: the VM and the table of functions; see kvm.h for the
// rooms and core/backend.h for the contract.
//
// The kernel's VM gets the SMCCC filter first, while no vCPU has run: every
// hypercall but those that KVM reserves comes to us, PSCI included, so that
// core/psci.c answers as on the other backends. Kernels before 6.4 have no
// filter: there a guest calls by the doorbell (core/doorbell.c).
//
// A BRK over each hvc word would bring an unchanged guest to us there, too.
// But nobody knows which words it will execute before it does: it copies,
// loads and makes code, KVM reports no fetch, and a guest that reads its code,
// or data that looks like an hvc, would see ours. Breakpoints are six.

#include "kvm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/os.h"

enum { KVM_GRANULE = 4096, IPA_BITS = 40, IPA_BITS_MIN = 32 };

// ----------------------------------------------------------------- errors --

int kvm_ioctl_value(int fd, unsigned long request, unsigned long arg) {
  int result;
  do result = ioctl(fd, request, arg);
  while (result < 0 && errno == EINTR && request != RUN);
  return result;
}

int kvm_ioctl(int fd, unsigned long request, const void *arg) {
  return kvm_ioctl_value(fd, request, (unsigned long)(uintptr_t)arg);
}

tv_status kvm_refused(tv_error *err, tv_status status, const char *name,
                      const char *cause) {
  int os = errno;
  return err_os(err, status, os, "%s failed with errno %d%s%s", name, os,
                cause ? "; " : "", cause ? cause : "");
}

// ------------------------------------------------------------------ probe --

// Opens /dev/kvm; *dev is for the caller to close.
static tv_status open_device(int *dev, tv_error *err) {
  struct os_host host = os_host();
  if (strcmp(host.system, "Linux") || strcmp(host.machine, "aarch64"))
    return err_set(err, TV_E_NO_DEVICE, 0, "not on this machine: kvm needs "
                   "Linux on arm64, this is %s on %s", host.system,
                   host.machine);
  int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (fd < 0 && errno == EACCES)
    return err_os(err, TV_E_DENIED, errno, "not on this machine: /dev/kvm "
                  "cannot be opened; the user must be in the group that "
                  "owns it, often \"kvm\"");
  if (fd < 0 && errno == EPERM)
    return err_os(err, TV_E_DENIED, errno, "not on this machine: /dev/kvm "
                  "cannot be opened; a container or sandbox forbids it, or "
                  "was not given it");
  if (fd < 0)
    return err_os(err, TV_E_NO_DEVICE, errno, "not on this machine: /dev/kvm "
                  "cannot be opened; the kernel has no KVM, was not booted at "
                  "EL2, or this is a container that was not given it");
  int version = kvm_ioctl_value(fd, GET_API_VERSION, 0);
  if (version != API_VERSION) {
    close(fd);
    return err_set(err, TV_E_UNSUPPORTED, 0, "not on this machine: "
                   "KVM_GET_API_VERSION says %d; only version %d is known",
                   version, API_VERSION);
  }
  *dev = fd;
  return TV_OK;
}

int kvm_capability(int fd, enum kvm_cap cap) {
  int value = kvm_ioctl_value(fd, CHECK_EXTENSION, cap);
  return value < 0 ? 0 : value;
}

static tv_status check_capabilities(int dev, tv_error *err) {
  static const struct { enum kvm_cap cap; const char *name, *since; } need[] = {
    {CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "4.13"},
    {CAP_ARM_USER_IRQ, "KVM_CAP_ARM_USER_IRQ", "4.12"},
    {CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "3.18"},
    {CAP_ARM_NISV_TO_USER, "KVM_CAP_ARM_NISV_TO_USER", "5.5"}
  };
  for (unsigned i = 0; i < sizeof need / sizeof *need; i++)
    if (!kvm_capability(dev, need[i].cap))
      return err_set(err, TV_E_UNSUPPORTED, 0, "not on this machine: "
                     "KVM has no %s; Linux %s has it", need[i].name,
                     need[i].since);
  return TV_OK;
}

static tv_status kvm_probe(tv_error *err) {
  int dev;
  tv_status s = open_device(&dev, err);
  if (s) return s;
  s = check_capabilities(dev, err);
  close(dev);
  return s;
}

// --------------------------------------------------------------------- VM --

static tv_status create_vm(struct kvm_vm *kvm, tv_error *err) {
  int limit = kvm_capability(kvm->dev, CAP_ARM_VM_IPA_SIZE);
  kvm->ipa_bits = limit >= IPA_BITS_MIN && limit < IPA_BITS ? (unsigned)limit
                                                            : IPA_BITS;
  // 40 is what a type of 0 means, which kernels before 4.20 insist on.
  kvm->fd = kvm_ioctl_value(kvm->dev, CREATE_VM,
                            kvm->ipa_bits == IPA_BITS ? 0 : kvm->ipa_bits);
  if (kvm->fd < 0)
    return kvm_refused(err, errno == ENOMEM ? TV_E_NO_MEMORY :
                       errno == EPERM ? TV_E_DENIED : TV_E_LIMIT,
                       "KVM_CREATE_VM", errno == EPERM
                       ? "a sandbox forbids it"
                       : "too many VMs, or EL2 is taken");
  struct kvm_enable_cap cap = { .cap = CAP_ARM_NISV_TO_USER };
  if (kvm_ioctl(kvm->fd, ENABLE_CAP, &cap) < 0)
    return kvm_refused(err, TV_E_UNSUPPORTED,
                       "KVM_ENABLE_CAP(ARM_NISV_TO_USER)", NULL);
  int run_size = kvm_ioctl_value(kvm->dev, GET_VCPU_MMAP_SIZE, 0);
  if (run_size < (int)sizeof(struct kvm_run))
    return kvm_refused(err, TV_E_UNSUPPORTED, "KVM_GET_VCPU_MMAP_SIZE", NULL);
  kvm->run_size = (size_t)run_size;
  int breakpoints = kvm_capability(kvm->dev, CAP_GUEST_DEBUG_HW_BPS);
  kvm->breakpoints = breakpoints < WATCH_MOST ? (unsigned)breakpoints
                                              : WATCH_MOST;
  return TV_OK;
}

// Ranges of function numbers, all but the two that KVM reserves (those of the
// architecture: version, features, workarounds).
static bool set_filter(const struct kvm_vm *kvm) {
  static const struct { uint32_t first, last; } range[] = {
    {0, 0x7fffffff}, {0x80010000, 0xbfffffff}, {0xc0010000, 0xffffffff}
  };
  for (unsigned i = 0; i < sizeof range / sizeof *range; i++) {
    struct kvm_smccc_filter filter = { .base = range[i].first,
      .count = range[i].last - range[i].first + 1,
      .action = SMCCC_FWD_TO_USER };
    struct kvm_device_attr attr = { .addr = (uintptr_t)&filter };
    if (kvm_ioctl(kvm->fd, SET_DEVICE_ATTR, &attr) < 0) return false;
  }
  return true;
}

static void kvm_vm_free(tv_vm *vm) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  for (size_t i = 0; i < kvm->parked_count; i++)
    kvm_hardware_close(kvm, &kvm->parked[i]);
  kvm_unmap_trap(kvm);
  if (kvm->gic.fd >= 0) close(kvm->gic.fd);
  pthread_mutex_destroy(&kvm->gic.lock);
  if (kvm->fd >= 0) close(kvm->fd);
  if (kvm->dev >= 0) close(kvm->dev);
  alloc_free(kvm->parked);
  alloc_free(kvm->slot);
  alloc_free(kvm);
  vm->back = NULL;
}

static tv_status kvm_vm_new(tv_vm *vm, tv_error *err) {
  int dev;
  tv_status s = open_device(&dev, err);
  if (s) return s;
  struct kvm_vm *kvm = alloc_new(sizeof *kvm);
  if (!kvm) {
    close(dev);
    return err_set(err, TV_E_NO_MEMORY, 0, NULL);
  }
  kvm->dev = dev;
  kvm->fd = kvm->gic.fd = -1;
  pthread_mutex_init(&kvm->gic.lock, NULL);
  kvm->start = os_clock();
  vm->back = kvm;
  s = check_capabilities(dev, err);
  if (!s) s = create_vm(kvm, err);
  if (!s) s = kvm_map_trap(vm, err);
  if (!s && vm->gic) s = kvm_gic_new(vm, err);
  if (s) {
    kvm_vm_free(vm);
    return s;
  }
  kvm->filter = set_filter(kvm);
  kvm_tick_init();
  return TV_OK;
}

static void kvm_limits(const tv_vm *vm, tv_limits *out) {
  const struct kvm_vm *kvm = kvm_vm_of(vm);
  out->address_bits = kvm->ipa_bits;
  out->vcpus = (unsigned)kvm_capability(kvm->dev, CAP_MAX_VCPUS);
  out->breakpoints = watch_room(vm, kvm->breakpoints);
  out->note[0] = kvm->filter
    ? "hypercalls come to us by the SMCCC filter (Linux 6.4)"
    : "hypercalls by the doorbell only: this kernel answers hvc itself";
  out->note[1] = kvm_gic_there(kvm)
    ? "a GICv3 is made where the VM asks for one; else the timers drive the "
      "IRQ line"
    : "no GIC is made (no GICv3 here, or Linux before 5.19): the timers drive "
      "the IRQ line";
  out->note[2] = "the last 128 KiB of the address space are tinyvmm's own";
}

const struct backend backend_kvm = {
  .limits = kvm_limits,
  .name = "kvm", .exact = false, .granule = KVM_GRANULE,
  .host_pages = true, .every_write = true,
  .probe = kvm_probe, .vm_new = kvm_vm_new,
  .vm_free = kvm_vm_free, .map = kvm_map, .unmap = kvm_unmap,
  .protect = kvm_protect, .log = kvm_log, .dirty = kvm_dirty,
  .code_changed = kvm_code_changed, .look = kvm_look,
  .vcpu_new = kvm_vcpu_new, .vcpu_free = kvm_vcpu_free,
  .vcpu_reset = kvm_vcpu_reset, .get = kvm_get, .set = kvm_set,
  .run = kvm_run, .time = kvm_time, .next_event = kvm_next_event,
  .skip_to = kvm_skip_to, .pending = kvm_pending, .answer = kvm_answer,
  .forget = kvm_forget, .inject = kvm_inject, .irq = kvm_irq,
  .wakes = kvm_wakes, .kick = kvm_kick, .gic_irq = kvm_gic_irq,
  .gic_reset = kvm_gic_reset
};
