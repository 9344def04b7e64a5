-- SPDX-License-Identifier: MIT
--
-- Handlers that yield: the run waits in its coroutine, everybody else is told
-- so, and every way out of the wait leaves the VM usable.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

local EXIT = "mov x0, #0; hvc #0\n"
local WAITS = "cpu 0 waits in a handler"

local function machine(text, options)
  options = options or {}
  options.ram = "64K"
  options.output = options.output or "capture"
  local vm = assert(tv.vm(options))
  vm:load(0, tv.asm(text))
  return vm, assert(vm:vcpu {})
end

local ASK = "mov x0, #3; hvc #0; mov x1, x0\n" .. EXIT

test("resume's values are yield's results", function(t)
  for _, name in ipairs { "vm", "cpu" } do
    local vm <close>, cpu = machine(ASK)
    vm:hypercall(3, function(_, a) return (coroutine.yield("asks", a)) end)
    cpu.x1 = 5
    local co = coroutine.create(function()
      return (name == "vm" and vm or cpu):run()
    end)
    t.eq({ coroutine.resume(co) }, { true, "asks", 5 })
    local ok, exit = coroutine.resume(co, 42)
    t.eq({ ok, exit.kind, exit.status }, { true, "shutdown", 42 })
    t.eq(coroutine.status(co), "dead")
  end
end)

test("a handler may yield many times, in loops and nested calls", function(t)
  local vm <close>, cpu = machine(
    "1: mov x0, #3; hvc #0; cbnz x0, 1b; mov x1, x19\n" .. EXIT)
  local function ask(n) return coroutine.yield(n) end
  vm:hypercall(3, function(c)
    local sum = 0
    for i = 1, 3 do sum = sum + ask(i) end
    c.x19 = c.x19 + sum
    return sum
  end)
  local co = coroutine.wrap(function() return vm:run().status end)
  for _ = 1, 2 do
    for i = 1, 3 do t.eq(co(10), i) end
  end
  t.eq(co(0), 1)
  t.eq(co(0), 2)
  t.eq(co(0), 3)
  t.eq(co(0), 60 - 10)
  t.eq(cpu.x19, 50)
end)

test("while a handler waits, the vm refuses and says why", function(t)
  local vm <close>, cpu = machine(ASK)
  local device = assert(vm:map { base = 1 << 20, size = 0x4000 })
  vm:hypercall(3, function() return (coroutine.yield()) end)
  local co = coroutine.wrap(function() return vm:run().status end)
  co()
  t.raises(WAITS, vm.run, vm)
  t.raises(WAITS, cpu.run, cpu)
  t.raises(WAITS, cpu.step, cpu)
  t.raises(WAITS, vm.map, vm, { base = 2 << 20, size = 0x4000 })
  t.raises(WAITS, vm.reset, vm)
  t.raises(WAITS, vm.close, vm)
  t.raises(WAITS, cpu.close, cpu)
  t.raises(WAITS, device.unmap, device)
  cpu.x5 = 1
  vm:write_u32(0x8000, 1)
  t.eq(co(7), 7)
  device:unmap()
end)

test("another vCPU runs while the first one's handler waits", function(t)
  local vm <close>, cpu = machine(ASK)
  local two <close> = assert(vm:vcpu { pc = 0 })
  vm:hypercall(3, function(c) return (coroutine.yield(c.index)) end)
  local one_co = coroutine.wrap(function() return cpu:run().status end)
  local two_co = coroutine.wrap(function() return two:run().status end)
  t.eq(one_co(), 0)
  t.eq(two_co(), 1)
  t.raises("waits in a handler", vm.run, vm)
  t.eq(one_co(11), 11)
  t.raises("cpu 1 waits in a handler", vm.run, vm)
  t.eq(two_co(22), 22)
  t.eq(vm:run().reason, "halt")
end)

test("coroutine.close ends the wait, and the vCPU may run again", function(t)
  local vm <close>, cpu = machine(ASK)
  vm:hypercall(3, function() return (coroutine.yield()) end)
  local closed = 0
  local co = coroutine.create(function()
    local guard <close> = setmetatable({}, { __close = function()
      closed = closed + 1
    end })
    return vm:run()
  end)
  coroutine.resume(co)
  t.eq(coroutine.close(co), true)
  t.eq(closed, 1)
  vm:hypercall(3, nil)
  t.eq(vm:run().status, 3, "x0 is still the number: nothing was answered")
  t.eq(cpu.on, false)
end)

