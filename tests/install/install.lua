-- SPDX-License-Identifier: MIT
--
-- `make install` and `make uninstall`: what lies where, that each installed
-- piece works from there (program, shared and static library, header,
-- pkg-config file, Lua module), and that nothing else is touched.
local tap = require "tap"
local room = require "install._room"

-- On macOS the names are others: install/mac.lua, macos/_check.lua.
local function test(name, fn)
  tap(name, function(t)
    if room.system == "Darwin" then t.skip "libraries have other names here" end
    fn(t)
  end)
end

local sh, make, quote = room.sh, room.make, room.quote
local dest <close> = room.folder()
local prefix = dest.path .. "/usr/local"
local version = room.slurp "src/tinyvmm.h":match 'TV_VERSION "([%d.]+)"'

-- The shell variables that a user of the installation would set.
local user = ("export PKG_CONFIG_PATH=%s PKG_CONFIG_SYSROOT_DIR=%s \z
  LD_LIBRARY_PATH=%s\n"):format(
    quote(prefix .. "/lib/pkgconfig"), dest.quoted, quote(prefix .. "/lib"))

local function exists(path)
  local f = io.open(path)
  if f then f:close() end
  return f ~= nil
end

local SDK = { "crash.c", "crt0.S", "guest.mk", "heap.c", "printf.c",
  "semihosting.h", "string.S", "tinyvmm.h", "tinyvmm.inc", "tinyvmm.ld",
  "vectors.S" }

