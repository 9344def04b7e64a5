-- SPDX-License-Identifier: MIT
--
-- Memory tagging instructions on a CPU whose memory has no tags
-- (ID_AA64PFR1_EL1.MTE = 1): every tag chosen or read is 0, stores of tags
-- check their address and store nothing (Arm ARM D10.2, and the pseudocode of
-- each). GMI, SUBP and SUBPS are compared with qemu in a64/oracle.lua too.

local test = require "tap"
require "backend".only_file("soft", "its CPU models")
local guest = require "guest._guest"

local D = guest.DATA
local TAG = 15 << 56

local function run(t, text, cpu, options)
  options = options or {}
  options.cpu = cpu
  local m = guest.machine(text, options)
  m.cpu:step()
  t.eq(m.cpu.pc, guest.ENTRY + 4, text)
  return m
end

test("irg, addg and subg give tag 0, add and subtract 16 times", function(t)
  for _ = 1, 50 do
    local a, n = t.random(), t.random(0, 63)
    local m <close> = run(t, "irg x0, x1, x2", { x1 = a, x2 = -1 })
    t.eq(m.cpu.x0, a & ~TAG)
    local add <close> = run(t, ("addg x0, x1, #%d, #7"):format(n * 16),
      { x1 = a })
    t.eq(add.cpu.x0, a + n * 16 & ~TAG)
    local sub <close> = run(t, ("subg sp, x1, #%d, #15"):format(n * 16),
      { x1 = a })
    t.eq(sub.cpu.sp, a - n * 16 & ~TAG)
  end
end)

test("gmi adds a tag to a mask, subp subtracts 56-bit addresses", function(t)
  local m <close> = run(t, "gmi x0, x1, x2", { x1 = 9 << 56, x2 = 1 })
  t.eq(m.cpu.x0, 1 << 9 | 1)
  local s <close> = run(t, "subps x0, x1, x2",
    { x1 = 0xab << 56 | 5, x2 = 0x12 << 56 | 7 })
  t.eq({ s.cpu.x0, s.cpu.nzcv }, { -2, 0x80000000 })
  local z <close> = run(t, "cmpp x1, x2", { x1 = 3 << 56 | 7, x2 = 7 })
  t.eq(z.cpu.nzcv, 0x60000000)
end)

test("ldg clears the tag in its register, whatever the alignment",
     function(t)
  local m <close> = run(t, "ldg x0, [x1, #-16]", { x0 = -1, x1 = D + 7 })
  t.eq(m.cpu.x0, ~TAG)
end)

-- text, bytes zeroed from the base on, change of the base
local stores = {
  { "stg x2, [x1, #32]", 0, 0 }, { "stg x2, [x1], #-16", 0, -16 },
  { "st2g x2, [x1, #48]!", 0, 48 }, { "stzg x2, [x1]", 16, 0 },
  { "stzg x2, [x1], #16", 16, 16 }, { "stz2g x2, [x1]", 32, 0 },
  { "stz2g x2, [x1, #0]!", 32, 0 }
}

test("tag stores store no tags; the z forms zero their bytes", function(t)
  for _, s in ipairs(stores) do
    local m <close> = guest.machine(s[1], { cpu = { x1 = D, x2 = TAG } })
    m.vm:write(D, ("\xee"):rep(96))
    m.cpu:step()
    t.eq(m.cpu.pc, guest.ENTRY + 4, s[1])
    t.eq(m.vm:read(D, 96), ("\0"):rep(s[2]) .. ("\xee"):rep(96 - s[2]), s[1])
    t.eq(m.cpu.x1, D + s[3], s[1])
  end
  local m <close> = run(t, "stgp x2, x3, [x1, #16]!", { x1 = D, x2 = 1,
    x3 = 2 })
  t.eq({ m.vm:read_u64(D + 16), m.vm:read_u64(D + 24), m.cpu.x1 },
    { 1, 2, D + 16 })
end)

test("a tag store faults on an unaligned address and changes nothing",
     function(t)
  for _, s in ipairs(stores) do
    local m <close> = guest.machine(s[1], { cpu = { x1 = D + 8 },
      vm = { strict = false } })
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0x25, 0x61), s[1])
    t.eq(m.cpu.x1, D + 8, s[1])
  end
end)

test("a tag store needs writable memory, ldg readable", function(t)
  for _, base in ipairs { 0x900000, 0xa00000 } do
    for _, s in ipairs(stores) do
      local m <close> = guest.machine(s[1], { cpu = { x1 = base } })
      assert(m.vm:map { kind = "rom", base = 0xa00000, size = 4096 })
      local exit = m.cpu:run(1)
      local first = base + math.tointeger(s[1]:match "#(%d+)%]" or 0)
      t.eq({ exit.kind, exit.reason, exit.addr }, { "fault",
        base == 0xa00000 and "read-only" or "unmapped", first }, s[1])
    end
  end
  local m <close> = guest.machine("ldg x0, [x1]", { cpu = { x1 = 0x900000 } })
  t.eq(m.cpu:run(1).reason, "unmapped")
end)

test("tco reads 0 and takes no write; what needs tags is undefined",
     function(t)
  local m <close> = guest.machine(
    "mov x1, #-1; msr tco, x1; .inst 0xd503419f; mrs x2, tco; svc #0",
    { cpu = { pstate = 0 } })
  m:to_vector(t)
  t.eq({ m.cpu.esr_el1, m.cpu.x2, m.cpu.spsr_el1 },
    { guest.esr(0x15), 0, 0 })
  for _, text in ipairs { "ldgm x0, [x1]", "stgm x0, [x1]", "stzgm x0, [x1]",
      "mrs x0, gcr_el1", "mrs x0, rgsr_el1" } do
    local u <close> = guest.machine(text)
    u:to_vector(t)
    t.eq(u.cpu.esr_el1, guest.esr(0), text)
  end
  for _, text in ipairs { "irg x0, x1", "stg x0, [x1]", "mrs x0, tco" } do
    local u <close> = guest.machine(text, { vm = { cpu = "armv8.7" } })
    u:to_vector(t)
    t.eq(u.cpu.esr_el1, guest.esr(0), text .. " without FEAT_MTE")
  end
end)
