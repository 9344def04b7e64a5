-- SPDX-License-Identifier: MIT
--
-- run's --trace-json and --profile: files that show a run. Both are opened
-- before it, so that a wrong path costs no run, and written however it ends.

local cli = require "tinyvmm.cli"

local M = {}

-- Takes { path =, open = fn(file) -> object, text = fn(object) } to a running
-- object with its file, or nil, message.
local function begin(kind)
  local file, why = io.open(kind.path, "w")
  if not file then return nil, why end
  local object, problem = kind.open(file)
  if not object then return nil, problem end
  return { kind = kind, file = file, object = object }
end

local function finish(o)
  o.object:stop()
  local ok, why = o.file:write(o.kind.text and o.kind.text(o.object) or "")
  if ok then ok, why = o.file:close() end
  if not ok then error(("%s: %s"):format(o.kind.path, why), 0) end
end

local function kinds(vm, given)
  local list = {}
  if given["--trace-json"] then
    list[1] = { path = given["--trace-json"], open = function(file)
      return require "tinyvmm.timeline".start(vm, file)
    end }
  end
  if given["--profile"] then
    list[#list + 1] = { path = given["--profile"], open = function()
      return require "tinyvmm.profile".start(vm, { every =
        given["--profile-every"] })
    end, text = function(profile) return profile:folded() end }
  end
  return list
end

-- start(vm, given) -> a function that ends what was begun and returns nil, or
-- a message if a file could not be written; or nil and the exit code.
function M.start(vm, given)
  local begun = {}
  if given["--trace"] and given["--trace-json"] then
    return nil, cli.fail(cli.USAGE, "--trace and --trace-json watch the same "
      .. "steps; use one of them")
  end
  for i, kind in ipairs(kinds(vm, given)) do
    local problem
    begun[i], problem = begin(kind)
    if not begun[i] then return nil, cli.fail(cli.USAGE, "%s", problem) end
  end
  return function()
    local problem
    for _, o in ipairs(begun) do
      local ok, why = pcall(finish, o)
      if not ok then problem = problem or why end
    end
    return problem
  end
end

return M
