-- SPDX-License-Identifier: MIT
--
-- The generic timers (D11): what every backend has; then those of soft, in
-- virtual time: the count is the VM's clock / 16, expiries fall on exact steps,
-- WFI skips to them (DESIGN.md section 5).

local test = require "tap"
local backend = require "backend"
local guest = require "guest._guest"

local TICK = 16                       -- steps per count
local kinds = { "cntv", "cntp" }

local function both(fn)
  return function(t) for _, kind in ipairs(kinds) do fn(t, kind) end end
end

-- A machine that counts x9 up for ever, IRQs open.
local function counting(options)
  options.cpu.pstate = options.cpu.pstate or 5
  return guest.machine("1: add x9, x9, #1; b 1b", options)
end

-- On every backend ---------------------------------------------------------

local FAR = 1 << 62

test("ENABLE and IMASK hold, ISTATUS says whether the condition is met",
     both(function(t, kind)
  local m <close> = guest.machine "svc #0"
  local c, ctl, cval = m.cpu, kind .. "_ctl_el0", kind .. "_cval_el0"
  for _, run in ipairs { false, true } do      -- before and after the first
    if run then m:to_vector(t) end
    for bits = 0, 3 do
      for _, at in ipairs { 0, FAR } do
        c[cval], c[ctl] = at, bits | 4
        local met = at == 0 and bits & 1 == 1
        t.eq(c[ctl], bits | (met and 4 or 0), ("%d at %#x"):format(bits, at))
        t.eq(c[cval], at)
      end
    end
  end
end))

test("WFI ends when the timer's time has come, and not before",
     both(function(t, kind)
  for _, open in ipairs { false, true } do
    local m <close> = guest.machine(([=[
        mrs     x1, cnt%sct_el0
        add     x1, x1, #0x1, lsl #12
        msr     %s_cval_el0, x1
        mov     x2, #1
        msr     %s_ctl_el0, x2
        wfi
        svc     #0
    ]=]):format(kind:sub(4), kind, kind),
      { cpu = { pstate = open and 0x345 or guest.EL1H } })
    t.eq(m:to_vector(t), guest.FROM_EL1H + (open and guest.IRQ or guest.SYNC))
    local count = m.cpu["cnt" .. kind:sub(4) .. "ct_el0"]
    t.ok(count - m.cpu.x1 >= 0, ("%d, set for %d"):format(count, m.cpu.x1))
    t.eq(m.cpu[kind .. "_ctl_el0"], 5)
    if open then
      local back = m.cpu.elr_el1 - guest.ENTRY
      t.ok(back == 20 or back == 24, back)
    end
  end
end))

test("WFI with a masked or disabled timer is an exit, and the guest goes on",
     both(function(t, kind)
  for _, ctl in ipairs { 0, 2, 3 } do
    local m <close> = guest.machine("wfi; svc #0", { cpu = {
      [kind .. "_ctl_el0"] = ctl, [kind .. "_cval_el0"] = 0 } })
    local exit = m.cpu:run(1000)
    t.eq({ exit.kind, exit.pc, m.cpu.pc },
      { "wfi", guest.ENTRY, guest.ENTRY + 4 }, ctl)
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0x15))
  end
end))

test("TVAL is 32 bits with their sign, from the count on",
     both(function(t, kind)
  for _, case in ipairs { { 0x70000000, 0x70000000 },
      { 0x80000000, -0x80000000 }, { 0x1234567870000000, 0x70000000 } } do
    local m <close> = guest.machine(([=[
        msr     %s_tval_el0, x1
        mrs     x2, %s_cval_el0
        mrs     x3, cnt%sct_el0
        mrs     x4, %s_tval_el0
        svc     #0
    ]=]):format(kind, kind, kind:sub(4), kind), { cpu = { x1 = case[1] } })
    m:to_vector(t)
    local gone = m.cpu.x3 - (m.cpu.x2 - case[2])
    t.ok(gone >= 0 and gone < 0x10000000, ("%#x: %#x"):format(case[1], gone))
    t.eq(m.cpu.x4 >> 32, 0, "the upper half is 0")
  end
end))

