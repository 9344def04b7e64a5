// SPDX-License-Identifier: MIT
// Macros, repetitions, conditions, subsections, every data directive once
// more; the bytes in language.hex are those of GNU as and ld.
        .text
_start:
        .macro  m0 a, b=3, c:vararg
        .byte \a, \b
        .ifnb \c
        .byte \c
        .endif
        .endm
        m0 1
        m0 1, 2
        m0 1, 2, 3, 4, 5
        m0 a=9
        m0 b=4, a=7
        .macro  lab n
lab\@\n: .word lab\@\n - _start, \@
        .endm
        .balign 4
        lab 1
        lab 2
        .macro cat a, b
\a\()_\b: .word \a\()_\b - _start
        .endm
        cat foo, bar
        .rept 3
        .byte 0xaa
        .endr
        .irp x, 1, 2, 3
        .byte \x
        .endr
        .irpc c, 0123
        .byte \c
        .endr
        .irp reg, x0,x1,x2
        mov \reg, #0
        .endr
        .purgem m0
        .macro m0
        .byte 0x99
        .endm
        m0
        .macro ex n
        .if \n > 2
        .byte 1
        .exitm
        .endif
        .byte 2
        .endm
        ex 1
        ex 3
        .macro rec n
        .byte \n
        .if \n
        rec "(\n-1)"
        .endif
        .endm
        rec 5
        .balign 4
        .ifdef _start
        .byte 1
        .else
        .byte 2
        .endif
        .ifndef nothing
        .byte 3
        .endif
        .ifb
        .byte 4
        .endif
        .ifc a,a
        .byte 5
        .endif
        .ifc a, b
        .byte 6
        .elseif 1
        .byte 7
        .endif
        .ifeqs "x","x"
        .byte 8
        .endif
        .ifnes "x","y"
        .byte 9
        .endif
        .if 0
        .err
        .elseif 1 == 1
        .byte 10
        .else
        .byte 11
        .endif
        .ifgt 1
        .byte 12
        .endif
        .iflt -1
        .byte 13
        .endif
        .ifeq 0
        .byte 14
        .endif
        .ifne 0
        .byte 15
        .endif
        .set x1y, fwd + 4
        .balign 4
        .word x1y - _start
fwd:
        .word 0
        .set dot, .
        .word dot - _start
        .pushsection .data
        .word 1
        .popsection
        .section .rodata
        .word 2
        .previous
        .word 3
        .subsection 1
        .word 0x51
        .subsection 0
        .word 0x50
        .previous
        .text 1
        .word 0x52
        .text 0
        .word 0x53
        .data
        .word 4
        .balignw 8, 0x1234
        .balignl 16, 0xdeadbeef
        .p2align 3, 0xff
        .float 1.5, -0.0, 1e10, 3.14159
        .double 1.5, 2.718281828459045, -1e-300
        .single 0e1
        .uleb128 0x123456789
        .sleb128 -0x1234567
        .asciz "a", "b"
        .string "x\ny\t\"q\"\\"
        .string8 "abc"
        .string16 "ab"
        .string32 "a"
        .string64 "z"
        .ascii "a" "b"
        .balign 8
        .octa 0x0123456789abcdef0123456789abcdef
        .quad _start - 4, fwd + 8
        .hword 1,2 ; .byte 1 ; .byte 2
        .byte 'a', 'a', '\'', '\\', ' '
        .byte 0b101, 0B11, 0x1F, 0X1f, 017, 10
        .word 1 + 2 * 3, (1 + 2) * 3, 1 << 4 | 1, ~0, -1, !0, 7 % 4, 7 / 2
        .word 3 == 3, 3 != 3, 1 && 0, 1 || 0, 5 ^ 1, 5 ! 1
        .word 1f - 0f, 0f - 0f
0:      .word 0
1:      .word 1b - 0b
        .comm  c1, 16, 8
        .lcomm c2, 12
        .local c3
        .comm c3, 4, 4
        .text
  .text
  foo  .req x3
  mov foo, #1
  ldr foo, [foo, #8]
  .unreq foo
  .macro outer a
  .macro inner b
  .word \a, \b
  .endm
  inner 5
  .purgem inner
  .endm
  outer 1
  outer 2
  .macro va first, rest:vararg
  .word \first
  .ifnb \rest
  va \rest
  .endif
  .endm
  va 1, 2, 3, 4
  .macro three a b c
  .byte \a, \b, \c, 0
  .endm
  three 1 2 3
  three 1, 2, 3
  three 1 2, 3
  .macro strx s
  .asciz \s
  .endm
  strx """hello, world"""
  .balign 4
  .rept 2
  .rept 2
  .byte 1
  .endr
  .irp a,7,8
  .byte \a
  .endr
  .endr
  .irp op, add, sub
  \op x0, x0, #1
  \op\()s x0, x0, #1
  .endr
  .irp n,1,2
  .irp m,0,1
  str x\n\m, [sp, #8]
  .endr
  .endr
  .set i, 0
  .rept 5
  .byte i
  .set i, i + 1
  .endr
  .balign 4
  .macro def n, v
  .equ K_\n, \v
  .endm
  def A, 5
  def B, K_A + 1
  mov x0, #K_A
  mov x1, K_B
  add x0, x1, #K_B << 2
  add x0, x1, #(K_B)
  ldr x0, [x1, #K_B + 2]
  ldr x0, [x1, #8 * 2]
  ldr x0, [x1, (2 + 1) * 8]
  ldr x0, [x1, K_A * 8]!
  stp x0, x1, [sp, #-(16 * 2)]!
  mov x0, #(1 << 4) | (1 << 5)
  mov x0, #1 << 4
  mov x0, #-K_A
  mov x0, #~K_A
  movk x0, #0xffff & K_A, lsl #16
  orr x0, x0, #1 << 3
  and x0, x0, #~(1 << 3)
  and x0, x0, #~7
  bic x0, x0, #(7 << 4)
  ubfx x0, x0, #K_A, #K_B
  lsl x0, x0, #K_A
  .macro lsl2 r
  lsl \r, \r, #2
  .endm
  lsl2 x5
  LSL2 x6
  .macro Upper
  nop
  .endm
  upper
  UPPER
  .altmacro_test = 3
  .word .altmacro_test
$d$: .word $d$ - .
a.b: .word a.b - .
_x:  .word _x - .
.Lfoo: .word .Lfoo - .
x0lab: b x0lab
99: b 99b
 b 99f
99: nop
  lab: lab2: b lab
  /* c */ nop /* d */ ; nop // x
  nop /* multi
  line */
  .byte 1 // comment
  .byte 2 /* c */, 3
  .ascii "// not /* a comment */ ; #"
  .byte ';', '"', '/'
  .word 0x7fffffff + 1, 0xffffffff, -0x80000000
  .quad 0xffffffffffffffff, 0x8000000000000000
  .hword 0xffff, -1, -32768
  .byte 255, -128, -1
  .skip 3, 1
  .space 5
  .zero 2
  .fill 3, 2, 0xabcd
  .org 0x900
  .balign 4
  .align
  .2byte 1,2
  .inst 1, 2
  .offset_test = . - lab
  .word .offset_test
        .data
        .balign 4
