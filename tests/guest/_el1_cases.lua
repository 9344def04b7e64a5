-- SPDX-License-Identifier: MIT
--
-- The questions of the sweeps of EL1 (_el1.lua): each function makes a list of
-- cases, `what` being a line that says what is asked. `ask.random` is a test's;
-- `ask.every` n: about one case of n, and all about registers in `ask.known`, a
-- list of keys; `ask.readable`, a set: what soft reads at EL1.

local el1 = require "guest._el1"

local M = {}

local UMA, DZE, UCT, NTWE, UCI = 1 << 9, 1 << 14, 1 << 15, 1 << 18, 1 << 26
local TDCC = 1 << 12
local ISB, ONES = 0xd5033fdf, -1
local ALTERNATING = 0xaaaaaaaaaaaaaaaa

local closed = { level = "EL0, closed", spsr = el1.EL0T, mdscr = TDCC }
local open = { level = "EL0, open", spsr = el1.EL0T, cntkctl = 0x303,
  sctlr = el1.SCTLR | UMA | DZE | UCT | UCI | NTWE }
local at_el1 = { level = "EL1", spsr = el1.EL1H }
local levels = { at_el1, closed, open }

local function mrs(rt, key) return 0xd5200000 | key << 5 | rt end
local function msr(key, rt) return 0xd5000000 | key << 5 | rt end

local function key(op0, op1, crn, crm, op2)
  return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2
end
M.key = key

function M.name(k)
  return ("s%d_%d_c%d_c%d_%d"):format(k >> 14, k >> 11 & 7, k >> 7 & 15,
    k >> 3 & 15, k & 7)
end

