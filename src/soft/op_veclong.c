// SPDX-License-Identifier: MIT
//
// SIMD "three different" (Arm ARM C4.1.96), integers, whose operands and
// results differ in width, and "by indexed element", whose m is one lane.

#include "soft/vec_kernels.h"

// ----------------------------------------------- long, wide and narrow --

VEC_BHS(saddl, saddl, VEC_LONG)
VEC_BHS(uaddl, uaddl, VEC_LONG)
VEC_BHS(ssubl, ssubl, VEC_LONG)
VEC_BHS(usubl, usubl, VEC_LONG)
VEC_BHS(sabdl, sabdl, VEC_LONG)
VEC_BHS(uabdl, uabdl, VEC_LONG)
VEC_BHS(sabal, sabal, VEC_LONG)
VEC_BHS(uabal, uabal, VEC_LONG)
VEC_BHS(smull, smull, VEC_LONG)
VEC_BHS(umull, umull, VEC_LONG)
VEC_BHS(smlal, smlal, VEC_LONG)
VEC_BHS(umlal, umlal, VEC_LONG)
VEC_BHS(smlsl, smlsl, VEC_LONG)
VEC_BHS(umlsl, umlsl, VEC_LONG)
VEC_BHS(saddw, saddw, VEC_WIDE)
VEC_BHS(uaddw, uaddw, VEC_WIDE)
VEC_BHS(ssubw, ssubw, VEC_WIDE)
VEC_BHS(usubw, usubw, VEC_WIDE)
VEC_BHS(addhn, addhn, VEC_NARROW)
VEC_BHS(subhn, subhn, VEC_NARROW)
VEC_BHS(raddhn, raddhn, VEC_NARROW)
VEC_BHS(rsubhn, rsubhn, VEC_NARROW)
VEC_ROW(SADDL_v, vec_long, saddl)
VEC_ROW(UADDL_v, vec_long, uaddl)
VEC_ROW(SSUBL_v, vec_long, ssubl)
VEC_ROW(USUBL_v, vec_long, usubl)
VEC_ROW(SABDL_v, vec_long, sabdl)
VEC_ROW(UABDL_v, vec_long, uabdl)
VEC_ROW(SABAL_v, vec_long, sabal)
VEC_ROW(UABAL_v, vec_long, uabal)
VEC_ROW(SMULL_v, vec_long, smull)
VEC_ROW(UMULL_v, vec_long, umull)
VEC_ROW(SMLAL_v, vec_long, smlal)
VEC_ROW(UMLAL_v, vec_long, umlal)
VEC_ROW(SMLSL_v, vec_long, smlsl)
VEC_ROW(UMLSL_v, vec_long, umlsl)
VEC_ROW(SADDW_v, vec_long, saddw)
VEC_ROW(UADDW_v, vec_long, uaddw)
VEC_ROW(SSUBW_v, vec_long, ssubw)
VEC_ROW(USUBW_v, vec_long, usubw)
VEC_ROW(ADDHN_v, vec_narrow, addhn)
VEC_ROW(SUBHN_v, vec_narrow, subhn)
VEC_ROW(RADDHN_v, vec_narrow, raddhn)
VEC_ROW(RSUBHN_v, vec_narrow, rsubhn)

// The scalars: the low lane of the low half.
static inline void scalar_long(struct insn *i, uint32_t w,
                               insn_fn *const *table) {
  vec_setup(i, w, table[a64_esz(w)], a64_esz(w) + 1, 0);
}
VEC_HS(sqdmull, sqdmull, VEC_LONG)
VEC_HS(sqdmlal, sqdmlal, VEC_LONG)
VEC_HS(sqdmlsl, sqdmlsl, VEC_LONG)
VEC_ROW(SQDMULL_v, vec_long, sqdmull)
VEC_ROW(SQDMLAL_v, vec_long, sqdmlal)
VEC_ROW(SQDMLSL_v, vec_long, sqdmlsl)
VEC_ROW(SQDMULL_s, scalar_long, sqdmull)
VEC_ROW(SQDMLAL_s, scalar_long, sqdmlal)
VEC_ROW(SQDMLSL_s, scalar_long, sqdmlsl)

// ---------------------------------------------------------- by element --

