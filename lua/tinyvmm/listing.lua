-- SPDX-License-Identifier: MIT
--
-- Disassembly for people: tv.dis, and the listing of `tinyvmm dis`, one line
-- a word: address, the word, its text.

local dis = require "tinyvmm.a64.dis"

local M = {}

-- `%x:<tab>%08x<tab>TEXT` for each word; up to three bytes left over at the
-- end are shown as .byte.
function M.each(bytes, address, write)
  local words = #bytes - #bytes % 4
  for at = 1, words, 4 do
    local word, pc = string.unpack("<I4", bytes, at), address + at - 1
    write(("%x:\t%08x\t%s\n"):format(pc, word, dis.word(word, pc)))
  end
  for at = words + 1, #bytes do
    write(("%x:\t%02x\t.byte\t0x%02x\n"):format(address + at - 1,
      bytes:byte(at), bytes:byte(at)))
  end
end

-- tv.dis(word [, pc]) -> one instruction's text;
-- tv.dis(bytes | image [, address]) -> a listing
function M.dis(what, address)
  address = address or type(what) == "table" and what.addr or 0
  if math.type(address) ~= "integer" then
    error("tv.dis address must be an integer, not " .. type(address), 2)
  end
  if math.type(what) == "integer" then
    return (dis.word(what & 0xffffffff, address))
  end
  if type(what) == "table" and what.bytes_at then
    what = what:bytes_at(address)
  end
  if type(what) ~= "string" then
    error("tv.dis takes a word, bytes or an image, not " .. type(what), 2)
  end
  local lines = {}
  M.each(what, address, function(s) lines[#lines + 1] = s end)
  return table.concat(lines)
end

return M
