-- SPDX-License-Identifier: MIT
-- Rows of exclusives, ordered accesses (with LOR), compare and swap, LSE
-- atomics and LDAPR (Arm ARM C4.1.94, "Load/store exclusive" and on).  Bits in
-- parentheses should be so; the hardware ignores them, and so does the decoder.
-- Where binutils insists on them, only the alias that fixes them has a text.
return [[
STXR     size:2 001000 000 rs:5 o0:1 (11111) rn:5 rt:5                ; st{l}xr{bh} {Ws}, {Rt.x}, {mem}
LDXR     size:2 001000 010 (11111) o0:1 (11111) rn:5 rt:5             ; ld{a}xr{bh} {Rt.x}, {mem}
STXP     1 x:1 001000 001 rs:5 o0:1 rt2:5 rn:5 rt:5                   ; st{l}xp {Ws}, {Rt.y}, {Rt2.y}, {mem}
LDXP     1 x:1 001000 011 (11111) o0:1 rt2:5 rn:5 rt:5                ; ld{a}xp {Rt.y}, {Rt2.y}, {mem}
STLR     size:2 001000 100 (11111) o0:1 (11111) rn:5 rt:5 @ lor       ; st{ll}r{bh} {Rt.x}, {mem}
LDAR     size:2 001000 110 (11111) o0:1 (11111) rn:5 rt:5 @ lor       ; -
~        00 001000 110 (1) 1111 1 11111 rn:5 rt:5                     ; ldarb {Rt.x}, {mem}
~        01 001000 110 11111 1 11111 rn:5 rt:5                        ; ldarh {Rt.x}, {mem}
~        1 x:1 001000 110 (1) 1111 1 11111 rn:5 rt:5                  ; ldar {Rt.y}, {mem}
~        size:2 001000 110 (11111) 0 (11111) rn:5 rt:5                ; ldlar{bh} {Rt.x}, {mem}

CASP     0 x:1 001000 0 L:1 1 rs:5 o0:1 11111 rn:5 rt:5 ! casp_ok @ LSE ; casp{lo} {Rs.y}, {Rs1.y}, {Rt.y}, {Rt1.y}, {mem}
CAS      size:2 001000 1 L:1 1 rs:5 o0:1 11111 rn:5 rt:5 @ LSE        ; cas{lo}{bh} {Rs.x}, {Rt.x}, {mem}

LDADD    size:2 111000 A:1 R:1 1 rs:5 0 000 00 rn:5 rt:5 @ LSE        ; ldadd{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 000 00 rn:5 11111               ; stadd{r}{bh} {Rs.x}, {mem}
LDCLR    size:2 111000 A:1 R:1 1 rs:5 0 001 00 rn:5 rt:5 @ LSE        ; ldclr{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 001 00 rn:5 11111               ; stclr{r}{bh} {Rs.x}, {mem}
LDEOR    size:2 111000 A:1 R:1 1 rs:5 0 010 00 rn:5 rt:5 @ LSE        ; ldeor{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 010 00 rn:5 11111               ; steor{r}{bh} {Rs.x}, {mem}
LDSET    size:2 111000 A:1 R:1 1 rs:5 0 011 00 rn:5 rt:5 @ LSE        ; ldset{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 011 00 rn:5 11111               ; stset{r}{bh} {Rs.x}, {mem}
LDSMAX   size:2 111000 A:1 R:1 1 rs:5 0 100 00 rn:5 rt:5 @ LSE        ; ldsmax{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 100 00 rn:5 11111               ; stsmax{r}{bh} {Rs.x}, {mem}
LDSMIN   size:2 111000 A:1 R:1 1 rs:5 0 101 00 rn:5 rt:5 @ LSE        ; ldsmin{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 101 00 rn:5 11111               ; stsmin{r}{bh} {Rs.x}, {mem}
LDUMAX   size:2 111000 A:1 R:1 1 rs:5 0 110 00 rn:5 rt:5 @ LSE        ; ldumax{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 110 00 rn:5 11111               ; stumax{r}{bh} {Rs.x}, {mem}
LDUMIN   size:2 111000 A:1 R:1 1 rs:5 0 111 00 rn:5 rt:5 @ LSE        ; ldumin{ar}{bh} {Rs.x}, {Rt.x}, {mem}
~        size:2 111000 0 R:1 1 rs:5 0 111 00 rn:5 11111               ; stumin{r}{bh} {Rs.x}, {mem}
SWP      size:2 111000 A:1 R:1 1 rs:5 1 000 00 rn:5 rt:5 @ LSE        ; swp{ar}{bh} {Rs.x}, {Rt.x}, {mem}
LDAPR    size:2 111000 1 0 1 11111 1 100 00 rn:5 rt:5 @ LRCPC         ; ldapr{bh} {Rt.x}, {mem}

STLUR    size:2 011001 00 0 imm9:9 00 rn:5 rt:5 @ LRCPC2              ; stlur{bh} {Rt.x}, {mem.i}
LDAPUR   size:2 011001 01 0 imm9:9 00 rn:5 rt:5 @ LRCPC2              ; ldapur{bh} {Rt.x}, {mem.i}
LDAPURS  size:2 011001 1 w32:1 0 imm9:9 00 rn:5 rt:5 ! ldrs_ok @ LRCPC2 ; ldapurs{bhw} {Rt.s}, {mem.i}
]]
