-- SPDX-License-Identifier: MIT
-- Text that makes text: .macro, .rept, .irp, .irpc, and names for registers
-- (.req). An expansion is a source of its own: `push` makes it the frame that
-- the loop of asm.lua reads next, and the frame below goes on behind the call,
-- so that nesting costs no stack. A frame's `p` is where its text goes on; a
-- directive that swallows a block moves it. Bodies are cut into pieces once,
-- when they are defined: strings, and numbers that stand for parameters.

local cursor = require "tinyvmm.a64.cursor"
local encode = require "tinyvmm.a64.encode"
local expr = require "tinyvmm.a64.expr"
local source = require "tinyvmm.a64.source"
local words = require "tinyvmm.a64.words"

local concat = table.concat
local find, sub, match = string.find, string.sub, string.match
local fail = expr.fail
local argument, separator, skip = words.argument, words.separator, words.skip

local M = {}
local D = {}
M.directives = D

local DEEPEST = 100                  -- as GNU as
local MOST_TEXT = 1 << 26            -- bytes that macros and loops expand to

-- Frames ---------------------------------------------------------------------

-- Read `text` next. origin says what an expansion is of: { what, of, from }.
function M.push(A, name, text, origin)
  if sub(text, -1) ~= "\n" then text = text .. "\n" end
  local base = source.add(A.sources, name, text, origin)
  local up = A.frame
  A.frame = { text = text, base = base, p = 1, up = up, conds = #A.conds,
    expansion = origin ~= nil, depth = up and up.depth + 1 or 0 }
end

local function unclosed(A, down_to)
  for i = #A.conds, down_to + 1, -1 do
    A:report(A.conds[i].at, "the condition has no .endif")
    A.conds[i] = nil
  end
end

-- The end of a frame's text: back to the one below (nil: all is read).
function M.pop(A)
  local frame = A.frame
  unclosed(A, frame.conds)
  A.frame = frame.up
  return frame.up
end

local function expand(A, text, origin, p)
  if A.frame.depth >= DEEPEST then
    fail(p, "expansions nest deeper than %d", DEEPEST)
  end
  A.expanded = A.expanded + #text
  if A.expanded > MOST_TEXT then
    A:report(A.line_at + p, "the text grows past all bounds here")
    error(A.enough, 0)
  end
  origin.from = A.line_at + p
  M.push(A, nil, text, origin)
end

-- Blocks ---------------------------------------------------------------------

local function set(names)
  local t = {}
  for name in names:gmatch "%S+" do t[name] = true end
  return t
end

local MACRO, ENDM = set "macro", set "endm endmacro"
local REPEAT, ENDR = set "rept rep irp irpc irep irepc", set "endr"

-- The text up to the directive that closes the block which began before here,
-- and its place; the frame goes on behind it.
local function block(A, opens, closes, p, what)
  local frame = A.frame
  local text, start = frame.text, frame.p
  local at, depth = start, 0
  while at <= #text do
    local name, after = words.next_statement(text, at)
    if opens[name] then depth = depth + 1
    elseif closes[name] then
      if depth == 0 then
        frame.p = after
        local body = sub(text, start, at - 1):gsub("[ \t]+$", "")
        if body ~= "" and sub(body, -1) ~= "\n" then body = body .. "\n" end
        return body, frame.base + start
      end
      depth = depth - 1
    end
    at = after
  end
  frame.p = #text + 1
  fail(p, "the .%s has no .%s", what, closes.endm and "endm" or "endr")
end

-- Bodies ---------------------------------------------------------------------

