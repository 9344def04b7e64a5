-- SPDX-License-Identifier: MIT
--
-- The first minutes on a Mac, as far as they can be had without one: a folder
-- that is the whole PATH has a `uname` that says so, a `brew` that installs
-- where Homebrew does, and a compiler that says how it was called.
local test = require "tap"
local room = require "install._room"

local TOOLS = "sh make pkg-config awk sed find sort mkdir rm cat ls id env grep"
local PC = "opt/lua@5.4/lib/pkgconfig"

-- A folder of programs: the tools above and { name = text of a script }.
local function path(t, programs)
  local folder = room.folder()
  for tool in TOOLS:gmatch "%S+" do
    room.sh(t, "ln -s $(command -v %s) %s", tool, folder.quoted)
  end
  for name, text in pairs(programs) do
    room.spit(folder.path .. "/" .. name, "#!/bin/sh\n" .. text .. "\n")
    room.sh(t, "chmod 755 %s/%s", folder.quoted, name)
  end
  return folder
end

local UNAME = "case $* in -sm) echo Darwin arm64;; *) echo Darwin;; esac"

-- make, where only this Lua is that brew has installed.
local function make(t, folder, goals)
  return t.run(("env -i PATH=%s PKG_CONFIG_LIBDIR=/nowhere make -s B=%s/b \z
    BREW=%s/brewed %s"):format(folder.quoted, folder.quoted, folder.quoted,
    goals))
end

-- As Homebrew's own: no link to it from where pkg-config looks.
local BREW = ([[
echo "brew $*"
mkdir -p %%s/brewed/%s
echo 'Name: Lua
Description: Lua
Version: 5.4.9
Cflags: -I/brewed/include/lua' >%%s/brewed/%s/lua5.4.pc]]):format(PC, PC)

test("make deps finds the Lua that it has just installed", function(t)
  local folder <close> = path(t, { uname = UNAME, gcc = "echo cc $*" })
  room.spit(folder.path .. "/brew", "#!/bin/sh\n"
    .. BREW:format(folder.path, folder.path))
  room.sh(t, "chmod 755 %s/brew", folder.quoted)
  local goal = folder.path .. "/b/obj/main.o"
  local out, status, err = make(t, folder, "deps " .. goal)
  t.eq(status, 0, err)
  t.ok(out:find "brew install [^\n]*lua@5%.4", out)
  t.ok(out:find "\ncc [^\n]*%-I/brewed/include/lua", out)
  out = make(t, folder, "deps")
  t.eq(out, "", "and does not install it again")
end)

test("without Homebrew make deps says that it is wanted", function(t)
  local folder <close> = path(t, { uname = UNAME, gcc = "echo cc $*" })
  local out, status, err = make(t, folder, "deps")
  t.eq({ out, status }, { "", 2 })
  t.ok(err:find "no Homebrew in PATH.*pkg%-config lua@5%.4", err)
end)

test("make deps-test knows what Homebrew has installed", function(t)
  local folder <close> = path(t, { uname = UNAME, brew = "echo brew $*",
    luarocks = "", ["ld.lld"] = "" })
  local out, status, err = make(t, folder, "-o deps deps-test")
  t.eq({ out, status, err }, { "+ brew install llvm lld luarocks\n"
    .. "brew install llvm lld luarocks\n", 0, "" })
  local bin = folder.path .. "/brewed/opt/llvm/bin"
  room.sh(t, "mkdir -p %s && ln -s /bin/sh %s/llvm-mc", bin, bin)
  t.eq({ make(t, folder, "-o deps deps-test") }, { "", 0, "" })
end)

-- What tinyvmm is signed with, for programs that are not.
test("make install brings the entitlements", function(t)
  local folder <close> = path(t, { uname = UNAME })
  local out, status, err = make(t, folder, "-n -o all install")
  t.eq(status, 0, err)
  t.ok(out:find "/usr/local/share/tinyvmm/entitlements%.plist", out)
  t.ok(out:find "|@PRIVATE@|%-pthread %-framework Hypervisor|", out)
end)

-- The sed of macOS knows no \t.
test("make help lists the targets", function(t)
  local folder <close> = path(t, { uname = UNAME, expand = "exit 1" })
  local out, status, err = make(t, folder, "help")
  t.eq({ status, err }, { 0, "" })
  t.ok(out:find "\nrun           run the demo guest", out)
  for line in out:gmatch "[^\n]+" do
    t.ok(line:find "^[a-z-]+ +%S" and #line < 80, line)
  end
end)
