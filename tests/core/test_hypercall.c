// SPDX-License-Identifier: MIT
//
// Hypercalls: what is built in, PSCI (the numbers and results of Arm DEN0022
// and DEN0028), the caller's handlers, and how output is collected and when
// it is delivered.

#include "mock.h"

static tv_exit got;
static char printed[1 << 22];
static size_t printed_size, printed_calls;

static void collect(void *ctx, const char *data, size_t size) {
  (void)ctx;
  memcpy(printed + printed_size, data, size);
  printed_size += size;
  printed_calls++;
}

static tv_vm *machine(void) {
  tv_vm *vm = mock_machine();
  tv_vm_output(vm, collect, NULL);
  memset(printed, 0, printed_size);
  printed_size = printed_calls = 0;
  return vm;
}

static const char *run(tv_vcpu *cpu, uint64_t budget) {
  memset(&got, 0xee, sizeof got);
  if (tv_vcpu_run(cpu, budget, &got, NULL)) abort();
  return tv_exit_name(got.kind);
}

static uint64_t x0(const tv_vcpu *cpu) { return mock_of(cpu)->x[0]; }

// The result of one call of a fresh vCPU of vm.
static uint64_t call(tv_vm *vm, uint64_t nr, uint64_t a, uint64_t b,
                     uint64_t c) {
  const struct mock_op ops[] = { MOCK_HVC(nr, a, b, c), {.kind = MOCK_LOOP} };
  tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
  run(cpu, 1);
  uint64_t result = x0(cpu);
  tv_vcpu_free(cpu);
  return result;
}

static void ending(void) {
  static const struct mock_op ops[] = {
    {.kind = MOCK_STEPS, .n = 2}, MOCK_HVC(0, 7, 0, 0), {.kind = MOCK_LOOP}
  };
  tv_vm *vm = machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
  tv_error err;
  uint64_t pc = 0x1000;
  eq_str(run(cpu, 100), "shutdown", "EXIT is a shutdown");
  ok(got.u.shutdown.reason == TV_SHUTDOWN_EXIT && got.u.shutdown.status == 7,
     "with x1 as status");
  ok(got.pc == 0x1008 && got.icount == 3 && got.vcpu == cpu &&
     mock_of(cpu)->x[TV_REG_PC] == 0x100c, "pc is after it");
  ok(!tv_vcpu_is_on(cpu), "the vCPU has ended");
  expect(tv_vcpu_run(cpu, 1, &got, &err), TV_E_STATE, &err,
         "vCPU 0 has ended; set its pc", "it does not run again");
  tv_vm_run(vm, 1, &got, NULL);
  ok(got.kind == TV_EXIT_SHUTDOWN &&
     got.u.shutdown.reason == TV_SHUTDOWN_HALT, "with nobody on, halt");
  tv_vcpu_set(cpu, TV_REG_PC, &pc, 8, NULL);
  ok(tv_vcpu_is_on(cpu), "setting pc turns it on");
  eq_str(run(cpu, 100), "shutdown", "and it runs again");
  tv_vm_free(vm);
}

static void printing(void) {
  static const struct mock_op ops[] = {
    MOCK_HVC(1, 'H', 0, 0), MOCK_HVC(1, 0x1169, 0, 0),
    MOCK_HVC(2, 0x2ffc, 0, 0), MOCK_HVC(2, 0x3ffc, 0, 0), {.kind = MOCK_LOOP}
  };
  tv_vm *vm = machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0x8000);
  tv_mem_ram(vm, 0x2000, 0x1000, TV_READ | TV_WRITE, NULL, NULL);
  tv_mem_ram(vm, 0x3000, 0x1000, TV_READ, NULL, NULL);
  tv_mem_write(vm, 0x2ffc, ", world", 8, NULL);
  tv_mem_write(vm, 0x3ffc, "none", 4, NULL);
  run(cpu, 1);
  eq_str(printed, "H", "PUTCHAR prints, and output precedes the exit");
  eq_u64(x0(cpu), 1, "and leaves the registers alone");
  run(cpu, 1);
  eq_str(printed, "Hi", "only the low byte counts");
  run(cpu, 1);
  eq_str(printed, "Hi, world", "PUTS crosses regions");
  eq_str(run(cpu, 1), "fault", "PUTS without a NUL is a fault");
  eq_str(printed, "Hi, worldnone", "after the last readable byte");
  ok(got.u.fault.reason == TV_FAULT_PUTS && got.u.fault.addr == 0x4000 &&
     got.u.fault.access == 'r' && got.u.fault.level == -1 &&
     got.pc == 0x800c && mock_of(cpu)->x[TV_REG_PC] == 0x800c,
     "which says where, pc at the hvc");
  tv_mem_protect(vm, 0x3000, TV_EXEC, NULL);
  tv_vm_free(vm);
}

