// SPDX-License-Identifier: MIT
//
// Doubles as decimal text and back, exactly: long integers of 32-bit limbs,
// no tables. Printing gives the 17 digits that identify a double, less
// trailing zeros; reading rounds to nearest, ties to even.

#ifndef TESTS_NUMBER_H
#define TESTS_NUMBER_H

#include "program.h"

enum { BIG_LIMBS = 80 };   // 2^1074 times 10^345 and more
// n: of the limbs in use; the last of them is not 0, unless it is the first.
typedef struct big { int n; uint32_t limb[BIG_LIMBS]; } big;

static inline void big_set(big *b, uint64_t v) {
  memset(b, 0, sizeof *b);
  b->limb[0] = (uint32_t)v;
  b->limb[1] = (uint32_t)(v >> 32);
  b->n = v >> 32 ? 2 : 1;
}
static inline void big_scale(big *b, uint32_t factor, uint32_t add) {
  uint64_t carry = add;
  for (int i = 0; i < b->n; i++) {
    carry += (uint64_t)b->limb[i] * factor;
    b->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry && b->n < BIG_LIMBS) b->limb[b->n++] = (uint32_t)carry;
}
static inline void big_power(big *b, uint32_t base, int power) {
  for (; power > 0; power--) big_scale(b, base, 0);
}
static inline void big_shift(big *b, int bits) {
  for (; bits >= 16; bits -= 16) big_scale(b, 1u << 16, 0);
  big_scale(b, 1u << bits, 0);
}
static inline int big_compare(const big *a, const big *b) {
  if (a->n != b->n) return a->n < b->n ? -1 : 1;
  for (int i = a->n - 1; i >= 0; i--)
    if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
  return 0;
}
static inline void big_subtract(big *a, const big *b) {
  int64_t borrow = 0;
  for (int i = 0; i < BIG_LIMBS; i++) {
    borrow += (int64_t)a->limb[i] - b->limb[i];
    a->limb[i] = (uint32_t)borrow;
    borrow >>= 32;
  }
  a->n = BIG_LIMBS;
  while (a->n > 1 && !a->limb[a->n - 1]) a->n--;
}
// The quotient, small, of a by b; a becomes the remainder.
static inline unsigned big_divide(big *a, const big *b) {
  unsigned q = 0;
  for (; big_compare(a, b) >= 0; q++) big_subtract(a, b);
  return q;
}

static inline double from_bits(uint64_t bits) {
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

// 17 digits, rounded to nearest, ties to even, and the exponent of the first.
static inline int number_digits(double v, char *digit) {
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  int e = (int)(bits >> 52 & 0x7ff), ten = 0;
  uint64_t m = bits & 0xfffffffffffffu;
  if (e) m |= UINT64_C(1) << 52;
  else e = 1;
  big over, under, next;
  big_set(&over, m);
  big_set(&under, 1);
  if (e > 1075) big_shift(&over, e - 1075);
  else big_shift(&under, 1075 - e);
  for (;; ten++) {
    next = under;
    big_scale(&next, 10, 0);
    if (big_compare(&over, &next) < 0) break;
    under = next;
  }
  for (; big_compare(&over, &under) < 0; ten--) big_scale(&over, 10, 0);
  for (int i = 0; i < 17; i++) {
    digit[i] = (char)('0' + big_divide(&over, &under));
    big_scale(&over, 10, 0);
  }
  big_scale(&under, 5, 0);
  int c = big_compare(&over, &under);
  if (c < 0 || (c == 0 && !(digit[16] & 1))) return ten;
  int i = 16;
  while (i >= 0 && digit[i] == '9') digit[i--] = '0';
  if (i >= 0) digit[i]++;
  else digit[0] = '1';
  return i >= 0 ? ten : ten + 1;
}

// As text: "-1.25e-7", "0", "inf", "nan". Returns the length.
static inline int number_print(double v, char *to) {
  char digit[17], *at = to;
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  if (bits >> 63) {
    *at++ = '-';
    v = -v;
  }
  if (v != v || v - v != 0) {
    memcpy(at, v != v ? "nan" : "inf", 4);
    return (int)(at - to) + 3;
  }
  if (v == 0) {
    memcpy(at, "0", 2);
    return (int)(at - to) + 1;
  }
  int ten = number_digits(v, digit), last = 16;
  while (last > 0 && digit[last] == '0') last--;
  *at++ = digit[0];
  if (last) *at++ = '.';
  for (int i = 1; i <= last; i++) *at++ = digit[i];
  if (ten) {
    *at++ = 'e';
    if (ten < 0) *at++ = '-';
    ten = ten < 0 ? -ten : ten;
    if (ten >= 100) *at++ = (char)('0' + ten / 100);
    if (ten >= 10) *at++ = (char)('0' + ten / 10 % 10);
    *at++ = (char)('0' + ten % 10);
  }
  *at = 0;
  return (int)(at - to);
}

// The double nearest to over / under.
static inline double number_quotient(big *over, big *under) {
  int e = 0;
  big limit = *under;
  big_shift(&limit, 53);
  for (; big_compare(over, &limit) >= 0; e++) {
    big_scale(&limit, 2, 0);
    big_scale(under, 2, 0);
  }
  big_set(&limit, 0);
  for (;; e--) {
    limit = *over;
    big_shift(&limit, 1);
    big half = *under;
    big_shift(&half, 53);
    if (big_compare(&limit, &half) >= 0 || e == -1074) break;
    *over = limit;
  }
  uint64_t m = 0;
  for (int bit = 53; bit >= 0; bit--) {
    limit = *under;
    big_shift(&limit, bit);
    if (big_compare(over, &limit) < 0) continue;
    big_subtract(over, &limit);
    m |= UINT64_C(1) << bit;
  }
  big_scale(over, 2, 0);
  int c = big_compare(over, under);
  if (c > 0 || (c == 0 && m & 1)) m++;
  if (m >> 53) {
    m >>= 1;
    e++;
  }
  if (e > 971) return from_bits(UINT64_C(0x7ff) << 52);
  if (!(m >> 52)) return from_bits(m);
  return from_bits((uint64_t)(e + 1075) << 52 | (m & 0xfffffffffffffu));
}

// Reads a decimal number; *end is behind it.
static inline double number_read(const char *from, const char **end) {
  bool minus = *from == '-', point = false;
  int ten = 0, digits = 0;
  big over, under;
  big_set(&over, 0);
  big_set(&under, 1);
  for (from += minus; (*from >= '0' && *from <= '9') || (*from == '.'
       && !point); from++) {
    if (*from == '.') point = true;
    else if (digits >= 40) ten += !point;
    else {
      big_scale(&over, 10, (uint32_t)(*from - '0'));
      digits += digits || *from != '0';
      ten -= point;
    }
  }
  if (*from == 'e' || *from == 'E') {
    int sign = from[1] == '-' ? -1 : 1, power = 0;
    for (from += from[1] == '-' || from[1] == '+' ? 2 : 1;
         *from >= '0' && *from <= '9'; from++)
      if (power < 10000) power = power * 10 + *from - '0';
    ten += sign * power;
  }
  *end = from;
  double v = 0;
  if (digits && ten + digits > 310) v = from_bits(UINT64_C(0x7ff) << 52);
  else if (digits && ten + digits > -330) {
    big_power(ten < 0 ? &under : &over, 10, ten < 0 ? -ten : ten);
    v = number_quotient(&over, &under);
  }
  return minus ? -v : v;
}

#endif
