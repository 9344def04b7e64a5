// SPDX-License-Identifier: MIT
//
// Runs: the loop around hv_vcpu_run, and accesses that wait for the world.
//
// What a grant of n nanoseconds means: hv_vcpu_get_exec_time says how long the
// guest has run, and the ticker ends a run that takes longer, so a run may be
// over its grant by what the host needs to be heard. Time that the host spends
// between runs is not the guest's. Single steps are counted: each is a run of
// its own, by software step (Arm ARM D2.12).

#include "hvf/hvf.h"

#include <string.h>

#include "a64/pstate.h"
#include "base/os.h"
#include "core/breakpoint.h"
#include "core/fault.h"
#include "core/self.h"

void hvf_stepped(struct hvf_vcpu *h) {
  h->steps++;
  breakpoint_pass(h->vcpu);
}

// ------------------------------------------------------- pending accesses --

bool hvf_pending(const tv_vcpu *cpu) {
  const struct hvf_vcpu *h = hvf_of(cpu);
  return h->mmio.waiting || h->access.waiting;
}

void hvf_answer(tv_vcpu *cpu, uint64_t value) {
  struct hvf_vcpu *h = hvf_of(cpu);
  if (h->mmio.waiting) mmio_answer(&h->mmio, value);
  else h->access.value = value;
  h->access.waiting = false;
}

void hvf_forget(tv_vcpu *cpu) {
  struct hvf_vcpu *h = hvf_of(cpu);
  h->mmio.active = h->mmio.waiting = false;
  h->access.active = h->access.waiting = false;
}

static enum back_end complete(struct hvf_vcpu *h, tv_exit *exit) {
  tv_vcpu *cpu = h->vcpu;
  if (!h->mmio.active && !h->access.active) return BACK_DONE;
  if (h->mmio.active && mmio_continue(cpu, &h->mmio, exit) == MMIO_EXIT)
    return BACK_EXIT;
  hvf_stepped(h);
  if (!h->access.active) return BACK_DONE;
  if (!h->access.write && h->access.rt != 31)
    self_set(cpu, TV_REG_X(h->access.rt), h->access.value);
  self_set(cpu, TV_REG_PC, self_get(cpu, TV_REG_PC) + 4);
  hvf_forget(cpu);
  return BACK_DONE;
}

// -------------------------------------------------------------------- run --

// The nanoseconds that the guest has run since the last call. With a GIC it
// waits in there, too, and the run must end nevertheless: all counts.
static tv_status ran(struct hvf_vcpu *h, uint64_t *ns, tv_error *err) {
  uint64_t ticks;
  if (h->vcpu->vm->gic) {
    *ns = hvf_gic_leave(h);
    return TV_OK;
  }
  hv_return_t r = hv_vcpu_get_exec_time(h->id, &ticks);
  if (r) return hvf_refused(err, r, "hv_vcpu_get_exec_time");
  *ns = hvf_ns(hvf_vm_of(h->vcpu->vm), ticks - h->ran);
  h->ran = ticks;
  return TV_OK;
}

// Whether a register could not be had that nobody asked about in person.
static bool was_refused(struct hvf_vcpu *h) {
  bool yes = h->refused;
  h->refused = false;
  return yes;
}

// PSTATE.SS arms one step. It is nobody's business after that.
static void arm_step(struct hvf_vcpu *h, bool on) {
  uint64_t pstate = self_get(h->vcpu, TV_REG_PSTATE);
  uint64_t want = on ? pstate | PSTATE_SS : pstate & ~(uint64_t)PSTATE_SS;
  if (want != pstate) self_set(h->vcpu, TV_REG_PSTATE, want);
  if (on) h->step_pc = self_get(h->vcpu, TV_REG_PC);
}

static tv_status plan(struct hvf_vcpu *h, tv_error *err) {
  tv_status s = hvf_line_update(h, err);
  return s ? s : hvf_debug_update(h, err);
}

static tv_status load(struct hvf_vcpu *h, uint64_t grant, tv_error *err) {
  uint64_t look = h->vcpu->vm->gic ? HVF_GIC_LOOK_NS : hvf_line_look(h);
  if (h->watch.step) arm_step(h, true);
  tv_status s = hvf_vcpu_flush(h, err);
  return s ? s : hvf_tick(h, look < grant ? look : grant, err);
}

// Enters the guest once.
static enum back_end enter(struct hvf_vcpu *h, uint64_t grant,
                           uint64_t *done, tv_exit *exit) {
  tv_error *err = &h->vcpu->failure;
  bool gic = h->vcpu->vm->gic;
  uint64_t ns = 0;
  enum back_end end;
  if (plan(h, err)) return BACK_FAILED;
  if (gic && h->watch.step && hvf_gic_step(h, &end))
    return was_refused(h) ? BACK_FAILED : end;
  if (load(h, grant, err) || was_refused(h)) return BACK_FAILED;
  if (gic) hvf_gic_enter(h);
  hv_return_t r = hv_vcpu_run(h->id);
  hvf_tick(h, TV_NO_LIMIT, NULL);
  hvf_vcpu_stale(h);
  if (r) {
    hvf_refused(err, r, "hv_vcpu_run");
    return BACK_FAILED;
  }
  if (h->watch.step) {
    arm_step(h, false);
    fault_hide_step(h->vcpu, h->step_pc);
  }
  if (ran(h, &ns, err)) return BACK_FAILED;
  h->lasted = ns;
  *done += ns < grant ? ns : grant;
  end = hvf_exit(h, exit);
  return was_refused(h) ? BACK_FAILED : end;
}

static enum back_end run_time(struct hvf_vcpu *h, uint64_t grant,
                              uint64_t *done, tv_exit *exit) {
  enum back_end end = BACK_DONE;
  while (end == BACK_DONE && *done < grant) {
    if (atomic_exchange(&h->kicked, false)) return BACK_KICKED;
    uint64_t left = grant == TV_NO_LIMIT ? grant : grant - *done;
    end = enter(h, left, done, exit);
  }
  return end;
}

// Steps, until the core must look again.
static enum back_end run_steps(struct hvf_vcpu *h, uint64_t grant,
                               tv_exit *exit) {
  enum { LOOK_NS = 10000000 };
  uint64_t time, until = os_clock() + LOOK_NS;
  enum back_end end = BACK_DONE;
  while (end == BACK_DONE && h->steps < grant && os_clock() < until) {
    if (atomic_exchange(&h->kicked, false)) return BACK_KICKED;
    time = 0;
    end = enter(h, TV_NO_LIMIT, &time, exit);
  }
  return end;
}

enum back_end hvf_run(tv_vcpu *cpu, uint64_t grant, uint64_t *done,
                      tv_exit *exit) {
  struct hvf_vcpu *h = hvf_of(cpu);
  *done = 0;
  if (hvf_gic_check(h, &cpu->failure) || hvf_vcpu_start(cpu, &cpu->failure))
    return BACK_FAILED;
  h->steps = 0;
  enum back_end end = complete(h, exit);
  if (was_refused(h)) return BACK_FAILED;
  if (end != BACK_DONE) return end;
  if (!cpu->single) return run_time(h, grant, done, exit);
  end = run_steps(h, grant, exit);
  *done = h->steps < grant ? h->steps : grant;
  return end;
}
