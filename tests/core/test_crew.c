// SPDX-License-Identifier: MIT
//
// Threads of hardware vCPUs (core/crew.c). The scripted CPU of mock.h becomes
// a hardware-like one: it does not count steps, its clock is shared between
// threads, and it notes every call that comes from another thread than the one
// that first ran the vCPU.

#include "mock.h"

#include <signal.h>
#include <sys/time.h>

enum { CPUS = 4, CALLS = 500 };

static pthread_mutex_t clock_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint trespasses, threads;

// The thread that runs the vCPU: mock_cpu.x has a slot that no op uses.
enum { OWNER = 28 };

static void check(tv_vcpu *cpu) {
  uint64_t *owner = &mock_of(cpu)->x[OWNER];
  if (*owner && *owner != (uint64_t)(uintptr_t)pthread_self())
    atomic_fetch_add(&trespasses, 1);
}

static enum back_end hard_run(tv_vcpu *cpu, uint64_t grant, uint64_t *done,
                              tv_exit *exit) {
  check(cpu);
  uint64_t *owner = &mock_of(cpu)->x[OWNER];
  if (!*owner) {
    *owner = (uint64_t)(uintptr_t)pthread_self();
    atomic_fetch_add(&threads, 1);
  }
  enum back_end end = BACK_DONE;
  uint64_t some = 0;
  *done = 0;
  while (end == BACK_DONE && *done < grant) {
    uint64_t n = grant - *done < 997 ? grant - *done : 997;
    pthread_mutex_lock(&clock_lock);
    end = mock_run(cpu, n, &some, exit);
    pthread_mutex_unlock(&clock_lock);
    *done += some;
  }
  return end;
}

static uint64_t hard_time(const tv_vm *vm) {
  pthread_mutex_lock(&clock_lock);
  uint64_t now = mock_time(vm);
  pthread_mutex_unlock(&clock_lock);
  return now;
}

// While all wait, time passes by itself.
static uint64_t hard_next_event(const tv_vcpu *cpu) {
  check((tv_vcpu *)cpu);
  pthread_mutex_lock(&clock_lock);
  ((struct mock_vm *)cpu->vm->back)->clock += 1000;
  uint64_t event = mock_next_event(cpu);
  pthread_mutex_unlock(&clock_lock);
  return event;
}

static bool hard_wakes(const tv_vcpu *cpu) {
  check((tv_vcpu *)cpu);
  pthread_mutex_lock(&clock_lock);
  bool yes = mock_wakes(cpu);
  pthread_mutex_unlock(&clock_lock);
  return yes;
}

static tv_status hard_get(tv_vcpu *cpu, tv_reg reg, void *to, tv_error *e) {
  check(cpu);
  return mock_get(cpu, reg, to, e);
}

static tv_status hard_set(tv_vcpu *cpu, tv_reg reg, const void *from,
                          tv_error *e) {
  check(cpu);
  return mock_set(cpu, reg, from, e);
}

static void hard_answer(tv_vcpu *cpu, uint64_t value) {
  check(cpu);
  mock_answer(cpu, value);
}

static void hard_reset(tv_vcpu *cpu) {
  uint64_t owner = mock_of(cpu)->x[OWNER];
  check(cpu);
  mock_vcpu_reset(cpu);
  mock_of(cpu)->x[OWNER] = owner;
}

static void hard_free(tv_vcpu *cpu) {
  check(cpu);
  mock_vcpu_free(cpu);
}

static const struct backend backend_hard = {
  .name = "hard", .exact = false, .granule = 4096, .probe = mock_probe,
  .vm_new = mock_vm_new, .vm_free = mock_vm_free, .map = mock_map,
  .unmap = mock_unmap, .protect = mock_protect,
  .code_changed = mock_code_changed, .vcpu_new = mock_vcpu_new,
  .vcpu_free = hard_free, .vcpu_reset = hard_reset,
  .get = hard_get, .set = hard_set, .run = hard_run, .time = hard_time,
  .next_event = hard_next_event, .skip_to = mock_skip_to,
  .pending = mock_pending, .answer = hard_answer, .forget = mock_forget,
  .inject = mock_inject, .irq = mock_irq, .wakes = hard_wakes,
  .kick = mock_kick
};

static tv_vm *machine(void) {
  tv_vm *vm = mock_machine();
  vm->backend = vm->real = &backend_hard;
  threads = trespasses = 0;
  return vm;
}

static tv_exit got;

