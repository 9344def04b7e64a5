-- SPDX-License-Identifier: MIT
--
-- Script code that runs in unexpected places: an __index of an option table,
-- a finalizer in the middle of a call, a coroutine resumed by a finalizer.
-- Each may close what the call is about to use; then the call raises.

local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

-- Options that call fn at the first field asked for that is not there.
local function options(fn, fields)
  return setmetatable(fields or {}, { __index = function() return fn() end })
end

test("options that close the vm make the call raise", function(t)
  local calls = {
    run = {}, map = { base = 0x40000000, size = 4096 }, vcpu = {}
  }
  for name, fields in pairs(calls) do
    local vm <close> = assert(tv.vm {})
    vm:vcpu {}
    t.raises("closed vm", vm[name], vm,
      options(function() vm:close() end, fields))
  end
end)

test("options that close the vcpu make the call raise", function(t)
  for _, name in ipairs { "run", "inject" } do
    local vm <close> = assert(tv.vm {})
    local cpu = vm:vcpu {}
    t.raises("closed vcpu", cpu[name], cpu, options(function()
      cpu:close()
      return 0
    end))
  end
end)

test("options that start a run keep the limits of the outer run", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu = vm:vcpu { pc = 0x10000 }
  vm:write_u32(0x10000, 0x14000000)               -- b .
  local exit = vm:run(options(function() vm:run(5) end, { budget = 100 }))
  t.eq(exit.kind, "budget")
  t.eq(cpu.icount, backend.steps(110))       -- 5 for each other option
end)

test("runs of others while a handler waits cost it no budget", function(t)
  local vm <close> = assert(tv.vm {})
  vm:load(0x10000, tv.asm "mov x0, #7\n hvc #0\n b .")
  vm:load(0x20000, tv.asm "b .")
  vm:hypercall(7, coroutine.yield)
  local cpu = vm:vcpu { pc = 0x10000 }
  local other = vm:vcpu { pc = 0x20000, on = false }
  local co = coroutine.create(vm.run)
  t.ok(coroutine.resume(co, vm, 100))
  other:run(1000)
  other.on = false
  local _, exit = coroutine.resume(co)
  t.eq(exit.kind, "budget")
  t.eq(cpu.icount, backend.steps(100))
end)

test("options that leave a run waiting make the call raise", function(t)
  local vm <close> = assert(tv.vm {})
  vm:load(0x10000, tv.asm "mov x0, #7\n hvc #0\n mov x0, #0\n hvc #0")
  vm:hypercall(7, coroutine.yield)
  vm:vcpu { pc = 0x10000 }
  local waiting
  t.raises("waits in a handler", vm.run, vm, options(function()
    if waiting then return end
    waiting = coroutine.create(vm.run)
    coroutine.resume(waiting, vm)
  end))
  t.ok(coroutine.resume(waiting))
end)

test("a trace function that closes the vm makes the call raise", function(t)
  backend.only(t, "soft", "only it is watched by the instruction")
  local vm <close> = assert(tv.vm {})
  vm:load(0x10000, tv.asm "mov x0, #7\n hvc #0")
  vm:hypercall(7, function() error "lines are left" end)
  vm:vcpu {}
  vm:trace(function() vm:close() end)
  t.raises("lines are left", vm.run, vm)
  t.raises("closed vm", vm.trace, vm, nil)
end)

-- Calls fn(vm) again and again while finalizers close the vm.
local function with_finalizers(fn)
  for _ = 1, backend.rounds(32) do
    local vm <close> = assert(tv.vm {})
    assert(vm:map { base = 0x100000, size = 0x4000 })
    for _ = 1, 30 do
      setmetatable({}, { __gc = function() pcall(vm.close, vm) end })
    end
    pcall(function() for k = 1, 200 do fn(vm, k) end end)
  end
end

test("a finalizer may close the vm that a call is about to use", function(t)
  local mode = collectgarbage "generational"
  with_finalizers(function(vm) return vm.memory end)
  with_finalizers(function(vm) return vm.vcpus end)
  with_finalizers(function(vm, k)
    vm:map { base = 0x10000000 + k * 4096, size = 4096 }
  end)
  with_finalizers(function(vm) vm:vcpu {} end)
  with_finalizers(function(vm) return vm:read(0xff000, 0x2000) end)
  collectgarbage(mode)
  t.ok(true)
end)

test("a handler resumed after its vm was collected raises", function(t)
  local ok, message
  do
    local last = setmetatable({}, { __gc = function(self)
      ok, message = coroutine.resume(self.waiting)
    end })
    local vm = assert(tv.vm {})                   -- finalized before `last`
    vm:load(0x10000, tv.asm "mov x0, #7\n hvc #0")
    vm:hypercall(7, coroutine.yield)
    vm:vcpu { pc = 0x10000 }
    last.waiting = coroutine.create(vm.run)
    assert(coroutine.resume(last.waiting, vm))
  end
  collectgarbage()
  collectgarbage()
  t.eq(ok, false)
  t.ok(tostring(message):find("closed vm", 1, true), tostring(message))
end)

test("a vcpu's pstate is set before its sp, whatever their order", function(t)
  local vm <close> = assert(tv.vm {})
  for k = 1, 20 do                                -- tables of other shapes
    local fields = { pc = 0x10000, sp = 0x8000 + 16 * k }
    for x = 1, k do fields["x" .. x] = x end
    fields.pstate = 0x3c0                         -- EL0t
    local cpu <close> = vm:vcpu(fields)
    t.eq(cpu.sp_el0, 0x8000 + 16 * k)
    t.eq(cpu.sp, 0x8000 + 16 * k)
  end
end)

test("an error tells the guest's place once through nested runs", function(t)
  local function nest(depth)
    local vm <close> = assert(tv.vm { ram = "128K" })
    vm:load(0x10000, tv.asm "mov x0, #7\n hvc #0")
    vm:hypercall(7, function()
      if depth == 0 then error "deepest" end
      nest(depth - 1)
    end)
    vm:vcpu {}
    vm:run()
  end
  local ok, message = pcall(nest, 20)
  t.eq(ok, false)
  t.eq(select(2, message:gsub("\nguest: cpu 0 at ", "")), 1)
  t.eq(select(2, message:gsub("\nstack traceback:", "")), 1)
end)
