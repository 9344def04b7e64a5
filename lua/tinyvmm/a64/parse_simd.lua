-- SPDX-License-Identifier: MIT
-- The parse half of the operand kinds of FP and SIMD registers: scalars,
-- vectors with an arrangement (arrange.lua), elements, lists. c.known has the
-- bits of the word that arrangements have decided; c.esize is the log2 of the
-- element where imm5 holds it. Immediates are in parse_fimm.lua.

local arrangements = require "tinyvmm.a64.arrange"
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

-- "[1]", from 0 to top.
local function index(c, top)
  local p = skip(c)
  if c.s:sub(p, p) ~= "[" then
    return cursor.expected(c, "an element index such as [0]")
  end
  c.p = p + 1
  local n = cursor.imm(c, "an element index")
  if not n then return end
  if c.s:sub(skip(c), c.p) ~= "]" then return cursor.expected(c, "']'") end
  if n < 0 or n > top then
    return miss(c, p, RANGE, "index %d is outside 0 to %d", n, top)
  end
  c.p = c.p + 1
  return n
end

-- GNU as lets an element have the lanes of its vector: v0.4s[1] is v0.s[1].
local function whole(lanes, esize)
  return lanes and (lanes << esize == 8 or lanes << esize == 16)
end

-- An operand must have the element size of the ones before it.
local function same_size(c, at, esize)
  if c.esize and c.esize ~= esize then
    return miss(c, at, CLOSE, "the element sizes of the operands differ")
  end
  c.esize = esize
  return true
end

-- Does an arrangement agree with the fixed bits of the row and with what the
-- operands before it have chosen?
local function agrees(c, e)
  return (e.value ~ c.w) & e.mask & (c.row.mask | c.known) == 0
end

local function choose(c, e, bits)
  c.w = c.w | bits | e.value
  c.known = c.known | e.mask
  return true
end

