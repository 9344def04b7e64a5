-- SPDX-License-Identifier: MIT
-- The parse half of every operand kind, under the names that print.lua uses:
-- parse[kind](c) reads one operand at the cursor c and puts its bits into c.w
-- (a field name has one place in the whole table). Here: immediates, addresses
-- of the program, conditions; general registers are in parse_reg.lua, memory in
-- parse_mem.lua, system names in parse_sys.lua, FP and SIMD in parse_simd.lua
-- and parse_fimm.lua. `show` has for each kind the text of a "valid forms"
-- message.

local isa = require "tinyvmm.a64.isa"
local cursor = require "tinyvmm.a64.cursor"
local expr = require "tinyvmm.a64.expr"

local find, match, sub = string.find, string.match, string.sub
local miss, skip, imm, bounded = cursor.miss, cursor.skip, cursor.imm,
  cursor.bounded
local CLOSE, RANGE = cursor.CLOSE, cursor.RANGE

local registers = require "tinyvmm.a64.parse_reg"
local parse, show, reg_at = registers.kinds, registers.show, registers.reg_at
local modifier = registers.modifier

-- Immediates -----------------------------------------------------------------

local function plain(kind, lo, width, what, text)
  parse[kind] = function(c)
    local v = bounded(c, 0, (1 << width) - 1, what)
    if not v then return end
    c.w = c.w | v << lo
    return true
  end
  show[kind] = text
end
plain("imm16", 5, 16, "immediate", "#imm16")
plain("imm16l", 0, 16, "immediate", "#imm16")
plain("imm5", 16, 5, "immediate", "#imm5")
plain("nzcv", 0, 4, "flags value", "#nzcv")
plain("hint", 5, 7, "hint number", "#hint")
plain("rot6", 15, 6, "rotation", "#n")
plain("uimm4", 10, 4, "tag offset", "#uimm4")
plain("uimm8", 10, 8, "immediate", "#uimm8")
plain("op1", 16, 3, "op1", "#op1")
plain("op2", 5, 3, "op2", "#op2")

function parse.simm8(c)
  local v = bounded(c, -128, 127, "immediate")
  if not v then return end
  c.w = c.w | (v & 0xff) << 10
  return true
end
show.simm8 = "#simm8"

function parse.uimm6(c)
  local at = skip(c)
  local v = bounded(c, 0, 1008, "offset")
  if not v then return end
  if v & 15 ~= 0 then
    return miss(c, at, RANGE, "offset %d is not a multiple of 16", v)
  end
  c.w = c.w | v >> 4 << 16
  return true
end
show.uimm6 = "#uimm6"

function parse.crm(c)
  local top = 15
  if c.row.name == "MSR_i" and c.w >> 5 & 7 < 6 then top = 1 end
  local v = bounded(c, 0, top, "immediate")
  if not v then return end
  c.w = c.w | v << 8
  return true
end
show.crm = "#imm4"

function parse.bit(c)
  local v = bounded(c, 0, c.wide == 1 and 63 or 31, "bit number")
  if not v then return end
  c.w = c.w | v >> 5 << 31 | (v & 31) << 19
  return true
end
show.bit = "#bit"

local function bitfield(kind, lo, what, text)
  parse[kind] = function(c)
    local v = bounded(c, 0, c.wide == 1 and 63 or 31, what)
    if not v then return end
    c.w = c.w | v << lo
    return true
  end
  show[kind] = text
end
bitfield("immr", 16, "bit position", "#lsb")
bitfield("imms", 10, "bit position", "#n")

-- Aliases of SBFM, BFM and UBFM (Arm ARM C6.2): the shift amount, or lsb and
-- width, that immr and imms stand for.
function parse.rightamt(c)
  local size = c.wide == 1 and 64 or 32
  local v = bounded(c, 0, size - 1, "shift amount")
  if not v then return end
  c.w = c.w | v << 16 | size - 1 << 10
  return true
end
function parse.leftamt(c)
  local size = c.wide == 1 and 64 or 32
  local v = bounded(c, 0, size - 1, "shift amount")
  if not v then return end
  c.w = c.w | (-v & size - 1) << 16 | size - 1 - v << 10
  return true
end
show.rightamt, show.leftamt = "#n", "#n"
parse["lsb.ins"] = function(c)
  local size = c.wide == 1 and 64 or 32
  local v = bounded(c, 0, size - 1, "lowest bit")
  if not v then return end
  c.lsb = v
  c.w = c.w | (-v & size - 1) << 16
  return true
