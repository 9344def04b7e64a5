-- SPDX-License-Identifier: MIT
--
-- The GICv3 as a guest finds it: which interrupt comes when, to whom, and what
-- ends it (Arm IHI 0069). The programs use what every backend's GIC has.

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
  local m <close> = gic.machine([[
        bl      init
        mov     w0, #40
        mov     w1, #0xa0
        mov     x2, #0
        bl      spi
  ]] .. ASK .. "hvc #1", { irq = gic.handler "hvc #3" })
  m:to(t, 2)
  m.vm:irq(40, true)
  m:to(t, 3)
  m.vm:irq(40, false)
  m:to(t)
  t.eq(m:log(), { 40 })
end)

test("a level interrupts again until it is lowered, an edge once",
     function(t)
  local m <close> = gic.machine([[
        bl      init
        mov     w0, #50
        mov     w1, #0xa0
        mov     x2, #0
        bl      spi
        mov     w0, #51
        mov     w1, #0x80
        bl      spi
        mov     w0, #0x80               // 51: edge
        str     w0, [x12, #GICD_ICFGR + 12]
  ]] .. ASK .. "hvc #1", { irq = gic.handler "hvc #3" })
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
  local m <close> = gic.machine([[
        bl      init
        mov     w0, #50
        mov     w1, #0xa0
        mov     x2, #0
        bl      spi
        mov     w0, #51
        bl      spi
        mov     w0, #0x80
        str     w0, [x12, #GICD_ICFGR + 12]
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
  local m <close> = gic.machine([[
        bl      init
        mov     w0, #33
        mov     w1, #0xa0
        mov     x2, #0
        bl      spi
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

-- ------------------------------------------------------------- priorities --

-- Makes SPIs pending, in a table {INTID = priority}, then runs `tail`.
local function with(list, tail)
  local out = { "bl init\n" }
  for _, s in ipairs(list) do
    out[#out + 1] = ("mov w0, #%d\n mov w1, #%d\n mov x2, #0\n bl spi\n")
      :format(s[1], s[2])
  end
  return table.concat(out) .. tail
end

-- Makes SPI n (32 to 63) pending.
local function pend(n)
  return ([[
        mov     w5, #%d
        str     w5, [x12, #GICD_ISPENDR + 4]
  ]]):format(1 << n - 32)
end

test("the lowest priority value comes first", function(t)
  local m <close> = gic.machine(with({ { 34, 0xb0 }, { 35, 0x40 },
    { 36, 0x98 } }, [[
        mov     w5, #0x1c
        str     w5, [x12, #GICD_ISPENDR + 4]
        msr     daifclr, #2
        nop
        nop
        hvc     #1
  ]]))
  m:to(t)
  t.eq(m:log(), { 35, 36, 34 })
end)

test("a priority that is not below ICC_PMR_EL1 has to wait", function(t)
  local m <close> = gic.machine(with({ { 34, 0x80 } }, [[
        mov     x0, #0x80
        msr     icc_pmr_el1, x0
        isb
  ]] .. pend(34) .. [[
        mrs     x20, isr_el1
        mrs     x21, icc_hppir1_el1
        mrs     x22, icc_iar1_el1
        mov     x0, #0x88
        msr     icc_pmr_el1, x0
        isb
        mrs     x23, isr_el1
        mrs     x29, icc_iar1_el1
        hvc     #1
  ]]))
  m:to(t)
  t.eq({ m.cpu.x20, m.cpu.x21, m.cpu.x22 }, { 0, 34, 1023 })
  t.eq({ m.cpu.x23, m.cpu.x29 }, { 0x80, 34 })
end)

test("a more urgent interrupt preempts, one of the same priority does not",
     function(t)
  local m <close> = gic.machine(with({ { 34, 0xa0 }, { 35, 0xa0 },
    { 36, 0x60 } }, [[
        mrs     x20, icc_rpr_el1
  ]] .. pend(34) .. [[
        mrs     x21, icc_iar1_el1
        mrs     x22, icc_rpr_el1
  ]] .. pend(35) .. [[
        mrs     x23, icc_iar1_el1
  ]] .. pend(36) .. [[
        mrs     x29, icc_iar1_el1
        mrs     x30, icc_rpr_el1
        mrs     x19, icc_ap1r0_el1
        msr     icc_eoir1_el1, x29
        isb
        mrs     x18, icc_rpr_el1
        msr     icc_eoir1_el1, x21
        isb
        mrs     x17, icc_rpr_el1
        mrs     x16, icc_iar1_el1
        hvc     #1
  ]]))
  m:to(t)
  local c = m.cpu
  t.eq({ c.x20, c.x21, c.x22 }, { 0xff, 34, 0xa0 })
  t.eq(c.x23, 1023, "the same priority")
  t.eq({ c.x29, c.x30, c.x19 }, { 36, 0x60, 1 << 20 | 1 << 12 })
  t.eq({ c.x18, c.x17, c.x16 }, { 0xa0, 0xff, 35 })
end)

test("what ICC_BPR1_EL1 takes from the priority does not preempt",
     function(t)
  local m <close> = gic.machine(with({ { 34, 0xb8 }, { 35, 0xa0 },
    { 36, 0x90 } }, [[
        mov     x0, #0
        msr     icc_bpr1_el1, x0
        mrs     x20, icc_bpr1_el1       // the least there is
        mov     x0, #5
        msr     icc_bpr1_el1, x0
        isb
  ]] .. pend(34) .. [[
        mrs     x21, icc_iar1_el1
        mrs     x22, icc_rpr_el1
  ]] .. pend(35) .. [[
        mrs     x23, icc_iar1_el1
  ]] .. pend(36) .. [[
        mrs     x29, icc_iar1_el1
        hvc     #1
  ]]))
  m:to(t)
  t.eq(m.cpu.x20, 3, "five bits of priority")
  t.eq({ m.cpu.x21, m.cpu.x22 }, { 34, 0xa0 }, "without the lower bits")
  t.eq({ m.cpu.x23, m.cpu.x29 }, { 1023, 36 })
end)

test("an interrupt inside a handler that unmasks nests", function(t)
  local m <close> = gic.machine(with({ { 34, 0xa0 }, { 35, 0x60 } },
    pend(34) .. [[
        msr     daifclr, #2
        nop
        nop
        hvc     #1
  ]]), { irq = [[
        mrs     x24, icc_iar1_el1
        str     w24, [x28], #4
        cmp     w24, #34
        b.ne    1f
        mrs     x25, elr_el1
        mrs     x26, spsr_el1
  ]] .. pend(35) .. [[
        msr     daifclr, #2
        nop
        nop
        msr     daifset, #2
        msr     elr_el1, x25
        msr     spsr_el1, x26
        mov     x24, #34
1:      msr     icc_eoir1_el1, x24
        str     w24, [x28], #4
        isb
        eret
  ]] })
  m:to(t)
  t.eq(m:log(), { 34, 35, 35, 34 })
end)

-- ------------------------------------------------- active, ended, spurious --

test("with nothing to acknowledge ICC_IAR1_EL1 is 1023, and nothing changes",
     function(t)
  local m <close> = gic.machine [[
        bl      init
        mrs     x20, icc_iar1_el1
        mrs     x21, icc_hppir1_el1
        mrs     x22, icc_rpr_el1
        msr     icc_eoir1_el1, x20
        mrs     x23, icc_ap1r0_el1
        hvc     #1
  ]]
  m:to(t)
  t.eq({ m.cpu.x20, m.cpu.x21, m.cpu.x22, m.cpu.x23 },
    { 1023, 1023, 0xff, 0 })
end)

-- SPIs 34 and 35. KVM drops what was made pending of a level with its end.
local EDGES = "mov w5, #0xa0; str w5, [x12, #GICD_ICFGR + 8]\n"

test("an active interrupt does not come again until it is ended",
     function(t)
  local m <close> = gic.machine(with({ { 34, 0xa0 } }, EDGES .. pend(34) .. [[
        mrs     x20, icc_iar1_el1
        ldr     w21, [x12, #GICD_ISACTIVER + 4]
        ldr     w22, [x12, #GICD_ISPENDR + 4]
  ]] .. pend(34) .. [[
        ldr     w23, [x12, #GICD_ISPENDR + 4]
        mrs     x29, icc_iar1_el1
        msr     icc_eoir1_el1, x20
        isb
        ldr     w30, [x12, #GICD_ISACTIVER + 4]
        mrs     x19, icc_iar1_el1
        hvc     #1
  ]]))
  m:to(t)
  local c = m.cpu
  t.eq({ c.x20, c.x21, c.x22 }, { 34, 4, 0 })
  t.eq({ c.x23, c.x29 }, { 4, 1023 })
  t.eq({ c.x30, c.x19 }, { 0, 34 })
end)

test("ISACTIVER holds an interrupt back, ICACTIVER lets it come",
     function(t)
  local m <close> = gic.machine(with({ { 34, 0xa0 } }, [[
        mov     w5, #4
        str     w5, [x12, #GICD_ISACTIVER + 4]
        str     w5, [x12, #GICD_ISPENDR + 4]
        mrs     x20, isr_el1
        ldr     w21, [x12, #GICD_ICACTIVER + 4]
        str     w5, [x12, #GICD_ICACTIVER + 4]
        mrs     x22, isr_el1
        hvc     #1
  ]]))
  m:to(t)
  t.eq({ m.cpu.x20, m.cpu.x21, m.cpu.x22 }, { 0, 4, 0x80 })
end)

test("with EOImode the end drops the priority, ICC_DIR_EL1 deactivates",
     function(t)
  local m <close> = gic.machine(with({ { 34, 0xa0 }, { 35, 0xa0 } }, EDGES .. [[
        mov     x0, #2
        msr     icc_ctlr_el1, x0
        isb
  ]] .. pend(34) .. [[
        mrs     x20, icc_iar1_el1
        msr     icc_eoir1_el1, x20
        isb
        mrs     x21, icc_rpr_el1
        ldr     w22, [x12, #GICD_ISACTIVER + 4]
        mov     w5, #0xc
        str     w5, [x12, #GICD_ISPENDR + 4]
        mrs     x23, icc_iar1_el1       // 35: 34 is active
        msr     icc_eoir1_el1, x23
        msr     icc_dir_el1, x20
        isb
        ldr     w29, [x12, #GICD_ISACTIVER + 4]
        mrs     x30, icc_iar1_el1
        hvc     #1
  ]]))
  m:to(t)
  local c = m.cpu
  t.eq({ c.x20, c.x21, c.x22 }, { 34, 0xff, 4 })
  t.eq({ c.x23, c.x29, c.x30 }, { 35, 8, 34 })
end)

test("group 0 is an FIQ and has acknowledge registers of its own",
     function(t)
  local m <close> = gic.machine([[
        bl      init
        mov     w0, #0x80000000         // PPI 31 in group 0... and SGI 3
        orr     w0, w0, #8
        mvn     w0, w0
        str     w0, [x11, #0x80]
        mov     w0, #8
        str     w0, [x11, #GICD_ISENABLER]
        str     w0, [x11, #GICD_ISPENDR]
        mrs     x20, isr_el1
        mrs     x21, icc_iar1_el1
        mrs     x22, icc_hppir0_el1
        msr     daifclr, #1
        nop
        nop
        hvc     #1
  ]], { fiq = [[
        mrs     x24, icc_iar0_el1
        str     w24, [x28], #4
        mrs     x23, icc_ap0r0_el1
        msr     icc_eoir0_el1, x24
        isb
        eret
  ]] })
  m:to(t)
  t.eq({ m.cpu.x20, m.cpu.x21, m.cpu.x22 }, { 0x40, 1023, 3 })
  t.eq(m.cpu.x23, 1)
  t.eq(m:log(), { 3 })
end)

-- ----------------------------------------------------------------- timers --

local TIMERS = { cntv = 27, cntp = 30 }

for kind, ppi in pairs(TIMERS) do
  local function timer(text)
    return (text:gsub("CNT", kind):gsub("BIT", ("%#x"):format(1 << ppi)))
  end

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

test("a WFI whose timer cannot interrupt has nothing to wait for",
     function(t)
  backend.only(t, "soft", "the kernel waits, and does not say for what")
  local m <close> = gic.machine [[
        bl      init
        mov     x0, #1000
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        wfi
        hvc     #1
  ]]
  t.eq(m.cpu:run(10000).kind, "wfi")
  m:to(t)
end)

-- ------------------------------------------------------------------- SGIs --

test("a vCPU may interrupt itself", function(t)
  local m <close> = gic.machine [[
        bl      init
        mov     w0, #0xffff
        str     w0, [x11, #GICD_ISENABLER]
        msr     daifclr, #2
        ldr     x0, =0x5000001          // SGI 5 to affinity 0
        msr     icc_sgi1r_el1, x0
        isb
        nop
        hvc     #1
        .ltorg
  ]]
  m:to(t)
  t.eq(m:log(), { 5 })
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
