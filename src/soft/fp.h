// SPDX-License-Identifier: MIT
//
// Floating point as the Arm manual defines it (shared/functions/float): half,
// single, double and bfloat16, every rounding mode, flush-to-zero, default
// NaNs, exact flags. All in integer arithmetic: nothing here depends on the
// host's FPU or its modes. The op_fp*.c ask the host first where its answer
// is known to be the same, and come here for the rest.
//
// Values are bit patterns in the low bits of a uint64_t; the bits above the
// format are ignored in operands and zero in results. `f` is the format of
// operands and result. Functions read env->fpcr and OR what they raise into
// env->fpsr; traps do not exist in this model.

#ifndef SOFT_FP_H
#define SOFT_FP_H

#include <stdbool.h>
#include <stdint.h>

// FPCR: 26 AHP, 25 DN, 24 FZ, 23:22 RMode, 19 FZ16.
enum { FPCR_FZ16 = 1 << 19, FPCR_RMODE = 3 << 22, FPCR_FZ = 1 << 24,
       FPCR_DN = 1 << 25, FPCR_AHP = 1 << 26 };

// FPSR: invalid operation, division by zero, overflow, underflow, inexact,
// input denormal.
enum { FPSR_IOC = 1, FPSR_DZC = 2, FPSR_OFC = 4, FPSR_UFC = 8, FPSR_IXC = 16,
       FPSR_IDC = 128 };

// FP_ENV_ODD, no bit of FPCR's, rounds to odd.
struct fp_env {
  uint32_t fpcr, fpsr;
};
enum { FP_ENV_ODD = 1 << 30 };

// Rounding; the first four are the values of FPCR.RMode.
enum fp_rounding { FP_TIE_EVEN, FP_PLUS_INF, FP_MINUS_INF, FP_ZERO_WARD,
                   FP_TIE_AWAY, FP_ODD };

struct fp_format {
  uint8_t bits;         // in all
  uint8_t frac;         // of the fraction
  int16_t bias;
  bool alternative;     // no infinities and NaNs (FPCR.AHP)
  bool input_denormal;  // flushed operands raise IDC
  uint32_t flush;       // FPCR bit that flushes, or 0
};

extern const struct fp_format fp_half, fp_single, fp_double, fp_bfloat;

static inline enum fp_rounding fp_mode(const struct fp_env *env) {
  if (env->fpcr & FP_ENV_ODD) return FP_ODD;
  return (enum fp_rounding)(env->fpcr >> 22 & 3);
}

// The patterns of a format.
static inline uint64_t fp_sign_bit(const struct fp_format *f) {
  return UINT64_C(1) << (f->bits - 1);
}
static inline uint64_t fp_infinity(const struct fp_format *f) {
  return fp_sign_bit(f) - (UINT64_C(1) << f->frac);
}
static inline uint64_t fp_default_nan(const struct fp_format *f) {
  return fp_infinity(f) | UINT64_C(1) << (f->frac - 1);
}

// ------------------------------------------------------------ arithmetic --

// Two operands: FPAdd, FPSub, FPMul, FPDiv, FPMulX, FPMax, FPMin, FPMaxNum,
// FPMinNum, FPRecipStepFused, FPRSqrtStepFused; -(a * b); |a - b|.
typedef uint64_t fp_op2(struct fp_env *, const struct fp_format *f,
                        uint64_t a, uint64_t b);
fp_op2 fp_add, fp_sub, fp_mul, fp_div, fp_mulx, fp_nmul, fp_abd;
fp_op2 fp_max, fp_min, fp_maxnm, fp_minnm, fp_recps, fp_rsqrts;

// FPMulAdd: c + a * b, rounded once.
uint64_t fp_muladd(struct fp_env *, const struct fp_format *f, uint64_t c,
                   uint64_t a, uint64_t b);
// FPMulAddH: c and the result single, a and b half.
uint64_t fp_muladd_half(struct fp_env *, uint64_t c, uint64_t a, uint64_t b);

// One operand: FPSqrt, FPRecipEstimate, FPRSqrtEstimate, FPRecpX; FPNeg and
// FPAbs, which raise nothing.
typedef uint64_t fp_op1(struct fp_env *, const struct fp_format *f,
                        uint64_t a);
fp_op1 fp_sqrt, fp_recpe, fp_rsqrte, fp_recpx, fp_neg, fp_abs;

// UnsignedRecipEstimate, UnsignedRSqrtEstimate: URECPE, URSQRTE.
uint32_t fp_urecpe(uint32_t a);
uint32_t fp_ursqrte(uint32_t a);

// BFDotAdd: sum + (a0 * b0 + a1 * b1), where a and b are pairs of bfloat16
// with element 0 low; rounds to odd and raises nothing, whatever FPCR says.
uint32_t fp_bfdot(uint32_t sum, uint32_t a, uint32_t b);

// ----------------------------------------------------------- comparisons --

// FPCompare: NZCV, in bits 3..0. `quiet` NaNs raise too if `signal`.
unsigned fp_compare(struct fp_env *, const struct fp_format *f, uint64_t a,
                    uint64_t b, bool signal);

// FPCompareEQ, GE, GT, and GE and GT of absolute values: all ones or 0.
fp_op2 fp_cmeq, fp_cmge, fp_cmgt, fp_acge, fp_acgt;

// ----------------------------------------------------------- conversions --

// FPConvert. Half precision follows FPCR.AHP, and not FZ16.
uint64_t fp_convert(struct fp_env *, const struct fp_format *from,
                    const struct fp_format *to, uint64_t a,
                    enum fp_rounding);

// FPRoundInt; `exact` raises Inexact.
uint64_t fp_round_int(struct fp_env *, const struct fp_format *f, uint64_t a,
                      enum fp_rounding, bool exact);
// FPRoundIntN: the same to a signed integer of `bits` (32 or 64), saturating
// as the FRINT32 and FRINT64 instructions do.
uint64_t fp_round_int_n(struct fp_env *, const struct fp_format *f,
                        uint64_t a, enum fp_rounding, unsigned bits);

// FPToFixed: an integer of `bits` (16, 32, 64) with `point` fraction bits.
struct fp_fixed {
  uint8_t bits, point;
  bool is_unsigned;
};
uint64_t fp_to_fixed(struct fp_env *, const struct fp_format *f, uint64_t a,
                     struct fp_fixed, enum fp_rounding);
// FixedToFP.
uint64_t fp_from_fixed(struct fp_env *, const struct fp_format *f,
                       uint64_t value, struct fp_fixed, enum fp_rounding);

// FPToFixedJS of a double: modulo 2^32; *z is PSTATE.Z, exact and no -0.
uint32_t fp_to_int_js(struct fp_env *, uint64_t a, bool *z);

#endif
