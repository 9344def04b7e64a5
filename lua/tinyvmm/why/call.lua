-- SPDX-License-Identifier: MIT
--
-- Exits that the guest asked for: hypercalls, devices, trapped registers,
-- breakpoints, and the end of the run.

local values = require "tinyvmm.why.values"

local function bytes(n) return ("%d byte%s"):format(n, n == 1 and "" or "s") end

-- Hypercalls ----------------------------------------------------------------

local function other_immediate(e, f)
  if e.imm == 0 then return nil end
  return ("%s called the hypervisor with immediate %d, but handlers answer "
    .. "hvc #0 only, with the number in x0; change it, or look at exit.imm and "
    .. "run again"):format(f:where(), e.imm)
end

-- x0 holds something else than a number of a call.
local function not_a_number(e, f)
  local what = values.text(e.nr)
  if what then
    return ("%s asked for hypercall %#x, which is the text \"%s\"; the number "
      .. "goes to x0, the arguments to x1 and on"):format(f:where(), e.nr, what)
  elseif e.nr >= 0x100 and f:image(e.nr) then
    return ("%s asked for hypercall %s, which is an address; the number goes "
      .. "to x0, the arguments to x1 and on"):format(f:where(), f:show(e.nr))
  end
end

local function hvc(e, f)
  local nr = (e.nr < 0x80000000 and "%d" or "%#x"):format(e.nr)
  return ("%s asked for hypercall %s (x1 = %#x, x2 = %#x), but nobody answers "
    .. "that number; register vm:hypercall(%s, function(cpu, ...) ... end)")
    :format(f:where(), nr, e.args[1], e.args[2], nr)
end

local PSCI = { [0] = "PSCI_VERSION", "CPU_SUSPEND", "CPU_OFF", "CPU_ON",
  "AFFINITY_INFO", [8] = "SYSTEM_OFF", [9] = "SYSTEM_RESET",
  [10] = "PSCI_FEATURES" }

local function psci_by_smc(e, f)
  local name = e.nr & 0xbfffff00 == 0x84000000 and PSCI[e.nr & 0xff]
  if not name then return nil end
  return ("%s asks firmware for the power call %s (PSCI), but this machine "
    .. "takes those by hvc: replace smc #0 by hvc #0"):format(f:where(), name)
end

local function smc(_, f)
  return ("%s called secure firmware, which this machine does not have; use "
    .. "hvc #0 in the guest, or answer it and cpu:skip()"):format(f:where())
end

-- Devices -------------------------------------------------------------------

local function mmio(e, f)
  if e.write then
    return ("%s wrote %s, value %#x, to the MMIO address %#x, whose region "
      .. "has no write function; give vm:map one, or run again to go on")
      :format(f:where(), bytes(e.size), e.value, e.addr)
  end
  return ("%s reads %s from the MMIO address %#x, whose region has no read "
    .. "function; give vm:map one, or use cpu:answer(value) and run again")
    :format(f:where(), bytes(e.size), e.addr)
end

local function sysreg(e, f)
  if e.write then
    return ("%s wrote %#x to the system register %s, which no handler of "
      .. "vm:on(\"sysreg\", fn) took; run again to go on"):format(f:where(),
      e.value, e.name)
  end
  return ("%s reads the system register %s, which no handler of "
    .. "vm:on(\"sysreg\", fn) knew; use cpu:answer(value) and run again")
    :format(f:where(), e.name)
end

local function undefined(_, f)
  return ("%s is undefined, and no handler of vm:on(\"undefined\", fn) took "
    .. "it; cpu:skip() steps over it, cpu:inject{esr = 0x2000000} lets the "
    .. "guest's own vector have it"):format(f:where())
end

-- Breakpoints: what compilers and kernels mean by the immediate -------------

local MEANINGS = {
  [0x0] = "a breakpoint or a failed assertion",
  [0x1] = "clang's __builtin_trap, or a failed assertion",
  [0x3e8] = "GCC's __builtin_trap, or code that must not be reached",
  [0x400] = "a breakpoint of kgdb", [0x800] = "BUG() of Linux" }

local function brk(e, f)
  local what = MEANINGS[e.imm]
    or e.imm & 0xff00 == 0x5500 and "a failed check of UBSan (undefined "
      .. "behaviour)" or "a breakpoint"
  local x30 = f.x[30]
  return ("%s was hit: %s; the guest has no vector for it (VBAR_EL1): look who "
    .. "called (%s), or cpu:skip() and run again"):format(f:where(), what,
    x30 and "x30 = " .. f:show(x30) or "x30")
end

-- PUTS ----------------------------------------------------------------------

local function puts_pointer(e, f)
  local x1 = f.x[1] or 0
  if e.addr ~= x1 then return nil end
  local what = values.text(x1)
  return ("%s called PUTS with x1 = %#x, where %s; x1 must be the address of "
    .. "the text (adr x1, label)"):format(f:where(), x1,
    f.there and "no RAM or ROM is that may be read"
    or what and "no memory is: that is the text \"" .. what .. "\" itself"
    or "no memory is")
end

local function puts(e, f)
  return ("%s called PUTS with x1 = %#x, a string that has no NUL before "
    .. "%#x, where readable memory or its limit of 1 MiB ends; end it with "
    .. ".asciz or fix x1"):format(f:where(), f.x[1] or 0, e.addr)
end

-- The end -------------------------------------------------------------------

local function garbage_status(e, f)
  if e.status & ~0xff == 0 or e.status >> 31 == 0x1ffffffff then return nil end
  return ("the guest ended itself by EXIT, but x1 = %s looks like no status: "
    .. "%s; set x1 before, mov x1, #0"):format(f:show(e.status), f:where())
end

local ended = {}

function ended.exit(e, f)
  return ("the guest ended itself by EXIT with status %d: %s; set cpu.pc or "
    .. "vm:reset() to run it again"):format(e.status, f:where())
end

function ended.off(_, f)
  return ("the guest switched the machine off by PSCI: %s; vm:reset() starts "
    .. "it again"):format(f:where())
end

function ended.reset(_, f)
  return ("the guest asked for a reset by PSCI: %s; vm:reset() carries it out")
    :format(f:where())
end

function ended.halt(e)
  if not e.cpu then
    return "there is nothing to run: make a vCPU with vm:vcpu{}"
  end
  return "no vCPU is on any more; vm:reset(), cpu.on = true or setting "
    .. "cpu.pc gives the vm something to run"
end

local function shutdown(e, f)
  return e.reason == "exit" and garbage_status(e, f)
    or ended[e.reason](e, f)
end

return {
  hvc = { other_immediate, not_a_number, hvc },
  smc = { psci_by_smc, smc },
  mmio = { mmio }, sysreg = { sysreg }, undefined = { undefined },
  brk = { brk }, puts = { puts_pointer, puts }, shutdown = { shutdown }
}
