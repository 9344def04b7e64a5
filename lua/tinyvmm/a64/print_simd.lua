-- SPDX-License-Identifier: MIT
-- The print half of the FP and SIMD operand kinds: scalar registers, vectors
-- with an arrangement, elements, lists, immediates. parse_simd.lua has the
-- other half; what both know about arrangements is in arrange.lua.
local arrangements = require "tinyvmm.a64.arrange"

local format = string.format

local function bank(letter)
  local names = {}
  for n = 0, 31 do names[n] = letter .. n end
  return names
end
local B, H, S, D, Q, V =
  bank "b", bank "h", bank "s", bank "d", bank "q", bank "v"

-- arrangements, [size << 1 | Q]
local arrange = {
  [0] = ".8b", ".16b", ".4h", ".8h", ".2s", ".4s", ".1d", ".2d",
}

local print = {}
local base, X                     -- print.lua's: "[x0]", "x0"

-- log2 of the bytes of a scalar FP/SIMD access
local function fp_scale(w)
  return w & 0x800000 ~= 0 and 4 or w >> 30
end

-- FP/SIMD registers -----------------------------------------------------------

local scalar = { [0] = B, H, S, D, Q }
local place = { d = 0, n = 5, a = 10, m = 16 }

print.Ft = function(w) return scalar[fp_scale(w)][w & 31] end
print["Ft.p"] = function(w) return scalar[2 + (w >> 30)][w & 31] end
print["Ft2.p"] = function(w) return scalar[2 + (w >> 30)][w >> 10 & 31] end

print["Vd.hi"] = function(w) return V[w & 31] .. ".d[1]" end
print["Vn.hi"] = function(w) return V[w >> 5 & 31] .. ".d[1]" end

-- imm5: the lowest set bit is the element size, the bits above the index
local elements = { [0] = "b", "h", "s", "d" }

local function imm5_size(w)
  local imm5, size = w >> 16 & 15, 0
  while imm5 & 1 == 0 do
    imm5, size = imm5 >> 1, size + 1
  end
  return size
end

local function element5(w, reg)
  local size = imm5_size(w)
  return V[reg] .. "." .. elements[size]
    .. "[" .. (w >> 17 + size & 15 >> size) .. "]"
end
print["Vn.5"] = function(w) return element5(w, w >> 5 & 31) end
print["Vd.5"] = function(w) return element5(w, w & 31) end
print["Fd.5"] = function(w) return scalar[imm5_size(w)][w & 31] end
print["Vd.5q"] = function(w)
  return V[w & 31] .. arrange[imm5_size(w) << 1 | w >> 30 & 1]
end
print["Vn.4"] = function(w)
  local size = imm5_size(w)
  return V[w >> 5 & 31] .. "." .. elements[size]
    .. "[" .. ((w >> 11 & 15) >> size) .. "]"
end

-- n registers from Rt on, as objdump shortens them
local function list(w, n, suffix)
  local first = w & 31
  if n > 2 and first + n <= 32 then
    return "{" .. V[first] .. suffix .. "-" .. V[first + n - 1] .. suffix .. "}"
  end
  local text = "{" .. V[first] .. suffix
  for i = 1, n - 1 do text = text .. ", " .. V[first + i & 31] .. suffix end
  return text .. "}"
end

