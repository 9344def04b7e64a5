// SPDX-License-Identifier: MIT
//
// Start and end of a guest in C: a stack, zeroed .bss, vectors, then main();
// what it returns is the exit status. tv_cpu_on's CPUs start here as well.
// A guest in assembly that defines its own _start gets none of this.

        .include "tinyvmm.inc"

// A call to the host, as in tinyvmm.h. Changes x16.
        .macro  call
#ifdef TV_BY_DOORBELL
        mov     x16, #TV_DOORBELL
        str     w0, [x16]
#else
        hvc     #0
#endif
        .endm

        .section .text.start, "ax"
        .weak   _start
        .type   _start, %function
_start: adrp    x0, __stack_top
        add     sp, x0, :lo12:__stack_top
        adrp    x0, __bss_start
        add     x0, x0, :lo12:__bss_start
        adrp    x1, __bss_end
        add     x1, x1, :lo12:__bss_end
1:      cmp     x0, x1                  // both are multiples of 16
        b.hs    2f
        stp     xzr, xzr, [x0], #16
        b       1b
2:      bl      set_up
        mov     x29, #0                 // the callers end here
        mov     x30, #0
        bl      main
        b       exit

// Vectors, and a check that sp is a multiple of 16 where it is used, at EL1
// and EL0: a bug in assembly shows at once. Changes x0 only.
        .equ    SCTLR_SA, 1 << 3
        .equ    SCTLR_SA0, 1 << 4
set_up: adrp    x0, tv_vectors
        add     x0, x0, :lo12:tv_vectors
        msr     vbar_el1, x0
        mrs     x0, sctlr_el1
        orr     x0, x0, #SCTLR_SA | SCTLR_SA0
        msr     sctlr_el1, x0
        isb
        ret

// void exit(int status)
        .section .text.exit, "ax"
        .global exit, abort
        .type   exit, %function
        .type   abort, %function
abort:  mov     w0, #134                // TV_ABORTED
exit:   sxtw    x1, w0
        mov     x0, #TV_EXIT
        call
        b       .                       // nobody runs on behind EXIT

// int tv_cpu_on(uint64_t affinity, void (*fn)(void *), void *arg, void *top)
// The new CPU gets in x0 the address of fn and arg, which its stack holds.
        .section .text.tv_cpu_on, "ax"
        .global tv_cpu_on
        .type   tv_cpu_on, %function
tv_cpu_on:
        stp     x1, x2, [x3, #-16]!
        dsb     sy                      // there before the CPU looks
        mov     x1, x0
        adrp    x2, secondary
        add     x2, x2, :lo12:secondary
        movz    x0, #PSCI_CPU_ON >> 16, lsl #16
        movk    x0, #PSCI_CPU_ON & 0xffff
        call
        ret

secondary:
        mov     sp, x0
        bl      set_up
        ldp     x1, x0, [sp], #16
        mov     x29, #0
        mov     x30, #0
        blr     x1
        movz    x0, #PSCI_CPU_OFF >> 16, lsl #16
        movk    x0, #PSCI_CPU_OFF & 0xffff
        call
        b       .
