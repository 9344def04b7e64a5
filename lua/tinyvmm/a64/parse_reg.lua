-- SPDX-License-Identifier: MIT
-- The parse half of the general registers: plain, in pairs, shifted, extended.
-- It begins the tables of parse.lua, which says what they are.

local cursor = require "tinyvmm.a64.cursor"

local find = string.find
local miss, skip, bounded = cursor.miss, cursor.skip, cursor.bounded
local CLOSE, RANGE = cursor.CLOSE, cursor.RANGE

-- reg_at: lowest bit of the register field that the first word of an operand
-- fills; the encoder's cache relies on it (encode.lua).
local M = { kinds = {}, show = {}, reg_at = {} }
local parse, show, reg_at = M.kinds, M.show, M.reg_at

-- Bit that says "64-bit" for each rule, and whether the row leaves it open.
local RULE = {
  sf = function(c)
    if c.row.field.csz then return end
    if c.row.name:find "^CRC32" then
      return c.row.mnemonic:sub(-1) == "x" and 1 or 0
    end
    return not c.row.field.sf and c.row.value >> 31 & 1 or nil
  end,
  x = function(c)
    if c.row.field.x then return end
    return c.row.value >> 30 == 3 and 1 or 0
  end,
  y = function() end,
  q = function() end,
  s = function(c) return c.row.value >> 30 == 2 and 1 or nil end,
  bit = function() end,
}
local BIT = { sf = 1 << 31, x = 1 << 30, y = 1 << 30, q = 1 << 30, bit = 0 }

local NAMES = { [0] = "32-bit register (w0 to w30, %s)",
  "64-bit register (x0 to x30, %s)" }

local function noun(want, sp)
  if want then
    local last = sp and (want == 1 and "sp" or "wsp")
      or want == 1 and "xzr" or "wzr"
    return "a " .. NAMES[want]:format(last)
  end
  return "a register"
end

-- One general register for the field at bit lo; nil or its bank and number.
local function register(c, lo, rule, sp)
  local s, p = c.s, skip(c)
  local _, e, name = find(s, "^([%w_]+)", p)
  local r = name and cursor.register(name)
  local want = c.wide
  if not want then
    if type(rule) == "number" then want = rule else want = RULE[rule](c) end
  elseif type(rule) == "number" then want = rule end
  if not r or r.bank ~= "x" and r.bank ~= "w" then
    return cursor.expected(c, noun(want, sp))
  end
  local wide = r.bank == "x" and 1 or 0
  if want and wide ~= want then
    return miss(c, p, CLOSE, "expected %s, got %s", noun(want, sp), name)
  end
  if r.n == 31 and (r.sp or false) ~= sp then
    return miss(c, p, CLOSE, "expected %s, got %s", noun(want or wide, sp),
      name)
  end
  if type(rule) ~= "number" and not c.wide then
    c.wide = wide
    if rule == "s" then c.w = c.w | (1 - wide) << 22
    elseif wide == 1 then c.w = c.w | BIT[rule] end
  end
  c.w = c.w | r.n << lo
  c.p = e + 1
  return r
end

local function register_kind(kind, lo, rule, sp, text)
  parse[kind] = function(c) return register(c, lo, rule, sp) end
  show[kind] = text
  reg_at[kind] = lo
end

local PLACE = { d = 0, t = 0, n = 5, a = 10, t2 = 10, m = 16, s = 16 }
for letter, lo in pairs(PLACE) do
  register_kind("R" .. letter, lo, "sf", false, "R" .. letter)
  register_kind("X" .. letter, lo, 1, false, "X" .. letter)
  register_kind("W" .. letter, lo, 0, false, "W" .. letter)
  register_kind("R" .. letter .. ".x", lo, "x", false, "R" .. letter)
  register_kind("R" .. letter .. ".y", lo, "y", false, "R" .. letter)
end
register_kind("Rd.sp", 0, "sf", true, "Rd|sp")
register_kind("Rn.sp", 5, "sf", true, "Rn|sp")
for letter, lo in pairs { d = 0, t = 0, mod = 0, n = 5, m = 16 } do
  register_kind("X" .. letter .. ".sp", lo, 1, true, "X" .. letter .. "|sp")
end
-- the first of eight registers
parse["Xt.64"] = function(c)
  local at = skip(c)
  local r = register(c, 0, 1, false)
  if r and (r.n & 1 == 1 or r.n > 22) then
    return miss(c, at, RANGE, "the first of eight registers is an even one up"
      .. " to x22")
  end
  return r
