-- SPDX-License-Identifier: MIT
--
-- Handlers of undefined instructions spend the budget and obey the rule for
-- guests without vectors, as the CPU itself does.
local test = require "tap"
require "backend".only_file("soft", "others cannot trap them")
local tv = require "tinyvmm"

local function machine(text)
  local vm = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm(text))
  return vm, assert(vm:vcpu { pc = 0 })
end

test("a declined undefined instruction without vectors is a fault",
     function(t)
  local vm <close>, cpu = machine ".inst 0"
  vm:on("undefined", function() return false end)
  local exit = vm:run(100)
  t.eq({ exit.kind, exit.reason, exit.pc }, { "fault", "undefined", 0 })
  t.eq(cpu.pc, 0)
end)

test("injected exceptions spend the budget", function(t)
  local vm <close>, cpu = machine ".inst 0"
  vm:write(0x200, vm:read(0, 4))                  -- the vector is no better
  cpu.vbar_el1 = 0
  vm:on("undefined", function() return false end)
  t.eq(vm:run(100).kind, "budget")
  t.eq(cpu.icount, 100)
end)

test("an instruction done by a handler is one step", function(t)
  local vm <close>, cpu = machine ".inst 0; mov x1, #1; b ."
  vm:on("undefined", function() return true end)
  t.eq(cpu:run(1).kind, "budget")
  t.eq({ cpu.pc, cpu.icount }, { 4, 1 })
end)

test("a handler that moves pc takes one step as well", function(t)
  local vm <close>, cpu = machine ".inst 0"
  vm:on("undefined", function(c) c.pc = 0 return true end)
  t.eq(vm:run(1000).kind, "budget")
  t.eq(cpu.icount, 1000)
end)

test("nothing can be injected into a guest without vectors", function(t)
  local vm <close>, cpu = machine "nop"
  t.raises("VBAR_EL1 was never written", cpu.inject, cpu, { esr = 0 })
  t.eq(cpu.pc, 0)
end)
