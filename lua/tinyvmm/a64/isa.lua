-- SPDX-License-Identifier: MIT
-- The one table of instructions at run time. compiled.lua holds the rows, made
-- from rows/*.lua by `make gen`; this module hands them out: to the assembler
-- by mnemonic (`candidates`), to the disassembler by bits (`find`).
--
-- Everything is lazy: a row becomes a table when it is first asked for. Rows
-- never change, and rows of the same shape share their field tables:
--   name      "ADD_i", of the base row for aliases too      alias  boolean
--   mask, value   the fixed bits; init = value plus the bits that should be 1
--   fields    array of {name=, lo=, width=, same=name or nil}; field[name]
--   mnemonic  "add"; operands = array of operand kinds, {"Rd.sp", "aimm"}
--   legal     nil or function(word): the base row's `!` rule and `=` fields
--   prefer    nil or function(word): this alias's `?` preference
--   base      the base row (itself, for a base row); place = a number that
--             grows along the table
-- README.md has the notation and the operand kinds.
local byte, find, match, sub, unpack = string.byte, string.find,
  string.match, string.sub, string.unpack
local tonumber = tonumber

local isa = {}

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
  ["2"] = { fields = { "Q" }, { "", "0" }, { "2", "1" } },
  bt = { fields = { "Q" }, { "b", "0" }, { "t", "1" } },
  ab = { fields = { "keyb" }, { "a", "0" }, { "b", "1" } },
  ldrab = { fields = { "ldrab" }, { "a", "0" }, { "b", "1" } },
  pme = { fields = { "stage" }, { "p", "00" }, { "m", "01" }, { "e", "10" } },
  spme = { fields = { "setst" }, { "p", "00" }, { "m", "01" }, { "e", "10" } },
  set = { fields = { "setopt" },
    { "", "00" }, { "t", "01" }, { "n", "10" }, { "tn", "11" } },
  cpy = { fields = { "cpyopt" },
    { "", "0000" }, { "wt", "0001" }, { "rt", "0010" }, { "t", "0011" },
    { "wn", "0100" }, { "wtwn", "0101" }, { "rtwn", "0110" },
    { "twn", "0111" }, { "rn", "1000" }, { "wtrn", "1001" },
    { "rtrn", "1010" }, { "trn", "1011" }, { "n", "1100" },
    { "wtn", "1101" }, { "rtn", "1110" }, { "tn", "1111" } },
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

-- What preferences may call ---------------------------------------------------

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

-- Rows -----------------------------------------------------------------------

local compiled, text, rules      -- compiled.lua, its rows and rules, when used

local function load_rows()
  compiled = require "tinyvmm.a64.compiled"
  text = compiled.rows
  rules = compiled.rules(env.limm_is_wide, env.sysop, env.sysop_xt)
end

-- The words of the line at p of a text, passed through `map` if there is one.
local function words_at(lines, p, map)
  local list, n = {}, 0
  local stop = find(lines, "\n", p, true)
  while p < stop do
    local q = find(lines, " ", p, true)
    if not q or q > stop then q = stop end
    local word = sub(lines, p, q - 1)
    n = n + 1
    list[n] = map and map[word] or word
    p = q + 1
  end
  return list
end

-- Fields by how shapes write them: "0505rn", "1601N=sf".
local fields = setmetatable({}, { __index = function(t, written)
  local lo, width, name, same = match(written, "^(%x%x)(%x%x)(%w+)=?(%w*)$")
  local field = { name = name, lo = tonumber(lo, 16),
    width = tonumber(width, 16), same = same ~= "" and same or nil }
  t[written] = field
  return field
end })

-- The line at p of compiled.shapes: an array of fields, and the same by name.
local shapes = setmetatable({}, { __index = function(t, p)
  local list, by_name = words_at(compiled.shapes, tonumber(p), fields), {}
  for i = 1, #list do by_name[list[i].name] = list[i] end
  local shape = { list, by_name }
  t[p] = shape
  return shape
end })

local operands = setmetatable({}, { __index = function(t, p)
  local list = words_at(compiled.operands, tonumber(p))
  t[p] = list
  return list
end })

local rows = {}

-- The row whose line stands at `place` in compiled.rows.
local function row_at(place)
  local row = rows[place]
  if row then return row end
  local mask, value, init, rule, shape, kinds, base, at =
    unpack("c8xc8xc8xc3xc5xc4xc5x", text, place)
  local blank = find(text, " ", at, true)
  base = base ~= "00000" and row_at(tonumber(base)) or nil
  rule, shape = rules[tonumber(rule)], shapes[shape]
  local name = match(text, "^[^\n]*", blank + 1)
  row = {
    name = base and base.name or name,
    alias = base ~= nil, place = place, mask = tonumber(mask, 16),
    value = tonumber(value, 16), init = tonumber(init, 16),
    fields = shape[1], field = shape[2], mnemonic = sub(text, at, blank - 1),
    operands = operands[kinds], base = base, legal = rule,
    prefer = nil, aliases = nil, print = nil
  }
  if base then row.legal, row.prefer = base.legal, rule
  else row.base = row end
  rows[place] = row
  return row
end

local all, bases

local function read_all()
  if not compiled then load_rows() end
  all, bases = {}, {}
  local place = 1
  while place <= #text do
    local row = row_at(place)
    all[#all + 1] = row
    if row.alias then table.insert(row.base.aliases, row)
    else row.aliases, bases[#bases + 1] = {}, row end
    place = find(text, "\n", place, true) + 1
  end
end

-- The row of index i, in table order, aliases included.
function isa.row(i)
  if not all then read_all() end
  return all[i]
end

-- The number of rows, aliases included.
function isa.count()
  if not all then read_all() end
  return #all
end

-- Array of all base rows in table order. Each has in `aliases` an array of its
-- aliases, in the order in which the disassembler tries them.
function isa.rows()
  if not all then read_all() end
  return bases
end

-- By mnemonic: the assembler's way in ---------------------------------------

-- A row with the letters of its mnemonic chosen: `fixed` maps a field to its
-- bits, a pattern of 0, 1 and, where a bit stays open, ".".
local function narrow(row, fixed, mnemonic)
  local out = {}
  for k, v in pairs(row) do out[k] = v end
  out.fields, out.field, out.mnemonic = {}, {}, mnemonic
  local mask, value = row.mask, row.value
  for _, f in ipairs(row.fields) do
    local bits = fixed[f.name]
    for k = 1, bits and f.width or 0 do
      local digit = tonumber(sub(bits, k, k))
      if digit then
        mask = mask | 1 << f.lo + f.width - k
        value = value | digit << f.lo + f.width - k
      end
    end
    if bits == "1." then f = { name = "x", lo = f.lo, width = 1 }
    elseif bits and not find(bits, ".", 1, true) then f = nil end
    if f then out.fields[#out.fields + 1], out.field[f.name] = f, f end
  end
  out.mask, out.value, out.init = mask, value, row.init | value
  return out
end

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

-- Calls visit(place, braced) for each row whose mnemonic is `stem`, up to the
-- first brace if it has one.
local function each_place(stem, visit)
  local lines = compiled.stems[sub(stem, 1, 1)]
  local _, at = find(lines, "\n" .. stem .. " ", 1, true)
  while at and byte(lines, at + 1) ~= 10 do           -- "00162." or "00162{"
    visit(tonumber(sub(lines, at + 1, at + 5)), byte(lines, at + 6) == 123)
    at = at + 6
  end
end

-- An array of the rows at some places, each made when it is looked at.
local function rows_at(places)
  return setmetatable({}, {
    __len = function() return #places end,
    __index = function(t, i)
      t[i] = places[i] and row_at(places[i])
      return rawget(t, i)
    end
  })
end

-- The narrowed rows for a mnemonic that is `stem` and letters for braces.
local function add_narrowed(out, place, stem, mnemonic)
  local row, ways = row_at(place), {}
  spell(sub(row.mnemonic, #stem + 1), sub(mnemonic, #stem + 1), {}, ways)
  for _, fixed in ipairs(ways) do
    out[#out + 1] = narrow(row, fixed, mnemonic)
  end
end

local function candidate_rows(mnemonic)
  local places, narrowed = {}, {}
  for n = 1, #mnemonic do
    local stem = sub(mnemonic, 1, n)
    each_place(stem, function(place, braced)
      if braced then add_narrowed(narrowed, place, stem, mnemonic)
      elseif stem == mnemonic then places[#places + 1] = place end
    end)
  end
  if #narrowed == 0 then return rows_at(places) end
  for _, place in ipairs(places) do narrowed[#narrowed + 1] = row_at(place) end
  table.sort(narrowed, function(a, b)
    if a.place ~= b.place then return a.place < b.place end
    return a.value < b.value
  end)
  return narrowed
end

local by_mnemonic = {}

-- Array, perhaps empty, of the rows and aliases that spell `mnemonic` (lower
-- case), in table order.  Letters of the mnemonic are already fixed bits of
-- the row.  The same table on every call: do not change it.
function isa.candidates(mnemonic)
  local found = by_mnemonic[mnemonic]
  if found then return found end
  if not compiled then load_rows() end
  if not compiled.stems[sub(mnemonic, 1, 1)] then return {} end
  found = candidate_rows(mnemonic)
  if #found > 0 then by_mnemonic[mnemonic] = found end
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
  local set, list = {}, {}
  for i = 1, isa.count() do
    local written = isa.row(i).mnemonic
    if written ~= "-" then expand(written, "", set) end
  end
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- By bits: the disassembler's way in -----------------------------------------

-- For bits 31..21 of a word the base rows that it can be, the first that fits
-- being right: made when first asked for.
local slots = setmetatable({}, { __index = function(t, slot)
  if not compiled then load_rows() end
  local at = 5 * slot
  local chain = words_at(compiled.chains,
    tonumber(sub(compiled.slots, at + 1, at + 5)))
  for i, place in ipairs(chain) do chain[i] = row_at(tonumber(place)) end
  t[slot] = chain
  return chain
end })

-- The base row of a word, or nil where it is UNDEFINED.
function isa.find(w)
  local chain = slots[w >> 21]
  for i = 1, #chain do
    local row = chain[i]
    if w & row.mask == row.value then
      local legal = row.legal
      if legal and not legal(w) then return nil end
      return row
    end
  end
end

-- The lines after a base row that begin with a base of their own.
local function aliases_of(base)
  local list = {}
  local place = find(text, "\n", base.place, true) + 1
  while place <= #text do
    local row = row_at(place)
    if row.base ~= base then break end
    list[#list + 1] = row
    place = find(text, "\n", place, true) + 1
  end
  base.aliases = list
  return list
end

-- The alias that the disassembler prefers for a word of `base`, or `base`.
function isa.spelling(base, w)
  local aliases = base.aliases or aliases_of(base)
  for i = 1, #aliases do
    local row = aliases[i]
    if w & row.mask == row.value then
      local prefer = row.prefer
      if not prefer or prefer(w) then return row end
    end
  end
  return base
end

return isa
