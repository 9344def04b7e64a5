-- SPDX-License-Identifier: MIT
--
-- RNDR and RNDRRS (Arm ARM D17.2.118): random numbers that are the same in
-- every run of a VM with the same seed, and differ between vCPUs.

local tv = require "tinyvmm"
local test = require "tap"
require "backend".only_file("soft", "its CPU models")
local guest = require "guest._guest"

-- The first n numbers of each of two vCPUs, in slices of `budget` steps.
local function numbers(n, options, budget)
  local vm <close> = assert(tv.vm(options))
  vm:load(guest.ENTRY, tv.asm [[
1:      mrs     x0, rndr
        mrs     x1, rndrrs
        eor     x2, x2, x0
        add     x2, x2, x1
        b       1b
  ]])
  local list = {}
  for i = 1, 2 do
    local cpu = assert(vm:vcpu { pc = guest.ENTRY })
    for _ = 1, n * 5 // budget do cpu:run(budget) end
    list[i] = ("%x"):format(cpu.x2)
  end
  return list
end

test("the same seed gives the same numbers, however they are run",
     function(t)
  local once = numbers(200, {}, 1000)
  t.eq(numbers(200, {}, 1000), once)
  t.eq(numbers(200, { seed = 0 }, 1), once)
  t.eq(numbers(200, { seed = 5 }, 25), numbers(200, { seed = 5 }, 1000))
end)

test("seeds and vCPUs have numbers of their own", function(t)
  local seen = {}
  for _, seed in ipairs { 0, 1, 2, -1, math.mininteger } do
    for _, x in ipairs(numbers(10, { seed = seed }, 50)) do
      t.ok(not seen[x])
      seen[x] = true
    end
  end
  t.raises("tv.vm seed must be an integer", tv.vm, { seed = 1.5 })
  t.raises("tv.vm seed must be an integer", tv.vm, { seed = "x" })
end)

test("a read succeeds: NZCV is 0, and bits are as often 1 as 0", function(t)
  local m <close> = guest.machine("mrs x0, rndr", { cpu = { x0 = 0 } })
  local ones, n = {}, 2000
  for _ = 1, n do
    m.cpu.pc, m.cpu.nzcv = guest.ENTRY, 0xf0000000
    m.cpu:step()
    t.eq(m.cpu.nzcv, 0)
    for bit = 0, 63 do
      ones[bit] = (ones[bit] or 0) + (m.cpu.x0 >> bit & 1)
    end
  end
  for bit = 0, 63 do t.ok(math.abs(ones[bit] - n / 2) < n / 8, bit) end
end)

test("looking at RNDR from the host does not take a number", function(t)
  local m <close> = guest.machine("mrs x0, rndr; mrs x1, rndr")
  local first = m.cpu.rndr
  t.eq(m.cpu.rndr, first)
  m.cpu:step()
  t.eq(m.cpu.x0, first)
  t.ok(m.cpu.rndr ~= first)
  m.vm:reset()
  t.eq(m.cpu.rndr, first, "a reset begins again")
end)
