-- SPDX-License-Identifier: MIT
--
-- The edges of regions and of the address space: which byte decides, what is
-- reported, and that nothing is written by an access that fails. No guest
-- address may reach host memory.

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local E = guest.ENTRY

-- {text, bytes, alignment, writes}; the address is x0 (and x0 is the base)
local accesses = {
  { "ldrb w1, [x0]", 1, 1 }, { "strb w1, [x0]", 1, 1, true },
  { "ldrsh x1, [x0]", 2, 2 }, { "strh w1, [x0]", 2, 2, true },
  { "ldr w1, [x0]", 4, 4 }, { "str w1, [x0]", 4, 4, true },
  { "ldr x1, [x0]", 8, 8 }, { "str x1, [x0]", 8, 8, true },
  { "ldr x1, [x0, x9]", 8, 8 }, { "str x1, [x0, w9, uxtw]", 8, 8, true },
  { "ldp w1, w2, [x0]", 8, 4 }, { "stp w1, w2, [x0]", 8, 4, true },
  { "ldp x1, x2, [x0]", 16, 8 }, { "stp x1, x2, [x0]", 16, 8, true },
  { "ldpsw x1, x2, [x0]", 8, 4 },
  { "ldr q1, [x0]", 16, 16 }, { "str q1, [x0]", 16, 16, true },
  { "ldp q1, q2, [x0]", 32, 16 }, { "stp q1, q2, [x0]", 32, 16, true },
  { "ldp d1, d2, [x0]", 16, 8 }, { "stp s1, s2, [x0]", 8, 4, true },
  { "ld1 {v1.16b}, [x0]", 16, 1 }, { "st1 {v1.16b}, [x0]", 16, 1, true },
  { "ld4 {v1.4s-v4.4s}, [x0]", 64, 4 },
  { "st4 {v1.4s-v4.4s}, [x0]", 64, 4, true },
  { "st1 {v1.2d-v4.2d}, [x0]", 64, 8, true },
  { "ld1r {v1.8h}, [x0]", 2, 2 }, { "st3 {v1.b-v3.b}[7], [x0]", 3, 1, true },
  { "stur x1, [x0]", 8, 8, true }, { "ldtr w1, [x0]", 4, 4 },
  { "ldar x1, [x0]", 8, 8, false, true },
  { "stlr w1, [x0]", 4, 4, true, true },
  { "ldxp x1, x2, [x0]", 16, 16, false, true },
  { "swp x1, x2, [x0]", 8, 8, true, true },
  { "casp x2, x3, x4, x5, [x0]", 16, 16, true, true },
}

-- One machine per mode; the word is put at ENTRY.
local function bench(strict)
  local m = guest.machine(guest.words(guest.NOP), { bytes = true,
    vectors = false, vm = { strict = strict, ram = { 0x10000, 0x10000 } } })
  return m
end

local words = {}
local function word(text)
  words[text] = words[text] or string.unpack("<I4", tv.asm(text):bytes_at(0))
  return words[text]
end

local function try(m, access, addr)
  m.vm:write_u32(E, word(access[1]))
  local c = m.cpu
  c.pc, c.x0, c.x9, c.x1 = E, addr, 0, -1
  return c:run(1)
end

local LOW, END = 0x10000, 0x20000

test("an access fits or faults at the last byte of RAM", function(t)
  backend.normal(t)
  local m <close> = bench(false)
  for _, a in ipairs(accesses) do
    for left = 0, a[2] + 1 do
      local addr = END - left
      if not (a[5] and addr % a[3] ~= 0) then
        local before = m.vm:read(END - 128, 128)
        local exit = try(m, a, addr)
        local what = ("%s at end - %d"):format(a[1], left)
        if left >= a[2] then t.eq(exit.kind, "budget", what)
        else
          t.eq({ exit.kind, exit.reason, exit.pc }, { "fault", "unmapped",
            E }, what)
          -- which half of an atomic is first is the CPU's affair
          t.eq(backend.emulated and "" or exit.access, backend.emulated and ""
            or a[4] and not a[1]:find "^[sc][wa]" and "w" or "r",
            what)
          t.ok(exit.addr >= addr and exit.addr < addr + a[2]
            and (left == 0 or exit.addr == END), what)
          t.eq(exit.far, exit.addr, what)
          -- a real CPU may have done the first half of a store
          t.eq(backend.exact and m.vm:read(END - 128, 128) or before, before,
            what .. " wrote")
          t.eq({ m.cpu.x0, m.cpu.x1 }, { addr, -1 }, what)
        end
      end
    end
  end
end)

