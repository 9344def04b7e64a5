// SPDX-License-Identifier: MIT
//
// Guest debug: what KVM_SET_GUEST_DEBUG is told before each KVM_RUN. Single
// steps, and hardware breakpoints of two owners: the timers (kvm_line.c) and
// the caller (core/breakpoint.h). KVM has debug registers of its own for this:
// the guest's keep their values, and do nothing meanwhile.
//
// The instruction at a breakpoint that was reported is executed by a single
// step, without a breakpoint there.

#include "core/breakpoint.h"
#include "kvm/kvm.h"

static bool same(const struct kvm_watch *a, const struct kvm_watch *b) {
  bool equal = a->step == b->step && a->count == b->count;
  for (unsigned i = 0; equal && i < a->count; i++)
    equal = a->at[i] == b->at[i];
  return equal;
}

static void tell(struct kvm_vcpu *k, const struct kvm_watch *want) {
  if (same(&k->watch, want)) return;
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

void kvm_debug_end(struct kvm_vcpu *k) {
  tell(k, &(struct kvm_watch){ 0 });
}

unsigned kvm_debug_room(const tv_vm *vm) {
  unsigned all = kvm_vm_of(vm)->breakpoints;
  unsigned own = vm->gic ? 0 : KVM_LINE_WATCHED;
  return all > own ? all - own : 0;
}

// Adds a breakpoint if there is room, but none that is to be passed.
static void add(const struct kvm_vcpu *k, struct kvm_watch *want,
                uint64_t at) {
  if (want->count < kvm_vm_of(k->vcpu->vm)->breakpoints &&
      !breakpoint_reported(k->vcpu, at))
    want->at[want->count++] = at;
}

bool kvm_debug_update(struct kvm_vcpu *k) {
  tv_vcpu *cpu = k->vcpu;
  const tv_vm *vm = cpu->vm;
  uint64_t line[KVM_LINE_WATCHED];
  unsigned lines = kvm_line_watched(k, line);
  if (cpu->at_breakpoint &&
      cpu->breakpoint_pc != kvm_reg(k, REG_CORE | CORE_PC))
    breakpoint_pass(cpu);
  struct kvm_watch want = { .step = cpu->single || cpu->at_breakpoint };
  for (size_t i = 0; i < vm->breakpoints; i++)
    add(k, &want, vm->breakpoint[i]);
  for (unsigned i = 0; i < lines; i++)
    if (!breakpoint_at(vm, line[i])) add(k, &want, line[i]);
  tell(k, &want);
  return want.step;
}

bool kvm_debug_breakpoint(struct kvm_vcpu *k, bool *known) {
  *known = kvm_line_breakpoint(k);
  uint64_t pc = kvm_reg(k, REG_CORE | CORE_PC);
  if (!breakpoint_due(k->vcpu, pc)) return false;
  breakpoint_report(k->vcpu, pc);
  return true;
}
