-- SPDX-License-Identifier: MIT
--
-- Instructions as rules see them: the disassembler's text taken apart again
-- into operation, operands and memory operand, and which general registers an
-- instruction writes. Text is the right level here: a rule reads like what
-- the student wrote, and no second table of encodings is needed.

local image = require "tinyvmm.image"

local M = {}

-- The instruction's text on one line, "str x0, [x1]", with names for the
-- addresses that `object`, a vm or vCPU, knows.
function M.text(word, pc, object)
  local ok, text = pcall(function()
    return require "tinyvmm.a64.dis".word(word, pc, function(addr)
      local name, offset
      if object then name, offset = image.symbol(object, addr) end
      if name then
        return offset == 0 and name or ("%s+%d"):format(name, offset)
      end
      return ("%#x"):format(addr)
    end)
  end)
  return ok and text:gsub("\t", " ") or (".inst 0x%08x"):format(word)
end

-- "x0, [x1, #8]!" -> { "x0", "[x1, #8]!" }
local function split(text)
  local list, depth, part = {}, 0, ""
  for ch in text:gmatch "." do
    if ch == "[" or ch == "{" then depth = depth + 1 end
    if ch == "]" or ch == "}" then depth = depth - 1 end
    if ch == "," and depth == 0 then
      list[#list + 1] = part
      part = ""
    elseif ch ~= " " or part ~= "" then
      part = part .. ch
    end
  end
  if part ~= "" then list[#list + 1] = part end
  return list
end

local function number(text)
  return text and math.tointeger(tonumber(text))
end

-- "#0x10" -> 16; nil for what is no immediate.
function M.immediate(text) return number(text and text:match "^#(%-?%w+)$") end

-- The memory operand: base, and offset or index (with its shift); `moves` is
-- what pre- or post-indexing adds to the base.
local function memory(operands)
  for i, operand in ipairs(operands) do
    local inner, tail = operand:match "^%[(.-)%](!?)$"
    if inner then
      local base, rest = inner:match "^(%w+),?%s*(.*)$"
      local m = { base = base, offset = number(rest:match "^#(%-?%w+)") or 0,
        index = rest:match "^([xw]%w+)",
        extend = rest:match "([us]xtw)",
        shift = number(rest:match "#(%d+)$") or 0 }
      local after = operands[i + 1]
      if tail == "!" then m.moves = m.offset end
      if after then
        m.moves = number(after:match "^#(%-?%w+)$")
        m.post = true
      end
      if m.index then m.offset = nil end
      return m
    end
  end
end

local function target(word, pc)
  local distance
  if word >> 26 & 31 == 5 then                           -- B, BL
    distance = word & 0x3ffffff
    if word >> 25 & 1 == 1 then distance = distance | -1 << 26 end
  elseif word >> 24 & 0xff == 0x54 or word >> 25 & 0x3f == 0x1a then
    distance = word >> 5 & 0x7ffff                       -- B.cond, CBZ, CBNZ
    if distance >> 18 == 1 then distance = distance | -1 << 19 end
  elseif word >> 25 & 0x3f == 0x1b then                  -- TBZ, TBNZ
    distance = word >> 5 & 0x3fff
    if distance >> 13 == 1 then distance = distance | -1 << 14 end
  end
  return distance and pc + 4 * distance
end

-- { word, pc, text, op, [1], [2], ..., mem, target, defined }
function M.decode(word, pc, object)
  local text = M.text(word, pc, object)
  local op, rest = text:match "^(%S+)%s*(.*)$"
  local i = split(rest)
  i.word, i.pc, i.text, i.op = word, pc, text, op
  i.defined = op ~= ".inst" and op ~= "udf"
  i.mem = i.defined and memory(i) or nil
  i.target = i.defined and target(word, pc) or nil
  return i
end

-- Control never falls through these.
local ENDS = { b = true, br = true, ret = true, eret = true, udf = true,
  [".inst"] = true, drps = true }

function M.ends(i) return ENDS[i.op] == true end

function M.is_call(i) return i.op == "bl" or i.op == "blr" end

function M.is_conditional(i)
  return i.op:find "^b%." ~= nil or i.op:find "^cbn?z$" ~= nil
    or i.op:find "^tbn?z$" ~= nil
end

-- "x3", "w3" -> 3; "sp" -> "sp"
function M.register(name)
  if name == "sp" or name == "wsp" then return "sp" end
  local n = name and name:match "^[xw](%d+)$"
  return n and math.tointeger(n)
end

local NO_RESULT = { cmp = true, cmn = true, tst = true, ccmp = true,
  ccmn = true, msr = true, prfm = true, prfum = true, dc = true, ic = true,
  tlbi = true, at = true, b = true, br = true, ret = true, nop = true,
  hint = true, rmif = true, setf8 = true, setf16 = true }

-- Store-exclusives have a result: whether they stored.
local function is_store(op)
  return op:find "^st" and not op:find "^stl?x[rp]"
end

local function matches(op, patterns)
  for _, pattern in ipairs(patterns) do
    if op:find(pattern) then return true end
  end
end

-- The atomics return the old value in their second register (CAS in its
-- first, as loads do); pairs load two.
local SECOND = { "^swp", "^ldadd", "^ldclr", "^ldeor", "^ldset", "^ld[su]m" }
local BOTH = { "^ldn?p", "^lda?xp", "^casa?l?p" }

-- Whether the instruction writes the register (a number, or "sp"). Calls and
-- exceptions may write what the procedure call standard lets them.
function M.writes(i, n)
  local op = i.op
  if i.mem and i.mem.moves and M.register(i.mem.base) == n then return true end
  if M.is_call(i) then return n ~= "sp" and (n <= 18 or n == 30) end
  if op == "hvc" or op == "svc" or op == "smc" then
    return n ~= "sp" and n <= 3
  end
  if NO_RESULT[op] or M.is_conditional(i) or is_store(op) then return false end
  if matches(op, SECOND) then return M.register(i[2]) == n end
  return M.register(i[1]) == n
    or matches(op, BOTH) and M.register(i[2]) == n or false
end

-- What ADR and ADRP compute, C6.2.10 and C6.2.11.
function M.pc_relative(i)
  if i.op ~= "adr" and i.op ~= "adrp" then return nil end
  local imm = (i.word >> 5 & 0x7ffff) << 2 | i.word >> 29 & 3
  if imm >> 20 == 1 then imm = imm | -1 << 21 end
  return i.op == "adr" and i.pc + imm or (i.pc & ~0xfff) + (imm << 12)
end

-- By how much the instruction moves sp, if that can be read from it.
function M.moves_sp(i)
  if i.mem and i.mem.base == "sp" then return i.mem.moves end
  if (i.op == "sub" or i.op == "add") and i[1] == "sp" and i[2] == "sp" then
    return number(i[3] and i[3]:match "^#(%w+)$")
  end
end

return M
