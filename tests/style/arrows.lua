-- SPDX-License-Identifier: MIT
--
-- Who may include whom: the arrows between the rooms of src/, as rules. A
-- room is the folder right below src/, or main.c. An include is a path below
-- src/, or a file of the including room itself.
local test = require "tap"
local files = require "style._files"

-- For each room, what it may include besides its own files; a name that ends
-- with "/" is a whole room.
local arrows = {
  ["main.c"] = { "tinyvmm.h", "bind/" },
  bind = { "tinyvmm.h" },
  core = { "tinyvmm.h", "base/", "a64/" },
  hvf = { "tinyvmm.h", "core/", "base/", "a64/" },
  kvm = { "tinyvmm.h", "core/", "base/", "a64/" },
  soft = { "tinyvmm.h", "core/", "base/", "a64/", "jit/jit.h" },
  jit = { "soft/cpu.h", "base/", "a64/" },
  a64 = { "base/" },
  base = { "tinyvmm.h" },
  ["tinyvmm.h"] = {},
}

-- System headers that only some rooms may see; all others are anyone's.
local guarded = {
  { pattern = "^Hypervisor/", rooms = { hvf = true } },
  { pattern = "^linux/kvm%.h$", rooms = { kvm = true } },
  { pattern = "^asm/kvm", rooms = { kvm = true } },
  { pattern = "^lua[%w]*%.h", rooms = { bind = true, ["main.c"] = true } },
  { pattern = "^lauxlib%.h$", rooms = { bind = true, ["main.c"] = true } },
}

local function exists(path)
  local f = io.open(path)
  if f then f:close() end
  return f ~= nil
end

local function system_allowed(room, name)
  for _, g in ipairs(guarded) do
    if name:find(g.pattern) and not g.rooms[room] then return false end
  end
  return true
end

local function allowed(room, target)
  if target:match "^[^/]*" == room then return true end
  for _, a in ipairs(arrows[room]) do
    if a == target or a:find "/$" and target:sub(1, #a) == a then
      return true
    end
  end
  return false
end

-- What is wrong with `#include "name"` in a file of `folder`, or nil.
local function judge(room, folder, name, quoted)
  if not system_allowed(room, name) then return "is not for this room" end
  if not quoted then return nil end
  local own = folder .. "/" .. name
  local target = exists(own) and own:gsub("^src/", "")
    or exists("src/" .. name) and name
  if not target then
    return not name:find "^lua" and name ~= "lauxlib.h"
      and "is not in src/" or nil
  end
  return not allowed(room, target) and "is no arrow" or nil
end

local function includes(fn)
  for _, path in ipairs(files.paths "src") do
    if path:find "%.[ch]$" or path:find "%.def$" then
      local room = path:match "^src/([^/]*)"
      for _, line in ipairs(files.read(path).lines) do
        local mark, name = line:match '^%s*#%s*include%s*([<"])([^>"]+)'
        if mark then fn(path, room, name, mark == '"') end
      end
    end
  end
end

test("every room of src/ has its arrows", function(t)
  includes(function(path, room)
    t.ok(arrows[room], path .. ": a room without a rule")
  end)
end)

test("includes follow the arrows between the rooms", function(t)
  local problems, count = {}, 0
  includes(function(path, room, name, quoted)
    count = count + 1
    local problem = judge(room, path:match "^(.*)/", name, quoted)
    if problem then
      problems[#problems + 1] = ("%s: %s %s"):format(path, name, problem)
    end
  end)
  t.ok(count > 50, "found hardly any include: " .. count)
  files.none(t, problems)
end)

test("a forbidden include is seen as one", function(t)
  t.ok(judge("core", "src/core", "lua.h", false))
  t.ok(judge("soft", "src/soft", "linux/kvm.h", false))
  t.ok(judge("base", "src/base", "core/vm.h", true))
  t.ok(judge("bind", "src/bind", "core/vm.h", true))
  t.ok(not judge("core", "src/core", "backend.h", true))
  t.ok(not judge("bind", "src/bind", "lua.h", false))
end)
