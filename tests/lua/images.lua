-- SPDX-License-Identifier: MIT
--
-- Images in memory: where they go, what their symbols say, and tv.dis. What
-- the assembler makes of a text is tested in tests/a64.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

test("vm:load returns the entry and sets the default pc", function(t)
  local vm <close> = assert(tv.vm {})
  t.eq(vm:load "\0\0\0\0", 0x10000)
  t.eq(vm:load(0x20000, tv.asm "nop"), 0x20000)
  t.eq(vm:load(0x30000, tv.asm "nop; _start: nop"), 0x30004)
  local cpu <close> = assert(vm:vcpu())
  t.eq(cpu.pc, 0x30004)
  t.eq(vm:load(0x40000, "raw"), 0x40000)
  t.eq(vm:read(0x40000, 3), "raw")
end)

test("absolute words and symbols follow the load address", function(t)
  local vm <close> = assert(tv.vm {})
  local img = tv.asm "a: nop\nb: .quad a, b\n.equ C, 77"
  vm:load(0x20000, img)
  t.eq({ img.symbols.a, img.symbols.b, img.symbols.C },
    { 0x20000, 0x20004, 77 })
  t.eq(vm:read_u64(0x20004), 0x20000)
  vm:load(0x30000, img)
  t.eq(img.symbols.b, 0x30004)
  t.eq(vm:read_u64(0x3000c), 0x30004)
  t.eq(vm:read_u64(0x20004), 0x20000)
end)

test("one image may stand in many places, each with its names", function(t)
  local img = tv.asm "first: nop; nop; second: nop"
  local one <close> = assert(tv.vm {})
  one:load(0x20000, img)
  t.eq({ one:symbol(0x20008) }, { "second", 0 })
  t.eq({ one:symbol(0x20004) }, { "first", 4 })
  t.eq(one:symbol(0x40000), nil)
  t.eq(one:symbol(0x1ffff), nil)
  t.eq(one:address "second", 0x20008)
  backend.except(t, "hvf", "one VM at a time")
  local two <close> = assert(tv.vm {})
  two:load(0x40000, img)
  two:load(0x50000, img)
  t.eq({ two:symbol(0x40004) }, { "first", 4 })
  t.eq({ two:symbol(0x5000a) }, { "second", 2 })
  t.eq(one:symbol(0x40000), nil)
  t.eq(one:address "second", 0x20008)
  t.eq(two:address "second", 0x50008)
  t.eq(img.symbols.second, 0x50008)
end)

test("the newest image names an address", function(t)
  local vm <close> = assert(tv.vm {})
  vm:load(tv.asm "old: nop; nop; nop")
  vm:load(0x10004, tv.asm "new: nop")
  t.eq({ vm:symbol(0x10000) }, { "old", 0 })
  t.eq({ vm:symbol(0x10004) }, { "new", 0 })
  t.eq({ vm:symbol(0x10008) }, { "old", 8 })
end)

test("an image must be aligned as its text asked for", function(t)
  local vm <close> = assert(tv.vm {})
  t.raises("0x10004 is not a multiple of 2048", vm.load, vm, 0x10004,
    tv.asm ".balign 2048; nop")
end)

test("options of tv.asm name the text and give symbols", function(t)
  t.raises("^boot%.S:2:", tv.asm, "nop\nnosuch", "boot.S")
  t.raises("^boot%.S:1:", tv.asm, "nosuch", { name = "boot.S" })
  local img = tv.asm("mov x0, #N", { symbols = { N = 5 } })
  t.eq(img:bytes_at(0), tv.asm "mov x0, #5":bytes_at(0))
end)

test("tv.dis shows words, bytes and images", function(t)
  t.eq(tv.dis(0xd503201f), "nop")
  t.eq(tv.dis(0x14000001, 0x1000), "b\t0x1004")
  t.eq(tv.dis(tv.asm("nop; ret"):bytes_at(0), 0x1000),
    "1000:\td503201f\tnop\n1004:\td65f03c0\tret\n")
  local img = tv.asm "ret"
  t.eq(tv.dis(img), "0:\td65f03c0\tret\n")
  local vm <close> = assert(tv.vm {})
  vm:load(img)
  t.eq(tv.dis(img), "10000:\td65f03c0\tret\n")
  t.eq(tv.dis "", "")
  t.raises("takes a word, bytes or an image, not nil", tv.dis)
  t.raises("address must be an integer, not string", tv.dis, 1, "x")
end)

test("tv.backends tells what can run here, and why not", function(t)
  local names = {}
  for _, b in ipairs(tv.backends()) do
    names[b.name] = true
    t.eq(b.usable, b.reason == nil)
  end
  t.eq(names, { soft = true, hvf = true, kvm = true })
end)
