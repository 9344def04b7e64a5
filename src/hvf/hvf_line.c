// SPDX-License-Identifier: MIT
//
// Interrupt lines and timers, without a GIC: the timers' outputs drive the
// IRQ line, as on the other backends.
//
// The framework tells us when the virtual timer's output rises, and masks it;
// a physical timer it has not, so that is ours (hvf_sysreg.c). When an output
// falls nobody tells: a guest that silences its timer and returns from its
// handler does not leave the CPU, so an interrupt left pending would be taken
// again, for nothing. Therefore, while a timer's output is up, breakpoints
// bring the guest to us where it matters:
//
//   LOW      output down, interrupt not pending
//   RAISED   output up, interrupt pending; breakpoints on the IRQ vectors
//   TAKEN    the guest is in its handler, nothing pending; a breakpoint where
//            the handler returns to. There the output is looked at again.
//
// At a vector with the output down (a guest that polled with interrupts
// masked) the entry is taken back. A handler need not return, nor must the
// vectors stay where they are, so the output is looked at from time to time,
// too. Lines that the caller drives need none of this: the guest cannot lower
// them without us.

#include "hvf/hvf.h"

#include "a64/pstate.h"
#include "core/self.h"

#define SLEEP_MAX_NS UINT64_C(10000000)
#define LOOK_NS UINT64_C(1000000)
#define NEVER_TICKS (UINT64_C(1) << 56)      // decades

enum { UP = 1 | 4, UP_MASK = 7 };   // ENABLE, not IMASK, ISTATUS

static uint64_t sys(const struct hvf_vcpu *h, uint16_t key) {
  return self_get(h->vcpu, TV_REG_SYS(key));
}

// -------------------------------------------------------------------- time --

uint64_t hvf_ns(const struct hvf_vm *hvf, uint64_t ticks) {
  uint64_t n = hvf->base.numer, d = hvf->base.denom;
  return ticks / d * n + ticks % d * n / d;
}

static uint64_t ticks_of(const struct hvf_vm *hvf, uint64_t ns) {
  uint64_t n = hvf->base.numer, d = hvf->base.denom;
  return ns / n * d + (ns % n * d + n - 1) / n;
}

uint64_t hvf_count(const tv_vm *vm) {
  return mach_absolute_time() - hvf_vm_of(vm)->start;
}

uint64_t hvf_physical_count(void) { return mach_continuous_time(); }

uint64_t hvf_frequency(const tv_vm *vm) {
  const struct hvf_vm *hvf = hvf_vm_of(vm);
  return UINT64_C(1000000000) * hvf->base.denom / hvf->base.numer;
}

uint64_t hvf_time(const tv_vm *vm) {
  return hvf_ns(hvf_vm_of(vm), hvf_count(vm));
}

void hvf_skip_to(tv_vm *vm, uint64_t ns) {
  const struct hvf_vm *hvf = hvf_vm_of(vm);
  uint64_t now = hvf_time(vm), most = now + SLEEP_MAX_NS;
  if (ns > most) ns = most;
  if (ns > now) mach_wait_until(hvf->start + ticks_of(hvf, ns));
}

uint64_t hvf_distance(uint64_t now, uint64_t ctl, uint64_t cval) {
  if ((ctl & 3) != 1) return TV_NO_LIMIT;
  if (now >= cval) return 0;
  return cval - now < NEVER_TICKS ? cval - now : TV_NO_LIMIT;
}

static uint64_t virtual_distance(const struct hvf_vcpu *h) {
  return hvf_distance(hvf_count(h->vcpu->vm), sys(h, VIEW_cntv_ctl_el0),
                      sys(h, VIEW_cntv_cval_el0));
}

static uint64_t physical_distance(const struct hvf_vcpu *h) {
  return hvf_distance(hvf_physical_count(), h->cntp_ctl, h->cntp_cval);
}

// Whether the virtual timer's expiry was returned. A timer that the guest has
// set anew has another one, also if its output has fallen and risen unseen.
static bool reported(const struct hvf_vcpu *h) {
  return h->timer_reported &&
         sys(h, VIEW_cntv_cval_el0) == h->reported_cval;
}

static uint64_t next_expiry(const struct hvf_vcpu *h) {
  uint64_t ticks = physical_distance(h);
  uint64_t v = reported(h) ? TV_NO_LIMIT : virtual_distance(h);
  return v < ticks ? v : ticks;
}

uint64_t hvf_next_event(const tv_vcpu *cpu) {
  struct hvf_vcpu *h = hvf_of(cpu);
  uint64_t ticks = cpu->vm->gic ? hvf_gic_next_event(h) : next_expiry(h);
  if (ticks == TV_NO_LIMIT) return TV_NO_LIMIT;
  return hvf_ns(hvf_vm_of(cpu->vm), hvf_count(cpu->vm) + ticks);
}

// --------------------------------------------------------------- the lines --

void hvf_irq(tv_vcpu *cpu, tv_irq_line line, bool level) {
  hvf_of(cpu)->line[line] = level;
}

