-- SPDX-License-Identifier: MIT
--
-- Memory copy and set (FEAT_MOPS), which qemu 7.2 lacks: written down from the
-- Arm ARM's pseudocode (C6.2, CPYP and on) with the choices of
-- src/soft/op_mops.c: option B, a prologue that moves nothing, a main that
-- moves a page a step, an epilogue that has nothing left.

local test = require "tap"
require "backend".only_file("soft", "these are its choices")
local guest = require "guest._guest"

local D, PAGE = guest.DATA, 4096
local C, N = 0x20000000, 0xa0000000
local MSCEN, SCTLR = 1 << 33, 0x30d00800

local COPY = "cpyp [x0]!, [x1]!, x2!; here: cpym [x0]!, [x1]!, x2!; \z
  cpye [x0]!, [x1]!, x2!; svc #0"
local FORWARD = COPY:gsub("cpy", "cpyf")
local SET = "setp [x0]!, x2!, x1; here: setm [x0]!, x2!, x1; \z
  sete [x0]!, x2!, x1; svc #0"

local function machine(code, x0, x1, x2, options)
  options = options or {}
  local cpu = { x0 = x0, x1 = x1, x2 = x2, nzcv = 0x50000000 }
  for name, value in pairs(options.cpu or {}) do cpu[name] = value end
  return guest.machine(code, { cpu = cpu, vm = options.vm,
    vectors = options.vectors })
end

