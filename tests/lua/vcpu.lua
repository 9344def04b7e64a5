-- SPDX-License-Identifier: MIT
--
-- vCPUs from Lua: defaults, registers by name, steps, counts, lines, reset.
-- What instructions do is tested in tests/guest and tests/a64.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

local EXIT = "mov x0, #0; hvc #0\n"

test("a new vCPU starts where the design says", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu())
  t.eq({ cpu.pc, cpu.sp, cpu.pstate, cpu.index, cpu.on, cpu.icount },
    { 0x10000, 0xff000, 0x3c5, 0, true, backend.steps(0) })
  t.eq(cpu.sctlr_el1, 0x30d00800)
  t.eq(cpu.cpacr_el1 >> 20 & 3, 3)
  t.eq({ cpu.vm, cpu.pending }, { vm, false })
  vm:close()
  local plain <close> = assert(tv.vm { fp = false })
  local other <close> = assert(plain:vcpu {})
  t.eq(other.cpacr_el1, 0)
end)

test("pc defaults to the last image's entry, sp to its RAM's top", function(t)
  local vm <close> = assert(tv.vm { ram = { 0x40000000, "2M" } })
  vm:load(0x40001000, tv.asm "nop; _start: nop")
  local cpu <close> = assert(vm:vcpu())
  t.eq({ cpu.pc, cpu.sp }, { 0x40001004, 0x401ff000 })
  local other <close> = assert(vm:vcpu { pc = 0x40000000, sp = 0x40100000 })
  t.eq({ other.pc, other.sp }, { 0x40000000, 0x40100000 })
  local lost <close> = assert(vm:vcpu { pc = 0 })
  t.eq({ lost.pc, lost.sp }, { 0, 0 })
end)

test("options of vm:vcpu are registers", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu { x0 = 1, w1 = 2, lr = 3, d4 = 1.5,
    q5 = ("ab"):rep(8), sctlr_el1 = 0x30d00802, on = false })
  t.eq({ cpu.x0, cpu.x1, cpu.x30, cpu.d4, cpu.q5, cpu.on },
    { 1, 2, 3, 1.5, ("ab"):rep(8), false })
  t.eq(cpu.sctlr_el1 & 2, 2)
  t.eq(vm:run().reason, "halt")
end)

test("registers have views", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu())
  cpu.x7 = -1
  t.eq({ cpu.x7, cpu.w7 }, { -1, 0xffffffff })
  cpu.w7 = -2
  t.eq(cpu.x7, 0xfffffffe)
  cpu.fp, cpu.lr = 29, 30
  t.eq({ cpu.x29, cpu.x30 }, { 29, 30 })
  cpu.q3 = ("\xff"):rep(16)
  cpu.d3 = 2
  t.eq(cpu.q3, string.pack("<dd", 2, 0))
  t.eq(cpu.v3, cpu.q3)
  cpu.s3 = 0.1
  t.eq(cpu.q3, string.pack("<fI4I8", 0.1, 0, 0))
  t.eq(cpu.s3, string.unpack("<f", string.pack("<f", 0.1)))
  cpu.d3 = 0 / 0
  t.ok(cpu.d3 ~= cpu.d3)
  cpu.x1 = 3.0
  t.eq(cpu.x1, 3)
  cpu.tpidr_el0 = 77
  t.eq(cpu.s3_3_c13_c0_2, 77)
  cpu.nzcv = 0xa0000000
  t.eq(cpu.pstate >> 28 & 15, 10)
end)

test("step counts instructions", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm "1: add x1, x1, #1; b 1b")
  local cpu <close> = assert(vm:vcpu())
  t.eq({ cpu:step().kind, cpu.pc, cpu.x1 }, { "budget", 4, 1 })
  cpu:step(9)
  t.eq({ cpu.pc, cpu.x1 }, { 0, 5 })
  cpu:step(0)
  t.eq({ cpu.pc, cpu.x1 }, { 0, 5 })
  for _ = 1, 7 do cpu:step() end
  t.eq({ cpu.pc, cpu.x1 }, { 4, 9 })
end)

test("icount and time count with the steps", function(t)
  backend.only(t, "soft", "counts steps")
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm "1: add x1, x1, #1; b 1b")
  local cpu <close> = assert(vm:vcpu())
  local exit = cpu:step()
  t.eq({ exit.kind, exit.pc, cpu.pc, cpu.x1, cpu.icount, exit.icount },
    { "budget", 4, 4, 1, 1, 1 })
  cpu:step(9)
  t.eq({ cpu.pc, cpu.x1, cpu.icount, vm.time }, { 0, 5, 10, 10 })
  cpu:step(0)
  t.eq(cpu.icount, 10)
  for _ = 1, 7 do cpu:step() end
  t.eq({ cpu.icount, cpu.x1 }, { 17, 9 })
  t.eq(cpu:run(1000003).kind, "budget")
  t.eq({ cpu.icount, cpu.x1, cpu.pc }, { 1000020, 500010, 0 })
