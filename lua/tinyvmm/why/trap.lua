-- SPDX-License-Identifier: MIT
--
-- Exceptions while the guest has no vectors: instructions that do not exist,
-- registers that it may not use, system calls without a kernel, interrupts.

local core = require "tinyvmm.core"
local gic = require "tinyvmm.why.gic"
local timers = require "tinyvmm.why.timers"
local values = require "tinyvmm.why.values"

local NO_VECTORS = "the guest has no exception vectors (VBAR_EL1 was never "
  .. "written)"

-- Undefined -----------------------------------------------------------------

local function semihosting(_, f)
  if f.insn.word ~= 0xd45e0000 then return nil end
  return ("%s is a semihosting call (a request to a debugger), but semihosting "
    .. "is not attached: run --semihosting, or in a script require "
    .. "\"tinyvmm.semihosting\".attach(vm)"):format(
    f:where())
end

-- The register that MRS or MSR names, and whether it writes.
local function register(f)
  local op = f.insn.op
  if op == "mrs" then return f.insn[2], false end
  if op == "msr" then return f.insn[1], true end
end

local function at_el0(_, f)
  if f:level() ~= 0 then return nil end
  local name = register(f)
  if name and name:find "_el0$" then return nil end
  if not f.insn.defined then return nil end
  return ("%s belongs to EL1, the kernel's level, but the guest is at EL0, the "
    .. "user's; do it before the eret to EL0, or by svc"):format(f:where())
end

-- What is missing, by the register's name.
local MISSING = {
  { "^pm", "the performance counters (PMU) are not in this CPU; take the time "
    .. "from cntvct_el0" },
  { "^icc_", "this vm has no interrupt controller; give it one, tv.vm{gic = "
    .. "\"v3\"}, or use the timer and cpu:irq, which go straight to the CPU" },
  { "^ic[hv]_", "guests run at EL1, below the hypervisor, which has that "
    .. "register of a GIC" },
  { "_el[23]$", "guests run at EL1, below the levels of hypervisor and "
    .. "firmware; use the _el1 register" },
  { "_el12$", "guests run at EL1, below the hypervisor; use the _el1 "
    .. "register" },
  { "^zcr_", "this CPU has no SVE" },
  { "^sm[pc]", "this CPU has no SME" },
  { "^ap%l+key", "this CPU has no pointer authentication" },
  { "^rndr", "this CPU has no random numbers" }
}

local function missing(f, name, write)
  if write and f:sys(name) then
    return "that register can only be read; leave it out"
  end
  if name:find "^icc_" and gic.there(f) then
    return "a GIC with five bits of priority does not have it"
  end
  for _, known in ipairs(MISSING) do
    if name:find(known[1]) then return known[2] end
  end
  local _, access = require "tinyvmm.a64.sysregs".key(name)
  if access == "WO" and not write then
    return "that register can only be written; leave it out"
  end
  return "this CPU has no such register; leave it out, or answer it by "
    .. "vm:on(\"sysreg\", fn)" .. (f:ours() and "" or ", on soft")
end

local function system_register(_, f)
  local name, write = register(f)
  if not name then return nil end
  return ("%s %s the system register %s, but %s"):format(f:where(),
    write and "writes" or "reads", name, missing(f, name, write))
end

local function udf(_, f)
  if f.insn.op ~= "udf" then return nil end
  return ("%s is an instruction that is undefined on purpose: compilers put it "
    .. "where control must never come"):format(f:where())
end

-- Another model than `max`, and a word that the table knows: it may be a
-- feature that the model lacks.
local function model(e, f)
  local cpu = e.cpu and f.live and e.cpu.vm.cpu
  local row = require "tinyvmm.a64.isa".find(e.insn)
  if not cpu or cpu == "max" or cpu == "host" or not row then return nil end
  return ("%s is an instruction that this VM's CPU model, %s, does not have; "
    .. "tv.vm { cpu = \"max\" } has all we know"):format(f:where(), cpu)
end

local function undefined(_, f)
  return ("%s is no instruction of this CPU%s; is it data, or code for a newer "
    .. "one? vm:on(\"undefined\", fn) can implement it%s"):format(f:where(),
    f:level() == 0 and " at EL0" or "", f:ours() and "" or ", on soft")
end

-- Not in this version -------------------------------------------------------

local function mmu(_, f)
  if f.insn.op ~= "msr" or f.insn[1] ~= "sctlr_el1" then return nil end
  return ("%s turns the MMU on (SCTLR_EL1 bit 0, M), which version %s cannot; "
    .. "keep it off, with strict = false for unaligned and atomic accesses")
    :format(f:where(), core.version)
end

-- What an MSR writes.
local function written(f)
  local register = f.insn[2]:match "%d+"
  return register and f.x[tonumber(register)] or 0
end

