-- SPDX-License-Identifier: MIT
-- Rows of "Branches, Exception generating and System instructions" (Arm ARM
-- C4.1.93) and UDF.  HINT and MSR_i hold narrower rows inside them; the
-- narrower row wins.  SYS and MRS/MSR decode for every key: what a register or
-- operation does, and whether it exists, is the CPU's question.
return [[
UDF      0000000000000000 imm16l:16                                   ; udf {imm16l}

B_cond   01010100 imm19:19 0 bcond:4                                  ; b.{bcond} {rel19}
~        01010100 imm19:19 0 bcond:4 ? never                          ; b{bcond} {rel19}
BC_cond  01010100 imm19:19 1 bcond:4 @ HBC                            ; bc.{bcond} {rel19}
B        000101 imm26:26                                              ; b {rel26}
BL       100101 imm26:26                                              ; bl {rel26}
CBZ      sf:1 0110100 imm19:19 rt:5                                   ; cbz {Rt}, {rel19}
CBNZ     sf:1 0110101 imm19:19 rt:5                                   ; cbnz {Rt}, {rel19}
TBZ      b5:1 0110110 b40:5 imm14:14 rt:5                             ; tbz {Rt.bit}, {bit}, {rel14}
TBNZ     b5:1 0110111 b40:5 imm14:14 rt:5                             ; tbnz {Rt.bit}, {bit}, {rel14}
BR       1101011 0000 11111 000000 rn:5 00000                         ; br {Xn}
BLR      1101011 0001 11111 000000 rn:5 00000                         ; blr {Xn}
RET      1101011 0010 11111 000000 rn:5 00000                         ; ret {Xn}
~        1101011 0010 11111 000000 11110 00000                        ; ret
ERET     1101011 0100 11111 000000 11111 00000                        ; eret
DRPS     1101011 0101 11111 000000 11111 00000                        ; drps

SVC      11010100 000 imm16:16 000 01                                 ; svc {imm16}
HVC      11010100 000 imm16:16 000 10                                 ; hvc {imm16}
SMC      11010100 000 imm16:16 000 11                                 ; smc {imm16}
BRK      11010100 001 imm16:16 000 00                                 ; brk {imm16}
HLT      11010100 010 imm16:16 000 00                                 ; hlt {imm16}
DCPS1    11010100 101 imm16:16 000 01                                 ; dcps1 {imm16}
~        11010100 101 0000000000000000 000 01                         ; dcps1
DCPS2    11010100 101 imm16:16 000 10                                 ; dcps2 {imm16}
~        11010100 101 0000000000000000 000 10                         ; dcps2
DCPS3    11010100 101 imm16:16 000 11                                 ; dcps3 {imm16}
~        11010100 101 0000000000000000 000 11                         ; dcps3

HINT     11010101000000110010 hint:7 11111                            ; hint {hint}
~        11010101000000110010 0000110 11111 ? never                   ; dgh
~        11010101000000110010 0000111 11111                           ; xpaclri
~        11010101000000110010 0001000 11111                           ; pacia1716
~        11010101000000110010 0001010 11111                           ; pacib1716
~        11010101000000110010 0001100 11111                           ; autia1716
~        11010101000000110010 0001110 11111                           ; autib1716
~        11010101000000110010 0010000 11111                           ; esb
~        11010101000000110010 0010001 11111                           ; psb {csync}
~        11010101000000110010 0010010 11111                           ; tsb {csync}
~        11010101000000110010 0010100 11111                           ; csdb
~        11010101000000110010 0010110 11111                           ; clearbhb
~        11010101000000110010 0011000 11111                           ; paciaz
~        11010101000000110010 0011001 11111                           ; paciasp
~        11010101000000110010 0011010 11111                           ; pacibz
~        11010101000000110010 0011011 11111                           ; pacibsp
~        11010101000000110010 0011100 11111                           ; autiaz
~        11010101000000110010 0011101 11111                           ; autiasp
~        11010101000000110010 0011110 11111                           ; autibz
~        11010101000000110010 0011111 11111                           ; autibsp
~        11010101000000110010 0100000 11111                           ; bti
~        11010101000000110010 0100 bti:2 0 11111                      ; bti {bti}
NOP      11010101000000110010 0000000 11111                           ; nop
YIELD    11010101000000110010 0000001 11111                           ; yield
WFE      11010101000000110010 0000010 11111                           ; wfe
WFI      11010101000000110010 0000011 11111                           ; wfi
SEV      11010101000000110010 0000100 11111                           ; sev
SEVL     11010101000000110010 0000101 11111                           ; sevl

CLREX    11010101000000110011 crm:4 010 11111                         ; clrex {crm}
~        11010101000000110011 1111 010 11111                          ; clrex
DSB      11010101000000110011 crm:4 100 11111                         ; dsb {barrier}
~        11010101000000110011 0000 100 11111                          ; ssbb
~        11010101000000110011 0100 100 11111                          ; pssbb
DSB_nxs  11010101000000110011 nxs:2 10 001 11111 @ XS                 ; dsb {barrier.nxs}
DMB      11010101000000110011 crm:4 101 11111                         ; dmb {barrier}
ISB      11010101000000110011 crm:4 110 11111                         ; isb {barrier.isb}
~        11010101000000110011 1111 110 11111                          ; isb
SB       11010101000000110011 0000 111 11111 @ SB                     ; sb

MSR_i    1101010100000 op1:3 0100 crm:4 op2:3 11111 ! pstate_ok @ pstate ; msr {pstate}, {crm}
~        1101010100000 op1:3 0100 crm:4 op2:3 11111 ? pstate_odd      ; msr {pstate.raw}, {xzr}
CFINV    1101010100000 000 0100 0000 000 11111 @ FlagM                ; cfinv
XAFLAG   1101010100000 000 0100 0000 001 11111 @ FlagM2               ; xaflag
AXFLAG   1101010100000 000 0100 0000 010 11111 @ FlagM2               ; axflag
WFET     11010101000000110001 0000 000 rt:5 @ WFxT                    ; wfet {Xt}
WFIT     11010101000000110001 0000 001 rt:5 @ WFxT                    ; wfit {Xt}
SYS      1101010100001 op1:3 crn:4 crm:4 op2:3 rt:5                   ; sys {op1}, {Cn}, {Cm}, {op2}, {Xt}
~        1101010100001 op1:3 0111 crm:4 op2:3 (11111) ? sys_ic_all    ; ic {ic.all}
~        1101010100001 011 0111 0101 001 rt:5                         ; ic {ic}, {Xt}
~        1101010100001 op1:3 0111 crm:4 op2:3 rt:5 ? sys_dc           ; dc {dc}, {Xt}
~        1101010100001 op1:3 0111 100 at0:1 op2:3 rt:5 ? sys_at       ; at {at}, {Xt}
~        1101010100001 op1:3 1000 crm:4 op2:3 (11111) ? sys_tlbi_all  ; tlbi {tlbi.all}
~        1101010100001 op1:3 1000 crm:4 op2:3 rt:5 ? sys_tlbi         ; tlbi {tlbi}, {Xt}
~        1101010100001 op1:3 1001 crm:4 op2:3 (11111) ? never         ; tlbi {tlbi.allnxs}
~        1101010100001 op1:3 1001 crm:4 op2:3 rt:5 ? never            ; tlbi {tlbi.nxs}, {Xt}
~        1101010100001 011 0111 0011 100 rt:5                         ; cfp {rctx}, {Xt}
~        1101010100001 011 0111 0011 101 rt:5                         ; dvp {rctx}, {Xt}
~        1101010100001 011 0111 0011 111 rt:5                         ; cpp {rctx}, {Xt}
~        1101010100001 op1:3 crn:4 crm:4 op2:3 11111                  ; sys {op1}, {Cn}, {Cm}, {op2}
SYSL     1101010100101 op1:3 crn:4 crm:4 op2:3 rt:5                   ; sysl {Xt}, {op1}, {Cn}, {Cm}, {op2}
MSR      11010101000 1 key:15 rt:5                                    ; msr {sysreg.w}, {Xt}
MRS      11010101001 1 key:15 rt:5                                    ; mrs {Xt}, {sysreg.r}
]]
