-- SPDX-License-Identifier: MIT
--
-- A guest with its MMU on: the host finds its instructions and its accesses
-- by the guest's own tables (core/walk.h).

local test = require "tap"
require "backend".only_file("kvm", "soft, also below the mock of hvf, keeps \z
  the MMU off")
local guest = require "guest._guest"

local DEV, VA, TABLE, E = 0x9000000, 0x400000, 0x30000, guest.ENTRY
local V = 0xf1e2d3c4b5a69788

-- 25 bits of address, 4 KiB: one table of blocks of 2 MiB. RAM at 0 is Normal
-- memory at its own address, the device is at VA.
local function machine(text)
  local m = guest.machine(text, { cpu = { x0 = VA, x3 = VA + 0xff8,
    mair_el1 = 0xff00, ttbr0_el1 = TABLE,
    tcr_el1 = 39 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 5 << 32 } })
  m.vm:write_u64(TABLE, 0x705)
  m.vm:write_u64(TABLE + 2 * 8, DEV | 0x401 | 3 << 53)
  m.cpu.sctlr_el1 = m.cpu.sctlr_el1 | 1
  m.log = {}
  local function add(...)
    m.log[#m.log + 1] = table.concat({ ... }, " ")
  end
  m.device = assert(m.vm:map { kind = "mmio", base = DEV, size = 0x4000,
    read = function(offset, size)
      add("r", offset, size)
      return V + (#m.log - 1)
    end,
    write = function(offset, size, value)
      add("w", offset, size, ("%x"):format(value))
    end })
  return m
end

local accesses = {
  { "ldp x1, x2, [x0]", { "r 0 8", "r 8 8" }, V, V + 1, VA },
  { "ldp w1, w2, [x0, #8]!", { "r 8 4", "r 12 4" }, V & 0xffffffff,
    V + 1 & 0xffffffff, VA + 8 },
  { "ldr x1, [x0, #16]!", { "r 16 8" }, V, 2, VA + 16 },
  { "ldp x1, x2, [x3]", { "r 4088 8", "r 4096 8" }, V, V + 1, VA },
  { "stp x1, x2, [x0], #-16", { "w 0 8 1", "w 8 8 2" }, 1, 2, VA - 16 },
  { "str w2, [x0, #4]!", { "w 4 4 2" }, 1, 2, VA + 4 },
  { "str q1, [x0]", { "w 0 8 0", "w 8 8 0" }, 1, 2, VA },
  { "ldr q1, [x0], #16", { "r 0 8", "r 8 8" }, 1, 2, VA + 16 }
}

test("pairs, writeback and Q registers reach a device by the tables",
     function(t)
  for _, a in ipairs(accesses) do
    local m <close> = machine(a[1])
    m.cpu.x1, m.cpu.x2 = 1, 2
    t.eq(m.cpu:step().kind, "budget", a[1])
    t.eq(m.log, a[2], a[1])
    t.eq({ m.cpu.x1, m.cpu.x2, m.cpu.x0, m.cpu.pc },
      { a[3], a[4], a[5], E + 4 }, a[1])
  end
end)

test("an exit has the word at its pc", function(t)
  local m <close> = machine "ldr x1, [x0]"
  m.device:unmap()
  local exit = m.cpu:run(10)
  t.eq({ exit.kind, exit.reason, exit.pc, exit.insn, exit.addr, exit.size },
    { "fault", "unmapped", E, 0xf9400001, DEV, 8 })
end)
