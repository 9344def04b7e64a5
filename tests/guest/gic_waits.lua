-- SPDX-License-Identifier: MIT
--
-- WFI in a VM with a GIC: what ends it, what a run returns when nothing can,
-- and what ends a run meanwhile. Where a vCPU waits the host does not see it on
-- hvf and kvm; what a run returns is the same. What KVM does otherwise is the
-- second half. In the first a guest speaks by the doorbell, whose address is
-- in x29, so that it does on every host.

local test = require "tap"
local backend = require "backend"
local gic = require "guest._gic"

-- All SGIs and PPIs are enabled; `exit` ends the guest with status x0.
local READY = gic.READY .. [[
        movz    x29, #0xf, lsl #32
        movk    x29, #0xffff, lsl #16
        b       start
exit:   mov     x1, x0
        mov     x0, #0
        str     w0, [x29]
start:
]]

-- SPI n, to the vCPU that says so.
local function mine(n)
  return ("mrs x2, mpidr_el1\n and x2, x2, #0xffff\n mov w0, #%d\n"
    .. "mov w1, #0x40\n bl spi\n"):format(n)
end

-- Logs; a timer is turned off, and an SPI by the script.
local QUIET = gic.handler [[
        cmp     w24, #27
        b.ne    1f
        msr     cntv_ctl_el0, xzr
1:      cmp     w24, #30
        b.ne    2f
        msr     cntp_ctl_el0, xzr
2:      isb
        cmp     w24, #32
        b.lo    3f
        mov     x26, x0
        mov     x27, x1
        mov     x1, x24
        mov     x0, #100
        str     w0, [x29]
        mov     x0, x26
        mov     x1, x27
3:
]]

local function machine(code, vcpus)
  local m = gic.machine(READY .. code, { vcpus = vcpus, irq = QUIET })
  m.taken = 0
  m.vm:hypercall(100, function(_, intid)
    m.taken = m.taken + 1
    m.vm:irq(intid, false)
  end)
  return m
end

local function run(m) return m.vm:run { timeout = 20 } end

-- Runs until EXIT; its status.
local function status(t, m)
  local exit = run(m)
  t.eq({ exit.kind, exit.reason }, { "shutdown", "exit" },
    ("%s at %#x"):format(exit.kind, exit.pc))
  return exit.status
end

-- A wait may end early (Arm ARM D1.6): on hvf and kvm when what interrupts the
-- run comes just before it, seldom. On soft, never.
local function few(t, waits, least)
  local most = least + (backend.exact and 0 or 3)
  t.ok(waits >= least and waits <= most, waits .. " waits, not " .. least)
end

-- --------------------------------------------------------- what ends a wait --

-- Waits for the timer to fire after 2^-shift seconds; x0 counts how often.
local function until_timer(kind, shift)
  return gic.timer(kind, ([[
        mrs     x20, CNTct_el0
        mrs     x21, cntfrq_el0
        add     x20, x20, x21, lsr #%d
        msr     CNT_cval_el0, x20
        mov     x0, #1
        msr     CNT_ctl_el0, x0
        isb
        mov     x0, #0
1:      add     x0, x0, #1
        wfi
        mrs     x21, CNTct_el0
        cmp     x21, x20
        b.lo    1b
  ]]):format(shift))
end

for kind, ppi in pairs(gic.TIMERS) do
  test(kind .. " ends a WFI when it fires, and nothing else does", function(t)
    local m <close> = machine("msr daifclr, #2\n" .. until_timer(kind, 6)
      .. "b exit")
    gic.needs_timer(t, m.cpu, kind)
    few(t, status(t, m), 1)
    t.eq(m:log(), { ppi })
  end)
end

test("a WFI with interrupts masked ends when one is pending", function(t)
  local m <close> = machine(until_timer("cntv", 7) .. [[
        mrs     x0, icc_hppir1_el1
        b       exit
  ]])
  t.eq(status(t, m), 27)
  t.eq(m:log(), {})
end)

test("an SPI of the script ends a wait; without one the run is idle",
     function(t)
  local m <close> = machine(mine(40) .. mine(255) .. [[
        msr     daifclr, #2
        mov     x9, #0
1:      wfi
        add     x9, x9, #1
        b       1b
  ]])
  local exit = run(m)
  t.eq(exit.kind, "wfi")
  local wfi = exit.pc
  t.eq(m.cpu.pc, wfi + 4)
  for k, intid in ipairs { 40, 255, 40 } do
    m.vm:irq(intid, true)
    exit = run(m)
    t.eq({ exit.kind, exit.pc, m.cpu.pc }, { "wfi", wfi, wfi + 4 })
    t.eq(m.taken, k)
    few(t, m.cpu.x9, k)
  end
  t.eq(m:log(), { 40, 255, 40 })
  t.eq(run(m).kind, "wfi", "and goes on behind it")
  few(t, m.cpu.x9, 4)
end)

