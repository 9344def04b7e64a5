// SPDX-License-Identifier: MIT
// Spellings of floating point, Advanced SIMD and the extensions beyond Armv8.0:
// immediates with and without '#', lists, aliases, edge operands.
        .arch   armv8.7-a+fp16+fp16fml+aes+sha2+sha3+sm4+memtag+ls64+rng
        .arch_extension mops
        .arch_extension hbc
        fcmp    s0, #0.0
        fcmp    d1, #0
        fcmp    d1, 0.0
        fcmp    h1, 0
        fcmpe   d1, #0.0
        fcmeq   v0.4s, v1.4s, #0
        fcmeq   v0.4s, v1.4s, 0.0
        fcmge   d0, d1, #0.0
        cmeq    v0.4s, v1.4s, 0
        movi    v0.2d, 0
        movi    v0.2d, #0xff00ff00ff00ff00
        movi    d3, #0xffffffff00000000
        movi    v0.16b, 0x55
        movi    v0.4s, 1, lsl 8
        mvni    v0.4s, 0x7f, msl #16
        fmov    v0.4s, 1.0
        fmov    v0.2d, #-2.5e0
        fmov    v0.8h, #1.0
        fmov    h0, #1.5
        fmov    s0, #3
        fmov    d1, 1.0e+0
        fmov    s0, wzr
        fmov    d0, xzr
        fmov    h0, w3
        fmov    x3, h4
        fmov    w3, h4
        fmov    v1.d[1], x3
        fmov    x3, v1.d[1]
        mov     v0.s[1], w3
        mov     v0.d[1], v3.d[0]
        mov     v0.16b, v1.16b
        mov     v0.8b, v1.8b
        mov     w0, v1.s[1]
        mov     x0, v1.d[1]
        mov     s0, v1.s[2]
        mov     b0, v1.b[15]
        umov    w0, v1.s[1]
        umov    w0, v1.b[3]
        smov    x0, v1.h[7]
        dup     v0.4s, v1.s[1]
        dup     d0, v1.d[1]
        dup     v0.2d, x3
        ins     v0.h[1], w3
        ins     v0.b[1], v3.b[4]
        mvn     v0.16b, v1.16b
        not     v0.8b, v1.8b
        orr     v0.8h, #1, lsl #8
        orr     v0.4h, 3
        bic     v0.4s, #0x7f, lsl #24
        ld1     {v0.16b}, [x0]
        ld1     { v0.16b - v3.16b }, [x0], #64
        ld1     {v0.4s, v1.4s}, [x0], x3
        ld1     {v0.s}[3], [x0], #4
        ld4     {v4.b, v5.b, v6.b, v7.b}[15], [sp]
        ld4r    {v0.2d, v1.2d, v2.2d, v3.2d}, [x3], 32
        st3     {v29.8h-v31.8h}, [x4]
        tbl     v0.8b, {v1.16b}, v2.8b
        tbx     v0.16b, {v1.16b, v2.16b, v3.16b}, v4.16b
        tbl     v0.16b, {v31.16b, v0.16b}, v4.16b
        ext     v0.16b, v1.16b, v2.16b, 15
        ext     v0.8b, v1.8b, v2.8b, #7
        sshr    v0.4s, v1.4s, 32
        shl     d0, d1, 63
        sxtl    v0.8h, v1.8b
        uxtl2   v0.4s, v1.8h
        sshll2  v0.2d, v1.4s, #31
        shll    v0.8h, v1.8b, #8
        sqrshrn b0, h1, #8
        shrn2   v0.16b, v1.8h, 1
        scvtf   v0.4s, v1.4s, #1
        fcvtzs  w0, s1, #32
        scvtf   d0, x1, 64
        ucvtf   h0, w1
        fcvtzu  v0.2d, v1.2d, 64
        fmla    v0.4s, v1.4s, v2.s[3]
        fmla    s0, s1, v2.s[3]
        fmul    v0.8h, v1.8h, v15.h[7]
        mul     v0.4h, v1.4h, v2.h[1]
        sqdmlal2 v0.4s, v1.8h, v2.h[7]
        sdot    v0.4s, v1.16b, v2.4b[1]
        usdot   v0.2s, v1.8b, v2.4b[3]
        bfdot   v0.4s, v1.8h, v2.2h[1]
        bfmlalb v0.4s, v1.8h, v2.h[7]
        fcmla   v0.4s, v1.4s, v2.4s, 90
        fcmla   v0.8h, v1.8h, v2.h[3], #270
        fcadd   v0.2d, v1.2d, v2.2d, #270
        fmlal   v0.2s, v1.2h, v2.2h
        fmlsl2  v0.4s, v1.4h, v15.h[7]
        pmull   v0.1q, v1.1d, v2.1d
        pmull2  v0.1q, v1.2d, v2.2d
        pmull2  v0.8h, v1.16b, v2.16b
        aese    v0.16b, v1.16b
        sha1c   q0, s1, v2.4s
        sha512su0 v0.2d, v1.2d
        sm3tt1a v0.4s, v1.4s, v2.s[3]
        xar     v0.2d, v1.2d, v2.2d, 63
        eor3    v0.16b, v1.16b, v2.16b, v3.16b
        fjcvtzs w0, d1
        frint32z v0.2s, v1.2s
        faddp   d0, v1.2d
        faddp   h0, v1.2h
        addv    b0, v1.8b
        saddlv  d0, v1.4s
        fmaxnmv s0, v1.4s
        fcsel   h0, h1, h2, eq
        fccmp   d0, d1, #4, ne
        fccmpe  s0, s1, 15, hs
        irg     x0, x1
        irg     sp, x1, xzr
        addg    sp, x1, #1008, 15
        subp    x0, sp, x3
        cmpp    x1, sp
        ldg     x0, [x1]
        ldg     x0, [x1, #16]
        stg     sp, [x1], #-4096
        st2g    x0, [sp, 32]!
        stgp    x0, x1, [x2, #-1024]
        stgp    x0, x1, [x2], 1008
        ldgm    x0, [x1]
        pacia   x0, sp
        paciza  x4
        pacga   x0, x1, sp
        braa    x0, sp
        blrab   x0, x3
        retaa
        eretab
        ldraa   x0, [x1]
        ldraa   x0, [x1, #-4096]
        ldrab   x0, [x1, 4088]!
        ldrab   x0, [x1]!
        xpaci   x4
        cpyfp   [x0]!, [x1]!, x2!
        cpymwtrn [x0]!, [x1]!, x2!
        cpyertn [x0]!,[x1]!,x2!
        setp    [x0]!, x1!, x2
        setmtn  [x0]!, x1!, xzr
        setgp   [x0]!, x1!, x3
        setget  [x0]!, x1!, x3
        ld64b   x0, [x1]
        st64bv  x0, x2, [x4]
        wfet    x3
        wfit    x3
        dsb     synxs
        dsb     oshnxs
        bc.eq   .
        bc.hs   .
        axflag
        xaflag
        ldapur  w0, [x1]
        ldapursb x0, [x1, -256]
        stlurh  w0, [x1, 255]
        cfp     rctx, x0
        dc      cvadp, x0
        mrs     x0, rndr
        mrs     x0, apiakeylo_el1
        msr     tco, #1
        msr     tco, x0
        msr     ssbs, 1
        msr     dit, #0
        msr     uao, #1
        dgh
        csdb
        sb
        mov     v3.d[0], x2
