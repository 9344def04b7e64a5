-- SPDX-License-Identifier: MIT
-- Which bits of a word say what size and number of elements an operand has:
-- the arrangements of vectors (kinds `Vd.z`) and the banks of scalar registers
-- (`Fd.z`), for print_simd.lua and parse_simd.lua. An arrangement is an array
-- of {text = "4s", size = 2 (log2 of the element's bytes), mask, value}: the
-- bits under mask are value. README.md says what each is for.
local M = { vector = {}, scalar = {} }

local LETTER = { [0] = "b", "h", "s", "d", "q" }
local Q = 1 << 30

-- "4s" for the size and whether the vector is 128 bits.
local function text(size, full)
  return ((full and 16 or 8) >> size) .. LETTER[size]
end

-- sizes: array of {size, mask, value}; both lengths, by Q, and the bank. Few
-- rows know `1d`.
local function both(name, sizes, has_1d)
  local v, s = {}, {}
  for i, e in ipairs(sizes) do
    local size, mask, value = table.unpack(e)
    if size < 3 or has_1d then
      v[#v + 1] = { text = text(size, false), size = size, mask = mask | Q,
        value = value }
    end
    v[#v + 1] = { text = text(size, true), size = size, mask = mask | Q,
      value = value | Q }
    s[i] = { text = LETTER[size], size = size, mask = mask, value = value }
  end
  M.vector[name], M.scalar[name] = v, s
end

-- The same where every vector has 128 bits.
local function full(name, sizes)
  both(name, sizes)
  local v = {}
  for i, e in ipairs(sizes) do
    v[i] = { text = text(e[1], true), size = e[1], mask = e[2], value = e[3] }
  end
  M.vector[name] = v
end

local function field(lo, width, ...)
  local sizes = {}
  for i, pair in ipairs { ... } do
    sizes[i] = { pair[2], (1 << width) - 1 << lo, pair[1] << lo }
  end
  return sizes
end

-- esz: the size itself, one size up, sums of pairs, PMULL's sources, floats
-- with halves
both("z", field(22, 2, { 0, 0 }, { 1, 1 }, { 2, 2 }, { 3, 3 }))
full("zw", field(22, 2, { 0, 1 }, { 1, 2 }, { 2, 3 }, { 3, 4 }))
both("zp", field(22, 2, { 0, 1 }, { 1, 2 }, { 2, 3 }), true)
both("pm", field(22, 2, { 0, 0 }, { 3, 3 }), true)
both("ez", field(22, 2, { 0, 1 }, { 2, 2 }, { 3, 3 }))
-- sz: single or double; the narrow and the wide side of a conversion
both("f", field(22, 1, { 0, 2 }, { 1, 3 }))
both("fn", field(22, 1, { 0, 1 }, { 1, 2 }))
full("fw", field(22, 1, { 0, 2 }, { 1, 3 }))
-- ftype and FCVT's result
both("", field(22, 2, { 0, 2 }, { 1, 3 }, { 3, 1 }))
both("opc", field(15, 2, { 0, 2 }, { 1, 3 }, { 3, 1 }))
-- immh: its highest bit
local immh = { { 0, 15 << 19, 1 << 19 }, { 1, 14 << 19, 2 << 19 },
  { 2, 12 << 19, 4 << 19 }, { 3, 8 << 19, 8 << 19 } }
both("i", immh)
for i, e in ipairs(immh) do immh[i] = { e[1] + 1, e[2], e[3] } end
full("iw", immh)
-- one size
both("b", { { 0, 0, 0 } })
both("h", { { 1, 0, 0 } })
both("s", { { 2, 0, 0 } })
for name, size in pairs { ["16b"] = 0, ["8h"] = 1, ["4s"] = 2, ["2d"] = 3 } do
  full(name, { { size, 0, 0 } })
end
M.vector["2h"] = { { text = "2h", size = 1, mask = 0, value = 0 } }
M.vector.hh = { { text = "2h", size = 1, mask = Q, value = 0 },
  { text = "4h", size = 1, mask = Q, value = Q } }
M.vector.fpair = { { text = "2s", size = 2, mask = 1 << 22, value = 0 },
  { text = "2d", size = 3, mask = 1 << 22, value = 1 << 22 } }

return M
