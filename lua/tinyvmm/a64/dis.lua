-- SPDX-License-Identifier: MIT
-- Words to text, exactly as binutils 2.40 prints them for `objdump -D -b binary
-- -m aarch64`, without its trailing notes.  A row becomes one function the
-- first time a word of it is met: mnemonic, tab, operands.
local isa = require "tinyvmm.a64.isa"
local print = require "tinyvmm.a64.print"

local dis = {}

local function undefined(w)
  return (".inst\t0x%08x"):format(w)
end

-- A function(word) for the letters that a kind in the mnemonic stands for.
local function suffix_letters(kind, row)
  local suffix = isa.suffixes[kind]
  local places, width = {}, 0
  for k, name in ipairs(suffix.fields) do
    places[k] = row.field[name]
    width = width + places[k].width
  end
  local letters = {}
  for value = 0, (1 << width) - 1 do
    local bits = ""
    for i = width - 1, 0, -1 do bits = bits .. (value >> i & 1) end
    for _, way in ipairs(suffix) do
      if bits:find("^" .. table.concat(way, "", 2) .. "$") then
        letters[value] = way[1]
        break
      end
    end
  end
  local a, b = places[1], places[2]
  local mask = (1 << a.width) - 1
  if not b then return function(w) return letters[w >> a.lo & mask] end end
  local mask_b = (1 << b.width) - 1
  return function(w)
    return letters[(w >> a.lo & mask) << b.width | w >> b.lo & mask_b]
  end
end

-- A function(word) for the mnemonic and the tab after it.
local function mnemonic(row)
  local text = row.mnemonic .. (#row.operands > 0 and "\t" or "")
  if not text:find("{", 1, true) then
    return function() return text end, text
  end
  local parts = {}
  for literal, kind in text:gmatch "([^{]*){(%w+)}" do
    parts[#parts + 1] = { literal, suffix_letters(kind, row) }
  end
  local tail = text:match "[^}]*$"
  local one, two = parts[1], parts[2]
  if not two then
    return function(w) return one[1] .. one[2](w) .. tail end
  end
  return function(w)
    return one[1] .. one[2](w) .. two[1] .. two[2](w) .. tail
  end
end

-- A function(word, pc, symbolize) -> text for a row.
local function printer(row)
  if row.mnemonic == "-" then return undefined end
  local head = mnemonic(row)
  local kinds = {}
  for i, kind in ipairs(row.operands) do
    kinds[i] = assert(print[kind], "no operand kind " .. kind)
  end
  local a, b, c, d = table.unpack(kinds)
  if #kinds == 0 then
    return head
  elseif #kinds == 1 then
    return function(w, pc, sym) return head(w) .. a(w, pc, sym) end
  elseif #kinds == 2 then
    return function(w, pc, sym)
      return head(w) .. a(w) .. ", " .. b(w, pc, sym)
    end
  elseif #kinds == 3 then
    return function(w, pc, sym)
      return head(w) .. a(w) .. ", " .. b(w) .. ", " .. c(w, pc, sym)
    end
  elseif #kinds == 4 then
    return function(w)
      return head(w) .. a(w) .. ", " .. b(w) .. ", " .. c(w) .. ", " .. d(w)
    end
  end
  return function(w)
    local text = {}
    for i, kind in ipairs(kinds) do text[i] = kind(w) end
    return head(w) .. table.concat(text, ", ")
  end
end

-- The text of the word at address pc (default 0): "add\tx0, x1, #0x4", and
-- ".inst\t0x00c0ffee" for what no row describes.  symbolize(address) may return
-- text to print in place of a branch target or PC-relative address.
function dis.word(w, pc, symbolize)
  local row = isa.find(w)
  if not row then return undefined(w) end
  row = isa.spelling(row, w)
  local text = row.print
  if not text then
    text = printer(row)
    row.print = text
  end
  return text(w, pc or 0, symbolize)
end

return dis