static void long_output(void) {
  static const struct mock_op chars[] = {
    MOCK_HVC(1, 'x', 0, 0), {.kind = MOCK_LOOP}
  };
  static const struct mock_op strings[] = {
    MOCK_HVC(1, 'a', 0, 0), MOCK_HVC(2, 0x100000, 0, 0), {.kind = MOCK_LOOP}
  };
  static char text[(1 << 20) + 8];
  tv_vm *vm = machine();
  tv_vcpu *cpu = mock_guest(vm, chars, 0);
  run(cpu, 10 * OUTPUT_SIZE + 1);
  eq_u64(printed_size, 10 * OUTPUT_SIZE + 1, "every character comes out");
  eq_u64(printed_calls, 11, "many at a time");
  tv_vm_free(vm);

  vm = machine();
  cpu = mock_guest(vm, strings, 0);
  tv_mem_ram(vm, 0x100000, 0x200000, TV_READ, NULL, NULL);
  memset(text, 'b', sizeof text);
  text[(1 << 20) - 1] = 0;
  tv_mem_write(vm, 0x100000, text, sizeof text, NULL);
  eq_str(run(cpu, 2), "budget", "PUTS prints a string of 1 MiB");
  ok(printed_size == 1 << 20 && printed[0] == 'a' && printed[1] == 'b' &&
     printed_calls == 2, "in order, in one piece");
  tv_mem_write(vm, 0x100000 + (1 << 20) - 1, "b", 1, NULL);
  eq_str(run(cpu, 2), "fault", "but not a longer one");
  eq_u64(got.u.fault.addr, 0x200000, "it gives up after 1 MiB");
  tv_mem_protect(vm, 0x100000, TV_WRITE, NULL);
  run(cpu, 2);
  eq_u64(got.u.fault.addr, 0x100000, "it reads only what the guest may read");
  tv_vm_free(vm);
}

static tv_hc add(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                 uint64_t *result) {
  (void)cpu;
  ++*(int *)ctx;
  *result += arg[0] + arg[1] + arg[2];
  return TV_HC_RESUME;
}

static tv_hc give_up(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                     uint64_t *result) {
  (void)ctx, (void)cpu, (void)arg;
  *result = 77;
  return TV_HC_EXIT;
}

static tv_hc own_way(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                     uint64_t *result) {
  uint64_t one = 1, pc = 0x9000;
  (void)ctx, (void)arg, (void)result;
  tv_vcpu_set(cpu, TV_REG_X(0), &one, 8, NULL);
  tv_vcpu_set(cpu, TV_REG_PC, &pc, 8, NULL);
  return TV_HC_RESUME;
}

static void handlers(void) {
  static const struct mock_op imm[] = {
    {.kind = MOCK_EXIT, .exit = {.kind = TV_EXIT_HVC,
                                 .u.hvc = {.imm = 1, .nr = 1}}},
    {.kind = MOCK_LOOP}
  };
  static const struct mock_op seven[] = {
    MOCK_HVC(7, 10, 20, 30), {.kind = MOCK_LOOP}
  };
  tv_vm *vm = machine();
  int calls = 0;
  tv_vcpu *cpu = mock_guest(vm, seven, 0x1000);
  eq_str(run(cpu, 1), "hvc", "an unanswered number is an exit");
  ok(got.u.hvc.nr == 7 && got.u.hvc.arg[1] == 20 && got.pc == 0x1000 &&
     mock_of(cpu)->x[TV_REG_PC] == 0x1004 && got.icount == 1,
     "with its arguments, pc after it");
  for (uint32_t nr = 100; nr--;)
    if (tv_vm_hypercall(vm, nr * 3 + 1, add, &calls, NULL)) abort();
  eq_str(run(cpu, 1), "budget", "a handler answers");
  ok(x0(cpu) == 67 && calls == 1, "with a result in x0");
  eq_u64(call(vm, 1, 1, 1, 1), 4, "a handler may replace a built-in");
  tv_vm_hypercall(vm, 1, NULL, NULL, NULL);
  call(vm, 1, 'z', 0, 0);
  eq_str(printed, "z", "which comes back");
  eq_u64(call(vm, 298, 1, 1, 1), 301, "any number of handlers");
  eq_u64(call(vm, 0x84000000, 0, 0, 0), 0x10001, "PSCI is there");
  tv_vm_hypercall(vm, 0x84000000, add, &calls, NULL);
  eq_u64(call(vm, 0x84000000, 0, 0, 0), 0x84000000, "until it is replaced");
  tv_vm_hypercall(vm, 7, give_up, NULL, NULL);
  eq_str(run(cpu, 1), "hvc", "a handler may leave the run");
  eq_u64(x0(cpu), 77, "with a result");
  tv_vm_hypercall(vm, 7, own_way, NULL, NULL);
  run(cpu, 1);
  ok(x0(cpu) == 1 && mock_of(cpu)->x[TV_REG_PC] == 0x9000,
     "a handler may set registers itself");
  tv_vm_hypercall(vm, 7, NULL, NULL, NULL);
  eq_str(run(cpu, 1), "hvc", "a handler can be taken back");
  cpu = mock_guest(vm, imm, 0x1000);
  eq_str(run(cpu, 1), "hvc", "another immediate is always an exit");
  tv_vm_free(vm);
}

static const int64_t unsupported = -1, invalid = -2, already_on = -4,
                     bad_address = -9;

