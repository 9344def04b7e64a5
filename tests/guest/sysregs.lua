-- SPDX-License-Identifier: MIT
--
-- System registers: which exist at EL1 and at EL0, what of them can be
-- written, what they read, and how refused accesses are reported (C5.3,
-- D17.2; ISS of EC 0x18 in D17.2.37). The lists are read from the .def files
-- of the core; the rules of EL0 are written down here once more.

local test = require "tap"
require "backend".only_file("soft", "its CPU models")
local guest = require "guest._guest"

local all, soft = guest.all_sysregs(), guest.soft_sysregs()
local E, VEC = guest.ENTRY, guest.VECTORS

-- Views of other state: read, write at EL1.
local views = { nzcv = "rw", daif = "rw", spsel = "rw", pan = "rw",
  uao = "rw", dit = "rw", ssbs = "rw", rndr = "r", rndrrs = "r",
  cntvctss_el0 = "r", cntpctss_el0 = "r",
  sp_el0 = "rw", cntv_tval_el0 = "rw", cntp_tval_el0 = "rw",
  currentel = "r", mpidr_el1 = "r", isr_el1 = "r", cntvct_el0 = "r",
  cntpct_el0 = "r", oslar_el1 = "w" }

local function by_key()
  local map = {}
  for _, r in ipairs(soft) do
    map[r.key] = { name = r.name, r = true, w = not r.value }
  end
  map[all.oslsr_el1.key].w = false
  for name, how in pairs(views) do
    map[all[name].key] = { name = name, r = how:find "r" ~= nil,
      w = how:find "w" ~= nil }
  end
  return map
end

-- Executes one word with x1 = value; returns the pc afterwards.
local function step(m, word, value)
  local cpu = m.cpu
  m.vm:write_u32(E, word)
  cpu.pc = E
  cpu.x1 = value or 0
  cpu:step()
  return cpu.pc
end

local function bare(options)
  options = options or {}
  options.bytes = true
  return guest.machine(guest.words(guest.NOP), options)
end

test("at EL1 exactly the CPU's registers exist, the rest is undefined",
     function(t)
  local m <close> = bare()
  local map = by_key()
  local kept = { sctlr_el1 = 0x30d00800, cpacr_el1 = 3 << 20, vbar_el1 = VEC }
  for key = 0x8000, 0xffff do
    local r = map[key] or {}
    local id = key & 0xffc0 == 0xc000 and key & 0x38 ~= 0
    for _, word in ipairs { guest.mrs(1, key), guest.msr(1, key) } do
      local is_read = word & 1 << 21 ~= 0
      m.cpu.pstate, m.cpu.esr_el1 = guest.EL1H, 0
      local pc = step(m, word, r.name and kept[r.name])
      local want = id and is_read or (is_read and r.r)
        or (not is_read and r.w)
      local what = ("%s %#x (%s)"):format(is_read and "mrs" or "msr", key,
        r.name or "unknown")
      if want then t.eq(pc, E + 4, what)
      else
        t.eq(pc, VEC + guest.FROM_EL1H * 0x80, what)
        t.eq(m.cpu.esr_el1, guest.esr(0), what)
      end
    end
  end
end)

test("each register is reset to its value and holds its writable bits",
     function(t)
  for _, r in ipairs(soft) do
    local m <close> = bare { vectors = false }
    local function read()
      t.eq(step(m, guest.mrs(1, r.key)), E + 4, r.name)
      return m.cpu.x1
    end
    local value = read()
    t.eq(value, r.value or r.reset, r.name .. " at reset")
    t.eq(m.cpu[r.name], value, r.name .. " from the host")
    local timed = r.name:find "_ctl_el0"
    local switch = r.name == "sctlr_el1" or r.name == "mdscr_el1"
    if r.mask and r.mask ~= 0 then
      step(m, guest.msr(1, r.key), switch and -2 or -1)
      t.eq(read() & ~(timed and 4 or 0),
        (r.reset | r.mask) & ~(switch and 1 or 0), r.name .. " after ones")
      step(m, guest.msr(31, r.key))
      t.eq(read(), r.reset & ~r.mask, r.name .. " after zeros")
      if not switch then
        m.cpu[r.name] = -1
        t.eq(read() & ~(timed and 4 or 0), r.reset | r.mask,
          r.name .. " set by the host")
      end
    end
  end
end)

