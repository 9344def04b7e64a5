-- SPDX-License-Identifier: MIT
--
-- Two CPUs of one machine: the first switches the second on by PSCI, as a
-- kernel does, and they pass a number to and fro through memory. WFE waits
-- for the other's SEV. Turns are counted in instructions, so even this race
-- runs the same way every time.

local tv = require "tinyvmm"

local image = tv.asm [[
        .equ    CPU_ON, 0xc4000003
        .equ    CPU_OFF, 0x84000002
        .equ    LOG, 3

_start: adr     x19, ball
        ldr     x0, =CPU_ON
        mov     x1, #1                  // the affinity of CPU 1
        adr     x2, second              // where it starts
        mov     x3, x19                 // what it finds in x0
        hvc     #0
        cbnz    x0, failed
        mov     x20, #0                 // my turns are the even ones
        bl      play
        mov     x1, #0
        mov     x0, #0
        hvc     #0
failed: mov     x1, #1
        mov     x0, #0
        hvc     #0

second: mov     x19, x0
        mov     x20, #1
        bl      play
        ldr     w0, =CPU_OFF
        hvc     #0

// Adds 1 to the ball whenever it is my turn, until it is 6.
play:   ldr     x1, [x19]
        cmp     x1, #6
        b.hs    2f
        and     x2, x1, #1
        cmp     x2, x20
        b.eq    1f
        wfe                             // not mine: wait for the other
        b       play
1:      mov     x0, #LOG
        hvc     #0
        ldr     x1, [x19]
        add     x1, x1, #1
        str     x1, [x19]
        dsb     sy                      // the number before the event
        sev
        b       play
2:      ret
        .balign 8
ball:   .quad   0
]]

local vm <close> = assert(tv.vm { ram = "64K" })
vm:load(0, image)
vm:hypercall(3, function(cpu, ball)
  print(("cpu %d has %d at %d ns"):format(cpu.index, ball, vm.time))
end)
local first <close> = assert(vm:vcpu { pc = image.entry })
local second <close> = assert(vm:vcpu { pc = 0, on = false })
local exit = vm:run()
print(exit.kind, exit.reason, exit.status, "cpu 1 on: " .. tostring(second.on))
