-- SPDX-License-Identifier: MIT
--
-- `tinyvmm asm IN.S -o OUT.bin`: assembles to raw bytes, placed at 0x10000
-- unless --load says otherwise; -l prints addresses and bytes beside the text.

local cli = require "tinyvmm.cli"
local image = require "tinyvmm.image"
local warnings = require "tinyvmm.cli.warnings"
local core = require "tinyvmm.core"

local M = {}

M.HELP = [=[
usage: tinyvmm asm IN.S [-o OUT.bin] [-l]

Assembles GNU syntax to raw bytes.

  -o FILE             where they go
  -l                  print a listing: address, bytes, source line
  --load ADDR         the address they are for (default 0x10000)
  -W, --no-warn       no warnings about what is legal and surely wrong
  --fatal-warnings    a warning is an error
]=]

M.OPTIONS = warnings.options { ["-o"] = "a file name", ["-l"] = true,
  ["--load"] = "an address" }

local function write(path, bytes)
  local file, why = io.open(path, "wb")
  if not file then return why end
  local ok, problem = file:write(bytes)
  local closed, late = file:close()
  if not ok or not closed then return path .. ": " .. (problem or late) end
end

function M.main(args)
  local given, rest = cli.verb_options(args, M)
  if not given then return rest end
  if #rest ~= 1 or not (given["-o"] or given["-l"]) then
    return cli.fail(cli.USAGE, "asm needs IN.S -o OUT.bin or -l; see --help")
  end
  local addr = core._size(given["--load"] or "0x10000")
  if not addr then
    return cli.fail(cli.USAGE, "--load needs an address, not '%s'",
      given["--load"])
  end
  local ok, img, why = pcall(image.asm_file, rest[1])
  if not ok then return cli.fail(cli.USAGE, "%s", img) end
  if not img then return cli.fail(cli.USAGE, "%s", why) end
  local placed, bytes = pcall(img.bytes_at, img, addr)
  if not placed then return cli.fail(cli.USAGE, "%s", bytes) end
  local fatal = warnings.report(img, given)
  if fatal then return fatal end
  if given["-l"] then
    io.write(require "tinyvmm.a64.list".listing(img:place(addr)))
  end
  local problem = given["-o"] and write(given["-o"], bytes)
  if problem then return cli.fail(cli.USAGE, "%s", problem) end
  return 0
end

return M
