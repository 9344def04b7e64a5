-- SPDX-License-Identifier: MIT
-- The print half of every operand kind: print[kind](word, pc, symbolize) ->
-- text, as objdump writes it.  A field name has one place in the whole table,
-- so a kind takes its bits straight from the word.  parse.lua has the other
-- half under the same names; README.md says what each kind is.
local isa = require "tinyvmm.a64.isa"
local sysregs = require "tinyvmm.a64.sysregs"

local print = {}

local format = string.format

-- Registers -------------------------------------------------------------------

local function bank(letter, last)
  local names = {}
  for n = 0, 30 do names[n] = letter .. n end
  names[31] = last or letter .. 31
  return names
end

local W, X = bank("w", "wzr"), bank("x", "xzr")
local WSP, XSP = bank("w", "wsp"), bank("x", "sp")

-- where each register field lies
local place = { Rd = 0, Rt = 0, Rn = 5, Ra = 10, Rt2 = 10, Rm = 16, Rs = 16 }

for name, lo in pairs(place) do
  local letter = name:sub(2)
  print[name] = function(w)
    return (w >> 31 == 1 and X or W)[w >> lo & 31]
  end
  print["X" .. letter] = function(w) return X[w >> lo & 31] end
  print["W" .. letter] = function(w) return W[w >> lo & 31] end
  -- X if size is 3
  print[name .. ".x"] = function(w)
    return (w >> 30 == 3 and X or W)[w >> lo & 31]
  end
  -- X if x is 1
  print[name .. ".y"] = function(w)
    return (w & 0x40000000 ~= 0 and X or W)[w >> lo & 31]
  end
end

local used = {
  "Rd", "Rt", "Rn", "Ra", "Rt2", "Rm", "Xd", "Xt", "Xn", "Xa", "Xt2", "Xm",
  "Xs", "Wd", "Wn", "Wm", "Ws", "Rt.x", "Rs.x", "Rt.y", "Rt2.y", "Rs.y",
}

do  -- keep the kinds that rows use, and no more
  local keep = {}
  for _, name in ipairs(used) do keep[name] = print[name] end
  print = keep
end

print["Rd.sp"] = function(w) return (w >> 31 == 1 and XSP or WSP)[w & 31] end
print["Rn.sp"] = function(w)
  return (w >> 31 == 1 and XSP or WSP)[w >> 5 & 31]
end
print["Xd.sp"] = function(w) return XSP[w & 31] end
print["Xt.sp"] = print["Xd.sp"]
print["Xt.64"] = print.Xt
print["Xn.sp"] = function(w) return XSP[w >> 5 & 31] end
print["Xm.sp"] = function(w) return XSP[w >> 16 & 31] end
print["Xmod.sp"] = print["Xd.sp"]
-- a sign-extending load: w32 says that the target is a W register
print["Rt.s"] = function(w)
  return (w & 0x400000 == 0 and X or W)[w & 31]
end
-- TBZ: a W register for bits below 32
print["Rt.bit"] = print.Rt
-- the second register of a CASP pair
print["Rs1.y"] = function(w)
  return (w & 0x40000000 ~= 0 and X or W)[(w >> 16 & 31) + 1]
end
print["Rt1.y"] = function(w)
  return (w & 0x40000000 ~= 0 and X or W)[(w & 31) + 1]
end
print["Rd.q"] = function(w)
  return (w & 0x40000000 ~= 0 and X or W)[w & 31]
end
print["Rn.5"] = function(w)
  return (w & 0xf0000 == 0x80000 and X or W)[w >> 5 & 31]
end
print.xzr = function() return "xzr" end

local shifts = { [0] = "lsl", "lsr", "asr", "ror" }

print["Rm.sft"] = function(w)
  local rm = (w >> 31 == 1 and X or W)[w >> 16 & 31]
  local shift, amount = w >> 22 & 3, w >> 10 & 63
  if shift == 0 and amount == 0 then return rm end
  return rm .. ", " .. shifts[shift] .. " #" .. amount
