-- SPDX-License-Identifier: MIT
-- Rows of scalar floating point (Arm ARM C4.1.96). `ftype` is the precision:
-- 0 single, 1 double, 3 half. Names end in _s (scalar), _g (to or from a general
-- register), _gx (the same, fixed point) and _z (compare with zero).
-- FCVT: `fopc` is the precision of the result.
return [[
FABS_s      000 11110 ftype:2 1 000001 10000 rn:5 rd:5 ! ftype_ok @ ftype ; fabs {Fd}, {Fn}
FNEG_s      000 11110 ftype:2 1 000010 10000 rn:5 rd:5 ! ftype_ok @ ftype ; fneg {Fd}, {Fn}
FSQRT_s     000 11110 ftype:2 1 000011 10000 rn:5 rd:5 ! ftype_ok @ ftype ; fsqrt {Fd}, {Fn}
FCVT        000 11110 ftype:2 1 0001 fopc:2 10000 rn:5 rd:5 ! fcvt_ok ; fcvt {Fd.opc}, {Fn}
BFCVT       000 11110 01 1 000110 10000 rn:5 rd:5 @ BF16              ; bfcvt {Hd}, {Sn}
FRINTN_s    000 11110 ftype:2 1 001000 10000 rn:5 rd:5 ! ftype_ok @ ftype ; frintn {Fd}, {Fn}
FRINTP_s    000 11110 ftype:2 1 001001 10000 rn:5 rd:5 ! ftype_ok @ ftype ; frintp {Fd}, {Fn}
FRINTM_s    000 11110 ftype:2 1 001010 10000 rn:5 rd:5 ! ftype_ok @ ftype ; frintm {Fd}, {Fn}
FRINTZ_s    000 11110 ftype:2 1 001011 10000 rn:5 rd:5 ! ftype_ok @ ftype ; frintz {Fd}, {Fn}
FRINTA_s    000 11110 ftype:2 1 001100 10000 rn:5 rd:5 ! ftype_ok @ ftype ; frinta {Fd}, {Fn}
FRINTX_s    000 11110 ftype:2 1 001110 10000 rn:5 rd:5 ! ftype_ok @ ftype ; frintx {Fd}, {Fn}
FRINTI_s    000 11110 ftype:2 1 001111 10000 rn:5 rd:5 ! ftype_ok @ ftype ; frinti {Fd}, {Fn}
FRINT32Z_s  000 11110 ftype:2 1 010000 10000 rn:5 rd:5 ! ftype_sd @ FRINTTS ; frint32z {Fd}, {Fn}
FRINT32X_s  000 11110 ftype:2 1 010001 10000 rn:5 rd:5 ! ftype_sd @ FRINTTS ; frint32x {Fd}, {Fn}
FRINT64Z_s  000 11110 ftype:2 1 010010 10000 rn:5 rd:5 ! ftype_sd @ FRINTTS ; frint64z {Fd}, {Fn}
FRINT64X_s  000 11110 ftype:2 1 010011 10000 rn:5 rd:5 ! ftype_sd @ FRINTTS ; frint64x {Fd}, {Fn}

FCMP        000 11110 ftype:2 1 rm:5 00 1000 rn:5 00 000 ! ftype_ok @ ftype ; fcmp {Fn}, {Fm}
FCMP_z      000 11110 ftype:2 1 (00000) 00 1000 rn:5 01 000 ! ftype_ok @ ftype ; fcmp {Fn}, {fzero}
FCMPE       000 11110 ftype:2 1 rm:5 00 1000 rn:5 10 000 ! ftype_ok @ ftype ; fcmpe {Fn}, {Fm}
FCMPE_z     000 11110 ftype:2 1 (00000) 00 1000 rn:5 11 000 ! ftype_ok @ ftype ; fcmpe {Fn}, {fzero}
FCCMP       000 11110 ftype:2 1 rm:5 cond:4 01 rn:5 0 nzcv:4 ! ftype_ok @ ftype ; fccmp {Fn}, {Fm}, {nzcv}, {cond}
FCCMPE      000 11110 ftype:2 1 rm:5 cond:4 01 rn:5 1 nzcv:4 ! ftype_ok @ ftype ; fccmpe {Fn}, {Fm}, {nzcv}, {cond}
FCSEL       000 11110 ftype:2 1 rm:5 cond:4 11 rn:5 rd:5 ! ftype_ok @ ftype ; fcsel {Fd}, {Fn}, {Fm}, {cond}

FMUL_s      000 11110 ftype:2 1 rm:5 0000 10 rn:5 rd:5 ! ftype_ok @ ftype ; fmul {Fd}, {Fn}, {Fm}
FDIV_s      000 11110 ftype:2 1 rm:5 0001 10 rn:5 rd:5 ! ftype_ok @ ftype ; fdiv {Fd}, {Fn}, {Fm}
FADD_s      000 11110 ftype:2 1 rm:5 0010 10 rn:5 rd:5 ! ftype_ok @ ftype ; fadd {Fd}, {Fn}, {Fm}
FSUB_s      000 11110 ftype:2 1 rm:5 0011 10 rn:5 rd:5 ! ftype_ok @ ftype ; fsub {Fd}, {Fn}, {Fm}
FMAX_s      000 11110 ftype:2 1 rm:5 0100 10 rn:5 rd:5 ! ftype_ok @ ftype ; fmax {Fd}, {Fn}, {Fm}
FMIN_s      000 11110 ftype:2 1 rm:5 0101 10 rn:5 rd:5 ! ftype_ok @ ftype ; fmin {Fd}, {Fn}, {Fm}
FMAXNM_s    000 11110 ftype:2 1 rm:5 0110 10 rn:5 rd:5 ! ftype_ok @ ftype ; fmaxnm {Fd}, {Fn}, {Fm}
FMINNM_s    000 11110 ftype:2 1 rm:5 0111 10 rn:5 rd:5 ! ftype_ok @ ftype ; fminnm {Fd}, {Fn}, {Fm}
FNMUL_s     000 11110 ftype:2 1 rm:5 1000 10 rn:5 rd:5 ! ftype_ok @ ftype ; fnmul {Fd}, {Fn}, {Fm}
FMADD       000 11111 ftype:2 0 rm:5 0 ra:5 rn:5 rd:5 ! ftype_ok @ ftype ; fmadd {Fd}, {Fn}, {Fm}, {Fa}
FMSUB       000 11111 ftype:2 0 rm:5 1 ra:5 rn:5 rd:5 ! ftype_ok @ ftype ; fmsub {Fd}, {Fn}, {Fm}, {Fa}
FNMADD      000 11111 ftype:2 1 rm:5 0 ra:5 rn:5 rd:5 ! ftype_ok @ ftype ; fnmadd {Fd}, {Fn}, {Fm}, {Fa}
FNMSUB      000 11111 ftype:2 1 rm:5 1 ra:5 rn:5 rd:5 ! ftype_ok @ ftype ; fnmsub {Fd}, {Fn}, {Fm}, {Fa}

FCVTNS_g    sf:1 00 11110 ftype:2 1 00 000 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtns {Rd}, {Fn}
FCVTNU_g    sf:1 00 11110 ftype:2 1 00 001 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtnu {Rd}, {Fn}
SCVTF_g     sf:1 00 11110 ftype:2 1 00 010 000000 rn:5 rd:5 ! ftype_ok @ ftype ; scvtf {Fd}, {Rn}
UCVTF_g     sf:1 00 11110 ftype:2 1 00 011 000000 rn:5 rd:5 ! ftype_ok @ ftype ; ucvtf {Fd}, {Rn}
FCVTAS_g    sf:1 00 11110 ftype:2 1 00 100 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtas {Rd}, {Fn}
FCVTAU_g    sf:1 00 11110 ftype:2 1 00 101 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtau {Rd}, {Fn}
FCVTPS_g    sf:1 00 11110 ftype:2 1 01 000 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtps {Rd}, {Fn}
FCVTPU_g    sf:1 00 11110 ftype:2 1 01 001 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtpu {Rd}, {Fn}
FCVTMS_g    sf:1 00 11110 ftype:2 1 10 000 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtms {Rd}, {Fn}
FCVTMU_g    sf:1 00 11110 ftype:2 1 10 001 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtmu {Rd}, {Fn}
FCVTZS_g    sf:1 00 11110 ftype:2 1 11 000 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtzs {Rd}, {Fn}
FCVTZU_g    sf:1 00 11110 ftype:2 1 11 001 000000 rn:5 rd:5 ! ftype_ok @ ftype ; fcvtzu {Rd}, {Fn}
FJCVTZS     0 00 11110 01 1 11 110 000000 rn:5 rd:5 @ JSCVT           ; fjcvtzs {Wd}, {Dn}
SCVTF_gx    sf:1 00 11110 ftype:2 0 00 010 scale:6 rn:5 rd:5 ! scale_ok @ ftype ; scvtf {Fd}, {Rn}, {scale}
UCVTF_gx    sf:1 00 11110 ftype:2 0 00 011 scale:6 rn:5 rd:5 ! scale_ok @ ftype ; ucvtf {Fd}, {Rn}, {scale}
FCVTZS_gx   sf:1 00 11110 ftype:2 0 11 000 scale:6 rn:5 rd:5 ! scale_ok @ ftype ; fcvtzs {Rd}, {Fn}, {scale}
FCVTZU_gx   sf:1 00 11110 ftype:2 0 11 001 scale:6 rn:5 rd:5 ! scale_ok @ ftype ; fcvtzu {Rd}, {Fn}, {scale}
]]
