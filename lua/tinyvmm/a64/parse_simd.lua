-- SPDX-License-Identifier: MIT
-- The parse half of the FP and SIMD operand kinds: scalar registers, vectors
-- with an arrangement, elements, lists, and the 8-bit immediates. c.esize is
-- the log2 of the element once an operand has named it.

local cursor = require "tinyvmm.a64.cursor"

local find = string.find
local miss, skip, bounded = cursor.miss, cursor.skip, cursor.bounded
local CLOSE, RANGE = cursor.CLOSE, cursor.RANGE

local SIZE = { b = 0, h = 1, s = 2, d = 3, q = 4 }

-- A scalar register of one of the banks in `letters`; its number and size.
local function scalar(c, letters)
  local p = skip(c)
  local name = c.s:match("^[%w_]+", p)
  local r = name and cursor.register(name)
  local noun = "a register " .. letters:gsub("%a", "%0 "):gsub("%s$", "")
    :gsub(" ", "n or ") .. "n"
  if not r or not SIZE[r.bank] then return cursor.expected(c, noun) end
  if not letters:find(r.bank) then
    return miss(c, p, CLOSE, "expected %s, got %s", noun, name)
  end
  c.p = p + #name
  return r.n, SIZE[r.bank]
end

-- "v3.16b", "v3.d[1]": number, element size, lanes (nil if none), index.
local function vector(c, what)
  local p = skip(c)
  local _, e, n, lanes, letter = find(c.s, "^[vV](%d%d?)%.(%d*)([bhsdBHSD])", p)
  if not e or n + 0 > 31 then return cursor.expected(c, what) end
  c.p = e + 1
  return n + 0, SIZE[letter:lower()], math.tointeger(lanes)
end

local function index(c, esize)
  local p = skip(c)
  local _, e, n = find(c.s, "^%[[ \t]*(%d+)[ \t]*%]", p)
  if not e then return cursor.expected(c, "an element index such as [0]") end
  if n + 0 > (16 >> esize) - 1 then
    return miss(c, p, RANGE, "index %s is outside 0 to %d", n,
      (16 >> esize) - 1)
  end
  c.p = e + 1
  return math.tointeger(n)
end

-- An operand must have the element size of the ones before it.
local function same_size(c, at, esize)
  if c.esize and c.esize ~= esize then
    return miss(c, at, CLOSE, "the element sizes of the operands differ")
  end
  c.esize = esize
  return true
