-- SPDX-License-Identifier: MIT
--
-- vm:trace and vm.exits: what a line says, that each instruction has one, and
-- that tracing changes nothing else.
local test = require "tap"
require "backend".only_file("soft", "only it is watched by the instruction")
local tv = require "tinyvmm"

-- A machine with the text at 0x10000, and its vCPU.
local function machine(text, options)
  local vm = assert(tv.vm(options or { output = "capture" }))
  vm:load(tv.asm(text))
  return vm, assert(vm:vcpu())
end

-- Traces into a list of pieces; returns it.
local function collect(vm)
  local pieces = {}
  assert(vm:trace(function(text) pieces[#pieces + 1] = text end))
  return pieces
end

local function lines(pieces)
  local list = {}
  for line in table.concat(pieces):gmatch "(.-)\n" do
    list[#list + 1] = line:gsub("%s+", " ")
  end
  return list
end

local COUNT = [[
start:  mov     x1, #3
loop:   subs    x1, x1, #1
        b.ne    loop
        fmov    d0, #1.5
        mov     sp, x0
        msr     daifclr, #2
        hvc     #9
]]

test("a line is address, symbol, text and what changed", function(t)
  local vm <close> = machine(COUNT)
  local pieces = collect(vm)
  vm:run()
  t.eq(lines(pieces), {
    "0x10000 start mov x1, #0x3 x1=0x3",
    "0x10004 loop subs x1, x1, #0x1 x1=0x2 nzcv=0010",
    "0x10008 loop+4 b.ne loop",
    "0x10004 loop subs x1, x1, #0x1 x1=0x1",
    "0x10008 loop+4 b.ne loop",
    "0x10004 loop subs x1, x1, #0x1 x1=0x0 nzcv=0110",
    "0x10008 loop+4 b.ne loop",
    "0x1000c loop+8 fmov d0, #1.500000000000000000e+00 "
      .. "q0=0x00000000000000003ff8000000000000",
    "0x10010 loop+12 mov sp, x0 sp=0x0",
    "0x10014 loop+16 msr daifclr, #0x2 pstate=0x60000345",
    "0x10018 loop+20 hvc #0x9",
  })
end)

test("lines stand in columns and end without blanks", function(t)
  local vm <close> = machine(COUNT)
  local pieces = collect(vm)
  vm:run()
  local text = table.concat(pieces)
  t.eq(text:match "^[^\n]*", "0x10000  start        mov x1, #0x3"
    .. (" "):rep(15) .. "x1=0x3")
  t.ok(not text:find " \n")
end)

test("a hypercall's line shows what its handler changed", function(t)
  local vm <close>, cpu = machine [[
        mov     x0, #7
        hvc     #0
        mov     x0, #2
        adr     x1, text
        hvc     #0
        mov     x0, #0
        mov     x1, #0
        hvc     #0
text:   .asciz  "hello"
]]
  vm:hypercall(7, function(c)
    c.x5 = 6
    return 0x77
  end)
  local pieces = collect(vm)
  t.eq(vm:run().kind, "shutdown")
  local list = lines(pieces)
  t.eq(list[2], "0x10004 hvc #0x0 x0=0x77 x5=0x6")
  t.eq(#list, 8)
  t.eq(cpu.icount, 8)
  t.eq(vm:take_output(), "hello")
  t.eq(vm.exits, { hvc = 3 })
end)

test("an instruction that a later run completes has one line", function(t)
  local vm <close>, cpu = machine [[
        mov     x1, #0x200000
        ldr     x0, [x1]
        str     x0, [x1, #8]
        hvc     #1
]]
  local device <close> = vm:map { base = 0x200000, size = 4096,
    kind = "mmio" }
  local pieces = collect(vm)
  t.eq(vm:run().kind, "mmio")
  t.eq(#lines(pieces), 2)
  cpu:answer(42)
  t.eq(vm:run().kind, "mmio")
  t.eq(vm:run().kind, "hvc")
  t.eq(#lines(pieces), 4)
  t.eq(vm.exits, { mmio = 2, hvc = 1 })
  t.eq(device.kind, "mmio")
end)

test("a fault has its line, a fetch that fails has none", function(t)
  local vm <close> = machine "mov x1, #0x900000\nstr x0, [x1]"
  local pieces = collect(vm)
  t.eq(vm:run().reason, "unmapped")
  t.eq(lines(pieces)[2], "0x10004 str x0, [x1]")
  local other <close> = machine "mov x1, #0x900000\nbr x1"
  pieces = collect(other)
  t.eq(other:run().reason, "unmapped")
  t.eq(#lines(pieces), 2)
  t.eq(other.exits, { fault = 1 })
end)

local LONG = [[
        mov     x2, #5000
loop:   add     x1, x1, x2
        eor     x3, x3, x1, ror #7
        stp     x1, x3, [sp, #-16]!
        subs    x2, x2, #1
        b.ne    loop
        hvc     #1
]]

test("however a run is sliced, the trace is the same", function(t)
  local texts = {}
  for i, budget in ipairs { 1 << 40, 511, 7, 10000 } do
    local vm <close>, cpu = machine(LONG)
    local pieces, exit = collect(vm), nil
    repeat exit = vm:run(budget) until exit.kind ~= "budget"
    t.eq(exit.kind, "hvc")
    texts[i] = table.concat(pieces)
    local _, count = texts[i]:gsub("\n", "")
    t.eq(count, 25002)
    t.eq(cpu.icount, 25002)
    t.ok(texts[i] == texts[1], "another text with budget " .. budget)
  end
end)

test("tracing changes no result", function(t)
  local states = {}
  for i = 1, 2 do
    local vm <close>, cpu = machine(LONG)
    if i == 2 then collect(vm) end
    local exit = vm:run { budget = 20011 }
    states[i] = { exit.kind, exit.pc, cpu.x1, cpu.x3, cpu.sp, cpu.icount,
      vm.time, vm:read(0xf0000, 4096) }
  end
  t.eq(states[2], states[1])
end)

test("vCPUs that take turns have their numbers", function(t)
  local vm <close> = machine "loop: add x0, x0, #1\nyield\nb loop"
  local second <close> = assert(vm:vcpu { pc = 0x10000 })
  local pieces = collect(vm)
  vm:run(12)
  local list, seen = lines(pieces), {}
  t.eq(#list, 12)
  for _, line in ipairs(list) do
    local number = line:match "^cpu(%d) 0x1000"
    seen[#seen + 1] = number
    if line:find "add" then t.ok(line:find " x0=0x%x$", line) end
  end
  t.eq(table.concat(seen), "001100011100")
  t.eq(second.index, 1)
end)

test("a file gets the lines, and says what is wrong with it", function(t)
  local path = t.tmpname()
  local vm <close>, cpu = machine(COUNT)
  local file = assert(io.open(path, "w"))
  t.eq(vm:trace(file), true)
  vm:run(2)
  local check <close> = assert(io.open(path))
  local _, count = check:read "a":gsub("\n", "")
  t.eq(count, 2, "the lines are there when a run returns")
  file:close()
  t.raises("the trace's file has been closed", vm.run, vm, 2)
  t.eq(vm:trace(nil), true)
  t.eq(vm:run(1).kind, "budget")
  local full = io.open("/dev/full", "w")
  if full then
    vm:trace(full)
    t.raises("cannot write the trace: ", vm.run, vm, 1)
    vm:trace(nil)
    full:close()
  end
  t.ok(cpu.icount >= 3)
end)

test("vm:trace takes a file, a function or nil", function(t)
  local vm = machine "b ."
  for _, wrong in ipairs { 1, "x", true, {} } do
    t.raises("vm:trace takes a file, a function or nil", vm.trace, vm, wrong)
  end
  vm:close()
  t.raises("attempt to use a closed vm", vm.trace, vm, nil)
end)

test("the function may end the trace, raise, or close the vm", function(t)
  local vm <close> = machine(LONG)
  local calls = 0
  vm:trace(function()
    calls = calls + 1
    vm:trace(nil)
  end)
  t.eq(vm:run(20000).kind, "budget")
  t.ok(calls > 0 and calls < 4, "a few calls: " .. calls)
  vm:trace(function() error("no more", 0) end)
  t.raises("^no more", vm.run, vm, 10)
  vm:trace(nil)
  t.eq(vm:run().kind, "hvc")
  local other <close> = machine(LONG)
  other:trace(function() other:close() end)
  t.raises("running", other.run, other, 10000)
end)

test("a handler's error keeps the lines before it", function(t)
  local vm <close> = machine "mov x0, #9\nhvc #0\nnop\nhvc #1"
  vm:hypercall(9, function() error("mine", 0) end)
  local pieces = collect(vm)
  t.raises("^mine", vm.run, vm)
  vm:run()
  t.eq(#lines(pieces), 4)
end)

test("a handler may begin and end a trace", function(t)
  local vm <close> = machine [[
        mov     x0, #8
        hvc     #0
        nop
        mov     x0, #9
        hvc     #0
        nop
        hvc     #1
]]
  local pieces
  vm:hypercall(8, function() pieces = collect(vm) end)
  vm:hypercall(9, function() vm:trace(nil) end)
  t.eq(vm:run().kind, "hvc")
  t.eq(#lines(pieces), 3)
  t.eq(vm.exits, { hvc = 3 })
end)

test("vm.exits counts by kind, without limits", function(t)
  local vm <close> = machine "loop: wfi\nmov x0, #99\nhvc #0\nb loop"
  vm:run()
  vm:run()
  vm:run(1)
  t.eq(vm.exits, { hvc = 1 })
  t.raises("cannot be assigned", function() vm.exits = {} end)
end)
