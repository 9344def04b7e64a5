-- SPDX-License-Identifier: MIT
--
-- How a file looks: heads, columns, lengths, and what must not stand in it.
-- Tables (rows/*.lua, *.def) may be wider than 80 columns, generated files
-- may be what their generator makes them.
local test = require "tap"
local files = require "style._files"

local code = files.all("c", "lua", "asm", "sh", "make", "ld")

local function is_table(file)
  return file.path:find "a64/rows/" or file.path:find "%.def$"
end

-- Runs check(line, file, number) -> problem text or nil over all lines.
local function each_line(t, list, check)
  local problems = {}
  for _, file in ipairs(list) do
    for n, line in ipairs(file.lines) do
      local problem = check(line, file, n)
      if problem then
        problems[#problems + 1] = ("%s:%d: %s"):format(file.path, n, problem)
      end
    end
  end
  files.none(t, problems)
end

local function each_file(t, list, check)
  local problems = {}
  for _, file in ipairs(list) do
    local problem = check(file)
    if problem then problems[#problems + 1] = file.path .. ": " .. problem end
  end
  files.none(t, problems)
end

test("no line of code is wider than 80 columns", function(t)
  each_line(t, code, function(line, file)
    local width = utf8.len(line) or #line
    if width > 80 and not file.generated and not is_table(file) then
      return width .. " columns"
    end
  end)
end)

test("only makefiles have tabs", function(t)
  each_line(t, code, function(line, file)
    return file.kind ~= "make" and line:find "\t" and "a tab" or nil
  end)
end)

test("no line ends in a blank, every file ends in one newline", function(t)
  each_line(t, files.all(), function(line)
    return line:find "%s$" and "trailing blank" or nil
  end)
  each_file(t, files.all(), function(file)
    if file.path:find "^examples/expected/" or file.text == "" then return end
    return (file.text:find "[^\n]$" or file.text:find "\n\n$")
      and "the end of the file" or nil
  end)
end)

-- The comment at the top of a file, without its marks.
local function head(file)
  local lines = {}
  for n, line in ipairs(file.lines) do
    if not (n == 1 and line:find "^#!") then
      local text = line:match "^//(.*)" or line:match "^%-%-+(.*)"
        or line:match "^#(.*)" or line:match "^ ?/?%*(.*)"
      if not text then break end
      lines[#lines + 1] = text
    end
  end
  return lines
end

test("every file of code starts with its SPDX line", function(t)
  each_file(t, code, function(file)
    local first = head(file)[1] or ""
    return not first:find "^ ?SPDX%-License%-Identifier: MIT[ */]*$"
      and "no SPDX line" or nil
  end)
end)

test("every file of code has a head that says what lives here", function(t)
  each_file(t, code, function(file)
    local words = 0
    for i, line in ipairs(head(file)) do
      if i > 1 and line:find "%a%a" then words = words + 1 end
    end
    local short = file.kind == "sh" or file.kind == "make" or file.generated
    return words < (short and 1 or 2) and "a head of " .. words .. " lines"
      or nil
  end)
end)

test("no reminders are left in the tree", function(t)
  local marks = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "HA" .. "CK" }
  each_line(t, files.all(), function(line)
    for _, mark in ipairs(marks) do
      if line:find("%f[%w_]" .. mark .. "%f[^%w_]") then return mark end
    end
  end)
end)

test("a file has at most 1,000 lines", function(t)
  each_file(t, code, function(file)
    return #file.lines > 1000 and not file.generated and not is_table(file)
      and #file.lines .. " lines" or nil
  end)
end)

test("the library never calls exit, abort or their kin", function(t)
  local forbidden = { "exit", "_exit", "_Exit", "quick_exit", "abort" }
  for _, file in ipairs(files.all "c") do
    if file.path:find "^src/" and file.path ~= "src/main.c"
       and file.path ~= "src/bind/embed.c" then -- a build tool, not library
      local text = files.c_code(file.text)
      for _, name in ipairs(forbidden) do
        t.ok(not text:find("%f[%w_]" .. name .. "%s*%("),
          file.path .. " calls " .. name)
      end
    end
  end
end)

-- A name that was not made local: `arg` is the program's to set, `tv` is there
-- for -e, `cpu` and `vm` are a session's variables.
test("no Lua file sets a global by accident", function(t)
  t.needs "luac5.4"
  local meant = { ["lua/tinyvmm/cli/init.lua"] = "arg tv",
    ["lua/tinyvmm/cli/commands.lua"] = "cpu vm" }
  each_file(t, files.all "lua", function(file)
    for name in t.run("luac5.4 -l -p " .. file.path):gmatch
        'SETTABUP[^\n]*_ENV "([%w_]+)"' do
      if not (meant[file.path] or ""):find("%f[%w]" .. name .. "%f[%W]") then
        return "the global " .. name
      end
    end
  end)
end)

