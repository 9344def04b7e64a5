-- SPDX-License-Identifier: MIT
--
-- The list of features in src/a64/README.md against the core's table
-- (features.def), the instruction table and the files of tests it names.

local test = require "tap"
local guest = require "guest._guest"
local reader = require "tinyvmm.a64.reader"

-- { yes = {name = {since, field, tests}}, no = {name = true} }
local function listed(t)
  local list = { yes = {}, no = {} }
  for line in io.lines "src/a64/README.md" do
    local name, rest = line:match "^| (%w[%w_]*) | yes | (.*) |$"
    if name then
      t.ok(not list.yes[name], name .. " twice")
      list.yes[name] = { rest:match "^(.-) | (.-) | (.*)$" }
    end
    local names = line:match "^| (%w[%w_, ]*) | no | .* |$"
    for word in (names or ""):gmatch "[%w_]+" do
      t.ok(not list.no[word], word .. " twice")
      list.no[word] = true
    end
  end
  return list
end

-- "id_aa64isar0_el1[23:20] = 2" of a field that may span neighbours.
local function field_text(register, lowest, value)
  local parts = {}
  for shift = 0, 28, 4 do
    local digit = value >> shift & 15
    if digit ~= 0 then
      parts[#parts + 1] = ("%s[%d:%d] = %d"):format(register,
        lowest + shift + 3, lowest + shift, digit)
    end
  end
  return table.concat(parts, ", ")
end

test("the README lists each feature with the table's version and field",
     function(t)
  local list, count = listed(t), 0
  for line in io.lines "src/a64/features.def" do
    local name, from, register, lowest, value =
      line:match "^FEATURE%(([%w_]+), (%w+), ([%w_]+), (%d+), (%w+)%)$"
    local row = name and list.yes[name]
    if name and from == "NEVER" then
      t.ok(list.no[name] and not row, name)
    elseif name then
      count = count + 1
      t.ok(row, name .. " is missing")
      t.ok(not list.no[name], name)
      t.eq(row[1], from == "OPTIONAL" and "optional"
        or ("8.%d"):format(from - 80), name)
      t.eq(row[2], field_text(register, tonumber(lowest) // 1,
        math.tointeger(tonumber(value))), name)
    end
  end
  for _ in pairs(list.yes) do count = count - 1 end
  t.eq(count, 0, "features that only the README has")
end)

test("the tests that the README names exist", function(t)
  for name, row in pairs(listed(t).yes) do
    local n = 0
    for file in row[3]:gmatch "`([^`]+)`" do
      local f = io.open("tests/" .. file .. ".lua")
        or io.open("tests/" .. file .. ".c")
      t.ok(f, name .. ": " .. file)
      f:close()
      n = n + 1
    end
    t.ok(n > 0, name .. " has no tests")
  end
end)

test("each feature that a row of the table needs is in the list", function(t)
  local list = listed(t)
  for _, row in ipairs(reader.rows()) do
    for _, case in ipairs(row.feature or {}) do
      local name = case[2]
      t.ok(list.yes[name] or list.no[name], row.name .. " needs " .. name)
    end
  end
end)

test("max has all that say yes, armv8.0 none but what is optional in none",
     function(t)
  local models, list = guest.models(), listed(t)
  for name in pairs(list.yes) do t.ok(models.max.has[name], name) end
  for name in pairs(models.max.has) do t.ok(list.yes[name], name) end
  t.eq(next(models["armv8.0"].has), nil)
end)

-- A word of the row that the decoder gives to it.
local function word_of(t, isa, row)
  for _ = 1, 2000 do
    local w = t.random() & 0xffffffff & ~row.mask | row.value
    if isa.find(w) == row then return w end
  end
  t.fail(row.name .. ": no word found")
end

test("a row's words are undefined on a CPU without its feature, on no other",
     function(t)
  local isa, max = require "tinyvmm.a64.isa", guest.models().max
  local needs, count = {}, 0
  for _, row in ipairs(reader.rows()) do
    local case = row.feature and row.feature[1]
    if case and not case[1] then needs[row.name] = case[2] end
  end
  local with <close> = guest.machine("nop", { vm = { strict = false } })
  local without <close> = guest.machine("nop", { vm = { strict = false,
    cpu = "armv8.0" } })
  local function is_undefined(m, w)
    m.vm:write_u32(guest.ENTRY, w)
    m.cpu.pc, m.cpu.pstate, m.cpu.esr_el1 = guest.ENTRY, guest.EL1H, -1
    m.cpu:step()
    return m.cpu.esr_el1 == guest.esr(0)
  end
  for _, row in ipairs(isa.rows()) do
    local feature = needs[row.name]
    for _ = 1, feature and 4 or 0 do
      local w = word_of(t, isa, row)
      count = count + 1
      t.ok(is_undefined(without, w), row.name)
      t.eq(is_undefined(with, w), not max.has[feature], row.name)
    end
  end
  t.ok(count > 600, count)
end)