-- A body as pieces: strings, parameter numbers, and 0 for \@. index: name of
-- a parameter -> number.
local function cut(body, index)
  local out, p, start = {}, 1, 1
  local function flush(e)
    if e >= start then out[#out + 1] = sub(body, start, e) end
  end
  while true do
    local b = find(body, "\\", p, true)
    if not b then break end
    local c = sub(body, b + 1, b + 1)
    if c == "(" then
      flush(b - 1)
      local e = find(body, ")", b, true) or #body
      out[#out + 1] = sub(body, b + 2, e - 1)
      p, start = e + 1, e + 1
    elseif c == "@" then
      flush(b - 1)
      out[#out + 1] = 0
      p, start = b + 2, b + 2
    else
      local name = match(body, "^[%a_.$][%w_.$]*", b + 1)
      local n = name and index[name]
      p = b + 1
      if n then
        flush(b - 1)
        out[#out + 1] = n
        p = b + 1 + #name
        start = p
      end
    end
  end
  flush(#body)
  return out
end

local function fill(A, pieces, values)
  local out = {}
  for i = 1, #pieces do
    local piece = pieces[i]
    out[i] = piece == 0 and A.expansions or values[piece] or piece
  end
  return concat(out)
end

-- .macro ---------------------------------------------------------------------

local function parameter(s, p, macro)
  local _, e, name = find(s, "^([%a_.$][%w_.$]*)", p)
  if not e then fail(p, "expected the name of a parameter") end
  if macro.index[name] then fail(p, "parameter '%s' twice", name) end
  local param = { name = name, default = "" }
  local q = skip(s, e + 1)
  local _, stop, kind = find(s, "^:[ \t]*(%a+)", q)
  if stop then
    if kind ~= "req" and kind ~= "vararg" then
      fail(q, "a parameter is :req or :vararg, not ':%s'", kind)
    end
    param[kind] = true
    e = stop
    q = skip(s, stop + 1)
  end
  if sub(s, q, q) == "=" then
    param.default, e = argument(s, skip(s, q + 1))
    e = e - 1
  end
  table.insert(macro, param)
  macro.index[name] = #macro
  return separator(s, e + 1)
end

-- The names of instructions lead to macros of that name first.
local function shadow(A)
  local macros, lookup = A.macros, encode.lookup
  A.lookup = function(m, a, b, c, d)
    if not macros[m:lower()] then return lookup(m, a, b, c, d) end
  end
end

function D.macro(A, s, p)
  local _, e, name = find(s, "^([%a_.$][%w_.$]*)", p)
  if not e then fail(p, "expected the name of the macro") end
  local macro = { name = name, what = "macro '" .. name .. "'", index = {},
    at = A.line_at + p }
  local body, of = block(A, MACRO, ENDM, p, "macro")
  local old = A.macros[name:lower()]
  if old then
    fail(p, "macro '%s' is already defined at %s", name,
      source.where(A.sources, old.at))
  end
  local q = separator(s, e + 1)
  local paren = find(s, "^%(.*%)[ \t\r]*$", q)
  if paren then q = skip(s, q + 1) end
  while q <= #s and not (paren and find(s, "^%)[ \t\r]*$", q)) do
    local last = macro[#macro]
    if last and last.vararg then fail(q, "a :vararg parameter is the last") end
    q = parameter(s, q, macro)
  end
  macro.pieces, macro.of, macro.made = cut(body, macro.index), of, {}
  for _, piece in ipairs(macro.pieces) do
    if piece == 0 then macro.numbered = true end
  end
  A.macros[name:lower()] = macro
  if encode.known(name) then shadow(A) end
  return #s + 1
end

function D.purgem(A, s, p)
  while true do
    local _, e, name = find(s, "^([%a_.$][%w_.$]*)", p)
    if not e or not A.macros[name:lower()] then
      fail(p, "there is no macro '%s'", name or sub(s, p))
    end
    A.macros[name:lower()] = nil
    local q = skip(s, e + 1)
    if sub(s, q, q) ~= "," then return q end
    p = skip(s, q + 1)
  end
end

-- The arguments at p of s, in the order of the parameters.
local function actuals(macro, s, p)
  local values, k, named = {}, 0, false
  local equals = find(s, "=", p, true)
  while p <= #s do
    local _, e, name
    if equals then
      _, e, name = find(s, "^([%a_.$][%w_.$]*)[ \t]*=[ \t]*%f[^= \t]", p)
    end
    if e and (macro.index[name] or #macro == 0) then
      named = true
      local n = macro.index[name]
      if not n then
        fail(p, "macro '%s' has no parameter '%s'", macro.name, name)
      end
      values[n], p = argument(s, e + 1)
    else
      if named then
        fail(p, "an argument without a name after one with a name")
      end
      k = k + 1
      local param = macro[k]
      if not param then
        fail(p, "macro '%s' takes %d argument%s", macro.name, #macro,
          #macro == 1 and "" or "s")
      end
      if param.vararg then
        values[k], p = match(s, "^(.-)[ \t\r]*$", p), #s + 1
      else
        local text, q = argument(s, p)
        if q == p and not find(s, "^,", p) then
          fail(p, "unexpected '%s'", sub(s, p, p))
        end
        values[k], p = text, q
      end
    end
    p = separator(s, p)
  end
  return values
end

-- The text that a call makes: the macro's name at p, its arguments at q.
local function expansion(A, macro, s, p, q)
  local values = actuals(macro, s, q)
  for k, param in ipairs(macro) do
    if not values[k] or values[k] == "" then
      if param.req then
        fail(p, "macro '%s' needs a value for '%s'", macro.name, param.name)
      end
      values[k] = param.default
    end
  end
  return fill(A, macro.pieces, values)
end

-- A call. The text of the same arguments is the same, but for \@.
function M.call(A, macro, s, p, q)
  local arguments = sub(s, q)
  local text = macro.made[arguments]
  if not text then
    text = expansion(A, macro, s, p, q)
    if not macro.numbered then macro.made[arguments] = text end
  end
  A.expansions = A.expansions + 1
  expand(A, text, { what = macro.what, of = macro.of }, p)
end

function D.exitm(A, _, p)
  local frame = A.frame
  if not frame.expansion then fail(p, ".exitm outside of a macro") end
  for i = #A.conds, frame.conds + 1, -1 do A.conds[i] = nil end
  frame.p = #frame.text + 1
  return p
end

local function stray(what, opener)
  return function(_, s, p)
    fail(math.max(1, find(s, ".", 1, true) or p), ".%s without .%s", what,
      opener)
  end
end
D.endm, D.endmacro = stray("endm", "macro"), stray("endmacro", "macro")
D.endr = stray("endr", "rept")

-- Repetitions ----------------------------------------------------------------

function D.rept(A, s, p)
  local ok, n, q = pcall(expr.constant, A, s, p, "the count")
  local body, of = block(A, REPEAT, ENDR, p, "rept")
  if not ok then error(n, 0) end
  if n < 0 then fail(p, "the count %d is negative", n) end
  if n * #body > MOST_TEXT or n > MOST_TEXT then
    fail(p, "%d times is too much text", n)
  end
  if n > 0 and body ~= "" then
    local _, lines = body:gsub("\n", "")
    expand(A, body:rep(n), { what = ".rept", of = of, period = lines }, p)
  end
  return q
end
D.rep = D.rept

-- The body once for each value.
local function iterate(A, body, name, values, origin, p)
  local pieces, out = cut(body, { [name] = 1 }), {}
  for i, v in ipairs(values) do out[i] = fill(A, pieces, { v }) end
  local _, lines = body:gsub("\n", "")
  origin.period = lines
  if body ~= "" then expand(A, table.concat(out), origin, p) end
end

local function loop(what, split)
  return function(A, s, p)
    local body, of = block(A, REPEAT, ENDR, p, what)
    local _, e, name = find(s, "^([%a_.$][%w_.$]*)", p)
    if not e then fail(p, "expected the name of the symbol") end
    local values = split(s, separator(s, e + 1))
    iterate(A, body, name, values, { what = "." .. what, of = of }, p)
    return #s + 1
  end
end

D.irp = loop("irp", function(s, p)
  local values = {}
  while p <= #s do
    values[#values + 1], p = argument(s, p)
    p = separator(s, p)
  end
  if #values == 0 then values[1] = "" end
  return values
end)

D.irpc = loop("irpc", function(s, p)
  local text = match(s, "^(.-)[ \t\r]*$", p)
  text = match(text, '^"(.*)"$') or text
  local values = {}
  for c in text:gmatch "." do values[#values + 1] = c end
  if #values == 0 then values[1] = "" end
  return values
end)
D.irep, D.irepc = D.irp, D.irpc

-- Names of registers ---------------------------------------------------------

-- name .req register
function M.req(A, s, p, name)
  local _, e, reg = find(s, "^[%w_.$]+[ \t]+%.req[ \t]+([%w_]+)[ \t\r]*$", p)
  reg = reg and (cursor.register(reg) and reg:lower() or A.aliases[reg])
  if not reg then
    local _, at = find(s, "%.req[ \t]*", p)
    fail(at + 1, "expected a register after .req")
  end
  if cursor.register(name) then                -- as in GNU as it stays that
    if cursor.register(name) ~= cursor.register(reg) then
      A:warn(p, ("'%s' is the name of a register, and remains it")
        :format(name))
    end
    return e + 1
  end
  local old = A.aliases[name]
  if old and old ~= reg then
    fail(p, "'%s' is already a name of %s; .unreq it first", name, old)
  end
  for _, form in ipairs { name, name:lower(), name:upper() } do
    A.aliases[form] = A.aliases[form] or reg
  end
  A.named = true
  return e + 1
end

function D.unreq(A, s, p)
  local _, e, name = find(s, "^([%w_.$]+)", p)
  if not e or not A.aliases[name] then
    fail(p, "'%s' is no name of a register", name or sub(s, p))
  end
  for _, form in ipairs { name, name:lower(), name:upper() } do
    A.aliases[form] = nil
  end
  return e + 1
end

-- A statement with registers for their names, from q on; columns stay where
-- the name is longer than the register.
function M.rename(A, s, q)
  local aliases = A.aliases
  return sub(s, 1, q - 1) .. sub(s, q):gsub("%f[%w_.$']([%a_][%w_$]*)(.?)",
    function(name, after)
      local reg = aliases[name]
      if not reg then return end
      if after == "." then return reg .. after end
      return reg .. (" "):rep(#name - #reg) .. after
    end)
end

return M
