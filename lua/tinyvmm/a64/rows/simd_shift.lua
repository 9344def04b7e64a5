-- SPDX-License-Identifier: MIT
-- Rows of Advanced SIMD "shift by immediate" (Arm ARM C4.1.96). immh's highest
-- set bit is the element size (of the narrow side), immh:immb the amount: 2 *
-- size - n to the right, size + n to the left; immh of zero is SIMD_imm's, and
-- so the rule of every row excludes it. Names: _vi, _si where a register form
-- has the plain name, else _v, _s; _vx, _sx are fixed-point conversions.
return [[
SSHR_v      0 Q:1 0 011110 immh:4 immb:3 00000 1 rn:5 rd:5 ! sh_all   ; sshr {Vd.i}, {Vn.i}, {shr}
USHR_v      0 Q:1 1 011110 immh:4 immb:3 00000 1 rn:5 rd:5 ! sh_all   ; ushr {Vd.i}, {Vn.i}, {shr}
SSRA_v      0 Q:1 0 011110 immh:4 immb:3 00010 1 rn:5 rd:5 ! sh_all   ; ssra {Vd.i}, {Vn.i}, {shr}
USRA_v      0 Q:1 1 011110 immh:4 immb:3 00010 1 rn:5 rd:5 ! sh_all   ; usra {Vd.i}, {Vn.i}, {shr}
SRSHR_v     0 Q:1 0 011110 immh:4 immb:3 00100 1 rn:5 rd:5 ! sh_all   ; srshr {Vd.i}, {Vn.i}, {shr}
URSHR_v     0 Q:1 1 011110 immh:4 immb:3 00100 1 rn:5 rd:5 ! sh_all   ; urshr {Vd.i}, {Vn.i}, {shr}
SRSRA_v     0 Q:1 0 011110 immh:4 immb:3 00110 1 rn:5 rd:5 ! sh_all   ; srsra {Vd.i}, {Vn.i}, {shr}
URSRA_v     0 Q:1 1 011110 immh:4 immb:3 00110 1 rn:5 rd:5 ! sh_all   ; ursra {Vd.i}, {Vn.i}, {shr}
SRI_v       0 Q:1 1 011110 immh:4 immb:3 01000 1 rn:5 rd:5 ! sh_all   ; sri {Vd.i}, {Vn.i}, {shr}
SHL_v       0 Q:1 0 011110 immh:4 immb:3 01010 1 rn:5 rd:5 ! sh_all   ; shl {Vd.i}, {Vn.i}, {shl}
SLI_v       0 Q:1 1 011110 immh:4 immb:3 01010 1 rn:5 rd:5 ! sh_all   ; sli {Vd.i}, {Vn.i}, {shl}
SQSHLU_v    0 Q:1 1 011110 immh:4 immb:3 01100 1 rn:5 rd:5 ! sh_all   ; sqshlu {Vd.i}, {Vn.i}, {shl}
SQSHL_vi    0 Q:1 0 011110 immh:4 immb:3 01110 1 rn:5 rd:5 ! sh_all   ; sqshl {Vd.i}, {Vn.i}, {shl}
UQSHL_vi    0 Q:1 1 011110 immh:4 immb:3 01110 1 rn:5 rd:5 ! sh_all   ; uqshl {Vd.i}, {Vn.i}, {shl}
SHRN_v      0 Q:1 0 011110 immh:4 immb:3 10000 1 rn:5 rd:5 ! sh_narrow ; shrn{2} {Vd.i}, {Vn.iw}, {shr}
SQSHRUN_v   0 Q:1 1 011110 immh:4 immb:3 10000 1 rn:5 rd:5 ! sh_narrow ; sqshrun{2} {Vd.i}, {Vn.iw}, {shr}
RSHRN_v     0 Q:1 0 011110 immh:4 immb:3 10001 1 rn:5 rd:5 ! sh_narrow ; rshrn{2} {Vd.i}, {Vn.iw}, {shr}
SQRSHRUN_v  0 Q:1 1 011110 immh:4 immb:3 10001 1 rn:5 rd:5 ! sh_narrow ; sqrshrun{2} {Vd.i}, {Vn.iw}, {shr}
SQSHRN_v    0 Q:1 0 011110 immh:4 immb:3 10010 1 rn:5 rd:5 ! sh_narrow ; sqshrn{2} {Vd.i}, {Vn.iw}, {shr}
UQSHRN_v    0 Q:1 1 011110 immh:4 immb:3 10010 1 rn:5 rd:5 ! sh_narrow ; uqshrn{2} {Vd.i}, {Vn.iw}, {shr}
SQRSHRN_v   0 Q:1 0 011110 immh:4 immb:3 10011 1 rn:5 rd:5 ! sh_narrow ; sqrshrn{2} {Vd.i}, {Vn.iw}, {shr}
UQRSHRN_v   0 Q:1 1 011110 immh:4 immb:3 10011 1 rn:5 rd:5 ! sh_narrow ; uqrshrn{2} {Vd.i}, {Vn.iw}, {shr}
SSHLL_v     0 Q:1 0 011110 immh:4 immb:3 10100 1 rn:5 rd:5 ! sh_narrow ; sshll{2} {Vd.iw}, {Vn.i}, {shl}
~           0 Q:1 0 011110 immh:4 000 10100 1 rn:5 rd:5 ? sh_zero     ; sxtl{2} {Vd.iw}, {Vn.i}
USHLL_v     0 Q:1 1 011110 immh:4 immb:3 10100 1 rn:5 rd:5 ! sh_narrow ; ushll{2} {Vd.iw}, {Vn.i}, {shl}
~           0 Q:1 1 011110 immh:4 000 10100 1 rn:5 rd:5 ? sh_zero     ; uxtl{2} {Vd.iw}, {Vn.i}
SCVTF_vx    0 Q:1 0 011110 immh:4 immb:3 11100 1 rn:5 rd:5 ! sh_fixed @ fp16_immh ; scvtf {Vd.i}, {Vn.i}, {shr}
UCVTF_vx    0 Q:1 1 011110 immh:4 immb:3 11100 1 rn:5 rd:5 ! sh_fixed @ fp16_immh ; ucvtf {Vd.i}, {Vn.i}, {shr}
FCVTZS_vx   0 Q:1 0 011110 immh:4 immb:3 11111 1 rn:5 rd:5 ! sh_fixed @ fp16_immh ; fcvtzs {Vd.i}, {Vn.i}, {shr}
FCVTZU_vx   0 Q:1 1 011110 immh:4 immb:3 11111 1 rn:5 rd:5 ! sh_fixed @ fp16_immh ; fcvtzu {Vd.i}, {Vn.i}, {shr}

SSHR_s      01 0 111110 immh:4 immb:3 00000 1 rn:5 rd:5 ! sh_d        ; sshr {Dd}, {Dn}, {shr}
USHR_s      01 1 111110 immh:4 immb:3 00000 1 rn:5 rd:5 ! sh_d        ; ushr {Dd}, {Dn}, {shr}
SSRA_s      01 0 111110 immh:4 immb:3 00010 1 rn:5 rd:5 ! sh_d        ; ssra {Dd}, {Dn}, {shr}
USRA_s      01 1 111110 immh:4 immb:3 00010 1 rn:5 rd:5 ! sh_d        ; usra {Dd}, {Dn}, {shr}
SRSHR_s     01 0 111110 immh:4 immb:3 00100 1 rn:5 rd:5 ! sh_d        ; srshr {Dd}, {Dn}, {shr}
URSHR_s     01 1 111110 immh:4 immb:3 00100 1 rn:5 rd:5 ! sh_d        ; urshr {Dd}, {Dn}, {shr}
SRSRA_s     01 0 111110 immh:4 immb:3 00110 1 rn:5 rd:5 ! sh_d        ; srsra {Dd}, {Dn}, {shr}
URSRA_s     01 1 111110 immh:4 immb:3 00110 1 rn:5 rd:5 ! sh_d        ; ursra {Dd}, {Dn}, {shr}
SRI_s       01 1 111110 immh:4 immb:3 01000 1 rn:5 rd:5 ! sh_d        ; sri {Dd}, {Dn}, {shr}
SHL_s       01 0 111110 immh:4 immb:3 01010 1 rn:5 rd:5 ! sh_d        ; shl {Dd}, {Dn}, {shl}
SLI_s       01 1 111110 immh:4 immb:3 01010 1 rn:5 rd:5 ! sh_d        ; sli {Dd}, {Dn}, {shl}
SQSHLU_s    01 1 111110 immh:4 immb:3 01100 1 rn:5 rd:5 ! sh_some     ; sqshlu {Fd.i}, {Fn.i}, {shl}
SQSHL_si    01 0 111110 immh:4 immb:3 01110 1 rn:5 rd:5 ! sh_some     ; sqshl {Fd.i}, {Fn.i}, {shl}
UQSHL_si    01 1 111110 immh:4 immb:3 01110 1 rn:5 rd:5 ! sh_some     ; uqshl {Fd.i}, {Fn.i}, {shl}
SQSHRUN_s   01 1 111110 immh:4 immb:3 10000 1 rn:5 rd:5 ! sh_narrow   ; sqshrun {Fd.i}, {Fn.iw}, {shr}
SQRSHRUN_s  01 1 111110 immh:4 immb:3 10001 1 rn:5 rd:5 ! sh_narrow   ; sqrshrun {Fd.i}, {Fn.iw}, {shr}
SQSHRN_s    01 0 111110 immh:4 immb:3 10010 1 rn:5 rd:5 ! sh_narrow   ; sqshrn {Fd.i}, {Fn.iw}, {shr}
UQSHRN_s    01 1 111110 immh:4 immb:3 10010 1 rn:5 rd:5 ! sh_narrow   ; uqshrn {Fd.i}, {Fn.iw}, {shr}
SQRSHRN_s   01 0 111110 immh:4 immb:3 10011 1 rn:5 rd:5 ! sh_narrow   ; sqrshrn {Fd.i}, {Fn.iw}, {shr}
UQRSHRN_s   01 1 111110 immh:4 immb:3 10011 1 rn:5 rd:5 ! sh_narrow   ; uqrshrn {Fd.i}, {Fn.iw}, {shr}
SCVTF_sx    01 0 111110 immh:4 immb:3 11100 1 rn:5 rd:5 ! sh_sfixed @ fp16_immh ; scvtf {Fd.i}, {Fn.i}, {shr}
UCVTF_sx    01 1 111110 immh:4 immb:3 11100 1 rn:5 rd:5 ! sh_sfixed @ fp16_immh ; ucvtf {Fd.i}, {Fn.i}, {shr}
FCVTZS_sx   01 0 111110 immh:4 immb:3 11111 1 rn:5 rd:5 ! sh_sfixed @ fp16_immh ; fcvtzs {Fd.i}, {Fn.i}, {shr}
FCVTZU_sx   01 1 111110 immh:4 immb:3 11111 1 rn:5 rd:5 ! sh_sfixed @ fp16_immh ; fcvtzu {Fd.i}, {Fn.i}, {shr}
]]
