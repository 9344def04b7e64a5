// SPDX-License-Identifier: MIT
//
// The benchmark guest: does what its parameters say and ends. The MMU maps
// two gigabytes onto themselves, devices below RAM.

#include "work.h"

static void mmu_on(void) {
  static uint64_t table[4] __attribute__((aligned(4096)));
  uint64_t control;
  table[0] = 0x0060000000000401;              // Device block, XN
  table[1] = 0x0000000040000705;              // Normal block, inner shareable
  __asm__ volatile(
    "msr mair_el1, %1\n\t"
    "msr tcr_el1, %2\n\t"
    "msr ttbr0_el1, %3\n\t"
    "dsb sy\n\t"
    "isb\n\t"
    "tlbi vmalle1\n\t"
    "dsb sy\n\t"
    "mrs %0, sctlr_el1\n\t"
    "orr %0, %0, #0x1000\n\t"                 // I
    "orr %0, %0, #0x4\n\t"                    // C
    "orr %0, %0, #0x1\n\t"                    // M
    "msr sctlr_el1, %0\n\t"
    "isb"
    : "=&r"(control)
    : "r"(0xff00ul), "r"(0x803520ul), "r"(table)
    : "memory");
}

static void hypercalls(uint64_t n) {
  for (; n; n--) {
    register uint64_t x0 __asm__("x0") = 0x84000000;   // PSCI_VERSION
    __asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
  }
}

static void print(volatile uint32_t *uart, uint32_t v) {
  for (int shift = 28; shift >= 0; shift -= 4)
    *uart = (uint32_t)"0123456789abcdef"[v >> shift & 15];
  *uart = '\n';
}

void guest_main(void);
void guest_main(void) {
  struct guest_param *p = (struct guest_param *)(uintptr_t)GUEST_PARAM;
  if (p->mmu) mmu_on();
  uint32_t sum = work_run((uint32_t)p->rounds);
  hypercalls(p->calls);
  p->result = sum;
  if (p->uart) print((volatile uint32_t *)(uintptr_t)p->uart, sum);
}
