-- SPDX-License-Identifier: MIT
--
-- check-macos: the build for macOS on Apple silicon, on machines that are
-- none. clang compiles every source for arm64-apple-macos11 with every warning
-- an error, lld links program, Lua module and shared library, and the program
-- is signed with its entitlements; then what came out is looked at. The make
-- file does it as it would on a Mac. Nothing is executed.
--
-- .ci/macos.sh fetches what this machine lacks; the framework's header is our
-- own (tests/hvf/Hypervisor), and its link stub is made of it here. Where
-- something cannot be had this says SKIP and why.

package.path = "tests/macos/?.lua;tests/?.lua;" .. package.path
local macho = require "_macho"
local shell = require "shell"

local OUT = "build/macos"
local SDK, BUILD = OUT .. "/sdk", OUT .. "/out"
local MINIMUM = 11.0
local FRAMEWORK = "/System/Library/Frameworks/Hypervisor.framework"
local HEADER = "tests/hvf/Hypervisor/Hypervisor.h"

local capture, say, slurp = shell.capture, shell.say, shell.slurp
local spill = shell.spill
local total = shell.tally "check-macos"

local function check(good, law, why)
  if good then
    total.passed = total.passed + 1
    return
  end
  total:fail(law)
  for line in tostring(why):gmatch "[^\n]+" do say("  " .. line) end
end

-- The framework ------------------------------------------------------------

-- The functions of our header: { name = the macOS that brought it }.
local function functions()
  local list = {}
  for since, name in slurp(HEADER):gmatch
      "HV_SINCE%(([%d.]+)%)%s+hv_[%w_]+%s+(hv_[%w_]+)%(" do
    list[name] = tonumber(since)
  end
  return list
end

