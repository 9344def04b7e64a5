-- SPDX-License-Identifier: MIT
--
-- MMIO: what each load and store asks of the device, that an instruction has
-- done nothing until all its accesses are answered, and how it goes on
-- (DESIGN.md sections 3 and 5).

local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local DEV, D, E = 0x9000000, guest.DATA, guest.ENTRY
local V = 0xf1e2d3c4b5a69788             -- what the device reads
local MARK = 0x1111111111111111

-- A machine with a device at DEV, which logs; device = false: bare exits.
local function machine(text, options)
  options = options or {}
  options.cpu = options.cpu or {}
  options.cpu.x0 = options.cpu.x0 or DEV
  local m = guest.machine(text, options)
  m.log = {}
  local function add(...)
    m.log[#m.log + 1] = table.concat({ ... }, " ")
  end
  local map = { kind = "mmio", base = DEV, size = 0x4000 }
  if options.device ~= false then
    function map.read(offset, size)
      add("r", offset, size)
      return V + (#m.log - 1)
    end
    function map.write(offset, size, value)
      add("w", offset, size, ("%x"):format(value))
    end
  end
  m.device = assert(m.vm:map(map))
  return m
end

local function x(m, n) return m.cpu["x" .. n] end

local loads = {
  { "ldrb w1, [x0, #3]", { "r 3 1" }, 0x88 },
  { "ldrh w1, [x0, #6]", { "r 6 2" }, 0x9788 },
  { "ldr w1, [x0, #4]", { "r 4 4" }, 0xb5a69788 },
  { "ldr x1, [x0, #16]", { "r 16 8" }, V },
  { "ldrsb w1, [x0]", { "r 0 1" }, 0xffffff88 },
  { "ldrsb x1, [x0]", { "r 0 1" }, -0x78 },
  { "ldrsh w1, [x0]", { "r 0 2" }, 0xffff9788 },
  { "ldrsh x1, [x0]", { "r 0 2" }, -0x6878 },
  { "ldrsw x1, [x0]", { "r 0 4" }, 0xffffffffb5a69788 },
  { "ldr xzr, [x0]", { "r 0 8" }, MARK },
  { "ldur x1, [x0, #8]", { "r 8 8" }, V },
  { "ldtr w1, [x0, #8]", { "r 8 4" }, 0xb5a69788 },
  { "ldr x1, [x0, x5]", { "r 32 8" }, V },
  { "ldr w1, [x0, w6, sxtw #2]", { "r 20 4" }, 0xb5a69788 },
  { "ldar w1, [x0]", { "r 0 4" }, 0xb5a69788 },
  { "ldp w1, w2, [x0, #8]", { "r 8 4", "r 12 4" }, 0xb5a69788, 0xb5a69789 },
  { "ldp x1, x2, [x0]", { "r 0 8", "r 8 8" }, V, V + 1 },
  { "ldpsw x1, x2, [x0]", { "r 0 4", "r 4 4" }, 0xffffffffb5a69788,
    0xffffffffb5a69789 },
  { "ldnp x1, x2, [x0]", { "r 0 8", "r 8 8" }, V, V + 1 },
  { "ldp x1, xzr, [x0]", { "r 0 8", "r 8 8" }, V },
  { "ldr x1, [x0], #8", { "r 0 8" }, V, base = DEV + 8 },
  { "ldr x1, [x0, #24]!", { "r 24 8" }, V, base = DEV + 24 },
  { "ldp x1, x2, [x0, #16]!", { "r 16 8", "r 24 8" }, V, V + 1,
    base = DEV + 16 },
  { "ldp w1, w2, [x0], #-8", { "r 0 4", "r 4 4" }, 0xb5a69788, 0xb5a69789,
    base = DEV - 8 },
  { "ldp x0, x2, [x0]", { "r 0 8", "r 8 8" }, MARK, V + 1, base = V },
  { "ldr x0, [x0]", { "r 0 8" }, MARK, base = V },
}

test("a load asks for its size at its offset and extends the answer",
     function(t)
  for _, l in ipairs(loads) do
    local m <close> = machine(l[1], { cpu = { x1 = MARK, x2 = MARK, x5 = 32,
      x6 = 5 } })
    t.eq(m.cpu:step().kind, "budget", l[1])
    t.eq(m.log, l[2], l[1])
    t.eq({ x(m, 1), x(m, 2), x(m, 0), m.cpu.pc }, { l[3], l[4] or MARK,
      l.base or DEV, E + 4 }, l[1])
    t.eq(m.cpu.icount, backend.steps(1), l[1])
  end
end)

local X1, X2 = 0x8877665544332211, 0xffeeddccbbaa9988
local stores = {
  { "strb w1, [x0, #1]", { "w 1 1 11" } },
  { "strh w1, [x0, #2]", { "w 2 2 2211" } },
  { "str w1, [x0, #8]", { "w 8 4 44332211" } },
  { "str x1, [x0, #8]", { "w 8 8 8877665544332211" } },
  { "str xzr, [x0]", { "w 0 8 0" } },
  { "str wzr, [x0]", { "w 0 4 0" } },
  { "stlr w1, [x0]", { "w 0 4 44332211" } },
  { "sttrb w1, [x0, #5]", { "w 5 1 11" } },
  { "stp w1, w2, [x0]", { "w 0 4 44332211", "w 4 4 bbaa9988" } },
  { "stp x1, x2, [x0, #16]", { "w 16 8 8877665544332211",
    "w 24 8 ffeeddccbbaa9988" } },
  { "stp xzr, x2, [x0]", { "w 0 8 0", "w 8 8 ffeeddccbbaa9988" } },
  { "str w1, [x0], #4", { "w 0 4 44332211" }, DEV + 4 },
  { "stp x1, x2, [x0, #32]!", { "w 32 8 8877665544332211",
    "w 40 8 ffeeddccbbaa9988" }, DEV + 32 },
  { "str x0, [x3], #8", { "w 0 8 9000000" } },
}

test("a store gives its bytes, zero-extended", function(t)
  for _, s in ipairs(stores) do
    local m <close> = machine(s[1], { cpu = { x1 = X1, x2 = X2, x3 = DEV } })
    t.eq(m.cpu:step().kind, "budget", s[1])
    t.eq(m.log, s[2], s[1])
    t.eq({ x(m, 0), m.cpu.pc, m.cpu.icount },
      { s[3] or DEV, E + 4, backend.steps(1) }, s[1])
  end
end)

test("FP and SIMD registers: up to 8 bytes one access, 16 two, ascending",
     function(t)
  local q = string.pack("<i8i8", X1, X2)
  local cases = {
    { "str b1, [x0]", "w 0 1 11" }, { "str h1, [x0]", "w 0 2 2211" },
    { "str s1, [x0]", "w 0 4 44332211" },
    { "str d1, [x0]", "w 0 8 8877665544332211" },
    { "str q1, [x0]", "w 0 8 8877665544332211", "w 8 8 ffeeddccbbaa9988" },
    { "stp s1, s1, [x0]", "w 0 4 44332211", "w 4 4 44332211" },
    { "stp q1, q1, [x0, #16]", "w 16 8 8877665544332211",
      "w 24 8 ffeeddccbbaa9988", "w 32 8 8877665544332211",
      "w 40 8 ffeeddccbbaa9988" },
    { "ldr s1, [x0]", "r 0 4" }, { "ldr q1, [x0, #16]", "r 16 8", "r 24 8" },
    { "ldp d1, d2, [x0]", "r 0 8", "r 8 8" },
    { "ldp q1, q2, [x0], #32", "r 0 8", "r 8 8", "r 16 8", "r 24 8" },
  }
  for _, c in ipairs(cases) do
    local m <close> = machine(c[1], { cpu = { q1 = q, q2 = q } })
    t.eq(m.cpu:step().kind, "budget", c[1])
    t.eq(m.log, { table.unpack(c, 2) }, c[1])
    if c[1]:find "^ldr s" then
      t.eq(m.cpu.q1, string.pack("<I4I4i8", 0xb5a69788, 0, 0))
    elseif c[1]:find "^ldr q" then
      t.eq(m.cpu.q1, string.pack("<i8i8", V, V + 1))
    elseif c[1]:find "^ldp q" then
      t.eq(m.cpu.q2, string.pack("<i8i8", V + 2, V + 3))
      t.eq(x(m, 0), DEV + 32)
    end
  end
end)

test("vector structures and DC ZVA on MMIO are unsupported", function(t)
  backend.normal(t)
  for _, text in ipairs { "ld1 {v0.16b}, [x0]", "st1 {v0.s}[1], [x0]",
      "ld4 {v0.8b-v3.8b}, [x0]", "ld1r {v0.2d}, [x0]", "dc zva, x0" } do
    local m <close> = machine(text, { vm = { strict = false } })
    local exit = m.cpu:run(5)
    t.eq({ exit.kind, exit.reason, exit.pc, exit.addr },
      { "fault", "unsupported", E, DEV }, text)
    t.eq(m.log, {}, text)
  end
end)

-- Without handlers: exits -------------------------------------------------

local function state(m)
  return { x(m, 0), x(m, 1), x(m, 2), m.cpu.pc, m.cpu.icount, m.cpu.q1 }
end

test("a read without a handler is an exit that changes nothing until "
     .. "answered", function(t)
  for _, l in ipairs(loads) do
    local m <close> = machine(l[1], { device = false, cpu = { x1 = MARK,
      x2 = MARK, x5 = 32, x6 = 5 } })
    local before = state(m)
    for part, want in ipairs(l[2]) do
      local exit = m.cpu:run(1)
      local offset, size = want:match "r (%d+) (%d+)"
      t.eq({ exit.kind, exit.addr - DEV, exit.size, exit.write, exit.value,
        exit.pc }, { "mmio", tonumber(offset), tonumber(size), false, nil, E },
        l[1])
      t.eq(state(m), before, l[1])
      t.ok(m.cpu.pending, l[1])
      t.raises("answer", m.cpu.run, m.cpu)
      m.cpu:answer(V + part - 1)
      t.eq(m.cpu.pending, false)
      t.eq(state(m), before, l[1])
      t.raises("waits for no answer", m.cpu.answer, m.cpu, 1)
    end
    t.eq(m.cpu:run(0).kind, "budget", l[1])
    t.eq(state(m), before, l[1] .. ": a budget of 0 completes nothing")
    t.eq(m.cpu:run(1).kind, "budget", l[1])
    t.eq({ x(m, 1), x(m, 2), x(m, 0), m.cpu.pc, m.cpu.icount },
      { l[3], l[4] or MARK, l.base or DEV, E + 4, backend.steps(1) }, l[1])
  end
end)

test("a write without a handler is an exit, completed by the next run",
     function(t)
  for _, s in ipairs(stores) do
    local m <close> = machine(s[1], { device = false, cpu = { x1 = X1,
      x2 = X2, x3 = DEV } })
    local before = state(m)
    for _, want in ipairs(s[2]) do
      local offset, size, value = want:match "w (%d+) (%d+) (%x+)"
      local exit = m.cpu:run(1)
      t.eq({ exit.kind, exit.addr - DEV, exit.size, exit.write, exit.pc,
        ("%x"):format(exit.value) }, { "mmio", tonumber(offset),
        tonumber(size), true, E, value }, s[1])
      t.eq(state(m), before, s[1])
      t.eq(m.cpu.pending, false, s[1])
    end
    t.eq(m.cpu:run(1).kind, "budget", s[1])
    t.eq({ x(m, 0), m.cpu.pc, m.cpu.icount },
      { s[3] or DEV, E + 4, backend.steps(1) }, s[1])
  end
end)

test("skip steps over a pending access, whatever part it is at", function(t)
  for parts = 0, 1 do
    local m <close> = machine("ldp x1, x2, [x0], #16; mov x3, #1",
      { device = false, cpu = { x1 = MARK, x2 = MARK } })
    m.cpu:run(1)
    if parts == 1 then
      m.cpu:answer(5)
      m.cpu:run(1)
    end
    m.cpu:skip()
    t.eq({ x(m, 1), x(m, 2), x(m, 0), m.cpu.pc },
      { MARK, MARK, DEV, E + 4 })
    t.eq(m.cpu:step().kind, "budget")
    t.eq(x(m, 3), 1)
  end
end)

test("inject gives the guest an abort instead of an answer", function(t)
  local m <close> = machine("ldr x1, [x0], #8", { device = false,
    cpu = { x1 = MARK } })
  m.cpu:run(1)
  m.cpu:inject { esr = guest.esr(0x25, 0x10), far = DEV }
  t.eq(m:to_vector(t), guest.FROM_EL1H)
  t.eq({ m.cpu.elr_el1, m.cpu.far_el1, x(m, 0), x(m, 1) },
    { E, DEV, DEV, MARK })
  -- the handler returns to it: it asks again from the start
  t.eq(m.cpu:run(10).kind, "mmio")
end)

test("setting pc forgets a pending access", function(t)
  local m <close> = machine("ldr x1, [x0]; ldr x2, [x0, #8]",
    { device = false })
  m.cpu:run(1)
  m.cpu.pc = E + 4
  t.eq(m.cpu.pending, false)
  t.eq(m.cpu:run(1).addr, DEV + 8)
end)

test("an interrupt waits until the access is complete", function(t)
  local m <close> = machine("ldp x1, x2, [x0]; nop", { device = false,
    cpu = { pstate = 5 } })
  m.cpu:run(1)
  m.cpu:irq(true)
  m.cpu:answer(1)
  t.eq(m.cpu:run(10).addr, DEV + 8)
  m.cpu:answer(2)
  t.eq(m:to_vector(t), 5)
  t.eq({ m.cpu.elr_el1, x(m, 1), x(m, 2) }, { E + 4, 1, 2 })
end)

test("a pair may have one half in RAM and one in MMIO", function(t)
  for _, text in ipairs { "stp x1, x2, [x0, #-8]", "ldp x1, x2, [x0, #-8]" } do
    local m <close> = machine(text, { cpu = { x1 = 5, x2 = 6 } })
    m.ram = assert(m.vm:map { base = DEV - 0x4000, size = 0x4000 })
    m.vm:write_u64(DEV - 8, 77)
    t.eq(m.cpu:step().kind, "budget", text)
    t.eq(m.log, { text:find "^st" and "w 0 8 6" or "r 0 8" }, text)
    if text:find "^st" then t.eq(m.vm:read_u64(DEV - 8), 5)
    else t.eq({ x(m, 1), x(m, 2) }, { 77, V }) end
  end
end)

test("a pair half in MMIO and half nowhere faults before it asks",
     function(t)
  local m <close> = machine("ldp x1, x2, [x0]", { cpu = {
    x0 = DEV + 0x4000 - 8 } })
  local exit = m.cpu:run(1)
  t.eq({ exit.reason, exit.addr }, { "unmapped", DEV + 0x4000 })
  t.eq(m.log, {})
end)

test("relaxed: an unaligned access is one request, unless it crosses a page",
     function(t)
  backend.only(t, "soft", "the CPU's own business elsewhere")
  local m <close> = machine("ldr x1, [x0, #3]; ldr x1, [x2]",
    { vm = { strict = false }, cpu = { x2 = DEV + 0xffd } })
  m.cpu:step()
  t.eq(m.log, { "r 3 8" })
  local exit = m.cpu:run(1)
  t.eq({ exit.kind, exit.reason }, { "fault", "unsupported" })
end)

test("MMIO is not executable", function(t)
  backend.except(t, "kvm", "a fetch from nowhere is the guest's abort")
  local m <close> = machine "br x0"
  local exit = m.cpu:run(5)
  t.eq({ exit.kind, exit.reason, exit.access, exit.pc },
    { "fault", "protected", "x", DEV })
end)

test("a literal load and a load at EL0 reach the device too", function(t)
  local m <close> = guest.machine(guest.words(0x587fffe1), { bytes = true,
    cpu = { pc = 0xf000, pstate = 0 } })   -- ldr x1, pc + 0xffffc
  m.device = assert(m.vm:map { kind = "mmio", base = 0x100000, size = 0x10000,
    read = function(offset, size) return offset << 8 | size end })
  m.vm:write(0xf000, guest.words(0x58788001))   -- ldr x1, pc + 0xf1000
  t.eq(m.cpu:step().kind, "budget")
  t.eq(x(m, 1), 8)
end)

test("an answer is cut to the access's size", function(t)
  local m <close> = machine("ldrb w1, [x0]; ldrsh x2, [x0]; ldr w3, [x0]",
    { device = false })
  for _ = 1, 3 do
    m.cpu:run(1)
    m.cpu:answer(-2)
    m.cpu:run(1)
  end
  t.eq({ x(m, 1), x(m, 2), x(m, 3) }, { 0xfe, -2, 0xfffffffe })
end)

test("sysreg and undefined events are answered by handlers", function(t)
  backend.only(t, "soft", "others cannot trap them")
  local m <close> = guest.machine([[
        mrs     x1, s3_3_c15_c2_0
        msr     s3_3_c15_c2_1, x2
        mrs     xzr, s3_3_c15_c2_0
        .inst   0x00c0ffee
        mov     x9, #1
        brk     #1
  ]], { cpu = { x2 = 22 } })
  local log = {}
  assert(m.vm:on("sysreg", function(cpu, name, write, value)
    log[#log + 1] = name
    if write then
      log[#log + 1] = value
      return true
    end
    return cpu.icount + 100
  end))
  assert(m.vm:on("undefined", function(cpu, word)
    log[#log + 1] = word
    cpu.x8 = 8
    return true
  end))
  t.eq(m:to_vector(t), guest.FROM_EL1H)
  t.eq(m.cpu.esr_el1, guest.esr(0x3c, 1))
  t.eq(log, { "s3_3_c15_c2_0", "s3_3_c15_c2_1", 22, "s3_3_c15_c2_0",
    0x00c0ffee })
  t.eq({ x(m, 1), x(m, 8), x(m, 9) }, { 100, 8, 1 })
  t.eq(m.cpu.icount, 7, "what a script does for the guest is a step")
end)

-- A real CPU may have AArch32 at EL0, and lets the guest go there.
test("an access of AArch32 is not served, and has changed nothing",
     function(t)
  if not backend.emulated then t.not_here "a CPU that has AArch32 at EL0" end
  local m <close> = machine([[
        adr     x4, 1f
        msr     elr_el1, x4
        msr     spsr_el1, x5
        eret
1:      .inst   0xe5903008              // ldr r3, [r0, #8]
  ]], { device = false, cpu = { x3 = 0x33, x5 = 0x1d0, x8 = 0x88 } })
  local exit = m.vm:run { timeout = 60 }
  t.eq({ exit.kind, exit.reason, exit.addr, exit.pc },
    { "fault", "unsupported", DEV + 8, E + 16 })
  t.eq({ m.cpu.x3, m.cpu.x8, m.cpu.pstate & 0x1f }, { 0x33, 0x88, 0x10 })
end)

-- Only some real CPUs can (ID_AA64MMFR0_EL1.BigEnd). A device sees bytes, in
-- the order of their addresses.
test("the data of a big-endian guest have their bytes in its order",
     function(t)
  backend.only(t, "kvm", "the others' CPUs are little-endian")
  local m <close> = machine([[
        mrs     x5, sctlr_el1
        orr     x5, x5, #1 << 25
        msr     sctlr_el1, x5
        isb
        str     w1, [x0]
        ldrsh   x2, [x0, #4]
        ldr     q1, [x0, #16]
        stp     x1, xzr, [x0, #32]
        str     q1, [x0, #64]
        hvc     #77
  ]], { device = false, cpu = { x1 = 0x1122334455667788 } })
  if m.cpu.id_aa64mmfr0_el1 >> 8 & 15 == 0 then t.not_here "this CPU, too" end
  for _, want in ipairs { { 0, 4, 0x88776655 }, { 4, 2, false, 0x0180 },
    { 16, 8, false, 0x1122 }, { 24, 8, false, 0x3344 },
    { 32, 8, 0x8877665544332211 }, { 40, 8, 0 }, { 64, 8, 0x1122 },
    { 72, 8, 0x3344 } } do
    local exit = m.vm:run { timeout = 60 }
    t.eq({ exit.kind, exit.addr - DEV, exit.size, exit.write and exit.value },
      { "mmio", table.unpack(want, 1, 3) })
    if not exit.write then m.cpu:answer(want[4]) end
  end
  t.eq(m.vm:run { timeout = 60 }.imm, 77)
  t.eq(m.cpu.x2, -0x7fff)
  t.eq(m.cpu.q1, ("\0"):rep(6) .. "\x33\x44" .. ("\0"):rep(6) .. "\x11\x22")
end)
