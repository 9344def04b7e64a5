-- SPDX-License-Identifier: MIT
-- What the operand kinds of parse*.lua share: the cursor over one instruction
-- and the words it reads. A cursor c has
--   s, p      the statement and the position of the next character
--   row, w    the row being tried and the word built so far
--   wide      1 or 0 once a register has said whether this is the 64-bit form
--   A         the assembler, for symbols
--   fix, sym  the fixup kind and symbol that the word needs; pool: the text
--             position of a literal; defer: a value is not known yet
-- A kind returns true and leaves c.p behind what it read, or calls `miss` and
-- returns nil. Of all misses of all rows tried the best one becomes the error:
-- the one of the furthest operand, and there the one that understood most.

local expr = require "tinyvmm.a64.expr"

local find, match, sub = string.find, string.match, string.sub

local M = {}

-- Registers by name: { n, bank, sp }; bank is x w b h s d q v; number 31 of x
-- and w is sp or zr. The numbered ones are made with the first use.
local REGS = { sp = { n = 31, bank = "x", sp = true },
  wsp = { n = 31, bank = "w", sp = true }, xzr = { n = 31, bank = "x" },
  wzr = { n = 31, bank = "w" } }

setmetatable(REGS, { __index = function(t, name)
  local bank, digits = match(name, "^([xwbhsdqv])([1-9]?%d)$")
  local n = math.tointeger(digits)
  if not n or n > 31 or n == 31 and find(bank, "[xw]") then return nil end
  t[name] = { n = n, bank = bank }
  return t[name]
end })
REGS.ip0, REGS.ip1, REGS.fp, REGS.lr = REGS.x16, REGS.x17, REGS.x29, REGS.x30

-- The register that a name in any case spells, or nil.
function M.register(name)
  return REGS[name] or REGS[name:lower()]
end

-- How well a miss understood the operand.
M.OTHER, M.CLOSE, M.RANGE = 0, 1, 2

-- Note a miss. The first round over the rows is quiet; only if none of them
-- matches does a second one collect what to say.
function M.miss(c, p, rank, msg, ...)
  if c.quiet then return end
  local score = c.operand * 4 + rank
  if score > c.score then
    if select("#", ...) > 0 then msg = msg:format(...) end
    c.score, c.miss_at, c.message = score, p, msg
  end
end

function M.skip(c)
  local p = find(c.s, "[^ \t\r]", c.p) or #c.s + 1
  c.p = p
  return p
end

-- The text that stands at p, for "expected this, got that".
function M.got(s, p)
  local t = s:match("^%s*#?:?[%w_.$]+", p) or s:match("^%s*[^%s,]", p)
  return t and ("'%s'"):format((t:gsub("^%s+", ""))) or "nothing"
end

function M.expected(c, noun)
  if c.quiet then return end
  M.miss(c, c.p, M.OTHER, "expected %s, got %s", noun, M.got(c.s, c.p))
end

-- A comma, or nil.
function M.comma(c)
  local _, e = find(c.s, "^[ \t]*,[ \t]*", c.p)
  if e then c.p = e + 1 end
  return e
end

-- A word such as a condition, in lower case, and the position after it.
function M.word(c)
  local p = M.skip(c)
  local _, e, t = find(c.s, "^([%a_][%w_]*)", p)
  if e then return t:lower(), e + 1 end
end

-- An immediate, with or without '#': value, or nil (then the miss is noted, or
-- c.defer is set because a symbol in it is not known yet).
function M.imm(c, noun)
  local s, p = c.s, M.skip(c)
  local _, e, t = find(s, "^#?[ \t]*(%-?[1-9]%d*)[ \t]*%f[,%]%z\r]", p)
  if not e then
    _, e, t = find(s, "^#?(0)%f[,%] \t%z\r]", p)
  end
  if e and #t < 18 then
    c.p = e + 1
    return math.tointeger(t)
  end
  if sub(s, p, p) == "#" then p = p + 1
  end
  if not find(s, "^[ \t]*[%w_.$(~!+'-]", p) then
    return M.expected(c, noun or "an immediate")
  elseif sub(s, p - 1, p - 1) ~= "#" then
    local name = s:match("^[%a_][%w_]*%f[^%w_.$]", p)
    if name and M.register(name) then
      return M.expected(c, noun or "an immediate")
    end
  end
  local A = c.A
  A.undef = nil
  local v, sec, q = expr.eval(A, s, p)
  if A.undef then
    c.defer = true
    return
  end
  if sec then
    return M.miss(c, p, M.RANGE,
      "needs a constant, and this is an address; use adr, adrp or ldr with =")
  end
  c.p = q
  return v
end

-- A number in a message: small ones in decimal, masks in hex.
function M.show(v)
  if v > -65536 and v < 65536 then return ("%d"):format(v) end
  return ("%#x"):format(v)
end

-- An immediate in [lo, hi].
function M.bounded(c, lo, hi, noun)
  local at = M.skip(c)
  local v = M.imm(c, noun)
  if not v then return end
  if v < lo or v > hi then
    return M.miss(c, at, M.RANGE, "%s %s is outside %d to %d",
      noun or "immediate", M.show(v), lo, hi)
  end
  return v
end

return M
