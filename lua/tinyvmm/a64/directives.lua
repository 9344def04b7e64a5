-- SPDX-License-Identifier: MIT
-- The directives of the assembler, one function each, in a table by name.
-- A directive gets the assembler A, the statement s and the position p of its
-- first argument; it returns the position after its last one, and the caller
-- makes sure that nothing follows. What it does not understand it refuses:
-- nothing is skipped but the list of things that put no bytes anywhere.

local expr = require "tinyvmm.a64.expr"
local section = require "tinyvmm.a64.section"
local fixup = require "tinyvmm.a64.fixup"
local lint = require "tinyvmm.a64.lint"
local macro = require "tinyvmm.a64.macro"

local find, match, sub, char = string.find, string.match, string.sub,
  string.char
local fail = expr.fail

local M = {}
local D = {}
M.by_name = D
for name, fn in pairs(macro.directives) do D[name] = fn end

-- More than this in one image is taken for a slip of the keyboard.
local LIMIT = 1 << 28

local function comma(s, p)
  local _, e = find(s, "^%s*,%s*", p)
  return e and e + 1
end

local function name_at(s, p)
  local _, e, name = find(s, "^%s*([%a_.$][%w_.$]*)", p)
  if not e then fail(p, "expected a symbol name") end
  return name, e + 1
end

-- Refuse bytes in a section that has none.
local function writable(A, p)
  if A.sec.kind == "bss" then
    fail(p, "section %s holds no data, only .space; use .data", A.sec.name)
  end
end

local function count(A, s, p, what)
  local n, q = expr.constant(A, s, p, what)
  if n < 0 or n > LIMIT then
    fail(p, "%s %d is outside 0 to %d", what, n, LIMIT)
  end
  if A.sec.size + n > LIMIT then
    fail(p, "the section would grow past %d bytes", LIMIT)
  end
  return n, q
end

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

-- Space --------------------------------------------------------------------

local function space(A, s, p)
  local at, n, q = p, count(A, s, p, "the size")
  local value = 0
  p = comma(s, q)
  if p then
    value, q = expr.constant(A, s, p, "the fill value")
    if value < -128 or value > 255 then
      fail(p, "the fill value %d does not fit a byte", value)
    end
  end
  if value ~= 0 then writable(A, at) end
  section.fill(A.sec, n, value & 255, A.line_at + at)
  return q
end
D.space, D.skip, D.zero = space, space, space

-- .fill count, size, value: as in GNU as a unit of more than 4 bytes is the
-- value in its low 4 and zeros above.
function D.fill(A, s, p)
  local at, n, q = p, count(A, s, p, "the count")
  local size, value = 1, 0
  p = comma(s, q)
  if p then
    size, q = expr.constant(A, s, p, "the unit")
    if size < 0 or size > 8 then fail(p, "a unit has 0 to 8 bytes") end
    p = comma(s, q)
  end
  if p then
    value, q = expr.constant(A, s, p, "the fill value")
    local low = math.min(size, 4)
    if low > 0 and not fixup.data(value, low) then
      fail(p, "the fill value %#x does not fit %d bytes", value, low)
    end
  end
  if n * size > LIMIT then fail(at, "more than %d bytes", LIMIT) end
  if size == 0 or n == 0 then return q end
  local unit = string.pack("<I4", value & 0xffffffff)
  unit = size <= 4 and sub(unit, 1, size) or unit .. ("\0"):rep(size - 4)
  if value == 0 then section.fill(A.sec, n * size, 0, A.line_at + at)
  else
    writable(A, at)
    section.bytes(A.sec, unit:rep(n), A.line_at + at)
  end
  return q
end

local function align(power, width)
  return function(A, s, p)
    local at, n, q = p, 0, p
    if find(s, "%S", p) then n, q = expr.constant(A, s, p, "an alignment") end
    if power then
      if n < 0 or n > 24 then
        fail(at, "alignment 2^%d is outside 2^0 to 2^24; .balign counts bytes",
          n)
      end
      n = 1 << n
    elseif n == 0 then n = 1
    elseif n < 0 or n & (n - 1) ~= 0 or n > 1 << 24 then
      fail(at, "alignment %d is not a power of two up to 2^24", n)
    end
    local fill, max
    p = comma(s, q)
    if p then
      if not find(s, "^,", p) then
        fill, q = expr.constant(A, s, p, "the fill value")
        if not fixup.data(fill, width or 1) then
          fail(p, "the fill value %#x does not fit %d bytes", fill, width or 1)
        end
      else q = p end
      p = comma(s, q)
      if p then max, q = expr.constant(A, s, p, "the most to skip") end
    end
    if fill and fill ~= 0 then writable(A, at) end
    if A.sec.kind == "bss" then fill = nil end
    section.align(A.sec, n, fill, width, max, A.line_at + at)
    return q
  end
