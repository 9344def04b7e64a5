-- SPDX-License-Identifier: MIT
--
-- run: walks tests/*/*.lua and the C tests in $TV_BUILD/tests, runs each in
-- a process of its own and adds up their TAP.
--
--   INTERPRETER tests/run.lua [-v] [-l] [-t TEST] [-x FILE] [pattern...]
--
-- The same interpreter runs the files: lua5.4, or our own program. There is
-- no list to keep: a file is a test if it lies directly in a room and its
-- name does not begin with `_`. A file that crashes, prints no plan or runs
-- no test has failed: silence is failure. tests/README.md tells the rest.

local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path
local shell = require "shell"
local quote, slurp = shell.quote, shell.slurp

local usage = [[
usage: lua5.4 tests/run.lua [-v] [-l] [-t TEST] [-x FILE] [pattern...]
  pattern   run only files whose name it matches (core/ a64/dis ...)
  -t TEST   run only tests whose sentence this Lua pattern matches
  -x FILE   do not run files whose name this pattern matches
  -v        print every test, not only failures
  -l        list the files and stop
]]

local build = os.getenv "TV_BUILD" or "build/rel"
local limit = os.getenv "TV_TIMEOUT" or "600"
local jobs = math.tointeger(tonumber(os.getenv "TV_JOBS" or "2")) or 1
local in_ci = os.getenv "CI" == "true"

-- Options ------------------------------------------------------------------

local function options(args)
  local opt, i = { patterns = {}, without = {} }, 1
  while args[i] do
    local a = args[i]
    if a == "-v" then opt.verbose = true
    elseif a == "-l" then opt.list = true
    elseif a == "-t" and args[i + 1] then
      i = i + 1
      opt.test = args[i]
    elseif a == "-x" and args[i + 1] then
      i = i + 1
      opt.without[#opt.without + 1] = args[i]
    elseif a:sub(1, 1) == "-" then
      io.stderr:write(usage)
      os.exit(a == "--help" and 0 or 2)
    else
      opt.patterns[#opt.patterns + 1] = a
    end
    i = i + 1
  end
  return opt
end

local function matches(name, patterns)
  for _, p in ipairs(patterns) do
    if name:find(p) then return true end
  end
  return false
end

local function wanted(name, opt)
  return (#opt.patterns == 0 or matches(name, opt.patterns))
    and not matches(name, opt.without)
end

-- What to run: {name = "core/mem.lua", command = shell text}.
local function test_files(opt)
  local interpreter = quote(assert(arg[-1], "needs an interpreter in arg[-1]"))
  local list = {}
  local function add(name, command)
    if wanted(name, opt) then
      list[#list + 1] = { name = name, command = command }
    end
  end
  for _, path in ipairs(shell.lines "find tests -mindepth 2 -maxdepth 2 \z
      -name '*.lua' ! -name '_*' ! -path 'tests/bench/*'") do
    add(path:sub(#"tests/" + 1), interpreter .. " " .. quote(path))
  end
  local programs = quote(build .. "/tests")
  for _, path in ipairs(shell.lines("find " .. programs .. " -maxdepth 1 \z
      -type f -perm -u+x ! -name '*.so' 2>/dev/null")) do
    add("core/" .. path:match "[^/]*$", quote(path))
  end
  return list
end

-- Starting and waiting. Output goes to files, so that nothing blocks and a
-- crash loses nothing; the file's own stderr is shown when it fails.

local function prefix(opt)
  local env = {
    "TV_BUILD=" .. quote(build),
    "LUA_PATH_5_4='tests/?.lua;lua/?.lua;lua/?/init.lua;;'",
    "LUA_CPATH_5_4=" .. quote(build .. "/lib/?.so;;"),
  }
  if opt.test then env[#env + 1] = "TV_TEST=" .. quote(opt.test) end
  return table.concat(env, " ") .. " " .. shell.bound(limit)
end

local function start(file, env)
  file.out, file.err = os.tmpname(), os.tmpname()
  file.pipe = assert(io.popen(("%s%s >%s 2>%s </dev/null"):format(
    env, file.command, quote(file.out), quote(file.err))))
end

local function finish(file)
  local _, how, code = file.pipe:close()
  file.status = how == "signal" and "signal " .. code or code
  file.text, file.errors = slurp(file.out), slurp(file.err)
  os.remove(file.out)
  os.remove(file.err)
end

-- On qemu's CPU (make check-kvm) two files at the same time were seen to die of
-- signal 11 at the same moment, once in five runs; whoever dies there may try
-- once more, and says so. What does it twice has failed.
local function finish_there(file, env)
  finish(file)
  local crashed = file.status == "signal 11" or file.status == 128 + 11
  if not crashed or not os.getenv "TV_EMULATED" then return end
  print(("# %s: crashed on an emulated CPU, once more"):format(file.name))
  start(file, env)
  finish(file)
end

-- Reading TAP --------------------------------------------------------------

local function read_tap(text)
  local tap = { tests = {} }
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do
    local no, name = line:match "^(n?o?t? ?)ok %d+ ?%-? ?(.*)$"
    local plan, why = line:match "^1%.%.(%d+)(.*)$"
    if no then
      local body, reason = name:match "^(.-) # SKIP ?(.*)$"
      local elsewhere = reason and reason:match "^ELSEWHERE (.*)$"
      tap.tests[#tap.tests + 1] = { ok = no == "", name = body or name,
        skip = not elsewhere and reason or nil, elsewhere = elsewhere,
        notes = {} }
    elseif plan then
      tap.plan, tap.none = tonumber(plan), why:find "SKIP" ~= nil
    elseif #tap.tests > 0 and line ~= "" then
      table.insert(tap.tests[#tap.tests].notes, line)
    end
  end
  return tap
end

-- What is wrong with the file as a whole, or nil.
local function file_problem(file, tap)
  local failed = false
  for _, test in ipairs(tap.tests) do failed = failed or not test.ok end
  if file.status == 124 then return "stopped after " .. limit .. " s" end
  if not tap.plan then return ("no plan (status %s)"):format(file.status) end
  if tap.plan ~= #tap.tests then
    return ("planned %d tests, ran %d"):format(tap.plan, #tap.tests)
  end
  if tap.plan == 0 and not tap.none then return "no test in this file" end
  if file.status ~= 0 and not failed then
    return ("all passed, but the status is %s"):format(file.status)
  end
end

-- Skips --------------------------------------------------------------------

-- tests/skips.txt: `file: piece of the test's name, or *: reason`.
local function allowed_skips()
  local list = {}
  for line in io.lines "tests/skips.txt" do
    if line:find "%S" and not line:find "^#" then
      local file, name, reason = line:match "^(%S+):%s+(.-):%s+(%S.*)$"
      assert(reason, "tests/skips.txt: cannot read: " .. line)
      list[#list + 1] = { file = file, name = name }
    end
  end
  return list
end

local function skip_allowed(list, file, test)
  for _, s in ipairs(list) do
    if s.file == file.name
       and (s.name == "*" or test.name:find(s.name, 1, true)) then
      return true
    end
  end
  return false
end

-- Reporting ----------------------------------------------------------------

local total = { passed = 0, failed = 0, skipped = 0, elsewhere = 0 }

local function print_failure(file, what, notes)
  print(("not ok - %s: %s"):format(file.name, what))
  for _, line in ipairs(notes) do print("  " .. line) end
end

local function judge(file, skips, opt)
  local tap = read_tap(file.text)
  local count = { passed = 0, failed = 0, skipped = 0, elsewhere = 0 }
  for _, test in ipairs(tap.tests) do
    local forbidden = test.skip and in_ci
      and not skip_allowed(skips, file, test)
    if not test.ok or forbidden then
      count.failed = count.failed + 1
      print_failure(file, test.name, forbidden
        and { "skipped, not listed in tests/skips.txt: " .. test.skip }
        or test.notes)
    elseif test.skip then
      count.skipped = count.skipped + 1
      print(("skip - %s: %s: %s"):format(file.name, test.name, test.skip))
    elseif test.elsewhere then
      count.elsewhere = count.elsewhere + 1
      if opt.verbose then
        print(("elsewhere - %s: %s: %s"):format(file.name, test.name,
          test.elsewhere))
      end
    else
      count.passed = count.passed + 1
      if opt.verbose then
        print(("ok - %s: %s"):format(file.name, test.name))
        for _, line in ipairs(test.notes) do print("  " .. line) end
      end
    end
  end
  local problem = file_problem(file, tap)
  if problem then
    count.failed = count.failed + 1
    print_failure(file, problem, {})
  end
  if count.failed > 0 and file.errors ~= "" then
    print("  stderr:")
    for line in file.errors:gmatch "[^\n]+" do print("  | " .. line) end
  end
  for k, n in pairs(count) do total[k] = total[k] + n end
  io.stdout:flush()
end

local function main()
  local probe = io.open "tests/tap.lua"
  if not probe then
    io.stderr:write "run.lua: start it in the top folder of the project\n"
    os.exit(2)
  end
  probe:close()
  local opt = options(arg)
  local files, skips = test_files(opt), allowed_skips()
  if opt.list then
    for _, file in ipairs(files) do print(file.name) end
    return
  end
  if #files == 0 then
    print "no test file matches"
    total.failed = 1
  end
  local env, started = prefix(opt), 0
  for i, file in ipairs(files) do
    while started < #files and started < i + jobs - 1 do
      started = started + 1
      start(files[started], env)
    end
    finish_there(file, env)
    judge(file, skips, opt)
  end
  if total.elsewhere > 0 then
    print(("%d not for %s"):format(total.elsewhere,
      os.getenv "TINYVMM_BACKEND" or "soft"))
  end
  print(("%d passed, %d failed, %d skipped"):format(
    total.passed, total.failed, total.skipped))
  io.stdout:flush()
  os.exit(total.failed == 0 and 0 or 1, true)
end

main()
