-- SPDX-License-Identifier: MIT
--
-- The packages: the rock by luarocks, from the tree and without a network,
-- and the Debian packages, which together hold what `make install` installs.
local test = require "tap"
local room = require "install._room"

local sh, make = room.sh, room.make

local function luarocks(t, home, command)
  -- Any download would fail: there is no proxy at the discard port.
  return sh(t, "export HOME=%s MODE=%s http_proxy=http://127.0.0.1:9 \z
    https_proxy=http://127.0.0.1:9\nenv -u MAKEFLAGS -u MAKELEVEL luarocks \z
    --lua-version 5.4 --tree %s/tree %s", home, room.build:match "[^/]*$",
    home, command)
end

local rockspec = "lua/tinyvmm-scm-1.rockspec"

test("the rockspec builds a rock that a stock lua5.4 loads", function(t)
  t.needs("luarocks", "lua5.4")
  local home <close> = room.folder()
  luarocks(t, home, "make " .. rockspec)
  local tree = home.path .. "/tree"
  t.eq(sh(t, "%sLUA_PATH_5_4='%s/share/lua/5.4/?.lua;%s/share/lua/5.4/?/\z
    init.lua' LUA_CPATH_5_4='%s/lib/lua/5.4/?.so' lua5.4 \z
    examples/09_stock_lua.lua", room.preload, tree, tree, tree),
    room.slurp "examples/expected/09_stock_lua.out")
  luarocks(t, home, "remove tinyvmm")
  t.eq(sh(t, "find %s -name '*tinyvmm*'", tree), "")
end)

test("luarocks finds no mistake in the rockspec", function(t)
  t.needs "luarocks"
  local home <close> = room.folder()
  t.eq(luarocks(t, home, "lint " .. rockspec), "")
end)

-- Debian -------------------------------------------------------------------

local deb = room.build .. "/deb"
local made = false

local function needs_packages(t)
  t.needs("dpkg-deb", "dpkg-shlibdeps", "dpkg-architecture")
  if not made then
    make(t, "deb DEBFULLNAME='A. Tester' DEBEMAIL=tester@debian.org")
    made = true
  end
end

-- The installed paths, without those that only a package has.
local function listing(t, dir)
  local list = {}
  for _, path in ipairs(room.files(t, dir)) do
    if not path:find "^/usr/share/doc/" then
      list[#list + 1] = path:gsub("(/man/.*)%.gz$", "%1")
    end
  end
  return list
end

test("the Debian packages hold the whole installation, once", function(t)
  needs_packages(t)
  local tree <close> = room.folder()
  local unpacked <close> = room.folder()
  make(t, "install PREFIX=/usr DESTDIR=%s LIBDIR=/usr/lib/$(\z
    dpkg-architecture -qDEB_HOST_MULTIARCH) \z
    ZSHDIR=/usr/share/zsh/vendor-completions", tree)
  local packed = {}
  for name in sh(t, "ls %s/*.deb", deb):gmatch "%S+" do
    sh(t, "rm -rf %s/*; dpkg-deb -x %s %s", unpacked, name, unpacked)
    for _, path in ipairs(listing(t, unpacked.path)) do
      packed[#packed + 1] = path
    end
  end
  table.sort(packed)
  t.eq(packed, listing(t, tree.path))
end)

test("what a Debian package depends on is named", function(t)
  needs_packages(t)
  local function depends(name)
    return sh(t, "dpkg-deb -f %s/%s_*.deb Depends", deb, name)
  end
  t.ok(depends "tinyvmm":find "liblua5%.4%-0", depends "tinyvmm")
  t.ok(depends "libtinyvmm-dev":find "^libtinyvmm0 %(= ")
  t.ok(not depends "lua-tinyvmm":find "liblua")
end)

test("lintian finds nothing to say", function(t)
  t.needs "lintian"
  needs_packages(t)
  local page = io.open "src/tinyvmm.1"
  if page then page:close() end
  t.eq(sh(t, "lintian %s %s/*.deb",
    page and "" or "--suppress-tags no-manual-page", deb), "")
end)