end
D.align, D.p2align, D.balign = align(true), align(true), align(false)
D.p2alignw, D.p2alignl = align(true, 2), align(true, 4)
D.balignw, D.balignl = align(false, 2), align(false, 4)

function D.org(A, s, p)
  A.undef, A.dot = nil, A.sec.size
  local v, sec, q = expr.eval(A, s, p)
  if A.undef then
    fail(p, "the position must be known here, and '%s' is not yet", A.undef)
  end
  if sec and sec ~= A.sec then fail(p, "the label is in another section") end
  if v < A.sec.size or v > LIMIT then
    fail(p, ".org %#x goes %s: the section stands at %#x", v,
      v > LIMIT and "too far" or "backwards", A.sec.size)
  end
  local at, value = p, 0
  p = comma(s, q)
  if p then value, q = expr.constant(A, s, p, "the fill value") end
  if value ~= 0 then writable(A, at) end
  section.fill(A.sec, v - A.sec.size, value & 255, A.line_at + at)
  return q
end

-- Symbols ------------------------------------------------------------------

local function set(once)
  return function(A, s, p)
    local name, q = name_at(s, p)
    local r = comma(s, q)
    if not r then fail(q, "expected ', value' after the name") end
    return A:assign(name, s, r, p, once)
  end
end
D.set, D.equ, D.equiv = set(false), set(false), set(true)

-- Everything is visible to everybody, and what is not defined is an error
-- where it is used, so these only want names.
local function names(_, s, p, each)
  while true do
    local name, q = name_at(s, p)
    if each then each(name) end
    p = comma(s, q)
    if not p then return q end
  end
end
for name in ("extern hidden protected internal"):gmatch "%S+" do
  D[name] = function(A, s, p) return names(A, s, p) end
end

function D.global(A, s, p)
  return names(A, s, p, function(name)
    if name == "_start" then A.entry_at = A.line_at + p end
  end)
end
D.globl = D.global

-- A local symbol is as visible as any, but .comm puts it into .bss.
D["local"] = function(A, s, p)
  return names(A, s, p, function(name) A.is_local[name] = true end)
end

-- A weak symbol that nobody defines is 0.
function D.weak(A, s, p)
  return names(A, s, p, function(name) A.weak[name] = true end)
end

-- .weakref alias, name: the alias is the name, which is weak.
function D.weakref(A, s, p)
  local _, q = name_at(s, p)
  local r = comma(s, q) or fail(q, "expected ', name' after the alias")
  A.weak[name_at(s, r)] = true
  return D.set(A, s, p)
end

local function common(where)
  return function(A, s, p)
    local name, q = name_at(s, p)
    local at = comma(s, q) or fail(q, "expected ', size' after the name")
    local n, unit
    n, q = count(A, s, at, "the size")
    local r = comma(s, q)
    if r then unit, q = expr.constant(A, s, r, "an alignment") end
    unit = unit or 1
    if unit < 1 or unit & (unit - 1) ~= 0 or unit > 1 << 24 then
      fail(r, "alignment %d is not a power of two up to 2^24", unit)
    end
    local sec, previous = A.sec, A.previous
    if where == ".bss" or A.is_local[name] then
      A:enter(".bss", nil, nil, 1)                -- subsection 1, as GNU as
    else A:enter(where) end
    section.align(A.sec, unit, nil, nil, nil, A.line_at + p)
    A:define(name, p)
    section.fill(A.sec, n, 0, A.line_at + p)
    A.sec, A.previous = sec, previous
    return q
  end
end
D.comm, D.lcomm = common "COMMON", common ".bss"

-- Sections -----------------------------------------------------------------

-- The number of a subsection at p, 0 if there is none.
local function number(A, s, p)
  if not find(s, "%S", p) then return 0, p end
  local n, q = expr.constant(A, s, p, "the number of the subsection")
  if n < 0 or n > 8192 then fail(p, "subsection %d is outside 0 to 8192", n) end
  return n, q
end

local function enter(name)
  return function(A, s, p)
    local n, q = number(A, s, p)
    A:enter(name, nil, nil, n)
    return q
  end