// The index of halfwords is H:L:M, M the high bit of rm; of words H:L.
static int32_t element(uint32_t w) {
  uint32_t index = a64_iH(w) << 1 | a64_iL(w);
  return (int32_t)(a64_esz(w) == 1 ? index << 1 | a64_rm(w) >> 4 : index);
}
static void by_element(struct insn *i, uint32_t w, insn_fn *const *table,
                       unsigned log2, int32_t imm) {
  vec_setup(i, w, table[a64_esz(w)], log2, imm);
  if (a64_esz(w) == 1) i->m &= 15;
}
static void same_element(struct insn *i, uint32_t w, insn_fn *const *table) {
  by_element(i, w, table, VEC_HALF + a64_Q(w), element(w));
}
static void scalar_element(struct insn *i, uint32_t w,
                           insn_fn *const *table) {
  by_element(i, w, table, a64_esz(w), element(w));
}
static void long_element(struct insn *i, uint32_t w, insn_fn *const *table) {
  by_element(i, w, table, VEC_FULL, element(w) * 2 + (int32_t)a64_Q(w));
}
static void scalar_long_element(struct insn *i, uint32_t w,
                                insn_fn *const *table) {
  by_element(i, w, table, a64_esz(w) + 1, element(w) * 2);
}
VEC_HS(mul_e, mul, VEC_ELEM)
VEC_HS(mla_e, mla, VEC_ELEM)
VEC_HS(mls_e, mls, VEC_ELEM)
VEC_HS(sqdmulh_e, sqdmulh, VEC_ELEM)
VEC_HS(sqrdmulh_e, sqrdmulh, VEC_ELEM)
VEC_HS(sqrdmlah_e, sqrdmlah, VEC_ELEM)
VEC_HS(sqrdmlsh_e, sqrdmlsh, VEC_ELEM)
VEC_ROW(MUL_ve, same_element, mul_e)
VEC_ROW(MLA_ve, same_element, mla_e)
VEC_ROW(MLS_ve, same_element, mls_e)
VEC_ROW(SQDMULH_ve, same_element, sqdmulh_e)
VEC_ROW(SQRDMULH_ve, same_element, sqrdmulh_e)
VEC_ROW(SQRDMLAH_ve, same_element, sqrdmlah_e)
VEC_ROW(SQRDMLSH_ve, same_element, sqrdmlsh_e)
VEC_ROW(SQDMULH_se, scalar_element, sqdmulh_e)
VEC_ROW(SQRDMULH_se, scalar_element, sqrdmulh_e)
VEC_ROW(SQRDMLAH_se, scalar_element, sqrdmlah_e)
VEC_ROW(SQRDMLSH_se, scalar_element, sqrdmlsh_e)

VEC_HS(smull_e, smull, VEC_LONG_ELEM)
VEC_HS(umull_e, umull, VEC_LONG_ELEM)
VEC_HS(smlal_e, smlal, VEC_LONG_ELEM)
VEC_HS(umlal_e, umlal, VEC_LONG_ELEM)
VEC_HS(smlsl_e, smlsl, VEC_LONG_ELEM)
VEC_HS(umlsl_e, umlsl, VEC_LONG_ELEM)
VEC_HS(sqdmull_e, sqdmull, VEC_LONG_ELEM)
VEC_HS(sqdmlal_e, sqdmlal, VEC_LONG_ELEM)
VEC_HS(sqdmlsl_e, sqdmlsl, VEC_LONG_ELEM)
VEC_ROW(SMULL_ve, long_element, smull_e)
VEC_ROW(UMULL_ve, long_element, umull_e)
VEC_ROW(SMLAL_ve, long_element, smlal_e)
VEC_ROW(UMLAL_ve, long_element, umlal_e)
VEC_ROW(SMLSL_ve, long_element, smlsl_e)
VEC_ROW(UMLSL_ve, long_element, umlsl_e)
VEC_ROW(SQDMULL_ve, long_element, sqdmull_e)
VEC_ROW(SQDMLAL_ve, long_element, sqdmlal_e)
VEC_ROW(SQDMLSL_ve, long_element, sqdmlsl_e)
VEC_ROW(SQDMULL_se, scalar_long_element, sqdmull_e)
VEC_ROW(SQDMLAL_se, scalar_long_element, sqdmlal_e)
VEC_ROW(SQDMLSL_se, scalar_long_element, sqdmlsl_e)
