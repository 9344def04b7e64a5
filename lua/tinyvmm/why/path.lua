-- SPDX-License-Identifier: MIT
--
-- Where a guest that was stopped by a limit is going round. The path from pc
-- is followed without executing anything: branches that are unconditional are
-- taken, others not, calls are stepped over, a return goes to x30 once. Where
-- the path comes back to an address it has seen, or where a conditional
-- branch leads back into it, there is a loop.

local insn = require "tinyvmm.why.insn"

local M = {}

local LONGEST = 200

-- The instructions between two indexes of a path, with the branch that closes
-- the loop: { first =, last = addresses, close = instruction, [1..n] }
local function loop_of(path, from, to)
  local loop = { close = path[to] }
  for k = from, to do
    local i = path[k]
    loop[#loop + 1] = i
    if not loop.first or i.pc < loop.first then loop.first = i.pc end
    if not loop.last or i.pc > loop.last then loop.last = i.pc end
  end
  return loop
end

-- A conditional branch back to before pc: the body up to pc was not walked.
local function widen(f, loop, target)
  if target >= loop.first or loop.first - target > 4 * LONGEST then
    return loop
  end
  for addr = loop.first - 4, target, -4 do
    local i = f:at(addr)
    if not i or not i.defined then return nil end
    table.insert(loop, 1, i)
  end
  loop.first = target
  return loop
end

-- follow(f, pc) -> the loop or nil, the instruction that ended the path, and
-- the path
function M.follow(f, pc)
  local path, seen, back = {}, {}, false
  while #path < LONGEST do
    if seen[pc] then return loop_of(path, seen[pc], #path), nil, path end
    local i = f:at(pc)
    if not i or not i.defined then return nil, i, path end
    path[#path + 1] = i
    seen[pc] = #path
    if insn.is_conditional(i) and i.target <= pc then
      if seen[i.target] then
        return loop_of(path, seen[i.target], #path), nil, path
      elseif i.target <= path[1].pc and not back then
        return widen(f, loop_of(path, 1, #path), i.target), i, path
      end
    end
    if i.op == "b" then
      pc = i.target
    elseif i.op == "ret" and f.x[30] and not back then
      back, pc = true, f.x[30]
    elseif insn.ends(i) then
      return nil, i, path
    else
      pc = pc + 4
    end
  end
end

-- The eret that the path from an address comes to, if it does, and the path.
function M.eret(f, pc)
  local _, i, path = M.follow(f, pc)
  if i and i.op == "eret" then return i, path end
end

-- Whether the path from an address leads to another.
function M.leads(f, pc, to)
  local _, _, path = M.follow(f, pc)
  for _, i in ipairs(path or {}) do
    if i.pc == to then return true end
  end
  return false
end

return M
