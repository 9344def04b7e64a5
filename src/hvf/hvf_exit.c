// SPDX-License-Identifier: MIT
//
// Exits by their syndrome (Arm ARM D17.2.37): where pc stands, what the host
// has to do, and what becomes an exit of ours. The framework has left pc at
// the instruction, but for HVC.

#include "hvf/hvf.h"

#include <string.h>

#include "a64/esr.h"
#include "a64/pstate.h"
#include "core/fault.h"
#include "core/self.h"

static void step_over(tv_vcpu *cpu) {
  self_set(cpu, TV_REG_PC, self_get(cpu, TV_REG_PC) + 4);
}

// ------------------------------------------------- the guest's exceptions --

static bool has_vectors(struct hvf_vcpu *h) {
  self_get(h->vcpu, TV_REG_SYS(VIEW_vbar_el1));   // the copy holds it now
  return h->sys[hvf_sysreg_place(h->vcpu->vm, VIEW_vbar_el1)] !=
         hvf_vm_of(h->vcpu->vm)->trap;
}

// Gives the guest an exception that came to us; without vectors it leaves.
static enum back_end raise(struct hvf_vcpu *h, uint64_t esr, uint64_t far,
                           tv_exit *exit) {
  if (has_vectors(h)) {
    fault_enter(h->vcpu, esr, far);
    hvf_stepped(h);
    return BACK_DONE;
  }
  self_exit(exit, TV_EXIT_FAULT, h->vcpu, 0);
  fault_of_exception(exit, esr, far, self_get(h->vcpu, TV_REG_SP));
  return BACK_EXIT;
}

static enum back_end undefined(struct hvf_vcpu *h, tv_exit *exit) {
  uint64_t far = self_get(h->vcpu, TV_REG_SYS(VIEW_far_el1));
  return raise(h, esr_make(ESR_EC_UNKNOWN, 0), far, exit);
}

tv_status hvf_inject(tv_vcpu *cpu, uint64_t esr, uint64_t far,
                     tv_error *err) {
  if (!has_vectors(hvf_of(cpu)))
    return err_set(err, TV_E_STATE, 0, "no exception can be injected: the "
                   "guest has no vectors, VBAR_EL1 was never written");
  fault_enter(cpu, esr, far);
  return TV_OK;
}

// Whether the guest, which has no others, is at a vector of the trap page: what
// brought it there is the exit.
static bool trapped(struct hvf_vcpu *h, tv_exit *exit) {
  uint64_t pc = self_get(h->vcpu, TV_REG_PC);
  uint64_t off = pc - hvf_vm_of(h->vcpu->vm)->trap;
  if (off >= 0x800 || off & 0x7f || has_vectors(h)) return false;
  fault_unwind(h->vcpu, (unsigned)off, exit);
  return true;
}

// ------------------------------------------------------------------- kinds --

static enum back_end call_exit(struct hvf_vcpu *h, uint64_t esr,
                               tv_exit *exit) {
  bool smc = esr_ec(esr) == ESR_EC_SMC64;
  if (!smc) hvf_stepped(h);
  self_exit(exit, smc ? TV_EXIT_SMC : TV_EXIT_HVC, h->vcpu, smc ? 0 : 4);
  exit->u.hvc.imm = esr & 0xffff;
  exit->u.hvc.nr = (uint32_t)self_get(h->vcpu, TV_REG_X(0));
  for (unsigned n = 0; n < 7; n++)
    exit->u.hvc.arg[n] = self_get(h->vcpu, TV_REG_X(1 + n));
  return BACK_EXIT;
}

// ISS[1:0]: WFI, WFE, WFIT, WFET. Only WFI may wait for long: the others end
// by what nobody tells us.
static enum back_end wait_exit(struct hvf_vcpu *h, uint64_t esr) {
  step_over(h->vcpu);
  hvf_stepped(h);
  if (esr & 3) return BACK_YIELD;
  hvf_line_wait(h);
  return hvf_wakes(h->vcpu) ? BACK_DONE : BACK_IDLE;
}

