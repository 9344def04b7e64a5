-- SPDX-License-Identifier: MIT
--
-- Several vCPUs on one thread: turns, and PSCI (Arm DEN0022) and SMCCC
-- (DEN0028) as the guest sees them. A run of the VM is deterministic, and
-- slicing it does not show.

local tv = require "tinyvmm"
local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

-- Four vCPUs: a spinlock by exclusives around a shared counter and a log, a
-- lock-free add, a store-exclusive counter, WFE, YIELD, WFI by timer.
local program = [[
        .equ    ROUNDS, 60
start:  mrs     x19, mpidr_el1
        and     x19, x19, #15
        mov     x20, #0x40000           // lock, counter, sum, log index
        mov     x25, #0x50000           // log
        mov     x21, #ROUNDS
again:  sevl
1:      wfe
2:      ldaxr   w1, [x20]
        cbnz    w1, 1b
        mov     w2, #1
        stxr    w3, w2, [x20]
        cbnz    w3, 2b
        ldr     x4, [x20, #8]           // the critical section
        ldr     x5, [x20, #24]
        add     x22, x19, x21, lsl #8
        str     x22, [x25, x5, lsl #3]
        add     x5, x5, #1
        str     x5, [x20, #24]
        mov     x6, #200
3:      subs    x6, x6, #1
        b.ne    3b
        add     x4, x4, #1
        str     x4, [x20, #8]
        stlr    wzr, [x20]
        sev
        mov     x7, #3
        add     x8, x20, #16
        ldadd   x7, x9, [x8]
4:      ldxr    x10, [x8]
        add     x10, x10, x19
        stxr    w11, x10, [x8]
        cbnz    w11, 4b
        yield
        mov     x12, #5                 // 80 ns
        msr     cntv_tval_el0, x12
        mov     x12, #1
        msr     cntv_ctl_el0, x12
        wfi
        msr     cntv_ctl_el0, xzr
        subs    x21, x21, #1
        b.ne    again
        mov     x1, x19
        mov     x0, #0                  // EXIT
        hvc     #0
]]

local function machine(count)
  local m = guest.machine(program, { vm = { strict = false } })
  m.cpus = { m.cpu }
  for k = 2, count do
    m.cpus[k] = assert(m.vm:vcpu { pc = guest.ENTRY, sp = 0x70000 })
  end
  return m
end

-- Runs until all have ended; the final state.
local function run_all(t, count, next)
  local m <close> = machine(count)
  local ended = 0
  repeat
    local exit = m.vm:run(next())
    if exit.kind == "shutdown" and exit.reason == "exit" then
      t.eq(exit.status, exit.cpu.index)
      ended = ended + 1
    else t.ok(exit.kind == "budget" or exit.reason == "halt", exit.kind) end
  until exit.kind == "shutdown" and exit.reason == "halt"
  t.eq(ended, count)
  local sum = 60 * count * 3 + 60 * count * (count - 1) // 2
  t.eq(m.vm:read_u64(0x40008), 60 * count, "the lock excludes")
  t.eq(m.vm:read_u64(0x40010), sum, "no addition is lost")
  t.eq(m.vm:read_u64(0x40018), 60 * count)
  local steps = 0
  for _, cpu in ipairs(m.cpus) do steps = steps + (cpu.icount or 0) end
  t.ok(m.vm.time >= steps, "the clock is the sum of all steps, and idle")
  return guest.snapshot(m.vm)
end

test("a spinlock holds and no atomic update is lost, with 1 to 4 vCPUs",
     function(t)
  backend.normal(t)
  for count = 1, 4 do run_all(t, count, function() end) end
end)

test("a run of several vCPUs repeats exactly, however it is sliced",
     function(t)
  backend.only(t, "soft", "threads do not repeat")
  for count = 2, 4 do
    local want = run_all(t, count, function() end)
    local ways = { function() end, function() return 777 end,
      function() return t.random(1, 50) end,
      function() return t.random(0, 30000) end }
    if count == 2 then ways[#ways + 1] = function() return 1 end end
    for k, next in ipairs(ways) do
      t.ok(run_all(t, count, next) == want, "way " .. k .. " of " .. count)
    end
  end
end)

test("a long turn ends, so that a spinning vCPU does not starve others",
     function(t)
  local m <close> = guest.machine("1: ldr w1, [x2]; cbz w1, 1b; brk #1",
    { cpu = { x2 = 0x30000 }, vectors = false })
  local other <close> = assert(m.vm:vcpu { pc = guest.ENTRY + 0x100,
    x2 = 0x30000 })
  m.vm:write(guest.ENTRY + 0x100, guest.words(0xb9000042, 0x14000000))
  local exit = m.vm:run(1000000)
  t.eq({ exit.kind, exit.cpu.index }, { "brk", 0 })
  t.eq(m.vm:read_u32(0x30000), 0x30000)
  t.ok(not backend.exact or other.icount > 0)
end)

test("a store by another vCPU breaks an exclusive, a switch too", function(t)
  backend.only(t, "soft", "by the scheduler's order")
  local m <close> = guest.machine([[
        ldxr    x1, [x0]
        yield
        stxr    w2, x1, [x0]
        brk     #1
  ]], { cpu = { x0 = 0x30000 }, vectors = false, vm = { strict = false } })
  local other <close> = assert(m.vm:vcpu { x0 = 0x30000, x5 = 7,
    pc = guest.ENTRY + 0x100 })
  m.vm:write(guest.ENTRY + 0x100, guest.words(0xf9000005, 0x14000000))
  t.eq(m.vm:run(100000).kind, "brk")
  t.eq({ m.cpu.x2, m.vm:read_u64(0x30000) }, { 1, 7 })
end)

test("cpu:run of one vCPU after another breaks exclusives as well",
     function(t)
  backend.normal(t)
  local m <close> = guest.machine("ldxr x1, [x0]; stxr w2, x1, [x0]",
    { cpu = { x0 = 0x30000, x2 = 9 }, vm = { strict = false } })
  local other <close> = assert(m.vm:vcpu { x0 = 0x30000, x5 = 7,
    pc = guest.ENTRY + 0x100 })
  m.vm:write(guest.ENTRY + 0x100, guest.words(0xf9000005, 0x14000000))
  m.cpu:step()
  other:step()
  m.cpu:step()
  t.eq({ m.cpu.x2, m.vm:read_u64(0x30000) }, { 1, 7 })
  -- the value that is there already breaks it as well
  m.cpu.pc, other.pc = guest.ENTRY, guest.ENTRY + 0x100
  m.cpu:step()
  other:step()
  m.cpu:step()
  t.eq(m.cpu.x2, 1)
end)

test("SEV wakes the others' WFE, once", function(t)
  backend.only(t, "soft", "counts steps")
  local m <close> = guest.machine("sev; 1: b 1b")
  local other <close> = assert(m.vm:vcpu { pc = guest.ENTRY + 0x100 })
  m.vm:write(guest.ENTRY + 0x100, guest.words(0xd503205f, 0xd503205f,
    0x91000421, 0x17fffffe))          -- wfe; wfe; add x1, x1, #1; b .-8
  m.vm:run(100000)
  t.ok(other.icount > 2, "WFE is a yield: it never hangs a guest")
end)

-- PSCI --------------------------------------------------------------------

local call = [[
1:      hvc     #0
        hvc     #1
        b       1b
]]

local function ask(m, nr, ...)
  local args = { ... }
  m.cpu.pc = guest.ENTRY
  m.cpu.x0 = nr
  for k = 1, 7 do m.cpu["x" .. k] = args[k] or 0xbad0 + k end
  local exit = m.vm:run(1000)
  return m.cpu.x0, exit
end

test("PSCI and SMCCC versions, features, and the unknown", function(t)
  local m <close> = guest.machine(call)
  t.eq(ask(m, 0x84000000), 0x10001)                       -- PSCI_VERSION
  t.eq(ask(m, 0x80000000), 0x10001)                       -- SMCCC_VERSION
  if backend.name ~= "kvm" then                           -- ARCH_FEATURES
    t.eq(ask(m, 0x80000001, 0x80000000), 0)               -- is the kernel's
    t.eq(ask(m, 0x80000001, 0x80008000), -1)
  end
  t.eq(ask(m, 0x84000006), 2)                             -- no trusted OS
  for _, nr in ipairs { 0x84000000, 0x84000001, 0xc4000001, 0x84000002,
      0x84000003, 0xc4000003, 0x84000004, 0xc4000004, 0x84000008,
      0x84000009, 0x8400000a, 0x80000000 } do
    t.eq(ask(m, 0x8400000a, nr), 0, ("%#x"):format(nr))
  end
  for _, nr in ipairs { 0x84000005, 0xc4000005, 0x8400000d, 0x84000014, 0,
      3, 0xffffffff } do
    t.eq(ask(m, 0x8400000a, nr), -1, ("%#x"):format(nr))
  end
  for _, nr in ipairs { 0x80000002, 0x84000005, 0x8400ffff, 0xc4000005,
      0xbfffffff, 0xffffffff, 0x86000000, 0xc6000001 } do
    local x0, exit = ask(m, nr)
    t.eq({ x0, exit.kind, exit.imm }, { -1, "hvc", 1 }, ("%#x"):format(nr))
  end
  t.eq(m.cpu.x1, 0xbad1, "arguments stay")
end)

test("the number is w0: the upper half of x0 is ignored", function(t)
  local m <close> = guest.machine(call)
  t.eq(ask(m, 0x1234567884000000), 0x10001)
end)

test("CPU_ON starts a vCPU at EL1h with masks set and its context",
     function(t)
  backend.only(t, "soft", "it runs at once elsewhere")
  local m <close> = guest.machine(call)
  local entry = guest.ENTRY + 0x200
  m.vm:write(entry, guest.words(guest.hvc(2)))
  local other <close> = assert(m.vm:vcpu { on = false, pc = 4, x5 = 5,
    pstate = 0, vbar_el1 = 0x800, sctlr_el1 = 0x30d00802 })
  t.eq(ask(m, 0xc4000004, 1, 0), 1)                       -- OFF
  t.eq(ask(m, 0xc4000003, 2, entry, 0), -2)               -- no such CPU
  t.eq(ask(m, 0xc4000003, 1, entry + 2, 0), -9)           -- bad address
  t.eq(ask(m, 0xc4000003, 1, 0x50000000, 0), -9)
  t.eq(ask(m, 0xc4000003, 0, entry, 0), -4)               -- already on
  t.eq(other.icount, backend.steps(0))
  t.eq(ask(m, 0xc4000003, 1, entry, 0xfedcba9876543210), 0)
  t.eq(ask(m, 0xc4000004, 1, 0), 0)                       -- ON
  t.eq(ask(m, 0xc4000003, 1, entry, 0), -4)
  m.cpu.on = false
  local exit = m.vm:run(50000)
  t.eq({ exit.kind, exit.imm, exit.pc }, { "hvc", 2, entry })
  t.eq(other.x0, 0xfedcba9876543210)
  t.eq({ other.pstate, other.sctlr_el1, other.x5 },
    { guest.EL1H, 0x30d00800, 0 })
end)

test("CPU_ON by the 32-bit number sees the low halves", function(t)
  backend.only(t, "soft", "it runs at once elsewhere")
  local m <close> = guest.machine(call)
  local other <close> = assert(m.vm:vcpu { on = false })
  m.vm:write(0x20000, guest.words(guest.hvc(2)))
  t.eq(ask(m, 0x84000003, 0x700000001, 0x900020000, 0x1100000022), 0)
  t.eq({ other.pc, other.x0 }, { 0x20000, 0x22 })
end)

test("CPU_OFF ends the turn for good; the last one halts the VM",
     function(t)
  backend.only(t, "soft", "the other vCPU runs as well elsewhere")
  local m <close> = guest.machine(call)
  local other <close> = assert(m.vm:vcpu { on = false })
  m.vm:write(0x20000, guest.words(0x52b08000, 0x11000800, guest.hvc(0),
    guest.hvc(5)))                      -- w0 = 0x84000002
  t.eq(ask(m, 0xc4000003, 1, 0x20000, 0), 0)
  other:run(3)
  t.eq(other.on, false)
  t.eq(ask(m, 0xc4000004, 1, 0), 1)
  local _, exit = ask(m, 0x84000002)
  t.eq({ exit.kind, exit.reason }, { "shutdown", "halt" })
  t.eq(m.cpu.on, false)
  t.eq(m.vm:run(10).reason, "halt")
end)

test("AFFINITY_INFO takes level 0 only", function(t)
  local m <close> = guest.machine(call)
  t.eq(ask(m, 0xc4000004, 0, 0), 0)
  t.eq(ask(m, 0xc4000004, 0, 1), -2)
  t.eq(ask(m, 0xc4000004, 1 << 8, 0), -2)
  t.eq(ask(m, 0xc4000004, 1 << 32, 0), -2)
end)

test("SYSTEM_OFF and SYSTEM_RESET end the run; reset restores", function(t)
  backend.only(t, "soft", "the other vCPU runs as well elsewhere")
  for nr, reason in pairs { [0x84000008] = "off", [0x84000009] = "reset" } do
    local m <close> = guest.machine(call, { cpu = { x9 = 1 } })
    local other <close> = assert(m.vm:vcpu {})
    m.vm:write(guest.DATA, "kept")
    other.pc = guest.ENTRY
    local _, exit = ask(m, nr)
    t.eq({ exit.kind, exit.reason, exit.status }, { "shutdown", reason, 0 })
    t.eq({ m.cpu.on, other.on }, { false, false })
    m.vm:reset()
    t.eq({ m.cpu.on, other.on }, { true, true })
    t.eq({ m.cpu.x9, m.cpu.pstate, m.cpu.vbar_el1 }, { 0, guest.EL1H, 0 })
    t.eq(m.vm:read(guest.DATA, 4), "kept")
  end
end)

test("CPU_SUSPEND waits like WFI", function(t)
  local m <close> = guest.machine(call, { cpu = { cntv_ctl_el0 = 1,
    cntv_cval_el0 = 500 } })
  t.eq(ask(m, 0xc4000001, 0, 0, 0), 0)
  t.ok(m.vm.time >= 8000)
  m.cpu.cntv_ctl_el0 = 0
  local _, exit = ask(m, 0xc4000001, 0, 0, 0)
  t.eq(exit.kind, "wfi")
end)

test("a script overrides PSCI numbers", function(t)
  local m <close> = guest.machine(call)
  m.vm:hypercall(0x84000000, function() return 77 end)
  t.eq(ask(m, 0x84000000), 77)
  m.vm:hypercall(0x84000000, nil)
  t.eq(ask(m, 0x84000000), 0x10001)
end)

test("hypercalls from EL0 are undefined", function(t)
  local m <close> = guest.machine("hvc #0", { cpu = { pstate = 0 } })
  t.eq(m:to_vector(t), guest.FROM_EL0)
  t.eq(m.cpu.esr_el1, guest.esr(0))
end)

test("a hypercall whose immediate is not 0 leaves", function(t)
  backend.needs_hvc(t, "the doorbell has no immediate")
  local n <close> = guest.machine("hvc #65535", { cpu = { x0 = 0x84000000 } })
  local exit = n.cpu:run(5)
  t.eq({ exit.kind, exit.imm, exit.nr, exit.pc, n.cpu.pc },
    { "hvc", 65535, 0x84000000, guest.ENTRY, guest.ENTRY + 4 })
  n.vm:close()
  if backend.name == "kvm" then return end      -- smc has no immediate
  local o <close> = guest.machine("smc #2; mov x9, #1",
    { cpu = { x0 = 5, x3 = 33 } })
  exit = o.cpu:run(5)
  t.eq({ exit.kind, exit.imm, exit.nr, exit.args[3], o.cpu.pc },
    { "smc", 2, 5, 33, guest.ENTRY })
  o.cpu:skip()
  o.cpu:step()
  t.eq(o.cpu.x9, 1)
end)

test("vCPUs of two VMs do not disturb each other", function(t)
  backend.only(t, "soft", "threads do not repeat")
  local a <close> = machine(2)
  local b <close> = machine(2)
  for _ = 1, 20 do
    a.vm:run(500)
    b.vm:run(500)
  end
  t.ok(guest.snapshot(a.vm) == guest.snapshot(b.vm))
  t.eq(tv._live(), 2)
end)
