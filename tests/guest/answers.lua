-- SPDX-License-Identifier: MIT
--
-- What leaves the guest and waits for the script, the same on soft and on
-- hvf, which both can trap it: registers that nobody has; timers and lines at
-- once; and what a step is there.

local test = require "tap"
local tv = require "tinyvmm"
local backend = require "backend"
backend.only_file("soft hvf", "kvm traps no register and waits in the kernel")
local guest = require "guest._guest"

local E, VEC = guest.ENTRY, guest.VECTORS
local READ, WRITE = "s3_3_c15_c2_0", "s3_3_c15_c2_1"

-- A machine that traps unknown registers, unless options.traps is false.
local function machine(code, options)
  local m = guest.machine(code, options)
  if not options or options.traps ~= false then
    assert(m.vm:on("sysreg", true))
  end
  return m
end

test("an access to a register that nobody has leaves", function(t)
  local m <close> = machine([[
        mrs     x1, s3_3_c15_c2_0
        msr     s3_3_c15_c2_1, x30
        msr     s3_3_c15_c2_1, xzr
        mrs     xzr, s3_3_c15_c2_0
        mrs     x30, s3_3_c15_c2_0
        add     x3, sp, #0
        hvc     #1
  ]], { cpu = { x30 = 0x123456789a } })
  local cpu = m.cpu
  local want = { { READ, false, nil, E }, { WRITE, true, 0x123456789a, E + 4 },
    { WRITE, true, 0, E + 8 }, { READ, false, nil, E + 12 },
    { READ, false, nil, E + 16 } }
  for n, w in ipairs(want) do
    local exit = cpu:run(1000)
    t.eq({ exit.kind, exit.name, exit.write, exit.write and exit.value,
      exit.pc, cpu.pc }, { "sysreg", w[1], w[2], w[2] and w[3], w[4], w[4] })
    if not exit.write then
      t.raises("waits for the answer", cpu.run, cpu, 1)
      cpu:answer(-n)
    end
  end
  t.eq(cpu:run(1000).imm, 1)
  t.eq({ cpu.x1, cpu.x30, cpu.x3, cpu.sp }, { -1, -5, 0x7f000, 0x7f000 })
end)

test("what is moved away from, skipped or taken by the guest waits no more",
     function(t)
  local code = "mrs x1, s3_3_c15_c2_0; hvc #1; hvc #2"
  local function waiting()
    local m = machine(code, { cpu = { x1 = 5 } })
    t.eq(m.cpu:run(1000).kind, "sysreg")
    return m
  end
  do
    local m <close> = waiting()
    m.cpu.pc = E + 8
    t.eq({ m.cpu:run(1000).imm, m.cpu.x1, m.cpu.pc }, { 2, 5, E + 12 })
  end
  do
    local m <close> = waiting()
    m.cpu:skip()
    t.eq({ m.cpu:run(1000).imm, m.cpu.x1, m.cpu.pc }, { 1, 5, E + 8 })
  end
  do
    local m <close> = waiting()
    m.cpu:answer(6)
    m.cpu.pc = E + 4
    t.eq({ m.cpu:run(1000).imm, m.cpu.x1 }, { 1, 5 }, "the answer is lost")
  end
  do
    local m <close> = waiting()
    m.cpu:inject { esr = guest.esr(0) }
    t.eq(m:to_vector(t), guest.FROM_EL1H)
    t.eq({ m.cpu.elr_el1, m.cpu.x1 }, { E, 5 })
  end
  do
    local m <close> = waiting()
    m.vm:reset()
    m.cpu.pc = E + 4
    t.eq(m.cpu:run(1000).imm, 1, "nor after a reset")
  end
end)

test("without vm:on it is undefined, and says nothing of FAR", function(t)
  for _, code in ipairs { "mrs x1, s3_3_c15_c2_0",
    "msr s3_3_c15_c2_1, x1", "mrs x1, pmcr_el0", "mrs x1, icc_iar1_el1" } do
    local m <close> = machine("nop; " .. code, { traps = false,
      cpu = { x1 = 5, far_el1 = 0x77 } })
    t.eq(m:to_vector(t), guest.FROM_EL1H, code)
    local cpu = m.cpu
    t.eq({ cpu.esr_el1, cpu.elr_el1, cpu.far_el1, cpu.x1 },
      { guest.esr(0), E + 4, 0x77, 5 }, code)
  end
end)

test("vectors that the guest has set are known when it is undefined",
     function(t)
  local m <close> = guest.machine([[
        mov     x0, #0x8000
        msr     vbar_el1, x0
        mrs     x1, pmcr_el0
  ]], { vectors = false })
  m.vm:write(VEC, guest.vectors())
  t.eq(m:to_vector(t), guest.FROM_EL1H)
  t.eq(m.cpu.elr_el1, E + 8)
end)

