// SPDX-License-Identifier: MIT
//
// src/kvm on a kernel that is not there (kvm_script.h): single steps, timers
// and interrupt lines, waiting, and what ends a run from outside.

#include <stdio.h>    // for __GLIBC__: others declare ioctl in their own way

#ifdef __GLIBC__

#include "kvm_script.h"

// ------------------------------------------------------------ single steps --

static int debug_exit(uint32_t hsr) {
  shared->exit_reason = EXIT_DEBUG;
  shared->debug.hsr = hsr;
  return 0;
}

static int stepped(void) {
  return debug_exit((uint32_t)esr_make(ESR_EC_STEP_LOW, 0x22));
}

static int broke(void) {
  return debug_exit((uint32_t)esr_make(ESR_EC_BREAKPOINT_LOW, 0x22));
}

static int moves(void) {
  *core(CORE_PC) += 4;
  return stepped();
}

static int moves_signalled(void) {
  *core(CORE_PC) += 4;
  return signalled();
}

static int interrupted(void) {
  enter_vector(0x280, 0, *core(CORE_PC));
  return signalled();
}

static int steps_into(void) {
  enter_vector(0x200, esr_make(ESR_EC_UNKNOWN, 0), *core(CORE_PC));
  *core(CORE_SPSR_EL1) |= PSTATE_SS;
  return stepped();
}

static int steps_into_signalled(void) {
  steps_into();
  return signalled();
}

static int steps_on_brk(void) {
  return debug_exit((uint32_t)esr_make(ESR_EC_BRK64, 7));
}

static void steps(void) {
  start();
  SCRIPT(moves, moves_signalled, stepped, moves, interrupted, stepped, moves);
  vectors();
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == CODE + 4 &&
     guest_debug.control == (DEBUG_ENABLE | DEBUG_SINGLESTEP), "a step");
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == CODE + 8 && at == 2,
     "a signal in place of the debug exception: a step");
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == CODE + 12 && at == 4,
     "which comes late, and is none");
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == VECTORS + 0x284 && at == 7,
     "an interrupt that is taken is no step, whether a signal comes or not");
  ok(go() == TV_EXIT_HVC && !guest_debug.control, "a run does not step");
  stop();
}

static void steps_in_place(void) {
  start();
  SCRIPT(stepped, stepped);
  word(0x14000000);                                   // b .
  ok(step() == TV_EXIT_BUDGET && at == 1 && step() == TV_EXIT_BUDGET &&
     at == 2, "a step to where it began is one");
  word(0xd503207f);                                   // wfi
  ok(step() == TV_EXIT_WFI && *core(CORE_PC) == CODE + 4 && at == 2,
     "a WFI that nothing would end is not entered");
  stop();
}

static void steps_into_exceptions(void) {
  start();
  SCRIPT(steps_into, steps_into_signalled, steps_on_brk, steps_into,
         steps_on_brk);
  vectors();
  for (unsigned n = 1; n <= 3; n++) {
    *core(CORE_PC) = CODE;
    ok(step() == TV_EXIT_BUDGET && at == n &&
       *core(CORE_PC) == VECTORS + 0x200 && *core(CORE_ELR_EL1) == CODE &&
       *core(CORE_SPSR_EL1) == PSTATE_RESET,
       "a step into an exception, %s", n == 1 ? "with its SS bit" :
       n == 2 ? "by a signal" : "BRK");
  }
  eq_u64(*sys(VIEW_esr_el1), esr_make(ESR_EC_BRK64, 7), "BRK's syndrome");
  *core(CORE_PC) = CODE;
  *sys(VIEW_vbar_el1) = kvm_vm_of(vm)->trap;
  ok(step() == TV_EXIT_FAULT && left.u.fault.reason == TV_FAULT_UNDEFINED &&
     *core(CORE_PC) == CODE && *core(CORE_PSTATE) == PSTATE_RESET,
     "without vectors it is an exit");
  ok(step() == TV_EXIT_BRK && left.u.brk.imm == 7 && *core(CORE_PC) == CODE,
     "BRK, too");
  stop();
}

// -------------------------------------------------- interrupts and waiting --

static int timer_fires(void) {
  shared->device_irq_level = LEVEL_VTIMER;
  return signalled();
}

static bool raised, taken;

static int takes_timer(void) {
  raised = line_level[0] && guest_debug.control == (DEBUG_ENABLE |
                                                    DEBUG_USE_HW) &&
           guest_debug.bvr[0] == VECTORS + 0x280 &&
           guest_debug.bvr[1] == VECTORS + 0x480 &&
           guest_debug.bvr[2] == VECTORS + 0x080 &&
           guest_debug.bcr[0] == 0x1e7;               // EL1 and EL0
  enter_vector(0x280, 0, CODE + 8);
  return broke();
}

