-- SPDX-License-Identifier: MIT
--
-- The exclusive monitor (B2.12) of one vCPU: what keeps it, what clears it,
-- and that budgets and single steps do neither; exclusives and atomics on
-- what is not plain memory.

local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local D = guest.DATA

-- ldxr, `between`, stxr; x2 is the status. relaxed, EL1h.
local function pair(between, options)
  options = options or {}
  options.vm = options.vm or { strict = false }
  options.cpu = options.cpu or {}
  options.cpu.x0, options.cpu.x5 = D, 0x55
  return guest.machine("ldxr x1, [x0]; " .. between
    .. "; stxr w2, x5, [x0]; svc #0", options)
end

local cases = {
  { "nop", 0 }, { "clrex", 1 }, { "clrex #3", 1 }, { "ldr x3, [x0]", 0 },
  { "ldxr x3, [x0]", 0 }, { "ldxr w3, [x0]", 1 }, { "ldxrb w3, [x0]", 1 },
  { "ldxp w3, w4, [x0]", 0 }, { "ldxp x3, x4, [x0]", 1 },
  { "add x3, x0, #8; ldxr x4, [x3]", 1 },
  { "stxr w3, x1, [x0]", 1 }, { "add x4, x0, #64; stxr w3, x1, [x4]", 1 },
  { "dsb sy; isb; wfe; sev", 0 }, { "svc #0", 1 },
  { "adr x3, 1f; msr elr_el1, x3; mov x3, #0x3c5; msr spsr_el1, x3; eret; 1:",
    1 },
  { "add x4, x0, #8; str x5, [x4]", 0 }, { "ldar x3, [x0]", 0 },
}

test("what lies between LDXR and STXR decides whether the store passes",
     function(t)
  backend.only(t, "soft", "stepping a real CPU clears its monitor")
  for _, case in ipairs(cases) do
    local m <close> = pair(case[1])
    m.vm:write_u32(guest.VECTORS + 0x200, guest.ERET)
    m.cpu.x2 = 9
    for _ = 1, 40 do
      if m.cpu.pc == guest.VECTORS + 0x204 or m.cpu.x2 ~= 9 then break end
      m.cpu:step()
    end
    t.eq(m.cpu.x2, case[2], case[1])
    t.eq(m.vm:read_u64(D), case[2] == 0 and 0x55 or 0, case[1])
  end
end)

test("budgets, single steps and exits keep the monitor", function(t)
  backend.only(t, "soft", "stepping a real CPU clears its monitor")
  local m <close> = pair "nop; hvc #7; nop; nop"
  repeat local exit = m.cpu:step()
  until exit.kind == "budget" and m.cpu.pc == guest.ENTRY + 24
  t.eq(m.cpu.x2, 0)
  t.eq(m.vm:read_u64(D), 0x55)
end)

test("an interrupt between them clears it: its ERET does", function(t)
  backend.normal(t)
  local m <close> = pair("nop", { cpu = { pstate = 5 } })
  m.vm:write_u32(guest.VECTORS + 0x280, guest.ERET)
  m.cpu:step()
  m.cpu:irq(true)
  m.cpu:step()
  m.cpu:irq(false)
  m.cpu:step(2)
  t.eq({ m.cpu.pc, m.cpu.x2 }, { guest.ENTRY + 12, 1 })
end)

test("host writes to the location clear it, elsewhere they do not",
     function(t)
  backend.only(t, "soft", "stepping a real CPU clears its monitor")
  for _, case in ipairs { { D, 1 }, { D + 4, 1 }, { D + 7, 1 },
                          { D - 1, 0 }, { D + 8, 0 } } do
    local m <close> = pair "nop"
    m.cpu:step()
    m.vm:write_u8(case[1], 1)
    m.cpu:step(2)
    t.eq(m.cpu.x2, case[2], ("%#x"):format(case[1]))
  end
end)

