-- SPDX-License-Identifier: MIT
-- Rows of "Data processing - immediate" (Arm ARM C4.1.92): addresses, add and
-- subtract, logical, wide moves, bitfields, extract.  The notation is told in
-- ../README.md: name, bits from 31 down, `! rule`, `? preference`; syntax.
return [[
ADR      0 immlo:2 10000 imm19:19 rd:5                                ; adr {Xd}, {rel21}
ADRP     1 immlo:2 10000 imm19:19 rd:5                                ; adrp {Xd}, {page21}

ADD_i    sf:1 00 100010 sh:1 imm12:12 rn:5 rd:5                       ; add {Rd.sp}, {Rn.sp}, {aimm}
~        sf:1 00 100010 0 000000000000 rn:5 rd:5 ? sp_involved        ; mov {Rd.sp}, {Rn.sp}
~        sf:1 00 100010 sh:1 imm12:12 rn:5 rd:5 ? never               ; sub {Rd.sp}, {Rn.sp}, {aimm.neg}
ADDS_i   sf:1 01 100010 sh:1 imm12:12 rn:5 rd:5                       ; adds {Rd}, {Rn.sp}, {aimm}
~        sf:1 01 100010 sh:1 imm12:12 rn:5 11111                      ; cmn {Rn.sp}, {aimm}
~        sf:1 01 100010 sh:1 imm12:12 rn:5 11111 ? never              ; cmp {Rn.sp}, {aimm.neg}
~        sf:1 01 100010 sh:1 imm12:12 rn:5 rd:5 ? never               ; subs {Rd}, {Rn.sp}, {aimm.neg}
SUB_i    sf:1 10 100010 sh:1 imm12:12 rn:5 rd:5                       ; sub {Rd.sp}, {Rn.sp}, {aimm}
~        sf:1 10 100010 sh:1 imm12:12 rn:5 rd:5 ? never               ; add {Rd.sp}, {Rn.sp}, {aimm.neg}
SUBS_i   sf:1 11 100010 sh:1 imm12:12 rn:5 rd:5                       ; subs {Rd}, {Rn.sp}, {aimm}
~        sf:1 11 100010 sh:1 imm12:12 rn:5 11111                      ; cmp {Rn.sp}, {aimm}
~        sf:1 11 100010 sh:1 imm12:12 rn:5 11111 ? never              ; cmn {Rn.sp}, {aimm.neg}
~        sf:1 11 100010 sh:1 imm12:12 rn:5 rd:5 ? never               ; adds {Rd}, {Rn.sp}, {aimm.neg}

MOVN     sf:1 00 100101 hw:2 imm16:16 rd:5 ! hw_ok                    ; movn {Rd}, {imm16.hw}
~        sf:1 00 100101 hw:2 imm16:16 rd:5 ? mov_inverted             ; mov {Rd}, {wide.inv}
MOVZ     sf:1 10 100101 hw:2 imm16:16 rd:5 ! hw_ok                    ; movz {Rd}, {imm16.hw}
~        sf:1 10 100101 hw:2 imm16:16 rd:5 ? mov_wide                 ; mov {Rd}, {wide}
MOVK     sf:1 11 100101 hw:2 imm16:16 rd:5 ! hw_ok                    ; movk {Rd}, {imm16.hw}

AND_i    sf:1 00 100100 N:1 immr:6 imms:6 rn:5 rd:5 ! limm_ok         ; and {Rd.sp}, {Rn}, {limm}
~        sf:1 00 100100 N:1 immr:6 imms:6 rn:5 rd:5 ? never           ; bic {Rd.sp}, {Rn}, {limm.inv}
ORR_i    sf:1 01 100100 N:1 immr:6 imms:6 rn:5 rd:5 ! limm_ok         ; orr {Rd.sp}, {Rn}, {limm}
~        sf:1 01 100100 N:1 immr:6 imms:6 11111 rd:5 ? mov_limm       ; mov {Rd.sp}, {limm}
~        sf:1 01 100100 N:1 immr:6 imms:6 rn:5 rd:5 ? never           ; orn {Rd.sp}, {Rn}, {limm.inv}
EOR_i    sf:1 10 100100 N:1 immr:6 imms:6 rn:5 rd:5 ! limm_ok         ; eor {Rd.sp}, {Rn}, {limm}
~        sf:1 10 100100 N:1 immr:6 imms:6 rn:5 rd:5 ? never           ; eon {Rd.sp}, {Rn}, {limm.inv}
ANDS_i   sf:1 11 100100 N:1 immr:6 imms:6 rn:5 rd:5 ! limm_ok         ; ands {Rd}, {Rn}, {limm}
~        sf:1 11 100100 N:1 immr:6 imms:6 rn:5 11111                  ; tst {Rn}, {limm}
~        sf:1 11 100100 N:1 immr:6 imms:6 rn:5 rd:5 ? never           ; bics {Rd}, {Rn}, {limm.inv}

SBFM     sf:1 00 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ! bf_ok        ; sbfm {Rd}, {Rn}, {immr}, {imms}
~        sf:1 00 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? shift_right  ; asr {Rd}, {Rn}, {rightamt}
~        sf:1 00 100110 N:1=sf 000000 000111 rn:5 rd:5                ; sxtb {Rd}, {Wn}
~        sf:1 00 100110 N:1=sf 000000 001111 rn:5 rd:5                ; sxth {Rd}, {Wn}
~        1 00 100110 1 000000 011111 rn:5 rd:5                        ; sxtw {Xd}, {Wn}
~        sf:1 00 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? bf_insert    ; sbfiz {Rd}, {Rn}, {lsb.ins}, {width.ins}
~        sf:1 00 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? bf_extract   ; sbfx {Rd}, {Rn}, {immr}, {width.ext}
BFM      sf:1 01 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ! bf_ok        ; bfm {Rd}, {Rn}, {immr}, {imms}
~        sf:1 01 100110 N:1=sf immr:6 imms:6 11111 rd:5 ? bf_insert   ; bfc {Rd}, {lsb.ins}, {width.ins}
~        sf:1 01 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? bf_insert    ; bfi {Rd}, {Rn}, {lsb.ins}, {width.ins}
~        sf:1 01 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? bf_extract   ; bfxil {Rd}, {Rn}, {immr}, {width.ext}
UBFM     sf:1 10 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ! bf_ok        ; ubfm {Rd}, {Rn}, {immr}, {imms}
~        sf:1 10 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? shift_left   ; lsl {Rd}, {Rn}, {leftamt}
~        sf:1 10 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? shift_right  ; lsr {Rd}, {Rn}, {rightamt}
~        0 10 100110 0 000000 000111 rn:5 rd:5                        ; uxtb {Wd}, {Wn}
~        0 10 100110 0 000000 001111 rn:5 rd:5                        ; uxth {Wd}, {Wn}
~        0 10 100110 0 000000 000111 rn:5 rd:5 ? never                ; uxtb {Xd}, {Wn}
~        0 10 100110 0 000000 001111 rn:5 rd:5 ? never                ; uxth {Xd}, {Wn}
~        sf:1 10 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? bf_insert    ; ubfiz {Rd}, {Rn}, {lsb.ins}, {width.ins}
~        sf:1 10 100110 N:1=sf immr:6 imms:6 rn:5 rd:5 ? bf_extract   ; ubfx {Rd}, {Rn}, {immr}, {width.ext}

EXTR     sf:1 00 100111 N:1=sf 0 rm:5 imms:6 rn:5 rd:5 ! extr_ok      ; extr {Rd}, {Rn}, {Rm}, {imms}
~        sf:1 00 100111 N:1=sf 0 rm:5=rn imms:6 rn:5 rd:5             ; ror {Rd}, {Rn}, {imms}
]]
