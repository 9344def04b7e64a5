// SPDX-License-Identifier: MIT
//
// tv_vm_break in C: the list and its errors, handlers that set and clear
// during the run, and that neither steps, time nor the trace show anything.

#include <limits.h>

#include "tap.h"
#include "tinyvmm.h"

enum { CODE = 0x10000, LOOP = CODE + 4 };

static const uint32_t code[] = {
  0xd28000e0,   // mov x0, #7
  0xd4000002,   // loop: hvc #0
  0x91000421,   // add x1, x1, #1
  0x17fffffe    // b loop
};

static tv_error err;

static tv_vcpu *start(tv_vm **vm) {
  tv_vcpu *cpu = NULL;
  uint64_t pc = CODE;
  if (tv_vm_new(NULL, vm, &err) ||
      tv_mem_ram(*vm, 0, 1 << 20, TV_READ | TV_WRITE | TV_EXEC, NULL, &err) ||
      tv_mem_write(*vm, CODE, code, sizeof code, &err) ||
      tv_vcpu_new(*vm, &cpu, &err) ||
      tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, &err))
    note("%s", err.text);
  return cpu;
}

static uint64_t reg(tv_vcpu *cpu, tv_reg r) {
  uint64_t value = 0;
  tv_vcpu_get(cpu, r, &value, sizeof value, &err);
  return value;
}

static void list(void) {
  static const uint64_t sorted[] = {0, 0x1000, 0x1004, 0x40000000,
                                    0xffffff8000000000};
  enum { N = sizeof sorted / sizeof *sorted };
  tv_vm *vm = NULL;
  uint64_t at = 1;
  tv_limits limits;
  start(&vm);
  tv_vm_limits(vm, &limits);
  ok(limits.breakpoints == UINT_MAX, "soft has any number");
  ok(tv_vm_breakpoint(vm, 0, &at) == TV_E_RANGE && at == 1, "none at first");
  for (unsigned k = 0; k < 2 * N; k++)
    tv_vm_break(vm, sorted[k * 3 % N], true, &err);
  for (unsigned k = 0; k < N; k++) {
    tv_vm_breakpoint(vm, k, &at);
    eq_u64(at, sorted[k], "number %u in ascending order", k);
  }
  ok(tv_vm_breakpoint(vm, N, &at) == TV_E_RANGE, "each is there once");
  ok(tv_vm_break(vm, 0x1000, false, &err) == TV_OK &&
     tv_vm_breakpoint(vm, 1, &at) == TV_OK && at == 0x1004, "one goes");
  ok(tv_vm_break(vm, 0x1000, false, &err) == TV_OK, "going again is no error");
  ok(tv_vm_break(vm, 0x1002, true, &err) == TV_E_ALIGNMENT &&
     err.addr == 0x1002, "%s", err.text);
  ok(tv_vm_break(vm, UINT64_C(1) << 56, true, NULL) == TV_E_INVALID &&
     tv_vm_break(vm, UINT64_C(1) << 55, true, &err) == TV_E_INVALID, "%s",
     err.text);
  ok(tv_vm_breakpoint(vm, N - 1, &at) == TV_E_RANGE, "a refusal sets none");
  tv_vm_free(vm);
}

// Sets the breakpoint behind the hvc, takes it away, and so on.
static tv_hc toggle(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                    uint64_t *x0) {
  unsigned *calls = ctx;
  (void)arg, (void)x0;
  tv_vm_break(tv_vcpu_vm(cpu), CODE + 8, ++*calls & 1, &err);
  return TV_HC_RESUME;
}

static void handlers(void) {
  tv_vm *vm = NULL;
  tv_exit exit;
  unsigned calls = 0;
  tv_vcpu *cpu = start(&vm);
  tv_vm_hypercall(vm, 7, toggle, &calls, &err);
  for (unsigned n = 1; n < 6; n += 2) {
    tv_vcpu_run(cpu, 1000, &exit, &err);
    ok(exit.kind == TV_EXIT_BREAKPOINT && exit.pc == CODE + 8 &&
       exit.vcpu == cpu && exit.insn == code[2], "stops behind call %u", n);
    eq_u64(calls, n, "which the handler has set it in");
    eq_u64(exit.icount, n * 3 - 1, "after so many steps");
  }
  eq_u64(tv_vm_exits(vm, TV_EXIT_BREAKPOINT), 3, "they are counted");
  tv_vm_free(vm);
}

static void count(void *ctx, const tv_step *step) {
  unsigned *seen = ctx;
  seen[(step->pc - CODE) / 4]++;
}

static tv_hc resume(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                    uint64_t *x0) {
  (void)ctx, (void)cpu, (void)arg, (void)x0;
  return TV_HC_RESUME;
}

static void unseen(void) {
  tv_vm *vm = NULL;
  tv_exit exit;
  unsigned seen[4] = {0}, stops = 0;
  tv_vcpu *cpu = start(&vm);
  tv_vm_hypercall(vm, 7, resume, NULL, &err);
  tv_vm_trace(vm, count, seen, &err);
  for (unsigned k = 0; k < 4; k++) tv_vm_break(vm, CODE + 4 * k, true, &err);
  for (unsigned n = 0; n < 30;) {
    uint64_t time = tv_vm_time(vm);
    tv_vcpu_run(cpu, 1, &exit, &err);
    if (exit.kind == TV_EXIT_BREAKPOINT) {
      stops++;
      n += tv_vm_time(vm) != time;
    } else {
      n++;
    }
  }
  eq_u64(stops, 30, "each step has its breakpoint");
  eq_u64(tv_vcpu_icount(cpu), 30, "which is no step itself");
  eq_u64(tv_vm_time(vm), 30, "and takes no time");
  ok(seen[0] == 1 && seen[1] == 10 && seen[2] == 10 && seen[3] == 9,
     "the trace has each instruction once");
  eq_u64(reg(cpu, TV_REG_X(1)), 10, "all were executed");
  tv_vm_free(vm);
}

int main(void) {
  list();
  handlers();
  unseen();
  return done();
}
