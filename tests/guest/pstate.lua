-- SPDX-License-Identifier: MIT
--
-- PSTATE: exception return to every mode, legal and not, the Illegal
-- Execution state, banked stack pointers, DAIF, PAN, and what EL0 may do
-- (Arm ARM D1.2, D1.4, C5.2).

local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local IL, PAN, SPAN = 1 << 20, 1 << 22, 1 << 23
local SCTLR = 0x30d00800

-- Runs `eret` with these registers, then `after` at the return address.
local function eret(spsr, after, options)
  local m = guest.machine("eret; .space 252; " .. (after or "svc #1"),
    options)
  m.cpu.elr_el1, m.cpu.spsr_el1 = guest.ENTRY + 256, spsr
  return m
end

test("ERET goes to EL0t, EL1t and EL1h and restores PSTATE", function(t)
  for _, mode in ipairs { 0, 4, 5 } do
    for _, rest in ipairs { 0, 0xf0000000, 0x3c0, PAN, 0xa0000280 | PAN } do
      local m <close> = eret(rest | mode)
      t.eq(m.cpu:run(1).kind, "budget")
      t.eq(m.cpu.pc, guest.ENTRY + 256)
      t.eq(m.cpu.pstate, rest | mode)
      t.eq(m.cpu.spsr_el1, rest | mode, "SPSR_EL1 stays")
    end
  end
end)

test("ERET to any other mode sets PSTATE.IL and stays at its EL", function(t)
  backend.real(t, "it loses PAN at an illegal ERET")
  for _, own in ipairs { guest.EL1T, guest.EL1H } do
    for mode = 0, 31 do
      if mode ~= 0 and mode ~= 4 and mode ~= 5 then
        local m <close> = eret(0x90000040 | PAN | mode, "mov x5, #1",
          { cpu = { pstate = own, far_el1 = 7 } })
        local what = ("SPSR mode %#x from %#x"):format(mode, own)
        t.eq(m.cpu:run(1).kind, "budget", what)
        t.eq(m.cpu.pc, guest.ENTRY + 256, what)
        t.eq(m.cpu.pstate, 0x90000040 | PAN | IL | (own & 15), what)
        t.eq(m:to_vector(t), own == guest.EL1T and guest.FROM_EL1T
          or guest.FROM_EL1H, what)
        t.eq(m.cpu.esr_el1, guest.esr(0x0e), what)
        t.eq(m.cpu.elr_el1, guest.ENTRY + 256, what)
        t.eq(m.cpu.spsr_el1, 0x90000040 | PAN | IL | (own & 15), what)
        t.eq(m.cpu.pstate & IL, 0, what .. ": IL is cleared by the entry")
        t.eq({ m.cpu.x5, m.cpu.far_el1 }, { 0, 7 }, what)
      end
    end
  end
end)

test("ERET with SPSR.IL set returns to the mode in Illegal state", function(t)
  local m <close> = eret(IL)
  t.eq(m:to_vector(t), guest.FROM_EL0)
  t.eq(m.cpu.esr_el1, guest.esr(0x0e))
  t.eq(m.cpu.spsr_el1, IL)
  -- and the handler's own ERET falls into it again
  t.eq(m:to_vector(t), guest.FROM_EL0)
  t.eq(m.cpu.elr_el1, guest.ENTRY + 256)
end)

test("a misaligned or unfetchable pc comes before the Illegal state",
     function(t)
  backend.except(t, "hvf", "one VM at a time")
  local m <close> = eret(1)
  m.cpu.elr_el1 = guest.ENTRY + 2
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x22))
  t.eq(m.cpu.spsr_el1 & IL, IL)
  local n <close> = eret(1)
  n.cpu.elr_el1 = 1 << 52
  n:to_vector(t)
  t.eq(n.cpu.esr_el1, guest.esr(0x21))
  if backend.name == "kvm" then return end      -- the guest's own abort
  local o <close> = eret(1)
  o.cpu.elr_el1 = 0x40000000
  t.eq(o.cpu:run(10).reason, "unmapped")
end)

test("ERET and a vector cost one step each, MSR takes effect at once",
     function(t)
  local m <close> = eret(0, "svc #0")
  local _, exit = m:to_vector(t)
  t.eq(exit.icount, backend.steps(3))
end)

