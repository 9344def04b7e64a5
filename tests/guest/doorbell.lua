-- SPDX-License-Identifier: MIT
--
-- The doorbell: a store that is a hypercall, on every backend, and on hosts
-- that keep hvc to themselves. Nothing here executes an hvc.

local test = require "tap"
local backend = require "backend"
local sdk = require "guest._sdk"
local tv = require "tinyvmm"

local ENTRY, BELL = 0x10000, 0xfffff0000

-- Runs until an exit; a program ends by ringing for EXIT.
local function machine(text, registers)
  local vm = assert(tv.vm { output = "capture" })
  registers = registers or {}
  registers.pc = ENTRY
  registers.x16 = BELL
  local ok, problem = pcall(function()
    vm:load(ENTRY, tv.asm(text))
    assert(vm:vcpu(registers))
  end)
  if ok then return vm end
  vm:close()
  error(problem, 0)
end

test("PUTS, PUTCHAR and EXIT by the doorbell", function(t)
  local vm <close> = machine [[
        adr     x1, text
        mov     x0, #2
        str     w0, [x16]
        mov     x1, #'!'
        mov     x0, #1
        str     wzr, [x16]              // what is stored does not matter
        mov     x1, #42
        mov     x0, #0
        str     x0, [x16]               // nor how much
text:   .asciz  "hello"
  ]]
  local exit = vm:run(10000)
  t.eq({ exit.kind, exit.reason, exit.status }, { "shutdown", "exit", 42 })
  t.eq(vm:take_output(), "hello!")
end)

test("a script's handler gets x1 to x7 and gives x0", function(t)
  local vm <close> = machine [[
        str     w0, [x16]
        mov     x1, x0
        mov     x0, #0
        str     w0, [x16]
  ]]
  local cpu = vm.vcpus[1]
  for i = 1, 7 do cpu["x" .. i] = i * 10 end
  cpu.x0 = 0xabc00000007
  local seen
  vm:hypercall(7, function(_, ...)
    seen = { ... }
    return 1234
  end)
  local exit = vm:run(10000)
  t.eq(seen, { 10, 20, 30, 40, 50, 60, 70 })
  t.eq({ exit.kind, exit.status }, { "shutdown", 1234 })
end)

test("an unanswered call is an hvc exit, with pc behind the store",
     function(t)
  local vm <close> = machine("nop; str w0, [x16]; mov x9, #1; str w0, [x16]",
    { x0 = 99, x3 = 3 })
  local cpu = vm.vcpus[1]
  local exit = vm:run(10000)
  t.eq({ exit.kind, exit.nr, exit.imm, exit.args[3] }, { "hvc", 99, 0, 3 })
  t.eq({ exit.pc, cpu.pc }, { ENTRY + 4, ENTRY + 8 })
  t.eq(exit.icount, backend.steps(2), "the call is a step")
  t.eq(vm:run(10000).kind, "hvc")
  t.eq(cpu.x9, 1)
end)

test("a call that is served is one step", function(t)
  local vm <close> = machine("1: str w0, [x16]; add x9, x9, #1; b 1b")
  local cpu = vm.vcpus[1]
  vm:hypercall(3, function() return 3 end)
  for _, nr in ipairs { 0x84000000, 3 } do            -- the core's, a script's
    cpu.pc, cpu.x9 = ENTRY, 0
    for n = 1, 9 do
      cpu.x0 = nr
      t.eq(cpu:step().kind, "budget")
      t.eq({ cpu.pc, cpu.x9 }, { ENTRY + n % 3 * 4, (n + 1) // 3 })
    end
    cpu.pc, cpu.x0, cpu.x9 = ENTRY, nr, 0
    t.eq(cpu:step(2).kind, "budget")
    t.eq({ cpu.pc, cpu.x9 }, { ENTRY + 8, 1 })
  end
end)

test("PSCI by the doorbell", function(t)
  local vm <close> = machine("str w0, [x16]; mov x9, x0; \z
    movz x0, #0x8400, lsl #16; movk x0, #8; str w0, [x16]",
    { x0 = 0x84000000 })
  local exit = vm:run(10000)
  t.eq({ exit.kind, exit.reason }, { "shutdown", "off" })
  t.eq(vm.vcpus[1].x9, 0x10001)
end)

test("a load from there is a fault, and so is a store beside it", function(t)
  for _, text in ipairs { "ldr w0, [x16]", "str w0, [x16, #4]" } do
    local vm <close> = machine(text)
    local exit = vm:run(10000)
    t.eq({ exit.kind, exit.reason }, { "fault", "unmapped" }, text)
  end
end)

test("a region that is mapped there is memory", function(t)
  local vm <close> = machine "str w0, [x16]; add x16, x16, #8, lsl #12; \z
    str w0, [x16]"
  local ram = assert(vm:map { base = BELL, size = 0x8000 })
  vm.vcpus[1].x0 = 7
  local exit = vm:run(10000)
  t.eq({ exit.kind, exit.addr }, { "fault", BELL + 0x8000 })
  t.eq(ram:u32(0), 7)
end)

test("a guest in C built with DOORBELL=1 needs no hvc", function(t)
  backend.only(t, "soft", "a compiler")
  local build <close> = sdk.new()
  local compiler = sdk.compilers[1]
  local elf, arguments = build:source(t, compiler, [[
    #include "tinyvmm.h"
    int main(void) { printf("%s\n", "ding"); return 3; }
  ]], "DOORBELL=1")
  build:make(t, compiler, arguments .. elf)
  local out, status = sdk.run(t, elf)
  t.eq({ out, status }, { "ding\n", 3 })
  local code = t.run("aarch64-linux-gnu-objdump -d " .. elf)
  t.ok(code:find "<main>", "disassembled")
  t.ok(not code:find "\thvc\t", "there is an hvc")
end)
