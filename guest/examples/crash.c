// SPDX-License-Identifier: MIT
//
// A crash: nobody handles the alignment fault of the wild store, so the SDK
// prints the dump and ends the guest with status 134.

#include "tinyvmm.h"

static void *volatile wild = (void *)0x20001;

static __attribute__((noinline)) void store(uint64_t *to) { *to = 42; }

int main(void) {
  puts("about to crash");
  store(wild);
  puts("not reached");
  return 0;
}
