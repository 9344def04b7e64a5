-- SPDX-License-Identifier: MIT
--
-- Broken guests of a GIC: what they forget before they wait, from the CPU
-- interface back to the distributor.
require "backend".only_file("soft", "elsewhere the kernel waits, and is mute")
local catalogue = require "why._catalogue"

-- A guest that does all there is to do for SPI 40 and the timer, but for the
-- lines of which `leave_out` matches one, and then `last`.
local function setup(leave_out, last)
  local lines = {
    "ldr x1, =0x080a0000", "str wzr, [x1, #0x14] // waker",
    "add x3, x1, #0x10000", "ldr x2, =0x08000000",
    "mov w0, #2", "str w0, [x2] // ctlr",
    "mov w0, #-1", "str w0, [x3, #0x80] // group",
    "mov w0, #1 << 27", "str w0, [x3, #0x100] // enable",
    "mov w0, #1 << 8", "str w0, [x2, #0x84] // group", "str w0, [x2, #0x104]",
    "mov w0, #0x80", "strb w0, [x2, #0x428] // priority",
    "mov x0, #0xff", "msr icc_pmr_el1, x0", "mov x0, #1",
    "msr icc_igrpen1_el1, x0", "mov x0, #10", "msr cntv_tval_el0, x0",
    "mov x0, #1", "msr cntv_ctl_el0, x0" }
  local out = {}
  for _, line in ipairs(lines) do
    if not line:find(leave_out) then out[#out + 1] = line end
  end
  return table.concat(out, "\n") .. "\n" .. (last or "")
    .. "\nmain: wfi\n .ltorg"
end

local GIC = { gic = "v3" }
local NO_TIMER = "cntv_ctl"

local function with_spi()
  return { gic = "v3", before = function(vm) vm:irq(40, true) end }
end

catalogue {
  { "nothing to wait for", setup(NO_TIMER, "msr cntv_cval_el0, xzr"), GIC,
    "wfi at 0x1005c (main) waits for an interrupt, but none is pending that \z
     the GIC lets through, and no such timer is armed; raise one with \z
     vm:irq(32, true)" },

  { "no group enabled at the CPU interface", setup "igrpen1", GIC,
    "wfi at 0x10058 (main) waits, but the CPU interface takes no interrupt: \z
     both groups are off; write 1 to ICC_IGRPEN1_EL1" },

  { "ICC_PMR_EL1 as it is at reset", setup "pmr", GIC,
    "wfi at 0x10058 (main) waits, but ICC_PMR_EL1 is 0, so no priority is let \z
     through; write 0xff to it" },

  { "a priority that is masked", setup(NO_TIMER,
    "mov x0, #0x80; msr icc_pmr_el1, x0; msr cntv_cval_el0, xzr"), with_spi(),
    "wfi at 0x10064 (main) waits, and interrupt 40 is pending, but its \z
     priority is not below ICC_PMR_EL1, 0x80; write 0xff to that register, or \z
     a lower priority to GICD_IPRIORITYR" },

  { "an interrupt that never ended", setup("cntv",
    "mrs x0, icc_iar1_el1; mov w0, #1 << 27; str w0, [x3, #0x200]; \z
     mov w0, #0x90; strb w0, [x3, #0x41b]"), with_spi(),
    "wfi at 0x10068 (main) waits, and interrupt 27 is pending behind one that \z
     has not ended (priority 0x80 runs); write its number to ICC_EOIR1_EL1" },

  { "a redistributor that sleeps", setup("waker", "1: mrs x0, cntv_ctl_el0; \z
    tbz x0, #2, 1b"), GIC,
    "wfi at 0x10060 (main) waits, and the time of the virtual timer has come, \z
     but its interrupt, 27, is not let through: GICR_WAKER, GICR_ISENABLER0, \z
     GICR_IGROUPR0, GICD_CTLR" },

  { "a timer whose interrupt is not enabled", setup "enable", GIC,
    "wfi at 0x10058 (main) waits for an interrupt, but none is pending that \z
     the GIC lets through, and no such timer is armed; raise one with \z
     vm:irq(32, true)" },

  { "a register that this CPU interface has not",
    "ack: mrs x0, icc_ap1r1_el1", GIC,
    "undefined: mrs x0, icc_ap1r1_el1 at 0x10000 (ack) reads the system \z
     register icc_ap1r1_el1, but a GIC with five bits of priority does not \z
     have it" }
}
