// SPDX-License-Identifier: MIT
//
// The exception vectors of guests in C: each saves the interrupted state as a
// tv_frame (tinyvmm.h) on the current stack, calls tv_sync, tv_irq, tv_fiq or
// tv_serror with it, and goes on with the frame that comes back.
//
// TPIDRRO_EL0 holds x0 for the few instructions that need a register before
// one is saved. With a stack pointer that is misaligned, or has run below
// address 0, nothing could be saved, and the stores would raise the next
// exception: such a one gets a stack of its own.

        .equ    SP_, 31 * 8
        .equ    ELR, 32 * 8             // and SPSR
        .equ    ESR, 34 * 8             // and FAR
        .equ    VECTOR, 36 * 8
        .equ    FRAME, 38 * 8

        .macro  vector number
        .balign 0x80
        msr     tpidrro_el0, x0
        sub     x0, sp, #FRAME
        tst     x0, #0xffff00000000000f
        b.ne    1f
        mov     sp, x0
        stp     x2, x3, [sp, #16]
        add     x2, sp, #FRAME          // SP as it was
        mov     x3, #\number
        b       save
1:      adrp    x0, spare_top
        add     x0, x0, :lo12:spare_top
        stp     x2, x3, [x0, #16 - FRAME]
        mov     x2, sp
        sub     sp, x0, #FRAME
        mov     x3, #\number
        b       save
        .endm

        .section .text.tv_vectors, "ax"
        .global tv_vectors
        .balign 0x800
tv_vectors:
        vector  0                       // from EL1 on SP_EL0: synchronous,
        vector  1                       // IRQ,
        vector  2                       // FIQ,
        vector  3                       // SError
        vector  4                       // from EL1 on SP_EL1, the same four
        vector  5
        vector  6
        vector  7
        vector  8                       // from EL0 in AArch64
        vector  9
        vector  10
        vector  11
        vector  12                      // from EL0 in AArch32
        vector  13
        vector  14
        vector  15

// x2 = the stack pointer before, x3 = the vector; x2 and x3 are saved, x0 is
// in TPIDRRO_EL0. All code but that of EL1h ran on SP_EL0.
save:   mrs     x0, tpidrro_el0
        stp     x0, x1, [sp]
        sub     x0, x3, #4
        cmp     x0, #4
        mrs     x1, sp_el0
        csel    x2, x2, x1, lo
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        stp     x30, x2, [sp, #240]     // and SP_
        mrs     x0, elr_el1
        mrs     x1, spsr_el1
        stp     x0, x1, [sp, #ELR]
        mrs     x0, esr_el1
        mrs     x1, far_el1
        stp     x0, x1, [sp, #ESR]
        stp     x3, xzr, [sp, #VECTOR]
        and     x3, x3, #3
        adrp    x1, handlers
        add     x1, x1, :lo12:handlers
        ldr     x1, [x1, x3, lsl #3]
        mov     x0, sp
        blr     x1

// x0 = the frame to go on with. Its sp is SP_EL1 for EL1h; for the others it
// is SP_EL0, and SP_EL1 is what lies above the frame.
        ldp     x1, x2, [x0, #ELR]
        msr     elr_el1, x1
        msr     spsr_el1, x2
        and     x2, x2, #15
        ldr     x1, [x0, #SP_]
        cmp     x2, #5
        b.eq    1f
        msr     sp_el0, x1
        add     x1, x0, #FRAME
1:      mov     sp, x1
        ldp     x2, x3, [x0, #16]
        ldp     x4, x5, [x0, #32]
        ldp     x6, x7, [x0, #48]
        ldp     x8, x9, [x0, #64]
        ldp     x10, x11, [x0, #80]
        ldp     x12, x13, [x0, #96]
        ldp     x14, x15, [x0, #112]
        ldp     x16, x17, [x0, #128]
        ldp     x18, x19, [x0, #144]
        ldp     x20, x21, [x0, #160]
        ldp     x22, x23, [x0, #176]
        ldp     x24, x25, [x0, #192]
        ldp     x26, x27, [x0, #208]
        ldp     x28, x29, [x0, #224]
        ldr     x30, [x0, #240]
        ldp     x0, x1, [x0]
        eret

        .section .rodata.tv_vectors, "a"
        .balign 8
handlers:
        .quad   tv_sync, tv_irq, tv_fiq, tv_serror

        .section .bss.tv_vectors, "aw", %nobits
        .balign 16
        .space  4096
spare_top:
