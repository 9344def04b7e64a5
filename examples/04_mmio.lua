-- SPDX-License-Identifier: MIT
--
-- A device in Lua: two registers of an MMIO range. The guest writes numbers
-- to the first and reads their running sum from the second.

local tv = require "tinyvmm"

local vm <close> = assert(tv.vm { ram = "64K" })
local sum = 0
local adder <close> = assert(vm:map {
  kind = "mmio", base = 0x09000000, size = 0x4000,
  read = function(offset, size)
    print(("read  +%#x, %d bytes"):format(offset, size))
    return sum
  end,
  write = function(offset, size, value)
    print(("write +%#x, %d bytes: %d"):format(offset, size, value))
    sum = sum + value
  end
})

vm:load(0, tv.asm [[
        ldr     x1, =0x09000000
        mov     w2, #30
        str     w2, [x1]
        mov     w2, #12
        strb    w2, [x1]
        ldr     w1, [x1, #4]
        mov     x0, #0                  // EXIT with the sum
        hvc     #0
]])
local cpu <close> = assert(vm:vcpu { pc = 0 })
print("sum", vm:run().status)
