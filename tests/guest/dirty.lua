-- SPDX-License-Identifier: MIT
--
-- Logs of written pages, on every backend: which pages guests and scripts have
-- written since the last time. soft names those that were stored to and no
-- others; hvf and kvm see the guest's stores by pages of the host, of which
-- they name all. (What else writes on soft: tests/core/test_dirty.c.)

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local PAGE, BASE, SIZE = 4096, 0x400000, 0x80000

-- The guest stores x2 at x1, x5 times, x4 bytes apart, and stops.
local STORES = [[
1:      str     x2, [x1]
        add     x1, x1, x4
        subs    x5, x5, #1
        b.ne    1b
        brk     #1
]]

-- A machine whose code is in vm.ram and whose data is not.
local function machine(code, size)
  local m = guest.machine(code or STORES, { vectors = false })
  m.data = assert(m.vm:map { base = BASE, size = size or SIZE })
  return m
end

local function go(t, m, registers)
  for name, value in pairs(registers or {}) do m.cpu[name] = value end
  m.cpu.pc = guest.ENTRY
  local exit = m.cpu:run { timeout = 20 }
  t.eq({ exit.kind, exit.reason }, { "brk" }, exit.why)
end

local function store(t, m, offset, count, apart)
  go(t, m, { x1 = BASE + offset, x2 = -1, x4 = apart or PAGE,
    x5 = count or 1 })
end

