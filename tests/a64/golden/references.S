// SPDX-License-Identifier: MIT
// References and relocation operators, literals, what is ignored; the bytes in
// references.hex are those of GNU as and ld.
# comment at the start
        .arch armv8.2-a+crc
        .cpu cortex-a72+crypto
        .arch_extension lse
        .text
        .file "x.c"
        .align 2
        .global f
        .type f, %function
        .type f, @function
        .type f, function
        .type f STT_FUNC
f:
        .cfi_startproc
        stp x29, x30, [sp, -16]!
        .cfi_def_cfa_offset 16
        adrp x0, var
        add x0, x0, #:lo12:var
        ldr w1, [x0, #:lo12:var]
        ldrb w1, [x0, :lo12:var]
        movz x0, #:abs_g3:var
        movk x0, #:abs_g2_nc:var
        movk x0, #:abs_g1_nc:var
        movk x0, #:abs_g0_nc:var
        movz x3, #:abs_g1:var
        movn x3, #:abs_g0_s:-2
        ldr x2, =var
        ldr w2, =0x12345678
        ldr x3, =0x1234567890
        ldr x4, =0x1234567890
        ldr x5, =var + 8
        ldr x6, =-1
        ldr w7, =0xffffffff
        ldr d0, =0x3ff0000000000000
        ldr s0, =0x3f800000
        ldr x8, =0x10000
        ldr x9, =0xffff
        ldr w10, =~5
        ldrsw x10, =5
        ldr q0, [x0]
        b.eq 1f
        beq 1f
        bcs 1f
        b.cs 1f
        b.hs 1f
        b.none 1f
        b.any 1f
        b.nlast 1f
        b.first 1f
1:      ldp x29, x30, [sp], 16
        ret
        .cfi_endproc
        .size f, .-f
        .ltorg
        mov x0, 'a'
        mov x0, #'a'
        cmp x0, #1; b.eq f ; nop
        msr daifset, #2
        mrs x0, S3_0_C4_C2_2
        sys #0, c7, c1, #0
        dc cvac, x0
        .inst 0xd503201f
        .word f - ., . - f
        adr x0, f
        adr x0, .
        adr x0, . + 8
        b .
        b . + 4
        b f + 8
        tbz x0, #1, .
        cbz x0, . - 4
        ldr x0, f
        ldr x0, . + 8
        hint #34
        .data
var:    .quad var, f
        .word 1
        .text
        movz    x0, #:abs_g0_s:low
        movn    x1, #:abs_g0_s:low
        movz    x0, #:abs_g1_s:middle
        movk    x0, #:abs_g0_nc:middle
        movz    x0, #:abs_g2_s:middle
        movz    x0, #:prel_g3:ahead
        movk    x0, #:prel_g2_nc:ahead
        movk    x0, #:prel_g1_nc:ahead
        movk    x0, #:prel_g0_nc:ahead
        movn    x0, #:prel_g0:ahead
        movz    x0, #:prel_g0:f
        movz    w0, #:prel_g1:f
ahead:  adrp    x0, :pg_hi21_nc:var
        .global low, middle
        low = -5
        middle = -0x12345678
// Elements with the lanes of their vectors, and indices that are sums.
        .equ    lane, 1
        mov     x0, v1.2d[0]
        mov     w0, v1.2s[1]
        dup     v0.4s, v1.4s[1]
        ins     v0.4s[lane], w0
        mov     v0.4s[0], v1.4s[lane + 1]
        umov    w0, v0.16b[3]
        fmov    x0, v1.2d[1]
        fmla    v0.4s, v1.4s, v2.4s[lane]
        fmla    s0, s1, v2.4s[1]
        sqdmulh v0.8h, v1.8h, v2.8h[1]
        ld1     {v0.s}[lane + 2], [x0]
