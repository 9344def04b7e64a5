-- SPDX-License-Identifier: MIT
--
-- With 123 vCPUs a store to the GIC took 650 us where the interrupts were 1 of
-- N, and a run looked at its timeout and at stops after 2^20 of those.

local test = require "tap"
local tv = require "tinyvmm"

require "backend".only_file("soft", "steps of an interpreter")

-- All SPIs are pending, and may go to one of all vCPUs.
local GUEST = [[
        ldr     x1, =0x08000000
        mov     w0, #3
        str     w0, [x1]                // GICD_CTLR
        mov     w2, #-1
        mov     x3, #1
1:      add     x4, x1, x3, lsl #2
        str     w2, [x4, #0x80]         // GICD_IGROUPR, _ISENABLER, _ISPENDR
        str     w2, [x4, #0x100]
        str     w2, [x4, #0x200]
        add     x3, x3, #1
        cmp     x3, #8
        b.ne    1b
        mov     w2, #0x80000000
        add     x4, x1, #0x6000
        mov     x3, #32
2:      str     x2, [x4, x3, lsl #3]    // GICD_IROUTER
        add     x3, x3, #1
        cmp     x3, #256
        b.ne    2b
        ldr     x4, =0x080a0000
        mov     x3, #123
3:      str     wzr, [x4, #0x14]        // GICR_WAKER
        add     x4, x4, #0x20000
        sub     x3, x3, #1
        cbnz    x3, 3b
        hvc     #1
4:      str     w0, [x1]
        b       4b
]]

test("a guest that keeps the GIC of many vCPUs busy is stopped in time",
     function(t)
  local vm <close> = assert(tv.vm { gic = "v3" })
  vm:load(0x10000, tv.asm(GUEST))
  local cpus = {}
  for k = 1, 123 do cpus[k] = assert(vm:vcpu { pc = 0x10000 }) end
  for k = 1, 123 do
    cpus[k][k < 62 and "icc_igrpen0_el1" or "icc_igrpen1_el1"] = 1
  end
  t.eq(cpus[1]:run(10000).kind, "hvc")
  local before = cpus[1].icount
  t.eq(cpus[1]:run { timeout = 0.001 }.kind, "timeout")
  t.ok(cpus[1].icount - before < 50000, "it looks often enough")
end)

test("of 1 of N, who takes the group is chosen anew", function(t)
  local vm <close> = assert(tv.vm { gic = "v3" })
  vm:load(0x10000, tv.asm(GUEST))
  local cpus = {}
  for k = 1, 3 do
    cpus[k] = assert(vm:vcpu { pc = 0x10000, icc_pmr_el1 = 0xf0,
      icc_igrpen1_el1 = 1 })
  end
  local function one()
    for k, cpu in ipairs(vm.vcpus) do
      if cpu.icc_iar1_el1 ~= 1023 then t.eq(cpu.icc_iar1_el1, 32) return k end
    end
  end
  t.eq(one(), nil, "asleep")
  t.eq(cpus[3]:run(10000).kind, "hvc")
  t.eq(one(), 1)
  cpus[1].icc_igrpen1_el1 = 0
  t.eq(one(), 2)
  cpus[2]:close()
  t.eq(one(), 2, "the third")
  cpus[1].icc_igrpen1_el1 = 1
  t.eq(one(), 1)
  vm:reset()
  t.eq(one(), nil)
end)
