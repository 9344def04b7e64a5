-- SPDX-License-Identifier: MIT
-- Directives that put data into a section: integers, instruction words,
-- floats, LEB128, strings. As all directives they get the assembler A, the
-- statement s and the position p of the first argument, and return the
-- position after the last one.

local expr = require "tinyvmm.a64.expr"
local fixup = require "tinyvmm.a64.fixup"
local lint = require "tinyvmm.a64.lint"
local section = require "tinyvmm.a64.section"

local find, match, sub, char = string.find, string.match, string.sub,
  string.char
local fail = expr.fail

local M = {}
local D = {}
M.directives = D

-- The position behind a comma at p, or nil.
function M.comma(s, p)
  local _, e = find(s, "^%s*,%s*", p)
  return e and e + 1
end

-- Refuse bytes in a section that has none.
function M.writable(A, p)
  if A.sec.kind == "bss" then
    fail(p, "section %s holds no data, only .space; use .data", A.sec.name)
  end
end

local comma, writable = M.comma, M.writable

-- Data items ---------------------------------------------------------------

-- One value of `size` bytes. Addresses and values not known yet wait.
local function item(A, s, p, size)
  A.undef, A.dot = nil, A.sec.size
  local v, sec, q = expr.eval(A, s, p)
  local at = A.line_at + p
  if A.undef or sec then
    writable(A, p)
    local part = section.bytes(A.sec, ("\0"):rep(size), at)
    A:defer { kind = "data", part = part, size = size, s = s, p = p,
      dot = A.dot, v = v, of = not A.undef and sec or nil }
    return q
  end
  local str, why = fixup.data(v, size)
  if not str then fail(p, why) end
  if v ~= 0 then writable(A, p) end
  if A.sec.kind == "bss" then section.fill(A.sec, size, 0, at)
  else section.bytes(A.sec, str, at) end
  return q
end

local function items(size)
  return function(A, s, p)
    if not find(s, "%S", p) then return p end
    if size ~= 4 then lint.data(A, p) end    -- four may be an instruction
    while true do
      local q = item(A, s, p, size)
      p = comma(s, q)
      if not p then return q end
    end
  end
end

for size, names in pairs { [1] = "byte", [2] = "hword short 2byte",
  [4] = "word long int 4byte", [8] = "quad xword dword 8byte" } do
  for name in names:gmatch "%S+" do D[name] = items(size) end
end

-- An integer of 16 bytes at p: low half, high half, position after it.
local function octa_value(A, s, p)
  local _, e, digits = find(s, "^0[xX](%x+)%f[^%w_]", p)
  if e and #digits > 16 then
    digits = digits:gsub("^0+", "")
    if #digits > 32 then fail(p, "the number does not fit 16 bytes") end
    local high = sub(digits, 1, -17)
    return math.tointeger(tonumber("0x" .. sub(digits, -16))),
      math.tointeger(tonumber("0x0" .. high)), e + 1
  end
  local unsigned = find(s, "^[%d]", p)
  local v, q = expr.constant(A, s, p, "the value")
  return v, not unsigned and v < 0 and -1 or 0, q
end

function D.octa(A, s, p)
  while true do
    local low, high, q = octa_value(A, s, p)
    writable(A, p)
    section.bytes(A.sec, string.pack("<i8i8", low, high), A.line_at + p)
    p = comma(s, q)
    if not p then return q end
  end
end

function D.inst(A, s, p)
  while true do
    local v, q = expr.constant(A, s, p, "the instruction word")
    if v < 0 or v > 0xffffffff then fail(p, "%#x does not fit 4 bytes", v) end
    writable(A, p)
    section.word(A.sec, v, A.line_at + p)
    p = comma(s, q)
    if not p then return q end
  end
end

-- A number in decimal, perhaps with the letter of a format as in 0f1.5, which
-- means nothing; position after it. NaN is the one of GNU as: all ones.
local function real(s, p)
  local sign, q = match(s, "^([-+]?)0[%a]?%f[%d.]()", p)
  if not sign or find(s, "^[-+]?0[%d.]", p) then
    sign, q = match(s, "^([-+]?)()", p)
  end
  local _, e, t = find(s, "^([%d.]+[eE]?[-+]?%d*)", q)
  local v = t and tonumber(t)
  if not v then
    _, e, t = find(s, "^(%a+)", q)
    t = t and t:lower()
    v = (t == "inf" or t == "infinity") and math.huge or t == "nan" and 0 / 0
  end
  if not v or find(s, "^[-+]?0[xX]", p) then
    fail(p, "expected a floating-point number in decimal")
  end
  return sign == "-" and -v or v, e + 1
end

