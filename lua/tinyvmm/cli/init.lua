-- SPDX-License-Identifier: MIT
--
-- The command line of the program: options, then a verb, a script, or
-- nothing, which is a session. main() gets the argument table of main.c and
-- returns the exit code. A verb is a file beside this one with HELP, OPTIONS
-- and main(args, global); OPTIONS maps an option to true (a flag) or to the
-- name of its value.

local core = require "tinyvmm.core"

local M = {}

M.USAGE = 125
M.ERROR = 1
M.INTERRUPTED = 130

M.VERBS = { run = true, asm = true, dis = true, backends = true, help = true }

M.HELP = [[
usage: tinyvmm [options]                        a session: .help there
       tinyvmm [options] SCRIPT.lua [ARGS...]   run a Lua script (-: stdin)
       tinyvmm [options] -e CODE [ARGS...]      run Lua code (tv is there)
       tinyvmm [options] VERB ...

verbs; tinyvmm VERB --help tells more:
  run GUEST           run a guest without a script: .S, ELF or raw
  asm IN.S            assemble
  dis FILE            disassemble raw words
  backends            what can run guests here, and why the rest cannot
  help [VERB]         this text, or a verb's

options:
  --backend NAME      soft (default), hvf, kvm, or best
  --cpu NAME          the CPU model of soft: max (default), cortex-a53, ...
  -i                  a session after the script or code
  -v                  tell the steps on stderr
  --version, --help
]]

M.OPTIONS = {
  ["--backend"] = "a name", ["--cpu"] = "a name", ["-e"] = "code",
  ["-i"] = true, ["-v"] = true,
  ["--version"] = true, ["--help"] = true, ["-h"] = true
}

-- "tinyvmm: text" on stderr; returns the code, for `return fail(...)`.
function M.fail(code, ...)
  io.stdout:flush()
  io.stderr:write("tinyvmm: ", string.format(...), "\n")
  return code
end

-- "; did you mean 'x'?" or `otherwise`. Names are the keys of a table.
function M.hint(word, names, otherwise)
  local set = {}
  for name in pairs(names) do set[name] = true end
  local near = core._nearest(word, set)
  return near and ("; did you mean '%s'?"):format(near) or otherwise or ""
end

-- Takes options off the argument list. Returns the values by option and the
-- rest; nil and the exit code after an error was told. Stops at the first
-- word that is no option, unless `anywhere`, and at "--".
function M.options(args, known, anywhere)
  local given, rest, i = {}, {}, 1
  while args[i] and args[i] ~= "--" do
    local word = args[i]
    local name, value = word:match "^(%-%-[%w-]+)=(.*)$"
    name = name or word
    local kind = known[name]
    if word == "-" or not word:find "^%-" then
      if not anywhere then break end
      rest[#rest + 1] = word
    elseif not kind then
      return nil, M.fail(M.USAGE, "unknown option '%s'%s", name,
        M.hint(name, known, "; see --help"))
    elseif kind == true and value then
      return nil, M.fail(M.USAGE, "%s takes no value", name)
    elseif kind == true or type(kind) == "table" then
      given[name] = value or true
    else
      if not value then
        i = i + 1
        value = args[i]
      end
      if not value then
        return nil, M.fail(M.USAGE, "%s needs %s", name, kind)
      end
      local list = given[name] or {}
      list[#list + 1] = value
      given[name] = list
    end
    i = i + 1
  end
  for k = args[i] == "--" and i + 1 or i, #args do
    rest[#rest + 1] = args[k]
  end
  for name, list in pairs(given) do
    if type(list) == "table" and not known[name]:find "%.%.%.$" then
      given[name] = list[#list]
    end
  end
  return given, rest
end

-- The same for a verb: --help prints its text.
function M.verb_options(args, verb)
  local known = { ["--help"] = true, ["-h"] = true }
  for name, kind in pairs(verb.OPTIONS) do known[name] = kind end
  local given, rest = M.options(args, known, true)
  if given and (given["--help"] or given["-h"]) then
    io.stdout:write(verb.HELP)
    return nil, 0
  end
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

local function readable(path)
  local file = io.open(path)
  return file and file:close()
end

local function session() return require "tinyvmm.cli.repl".main() end

local function script(argv, given, rest, word)
  set_arg(argv, word, rest)
  local chunk, problem = loadfile(word ~= "-" and word or nil)
  local code = run_chunk(chunk, problem, rest)
  return code == 0 and given["-i"] and session() or code
end

local function start(argv, given, rest)
  if given["-v"] then require "tinyvmm.cli.verbose" end
  if given["-e"] then
    set_arg(argv, "-e", rest)
    tv = require "tinyvmm"
    local chunk, problem = load(given["-e"], "=(-e)")
    local code = run_chunk(chunk, problem, rest)
    return code == 0 and given["-i"] and session() or code
  end
  local word = table.remove(rest, 1)
  if not word then
    return session()
  elseif M.VERBS[word] then
    return require("tinyvmm.cli." .. word).main(rest, given)
  elseif word ~= "-" and not readable(word) then
    local near = core._nearest(word, M.VERBS)
    return M.fail(near and M.USAGE or M.ERROR, "cannot open '%s'%s", word,
      near and "; did you mean the verb '" .. near .. "'?" or "")
  end
  return script(argv, given, rest, word)
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
  return M.fail(M.USAGE, "no backend is called '%s'%s", name,
    M.hint(name, names))
end

-- The same for the CPU model.
function M.set_cpu(name)
  if not name then return nil end
  local names = {}
  for _, model in ipairs(core.cpus()) do names[model] = true end
  if names[name] then
    core._default_cpu(name)
    return nil
  end
  return M.fail(M.USAGE, "no CPU model is called '%s'%s", name,
    M.hint(name, names, "; there are " .. table.concat(core.cpus(), ", ")))
end

function M.main(argv)
  local given, rest = M.options(argv, M.OPTIONS)
  if not given then return rest end
  if given["--help"] or given["-h"] then
    io.stdout:write(M.HELP)
    return 0
  elseif given["--version"] then
    print("TinyVMM " .. core.version)
    return 0
  end
  return M.set_backend(given["--backend"]) or M.set_cpu(given["--cpu"])
    or start(argv, given, rest)
end

return M