end

function D.subsection(A, s, p)
  local n, q = number(A, s, p)
  A:enter(A.sec.name, nil, nil, n)
  return q
end
D.text, D.data, D.rodata, D.bss = enter ".text", enter ".data",
  enter ".rodata", enter ".bss"

function D.section(A, s, p)
  local _, q, name = find(s, '^"([^"]+)"', p)
  if not q then _, q, name = find(s, "^([^%s,\"]+)", p) end
  if not q then fail(p, "expected a section name") end
  p = q + 1
  local flags, kind
  local r = comma(s, p)
  local sub_number
  if r and find(s, '^[^"]', r) then
    sub_number, p = number(A, s, r)
  elseif r then
    flags, p = quoted(s, r)
    local bad = find(flags, "[^awxMSGToRde?%d]")
    if bad then
      fail(r + bad, "unknown section flag '%s'", sub(flags, bad, bad))
    end
    r = comma(s, p)
    if r then
      _, q, kind = find(s, "^[@%%]([%a_]+)", r)
      if not q then fail(r, "expected @progbits or @nobits") end
      p = q + 1
      -- Entry size and group name: facts for a linker.
      _, q = find(s, "^[%s%w_.,]*", p)
      p = q + 1
    end
  end
  A:enter(name, flags, kind == "nobits", sub_number)
  return p
end

function D.pushsection(A, s, p)
  A.stack[#A.stack + 1] = { A.sec, A.previous }
  return D.section(A, s, p)
end

function D.popsection(A, _, p)
  local top = table.remove(A.stack)
  if not top then
    A:warn(p, ".popsection without .pushsection")
    return p
  end
  A.sec, A.previous = top[1], top[2]
  return p
end

function D.previous(A, _, p)
  if not A.previous then
    A:warn(p, "there was no section before")
    return p
  end
  A.sec, A.previous = A.previous, A.sec
  return p
end

-- Files --------------------------------------------------------------------

function D.include(A, s, p)
  local name, q = quoted(s, p)
  A:include(name, p)
  return q
end

function D.incbin(A, s, p)
  local at, name, q = p, quoted(s, p)
  local data = A:read_file(name, at)
  local skip, n = 0, nil
  p = comma(s, q)
  if p then
    skip, q = expr.constant(A, s, p, "the offset")
    if skip < 0 or skip > #data then
      fail(p, "offset %d is outside the %d bytes of '%s'", skip, #data, name)
    end
    p = comma(s, q)
    if p then
      n, q = expr.constant(A, s, p, "the count")
      if n < 0 or skip + n > #data then
        fail(p, "'%s' has only %d bytes from there", name, #data - skip)
      end
    end
  end
  writable(A, at)
  section.bytes(A.sec, sub(data, skip + 1, n and skip + n or -1),
    A.line_at + at)
  return q
end

function D.ltorg(A, _, p)
  if #A.sec.pools > 0 then lint.data(A, p) end
  A:pool(A.sec)
  return p
end
D.pool = D.ltorg

-- Words of the text to whom it concerns --------------------------------------

D["end"] = function(A, _, p)
  A.ended = true
  A.frame.p = #A.frame.text + 1
  return p
end

function D.altmacro(_, _, p)
  fail(p, ".altmacro is not known; plain macros have \\name, \\@ and \\()")
end

-- Calls through descriptors of thread-local variables.
function D.tlsdesccall(_, _, p)
  fail(p, "an image has no thread-local variables")
end

function D.err(_, _, p) fail(p, ".err was reached") end

local function text_or(default, s, p)
  if not find(s, "%S", p) then return default, p end
  return quoted(s, p)
end

function D.error(_, s, p)
  fail(p, "%s", text_or(".error was reached", s, p))
end

function D.warning(A, s, p)
  local text, q = text_or(".warning was reached", s, p)
  A:warn(p, text)
  return q
end

-- Notes to other tools: no bytes, no meaning for an image.
local function ignore(_, s) return #s + 1 end
for name in ([[type size ident file loc loc_mark_labels line ln arch cpu
  arch_extension variant_pcs addrsig addrsig_sym version gnu_attribute symver
  print title sbttl list nolist psize eject noaltmacro]])
    :gmatch "%S+" do
  D[name] = ignore
end

-- The function for a directive name without its dot, or nil.
function M.find(name)
  if D[name] then return D[name] end
  name = name:lower()
  if name:find "^cfi_" then return ignore end
  return D[name]
end

return M
