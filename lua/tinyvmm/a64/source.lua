-- SPDX-License-Identifier: MIT
-- Source texts and places in them. Every text that takes part (the main one,
-- each .include, each expansion of a macro) gets a range of one number line, so
-- a place is a single integer; file, line and column are worked out only when
-- somebody asks. A place in an expansion is that of the line it was made from.
-- Also here: taking comments out of a line without moving its columns.

local find, sub = string.find, string.sub

local M = {}

-- Register a text; returns the base: its character i lies at base + i. origin,
-- for expansions: { what, of = place of the body, from = place of the call,
-- period = lines of the body if it is repeated }.
function M.add(sources, name, text, origin)
  local last = sources[#sources]
  local base = last and last.base + #last.text + 1 or 0
  sources[#sources + 1] = { name = name, text = text, base = base,
    origin = origin }
  return base
end

local function source_of(sources, at)
  local lo, hi = 1, #sources
  while lo < hi do
    local mid = lo + hi + 1 >> 1
    if sources[mid].base < at then lo = mid else hi = mid - 1 end
  end
  return sources[lo]
end

-- Place -> line, column, text of the line, source; of the text itself, be it
-- an expansion or not.
function M.line_at(sources, at)
  local src = source_of(sources, at)
  local text, p = src.text, at - src.base
  local line, start = 1, 1
  while true do
    local e = find(text, "\n", start, true)
    if not e or e >= p then
      return line, p - start + 1, sub(text, start, (e or 0) - 1), src
    end
    line, start = line + 1, e + 1
  end
end

-- How far two lines agree, and at most `col`: where a column of an expanded
-- line lies in the line it comes from.
local function agree(a, b, col)
  local n = 1
  while n < col and sub(a, n, n) == sub(b, n, n) and n < #b do n = n + 1 end
  return n
end

-- Place -> file name, line, column (both from 1).
function M.locate(sources, at)
  local line, col, text, src = M.line_at(sources, at)
  local origin = src.origin
  if not origin then return src.name, line, col end
  local first, before, _, from = M.line_at(sources, origin.of)
  line = first + (line - 1) % (origin.period or line)
  local p = origin.of - from.base - before + 1
  for _ = first, line - 1 do
    p = (find(from.text, "\n", p, true) or #from.text) + 1
  end
  local e = find(from.text, "\n", p, true) or #from.text + 1
  col = agree(text, sub(from.text, p, e - 1), col)
  return M.locate(sources, from.base + p - 1 + col)
end

-- The place of the call that, in the end, led to a place; itself if no macro
-- is involved.
function M.root(sources, at)
  while true do
    local origin = source_of(sources, at).origin
    if not origin then return at end
    at = origin.from
  end
end

function M.where(sources, at)
  local name, line, col = M.locate(sources, at)
  return ("%s:%d:%d"):format(name, line, col)
end

-- What a message about a place in an expansion must add: " (macro 'x', called
-- at g.S:9:1)", from the innermost to the outermost call; else "".
function M.calls(sources, at)
  local out = {}
  while true do
    local origin = source_of(sources, at).origin
    if not origin then break end
    at = origin.from
    out[#out + 1] = ("%s at %s"):format(origin.what, M.where(sources, at))
  end
  if #out == 0 then return "" end
  if #out > 4 then
    out = { out[1], out[2], ("%d more"):format(#out - 3), out[#out] }
  end
  return " (in " .. table.concat(out, ", in ") .. ")"
end

local function blank(n) return (" "):rep(n) end

-- End of the quoted text that starts at p, or the end of the line.
local function skip_string(line, p)
  local q = p + 1
  while true do
    local e = find(line, '[\\"]', q)
    if not e then return #line end
    if sub(line, e, e) == '"' then return e end
    q = e + 2
  end
end

-- A line without comments and of the same length; the second result tells
-- that a /* was left open (the comment goes on in the lines below).
function M.clean(line)
  if find(line, "^[ \t]*#") then return "" end
  local p = 1
  while true do
    p = find(line, "[\"'/]", p)
    if not p then return line end
    local two = sub(line, p, p + 1)
    if two == "//" then return sub(line, 1, p - 1) end
    if two == "/*" then
      local _, e = find(line, "*/", p + 2, true)
      if not e then return sub(line, 1, p - 1), true end
      line = sub(line, 1, p - 1) .. blank(e - p + 1) .. sub(line, e + 1)
    elseif sub(two, 1, 1) == '"' then
      p = skip_string(line, p)
    elseif sub(two, 1, 1) == "'" then
      p = p + (sub(two, 2) == "\\" and 2 or 1)
    end
    p = p + 1
  end
end

-- Position of the `;` that ends the statement at p, or #line + 1.
function M.statement_end(line, p)
  while true do
    local e = find(line, "[\"';]", p)
    if not e then return #line + 1 end
    local c = sub(line, e, e)
    if c == ";" then return e end
    if c == '"' then p = skip_string(line, e) + 1
    else p = e + (sub(line, e + 1, e + 1) == "\\" and 3 or 2) end
  end
end

return M
