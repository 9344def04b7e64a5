-- SPDX-License-Identifier: MIT
--
-- Synchronous exceptions, one table row each: which vector is entered and
-- what ESR, ELR, SPSR, FAR, PSTATE and SP hold there (Arm ARM D1.3, D17.2.37),
-- from EL1 on either stack and from EL0.

local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local N, Z, C, V = 1 << 31, 1 << 30, 1 << 29, 1 << 28
local MARK = 0x5a5a            -- FAR_EL1 before: must survive if not written
local STACK0, STACK1 = 0x60000, 0x70000

local levels = {
  { name = "EL1t", pstate = guest.EL1T, vector = guest.FROM_EL1T, el1 = true },
  { name = "EL1h", pstate = guest.EL1H, vector = guest.FROM_EL1H, el1 = true },
  { name = "EL0", pstate = guest.EL0, vector = guest.FROM_EL0 },
}

local function ec_abort(level) return level.el1 and 0x25 or 0x24 end

-- code, and what is expected: esr (number, or a function of the level), elr
-- (offset from ENTRY, or absolute), far; only: "el0" or "el1".
local D = guest.DATA
local rows = {
  { "svc #0x1234", esr = guest.esr(0x15, 0x1234), elr = 4 },
  { "svc #0xffff", esr = guest.esr(0x15, 0xffff), elr = 4 },
  { "brk #0xabcd", esr = guest.esr(0x3c, 0xabcd) },
  { "udf #0", esr = guest.esr(0) },
  { "udf #0xffff", esr = guest.esr(0) },
  { ".inst 0x1ac0ffff      // unallocated", esr = guest.esr(0) },
  { ".inst 0x63ffffff", esr = guest.esr(0) },
  { "hlt #7", esr = guest.esr(0) },
  { "dcps1 #0", esr = guest.esr(0) },
  { "drps", esr = guest.esr(0) },
  { "hvc #3", esr = guest.esr(0), only = "el0" },
  { "smc #3", esr = guest.esr(0), only = "el0" },
  { "eret", esr = guest.esr(0), only = "el0" },
  { "msr spsel, #1", esr = guest.esr(0), only = "el0" },
  { ".inst 0xd500419f     // msr pan, #1", esr = guest.esr(0), only = "el0" },
  { "mrs x1, sctlr_el1", esr = guest.esr(0), only = "el0" },
  { "mrs x1, midr_el1", esr = guest.esr(0), only = "el0" },
  { "mrs x1, currentel", esr = guest.esr(0), only = "el0" },
  { "mrs x1, sp_el0", esr = guest.esr(0), only = "el0" },
  { "msr tpidrro_el0, x1", esr = guest.esr(0), only = "el0" },
  { "msr vbar_el1, x1", esr = guest.esr(0), only = "el0" },
  { "tlbi vmalle1", esr = guest.esr(0), only = "el0" },
  { "ic iallu", esr = guest.esr(0), only = "el0" },
  { "at s1e1r, x1", esr = guest.esr(0), only = "el0" },
  { "dc ivac, x1", esr = guest.esr(0), only = "el0" },
  { "msr midr_el1, x1", esr = guest.esr(0), only = "el1" },
  { "mrs x1, sp_el1", esr = guest.esr(0), only = "el1" },
  { "mrs x1, vbar_el2", esr = guest.esr(0), only = "el1" },
  { "mrs x1, scr_el3", esr = guest.esr(0), only = "el1" },
  { "mrs x1, s3_5_c1_c0_0   // sctlr_el12", esr = guest.esr(0),
    only = "el1" },
  { "mrs x1, s3_3_c15_c7_0", esr = guest.esr(0), only = "el1" },
  { "tlbi alle1", esr = guest.esr(0), only = "el1" },
  { "at s1e2r, x1", esr = guest.esr(0), only = "el1" },
  -- alignment: with the MMU off data is Device memory
  { "ldr x1, [x0, #1]", esr = 0x21, far = D + 1, abort = true },
  { "ldr w1, [x0, #2]", esr = 0x21, far = D + 2, abort = true },
  { "ldrh w1, [x0, #3]", esr = 0x21, far = D + 3, abort = true },
  { "ldrsw x1, [x0, #5]", esr = 0x21, far = D + 5, abort = true },
  { "str x1, [x0, #4]", esr = 0x61, far = D + 4, abort = true },
  { "strh w1, [x0, #-1]", esr = 0x61, far = D - 1, abort = true },
  { "ldp x1, x2, [x3]", esr = 0x21, far = D + 4, abort = true },
  { "stp w1, w2, [x0, #-8]!; stp x1, x2, [x3], #16", esr = 0x61, far = D + 4,
    abort = true, elr = 4 },
  { "ldxr x1, [x3]", esr = 0x21, far = D + 4, abort = true },
  { "ldar x1, [x3]", esr = 0x21, far = D + 4, abort = true },
  { "stlr x1, [x3]", esr = 0x61, far = D + 4, abort = true },
  { "ldxr w1, [x0]", esr = 0x35, far = D, abort = true },
  { "ldadd w1, w2, [x0]", esr = 0x35, far = D, abort = true },
  { "cas x1, x2, [x0]", esr = 0x35, far = D, abort = true },
  { "ldr q1, [x0, #8]!", esr = 0x21, far = D + 8, abort = true, fp = true },
  { "str d1, [x3], #8", esr = 0x61, far = D + 4, abort = true, fp = true },
  -- beyond the 48 bits of a physical address: address size fault, level 0
  { "mov x9, #0x1000000000000; ldr x1, [x9]", esr = 0, far = 1 << 48,
    abort = true, elr = 4 },
  { "mov x9, #-8; str x1, [x9]", esr = 0x40, far = -8, abort = true,
    elr = 4 },
  { "mov x9, #-1; ldrb w1, [x9]", esr = 0, far = -1, abort = true, elr = 4 },
  -- fetches
  { "mov x9, #0x1000000000000; br x9", elr = 1 << 48, far = 1 << 48,
    btype = 1,
    esr = function(l) return guest.esr(l.el1 and 0x21 or 0x20) end },
  { "mov x9, #-4; blr x9", elr = -4, far = -4, btype = 2,
    esr = function(l) return guest.esr(l.el1 and 0x21 or 0x20) end },
  { "mov x9, #0x10000; orr x9, x9, #2; br x9", elr = 0x10002, far = 0x10002,
    btype = 1, esr = guest.esr(0x22) },
  { "mov x9, #-1; ret x9", elr = -1, far = -1, esr = guest.esr(0x22) },
}

