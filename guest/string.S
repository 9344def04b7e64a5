// SPDX-License-Identifier: MIT
//
// The functions of string.h that compilers call on their own account, and
// two that everybody wants. In assembly, because a compiler may turn a loop
// in C that copies into a call of memcpy. Pairs of registers where all
// addresses are multiples of 8, else bytes: with the MMU off unaligned
// accesses fault.

// void *memmove(void *to, const void *from, size_t size)
        .section .text.memcpy, "ax"
        .global memcpy, memmove
        .type   memcpy, %function
        .type   memmove, %function
memmove:
        sub     x3, x0, x1
        cmp     x3, x2
        b.lo    backwards               // `to` lies inside `from`
memcpy: mov     x3, x0                  // x0 is also the result
        orr     x4, x0, x1
        tst     x4, #7
        b.ne    2f
1:      subs    x4, x2, #16
        b.lo    2f
        ldp     x5, x6, [x1], #16
        stp     x5, x6, [x3], #16
        mov     x2, x4
        b       1b
2:      cbz     x2, 3f
        ldrb    w5, [x1], #1
        strb    w5, [x3], #1
        sub     x2, x2, #1
        b       2b
3:      ret

backwards:
        cbz     x2, 3b
        sub     x2, x2, #1
        ldrb    w5, [x1, x2]
        strb    w5, [x0, x2]
        b       backwards

// void *memset(void *to, int byte, size_t size)
        .section .text.memset, "ax"
        .global memset
        .type   memset, %function
memset: mov     x3, x0
        and     x1, x1, #0xff
        tst     x0, #7
        b.ne    2f
        mov     x4, #0x0101010101010101
        mul     x1, x1, x4              // the byte eight times
1:      subs    x4, x2, #16
        b.lo    2f
        stp     x1, x1, [x3], #16
        mov     x2, x4
        b       1b
2:      cbz     x2, 3f
        strb    w1, [x3], #1
        sub     x2, x2, #1
        b       2b
3:      ret

// int memcmp(const void *a, const void *b, size_t size)
        .section .text.memcmp, "ax"
        .global memcmp
        .type   memcmp, %function
memcmp: mov     x3, x0
        mov     w0, #0
1:      cbz     x2, 2f
        ldrb    w4, [x3], #1
        ldrb    w5, [x1], #1
        sub     x2, x2, #1
        subs    w0, w4, w5
        b.eq    1b
2:      ret

// size_t strlen(const char *text)
        .section .text.strlen, "ax"
        .global strlen
        .type   strlen, %function
strlen: mov     x1, x0
1:      ldrb    w2, [x1], #1
        cbnz    w2, 1b
        sub     x0, x1, x0
        sub     x0, x0, #1
        ret

// int strcmp(const char *a, const char *b)
        .section .text.strcmp, "ax"
        .global strcmp
        .type   strcmp, %function
strcmp: ldrb    w2, [x0], #1
        ldrb    w3, [x1], #1
        cmp     w2, w3
        ccmp    w2, #0, #4, eq          // the same, and not the end
        b.ne    strcmp
        sub     w0, w2, w3
        ret
