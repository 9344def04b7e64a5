// SPDX-License-Identifier: MIT
//
// SIMD "three same" and "scalar three same" (Arm ARM C4.1.96), integers:
// d = n op m, lane by lane, of vectors and of scalars.

#include "soft/vec_kernels.h"

const struct insn *vec_trap(struct soft_cpu *cpu, const struct insn *i,
                            uint64_t left) {
  cpu->h.left = left;
  return leave_fp_trap(cpu, i);
}

// ------------------------------------------------------------- logical --

static inline vec and_kernel(struct vec_op *o) { return o->n & o->m; }
static inline vec bic_kernel(struct vec_op *o) { return o->n & ~o->m; }
static inline vec orr_kernel(struct vec_op *o) { return o->n | o->m; }
static inline vec orn_kernel(struct vec_op *o) { return o->n | ~o->m; }
static inline vec eor_kernel(struct vec_op *o) { return o->n ^ o->m; }
static inline vec bsl_kernel(struct vec_op *o) {
  return o->m ^ ((o->m ^ o->n) & o->d);
}
static inline vec bit_kernel(struct vec_op *o) {
  return o->d ^ ((o->d ^ o->n) & o->m);
}
static inline vec bif_kernel(struct vec_op *o) {
  return o->d ^ ((o->d ^ o->n) & ~o->m);
}
#define LOGICAL(row, kernel) \
  VEC_HANDLER(kernel##_h, kernel, VEC_SAME, 0) \
  VEC_ROW(row, vec_whole, kernel##_h)
LOGICAL(AND_v, and_kernel)
LOGICAL(BIC_v, bic_kernel)
LOGICAL(ORR_v, orr_kernel)
LOGICAL(ORN_v, orn_kernel)
LOGICAL(EOR_v, eor_kernel)
LOGICAL(BSL_v, bsl_kernel)
LOGICAL(BIT_v, bit_kernel)
LOGICAL(BIF_v, bif_kernel)

// ---------------------------------------------------------- arithmetic --

VEC_BHSD(add, add, VEC_SAME)
VEC_BHSD(sub, sub, VEC_SAME)
VEC_BHS(mul, mul, VEC_SAME)
VEC_BHS(mla, mla, VEC_SAME)
VEC_BHS(mls, mls, VEC_SAME)
VEC_BHS(smax, smax, VEC_SAME)
VEC_BHS(smin, smin, VEC_SAME)
VEC_BHS(umax, umax, VEC_SAME)
VEC_BHS(umin, umin, VEC_SAME)
VEC_BHS(sabd, sabd, VEC_SAME)
VEC_BHS(uabd, uabd, VEC_SAME)
VEC_BHS(saba, saba, VEC_SAME)
VEC_BHS(uaba, uaba, VEC_SAME)
VEC_BHS(shadd, shadd, VEC_SAME)
VEC_BHS(uhadd, uhadd, VEC_SAME)
VEC_BHS(srhadd, srhadd, VEC_SAME)
VEC_BHS(urhadd, urhadd, VEC_SAME)
VEC_BHS(shsub, shsub, VEC_SAME)
VEC_BHS(uhsub, uhsub, VEC_SAME)
VEC_ROW(ADD_v, vec_lanes, add)
VEC_ROW(SUB_v, vec_lanes, sub)
VEC_ROW(MUL_v, vec_lanes, mul)
VEC_ROW(MLA_v, vec_lanes, mla)
VEC_ROW(MLS_v, vec_lanes, mls)
VEC_ROW(SMAX_v, vec_lanes, smax)
VEC_ROW(SMIN_v, vec_lanes, smin)
VEC_ROW(UMAX_v, vec_lanes, umax)
VEC_ROW(UMIN_v, vec_lanes, umin)
VEC_ROW(SABD_v, vec_lanes, sabd)
VEC_ROW(UABD_v, vec_lanes, uabd)
VEC_ROW(SABA_v, vec_lanes, saba)
VEC_ROW(UABA_v, vec_lanes, uaba)
VEC_ROW(SHADD_v, vec_lanes, shadd)
VEC_ROW(UHADD_v, vec_lanes, uhadd)
VEC_ROW(SRHADD_v, vec_lanes, srhadd)
VEC_ROW(URHADD_v, vec_lanes, urhadd)
VEC_ROW(SHSUB_v, vec_lanes, shsub)
VEC_ROW(UHSUB_v, vec_lanes, uhsub)
VEC_ROW(ADD_s, vec_scalar_d, add)
VEC_ROW(SUB_s, vec_scalar_d, sub)

// ---------------------------------------------------------- comparison --

VEC_BHSD(cmeq, cmeq, VEC_SAME)
VEC_BHSD(cmtst, cmtst, VEC_SAME)
VEC_BHSD(cmgt, cmgt, VEC_SAME)
VEC_BHSD(cmge, cmge, VEC_SAME)
VEC_BHSD(cmhi, cmhi, VEC_SAME)
VEC_BHSD(cmhs, cmhs, VEC_SAME)
VEC_ROW(CMEQ_v, vec_lanes, cmeq)
VEC_ROW(CMTST_v, vec_lanes, cmtst)
VEC_ROW(CMGT_v, vec_lanes, cmgt)
VEC_ROW(CMGE_v, vec_lanes, cmge)
VEC_ROW(CMHI_v, vec_lanes, cmhi)
VEC_ROW(CMHS_v, vec_lanes, cmhs)
VEC_ROW(CMEQ_s, vec_scalar_d, cmeq)
VEC_ROW(CMTST_s, vec_scalar_d, cmtst)
VEC_ROW(CMGT_s, vec_scalar_d, cmgt)
VEC_ROW(CMGE_s, vec_scalar_d, cmge)
VEC_ROW(CMHI_s, vec_scalar_d, cmhi)
VEC_ROW(CMHS_s, vec_scalar_d, cmhs)

// ---------------------------------------------------------- saturation --

VEC_BHSD(sqadd, sqadd, VEC_SAME)
VEC_BHSD(uqadd, uqadd, VEC_SAME)
VEC_BHSD(sqsub, sqsub, VEC_SAME)
VEC_BHSD(uqsub, uqsub, VEC_SAME)
VEC_HS(sqdmulh, sqdmulh, VEC_SAME)
VEC_HS(sqrdmulh, sqrdmulh, VEC_SAME)
VEC_HS(sqrdmlah, sqrdmlah, VEC_SAME)
VEC_HS(sqrdmlsh, sqrdmlsh, VEC_SAME)
VEC_ROW(SQADD_v, vec_lanes, sqadd)
VEC_ROW(UQADD_v, vec_lanes, uqadd)
VEC_ROW(SQSUB_v, vec_lanes, sqsub)
VEC_ROW(UQSUB_v, vec_lanes, uqsub)
VEC_ROW(SQDMULH_v, vec_lanes, sqdmulh)
VEC_ROW(SQRDMULH_v, vec_lanes, sqrdmulh)
VEC_ROW(SQRDMLAH_v, vec_lanes, sqrdmlah)
VEC_ROW(SQRDMLSH_v, vec_lanes, sqrdmlsh)
VEC_ROW(SQADD_s, vec_scalar, sqadd)
VEC_ROW(UQADD_s, vec_scalar, uqadd)
VEC_ROW(SQSUB_s, vec_scalar, sqsub)
VEC_ROW(UQSUB_s, vec_scalar, uqsub)
VEC_ROW(SQDMULH_s, vec_scalar, sqdmulh)
VEC_ROW(SQRDMULH_s, vec_scalar, sqrdmulh)
VEC_ROW(SQRDMLAH_s, vec_scalar, sqrdmlah)
VEC_ROW(SQRDMLSH_s, vec_scalar, sqrdmlsh)

// ------------------------------------------------ shifts by a register --

VEC_BHSD(sshl, sshl, VEC_SAME)
VEC_BHSD(ushl, ushl, VEC_SAME)
VEC_BHSD(srshl, srshl, VEC_SAME)
VEC_BHSD(urshl, urshl, VEC_SAME)
VEC_BHSD(sqshl, sqshl, VEC_SAME)
VEC_BHSD(uqshl, uqshl, VEC_SAME)
VEC_BHSD(sqrshl, sqrshl, VEC_SAME)
VEC_BHSD(uqrshl, uqrshl, VEC_SAME)
VEC_ROW(SSHL_v, vec_lanes, sshl)
VEC_ROW(USHL_v, vec_lanes, ushl)
VEC_ROW(SRSHL_v, vec_lanes, srshl)
VEC_ROW(URSHL_v, vec_lanes, urshl)
VEC_ROW(SQSHL_v, vec_lanes, sqshl)
VEC_ROW(UQSHL_v, vec_lanes, uqshl)
VEC_ROW(SQRSHL_v, vec_lanes, sqrshl)
VEC_ROW(UQRSHL_v, vec_lanes, uqrshl)
VEC_ROW(SSHL_s, vec_scalar_d, sshl)
VEC_ROW(USHL_s, vec_scalar_d, ushl)
VEC_ROW(SRSHL_s, vec_scalar_d, srshl)
VEC_ROW(URSHL_s, vec_scalar_d, urshl)
VEC_ROW(SQSHL_s, vec_scalar, sqshl)
VEC_ROW(UQSHL_s, vec_scalar, uqshl)
VEC_ROW(SQRSHL_s, vec_scalar, sqrshl)
VEC_ROW(UQRSHL_s, vec_scalar, uqrshl)

// ------------------------------------------------------------ pairwise --

VEC_BHSD(addp, addp, VEC_SAME)
VEC_BHS(smaxp, smaxp, VEC_SAME)
VEC_BHS(sminp, sminp, VEC_SAME)
VEC_BHS(umaxp, umaxp, VEC_SAME)
VEC_BHS(uminp, uminp, VEC_SAME)
VEC_BHS(addp_half, addp_half, VEC_SAME)
VEC_BHS(smaxp_half, smaxp_half, VEC_SAME)
VEC_BHS(sminp_half, sminp_half, VEC_SAME)
VEC_BHS(umaxp_half, umaxp_half, VEC_SAME)
VEC_BHS(uminp_half, uminp_half, VEC_SAME)
#define PAIRS(row, full, half) \
  VEC_ROW(row, vec_lanes, a64_Q(w) ? full : half)
PAIRS(ADDP_v, addp, addp_half)
PAIRS(SMAXP_v, smaxp, smaxp_half)
PAIRS(SMINP_v, sminp, sminp_half)
PAIRS(UMAXP_v, umaxp, umaxp_half)
PAIRS(UMINP_v, uminp, uminp_half)
