// SPDX-License-Identifier: MIT
//
// Two CPUs: the first starts the second by PSCI and waits for its answer.
// The VM has a second vCPU, switched off (smp.lua, or `tinyvmm run --smp 2`).
// With the MMU off there are no exclusives, so the mailbox has one writer for
// each word, and DMBs between data and flag.

#include "tinyvmm.h"

static volatile struct {
  uint64_t sum;
  bool done;
} mailbox;

static inline void barrier(void) { __asm__ volatile("dmb sy" : : : "memory"); }

static void second(void *arg) {
  uint64_t sum = 0, end = *(const uint64_t *)arg;
  for (uint64_t i = 1; i <= end; i++) sum += i;
  printf("cpu %lu adds up to %lu\n", tv_read_mpidr_el1() & 0xff, end);
  mailbox.sum = sum;
  barrier();
  mailbox.done = true;
  __asm__ volatile("dsb sy\n\tsev" : : : "memory");
}

int main(void) {
  static _Alignas(16) char stack[4096];
  uint64_t end = 100;
  int status = tv_cpu_on(1, second, &end, stack + sizeof stack);
  if (status != PSCI_SUCCESS) {
    printf("no second CPU: PSCI status %d\n", status);
    return 1;
  }
  printf("on again: %d\n", tv_cpu_on(1, second, &end, stack + sizeof stack));
  while (!mailbox.done) __asm__ volatile("wfe");
  barrier();
  printf("cpu %lu got %lu\n", tv_read_mpidr_el1() & 0xff, mailbox.sum);
  return 0;
}
