-- SPDX-License-Identifier: MIT
--
-- WFI in a VM with a GIC: what ends it, what a run returns when nothing can,
-- and what ends a run meanwhile. On hvf a vCPU waits where the host
-- does not see it; what a run returns is the same.

local test = require "tap"
local backend = require "backend"
local gic = require "guest._gic"

backend.only_file("soft hvf", "KVM ends waits that the running priority holds "
  .. "back, and keeps the route that an SPI came with")

local IDLE = [[
        bl      init
        mov     w0, #-1
        str     w0, [x11, #GICD_ISENABLER]
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
    local m <close> = gic.machine([[
        bl      init
        mov     w0, #-1
        str     w0, [x11, #GICD_ISENABLER]
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
        mov     w0, #40
        mov     w1, #0xa0
        mov     x2, #2
        bl      spi
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

for kind, ppi in pairs { cntv = 27, cntp = 30 } do
  local function timer(text)
    return (text:gsub("CNT", kind):gsub("BIT", ("%#x"):format(1 << ppi)))
  end

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
