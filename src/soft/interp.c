// SPDX-License-Identifier: MIT
//
// The run loop. The inner loop executes predecoded instructions and counts
// them; everything that needs the time, an exception or the world outside
// leaves it, so that the outer loop sees pc, clock and flags in memory.
//
// Interrupts and timers: lines change only between inner runs, and a timer's
// expiry bounds the steps of an inner run, so both fall on exact steps.

#include <string.h>

#include "a64/esr.h"
#include "base/hostfp.h"
#include "core/breakpoint.h"
#include "soft/soft.h"

// The longest chain of handlers: what it may nest if the compiler makes no
// jumps of the calls that end them.
enum { CHAIN = 1024 };

// PSTATE.BTYPE out of pstate for a chain of handlers, and back (cpu.h).
static void open_btype(struct soft_cpu *cpu, uint64_t left) {
  cpu->h.btype = cpu->pstate & PSTATE_BTYPE;
  cpu->h.btype_left = left;
}

static void close_btype(struct soft_cpu *cpu) {
  cpu->pstate &= ~(uint32_t)PSTATE_BTYPE;
  if (cpu->h.btype_left == cpu->h.left)
    cpu->pstate |= cpu->h.btype & cpu->h.vm->pstate_bits;
}

// Executes up to n instructions from cpu->pc; n > 0. Returns how many are
// left: 0 if all are done, else the first of these left the loop.
static uint64_t execute(struct soft_cpu *cpu, uint64_t n) {
  const struct insn *i = soft_jump(cpu, cpu->pc);
  do {
    uint64_t chain = n < CHAIN ? n : CHAIN;
    open_btype(cpu, chain);
    const struct insn *next = i->fn(cpu, i, chain);
    close_btype(cpu);
    n -= chain - cpu->h.left;
    if (!next) return n;
    i = next;
  } while (n);
  cpu->pc = soft_pc(cpu, i);
  return 0;
}

static bool interrupt_due(struct soft_cpu *cpu) {
  bool open_i = !(cpu->pstate & PSTATE_I), open_f = !(cpu->pstate & PSTATE_F);
  return soft_lines(cpu) & ((unsigned)open_i << TV_IRQ |
                            (unsigned)open_f << TV_FIQ);
}

static uint64_t bound(const struct soft_cpu *cpu, uint64_t left) {
  if (cpu->pending.active || cpu->h.vcpu->at_breakpoint) return 1;
  uint64_t timer = soft_timer_distance(cpu);
  return timer < left ? timer : left;
}

static enum slow_step fetch_again(struct soft_cpu *cpu) {
  if (cpu->h.vm->code_pages >= CODE_PAGES_MAX) {
    soft_code_flush(cpu->h.vm, cpu->h.vcpu->vm);
    if (soft_jump(cpu, cpu->pc) != &soft_fetch_fault) return STEP_AGAIN;
  }
  return soft_fetch_failure(cpu);
}

void soft_open_fp(struct soft_cpu *cpu) {
  cpu->h.fp.callers = hostfp_enter();
  cpu->h.fp.open = true;
  soft_update_mode(cpu);
}

static void close_fp(struct soft_cpu *cpu) {
  if (!cpu->h.fp.open) return;
  cpu->h.fp.open = false;
  cpu->mode &= ~(uint32_t)(MODE_FP_PLAIN | MODE_FP_HOST);
  hostfp_leave(cpu->h.fp.callers);
}

static enum slow_step why_left(struct soft_cpu *cpu) {
  switch (cpu->h.leave) {
  case LEAVE_SLOW: return soft_slow(cpu, cpu->h.word);
  case LEAVE_HVC: return soft_hvc(cpu, cpu->h.word);
  case LEAVE_EXCEPTION: return STEP_EXCEPTION;
  case LEAVE_EXIT: return STEP_EXIT;
  case LEAVE_DEVICE: return soft_gic_access(cpu);
  case LEAVE_FETCH: return fetch_again(cpu);
  }
  return STEP_EXIT;
}

static uint32_t word_at(const struct soft_cpu *cpu, uint64_t pc) {
  const struct region *region = mem_range(cpu->h.vcpu->vm, pc, 4);
  uint32_t word = 0;
  if (region && region->host)
    memcpy(&word, region->host + (pc - region->base), 4);
  return word;
}

// A run in progress: what is left of the grant, and how it ended.
struct run {
  uint64_t left;
  enum back_end end;
  bool over;
  tv_exit *exit;
};

static void count(struct soft_cpu *cpu, struct run *run, uint64_t steps) {
  cpu->h.vm->clock += steps;
  run->left -= steps;
  if (steps && !cpu->h.unfinished) breakpoint_pass(cpu->h.vcpu);
}

static void stop(struct run *run, enum back_end end) {
  run->end = end;
  run->over = true;
}

