-- SPDX-License-Identifier: MIT
--
-- Self-modifying code: a store is seen by the very next fetch, whoever makes
-- it and wherever it lies in its granule (256 bytes), page or region; no
-- cache maintenance is needed (CTR_EL0.IDC and DIC).

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local E, NOP = guest.ENTRY, guest.NOP
local GRANULE, PAGE, RAM = 256, 4096, 1 << 20
local function movz(rd, n) return 0xd2800000 | n << 5 | rd end
local BRK = 0xd4200020

-- A machine with bytes at ENTRY and registers.
local function at(words, cpu, options)
  options = options or { vectors = false, vm = { strict = false } }
  options.bytes, options.cpu = true, cpu
  return guest.machine(guest.words(table.unpack(words)), options)
end

local STR_W1_X0 = 0xb9000001           -- str w1, [x0]

test("a store into the next instruction is executed at once", function(t)
  backend.only(t, "soft", "a CPU may have fetched it before")
  for _, place in ipairs { E, E + GRANULE - 4, E + PAGE - 4, E + PAGE - 8,
                           E + 8 } do
    local m <close> = at({ NOP }, { x0 = place + 4, x1 = movz(9, 5),
      pc = place })
    m.vm:write(place, guest.words(STR_W1_X0, movz(9, 1), BRK))
    for _ = 1, 2 do                     -- cold, and with everything decoded
      m.cpu.pc, m.cpu.x9 = place, 0
      t.eq(m.cpu:run(100).kind, "brk")
      t.eq(m.cpu.x9, 5, ("%#x"):format(place))
    end
    -- decoded first, then changed
    m.vm:write_u32(place + 4, movz(9, 3))
    m.cpu.pc = place + 4
    m.cpu:run(100)
    t.eq(m.cpu.x9, 3)
    m.cpu.pc = place
    m.cpu:run(100)
    t.eq(m.cpu.x9, 5)
  end
end)

test("a store over itself completes, and is gone", function(t)
  local m <close> = at({ STR_W1_X0, BRK }, { x0 = E, x1 = movz(9, 7) })
  m.cpu:run(10)
  t.eq({ m.cpu.x9, m.cpu.pc }, { 0, E + 4 })
  m.cpu.pc = E
  m.cpu:run(10)
  t.eq(m.cpu.x9, 7)
end)

-- Code is decoded at `target`, then changed there by `change`; executed
-- again. Distances from the store to the target cross every boundary.
local targets = { E + 64, E + GRANULE - 4, E + GRANULE, E + GRANULE + 4,
  E + 2 * GRANULE - 4, E + PAGE - 4, E + PAGE, E + PAGE + 60, E + 5 * PAGE,
  RAM - 8, RAM - GRANULE, RAM - PAGE, 0, GRANULE - 4 }

local function through(t, what, change)
  for _, target in ipairs(targets) do
    local m <close> = at({ NOP, BRK }, {})
    m.vm:write(target, guest.words(movz(9, 1), BRK))
    local function run()
      m.cpu.pc = target
      t.eq(m.cpu:run(10).kind, "brk")
      return m.cpu.x9
    end
    t.eq(run(), 1)
    local want = change(m, target)
    t.eq(run(), want or 2, ("%s at %#x"):format(what, target))
  end
end

local word2 = guest.words(movz(9, 2))

test("the host's writes to executed code are seen", function(t)
  through(t, "write_u32", function(m, a) m.vm:write_u32(a, movz(9, 2)) end)
  through(t, "write", function(m, a) m.vm:write(a, word2) end)
  through(t, "write_u8", function(m, a)      -- movz x9, #1 -> movz x9, #3
    m.vm:write_u8(a, 0x69)
    return 3
  end)
  through(t, "object", function(m, a) m.vm.ram:write(a, word2) end)
  through(t, "object u32", function(m, a) m.vm.ram:u32(a, movz(9, 2)) end)
  through(t, "fill", function(m, a)
    m.vm.ram:fill(0, a, 4)
    m.vm:write_u32(a, movz(9, 2))
  end)
end)

