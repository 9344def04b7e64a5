// SPDX-License-Identifier: MIT
//
// What the fp_*.c share: numbers taken apart, NaNs, and the one rounding.
//
// A number has its significand in 64 bits with the leading one in bit 63; the
// value is sig * 2^(exp - 63). Whatever falls off below is kept as a one in
// bit 0 ("jam"): no format has more than 53 bits, so that is enough for every
// rounding. A NaN has its fraction at the same place, so that converting one
// is cutting it off.

#ifndef SOFT_FP_CORE_H
#define SOFT_FP_CORE_H

#include "base/bits.h"
#include "soft/fp.h"

__extension__ typedef unsigned __int128 fp_u128;

enum fp_type { FP_ZERO, FP_FINITE, FP_INFINITE, FP_QNAN, FP_SNAN };

struct fp_num {
  enum fp_type type;
  bool sign;
  int exp;              // FP_EXP_ZERO and FP_EXP_INF order the magnitudes
  uint64_t sig;
};

enum { FP_EXP_INF = 1 << 20, FP_EXP_ZERO = -FP_EXP_INF };

// v >> n, the bits lost jammed into bit 0.
static inline uint64_t fp_jam64(uint64_t v, unsigned n) {
  if (n >= 64) return v != 0;
  return v >> n | ((v & bits_mask(n)) != 0);
}
static inline fp_u128 fp_jam128(fp_u128 v, unsigned n) {
  if (n >= 128) return v != 0;
  return v >> n | ((v & (((fp_u128)1 << n) - 1)) != 0);
}
static inline uint64_t fp_jam_high(fp_u128 v) {
  return (uint64_t)(v >> 64) | ((uint64_t)v != 0);
}

// FPUnpack.
static inline struct fp_num fp_unpack(struct fp_env *env,
                                      const struct fp_format *f,
                                      uint64_t v) {
  struct fp_num n;
  uint64_t frac = (v & bits_mask(f->frac)) << (63 - f->frac);
  unsigned top = f->bits - 1u - f->frac;
  unsigned exp = (unsigned)(v >> f->frac & bits_mask(top));
  n.sign = v >> (f->bits - 1) & 1;
  n.sig = frac | UINT64_C(1) << 63;
  n.exp = (int)exp - f->bias;
  n.type = FP_FINITE;
  if (BITS_LIKELY(exp - 1 < bits_mask(top) - 1)) return n;
  if (exp == 0) {
    bool flush = frac && env->fpcr & f->flush;
    if (flush && f->input_denormal) env->fpsr |= FPSR_IDC;
    if (frac == 0 || flush) {
      n.type = FP_ZERO;
      n.exp = FP_EXP_ZERO;
      n.sig = 0;
      return n;
    }
    unsigned shift = (unsigned)__builtin_clzll(frac);
    n.sig = frac << shift;
    n.exp = 1 - f->bias - (int)shift;
  } else if (!f->alternative) {
    n.exp = FP_EXP_INF;
    n.sig = frac;
    n.type = frac == 0 ? FP_INFINITE : frac >> 62 ? FP_QNAN : FP_SNAN;
  }
  return n;
}

static inline uint64_t fp_signed(const struct fp_format *f, bool sign,
                                 uint64_t magnitude) {
  return (uint64_t)sign << (f->bits - 1) | magnitude;
}

// An operation without a result.
static inline uint64_t fp_invalid(struct fp_env *env,
                                  const struct fp_format *f) {
  env->fpsr |= FPSR_IOC;
  return fp_default_nan(f);
}

// FPProcessNaN; also FPConvertNaN, if `f` is another format than n's.
static inline uint64_t fp_nan(struct fp_env *env, const struct fp_format *f,
                              const struct fp_num *n) {
  if (n->type == FP_SNAN) env->fpsr |= FPSR_IOC;
  if (env->fpcr & FPCR_DN) return fp_default_nan(f);
  return fp_signed(f, n->sign, fp_default_nan(f) | n->sig >> (63 - f->frac));
}

static inline bool fp_is_nan(const struct fp_num *n) {
  return n->type >= FP_QNAN;
}

// FPProcessNaNs: whether there are any; signalling ones first.
static inline bool fp_nans(struct fp_env *env, const struct fp_format *f,
                           const struct fp_num *a, const struct fp_num *b,
                           uint64_t *result) {
  if (BITS_LIKELY(!fp_is_nan(a) && !fp_is_nan(b))) return false;
  bool second = b->type > a->type;
  *result = fp_nan(env, f, second ? b : a);
  return true;
}

// Whether a fraction `rest` below the last place, where `half` is half of
// it, is rounded up.
static inline bool fp_round_up(enum fp_rounding mode, bool sign, bool odd,
                               uint64_t rest, uint64_t half) {
  switch (mode) {
    case FP_TIE_EVEN: return rest > half || (rest == half && odd);
    case FP_PLUS_INF: return rest && !sign;
    case FP_MINUS_INF: return rest && sign;
    case FP_TIE_AWAY: return rest >= half;
    default: return false;
  }
}

// fp_round.c, FPRoundBase: the value sig * 2^(exp - 63) in format f; sig has
// bit 63 set and lost bits jammed into bit 0.
uint64_t fp_round(struct fp_env *, const struct fp_format *f, bool sign,
                  int exp, uint64_t sig, enum fp_rounding);

// The same for any sig but 0.
static inline uint64_t fp_normalize(struct fp_env *env,
                                    const struct fp_format *f, bool sign,
                                    int exp, uint64_t sig,
                                    enum fp_rounding mode) {
  unsigned shift = (unsigned)__builtin_clzll(sig);
  return fp_round(env, f, sign, exp - (int)shift, sig << shift, mode);
}

// The zero of a sum that cancels out: -0 when rounding down.
static inline uint64_t fp_cancelled(const struct fp_env *env,
                                    const struct fp_format *f) {
  return fp_signed(f, fp_mode(env) == FP_MINUS_INF, 0);
}

#endif
