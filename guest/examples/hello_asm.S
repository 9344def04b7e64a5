// SPDX-License-Identifier: MIT
//
// Hello in assembly, for our own assembler (`tinyvmm run hello_asm.S`) and
// for GNU as and clang (`make hello_asm.run`) alike.

        .include "../tinyvmm.inc"

        .global _start
_start: adr     x1, hello
        mov     x0, #TV_PUTS
        hvc     #0

        mov     x19, #'A'
1:      mov     x1, x19
        mov     x0, #TV_PUTCHAR
        hvc     #0
        add     x19, x19, #1
        cmp     x19, #'Z'
        b.ls    1b
        mov     x1, #'\n'
        mov     x0, #TV_PUTCHAR
        hvc     #0

        mov     x1, #0                  // status
        mov     x0, #TV_EXIT
        hvc     #0

hello:  .asciz  "Hello from assembly\n"