local function write_framework(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = "_" .. name end
  table.sort(names)
  local folder = SDK .. FRAMEWORK
  assert(os.execute(("mkdir -p %s/Headers && cp %s %s/Headers"):format(folder,
    HEADER, folder)))
  spill(folder .. "/Hypervisor.tbd", ([[
--- !tapi-tbd
tbd-version: 4
targets: [ arm64-macos ]
install-name: '%s/Versions/A/Hypervisor'
exports:
  - targets: [ arm64-macos ]
    symbols: [ %s ]
...
]]):format(FRAMEWORK, table.concat(names, ", ")))
end

-- Building -----------------------------------------------------------------

local CLANG = "clang --target=arm64-apple-macos11.0 -isysroot "
  .. capture "pwd":match "[^\n]*" .. "/" .. SDK

-- All of Lua but its two programs, as one archive. Debian's luaconf.h asks
-- for the name of the machine.
local lua = ([[
cd %s && mkdir -p lua-obj &&
echo '#define DEB_HOST_MULTIARCH "darwin"' >lua5.4-deb-multiarch.h &&
ls lua/*.c | grep -v -e /lua.c -e /luac.c | xargs -P 2 -I{} sh -c '
  %s -O1 -DLUA_USE_MACOSX -DLUA_COMPAT_5_3 -I. -c {} \
    -o lua-obj/$(basename {} .c).o' &&
rm -f liblua.a && llvm-ar rcs liblua.a lua-obj/*.o]]):format(OUT, CLANG)

local function make(build, cflags, goals)
  return capture(([[
make -j2 B=%s MACHINE='Darwin arm64' CC='%s' HOST_CC='%s' \
  AR=llvm-ar LDFLAGS=-fuse-ld=lld LUA_LIBS=%s/liblua.a \
  LUA_CFLAGS='-I%s -I%s/lua' CFLAGS='-Werror %s' \
  SIGN='%s tests/macos/_sign.lua entitlements.plist' %s]]):format(build,
    CLANG, os.getenv "HOST_CC" or "cc", OUT, OUT, OUT, cflags, arg[-1], goals))
end

-- Looking ------------------------------------------------------------------

local SYSTEM = "/usr/lib/libSystem.B.dylib"

local function check_links(name, m)
  table.sort(m.dylibs)
  local want = FRAMEWORK .. "/Versions/A/Hypervisor " .. SYSTEM
  check(table.concat(m.dylibs, " ") == want,
    name .. " is linked to the framework and libSystem only",
    table.concat(m.dylibs, "\n"))
end

-- Imports that are newer than the oldest macOS must be weak, others must not.
local function check_imports(name, path, since)
  local text = capture("llvm-nm -m " .. path)
  local count, wrong = 0, {}
  for weak, symbol in text:gmatch
      "%(undefined%) (%a*) ?external _(hv_[%w_]+)" do
    count = count + 1
    local newer = (since[symbol] or 99) > MINIMUM
    if newer ~= (weak == "weak") then wrong[#wrong + 1] = symbol end
  end
  check(count > 15, name .. " calls the framework", text:sub(1, 200))
  check(#wrong == 0, name .. " imports newer functions weakly",
    table.concat(wrong, "\n"))
end

local function check_program(since)
  local path, plist = BUILD .. "/tinyvmm", slurp "entitlements.plist"
  local file = slurp(path)
  local m = macho.read(file)
  check(m.type == 2 and m.platform == 1 and m.minos == "11.0",
    "the program is one for macOS 11.0", m.minos)
  check_links("the program", m)
  check_imports("the program", path, since)
  local good, why = macho.check(file, plist)
  check(good, "the program's signature holds, with its entitlements", why)
  local at = #file // 3
  local broken = file:sub(1, at - 1)
    .. string.char(file:byte(at) ~ 1) .. file:sub(at + 1)
  check(not macho.check(broken, plist), "one flipped bit breaks it")
  check(not macho.check(macho.sign(file, "tinyvmm"), plist),
    "a signature without entitlements is seen as one")
end

local function check_library(name, file, since, kind)
  local path = BUILD .. "/" .. file
  local m = macho.read(slurp(path))
  check(m.type == kind and m.minos == "11.0", name .. " is one for macOS 11.0",
    m.minos)
  check_links(name, m)
  check_imports(name, path, since)
  check(macho.check(slurp(path)), name .. " has the linker's signature")
end

-- The library says where it will be installed, which may change after the
-- build.
local function check_place()
  local path = BUILD .. "/libtinyvmm.dylib"
  for _, prefix in ipairs { "/usr/local", "/opt/other", "/usr/local" } do
    local text = make(BUILD, "", ("PREFIX=%s %s"):format(prefix, path))
    check(macho.read(slurp(path)).id == prefix .. "/lib/libtinyvmm.0.dylib",
      "the library is for " .. prefix, text)
  end
end

local function check_module()
  local text = capture("llvm-nm -m " .. BUILD .. "/lib/tinyvmm/core.so")
  check(text:find "_lua_pushinteger %(dynamically looked up%)",
    "the module takes Lua from the program that loads it",
    text:match "[^\n]*lua_pushinteger[^\n]*")
  check(text:find "external _luaopen_tinyvmm_core", "Lua can open the module")
end

-- With an SDK from before macOS `newest`: the room of hvf compiles, and asks
-- for no function that is newer.
local function check_sdk(newest, since)
  local build, goals = ("%s/sdk%d"):format(OUT, newest), {}
  for path in capture "ls src/hvf/hvf*.c":gmatch "src/(%S+)%.c" do
    goals[#goals + 1] = ("%s/obj/%s.o"):format(build, path)
  end
  local objects = table.concat(goals, " ")
  local version = "-D__MAC_OS_X_VERSION_%s=%d0000 "
  local text, good = make(build, version:format("MIN_REQUIRED", MINIMUM // 1)
    .. version:format("MAX_ALLOWED", newest), objects)
  check(good, ("hvf compiles with the SDK of macOS %d"):format(newest), text)
  local wrong = {}
  for symbol in capture("llvm-nm -u " .. objects):gmatch "_(hv_[%w_]+)" do
    if since[symbol] > newest then wrong[#wrong + 1] = symbol end
  end
  check(#wrong == 0, ("and wants nothing newer than %d"):format(newest),
    table.concat(wrong, "\n"))
end

local function main()
  for _, tool in ipairs { "clang", "llvm-ar", "llvm-nm" } do
    if not shell.have(tool) then
      total:skip("needs " .. tool .. "; try make deps-test")
    end
  end
  local text, good = capture("sh .ci/macos.sh " .. OUT)
  if not good then total:skip(text) end
  local since = functions()
  write_framework(since)
  text, good = capture(lua)
  if not good then
    total:skip("Lua 5.4 does not compile for macOS: " .. text)
  end
  text, good = make(BUILD, "", ("portable %s/lib/tinyvmm/core.so "
    .. "%s/libtinyvmm.dylib"):format(BUILD, BUILD))
  check(good, "every source compiles for macOS without a warning, and links",
    text)
  if not good then total:finish() end
  check_program(since)
  check_library("the Lua module", "lib/tinyvmm/core.so", since, 8)
  check_library("the library", "libtinyvmm.dylib", since, 6)
  check_place()
  check_module()
  for _, newest in ipairs { 11, 14 } do check_sdk(newest, since) end
  total:finish()
end

main()
