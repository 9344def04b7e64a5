-- SPDX-License-Identifier: MIT
-- Rows of the loads and stores of FP/SIMD registers (Arm ARM C4.1.94): the
-- scalar forms of every addressing mode, and LD1-LD4, ST1-ST4, LD1R-LD4R.
-- Scalars: the access is 1 << size bytes, 16 where `v128` is set (size is 0
-- then); pairs and literals: 4 << size.  Structures: `vop`/`vop3` as the Arm
-- manual's opcode; rm of the post-indexed forms is 31 for "the bytes moved".
return [[
STR_fp_ui   size:2 111101 v128:1 0 imm12:12 rn:5 rt:5 ! v128_ok       ; str {Ft}, {mem.uq}
LDR_fp_ui   size:2 111101 v128:1 1 imm12:12 rn:5 rt:5 ! v128_ok       ; ldr {Ft}, {mem.uq}
STUR_fp     size:2 111100 v128:1 0 0 imm9:9 00 rn:5 rt:5 ! v128_ok    ; stur {Ft}, {mem.i}
~           size:2 111100 v128:1 0 0 imm9:9 00 rn:5 rt:5 ? never      ; str {Ft}, {mem.i}
LDUR_fp     size:2 111100 v128:1 1 0 imm9:9 00 rn:5 rt:5 ! v128_ok    ; ldur {Ft}, {mem.i}
~           size:2 111100 v128:1 1 0 imm9:9 00 rn:5 rt:5 ? never      ; ldr {Ft}, {mem.i}
STR_fp_post size:2 111100 v128:1 0 0 imm9:9 01 rn:5 rt:5 ! v128_ok    ; str {Ft}, {mem.post}
LDR_fp_post size:2 111100 v128:1 1 0 imm9:9 01 rn:5 rt:5 ! v128_ok    ; ldr {Ft}, {mem.post}
STR_fp_pre  size:2 111100 v128:1 0 0 imm9:9 11 rn:5 rt:5 ! v128_ok    ; str {Ft}, {mem.pre}
LDR_fp_pre  size:2 111100 v128:1 1 0 imm9:9 11 rn:5 rt:5 ! v128_ok    ; ldr {Ft}, {mem.pre}
STR_fp_ro   size:2 111100 v128:1 0 1 rm:5 option:3 S:1 10 rn:5 rt:5 ! v128_ro_ok ; str {Ft}, {mem.rq}
LDR_fp_ro   size:2 111100 v128:1 1 1 rm:5 option:3 S:1 10 rn:5 rt:5 ! v128_ro_ok ; ldr {Ft}, {mem.rq}
LDR_fp_lit  size:2 011100 imm19:19 rt:5 ! fp_pair_ok                  ; ldr {Ft.p}, {rel19}

STNP_fp     size:2 101100 00 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; stnp {Ft.p}, {Ft2.p}, {mem.q}
LDNP_fp     size:2 101100 01 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; ldnp {Ft.p}, {Ft2.p}, {mem.q}
STP_fp_post size:2 101100 10 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; stp {Ft.p}, {Ft2.p}, {mem.qpost}
LDP_fp_post size:2 101100 11 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; ldp {Ft.p}, {Ft2.p}, {mem.qpost}
STP_fp      size:2 101101 00 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; stp {Ft.p}, {Ft2.p}, {mem.q}
LDP_fp      size:2 101101 01 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; ldp {Ft.p}, {Ft2.p}, {mem.q}
STP_fp_pre  size:2 101101 10 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; stp {Ft.p}, {Ft2.p}, {mem.qpre}
LDP_fp_pre  size:2 101101 11 imm7:7 rt2:5 rn:5 rt:5 ! fp_pair_ok      ; ldp {Ft.p}, {Ft2.p}, {mem.qpre}

ST_m        0 Q:1 0011000 0 000000 vop:4 vsize:2 rn:5 rt:5 ! vmulti_ok  ; st{vn} {Vlist}, {mem}
LD_m        0 Q:1 0011000 1 000000 vop:4 vsize:2 rn:5 rt:5 ! vmulti_ok  ; ld{vn} {Vlist}, {mem}
ST_m_post   0 Q:1 0011001 0 0 rm:5 vop:4 vsize:2 rn:5 rt:5 ! vmulti_ok  ; st{vn} {Vlist}, {mem.vpost}
LD_m_post   0 Q:1 0011001 1 0 rm:5 vop:4 vsize:2 rn:5 rt:5 ! vmulti_ok  ; ld{vn} {Vlist}, {mem.vpost}
ST_s        0 Q:1 0011010 0 r21:1 00000 vop3:3 S:1 vsize:2 rn:5 rt:5 ! vsingle_ok ; st{vs} {Velem}, {mem}
LD_s        0 Q:1 0011010 1 r21:1 00000 vop3:3 S:1 vsize:2 rn:5 rt:5 ! vsingle_ok ; ld{vs} {Velem}, {mem}
ST_s_post   0 Q:1 0011011 0 r21:1 rm:5 vop3:3 S:1 vsize:2 rn:5 rt:5 ! vsingle_ok ; st{vs} {Velem}, {mem.vpost}
LD_s_post   0 Q:1 0011011 1 r21:1 rm:5 vop3:3 S:1 vsize:2 rn:5 rt:5 ! vsingle_ok ; ld{vs} {Velem}, {mem.vpost}
LD_r        0 Q:1 0011010 1 r21:1 00000 11 b13:1 0 vsize:2 rn:5 rt:5  ; ld{vr}r {Vlist.r}, {mem}
LD_r_post   0 Q:1 0011011 1 r21:1 rm:5 11 b13:1 0 vsize:2 rn:5 rt:5   ; ld{vr}r {Vlist.r}, {mem.vpost}
]]