static const char *run(tv_vm *vm, uint64_t budget) {
  memset(&got, 0xee, sizeof got);
  if (tv_vm_run(vm, budget, &got, NULL)) return "an error";
  return tv_exit_name(got.kind);
}

static void finish(tv_vm *vm, const char *law) {
  tv_vm_free(vm);
  eq_u64(trespasses, 0, "%s: every call came from the vCPU's thread", law);
}

static uint64_t reg(tv_vcpu *cpu, tv_reg r) {
  uint64_t value = 0;
  tv_vcpu_get(cpu, r, &value, sizeof value, NULL);
  return value;
}

// -------------------------------------------------------------------- laws --

static const struct mock_op forever[] = {
  {.kind = MOCK_STEPS, .n = 1000}, {.kind = MOCK_LOOP}
};

static const struct mock_op calling[] = {
  {.kind = MOCK_STEPS, .n = 100}, MOCK_HVC(9, 1, 2, 3), {.kind = MOCK_LOOP}
};

static void at_once(void) {
  tv_vm *vm = machine();
  tv_vcpu *cpu[CPUS];
  for (int i = 0; i < CPUS; i++) cpu[i] = mock_guest(vm, forever, 0x1000);
  eq_str(run(vm, 40000000), "budget", "a budget ends the run of all");
  eq_u64(mock_time(vm), 40000000, "the budget is shared, and used up");
  eq_str(run(vm, 1000), "budget", "and go on in the next run");
  int moved = 0;     // on a busy host a thread may come too late for a run
  for (int tries = 0; tries < 1000 && moved < CPUS; tries++) {
    run(vm, 1000000);
    moved = 0;
    for (int i = 0; i < CPUS; i++) moved += reg(cpu[i], TV_REG_PC) > 0x1000;
  }
  eq_u64(moved, CPUS, "all went on");
  eq_u64(threads, CPUS, "each vCPU ran on a thread of its own");
  finish(vm, "at once");
}

static void alone_first(void) {
  tv_vm *vm = machine();
  tv_vcpu *first = mock_guest(vm, forever, 0);
  run(vm, 1000);
  eq_u64(mock_of(first)->x[OWNER], (uint64_t)(uintptr_t)pthread_self(),
         "a lone vCPU runs on its caller's thread");
  tv_vcpu *second = mock_guest(vm, calling, 0x100000);
  eq_str(run(vm, TV_NO_LIMIT), "hvc", "and stays there");
  ok(got.vcpu == second, "when another joins, which has its own");
  eq_u64(threads, 2, "two threads");
  tv_exit exit;
  tv_vcpu_run(first, 500, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "budget", "the first alone again");
  tv_vcpu_run(second, 50, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "budget", "the second alone");
  finish(vm, "alone first");
}

static unsigned calls, inside;
static pthread_t caller;
static bool elsewhere, overlapped;

static tv_hc count(void *ctx, tv_vcpu *cpu, const uint64_t *arg,
                   uint64_t *x0) {
  tv_vcpu **all = ctx;
  elsewhere |= !pthread_equal(caller, pthread_self());
  overlapped |= inside++ != 0;
  *x0 = arg[0] + reg(all[(cpu->index + 1) % CPUS], TV_REG_PSTATE);
  inside--;
  return ++calls < CALLS ? TV_HC_RESUME : TV_HC_EXIT;
}

static void handlers(void) {
  tv_vm *vm = machine();
  tv_vcpu *cpu[CPUS];
  for (int i = 0; i < CPUS; i++) cpu[i] = mock_guest(vm, calling, 0);
  caller = pthread_self();
  tv_vm_hypercall(vm, 9, count, cpu, NULL);
  eq_str(run(vm, TV_NO_LIMIT), "hvc", "a handler may end the run");
  eq_u64(calls, CALLS, "handlers answer all vCPUs");
  ok(!elsewhere && !overlapped, "on the caller's thread, one at a time");
  eq_u64(reg(got.vcpu, TV_REG_X(0)), 1 + 0x3c5,
         "and read another vCPU's registers, though it runs");
  finish(vm, "handlers");
}

static void every_exit_once(void) {
  tv_vm *vm = machine();
  unsigned seen[CPUS] = {0};
  for (int i = 0; i < CPUS; i++) mock_guest(vm, calling, 0);
  for (int i = 0; i < CPUS * 50; i++) {
    const char *kind = run(vm, TV_NO_LIMIT);
    if (strcmp(kind, "hvc")) ok(false, "exit %d is %s", i, kind);
    else seen[tv_vcpu_index(got.vcpu)]++;
  }
  unsigned passed = 0;
  for (unsigned i = 0; i < CPUS; i++) {
    tv_vcpu *cpu = tv_vm_vcpu(vm, i);
    uint64_t made = reg(cpu, TV_REG_PC) / 4 / 101;
    passed += made - seen[i] <= 1;
  }
  eq_u64(passed, CPUS, "every exit is returned once, one at a time");
  finish(vm, "exits");
}

