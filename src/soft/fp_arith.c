// SPDX-License-Identifier: MIT
//
// Sums, products, quotients, square roots and fused multiply-adds. Each first
// settles NaNs in Arm's order, then infinities and zeros, then computes the
// exact result, or enough of it, and rounds once.

#include "soft/fp_core.h"

uint64_t fp_neg(struct fp_env *env, const struct fp_format *f, uint64_t a) {
  (void)env;
  return (a ^ fp_sign_bit(f)) & bits_mask(f->bits);
}

uint64_t fp_abs(struct fp_env *env, const struct fp_format *f, uint64_t a) {
  (void)env;
  return a & (fp_sign_bit(f) - 1);
}

// ----------------------------------------------------------------- sums --

// a + b, both finite and not zero. The low 11 bits of the significands are
// clear: one makes room for the carry, and cancellation by more than one bit
// happens only where nothing is jammed.
static uint64_t add_finite(struct fp_env *env, const struct fp_format *f,
                           const struct fp_num *a, const struct fp_num *b) {
  if (a->exp < b->exp) {
    const struct fp_num *t = a;
    a = b;
    b = t;
  }
  uint64_t x = a->sig >> 1;
  uint64_t y = fp_jam64(b->sig >> 1, (unsigned)(a->exp - b->exp));
  bool sign = a->sign;
  if (a->sign == b->sign) {
    x += y;
  } else if (x >= y) {
    x -= y;
  } else {
    x = y - x;
    sign = !sign;
  }
  if (x == 0) return fp_cancelled(env, f);
  return fp_normalize(env, f, sign, a->exp + 1, x, fp_mode(env));
}

static uint64_t add(struct fp_env *env, const struct fp_format *f,
                    uint64_t va, uint64_t vb, bool negate) {
  struct fp_num a = fp_unpack(env, f, va), b = fp_unpack(env, f, vb);
  uint64_t r;
  if (fp_nans(env, f, &a, &b, &r)) return r;
  b.sign ^= negate;
  if (a.type == FP_FINITE && b.type == FP_FINITE)
    return add_finite(env, f, &a, &b);
  if (a.type == FP_INFINITE && b.type == FP_INFINITE && a.sign != b.sign)
    return fp_invalid(env, f);
  if (a.type == FP_ZERO && b.type == FP_ZERO)
    return a.sign == b.sign ? fp_signed(f, a.sign, 0) : fp_cancelled(env, f);
  const struct fp_num *big = a.exp >= b.exp ? &a : &b;
  if (big->type == FP_INFINITE)
    return fp_signed(f, big->sign, fp_infinity(f));
  return fp_round(env, f, big->sign, big->exp, big->sig, fp_mode(env));
}

uint64_t fp_add(struct fp_env *env, const struct fp_format *f, uint64_t a,
                uint64_t b) {
  return add(env, f, a, b, false);
}

uint64_t fp_sub(struct fp_env *env, const struct fp_format *f, uint64_t a,
                uint64_t b) {
  return add(env, f, a, b, true);
}

uint64_t fp_abd(struct fp_env *env, const struct fp_format *f, uint64_t a,
                uint64_t b) {
  return fp_abs(env, f, fp_sub(env, f, a, b));
}

// ------------------------------------------------------------- products --

static uint64_t mul(struct fp_env *env, const struct fp_format *f,
                    uint64_t va, uint64_t vb, bool extended) {
  struct fp_num a = fp_unpack(env, f, va), b = fp_unpack(env, f, vb);
  uint64_t r;
  if (fp_nans(env, f, &a, &b, &r)) return r;
  bool sign = a.sign ^ b.sign;
  bool zero = a.type == FP_ZERO || b.type == FP_ZERO;
  if (a.type == FP_INFINITE || b.type == FP_INFINITE) {
    if (!zero) return fp_signed(f, sign, fp_infinity(f));
    if (!extended) return fp_invalid(env, f);
    return fp_signed(f, sign, (uint64_t)(f->bias + 1) << f->frac);   // 2.0
  }
  if (zero) return fp_signed(f, sign, 0);
  uint64_t high = fp_jam_high((fp_u128)a.sig * b.sig);
  return fp_normalize(env, f, sign, a.exp + b.exp + 1, high, fp_mode(env));
}

