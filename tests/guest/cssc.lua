-- SPDX-License-Identifier: MIT
--
-- FEAT_CSSC and FEAT_HBC, which qemu 7.2 lacks: their operations written down
-- from the pseudocode (Arm ARM C6.2), with corner and random operands; and
-- that both are undefined on a CPU without them.

local test = require "tap"
require "backend".only_file("soft", "its CPU models")
local guest = require "guest._guest"

local corners = { 0, 1, -1, 2, math.maxinteger, math.mininteger, 0x7fffffff,
  0x80000000, 0xffffffff, 0x100000000, 0x7f, 0x80, 0xff, -128 }

local function operand(t)
  if t.random(0, 1) == 0 then return corners[t.random(#corners)] end
  return t.random() >> t.random(0, 63)
end

local function width(v, x) return x and v or v & 0xffffffff end
local function signed(v, x)
  v = width(v, x)
  return x and v or (v ~ 0x80000000) - 0x80000000
end

-- name -> function(a, b, x): the result before it is cut to the width
local two = {
  smax = function(a, b, x)
    return math.max(signed(a, x), signed(b, x))
  end,
  smin = function(a, b, x)
    return math.min(signed(a, x), signed(b, x))
  end,
  umax = function(a, b, x)
    a, b = width(a, x), width(b, x)
    return math.ult(a, b) and b or a
  end,
  umin = function(a, b, x)
    a, b = width(a, x), width(b, x)
    return math.ult(a, b) and a or b
  end
}
local one = {
  abs = function(a, _, x)
    local v = signed(a, x)
    return v < 0 and -v or v
  end,
  cnt = function(a, _, x)
    local n = 0
    for i = 0, x and 63 or 31 do n = n + (a >> i & 1) end
    return n
  end,
  ctz = function(a, _, x)
    local n = 0
    while n < (x and 64 or 32) and a >> n & 1 == 0 do n = n + 1 end
    return n
  end
}

local function check(t, name, fn, text, a, b)
  for _, x in ipairs { true, false } do
    local r = x and "x" or "w"
    local m <close> = guest.machine(text:gsub("R", r), { cpu = { x1 = a,
      x2 = b, nzcv = 0xa0000000 } })
    m.cpu:step()
    local what = ("%s %s of %#x, %#x"):format(name, r, a, b)
    t.eq(m.cpu.x0, width(fn(a, b, x), x), what)
    t.eq({ m.cpu.nzcv, m.cpu.x1, m.cpu.x2 }, { 0xa0000000, a, b }, what)
  end
end

test("smax, smin, umax and umin take the larger or smaller", function(t)
  for name, fn in pairs(two) do
    for _ = 1, 150 do
      check(t, name, fn, name .. " R0, R1, R2", operand(t), operand(t))
    end
  end
end)

test("with an immediate it is of 8 bits, signed for smax and smin", function(t)
  for name, fn in pairs(two) do
    for _ = 1, 60 do
      local imm = name:find "^s" and t.random(-128, 127) or t.random(0, 255)
      check(t, name, function(a, _, x) return fn(a, imm, x) end,
        ("%s R0, R1, #%d"):format(name, imm), operand(t), 0)
    end
  end
end)

test("abs, cnt and ctz", function(t)
  for name, fn in pairs(one) do
    for _, a in ipairs(corners) do
      check(t, name, fn, name .. " R0, R1", a, 0)
    end
    for _ = 1, 80 do
      check(t, name, fn, name .. " R0, R1", operand(t), 0)
    end
  end
end)

test("bc.cond branches as b.cond does", function(t)
  local conditions = { "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi",
    "ls", "ge", "lt", "gt", "le", "al", "nv" }
  for _, cond in ipairs(conditions) do
    for nzcv = 0, 15 do
      local ends = {}
      for i, mnemonic in ipairs { "b.", "bc." } do
        local m <close> = guest.machine(mnemonic .. cond .. " 1f; nop; 1: nop",
          { cpu = { nzcv = nzcv << 28 } })
        m.cpu:step()
        ends[i] = m.cpu.pc
      end
      t.eq(ends[2], ends[1], cond .. " with " .. nzcv)
    end
  end
end)

test("a CPU without them takes them for undefined", function(t)
  for _, text in ipairs { "smax x0, x1, x2", "umin w0, w1, #3", "abs x0, x1",
      "cnt w0, w1", "ctz x0, x1", "bc.eq ." } do
    local m <close> = guest.machine(text, { vm = { cpu = "armv8.7" } })
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0), text)
  end
end)
