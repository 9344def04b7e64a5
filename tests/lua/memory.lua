-- SPDX-License-Identifier: MIT
--
-- Memory objects and access by address: what is written is read back, in
-- every width, across regions, and by nobody who may not.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

test("tv.vm's ram option has many spellings", function(t)
  local function ram(option)
    local vm <close> = assert(tv.vm { ram = option })
    local r = vm.ram
    if not r then return "none" end
    return ("%#x+%#x"):format(r.base, r.size)
  end
  t.eq(ram(nil), "0+0x100000")
  t.eq(ram "64M", "0+0x4000000")
  t.eq(ram "64k", "0+0x10000")
  t.eq(ram "0x8000", "0+0x8000")
  t.eq(ram(32768), "0+0x8000")
  t.eq(ram { 0x40000000, "1M" }, "0x40000000+0x100000")
  t.eq(ram { base = "1G", size = 0x4000 }, "0x40000000+0x4000")
  t.eq(ram(false), "none")
end)

test("32 GiB of RAM are mapped lazily", function(t)
  local vm <close> = assert(tv.vm { ram = "32G" })
  vm:write_u64((32 << 30) - 8, 0x1122334455667788)
  t.eq(vm:read_u64((32 << 30) - 8), 0x1122334455667788)
  t.eq(vm:read_u8((32 << 30) - 8), 0x88, "little-endian")
end)

test("every width reads back what was written, at any alignment",
function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  local ram = vm.ram
  local values = {
    u8 = { 0, 0x80, 0xff }, u16 = { 0, 0x8000, 0xffff },
    u32 = { 0, 0x80000000, 0xffffffff },
    u64 = { 0, math.mininteger, -1, math.maxinteger },
    i8 = { 0, -128, 127, -1 }, i16 = { 0, -32768, 32767, -1 },
    i32 = { 0, -2147483648, 2147483647, -1 },
    i64 = { 0, math.mininteger, -1, math.maxinteger },
    f32 = { 0.0, -1.5, 1 / 0, 2.0 ^ -149 },
    f64 = { 0.0, -1.5, 1 / 0, 5e-324, 0.1 }
  }
  for name, list in pairs(values) do
    for i, value in ipairs(list) do
      local at = 0x101 * i
      vm["write_" .. name](vm, at, value)
      t.eq(vm["read_" .. name](vm, at), value, name)
      t.eq(ram[name](ram, at), value, name)
      ram[name](ram, at + 16, value)
      t.eq(vm["read_" .. name](vm, at + 16), value, name)
    end
  end
end)

test("access by address crosses regions that touch", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  assert(vm:map { base = 0x10000, size = 0x4000, kind = "rom" })
  assert(vm:map { base = 0x14000, size = 0x4000 })
  local bytes = ("abcdefgh"):rep(1024)
  vm:write(0xf800, bytes:rep(3):sub(1, 0x5000))
  t.eq(vm:read(0xf800, 0x5000), bytes:rep(3):sub(1, 0x5000))
  vm:write_u64(0xfffc, 0x0102030405060708)
  t.eq(vm:read_u64(0xfffc), 0x0102030405060708)
  vm:write(0x13ffe, "end\0")
  t.eq(vm:cstring(0x13ffe), "end")
  t.eq(vm:read(0x5000000, 0), "")
end)

test("cstring stops at NUL and at its limit", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:write(0xfffa, "hello\0")
  t.eq(vm:cstring(0xfffa), "hello")
  t.eq(vm:cstring(0xfffa, 6), "hello")
  t.raises("found no NUL in the 5 readable bytes", vm.cstring, vm, 0xfffa, 5)
  vm:write(0xfffa, "hello!")
  t.raises("found no NUL in the 6 readable bytes from 0xfffa", vm.cstring,
    vm, 0xfffa)
  t.raises("in the 0 readable bytes from 0x900000", vm.cstring, vm, 0x900000)
end)

test("unpack reads structures", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:write(0x100, string.pack("<I4i2zB", 70000, -3, "name", 9))
  t.eq({ vm:unpack("<I4i2", 0x100) }, { 70000, -3, 0x106 })
  t.eq({ vm:unpack("<I4i2zB", 0x100) }, { 70000, -3, "name", 9, 0x10c })
  vm:write(0xfffe, "ab")
  t.raises("0xfffe", vm.unpack, vm, "<I4", 0xfffe)
end)

