// SPDX-License-Identifier: MIT
//
// The run loop: exits, budgets, turns, idle time, deadline, timeout and stop.
// The law above all: slicing the budget never changes what happens.

#include "mock.h"

static tv_error err;
static tv_exit got;

static tv_exit_kind run(tv_vcpu *cpu, uint64_t budget) {
  memset(&got, 0xee, sizeof got);
  if (tv_vcpu_run(cpu, budget, &got, &err)) abort();
  return got.kind;
}

static tv_exit_kind run_all(tv_vm *vm, uint64_t budget) {
  memset(&got, 0xee, sizeof got);
  if (tv_vm_run(vm, budget, &got, &err)) abort();
  return got.kind;
}

static void is(tv_exit_kind kind, const char *name, const char *law) {
  eq_str(tv_exit_name(kind), name, "%s", law);
}

static const struct mock_op forever[] = {
  {.kind = MOCK_STEPS, .n = 1000}, {.kind = MOCK_LOOP}
};

static void budgets(void) {
  tv_vm *vm = mock_machine();
  uint32_t word = 0xd503201f;
  tv_mem_ram(vm, 0, 0x1000, TV_READ | TV_WRITE, NULL, NULL);
  tv_mem_write(vm, 0x128, &word, 4, NULL);
  tv_vcpu *cpu = mock_guest(vm, forever, 0x100);
  is(run(cpu, 10), "budget", "a budget ends a run");
  ok(got.pc == 0x128 && got.icount == 10 && got.pstate == 0x3c5 &&
     got.vcpu == cpu && got.insn == word, "exactly, and says where");
  is(run(cpu, 0), "budget", "a budget of 0 ends at once");
  eq_u64(tv_vcpu_icount(cpu), 10, "having done nothing");
  mock_of(cpu)->sctlr = 1;
  run(cpu, 0);
  eq_u64(got.insn, 0, "with the MMU on the word at pc is not known");
  run(cpu, 3 * (uint64_t)GRANT_STEPS + 5);
  eq_u64(tv_vcpu_icount(cpu), 3 * (uint64_t)GRANT_STEPS + 15,
         "a budget may be longer than a grant");
  tv_vm_free(vm);
}

static void passed_on(void) {
  static const tv_exit_kind kinds[] = {
    TV_EXIT_SMC, TV_EXIT_MMIO, TV_EXIT_SYSREG, TV_EXIT_BRK, TV_EXIT_FAULT,
    TV_EXIT_TIMER, TV_EXIT_UNDEFINED
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const struct mock_op ops[] = {
      {.kind = MOCK_STEPS, .n = 3},
      {.kind = MOCK_EXIT, .exit = {.kind = kinds[i], .insn = 0x1234,
                                   .u.mmio.value = 99}},
      {.kind = MOCK_LOOP}
    };
    tv_vm *vm = mock_machine();
    tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
    is(run(cpu, 100), tv_exit_name(kinds[i]), "an exit is passed on");
    ok(got.pc == 0x100c && got.icount == 3 && got.vcpu == cpu &&
       got.insn == 0x1234 && got.u.mmio.value == 99, "with its facts");
    run(cpu, 1);
    eq_u64(tv_vcpu_icount(cpu), 4, "the next run completes it");
    tv_vm_free(vm);
  }
}

static void reads(void) {
  static const struct mock_op ops[] = {
    {.kind = MOCK_READ, .exit = {.kind = TV_EXIT_MMIO,
                                 .u.mmio = {.addr = 0x9000000, .size = 4}}},
    {.kind = MOCK_LOOP}
  };
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
  is(run(cpu, 100), "mmio", "a read leaves the run");
  ok(tv_vcpu_pending(cpu), "it waits");
  memset(&got, 0xee, sizeof got);
  expect(tv_vcpu_run(cpu, 1, &got, &err), TV_E_PENDING, &err,
         "vCPU 0 waits for the answer", "it must be answered");
  expect(tv_vm_run(vm, 1, &got, &err), TV_E_PENDING, &err, NULL,
         "also for all vCPUs");
  ok(got.vcpu == (tv_vcpu *)0xeeeeeeeeeeeeeeee,
     "a refused run touches nothing");
  tv_vcpu_power(cpu, false);
  is(run_all(vm, 1), "shutdown", "one that is off keeps nobody waiting");
  tv_vcpu_power(cpu, true);
  expect(tv_vcpu_answer(cpu, 42, &err), TV_OK, NULL, NULL, "an answer");
  expect(tv_vcpu_answer(cpu, 42, &err), TV_E_NOT_PENDING, NULL, NULL,
         "is given once");
  is(run(cpu, 1), "budget", "the next run completes the read");
  eq_u64(mock_of(cpu)->x[1], 42, "with the answer");
  run(cpu, 1);
  expect(tv_vcpu_skip(cpu, &err), TV_OK, NULL, NULL, "a read can be skipped");
  ok(!tv_vcpu_pending(cpu) && mock_of(cpu)->x[TV_REG_PC] == 0x1008,
     "which forgets it and moves pc");
  run(cpu, 1);
  expect(tv_vcpu_inject(cpu, 0x96000010, 0x9000000, &err), TV_OK, NULL, NULL,
         "an abort can be injected instead");
  ok(!tv_vcpu_pending(cpu) && mock_of(cpu)->x[29] == 0x96000010 &&
     mock_of(cpu)->x[30] == 0x9000000, "which forgets it");
  run(cpu, 1);
  uint64_t pc = 0x4000;
  tv_vcpu_set(cpu, TV_REG_PC, &pc, 8, NULL);
  ok(!tv_vcpu_pending(cpu), "setting pc forgets it");
  tv_vm_free(vm);
}

