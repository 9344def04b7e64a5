-- SPDX-License-Identifier: MIT
--
-- What the guest executes is not its program: code that was overwritten, a
-- file of another kind, text or data. Words of that sort may be undefined, or
-- mean some wild load, or arithmetic that we lack, so these rules are tried
-- for every fault before those of its reason.

local arrival = require "tinyvmm.why.arrival"
local rules = require "tinyvmm.why.rules"
local values = require "tinyvmm.why.values"

local NO_INSTRUCTION = { undefined = true, unimplemented = true }

-- Overwritten ---------------------------------------------------------------

-- How far the stack pointer may be from the program for the stack to be the
-- culprit.
local NEAR = 0x1000

local function stack_near(f)
  local sp = f.x.sp
  return sp and (f:image(sp - NEAR) or f:image(sp + NEAR) or f:image(sp))
    ~= nil
end

local function changed(f, addr)
  local word, now = f:loaded_word(addr), f:word(addr)
  if not word or not now or word == now then return nil end
  local i = f:decode(word, addr)
  if i.defined then return i, now end
end

-- The word at pc, or the call that led from changed code to nowhere.
local function overwritten(e, f)
  local near = stack_near(f)
  if not NO_INSTRUCTION[e.reason] and not near then return nil end
  local i, now = changed(f, e.pc)
  if not i and e.access == "x" and f.x[30] then
    i, now = changed(f, f.x[30] - 4)
  end
  if not i then return nil end
  return ("%s was overwritten: the program has %s there, now there is %s; %s")
    :format(f:show(i.pc), i.text, now == 0 and "zero"
    or ("%#010x"):format(now), near
    and ("the stack grew down into the code (sp = %#x): recursion without "
      .. "end, or too little room?"):format(f.x.sp)
    or "a store through a wrong pointer did it")
end

-- Files of another kind -----------------------------------------------------

local function elf(e, f)
  if f:word(e.pc) ~= 0x464c457f then return nil end
  return ("%s holds the head of an ELF file, not code; load the file by "
    .. "tv.load(path), which puts its parts where they belong"):format(
    f:show(e.pc))
end

local function compressed(e, f)
  local word = f:word(e.pc)
  if not word or word & 0xffffff ~= 0x088b1f then return nil end
  return ("%s holds a gzip file, not code; decompress it before vm:load")
    :format(f:show(e.pc))
end

-- The head of a Linux kernel, "ARM\x64" at offset 56, asks to stand at a
-- multiple of 2 MiB (Linux, Documentation/arch/arm64/booting).
local function linux(e, f)
  local rec = f:image(e.pc)
  local magic = rec and f:loaded_word(rec.addr + 56)
  if magic ~= 0x644d5241 or rec.addr & 0x1fffff == 0 then return nil end
  return ("the program is a Linux kernel, which was loaded at %#x but must "
    .. "be at a multiple of 2 MiB; use vm:load(0x40200000, ...) with RAM there")
    :format(rec.addr)
end

-- A word and what follows it: the idioms that functions begin with.
local X86 = { [0xe5894855] = "push %rbp; mov %rsp, %rbp",
  [0xfa1e0ff3] = "endbr64", [0xfb1e0ff3] = "endbr32",
  [0x83e58955] = "push %ebp; mov %esp, %ebp" }

local function x86(e, f)
  local word = f:word(e.pc)
  local idiom = X86[word] or word and word & 0xffffff == 0xe58955
    and "push %ebp; mov %esp, %ebp"
  if not idiom then return nil end
  return ("%s holds x86 code (%s), but this is an Arm CPU; build for AArch64 "
    .. "(aarch64-linux-gnu-gcc, clang --target=aarch64-none-elf)"):format(
    f:show(e.pc), idiom)
end

local BUILD = "this CPU has 64-bit code only: build with aarch64-linux-gnu-gcc"

-- A32: the condition "always" is 0xe in the top bits of nearly every word.
local function arm32(e, f)
  local count = 0
  for k = 0, 3 do
    local word = f:word(e.pc + 4 * k)
    if word and word >> 28 == 0xe then count = count + 1 end
  end
  local word = f:word(e.pc)
  if count < 3 or word >> 28 ~= 0xe then return nil end
  return ("%s holds code for 32-bit Arm (%#010x and on); %s"):format(
    f:show(e.pc), word, BUILD)
end

-- T32: a push at the start, and bx lr or a pop of pc soon after.
local function thumb(e, f)
  local first = f:word(e.pc)
  if not first or first & 0xfe00 ~= 0xb400 and first & 0xff80 ~= 0xb080 then
    return nil
  end
  for k = 0, 15 do
    local word = f:word(e.pc + 4 * k) or 0
    for _, half in ipairs { word & 0xffff, word >> 16 } do
      if half == 0x4770 or half & 0xff00 == 0xbd00 then
        return ("%s holds Thumb code of 32-bit Arm (%#06x and on); %s")
          :format(f:show(e.pc), first & 0xffff, BUILD)
      end
    end
  end
end

-- Four words that are instructions only with their bytes turned round.
local function turned_round(e, f)
  local wrong = 0
  for k = 0, 3 do
    local word = f:word(e.pc + 4 * k)
    if not word or word == 0 then return nil end
    if not f:decode(values.swap32(word), 0).defined then return nil end
    if not f:decode(word, 0).defined then wrong = wrong + 1 end
  end
  if wrong < 2 then return nil end
  return ("%s holds instructions with their bytes in the wrong order (%s "
    .. "as big-endian); A64 code is always little-endian: \"<I4\" in "
    .. "string.pack"):format(f:show(e.pc),
    f:decode(values.swap32(f:word(e.pc)), e.pc).text)
end

-- Text and data -------------------------------------------------------------

local function is_text(word)
  return values.text_of(string.pack("<I4", word)) ~= nil
end

-- The text around an address: its first byte's address, and some of it.
local function text_at(f, addr)
  if not is_text(f:word(addr) or 0) then return nil end
  local first = addr
  while first > addr - 64 and f:word(first - 4)
        and is_text(f:word(first - 4)) do
    first = first - 4
  end
  local bytes = {}
  for k = 0, 3 do
    bytes[#bytes + 1] = string.pack("<I4", f:word(first + 4 * k) or 0)
  end
  local text = values.text_of(table.concat(bytes))
  if #text < 7 then return nil end
  return text, first
end

local function text(e, f)
  if e.access == "x" then return nil end
  local what, first = text_at(f, e.pc)
  if not what then return nil end
  if f:first() and f:images()[1] and f:image(e.pc)
     and f:image(e.pc).image.format == "raw" then
    return ("%s holds the text \"%s\", not code; assemble source text with "
      .. "tv.asm, or give the file's name the ending .S"):format(
      f:show(first), what)
  end
  local a = arrival.of(e, f, is_text)
  return ("%s, which is the text \"%s\", not code; %s%s"):format(a.came, what,
    a.fix, a.kind == "fell" and " before it" or "")
end

local function data(e, f)
  if not NO_INSTRUCTION[e.reason] then return nil end
  local section = f:section(e.pc)
  if not section or section:find "^%.text" then return nil end
  local a = arrival.of(e, f)
  return ("%s in section %s, which is data, not code; %s"):format(a.came,
    section, a.fix)
end

-- Formats explain words that are no instruction; the rest, all faults.
local function no_instruction(e) return NO_INSTRUCTION[e.reason] end

local formats = rules.when(no_instruction, { elf, compressed, x86, arm32,
  thumb, turned_round })

return { overwritten, linux,
  function(e, f) return rules.first(formats, e, f) end, text, data }
