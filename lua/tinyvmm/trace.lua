-- SPDX-License-Identifier: MIT
--
-- The text of a trace's line, but for the registers: what bind_trace.c asks
-- for, once for each instruction at each place.

local dis = require "tinyvmm.a64.dis"
local image = require "tinyvmm.image"

local M = {}

local function name(vm, address)
  local symbol, offset = image.symbol(vm, address)
  if not symbol then return nil end
  return offset == 0 and symbol or ("%s+%d"):format(symbol, offset)
end

-- text(vm, pc, word): "0x10004  main+4       add x0, x1, #0x4". Short lines:
-- a trace is as fast as its file.
function M.text(vm, pc, word)
  local text = dis.word(word, pc, function(address)
    return name(vm, address) or ("%#x"):format(address)
  end)
  return ("%#-8x %-12s %s"):format(pc, name(vm, pc) or "",
    (text:gsub("\t", " ")))
end

return M
