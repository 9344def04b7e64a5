-- SPDX-License-Identifier: MIT
--
-- Breakpoints, on every backend: the run stops before the instruction, once
-- for each arrival, and the guest notices nothing.

local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

-- A loop that counts x1 up to x0, and then calls: 0x10000 + 4, 8, ...
local LOOP = [[
        mov     x0, #3
loop:   add     x1, x1, #1
at:     add     x2, x2, x1
        cmp     x1, x0
        b.ne    loop
over:   hvc     #77
        b       .
]]

-- Runs on to the next exit, which is to be a breakpoint at this symbol or
-- address.
local function stops(t, m, at, cpu)
  local exit = (cpu or m.cpu):run(100000)
  local want = type(at) == "string" and m.vm:address(at) or at
  t.eq({ exit.kind, ("%#x"):format(exit.pc), ("%#x"):format(exit.cpu.pc) },
    { "breakpoint", ("%#x"):format(want), ("%#x"):format(want) })
  t.ok(exit.cpu == (cpu or m.cpu))
  return exit
end

-- Runs on to the next exit, which is to be this hypercall.
local function calls(t, m, imm)
  local exit = m.cpu:run(100000)
  t.eq({ exit.kind, exit.imm }, { "hvc", imm }, exit.why)
  return exit
end

