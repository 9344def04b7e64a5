// SPDX-License-Identifier: MIT
//
// The first guest in C: printf goes over hypercall PUTCHAR, and what main
// returns is the exit status.

#include "tinyvmm.h"

int main(void) {
  printf("Hello from C at EL%u\n", (unsigned)tv_read_currentel() >> 2);
  printf("%s runs at %#lx, its stack ends at %p\n", "main",
         (uintptr_t)main & ~0xffffUL, (void *)0x10000);
  return 0;
}