test("without vectors nothing can be injected", function(t)
  local m <close> = guest.machine("nop; hvc #1", { vectors = false })
  t.eq(m.cpu:step().kind, "budget")
  t.raises("no vectors", m.cpu.inject, m.cpu, { esr = guest.esr(0) })
  t.eq({ m.cpu.pc, m.cpu:run(1000).imm }, { E + 4, 1 })
end)

test("hvc and smc bring seven arguments", function(t)
  for n, call in ipairs { "hvc #0x1234", "smc #0" } do
    local m <close> = guest.machine(call, { cpu = { x0 = 1 << 40 | 77, x1 = -1,
      x2 = 2, x3 = 3, x4 = 4, x5 = 5, x6 = 6, x7 = 7 } })
    local exit = m.cpu:run(1000)
    t.eq({ exit.kind, exit.nr }, { n == 1 and "hvc" or "smc", 77 })
    t.eq(exit.args, { -1, 2, 3, 4, 5, 6, 7 })
  end
end)

test("fp = false is the reset state of the architecture", function(t)
  for _, fp in ipairs { true, false } do
    local m <close> = guest.machine("fmov d0, x0", { vm = { fp = fp } })
    t.eq(m.cpu:step().kind, "budget")
    t.eq(m.cpu.pc == E + 4, fp)
    t.eq(m.cpu.cpacr_el1, fp and 3 << 20 or 0)
  end
end)

test("only soft can give undefined instructions to the script", function(t)
  local vm <close> = assert(tv.vm {})
  local ok, message, code = vm:on("undefined", true)
  if backend.exact then return t.eq(ok, true) end
  t.eq({ ok, code }, { nil, "unsupported" })
  t.ok(message:find("soft can", 1, true), message)
end)

test("what hvf's CPU is can be read once it has run, and not be written",
     function(t)
  backend.only(t, "hvf", "soft knows it before")
  local m <close> = guest.machine("mrs x1, midr_el1; hvc #1")
  local cpu = m.cpu
  t.raises("once the vCPU has run", function() return cpu.midr_el1 end)
  t.eq(cpu.mpidr_el1, 0x80000000)
  for _, name in ipairs { "midr_el1", "mpidr_el1", "id_aa64pfr0_el1",
    "cntvct_el0", "currentel" } do
    t.raises(name .. " can only be read", function() cpu[name] = 1 end)
  end
  t.raises("no register pmcr_el0", function() cpu.pmcr_el0 = 1 end)
  t.raises("no register pmcr_el0", function() return cpu.pmcr_el0 end)
  t.eq(cpu:run(1000).imm, 1)
  t.ok(cpu.x1 ~= 0 and cpu.x1 == cpu.midr_el1, "MIDR_EL1")
end)

-- ----------------------------------------------------------------- timers --

test("a timer that is masked or off does not end a wait", function(t)
  for _, kind in ipairs { "cntv", "cntp" } do
    for ctl = 0, 3 do
      local m <close> = guest.machine("wfi; hvc #1", { cpu = {
        [kind .. "_cval_el0"] = 0, [kind .. "_ctl_el0"] = ctl } })
      t.eq(m.cpu:run(1000).kind, ctl == 1 and "hvc" or "wfi", kind .. ctl)
    end
  end
end)

test("ISTATUS follows what the script sets, and what the guest has set",
     function(t)
  for _, kind in ipairs { "cntv", "cntp" } do
    local m <close> = guest.machine("mov x1, #-1; msr " .. kind
      .. "_cval_el0, x1; hvc #1; hvc #2")
    local cpu, ctl, cval = m.cpu, kind .. "_ctl_el0", kind .. "_cval_el0"
    t.eq(cpu[ctl], 0)
    cpu[ctl] = 1
    t.eq(cpu[ctl], 5)
    cpu[ctl] = 0
    t.eq(cpu:run(1000).imm, 1)
    cpu[ctl] = 1
    t.eq(cpu[ctl], 1, kind .. ": the guest's compare value")
    cpu[cval] = 0
    t.eq(cpu[ctl], 5)
    cpu[ctl] = 7
    t.eq(cpu[ctl], 7, "ISTATUS is not for setting")
    t.eq(cpu:run(1000).imm, 2)
    t.eq(cpu[ctl], 7)
    cpu[cval] = -1
    t.eq(cpu[ctl], 3)
  end
end)

test("a line that is up ends a wait, masked or not", function(t)
  for _, line in ipairs { "irq", "fiq" } do
    local m <close> = guest.machine "wfi; hvc #1"
    m.cpu[line](m.cpu, true)
    t.eq(m.cpu:run(1000).kind, "hvc", line)
  end
end)

