-- SPDX-License-Identifier: MIT
--
-- Guests of several vCPUs that share memory, devices, interrupts and handlers,
-- on threads where the backend has them (core/crew.h) and in turns on soft:
-- the final state is the same, for the guests have no data race.
--
-- The program: vCPU 0 turns the others on (PSCI). Each does ROUNDS times a
-- counter under a lock by exclusives with WFE, one under a lock by SWPA, an
-- LDADD, a pair and a byte to a device in Lua, a hypercall, a wait for its
-- timer, and raises the interrupt line of the next vCPU, whose handler
-- acknowledges it; then it waits for its own interrupts, and ends.

local tv = require "tinyvmm"
local test = require "tap"

local EMULATED = os.getenv "TV_EMULATED"      -- where it takes long

local ENTRY, SHARED, DEVICE, ROUNDS = 0x10000, 0x40000, 0x200000, 12

local prelude = [[
        .equ    ROUNDS, 12
        .equ    VCPUS, %d
]]

local program = [[
start:  mov     x19, #0                 // this vCPU's number
        mov     x20, #0x40000
        mov     x21, #1
1:      cmp     x21, #VCPUS
        b.eq    main
        ldr     x0, =0xc4000003         // CPU_ON
        mov     x1, x21
        adr     x2, second
        mov     x3, x21
        hvc     #0
        cbnz    x0, bad
        add     x21, x21, #1
        b       1b

second: mov     x19, x0
        mov     x20, #0x40000
main:   adr     x0, vectors
        msr     vbar_el1, x0
        isb
        mov     x26, #0x200000          // the device
        add     x27, x20, #0x1000       // what is this vCPU's own
        add     x27, x27, x19, lsl #6
        mov     x25, #ROUNDS
        mov     x22, #0
        msr     daifclr, #2
again:
1:      ldaxr   w1, [x20]               // by exclusives, asleep meanwhile
        cbz     w1, 2f
        wfe
        b       1b
2:      mov     w1, #1
        stxr    w2, w1, [x20]
        cbnz    w2, 1b
        ldr     x3, [x20, #8]
        add     x3, x3, #1
        str     x3, [x20, #8]
        stlr    wzr, [x20]
        sev

        add     x4, x20, #64            // by a swap, spinning
3:      mov     w1, #1
        swpa    w1, w2, [x4]
        cbz     w2, 4f
        yield
        b       3b
4:      ldr     x3, [x20, #72]
        add     x3, x3, x19
        str     x3, [x20, #72]
        stlr    wzr, [x4]

        add     x5, x20, #128
        mov     x1, #3
        ldadd   x1, x2, [x5]

        stp     x19, x25, [x26]         // the device: a pair, and a byte
        ldrsb   x6, [x26, #16]
        add     x22, x22, x6

        mov     x0, #7                  // a handler
        mov     x1, x19
        mov     x2, x25
        hvc     #0
        add     x22, x22, x0

        mrs     x1, cntfrq_el0          // the timer: a sixteenth of a ms
        lsr     x1, x1, #14
        msr     daifset, #2
        msr     cntv_tval_el0, x1
        mov     x1, #1
        msr     cntv_ctl_el0, x1
        wfi
        msr     cntv_ctl_el0, xzr
        msr     daifclr, #2

        mov     x0, #8                  // the next vCPU's line
        mov     x1, x19
        hvc     #0
        subs    x25, x25, #1
        b.ne    again

5:      msr     daifset, #2             // its own interrupts
        ldr     x1, [x27]
        cmp     x1, #ROUNDS
        b.eq    6f
        wfi
        msr     daifclr, #2
        isb
        b       5b
6:      mov     x1, x19
        mov     x0, #0                  // EXIT
        hvc     #0
bad:    hvc     #99

irq:    stp     x0, x1, [x27, #16]
        mrs     x0, cntv_ctl_el0        // the timer's: silence it
        tbnz    x0, #2, 7f
        ldr     x1, [x27]
        add     x1, x1, #1
        str     x1, [x27]
        mov     x0, #9                  // acknowledge
        mov     x1, x19
        hvc     #0
        b       8f
7:      msr     cntv_ctl_el0, xzr
8:      ldp     x0, x1, [x27, #16]
        stp     xzr, xzr, [x27, #16]
        eret

        .balign 2048
vectors:
        .space  0x200
        hvc     #0x200
        .balign 128
        b       irq
        .balign 2048
]]

-- The backends that can run it. Apple's CPUs take exclusives in Normal memory
-- only, so with the MMU on; the mock forgives it when it is told so.
local function backends()
  local list = {}
  for _, b in ipairs(tv.backends()) do
    local able = b.name ~= "hvf" or os.getenv "TV_MOCK_RELAXED"
    if b.usable and able then list[#list + 1] = b.name end
  end
  return ipairs(list)
end

local Machine = {}
Machine.__index = Machine
function Machine:__close() self.vm:close() end

-- options: pause(cpu), called in every handler.
local function machine(name, count, options)
  options = options or {}
  local m = setmetatable({ cpus = {}, raised = {}, acked = {}, device = {} },
    Machine)
  local pause = options.pause or function() end
  local vm = assert(tv.vm { backend = name, strict = false })
  m.vm = vm
  vm:load(ENTRY, tv.asm((prelude):format(count) .. program))
  vm:map { kind = "mmio", base = DEVICE, size = 0x4000,
    read = function(offset) return 0x80 | offset end,
    write = function(offset, size, value)
      local sum = m.device[offset] or 0
      m.device[offset] = sum + value * size
    end }
  vm:hypercall(7, function(cpu, a, b)
    pause(cpu)
    return a * 1000 + b
  end)
  vm:hypercall(8, function(cpu, k)
    pause(cpu)
    local target = (k + 1) % count
    m.raised[target] = (m.raised[target] or 0) + 1
    local next = m.cpus[target]
    if next then next:irq(true) end
  end)
  vm:hypercall(9, function(cpu, k)
    pause(cpu)
    m.acked[k] = (m.acked[k] or 0) + 1
    if m.acked[k] == m.raised[k] then cpu:irq(false) end
  end)
  for k = 0, count - 1 do
    m.cpus[k] = assert(vm:vcpu { pc = ENTRY, sp = 0x70000, on = k == 0 })
  end
  return m
end

-- Of each vCPU: where it is, and its interrupts: raised, taken, acknowledged.
function Machine:interrupts()
  local lines = {}
  for k = 0, #self.cpus do
    local cpu = self.cpus[k]
    lines[#lines + 1] = ("cpu %d: pc %#x, %s, %d raised, %d taken, %d acked")
      :format(k, cpu.pc, cpu.on and "on" or "off", self.raised[k] or 0,
        self.vm:read_u64(SHARED + 0x1000 + k * 64), self.acked[k] or 0)
  end
  return table.concat(lines, "\n")
end

-- Runs until all have ended.
function Machine:finish(t, how)
  local ended = 0
  while ended < #self.cpus + 1 do
    local exit = self.vm:run(how and how() or { timeout = 60 })
    if exit.kind == "shutdown" and exit.reason == "exit" then
      t.eq(exit.status, exit.cpu.index)
      ended = ended + 1
    else
      t.ok(exit.kind == "budget", tostring(exit) .. "\n" .. self:interrupts())
    end
  end
  t.eq(self.vm:run().reason, "halt")
end

function Machine:state()
  local lines = {}
  for k = 0, #self.cpus do
    local cpu = self.cpus[k]
    for _, name in ipairs { "x19", "x20", "x22", "x25", "x26", "x27", "pc",
        "sp", "vbar_el1", "cntv_ctl_el0" } do
      lines[#lines + 1] = ("%d %s %#x"):format(k, name, cpu[name])
    end
  end
  for at = SHARED, SHARED + 0x3fff, 8 do
    local value = self.vm:read_u64(at)
    if value ~= 0 then lines[#lines + 1] = ("%#x: %d"):format(at, value) end
  end
  for offset = 0, 16, 8 do
    lines[#lines + 1] = tostring(self.device[offset])
  end
  return lines
end

local function final(t, name, count, options, how)
  local m <close> = machine(name, count, options)
  m:finish(t, how)
  return m:state()
end

test("two to eight vCPUs end in one state on all backends", function(t)
  for _, name in backends() do
    for _, count in ipairs(EMULATED and { 1, 2, 4 } or { 1, 2, 3, 4, 8 }) do
      local want = final(t, "soft", count)
      t.eq(want[#want - 3], ("0x%x: %d"):format(
        SHARED + 0x1000 + (count - 1) * 64, ROUNDS))
      t.eq(final(t, name, count), want, name .. " with " .. count)
    end
  end
end)

test("budgets cut it anywhere without a trace", function(t)
  for _, name in backends() do
    local want = final(t, "soft", 4)
    t.eq(final(t, name, 4, {}, function() return t.random(0, 300000) end),
      want, name)
  end
end)

test("handlers that yield answer many vCPUs", function(t)
  for _, name in backends() do
    local yields = 0
    local function pause(cpu)
      yields = yields + 1
      t.eq(coroutine.yield(cpu.index), "go on")
    end
    local m <close> = machine(name, 4, { pause = pause })
    local co = coroutine.create(function() m:finish(t) end)
    local ok, value = coroutine.resume(co)
    while ok and coroutine.status(co) == "suspended" do
      local cpu = m.cpus[value]
      t.raises("waits in a handler", cpu.run, cpu)
      t.ok(cpu.x19 == value)
      ok, value = coroutine.resume(co, "go on")
    end
    t.ok(ok, value)
    t.ok(yields == 4 * ROUNDS * 3)
    t.eq(m:state(), final(t, "soft", 4), name)
  end
end)

-- Stops the program after n handlers.
local function interrupted(name, n)
  local m
  m = machine(name, 4, { pause = function(cpu)
    n = n - 1
    if n == 0 then cpu.vm:stop() end
  end })
  return m, m.vm:run { timeout = 60 }
end

test("it is closed, reset and made smaller at any exit", function(t)
  for _, name in backends() do
    for k = 1, EMULATED and 6 or 14 do
      local m <close>, exit = interrupted(name, 3 * k)
      t.eq(exit.kind, "stopped", name)
      if k % 3 == 1 then
        m.vm:reset()
        for k = 1, 3 do m.cpus[k].on = false end
        for k = 0, 3 do m.cpus[k]:irq(false) end
        m.vm:write(SHARED, ("\0"):rep(0x4000))
        m.raised, m.acked, m.device = {}, {}, {}
        m:finish(t)
        t.eq(m:state(), final(t, "soft", 4), name)
      elseif k % 3 == 2 then
        local gone = table.remove(m.cpus, 1 + k // 3 % 3)
        gone:close()
        m.vm:run(10000)
      end
    end
  end
end)

test("a read that nobody has answered yet is one vCPU's affair", function(t)
  for _, name in backends() do
    local vm <close> = assert(tv.vm { backend = name })
    vm:map { kind = "mmio", base = DEVICE, size = 0x4000 }
    vm:load(ENTRY, tv.asm [=[
        mov     x1, #0x200000
        ldr     x2, [x1]
1:      b       1b
    ]=])
    local cpus = {}
    for k = 0, 3 do cpus[k] = assert(vm:vcpu { pc = ENTRY, sp = 0x70000 }) end
    for _ = 0, 3 do
      local exit = vm:run { timeout = 60 }
      t.eq(exit.kind, "mmio", name)
      t.raises("answer", vm.run, vm)
      exit.cpu:answer(exit.cpu.index + 100)
    end
    for k = 0, 3 do
      repeat cpus[k]:run { timeout = 0.01 } until cpus[k].pc == ENTRY + 8
      t.eq(cpus[k].x2, k + 100, name)
    end
  end
end)