-- registers by `vop` (Arm ARM, opcode of LD1..LD4, multiple structures)
local multi = { [0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2 }

print.Vlist = function(w)
  local suffix = arrange[(w >> 10 & 3) << 1 | w >> 30 & 1]
  return list(w, multi[w >> 12 & 15], suffix)
end

local function single_count(w)
  return (w >> 13 & 1) * 2 + (w >> 21 & 1) + 1
end

print["Vlist.r"] = function(w)
  local suffix = arrange[(w >> 10 & 3) << 1 | w >> 30 & 1]
  return list(w, single_count(w), suffix)
end

-- log2 of the element of a single structure
local function single_size(w)
  local scale = w >> 14 & 3
  if scale == 3 then return w >> 10 & 3 end
  return scale == 2 and w & 0x400 ~= 0 and 3 or scale
end

print.Velem = function(w)
  local size = single_size(w)
  local index = w >> 30 & 1          -- Q:S:size, without the bits of the size
  index = index << 3 | w >> 10 & 7
  return list(w, single_count(w), "." .. elements[size])
    .. "[" .. (index >> size) .. "]"
end

print["mem.vpost"] = function(w)
  local rm = w >> 16 & 31
  if rm ~= 31 then return base[w >> 5 & 31] .. ", " .. X[rm] end
  local bytes
  if w & 0x1000000 ~= 0 then
    bytes = single_count(w) << single_size(w)
  else
    bytes = multi[w >> 12 & 15] << 3 + (w >> 30 & 1)
  end
  return base[w >> 5 & 31] .. ", #" .. bytes
end

-- Elements as a source ------------------------------------------------------

-- iH:iL:rm<4> for halfwords, iH:iL for words, iH for doublewords
local function index_hl(w) return w >> 10 & 2 | w >> 21 & 1 end
local function index_d(w) return w >> 11 & 1 end

local function half(w)
  return V[w >> 16 & 15] .. ".h[" .. (w >> 9 & 4 | w >> 20 & 3) .. "]"
end
local function word(w)
  return V[w >> 16 & 31] .. ".s[" .. index_hl(w) .. "]"
end

print["Vm.eh"] = half
print["Vm.e"] = function(w)
  return (w & 0x800000 == 0 and half or word)(w)
end
print["Vm.ef"] = function(w)
  local size = w >> 22 & 3
  if size == 0 then return half(w) end
  if size == 2 then return word(w) end
  return V[w >> 16 & 31] .. ".d[" .. index_d(w) .. "]"
end
print["Vm.ec"] = function(w)
  if w & 0x800000 == 0 then
    return V[w >> 16 & 31] .. ".h[" .. index_hl(w) .. "]"
  end
  return V[w >> 16 & 31] .. ".s[" .. index_d(w) .. "]"
end
print["Vm.e4b"] = function(w)
  return V[w >> 16 & 31] .. ".4b[" .. index_hl(w) .. "]"
end
print["Vm.e2h"] = function(w)
  return V[w >> 16 & 31] .. ".2h[" .. index_hl(w) .. "]"
end
print["Vm.sm3"] = function(w)
  return V[w >> 16 & 31] .. ".s[" .. (w >> 12 & 3) .. "]"
end
print.Vtable = function(w)
  return list(w >> 5, (w >> 13 & 3) + 1, ".16b")
end

-- FP/SIMD immediates ----------------------------------------------------------

local function imm8(w) return w >> 11 & 0xe0 | w >> 5 & 31 end

-- VFPExpandImm (Arm ARM J1.1): sign, three exponent bits, four fraction bits
local function float(v)
  local exponent = (v >> 4 & 7 ~ 4) - 3
  local value = (16 + (v & 15)) / 16 * 2.0 ^ exponent
  return format("#%.18e", v & 0x80 ~= 0 and -value or value)
end
print.fimm8 = function(w) return float(w >> 13 & 0xff) end
print["vimm.f"] = function(w) return float(imm8(w)) end

print.vimm = function(w) return format("#0x%x", imm8(w)) end
local function shifted(w, name, amount)
  if amount == 0 then return format("#0x%x", imm8(w)) end
  return format("#0x%x, %s #%d", imm8(w), name, amount)
end
print["vimm.lsl"] = function(w) return shifted(w, "lsl", (w >> 13 & 3) * 8) end
print["vimm.lsl8"] = function(w)
  return shifted(w, "lsl", (w >> 13 & 1) * 8)
end
print["vimm.msl"] = function(w)
  return shifted(w, "msl", 8 << (w >> 12 & 1))
end
print["vimm.mask"] = function(w)
  local v, bits = 0, imm8(w)
  for i = 0, 7 do
    if bits >> i & 1 == 1 then v = v | 0xff << i * 8 end
  end
  return format("#0x%x", v)
end

print.zero = function() return "#0" end
print.fzero = function() return "#0.0" end
print.size8 = function(w) return "#" .. (8 << (w >> 22 & 3)) end
print.scale = function(w) return "#" .. 64 - (w >> 10 & 63) end
print.imm4 = function(w) return "#" .. (w >> 11 & 15) end
print.xar6 = function(w) return "#" .. (w >> 10 & 63) end
print.rot = function(w) return "#" .. (w >> 11 & 3) * 90 end
print.rot1 = function(w) return "#" .. 90 + (w >> 12 & 1) * 180 end
print.rot13 = function(w) return "#" .. (w >> 13 & 3) * 90 end

-- immh:immb and the element size that its highest bit gives
local function shift_bits(w)
  local v, size = w >> 16 & 127, 8
  while v >= 2 * size do size = size * 2 end
  return v, size
end
print.shr = function(w)
  local v, size = shift_bits(w)
  return "#" .. 2 * size - v
end
print.shl = function(w)
  local v, size = shift_bits(w)
  return "#" .. v - size
end

-- Arranged registers, made when first asked for ----------------------------

-- The entries of an arrangement by the bits of the word that choose one.
local function by_bits(entries, value_of)
  local mask, t = 0, {}
  for _, e in ipairs(entries) do mask = mask | e.mask end
  local v = 0
  repeat
    for _, e in ipairs(entries) do
      if v & e.mask == e.value then
        t[v] = value_of(e)
        break
      end
    end
    v = v - mask & mask
  until v == 0
  return mask, t
end

local function vector(lo, name)
  local mask, suffix = by_bits(arrangements.vector[name], function(e)
    return "." .. e.text
  end)
  return function(w) return V[w >> lo & 31] .. suffix[w & mask] end
end

local function bank_of(lo, name)
  local mask, banks = by_bits(arrangements.scalar[name], function(e)
    return scalar[e.size]
  end)
  return function(w) return banks[w & mask][w >> lo & 31] end
end

-- Fills in the kinds of this file; `t` calls for the others when it meets one.
return function(t, shared)
  base, X = shared.base, shared.X
  for kind, fn in pairs(print) do t[kind] = fn end
  return setmetatable(t, { __index = function(_, kind)
    local letter, reg, name = kind:match "^([VFBHSDQ])([dnam])%.?(%w*)$"
    local fn
    if not letter then return nil end
    if letter == "V" then fn = vector(place[reg], name)
    elseif letter == "F" then fn = bank_of(place[reg], name)
    else
      local names, lo = ({ B = B, H = H, S = S, D = D, Q = Q })[letter],
        place[reg]
      fn = function(w) return names[w >> lo & 31] end
    end
    t[kind] = fn
    return fn
  end })
end
