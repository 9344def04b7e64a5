-- SPDX-License-Identifier: MIT
--
-- How the guest came to an address where it cannot go on. Nothing records
-- jumps, but each kind leaves its trace: a call leaves x30 behind itself, a
-- return goes where x30 points, an exception return to ELR_EL1, an exception
-- to VBAR_EL1 plus a multiple of 128. The result has two texts: `came`, the
-- beginning of a sentence that names the address, and `fix`.

local insn = require "tinyvmm.why.insn"
local values = require "tinyvmm.why.values"

local M = {}

local SAVE = "x30, the return address, was overwritten: save it by "
  .. "stp x29, x30, [sp, #-16]! before bl"

-- The script put the vCPU there: nothing has been executed.
local function start(_, f, to)
  if not f:first() then return nil end
  return { kind = "start", came = "the vCPU starts at " .. to,
    fix = "set pc in vm:vcpu{}, or load the program there" }
end

-- "svc at 0x10004" for the exception that ELR_EL1 and ESR_EL1 tell of, if they
-- are to be had.
local EVENTS = { [0x00] = "an undefined instruction", [0x01] = "a trapped wfi",
  [0x07] = "a disabled FP instruction", [0x0e] = "an illegal return",
  [0x15] = "svc", [0x18] = "a trapped register access",
  [0x20] = "a bad jump", [0x21] = "a bad jump", [0x22] = "a misaligned jump",
  [0x24] = "a bad access", [0x25] = "a bad access",
  [0x26] = "a misaligned sp", [0x3c] = "brk" }

function M.event(f, offset)
  local elr, esr = f:sys "elr_el1", f:sys "esr_el1"
  local kind = offset & 0x180
  local what = kind == 0x80 and "an interrupt"
    or kind == 0x100 and "a fast interrupt"
    or esr and EVENTS[esr >> 26 & 63] or "an exception"
  if not elr or not esr then return what end
  return what .. " at " .. f:show(kind == 0 and esr >> 26 & 63 == 0x15
    and elr - 4 or elr)
end

local function vector(e, f, to)
  local vbar, esr = f:sys "vbar_el1", f:sys "esr_el1"
  if not vbar or (vbar | (esr or 0)) == 0 then return nil end
  local offset = e.pc - vbar
  if offset < 0 or offset >= 0x800 or offset & 0x7f ~= 0
     or f.x[30] == e.pc then
    return nil
  end
  return { kind = "vector", offset = offset,
    came = ("%s went to its vector %s (VBAR_EL1 + %#x)"):format(
      M.event(f, offset), to, offset),
    fix = "put the address of a vector table into VBAR_EL1" }
end

local function eret(e, f, to)
  local elr, spsr = f:sys "elr_el1", f:sys "spsr_el1"
  if elr ~= e.pc or (elr | (spsr or 0)) == 0 then return nil end
  return { kind = "eret", came = "eret went to ELR_EL1 = " .. to,
    fix = "write the address to go on at to ELR_EL1 before eret" }
end

-- bl or blr at x30 - 4.
local function call(e, f, to)
  local i = f.x[30] and f:at(f.x[30] - 4)
  if not i or not insn.is_call(i) then return nil end
  local place = i.text .. " at " .. f:show(i.pc)
  if i.op == "bl" and i.target == e.pc then
    return { kind = "call", came = place .. " called " .. to,
      fix = "fix its target" }
  end
  local name = i.op == "blr" and i[1]
  if not name or f:value(name) ~= e.pc then return nil end
  if e.pc == 0 then
    return { kind = "call",
      came = ("%s called the null pointer %s = 0"):format(place, name),
      fix = "set it to the address of a function first" }
  end
  return { kind = "call", came = ("%s called %s = %s"):format(place, name, to),
    fix = name .. " is not the address of a function" }
end

local function ret(e, f, to)
  if f.x[30] ~= e.pc then return nil end
  local text = values.text(e.pc)
  if e.pc == 0 then
    return { kind = "ret", came = "a return jumped to x30 = 0",
      fix = "nobody called this code (or x30 was lost): end it by EXIT, "
        .. "mov x0, #0; hvc #0, not ret" }
  elseif text then
    return { kind = "ret",
      came = ("a return jumped to x30 = %s, the text \"%s\""):format(to, text),
      fix = "a buffer on the stack was overrun up to the saved x30" }
  end
  return { kind = "ret", came = "a return jumped to x30 = " .. to,
    fix = SAVE }
end

-- Some other register has the address: br.
local function branch(e, f, to)
  if e.pc == 0 then return nil end
  for _, n in ipairs { 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
      14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 } do
    if f.x[n] == e.pc then
      return { kind = "br", came = ("a branch went to x%d = %s"):format(n, to),
        fix = ("x%d is not the address of code"):format(n) }
    end
  end
end

-- The instruction before it does not jump, or is a call that has returned.
-- `skip(word)` says which words before it are no code either.
local function fell(e, f, to, skip)
  local at = e.pc - 4
  while skip and at > e.pc - 64 and f:word(at) and skip(f:word(at)) do
    at = at - 4
  end
  local i = f:at(at)
  if not i or insn.ends(i) or i.word == 0 then return nil end
  if f.x[30] == e.pc and not insn.is_call(i) then return nil end
  return { kind = "fell", from = i,
    came = ("the guest ran on past %s at %s into %s"):format(i.text,
      f:show(i.pc), to),
    fix = "end the code with ret, a branch or EXIT" }
end

local function unknown(_, f, to)
  return { kind = "unknown", came = "the guest jumped to " .. to,
    fix = ("a wrong branch or return? x30 = %#x, sp = %#x"):format(
      f.x[30] or 0, f.x.sp or 0) }
end

function M.of(e, f, skip)
  local to = f:show(e.pc)
  return start(e, f, to) or vector(e, f, to) or call(e, f, to)
    or fell(e, f, to, skip) or eret(e, f, to) or ret(e, f, to)
    or branch(e, f, to) or unknown(e, f, to)
end

return M
