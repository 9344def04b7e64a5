-- SPDX-License-Identifier: MIT
--
-- Values as a session shows them: integers in decimal and hex, strings
-- quoted, tables to one level, exits by their sentence, memory as a hex dump,
-- a vCPU as a table of registers with the next instruction.

local image = require "tinyvmm.image"

local M = { colour = false, columns = 80 }

local DUMP, ENTRIES, LONG, INSIDE = 256, 20, 1000, 60

local STYLES = { red = 31, green = 32, yellow = 33, bold = 1, dim = 2 }

-- The text in a style; plain where there are no colours.
function M.paint(style, text)
  if not M.colour then return text end
  return ("\27[%dm%s\27[0m"):format(STYLES[style], text)
end

-- Registers -----------------------------------------------------------------

local GENERAL, VECTORS = {}, {}
for i = 0, 30 do GENERAL[i + 1] = "x" .. i end
GENERAL[32] = "sp"
for i = 0, 31 do VECTORS[i + 1] = "q" .. i end

-- All that an instruction may change, by name.
function M.snapshot(cpu)
  local state = { pc = cpu.pc, pstate = cpu.pstate }
  for _, name in ipairs(GENERAL) do state[name] = cpu[name] end
  for _, name in ipairs(VECTORS) do state[name] = cpu[name] end
  return state
end

local function vector(bytes)
  local low, high = string.unpack("<i8i8", bytes)
  return ("0x%016x%016x"):format(high, low)
end

local function flags(pstate)
  local text = ""
  for bit = 31, 28, -1 do text = text .. (pstate >> bit & 1) end
  return text
end