end)

test("vm:run shares its budget among the vCPUs", function(t)
  backend.only(t, "soft", "counts steps")
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm "1: add x1, x1, #1; b 1b")
  local one <close> = assert(vm:vcpu())
  local two <close> = assert(vm:vcpu())
  local exit = vm:run(100000)
  t.eq(exit.kind, "budget")
  t.eq(one.icount + two.icount, 100000)
  t.eq(vm.time, 100000)
  t.ok(one.icount > 0 and two.icount > 0)
end)

test("a budget larger than a slice is exact", function(t)
  backend.only(t, "soft", "counts steps")
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm "b .")
  local cpu <close> = assert(vm:vcpu())
  t.eq(vm:run(2000001).kind, "budget")
  t.eq(cpu.icount, 2000001)
end)

test("vm:stop is sticky: it ends the next run, once", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm("mov x1, #3\n" .. EXIT))
  local cpu <close> = assert(vm:vcpu())
  vm:stop()
  vm:stop()
  t.eq(vm:run().kind, "stopped")
  t.eq(vm:run().status, 3)
end)

test("reset restores pc and sp, and keeps memory and handlers", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm("mov x0, #3; hvc #0; mov x1, x0; mov sp, x1\n" .. EXIT))
  vm:hypercall(3, function() return 16 end)
  local cpu <close> = assert(vm:vcpu { x5 = 5 })
  t.eq(vm:run().status, 16)
  vm:write_u32(0x8000, 77)
  t.raises("vCPU 0 has ended", cpu.run, cpu)
  vm:reset()
  t.eq({ cpu.pc, cpu.sp, cpu.x5, cpu.on }, { 0, 0xf000, 0, true })
  t.eq(vm:run().status, 16)
  t.eq(vm:read_u32(0x8000), 77)
end)

test("a line wakes wfi and enters the guest's vector", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm [[
        adr  x1, vectors
        msr  vbar_el1, x1
        msr  daifclr, #3
        wfi
        b    .
        .balign 2048
vectors:
        .org vectors + 0x280
        mov  x1, #1
        mov  x0, #0
        hvc  #0
        .org vectors + 0x300
        mov  x1, #2
        mov  x0, #0
        hvc  #0
  ]])
  local cpu <close> = assert(vm:vcpu())
  for status, line in ipairs { "irq", "fiq" } do
    t.eq(vm:run().kind, "wfi")
    cpu[line](cpu, true)
    t.eq(vm:run().status, status)
    vm:reset()
    cpu[line](cpu, false)
  end
end)

test("inject takes an exception through the guest's vector", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm [[
        adr  x1, vectors
        msr  vbar_el1, x1
        brk  #7
        b    .
        .balign 2048
vectors:
        .org vectors + 0x200
        mrs  x1, esr_el1
        mrs  x2, far_el1
        mov  x0, #0
        hvc  #0
  ]])
  local cpu <close> = assert(vm:vcpu())
  cpu:step(2)
  cpu:inject { esr = 0x96000010, far = 0x1234 }
  t.eq(cpu.elr_el1, 8)
  t.eq({ vm:run().status, cpu.x2 }, { 0x96000010, 0x1234 })
end)

test("skip steps over what stopped the guest", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm("mov x1, #4; smc #0; brk #1; ldr x2, [x3]\n" .. EXIT))
  local cpu <close> = assert(vm:vcpu { x3 = 1 << 30 })
  for _, kind in ipairs { "smc", "brk", "fault" } do
    local exit = vm:run()
    t.eq({ exit.kind, exit.pc }, { kind, cpu.pc })
    cpu:skip()
  end
  t.eq(vm:run().status, 4)
end)

test("on switches vCPUs on and off", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm("mov x1, #4\n" .. EXIT))
  local cpu <close> = assert(vm:vcpu { on = false })
  t.eq({ vm:run().reason, cpu.on }, { "halt", false })
  cpu.on = true
  t.eq({ vm:run().reason, cpu.on }, { "exit", false })
  cpu.pc = 0
  t.eq({ cpu.on, vm:run().reason }, { true, "exit" })
end)