static void stop_exit(struct soft_cpu *cpu, struct run *run, uint64_t pc,
                      uint32_t word) {
  run->exit->kind = cpu->h.exit.kind;
  run->exit->u = cpu->h.exit.u;
  run->exit->pc = pc;
  run->exit->pstate = soft_pstate(cpu);
  run->exit->insn = word;
  stop(run, BACK_EXIT);
}

// Finishes the instruction that left the inner loop.
static void finish(struct soft_cpu *cpu, struct run *run,
                   enum slow_step step) {
  uint64_t pc = cpu->pc;
  switch (step) {
  case STEP_AGAIN:
    return;
  case STEP_EXIT:
    if (cpu->h.exit.kind == TV_EXIT_BREAKPOINT)
      breakpoint_report(cpu->h.vcpu, pc);
    stop_exit(cpu, run, pc, word_at(cpu, pc));
    return;
  case STEP_EXCEPTION:
    if (!soft_take(cpu, &cpu->h.exc)) {
      stop_exit(cpu, run, pc, word_at(cpu, pc));
      return;
    }
    break;
  case STEP_JUMPED:
    break;
  case STEP_NEXT: case STEP_IDLE: case STEP_YIELD: case STEP_EXIT_DONE:
    cpu->pc += 4;
    cpu->pstate &= ~(uint32_t)PSTATE_BTYPE;
    break;
  }
  cpu->pending.active = cpu->pending.waiting = false;
  count(cpu, run, 1);
  if (step == STEP_EXIT_DONE) stop_exit(cpu, run, pc, cpu->h.word);
  if (step == STEP_IDLE) stop(run, BACK_IDLE);
  if (step == STEP_YIELD) stop(run, BACK_YIELD);
}

// What comes before the next instruction: timer exits, interrupts (entering
// one is no step), an illegal execution state. True if there was something.
static bool before(struct soft_cpu *cpu, struct run *run) {
  if (cpu->pending.active) return false;
  if (soft_timer_exit_due(cpu)) {
    soft_timer_exit_reported(cpu);
    cpu->h.exit.kind = TV_EXIT_TIMER;
    stop_exit(cpu, run, cpu->pc, word_at(cpu, cpu->pc));
    return true;
  }
  if (interrupt_due(cpu)) {
    if (!soft_take_interrupt(cpu))
      stop_exit(cpu, run, cpu->pc, word_at(cpu, cpu->pc));
    return true;
  }
  if (cpu->pstate & PSTATE_IL &&                        // D1.3.5.5: later
      soft_jump(cpu, cpu->pc) != &soft_fetch_fault &&
      !soft_at_breakpoint(cpu)) {
    finish(cpu, run, soft_raise(cpu, esr_make(ESR_EC_ILLEGAL, 0),
                                TV_FAULT_ILLEGAL_STATE));
    return true;
  }
  return false;
}

// Tells the trace function about the instruction at pc, unless that is one
// in the middle of its parts, which it knows, or will not be executed now. The
// function finds the host's floating-point environment as it was before the
// run.
static void trace(struct soft_cpu *cpu) {
  const tv_vm *vm = cpu->h.vcpu->vm;
  if (cpu->pending.active || soft_at_breakpoint(cpu) ||
      soft_jump(cpu, cpu->pc) == &soft_fetch_fault)
    return;
  tv_step step = {
    .vcpu = cpu->h.vcpu, .pc = cpu->pc, .pstate = (uint32_t)soft_pstate(cpu),
    .x = cpu->x, .q = (const uint64_t (*)[2])cpu->v
  };
  memcpy(&step.insn, cpu->h.page->bytes + (cpu->pc & (PAGE_BYTES - 1)), 4);
  close_fp(cpu);
  vm->trace(vm->trace_ctx, &step);
}

enum back_end soft_run(tv_vcpu *vcpu, uint64_t grant, uint64_t *done,
                       tv_exit *exit) {
  struct soft_cpu *cpu = vcpu->back;
  struct run run = { .left = grant, .end = BACK_DONE, .exit = exit };
  if (cpu->h.vm->last != cpu) cpu->excl.valid = false;
  cpu->h.vm->last = cpu;
  cpu->wait = WAIT_NONE;
  if (cpu->pending.active && cpu->pending.pc != cpu->pc)
    cpu->pending.active = false;
  if (vcpu->at_breakpoint && vcpu->breakpoint_pc != cpu->pc)
    breakpoint_pass(vcpu);
  while (run.left && !run.over) {
    if (before(cpu, &run)) continue;
    uint64_t n = bound(cpu, run.left);
    if (BITS_UNLIKELY(vcpu->vm->trace)) {
      trace(cpu);
      n = 1;
    }
    cpu->h.unfinished = false;
    uint64_t rest = execute(cpu, n);
    count(cpu, &run, n - rest);
    if (rest) finish(cpu, &run, why_left(cpu));
    else cpu->pending.active = false;
  }
  close_fp(cpu);
  *done = grant - run.left;
  return run.end;
}
