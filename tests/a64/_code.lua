-- SPDX-License-Identifier: MIT
-- Real code: the words of the executable sections of AArch64 files, ELF or
-- the kernel's Image (a PE file too), below a directory.
local code = {}

local unpack = string.unpack

-- Calls visit(offset, size) for every executable section of an ELF file.
local function elf_sections(bytes, visit)
  local at = unpack("<I8", bytes, 0x29)
  local size, count = unpack("<I2I2", bytes, 0x3b)
  for i = 0, count - 1 do
    local kind, flags, _, offset, length =
      unpack("<I4I8I8I8I8", bytes, at + i * size + 5)
    if kind == 1 and flags & 4 ~= 0 then visit(offset, length) end
  end
end

-- The same for a PE file: a flag of a section says that it holds code.
local function pe_sections(bytes, visit)
  local at = unpack("<I4", bytes, 0x3d)
  local count = unpack("<I2", bytes, at + 7)
  local optional = unpack("<I2", bytes, at + 21)
  for i = 0, count - 1 do
    local section = at + 24 + optional + 40 * i
    local length, offset = unpack("<I4I4", bytes, section + 17)
    if unpack("<I4", bytes, section + 37) & 0x20 ~= 0 then
      visit(offset, length)
    end
  end
end

local function add_words(set, bytes, offset, size)
  local format = "<" .. ("I4"):rep(128)
  local last = offset + size // 4 * 4
  for at = offset, last - 512, 512 do
    local block = { unpack(format, bytes, at + 1) }
    for i = 1, 128 do set[block[i]] = true end
  end
  for at = last - size % 512 // 4 * 4, last - 4, 4 do
    set[unpack("<I4", bytes, at + 1)] = true
  end
end

-- Sorted array of the distinct words below `dir`, and the number of all.
function code.words(dir)
  local set, total, list = {}, 0, {}
  local pipe <close> = assert(io.popen("find " .. dir .. " -type f"))
  for path in pipe:lines() do
    local f <close> = assert(io.open(path, "rb"))
    local magic = f:read(64) or ""
    local sections = magic:find "^\x7fELF\2" and #magic == 64
      and unpack("<I2", magic, 19) == 183 and elf_sections
      or magic:find "^MZ" and magic:sub(57, 60) == "ARM\x64" and pe_sections
    if sections then
      local bytes = magic .. f:read "a"
      sections(bytes, function(offset, size)
        total = total + size // 4
        add_words(set, bytes, offset, size)
      end)
    end
  end
  for w in pairs(set) do list[#list + 1] = w end
  table.sort(list)
  return list, total
end

return code
