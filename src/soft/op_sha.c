// SPDX-License-Identifier: MIT
//
// The SHA instructions (Arm ARM C7.2), written from FIPS 180-4 and FIPS 202:
// SHA-1 and SHA-256, four rounds at a time; SHA-512, two; and the three- and
// four-operand logic of SHA-3.

#include "soft/crypto.h"

// Registers as words, lowest first.
struct words { uint32_t w[4]; };
static inline struct words words(vec v) {
  struct words r;
  memcpy(&r, &v, sizeof r);
  return r;
}
static inline vec vec_words(struct words v) {
  vec r;
  memcpy(&r, &v, sizeof r);
  return r;
}

// --------------------------------------------------------------- SHA-1 --

// Four rounds: d is a b c d, n is e, m four words of the schedule plus K.
static inline vec sha1_rounds(struct vec_op *o, crypto_fn *f) {
  struct words x = words(o->d), m = words(o->m);
  uint32_t e = (uint32_t)o->n[0];
  for (unsigned k = 0; k < 4; k++) {
    uint32_t t = e + crypto_rol(x.w[0], 5) + f(x.w[1], x.w[2], x.w[3]) + m.w[k];
    e = x.w[3];
    x.w[3] = x.w[2];
    x.w[2] = crypto_rol(x.w[1], 30);
    x.w[1] = x.w[0];
    x.w[0] = t;
  }
  return vec_words(x);
}
static inline vec sha1c(struct vec_op *o) {
  return sha1_rounds(o, crypto_choose);
}
static inline vec sha1p(struct vec_op *o) {
  return sha1_rounds(o, crypto_parity);
}
static inline vec sha1m(struct vec_op *o) {
  return sha1_rounds(o, crypto_majority);
}
static inline vec sha1h(struct vec_op *o) {
  return (vec){ crypto_rol((uint32_t)o->n[0], 30) };
}
static inline vec sha1su0(struct vec_op *o) {
  return (vec){ o->d[1], o->n[0] } ^ o->d ^ o->m;
}
static inline vec sha1su1(struct vec_op *o) {
  struct words t = words(o->d), n = words(o->n);
  for (unsigned k = 0; k < 3; k++) t.w[k] = crypto_rol(t.w[k] ^ n.w[k + 1], 1);
  t.w[3] = crypto_rol(t.w[3], 1) ^ crypto_rol(t.w[0], 1);
  return vec_words(t);
}

// ------------------------------------------------------------- SHA-256 --

// Four rounds of x = a b c d, y = e f g h.
static inline void sha256_rounds(struct words *x, struct words *y,
                                 struct words m) {
  for (unsigned k = 0; k < 4; k++) {
    uint32_t e = y->w[0], a = x->w[0];
    uint32_t t = y->w[3] + m.w[k] + crypto_choose(e, y->w[1], y->w[2])
      + (bits_ror32(e, 6) ^ bits_ror32(e, 11) ^ bits_ror32(e, 25));
    uint32_t s = crypto_majority(a, x->w[1], x->w[2])
      + (bits_ror32(a, 2) ^ bits_ror32(a, 13) ^ bits_ror32(a, 22));
    *y = (struct words){{ x->w[3] + t, e, y->w[1], y->w[2] }};
    *x = (struct words){{ t + s, a, x->w[1], x->w[2] }};
  }
}
static inline vec sha256h(struct vec_op *o) {
  struct words x = words(o->d), y = words(o->n);
  sha256_rounds(&x, &y, words(o->m));
  return vec_words(x);
}
static inline vec sha256h2(struct vec_op *o) {
  struct words x = words(o->n), y = words(o->d);
  sha256_rounds(&x, &y, words(o->m));
  return vec_words(y);
}
static inline vec sha256su0(struct vec_op *o) {
  struct words d = words(o->d);
  uint32_t next[4] = { d.w[1], d.w[2], d.w[3], (uint32_t)o->n[0] };
  for (unsigned k = 0; k < 4; k++)
    d.w[k] += bits_ror32(next[k], 7) ^ bits_ror32(next[k], 18)
      ^ next[k] >> 3;
  return vec_words(d);
}
static inline vec sha256su1(struct vec_op *o) {
  struct words d = words(o->d), n = words(o->n), m = words(o->m);
  uint32_t t[4] = { n.w[1], n.w[2], n.w[3], m.w[0] };
  for (unsigned k = 0; k < 4; k++) {
    uint32_t s = k < 2 ? m.w[k + 2] : d.w[k - 2];
    d.w[k] += t[k] + (bits_ror32(s, 17) ^ bits_ror32(s, 19) ^ s >> 10);
  }
  return vec_words(d);
}

