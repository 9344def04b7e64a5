-- SPDX-License-Identifier: MIT
-- Rows of pointer authentication outside the hint space (FEAT_PAuth, Arm ARM
-- C4.1.93 to C4.1.95). `keyb` and `ldrab` choose key B; `rmod` is the modifier,
-- sp where it is 31.
return [[
PACIA       1 1 0 11010110 00001 000000 rn:5 rd:5 @ PAuth             ; pacia {Xd}, {Xn.sp}
PACIB       1 1 0 11010110 00001 000001 rn:5 rd:5 @ PAuth             ; pacib {Xd}, {Xn.sp}
PACDA       1 1 0 11010110 00001 000010 rn:5 rd:5 @ PAuth             ; pacda {Xd}, {Xn.sp}
PACDB       1 1 0 11010110 00001 000011 rn:5 rd:5 @ PAuth             ; pacdb {Xd}, {Xn.sp}
AUTIA       1 1 0 11010110 00001 000100 rn:5 rd:5 @ PAuth             ; autia {Xd}, {Xn.sp}
AUTIB       1 1 0 11010110 00001 000101 rn:5 rd:5 @ PAuth             ; autib {Xd}, {Xn.sp}
AUTDA       1 1 0 11010110 00001 000110 rn:5 rd:5 @ PAuth             ; autda {Xd}, {Xn.sp}
AUTDB       1 1 0 11010110 00001 000111 rn:5 rd:5 @ PAuth             ; autdb {Xd}, {Xn.sp}
PACIZA      1 1 0 11010110 00001 001000 11111 rd:5 @ PAuth            ; paciza {Xd}
PACIZB      1 1 0 11010110 00001 001001 11111 rd:5 @ PAuth            ; pacizb {Xd}
PACDZA      1 1 0 11010110 00001 001010 11111 rd:5 @ PAuth            ; pacdza {Xd}
PACDZB      1 1 0 11010110 00001 001011 11111 rd:5 @ PAuth            ; pacdzb {Xd}
AUTIZA      1 1 0 11010110 00001 001100 11111 rd:5 @ PAuth            ; autiza {Xd}
AUTIZB      1 1 0 11010110 00001 001101 11111 rd:5 @ PAuth            ; autizb {Xd}
AUTDZA      1 1 0 11010110 00001 001110 11111 rd:5 @ PAuth            ; autdza {Xd}
AUTDZB      1 1 0 11010110 00001 001111 11111 rd:5 @ PAuth            ; autdzb {Xd}
XPACI       1 1 0 11010110 00001 010000 11111 rd:5 @ PAuth            ; xpaci {Xd}
XPACD       1 1 0 11010110 00001 010001 11111 rd:5 @ PAuth            ; xpacd {Xd}
PACGA       1 0 0 11010110 rm:5 001100 rn:5 rd:5 @ PAuth              ; pacga {Xd}, {Xn}, {Xm.sp}
BRAZ        1101011 0000 11111 00001 keyb:1 rn:5 11111 @ PAuth        ; bra{ab}z {Xn}
BLRAZ       1101011 0001 11111 00001 keyb:1 rn:5 11111 @ PAuth        ; blra{ab}z {Xn}
RETA        1101011 0010 11111 00001 keyb:1 11111 11111 @ PAuth       ; reta{ab}
ERETA       1101011 0100 11111 00001 keyb:1 11111 11111 @ PAuth       ; ereta{ab}
BRA         1101011 1000 11111 00001 keyb:1 rn:5 rmod:5 @ PAuth       ; bra{ab} {Xn}, {Xmod.sp}
BLRA        1101011 1001 11111 00001 keyb:1 rn:5 rmod:5 @ PAuth       ; blra{ab} {Xn}, {Xmod.sp}
LDRA        11 111000 ldrab:1 s10:1 1 imm9:9 0 1 rn:5 rt:5 @ PAuth    ; ldra{ldrab} {Xt}, {mem.10}
LDRA_pre    11 111000 ldrab:1 s10:1 1 imm9:9 1 1 rn:5 rt:5 @ PAuth    ; ldra{ldrab} {Xt}, {mem.10pre}
]]
