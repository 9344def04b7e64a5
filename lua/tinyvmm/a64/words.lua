-- SPDX-License-Identifier: MIT
-- Text as macros and conditions see it, before anything is assembled: the
-- statements of a text by their directives' names, and arguments, which are
-- pieces of text. Positions go in, and come back behind what was read.

local expr = require "tinyvmm.a64.expr"
local source = require "tinyvmm.a64.source"

local find, sub, match = string.find, string.sub, string.match
local fail = expr.fail

local M = {}

-- The statement at p of a text: its directive's name in lower case (or nil)
-- and the position of the next statement.
function M.next_statement(text, p)
  local e = find(text, "\n", p, true) or #text + 1
  local mark = find(text, "[./]", p) or e
  if mark >= e then return nil, e + 1 end       -- no directive, no comment
  local s, after, open = sub(text, p, e - 1), e + 1, false
  if find(s, "[\"'/#]") then
    s, open = source.clean(s)
    if open then
      local _, stop = find(text, "*/", p + #s + 2, true)
      after = (stop or #text) + 1
    end
  end
  if find(s, ";", 1, true) then
    local stop = source.statement_end(s, 1)
    if stop <= #s then s, after = sub(s, 1, stop - 1), p + stop end
  end
  local q = 1
  while true do
    local _, colon = find(s, "^[ \t]*[%w_.$]+[ \t]*:", q)
    if not colon then break end
    q = colon + 1
  end
  local name = match(s, "^[ \t]*%.(%a+)", q)
  return name and name:lower(), after
end

-- A quoted argument at p: its text without the quotes, position after it.
function M.quoted(s, p)
  local out, q = {}, p + 1
  while true do
    local e = find(s, '"', q, true)
    if not e then fail(p, "the string has no closing quote") end
    local slashes = #match(sub(s, q, e - 1), "\\*$")
    if slashes % 2 == 1 then
      out[#out + 1] = sub(s, q, e)
    elseif sub(s, e + 1, e + 1) == '"' then
      out[#out + 1] = sub(s, q, e)
      e = e + 1
    else
      out[#out + 1] = sub(s, q, e - 1)
      return table.concat(out), e + 1
    end
    q = e + 1
  end
end

-- One argument at p (no blanks before it): as in GNU as it ends at a comma, or
-- at blanks outside brackets unless they stand beside an operator.
function M.argument(s, p)
  local plain, after = match(s, "^([%w_.#$]+)()%f[,%z]", p)
  if plain then return plain, after end
  if sub(s, p, p) == '"' then return M.quoted(s, p) end
  local out, q, nest = {}, p, 0
  while q <= #s do
    local c = sub(s, q, q)
    if c == "," then break end
    if c == " " or c == "\t" then
      local e = find(s, "[^ \t]", q)
      if not e or sub(s, e, e) == "," then q = e or #s + 1 break end
      local joins = find(s, "^[-+*/%%|&^<>=!)%]]", e)
        or find(out[#out] or "", "[-+*/%%|&^<>=!~([]$")
      if nest == 0 and not joins then break end
      if not joins then out[#out + 1] = " " end
      q = e
    else
      local e = q
      if c == '"' then e = select(2, M.quoted(s, q)) - 1
      elseif c == "'" and sub(s, q + 1, q + 1) ~= "" then
        e = q + (sub(s, q + 1, q + 1) == "\\" and 2 or 1)
        if sub(s, e + 1, e + 1) == "'" then e = e + 1 end
      elseif c == "(" or c == "[" then nest = nest + 1
      elseif c == ")" or c == "]" then nest = math.max(nest - 1, 0) end
      out[#out + 1] = sub(s, q, e)
      q = e + 1
    end
  end
  return table.concat(out), q
end

-- Past blanks, one comma, and blanks.
function M.separator(s, p)
  local _, e = find(s, "^[ \t\r]*,?[ \t\r]*", p)
  return e + 1
end

function M.skip(s, p) return find(s, "[^ \t\r]", p) or #s + 1 end

return M