test("an access below RAM faults at its first byte", function(t)
  backend.normal(t)
  local m <close> = bench(false)
  for _, a in ipairs(accesses) do
    for back = 1, a[2] do
      local addr = LOW - back
      if not (a[5] and addr % a[3] ~= 0) then
        local before = m.vm:read(LOW, 64)
        local exit = try(m, a, addr)
        t.eq({ exit.kind, exit.reason, exit.addr }, { "fault", "unmapped",
          addr }, ("%s at base - %d"):format(a[1], back))
        t.eq(m.vm:read(LOW + 4, 60), before:sub(5))
      end
    end
  end
end)

test("no address near the top of the 64-bit space reaches memory",
     function(t)
  backend.normal(t)
  local bases = { { 0, 0x100000 }, { 0x10000, 0x10000 },
                  { 0x40000000, 0x100000 } }
  for _, ram in ipairs(backend.emulated and { bases[3] } or bases) do
    for _, strict in ipairs(backend.exact and { true, false } or { false }) do
      local m <close> = guest.machine(guest.words(guest.NOP), { bytes = true,
        vectors = false, vm = { strict = strict, ram = ram } ,
        at = ram[1] + 0x1000 })
      local code = ram[1] + 0x1000
      local zero = m.vm:read(ram[1], 64)
      for _, a in ipairs(accesses) do
        for _, addr in ipairs { -1, -2, -4, -7, -8, -16, -32, -64, -0x1000,
            ram[1] - (1 << 63), ram[1] | 1 << 63, ram[1] | 1 << 48,
            ram[1] | 1 << 52, math.mininteger, math.maxinteger, 1 << 48,
            (1 << 48) - 1, (1 << 48) - 8, (1 << 48) - 16, 1 << 32 } do
          if not (a[5] and addr % a[3] ~= 0) then
            m.vm:write_u32(code, word(a[1]))
            local c = m.cpu
            c.pc, c.x0, c.x9 = code, addr, 0
            local exit = c:run(1)
            local what = ("%s at %#x, RAM at %#x"):format(a[1], addr, ram[1])
            t.eq(exit.kind, "fault", what)
            t.ok(exit.reason == "address-size" or exit.reason == "unmapped"
              or (strict and (exit.reason == "alignment"
              or exit.reason == "atomic")), what .. ": " .. exit.reason)
            if exit.reason == "address-size" then
              t.ok(exit.far >> 48 ~= 0, what)
            end
            t.eq(m.vm:read(ram[1], 64), zero, what)
          end
        end
      end
    end
  end
end)

test("register offsets and literals that wrap do not reach memory",
     function(t)
  backend.normal(t)
  local m <close> = guest.machine(guest.words(guest.NOP), { bytes = true,
    vectors = false, vm = { strict = false } })
  local function run(text, x0, x9, want)
    m.vm:write_u32(E, word(text))
    m.cpu.pc, m.cpu.x0, m.cpu.x9, m.cpu.x1 = E, x0, x9, 0
    local exit = m.cpu:run(1)
    t.eq(exit.kind, want and "budget" or "fault", text)
    if want then t.eq(m.cpu.x1, want, text) end
  end
  m.vm:write_u64(0x2000, 77)
  run("ldr x1, [x0, x9]", 0x1000, 0x1000, 77)
  run("ldr x1, [x0, x9]", -0x1000, 0x3000, 77)      -- wraps into RAM
  run("ldr x1, [x0, x9, lsl #3]", 0x2000, 1 << 61, 77)
  run("ldr x1, [x0, w9, sxtw]", 0x3000, 0xfffff000, 77)
  run("ldr x1, [x0, x9]", 0x1000, -0x1001)
  run("ldr x1, [x0, #-8]", 0, 0)
  run("ldr x1, [x0, #-8]!", 4, 0)
  m.vm:write_u32(0, 0x58ffffe1)                     -- ldr x1, pc - 4
  m.cpu.pc = 0
  t.eq(m.cpu:run(1).reason, "address-size")
  m.vm:write_u32(0, 0x17ffffff)                     -- b pc - 4
  m.cpu.pc = 0
  local exit = m.cpu:run(2)
  t.eq({ exit.reason, exit.pc }, { "address-size", -4 })
end)

