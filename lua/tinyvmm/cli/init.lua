-- SPDX-License-Identifier: MIT
--
-- The command line of the program: options, then a verb or a script. main()
-- gets the argument table of main.c and returns the exit code.

local core = require "tinyvmm.core"

local M = {}

M.USAGE = 125
M.ERROR = 1

local HELP = [[
usage: tinyvmm [options] SCRIPT.lua [ARGS...]    run a Lua script
       tinyvmm [options] -e CODE [ARGS...]       run Lua code
       tinyvmm [options] run GUEST               run a guest: .S, ELF or raw
       tinyvmm dis [-b ADDR] FILE                disassemble raw words
       tinyvmm asm IN.S -o OUT.bin               assemble

options:
  --backend NAME      soft (default), hvf, kvm, or best
  -v                  tell the steps on stderr
  --version, --help

options of run:
  --ram SIZE[@BASE]   RAM, such as 64M or 64M@0x40000000 (default 1M at 0)
  --load ADDR         where raw bytes and .S go (default 0x10000)
  --budget N          stop after N instructions
  --timeout SECONDS   stop after that time
  --no-strict         unaligned and atomic accesses work with the MMU off

run ends with EXIT's status (x1 & 255), 124 budget or timeout, 125 usage or
set-up, 126 fault or unanswered exit, 130 Ctrl-C.
]]

-- "tinyvmm: text" on stderr; returns the code, for `return fail(...)`.
function M.fail(code, ...)
  io.stderr:write("tinyvmm: ", string.format(...), "\n")
  return code
end

local function set(list)
  local names = {}
  for name in pairs(list) do names[name] = true end
  return names
end

-- Takes options off the argument list. `known` maps an option to true (a
-- flag) or to the name of its value. Returns the values by option and the
-- rest; nil after an error was told. Stops at the first word that is no
-- option, unless `anywhere`.
function M.options(args, known, anywhere)
  local given, rest, i = {}, {}, 1
  while args[i] do
    local word = args[i]
    local name, value = word:match "^(%-%-[%w-]+)=(.*)$"
    name = name or word
    if word == "-" or not word:find "^%-" then
      if not anywhere then break end
      rest[#rest + 1] = word
    elseif not known[name] then
      local near = core._nearest(name, set(known))
      return nil, M.fail(M.USAGE, "unknown option '%s'%s", name,
        near and "; did you mean '" .. near .. "'?" or "; see --help")
    elseif known[name] == true then
      given[name] = true
    else
      if not value then
        i = i + 1
        value = args[i]
      end
      if not value then
        return nil, M.fail(M.USAGE, "%s needs %s", name, known[name])
      end
      given[name] = value
    end
    i = i + 1
  end
  for k = i, #args do rest[#rest + 1] = args[k] end
  return given, rest
end

local function describe(problem)
  if type(problem) == "string" then return problem end
  local meta = getmetatable(problem)
  if type(meta) == "table" and meta.__tostring then return tostring(problem) end
  return "(error object is a " .. type(problem) .. " value)"
end

-- Errors keep their message; main.c adds the traceback and prints it.
local function run_chunk(chunk, problem, arguments)
  if not chunk then return M.fail(M.ERROR, "%s", describe(problem)) end
  chunk(table.unpack(arguments))
  return 0
end

-- The global `arg` as lua has it: 0 is the script, negative the way to it.
local function set_arg(argv, script, rest)
  local shift = #argv - #rest
  arg = {}
  for i = 0, #argv do arg[i - shift] = argv[i] end
  arg[0] = script
end

local OPTIONS = {
  ["--backend"] = "a name", ["-e"] = "code", ["-v"] = true,
  ["--version"] = true, ["--help"] = true, ["-h"] = true
}

local VERBS = { run = true, dis = true, asm = true }

local function readable(path)
  local file = io.open(path)
  return file and file:close()
end

local function start(argv, given, rest)
  if given["-v"] then require "tinyvmm.cli.verbose" end
  if given["-e"] then
    set_arg(argv, "-e", rest)
    local chunk, problem = load(given["-e"], "=(-e)")
    return run_chunk(chunk, problem, rest)
  end
  local word = table.remove(rest, 1)
  if not word then
    io.stderr:write(HELP)
    return M.USAGE
  elseif VERBS[word] then
    return require("tinyvmm.cli." .. word).main(rest, given)
  elseif word ~= "-" and not readable(word) then
    local near = core._nearest(word, VERBS)
    return M.fail(near and M.USAGE or M.ERROR, "cannot open '%s'%s", word,
      near and "; did you mean the verb '" .. near .. "'?" or "")
  end
  set_arg(argv, word, rest)
  local chunk, problem = loadfile(word ~= "-" and word or nil)
  return run_chunk(chunk, problem, rest)
end

-- Makes it the default of tv.vm; returns an exit code if there is none such.
function M.set_backend(name)
  if not name then return nil end
  local names = { best = true }
  for _, b in ipairs(core.backends()) do names[b.name] = true end
  if names[name] then
    core._default_backend(name)
    return nil
  end
  local near = core._nearest(name, names)
  return M.fail(M.USAGE, "no backend is called '%s'%s", name,
    near and "; did you mean '" .. near .. "'?" or "")
end

function M.main(argv)
  local given, rest = M.options(argv, OPTIONS)
  if not given then return rest end
  if given["--help"] or given["-h"] then
    io.stdout:write(HELP)
    return 0
  elseif given["--version"] then
    print("TinyVMM " .. core.version)
    return 0
  end
  return M.set_backend(given["--backend"]) or start(argv, given, rest)
end

return M
