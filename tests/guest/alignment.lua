-- SPDX-License-Identifier: MIT
--
-- Alignment over the whole instruction table: sp as a base, of every load and
-- store there is, and addresses of FP and SIMD accesses, whose unit is the
-- element that the disassembly names.

local tv = require "tinyvmm"
local test = require "tap"
local guest = require "guest._guest"
local isa = require "tinyvmm.a64.isa"
local dis = require "tinyvmm.a64.dis"
local words = require "a64._words"

require "backend".only_file("soft", "it has all of the table's features")

-- Rows of loads and stores (op0 x1x0) with a base.
local rows = {}
for _, row in ipairs(isa.rows()) do
  if row.value >> 25 & 5 == 4 and row.field.rn then rows[#rows + 1] = row end
end

-- Calls use(row, word) for some words of each row, with sp or x1 as base.
local function each(t, base, use)
  for _, row in ipairs(rows) do
    for _ = 1, 12 do
      local w = words.random(row, t.random) & ~(31 << 5) | base << 5
      if isa.find(w) == row then use(row, w) end
    end
  end
end

local SA, SA0, MSCEN = 1 << 3, 1 << 4, 1 << 33

local function machine(sctlr, options)
  return guest.machine("nop", { vectors = false, vm = options,
    cpu = { sctlr_el1 = 0x30d00800 | MSCEN | sctlr } })
end

-- The exit of one step, registers being addresses of RAM.
local function step(m, w, pstate)
  local cpu = m.cpu
  m.vm:write_u32(guest.ENTRY, w)
  for i = 2, 30 do cpu["x" .. i] = 0 end
  cpu.pstate, cpu.pc = pstate, guest.ENTRY
  return cpu:run(1)
end

-- Prefetches do not look at it, these are not there.
local function looks_at_sp(row)
  return not row.name:find "^PRFU?M" and not row.name:find "64B"
    and not row.name:find "GM$"
end

test("every load and store with a misaligned sp as base faults, where "
     .. "SCTLR_EL1.SA or SA0 says so", function(t)
  local seen = 0
  for _, case in ipairs { { SA, guest.EL1H, true }, { SA0, guest.EL1H },
                          { SA0, guest.EL0, true }, { SA, guest.EL0 } } do
    local m <close> = machine(case[1], { strict = false })
    each(t, 31, function(row, w)
      m.cpu.pstate = case[2]
      m.cpu.sp = guest.DATA + 8
      local exit = step(m, w, case[2])
      local faults = exit.reason == "sp-alignment"
      local want = case[3] and looks_at_sp(row) or false
      t.eq(faults, want, ("%s %08x"):format(row.name, w))
      if faults then seen = seen + 1 end
    end)
  end
  t.ok(seen > 1000)
end)

local SIZE = { b = 1, h = 2, s = 4, d = 8, q = 16 }

local function unit_of(w)
  local text = dis.word(w, 0)
  local letter = text:match "{v%d+%.%d*([bhsd])" or text:match "%s([bhsdq])%d"
  return SIZE[letter], text
end

test("strict: FP and SIMD accesses are aligned to their elements",
     function(t)
  local m <close> = machine(0, { strict = true })
  local seen = {}
  each(t, 1, function(row, w)
    local copy = row.value & 0x3b200c00 == 0x19000400
    if row.value >> 26 & 1 == 0 or copy then return end
    local unit, text = unit_of(w)
    t.ok(unit, text)
    -- Offsets in registers are 0, but for the base itself.
    if text:find "%[x1, [xw]1[],]" then return end
    local offset = tonumber(text:match "%[x1, #(%-?%d+)%]" or 0)
    for _, off in ipairs { 0, unit, unit // 2 } do
      m.cpu.x1 = guest.DATA - offset + off
      local exit = step(m, w, guest.EL1H)

      local load = row.name:find "^LD"
      if off % unit == 0 then
        t.eq(exit.kind, "budget", text)
      else
        t.eq({ exit.reason, exit.esr }, { "alignment",
          guest.esr(0x25, 0x21 | (load and 0 or 0x40)) }, text)
        seen[unit] = (seen[unit] or 0) + 1
      end
    end
  end)
  for _, unit in ipairs { 2, 4, 8, 16 } do t.ok((seen[unit] or 0) > 9) end
end)
