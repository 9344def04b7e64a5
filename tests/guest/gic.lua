-- SPDX-License-Identifier: MIT
--
-- The GICv3 as a guest finds it (Arm IHI 0069): what the registers tell, where
-- interrupts come from and to whom they go, and what a reset leaves. The
-- programs use what every backend's GIC has. Which one comes first is in
-- gic_priorities.lua, waiting in gic_waits.lua, breakpoints and steps in
-- gic_debug.lua; what is soft's alone in gic_soft.lua and gic_hostile.lua;
-- gic_qemu.lua is a second opinion.

local test = require "tap"
local tv = require "tinyvmm"
local backend = require "backend"
local gic = require "guest._gic"

-- ------------------------------------------------- what the guest is told --

test("the registers of identification say what there is", function(t)
  local m <close> = gic.machine([[
        bl      init
        ldr     w20, [x12, #4]          // GICD_TYPER
        mov     x0, #0xffe8             // GICD_PIDR2, GICR_PIDR2
        ldr     w21, [x12, x0]
        ldr     w22, [x10, x0]
        ldr     x23, [x10, #8]          // GICR_TYPER
        ldr     w29, [x12]              // GICD_CTLR
        mrs     x30, id_aa64pfr0_el1
        mrs     x19, icc_sre_el1
        hvc     #1
  ]])
  m:to(t)
  t.eq(m.cpu.x20 & 31, 7, "SPIs 32 to 255")
  t.eq({ m.cpu.x21 >> 4 & 15, m.cpu.x22 >> 4 & 15 }, { 3, 3 }, "GICv3")
  t.eq(m.cpu.x23, 1 << 4, "affinity 0, processor 0, the last one, no LPIs")
  t.eq(m.cpu.x29 & 0x52, 0x52, "ARE and DS, and group 1 enabled")
  t.eq(m.cpu.x30 >> 24 & 15, 1)
  t.eq(m.cpu.x19 & 1, 1)
end)

test("without a GIC its registers are undefined, and nothing is mapped",
     function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu { pc = 0x10000 })
  vm:load(0x10000, tv.asm "mrs x0, id_aa64pfr0_el1; mrs x1, icc_pmr_el1")
  local exit = cpu:run(10)
  if backend.name == "kvm" and exit.pc > 0x10004 then
    t.not_here("this kernel shows guests the host's")
  end
  t.eq({ exit.kind, exit.reason, exit.pc }, { "fault", "undefined", 0x10004 })
  if backend.exact then t.eq(cpu.x0 >> 24 & 15, 0) end
  vm:load(0x10000, tv.asm "ldr w0, [x2]")
  cpu.pc, cpu.x2 = 0x10000, 0x08000000
  exit = cpu:run(10)
  t.eq({ exit.kind, exit.reason }, { "fault", "unmapped" })
end)

test("each vCPU has the redistributor of its affinity", function(t)
  local m <close> = gic.machine([[
        bl      init
        ldr     x20, [x10, #8]          // GICR_TYPER
        mrs     x21, mpidr_el1
        cbz     x19, 1f
        wfi
1:      ldr     w22, [x10, #0x14]
        hvc     #1
  ]], { vcpus = 3 })
  for k = 0, 2 do
    local exit = m.cpus[k]:run(10000)
    local cpu = m.cpus[k]
    t.ok(exit.kind == "hvc" or exit.kind == "wfi")
    t.eq(cpu.x21 & 0xffff, k)
    t.eq(cpu.x20 >> 32, k, "Affinity_Value")
    t.eq(cpu.x20 >> 8 & 0xffff, k, "Processor_Number")
    t.eq(cpu.x20 >> 4 & 1, k == 2 and 1 or 0, "Last")
  end
end)

-- ----------------------------------------------------------------- inputs --

-- Waits for the host to do something, then for interrupts, then ends.
local ASK = [[
        hvc     #2
        msr     daifclr, #3
        nop
        nop
        msr     daifset, #3
]]

test("an SPI's input interrupts the vCPU that it is routed to", function(t)
  local m <close> = gic.machine("bl init\n" .. gic.spi(40, 0xa0) .. ASK
    .. "hvc #1", { irq = gic.handler "hvc #3" })
  m:to(t, 2)
  m.vm:irq(40, true)
  m:to(t, 3)
  m.vm:irq(40, false)
  m:to(t)
  t.eq(m:log(), { 40 })
end)

-- SPI 50, a level, and SPI 51, an edge, which comes first.
local BOTH = "bl init\n" .. gic.spi(50, 0xa0) .. gic.spi(51, 0x80) .. [[
        mov     w0, #0x80
        str     w0, [x12, #GICD_ICFGR + 12]
]]

test("a level interrupts again until it is lowered, an edge once",
     function(t)
  local m <close> = gic.machine(BOTH .. ASK .. "hvc #1",
    { irq = gic.handler "hvc #3" })
  m:to(t, 2)
  m.vm:irq(50, true)
  m.vm:irq(51, true)
  for _ = 1, 4 do
    m:to(t, 3)
    m.vm:irq(51, true)                  -- as it is already
  end
  m.vm:irq(50, false)
  m:to(t)
  t.eq(m:log(), { 51, 50, 50, 50 })
end)

test("an edge stays pending when its input falls, a level does not",
     function(t)
  local m <close> = gic.machine(BOTH .. [[
        hvc     #2
        ldr     w20, [x12, #GICD_ISPENDR + 4]
        hvc     #2
        ldr     w21, [x12, #GICD_ISPENDR + 4]
  ]] .. ASK .. "hvc #1")
  m:to(t, 2)
  m.vm:irq(50, true)
  m.vm:irq(51, true)
  m:to(t, 2)
  m.vm:irq(50, false)
  m.vm:irq(51, false)
  m:to(t, 2)
  t.eq({ m.cpu.x20, m.cpu.x21 }, { 3 << 18, 2 << 18 })
  m:to(t)
  t.eq(m:log(), { 51 })
end)

test("an interrupt that was pending while disabled comes when enabled",
     function(t)
  local m <close> = gic.machine("bl init\n" .. gic.spi(33, 0xa0) .. [[
        mov     w5, #2
        str     w5, [x12, #GICD_ICENABLER + 4]
        str     w5, [x12, #GICD_ISPENDR + 4]
        msr     daifclr, #2
        nop
        nop
        ldr     w20, [x12, #GICD_ISENABLER + 4]
        sub     x21, x28, #LOG & 0xfff
        str     w5, [x12, #GICD_ISENABLER + 4]
        nop
        nop
        ldr     w22, [x12, #GICD_ISPENDR + 4]
        hvc     #1
  ]])
  m:to(t)
  t.eq(m.cpu.x20, 0)
  t.eq(m.cpu.x21, gic.LOG, "nothing came")
  t.eq(m:log(), { 33 })
  t.eq(m.cpu.x22, 0, "acknowledging ends what ISPENDR made pending")
end)

-- ----------------------------------------------------------------- timers --

for kind, ppi in pairs(gic.TIMERS) do
  local function timer(text) return gic.timer(kind, text) end

  test(kind .. " is PPI " .. ppi .. ", and ends a WFI when its time comes",
       function(t)
    local m <close> = gic.machine(timer [[
        bl      init
        ldr     w0, =BIT
        str     w0, [x11, #GICD_ISENABLER]
        mrs     x20, cntvct_el0
        mov     x0, #1000
        msr     CNT_tval_el0, x0
        mov     x0, #1
        msr     CNT_ctl_el0, x0
        isb
        wfi
        ldr     w21, [x11, #GICD_ISPENDR]
        mrs     x22, cntvct_el0
        msr     daifclr, #2
        nop
        nop
        ldr     w23, [x11, #GICD_ISPENDR]
        hvc     #1
        .ltorg
    ]], { irq = gic.handler(timer "msr CNT_ctl_el0, xzr; isb") })
    gic.needs_timer(t, m.cpu, kind)
    m:to(t)
    t.eq(m.cpu.x21, 1 << ppi, "masked, it ends the WFI and is pending")
    t.ok(m.cpu.x22 - m.cpu.x20 >= 1000)
    t.eq(m:log(), { ppi })
    t.eq(m.cpu.x23, 0, "it is a level, which the handler has lowered")
  end)

  test(kind .. " does not interrupt while its PPI is disabled", function(t)
    local m <close> = gic.machine(timer [[
        bl      init
        mov     x0, #10
        msr     CNT_tval_el0, x0
        mov     x0, #1
        msr     CNT_ctl_el0, x0
        isb
        msr     daifclr, #2
1:      mrs     x0, CNT_ctl_el0
        tbz     x0, #2, 1b
        ldr     w20, [x11, #GICD_ISPENDR]
        ldr     x21, =LOG
        sub     x21, x28, x21
        ldr     w0, =BIT
        str     w0, [x11, #GICD_ISENABLER]
        nop
        nop
        hvc     #1
        .ltorg
    ]], { irq = gic.handler(timer "msr CNT_ctl_el0, xzr; isb") })
    m:to(t)
    t.eq({ m.cpu.x20, m.cpu.x21 }, { 1 << ppi, 0 })
    t.eq(m:log(), { ppi })
  end)
end

-- ------------------------------------------------------------------- SGIs --

test("SGIs to oneself come by their priority", function(t)
  local m <close> = gic.machine(gic.READY .. [[
        mov     w0, #0x80
        strb    w0, [x11, #GICD_IPRIORITYR + 3]
        ldr     x0, =0x3000001          // SGI 3 to affinity 0, then 1
        msr     icc_sgi1r_el1, x0
        ldr     x0, =0x1000001
        msr     icc_sgi1r_el1, x0
        isb
        mrs     x20, icc_hppir1_el1
        msr     daifclr, #2
        isb
        nop
        hvc     #1
        .ltorg
  ]])
  m:to(t)
  t.eq(m.cpu.x20, 1)
  t.eq(m:log(), { 1, 3 })
end)

-- vCPU 0 waits until the others are ready, does `send`, waits until `count`
-- interrupts have come, and ends. The others sleep.
local function sgis(send, count)
  return ([[
        bl      init
        mov     w0, #0xffff
        str     w0, [x11, #GICD_ISENABLER]
        ldr     x20, =0x50000
        cbz     x19, 1f
        mov     w0, #1
        add     x1, x20, x19, lsl #3
        msr     daifclr, #2
        str     w0, [x1]
2:      wfi
        b       2b
1:      ldr     w0, [x20, #8]
        ldr     w1, [x20, #16]
        ldr     w2, [x20, #24]
        and     w0, w0, w1
        and     w0, w0, w2
        yield
        cbz     w0, 1b
        msr     daifclr, #2
        %s
        isb
3:      ldr     w0, [x20, #64]
        ldr     w1, [x20, #72]
        ldr     w2, [x20, #80]
        ldr     w3, [x20, #88]
        add     w0, w0, w1
        add     w2, w2, w3
        add     w0, w0, w2
        yield
        cmp     w0, #%d
        b.lo    3b
        hvc     #1
        .ltorg
  ]]):format(send, count),
  { vcpus = 4, irq = gic.handler [[
        ldr     x25, =0x50000 + 64
        add     x25, x25, x19, lsl #3
        ldr     w26, [x25]
        add     w26, w26, #1
        str     w26, [x25]
  ]] .. "\n" }
end

local function logs(m)
  return { m:log(0), m:log(1), m:log(2), m:log(3) }
end

test("an SGI goes to the vCPUs of its target list", function(t)
  local m <close> = gic.machine(sgis([[
        ldr     x0, =0x300000a          // SGI 3 to 1 and 3
        msr     icc_sgi1r_el1, x0
  ]], 2))
  m:to(t)
  t.eq(logs(m), { {}, { 3 }, {}, { 3 } })
end)

test("an SGI with IRM goes to all but the sender", function(t)
  local m <close> = gic.machine(sgis([[
        ldr     x0, =0x10007000001      // SGI 7, the list is ignored
        msr     icc_sgi1r_el1, x0
  ]], 3))
  m:to(t)
  t.eq(logs(m), { {}, { 7 }, { 7 }, { 7 } })
end)

test("SGIs to affinities that nobody has are lost", function(t)
  local m <close> = gic.machine(sgis([[
        ldr     x0, =0x1010001          // Aff1 is 1
        msr     icc_sgi1r_el1, x0
        ldr     x0, =0x101000001        // Aff2 is 1
        msr     icc_sgi1r_el1, x0
        ldr     x0, =0x100fff0          // Aff0 4 to 15
        msr     icc_sgi1r_el1, x0
        ldr     x0, =0x2000008
        msr     icc_sgi1r_el1, x0
  ]], 1))
  m:to(t)
  t.eq(logs(m), { {}, {}, {}, { 2 } })
end)

test("an SPI follows its route, and waits while there is nobody there",
     function(t)
  backend.except(t, "kvm", "which looks at the route when the SPI comes")
  local m <close> = gic.machine(sgis([[
        mov     w0, #40
        mov     w1, #0x80
        mov     x2, #0x500              // Aff1 is 5
        bl      spi
        mov     w5, #0x100
        str     w5, [x12, #GICD_ISPENDR + 4]
        nop
        mov     x2, #2
        add     x3, x12, #GICD_IROUTER
        str     x2, [x3, #40 * 8]
  ]], 1))
  m:to(t)
  t.eq(logs(m), { {}, {}, { 40 }, {} })
end)

-- --------------------------------------------------------------- accesses --

test("a redistributor that no vCPU has reads as zero", function(t)
  local m <close> = gic.machine [[
        bl      init
        add     x1, x10, #0x20000
        ldr     w9, [x1, #8]
        str     w9, [x1, #0x14]
        ldr     x20, [x1, #8]
        orr     x20, x20, x9
        hvc     #1
  ]]
  m:to(t)
  t.eq(m.cpu.x20, 0)
end)

test("a pair, or writeback, in the GIC's frames is a fault", function(t)
  backend.only(t, "kvm", "others serve each part")
  for _, text in ipairs { "ldp w0, w1, [x12]", "str w0, [x12, #4]!" } do
    local m <close> = gic.machine("bl init\n" .. text)
    local exit = m.vm:run { timeout = 20 }
    t.eq({ exit.kind, exit.reason }, { "fault", "unsupported" }, text)
    t.ok(exit.addr == 0x08000000 or exit.addr == 0x08000004)
  end
end)

test("the CPU interface's registers are the script's, too", function(t)
  local m <close> = gic.machine "bl init; hvc #1"
  if backend.name == "kvm" then
    t.raises("icc_pmr_el1 is there from the first run on",
      function() return m.cpu.icc_pmr_el1 end)
  end
  m:to(t)
  t.eq({ m.cpu.icc_pmr_el1, m.cpu.icc_igrpen1_el1 }, { 0xf0, 1 })
  m.cpu.icc_pmr_el1 = 0x80
  t.eq(m.cpu.icc_pmr_el1, 0x80)
end)

-- ----------------------------------------------------------------- resets --

test("a reset of the VM resets the GIC, and inputs stay", function(t)
  local m <close> = gic.machine([[
        ldr     x20, =0x50000
        ldr     x12, =0x08000000
        ldr     x11, =0x080b0000
        mrs     x0, icc_pmr_el1
        mrs     x1, icc_igrpen1_el1
        stp     x0, x1, [x20], #16
        mrs     x0, icc_bpr1_el1
        mrs     x1, icc_ap1r0_el1
        stp     x0, x1, [x20], #16
        ldr     w0, [x12]
        ldr     w1, [x11, #GICD_ISENABLER]
        stp     x0, x1, [x20], #16
        ldr     w0, [x12, #GICD_ISENABLER + 4]
        ldr     w1, [x12, #GICD_IPRIORITYR + 36]
        stp     x0, x1, [x20], #16
        ldr     w0, [x12, #GICD_ISACTIVER + 4]
        ldr     w1, [x12, #GICD_ICFGR + 8]
        stp     x0, x1, [x20], #16
        ldr     w0, [x11, #GICD_ISPENDR]
        ldr     w1, [x11, #GICD_IPRIORITYR]
        stp     x0, x1, [x20], #16
]] .. gic.READY .. gic.spi(38, 0x80) .. [[
        mov     w0, #0x10
        str     w0, [x11, #GICD_IPRIORITYR]
        mov     w0, #0x20
        str     w0, [x12, #GICD_ICFGR + 8]
        ldr     x0, =0x7000001          // an SGI that stays pending
        msr     icc_sgi1r_el1, x0
]] .. gic.spi(39, 0) .. [[
        mrs     x2, icc_iar1_el1        // and an SPI that stays active
        hvc     #1
        .ltorg
  ]])
  m.vm:irq(39, true)
  m:to(t)
  local first = m.vm:read(0x50000, 0x60)
  m.vm:reset()
  m:to(t)
  t.eq(("%q"):format(m.vm:read(0x50000, 0x60)), ("%q"):format(first))
  t.eq({ string.unpack("<I8I8I8I8I8I8", first) },
    { 0, 0, 3, 0, 0x50, 0, 0x31 })
end)

test("inputs stay over a reset, what the guest has set up does not",
     function(t)
  local m <close> = gic.machine [[
        bl      init
        mov     w0, #40
        mov     w1, #0xa0
        mov     x2, #0
        mrs     x20, icc_pmr_el1
        ldr     w21, [x12, #GICD_ISENABLER + 4]
        bl      spi
        ldr     w22, [x12, #GICD_ISPENDR + 4]
        hvc     #1
  ]]
  m.vm:irq(40, true)
  m:to(t)
  t.eq(m.cpu.x22, 1 << 8)
  m.vm:reset()
  m:to(t)
  t.eq({ m.cpu.x20, m.cpu.x21, m.cpu.x22 }, { 0xf0, 0, 1 << 8 })
end)
