-- SPDX-License-Identifier: MIT
--
-- Interrupt lines: when IRQ and FIQ are taken, with what state, and that a
-- handler which saves what it uses is invisible wherever it strikes.

local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local modes = { { 4, guest.FROM_EL1T }, { 5, guest.FROM_EL1H },
                { 0, guest.FROM_EL0 } }
local A, I, F, D = 1 << 8, 1 << 7, 1 << 6, 1 << 9

test("IRQ and FIQ enter their vectors before the next instruction",
     function(t)
  backend.real(t, "it clears the flags at an exception")
  for _, mode in ipairs(modes) do
    for _, line in ipairs { "irq", "fiq" } do
      local pstate = 0x60000000 | D | A | mode[1]
      local m <close> = guest.machine("nop; nop; nop", { cpu = {
        pstate = pstate, esr_el1 = 1, far_el1 = 2 } })
      m.cpu:step()
      m.cpu[line](m.cpu, true)
      local vector, exit = m:to_vector(t)
      t.eq(vector, mode[2] + (line == "irq" and guest.IRQ or guest.FIQ))
      t.eq(m.cpu.elr_el1, guest.ENTRY + 4)
      t.eq(m.cpu.spsr_el1, pstate)
      t.eq(m.cpu.pstate, 0x60000000 | guest.EL1H)
      t.eq({ m.cpu.esr_el1, m.cpu.far_el1 }, { 1, 2 }, "they stay")
      t.eq(exit.icount, backend.steps(2), "the entry itself is no step")
    end
  end
end)

test("PSTATE.I masks IRQ and PSTATE.F FIQ, at every level", function(t)
  backend.except(t, "kvm", "IRQ and FIQ come in any order")
  for _, mode in ipairs(modes) do
    for masks = 0, 15 do
      local daif = masks << 6
      local m <close> = guest.machine("nop; nop; nop; nop",
        { cpu = { pstate = daif | mode[1] } })
      m.cpu:irq(true)
      m.cpu:fiq(true)
      t.eq(m.cpu.isr_el1, 0xc0)
      m.cpu:step()
      local want = daif & F == 0 and guest.FIQ or daif & I == 0 and guest.IRQ
      t.eq(m.cpu.pc, want and guest.VECTORS + (mode[2] + want) * 0x80 + 4
        or guest.ENTRY + 4)
    end
  end
end)

test("a line that is up stays so when the VM is reset", function(t)
  local m <close> = guest.machine "1: b 1b"
  m.cpu:irq(true)
  for _ = 1, 2 do                 -- before the first run, and after one
    m.vm:reset()
    m.cpu.pc, m.cpu.vbar_el1, m.cpu.pstate = guest.ENTRY, guest.VECTORS, 5
    t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
  end
  m.cpu:irq(false)
  m.vm:reset()
  m.cpu.pc, m.cpu.vbar_el1, m.cpu.pstate = guest.ENTRY, guest.VECTORS, 5
  t.eq(m.cpu:run(200).kind, "budget")
end)

test("a line is a level: it strikes again until it is lowered", function(t)
  local m <close> = guest.machine("1: add x9, x9, #1; b 1b",
    { cpu = { pstate = 5 } })
  m.cpu:irq(true)
  for _ = 1, 3 do
    t.eq(m:to_vector(t), 5)
    t.eq(m.cpu.x9, 0, "ERET is interrupted at once")
  end
  m.cpu:irq(false)
  t.eq(m.cpu:run(100).kind, "budget")
  t.ok(m.cpu.x9 > 40)
end)

test("FIQ comes before IRQ, and IRQ after it", function(t)
  backend.except(t, "kvm", "IRQ and FIQ come in any order")
  local m <close> = guest.machine("nop; nop", { cpu = { pstate = 5 } })
  m.cpu:irq(true)
  m.cpu:fiq(true)
  t.eq(m:to_vector(t), 6)
  m.cpu:fiq(false)
  t.eq(m:to_vector(t), 5)
  t.eq(m.cpu.elr_el1, guest.ENTRY)
end)

test("unmasking takes the waiting interrupt before the next instruction",
     function(t)
  for _, text in ipairs { "msr daifclr, #2", "msr daif, xzr",
                          "msr elr_el1, x1; msr spsr_el1, x2; eret" } do
    local m <close> = guest.machine(text .. "; 1: add x9, x9, #1; svc #0",
      { cpu = { x1 = guest.ENTRY + 12, x2 = 5 } })
    m.cpu:irq(true)
    t.eq(m:to_vector(t), 5, text)
    t.eq(m.cpu.x9, 0, text)
  end
end)

test("WFI ends at a line, masked or not, and not without one", function(t)
  for _, line in ipairs { "irq", "fiq" } do
    for _, pstate in ipairs { 5, guest.EL1H } do
      local m <close> = guest.machine("wfi; mov x1, #1; svc #0",
        { cpu = { pstate = pstate } })
      t.eq(m.cpu:run(10).kind, "wfi")
      m.cpu[line](m.cpu, true)
      local vector = m:to_vector(t)
      t.eq(vector, pstate == guest.EL1H and 4 or line == "irq" and 5 or 6)
      t.eq(m.cpu.elr_el1, guest.ENTRY + (vector == 4 and 12 or 4))
    end
  end
end)