static void psci(void) {
  static const struct mock_op off[] = {
    MOCK_HVC(0x84000002, 0, 0, 0), {.kind = MOCK_STEPS, .n = 1000}
  };
  tv_vm *vm = machine();
  tv_vcpu *target = mock_guest(vm, off, 0x1000);
  tv_mem_ram(vm, 0, 0x2000, TV_READ | TV_EXEC, NULL, NULL);
  static const uint32_t known[] = {
    0x80000000, 0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003,
    0xc4000003, 0x84000004, 0xc4000004, 0x84000006, 0x84000008, 0x84000009,
    0x8400000a
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    eq_u64(call(vm, 0x8400000a, known[i], 0, 0), 0,
           "PSCI_FEATURES knows %#x", known[i]);
  ok((int64_t)call(vm, 0x8400000a, 0x84000005, 0, 0) == unsupported,
     "PSCI_FEATURES knows what is not there");
  eq_u64(call(vm, 0x80000000, 0, 0, 0), 0x10001, "SMCCC is 1.1");
  eq_u64(call(vm, 0x80000001, 0x80000001, 0, 0), 0, "it has ARCH_FEATURES");
  ok((int64_t)call(vm, 0x80000001, 0x80008000, 0, 0) == unsupported,
     "and no workarounds");
  ok((int64_t)call(vm, 0xc6001234, 0, 0, 0) == unsupported,
     "an unknown call returns -1 and goes on");
  eq_u64(call(vm, 0x84000006, 0, 0, 0), 2, "there is no Trusted OS");

  ok((int64_t)call(vm, 0xc4000003, 0, 0x1000, 0) == already_on,
     "CPU_ON of one that is on");
  ok((int64_t)call(vm, 0xc4000003, 9, 0x1000, 0) == invalid,
     "CPU_ON of one that is not there");
  eq_u64(call(vm, 0xc4000004, 0, 0, 0), 0, "AFFINITY_INFO: on");
  eq_str(run(target, 10), "shutdown", "CPU_OFF of the only one running");
  ok(got.u.shutdown.reason == TV_SHUTDOWN_HALT && !tv_vcpu_is_on(target),
     "halts");
  eq_u64(call(vm, 0xc4000004, 0, 0, 0), 1, "AFFINITY_INFO: off");
  ok((int64_t)call(vm, 0xc4000004, 0, 1, 0) == invalid,
     "AFFINITY_INFO knows level 0 only");
  ok((int64_t)call(vm, 0xc4000003, 0, 0x5000, 0) == bad_address,
     "CPU_ON at an address where nothing is");
  ok((int64_t)call(vm, 0xc4000003, 0, 0x1002, 0) == bad_address,
     "CPU_ON at an unaligned address");
  mock_of(target)->x[5] = 5;
  ok(call(vm, 0x84000003, UINT64_C(1) << 32, 0x1004, UINT64_MAX) == 0,
     "CPU_ON in the 32-bit convention");
  ok(tv_vcpu_is_on(target) && mock_of(target)->x[TV_REG_PC] == 0x1004 &&
     mock_of(target)->x[0] == UINT32_MAX && mock_of(target)->x[5] == 0,
     "starts a fresh vCPU at its entry, the context in x0");
  tv_vm_free(vm);
}

static void system_end(uint32_t nr, tv_shutdown reason, const char *law) {
  const struct mock_op ops[] = { MOCK_HVC(nr, 0, 0, 0), {.kind = MOCK_LOOP} };
  tv_vm *vm = machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
  tv_vcpu *other = mock_guest(vm, ops, 0x1000);
  eq_str(run(cpu, 5), "shutdown", "%s", law);
  ok(got.u.shutdown.reason == reason && got.pc == 0x1000, "with its reason");
  ok(!tv_vcpu_is_on(cpu) && !tv_vcpu_is_on(other), "all vCPUs have ended");
  tv_vm_reset(vm, NULL);
  ok(tv_vcpu_is_on(cpu) && tv_vcpu_is_on(other), "until the VM is reset");
  tv_vm_free(vm);
}

static void suspend(void) {
  static const struct mock_op ops[] = {
    {.kind = MOCK_TIMER, .n = 100}, MOCK_HVC(0xc4000001, 0, 0, 0),
    {.kind = MOCK_ACK}, MOCK_HVC(0x84000001, 0, 0, 0), {.kind = MOCK_LOOP}
  };
  tv_vm *vm = machine();
  tv_vcpu *cpu = mock_guest(vm, ops, 0x1000);
  eq_str(run(cpu, 3), "budget", "CPU_SUSPEND waits for the timer");
  ok(tv_vm_time(vm) == 102 && x0(cpu) == 0, "and succeeds");
  eq_str(run(cpu, 100), "wfi", "without one it is a WFI");
  eq_u64(got.pc, 0x100c, "at the hvc");
  tv_vm_free(vm);
}

int main(void) {
  ending();
  printing();
  long_output();
  handlers();
  psci();
  system_end(0x84000008, TV_SHUTDOWN_OFF, "SYSTEM_OFF ends the VM");
  system_end(0x84000009, TV_SHUTDOWN_RESET, "SYSTEM_RESET ends the VM");
  suspend();
  return done();
}