test("SP is banked by EL and SPSel", function(t)
  local m <close> = guest.machine([[
        mov     x1, sp                  // SP_EL1
        msr     spsel, #0
        mov     x2, sp                  // SP_EL0
        mov     x3, #0x3000
        mov     sp, x3
        mrs     x4, spsel
        msr     spsel, #1
        mrs     x5, spsel
        mov     x6, sp
        mrs     x7, sp_el0              // what EL1t left
        mov     x8, #0x4000
        msr     sp_el0, x8
        mov     x9, #0
        msr     spsel, x9
        mov     x10, sp
        sub     sp, sp, #16
        adr     x11, 1f
        msr     elr_el1, x11
        msr     spsr_el1, xzr
        eret
1:      mov     x12, sp                 // at EL0: SP_EL0
        add     sp, sp, #64
        svc     #0
  ]], { cpu = { sp_el0 = 0x1000, sp_el1 = 0x2000 } })
  m:to_vector(t)
  local c = m.cpu
  t.eq({ c.x1, c.x2, c.x4, c.x5, c.x6, c.x7, c.x10, c.x12 },
    { 0x2000, 0x1000, 0, 1, 0x2000, 0x3000, 0x4000, 0x3ff0 })
  t.eq({ c.sp, c.sp_el0, c.sp_el1 }, { 0x2000, 0x4030, 0x2000 })
end)

test("the host sees and sets each bank in every mode", function(t)
  local m <close> = guest.machine "nop"
  local c = m.cpu
  for _, pstate in ipairs { guest.EL0, guest.EL1T, guest.EL1H } do
    c.pstate = pstate
    c.sp_el0, c.sp_el1 = 0x111, 0x222
    t.eq(c.sp, pstate == guest.EL1H and 0x222 or 0x111)
    c.sp = 0x333
    t.eq({ c.sp_el0, c.sp_el1 }, pstate == guest.EL1H and { 0x111, 0x333 }
      or { 0x333, 0x222 })
  end
end)

test("DAIFSet and DAIFClr change the named bits, MSR DAIF all", function(t)
  for imm = 0, 15 do
    local m <close> = guest.machine(([[
        msr     daif, xzr
        msr     daifset, #%d
        mrs     x1, daif
        mov     x2, #-1
        msr     daif, x2
        msr     daifclr, #%d
        mrs     x3, daif
        msr     daif, x1
        mrs     x4, daif
        svc     #0
    ]]):format(imm, imm))
    m:to_vector(t)
    t.eq({ m.cpu.x1, m.cpu.x3, m.cpu.x4 },
      { imm << 6, (15 ~ imm) << 6, imm << 6 })
  end
end)

test("CurrentEL, NZCV and PAN read as PSTATE has them", function(t)
  local m <close> = guest.machine([[
        mrs     x1, currentel
        mov     x2, #-1
        msr     nzcv, x2
        mrs     x3, nzcv
        msr     nzcv, xzr
        mrs     x4, nzcv
        .inst   0xd500419f              // msr pan, #1
        .inst   0xd5384265              // mrs x5, pan
        .inst   0xd500409f              // msr pan, #0
        .inst   0xd5384266              // mrs x6, pan
        .inst   0xd5184262              // msr pan, x2
        .inst   0xd5384267              // mrs x7, pan
        svc     #0
  ]])
  m:to_vector(t)
  local c = m.cpu
  t.eq({ c.x1, c.x3, c.x4, c.x5, c.x6, c.x7 },
    { 4, 0xf0000000, 0, PAN, 0, PAN })
  t.eq(c.spsr_el1, guest.EL1H | PAN)
end)

test("exception entry keeps PAN, and sets it where SCTLR_EL1.SPAN is 0",
     function(t)
  for _, case in ipairs { { SPAN, 0, 0 }, { SPAN, PAN, PAN }, { 0, 0, PAN },
                          { 0, PAN, PAN } } do
    for _, mode in ipairs { 0, 4, 5 } do
      local m <close> = guest.machine("svc #0", { cpu = {
        sctlr_el1 = SCTLR & ~SPAN | case[1], pstate = mode | case[2] } })
      m:to_vector(t)
      t.eq(m.cpu.pstate, guest.EL1H | case[3])
      t.eq(m.cpu.spsr_el1, mode | case[2])
    end
  end
end)

test("MSR immediate of features the CPU lacks is undefined", function(t)
  backend.only(t, "soft", "a model")
  -- UAO (op1 0, op2 3), DIT (3, 2), SSBS (3, 1), TCO (3, 4), and holes
  for _, f in ipairs { { 0, 3 }, { 0, 4 }, { 3, 2 }, { 3, 1 }, { 3, 4 },
                       { 0, 6 }, { 0, 7 }, { 3, 5 }, { 1, 5 }, { 4, 5 } } do
    local word = 0xd500401f | f[1] << 16 | 1 << 8 | f[2] << 5
    local m <close> = guest.machine(guest.words(word), { bytes = true,
      vm = { cpu = "armv8.0" } })
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0), ("%#x"):format(word))
    t.eq(m.cpu.elr_el1, guest.ENTRY)
  end
end)

