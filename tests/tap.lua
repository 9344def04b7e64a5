-- SPDX-License-Identifier: MIT
--
-- tap: the test library. `local test = require "tap"` gives a function;
-- test("a sentence that states the law", function(t) ... end) runs at once
-- and prints one TAP line; the plan follows when the Lua state closes.
--
-- A test fails at its first failed check, when it raises, when it changes a
-- global, and when it leaves a VM open. A check that fails inside a pcall or
-- a handler still fails the test: the verdict is kept here, not in the error.
-- TV_SEED fixes t.random(), TV_TEST=pattern runs only the tests it matches.

local shell = require "shell"

local tap = { count = 0, failed = 0 }

local FAIL, SKIP = {}, {} -- marks: error values that are verdicts

local function out(...)
  io.stdout:write(...)
  io.stdout:write("\n")
  io.stdout:flush()
end

local function comment(text)
  for line in (tostring(text) .. "\n"):gmatch "(.-)\n" do
    out("#   ", line)
  end
end

-- Showing values -----------------------------------------------------------

local function show_string(s)
  if #s > 2000 then s = s:sub(1, 2000) .. "... (" .. #s .. " bytes)" end
  return (("%q"):format(s):gsub("\\\n", "\\n"):gsub("[%c\128-\255]",
    function(c) return ("\\x%02x"):format(c:byte()) end))
end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b)
    if math.type(a) and math.type(b) then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

local show