local function expected_esr(row, level)
  if row.abort then return guest.esr(ec_abort(level), row.esr) end
  if type(row.esr) == "function" then return row.esr(level) end
  return row.esr
end

local function expected_elr(row)
  if not row.elr then return guest.ENTRY end
  return row.elr == 4 and guest.ENTRY + 4 or row.elr
end

local function check(t, row, level, flags)
  local normal = backend.emulated or backend.relaxed
  if normal and row.abort or backend.name == "kvm"
     and row[1]:find "0x1000000000000" then return end      -- Device memory
  if not backend.exact and row[1]:find "midr" then return end  -- FEAT_IDST
  if backend.emulated and row[1]:find "#-1;" then return end   -- which first
  if not backend.exact and row.btype then return end           -- FEAT_BTI
  local pstate = level.pstate | flags
  local m <close> = guest.machine(row[1], { cpu = {
    x0 = D, x3 = D + 4, far_el1 = MARK, sp_el0 = STACK0, sp_el1 = STACK1,
    sctlr_el1 = row.sctlr, cpacr_el1 = row.cpacr, pstate = pstate } })
  local cpu, what = m.cpu, row[1] .. " at " .. level.name
  local name = m.cpu.sp == (level.name == "EL1h" and STACK1 or STACK0)
  t.ok(name, "wrong stack before")
  local vector, exit = m:to_vector(t)
  t.eq(vector, level.vector + guest.SYNC, what .. ": vector")
  t.eq(cpu.esr_el1, expected_esr(row, level), what .. ": ESR")
  t.eq(cpu.elr_el1, expected_elr(row), what .. ": ELR")
  t.eq(cpu.far_el1, row.far or MARK, what .. ": FAR")
  t.eq(cpu.spsr_el1, pstate | (row.btype or 0) << 10, what .. ": SPSR")
  t.eq(cpu.pstate, flags | guest.EL1H, what .. ": PSTATE")
  t.eq(cpu.sp, STACK1, what .. ": SP")
  t.eq(cpu.sp_el0, STACK0, what .. ": SP_EL0")
  t.eq(cpu.x0, row[1]:find "x0, #%-8%]!" and D - 8 or D, what .. ": x0")
  t.eq(cpu.x3, D + 4, what .. ": x3")
  if expected_elr(row) == guest.ENTRY then
    t.eq(exit.icount, backend.steps(2), what .. ": steps")
  end
