-- SPDX-License-Identifier: MIT
-- The disassembler against binutils and llvm-mc: random words of every row,
-- the whole system space, fully random words.  Accepted differences stand in
-- _differences.lua, with reasons.
local test = require "tap"
local isa = require "tinyvmm.a64.isa"
local dis = require "tinyvmm.a64.dis"
local words = require "a64._words"
local differences = require "a64._differences"

local function is_inst(text)
  return text:sub(1, 5) == ".inst"
end

-- The reason why a word that binutils knows may be `.inst` for us, or nil.
local function outside_reason(w, theirs)
  for _, d in ipairs(differences.outside) do
    if w & d.mask == d.value and theirs:find(d.text) then return d.reason end
  end
end

-- Compares a batch; `known(w, theirs)` says why .inst may stand for a text.
local function compare(t, list, known)
  t.needs(words.objdump)
  local theirs = words.objdump_texts(t, list)
  for i, w in ipairs(list) do
    local ours = dis.word(w, 4 * (i - 1))
    if ours ~= theirs[i]
      and not (is_inst(ours) and known(w, theirs[i])) then
      t.eq(ours, theirs[i], ("%08x"):format(w))
    end
  end
end

local function words_of_rows(t, n)
  local list = {}
  for i = 1, isa.count() do
    for _ = 1, n do
      list[#list + 1] = words.random(isa.row(i), t.random)
    end
  end
  return list
end

test("words of every row and alias print as objdump prints them",
  function(t)
    compare(t, words_of_rows(t, 80), outside_reason)
  end)

test("every system register and operation prints as objdump prints it",
  function(t)
    local list = {}
    for key = 0, 0xffff do
      local rt = t.random(1, 4) == 1 and 31 or t.random(0, 31)
      list[#list + 1] = 0xd5000000 | key << 5 | rt
      list[#list + 1] = 0xd5200000 | key << 5 | rt
    end
    compare(t, list, outside_reason)
  end)

test("every hint, barrier and PSTATE word prints as objdump prints it",
  function(t)
    local list = {}
    for key = 0, 0x3fff do list[#list + 1] = 0xd500001f | key << 5 end
    compare(t, list, outside_reason)
  end)

-- Texts of FP/SIMD instructions that the table has; SVE operands are no excuse.
local function in_fp_set(text)
  local mnemonic, rest = text:match "^(%S+)%s*(.*)$"
  if rest:find "%f[%w][zp]%d" or rest:find "za" then return false end
  if mnemonic:find "^[ls][dt]n?[rp]$" or mnemonic:find "^[ls][dt]ur$" then
    return rest:find "^[bhsdq]%d" ~= nil
  elseif mnemonic:find "^ld[1-4]r?$" or mnemonic:find "^st[1-4]$" then
    return true
  elseif mnemonic == "fmov" then
    return not rest:find "%f[%w]h%d" and not rest:find "%.[48]h"
  end
  return mnemonic == "movi" or mnemonic == "mvni" or mnemonic == "dup"
    or mnemonic == "smov" or mnemonic == "umov" or mnemonic == "ins"
    or mnemonic == "mov" and rest:find "^[vbhsd]%d" ~= nil
end

test("fully random words print as objdump prints them, or are not our set",
  function(t)
    local list = {}
    for i = 1, 30000 do list[i] = t.random(0, 0xffffffff) end
    compare(t, list, function(w, theirs)
      return outside_reason(w, theirs) or not in_fp_set(theirs)
    end)
  end)

-- Armv8.0 with the extensions of the table, and without FP and SIMD: what llvm
-- disassembles with these must have a row, or a reason.
local integer_features = "+v8a,+lse,+crc,+rcpc,+flagm,+sb,+lor,+pan,+ccpp,"
  .. "+pauth,-fp-armv8,-neon"
local all_features = "+v8a,+lse,+crc,+rcpc,+flagm,+sb,+lor,+pan,+ccpp,+uaopsr,"
  .. "+dit,+ssbs,+mte,+tracev8.4,+spe,+bti,+predres,+am,+pan-rwv,+ccdp"

test("every integer word that llvm-mc knows has a row", function(t)
  t.needs(words.llvm, words.objdump)
  local list = words_of_rows(t, 30)
  for _ = 1, 60000 do list[#list + 1] = t.random(0, 0xffffffff) end
  -- each row with one bit changed
  for i = 1, isa.count() do
    for bit = 0, 31 do
      list[#list + 1] = words.random(isa.row(i), t.random) ~ 1 << bit
    end
  end
  local invalid = words.llvm_invalid(t, list, integer_features)
  local unknown = {}
  for i, w in ipairs(list) do
    if not invalid[i] and not isa.find(w) then unknown[#unknown + 1] = w end
  end
  local theirs = words.objdump_texts(t, unknown)
  for i, w in ipairs(unknown) do
    t.ok(outside_reason(w, theirs[i]),
      ("%08x is UNDEFINED for us: %s"):format(w, theirs[i]))
  end
end)

test("every word that has a row is known to llvm-mc", function(t)
  t.needs(words.llvm)
  local list = words_of_rows(t, 30)
  for _ = 1, 60000 do list[#list + 1] = t.random(0, 0xffffffff) end
  local invalid = words.llvm_invalid(t, list, all_features)
  for i, w in ipairs(list) do
    local row = isa.find(w)
    t.ok(not (row and invalid[i]), ("%08x %s"):format(w, dis.word(w)))
  end
end)

test("the accepted differences are still differences", function(t)
  t.needs(words.objdump)
  local list = {}
  for i, d in ipairs(differences.objdump) do list[i] = d[1] end
  local theirs = words.objdump_texts(t, list)
  for i, d in ipairs(differences.objdump) do
    t.eq(dis.word(d[1], 4 * (i - 1)), d[2])
    t.eq(theirs[i], d[3])
    t.ok(d[2] ~= d[3] and #d[4] > 0)
  end
end)

test("a symbol may stand for an address", function(t)
  local function symbolize(address)
    return address == 0x1008 and "loop" or nil
  end
  t.eq(dis.word(0x14000002, 0x1000, symbolize), "b\tloop")
  t.eq(dis.word(0x14000003, 0x1000, symbolize), "b\t0x100c")
  t.eq(dis.word(0x17ffffff, 0x100c, symbolize), "b\tloop")
  t.eq(dis.word(0x54000040, 0x1000, symbolize), "b.eq\tloop")
  t.eq(dis.word(0xb4000041, 0x1000, symbolize), "cbz\tx1, loop")
  t.eq(dis.word(0x37280041, 0x1000, symbolize), "tbnz\tw1, #5, loop")
  t.eq(dis.word(0x10000041, 0x1000, symbolize), "adr\tx1, loop")
  t.eq(dis.word(0x58000041, 0x1000, symbolize), "ldr\tx1, loop")
  t.eq(dis.word(0x17ffffff, 0), "b\t0xfffffffffffffffc")
end)

test("words that nothing describes are .inst", function(t)
  t.eq(dis.word(0xffffffff), ".inst\t0xffffffff")
  t.eq(dis.word(0x12345678), "and\tw24, w19, #0xfffff003")
  t.eq(dis.word(0), "udf\t#0")
end)
