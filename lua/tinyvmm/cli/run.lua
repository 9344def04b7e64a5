-- SPDX-License-Identifier: MIT
--
-- `tinyvmm run GUEST`: a guest without a script. The exit code tells how it
-- ended, and a line on stderr says why when it was not by EXIT.

local cli = require "tinyvmm.cli"
local machine = require "tinyvmm.cli.machine"
local tv = require "tinyvmm"
local warnings = require "tinyvmm.cli.warnings"

local M = {}

M.HELP = [[
usage: tinyvmm run [options] GUEST [ARGUMENT...]

Runs a guest without a script: assembly (.S, .s), a static ELF file for
AArch64, or raw bytes. Its PUTCHAR and PUTS go to stdout.

  --ram SIZE[@BASE]   RAM, such as 64M or 64M@0x40000000 (default 1M at 0;
                      for ELF files what the segments need)
  --load ADDR         where raw bytes and .S go (default 0x10000)
  --reg NAME=VALUE    a register's first value, a number or a symbol; may be
                      given several times
  --smp N             N vCPUs; all but the first wait for PSCI CPU_ON
  --gic v3            a GICv3 takes interrupts to the vCPUs
  --symbols FILE      names for addresses, from an ELF file or nm's output
  --budget N          stop after N instructions
  --timeout SECONDS   stop after that time
  --no-strict         unaligned and atomic accesses work with the MMU off
  --semihosting[=DIR] serve HLT #0xf000: console, time, SYS_EXIT's status,
                      files below DIR; GUEST and ARGUMENTs are the command
                      line that the guest gets
  --trace[=FILE]      a line for each instruction: address, symbol, text,
                      changed registers; to stderr or a file
  --trace-json FILE   the run as trace-event JSON, for Perfetto or Chrome
  --profile FILE      samples of the stack, folded, for flame graphs
  --profile-every N   instructions between two samples (default 997)
  -W, --no-warn       no warnings about a .S that is legal and surely wrong
  --fatal-warnings    they are errors
  --regs              show the registers at the end, on stderr
  --stats             show instructions, time and exits at the end, on stderr
  --backend NAME      soft (default), hvf, kvm, or best
  --cpu NAME          the CPU model of soft: max (default), cortex-a53, ...
  -v                  tell the steps on stderr

Ends with EXIT's or SYS_EXIT's status (its low 8 bits), 124 budget or timeout,
125 usage or set-up, 126 fault or unanswered exit, 130 Ctrl-C.
]]

M.OPTIONS = warnings.options {
  ["--ram"] = "SIZE[@BASE]", ["--load"] = "an address", ["--budget"] =
    "a number of instructions", ["--timeout"] = "seconds",
  ["--smp"] = "a number of vCPUs from 1 on", ["--gic"] = "v3",
  ["--reg"] = "NAME=VALUE...", ["--symbols"] = "a file",
  ["--no-strict"] = true, ["--semihosting"] = {}, ["--trace"] = {},
  ["--trace-json"] = "a file", ["--profile"] = "a file",
  ["--profile-every"] = "a number of instructions from 1 on",
  ["--regs"] = true,
  ["--stats"] = true, ["--backend"] = "a name", ["--cpu"] = "a name",
  ["-v"] = true
}

local LIMIT, FAULT = 124, 126

-- "64M@0x40000000" -> { base, size }
local function parse_ram(text)
  local size, base = text:match "^([^@]+)(@?.*)$"
  size = size and tv._size(size)
  base = base == "" and 0 or base and tv._size(base:sub(2))
  return size and base and { base, size }
end

local function number(given, name, parse)
  local text = given[name]
  if not text then return true end
  local value = parse(text)
  if not value then
    return false, cli.fail(cli.USAGE, "%s needs %s, not '%s'", name,
      M.OPTIONS[name], text)
  end
  given[name] = value
  return true
end

local function from_1(text)
  local n = tv._size(text)
  return n and n > 0 and n
end

local function parse_values(given)
  local parsers = {
    { "--ram", parse_ram }, { "--load", tv._size },
    { "--budget", tv._size }, { "--profile-every", from_1 },
    { "--smp", from_1 },
    { "--gic", function(text) return text == "v3" and text end },
    { "--timeout", function(text)
      local seconds = tonumber(text)
      return seconds and seconds >= 0 and seconds
    end }
  }
  for _, p in ipairs(parsers) do
    local ok, code = number(given, p[1], p[2])
    if not ok then return code end
  end
end

-- "x0=5", "pc=main", "d0=1.5", as options of vm:vcpu.
local function registers(vm, list)
  local values = {}
  for _, text in ipairs(list or {}) do
    local name, value = text:match "^(%w[%w_]*)=(.+)$"
    if not name then
      error(("--reg needs NAME=VALUE, not '%s'"):format(text), 0)
    end
    local n = tonumber(value)
    if n and not name:find "^[ds]%d" then n = math.tointeger(n) end
    if not n then
      local ok, address = pcall(vm.address, vm, value)
      if not ok then
        error(("--reg %s: '%s' is no number, and %s"):format(name, value,
          address), 0)
      end
      n = address
    end
    values[name:lower()] = n
  end
  return values
end