local function show_table(t, seen)
  if seen[t] then return "<cycle>" end
  seen[t] = true
  local parts = {}
  for _, k in ipairs(sorted_keys(t)) do
    local key = ""
    if not (math.type(k) == "integer" and k == #parts + 1) then
      key = (type(k) == "string" and k or "[" .. show(k, seen) .. "]") .. "="
    end
    parts[#parts + 1] = key .. show(t[k], seen)
  end
  seen[t] = nil
  return "{" .. table.concat(parts, ", ") .. "}"
end

function show(v, seen)
  if type(v) == "string" then return show_string(v) end
  if math.type(v) == "integer" then return ("%d (%#x)"):format(v, v) end
  if type(v) == "number" then return ("%.17g (float)"):format(v) end
  if type(v) == "table" then
    local meta = getmetatable(v)
    if type(meta) == "table" and meta.__tostring then return tostring(v) end
    return show_table(v, seen or {})
  end
  return tostring(v)
end

tap.show = show

-- Comparing: tables by content, numbers by type and value, NaN equals NaN.

local function same(a, b, seen)
  if type(a) ~= type(b) or math.type(a) ~= math.type(b) then return false end
  if rawequal(a, b) then return true end
  if type(a) == "number" then return a == b or (a ~= a and b ~= b) end
  if type(a) ~= "table" then return a == b end
  if seen[a] == b then return true end
  seen[a] = b
  for k, v in pairs(a) do
    if not same(v, b[k], seen) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end

-- Random numbers: splitmix64, started for each test from seed and name, so
-- that one test run alone sees what it saw in the whole run.

local function seed_of_run()
  local given = os.getenv "TV_SEED"
  if given then
    return math.tointeger(tonumber(given)) or error "TV_SEED: not an integer"
  end
  return os.getenv "CI" == "true" and 1 or os.time() & 0x7fffffff
end

tap.seed = seed_of_run()

local function generator(name)
  local state = tap.seed
  for i = 1, #name do state = (state ~ name:byte(i)) * 0x100000001b3 end
  return function(low, high)
    state = state + 0x9e3779b97f4a7c15
    local z = state
    z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ~ (z >> 27)) * 0x94d049bb133111eb
    z = z ~ (z >> 31)
    if not low then return z end
    if not high then low, high = 1, low end
    return low + (z >> 1) % (high - low + 1)
  end
end

-- Checks -------------------------------------------------------------------

-- The line of the test that made the failing check.
local function here()
  for level = 3, 50 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    if not info.source:find "tap%.lua$" and info.currentline > 0 then
      return info.short_src .. ":" .. info.currentline .. ": "
    end
  end
  return ""
end

local function checks(name)
  local t = { name = name, temporary = {}, notes = {} }

  local function fail(text)
    t.failure = t.failure or here() .. text
    error(FAIL, 0)
  end
  t.fail = fail

  function t.ok(cond, message)
    if not cond then
      fail((message or "not ok") .. "\n  got: " .. show(cond))
    end
    return cond
  end

  function t.eq(got, want, message)
    if same(got, want, {}) then return got end
    fail((message or "not equal") .. "\n   got: " .. show(got)
      .. "\n  want: " .. show(want))
  end

  -- Calls fn(...); it must raise a message in which `pattern` is found,
  -- as a Lua pattern or as plain text. Returns the error value.
  function t.raises(pattern, fn, ...)
    local results = table.pack(pcall(fn, ...))
    if results[1] then
      fail("did not raise\n  want: an error with " .. show(pattern)
        .. "\n   got: " .. show(table.pack(select(2,
          table.unpack(results, 1, results.n)))))
    end
    local value = results[2]
    if value == FAIL or value == SKIP then error(value, 0) end
    local text = tostring(value)
    if not (text:find(pattern, 1, true) or text:find(pattern)) then
      fail("raised another error\n  want: " .. show(pattern)
        .. "\n   got: " .. show(text))
    end
    return value
  end

  function t.skip(reason)
    t.skipped = reason or "no reason given"
    error(SKIP, 0)
  end

  -- The same where there is nothing to run: the test is not for this backend.
  -- `tap.elsewhere` says so for the rest of a file (see backend.lua).
  function t.not_here(reason)
    t.elsewhere = reason
    error(SKIP, 0)
  end

  -- A comment under the test's line.
  function t.note(text) t.notes[#t.notes + 1] = tostring(text) end

  t.random = generator(name)
  return t
end

-- Tools --------------------------------------------------------------------

local function add_tools(t)
  -- Skips the test unless each of these programs is on the PATH.
  function t.needs(...)
    for _, tool in ipairs { ... } do
      if not shell.have(tool) then
        t.skip("needs " .. tool .. ": make deps-test")
      end
    end
  end

  -- A fresh temporary file name, removed when the test ends.
  function t.tmpname()
    local path = os.tmpname()
    t.temporary[#t.temporary + 1] = path
    return path
  end

  -- Runs a shell command, within 300 seconds where `timeout` is installed, as
  -- a user would: without the paths that run.lua sets. Returns its stdout,
  -- its status (128 + n for a signal) and its stderr.
  function t.run(command)
    local errors, source = t.tmpname(), t.tmpname()
    shell.spill(source, "unset LUA_PATH_5_4 LUA_CPATH_5_4\n" .. command .. "\n")
    local pipe <close> = assert(io.popen(("%ssh %s 2>%s </dev/null"):format(
      shell.bound(300), source, errors)))
    local output = pipe:read "a"
    local _, how, code = pipe:close()
    return output, how == "signal" and 128 + code or code, shell.slurp(errors)
  end

  return t
end

-- Running one test ---------------------------------------------------------

-- Unknown fields of the module may raise, and then it counts nothing.
local function live_vms()
  local tv = package.loaded.tinyvmm
  local count = type(tv) == "table" and rawget(tv, "_live")
  return count and count() or 0
end

local function globals()
  local copy = {}
  for k, v in next, _G do copy[k] = v end
  return copy
end

local function changed_globals(before)
  local names = {}
  for k, v in next, _G do
    if not rawequal(before[k], v) then names[#names + 1] = tostring(k) end
  end
  for k in next, before do
    if rawget(_G, k) == nil then names[#names + 1] = tostring(k) end
  end
  table.sort(names)
  return names
end

local function traceback(value)
  if value == FAIL or value == SKIP then return value end
  local text = type(value) == "string" and value or "raised " .. show(value)
  text = debug.traceback(text, 2)
  return (text:gsub("\n%s*%[C%]: in function 'xpcall'.*", ""))
end

local function verdict(t, before, live, ok, value)
  if not ok and value ~= FAIL and value ~= SKIP then
    t.failure = t.failure or value
  end
  if t.failure then return t.failure end
  if live_vms() > live then
    return ("left %d VM(s) open"):format(live_vms() - live)
  end
  local names = changed_globals(before)
  if #names > 0 then
    return "changed globals: " .. table.concat(names, ", ")
  end
end

local function report(t, failure)
  tap.count = tap.count + 1
  local line = ("ok %d - %s"):format(tap.count, (t.name:gsub("#", "\\#")))
  if failure then
    tap.failed = tap.failed + 1
    out("not ", line)
    comment(failure)
  elseif t.elsewhere then
    out(line, " # SKIP ELSEWHERE ", t.elsewhere)
  elseif t.skipped then
    out(line, " # SKIP ", t.skipped)
  else
    out(line)
  end
  for _, text in ipairs(t.notes) do comment(text) end
end

local function run(_, name, fn)
  assert(type(name) == "string" and type(fn) == "function",
    'usage: test("a sentence", function(t) ... end)')
  local filter = os.getenv "TV_TEST"
  if filter and not name:find(filter) then
    tap.filtered = true
    return
  end
  local t = add_tools(checks(name))
  if tap.elsewhere then
    t.elsewhere = tap.elsewhere
    return report(t)
  end
  collectgarbage()
  local before, live = globals(), live_vms()
  local failure = verdict(t, before, live, xpcall(fn, traceback, t))
  for _, path in ipairs(t.temporary) do os.remove(path) end
  local swept, problem = pcall(collectgarbage)
  if not swept then failure = failure or problem end
  report(t, failure)
end

-- The end: a finalizer that runs when the state closes. After a crash of the
-- file itself the interpreter's own exit status says so.
local function finish()
  out(tap.count == 0 and tap.filtered and "1..0 # SKIP all filtered"
    or "1.." .. tap.count)
  if tap.failed > 0 then
    out("# seed ", tostring(tap.seed))
    os.exit(1)
  end
end

out "TAP version 14"
out("# seed ", tostring(tap.seed))
tap.sentinel = setmetatable({}, { __gc = finish })

return setmetatable(tap, { __call = run })
