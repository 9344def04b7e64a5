-- SPDX-License-Identifier: MIT
--
-- Names for a guest whose file has none: from an ELF file of the same
-- program, or a list as nm prints it, "ADDRESS TYPE NAME" a line. What is
-- read stands beside the loaded images, as one that covers all addresses.

local core = require "tinyvmm.core"
local image = require "tinyvmm.image"

local M = {}

local List = {}
List.__index = List

function List:symbol_at(address)
  local low, high = 1, #self.sorted
  while low <= high do
    local middle = (low + high) // 2
    if self.sorted[middle].address > address then high = middle - 1
    else low = middle + 1 end
  end
  local found = self.sorted[high]
  if found then return found.name, address - found.address end
end

local function parse(text)
  local symbols, sorted, number = {}, {}, 0
  for line in text:gmatch "[^\r\n]+" do
    number = number + 1
    local hex, name = line:match "^%s*0?x?(%x+)%s+%a?%s*([^%s]+)%s*$"
    if not hex and line:find "%S" and not line:find "^%s+%a%s" then
      return nil, ("line %d is not 'ADDRESS TYPE NAME'"):format(number)
    elseif hex and not name:find "^%$" then
      local address = math.tointeger(tonumber(hex, 16))
      symbols[name] = address
      sorted[#sorted + 1] = { name = name, address = address }
    end
  end
  if not sorted[1] then return nil, "there are no symbols in it" end
  table.sort(sorted, function(a, b)
    if a.address ~= b.address then return a.address < b.address end
    return a.name < b.name
  end)
  return setmetatable({ segments = {}, symbols = symbols, sorted = sorted },
    List)
end

-- An image of names only, or nil, message.
function M.read(path)
  local bytes, why = image.read_file(path)
  if not bytes then return nil, why end
  local elf, list, problem = require "tinyvmm.elf", nil, nil
  if elf.is_elf(bytes) then
    list, problem = elf.parse(bytes)
  else
    list, problem = parse(bytes)
  end
  if not list then return nil, path .. ": " .. problem end
  return list
end

-- Adds the names to a VM.
function M.add(vm, list)
  local images = core._images(vm)
  images[#images + 1] = { image = list, addr = list.low or 0,
    size = list.size or math.maxinteger }
end

return M