local function debug(_, f)
  if f.insn.op ~= "msr" or f.insn[1] ~= "mdscr_el1"
     or written(f) & 1 == 0 then
    return nil
  end
  return ("%s turns software step on (MDSCR_EL1 bit 0, SS), which version %s "
    .. "cannot; use cpu:step in the script"):format(f:where(), core.version)
end

local function own_breakpoints(_, f)
  if f.insn.op ~= "msr" then return nil end
  return ("%s turns a breakpoint of the guest's own on (MDSCR_EL1 bit 15, MDE, "
    .. "and bit 0, E, of a DBGBCR or DBGWCR), which version %s cannot; use "
    .. "vm:set_breakpoint"):format(f:where(), core.version)
end

-- Taken exceptions ----------------------------------------------------------

local function linux_call(_, f)
  local name = values.LINUX_CALLS[f.x[8] or -1]
  if not name or f.insn.text ~= "svc #0x0" then return nil end
  return ("%s with x8 = %d is Linux's system call %s, but there is no kernel "
    .. "here; use hypercalls: 2 PUTS (x1: text) and 0 EXIT in x0, then hvc #0")
    :format(f:where(), f.x[8], name)
end

local function svc(_, f)
  return ("%s calls a kernel, but %s; set it to a vector table, or use hvc #0 "
    .. "for hypercalls"):format(f:where(), NO_VECTORS)
end

local function fp_trap(_, f)
  return ("%s uses FP/SIMD registers while CPACR_EL1 (bits 20 and 21, FPEN) "
    .. "turns them off; set it to 3 << 20, or leave out fp = false"):format(
    f:where())
end

local function sysreg_trap(_, f)
  return ("%s uses at EL0, the user's level, what EL1 has not opened to it "
    .. "(by SCTLR_EL1 or CNTKCTL_EL1), and %s"):format(f:where(), NO_VECTORS)
end

-- SPSR's low five bits: the state that eret was to go to (C5.2.19).
local MODES = { [0x08] = "EL2, the hypervisor's level",
  [0x09] = "EL2, the hypervisor's level", [0x0c] = "EL3, the firmware's level",
  [0x0d] = "EL3, the firmware's level" }

local function illegal_state(e, f)
  local spsr = f:sys "spsr_el1"
  local mode = spsr and spsr & 0x1f
  local what = not mode and "a state that is not there"
    or mode & 0x10 ~= 0 and "32-bit code (AArch32), which is not there"
    or MODES[mode] and MODES[mode] .. ", above the guest"
    or "a state that does not exist"
  return ("eret to %s asked for %s%s; SPSR_EL1 bits 4-0 must be 0 (EL0), 4 or "
    .. "5 (EL1)"):format(f:show(e.pc), what,
    spsr and (" (SPSR_EL1 = %#x)"):format(spsr) or "")
end

local function step(_, f)
  return ("a software step exception is due before %s, but %s; clear MDSCR_EL1 "
    .. "bit 0 (SS)"):format(f:where(), NO_VECTORS)
end

local function pac(e, f)
  local key = e.esr & 3
  return ("%s authenticated a pointer with key %s, and its code was wrong: it "
    .. "was signed with another key or modifier, or has changed since")
    :format(f:where(), ({ [0] = "IA", "IB", "DA", "DB" })[key])
end

local function mops(e, f)
  return ("%s found registers that are not what its prologue leaves%s; the "
    .. "three instructions of a copy or set belong together, prologue, main, "
    .. "epilogue"):format(f:where(),
    e.esr & 1 << 17 ~= 0 and " (PSTATE.C is 0)" or "")
end

local function timer_interrupt(_, f)
  local kind, cval = timers.up(f)
  if not kind then return nil end
  local now = f:sys("cnt" .. kind .. "ct_el0")
  local late = now and now - cval or 0
  return ("the timer fired before %s (it was set for %d, the count is %d%s), "
    .. "but %s; set that before msr daifclr"):format(f:where(), cval,
    now or 0, late > 1000 and ": in the past" or "", NO_VECTORS)
end

local function interrupt(_, f)
  return ("an interrupt arrived before %s, but %s; set that before msr "
    .. "daifclr, or lower the line: cpu:irq(false)"):format(f:where(),
    NO_VECTORS)
end

-- The guest's own page tables -----------------------------------------------

local function own_tables(what)
  return function(e, f)
    return ("%s met a %s at virtual address %#x%s, but %s; fix the page tables")
      :format(f:where(), what, e.far,
      e.level and (", level " .. e.level) or "", NO_VECTORS)
  end
end

return {
  undefined = { semihosting, at_el0, system_register, udf, model, undefined },
  unimplemented = { mmu, debug, own_breakpoints },
  svc = { linux_call, svc },
  ["fp-trap"] = { fp_trap },
  ["sysreg-trap"] = { sysreg_trap },
  ["illegal-state"] = { illegal_state },
  step = { step }, pac = { pac }, mops = { mops },
  interrupt = { timer_interrupt, interrupt },
  translation = { own_tables "translation fault (no page there)" },
  permission = { own_tables "permission fault (the page forbids it)" }
}