local function pattern(n)
  local parts = {}
  for i = 0, n - 1, 8 do
    parts[#parts + 1] = string.pack("<I8", i * 0x9e3779b97f4a7c15)
  end
  return table.concat(parts):sub(1, n)
end

-- The memory that a copy of `size` leaves of `all`: offsets to, from.
local function copied(all, to, from, size)
  return all:sub(1, to) .. all:sub(from + 1, from + size)
    .. all:sub(to + size + 1)
end

local ALL = 6 * PAGE
local lengths = { 0, 1, 7, 255, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE - 5 }
local shifts = { 0, 1, 100, PAGE - 1, PAGE, PAGE + 17, 2 * PAGE }

test("a breakpoint on a copy of many pages is reported once", function(t)
  for _, most in ipairs { 1, 1000 } do
    local m <close> = machine(COPY, D + ALL, D, 5 * PAGE)
    m.vm:set_breakpoint "here"
    local exit, reports = nil, 0
    repeat
      exit = m.cpu:run(most)
      reports = reports + (exit.kind == "breakpoint" and 1 or 0)
    until exit.kind == "hvc"
    t.eq({ reports, m.cpu.x2 }, { 1, 0 }, "runs of " .. most)
    m.cpu.pc = guest.ENTRY
    m.cpu.x0, m.cpu.x1, m.cpu.x2 = D + ALL, D, PAGE
    t.eq(m.cpu:run(100).kind, "breakpoint", "and again at the next")
  end
end)

test("a copy moves its bytes, whatever the overlap", function(t)
  local all = pattern(ALL)
  for _, size in ipairs(lengths) do
    for _, shift in ipairs(shifts) do
      for _, from in ipairs { 0, 33 } do
        for _, up in ipairs { true, false } do
          local a, b = from, from + shift
          if up then a, b = b, a end              -- from a to b
          local m <close> = machine(COPY, D + b, D + a, size)
          m.vm:write(D, all)
          m:to_vector(t, 100)
          local what = ("%d bytes from %d to %d"):format(size, a, b)
          t.eq(m.vm:read(D, ALL) == copied(all, b, a, size), true, what)
          local down = a < b and a + size > b
          t.eq({ m.cpu.x0, m.cpu.x1, m.cpu.x2, m.cpu.nzcv }, { D + b
            + (down and 0 or size), D + a + (down and 0 or size), 0,
            down and N or C }, what)
        end
      end
    end
  end
end)

test("a forward-only copy goes up, every register after every stage",
     function(t)
  local all = pattern(ALL)
  for _, size in ipairs(lengths) do
    local m <close> = machine(FORWARD, D + 3 * PAGE + 5, D + 9, size)
    m.vm:write(D, all)
    m.cpu:step()
    t.eq({ m.cpu.x0, m.cpu.x1, m.cpu.x2, m.cpu.nzcv },
      { D + 3 * PAGE + 5, D + 9, size, C }, "the prologue moves nothing")
    m:to_vector(t, 100)
    t.eq({ m.cpu.x0, m.cpu.x1, m.cpu.x2, m.cpu.nzcv },
      { D + 3 * PAGE + 5 + size, D + 9 + size, 0, C })
    t.eq(m.vm:read(D, ALL) == copied(all, 3 * PAGE + 5, 9, size), true)
  end
end)

test("a set fills its bytes and no more", function(t)
  local all = pattern(ALL)
  for _, size in ipairs(lengths) do
    for _, at in ipairs(shifts) do
      local m <close> = machine(SET, D + at, 0x1234ab, size)
      m.vm:write(D, all)
      m:to_vector(t, 100)
      t.eq(m.vm:read(D, ALL) == all:sub(1, at) .. ("\xab"):rep(size)
        .. all:sub(at + size + 1), true, size .. " at " .. at)
      t.eq({ m.cpu.x0, m.cpu.x1, m.cpu.x2, m.cpu.nzcv },
        { D + at + size, 0x1234ab, 0, C })
    end
  end
  local zero <close> = machine(SET:gsub("x1", "xzr"), D, 0, 16)
  zero.vm:write(D, all)
  zero:to_vector(t)
  t.eq(zero.vm:read(D, 17), ("\0"):rep(16) .. all:sub(17, 17))
end)

test("all options do the same with the MMU off", function(t)
  local all = pattern(ALL)
  for option = 0, 15 do
    for _, form in ipairs { 0x19000440, 0x1d000440 } do   -- cpyf, cpy
      local words = {}
      for stage = 0, 2 do
        words[#words + 1] = (".inst %#x"):format(form | stage << 22 | 1 << 16
          | option << 12)
      end
      local m <close> = machine(table.concat(words, "; ") .. "; svc #0",
        D + 5000, D, 4999)
      m.vm:write(D, all)
      m:to_vector(t, 100)
      t.eq(m.cpu.esr_el1, guest.esr(0x15), option)
      t.eq(m.vm:read(D, ALL) == copied(all, 5000, 0, 4999), true, option)
    end
  end
end)

test("sizes saturate, at 2^63 - 1 and for cpy at 2^55 - 1", function(t)
  for _, size in ipairs { -1, math.mininteger, math.mininteger + 77 } do
    for _, case in ipairs { { COPY, 0x7fffffffffffff },
        { FORWARD, math.maxinteger }, { SET, math.maxinteger } } do
      local m <close> = machine(case[1], D, D, size)
      m.cpu:step()
      t.eq(m.cpu.x2, case[2])
    end
  end
  local m <close> = machine("setgp [x0]!, x2!, x1", D, 0, -1)
  m.cpu:step()
  t.eq(m.cpu.x2, math.maxinteger - 15)
end)

-- Steps -------------------------------------------------------------------

local function moved(budgets, code)
  local m = machine(code:gsub("svc #0", "b ."), D + 2 * PAGE + 100, D + 50,
    3 * PAGE + 9)
  m.vm:write(D, pattern(ALL))
  for _, n in ipairs(budgets) do m.cpu:run(n) end
  return m
end

test("budget 1 repeated is one run, for each number of steps", function(t)
  for _, code in ipairs { COPY, FORWARD, SET } do
    for n = 1, 14 do
      local ones = {}
      for i = 1, n do ones[i] = 1 end
      local a <close> = moved({ n }, code)
      local b <close> = moved(ones, code)
      t.eq(a.cpu.icount, n)
      t.eq(guest.snapshot(a.vm) == guest.snapshot(b.vm), true)
    end
  end
end)

test("a main takes a step for each page end it meets", function(t)
  local m <close> = machine(SET, D + PAGE - 1, 1, PAGE + 2)
  m.cpu:step()
  local here = m.vm:address "here"
  for _, left in ipairs { PAGE + 1, 1 } do
    m.cpu:step()
    t.eq({ m.cpu.pc, m.cpu.x2 }, { here, left })
  end
  m.cpu:step()
  t.eq({ m.cpu.pc, m.cpu.x2, m.cpu.icount }, { here + 4, 0, 4 })
end)

test("an interrupt at each step finds and leaves the copy whole", function(t)
  for _, code in ipairs { COPY, FORWARD, SET } do
    local whole <close> = moved({ 1000 }, code)
    for k = 0, 10 do
      local m <close> = moved({ k }, code)
      m.cpu.pstate = 5 | m.cpu.nzcv
      m.cpu:irq(true)
      t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
      m.cpu:irq(false)
      m.cpu:run(1000)
      t.eq(m.vm:read(D, ALL) == whole.vm:read(D, ALL), true)
      t.eq({ m.cpu.x0, m.cpu.x1, m.cpu.x2 },
        { whole.cpu.x0, whole.cpu.x1, whole.cpu.x2 })
    end
  end
end)

test("a copy over its own code is executed anew", function(t)
  local E = guest.ENTRY
  local m <close> = machine(COPY, E + 4, D, 4)
  m.vm:write_u32(D, 0xd4000001 | 7 << 5)            -- svc #7 onto the main
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x15), "the main had been completed")
  m.cpu.pc, m.cpu.x2 = E, 4
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x15, 7))
end)

