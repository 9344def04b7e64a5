-- SPDX-License-Identifier: MIT
--
-- Reads AArch64 ELF executables. The file is not trusted: every offset, size
-- and address is checked before use, unsigned, and what is wrong is returned
-- as a sentence that names the place; nothing here raises.

local M = {}

local Image = {}
Image.__index = Image

local EHDR, PHDR, SHDR, SYM = 64, 56, 64, 24
local ET_EXEC, ET_DYN, EM_AARCH64 = 2, 3, 183
local PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
local SHT_SYMTAB, STT_SECTION, STT_FILE = 2, 3, 4
local LARGEST = 1 << 32            -- bytes of all segments
local HIGHEST = 1 << 48            -- end of the physical address space
local LONGEST = 1024               -- bytes of a symbol's name that we keep

-- Inside these functions a refusal is a raised table, caught in M.parse.
local function refuse(...)
  error({ text = string.format(...) }, 0)
end

local function inside(offset, size, total)
  return not math.ult(total, offset) and not math.ult(total - offset, size)
end

local function header(bytes)
  if #bytes < EHDR then
    refuse("ELF header: the file has %d bytes, a header has %d", #bytes, EHDR)
  end
  local class, data, version = bytes:byte(5, 7)
  if class ~= 2 then
    refuse("ELF header: class %d is not 64-bit (2)", class)
  elseif data ~= 1 then
    refuse("ELF header: data encoding %d is not little-endian (1)", data)
  elseif version ~= 1 then
    refuse("ELF header: version %d is not 1", version)
  end
  local h = {}
  h.type, h.machine, h.version, h.entry, h.phoff, h.shoff, h.flags, h.ehsize,
    h.phentsize, h.phnum, h.shentsize, h.shnum, h.shstrndx =
    string.unpack("<I2I2I4i8i8i8I4I2I2I2I2I2I2", bytes, 17)
  return h
end

local function check_header(h)
  if h.machine ~= EM_AARCH64 then
    refuse("ELF header: machine %d is not AArch64 (%d)", h.machine,
      EM_AARCH64)
  elseif h.type == ET_DYN then
    refuse("ELF header: the file is position-independent (ET_DYN); link it "
      .. "with -static -no-pie")
  elseif h.type ~= ET_EXEC then
    refuse("ELF header: type %d is not an executable (2); link the object "
      .. "file first", h.type)
  elseif h.phnum == 0 then
    refuse("ELF header: there are no program headers")
  elseif h.phentsize ~= PHDR then
    refuse("ELF header: program headers have %d bytes each, not %d",
      h.phentsize, PHDR)
  end
end

local function check_segment(s, bytes)
  local name = ("ELF segment %d"):format(s.index)
  if not inside(s.offset, s.filesz, #bytes) then
    refuse("%s: its %#x bytes at offset %#x end beyond the file's %#x", name,
      s.filesz, s.offset, #bytes)
  elseif math.ult(s.memsz, s.filesz) then
    refuse("%s: %#x bytes in the file are more than %#x in memory", name,
      s.filesz, s.memsz)
  elseif math.ult(LARGEST, s.memsz) then
    refuse("%s: %#x bytes of memory are more than %#x", name, s.memsz,
      LARGEST)
  elseif not inside(s.addr, s.memsz, HIGHEST) then
    refuse("%s: address %#x is beyond the 48 bits of physical addresses",
      name, s.addr)
  end
end

local function segment(bytes, h, index)
  local at = h.phoff + index * PHDR + 1
  local s = { index = index }
  local kind, align
  kind, s.flags, s.offset, s.vaddr, s.addr, s.filesz, s.memsz, align =
    string.unpack("<I4I4i8i8i8i8i8i8", bytes, at)
  if kind == PT_INTERP or kind == PT_DYNAMIC then
    refuse("ELF segment %d: the file is dynamically linked; link it with "
      .. "-static", index)
  elseif kind ~= PT_LOAD or s.memsz == 0 then
    return nil
  end
  check_segment(s, bytes)
  s.bytes = bytes:sub(s.offset + 1, s.offset + s.filesz)
  s.size = s.memsz
  return s
end

local function segments(bytes, h)
  local list = {}
  if not inside(h.phoff, h.phnum * PHDR, #bytes) then
    refuse("ELF header: %d program headers at offset %#x end beyond the "
      .. "file's %#x bytes", h.phnum, h.phoff, #bytes)
  end
  for index = 0, h.phnum - 1 do
    list[#list + 1] = segment(bytes, h, index)
  end
  if #list == 0 then refuse("ELF file: no segment is to be loaded") end
  local total = 0
  for _, s in ipairs(list) do total = total + s.size end
  if total > LARGEST then
    refuse("ELF file: %#x bytes of memory in all segments are more than %#x",
      total, LARGEST)
  end
  table.sort(list, function(a, b) return a.addr < b.addr end)
  for i = 2, #list do
    local a, b = list[i - 1], list[i]
    if a.addr + a.size > b.addr then
      refuse("ELF segments %d and %d overlap at %#x", a.index, b.index,
        b.addr)
    end
  end
  return list
end

-- Addresses in the file are virtual; with the MMU off the guest runs at the
-- physical address of the segment.
local function physical(list, vaddr)
  for _, s in ipairs(list) do
    if math.ult(vaddr - s.vaddr, s.size) then
      return s.addr + (vaddr - s.vaddr)
    end
  end
end

local function section(bytes, h, index)
  local at = h.shoff + index * SHDR + 1
  local s = { index = index }
  local name, addr, info, align, flags
  name, s.type, flags, addr, s.offset, s.size, s.link, info, align,
    s.entsize = string.unpack("<I4I4i8i8i8i8I4I4i8i8", bytes, at)
  return s
end

local function check_table(bytes, s, what)
  if not inside(s.offset, s.size, #bytes) then
    refuse("ELF section %d: the %s of %#x bytes at offset %#x ends beyond "
      .. "the file's %#x", s.index, what, s.size, s.offset, #bytes)
  end
end

local function read_symbols(bytes, list, symtab, strtab, symbols)
  local last = strtab.offset + strtab.size
  for at = symtab.offset, symtab.offset + symtab.size - SYM, SYM do
    local name, info, _, shndx, value =
      string.unpack("<I4BBI2i8", bytes, at + 1)
    local kind = info & 15
    if shndx ~= 0 and name < strtab.size and kind ~= STT_SECTION
       and kind ~= STT_FILE then
      local from = strtab.offset + name + 1
      local text = bytes:sub(from, math.min(from + LONGEST - 1, last))
        :match "^[^\0]*"
      if text ~= "" and not text:find "^%$" then
        symbols[text] = physical(list, value) or value
      end
    end
  end
end

-- Of the one symbol table that a file may have.
local function symbols(bytes, h, list)
  local found = {}
  if h.shoff == 0 or h.shnum == 0 then return found end
  if h.shentsize ~= SHDR then
    refuse("ELF header: section headers have %d bytes each, not %d",
      h.shentsize, SHDR)
  elseif not inside(h.shoff, h.shnum * SHDR, #bytes) then
    refuse("ELF header: %d section headers at offset %#x end beyond the "
      .. "file's %#x bytes", h.shnum, h.shoff, #bytes)
  end
  for index = 0, h.shnum - 1 do
    local s = section(bytes, h, index)
    if s.type == SHT_SYMTAB then
      if s.link >= h.shnum then
        refuse("ELF section %d: its string table %d does not exist", index,
          s.link)
      end
      local names = section(bytes, h, s.link)
      check_table(bytes, s, "symbol table")
      check_table(bytes, names, "string table")
      read_symbols(bytes, list, s, names, found)
      break
    end
  end
  return found
end

local function parse(bytes)
  local h = header(bytes)
  check_header(h)
  local list = segments(bytes, h)
  local entry = physical(list, h.entry)
  if not entry then
    refuse("ELF header: the entry %#x is in no segment", h.entry)
  end
  local low, high = list[1].addr, list[#list].addr + list[#list].size
  return setmetatable({ format = "elf", segments = list, entry = entry,
    low = low, high = high, size = high - low,
    symbols = symbols(bytes, h, list) }, Image)
end

-- The last symbol at or before addr within the image, and the distance.
function Image:symbol_at(addr)
  if addr < self.low or addr >= self.high then return nil end
  if not self.sorted then
    self.sorted = {}
    for name, value in pairs(self.symbols) do
      if value >= self.low and value <= self.high then
        self.sorted[#self.sorted + 1] = name
      end
    end
    table.sort(self.sorted, function(a, b)
      local x, y = self.symbols[a], self.symbols[b]
      if x ~= y then return x < y end
      return a < b
    end)
  end
  local best
  for _, name in ipairs(self.sorted) do
    if self.symbols[name] > addr then break end
    best = name
  end
  if best then return best, addr - self.symbols[best] end
end

function M.is_elf(bytes) return bytes:sub(1, 4) == "\127ELF" end

-- parse(bytes) -> image, or nil, message, "format"
function M.parse(bytes)
  local ok, result = pcall(parse, bytes)
  if ok then return result end
  if type(result) ~= "table" then error(result, 0) end
  return nil, result.text, "format"
end

return M