end

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
  local function add(kind, text, fn, lo)
    parse[kind], show[kind], M.reg_at[kind] = fn, text, lo
  end

  -- Scalars -------------------------------------------------------------

  add("Ft", "Bt|Ht|St|Dt|Qt", function(c)
    local n, size = scalar(c, "bhsdq")
    if not n then return end
    c.w = c.w | n | (size == 4 and 1 << 23 or size << 30)
    return true
  end, 0)
  local function pair(kind, lo, text)
    add(kind, text, function(c)
      local at = skip(c)
      local n, size = scalar(c, "sdq")
      if not n or not same_size(c, at, size) then return end
      c.w = c.w | n << lo | size - 2 << 30
      return true
    end, lo)
  end
  pair("Ft.p", 0, "St|Dt|Qt")
  pair("Ft2.p", 10, "St|Dt|Qt")
  -- S or D by ftype; where ftype follows sf, the size is that of the other,
  -- general register.
  local function typed(kind, lo, text)
    add(kind, text, function(c)
      local at = skip(c)
      local n, size = scalar(c, "sd")
      if not n or not same_size(c, at, size) then return end
      local ftype = c.row.field.ftype
      if ftype and ftype.same then
        if c.wide and c.wide ~= size - 2 then
          return miss(c, at, CLOSE, "s goes with w, d with x registers")
        end
        c.wide = size - 2
        c.w = c.w | c.wide << 31
      end
      c.w = c.w | n << lo | size - 2 << 22
      return true
    end, lo)
  end
  typed("Fd", 0, "Sd|Dd")
  typed("Fn", 5, "Sn|Dn")
  add("Dd", "Dd", function(c)
    local n = scalar(c, "d")
    c.w = n and c.w | n
    return n
  end, 0)

  -- Vectors -------------------------------------------------------------

  local function arranged(kind, lo, esize, only, text)
    add(kind, text, function(c)
      local at = skip(c)
      local n, size, lanes = vector(c, "a vector such as " .. text)
      if not n then return end
      local bytes = lanes and lanes << size
      if size ~= esize or bytes ~= 16 and (only or bytes ~= 8) then
        return miss(c, at, CLOSE, "expected a vector such as %s", text)
      end
      local q = bytes == 16 and 1 << 30 or 0
      if c.vq and c.vq ~= q then
        return miss(c, at, CLOSE, "the vectors must have the same length")
      end
      c.vq = q
      c.w = c.w | n << lo | q
      return true
    end)
  end
  arranged("Vd.b", 0, 0, false, "Vd.8b|16b")
  arranged("Vn.b", 5, 0, false, "Vn.8b|16b")
  arranged("Vm.b", 16, 0, false, "Vm.8b|16b")
  arranged("Vd.h", 0, 1, false, "Vd.4h|8h")
  arranged("Vd.s", 0, 2, false, "Vd.2s|4s")
  arranged("Vd.2d", 0, 3, true, "Vd.2d")

  local function high(kind, lo, text)
    add(kind, text, function(c)
      local at = skip(c)
      local n, size, lanes = vector(c, text)
      if not n then return end
      local i = index(c, 3)
      if not i then return end
      if size ~= 3 or lanes or i ~= 1 then
        return miss(c, at, CLOSE, "expected %s", text)
      end
      c.w = c.w | n << lo
      return true
    end)
  end
  high("Vd.hi", 0, "Vd.d[1]")
  high("Vn.hi", 5, "Vn.d[1]")

  -- imm5 holds 1 << size, with the index above it; imm4 index << size.
  local function element(kind, lo, put, text)
    add(kind, text, function(c)
      local at = skip(c)
      local n, size, lanes = vector(c, "an element such as v0.s[1]")
      if not n then return end
      if lanes then
        return miss(c, at, CLOSE, "expected an element such as v0.s[1]")
      end
      local i = index(c, size)
      if not i or not same_size(c, at, size) then return end
      c.w = put(c.w, i, size) | n << lo
      return true
    end)
  end
  local function imm5(w, i, size)
    return w | (i << size + 1 | 1 << size) << 16
  end
  element("Vn.5", 5, imm5, "Vn.T[i]")
  element("Vd.5", 0, imm5, "Vd.T[i]")
  element("Vn.4", 5, function(w, i, size) return w | i << size + 11 end,
    "Vn.T[i]")
  add("Fd.5", "Bd|Hd|Sd|Dd", function(c)
    local at = skip(c)
    local n, size = scalar(c, "bhsd")
    if not n or not same_size(c, at, size) then return end
    c.w = c.w | n
    return true
  end, 0)
  add("Vd.5q", "Vd.T", function(c)
    local at = skip(c)
    local n, size, lanes = vector(c, "a vector such as v0.4s")
    if not n then return end
    local bytes = lanes and lanes << size
    if bytes ~= 8 and bytes ~= 16 then
      return miss(c, at, CLOSE, "expected a vector such as v0.4s")
    end
    if not same_size(c, at, size) then return end
    c.w = c.w | n | (bytes == 16 and 1 << 30 or 0) | 1 << size + 16
    return true
  end)
  add("Rn.5", "Rn", function(c)
    local at = skip(c)
    local name = c.s:match("^[%w_]+", at)
    local r = name and cursor.register(name)
    local bank = c.esize == 3 and "x" or "w"
    if not r or r.bank ~= bank or r.sp then
      return cursor.expected(c, "a general register " .. bank .. "n")
    end
    c.p = at + #name
    c.w = c.w | r.n << 5
    return true
  end, 5)

  -- Lists ---------------------------------------------------------------

  -- "{v0.4s-v3.4s}" or with commas: first, count, element size, lanes.
  local function list(c)
    local start = skip(c)
    if c.s:sub(start, start) ~= "{" then
      return cursor.expected(c, "a list such as {v0.4s}")
    end
    c.p = start + 1
    local first, size, lanes = vector(c, "a vector such as v0.4s")
    if not first then return end
    local count = 1
    while true do
      local at = skip(c)
      local mark = c.s:sub(at, at)
      if mark == "}" then break end
      if mark ~= "," and mark ~= "-" then return cursor.expected(c, "'}'") end
      c.p = at + 1
      local n, size2, lanes2 = vector(c, "a vector such as v0.4s")
      if not n then return end
      count = mark == "-" and (n - first & 31) + 1 or count + 1
      if size2 ~= size or lanes2 ~= lanes or n ~= first + count - 1 & 31
        or count > 4 then
        return miss(c, at, CLOSE, "a list has 1 to 4 registers in a row, all"
          .. " of one arrangement")
      end
    end
    c.p = c.p + 1
    return first, count, size, lanes
  end

  -- The registers that the mnemonic wants: ld3 -> 3.
  local function wanted(c) return tonumber(c.row.mnemonic:match "%d") end
  local function arrangement(c, at, size, lanes)
    local bytes = lanes and lanes << size
    if bytes ~= 8 and bytes ~= 16 then
      return miss(c, at, CLOSE, "expected vectors such as v0.4s")
    end
    c.w = c.w | size << 10 | (bytes == 16 and 1 << 30 or 0)
    return bytes
  end
  local function count_is_wrong(c, at, count)
    return miss(c, at, CLOSE, "%s takes %d registers, not %d",
      c.row.mnemonic, wanted(c), count)
  end

  local LD1 = { 7, 10, 6, 2 }        -- opcode of LD1 by count
  add("Vlist", "{Vt.T, ..}", function(c)
    local at = skip(c)
    local first, count, size, lanes = list(c)
    if not first then return end
    local bytes = arrangement(c, at, size, lanes)
    if not bytes then return end
    if wanted(c) == 1 then c.w = c.w | LD1[count] << 12
    elseif count ~= wanted(c) then return count_is_wrong(c, at, count) end
    if wanted(c) > 1 and size == 3 and bytes == 8 then
      return miss(c, at, CLOSE, "only ld1 and st1 know .1d")
    end
    c.bytes = count * bytes
    c.w = c.w | first
    return true
  end)
  add("Vlist.r", "{Vt.T, ..}", function(c)
    local at = skip(c)
    local first, count, size, lanes = list(c)
    if not first then return end
    if not arrangement(c, at, size, lanes) then return end
    if count ~= wanted(c) then return count_is_wrong(c, at, count) end
    c.bytes = count << size
    c.w = c.w | first
    return true
  end)
  -- Q:S:size is the index shifted left by the size (Arm ARM C7.2.177).
  add("Velem", "{Vt.T, ..}[i]", function(c)
    local at = skip(c)
    local first, count, size, lanes = list(c)
    if not first then return end
    if lanes then
      return miss(c, at, CLOSE, "expected elements such as {v0.s}[1]")
    end
    local i = index(c, size)
    if not i then return end
    if count ~= wanted(c) then return count_is_wrong(c, at, count) end
    c.bytes = count << size
    local bits = i << size
    if size == 3 then bits = bits | 1 end
    c.w = c.w | first | bits >> 3 << 30 | (bits & 7) << 10
      | (size == 3 and 2 or size) << 14
    return true
  end)

  -- Immediates ----------------------------------------------------------

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
  add("vimm.f", "#float", float_kind(abc))
  add("fimm8", "#float", float_kind(function(w, v) return w | v << 13 end))
end