-- Faults ------------------------------------------------------------------

test("a fault finds the registers at the first byte not moved", function(t)
  local TOP, all = 1 << 20, pattern(PAGE)
  local function fault(code, x0, x1, size, addr, access, x0_after, left)
    local m <close> = machine(code, x0, x1, size)
    m.vm:write(TOP - PAGE, all)
    local exit = m.cpu:run(100)
    local what = code:match "^%a+" .. (" %#x"):format(addr)
    t.eq({ exit.kind, exit.reason, exit.addr, exit.access, exit.pc },
      { "fault", "unmapped", addr, access, m.vm:address "here" }, what)
    t.eq({ m.cpu.x0, m.cpu.x2 }, { x0_after, left }, what)
  end
  -- up: to and from the end of RAM
  for _, code in ipairs { COPY, FORWARD } do
    fault(code, TOP - 100, D, 500, TOP, "w", TOP, 400)
    fault(code, D, TOP - 100, 500, TOP, "r", D + 100, 400)
  end
  fault(SET, TOP - 10, 0, 11, TOP, "w", TOP, 1)
  -- down: the highest bytes come first
  fault(COPY, TOP - 96, TOP - 100, 200, TOP + 99, "r", TOP + 104, 200)
end)

test("a copy downwards stops exactly where its page's memory ends",
     function(t)
  local B, all = 0x400000, pattern(PAGE)
  for _, side in ipairs { "from", "to" } do
    -- the lower of the two goes 100 bytes below the region
    local m = guest.machine(COPY, { cpu = side == "from"
      and { x0 = B + 10, x1 = B - 100, x2 = 300 }
      or { x0 = B - 100, x1 = B - 150, x2 = 300 } })
    local scope <close> = m
    local ram = assert(m.vm:map { base = B, size = 2 * PAGE })
    ram:write(0, all)
    local exit = m.cpu:run(10)
    t.eq({ exit.reason, exit.addr, exit.access },
      { "unmapped", B - 1, "r" }, side)
    local left = side == "from" and 100 or 150
    t.eq({ m.cpu.x1, m.cpu.x2 }, { B, left }, side)
    local moved = 300 - left
    local at = m.cpu.x0 - B
    t.eq(ram:read(at, moved) == all:sub(1, moved), true, side)
    t.eq(ram:read(0, at) == all:sub(1, at), true, side)
    t.eq(m.cpu.icount, 2, side .. ": one step for the part that worked")
  end
end)

test("read-only, protected and mmio memory", function(t)
  local ROM, MMIO = 0x900000, 0xa00000
  for _, c in ipairs {
    { COPY, ROM, D, "read-only" }, { COPY, D, ROM }, { SET, ROM, 0,
      "read-only" }, { COPY, MMIO, D, "unsupported" },
    { FORWARD, D, MMIO, "unsupported" }, { SET, MMIO, 0, "unsupported" }
  } do
    local m <close> = machine(c[1], c[2], c[3], 8)
    assert(m.vm:map { kind = "rom", base = ROM, size = PAGE })
    assert(m.vm:map { kind = "mmio", base = MMIO, size = PAGE,
      read = function() return 0 end, write = function() end })
    local exit = m.cpu:run(4)
    t.eq(exit.reason, c[4], c[1]:match "^%a+")
  end
end)