static void waiting(void) {
  static const struct mock_op ops[] = {
    {.kind = MOCK_STEPS, .n = 2}, {.kind = MOCK_WFI},
    {.kind = MOCK_TIMER, .n = 500}, {.kind = MOCK_WFI},
    {.kind = MOCK_ACK}, {.kind = MOCK_STEPS, .n = 1000}
  };
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
  is(run(cpu, 100), "wfi", "WFI with nothing to wait for leaves");
  ok(got.pc == 0x1008 && got.icount == 3 && got.vcpu == cpu,
     "the exit says where it is");
  eq_u64(mock_of(cpu)->x[TV_REG_PC], 0x100c, "pc stands after it");
  is(run(cpu, 2), "budget", "running again goes on behind it");
  eq_u64(tv_vm_time(vm), 5, "a budget that ends at the second WFI");
  is(run(cpu, 1), "budget", "goes on when the timer has fired");
  eq_u64(tv_vm_time(vm), 505, "idle time passed, in no steps");
  eq_u64(tv_vcpu_icount(cpu), 6, "and the steps count as ever");
  tv_vm_free(vm);

  vm = mock_machine();
  cpu = mock_guest(vm, ops, 0x1000);
  is(run(cpu, 3), "wfi", "WFI on the last step of the budget is reported");
  tv_vcpu_irq(cpu, TV_IRQ, true, NULL);
  run(cpu, 100);
  eq_u64(tv_vcpu_icount(cpu), 103, "a line that is up ends every wait");
  tv_vm_free(vm);
}

static void deadlines(void) {
  static const struct mock_op ops[] = {
    {.kind = MOCK_STEPS, .n = 100}, {.kind = MOCK_TIMER, .n = 1000},
    {.kind = MOCK_WFI}, {.kind = MOCK_ACK}, {.kind = MOCK_LOOP}
  };
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
  tv_vm_deadline(vm, 40);
  is(run(cpu, TV_NO_LIMIT), "deadline", "a deadline ends a run");
  ok(tv_vm_time(vm) == 40 && got.icount == 40, "at its very time");
  is(run(cpu, TV_NO_LIMIT), "deadline", "and every later one");
  tv_vm_deadline(vm, 600);
  is(run(cpu, TV_NO_LIMIT), "deadline", "also in idle time");
  ok(tv_vm_time(vm) == 600 && got.icount == 102, "at its very time");
  is(run_all(vm, 10), "deadline", "however it is run");
  tv_vm_deadline(vm, 1101);
  is(run(cpu, TV_NO_LIMIT), "deadline", "a deadline at the event");
  eq_u64(got.icount, 102, "comes before it is seen");
  tv_vm_deadline(vm, TV_NO_LIMIT);
  is(run(cpu, 5), "budget", "without a deadline it goes on");
  eq_u64(tv_vm_time(vm), 1106, "from there");
  tv_vm_free(vm);
}

static void timeouts(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, forever, 0);
  uint64_t start = os_clock();
  tv_vm_timeout(vm, 2000000);
  is(run(cpu, TV_NO_LIMIT), "timeout", "a timeout ends an endless guest");
  ok(os_clock() - start >= 2000000, "and not before");
  is(run(cpu, 10), "timeout", "and later runs");
  tv_vm_timeout(vm, TV_NO_LIMIT);
  is(run(cpu, 10), "budget", "until it is taken back");
  tv_vm_timeout(vm, TV_NO_LIMIT - 1);
  is(run(cpu, 10), "budget", "a timeout beyond the end of time is none");
  tv_vm_free(vm);
}

