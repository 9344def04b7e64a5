// SPDX-License-Identifier: MIT
//
// A page of ordinary assembly, for the assembler's speed. It is assembled
// many times over in one text; each copy has its number for `$`.

        .equ    SIZE_$, 64
        .equ    UART_$, 0x09000000

copy_$:                                 // x0 to, x1 from, x2 bytes
        cbz     x2, 3f
        cmp     x2, #SIZE_$
        b.lo    2f
1:      ldp     x3, x4, [x1], #16
        ldp     x5, x6, [x1], #16
        stp     x3, x4, [x0], #16
        stp     x5, x6, [x0], #16
        sub     x2, x2, #32
        cmp     x2, #SIZE_$ / 2
        b.hs    1b
        cbz     x2, 3f
2:      ldrb    w3, [x1], #1
        strb    w3, [x0], #1
        subs    x2, x2, #1
        b.ne    2b
3:      ret

hash_$:                                 // x0 text, w1 bytes -> w0
        stp     x29, x30, [sp, #-32]!
        mov     x29, sp
        stp     x19, x20, [sp, #16]
        mov     x19, x0
        add     x20, x0, w1, uxtw
        mov     w0, #0x9dc5
        movk    w0, #0x811c, lsl #16
        mov     w2, #0x193
        movk    w2, #0x100, lsl #16
        cmp     x19, x20
        b.eq    5f
4:      ldrb    w3, [x19], #1
        eor     w0, w0, w3
        mul     w0, w0, w2
        cmp     x19, x20
        b.ne    4b
5:      and     w0, w0, #0xff
        ubfx    w4, w0, #3, #5
        lsl     w5, w4, #2
        orr     w0, w0, w5, lsl #8
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #32
        ret

find_$:                                 // x0 list, w1 key -> x0 node or 0
        cbz     x0, 7f
6:      ldr     w2, [x0, #8]
        cmp     w2, w1
        b.eq    7f
        ldr     x0, [x0]
        cbnz    x0, 6b
7:      ret

put_$:  ldr     x3, =UART_$             // w0 the character
8:      ldr     w4, [x3, #0x18]
        tbnz    w4, #5, 8b
        str     w0, [x3]
        dmb     ish
        ret

vector_$:
        sub     sp, sp, #(8 * 6)
        stp     x0, x1, [sp]
        stp     x2, x30, [sp, #16]
        mrs     x0, esr_el1
        lsr     x1, x0, #26
        cmp     x1, #21
        csel    x2, x0, xzr, eq
        ccmp    x1, #20, #4, ne
        cset    w1, eq
        adr     x2, table_$
        ldr     x2, [x2, x1, lsl #3]
        cbz     x2, 9f
        blr     x2
9:      mrs     x0, elr_el1
        add     x0, x0, #4
        msr     elr_el1, x0
        ldp     x2, x30, [sp, #16]
        ldp     x0, x1, [sp]
        add     sp, sp, #48
        eret

sum_$:  adrp    x1, table_$
        add     x1, x1, :lo12:table_$
        mov     x0, #0
        mov     w2, #2
1:      ldr     x3, [x1], #8
        adds    x0, x0, x3
        adc     x4, xzr, xzr
        madd    x0, x4, x3, x0
        udiv    x5, x0, x3
        msub    x6, x5, x3, x0
        eor     x0, x0, x6, ror #7
        sub     w2, w2, #1
        cbnz    w2, 1b
        bl      hash_$
        b       find_$

        .ltorg
        .balign 8
table_$:
        .quad   put_$, find_$
