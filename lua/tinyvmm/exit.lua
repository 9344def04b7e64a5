-- SPDX-License-Identifier: MIT
--
-- exit.why: one sentence for each way a run can end. It says what happened,
-- the instruction, the place with its symbol, and what would help. A function
-- per kind, and per reason of a fault; the exit's own fields and, for faults,
-- the packed facts of bind_exit.c are all they use, so that an exit can
-- explain itself after its VM has gone on or is closed.

local core = require "tinyvmm.core"
local image = require "tinyvmm.image"

local M = {}

-- Pieces --------------------------------------------------------------------

-- The instruction's text on one line: "str x0, [x1]".
local function text_of(insn, pc, object)
  local ok, text = pcall(function()
    return require "tinyvmm.a64.dis".word(insn, pc, function(addr)
      local name, offset = image.symbol(object, addr)
      if name then
        return offset == 0 and name or ("%s+%d"):format(name, offset)
      end
      return ("%#x"):format(addr)
    end)
  end)
  return ok and text:gsub("\t", " ") or (".inst 0x%08x"):format(insn)
end

local function insn(e) return text_of(e.insn, e.pc, e.cpu) end

local function at(e) return "at " .. image.show(e.cpu, e.pc) end

-- place(vm, pc, insn): for the errors of handlers.
function M.place(vm, pc, word)
  return image.show(vm, pc) .. ": " .. text_of(word, pc, vm)
end

local function plural(n, noun)
  return ("%d %s%s"):format(n, noun, n == 1 and "" or "s")
end

-- Kinds that are not faults -------------------------------------------------

local why = {}

function why.hvc(e)
  if e.imm ~= 0 then
    return ("%s %s called the hypervisor, but handlers answer hvc #0 only; "
      .. "look at exit.imm and the registers, then run again"):format(
      insn(e), at(e))
  end
  local nr = (e.nr < 0x80000000 and "%d" or "%#x"):format(e.nr)
  return ("%s %s asked for hypercall %s (x1 = %#x, x2 = %#x), but nobody "
    .. "answers that number; register vm:hypercall(%s, function(cpu, ...) "
    .. "... end)"):format(insn(e), at(e), nr, e.args[1], e.args[2], nr)
end

function why.smc(e)
  return ("%s %s called secure firmware, which this machine does not have; "
    .. "use hvc #0 in the guest, or answer it and cpu:skip()"):format(
    insn(e), at(e))
end

function why.mmio(e)
  if e.write then
    return ("%s %s wrote %s, value %#x, to the MMIO address %#x, whose "
      .. "region has no write function; give vm:map one, or run again to go "
      .. "on"):format(insn(e), at(e), plural(e.size, "byte"), e.value, e.addr)
  end
  return ("%s %s reads %s from the MMIO address %#x, whose region has no "
    .. "read function; give vm:map one, or use cpu:answer(value) and run "
    .. "again"):format(insn(e), at(e), plural(e.size, "byte"), e.addr)
end

function why.sysreg(e)
  if e.write then
    return ("%s %s wrote %#x to the system register %s, which no handler of "
      .. "vm:on(\"sysreg\", fn) took; run again to go on"):format(insn(e),
      at(e), e.value, e.name)
  end
  return ("%s %s reads the system register %s, which no handler of "
    .. "vm:on(\"sysreg\", fn) knew; use cpu:answer(value) and run again")
    :format(insn(e), at(e), e.name)
end

function why.undefined(e)
  return ("%s %s is undefined, and no handler of vm:on(\"undefined\", fn) "
    .. "took it; cpu:skip() steps over it, cpu:inject{esr = 0x2000000} lets "
    .. "the guest's own vector have it"):format(insn(e), at(e))
end

function why.brk(e)
  return ("%s %s was hit before the guest set up its vectors (VBAR_EL1); "
    .. "cpu:skip() and run again to go on behind it"):format(insn(e), at(e))
end

function why.wfi(e)
  return ("%s %s waits for an interrupt, but no timer is armed and no line "
    .. "is up; raise one with cpu:irq(true), or arm a timer before the wfi")
    :format(insn(e), at(e))
end

function why.timer(e)
  return ("the virtual timer fired %s, and the vm was made with timer = "
    .. "\"exit\"; disarm it (cpu.cntv_ctl_el0 = 0) or move "
    .. "cpu.cntv_cval_el0 on, then run again"):format(at(e))
end

local function go_on(e, what)
  if not e.pc then return what .. "; the vm has no vCPU: see vm:vcpu" end
  return ("%s %s, before %s, after %s in all; run again to go on"):format(
    what, at(e), insn(e), plural(e.icount or 0, "instruction"))
end

function why.budget(e) return go_on(e, "the budget was used up") end

