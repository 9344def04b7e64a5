-- SPDX-License-Identifier: MIT
--
-- Strictness: with the MMU off data is Device memory, where unaligned
-- accesses, DC ZVA and exclusives fault; strict = false treats it as Normal,
-- and SCTLR_EL1.A decides (B2.5, D1.3.5). Alignment is that of the element.

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local E, D = guest.ENTRY, guest.DATA

-- {text, element size, write}
local accesses = {
  { "ldrb w1, [x0]", 1 }, { "strb w1, [x0]", 1, true },
  { "ldrh w1, [x0]", 2 }, { "strh w1, [x0]", 2, true },
  { "ldrsh x1, [x0]", 2 }, { "ldr w1, [x0]", 4 },
  { "str w1, [x0]", 4, true }, { "ldrsw x1, [x0]", 4 },
  { "ldr x1, [x0]", 8 }, { "str x1, [x0]", 8, true },
  { "ldur w1, [x0]", 4 }, { "sttr x1, [x0]", 8, true },
  { "ldr w1, [x0, x9]", 4 }, { "ldr x1, [x0], #3", 8 },
  { "str w1, [x0, #0]!", 4, true },
  { "ldp w1, w2, [x0]", 4 }, { "stp w1, w2, [x0]", 4, true },
  { "ldp x1, x2, [x0]", 8 }, { "stp x1, x2, [x0]", 8, true },
  { "ldpsw x1, x2, [x0]", 4 }, { "stnp x1, x2, [x0]", 8, true },
  { "ldr b1, [x0]", 1 }, { "ldr h1, [x0]", 2 }, { "str s1, [x0]", 4, true },
  { "ldr d1, [x0]", 8 }, { "ldr q1, [x0]", 16 }, { "str q1, [x0]", 16, true },
  { "ldp s1, s2, [x0]", 4 }, { "ldp q1, q2, [x0]", 16 },
  { "ld1 {v1.16b}, [x0]", 1 }, { "ld1 {v1.4s}, [x0]", 4 },
  { "st2 {v1.8h-v2.8h}, [x0]", 2, true }, { "ld1r {v1.2d}, [x0]", 8 },
  { "st1 {v1.s}[1], [x0]", 4, true },
}

local words = {}
local function word(text)
  words[text] = words[text] or string.unpack("<I4", tv.asm(text):bytes_at(0))
  return words[text]
end

local function sweep(t, strict, sctlr, pstate, faults)
  local m <close> = guest.machine(guest.words(guest.NOP), { bytes = true,
    vm = { strict = strict }, cpu = { sctlr_el1 = sctlr } })
  local ec = pstate == guest.EL0 and 0x24 or 0x25
  for _, a in ipairs(accesses) do
    m.vm:write_u32(E, word(a[1]))
    for off = 0, 17 do
      local c = m.cpu
      c.pstate, c.pc, c.x0, c.x9 = pstate, E, D + off, 0
      t.eq(c:step().kind, "budget")
      local what = ("%s at +%d, strict %s, SCTLR %#x"):format(a[1], off,
        strict, sctlr)
      if faults and off % a[2] ~= 0 then
        t.eq(c.esr_el1, guest.esr(ec, a[3] and 0x61 or 0x21), what)
        t.eq({ c.far_el1, c.elr_el1, c.x0 }, { D + off, E, D + off }, what)
      else
        t.eq(c.pc, E + 4, what)
      end
    end
  end
end

test("strict: an access not aligned to its element faults at every level",
     function(t)
  backend.device(t)
  for _, pstate in ipairs { guest.EL1H, guest.EL1T, guest.EL0 } do
    sweep(t, true, 0x30d00800, pstate, true)
  end
end)

test("relaxed: any alignment works, unless SCTLR_EL1.A is set", function(t)
  backend.normal(t)
  sweep(t, false, 0x30d00800, guest.EL1H, false)
  sweep(t, false, 0x30d00800, guest.EL0, false)
  sweep(t, false, 0x30d00802, guest.EL1H, true)
  sweep(t, false, 0x30d00802, guest.EL0, true)
end)