test("an expired timer interrupts again until the guest turns it off",
     both(function(t, kind)
  local m <close> = guest.machine("msr daifclr, #2; 1: b 1b", { cpu = {
    [kind .. "_ctl_el0"] = 1, [kind .. "_cval_el0"] = 0 } })
  for _ = 1, 3 do
    t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
    if backend.name ~= "kvm" then t.eq(m.cpu.isr_el1, 0x80) end  -- its own
  end
  m.cpu[kind .. "_ctl_el0"] = 3
  t.eq(m.cpu.isr_el1, 0)
  t.eq(m.cpu:run(200).kind, "budget")
  m.cpu[kind .. "_ctl_el0"] = 1
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
  m.cpu[kind .. "_cval_el0"] = FAR
  t.eq(m.cpu:run(200).kind, "budget")
end))

test("timer = \"exit\" says an expiry once and interrupts nobody", function(t)
  local m <close> = counting { vm = { timer = "exit" }, cpu = {
    cntv_ctl_el0 = 1, cntv_cval_el0 = 0 } }
  t.eq(m.cpu:run(1000).kind, "timer")
  t.eq({ m.cpu.cntv_ctl_el0, m.cpu.isr_el1 }, { 5, 0 })
  t.eq(m.cpu:run(200).kind, "budget")
  m.cpu.cntv_cval_el0 = m.cpu.cntvct_el0 + 10
  t.eq(m.cpu:run(100000).kind, "timer")
  m.cpu.cntv_cval_el0 = m.cpu.cntv_cval_el0
  t.eq(m.cpu:run(1000).kind, "timer", "again if it is written")
  t.eq(m.cpu:run(200).kind, "budget")
  m.vm:reset()
  m.cpu.pc, m.cpu.cntv_ctl_el0 = guest.ENTRY, 1
  t.eq(m.cpu:run(1000).kind, "timer", "nor is a reset forgotten")
end)

test("timer = \"exit\" leaves the physical timer its interrupt", function(t)
  local m <close> = counting { vm = { timer = "exit" }, cpu = { pstate = 0x345,
    cntp_ctl_el0 = 1, cntp_cval_el0 = 0 } }
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
end)

-- The time may come before the guest waits: then nothing is left to end it.
test("timer = \"exit\" is one exit for each time that the guest waits for",
     function(t)
  local m <close> = guest.machine([=[
1:      mrs     x8, cntvct_el0
        add     x8, x8, #100
        msr     cntv_cval_el0, x8
        mov     x1, #1
        msr     cntv_ctl_el0, x1
        wfi
        add     x9, x9, #1
        b       1b
  ]=], { vm = { timer = "exit" } })
  for n = 1, 5 do
    local exit = m.vm:run { timeout = 60 }
    if n > 1 and exit.kind == "wfi" then exit = m.vm:run { timeout = 60 } end
    t.eq(exit.kind, "timer")
    t.ok(m.cpu.x9 == n - 1 or m.cpu.x9 == n, m.cpu.x9)
  end
end)

test("a timer that is set for ever ends no wait, nor what was returned",
     function(t)
  for _, kind in ipairs(kinds) do
    local m <close> = guest.machine("wfi; hvc #77", { cpu = {
      [kind .. "_cval_el0"] = FAR, [kind .. "_ctl_el0"] = 1 } })
    t.eq(m.vm:run { timeout = 60 }.kind, "wfi", kind)
  end
  local m <close> = guest.machine("wfi; hvc #77", { vm = { timer = "exit" },
    cpu = { cntv_cval_el0 = 0, cntv_ctl_el0 = 1 } })
  for _, kind in ipairs { "timer", "wfi", "hvc" } do
    t.eq(m.vm:run { timeout = 60 }.kind, kind)
  end
end)

test("the virtual count goes on when another vCPU is made", function(t)
  local m <close> = guest.machine([=[
        mrs     x4, cntfrq_el0
1:      mrs     x1, cntvct_el0
        cmp     x1, x4, lsr #9
        b.lo    1b
        hvc     #77
        mrs     x2, cntvct_el0
        hvc     #77
  ]=])
  t.eq(m.cpu:run(1 << 40).imm, 77)
  local other <close> = assert(m.vm:vcpu())
  t.eq(m.cpu:run(1 << 40).imm, 77)
  t.ok(m.cpu.x2 >= m.cpu.x1, ("%d, then %d"):format(m.cpu.x1, m.cpu.x2))
end)

-- Hardware tells when a timer's output rises and not when it falls: what a
-- guest does with it before it leaves the CPU is seen after a while.

