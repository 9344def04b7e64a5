-- SPDX-License-Identifier: MIT
--
-- A second opinion on the GIC: random sequences of accesses to distributor,
-- redistributor and CPU interface, by a guest with interrupts masked, on
-- qemu-system-aarch64 (-M virt,gic-version=3) and here. What each read gives,
-- and which interrupts ISR_EL1 shows after each step, must be equal.
--
-- Differences that are right, all left out of the sequences or masked:
-- - priorities have five bits here and as KVM has them; qemu's distributor
--   keeps eight, and its CPU interface looks at five of them
-- - an SPI routed to one of N: qemu says No1N, and ignores the mode
-- - PPIs are levels here and in KVM, for ever; qemu lets ICFGR1 change that
-- - ICC_SGI1R_EL1 makes an SGI of group 0 pending here and in KVM, as the
--   table of IHI 0069, 4.4 has it for one security state; qemu's does not
-- - a group disabled at the CPU interface hides nothing of the other here
--   (as in KVM): in qemu's the more urgent one of a disabled group does
-- - a redistributor that sleeps (GICR_WAKER) signals nothing here
-- - the groups at reset: 1 here and in KVM, 0 in qemu's
-- - qemu has 288 interrupts, LPIs, and an Aff3, and both ARE bits: GICD_TYPER,
--   GICR_TYPER, GICR_CTLR, bits of GICD_CTLR and ICC_CTLR_EL1, and
--   identification registers beyond PIDR2

local tv = require "tinyvmm"
local test = require "tap"
require "backend".only_file("soft", "the oracle is for it")
local oracle = require "guest._qemu"

local D, R = 0x08000000, 0x080a0000
local S = R + 0x10000
local SGI = 9                                  -- is always in group 1

-- An operation is its text; those that show something leave it in x19.
local function read(address, width)
  return ("ldr x1, =%#x\n %s19, [x1]"):format(address,
    ({ "ldrb w", "ldrh w", [4] = "ldr w", [8] = "ldr x" })[width or 4])
end

local function write(address, value, width)
  return ("ldr x0, =%#x\n ldr x1, =%#x\n %s0, [x1]"):format(value, address,
    ({ "strb w", "strh w", [4] = "str w", [8] = "str x" })[width or 4])
end

local function icc(name) return "mrs x19, icc_" .. name .. "_el1" end
local function set_icc(name, value)
  return ("ldr x0, =%#x\n msr icc_%s_el1, x0\n isb"):format(value, name)
end

-- Where a bank's word registers are: the distributor's and, for bank 0, the
-- redistributor's.
local function word(base, bank)
  return bank == 0 and S + base or D + base + 4 * bank
end

local BITS = { 0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 }
local ICC_READ = { "hppir0", "hppir1", "rpr", "pmr", "bpr0", "bpr1", "ap0r0",
  "ap1r0", "igrpen0", "igrpen1", "sre" }

local function sparse(t)
  return 1 << t.random(0, 31) | 1 << t.random(0, 31) | 1 << t.random(0, 3)
end

