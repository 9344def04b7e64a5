-- SPDX-License-Identifier: MIT
--
-- Guests with a GIC, and what they share. A guest begins with `bl init`, which
-- opens its own redistributor and CPU interface: all its interrupts in group
-- 1, both groups enabled, PMR 0xf0. From then on x10 is its redistributor, x11
-- the second frame of that, x12 the distributor; x28 the end of its log, a
-- list of words. A handler may use x24 to x27.
--
-- `hvc #1` ends a guest, `hvc #2` asks the host for something.

local tv = require "tinyvmm"
require "backend"                       -- which says what a budget is

local M = { LOG = 0x40000 }

local INIT = [[
        .equ    GICD_ISENABLER, 0x100
        .equ    GICD_ICENABLER, 0x180
        .equ    GICD_ISPENDR, 0x200
        .equ    GICD_ICPENDR, 0x280
        .equ    GICD_ISACTIVER, 0x300
        .equ    GICD_ICACTIVER, 0x380
        .equ    GICD_IPRIORITYR, 0x400
        .equ    GICD_ICFGR, 0xc00
        .equ    GICD_IROUTER, 0x6000
init:   ldr     x0, =vectors
        msr     vbar_el1, x0
        mrs     x0, mpidr_el1
        and     x1, x0, #0xff
        ubfx    x2, x0, #8, #8
        add     x1, x1, x2, lsl #4
        ldr     x10, =0x080a0000
        add     x10, x10, x1, lsl #17
        add     x11, x10, #0x10000
        ldr     x12, =0x08000000
        ldr     x28, =LOG
        add     x28, x28, x1, lsl #12
        ldr     w0, [x10, #0x14]        // GICR_WAKER
        bic     w0, w0, #2
        str     w0, [x10, #0x14]
1:      ldr     w0, [x10, #0x14]
        tbnz    w0, #2, 1b
        mov     w0, #3                  // GICD_CTLR
        str     w0, [x12]
        mov     w0, #-1                 // GICR_IGROUPR0
        str     w0, [x11, #0x80]
        mov     x0, #7
        msr     icc_sre_el1, x0
        isb
        mov     x0, #0xf0
        msr     icc_pmr_el1, x0
        mov     x0, #1
        msr     icc_igrpen0_el1, x0
        msr     icc_igrpen1_el1, x0
        isb
        ret

// Sets an SPI up: w0 its INTID, w1 its priority, x2 its route; group 1, level,
// enabled. Uses x3 to x6.
spi:    add     x3, x12, #GICD_IPRIORITYR
        strb    w1, [x3, w0, uxtw]
        add     x3, x12, #0x6000
        str     x2, [x3, w0, uxtw #3]
        lsr     w4, w0, #5
        add     x4, x12, w4, uxtw #2
        mov     w5, #1
        lsl     w5, w5, w0
        ldr     w6, [x4, #0x80]
        orr     w6, w6, w5
        str     w6, [x4, #0x80]
        str     w5, [x4, #GICD_ISENABLER]
        ret
        .ltorg
        .balign 2048
vectors:
]]

-- Opens the GIC for all SGIs and PPIs of this vCPU.
M.READY = [[
        bl      init
        mov     w0, #-1
        str     w0, [x11, #GICD_ISENABLER]
]]

-- Sets SPI n up and enables it; the route is 0, vCPU 0, if not said.
function M.spi(n, priority, route)
  return ("mov w0, #%d\n mov w1, #%d\n mov x2, #%d\n bl spi\n"):format(n,
    priority, route or 0)
end

-- Makes SPI n, 32 to 63, pending. Uses x5.
function M.pend(n)
  return ("mov w5, #%d\n str w5, [x12, #GICD_ISPENDR + 4]\n"):format(
    1 << n - 32)
end

-- The timers and their PPIs.
M.TIMERS = { cntv = 27, cntp = 30 }

-- The text for one of them: CNT is its name, BIT the bit of its PPI.
function M.timer(kind, text)
  return (text:gsub("CNT", kind):gsub("BIT", ("%#x"):format(
    1 << M.TIMERS[kind])))
end

-- A handler that acknowledges, logs, does `body`, and ends the interrupt.
function M.handler(body)
  return ([[
        mrs     x24, icc_iar1_el1
        str     w24, [x28], #4
        %s
        msr     icc_eoir1_el1, x24
        isb
        eret
  ]]):format(body or "")
end

-- The whole program. options: irq, fiq (handlers; the default logs).
function M.program(main, options)
  options = options or {}
  local out = { (".equ LOG, %#x\n"):format(M.LOG), main, "\n", INIT }
  for n = 0, 15 do
    out[#out + 1] = (".balign 128\n"):rep(1)
    if n % 4 == 1 then out[#out + 1] = "b irq\n"
    elseif n % 4 == 2 then out[#out + 1] = "b fiq\n"
    else out[#out + 1] = ("hvc #%d\n b .\n"):format(0x100 + n) end
  end
  out[#out + 1] = "irq:\n" .. (options.irq or M.handler())
  out[#out + 1] = "\nfiq:\n" .. (options.fiq or "hvc #0x1ff\n b .\n")
  return table.concat(out)
end

-- Ends the test where the backend cannot see a timer and so not that a vCPU
-- waits for it: the physical one on KVM before Linux 6.4.
function M.needs_timer(t, cpu, kind)
  if not pcall(function() return cpu[kind .. "_ctl_el0"] end) then
    t.not_here("this kernel does not tell of " .. kind)
  end
end

local Machine = { __close = function(m) m.vm:close() end }
Machine.__index = Machine

-- A machine whose vCPUs all begin at the program's start, x19 their index;
-- options.vcpus, 1 if not said; options.strict as tv.vm's.
function M.machine(main, options)
  options = options or {}
  local m = setmetatable({ cpus = {} }, Machine)
  m.vm = assert(tv.vm { gic = "v3", strict = options.strict })
  local ok, problem = pcall(function()
    local entry = m.vm:load(0x10000, tv.asm(M.program(main, options)))
    for k = 0, (options.vcpus or 1) - 1 do
      m.cpus[k] = assert(m.vm:vcpu { pc = entry, sp = 0x80000 + k * 0x1000,
        x19 = k, pstate = 0x3c5 })
    end
    m.cpu = m.cpus[0]
  end)
  if not ok then
    m.vm:close()
    error(problem, 0)
  end
  return m
end

-- Runs until the guest says `hvc #imm` (1); of all vCPUs if there are several.
function Machine:to(t, imm)
  local runner = self.cpus[1] and self.vm or self.cpu
  local exit = runner:run(100000)
  t.eq({ exit.kind, exit.imm or exit.reason }, { "hvc", imm or 1 })
  return exit
end

-- What vCPU k has logged.
function Machine:log(k)
  local at, list = M.LOG + (k or 0) * 0x1000, {}
  while at < self.cpus[k or 0].x28 do
    list[#list + 1] = self.vm:read_u32(at)
    at = at + 4
  end
  return list
end

return M
