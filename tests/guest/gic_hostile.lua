-- SPDX-License-Identifier: MIT
--
-- What a hostile guest may try on soft's GIC: accesses of every size to every
-- place, any value in any register, EL0. Nothing crashes, and what is no
-- register's reads as zero.

local test = require "tap"
require "backend".only_file("soft", "what is reserved is soft's own choice")
local tv = require "tinyvmm"
local gic = require "guest._gic"
local guest = require "guest._guest"

local D, R = 0x08000000, 0x080a0000

-- What a load of `width` bytes at `address` gives, after a store there of
-- all ones if `store` is set.
local function poke(m, address, width, store)
  local load = ({ "ldrb w3", "ldrh w3", [4] = "ldr w3", [8] = "ldr x3" })
  local put = ({ "strb w2", "strh w2", [4] = "str w2", [8] = "str x2" })
  m.vm:load(0x20000, tv.asm((store and put[width] .. ", [x1]\n" or "")
    .. load[width] .. ", [x1]\n hvc #1"))
  m.cpu.pc, m.cpu.x1, m.cpu.x2, m.cpu.x3 = 0x20000, address, -1, -2
  local exit = m.cpu:run(10)
  return exit.kind == "hvc" and m.cpu.x3 or exit.kind .. " " .. exit.reason
end

local function awake(options)
  local m = gic.machine("bl init; hvc #1", options)
  m.cpu:run(10000)
  return m
end

test("reserved registers and odd sizes read zero and ignore writes",
     function(t)
  local m <close> = awake()
  local odd = {
    { D + 0x10, 4 }, { D + 0x40, 4 }, { D + 0xc, 4 },
    { D + 0x80, 4 }, { D + 0x100, 4 }, { D + 0x200, 4 }, { D + 0x400, 4 },
    { D + 0xc00, 4 }, { D + 0x6000, 8 }, { D + 0x60f8, 8 },
    { D + 0x120, 4 }, { D + 0x500, 4 }, { D + 0xc40, 4 }, { D + 0x6800, 8 },
    { D + 0x800, 4 }, { D + 0xd04, 4 }, { D + 0xf00, 4 }, { D + 0xfffc, 4 },
    { D, 1 }, { D, 2 }, { D, 8 }, { D + 0x104, 1 }, { D + 0x104, 2 },
    { D + 0x108, 8 }, { D + 0x420, 2 }, { D + 0x420, 8 }, { D + 0x6100, 1 },
    { D + 0x6100, 2 }, { D + 0xc08, 2 }, { R, 4 }, { R + 0x10, 4 },
    { R + 0x14, 1 }, { R + 8, 2 }, { R + 8, 1 }, { R + 0x70, 8 },
    { R + 0x10000, 4 }, { R + 0x10104, 4 }, { R + 0x10420, 4 },
    { R + 0x10c08, 4 }, { R + 0x10d00, 4 }, { R + 0x16100, 8 },
    -- of vCPUs that are not there
    { R + 0x20008, 8 }, { R + 0x2ffe8, 4 }, { R + 122 * 0x20000 + 0x10100, 4 },
  }
  for _, o in ipairs(odd) do
    t.eq(poke(m, o[1], o[2], true), 0, ("%#x, %d"):format(o[1], o[2]))
  end
  for _, o in ipairs { { D + 4, 4 }, { D + 8, 4 }, { D + 0xffe8, 4 },
    { R + 8, 8 }, { R + 4, 4 } } do
    local before = poke(m, o[1], o[2])
    t.eq(poke(m, o[1], o[2], true), before)
  end
end)

test("what a store can change is what there is", function(t)
  local m <close> = awake()
  t.eq(poke(m, D + 0x6100, 8, true), 0x80ffffff)
  t.eq(poke(m, D + 0x6108, 4, true), 0x80ffffff)
  t.eq(poke(m, D + 0x610c, 4, true), 0)
  t.eq(poke(m, D + 0x420, 1, true), 0xf8)
  t.eq(poke(m, D + 0x424, 4, true), 0xf8f8f8f8)
  t.eq(poke(m, D + 0xc08, 4, true), 0xaaaaaaaa)
  t.eq(poke(m, R + 0x10c00, 4, true), 0xaaaaaaaa, "SGIs are edges")
  t.eq(poke(m, R + 0x10c04, 4, true), 0, "PPIs are levels")
  t.eq(poke(m, D, 4, true), 0x53)
  t.eq(poke(m, R + 8, 4), 0x10)
  t.eq(poke(m, R + 12, 4), 0)
end)