-- The guest's own stores of every kind; each writes w20 = movz x9, #2 at x0.
local stores = {
  { "str w20, [x0]" }, { "str x20, [x0]" }, { "str w20, [x1, #4]!" },
  { "str w20, [x0], #4" }, { "strb w21, [x0]" }, { "strh w21, [x0]" },
  { "stp w20, w22, [x0]" }, { "stp w23, w20, [x1]" },
  { "stlr w20, [x0]" }, { "swp w20, w24, [x0]" },
  { "ldxr w24, [x0]; stxr w25, w20, [x0]" },
  { "ldaxr w24, [x0]; stlxr w25, w20, [x0]" },
  { "ldr w24, [x0]; cas w24, w20, [x0]" },
  { "ldr w24, [x0]; eor w24, w24, w20; steor w24, [x0]" },
  { "str s20, [x0]" }, { "str d20, [x0]" }, { "stp s20, s22, [x0]" },
  { "st1 {v20.s}[0], [x0]" }, { "st1 {v20.2s}, [x0]" },
  { "stur w20, [x0]" }, { "sttr w20, [x0]" }, { "stnp w20, w22, [x0]" },
}

test("each kind of store of the guest's is seen by its next fetch",
     function(t)
  backend.only(t, "soft", "stepping a real CPU clears its monitor")
  for _, s in ipairs(stores) do
    local image = tv.asm(s[1])
    through(t, s[1], function(m, a)
      local w = movz(9, 2)
      local c = m.cpu
      m.vm:write(E + 0x800, image:bytes_at(E + 0x800) .. guest.words(BRK))
      if a == 0 and s[1]:find "x1" then
        m.vm:write_u32(a, w)
        return
      end
      c.x0, c.x1, c.x20, c.x21, c.x22, c.x23 = a, a - 4, BRK << 32 | w,
        w & 0xffff, BRK, m.vm:read_u32(a == 0 and a or a - 4)
      c.q20 = string.pack("<I8I8", BRK << 32 | w, 0)
      c.q22 = string.pack("<I8I8", BRK, 0)
      c.pc = E + 0x800
      t.eq(c:run(100).kind, "brk", s[1])
      t.eq(c.pc, E + 0x800 + image.size, s[1])
    end)
  end
end)

test("16-byte stores across a granule or page are seen on both sides",
     function(t)
  backend.normal(t)
  for _, edge in ipairs { E + GRANULE, E + PAGE, E + 4 * PAGE } do
    for back = 4, 12, 4 do
      for _, text in ipairs { "str q20, [x0]", "stp x20, x21, [x0]",
                              "st1 {v20.4s}, [x0]" } do
        local place = edge - back
        local m <close> = at({ NOP }, { x0 = place })
        local function run()
          m.cpu.pc = place
          t.eq(m.cpu:run(10).kind, "brk")
          return { m.cpu.x9, m.cpu.x10, m.cpu.x11 }
        end
        m.vm:write(place, guest.words(movz(9, 1), movz(10, 1), movz(11, 1),
          BRK))
        t.eq(run(), { 1, 1, 1 })
        m.vm:write(0x40000, tv.asm(text):bytes_at(0) .. guest.words(BRK))
        local data = guest.words(movz(9, 2), movz(10, 3), movz(11, 4), BRK)
        m.cpu.x20, m.cpu.x21 = string.unpack("<i8i8", data)
        m.cpu.q20 = data
        m.cpu.pc = 0x40000
        t.eq(m.cpu:run(10).pc, 0x40004)
        t.eq(run(), { 2, 3, 4 }, text .. (" at %#x"):format(place))
      end
    end
  end
end)

test("unaligned stores that straddle code by a byte are seen", function(t)
  backend.normal(t)
  for off = -7, 3 do
    local m <close> = at({ NOP }, { x0 = E + GRANULE + off })
    local code = E + GRANULE
    m.vm:write(code - 8, guest.words(NOP, NOP, movz(9, 1), BRK, NOP))
    m.cpu.pc = code
    m.cpu:run(10)
    t.eq(m.cpu.x9, 1)
    -- rebuild the same bytes but for the immediate
    local bytes = guest.words(NOP, NOP, movz(9, 2), BRK, NOP)
    m.cpu.x1 = string.unpack("<i8", bytes, 9 + off)
    m.vm:write(0x40000, guest.words(0xf9000001, BRK))     -- str x1, [x0]
    m.cpu.pc = 0x40000
    m.cpu:run(10)
    m.cpu.pc = code
    m.cpu:run(10)
    local covers = off <= 0 and off + 8 > 0
    t.eq(m.cpu.x9, covers and 2 or m.vm:read_u32(code) >> 5 & 0xffff,
      "offset " .. off)
  end
end)

test("DC ZVA over code makes it zeros", function(t)
  backend.normal(t)
  for _, target in ipairs(targets) do
    local m <close> = at({ NOP }, { x0 = target + 3 })
    m.vm:write(target, guest.words(movz(9, 1), BRK))
    m.cpu.pc = target
    m.cpu:run(10)
    m.vm:write(0x40000, guest.words(0xd50b7420, BRK))     -- dc zva, x0
    m.cpu.pc = 0x40000
    t.eq(m.cpu:run(10).pc, 0x40004)
    m.cpu.pc = target
    local exit = m.cpu:run(10)
    t.eq({ exit.kind, exit.reason }, { "fault", "undefined" })
    t.eq(m.vm:read(target & ~63, 64), ("\0"):rep(64))
  end
end)

