-- SPDX-License-Identifier: MIT
-- Source texts and places in them. Every text that takes part (the main one
-- and each .include) gets a range of one number line, so a place is a single
-- integer; file, line and column are worked out only when somebody asks.
-- Also here: taking comments out of a line without moving its columns.

local find, sub = string.find, string.sub

local M = {}

-- Register a text; returns the base: its character i lies at base + i.
function M.add(sources, name, text)
  local last = sources[#sources]
  local base = last and last.base + #last.text + 1 or 0
  sources[#sources + 1] = { name = name, text = text, base = base }
  return base
end

local function source_of(sources, at)
  for i = #sources, 1, -1 do
    if at > sources[i].base then return sources[i] end
  end
  return sources[1]
end

-- Place -> file name, line, column (both from 1), text of the line.
function M.locate(sources, at)
  local src = source_of(sources, at)
  local text, p = src.text, at - src.base
  local line, start = 1, 1
  while true do
    local e = find(text, "\n", start, true)
    if not e or e >= p then
      return src.name, line, p - start + 1, sub(text, start, (e or 0) - 1)
    end
    line, start = line + 1, e + 1
  end
end

function M.where(sources, at)
  local name, line, col = M.locate(sources, at)
  return ("%s:%d:%d"):format(name, line, col)
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
