// SPDX-License-Identifier: MIT
//
// The demo guest: greets by PUTS, counts by PUTCHAR, ends by EXIT.
// Hypercalls: hvc #0, number in w0, arguments from x1, result in x0.

        .equ    EXIT, 0
        .equ    PUTCHAR, 1
        .equ    PUTS, 2

_start: adr     x1, hello
        mov     x0, #PUTS
        hvc     #0

        mov     x19, #0                 // what is next to print
count:  add     x1, x19, #'0'
        mov     x0, #PUTCHAR
        hvc     #0
        cmp     x19, #4
        mov     x1, #' '
        mov     x2, #'\n'
        csel    x1, x1, x2, ne
        mov     x0, #PUTCHAR
        hvc     #0
        add     x19, x19, #1
        cmp     x19, #5
        b.ne    count

        mov     x1, #0                  // status
        mov     x0, #EXIT
        hvc     #0
        b       .                       // not reached

hello:  .asciz  "Hello from VM!\n"
