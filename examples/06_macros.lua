-- SPDX-License-Identifier: MIT
--
-- Lua functions and loops are the macros: they return assembly text. Here a
-- polynomial's coefficients become code, by Horner's rule.

local tv = require "tinyvmm"

local function call(nr)
  return ("        mov     x0, #%d\n        hvc     #0\n"):format(nr)
end

-- x1 = p(x2), coefficients from the highest power down
local function horner(coefficients)
  local lines = { "        mov     x1, #0" }
  for _, c in ipairs(coefficients) do
    lines[#lines + 1] = ("        mov     x3, #%d"):format(c)
    lines[#lines + 1] = "        madd    x1, x1, x2, x3"
  end
  return table.concat(lines, "\n") .. "\n"
end

local function run(text, x)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm(text))
  local cpu <close> = assert(vm:vcpu { pc = 0, x2 = x })
  return vm:run().status
end

local text = horner { 2, -3, 0, 5 } .. call(0)
for x = 0, 4 do
  print(("2x^3 - 3x^2 + 5 at %d is %d"):format(x, run(text, x)))
end
