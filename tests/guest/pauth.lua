-- SPDX-License-Identifier: MIT
--
-- Pointer authentication in the guest: the same image on qemu-system-aarch64
-- -cpu max and here on armv8.3, which has FEAT_PAuth and no later part of it,
-- as qemu 7.2 has; and what depends on the model: FEAT_PAuth2, FEAT_FPAC, the
-- hint space of a CPU without it. tests/core/test_soft_pauth.c has the
-- arithmetic. (Combined branches fail by address here, see the last tests.)

local tv = require "tinyvmm"
local test = require "tap"
require "backend".only_file("soft", "its CPU models")
local guest = require "guest._guest"
local oracle = require "guest._qemu"

local EN = 1 << 31 | 1 << 30 | 1 << 27 | 1 << 13   -- SCTLR_EL1.EnIA .. EnDB
local SCTLR = 0x30d00800
local KEYS = { "apia", "apib", "apda", "apdb", "apga" }

local self = {}                    -- instructions on x0 with modifier x1
for _, op in ipairs { "pac", "aut" } do
  for _, key in ipairs { "ia", "ib", "da", "db" } do
    self[#self + 1] = op .. key .. " x0, x1"
    self[#self + 1] = (op .. key):gsub("(.)$", "z%1") .. " x0"
  end
end
for _, text in ipairs { "xpaci x0", "xpacd x0", "pacga x0, x1, x2",
  "mov x17, x0; mov x16, x1; pacia1716; mov x0, x17",
  "mov x17, x0; mov x16, x1; autib1716; mov x0, x17",
  "mov x30, x0; pacibz; mov x0, x30", "mov x30, x0; autiaz; mov x0, x30",
  "mov x30, x0; paciasp; mov x0, x30", "mov x30, x0; autibsp; mov x0, x30",
  "mov x30, x0; xpaclri; mov x0, x30", "pacia x0, sp" } do
  self[#self + 1] = text
end

local function pointer(t)
  local p, kind = t.random(), t.random(0, 15)
  if kind & 1 == 1 then p = p & 0xffffffffffff end
  if kind & 2 == 2 then p = ~p end
  if kind & 12 == 12 then p = p ~ 1 << t.random(0, 63) end
  return p
end

-- TCR_EL1 that both understand: sizes in range, the same for both halves of a
-- kind of pointer (qemu looks at bit 55 where AddPAC may look at bit 63).
local function tcr(t)
  local size, tbi, tbid = t.random(16, 39), t.random(0, 1), t.random(0, 1)
  return size | size << 16 | tbi << 37 | tbi << 38 | tbid << 51 | tbid << 52
end

-- Random cases: each prints a signed pointer and what comes back.
local function source(t, count)
  local out = { (".equ BASE, %#x\nmov x9, #0\nldr x10, =BASE + 0xf0000\n\z
    mov sp, x10\n"):format(oracle.BASE) }
  local function line(...) out[#out + 1] = string.format(...) end
  for k = 1, count do
    if k % 8 == 1 then
      for _, key in ipairs(KEYS) do
        line("ldr x3, =%#x\nmsr %skeylo_el1, x3", t.random(), key)
        line("ldr x3, =%#x\nmsr %skeyhi_el1, x3", t.random(), key)
      end
      line("ldr x3, =%#x\nmsr tcr_el1, x3", tcr(t))
      -- one key enabled at least: with none, qemu's xpaclri does nothing
      line("ldr x3, =%#x\nmsr sctlr_el1, x3\nisb", SCTLR | (k % 32 == 1
        and t.random() & EN | 1 << 27 or EN))
    end
    line("ldr x0, =%#x\nldr x1, =%#x\nldr x2, =%#x", pointer(t), t.random(),
      t.random())
    for _ = 1, 2 do
      line("%s\nmov x19, x0\nbl hex", self[t.random(#self)])
    end
    line("ldr x26, =0x09000000\nmov w19, #10\nstr w19, [x26]")
    if k % 16 == 0 then line("b 7f\n.ltorg\n7:") end
  end
  out[#out + 1] = oracle.OFF
  out[#out + 1] = oracle.HEX .. ".ltorg\n"
  return table.concat(out, "\n")
end

test("pointers are signed and authenticated as qemu-system-aarch64 does",
     function(t)
  t.needs "qemu-system-aarch64"
  local count = 1500
  local image = tv.asm(source(t, count))
  local text, exit = oracle.here(image, { cpu = "armv8.3" })
  t.eq({ exit.kind, exit.reason }, { "shutdown", "off" })
  local answer = oracle.qemu(t, image, "max,pauth-impdef=off")
  local ours, theirs = oracle.results(text, 2), oracle.results(answer, 2)
  t.eq(#ours, count)
  t.ok(#theirs == count, answer:sub(1, 1000))
  local wrong = 0
  for k = 1, count do
    if ours[k] ~= theirs[k] then
      wrong = wrong + 1
      if wrong <= 5 then
        t.note(("case %d: %s, qemu %s"):format(k, ours[k], theirs[k]))
      end
    end
  end
  t.eq(wrong, 0)
end)

-- A machine with keys, and x0 a pointer, x1 a modifier.
local function machine(code, options)
  options = options or {}
  local cpu = { sctlr_el1 = SCTLR | (options.enable or EN), tcr_el1 = 16,
    x0 = 0x12345678, x1 = 77 }
  for i, key in ipairs(KEYS) do
    cpu[key .. "keylo_el1"], cpu[key .. "keyhi_el1"] = i * 0x1111, i * 0x7777
  end
  for name, value in pairs(options.cpu or {}) do cpu[name] = value end
  if options.model == "cortex-a53" then
    for name in pairs(cpu) do if name:find "key" then cpu[name] = nil end end
  end
  return guest.machine(code, { cpu = cpu, vectors = options.vectors,
    vm = { cpu = options.model, pauth = options.pauth } })
end

test("with FEAT_FPAC a wrong code faults at once, with a syndrome of the key",
     function(t)
  for i, op in ipairs { "autia", "autib", "autda", "autdb" } do
    local m <close> = machine(op .. " x0, x1")
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0x1c, i - 1), op)
    t.eq(m.cpu.elr_el1, guest.ENTRY, op)
    t.eq(m.cpu.x0, 0x12345678, op)
    local old <close> = machine(op .. " x0, x1; svc #0",
      { model = "armv8.3" })
    old:to_vector(t)
    t.eq(old.cpu.esr_el1, guest.esr(0x15), op)
    t.eq(old.cpu.x0, 0x12345678 | (op:find "a$" and 1 or 2) << 61, op)
  end
end)

test("a guest without vectors leaves with reason pac", function(t)
  local m <close> = machine("autia x0, x1", { vectors = false })
  local exit = m.cpu:run(5)
  t.eq({ exit.kind, exit.reason, exit.pc }, { "fault", "pac", guest.ENTRY })
  t.eq(exit.esr, guest.esr(0x1c, 0))
end)

-- Each combined instruction, with a right and a wrong code for x0.
local combined = {
  { "braa x0, x1", "pacia x0, x1", key = 0, btype = 1 },
  { "brab x0, sp", "pacib x0, sp", key = 1, btype = 1 },
  { "braaz x0", "paciza x0", key = 0, btype = 1 },
  { "brabz x0", "pacizb x0", key = 1, btype = 1 },
  { "blraa x0, x1", "pacia x0, x1", key = 0, btype = 2, link = true },
  { "blrab x0, x1", "pacib x0, x1", key = 1, btype = 2, link = true },
  { "blraaz x0", "paciza x0", key = 0, btype = 2, link = true },
  { "blrabz x0", "pacizb x0", key = 1, btype = 2, link = true },
  { "retaa", "mov x30, x0; paciasp; mov x0, x30", lr = true, key = 0,
    btype = 0 },
  { "retab", "mov x30, x0; pacibsp; mov x0, x30", lr = true, key = 1,
    btype = 0 },
}

test("combined branches authenticate their target", function(t)
  for _, c in ipairs(combined) do
    for _, model in ipairs { "max", "armv8.3" } do
      for _, flip in ipairs { 0, 1 << 50 } do
        local what = ("%s on %s, %#x"):format(c[1], model, flip)
        local setup = c[2] .. "; eor x0, x0, #" .. (1 << 50)
        if flip == 0 then setup = c[2] .. "; nop" end
        if c.lr then setup = setup .. "; mov x30, x0" end
        local m <close> = machine(setup .. "\nhere: " .. c[1]
          .. "\n.balign 512\nthere: nop", { model = model,
            cpu = { x0 = guest.ENTRY + 512, x5 = 0 } })
        local here = m.vm:address "here"
        while m.cpu.pc ~= here do m.cpu:step() end
        local lr = m.cpu.lr
        m.cpu:step()
        if flip == 0 then
          t.eq(m.cpu.pc, m.vm:address "there", what)
          t.eq(m.cpu.pstate >> 10 & 3, model == "max" and c.btype or 0,
            what)
          t.eq(m.cpu.lr, c.link and here + 4 or lr, what)
        elseif model == "max" then        -- FEAT_FPACCOMBINE
          t.eq(m.cpu.esr_el1, guest.esr(0x1c, c.key), what)
          t.eq(m.cpu.elr_el1, here, what)
          t.eq(m.cpu.lr, lr, what)
        else                              -- goes where nothing is
          m.cpu:step()
          t.eq(m.cpu.esr_el1, guest.esr(0x21, 0), what)
        end
      end
    end
  end
end)

test("eretaa returns to what elr_el1 was signed as", function(t)
  for _, op in ipairs { "eretaa", "eretab" } do
    local sign = op == "eretaa" and "paciasp" or "pacibsp"
    local m <close> = machine(("adr x30, 1f; %s; msr elr_el1, x30; mov x2, \z
      #0x3c0; msr spsr_el1, x2; %s; nop; 1: svc #3"):format(sign, op))
    t.eq(m:to_vector(t), guest.FROM_EL0)
    t.eq(m.cpu.esr_el1, guest.esr(0x15, 3), op)
    local bad <close> = machine(("adr x30, 1f; msr elr_el1, x30; %s; 1: nop")
      :format(op))
    bad:to_vector(t)
    t.eq(bad.cpu.esr_el1, guest.esr(0x1c, op == "eretaa" and 0 or 1))
    local user <close> = machine(op, { cpu = { pstate = guest.EL0 } })
    user:to_vector(t)
    t.eq(user.cpu.esr_el1, guest.esr(0), op .. " at EL0")
  end
end)

test("ldraa and ldrab authenticate their base, and write it back plain",
     function(t)
  for _, key in ipairs { "a", "b" } do
    local m <close> = machine(([[
        pacdz%s x0
        ldra%s  x2, [x0]
        ldra%s  x3, [x0, #-4096]
        ldra%s  x4, [x0, #4088]!
        svc     #0
    ]]):gsub("%%s", key), { cpu = { x0 = guest.DATA + 4096 } })
    for i = 0, 1024 do m.vm:write_u64(guest.DATA + 8 * i, i) end
    m:to_vector(t)
    t.eq({ m.cpu.x2, m.cpu.x3, m.cpu.x4, m.cpu.x0 },
      { 512, 0, 1023, guest.DATA + 8184 })
    local bad <close> = machine(("ldra%s x2, [x0]"):format(key))
    bad:to_vector(t)
    t.eq(bad.cpu.esr_el1, guest.esr(0x1c, key == "a" and 2 or 3))
    local off <close> = machine(("ldra%s x2, [x0]"):format(key),
      { enable = 0, cpu = { x0 = guest.DATA } })
    off.vm:write_u64(guest.DATA, 99)
    off.cpu:step()
    t.eq(off.cpu.x2, 99, "a key that is not enabled checks nothing")
  end
end)

test("hints of pointer authentication do nothing on a CPU without it",
     function(t)
  for hint = 0, 127 do
    if hint < 1 or hint > 5 then
      local m <close> = machine((".inst %#x"):format(0xd503201f | hint << 5),
        { model = "cortex-a53", enable = EN,
          cpu = { x16 = 1, x17 = 2 << 52, x30 = 3 << 52 } })
      t.eq(m.cpu.sctlr_el1, SCTLR, "no key can be enabled")
      m.cpu:step()
      t.eq({ m.cpu.pc, m.cpu.x17, m.cpu.x30 },
        { guest.ENTRY + 4, 2 << 52, 3 << 52 }, hint)
    end
  end
end)

test("pauth = \"impdef\" is another algorithm, and the ID registers say so",
     function(t)
  local codes = {}
  for _, name in ipairs { "qarma5", "impdef" } do
    local m <close> = machine("pacia x0, x1; mov x5, x0; autia x0, x1; \z
      pacga x2, x0, x1; svc #0", { pauth = name })
    local isar1 = m.cpu.id_aa64isar1_el1
    local q, i = isar1 >> 4 & 15 | (isar1 >> 24 & 15) << 4,
      isar1 >> 8 & 15 | (isar1 >> 28 & 15) << 4
    t.eq({ q, i }, name == "impdef" and { 0, 0x15 } or { 0x15, 0 })
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0x15))
    t.eq(m.cpu.x0, 0x12345678)
    t.eq(m.cpu.x2 & 0xffffffff, 0)
    codes[name] = { m.cpu.x5, m.cpu.x2 }
  end
  t.ok(codes.qarma5[1] ~= codes.impdef[1])
  t.ok(codes.qarma5[2] ~= codes.impdef[2])
  local vm, message, code = tv.vm { pauth = "sha1" }
  t.eq({ vm, code }, { nil, "invalid" })
  t.ok(message:find '"qarma5" or "impdef"', message)
end)
