// SPDX-License-Identifier: MIT
//
// Runs: one vCPU, or all that are on, in turns.
//
// A run is a sequence of grants. Between two of them the core looks at
// everything that ends a run from outside (stop, budget, deadline, timeout),
// whose turn it is, and answers hypercalls. The state between grants is all
// in the VM: a budget that ends in the middle of a turn, or of a wait, changes
// nothing about what comes next, however the caller slices it.

#include "core/breakpoint.h"
#include "core/crew.h"

static uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

// ------------------------------------------------------------ who is next --

bool run_ready(tv_vcpu *cpu) {
  if (cpu->power != VCPU_ON) return false;
  if (cpu->idle && cpu->vm->backend->wakes(cpu)) cpu->idle = false;
  return !cpu->idle;
}

// NULL: nobody can run.
static tv_vcpu *next(const struct run *run) {
  tv_vm *vm = run->vm;
  if (run->only) return run_ready(run->only) ? run->only : NULL;
  if (vm->turn_left && vm->vcpus && run_ready(vm->vcpu[vm->turn]))
    return vm->vcpu[vm->turn];
  for (unsigned k = 1; k <= vm->vcpus; k++) {
    unsigned i = (vm->turn + k) % vm->vcpus;
    if (!run_ready(vm->vcpu[i])) continue;
    vm->turn = i;
    vm->turn_left = TURN_STEPS;
    return vm->vcpu[i];
  }
  return NULL;
}

struct run_waiting run_waiting(const struct run *run) {
  const tv_vm *vm = run->vm;
  struct run_waiting w = { NULL, NULL, TV_NO_LIMIT };
  unsigned count = run->only ? 1 : vm->vcpus;
  for (unsigned k = 0; k < count; k++) {
    tv_vcpu *cpu = run->only ? run->only
                             : vm->vcpu[(vm->turn + k) % vm->vcpus];
    if (cpu->power != VCPU_ON) continue;
    if (!w.first) w.first = cpu;
    uint64_t event = vm->backend->next_event(cpu);
    if (event >= w.event) continue;
    w.timed = cpu;
    w.event = event;
  }
  return w;
}

// ---------------------------------------------------------------- leaving --

bool run_leave(const struct run *run, tv_exit_kind kind) {
  tv_vm *vm = run->vm;
  tv_vcpu *cpu = run->only ? run->only
                 : vm->vcpus ? vm->vcpu[vm->turn] : NULL;
  exit_fill(run->exit, kind, cpu, 0);
  return false;
}

static bool leave_halted(const struct run *run) {
  run_leave(run, TV_EXIT_SHUTDOWN);
  run->exit->u.shutdown.reason = TV_SHUTDOWN_HALT;
  return false;
}

// Only the caller can end this wait; running again goes on behind the WFI.
static bool leave_waiting(const struct run *run, tv_vcpu *cpu) {
  cpu->idle = false;
  exit_fill(run->exit, TV_EXIT_WFI, cpu, 4);
  return false;
}

bool run_leave_quiet(const struct run *run, const struct run_waiting *w) {
  return w->first ? leave_waiting(run, w->first) : leave_halted(run);
}

bool run_fail(struct run *run, tv_vcpu *cpu) {
  run->status = cpu->failure.code;
  run->failed = cpu;
  return false;
}

static bool timed_out(const tv_vm *vm) {
  return vm->timeout != TV_NO_LIMIT && os_clock() >= vm->timeout;
}

static bool stop_requested(tv_vm *vm) {
  return atomic_load(&vm->request) & REQUEST_STOP &&
         atomic_fetch_and(&vm->request, ~(unsigned)REQUEST_STOP) &
           REQUEST_STOP;
}

// ---------------------------------------------------------------- running --