static void stopping(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, forever, 0);
  tv_vm_stop(vm);
  tv_vm_stop(vm);
  is(run(cpu, 0), "budget", "a budget of 0 comes before a stop");
  is(run(cpu, 10), "stopped", "a stop waits for the next run");
  eq_u64(got.icount, 0, "which does nothing");
  is(run(cpu, 10), "budget", "once");
  mock_kick(cpu);
  is(run(cpu, 10), "budget", "a late kick is harmless");
  eq_u64(tv_vcpu_icount(cpu), 20, "and loses no step");
  tv_vm_free(vm);
}

// --------------------------------------------------------------- turns --

static const struct mock_op with_waits[] = {
  {.kind = MOCK_STEPS, .n = 30011}, {.kind = MOCK_TIMER, .n = 9000},
  {.kind = MOCK_WFI}, {.kind = MOCK_ACK}, {.kind = MOCK_LOOP}
};
static const struct mock_op with_yields[] = {
  {.kind = MOCK_STEPS, .n = 777}, {.kind = MOCK_YIELD},
  {.kind = MOCK_STEPS, .n = 5000}, {.kind = MOCK_YIELD},
  {.kind = MOCK_TIMER, .n = 100000}, {.kind = MOCK_WFI},
  {.kind = MOCK_ACK}, {.kind = MOCK_LOOP}
};
static const struct mock_op with_accesses[] = {
  {.kind = MOCK_STEPS, .n = 12345},
  {.kind = MOCK_EXIT, .exit.kind = TV_EXIT_MMIO},
  {.kind = MOCK_STEPS, .n = 50000},
  {.kind = MOCK_EXIT, .exit.kind = TV_EXIT_BRK},
  {.kind = MOCK_TIMER, .n = 200000}, {.kind = MOCK_WFI}, {.kind = MOCK_ACK},
  {.kind = MOCK_LOOP}
};

struct outcome { uint64_t history, time, exits, icount[3]; };

// Runs three guests for `total` steps in slices of at most `slice`.
static struct outcome play(uint64_t total, uint64_t slice, bool random) {
  tv_vm *vm = mock_machine();
  struct outcome o = {0};
  tv_vcpu *cpu[3] = { mock_guest(vm, with_waits, 0x100000),
                      mock_guest(vm, with_yields, 0x200000),
                      mock_guest(vm, with_accesses, 0x300000) };
  uint64_t done = 0, seed = slice;
  while (done < total) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    uint64_t n = random ? 1 + (seed >> 33) % slice : slice;
    if (n > total - done) n = total - done;
    if (run_all(vm, n) != TV_EXIT_BUDGET)
      o.exits = (o.exits ^ got.pc ^ got.icount << 20) * 0x9e3779b97f4a7c15u;
    done = 0;
    for (int i = 0; i < 3; i++) done += tv_vcpu_icount(cpu[i]);
  }
  for (int i = 0; i < 3; i++) o.icount[i] = tv_vcpu_icount(cpu[i]);
  o.history = mock_history(vm);
  o.time = tv_vm_time(vm);
  tv_vm_free(vm);
  return o;
}

static void same(struct outcome a, struct outcome b, const char *law) {
  ok(!memcmp(&a, &b, sizeof a), "%s", law);
}

static void slicing(void) {
  const uint64_t total = 400003;
  struct outcome whole = play(total, TV_NO_LIMIT, false);
  ok(whole.icount[0] && whole.icount[1] && whole.icount[2] &&
     whole.time > total, "three guests run, and wait");
  same(whole, play(total, 1, false), "single steps make the same history");
  same(whole, play(total, 19999, false), "so do slices just below a turn");
  same(whole, play(total, 20000, false), "and slices of a turn");
  for (uint64_t most = 10; most < 1000000; most *= 10)
    same(whole, play(total, most, true), "and random slices");
}

