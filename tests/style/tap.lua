-- SPDX-License-Identifier: MIT
--
-- The tests' own tools: what must fail does fail. Small test files are run
-- as tests/run.lua runs them, and their TAP is read.
local test = require "tap"

-- Runs `body` as a test file: its TAP, its status, its stderr.
local function run(t, body)
  local path = t.tmpname()
  local f <close> = assert(io.open(path, "w"))
  f:write('local test = require "tap"\n', body)
  f:close()
  local build = os.getenv "TV_BUILD" or "build/rel"
  return t.run(("LUA_PATH_5_4='tests/?.lua;lua/?.lua;lua/?/init.lua;;' \z
    LUA_CPATH_5_4='%s/lib/?.so;;' TV_TEST= TV_SEED=7 '%s' %s"):format(
    build, arg[-1], path))
end

local function fails(t, body, message)
  local output, status = run(t, body)
  t.eq(status, 1, output)
  t.ok(output:find("\nnot ok 1", 1, true), output)
  t.ok(output:find("\n1..1\n", 1, true), output)
  t.ok(output:find(message, 1, true), output)
end

test("a test that holds passes", function(t)
  local output, status = run(t, [[
    test("holds", function(t)
      t.eq({ a = { 1, 0/0 } }, { a = { 1, 0/0 } })
      t.eq(t.raises("boo%d", error, "boo1"), "boo1")
      t.ok(t.random(3, 5) >= 3)
    end)]])
  t.eq(output, "TAP version 14\n# seed 7\nok 1 - holds\n1..1\n")
  t.eq(status, 0)
end)

test("every failing check fails its test", function(t)
  fails(t, 'test("x", function(t) t.ok(nil, "why") end)', "why")
  fails(t, 'test("x", function(t) t.eq(16, 17) end)', "16 (0x10)")
  fails(t, 'test("x", function(t) t.eq(1, 1.0) end)', "want")
  fails(t, 'test("x", function(t) t.eq({ 1 }, { 1, 2 }) end)', "want")
  fails(t, 'test("x", function(t) t.raises("a", print) end)', "did not raise")
  fails(t, 'test("x", function(t) t.raises("a", error, "b") end)', "another")
  fails(t, 'test("x", function(t) error "boo" end)', "boo")
  fails(t, 'test("x", function(t) pcall(t.ok, false, "kept") end)', "kept")
end)

test("a changed global and a VM left open fail their test", function(t)
  fails(t, 'test("x", function(t) leak = 1 end)', "changed globals: leak")
  fails(t, [[
    local tv = require "tinyvmm"
    test("x", function(t) local v = assert(tv.vm {}) end)]],
    "left 1 VM(s) open")
end)

test("a skip is no failure and gives its reason", function(t)
  local output, status = run(t, 'test("x", function(t) t.skip "why" end)')
  t.ok(output:find("ok 1 - x # SKIP why\n", 1, true), output)
  t.eq(status, 0)
end)

test("a test of another backend is neither run nor a skip", function(t)
  local output, status = run(t, [=[
    local backend = require "backend"
    test("x", function(t) backend.only(t, "hvf kvm", "why") end)
    test("y", function(t) backend.except(t, "kvm soft", "why") end)
    test("z", function(t)
      backend.only(t, "soft", "why")
      backend.except(t, "kvm hvf", "why")
    end)
    backend.only_file("kvm", "why")
    test("w", function(t) t.fail "it runs" end)]=])
  t.eq(output:match "\n(ok.*)", "ok 1 - x # SKIP ELSEWHERE only hvf kvm: why\n"
    .. "ok 2 - y # SKIP ELSEWHERE not kvm soft: why\nok 3 - z\n"
    .. "ok 4 - w # SKIP ELSEWHERE only kvm: why\n1..4\n")
  t.eq(status, 0)
end)

test("a file that crashes ends with another status than 0", function(t)
  local _, status, errors = run(t, 'test("x", function() end) error "boo"')
  t.ok(status ~= 0, "status 0")
  t.ok(errors:find("boo", 1, true), errors)
end)