end

local extends = {
  [0] = "uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx",
}

print["Rm.ext"] = function(w)
  local sf, option, amount = w >> 31, w >> 13 & 7, w >> 10 & 7
  local rm = (sf == 1 and option & 3 == 3 and X or W)[w >> 16 & 31]
  -- beside SP, the extension that changes nothing is written as a shift
  local sp = w >> 5 & 31 == 31 or w & 31 == 31 and w & 0x20000000 == 0
  if sp and option == 2 + sf then
    if amount == 0 then return rm end
    return rm .. ", lsl #" .. amount
  elseif amount == 0 then
    return rm .. ", " .. extends[option]
  end
  return rm .. ", " .. extends[option] .. " #" .. amount
end

-- Immediates ------------------------------------------------------------------

local function hex(name, lo, width)
  local mask = (1 << width) - 1
  print[name] = function(w) return format("#0x%x", w >> lo & mask) end
end

local function decimal(name, lo, width)
  local mask = (1 << width) - 1
  print[name] = function(w) return "#" .. (w >> lo & mask) end
end

hex("imm16", 5, 16)
hex("imm5", 16, 5)
hex("hint", 5, 7)
hex("crm", 8, 4)
decimal("imm16l", 0, 16)
decimal("immr", 16, 6)
decimal("imms", 10, 6)
decimal("rot6", 15, 6)
decimal("op1", 16, 3)
decimal("op2", 5, 3)

print.uimm6 = function(w) return format("#0x%x", (w >> 16 & 63) << 4) end
hex("uimm4", 10, 4)
decimal("uimm8", 10, 8)
print.simm8 = function(w) return "#" .. (w >> 10 & 0xff ~ 0x80) - 0x80 end

print.nzcv = function(w)
  -- binutils writes it in decimal for RMIF, in hexadecimal elsewhere
  if w >> 21 == 0x5d0 then return "#" .. (w & 15) end
  return format("#0x%x", w & 15)
end

print.Cn = function(w) return "C" .. (w >> 12 & 15) end
print.Cm = function(w) return "C" .. (w >> 8 & 15) end

print.bit = function(w) return "#" .. (w >> 31 << 5 | w >> 19 & 31) end

print.aimm = function(w)
  if w & 0x400000 == 0 then return format("#0x%x", w >> 10 & 0xfff) end
  return format("#0x%x, lsl #12", w >> 10 & 0xfff)
end
-- what the opposite instruction would subtract; the assembler's only
print["aimm.neg"] = function(w)
  local v = (w >> 10 & 0xfff) << (w & 0x400000 ~= 0 and 12 or 0)
  return "#" .. -v
end

print["imm16.hw"] = function(w)
  local hw = w >> 21 & 3
  if hw == 0 then return format("#0x%x", w >> 5 & 0xffff) end
  return format("#0x%x, lsl #%d", w >> 5 & 0xffff, hw * 16)
end
print.wide = function(w)
  return format("#0x%x", (w >> 5 & 0xffff) << (w >> 21 & 3) * 16)
end
print["wide.inv"] = function(w)
  local v = ~((w >> 5 & 0xffff) << (w >> 21 & 3) * 16)
  return format("#0x%x", w >> 31 == 1 and v or v & 0xffffffff)
end

local function limm(w)
  return isa.limm_decode(w >> 31, w >> 22 & 1, w >> 16 & 63, w >> 10 & 63)
end
print.limm = function(w) return format("#0x%x", limm(w)) end
print["limm.inv"] = function(w)
  local v = ~limm(w)
  return format("#0x%x", w >> 31 == 1 and v or v & 0xffffffff)
end

-- Bitfields: the shift amount or position and the width that immr and imms
-- encode (Arm ARM, aliases of SBFM, BFM and UBFM).
local function size_mask(w) return w >> 31 == 1 and 63 or 31 end

