// SPDX-License-Identifier: MIT
//
// The first guest in C: printf goes over hypercall PUTCHAR, and what main
// returns is the exit status.

#include "tinyvmm.h"

int main(void) {
  printf("Hello from C at EL%lu\n", tv_read_currentel() >> 2 & 3);
  printf("%-10s%8lu Hz\n", "counter", tv_frequency());
  return 0;
}
