-- SPDX-License-Identifier: MIT
-- Rows of the cryptographic instructions (Arm ARM C4.1.96). EOR3, BCAX, RAX1
-- and XAR are FEAT_SHA3's.
return [[
AESE        01001110 00 10100 00100 10 rn:5 rd:5 @ AES                ; aese {Vd.16b}, {Vn.16b}
AESD        01001110 00 10100 00101 10 rn:5 rd:5 @ AES                ; aesd {Vd.16b}, {Vn.16b}
AESMC       01001110 00 10100 00110 10 rn:5 rd:5 @ AES                ; aesmc {Vd.16b}, {Vn.16b}
AESIMC      01001110 00 10100 00111 10 rn:5 rd:5 @ AES                ; aesimc {Vd.16b}, {Vn.16b}
SHA1C       01011110 00 0 rm:5 0 000 00 rn:5 rd:5 @ SHA1              ; sha1c {Qd}, {Sn}, {Vm.4s}
SHA1P       01011110 00 0 rm:5 0 001 00 rn:5 rd:5 @ SHA1              ; sha1p {Qd}, {Sn}, {Vm.4s}
SHA1M       01011110 00 0 rm:5 0 010 00 rn:5 rd:5 @ SHA1              ; sha1m {Qd}, {Sn}, {Vm.4s}
SHA1SU0     01011110 00 0 rm:5 0 011 00 rn:5 rd:5 @ SHA1              ; sha1su0 {Vd.4s}, {Vn.4s}, {Vm.4s}
SHA1H       01011110 00 10100 00000 10 rn:5 rd:5 @ SHA1               ; sha1h {Sd}, {Sn}
SHA1SU1     01011110 00 10100 00001 10 rn:5 rd:5 @ SHA1               ; sha1su1 {Vd.4s}, {Vn.4s}
SHA256H     01011110 00 0 rm:5 0 100 00 rn:5 rd:5 @ SHA256            ; sha256h {Qd}, {Qn}, {Vm.4s}
SHA256H2    01011110 00 0 rm:5 0 101 00 rn:5 rd:5 @ SHA256            ; sha256h2 {Qd}, {Qn}, {Vm.4s}
SHA256SU1   01011110 00 0 rm:5 0 110 00 rn:5 rd:5 @ SHA256            ; sha256su1 {Vd.4s}, {Vn.4s}, {Vm.4s}
SHA256SU0   01011110 00 10100 00010 10 rn:5 rd:5 @ SHA256             ; sha256su0 {Vd.4s}, {Vn.4s}
SHA512H     11001110 011 rm:5 1 0 00 00 rn:5 rd:5 @ SHA512            ; sha512h {Qd}, {Qn}, {Vm.2d}
SHA512H2    11001110 011 rm:5 1 0 00 01 rn:5 rd:5 @ SHA512            ; sha512h2 {Qd}, {Qn}, {Vm.2d}
SHA512SU1   11001110 011 rm:5 1 0 00 10 rn:5 rd:5 @ SHA512            ; sha512su1 {Vd.2d}, {Vn.2d}, {Vm.2d}
SHA512SU0   11001110 110 00000 1000 00 rn:5 rd:5 @ SHA512             ; sha512su0 {Vd.2d}, {Vn.2d}
RAX1        11001110 011 rm:5 1 0 00 11 rn:5 rd:5 @ SHA3              ; rax1 {Vd.2d}, {Vn.2d}, {Vm.2d}
XAR         11001110 100 rm:5 xar6:6 rn:5 rd:5 @ SHA3                 ; xar {Vd.2d}, {Vn.2d}, {Vm.2d}, {xar6}
EOR3        11001110 000 rm:5 0 ra:5 rn:5 rd:5 @ SHA3                 ; eor3 {Vd.16b}, {Vn.16b}, {Vm.16b}, {Va.16b}
BCAX        11001110 001 rm:5 0 ra:5 rn:5 rd:5 @ SHA3                 ; bcax {Vd.16b}, {Vn.16b}, {Vm.16b}, {Va.16b}
SM3SS1      11001110 010 rm:5 0 ra:5 rn:5 rd:5 @ SM3                  ; sm3ss1 {Vd.4s}, {Vn.4s}, {Vm.4s}, {Va.4s}
SM3TT1A     11001110 010 rm:5 10 sm3i:2 00 rn:5 rd:5 @ SM3            ; sm3tt1a {Vd.4s}, {Vn.4s}, {Vm.sm3}
SM3TT1B     11001110 010 rm:5 10 sm3i:2 01 rn:5 rd:5 @ SM3            ; sm3tt1b {Vd.4s}, {Vn.4s}, {Vm.sm3}
SM3TT2A     11001110 010 rm:5 10 sm3i:2 10 rn:5 rd:5 @ SM3            ; sm3tt2a {Vd.4s}, {Vn.4s}, {Vm.sm3}
SM3TT2B     11001110 010 rm:5 10 sm3i:2 11 rn:5 rd:5 @ SM3            ; sm3tt2b {Vd.4s}, {Vn.4s}, {Vm.sm3}
SM3PARTW1   11001110 011 rm:5 1 1 00 00 rn:5 rd:5 @ SM3               ; sm3partw1 {Vd.4s}, {Vn.4s}, {Vm.4s}
SM3PARTW2   11001110 011 rm:5 1 1 00 01 rn:5 rd:5 @ SM3               ; sm3partw2 {Vd.4s}, {Vn.4s}, {Vm.4s}
SM4E        11001110 110 00000 1000 01 rn:5 rd:5 @ SM4                ; sm4e {Vd.4s}, {Vn.4s}
SM4EKEY     11001110 011 rm:5 1 1 00 10 rn:5 rd:5 @ SM4               ; sm4ekey {Vd.4s}, {Vn.4s}, {Vm.4s}
]]
