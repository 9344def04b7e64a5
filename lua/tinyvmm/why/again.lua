-- SPDX-License-Identifier: MIT
--
-- Exceptions that never end: vectors without code, handlers that return to
-- what raised the exception, that lose their way back, or that leave the
-- interrupt up. The vCPU's ELR_EL1, ESR_EL1 and VBAR_EL1 tell them apart.

local arrival = require "tinyvmm.why.arrival"
local gic = require "tinyvmm.why.gic"
local path = require "tinyvmm.why.path"
local timers = require "tinyvmm.why.timers"
local values = require "tinyvmm.why.values"

local TABLE = 0x800

local function inside(addr, base)
  return addr - base >= 0 and addr - base < TABLE
end

-- The register of the program's msr vbar_el1, if it has one.
local function vbar_source(f)
  for _, bytes in ipairs(f:contents()) do
    local at = 1
    while at do
      at = bytes:find("[\0-\30]\xc0\x18\xd5", at)
      if at and at % 4 == 1 then return f.x[bytes:byte(at)] end
      at = at and at + 1
    end
  end
end

-- VBAR_EL1 drops its low 11 bits: where the table really is, as a label or
-- the register that was written there says.
local function real_table(f, vbar)
  local found
  local function look(addr)
    if addr & ~(TABLE - 1) == vbar and addr ~= vbar then found = addr end
  end
  look(vbar_source(f) or vbar)
  f:each_symbol(function(name, addr)
    if not found and name:lower():find "vec" then look(addr) end
  end)
  return found
end

-- A vector that has no code.
local function no_handler(e, f)
  local vbar, elr, esr = f:sys "vbar_el1", f:sys "elr_el1", f:sys "esr_el1"
  if not vbar or esr == 0 or not inside(e.pc, vbar) or f.insn.defined
     or elr ~= e.pc and (e.pc - vbar) & 0x7f ~= 0 then
    return nil
  end
  local misplaced = real_table(f, vbar)
  if misplaced then
    return ("the vector table is at %s, but must be at a multiple of 2048 "
      .. "(.balign 2048): VBAR_EL1 became %#x"):format(f:show(misplaced), vbar)
  end
  return ("the vector at %#x has no code (%s), so each exception raises the "
    .. "next; write a handler there"):format(e.pc, f.insn.word == 0
    and "zeros" or values.text(f.insn.word) and "text" or f.insn.text)
end

-- Exceptions that return to the instruction that raised them, by the class in
-- ESR_EL1; and whether an instruction can be that one.
local function any() return true end
local function access(i) return i.mem ~= nil or i.op == "dc" end

local FAULTS = {
  [0x00] = function(i)
    return not i.defined or i.op == "mrs" or i.op == "msr" or i.op == "hlt"
  end,
  [0x07] = any, [0x18] = any, [0x24] = access, [0x25] = access,
  [0x26] = access, [0x3c] = function(i) return i.op == "brk" end
}

-- The instruction at ELR_EL1, if it raised the last exception.
local function culprit(f)
  local esr, elr = f:sys "esr_el1" or 0, f:sys "elr_el1"
  local test = esr ~= 0 and FAULTS[esr >> 26 & 63]
  local i = test and elr and f:at(elr)
  return i and test(i) and i or nil
end

local function name_of(f) return (arrival.event(f, 0):gsub(" at .*", "")) end

-- A handler that faults before it has done anything.
local function faulty_handler(_, f)
  local vbar, i = f:sys "vbar_el1", culprit(f)
  if not i or not path.leads(f, vbar + 0x200, i.pc) then return nil end
  return ("the handler at %s faults itself: %s at %s raises %s, which enters "
    .. "the handler again"):format(f:show(vbar + 0x200), i.text, f:show(i.pc),
    name_of(f))
end

-- An interrupt line is up and stays so: the handler is done, or as good as,
-- and touches nothing that could quiet it.
local function storm(e, f)
  local isr, pstate = f:sys "isr_el1", f:sys "pstate"
  if not isr or isr == 0 then return nil end
  local eret, way = path.eret(f, e.pc)
  local open = isr & ~pstate & 0xc0 ~= 0 and f:sys "elr_el1" == e.pc
  if not open then
    for _, i in ipairs(eret and way or {}) do
      if i.op:find "^st" or i.op == "msr" or i.op:find "^bl" then return nil end
    end
    if not eret then return nil end
  end
  if timers.up(f) then
    return "the timer's interrupt comes again after each eret, for the handler "
      .. "does not set the timer anew (CNTV_TVAL_EL0) or turn it off"
  end
  return "the interrupt comes again after each eret, for its line stays up; "
    .. ("let the handler quiet the device (the script: %s)"):format(
      gic.there(f) and "vm:irq(intid, false)" or "cpu:irq(false)")
end

local function same_instruction(e, f)
  local i = culprit(f)
  if not i then return nil end
  local eret, way = path.eret(f, e.pc)
  if e.pc ~= i.pc and not eret then return nil end
  for _, step in ipairs(e.pc ~= i.pc and way or {}) do
    if step.op == "msr" or step.op == "bl" then return nil end
  end
  return ("the handler returns to %s at %s, which faults again; repair the "
    .. "cause, or add 4 to ELR_EL1 before eret"):format(i.text, f:show(i.pc))
end

-- ELR_EL1 was overwritten by an exception inside the handler.
local function lost_way_back(e, f)
  local elr = f:sys "elr_el1"
  local eret = elr and path.eret(f, e.pc)
  local again = eret and path.eret(f, elr)
  if not again or again.pc ~= eret.pc then return nil end
  return ("eret at %s returns into the handler itself (ELR_EL1 = %#x): save "
    .. "ELR_EL1 and SPSR_EL1 before it can raise an exception")
    :format(f:show(eret.pc), elr)
end

return { no_handler, faulty_handler, storm, same_instruction, lost_way_back }
