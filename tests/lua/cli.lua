-- SPDX-License-Identifier: MIT
--
-- The program: its options, verbs, exit codes and the lines on stderr; and
-- that Ctrl-C ends a guest wherever it runs.
local test = require "tap"
require "backend".only_file("soft", "the program more than the backend")
local tv = require "tinyvmm"
local cli = require "tinyvmm.cli"
local program = require "lua._program"

local run, file, expect = program.run, program.file, program.expect
local EXIT = program.EXIT

test("--version, --help, help", function(t)
  expect(t, run(t, "--version"), 0, "^TinyVMM %d+%.%d+%.%d+\n$")
  expect(t, run(t, "--help"), 0, "^usage: tinyvmm")
  expect(t, run(t, "-h"), 0, "^usage: tinyvmm")
  expect(t, run(t, "help"), 0, "^usage: tinyvmm")
end)

test("each verb has its --help, in 80 columns", function(t)
  for verb in pairs(require "tinyvmm.cli".VERBS) do
    local result = run(t, verb .. " --help")
    expect(t, result, 0, "^usage: tinyvmm " .. verb)
    t.eq(run(t, verb .. " -h").out, result.out)
    t.eq(run(t, "help " .. verb).out, result.out)
    for line in result.out:gmatch "[^\n]+" do t.ok(#line <= 80, line) end
  end
  expect(t, run(t, "help rnu"), 125, nil,
    "there is no verb 'rnu'; did you mean 'run'?")
  expect(t, run(t, "run --version"), 125, nil, "unknown option '%-%-version'")
end)

test("options: values, repetition, --", function(t)
  expect(t, run(t, "--help=x"), 125, nil, "%-%-help takes no value")
  expect(t, run(t, "-e 'print(...)' -- -v"), 0, "^%-v\n$")
  expect(t, run(t, "--backend hvf --backend soft -e 'print(1)'"), 0, "^1\n$")
  expect(t, run(t, "-e 'print(1)' -e 'print(2)'"), 0, "^2\n$")
end)

test("- reads a script, -i begins a session after it", function(t)
  local script = file(t, "print(#arg, ...) x = 6 * 7")
  expect(t, run(t, "- a b <" .. script .. " 3<&-"), 0, "^2\ta\tb\n$")
  local input = file(t, "x\n")
  expect(t, run(t, "-i " .. script .. " <" .. input), 0,
    "^0\n42 %(0x2a%)\n$")
  expect(t, run(t, "-i -e 'x = 1' <" .. input), 0, "^1\n$")
end)

test("backends tells what is here, and why the rest is not", function(t)
  local result = run(t, "backends")
  expect(t, result, 0, "\nsoft +yes +our own CPU")
  for _, b in ipairs(require "tinyvmm".backends()) do
    t.ok(("\n" .. result.out):find("\n" .. b.name .. " +"
      .. (b.usable and "yes" or "no")), result.out)
    t.ok(b.usable or result.out:find(b.reason, 1, true), result.out)
  end
  expect(t, run(t, "backends soft"), 125, nil, "backends takes no 'soft'")
end)

test("unknown options, verbs and backends name the nearest", function(t)
  expect(t, run(t, "--bakend soft x"), 125, nil,
    "unknown option '%-%-bakend'; did you mean '%-%-backend'?")
  expect(t, run(t, "--backend sotf -e 1"), 125, nil,
    "no backend is called 'sotf'; did you mean 'soft'?")
  expect(t, run(t, "rnu guest.S"), 125, nil,
    "cannot open 'rnu'; did you mean the verb 'run'?")
  expect(t, run(t, "run --bugdet 5 x.S"), 125, nil,
    "did you mean '%-%-budget'?")
  expect(t, run(t, "--backend"), 125, nil, "%-%-backend needs a name")
  expect(t, run(t, "/nonexistent/script.lua"), 1, nil, "cannot open")
end)

test("a script gets its arguments, and the way to it", function(t)
  local script = file(t, [[
    print(arg[0], #arg, table.concat({ ... }, "\t"), select("#", ...))
    print(arg[-1] ~= nil)
  ]])
  local result = run(t, script .. " one '--two' three")
  expect(t, result, 0)
  t.eq(result.out, script .. "\t3\tone\t--two\tthree\t3\ntrue\n")
end)

test("-e runs code, with arguments", function(t)
  expect(t, run(t, "-e 'print(1 + 1, ...)' a b"), 0, "^2\ta\tb\n$")
  expect(t, run(t, "-e 'print(tv.dis(0xd503201f))'"), 0, "^nop\n$")
  expect(t, run(t, "-e 'print('"), 1, nil, "%(%-e%):1:")
  expect(t, run(t, "-e 'os.exit(7)'"), 7)
end)

test("a script that fails ends with 1, message and traceback", function(t)
  expect(t, run(t, "-e 'error \"boom\"'"), 1, nil,
    "^tinyvmm: %(%-e%):1: boom\nstack traceback:")
  expect(t, run(t, "-e 'error {}'"), 1, nil, "^tinyvmm: table")
  expect(t, run(t, "-e 'error(setmetatable({}, { __tostring = "
    .. "function() return \"mine\" end }))'"), 1, nil, "^tinyvmm: mine")
end)

test("the library is built in: no Lua file is needed", function(t)
  local result = run(t, "-e 'print(require \"tinyvmm\".asm(\"nop\").size)'",
    "cd / && LUA_PATH= LUA_PATH_5_4= LUA_CPATH= LUA_CPATH_5_4=")
  if result.code == 127 then
    -- A relative build path is not found from /.
    result = run(t, "-e 'print(require \"tinyvmm\".asm(\"nop\").size)'",
      "LUA_PATH= LUA_PATH_5_4= LUA_CPATH= LUA_CPATH_5_4=")
  end
  expect(t, result, 0, "^4\n$")
end)

test("--backend sets the default of tv.vm", function(t)
  local code = "-e 'print(require \"tinyvmm\".vm().backend)'"
  expect(t, run(t, "--backend best " .. code), 0, "^%a+\n$")
  expect(t, run(t, "--backend soft " .. code, "TINYVMM_BACKEND=none"), 0,
    "^soft\n$")
  expect(t, run(t, "--backend=soft " .. code), 0, "^soft\n$")
  expect(t, run(t, "-e 'print(select(2, require \"tinyvmm\".vm()))'",
    "TINYVMM_BACKEND=none"), 0, "no backend is called \"none\"")
end)

test("--cpu sets the default CPU model of tv.vm", function(t)
  local code = "-e 'print(require \"tinyvmm\".vm().cpu)'"
  expect(t, run(t, code), 0, "^max\n$")
  expect(t, run(t, "--cpu cortex-a53 " .. code), 0, "^cortex%-a53\n$")
  expect(t, run(t, "--cpu cortex-a54 " .. code), 125, nil,
    "no CPU model is called 'cortex%-a54'; did you mean 'cortex%-a5")
  expect(t, run(t, "--cpu pdp-11 " .. code), 125, nil,
    "there are max, cortex%-a53, ")
  local guest = file(t, "sys #3, c7, c12, #1, x0\n" .. EXIT, ".S")
  expect(t, run(t, "run --cpu armv8.0 " .. guest), 126, nil, "undefined")
end)

test("-v tells the steps on stderr", function(t)
  local guest = file(t, "mov x1, #0\n" .. EXIT, ".S")
  local result = run(t, "-v run " .. guest)
  expect(t, result, 0, nil, "backend soft")
  for _, piece in ipairs { "mapped ram 0%-0xfffff", "loaded 12 bytes at "
      .. "0x10000", "vCPU 0: pc 0x10000, sp 0xff000, pstate 0x3c5",
      "exit shutdown after 3 instructions" } do
    t.ok(result.err:find(piece), result.err)
  end
  t.eq(run(t, "run -v " .. guest).err, result.err)
end)

test("dis prints address, word and text; asm is its inverse", function(t)
  local source = file(t, "add x0, x1, #4\nb .\nret\n.byte 1, 2\n", ".S")
  local binary = t.tmpname()
  expect(t, run(t, ("asm %s -o %s"):format(source, binary)), 0)
  local result = run(t, "dis -b 0x10000 " .. binary)
  expect(t, result, 0)
  t.eq(result.out, "10000:\t91001020\tadd\tx0, x1, #0x4\n"
    .. "10004:\t14000000\tb\t0x10004\n10008:\td65f03c0\tret\n"
    .. "1000c:\t01\t.byte\t0x01\n1000d:\t02\t.byte\t0x02\n")
  t.ok(run(t, "dis " .. binary).out:find "^0:\t91001020\t")
  expect(t, run(t, "dis"), 125, nil, "dis needs one file")
  expect(t, run(t, "dis -b here " .. binary), 125, nil, "needs an address")
  expect(t, run(t, "asm " .. source), 125, nil, "needs IN.S %-o OUT.bin")
  local doubtful = file(t, "ldr x1, [x1], #8\nmov x0, #0\nmov x1, #3\n"
    .. "hvc #0\n", ".S")
  local line = "^[^\n]*:1:1: warning: the base is written back[^\n]*\n$"
  expect(t, run(t, ("asm %s -o %s"):format(doubtful, binary)), 0, nil, line)
  expect(t, run(t, ("asm -W %s -o %s"):format(doubtful, binary)), 0)
  expect(t, run(t, ("asm --fatal-warnings %s -o %s"):format(doubtful, binary)),
    125, nil, "1 warning, and %-%-fatal%-warnings")
  expect(t, run(t, "run --load 0x10000 --reg x1=0x10000 " .. doubtful), 3, nil,
    line)
  expect(t, run(t, "run --no-warn --reg x1=0x10000 " .. doubtful), 3)
  expect(t, run(t, "run --fatal-warnings " .. doubtful), 125, nil, "1 warning")
  local listing = run(t, "asm -l " .. source)
  expect(t, listing, 0)
  t.ok(listing.out:find("00010000  20100091               1  add x0", 1, true))
  expect(t, run(t, "asm " .. source .. " -o /nonexistent/x"), 125, nil,
    "No such file")
  expect(t, run(t, "dis /nonexistent"), 125, nil, "No such file")
end)

test("files that are empty, endless or full are named", function(t)
  local empty, ok = file(t, "", ".bin"), file(t, EXIT, ".S")
  expect(t, run(t, "run " .. empty), 125, "^$",
    "^tinyvmm: " .. empty .. ": there is nothing in it to run")
  expect(t, run(t, "run --symbols " .. empty .. " " .. ok), 125, "^$",
    "no symbols in it")
  local include = file(t, '.incbin "/dev/zero"\n', ".S")
  local endless = io.open "/dev/zero"
  if endless then
    endless:close()
    for _, words in ipairs { "run /dev/zero", "dis /dev/zero",
        "run --symbols /dev/zero " .. ok } do
      expect(t, run(t, words), 125, "^$", "/dev/zero: more than 64 MiB, or no")
    end
    expect(t, run(t, "asm -l " .. include), 125, "^$", "/dev/zero")
  end
  local full = io.open "/dev/full"
  if not full then return end
  full:close()
  local what = "/dev/full: No space left"
  expect(t, run(t, "asm " .. ok .. " -o /dev/full"), 125, "^$", what)
  local loop = file(t, "b .\n", ".S")
  expect(t, run(t, "run --budget 9999 --profile /dev/full " .. loop), 125,
    "^$", what)
  expect(t, run(t, "run --trace-json /dev/full " .. ok), 125, "^$",
    "cannot write the timeline: No space left")
  expect(t, run(t, "run --trace=/dev/full " .. ok), 125, "^$",
    "cannot write the trace: No space left")
end)

-- Starts a program that never ends, interrupts it, and returns its code and
-- stderr. The signal goes to what the shell has become: what a shell starts in
-- the background is deaf to it. Where the program is at that moment nobody
-- knows from outside: if it did not yet say what it says in its endless part,
-- it is tried again, later.
local function interrupt(t, command, want)
  t.needs "timeout"
  local err, pause = t.tmpname(), 0.1
  while true do
    local pipe = assert(io.popen(("(sleep %g; kill -INT $$) & exec \z
      timeout -k 5 %g env %s 2>%s"):format(pause, pause + 60, command, err)))
    local _, _, code = pipe:close()
    local file <close> = assert(io.open(err))
    local text = file:read "a"
    if text:find(want) or pause > 60 then return code, text end
    pause = pause * 2
  end
end

test("Ctrl-C ends run with 130 and says where", function(t)
  local guest = file(t, "nop\nspin: b .\n", ".S")
  local want = "^tinyvmm: interrupted, cpu 0 at 0x10004 %(spin%): b spin"
  local code, err = interrupt(t, program.PATH .. " run " .. guest, want)
  t.ok(err:find(want), err)
  t.eq(code, 130, err)
end)

test("Ctrl-C ends a script's run, also in a coroutine", function(t)
  for _, wrap in ipairs { "vm:run()", "coroutine.wrap(function() vm:run() "
      .. "end)()", "local cpu = vm.vcpus[1] while true do cpu:step() end",
      "while true do end" } do
    local script = file(t, [[
      local tv = require "tinyvmm"
      local vm <close> = tv.vm()
      vm:load(tv.asm "spin: b .")
      vm:vcpu()
    ]] .. wrap)
    local want = "^tinyvmm: [^\n]*interrupted"
      .. (wrap:find "run" and ".*0x10000 %(spin%)" or "")
    local code, err = interrupt(t, program.PATH .. " " .. script, want)
    t.ok(err:find(want), err)
    t.eq(code, 130, err)
  end
end)

-- A module with sanitizers needs their runtime loaded before lua5.4.
local function preload(build)
  local pipe <close> = assert(io.popen(("LUA_CPATH_5_4=%s/lib/?.so lua5.4 -e "
    .. "'require \"tinyvmm.core\"' 2>&1"):format(build)))
  if not pipe:read "a":find "ASan runtime" then return "" end
  return "ASAN_OPTIONS=detect_leaks=0 "
    .. "LD_PRELOAD=$(cc -print-file-name=libasan.so)"
end

test("Ctrl-C works under a stock lua5.4", function(t)
  if not os.execute "command -v lua5.4 >/dev/null 2>&1" then
    t.skip "needs lua5.4"
  end
  local build = os.getenv "TV_BUILD" or "build/rel"
  for _, wrap in ipairs { "vm:run()", "coroutine.wrap(function() vm:run() "
      .. "end)()" } do
    local script = file(t, [[
      local tv = require "tinyvmm"
      local vm <close> = tv.vm()
      vm:write(0x10000, "\0\0\0\20")
      vm:vcpu()
    ]] .. wrap)
    local want = "interrupted!\nguest: cpu 0 at 0x10000: b 0x10000"
    local code, err = interrupt(t, ("%s LUA_PATH_5_4='lua/?.lua;"
      .. "lua/?/init.lua' LUA_CPATH_5_4=%s/lib/?.so lua5.4 %s"):format(
      preload(build), build, script), want)
    t.ok(err:find(want), err)
    t.eq(code, 1, err)
  end
end)

-- What bash completes the last of the words to.
local function completions(t, words)
  if not os.execute "bash -c 'complete -p' >/dev/null 2>&1" then
    t.skip "needs bash"
  end
  local pipe <close> = assert(io.popen(("bash -c 'source src/tinyvmm.bash; "
    .. "COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tinyvmm; "
    .. "echo ${COMPREPLY[*]}'"):format(words)))
  return pipe:read "l"
end

local function sorted_words(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  table.sort(list)
  return list
end

test("completion offers every option of every verb, and no other", function(t)
  local verbs, names = { [""] = cli }, {}
  for verb in pairs(cli.VERBS) do
    verbs[verb] = require("tinyvmm.cli." .. verb)
    names[#names + 1] = verb
  end
  table.sort(names)
  for verb, module in pairs(verbs) do
    local want = { "--help" }
    for option in pairs(module.OPTIONS) do
      if option ~= "--help" and option ~= "-h" then
        want[#want + 1] = option
      end
    end
    table.sort(want)
    local got = sorted_words(completions(t, "tinyvmm " .. verb .. " -"))
    t.eq(got, want, verb)
  end
  local all = " " .. completions(t, "tinyvmm \"\"") .. " "
  for _, verb in ipairs(names) do t.ok(all:find(" " .. verb .. " "), verb) end
end)

test("completion offers every CPU model and backend", function(t)
  local cpus, backends = tv.cpus(), { "best" }
  for _, b in ipairs(tv.backends()) do backends[#backends + 1] = b.name end
  table.sort(cpus)
  table.sort(backends)
  t.eq(sorted_words(completions(t, "tinyvmm --cpu \"\"")), cpus)
  t.eq(sorted_words(completions(t, "tinyvmm run --cpu \"\"")), cpus)
  t.eq(sorted_words(completions(t, "tinyvmm --backend \"\"")), backends)
  local file <close> = assert(io.open "src/_tinyvmm")
  local zsh = file:read "a"
  t.eq(sorted_words(zsh:match "_cpus='%((.-)%)'"), cpus)
  for list in zsh:gmatch ":backend:%((.-)%)" do
    t.eq(sorted_words(list), backends)
  end
end)

test("bash completes verbs, options, values and files", function(t)
  local function completes(words, want)
    t.eq(completions(t, words), want, words)
  end
  completes("tinyvmm ru", "run")
  completes("tinyvmm --backend so", "soft")
  completes("tinyvmm --backend = so", "soft")
  completes("tinyvmm -v run --st", "--stats")
  completes("tinyvmm run --trace = src/tinyvmm.b", "src/tinyvmm.bash")
  completes("tinyvmm -e 1 examples/01_", "examples/01_hello.lua")
  completes("tinyvmm help back", "backends")
  completes("tinyvmm run --budget 1", "")
end)

test("the manual page is well-formed", function(t)
  local command = "mandoc -Tlint -W warning src/tinyvmm.1"
  if not os.execute "command -v mandoc >/dev/null 2>&1" then
    if not os.execute "command -v groff >/dev/null 2>&1" then
      t.skip "needs mandoc or groff"
    end
    command = "groff -ww -mdoc -Tascii src/tinyvmm.1 2>&1 >/dev/null"
  end
  local pipe <close> = assert(io.popen(command))
  t.eq(pipe:read "a", "")
end)
