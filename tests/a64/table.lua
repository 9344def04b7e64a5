-- SPDX-License-Identifier: MIT
-- The table itself: that it keeps the promises of lua/tinyvmm/a64/README.md,
-- that a broken one is refused, and that its generated files are fresh.
local test = require "tap"
local isa = require "tinyvmm.a64.isa"
local reader = require "tinyvmm.a64.reader"
local sysregs = require "tinyvmm.a64.sysregs"
local words = require "a64._words"

test("every row has 32 bits, its own words and one place for a field",
  function(t)
    local rows = reader.rows()
    local places = reader.check(rows)
    t.eq({ places.rn.lo, places.rn.width }, { 5, 5 })
    t.ok(#rows > 330, "rows were lost")
  end)

test("a table that breaks a promise is refused by name", function(t)
  local function check(text)
    return function() reader.check(reader.read(text)) end
  end
  local good = "A 0000 a:28 ; a {Rd}\n"
  check(good)()
  t.raises("A a: has 31 bits", check "A 000 a:28 ; a\n")
  t.raises("B overlaps A", check "A 0 a:31 ; a\nB b:31 0 ; b\n")
  t.raises("A b: not in base", check(good .. "~ 1111 a:28 ; b\n"))
  t.raises("field a has another place", check(good .. "B 0001 a:27 0 ; b\n"))
  t.raises("name used twice", check(good .. "A 0001 b:28 ; b\n"))
  t.raises("cannot read bits", check "A 01z0 ; a\n")
  t.raises("cannot read row 'A 0000 a:28'", check "A 0000 a:28\n")
  t.raises("no rule nonsense", check "A 0000 a:28 ! nonsense ; a\n")
end)

test("the rows at run time are the rows of the table", function(t)
  local rows, last = reader.rows(), 0
  t.eq(isa.count(), #rows)
  for i, row in ipairs(rows) do
    local r, where = isa.row(i), row.name .. " " .. row.mnemonic
    t.eq({ r.name, r.alias, r.mask, r.value, r.init, r.mnemonic,
      table.concat(r.operands, " "), r.base.place, r.fields },
      { row.name, row.alias, row.mask, row.value, row.init, row.mnemonic,
      row.operands, isa.row(row.base.place).place, row.fields }, where)
    t.ok(r.place > last, where)
    last = r.place
    local rule = r.alias and r.prefer or not r.alias and r.legal
    t.eq(rule and true or nil, row.condition and true, where)
  end
end)

test("a row inside another wins the words that they share", function(t)
  t.eq(isa.find(0xd503201f).name, "NOP")
  t.eq(isa.find(0xd50320df).name, "HINT")
  t.eq(isa.find(0xf9800000).name, "PRFM_ui")
  t.eq(isa.find(0xb9800000).name, "LDRS_ui")
  t.eq(isa.find(0xb9c00000), nil, "LDRSW of a W register is UNDEFINED")
end)

test("every row and every alias can be met", function(t)
  for i, written in ipairs(reader.rows()) do
    local row = isa.row(i)
    local met = false
    for _ = 1, 4000 do
      local w = words.random(row, t.random)
      local base = isa.find(w)
      if base == row.base then
        met = row == base or written.condition == "(false)"
          or isa.spelling(base, w) == row
        if met then break end
      end
    end
    t.ok(met, row.name .. " " .. row.mnemonic)
  end
end)

test("candidates have the letters of their mnemonic in their fixed bits",
  function(t)
    local function values(mnemonic)
      local list = {}
      for i, row in ipairs(isa.candidates(mnemonic)) do
        list[i] = ("%s %08x/%08x"):format(row.name, row.value, row.mask)
      end
      return table.concat(list, " ")
    end
    t.eq(values "ldaddalb", "LDADD 38e00000/ffe0fc00")
    t.eq(values "ldadd", "LDADD b8200000/bfe0fc00")
    t.eq(values "b.hs", "B_cond 54000002/ff00001f")
    t.eq(values "b", "B 14000000/fc000000")
    t.eq(values "stlxrb", "STXR 08008000/ffe08000")
    t.eq(values "ld3r", "LD_r 0d40e000/bffff000 LD_r_post 0dc0e000/bfe0f000")
    t.eq(values "nonesuch", "")
    t.eq(isa.candidates "ldadd"[1].field.x.lo, 30)
    t.eq(isa.candidates "ldaddb"[1].field.x, nil)
  end)

test("every mnemonic has candidates", function(t)
  local names = isa.mnemonics()
  t.ok(#names > 400, #names .. " mnemonics")
  for _, name in ipairs(names) do
    t.ok(#isa.candidates(name) > 0, name)
  end
end)

test("every operand kind has a print half and a parse half", function(t)
  local print = require "tinyvmm.a64.print"
  local parse = require "tinyvmm.a64.parse".kinds
  local used = {}
  for i = 1, isa.count() do
    for _, kind in ipairs(isa.row(i).operands) do used[kind] = true end
  end
  for kind in pairs(used) do
    t.ok(print[kind], "print half of " .. kind)
    t.ok(parse[kind], "parse half of " .. kind)
  end
  for kind in pairs(print) do t.ok(used[kind], "unused print " .. kind) end
end)

test("a register's name and key lead to each other", function(t)
  local last = -1
  for _, r in ipairs(sysregs.registers()) do
    t.ok(r.key >= last and r.key >= 0x8000, r.name)
    last = r.key
    t.eq(sysregs.key(r.name), r.key, r.name)
    t.eq(sysregs.name(r.key, r.access == "WO"), r.name)
  end
  t.eq(sysregs.key "sctlr_el1", 0xc080)
  t.eq(sysregs.name(0xdfff), "s3_3_c15_c15_7")
  t.eq(sysregs.key "s3_3_c15_c15_7", 0xdfff)
  t.eq(sysregs.key "s3_3_c16_c15_7", nil)
  t.eq(sysregs.key "nonesuch_el1", nil)
  t.eq(sysregs.op_name("dc", sysregs.op_key("dc", "zva")), "zva")
end)

test("the files generated from the table are fresh", function(t)
  local gen = require "tinyvmm.a64.gen"
  for _, file in ipairs(gen.files()) do
    local f <close> = assert(io.open(file.name, "rb"))
    t.ok(f:read "a" == file.text, file.name .. " is stale: make gen")
  end
end)
