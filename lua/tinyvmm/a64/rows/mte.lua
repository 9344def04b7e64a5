-- SPDX-License-Identifier: MIT
-- Rows of memory tagging (FEAT_MTE for what EL0 may use, whether memory has tags
-- or not, FEAT_MTE2 for the others), of FEAT_MOPS, and of 64-byte atomic
-- accesses (FEAT_LS64; Rt is even, at most 22). MOPS: `stage` 0 prologue, 1
-- main, 2 epilogue; of options the low bits are privilege, the high ones hints.
return [[
ADDG        1 0 0 100011 0 uimm6:6 (00) uimm4:4 rn:5 rd:5 @ MTE       ; -
~           1 0 0 100011 0 uimm6:6 00 uimm4:4 rn:5 rd:5              ; addg {Xd.sp}, {Xn.sp}, {uimm6}, {uimm4}
SUBG        1 1 0 100011 0 uimm6:6 (00) uimm4:4 rn:5 rd:5 @ MTE       ; -
~           1 1 0 100011 0 uimm6:6 00 uimm4:4 rn:5 rd:5              ; subg {Xd.sp}, {Xn.sp}, {uimm6}, {uimm4}
IRG         1 0 0 11010110 rm:5 000100 rn:5 rd:5 @ MTE                ; irg {Xd.sp}, {Xn.sp}, {Xm}
~           1 0 0 11010110 11111 000100 rn:5 rd:5                     ; irg {Xd.sp}, {Xn.sp}
GMI         1 0 0 11010110 rm:5 000101 rn:5 rd:5 @ MTE                ; gmi {Xd}, {Xn.sp}, {Xm}
SUBP        1 0 0 11010110 rm:5 000000 rn:5 rd:5 @ MTE                ; subp {Xd}, {Xn.sp}, {Xm.sp}
SUBPS       1 0 1 11010110 rm:5 000000 rn:5 rd:5 @ MTE                ; subps {Xd}, {Xn.sp}, {Xm.sp}
~           1 0 1 11010110 rm:5 000000 rn:5 11111                     ; cmpp {Xn.sp}, {Xm.sp}
STZGM       11011001 00 1 000000000 00 rn:5 rt:5 @ MTE2               ; stzgm {Xt}, {mem}
STG_post    11011001 00 1 imm9:9 01 rn:5 rt:5 @ MTE                   ; stg {Xt.sp}, {mem.tagpost}
STG         11011001 00 1 imm9:9 10 rn:5 rt:5 @ MTE                   ; stg {Xt.sp}, {mem.tag}
STG_pre     11011001 00 1 imm9:9 11 rn:5 rt:5 @ MTE                   ; stg {Xt.sp}, {mem.tagpre}
LDG         11011001 01 1 imm9:9 00 rn:5 rt:5 @ MTE                   ; ldg {Xt}, {mem.tag}
STZG_post   11011001 01 1 imm9:9 01 rn:5 rt:5 @ MTE                   ; stzg {Xt.sp}, {mem.tagpost}
STZG        11011001 01 1 imm9:9 10 rn:5 rt:5 @ MTE                   ; stzg {Xt.sp}, {mem.tag}
STZG_pre    11011001 01 1 imm9:9 11 rn:5 rt:5 @ MTE                   ; stzg {Xt.sp}, {mem.tagpre}
STGM        11011001 10 1 000000000 00 rn:5 rt:5 @ MTE2               ; stgm {Xt}, {mem}
ST2G_post   11011001 10 1 imm9:9 01 rn:5 rt:5 @ MTE                   ; st2g {Xt.sp}, {mem.tagpost}
ST2G        11011001 10 1 imm9:9 10 rn:5 rt:5 @ MTE                   ; st2g {Xt.sp}, {mem.tag}
ST2G_pre    11011001 10 1 imm9:9 11 rn:5 rt:5 @ MTE                   ; st2g {Xt.sp}, {mem.tagpre}
LDGM        11011001 11 1 000000000 00 rn:5 rt:5 @ MTE2               ; ldgm {Xt}, {mem}
STZ2G_post  11011001 11 1 imm9:9 01 rn:5 rt:5 @ MTE                   ; stz2g {Xt.sp}, {mem.tagpost}
STZ2G       11011001 11 1 imm9:9 10 rn:5 rt:5 @ MTE                   ; stz2g {Xt.sp}, {mem.tag}
STZ2G_pre   11011001 11 1 imm9:9 11 rn:5 rt:5 @ MTE                   ; stz2g {Xt.sp}, {mem.tagpre}
STGP_post   01 101000 10 imm7:7 rt2:5 rn:5 rt:5 @ MTE                 ; stgp {Xt}, {Xt2}, {mem.tpost}
STGP        01 101001 00 imm7:7 rt2:5 rn:5 rt:5 @ MTE                 ; stgp {Xt}, {Xt2}, {mem.t}
STGP_pre    01 101001 10 imm7:7 rt2:5 rn:5 rt:5 @ MTE                 ; stgp {Xt}, {Xt2}, {mem.tpre}

CPYF        00 011001 stage:2 0 rs:5 cpyopt:4 01 rn:5 rd:5 ! cpy_ok @ MOPS ; cpyf{pme}{cpy} {Xd.wb}, {Xs.wb}, {Xn.size}
CPY         00 011101 stage:2 0 rs:5 cpyopt:4 01 rn:5 rd:5 ! cpy_ok @ MOPS ; cpy{pme}{cpy} {Xd.wb}, {Xs.wb}, {Xn.size}
SET         00 011001 11 0 rs:5 setst:2 setopt:2 01 rn:5 rd:5 ! set_ok @ MOPS ; set{spme}{set} {Xd.wb}, {Xn.size}, {Xs}
SETG        00 011101 11 0 rs:5 setst:2 setopt:2 01 rn:5 rd:5 ! set_ok @ MOPS ; setg{spme}{set} {Xd.wb}, {Xn.size}, {Xs}

LD64B       11 111000 001 11111 1 101 00 rn:5 rt:5 ! ls64_ok @ LS64   ; ld64b {Xt.64}, {mem}
ST64B       11 111000 001 11111 1 001 00 rn:5 rt:5 ! ls64_ok @ LS64   ; st64b {Xt.64}, {mem}
ST64BV      11 111000 001 rs:5 1 011 00 rn:5 rt:5 ! ls64_ok @ LS64_V  ; st64bv {Xs}, {Xt.64}, {mem}
ST64BV0     11 111000 001 rs:5 1 010 00 rn:5 rt:5 ! ls64_ok @ LS64_ACCDATA ; st64bv0 {Xs}, {Xt.64}, {mem}
]]
