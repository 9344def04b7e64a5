-- SPDX-License-Identifier: MIT
-- Expressions of the assembler: numbers, characters, symbols, `.`, numeric
-- labels and the operators of GNU as, with its precedence (which is not C's:
-- * / % << >> bind tightest, then | & ^ !, then + -, comparisons, && and ||)
-- and its values (true is -1, >> is logical, / and % are signed).
-- A value is a pair (integer, section): section is nil for a constant, and
-- A.image for an address once the layout is final. A symbol that is not
-- known yet sets A.undef and counts as 0: the caller puts the statement off
-- until the end of the text, when A.final is true and nothing may be unknown.

local byte, find, match, sub = string.byte, string.find, string.match,
  string.sub

local M = {}

local function fail(p, ...)
  error({ col = p, msg = string.format(...) }, 0)
end
M.fail = fail

-- A shift that leaves nothing; what it is in is not remembered (encode.lua), so
-- that each place warns.
function M.shifted(A, n, p)
  A.used_symbol, A.shifted = true, true
  A:warn(p, ("a shift by %d is outside 0 to 63"):format(n))
end

-- Operators by token: { rank, function(a, b) }; both operands constant.
local function truth(x) return x and -1 or 0 end
local function divisor(b, p)
  if b == 0 then fail(p, "division by zero") end
  return b
end
local OPS = {
  ["*"] = { 8, function(a, b) return a * b end },
  ["/"] = { 8, function(a, b, p)
    local q = a // divisor(b, p)
    return q < 0 and q * b ~= a and q + 1 or q
  end },
  ["%"] = { 8, function(a, b, p)
    if divisor(b, p) == -1 then return 0 end
    return math.fmod(a, b)
  end },
  ["<<"] = { 8, function(a, b, p, A)
    if b < 0 or b > 63 then M.shifted(A, b, p) end
    return a << b
  end },
  [">>"] = { 8, function(a, b, p, A)
    if b < 0 or b > 63 then M.shifted(A, b, p) end
    return a >> b
  end },
  ["|"] = { 7, function(a, b) return a | b end },
  ["&"] = { 7, function(a, b) return a & b end },
  ["^"] = { 7, function(a, b) return a ~ b end },
  ["!"] = { 7, function(a, b) return a | ~b end },
  ["+"] = { 5, function(a, b) return a + b end },
  ["-"] = { 5, function(a, b) return a - b end },
  ["=="] = { 4, function(a, b) return truth(a == b) end },
  ["!="] = { 4, function(a, b) return truth(a ~= b) end },
  ["<>"] = { 4, function(a, b) return truth(a ~= b) end },
  ["<"] = { 4, function(a, b) return truth(a < b) end },
  [">"] = { 4, function(a, b) return truth(a > b) end },
  ["<="] = { 4, function(a, b) return truth(a <= b) end },
  [">="] = { 4, function(a, b) return truth(a >= b) end },
  ["&&"] = { 3, function(a, b) return a ~= 0 and b ~= 0 and 1 or 0 end },
  ["||"] = { 2, function(a, b) return (a ~= 0 or b ~= 0) and 1 or 0 end },
}

-- The largest value that another digit may follow, by base.
local ROOM = { [2] = -1 >> 1, [8] = -1 >> 3, [10] = 1844674407370955161,
  [16] = -1 >> 4 }

-- As many digits as always fit, and what is no digit.
local MOST_DIGITS = { [2] = 63, [8] = 20, [10] = 18, [16] = 15 }
local NO_DIGIT = { [2] = "[^01]", [8] = "[^0-7]", [10] = "%D", [16] = "%X" }

-- Text of a number in the given base -> integer of 64 bits.
local function number(digits, base, p)
  if #digits <= MOST_DIGITS[base] and not find(digits, NO_DIGIT[base]) then
    return tonumber(digits, base)
  end
  local v, room = 0, ROOM[base]
  for i = 1, #digits do
    local d = tonumber(sub(digits, i, i), base)
    if not d then
      fail(p, "'%s' is not a digit of base %d", sub(digits, i, i), base)
    end
    if math.ult(room, v) or v == room and base == 10 and d > 5 then
      fail(p, "number does not fit 64 bits")
    end
    v = v * base + d
  end
  return v
end

local ESC = { n = 10, t = 9, r = 13, b = 8, f = 12, ["\\"] = 92,
  ["'"] = 39, ['"'] = 34, ["0"] = 0 }

-- 'c, 'c' and '\n': p stands at the quote.
local function character(s, p)
  local c, e = sub(s, p + 1, p + 1), p + 2
  if c == "" then fail(p, "expected a character after the quote") end
  local v = byte(c)
  if c == "\\" then
    v, e = ESC[sub(s, p + 2, p + 2)], p + 3
    if not v then fail(p + 1, "unknown escape in a character constant") end
  end
  return v, nil, sub(s, e, e) == "'" and e + 1 or e
end

-- The value of a symbol; kept apart because `.set` chains recurse here.
local function symbol(A, name, p)
  A.used_symbol = true
  local sym = A.symbols[name]
  if not sym then
    if A.final then
      if A.weak[name] then return 0 end
      A:undefined(name, p)
    end
    A.undef = A.undef or name
    return 0
  end
  if sym.expr then                    -- .set whose right side was not known
    if not A.final then
      A.undef = A.undef or name
      return 0
    end
    A:settle(name, sym, p)
  end
  if sym.variable then A.used_variable = true end
  local sec = sym.sec
  if sec and A.final then return sym.off + sec.base, A.image end
  return sym.off, sec
