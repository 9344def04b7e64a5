// SPDX-License-Identifier: MIT
// Every data directive, expression operator and kind of padding; the bytes in
// data.hex are those of GNU as.
        .text
start:  nop
        .byte   1, 0xff, -1, 'a', '\n', 0b11, 017, 255, -128
        .hword  1, 65535, -32768
        .short  2
        .2byte  3
        .word   4, 0xffffffff, -5
        .long   5
        .int    6
        .4byte  7
        .quad   8, -1, 0x123456789abcdef0
        .xword  9
        .dword  10
        .8byte  11, 18446744073709551615
        .ascii  "text", "\b\f"
        .ascii  "a\tb\n\"q\"\\ \101\x41\x4142;//no comment /* nor this */"
        .asciz  "one", "two"
        .string "three" "four"
        .ascii  ""
        .space  3
        .space  4, 0x55
        .skip   2
        .zero   5
        .fill   3
        .fill   2, 2, 0x1234
        .fill   1, 8, 0x12345678
        .fill   2, 8, -1
        .fill   2, 3, 0xabcdef
        .balign 4
        nop
        .byte   1
        .align  3
        .byte   1
        .p2align 2
        .byte   1
        .balign 8, 0xcc
        .byte   1
        .p2align 4,,3
        .byte   2
        .p2align 3,,7
        .byte   3
        nop
        .byte   1, 2, 3
        .inst   0xd503201f
        .inst   0x12345678, 0x1
        .uleb128 0, 127, 128, 624485
        .sleb128 0, 63, 64, -1, -64, -65, -123456
        .float  1.5, -2
        .single 0.25
        .double 3.5, 1e10
        .balign 4
here:   .word   here - start, . - here, here - .
        .set    five, 5
        .equ    six, five + 1
        seven = six + 1
        .word   five, six, seven
        .set    five, 55
        .word   five
        .equ    later, after - here
        .word   later, later * 2
        .word   7 / 2, -7 / 2, -7 % 3, 7 % -3
        .quad   -1 >> 60, 1 << 63, 1 << 63 >> 63
        .word   2 + 3 * 4, (2 + 3) * 4, 1 | 2 + 4, 6 & 3 * 2, 8 >> 1 + 1
        .word   1 == 1, 1 != 1, 3 <> 4, 1 < 2, -1 < 0, 5 >= 5, 5 <= 4, 2 > 1
        .word   1 && 2, 0 || 5, 1 || 0, 0 && 1, !5, !0, ~5, - -5, +5, -~5
        .word   5 ! 3, 3 ^ 1, 1 + 2 == 3, 1 == 2 - 1, 1 | 2 == 3, 10 - 2 - 3
        .word   2 * 3 % 4, 1 < 2 < 3, 1 && 0 || 1, -2 * 3, ~1 + 1
1:      .word   1b - start, 1f - 1b
1:      .word   1b - start
after:  .org    . + 8
        .byte   1
        .org    after + 32, 0x77
        .word   start - after
