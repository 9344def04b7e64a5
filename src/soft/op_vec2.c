// SPDX-License-Identifier: MIT
//
// SIMD "two-register miscellaneous", "across lanes" and "scalar pairwise"
// (Arm ARM C4.1.96), integers: functions of the lanes of n.

#include "soft/fp.h"
#include "soft/vec_kernels.h"

// A handler of its own for the one form of a row.
#define SINGLE(row, kernel) \
  VEC_HANDLER(kernel##_h, kernel, VEC_SAME, 0) \
  VEC_ROW(row, vec_whole, kernel##_h)

// -------------------------------------------------- lane by lane --

VEC_BHSD(neg, neg, VEC_SAME)
VEC_BHSD(vabs, vabs, VEC_SAME)
VEC_BHSD(sqabs, sqabs, VEC_SAME)
VEC_BHSD(sqneg, sqneg, VEC_SAME)
VEC_BHSD(suqadd, suqadd, VEC_SAME)
VEC_BHSD(usqadd, usqadd, VEC_SAME)
VEC_BHSD(cmeq0, cmeq0, VEC_SAME)
VEC_BHSD(cmgt0, cmgt0, VEC_SAME)
VEC_BHSD(cmge0, cmge0, VEC_SAME)
VEC_BHSD(cmle0, cmle0, VEC_SAME)
VEC_BHSD(cmlt0, cmlt0, VEC_SAME)
VEC_BHS(cls, cls, VEC_SAME)
VEC_BHS(clz, clz, VEC_SAME)
VEC_ROW(NEG_v, vec_lanes, neg)
VEC_ROW(ABS_v, vec_lanes, vabs)
VEC_ROW(SQABS_v, vec_lanes, sqabs)
VEC_ROW(SQNEG_v, vec_lanes, sqneg)
VEC_ROW(SUQADD_v, vec_lanes, suqadd)
VEC_ROW(USQADD_v, vec_lanes, usqadd)
VEC_ROW(CMEQ_vz, vec_lanes, cmeq0)
VEC_ROW(CMGT_vz, vec_lanes, cmgt0)
VEC_ROW(CMGE_vz, vec_lanes, cmge0)
VEC_ROW(CMLE_vz, vec_lanes, cmle0)
VEC_ROW(CMLT_vz, vec_lanes, cmlt0)
VEC_ROW(CLS_v, vec_lanes, cls)
VEC_ROW(CLZ_v, vec_lanes, clz)
VEC_ROW(NEG_s, vec_scalar_d, neg)
VEC_ROW(ABS_s, vec_scalar_d, vabs)
VEC_ROW(SQABS_s, vec_scalar, sqabs)
VEC_ROW(SQNEG_s, vec_scalar, sqneg)
VEC_ROW(SUQADD_s, vec_scalar, suqadd)
VEC_ROW(USQADD_s, vec_scalar, usqadd)
VEC_ROW(CMEQ_sz, vec_scalar_d, cmeq0)
VEC_ROW(CMGT_sz, vec_scalar_d, cmgt0)
VEC_ROW(CMGE_sz, vec_scalar_d, cmge0)
VEC_ROW(CMLE_sz, vec_scalar_d, cmle0)
VEC_ROW(CMLT_sz, vec_scalar_d, cmlt0)

// ---------------------------------------------------------- bits, bytes --

static inline vec complement(struct vec_op *o) { return ~o->n; }

static inline vec population(struct vec_op *o) {
  return vec_population(o->n);
}
// The bits of each byte reversed: neighbours, pairs and fours change places.
static inline vec reverse_bits(struct vec_op *o) {
  vu8 n = (vu8)o->n;
  n = (n >> 1 & 0x55) | (n & 0x55) << 1;
  n = (n >> 2 & 0x33) | (n & 0x33) << 2;
  return (vec)(n >> 4 | n << 4);
}
SINGLE(NOT_v, complement)
SINGLE(CNT_v, population)
SINGLE(RBIT_v, reverse_bits)

// Lanes reversed in containers: halves change places at every level.
static inline vec rev16(vec v) { return (vec)((vu16)v >> 8 | (vu16)v << 8); }
static inline vec rev32(vec v) {
  return (vec)((vu32)v >> 16 | (vu32)v << 16);
}
static inline vec rev64(vec v) { return v >> 32 | v << 32; }
static inline vec rev16_8(struct vec_op *o) { return rev16(o->n); }
static inline vec rev32_8(struct vec_op *o) { return rev32(rev16(o->n)); }
static inline vec rev32_16(struct vec_op *o) { return rev32(o->n); }
static inline vec rev64_8(struct vec_op *o) {
  return rev64(rev32(rev16(o->n)));
}
static inline vec rev64_16(struct vec_op *o) { return rev64(rev32(o->n)); }
static inline vec rev64_32(struct vec_op *o) { return rev64(o->n); }
SINGLE(REV16_v, rev16_8)
VEC_BH(reverse_words, rev32, VEC_SAME)
VEC_BHS(reverse_doubles, rev64, VEC_SAME)
VEC_ROW(REV32_v, vec_lanes, reverse_words)
VEC_ROW(REV64_v, vec_lanes, reverse_doubles)

// ---------------------------------------------- widening and narrowing --

VEC_BHS(saddlp, saddlp, VEC_SAME)
VEC_BHS(uaddlp, uaddlp, VEC_SAME)
VEC_BHS(sadalp, sadalp, VEC_SAME)
VEC_BHS(uadalp, uadalp, VEC_SAME)
VEC_BHS(shll, shll, VEC_LONG)
VEC_BHS(xtn, xtn, VEC_NARROW)
VEC_BHS(sqxtn, sqxtn, VEC_NARROW)
VEC_BHS(uqxtn, uqxtn, VEC_NARROW)
VEC_BHS(sqxtun, sqxtun, VEC_NARROW)
VEC_ROW(SADDLP_v, vec_lanes, saddlp)
VEC_ROW(UADDLP_v, vec_lanes, uaddlp)
VEC_ROW(SADALP_v, vec_lanes, sadalp)
VEC_ROW(UADALP_v, vec_lanes, uadalp)
VEC_ROW(SHLL_v, vec_long, shll)
VEC_ROW(XTN_v, vec_narrow, xtn)
VEC_ROW(SQXTN_v, vec_narrow, sqxtn)
VEC_ROW(UQXTN_v, vec_narrow, uqxtn)
VEC_ROW(SQXTUN_v, vec_narrow, sqxtun)
VEC_ROW(SQXTN_s, vec_scalar, sqxtn)
VEC_ROW(UQXTN_s, vec_scalar, uqxtn)
VEC_ROW(SQXTUN_s, vec_scalar, sqxtun)

// -------------------------------------------------------- across lanes --

static inline void across(struct insn *i, uint32_t w, insn_fn *const *table) {
  vec_setup(i, w, table[a64_esz(w)], a64_esz(w), (int32_t)a64_Q(w));
}
static inline void across_long(struct insn *i, uint32_t w,
                               insn_fn *const *table) {
  vec_setup(i, w, table[a64_esz(w)], a64_esz(w) + 1, (int32_t)a64_Q(w));
}
VEC_BHS(addv, addv, VEC_SAME)
VEC_BHS(saddlv, saddlv, VEC_SAME)
VEC_BHS(uaddlv, uaddlv, VEC_SAME)
VEC_BHS(smaxv, smaxv, VEC_SAME)
VEC_BHS(sminv, sminv, VEC_SAME)
VEC_BHS(umaxv, umaxv, VEC_SAME)
VEC_BHS(uminv, uminv, VEC_SAME)
VEC_ROW(ADDV_v, across, addv)
VEC_ROW(SADDLV_v, across_long, saddlv)
VEC_ROW(UADDLV_v, across_long, uaddlv)
VEC_ROW(SMAXV_v, across, smaxv)
VEC_ROW(SMINV_v, across, sminv)
VEC_ROW(UMAXV_v, across, umaxv)
VEC_ROW(UMINV_v, across, uminv)

static inline vec add_pair(struct vec_op *o) {
  return (vec){ o->n[0] + o->n[1], 0 };
}
SINGLE(ADDP_s, add_pair)

// ----------------------------------------------------------- estimates --

static inline vec urecpe(struct vec_op *o) {
  vu32 n = (vu32)o->n;
  for (unsigned k = 0; k < 4; k++) n[k] = fp_urecpe(n[k]);
  return (vec)n;
}
static inline vec ursqrte(struct vec_op *o) {
  vu32 n = (vu32)o->n;
  for (unsigned k = 0; k < 4; k++) n[k] = fp_ursqrte(n[k]);
  return (vec)n;
}
SINGLE(URECPE_v, urecpe)
SINGLE(URSQRTE_v, ursqrte)