test("an SPI driven before the first run is pending in it", function(t)
  local m <close> = machine(mine(33) .. [[
        wfi
        msr     daifclr, #2
        isb
        mov     x0, #5
        b       exit
  ]])
  m.vm:irq(33, true)
  t.eq(status(t, m), 5)
  t.eq({ m:log(), m.taken }, { { 33 }, 1 })
end)

test("an SPI that is an edge is taken once, its input still up", function(t)
  local m <close> = machine(mine(34) .. [[
        mov     w0, #2 << 4
        str     w0, [x12, #GICD_ICFGR + 8]
        msr     daifclr, #2
1:      wfi
        b       1b
  ]])
  m.vm:hypercall(100, function() end)
  t.eq(run(m).kind, "wfi")
  for k = 1, 3 do
    m.vm:irq(34, true)
    t.eq(run(m).kind, "wfi")
    m.vm:irq(34, false)
    t.eq(run(m).kind, "wfi")
    t.eq(#m:log(), k)
  end
end)

-- ------------------------------------------------------------ several vCPUs --

-- Each waits for an SGI and passes it on; the first begins. x20: the end of
-- the log when it last looked.
local RING = [[
        mov     x20, x28
        mov     x21, #40                // rounds
        msr     daifclr, #2
        cbz     x19, first
next:   msr     daifset, #2
1:      cmp     x28, x20
        b.ne    2f
        wfi                             // ends although masked
        msr     daifclr, #2
        isb
        msr     daifset, #2
        b       1b
2:      msr     daifclr, #2
        add     x20, x20, #4
first:  add     x0, x19, #1
        cmp     x19, #LAST
        csel    x0, xzr, x0, eq
        mov     x1, #1                  // SGI 1
        lsl     x1, x1, x0
        orr     x1, x1, #1 << 24
        msr     icc_sgi1r_el1, x1
        isb
        subs    x21, x21, #1
        b.ne    next
        cbz     x19, 3f
4:      wfi
        b       4b
3:      cmp     x28, x20                // the last one comes back
        b.eq    3b
        mov     x0, #0
        b       exit
]]

test("SGIs go around among waiting vCPUs and none is lost", function(t)
  for _, count in ipairs { 2, 4 } do
    local m <close> = machine((RING:gsub("LAST", count - 1)), count)
    t.eq(status(t, m), 0)
    for n = 0, count - 1 do
      local list = m:log(n)
      t.eq(#list, 40, "vCPU " .. n)
      for _, intid in ipairs(list) do t.eq(intid, 1) end
    end
    t.eq(run(m).kind, "wfi", "the others wait")
  end
end)

test("all waiting is idle, and an SPI wakes the one it goes to", function(t)
  local m <close> = machine([[
        mov     x2, x19
        add     w0, w19, #40
        mov     w1, #0x40
        bl      spi
        msr     daifclr, #2
1:      wfi
        b       1b
  ]], 3)
  t.eq(run(m).kind, "wfi")
  for _, n in ipairs { 2, 0, 1, 1, 2 } do
    local before = #m:log(n)
    m.vm:irq(40 + n, true)
    local exit = run(m)
    t.eq({ exit.kind, #m:log(n) }, { "wfi", before + 1 })
  end
  t.eq({ #m:log(0), #m:log(1), #m:log(2) }, { 1, 2, 2 })
end)

test("an SPI from a handler wakes another vCPU, while one runs", function(t)
  local m <close> = machine([[
        cbnz    x19, 3f
        ldr     x20, =LOG + 0x1000
1:      mov     x0, #101                // until the other has taken 20
        mov     x1, x19
        str     w0, [x29]
        mov     x2, #2000
2:      subs    x2, x2, #1
        b.ne    2b
        ldr     w0, [x20, #4 * 19]
        cbz     w0, 1b
        mov     x0, #0
        b       exit
        .ltorg
3:
]] .. mine(50) .. [[
        msr     daifclr, #2
4:      wfi
        b       4b
  ]], 2)
  m.vm:hypercall(101, function() m.vm:irq(50, true) end)
  t.eq(status(t, m), 0)
  t.ok(#m:log(1) >= 20)
end)

test("vCPUs that wait can be stopped, and closed", function(t)
  backend.except(t, "soft", "virtual time, which goes on to the timer's")
  for _ = 1, 5 do
    local m <close> = machine([[
        msr     daifclr, #2
        mov     x0, #1 << 48
        msr     cntv_cval_el0, x0       // armed, for weeks
        mov     x0, #1
        msr     cntv_ctl_el0, x0
1:      wfi
        b       1b
    ]], 3)
    local exit = m.vm:run { timeout = 0.02 }
    t.eq(exit.kind, "timeout")
    m.vm:stop()
    t.eq(m.vm:run { timeout = 20 }.kind, "stopped")
  end
end)

-- ----------------------------------------------------------- waits, exactly --

test("a wait is not ended by the limits of runs", function(t)
  backend.only(t, "kvm hvf", "its time is virtual")
  local m <close> = machine("msr daifclr, #2\n" .. until_timer("cntv", 4)
    .. "b exit")
  local exit, runs = nil, 0
  repeat
    exit = m.vm:run { timeout = 0.002 }
    runs = runs + 1
  until exit.kind ~= "timeout"
  t.eq(exit.kind, "shutdown")
  few(t, exit.status, 1)
  t.ok(runs > 1, runs)
  t.eq(m:log(), { 27 })
end)

test("a timer whose PPI is off ends a WFI, and takes nothing", function(t)
  backend.only(t, "kvm", "others do not wait for it")
  local m <close> = machine([[
        mov     w0, #1 << 27
        str     w0, [x11, #GICD_ICENABLER]
        msr     daifclr, #2
  ]] .. until_timer("cntv", 6) .. "b exit")
  few(t, status(t, m), 1)
  t.eq(m:log(), {})
end)

test("a WFI that is stepped waits", function(t)
  backend.except(t, "hvf", "where a step is no wait")
  local m <close> = machine(mine(40) .. [[
        msr     daifclr, #2
        wfi
        mov     x9, #1
        mov     x0, #101
        str     w0, [x29]
        wfi
        mov     x9, #2
        b       .
  ]])
  t.eq(run(m).kind, "wfi")
  t.eq(run(m).kind, "hvc")
  local cpu = m.cpu
  local wfi = cpu.pc
  for _ = 1, 2 do
    t.eq(cpu:step(1).kind, "wfi")
    t.eq({ cpu.pc, cpu.x9 }, { wfi + 4, 1 })
    cpu.pc = wfi
  end
  m.vm:irq(40, true)
  local exit                            -- taken before the WFI, or behind it
  for _ = 1, 60 do
    exit = cpu:step(1)
    t.ok(exit.kind == "budget" or exit.kind == "wfi", exit.kind)
  end
  t.eq({ m:log(), cpu.x9 }, { { 40 }, 2 })
end)

-- ------------------------------------------------------ where KVM is apart --

backend.only_file("soft hvf", "KVM ends waits that the running priority holds "
  .. "back, and keeps the route that an SPI came with")

local IDLE = gic.READY .. [[
        msr     daifclr, #2
1:      wfi
        add     x20, x20, #1
        b       1b
]]

local function wfi(t, m, why)
  local exit = m.vm:run()
  t.eq(exit.kind, "wfi", why)
  t.eq(m.vm:read_u32(exit.pc), 0xd503207f, "at the WFI")
  t.eq(exit.cpu.pc, exit.pc + 4, "and behind it")
  return exit
end

test("a run in which all wait for ever returns", function(t)
  for vcpus = 1, 3, 2 do
    local m <close> = gic.machine(IDLE, { vcpus = vcpus })
    wfi(t, m)
    t.eq(m.cpus[0].x20, 0, "which has not ended by itself")
    for _ = 1, 3 do wfi(t, m) end
  end
end)

test("what the GIC holds back is nothing to wait for", function(t)
  local held = {
    ["disabled"] = "mov w5, #8; str w5, [x11, #GICD_ICENABLER]",
    ["in a group that is off"] = "msr icc_igrpen1_el1, xzr",
    ["in a group that the distributor has off"] = "str wzr, [x12]",
    ["not above the mask"] = "mov x5, #0x80; msr icc_pmr_el1, x5",
    ["active"] = "mov w5, #8; str w5, [x11, #GICD_ISACTIVER]",
    ["less urgent than what runs"] = "mov w5, #0x40; "
      .. "strb w5, [x11, #GICD_IPRIORITYR + 4]; mov w5, #0x10; "
      .. "str w5, [x11, #GICD_ISPENDR]; mrs x6, icc_iar1_el1"
  }
  for why, hold in pairs(held) do
    local m <close> = gic.machine(gic.READY .. [[
        mov     w5, #0x80               // SGI 3
        strb    w5, [x11, #GICD_IPRIORITYR + 3]
        ]] .. hold .. [[

        isb
        mov     w5, #8
        str     w5, [x11, #GICD_ISPENDR]
        wfi
        hvc     #1
    ]])
    wfi(t, m, why)
  end
end)

test("an interrupt that is routed elsewhere is nothing to wait for",
     function(t)
  local m <close> = gic.machine [[
        bl      init
        mov     w0, #40
        mov     w1, #0xa0
        mov     x2, #3                  // there is no vCPU 3
        bl      spi
        mov     w5, #0x100
        str     w5, [x12, #GICD_ISPENDR + 4]
        wfi
        hvc     #1
  ]]
  wfi(t, m)
  m:to(t)
end)

test("an interrupt that is pending ends a WFI, masked or not", function(t)
  local m <close> = gic.machine [[
        bl      init
        mov     w5, #8                  // SGI 3
        str     w5, [x11, #GICD_ISENABLER]
        str     w5, [x11, #GICD_ISPENDR]
        wfi
        hvc     #1
  ]]
  m:to(t)
  t.eq(m:log(), {}, "it was masked")
end)

test("an input of the GIC ends the wait of the vCPU it goes to", function(t)
  local m <close> = gic.machine([[
        bl      init
        cbnz    x19, 1f
  ]] .. gic.spi(40, 0xa0, 2) .. [[
1:      msr     daifclr, #2
2:      wfi
        b       2b
  ]], { vcpus = 3, irq = gic.handler "hvc #3" })
  wfi(t, m)
  m.vm:irq(40, true)
  local exit = m.vm:run(100000)
  t.eq({ exit.kind, exit.imm, exit.cpu.index }, { "hvc", 3, 2 })
  m.vm:irq(40, false)
  wfi(t, m)
  t.eq({ m:log(0), m:log(1), m:log(2) }, { {}, {}, { 40 } })
end)

test("an SGI ends the wait of a vCPU that was found idle", function(t)
  local m <close> = gic.machine([[
        bl      init
        mov     w0, #0xffff
        str     w0, [x11, #GICD_ISENABLER]
        msr     daifclr, #2
        cbz     x19, 1f
2:      wfi
        b       2b
1:      hvc     #2
        ldr     x0, =0x3000002          // SGI 3 to 1
        msr     icc_sgi1r_el1, x0
        isb
3:      wfi
        b       3b
        .ltorg
  ]], { vcpus = 2, irq = gic.handler "hvc #3" })
  local exit = m.vm:run()
  t.eq({ exit.kind, exit.imm }, { "hvc", 2 })
  m.cpus[0].on = false
  wfi(t, m)
  m.cpus[0].on = true
  exit = m.vm:run()
  t.eq({ exit.kind, exit.imm, exit.cpu.index }, { "hvc", 3, 1 })
  wfi(t, m)
  t.eq(m:log(1), { 3 })
end)

for kind in pairs(gic.TIMERS) do
  local function timer(text) return gic.timer(kind, text) end

  test(kind .. " ends many waits", function(t)
    local m <close> = gic.machine(timer [[
        bl      init
        ldr     w0, =BIT
        str     w0, [x11, #GICD_ISENABLER]
        mov     x20, #0
        mov     x0, #20000
        msr     CNT_tval_el0, x0
        mov     x0, #1
        msr     CNT_ctl_el0, x0
        msr     daifclr, #2
1:      wfi
        cmp     x20, #50
        b.lo    1b
        hvc     #1
        .ltorg
    ]], { irq = gic.handler(timer [[
        mov     x25, #20000
        msr     CNT_tval_el0, x25
        add     x20, x20, #1
    ]]) })
    m:to(t)
    t.ok(m.cpu.x20 >= 50)
  end)

  test("a run ends while " .. kind .. " is waited for", function(t)
    local m <close> = gic.machine(timer [[
        bl      init
        ldr     w0, =BIT
        str     w0, [x11, #GICD_ISENABLER]
        mov     x0, #-1
        lsr     x0, x0, #12
        msr     CNT_cval_el0, x0
        mov     x0, #1
        msr     CNT_ctl_el0, x0
        hvc     #2
1:      wfi
        b       1b
        .ltorg
    ]])
    m:to(t, 2)
    t.eq(m.vm:run { timeout = 0.03 }.kind, "timeout")
    m.vm:stop()
    t.eq(m.vm:run().kind, "stopped")
    t.eq(m.vm:run { deadline = m.vm.time + 5000000 }.kind, "deadline")
  end)

  test("a WFI that only a disabled " .. kind .. " could end waits for nothing",
       function(t)
    local m <close> = gic.machine(timer [[
        bl      init
        mov     x0, #1000
        msr     CNT_tval_el0, x0
        mov     x0, #1
        msr     CNT_ctl_el0, x0
1:      wfi
        b       1b
    ]])
    wfi(t, m)
  end)
end
