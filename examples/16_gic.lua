-- SPDX-License-Identifier: MIT
--
-- Two CPUs and an interrupt controller, a GICv3. CPU 0 has a timer; at each
-- tick it sends an interrupt of its own, an SGI, to CPU 1, which sleeps until
-- then. Both take their interrupts in the same handler: the controller says
-- which one it is, and hears when it is done.

local tv = require "tinyvmm"

local image = tv.asm [[
        .equ    GICD, 0x08000000        // distributor
        .equ    GICR, 0x080a0000        // redistributors, 128 KiB each
        .equ    WAKER, 0x14
        .equ    IGROUPR0, 0x80
        .equ    ISENABLER0, 0x100
        .equ    TIMER, 27
        .equ    TICKS, 1000

_start: adr     x0, vectors             // x19: the CPU's number
        msr     vbar_el1, x0
        ldr     x10, =GICR
        add     x10, x10, x19, lsl #17
        str     wzr, [x10, #WAKER]
1:      ldr     w0, [x10, #WAKER]       // until ChildrenAsleep is clear
        cbnz    w0, 1b
        add     x11, x10, #0x10000
        mov     w0, #-1
        str     w0, [x11, #IGROUPR0]    // group 1: IRQs
        ldr     w0, =1 << TIMER | 1     // the timer, and SGI 0
        str     w0, [x11, #ISENABLER0]
        ldr     x12, =GICD
        mov     w0, #2                  // EnableGrp1
        str     w0, [x12]
        mov     x0, #0xff               // let all priorities through
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        isb
        cbnz    x19, 2f
        mov     x1, #TICKS
        msr     cntv_tval_el0, x1
        msr     cntv_ctl_el0, x0
2:      msr     daifclr, #2
3:      wfi
        b       3b

irq:    mrs     x20, icc_iar1_el1       // acknowledge: which one is it?
        mov     x1, x20
        mrs     x2, cntvct_el0
        mov     x0, #3                  // SHOW
        hvc     #0
        cmp     x20, #TIMER
        b.eq    tick
        add     x21, x21, #1
        cmp     x21, #3
        b.eq    end
        b       done
tick:   mov     x0, #TICKS
        msr     cntv_tval_el0, x0
        mov     x0, #1 << 1             // SGI 0 to CPU 1
        msr     icc_sgi1r_el1, x0
done:   msr     icc_eoir1_el1, x20      // the end of it
        eret

end:    mov     x1, x21
        mov     x0, #0                  // EXIT
        hvc     #0
        .ltorg

        .balign 2048
vectors:
        .org    vectors + 0x280         // IRQ from EL1 with SP_EL1
        b       irq
]]

local vm <close> = assert(tv.vm { ram = "64K", gic = "v3" })
vm:load(0, image)
vm:hypercall(3, function(cpu, intid, count)
  print(("cpu %d: interrupt %d at count %d"):format(cpu.index, intid, count))
end)
for k = 0, 1 do assert(vm:vcpu { pc = image.entry, x19 = k }) end
local exit = vm:run()
print(exit.kind, exit.status, "virtual time " .. vm.time .. " ns")
