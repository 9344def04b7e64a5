-- SPDX-License-Identifier: MIT
--
-- Soft held against another CPU (_el1.lua, _el1_cases.lua), and the differences
-- that are right: each is a rule, with its reason, which takes from a result
-- what is not compared, as narrowly as it can be said.

local guest = require "guest._guest"
local el1 = require "guest._el1"
local cases = require "guest._el1_cases"

local M = {}

local FIELDS = el1.OUTPUT
local all = guest.all_sysregs()

local function keys_of(names)
  local set = {}
  for name in names:gmatch "%S+" do
    set[assert(all[name], name).key] = true
  end
  return set
end

-- Registers of which the other side has another idea altogether.
local elsewhere = {
  -- no model of ours has AArch32
  keys_of [[ id_pfr0_el1 id_pfr1_el1 id_pfr2_el1 id_dfr0_el1 id_dfr1_el1
    id_afr0_el1 id_mmfr0_el1 id_mmfr1_el1 id_mmfr2_el1 id_mmfr3_el1
    id_mmfr4_el1 id_mmfr5_el1 id_isar0_el1 id_isar1_el1 id_isar2_el1
    id_isar3_el1 id_isar4_el1 id_isar5_el1 id_isar6_el1 mvfr0_el1 mvfr1_el1
    mvfr2_el1 ]],
  -- caches: ours needs no maintenance and says so; KVM makes them up
  keys_of "ctr_el0 clidr_el1 ccsidr_el1",
  -- two breakpoints and watchpoints; here are more
  keys_of [[ id_aa64dfr0_el1 dbgbvr2_el1 dbgbcr2_el1 dbgwvr2_el1 dbgwcr2_el1
    dbgbvr3_el1 dbgbcr3_el1 dbgwvr3_el1 dbgwcr3_el1 dbgbvr4_el1 dbgbcr4_el1
    dbgbvr5_el1 dbgbcr5_el1 ]],
  -- qemu 7.2 has not all of debug's registers, and traps none from EL0; the
  -- lock of KVM's OSDLR_EL1 cannot be set
  keys_of [[ osdtrrx_el1 osdtrtx_el1 oseccr_el1 dbgprcr_el1 dbgclaimset_el1
    dbgclaimclr_el1 dbgdtr_el0 dbgdtrrx_el0 mdccsr_el0 mdccint_el1
    osdlr_el1 ]],
  -- the warm reset's vector: where EL1 is the highest level; ours is a guest's
  keys_of "rvbar_el1",
  -- RAS
  keys_of [[ erridr_el1 errselr_el1 erxfr_el1 erxctlr_el1 erxstatus_el1
    erxaddr_el1 erxmisc0_el1 erxmisc1_el1 disr_el1 ]],
  -- qemu has these of the PMU where pmu=off, KVM where it has none
  keys_of [[ pmintenset_el1 pmintenclr_el1 pmcr_el0 pmcntenset_el0
    pmcntenclr_el0 pmovsclr_el0 pmswinc_el0 pmselr_el0 pmceid0_el0 pmceid1_el0
    pmccntr_el0 pmxevtyper_el0 pmxevcntr_el0 pmuserenr_el0 pmovsset_el0
    pmccfiltr_el0 ]],
  -- KVM before a GIC is made: it can be read
  keys_of "icc_sre_el1",
  -- the lock is on after a reset here, as the manual has it, not in KVM; and
  -- what others do to it shows
  keys_of "oslsr_el1",
}

local function left_out(key)
  if not key then return false end
  for _, set in ipairs(elsewhere) do if set[key] then return true end end
  local op0, crn, crm = key >> 14, key >> 7 & 15, key >> 3 & 15
  -- op0 3, CRn 11 and 15: each implementation's own; event counters
  return op0 == 3 and (crn == 11 or crn == 15 or crn == 14 and crm >= 8)
end

-- Time: what a timer reads, and how much is left.
local moving = keys_of "cntvct_el0 cntpct_el0 cntv_tval_el0 cntp_tval_el0"
local compares = keys_of "cntv_cval_el0 cntp_cval_el0"
local frequency = keys_of "cntfrq_el0"

