-- SPDX-License-Identifier: MIT
--
-- What the tests of the installation share: `make` as a user would call it on
-- the build under test, and folders that are gone when their variable closes.
local shell = require "shell"

local room = { quote = shell.quote, slurp = shell.slurp, spit = shell.spill }

local build = os.getenv "TV_BUILD" or "build/rel"
local mode = build:match "[^/]*$"

room.build = build
room.system = shell.capture "uname":match "%S+"
room.instrumented = mode == "asan"
-- A plain program that loads an instrumented library starts with this.
room.preload = not room.instrumented and ""
  or "ASAN_OPTIONS=detect_leaks=0 \z
    LD_PRELOAD=$(gcc -print-file-name=libasan.so) "

-- Runs a shell command that must succeed; returns its stdout.
function room.sh(t, command, ...)
  if select("#", ...) > 0 then command = command:format(...) end
  local output, status, errors = t.run(command)
  t.ok(status == 0, ("%s\nended with %d\n%s%s"):format(
    command, status, output, errors))
  return output
end

-- The command `make GOALS`, without the options of the make that runs the
-- tests. What is built stays as it is: `all` counts as done.
function room.make_command(goals, ...)
  return ("env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -o all \z
    MODE=%s B=%s "):format(mode, build) .. goals:format(...)
end

function room.make(t, goals, ...)
  return room.sh(t, room.make_command(goals, ...))
end

-- local dir <close> = room.folder(): an empty folder, with a blank in its
-- name if `blank`.
function room.folder(blank)
  local name = os.tmpname()
  os.remove(name)
  local path = name .. (blank and " dir" or "-dir")
  assert(os.execute("mkdir " .. room.quote(path)))
  return setmetatable({ path = path, quoted = room.quote(path) }, {
    __close = function(self) os.execute("rm -rf " .. self.quoted) end,
    __tostring = function(self) return self.path end,
  })
end

-- What lies below a folder, but for folders: sorted paths that begin with /.
function room.files(t, path)
  local list = {}
  for line in room.sh(t, "cd %s && find . ! -type d", room.quote(path))
      :gmatch "%.([^\n]+)" do
    list[#list + 1] = line
  end
  table.sort(list)
  return list
end

return room