test("the run stops before the instruction, and the next executes it",
     function(t)
  local m <close> = guest.machine(LOOP)
  local word = m.vm:read_u32(m.vm:address "at")
  t.eq(m.vm:set_breakpoint "at", m.vm:address "at")
  for n = 1, 3 do
    local exit = stops(t, m, "at")
    t.eq({ m.cpu.x1, m.cpu.x2 }, { n, n * (n - 1) // 2 })
    t.eq(exit.insn, word)
    t.eq(exit.icount, backend.steps(n * 4 - 2))
    t.eq(m.vm:read_u32(exit.pc), word, "memory is as it was")
  end
  calls(t, m, 77)
  t.eq({ m.cpu.x1, m.cpu.x2 }, { 3, 6 })
  t.eq(m.cpu.icount, backend.steps(14))
  t.eq(m.vm.exits.breakpoint, 3)
end)

test("exit.why says where", function(t)
  local m <close> = guest.machine(LOOP)
  m.vm:set_breakpoint "at"
  local exit = stops(t, m, "at")
  t.eq(exit.why, "the breakpoint at 0x10008 (at) was reached, before add x2, "
    .. "x2, x1; run again to go on, or vm:clear_breakpoint(0x10008) to be "
    .. "stopped there no more")
end)

test("where code has run already, and no longer where it is cleared",
     function(t)
  local m <close> = guest.machine(LOOP)
  calls(t, m, 77)
  m.cpu.pc, m.cpu.x1 = guest.ENTRY, 0
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  t.eq(m.vm:clear_breakpoint "at", true)
  t.eq(m.vm:clear_breakpoint "at", false, "there is none any more")
  calls(t, m, 77)
  t.eq(m.cpu.x1, 3)
end)

test("the list is ascending; setting one twice is the same as once",
     function(t)
  local m <close> = guest.machine(LOOP)
  t.eq(m.vm.breakpoints, {})
  t.eq(m.vm:set_breakpoint "over", guest.ENTRY + 20)
  t.eq(m.vm:set_breakpoint(guest.ENTRY), guest.ENTRY)
  t.eq(m.vm:set_breakpoint "over", guest.ENTRY + 20)
  t.eq(m.vm.breakpoints, { guest.ENTRY, guest.ENTRY + 20 })
  t.ok(m.vm:clear_breakpoint "over")
  t.eq(m.vm.breakpoints, { guest.ENTRY })
end)

test("what no pc can be raises; more than there is room for is refused",
     function(t)
  local m <close> = guest.machine(LOOP)
  local set, clear = m.vm.set_breakpoint, m.vm.clear_breakpoint
  t.raises("0x10002, which is not a multiple of 4", set, m.vm, 0x10002)
  t.raises("no tag in its top byte", set, m.vm, 0x5600000000010000)
  t.raises("not a multiple of 4", clear, m.vm, 1)
  t.raises("an integer or a symbol's name, not nil", set, m.vm)
  t.raises("an integer or a symbol's name, not nil", clear, m.vm)
  t.raises("no image has a symbol 'lop'; did you mean 'loop'?", set, m.vm,
    "lop")
  t.eq(m.vm.breakpoints, {})
  local most = m.vm.limits.breakpoints
  t.eq(most == nil, backend.exact, "soft has room for any number")
  for n = 1, most or 1000 do
    t.ok(m.vm:set_breakpoint(0x40000 + 4 * n))
  end
  if not most then return end
  local ok, why, code = m.vm:set_breakpoint "at"
  t.eq({ ok, code }, { nil, most > 0 and "limit" or "unsupported" })
  t.ok(most == 0 or why:find(("has %d breakpoints"):format(most), 1, true),
    why)
  t.ok(m.vm:set_breakpoint(0x40004), "one that is set needs no room")
  m.vm:clear_breakpoint(0x40004)
  t.ok(m.vm:set_breakpoint "at")
  stops(t, m, "at")
end)

test("addresses where nothing is mapped stop nothing", function(t)
  local m <close> = guest.machine(LOOP)
  for _, at in ipairs { 0x7ffff000, -4096 } do
    t.eq(m.vm:set_breakpoint(at), at)
  end
  calls(t, m, 77)
  m.cpu.pc = 0x7ffff000
  if backend.name == "kvm" then return end   -- the guest's own abort
  local exit = m.cpu:run(100000)
  t.eq({ exit.kind, exit.reason }, { "fault", "unmapped" })
end)

test("the address that a run begins at is reported unless it just was",
     function(t)
  local m <close> = guest.machine(LOOP)
  m.vm:set_breakpoint(guest.ENTRY)
  stops(t, m, guest.ENTRY)
  t.eq(m.cpu.x0, 0)
  m.cpu.pc, m.cpu.x0 = guest.ENTRY + 4, 1
  calls(t, m, 77)
  t.eq(m.cpu.x1, 1, "it went on from elsewhere")
end)

test("a reset makes it new", function(t)
  local m <close> = guest.machine(LOOP)
  m.vm:set_breakpoint(guest.ENTRY)
  m.vm:reset()
  stops(t, m, guest.ENTRY)
  m.vm:reset()
  stops(t, m, guest.ENTRY)
  m.cpu:skip()
  m.cpu.pc = guest.ENTRY
  stops(t, m, guest.ENTRY)
end)

test("a branch to itself arrives every time", function(t)
  local m <close> = guest.machine "nop; here: b here"
  m.vm:set_breakpoint "here"
  for n = 1, 3 do
    t.eq(stops(t, m, "here").icount, backend.steps(n))
  end
end)

test("stepping onto one with steps left reports it, from it executes it",
     function(t)
  local m <close> = guest.machine(LOOP)
  m.vm:set_breakpoint "at"
  local exit = m.cpu:step(10)
  t.eq({ exit.kind, exit.pc }, { "breakpoint", m.vm:address "at" })
  t.eq(m.cpu.icount, backend.steps(2))
  exit = m.cpu:step()
  t.eq({ exit.kind, m.cpu.x2, m.cpu.pc }, { "budget", 1,
    m.vm:address "at" + 4 })
  t.eq(m.cpu:step(100).kind, "breakpoint")
  t.eq(m.cpu.x1, 2)
end)

test("a limit that ends there goes first, and the next run reports",
     function(t)
  local m <close> = guest.machine(LOOP)
  m.vm:set_breakpoint "at"
  local exit = m.cpu:step(2)
  t.eq({ exit.kind, exit.pc }, { "budget", m.vm:address "at" })
  t.eq(m.cpu:run(0).kind, "budget")
  exit = m.cpu:step()
  t.eq({ exit.kind, m.cpu.x2 }, { "breakpoint", 0 })
  t.eq(m.cpu:run(0).kind, "budget")
  t.eq(m.cpu:step().kind, "budget")
  t.eq(m.cpu.x2, 1)
end)

test("at EL0, in vectors, and where an eret goes to", function(t)
  local m <close> = guest.machine([[
        adr     x0, user
        msr     elr_el1, x0
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        eret
user:   mov     x3, #1
call:   svc     #5
        hvc     #99
  ]])
  local vector = guest.VECTORS + 0x80 * (guest.FROM_EL0 + guest.SYNC)
  m.vm:set_breakpoint "user"
  m.vm:set_breakpoint "call"
  m.vm:set_breakpoint(vector)
  stops(t, m, "user")
  t.eq({ m.cpu.x3, m.cpu.pstate & 15 }, { 0, 0 })
  stops(t, m, "call")
  t.eq(m.cpu.x3, 1)
  stops(t, m, vector)
  t.eq(m.cpu.elr_el1, m.vm:address "call" + 4)
  t.eq(m:to_vector(t), guest.FROM_EL0 + guest.SYNC)
end)

test("before an illegal execution state is noticed", function(t)
  local m <close> = guest.machine([[
        adr     x0, at
        msr     elr_el1, x0
        mov     x0, #0x3c9              // EL2h, which there is not
        msr     spsr_el1, x0
        eret
at:     hvc     #77
  ]])
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  t.ok(m.cpu.pstate & 1 << 20 ~= 0, "PSTATE.IL")
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.SYNC)
  t.eq(m.cpu.esr_el1, guest.esr(0x0e))
end)

test("an interrupt that is pending goes first", function(t)
  local m <close> = guest.machine([[
        msr     daifclr, #2
        mov     x1, #1
at:     mov     x2, #1
        hvc     #77
  ]])
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  m.cpu:irq(true)
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
  t.eq({ m.cpu.elr_el1, m.cpu.x2 }, { m.vm:address "at", 0 })
  m.cpu:irq(false)
  stops(t, m, "at")                  -- where the handler returns to: again
  t.eq(m.cpu.x2, 0)
  calls(t, m, 77)
  t.eq(m.cpu.x2, 1)
end)

test("a masked interrupt does not matter", function(t)
  local m <close> = guest.machine "at: mov x2, #1; hvc #77"
  m.vm:set_breakpoint "at"
  m.cpu:irq(true)
  stops(t, m, "at")
  calls(t, m, 77)
end)

test("on an interrupt's vector: after it is taken, before the handler",
     function(t)
  local m <close> = guest.machine "msr daifclr, #2; at: b at"
  local vector = guest.VECTORS + 0x80 * (guest.FROM_EL1H + guest.IRQ)
  m.vm:set_breakpoint(vector)
  m.cpu:irq(true)
  stops(t, m, vector)
  t.eq(m.cpu.elr_el1, m.vm:address "at")
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
end)

test("where the timer's interrupt comes and returns to", function(t)
  local m <close> = guest.machine([[
        mov     x0, #1000
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
at:     msr     daifclr, #2
        b       at
        .balign 2048
vectors:
        .space  0x280
irq:    add     x5, x5, #1
        msr     cntv_ctl_el0, xzr
        eret
  ]], { vectors = false })
  m.cpu.vbar_el1 = m.vm:address "vectors"
  m.vm:set_breakpoint "irq"
  stops(t, m, "irq")
  local back = m.cpu.elr_el1         -- at, or behind it
  t.eq(m.cpu.x5, 0)
  m.vm:set_breakpoint(back)
  stops(t, m, back)
  t.eq({ m.cpu.x5, m.cpu.pstate & 0x80 }, { 1, 0 })
  m.vm:clear_breakpoint "irq"
  stops(t, m, back)
  t.eq(m.cpu.x5, 1, "and it comes once")
end)

test("an instruction that faults is reported, then faults", function(t)
  local m <close> = guest.machine([[
        mov     x1, #0x40000000
at:     ldr     x2, [x1]
        hvc     #77
  ]])
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  local exit = m.cpu:run(100000)
  t.eq({ exit.kind, exit.reason, exit.pc },
    { "fault", "unmapped", m.vm:address "at" })
  local ram <close> = assert(m.vm:map { base = 0x40000000, size = "64K" })
  ram:u64(0, 42)
  calls(t, m, 77)                    -- not done in between: not again
  t.eq(m.cpu.x2, 42)
end)

test("one that the guest takes an exception for returns to it", function(t)
  local m <close> = guest.machine "at: udf #0; hvc #77"
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.SYNC)
  stops(t, m, "at")
  m.cpu:skip()
  calls(t, m, 77)
end)

