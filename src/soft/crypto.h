// SPDX-License-Identifier: MIT
//
// What the cryptographic instructions share: a template without lanes and
// with a fourth operand, and the three-operand functions of the hashes.

#ifndef SOFT_CRYPTO_H
#define SOFT_CRYPTO_H

#include "soft/vec.h"

// The predecoder and the handler of a row.
#define CRYPTO(row, kernel) \
  VEC_HANDLER(kernel##_h, kernel, VEC_FOUR, 0) \
  VEC_ROW(row, crypto_setup, kernel##_h)

static inline void crypto_setup(struct insn *i, uint32_t w, insn_fn *fn) {
  vec_setup(i, w, fn, a64_ra(w), (int32_t)(w >> 10 & 63));
}

static inline uint32_t crypto_rol(uint32_t v, unsigned n) {
  return bits_ror32(v, 32 - n);
}

typedef uint32_t crypto_fn(uint32_t, uint32_t, uint32_t);
static inline uint32_t crypto_choose(uint32_t x, uint32_t y, uint32_t z) {
  return ((y ^ z) & x) ^ z;
}
static inline uint32_t crypto_parity(uint32_t x, uint32_t y, uint32_t z) {
  return x ^ y ^ z;
}
static inline uint32_t crypto_majority(uint32_t x, uint32_t y, uint32_t z) {
  return (x & y) | ((x | y) & z);
}

#endif