local function expected_files(t)
  local list = {
    "/usr/local/bin/tinyvmm", "/usr/local/include/tinyvmm.h",
    "/usr/local/lib/libtinyvmm.a", "/usr/local/lib/libtinyvmm.so",
    "/usr/local/lib/libtinyvmm.so." .. version:match "%d+",
    "/usr/local/lib/libtinyvmm.so." .. version,
    "/usr/local/lib/lua/5.4/tinyvmm/core.so",
    "/usr/local/lib/pkgconfig/tinyvmm.pc",
  }
  local extra = { ["src/tinyvmm.1"] = "man/man1/tinyvmm.1",
    ["src/tinyvmm.bash"] = "bash-completion/completions/tinyvmm",
    ["src/_tinyvmm"] = "zsh/site-functions/_tinyvmm" }
  for source, target in pairs(extra) do
    if exists(source) then list[#list + 1] = "/usr/local/share/" .. target end
  end
  for _, name in ipairs(SDK) do
    list[#list + 1] = "/usr/local/share/tinyvmm/guest/" .. name
  end
  for _, path in ipairs(room.files(t, "lua/tinyvmm")) do
    if path:find "%.lua$" then
      list[#list + 1] = "/usr/local/share/lua/5.4/tinyvmm" .. path
    end
  end
  table.sort(list)
  return list
end

test("make install puts exactly these files below DESTDIR", function(t)
  make(t, "install PREFIX=/usr/local DESTDIR=%s", dest.quoted)
  t.eq(room.files(t, dest.path), expected_files(t))
end)

test("everyone may read what is installed, whatever the umask", function(t)
  local other <close> = room.folder()
  sh(t, "chmod 755 %s", other)
  sh(t, "umask 077; " .. room.make_command(
    "install PREFIX=/opt/tv DESTDIR=%s", other))
  t.eq(sh(t, "find %s ! -type l ! -perm -444", other), "")
  t.eq(sh(t, "find %s -type d ! -perm 755", other), "")
  t.eq(sh(t, "find %s -type f -perm -111", other),
    other.path .. "/opt/tv/bin/tinyvmm\n")
end)

test("the installed program runs from an empty environment", function(t)
  t.eq(sh(t, "cd / && env -i %s -e %s", quote(prefix .. "/bin/tinyvmm"),
    quote 'print(require "tinyvmm".version)'), version .. "\n")
end)

test("the shared library has its soname, and links lead to it", function(t)
  t.needs("objdump", "readlink")
  local lib, soname = prefix .. "/lib/", "libtinyvmm.so." .. version:match "%d+"
  local headers = sh(t, "objdump -p %s", quote(lib .. "libtinyvmm.so"))
  t.eq(headers:match "SONAME%s+(%S+)", soname)
  t.eq(sh(t, "readlink %s", quote(lib .. "libtinyvmm.so")), soname .. "\n")
  t.eq(sh(t, "readlink %s", quote(lib .. soname)),
    "libtinyvmm.so." .. version .. "\n")
end)

-- The functions that the header declares.
local function declared()
  local list = {}
  for text in room.slurp "src/tinyvmm.h":gmatch "\nTV_API ([^;]*);" do
    list[#list + 1] = text:match "%f[%w_](tv_[%w_]+)%("
  end
  table.sort(list)
  return list
end

local function defined(t, command)
  local list = {}
  for name in sh(t, command):gmatch " [A-Z] ([^\n]+)" do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

test("both libraries show what the header declares and no more", function(t)
  t.needs "nm"
  local lib = prefix .. "/lib/libtinyvmm"
  t.ok(#declared() > 50, "found hardly any declaration")
  t.eq(defined(t, "nm -D --defined-only " .. quote(lib .. ".so")), declared())
  t.eq(defined(t, "nm -g --defined-only " .. quote(lib .. ".a")), declared())
end)

-- Programs -----------------------------------------------------------------

-- Compiles `source` with `compiler` and `flags` and runs it.
local function build_and_run(t, compiler, source, flags)
  t.needs(compiler:match "^%S+", "pkg-config", "objdump")
  local dir <close> = room.folder()
  local output = sh(t, "%s%s %s -o %s/program %s\n%s%s/program", user,
    compiler, source, dir, flags, room.preload, dir)
  local needed = sh(t, "objdump -p %s/program", dir)
  t.eq(output, room.slurp "examples/expected/08_embed.out")
  return needed:find("NEEDED%s+libtinyvmm%.so") ~= nil
end

local shared = "$(pkg-config --cflags --libs tinyvmm)"

for _, compiler in ipairs { "gcc", "clang" } do
  test("pkg-config is all that a C program needs: " .. compiler, function(t)
    t.ok(build_and_run(t, compiler, "examples/08_embed.c", shared),
      "not linked to the shared library")
  end)
end

for _, compiler in ipairs { "g++", "clang++" } do
  test("a C++ program uses the library: " .. compiler, function(t)
    local source <close> = room.folder()
    local file = source.path .. "/embed.cc"
    room.spit(file, room.slurp "examples/08_embed.c")
    t.ok(build_and_run(t, compiler, file, shared),
      "not linked to the shared library")
  end)
end

test("a static program may use the library's inner names", function(t)
  local source <close> = room.folder()
  local file = source.path .. "/embed.c"
  room.spit(file, room.slurp "examples/08_embed.c"
    .. "int mem_at = 1, err_set = 2, alloc_new = 3, a64_decode = 4;\n")
  t.ok(not build_and_run(t, "gcc", file, ("-I%s/include %s/lib/\z
    libtinyvmm.a -pthread %s"):format(prefix, prefix, room.instrumented
    and "-fsanitize=address,undefined" or "")), "linked to the shared one")
end)

test("DESTDIR may have a blank in its name", function(t)
  local other <close> = room.folder(true)
  make(t, "install PREFIX=/usr/local DESTDIR=%s", other.quoted)
  t.eq(room.files(t, other.path), expected_files(t))
  make(t, "uninstall PREFIX=/usr/local DESTDIR=%s", other.quoted)
  t.eq(sh(t, "find %s -name '*tinyvmm*'", other.quoted), "")
end)

test("the pkg-config file names version and folders", function(t)
  t.needs "pkg-config"
  local function ask(option)
    return sh(t, "export PKG_CONFIG_PATH=%s\npkg-config %s tinyvmm",
      quote(prefix .. "/lib/pkgconfig"), option):match "^(.-)%s*$"
  end
  t.eq(ask "--modversion", version)
  t.eq(ask "--variable=prefix", "/usr/local")
  t.eq(ask "--variable=guestdir", "/usr/local/share/tinyvmm/guest")
  t.eq(ask "--cflags", "-I/usr/local/include")
  t.eq(ask "--libs", "-L/usr/local/lib -ltinyvmm")
end)

-- Guests -------------------------------------------------------------------

-- guest/README.md's Makefile for users of an installation.
local function manual_makefile()
  return room.slurp "guest/README.md":match "\n```make installed\n(.-)```"
end

test("a guest is built from the installed SDK, by the manual's Makefile",
  function(t)
    t.needs("make", "pkg-config", "aarch64-linux-gnu-gcc")
    local other <close> = room.folder()
    make(t, "install PREFIX=%s/tv LDCONFIG=", other)
    room.spit(other.path .. "/Makefile", t.ok(manual_makefile()))
    room.spit(other.path .. "/hello.c", '#include "tinyvmm.h"\n'
      .. 'int main(void) { printf("installed %d\\n", 1); return 7; }\n')
    local output, status = t.run(("export MAKEFLAGS= MAKELEVEL= \z
      PKG_CONFIG_PATH=%s/tv/lib/pkgconfig\nmake -s -C %s \z
      TINYVMM=%s/tv/bin/tinyvmm CFLAGS= LDFLAGS= hello.run"):format(other,
      other, other))
    t.eq(output, "installed 1\n")
    t.ok(status ~= 0, "the guest's status 7")
  end)

test("an assembly guest includes the installed names", function(t)
  local other <close> = room.folder()
  local source = other.path .. "/end.S"
  room.spit(source, ('.include "%s/share/tinyvmm/guest/tinyvmm.inc"\n'
    .. "mov x0, #TV_EXIT; mov x1, #9; hvc #0\n"):format(prefix))
  local _, status, errors = t.run(("%s run %s"):format(quote(prefix
    .. "/bin/tinyvmm"), quote(source)))
  t.eq(status, 9, errors)
end)

-- Lua ----------------------------------------------------------------------

local function stock_lua(lmod, cmod)
  return ("%sLUA_PATH_5_4=%s LUA_CPATH_5_4=%s lua5.4 \z
    examples/09_stock_lua.lua"):format(room.preload,
      quote(lmod .. "/?.lua;" .. lmod .. "/?/init.lua"), quote(cmod .. "/?.so"))
end

test("a stock lua5.4 requires the installed module", function(t)
  t.needs "lua5.4"
  t.eq(sh(t, stock_lua(prefix .. "/share/lua/5.4", prefix .. "/lib/lua/5.4")),
    room.slurp "examples/expected/09_stock_lua.out")
end)

test("below Lua's own prefix modules go where its .pc file says", function(t)
  t.needs("lua5.4", "pkg-config")
  local own = t.run "pkg-config --variable=prefix lua5.4":match "%S+"
  local lmod = t.run "pkg-config --variable=INSTALL_LMOD lua5.4":match "%S+"
  local cmod = t.run "pkg-config --variable=INSTALL_CMOD lua5.4":match "%S+"
  if not (own and lmod and cmod) then t.skip "no lua5.4.pc with folders" end
  local other <close> = room.folder()
  make(t, "install PREFIX=%s DESTDIR=%s", own, other)
  t.ok(exists(other.path .. lmod .. "/tinyvmm/init.lua"), lmod)
  t.ok(exists(other.path .. cmod .. "/tinyvmm/core.so"), cmod)
end)

-- Away again ---------------------------------------------------------------

test("uninstall leaves a stranger's files and folders alone", function(t)
  local strangers = { "/usr/local/bin/other", "/usr/local/lib/libother.so",
    "/usr/local/lib/libtinyvmm.so.7",
    "/usr/local/share/lua/5.4/tinyvmm/a64/mine.lua",
    "/usr/local/share/tinyvmm/guest/mine.c" }
  for _, path in ipairs(strangers) do room.spit(dest.path .. path, "mine") end
  make(t, "uninstall PREFIX=/usr/local DESTDIR=%s", dest.quoted)
  t.eq(room.files(t, dest.path), strangers)
  for _, path in ipairs(strangers) do os.remove(dest.path .. path) end
end)

test("uninstall leaves no file and no folder of ours", function(t)
  make(t, "install PREFIX=/usr/local DESTDIR=%s >&2", dest.quoted)
  make(t, "uninstall PREFIX=/usr/local DESTDIR=%s", dest.quoted)
  t.eq(room.files(t, dest.path), {})
  t.eq(sh(t, "find %s -name '*tinyvmm*'", dest.quoted), "")
end)

test("uninstall where nothing is installed succeeds", function(t)
  local other <close> = room.folder()
  make(t, "uninstall DESTDIR=%s", other)
  make(t, "uninstall DESTDIR=%s/none", other)
  t.eq(sh(t, "find %s", other), other.path .. "\n")
end)
