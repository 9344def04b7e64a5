-- SPDX-License-Identifier: MIT
-- How an address gets into bytes: one entry per way an instruction or a data
-- item can refer to a symbol. `apply(kind, word, target, pc)` returns the new
-- word, or nil and what is wrong. PC-relative kinds depend only on the
-- distance, so inside an image they are final at once; the others (and those
-- that aim at a fixed address) wait as relocations until the image is placed.

local M = {}

local function signed(d, bits, scale)
  local limit = 1 << bits + scale - 1
  return d >= -limit and d < limit
end

-- bits, lowest bit in the word, log2 of the unit, and the way out.
local BRANCH = {
  rel26 = { 26, 0, 2, "load the address: ldr x16, =label; br x16 (or blr)" },
  rel19 = { 19, 5, 2, "invert the condition around a plain b" },
  rel14 = { 14, 5, 2, "invert the test around a plain b" },
  lit19 = { 19, 5, 2, "put a .ltorg or the data nearer" },
}

local function branch(row, word, target, pc)
  local bits, pos, scale = row[1], row[2], row[3]
  local d = target - pc
  if d & (1 << scale) - 1 ~= 0 then
    return nil, ("the distance %d is not a multiple of %d; align the label"
      .. " with .balign 4"):format(d, 1 << scale)
  end
  if not signed(d, bits, scale) then
    local limit = 1 << bits + scale - 1
    return nil, ("out of range: the distance is %d, this form reaches %d to"
      .. " %d; %s"):format(d, -limit, limit - (1 << scale), row[4])
  end
  return word | (d >> scale & (1 << bits) - 1) << pos
end

local function adr(word, value)
  return word | (value & 3) << 29 | (value >> 2 & 0x7ffff) << 5
end

local ADDRESS = {
  rel21 = function(word, target, pc)
    local d = target - pc
    if not signed(d, 21, 0) then
      return nil, ("out of range: the distance is %d, adr reaches -1048576 to"
        .. " 1048575; use adrp and add with :lo12:"):format(d)
    end
    return adr(word, d)
  end,
  page21 = function(word, target, pc)
    local d = (target & ~0xfff) - (pc & ~0xfff)
    if not signed(d, 33, 0) then
      return nil, ("out of range: the page is %d bytes away, adrp reaches 4"
        .. " GiB; use ldr with =label"):format(d)
    end
    return adr(word, d >> 12)
  end,
}

-- The low 12 bits of an address, in units of 1 << scale: lo12.0 to lo12.4.
local function lo12(scale, word, target)
  local v = target & 0xfff
  if v & (1 << scale) - 1 ~= 0 then
    return nil, ("the address %#x is not a multiple of %d, which this access"
      .. " needs; align the label with .balign %d"):format(target, 1 << scale,
      1 << scale)
  end
  return word | v >> scale << 10
end

-- Bits 16n to 16n+15 of an address: absn, or absn_nc if more may lie above.
local function abs(n, free, word, target)
  if free == "" and n < 3 and target >> 16 * (n + 1) ~= 0 then
    return nil, ("the address %#x has bits above those of :abs_g%d:; begin"
      .. " with a higher one"):format(target, n)
  end
  return word | (target >> 16 * n & 0xffff) << 5
end

-- The same of a value with a sign, which decides between MOVZ and MOVN (bit
-- 30): absn_s, preln.
local function signed_part(n, word, v)
  if n < 3 and not signed(v, 16 * (n + 1) + 1, 0) then
    return nil, ("%#x has more bits than those of _g%d; begin with a higher"
      .. " one"):format(v, n)
  end
  word = v < 0 and word & ~(1 << 30) or word | 1 << 30
  return word | ((v < 0 and ~v or v) >> 16 * n & 0xffff) << 5
end

local function part(kind, word, target, pc)
  local from, n, tail = kind:match "^(%l+)(%d)(.*)$"
  n = math.tointeger(tonumber(n))
  if from == "abs" and tail ~= "_s" then return abs(n, tail, word, target) end
  local v = from == "prel" and target - pc or target
  if tail == "_nc" then return abs(n, tail, word, v) end
  return signed_part(n, word, v)
end

function M.apply(kind, word, target, pc)
  local row = BRANCH[kind]
  if row then return branch(row, word, target, pc) end
  if ADDRESS[kind] then return ADDRESS[kind](word, target, pc) end
  if not kind:find "^lo12" then
    return part(kind, word, target, pc)
  end
  return lo12(tonumber(kind:match "^lo12%.(%d)$"), word, target)
end

-- Does the kind depend on the distance only?
function M.relative(kind)
  return BRANCH[kind] ~= nil or kind == "rel21" or kind:find "^prel" ~= nil
end

-- Bytes of a data item of 1, 2, 4 or 8; nil and the reason if it does not fit.
function M.data(value, size)
  if size < 8 then
    local top = 1 << 8 * size
    if value < -(top >> 1) or value >= top then
      return nil, ("%s does not fit %d byte%s"):format(
        math.abs(value) < 1 << 16 and value or ("%#x"):format(value), size,
        size == 1 and "" or "s")
    end
    value = value & top - 1
  end
  return string.pack("<I" .. size, value)
end

return M