test("pairs and vectors reach the GIC in parts, atomics do not", function(t)
  local m <close> = awake { strict = false }
  m.vm:load(0x20000, tv.asm [[
        mov     w2, #0x11
        mov     w3, #0x22
        add     x1, x12, #0x104
        stp     w2, w3, [x1]
        ldp     w4, w5, [x1]
        ldr     q0, [x12, #0x100]
        umov    x6, v0.d[0]
        hvc     #1
  ]])
  m.cpu.pc = 0x20000
  m:to(t)
  t.eq({ m.cpu.x4, m.cpu.x5, m.cpu.x6 }, { 0x11, 0x22, 0 })
  for text, reason in pairs { ["ldxr w2, [x12]"] = "unsupported",
    ["ldadd w2, w3, [x12]"] = "unsupported",
    ["ld1 {v0.4s}, [x12]"] = "unsupported",
    ["dc zva, x12"] = "unsupported", ["ldr w2, [x12, #-2]"] = "unmapped",
    ["add x1, x12, #0xffe; ldr w2, [x1]"] = "unsupported",
    ["br x12"] = "protected" } do
    m.vm:load(0x20000, tv.asm(text))
    m.cpu.pc = 0x20000
    local exit = m.cpu:run(10)
    t.eq({ exit.kind, exit.reason }, { "fault", reason }, text)
  end
end)

test("a CPU interface takes any value in any register", function(t)
  local m <close> = gic.machine("bl init; hvc #1", { vcpus = 3 })
  m.cpu:run(1000)
  local names = { "pmr", "bpr0", "bpr1", "ap0r0", "ap1r0", "ctlr", "sre",
    "igrpen0", "igrpen1", "eoir0", "eoir1", "dir", "sgi0r", "sgi1r",
    "asgi1r" }
  local values = { 0, -1, 255, 256, 1019, 1020, 1023, 8192, 0xffffff,
    1 << 40, math.mininteger, math.maxinteger }
  for _ = 1, 3000 do
    local name = names[t.random(#names)]
    local value = t.random(0, 1) == 0 and t.random()
      or values[t.random(#values)]
    m.cpu["icc_" .. name .. "_el1"] = value
    local iar = m.cpu.icc_iar1_el1
    t.ok(iar < 256 or iar == 1023)
    t.ok(m.cpu.icc_rpr_el1 & ~0xf8 == 0 or m.cpu.icc_rpr_el1 == 0xff)
  end
end)

test("random stores all over the frames crash nothing", function(t)
  local m <close> = gic.machine("bl init; hvc #1", { vcpus = 3 })
  m.cpu:run(1000)
  m.vm:load(0x20000, tv.asm [[
1:      ldr     x2, [x1], #8            // address
        ldr     x3, [x1], #8
        cbz     x2, 2f
        tbnz    x2, #2, 3f
        str     x3, [x2]
        ldr     x4, [x2]
3:      str     w3, [x2]
        ldr     w4, [x2]
        strb    w3, [x2]
        mrs     x4, icc_iar1_el1
        mrs     x4, icc_iar0_el1
        b       1b
2:      hvc     #1
  ]])
  local frames = { D, R, R + 0x10000, R + 0x30000, R + 122 * 0x20000 }
  local list = {}
  for _ = 1, 8000 do
    local at = frames[t.random(#frames)] +
      (t.random(0, 3) == 0 and t.random(0, 0x3fff) * 4
       or t.random(0, 0x37f) * 4)
    list[#list + 1] = string.pack("<i8i8", at, t.random())
  end
  m.vm:write(0x50000, table.concat(list) .. ("\0"):rep(16))
  m.cpu.pc, m.cpu.x1 = 0x20000, 0x50000
  m.cpu:run(1000000)
  t.ok(m.cpu.x1 > 0x50000 + 16 * 8000, "the guest goes on")
end)

test("at EL0 the CPU interface is undefined", function(t)
  for _, text in ipairs { "mrs x0, icc_iar1_el1", "msr icc_pmr_el1, x0",
    "mrs x0, icc_ap1r1_el1", "msr icc_iar1_el1, x0",
    "mrs x0, icc_eoir1_el1" } do
    local m <close> = guest.machine(text, { vm = { gic = "v3" },
      cpu = { pstate = guest.EL0 } })
    t.eq(m:to_vector(t), guest.FROM_EL0, text)
    t.eq(m.cpu.esr_el1, guest.esr(0))
  end
end)