static uint64_t x_or_zero(tv_vcpu *cpu, unsigned r) {
  return r == 31 ? 0 : self_get(cpu, TV_REG_X(r));
}

static enum back_end sysreg_exit(struct hvf_vcpu *h, uint64_t esr,
                                 tv_exit *exit) {
  uint16_t key = esr_sysreg(esr);
  unsigned rt = esr >> 5 & 31;
  bool write = !(esr & 1);
  tv_vcpu *cpu = h->vcpu;
  uint64_t value = write ? x_or_zero(cpu, rt) : 0;
  if (write ? hvf_sysreg_write(h, key, value)
            : hvf_sysreg_read(h, key, &value)) {
    if (!write && rt != 31) self_set(cpu, TV_REG_X(rt), value);
    step_over(cpu);
    hvf_stepped(h);
    return BACK_DONE;
  }
  if (!(cpu->vm->traps & TV_TRAP_SYSREG)) return undefined(h, exit);
  self_exit(exit, TV_EXIT_SYSREG, cpu, 0);
  exit->u.sysreg.key = key;
  exit->u.sysreg.write = write;
  exit->u.sysreg.value = value;
  h->access.active = true;
  h->access.waiting = !write;
  h->access.write = write;
  h->access.rt = rt;
  return BACK_EXIT;
}

static enum back_end logged_store(struct hvf_vcpu *h, uint64_t gpa) {
  tv_status s = hvf_logged_store(h->vcpu->vm, gpa, &h->vcpu->failure);
  return s ? BACK_FAILED : BACK_DONE;
}

static enum back_end fetch_exit(struct hvf_vcpu *h, uint64_t va, uint64_t gpa,
                                tv_exit *exit) {
  if (trapped(h, exit)) return BACK_EXIT;
  self_exit(exit, TV_EXIT_FAULT, h->vcpu, 0);
  fault_fill(exit, fault_reason(mem_at(h->vcpu->vm, gpa), 'x'), va, gpa, 4,
             'x');
  return BACK_EXIT;
}

// An interrupt was taken, which is no step: its vector's first instruction is.
static bool only_entered(struct hvf_vcpu *h, uint64_t pc) {
  uint64_t at = pc - self_get(h->vcpu, TV_REG_SYS(VIEW_vbar_el1));
  return at < 0x800 && at & 0x180 && !(at & 0x7f) &&
         self_get(h->vcpu, TV_REG_SYS(VIEW_elr_el1)) == h->step_pc;
}

// A step that raised an exception ends at its vector.
static enum back_end single_step(struct hvf_vcpu *h, tv_exit *exit) {
  if (trapped(h, exit)) return BACK_EXIT;
  if (!only_entered(h, self_get(h->vcpu, TV_REG_PC))) hvf_stepped(h);
  return BACK_DONE;
}

// All breakpoints are ours. One that has no use any more, where the guest's
// vectors were, is gone with the next entry.
static enum back_end breakpoint(struct hvf_vcpu *h, tv_exit *exit) {
  hvf_line_breakpoint(h);
  if (!watch_report(h->vcpu)) return BACK_DONE;
  self_exit(exit, TV_EXIT_BREAKPOINT, h->vcpu, 0);
  return BACK_EXIT;
}

// While breakpoints are set all debug exceptions come to us; those from EL1
// differ from those of EL0 in the class's low bit, but for BRK.
static enum back_end debug_exit(struct hvf_vcpu *h, uint64_t esr, uint64_t va,
                                tv_exit *exit) {
  if (esr_ec(esr) == ESR_EC_STEP_LOW && h->watch.step)
    return single_step(h, exit);
  if (esr_ec(esr) == ESR_EC_BREAKPOINT_LOW) return breakpoint(h, exit);
  bool el1 = self_get(h->vcpu, TV_REG_PSTATE) & PSTATE_EL_MASK;
  bool brk = esr_ec(esr) == ESR_EC_BRK64;
  if (el1 && !brk) esr |= UINT64_C(1) << 26;
  if (brk) va = self_get(h->vcpu, TV_REG_SYS(VIEW_far_el1));
  return raise(h, esr, va, exit);
}

