// SPDX-License-Identifier: MIT
//
// The formats, and rounding a number to one of them: the only place where
// a result may overflow, underflow or become inexact. Arm detects tininess
// before rounding, and flushing it is an underflow that is not inexact.

#include "soft/fp_core.h"

const struct fp_format fp_half = { 16, 10, 15, false, false, FPCR_FZ16 };
const struct fp_format fp_single = { 32, 23, 127, false, true, FPCR_FZ };
const struct fp_format fp_double = { 64, 52, 1023, false, true, FPCR_FZ };
const struct fp_format fp_bfloat = { 16, 7, 127, false, true, FPCR_FZ };

// What is beyond the largest number of the format.
static uint64_t overflow(struct fp_env *env, const struct fp_format *f,
                         bool sign, enum fp_rounding mode) {
  if (f->alternative) {
    env->fpsr |= FPSR_IOC;
    return fp_signed(f, sign, fp_sign_bit(f) - 1);
  }
  env->fpsr |= FPSR_OFC | FPSR_IXC;
  bool infinite = mode == FP_TIE_EVEN || mode == FP_TIE_AWAY ||
                  mode == (sign ? FP_MINUS_INF : FP_PLUS_INF);
  return fp_signed(f, sign, fp_infinity(f) - !infinite);
}

uint64_t fp_round(struct fp_env *env, const struct fp_format *f, bool sign,
                  int exp, uint64_t sig, enum fp_rounding mode) {
  unsigned drop = 63u - f->frac, biased = 0;
  int min = 1 - f->bias;
  if (BITS_UNLIKELY(exp < min)) {
    if (env->fpcr & f->flush) {
      env->fpsr |= FPSR_UFC;
      return fp_signed(f, sign, 0);
    }
    sig = fp_jam64(sig, (unsigned)(min - exp));
    if (sig & bits_mask(drop)) env->fpsr |= FPSR_UFC;
  } else {
    biased = (unsigned)(exp - min);    // the leading one adds another 1
  }
  uint64_t limit = f->alternative ? fp_sign_bit(f) : fp_infinity(f);
  if (BITS_UNLIKELY(biased > 2047)) return overflow(env, f, sign, mode);
  uint64_t rest = sig & bits_mask(drop), v = sig >> drop;
  v += fp_round_up(mode, sign, v & 1, rest, UINT64_C(1) << (drop - 1));
  if (mode == FP_ODD && rest) v |= 1;
  v += (uint64_t)biased << f->frac;    // a carry goes on into the exponent
  if (BITS_UNLIKELY(v >= limit)) return overflow(env, f, sign, mode);
  if (rest) env->fpsr |= FPSR_IXC;
  return fp_signed(f, sign, v);
}