// Nobody can run: lets idle time pass, in no steps. When the event is there
// its vCPU goes on even if nothing wakes it (WFI may end at any time, Arm ARM
// D1.6), so that no wait lasts for ever.
static bool wait_for_event(const struct run *run) {
  tv_vm *vm = run->vm;
  struct run_waiting w = run_waiting(run);
  if (!w.timed) return run_leave_quiet(run, &w);
  if (!run->budget) return run_leave(run, TV_EXIT_BUDGET);
  uint64_t now = vm->backend->time(vm);
  if (now >= vm->deadline) return run_leave(run, TV_EXIT_DEADLINE);
  if (timed_out(vm)) return run_leave(run, TV_EXIT_TIMEOUT);
  if (w.event > now) vm->backend->skip_to(vm, min(w.event, vm->deadline));
  if (vm->backend->time(vm) >= w.event) w.timed->idle = false;
  return true;
}

// Hardware vCPUs that are several have threads (crew.h), one has no turns.
static bool takes_turns(const struct run *run) {
  return !run->only && run->vm->backend->exact;
}

// A step that changes a GIC may look at all vCPUs.
static uint64_t longest_grant(const tv_vm *vm) {
  if (!vm->backend->exact) return TV_NO_LIMIT;
  return vm->gic ? GRANT_STEPS / vm->vcpus : GRANT_STEPS;
}

// The steps that may be done before the core must look again; 0 if a limit
// is reached, whose exit is then filled.
static uint64_t grant(const struct run *run) {
  tv_vm *vm = run->vm;
  bool exact = vm->backend->exact;
  uint64_t steps = min(run->budget, longest_grant(vm));
  if (!steps) return run_leave(run, TV_EXIT_BUDGET);
  if (takes_turns(run)) steps = min(steps, vm->turn_left);
  if (vm->deadline != TV_NO_LIMIT) {
    uint64_t now = vm->backend->time(vm);
    if (now >= vm->deadline) return run_leave(run, TV_EXIT_DEADLINE);
    steps = min(steps, vm->deadline - now);
  }
  if (vm->timeout == TV_NO_LIMIT) return steps;
  uint64_t now = os_clock();
  if (now >= vm->timeout) return run_leave(run, TV_EXIT_TIMEOUT);
  return exact ? steps : min(steps, vm->timeout - now);
}

bool run_limit(const struct run *run, tv_exit_kind *kind) {
  tv_vm *vm = run->vm;
  if (stop_requested(vm)) *kind = TV_EXIT_STOPPED;
  else if (!run->budget) *kind = TV_EXIT_BUDGET;
  else if (vm->backend->time(vm) >= vm->deadline) *kind = TV_EXIT_DEADLINE;
  else if (timed_out(vm)) *kind = TV_EXIT_TIMEOUT;
  else return false;
  return true;
}

bool run_answered(tv_vcpu *cpu, tv_exit *exit) {
  exit->vcpu = cpu;
  if (exit->kind == TV_EXIT_BREAKPOINT &&
      !breakpoint_at(cpu->vm, exit->pc)) {    // cleared before it was told
    breakpoint_pass(cpu);
    return true;
  }
  doorbell_answer(cpu, exit);
  exit->icount = cpu->icount;
  cpu->vm->exits[exit->kind]++;
  return exit->kind == TV_EXIT_HVC && hypercall_serve(cpu, exit);
}

static void spend(struct run *run, uint64_t steps) {
  run->budget -= min(steps, run->budget);
  if (takes_turns(run)) run->vm->turn_left -= min(steps, run->vm->turn_left);
}

