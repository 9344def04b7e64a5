// SPDX-License-Identifier: MIT
//
// The estimates of reciprocals and of reciprocal square roots, which the Arm
// manual defines to the bit (RecipEstimate, RecipSqrtEstimate), FRECPX, and
// the dot product of bfloat16.

#include "soft/fp_core.h"

// 2^18 / (a + 1/2) to the nearest integer; a is 256..511 and stands for
// 1/2 .. 1, the result for 1 .. 2.
static unsigned recip_estimate(unsigned a) {
  return ((1u << 19) / (a * 2 + 1) + 1) / 2;
}

// The same of the reciprocal square root; a is 128..511 for 1/4 .. 1. b is the
// largest integer whose square is below 2^28 / a.
static unsigned rsqrt_estimate(unsigned a) {
  a = a < 256 ? a * 2 + 1 : (a | 1) * 2;
  unsigned b = 512;
  for (unsigned bit = 256; bit; bit /= 2)
    if (a * (b + bit) * (b + bit) < 1u << 28) b += bit;
  return (b + 1) / 2;
}

// An estimate of 9 bits as a fraction: the bits below its leading one.
static uint64_t estimate_frac(unsigned estimate) {
  return (uint64_t)(estimate & 0xff) << 55;      // as in fp_num.sig
}

static uint64_t recpe_overflow(struct fp_env *env, const struct fp_format *f,
                               bool sign) {
  enum fp_rounding mode = fp_mode(env);
  bool infinite = mode == FP_TIE_EVEN ||
                  mode == (sign ? FP_MINUS_INF : FP_PLUS_INF);
  env->fpsr |= FPSR_OFC | FPSR_IXC;
  return fp_signed(f, sign, fp_infinity(f) - !infinite);
}

uint64_t fp_recpe(struct fp_env *env, const struct fp_format *f, uint64_t v) {
  struct fp_num n = fp_unpack(env, f, v);
  if (fp_is_nan(&n)) return fp_nan(env, f, &n);
  if (n.type == FP_INFINITE) return fp_signed(f, n.sign, 0);
  if (n.type == FP_ZERO) {
    env->fpsr |= FPSR_DZC;
    return fp_signed(f, n.sign, fp_infinity(f));
  }
  if (n.exp < -f->bias - 1) return recpe_overflow(env, f, n.sign);
  if (n.exp >= f->bias - 1 && env->fpcr & f->flush) {
    env->fpsr |= FPSR_UFC;
    return fp_signed(f, n.sign, 0);
  }
  int exp = f->bias - 1 - n.exp;                 // biased, -1 at the least
  uint64_t frac = estimate_frac(recip_estimate((unsigned)(n.sig >> 55)));
  if (exp <= 0) frac = (frac | UINT64_C(1) << 63) >> (1 - exp);
  uint64_t biased = exp < 0 ? 0 : (uint64_t)exp;
  return fp_signed(f, n.sign, biased << f->frac | frac >> (63 - f->frac));
}

uint64_t fp_rsqrte(struct fp_env *env, const struct fp_format *f,
                   uint64_t v) {
  struct fp_num n = fp_unpack(env, f, v);
  if (fp_is_nan(&n)) return fp_nan(env, f, &n);
  if (n.type == FP_ZERO) {
    env->fpsr |= FPSR_DZC;
    return fp_signed(f, n.sign, fp_infinity(f));
  }
  if (n.sign) return fp_invalid(env, f);
  if (n.type == FP_INFINITE) return 0;
  int biased = n.exp + f->bias;
  unsigned scaled = (unsigned)(n.sig >> (biased & 1 ? 56 : 55));
  uint64_t exp = (uint64_t)((3 * f->bias - 1 - biased) / 2);
  uint64_t frac = estimate_frac(rsqrt_estimate(scaled));
  return exp << f->frac | frac >> (63 - f->frac);
}

uint64_t fp_recpx(struct fp_env *env, const struct fp_format *f, uint64_t v) {
  struct fp_num n = fp_unpack(env, f, v);
  if (fp_is_nan(&n)) return fp_nan(env, f, &n);
  uint64_t field = fp_infinity(f), exp = v & field;
  exp = exp ? ~exp & field : field - (UINT64_C(1) << f->frac);
  return fp_signed(f, n.sign, exp);
}

uint32_t fp_urecpe(uint32_t a) {
  return a >> 31 ? recip_estimate(a >> 23) << 23 : UINT32_MAX;
}

uint32_t fp_ursqrte(uint32_t a) {
  return a >> 30 ? rsqrt_estimate(a >> 23) << 23 : UINT32_MAX;
}

// -------------------------------------------------------------- bfloat16 --

// BFMulH, FPAdd_BF16: single precision that flushes denormals on both sides,
// rounds to odd but overflows to infinity, and has one NaN and no flags.
static uint32_t bf_op(uint32_t a, uint32_t b, fp_op2 *op) {
  struct fp_env env = { FPCR_FZ | FPCR_DN | FP_ENV_ODD, 0 };
  uint32_t r = (uint32_t)op(&env, &fp_single, a, b);
  return env.fpsr & FPSR_OFC ? r + 1 : r;        // after the largest number
}

uint32_t fp_bfdot(uint32_t sum, uint32_t a, uint32_t b) {
  uint32_t low = bf_op(a << 16, b << 16, fp_mul);
  uint32_t high = bf_op(a & 0xffff0000, b & 0xffff0000, fp_mul);
  return bf_op(sum, bf_op(low, high, fp_add), fp_add);
}
