-- SPDX-License-Identifier: MIT
--
-- `tinyvmm dis [-b ADDR] FILE`: raw words as text, one a line, in the format
-- of tinyvmm.listing; -b is the address of the first.

local cli = require "tinyvmm.cli"
local core = require "tinyvmm.core"
local image = require "tinyvmm.image"

local M = {}

local BLOCK = 4096

M.HELP = [=[
usage: tinyvmm dis [-b ADDR] FILE

Disassembles raw words: address, word, text, one a line.

  -b ADDR             the address of the first (default 0)
]=]

M.OPTIONS = { ["-b"] = "an address" }

function M.main(args)
  local given, rest = cli.verb_options(args, M)
  if not given then return rest end
  if #rest ~= 1 then
    return cli.fail(cli.USAGE, "dis needs one file; see --help")
  end
  local address = given["-b"] and core._size(given["-b"]) or 0
  if given["-b"] and not core._size(given["-b"]) then
    return cli.fail(cli.USAGE, "-b needs an address, not '%s'", given["-b"])
  end
  local bytes, why = image.read_file(rest[1])
  if not bytes then return cli.fail(cli.USAGE, "%s", why) end
  local lines, each = {}, require "tinyvmm.listing".each
  for at = 1, #bytes, BLOCK do
    each(bytes:sub(at, at + BLOCK - 1), address + at - 1,
      function(line) lines[#lines + 1] = line end)
    io.stdout:write(table.concat(lines))
    lines = {}
  end
  return 0
end

return M
