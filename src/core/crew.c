// SPDX-License-Identifier: MIT
//
// The crew: workers, the calls that go to them, and the director. See crew.h.
//
// One lock, crew->lock, guards every field here that two threads touch. It is
// held neither inside the backend nor while an exit is answered. A worker's
// duty says what it has to do and, by that, whose the vCPU is: the worker's
// in ON_RUN and ON_CALL, the director's otherwise.

#include "core/crew.h"

#include <signal.h>

#include "core/breakpoint.h"

enum {
  IDLE_POLL_NS = 5000000,    // a stop is seen this soon while all wait
  SHARE_MIN = 20000          // of a budget, for one grant
};

enum duty { PARKED, ON_CALL, ON_RUN, REPORTED, DISMISSED };

// A backend function of a vCPU, on its way to the thread that owns it.
enum call_kind { CALL_START, CALL_GET, CALL_SET, CALL_RESET, CALL_NEXT_EVENT,
                 CALL_PENDING, CALL_ANSWER, CALL_FORGET, CALL_INJECT,
                 CALL_IRQ, CALL_WAKES, CALL_FREE };

struct call {
  enum call_kind kind;
  tv_reg reg;
  void *to;
  const void *from;
  uint64_t a, b;         // arguments; a is also the result, if not a status
  tv_error *err;
  tv_status s;
};

struct worker {
  tv_vcpu *cpu;
  pthread_t thread;
  pthread_cond_t wake;
  enum duty duty;
  struct call *call;
  enum duty after_call;  // PARKED or REPORTED
  enum back_end end;     // of the run it reports
  tv_exit exit;
};

struct crew {
  struct backend door;   // what vm->backend is, with workers
  pthread_mutex_t lock;
  pthread_cond_t news;   // a worker has parked, reported or ended a grant
  bool halt;             // nobody may begin another grant
  uint64_t budget;       // of the run, less what is granted
  uint64_t deadline;     // a copy, for the workers
};

// ----------------------------------------------------------------- worker --

// Takes what a vCPU may run next out of the budget; 0: nothing now.
static uint64_t take(struct crew *crew, const tv_vm *vm) {
  uint64_t now = vm->real->time(vm), n = GRANT_STEPS;
  uint64_t share = crew->budget / vm->vcpus;
  if (crew->halt || now >= crew->deadline) return 0;
  if (share < SHARE_MIN) share = SHARE_MIN;
  if (n > share) n = share;
  if (n > crew->deadline - now) n = crew->deadline - now;
  if (n > crew->budget) n = crew->budget;
  if (crew->budget != TV_NO_LIMIT) crew->budget -= n;
  return n;
}

static void give_back(struct crew *crew, uint64_t granted, uint64_t done) {
  if (crew->budget != TV_NO_LIMIT && done < granted)
    crew->budget += granted - done;
}

// One grant, with the lock held on entry and return.
static void run_grant(struct crew *crew, struct worker *w) {
  tv_vm *vm = w->cpu->vm;
  uint64_t n = take(crew, vm), done = 0;
  if (!n) {
    w->duty = PARKED;
    return;
  }
  pthread_mutex_unlock(&crew->lock);
  enum back_end end = vm->real->run(w->cpu, n, &done, &w->exit);
  if (w->cpu->single) w->cpu->icount += done;
  pthread_mutex_lock(&crew->lock);
  give_back(crew, n, done);
  if (end == BACK_EXIT || end == BACK_IDLE || end == BACK_FAILED) {
    w->duty = REPORTED;
    w->end = end;
  } else if (crew->halt) {
    w->duty = PARKED;
  }
}

