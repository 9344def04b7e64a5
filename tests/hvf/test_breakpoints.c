// SPDX-License-Identifier: MIT
//
// Breakpoints where vCPUs run at the same time: a C handler on one thread sets
// and clears them for vCPUs that are in the guest on others. And which of the
// framework's debug registers have them.

#include "mock.h"
#include "tap.h"

enum { CPUS = 3, ROUNDS = 30, CALLER = 0, SPINNER = 0x40,
       TARGET = SPINNER + 4 };

static const tv_vm_config config = { .size = sizeof config,
                                     .backend = "hvf" };
static tv_error err;

static tv_vm *machine(unsigned cpus, tv_vcpu **cpu) {
  static const uint32_t caller[] = {
    0xd2800120, 0xd4000002, 0x17ffffff    // mov x0, #9; hvc #0; b .-4
  }, spinner[] = {
    0x91000421, 0x91000442, 0x17fffffe    // add x1, #1; add x2, #1; b .-8
  };
  tv_vm *vm = NULL;
  if (tv_vm_new(&config, &vm, &err)) note("%s", err.text);
  tv_mem_ram(vm, 0, MOCK_GRANULE, TV_READ | TV_EXEC, NULL, NULL);
  tv_mem_write(vm, CALLER, caller, sizeof caller, NULL);
  tv_mem_write(vm, SPINNER, spinner, sizeof spinner, NULL);
  for (unsigned k = 0; k < cpus; k++) {
    uint64_t pc = k ? SPINNER : CALLER;
    tv_vcpu_new(vm, &cpu[k], NULL);
    tv_vcpu_set(cpu[k], TV_REG_PC, &pc, sizeof pc, NULL);
  }
  return vm;
}

static tv_hc toggle(void *ctx, tv_vcpu *cpu, const uint64_t *arg,
                    uint64_t *x0) {
  unsigned *calls = ctx;
  (void)arg;
  *x0 = 9;
  tv_vm_break(tv_vcpu_vm(cpu), TARGET, ++*calls & 1, NULL);
  return TV_HC_RESUME;
}

static void from_a_handler(void) {
  tv_vcpu *cpu[CPUS];
  tv_exit exit;
  unsigned calls = 0, hits = 0, wrong = 0, seen[CPUS] = {0};
  tv_vm *vm = machine(CPUS, cpu);
  tv_vm_hypercall(vm, 9, toggle, &calls, NULL);
  while (hits < ROUNDS && !tv_vm_run(vm, TV_NO_LIMIT, &exit, &err)) {
    uint64_t at;
    bool set = !tv_vm_breakpoint(vm, 0, &at) && at == TARGET;
    hits++;
    seen[exit.vcpu->index]++;
    wrong += exit.kind != TV_EXIT_BREAKPOINT || exit.pc != TARGET || !set;
  }
  eq_u64(hits, ROUNDS, "spinning vCPUs are stopped");
  eq_u64(wrong, 0, "where one is set, and while it is");
  ok(!seen[0] && seen[1] && seen[2], "all of them: %u and %u times", seen[1],
     seen[2]);
  tv_vm_free(vm);
}

// The guest's, read past the framework; those above the inner CPU's two are
// in `side`.
static uint64_t hardware(hv_sys_reg_t reg) {
  uint64_t value = 0;
  const struct mock_vcpu *v = &mock.vcpu[0];
  return soft_sysreg_read(mock_soft(v), reg, &value) ? value
                                                     : mock_side(v, reg);
}

static void registers(void) {
  tv_vcpu *cpu[1];
  tv_exit exit;
  tv_limits limits;
  uint64_t own = 0x1234;
  tv_vm *vm = machine(1, cpu);
  tv_vm_limits(vm, &limits);
  eq_u64(limits.breakpoints, 3, "of six breakpoints three are the timers'");
  tv_vcpu_set(cpu[0], TV_REG_SYS(HV_SYS_REG_DBGWCR1_EL1), &own, 8, NULL);
  tv_vcpu_set(cpu[0], TV_REG_SYS(HV_SYS_REG_DBGBCR1_EL1), &own, 8, NULL);
  for (unsigned k = 1; k < 4; k++)
    tv_vm_break(vm, CALLER + 4 * k, true, NULL);
  tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  ok(exit.kind == TV_EXIT_BREAKPOINT && exit.pc == 4, "the first one");
  eq_u64(hardware(HV_SYS_REG_DBGBVR0_EL1), 4, "is the first in hardware");
  eq_u64(hardware(HV_SYS_REG_DBGBVR2_EL1), 12, "the third is the third");
  eq_u64(hardware(HV_SYS_REG_DBGBCR2_EL1), 0x1e7, "for EL1 and EL0");
  eq_u64(hardware(HV_SYS_REG_DBGWCR1_EL1), 0, "the guest's watch nothing");
  ok(!tv_vcpu_get(cpu[0], TV_REG_SYS(HV_SYS_REG_DBGBCR1_EL1), &own, 8, NULL)
     && own == 0x1234, "though it has what it wrote");
  tv_vm_break(vm, 4, false, NULL);
  tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  ok(exit.kind == TV_EXIT_HVC, "one less");
  for (unsigned k = 2; k < 4; k++)
    tv_vm_break(vm, CALLER + 4 * k, false, NULL);
  tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  eq_u64(hardware(HV_SYS_REG_DBGBCR2_EL1), 0, "without any they are disabled");
  eq_u64(hardware(HV_SYS_REG_MDSCR_EL1), 0, "and no debug exception comes");
  eq_u64(hardware(HV_SYS_REG_DBGWCR1_EL1), 0x1234, "the guest's are back");
  tv_vm_free(vm);
}

int main(void) {
  from_a_handler();
  registers();
  return done();
}
