-- SPDX-License-Identifier: MIT
--
-- The files of the project, for the style tests: what lies in the tree, less
-- build/ and what git keeps. Each file is {path=, text=, lines=, kind=}, where
-- kind is the language: "c", "lua", "asm", "sh", "make", or nil.
local files = {}

local kinds = {
  c = "c", h = "c", def = "c", lua = "lua", S = "asm", s = "asm", inc = "asm",
  ld = "ld", sh = "sh", mk = "make", md = "text", txt = "text",
}

local function kind_of(path, text)
  if path:find "Makefile$" then return "make" end
  if text:find "^#!.*sh\n" then return "sh" end
  return kinds[path:match "%.(%w+)$"]
end

local function split(text)
  local lines = {}
  for line in (text:find "\n$" and text or text .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

-- Paths below `folder` ("." for all), sorted.
function files.paths(folder)
  local list = {}
  local pipe <close> = assert(io.popen("find " .. folder .. " \\( -path \z
    ./build -o -path ./.git \\) -prune -o -type f -print"))
  for path in pipe:lines() do list[#list + 1] = path:gsub("^%./", "") end
  table.sort(list)
  return list
end

function files.read(path)
  local f <close> = assert(io.open(path, "rb"))
  local text = f:read "a"
  return { path = path, text = text, lines = split(text),
    kind = kind_of(path, text),
    -- Written by a program: says so in its head.
    generated = text:sub(1, 300):find "[Gg]enerated by" ~= nil }
end

-- All files of the kinds given ("c", "lua", ...), or all text files.
function files.all(...)
  local want, list = {}, {}
  for _, k in ipairs { ... } do want[k] = true end
  for _, path in ipairs(files.paths ".") do
    local file = files.read(path)
    if next(want) and want[file.kind]
       or not next(want) and not file.text:find "%z" then
      list[#list + 1] = file
    end
  end
  return list
end

-- C with comments and the inside of literals blanked; positions and lines
-- stay as they are.
function files.c_code(text)
  local out, i = {}, 1
  local function blank(s) out[#out + 1] = s:gsub("[^\n]", " ") end
  while i <= #text do
    local j = text:find("[/\"']", i)
    out[#out + 1] = text:sub(i, (j or #text + 1) - 1)
    if not j then break end
    local two, stop = text:sub(j, j + 1), nil
    if two == "//" then
      stop = (text:find("\n", j, true) or #text + 1) - 1
    elseif two == "/*" then
      stop = select(2, text:find("*/", j + 2, true)) or #text
    elseif text:sub(j, j) == "/" then
      out[#out + 1], i = "/", j + 1
    else
      local quote, k = text:sub(j, j), j + 1
      while k < #text and text:sub(k, k) ~= quote do
        k = k + (text:sub(k, k) == "\\" and 2 or 1)
      end
      stop = k
    end
    if stop then
      blank(text:sub(j, stop))
      i = stop + 1
    end
  end
  return table.concat(out)
end

-- One failed check that lists all `problems`.
function files.none(t, problems)
  local shown = table.concat(problems, "\n", 1, math.min(#problems, 40))
  t.ok(#problems == 0, ("%d places\n%s"):format(#problems, shown))
end

return files
