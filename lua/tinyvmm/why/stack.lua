-- SPDX-License-Identifier: MIT
--
-- The stack pointer: never set, run out below its memory, popped too often,
-- overwritten, or moved by something that is no multiple of 16.

local insn = require "tinyvmm.why.insn"
local values = require "tinyvmm.why.values"

local M = {}

-- A rule for accesses through sp, or the frame pointer x29.
local function through_sp(rule)
  return function(e, f)
    local m = f.insn.mem
    if not m or m.base ~= "sp" and m.base ~= "x29" then return nil end
    local value = f:value(m.base)
    if value then return rule(e, f, m.base, value) end
  end
end

-- How far beyond its memory a stack pointer is still the stack's: above, what
-- a few frames popped too much make; below, a big local array.
local OVER, UNDER = 0x100000, 0x4000000

M.unset = through_sp(function(_, f, name, sp)
  if sp ~= 0 and not math.ult(-OVER, sp) then return nil end
  return ("%s uses the stack, but %s = %#x: it was never set; give "
    .. "vm:vcpu{sp =} the end of some RAM, or set sp first"):format(f:where(),
    name, sp)
end)

M.text = through_sp(function(_, f, name, sp)
  local what = values.text(sp)
  if not what then return nil end
  return ("%s uses %s = %#x, which is the text \"%s\": a buffer on the stack "
    .. "was overrun into a saved %s"):format(f:where(), name, sp, what, name)
end)

M.below = through_sp(function(e, f, name, sp)
  local room = f.above and f.above.base - e.addr
  if not room or math.ult(UNDER, room) then return nil end
  return ("%s: the stack is used up, %s = %#x has come below the start of %s; "
    .. "is there recursion without end, or a big local array?"):format(
    f:where(), name, sp, f.above.name)
end)

M.above = through_sp(function(e, f, name, sp)
  local past = f.below and e.addr - f.below.last
  if not past or math.ult(OVER, past) then return nil end
  return ("%s: %s = %#x is past the end of %s; the stack grows down, so start "
    .. "at its end (%#x), and pop no more than was pushed"):format(f:where(),
    name, sp, f.below.name, f.below.last + 1)
end)

M.nowhere = through_sp(function(_, f, name, sp)
  return ("%s uses %s = %#x, where no memory is; the stack pointer was "
    .. "overwritten, or set to a wrong address"):format(f:where(), name, sp)
end)

M.read_only = through_sp(function(_, f, name, sp)
  return ("%s pushes to %s, but guests cannot change ROM: let %s (%#x) start "
    .. "at the end of some RAM"):format(f:where(),
    f.there and f.there.name or "ROM", name, sp)
end)

-- Misaligned: the instruction that did it -----------------------------------

-- The nearest instruction before pc that moves sp by no multiple of 16.
function M.culprit(e, f)
  local rec = f:image(e.pc)
  if not rec then return nil end
  for addr = e.pc - 4, math.max(rec.addr, e.pc - 4 * 512), -4 do
    local i = f:at(addr)
    local moved = i and insn.moves_sp(i)
    if moved and moved & 15 ~= 0 then return i, moved end
  end
end

function M.blame(e, f)
  local i, moved = M.culprit(e, f)
  if not i then return "start it at a multiple of 16, and move it by such" end
  return ("%s at %s moved it by %d: push and pop 16 bytes at a time (stp, or "
    .. "#-16)"):format(i.text, f:show(i.pc), math.abs(moved))
end

return M
