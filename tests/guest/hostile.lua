-- SPDX-License-Identifier: MIT
--
-- Hostile guests: whatever they do, the run ends with a value that says what
-- and where, in the steps it was given and in bounded memory.

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local E = guest.ENTRY

test("a jump to nowhere completes; the fetch is the fault", function(t)
  backend.except(t, "kvm", "a fetch from nowhere is the guest's abort")
  for _, to in ipairs { 0x100000, 0x40000000, (1 << 48) - 4 } do
    local m <close> = guest.machine("br x1", { cpu = { x1 = to } })
    local exit = m.cpu:run(10)
    t.eq({ exit.kind, exit.reason, exit.access, exit.pc, exit.addr,
      exit.icount }, { "fault", "unmapped", "x", to, to, backend.steps(1) })
    t.eq(m.cpu:run(10).reason, "unmapped", "and stays there")
    t.eq(m.cpu.icount, backend.steps(1))
  end
end)

test("recursive exceptions with the vector unmapped end at the vector",
     function(t)
  for _, vbar in ipairs { 0x40000000, (1 << 48) - 0x800 } do
    local m <close> = guest.machine("udf #0", { cpu = { vbar_el1 = vbar } })
    local exit = m.cpu:run(1000)
    t.eq({ exit.kind, exit.reason, exit.pc, exit.icount },
      { "fault", "unmapped", vbar + 0x200, backend.steps(1) })
  end
end)

test("recursive exceptions with the vector beyond the address space loop "
     .. "within their budget", function(t)
  backend.except(t, "kvm", "its watchdog ends the run")
  local m <close> = guest.machine("udf #0", { cpu = { vbar_el1 = 1 << 52 } })
  local exit = m.cpu:run(1000)
  t.eq({ exit.kind, m.cpu.icount }, { "budget", backend.steps(1000) })
  t.eq(m.cpu.elr_el1, (1 << 52) + 0x200)
  t.eq(m.cpu.esr_el1, guest.esr(0x21))
  exit = m.vm:run { timeout = 0.01 }
  t.eq(exit.kind, "timeout")
end)

test("an endless loop ends by budget, deadline, timeout and stop",
     function(t)
  local m <close> = guest.machine "b ."
  t.eq(m.vm:run(1000).kind, "budget")
  t.eq(m.vm:run { deadline = 5000 }.kind, "deadline")
  t.eq(m.vm:run { timeout = 0.01 }.kind, "timeout")
  m.vm:stop()
  t.eq(m.vm:run().kind, "stopped")
  t.eq(m.cpu.pc, E)
end)

test("storms of hypercalls, SVC, interrupts and MMIO go on and end",
     function(t)
  backend.only(t, "soft", "counts steps")
  local calls = 0
  local m <close> = guest.machine([[
        mov     x0, #3
1:      hvc     #0
        str     w1, [x2]
        svc     #0
        b       1b
  ]], { cpu = { x2 = 0x9000000, x0 = 3 } })
  m.vm:write_u32(guest.VECTORS + 0x200, guest.ERET)
  m.vm:hypercall(3, function() calls = calls + 1 end)
  m.device = assert(m.vm:map { kind = "mmio", base = 0x9000000, size = 0x1000,
    write = function() calls = calls + 1 end })
  t.eq(m.vm:run(50001).kind, "budget")
  t.eq(calls, 20000)
end)

test("waiting for the end of time neither hangs nor stops the clock",
     function(t)
  backend.only(t, "soft", "counts steps")
  local m <close> = guest.machine("1: wfi; add x9, x9, #1; b 1b", { cpu = {
    cntv_ctl_el0 = 1, cntv_cval_el0 = (1 << 60) - 1 } })
  t.eq(m.cpu:run(1000).kind, "budget")
  t.eq(m.cpu.icount, 1000)
  t.ok(math.ult(1 << 62, m.vm.time) or m.vm.time < 1000)
end)

-- PUTS and PUTCHAR --------------------------------------------------------

local function puts(addr, options)
  options = options or {}
  options.vm = options.vm or {}
  options.vm.output = "capture"
  options.cpu = { x0 = 2, x1 = addr }
  return guest.machine("hvc #0; mov x9, #1; brk #1", options)
end

test("PUTS stops at the NUL, across regions too", function(t)
  local m <close> = puts(0xffffd, { vectors = false })
  m.more = assert(m.vm:map { base = 0x100000, size = 0x4000, kind = "rom" })
  m.vm:write(0xffffd, "abcdef\0ghi")
  t.eq(m.cpu:run(10).kind, "brk")
  t.eq(m.vm:take_output(), "abcdef")
end)