end
parse["width.ins"] = function(c)
  local v = bounded(c, 1, (c.wide == 1 and 64 or 32) - c.lsb, "width")
  if not v then return end
  c.w = c.w | v - 1 << 10
  return true
end
parse["width.ext"] = function(c)
  local lsb = c.w >> 16 & 63
  local v = bounded(c, 1, (c.wide == 1 and 64 or 32) - lsb, "width")
  if not v then return end
  c.w = c.w | lsb + v - 1 << 10
  return true
end
show["lsb.ins"], show["width.ins"], show["width.ext"] = "#lsb", "#width",
  "#width"

-- A register that may be overwritten to hold a constant: the destination if
-- it is not a source too.
local function scratch(c)
  local rd, rn = c.w & 31, c.w >> 5 & 31
  local n = rd
  if rd == 31 or rd == rn then n = rn == 16 and 17 or 16 end
  return (c.wide == 1 and "x" or "w") .. n
end

-- The way out of an immediate v, at position `at`, that does not fit: the
-- same instruction with a register in its place.
local function by_register(c, at, v)
  local reg = scratch(c)
  return ("try ldr %s, =%s; %s %s%s"):format(reg, cursor.show(v),
    c.row.mnemonic, sub(c.s, c.starts[1], at - 1), reg)
end

-- ":name:" where an address may stand: the name in lower case and the
-- position after it, or nil.
local function operator(c)
  local _, e, name = find(c.s, "^#?:(%a[%w_]*):", skip(c))
  if e then return name:lower(), e + 1 end
end

-- An operator that stands for what an image has not, or not here.
local function refuse_operator(c, name)
  local why = "is no operator for this operand"
  if find(name, "t[lp][sr]") then
    why = "is for thread-local variables, which an image has not"
  elseif find(name, "^got") then
    why = "is not known; -fPIC and -fno-pic do without it"
  end
  return miss(c, c.p, RANGE, "':%s:' %s", name, why)
end

-- The address of a symbol's entry in the table that A:got makes.
local function table_entry(c, p, kind)
  local _, e, name = find(c.s, "^([%a_.$][%w_.$]*)", p)
  if not e then return cursor.expected(c, "a symbol") end
  c.sym, c.sym_at, c.p, c.fix = c.A:got(name, p), p, e + 1, kind
  return true
end

-- ":lo12:symbol" where an immediate may stand, or ":got_lo12:symbol" if it is
-- the offset of a load; kind is the fixup.
local function low_bits(c, kind, load)
  local name, p = operator(c)
  if name == "lo12" then
    c.p, c.fix = p, kind
    return parse.target(c)
  elseif name == "got_lo12" and load then return table_entry(c, p, kind) end
  return name and refuse_operator(c, name)
end
cursor.low_bits = low_bits

local function add_immediate(negative)
  return function(c)
    local at = skip(c)
    if not negative and find(c.s, "^#?:", at) then
      if low_bits(c, "lo12.0") then return true end
      return cursor.expected(c, "an immediate or :lo12:symbol")
    end
    local text = imm(c)
    local v = text
    if not v then return end
    if negative then v = -v end
    local word = modifier(c)
    local shift = 0
    if word then
      if word ~= "lsl" then
        return miss(c, at, CLOSE, "an immediate takes only lsl #12")
      end
      shift = bounded(c, 0, 12, "shift amount")
      if not shift then return end
      if shift ~= 0 and shift ~= 12 then
        return miss(c, at, RANGE, "an immediate shifts by 0 or 12, not %d",
          shift)
      end
    elseif v > 4095 and v & 0xfff == 0 then
      v, shift = v >> 12, 12
    end
    if v < 0 or v > 4095 then
      if negative and text >= 0 then return end
      if c.quiet then return end
      return miss(c, at, RANGE, "immediate %s does not fit 12 bits; %s",
        cursor.show(text), by_register(c, at, text))
    end
    c.w = c.w | v << 10 | (shift == 12 and 1 << 22 or 0)
    return true
  end
end
parse.aimm, parse["aimm.neg"] = add_immediate(false), add_immediate(true)
show.aimm, show["aimm.neg"] = "#imm12{, lsl #12}", "#-imm12"

local M32 = 0xffffffff

-- A 32-bit form takes a value as signed or unsigned 32 bits.
local function narrow(c, v)
  if c.wide ~= 0 then return v end
  if v < -(1 << 31) or v > 0xffffffff then return nil end
  return v & 0xffffffff
end