end
M.symbol = symbol

-- A label such as 1f or 2b, seen from definition count A.seq.
local function numeric(A, n, way, p)
  local at = A.seq
  local list = A.numeric[n]
  local hit
  if list then
    for i = #list, 1, -1 do
      if way == "b" and list[i].seq <= at then hit = list[i] break end
      if way == "f" then
        if list[i].seq <= at then break end
        hit = list[i]
      end
    end
  end
  A.used_symbol = true
  if not hit then
    if A.final or way == "b" then
      fail(p, "no label '%s:' %s this line", n,
        way == "b" and "before" or "after")
    end
    A.undef = A.undef or n .. way
    return 0
  end
  if A.final then return hit.off + hit.sec.base, A.image end
  return hit.off, hit.sec
end

local binary

-- Parentheses and signs nest, but not so deep that they exhaust the stack.
local DEEPEST = 150
local function deeper(A, p)
  local depth = A.nesting + 1
  if depth > DEEPEST then
    A.nesting = 0
    fail(p, "the expression nests deeper than %d", DEEPEST)
  end
  A.nesting = depth
end

local function primary(A, s, p)
  local _, e, t
  t, e = match(s, "^ ?([1-9]%d*)()%f[^%w_.$]", p)      -- most numbers
  if t and #t <= MOST_DIGITS[10] then return math.tointeger(t), nil, e end
  _, e, t = find(s, "^%s*([%a_.$][%w_.$]*)", p)
  if e then
    if t == "." then
      A.used_symbol = true
      if A.final then return A.dot + A.sec.base, A.image, e + 1 end
      return A.dot, A.sec, e + 1
    end
    local v, sec = symbol(A, t, e - #t + 1)
    return v, sec, e + 1
  end
  p = find(s, "[^ \t\r]", p) or #s + 1
  local c = sub(s, p, p)
  if find(c, "^%d") then
    local way
    _, e, t, way = find(s, "^(%d+)([bf])%f[^%w_.$]", p)
    if e then
      local v, sec = numeric(A, t, way, p)
      return v, sec, e + 1
    end
    _, e, t = find(s, "^0[xX](%w+)", p)
    if e then return number(t, 16, p), nil, e + 1 end
    _, e, t = find(s, "^0[bB](%w+)", p)
    if e then return number(t, 2, p), nil, e + 1 end
    _, e, t = find(s, "^(%w+)", p)
    local octal = byte(t) == 48 and #t > 1
    return number(t, octal and 8 or 10, p), nil, e + 1
  end
  if c == "(" then
    deeper(A, p)
    local v, sec, q = binary(A, s, p + 1, 1)
    A.nesting = A.nesting - 1
    q = find(s, "[^ \t\r]", q) or #s + 1
    if sub(s, q, q) ~= ")" then fail(q, "expected ')'") end
    return v, sec, q + 1
  end
  if c == "'" then return character(s, p) end
  if c == "-" or c == "~" or c == "+" or c == "!" then
    deeper(A, p)
    local v, sec, q = primary(A, s, p + 1)
    A.nesting = A.nesting - 1
    if sec and c ~= "+" then
      fail(p, "an address has no '%s' of its own", c)
    end
    if c == "-" then v = -v
    elseif c == "~" then v = ~v
    elseif c == "!" then v = v == 0 and 1 or 0 end
    return v, sec, q
  end
  if c == "" then fail(p, "expected an expression") end
  fail(p, "expected an expression, got '%s'", c)
end

-- Two values of which at least one is an address: only sums with constants,
-- and differences and comparisons within one section, have a value.
local function addresses(A, op, a, as, b, bs, p)
  if op == "+" and not (as and bs) then return a + b, as or bs end
  if op == "-" and not bs then return a - b, as end
  local rank = OPS[op][1]
  if as and bs and (op == "-" or rank == 4) then
    if as == bs then return OPS[op][2](a, b, p, A) end
    A.undef = A.undef or "."          -- known when the layout is final
    return 0
  end
  if A.undef then return 0 end
  fail(p, "an address cannot be an operand of '%s'", op)
end

function binary(A, s, p, floor)
  local a, as
  a, as, p = primary(A, s, p)
  while true do
    local q, e, op = find(s, "^[ \t]*([-+*/%%|&^!<>=][<>=|&]?)", p)
    if not q then return a, as, p end
    local row = OPS[op]
    if not row then op = sub(op, 1, 1) row = OPS[op] end
    if not row or row[1] < floor then return a, as, p end
    q = find(s, "[^ \t]", p)
    local b, bs
    b, bs, p = binary(A, s, q + #op, row[1] + 1)
    if as or bs then a, as = addresses(A, op, a, as, b, bs, q)
    else a = row[2](a, b, q, A) end
  end
end

-- eval(A, s, p) -> value, section, position after it. Reads the longest
-- expression at p of s; raises { col, msg } if there is none.
function M.eval(A, s, p)
  A.nesting = 0
  return binary(A, s, p, 1)
end

-- A constant known now, for directives such as .space and .org.
function M.constant(A, s, p, what)
  A.undef, A.nesting, A.dot = nil, 0, A.sec.size
  local v, sec, q = binary(A, s, p, 1)
  if A.undef then
    fail(p, "%s must be known here, and '%s' is not yet", what, A.undef)
  end
  if sec then fail(p, "%s must be a constant, not an address", what) end
  return v, q
end

return M