// ------------------------------------------------------------- SHA-512 --

static inline uint64_t choose64(uint64_t x, uint64_t y, uint64_t z) {
  return ((y ^ z) & x) ^ z;
}
static inline uint64_t majority64(uint64_t x, uint64_t y, uint64_t z) {
  return (x & y) | ((x | y) & z);
}
static inline uint64_t sum1(uint64_t v) {
  return bits_ror64(v, 14) ^ bits_ror64(v, 18) ^ bits_ror64(v, 41);
}
static inline uint64_t sum0(uint64_t v) {
  return bits_ror64(v, 28) ^ bits_ror64(v, 34) ^ bits_ror64(v, 39);
}
static inline uint64_t sigma1(uint64_t v) {
  return bits_ror64(v, 19) ^ bits_ror64(v, 61) ^ v >> 6;
}
static inline uint64_t sigma0(uint64_t v) {
  return bits_ror64(v, 1) ^ bits_ror64(v, 8) ^ v >> 7;
}
static inline vec sha512h(struct vec_op *o) {
  vec x = o->n, y = o->m, w = o->d;
  uint64_t high = choose64(y[1], x[0], x[1]) + sum1(y[1]) + w[1];
  uint64_t e = high + y[0];
  return (vec){ choose64(e, y[1], x[0]) + sum1(e) + w[0], high };
}
static inline vec sha512h2(struct vec_op *o) {
  vec x = o->n, y = o->m, w = o->d;
  uint64_t a = majority64(x[0], y[1], y[0]) + sum0(y[0]) + w[1];
  return (vec){ majority64(a, y[0], y[1]) + sum0(a) + w[0], a };
}
static inline vec sha512su0(struct vec_op *o) {
  return o->d + (vec){ sigma0(o->d[1]), sigma0(o->n[0]) };
}
static inline vec sha512su1(struct vec_op *o) {
  return o->d + o->m + (vec){ sigma1(o->n[0]), sigma1(o->n[1]) };
}

CRYPTO(SHA1C, sha1c)
CRYPTO(SHA1P, sha1p)
CRYPTO(SHA1M, sha1m)
CRYPTO(SHA1H, sha1h)
CRYPTO(SHA1SU0, sha1su0)
CRYPTO(SHA1SU1, sha1su1)
CRYPTO(SHA256H, sha256h)
CRYPTO(SHA256H2, sha256h2)
CRYPTO(SHA256SU0, sha256su0)
CRYPTO(SHA256SU1, sha256su1)
CRYPTO(SHA512H, sha512h)
CRYPTO(SHA512H2, sha512h2)
CRYPTO(SHA512SU0, sha512su0)
CRYPTO(SHA512SU1, sha512su1)

// --------------------------------------------------------------- SHA-3 --

static inline vec rol64(vec v, unsigned n) {
  return (vec){ bits_ror64(v[0], 64 - n), bits_ror64(v[1], 64 - n) };
}
static inline vec eor3(struct vec_op *o) { return o->n ^ o->m ^ o->a; }
static inline vec bcax(struct vec_op *o) { return o->n ^ (o->m & ~o->a); }
static inline vec rax1(struct vec_op *o) { return o->n ^ rol64(o->m, 1); }
static inline vec xar(struct vec_op *o) {
  return rol64(o->n ^ o->m, 64 - (unsigned)o->imm);
}
CRYPTO(EOR3, eor3)
CRYPTO(BCAX, bcax)
CRYPTO(RAX1, rax1)
CRYPTO(XAR, xar)
