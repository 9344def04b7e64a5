-- SPDX-License-Identifier: MIT
-- One instruction, from text to word, twice:
-- `encode` tries the rows of the mnemonic operand by operand and takes the one
-- that the disassembler would print back. It is exact and explains its errors.
-- `lookup` is the fast way, fed by encode. A statement is seen as a mnemonic
-- and up to four atoms: the text up to a comma, then each comma with the text
-- after it (the last atom takes the remaining ones). Every atom has a class
-- ("x", "[w", "sp", "", anything else "i"); mnemonic and classes lead through a
-- tree to a leaf. In a leaf each register atom has one place in the word, where
-- its number goes whatever the others are; the rest of the word depends only
-- on the other atoms, so it is remembered by their text. What consulted a
-- symbol is never remembered; plain labels become fixups by name.
-- The cache holds pure functions of text, so all assemblies share it.

local isa = require "tinyvmm.a64.isa"
local cursor = require "tinyvmm.a64.cursor"
local lint = require "tinyvmm.a64.lint"
local parser = require "tinyvmm.a64.parse"

local byte, find, sub, match = string.byte, string.find, string.sub,
  string.match
local kinds, show, reg_at = parser.kinds, parser.show, parser.reg_at

local M = {}

-- Classes of atoms --------------------------------------------------------

local ATOM = "^,?[ \t\r]*(%[?)[ \t]*(#?:?[%w_.$:]+)[ \t]*(%]?!?)[ \t\r]*$"

local number_of, symbol_of       -- atom -> register number, -> label
local BANKS = { x = 30, w = 30, b = 31, h = 31, s = 31, d = 31, q = 31 }

local function classify(t)
  if t == "" then return "" end
  local open, word, close = match(t, ATOM)
  if not open then
    -- Text that the statement level must see, and pool literals, stay out.
    if find(t, '[;"/=\']') or find(t, "^,%s*$") then return "?" end
    local shift = match(t, "^,[ \t\r]*(%l+ ?#?%d+%]?)[ \t\r]*$")
    return shift or "i" .. match(t, "(%]?!?)[ \t\r]*$")
  end
  local n, arrangement = match(word, "^[vV](%d%d?)(%.%d*[bhsdBHSD])$")
  if n and open == "" and close == "" and n + 0 < 32 then
    number_of[t] = math.tointeger(n)
    return arrangement:lower()
  end
  local r = cursor.register(word)
  if r then
    if r.n > (BANKS[r.bank] or -1) then return open .. word:lower() .. close end
    number_of[t] = r.n
    return open .. r.bank .. close
  end
  local label = match(word, "^[%a_.$][%w_.$]*$") or match(word, "^%d+[bf]$")
  if label and open == "" and close == "" then
    if label == "." then return "?" end
    symbol_of[t] = label
    return find(label, "^%d") and "num" or "id"
  end
  label = match(word, "^#?:lo12:([%a_.$][%w_.$]*)$")
  if label and label ~= "." then
    symbol_of[t] = label
    return open .. "lo12" .. close
  end
  if find(word, ":", 1, true) then return "?" end
  return "i" .. close
end

-- The cache ------------------------------------------------------------------

local class, tree, slots, size

-- Slots for a register whose number goes to bit lo (and lo2, if a row repeats
-- it), made on first use.
local function register_slot(lo, lo2)
  local key = lo2 and lo << 8 | lo2 | 1 << 16 or lo
  local slot = slots[key]
  if not slot then
    slot = setmetatable({}, { __index = function(t, text)
      local n = number_of[text]
      if not n then return nil end
      local v = n << lo | (lo2 and n << lo2 or 0)
      t[text] = v
      return v
    end })
    slots[key] = slot
  end
  return slot
end

local nothing = { __index = function(t, text)
  t[text] = 0
  return 0
end }

function M.forget()
  number_of, symbol_of, tree, slots, size = {}, {}, {}, {}, 0
  class = setmetatable({}, { __index = function(t, text)
    local c = classify(text)
    t[text], size = c, size + 1
    return c
  end })
  slots.zero = setmetatable({}, nothing)
end
M.forget()

