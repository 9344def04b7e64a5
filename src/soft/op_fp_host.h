// SPDX-License-Identifier: MIT
//
// Results of the host made exact: where FPCR has another rounding or FZ, or
// IXC is not set yet. Operands are normal numbers or zeros; the host rounds
// to nearest, and what the exact result has beyond that says whether it is
// inexact and where FPCR.RMode wants its neighbour.
//
// A surplus is the sign of |exact| - |r|. Products, quotients and roots have
// theirs from the significands: it is less than half a unit of the last place
// of r, so that 64 bits of the difference are enough, however long the
// numbers are.

#ifndef SOFT_OP_FP_HOST_H
#define SOFT_OP_FP_HOST_H

#include "soft/op_fp.h"

static inline bool op_normal_d(uint64_t v) {
  return (v << 1) - (UINT64_C(1) << 53) < UINT64_C(0x7fe) << 53;
}
static inline bool op_normal_s(uint32_t v) {
  return (v << 1) - (UINT32_C(1) << 24) < UINT32_C(0xfe) << 24;
}
static inline bool op_ordinary_d(uint64_t v) {
  return op_normal_d(v) || op_zero_d(v);
}
static inline bool op_ordinary_s(uint32_t v) {
  return op_normal_s(v) || op_zero_s(v);
}

// ------------------------------------------------------------- surpluses --

// Of a result whose error, exact - r, has been computed.
static inline int op_surplus(double error, bool sign) {
  int s = (error > 0) - (error < 0);
  return sign ? -s : s;
}

// What a rounded sum of a and b lacks (Knuth's TwoSum); no overflow near.
static inline double op_sum_error(double a, double b, double sum) {
  double part = sum - a;
  return (a - (sum - part)) + (b - part);
}

static inline uint64_t op_significand_d(uint64_t v) {
  return (v & bits_mask(52)) | UINT64_C(1) << 52;
}
static inline int op_exponent_d(uint64_t v) {
  return (int)(v >> 52 & 0x7ff) - 1023;
}

// The sign of x * 2^shift - y * z, or of its negation.
static inline int op_difference(uint64_t x, int shift, uint64_t y,
                                uint64_t z) {
  int64_t d = (int64_t)((x << (shift & 63)) - y * z);
  return (d > 0) - (d < 0);
}

// Of r = a * b, r = a / b and the root of a, none of them zero.
static inline int op_product_surplus(uint64_t a, uint64_t b, uint64_t r) {
  int shift = 52 + op_exponent_d(r) - op_exponent_d(a) - op_exponent_d(b);
  return -op_difference(op_significand_d(r), shift, op_significand_d(a),
                        op_significand_d(b));
}
static inline int op_quotient_surplus(uint64_t a, uint64_t b, uint64_t r) {
  int shift = 52 + op_exponent_d(a) - op_exponent_d(b) - op_exponent_d(r);
  return op_difference(op_significand_d(a), shift, op_significand_d(r),
                       op_significand_d(b));
}
static inline int op_root_surplus(uint64_t a, uint64_t r) {
  int shift = 52 + op_exponent_d(a) - 2 * op_exponent_d(r);
  return op_difference(op_significand_d(a), shift, op_significand_d(r),
                       op_significand_d(r));
}

// -------------------------------------------------------------- rounding --

// Turns a safe result, rounded to nearest, into the one that FPCR wants, or
// returns false, having raised nothing, where that overflows.
static inline bool op_direct(struct fp_env *env, unsigned log2, int surplus,
                             uint64_t *r) {
  if (surplus == 0) return true;
  enum fp_rounding mode = fp_mode(env);
  if (mode != FP_TIE_EVEN) {
    bool sign = *r >> ((8u << log2) - 1) & 1;
    bool away = mode == (sign ? FP_MINUS_INF : FP_PLUS_INF);
    uint64_t v = *r + (away && surplus > 0) - (!away && surplus < 0);
    if (!(log2 == LANE_D ? op_finite_d(v) : op_finite_s((uint32_t)v)))
      return false;
    *r = v;
  }
  env->fpsr |= FPSR_IXC;
  return true;
}

#endif