end
show["Xt.64"] = "Xt"
register_kind("Rt.s", 0, "s", false, "Rt")
register_kind("Rd.q", 0, "q", false, "Rd")

-- TBZ and TBNZ: the register says how many bits there are, the bit number
-- says which half of the encoding it is.
register_kind("Rt.bit", 0, "bit", false, "Rt")

-- CASP: pairs of registers, the first of them even.
local function first_of_pair(kind, lo, text)
  parse[kind] = function(c)
    local at = skip(c)
    local r = register(c, lo, "y", false)
    if r and r.n & 1 == 1 then
      return miss(c, at, RANGE, "the first register of a pair is an even one")
    end
    return r
  end
  show[kind] = text
end
local function second_of_pair(kind, lo, text)
  parse[kind] = function(c)
    local at, w = skip(c), c.w
    local r = register(c, lo, "y", false)
    if not r then return end
    c.w = w
    if r.n ~= (w >> lo & 31) + 1 then
      return miss(c, at, RANGE, "the second register of a pair is the one"
        .. " after the first")
    end
    return r
  end
  show[kind] = text
end
first_of_pair("Rs.y", 16, "Rs")
second_of_pair("Rs1.y", 16, "R(s+1)")
second_of_pair("Rt1.y", 0, "R(t+1)")
reg_at["Rs.y"] = nil

function parse.xzr(c)
  local word, e = cursor.word(c)
  if word ~= "xzr" then return cursor.expected(c, "xzr") end
  c.p = e
  return true
end
show.xzr = "xzr"

-- Shifted and extended registers ---------------------------------------------

local SHIFT = { lsl = 0, lsr = 1, asr = 2, ror = 3 }
local EXTEND = { uxtb = 0, uxth = 1, uxtw = 2, uxtx = 3, sxtb = 4, sxth = 5,
  sxtw = 6, sxtx = 7 }

-- ", name" after a register: the name and the position before the comma.
function M.modifier(c)
  local before = c.p
  if not cursor.comma(c) then return nil, before end
  local word, e = cursor.word(c)
  if not word or not (SHIFT[word] or EXTEND[word]) then
    c.p = before
    return nil, before
  end
  c.p = e
  return word, before
end

parse["Rm.sft"] = function(c)
  if not register(c, 16, "sf", false) then return end
  local word, before = M.modifier(c)
  if not word then return true end
  if not SHIFT[word] then
    c.p = before
    return miss(c, before, CLOSE, "expected lsl, lsr, asr or ror, got %s", word)
  end
  local v = bounded(c, 0, c.wide == 1 and 63 or 31, "shift amount")
  if not v then return end
  c.w = c.w | SHIFT[word] << 22 | v << 10
  return true
end
show["Rm.sft"], reg_at["Rm.sft"] = "Rm{, lsl|lsr|asr|ror #n}", 16

parse["Rm.ext"] = function(c)
  local sf, at = c.wide or 0, skip(c)
  local name = c.s:match("^[%w_]+", at)
  local r = name and cursor.register(name)
  if not r or r.bank ~= "x" and r.bank ~= "w" or r.sp then
    return cursor.expected(c, noun(sf, false))
  end
  c.p = at + #name
  local word = M.modifier(c)
  local option = word == "lsl" and 2 + sf or EXTEND[word]
  if word and not option then
    return miss(c, at, CLOSE,
      "expected uxtb to sxtx or lsl after the register, got %s", word)
  end
  local x = r.bank == "x"
  if not word then
    if x ~= (sf == 1) then
      return miss(c, at, CLOSE, "expected %s, got %s", noun(sf, false), name)
    end
    option = 2 + sf
  elseif x ~= (sf == 1 and option & 3 == 3) then
    return miss(c, at, CLOSE, "%s goes with %s, not %s", word,
      noun(sf == 1 and option & 3 == 3 and 1 or 0, false), name)
  end
  local amount = 0
  if word and (word == "lsl" or find(c.s, "^[ \t]*[^ \t\r,]", c.p)) then
    amount = bounded(c, 0, 4, "shift amount")
    if not amount then return end
  end
  c.w = c.w | r.n << 16 | option << 13 | amount << 10
  return true
end
show["Rm.ext"], reg_at["Rm.ext"] = "Rm{, uxtb..sxtx|lsl {#n}}", 16

return M