static void perform(tv_vcpu *cpu, struct call *c) {
  const struct backend *real = cpu->vm->real;
  switch (c->kind) {
    case CALL_START: c->s = real->vcpu_start(cpu, c->err); break;
    case CALL_GET: c->s = real->get(cpu, c->reg, c->to, c->err); break;
    case CALL_SET: c->s = real->set(cpu, c->reg, c->from, c->err); break;
    case CALL_RESET: real->vcpu_reset(cpu); break;
    case CALL_NEXT_EVENT: c->a = real->next_event(cpu); break;
    case CALL_PENDING: c->a = real->pending(cpu); break;
    case CALL_ANSWER: real->answer(cpu, c->a); break;
    case CALL_FORGET: real->forget(cpu); break;
    case CALL_INJECT: c->s = real->inject(cpu, c->a, c->b, c->err); break;
    case CALL_IRQ: real->irq(cpu, (tv_irq_line)c->a, c->b); break;
    case CALL_WAKES: c->a = real->wakes(cpu); break;
    case CALL_FREE: real->vcpu_free(cpu); break;
  }
}

static void run_call(struct crew *crew, struct worker *w) {
  pthread_mutex_unlock(&crew->lock);
  perform(w->cpu, w->call);
  pthread_mutex_lock(&crew->lock);
  w->duty = w->after_call;
}

// Tells the director, who may be in a run of his own vCPU.
static void tell(struct crew *crew, tv_vm *vm) {
  pthread_cond_signal(&crew->news);
  tv_vcpu *own = atomic_load(&vm->current);
  if (own) vm->real->kick(own);
}

static void *work(void *arg) {
  struct worker *w = arg;
  tv_vm *vm = w->cpu->vm;
  struct crew *crew = vm->crew;
  pthread_mutex_lock(&crew->lock);
  while (w->duty != DISMISSED) {
    switch (w->duty) {
      case ON_RUN: run_grant(crew, w); tell(crew, vm); break;
      case ON_CALL: run_call(crew, w); tell(crew, vm); break;
      default: pthread_cond_wait(&w->wake, &crew->lock); break;
    }
  }
  pthread_mutex_unlock(&crew->lock);
  return NULL;
}

// ------------------------------------------------------- calls to workers --

static bool on(struct crew *crew, const struct worker *w, enum duty duty) {
  pthread_mutex_lock(&crew->lock);
  bool yes = w->duty == duty;
  pthread_mutex_unlock(&crew->lock);
  return yes;
}

static void assign(struct worker *w, enum duty duty) {
  w->duty = duty;
  pthread_cond_signal(&w->wake);
}

// Until the worker has parked or reported; a running one is stopped. The next
// round of the director lets it go on.
static void settle(struct crew *crew, struct worker *w) {
  bool halt = crew->halt;
  while (w->duty == ON_RUN || w->duty == ON_CALL) {
    crew->halt = true;
    if (w->duty == ON_RUN) w->cpu->vm->real->kick(w->cpu);
    pthread_cond_wait(&crew->news, &crew->lock);
  }
  crew->halt = halt;
}

void crew_still(tv_vm *vm) {
  struct crew *crew = vm->crew;
  if (!crew) return;
  pthread_mutex_lock(&crew->lock);
  for (unsigned i = 0; i < vm->vcpus; i++)
    if (vm->vcpu[i]->worker) settle(crew, vm->vcpu[i]->worker);
  pthread_mutex_unlock(&crew->lock);
}

static void hand_over(struct crew *crew, struct worker *w, struct call *c) {
  pthread_mutex_lock(&crew->lock);
  settle(crew, w);
  w->after_call = c->kind == CALL_FORGET ? PARKED : w->duty;
  w->call = c;
  assign(w, ON_CALL);
  while (w->duty == ON_CALL) pthread_cond_wait(&crew->news, &crew->lock);
  pthread_mutex_unlock(&crew->lock);
}

static struct call *route(const tv_vcpu *vcpu, struct call *c) {
  tv_vcpu *cpu = (tv_vcpu *)vcpu;
  if (cpu->worker) hand_over(cpu->vm->crew, cpu->worker, c);
  else perform(cpu, c);
  return c;
}

static tv_status door_get(tv_vcpu *cpu, tv_reg reg, void *to,
                          tv_error *err) {
  return route(cpu, &(struct call){ .kind = CALL_GET, .reg = reg, .to = to,
                                    .err = err })->s;
}