test("a hypercall handler and an MMIO handler change the code ahead",
     function(t)
  local m <close> = guest.machine([[
        mov     x0, #3
        hvc     #0
        mov     x9, #1
        str     wzr, [x1]
        mov     x10, #1
        brk     #1
  ]], { vectors = false, cpu = { x1 = 0x9000000 } })
  m.vm:hypercall(3, function() m.vm:write_u32(E + 8, movz(9, 2)) end)
  m.device = assert(m.vm:map { kind = "mmio", base = 0x9000000, size = 0x4000,
    write = function() m.vm:write_u32(E + 16, movz(10, 2)) end })
  m.cpu:run(100)
  t.eq({ m.cpu.x9, m.cpu.x10 }, { 2, 2 })
end)

test("code written by one vCPU is executed by another", function(t)
  backend.except(t, "kvm", "a CPU may have fetched it before")
  local m <close> = at({ 0x14000000 }, { x0 = E, x1 = BRK })   -- b .
  local other <close> = assert(m.vm:vcpu { pc = E })
  m.cpu.pc = 0x40000
  m.vm:write(0x40000, guest.words(STR_W1_X0, 0x14000000))
  other:run(100)
  local exit = m.vm:run(100000)
  t.eq({ exit.kind, exit.cpu.index }, { "brk", 1 })
end)

test("code in the last granule of RAM runs off its end cleanly", function(t)
  local m <close> = at({ NOP }, { pc = RAM - 8 })
  m.vm:write(RAM - 8, guest.words(movz(9, 1), movz(10, 2)))
  local exit = m.cpu:run(10)
  t.eq({ exit.kind, exit.reason, exit.pc, exit.addr, exit.access },
    { "fault", "unmapped", RAM, RAM, "x" })
  t.eq({ m.cpu.x9, m.cpu.x10, m.cpu.icount }, { 1, 2, backend.steps(2) })
end)

test("code runs from one region into the next", function(t)
  local m <close> = at({ NOP }, { pc = RAM - 4 })
  m.second = assert(m.vm:map { base = RAM, size = 0x4000, kind = "rom" })
  m.vm:write(RAM - 4, guest.words(movz(9, 1)))
  m.second:write(0, guest.words(movz(10, 2), BRK))
  t.eq(m.cpu:run(10).kind, "brk")
  t.eq({ m.cpu.x9, m.cpu.x10 }, { 1, 2 })
  m.second:write(0, guest.words(movz(10, 3)))             -- ROM, by the host
  m.cpu.pc = RAM - 4
  m.cpu:run(10)
  t.eq(m.cpu.x10, 3)
end)

test("unmapping, mapping anew and protecting code is seen", function(t)
  backend.except(t, "kvm", "execute is not enforced")
  local m <close> = at({ NOP }, {})
  for n = 1, 3 do
    local region = assert(m.vm:map { base = RAM, size = 0x4000 })
    region:write(0x10, guest.words(movz(9, n), BRK))
    m.cpu.pc = RAM + 0x10
    t.eq(m.cpu:run(10).kind, "brk")
    t.eq(m.cpu.x9, n)
    region:protect "rw"
    m.cpu.pc = RAM + 0x10
    local exit = m.cpu:run(10)
    t.eq({ exit.reason, exit.access, exit.addr },
      { "protected", "x", RAM + 0x10 })
    region:protect "rwx"
    t.eq(m.cpu:run(10).kind, "brk")
    region:unmap()
    m.cpu.pc = RAM + 0x10
    t.eq(m.cpu:run(10).reason, "unmapped")
  end
end)

test("a program that rewrites itself in a loop counts right", function(t)
  -- Each round increments the immediate of an ADD ahead, in the same granule
  -- and in the next one.
  for _, gap in ipairs { 0, 256, 4096 } do
    local m <close> = guest.machine(([[
        adr     x0, 1f
        mov     x3, #100
2:      ldr     w1, [x0]
        add     w1, w1, #0x400
        str     w1, [x0]
        b       1f
        .space  %d
1:      add     x9, x9, #0
        subs    x3, x3, #1
        b.ne    2b
        brk     #1
    ]]):format(gap), { vectors = false })
    t.eq(m.cpu:run(10000).kind, "brk")
    t.eq(m.cpu.x9, 5050)
  end
end)