// The handler has silenced the timer and returned.
static int returns(void) {
  taken = !line_level[0] && guest_debug.bvr[0] == CODE + 8 &&
          !guest_debug.bcr[1];
  shared->device_irq_level = 0;
  *core(CORE_PC) = CODE + 8;
  *core(CORE_PSTATE) = *core(CORE_SPSR_EL1);
  return broke();
}

// It has returned with interrupts masked, and the timer is as it was.
static int returns_masked(void) {
  *core(CORE_PC) = CODE + 8;
  return broke();
}

static bool quiet, again;

static int unmasks(void) {
  quiet = !line_level[0] && !guest_debug.control;
  *core(CORE_PSTATE) = 5;
  return signalled();
}

static int silences(void) {
  again = line_level[0] && guest_debug.bvr[0] == VECTORS + 0x280;
  shared->device_irq_level = 0;
  return signalled();
}

// It was silent before the interrupt came.
static int takes_for_nothing(void) {
  shared->device_irq_level = 0;
  enter_vector(0x280, 0, CODE + 8);
  return broke();
}

// A signal comes before the breakpoint on the vector.
static int takes_for_nothing_signalled(void) {
  takes_for_nothing();
  return signalled();
}

static void timers(void) {
  start();
  SCRIPT(timer_fires, takes_timer, returns, timer_fires, takes_for_nothing,
         timer_fires, takes_for_nothing_signalled);
  vectors();
  *core(CORE_PSTATE) = 5;
  ok(go() == TV_EXIT_HVC && at == 7, "a timer's interrupt, three times");
  ok(raised, "its output raises the line, with breakpoints on the vectors");
  ok(taken, "in the handler the line is down; one on its return");
  ok(*core(CORE_PC) == CODE + 8 && *core(CORE_PSTATE) == 5,
     "an interrupt that nobody wants any more is taken back");
  ok(!line_level[0] && !guest_debug.control, "nothing of it is left");
  stop();
}

static int timer_falls(void) {
  shared->device_irq_level = 0;
  return signalled();
}

static void reset_with_lines_up(void) {
  start();
  SCRIPT(timer_fires);
  tv_vcpu_irq(cpu, TV_FIQ, true, &err);
  ok(go() == TV_EXIT_HVC && line_level[0] && line_level[1], "two lines are up");
  tv_vm_reset(vm, NULL);
  ok(!line_level[0] && line_level[1],
     "a reset lowers the timer's, and the caller's is as it was driven");
  static step_fn *const then[] = { timer_falls, timer_fires };
  script = then, at = 0, length = 2;
  ok(go() == TV_EXIT_HVC && line_level[0], "the timer's rises again");
  tv_vcpu_irq(cpu, TV_IRQ, true, &err);
  tv_vcpu_free(cpu);
  ok(!line_level[0] && !line_level[1], "of a vCPU that goes both fall");
  stop();
}

static void timers_unheard(void) {
  start();
  SCRIPT(timer_fires, takes_timer, returns_masked, unmasks, silences);
  vectors();
  *core(CORE_PSTATE) = 5;
  ok(go() == TV_EXIT_HVC && at == 5 && quiet,
     "a handler that returns masked is left alone");
  ok(again && !line_level[0], "unmasked, the timer interrupts again");
  stop();
}

#define SOME_DAY (UINT64_C(1) << 31)    // seconds at 1 GHz, a life at 1 Hz

// Sets the timers; that of `ctl` (0: neither) to go off at `when`, now 1000.
static void arm(uint16_t ctl, uint64_t when) {
  *sys(VIEW_cntv_ctl_el0) = *sys(VIEW_cntp_ctl_el0) = 0;
  if (ctl) *sys(ctl) = 1;
  *reg(UINT64_C(0x603000000013df02)) = *sys(VIEW_cntp_cval_el0) = when;
  *reg(UINT64_C(0x603000000013df1a)) = *sys(VIEW_cntpct_el0) = 1000;
}

// The guest sets its timer anew, and it expires, before anybody looks.
static int sets_anew(void) {
  arm(VIEW_cntv_ctl_el0, 999);
  return signalled();
}

// It calls before a signal comes.
static int sets_anew_and_calls(void) {
  arm(VIEW_cntv_ctl_el0, 998);
  shared->exit_reason = EXIT_HYPERCALL;
  *x(0) = 99;
  return 0;
}

