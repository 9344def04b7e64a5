-- SPDX-License-Identifier: MIT
-- The directives of the assembler, one function each, in a table by name; data,
-- macros and conditions have files of their own.
-- A directive gets the assembler A, the statement s and the position p of its
-- first argument; it returns the position after its last one, and the caller
-- makes sure that nothing follows. What it does not understand it refuses:
-- nothing is skipped but the list of things that put no bytes anywhere.

local condition = require "tinyvmm.a64.condition"
local data = require "tinyvmm.a64.data"
local expr = require "tinyvmm.a64.expr"
local fixup = require "tinyvmm.a64.fixup"
local lint = require "tinyvmm.a64.lint"
local macro = require "tinyvmm.a64.macro"
local section = require "tinyvmm.a64.section"

local find, sub = string.find, string.sub
local fail = expr.fail

local M = {}
local D = {}
M.by_name = D
for _, part in ipairs { condition, data.directives, macro.directives } do
  for name, fn in pairs(part) do D[name] = fn end
end
local comma, quoted, writable = data.comma, data.quoted, data.writable

-- More than this in one image is taken for a slip of the keyboard.
local LIMIT = 1 << 28

local function name_at(s, p)
  local _, e, name = find(s, "^%s*([%a_.$][%w_.$]*)", p)
  if not e then fail(p, "expected a symbol name") end
  return name, e + 1
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
