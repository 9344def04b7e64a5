-- SPDX-License-Identifier: MIT
-- Rows of the moves of FP/SIMD registers (Arm ARM C4.1.96): FMOV, modified
-- immediates, DUP, INS, UMOV, SMOV, permutes, EXT and table lookups.
-- SIMD_imm is one operation: AdvSIMDExpandImm(op, cmode, abc:defgh), then OR
-- (op 0) or AND NOT (op 1) into Vd where cmode is 0xx1 or 10x1, else a write,
-- inverted where op is 1 and cmode is not 111x.  imm5's lowest set bit is the
-- element size.
return [[
FMOV_f      000 11110 ftype:2 1 000000 10000 rn:5 rd:5 ! ftype_ok @ ftype ; fmov {Fd}, {Fn}
FMOV_i      000 11110 ftype:2 1 imm8:8 100 00000 rd:5 ! ftype_ok @ ftype ; fmov {Fd}, {fimm8}
FMOV_gf     sf:1 00 11110 ftype:2 1 00110 000000 rn:5 rd:5 ! fmov_g_ok @ ftype ; fmov {Rd}, {Fn}
FMOV_fg     sf:1 00 11110 ftype:2 1 00111 000000 rn:5 rd:5 ! fmov_g_ok @ ftype ; fmov {Fd}, {Rn}
FMOV_gf_hi  1 00 11110 10 1 01110 000000 rn:5 rd:5                    ; fmov {Xd}, {Vn.hi}
FMOV_fg_hi  1 00 11110 10 1 01111 000000 rn:5 rd:5                    ; fmov {Vd.hi}, {Xn}

DUP_s       01 0 11110000 imm5:5 0 0000 1 rn:5 rd:5 ! elem_ok         ; mov {Fd.5}, {Vn.5}
~           01 0 11110000 imm5:5 0 0000 1 rn:5 rd:5 ? never           ; dup {Fd.5}, {Vn.5}
DUP_e       0 Q:1 0 01110000 imm5:5 0 0000 1 rn:5 rd:5 ! dup_ok       ; dup {Vd.5q}, {Vn.5}
DUP_g       0 Q:1 0 01110000 imm5:5 0 0001 1 rn:5 rd:5 ! dup_ok       ; dup {Vd.5q}, {Rn.5}
SMOV        0 Q:1 0 01110000 imm5:5 0 0101 1 rn:5 rd:5 ! smov_ok      ; smov {Rd.q}, {Vn.5}
UMOV        0 Q:1 0 01110000 imm5:5 0 0111 1 rn:5 rd:5 ! umov_ok      ; umov {Rd.q}, {Vn.5}
~           0 Q:1 0 01110000 imm5:5 0 0111 1 rn:5 rd:5 ? umov_word    ; mov {Rd.q}, {Vn.5}
INS_g       01 0 01110000 imm5:5 0 0011 1 rn:5 rd:5 ! elem_ok         ; mov {Vd.5}, {Rn.5}
~           01 0 01110000 imm5:5 0 0011 1 rn:5 rd:5 ? never           ; ins {Vd.5}, {Rn.5}
INS_e       01 1 01110000 imm5:5 0 imm4:4 1 rn:5 rd:5 ! elem_ok       ; mov {Vd.5}, {Vn.4}
~           01 1 01110000 imm5:5 0 imm4:4 1 rn:5 rd:5 ? never         ; ins {Vd.5}, {Vn.4}

UZP1        0 Q:1 001110 esz:2 0 rm:5 0 001 10 rn:5 rd:5 ! z_all      ; uzp1 {Vd.z}, {Vn.z}, {Vm.z}
TRN1        0 Q:1 001110 esz:2 0 rm:5 0 010 10 rn:5 rd:5 ! z_all      ; trn1 {Vd.z}, {Vn.z}, {Vm.z}
ZIP1        0 Q:1 001110 esz:2 0 rm:5 0 011 10 rn:5 rd:5 ! z_all      ; zip1 {Vd.z}, {Vn.z}, {Vm.z}
UZP2        0 Q:1 001110 esz:2 0 rm:5 0 101 10 rn:5 rd:5 ! z_all      ; uzp2 {Vd.z}, {Vn.z}, {Vm.z}
TRN2        0 Q:1 001110 esz:2 0 rm:5 0 110 10 rn:5 rd:5 ! z_all      ; trn2 {Vd.z}, {Vn.z}, {Vm.z}
ZIP2        0 Q:1 001110 esz:2 0 rm:5 0 111 10 rn:5 rd:5 ! z_all      ; zip2 {Vd.z}, {Vn.z}, {Vm.z}
EXT         0 Q:1 101110 00 0 rm:5 0 imm4:4 0 rn:5 rd:5 ! ext4_ok     ; ext {Vd.b}, {Vn.b}, {Vm.b}, {imm4}
TBL         0 Q:1 001110 00 0 rm:5 0 tlen:2 0 00 rn:5 rd:5            ; tbl {Vd.b}, {Vtable}, {Vm.b}
TBX         0 Q:1 001110 00 0 rm:5 0 tlen:2 1 00 rn:5 rd:5            ; tbx {Vd.b}, {Vtable}, {Vm.b}

SIMD_imm^   0 Q:1 op:1 0111100000 abc:3 cmode:4 01 defgh:5 rd:5 ! simd_imm_ok ; -
~           0 Q:1 0 0111100000 abc:3 0 vsh:2 0 01 defgh:5 rd:5        ; movi {Vd.s}, {vimm.lsl}
~           0 Q:1 0 0111100000 abc:3 0 vsh:2 1 01 defgh:5 rd:5        ; orr {Vd.s}, {vimm.lsl}
~           0 Q:1 1 0111100000 abc:3 0 vsh:2 0 01 defgh:5 rd:5        ; mvni {Vd.s}, {vimm.lsl}
~           0 Q:1 1 0111100000 abc:3 0 vsh:2 1 01 defgh:5 rd:5        ; bic {Vd.s}, {vimm.lsl}
~           0 Q:1 0 0111100000 abc:3 10 vsh1:1 0 01 defgh:5 rd:5      ; movi {Vd.h}, {vimm.lsl8}
~           0 Q:1 0 0111100000 abc:3 10 vsh1:1 1 01 defgh:5 rd:5      ; orr {Vd.h}, {vimm.lsl8}
~           0 Q:1 1 0111100000 abc:3 10 vsh1:1 0 01 defgh:5 rd:5      ; mvni {Vd.h}, {vimm.lsl8}
~           0 Q:1 1 0111100000 abc:3 10 vsh1:1 1 01 defgh:5 rd:5      ; bic {Vd.h}, {vimm.lsl8}
~           0 Q:1 0 0111100000 abc:3 110 msl:1 01 defgh:5 rd:5        ; movi {Vd.s}, {vimm.msl}
~           0 Q:1 1 0111100000 abc:3 110 msl:1 01 defgh:5 rd:5        ; mvni {Vd.s}, {vimm.msl}
~           0 Q:1 0 0111100000 abc:3 1110 01 defgh:5 rd:5             ; movi {Vd.b}, {vimm}
~           0 0 1 0111100000 abc:3 1110 01 defgh:5 rd:5               ; movi {Dd}, {vimm.mask}
~           0 1 1 0111100000 abc:3 1110 01 defgh:5 rd:5               ; movi {Vd.2d}, {vimm.mask}
~           0 Q:1 0 0111100000 abc:3 1111 01 defgh:5 rd:5             ; fmov {Vd.s}, {vimm.f}
~           0 1 1 0111100000 abc:3 1111 01 defgh:5 rd:5               ; fmov {Vd.2d}, {vimm.f}
FMOV_vh     0 Q:1 0 0111100000 abc:3 1111 11 defgh:5 rd:5 @ FP16      ; fmov {Vd.h}, {vimm.f}
]]