end

for _, level in ipairs(levels) do
  test("each synchronous exception from " .. level.name
       .. " enters its vector with an exact syndrome", function(t)
    for _, row in ipairs(rows) do
      if not row.only or row.only == (level.el1 and "el1" or "el0") then
        check(t, row, level, 0)
      end
    end
  end)
end

test("a step into an exception leaves no trace of stepping", function(t)
  for _, level in ipairs(levels) do
    for _, text in ipairs { "svc #1", "brk #1", "udf #0" } do
      local what = text .. " at " .. level.name
      local m <close> = guest.machine(text, { cpu = {
        pstate = level.pstate } })
      t.eq(m.cpu:step().kind, "budget", what)
      t.eq({ m.cpu.pc, m.cpu.spsr_el1, m.cpu.pstate },
        { guest.VECTORS + level.vector * 0x80, level.pstate, guest.EL1H },
        what)
      m.vm:close()
      local n <close> = guest.machine(text, { vectors = false, cpu = {
        pstate = level.pstate } })
      n.cpu:step()
      t.eq({ n.cpu.pc, n.cpu.pstate }, { guest.ENTRY, level.pstate }, what)
    end
  end
end)

test("exception entry saves the flags and keeps them", function(t)
  backend.real(t, "it clears the flags at an exception")
  for _, flags in ipairs { N, Z, C, V, N | Z | C | V } do
    for _, level in ipairs(levels) do check(t, rows[1], level, flags) end
  end
end)

test("SPSR holds the interrupt masks as they were, PSTATE has all set",
     function(t)
  for daif = 0, 15 do
    local m <close> = guest.machine("svc #0",
      { cpu = { pstate = daif << 6 | 5 } })
    m:to_vector(t)
    t.eq(m.cpu.spsr_el1, daif << 6 | 5)
    t.eq(m.cpu.pstate, guest.EL1H)
  end
end)

-- SP alignment: SCTLR_EL1.SA (bit 3) at EL1, SA0 (bit 4) at EL0 -----------

local sp_users = { "ldr x1, [sp]", "str x1, [sp, #8]", "ldp x1, x2, [sp]",
  "stp x1, x2, [sp, #-16]!", "ldr x1, [sp, x2]", "ldr q1, [sp, #16]",
  "ldrb w1, [sp]", "ldur x1, [sp, #8]", "ldxr x1, [sp]", "ldar x1, [sp]",
  "ldadd x1, x2, [sp]", "ldr x1, [sp], #16", "ldtr x1, [sp]" }

local function sp_case(t, text, level, sctlr, traps)
  local m <close> = guest.machine(text, { vm = { strict = false }, cpu = {
    sctlr_el1 = 0x30d00800 | sctlr, x2 = 0, far_el1 = MARK,
    pstate = level.pstate, sp = 0x60008 } })
  local what = ("%s at %s, SCTLR bits %#x"):format(text, level.name, sctlr)
  local exit = m.cpu:run(1)
  t.eq(exit.kind, "budget", what)
  t.eq(m.cpu.pc, traps and guest.VECTORS + level.vector * 0x80
    or guest.ENTRY + 4, what)
  if not traps then return end
  t.eq(m.cpu.esr_el1, guest.esr(0x26), what)
  t.eq(m.cpu.elr_el1, guest.ENTRY, what)
  t.eq(m.cpu.far_el1, MARK, what)
end

test("a misaligned SP base faults by SA at EL1 and by SA0 at EL0", function(t)
  backend.normal(t)
  backend.real(t, "it checks no SP alignment")
  for _, level in ipairs(levels) do
    for _, text in ipairs(sp_users) do
      local own = level.el1 and 8 or 16
      sp_case(t, text, level, own, true)
      -- exclusives need more alignment than the SP has here
      if not text:find "^ldxr" then
        sp_case(t, text, level, 24 - own, false)
      end
    end
  end
end)

test("an aligned SP never faults, and ADD may misalign it", function(t)
  local m <close> = guest.machine(
    "add sp, sp, #1; add sp, sp, #15; ldr x1, [sp]; svc #1",
    { cpu = { sctlr_el1 = 0x30d00818 } })
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x15, 1))
end)

-- FP traps: CPACR_EL1.FPEN ------------------------------------------------

