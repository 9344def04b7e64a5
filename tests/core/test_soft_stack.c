// SPDX-License-Identifier: MIT
//
// A run needs little of the caller's stack, whatever the guest executes: the
// handlers of instructions go on with each other by jumps, not by calls that
// nest (soft/cpu.h). Here a thread with 128 KiB runs those that have variables
// in memory, which is what keeps compilers from making jumps. Without
// optimization calls do nest, but not without end.

#include <pthread.h>

#include "tap.h"
#include "tinyvmm.h"

// 1: fcmla; fmlal; fcvtxn; fcvtn; fadd v4.8h; fdiv; fmadd; fcvtzs v3.4s, #3
//    fjcvtzs; frecpe; ld3; st4; ldp q; ldadd; sha256h; sm4e; pacga; b 1b
static const uint32_t code[] = {
  0x6e82cc20, 0x4e22ec20, 0x7e616823, 0x0e216823, 0x4e4614a4, 0x1e611807,
  0x1f410807, 0x4f3dfc23, 0x1e7e0023, 0x4ee1d823, 0x4c404008, 0x4c000808,
  0xad402408, 0xf8230004, 0x5e0a4128, 0xcec08528, 0x9ac43063, 0x17ffffef,
};

enum { STEPS = 20000, DATA = 0x8000 };
#if defined(__OPTIMIZE__) && !defined(TV_TEST)
enum { STACK = 128 << 10 };      // the least that glibc allows on arm64
#else
enum { STACK = 8 << 20 };
#endif

static void *run(void *arg) {
  tv_vm *vm = arg;
  tv_vcpu *cpu;
  tv_exit end;
  tv_error err;
  uint64_t data = DATA;
  if (tv_vcpu_new(vm, &cpu, &err) ||
      tv_vcpu_set(cpu, TV_REG_X(0), &data, sizeof data, &err) ||
      tv_vcpu_run(cpu, STEPS, &end, &err))
    return NULL;
  return end.kind == TV_EXIT_BUDGET && tv_vcpu_icount(cpu) == STEPS ? vm
                                                                    : NULL;
}

int main(void) {
  tv_vm_config config = { .size = sizeof config, .relaxed = true };
  tv_vm *vm;
  tv_error err;
  pthread_t thread;
  pthread_attr_t attr;
  void *result = NULL;
  ok(!tv_vm_new(&config, &vm, &err) &&
       !tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE | TV_EXEC, NULL,
                   &err) &&
       !tv_mem_write(vm, 0, code, sizeof code, &err),
     "a machine");
  ok(!pthread_attr_init(&attr) &&
       !pthread_attr_setstacksize(&attr, STACK) &&
       !pthread_create(&thread, &attr, run, vm) &&
       !pthread_join(thread, &result),
     "a thread with a small stack");
  ok(result == vm, "runs 20,000 instructions");
  pthread_attr_destroy(&attr);
  tv_vm_free(vm);
  return done();
}
