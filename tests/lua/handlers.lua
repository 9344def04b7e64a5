-- SPDX-License-Identifier: MIT
--
-- Handlers: hypercalls, MMIO functions and events; what they get, what their
-- results mean, what may not be done inside, and what happens if they raise.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

local EXIT = "mov x0, #0; hvc #0\n"

local function machine(text, options)
  options = options or {}
  options.ram = "64K"
  options.output = options.output or "capture"
  local vm = assert(tv.vm(options))
  vm:load(0, tv.asm(text))
  return vm, assert(vm:vcpu {})
end

test("a handler gets cpu and x1 to x7, its integer goes to x0", function(t)
  local vm <close>, cpu = machine([[
        mov x1, #1; mov x2, #2; mov x3, #3; mov x4, #4
        mov x5, #5; mov x6, #6; mov x7, #-7; mov x0, #9
        hvc #0
        mov x1, x0
  ]] .. EXIT)
  local got
  vm:hypercall(9, function(...)
    got = table.pack(...)
    return 1234
  end)
  t.eq(vm:run().status, 1234)
  t.eq(got, { cpu, 1, 2, 3, 4, 5, 6, -7, n = 8 })
end)

test("one to four results go to x0 to x3, nil leaves registers", function(t)
  local vm <close>, cpu = machine "hvc #0; b .-4"
  local results = {}
  vm:hypercall(5, function(c)
    c.x0 = c.x0 | 1 << 40          -- the number is w0 alone
    return table.unpack(results, 1, results.n)
  end)
  local function try(...)
    results = table.pack(...)
    cpu.x0, cpu.x1, cpu.x2, cpu.x3 = 5, 50, 60, 70
    cpu.pc = 0
    cpu:step()
    return { cpu.x0, cpu.x1, cpu.x2, cpu.x3 }
  end
  t.eq(try(), { 5 | 1 << 40, 50, 60, 70 })
  t.eq(try(nil), { 5 | 1 << 40, 50, 60, 70 })
  t.eq(try(1), { 1, 50, 60, 70 })
  t.eq(try(1, 2), { 1, 2, 60, 70 })
  t.eq(try(-1, 2, 3, math.mininteger), { -1, 2, 3, math.mininteger })
  t.eq(try(7.0), { 7, 50, 60, 70 })
  t.raises("returned 5 values; at most 4", try, 1, 2, 3, 4, 5)
  t.raises("hypercall handler returned string where an integer", try, "1")
  t.raises("returned boolean where", try, true)
  t.raises("returned number where", try, 1.5)
  t.raises("returned nil where", try, 1, nil)
  t.eq(cpu.x1, 50, "nothing is set when a result is wrong")
end)