test("a vm can be closed after its waiting coroutine was closed", function(t)
  local vm = machine(ASK)
  vm:hypercall(3, function() return (coroutine.yield()) end)
  local co = coroutine.create(function() return vm:run() end)
  coroutine.resume(co)
  t.raises(WAITS, vm.close, vm)
  coroutine.close(co)
  vm:close()
  t.eq(tv._live(), 0)
end)

test("an error after a yield tells the guest's place", function(t)
  local vm <close>, cpu = machine("here: mov x0, #3; hvc #0\n" .. EXIT)
  vm:hypercall(3, function()
    coroutine.yield()
    error "late"
  end)
  local co = coroutine.create(function() return vm:run() end)
  coroutine.resume(co)
  local ok, message = coroutine.resume(co)
  t.eq(ok, false)
  t.ok(message:find "late\nguest: cpu 0 at 0x4 %(here%+4%): hvc", message)
  t.eq(cpu.pc, 8)
  cpu.x1 = 6
  t.eq(vm:run().status, 6)
end)

test("MMIO, event and output functions may yield", function(t)
  local events = (".equ EVENTS, %d\n"):format(backend.exact and 1 or 0)
  local vm <close> = machine(events .. [[
        movz x2, #0x900, lsl #16
        ldr  w3, [x2]
        str  w3, [x2, #4]
        mov  x4, #11
        .if EVENTS
        mrs  x4, s3_3_c15_c2_0
        udf  #9
        .endif
        add  x19, x3, x4
        mov  x1, #'z'
        mov  x0, #1
        hvc  #0
        mov  x1, x19
  ]] .. EXIT, { output = function(s) coroutine.yield("out", s) end })
  vm:map { base = 0x9000000, size = 0x4000, kind = "mmio",
    read = function(o) return (coroutine.yield("read", o)) end,
    write = function(o, _, v) coroutine.yield("write", v) end }
  if backend.exact then                  -- others cannot trap them
    vm:on("sysreg", function() return (coroutine.yield("sysreg")) end)
    vm:on("undefined", function(_, w) return (coroutine.yield("udf", w)) end)
  end
  local co = coroutine.wrap(function() return vm:run().status end)
  t.eq({ co() }, { "read", 0 })
  t.eq({ co(100) }, { "write", 100 })
  if backend.exact then
    t.eq({ co() }, { "sysreg" })
    t.eq({ co(11) }, { "udf", 9 })
    t.eq({ co(true) }, { "out", "z" })
  else
    t.eq({ co() }, { "out", "z" })
  end
  t.eq(co(), 111)
end)

test("a handler outside a coroutine cannot yield", function(t)
  local vm <close> = machine(ASK)
  local main = coroutine.isyieldable()
  vm:hypercall(3, function() coroutine.yield() end)
  if main then t.skip "the test itself runs in a coroutine" end
  t.raises("outside a coroutine", vm.run, vm)
end)

test("limits hold across a yield, whatever ran in between", function(t)
  local vm <close>, cpu = machine "mov x0, #3; hvc #0; b ."
  local two <close> = assert(vm:vcpu { pc = 8 })
  vm:hypercall(3, function() coroutine.yield() end)
  local co = coroutine.wrap(function()
    return cpu:run { budget = 1000, timeout = 1000 }
  end)
  co()
  t.eq(two:run { timeout = 0.001 }.kind, "timeout")
  local exit = co()
  t.eq({ exit.kind, cpu.icount }, { "budget", backend.steps(1000) })
end)

test("a run resumed inside another run of its vm raises", function(t)
  local vm <close>, cpu = machine(ASK)
  local two <close> = assert(vm:vcpu { pc = 0 })
  local inner = coroutine.create(function() return cpu:run() end)
  vm:hypercall(3, function(c)
    if c.index == 0 then return (coroutine.yield()) end
    local ok, message = coroutine.resume(inner, 1)
    t.eq(ok, false)
    t.ok(message:find "returned while the vm was running", message)
    return 2
  end)
  coroutine.resume(inner)
  t.eq(two:run().status, 2)
  t.eq(vm:run().kind, "shutdown", "cpu 0 goes on behind its hvc")
end)
