-- SPDX-License-Identifier: MIT
--
-- Which of a GIC's interrupts comes first, and what holds others back:
-- priorities, masks, preemption, active interrupts and their end, groups. The
-- programs use what every backend's GIC has.

local test = require "tap"
local gic = require "guest._gic"

local pend = gic.pend

-- ------------------------------------------------------------- priorities --

-- Sets SPIs up, a list of INTID and priority, then does `tail`.
local function with(list, tail)
  local out = { "bl init\n" }
  for _, s in ipairs(list) do out[#out + 1] = gic.spi(s[1], s[2]) end
  return table.concat(out) .. tail
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