static tv_status door_set(tv_vcpu *cpu, tv_reg reg, const void *from,
                          tv_error *err) {
  return route(cpu, &(struct call){ .kind = CALL_SET, .reg = reg,
                                    .from = from, .err = err })->s;
}

static void door_vcpu_reset(tv_vcpu *cpu) {
  route(cpu, &(struct call){ .kind = CALL_RESET });
}

static uint64_t door_next_event(const tv_vcpu *cpu) {
  return route(cpu, &(struct call){ .kind = CALL_NEXT_EVENT })->a;
}

// An exit that has not been told yet waits for nothing.
static bool door_pending(const tv_vcpu *cpu) {
  if (cpu->worker && on(cpu->vm->crew, cpu->worker, REPORTED)) return false;
  return route(cpu, &(struct call){ .kind = CALL_PENDING })->a;
}

static void door_answer(tv_vcpu *cpu, uint64_t value) {
  route(cpu, &(struct call){ .kind = CALL_ANSWER, .a = value });
}

// A breakpoint that has not been told yet is none.
static void door_forget(tv_vcpu *cpu) {
  if (cpu->worker && on(cpu->vm->crew, cpu->worker, REPORTED))
    breakpoint_pass(cpu);
  route(cpu, &(struct call){ .kind = CALL_FORGET });
}

static tv_status door_inject(tv_vcpu *cpu, uint64_t esr, uint64_t far,
                             tv_error *err) {
  return route(cpu, &(struct call){ .kind = CALL_INJECT, .a = esr, .b = far,
                                    .err = err })->s;
}

static void door_irq(tv_vcpu *cpu, tv_irq_line line, bool level) {
  route(cpu, &(struct call){ .kind = CALL_IRQ, .a = line, .b = level });
}

static bool door_wakes(const tv_vcpu *cpu) {
  return route(cpu, &(struct call){ .kind = CALL_WAKES })->a;
}

static void door_vcpu_free(tv_vcpu *cpu) {
  route(cpu, &(struct call){ .kind = CALL_FREE });
}

// ------------------------------------------------------------------- life --

static tv_status no_room(tv_error *err, int os, unsigned index) {
  return err_set(err, TV_E_NO_MEMORY, os, "the host has no room for the "
                 "thread of vCPU %u", index);
}

static tv_status found(tv_vm *vm, tv_error *err) {
  if (vm->crew) return TV_OK;
  struct crew *crew = alloc_new(sizeof *crew);
  if (!crew) return no_room(err, 0, 0);
  pthread_mutex_init(&crew->lock, NULL);
  pthread_cond_init(&crew->news, NULL);
  crew->door = *vm->backend;
  crew->door.get = door_get;
  crew->door.set = door_set;
  crew->door.vcpu_reset = door_vcpu_reset;
  crew->door.vcpu_free = door_vcpu_free;
  crew->door.next_event = door_next_event;
  crew->door.pending = door_pending;
  crew->door.answer = door_answer;
  crew->door.forget = door_forget;
  crew->door.inject = door_inject;
  crew->door.irq = door_irq;
  crew->door.wakes = door_wakes;
  vm->crew = crew;
  vm->backend = &crew->door;
  return TV_OK;
}

// Signals are the caller's affair: a worker has none to handle.
static int start(struct worker *w) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  int os = pthread_create(&w->thread, NULL, work, w);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return os;
}

static tv_status engage(tv_vcpu *cpu, tv_error *err) {
  struct worker *w = alloc_new(sizeof *w);
  if (!w) return no_room(err, 0, cpu->index);
  w->cpu = cpu;
  pthread_cond_init(&w->wake, NULL);
  int os = start(w);
  if (os) {
    pthread_cond_destroy(&w->wake);
    alloc_free(w);
    return no_room(err, os, cpu->index);
  }
  cpu->worker = w;
  return TV_OK;
}

