// SPDX-License-Identifier: MIT
//
// Entry and end of the benchmark guest. The end has a fixed address
// (GUEST_STOP), for engines that cannot run an hvc.

        .section .text.start, "ax"
        .global _start
_start: b       go
stop:   movz    w0, #0x8400, lsl #16    // PSCI SYSTEM_OFF
        movk    w0, #8
        hvc     #0
        b       stop
go:     ldr     x0, =stack_top
        mov     sp, x0
        mov     x0, #3 << 20            // CPACR_EL1.FPEN
        msr     cpacr_el1, x0
        isb
        bl      guest_main
        b       stop
