-- SPDX-License-Identifier: MIT
-- The one table of instructions.  rows/*.lua hold the text; this module reads
-- it and answers three askers: the assembler (`candidates`, by mnemonic), the
-- disassembler (`find`, by bits) and the generator (`rows`, `check`).
--
-- Everything is lazy: loading reads no row; the first `candidates` splits the
-- text into lines; a row is compiled when it is first handed out.  A compiled
-- row never changes:
--   name      "ADD_i", of the base row for aliases too      alias  boolean
--   mask, value   the fixed bits; init = value plus the bits that should be 1
--   fields    array of {name=, lo=, width=, same=name or nil}; field[name]
--   mnemonic  "add"; operands = array of operand kinds, {"Rd.sp", "aimm"}
--   legal     nil or function(word): the base row's `!` rule and `=` fields
--   prefer    nil or function(word): this alias's `?` preference
--   base      the compiled base row (itself, for a base row)
-- README.md has the notation and the operand kinds.
local rules = require "tinyvmm.a64.rows.rules"

local isa = {}

isa.groups = {
  "dp_imm", "dp_reg", "branch", "ldst", "atomic", "ldst_fp", "simd_move",
}

-- Letters inside a mnemonic, `ld{a}xr{bh}`: each kind names its fields and the
-- bits that each text stands for.  A dot leaves the bit open: of `size:2` with
-- "1." the low bit remains, as the one-bit field `x`.  The first text that
-- fits is the one printed.
isa.suffixes = {
  bcond = { fields = { "bcond" },
    { "eq", "0000" }, { "ne", "0001" }, { "cs", "0010" }, { "cc", "0011" },
    { "mi", "0100" }, { "pl", "0101" }, { "vs", "0110" }, { "vc", "0111" },
    { "hi", "1000" }, { "ls", "1001" }, { "ge", "1010" }, { "lt", "1011" },
    { "gt", "1100" }, { "le", "1101" }, { "al", "1110" }, { "nv", "1111" },
    { "hs", "0010" }, { "lo", "0011" } },
  bh = { fields = { "size" }, { "b", "00" }, { "h", "01" }, { "", "1." } },
  bhw = { fields = { "size" }, { "b", "00" }, { "h", "01" }, { "w", "10" } },
  bhwx = { fields = { "csz" },
    { "b", "00" }, { "h", "01" }, { "w", "10" }, { "x", "11" } },
  l = { fields = { "o0" }, { "", "0" }, { "l", "1" } },
  a = { fields = { "o0" }, { "", "0" }, { "a", "1" } },
  ll = { fields = { "o0" }, { "ll", "0" }, { "l", "1" } },
  r = { fields = { "R" }, { "", "0" }, { "l", "1" } },
  ar = { fields = { "A", "R" },
    { "", "0", "0" }, { "a", "1", "0" }, { "l", "0", "1" },
    { "al", "1", "1" } },
  lo = { fields = { "L", "o0" },
    { "", "0", "0" }, { "a", "1", "0" }, { "l", "0", "1" },
    { "al", "1", "1" } },
  vn = { fields = { "vop" },
    { "4", "0000" }, { "3", "0100" }, { "2", "1000" }, { "1", "...." } },
  vs = { fields = { "vop3", "r21" },
    { "1", "..0", "0" }, { "2", "..0", "1" }, { "3", "..1", "0" },
    { "4", "..1", "1" } },
  vr = { fields = { "b13", "r21" },
    { "1", "0", "0" }, { "2", "0", "1" }, { "3", "1", "0" },
    { "4", "1", "1" } },
}

-- The text of the rows -----------------------------------------------------

-- raw[i] = {name, bits, mnemonic, operands, base index}
local raw, by_stem, has_suffix

local function read_rows()
  raw, by_stem, has_suffix = {}, {}, {}
  local base = 0
  for _, group in ipairs(isa.groups) do
    local text = require("tinyvmm.a64.rows." .. group)
    for name, bits, mnemonic, operands in
      text:gmatch "([%w_~]+) +([^;\n]+); +(%S+) ?([^\n]*)\n" do
      local i = #raw + 1
      if name ~= "~" then base = i end
      raw[i] = { name, bits, mnemonic, operands, base }
      local stem = mnemonic:match "^[^{]*"
      if stem ~= mnemonic then has_suffix[stem] = true end
      local list = by_stem[stem]
      if list then list[#list + 1] = i else by_stem[stem] = { i } end
    end
  end
end

-- Rules as functions -------------------------------------------------------

-- What preferences may call besides the fields.
local env = {}

-- ror(ones, immr) within an element, replicated (Arm ARM J1.1,
-- DecodeBitMasks); nil if the encoding is reserved.
function isa.limm_decode(sf, N, immr, imms)
  local bits = N << 6 | (imms ~ 63)
  if bits & (bits - 1) == 0 or N > sf then return nil end
  local size = 64
  while bits & size == 0 do size = size >> 1 end
  local ones = (1 << (imms & (size - 1)) + 1) - 1
  local r = immr & (size - 1)
  local mask = size == 64 and -1 or (1 << size) - 1
  local v = (ones >> r | ones << size - r) & mask
  while size < 64 do
    v = v | v << size
    size = size * 2
  end
  return sf == 1 and v or v & 0xffffffff
end

-- Can MOVZ or MOVN build the logical immediate of this word?
function env.limm_is_wide(w)
  local sf = w >> 31 & 1
  local v = isa.limm_decode(sf, w >> 22 & 1, w >> 16 & 63, w >> 10 & 63)
  local inverse = sf == 1 and ~v or ~v & 0xffffffff
  for shift = 0, 48, 16 do
    local hole = ~(0xffff << shift)
    if v & hole == 0 or inverse & hole == 0 then return true end
  end
  return false
end

function env.sysop(kind, w)
  return require("tinyvmm.a64.sysregs").op_name(kind, w >> 5 & 0x3fff)
end

function env.sysop_xt(kind, w)
  return require("tinyvmm.a64.sysregs").op_has_xt(kind, w >> 5 & 0x3fff)
end

local compiled = {}

-- A function(word) -> boolean for an expression over `field`s.
local function compile_expression(text, field)
  local code = text:gsub("%f[%w_]%a[%w_]*", function(id)
    local f = field[id]
    return f and ("(w >> %d & %d)"):format(f.lo, (1 << f.width) - 1)
  end)
  local fn = compiled[code]
  if not fn then
    fn = assert(load("local w = ... return " .. code, "=rule", "t", env))
    compiled[code] = fn
  end
  return fn
end

-- The same, compiled and put into row[key] by the first call.
local function lazy_expression(row, key, field)
  return function(w)
    local fn = compile_expression(row.condition, field)
    row[key] = fn
    return fn(w)
  end
end

-- Compiling one row --------------------------------------------------------

-- Reads the bits of a row, bit 31 first, into `row`; `fixed` replaces fields
-- by patterns, for the letters of a mnemonic.
local function compile_bits(row, bits, fixed)
  local pos, mask, value, should = 32, 0, 0, 0
  local fields, by_name = row.fields, row.field
  local function field(name, width, same)
    local f = { name = name, lo = pos - width, width = width, same = same }
    fields[#fields + 1], by_name[name] = f, f
  end
  local function pattern(text)  -- of 0, 1 and, where a bit stays open, "."
    local n = #text
    pos = pos - n
    mask = mask | tonumber(text:gsub("%d", "1"):gsub("%.", "0"), 2) << pos
    value = value | tonumber(text:gsub("%.", "0"), 2) << pos
  end
  for token in bits:gmatch "%S+" do
    if not token:find "[^01]" then
      local n = #token
      pos = pos - n
      mask = mask | (1 << n) - 1 << pos
      value = value | tonumber(token, 2) << pos
    else
      local name, width, same = token:match "^(%a%w*):(%d+)=?(%w*)$"
      local fix = fixed and fixed[name]
      if not name then
        local ones = token:match "^%((1+)%)$"
        if not ones then
          error(row.name .. ": cannot read bits '" .. token .. "'")
        end
        pos = pos - #ones
        should = should | (1 << #ones) - 1 << pos
      else
        width = math.tointeger(width)
        if fix == "1." then
          pattern "1"
          name, width = "x", 1
        elseif fix then
          pattern(fix)
          pos = pos + width
        end
        if not fix or fix:find(".", 1, true) then
          field(name, width, same ~= "" and same or nil)
        end
        pos = pos - width
      end
    end
  end
  row.bits, row.mask, row.value = 32 - pos, mask, value
  row.init = value | should
end

-- The `=` fields and the named rule of a row as one expression, or nil.
local function conditions(row, base, named, kind)
  local all = {}
  for _, f in ipairs(row.fields) do
    local b = base and base.field[f.name]
    if f.same and not (b and b.same == f.same) then
      all[#all + 1] = ("%s == %s"):format(f.name, f.same)
    end
  end
  if named then
    all[#all + 1] = assert(rules[kind][named], "no rule " .. named)
  end
  if #all == 0 then return nil end
  return "(" .. table.concat(all, ") and (") .. ")"
end

-- fields of the base, then of the alias: what its preference may name
local function visible_fields(row, base)
  if not base then return row.field end
  return setmetatable({}, { __index = function(_, k)
    return row.field[k] or base.field[k]
  end })
end

local rows = {}

local function compile(i, fixed, mnemonic)
  local text = raw[i]
  local base = text[5] ~= i and isa.row(text[5]) or nil
  local row = { name = raw[text[5]][1], alias = base ~= nil, index = i,
    fields = {}, field = {}, mnemonic = mnemonic or text[3], operands = {} }
  row.base = base or row
  local bits = text[2]:match "^[^!?]*"
  compile_bits(row, bits, fixed)
  if base then
    row.condition =
      conditions(row, base, text[2]:match "%?%s*([%w_]+)", "prefer")
    row.prefer = row.condition
      and lazy_expression(row, "prefer", visible_fields(row, base))
    row.legal = base.legal and function(w) return base.legal(w) end
  else
    row.condition = conditions(row, nil, text[2]:match "!%s*([%w_]+)", "legal")
    row.legal = row.condition and lazy_expression(row, "legal", row.field)
  end
  for kind in text[4]:gmatch "{([^}]+)}" do
    row.operands[#row.operands + 1] = kind
  end
  return row
end

-- The row of index i, in table order.
function isa.row(i)
  if not raw then read_rows() end
  local row = rows[i]
  if not row then
    row = compile(i)
    rows[i] = row
  end
  return row
end

-- The number of rows, aliases included.
function isa.count()
  if not raw then read_rows() end
  return #raw
end

local bases

-- Array of all base rows in table order.
function isa.rows()
  if bases then return bases end
  bases = {}
  for i = 1, isa.count() do
    if raw[i][5] == i then bases[#bases + 1] = isa.row(i) end
  end
  return bases
end

-- The aliases of a base row, in the order in which the disassembler tries
-- them; they stand right after it.
function isa.aliases(base)
  local list = base.aliases
  if not list then
    list = {}
    local i = base.index + 1
    while raw[i] and raw[i][5] == base.index do
      list[#list + 1] = isa.row(i)
      i = i + 1
    end
    base.aliases = list
  end
  return list
end

-- By mnemonic: the assembler's way in ---------------------------------------

-- Adds to `out` every way in which `syntax` from position p on can spell
-- `rest`; `fixed` collects the patterns of the fields.
local function spell(syntax, rest, fixed, out)
  local kind, tail = syntax:match "^{(%w+)}(.*)$"
  if not kind then
    if syntax == rest then out[#out + 1] = fixed end
    return
  end
  local suffix = isa.suffixes[kind]
  local literal = tail:match "^[^{]*"
  local after = tail:sub(#literal + 1)
  for _, way in ipairs(suffix) do
    local text = way[1] .. literal
    if rest:sub(1, #text) == text then
      local more = {}
      for k, v in pairs(fixed) do more[k] = v end
      for k, name in ipairs(suffix.fields) do more[name] = way[k + 1] end
      spell(after, rest:sub(#text + 1), more, out)
    end
  end
end

local function candidate_rows(mnemonic)
  local found = {}
  for n = 1, #mnemonic do
    local stem = mnemonic:sub(1, n)
    for _, i in ipairs(by_stem[stem] or {}) do
      local syntax = raw[i][3]
      if syntax == mnemonic then
        found[#found + 1] = { i, isa.row(i) }
      elseif #syntax > n then
        local ways = {}
        spell(syntax:sub(n + 1), mnemonic:sub(n + 1), {}, ways)
        for _, fixed in ipairs(ways) do
          found[#found + 1] = { i, compile(i, fixed, mnemonic) }
        end
      end
    end
  end
  table.sort(found, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2].value < b[2].value
  end)
  for k, pair in ipairs(found) do found[k] = pair[2] end
  return found
end

local by_mnemonic = {}

-- Array, perhaps empty, of the rows and aliases that spell `mnemonic` (lower
-- case), in table order.  Letters of the mnemonic are already fixed bits of
-- the row.  The same table on every call: do not change it.
function isa.candidates(mnemonic)
  if not raw then read_rows() end
  local found = by_mnemonic[mnemonic]
  if not found then
    found = candidate_rows(mnemonic)
    if #found > 0 then by_mnemonic[mnemonic] = found end
  end
  return found
end

local function expand(syntax, prefix, out)
  local head, kind, tail = syntax:match "^([^{]*){(%w+)}(.*)$"
  if not head then
    out[prefix .. syntax] = true
    return
  end
  for _, way in ipairs(isa.suffixes[kind]) do
    expand(tail, prefix .. head .. way[1], out)
  end
end

-- Sorted array of every mnemonic, for "did you mean".
function isa.mnemonics()
  if not raw then read_rows() end
  local set, list = {}, {}
  for _, text in ipairs(raw) do
    if text[3] ~= "-" then expand(text[3], "", set) end
  end
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- By bits: the disassembler's way in -----------------------------------------

local slots = {}
local narrowest  -- array of {mask=, value=, index=} of the base rows

local function popcount(v)
  local n = 0
  while v ~= 0 do
    v, n = v & v - 1, n + 1
  end
  return n
end

-- The fixed bits of all base rows, without compiling any.
local function read_fixed_bits()
  local function dots(width) return ("."):rep(width) end
  local function should(ones) return dots(#ones) end
  narrowest = {}
  for i = 1, isa.count() do
    if raw[i][5] == i then
      local bits = raw[i][2]:match "^[^!?]*":gsub("%a%w*:(%d+)[=%w]*", dots)
        :gsub("%((1+)%)", should):gsub("%s", "")
      local value = tonumber(bits:gsub("%.", "0"), 2)
      local mask = tonumber(bits:gsub("%d", "1"):gsub("%.", "0"), 2)
      narrowest[#narrowest + 1] =
        { mask = mask, value = value, index = i, bits = popcount(mask) }
    end
  end
  table.sort(narrowest, function(x, y)
    if x.bits ~= y.bits then return x.bits > y.bits end
    return x.index < y.index
  end)
end

-- The base rows that a word with bits 31..21 = `slot` can be, the narrowest
-- first (of two rows that share words, one lies inside the other).
function isa.slot(slot)
  if not narrowest then read_fixed_bits() end
  local chain = {}
  for _, fixed in ipairs(narrowest) do
    if slot & fixed.mask >> 21 == fixed.value >> 21 then
      chain[#chain + 1] = isa.row(fixed.index)
    end
  end
  return chain
end

-- The base row of a word, or nil where it is UNDEFINED.
function isa.find(w)
  local slot = w >> 21
  local chain = slots[slot]
  if not chain then
    chain = isa.slot(slot)
    slots[slot] = chain
  end
  for i = 1, #chain do
    local row = chain[i]
    if w & row.mask == row.value then
      local legal = row.legal
      if legal and not legal(w) then return nil end
      return row
    end
  end
end

-- The alias that the disassembler prefers for a word of `base`, or `base`.
function isa.spelling(base, w)
  local aliases = base.aliases or isa.aliases(base)
  for i = 1, #aliases do
    local row = aliases[i]
    if w & row.mask == row.value then
      local prefer = row.prefer
      if not prefer or prefer(w) then return row end
    end
  end
  return base
end

-- Checks --------------------------------------------------------------------

local function inside(a, b)  -- every word of a is a word of b
  return a.mask & b.mask == b.mask and a.value & b.mask == b.value
end

local function disjoint(a, b)
  local both = a.mask & b.mask
  return a.value & both ~= b.value & both
end

-- Raises unless the table keeps its promises: 32 bits in every row, base rows
-- disjoint or nested, aliases inside their base, one place for a field name.
-- Returns the places: name -> {lo=, width=}.
function isa.check()
  local all, places, names = isa.rows(), {}, {}
  local function check_row(row)
    local where = row.name .. " " .. row.mnemonic
    assert(row.bits == 32, where .. ": has " .. row.bits .. " bits")
    assert(row.alias or not names[row.name], where .. ": name used twice")
    names[row.name] = true
    assert(not row.alias or inside(row, row.base), where .. ": not in base")
    for _, f in ipairs(row.fields) do
      local p = places[f.name] or f
      assert(p.lo == f.lo and p.width == f.width,
        where .. ": field " .. f.name .. " has another place elsewhere")
      places[f.name] = p
    end
  end
  for i, row in ipairs(all) do
    check_row(row)
    for _, alias in ipairs(isa.aliases(row)) do check_row(alias) end
    for j = 1, i - 1 do
      local other = all[j]
      assert(disjoint(row, other) or inside(row, other)
        or inside(other, row), row.name .. " overlaps " .. other.name)
    end
  end
  return places
end

return isa
