-- SPDX-License-Identifier: MIT
--
-- A wfi in a VM with a GIC (Arm IHI 0069): how far the nearest interrupt has
-- come on its way to the CPU, and what holds it up. The CPU interface's
-- registers are read where the backend shows them.

local timers = require "tinyvmm.why.timers"

local M = {}

local NONE = 1023
local PPI = { v = 27, p = 30 }

local function on(f)
  local ok, version = pcall(function() return f.e.cpu.vm.gic end)
  return f.live and ok and version
end

-- Whether the VM has one.
M.there = on

local function closed(f)
  local group0, group1 = f:sys "icc_igrpen0_el1", f:sys "icc_igrpen1_el1"
  if group0 ~= 0 or group1 ~= 0 then return nil end
  return ("%s waits, but the CPU interface takes no interrupt: both groups are "
    .. "off; write 1 to ICC_IGRPEN1_EL1"):format(f:where())
end

local function masked(f)
  if f:sys "icc_pmr_el1" ~= 0 then return nil end
  return ("%s waits, but ICC_PMR_EL1 is 0, so no priority is let through; "
    .. "write 0xff to it"):format(f:where())
end

-- One is pending at the CPU interface, and not signalled.
local function held(f)
  local one, zero = f:sys "icc_hppir1_el1", f:sys "icc_hppir0_el1"
  local running, mask = f:sys "icc_rpr_el1", f:sys "icc_pmr_el1"
  if not (one and zero and running and mask) then return nil end
  local intid = one ~= NONE and one or zero
  if intid == NONE then return nil end
  if running ~= 0xff then
    return ("%s waits, and interrupt %d is pending behind one that has not "
      .. "ended (priority %#x runs); write its number to ICC_EOIR%d_EL1")
      :format(f:where(), intid, running, one ~= NONE and 1 or 0)
  end
  return ("%s waits, and interrupt %d is pending, but its priority is not "
    .. "below ICC_PMR_EL1, %#x; write 0xff to that register, or a lower "
    .. "priority to GICD_IPRIORITYR"):format(f:where(), intid, mask)
end

local function timer(f)
  local kind = timers.up(f)
  if not kind then return nil end
  return ("%s waits, and the time of the %s timer has come, but its interrupt, "
    .. "%d, is not let through: GICR_WAKER, GICR_ISENABLER0, GICR_IGROUPR0, "
    .. "GICD_CTLR"):format(f:where(), timers.NAMES[kind], PPI[kind])
end

local function nothing(f)
  return ("%s waits for an interrupt, but none is pending that the GIC lets "
    .. "through, and no such timer is armed; raise one with vm:irq(32, true)")
    :format(f:where())
end

-- The sentence for a wfi, before and after what is said about the timers.
function M.wfi(_, f)
  return on(f) and (closed(f) or masked(f) or held(f) or timer(f))
end

function M.nothing(_, f) return on(f) and nothing(f) end

return M