test("identification reads as the model says, the reserved space zero",
     function(t)
  local m <close> = bare()
  for key = 0xc008, 0xc03f do
    local value = 0
    for _, r in ipairs(soft) do if r.key == key then value = r.value end end
    t.eq(step(m, guest.mrs(1, key)), E + 4)
    t.eq(m.cpu.x1, value, ("%#x"):format(key))
  end
  for n = 0, 17 do
    local cpu <close> = assert(m.vm:vcpu())
    t.eq(cpu.mpidr_el1, 0x80000000 | cpu.index % 16 | cpu.index // 16 << 8)
    if n < 17 then m.keep = { cpu, m.keep } end
    cpu.on = false
  end
end)

-- What ID registers promise executes, what they deny is undefined:
-- {name, register, lowest bit, an instruction, the field's value from which on}
local features = {
  { "CRC32", "id_aa64isar0_el1", 16, "crc32x w1, w2, x3" },
  { "LSE", "id_aa64isar0_el1", 20, "ldadd x1, x2, [x0]", 2 },
  { "FlagM", "id_aa64isar0_el1", 52, "cfinv" },
  { "FlagM2", "id_aa64isar0_el1", 52, "axflag", 2 },
  { "LRCPC", "id_aa64isar1_el1", 20, "ldapr x1, [x0]" },
  { "LRCPC2", "id_aa64isar1_el1", 20, "ldapur x1, [x0, #8]", 2 },
  { "LSE2", "id_aa64mmfr2_el1", 32, "add x0, x0, #1; ldar x1, [x0]" },
  { "LOR", "id_aa64mmfr1_el1", 16, "ldlar x1, [x0]" },
  { "LOR", "id_aa64mmfr1_el1", 16, "mrs x1, lorc_el1" },
  { "PAN", "id_aa64mmfr1_el1", 20, "msr pan, #1" },
  { "PAN2", "id_aa64mmfr1_el1", 20, "at s1e1rp, x0", 2 },
  { "AES", "id_aa64isar0_el1", 4, "aese v0.16b, v1.16b" },
  { "PMULL", "id_aa64isar0_el1", 4, "pmull v0.1q, v1.1d, v2.1d", 2 },
  { "SHA1", "id_aa64isar0_el1", 8, "sha1h s0, s1" },
  { "SHA256", "id_aa64isar0_el1", 12, "sha256su0 v0.4s, v1.4s" },
  { "SHA512", "id_aa64isar0_el1", 12, "sha512su0 v0.2d, v1.2d", 2 },
  { "SHA3", "id_aa64isar0_el1", 32, "eor3 v0.16b, v1.16b, v2.16b, v3.16b" },
  { "SM3", "id_aa64isar0_el1", 36, "sm3ss1 v0.4s, v1.4s, v2.4s, v3.4s" },
  { "SM4", "id_aa64isar0_el1", 40, "sm4e v0.4s, v1.4s" },
  { "RDM", "id_aa64isar0_el1", 28, "sqrdmlah v0.4s, v1.4s, v2.4s" },
  { "DotProd", "id_aa64isar0_el1", 44, "sdot v0.4s, v1.16b, v2.16b" },
  { "FHM", "id_aa64isar0_el1", 48, "fmlal v0.4s, v1.4h, v2.4h" },
  { "FP16", "id_aa64pfr0_el1", 16, "fadd h0, h1, h2" },
  { "FP16", "id_aa64pfr0_el1", 20, "fadd v0.8h, v1.8h, v2.8h" },
  { "FCMA", "id_aa64isar1_el1", 16, "fcadd v0.4s, v1.4s, v2.4s, #90" },
  { "JSCVT", "id_aa64isar1_el1", 12, "fjcvtzs w0, d1" },
  { "FRINTTS", "id_aa64isar1_el1", 32, "frint32z d0, d1" },
  { "BF16", "id_aa64isar1_el1", 44, "bfcvt h0, s1" },
  { "I8MM", "id_aa64isar1_el1", 52, "smmla v0.4s, v1.16b, v2.16b" },
  { "RNG", "id_aa64isar0_el1", 60, "mrs x1, rndr" },
  { "TLBIOS", "id_aa64isar0_el1", 56, "tlbi vmalle1os" },
  { "TLBIRANGE", "id_aa64isar0_el1", 56, "tlbi rvae1is, x0", 2 },
  { "DPB", "id_aa64isar1_el1", 0, "dc cvap, x0" },
  { "DPB2", "id_aa64isar1_el1", 0, "dc cvadp, x0", 2 },
  { "PAuth", "id_aa64isar1_el1", 4, "pacia x0, x1" },
  { "PAuth", "id_aa64isar1_el1", 24, "pacga x0, x1, x2" },
  { "PAuth", "id_aa64isar1_el1", 4, "mrs x0, apibkeyhi_el1" },
  { "SB", "id_aa64isar1_el1", 36, "sb" },
  { "SPECRES", "id_aa64isar1_el1", 40, "cfp rctx, x0" },
  { "XS", "id_aa64isar1_el1", 56, "dsb synxs" },
  { "XS", "id_aa64isar1_el1", 56, "tlbi vmalle1nxs" },
  { "LS64", "id_aa64isar1_el1", 60, "ld64b x2, [x0]" },
  { "WFxT", "id_aa64isar2_el1", 0, "wfet xzr", 2 },
  { "MOPS", "id_aa64isar2_el1", 16, "setp [x0]!, x1!, x2" },
  { "HBC", "id_aa64isar2_el1", 20, "bc.al 1f; 1:" },
  { "CSSC", "id_aa64isar2_el1", 52, "cnt x0, x1" },
  { "ECV", "id_aa64mmfr0_el1", 60, "mrs x0, cntvctss_el0" },
  { "UAO", "id_aa64mmfr2_el1", 4, "msr uao, #1" },
  { "DIT", "id_aa64pfr0_el1", 48, "msr dit, #1" },
  { "SVE", "id_aa64pfr0_el1", 32, ".inst 0x04e0e3e0 // cntd x0" },
  { "SSBS2", "id_aa64pfr1_el1", 4, "msr ssbs, #1", 2 },
  { "MTE", "id_aa64pfr1_el1", 8, "irg x0, x1" },
  { "MTE", "id_aa64pfr1_el1", 8, "mrs x0, tco" },
  { "MTE", "id_aa64pfr1_el1", 8, "dc gva, x0" },
  { "MTE", "id_aa64pfr1_el1", 8, "dc gzva, x0" },
  { "MTE", "id_aa64pfr1_el1", 8, "dc cgvac, x0" },
  { "MTE", "id_aa64pfr1_el1", 8, "dc cgdvadp, x0" },
  { "MTE", "id_aa64pfr1_el1", 8, "dc cigdvac, x0" },
  { "MTE2", "id_aa64pfr1_el1", 8, "ldgm x1, [x0]", 2 },
  { "MTE2", "id_aa64pfr1_el1", 8, "dc igvac, x0", 2 },
  { "MTE2", "id_aa64pfr1_el1", 8, "mrs x1, gcr_el1", 2 },
  { "PMU", "id_aa64dfr0_el1", 8, "mrs x1, pmcr_el0" },
  { "GIC", "id_aa64pfr0_el1", 24, "mrs x1, s3_0_c12_c12_5" },
  { "RAS", "id_aa64pfr0_el1", 28, "mrs x1, erridr_el1" },
}

test("what the ID registers promise executes, what they deny does not",
     function(t)
  for _, model in ipairs { "armv8.0", "cortex-a53", "cortex-a76", "armv8.3",
                           "armv8.5", "armv8.7", "max" } do
    for _, f in ipairs(features) do
      local m <close> = guest.machine(f[4] .. "; svc #1", { vm = {
        strict = false, cpu = model }, cpu = { x0 = guest.DATA } })
      local field = m.cpu[f[2]] >> f[3] & 15
      local has = field >= (f[5] or 1) and field ~= 15
      local exit = m.cpu:run(10)
      local esr = m.cpu.esr_el1
      t.eq(exit.kind, "hvc", f[1])
      if f[1] == "LSE2" and not has then
        t.eq(esr, guest.esr(0x25, 0x21), model .. " without LSE2")
      else
        t.eq(esr, has and guest.esr(0x15, 1) or guest.esr(0),
          ("%s on %s: %s"):format(f[1], model, f[4]))
      end
    end
  end
end)

-- EL0 ---------------------------------------------------------------------

local UMA, ENRCTX, DZE, UCT = 1 << 9, 1 << 10, 1 << 14, 1 << 15
local UCI = 1 << 26
local TDCC = 1 << 12
-- name = { directions, register that opens it, bits, open when clear }
local el0 = {
  tpidr_el0 = { "rw" }, tpidrro_el0 = { "r" }, fpcr = { "rw" },
  fpsr = { "rw" }, nzcv = { "rw" }, dczid_el0 = { "r" },
  ctr_el0 = { "r", "sctlr_el1", UCT }, daif = { "rw", "sctlr_el1", UMA },
  cntfrq_el0 = { "r", "cntkctl_el1", 3 },
  cntpct_el0 = { "r", "cntkctl_el1", 1 },
  cntvct_el0 = { "r", "cntkctl_el1", 2 },
  cntv_ctl_el0 = { "rw", "cntkctl_el1", 1 << 8 },
  cntv_cval_el0 = { "rw", "cntkctl_el1", 1 << 8 },
  cntv_tval_el0 = { "rw", "cntkctl_el1", 1 << 8 },
  cntp_ctl_el0 = { "rw", "cntkctl_el1", 1 << 9 },
  cntp_cval_el0 = { "rw", "cntkctl_el1", 1 << 9 },
  cntp_tval_el0 = { "rw", "cntkctl_el1", 1 << 9 },
  cntpctss_el0 = { "r", "cntkctl_el1", 1 },
  cntvctss_el0 = { "r", "cntkctl_el1", 2 },
  dit = { "rw" }, tco = { "rw" }, ssbs = { "rw" },
  rndr = { "r" }, rndrrs = { "r" },
  mdccsr_el0 = { "r", "mdscr_el1", TDCC, true },
  dbgdtr_el0 = { "rw", "mdscr_el1", TDCC, true },
  dbgdtrrx_el0 = { "rw", "mdscr_el1", TDCC, true },
}

-- ISS of EC 0x18 from the fields of the register or operation.
local function iss(key, rt, is_read)
  local op0, op1, crn, crm, op2 = key >> 14, key >> 11 & 7, key >> 7 & 15,
    key >> 3 & 15, key & 7
  return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1
    | (is_read and 1 or 0)
end

-- Steps over `word` at EL0: "done", "undefined", or the ISS of its trap.
local function at_el0(t, m, word)
  m.cpu.pstate = 0
  local pc = step(m, word)
  if pc == E + 4 then return "done" end
  t.eq(pc, VEC + guest.FROM_EL0 * 0x80)
  t.eq(m.cpu.elr_el1, E)
  local esr = m.cpu.esr_el1
  if esr == guest.esr(0) then return "undefined" end
  t.eq(esr >> 25, 0x18 << 1 | 1)
  return esr & 0x1ffffff
end

test("at EL0 a register is open, trapped with its exact ISS, or undefined",
     function(t)
  local opened <close> = bare { cpu = { sctlr_el1 = 0x30d00800 | UMA | UCT,
    cntkctl_el1 = 0x303 } }
  local closed <close> = bare { cpu = { mdscr_el1 = TDCC } }
  local names = {}                 -- one of several, where keys are shared
  for name, r in pairs(all) do names[r.key] = name end
  for name in pairs(el0) do names[all[name].key] = name end
  for key = 0x8000, 0xffff do
    local rule = el0[names[key]]
    for _, way in ipairs { "r", "w" } do
      local is_read = way == "r"
      local rt = is_read and 5 or 31
      local word = (is_read and guest.mrs or guest.msr)(rt, key)
      local what = ("%s %#x (%s)"):format(is_read and "mrs" or "msr", key,
        names[key] or "?")
      local allowed = rule and rule[1]:find(way)
      t.eq(at_el0(t, opened, word), allowed and "done" or "undefined", what)
      t.eq(at_el0(t, closed, word), not allowed and "undefined"
        or not rule[2] and "done" or iss(key, rt, is_read), what)
    end
  end
end)

test("each EL0 enable opens its registers and no others", function(t)
  for name, rule in pairs(el0) do
    if rule[2] and not rule[4] then
      for bit = 0, 31 do
        local m <close> = bare()
        m.cpu[rule[2]] = m.cpu[rule[2]] | 1 << bit & ~1
        if rule[2] == "cntkctl_el1" then m.cpu.cntkctl_el1 = 1 << bit end
        local got = at_el0(t, m, guest.mrs(1, all[name].key))
        t.eq(got, rule[3] >> bit & 1 == 1 and "done"
          or iss(all[name].key, 1, true), name .. " by bit " .. bit)
      end
    end
  end
end)

test("DAIFSet and DAIFClr at EL0 trap unless SCTLR_EL1.UMA is set",
     function(t)
  for _, op2 in ipairs { 6, 7 } do
    local key = 3 << 11 | 4 << 7 | 0xa << 3 | op2    -- op0 0, CRm = imm
    local word = 0xd503401f | 0xa << 8 | op2 << 5
    local m <close> = bare()
    t.eq(at_el0(t, m, word), iss(key, 31, false))
    m.cpu.sctlr_el1 = m.cpu.sctlr_el1 | UMA
    t.eq(at_el0(t, m, word), "done")
    t.eq(m.cpu.pstate, op2 == 6 and 0xa << 6 or 0)
  end
end)

-- SYS: op1, CRn, CRm, op2 -> the SCTLR bit that opens it to EL0, or true.
local operations = {
  [{ 0, 7, 1, 0 }] = true, [{ 0, 7, 5, 0 }] = true, [{ 0, 7, 6, 1 }] = true,
  [{ 0, 7, 6, 2 }] = true, [{ 0, 7, 10, 2 }] = true,
  [{ 0, 7, 14, 2 }] = true, [{ 0, 7, 8, 0 }] = true, [{ 0, 7, 8, 1 }] = true,
  [{ 0, 7, 8, 2 }] = true, [{ 0, 7, 8, 3 }] = true, [{ 3, 7, 4, 1 }] = DZE,
  [{ 3, 7, 5, 1 }] = UCI, [{ 3, 7, 10, 1 }] = UCI, [{ 3, 7, 11, 1 }] = UCI,
  [{ 3, 7, 14, 1 }] = UCI,
}
-- What is there with a feature only: { op1, CRn, CRm, op2, rule }.
local more = { PAN2 = { { 0, 7, 9, 0, true }, { 0, 7, 9, 1, true } },
  DPB = { { 3, 7, 12, 1, UCI } }, DPB2 = { { 3, 7, 13, 1, UCI } },
  SPECRES = { { 3, 7, 3, 4, ENRCTX }, { 3, 7, 3, 5, ENRCTX },
    { 3, 7, 3, 7, ENRCTX } }, TLBIOS = {}, TLBIRANGE = {},
  MTE = { { 3, 7, 4, 3, DZE }, { 3, 7, 4, 4, DZE } } }
for _, crm in ipairs { 10, 12, 13, 14 } do   -- tags; tags and data
  table.insert(more.MTE, { 3, 7, crm, 3, UCI })
  table.insert(more.MTE, { 3, 7, crm, 5, UCI })
end
for _, op2 in ipairs { 0, 1, 2, 3, 5, 7 } do
  operations[{ 0, 8, 3, op2 }] = true
  operations[{ 0, 8, 7, op2 }] = true
  table.insert(more.TLBIOS, { 0, 8, 1, op2, true })
end
for _, op2 in ipairs { 1, 3, 5, 7 } do
  for _, crm in ipairs { 2, 5, 6 } do
    table.insert(more.TLBIRANGE, { 0, 8, crm, op2, true })
  end
end

local function operations_of(model)
  local map = {}
  local function put(f, rule)
    local key = f[1] << 11 | f[2] << 7 | f[3] << 3 | f[4]
    map[key] = rule
    if f[2] == 8 and model.has.XS then map[key | 1 << 7] = rule end   -- nXS
  end
  for f, rule in pairs(operations) do put(f, rule) end
  for feature, list in pairs(more) do
    for _, f in ipairs(model.has[feature] and list or {}) do put(f, f[5]) end
  end
  return map
end

for name, model in pairs { ["armv8.0"] = guest.models()["armv8.0"],
                           max = guest.models().max } do
test("SYS has exactly the cache, TLB and AT operations of " .. name,
     function(t)
  local m <close> = bare { vm = { strict = false, cpu = name } }
  local open <close> = bare { vm = { strict = false, cpu = name },
    cpu = { sctlr_el1 = 0x30d00800 | DZE | UCI | ENRCTX } }
  local map = operations_of(model)
  for key = 0, 0x3fff do
    local word, rule = 0xd5080001 | key << 5, map[key]
    local what = ("sys %#x"):format(key)
    m.cpu.pstate = guest.EL1H
    t.eq(step(m, word, guest.DATA),
      rule and E + 4 or VEC + guest.FROM_EL1H * 0x80, what)
    local el0_rule = math.type(rule) == "integer"
    t.eq(at_el0(t, m, word), el0_rule and iss(1 << 14 | key, 1, false)
      or "undefined", what)
    t.eq(at_el0(t, open, word), el0_rule and "done" or "undefined", what)
    if key % 16 == 0 then
      t.eq(at_el0(t, m, word | 1 << 21), "undefined", what .. " (sysl)")
    end
  end
end)
end

test("DCZID_EL0.DZP says at EL0 whether DC ZVA is allowed there",
     function(t)
  for _, case in ipairs { { guest.EL1H, 0, 4 }, { 0, 0, 0x14 },
                          { 0, DZE, 4 } } do
    local m <close> = bare { cpu = { sctlr_el1 = 0x30d00800 | case[2],
      pstate = case[1] } }
    step(m, guest.mrs(1, all.dczid_el0.key))
    t.eq(m.cpu.x1, case[3])
  end
end)

test("AT with the MMU off is flat: PAR_EL1 has the address", function(t)
  local m <close> = bare()
  step(m, 0xd5087801, 0x123456789abc)       -- at s1e1r, x1
  t.eq(m.cpu.par_el1 & 0xfffffffff001, 0x123456789000)
  t.eq(m.cpu.par_el1 >> 56, 0, "Device-nGnRnE")
  step(m, 0xd5087801, 1 << 48)
  t.eq(m.cpu.par_el1 & 0x7f, 1, "address size fault, level 0")
end)

test("MRS to xzr discards, MSR from xzr writes zero", function(t)
  local m <close> = bare { cpu = { tpidr_el0 = 77 } }
  step(m, guest.mrs(31, all.tpidr_el0.key))
  t.eq(m.cpu.sp, 0x7f000)
  step(m, guest.msr(31, all.tpidr_el0.key), 5)
  t.eq(m.cpu.tpidr_el0, 0)
end)

test("a breakpoint or watchpoint that the guest turns on leaves as \z
      unimplemented", function(t)
  local MDE = 1 << 15
  for _, name in ipairs { "dbgbcr0_el1", "dbgbcr1_el1", "dbgwcr0_el1",
                          "dbgwcr1_el1" } do
    for _, last in ipairs { name, "mdscr_el1" } do
      local m <close> = bare()
      local first = last == name and "mdscr_el1" or name
      local value = { mdscr_el1 = MDE, [name] = 0x1e5 }
      t.eq(step(m, guest.msr(1, all[first].key), value[first]), E + 4, name)
      m.vm:write_u32(E, guest.msr(1, all[last].key))
      m.cpu.pc, m.cpu.x1 = E, value[last]
      local exit = m.cpu:run(5)
      t.eq({ exit.kind, exit.reason, exit.pc },
        { "fault", "unimplemented", E }, name .. " by " .. last)
      t.eq(m.cpu[last], 0, last)
      t.eq(step(m, guest.msr(1, all[last].key), value[last] & ~(MDE | 1)),
        E + 4, "and without it goes on")
    end
  end
end)

test("turning the MMU or guest single-step on leaves as unimplemented",
     function(t)
  for _, name in ipairs { "sctlr_el1", "mdscr_el1" } do
    local m <close> = bare()
    m.vm:write_u32(E, guest.msr(1, all[name].key))
    m.cpu.x1 = m.cpu[name] | 1
    local exit = m.cpu:run(5)
    t.eq({ exit.kind, exit.reason, exit.pc, exit.icount },
      { "fault", "unimplemented", E, 0 })
    t.eq(m.cpu[name] & 1, 0)
  end
end)