uint64_t fp_mul(struct fp_env *env, const struct fp_format *f, uint64_t a,
                uint64_t b) {
  return mul(env, f, a, b, false);
}

uint64_t fp_mulx(struct fp_env *env, const struct fp_format *f, uint64_t a,
                 uint64_t b) {
  return mul(env, f, a, b, true);
}

uint64_t fp_nmul(struct fp_env *env, const struct fp_format *f, uint64_t a,
                 uint64_t b) {
  return fp_neg(env, f, fp_mul(env, f, a, b));
}

uint64_t fp_div(struct fp_env *env, const struct fp_format *f, uint64_t va,
                uint64_t vb) {
  struct fp_num a = fp_unpack(env, f, va), b = fp_unpack(env, f, vb);
  uint64_t r;
  if (fp_nans(env, f, &a, &b, &r)) return r;
  bool sign = a.sign ^ b.sign;
  if (a.type == b.type && a.type != FP_FINITE) return fp_invalid(env, f);
  if (a.type == FP_INFINITE || b.type == FP_ZERO) {
    if (a.type != FP_INFINITE) env->fpsr |= FPSR_DZC;
    return fp_signed(f, sign, fp_infinity(f));
  }
  if (a.type == FP_ZERO || b.type == FP_INFINITE)
    return fp_signed(f, sign, 0);
  bool less = a.sig < b.sig;
  fp_u128 dividend = (fp_u128)a.sig << (63 + less);
  uint64_t q = (uint64_t)(dividend / b.sig);
  q |= (fp_u128)q * b.sig != dividend;
  return fp_round(env, f, sign, a.exp - b.exp - less, q, fp_mode(env));
}

// ---------------------------------------------------------- square roots --

// The first `digits` (at most 60) bits of the square root of n, which has bit
// 126 or 127 set, at the top of a word, with the rest jammed; digit by digit.
static uint64_t root(fp_u128 n, unsigned digits) {
  uint64_t r = 0, rest = 0;
  for (unsigned k = 0; k < digits; k++) {
    rest = rest << 2 | (uint64_t)(n >> 126);
    n <<= 2;
    uint64_t trial = r << 2 | 1;
    bool fits = rest >= trial;
    rest -= fits ? trial : 0;
    r = r << 1 | fits;
  }
  return r << (64 - digits) | (rest != 0 || n != 0);
}

uint64_t fp_sqrt(struct fp_env *env, const struct fp_format *f, uint64_t v) {
  struct fp_num a = fp_unpack(env, f, v);
  if (fp_is_nan(&a)) return fp_nan(env, f, &a);
  if (a.type == FP_ZERO) return fp_signed(f, a.sign, 0);
  if (a.sign) return fp_invalid(env, f);
  if (a.type == FP_INFINITE) return fp_infinity(f);
  unsigned odd = a.exp & 1;
  uint64_t r = root((fp_u128)a.sig << (63 + odd), f->frac + 3u);
  return fp_round(env, f, false, (a.exp - (int)odd) / 2, r, fp_mode(env));
}

// ------------------------------------------------------------------- FMA --

static uint64_t fma_finite(struct fp_env *env, const struct fp_format *f,
                           const struct fp_num *c, const struct fp_num *a,
                           const struct fp_num *b, int scale) {
  bool sign = a->sign ^ b->sign;
  fp_u128 p = (fp_u128)a->sig * b->sig;
  int exp = a->exp + b->exp + 1;        // of bit 127
  if (!(p >> 127)) {
    p <<= 1;
    exp--;
  }
  if (c->type == FP_FINITE) {
    // Room for the carry: the low bits of both are clear.
    fp_u128 x = p >> 1, y = (fp_u128)c->sig << 63;
    if (exp >= c->exp) {
      y = fp_jam128(y, (unsigned)(exp - c->exp));
    } else {
      x = fp_jam128(x, (unsigned)(c->exp - exp));
      exp = c->exp;
    }
    if (sign == c->sign) {
      p = x + y;
    } else if (x >= y) {
      p = x - y;
    } else {
      p = y - x;
      sign = c->sign;
    }
    exp++;
    if (p == 0) return fp_cancelled(env, f);
  }
  uint64_t high = (uint64_t)(p >> 64);
  unsigned shift = high ? (unsigned)__builtin_clzll(high)
                        : 64 + (unsigned)__builtin_clzll((uint64_t)p);
  return fp_round(env, f, sign, exp - (int)shift + scale,
                  fp_jam_high(p << shift), fp_mode(env));
}