test("on brk, hvc, svc and wfi", function(t)
  local m <close> = guest.machine([[
one:    brk     #5
two:    hvc     #7
three:  wfi
        hvc     #77
  ]], { vectors = false })
  for _, name in ipairs { "one", "two", "three" } do
    m.vm:set_breakpoint(name)
  end
  stops(t, m, "one")
  local exit = m.cpu:run(100000)
  t.eq({ exit.kind, exit.imm, exit.pc }, { "brk", 5, m.vm:address "one" })
  m.cpu:skip()
  stops(t, m, "two")
  calls(t, m, 7)
  stops(t, m, "three")
  exit = m.cpu:run(100000)
  t.eq({ exit.kind, exit.pc }, { "wfi", m.vm:address "three" }, exit.why)
  calls(t, m, 77)
end)

test("brk with a vector is the guest's own, breakpoint or not", function(t)
  local m <close> = guest.machine "at: brk #5; hvc #77"
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.SYNC)
  t.eq({ m.cpu.esr_el1, m.cpu.elr_el1 },
    { guest.esr(0x3c, 5), m.vm:address "at" })
end)

test("a wfi waits for its timer all the same", function(t)
  local m <close> = guest.machine([[
        mrs     x0, cntvct_el0
        mrs     x1, cntfrq_el0
        lsr     x1, x1, #7              // some 8 ms
        add     x1, x1, x0
        msr     cntv_cval_el0, x1
        mov     x2, #1
        msr     cntv_ctl_el0, x2
at:     wfi
        mrs     x3, cntv_ctl_el0
        tbz     x3, #2, at
        mrs     x3, cntvct_el0
        hvc     #77
  ]])
  m.vm:set_breakpoint "at"
  local arrivals = 0
  local exit = m.cpu:run(100000)
  while exit.kind == "breakpoint" do
    arrivals = arrivals + 1
    exit = m.cpu:run(100000)
  end
  t.eq({ exit.kind, exit.imm }, { "hvc", 77 })
  t.ok(not math.ult(m.cpu.x3, m.cpu.x1))
  t.eq(arrivals, 1, "it did not come back before")
end)