-- Runs until the guest says 77.
local function says_77(t, m)
  local exit = m.vm:run { timeout = 60 }
  t.eq({ exit.kind, exit.imm }, { "hvc", 77 })
end

-- As a scheduler does that goes to another task.
test("a handler that does not return is interrupted again",
     both(function(t, kind)
  local m <close> = guest.machine(([[
        adr     x0, 3f
        msr     vbar_el1, x0
        mov     x1, #1
        msr     KIND_cval_el0, xzr
        msr     KIND_ctl_el0, x1
        msr     daifclr, #2
1:      b       1b
2:      cmp     x9, #5
        b.lo    2b
        hvc     #77
        .balign 2048
3:      .space  0x280
        add     x9, x9, #1
        mrs     x3, cntXct_el0
        mrs     x4, cntfrq_el0
        add     x3, x3, x4, lsr #9
        msr     KIND_cval_el0, x3
        adr     x3, 2b
        msr     elr_el1, x3
        eret
  ]]):gsub("KIND", kind):gsub("cntX", kind), { vectors = false })
  says_77(t, m)
  if backend.exact then t.eq(m.cpu.x9, 5) end     -- else one more may come
  t.ok(m.cpu.x9 >= 5)
end))

test("so is one that leaves the timer as it is", both(function(t, kind)
  local m <close> = guest.machine(([[
        adr     x0, 4f
        msr     vbar_el1, x0
        mov     x1, #1
        msr     KIND_cval_el0, xzr
        msr     KIND_ctl_el0, x1
        msr     daifclr, #2
1:      b       1b
2:      cmp     x9, #5
        b.lo    2b
        hvc     #77
        .balign 2048
4:      .space  0x280
        add     x9, x9, #1
        cmp     x9, #5
        b.lo    5f
        mov     x3, #3
        msr     KIND_ctl_el0, x3
5:      adr     x3, 2b
        msr     elr_el1, x3
        eret
  ]]):gsub("KIND", kind), { vectors = false })
  says_77(t, m)
  t.ok(m.cpu.x9 >= 5)
end))

test("vectors may be set when the timer has expired", both(function(t, kind)
  local m <close> = guest.machine(([[
        mov     x1, #1
        msr     KIND_cval_el0, xzr
        msr     KIND_ctl_el0, x1
        mov     x2, #0x200
1:      subs    x2, x2, #1
        b.ne    1b
        adr     x0, 2f
        msr     vbar_el1, x0
        msr     daifclr, #2
        nop
        hvc     #77
        .balign 2048
2:      .space  0x280
        add     x9, x9, #1
        mov     x3, #3
        msr     KIND_ctl_el0, x3
        eret
  ]]):gsub("KIND", kind), { vectors = false })
  says_77(t, m)
  if backend.exact then t.eq(m.cpu.x9, 1) end
  t.ok(m.cpu.x9 > 0)
end))

test("the output of a timer ends with a reset", both(function(t, kind)
  local m <close> = guest.machine(([=[
        adr     x0, 3f
        msr     vbar_el1, x0
        cbz     x20, 2f
        mov     x1, #1
        msr     KIND_cval_el0, xzr
        msr     KIND_ctl_el0, x1
1:      mrs     x2, KIND_ctl_el0
        tbz     x2, #2, 1b
        hvc     #76
2:      msr     daifclr, #2
        nop
        hvc     #77
        .balign 2048
3:      .space  0x280
        hvc     #78
  ]=]):gsub("KIND", kind), { vectors = false, cpu = { x20 = 1 } })
  t.eq(m.cpu:run().imm, 76)
  m.vm:reset()
  m.cpu.pc = guest.ENTRY
  t.eq(m.cpu:run().imm, 77)
end))

-- That its output is down for some milliseconds is seen sooner or later.
test("timer = \"exit\" says the next expiry, too, when the guest stays inside",
     function(t)
  local m <close> = guest.machine([[
        mov     x1, #1
        msr     cntv_cval_el0, xzr
        mrs     x2, cntvct_el0
        mrs     x4, cntfrq_el0
1:      msr     cntv_ctl_el0, x1
        add     x2, x2, x4, lsr #8
2:      isb
        mrs     x3, cntvct_el0
        cmp     x3, x2
        b.lo    2b
        msr     cntv_ctl_el0, xzr
        add     x2, x2, x4, lsr #8
3:      isb
        mrs     x3, cntvct_el0
        cmp     x3, x2
        b.lo    3b
        b       1b
  ]], { vectors = false, vm = { timer = "exit" } })
  for _ = 1, 2 do t.eq(m.vm:run { timeout = 60 }.kind, "timer") end
end)