local function put(list, level, what, code, more)
  local case = { what = what .. ", " .. level.level, code = code }
  for k, v in pairs(level) do case[k] = v end
  for k, v in pairs(more or {}) do case[k] = v end
  list[#list + 1] = case
end

-- put, for one of `ask.every` times.
local function adder(ask)
  return function(...)
    if ask.every == 1 or ask.random(ask.every) == 1 then put(...) end
  end
end

-- The keys of a sweep: those that are known, and others.
local function keys(ask, first, last, known)
  local list, seen = {}, {}
  for _, k in ipairs(known or {}) do list[#list + 1], seen[k] = k, true end
  local k = first + ask.random(ask.every) - 1
  while k <= last do
    if not seen[k] then list[#list + 1] = k end
    k = k + ask.random(2 * ask.every - 1)
  end
  return list
end

-- 1. Every MRS, every MSR ---------------------------------------------------

function M.mrs(ask)
  local list = {}
  for _, level in ipairs(levels) do
    for _, k in ipairs(keys(ask, 0x8000, 0xffff, ask.known)) do
      put(list, level, "mrs " .. M.name(k), { mrs(1, k) }, { key = k })
    end
  end
  return list
end

-- What would pull the rug away: the MMU and a step by the guest's debugger;
-- the warm reset; an interrupt from a timer is masked by bit 1.
local never = { [key(3, 0, 1, 0, 0)] = 1, [key(2, 0, 0, 2, 2)] = 1,
  [key(3, 0, 12, 0, 2)] = -1 }

-- A register is read, written, read, restored and read.
function M.msr(ask)
  local list = {}
  for _, k in ipairs(keys(ask, 0x8000, 0xffff, ask.known)) do
    for _, value in ipairs { ONES, 0, ALTERNATING } do
      put(list, at_el1, ("msr %s, %#x"):format(M.name(k), value),
        { mrs(3, k), msr(k, 1), ISB, mrs(4, k), msr(k, 3), ISB, mrs(5, k) },
        { key = k, x1 = value & ~(never[k] or 0) })
    end
  end
  return list
end

-- Those that soft cannot read, and all at EL0, get a zero.
function M.msr_zero(ask)
  local list = {}
  for _, k in ipairs(keys(ask, 0x8000, 0xffff, ask.known)) do
    for _, level in ipairs(levels) do
      if level ~= at_el1 or not (ask.readable[k] or never[k]) then
        put(list, level, "msr " .. M.name(k), { msr(k, 31) }, { key = k })
      end
    end
  end
  return list
end

-- What EL0 may write, with what it then reads.
function M.msr_el0(ask)
  local list, add, random = {}, adder(ask), ask.random
  local names = { "tpidr_el0", "fpcr", "fpsr", "nzcv", "daif", "cntv_ctl_el0",
    "cntv_cval_el0", "cntp_ctl_el0", "cntp_cval_el0" }
  for _, name in ipairs(names) do
    for _ = 1, 20 do
      add(list, open, "write and read " .. name,
        ("msr %s, x1; mrs x3, %s; msr %s, xzr"):format(name, name, name),
        { x1 = random() | 2, name = name })
    end
  end
  return list
end

-- 2. SYS, SYSL, hints, barriers, PSTATE -------------------------------------

local WFI = key(0, 3, 2, 0, 3)

function M.system(ask)
  local list = {}
  for _, level in ipairs(levels) do
    for _, k in ipairs(keys(ask, 0, 0x3fff)) do
      for _, w in ipairs { { "sys", 0xd5080001 }, { "sysl", 0xd5280001 } } do
        put(list, level, w[1] .. " " .. M.name(k), { w[2] | k << 5 },
          { x1 = el1.DATA, key = k })
      end
      if k ~= WFI or level == closed then
        put(list, level, "msr/hint " .. M.name(k), { 0xd500001f | k << 5 },
          { key = k })
      end
      put(list, level, "op0 0, L " .. M.name(k), { 0xd520001f | k << 5 })
    end
  end
  return list
end

function M.pstate_fields(ask)
  local list, add, random = {}, adder(ask), ask.random
  for _ = 1, 300 do
    local field = random(0, 7) << 16 | random(0, 7) << 5
    for _, level in ipairs(levels) do
      add(list, level, ("msr imm, op1 and op2 %#x"):format(field),
        { 0xd500401f | field | random(0, 15) << 8,
          0xd500401f | field | random(0, 15) << 8 },
        { spsr = level.spsr & 0xf | random() & 0xf0c003c0 })
    end
  end
  return list
end

function M.translations(ask)
  local list, add = {}, adder(ask)
  for _, at in ipairs { el1.DATA, 0, 0x123456789abc, 1 << 44, 1 << 48, -1,
                        1 << 55, 5 << 56 | el1.DATA } do
    for op2 = 0, 3 do
      add(list, at_el1, ("at %d of %#x"):format(op2, at), { 0xd5087801
        | op2 << 5, mrs(3, key(3, 0, 7, 4, 0)) }, { x1 = at, par = true })
    end
  end
  return list
end

-- 3. Exception return -------------------------------------------------------

local RETURN = "adr x3, 1f; msr elr_el1, x3; msr spsr_el1, x1; \z
  mrs x4, spsr_el1; eret; 1:"

local AARCH32 = 0x10                     -- EL0 of qemu's CPUs has it

function M.returns(ask)
  local list, add, random = {}, adder(ask), ask.random
  local function both(spsr)
    for _, from in ipairs { el1.EL1H, el1.EL1T } do
      add(list, { level = from == el1.EL1H and "EL1h" or "EL1t", spsr = from },
        ("eret to %#x"):format(spsr), RETURN, { x1 = spsr, spsr_read = true })
    end
  end
  for mode = 0, 31 do
    if mode ~= AARCH32 then
      for bit = 5, 63 do both(mode | 1 << bit) end
      for _ = 1, 30 do both(mode | random() & ~31) end
    end
  end
  return list
end

function M.returns_to_addresses(ask)
  local list, add = {}, adder(ask)
  for _, at in ipairs { 1, 2, 3, 0xff00000000000000, 1 << 55, 1 << 48,
                        1 << 63, 0x00ff000000000000 } do
    for _, spsr in ipairs { el1.EL0T, el1.EL1T, el1.EL1H, 1 << 20 } do
      add(list, at_el1, ("eret %#x to %#x"):format(spsr, at),
        "adr x3, 1f; eor x3, x3, x2; msr elr_el1, x3; msr spsr_el1, x1; \z
         mrs x4, elr_el1; eret; 1:", { x1 = spsr, x2 = at, to = at })
    end
  end
  return list
end

-- 4. Exceptions -------------------------------------------------------------

local from = {
  { level = "EL1h", spsr = el1.EL1H }, { level = "EL1t", spsr = el1.EL1T },
  { level = "EL0", spsr = el1.EL0T },
  { level = "EL0, opened", spsr = 0xf0000000, sctlr = open.sctlr,
    cntkctl = open.cntkctl },
}

-- HVC and SMC are EL2's from EL1; HLT #0xf000 is qemu's.
function M.calls(ask)
  local list, add = {}, adder(ask)
  for _, level in ipairs(from) do
    for opc = 0, 7 do
      for low = 0, 31 do
        for _, imm in ipairs { 0, 1, 0x1234, 0xffff } do
          local call = opc == 0 and (low == 2 or low == 3)
          if not (call and level.spsr & 0xf ~= 0) then
            local word = 0xd4000000 | opc << 21 | imm << 5 | low
            add(list, level, (".inst %#x"):format(word), { word })
          end
        end
      end
    end
  end
  return list
end

local some = {
  "udf #0", "udf #0xffff", "eret", ".inst 0xd6bf03e0", ".inst 0x1ac0ffff",
  ".inst 0x63ffffff", "eretaa", "mrs x1, sp_el0", "msr sp_el0, x1",
  "mrs x1, sp_el1", "mrs x1, spsel; mrs x2, currentel; mrs x3, daif",
  "mrs x1, nzcv; msr nzcv, x2; mrs x3, nzcv", "mrs x1, pan; mrs x2, uao",
  "mrs x1, ssbs; msr ssbs, #1; mrs x2, ssbs",
  "mov x1, sp; add sp, sp, #0x100; mov x2, sp",
  "msr spsel, #0; mov x1, sp; msr spsel, #1; mov x2, sp; mrs x3, sp_el0",
  "mov x1, #-16; mov sp, x1; msr spsel, #0; mov sp, x1; msr spsel, #1; svc #1",
  "cfinv", "axflag", "sb", "csdb; esb; psb csync; bti c; pacia x1, x2",
  "wfi", "yield; sev; sevl; nop; hint #99; wfe",
  "clrex; dmb sy; dsb ishst; isb",
  ".inst 0xd503309f", ".inst 0xd50331bf", ".inst 0xd503323f",
  "dc zva, x0", "dc gva, x0", "dc cvap, x0", "dc cvadp, x0", "dc ivac, x0",
  "ic ivau, x0", "ic iallu", "tlbi vmalle1", "tlbi vae1os, x0", "tlbi alle2",
  "ldxr x1, [x0]; adr x3, 1f; msr elr_el1, x3; mrs x4, spsr_el1; \z
    msr spsr_el1, x4; eret; 1: mov x4, #0; stxr w2, x1, [x0]",
  "adr x3, 1f; add x3, x3, #1; br x3; 1:",
  "adr x3, 1f; add x3, x3, #2; blr x3; 1:",
  "adr x30, 1f; add x30, x30, #3; ret; 1:",
  "mov x3, #0x1000000000000; br x3", "mov x3, #0xffffffffffffffff; br x3",
  "mov x3, #2; movk x3, #0xff00, lsl #48; ret x3",
  "mov x3, #0x1000000000000; ldr x1, [x3]",
  "mov x3, #0xffff000000000000; str x1, [x3]",
  "mov x3, #0x8000000000000000; ldp x1, x2, [x3]",
  "mov x3, #0x80000000000000; ldxr x1, [x3]",
  "mov x3, #0x1000000000000; dc zva, x3",
  "mov x3, #0x1000000000000; ldadd x1, x2, [x3]",
  "mov x3, #0x1000000000000; prfm pldl1keep, [x3]",
  "mov x3, #0x1000000000000; ldtr x1, [x3]",
  "mov x3, #0x1000000000000; sttrb w1, [x3]",
  "mov x3, #0x1000000000000; str q0, [x3, #16]!",
}

function M.exceptions(ask)
  local list, add, random = {}, adder(ask), ask.random
  for _, text in ipairs(some) do
    for _, level in ipairs(from) do
      local stays = text:find "^eret" or text == "wfi"
      if not stays or level.spsr == el1.EL0T then
        add(list, level, text, text)
        for _, extra in ipairs { 1 << 20, 1 << 22, 1 << 12, 1 << 23,
                                 random() & 0xf0c013c0 } do
          add(list, level, ("%s, pstate | %#x"):format(text, extra), text,
            { spsr = level.spsr | extra })
        end
        for _, bits in ipairs { 1 << 23, 1 << 44, 1 << 23 | 1 << 44 } do
          add(list, level, ("%s, sctlr ^ %#x"):format(text, bits), text,
            { sctlr = (level.sctlr or el1.SCTLR) ~ bits })
        end
      end
    end
  end
  return list
end

-- CPACR_EL1.FPEN: words of FP and SIMD, and what is none on these models.
function M.fp_traps(ask)
  local list, add = {}, adder(ask)
  for _, text in ipairs { "fadd d0, d1, d2", "fmov x1, d0", "ldr q0, [x0]",
      "ldp d1, d2, [x0]", "str b0, [x0]", "ld1 {v0.16b}, [x0]",
      "st4 {v0.b, v1.b, v2.b, v3.b}[3], [x0]", "mrs x1, fpcr",
      "msr fpsr, x1", "mrs x1, fpsr", "fcvtzs x1, d0", "aese v0.16b, v1.16b",
      "crc32x w1, w2, x0", "fadd h0, h1, h2", "fjcvtzs w1, d0",
      "sdot v0.4s, v1.16b, v2.16b", "bfcvt h0, s1", "frint32z d0, d1",
      "eor3 v0.16b, v1.16b, v2.16b, v3.16b", ".inst 0x04e0e3e0",
      ".inst 0x1e200000", ".inst 0x0e20ffff", ".inst 0x5e000000",
      ".inst 0x1eaaaaaa", "prfm pldl1keep, [x0]", "ldr d0, 1f; 1: nop",
      "mov x3, #0x1000000000000; ldr d0, [x3]",
      "add x3, x0, #1; ldr d0, [x3]" } do
    for fpen = 0, 3 do
      for _, level in ipairs(from) do
        for _, align in ipairs { 0, 2 } do
          add(list, level, ("%s, FPEN %d, A %d"):format(text, fpen, align),
            text, { cpacr = fpen << 20,
            sctlr = (level.sctlr or el1.SCTLR) | align })
        end
      end
    end
  end
  return list
end

-- SCTLR_EL1.A, and what is aligned always.
function M.alignment(ask)
  local list, add = {}, adder(ask)
  for _, text in ipairs { "ldr x3, [x1]", "ldr w3, [x1]", "ldrh w3, [x1]",
      "ldrb w3, [x1]", "ldrsw x3, [x1]", "str x3, [x1, #8]!",
      "strh w3, [x1], #1", "ldp x3, x4, [x1]", "stp w3, w4, [x1, #-8]",
      "ldpsw x3, x4, [x1]", "ldnp x3, x4, [x1]", "ldr q0, [x1]",
      "str d0, [x1]", "ldr h0, [x1]", "ldp q0, q1, [x1]", "ldp s0, s1, [x1]",
      "ld1 {v0.16b}, [x1]", "ld1 {v0.2d}, [x1]", "ld2 {v0.4s, v1.4s}, [x1]",
      "st1 {v0.h}[2], [x1]", "ld1r {v0.4s}, [x1]", "ldxr x3, [x1]",
      "ldxrh w3, [x1]", "ldaxp x3, x4, [x1]", "stxr w3, x4, [x1]",
      "stlxp w3, w4, w5, [x1]", "ldar x3, [x1]", "stlr w3, [x1]",
      "ldarh w3, [x1]", "ldapr x3, [x1]", "ldlar w3, [x1]", "stllr x3, [x1]",
      "ldadd x3, x4, [x1]", "swpalh w3, w4, [x1]", "cas w3, w4, [x1]",
      "casp x4, x5, x4, x5, [x1]", "ldumaxab w3, w4, [x1]",
      "ldtr x3, [x1]", "sttrh w3, [x1]", "ldur x3, [x1, #-3]",
      "prfm pldl1keep, [x1]", "dc cvac, x1", "dc zva, x1" } do
    for _, level in ipairs { from[1], from[4] } do
      for offset = 0, 15 do
        for _, a in ipairs { 0, 2 } do
          add(list, level, ("%s, offset %d, A %d"):format(text, offset, a),
            text, { x1 = el1.DATA + 0x100 + offset, sctlr =
            (level.sctlr or el1.SCTLR) | a })
        end
      end
    end
  end
  return list
end

-- TCR_EL1.TBI0, TBI1, TBID0, TBID1 with the MMU off.
function M.tagged(ask)
  local list, add, random = {}, adder(ask), ask.random
  for _, text in ipairs { "ldr x3, [x1]", "str x3, [x1, #16]!",
      "ldp x3, x4, [x1]", "ldxr x3, [x1]", "ldr q0, [x1]", "dc zva, x1",
      "ldr x3, [x1, #1]", "br x1", "adr x3, 1f; eor x3, x3, x1; br x3; 1:",
      "adr x3, 1f; orr x3, x3, x1; msr elr_el1, x3; \z
       mrs x4, spsr_el1; mov x4, #0x3c5; msr spsr_el1, x4; eret; 1:" } do
    for _, tag in ipairs { 0, 1, 0x80, 0xff } do
      for _, top in ipairs { 0, 1 << 55, 1 << 48, 0xff << 48 } do
        local bits = random(0, 3) << 37
        local x1 = tag << 56 | top
          | (text:find "1f" and 0 or el1.DATA + 0x200)
        add(list, at_el1, ("%s, x1 %#x, tcr %#x"):format(text, x1, bits),
          "msr tcr_el1, x2; isb;" .. text, { x1 = x1, x2 = bits,
          sctlr = el1.SCTLR | 2 })
      end
    end
  end
  return list
end

local NTWI = 16

-- Each bit of SCTLR_EL1 and CNTKCTL_EL1, and what EL0 does with it.
local opened = { "mrs x1, ctr_el0; mov x1, #0", "mrs x1, dczid_el0",
  "mrs x1, daif", "msr daif, x1", "msr daifset, #3", "msr daifclr, #3",
  "dc zva, x0",
  "dc cvac, x0", "dc cvau, x0", "dc cvap, x0", "dc civac, x0", "ic ivau, x0",
  "dc ivac, x0", "wfi", "mrs x1, cntfrq_el0", "mrs x1, cntvct_el0; mov x1, #0",
  "mrs x1, cntpct_el0; mov x1, #0", "mrs x1, cntv_ctl_el0",
  "msr cntv_ctl_el0, xzr", "mrs x1, cntv_cval_el0", "msr cntv_cval_el0, xzr",
  "mrs x1, cntv_tval_el0; mov x1, #0", "msr cntv_tval_el0, xzr",
  "mrs x1, cntp_ctl_el0", "msr cntp_ctl_el0, xzr", "mrs x1, cntp_cval_el0",
  "msr cntp_cval_el0, xzr", "mrs x1, cntp_tval_el0; mov x1, #0",
  "cfp rctx, x0", "ldtr x1, [x0]" }

function M.enables(ask)
  local list, add, el0 = {}, adder(ask), from[3]
  for _, text in ipairs(opened) do
    for bit = 1, 63 do
      local big_endian = bit == 24 or bit == 25
      if not big_endian and not (text == "wfi" and bit == NTWI) then
        add(list, el0, ("%s, sctlr bit %d"):format(text, bit), text,
          { sctlr = el1.SCTLR | 1 << bit })
        add(list, el0, ("%s, cntkctl bit %d"):format(text, bit - 1), text,
          { cntkctl = 1 << bit - 1 })
      end
    end
  end
  return list
end

-- The sweeps, and how many cases each of them has.
M.names = { "mrs", "msr", "msr_zero", "msr_el0", "system", "pstate_fields",
  "translations", "returns", "returns_to_addresses", "calls", "exceptions",
  "fp_traps", "alignment", "tagged", "enables" }
M.size = { mrs = 98304, msr = 98304, msr_zero = 98304, msr_el0 = 180,
  system = 196606, pstate_fields = 900, translations = 32, returns = 5518,
  returns_to_addresses = 32, calls = 4080, exceptions = 1890, fp_traps = 896,
  alignment = 2752, tagged = 160, enables = 3658 }

return M
