-- SPDX-License-Identifier: MIT
--
-- Completion for a session: what may follow the text up to the cursor.
-- Globals and keywords; the fields of tables, the methods, properties and
-- registers of objects; after a leading dot mnemonics and commands, and
-- register names and symbols as operands.

local core = require "tinyvmm.core"
local show = require "tinyvmm.cli.show"

local M = {}

local KEYWORDS = [[and break do else elseif end false for function goto if in
  local nil not or repeat return then true until while]]

-- { name = true } of all registers but for the vector ones' views.
local function registers()
  local names = { sp = true, pc = true, pstate = true, lr = true, fp = true }
  for i = 0, 31 do
    for _, bank in ipairs { "x", "w", "q", "d", "s", "v" } do
      if i < 31 or bank ~= "x" and bank ~= "w" then names[bank .. i] = true end
    end
  end
  -- System registers of EL0 and EL1: op0 3, op1 0 and 3.
  for key = 0, 0x7ff do
    for _, op1 in ipairs { 0, 3 } do
      local name = core._sysreg(3 << 14 | op1 << 11 | key)
      if not name:find "^s3_" then names[name] = true end
    end
  end
  return names
end

local function add(names, from)
  for name in pairs(from) do
    if type(name) == "string" and name:find "^%a[%w_]*$" then
      names[name] = true
    end
  end
end

-- The fields of a value, as table keys; for `v:` only what can be called.
local function fields(value, separator)
  local names, meta = {}, debug.getmetatable(value)
  if type(value) == "table" then add(names, value) end
  if type(meta) ~= "table" then return names end
  if type(meta.__index) == "table" then add(names, meta.__index) end
  add(names, meta.methods or {})
  if separator == "." then
    add(names, meta.properties or {})
    if meta.__name == "tinyvmm.vcpu" then add(names, registers()) end
    if meta.__name == "tinyvmm.exit" then names.why = true end
  end
  return names
end

-- The value of "a.b.c", without calling anything but __index.
local function resolve(path)
  local value = _G
  for name in path:gmatch "[^.:]+" do
    local ok, next_value = pcall(function() return value[name] end)
    if not ok or next_value == nil then return nil end
    value = next_value
  end
  return value
end

local function globals()
  local names = {}
  add(names, _G)
  add(names, require "tinyvmm.cli.repl".names)
  for word in KEYWORDS:gmatch "%a+" do names[word] = true end
  return names
end

local function instructions()
  local names = {}
  add(names, require "tinyvmm.cli.commands".names)
  for _, name in ipairs(require "tinyvmm.a64.isa".mnemonics()) do
    names[name] = true
  end
  return names
end

local function operands()
  local names = registers()
  local machine = rawget(_G, "vm")
  local ok, images = pcall(core._images, machine)
  for _, record in ipairs(ok and images or {}) do
    add(names, record.image.symbols)
  end
  return names
end

-- The names that may stand at the end of the text, and its last word.
local function candidates(text)
  local word = text:match "^%s*%.([%w.]*)$"
  if word then return instructions(), word end
  word = text:match "^%s*%.[%w.]+%s.-([%w_.]*)$"
  if word then return operands(), word end
  local path, separator
  path, separator, word = text:match "([%a_][%w_.:]*)([.:])([%w_]*)$"
  if path then return fields(resolve(path), separator), word end
  return globals(), text:match "[%w_]*$"
end

local function common_prefix(list)
  local first, last = list[1], list[#list]
  local n = 0
  while n < #first and first:byte(n + 1) == last:byte(n + 1) do n = n + 1 end
  return first:sub(1, n)
end

-- The names in columns, as wide as the terminal.
local function columns(list)
  local width, lines = 0, {}
  for _, name in ipairs(list) do width = math.max(width, #name) end
  local across = math.max(1, show.columns // (width + 2))
  local rows = (#list + across - 1) // across
  for row = 1, rows do
    local parts = {}
    for at = row, #list, rows do
      parts[#parts + 1] = ("%-" .. width .. "s"):format(list[at])
    end
    lines[row] = table.concat(parts, "  "):gsub("%s+$", "")
  end
  return table.concat(lines, "\n") .. "\n"
end

-- complete(text) -> what to insert; or nil and a list to show; or nothing
function M.complete(text)
  local names, word = candidates(text)
  local list = {}
  for name in pairs(names) do
    if name:sub(1, #word) == word and (word ~= "" or name:find "^%a") then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  if #list == 0 then return nil end
  local rest = common_prefix(list):sub(#word + 1)
  if rest ~= "" then return rest end
  if #list > 1 then return nil, columns(list) end
end

return M
