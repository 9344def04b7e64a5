// SPDX-License-Identifier: MIT
//
// SIMD "shift by immediate" (Arm ARM C4.1.96), integers. The highest bit of
// immh is the width of the lanes (of the narrow ones), esize; a shift to the
// left is immh:immb - esize, one to the right 2 esize - immh:immb.

#include "soft/vec_kernels.h"

static unsigned lane_log2(uint32_t w) {
  return 31 - (unsigned)__builtin_clz(a64_immh(w) | 1);
}
static int32_t shift_left(uint32_t w) {
  return (int32_t)(a64_immh(w) << 3 | a64_immb(w)) - (8 << lane_log2(w));
}
static int32_t shift_right(uint32_t w) {
  return (16 << lane_log2(w)) - (int32_t)(a64_immh(w) << 3 | a64_immb(w));
}

// The forms: vectors, scalars, and those of two widths, whose imm is the
// distance times 2 and the half in bit 0.
static void left(struct insn *i, uint32_t w, insn_fn *const *table) {
  vec_setup(i, w, table[lane_log2(w)], VEC_HALF + a64_Q(w), shift_left(w));
}
static void right(struct insn *i, uint32_t w, insn_fn *const *table) {
  vec_setup(i, w, table[lane_log2(w)], VEC_HALF + a64_Q(w), shift_right(w));
}
static void scalar_left(struct insn *i, uint32_t w, insn_fn *const *table) {
  vec_setup(i, w, table[lane_log2(w)], lane_log2(w), shift_left(w));
}
static void scalar_right(struct insn *i, uint32_t w, insn_fn *const *table) {
  vec_setup(i, w, table[lane_log2(w)], lane_log2(w), shift_right(w));
}
static void narrow(struct insn *i, uint32_t w, insn_fn *const *table) {
  vec_setup(i, w, table[lane_log2(w)], VEC_HALF,
            shift_right(w) * 2 + (int32_t)a64_Q(w));
}
static void scalar_narrow(struct insn *i, uint32_t w,
                          insn_fn *const *table) {
  vec_setup(i, w, table[lane_log2(w)], lane_log2(w), shift_right(w) * 2);
}
static void lengthen(struct insn *i, uint32_t w, insn_fn *const *table) {
  vec_setup(i, w, table[lane_log2(w)], VEC_FULL,
            shift_left(w) * 2 + (int32_t)a64_Q(w));
}

VEC_BHSD(shl, shl, VEC_SAME)
VEC_BHSD(sshr, sshr, VEC_SAME)
VEC_BHSD(ushr, ushr, VEC_SAME)
VEC_BHSD(srshr, srshr, VEC_SAME)
VEC_BHSD(urshr, urshr, VEC_SAME)
VEC_BHSD(ssra, ssra, VEC_SAME)
VEC_BHSD(usra, usra, VEC_SAME)
VEC_BHSD(srsra, srsra, VEC_SAME)
VEC_BHSD(ursra, ursra, VEC_SAME)
VEC_BHSD(sri, sri, VEC_SAME)
VEC_BHSD(sli, sli, VEC_SAME)
VEC_BHSD(sqshl_i, sqshl_i, VEC_SAME)
VEC_BHSD(uqshl_i, uqshl_i, VEC_SAME)
VEC_BHSD(sqshlu, sqshlu, VEC_SAME)
VEC_ROW(SHL_v, left, shl)
VEC_ROW(SSHR_v, right, sshr)
VEC_ROW(USHR_v, right, ushr)
VEC_ROW(SRSHR_v, right, srshr)
VEC_ROW(URSHR_v, right, urshr)
VEC_ROW(SSRA_v, right, ssra)
VEC_ROW(USRA_v, right, usra)
VEC_ROW(SRSRA_v, right, srsra)
VEC_ROW(URSRA_v, right, ursra)
VEC_ROW(SRI_v, right, sri)
VEC_ROW(SLI_v, left, sli)
VEC_ROW(SQSHL_vi, left, sqshl_i)
VEC_ROW(UQSHL_vi, left, uqshl_i)
VEC_ROW(SQSHLU_v, left, sqshlu)
VEC_ROW(SHL_s, scalar_left, shl)
VEC_ROW(SSHR_s, scalar_right, sshr)
VEC_ROW(USHR_s, scalar_right, ushr)
VEC_ROW(SRSHR_s, scalar_right, srshr)
VEC_ROW(URSHR_s, scalar_right, urshr)
VEC_ROW(SSRA_s, scalar_right, ssra)
VEC_ROW(USRA_s, scalar_right, usra)
VEC_ROW(SRSRA_s, scalar_right, srsra)
VEC_ROW(URSRA_s, scalar_right, ursra)
VEC_ROW(SRI_s, scalar_right, sri)
VEC_ROW(SLI_s, scalar_left, sli)
VEC_ROW(SQSHL_si, scalar_left, sqshl_i)
VEC_ROW(UQSHL_si, scalar_left, uqshl_i)
VEC_ROW(SQSHLU_s, scalar_left, sqshlu)

VEC_BHS(shrn, shrn, VEC_NARROW)
VEC_BHS(rshrn, rshrn, VEC_NARROW)
VEC_BHS(sqshrn, sqshrn, VEC_NARROW)
VEC_BHS(uqshrn, uqshrn, VEC_NARROW)
VEC_BHS(sqshrun, sqshrun, VEC_NARROW)
VEC_BHS(sqrshrn, sqrshrn, VEC_NARROW)
VEC_BHS(uqrshrn, uqrshrn, VEC_NARROW)
VEC_BHS(sqrshrun, sqrshrun, VEC_NARROW)
VEC_ROW(SHRN_v, narrow, shrn)
VEC_ROW(RSHRN_v, narrow, rshrn)
VEC_ROW(SQSHRN_v, narrow, sqshrn)
VEC_ROW(UQSHRN_v, narrow, uqshrn)
VEC_ROW(SQSHRUN_v, narrow, sqshrun)
VEC_ROW(SQRSHRN_v, narrow, sqrshrn)
VEC_ROW(UQRSHRN_v, narrow, uqrshrn)
VEC_ROW(SQRSHRUN_v, narrow, sqrshrun)
VEC_ROW(SQSHRN_s, scalar_narrow, sqshrn)
VEC_ROW(UQSHRN_s, scalar_narrow, uqshrn)
VEC_ROW(SQSHRUN_s, scalar_narrow, sqshrun)
VEC_ROW(SQRSHRN_s, scalar_narrow, sqrshrn)
VEC_ROW(UQRSHRN_s, scalar_narrow, uqrshrn)
VEC_ROW(SQRSHRUN_s, scalar_narrow, sqrshrun)

VEC_BHS(sshll, sshll, VEC_LONG)
VEC_BHS(ushll, ushll, VEC_LONG)
VEC_ROW(SSHLL_v, lengthen, sshll)
VEC_ROW(USHLL_v, lengthen, ushll)