test("an emulated machine that hangs is killed", function(t)
  local problems, count = {}, 0
  for _, file in ipairs(files.all("lua")) do
    for n, line in ipairs(file.lines) do
      if line:find "qemu%-system%-aarch64 [\\%-]"
          and not line:find "^%-%-" then
        local command = (file.lines[n - 1] or "") .. line
        count = count + 1
        if not command:find "timeout %-k" then
          problems[#problems + 1] = ("%s:%d"):format(file.path, n)
        end
      end
    end
  end
  t.ok(count >= 3, "found hardly any: " .. count)
  files.none(t, problems)
end)

test("there is no Python in the tree", function(t)
  each_file(t, files.all(), function(file)
    return (file.path:find "%.py$" or file.text:find "^#![^\n]*python")
      and "Python" or nil
  end)
end)

test("no file names a place of one machine or a package registry", function(t)
  local places = { "/wo" .. "rk/", "/ho" .. "me/", "/ro" .. "ot/",
    "/Us" .. "ers/", "%.%./sha" .. "red" }
  local hosts = { "deb%.deb" .. "ian%.org", "py" .. "pi%.org",
    "npm" .. "js%.", "proxy%.go" .. "lang", "cra" .. "tes%.io",
    "ruby" .. "gems%.org", "formu" .. "lae%.brew", "dl%-cdn%.al" .. "pine" }
  each_line(t, files.all(), function(line)
    for _, place in ipairs(places) do
      local at = line:find(place)
      if at and not line:sub(1, at - 1):find "[%w_%.%]]$" then
        return "an absolute path"
      end
    end
    for _, host in ipairs(hosts) do
      if line:find(host) then return "a registry" end
    end
  end)
end)

test("the top folder holds what the README says, and no more", function(t)
  local allowed = {}
  for name in ([[src lua examples guest tests build Makefile README.md LICENSE
      CHANGELOG.md entitlements.plist]]):gmatch "%S+" do
    allowed[name] = true
  end
  local pipe <close> = assert(io.popen "ls -1")
  for name in pipe:lines() do
    t.ok(allowed[name], "unexpected in the top folder: " .. name)
  end
end)

-- Functions ----------------------------------------------------------------

local LONGEST = 60

-- The functions of a C file: {first=, last=} line numbers. A function is a
-- block at depth 0 whose opening brace follows a parenthesis.
local function c_functions(file)
  local list, depth, start, open = {}, 0, 1, nil
  local text = files.c_code(file.text):gsub("\n%s*#[^\n]*", function(s)
    return s:gsub("[^\n]", " ")
  end)
  local line, seen = 1, ""
  for ch in text:gmatch "." do
    if ch == "\n" then
      line = line + 1
    elseif ch == "{" then
      if depth == 0 then open = seen:find "%)$" and start end
      depth = depth + 1
    elseif ch == "}" then
      depth = depth - 1
      if depth == 0 and open then
        list[#list + 1] = { first = open, last = line }
      end
    end
    if depth == 0 then
      if ch == ";" or ch == "}" then
        seen = ""
      elseif not ch:find "%s" then
        if seen == "" then start = line end
        seen = (seen .. ch):sub(-8)
      end
    end
  end
  return list
end

-- The functions of a Lua file that start at the margin.
local function lua_functions(file)
  local list, first = {}, nil
  for n, line in ipairs(file.lines) do
    if line:find "^local function " or line:find "^function "
       or line:find "^[%w_. ]+ = function" then
      first = not line:find "%f[%w]end$" and n or nil
    elseif first and line:find "^end" then
      list[#list + 1] = { first = first, last = n }
      first = nil
    end
  end
  return list
end

-- `long: reason` in the comment right above a function marks the exception.
local function is_marked(file, first)
  local n = first - 1
  while n > 0 and (file.lines[n]:find "^//" or file.lines[n]:find "^%-%-"
      or file.lines[n]:find "^ ?/?%*") do
    if file.lines[n]:find "%f[%w]long: %S" then return true end
    n = n - 1
  end
  return false
end

test("a function fits a screen, or is its file's one exception", function(t)
  local problems, count = {}, 0
  for _, file in ipairs(files.all("c", "lua")) do
    local marked = 0
    local list = file.generated and {}
      or (file.kind == "c" and c_functions or lua_functions)(file)
    for _, f in ipairs(list) do
      local length = f.last - f.first + 1
      count = count + 1
      if length > LONGEST then
        if is_marked(file, f.first) then marked = marked + 1 end
        if marked ~= 1 then
          problems[#problems + 1] = ("%s:%d: %d lines"):format(
            file.path, f.first, length)
        end
      end
    end
  end
  t.ok(count > 100, "found hardly any function: " .. count)
  t.note(count .. " functions")
  files.none(t, problems)
end)