-- Those of the entries that `fits` takes, in words, or nil; `form` makes a
-- name of an entry's text.
local function names(entries, form, fits)
  local list = {}
  for _, e in ipairs(entries) do
    if fits(e) then list[#list + 1] = form:format(e.text) end
  end
  return #list > 0 and table.concat(list, " or ") or nil
end

-- The entry whose text is `text`; else a miss that names what would do. The
-- first operand of a statement is noted for M.reserved.
local function entry(c, at, entries, text, form, got)
  for i = 1, #entries do
    local e = entries[i]
    if e.text == text and agrees(c, e) then
      if not c.quiet and not c.arranged then
        c.arranged = { at = at, entries = entries, form = form, got = got }
      end
      return e
    end
  end
  if c.quiet then return end
  miss(c, at, CLOSE, "expected %s, got %s",
    names(entries, form, function(e) return agrees(c, e) end)
      or "a register of another size", got)
end

-- The word is reserved: if another arrangement of the first operand that has
-- one would make it legal, that is what to say.
local function reserved(c, w, legal)
  local first = c.arranged
  local others = names(first.entries, first.form, function(e)
    return legal(w & ~e.mask | e.value)
  end)
  if not others then return end
  miss(c, first.at, CLOSE, "expected %s, got %s", others, first.got)
  return true
end

local function vector_kind(lo, entries, shown)
  return function(c)
    local at = skip(c)
    local _, e, n, text = find(c.s, "^[vV](%d%d?)%.(%d*[bhsdqBHSDQ])%f[^%w_[]",
      at)
    if not e or n + 0 > 31 then
      return cursor.expected(c, "a vector such as " .. shown)
    end
    local arrangement = entry(c, at, entries, text:lower(),
      "v" .. n .. ".%s", c.s:sub(at, e))
    if not arrangement then return end
    c.p = e + 1
    return choose(c, arrangement, math.tointeger(n) << lo)
  end
end

local function bank_kind(lo, entries, shown)
  return function(c)
    local at = skip(c)
    local name = c.s:match("^[%w_]+", at)
    local r = name and cursor.register(name)
    if not r or not SIZE[r.bank] then
      return cursor.expected(c, "a register such as " .. shown)
    end
    local size = entry(c, at, entries, r.bank, "%s" .. r.n, name)
    if not size then return end
    c.p = at + #name
    return choose(c, size, r.n << lo)
  end
end

-- Elements as a source: the bits of the index, by the place of its parts.
local HLM = { top = 7, bits = function(i)
  return (i >> 2) << 11 | (i & 3) << 20
end }
local HL = { top = 3, bits = function(i)
  return i >> 1 << 11 | (i & 1) << 21
end }
local JUST_H = { top = 1, bits = function(i) return i << 11 end }
local SM3 = { top = 3, bits = function(i) return i << 12 end }

local function by_esz(value, text, form)
  return { text = text, mask = 3 << 22, value = value << 22, form = form }
end
local function any(text, form)
  return { { text = text, mask = 0, value = 0, form = form } }
end
local sources = {
  e = { by_esz(1, "h", HLM), by_esz(2, "s", HL) },
  ef = { by_esz(0, "h", HLM), by_esz(2, "s", HL), by_esz(3, "d", JUST_H) },
  ec = { by_esz(1, "h", HL), by_esz(2, "s", JUST_H) },
  eh = any("h", HLM), e4b = any("4b", HL), e2h = any("2h", HL),
  sm3 = any("s", SM3),
}

local function source_kind(entries)
  return function(c)
    local at = skip(c)
    local _, e, n, text = find(c.s, "^[vV](%d%d?)%.(%d*[bhsdBHSD])%f[[ \t]", at)
    if not e or n + 0 > 31 then
      return cursor.expected(c, "an element such as v0."
        .. entries[1].text .. "[1]")
    end
    text = text:lower()
    local lanes, letter = text:match "^(%d+)(%a)$"
    if whole(math.tointeger(lanes), SIZE[letter]) then text = letter end
    local source = entry(c, at, entries, text, "v" .. n .. ".%s",
      c.s:sub(at, e))
    if not source then return end
    c.p = e + 1
    local i = index(c, source.form.top)
    if not i then return end
    if source.form == HLM and n + 0 > 15 then
      return miss(c, at, RANGE, "elements of halfwords come from v0 to v15")
    end
    return choose(c, source, math.tointeger(n) << 16 | source.form.bits(i))
  end
end

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
  -- Vectors -------------------------------------------------------------

  local function high(kind, lo, text)
    add(kind, text, function(c)
      local at = skip(c)
      local n, size, lanes = vector(c, text)
      if not n then return end
      local i = index(c, (16 >> size) - 1)
      if not i then return end
      if size ~= 3 or lanes and not whole(lanes, size) or i ~= 1 then
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
      if lanes and not whole(lanes, size) then
        return miss(c, at, CLOSE, "expected an element such as v0.s[1]")
      end
      local i = index(c, (16 >> size) - 1)
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

  add("Vtable", "{Vn.16b, ..}", function(c)
    local at = skip(c)
    local first, count, size, lanes = list(c)
    if not first then return end
    if size ~= 0 or lanes ~= 16 then
      return miss(c, at, CLOSE, "a table is of vectors such as v0.16b")
    end
    c.w = c.w | first << 5 | count - 1 << 13
    return true
  end)
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
    local i = index(c, (16 >> size) - 1)
    if not i then return end
    if count ~= wanted(c) then return count_is_wrong(c, at, count) end
    c.bytes = count << size
    local bits = i << size
    if size == 3 then bits = bits | 1 end
    c.w = c.w | first | bits >> 3 << 30 | (bits & 7) << 10
      | (size == 3 and 2 or size) << 14
    return true
  end)

  -- Arranged registers, made when first asked for -----------------------

  local place = { d = 0, n = 5, a = 10, m = 16 }
  for name, entries in pairs(sources) do
    add("Vm." .. name, "Vm." .. entries[1].text .. "[i]", source_kind(entries))
  end
  M.reserved = reserved
  function M.make(kind)
    local letter, reg, name = kind:match "^([VFBHSDQ])([dnam])%.?(%w*)$"
    if not letter then return end
    local lo, entries = place[reg], arrangements.vector[name]
    if letter == "V" then
      if not entries then return end
      local shown = "V" .. reg .. "." .. (#entries == 1 and entries[1].text
        or "T")
      add(kind, shown, vector_kind(lo, entries, "v0." .. entries[1].text), lo)
    elseif letter == "F" then
      entries = arrangements.scalar[name]
      if not entries then return end
      local shown = {}
      for i, e in ipairs(entries) do shown[i] = e.text:upper() .. reg end
      add(kind, table.concat(shown, "|"),
        bank_kind(lo, entries, entries[1].text .. "0"), lo)
    else
      entries = { { text = letter:lower(), mask = 0, value = 0 } }
      add(kind, kind, bank_kind(lo, entries, entries[1].text .. "0"), lo)
    end
  end
end