static void timer_exits(void) {
  start_with(true);
  SCRIPT(timer_fires, signalled, sets_anew, sets_anew_and_calls);
  arm(VIEW_cntv_ctl_el0, 997);
  *core(CORE_PC) = CODE + 8;
  ok(go() == TV_EXIT_TIMER && !line_level[0] && left.pc == CODE + 8,
     "an expiry for the caller is an exit");
  ok(!kvm_wakes(cpu) && kvm_next_event(cpu) == TV_NO_LIMIT, "for no wait");
  ok(go() == TV_EXIT_TIMER && at == 3, "once, until the timer is set anew");
  ok(go() == TV_EXIT_HVC && at == 4 && kvm_wakes(cpu), "then a wait ends");
  ok(go() == TV_EXIT_TIMER && at == 4 && !line_level[0],
     "and what is known is said before the guest goes on");
  ok(go() == TV_EXIT_HVC, "once");
  const uint64_t later = 2000;
  tv_vcpu_set(cpu, TV_REG_SYS(VIEW_cntv_cval_el0), &later, 8, NULL);
  ok(go() == TV_EXIT_HVC, "one that was put off is none");
  tv_vm_reset(vm, NULL);
  arm(VIEW_cntv_ctl_el0, 998);
  ok(go() == TV_EXIT_TIMER, "the last one is, again, after a reset");
  stop();
}

static void lines(void) {
  start();
  tv_vcpu_irq(cpu, TV_IRQ, true, NULL);
  ok(irq == 0 && line_level[0] == 1, "the IRQ line is the vCPU's input 0");
  tv_vcpu_irq(cpu, TV_FIQ, true, NULL);
  ok(irq == 1 && line_level[1] == 1, "FIQ is 1");
  tv_vcpu_irq(cpu, TV_IRQ, false, NULL);
  ok(irq == 0 && line_level[0] == 0 && line_level[1] == 1,
     "they fall one by one");
  tv_vm_reset(vm, NULL);
  ok(line_level[0] == 0 && line_level[1] == 1,
     "what KVM forgets at a reset it is told again");
  tv_vcpu *last = NULL;
  for (unsigned n = 1; n <= 257; n++) tv_vcpu_new(vm, &last, &err);
  tv_vcpu_irq(last, TV_FIQ, true, NULL);
  eq_u64(irq, 1 << 28 | 1 << 16 | 1, "of vCPU 257, in two fields");
  tv_vcpu_irq(last, TV_IRQ, true, NULL);
  tv_vcpu_free(last);
  ok(!line_level[0] && !line_level[1], "those of a vCPU that goes fall");
  stop();
}

static int waits(void) {
  count(WFIS);
  sleeps++;
  *core(CORE_PC) = CODE + 4;
  return signalled();
}

// The signal came before the thread slept.
static int would_wait(void) {
  count(WFIS);
  *core(CORE_PC) = CODE + 4;
  return signalled();
}

static int stops(void) {
  tv_vm_stop(vm);
  return shared->immediate_exit ? signalled() : 0;
}

// Executes no WFI.
static int comes_behind_wfi(void) {
  *core(CORE_PC) = CODE + 4;
  return signalled();
}

static int sleeps_behind_wfi(void) {
  sleeps++;
  return comes_behind_wfi();
}

// Where the guest stands after this in its first instruction; that is no exit.
static uint64_t after(step_fn *what) {
  static step_fn *list[1];
  const uint64_t pc = CODE;
  list[0] = what;
  script = list;
  tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, NULL);    // waits no longer
  at = 0;
  length = 1;
  return go() == TV_EXIT_HVC ? *core(CORE_PC) - CODE : GARBAGE;
}

// The same, but the wait goes on outside the kernel: nothing has come after a
// millisecond, and the guest, which would call, has not been entered again.
static bool waits_outside(step_fn *what) {
  tv_vm_timeout(vm, 1000000);
  bool nothing = after(what) == GARBAGE && left.kind == TV_EXIT_TIMEOUT;
  tv_vm_timeout(vm, TV_NO_LIMIT);
  return nothing && at == 1 && *core(CORE_PC) == CODE + 4;
}