-- Fields of identification that are not compared: of AArch32, EL2, RAS; of the
-- MMU; big endian.
local identification = {
  id_aa64pfr0_el1 = 0xf0000fff, id_aa64mmfr0_el1 = 0xffff00,
  id_aa64mmfr1_el1 = 0xf000ffff, id_aa64mmfr2_el1 = 0xf00f,
}
-- Bits that can be written there and not here. Reserved ones, which qemu keeps;
-- FPCR's Len and Stride, FPSR's flags: AArch32; TTA: trace; SCTLR's others are
-- of what we do not have. BAS of a breakpoint is RES1, and so of either kind.
local wider = {
  contextidr_el1 = 0xffffffff00000000, cntkctl_el1 = ~0x3ff,
  csselr_el1 = ~0xf, esr_el1 = 0xffffffff00000000, vbar_el1 = 0x7ff,
  cpacr_el1 = ~0x300000, fpcr = 0x370000, fpsr = 0xf0000000,
  mdscr_el1 = 0xffffffff00000000, dbgbcr0_el1 = ~0xffe007,
  dbgbcr1_el1 = ~0xffe007, dbgbvr0_el1 = 3, dbgbvr1_el1 = 3,
  dbgwcr0_el1 = ~0x1fffffff, dbgwcr1_el1 = ~0x1fffffff,
}
local ignored = {}
for _, list in ipairs { identification, wider } do
  for name, mask in pairs(list) do ignored[all[name].key] = mask end
end

-- The same of two registers that are a model's affair; with their RES1 bits.
local function reserved(model)
  local mask = {}
  for _, r in ipairs(guest.soft_sysregs(model)) do
    if r.name == "sctlr_el1" or r.name == "spsr_el1" then
      mask[r.key] = ~r.mask
    end
  end
  return mask
end

local ILLEGAL, UNDEFINED, FLAGS = 0x0e, guest.esr(0), 0xf0000000
local WNR = 1 << 6
local UNKNOWN = 0xc01000                      -- UAO, PAN, SSBS
local PAR = 0xff00000000000380                -- ATTR, NS, SH

