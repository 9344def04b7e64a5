// SPDX-License-Identifier: MIT
//
// Guest debug: what KVM_SET_GUEST_DEBUG is told before each KVM_RUN, for single
// steps and hardware breakpoints (core/watch.h). KVM has debug registers of
// its own for this: the guest's keep their values, and do nothing meanwhile.

#include "kvm/kvm.h"

static void tell(struct kvm_vcpu *k, const struct watch *want) {
  if (watch_same(&k->watch, want)) return;
  struct kvm_guest_debug debug = { 0 };
  if (want->step) debug.control |= DEBUG_ENABLE | DEBUG_SINGLESTEP;
  if (want->count) debug.control |= DEBUG_ENABLE | DEBUG_USE_HW;
  for (unsigned i = 0; i < want->count; i++) {
    debug.bvr[i] = want->at[i];
    debug.bcr[i] = 0xf << 5 | 3 << 1 | 1;   // 4 bytes, EL1 and EL0, enabled
  }
  if (kvm_ioctl(k->hw.fd, SET_GUEST_DEBUG, &debug) >= 0) k->watch = *want;
  else
    kvm_vcpu_refused(k, NULL, TV_E_UNSUPPORTED, "KVM_SET_GUEST_DEBUG",
                     "this KVM cannot debug guests (KVM_CAP_SET_GUEST_DEBUG)");
}

void kvm_debug_update(struct kvm_vcpu *k) {
  uint64_t line[WATCH_LINE];
  unsigned lines = kvm_line_watched(k, line);
  struct watch want = watch_plan(k->vcpu, kvm_vm_of(k->vcpu->vm)->breakpoints,
                                 line, lines);
  tell(k, &want);
}

void kvm_debug_end(struct kvm_vcpu *k) { tell(k, &(struct watch){ 0 }); }
