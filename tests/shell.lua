-- SPDX-License-Identifier: MIT
--
-- Files and commands, for tests and for the checks that are programs of their
-- own (kvm/_check.lua, macos/_check.lua); those count by a tally, whose last
-- line is the one that run.lua ends with.
local shell = {}

function shell.slurp(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

function shell.spill(path, text)
  local f <close> = assert(io.open(path, "wb"))
  assert(f:write(text))
end

function shell.quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

-- The output of a command, errors included, and whether it succeeded.
function shell.capture(command)
  local pipe = assert(io.popen("(" .. command .. ") 2>&1"))
  local text = pipe:read "a"
  return text, pipe:close() ~= nil
end

-- The lines that a command prints on stdout, sorted.
function shell.lines(command)
  local list = {}
  local pipe <close> = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  table.sort(list)
  return list
end

function shell.have(tool)
  return os.execute("command -v " .. tool .. " >/dev/null 2>&1") ~= nil
end

-- What stands before a command that is to end after so many seconds; nothing
-- where there is no `timeout`, as on macOS.
function shell.bound(seconds)
  return shell.have "timeout" and ("timeout %s "):format(seconds) or ""
end

function shell.say(...) print(...) io.stdout:flush() end

local tally = {}
tally.__index = tally

-- Counts what `name` checks.
function shell.tally(name)
  return setmetatable({ name = name, passed = 0, failed = 0, skipped = 0 },
    tally)
end

-- Says the counts and ends the process.
function tally:finish()
  shell.say(("%d passed, %d failed, %d skipped"):format(self.passed,
    self.failed, self.skipped))
  os.exit(self.failed == 0 and 0 or 1, true)
end

function tally:skip(reason)
  shell.say("skip - " .. self.name .. ": " .. reason)
  self.skipped = self.skipped + 1
  self:finish()
end

function tally:fail(law)
  shell.say("not ok - " .. self.name .. ": " .. law)
  self.failed = self.failed + 1
end

return shell
