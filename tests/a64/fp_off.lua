-- SPDX-License-Identifier: MIT
--
-- Every row of the table that uses FP or SIMD registers traps while CPACR_EL1
-- turns them off, before it does anything else.
local test = require "tap"
local tv = require "tinyvmm"
local isa = require "tinyvmm.a64.isa"

-- Data processing (op0 x111) and loads and stores of vectors (op0 x1x0 with
-- bit 26), where memory copies and sets also lie (Arm ARM C4.1).
local function uses_vectors(row)
  local op0 = row.value >> 25 & 15
  local copy = row.value & 0x3b200c00 == 0x19000400
  return op0 & 7 == 7
    or op0 & 5 == 4 and row.value >> 26 & 1 == 1 and not copy
end

local function word_of(t, row)
  for _ = 1, 10000 do
    local w = t.random() & 0xffffffff & ~row.mask | row.value
    if isa.find(w) == row then return w end
  end
  t.fail(row.name .. ": no word found")
end

test("every FP and SIMD instruction traps while they are off", function(t)
  local vm <close> = assert(tv.vm { fp = false })
  local cpu <close> = assert(vm:vcpu { pc = 0 })
  local rows, problems = 0, {}
  for _, row in ipairs(isa.rows()) do
    if uses_vectors(row) then
      rows = rows + 1
      local w = word_of(t, row)
      vm:write_u32(0, w)
      cpu.pc = 0
      local exit = cpu:run(1)
      if exit.reason ~= "fp-trap" or exit.esr ~= 0x1fe00000
         or cpu.pc ~= 0 then
        problems[#problems + 1] = ("%s, %08x: %s %s"):format(row.name, w,
          exit.kind, exit.reason)
      end
    end
  end
  t.ok(rows > 40)
  t.eq(table.concat(problems, "\n"), "")
end)
