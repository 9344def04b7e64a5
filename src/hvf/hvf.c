// SPDX-License-Identifier: MIT
//
// Apple's Hypervisor.framework: the VM and the table of functions; see hvf.h
// for the rooms and core/backend.h for the contract.

#include "hvf/hvf.h"

#include <sys/sysctl.h>

#include "base/alloc.h"

// ----------------------------------------------------------------- errors --

// Not all SDKs call it HV_EXISTS.
enum { EXISTS = (int)0xfae94008 };

static const struct refusal {
  hv_return_t value;
  tv_status status;
  const char *name, *cause;
} refusals[] = {
  {HV_ERROR, TV_E_STATE, "HV_ERROR", "the framework says no more"},
  {HV_BUSY, TV_E_BUSY, "HV_BUSY", "macOS gives a process one VM at a time: "
   "close the other first; a second one can run on soft"},
  {HV_BAD_ARGUMENT, TV_E_INVALID, "HV_BAD_ARGUMENT", "a call from a thread "
   "that does not own the vCPU, or memory that cannot be mapped there"},
  {HV_ILLEGAL_GUEST_STATE, TV_E_STATE, "HV_ILLEGAL_GUEST_STATE", "the "
   "registers hold what no CPU can be in"},
  {HV_NO_RESOURCES, TV_E_LIMIT, "HV_NO_RESOURCES", "too many VMs on this "
   "machine or vCPUs in this one"},
  {HV_NO_DEVICE, TV_E_NO_DEVICE, "HV_NO_DEVICE", "there is no VM, or this "
   "Mac has no hypervisor"},
  {HV_DENIED, TV_E_DENIED, "HV_DENIED", "the program lacks the entitlement, "
   "which tinyvmm has and no lua5.4: "
   "codesign -s - -f --entitlements entitlements.plist PROGRAM"},
  {EXISTS, TV_E_OVERLAP, "HV_EXISTS", "it is there already"},
  {HV_UNSUPPORTED, TV_E_UNSUPPORTED, "HV_UNSUPPORTED", "not on this Mac, or "
   "not in this macOS, which may be a guest itself"}
};

tv_status hvf_refused(tv_error *err, hv_return_t value, const char *call) {
  const struct refusal *r = refusals;
  const struct refusal *end = r + sizeof refusals / sizeof *refusals;
  while (r < end && r->value != value) r++;
  tv_status status = r < end ? r->status : TV_E_STATE;
  err_set(err, status, 0, "%s: %s (0x%08x): %s", call,
          r < end ? r->name : "an unknown error", (unsigned)value,
          r < end ? r->cause : "newer than this version of tinyvmm");
  if (err) err->os = value;
  return status;
}

// --------------------------------------------------------------------- VM --

// Absent before macOS 13, where every VM has 36 bits.
static unsigned address_bits(void) {
  hv_return_t (*ask)(uint32_t *) = hv_vm_config_get_default_ipa_size;
  uint32_t bits = 36;
  if (ask) ask(&bits);
  return bits;
}

static bool is_supported(void) {
  int yes = 0;
  size_t size = sizeof yes;
  return !sysctlbyname("kern.hv_support", &yes, &size, NULL, 0) && yes;
}

static tv_status create(tv_vm *vm, tv_error *err) {
  hv_return_t r = hv_vm_create(NULL);
  if (r) return hvf_refused(err, r, "hv_vm_create");
  tv_status s = vm->gic ? hvf_gic_new(err) : TV_OK;
  if (s) hv_vm_destroy();
  return s;
}

static tv_status hvf_vm_new(tv_vm *vm, tv_error *err) {
  if (!is_supported())
    return err_set(err, TV_E_NO_DEVICE, 0, "this machine has no hypervisor: "
                   "sysctl kern.hv_support is not 1 (is macOS itself a "
                   "guest?)");
  struct hvf_vm *hvf = alloc_new(sizeof *hvf);
  if (!hvf) return err_set(err, TV_E_NO_MEMORY, 0, NULL);
  tv_status s = create(vm, err);
  if (s) {
    alloc_free(hvf);
    return s;
  }
  hvf->ipa_bits = address_bits();
  hvf->trap = (UINT64_C(1) << hvf->ipa_bits) - HVF_GRANULE;
  hvf_debug_init(hvf);
  mach_timebase_info(&hvf->base);
  hvf->start = mach_absolute_time();
  hvf_tick_init(hvf);
  vm->back = hvf;
  return TV_OK;
}

static void hvf_vm_free(tv_vm *vm) {
  hvf_tick_free(hvf_vm_of(vm));
  hv_vm_destroy();
  alloc_free(vm->back);
}

// Only a VM made for it shows that one can be made. While we have one, that
// is known.
static tv_status hvf_probe(tv_error *err) {
  if (!is_supported())
    return err_set(err, TV_E_NO_DEVICE, 0, "this machine has no hypervisor: "
                   "sysctl kern.hv_support is not 1 (is macOS itself a "
                   "guest?)");
  hv_return_t r = hv_vm_create(NULL);
  if (r) return hvf_refused(err, r, "hv_vm_create");
  hv_vm_destroy();
  return TV_OK;
}

// Which undefined instructions there are is between guest and CPU.
static tv_status hvf_trap(tv_vm *vm, unsigned traps, tv_error *err) {
  (void)vm;
  if (!(traps & TV_TRAP_UNDEFINED)) return TV_OK;
  return err_set(err, TV_E_UNSUPPORTED, 0, "the backend hvf cannot trap "
                 "undefined instructions; soft can");
}

static void hvf_limits(const tv_vm *vm, tv_limits *out) {
  uint32_t vcpus = 0;
  hv_vm_get_max_vcpu_count(&vcpus);
  out->address_bits = hvf_vm_of(vm)->ipa_bits;
  out->vcpus = vcpus;
  out->breakpoints = watch_room(vm, hvf_vm_of(vm)->breakpoints);
  out->note[0] = hvf_gic_present()
    ? "it has a GICv3 (macOS 15) for VMs made with one; in others the timers "
      "drive the IRQ line"
    : "it has no GIC before macOS 15: the timers drive the IRQ line";
  out->note[1] = "the last 16 KiB of the address space are tinyvmm's own";
}

const struct backend backend_hvf = {
  .limits = hvf_limits,
  .name = "hvf", .exact = false, .exclusive_vm = true,
  .granule = HVF_GRANULE, .every_write = true, .probe = hvf_probe,
  .vm_new = hvf_vm_new, .vm_free = hvf_vm_free, .map = hvf_map,
  .unmap = hvf_unmap, .protect = hvf_protect,
  .log = hvf_protect, .dirty = hvf_dirty,
  .code_changed = hvf_code_changed, .vcpu_new = hvf_vcpu_new,
  .vcpu_free = hvf_vcpu_free, .vcpu_start = hvf_vcpu_start,
  .vcpu_reset = hvf_vcpu_reset, .get = hvf_get, .set = hvf_set,
  .run = hvf_run, .time = hvf_time,
  .next_event = hvf_next_event, .skip_to = hvf_skip_to,
  .pending = hvf_pending, .answer = hvf_answer, .forget = hvf_forget,
  .inject = hvf_inject, .irq = hvf_irq, .wakes = hvf_wakes,
  .kick = hvf_kick, .trap = hvf_trap, .gic_irq = hvf_gic_irq,
  .gic_reset = hvf_gic_reset
};
