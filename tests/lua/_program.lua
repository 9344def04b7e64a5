-- SPDX-License-Identifier: MIT
--
-- The program as a shell calls it: its status and what it printed, for the
-- tests of its command line.
local shell = require "shell"

local M = {}

M.PATH = (os.getenv "TV_BUILD" or "build/rel") .. "/tinyvmm"

-- What ends a guest with the status in x1.
M.EXIT = "mov x0, #0; hvc #0\n"

-- Runs the program; returns { code, stdout, stderr }.
function M.run(t, arguments, before)
  local out, err = t.tmpname(), t.tmpname()
  local _, how, code = os.execute(("%s %s%s </dev/null %s >%s 2>%s"):format(
    before or "", shell.bound(300), M.PATH, arguments, out, err))
  local function slurp(path)
    local file <close> = assert(io.open(path, "rb"))
    return file:read "a"
  end
  return { code = how == "exit" and code or -code, out = slurp(out),
    err = slurp(err) }
end

function M.file(t, bytes, ending)
  local path = t.tmpname()
  if ending then
    path = path .. ending
    t.temporary[#t.temporary + 1] = path
  end
  local out <close> = assert(io.open(path, "wb"))
  out:write(bytes)
  return path
end

function M.expect(t, result, code, out, err)
  t.eq(result.code, code, result.err)
  if out then t.ok(result.out:find(out), result.out) end
  if err then t.ok(result.err:find(err), result.err) end
  if not err then t.eq(result.err, "") end
end

return M