test("addresses need no alignment, even to Device memory", function(t)
  local m <close> = machine(COPY, D + 3, D + 1001, 77,
    { cpu = { sctlr_el1 = SCTLR | 2 } })
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x15))
end)

-- The registers of another stage --------------------------------------------

-- {code, ISS of options and kind}
local rest = {
  { "cpym [x10]!, [x11]!, x12!", 0 },
  { "cpyfm [x10]!, [x11]!, x12!", 0 },
  { "cpymwn [x10]!, [x11]!, x12!", 4 << 19 },
  { "setm [x10]!, x12!, x11", 1 << 24 },
  { "setmtn [x10]!, x12!, x11", 1 << 24 | 3 << 19 },
  { "setgm [x10]!, x12!, x11", 1 << 24 | 1 << 23 },
}

test("without PSTATE.C a main or epilogue is of the wrong option", function(t)
  for _, c in ipairs(rest) do
    for _, epilogue in ipairs { false, true } do
      local text = epilogue and c[1]:gsub("m", "e", 1) or c[1]
      for _, nzcv in ipairs { 0, C } do
        local m <close> = machine(text .. "; svc #0", 0, 0, 0, { cpu = {
          x10 = D, x11 = D + 64, x12 = 16, nzcv = nzcv } })
        m:to_vector(t)
        local iss = c[2] | (epilogue and 1 << 18 or 0)
          | (nzcv == 0 and 1 << 17 or 0) | 10 << 10 | 11 << 5 | 12
        local fine = nzcv == C and not epilogue
        t.eq(m.cpu.esr_el1, fine and guest.esr(0x15)
          or guest.esr(0x27, iss), text)
        t.eq(m.cpu.elr_el1, guest.ENTRY + (fine and 8 or 0), text)
      end
      local none <close> = machine(text .. "; svc #0", 0, 0, 0, { cpu = {
        x10 = D, x11 = D, x12 = 0, nzcv = 0 } })
      none:to_vector(t)
      t.eq(none.cpu.esr_el1, guest.esr(0x15), "with nothing left it is fine")
    end
  end
  local bare <close> = machine("cpyfm [x0]!, [x1]!, x2!", D, D, 1,
    { vectors = false })
  local exit = bare.cpu:run(1)
  t.eq({ exit.kind, exit.reason }, { "fault", "mops" })
end)

test("setg needs multiples of 16", function(t)
  local code = "setgp [x0]!, x2!, x1; here: setgm [x0]!, x2!, x1; \z
    setge [x0]!, x2!, x1; svc #0"
  local m <close> = machine(code, D + 16, 0xee, 5000 // 16 * 16)
  m:to_vector(t)
  t.eq(m.vm:read(D, PAGE), ("\0"):rep(16) .. ("\xee"):rep(PAGE - 16))
  for _, c in ipairs { { D + 8, 16 }, { D, 8 } } do
    local bad <close> = machine(code, c[1], 0, c[2])
    bad:to_vector(t)
    t.eq({ bad.cpu.esr_el1, bad.cpu.far_el1 },
      { guest.esr(0x25, 0x61), c[1] })
  end
end)

test("at EL0 they are undefined unless SCTLR_EL1.MSCEn is set", function(t)
  for _, code in ipairs { COPY, FORWARD, SET } do
    for _, bit in ipairs { 0, MSCEN } do
      local m <close> = machine(code, D, D + 64, 16,
        { cpu = { pstate = 0, sctlr_el1 = SCTLR | bit } })
      m:to_vector(t)
      t.eq(m.cpu.esr_el1, bit == 0 and guest.esr(0) or guest.esr(0x15))
    end
  end
end)

test("a CPU without FEAT_MOPS has none of them", function(t)
  for _, code in ipairs { COPY, FORWARD, SET } do
    local m <close> = machine(code, D, D, 1, { vm = { cpu = "armv8.7" } })
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0))
    t.eq(m.cpu.sctlr_el1 & MSCEN, 0)
  end
end)