print.leftamt = function(w)
  return "#" .. (-(w >> 16 & 63) & size_mask(w))
end
print["lsb.ins"] = print.leftamt
print.rightamt = print.immr
print["width.ins"] = function(w) return "#" .. (w >> 10 & 63) + 1 end
print["width.ext"] = function(w)
  return "#" .. (w >> 10 & 63) - (w >> 16 & 63) + 1
end

-- Addresses of the program ----------------------------------------------------

local function address(a, symbolize)
  return symbolize and symbolize(a) or format("0x%x", a)
end

print.rel26 = function(w, pc, symbolize)
  return address(pc + (w << 38 >> 36 ~ 0x8000000) - 0x8000000, symbolize)
end
print.rel19 = function(w, pc, symbolize)
  return address(pc + ((w >> 3 & 0x1ffffc ~ 0x100000) - 0x100000), symbolize)
end
print.rel14 = function(w, pc, symbolize)
  return address(pc + ((w >> 3 & 0xfffc ~ 0x8000) - 0x8000), symbolize)
end
local function rel21(w)
  return ((w >> 3 & 0x1ffffc | w >> 29 & 3) ~ 0x100000) - 0x100000
end
print.rel21 = function(w, pc, symbolize)
  return address(pc + rel21(w), symbolize)
end
print.page21 = function(w, pc, symbolize)
  return address((pc & ~0xfff) + (rel21(w) << 12), symbolize)
end

-- Conditions and system names -------------------------------------------------

local conds = {
  [0] = "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
  "hi", "ls", "ge", "lt", "gt", "le", "al", "nv",
}

print.cond = function(w) return conds[w >> 12 & 15] end
print["cond.inv"] = function(w) return conds[(w >> 12 & 15) ~ 1] end

print["sysreg.r"] = function(w)
  return sysregs.name(0x8000 | w >> 5 & 0x7fff, false)
end
print["sysreg.w"] = function(w)
  return sysregs.name(0x8000 | w >> 5 & 0x7fff, true)
end

local pstate_names = {}
for name, op in pairs(sysregs.pstate) do pstate_names[op] = name end
print.pstate = function(w)
  return pstate_names[(w >> 16 & 7) << 3 | w >> 5 & 7]
end
print["pstate.raw"] = function(w)
  return format("s0_%d_c4_c%d_%d", w >> 16 & 7, w >> 8 & 15, w >> 5 & 7)
end

for _, kind in ipairs { "at", "dc", "ic", "tlbi" } do
  print[kind] = function(w)
    return sysregs.op_name(kind, w >> 5 & 0x3fff)
  end
end
print["ic.all"], print["tlbi.all"] = print.ic, print.tlbi
-- FEAT_XS: one further in CRn; the assembler's only
print["tlbi.nxs"] = function(w) return print.tlbi(w & ~0x1000) .. "nxs" end
print["tlbi.allnxs"] = print["tlbi.nxs"]
print.rctx = function() return "rctx" end
print.csync = function() return "csync" end
local btis = { [0] = "", "c", "j", "jc" }
print.bti = function(w) return btis[w >> 6 & 3] end

local barriers, prefetches = sysregs.barriers, sysregs.prefetches
print.barrier = function(w)
  local crm = w >> 8 & 15
  return barriers[crm] or format("#0x%02x", crm)
end
print["barrier.isb"] = print.crm
local nxs = { [0] = "oshnxs", "nshnxs", "ishnxs", "synxs" }
print["barrier.nxs"] = function(w) return nxs[w >> 10 & 3] end
print.prfop = function(w)
  return prefetches[w & 31] or format("#0x%02x", w & 31)
end

-- Memory ----------------------------------------------------------------------

local base, base_at = {}, {}  -- "[x0]", "[x0, #"
for n = 0, 31 do
  base[n], base_at[n] = "[" .. XSP[n] .. "]", "[" .. XSP[n] .. ", #"
end