test("an interrupt before VBAR_EL1 is written is an exit", function(t)
  local m <close> = guest.machine("nop; nop", { vectors = false,
    cpu = { pstate = 5 } })
  m.cpu:step()
  m.cpu:irq(true)
  local exit = m.cpu:run(10)
  t.eq({ exit.kind, exit.reason, exit.pc, exit.icount },
    { "fault", "interrupt", guest.ENTRY + 4, backend.steps(1) })
  m.cpu:irq(false)
  t.eq(m.cpu:step().kind, "budget")
  t.eq(m.cpu.pc, guest.ENTRY + 8)
end)

test("a hypercall handler may raise the line of its own vCPU", function(t)
  local m <close> = guest.machine([[
        mov     x0, #3
        hvc     #0
        add     x9, x9, #1
  ]], { cpu = { pstate = 5 } })
  m.vm:hypercall(3, function(cpu) cpu:irq(true) end)
  t.eq(m:to_vector(t), 5)
  t.eq({ m.cpu.elr_el1, m.cpu.x9 }, { guest.ENTRY + 8, 0 })
end)

-- A program with loads, stores, flags, a pair, an exclusive, calls and a
-- system register, and handlers that save what they use.
local program = [[
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x20, #0x30000
        mov     x1, #7
        mov     x2, #0
1:      add     x2, x2, x1, lsl #3
        stp     x1, x2, [x20], #16
        ldp     x3, x4, [x20, #-16]
        subs    x5, x4, x3
        csinc   x6, x5, x6, gt
        bl      twice
        msr     tpidr_el0, x6
        mrs     x7, tpidr_el0
        crc32x  w8, w8, x7
        mov     x10, #0x40000
        ldxr    x11, [x10]
        add     x11, x11, x8
        stxr    w12, x11, [x10]
        fmov    d1, x11
        str     q1, [x20], #16
        subs    x1, x1, #1
        b.ne    1b
        brk     #1
twice:  add     x6, x6, x6
        ret
        .balign 2048
vectors:
        .space  0x200
        b       done                    // brk, from EL1h
        .space  0x7c
irq:    stp     x0, x1, [sp, #-16]!
        mrs     x0, nzcv
        mov     x1, #-1
        adds    xzr, x1, x1
        str     x1, [x13]
        msr     nzcv, x0
        ldp     x0, x1, [sp], #16
        hvc     #9
        eret
done:   hvc     #10
]]

-- Runs to the end, one interrupt before step k (none if k is nil). Returns
-- the state that must not depend on k.
local function interrupted(t, k)
  local m <close> = guest.machine(program, { vectors = false,
    vm = { strict = false }, cpu = { pstate = 5, x13 = 0x50000 } })
  if k then
    t.eq(m.cpu:run(k).kind, "budget")
    m.cpu:irq(true)
    local exit = m.cpu:run(1000)
    t.eq(exit.imm, 9, "step " .. k)
    m.cpu:irq(false)
  end
  local exit = m.cpu:run(1000)
  t.eq({ exit.kind, exit.imm }, { "hvc", 10 })
  local state = { m.cpu.pstate }
  for i = 0, 30 do state[#state + 1] = m.cpu["x" .. i] end
  state[#state + 1] = m.vm:read(0x30000, 0x10008)
  return table.concat(state, " "), exit.icount
end

test("an interrupt at every step gives the same final state", function(t)
  backend.only(t, "soft", "counts steps")
  -- without the exclusive: whether it succeeds is the one thing that differs
  local saved = program
  program = program:gsub("ldxr", "ldr"):gsub("stxr    w12,", "str    ")
  local want, steps = interrupted(t)
  for k = 2, steps - 3 do
    local got, total = interrupted(t, k)
    t.ok(got == want, "differs after an interrupt at step " .. k)
    t.eq(total, steps + 9, "the handler is nine steps")
  end
  program = saved
end)

test("an interrupt between LDXR and STXR makes the STXR fail", function(t)
  backend.only(t, "soft", "counts steps")
  local ADD, STXR = 0x8b08016b, 0xc80c7d4b   -- as in the program
  local fails, _, steps = 0, interrupted(t)
  for k = 2, steps - 3 do
    local m <close> = guest.machine(program, { vectors = false,
      vm = { strict = false }, cpu = { pstate = 5, x13 = 0x50000 } })
    local function word() return m.vm:read_u32(m.cpu.pc) end
    m.cpu:run(k)
    local between = word() == ADD or word() == STXR
    m.cpu:irq(true)
    m.cpu:run(1000)
    m.cpu:irq(false)
    while word() ~= STXR and word() ~= guest.hvc(10) do m.cpu:step() end
    if word() == STXR then
      m.cpu:step()
      t.eq(m.cpu.x12, between and 1 or 0, "step " .. k)
      fails = fails + m.cpu.x12
    end
  end
  t.eq(fails, 14, "two places in seven rounds")
end)
