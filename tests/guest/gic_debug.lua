-- SPDX-License-Identifier: MIT
--
-- Breakpoints, single steps and the log of written pages in a VM with a GIC,
-- where a vCPU may wait, and take interrupts, without the host's seeing it.

local test = require "tap"
local backend = require "backend"
local gic = require "guest._gic"

-- A timer of some 60 us, unless `armed` is false, then a WFI, three times;
-- the handler silences it.
local function waits(armed)
  return ([[
        bl      init
        mov     w0, #1 << 27
        str     w0, [x11, #GICD_ISENABLER]
        mov     w0, #2                  // SPI 33
        str     w0, [x12, #GICD_ISENABLER + 4]
        ldr     w0, [x12, #0x84]
        orr     w0, w0, #2
        str     w0, [x12, #0x84]
        mov     x20, #3
        mrs     x21, cntfrq_el0
        lsr     x21, x21, #14
1:      msr     daifset, #2
        msr     cntv_tval_el0, x21
        mov     x0, #%d
        msr     cntv_ctl_el0, x0
        isb
at:     wfi
        mrs     x22, isr_el1
after:  msr     daifclr, #2
        isb
        subs    x20, x20, #1
        b.ne    1b
        hvc     #1
        .ltorg
  ]]):format(armed and 1 or 0), { irq = gic.handler "msr cntv_ctl_el0, xzr" }
end

-- Runs to an exit, and says which and where.
local function goes(m, cpu)
  local exit = cpu:run(100000)
  local at = exit.pc
  for _, name in ipairs { "at", "after", "irq" } do
    if m.vm:address(name) == exit.pc then at = name end
  end
  return { exit.kind, at }
end

test("passing a WFI at a breakpoint waits, and for what comes", function(t)
  local m <close> = gic.machine(waits(true))
  m.vm:set_breakpoint "at"
  m.vm:set_breakpoint "after"
  for n = 1, 3 do
    t.eq(goes(m, m.cpu), { "breakpoint", "at" })
    t.eq(#m:log(), n - 1)
    t.eq(goes(m, m.cpu), { "breakpoint", "after" })
    t.eq(m.cpu.x22, 0x80, "the interrupt has come")
  end
  m:to(t)
  t.eq(m:log(), { 27, 27, 27 })
end)

test("a WFI at a breakpoint that nothing ends is a wfi", function(t)
  local m <close> = gic.machine(waits(false))
  m.vm:set_breakpoint "at"
  for n = 1, 3 do
    t.eq(goes(m, m.cpu), { "breakpoint", "at" })
    t.eq(goes(m, m.cpu), { "wfi", "at" })
    t.eq(m.cpu.pc, m.vm:address "after" - 4)
    m.vm:irq(33, true)
    t.eq(#m:log(), n - 1)
    m.vm:set_breakpoint "irq"
    t.eq(goes(m, m.cpu), { "breakpoint", "irq" }, "an SPI ends the wait")
    t.eq(m.cpu.elr_el1 - m.vm:address "after", 4)
    m.vm:irq(33, false)
    m.vm:clear_breakpoint "irq"
  end
end)

test("a guest that is stepped waits and is interrupted as one that runs",
     function(t)
  local m <close> = gic.machine(waits(true))
  m.vm:set_breakpoint "irq"
  local seen, exit = 0, nil
  repeat
    exit = m.cpu:step()
    if exit.kind == "breakpoint" then seen = seen + 1 end
  until exit.kind == "hvc"
  t.eq({ exit.imm, seen }, { 1, 3 })
  t.eq(m:log(), { 27, 27, 27 })
end)

test("what a handler writes is in the log of written pages", function(t)
  backend.needs_hvc(t, "what stands for one is written to the code")
  local m <close> = gic.machine(waits(true))
  local ram, log = m.vm.ram, {}
  for at = gic.LOG, gic.LOG + m.vm.granule - 1, 4096 do log[#log + 1] = at end
  m.vm:set_breakpoint "at"
  t.eq(goes(m, m.cpu), { "breakpoint", "at" })
  ram:log(true)
  t.eq(goes(m, m.cpu), { "breakpoint", "at" })
  t.eq(ram:dirty(), log)
  t.eq(ram:dirty(), {})
  t.eq(goes(m, m.cpu), { "breakpoint", "at" })
  t.eq(ram:dirty(), log)
end)
