-- SPDX-License-Identifier: MIT
-- The disassembler against binutils and llvm-mc: random words of every row,
-- the whole system space, fully random words.  Accepted differences stand in
-- _differences.lua, with reasons.
local test = require "tap"
local isa = require "tinyvmm.a64.isa"
local dis = require "tinyvmm.a64.dis"
local reader = require "tinyvmm.a64.reader"
local words = require "a64._words"
local differences = require "a64._differences"

local outside_reason = differences.outside_reason
local is_sve = differences.is_sve

-- Compares a batch with objdump's texts.
local function compare(t, list)
  t.needs(words.objdump)
  local theirs, excused = words.objdump_texts(t, list), 0
  for i, w in ipairs(list) do
    local ours = dis.word(w, 4 * (i - 1))
    if ours ~= theirs[i] then
      excused = excused + 1
      if not differences.excuse(w, ours, theirs[i]) then
        t.eq(ours, theirs[i], ("%08x"):format(w))
      end
    end
  end
  t.note(("%d words, %d differ with a reason"):format(#list, excused))
end

-- TV_SWEEP multiplies the words of each row.
local sweep = math.tointeger(tonumber(os.getenv "TV_SWEEP" or "1"))

local function words_of_rows(t, n)
  local list = {}
  for i = 1, isa.count() do
    for _ = 1, n * sweep do
      list[#list + 1] = words.random(isa.row(i), t.random)
    end
  end
  return list
end

test("words of every row and alias print as objdump prints them",
  function(t)
    compare(t, words_of_rows(t, 80))
  end)

test("each field's edge values print as objdump prints them", function(t)
  local list = {}
  for i = 1, isa.count() do
    for _, w in ipairs(words.edges(isa.row(i), t.random)) do
      list[#list + 1] = w
    end
  end
  t.ok(#list > 10000)
  compare(t, list)
end)

test("bits that the hardware ignores print as objdump prints them",
  function(t)
    local list = {}
    for _, row in ipairs(isa.rows()) do
      for _, w in ipairs(words.ignored(row, t.random)) do
        list[#list + 1] = w
      end
    end
    t.ok(#list > 10000)
    compare(t, list)
  end)

test("every system register and operation prints as objdump prints it",
  function(t)
    local list = {}
    for key = 0, 0xffff do
      local rt = t.random(1, 4) == 1 and 31 or t.random(0, 31)
      list[#list + 1] = 0xd5000000 | key << 5 | rt
      list[#list + 1] = 0xd5200000 | key << 5 | rt
    end
    compare(t, list)
  end)

test("every hint, barrier and PSTATE word prints as objdump prints it",
  function(t)
    local list = {}
    for key = 0, 0x3fff do list[#list + 1] = 0xd500001f | key << 5 end
    compare(t, list)
  end)

test("fully random words print as objdump prints them, or are SVE",
  function(t)
    local list = {}
    for i = 1, 30000 do list[i] = t.random(0, 0xffffffff) end
    compare(t, list)
  end)

test("every word that llvm-mc knows has a row", function(t)
  t.needs(words.llvm, words.objdump)
  local list = words_of_rows(t, 30)
  for _ = 1, 60000 do list[#list + 1] = t.random(0, 0xffffffff) end
  -- each row with one bit changed
  for i = 1, isa.count() do
    for bit = 0, 31 do
      list[#list + 1] = words.random(isa.row(i), t.random) ~ 1 << bit
    end
  end
  local invalid = words.llvm_invalid(t, list, words.llvm_features)
  local unknown = {}
  for i, w in ipairs(list) do
    if not invalid[i] and not isa.find(w) and not is_sve(w) then
      unknown[#unknown + 1] = w
    end
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
  local cssc = {}                   -- which llvm 14 lacks
  for _, row in ipairs(reader.rows()) do
    if row.feature and row.feature[1][2] == "CSSC" then cssc[row.name] = 1 end
  end
  local invalid = words.llvm_invalid(t, list, words.llvm_features)
  for i, w in ipairs(list) do
    local row = isa.find(w)
    t.ok(not (row and invalid[i]) or cssc[row.name],
      ("%08x %s"):format(w, dis.word(w)))
  end
end)

test("the accepted differences are still differences", function(t)
  t.needs(words.objdump, words.llvm)
  local list = {}
  for i, d in ipairs(differences.objdump) do list[i] = d[1] end
  local theirs = words.objdump_texts(t, list)
  for i, d in ipairs(differences.objdump) do
    t.eq(dis.word(d[1], 4 * (i - 1)), d[2])
    t.eq(theirs[i], d[3])
    t.ok(d[2] ~= d[3] and #d[4] > 0)
  end
  for _, d in ipairs(differences.llvm) do
    local bytes = words.pack({ d[1] }):gsub(".", function(c)
      return ("%#x "):format(c:byte())
    end)
    local out = t.run(("echo %s | %s -disassemble -triple=aarch64 -mattr=%s")
      :format(bytes, words.llvm, words.llvm_features))
    t.eq(out:match "\t(%l%S*\t[^\n]*)", d[3])
    t.eq(dis.word(d[1]), d[2])
    t.ok(#d[4] > 0)
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
