-- SPDX-License-Identifier: MIT
--
-- Guests that wait, or go round and round until a limit ends the run: wfi
-- without anything to wait for, exceptions that raise the next one, and loops
-- whose condition nothing will fulfil.

local gic = require "tinyvmm.why.gic"
local loops = require "tinyvmm.why.loop"
local rules = require "tinyvmm.why.rules"
local timers = require "tinyvmm.why.timers"
local traps = require "tinyvmm.why.again"

-- wfi -----------------------------------------------------------------------

local function timer_off(_, f)
  local kind, what = timers.silent(f)
  if not kind then return nil end
  local name = timers.NAMES[kind]
  local register = ("CNT%s_CTL_EL0"):format(kind:upper())
  if what == "masked" then
    return ("%s waits, but the %s timer is masked (bit 1 of %s, IMASK), so no "
      .. "interrupt comes; write 1 to that register"):format(f:where(), name,
      register)
  end
  return ("%s waits, but the %s timer was set and not enabled; write 1 "
    .. "(ENABLE) to %s before"):format(f:where(), name, register)
end

local function wfi(_, f)
  return ("%s waits for an interrupt, but no timer is armed and no line is "
    .. "up; raise one with cpu:irq(true), or arm a timer before the wfi")
    :format(f:where())
end

-- Limits --------------------------------------------------------------------

local ENDED = { budget = "the budget ended", deadline = "the deadline came",
  timeout = "the timeout passed", stopped = "vm:stop ended the run" }

local function count(n) return ("%d instruction%s"):format(n, n == 1 and "" or
  "s") end

-- "the budget ended at 0x4 (start+4), before b start+4, after 1000
-- instructions"
local function ended(e, f)
  if not e.cpu then return ENDED[e.kind] .. ", but the vm has no vCPU" end
  if not e.icount then
    return ("%s at %s, before %s"):format(ENDED[e.kind], f:show(e.pc),
      f.insn.text)
  end
  return ("%s at %s, before %s, after %s"):format(ENDED[e.kind],
    f:show(e.pc), f.insn.text, count(e.icount))
end

local function by(list)
  return function(e, f)
    if not f.live or e.icount == 0 then return nil end
    local text = rules.first(list, e, f)
    return text and ended(e, f) .. ": " .. text
  end
end

local function go_on(e, f)
  return ended(e, f) .. (e.cpu and "; run again to go on"
    or "; make one with vm:vcpu{}")
end

-- A stop from outside says nothing about the guest.
local limit = { by(traps), by(loops), go_on }

local function timer(_, f)
  return ("the virtual timer fired at %s, and the vm was made with timer = "
    .. "\"exit\"; disarm it (cpu.cntv_ctl_el0 = 0) or move cpu.cntv_cval_el0 "
    .. "on, then run again"):format(f:show(f.e.pc))
end

-- "the breakpoint at 0x10028 (multiply) was reached, before mul x20, x20, x19"
local function breakpoint(e, f)
  return ("the breakpoint at %s was reached, before %s; run again to go on, "
    .. "or vm:clear_breakpoint(%#x) to be stopped there no more")
    :format(f:show(e.pc), f.insn.text, e.pc)
end

return {
  breakpoint = { breakpoint },
  wfi = { gic.wfi, timer_off, gic.nothing, wfi }, timer = { timer },
  budget = limit, deadline = limit, timeout = limit, stopped = { go_on }
}