function why.deadline(e)
  return go_on(e, "virtual time reached the deadline")
end

function why.timeout(e) return go_on(e, "the timeout passed") end

function why.stopped(e) return go_on(e, "vm:stop ended the run") end

local ended = {}

function ended.exit(e)
  return ("the guest ended itself by EXIT with status %d: %s %s; set cpu.pc "
    .. "or vm:reset() to run it again"):format(e.status, insn(e), at(e))
end

function ended.off(e)
  return ("the guest switched the machine off by PSCI: %s %s; vm:reset() "
    .. "starts it again"):format(insn(e), at(e))
end

function ended.reset(e)
  return ("the guest asked for a reset by PSCI: %s %s; vm:reset() carries it "
    .. "out"):format(insn(e), at(e))
end

function ended.halt(e)
  if not e.cpu then
    return "there is nothing to run: make a vCPU with vm:vcpu{}"
  end
  return "no vCPU is on any more; vm:reset(), cpu.on = true or setting "
    .. "cpu.pc gives the vm something to run"
end

function why.shutdown(e) return ended[e.reason](e) end

-- Faults --------------------------------------------------------------------

local KINDS = { [0] = "RAM", "ROM", "MMIO" }

local function region(facts, from)
  local base, size, kind, prot = table.unpack(facts, from, from + 3)
  if size == 0 then return nil end
  local letters = (prot & 1 ~= 0 and "r" or "") .. (prot & 2 ~= 0 and "w"
    or "") .. (prot & 4 ~= 0 and "x" or "")
  return { base = base, last = base + size - 1, kind = kind, prot = letters,
    name = ("%s %#x-%#x"):format(KINDS[kind], base, base + size - 1) }
end