static enum back_end exception(struct hvf_vcpu *h, tv_exit *exit) {
  const hv_vcpu_exit_exception_t *e = &h->exit->exception;
  const tv_vm *vm = h->vcpu->vm;
  switch (esr_ec(e->syndrome)) {
    case ESR_EC_HVC64: case ESR_EC_SMC64:
      return call_exit(h, e->syndrome, exit);
    case ESR_EC_WFX: return wait_exit(h, e->syndrome);
    case ESR_EC_SYS64: return sysreg_exit(h, e->syndrome, exit);
    case ESR_EC_IABT_LOW:
      if (hvf_is_logged_store(vm, e->syndrome, e->physical_address))
        return logged_store(h, e->physical_address);
      return fetch_exit(h, e->virtual_address, e->physical_address, exit);
    case ESR_EC_DABT_LOW: {
      if (hvf_is_logged_store(vm, e->syndrome, e->physical_address))
        return logged_store(h, e->physical_address);
      struct mmio_abort abort = { e->syndrome, e->virtual_address,
                                  e->physical_address };
      if (mmio_abort(h->vcpu, &h->mmio, &abort, exit) == MMIO_EXIT)
        return BACK_EXIT;
      hvf_stepped(h);
      return BACK_DONE;
    }
    case ESR_EC_BREAKPOINT_LOW: case ESR_EC_STEP_LOW:
    case ESR_EC_WATCHPOINT_LOW: case ESR_EC_BRK64:
      return debug_exit(h, e->syndrome, e->virtual_address, exit);
    default: break;
  }
  err_set(&h->vcpu->failure, TV_E_UNSUPPORTED, 0, "hv_vcpu_run: an exit with "
          "syndrome 0x%" PRIx64 ", which this version does not know",
          (uint64_t)e->syndrome);
  return BACK_FAILED;
}

// A signal for the thread ends its run so (Ctrl-C, a terminal that changes its
// size), and a timer that the guest silences as it fires: all goes on. What
// comes without end, and at once, is something else.
static bool is_hopeless(struct hvf_vcpu *h) {
  enum { AT_ONCE_NS = 50000, MOST = 1000 };
  bool unknown = h->exit->reason == HV_EXIT_REASON_UNKNOWN;
  h->unknown = unknown ? h->unknown + (h->lasted < AT_ONCE_NS) : 0;
  return h->unknown > MOST;
}

static enum back_end unknown(struct hvf_vcpu *h, const char *which) {
  err_set(&h->vcpu->failure, TV_E_UNSUPPORTED, 0, "hv_vcpu_run: %s (%u)",
          which, (unsigned)h->exit->reason);
  return BACK_FAILED;
}

enum back_end hvf_exit(struct hvf_vcpu *h, tv_exit *exit) {
  bool timer = h->exit->reason == HV_EXIT_REASON_VTIMER_ACTIVATED;
  bool gic = h->vcpu->vm->gic;
  if (timer && !gic) h->timer_masked = true;
  if (is_hopeless(h)) return unknown(h, "exits for no known reason");
  switch (h->exit->reason) {
    case HV_EXIT_REASON_EXCEPTION:
      return exception(h, exit);
    case HV_EXIT_REASON_CANCELED: case HV_EXIT_REASON_VTIMER_ACTIVATED:
    case HV_EXIT_REASON_UNKNOWN:
      // Before the first fetch there; and a guest whose MMU does not map the
      // trap page faults there for ever.
      if (trapped(h, exit)) return BACK_EXIT;
      if (gic) return hvf_gic_look(h);
      hvf_line_breakpoint(h);            // of a vector: may have been next
      if (!timer || !hvf_line_timer_exit(h)) return BACK_DONE;
      self_exit(exit, TV_EXIT_TIMER, h->vcpu, 0);
      return BACK_EXIT;
    default: return unknown(h, "an exit of an unknown kind");
  }
}
