-- SPDX-License-Identifier: MIT
--
-- Budgets, deadlines and steps are exact, and how a run is sliced never
-- shows: one run, runs of one step and runs of random length give the same
-- registers, memory, counts and time (DESIGN.md section 5, "Steps and time").

local test = require "tap"
require "backend".only_file("soft", "budgets count steps")
local guest = require "guest._guest"

-- Everything that could notice: exceptions, system registers, timers with
-- interrupts and WFI, self-modifying code, exclusives, pairs, hypercalls,
-- MMIO, EL0 and back.
local program = [[
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        mov     x0, #3
        msr     cntv_tval_el0, x0
        mov     x20, #0x30000
        mov     x21, #0x9000000
        mov     x19, #40
        msr     daifclr, #2
loop:   add     x1, x1, x19, lsl #1
        mul     x2, x1, x19
        stp     x1, x2, [x20], #16
        ldr     q3, [x20, #-16]
        str     q3, [x20], #16
        ldrsw   x4, [x21, #8]
        stp     w4, w19, [x21]
        ldp     x5, x6, [x21]
        svc     #3
        udf     #7
        mrs     x7, cntvct_el0
        eor     x8, x8, x7, ror #3
        mov     x10, #0x60000
1:      ldxr    x11, [x10]
        add     x11, x11, x8
        stxr    w12, x11, [x10]
        cbnz    w12, 1b
        adr     x13, patch              // add x14, x14, #imm, imm = x19
        ldr     w15, [x13]
        add     w15, w15, #1, lsl #12
        and     w15, w15, #0xffc0ffff
        str     w15, [x13]
patch:  add     x14, x14, #0
        mov     x0, #3
        mov     x1, x19
        hvc     #0
        adds    x1, x1, x0
        csel    x16, x1, x16, mi
        wfi
        adr     x17, user
        msr     elr_el1, x17
        mov     x17, #0
        msr     spsr_el1, x17
        eret
user:   add     x18, x18, #1            // at EL0
        mrs     x22, nzcv
        ldur    x23, [x18, #0xff]       // aligned every eighth time
        svc     #4
back:   subs    x19, x19, #1
        b.ne    loop
        mov     x0, #0
        mov     x1, #99
        hvc     #0
        .balign 2048
vectors:
        .space  0x200
        mrs     x24, esr_el1            // from EL1h
        mrs     x25, elr_el1
        add     x26, x26, x24
        lsr     x27, x24, #26
        cmp     x27, #0x15
        add     x28, x25, #4
        csel    x25, x25, x28, eq
        msr     elr_el1, x25
        eret
        .space  0x5c
        mov     x29, #3                 // IRQ from EL1h
        msr     cntv_tval_el0, x29
        add     x30, x30, #1
        eret
        .space  0x170
        mrs     x24, esr_el1            // from EL0
        lsr     x27, x24, #26
        cmp     x27, #0x15
        b.eq    leave
        mrs     x25, elr_el1
        add     x25, x25, #4
        msr     elr_el1, x25
        eret
leave:  adr     x25, back
        msr     elr_el1, x25
        mov     x25, #0x345
        msr     spsr_el1, x25
        eret
]]

local function machine()
  local m = guest.machine(program, { vectors = false,
    vm = { strict = false }, cpu = { sctlr_el1 = 0x30d00802 } })
  local cell = 0
  m.device = assert(m.vm:map { kind = "mmio", base = 0x9000000,
    size = 0x1000,
    read = function(offset, size)
      cell = cell * 5 + offset + size
      return cell & 0x7fffffff
    end,
    write = function(offset, _, value) cell = cell ~ value + offset end })
  m.vm:hypercall(3, function(_, n) return n * 1000003 end)
  return m
end

-- Runs by slices from next() until the guest ends; the final state.
local function sliced(t, next)
  local m <close> = machine()
  local exit
  repeat
    local budget = next()
    local before = m.cpu.icount
    exit = m.cpu:run(budget)
    if exit.kind == "budget" then
      t.eq(m.cpu.icount - before, budget, "a budget is exact")
    end
  until exit.kind ~= "budget"
  t.eq({ exit.kind, exit.reason, exit.status }, { "shutdown", "exit", 99 })
  t.ok(m.cpu.x30 > 10 and m.cpu.x18 == 40, "interrupts and EL0 happened")
  return guest.snapshot(m.vm), m.cpu.icount
end

local function first_difference(a, b)
  for word in a:sub(1, 2000):gmatch "%S+=%S+" do
    local name = word:match "^[^=]+="
    local other = b:match("[ \n]" .. name .. "%S+")
    if other and other:sub(2) ~= word then return word .. " or" .. other end
  end
  return "memory"
end

test("one run, single steps and random slices end in the same state",
     function(t)
  local want, steps = sliced(t, function() end)
  t.ok(steps > 2000, "the program runs")
  local seen = { ["runs of one step"] = function() return 1 end,
    ["runs of two"] = function() return 2 end,
    ["runs of seven"] = function() return 7 end }
  for k = 1, 20 do
    seen["random runs " .. k] = function() return t.random(0, 60) end
  end
  for how, next in pairs(seen) do
    local got = sliced(t, next)
    if got ~= want then t.fail(how .. ": " .. first_difference(want, got)) end
  end
end)

-- Runs by slices from next() to the end with these breakpoints: the steps and
-- addresses at which they were reported, and how often they were executed.
local function broken(t, at, next)
  local m <close> = machine()
  local reports, executed, counted = {}, 0, {}
  for _, address in ipairs(at) do
    m.vm:set_breakpoint(address)
    counted[address] = true
  end
  assert(m.vm:trace(function(text)
    for line in text:gmatch "[^\n]+" do
      local address = math.tointeger(line:match "^0x%x+")
      if counted[address] then executed = executed + 1 end
    end
  end))
  local exit
  repeat
    exit = m.cpu:run(next())
    if exit.kind == "breakpoint" then
      reports[#reports + 1] = ("%d %#x"):format(exit.icount, exit.pc)
    end
  until exit.kind ~= "budget" and exit.kind ~= "breakpoint"
  t.eq(exit.status, 99)
  m.vm:trace(nil)
  return table.concat(reports, "\n"), #reports, executed,
    guest.snapshot(m.vm)
end

test("breakpoints are reported at the same steps, however runs are sliced, \z
      and change nothing", function(t)
  local plain = sliced(t, function() end)
  local m <close> = machine()
  local words = m.image.size // 4
  for _ = 1, 12 do
    local at = {}
    for k = 1, t.random(1, 20) do
      at[k] = guest.ENTRY + 4 * t.random(0, words - 1)
    end
    local want, reported, executed, state = broken(t, at, function() end)
    t.eq(reported, executed, "each execution was reported")
    t.ok(state == plain, first_difference(plain, state))
    for _, most in ipairs { 1, 3, 60 } do
      local got, _, _, other = broken(t, at, function()
        return t.random(0, most)
      end)
      t.eq(got, want)
      t.ok(other == plain, first_difference(plain, other))
    end
  end
end)

test("deadlines stop at their nanosecond and change nothing", function(t)
  local want = sliced(t, function() end)
  for _, stride in ipairs { 1, 13, 100 } do
    local m <close> = machine()
    local exit, at
    repeat
      at = m.vm.time + stride
      exit = m.cpu:run { deadline = at }
      if exit.kind == "deadline" then t.eq(m.vm.time, at) end
    until exit.kind ~= "deadline"
    t.eq(exit.kind, "shutdown")
    local got = guest.snapshot(m.vm)
    if got ~= want then
      t.fail(stride .. " ns: " .. first_difference(want, got))
    end
  end
end)

test("step(n) is run(n), a budget of 0 does nothing", function(t)
  local want, total = sliced(t, function() end)
  local m <close> = machine()
  t.eq(m.cpu:run(0).kind, "budget")
  t.eq(m.cpu:step(0).kind, "budget")
  t.eq({ m.cpu.icount, m.vm.time, m.cpu.pc }, { 0, 0, guest.ENTRY })
  local done = 0
  while done + 100 < total do
    t.eq(m.cpu:step(100).kind, "budget")
    done = done + 100
    t.eq(m.cpu.icount, done)
  end
  t.eq(m.cpu:run().kind, "shutdown")
  t.ok(guest.snapshot(m.vm) == want)
end)

test("the budget ends a loop of any kind at its exact step", function(t)
  local loops = { "b .", "1: svc #0; b 1b", "1: nop; cbz xzr, 1b",
    "1: yield; b 1b", "1: wfe; b 1b", "1: sev; b 1b",
    "adr x1, .; br x1", "1: mrs x0, cntvct_el0; b 1b",
    "1: bl 2f; b 1b; 2: ret" }
  for _, text in ipairs(loops) do
    local m <close> = guest.machine(text)
    m.vm:write_u32(guest.VECTORS + 0x200, guest.ERET)
    for _, budget in ipairs { 1, 2, 3, 1000, 65537, 1 << 20 } do
      local before = m.cpu.icount
      local exit = m.cpu:run { budget = budget }
      t.eq({ exit.kind, m.cpu.icount - before }, { "budget", budget }, text)
    end
    t.eq(m.vm.time, m.cpu.icount, text)
  end
end)

test("a deadline in the past stops before the first step", function(t)
  local m <close> = guest.machine "b ."
  m.cpu:run(100)
  for _, ns in ipairs { 0, 50, 100 } do
    local exit = m.cpu:run { deadline = ns }
    t.eq({ exit.kind, m.cpu.icount }, { "deadline", 100 })
  end
  t.eq(m.cpu:run { deadline = 101 }.icount, 101)
end)

test("a fault loop spends its budget: an exception taken is a step",
     function(t)
  local m <close> = guest.machine "udf #0"
  m.vm:write(guest.VECTORS + 0x200, guest.words(0))       -- udf as well
  local exit = m.cpu:run(12345)
  t.eq({ exit.kind, m.cpu.icount }, { "budget", 12345 })
  t.eq(m.cpu.elr_el1, guest.VECTORS + 0x200)
end)
