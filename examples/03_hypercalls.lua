-- SPDX-License-Identifier: MIT
--
-- Custom hypercalls: numbers from 3 on belong to the script. Arguments come
-- as integers from x1 on; what the handler returns goes to x0, x1, ...

local tv = require "tinyvmm"

local vm <close> = assert(tv.vm { ram = "64K" })
vm:load(0, tv.asm [[
        mov     x1, #40
        mov     x2, #2
        mov     x0, #3                  // ADD
        hvc     #0
        mov     x19, x0

        mov     x1, #17
        mov     x2, #5
        mov     x0, #4                  // DIVIDE: quotient, remainder
        hvc     #0
        mov     x20, x0
        mov     x21, x1

        adr     x1, name
        mov     x0, #5                  // GREET
        hvc     #0

        mov     x0, #99                 // nobody's
        hvc     #0
        mov     x1, #0
        mov     x0, #0
        hvc     #0
name:   .asciz  "guest"
]])

vm:hypercall(3, function(cpu, a, b) return a + b end)
vm:hypercall(4, function(cpu, a, b) return a // b, a % b end)
vm:hypercall(5, function(cpu, text)
  print("hello, " .. vm:cstring(text))
end)

local cpu <close> = assert(vm:vcpu { pc = 0 })
local exit = vm:run()
print("40 + 2", cpu.x19)
print("17 / 5", cpu.x20, cpu.x21)
print(exit.kind, exit.nr)               -- the call nobody answered

vm:hypercall("default", function(cpu, nr) print("number", nr) end)
cpu.x0 = 98
cpu.pc = exit.pc                        -- call again
print(vm:run().kind)