// A GIC gives its redistributors as vCPUs come into being.
static tv_status start_in_order(tv_vm *vm, tv_error *err) {
  tv_status s = TV_OK;
  for (unsigned i = 0; !s && i < vm->vcpus; i++)
    s = route(vm->vcpu[i], &(struct call){ .kind = CALL_START,
                                           .err = err })->s;
  return s;
}

tv_status crew_prepare(tv_vm *vm, tv_vcpu *only, bool *needed,
                       tv_error *err) {
  tv_status s = TV_OK;
  *needed = false;
  if (!vm->vcpus) return s;
  if (!vm->crew && vm->vcpus == 1) vm->vcpu[0]->own = true;
  if (!vm->crew && vm->vcpus < 2) return s;
  *needed = true;
  s = found(vm, err);
  for (unsigned i = 0; !s && i < vm->vcpus; i++) {
    tv_vcpu *cpu = vm->vcpu[i];
    bool placed = cpu->own || cpu->worker;
    if (!placed && (!only || vm->gic || cpu == only)) s = engage(cpu, err);
  }
  bool ordered = vm->gic && !vm->ran && vm->real->vcpu_start;
  return s || !ordered ? s : start_in_order(vm, err);
}

void crew_dismiss(tv_vcpu *cpu) {
  struct worker *w = cpu->worker;
  if (!w) return;
  struct crew *crew = cpu->vm->crew;
  pthread_mutex_lock(&crew->lock);
  assign(w, DISMISSED);
  pthread_mutex_unlock(&crew->lock);
  pthread_join(w->thread, NULL);
  pthread_cond_destroy(&w->wake);
  alloc_free(w);
  cpu->worker = NULL;
}

void crew_free(tv_vm *vm) {
  struct crew *crew = vm->crew;
  if (!crew) return;
  vm->backend = vm->real;
  vm->crew = NULL;
  pthread_cond_destroy(&crew->news);
  pthread_mutex_destroy(&crew->lock);
  alloc_free(crew);
}

// --------------------------------------------------------------- director --

// A worker of the run with this duty, NULL if there is none. Under the lock.
static struct worker *with_duty(const struct run *run, enum duty duty) {
  for (unsigned i = 0; i < run->vm->vcpus; i++) {
    struct worker *w = run->vm->vcpu[i]->worker;
    if (w && (!run->only || run->only == w->cpu) && w->duty == duty) return w;
  }
  return NULL;
}

// All workers out of the backend; what they still report waits for the next
// run.
static void halt(struct crew *crew, const struct run *run) {
  struct worker *w;
  pthread_mutex_lock(&crew->lock);
  crew->halt = true;
  while ((w = with_duty(run, ON_RUN))) settle(crew, w);
  pthread_mutex_unlock(&crew->lock);
}

// As run_answered; a call by the doorbell is a step of the budget.
static bool answered(struct crew *crew, tv_vcpu *cpu, tv_exit *exit) {
  uint64_t before = cpu->icount;
  bool more = run_answered(cpu, exit);
  pthread_mutex_lock(&crew->lock);
  if (cpu->icount != before && crew->budget && crew->budget != TV_NO_LIMIT)
    crew->budget--;
  pthread_mutex_unlock(&crew->lock);
  return more;
}

// Answers what a worker reports; false if the run returns its exit.
static bool answer(struct crew *crew, struct run *run, struct worker *w) {
  pthread_mutex_lock(&crew->lock);
  w->duty = PARKED;
  pthread_mutex_unlock(&crew->lock);
  if (w->end == BACK_FAILED) return run_fail(run, w->cpu);
  if (w->end == BACK_IDLE) {
    w->cpu->idle = true;
    return true;
  }
  if (answered(crew, w->cpu, &w->exit)) return true;
  *run->exit = w->exit;
  return false;
}

