// SPDX-License-Identifier: MIT
//
// Conversions between formats, to integers and back, and rounding to an
// integer in the same format.

#include "soft/fp_core.h"

// FPUnpackCV, FPRoundCV: half precision without FZ16, or, by FPCR.AHP, with
// the largest exponent for numbers.
static const struct fp_format half_cv = { 16, 10, 15, false, false, 0 };
static const struct fp_format half_alternative = { 16, 10, 15, true, false,
                                                   0 };

static const struct fp_format *converted(const struct fp_env *env,
                                         const struct fp_format *f) {
  if (f != &fp_half) return f;
  return env->fpcr & FPCR_AHP ? &half_alternative : &half_cv;
}

// What has no place in the alternative half precision.
static uint64_t convert_special(struct fp_env *env,
                                const struct fp_format *to,
                                const struct fp_num *n) {
  env->fpsr |= FPSR_IOC;
  return fp_signed(to, n->sign,
                   fp_is_nan(n) ? 0 : fp_sign_bit(to) - 1);
}

uint64_t fp_convert(struct fp_env *env, const struct fp_format *from,
                    const struct fp_format *to, uint64_t v,
                    enum fp_rounding mode) {
  struct fp_num n = fp_unpack(env, converted(env, from), v);
  to = converted(env, to);
  if (n.type >= FP_INFINITE && to->alternative)
    return convert_special(env, to, &n);
  switch (n.type) {
    case FP_ZERO: return fp_signed(to, n.sign, 0);
    case FP_FINITE: return fp_round(env, to, n.sign, n.exp, n.sig, mode);
    case FP_INFINITE: return fp_signed(to, n.sign, fp_infinity(to));
    default: return fp_nan(env, to, &n);
  }
}

// ------------------------------------------------------------- to integers --

// |n| * 2^point rounded; `inexact`: it was no integer; `huge`: 2^64 or more.
struct integer {
  uint64_t value;
  bool inexact, huge;
};

static struct integer to_integer(const struct fp_num *n, int point,
                                 enum fp_rounding mode) {
  struct integer r = { 0, false, false };
  if (n->type == FP_ZERO) return r;
  int exp = n->exp + point;
  uint64_t rest;                  // what is below the point, in 2^-64
  if (exp >= 64) {
    r.huge = true;
    return r;
  }
  if (exp >= 0) {
    r.value = n->sig >> (63 - exp);
    rest = exp == 63 ? 0 : n->sig << (exp + 1);
  } else {
    rest = fp_jam64(n->sig, (unsigned)(-1 - exp));
  }
  r.inexact = rest != 0;
  if (fp_round_up(mode, n->sign, r.value & 1, rest, UINT64_C(1) << 63))
    r.huge = ++r.value == 0;
  return r;
}

// The largest magnitude of a sign in an integer format.
static uint64_t largest(struct fp_fixed to, bool negative) {
  if (to.is_unsigned) return negative ? 0 : bits_mask(to.bits);
  return bits_mask(to.bits - 1u) + negative;
}

uint64_t fp_to_fixed(struct fp_env *env, const struct fp_format *f,
                     uint64_t v, struct fp_fixed to, enum fp_rounding mode) {
  struct fp_num n = fp_unpack(env, f, v);
  if (fp_is_nan(&n)) {
    env->fpsr |= FPSR_IOC;
    return 0;
  }
  struct integer r = to_integer(&n, to.point, mode);
  uint64_t limit = largest(to, n.sign);
  if (r.huge || r.value > limit) {
    env->fpsr |= FPSR_IOC;
    r.value = limit;
  } else if (r.inexact) {
    env->fpsr |= FPSR_IXC;
  }
  return (n.sign ? -r.value : r.value) & bits_mask(to.bits);
}

uint64_t fp_from_fixed(struct fp_env *env, const struct fp_format *f,
                       uint64_t value, struct fp_fixed from,
                       enum fp_rounding mode) {
  value &= bits_mask(from.bits);
  bool sign = !from.is_unsigned && value >> (from.bits - 1) & 1;
  if (sign) value = -value & bits_mask(from.bits);
  if (value == 0) return 0;
  return fp_normalize(env, f, sign, 63 - from.point, value, mode);
}

// Rounds towards zero, and takes what does not fit modulo 2^32.
uint32_t fp_to_int_js(struct fp_env *env, uint64_t v, bool *z) {
  struct fp_num n = fp_unpack(env, &fp_double, v);
  *z = false;
  if (n.type >= FP_INFINITE) {
    env->fpsr |= FPSR_IOC;
    return 0;
  }
  uint64_t low = 0;               // the integer, modulo 2^64
  bool inexact = false, fits = n.exp < 64;
  if (fits) {
    struct integer r = to_integer(&n, 0, FP_ZERO_WARD);
    low = r.value;
    inexact = r.inexact;
    fits = low <= (uint64_t)INT32_MAX + n.sign;
  } else if (n.exp < 63 + 64) {
    low = n.sig << (n.exp - 63);
  }
  if (!fits) env->fpsr |= FPSR_IOC;
  else if (inexact) env->fpsr |= FPSR_IXC;
  else *z = n.type != FP_ZERO || v == 0;
  return (uint32_t)(n.sign ? -low : low);
}

// ------------------------------------------------ to integers, in a format --

// An integer is exact in the format it was rounded in, and never too large.
static uint64_t from_integer(const struct fp_format *f, bool sign,
                             uint64_t value) {
  struct fp_env none = { 0, 0 };
  if (value == 0) return fp_signed(f, sign, 0);
  return fp_normalize(&none, f, sign, 63, value, FP_ZERO_WARD);
}

uint64_t fp_round_int(struct fp_env *env, const struct fp_format *f,
                      uint64_t v, enum fp_rounding mode, bool exact) {
  struct fp_num n = fp_unpack(env, f, v);
  if (fp_is_nan(&n)) return fp_nan(env, f, &n);
  if (n.type == FP_INFINITE || n.exp >= f->frac) return v & bits_mask(f->bits);
  struct integer r = to_integer(&n, 0, mode);
  if (r.inexact && exact) env->fpsr |= FPSR_IXC;
  return from_integer(f, n.sign, r.value);
}

uint64_t fp_round_int_n(struct fp_env *env, const struct fp_format *f,
                        uint64_t v, enum fp_rounding mode, unsigned bits) {
  struct fp_num n = fp_unpack(env, f, v);
  struct fp_fixed to = { (uint8_t)bits, 0, false };
  struct integer r = { 0, false, true };
  if (n.type < FP_INFINITE) r = to_integer(&n, 0, mode);
  if (r.huge || r.value > largest(to, n.sign)) {
    env->fpsr |= FPSR_IOC;
    return from_integer(f, true, UINT64_C(1) << (bits - 1));
  }
  if (r.inexact) env->fpsr |= FPSR_IXC;
  return from_integer(f, n.sign, r.value);
}