-- The bits of a half-precision number, rounded to nearest even.
local function half_bits(v)
  local bits = string.unpack("<I8", string.pack("<d", v))
  local sign, m = bits >> 48 & 0x8000, math.abs(v)
  if m == math.huge then return sign | 0x7c00 end
  local unit = 2.0 ^ -24                        -- of the smallest ones
  while m >= unit * 2048 do unit = unit * 2 end
  local n = m / unit                            -- exact: a power of two
  local whole = math.floor(n)
  local rest = n - whole
  if rest > 0.5 or rest == 0.5 and whole & 1 == 1 then whole = whole + 1 end
  local exponent = 0
  while unit > 2.0 ^ -24 do unit, exponent = unit / 2, exponent + 1 end
  return sign | (exponent << 10) + whole
end

local NAN = { ["<f"] = "\xff\xff\xff\x7f", ["<h"] = "\xff\x7f",
  ["<d"] = "\xff\xff\xff\xff\xff\xff\xff\x7f" }
local LARGEST = { ["<f"] = 0x1.ffffffp127, ["<h"] = 65520.0,
  ["<d"] = math.huge }

local function real_bytes(format, v, p)
  if v ~= v then return NAN[format] end
  if math.abs(v) ~= math.huge and math.abs(v) >= LARGEST[format] then
    fail(p, "the number is too large for %d bytes", #NAN[format])
  end
  if format == "<h" then return string.pack("<I2", half_bits(v)) end
  return string.pack(format, v)
end

local function reals(format)
  return function(A, s, p)
    lint.data(A, p)
    while true do
      local v, q = real(s, p)
      writable(A, p)
      section.bytes(A.sec, real_bytes(format, v, p), A.line_at + p)
      p = comma(s, q)
      if not p then return q end
    end
  end
end
D.float, D.single, D.double = reals "<f", reals "<f", reals "<d"
D.float16 = reals "<h"

-- Numbers in groups of 7 bits, low first. In a section that takes no memory
-- (debugging tables) their labels may stay unknown.
local function leb128(signed)
  return function(A, s, p)
    if A.sec.kind == "drop" then return #s + 1 end
    while true do
      local v, q = expr.constant(A, s, p, "the value")
      local out = {}
      repeat
        local low = v & 127
        v = signed and v // 128 or v >> 7
        local done = v == 0 and not (signed and low > 63)
          or signed and v == -1 and low > 63
        out[#out + 1] = char(done and low or low | 128)
      until done
      writable(A, p)
      section.bytes(A.sec, table.concat(out), A.line_at + p)
      p = comma(s, q)
      if not p then return q end
    end
  end
end
D.uleb128, D.sleb128 = leb128(false), leb128(true)

-- Strings ------------------------------------------------------------------

local ESCAPE = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f", v = "\v",
  ["\\"] = "\\", ['"'] = '"', ["'"] = "'" }

local function escape(s, p)
  local _, e, t = find(s, "^([0-7][0-7]?[0-7]?)", p)
  if e then return char(tonumber(t, 8) & 255), e + 1 end
  _, e, t = find(s, "^[xX](%x+)", p)
  if e then return char(tonumber(sub(t, -2), 16)), e + 1 end
  local c = ESCAPE[sub(s, p, p)]
  if not c then fail(p - 1, "unknown escape '\\%s'", sub(s, p, p)) end
  return c, p + 1
end

-- A quoted string at p -> its bytes and the position after it.
local function quoted(s, p)
  if sub(s, p, p) ~= '"' then fail(p, "expected a string in double quotes") end
  local out, q = {}, p + 1
  while true do
    local e = find(s, '[\\"]', q)
    if not e then fail(p, "the string has no closing quote") end
    out[#out + 1] = sub(s, q, e - 1)
    if sub(s, e, e) == '"' then return table.concat(out), e + 1 end
    out[#out + 1], q = escape(s, e + 1)
  end
end

-- width: bytes of a character.
local function strings(tail, width)
  return function(A, s, p)
    if not find(s, "%S", p) then return p end
    lint.data(A, p)
    while true do
      local at, str, q = p, quoted(s, p)
      while find(s, '^%s*"', q) do              -- "a" "b" is one string
        local more
        more, q = quoted(s, find(s, '"', q, true))
        str = str .. more
      end
      writable(A, at)
      str = str .. tail
      if width then str = str:gsub(".", "%0" .. ("\0"):rep(width - 1)) end
      section.bytes(A.sec, str, A.line_at + at)
      p = comma(s, q)
      if not p then return q end
    end
  end
end
D.ascii, D.asciz, D.string = strings "", strings "\0", strings "\0"
D.string8, D.string16 = D.string, strings("\0", 2)
D.string32, D.string64 = strings("\0", 4), strings("\0", 8)

M.quoted = quoted

return M