test("a handler's own exception nests: each entry overwrites ELR and SPSR",
     function(t)
  local m <close> = guest.machine([[
        svc     #1
        svc     #4
        .space  0x9f8
vector: add     x9, x9, #1              // ENTRY + 0x800, from EL1h
        cmp     x9, #3
        b.hs    1f
        svc     #2
1:      hvc     #77
        eret
  ]], { vectors = false, cpu = { vbar_el1 = guest.ENTRY + 0x800,
    pstate = 0x45 } })
  t.eq(m.cpu:run(1000).imm, 77)
  t.eq(m.cpu.x9, 3)
  t.eq(m.cpu.esr_el1, guest.esr(0x15, 2))
  t.eq(m.cpu.elr_el1, guest.ENTRY + 0xa10)
  t.eq(m.cpu.spsr_el1, 0x800003c5)
  t.eq(m.cpu:run(1000).imm, 77, "ERET comes back behind the svc")
  t.eq(m.cpu.pstate, 0x800003c5)
end)

test("VBAR_EL1 has no low 11 bits", function(t)
  backend.real(t, "it keeps some")
  local m <close> = guest.machine(
    "mov x1, #0x8fff; msr vbar_el1, x1; mrs x2, vbar_el1")
  m.cpu:step(3)
  t.eq(m.cpu.x2, 0x8800 & ~0x7ff)
end)

-- EL0 and the hints -------------------------------------------------------

test("WFI and WFE at EL0 trap unless nTWI and nTWE allow them", function(t)
  backend.except(t, "hvf", "one VM at a time")
  for _, case in ipairs { { "wfi", 0, 1 << 16 }, { "wfe", 1, 1 << 18 } } do
    if case[1] == "wfe" then backend.real(t, "its WFE never waits") end
    local m <close> = guest.machine(case[1], { cpu = { pstate = 0 } })
    t.eq(m:to_vector(t), guest.FROM_EL0)
    t.eq(m.cpu.esr_el1, guest.esr(1, 0x1e00000 | case[2]), case[1])
    t.eq(m.cpu.elr_el1, guest.ENTRY, case[1])
    local free <close> = guest.machine(case[1] .. "; svc #5",
      { cpu = { pstate = 0, sctlr_el1 = SCTLR | case[3] } })
    local exit = free.cpu:run(10)
    if case[1] == "wfi" then
      t.eq(exit.kind, "wfi")
      t.eq(free.cpu.pc, guest.ENTRY + 4)
    else
      t.eq(free.cpu.esr_el1, guest.esr(0x15, 5))
    end
  end
end)

test("WFI and WFE that need not wait are not trapped", function(t)
  backend.except(t, "hvf", "one VM at a time")
  backend.real(t, "its WFE never waits")
  local m <close> = guest.machine("wfi; svc #0", { cpu = { pstate = 0x3c0 } })
  m.cpu:irq(true)
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x15))
  local n <close> = guest.machine("sevl; wfe; wfe; nop",
    { cpu = { pstate = 0x3c0 } })
  n:to_vector(t)
  t.eq(n.cpu.esr_el1, guest.esr(1, 0x1e00001))
  t.eq(n.cpu.elr_el1, guest.ENTRY + 8)
end)

test("ERET sets the event register: the next WFE does not wait",
     function(t)
  backend.real(t, "its WFE never waits")
  local m <close> = eret(0x3c0, "wfe; wfe")
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(1, 0x1e00001))
  t.eq(m.cpu.elr_el1, guest.ENTRY + 256 + 4)
end)

test("hints, barriers and prefetches do nothing at EL0", function(t)
  local m <close> = guest.machine([[
        nop; yield; sev; sevl; hint #6; hint #32; hint #34; hint #127
        .inst 0xd503245f, 0xd50324df    // bti c, bti jc
        .inst 0xd503233f; .inst 0xd50323bf   // paciasp, autiasp
        .inst 0xd503221f; .inst 0xd503201f | 20 << 5   // esb, csdb
        dsb sy; dmb ish; isb; clrex
        prfm pldl1keep, [x1]; prfm plil1keep, [x2, #8]
        svc #0
  ]], { cpu = { pstate = 0, x1 = -9, x30 = 0x1122334455667788 } })
  local _, exit = m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x15))
  t.eq(m.cpu.x30, 0x1122334455667788)
  t.eq(exit.icount, backend.steps(22))
end)

-- {feature, PSTATE bit, op1, op2 of MSR (immediate), register, EL0 has it}
local bits = {
  { "PAN", 22, 0, 4, "pan", false }, { "UAO", 23, 0, 3, "uao", false },
  { "DIT", 24, 3, 2, "dit", true }, { "SSBS2", 12, 3, 1, "ssbs", true }
}

