-- SPDX-License-Identifier: MIT
--
-- A timer interrupt, taken by the guest at its own vector. Time is counted
-- in instructions, so the program prints the same on every machine.

local tv = require "tinyvmm"

local vm <close> = assert(tv.vm { ram = "64K" })
local image = tv.asm [[
        .equ    TICKS, 1000             // of the 62.5 MHz counter

_start: adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #TICKS
        msr     cntv_tval_el0, x0
        mov     x0, #1                  // ENABLE
        msr     cntv_ctl_el0, x0
        mov     x19, #0                 // ticks seen
        msr     daifclr, #2             // let IRQs in
1:      wfi
        cmp     x19, #3
        b.lo    1b
        mov     x1, x19
        mov     x0, #0                  // EXIT
        hvc     #0

irq:    add     x19, x19, #1
        mrs     x1, cntvct_el0
        mov     x0, #3                  // TICK
        hvc     #0
        mov     x0, #TICKS
        msr     cntv_tval_el0, x0       // the next one; lowers the line
        eret

        .balign 2048
vectors:
        .org    vectors + 0x280         // IRQ from EL1 with SP_EL1
        b       irq
]]
vm:load(0, image)
vm:hypercall(3, function(cpu, count)
  print(("tick at count %d, interrupted at %#x"):format(count, cpu.elr_el1))
end)
local cpu <close> = assert(vm:vcpu { pc = image.entry })
local exit = vm:run()
print(exit.kind, exit.status, "virtual time " .. vm.time .. " ns")