test("each size stores its bytes and no more", function(t)
  backend.only(t, "soft", "stepping a real CPU clears its monitor")
  local forms = {
    { "ldxrb w1, [x0]; stxrb w2, w5, [x0]", "\x88" },
    { "ldaxrh w1, [x0]; stlxrh w2, w5, [x0]", "\x88\x77" },
    { "ldxr w1, [x0]; stlxr w2, w5, [x0]", "\x88\x77\x66\x55" },
    { "ldaxr x1, [x0]; stxr w2, x5, [x0]",
      "\x88\x77\x66\x55\x44\x33\x22\x11" },
    { "ldxp w1, w3, [x0]; stxp w2, w5, w6, [x0]",
      "\x88\x77\x66\x55\x01\0\0\0" },
    { "ldaxp x1, x3, [x0]; stlxp w2, x5, x6, [x0]",
      "\x88\x77\x66\x55\x44\x33\x22\x11\x01\0\0\0\0\0\0\0" },
  }
  for _, f in ipairs(forms) do
    local m <close> = guest.machine(f[1], { vm = { strict = false },
      cpu = { x0 = D, x2 = 9, x5 = 0x1122334455667788, x6 = 1 } })
    m.vm:write(D, ("\xee"):rep(32))
    m.cpu:step(2)
    t.eq(m.cpu.x2, 0, f[1])
    t.eq(m.vm:read(D, 32), f[2] .. ("\xee"):rep(32 - #f[2]), f[1])
  end
end)

test("without LDXR a store-exclusive fails and stores nothing", function(t)
  backend.normal(t)
  local m <close> = guest.machine("stxr w2, x5, [x0]",
    { vm = { strict = false }, cpu = { x0 = D, x5 = 1 } })
  m.cpu:step()
  t.eq({ m.cpu.x2, m.vm:read_u64(D) }, { 1, 0 })
end)

local all_forms = { "ldxr x1, [x0]", "ldxrb w1, [x0]", "ldaxp x1, x2, [x0]",
  "stxr w2, x1, [x0]", "stlxp w3, w1, w2, [x0]", "ldadd x1, x2, [x0]",
  "swpb w1, w2, [x0]", "casal x1, x2, [x0]", "casp x2, x3, x4, x5, [x0]",
  "ldumaxh w1, w2, [x0]", "stset w1, [x0]" }

test("strict: exclusives and atomics on Device memory fault with DFSC 0x35",
     function(t)
  backend.except(t, "hvf", "one VM at a time")
  backend.device(t)
  for _, text in ipairs(all_forms) do
    local m <close> = guest.machine(text, { cpu = { x0 = D, x1 = 7 } })
    t.eq(m:to_vector(t), guest.FROM_EL1H, text)
    local write = text:find "^st[xl]" and 0x40 or 0
    t.eq(m.cpu.esr_el1, guest.esr(0x25, 0x35 | write), text)
    t.eq(m.cpu.far_el1, D, text)
    t.eq(m.vm:read(D, 16), ("\0"):rep(16), text)
    local bare <close> = guest.machine(text, { vectors = false,
      cpu = { x0 = D } })
    t.eq(bare.cpu:run(1).reason, "atomic", text)
  end
end)

test("without FEAT_LSE2 a misaligned exclusive or atomic faults in relaxed \z
  mode too", function(t)
  backend.only(t, "soft", "a model")
  for _, text in ipairs(all_forms) do
    local size = text:find "b w" and 1 or text:find "h w" and 2 or 4
    for off = 1, size - 1 do
      local m <close> = guest.machine(text, { vm = { strict = false,
        cpu = "armv8.3" },
        cpu = { x0 = D + off } })
      m:to_vector(t)
      local write = text:find "^st[xl]" and 0x40 or 0
      t.eq(m.cpu.esr_el1, guest.esr(0x25, 0x21 | write), text)
      t.eq(m.cpu.far_el1, D + off, text)
    end
  end
end)

-- The bytes that each of all_forms accesses.
local sizes = { 8, 1, 16, 8, 8, 8, 1, 8, 16, 2, 4 }

test("with FEAT_LSE2 they need only lie within 16 bytes of Normal memory",
     function(t)
  backend.only(t, "soft", "a model")
  for i, text in ipairs(all_forms) do
    local size = sizes[i]
    for off = 0, 31 do
      local m <close> = guest.machine(text, { vm = { strict = false },
        cpu = { x0 = D + off } })
      m.cpu:step()
      local good = off % 16 + size <= 16
      t.eq(m.cpu.pc == guest.ENTRY + 4, good, text .. " at " .. off)
      if not good then t.eq(m.cpu.far_el1, D + off, text) end
    end
  end
end)

test("a misaligned pair of exclusives works on the same bytes", function(t)
  backend.only(t, "soft", "a model")
  local m <close> = guest.machine([[
        ldxr    x1, [x0]
        add     x1, x1, #1
        stxr    w2, x1, [x0]
        ldaxr   w3, [x0]
        add     x4, x0, #1
        stlxr   w5, w3, [x4]            // another address
        svc     #0
  ]], { vm = { strict = false }, cpu = { x0 = D + 5, x2 = 9, x5 = 9 } })
  m.vm:write_u64(D + 5, 0x1122334455667788)
  m:to_vector(t)
  t.eq(m.vm:read_u64(D + 5), 0x1122334455667789)
  t.eq({ m.cpu.x2, m.cpu.x5 }, { 0, 1 })
end)

test("SCTLR_EL1.nAA frees acquire and release from the 16 bytes, A does not",
     function(t)
  backend.only(t, "soft", "a model")
  local nAA, A, SCTLR = 1 << 6, 2, 0x30d00800
  for _, text in ipairs { "ldar x1, [x0]", "stlr x1, [x0]", "ldapr x1, [x0]",
      "ldapur x1, [x0, #-1]", "stlur w1, [x0, #3]", "ldapursw x1, [x0, #2]" } do
    for _, case in ipairs { { 0, false }, { nAA, true }, { nAA | A, false } } do
      local m <close> = guest.machine(text, { vm = { strict = false },
        cpu = { x0 = D + 11, sctlr_el1 = SCTLR | case[1] } })
      m.cpu:step()
      t.eq(m.cpu.pc == guest.ENTRY + 4, case[2], text)
    end
  end
end)

test("on MMIO they are unsupported, on ROM and holes faults", function(t)
  backend.normal(t)
  for _, text in ipairs(all_forms) do
    local m <close> = guest.machine(text, { vm = { strict = false },
      cpu = { x0 = 0x9000000 } })
    m.device = assert(m.vm:map { kind = "mmio", base = 0x9000000,
      size = 0x4000 })
    m.rom = assert(m.vm:map { kind = "rom", base = 0xa000000, size = 0x4000 })
    local lone = text:find "^stx" or text:find "^stlx"
    local exit = m.cpu:run(1)
    if lone then t.eq(exit.kind, "budget", text .. ": fails silently")
    else t.eq({ exit.kind, exit.reason }, { "fault", "unsupported" }, text) end
    m.cpu.pc, m.cpu.x0 = guest.ENTRY, 0xa000000
    exit = m.cpu:run(1)
    if lone or text:find "^ld%a?x[rp]" then
      t.eq(exit.kind, "budget", text)
    else t.eq(exit.reason, "read-only", text) end
    m.cpu.pc, m.cpu.x0 = guest.ENTRY, 0xb000000
    exit = m.cpu:run(1)
    if lone then t.eq(exit.kind, "budget", text)
    else t.eq(exit.reason, "unmapped", text) end
  end
end)