-- N:immr:imms of a bitmask immediate (the inverse of DecodeBitMasks), or nil.
local function bitmask(v, wide)
  if wide == 0 then v = v | v << 32 end
  if v == 0 or v == -1 then return nil end
  local size, half = 64, 32
  while half >= 2 do
    local mask = (1 << half) - 1
    if v & mask ~= v >> half & mask then break end
    size, half = half, half >> 1
    v = v & mask
  end
  local mask = size == 64 and -1 or (1 << size) - 1
  -- Rotate left until bit 0 is one and the top bit is zero.
  local r = 0
  while not (v & 1 == 1 and v >> size - 1 & 1 == 0) do
    v = (v << 1 | v >> size - 1) & mask
    r = r + 1
  end
  local ones = v + 1
  if v & ones ~= 0 then return nil end
  local n = 0
  while 1 << n ~= ones do n = n + 1 end
  local imms = -(size << 1) & 63 | n - 1
  return (size == 64 and 1 << 22 or 0) | r << 16 | imms << 10
end

local function unbuildable(c, at, v)
  if c.quiet then return end
  if not narrow(c, v) then
    return miss(c, at, RANGE, "immediate %s does not fit 32 bits",
      cursor.show(v))
  end
  if c.row.mnemonic == "mov" then
    return miss(c, at, RANGE,
      "no single instruction builds %s; try ldr %s%d, =%s", cursor.show(v),
      c.wide == 1 and "x" or "w", c.w & 31, cursor.show(v))
  end
  return miss(c, at, RANGE,
    "immediate %s is not a bit mask (a rotated run of ones, repeated); %s",
    cursor.show(v), by_register(c, at, v))
end

local function logical(inverted)
  return function(c)
    local at = skip(c)
    local text = imm(c)
    if not text then return end
    local v = narrow(c, text)
    if v and inverted then v = narrow(c, ~v & (c.wide == 0 and M32 or -1)) end
    local bits = v and bitmask(v, c.wide)
    if not bits then return unbuildable(c, at, text) end
    c.w = c.w | bits
    return true
  end
end
parse.limm, parse["limm.inv"] = logical(false), logical(true)
show.limm, show["limm.inv"] = "#mask", "#mask"

local function wide(inverted)
  return function(c)
    local at = skip(c)
    local text = imm(c)
    if not text then return end
    local v = narrow(c, text)
    if v and inverted then v = c.wide == 0 and v ~ 0xffffffff or ~v end
    for hw = 0, v and (c.wide == 1 and 3 or 1) or -1 do
      if v & ~(0xffff << 16 * hw) == 0 then
        c.w = c.w | v >> 16 * hw << 5 | hw << 21
        return true
      end
    end
    return unbuildable(c, at, text)
  end
end
parse.wide, parse["wide.inv"] = wide(false), wide(true)
show.wide, show["wide.inv"] = "#imm", "#imm"

-- ":abs_g1:symbol": 16 bits of an address, for a MOVZ and MOVKs; the number
-- says which, and without _nc nothing may lie above them. "_s" and ":prel_g"
-- (the distance) have a sign, which makes a MOVZ a MOVN.
local function address_part(c)
  local name, p = operator(c)
  local from, n, tail = match(name or "", "^(%l+)_g([0-3])(_?%l*)$")
  if not from or from ~= "abs" and from ~= "prel"
    or not (tail == "" or tail == "_nc" or tail == "_s" and from == "abs")
    or c.wide == 0 and n + 0 > 1 then
    if name and from ~= "abs" and from ~= "prel" then
      return refuse_operator(c, name)
    end
    return cursor.expected(c, "an immediate or :abs_g0: to :abs_g3: and a"
      .. " symbol")
  end
  if tail ~= "_nc" and (tail == "_s" or from == "prel")
    and c.row.mnemonic == "movk" then
    return miss(c, c.p, RANGE, "':%s:' may need a movn; movk takes the _nc"
      .. " ones", name)
  end
  c.p, c.fix = p, from .. n .. tail
  c.w = c.w | n + 0 << 21
  return parse.target(c)
end

parse["imm16.hw"] = function(c)
  if find(c.s, "^#?:", skip(c)) then return address_part(c) end
  local v = bounded(c, 0, 0xffff, "immediate")
  if not v then return end
  local word = modifier(c)
  local shift = 0
  if word then
    local at = skip(c)
    shift = word == "lsl" and bounded(c, 0, 48, "shift amount")
    if not shift then
      return miss(c, at, CLOSE, "expected lsl and an amount, got %s", word)
    end
    if shift & 15 ~= 0 or c.wide == 0 and shift > 16 then
      return miss(c, at, RANGE, "shift amount %d is not one of %s", shift,
        c.wide == 1 and "0, 16, 32, 48" or "0, 16")
    end
  end
  c.w = c.w | v << 5 | shift >> 4 << 21
  return true
