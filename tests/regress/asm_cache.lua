-- SPDX-License-Identifier: MIT
--
-- The assembler remembers instructions by their text. A word that could be a
-- label but is not (a prefetch name, a condition) stays what it is when the
-- same text comes again, and a label of that name is still a label.
local test = require "tap"
local tv = require "tinyvmm"

local function words(text)
  local bytes, list = tv.asm(text):bytes_at(0), {}
  for p = 1, #bytes, 4 do list[#list + 1] = string.unpack("<I4", bytes, p) end
  return list
end

test("a prefetch name is no label the second time", function(t)
  local line = "prfm pldl1keep, 0x1000\n"
  local once = words(line)[1]
  local twice = words(line .. line)
  t.eq(twice[1], once)
  t.eq(twice[2], once - (1 << 5), "one word nearer")
end)

test("a label may have the name of a prefetch operation", function(t)
  local w = words [[
pldl1keep:
        prfm    pldl1keep, pldl1keep
        prfm    pldl1keep, pldl1keep
        prfm    pldl1strm, pldl1keep
        b       pldl1keep
  ]]
  t.eq(w, { 0xd8000000, 0xd8ffffe0, 0xd8ffffc1, 0x17fffffd })
end)