-- Two regions that touch --------------------------------------------------

local kinds = { "ram", "rom", "mmio", "none", "read-only ram", "unreadable" }

local function map_at(m, kind, base)
  if kind == "none" then return nil end
  local spec = { base = base, size = 0x4000, kind = kind }
  if kind == "read-only ram" then spec.kind, spec.prot = "ram", "r" end
  if kind == "unreadable" then spec.kind, spec.prot = "ram", "w" end
  local region = m.vm:map(spec)
  return region
end

test("an access across two regions needs both to allow it", function(t)
  backend.normal(t)
  backend.except(t, "kvm", "a store may be done in part")
  local A, B = 0x800000, 0x804000
  for _, low in ipairs(kinds) do
    for _, high in ipairs(kinds) do
      local m <close> = bench(false)
      m.low, m.high = map_at(m, low, A), map_at(m, high, B)
      local function allows(kind, write)
        if kind == "ram" then return true end
        if kind == "unreadable" then return write end
        if kind == "rom" or kind == "read-only ram" then return not write end
        return false
      end
      for _, a in ipairs(accesses) do
        if a[2] > 1 and not a[5] then
          for over = 1, a[2] - 1 do
            local exit = try(m, a, B - over)
            local what = ("%s, %d bytes in %s, the rest in %s"):format(a[1],
              over, low, high)
            local ok = allows(low, a[4]) and allows(high, a[4])
            local mmio = low == "mmio" or high == "mmio"
            if not mmio then
              t.eq(exit.kind, ok and "budget" or "fault", what)
            else
              t.ok(exit.kind ~= "budget", what)
              if m.cpu.pending then m.cpu:skip() end
            end
            if exit.kind == "fault" and m.low and low ~= "mmio" then
              t.eq(m.low:read(0xfc0, 64), m.clean or ("\0"):rep(64), what)
            end
            if exit.kind == "budget" and a[4] then
              m.low:fill(0)
              m.high:fill(0)
            end
          end
        end
      end
    end
  end
end)

test("faults name what the region forbids", function(t)
  local m <close> = bench(true)
  m.rom = assert(m.vm:map { base = 0x800000, size = 0x4000, kind = "rom" })
  m.ro = assert(m.vm:map { base = 0x900000, size = 0x4000, prot = "r" })
  m.wo = assert(m.vm:map { base = 0xa00000, size = 0x4000, prot = "w" })
  local function check(a, addr, reason, access)
    local exit = try(m, { a }, addr)
    t.eq({ exit.kind, exit.reason, exit.access, exit.addr, exit.far },
      { "fault", reason, access, addr, addr }, a)
  end
  check("str x1, [x0]", 0x800ff8, "read-only", "w")
  check("stp x1, x2, [x0]", 0x800000, "read-only", "w")
  check("strb w1, [x0]", 0x900001, m.ro.kind == "rom" and "read-only"
    or "protected", "w")
  check("ldr x1, [x0]", 0xa00000, "protected", "r")
  check("ldr x1, [x0]", 0xb00000, "unmapped", "r")
  t.eq(try(m, { "str x1, [x0]" }, 0xa00000).kind, "budget")
  if backend.name == "kvm" then return end      -- "execute" is not enforced
  m.cpu.pc = 0x900000
  t.eq(m.cpu:run(1).reason, "protected")
end)

test("the largest region is no different from the others", function(t)
  -- main RAM takes the fast path, the rest the slow one: same results
  local results = {}
  for k, main in ipairs { 0x800000, 0x10000 } do
    local m <close> = guest.machine(guest.words(guest.NOP), { bytes = true,
      vectors = false, vm = { strict = false,
        ram = { 0x10000, main == 0x10000 and 0x20000 or 0x4000 } } })
    m.more = assert(m.vm:map { base = 0x800000, size = 0x40000 })
    for n = 0, 255 do m.more:u8(n, n * 7 & 255) end
    local parts = {}
    for _, a in ipairs(accesses) do
      for off = 0, 20, backend.emulated and 5 or 1 do
        try(m, a, 0x800000 + off)
        parts[#parts + 1] = guest.registers(m.cpu):gsub("icount=%d+", "")
          :gsub("cntvct_el0=%S+", "")
      end
    end
    parts[#parts + 1] = m.more:read(0, 256)
    results[k] = table.concat(parts)
  end
  t.ok(results[1] == results[2])
end)