local fp_users = { "fmov d0, x1", "ldr q0, [x0]", "stp d0, d1, [x0]",
  "mrs x1, fpcr", "msr fpsr, x1", ".inst 0x1e622820", "movi v0.16b, #1",
  "ld1 {v0.4s}, [x0]", "dup v0.4s, w1", "ldr s0, [x0, x2]" }

test("FP and SIMD trap as CPACR_EL1.FPEN says: EC 7, CV 1, COND 14",
     function(t)
  for fpen = 0, 3 do
    for _, level in ipairs(levels) do
      local traps = fpen == 0 or fpen == 2 or (fpen == 1 and not level.el1)
      for _, text in ipairs(fp_users) do
        local m <close> = guest.machine(text, { cpu = { x0 = D, x2 = 0,
          cpacr_el1 = fpen << 20, pstate = level.pstate } })
        local exit = m.cpu:run(1)
        local what = ("%s at %s, FPEN %d"):format(text, level.name, fpen)
        if traps then
          t.eq(exit.kind, "budget", what)
          t.eq(m.cpu.pc, guest.VECTORS + level.vector * 0x80, what)
          t.eq(m.cpu.esr_el1, guest.esr(7, 0x1e00000), what)
          t.eq(m.cpu.elr_el1, guest.ENTRY, what)
        else
          t.eq(m.cpu.pc, guest.ENTRY + 4, what)
        end
      end
    end
  end
end)

test("FP is enabled at the start, and off with fp = false", function(t)
  backend.except(t, "hvf", "one VM at a time")
  local on <close> = guest.machine("fmov d0, x1; svc #0")
  on:to_vector(t)
  t.eq(on.cpu.esr_el1, guest.esr(0x15))
  local off <close> = guest.machine("fmov d0, x1; svc #0",
    { vm = { fp = false } })
  off:to_vector(t)
  t.eq(off.cpu.esr_el1, guest.esr(7, 0x1e00000))
end)

-- A guest without vectors -------------------------------------------------

local bare = {
  { "svc #9", "svc", guest.esr(0x15, 9) },
  { "udf #1", "undefined", guest.esr(0) },
  { "ldr x1, [x3]", "alignment", guest.esr(0x25, 0x21), D + 4 },
  { "mov x9, #0x10000; orr x9, x9, #2; br x9", "pc-alignment",
    guest.esr(0x22), 0x10002, 0x10002 },
  { "mov x9, #0x1000000000000; ldr x1, [x9]", "address-size",
    guest.esr(0x25), 1 << 48, guest.ENTRY + 4 },
  { "ldxr x1, [x0]", "atomic", guest.esr(0x25, 0x35), D },
  { "msr spsr_el1, x2; msr elr_el1, x0; eret", "illegal-state",
    guest.esr(0x0e), nil, D },
}

test("without vectors an exception is an exit at the instruction", function(t)
  for _, row in ipairs(bare) do
    if (backend.emulated or backend.relaxed) and row[3] >> 26 == 0x25 then
      goto continue                     -- Device memory
    end
    local m <close> = guest.machine(row[1], { vectors = false,
      cpu = { x0 = D, x3 = D + 4, x2 = 1, esr_el1 = 0x77 } })
    m.vm:write_u32(D, guest.NOP)
    local exit = m.cpu:run(100)
    t.eq(exit.kind, "fault", row[1])
    t.eq(exit.reason, row[2], row[1])
    t.eq(exit.esr, row[3], row[1])
    t.eq(exit.far, row[4] or 0, row[1])
    t.eq(exit.pc, row[5] or guest.ENTRY, row[1])
    t.eq(m.cpu.pc, exit.pc, row[1])
    if backend.exact then
      t.eq(m.cpu.esr_el1, 0x77, row[1] .. ": nothing is entered")
    end
    for _, run in ipairs { m.cpu.run, m.cpu.step } do
      local again = run(m.cpu, run == m.cpu.run and 100 or 1)
      t.eq({ again.kind, again.icount }, { "fault", exit.icount },
        row[1] .. ": it is no step")
      t.eq({ again.reason, again.pc }, { exit.reason, exit.pc }, row[1])
    end
    ::continue::
  end
end)

test("BRK without vectors is an exit of its own", function(t)
  local m <close> = guest.machine("brk #77; mov x1, #5; brk #78",
    { vectors = false })
  local exit = m.cpu:run(10)
  t.eq(exit.kind, "brk")
  t.eq(exit.imm, 77)
  t.eq(m.cpu.pc, guest.ENTRY)
  m.cpu:skip()
  exit = m.cpu:run(10)
  t.eq({ exit.kind, exit.imm }, { "brk", 78 })
  t.eq(m.cpu.x1, 5)
end)

