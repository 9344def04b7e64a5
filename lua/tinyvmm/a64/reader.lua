-- SPDX-License-Identifier: MIT
-- Reads the notation of rows/*.lua (README.md tells it) into row tables, and
-- checks that the table keeps its promises. Only gen.lua and tests come here:
-- whoever assembles or disassembles gets the rows from compiled.lua by isa.lua.
-- A row read here:
--   name      "ADD_i", of the base row for aliases too      alias  boolean
--   place     1, 2, 3 ..        base  the base row (itself, if it is one)
--   mask, value   the fixed bits; init = value plus the bits that should be 1
--   fields    array of {name=, lo=, width=, same=name or nil}; field[name]
--   mnemonic  "ld{a}xr{bh}"; operands = "Rd.sp Rn.sp aimm"
--   condition nil or text: the `!` rule or `?` preference and the `=` fields
--   feature   nil, or array of {condition or nil, "FP16"}: what the row needs
--   first     true: a row that wins wherever it overlaps another
local rules = require "tinyvmm.a64.rows.rules"

local reader = {}

reader.groups = {
  "dp_imm", "dp_reg", "branch", "pauth", "ldst", "atomic", "mte", "ldst_fp",
  "fp", "simd_move", "simd_same", "simd_elem", "simd_misc", "simd_shift",
  "crypto",
}

-- Reads the bits of a row, bit 31 first.
local function read_bits(row, bits)
  local lo, mask, value, should = 32, 0, 0, 0
  for token in bits:gmatch "%S+" do
    local name, width, same = token:match "^(%a%w*):(%d+)=?(%w*)$"
    local hint = token:match "^%(([01]+)%)$"
    if name then
      lo = lo - math.tointeger(width)
      local f = { name = name, lo = lo, width = math.tointeger(width),
        same = same ~= "" and same or nil }
      row.fields[#row.fields + 1], row.field[name] = f, f
    elseif hint then
      lo = lo - #hint
      should = should | tonumber(hint, 2) << lo
    elseif not token:find "[^01]" then
      lo = lo - #token
      mask = mask | (1 << #token) - 1 << lo
      value = value | tonumber(token, 2) << lo
    else
      error(row.name .. ": cannot read bits '" .. token .. "'")
    end
  end
  row.bits, row.mask, row.value, row.init = 32 - lo, mask, value,
    value | should
end

-- The `=` fields and the named rule of a row as one expression, or nil.
local function conditions(row, named)
  local all = {}
  for _, f in ipairs(row.fields) do
    local b = row.alias and row.base.field[f.name]
    if f.same and not (b and b.same == f.same) then
      all[#all + 1] = ("%s == %s"):format(f.name, f.same)
    end
  end
  if named ~= "" then
    all[#all + 1] = assert(rules[row.alias and "prefer" or "legal"][named],
      "no rule " .. named)
  end
  if #all == 0 then return nil end
  return "(" .. table.concat(all, ") and (") .. ")"
end

-- "FP16", or the name of conditions in rules.feature.
local function read_feature(name, where)
  if not name then return nil end
  if name:find "^%u" then return { { nil, name } } end
  return assert(rules.feature[name], where .. ": no feature rule " .. name)
end

local function read_row(name, bits, syntax, base)
  local plain, first = name:match "^([^^]+)(^?)$"
  local row = { name = base and base.name or plain, alias = base ~= nil,
    first = first == "^" or nil, fields = {}, field = {} }
  row.base = base or row
  local mnemonic, operands = syntax:match "^(%S+) ?(.*)$"
  row.mnemonic = mnemonic
  row.operands = operands:gsub("{([^}]+)},?", "%1")
  local rest, feature = bits:match "^([^@]*)@ ([%w_]+)%s*$"
  row.feature = read_feature(feature, row.name)
  local drawn, mark, named = (rest or bits)
    :match "^([^!?]*)([!?]?)%s*([%w_]*)%s*$"
  assert(drawn and (mark == "" or (mark == "?") == row.alias),
    row.name .. ": cannot read '" .. bits .. "'")
  read_bits(row, drawn)
  row.condition = conditions(row, named)
  return row
end

-- Array of all rows of a text, in table order; aliases follow their base.
function reader.read(text)
  local rows, base = {}, nil
  for line in text:gmatch "[^\n]+" do
    local name, bits, syntax = line:match "^(%S+) +([^;]+); (.*)$"
    assert(name and (name ~= "~" or base), "cannot read row '" .. line .. "'")
    local row = read_row(name, bits, syntax, name == "~" and base or nil)
    base, row.place = row.base, #rows + 1
    rows[row.place] = row
  end
  return rows
end

-- All rows of the project.
function reader.rows()
  local texts = {}
  for i, group in ipairs(reader.groups) do
    texts[i] = require("tinyvmm.a64.rows." .. group)
  end
  return reader.read(table.concat(texts))
end

-- Decoding -------------------------------------------------------------------

local function popcount(v)
  local n = 0
  while v ~= 0 do
    v, n = v & v - 1, n + 1
  end
  return n
end

-- The base rows among `list`, the narrowest first: of two rows that share
-- words, one lies inside the other, or is marked to win.
function reader.narrowest(list)
  local out, fixed_bits = {}, {}
  for _, row in ipairs(list) do
    if not row.alias then
      out[#out + 1], fixed_bits[row] = row, popcount(row.mask)
    end
  end
  table.sort(out, function(x, y)
    if x.first ~= y.first then return x.first == true end
    if fixed_bits[x] ~= fixed_bits[y] then
      return fixed_bits[x] > fixed_bits[y]
    end
    return x.place < y.place
  end)
  return out
end

-- Those rows of an array that a word with bits 31..21 = `slot` can be.
function reader.chain(list, slot)
  local chain = {}
  for _, row in ipairs(list) do
    if slot & row.mask >> 21 == row.value >> 21 then
      chain[#chain + 1] = row
    end
  end
  return chain
end

-- Checks --------------------------------------------------------------------

local function inside(a, b)  -- every word of a is a word of b
  return a.mask & b.mask == b.mask and a.value & b.mask == b.value
end

local function disjoint(a, b)
  local both = a.mask & b.mask
  return a.value & both ~= b.value & both
end

local function check_row(row, places, names)
  local where = row.name .. " " .. row.mnemonic
  assert(row.bits == 32, where .. ": has " .. row.bits .. " bits")
  assert(row.alias or not names[row.name], where .. ": name used twice")
  names[row.name] = true
  assert(inside(row, row.base), where .. ": not in base")
  for _, f in ipairs(row.fields) do
    local p = places[f.name] or f
    assert(p.lo == f.lo and p.width == f.width,
      where .. ": field " .. f.name .. " has another place elsewhere")
    places[f.name] = p
  end
end

-- Raises unless the rows keep their promises: 32 bits in every row, base rows
-- disjoint, nested or ranked, aliases inside their base, one place for a field
-- name.
-- Returns the places: name -> {lo=, width=}.
function reader.check(rows)
  local places, names = {}, {}
  for i, row in ipairs(rows) do
    check_row(row, places, names)
    for j = 1, i - 1 do
      local other = rows[j]
      assert(row.alias or other.alias or disjoint(row, other)
        or inside(row, other) or inside(other, row)
        or row.first ~= other.first,
        row.name .. " overlaps " .. other.name)
    end
  end
  return places
end

return reader
