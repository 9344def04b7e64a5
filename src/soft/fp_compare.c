// SPDX-License-Identifier: MIT
//
// Comparisons, minimum and maximum: what chooses among the operands rather
// than rounding something new. A flushed denormal counts, and comes out, as
// zero. NaNs are settled before anything is compared.

#include "soft/fp_core.h"

static int compare_magnitudes(const struct fp_num *a,
                              const struct fp_num *b) {
  if (a->exp != b->exp) return a->exp < b->exp ? -1 : 1;
  return (a->sig > b->sig) - (a->sig < b->sig);
}

// a < b: -1, a == b: 0, a > b: 1; no NaNs.
static int compare(const struct fp_num *a, const struct fp_num *b) {
  if (a->type == FP_ZERO && b->type == FP_ZERO) return 0;
  if (a->sign != b->sign) return a->sign ? -1 : 1;
  int magnitudes = compare_magnitudes(a, b);
  return a->sign ? -magnitudes : magnitudes;
}

// Whether the operands are unordered, and what that raises.
static bool unordered(struct fp_env *env, const struct fp_num *a,
                      const struct fp_num *b, bool signal) {
  if (BITS_LIKELY(!fp_is_nan(a) && !fp_is_nan(b))) return false;
  if (signal || a->type == FP_SNAN || b->type == FP_SNAN)
    env->fpsr |= FPSR_IOC;
  return true;
}

unsigned fp_compare(struct fp_env *env, const struct fp_format *f,
                    uint64_t va, uint64_t vb, bool signal) {
  struct fp_num a = fp_unpack(env, f, va), b = fp_unpack(env, f, vb);
  if (unordered(env, &a, &b, signal)) return 3;
  int order = compare(&a, &b);
  return order < 0 ? 8 : order > 0 ? 2 : 6;
}

static uint64_t all_ones(const struct fp_format *f, bool yes) {
  return yes ? bits_mask(f->bits) : 0;
}

uint64_t fp_cmeq(struct fp_env *env, const struct fp_format *f, uint64_t a,
                 uint64_t b) {
  return all_ones(f, fp_compare(env, f, a, b, false) == 6);
}

uint64_t fp_cmge(struct fp_env *env, const struct fp_format *f, uint64_t a,
                 uint64_t b) {
  unsigned nzcv = fp_compare(env, f, a, b, true);
  return all_ones(f, nzcv == 6 || nzcv == 2);
}

uint64_t fp_cmgt(struct fp_env *env, const struct fp_format *f, uint64_t a,
                 uint64_t b) {
  return all_ones(f, fp_compare(env, f, a, b, true) == 2);
}

uint64_t fp_acge(struct fp_env *env, const struct fp_format *f, uint64_t a,
                 uint64_t b) {
  return fp_cmge(env, f, fp_abs(env, f, a), fp_abs(env, f, b));
}

uint64_t fp_acgt(struct fp_env *env, const struct fp_format *f, uint64_t a,
                 uint64_t b) {
  return fp_cmgt(env, f, fp_abs(env, f, a), fp_abs(env, f, b));
}

// A result equals an operand: rounding could only flush it, which unpacking
// has done already.
static uint64_t pick(struct fp_env *env, const struct fp_format *f,
                     uint64_t va, uint64_t vb, bool larger) {
  struct fp_num a = fp_unpack(env, f, va), b = fp_unpack(env, f, vb);
  uint64_t r;
  if (fp_nans(env, f, &a, &b, &r)) return r;
  if (a.type == FP_ZERO && b.type == FP_ZERO)
    return fp_signed(f, larger ? a.sign && b.sign : a.sign || b.sign, 0);
  bool first = larger ? compare(&a, &b) > 0 : compare(&a, &b) < 0;
  const struct fp_num *n = first ? &a : &b;
  if (n->type == FP_ZERO) return fp_signed(f, n->sign, 0);
  return (first ? va : vb) & bits_mask(f->bits);
}

uint64_t fp_max(struct fp_env *env, const struct fp_format *f, uint64_t a,
                uint64_t b) {
  return pick(env, f, a, b, true);
}

uint64_t fp_min(struct fp_env *env, const struct fp_format *f, uint64_t a,
                uint64_t b) {
  return pick(env, f, a, b, false);
}

static bool is_quiet_nan(const struct fp_format *f, uint64_t v) {
  return (v & fp_default_nan(f)) == fp_default_nan(f);
}

// IEEE 754-2008 maxNum and minNum: one quiet NaN is the identity.
static uint64_t pick_number(struct fp_env *env, const struct fp_format *f,
                            uint64_t a, uint64_t b, bool larger) {
  bool nan_a = is_quiet_nan(f, a), nan_b = is_quiet_nan(f, b);
  uint64_t identity = fp_signed(f, larger, fp_infinity(f));
  if (nan_a && !nan_b) a = identity;
  else if (nan_b && !nan_a) b = identity;
  return pick(env, f, a, b, larger);
}

uint64_t fp_maxnm(struct fp_env *env, const struct fp_format *f, uint64_t a,
                  uint64_t b) {
  return pick_number(env, f, a, b, true);
}

uint64_t fp_minnm(struct fp_env *env, const struct fp_format *f, uint64_t a,
                  uint64_t b) {
  return pick_number(env, f, a, b, false);
}
