-- SPDX-License-Identifier: MIT
-- Rows of "Data processing - register" (Arm ARM C4.1.95): shifted and extended
-- operands, carry, conditional, one, two and three sources, CRC32, FlagM.
return [[
AND_sr   sf:1 00 01010 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; and {Rd}, {Rn}, {Rm.sft}
BIC_sr   sf:1 00 01010 shift:2 1 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; bic {Rd}, {Rn}, {Rm.sft}
ORR_sr   sf:1 01 01010 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; orr {Rd}, {Rn}, {Rm.sft}
~        sf:1 01 01010 00 0 rm:5 000000 11111 rd:5                    ; mov {Rd}, {Rm}
~        0 01 01010 00 0 rm:5 000000 11111 rd:5 ? never               ; uxtw {Xd}, {Wm}
ORN_sr   sf:1 01 01010 shift:2 1 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; orn {Rd}, {Rn}, {Rm.sft}
~        sf:1 01 01010 shift:2 1 rm:5 imm6:6 11111 rd:5               ; mvn {Rd}, {Rm.sft}
EOR_sr   sf:1 10 01010 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; eor {Rd}, {Rn}, {Rm.sft}
EON_sr   sf:1 10 01010 shift:2 1 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; eon {Rd}, {Rn}, {Rm.sft}
ANDS_sr  sf:1 11 01010 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; ands {Rd}, {Rn}, {Rm.sft}
~        sf:1 11 01010 shift:2 0 rm:5 imm6:6 rn:5 11111               ; tst {Rn}, {Rm.sft}
BICS_sr  sf:1 11 01010 shift:2 1 rm:5 imm6:6 rn:5 rd:5 ! shift_ok     ; bics {Rd}, {Rn}, {Rm.sft}

ADD_sr   sf:1 00 01011 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! addshift_ok  ; add {Rd}, {Rn}, {Rm.sft}
ADDS_sr  sf:1 01 01011 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! addshift_ok  ; adds {Rd}, {Rn}, {Rm.sft}
~        sf:1 01 01011 shift:2 0 rm:5 imm6:6 rn:5 11111               ; cmn {Rn}, {Rm.sft}
SUB_sr   sf:1 10 01011 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! addshift_ok  ; sub {Rd}, {Rn}, {Rm.sft}
~        sf:1 10 01011 shift:2 0 rm:5 imm6:6 11111 rd:5               ; neg {Rd}, {Rm.sft}
SUBS_sr  sf:1 11 01011 shift:2 0 rm:5 imm6:6 rn:5 rd:5 ! addshift_ok  ; subs {Rd}, {Rn}, {Rm.sft}
~        sf:1 11 01011 shift:2 0 rm:5 imm6:6 rn:5 11111               ; cmp {Rn}, {Rm.sft}
~        sf:1 11 01011 shift:2 0 rm:5 imm6:6 11111 rd:5               ; negs {Rd}, {Rm.sft}

ADD_er   sf:1 00 01011 00 1 rm:5 option:3 imm3:3 rn:5 rd:5 ! ext_ok   ; add {Rd.sp}, {Rn.sp}, {Rm.ext}
ADDS_er  sf:1 01 01011 00 1 rm:5 option:3 imm3:3 rn:5 rd:5 ! ext_ok   ; adds {Rd}, {Rn.sp}, {Rm.ext}
~        sf:1 01 01011 00 1 rm:5 option:3 imm3:3 rn:5 11111           ; cmn {Rn.sp}, {Rm.ext}
SUB_er   sf:1 10 01011 00 1 rm:5 option:3 imm3:3 rn:5 rd:5 ! ext_ok   ; sub {Rd.sp}, {Rn.sp}, {Rm.ext}
SUBS_er  sf:1 11 01011 00 1 rm:5 option:3 imm3:3 rn:5 rd:5 ! ext_ok   ; subs {Rd}, {Rn.sp}, {Rm.ext}
~        sf:1 11 01011 00 1 rm:5 option:3 imm3:3 rn:5 11111           ; cmp {Rn.sp}, {Rm.ext}

ADC      sf:1 00 11010000 rm:5 000000 rn:5 rd:5                       ; adc {Rd}, {Rn}, {Rm}
ADCS     sf:1 01 11010000 rm:5 000000 rn:5 rd:5                       ; adcs {Rd}, {Rn}, {Rm}
SBC      sf:1 10 11010000 rm:5 000000 rn:5 rd:5                       ; sbc {Rd}, {Rn}, {Rm}
~        sf:1 10 11010000 rm:5 000000 11111 rd:5                      ; ngc {Rd}, {Rm}
SBCS     sf:1 11 11010000 rm:5 000000 rn:5 rd:5                       ; sbcs {Rd}, {Rn}, {Rm}
~        sf:1 11 11010000 rm:5 000000 11111 rd:5                      ; ngcs {Rd}, {Rm}
RMIF     1 01 11010000 rot6:6 00001 rn:5 0 nzcv:4 @ FlagM             ; rmif {Xn}, {rot6}, {nzcv}
SETF8    0 01 11010000 000000 00010 rn:5 01101 @ FlagM               ; setf8 {Wn}
SETF16   0 01 11010000 000000 10010 rn:5 01101 @ FlagM               ; setf16 {Wn}

CCMN     sf:1 01 11010010 rm:5 cond:4 00 rn:5 0 nzcv:4                ; ccmn {Rn}, {Rm}, {nzcv}, {cond}
CCMP     sf:1 11 11010010 rm:5 cond:4 00 rn:5 0 nzcv:4                ; ccmp {Rn}, {Rm}, {nzcv}, {cond}
CCMN_i   sf:1 01 11010010 imm5:5 cond:4 10 rn:5 0 nzcv:4              ; ccmn {Rn}, {imm5}, {nzcv}, {cond}
CCMP_i   sf:1 11 11010010 imm5:5 cond:4 10 rn:5 0 nzcv:4              ; ccmp {Rn}, {imm5}, {nzcv}, {cond}

CSEL     sf:1 00 11010100 rm:5 cond:4 00 rn:5 rd:5                    ; csel {Rd}, {Rn}, {Rm}, {cond}
CSINC    sf:1 00 11010100 rm:5 cond:4 01 rn:5 rd:5                    ; csinc {Rd}, {Rn}, {Rm}, {cond}
~        sf:1 00 11010100 11111 cond:4 01 11111 rd:5 ? cond_real      ; cset {Rd}, {cond.inv}
~        sf:1 00 11010100 rm:5=rn cond:4 01 rn:5 rd:5 ? cond_inc      ; cinc {Rd}, {Rn}, {cond.inv}
CSINV    sf:1 10 11010100 rm:5 cond:4 00 rn:5 rd:5                    ; csinv {Rd}, {Rn}, {Rm}, {cond}
~        sf:1 10 11010100 11111 cond:4 00 11111 rd:5 ? cond_real      ; csetm {Rd}, {cond.inv}
~        sf:1 10 11010100 rm:5=rn cond:4 00 rn:5 rd:5 ? cond_inc      ; cinv {Rd}, {Rn}, {cond.inv}
CSNEG    sf:1 10 11010100 rm:5 cond:4 01 rn:5 rd:5                    ; csneg {Rd}, {Rn}, {Rm}, {cond}
~        sf:1 10 11010100 rm:5=rn cond:4 01 rn:5 rd:5 ? cond_real     ; cneg {Rd}, {Rn}, {cond.inv}

RBIT     sf:1 10 11010110 00000 000000 rn:5 rd:5                      ; rbit {Rd}, {Rn}
REV16    sf:1 10 11010110 00000 000001 rn:5 rd:5                      ; rev16 {Rd}, {Rn}
REV32    sf:1 10 11010110 00000 000010 rn:5 rd:5                      ; -
~        0 10 11010110 00000 000010 rn:5 rd:5                         ; rev {Wd}, {Wn}
~        1 10 11010110 00000 000010 rn:5 rd:5                         ; rev32 {Xd}, {Xn}
REV64    1 10 11010110 00000 000011 rn:5 rd:5                         ; rev {Xd}, {Xn}
~        1 10 11010110 00000 000011 rn:5 rd:5 ? never                 ; rev64 {Xd}, {Xn}
CLZ      sf:1 10 11010110 00000 000100 rn:5 rd:5                      ; clz {Rd}, {Rn}
CLS      sf:1 10 11010110 00000 000101 rn:5 rd:5                      ; cls {Rd}, {Rn}

UDIV     sf:1 00 11010110 rm:5 000010 rn:5 rd:5                       ; udiv {Rd}, {Rn}, {Rm}
SDIV     sf:1 00 11010110 rm:5 000011 rn:5 rd:5                       ; sdiv {Rd}, {Rn}, {Rm}
LSLV     sf:1 00 11010110 rm:5 001000 rn:5 rd:5                       ; lsl {Rd}, {Rn}, {Rm}
~        sf:1 00 11010110 rm:5 001000 rn:5 rd:5 ? never               ; lslv {Rd}, {Rn}, {Rm}
LSRV     sf:1 00 11010110 rm:5 001001 rn:5 rd:5                       ; lsr {Rd}, {Rn}, {Rm}
~        sf:1 00 11010110 rm:5 001001 rn:5 rd:5 ? never               ; lsrv {Rd}, {Rn}, {Rm}
ASRV     sf:1 00 11010110 rm:5 001010 rn:5 rd:5                       ; asr {Rd}, {Rn}, {Rm}
~        sf:1 00 11010110 rm:5 001010 rn:5 rd:5 ? never               ; asrv {Rd}, {Rn}, {Rm}
RORV     sf:1 00 11010110 rm:5 001011 rn:5 rd:5                       ; ror {Rd}, {Rn}, {Rm}
~        sf:1 00 11010110 rm:5 001011 rn:5 rd:5 ? never               ; rorv {Rd}, {Rn}, {Rm}
CRC32    sf:1 00 11010110 rm:5 0100 csz:2 rn:5 rd:5 ! crc_ok @ CRC32  ; crc32{bhwx} {Wd}, {Wn}, {Rm}
CRC32C   sf:1 00 11010110 rm:5 0101 csz:2 rn:5 rd:5 ! crc_ok @ CRC32  ; crc32c{bhwx} {Wd}, {Wn}, {Rm}

MADD     sf:1 00 11011000 rm:5 0 ra:5 rn:5 rd:5                       ; madd {Rd}, {Rn}, {Rm}, {Ra}
~        sf:1 00 11011000 rm:5 0 11111 rn:5 rd:5                      ; mul {Rd}, {Rn}, {Rm}
MSUB     sf:1 00 11011000 rm:5 1 ra:5 rn:5 rd:5                       ; msub {Rd}, {Rn}, {Rm}, {Ra}
~        sf:1 00 11011000 rm:5 1 11111 rn:5 rd:5                      ; mneg {Rd}, {Rn}, {Rm}
SMADDL   1 00 11011001 rm:5 0 ra:5 rn:5 rd:5                          ; smaddl {Xd}, {Wn}, {Wm}, {Xa}
~        1 00 11011001 rm:5 0 11111 rn:5 rd:5                         ; smull {Xd}, {Wn}, {Wm}
SMSUBL   1 00 11011001 rm:5 1 ra:5 rn:5 rd:5                          ; smsubl {Xd}, {Wn}, {Wm}, {Xa}
~        1 00 11011001 rm:5 1 11111 rn:5 rd:5                         ; smnegl {Xd}, {Wn}, {Wm}
SMULH    1 00 11011010 rm:5 0 (11111) rn:5 rd:5                       ; smulh {Xd}, {Xn}, {Xm}
UMADDL   1 00 11011101 rm:5 0 ra:5 rn:5 rd:5                          ; umaddl {Xd}, {Wn}, {Wm}, {Xa}
~        1 00 11011101 rm:5 0 11111 rn:5 rd:5                         ; umull {Xd}, {Wn}, {Wm}
UMSUBL   1 00 11011101 rm:5 1 ra:5 rn:5 rd:5                          ; umsubl {Xd}, {Wn}, {Wm}, {Xa}
~        1 00 11011101 rm:5 1 11111 rn:5 rd:5                         ; umnegl {Xd}, {Wn}, {Wm}
UMULH    1 00 11011110 rm:5 0 (11111) rn:5 rd:5                       ; umulh {Xd}, {Xn}, {Xm}

SMAX     sf:1 0 0 11010110 rm:5 0110 00 rn:5 rd:5 @ CSSC              ; smax {Rd}, {Rn}, {Rm}
UMAX     sf:1 0 0 11010110 rm:5 0110 01 rn:5 rd:5 @ CSSC              ; umax {Rd}, {Rn}, {Rm}
SMIN     sf:1 0 0 11010110 rm:5 0110 10 rn:5 rd:5 @ CSSC              ; smin {Rd}, {Rn}, {Rm}
UMIN     sf:1 0 0 11010110 rm:5 0110 11 rn:5 rd:5 @ CSSC              ; umin {Rd}, {Rn}, {Rm}
SMAX_i   sf:1 0 0 100011 1 0000 imm8c:8 rn:5 rd:5 @ CSSC              ; smax {Rd}, {Rn}, {simm8}
UMAX_i   sf:1 0 0 100011 1 0001 imm8c:8 rn:5 rd:5 @ CSSC              ; umax {Rd}, {Rn}, {uimm8}
SMIN_i   sf:1 0 0 100011 1 0010 imm8c:8 rn:5 rd:5 @ CSSC              ; smin {Rd}, {Rn}, {simm8}
UMIN_i   sf:1 0 0 100011 1 0011 imm8c:8 rn:5 rd:5 @ CSSC              ; umin {Rd}, {Rn}, {uimm8}
CTZ      sf:1 1 0 11010110 00000 000110 rn:5 rd:5 @ CSSC              ; ctz {Rd}, {Rn}
CNT      sf:1 1 0 11010110 00000 000111 rn:5 rd:5 @ CSSC              ; cnt {Rd}, {Rn}
ABS      sf:1 1 0 11010110 00000 001000 rn:5 rd:5 @ CSSC              ; abs {Rd}, {Rn}
]]
