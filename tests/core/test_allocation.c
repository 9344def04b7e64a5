// SPDX-License-Identifier: MIT
//
// Out of memory: the Nth allocation fails, for every N. Each call either
// succeeds or says so and leaves nothing behind. Uses the real backend soft;
// the allocator is compiled in here, in its test form, in every MODE.

#ifndef TV_TEST
#define TV_TEST
#endif
#include "base/alloc.c"
#include "tap.h"
#include "tinyvmm.h"

static uint8_t own[8192];

static tv_hc handler(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                     uint64_t *x0) {
  (void)ctx, (void)cpu, (void)arg, (void)x0;
  return TV_HC_RESUME;
}

static tv_status map_all(tv_vm *vm, tv_error *err) {
  const unsigned rwx = TV_READ | TV_WRITE | TV_EXEC;
  tv_status s = tv_mem_ram(vm, 0x10000, 0x10000, rwx, NULL, err);
  if (!s) s = tv_mem_ram(vm, 0x100000, sizeof own, rwx, own, err);
  for (uint64_t i = 0; !s && i < 6; i++)
    s = tv_mem_mmio(vm, 0x200000 + i * 0x2000, 0x1000, err);
  for (uint32_t nr = 10; !s && nr < 20; nr++)
    s = tv_vm_hypercall(vm, nr, handler, NULL, err);
  for (uint64_t i = 0; !s && i < 10; i++)
    s = tv_vm_break(vm, 0x18000 + 4 * i, true, err);
  return s;
}

// Builds a VM with all there is and runs it; a fetch that finds no memory for
// its predecoded code is an exit, so the run's kind is the result.
static tv_status scenario(tv_exit *exit, tv_error *err) {
  // movz x0, #0; hvc #0
  static const uint32_t code[] = {0xd2800000, 0xd4000002};
  tv_vm *vm = NULL;
  tv_vcpu *cpu[6] = {NULL};
  tv_status s = tv_vm_new(NULL, &vm, err);
  if (s) return s;
  s = map_all(vm, err);
  for (int i = 0; !s && i < 6; i++) s = tv_vcpu_new(vm, &cpu[i], err);
  if (!s) s = tv_mem_write(vm, 0x10000, code, sizeof code, err);
  if (!s) s = tv_mem_log(vm, 0x10000, true, err);
  if (!s) s = tv_mem_log(vm, 0x100000, true, err);
  if (!s) s = tv_mem_log(vm, 0x100000, false, err);
  uint64_t pc = 0x10000;
  if (!s) s = tv_vcpu_set(cpu[0], TV_REG_PC, &pc, sizeof pc, err);
  if (!s) s = tv_vcpu_run(cpu[0], 100, exit, err);
  tv_vm_free(vm);
  return s;
}

int main(void) {
  long n = 0, leaks = 0, silent = 0, refused = 0;
  bool happened = true;
  while (happened) {
    tv_error err = {.code = TV_OK};
    tv_exit exit = {.kind = TV_EXIT_BUDGET};
    alloc_test_fail(++n);
    tv_status s = scenario(&exit, &err);
    happened = alloc_test_fail(0) == 0;
    leaks += alloc_test_live() != 0;
    refused += s == TV_E_NO_MEMORY;
    if (s) silent += s != err.code || !err.text[0];
    else if (happened) silent += exit.kind != TV_EXIT_FAULT;
    else ok(exit.kind == TV_EXIT_SHUTDOWN, "with memory enough it works");
    if (n > 1000) break;
  }
  ok(refused > 10, "%ld of %ld allocations were refused by their call",
     refused, n - 1);
  ok(leaks == 0, "no failure leaks");
  ok(silent == 0, "every failure is reported");
  return done();
}