-- Called before an assembly: the cache may grow by what one text holds, but
-- not for ever.
function M.trim()
  if size > 100000 then M.forget() end
end

-- A cached word for a mnemonic and its atoms: word, fixup kind and label (nil,
-- nil if it needs none); nil if encode must have a look.
function M.lookup(m, a, b, c, d)
  local leaf = tree[m]
  if not leaf then return end
  leaf = leaf[class[a]]
  if not leaf then return end
  leaf = leaf[class[b]]
  if not leaf then return end
  leaf = leaf[class[c]]
  if not leaf then return end
  leaf = leaf[class[d]]
  if not leaf then return end
  local wa, wb, wc, wd = leaf[1][a], leaf[2][b], leaf[3][c], leaf[4][d]
  if wa and wb and wc and wd then
    local rest = leaf.rest
    if not rest then
      rest = leaf.joint[leaf.key(a, b, c, d)]
      if not rest then return end
    end
    local fix = leaf.fix
    if fix then
      local i = leaf.at
      if not i then                     -- fix is a check, not a fixup
        local w = rest | wa | wb | wc | wd
        if fix(w) then return end
        return w
      end
      return rest | wa | wb | wc | wd, fix,
        symbol_of[i == 2 and b or i == 3 and c or i == 1 and a or d]
    end
    return rest | wa | wb | wc | wd
  end
end

-- A function that joins the atoms of the given numbers into one key.
local function key_maker(list)
  local names = {}
  for i, n in ipairs(list) do names[i] = sub("abcd", n, n) end
  return load("local a, b, c, d = ... return "
    .. table.concat(names, " .. ',' .. "), "=key")
end

-- Where the number of register atom i goes: bit, and bit of its repetition.
local function place_of(row, kind, first)
  if not kind then return end
  local lo = reg_at[kind]
  if not first then
    return (kind == "mem.r" or kind == "mem.rq") and 16 or nil
  end
  if lo then
    for _, f in ipairs(row.fields) do
      local same = f.same and row.field[f.same]
      if same and same.lo == lo and f.width == 5 then return lo, f.lo end
    end
  end
  return lo
end