-- Whether the word there is of the register SSBS.
local function of_ssbs(case, at)
  local code = case.code
  if type(code) == "string" then return code:find "ssbs" end
  local word = code[at // 4 + 1]
  return word and (word >> 5 & 0x7fff | 0x8000 == all.ssbs.key
    or word & ~0xf00 == 0xd503403f)
end

local function of_atomic(code)
  for _, name in ipairs { "ldadd", "swp", "cas", "ldumax" } do
    if tostring(code):find("%f[%w]" .. name) then return true end
  end
  return false
end

-- The rules: each may change ours and theirs; the model's masks are the last.
local rules = {
  -- qemu clears the flags when it takes an exception
  function(_, ours, theirs)
    ours.pstate, theirs.pstate = ours.pstate & ~FLAGS, theirs.pstate & ~FLAGS
  end,
  function(case, ours, theirs, mask_of)
    local key = case.name and all[case.name].key or case.key
    local mask = key and (ignored[key] or mask_of[key])
    for _, x in ipairs { "x1", "x3", "x4", "x5" } do
      if mask then ours[x], theirs[x] = ours[x] & ~mask, theirs[x] & ~mask end
    end
  end,
  function(case, ours, theirs)                -- time
    for _, x in ipairs { "x1", "x3", "x4", "x5" } do
      local set = moving[case.key] or compares[case.key] and x ~= "x4"
      if set and ours.esr == theirs.esr then theirs[x] = ours[x] end
    end
  end,
  -- with SSBS alone qemu has the register of SSBS2
  function(case, ours, theirs)
    if ours.esr == UNDEFINED and of_ssbs(case, ours.elr) then
      for _, name in ipairs(FIELDS) do theirs[name] = ours[name] end
    end
  end,
  -- qemu's, as the highest level, may set the frequency
  function(case, ours, theirs)
    if frequency[case.key] and ours.esr == UNDEFINED then
      for _, name in ipairs(FIELDS) do theirs[name] = ours[name] end
    end
  end,
  -- the ISS of a trapped DAIFSet or DAIFClr: qemu changes op1 and op2
  function(_, ours, theirs)
    local iss = ours.esr & 0x1ffffff
    if ours.esr >> 26 == 0x18 and iss >> 20 & 3 == 0
       and theirs.esr == (ours.esr & ~(7 << 17 | 7 << 14)
         | (iss >> 14 & 7) << 17 | (iss >> 17 & 7) << 14) then
      theirs.esr = ours.esr
    end
  end,
  -- PAR_EL1 with the MMU off: soft's RAM is Normal here, qemu says no SH
  function(case, ours, theirs)
    if case.par then
      ours.x3, theirs.x3 = ours.x3 & ~PAR, theirs.x3 & ~PAR
    end
  end,
  function(case, ours, theirs, mask_of)       -- what SPSR_EL1 keeps
    if case.spsr_read then
      local mask = ~mask_of[all.spsr_el1.key]
      ours.x4, theirs.x4 = ours.x4 & mask, theirs.x4 & mask
    end
  end,
  -- After an illegal return PAN is SPSR's, UAO and SSBS are UNKNOWN; qemu keeps
  -- what they were (SetPSTATEFromPSR, Arm ARM J1.3)
  function(case, ours, theirs)
    if case.spsr_read and ours.esr >> 26 == ILLEGAL then
      for _, name in ipairs { "spsr", "pstate" } do
        ours[name] = ours[name] & ~UNKNOWN
        theirs[name] = theirs[name] & ~UNKNOWN
      end
    end
  end,
  -- a store exclusive without a monitor fails in qemu, whatever the address
  function(case, ours, theirs)
    if theirs.done and ours.esr & 0x3f == 0x21 and theirs.x3 == 1
       and tostring(case.code):find "^stl?x" then
      for _, name in ipairs(FIELDS) do theirs[name] = ours[name] end
    end
  end,
  -- qemu loads by LDAPR from any address
  function(case, ours, theirs)
    if theirs.done and ours.esr & 0x3f == 0x21
       and tostring(case.code):find "^ldapr" then
      for _, name in ipairs(FIELDS) do theirs[name] = ours[name] end
    end
  end,
  -- WnR of an atomic: a load there would fault as well, which makes it 0; qemu
  -- with several CPUs, as below KVM, says 1
  function(case, ours, theirs)
    if theirs.esr == ours.esr | WNR and of_atomic(case.code) then
      theirs.esr = ours.esr
    end
  end,
  -- qemu takes the abort of a fetch before the alignment of pc
  function(_, ours, theirs)
    if ours.esr == guest.esr(0x22) and theirs.esr >> 27 == 0x10 then
      theirs.esr = ours.esr
    end
  end,
}

-- A line for each case whose results differ, none for those that are right.
local function differences(list, ours, theirs, model)
  local lines, mask_of = {}, reserved(model)
  for i, case in ipairs(list) do
    local o, th, found = ours[i], theirs[i], {}
    if not left_out(case.key) then
      for _, rule in ipairs(rules) do rule(case, o, th, mask_of) end
      for _, name in ipairs(FIELDS) do
        if o[name] ~= th[name] then
          found[#found + 1] = ("%s %#x and not %#x"):format(name, o[name],
            th[name])
        end
      end
    end
    if #found > 0 then
      lines[#lines + 1] = case.what .. ": " .. table.concat(found, ", ")
    end
  end
  return lines
end

-- What soft has at EL1, as the CPU tells itself: keys, and the set of those
-- that can be read.
function M.registers(model)
  local list, known, readable = {}, {}, {}
  for k = 0x8000, 0xffff do
    list[#list + 1] = { code = { guest.mrs(1, k) }, key = k }
  end
  for i, r in ipairs(el1.here(list, "soft", model)) do
    local k = list[i].key
    readable[k] = r.done
    local id = k & 0xffc0 == 0xc000 and k & 0x38 ~= 0
    if r.done and not id then known[#known + 1] = k end
  end
  for name in pairs(identification) do known[#known + 1] = all[name].key end
  known[#known + 1] = all.oslar_el1.key
  return known, readable
end

local MOST, SHOWN = 20000, 40                -- cases of a run; lines

-- The sweep `name` with about `most` cases, 0 for all, on soft's model and by
-- `there`, which is given a list of cases. Returns the lines of what differs.
local function sweep(t, name, ask, there)
  ask.random, ask.every = t.random, 1
  if ask.most > 0 then
    ask.every = math.max(1, cases.size[name] // ask.most)
  end
  local list, wrong = cases[name](ask), {}
  for first = 1, #list, MOST do
    local last = math.min(#list, first + MOST - 1)
    local part = table.move(list, first, last, 1, {})
    local ours = el1.here(part, "soft", ask.model)
    for _, line in ipairs(differences(part, ours, there(part),
        ask.model)) do
      wrong[#wrong + 1] = line
    end
  end
  return wrong, #list
end

-- All sweeps, with about ask.most cases of each, 0 for all, on the model and
-- by `there`, which is given a list of cases and returns the results.
function M.compare(t, ask, there)
  local wrong, count = {}, 0
  ask.known, ask.readable = M.registers(ask.model)
  for _, name in ipairs(cases.names) do
    local lines, n = sweep(t, name, ask, there)
    table.move(lines, 1, #lines, #wrong + 1, wrong)
    count = count + n
  end
  t.note(("%d cases"):format(count))
  if #wrong > 0 then
    t.fail(("%d of %d cases, soft first:\n%s"):format(#wrong, count,
      table.concat(wrong, "\n", 1, math.min(#wrong, SHOWN))))
  end
  t.ok(count >= #cases.names * math.min(ask.most, 20), "too few cases")
end

return M
