-- SPDX-License-Identifier: MIT
-- Rows of the loads and stores of general registers (Arm ARM C4.1.94): every
-- addressing form of LDR, STR, LDP, STP and prefetch.  `size` is the log2 of
-- the bytes; LDRS_* extend the sign to 64 bits, or to 32 where `w32` is set.
-- PRFM rows lie inside the LDRS rows, and the narrower row wins.
return [[
STR_ui   size:2 111001 00 imm12:12 rn:5 rt:5                          ; str{bh} {Rt.x}, {mem.u}
LDR_ui   size:2 111001 01 imm12:12 rn:5 rt:5                          ; ldr{bh} {Rt.x}, {mem.u}
LDRS_ui  size:2 111001 1 w32:1 imm12:12 rn:5 rt:5 ! ldrs_ok           ; ldrs{bhw} {Rt.s}, {mem.u}
PRFM_ui  11 111001 10 imm12:12 rn:5 rt:5                              ; prfm {prfop}, {mem.u}

STUR     size:2 111000 000 imm9:9 00 rn:5 rt:5                        ; stur{bh} {Rt.x}, {mem.i}
~        size:2 111000 000 imm9:9 00 rn:5 rt:5 ? never                ; str{bh} {Rt.x}, {mem.i}
LDUR     size:2 111000 010 imm9:9 00 rn:5 rt:5                        ; ldur{bh} {Rt.x}, {mem.i}
~        size:2 111000 010 imm9:9 00 rn:5 rt:5 ? never                ; ldr{bh} {Rt.x}, {mem.i}
LDURS    size:2 111000 1 w32:1 0 imm9:9 00 rn:5 rt:5 ! ldrs_ok        ; ldurs{bhw} {Rt.s}, {mem.i}
~        size:2 111000 1 w32:1 0 imm9:9 00 rn:5 rt:5 ? never          ; ldrs{bhw} {Rt.s}, {mem.i}
PRFUM    11 111000 100 imm9:9 00 rn:5 rt:5                            ; prfum {prfop}, {mem.i}
~        11 111000 100 imm9:9 00 rn:5 rt:5 ? never                    ; prfm {prfop}, {mem.i}

STR_post  size:2 111000 000 imm9:9 01 rn:5 rt:5                       ; str{bh} {Rt.x}, {mem.post}
LDR_post  size:2 111000 010 imm9:9 01 rn:5 rt:5                       ; ldr{bh} {Rt.x}, {mem.post}
LDRS_post size:2 111000 1 w32:1 0 imm9:9 01 rn:5 rt:5 ! ldrs_ok       ; ldrs{bhw} {Rt.s}, {mem.post}
STTR     size:2 111000 000 imm9:9 10 rn:5 rt:5                        ; sttr{bh} {Rt.x}, {mem.i}
LDTR     size:2 111000 010 imm9:9 10 rn:5 rt:5                        ; ldtr{bh} {Rt.x}, {mem.i}
LDTRS    size:2 111000 1 w32:1 0 imm9:9 10 rn:5 rt:5 ! ldrs_ok        ; ldtrs{bhw} {Rt.s}, {mem.i}
STR_pre  size:2 111000 000 imm9:9 11 rn:5 rt:5                        ; str{bh} {Rt.x}, {mem.pre}
LDR_pre  size:2 111000 010 imm9:9 11 rn:5 rt:5                        ; ldr{bh} {Rt.x}, {mem.pre}
LDRS_pre size:2 111000 1 w32:1 0 imm9:9 11 rn:5 rt:5 ! ldrs_ok        ; ldrs{bhw} {Rt.s}, {mem.pre}

STR_ro   size:2 111000 001 rm:5 option:3 S:1 10 rn:5 rt:5 ! ro_ok     ; str{bh} {Rt.x}, {mem.r}
LDR_ro   size:2 111000 011 rm:5 option:3 S:1 10 rn:5 rt:5 ! ro_ok     ; ldr{bh} {Rt.x}, {mem.r}
LDRS_ro  size:2 111000 1 w32:1 1 rm:5 option:3 S:1 10 rn:5 rt:5 ! ldrs_ro_ok ; ldrs{bhw} {Rt.s}, {mem.r}
PRFM_ro  11 111000 101 rm:5 option:3 S:1 10 rn:5 rt:5 ! ro_ok         ; prfm {prfop}, {mem.r}

LDR_lit  0 x:1 011000 imm19:19 rt:5                                   ; ldr {Rt.y}, {rel19}
LDRSW_lit 10 011000 imm19:19 rt:5                                     ; ldrsw {Xt}, {rel19}
PRFM_lit 11 011000 imm19:19 rt:5                                      ; prfm {prfop}, {rel19}

STNP     sf:1 0 101000 00 imm7:7 rt2:5 rn:5 rt:5                      ; stnp {Rt}, {Rt2}, {mem.p}
LDNP     sf:1 0 101000 01 imm7:7 rt2:5 rn:5 rt:5                      ; ldnp {Rt}, {Rt2}, {mem.p}
STP_post sf:1 0 101000 10 imm7:7 rt2:5 rn:5 rt:5                      ; stp {Rt}, {Rt2}, {mem.ppost}
LDP_post sf:1 0 101000 11 imm7:7 rt2:5 rn:5 rt:5                      ; ldp {Rt}, {Rt2}, {mem.ppost}
STP      sf:1 0 101001 00 imm7:7 rt2:5 rn:5 rt:5                      ; stp {Rt}, {Rt2}, {mem.p}
LDP      sf:1 0 101001 01 imm7:7 rt2:5 rn:5 rt:5                      ; ldp {Rt}, {Rt2}, {mem.p}
STP_pre  sf:1 0 101001 10 imm7:7 rt2:5 rn:5 rt:5                      ; stp {Rt}, {Rt2}, {mem.ppre}
LDP_pre  sf:1 0 101001 11 imm7:7 rt2:5 rn:5 rt:5                      ; ldp {Rt}, {Rt2}, {mem.ppre}
LDPSW_post 01 101000 11 imm7:7 rt2:5 rn:5 rt:5                        ; -
~        01 101000 11 imm7:7 rt2:5 rn:5 rt:5 ? ldpsw_wb               ; ldpsw {Xt}, {Xt2}, {mem.ppost}
LDPSW    01 101001 01 imm7:7 rt2:5 rn:5 rt:5                          ; -
~        01 101001 01 imm7:7 rt2:5 rn:5 rt:5 ? ldpsw_plain            ; ldpsw {Xt}, {Xt2}, {mem.p}
LDPSW_pre 01 101001 11 imm7:7 rt2:5 rn:5 rt:5                         ; -
~        01 101001 11 imm7:7 rt2:5 rn:5 rt:5 ? ldpsw_wb               ; ldpsw {Xt}, {Xt2}, {mem.ppre}
]]