static void reads(void) {
  static const struct mock_op reading[] = {
    {.kind = MOCK_READ, .exit = {.kind = TV_EXIT_MMIO,
                                 .u.mmio = {.addr = 0x9000, .size = 4}}},
    {.kind = MOCK_STEPS, .n = UINT64_MAX}
  };
  tv_vm *vm = machine();
  tv_vcpu *cpu[CPUS];
  for (int i = 0; i < CPUS; i++) cpu[i] = mock_guest(vm, reading, 0);
  for (int i = 0; i < CPUS; i++) {
    eq_str(run(vm, TV_NO_LIMIT), "mmio", "read %d is told", i);
    eq_str(tv_status_name(tv_vm_run(vm, 1, &got, NULL)), "pending",
           "and wants its answer");
    tv_vcpu_answer(got.vcpu, 100 + tv_vcpu_index(got.vcpu), NULL);
  }
  unsigned right = 0;
  for (int i = 0; i < 1000 && right < CPUS; i++) {
    run(vm, 1000000);
    right = 0;
    for (unsigned k = 0; k < CPUS; k++)
      right += reg(cpu[k], TV_REG_X(1)) == 100 + k;
  }
  eq_u64(right, CPUS, "each gets its own");
  finish(vm, "reads");
}

static void waits(void) {
  static const struct mock_op timed[] = {
    {.kind = MOCK_TIMER, .n = 50000}, {.kind = MOCK_WFI}, {.kind = MOCK_ACK},
    MOCK_HVC(9, 0, 0, 0), {.kind = MOCK_WFI}, MOCK_HVC(10, 0, 0, 0),
    {.kind = MOCK_STEPS, .n = UINT64_MAX}
  };
  static const struct mock_op waiting[] = {
    {.kind = MOCK_WFI}, MOCK_HVC(11, 0, 0, 0), {.kind = MOCK_WFI},
    {.kind = MOCK_STEPS, .n = UINT64_MAX}
  };
  tv_vm *vm = machine();
  tv_vcpu *a = mock_guest(vm, timed, 0), *b = mock_guest(vm, waiting, 0);
  eq_str(run(vm, TV_NO_LIMIT), "hvc", "a timer ends a wait");
  ok(got.vcpu == a && got.u.hvc.nr == 9, "of its own vCPU");
  tv_vcpu_irq(b, TV_IRQ, true, NULL);
  eq_str(run(vm, TV_NO_LIMIT), "hvc", "an interrupt line does");
  ok(got.vcpu == b && got.u.hvc.nr == 11, "of the vCPU it belongs to");
  tv_vcpu_irq(b, TV_IRQ, false, NULL);
  eq_str(run(vm, TV_NO_LIMIT), "wfi", "with nothing to wait for the run ends");
  eq_str(run(vm, TV_NO_LIMIT), "hvc", "and the next goes on behind the WFI");
  eq_u64(got.u.hvc.nr, 10, "of the vCPU that was returned");
  finish(vm, "waits");
}

static void power(void) {
  const struct mock_op first[] = {
    MOCK_HVC(0xc4000003, 1, 0x2000, 77), {.kind = MOCK_STEPS, .n = 1000},
    {.kind = MOCK_WFI}, {.kind = MOCK_STEPS, .n = UINT64_MAX}
  };
  const struct mock_op second[] = {
    {.kind = MOCK_STEPS, .n = 10}, MOCK_HVC(12, 0, 0, 0),
    MOCK_HVC(0x84000002, 0, 0, 0), {.kind = MOCK_STEPS, .n = 1}
  };
  const struct mock_op third[] = {
    {.kind = MOCK_STEPS, .n = 1}, MOCK_HVC(0x84000008, 0, 0, 0)
  };
  tv_vm *vm = machine();
  tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE | TV_EXEC, NULL, NULL);
  tv_vcpu *a = mock_guest(vm, first, 0), *b = mock_guest(vm, second, 0);
  tv_vcpu_power(b, false);
  eq_str(run(vm, TV_NO_LIMIT), "hvc", "CPU_ON starts a vCPU");
  ok(got.vcpu == b && got.pc == 0x2000 + 40, "where it was told to");
  eq_u64(reg(a, TV_REG_X(0)), 0, "its caller sees success");
  eq_str(run(vm, TV_NO_LIMIT), "wfi", "CPU_OFF leaves the others");
  ok(!tv_vcpu_is_on(b), "and turns its caller off");
  mock_guest(vm, third, 0);
  eq_str(run(vm, TV_NO_LIMIT), "shutdown", "SYSTEM_OFF ends all");
  eq_u64(got.u.shutdown.reason, TV_SHUTDOWN_OFF, "by its name");
  finish(vm, "power");
}

