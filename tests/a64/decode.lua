-- SPDX-License-Identifier: MIT
-- The generated C decoder says of every word what the table says: the rows
-- read by isa.lua are one reading, src/a64/decode.c compiled with
-- decode_words.c the other, and they must name the same row.
local test = require "tap"
local isa = require "tinyvmm.a64.isa"
local words = require "a64._words"

local function batch(t)
  local list = {}
  for i = 1, isa.count() do
    for _ = 1, 60 do
      list[#list + 1] = words.random(isa.row(i), t.random)
    end
  end
  for _ = 1, 20000 do list[#list + 1] = t.random(0, 0xffffffff) end
  -- the words that differ from a row in one bit
  for i = 1, isa.count() do
    local row = isa.row(i)
    for bit = 0, 31 do list[#list + 1] = row.init ~ 1 << bit end
  end
  return list
end

test("the C decoder and the table name the same row for every word",
  function(t)
    t.needs "cc"
    local program, input = t.tmpname(), t.tmpname()
    local _, status, errors = t.run("cc -std=c11 -O1 -Wall -Wextra -Werror"
      .. " -Isrc tests/a64/decode_words.c src/a64/decode.c -o " .. program)
    t.eq(status, 0, errors)
    local list = batch(t)
    do
      local f <close> = assert(io.open(input, "wb"))
      f:write(words.pack(list))
    end
    local n = 0
    local pipe <close> = assert(io.popen(program .. " < " .. input))
    for name in pipe:lines() do
      n = n + 1
      local row = isa.find(list[n])
      if name ~= (row and row.name or "UNDEFINED") then
        t.eq(name, row and row.name, ("%08x"):format(list[n]))
      end
    end
    t.eq(n, #list)
  end)