// (c + a * b) * 2^scale: no NaNs, no infinity times zero.
static uint64_t fma_numbers(struct fp_env *env, const struct fp_format *f,
                            const struct fp_num *c, const struct fp_num *a,
                            const struct fp_num *b, int scale) {
  bool sign = a->sign ^ b->sign;
  bool infinite = a->type == FP_INFINITE || b->type == FP_INFINITE;
  if (c->type == FP_INFINITE && infinite && c->sign != sign)
    return fp_invalid(env, f);
  if (c->type == FP_INFINITE) return fp_signed(f, c->sign, fp_infinity(f));
  if (infinite) return fp_signed(f, sign, fp_infinity(f));
  if (a->type == FP_ZERO || b->type == FP_ZERO) {
    if (c->type == FP_FINITE)
      return fp_round(env, f, c->sign, c->exp + scale, c->sig, fp_mode(env));
    return c->sign == sign ? fp_signed(f, sign, 0) : fp_cancelled(env, f);
  }
  return fma_finite(env, f, c, a, b, scale);
}

static bool infinity_times_zero(const struct fp_num *a,
                                const struct fp_num *b) {
  return (a->type == FP_INFINITE && b->type == FP_ZERO) ||
         (a->type == FP_ZERO && b->type == FP_INFINITE);
}

// FPProcessNaNs3, and the invalid product, which a quiet addend does not hide.
static uint64_t muladd(struct fp_env *env, const struct fp_format *f,
                       const struct fp_num *c, const struct fp_num *a,
                       const struct fp_num *b) {
  if (BITS_UNLIKELY(infinity_times_zero(a, b)))
    return c->type == FP_SNAN ? fp_nan(env, f, c) : fp_invalid(env, f);
  const struct fp_num *worst = c;
  if (a->type > worst->type) worst = a;
  if (b->type > worst->type) worst = b;
  if (BITS_UNLIKELY(fp_is_nan(worst))) return fp_nan(env, f, worst);
  return fma_numbers(env, f, c, a, b, 0);
}

uint64_t fp_muladd(struct fp_env *env, const struct fp_format *f,
                   uint64_t vc, uint64_t va, uint64_t vb) {
  struct fp_num c = fp_unpack(env, f, vc), a = fp_unpack(env, f, va),
                b = fp_unpack(env, f, vb);
  return muladd(env, f, &c, &a, &b);
}

uint64_t fp_muladd_half(struct fp_env *env, uint64_t vc, uint64_t va,
                        uint64_t vb) {
  struct fp_num c = fp_unpack(env, &fp_single, vc),
                a = fp_unpack(env, &fp_half, va),
                b = fp_unpack(env, &fp_half, vb);
  return muladd(env, &fp_single, &c, &a, &b);
}

// ---------------------------------------------------- Newton-Raphson steps --

// (number - a * b) * 2^scale; infinity times zero counts as zero.
static uint64_t step(struct fp_env *env, const struct fp_format *f,
                     uint64_t va, uint64_t vb, unsigned number, int scale) {
  struct fp_num a = fp_unpack(env, f, fp_neg(env, f, va)),
                b = fp_unpack(env, f, vb),
                c = { FP_FINITE, false, 1, (uint64_t)number << 62 };
  uint64_t r;
  if (fp_nans(env, f, &a, &b, &r)) return r;
  if (infinity_times_zero(&a, &b)) a.type = b.type = FP_ZERO;
  return fma_numbers(env, f, &c, &a, &b, scale);
}

uint64_t fp_recps(struct fp_env *env, const struct fp_format *f, uint64_t a,
                  uint64_t b) {
  return step(env, f, a, b, 2, 0);
}

uint64_t fp_rsqrts(struct fp_env *env, const struct fp_format *f, uint64_t a,
                   uint64_t b) {
  return step(env, f, a, b, 3, -1);
}
