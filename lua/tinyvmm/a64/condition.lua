-- SPDX-License-Identifier: MIT
-- Conditions: .if and its kin. What one rejects is passed over statement by
-- statement, up to its .elseif, .else or .endif; nothing in it is looked at
-- but the names of directives. A condition ends in the frame (macro.lua) where
-- it began.

local expr = require "tinyvmm.a64.expr"
local words = require "tinyvmm.a64.words"

local find, sub, match = string.find, string.sub, string.match
local fail = expr.fail

local D = {}
local IF = {}

-- Pass over text up to the .elseif, .else or .endif that ends this branch (if
-- the condition was met already: up to the .endif), and read that next.
local function pass_over(A, cond)
  local frame = A.frame
  local text, at, depth = frame.text, frame.p, 0
  while at <= #text do
    local name, after = words.next_statement(text, at)
    if IF[name] then depth = depth + 1
    elseif name == "endif" then
      if depth == 0 then break end
      depth = depth - 1
    elseif depth == 0 and (name == "else" or name == "elseif") then
      if cond.last then break end
      if name == "else" or not cond.met then break end
    end
    at = after
  end
  frame.p, cond.passing = at, true
end

local function open(A, p, truth)
  local cond = { at = A.line_at + p, met = truth }
  A.conds[#A.conds + 1] = cond
  if not truth then pass_over(A, cond) end
end

-- The innermost condition, if it began in this frame.
local function current(A, s, p, what)
  local cond = A.conds[#A.conds]
  if #A.conds <= A.frame.conds or not cond then
    fail(find(s, ".", 1, true) or p, ".%s without .if", what)
  end
  return cond
end

-- A condition whose own text is wrong counts as false.
local function condition(test)
  return function(A, s, p)
    local ok, truth, q = pcall(test, A, s, p)
    open(A, p, ok and truth)
    if not ok then error(truth, 0) end
    return q
  end
end

local function against_zero(compare)
  return condition(function(A, s, p)
    local v, q = expr.constant(A, s, p, "the condition")
    return compare(v), q
  end)
end
IF["if"] = against_zero(function(v) return v ~= 0 end)
IF.ifne = IF["if"]
IF.ifeq = against_zero(function(v) return v == 0 end)
IF.ifge = against_zero(function(v) return v >= 0 end)
IF.ifgt = against_zero(function(v) return v > 0 end)
IF.ifle = against_zero(function(v) return v <= 0 end)
IF.iflt = against_zero(function(v) return v < 0 end)

local function defined(want)
  return condition(function(A, s, p)
    local _, e, name = find(s, "^([%a_.$][%w_.$]*)", p)
    if not e then fail(p, "expected a symbol name") end
    return (A.symbols[name] ~= nil) == want, e + 1
  end)
end
IF.ifdef, IF.ifndef = defined(true), defined(false)
IF.ifnotdef = IF.ifndef

local function blank(want)
  return condition(function(_, s, p)
    return (find(s, "^[ \t\r]*$", p) ~= nil) == want, #s + 1
  end)
end
IF.ifb, IF.ifnb = blank(true), blank(false)

-- One side of .ifc: up to the comma, or a text in single quotes.
local function side(s, p, last)
  local _, e, text = find(s, "^'([^']*)'[ \t\r]*", p)
  if e then return text, e + 1 end
  if last then return match(s, "^(.-)[ \t\r]*$", p), #s + 1 end
  _, e, text = find(s, "^([^,]-)[ \t]*%f[,]", p)
  if not e then fail(p, "expected two texts with a comma between them") end
  return text, e + 1
end

local function same(want)
  return condition(function(_, s, p)
    local a, b, q
    a, q = side(s, p)
    b, q = side(s, words.separator(s, q), true)
    return (a == b) == want, q
  end)
end
IF.ifc, IF.ifnc = same(true), same(false)

local function same_strings(want)
  return condition(function(_, s, p)
    local function string_at(at)
      if sub(s, at, at) ~= '"' then
        fail(at, "expected a string in double quotes")
      end
      return words.quoted(s, at)
    end
    local a, q = string_at(p)
    local b
    b, q = string_at(words.separator(s, q))
    return (a == b) == want, q
  end)
end
IF.ifeqs, IF.ifnes = same_strings(true), same_strings(false)

for name, fn in pairs(IF) do D[name] = fn end

D["elseif"] = function(A, s, p)
  local cond = current(A, s, p, "elseif")
  if cond.last then fail(p, ".elseif after .else") end
  if not cond.passing or cond.met then
    cond.met = true
    pass_over(A, cond)
    return #s + 1
  end
  cond.passing = nil
  local ok, v, q = pcall(expr.constant, A, s, p, "the condition")
  cond.met = ok and v ~= 0
  if not cond.met then pass_over(A, cond) end
  if not ok then error(v, 0) end
  return q
end

D["else"] = function(A, s, p)
  local cond = current(A, s, p, "else")
  if cond.last then fail(p, "a second .else") end
  cond.last = true
  if not cond.passing or cond.met then pass_over(A, cond) end
  return p
end

function D.endif(A, s, p)
  current(A, s, p, "endif")
  A.conds[#A.conds] = nil
  return p
end

return D
