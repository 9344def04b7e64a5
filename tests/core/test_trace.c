// SPDX-License-Identifier: MIT
//
// tv_vm_trace in C: the function sees every instruction once, before it is
// executed, with the registers that it will find.

#include <string.h>

#include "tap.h"
#include "tinyvmm.h"

enum { CODE = 0x10000, SEEN = 16 };

struct seen {
  unsigned count;
  uint64_t pc[SEEN], x0[SEEN], sp[SEEN], q1[SEEN];
  uint32_t insn[SEEN], pstate[SEEN];
  tv_vm *stop;
};

static void see(void *ctx, const tv_step *step) {
  struct seen *s = ctx;
  unsigned i = s->count++;
  if (i >= SEEN) return;
  s->pc[i] = step->pc;
  s->insn[i] = step->insn;
  s->pstate[i] = step->pstate;
  s->x0[i] = step->x[0];
  s->sp[i] = step->x[31];
  s->q1[i] = step->q[1][0];
  if (s->stop) tv_vm_stop(s->stop);
}

static const uint32_t code[] = {
  0xd2800540,   // mov x0, #42
  0xf100041f,   // cmp x0, #1
  0x9e670001,   // fmov d1, x0
  0x17fffffd    // b to the start
};

static tv_vcpu *start(tv_vm **vm) {
  tv_error err;
  tv_vcpu *cpu = NULL;
  uint64_t pc = CODE, sp = 0x8000;
  if (tv_vm_new(NULL, vm, &err) ||
      tv_mem_ram(*vm, 0, 1 << 20, TV_READ | TV_WRITE | TV_EXEC, NULL, &err) ||
      tv_mem_write(*vm, CODE, code, sizeof code, &err) ||
      tv_vcpu_new(*vm, &cpu, &err))
    return NULL;
  tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, &err);
  tv_vcpu_set(cpu, TV_REG_SP, &sp, sizeof sp, &err);
  return cpu;
}

static void sees_steps(void) {
  tv_vm *vm = NULL;
  tv_exit exit;
  tv_error err;
  struct seen s = {0};
  tv_vcpu *cpu = start(&vm);
  ok(cpu != NULL, "a machine");
  ok(tv_vm_trace(vm, see, &s, &err) == TV_OK, "soft can trace");
  ok(tv_vcpu_run(cpu, 4, &exit, &err) == TV_OK, "runs");
  eq_u64(s.count, 4, "a call for each step");
  for (unsigned i = 0; i < 4; i++) {
    eq_u64(s.pc[i], CODE + 4 * i, "pc of step %u", i);
    eq_u64(s.insn[i], code[i], "word of step %u", i);
    eq_u64(s.sp[i], 0x8000, "sp before step %u", i);
  }
  eq_u64(s.x0[0], 0, "x0 before it is written");
  eq_u64(s.x0[1], 42, "x0 after it");
  eq_u64(s.pstate[1], 0x3c5, "flags before the comparison");
  eq_u64(s.pstate[2], 0x200003c5, "flags after it");
  eq_u64(s.q1[2], 0, "q1 before it is written");
  eq_u64(s.q1[3], 42, "q1 after it");
  ok(tv_vm_trace(vm, NULL, NULL, &err) == TV_OK, "tracing ends");
  tv_vcpu_run(cpu, 10, &exit, &err);
  eq_u64(s.count, 4, "no call after that");
  tv_vm_free(vm);
}

static void may_stop(void) {
  tv_vm *vm = NULL;
  tv_exit exit;
  tv_error err;
  tv_vcpu *cpu = start(&vm);
  struct seen s = {.stop = vm};
  tv_vm_trace(vm, see, &s, &err);
  ok(tv_vcpu_run(cpu, TV_NO_LIMIT, &exit, &err) == TV_OK, "runs");
  ok(exit.kind == TV_EXIT_STOPPED, "the function may stop the run");
  eq_u64(tv_vm_exits(vm, TV_EXIT_STOPPED), 0, "which is no exit of the guest");
  eq_u64(tv_vm_exits(vm, (tv_exit_kind)99), 0, "nor is what does not exist");
  tv_vm_free(vm);
}

int main(void) {
  sees_steps();
  may_stop();
  return done();
}
