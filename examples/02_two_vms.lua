-- SPDX-License-Identifier: MIT
--
-- Two VMs in one process. The first has two vCPUs with different entry
-- points, which sum the even and the odd numbers below 100; the second
-- multiplies the two results. Nothing is shared but this script.

local tv = require "tinyvmm"

local sums = tv.asm [[
even:   mov     x2, #0
        b       sum
odd:    mov     x2, #1
sum:    mov     x1, #0
1:      add     x1, x1, x2
        add     x2, x2, #2
        cmp     x2, #100
        b.lo    1b
        mov     x0, #3                  // RESULT, x1 = the sum
        hvc     #0
        mov     x0, #0                  // EXIT, status in x1
        mov     x1, #0
        hvc     #0
]]

local result = {}
local vm <close> = assert(tv.vm { ram = "64K" })
vm:load(0, sums)
vm:hypercall(3, function(cpu, sum) result[cpu.index] = sum end)
local first <close> = assert(vm:vcpu { pc = sums.symbols.even })
local second <close> = assert(vm:vcpu { pc = sums.symbols.odd })
repeat
  local exit = vm:run()
  assert(exit.kind == "shutdown", exit.why)
until exit.reason == "halt"
print("even", result[first.index])
print("odd", result[second.index])

local other <close> = assert(tv.vm { ram = "64K" })
other:load(0, tv.asm [[
        mul     x1, x1, x2
        mov     x0, #0
        hvc     #0
]])
local cpu <close> = assert(other:vcpu {
  pc = 0, x1 = result[0], x2 = result[1]
})
print("product", other:run().status)