test("SCTLR_EL1.A takes effect with the next instruction", function(t)
  backend.normal(t)
  local m <close> = guest.machine([[
        ldr     x1, [x0]
        mrs     x2, sctlr_el1
        orr     x2, x2, #2
        msr     sctlr_el1, x2
        ldr     x1, [x0]
  ]], { vm = { strict = false }, cpu = { x0 = D + 1 } })
  m:to_vector(t)
  t.eq(m.cpu.elr_el1, E + 16)
end)

test("relaxed: an unaligned load reads the bytes where they are", function(t)
  backend.normal(t)
  local m <close> = guest.machine("ldr x1, [x0]; ldrh w2, [x0, #1]; \z
    ldr q3, [x0, #3]", {
    vm = { strict = false }, cpu = { x0 = D + 0xffd } })
  m.vm:write(D + 0xff0, "0123456789abcdefghijklmnopqrstuv")
  m.cpu:step()
  t.eq(m.cpu.x1, (string.unpack("<i8", "defghijk")))
  m.cpu:step()
  t.eq(m.cpu.x2, (string.unpack("<I2", "ef")))
  m.cpu:step()
  t.eq(m.cpu.q3, "ghijklmnopqrstuv")
end)

test("DC ZVA zeroes its 64-byte block in relaxed mode", function(t)
  backend.normal(t)
  for _, off in ipairs { 0, 1, 63, 64, 100 } do
    local m <close> = guest.machine("dc zva, x0", { vm = { strict = false },
      cpu = { x0 = D + off } })
    m.vm:write(D - 64, ("x"):rep(256))
    m.cpu:step()
    local block = 64 + off // 64 * 64
    t.eq(m.vm:read(D - 64, 256), ("x"):rep(block) .. ("\0"):rep(64)
      .. ("x"):rep(192 - block))
  end
end)

test("DC GZVA zeroes too, DC GVA sets tags, of which there are none",
     function(t)
  backend.only(t, "soft", "it has the model's features")
  for op, want in pairs { gzva = "\0", gva = "x" } do
    local m <close> = guest.machine("1: dc " .. op .. ", x0; b 1b", {
      vm = { strict = false }, cpu = { x0 = D + 9 } })
    m.vm:write(D, ("x"):rep(64))
    m.cpu:run(2)
    t.eq({ m.cpu.pc, m.vm:read(D, 64) }, { E, want:rep(64) }, op)
    m.cpu.x0 = 0x900000
    t.eq(m.cpu:run(1).reason, "unmapped", op)
  end
end)

test("strict: DC ZVA is an alignment fault of a write", function(t)
  backend.device(t)
  for _, case in ipairs { { guest.EL1H, 0x25 }, { guest.EL0, 0x24 } } do
    local m <close> = guest.machine("dc zva, x0", { cpu = { x0 = D + 7,
      pstate = case[1], sctlr_el1 = 0x30d00800 | 1 << 14 } })
    m.vm:write(D, "kept")
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(case[2], 0x61))
    t.eq({ m.cpu.far_el1, m.cpu.elr_el1 }, { D + 7, E })
    t.eq(m.vm:read(D, 4), "kept")
  end
end)

test("DC ZVA needs writable RAM", function(t)
  backend.normal(t)
  backend.except(t, "kvm", "the kernel gives the guest an abort")
  local m <close> = guest.machine("dc zva, x0", { vm = { strict = false } })
  m.rom = assert(m.vm:map { base = 0x800000, size = 0x4000, kind = "rom" })
  for addr, reason in pairs { [0x800040] = "read-only", [0x900000] =
      "unmapped", [1 << 48] = "address-size" } do
    m.cpu.pc, m.cpu.x0 = E, addr
    if reason == "address-size" then
      m:to_vector(t)
      t.eq(m.cpu.esr_el1, guest.esr(0x25, 0x40))
    else
      local exit = m.cpu:run(1)
      t.eq({ exit.reason, exit.access }, { reason, "w" })
    end
  end
end)