local function pick(t, list) return list[t.random(#list)] end

-- The last two that were acknowledged are in x24 and x25.
local function acknowledge(group)
  return icc("iar" .. group) .. "\n mov x25, x24\n mov x24, x19"
end

local function finish(group)
  return ("msr icc_eoir%d_el1, x24\n isb\n mov x24, x25"):format(group)
end

-- Each makes an operation; the numbers are weights.
local makers = {
  { 8, function(t) return read(word(pick(t, BITS), t.random(0, 2))) end },
  { 10, function(t)
    local base, bank = pick(t, BITS), t.random(0, 2)
    local fixed = base == 0x80 and bank == 0 and 1 << SGI or 0
    return write(word(base, bank), sparse(t) | fixed)
  end },
  { 6, function(t) return write(word(0x200, t.random(0, 2)), sparse(t)) end },
  { 6, function(t) return write(word(0x100, t.random(0, 2)), sparse(t)) end },
  { 6, function(t)                                    -- priorities
    local n, wide = t.random(0, 95), t.random(0, 1) == 1
    local at = (n < 32 and S or D) + 0x400 + (wide and n & ~3 or n)
    local value = t.random() & 0xf8f8f8f8
    return write(at, wide and value or value & 0xff, wide and 4 or 1)
  end },
  { 3, function(t)
    local n, wide = t.random(0, 95), t.random(0, 1) == 1
    local at = (n < 32 and S or D) + 0x400 + (wide and n & ~3 or n)
    return read(at, wide and 4 or 1)
  end },
  { 3, function(t)
    return write(D + 0xc00 + 4 * t.random(2, 7), t.random() & 0xffffffff)
  end },
  { 2, function(t)
    local n = t.random(0, 7)
    return read((n < 2 and S or D) + 0xc00 + 4 * n)
  end },
  { 3, function(t)
    local at = D + 0x6000 + 8 * t.random(32, 95)
    return write(at, pick(t, { 0, 0, 0, 1, 0x100 }), pick(t, { 4, 8 }))
  end },
  { 2, function(t)
    local width = pick(t, { 4, 8 })
    local at = D + 0x6000 + 8 * t.random(32, 95)
    return read(width == 4 and at + 4 * t.random(0, 1) or at, width)
  end },
  { 3, function(t) return write(D, t.random(0, 3)) end },
  { 1, function(t)                        -- bank 0 of the distributor is not
    return t.random(0, 1) == 0 and read(D + pick(t, BITS))
      or write(D + pick(t, BITS), t.random() & 0xffffffff)
  end },
  { 1, function(t)                        -- sizes that are none
    return read(pick(t, { word(0x100, 1), word(0x200, 0), D + 0xc08, D,
      R + 0x14 }), pick(t, { 1, 2, 8 }))
  end },
  { 1, function(t)
    return write(pick(t, { word(0x100, 1), word(0x200, 0), D + 0xc08, D }),
      t.random() & 0xffffffff, pick(t, { 1, 2, 8 }))
  end },
  { 1, function(t)                        -- reserved ones
    return read(pick(t, { D + 0x10 + 4 * t.random(4, 7), D + 0x800, D + 0xd00,
      D + 0xf00, D + 0x6000, D + 0xffe8, R + 0xffe8, R + 0x14 }))
  end },
  { 2, function()
    return read(D) .. "\n mov x0, #0x53\n and x19, x19, x0"
  end },
  { 8, function(t) return acknowledge(pick(t, { 0, 1, 1, 1 })) end },
  { 8, function(t) return finish(pick(t, { 0, 1, 1, 1 })) end },
  { 2, function(t) return set_icc("dir", t.random(0, 95)) end },
  { 2, function() return "msr icc_dir_el1, x24\n isb" end },
  { 1, function(t)
    return set_icc("eoir" .. t.random(0, 1),
      pick(t, { t.random(0, 255), t.random(288, 1100) }))
  end },
  { 12, function(t) return icc(pick(t, ICC_READ)) end },
  { 6, function(t)
    return set_icc("pmr", pick(t, { 0xff, 0xf0, 0xf8, t.random(0, 255) }))
  end },
  { 3, function(t)
    return set_icc("bpr" .. t.random(0, 1), t.random(0, 7))
  end },
  { 3, function(t) return set_icc("ctlr", t.random() & 3) end },
  { 3, function()
    return icc "ctlr" .. "\n mov x0, #0x703\n and x19, x19, x0"
  end },
  { 2, function(t) return set_icc("ap" .. t.random(0, 1) .. "r0",
    pick(t, { 0, 0, 1 << t.random(0, 31) })) end },
  { 3, function(t)                        -- SGIs of group 0, by their register
    return set_icc(pick(t, { "sgi0r", "asgi1r" }),
      t.random(0, 15) << 24 | pick(t, { 1, 1, 2, 0x10001, 1 << 40 }))
  end },
  { 3, function(t)
    return set_icc("sgi1r", SGI << 24 |
      pick(t, { 1, 1, 1, 2, 0x10001, 1 << 32, 1 << 40 }))
  end },
}

local function one(t)
  local total = 0
  for _, m in ipairs(makers) do total = total + m[1] end
  local n = t.random(total)
  for _, m in ipairs(makers) do
    n = n - m[1]
    if n <= 0 then return m[2](t) end
  end
end


local FRAME = [[
start:  mov     x24, #0
        mov     x25, #0
]]

local function begin()
  local ops = { write(R + 0x14, 0), set_icc("sre", 7) }
  for bank = 0, 2 do
    ops[#ops + 1] = write(word(0x80, bank), 0xffffffff)
  end
  for n = 1, 7 do ops[#ops + 1] = write(D + 0x80 + 4 * n, 0xffffffff) end
  for _, o in ipairs { write(D, 3), set_icc("pmr", 0xf8),
    set_icc("igrpen0", 1), set_icc("igrpen1", 1), set_icc("bpr0", 0),
    set_icc("bpr1", 0) } do
    ops[#ops + 1] = o
  end
  return ops
end

local SHOW = [[
        bl      hex
        mrs     x19, isr_el1
        bl      hex
        mov     w19, #10
        str     w19, [x26]
]]

local function source(ops)
  local out = { FRAME }
  for k, op in ipairs(ops) do
    out[#out + 1] = "mov x19, #0\n" .. op .. "\n" .. SHOW
    if k % 100 == 0 then
      out[#out + 1] = ("b l%d\n .ltorg\nl%d:\n"):format(k, k)
    end
  end
  out[#out + 1] = oracle.OFF .. oracle.HEX .. ".ltorg\n"
  return table.concat(out, "\n")
end

test("random accesses find what they find on qemu-system-aarch64",
     function(t)
  t.needs "qemu-system-aarch64"
  local ops = begin()
  local count = tonumber(os.getenv "TV_GIC_N" or 4000)
  while #ops < count do ops[#ops + 1] = one(t) end
  local image = tv.asm(source(ops))
  local text, exit = oracle.here(image, { gic = "v3" })
  t.eq({ exit.kind, exit.reason }, { "shutdown", "off" })
  local answer = oracle.qemu(t, image, "max", ",gic-version=3")
  local ours, theirs = oracle.results(text, 2), oracle.results(answer, 2)
  t.eq(#ours, #ops)
  t.ok(#theirs == #ops, answer:sub(1, 2000))
  local wrong, irqs = 0, 0
  for k, line in ipairs(ours) do
    if line:sub(18) ~= ("0"):rep(16) .. " " then irqs = irqs + 1 end
    if line ~= theirs[k] then
      wrong = wrong + 1
      if wrong <= 3 then
        for j = math.max(k - 12, 1), k do
          t.note(j .. ": " .. ops[j]:gsub("\n", ";"))
        end
        t.note("ours   " .. line .. "\ntheirs " .. theirs[k])
      end
    end
  end
  t.eq(wrong, 0, "steps that differ, of " .. #ops)
  t.ok(irqs > #ops // 20, "interrupts are signalled")
end)
