// SPDX-License-Identifier: MIT
//
// The constants of the SHA-2 family (FIPS 180-4), computed: fractions of the
// square and cube roots of the first primes, by long multiplication.

#ifndef TESTS_ROOTS_H
#define TESTS_ROOTS_H

#include "program.h"

enum { ROOT_LIMBS = 8 };   // of 32 bits, lowest first

static inline void root_multiply(uint32_t *r, const uint32_t *a,
                                 const uint32_t *b) {
  uint32_t out[ROOT_LIMBS] = { 0 };
  for (int i = 0; i < ROOT_LIMBS; i++) {
    uint64_t carry = 0;
    for (int j = 0; i + j < ROOT_LIMBS; j++) {
      carry += (uint64_t)a[i] * b[j] + out[i + j];
      out[i + j] = (uint32_t)carry;
      carry >>= 32;
    }
  }
  memcpy(r, out, sizeof out);
}

// The first 64 bits of the fraction of the `power`-th root of p.
static inline uint64_t root_fraction(uint32_t p, int power) {
  uint32_t x[ROOT_LIMBS] = { 0 }, product[ROOT_LIMBS];
  uint32_t limit[ROOT_LIMBS] = { 0 };
  limit[2 * power] = p;
  for (int bit = 68; bit >= 0; bit--) {
    x[bit / 32] |= 1u << bit % 32;
    root_multiply(product, x, x);
    if (power == 3) root_multiply(product, product, x);
    int i = ROOT_LIMBS - 1;
    while (i > 0 && product[i] == limit[i]) i--;
    if (product[i] > limit[i]) x[bit / 32] &= ~(1u << bit % 32);
  }
  return (uint64_t)x[1] << 32 | x[0];
}

// The 80 constants of the rounds and the 8 of the start; SHA-256 uses the
// high halves.
static inline void root_constants(uint64_t *k, uint64_t *start) {
  int found = 0;
  for (uint32_t p = 2; found < 80; p++) {
    bool prime = true;
    for (uint32_t q = 2; q * q <= p; q++) prime = prime && p % q;
    if (!prime) continue;
    k[found] = root_fraction(p, 3);
    if (found < 8) start[found] = root_fraction(p, 2);
    found++;
  }
}

#endif