test("in code that the guest rewrites", function(t)
  local m <close> = guest.machine([[
        adr     x1, at
        ldr     w2, new
        str     w2, [x1]
        dc      cvau, x1
        dsb     ish
        ic      ivau, x1
        dsb     ish
        isb
at:     mov     x3, #1
        hvc     #77
new:    mov     x3, #2
  ]])
  m.vm:set_breakpoint "at"
  t.eq(stops(t, m, "at").insn, m.vm:read_u32(m.vm:address "new"))
  calls(t, m, 77)
  t.eq(m.cpu.x3, 2)
  m.vm:write_u32(m.vm:address "at", guest.hvc(5))
  m.cpu.pc = guest.ENTRY + 7 * 4
  t.eq(stops(t, m, "at").insn, guest.hvc(5), "or the host")
  calls(t, m, 5)
end)

test("an access is reported before it begins, not in its middle", function(t)
  local m <close> = guest.machine([[
        mov     x1, #0x9000000
at:     ldp     w2, w3, [x1]
        str     w2, [x1, #8]
        hvc     #77
  ]])
  assert(m.vm:map { base = 0x9000000, size = "64K", kind = "mmio" })
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  for n = 1, 2 do
    t.eq(m.cpu:run(100000).kind, "mmio")
    m.cpu:answer(n)
  end
  local exit = m.cpu:run(100000)
  t.eq({ exit.kind, exit.write, exit.value }, { "mmio", true, 1 })
  m.vm:set_breakpoint(exit.pc)
  calls(t, m, 77)                    -- the store had begun
  t.eq({ m.cpu.x2, m.cpu.x3 }, { 1, 2 })
end)

test("set and cleared from handlers, they hold at once", function(t)
  local m <close> = guest.machine([[
again:  mov     x0, #7
        hvc     #0
at:     add     x1, x1, #1
        cmp     x1, #3
        b.ne    again
        hvc     #77
  ]])
  m.vm:hypercall(7, function(cpu)
    if cpu.x1 == 1 then cpu.vm:set_breakpoint "at"
    else cpu.vm:clear_breakpoint "at" end
  end)
  stops(t, m, "at")
  t.eq(m.cpu.x1, 1)
  calls(t, m, 77)
end)

test("they go on when the host has answered a hypercall", function(t)
  local m <close> = guest.machine([[
        mov     x0, #7
at:     hvc     #0
after:  hvc     #77
  ]])
  m.vm:hypercall(7, function() return 5 end)
  m.vm:set_breakpoint "at"
  m.vm:set_breakpoint "after"
  stops(t, m, "at")
  stops(t, m, "after")
  t.eq(m.cpu.x0, 5)
  calls(t, m, 77)
end)

test("every vCPU stops, and the others are where they were", function(t)
  local m <close> = guest.machine(LOOP)
  local other = assert(m.vm:vcpu { pc = guest.ENTRY, sp = 0x7e000 })
  m.vm:set_breakpoint "over"
  local seen = { [0] = "", "" }
  for _ = 1, 4 do
    local exit = m.vm:run(1000000)
    local n = exit.cpu.index
    seen[n] = seen[n] .. " " .. exit.kind
    t.eq(exit.pc, m.vm:address "over", exit.why)
  end
  t.eq(seen, { [0] = " breakpoint hvc", " breakpoint hvc" })
  t.eq({ m.cpu.x2, other.x2 }, { 6, 6 })
end)

test("one that is cleared before a vCPU's stop was told is not told",
     function(t)
  for _ = 1, 10 do
    local m <close> = guest.machine "at: b at"
    assert(m.vm:vcpu { pc = guest.ENTRY })
    m.vm:set_breakpoint "at"
    t.eq(m.vm:run().kind, "breakpoint")
    m.vm:clear_breakpoint "at"
    t.eq(m.vm:run { timeout = 0.02 }.kind, "timeout")
  end
end)

test("the guest's debug registers are its own", function(t)
  local m <close> = guest.machine([[
        mov     x1, #0x120000
        msr     dbgbvr0_el1, x1
        hvc     #1
at:     mrs     x2, dbgbvr0_el1
        mrs     x3, dbgbcr0_el1
        mrs     x4, mdscr_el1
        mov     x5, #0x560000
        msr     dbgbvr1_el1, x5
        hvc     #77
  ]])
  calls(t, m, 1)
  m.vm:set_breakpoint "at"
  stops(t, m, "at")
  t.eq({ m.cpu.dbgbvr0_el1, m.cpu.dbgbcr0_el1, m.cpu.mdscr_el1 },
    { 0x120000, 0, 0 })
  m.vm:set_breakpoint(m.vm:address "at" + 20)
  local exit = m.cpu:run(100000)
  t.eq(exit.kind, "breakpoint")
  t.eq({ m.cpu.x2, m.cpu.x3, m.cpu.x4 }, { 0x120000, 0, 0 })
  t.eq(m.cpu.dbgbvr1_el1, 0x560000)
  for _, at in ipairs(m.vm.breakpoints) do m.vm:clear_breakpoint(at) end
  calls(t, m, 77)
  t.eq({ m.cpu.dbgbvr0_el1, m.cpu.dbgbvr1_el1, m.cpu.dbgbcr0_el1 },
    { 0x120000, 0x560000, 0 })
end)
