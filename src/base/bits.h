// SPDX-License-Identifier: MIT
//
// Bit arithmetic used everywhere. All functions are total: no shift here is
// undefined for the arguments its comment allows.

#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "TinyVMM needs a little-endian host"
#endif
#if UINTPTR_MAX != UINT64_MAX
#error "TinyVMM needs a 64-bit host"
#endif

#define BITS_LIKELY(x) __builtin_expect(!!(x), 1)
#define BITS_UNLIKELY(x) __builtin_expect(!!(x), 0)

// n low ones; n 0..64.
static inline uint64_t bits_mask(unsigned n) {
  return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

// Bits lo .. lo+width-1 of v; width 1..63.
static inline uint64_t bits_get(uint64_t v, unsigned lo, unsigned width) {
  return v >> lo & ((UINT64_C(1) << width) - 1);
}

// Sign-extends the low n bits of v; n 1..64.
static inline int64_t bits_sext(uint64_t v, unsigned n) {
  return (int64_t)(v << (64 - n)) >> (64 - n);
}

// Rotate right; n is taken modulo the width.
static inline uint64_t bits_ror64(uint64_t v, unsigned n) {
  return v >> (n & 63) | v << (-n & 63);
}
static inline uint32_t bits_ror32(uint32_t v, unsigned n) {
  return v >> (n & 31) | v << (-n & 31);
}

static inline bool bits_is_power_of_2(uint64_t v) {
  return v && !(v & (v - 1));
}

#endif