test("an unanswered hypercall is an exit, pc after it", function(t)
  local vm <close>, cpu = machine "mov x0, #77; hvc #0; nop; hvc #1"
  local exit = vm:run()
  t.eq({ exit.kind, exit.nr, exit.imm, exit.pc, #exit.args },
    { "hvc", 77, 0, 4, 7 })
  t.eq(cpu.pc, 8)
  vm:hypercall("default", function() error "not for other immediates" end)
  exit = vm:run()
  t.eq({ exit.kind, exit.imm, exit.pc }, { "hvc", 1, 12 })
end)

test("the default handler gets the number after cpu", function(t)
  local vm <close>, cpu = machine("mov x1, #4; mov x0, #77; hvc #0\n"
    .. "mov x1, x0\n" .. EXIT)
  vm:hypercall("default", function(c, nr, a)
    t.eq(c, cpu)
    return nr * 100 + a
  end)
  t.eq(vm:run().status, 7704)
  vm:hypercall("default", nil)
  vm:reset()
  t.eq(vm:run().kind, "hvc")
end)

test("built-in hypercalls can be replaced and taken back", function(t)
  local vm <close> = machine(
    "mov x1, #'a'\nmov x0, #1; hvc #0; mov x1, #6\n" .. EXIT)
  local seen = {}
  vm:hypercall(1, function(_, c) seen[#seen + 1] = c end)
  t.eq(vm:run().status, 6)
  t.eq(seen, { 97 })
  t.eq(vm:take_output(), "")
  vm:hypercall(1, nil)
  vm:hypercall(0, function() vm:stop() end)
  vm:reset()
  t.eq(vm:run().kind, "stopped", "EXIT no longer ends it")
  vm:reset()
  t.eq(vm:take_output(), "a")
  vm:hypercall(0, nil)
  t.eq(vm:run().kind, "shutdown", "and taken back")
  t.eq(vm:take_output(), "a")
end)

test("a number from 0x80000000 on can be replaced", function(t)
  local vm <close>, cpu = machine("movz w0, #0x8400, lsl #16; hvc #0\n"
    .. "mov x1, x0\n" .. EXIT)
  t.eq(vm:run().status, 0x10001, "PSCI_VERSION")
  vm:hypercall(0x84000000, function() return 5 end)
  vm:reset()
  t.eq(vm:run().status, 5)
  t.eq(cpu.on, false)
end)

test("MMIO functions get offset, size and value", function(t)
  local vm <close> = machine([[
        movz x1, #0x900, lsl #16
        mov  x2, #-2
        str  x2, [x1, #8]
        strb w2, [x1, #3]
        ldrh w3, [x1, #6]
        ldrsb x4, [x1]
        stp  w2, w3, [x1, #16]
        add  x1, x3, x4
  ]] .. EXIT)
  local log = {}
  assert(vm:map { base = 0x9000000, size = 0x4000, kind = "mmio",
    read = function(...) log[#log + 1] = { "r", ... } return 0x1ff80 end,
    write = function(...) log[#log + 1] = { "w", ... } end })
  t.eq(vm:run().status, 0xff80 - 128)
  t.eq(log, { { "w", 8, 8, -2 }, { "w", 3, 1, 254 }, { "r", 6, 2 },
    { "r", 0, 1 }, { "w", 16, 4, 0xfffffffe }, { "w", 20, 4, 0xff80 } })
end)

test("MMIO without functions is an exit to be answered", function(t)
  local vm <close>, cpu = machine(
    "movz x1, #0x900, lsl #16; str w1, [x1, #4]; ldr w1, [x1, #8]\n" .. EXIT)
  local device <close> = assert(vm:map { base = 0x9000000, size = 0x4000,
    kind = "mmio" })
  local exit = vm:run()
  t.eq({ exit.kind, exit.addr, exit.size, exit.write, exit.value, exit.pc },
    { "mmio", 0x9000004, 4, true, 0x9000000, 4 })
  exit = vm:run()
  t.eq({ exit.kind, exit.addr, exit.size, exit.write, exit.value, exit.pc },
    { "mmio", 0x9000008, 4, false, nil, 8 })
  t.eq(cpu.pending, true)
  t.raises("waits for the answer to its read", vm.run, vm)
  t.raises("waits for the answer to its read", cpu.step, cpu)
  cpu:answer(55)
  t.eq(vm:run().status, 55)
end)

test("a read function must give an integer", function(t)
  local vm <close>, cpu = machine(
    "movz x1, #0x900, lsl #16; ldr w1, [x1]\n" .. EXIT)
  vm:map { base = 0x9000000, size = 0x4000, kind = "mmio",
    read = function() return "x" end }
  t.raises("mmio read handler returned string where an integer", vm.run, vm)
  t.eq(cpu.pending, true)
  cpu:answer(3)
  t.eq(vm:run().status, 3)
end)

test("vm:on implements an instruction", function(t)
  backend.only(t, "soft", "others cannot trap them")
  local vm <close>, cpu = machine("mov x1, #20; udf #77\n" .. EXIT)
  t.eq(vm:on("undefined", function(c, word)
    if word ~= 77 then return nil end
    c.x1 = c.x1 + 1
    return true
  end), true)
  t.eq(vm:run().status, 21)
  vm:on("undefined", function() return nil end)
  vm:reset()
  local exit = vm:run()
  t.eq({ exit.kind, exit.pc, exit.insn }, { "undefined", 4, 77 })
  vm:on("undefined", function(c)
    c.pc = 8
    return true
  end)
  cpu.x1 = 3
  t.eq(vm:run().status, 3, "a handler may set the pc itself")
  vm:on("undefined", nil)
  vm:reset()
  t.eq(vm:run().kind, "fault")
end)

test("vm:on false gives the guest its exception", function(t)
  backend.only(t, "soft", "others cannot trap them")
  local vm <close> = machine([[
        adr  x1, vectors
        msr  vbar_el1, x1
        udf  #1
        .balign 2048
vectors:
        .org vectors + 0x200
        mrs  x1, esr_el1
        mov  x0, #0
        hvc  #0
  ]])
  vm:on("undefined", function() return false end)
  t.eq(vm:run().status, 0x2000000)
  vm:on("undefined", function() return 1 end)
  vm:reset()
  t.raises("undefined handler returned number; true answers", vm.run, vm)
end)

test("vm:on implements a system register", function(t)
  backend.except(t, "kvm", "it cannot trap them")
  local vm <close> = machine(
    "mov x1, #4; msr s3_3_c15_c2_0, x1; mrs x1, s3_3_c15_c2_0\n" .. EXIT)
  local log = {}
  vm:on("sysreg", function(_, name, write, value)
    log[#log + 1] = { name, write, value }
    return write or 99
  end)
  t.eq(vm:run().status, 99)
  t.eq(log[1], { "s3_3_c15_c2_0", true, 4 })
  t.eq({ log[2][1], log[2][2] }, { "s3_3_c15_c2_0", false })
  vm:on("sysreg", true)
  vm:reset()
  local exit = vm:run()
  t.eq({ exit.kind, exit.name, exit.write, exit.value },
    { "sysreg", "s3_3_c15_c2_0", true, 4 })
end)

test("a handler that raises ends the run with place and traceback",
function(t)
  local vm <close>, cpu = machine([[
start:  mov x0, #3
call:   hvc #0
        mov x1, #8
  ]] .. EXIT)
  vm:hypercall(3, function() error "boom" end)
  local ok, message = pcall(vm.run, vm)
  t.eq(ok, false)
  t.ok(message:find "handlers.lua:%d+: boom", message)
  t.ok(message:find("guest: cpu 0 at 0x4 (call): hvc #0x0", 1, true), message)
  t.ok(message:find("stack traceback:", 1, true), message)
  t.eq(cpu.pc, 8)
  t.eq(vm:run().status, 8, "the vCPU goes on behind the hvc")
end)

test("error values that are no strings pass unchanged", function(t)
  local vm <close> = machine("mov x0, #3; hvc #0\n")
  local value = {}
  for _, v in ipairs { value, false, 42 } do
    vm:hypercall(3, function() error(v) end)
    vm:reset()
    local _, got = pcall(vm.run, vm)
    t.eq(rawequal(got, v), true)
  end
  vm:hypercall(3, function() error() end)
  vm:reset()
  t.eq({ pcall(vm.run, vm) }, { false })
end)

test("errors of MMIO functions and of output tell the place too", function(t)
  local vm <close> = machine("movz x1, #0x900, lsl #16; str w1, [x1]\n")
  vm:map { base = 0x9000000, size = 0x4000, kind = "mmio",
    write = function() error "no device" end }
  t.raises("no device\nguest: cpu 0 at 0x4: str w1, %[x1%]", vm.run, vm)
  vm:close()
  local out <close> = machine("mov x1, #'a'\nmov x0, #1; hvc #0\n" .. EXIT,
    { output = function() error "disk full" end })
  t.raises("disk full\nguest: cpu 0 at", out.run, out)
end)

test("a handler may not run, map, reset or close its own vm", function(t)
  local vm <close>, cpu = machine("mov x0, #3; hvc #0\n" .. EXIT)
  local other <close> = backend.name ~= "hvf"
    and machine("mov x1, #3\n" .. EXIT) or nil         -- one VM at a time
  local device <close> = assert(vm:map { base = 1 << 20, size = 0x4000 })
  local second <close> = assert(vm:vcpu { on = false })
  local busy = "the vm is running: cpu 0 is in a handler"
  vm:hypercall(3, function()
    t.raises(busy, vm.run, vm)
    t.raises(busy, cpu.run, cpu)
    t.raises(busy, cpu.step, cpu)
    t.raises(busy, second.run, second)
    t.raises(busy, vm.map, vm, { base = 2 << 20, size = 0x4000 })
    t.raises(busy, vm.vcpu, vm)
    t.raises(busy, vm.reset, vm)
    t.raises(busy, vm.close, vm)
    t.raises(busy, cpu.close, cpu)
    t.raises(busy, device.unmap, device)
    t.raises(busy, device.protect, device, "r")
    if other then t.eq(other:run().status, 3, "another vm may run") end
    vm:hypercall(4, print)
    vm:write_u32(0x8000, 1)
  end)
  cpu.x1 = 9
  t.eq(vm:run().status, 9)
end)

test("vm:stop in a handler ends the run behind it, once", function(t)
  local vm <close>, cpu = machine("mov x0, #3; hvc #0; mov x1, #5\n" .. EXIT)
  vm:hypercall(3, function() vm:stop() end)
  local exit = vm:run()
  t.eq({ exit.kind, exit.pc, cpu.pc }, { "stopped", 8, 8 })
  t.eq(vm:run().status, 5)
end)

test("a budget counts through handlers", function(t)
  local vm <close>, cpu = machine "mov x0, #3; hvc #0; b .-8"
  local calls = 0
  vm:hypercall(3, function() calls = calls + 1 end)
  for _, runner in ipairs { vm, cpu } do
    calls = 0
    local before, runs = cpu.icount, 0
    repeat            -- a time may be over before the first call
      t.eq(runner:run(backend.exact and 3000 or 2e6).kind, "budget")
      runs = runs + 1
    until calls > 0 or runs == 1000
    t.ok(calls > 0)
    if backend.exact then
      t.eq({ cpu.icount - before, calls, runs }, { 3000, 1000, 1 })
    end
  end
  t.eq(vm:run(0).kind, "budget")
end)

test("deadline and timeout end a run of handlers", function(t)
  local vm <close> = machine "mov x0, #3; hvc #0; b .-8"
  vm:hypercall(3, function() end)
  local deadline = vm.time + 5000
  local exit = vm:run { deadline = deadline }
  t.eq(exit.kind, "deadline")
  t.ok(backend.exact and vm.time == deadline or vm.time >= deadline)
  t.eq(vm:run { timeout = 0.01 }.kind, "timeout")
  t.eq(vm:run { budget = backend.exact and 3 or 2e6 }.kind, "budget",
    "limits end with their run")
end)

test("a dispatch allocates nothing", function(t)
  local vm <close>, cpu = machine(
    "1: mov x0, #3; hvc #0; sub x19, x19, #1; cbnz x19, 1b\n" .. EXIT)
  vm:hypercall(3, function(_, a) return a end)
  cpu.x19 = 10
  vm:run()
  vm:reset()
  cpu.x19 = backend.exact and 100000 or 2000       -- each is an exit elsewhere
  collectgarbage()
  collectgarbage "stop"
  local before = collectgarbage "count"
  vm:run()
  local after = collectgarbage "count"
  collectgarbage "restart"
  t.ok(after - before < 4, after - before .. " KiB for all calls")
end)
