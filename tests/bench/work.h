// SPDX-License-Identifier: MIT
//
// A workload (integer.c, vector.c), and what a guest and its host agree on:
// a block of parameters at PARAM, left in the guest's memory before it
// starts.

#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdbool.h>
#include <stdint.h>

// Does the work `rounds` times and returns a checksum of it.
uint32_t work_run(uint32_t rounds);

#define GUEST_RAM 0x40000000u
#define GUEST_RAM_SIZE 0x01000000u
#define GUEST_PARAM 0x40180000u
#define GUEST_ENTRY 0x40200000u
#define GUEST_STOP 0x40200004u      /* it comes here when all is done */

struct guest_param {
  uint64_t rounds;    // of work_run
  uint64_t calls;     // then so many PSCI_VERSION hypercalls
  uint64_t uart;      // then the checksum in hexadecimal to this PL011, if any
  uint64_t mmu;       // whether to turn the MMU on first
  uint64_t result;    // the guest's answer: the checksum
};

#endif