-- The pages of the host that hold these offsets.
local function hosts(vm, offsets)
  local list, seen = {}, {}
  for _, offset in ipairs(offsets) do
    local first = offset // vm.granule * vm.granule
    for at = first, first + vm.granule - 1, PAGE do
      if not seen[at] then list[#list + 1] = at end
      seen[at] = true
    end
  end
  table.sort(list)
  return list
end

-- Takes the log. The guest has stored to these pages, the script to those.
local function takes(t, m, stored, written, what)
  local want, seen = hosts(m.vm, stored), {}
  for _, at in ipairs(want) do seen[at] = true end
  for _, at in ipairs(written or {}) do
    if not seen[at] then want[#want + 1] = at end
  end
  table.sort(want)
  t.eq(m.data:dirty(), want, what)
end

test("a log names the pages that the guest has stored to", function(t)
  local m <close> = machine()
  store(t, m, 3 * PAGE)
  m.data:log(true)
  takes(t, m, {}, {}, "it begins with none")
  store(t, m, 5 * PAGE, 3, 16 * PAGE)
  takes(t, m, { 5 * PAGE, 21 * PAGE, 37 * PAGE })
  takes(t, m, {}, {}, "what is taken is gone")
  store(t, m, 5 * PAGE)
  takes(t, m, { 5 * PAGE }, {}, "the same page again")
  store(t, m, 0, SIZE // PAGE)
  local all = {}
  for at = 0, SIZE - 1, PAGE do all[#all + 1] = at end
  t.eq(m.data:dirty(), all, "all of them")
  store(t, m, SIZE - 8)
  takes(t, m, { SIZE - PAGE }, {}, "the last bytes")
  t.eq(m.data:u64(SIZE - 8), -1)
end)

test("loads leave pages clean", function(t)
  local m <close> = machine "1: ldr x2, [x1], #64; subs x5, x5, #1; \z
    b.ne 1b; brk #1"
  m.data:log(true)
  go(t, m, { x1 = BASE, x5 = SIZE // 64 })
  takes(t, m, {})
end)

test("a log has what the script has written", function(t)
  local m <close> = machine()
  m.data:log(true)
  m.data:u8(7 * PAGE, 1)
  m.data:write(9 * PAGE - 1, "ab")
  m.data:fill(1, 20 * PAGE, PAGE + 1)
  m.vm:write_u32(BASE + 40 * PAGE - 2, 5)
  takes(t, m, {}, { 7 * PAGE, 8 * PAGE, 9 * PAGE, 20 * PAGE, 21 * PAGE,
    39 * PAGE, 40 * PAGE })
  m.data:u8(30 * PAGE, 1)
  store(t, m, 31 * PAGE)
  takes(t, m, { 31 * PAGE }, { 30 * PAGE }, "and what the guest has")
  store(t, m, 30 * PAGE)
  takes(t, m, { 30 * PAGE })
end)

test("stores across pages and regions", function(t)
  local m <close> = machine "stp x2, x3, [x1]; stp q0, q0, [x6]; brk #1"
  local next_ram = assert(m.vm:map { base = BASE + SIZE, size = SIZE })
  m.data:log(true)
  next_ram:log(true)
  for _, edge in ipairs { PAGE, 4 * PAGE, 16 * PAGE, 17 * PAGE } do
    go(t, m, { x1 = BASE + edge - 8, x6 = BASE + edge + 0x8000 - 16 })
    takes(t, m, { edge - PAGE, edge, edge + 0x8000 - PAGE, edge + 0x8000 })
  end
  go(t, m, { x1 = BASE + SIZE - 8, x6 = BASE + SIZE - 16 })
  takes(t, m, { SIZE - PAGE })
  t.eq(next_ram:dirty(), hosts(m.vm, { 0 }))
end)

test("the part of a pair that lies beside MMIO is logged", function(t)
  local m <close> = machine "stp x2, x3, [x1]; brk #1"
  local got
  local mmio <close> = assert(m.vm:map { kind = "mmio", base = BASE + SIZE,
    size = 0x10000, write = function(_, _, value) got = value end })
  m.data:log(true)
  go(t, m, { x1 = BASE + SIZE - 8, x2 = 77, x3 = 88 })
  t.eq({ m.data:u64(SIZE - 8), got }, { 77, 88 })
  local dirty = m.data:dirty()
  t.eq(dirty[#dirty], SIZE - PAGE)
end)

test("a store to a region that cannot be read is logged", function(t)
  local m <close> = machine()
  m.data:protect "w"
  m.data:log(true)
  store(t, m, 2 * PAGE, 2, 30 * PAGE)
  local dirty = m.data:dirty()
  t.eq(dirty[1] // m.vm.granule, 2 * PAGE // m.vm.granule)
  t.eq(dirty[#dirty] // m.vm.granule, 32 * PAGE // m.vm.granule)
  store(t, m, 2 * PAGE)
  t.ok(#m.data:dirty() > 0)
end)

test("random stores: what differs is in the log", function(t)
  local m <close> = machine [[
1:      mul     x10, x10, x11           // a step of a random sequence
        add     x10, x10, x12
        lsr     x13, x10, #40
        and     x13, x13, x14
        str     x10, [x1, x13]
        subs    x5, x5, #1
        b.ne    1b
        brk     #1
]]
  m.data:log(true)
  local before = m.data:read(0, SIZE)
  for round = 1, 20 do
    local count, x10, stored = t.random(1, 30), t.random(), {}
    go(t, m, { x1 = BASE, x5 = count, x10 = x10, x11 = 0x5851f42d4c957f2d,
      x12 = 0x14057b7ef767814f, x14 = (SIZE - 1) & ~7 })
    for k = 1, count do
      x10 = x10 * 0x5851f42d4c957f2d + 0x14057b7ef767814f
      stored[k] = (x10 >> 40 & (SIZE - 1)) // PAGE * PAGE
    end
    local dirty = m.data:dirty()
    t.eq(dirty, hosts(m.vm, stored), "round " .. round)
    local after, named = m.data:read(0, SIZE), {}
    for _, at in ipairs(dirty) do named[at] = true end
    for at = 0, SIZE - 1, PAGE do
      if before:sub(at + 1, at + PAGE) ~= after:sub(at + 1, at + PAGE) then
        t.ok(named[at], ("page %#x differs"):format(at))
      end
    end
    before = after
  end
end)

test("code, data and stack of one logged region", function(t)
  local m <close> = guest.machine([[
        mov     x5, #100
1:      str     x5, [sp, #-16]!
        bl      2f
        subs    x5, x5, #1
        b.ne    1b
        brk     #1
2:      str     x30, [sp, #8]
        ret
]], { vectors = false })
  m.vm.ram:log(true)
  go(t, m)
  local at = 0x7f000 - 100 * 16
  t.eq(m.vm.ram:dirty(), hosts(m.vm, { at // PAGE * PAGE }))
  go(t, m, { sp = at })
  t.ok(#m.vm.ram:dirty() > 0)
end)

test("a store to code that was just logged is executed", function(t)
  local m <close> = guest.machine([[
        adr     x1, 1f
        str     w2, [x1]
        ic      ivau, x1
        dsb     ish
        isb
1:      mov     x9, #1
        brk     #1
]], { vectors = false })
  m.vm.ram:log(true)
  for n = 2, 4 do
    go(t, m, { x2 = 0xd2800009 | n << 5 })
    t.eq(m.cpu.x9, n)
    t.eq(m.vm.ram:dirty(), hosts(m.vm, { guest.ENTRY }))
  end
end)

test("a log lives through resets and protections", function(t)
  local m <close> = machine()
  m.data:log(true)
  store(t, m, 2 * PAGE)
  m.vm:reset()
  m.data:protect "r"
  m.data:u8(60 * PAGE, 1)
  m.cpu.pc, m.cpu.x1, m.cpu.x5 = guest.ENTRY, BASE + 20 * PAGE, 1
  local exit = m.cpu:run { timeout = 20 }
  t.eq({ exit.kind, exit.reason }, { "fault", "protected" })
  m.data:protect "rw"
  store(t, m, 40 * PAGE)
  takes(t, m, { 2 * PAGE, 40 * PAGE }, { 60 * PAGE })
  store(t, m, 40 * PAGE)
  takes(t, m, { 40 * PAGE })
end)

test("after the log has ended nothing is remembered", function(t)
  local m <close> = machine()
  m.data:log(true)
  store(t, m, 2 * PAGE)
  m.data:log(false)
  store(t, m, 3 * PAGE)
  t.raises("this memory is not logged; call memory:log(true) first",
    m.data.dirty, m.data)
  m.data:log(true)
  takes(t, m, {})
  store(t, m, 50 * PAGE)
  m.data:log(true)
  takes(t, m, {}, {}, "beginning again forgets")
  store(t, m, 50 * PAGE)
  m.data:unmap()
  m.data = assert(m.vm:map { base = BASE, size = SIZE })
  store(t, m, 50 * PAGE)
  t.raises("not logged", m.data.dirty, m.data)
end)

test("ROM has a log of what the script writes", function(t)
  local vm <close> = assert(tv.vm {})
  local rom = assert(vm:map { base = BASE, size = SIZE, kind = "rom" })
  rom:log(true)
  rom:u8(9 * PAGE, 1)
  t.eq(rom:dirty(), { 9 * PAGE })
end)

test("a step onto a clean page is one step", function(t)
  local m <close> = machine()
  m.data:log(true)
  for n = 1, 3 do
    m.cpu.pc, m.cpu.x1, m.cpu.x2 = guest.ENTRY, BASE + n * 16 * PAGE, n
    m.cpu:step()
    t.eq({ m.cpu.pc, m.data:u64(n * 16 * PAGE) }, { guest.ENTRY + 4, n })
  end
  takes(t, m, { 16 * PAGE, 32 * PAGE, 48 * PAGE })
end)

test("the log shows in no exit", function(t)
  local m <close> = machine()
  m.data:log(true)
  store(t, m, 0, SIZE // PAGE)
  t.eq(m.vm.exits, { brk = 1 })
end)

test("a handler may take the log", function(t)
  local m <close> = machine "str x2, [x1]; str x2, [x3]; str x2, [x1, x4]; \z
    brk #1"
  local taken
  local mmio <close> = assert(m.vm:map { kind = "mmio", base = 0x800000,
    size = 0x10000, write = function() taken = m.data:dirty() end })
  m.data:log(true)
  go(t, m, { x1 = BASE, x3 = 0x800000, x4 = 32 * PAGE })
  t.eq(taken, hosts(m.vm, { 0 }))
  takes(t, m, { 32 * PAGE })
end)

test("several vCPUs write the same pages", function(t)
  local code = [[
1:      strb    w2, [x1]
        add     x1, x1, x4
        subs    x5, x5, #1
        b.ne    1b
        mov     x0, #1
2:      wfi
        b       2b
]]
  local m <close> = machine(code, 0x400000)
  local cpus = { m.cpu }
  for k = 2, 4 do
    cpus[k] = assert(m.vm:vcpu { pc = guest.ENTRY, sp = 0x7f000 })
  end
  m.data:log(true)
  for round = 1, 5 do
    local stored = {}
    for k, cpu in ipairs(cpus) do
      cpu.pc, cpu.x0, cpu.x1, cpu.x2 = guest.ENTRY, 0, BASE + k, k
      cpu.x4, cpu.x5 = 8 * PAGE, 100
    end
    local exit
    repeat
      exit = m.vm:run { timeout = 20 }
      local done = 0
      for _, cpu in ipairs(cpus) do done = done + cpu.x0 end
    until done == 4 or exit.kind ~= "wfi"
    t.eq(exit.kind, "wfi", exit.why)
    for k = 0, 99 do stored[#stored + 1] = k * 8 * PAGE end
    t.eq(m.data:dirty(), hosts(m.vm, stored), "round " .. round)
    for k = 1, 4 do
      for at = 0, 99 do t.eq(m.data:u8(at * 8 * PAGE + k), k) end
    end
  end
end)

test("a log is asked for with a boolean, of memory with bytes", function(t)
  local vm <close> = assert(tv.vm {})
  local mmio = assert(vm:map { base = BASE, size = SIZE, kind = "mmio" })
  t.raises("memory:log takes true or false, not no value", vm.ram.log, vm.ram)
  t.raises("memory:log takes true or false, not number", vm.ram.log, vm.ram, 1)
  t.raises("mmio memory has no pages to log", mmio.log, mmio, true)
  t.raises("mmio memory has no pages to log", mmio.dirty, mmio)
  t.raises("this memory is not logged", vm.ram.dirty, vm.ram)
end)
