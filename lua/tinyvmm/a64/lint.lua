-- SPDX-License-Identifier: MIT
-- What is legal and surely wrong: the warnings of the assembler, apart from
-- those of single directives. Words are looked at by their bits, not by their
-- rows, so that `of` can decide once for a leaf of the cache (encode.lua) and
-- the check it returns runs for every word of that leaf. A warning must hold
-- for every program: what compilers and kernels write has none.

local M = {}

local function field(w, lo) return w >> lo & 31 end

-- Instructions ---------------------------------------------------------------

local STACK = "sp must stay a multiple of 16, or the next access through it"
  .. " faults; this moves it by %d"

local function moved(n)
  if n & 15 ~= 0 then return STACK:format(n) end
end

local function overlap(load)
  return "the base is written back and is a register "
    .. (load and "that is loaded" or "that is stored")
    .. ": the result is unpredictable"
end

-- Loads and stores with writeback (Arm ARM C3.2, "CONSTRAINED UNPREDICTABLE").
local function single(w)
  local rn = field(w, 5)
  if rn == 31 then
    local v = w >> 12 & 0x1ff
    return moved(v < 256 and v or v - 512)
  elseif w & 1 << 26 == 0 and field(w, 0) == rn then
    return overlap(w >> 22 & 3 ~= 0)
  end
end

local function pair(w)
  local rn, rt, rt2 = field(w, 5), field(w, 0), field(w, 10)
  local load, vector = w & 1 << 22 ~= 0, w & 1 << 26 ~= 0
  if load and rt == rt2 then
    return "both values are loaded into one register: the result is"
      .. " unpredictable"
  elseif w & 1 << 23 == 0 then return nil
  elseif rn == 31 then
    local v, size = w >> 15 & 0x7f, 2 + (vector and w >> 30 or w >> 31)
    if w & 0xffc00000 == 0x68c00000 then size = 2 end      -- ldpsw
    return moved((v < 64 and v or v - 128) << size)
  elseif not vector and (rt == rn or rt2 == rn) then return overlap(load) end
end

local function exclusive(w)
  local rs, rn = field(w, 16), field(w, 5)
  if rs == 31 then return nil end
  if rs == field(w, 0) or w & 1 << 21 ~= 0 and rs == field(w, 10) then
    return "status and data are one register: the result is unpredictable"
  elseif rs == rn then
    return "status and base are one register: the result is unpredictable"
  end
end

local function exclusive_pair(w)
  if field(w, 0) == field(w, 10) then return pair(1 << 22) end
end

local function adjust(w)
  return w & 1 << 22 == 0 and moved(w >> 10 & 0xfff) or nil
end

-- The check for words like w, that differ from it only in registers other than
-- sp and in immediates; nil if none of them can be wrong. It returns a message
-- or nil.
function M.of(w)
  if w & 0x3b200400 == 0x38000400 then return single end
  if w & 0x3a000000 == 0x28000000 then
    if w & 0xc4400000 == 0x40000000 then return nil end     -- stgp
    return pair
  end
  if w & 0x3fc00000 == 0x08000000 then
    if w >> 31 == 0 and w & 1 << 21 ~= 0 then return nil end  -- casp
    return exclusive
  end
  if w & 0xbfe00000 == 0x88600000 then return exclusive_pair end
  if w & 0xbf8003ff == 0x910003ff then return adjust end
end

-- Sections -------------------------------------------------------------------

-- Can control go on behind w? What a handler or a device may end does not.
local function goes_on(w)
  return not (w & 0x7c000000 == 0x14000000      -- b, bl
    or w & 0xfe000000 == 0xd6000000             -- br, blr, ret, eret
    or w & 0xff000000 == 0xd4000000             -- svc, hvc, smc, brk, hlt
    or w & 0xffff0000 == 0                      -- udf, or not known yet
    or w & 0xff00000e == 0x5400000e             -- b.al
    or w & 0x7f00001f == 0x3400001f             -- cbz xzr
    or w & 0x0a400000 == 0x08000000 and w & 0x3b000000 ~= 0x18000000  -- stores
    or w == 0xd503205f or w == 0xd503207f)      -- wfe, wfi
end

local NOP = 0xd503201f

-- Data is about to be put behind instructions of text, at column p.
function M.data(A, p)
  local code = A.sec.code
  if not code or A.sec.kind ~= "text" then return end
  local n = #code
  while n > 0 and code[n] == NOP do n = n - 1 end
  if n > 0 and goes_on(code[n]) then
    A:warn(p, "the instruction above runs into this data; a branch, ret or hvc"
      .. " must stand between")
  end
end

-- The first instruction behind something else, at column p.
function M.code(A, p)
  local sec, last = A.sec, A.latest
  if sec.kind == "drop" and not sec.told then
    sec.told = true
    A:warn(p, ("section %s has no flag 'a': its instructions are in no image")
      :format(sec.name))
  end
  if last and sec.size & 3 ~= 0 and last.sec == sec and last.off == sec.size
  then
    A:warn(p, ("the label before this instruction is %d byte%s below it; put"
      .. " .balign 4 before the label"):format(-sec.size & 3,
      -sec.size & 3 == 1 and "" or "s"))
  end
end

-- References -----------------------------------------------------------------

-- ldr of a literal: its bytes, by the word.
local function literal_size(w)
  if w & 1 << 26 == 0 then return w >> 30 == 1 and 8 or 4 end
  return 4 << (w >> 30)
end

-- msr vbar_elN, x0
local VBAR = { [0xd518c000] = true, [0xd51cc000] = true, [0xd51ec000] = true }

-- Word i of a part refers to v (image-relative) in the way of `kind`: a
-- message or nil.
function M.reference(A, part, i, kind, v, literal)
  local w = part[i]
  if kind == "lit19" then
    local size = literal_size(w)
    if v & size - 1 ~= 0 then
      return ("the %d bytes loaded are not at a multiple of %d, which faults"
        .. " while the MMU is off; put .balign %d before them"):format(size,
        size, size)
    end
    local sym = literal and A.symbols[literal]
    v = sym and sym.sec and not sym.expr and sym.sec.base + sym.off or 0
  elseif kind ~= "rel21" and kind ~= "lo12.0" then return nil end
  local to = part[i + 1]
  if to and VBAR[to & ~31] and to & 31 == w & 31 and v & 0x7ff ~= 0 then
    return ("the vectors are at a multiple of %d, and VBAR drops the low 11"
      .. " bits; put .balign 2048 before them"):format(v & -v)
  end
end

return M