-- The slots of the atoms, the numbers of those that are kept by their text,
-- and the word without register numbers; nil if anything is irregular.
local function shape(atoms, c, word)
  local leaf = { slots.zero, slots.zero, slots.zero, slots.zero }
  local texts, rest = {}, word
  for i = 1, 4 do
    local t = atoms[i]
    local cls = class[t]         -- first: it fills the other two
    local n = number_of[t]
    if cls == "?" then return end
    if n then
      local lo, lo2 = place_of(c.row, c.kind_of[i], c.first[i])
      if not lo or word >> lo & 31 ~= n then return end
      if lo2 and word >> lo2 & 31 ~= n then return end
      leaf[i] = register_slot(lo, lo2)
      rest = rest & ~(31 << lo) & ~(lo2 and 31 << lo2 or 0)
    elseif c.fix and symbol_of[t] == c.sym then     -- not a prefetch name
      if leaf.at then return end
      leaf.at, leaf.fix = i, c.fix
    elseif byte(cls) == 105 then        -- "i..", "id"
      texts[#texts + 1] = i
    elseif symbol_of[t] then return end
  end
  if c.fix and not leaf.at then return end
  leaf.fix = leaf.fix or lint.of(word)
  return leaf, texts, rest
end

local function same_shape(a, b)
  for i = 1, 4 do
    if a[i] ~= b[i] and i ~= a.own then return false end
  end
  return a.fix == b.fix and a.at == b.at
end

-- The value of an atom that is a plain number, perhaps the end of an address.
local function plain_number(text)
  local t = match(text, "^,?[ \t]*#?(-?[1-9]%d*)%]?!?[ \t\r]*$")
    or match(text, "^,?[ \t]*#?(-?0x%x+)%]?!?[ \t\r]*$")
    or match(text, "^,?[ \t]*#?(0)%]?!?[ \t\r]*$")
  return t and #t < 16 and math.tointeger(tonumber(t))
end

-- The slot of the one text that decides the rest of the word. Most immediates
-- enter the word by a simple rule in their usual range (parse.linear): then a
-- new number needs no encode either.
local function own_slot(leaf)
  return setmetatable({}, { __index = function(t, text)
    local linear = leaf.linear
    local v = linear and plain_number(text)
    local bits = v and linear(v, leaf.base)
    if not bits then return nil end
    t[text] = leaf.base | bits
    return leaf.base | bits
  end })
end

-- Does the operand of the deciding text follow such a rule?
local function find_rule(leaf, c, rest)
  local rule = parser.linear[c.kind_of[leaf.own]]
  if rule and not (rule.base_only and c.row.alias)
    and rest & (rule.zero or 0) == 0 then
    leaf.linear, leaf.base = rule.bits, rest & ~rule.mask
  end
end

-- Remember what encode found for a statement without symbols or with one
-- label. Leaves differ in how the rest of the word is found: it is constant,
-- or kept in the slot of the one atom that decides it, or under a joint key.
local function remember(m, atoms, c, word)
  local leaf, texts, rest = shape(atoms, c, word)
  if not leaf then return end
  local node, step = tree, m
  for i = 1, 4 do
    node[step] = node[step] or {}
    node, step = node[step], class[atoms[i]]
  end
  local old = node[step]
  if not old then
    old = leaf
    if #texts == 0 then leaf.rest = rest
    elseif #texts == 1 and not leaf.at then
      leaf.rest, leaf.own, leaf[texts[1]] = 0, texts[1], own_slot(leaf)
    else
      leaf.joint, leaf.key = {}, key_maker(texts)
    end
    node[step] = leaf
  elseif not same_shape(old, leaf) then return end
  if old.own then
    old[old.own][atoms[old.own]] = rest
    if not old.linear then find_rule(old, c, rest) end
  elseif old.joint then
    old.joint[old.key(table.unpack(atoms))] = rest
  end
end

-- Trying rows ----------------------------------------------------------------

local function copy_fields(row, w)
  for _, f in ipairs(row.fields) do
    local from = f.same and row.field[f.same]
    if from then
      local v = w >> from.lo & (1 << from.width) - 1
      w = w & ~((1 << f.width) - 1 << f.lo) | v << f.lo
    end
  end
  return w
end

local function refuse_tail(c, k)
  c.operand = k
  if find(c.s, "^[ \t\r]*$", c.p) then
    return cursor.miss(c, c.p, cursor.CLOSE, "missing operand")
  end
  local text = match(c.s, "^[ \t]*(,?[ \t]*[^,%s]*)", c.p)
  cursor.miss(c, c.p, cursor.OTHER, "unexpected '%s'%s", text,
    find(text, "^[@;]") and "; a comment begins with //" or "")
end

-- One row against the operands at q: the word, or nil and a miss.
local function try(c, row, q)
  c.row, c.w, c.p = row, row.init, q
  c.wide, c.fix, c.sym, c.pool, c.value = nil, nil, nil, nil, nil
  c.esize, c.known, c.arranged, c.doubt = nil, 0, nil, nil
  local operands, starts = row.operands, c.starts
  for k = 1, #operands do
    if k > 1 and not cursor.comma(c) then return refuse_tail(c, k) end
    c.operand, starts[k] = k, c.p
    if not kinds[operands[k]](c) then return end
  end
  if find(c.s, "[^ \t\r]", c.p) then return refuse_tail(c, #operands + 1) end
  local w = copy_fields(row, c.w)
  local legal = row.base.legal
  if w & row.mask ~= row.value or legal and not legal(w) then
    if c.arranged and legal and parser.reserved(c, w, legal) then return end
    return cursor.miss(c, q, cursor.RANGE,
      "this combination of operands is reserved")
  end
  return w
end

-- The forms of those rows that understood most of the text.
local function forms(rows, reached)
  local out, seen = {}, {}
  local far = math.max(table.unpack(reached))
  for i, row in ipairs(rows) do
    local texts = {}
    for k, kind in ipairs(row.operands) do texts[k] = show[kind] or kind end
    local text = row.mnemonic
    if #texts > 0 then text = text .. " " .. table.concat(texts, ", ") end
    if not seen[text] and reached[i] == far then
      seen[text] = true
      out[#out + 1] = text
    end
  end
  if #out > 4 then out[5] = ".." end
  return "; valid forms: " .. table.concat(out, " | ", 1, math.min(#out, 5))
end

-- Go through the rows again, for the best thing to say, and say it.
local function complain(c, rows, q)
  c.quiet, c.mem = false, nil
  local reached = {}
  for i = 1, #rows do
    try(c, rows[i], q)
    reached[i] = c.operand
  end
  local msg = c.message
  if find(msg, "^missing operand") or find(msg, "^unexpected") then
    msg = msg .. forms(rows, reached)
  end
  error({ col = math.min(c.miss_at, #c.s + 1), msg = msg }, 0)
end

local function unknown(m, s, p)
  local hint = require "tinyvmm.a64.nearest".hint(m:lower(), isa.mnemonics)
  if find(sub(s, 1, p - 1), ";[ \t]*$")
    and find(s, "^[ \t]+%a[^,#]*$", p + #m) then
    hint = "; if it is a comment: those begin with //"
  end
  error({ col = p, msg = ("unknown instruction '%s'%s"):format(m, hint) }, 0)
end

-- The conditions have other names after SVE instructions.
local VECTOR_CONDITIONS = { ["b.none"] = "b.eq", ["b.any"] = "b.ne",
  ["b.nlast"] = "b.cs", ["b.last"] = "b.cc", ["b.first"] = "b.mi",
  ["b.nfrst"] = "b.pl", ["b.pmore"] = "b.hi", ["b.plast"] = "b.ls",
  ["b.tcont"] = "b.ge", ["b.tstop"] = "b.lt" }

local function rows_of(m)
  local name = m:lower()
  local rows = isa.candidates(name)
  if #rows == 0 and find(name, "^b%l%l$") then   -- beq is b.eq
    rows = isa.candidates("b." .. sub(name, 2))
  elseif #rows == 0 and VECTOR_CONDITIONS[name] then
    rows = isa.candidates(VECTOR_CONDITIONS[name])
  end
  return rows
end

-- Is it the name of an instruction?
function M.known(m) return #rows_of(m) > 0 end

-- The operand kind that each atom belongs to, and whether it begins it.
local function map_atoms(c, q)
  c.kind_of, c.first = {}, {}
  local row, p, atom = c.row, q, 1
  for k, kind in ipairs(row.operands) do
    while true do                         -- commas before this operand
      local e = find(c.s, ",", p, true)
      if not e or e >= c.starts[k] then break end
      p, atom = e + 1, atom + 1
    end
    c.first[atom] = true
    for i = atom, 4 do c.kind_of[i] = kind end
  end
end

-- encode(A, s, p, m, q): the instruction m at p of s with operands from q on.
-- Returns the cursor (w; fix and sym, or fix and value; pool; doubt: a
-- warning), or nil if a symbol must be known first. Raises { col, msg }.
function M.encode(A, s, p, m, q)
  local rows = rows_of(m)
  if #rows == 0 then unknown(m, s, p) end
  A.used_symbol = false
  local c = { A = A, s = s, score = -1, operand = 1, starts = {}, quiet = true }
  local word, spare
  for i = 1, #rows do
    local row = rows[i]
    local w = try(c, row, q)
    if w then
      if not row.alias or not row.prefer or row.prefer(w) then
        word = w
        break
      end
      spare = spare or row
    end
  end
  word = word or spare and try(c, spare, q)
  if word then
    c.w, c.strange = word, c.doubt
    local check = lint.of(word)
    c.doubt = c.doubt or check and check(word)
    return c
  end
  if c.defer then return nil end
  complain(c, rows, q)
end

-- Feed the cache with what encode returned; a to d are the atoms of lookup.
-- Only for what did not consult a symbol: its value may change.
function M.learn(c, m, q, a, b, cc, d)
  if c.pool or c.value or c.strange then return end
  map_atoms(c, q)
  remember(m, { a, b, cc, d }, c, c.w)
end

return M