// Lets every worker run whose vCPU can; true if one does. *own is the vCPU of
// the director's own thread, if that one can.
static bool hand_out(struct crew *crew, const struct run *run,
                     tv_vcpu **own) {
  bool busy = false;
  *own = NULL;
  for (unsigned i = 0; i < run->vm->vcpus; i++) {
    tv_vcpu *cpu = run->vm->vcpu[i];
    struct worker *w = cpu->worker;
    if (run->only && cpu != run->only) continue;
    if (w && !on(crew, w, PARKED)) {
      busy = true;
    } else if (run_ready(cpu) && !w) {
      *own = cpu;
    } else if (run_ready(cpu)) {
      pthread_mutex_lock(&crew->lock);
      assign(w, ON_RUN);
      pthread_mutex_unlock(&crew->lock);
      busy = true;
    }
  }
  return busy;
}

// Runs the director's own vCPU for a grant, unless there is news; false if the
// run returns its exit.
static bool run_own(struct crew *crew, struct run *run, tv_vcpu *cpu) {
  tv_vm *vm = run->vm;
  enum back_end end = BACK_KICKED;
  uint64_t done = 0;
  pthread_mutex_lock(&crew->lock);
  uint64_t n = with_duty(run, REPORTED) ? 0 : take(crew, vm);
  if (n) atomic_store(&vm->current, cpu);
  pthread_mutex_unlock(&crew->lock);
  if (!n) return true;
  end = vm->real->run(cpu, n, &done, run->exit);
  if (cpu->single) cpu->icount += done;
  atomic_store(&vm->current, NULL);
  pthread_mutex_lock(&crew->lock);
  give_back(crew, n, done);
  pthread_mutex_unlock(&crew->lock);
  if (end == BACK_FAILED) return run_fail(run, cpu);
  if (end == BACK_IDLE) cpu->idle = true;
  return end != BACK_EXIT || answered(crew, cpu, run->exit);
}

// Nobody can run: lets the time until a timer fires pass, a little of it;
// false if only the caller can go on, and the exit is filled.
static bool sleep_a_little(const struct run *run) {
  struct run_waiting w = run_waiting(run);
  if (!w.timed) return run_leave_quiet(run, &w);
  uint64_t now = run->vm->backend->time(run->vm);
  if (w.event <= now) {
    w.timed->idle = false;
    return true;
  }
  uint64_t until = w.event - now < IDLE_POLL_NS ? w.event
                                                : now + IDLE_POLL_NS;
  run->vm->backend->skip_to(run->vm, until);
  return true;
}

// Until a worker reports or ends a grant.
static void wait_for_news(struct crew *crew, const struct run *run) {
  pthread_mutex_lock(&crew->lock);
  if (!with_duty(run, REPORTED) && with_duty(run, ON_RUN))
    pthread_cond_wait(&crew->news, &crew->lock);
  pthread_mutex_unlock(&crew->lock);
}

// Whether the run has reached a limit. What workers are granted is not spent:
// they may still give some of it back.
static bool at_limit(struct crew *crew, struct run *run, tv_exit_kind *kind) {
  pthread_mutex_lock(&crew->lock);
  crew->deadline = run->vm->deadline;
  run->budget = crew->budget || !with_duty(run, ON_RUN) ? crew->budget : 1;
  pthread_mutex_unlock(&crew->lock);
  return run_limit(run, kind);
}

// One round of directing; false when the exit is filled.
static bool direct(struct crew *crew, struct run *run) {
  tv_exit_kind limit;
  pthread_mutex_lock(&crew->lock);
  struct worker *report = with_duty(run, REPORTED);
  pthread_mutex_unlock(&crew->lock);
  if (report) return answer(crew, run, report);
  if (at_limit(crew, run, &limit)) {
    halt(crew, run);
    return run_leave(run, limit);
  }
  tv_vcpu *own;
  bool busy = hand_out(crew, run, &own);
  if (own) return run_own(crew, run, own);
  if (!busy) return sleep_a_little(run);
  wait_for_news(crew, run);
  return true;
}

void crew_drive(struct run *run) {
  struct crew *crew = run->vm->crew;
  pthread_mutex_lock(&crew->lock);
  crew->halt = false;
  crew->budget = run->budget;
  pthread_mutex_unlock(&crew->lock);
  while (direct(crew, run)) {}
  halt(crew, run);
}