static void turns(void) {
  static const struct mock_op yield[] = {
    {.kind = MOCK_STEPS, .n = 9}, {.kind = MOCK_YIELD}, {.kind = MOCK_LOOP}
  };
  tv_vm *vm = mock_machine();
  tv_vcpu *a = mock_guest(vm, forever, 0), *b = mock_guest(vm, forever, 0);
  run_all(vm, TURN_STEPS + 1);
  ok(tv_vcpu_icount(a) == TURN_STEPS && tv_vcpu_icount(b) == 1,
     "a turn has %d steps", TURN_STEPS);
  ok(got.vcpu == b, "the exit names the vCPU whose turn it is");
  tv_vcpu_power(b, false);
  run_all(vm, 5 * TURN_STEPS);
  eq_u64(tv_vcpu_icount(b), 1, "one that is off has no turns");
  run(b, 10);
  ok(tv_vcpu_is_on(b) && tv_vcpu_icount(a) == 6 * TURN_STEPS,
     "tv_vcpu_run turns it on and runs only that");
  tv_vm_free(vm);

  vm = mock_machine();
  a = mock_guest(vm, yield, 0);
  b = mock_guest(vm, yield, 0);
  run_all(vm, 25);
  ok(tv_vcpu_icount(a) == 15 && tv_vcpu_icount(b) == 10,
     "a yield ends the turn");
  tv_vcpu_free(a);
  run_all(vm, 25);
  eq_u64(tv_vcpu_icount(b), 35, "when one is freed the other goes on");
  tv_vcpu_free(b);
  is(run_all(vm, 25), "shutdown", "with no vCPU left");
  ok(got.u.shutdown.reason == TV_SHUTDOWN_HALT && !got.vcpu,
     "the VM has halted");
  is(run_all(vm, 0), "budget", "a budget of 0 asks nobody");
  tv_vm_free(vm);
}

static void waking(void) {
  static const struct mock_op sleep[] = {
    {.kind = MOCK_WFI}, {.kind = MOCK_LOOP}
  };
  tv_vm *vm = mock_machine();
  tv_vcpu *a = mock_guest(vm, sleep, 0), *b = mock_guest(vm, sleep, 0x1000);
  is(run_all(vm, 100), "wfi", "when all wait for nothing the run ends");
  ok(tv_vcpu_icount(a) == 1 && tv_vcpu_icount(b) == 1 && got.vcpu == b,
     "with the last one's WFI");
  tv_vcpu_irq(a, TV_FIQ, true, NULL);
  run_all(vm, 10);
  eq_u64(tv_vcpu_icount(a), 11, "a line wakes the one it belongs to");
  tv_vcpu_irq(a, TV_FIQ, false, NULL);
  run_all(vm, 100);
  is(got.kind, "wfi", "and when it is down again all wait");
  uint64_t pc = 0;
  tv_vcpu_set(a, TV_REG_PC, &pc, 8, NULL);
  ok(!a->idle, "setting pc ends a wait");
  tv_vm_free(vm);
}

static tv_hc reenter(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                     uint64_t *x0) {
  tv_vm *vm = tv_vcpu_vm(cpu);
  tv_status *s = ctx;
  tv_exit exit;
  tv_vcpu *more;
  (void)arg, (void)x0;
  s[0] = tv_vcpu_run(cpu, 1, &exit, &err);
  s[1] = tv_vm_run(vm, 1, &exit, NULL);
  s[2] = tv_mem_mmio(vm, 0, 0x1000, NULL);
  s[3] = tv_mem_unmap(vm, 0, 0x1000, NULL);
  s[4] = tv_mem_protect(vm, 0, 0, NULL);
  s[5] = tv_vcpu_new(vm, &more, NULL);
  s[6] = tv_vm_reset(vm, NULL);
  tv_vm_stop(vm);
  return TV_HC_RESUME;
}

static void busy(void) {
  static const struct mock_op ops[] = {
    MOCK_HVC(7, 0, 0, 0), {.kind = MOCK_LOOP}
  };
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0);
  tv_status s[7] = {TV_OK};
  tv_vm_hypercall(vm, 7, reenter, s, NULL);
  is(run(cpu, 100), "stopped", "a handler may stop the run");
  eq_u64(got.icount, 1, "at once");
  for (int i = 0; i < 7; i++)
    eq_str(tv_status_name(s[i]), "busy", "a handler may not do %d", i);
  eq_str(err.text, "cannot run while the VM runs", "and is told so");
  tv_vm_free(vm);
}

// What a hardware backend is refused comes back as the run's error.
static void failing(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, forever, 0);
  tv_exit exit = { .kind = TV_EXIT_BRK };
  mock_fail.run = true;
  expect(tv_vcpu_run(cpu, 5, &exit, &err), TV_E_LIMIT, &err, "mock: no run",
         "a run that the host refuses fails");
  expect(tv_vm_run(vm, 5, &exit, NULL), TV_E_LIMIT, NULL, NULL,
         "and so does one of all vCPUs");
  ok(exit.kind == TV_EXIT_BRK, "without an exit");
  mock_fail.run = false;
  expect(tv_vcpu_run(cpu, 5, &exit, &err), TV_OK, &err, NULL,
         "the next run may work");
  tv_vm_free(vm);
}

int main(void) {
  failing();
  budgets();
  passed_on();
  reads();
  waiting();
  deadlines();
  timeouts();
  stopping();
  slicing();
  turns();
  waking();
  busy();
  return done();
}
