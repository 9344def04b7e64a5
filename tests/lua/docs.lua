-- SPDX-License-Identifier: MIT
--
-- lua/README.md and lua/library/tinyvmm.lua against the metatables and the C
-- sources: everything there is is documented, and nothing that is not.
local test = require "tap"
local tv = require "tinyvmm"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local readme = read "lua/README.md"
local types = read "lua/library/tinyvmm.lua"

-- { method or property name = "method" | "property" }
local function members(object)
  local meta = debug.getmetatable(object)
  local all = {}
  for name in pairs(meta.methods) do all[name] = "method" end
  for name in pairs(meta.properties) do all[name] = "property" end
  return all
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local objects = {}
do
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu())
  objects.vm, objects.cpu, objects.ram = members(vm), members(cpu),
    members(vm.ram)
end

local classes = { vm = "vm", cpu = "vcpu", ram = "memory" }

local function mentions(text, name, separator, member)
  return text:find("%f[%w]" .. name .. "%" .. separator .. member .. "%f[%W]")
end

test("lua/README.md has every method and property", function(t)
  for name, list in pairs(objects) do
    for member, kind in pairs(list) do
      -- Widths are listed after their first: `vm:read_u8(a)`, and so on.
      local short = member:match "^%a+_%a%d+$" or member:match "^%a%d+$"
      t.ok(mentions(readme, name, kind == "method" and ":" or ".", member)
        or short and readme:find("`" .. member .. "`", 1, true),
        name .. " " .. kind .. " " .. member)
    end
  end
  for name, value in pairs(tv) do
    if not name:find "^_" then
      t.ok(mentions(readme, "tv", ".", name), "tv." .. name)
      t.ok(types:find((type(value) == "function" and "function tinyvmm." or
        "@field ") .. name, 1, true), "types: tv." .. name)
    end
  end
end)

test("lua/README.md has no method that there is not", function(t)
  for name, list in pairs(objects) do
    for member in readme:gmatch("%f[%w]" .. name .. ":([%a_][%w_]*)") do
      t.eq(list[member], "method", name .. ":" .. member)
    end
  end
  for member in readme:gmatch "%f[%w]vm%.([%a_]+)" do
    t.ok(objects.vm[member], "vm." .. member)
  end
  for member in readme:gmatch "%f[%w]tv%.([%a_][%w_]*)" do
    t.ok(rawget(tv, member), "tv." .. member)
  end
end)

test("the types have every method and property, and no other", function(t)
  for name, list in pairs(objects) do
    local class = classes[name]
    local body = types:match("(%-%-%-@class tinyvmm%." .. class
      .. "\n.-)\nlocal " .. class)
    for member, kind in pairs(list) do
      if kind == "method" then
        t.ok(types:find(("function %s:%s("):format(class, member), 1, true),
          class .. ":" .. member)
      else
        t.ok(body:find("@field " .. member .. " ", 1, true),
          class .. "." .. member)
      end
    end
    for member in types:gmatch("function " .. class .. ":([%w_]+)") do
      t.eq(list[member], "method", class .. ":" .. member)
    end
  end
  assert(load(types))
end)

-- The strings of a static table `NAME[] = { ... }` in a C file.
local function c_strings(path, name)
  local list = {}
  local body = assert(read(path):match(name .. "%[%] = {(.-)}"), name)
  for word in body:gmatch '"([%w_-]+)"' do list[word] = true end
  return list
end

-- `word` in the first column of a table row, possibly one of several there.
local function table_words(heading)
  local at = assert(readme:find("\n| " .. heading .. "\n", 1, true), heading)
  local section = readme:sub(at, readme:find("\n\n", at, true))
  local list = {}
  for row in section:gmatch "\n| (`.-) |" do
    for word in row:gmatch "`([%w_-]+)`" do list[word] = true end
  end
  return list
end

test("every exit kind and fault reason is documented", function(t)
  local kinds = c_strings("src/core/exit.c", "exit_name")
  local reasons = c_strings("src/core/exit.c", "fault_name")
  t.eq(sorted(table_words "kind | |"), sorted(kinds))
  t.eq(sorted(table_words "reason of a fault | |"), sorted(reasons))
  for reason in pairs(c_strings("src/core/exit.c", "shutdown_name")) do
    t.ok(readme:find("`" .. reason .. "`", 1, true), reason)
  end
  local alias = types:match "@alias tinyvmm%.kind\n(.-)\n\n"
  for kind in pairs(kinds) do
    t.ok(alias:find('"' .. kind .. '"', 1, true), "types: " .. kind)
  end
end)

