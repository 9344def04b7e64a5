-- SPDX-License-Identifier: MIT
--
-- GICv3 by guests that any backend with one runs: interrupts from each source,
-- waits in WFI and what ends them, resets. Nothing here executes an hvc: a
-- guest speaks by the doorbell, so that it does on every host.

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local gic = require "guest._gic"

local ENTRY, VECTORS, LOG, BELL = 0x10000, 0x8000, 0x40000, 0xfffff0000
local DATA = 0x50000

-- Each vCPU starts at `start`. x28: the vCPU's number; x27, x26: the
-- redistributor's frames; x25: the distributor; x29: the bell. `ready` returns
-- with the GIC open for all of this vCPU's interrupts. IRQs are logged, a word
-- each, at LOG + 0x1000 * vCPU; timers are turned off.
local common = [[
        b       start
ready:  mrs     x28, mpidr_el1
        and     x28, x28, #0xff
        movz    x25, #0x0800, lsl #16
        movz    x27, #0x080a, lsl #16
        add     x27, x27, x28, lsl #17
        add     x26, x27, #0x10000
        movz    x29, #0xf, lsl #32
        movk    x29, #0xffff, lsl #16
        mov     x0, #0x8000
        msr     vbar_el1, x0
        mov     w0, #0
        str     w0, [x27, #0x14]        // GICR_WAKER
1:      ldr     w0, [x27, #0x14]
        tbnz    w0, #2, 1b
        mov     w0, #2
        str     w0, [x25]               // GICD_CTLR: EnableGrp1
        mov     w0, #-1
        str     w0, [x26, #0x80]        // GICR_IGROUPR0
        str     w0, [x26, #0x100]       // GICR_ISENABLER0
        mov     w0, #0x40404040         // GICR_IPRIORITYR
        add     x1, x26, #0x400
        add     x2, x1, #32
2:      str     w0, [x1]
        add     x1, x1, #4
        cmp     x1, x2
        b.lo    2b
        mov     x0, #7
        msr     icc_sre_el1, x0
        isb
        mov     x0, #0xff
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        isb
        ret
// An SPI, w0, to this vCPU. A level.
route:  lsr     w1, w0, #5
        lsl     w1, w1, #2
        and     w2, w0, #31
        mov     w3, #1
        lsl     w3, w3, w2
        add     x4, x25, x1
        ldr     w5, [x4, #0x80]
        orr     w5, w5, w3
        str     w5, [x4, #0x80]         // GICD_IGROUPR
        add     x6, x25, #0x400
        mov     w7, #0x40
        strb    w7, [x6, x0]            // GICD_IPRIORITYR
        str     w3, [x4, #0x100]        // GICD_ISENABLER
        mrs     x5, mpidr_el1
        and     x5, x5, #0xffff
        mov     x6, #0x6000
        add     x6, x6, x25
        str     x5, [x6, x0, lsl #3]    // GICD_IROUTER
        ret
// SGI 1 to vCPU x0, below 16.
sgi:    mov     x1, #1
        lsl     x1, x1, x0
        orr     x1, x1, #1 << 24
        msr     icc_sgi1r_el1, x1
        isb
        ret
exit:   mov     x1, x0
        mov     x0, #0
        str     w0, [x29]
]]

local handler = [[
        stp     x0, x1, [sp, #-32]!
        stp     x2, x3, [sp, #16]
        mrs     x0, icc_iar1_el1
        dsb     sy
        mov     x1, #0x40000
        add     x1, x1, x28, lsl #12
        ldr     w2, [x1]
        add     w2, w2, #1
        str     w2, [x1]
        str     w0, [x1, x2, lsl #2]
        cmp     w0, #27
        b.ne    1f
        msr     cntv_ctl_el0, xzr
1:      cmp     w0, #30
        b.ne    2f
        msr     cntp_ctl_el0, xzr
2:      isb
        cmp     w0, #32
        b.lo    3f
        mov     x2, x0
        mov     x1, x2
        mov     x0, #100                // the script takes the SPI away
        str     w0, [x29]
        mov     x0, x2
3:      msr     icc_eoir1_el1, x0
        isb
        ldp     x2, x3, [sp, #16]
        ldp     x0, x1, [sp], #32
        eret
]]

local Machine = { __close = function(m) m.vm:close() end }

-- Vectors for IRQs from EL1; vCPUs 0 to count - 1, all on.
local function machine(code, count, options)
  local m = setmetatable({ vm = assert(tv.vm {
    gic = "v3", output = "capture", backend = options and options.backend,
    strict = false }) }, Machine)
  local ok, why = pcall(function()
    m.vm:load(ENTRY, tv.asm("_start:\n" .. common .. code))
    m.vm:load(VECTORS + 0x280, tv.asm(handler))
    m.cpus = {}
    for k = 1, count or 1 do
      m.cpus[k] = assert(m.vm:vcpu { pc = ENTRY, sp = 0x70000 + k * 0x1000 })
    end
    m.vm:hypercall(100, function(_, intid)
      m.taken = (m.taken or 0) + 1
      m.vm:irq(intid, false)
    end)
  end)
  if ok then return m end
  m.vm:close()
  error(why, 0)
end

-- What vCPU n has taken.
local function log_of(m, n)
  local base, list = LOG + 0x1000 * n, {}
  for k = 1, m.vm:read_u32(base) do
    list[k] = m.vm:read_u32(base + 4 * k)
  end
  return list
end

local function run(m) return m.vm:run { timeout = 20 } end

-- Runs until EXIT; its status, which must be this one unless that is `true`.
local function exits(t, m, status)
  local exit = run(m)
  if status == true then status = exit.status end
  t.eq({ exit.kind, exit.reason, exit.status },
    { "shutdown", "exit", status or 0 }, ("%s at %#x"):format(exit.kind,
    exit.pc))
  return exit.status
end

-- A wait may end early (Arm ARM D1.6): on hvf and kvm when what interrupts the
-- run comes just before it, seldom. On soft, never.
local function few(t, waits, least)
  local most = least + (backend.exact and 0 or 3)
  t.ok(waits >= least and waits <= most, waits .. " waits, not " .. least)
end

-- Sources ------------------------------------------------------------------

test("an SGI to oneself is taken, and those of one's list in order",
     function(t)
  local m <close> = machine [[
start:  bl      ready
        mov     w0, #0x80
        strb    w0, [x26, #0x403]       // GICR_IPRIORITYR
        mov     x1, #1                  // SGIs 3, then 1, while masked
        orr     x2, x1, #3 << 24
        msr     icc_sgi1r_el1, x2
        orr     x2, x1, #1 << 24
        msr     icc_sgi1r_el1, x2
        isb
        mrs     x9, icc_hppir1_el1
        msr     daifclr, #2
        isb
        msr     daifset, #2
        mov     x0, x9
        b       exit
  ]]
  exits(t, m, 1)
  t.eq(log_of(m, 0), { 1, 3 })
end)

for intid, name in pairs { [27] = "cntv", [30] = "cntp" } do
  test(name .. " ends a WFI when it fires, and nothing else does", function(t)
    local m <close> = machine((([[
start:  bl      ready
        msr     daifclr, #2
        mrs     x10, TIMERct_el0
        mrs     x11, cntfrq_el0
        lsr     x11, x11, #6            // 16 ms
        add     x10, x10, x11
        msr     TIMER_cval_el0, x10
        mov     x0, #1
        msr     TIMER_ctl_el0, x0
        isb
        mov     x0, #0
1:      add     x0, x0, #1
        wfi
        mrs     x11, TIMERct_el0
        cmp     x11, x10
        b.lo    1b
        b       exit
    ]]):gsub("TIMER", name)))
    gic.needs_timer(t, m.cpus[1], name)
    few(t, exits(t, m, true), 1)
    t.eq(log_of(m, 0), { intid })
  end)
end

test("a WFI with interrupts masked ends when one is pending", function(t)
  local m <close> = machine [[
start:  bl      ready
        mrs     x10, cntvct_el0
        mrs     x11, cntfrq_el0
        lsr     x11, x11, #7
        add     x10, x10, x11
        msr     cntv_cval_el0, x10
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        isb
1:      wfi
        mrs     x11, cntvct_el0
        cmp     x11, x10
        b.lo    1b
        mrs     x0, icc_hppir1_el1
        b       exit
  ]]
  exits(t, m, 27)
  t.eq(log_of(m, 0), {})
end)

test("an SPI of the script ends a wait; without one the run is idle",
     function(t)
  local m <close> = machine [[
start:  bl      ready
        mov     w0, #40
        bl      route
        mov     w0, #255
        bl      route
        msr     daifclr, #2
        mov     x9, #0
1:      wfi
        add     x9, x9, #1
        b       1b
  ]]
  local exit = run(m)
  t.eq(exit.kind, "wfi")
  local wfi = exit.pc
  t.eq(m.cpus[1].pc, wfi + 4)
  for k, intid in ipairs { 40, 255, 40 } do
    m.vm:irq(intid, true)
    exit = run(m)
    t.eq({ exit.kind, exit.pc, m.cpus[1].pc }, { "wfi", wfi, wfi + 4 })
    t.eq(m.taken, k)
    few(t, m.cpus[1].x9, k)
  end
  t.eq(log_of(m, 0), { 40, 255, 40 })
  t.eq(run(m).kind, "wfi", "and goes on behind it")
  few(t, m.cpus[1].x9, 4)
end)

test("an SPI driven before the first run is pending in it", function(t)
  local m <close> = machine [[
start:  bl      ready
        mov     w0, #33
        bl      route
        wfi
        msr     daifclr, #2
        isb
        mov     x0, #5
        b       exit
  ]]
  m.vm:irq(33, true)
  exits(t, m, 5)
  t.eq({ log_of(m, 0), m.taken }, { { 33 }, 1 })
end)

test("an SPI that is an edge is taken once, its input still up", function(t)
  local m <close> = machine [[
start:  bl      ready
        mov     w0, #34
        bl      route
        mov     w0, #2 << 4
        str     w0, [x25, #0xc08]       // GICD_ICFGR2
        msr     daifclr, #2
1:      wfi
        b       1b
  ]]
  m.vm:hypercall(100, function() end)
  t.eq(run(m).kind, "wfi")
  for k = 1, 3 do
    m.vm:irq(34, true)
    t.eq(run(m).kind, "wfi")
    m.vm:irq(34, false)
    t.eq(run(m).kind, "wfi")
    t.eq(#log_of(m, 0), k)
  end
end)

-- Several vCPUs ------------------------------------------------------------

-- Each waits for an SGI and passes it on; the first begins.
local ring = [[
        .equ    ROUNDS, 40
start:  bl      ready
        mov     x21, #ROUNDS
        msr     daifclr, #2
        mov     x19, #0x40000
        add     x19, x19, x28, lsl #12
        mov     w22, #0
        cbz     x28, first
next:   msr     daifset, #2
1:      ldr     w0, [x19]
        cmp     w0, w22
        b.ne    2f
        wfi                             // ends although masked
        msr     daifclr, #2
        isb
        msr     daifset, #2
        b       1b
2:      msr     daifclr, #2
        add     w22, w22, #1
first:  mov     x9, #LAST
        add     x0, x28, #1
        cmp     x28, x9
        csel    x0, xzr, x0, eq
        bl      sgi
        subs    x21, x21, #1
        b.ne    next
        cbz     x28, 3f
4:      wfi
        b       4b
3:      ldr     w0, [x19]               // the last one comes back
        cmp     w0, w22
        b.eq    3b
        mov     x0, #0
        b       exit
]]

test("SGIs go around among waiting vCPUs and none is lost", function(t)
  backend.except(t, "hvf", "with the MMU off its exclusives fault")
  for _, count in ipairs { 2, 4 } do
    local m <close> = machine((ring:gsub("LAST", count - 1)), count)
    exits(t, m)
    for n = 0, count - 1 do
      local list = log_of(m, n)
      t.eq(#list, 40, "vCPU " .. n)
      for _, intid in ipairs(list) do t.eq(intid, 1) end
    end
    t.eq(run(m).kind, "wfi", "the others wait")
  end
end)

test("all waiting is idle, and an SPI wakes the one it goes to", function(t)
  local m <close> = machine([[
start:  bl      ready
        add     w0, w28, #40
        bl      route
        msr     daifclr, #2
1:      wfi
        b       1b
  ]], 3)
  t.eq(run(m).kind, "wfi")
  for _, n in ipairs { 2, 0, 1, 1, 2 } do
    local before = #log_of(m, n)
    m.vm:irq(40 + n, true)
    local exit = run(m)
    t.eq({ exit.kind, #log_of(m, n) }, { "wfi", before + 1 })
  end
  t.eq({ #log_of(m, 0), #log_of(m, 1), #log_of(m, 2) }, { 1, 2, 2 })
end)

test("an SPI from a handler wakes another vCPU, while one runs", function(t)
  local m <close> = machine([[
start:  bl      ready
        cbnz    x28, other
        ldr     x20, =0x41000
1:      mov     x0, #101                // until the other has taken 20
        mov     x1, x28
        str     w0, [x29]
        mov     x2, #2000
2:      subs    x2, x2, #1
        b.ne    2b
        ldr     w0, [x20]
        cmp     w0, #20
        b.lo    1b
        mov     x0, #0
        b       exit
other:  mov     w0, #50
        bl      route
        msr     daifclr, #2
3:      wfi
        b       3b
  ]], 2)
  m.vm:hypercall(101, function() m.vm:irq(50, true) end)
  exits(t, m)
  t.ok(#log_of(m, 1) >= 20)
end)

test("vCPUs that wait can be stopped, and closed", function(t)
  backend.except(t, "soft", "virtual time, which goes on to the timer's")
  for _ = 1, 5 do
    local m <close> = machine([[
start:  bl      ready
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

-- Waits, exactly -----------------------------------------------------------

test("a wait is not ended by the limits of runs", function(t)
  backend.only(t, "kvm hvf", "its time is virtual")
  local m <close> = machine [[
start:  bl      ready
        msr     daifclr, #2
        mrs     x10, cntvct_el0
        mrs     x11, cntfrq_el0
        lsr     x11, x11, #4            // 62 ms
        add     x10, x10, x11
        msr     cntv_cval_el0, x10
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        isb
        mov     x0, #0
1:      add     x0, x0, #1
        wfi
        mrs     x11, cntvct_el0
        cmp     x11, x10
        b.lo    1b
        b       exit
  ]]
  local exit, runs = nil, 0
  repeat
    exit = m.vm:run { timeout = 0.002 }
    runs = runs + 1
  until exit.kind ~= "timeout"
  t.eq(exit.kind, "shutdown")
  few(t, exit.status, 1)
  t.ok(runs > 1, runs)
  t.eq(log_of(m, 0), { 27 })
end)

test("a timer whose PPI is off ends a WFI, and takes nothing", function(t)
  backend.only(t, "kvm", "others do not wait for it")
  local m <close> = machine [[
start:  bl      ready
        mov     w0, #1 << 27
        str     w0, [x26, #0x180]       // GICR_ICENABLER0
        msr     daifclr, #2
        mrs     x10, cntvct_el0
        mrs     x11, cntfrq_el0
        lsr     x11, x11, #6
        add     x10, x10, x11
        msr     cntv_cval_el0, x10
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        isb
        mov     x0, #0
1:      add     x0, x0, #1
        wfi
        mrs     x11, cntvct_el0
        cmp     x11, x10
        b.lo    1b
        b       exit
  ]]
  few(t, exits(t, m, true), 1)
  t.eq(log_of(m, 0), {})
end)

test("a WFI that is stepped waits", function(t)
  backend.except(t, "hvf", "where a step is no wait")
  local m <close> = machine [[
start:  bl      ready
        mov     w0, #40
        bl      route
        msr     daifclr, #2
        wfi
        mov     x9, #1
        mov     x0, #101
        str     w0, [x29]
        wfi
        mov     x9, #2
        b       .
  ]]
  t.eq(run(m).kind, "wfi")
  t.eq(run(m).kind, "hvc")
  local cpu = m.cpus[1]
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
  t.eq({ log_of(m, 0), cpu.x9 }, { { 40 }, 2 })
end)

-- Resets -------------------------------------------------------------------

test("a reset of the VM resets the GIC, and inputs stay", function(t)
  local m <close> = machine [[
start:  mov     x20, #0x50000
        movz    x25, #0x0800, lsl #16
        movz    x26, #0x080b, lsl #16
        mrs     x0, icc_pmr_el1
        mrs     x1, icc_igrpen1_el1
        stp     x0, x1, [x20], #16
        mrs     x0, icc_bpr1_el1
        mrs     x1, icc_ap1r0_el1
        stp     x0, x1, [x20], #16
        ldr     w0, [x25]
        ldr     w1, [x26, #0x100]
        stp     x0, x1, [x20], #16
        ldr     w0, [x25, #0x104]
        ldr     w1, [x25, #0x424]
        stp     x0, x1, [x20], #16
        ldr     w0, [x25, #0x304]
        ldr     w1, [x25, #0xc08]
        stp     x0, x1, [x20], #16
        ldr     w0, [x26, #0x200]
        ldr     w1, [x26, #0x400]
        stp     x0, x1, [x20], #16
        bl      ready
        mov     w0, #38
        bl      route
        mov     w0, #0x80
        strb    w0, [x25, #0x424]
        mov     w0, #0x10
        str     w0, [x26, #0x400]
        mov     w0, #0x20
        str     w0, [x25, #0xc08]
        orr     x1, xzr, #1             // an SGI that stays pending
        orr     x1, x1, #7 << 24
        msr     icc_sgi1r_el1, x1
        mov     w0, #39
        bl      route
        mrs     x2, icc_iar1_el1        // and an SPI that stays active
        mov     x0, #0
        b       exit
  ]]
  m.vm:irq(39, true)
  exits(t, m)
  local first = m.vm:read(DATA, 0x60)
  m.vm:reset()
  m.cpus[1].pc = ENTRY
  exits(t, m)
  t.eq(("%q"):format(m.vm:read(DATA, 0x60)), ("%q"):format(first))
  t.eq({ string.unpack("<I8I8I8I8I8I8", first) },
    { 0, 0, 3, 0, 0x50, 0, 0x31 })
end)

-- Accesses -----------------------------------------------------------------

test("a redistributor that no vCPU has reads as zero", function(t)
  local m <close> = machine [[
start:  bl      ready
        movz    x1, #0x080c, lsl #16
        ldr     w9, [x1, #8]
        str     w9, [x1, #0x14]
        ldr     x10, [x1, #8]
        orr     x0, x9, x10
        b       exit
  ]]
  exits(t, m)
end)

test("GICR_TYPER tells vCPUs apart, and which is the last", function(t)
  local m <close> = machine([[
start:  bl      ready
        ldr     x1, [x27, #8]
        mov     x20, #0x50000
        str     x1, [x20, x28, lsl #3]
1:      wfi
        b       1b
  ]], 3)
  t.eq(run(m).kind, "wfi")
  for n = 0, 2 do
    local typer = m.vm:read_u64(DATA + 8 * n)
    t.eq({ typer >> 32, typer >> 8 & 0xffff, typer >> 4 & 1 },
      { n, n, n == 2 and 1 or 0 })
  end
end)

test("a pair, or writeback, in the GIC's frames is a fault", function(t)
  backend.only(t, "kvm", "others serve each part")
  for _, text in ipairs { "ldp w0, w1, [x25]", "str w0, [x25, #4]!" } do
    local m <close> = machine("start: bl ready\n" .. text)
    local exit = run(m)
    t.eq({ exit.kind, exit.reason }, { "fault", "unsupported" }, text)
    t.ok(exit.addr == 0x08000000 or exit.addr == 0x08000004)
  end
end)

test("the CPU interface's registers are the script's, too", function(t)
  local m <close> = machine [[
start:  bl      ready
        mov     x0, #0
        b       exit
  ]]
  if backend.name == "kvm" then
    t.raises("icc_pmr_el1 is there from the first run on",
      function() return m.cpus[1].icc_pmr_el1 end)
  end
  exits(t, m)
  local cpu = m.cpus[1]
  t.eq({ cpu.icc_pmr_el1, cpu.icc_igrpen1_el1 }, { 0xf8, 1 })
  cpu.icc_pmr_el1 = 0x80
  t.eq(cpu.icc_pmr_el1, 0x80)
end)
