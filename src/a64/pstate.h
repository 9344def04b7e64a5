// SPDX-License-Identifier: MIT
//
// PSTATE as SPSR_EL1 shows it (Arm ARM C5.2.19), and condition codes.
//
//   31 30 29 28    24  23  22  21 20    12   11 10  9 8 7 6   4 3 2   0
//   N  Z  C  V     DIT UAO PAN SS IL    SSBS BTYPE  D A I F   0 EL  0 SP

#ifndef A64_PSTATE_H
#define A64_PSTATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
  PSTATE_SP = 1u << 0,
  PSTATE_EL_SHIFT = 2,
  PSTATE_EL_MASK = 3u << 2,
  PSTATE_NRW = 1u << 4,
  PSTATE_F = 1u << 6,
  PSTATE_I = 1u << 7,
  PSTATE_A = 1u << 8,
  PSTATE_D = 1u << 9,
  PSTATE_DAIF = 15u << 6,
  PSTATE_BTYPE = 3u << 10,
  PSTATE_SSBS = 1u << 12,
  PSTATE_IL = 1u << 20,
  PSTATE_SS = 1u << 21,
  PSTATE_PAN = 1u << 22,
  PSTATE_UAO = 1u << 23,
  PSTATE_DIT = 1u << 24,
  PSTATE_V = 1u << 28,
  PSTATE_C = 1u << 29,
  PSTATE_Z = 1u << 30,
  PSTATE_RESET = 0x3c5    // EL1h, DAIF masked
};
#define PSTATE_N (1u << 31)
#define PSTATE_NZCV (15u << 28)

// Whether condition `cond` (0 eq .. 15 nv) holds for the flags in bits 31..28
// (C1.2.4). One bit per NZCV value and condition pair; odd conditions negate,
// but for 15, which is always true as 14 is.
static inline bool pstate_cond(unsigned cond, uint32_t nzcv) {
  static const uint16_t holds[8] = {
    0xf0f0,   // eq: Z
    0xcccc,   // cs: C
    0xff00,   // mi: N
    0xaaaa,   // vs: V
    0x0c0c,   // hi: C and not Z
    0xaa55,   // ge: N == V
    0x0a05,   // gt: N == V and not Z
    0xffff    // al
  };
  bool yes = holds[cond >> 1] >> (nzcv >> 28) & 1;
  return yes != ((cond & 1) && cond != 15);
}

#endif
