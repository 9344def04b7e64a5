-- SPDX-License-Identifier: MIT
--
-- `tinyvmm run GUEST`: a guest without a script. The exit code tells how it
-- ended, and a line on stderr says why when it was not by EXIT.

local cli = require "tinyvmm.cli"
local tv = require "tinyvmm"

local M = {}

local OPTIONS = {
  ["--ram"] = "SIZE[@BASE]", ["--load"] = "an address", ["--budget"] =
    "a number of instructions", ["--timeout"] = "seconds",
  ["--no-strict"] = true, ["--backend"] = "a name", ["-v"] = true
}

local LIMIT, FAULT, INTERRUPTED = 124, 126, 130
local STACK, TAIL, LOW, HIGH = 0x1000, 1 << 20, 1 << 21, 1 << 16

-- "64M@0x40000000" -> { base, size }
local function parse_ram(text)
  local size, base = text:match "^([^@]+)@?(.*)$"
  size = size and tv._size(size)
  base = base == "" and 0 or base and tv._size(base)
  return size and base and { base, size }
end

-- RAM for an ELF file: its segments, from 2 MiB steps below to 64 KiB steps
-- above, and 1 MiB for the stack.
local function elf_ram(image)
  local base = image.low & -LOW
  return { base, (image.high + HIGH - 1 & -HIGH) - base + TAIL }
end

local function number(given, name, parse)
  local text = given[name]
  if not text then return true end
  local value = parse(text)
  if not value then
    return false, cli.fail(cli.USAGE, "%s needs %s, not '%s'", name,
      OPTIONS[name], text)
  end
  given[name] = value
  return true
end

local function parse_values(given)
  local parsers = {
    { "--ram", parse_ram }, { "--load", tv._size },
    { "--budget", tv._size },
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

-- The image, or nil and the exit code.
local function load_image(path)
  local ok, image, why = pcall(tv.load, path)
  if not ok then return nil, cli.fail(cli.USAGE, "%s", image) end
  if not image then return nil, cli.fail(cli.USAGE, "%s", why) end
  return image
end

local function set_up(image, given)
  local vm, why = tv.vm { strict = not given["--no-strict"],
    ram = given["--ram"] or image.segments and elf_ram(image) or "1M" }
  if not vm then return nil, cli.fail(cli.USAGE, "%s", why) end
  local ok, problem
  if image.segments and not given["--load"] then
    ok, problem = pcall(vm.load, vm, image)
  else
    ok, problem = pcall(vm.load, vm, given["--load"] or 0x10000, image)
  end
  if not ok then return nil, cli.fail(cli.USAGE, "%s", problem) end
  local cpu, refused = vm:vcpu {}
  if not cpu then return nil, cli.fail(cli.USAGE, "%s", refused) end
  return vm
end

local function report(exit)
  if exit.kind == "shutdown" then
    if exit.reason == "exit" then return exit.status & 255 end
    if exit.reason == "off" then return 0 end
  end
  local limit = exit.kind == "budget" or exit.kind == "timeout"
  return cli.fail(limit and LIMIT or FAULT, "%s", exit.why)
end

function M.main(args, global)
  local given, rest = cli.options(args, OPTIONS, true)
  if not given then return rest end
  if #rest ~= 1 then
    return cli.fail(cli.USAGE, "run needs one guest file; see --help")
  end
  if given["-v"] and not global["-v"] then require "tinyvmm.cli.verbose" end
  local bad = cli.set_backend(given["--backend"]) or parse_values(given)
  if bad then return bad end
  local image, code = load_image(rest[1])
  if not image then return code end
  local vm <close>, failed = set_up(image, given)
  if not vm then return failed end
  local ok, exit = pcall(vm.run, vm, { budget = given["--budget"],
    timeout = given["--timeout"] })
  if ok then return report(exit) end
  local what, place = tostring(exit):match "^(interrupted)\nguest: ([^\n]*)"
  if what then return cli.fail(INTERRUPTED, "%s, %s", what, place) end
  return cli.fail(cli.USAGE, "%s", exit)
end

return M