test("hexdump shows bytes and letters", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:write(0x10, "Hello from VM!\n\0AB")
  t.eq(vm:hexdump(0x10, 18),
    "00000010  48 65 6c 6c 6f 20 66 72  6f 6d 20 56 4d 21 0a 00  "
    .. "|Hello from VM!..|\n"
    .. "00000020  41 42                                             "
    .. "|AB|\n")
  t.eq(vm.ram:hexdump(0x10, 18), vm:hexdump(0x10, 18))
  t.eq(select(2, vm.ram:hexdump():gsub("\n", "")), 16)
  t.eq(vm:hexdump(0, 0), "")
end)

test("a memory object serves its bytes by offset", function(t)
  local vm <close> = assert(tv.vm { ram = false })
  t.eq(vm.ram, nil)
  local ram <close> = assert(vm:map { base = "1M", size = "16K" })
  t.eq({ ram.base, ram.size, ram.kind, ram.prot },
    { 0x100000, 16384, "ram", "rwx" })
  ram:write(0x100, "needle")
  t.eq(ram:read(0x100, 6), "needle")
  t.eq(vm:read(0x100100, 6), "needle")
  t.eq(ram:find "needle", 0x100)
  t.eq(ram:find("needle", 0x100), 0x100)
  t.eq(ram:find("needle", 0x101), nil)
  t.eq(ram:find(("\0"):rep(16385)), nil)
  ram:write(16382, "zz")
  t.eq(ram:find "zz", 16382)
  ram:fill(0xaa, 16, 4)
  t.eq(ram:read(15, 6), "\0\xaa\xaa\xaa\xaa\0")
  ram:fill(1)
  t.eq(ram:find "\0", nil)
  ram:fill(7, 16384)
  ram:fill(7, 0, 0)
  t.eq(ram:u8(0), 1)
end)

test("vm.memory lists regions by address", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  local high = assert(vm:map { base = 3 << 20, size = 0x4000, kind = "mmio" })
  local low = assert(vm:map { base = 1 << 20, size = 0x4000, kind = "rom" })
  t.eq(vm.memory, { vm.ram, low, high })
  t.eq({ low.kind, low.prot, high.kind, high.prot },
    { "rom", "rx", "mmio", nil })
  t.ok(tostring(low):find "rom 0x100000%-0x103fff")
  low:unmap()
  t.eq(vm.memory, { vm.ram, high })
  t.ok(tostring(low):find "unmapped")
end)

test("<close> unmaps, and the place can be used again", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  for i = 1, 3 do
    local rom <close> = assert(vm:map { base = 1 << 20, size = 0x4000 })
    t.eq(rom:u32(0), 0, "fresh memory is zero")
    rom:u32(0, i)
  end
  t.eq(#vm.memory, 1)
end)

test("protection is the guest's, not the script's", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  local data <close> = assert(vm:map { base = 1 << 20, size = 0x4000,
    prot = "r" })
  vm:load(0, tv.asm [[
        ldr  w2, [x1]
        str  w3, [x1]
        mov  x0, #0
        hvc  #0
  ]])
  local cpu <close> = assert(vm:vcpu { x1 = 1 << 20 })
  data:u32(0, 55)
  local exit = vm:run()
  t.eq({ exit.kind, exit.reason, exit.addr, exit.access, cpu.x2 },
    { "fault", "protected", 1 << 20, "w", 55 })
  t.eq(data.kind, "ram")
  data:protect "rw"
  t.eq(data.prot, "rw")
  t.eq(vm:run().kind, "shutdown")
  data:protect ""
  cpu.pc = 0
  exit = vm:run()
  t.eq({ exit.reason, exit.access }, { "protected", "r" })
  if backend.name == "kvm" then return end     -- "execute" is not enforced
  cpu.pc = 1 << 20
  exit = vm:run()
  t.eq({ exit.reason, exit.access, exit.pc },
    { "protected", "x", 1 << 20 })
end)

test("the guest sees what the host writes over its code", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm("mov x1, #1; mov x0, #3; hvc #0; b 0f; 0: mov x1, #2\n"
    .. "mov x0, #0; hvc #0"))
  vm:hypercall(3, function()
    vm:write(0x10, tv.asm("mov x1, #9"):bytes_at(0))
  end)
  local cpu <close> = assert(vm:vcpu {})
  t.eq(vm:run().status, 9)
end)
