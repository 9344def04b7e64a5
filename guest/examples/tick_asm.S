// SPDX-License-Identifier: MIT
//
// A timer tick in assembly, with a vector table of its own. For our own
// assembler (`tinyvmm run tick_asm.S`) and for GNU as and clang alike.

        .include "../tinyvmm.inc"

        .equ    TICKS, 5
        .equ    PERIOD, 62500           // a millisecond at 62.5 MHz

        .global _start
_start: adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        isb
        mov     x19, #0                 // ticks so far
        mrs     x20, cntvct_el0         // when the next is due
        bl      plan
        mov     x0, #TV_TIMER_ENABLE
        msr     cntv_ctl_el0, x0
1:      wfi                             // wakes though IRQs are masked
        msr     daifclr, #2             // let them in,
        isb
        msr     daifset, #2             // and no more
        cmp     x19, #TICKS
        b.lo    1b
        mov     x1, x19                 // status
        mov     x0, #TV_EXIT
        hvc     #0

// Moves the timer on by one period; changes x0 and x20.
plan:   mov     x0, #PERIOD
        add     x20, x20, x0
        msr     cntv_cval_el0, x20
        isb
        ret

irq:    add     x19, x19, #1
        adr     x1, text
        mov     x0, #TV_PUTS
        hvc     #0
        add     x1, x19, #'0'
        mov     x0, #TV_PUTCHAR
        hvc     #0
        mov     x1, #'\n'
        mov     x0, #TV_PUTCHAR
        hvc     #0
        bl      plan
        eret

text:   .asciz  "tick "

        .balign 2048
vectors:
        .org    vectors + TV_FROM_EL1H + TV_VECTOR_IRQ
        b       irq