end
show["imm16.hw"] = "#imm16{, lsl #16n}"

-- Addresses of the program ---------------------------------------------------

-- A label or address expression for the fixup in c.fix. A lone symbol is left
-- to the end of the text by name; an expression has its value now, or waits as
-- a whole statement.
function parse.target(c)
  local s, p, A = c.s, skip(c), c.A
  local _, e, name = find(s, "^([%a_.$][%w_.$]*)[ \t\r]*%f[,%]%z]", p)
  if not e then _, e, name = find(s, "^(%d+[bf])[ \t\r]*%f[,%]%z]", p) end
  if e and name ~= "." and not A.final then
    c.sym, c.sym_at, c.p = name, p, e + 1
    return true
  end
  if not find(s, "^#?[%w_.$(~+-]", p) then
    return cursor.expected(c, "a label or address")
  end
  if sub(s, p, p) == "#" then p = p + 1 end
  A.undef = nil
  local v, sec, q = expr.eval(A, s, p)
  if A.undef then
    c.defer = true
    return
  end
  c.p, c.sym_at = q, p
  if A.final then c.value, c.value_sec = v, sec
  else c.sym = A:nameless(v, sec) end
  return true
end

local function label(kind)
  parse[kind] = function(c)
    c.fix = kind
    local p = skip(c)
    local name, q = operator(c)
    if name and kind == "page21" and (name == "pg_hi21"
      or name == "pg_hi21_nc") then c.p = q
    elseif name == "got" and kind == "page21" then
      return table_entry(c, q, kind)
    elseif name then return refuse_operator(c, name)
    elseif kind == "rel19" and c.row.name:find "_lit$" then
      c.fix = "lit19"
      if sub(c.s, p, p) == "=" and c.row.name ~= "PRFM_lit" then
        c.pool, c.p = p + 1, #c.s + 1
        return true
      end
    end
    return parse.target(c)
  end
  show[kind] = "label"
end
label "rel26"
label "rel19"
label "rel14"
label "rel21"
label "page21"

-- Conditions -----------------------------------------------------------------

local COND = { hs = 2, lo = 3, none = 0, any = 1, nlast = 2, last = 3,
  first = 4, nfrst = 5, pmore = 8, plast = 9, tcont = 10, tstop = 11 }
for _, way in ipairs(isa.suffixes.bcond) do
  COND[way[1]] = COND[way[1]] or tonumber(way[2], 2)
end

local function condition(inverted)
  return function(c)
    local word, e = cursor.word(c)
    local cond = word and COND[word]
    if not cond then
      return cursor.expected(c, "a condition (eq ne cs cc mi pl vs vc hi ls"
        .. " ge lt gt le)")
    end
    if inverted and cond >= 14 then
      return miss(c, c.p, RANGE, "%s has no opposite", word)
    end
    c.w = c.w | (inverted and cond ~ 1 or cond) << 12
    c.p = e
    return true
  end
end
parse.cond, parse["cond.inv"] = condition(false), condition(true)
show.cond, show["cond.inv"] = "cond", "cond"

-- How a plain number enters the word in the usual range of a kind, for the
-- cache: bits(v, w) -> bits of `mask`, or nil outside that range. In that range
-- a row with this kind is the one to take, whatever the registers are.
local function field(width, lo)
  return { mask = (1 << width) - 1 << lo, bits = function(v)
    return v >= 0 and v < 1 << width and v << lo or nil
  end }
end
local linear = { aimm = field(12, 10), wide = field(16, 5),
  ["imm16.hw"] = field(16, 5), imm16 = field(16, 5) }
-- The rule is for values that need no shift: sh and hw are 0.
linear.aimm.zero, linear.wide.zero = 1 << 22, 3 << 21

local M = { kinds = parse, show = show, reg_at = reg_at, linear = linear }

-- The other kinds come with the first program text that uses one.
local MORE = { "tinyvmm.a64.parse_mem", "tinyvmm.a64.parse_sys",
  "tinyvmm.a64.parse_simd", "tinyvmm.a64.parse_fimm" }
-- After them, M.make adds the kinds that are made one by one, if it is such.
local function lazily(t)
  return setmetatable(t, { __index = function(_, kind)
    while #MORE > 0 do
      require(table.remove(MORE, 1))(M)
      local value = rawget(t, kind)
      if value then return value end
    end
    M.make(kind)
    return rawget(t, kind)
  end })
end
lazily(parse)
lazily(show)

return M
