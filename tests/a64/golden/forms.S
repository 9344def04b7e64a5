// SPDX-License-Identifier: MIT
// Spellings that GNU as accepts, one form a line: with and without '#', upper
// and lower case, register aliases, condition aliases, shifts left out, spaces
// anywhere, several statements on a line, every alias.
/* a block comment
   over two lines */
# a line comment
        .arch   armv8.5-a
        .text
K = 16
_start:
        ADD X0, X1, #4 ; add x0,x1,4; add x0 , x1 ,  x2
        add     x0, x1, #K
        add     x0, x1, K+1
        add     x0, x1, #(K<<2)
        add     x0, x1, 0x10
        add     x0, x1, #0b101
        add     x0, x1, #017
        add     x0, x1, #'a'
        add     x0, x1, #-1
        sub     x0, x1, #-4095
        adds    x0, x1, #-1
        subs    w0, w1, #-1
        cmp     x0, #-5
        cmn     w0, #-5
        add     x0, x1, #0x1000
        add     x0, x1, #1, lsl #12
        add     x0, x1, #1, lsl 0
        add     w0, w1, #0xfff000
        add     x0, sp, x1
        add     x0, sp, x1, lsl #3
        add     sp, sp, x1
        add     sp, sp, #16
        sub     wsp, wsp, w1
        add     x0, x1, w2, uxtw
        add     x0, x1, w2, uxtb #2
        add     x0, x1, w2, sxth 3
        add     x0, x1, x2, sxtx
        add     x0, x1, x2, uxtx #1
        add     w0, w1, w2, uxtw #1
        cmp     sp, x0
        cmp     sp, #16
        cmp     x0, w1, sxtw
        cmn     x0, x1, lsl #2
        neg     x0, x1
        neg     x0, x1, asr #3
        negs    w0, w1
        ngc     x0, x1
        ngcs    w0, w1
        add     x0, x1, x2, LSL #4
        adc     x0, x1, x2
        sbcs    w3, w4, w5
        and     x0, x1, #0xff
        and     w0, w1, #-2
        and     w0, w1, #0xfffffffe
        orr     x0, x1, #0x5555555555555555
        eor     sp, x1, #0xf0f0f0f0f0f0f0f0
        ands    x0, x1, #1
        tst     x0, #0x80
        tst     w0, w1, lsl #3
        bic     x0, x1, #1
        bic     x0, x1, x2, ror #5
        bics    x0, x1, x2
        orn     x0, x1, x2
        eon     w0, w1, w2, lsr #31
        mvn     x0, x1
        mvn     x0, x1, lsl #2
        mov     x0, #0
        mov     x0, 65535
        mov     x0, #0x10000
        mov     x0, #0xffff000000000000
        mov     x0, #-1
        mov     x0, #~0xff
        mov     w0, #-1
        mov     w0, #0xffff
        mov     w0, #0xffff0000
        mov     w0, #0xfffffffe
        mov     x0, #0x5555555555555555
        mov     x0, #0xaaaaaaaaaaaaaaaa
        mov     sp, #0x10
        mov     w0, #0x00ff00ff
        mov     x0, x1
        mov     x0, sp
        mov     sp, x0
        mov     wsp, w3
        mov     fp, lr
        mov     ip0, ip1
        mov     x0, xzr
        mov     w0, wzr
        movz    x0, #1, lsl #48
        movz    w0, 1
        movn    x0, #1, lsl 16
        movk    x0, #0xffff, LSL #32
        lsl     x0, x1, #3
        lsl     w0, w1, w2
        lsr     x0, x1, 63
        asr     w0, w1, #31
        ror     x0, x1, #5
        ror     x0, x1, x2
        lslv    x0, x1, x2
        asrv    w0, w1, w2
        ubfx    x0, x1, #4, #8
        sbfx    w0, w1, #4, #8
        ubfiz   x0, x1, #4, #8
        sbfiz   w0, w1, #4, #8
        bfi     x0, x1, #4, #8
        bfxil   x0, x1, #4, #8
        bfc     x0, #4, #8
        ubfm    x0, x1, #4, #8
        sbfm    w0, w1, #4, #8
        bfm     x0, x1, #4, #8
        extr    x0, x1, x2, #7
        sxtb    x0, w1
        sxth    w0, w1
        sxtw    x0, w1
        uxtb    w0, w1
        uxth    w0, w1
        mul     x0, x1, x2
        mneg    w0, w1, w2
        madd    x0, x1, x2, x3
        msub    w0, w1, w2, w3
        smull   x0, w1, w2
        umull   x0, w1, w2
        smaddl  x0, w1, w2, x3
        umsubl  x0, w1, w2, x3
        smnegl  x0, w1, w2
        smulh   x0, x1, x2
        umulh   x0, x1, x2
        udiv    x0, x1, x2
        sdiv    w0, w1, w2
        clz     x0, x1
        cls     w0, w1
        rbit    x0, x1
        rev     x0, x1
        rev     w0, w1
        rev16   x0, x1
        rev32   x0, x1
        crc32b  w0, w1, w2
        crc32x  w0, w1, x2
        crc32ch w0, w1, w2
        crc32cx w0, w1, x2
        csel    x0, x1, x2, EQ
        csinc   w0, w1, w2, hs
        csinv   x0, x1, x2, lo
        csneg   x0, x1, x2, cc
        cset    w0, ne
        csetm   x0, gt
        cinc    x0, x1, le
        cinv    w0, w1, mi
        cneg    x0, x1, vs
        ccmp    x0, x1, #4, eq
        ccmp    w0, #31, 15, ne
        ccmn    x0, 3, #0, hi
        b       _start
        B.EQ    _start
        beq     _start
        b.hs    _start
        blo     _start
        bne     1f
        b.al    1f
