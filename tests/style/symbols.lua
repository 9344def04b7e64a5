-- SPDX-License-Identifier: MIT
--
-- What the built libraries hold: no mutable data, and no exported name that
-- is not ours. Read from the ELF symbol tables; skipped on other systems and
-- for instrumented builds, whose sanitizers add data of their own.
local test = require "tap"
local files = require "style._files"

local build = os.getenv "TV_BUILD" or "build/rel"

local function needs_elf(t, path)
  t.needs("objdump", "nm")
  if build:find "asan$" then t.skip "an instrumented build" end
  local f = io.open(path, "rb")
  if not f then t.skip(path .. " is not built") end
  local magic = f:read(4)
  f:close()
  if magic ~= "\x7fELF" and magic ~= "!<ar" then t.skip "not an ELF system" end
end

local function lines(command)
  local pipe <close> = assert(io.popen(command))
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  return list
end

-- Constant data with addresses in it (.data.rel.ro) is read-only at run time.
local function is_mutable(section)
  if section:find "^%.data%.rel%.ro" then return false end
  return section:find "^%.data" or section:find "^%.bss"
    or section:find "^%.tdata" or section:find "^%.tbss"
    or section == "*COM*"
end

-- The allocator's counters exist in test builds only (-DTV_TEST).
local function is_counter(member, section)
  return build:find "dbg$" and member == "alloc.o" and section == ".tbss"
end

test("the library has no mutable data: two VMs share nothing", function(t)
  local path, problems, member, count = build .. "/libtinyvmm.a", {}, "", 0
  needs_elf(t, path)
  for _, line in ipairs(lines("objdump -t " .. path)) do
    member = line:match "^(%S+):%s+file format" or member
    local section, size, name =
      line:match "^%x+ .......%s(%S+)%s+(%x+)%s+(.*)$"
    if section then
      count = count + 1
      if is_mutable(section) and tonumber(size, 16) > 0
        and not is_counter(member, section) then
        problems[#problems + 1] = ("%s: %s in %s"):format(
          member, name, section)
      end
    end
  end
  t.ok(count > 100, "objdump listed hardly any symbol: " .. count)
  files.none(t, problems)
end)

local exported = {
  ["/libtinyvmm.so"] = "^tv_",
  ["/lib/tinyvmm/core.so"] = "^luaopen_",
}

for name, ours in pairs(exported) do
  test(name:match "[^/]*$" .. " exports only its own names", function(t)
    local path, count = build .. name, 0
    needs_elf(t, path)
    for _, line in ipairs(lines("nm -D --defined-only " .. path)) do
      local symbol = line:match "(%S+)$"
      count = count + 1
      t.ok(symbol:find(ours) or symbol:find "^tv_",
        path .. " exports " .. symbol)
    end
    t.ok(count > 0, "nm listed no symbol")
  end)
end

test("the library never calls exit or abort", function(t)
  local path = build .. "/libtinyvmm.a"
  needs_elf(t, path)
  local problems = {}
  for _, line in ipairs(lines("nm -A -u " .. path)) do
    local name = line:match "U (%S+)$"
    if name == "exit" or name == "abort" or name == "_exit" then
      problems[#problems + 1] = line
    end
  end
  files.none(t, problems)
end)