test("inject enters the guest's vector with the given syndrome", function(t)
  local m <close> = guest.machine("nop; nop", { cpu = { pstate = N } })
  m.cpu:inject { esr = 0x96000045, far = 0xdeadbeef }
  t.eq(m:to_vector(t), guest.FROM_EL0 + guest.SYNC)
  t.eq(m.cpu.esr_el1, 0x96000045)
  t.eq(m.cpu.far_el1, 0xdeadbeef)
  t.eq(m.cpu.elr_el1, guest.ENTRY)
  t.eq(m.cpu.spsr_el1, N)
end)

test("an instruction that faults has changed nothing", function(t)
  backend.device(t)
  local texts = { "ldp x1, x2, [x3], #16", "ldr x1, [x3, #8]!",
    "ldpsw x1, x2, [x3, #1]!", "stp x1, x2, [x3, #-16]!",
    "str x1, [x3], #1", "ldr q1, [x3], #16", "casp x4, x5, x6, x7, [x3]",
    "ldxp x1, x2, [x3]", "ldrsb x1, [x9], #1", "ldp x9, x2, [x9]" }
  for _, text in ipairs(texts) do
    if not text:find "#1%]!" then
      local m <close> = guest.machine(text, { cpu = {
        x1 = 11, x2 = 22, x3 = D + 4, x4 = 4, x5 = 5, x6 = 6, x7 = 7,
        x9 = 1 << 50, q1 = ("q"):rep(16) } })
      m:to_vector(t)
      t.eq(m.cpu.esr_el1 >> 26, 0x25, text)
      t.eq({ m.cpu.x1, m.cpu.x2, m.cpu.x3, m.cpu.x4, m.cpu.x5, m.cpu.x9,
        m.cpu.q1 }, { 11, 22, D + 4, 4, 5, 1 << 50, ("q"):rep(16) }, text)
      t.eq(m.vm:read(D - 32, 64), ("\0"):rep(64), text)
    end
  end
end)

-- Which fault wins where several apply (D1.3.5.5, shared pseudocode Mem[])

local A, SA = 2, 8
local FP, SP, ALIGN, SIZE = guest.esr(7, 0x1e00000), guest.esr(0x26),
  guest.esr(0x25, 0x21), guest.esr(0x25)
local contests = {
  { "ldr q1, [sp]", FP, fp = false, sctlr = SA },
  { "ldr q1, [x9, #1]", FP, fp = false, sctlr = A },
  { "ld1 {v1.4s}, [sp]", FP, fp = false, sctlr = SA },
  { "ldr q1, [sp]", SP, sctlr = SA | A },
  { "ldr x1, [sp, #1]", SP, sctlr = SA | A },
  { "ldp x1, x2, [sp], #16", SP, sctlr = SA },
  { "ldxr x1, [sp]", SP, sctlr = SA },
  { "cas x1, x2, [sp]", SP, sctlr = SA },
  { "prfm pldl1keep, [sp]", SP, sctlr = SA, may = true },
  { "ldr x1, [x9, #1]", ALIGN, sctlr = A },     -- checked before translation
  { "ldr x1, [x9, #1]", SIZE },                 -- Device: after it
  { "ldxr x1, [x10]", ALIGN },
  { "ldxr x1, [x9]", SIZE },                    -- not 0x35
  { "ldadd x1, x2, [x9]", SIZE },
  { "stlr x1, [x10]", guest.esr(0x25, 0x61) },
  { "mrs x1, fpcr", FP, fp = false },
}

test("of several faults the first in the architecture's order is reported",
     function(t)
  backend.device(t)
  for _, c in ipairs(contests) do
    local m <close> = guest.machine(c[1], { cpu = { sp = 0x60004,
      x9 = 1 << 50, x10 = (1 << 50) + 4, cpacr_el1 = c.fp == false and 0
      or 3 << 20, sctlr_el1 = 0x30d00800 | (c.sctlr or 0) } })
    m.cpu:step()
    if not (c.may and m.cpu.pc == guest.ENTRY + 4) then
      t.eq(m.cpu.pc, guest.VECTORS + 0x200, c[1])
      t.eq(m.cpu.esr_el1, c[2], c[1])
    end
  end
end)
