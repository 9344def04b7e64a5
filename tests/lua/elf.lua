-- SPDX-License-Identifier: MIT
--
-- The ELF loader against good files and bad ones: what is wrong is named
-- with its place, and nothing a file says makes it raise or read beyond.
local test = require "tap"
local tv = require "tinyvmm"
local elf = require "tinyvmm.elf"

local CODE = tv.asm("mov x1, #7; mov x0, #0; hvc #0"):bytes_at(0)

local function phdr(p)
  return string.pack("<I4I4i8i8i8i8i8i8", p.type or 1, p.flags or 5,
    p.offset, p.vaddr or p.addr, p.addr, p.filesz, p.memsz or p.filesz,
    p.align or 4096)
end

local function shdr(s)
  return string.pack("<I4I4i8i8i8i8I4I4i8i8", 0, s.type, 0, 0, s.offset,
    s.size, s.link or 0, 0, 8, s.entsize or 0)
end

-- An executable of the given segments, with fields of the header replaced.
local function file(segments, change, tail)
  change = change or {}
  local function field(name, default)
    local value = change[name]
    if value == nil then return default end
    return value
  end
  local data, heads = {}, {}
  local at = 64 + 56 * #segments
  for i, s in ipairs(segments) do
    data[i] = s.bytes or ""
    heads[i] = phdr { type = s.type, flags = s.flags, addr = s.addr,
      vaddr = s.vaddr, offset = s.offset or at, filesz = s.filesz or
      #data[i], memsz = s.memsz }
    at = at + #data[i]
  end
  local tail_at = at
  return ("\127ELF" .. string.pack("BBBB", field("class", 2),
    field("data", 1), field("version", 1), 0) .. ("\0"):rep(8)
    .. string.pack("<I2I2I4i8i8i8I4I2I2I2I2I2I2", field("type", 2),
      field("machine", 183), 1, field("entry", segments[1]
        and segments[1].addr or 0), field("phoff", 64),
      field("shoff", tail and tail_at or 0), 0, 64, field("phentsize", 56),
      field("phnum", #segments), field("shentsize", 64),
      field("shnum", tail and 3 or 0), 0)
    .. table.concat(heads) .. table.concat(data)
    .. (tail and tail(tail_at) or "")), tail_at
end

local GOOD = { { addr = 0x80000, bytes = CODE } }

local function refused(t, bytes, pattern)
  local image, message, code = elf.parse(bytes)
  t.eq(image, nil)
  t.eq(code, "format")
  t.ok(message and message:find(pattern), tostring(message))
end

test("a good file loads at its physical addresses and runs", function(t)
  local image = assert(elf.parse((file({
    { addr = 0x80000, vaddr = 0x4000080000, bytes = CODE },
    { addr = 0x90000, bytes = "data", memsz = 0x100, flags = 6 }
  }, { entry = 0x4000080000 }))))
  t.eq({ image.entry, image.low, image.high }, { 0x80000, 0x80000, 0x90100 })
  local vm <close> = assert(tv.vm { ram = { 0, "1M" } })
  vm.ram:fill(0xff)
  t.eq(vm:load(image), 0x80000)
  local cpu <close> = assert(vm:vcpu())
  t.eq({ cpu.pc, cpu.sp }, { 0x80000, 0xff000 })
  t.eq(vm:read(0x90000, 5), "data\0")
  t.eq(vm:read_u8(0x900ff), 0, "bss is cleared")
  t.eq(vm:read_u8(0x90100), 255)
  t.eq(vm:run().status, 7)
end)

test("an ELF image has its own addresses, in RAM that is mapped", function(t)
  local image = assert(elf.parse(file(GOOD)))
  local vm <close> = assert(tv.vm { ram = "64K" })
  t.raises("has its own addresses", vm.load, vm, 0, image)
  t.raises("nothing is mapped at 0x80000", vm.load, vm, image)
end)

-- symbol table, string table
local function symbols(list, change)
  return function(at)
    change = change or {}
    local names, syms = "\0", { ("\0"):rep(24) }
    for _, s in ipairs(list) do
      syms[#syms + 1] = string.pack("<I4BBI2i8i8", s.name_at or #names,
        s.info or 2, 0, s.shndx or 1, s.value, 0)
      names = names .. s.name .. "\0"
    end
    local table_ = table.concat(syms)
    local data = at + 3 * 64
    return shdr { type = 0, offset = 0, size = 0 }
      .. shdr { type = 2, offset = data, size = change.size or #table_,
        link = change.link or 2, entsize = 24 }
      .. shdr { type = 3, offset = data + #table_,
        size = change.names or #names } .. table_ .. names
  end
end

test("symbols are read, mapping symbols and rubbish are not", function(t)
  local list = { { name = "main", value = 0x80004 },
    { name = "$x", value = 0x80000 }, { name = "_start", value = 0x80000 },
    { name = "file.c", value = 0, info = 4 },
    { name = "gone", value = 5, shndx = 0 },
    { name = "far", value = 1, name_at = 1 << 20 } }
  local image = assert(elf.parse((file(GOOD, {}, symbols(list)))))
  t.eq(image.symbols, { main = 0x80004, _start = 0x80000 })
  local vm <close> = assert(tv.vm {})
  vm:load(image)
  t.eq({ vm:symbol(0x80008) }, { "main", 4 })
  t.eq({ vm:symbol(0x80000) }, { "_start", 0 })
  t.eq(vm:symbol(0x8000c), nil)
  t.eq(vm:address "main", 0x80004)
  t.raises("no image has a symbol 'mian'; did you mean 'main'?", vm.address,
    vm, "mian")
end)

test("headers that are wrong are named", function(t)
  refused(t, ("\127ELF"):rep(4), "the file has 16 bytes, a header has 64")
  refused(t, file(GOOD, { class = 1 }), "class 1 is not 64%-bit")
  refused(t, file(GOOD, { data = 2 }), "encoding 2 is not little%-endian")
  refused(t, file(GOOD, { version = 9 }), "version 9")
  refused(t, file(GOOD, { machine = 62 }), "machine 62 is not AArch64")
  refused(t, file(GOOD, { type = 1 }), "type 1 is not an executable")
  refused(t, file(GOOD, { type = 3 }), "position%-independent")
  refused(t, file({}), "no program headers")
  refused(t, file(GOOD, { phentsize = 32 }), "32 bytes each")
  refused(t, file(GOOD, { phoff = 1 << 40 }), "end beyond the file")
  refused(t, file(GOOD, { phoff = -8 }), "end beyond the file")
  refused(t, file(GOOD, { phnum = 9 }), "9 program headers at offset 0x40")
  refused(t, file(GOOD, { entry = 0x1000 }), "entry 0x1000 is in no segment")
  refused(t, file { { addr = 0, bytes = "x", type = 4 } },
    "no segment is to be loaded")
  refused(t, file { { addr = 0, bytes = "/lib/ld.so", type = 3 } },
    "segment 0: the file is dynamically linked")
end)

test("segments that are wrong are named", function(t)
  local function bad(s, pattern) refused(t, file({ s }), pattern) end
  bad({ addr = 0, bytes = CODE, filesz = 1 << 20 },
    "segment 0: its 0x100000 bytes at offset 0x78 end beyond")
  bad({ addr = 0, bytes = CODE, offset = -1 }, "end beyond the file")
  bad({ addr = 0, bytes = CODE, offset = math.maxinteger },
    "end beyond the file")
  bad({ addr = 0, bytes = CODE, memsz = 1 }, "0x1 in memory")
  bad({ addr = 0, bytes = CODE, memsz = 1 << 60 }, "segment 0: 0x1000000000")
  bad({ addr = 0, bytes = CODE, memsz = -1 }, "segment 0: 0xffffffffffffffff")
  bad({ addr = -4096, bytes = CODE }, "beyond the 48 bits")
  bad({ addr = (1 << 48) - 4, bytes = CODE }, "beyond the 48 bits")
  refused(t, file { { addr = 0x2000, bytes = CODE },
    { addr = 0x1000, bytes = CODE, memsz = 0x1001 } },
    "segments 1 and 0 overlap at 0x2000")
end)

test("sections that are wrong are named", function(t)
  local list = { { name = "main", value = 0x80000 } }
  refused(t, file(GOOD, { shoff = 1 << 40 }, symbols(list)),
    "3 section headers at offset 0x10000000000 end beyond")
  refused(t, file(GOOD, { shentsize = 10 }, symbols(list)), "10 bytes each")
  refused(t, file(GOOD, {}, symbols(list, { size = 1 << 30 })),
    "section 1: the symbol table of 0x40000000 bytes")
  refused(t, file(GOOD, {}, symbols(list, { names = 1 << 30 })),
    "section 2: the string table")
  refused(t, file(GOOD, {}, symbols(list, { link = 7 })),
    "string table 7 does not exist")
end)

test("every truncation of a good file is refused or harmless", function(t)
  local whole = file(GOOD, {}, symbols { { name = "main", value = 0x80000 } })
  for n = 4, #whole - 1 do
    local image, message, code = elf.parse(whole:sub(1, n))
    t.eq(image, nil, n)
    t.eq(code, "format", message)
  end
end)

test("no single damaged byte makes it raise", function(t)
  local whole = file(GOOD, {}, symbols { { name = "main", value = 0x80000 } })
  for at = 5, #whole do
    for _, value in ipairs { 0, 1, 0x7f, 0x80, 0xff } do
      local bad = whole:sub(1, at - 1) .. string.char(value)
        .. whole:sub(at + 1)
      local ok, image, message = pcall(elf.parse, bad)
      t.ok(ok, image)
      t.ok(image or message, at)
    end
  end
end)

test("tv.load tells files apart and names the bad one", function(t)
  local function write(bytes, ending)
    local path = t.tmpname()
    local name = path .. (ending or "")
    if ending then t.temporary[#t.temporary + 1] = name end
    local out <close> = assert(io.open(name, "wb"))
    out:write(bytes)
    return name
  end
  t.eq(assert(tv.load(write(file(GOOD)))).format, "elf")
  local raw = assert(tv.load(write(CODE)))
  t.eq({ raw.format, raw.size, raw:bytes_at(0) }, { "raw", 12, CODE })
  local img = assert(tv.load(write("mov x0, #1\n", ".S")))
  t.eq(img:bytes_at(0), tv.asm("mov x0, #1"):bytes_at(0))
  local path = write(file(GOOD, { machine = 62 }))
  local image, message, code = tv.load(path)
  t.eq({ image, code }, { nil, "format" })
  t.ok(message:find(path, 1, true), message)
  t.raises("bad%.S:1:1: ", tv.asm_file, write("nosuch x0\n", "bad.S"))
end)
