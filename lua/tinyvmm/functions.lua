-- SPDX-License-Identifier: MIT
--
-- The functions of what is loaded in a VM: which of its symbols are no mere
-- labels inside one. Images do not say, so the code is asked: what is called
-- (bl), named (adr) or entered is a function, and of the others everything
-- but the targets of branches within a function.

local core = require "tinyvmm.core"

local M = {}

local CHUNK = 1 << 16

-- A list of names only (--symbols): where the bytes are is not its affair.
local function only_names(image)
  return image.segments and #image.segments == 0
end

-- Calls fn(address, size) for the code of an image loaded at addr.
local function each_code(image, addr, size, fn)
  if image.segments then
    for _, s in ipairs(image.segments) do
      if s.flags & 1 ~= 0 then fn(s.addr, #s.bytes) end
    end
  elseif image.sections then
    for _, s in ipairs(image.sections) do
      if s.name:find "^%.text" then fn(addr + s.offset, s.size) end
    end
  else
    fn(addr, size)
  end
end

-- The signed field of n bits from bit `from` on, times 4.
local function offset(word, from, n)
  local field = word >> from & (1 << n) - 1
  return ((field ~ 1 << n - 1) - (1 << n - 1)) * 4
end

-- Notes what a word at pc refers to (Arm ARM C4.1): called[target], and
-- target of a branch by its source, or `true` for a conditional one.
local function scan_word(word, pc, called, branch)
  local top = word >> 24
  if top & 0xfc == 0x94 then
    called[pc + offset(word, 0, 26)] = true
  elseif top & 0xfc == 0x14 then
    local target = pc + offset(word, 0, 26)
    branch[target] = branch[target] or pc
  elseif top == 0x54 or top & 0x7e == 0x34 then
    branch[pc + offset(word, 5, 19)] = true
  elseif top & 0x7e == 0x36 then
    branch[pc + offset(word, 5, 14)] = true
  elseif top & 0x9f == 0x10 then
    called[pc + offset(word, 5, 19) + (word >> 29 & 3)] = true
  end
end

local function scan(vm, at, size, called, branch)
  for from = at, at + size - 4, CHUNK do
    local ok, bytes = pcall(vm.read, vm, from,
      math.min(CHUNK, at + size - from))
    if not ok then return end
    for i = 1, #bytes - 3, 4 do
      scan_word(string.unpack("<I4", bytes, i), from + i - 1, called, branch)
    end
  end
end

-- The index of the last element <= value, or 0.
local function last(list, value)
  local low, high = 0, #list
  while low < high do
    local middle = low + high + 1 >> 1
    if list[middle] <= value then low = middle else high = middle - 1 end
  end
  return low
end

-- Calls fn(name, address) for the symbols of what was loaded as that.
local function each_symbol(record, fn)
  local image, addr = record.image, record.addr
  for name, value in pairs(image.symbols) do
    if image.moves then   -- where this copy of it stands
      value = image.moves[name] and addr + image.values[name]
    end
    if value and value >= addr and value - addr < record.size then
      fn(name, value)
    end
  end
end

-- Whether a newer image than the i'th stands at the address.
local function hidden(images, i, at)
  for k = i + 1, #images do
    local r = images[k]
    if at >= r.addr and at - r.addr < r.size and not only_names(r.image) then
      return true
    end
  end
  return false
end

-- { address = name } of all that is loaded; of two names for one place, as
-- vm:symbol, the newest image's last.
local function all_symbols(images)
  local names, owner = {}, {}
  for i, record in ipairs(images) do
    each_symbol(record, function(name, at)
      if not hidden(images, i, at) and
         not (owner[at] == i and names[at] > name) then
        names[at], owner[at] = name, i
      end
    end)
  end
  return names
end

-- Takes the labels out of `names`. The first one stays: it would leave what
-- follows it without a name.
local function drop_labels(vm, images, names)
  local called, branch, sure = {}, {}, {}
  for _, r in ipairs(images) do
    local entry = r.image.entry
    if entry then called[r.image.segments and entry or r.addr + entry] = true
    end
    each_code(r.image, r.addr, r.size, function(at, size)
      scan(vm, at, size, called, branch)
    end)
  end
  local all = {}
  for at in pairs(names) do
    all[#all + 1] = at
    if called[at] then sure[#sure + 1] = at end
  end
  table.sort(all)
  table.sort(sure)
  for i, at in ipairs(all) do
    local from = not called[at] and branch[at]
    local label = from == true or from and last(sure, from) == last(sure, at)
    if label and i > 1 then names[at] = nil end
  end
end

local Functions = {}
Functions.__index = Functions

-- at(address) -> name or nil, and where the function begins.
function Functions:at(address)
  local i = self.cache[address]
  if not i then
    i = last(self.starts, address)
    self.cache[address] = i
  end
  return self.names[i] or nil, self.starts[i] or 0
end

-- The name, or the address as one.
function Functions:name(address)
  return self:at(address) or ("%#x"):format(address)
end

-- As functions.h has them.
function Functions:pack()
  local packed = {}
  for i, at in ipairs(self.starts) do
    packed[i] = string.pack("<i8", at << 1 | (self.names[i] and 1 or 0))
  end
  return table.concat(packed)
end

-- of(vm) -> { starts = ascending addresses, names = name or false }
function M.of(vm)
  local self = setmetatable({ starts = {}, names = {}, cache = {} },
    Functions)
  local images = core._images(vm)
  local found = all_symbols(images)
  drop_labels(vm, images, found)
  for i, r in ipairs(images) do
    local bounds = only_names(r.image) and {} or { r.addr, r.addr + r.size }
    for k, at in ipairs(bounds) do
      if found[at] == nil and not hidden(images, k == 1 and i or 0, at) then
        found[at] = false
      end
    end
  end
  for at in pairs(found) do self.starts[#self.starts + 1] = at end
  table.sort(self.starts)
  for i, at in ipairs(self.starts) do self.names[i] = found[at] end
  return self
end

return M