local function offset(w, v)
  if v == 0 then return base[w >> 5 & 31] end
  return base_at[w >> 5 & 31] .. v .. "]"
end

-- log2 of the bytes of a scalar FP/SIMD access
local function fp_scale(w)
  return w & 0x800000 ~= 0 and 4 or w >> 30
end

print.mem = function(w) return base[w >> 5 & 31] end
print["mem.u"] = function(w)
  return offset(w, (w >> 10 & 0xfff) << (w >> 30))
end
print["mem.uq"] = function(w)
  return offset(w, (w >> 10 & 0xfff) << fp_scale(w))
end

local function imm9(w) return (w >> 12 & 0x1ff ~ 0x100) - 0x100 end

print["mem.i"] = function(w) return offset(w, imm9(w)) end
print["mem.pre"] = function(w)
  return base_at[w >> 5 & 31] .. imm9(w) .. "]!"
end
print["mem.post"] = function(w)
  return base[w >> 5 & 31] .. ", #" .. imm9(w)
end

local function register_offset(w, scale)
  local option = w >> 13 & 7
  local text = base_at[w >> 5 & 31]:sub(1, -2)
    .. (option & 1 == 1 and X or W)[w >> 16 & 31]
  local extend = option == 3 and "lsl" or extends[option]
  if w & 0x1000 ~= 0 then
    return text .. ", " .. extend .. " #" .. scale .. "]"
  elseif option == 3 then
    return text .. "]"
  end
  return text .. ", " .. extend .. "]"
end

print["mem.r"] = function(w) return register_offset(w, w >> 30) end
print["mem.rq"] = function(w) return register_offset(w, fp_scale(w)) end

-- pairs: mem.p* of general registers, mem.q* of FP/SIMD registers
local function imm7(w) return (w >> 15 & 0x7f ~ 0x40) - 0x40 end
local function p_offset(w) return imm7(w) << 2 + (w >> 31) end
local function q_offset(w) return imm7(w) << 2 + (w >> 30) end

for letter, value in pairs { p = p_offset, q = q_offset } do
  print["mem." .. letter] = function(w) return offset(w, value(w)) end
  print["mem." .. letter .. "pre"] = function(w)
    return base_at[w >> 5 & 31] .. value(w) .. "]!"
  end
  print["mem." .. letter .. "post"] = function(w)
    return base[w >> 5 & 31] .. ", #" .. value(w)
  end
end

-- tags: multiples of 16; stgp: pairs of X registers with the scale of tags
for mode, value in pairs {
  tag = function(w) return imm9(w) << 4 end,
  t = function(w) return imm7(w) << 4 end,
  ["10"] = function(w)                       -- LDRAA: s10:imm9, times 8
    return ((w >> 12 & 0x1ff | w >> 13 & 0x200) ~ 0x200) - 0x200 << 3
  end } do
  print["mem." .. mode] = function(w) return offset(w, value(w)) end
  print["mem." .. mode .. "pre"] = function(w)
    return base_at[w >> 5 & 31] .. value(w) .. "]!"
  end
  print["mem." .. mode .. "post"] = mode ~= "10" and function(w)
    return base[w >> 5 & 31] .. ", #" .. value(w)
  end or nil
end

-- LDRAA writes back without an offset too
local pre10 = print["mem.10pre"]
print["mem.10pre"] = function(w)
  if w & 0x5ff000 == 0 then return base[w >> 5 & 31] .. "!" end
  return pre10(w)
end

-- memory copy and set: registers that are written back
print["Xd.wb"] = function(w) return "[" .. X[w & 31] .. "]!" end
print["Xs.wb"] = function(w) return "[" .. X[w >> 16 & 31] .. "]!" end
print["Xn.size"] = function(w) return X[w >> 5 & 31] .. "!" end

-- The kinds of FP and SIMD come with the first word that needs one.
return setmetatable(print, { __index = function(_, kind)
  require "tinyvmm.a64.print_simd"(print, { base = base, X = X })
  return print[kind]
end })