-- "x0=0x5 nzcv=0110": what differs between two snapshots, but for pc.
function M.changes(before, after)
  local parts = {}
  for _, name in ipairs(GENERAL) do
    if before[name] ~= after[name] then
      parts[#parts + 1] = ("%s=%#x"):format(name, after[name])
    end
  end
  for _, name in ipairs(VECTORS) do
    if before[name] ~= after[name] then
      parts[#parts + 1] = name .. "=" .. vector(after[name])
    end
  end
  local old, new = before.pstate, after.pstate
  if old ~ new ~= 0 then
    parts[#parts + 1] = (old ~ new) & 0xfffffff == 0
      and "nzcv=" .. flags(new) or ("pstate=%#x"):format(new)
  end
  return table.concat(parts, " ")
end

-- "nZCv DAIF EL1h": capitals are set.
function M.pstate(value)
  local text = ""
  for _, bit in ipairs { { 31, "n" }, { 30, "z" }, { 29, "c" }, { 28, "v" },
      { 0, " " }, { 9, "d" }, { 8, "a" }, { 7, "i" }, { 6, "f" } } do
    text = text .. (value >> bit[1] & 1 == 1 and bit[2]:upper() or bit[2])
  end
  local el = value >> 2 & 3
  return ("%s EL%d%s"):format(text, el, el == 0 and "" or value & 1 == 1
    and "h" or "t")
end

-- "0x10004 (main+4): add x0, x0, #0x1": the instruction at an address.
function M.instruction(vm, pc)
  local ok, word = pcall(vm.read_u32, vm, pc)
  local text = "(no memory there)"
  if ok then
    text = require "tinyvmm.a64.dis".word(word, pc, function(address)
      local name, offset = vm:symbol(address)
      if not name then return ("%#x"):format(address) end
      return offset == 0 and name or ("%s+%d"):format(name, offset)
    end):gsub("\t", " ")
  end
  return image.show(vm, pc) .. ": " .. text
end

-- x0 to x30 and sp in columns, as many as fit; "*" marks what changed.
local function register_table(state, before)
  local width, lines = 1, {}
  for _, name in ipairs(GENERAL) do
    width = math.max(width, #("%#x"):format(state[name]))
  end
  local columns = (width + 6) * 4 <= math.min(M.columns, 80) and 4 or 3
  local rows = (#GENERAL + columns - 1) // columns
  for row = 1, rows do
    local line = ""
    for column = 0, columns - 1 do
      local name = GENERAL[column * rows + row]
      if name then
        local value = state[name]
        local changed = before and before[name] ~= value
        local text = ("%3s%s%-" .. width .. "s"):format(name,
          changed and "*" or " ", value == 0 and "0"
          or ("%#x"):format(value))
        line = line .. M.paint(changed and "yellow" or value == 0 and "dim"
          or "bold", text) .. (column < columns - 1 and "  " or "")
      end
    end
    lines[row] = line:gsub("%s+$", "")
  end
  return lines
end

-- The vCPU, with marks where it differs from the snapshot `before`.
function M.cpu(cpu, before)
  local state = M.snapshot(cpu)
  local lines = register_table(state, before)
  lines[#lines + 1] = (" pc %#x  pstate %#x (%s)%s"):format(state.pc,
    state.pstate, M.pstate(state.pstate), cpu.on and "" or "  off")
  lines[#lines + 1] = " => " .. M.instruction(cpu.vm, state.pc)
  return table.concat(lines, "\n"), state
end

-- Plain values --------------------------------------------------------------

function M.integer(n)
  if n > -10 and n < 10 then return ("%d"):format(n) end
  return ("%d (%#x)"):format(n, n)
end

local ESCAPES = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r",
  ["\""] = "\\\"", ["\\"] = "\\\\" }

-- Quoted; whole lines of text, such as a hex dump, as they are.
function M.string(s)
  if s:sub(-1) == "\n" and not s:find "[^\n\t -~]" then return s:sub(1, -2) end
  local short = s:sub(1, LONG)
  local class = utf8.len(short) and "[%c\"\\]" or "[%c\"\\\128-\255]"
  local text = '"' .. short:gsub(class, function(c)
    return ESCAPES[c] or ("\\x%02x"):format(c:byte())
  end) .. '"'
  return #s > LONG and ("%s... (%d bytes)"):format(text, #s) or text
end

local table_entries

local function small_table(t)
  local text = "{ " .. table.concat(table_entries(t, true), ", ") .. " }"
  return #text <= INSIDE and text or "{...}"
end

-- A value that is no object; `inside` a table that is inside another.
local function plain(v, inside)
  if math.type(v) == "integer" then return M.integer(v) end
  if type(v) == "string" then return M.string(v) end
  if type(v) ~= "table" then return tostring(v) end
  if next(v) == nil then return "{}" end
  return inside and "{...}" or small_table(v)
end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b)
    local x, y = type(a), type(b)
    if x ~= y then return x < y end
    if x == "number" or x == "string" then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

-- The texts of up to ENTRIES fields; `inside` another table none of theirs.
function table_entries(t, inside)
  local entries, keys, length = {}, sorted_keys(t), #t
  for i, k in ipairs(keys) do
    if i > ENTRIES then
      entries[i] = ("... %d more"):format(#keys - ENTRIES)
      break
    end
    local place = math.type(k) == "integer" and k >= 1 and k <= length
    local name = type(k) == "string" and k:find "^[%a_][%w_]*$" and k
      or "[" .. plain(k, true) .. "]"
    entries[i] = (place and "" or name .. " = ") .. plain(t[k], inside)
  end
  return entries
end

function M.table(t)
  local meta = getmetatable(t)
  if type(meta) == "table" and meta.__tostring then return tostring(t) end
  local entries = table_entries(t)
  local line = #entries == 0 and "{}"
    or "{ " .. table.concat(entries, ", ") .. " }"
  if #line <= M.columns and not line:find "\n" then return line end
  return "{\n  " .. table.concat(entries, ",\n  ") .. "\n}"
end

-- Objects -------------------------------------------------------------------

local objects = {}

objects["tinyvmm.vcpu"] = function(cpu, before) return M.cpu(cpu, before) end

local function memory_line(memory)
  return ("%-4s 0x%x-0x%x %s"):format(memory.kind, memory.base,
    memory.base + memory.size - 1, memory.prot or "")
end

-- A hex dump in which "*" stands for lines that repeat the one before.
local function dump(text)
  local lines, last, starred = {}, nil, false
  for line in text:gmatch "[^\n]+" do
    local bytes = line:sub(10)
    if bytes ~= last then
      lines[#lines + 1] = line
      starred = false
    elseif not starred then
      lines[#lines + 1] = "*"
      starred = true
    end
    last = bytes
  end
  return table.concat(lines, "\n")
end

objects["tinyvmm.memory"] = function(memory)
  local head = memory_line(memory)
  if memory.kind == "mmio" then return head end
  local shown = math.min(DUMP, memory.size)
  local tail = memory.size > shown
    and ("\n... %d bytes more"):format(memory.size - shown) or ""
  return head .. "\n" .. dump(memory:hexdump(0, shown)) .. tail
end

objects["tinyvmm.vm"] = function(vm)
  local lines = { ("vm on %s, %d vCPU%s, time %d ns"):format(vm.backend,
    #vm.vcpus, #vm.vcpus == 1 and "" or "s", vm.time) }
  for _, memory in ipairs(vm.memory) do
    lines[#lines + 1] = "  " .. memory_line(memory)
  end
  return table.concat(lines, "\n")
end

local function image_text(img)
  local names = sorted_keys(img.symbols)
  return ("image of %d bytes, entry %s%#x, %d symbol%s%s"):format(img.size,
    img.format == "elf" and "" or "+", img.entry, #names,
    #names == 1 and "" or "s", #names > 0 and ": "
    .. table.concat(names, " ", 1, math.min(#names, ENTRIES)) or "")
end

local function is_image(v)
  return type(v) == "table" and type(rawget(v, "symbols")) == "table"
    and rawget(v, "size") and rawget(v, "entry") and true
end

-- The text of any value. For a vCPU: `before` as for M.cpu, and the snapshot
-- as second result.
function M.value(v, before)
  local meta = debug.getmetatable(v)
  local object = type(v) == "userdata" and meta and objects[meta.__name]
  if object then
    local ok, text, state = pcall(object, v, before)
    if ok then return text, state end
    return tostring(v)
  end
  if is_image(v) then return image_text(v) end
  return type(v) == "table" and M.table(v) or plain(v)
end

return M
