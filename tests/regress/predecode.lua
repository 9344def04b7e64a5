-- SPDX-License-Identifier: MIT
--
-- Predecoded instructions that take the place of others: the entry of a word
-- is used again for the one that replaces it, and must hold nothing of the
-- old operands.

local test = require "tap"
local tv = require "tinyvmm"

-- Seen by the sanitizer of MODE=asan: a bitfield's rotation was still there
-- as the number of an index register.
test("a rewritten instruction has no operands of the old one", function(t)
  local words = tv.asm [[
        movz x19, #0x6935, lsl #48
        ldr  x19, [x1]
        and  x27, x3, #0xfffffffffffc0001
        ldr  q3, [x1, #16]
        ldr  w5, here
here:   ret
  ]]:bytes_at(0x10000)
  local vm <close> = assert(tv.vm {})
  local cpu = vm:vcpu { pc = 0x10000, x1 = 0x20000 }
  vm:write_u64(0x20000, 42)
  vm:write_u32(0x10004, 0xd65f03c0)               -- where `here` will be
  for at = 1, 17, 4 do
    vm:write(0x10000, words:sub(at, at + 3))
    cpu.pc = 0x10000
    t.eq(cpu:step().kind, "budget")
  end
  t.eq(cpu.x19, 42)
  t.eq(cpu.x5, 0xd65f03c0)
end)
