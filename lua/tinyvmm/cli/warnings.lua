-- SPDX-License-Identifier: MIT
--
-- The assembler's warnings on stderr, for the verbs that assemble; the options
-- have the names that GNU as gives them.

local cli = require "tinyvmm.cli"

local M = {}

M.OPTIONS = { ["-W"] = true, ["--no-warn"] = true, ["--fatal-warnings"] = true }

-- Print the warnings of an image; returns the exit code if they are fatal.
function M.report(image, given)
  local list = image.warnings or {}
  if #list == 0 or given["-W"] or given["--no-warn"] then return end
  for _, text in ipairs(list) do
    local place, message = text:match "^(.-:%d+:%d+: )(.*)$"
    io.stderr:write(place or "", "warning: ", message or text, "\n")
  end
  if given["--fatal-warnings"] then
    return cli.fail(cli.USAGE, "%d warning%s, and --fatal-warnings", #list,
      #list == 1 and "" or "s")
  end
end

-- A verb's options with those.
function M.options(own)
  for name, kind in pairs(M.OPTIONS) do own[name] = kind end
  return own
end

return M
