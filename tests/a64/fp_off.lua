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

local vectors = {}
for _, row in ipairs(isa.rows()) do
  if uses_vectors(row) then vectors[#vectors + 1] = row end
end

-- FPEN: 1 traps EL0 only, 3 nothing. The base, where there is one,
-- is sp half of the time, and misaligned: that fault would come later.
for fpen = 0, 3 do
  for el = 0, 1 do
    local traps = fpen % 2 == 0 or fpen == 1 and el == 0
    test(("CPACR_EL1.FPEN = %d: at EL%d, every FP and SIMD instruction %s")
         :format(fpen, el, traps and "traps" or "is free"), function(t)
      local vm <close> = assert(tv.vm { strict = el == 0 })
      local cpu <close> = assert(vm:vcpu { pc = 0, cpacr_el1 = fpen << 20,
        sctlr_el1 = 0x30d00800 | 3 << 3 })
      cpu.pstate = el << 2 | 0x3c0
      cpu.sp = 0x8008
      local problems = {}
      t.ok(#vectors > 400)
      for _, row in ipairs(vectors) do
        local w = word_of(t, row)
        local base_sp = w | 31 << 5
        if t.random(2) == 1 and isa.find(base_sp) == row then w = base_sp end
        vm:write_u32(0, w)
        cpu.pc = 0
        local exit = cpu:run(1)
        local trapped = exit.reason == "fp-trap" and exit.esr == 0x1fe00000
          and cpu.pc == 0
        if trapped ~= traps then
          problems[#problems + 1] = ("%s, %08x: %s %s"):format(row.name, w,
            exit.kind, exit.reason)
        end
      end
      t.eq(table.concat(problems, "\n"), "")
    end)
  end
end
