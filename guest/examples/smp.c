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
  bool asked;           // written by the first CPU
} mailbox;

static inline void barrier(void) { __asm__ volatile("dmb sy" : : : "memory"); }

static inline void tell(volatile bool *flag) {
  barrier();
  *flag = true;
  __asm__ volatile("dsb sy\n\tsev" : : : "memory");
}

static inline void wait_for(volatile bool *flag) {
  while (!*flag) __asm__ volatile("wfe");
  barrier();
}

static void second(void *arg) {
  uint64_t sum = 0, end = *(const uint64_t *)arg;
  for (uint64_t i = 1; i <= end; i++) sum += i;
  printf("cpu %lu adds up to %lu\n", tv_read_mpidr_el1() & 0xff, end);
  mailbox.sum = sum;
  tell(&mailbox.done);
  wait_for(&mailbox.asked);
}

int main(void) {
  static _Alignas(16) char stack[4096];
  uint64_t end = 100;
  int status = tv_cpu_on(1, second, &end, stack + sizeof stack);
  if (status != PSCI_SUCCESS) {
    printf("no second CPU: PSCI status %d\n", status);
    return 1;
  }
  // Not by tv_cpu_on, which would write to the stack that is in use.
  printf("on again: %d\n", tv_psci(PSCI_CPU_ON, 1, 0, 0));
  tell(&mailbox.asked);
  wait_for(&mailbox.done);
  printf("cpu %lu got %lu\n", tv_read_mpidr_el1() & 0xff, mailbox.sum);
  return 0;
}