test("PUTS without a NUL prints to the last byte and is a fault at the hvc",
     function(t)
  for _, case in ipairs { { 0x100000 - 5, "xxxxx", 0x100000 },
      { 0x40000000, "", 0x40000000 }, { -1, "", -1 },
      { 0x100000, "", 0x100000 } } do
    local m <close> = puts(case[1])
    m.vm:write(0x100000 - 5, "xxxxx")
    local exit = m.cpu:run(10)
    t.eq({ exit.kind, exit.reason, exit.pc, m.cpu.pc, exit.addr },
      { "fault", "puts", E, E, case[3] })
    t.eq(m.vm:take_output(), case[2])
    t.eq(m.cpu.x9, 0)
  end
end)

test("PUTS stops after 1 MiB, and at MMIO and unreadable memory",
     function(t)
  backend.except(t, "hvf", "one VM at a time")
  local m <close> = puts(0x40000, { vm = { ram = "4M" } })
  m.vm.ram:fill(0x61, 0x40000, 0x200000)
  local exit = m.cpu:run(10)
  t.eq({ exit.reason, exit.addr }, { "puts", 0x140000 })
  t.eq(#m.vm:take_output(), 1 << 20)
  local n <close> = puts(0xffffe)
  n.vm:write(0xffffe, "ab")
  n.device = assert(n.vm:map { kind = "mmio", base = 0x100000, size = 0x4000 })
  t.eq(n.cpu:run(10).addr, 0x100000)
  t.eq(n.vm:take_output(), "ab")
end)

test("PUTCHAR prints the low byte; EXIT's status is x1 whole", function(t)
  local m <close> = guest.machine("hvc #0; mov x0, #0; mov x1, #-2; hvc #0",
    { vm = { output = "capture" }, cpu = { x0 = 1, x1 = 0x1241 } })
  local exit = m.cpu:run(10)
  t.eq({ exit.kind, exit.reason, exit.status },
    { "shutdown", "exit", -2 })
  t.eq(m.vm:take_output(), "A")
  t.raises("has ended", m.cpu.run, m.cpu)
end)

-- Random instructions -----------------------------------------------------

local SIZE = 1 << 16                     -- of the random code
local kinds = { budget = true, hvc = true, smc = true, mmio = true,
  brk = true, wfi = true, fault = true, shutdown = true }

local function random_code(t, words)
  local parts = {}
  for k = 1, words do
    local w = t.random() & 0xffffffff
    if k % 4 == 0 then w = w & 0xe3ffffff | 0x08000000       -- loads, stores
    elseif k % 16 == 1 then                                  -- system
      w = w & 0x003fffff | 0xd5000000
    elseif k % 16 == 3 then w = w & 0xf3ffffff | 0x10000000  -- immediates
    end
    if w & 0xfc000000 == 0x14000000 then w = w & 0xfc0000ff end
    parts[k] = string.pack("<I4", w)
  end
  return table.concat(parts)
end

-- Vectors that step over the instruction, without a register: the handler's
-- own are in TPIDR_EL1 and CONTEXTIDR_EL1.
local skipper = [[
        msr     tpidr_el1, x0
        mrs     x0, elr_el1
        add     x0, x0, #4
        and     x0, x0, #-4
        msr     elr_el1, x0
        mrs     x0, tpidr_el1
        eret
]]

local function soup(t, options)
  local m = guest.machine(random_code(t, SIZE // 4), { bytes = true,
    at = 0x20000, vm = { strict = options.strict, ram = "256K" } })
  local image = tv.asm(skipper)
  for n = 0, 15 do m.vm:write(guest.VECTORS + 0x80 * n, image:bytes_at(0)) end
  m.vm:map { base = guest.VECTORS + 0x100000, size = 0x1000, kind = "rom" }
  m.vm:map { kind = "mmio", base = 0x9000000, size = 0x1000,
    write = function() end, read = function() return t.random() end }
  m.rom = assert(m.vm:map { base = 0x50000, size = 0x1000, kind = "rom" })
  m.rom:fill(0x5a)
  m.small = assert(m.vm:map { base = 0x60000, size = 0x1000 })
  return m
end

local function shake(t, m, pstate)
  local c = m.cpu
  c.pstate = pstate
  if c.vbar_el1 ~= guest.VECTORS then c.vbar_el1 = guest.VECTORS end
  c.sctlr_el1, c.cntv_ctl_el0, c.cntp_ctl_el0 = 0x30d00800, 0, 0
  c.cpacr_el1, c.mdscr_el1 = 3 << 20, 0
  for i = 0, 30 do
    local r = t.random()
    c["x" .. i] = r & 3 == 0 and r or 0x20000 + (r >> 8 & 0x4ffff)
  end
  c.sp = 0x30000 + (t.random() & 0x3ff0)
  c.pc = 0x20000 + (t.random() & (SIZE - 4))
end

-- Runs `steps` of it; every exit must be one of the known kinds.
local function simmer(t, m, pstate, steps)
  local faults = 0
  shake(t, m, pstate)
  local stop, c = m.cpu.icount + steps, m.cpu
  while c.icount < stop do
    local exit = c:run(500)
    t.ok(kinds[exit.kind], exit.kind)
    if exit.kind == "shutdown" then c.on = true end
    if c.pending then c:answer(0) end
    if exit.kind ~= "budget" and exit.kind ~= "hvc" then
      faults = faults + 1
      c.pc = exit.pc + 4
      if faults % 8 == 0 or exit.access == "x" then shake(t, m, pstate) end
      if faults % 256 == 0 then m.vm:write(0x20000, random_code(t, 256)) end
    elseif exit.kind == "budget" then shake(t, m, pstate) end
  end
  t.eq(m.rom:read(0, 0x1000), ("\x5a"):rep(0x1000), "ROM is as it was")
  -- the zero register is still zero
  m.vm:write(0x10000, guest.words(0xaa1f03e0, 0x910003e1))
  c.pstate, c.pc, c.x0 = guest.EL1H, 0x10000, 1
  c:step()
  t.eq(c.x0, 0)
end

local rounds = math.tointeger(os.getenv "TV_FUZZ" or 1)

for _, strict in ipairs { true, false } do
  for name, pstate in pairs { EL0 = guest.EL0, EL1h = guest.EL1H } do
    test(("random words at %s, strict %s: no crash, no hang"):format(name,
         strict), function(t)
  backend.only(t, "soft", "counts steps")
      for _ = 1, rounds do
        local m <close> = soup(t, { strict = strict })
        simmer(t, m, pstate, 100000)
      end
    end)
  end
end

test("random words in one run, in single steps and in random slices agree",
     function(t)
  backend.only(t, "soft", "counts steps")
  local code = random_code(t, 2048)
  local image = tv.asm(skipper)
  for _, pstate in ipairs { guest.EL0, guest.EL1H } do
    for seed = 1, 30 do
      local results = {}
      for way = 1, 3 do
        local m <close> = guest.machine(code, { bytes = true, at = 0x20000,
          vm = { strict = false, ram = "256K" } })
        for n = 0, 15 do
          m.vm:write(guest.VECTORS + 0x80 * n, image:bytes_at(0))
        end
        local c, left, exit = m.cpu, 300, nil
        for i = 0, 30 do c["x" .. i] = 0x20000 + seed * 977 * i end
        c.pc, c.sp = 0x20000 + seed * 600, 0x2a000
        c.pstate = pstate
        repeat
          local n = way == 1 and left or way == 2 and 1
            or math.min(left, t.random(1, 9))
          exit = c:run(n)
          left = 300 - c.icount
        until exit.kind ~= "budget" or left == 0
        results[way] = exit.kind .. " " .. tostring(exit.reason) .. " "
          .. guest.snapshot(m.vm)
      end
      t.ok(results[1] == results[2], "single steps, seed " .. seed)
      t.ok(results[1] == results[3], "random slices, seed " .. seed)
    end
  end
end)

test("every system register written with random values: no crash",
     function(t)
  backend.except(t, "hvf", "the mock has no guest with an MMU")
  local m <close> = guest.machine(guest.words(guest.NOP), { bytes = true })
  local list = guest.soft_sysregs()
  for _ = 1, backend.rounds(4000) do
    local c = m.cpu
    local r = list[t.random(#list)]
    m.vm:write(E, guest.words(guest.msr(1, r.key), guest.NOP, 0xd503207f))
    c.pstate, c.pc, c.x1 = t.random(0, 15) << 28 | t.random(0, 15) << 6 | 5, E,
      t.random() >> t.random(0, 63)
    local exit = c:run(20)
    t.ok(kinds[exit.kind] or exit.kind == "timer", exit.kind)
    if r.name == "vbar_el1" then c.vbar_el1 = guest.VECTORS end
  end
end)

-- Memory ------------------------------------------------------------------

local function resident()
  local f = io.open "/proc/self/status"
  if not f then return nil end
  local kib = f:read "a":match "VmRSS:%s+(%d+) kB"
  f:close()
  return tonumber(kib) * 1024
end

test("executing all over 64 GiB keeps the host's memory bounded",
     function(t)
  backend.except(t, "hvf", "addresses have 36 bits")
  if not resident() then t.skip "needs /proc/self/status" end
  local step = backend.emulated and 48 or 3              -- MiB
  local m <close> = guest.machine(([[
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x1, #%d << 20
        mov     x2, #0x1000000000       // 64 GiB
        mov     x3, #0x40000
        br      x3
        .balign 2048
vectors:
        .space  0x200
        add     x4, x4, #1
        add     x3, x3, x1
        cmp     x3, x2
        b.hs    1f
        msr     elr_el1, x3
        eret
1:      hvc     #9
        .space  0x180
  ]]):format(step), { vectors = false, vm = { ram = 64 << 30 } })
  local before = resident()
  t.eq(m.cpu:run(1000000).imm, 9)
  t.eq(m.cpu.x4, 64 * 1024 // step + 1)
  t.ok(resident() - before < 384 << 20,
    ("grew by %d MiB"):format((resident() - before) >> 20))
end)