test("every reason of a fault has its sentence", function(t)
  local exit = require "tinyvmm.exit"
  for reason in pairs(c_strings("src/core/exit.c", "fault_name")) do
    t.ok(exit.knows("fault", reason), reason)
  end
  for kind in pairs(c_strings("src/core/exit.c", "exit_name")) do
    t.ok(kind == "fault" or exit.knows(kind), kind)
  end
end)

test("every field of an exit is documented", function(t)
  local documented = table_words "field | of | |"
  local source = read "src/bind/bind_exit.c"
  local fields = { why = true }
  for name in source:gmatch 'set_%a+%(L, "([%w_]+)"' do fields[name] = true end
  for name in source:gmatch 'lua_setfield%(L, %-2, "([%l]+)"' do
    fields[name] = true
  end
  t.eq(sorted(documented), sorted(fields))
  local class = types:match "@class tinyvmm%.exit\n(.-)\n\n"
  for name in pairs(fields) do
    t.ok(class:find("@field " .. name .. " ", 1, true), "types: " .. name)
  end
end)

test("every error code is documented", function(t)
  local codes = {}
  for code in read "src/base/err.def":gmatch
      '\nERR%(E_[%u_]+,%s*%-%d+, "([%w-]+)"' do
    codes[code] = true
  end
  t.eq(sorted(table_words "code | |"), sorted(codes))
  local alias = types:match "@alias tinyvmm%.code\n(.-)\n\n"
  for code in pairs(codes) do
    t.ok(alias:find('"' .. code .. '"', 1, true), "types: " .. code)
  end
end)

-- The names of `static const char *const names[] = {...}` after a function's
-- name in a C file.
local function options(path, name)
  local list = {}
  local source = read(path)
  local at = assert(source:find(name .. "(", 1, true), name)
  local body = source:match("names%[%] = {(.-)}", at)
  for word in body:gmatch '"([%w_]+)"' do list[word] = true end
  return list
end

test("every option is documented", function(t)
  t.eq(sorted(table_words "option | default | |"),
    sorted(options("src/bind/bind_vm.c", "read_config")))
  local function all_in(list, text, what)
    for name in pairs(list) do t.ok(text:find(name, 1, true), what .. name) end
  end
  local map = options("src/bind/bind_memory.c", "map_options map_options")
  all_in(map, readme:match "vm:map{.-\n", "vm:map ")
  all_in(options("src/bind/bind_run.c", "bind_limits read_limits"),
    readme:match "| `vm:run%(.-\n", "vm:run ")
  for _, class in ipairs { "options", "map_options", "limits" } do
    t.ok(types:find("@class tinyvmm." .. class, 1, true))
  end
  for name in pairs(map) do
    t.ok(types:find("@field " .. name .. "%?? "), "types: " .. name)
  end
end)

test("every option of the program is documented", function(t)
  local cli = require "tinyvmm.cli"
  local verbs = { [""] = cli }
  for verb in pairs(cli.VERBS) do
    verbs[verb] = require("tinyvmm.cli." .. verb)
    t.ok(cli.HELP:find("\n  " .. verb .. " "), "--help: " .. verb)
  end
  local texts = { ["lua/README.md"] = readme, ["src/tinyvmm.1"] =
    read "src/tinyvmm.1":gsub("\\%-", "-"), ["src/tinyvmm.bash"] =
    read "src/tinyvmm.bash", ["src/_tinyvmm"] = read "src/_tinyvmm" }
  for verb, module in pairs(verbs) do
    for path, text in pairs(texts) do
      t.ok(verb == "" or text:find("%f[%w]" .. verb .. "%f[%W]"),
        path .. ": " .. verb)
    end
    for option in pairs(module.OPTIONS) do
      t.ok(option == "-h" or module.HELP:find("[ ,]" .. option:gsub("%-",
        "%%-") .. "%f[^%w-]"), verb .. " --help: " .. option)
      for path, text in pairs(texts) do
        local bare = path:find "%.1$" and option:gsub("^%-", "") or option
        t.ok(option == "-h" or text:find(bare, 1, true),
          path .. ": " .. verb .. " " .. option)
      end
    end
  end
end)