-- Registers and regions as they were at the exit.
local function facts_of(e)
  local packed = core._facts(e)
  if not packed then return { x = {} } end
  local words = { string.unpack(("<" .. ("i8"):rep(#packed // 8)), packed) }
  local f = { x = {} }
  for i = 0, 30 do f.x["x" .. i] = words[i + 1] end
  f.x.sp = words[32]
  f.here, f.below, f.above = region(words, 33), region(words, 37),
    region(words, 41)
  return f
end

-- "wrote 8 bytes to 0x900000"
local function access(e)
  local size = e.size > 0 and plural(e.size, "byte") or "memory"
  if e.access == "w" then
    return ("wrote %s to %#x"):format(size, e.addr)
  elseif e.access == "x" then
    return ("fetched from %#x"):format(e.addr)
  end
  return ("read %s at %#x"):format(size, e.addr)
end

-- The base register of the access and its value: "x1 (x1 = 0x900000)".
local function base_register(e, facts)
  local name = insn(e):match "%[(%w+)"
  local value = name and facts.x[name]
  if value then return ("%s (%s = %#x)"):format(name, name, value) end
  return "the address"
end

local function nearest(e, facts)
  local near = facts.below or facts.above
  if not near then return "the vm has no memory at all" end
  if facts.below and facts.above
     and math.ult(facts.above.base - e.addr, e.addr - facts.below.last) then
    near = facts.above
  end
  return "the nearest is " .. near.name
end

local function jumped(e, facts)
  return ("a wrong branch or return? x30 = %#x, sp = %#x"):format(
    facts.x.x30 or 0, facts.x.sp or 0)
end

local fault = {}

function fault.unmapped(e, facts)
  if e.access == "x" then
    return ("the guest jumped to %s, but no region is mapped there; %s: %s")
      :format(image.show(e.cpu, e.addr), nearest(e, facts), jumped(e, facts))
  end
  return ("%s %s %s, but no region is mapped there; %s. Map it with vm:map or "
    .. "fix %s"):format(insn(e), at(e), access(e), nearest(e, facts),
    base_register(e, facts))
end

fault["read-only"] = function(e, facts)
  return ("%s %s %s, which is %s; guests cannot change ROM: fix %s or map it "
    .. "with kind = \"ram\""):format(insn(e), at(e), access(e),
    facts.here and facts.here.name or "ROM", base_register(e, facts))
end

function fault.protected(e, facts)
  local prot = facts.here and facts.here.prot or ""
  local name = facts.here and facts.here.name or "memory"
  if e.access == "x" then
    return ("the guest jumped to %s in %s, whose protection \"%s\" has no "
      .. "\"x\"; %s, or memory:protect(\"%sx\")"):format(image.show(e.cpu,
      e.addr), name, prot, jumped(e, facts), prot)
  end
  return ("%s %s %s in %s, whose protection \"%s\" has no \"%s\"; fix %s or "
    .. "use memory:protect"):format(insn(e), at(e), access(e), name, prot,
    e.access, base_register(e, facts))
end

local VECTORS = "the guest has never written VBAR_EL1"

function fault.undefined(e)
  if e.insn == 0 then
    return ("udf #0 %s: the guest ran into empty memory; did it fall off the "
      .. "end of its code, or was nothing loaded there?"):format(at(e))
  end
  return ("%s %s is no instruction of this CPU at this level, and %s; fix "
    .. "it, set up vectors, or implement it with vm:on(\"undefined\", fn)")
    :format(insn(e), at(e), VECTORS)
end

function fault.svc(e)
  return ("%s %s needs a vector table, and %s; set it up, or use hvc #0 for "
    .. "hypercalls"):format(insn(e), at(e), VECTORS)
end

function fault.alignment(e, facts)
  return ("%s %s %s, which is not aligned; with the MMU off data is Device "
    .. "memory, as on hardware: align %s, or make the vm with strict = false")
    :format(insn(e), at(e), access(e), base_register(e, facts))
end

fault["pc-alignment"] = function(e, facts)
  return ("the guest jumped to %#x, which is no multiple of 4; %s"):format(
    e.pc, jumped(e, facts))
end

fault["sp-alignment"] = function(e, facts)
  return ("%s %s uses sp = %#x, which is no multiple of 16; keep sp aligned, "
    .. "or clear SCTLR_EL1.SA"):format(insn(e), at(e), facts.x.sp or 0)
end

fault["address-size"] = function(e, facts)
  return ("%s %s uses the address %#x, beyond this CPU's physical addresses; "
    .. "fix %s"):format(insn(e), at(e), e.far, base_register(e, facts))
end

function fault.atomic(e, facts)
  return ("%s %s is an exclusive or atomic access to Device memory (%#x), as "
    .. "all data is with the MMU off; turn the MMU on, or make the vm with "
    .. "strict = false"):format(insn(e), at(e), e.addr)
end

fault["fp-trap"] = function(e)
  return ("%s %s uses FP/SIMD registers while CPACR_EL1.FPEN disables them; "
    .. "set CPACR_EL1 to 3 << 20, or leave out fp = false"):format(insn(e),
    at(e))
end

fault["sysreg-trap"] = function(e)
  return ("%s %s uses at EL0 what belongs to EL1, and %s; set up vectors, or "
    .. "allow it in SCTLR_EL1 or CNTKCTL_EL1"):format(insn(e), at(e), VECTORS)
end

fault["illegal-state"] = function(e)
  return ("%s %s came after an illegal exception return (PSTATE.IL is set); "
    .. "SPSR_EL1 must name EL0 or EL1 in AArch64 before eret"):format(insn(e),
    at(e))
end

function fault.step(e)
  return ("a software step exception is due %s, and %s; clear MDSCR_EL1.SS, "
    .. "or set up vectors"):format(at(e), VECTORS)
end

function fault.interrupt(e)
  return ("an interrupt arrived %s, and %s; set up vectors before "
    .. "unmasking interrupts (DAIF), or lower the line"):format(at(e),
    VECTORS)
end

local function own_tables(e, what)
  return ("%s %s met a %s at virtual address %#x%s, and %s; fix the page "
    .. "tables, or set up vectors"):format(insn(e), at(e), what, e.far,
    e.level and (", level " .. e.level) or "", VECTORS)
end

function fault.translation(e) return own_tables(e, "translation fault") end

function fault.permission(e) return own_tables(e, "permission fault") end

function fault.unsupported(e, facts)
  if e.access == "x" then
    return ("the host has no memory left to decode the code at %s; close "
      .. "other vms, then run again to go on"):format(image.show(e.cpu, e.pc))
  end
  return ("%s %s is an access that MMIO cannot serve (%#x in %s); use plain "
    .. "loads and stores for devices"):format(insn(e), at(e), e.addr,
    facts.here and facts.here.name or "MMIO")
end

function fault.unimplemented(e)
  return ("%s %s is valid, but version %s of the software CPU does not "
    .. "implement it yet; avoid it, or implement it with "
    .. "vm:on(\"undefined\", fn)"):format(insn(e), at(e), core.version)
end

function fault.puts(e, facts)
  return ("%s %s printed a string at %#x that has no NUL before %#x, where "
    .. "readable memory or its limit of 1 MiB ends; end it with .asciz or "
    .. "fix x1"):format(insn(e), at(e), facts.x.x1 or 0, e.addr)
end

function why.fault(e)
  local tell = fault[e.reason]
  local text = tell and tell(e, facts_of(e))
    or ("%s %s faulted"):format(insn(e), at(e))
  return e.reason .. ": " .. text
end

function M.why(e)
  local tell = why[e.kind]
  return tell and tell(e) or tostring(e.kind)
end

return M
