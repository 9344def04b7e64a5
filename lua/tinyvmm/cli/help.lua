-- SPDX-License-Identifier: MIT
--
-- `tinyvmm help [VERB]`: what --help prints, for those who look for it under
-- this name. The texts are those of the verbs' own files.

local cli = require "tinyvmm.cli"

local M = { OPTIONS = {} }

M.HELP = [[
usage: tinyvmm help [VERB]

Prints the options of a verb, or those of the program.
]]

function M.main(args)
  local given, rest = cli.verb_options(args, M)
  if not given then return rest end
  local word = rest[1]
  if word and not cli.VERBS[word] then
    return cli.fail(cli.USAGE, "there is no verb '%s'%s", word,
      cli.hint(word, cli.VERBS, "; see tinyvmm --help"))
  end
  local text = word and require("tinyvmm.cli." .. word).HELP or cli.HELP
  io.stdout:write(text)
  return 0
end

return M
