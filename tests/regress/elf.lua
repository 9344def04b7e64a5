-- SPDX-License-Identifier: MIT
--
-- ELF files that are legal in form and absurd in size: they must cost neither
-- the host's memory nor its time.

local test = require "tap"
local tv = require "tinyvmm"
local elf = require "tinyvmm.elf"

local EHDR, PHDR, SHDR = 64, 56, 64
local BASE = 0x40000000

local function segment(addr, bytes_at, filesz, memsz)
  return string.pack("<I4I4i8i8i8i8i8i8", 1, 7, bytes_at, addr, addr, filesz,
    memsz, 0x1000)
end

local function section(kind, offset, size, link)
  return string.pack("<I4I4i8i8i8i8I4I4i8i8", 0, kind, 0, 0, offset, size,
    link, 0, 1, 24)
end

local function symbol(name, value)
  return string.pack("<I4BBI2i8i8", name, 0x10, 0, 1, value, 0)
end

-- An executable of these program headers, data and section headers.
local function file(segments, data, sections)
  local shoff = EHDR + #segments * PHDR + #data
  local header = "\127ELF\2\1\1" .. ("\0"):rep(9) .. string.pack(
    "<I2I2I4i8i8i8I4I2I2I2I2I2I2", 2, 183, 1, BASE, EHDR, shoff, 0, EHDR,
    PHDR, #segments, SHDR, #sections, 0)
  return header .. table.concat(segments) .. data .. table.concat(sections)
end

local function resident_pages()
  local statm = io.open "/proc/self/statm"
  if not statm then return nil end
  local _, pages = statm:read("n", "n")
  statm:close()
  return pages
end

test("a large .bss takes no host memory in fresh RAM", function(t)
  if not resident_pages() then t.skip "needs /proc/self/statm" end
  local size = 512 << 20
  local image = assert(elf.parse(file({
    segment(BASE, EHDR + PHDR, 4, size) }, "\0\0\0\x14", {})))
  local vm <close> = assert(tv.vm { ram = { BASE, size } })
  local before = resident_pages()
  vm:load(image)
  t.ok(resident_pages() - before < size // 4096 * 3 // 4, "it was written")
  t.eq(vm:read_u32(BASE), 0x14000000)
end)

test("loading an image again clears its .bss", function(t)
  local image = assert(elf.parse(file({
    segment(BASE, EHDR + PHDR, 4, 0x30000) }, "\0\0\0\x14", {})))
  local vm <close> = assert(tv.vm { ram = { BASE, "1M" } })
  vm:load(image)
  for _, at in ipairs { 4, 0x10000, 0x2ffff } do
    vm:write_u8(BASE + at, 1)
  end
  vm:write_u8(BASE + 0x30000, 1)
  vm:load(image)
  t.eq(vm:read(BASE + 4, 0x2fffc), ("\0"):rep(0x2fffc))
  t.eq(vm:read_u8(BASE + 0x30000), 1)
end)

test("segments larger than 4 GiB together are refused", function(t)
  local image, why, code = elf.parse(file({
    segment(BASE, EHDR, 4, 1 << 32),
    segment(BASE + (1 << 33), EHDR, 4, 4) }, "", {}))
  t.eq(image, nil)
  t.ok(why:find("in all segments are more than 0x100000000", 1, true), why)
  t.eq(code, "format")
end)

test("only the first symbol table is read", function(t)
  local names = "\0first\0second\0"
  local data = names .. symbol(1, BASE) .. symbol(7, BASE)
  local at = EHDR + PHDR
  local image = assert(elf.parse(file({ segment(BASE, at, 4, 4) }, data, {
    section(0, 0, 0, 0),
    section(2, at + #names, 24, 3),
    section(2, at + #names + 24, 24, 3),
    section(3, at, #names, 0) })))
  t.eq(image.symbols, { first = BASE })
end)

test("a size that does not fit 64 bits is none", function(t)
  t.eq(tv._size "0xffffffffffffffff", -1)
  t.eq(tv._size "0x10000000000000000", nil)
  t.eq(tv._size "99999999999999999999999", nil)
end)

test("an image outside of RAM is told where vm:load was called", function(t)
  local vm <close> = assert(tv.vm {})
  t.raises("^tests[^:]*elf%.lua:%d+: 0x3 bytes at 0x200000", function()
    vm:load(0x200000, "abc")
  end)
end)