-- The vm with everything set, or nil and the exit code.
local function set_up(path, given)
  local function refuse(why) return nil, cli.fail(cli.USAGE, "%s", why) end
  local image, why = machine.image(path)
  if not image then return refuse(why) end
  local fatal = warnings.report(image, given)
  if fatal then return nil, fatal end
  local symbols = require "tinyvmm.cli.symbols"
  local names
  if given["--symbols"] then
    names, why = symbols.read(given["--symbols"])
    if not names then return refuse(why) end
  end
  local ok, vm, problem = pcall(machine.make, image, {
    strict = not given["--no-strict"], ram = given["--ram"],
    load = given["--load"], gic = given["--gic"], vcpus = given["--smp"],
    registers = function(vm)
      if names then symbols.add(vm, names) end
      return registers(vm, given["--reg"])
    end
  })
  if not ok then return refuse(vm) end
  if not vm then return refuse(problem) end
  return vm
end

-- Starts --semihosting: the run that serves it, or nil and the exit code.
-- Without the option that is the VM's own.
local function start_semihosting(vm, words, to)
  if not to then return vm end
  if to ~= true then
    local folder, reason = io.open(to .. "/.")
    if not folder then return nil, cli.fail(cli.USAGE, "%s", reason) end
    folder:close()
  end
  local session, why = require "tinyvmm.semihosting".attach(vm, {
    root = to ~= true and to or nil, cmdline = table.concat(words, " ")
  })
  if session then return session end
  return nil, cli.fail(cli.USAGE, "%s", why)
end

-- Starts --trace; returns false and the exit code if it cannot.
local function start_trace(vm, to)
  if not to then return true end
  local file, why = io.stderr, nil
  if to ~= true then
    file, why = io.open(to, "w")
    if not file then return false, cli.fail(cli.USAGE, "%s", why) end
  end
  local ok, refused = vm:trace(file)
  if ok then return true end
  return false, cli.fail(cli.USAGE, "%s", refused)
end

local function stats(vm, seconds)
  local n, counts = 0, {}
  for _, cpu in ipairs(vm.exact and vm.vcpus or {}) do n = n + cpu.icount end
  for kind, count in pairs(vm.exits) do
    counts[#counts + 1] = ("%s %d"):format(kind, count)
  end
  table.sort(counts)
  io.stderr:write(("tinyvmm: %d instructions in %.3f s, %.1f MIPS; virtual "
    .. "time %.6f s\n"):format(n, seconds,
    n / math.max(seconds, 1e-6) / 1e6, vm.time / 1e9))
  io.stderr:write("tinyvmm: exits and hypercalls: ",
    #counts > 0 and table.concat(counts, ", ") or "none", "\n")
end

local function show_registers(vm)
  local show, list = require "tinyvmm.cli.show", vm.vcpus
  for _, cpu in ipairs(list) do
    if #list > 1 then io.stderr:write("cpu ", cpu.index, "\n") end
    io.stderr:write(show.cpu(cpu), "\n")
  end
end

local function report(exit)
  if exit.kind == "shutdown" then
    if exit.reason == "exit" then return exit.status & 255 end
    if exit.reason == "off" then return 0 end
  end
  local limit = exit.kind == "budget" or exit.kind == "timeout"
  return cli.fail(limit and LIMIT or FAULT, "%s", exit.why)
end

local function report_error(problem)
  local what, place = tostring(problem):match "^(interrupted)\nguest: ([^\n]*)"
  if what then return cli.fail(cli.INTERRUPTED, "%s, %s", what, place) end
  return cli.fail(cli.USAGE, "%s", problem)
end

-- Runs the guest by `runner`, which is the VM or what serves it.
local function go(vm, runner, given)
  local finish, failed = require "tinyvmm.cli.picture".start(vm, given)
  if not finish then return failed end
  local start = os.clock()
  local ok, exit = pcall(runner.run, runner, { budget = given["--budget"],
    timeout = given["--timeout"] })
  local seconds = os.clock() - start
  local written, problem = pcall(vm.trace, vm, nil)
  local code = ok and report(exit) or report_error(exit)
  problem = finish() or not written and problem
  if problem then code = cli.fail(cli.USAGE, "%s", problem) end
  if given["--regs"] then show_registers(vm) end
  if given["--stats"] then stats(vm, seconds) end
  return code
end

function M.main(args, global)
  local given, rest = cli.verb_options(args, M)
  if not given then return rest end
  if #rest == 0 or #rest > 1 and not given["--semihosting"] then
    return cli.fail(cli.USAGE, "run needs one guest file%s; see --help",
      #rest > 1 and " (its arguments need --semihosting)" or "")
  end
  if given["-v"] and not global["-v"] then require "tinyvmm.cli.verbose" end
  local bad = cli.set_backend(given["--backend"])
    or cli.set_cpu(given["--cpu"]) or parse_values(given)
  if bad then return bad end
  local vm <close>, failure = set_up(rest[1], given)
  if not vm then return failure end
  local runner, failed = start_semihosting(vm, rest, given["--semihosting"])
  if not runner then return failed end
  local ok, code = start_trace(vm, given["--trace"])
  code = ok and go(vm, runner, given) or code
  if runner ~= vm then runner:close() end
  return code
end

return M