// One grant; false when the exit is filled.
static bool step(struct run *run) {
  tv_vm *vm = run->vm;
  tv_vcpu *cpu = next(run);
  if (cpu != atomic_load_explicit(&vm->current, memory_order_relaxed))
    atomic_store(&vm->current, cpu);
  if (stop_requested(vm)) return run_leave(run, TV_EXIT_STOPPED);
  if (!cpu) return wait_for_event(run);
  uint64_t steps = grant(run), done = 0;
  if (!steps) return false;

  enum back_end end = vm->backend->run(cpu, steps, &done, run->exit);
  if (vm->backend->exact || cpu->single) cpu->icount += done;
  if (end == BACK_FAILED) return run_fail(run, cpu);
  if (end == BACK_DONE) output_flush(vm);
  if (end == BACK_IDLE) cpu->idle = true;
  uint64_t before = cpu->icount;
  bool go_on = end != BACK_EXIT || run_answered(cpu, run->exit);
  spend(run, done + (cpu->icount - before));   // and a call by the doorbell
  if (!run->only && (end == BACK_YIELD || cpu->idle)) vm->turn_left = 0;
  return go_on;
}

// ------------------------------------------------------------------ doors --

static tv_status check_pending(const tv_vcpu *cpu, tv_error *err) {
  if (!cpu->vm->backend->pending(cpu)) return TV_OK;
  return err_set(err, TV_E_PENDING, 0, "vCPU %u waits for the answer to a "
                 "read; call tv_vcpu_answer, _skip or _inject", cpu->index);
}

static void claim(tv_vcpu *cpu) {
  if (cpu->owned) return;
  cpu->owned = true;
  cpu->owner = pthread_self();
}

static tv_status drive(struct run *run, tv_error *err) {
  tv_vm *vm = run->vm;
  bool crew = false;
  tv_status s = vm->failure.code;
  if (s && err) *err = vm->failure;
  if (!s && !vm->backend->exact) s = crew_prepare(vm, run->only, &crew, err);
  if (s) return s;
  vm->running = vm->ran = true;
  if (!run->budget) run_leave(run, TV_EXIT_BUDGET);
  else if (crew) crew_drive(run);
  else while (step(run)) {}
  atomic_store_explicit(&vm->current, NULL, memory_order_relaxed);
  output_flush(vm);
  vm->running = false;
  if (run->failed && err) *err = run->failed->failure;
  return run->status;
}

tv_status tv_vcpu_run(tv_vcpu *cpu, uint64_t budget, tv_exit *out,
                      tv_error *err) {
  assert(cpu && out);
  tv_status s = vcpu_check_thread(cpu, err);
  if (!s) s = vm_check_idle(cpu->vm, "run", err);
  if (!s) s = check_pending(cpu, err);
  if (s) return s;
  if (cpu->power == VCPU_EXITED)
    return err_set(err, TV_E_STATE, 0, "vCPU %u has ended; set its pc, or "
                   "reset the VM, to run it again", cpu->index);
  claim(cpu);
  cpu->power = VCPU_ON;
  return drive(&(struct run){ .vm = cpu->vm, .only = cpu, .budget = budget,
                              .exit = out }, err);
}

tv_status tv_vcpu_step(tv_vcpu *cpu, uint64_t steps, tv_exit *out,
                       tv_error *err) {
  assert(cpu && out);
  tv_status s = vm_check_idle(cpu->vm, "run", err);
  if (s) return s;
  cpu->single = !cpu->vm->backend->exact;
  s = tv_vcpu_run(cpu, steps, out, err);
  cpu->single = false;
  return s;
}

tv_status tv_vm_run(tv_vm *vm, uint64_t budget, tv_exit *out,
                    tv_error *err) {
  assert(vm && out);
  tv_status s = TV_OK;
  for (unsigned i = 0; !s && i < vm->vcpus; i++)
    s = vcpu_check_thread(vm->vcpu[i], err);
  if (!s) s = vm_check_idle(vm, "run", err);
  for (unsigned i = 0; !s && i < vm->vcpus; i++)
    if (vm->vcpu[i]->power == VCPU_ON) s = check_pending(vm->vcpu[i], err);
  if (s) return s;
  for (unsigned i = 0; i < vm->vcpus; i++) claim(vm->vcpu[i]);
  return drive(&(struct run){ .vm = vm, .budget = budget, .exit = out },
               err);
}
