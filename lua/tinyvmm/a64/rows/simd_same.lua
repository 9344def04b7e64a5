-- SPDX-License-Identifier: MIT
-- Rows of Advanced SIMD "three same" (Arm ARM C4.1.96): vectors (_v), scalars
-- (_s), and the half-precision forms, which have an encoding of their own (_vh,
-- _sh). `esz` is the log2 of the element's bytes, `sz` single or double.
-- The `? never` rows are spellings with swapped operands that assemblers know.
return [[
SHADD_v     0 Q:1 0 01110 esz:2 1 rm:5 00000 1 rn:5 rd:5 ! z_bhs      ; shadd {Vd.z}, {Vn.z}, {Vm.z}
UHADD_v     0 Q:1 1 01110 esz:2 1 rm:5 00000 1 rn:5 rd:5 ! z_bhs      ; uhadd {Vd.z}, {Vn.z}, {Vm.z}
SQADD_v     0 Q:1 0 01110 esz:2 1 rm:5 00001 1 rn:5 rd:5 ! z_all      ; sqadd {Vd.z}, {Vn.z}, {Vm.z}
UQADD_v     0 Q:1 1 01110 esz:2 1 rm:5 00001 1 rn:5 rd:5 ! z_all      ; uqadd {Vd.z}, {Vn.z}, {Vm.z}
SRHADD_v    0 Q:1 0 01110 esz:2 1 rm:5 00010 1 rn:5 rd:5 ! z_bhs      ; srhadd {Vd.z}, {Vn.z}, {Vm.z}
URHADD_v    0 Q:1 1 01110 esz:2 1 rm:5 00010 1 rn:5 rd:5 ! z_bhs      ; urhadd {Vd.z}, {Vn.z}, {Vm.z}
AND_v       0 Q:1 0 01110 00 1 rm:5 00011 1 rn:5 rd:5                 ; and {Vd.b}, {Vn.b}, {Vm.b}
BIC_v       0 Q:1 0 01110 01 1 rm:5 00011 1 rn:5 rd:5                 ; bic {Vd.b}, {Vn.b}, {Vm.b}
ORR_v       0 Q:1 0 01110 10 1 rm:5 00011 1 rn:5 rd:5                 ; orr {Vd.b}, {Vn.b}, {Vm.b}
~           0 Q:1 0 01110 10 1 rm:5=rn 00011 1 rn:5 rd:5              ; mov {Vd.b}, {Vn.b}
ORN_v       0 Q:1 0 01110 11 1 rm:5 00011 1 rn:5 rd:5                 ; orn {Vd.b}, {Vn.b}, {Vm.b}
EOR_v       0 Q:1 1 01110 00 1 rm:5 00011 1 rn:5 rd:5                 ; eor {Vd.b}, {Vn.b}, {Vm.b}
BSL_v       0 Q:1 1 01110 01 1 rm:5 00011 1 rn:5 rd:5                 ; bsl {Vd.b}, {Vn.b}, {Vm.b}
BIT_v       0 Q:1 1 01110 10 1 rm:5 00011 1 rn:5 rd:5                 ; bit {Vd.b}, {Vn.b}, {Vm.b}
BIF_v       0 Q:1 1 01110 11 1 rm:5 00011 1 rn:5 rd:5                 ; bif {Vd.b}, {Vn.b}, {Vm.b}
SHSUB_v     0 Q:1 0 01110 esz:2 1 rm:5 00100 1 rn:5 rd:5 ! z_bhs      ; shsub {Vd.z}, {Vn.z}, {Vm.z}
UHSUB_v     0 Q:1 1 01110 esz:2 1 rm:5 00100 1 rn:5 rd:5 ! z_bhs      ; uhsub {Vd.z}, {Vn.z}, {Vm.z}
SQSUB_v     0 Q:1 0 01110 esz:2 1 rm:5 00101 1 rn:5 rd:5 ! z_all      ; sqsub {Vd.z}, {Vn.z}, {Vm.z}
UQSUB_v     0 Q:1 1 01110 esz:2 1 rm:5 00101 1 rn:5 rd:5 ! z_all      ; uqsub {Vd.z}, {Vn.z}, {Vm.z}
CMGT_v      0 Q:1 0 01110 esz:2 1 rm:5 00110 1 rn:5 rd:5 ! z_all      ; cmgt {Vd.z}, {Vn.z}, {Vm.z}
~           0 Q:1 0 01110 esz:2 1 rm:5 00110 1 rn:5 rd:5 ? never      ; cmlt {Vd.z}, {Vm.z}, {Vn.z}
CMHI_v      0 Q:1 1 01110 esz:2 1 rm:5 00110 1 rn:5 rd:5 ! z_all      ; cmhi {Vd.z}, {Vn.z}, {Vm.z}
~           0 Q:1 1 01110 esz:2 1 rm:5 00110 1 rn:5 rd:5 ? never      ; cmlo {Vd.z}, {Vm.z}, {Vn.z}
CMGE_v      0 Q:1 0 01110 esz:2 1 rm:5 00111 1 rn:5 rd:5 ! z_all      ; cmge {Vd.z}, {Vn.z}, {Vm.z}
~           0 Q:1 0 01110 esz:2 1 rm:5 00111 1 rn:5 rd:5 ? never      ; cmle {Vd.z}, {Vm.z}, {Vn.z}
CMHS_v      0 Q:1 1 01110 esz:2 1 rm:5 00111 1 rn:5 rd:5 ! z_all      ; cmhs {Vd.z}, {Vn.z}, {Vm.z}
~           0 Q:1 1 01110 esz:2 1 rm:5 00111 1 rn:5 rd:5 ? never      ; cmls {Vd.z}, {Vm.z}, {Vn.z}
SSHL_v      0 Q:1 0 01110 esz:2 1 rm:5 01000 1 rn:5 rd:5 ! z_all      ; sshl {Vd.z}, {Vn.z}, {Vm.z}
USHL_v      0 Q:1 1 01110 esz:2 1 rm:5 01000 1 rn:5 rd:5 ! z_all      ; ushl {Vd.z}, {Vn.z}, {Vm.z}
SQSHL_v     0 Q:1 0 01110 esz:2 1 rm:5 01001 1 rn:5 rd:5 ! z_all      ; sqshl {Vd.z}, {Vn.z}, {Vm.z}
UQSHL_v     0 Q:1 1 01110 esz:2 1 rm:5 01001 1 rn:5 rd:5 ! z_all      ; uqshl {Vd.z}, {Vn.z}, {Vm.z}
SRSHL_v     0 Q:1 0 01110 esz:2 1 rm:5 01010 1 rn:5 rd:5 ! z_all      ; srshl {Vd.z}, {Vn.z}, {Vm.z}
URSHL_v     0 Q:1 1 01110 esz:2 1 rm:5 01010 1 rn:5 rd:5 ! z_all      ; urshl {Vd.z}, {Vn.z}, {Vm.z}
SQRSHL_v    0 Q:1 0 01110 esz:2 1 rm:5 01011 1 rn:5 rd:5 ! z_all      ; sqrshl {Vd.z}, {Vn.z}, {Vm.z}
UQRSHL_v    0 Q:1 1 01110 esz:2 1 rm:5 01011 1 rn:5 rd:5 ! z_all      ; uqrshl {Vd.z}, {Vn.z}, {Vm.z}
SMAX_v      0 Q:1 0 01110 esz:2 1 rm:5 01100 1 rn:5 rd:5 ! z_bhs      ; smax {Vd.z}, {Vn.z}, {Vm.z}
UMAX_v      0 Q:1 1 01110 esz:2 1 rm:5 01100 1 rn:5 rd:5 ! z_bhs      ; umax {Vd.z}, {Vn.z}, {Vm.z}
SMIN_v      0 Q:1 0 01110 esz:2 1 rm:5 01101 1 rn:5 rd:5 ! z_bhs      ; smin {Vd.z}, {Vn.z}, {Vm.z}
UMIN_v      0 Q:1 1 01110 esz:2 1 rm:5 01101 1 rn:5 rd:5 ! z_bhs      ; umin {Vd.z}, {Vn.z}, {Vm.z}
SABD_v      0 Q:1 0 01110 esz:2 1 rm:5 01110 1 rn:5 rd:5 ! z_bhs      ; sabd {Vd.z}, {Vn.z}, {Vm.z}
UABD_v      0 Q:1 1 01110 esz:2 1 rm:5 01110 1 rn:5 rd:5 ! z_bhs      ; uabd {Vd.z}, {Vn.z}, {Vm.z}
SABA_v      0 Q:1 0 01110 esz:2 1 rm:5 01111 1 rn:5 rd:5 ! z_bhs      ; saba {Vd.z}, {Vn.z}, {Vm.z}
UABA_v      0 Q:1 1 01110 esz:2 1 rm:5 01111 1 rn:5 rd:5 ! z_bhs      ; uaba {Vd.z}, {Vn.z}, {Vm.z}
ADD_v       0 Q:1 0 01110 esz:2 1 rm:5 10000 1 rn:5 rd:5 ! z_all      ; add {Vd.z}, {Vn.z}, {Vm.z}
SUB_v       0 Q:1 1 01110 esz:2 1 rm:5 10000 1 rn:5 rd:5 ! z_all      ; sub {Vd.z}, {Vn.z}, {Vm.z}
CMTST_v     0 Q:1 0 01110 esz:2 1 rm:5 10001 1 rn:5 rd:5 ! z_all      ; cmtst {Vd.z}, {Vn.z}, {Vm.z}
CMEQ_v      0 Q:1 1 01110 esz:2 1 rm:5 10001 1 rn:5 rd:5 ! z_all      ; cmeq {Vd.z}, {Vn.z}, {Vm.z}
MLA_v       0 Q:1 0 01110 esz:2 1 rm:5 10010 1 rn:5 rd:5 ! z_bhs      ; mla {Vd.z}, {Vn.z}, {Vm.z}
MLS_v       0 Q:1 1 01110 esz:2 1 rm:5 10010 1 rn:5 rd:5 ! z_bhs      ; mls {Vd.z}, {Vn.z}, {Vm.z}
MUL_v       0 Q:1 0 01110 esz:2 1 rm:5 10011 1 rn:5 rd:5 ! z_bhs      ; mul {Vd.z}, {Vn.z}, {Vm.z}
PMUL_v      0 Q:1 1 01110 00 1 rm:5 10011 1 rn:5 rd:5                 ; pmul {Vd.b}, {Vn.b}, {Vm.b}
SMAXP_v     0 Q:1 0 01110 esz:2 1 rm:5 10100 1 rn:5 rd:5 ! z_bhs      ; smaxp {Vd.z}, {Vn.z}, {Vm.z}
UMAXP_v     0 Q:1 1 01110 esz:2 1 rm:5 10100 1 rn:5 rd:5 ! z_bhs      ; umaxp {Vd.z}, {Vn.z}, {Vm.z}
SMINP_v     0 Q:1 0 01110 esz:2 1 rm:5 10101 1 rn:5 rd:5 ! z_bhs      ; sminp {Vd.z}, {Vn.z}, {Vm.z}
UMINP_v     0 Q:1 1 01110 esz:2 1 rm:5 10101 1 rn:5 rd:5 ! z_bhs      ; uminp {Vd.z}, {Vn.z}, {Vm.z}
SQDMULH_v   0 Q:1 0 01110 esz:2 1 rm:5 10110 1 rn:5 rd:5 ! z_hs       ; sqdmulh {Vd.z}, {Vn.z}, {Vm.z}
SQRDMULH_v  0 Q:1 1 01110 esz:2 1 rm:5 10110 1 rn:5 rd:5 ! z_hs       ; sqrdmulh {Vd.z}, {Vn.z}, {Vm.z}
ADDP_v      0 Q:1 0 01110 esz:2 1 rm:5 10111 1 rn:5 rd:5 ! z_all      ; addp {Vd.z}, {Vn.z}, {Vm.z}

FMAXNM_v    0 Q:1 0 01110 0 sz:1 1 rm:5 11000 1 rn:5 rd:5 ! f_all     ; fmaxnm {Vd.f}, {Vn.f}, {Vm.f}
FMINNM_v    0 Q:1 0 01110 1 sz:1 1 rm:5 11000 1 rn:5 rd:5 ! f_all     ; fminnm {Vd.f}, {Vn.f}, {Vm.f}
FMAXNMP_v   0 Q:1 1 01110 0 sz:1 1 rm:5 11000 1 rn:5 rd:5 ! f_all     ; fmaxnmp {Vd.f}, {Vn.f}, {Vm.f}
FMINNMP_v   0 Q:1 1 01110 1 sz:1 1 rm:5 11000 1 rn:5 rd:5 ! f_all     ; fminnmp {Vd.f}, {Vn.f}, {Vm.f}
FMLA_v      0 Q:1 0 01110 0 sz:1 1 rm:5 11001 1 rn:5 rd:5 ! f_all     ; fmla {Vd.f}, {Vn.f}, {Vm.f}
FMLS_v      0 Q:1 0 01110 1 sz:1 1 rm:5 11001 1 rn:5 rd:5 ! f_all     ; fmls {Vd.f}, {Vn.f}, {Vm.f}
FADD_v      0 Q:1 0 01110 0 sz:1 1 rm:5 11010 1 rn:5 rd:5 ! f_all     ; fadd {Vd.f}, {Vn.f}, {Vm.f}
FSUB_v      0 Q:1 0 01110 1 sz:1 1 rm:5 11010 1 rn:5 rd:5 ! f_all     ; fsub {Vd.f}, {Vn.f}, {Vm.f}
FADDP_v     0 Q:1 1 01110 0 sz:1 1 rm:5 11010 1 rn:5 rd:5 ! f_all     ; faddp {Vd.f}, {Vn.f}, {Vm.f}
FABD_v      0 Q:1 1 01110 1 sz:1 1 rm:5 11010 1 rn:5 rd:5 ! f_all     ; fabd {Vd.f}, {Vn.f}, {Vm.f}
FMULX_v     0 Q:1 0 01110 0 sz:1 1 rm:5 11011 1 rn:5 rd:5 ! f_all     ; fmulx {Vd.f}, {Vn.f}, {Vm.f}
FMUL_v      0 Q:1 1 01110 0 sz:1 1 rm:5 11011 1 rn:5 rd:5 ! f_all     ; fmul {Vd.f}, {Vn.f}, {Vm.f}
FCMEQ_v     0 Q:1 0 01110 0 sz:1 1 rm:5 11100 1 rn:5 rd:5 ! f_all     ; fcmeq {Vd.f}, {Vn.f}, {Vm.f}
FCMGE_v     0 Q:1 1 01110 0 sz:1 1 rm:5 11100 1 rn:5 rd:5 ! f_all     ; fcmge {Vd.f}, {Vn.f}, {Vm.f}
~           0 Q:1 1 01110 0 sz:1 1 rm:5 11100 1 rn:5 rd:5 ? never     ; fcmle {Vd.f}, {Vm.f}, {Vn.f}
FCMGT_v     0 Q:1 1 01110 1 sz:1 1 rm:5 11100 1 rn:5 rd:5 ! f_all     ; fcmgt {Vd.f}, {Vn.f}, {Vm.f}
~           0 Q:1 1 01110 1 sz:1 1 rm:5 11100 1 rn:5 rd:5 ? never     ; fcmlt {Vd.f}, {Vm.f}, {Vn.f}
FACGE_v     0 Q:1 1 01110 0 sz:1 1 rm:5 11101 1 rn:5 rd:5 ! f_all     ; facge {Vd.f}, {Vn.f}, {Vm.f}
~           0 Q:1 1 01110 0 sz:1 1 rm:5 11101 1 rn:5 rd:5 ? never     ; facle {Vd.f}, {Vm.f}, {Vn.f}
FACGT_v     0 Q:1 1 01110 1 sz:1 1 rm:5 11101 1 rn:5 rd:5 ! f_all     ; facgt {Vd.f}, {Vn.f}, {Vm.f}
~           0 Q:1 1 01110 1 sz:1 1 rm:5 11101 1 rn:5 rd:5 ? never     ; faclt {Vd.f}, {Vm.f}, {Vn.f}
FMAX_v      0 Q:1 0 01110 0 sz:1 1 rm:5 11110 1 rn:5 rd:5 ! f_all     ; fmax {Vd.f}, {Vn.f}, {Vm.f}
FMIN_v      0 Q:1 0 01110 1 sz:1 1 rm:5 11110 1 rn:5 rd:5 ! f_all     ; fmin {Vd.f}, {Vn.f}, {Vm.f}
FMAXP_v     0 Q:1 1 01110 0 sz:1 1 rm:5 11110 1 rn:5 rd:5 ! f_all     ; fmaxp {Vd.f}, {Vn.f}, {Vm.f}
FMINP_v     0 Q:1 1 01110 1 sz:1 1 rm:5 11110 1 rn:5 rd:5 ! f_all     ; fminp {Vd.f}, {Vn.f}, {Vm.f}
FRECPS_v    0 Q:1 0 01110 0 sz:1 1 rm:5 11111 1 rn:5 rd:5 ! f_all     ; frecps {Vd.f}, {Vn.f}, {Vm.f}
FRSQRTS_v   0 Q:1 0 01110 1 sz:1 1 rm:5 11111 1 rn:5 rd:5 ! f_all     ; frsqrts {Vd.f}, {Vn.f}, {Vm.f}
FDIV_v      0 Q:1 1 01110 0 sz:1 1 rm:5 11111 1 rn:5 rd:5 ! f_all     ; fdiv {Vd.f}, {Vn.f}, {Vm.f}
FMLAL_v     0 Q:1 0 01110 0 0 1 rm:5 11101 1 rn:5 rd:5 @ FHM          ; fmlal {Vd.s}, {Vn.hh}, {Vm.hh}
FMLSL_v     0 Q:1 0 01110 1 0 1 rm:5 11101 1 rn:5 rd:5 @ FHM          ; fmlsl {Vd.s}, {Vn.hh}, {Vm.hh}
FMLAL2_v    0 Q:1 1 01110 0 0 1 rm:5 11001 1 rn:5 rd:5 @ FHM          ; fmlal2 {Vd.s}, {Vn.hh}, {Vm.hh}
FMLSL2_v    0 Q:1 1 01110 1 0 1 rm:5 11001 1 rn:5 rd:5 @ FHM          ; fmlsl2 {Vd.s}, {Vn.hh}, {Vm.hh}

FMAXNM_vh   0 Q:1 0 01110 0 10 rm:5 00 000 1 rn:5 rd:5 @ FP16         ; fmaxnm {Vd.h}, {Vn.h}, {Vm.h}
FMINNM_vh   0 Q:1 0 01110 1 10 rm:5 00 000 1 rn:5 rd:5 @ FP16         ; fminnm {Vd.h}, {Vn.h}, {Vm.h}
FMAXNMP_vh  0 Q:1 1 01110 0 10 rm:5 00 000 1 rn:5 rd:5 @ FP16         ; fmaxnmp {Vd.h}, {Vn.h}, {Vm.h}
FMINNMP_vh  0 Q:1 1 01110 1 10 rm:5 00 000 1 rn:5 rd:5 @ FP16         ; fminnmp {Vd.h}, {Vn.h}, {Vm.h}
FMLA_vh     0 Q:1 0 01110 0 10 rm:5 00 001 1 rn:5 rd:5 @ FP16         ; fmla {Vd.h}, {Vn.h}, {Vm.h}
FMLS_vh     0 Q:1 0 01110 1 10 rm:5 00 001 1 rn:5 rd:5 @ FP16         ; fmls {Vd.h}, {Vn.h}, {Vm.h}
FADD_vh     0 Q:1 0 01110 0 10 rm:5 00 010 1 rn:5 rd:5 @ FP16         ; fadd {Vd.h}, {Vn.h}, {Vm.h}
FSUB_vh     0 Q:1 0 01110 1 10 rm:5 00 010 1 rn:5 rd:5 @ FP16         ; fsub {Vd.h}, {Vn.h}, {Vm.h}
FADDP_vh    0 Q:1 1 01110 0 10 rm:5 00 010 1 rn:5 rd:5 @ FP16         ; faddp {Vd.h}, {Vn.h}, {Vm.h}
FABD_vh     0 Q:1 1 01110 1 10 rm:5 00 010 1 rn:5 rd:5 @ FP16         ; fabd {Vd.h}, {Vn.h}, {Vm.h}
FMULX_vh    0 Q:1 0 01110 0 10 rm:5 00 011 1 rn:5 rd:5 @ FP16         ; fmulx {Vd.h}, {Vn.h}, {Vm.h}
FMUL_vh     0 Q:1 1 01110 0 10 rm:5 00 011 1 rn:5 rd:5 @ FP16         ; fmul {Vd.h}, {Vn.h}, {Vm.h}
FCMEQ_vh    0 Q:1 0 01110 0 10 rm:5 00 100 1 rn:5 rd:5 @ FP16         ; fcmeq {Vd.h}, {Vn.h}, {Vm.h}
FCMGE_vh    0 Q:1 1 01110 0 10 rm:5 00 100 1 rn:5 rd:5 @ FP16         ; fcmge {Vd.h}, {Vn.h}, {Vm.h}
~           0 Q:1 1 01110 0 10 rm:5 00 100 1 rn:5 rd:5 ? never        ; fcmle {Vd.h}, {Vm.h}, {Vn.h}
FCMGT_vh    0 Q:1 1 01110 1 10 rm:5 00 100 1 rn:5 rd:5 @ FP16         ; fcmgt {Vd.h}, {Vn.h}, {Vm.h}
~           0 Q:1 1 01110 1 10 rm:5 00 100 1 rn:5 rd:5 ? never        ; fcmlt {Vd.h}, {Vm.h}, {Vn.h}
FACGE_vh    0 Q:1 1 01110 0 10 rm:5 00 101 1 rn:5 rd:5 @ FP16         ; facge {Vd.h}, {Vn.h}, {Vm.h}
~           0 Q:1 1 01110 0 10 rm:5 00 101 1 rn:5 rd:5 ? never        ; facle {Vd.h}, {Vm.h}, {Vn.h}
FACGT_vh    0 Q:1 1 01110 1 10 rm:5 00 101 1 rn:5 rd:5 @ FP16         ; facgt {Vd.h}, {Vn.h}, {Vm.h}
~           0 Q:1 1 01110 1 10 rm:5 00 101 1 rn:5 rd:5 ? never        ; faclt {Vd.h}, {Vm.h}, {Vn.h}
FMAX_vh     0 Q:1 0 01110 0 10 rm:5 00 110 1 rn:5 rd:5 @ FP16         ; fmax {Vd.h}, {Vn.h}, {Vm.h}
FMIN_vh     0 Q:1 0 01110 1 10 rm:5 00 110 1 rn:5 rd:5 @ FP16         ; fmin {Vd.h}, {Vn.h}, {Vm.h}
FMAXP_vh    0 Q:1 1 01110 0 10 rm:5 00 110 1 rn:5 rd:5 @ FP16         ; fmaxp {Vd.h}, {Vn.h}, {Vm.h}
FMINP_vh    0 Q:1 1 01110 1 10 rm:5 00 110 1 rn:5 rd:5 @ FP16         ; fminp {Vd.h}, {Vn.h}, {Vm.h}
FRECPS_vh   0 Q:1 0 01110 0 10 rm:5 00 111 1 rn:5 rd:5 @ FP16         ; frecps {Vd.h}, {Vn.h}, {Vm.h}
FRSQRTS_vh  0 Q:1 0 01110 1 10 rm:5 00 111 1 rn:5 rd:5 @ FP16         ; frsqrts {Vd.h}, {Vn.h}, {Vm.h}
FDIV_vh     0 Q:1 1 01110 0 10 rm:5 00 111 1 rn:5 rd:5 @ FP16         ; fdiv {Vd.h}, {Vn.h}, {Vm.h}

SQRDMLAH_v  0 Q:1 1 01110 esz:2 0 rm:5 1 0000 1 rn:5 rd:5 ! z_hs @ RDM ; sqrdmlah {Vd.z}, {Vn.z}, {Vm.z}
SQRDMLSH_v  0 Q:1 1 01110 esz:2 0 rm:5 1 0001 1 rn:5 rd:5 ! z_hs @ RDM ; sqrdmlsh {Vd.z}, {Vn.z}, {Vm.z}
SDOT_v      0 Q:1 0 01110 10 0 rm:5 1 0010 1 rn:5 rd:5 @ DotProd      ; sdot {Vd.s}, {Vn.b}, {Vm.b}
UDOT_v      0 Q:1 1 01110 10 0 rm:5 1 0010 1 rn:5 rd:5 @ DotProd      ; udot {Vd.s}, {Vn.b}, {Vm.b}
USDOT_v     0 Q:1 0 01110 10 0 rm:5 1 0011 1 rn:5 rd:5 @ I8MM         ; usdot {Vd.s}, {Vn.b}, {Vm.b}
FCMLA_v     0 Q:1 1 01110 esz:2 0 rm:5 1 10 rot:2 1 rn:5 rd:5 ! z_fc @ FCMA ; fcmla {Vd.z}, {Vn.z}, {Vm.z}, {rot}
FCADD_v     0 Q:1 1 01110 esz:2 0 rm:5 1 11 rot1:1 0 1 rn:5 rd:5 ! z_fc @ FCMA ; fcadd {Vd.z}, {Vn.z}, {Vm.z}, {rot1}
BFDOT_v     0 Q:1 1 01110 01 0 rm:5 1 1111 1 rn:5 rd:5 @ BF16         ; bfdot {Vd.s}, {Vn.h}, {Vm.h}
BFMLAL_v    0 Q:1 1 01110 11 0 rm:5 1 1111 1 rn:5 rd:5 @ BF16         ; bfmlal{bt} {Vd.4s}, {Vn.8h}, {Vm.8h}
BFMMLA      0 1 1 01110 01 0 rm:5 1 1101 1 rn:5 rd:5 @ BF16           ; bfmmla {Vd.4s}, {Vn.8h}, {Vm.8h}
SMMLA       0 1 0 01110 10 0 rm:5 1 0100 1 rn:5 rd:5 @ I8MM           ; smmla {Vd.4s}, {Vn.16b}, {Vm.16b}
UMMLA       0 1 1 01110 10 0 rm:5 1 0100 1 rn:5 rd:5 @ I8MM           ; ummla {Vd.4s}, {Vn.16b}, {Vm.16b}
USMMLA      0 1 0 01110 10 0 rm:5 1 0101 1 rn:5 rd:5 @ I8MM           ; usmmla {Vd.4s}, {Vn.16b}, {Vm.16b}

SQADD_s     01 0 11110 esz:2 1 rm:5 00001 1 rn:5 rd:5                 ; sqadd {Fd.z}, {Fn.z}, {Fm.z}
UQADD_s     01 1 11110 esz:2 1 rm:5 00001 1 rn:5 rd:5                 ; uqadd {Fd.z}, {Fn.z}, {Fm.z}
SQSUB_s     01 0 11110 esz:2 1 rm:5 00101 1 rn:5 rd:5                 ; sqsub {Fd.z}, {Fn.z}, {Fm.z}
UQSUB_s     01 1 11110 esz:2 1 rm:5 00101 1 rn:5 rd:5                 ; uqsub {Fd.z}, {Fn.z}, {Fm.z}
CMGT_s      01 0 11110 11 1 rm:5 00110 1 rn:5 rd:5                    ; cmgt {Dd}, {Dn}, {Dm}
~           01 0 11110 11 1 rm:5 00110 1 rn:5 rd:5 ? never            ; cmlt {Dd}, {Dm}, {Dn}
CMHI_s      01 1 11110 11 1 rm:5 00110 1 rn:5 rd:5                    ; cmhi {Dd}, {Dn}, {Dm}
~           01 1 11110 11 1 rm:5 00110 1 rn:5 rd:5 ? never            ; cmlo {Dd}, {Dm}, {Dn}
CMGE_s      01 0 11110 11 1 rm:5 00111 1 rn:5 rd:5                    ; cmge {Dd}, {Dn}, {Dm}
~           01 0 11110 11 1 rm:5 00111 1 rn:5 rd:5 ? never            ; cmle {Dd}, {Dm}, {Dn}
CMHS_s      01 1 11110 11 1 rm:5 00111 1 rn:5 rd:5                    ; cmhs {Dd}, {Dn}, {Dm}
~           01 1 11110 11 1 rm:5 00111 1 rn:5 rd:5 ? never            ; cmls {Dd}, {Dm}, {Dn}
SSHL_s      01 0 11110 11 1 rm:5 01000 1 rn:5 rd:5                    ; sshl {Dd}, {Dn}, {Dm}
USHL_s      01 1 11110 11 1 rm:5 01000 1 rn:5 rd:5                    ; ushl {Dd}, {Dn}, {Dm}
SQSHL_s     01 0 11110 esz:2 1 rm:5 01001 1 rn:5 rd:5                 ; sqshl {Fd.z}, {Fn.z}, {Fm.z}
UQSHL_s     01 1 11110 esz:2 1 rm:5 01001 1 rn:5 rd:5                 ; uqshl {Fd.z}, {Fn.z}, {Fm.z}
SRSHL_s     01 0 11110 11 1 rm:5 01010 1 rn:5 rd:5                    ; srshl {Dd}, {Dn}, {Dm}
URSHL_s     01 1 11110 11 1 rm:5 01010 1 rn:5 rd:5                    ; urshl {Dd}, {Dn}, {Dm}
SQRSHL_s    01 0 11110 esz:2 1 rm:5 01011 1 rn:5 rd:5                 ; sqrshl {Fd.z}, {Fn.z}, {Fm.z}
UQRSHL_s    01 1 11110 esz:2 1 rm:5 01011 1 rn:5 rd:5                 ; uqrshl {Fd.z}, {Fn.z}, {Fm.z}
ADD_s       01 0 11110 11 1 rm:5 10000 1 rn:5 rd:5                    ; add {Dd}, {Dn}, {Dm}
SUB_s       01 1 11110 11 1 rm:5 10000 1 rn:5 rd:5                    ; sub {Dd}, {Dn}, {Dm}
CMTST_s     01 0 11110 11 1 rm:5 10001 1 rn:5 rd:5                    ; cmtst {Dd}, {Dn}, {Dm}
CMEQ_s      01 1 11110 11 1 rm:5 10001 1 rn:5 rd:5                    ; cmeq {Dd}, {Dn}, {Dm}
SQDMULH_s   01 0 11110 esz:2 1 rm:5 10110 1 rn:5 rd:5 ! z_hs          ; sqdmulh {Fd.z}, {Fn.z}, {Fm.z}
SQRDMULH_s  01 1 11110 esz:2 1 rm:5 10110 1 rn:5 rd:5 ! z_hs          ; sqrdmulh {Fd.z}, {Fn.z}, {Fm.z}
SQRDMLAH_s  01 1 11110 esz:2 0 rm:5 1 0000 1 rn:5 rd:5 ! z_hs @ RDM   ; sqrdmlah {Fd.z}, {Fn.z}, {Fm.z}
SQRDMLSH_s  01 1 11110 esz:2 0 rm:5 1 0001 1 rn:5 rd:5 ! z_hs @ RDM   ; sqrdmlsh {Fd.z}, {Fn.z}, {Fm.z}

FMULX_s     01 0 11110 0 sz:1 1 rm:5 11011 1 rn:5 rd:5                ; fmulx {Fd.f}, {Fn.f}, {Fm.f}
FCMEQ_s     01 0 11110 0 sz:1 1 rm:5 11100 1 rn:5 rd:5                ; fcmeq {Fd.f}, {Fn.f}, {Fm.f}
FRECPS_s    01 0 11110 0 sz:1 1 rm:5 11111 1 rn:5 rd:5                ; frecps {Fd.f}, {Fn.f}, {Fm.f}
FRSQRTS_s   01 0 11110 1 sz:1 1 rm:5 11111 1 rn:5 rd:5                ; frsqrts {Fd.f}, {Fn.f}, {Fm.f}
FCMGE_s     01 1 11110 0 sz:1 1 rm:5 11100 1 rn:5 rd:5                ; fcmge {Fd.f}, {Fn.f}, {Fm.f}
~           01 1 11110 0 sz:1 1 rm:5 11100 1 rn:5 rd:5 ? never        ; fcmle {Fd.f}, {Fm.f}, {Fn.f}
FACGE_s     01 1 11110 0 sz:1 1 rm:5 11101 1 rn:5 rd:5                ; facge {Fd.f}, {Fn.f}, {Fm.f}
~           01 1 11110 0 sz:1 1 rm:5 11101 1 rn:5 rd:5 ? never        ; facle {Fd.f}, {Fm.f}, {Fn.f}
FABD_s      01 1 11110 1 sz:1 1 rm:5 11010 1 rn:5 rd:5                ; fabd {Fd.f}, {Fn.f}, {Fm.f}
FCMGT_s     01 1 11110 1 sz:1 1 rm:5 11100 1 rn:5 rd:5                ; fcmgt {Fd.f}, {Fn.f}, {Fm.f}
~           01 1 11110 1 sz:1 1 rm:5 11100 1 rn:5 rd:5 ? never        ; fcmlt {Fd.f}, {Fm.f}, {Fn.f}
FACGT_s     01 1 11110 1 sz:1 1 rm:5 11101 1 rn:5 rd:5                ; facgt {Fd.f}, {Fn.f}, {Fm.f}
~           01 1 11110 1 sz:1 1 rm:5 11101 1 rn:5 rd:5 ? never        ; faclt {Fd.f}, {Fm.f}, {Fn.f}
FMULX_sh    01 0 11110 0 10 rm:5 00 011 1 rn:5 rd:5 @ FP16            ; fmulx {Hd}, {Hn}, {Hm}
FCMEQ_sh    01 0 11110 0 10 rm:5 00 100 1 rn:5 rd:5 @ FP16            ; fcmeq {Hd}, {Hn}, {Hm}
FRECPS_sh   01 0 11110 0 10 rm:5 00 111 1 rn:5 rd:5 @ FP16            ; frecps {Hd}, {Hn}, {Hm}
FRSQRTS_sh  01 0 11110 1 10 rm:5 00 111 1 rn:5 rd:5 @ FP16            ; frsqrts {Hd}, {Hn}, {Hm}
FCMGE_sh    01 1 11110 0 10 rm:5 00 100 1 rn:5 rd:5 @ FP16            ; fcmge {Hd}, {Hn}, {Hm}
~           01 1 11110 0 10 rm:5 00 100 1 rn:5 rd:5 ? never           ; fcmle {Hd}, {Hm}, {Hn}
FACGE_sh    01 1 11110 0 10 rm:5 00 101 1 rn:5 rd:5 @ FP16            ; facge {Hd}, {Hn}, {Hm}
~           01 1 11110 0 10 rm:5 00 101 1 rn:5 rd:5 ? never           ; facle {Hd}, {Hm}, {Hn}
FABD_sh     01 1 11110 1 10 rm:5 00 010 1 rn:5 rd:5 @ FP16            ; fabd {Hd}, {Hn}, {Hm}
FCMGT_sh    01 1 11110 1 10 rm:5 00 100 1 rn:5 rd:5 @ FP16            ; fcmgt {Hd}, {Hn}, {Hm}
~           01 1 11110 1 10 rm:5 00 100 1 rn:5 rd:5 ? never           ; fcmlt {Hd}, {Hm}, {Hn}
FACGT_sh    01 1 11110 1 10 rm:5 00 101 1 rn:5 rd:5 @ FP16            ; facgt {Hd}, {Hn}, {Hm}
~           01 1 11110 1 10 rm:5 00 101 1 rn:5 rd:5 ? never           ; faclt {Hd}, {Hm}, {Hn}
]]