1:      cbz     x0, 1b
        cbnz    w0, 1f
        tbz     x0, #63, 1b
        tbnz    w0, 3, 1f
        tbz     x5, #3, 1b
1:      bl      . + 8
        b       .
        br      x1
        blr     x30
        ret
        ret     x3
        RET     LR
        adr     x0, _start
        adr     x0, .
        adr     x1, _start + 4
        eret
        svc     #0
        hvc     1
        smc     #0xffff
        brk     #K
        hlt     #2
        nop
        yield
        wfe
        wfi
        sev
        sevl
        hint    #0
        hint    6
        hint    #100
        clrex
        clrex   #3
        dsb     sy
        dsb     #15
        dsb     ISH
        dmb     ishst
        dmb     oshld
        isb
        isb     sy
        isb     #1
        dsb     #0x0
        mrs     x0, sctlr_el1
        mrs     x0, SCTLR_EL1
        msr     vbar_el1, x1
        mrs     x2, s3_0_c1_c0_0
        msr     S3_3_C4_C2_0, x2
        mrs     x3, nzcv
        mrs     x3, CurrentEL
        mrs     x3, cntvct_el0
        msr     daifset, #2
        msr     DAIFClr, #15
        msr     spsel, #1
        ic      iallu
        ic      ivau, x0
        dc      zva, x1
        dc      CIVAC, x2
        at      s1e1r, x3
        tlbi    vmalle1
        tlbi    vae1is, x4
        sys     #0, C7, C5, #0
        sys     #3, c7, c4, #1, x5
        sysl    x6, #0, C7, C1, #2
        ldr     x0, [x1]
        ldr     x0, [x1, #0]
        ldr     x0, [ x1 , 8 ]
        ldr     x0, [x1, K]
        ldr     x0, [sp, #32760]
        ldr     w0, [x1, #4]
        ldr     x0, [x1, #1]
        ldr     x0, [x1, #-256]
        ldr     x0, [x1, #255]
        ldr     x0, [x1], #8
        ldr     x0, [x1], -8
        ldr     x0, [x1, #8]!
        ldr     x0, [x1, #0]!
        ldr     x0, [x1, x2]
        ldr     x0, [x1, x2, lsl #3]
        ldr     x0, [x1, x2, lsl #0]
        ldr     x0, [x1, w2, uxtw]
        ldr     x0, [x1, w2, uxtw #3]
        ldr     x0, [x1, w2, sxtw 3]
        ldr     x0, [x1, x2, sxtx]
        ldr     x0, [x1, x2, SXTX #3]
        ldrb    w0, [x1, x2]
        ldrb    w0, [x1, x2, lsl #0]
        ldrb    w0, [x1, w2, sxtw #0]
        ldrb    w0, [x1, #4095]
        ldrh    w0, [x1, #2]
        ldrh    w0, [x1, x2, lsl #1]
        ldrsb   x0, [x1]
        ldrsb   w0, [x1, #1]!
        ldrsh   x0, [x1, #-2]
        ldrsh   w0, [x1, #6]
        ldrsw   x0, [x1, #4]
        ldrsw   x0, [x1, x2, lsl #2]
        strb    w0, [sp], #1
        strh    wzr, [x1, #2]
        str     xzr, [sp, #-16]!
        str     w0, [x1, w2, uxtw #2]
        ldur    x0, [x1, #8]
        stur    w0, [x1]
        ldurb   w0, [x1, #-1]
        ldursw  x0, [x1, #-4]
        ldtr    x0, [x1, #8]
        sttrb   w0, [x1]
        ldtrsw  x0, [x1]
        ldp     x0, x1, [sp]
        ldp     x0, x1, [sp], #16
        ldp     w0, w1, [x2, #-256]
        stp     x29, x30, [sp, #-32]!
        stp     fp, lr, [sp, 16]
        stp     wzr, wzr, [x3, #252]
        ldpsw   x0, x1, [x2, #8]
        ldnp    x0, x1, [x2, #16]
        stnp    w0, w1, [x2]
        ldr     x0, _start
        ldr     w0, 1b
        ldrsw   x0, _start
        prfm    pldl1keep, [x0]
        prfm    PSTL3STRM, [x0, #8]
        prfm    #7, [x0, x1, lsl #3]
        prfm    pldl2keep, _start
        prfum   pldl1strm, [x0, #-1]
        ldxr    x0, [x1]
        ldaxr   w0, [x1, #0]
        ldxrb   w0, [sp]
        stxr    w0, x1, [x2]
        stlxrh  w0, w1, [x2]
        ldxp    x0, x1, [x2]
        stlxp   w0, w1, w2, [x3]
        ldar    x0, [x1]
        stlr    w0, [x1]
        ldarb   w0, [x1]
        ldapr   x0, [x1]
        cas     x0, x1, [x2]
        casal   w0, w1, [x2]
        casab   w0, w1, [x2]
        casp    x0, x1, x2, x3, [x4]
        caspal  w0, w1, w2, w3, [sp]
        ldadd   x0, x1, [x2]
        ldaddal w0, w1, [x2]
        ldclrb  w0, w1, [x2]
        ldsetlh w0, w1, [x2]
        stadd   x0, [x1]
        staddl  w0, [x1]
        stumaxb w0, [x1]
        swp     x0, x1, [x2]
        swpalh  w0, w1, [x2]
        cfinv
        rmif    x0, #3, #15
        setf8   w0
        setf16  w1
        msr     pan, #1
        msr     uao, #0
        bti     c
        paciasp
        autiasp
        xpaclri
        esb
        csdb
        ldr     q0, [x1]
        ldr     d0, [x1, #8]
        ldr     s0, [x1], #4
        ldr     h0, [x1, x2, lsl #1]
        ldr     b0, [x1, #1]!
        str     q31, [sp, #-16]!
        str     q1, [x1, x2, lsl #4]
        ldr     d1, _start
        ldp     q0, q1, [sp], #32
        stp     d8, d9, [sp, #-16]!
        ldp     s0, s1, [x0]
        ld1     {v0.16b}, [x0]
        ld1     {v0.16b, v1.16b}, [x0], #32
        ld1     {v0.2d-v3.2d}, [x0], x1
        st1     {v0.s}[1], [x0]
        ld4     {v0.4s, v1.4s, v2.4s, v3.4s}, [x0]
        ld1r    {v0.8h}, [x0]
        st2     {v1.b, v2.b}[15], [x0], #2
        fmov    d0, x1
        fmov    x1, d0
        fmov    s0, w1
        fmov    d0, d1
        fmov    d0, #1.0
        fmov    s0, #-2.5e0
        fmov    v0.d[1], x0
        fmov    x0, v0.d[1]
        fmov    v0.4s, #1.5
        movi    v0.16b, #0xff
        movi    v0.4s, #1, lsl #8
        movi    v0.2d, #0
        movi    d0, #0xff00ff00ff00ff00
        mvni    v1.4h, #2
        movi    v2.2s, #1, msl #8
        mov     v0.16b, v1.16b
        mov     v0.d[1], x0
        mov     x0, v0.d[1]
        mov     w0, v0.s[3]
        umov    w0, v0.b[15]
        smov    x0, v0.h[2]
        dup     v0.4s, w1
        dup     v0.2d, x1
        dup     v0.16b, v1.b[3]
        mov     v0.s[1], v1.s[2]
        ins     v0.h[1], w0
        mov     s0, v1.s[1]
        udf     #0
        dcps1
        drps