static void *stop_soon(void *vm) {
  nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
  tv_vm_stop(vm);
  return NULL;
}

static tv_vm *signalled;

static void on_alarm(int signal) {
  (void)signal;
  tv_vm_stop(signalled);
}

static void stops(void) {
  pthread_t thread;
  tv_vm *vm = signalled = machine();
  for (int i = 0; i < CPUS; i++) mock_guest(vm, forever, 0);
  if (pthread_create(&thread, NULL, stop_soon, vm)) abort();
  eq_str(run(vm, TV_NO_LIMIT), "stopped", "another thread stops them all");
  pthread_join(thread, NULL);
  struct sigaction act = { .sa_handler = on_alarm };
  sigaction(SIGALRM, &act, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 20000 },
            NULL);
  eq_str(run(vm, TV_NO_LIMIT), "stopped", "a signal handler does");
  tv_vm_timeout(vm, 20000000);
  eq_str(run(vm, TV_NO_LIMIT), "timeout", "a timeout does");
  tv_vm_timeout(vm, TV_NO_LIMIT);
  tv_vm_deadline(vm, tv_vm_time(vm) + 3000000);
  eq_str(run(vm, TV_NO_LIMIT), "deadline", "a deadline does");
  ok(tv_vm_time(vm) >= 3000000, "when it is reached");
  finish(vm, "stops");
}

static void ends(void) {
  tv_vm *vm = machine();
  tv_vcpu *cpu[CPUS];
  for (int i = 0; i < CPUS; i++) cpu[i] = mock_guest(vm, calling, 0);
  run(vm, TV_NO_LIMIT);
  tv_vcpu_free(cpu[1]);
  tv_vcpu_free(cpu[0]);
  eq_str(run(vm, TV_NO_LIMIT), "hvc", "vCPUs are freed between runs");
  eq_str(tv_status_name(tv_vm_reset(vm, NULL)), "ok", "a VM is reset");
  eq_u64(reg(cpu[3], TV_REG_PC), 0, "all its vCPUs are");
  tv_vm_run(vm, 1000, &got, NULL);
  finish(vm, "ends");
}

// What a GIC wants: hardware vCPUs come into being in the order of their
// indices, each on its thread, before any of them runs.
static unsigned started, disorder, refusing;

static tv_status hard_start(tv_vcpu *cpu, tv_error *err) {
  uint64_t *owner = &mock_of(cpu)->x[OWNER];
  if (*owner) return TV_OK;
  if (cpu->index == refusing)
    return err_set(err, TV_E_LIMIT, 0, "vCPU %u has no place", cpu->index);
  *owner = (uint64_t)(uintptr_t)pthread_self();
  disorder += cpu->index != started++;
  return TV_OK;
}

static void in_order(void) {
  struct backend ordered = backend_hard;
  ordered.vcpu_start = hard_start;
  tv_vm *vm = machine();
  tv_vcpu *cpu[CPUS];
  tv_exit exit;
  tv_error err;
  vm->gic = 3;
  vm->backend = vm->real = &ordered;
  for (int i = 0; i < CPUS; i++) cpu[i] = mock_guest(vm, forever, 0);
  refusing = 2;
  eq_u64(tv_vcpu_run(cpu[3], 1000, &exit, &err), TV_E_LIMIT,
         "a vCPU that cannot be made ends the run");
  eq_str(err.text, "vCPU 2 has no place", "which says so");
  eq_u64(reg(cpu[3], TV_REG_PC), 0, "nobody has run");
  refusing = CPUS;
  eq_u64(tv_vcpu_run(cpu[3], 1000, &exit, &err), TV_OK, "then it can");
  eq_u64(started, CPUS, "one runs, and all are made");
  eq_u64(disorder, 0, "in order");
  eq_str(run(vm, 1000000), "budget", "all run");
  finish(vm, "in order");
}

int main(void) {
  at_once();
  alone_first();
  handlers();
  every_exit_once();
  reads();
  waits();
  power();
  stops();
  ends();
  in_order();
  return done();
}
