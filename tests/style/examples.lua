-- SPDX-License-Identifier: MIT
--
-- Every example prints what examples/expected says: NN_name.lua run by our
-- program and by the stock lua5.4 (with the module on its path), NN_name.c as
-- the Makefile built it. The expected output is expected/NN_name.out. Scripts
-- run unchanged on every backend, and most print the same on each.
local test = require "tap"
local backend = require "backend"
local files = require "style._files"

local build = os.getenv "TV_BUILD" or "build/rel"

local function expected(t, name)
  local f = io.open("examples/expected/" .. name .. ".out", "rb")
  t.ok(f, "no examples/expected/" .. name .. ".out")
  local text = f:read "a"
  f:close()
  return text
end

local function check(t, name, command)
  local output, status, errors = t.run(command)
  t.ok(status == 0, ("ended with %d\n%s%s"):format(status, output, errors))
  t.eq(output, expected(t, name))
end

-- Those of which a backend has not all: its names, why.
local elsewhere = {
  ["02_two_vms"] = { "hvf", "one VM at a time" },
  ["05_exits"] = { "hvf kvm", "others cannot trap instructions" },
  ["07_timer"] = { "hvf kvm", "prints virtual time" },
  ["09_stock_lua"] = { "hvf kvm", "prints icount" },
  ["14_coroutines"] = { "hvf", "one VM at a time" },
  ["15_two_cpus"] = { "hvf kvm", "prints virtual time" },
  ["16_gic"] = { "hvf kvm", "prints virtual time" }
}

local function here(t, name)
  if elsewhere[name] then backend.except(t, table.unpack(elsewhere[name])) end
end

local seen = {}

for _, path in ipairs(files.paths "examples") do
  local name, kind = path:match "^examples/([^/]*)%.(%a+)$"
  if kind == "lua" then
    seen[name] = true
    test(path .. " prints what it should", function(t)
      here(t, name)
      check(t, name, build .. "/tinyvmm " .. path)
    end)
    test(path .. " runs under the stock lua5.4 as well", function(t)
      here(t, name)
      t.needs "lua5.4"
      if build:find "asan$" then
        t.skip "the stock lua5.4 cannot load an instrumented module"
      end
      check(t, name, ("LUA_PATH_5_4='lua/?.lua;lua/?/init.lua;;' \z
        LUA_CPATH_5_4='%s/lib/?.so;;' lua5.4 %s"):format(build, path))
    end)
  elseif kind == "c" then
    seen[name] = true
    test(path .. " prints what it should", function(t)
      check(t, name, build .. "/examples/" .. name)
    end)
  end
end

test("the course has every example", function(t)
  local f <close> = assert(io.open "examples/README.md")
  local text = f:read "a"
  for name in pairs(seen) do
    t.ok(text:find("`" .. name .. ".", 1, true), name)
  end
end)

test("every expected output belongs to an example", function(t)
  t.ok(next(seen), "there is no example")
  for _, path in ipairs(files.paths "examples/expected") do
    local name = path:match "([^/]*)%.out$"
    t.ok(name and seen[name], path .. " belongs to no example")
  end
end)
