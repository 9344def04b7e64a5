-- SPDX-License-Identifier: MIT
-- Rows of Advanced SIMD "three different" and "by indexed element" (Arm ARM
-- C4.1.96). Three different: long (_v: Q names the half of the sources), wide
-- and narrow. By element: _ve vectors, _se scalars; the index is iH:iL:rm<4>
-- for halfwords (whose register is rm<3:0>), iH:iL for words, iH for doubles.
return [[
SADDL_v     0 Q:1 0 01110 esz:2 1 rm:5 0000 00 rn:5 rd:5 ! z_bhs      ; saddl{2} {Vd.zw}, {Vn.z}, {Vm.z}
UADDL_v     0 Q:1 1 01110 esz:2 1 rm:5 0000 00 rn:5 rd:5 ! z_bhs      ; uaddl{2} {Vd.zw}, {Vn.z}, {Vm.z}
SADDW_v     0 Q:1 0 01110 esz:2 1 rm:5 0001 00 rn:5 rd:5 ! z_bhs      ; saddw{2} {Vd.zw}, {Vn.zw}, {Vm.z}
UADDW_v     0 Q:1 1 01110 esz:2 1 rm:5 0001 00 rn:5 rd:5 ! z_bhs      ; uaddw{2} {Vd.zw}, {Vn.zw}, {Vm.z}
SSUBL_v     0 Q:1 0 01110 esz:2 1 rm:5 0010 00 rn:5 rd:5 ! z_bhs      ; ssubl{2} {Vd.zw}, {Vn.z}, {Vm.z}
USUBL_v     0 Q:1 1 01110 esz:2 1 rm:5 0010 00 rn:5 rd:5 ! z_bhs      ; usubl{2} {Vd.zw}, {Vn.z}, {Vm.z}
SSUBW_v     0 Q:1 0 01110 esz:2 1 rm:5 0011 00 rn:5 rd:5 ! z_bhs      ; ssubw{2} {Vd.zw}, {Vn.zw}, {Vm.z}
USUBW_v     0 Q:1 1 01110 esz:2 1 rm:5 0011 00 rn:5 rd:5 ! z_bhs      ; usubw{2} {Vd.zw}, {Vn.zw}, {Vm.z}
ADDHN_v     0 Q:1 0 01110 esz:2 1 rm:5 0100 00 rn:5 rd:5 ! z_bhs      ; addhn{2} {Vd.z}, {Vn.zw}, {Vm.zw}
RADDHN_v    0 Q:1 1 01110 esz:2 1 rm:5 0100 00 rn:5 rd:5 ! z_bhs      ; raddhn{2} {Vd.z}, {Vn.zw}, {Vm.zw}
SABAL_v     0 Q:1 0 01110 esz:2 1 rm:5 0101 00 rn:5 rd:5 ! z_bhs      ; sabal{2} {Vd.zw}, {Vn.z}, {Vm.z}
UABAL_v     0 Q:1 1 01110 esz:2 1 rm:5 0101 00 rn:5 rd:5 ! z_bhs      ; uabal{2} {Vd.zw}, {Vn.z}, {Vm.z}
SUBHN_v     0 Q:1 0 01110 esz:2 1 rm:5 0110 00 rn:5 rd:5 ! z_bhs      ; subhn{2} {Vd.z}, {Vn.zw}, {Vm.zw}
RSUBHN_v    0 Q:1 1 01110 esz:2 1 rm:5 0110 00 rn:5 rd:5 ! z_bhs      ; rsubhn{2} {Vd.z}, {Vn.zw}, {Vm.zw}
SABDL_v     0 Q:1 0 01110 esz:2 1 rm:5 0111 00 rn:5 rd:5 ! z_bhs      ; sabdl{2} {Vd.zw}, {Vn.z}, {Vm.z}
UABDL_v     0 Q:1 1 01110 esz:2 1 rm:5 0111 00 rn:5 rd:5 ! z_bhs      ; uabdl{2} {Vd.zw}, {Vn.z}, {Vm.z}
SMLAL_v     0 Q:1 0 01110 esz:2 1 rm:5 1000 00 rn:5 rd:5 ! z_bhs      ; smlal{2} {Vd.zw}, {Vn.z}, {Vm.z}
UMLAL_v     0 Q:1 1 01110 esz:2 1 rm:5 1000 00 rn:5 rd:5 ! z_bhs      ; umlal{2} {Vd.zw}, {Vn.z}, {Vm.z}
SQDMLAL_v   0 Q:1 0 01110 esz:2 1 rm:5 1001 00 rn:5 rd:5 ! z_hs       ; sqdmlal{2} {Vd.zw}, {Vn.z}, {Vm.z}
SMLSL_v     0 Q:1 0 01110 esz:2 1 rm:5 1010 00 rn:5 rd:5 ! z_bhs      ; smlsl{2} {Vd.zw}, {Vn.z}, {Vm.z}
UMLSL_v     0 Q:1 1 01110 esz:2 1 rm:5 1010 00 rn:5 rd:5 ! z_bhs      ; umlsl{2} {Vd.zw}, {Vn.z}, {Vm.z}
SQDMLSL_v   0 Q:1 0 01110 esz:2 1 rm:5 1011 00 rn:5 rd:5 ! z_hs       ; sqdmlsl{2} {Vd.zw}, {Vn.z}, {Vm.z}
SMULL_v     0 Q:1 0 01110 esz:2 1 rm:5 1100 00 rn:5 rd:5 ! z_bhs      ; smull{2} {Vd.zw}, {Vn.z}, {Vm.z}
UMULL_v     0 Q:1 1 01110 esz:2 1 rm:5 1100 00 rn:5 rd:5 ! z_bhs      ; umull{2} {Vd.zw}, {Vn.z}, {Vm.z}
SQDMULL_v   0 Q:1 0 01110 esz:2 1 rm:5 1101 00 rn:5 rd:5 ! z_hs       ; sqdmull{2} {Vd.zw}, {Vn.z}, {Vm.z}
PMULL_v     0 Q:1 0 01110 esz:2 1 rm:5 1110 00 rn:5 rd:5 ! z_pmull @ pmull ; pmull{2} {Vd.zw}, {Vn.pm}, {Vm.pm}
SQDMLAL_s   01 0 11110 esz:2 1 rm:5 1001 00 rn:5 rd:5 ! z_hs          ; sqdmlal {Fd.zw}, {Fn.z}, {Fm.z}
SQDMLSL_s   01 0 11110 esz:2 1 rm:5 1011 00 rn:5 rd:5 ! z_hs          ; sqdmlsl {Fd.zw}, {Fn.z}, {Fm.z}
SQDMULL_s   01 0 11110 esz:2 1 rm:5 1101 00 rn:5 rd:5 ! z_hs          ; sqdmull {Fd.zw}, {Fn.z}, {Fm.z}

SMLAL_ve    0 Q:1 0 01111 esz:2 iL:1 rm:5 0010 iH:1 0 rn:5 rd:5 ! z_hs ; smlal{2} {Vd.zw}, {Vn.z}, {Vm.e}
UMLAL_ve    0 Q:1 1 01111 esz:2 iL:1 rm:5 0010 iH:1 0 rn:5 rd:5 ! z_hs ; umlal{2} {Vd.zw}, {Vn.z}, {Vm.e}
SQDMLAL_ve  0 Q:1 0 01111 esz:2 iL:1 rm:5 0011 iH:1 0 rn:5 rd:5 ! z_hs ; sqdmlal{2} {Vd.zw}, {Vn.z}, {Vm.e}
SMLSL_ve    0 Q:1 0 01111 esz:2 iL:1 rm:5 0110 iH:1 0 rn:5 rd:5 ! z_hs ; smlsl{2} {Vd.zw}, {Vn.z}, {Vm.e}
UMLSL_ve    0 Q:1 1 01111 esz:2 iL:1 rm:5 0110 iH:1 0 rn:5 rd:5 ! z_hs ; umlsl{2} {Vd.zw}, {Vn.z}, {Vm.e}
SQDMLSL_ve  0 Q:1 0 01111 esz:2 iL:1 rm:5 0111 iH:1 0 rn:5 rd:5 ! z_hs ; sqdmlsl{2} {Vd.zw}, {Vn.z}, {Vm.e}
MUL_ve      0 Q:1 0 01111 esz:2 iL:1 rm:5 1000 iH:1 0 rn:5 rd:5 ! z_hs ; mul {Vd.z}, {Vn.z}, {Vm.e}
MLA_ve      0 Q:1 1 01111 esz:2 iL:1 rm:5 0000 iH:1 0 rn:5 rd:5 ! z_hs ; mla {Vd.z}, {Vn.z}, {Vm.e}
MLS_ve      0 Q:1 1 01111 esz:2 iL:1 rm:5 0100 iH:1 0 rn:5 rd:5 ! z_hs ; mls {Vd.z}, {Vn.z}, {Vm.e}
SMULL_ve    0 Q:1 0 01111 esz:2 iL:1 rm:5 1010 iH:1 0 rn:5 rd:5 ! z_hs ; smull{2} {Vd.zw}, {Vn.z}, {Vm.e}
UMULL_ve    0 Q:1 1 01111 esz:2 iL:1 rm:5 1010 iH:1 0 rn:5 rd:5 ! z_hs ; umull{2} {Vd.zw}, {Vn.z}, {Vm.e}
SQDMULL_ve  0 Q:1 0 01111 esz:2 iL:1 rm:5 1011 iH:1 0 rn:5 rd:5 ! z_hs ; sqdmull{2} {Vd.zw}, {Vn.z}, {Vm.e}
SQDMULH_ve  0 Q:1 0 01111 esz:2 iL:1 rm:5 1100 iH:1 0 rn:5 rd:5 ! z_hs ; sqdmulh {Vd.z}, {Vn.z}, {Vm.e}
SQRDMULH_ve 0 Q:1 0 01111 esz:2 iL:1 rm:5 1101 iH:1 0 rn:5 rd:5 ! z_hs ; sqrdmulh {Vd.z}, {Vn.z}, {Vm.e}
SQRDMLAH_ve 0 Q:1 1 01111 esz:2 iL:1 rm:5 1101 iH:1 0 rn:5 rd:5 ! z_hs @ RDM ; sqrdmlah {Vd.z}, {Vn.z}, {Vm.e}
SQRDMLSH_ve 0 Q:1 1 01111 esz:2 iL:1 rm:5 1111 iH:1 0 rn:5 rd:5 ! z_hs @ RDM ; sqrdmlsh {Vd.z}, {Vn.z}, {Vm.e}
FMLA_ve     0 Q:1 0 01111 esz:2 iL:1 rm:5 0001 iH:1 0 rn:5 rd:5 ! f_elem @ fp16_elem ; fmla {Vd.ez}, {Vn.ez}, {Vm.ef}
FMLS_ve     0 Q:1 0 01111 esz:2 iL:1 rm:5 0101 iH:1 0 rn:5 rd:5 ! f_elem @ fp16_elem ; fmls {Vd.ez}, {Vn.ez}, {Vm.ef}
FMUL_ve     0 Q:1 0 01111 esz:2 iL:1 rm:5 1001 iH:1 0 rn:5 rd:5 ! f_elem @ fp16_elem ; fmul {Vd.ez}, {Vn.ez}, {Vm.ef}
FMULX_ve    0 Q:1 1 01111 esz:2 iL:1 rm:5 1001 iH:1 0 rn:5 rd:5 ! f_elem @ fp16_elem ; fmulx {Vd.ez}, {Vn.ez}, {Vm.ef}
FCMLA_ve    0 Q:1 1 01111 esz:2 iL:1 rm:5 0 rot13:2 1 iH:1 0 rn:5 rd:5 ! fcmla_e @ FCMA ; fcmla {Vd.z}, {Vn.z}, {Vm.ec}, {rot13}
FMLAL_ve    0 Q:1 0 01111 10 iL:1 rm:5 0000 iH:1 0 rn:5 rd:5 @ FHM    ; fmlal {Vd.s}, {Vn.hh}, {Vm.eh}
FMLSL_ve    0 Q:1 0 01111 10 iL:1 rm:5 0100 iH:1 0 rn:5 rd:5 @ FHM    ; fmlsl {Vd.s}, {Vn.hh}, {Vm.eh}
FMLAL2_ve   0 Q:1 1 01111 10 iL:1 rm:5 1000 iH:1 0 rn:5 rd:5 @ FHM    ; fmlal2 {Vd.s}, {Vn.hh}, {Vm.eh}
FMLSL2_ve   0 Q:1 1 01111 10 iL:1 rm:5 1100 iH:1 0 rn:5 rd:5 @ FHM    ; fmlsl2 {Vd.s}, {Vn.hh}, {Vm.eh}
SDOT_ve     0 Q:1 0 01111 10 iL:1 rm:5 1110 iH:1 0 rn:5 rd:5 @ DotProd ; sdot {Vd.s}, {Vn.b}, {Vm.e4b}
UDOT_ve     0 Q:1 1 01111 10 iL:1 rm:5 1110 iH:1 0 rn:5 rd:5 @ DotProd ; udot {Vd.s}, {Vn.b}, {Vm.e4b}
SUDOT_ve    0 Q:1 0 01111 00 iL:1 rm:5 1111 iH:1 0 rn:5 rd:5 @ I8MM   ; sudot {Vd.s}, {Vn.b}, {Vm.e4b}
USDOT_ve    0 Q:1 0 01111 10 iL:1 rm:5 1111 iH:1 0 rn:5 rd:5 @ I8MM   ; usdot {Vd.s}, {Vn.b}, {Vm.e4b}
BFDOT_ve    0 Q:1 0 01111 01 iL:1 rm:5 1111 iH:1 0 rn:5 rd:5 @ BF16   ; bfdot {Vd.s}, {Vn.h}, {Vm.e2h}
BFMLAL_ve   0 Q:1 0 01111 11 iL:1 rm:5 1111 iH:1 0 rn:5 rd:5 @ BF16   ; bfmlal{bt} {Vd.4s}, {Vn.8h}, {Vm.eh}

SQDMLAL_se  01 0 11111 esz:2 iL:1 rm:5 0011 iH:1 0 rn:5 rd:5 ! z_hs   ; sqdmlal {Fd.zw}, {Fn.z}, {Vm.e}
SQDMLSL_se  01 0 11111 esz:2 iL:1 rm:5 0111 iH:1 0 rn:5 rd:5 ! z_hs   ; sqdmlsl {Fd.zw}, {Fn.z}, {Vm.e}
SQDMULL_se  01 0 11111 esz:2 iL:1 rm:5 1011 iH:1 0 rn:5 rd:5 ! z_hs   ; sqdmull {Fd.zw}, {Fn.z}, {Vm.e}
SQDMULH_se  01 0 11111 esz:2 iL:1 rm:5 1100 iH:1 0 rn:5 rd:5 ! z_hs   ; sqdmulh {Fd.z}, {Fn.z}, {Vm.e}
SQRDMULH_se 01 0 11111 esz:2 iL:1 rm:5 1101 iH:1 0 rn:5 rd:5 ! z_hs   ; sqrdmulh {Fd.z}, {Fn.z}, {Vm.e}
SQRDMLAH_se 01 1 11111 esz:2 iL:1 rm:5 1101 iH:1 0 rn:5 rd:5 ! z_hs @ RDM ; sqrdmlah {Fd.z}, {Fn.z}, {Vm.e}
SQRDMLSH_se 01 1 11111 esz:2 iL:1 rm:5 1111 iH:1 0 rn:5 rd:5 ! z_hs @ RDM ; sqrdmlsh {Fd.z}, {Fn.z}, {Vm.e}
FMLA_se     01 0 11111 esz:2 iL:1 rm:5 0001 iH:1 0 rn:5 rd:5 ! f_selem @ fp16_elem ; fmla {Fd.ez}, {Fn.ez}, {Vm.ef}
FMLS_se     01 0 11111 esz:2 iL:1 rm:5 0101 iH:1 0 rn:5 rd:5 ! f_selem @ fp16_elem ; fmls {Fd.ez}, {Fn.ez}, {Vm.ef}
FMUL_se     01 0 11111 esz:2 iL:1 rm:5 1001 iH:1 0 rn:5 rd:5 ! f_selem @ fp16_elem ; fmul {Fd.ez}, {Fn.ez}, {Vm.ef}
FMULX_se    01 1 11111 esz:2 iL:1 rm:5 1001 iH:1 0 rn:5 rd:5 ! f_selem @ fp16_elem ; fmulx {Fd.ez}, {Fn.ez}, {Vm.ef}
]]
