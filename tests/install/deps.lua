-- SPDX-License-Identifier: MIT
--
-- `make deps`: what .ci/deps.sh does with each package manager, with and
-- without root and sudo. The managers are stubs in a folder that is the whole
-- PATH; each says how it was called.
local test = require "tap"
local room = require "install._room"

local MANAGERS = {
  ["apt-get"] = "apt-get install -y --no-install-recommends",
  dnf = "dnf install -y", apk = "apk add",
  pacman = "pacman -S --needed --noconfirm", brew = "brew install"
}

local SHELL = io.popen "command -v sh":read "l"

-- Runs deps.sh where only these programs are: { name = text of a script }.
-- `id` and `env` are always there. Returns stdout, status, stderr.
local function deps(t, what, programs, user)
  local folder <close> = room.folder()
  programs.id = "echo " .. (user or 0)
  programs.env = 'while case $1 in *=*) ;; *) false; esac; do shift; done\n'
    .. '"$@"'
  for name, text in pairs(programs) do
    local path = folder.path .. "/" .. name
    room.spit(path, "#!" .. SHELL .. "\n" .. text .. "\n")
    room.sh(t, "chmod 755 %s", room.quote(path))
  end
  return t.run(("PATH=%s %s .ci/deps.sh %s"):format(folder.quoted, SHELL, what))
end

local function stub(name) return ('echo "called: %s $*"'):format(name) end

for name, install in pairs(MANAGERS) do
  for _, what in ipairs { "build", "test" } do
    test(("deps %s installs by %s, and prints each command first"):format(what,
      name), function(t)
      local out, status, err = deps(t, what, { [name] = stub(name) })
      t.eq(status, 0, err)
      local printed, called = {}, {}
      for line in out:gmatch "[^\n]+" do
        if line:find "^%+ " then
          t.eq(#printed, #called, "printed before it is called")
          printed[#printed + 1] = line:sub(3):gsub("^env %S+ ", "")
        else
          called[#called + 1] = line:match "^called: (.*)$"
        end
      end
      t.eq(printed, called)
      local last = printed[#printed]
      t.eq(last:sub(1, #install), install)
      t.ok(last:find(what == "build" and "gcc" or "llvm")
        or name == "brew" and last:find "lua", last)
    end)
  end
end

test("deps does nothing where Lua 5.4 is installed", function(t)
  local programs = { ["pkg-config"] = "exit 0", ["apt-get"] = stub "apt-get" }
  local out, status, err = deps(t, "build", programs)
  t.eq({ out, status, err }, { "", 0, "" })
end)

test("deps uses sudo where the user is not root", function(t)
  local out, status, err = deps(t, "build", { dnf = stub "dnf",
    sudo = 'echo "sudo: $*"\n"$@"' }, 1000)
  t.eq(status, 0, err)
  t.ok(out:find "^%+ sudo dnf install [^\n]*\nsudo: dnf install [^\n]*\n"
    .. "called: dnf install", out)
end)

test("without root and sudo deps names the commands and fails", function(t)
  local out, status, err = deps(t, "build", { ["apt-get"] = stub "apt-get" },
    1000)
  t.eq({ out, status }, { "", 1 })
  t.ok(err:find "as root, run: apt%-get update\n", err)
  t.ok(err:find "as root, run: env [^\n]*apt%-get install [^\n]*lua5%.4", err)
end)

test("brew is never run by sudo", function(t)
  local out, status = deps(t, "build", { brew = stub "brew",
    sudo = "echo sudo" }, 501)
  t.eq(status, 0)
  t.ok(not out:find "sudo", out)
end)

test("without a manager deps names the packages and fails", function(t)
  local out, status, err = deps(t, "build", {})
  t.eq({ out, status }, { "", 1 })
  t.ok(err:find "no package manager known here.*liblua5%.4%-dev", err)
end)

test("a manager that fails ends deps with a message", function(t)
  local _, status, err = deps(t, "build", { apk = "exit 3" })
  t.eq(status, 1)
  t.ok(err:find "deps: 'apk add [^\n]*' failed", err)
end)
