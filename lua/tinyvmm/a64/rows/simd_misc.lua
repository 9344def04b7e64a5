-- SPDX-License-Identifier: MIT
-- Rows of Advanced SIMD "two-register miscellaneous", "across lanes" and
-- "scalar pairwise" (Arm ARM C4.1.96): vectors (_v), scalars (_s), compared
-- with zero (_vz, _sz), half precision (_vh, _sh, _vzh, _szh).
return [[
REV64_v     0 Q:1 0 01110 esz:2 10000 00000 10 rn:5 rd:5 ! z_bhs      ; rev64 {Vd.z}, {Vn.z}
REV32_v     0 Q:1 1 01110 esz:2 10000 00000 10 rn:5 rd:5 ! z_bh       ; rev32 {Vd.z}, {Vn.z}
REV16_v     0 Q:1 0 01110 00 10000 00001 10 rn:5 rd:5                 ; rev16 {Vd.b}, {Vn.b}
SADDLP_v    0 Q:1 0 01110 esz:2 10000 00010 10 rn:5 rd:5 ! z_bhs      ; saddlp {Vd.zp}, {Vn.z}
UADDLP_v    0 Q:1 1 01110 esz:2 10000 00010 10 rn:5 rd:5 ! z_bhs      ; uaddlp {Vd.zp}, {Vn.z}
SUQADD_v    0 Q:1 0 01110 esz:2 10000 00011 10 rn:5 rd:5 ! z_all      ; suqadd {Vd.z}, {Vn.z}
USQADD_v    0 Q:1 1 01110 esz:2 10000 00011 10 rn:5 rd:5 ! z_all      ; usqadd {Vd.z}, {Vn.z}
CLS_v       0 Q:1 0 01110 esz:2 10000 00100 10 rn:5 rd:5 ! z_bhs      ; cls {Vd.z}, {Vn.z}
CLZ_v       0 Q:1 1 01110 esz:2 10000 00100 10 rn:5 rd:5 ! z_bhs      ; clz {Vd.z}, {Vn.z}
CNT_v       0 Q:1 0 01110 00 10000 00101 10 rn:5 rd:5                 ; cnt {Vd.b}, {Vn.b}
NOT_v       0 Q:1 1 01110 00 10000 00101 10 rn:5 rd:5                 ; mvn {Vd.b}, {Vn.b}
~           0 Q:1 1 01110 00 10000 00101 10 rn:5 rd:5 ? never         ; not {Vd.b}, {Vn.b}
RBIT_v      0 Q:1 1 01110 01 10000 00101 10 rn:5 rd:5                 ; rbit {Vd.b}, {Vn.b}
SADALP_v    0 Q:1 0 01110 esz:2 10000 00110 10 rn:5 rd:5 ! z_bhs      ; sadalp {Vd.zp}, {Vn.z}
UADALP_v    0 Q:1 1 01110 esz:2 10000 00110 10 rn:5 rd:5 ! z_bhs      ; uadalp {Vd.zp}, {Vn.z}
SQABS_v     0 Q:1 0 01110 esz:2 10000 00111 10 rn:5 rd:5 ! z_all      ; sqabs {Vd.z}, {Vn.z}
SQNEG_v     0 Q:1 1 01110 esz:2 10000 00111 10 rn:5 rd:5 ! z_all      ; sqneg {Vd.z}, {Vn.z}
CMGT_vz     0 Q:1 0 01110 esz:2 10000 01000 10 rn:5 rd:5 ! z_all      ; cmgt {Vd.z}, {Vn.z}, {zero}
CMGE_vz     0 Q:1 1 01110 esz:2 10000 01000 10 rn:5 rd:5 ! z_all      ; cmge {Vd.z}, {Vn.z}, {zero}
CMEQ_vz     0 Q:1 0 01110 esz:2 10000 01001 10 rn:5 rd:5 ! z_all      ; cmeq {Vd.z}, {Vn.z}, {zero}
CMLE_vz     0 Q:1 1 01110 esz:2 10000 01001 10 rn:5 rd:5 ! z_all      ; cmle {Vd.z}, {Vn.z}, {zero}
CMLT_vz     0 Q:1 0 01110 esz:2 10000 01010 10 rn:5 rd:5 ! z_all      ; cmlt {Vd.z}, {Vn.z}, {zero}
ABS_v       0 Q:1 0 01110 esz:2 10000 01011 10 rn:5 rd:5 ! z_all      ; abs {Vd.z}, {Vn.z}
NEG_v       0 Q:1 1 01110 esz:2 10000 01011 10 rn:5 rd:5 ! z_all      ; neg {Vd.z}, {Vn.z}
XTN_v       0 Q:1 0 01110 esz:2 10000 10010 10 rn:5 rd:5 ! z_bhs      ; xtn{2} {Vd.z}, {Vn.zw}
SQXTUN_v    0 Q:1 1 01110 esz:2 10000 10010 10 rn:5 rd:5 ! z_bhs      ; sqxtun{2} {Vd.z}, {Vn.zw}
SHLL_v      0 Q:1 1 01110 esz:2 10000 10011 10 rn:5 rd:5 ! z_bhs      ; shll{2} {Vd.zw}, {Vn.z}, {size8}
SQXTN_v     0 Q:1 0 01110 esz:2 10000 10100 10 rn:5 rd:5 ! z_bhs      ; sqxtn{2} {Vd.z}, {Vn.zw}
UQXTN_v     0 Q:1 1 01110 esz:2 10000 10100 10 rn:5 rd:5 ! z_bhs      ; uqxtn{2} {Vd.z}, {Vn.zw}
FCVTN_v     0 Q:1 0 01110 0 sz:1 10000 10110 10 rn:5 rd:5             ; fcvtn{2} {Vd.fn}, {Vn.fw}
FCVTXN_v    0 Q:1 1 01110 01 10000 10110 10 rn:5 rd:5                 ; fcvtxn{2} {Vd.s}, {Vn.2d}
BFCVTN_v    0 Q:1 0 01110 10 10000 10110 10 rn:5 rd:5 @ BF16          ; bfcvtn{2} {Vd.h}, {Vn.4s}
FCVTL_v     0 Q:1 0 01110 0 sz:1 10000 10111 10 rn:5 rd:5             ; fcvtl{2} {Vd.fw}, {Vn.fn}

FCMGT_vz    0 Q:1 0 01110 1 sz:1 10000 01100 10 rn:5 rd:5 ! f_all     ; fcmgt {Vd.f}, {Vn.f}, {fzero}
FCMGE_vz    0 Q:1 1 01110 1 sz:1 10000 01100 10 rn:5 rd:5 ! f_all     ; fcmge {Vd.f}, {Vn.f}, {fzero}
FCMEQ_vz    0 Q:1 0 01110 1 sz:1 10000 01101 10 rn:5 rd:5 ! f_all     ; fcmeq {Vd.f}, {Vn.f}, {fzero}
FCMLE_vz    0 Q:1 1 01110 1 sz:1 10000 01101 10 rn:5 rd:5 ! f_all     ; fcmle {Vd.f}, {Vn.f}, {fzero}
FCMLT_vz    0 Q:1 0 01110 1 sz:1 10000 01110 10 rn:5 rd:5 ! f_all     ; fcmlt {Vd.f}, {Vn.f}, {fzero}
FABS_v      0 Q:1 0 01110 1 sz:1 10000 01111 10 rn:5 rd:5 ! f_all     ; fabs {Vd.f}, {Vn.f}
FNEG_v      0 Q:1 1 01110 1 sz:1 10000 01111 10 rn:5 rd:5 ! f_all     ; fneg {Vd.f}, {Vn.f}
FRINTN_v    0 Q:1 0 01110 0 sz:1 10000 11000 10 rn:5 rd:5 ! f_all     ; frintn {Vd.f}, {Vn.f}
FRINTP_v    0 Q:1 0 01110 1 sz:1 10000 11000 10 rn:5 rd:5 ! f_all     ; frintp {Vd.f}, {Vn.f}
FRINTA_v    0 Q:1 1 01110 0 sz:1 10000 11000 10 rn:5 rd:5 ! f_all     ; frinta {Vd.f}, {Vn.f}
FRINTM_v    0 Q:1 0 01110 0 sz:1 10000 11001 10 rn:5 rd:5 ! f_all     ; frintm {Vd.f}, {Vn.f}
FRINTZ_v    0 Q:1 0 01110 1 sz:1 10000 11001 10 rn:5 rd:5 ! f_all     ; frintz {Vd.f}, {Vn.f}
FRINTX_v    0 Q:1 1 01110 0 sz:1 10000 11001 10 rn:5 rd:5 ! f_all     ; frintx {Vd.f}, {Vn.f}
FRINTI_v    0 Q:1 1 01110 1 sz:1 10000 11001 10 rn:5 rd:5 ! f_all     ; frinti {Vd.f}, {Vn.f}
FCVTNS_v    0 Q:1 0 01110 0 sz:1 10000 11010 10 rn:5 rd:5 ! f_all     ; fcvtns {Vd.f}, {Vn.f}
FCVTNU_v    0 Q:1 1 01110 0 sz:1 10000 11010 10 rn:5 rd:5 ! f_all     ; fcvtnu {Vd.f}, {Vn.f}
FCVTPS_v    0 Q:1 0 01110 1 sz:1 10000 11010 10 rn:5 rd:5 ! f_all     ; fcvtps {Vd.f}, {Vn.f}
FCVTPU_v    0 Q:1 1 01110 1 sz:1 10000 11010 10 rn:5 rd:5 ! f_all     ; fcvtpu {Vd.f}, {Vn.f}
FCVTMS_v    0 Q:1 0 01110 0 sz:1 10000 11011 10 rn:5 rd:5 ! f_all     ; fcvtms {Vd.f}, {Vn.f}
FCVTMU_v    0 Q:1 1 01110 0 sz:1 10000 11011 10 rn:5 rd:5 ! f_all     ; fcvtmu {Vd.f}, {Vn.f}
FCVTZS_v    0 Q:1 0 01110 1 sz:1 10000 11011 10 rn:5 rd:5 ! f_all     ; fcvtzs {Vd.f}, {Vn.f}
FCVTZU_v    0 Q:1 1 01110 1 sz:1 10000 11011 10 rn:5 rd:5 ! f_all     ; fcvtzu {Vd.f}, {Vn.f}
FCVTAS_v    0 Q:1 0 01110 0 sz:1 10000 11100 10 rn:5 rd:5 ! f_all     ; fcvtas {Vd.f}, {Vn.f}
FCVTAU_v    0 Q:1 1 01110 0 sz:1 10000 11100 10 rn:5 rd:5 ! f_all     ; fcvtau {Vd.f}, {Vn.f}
URECPE_v    0 Q:1 0 01110 10 10000 11100 10 rn:5 rd:5                 ; urecpe {Vd.s}, {Vn.s}
URSQRTE_v   0 Q:1 1 01110 10 10000 11100 10 rn:5 rd:5                 ; ursqrte {Vd.s}, {Vn.s}
SCVTF_v     0 Q:1 0 01110 0 sz:1 10000 11101 10 rn:5 rd:5 ! f_all     ; scvtf {Vd.f}, {Vn.f}
UCVTF_v     0 Q:1 1 01110 0 sz:1 10000 11101 10 rn:5 rd:5 ! f_all     ; ucvtf {Vd.f}, {Vn.f}
FRECPE_v    0 Q:1 0 01110 1 sz:1 10000 11101 10 rn:5 rd:5 ! f_all     ; frecpe {Vd.f}, {Vn.f}
FRSQRTE_v   0 Q:1 1 01110 1 sz:1 10000 11101 10 rn:5 rd:5 ! f_all     ; frsqrte {Vd.f}, {Vn.f}
FRINT32Z_v  0 Q:1 0 01110 0 sz:1 10000 11110 10 rn:5 rd:5 ! f_all @ FRINTTS ; frint32z {Vd.f}, {Vn.f}
FRINT32X_v  0 Q:1 1 01110 0 sz:1 10000 11110 10 rn:5 rd:5 ! f_all @ FRINTTS ; frint32x {Vd.f}, {Vn.f}
FRINT64Z_v  0 Q:1 0 01110 0 sz:1 10000 11111 10 rn:5 rd:5 ! f_all @ FRINTTS ; frint64z {Vd.f}, {Vn.f}
FRINT64X_v  0 Q:1 1 01110 0 sz:1 10000 11111 10 rn:5 rd:5 ! f_all @ FRINTTS ; frint64x {Vd.f}, {Vn.f}
FSQRT_v     0 Q:1 1 01110 1 sz:1 10000 11111 10 rn:5 rd:5 ! f_all     ; fsqrt {Vd.f}, {Vn.f}

FCMGT_vzh   0 Q:1 0 01110 1 111100 01100 10 rn:5 rd:5 @ FP16          ; fcmgt {Vd.h}, {Vn.h}, {fzero}
FCMGE_vzh   0 Q:1 1 01110 1 111100 01100 10 rn:5 rd:5 @ FP16          ; fcmge {Vd.h}, {Vn.h}, {fzero}
FCMEQ_vzh   0 Q:1 0 01110 1 111100 01101 10 rn:5 rd:5 @ FP16          ; fcmeq {Vd.h}, {Vn.h}, {fzero}
FCMLE_vzh   0 Q:1 1 01110 1 111100 01101 10 rn:5 rd:5 @ FP16          ; fcmle {Vd.h}, {Vn.h}, {fzero}
FCMLT_vzh   0 Q:1 0 01110 1 111100 01110 10 rn:5 rd:5 @ FP16          ; fcmlt {Vd.h}, {Vn.h}, {fzero}
FABS_vh     0 Q:1 0 01110 1 111100 01111 10 rn:5 rd:5 @ FP16          ; fabs {Vd.h}, {Vn.h}
FNEG_vh     0 Q:1 1 01110 1 111100 01111 10 rn:5 rd:5 @ FP16          ; fneg {Vd.h}, {Vn.h}
FRINTN_vh   0 Q:1 0 01110 0 111100 11000 10 rn:5 rd:5 @ FP16          ; frintn {Vd.h}, {Vn.h}
FRINTP_vh   0 Q:1 0 01110 1 111100 11000 10 rn:5 rd:5 @ FP16          ; frintp {Vd.h}, {Vn.h}
FRINTA_vh   0 Q:1 1 01110 0 111100 11000 10 rn:5 rd:5 @ FP16          ; frinta {Vd.h}, {Vn.h}
FRINTM_vh   0 Q:1 0 01110 0 111100 11001 10 rn:5 rd:5 @ FP16          ; frintm {Vd.h}, {Vn.h}
FRINTZ_vh   0 Q:1 0 01110 1 111100 11001 10 rn:5 rd:5 @ FP16          ; frintz {Vd.h}, {Vn.h}
FRINTX_vh   0 Q:1 1 01110 0 111100 11001 10 rn:5 rd:5 @ FP16          ; frintx {Vd.h}, {Vn.h}
FRINTI_vh   0 Q:1 1 01110 1 111100 11001 10 rn:5 rd:5 @ FP16          ; frinti {Vd.h}, {Vn.h}
FCVTNS_vh   0 Q:1 0 01110 0 111100 11010 10 rn:5 rd:5 @ FP16          ; fcvtns {Vd.h}, {Vn.h}
FCVTNU_vh   0 Q:1 1 01110 0 111100 11010 10 rn:5 rd:5 @ FP16          ; fcvtnu {Vd.h}, {Vn.h}
FCVTPS_vh   0 Q:1 0 01110 1 111100 11010 10 rn:5 rd:5 @ FP16          ; fcvtps {Vd.h}, {Vn.h}
FCVTPU_vh   0 Q:1 1 01110 1 111100 11010 10 rn:5 rd:5 @ FP16          ; fcvtpu {Vd.h}, {Vn.h}
FCVTMS_vh   0 Q:1 0 01110 0 111100 11011 10 rn:5 rd:5 @ FP16          ; fcvtms {Vd.h}, {Vn.h}
FCVTMU_vh   0 Q:1 1 01110 0 111100 11011 10 rn:5 rd:5 @ FP16          ; fcvtmu {Vd.h}, {Vn.h}
FCVTZS_vh   0 Q:1 0 01110 1 111100 11011 10 rn:5 rd:5 @ FP16          ; fcvtzs {Vd.h}, {Vn.h}
FCVTZU_vh   0 Q:1 1 01110 1 111100 11011 10 rn:5 rd:5 @ FP16          ; fcvtzu {Vd.h}, {Vn.h}
FCVTAS_vh   0 Q:1 0 01110 0 111100 11100 10 rn:5 rd:5 @ FP16          ; fcvtas {Vd.h}, {Vn.h}
FCVTAU_vh   0 Q:1 1 01110 0 111100 11100 10 rn:5 rd:5 @ FP16          ; fcvtau {Vd.h}, {Vn.h}
SCVTF_vh    0 Q:1 0 01110 0 111100 11101 10 rn:5 rd:5 @ FP16          ; scvtf {Vd.h}, {Vn.h}
UCVTF_vh    0 Q:1 1 01110 0 111100 11101 10 rn:5 rd:5 @ FP16          ; ucvtf {Vd.h}, {Vn.h}
FRECPE_vh   0 Q:1 0 01110 1 111100 11101 10 rn:5 rd:5 @ FP16          ; frecpe {Vd.h}, {Vn.h}
FRSQRTE_vh  0 Q:1 1 01110 1 111100 11101 10 rn:5 rd:5 @ FP16          ; frsqrte {Vd.h}, {Vn.h}
FSQRT_vh    0 Q:1 1 01110 1 111100 11111 10 rn:5 rd:5 @ FP16          ; fsqrt {Vd.h}, {Vn.h}

SUQADD_s    01 0 11110 esz:2 10000 00011 10 rn:5 rd:5                 ; suqadd {Fd.z}, {Fn.z}
USQADD_s    01 1 11110 esz:2 10000 00011 10 rn:5 rd:5                 ; usqadd {Fd.z}, {Fn.z}
SQABS_s     01 0 11110 esz:2 10000 00111 10 rn:5 rd:5                 ; sqabs {Fd.z}, {Fn.z}
SQNEG_s     01 1 11110 esz:2 10000 00111 10 rn:5 rd:5                 ; sqneg {Fd.z}, {Fn.z}
CMGT_sz     01 0 11110 11 10000 01000 10 rn:5 rd:5                    ; cmgt {Dd}, {Dn}, {zero}
CMGE_sz     01 1 11110 11 10000 01000 10 rn:5 rd:5                    ; cmge {Dd}, {Dn}, {zero}
CMEQ_sz     01 0 11110 11 10000 01001 10 rn:5 rd:5                    ; cmeq {Dd}, {Dn}, {zero}
CMLE_sz     01 1 11110 11 10000 01001 10 rn:5 rd:5                    ; cmle {Dd}, {Dn}, {zero}
CMLT_sz     01 0 11110 11 10000 01010 10 rn:5 rd:5                    ; cmlt {Dd}, {Dn}, {zero}
ABS_s       01 0 11110 11 10000 01011 10 rn:5 rd:5                    ; abs {Dd}, {Dn}
NEG_s       01 1 11110 11 10000 01011 10 rn:5 rd:5                    ; neg {Dd}, {Dn}
SQXTUN_s    01 1 11110 esz:2 10000 10010 10 rn:5 rd:5 ! z_bhs         ; sqxtun {Fd.z}, {Fn.zw}
SQXTN_s     01 0 11110 esz:2 10000 10100 10 rn:5 rd:5 ! z_bhs         ; sqxtn {Fd.z}, {Fn.zw}
UQXTN_s     01 1 11110 esz:2 10000 10100 10 rn:5 rd:5 ! z_bhs         ; uqxtn {Fd.z}, {Fn.zw}
FCVTXN_s    01 1 11110 01 10000 10110 10 rn:5 rd:5                    ; fcvtxn {Sd}, {Dn}
FCMGT_sz    01 0 11110 1 sz:1 10000 01100 10 rn:5 rd:5                ; fcmgt {Fd.f}, {Fn.f}, {fzero}
FCMGE_sz    01 1 11110 1 sz:1 10000 01100 10 rn:5 rd:5                ; fcmge {Fd.f}, {Fn.f}, {fzero}
FCMEQ_sz    01 0 11110 1 sz:1 10000 01101 10 rn:5 rd:5                ; fcmeq {Fd.f}, {Fn.f}, {fzero}
FCMLE_sz    01 1 11110 1 sz:1 10000 01101 10 rn:5 rd:5                ; fcmle {Fd.f}, {Fn.f}, {fzero}
FCMLT_sz    01 0 11110 1 sz:1 10000 01110 10 rn:5 rd:5                ; fcmlt {Fd.f}, {Fn.f}, {fzero}
FCVTNS_s    01 0 11110 0 sz:1 10000 11010 10 rn:5 rd:5                ; fcvtns {Fd.f}, {Fn.f}
FCVTNU_s    01 1 11110 0 sz:1 10000 11010 10 rn:5 rd:5                ; fcvtnu {Fd.f}, {Fn.f}
FCVTPS_s    01 0 11110 1 sz:1 10000 11010 10 rn:5 rd:5                ; fcvtps {Fd.f}, {Fn.f}
FCVTPU_s    01 1 11110 1 sz:1 10000 11010 10 rn:5 rd:5                ; fcvtpu {Fd.f}, {Fn.f}
FCVTMS_s    01 0 11110 0 sz:1 10000 11011 10 rn:5 rd:5                ; fcvtms {Fd.f}, {Fn.f}
FCVTMU_s    01 1 11110 0 sz:1 10000 11011 10 rn:5 rd:5                ; fcvtmu {Fd.f}, {Fn.f}
FCVTZS_s    01 0 11110 1 sz:1 10000 11011 10 rn:5 rd:5                ; fcvtzs {Fd.f}, {Fn.f}
FCVTZU_s    01 1 11110 1 sz:1 10000 11011 10 rn:5 rd:5                ; fcvtzu {Fd.f}, {Fn.f}
FCVTAS_s    01 0 11110 0 sz:1 10000 11100 10 rn:5 rd:5                ; fcvtas {Fd.f}, {Fn.f}
FCVTAU_s    01 1 11110 0 sz:1 10000 11100 10 rn:5 rd:5                ; fcvtau {Fd.f}, {Fn.f}
SCVTF_s     01 0 11110 0 sz:1 10000 11101 10 rn:5 rd:5                ; scvtf {Fd.f}, {Fn.f}
UCVTF_s     01 1 11110 0 sz:1 10000 11101 10 rn:5 rd:5                ; ucvtf {Fd.f}, {Fn.f}
FRECPE_s    01 0 11110 1 sz:1 10000 11101 10 rn:5 rd:5                ; frecpe {Fd.f}, {Fn.f}
FRSQRTE_s   01 1 11110 1 sz:1 10000 11101 10 rn:5 rd:5                ; frsqrte {Fd.f}, {Fn.f}
FRECPX_s    01 0 11110 1 sz:1 10000 11111 10 rn:5 rd:5                ; frecpx {Fd.f}, {Fn.f}
FCMGT_szh   01 0 11110 1 111100 01100 10 rn:5 rd:5 @ FP16             ; fcmgt {Hd}, {Hn}, {fzero}
FCMGE_szh   01 1 11110 1 111100 01100 10 rn:5 rd:5 @ FP16             ; fcmge {Hd}, {Hn}, {fzero}
FCMEQ_szh   01 0 11110 1 111100 01101 10 rn:5 rd:5 @ FP16             ; fcmeq {Hd}, {Hn}, {fzero}
FCMLE_szh   01 1 11110 1 111100 01101 10 rn:5 rd:5 @ FP16             ; fcmle {Hd}, {Hn}, {fzero}
FCMLT_szh   01 0 11110 1 111100 01110 10 rn:5 rd:5 @ FP16             ; fcmlt {Hd}, {Hn}, {fzero}
FCVTNS_sh   01 0 11110 0 111100 11010 10 rn:5 rd:5 @ FP16             ; fcvtns {Hd}, {Hn}
FCVTNU_sh   01 1 11110 0 111100 11010 10 rn:5 rd:5 @ FP16             ; fcvtnu {Hd}, {Hn}
FCVTPS_sh   01 0 11110 1 111100 11010 10 rn:5 rd:5 @ FP16             ; fcvtps {Hd}, {Hn}
FCVTPU_sh   01 1 11110 1 111100 11010 10 rn:5 rd:5 @ FP16             ; fcvtpu {Hd}, {Hn}
FCVTMS_sh   01 0 11110 0 111100 11011 10 rn:5 rd:5 @ FP16             ; fcvtms {Hd}, {Hn}
FCVTMU_sh   01 1 11110 0 111100 11011 10 rn:5 rd:5 @ FP16             ; fcvtmu {Hd}, {Hn}
FCVTZS_sh   01 0 11110 1 111100 11011 10 rn:5 rd:5 @ FP16             ; fcvtzs {Hd}, {Hn}
FCVTZU_sh   01 1 11110 1 111100 11011 10 rn:5 rd:5 @ FP16             ; fcvtzu {Hd}, {Hn}
FCVTAS_sh   01 0 11110 0 111100 11100 10 rn:5 rd:5 @ FP16             ; fcvtas {Hd}, {Hn}
FCVTAU_sh   01 1 11110 0 111100 11100 10 rn:5 rd:5 @ FP16             ; fcvtau {Hd}, {Hn}
SCVTF_sh    01 0 11110 0 111100 11101 10 rn:5 rd:5 @ FP16             ; scvtf {Hd}, {Hn}
UCVTF_sh    01 1 11110 0 111100 11101 10 rn:5 rd:5 @ FP16             ; ucvtf {Hd}, {Hn}
FRECPE_sh   01 0 11110 1 111100 11101 10 rn:5 rd:5 @ FP16             ; frecpe {Hd}, {Hn}
FRSQRTE_sh  01 1 11110 1 111100 11101 10 rn:5 rd:5 @ FP16             ; frsqrte {Hd}, {Hn}
FRECPX_sh   01 0 11110 1 111100 11111 10 rn:5 rd:5 @ FP16             ; frecpx {Hd}, {Hn}

SADDLV_v    0 Q:1 0 01110 esz:2 11000 00011 10 rn:5 rd:5 ! z_across   ; saddlv {Fd.zw}, {Vn.z}
UADDLV_v    0 Q:1 1 01110 esz:2 11000 00011 10 rn:5 rd:5 ! z_across   ; uaddlv {Fd.zw}, {Vn.z}
SMAXV_v     0 Q:1 0 01110 esz:2 11000 01010 10 rn:5 rd:5 ! z_across   ; smaxv {Fd.z}, {Vn.z}
UMAXV_v     0 Q:1 1 01110 esz:2 11000 01010 10 rn:5 rd:5 ! z_across   ; umaxv {Fd.z}, {Vn.z}
SMINV_v     0 Q:1 0 01110 esz:2 11000 11010 10 rn:5 rd:5 ! z_across   ; sminv {Fd.z}, {Vn.z}
UMINV_v     0 Q:1 1 01110 esz:2 11000 11010 10 rn:5 rd:5 ! z_across   ; uminv {Fd.z}, {Vn.z}
ADDV_v      0 Q:1 0 01110 esz:2 11000 11011 10 rn:5 rd:5 ! z_across   ; addv {Fd.z}, {Vn.z}
FMAXNMV_v   0 1 1 01110 00 11000 01100 10 rn:5 rd:5                   ; fmaxnmv {Sd}, {Vn.4s}
FMINNMV_v   0 1 1 01110 10 11000 01100 10 rn:5 rd:5                   ; fminnmv {Sd}, {Vn.4s}
FMAXV_v     0 1 1 01110 00 11000 01111 10 rn:5 rd:5                   ; fmaxv {Sd}, {Vn.4s}
FMINV_v     0 1 1 01110 10 11000 01111 10 rn:5 rd:5                   ; fminv {Sd}, {Vn.4s}
FMAXNMV_vh  0 Q:1 0 01110 00 11000 01100 10 rn:5 rd:5 @ FP16          ; fmaxnmv {Hd}, {Vn.h}
FMINNMV_vh  0 Q:1 0 01110 10 11000 01100 10 rn:5 rd:5 @ FP16          ; fminnmv {Hd}, {Vn.h}
FMAXV_vh    0 Q:1 0 01110 00 11000 01111 10 rn:5 rd:5 @ FP16          ; fmaxv {Hd}, {Vn.h}
FMINV_vh    0 Q:1 0 01110 10 11000 01111 10 rn:5 rd:5 @ FP16          ; fminv {Hd}, {Vn.h}

ADDP_s      01 0 11110 11 11000 11011 10 rn:5 rd:5                    ; addp {Dd}, {Vn.2d}
FMAXNMP_s   01 1 11110 0 sz:1 11000 01100 10 rn:5 rd:5                ; fmaxnmp {Fd.f}, {Vn.fpair}
FMINNMP_s   01 1 11110 1 sz:1 11000 01100 10 rn:5 rd:5                ; fminnmp {Fd.f}, {Vn.fpair}
FADDP_s     01 1 11110 0 sz:1 11000 01101 10 rn:5 rd:5                ; faddp {Fd.f}, {Vn.fpair}
FMAXP_s     01 1 11110 0 sz:1 11000 01111 10 rn:5 rd:5                ; fmaxp {Fd.f}, {Vn.fpair}
FMINP_s     01 1 11110 1 sz:1 11000 01111 10 rn:5 rd:5                ; fminp {Fd.f}, {Vn.fpair}
FMAXNMP_sh  01 0 11110 00 11000 01100 10 rn:5 rd:5 @ FP16             ; fmaxnmp {Hd}, {Vn.2h}
FMINNMP_sh  01 0 11110 10 11000 01100 10 rn:5 rd:5 @ FP16             ; fminnmp {Hd}, {Vn.2h}
FADDP_sh    01 0 11110 00 11000 01101 10 rn:5 rd:5 @ FP16             ; faddp {Hd}, {Vn.2h}
FMAXP_sh    01 0 11110 00 11000 01111 10 rn:5 rd:5 @ FP16             ; fmaxp {Hd}, {Vn.2h}
FMINP_sh    01 0 11110 10 11000 01111 10 rn:5 rd:5 @ FP16             ; fminp {Hd}, {Vn.2h}
]]
