-- SPDX-License-Identifier: MIT
-- `.` in a directive was the place of the last instruction that the cache did
-- not know, or nothing at all.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"

test(". in a directive is the place of the directive", function(t)
  for text, size in pairs {
    ["1: nop\nnop\nnop\n.space 0x20 - (. - 1b)"] = 0x20,
    ["1: .space 3\n.fill . - 1b, 1, 2\n.zero . - 1b"] = 12,
    ["1: nop\nnop\n.if . - 1b == 8\nnop\n.endif"] = 12,
    ["1: nop\n.skip 8 - (. - 1b)\n.rept (. - 1b) / 8\nnop\n.endr"] = 12,
    ["1: mov x0, #1\n.balign 4\n.org 1b + 0x10\n.space . - 1b"] = 32,
    [".macro vector\n.org 1b + \\@ * 0x80\nb .\n.endm\n1: vector\nvector\n"
      .. "vector\n.space 0x180 - (. - 1b)"] = 0x180,
  } do t.eq(asm.assemble(text).size, size, text) end
end)
