// SPDX-License-Identifier: MIT
//
// SIMD products that cross lanes (Arm ARM C7.2): dot products and matrices of
// bytes (FEAT_DotProd, FEAT_I8MM), and polynomials over GF(2).

#include "soft/vec_kernels.h"

// -------------------------------------------------------- dot products --

// The bytes of each halfword, extended.
static inline vu16 even_bytes(vec v, bool sign) {
  return sign ? (vu16)((vs16)((vu16)v << 8) >> 8) : (vu16)v & 0xff;
}
static inline vu16 odd_bytes(vec v, bool sign) {
  return sign ? (vu16)((vs16)v >> 8) : (vu16)v >> 8;
}
// The sums of the pairs of halfwords, which are signed or not.
static inline vu32 sum_pairs(vu16 v, bool sign) {
  vu32 w = (vu32)v;
  return sign ? (vu32)((vs32)(w << 16) >> 16) + (vu32)((vs32)w >> 16)
              : (w & 0xffff) + (w >> 16);
}
// A product of bytes fits a halfword, signed if one of its factors is.
static inline vec dot(struct vec_op *o, bool n_sign, bool m_sign) {
  vu16 even = even_bytes(o->n, n_sign) * even_bytes(o->m, m_sign);
  vu16 odd = odd_bytes(o->n, n_sign) * odd_bytes(o->m, m_sign);
  bool sign = n_sign || m_sign;
  return (vec)((vu32)o->d + sum_pairs(even, sign) + sum_pairs(odd, sign));
}
static inline vec sdot(struct vec_op *o) { return dot(o, true, true); }
static inline vec udot(struct vec_op *o) { return dot(o, false, false); }
static inline vec usdot(struct vec_op *o) { return dot(o, false, true); }
static inline vec sudot(struct vec_op *o) { return dot(o, true, false); }
VEC_HANDLER(sdot_v, sdot, VEC_SAME, 2)
VEC_HANDLER(udot_v, udot, VEC_SAME, 2)
VEC_HANDLER(usdot_v, usdot, VEC_SAME, 2)
VEC_HANDLER(sdot_e, sdot, VEC_ELEM, 2)
VEC_HANDLER(udot_e, udot, VEC_ELEM, 2)
VEC_HANDLER(usdot_e, usdot, VEC_ELEM, 2)
VEC_HANDLER(sudot_e, sudot, VEC_ELEM, 2)
VEC_ROW(SDOT_v, vec_whole, sdot_v)
VEC_ROW(UDOT_v, vec_whole, udot_v)
VEC_ROW(USDOT_v, vec_whole, usdot_v)

// The element is four bytes, index H:L.
static void dot_element(struct insn *i, uint32_t w, insn_fn *fn) {
  vec_setup(i, w, fn, VEC_HALF + a64_Q(w),
            (int32_t)(a64_iH(w) << 1 | a64_iL(w)));
}
VEC_ROW(SDOT_ve, dot_element, sdot_e)
VEC_ROW(UDOT_ve, dot_element, udot_e)
VEC_ROW(USDOT_ve, dot_element, usdot_e)
VEC_ROW(SUDOT_ve, dot_element, sudot_e)

// ------------------------------------------------------------ matrices --

// d, 2 x 2 words, += n, 2 x 8 bytes, times m, 8 x 2, both stored by rows of
// eight: four dot products of halves of n and m.
static inline vec matrix(struct vec_op *o, bool n_sign, bool m_sign) {
  vec rows[2] = { { o->n[0], o->n[0] }, { o->n[1], o->n[1] } };
  struct vec_op pair = { .m = o->m };
  vu32 sum[2];
  for (unsigned r = 0; r < 2; r++) {
    pair.n = rows[r];
    sum[r] = (vu32)dot(&pair, n_sign, m_sign);
  }
  vu32 d = (vu32)o->d;
  for (unsigned k = 0; k < 4; k++)
    d[k] += sum[k / 2][k % 2 * 2] + sum[k / 2][k % 2 * 2 + 1];
  return (vec)d;
}
static inline vec smmla(struct vec_op *o) { return matrix(o, true, true); }
static inline vec ummla(struct vec_op *o) { return matrix(o, false, false); }
static inline vec usmmla(struct vec_op *o) { return matrix(o, false, true); }
VEC_HANDLER(smmla_h, smmla, VEC_SAME, 0)
VEC_HANDLER(ummla_h, ummla, VEC_SAME, 0)
VEC_HANDLER(usmmla_h, usmmla, VEC_SAME, 0)
VEC_ROW(SMMLA, vec_whole, smmla_h)
VEC_ROW(UMMLA, vec_whole, ummla_h)
VEC_ROW(USMMLA, vec_whole, usmmla_h)

// --------------------------------------------------------- polynomials --

static inline vec pmul(struct vec_op *o) {
  vu8 n = (vu8)o->n, m = (vu8)o->m, r = { 0 };
  for (unsigned k = 0; k < 8; k++) {
    r ^= n & (vu8)((vs8)m < 0) & 0xff;
    m += m;
    if (k < 7) r += r;
  }
  return (vec)r;
}
// Lanes of 8 bits to 16, by the bits of m from the top.
static inline vec pmull_8(struct vec_op *o) {
  vu16 n = uwide_8(o->n), m = uwide_8(o->m) << 8, r = { 0 };
  for (unsigned k = 0; k < 8; k++) {
    r = (r + r) ^ (n & (vu16)((vs16)m < 0));
    m += m;
  }
  return (vec)r;
}
// 64 bits to 128: four bits of m at a time pick a multiple of n.
static inline vec pmull_64(struct vec_op *o) {
  uint64_t n = o->n[0], m = o->m[0];
  vec multiple[16] = { { 0, 0 }, { n, 0 } }, r = { 0, 0 };
  for (unsigned k = 2; k < 16; k += 2) {
    vec v = multiple[k / 2];
    multiple[k] = (vec){ v[0] << 1, v[1] << 1 | v[0] >> 63 };
    multiple[k + 1] = multiple[k] ^ multiple[1];
  }
  for (unsigned k = 16; k-- > 0;) {
    r = (vec){ r[0] << 4, r[1] << 4 | r[0] >> 60 };
    r ^= multiple[m >> 4 * k & 15];
  }
  return r;
}
VEC_HANDLER(pmul_h, pmul, VEC_SAME, 0)
VEC_8(pmull, pmull, VEC_LONG)
VEC_64(pmull, pmull, VEC_LONG)
static insn_fn *const pmull[4] = { pmull_h8, NULL, NULL, pmull_h64 };
VEC_ROW(PMUL_v, vec_whole, pmul_h)
VEC_ROW(PMULL_v, vec_long, pmull)
