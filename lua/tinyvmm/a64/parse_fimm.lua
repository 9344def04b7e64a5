-- SPDX-License-Identifier: MIT
-- The parse half of the immediates of FP and SIMD instructions: constants of 8
-- bits, shift amounts, rotations, zeros.

local cursor = require "tinyvmm.a64.cursor"

local find = string.find
local miss, skip, bounded = cursor.miss, cursor.skip, cursor.bounded
local CLOSE, RANGE = cursor.CLOSE, cursor.RANGE

-- VFPExpandImm backwards (Arm ARM J1.1): the 256 values by their number.
local floats
local function float_bits(v)
  if not floats then
    floats = {}
    for i = 0, 255 do
      local x = (16 + (i & 15)) / 16 * 2.0 ^ ((i >> 4 & 7 ~ 4) - 3)
      floats[i & 0x80 ~= 0 and -x or x] = i
    end
  end
  return floats[v]
end

local function float_kind(put)
  return function(c)
    local at = skip(c)
    local _, e, t = find(c.s, "^#?([-+]?[%d.]+[eE][-+]?%d+)", at)
    if not e then _, e, t = find(c.s, "^#?([-+]?[%d.]+)", at) end
    local v = t and tonumber(t)
    if not v then return cursor.expected(c, "a floating-point constant") end
    local bits = float_bits(v + 0.0)
    if not bits then
      return miss(c, at, RANGE, "%s is not a constant of 8 bits (n/16 * 2^r,"
        .. " n 16 to 31, r -3 to 4); load it with ldr", t)
    end
    c.p = e + 1
    c.w = put(c.w, bits)
    return true
  end
end

local function abc(w, v) return w | v >> 5 << 16 | (v & 31) << 5 end

return function(M)
  local parse, show = M.kinds, M.show
  local function add(kind, text, fn)
    parse[kind], show[kind] = fn, text
  end

  local function imm8(shift_name, allowed, lo, text)
    return function(c)
      local v = bounded(c, 0, 255, "immediate")
      if not v then return end
      local shift = 0
      local before = c.p
      if cursor.comma(c) then
        local at = skip(c)
        local word, e = cursor.word(c)
        if word ~= shift_name then
          c.p = before
          return miss(c, at, CLOSE, "expected %s", text)
        end
        c.p = e
        shift = bounded(c, 0, 24, "shift amount")
        if not shift then return end
        if not allowed[shift] then
          return miss(c, at, RANGE, "shift amount %d; expected %s", shift, text)
        end
      elseif not allowed[0] then
        return cursor.expected(c, text)
      end
      c.w = abc(c.w, v)
      if lo then c.w = c.w | allowed[shift] << lo end
      return true
    end
  end
  add("vimm", "#imm8", imm8(nil, { [0] = 0 }, nil, "no shift"))
  add("vimm.lsl", "#imm8{, lsl #n}", imm8("lsl",
    { [0] = 0, [8] = 1, [16] = 2, [24] = 3 }, 13, "lsl #0, #8, #16 or #24"))
  add("vimm.lsl8", "#imm8{, lsl #n}", imm8("lsl",
    { [0] = 0, [8] = 1 }, 13, "lsl #0 or #8"))
  add("vimm.msl", "#imm8, msl #n", imm8("msl",
    { [8] = 0, [16] = 1 }, 12, "msl #8 or #16"))
  add("vimm.mask", "#mask", function(c)
    local at = skip(c)
    local v = cursor.imm(c)
    if not v then return end
    local bits = 0
    for i = 0, 7 do
      local byte = v >> 8 * i & 0xff
      if byte ~= 0 and byte ~= 0xff then
        return miss(c, at, RANGE,
          "every byte of this immediate must be 0x00 or 0xff")
      end
      bits = bits | (byte & 1) << i
    end
    c.w = abc(c.w, bits)
    return true
  end)
  local function number(kind, text, lo, low, high, what)
    add(kind, text, function(c)
      local v = bounded(c, low, high, what)
      if not v then return end
      c.w = c.w | v << lo
      return true
    end)
  end
  number("imm4", "#index", 11, 0, 15, "index")
  number("xar6", "#n", 10, 0, 63, "rotation")
  -- An operand that can have one value only.
  local function fixed(c, v)
    local at = skip(c)
    local got = cursor.imm(c)
    if not got or got == v then return got end
    return miss(c, at, RANGE, "this immediate can only be %d", v)
  end
  add("zero", "#0", function(c) return fixed(c, 0) end)
  add("fzero", "#0.0", function(c)
    local _, e = find(c.s, "^#?0%.?0*%f[^%w.]", skip(c))
    if not e then
      return miss(c, c.p, find(c.s, "^#", c.p) and CLOSE or cursor.OTHER,
        "expected a register or #0.0, got %s", cursor.got(c.s, c.p))
    end
    c.p = e + 1
    return true
  end)
  add("size8", "#size", function(c)
    return fixed(c, 8 << (c.w >> 22 & 3))
  end)
  add("scale", "#fbits", function(c)
    local v = bounded(c, 1, c.wide == 1 and 64 or 32, "number of fraction bits")
    if not v then return end
    c.w = c.w | 64 - v << 10
    return true
  end)
  local function rotation(kind, lo, angles, text)
    add(kind, text, function(c)
      local at = skip(c)
      local v = cursor.imm(c, "a rotation")
      if not v then return end
      if not angles[v] then
        return miss(c, at, RANGE, "rotation %s is not one of %s",
          cursor.show(v), text)
      end
      c.w = c.w | angles[v] << lo
      return true
    end)
  end
  local quarters = { [0] = 0, [90] = 1, [180] = 2, [270] = 3 }
  rotation("rot", 11, quarters, "#0|90|180|270")
  rotation("rot13", 13, quarters, "#0|90|180|270")
  rotation("rot1", 12, { [90] = 0, [270] = 1 }, "#90|270")

  -- The element size that an operand before has put into immh; a row without
  -- such an operand is of doublewords.
  local function immh_size(c)
    local v, size = c.w >> 16 & 127, 8
    if v == 0 then return 64 end
    while v >= 2 * size do size = 2 * size end
    return size
  end
  add("shr", "#shift", function(c)
    local size = immh_size(c)
    local v = bounded(c, 1, size, "shift amount")
    if not v then return end
    c.w = c.w | 2 * size - v << 16
    return true
  end)
  add("shl", "#shift", function(c)
    local size = immh_size(c)
    local v = bounded(c, 0, size - 1, "shift amount")
    if not v then return end
    c.w = c.w | size + v << 16
    return true
  end)
  add("vimm.f", "#float", float_kind(abc))
  add("fimm8", "#float", float_kind(function(w, v) return w | v << 13 end))
end