bool hvf_wakes(const tv_vcpu *cpu) {
  struct hvf_vcpu *h = hvf_of(cpu);
  if (cpu->vm->gic) return hvf_gic_wakes(h);
  return h->line[TV_IRQ] || h->line[TV_FIQ] || !next_expiry(h);
}

static bool virtual_up(const struct hvf_vcpu *h) {
  return (sys(h, VIEW_cntv_ctl_el0) & UP_MASK) == UP;
}

// While the framework does not mask the virtual timer, its output is down.
bool hvf_line_timer(const struct hvf_vcpu *h) {
  bool by_exit = h->vcpu->vm->timer_exit;
  return (h->timer_masked && !by_exit && virtual_up(h)) ||
         !physical_distance(h);
}

uint64_t hvf_line_look(const struct hvf_vcpu *h) {
  uint64_t ticks = physical_distance(h), ns = TV_NO_LIMIT;
  bool known = h->timer_state != TIMER_LOW;
  if (ticks != TV_NO_LIMIT && (ticks || !known))
    ns = hvf_ns(hvf_vm_of(h->vcpu->vm), ticks) + 1;
  return (h->timer_masked || known) && ns > LOOK_NS ? LOOK_NS : ns;
}

// ------------------------------------------------------------- breakpoints --

unsigned hvf_line_watched(const struct hvf_vcpu *h,
                          uint64_t at[WATCH_LINE]) {
  uint64_t vbar;
  switch (h->timer_state) {
    case TIMER_LOW: break;
    case TIMER_RAISED:                 // EL1h, EL0, EL1t
      vbar = sys(h, VIEW_vbar_el1);
      at[0] = vbar + 0x280;
      at[1] = vbar + 0x480;
      at[2] = vbar + 0x080;
      return 3;
    case TIMER_TAKEN:
      at[0] = h->return_pc;
      return h->return_known;
  }
  return 0;
}

// ------------------------------------------------------------------ timers --

static bool masked(const struct hvf_vcpu *h) {
  return self_get(h->vcpu, TV_REG_PSTATE) & PSTATE_I;
}

// A timer whose output has fallen may rise again, unseen by us. With timer =
// "exit" it is for the framework to tell, too, of one that was set anew
// meanwhile and is up.
static hv_return_t unmask_timer(struct hvf_vcpu *h) {
  bool untold = h->vcpu->vm->timer_exit && !reported(h);
  if (!h->timer_masked || (virtual_up(h) && !untold)) return HV_SUCCESS;
  h->timer_masked = h->timer_reported = false;
  return hv_vcpu_set_vtimer_mask(h->id, false);
}

void hvf_line_wait(struct hvf_vcpu *h) {
  if (h->timer_reported && !virtual_up(h)) h->timer_reported = false;
}

static void next_state(struct hvf_vcpu *h) {
  if (!hvf_line_timer(h)) h->timer_state = TIMER_LOW;
  else if (h->timer_state == TIMER_LOW) h->timer_state = TIMER_RAISED;
  else if (h->timer_state == TIMER_TAKEN && !masked(h))
    h->timer_state = TIMER_RAISED;
}

tv_status hvf_line_update(struct hvf_vcpu *h, tv_error *err) {
  const char *call = "hv_vcpu_set_vtimer_mask";
  hv_return_t r = unmask_timer(h);
  if (!r) next_state(h);
  bool irq = h->line[TV_IRQ] || h->timer_state == TIMER_RAISED;
  if (!r && irq) {
    call = "hv_vcpu_set_pending_interrupt";
    r = hv_vcpu_set_pending_interrupt(h->id, HV_INTERRUPT_TYPE_IRQ, true);
  }
  if (!r && h->line[TV_FIQ]) {
    call = "hv_vcpu_set_pending_interrupt";
    r = hv_vcpu_set_pending_interrupt(h->id, HV_INTERRUPT_TYPE_FIQ, true);
  }
  return r ? hvf_refused(err, r, call) : TV_OK;
}

static void at_vector(struct hvf_vcpu *h) {
  uint64_t elr = sys(h, VIEW_elr_el1);
  if (hvf_line_timer(h) || h->line[TV_IRQ]) {
    h->timer_state = TIMER_TAKEN;
    h->return_pc = elr;
    h->return_known = true;
    return;
  }
  self_set(h->vcpu, TV_REG_PSTATE, sys(h, VIEW_spsr_el1));
  self_set(h->vcpu, TV_REG_PC, elr);
}

void hvf_line_breakpoint(struct hvf_vcpu *h) {
  uint64_t pc = self_get(h->vcpu, TV_REG_PC);
  uint64_t at[WATCH_LINE];
  bool ours = false;
  for (unsigned i = 0, n = hvf_line_watched(h, at); i < n; i++)
    ours = ours || at[i] == pc;
  if (!ours) return;
  if (h->timer_state == TIMER_RAISED) at_vector(h);
  else h->return_known = false;
}

bool hvf_line_timer_exit(struct hvf_vcpu *h) {
  bool due = h->vcpu->vm->timer_exit && h->timer_masked &&
             !reported(h) && virtual_up(h);
  if (!due) return false;
  h->timer_reported = true;
  h->reported_cval = sys(h, VIEW_cntv_cval_el0);
  return true;
}