test("PAN, UAO, DIT and SSBS are set by immediate and by register",
     function(t)
  backend.real(t, "its UAO differs")
  for _, b in ipairs(bits) do
    local msr = 0xd500401f | b[3] << 16 | b[4] << 5
    for _, pstate in ipairs { guest.EL1H, guest.EL0 } do
      local m <close> = guest.machine(([[
        .inst   %#x                     // msr <bit>, #1
        mov     x1, #-1
        msr     %s, xzr
        msr     %s, x1
        mrs     x2, %s
        .inst   %#x                     // msr <bit>, #0
        mrs     x3, %s
        svc     #1
      ]]):format(msr | 1 << 8, b[5], b[5], b[5], msr, b[5]),
        { cpu = { pstate = pstate } })
      local open = b[6] or pstate == guest.EL1H
      if open then t.eq(m.cpu:run(1).kind, "budget") end
      if open then t.eq(m.cpu.pstate, pstate | 1 << b[2], b[1]) end
      m:to_vector(t)
      t.eq(m.cpu.esr_el1, open and guest.esr(0x15, 1) or guest.esr(0), b[1])
      if open then t.eq({ m.cpu.x2, m.cpu.x3 }, { 1 << b[2], 0 }, b[1]) end
    end
  end
end)

test("an exception clears UAO, keeps DIT and sets SSBS by SCTLR_EL1.DSSBS",
     function(t)
  backend.real(t, "it clears DIT")
  local UAO, DIT, SSBS, DSSBS = 1 << 23, 1 << 24, 1 << 12, 1 << 44
  for _, dssbs in ipairs { 0, DSSBS } do
    for _, old in ipairs { 0, UAO, DIT, SSBS, UAO | DIT | SSBS } do
      local m <close> = guest.machine("svc #0", { cpu = {
        sctlr_el1 = SCTLR | dssbs, pstate = guest.EL0 | old } })
      m:to_vector(t)
      t.eq(m.cpu.spsr_el1, guest.EL0 | old)
      t.eq(m.cpu.pstate, guest.EL1H | old & DIT | (dssbs ~= 0 and SSBS or 0))
      m.cpu:step()
      t.eq(m.cpu.pstate, guest.EL0 | old, "and ERET restores them")
    end
  end
end)

-- BTYPE --------------------------------------------------------------------

local BTYPE = 3 << 10

-- A program with branches of each kind; what BTYPE is before each step.
local branchy = [[
        adr     x0, 1f
        adr     x16, 2f
        adr     x30, 3f
        br      x0                      // 1
        nop
1:      br      x16                     // 1
        nop
2:      adr     x17, 4f
        ret                             // 0
3:      blr     x17                     // 2
        nop
4:      nop
        b       6f
6:      adr     x1, 7f
        br      x1
        nop
7:      svc     #0
]]

test("PSTATE.BTYPE is set by BR and BLR and cleared by all else", function(t)
  backend.only(t, "soft", "a model")
  local m <close> = guest.machine(branchy)
  local seen = {}
  for i = 1, 15 do
    local pc = m.cpu.pc
    m.cpu:step()
    seen[i] = (m.cpu.pstate & BTYPE) >> 10
    if m.cpu.pc < guest.ENTRY then break end
    t.ok(m.cpu.pc ~= pc)
  end
  t.eq(seen, { 0, 0, 0, 1, 1, 0, 0, 2, 0, 0, 0, 1, 0 })
end)

test("BTYPE is the same however the run is cut into budgets", function(t)
  backend.only(t, "soft", "budgets count steps")
  local loop = "1: adr x1, 2f; br x1; nop; 2: add x2, x2, #1; b 1b"
  for n = 1, 40 do
    local one <close> = guest.machine(loop)
    local many <close> = guest.machine(loop)
    one.cpu:run(n + 1024)
    for _ = 1, n do many.cpu:run(1) end
    many.cpu:run(1024)
    t.eq(one.cpu.pstate, many.cpu.pstate)
    t.eq(one.cpu.pc, many.cpu.pc)
    t.eq(one.cpu.pstate & BTYPE ~= 0, one.cpu.pc == guest.ENTRY + 12)
  end
end)

test("an exception saves BTYPE in SPSR_EL1, and ERET restores it",
     function(t)
  backend.only(t, "soft", "a model")
  local m <close> = guest.machine("adr x1, 1f; blr x1; nop; 1: udf #0")
  m:to_vector(t)
  t.eq(m.cpu.spsr_el1, guest.EL1H | 2 << 10)
  t.eq(m.cpu.pstate, guest.EL1H)
  m.cpu:step()
  t.eq(m.cpu.pstate, guest.EL1H | 2 << 10)
  local old <close> = guest.machine("adr x1, 1f; blr x1; nop; 1: udf #0",
    { vm = { cpu = "cortex-a53" } })
  old:to_vector(t)
  t.eq(old.cpu.spsr_el1, guest.EL1H, "a CPU without BTI has no BTYPE")
end)