-- The output falls for a moment only, which is not seen.
test("timer = \"exit\" says the next expiry, too, when the timer is set anew",
     function(t)
  local m <close> = guest.machine([[
        mov     x1, #1
        msr     cntv_cval_el0, xzr
        msr     cntv_ctl_el0, x1
        mrs     x2, cntvct_el0
        mrs     x4, cntfrq_el0
        add     x2, x2, x4, lsr #8
1:      isb
        mrs     x3, cntvct_el0
        cmp     x3, x2
        b.lo    1b
        add     x3, x3, #20
        msr     cntv_cval_el0, x3
2:      isb
        mrs     x5, cntv_ctl_el0
        tbz     x5, #2, 2b
3:      b       3b
  ]], { vectors = false, vm = { timer = "exit" } })
  for _ = 1, 2 do t.eq(m.vm:run { timeout = 60 }.kind, "timer") end
  t.eq(m.cpu.x3, m.cpu.cntv_cval_el0)
end)

-- In virtual time -----------------------------------------------------------

backend.only_file("soft", "virtual time")

test("CNTVCT and CNTPCT are the clock divided by 16, CNTFRQ is 62.5 MHz",
     function(t)
  local m <close> = guest.machine(("nop;"):rep(40)
    .. "mrs x1, cntvct_el0; mrs x2, cntpct_el0; mrs x3, cntfrq_el0; svc #0")
  for k = 0, 39 do
    t.eq(m.vm.time, k)
    t.eq(m.cpu.cntvct_el0, k // TICK)
    t.eq(m.cpu.cntpct_el0, k // TICK)
    m.cpu:step()
  end
  m:to_vector(t)
  t.eq({ m.cpu.x1, m.cpu.x2, m.cpu.x3 }, { 2, 2, 62500000 })
end)

test("the IRQ is taken before the step at which CVAL is reached",
     both(function(t, kind)
  for cval = 1, 5 do
    local m <close> = counting { cpu = { [kind .. "_ctl_el0"] = 1,
      [kind .. "_cval_el0"] = cval } }
    t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
    -- the vector's hvc is the one step after cval * 16
    t.eq(m.vm.time, cval * TICK + 1)
    t.eq(m.cpu.icount, cval * TICK + 1)
    t.eq(m.cpu.x9, cval * TICK // 2)
    t.eq(m.cpu.elr_el1, guest.ENTRY)
    t.eq(m.cpu.spsr_el1, 5)
    t.eq(m.cpu[kind .. "_ctl_el0"], 5, "ISTATUS")
    t.eq(m.cpu.isr_el1, 0x80)
  end
end))

test("ENABLE, IMASK and ISTATUS", both(function(t, kind)
  local m <close> = guest.machine(("nop;"):rep(64), { cpu = { pstate = 5 } })
  local ctl, cval = kind .. "_ctl_el0", kind .. "_cval_el0"
  local c = m.cpu
  c[cval] = 2
  c:step(31)
  t.eq(c[ctl], 0)
  c[ctl] = 3
  t.eq(c[ctl], 3)
  c:step(1)
  t.eq(c[ctl], 7, "the condition holds although masked")
  t.eq(c.isr_el1, 0)
  t.eq(c:step(4).kind, "budget")
  t.eq(c.pc, guest.ENTRY + 36 * 4, "no interrupt")
  c[ctl] = 2
  t.eq(c[ctl], 2, "ISTATUS is 0 while disabled")
  c[ctl] = 1
  t.eq({ c[ctl], c.isr_el1 }, { 5, 0x80 })
  c:step(1)
  t.eq(c.pc, guest.VECTORS + 0x284, "IRQ entered, then one step")
  c[cval] = 1000
  t.eq({ c[ctl], c.isr_el1 }, { 1, 0 }, "a later CVAL lowers the line")
end))

test("TVAL is CVAL minus the count, signed in 32 bits",
     both(function(t, kind)
  local m <close> = guest.machine(("nop;"):rep(100))
  local c, tval, cval = m.cpu, kind .. "_tval_el0", kind .. "_cval_el0"
  c:step(33)                                        -- count 2
  c[tval] = 5
  t.eq(c[cval], 7)
  c:step(16)
  t.eq(c[tval], 4)
  c[tval] = 0xffffffff
  t.eq(c[cval], 2)
  t.eq(c[tval], 0xffffffff)
  c[tval] = 0x80000000
  t.eq(c[cval], 3 - 0x80000000)
  c[tval] = 0x1234567800000010
  t.eq(c[cval], 3 + 0x10, "the upper half is ignored")
  c[cval] = -1
  t.eq(c[tval], 0xfffffffc)
end))

test("CVAL compares unsigned: all ones is never", both(function(t, kind)
  for _, far in ipairs { -1, 1 << 63, 1 << 62, 1 << 60 } do
    local m <close> = counting { cpu = { [kind .. "_ctl_el0"] = 1,
      [kind .. "_cval_el0"] = far } }
    t.eq(m.cpu:run(5000).kind, "budget")
    t.eq(m.cpu[kind .. "_ctl_el0"], 1)
    t.eq(m.cpu.x9, 2500)
  end
end))

test("WFI jumps to the timer and costs one step", both(function(t, kind)
  local m <close> = guest.machine(([[
        mov     x1, #1000
        msr     %s_tval_el0, x1
        mov     x1, #1
        msr     %s_ctl_el0, x1
        wfi
        mrs     x2, cntvct_el0
        svc     #0
  ]]):format(kind, kind))
  m:to_vector(t)
  t.eq(m.cpu.x2, 1000)
  t.eq(m.cpu.icount, 8)
  t.eq(m.vm.time, 16000 + 3)
  t.eq(m.cpu.esr_el1, guest.esr(0x15), "I is set: WFI wakes, nothing taken")
end))

test("WFI with I clear takes the interrupt, ELR after the WFI",
     both(function(t, kind)
  local m <close> = guest.machine("wfi; svc #0", { cpu = { pstate = 0x345,
    [kind .. "_ctl_el0"] = 1, [kind .. "_cval_el0"] = 123456 } })
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
  t.eq(m.cpu.elr_el1, guest.ENTRY + 4)
  t.eq(m.vm.time, 123456 * TICK + 1)
  t.eq(m.cpu.icount, 2)
end))

test("WFI with a masked or disabled timer has nothing to wait for",
     both(function(t, kind)
  for _, ctl in ipairs { 0, 2, 3 } do
    local m <close> = guest.machine("wfi; svc #0", { cpu = {
      [kind .. "_ctl_el0"] = ctl, [kind .. "_cval_el0"] = 100 } })
    local exit = m.cpu:run(10)
    t.eq({ exit.kind, exit.pc, m.cpu.pc, exit.icount },
      { "wfi", guest.ENTRY, guest.ENTRY + 4, 1 })
    t.eq(m.vm.time, 1)
    m:to_vector(t)
    t.eq(m.cpu.esr_el1, guest.esr(0x15))
  end
end))

test("WFI waits for the earlier of two timers", function(t)
  for _, case in ipairs { { 50, 90 }, { 90, 50 } } do
    local m <close> = guest.machine("wfi; mrs x1, cntvct_el0; wfi; svc #0",
      { cpu = { cntv_ctl_el0 = 1, cntv_cval_el0 = case[1], cntp_ctl_el0 = 1,
        cntp_cval_el0 = case[2] } })
    m:to_vector(t)
    t.eq(m.cpu.x1, 50)
    t.eq(m.vm.time, 50 * TICK + 4, "the second WFI finds the line up")
  end
end)

test("a deadline ends a wait, and the wait goes on behind it", function(t)
  local m <close> = guest.machine("wfi; mrs x1, cntvct_el0; svc #0",
    { cpu = { cntv_ctl_el0 = 1, cntv_cval_el0 = 100 } })
  for _, ns in ipairs { 1, 17, 800, 1599 } do
    local exit = m.cpu:run { deadline = ns }
    t.eq({ exit.kind, m.vm.time, m.cpu.icount }, { "deadline", ns, 1 })
  end
  m:to_vector(t)
  t.eq({ m.cpu.x1, m.vm.time }, { 100, 1603 })
end)

test("a budget that ends at a WFI does not end the wait", function(t)
  local m <close> = guest.machine("wfi; mrs x1, cntvct_el0; svc #0",
    { cpu = { cntv_ctl_el0 = 1, cntv_cval_el0 = 100 } })
  t.eq(m.cpu:run(1).kind, "budget")
  t.eq(m.vm.time, 1)
  m:to_vector(t)
  t.eq({ m.cpu.x1, m.vm.time }, { 100, 1603 })
end)

test("timer = \"exit\" reports an expiry once and raises no interrupt",
     function(t)
  local m <close> = counting { vm = { timer = "exit" }, cpu = {
    cntv_ctl_el0 = 1, cntv_cval_el0 = 3 } }
  local exit = m.cpu:run(1000)
  t.eq({ exit.kind, exit.icount, m.vm.time }, { "timer", 48, 48 })
  t.eq({ m.cpu.cntv_ctl_el0, m.cpu.isr_el1 }, { 5, 0 })
  t.eq(m.cpu:run(100).kind, "budget")
  t.eq(m.cpu.icount, 148)
  m.cpu.cntv_cval_el0 = 10
  t.eq(m.cpu:run(1000).kind, "timer")
  t.eq(m.cpu.icount, 160)
  m.cpu.cntv_tval_el0 = 2
  t.eq(m.cpu:run(1000).icount, 192)
end)

test("timer = \"exit\": WFI jumps to the expiry, the physical timer still "
     .. "interrupts", function(t)
  local m <close> = guest.machine("wfi; wfi; svc #0", {
    vm = { timer = "exit" }, cpu = { pstate = 0x345,
      cntv_ctl_el0 = 1, cntv_cval_el0 = 30,
      cntp_ctl_el0 = 1, cntp_cval_el0 = 60 } })
  local exit = m.cpu:run(10)
  t.eq({ exit.kind, m.vm.time, m.cpu.pc },
    { "timer", 480, guest.ENTRY + 4 })
  t.eq(m:to_vector(t), guest.FROM_EL1H + guest.IRQ)
  t.eq(m.vm.time, 961)
end)

test("the guest's own periodic tick comes every n counts exactly",
     function(t)
  local m <close> = guest.machine([[
        adr     x0, 2f
        msr     vbar_el1, x0
        mrs     x8, cntvct_el0
        add     x8, x8, #10
        msr     cntv_cval_el0, x8
        mov     x1, #1
        msr     cntv_ctl_el0, x1
        mov     x7, #0x30000
        msr     daifclr, #2
1:      add     x9, x9, #1
        b       1b
        .balign 2048
2:      .space  0x280
        mrs     x3, cntvct_el0
        str     x3, [x7], #8
        add     x8, x8, #10
        msr     cntv_cval_el0, x8
        eret
  ]], { vectors = false })
  m.cpu:run(16000)
  t.eq(m.vm.time, 16000)
  local first = m.vm:read_u64(0x30000)
  for k = 0, 98 do t.eq(m.vm:read_u64(0x30000 + 8 * k), first + 10 * k) end
end)

test("an expiry is seen at the same step however the run is sliced",
     function(t)
  for slice = 1, 40 do
    local m <close> = counting { cpu = { cntv_ctl_el0 = 1,
      cntv_cval_el0 = 5 } }
    local exit
    repeat exit = m.cpu:run(slice) until exit.kind ~= "budget"
    t.eq({ exit.kind, m.vm.time, m.cpu.x9 }, { "hvc", 81, 40 })
  end
end)

test("one vCPU's timer waits for its turn, another's steps move its clock",
     function(t)
  local m <close> = guest.machine("1: add x9, x9, #1; b 1b")
  local sleeper <close> = assert(m.vm:vcpu { pc = guest.ENTRY + 0x100,
    sp = 0x60000, pstate = 0x345, vbar_el1 = guest.VECTORS,
    cntv_ctl_el0 = 1, cntv_cval_el0 = 2000 })
  m.vm:write(guest.ENTRY + 0x100, guest.words(0xd503207f, guest.NOP))  -- wfi
  local exit = m.vm:run(100000)
  t.eq({ exit.kind, exit.cpu.index, exit.imm }, { "hvc", 1, 0x105 })
  t.eq(sleeper.icount, 2)
  t.ok(m.vm.time >= 32000)
  t.eq(m.vm.time, m.cpu.icount + sleeper.icount, "nothing was skipped")
end)