static void waiting(void) {
  static step_fn *const stepping[] = { waits, moves };
  start();
  SCRIPT(waits, would_wait);
  word(0xd503207f);                                   // wfi
  for (unsigned n = 1; n <= 2; n++) {
    *core(CORE_PC) = CODE;
    ok(go() == TV_EXIT_WFI && left.pc == CODE && *core(CORE_PC) == CODE + 4,
       "a WFI that nothing would end is an exit%s",
       n == 1 ? "" : ", if the signal comes before the thread sleeps, too");
  }
  arm(VIEW_cntv_ctl_el0, SOME_DAY);
  ok(waits_outside(waits), "with a timer armed it goes on, in the core");
  arm(VIEW_cntp_ctl_el0, SOME_DAY);
  ok(waits_outside(would_wait), "with the physical one, too");
  arm(VIEW_cntv_ctl_el0, UINT64_MAX);
  ok(after(waits) == GARBAGE && left.kind == TV_EXIT_WFI,
     "one that is set for ever is none");
  arm(VIEW_cntv_ctl_el0, 999);
  eq_u64(after(waits), 4, "one that has gone off ends it");
  arm(VIEW_cntv_ctl_el0, SOME_DAY);
  tv_vcpu_irq(cpu, TV_IRQ, true, NULL);
  eq_u64(after(waits), 4, "and so does a line");
  tv_vcpu_irq(cpu, TV_IRQ, false, NULL);
  arm(0, 0);
  word(0xd503201f);                                   // nop
  eq_u64(after(waits), 4, "another instruction is no WFI");
  word(0xd503207f);
  eq_u64(after(comes_behind_wfi), 4, "nor is a WFI that was not executed");
  eq_u64(after(sleeps_behind_wfi), 4, "whatever the thread slept for");
  arm(VIEW_cntv_ctl_el0, SOME_DAY);
  script = stepping;
  length = 2;
  *core(CORE_PC) = CODE;
  at = 0;
  tv_vcpu_step(cpu, 2, &left, NULL);
  ok(*core(CORE_PC) == CODE + 8 && at == 2, "one that was stepped is done");
  stop();
}

static int silenced_and_waits(void) {
  shared->device_irq_level = 0;
  return waits();
}

static int silenced_and_passes(void) {
  shared->device_irq_level = 0;
  return would_wait();
}

// A timer's output is up, so that a WFI ends at once; then the guest silences
// it. Whether it has waited after that, the thread's sleep tells.
static void waiting_when_due(void) {
  start_with(true);
  word(0xd503207f);                                   // wfi
  shared->device_irq_level = LEVEL_VTIMER;
  kvm_of(cpu)->timer_reported = true;
  eq_u64(after(silenced_and_passes), 4, "a WFI while a timer is up is none");
  shared->device_irq_level = LEVEL_VTIMER;
  kvm_of(cpu)->timer_reported = true;
  eq_u64(after(silenced_and_waits), GARBAGE, "after that it is one");
  ok(left.kind == TV_EXIT_WFI, "and an exit");
  stop();
}

// Before Linux 5.14.
static void waiting_without_statistics(void) {
  for (unsigned n = 0; n < 2; n++) {
    has_statistics = n;
    nameless = true;
    start();
    word(0xd503207f);                                 // wfi
    eq_u64(after(would_wait), 4, "without statistics no sleep is no wait");
    ok(after(waits) == GARBAGE && left.kind == TV_EXIT_WFI, "a sleep is one");
    stop();
  }
  nameless = false;
}

static int passes_time(void) {
  at = 0;
  nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
  return signalled();
}

static bool ticked;

static int blocks(void) {
  ticked = nanosleep(&(struct timespec){ .tv_sec = 5 }, NULL) < 0;
  return signalled();
}

static void ticks(void) {
  start();
  SCRIPT(blocks, passes_time);
  length = 1;
  ok(go() == TV_EXIT_HVC && ticked, "a run that blocks is looked at");
  ok(!nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL),
     "and after it there are no signals");
  script = list + 1;
  at = 0;
  ok(!tv_vm_run(vm, 2000000, &left, &err) && left.kind == TV_EXIT_BUDGET,
     "a budget is time");
  stop();
}

static void kicks(void) {
  start();
  SCRIPT(stops);
  ok(go() == TV_EXIT_STOPPED && at == 1, "a kick ends KVM_RUN, at once");
  tv_vm_stop(vm);
  ok(go() == TV_EXIT_STOPPED, "before a run it ends the next");
  kvm_kick(cpu);
  at = 0;
  length = 0;
  ok(go() == TV_EXIT_HVC && !shared->immediate_exit, "and no run after it");
  stop();
}

int main(void) {
  steps();
  steps_in_place();
  steps_into_exceptions();
  timers();
  reset_with_lines_up();
  timers_unheard();
  timer_exits();
  lines();
  waiting();
  waiting_when_due();
  waiting_without_statistics();
  ticks();
  kicks();
  return done();
}

#else

#include "tap.h"

int main(void) {
  skip("ioctl is declared otherwise than by glibc", "waits on KVM");
  return done();
}

#endif
