// SPDX-License-Identifier: MIT
// Sections, their order and alignment, and every reference between them; the
// bytes in layout.hex are those of GNU as and ld.
        .equ    ABS, 0x12000
        .text
        .global _start
_start: adrp    x0, value
        add     x0, x0, :lo12:value
        add     x0, x0, #:lo12:value+8
        ldr     x1, [x0, :lo12:value]
        ldr     w1, [x0, #:lo12:value]
        ldrb    w1, [x0, :lo12:byte]
        ldrh    w1, [x0, :lo12:half]
        str     q0, [x0, :lo12:quad]
        ldr     d0, [x0, #:lo12:value]
        adrp    x2, zeros
        ldr     x3, [x2, :lo12:zeros + 8]
        adrp    x2, :pg_hi21:value
        adr     x4, value
        adr     x4, text2 + 4
        bl      text2
        b.eq    text2
        cbz     x0, text2
        tbz     x0, #5, text2
        ldr     x5, value
        ldr     w5, value + 4
        ldr     x6, =value
        ldr     x7, =value + 4
        ldr     x8, =0x123456789
        ldr     w9, =5
        ldr     x9, =5
        ldr     x10, =value
        ldr     w11, =-1
        ldrsw   x12, =77
        ldr     x13, =ABS
        movz    x0, #:abs_g3:value
        movk    x0, #:abs_g2_nc:value
        movk    x0, #:abs_g1_nc:value + 4
        movk    x0, :abs_g0_nc:value
        movz    w1, #:abs_g1:text2
        b       2f
        .ltorg
2:      ldr     x14, =2b
        ldr     q1, quad
        b       1f
        .pushsection .rodata
1:      .asciz  "in between"
        .popsection
1:      b       1b
        .data
        .balign 8
value:  .quad   value, _start, text2, zeros, ABS
        .word   value, . - value
        .quad   value, zeros + 4
half:   .hword  1, quad - half
byte:   .byte   1, quad - half
        .balign 16
quad:   .quad   1, 2
        .section .text.two, "ax", %progbits
text2:  ldr     x0, =value
        ret
        .section .rodata
        .balign 4
        .word   _start, 1b
        .bss
        .balign 64
zeros:  .space  16
        .zero   8
        .lcomm  more, 24
        .comm   common, 4, 4
        .data
        .quad   more, common
        .section .data.more, "aw"
        .quad   end - half
        .previous
end:    .byte   7
        .section .note.GNU-stack, "", %progbits
        .word   1
        .comm   big, 300, 16