test("ISR_EL1 shows what is pending, masked or not", function(t)
  for _, c in ipairs { { "cntv", 0x80 }, { "cntp", 0x80 }, { "irq", 0x80 },
    { "fiq", 0x40 }, { "none", 0 } } do
    local m <close> = guest.machine("nop; mrs x1, isr_el1; hvc #1")
    local cpu, name = m.cpu, c[1]
    if name:find "^cnt" then
      cpu[name .. "_cval_el0"], cpu[name .. "_ctl_el0"] = 0, 1
    elseif name ~= "none" then
      cpu[name](cpu, true)
    end
    t.eq(cpu:run(1000).imm, 1)
    t.eq({ cpu.x1, cpu.isr_el1 }, { c[2], c[2] }, name)
  end
end)

-- ------------------------------------------------------------------ steps --

test("each of these is one step: calls, waits, registers, devices, aborts",
     function(t)
  local code = [[
        mov     x0, #7
        hvc     #0
        mrs     x2, cntp_ctl_el0
        msr     cntp_cval_el0, xzr
        mov     x3, #0x9000000
        ldr     x4, [x3]
        str     x4, [x3]
        mov     x5, #0x800000
        dc      civac, x5
        wfe
        brk     #1
        nop
  ]]
  local function fresh()
    local m = guest.machine(code, {})
    m.vm:hypercall(7, function() return 9 end)
    assert(m.vm:map { kind = "mmio", base = 0x9000000, size = 0x10000,
      read = function() return 8 end, write = function() end })
    return m
  end
  local places = {}
  for n = 1, 10 do places[n] = E + 4 * n end
  places[11] = VEC + guest.FROM_EL1H * 0x80
  do
    local m <close> = fresh()
    for n = 1, 11 do
      m.cpu:step()
      t.eq(m.cpu.pc, places[n], "step " .. n)
      t.eq(m.cpu.pstate & 1 << 21, 0, "PSTATE.SS is nobody's business")
    end
  end
  for n = 1, 11 do
    local m <close> = fresh()
    t.eq(m.cpu:step(n).kind, "budget")
    t.eq(m.cpu.pc, places[n], n .. " steps")
  end
end)

test("a breakpoint of the guest's own does nothing in single steps",
     function(t)
  for _, el in ipairs { guest.EL1H, guest.EL0 } do
    local m <close> = guest.machine("nop; nop; nop", { cpu = { pstate = el,
      dbgbvr0_el1 = E + 4, dbgbcr0_el1 = 0x1e7, mdscr_el1 = 0x8000 } })
    t.eq({ m.cpu:step(2).kind, m.cpu.pc }, { "budget", E + 8 })
    t.eq({ m.cpu.dbgbcr0_el1, m.cpu.mdscr_el1 }, { 0x1e7, 0x8000 })
  end
end)

test("a BRK that is stepped is the guest's, and says nothing of FAR",
     function(t)
  for _, el in ipairs { guest.EL1H, guest.EL0 } do
    local m <close> = guest.machine("brk #5", { cpu = { pstate = el,
      far_el1 = 0x77 } })
    m.cpu:step()
    t.eq({ m.cpu.esr_el1, m.cpu.elr_el1, m.cpu.far_el1 },
      { guest.esr(0x3c, 5), E, 0x77 })
  end
end)

test("so is a register that is undefined", function(t)
  local m <close> = guest.machine "mrs x1, pmcr_el0"
  t.eq(m.cpu:step().kind, "budget")
  t.eq(m.cpu.pc, VEC + guest.FROM_EL1H * 0x80)
end)

test("an exit in the middle of a step leaves no PSTATE.SS", function(t)
  local m <close> = machine("mrs x1, s3_3_c15_c2_0; nop; hvc #1")
  t.eq(m.cpu:step().kind, "sysreg")
  t.eq(m.cpu.pstate & 1 << 21, 0)
  m.cpu:answer(3)
  t.eq({ m.cpu:step().kind, m.cpu.pc, m.cpu.x1 }, { "budget", E + 4, 3 })
  t.eq(m.cpu.pstate & 1 << 21, 0)
  t.eq(m.cpu:run(1000).imm, 1)
end)

test("a return to where vectors would be is none of their exceptions",
     function(t)
  for _, offset in ipairs { 0, 0x200, 0x284, 0x804 } do
    local to = (1 << 36) - 0x4000 + offset
    local m <close> = guest.machine("ret x0", { cpu = { x0 = to,
      elr_el1 = 0x4444, spsr_el1 = guest.EL0 },
      vectors = offset & 0x7f == 0 })
    for _, run in ipairs { m.cpu.run, m.cpu.step } do
      local exit = run(m.cpu, 100)
      t.eq({ exit.kind, exit.reason, exit.pc, exit.addr, m.cpu.pstate },
        { "fault", "unmapped", to, to, guest.EL1H })
      m.cpu.pc = E
    end
  end
end)
