-- SPDX-License-Identifier: MIT
--
-- soft's GIC: what is exact there (slices, one of N), and what a script sees of
-- it.

local test = require "tap"
require "backend".only_file("soft", "counts steps, or is soft's own choice")
local tv = require "tinyvmm"
local gic = require "guest._gic"
local guest = require "guest._guest"

local D, R = 0x08000000, 0x080a0000

-- ----------------------------------------------------------------- slices --

-- Each of four vCPUs has a timer of its own period; its handler interrupts the
-- next vCPU and, every eighth time, all others; SGIs mix time and place into
-- a hash. vCPU 0 ends it all. Two compute, two sleep.
local RING = [[
        bl      init
        mov     w0, #0xffff
        orr     w0, w0, #1 << 27
        str     w0, [x11, #GICD_ISENABLER]
        mov     w0, #0x40               // the timer preempts nobody
        strb    w0, [x11, #GICD_IPRIORITYR + 27]
        add     x20, x19, #7
        msr     cntv_tval_el0, x20
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        add     x21, x19, #1
        and     x21, x21, #3
        mov     x0, #1
        lsl     x21, x0, x21
        orr     x21, x21, #3 << 24      // SGI 3 to the next
        ldr     x22, =0x10005000000     // SGI 5 to all others
        msr     daifclr, #2
1:      cbnz    x19, 2f
        cmp     x23, #200
        b.lo    2f
        hvc     #1
2:      tbz     x19, #0, 3f
        wfi
        b       1b
3:      add     x18, x18, #1
        eor     x17, x17, x18, ror #9
        tst     x18, #63
        b.ne    1b
        yield
        b       1b
        .ltorg
]]
local RING_IRQ = [[
        mrs     x24, icc_iar1_el1
        mrs     x26, nzcv
        cmp     x24, #27
        b.ne    1f
        msr     cntv_tval_el0, x20
        add     x16, x16, #1
        tst     x16, #7
        csel    x25, x22, x21, eq
        msr     icc_sgi1r_el1, x25
        b       2f
1:      add     x23, x23, #1
        mrs     x25, cntvct_el0
        mrs     x27, elr_el1
        add     x25, x25, x27
        add     x25, x25, x24
        eor     x15, x25, x15, ror #5
2:      msr     icc_eoir1_el1, x24
        msr     nzcv, x26
        eret
]]

local function snapshot(m)
  local parts = { guest.snapshot(m.vm) }
  for k = 0, #m.cpus do
    for _, name in ipairs { "ap1r0", "rpr", "hppir1", "pmr", "bpr1" } do
      parts[#parts + 1] = m.cpus[k]["icc_" .. name .. "_el1"]
    end
  end
  return table.concat(parts, " ")
end

local function ring(t, slice)
  local m <close> = gic.machine(RING, { vcpus = 4, irq = RING_IRQ })
  local exit, slices = nil, 0
  repeat
    exit = m.vm:run { budget = slice() }
    slices = slices + 1
  until exit.kind ~= "budget"
  t.eq({ exit.kind, exit.imm }, { "hvc", 1 })
  for k = 0, 3 do
    t.ok(m.cpus[k].x16 > 50 and m.cpus[k].x23 > 50, "vCPU " .. k)
  end
  return snapshot(m), slices
end

test("timers and SGIs among four vCPUs do not see how a run is sliced",
     function(t)
  local want, slices = ring(t, function() end)
  t.eq(slices, 1)
  t.ok(ring(t, function() return 1 end) == want, "steps of one")
  for k = 1, 10 do
    local largest = 1 << k + 3
    t.ok(ring(t, function() return t.random(0, largest) end) == want,
      "slices of up to " .. largest)
  end
end)

test("tracing every step changes nothing", function(t)
  local want = ring(t, function() end)
  local m <close> = gic.machine(RING, { vcpus = 4, irq = RING_IRQ })
  local steps = 0
  m.vm:trace(function(text)
    steps = steps + select(2, text:gsub("\n", ""))
  end)
  t.eq(m.vm:run().kind, "hvc")
  local total = 0
  for k = 0, 3 do total = total + m.cpus[k].icount end
  t.eq(steps, total)
  t.ok(snapshot(m) == want)
end)

test("an access to the GIC is one step, and an interrupt comes after it",
     function(t)
  local m <close> = gic.machine [[
        bl      init
        mov     w0, #2
        str     w0, [x11, #GICD_ISENABLER]
        msr     daifclr, #2
        hvc     #2
        str     w0, [x11, #GICD_ISPENDR]
        hvc     #1
  ]]
  m:to(t, 2)
  local at, time = m.cpu.icount, m.vm.time
  t.eq(m.cpu:run(1).kind, "budget")
  t.eq({ m.cpu.icount - at, m.vm.time - time }, { 1, 1 })
  local after = m.cpu.pc
  m.cpu:run(1)
  t.eq(m.cpu.elr_el1, after)
  m:to(t)
  t.eq(m:log(), { 1 })
end)

test("a timer's interrupt comes at its nanosecond", function(t)
  for ticks = 5, 12 do
    local m <close> = gic.machine([[
        bl      init
        mov     w0, #1 << 27
        str     w0, [x11, #GICD_ISENABLER]
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        msr     daifclr, #2
        hvc     #2
1:      b       1b
    ]], { irq = "hvc #1" })
    m.cpu.cntv_cval_el0 = -1
    m:to(t, 2)
    local at = (m.vm.time // 16 + ticks)
    m.cpu.cntv_cval_el0 = at
    m:to(t)
    t.eq(m.vm.time, at * 16 + 2, "the branch of the vector, and the hvc")
  end
end)

-- ---------------------------------------------------------------- choices --

test("of equal priorities the lowest INTID comes first", function(t)
  local m <close> = gic.machine("bl init\n" .. gic.spi(200, 0x80)
    .. gic.spi(70, 0x80) .. [[
        mov     w0, #0x80
        strb    w0, [x11, #GICD_IPRIORITYR + 9]
        mov     w0, #1 << 9
        str     w0, [x11, #GICD_ISENABLER]
        mov     w1, #1 << 6
        str     w1, [x12, #GICD_ISPENDR + 8]
        mov     w1, #1 << 8
        str     w1, [x12, #GICD_ISPENDR + 24]
        str     w0, [x11, #GICD_ISPENDR]
        msr     daifclr, #2
        nop
        hvc     #1
  ]])
  m:to(t)
  t.eq(m:log(), { 9, 70, 200 })
end)

-- Makes SPI 40 one of N, then does `choice`; vCPU 0 ends it.
local function one_of_n(choice)
  return gic.machine([[
        bl      init
        cbz     x19, 1f
        msr     daifclr, #2
]] .. choice .. [[
2:      wfi
        b       2b
1:      mov     w0, #40
        mov     w1, #0x80
        mov     x2, #1 << 31
        bl      spi
        mov     x0, #0
        msr     icc_igrpen1_el1, x0
        yield
        yield
        mov     w5, #0x100
        str     w5, [x12, #GICD_ISPENDR + 4]
        ldr     x20, [x12, #0x6140]
        yield
        yield
        hvc     #1
  ]], { vcpus = 4 })
end

test("one of N goes to the first vCPU that takes its group", function(t)
  local cases = { { "", 1 },
    { "cmp x19, #1; cset x0, ne; msr icc_igrpen1_el1, x0", 2 },
    { "cmp x19, #3; cset w0, ne; lsl w0, w0, #1; str w0, [x10, #0x14]", 3 } }
  for _, case in ipairs(cases) do
    local m <close> = one_of_n(case[1] .. "\n")
    m:to(t)
    t.eq(m.cpu.x20, 1 << 31)
    for k = 0, 3 do
      t.eq(m:log(k), k == case[2] and { 40 } or {}, "vCPU " .. k)
    end
  end
end)

test("one of N is chosen anew when the vCPU is gone", function(t)
  local m <close> = one_of_n "msr daifset, #2\n"
  m:to(t)
  t.eq({ m.cpus[1].isr_el1, m.cpus[2].isr_el1 }, { 0x80, 0 })
  m.cpus[1]:close()
  t.eq({ m.cpus[2].isr_el1, m.cpus[3].isr_el1 }, { 0x80, 0 })
end)

test("an SPI that another vCPU deactivates comes again", function(t)
  local m <close> = gic.machine([[
        bl      init
        mov     x0, #2                  // EOImode
        msr     icc_ctlr_el1, x0
        cbz     x19, 1f
        hvc     #2
        mov     x0, #40
        msr     icc_dir_el1, x0
        hvc     #3
1:      mov     w0, #40
        mov     w1, #0x80
        mov     x2, #0
        bl      spi
        mov     w5, #0x100
        str     w5, [x12, #GICD_ISPENDR + 4]
        mrs     x20, icc_iar1_el1
        msr     icc_eoir1_el1, x20
        str     w5, [x12, #GICD_ISPENDR + 4]
        mrs     x21, isr_el1
        yield
        mrs     x22, isr_el1
        hvc     #1
  ]], { vcpus = 2 })
  m:to(t, 2)
  t.eq({ m.cpu.x20, m.cpu.x21, m.cpu.isr_el1 }, { 40, 0, 0 })
  m:to(t, 3)
  t.eq(m.cpu.isr_el1, 0x80)
end)

test("ICC_SGI0R and ICC_ASGI1R reach group 0 only, ICC_SGI1R both",
     function(t)
  for name, groups in pairs { sgi0r = 1, asgi1r = 1, sgi1r = 3 } do
    local m <close> = gic.machine(([[
        bl      init
        mov     w0, #~1                 // SGI 0 in group 0, SGI 1 in group 1
        str     w0, [x11, #0x80]
        mov     x0, #1
        msr     icc_%s_el1, x0
        ldr     x0, =0x1000001
        msr     icc_%s_el1, x0
        ldr     w20, [x11, #GICD_ISPENDR]
        hvc     #1
        .ltorg
    ]]):format(name, name))
    m:to(t)
    t.eq(m.cpu.x20, groups, name)
  end
end)

test("another vCPU's redistributor shows its timers as they are", function(t)
  local m <close> = gic.machine([[
        bl      init
        cbz     x19, 1f
        mov     x0, #500
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        yield
        b       .
1:      yield
        add     x1, x11, #0x20000
        ldr     w20, [x1, #GICD_ISPENDR]
        mov     x0, #9000
2:      sub     x0, x0, #1
        cbnz    x0, 2b
        ldr     w21, [x1, #GICD_ISPENDR]
        hvc     #1
  ]], { vcpus = 2 })
  m:to(t)
  t.eq({ m.cpu.x20, m.cpu.x21 }, { 0, 1 << 27 })
end)

test("a redistributor that sleeps signals nothing, and wakes up with it",
     function(t)
  local m <close> = gic.machine [[
        bl      init
        mov     w0, #2
        str     w0, [x11, #GICD_ISENABLER]
        str     w0, [x10, #0x14]        // GICR_WAKER.ProcessorSleep
        ldr     w20, [x10, #0x14]
        str     w0, [x11, #GICD_ISPENDR]
        mrs     x21, isr_el1
        str     wzr, [x10, #0x14]
        mrs     x22, isr_el1
        hvc     #1
  ]]
  m:to(t)
  t.eq({ m.cpu.x20, m.cpu.x21, m.cpu.x22 }, { 6, 0, 0x80 })
end)

-- ------------------------------------------------------------ the script --

test("a script that looks at ICC_IAR1_EL1 acknowledges nothing", function(t)
  local m <close> = gic.machine [[
        bl      init
        mov     w0, #2
        str     w0, [x11, #GICD_ISENABLER]
        str     w0, [x11, #GICD_ISPENDR]
        hvc     #1
  ]]
  m:to(t)
  for _ = 1, 2 do
    t.eq(m.cpu.icc_iar1_el1, 1)
    t.eq({ m.cpu.icc_rpr_el1, m.cpu.isr_el1 }, { 0xff, 0x80 })
  end
  m.cpu.icc_pmr_el1 = 0
  t.eq({ m.cpu.icc_iar1_el1, m.cpu.icc_hppir1_el1 }, { 1023, 1 })
  t.raises("icc_iar1_el1 can only be read", function()
    m.cpu.icc_iar1_el1 = 1
  end)
  t.raises("icc_eoir1_el1", function() return m.cpu.icc_eoir1_el1 end)
  t.raises("icc_ap1r1_el1", function() return m.cpu.icc_ap1r1_el1 end)
end)

test("vCPUs are made before the first run, and have no lines",
     function(t)
  local m <close> = gic.machine "bl init; hvc #1"
  t.eq(m.vm.gic, "v3")
  m:to(t)
  local cpu, why, code = m.vm:vcpu {}
  t.eq({ cpu, code }, { nil, "state" })
  t.ok(why:find "make all before it")
  t.raises("the GIC drives the lines", m.cpu.irq, m.cpu, true)
  t.raises("the GIC drives the lines", m.cpu.fiq, m.cpu, false)
  t.raises("32 to 255", m.vm.irq, m.vm, 31, true)
  t.raises("32 to 255, not -1", m.vm.irq, m.vm, -1, true)
  t.raises("32 to 255, not 4294967328", m.vm.irq, m.vm, 1 << 32 | 32, true)
end)

test("what the GIC's frames have no room for is refused", function(t)
  local vm, why, code = tv.vm { gic = "v3", ram = "256M" }
  t.eq({ vm, code }, { nil, "overlap" })
  t.ok(why:find "overlaps the GIC", why)
  vm, why, code = tv.vm { gic = "v3", granule = 1 << 20 }
  t.eq({ vm, code }, { nil, "invalid" })
  t.ok(why:find "may not be more, as 0x100000 is", why)
  vm, why = tv.vm { gic = "v3", timer = "exit" }
  t.ok(not vm and why:find "leave out one of the two", why)
end)

test("a reset forgets all but the inputs", function(t)
  local m <close> = gic.machine("bl init\n" .. gic.spi(40, 0x80) .. [[
        mov     w0, #2
        str     w0, [x11, #GICD_ISENABLER]
        str     w0, [x11, #GICD_ISPENDR]
        str     w0, [x11, #GICD_ISACTIVER]
        mrs     x0, icc_iar1_el1
        hvc     #1
  ]])
  m.vm:irq(40, true)
  m:to(t)
  t.eq({ m.cpu.x0, m.cpu.icc_rpr_el1 }, { 40, 0x80 })
  m.vm:reset()
  t.eq({ m.cpu.icc_pmr_el1, m.cpu.icc_rpr_el1, m.cpu.icc_igrpen1_el1,
    m.cpu.icc_bpr0_el1, m.cpu.icc_bpr1_el1, m.cpu.icc_ap1r0_el1 },
    { 0, 0xff, 0, 2, 3, 0 })
  m.vm:load(0x20000, tv.asm(([[
        ldr     x10, =%d
        add     x11, x10, #0x10000
        ldr     x12, =%d
        ldr     w0, [x10, #0x14]
        ldr     w1, [x11, #0x100]
        ldr     w2, [x11, #0x200]
        ldr     w3, [x11, #0x300]
        ldr     w4, [x12, #0x204]
        ldr     w5, [x12, #0x104]
        ldr     w6, [x12, #0x304]
        ldr     w7, [x12, #0x428]
        ldr     w8, [x12]
        ldr     w9, [x12, #0x84]
        hvc     #1
        .ltorg
  ]]):format(R, D)))
  m.cpu.pc = 0x20000
  m:to(t)
  local c = m.cpu
  t.eq({ c.x0, c.x1, c.x2, c.x3 }, { 6, 0, 0, 0 })
  t.eq({ c.x4, c.x5, c.x6, c.x7 }, { 1 << 8, 0, 0, 0 }, "the input is up")
  t.eq({ c.x8, c.x9 }, { 0x50, 0xffffffff })
end)

test("a vCPU that PSCI turns on begins with its CPU interface reset",
     function(t)
  local m <close> = gic.machine([[
        bl      init
        cbnz    x19, 1f
2:      ldr     w0, =0x84000004         // AFFINITY_INFO
        mov     x1, #1
        mov     x2, #0
        hvc     #0
        yield
        cbz     x0, 2b
        ldr     w0, =0xc4000003         // CPU_ON
        mov     x1, #1
        adr     x2, 3f
        hvc     #0
4:      yield
        b       4b
1:      mov     w0, #4
        str     w0, [x11, #GICD_ISENABLER]
        ldr     w0, =0x84000002         // CPU_OFF
        hvc     #0
3:      mrs     x20, icc_pmr_el1
        mrs     x21, icc_igrpen1_el1
        ldr     x11, =0x080d0000
        ldr     w22, [x11, #GICD_ISENABLER]
        hvc     #1
        .ltorg
  ]], { vcpus = 2 })
  local exit = m:to(t)
  t.eq(exit.cpu.index, 1)
  t.eq({ exit.cpu.x20, exit.cpu.x21 }, { 0, 0 })
  t.eq(exit.cpu.x22, 4, "the redistributor stays as it was")
end)

test("123 vCPUs have their affinities and redistributors", function(t)
  local m <close> = gic.machine([[
        bl      init
        ldr     x20, [x10, #8]
        mrs     x21, mpidr_el1
        hvc     #1
  ]], { vcpus = 123 })
  for _, k in ipairs { 0, 15, 16, 17, 122 } do
    local cpu = m.cpus[k]
    t.eq(cpu:run(1000).kind, "hvc")
    local affinity = k % 16 | k // 16 << 8
    t.eq(cpu.x21 & 0xffffff, affinity)
    t.eq(cpu.x20, affinity << 32 | k << 8 | (k == 122 and 16 or 0))
  end
end)
