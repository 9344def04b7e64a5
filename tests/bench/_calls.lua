-- SPDX-License-Identifier: MIT
--
-- What it costs a script to be called by a guest, and to ask for its state:
-- nanoseconds of one call, the loop around it subtracted, by os.clock. `lua`
-- has what plain Lua pays for the like, without a VM. bench.lua takes medians.

local tv = require "tinyvmm"

local calls, lua = {}, {}
calls.lua = lua

local N = 300000
local DEVICE <const> = 0x10000000

function calls.timed(work)
  collectgarbage()
  local start = os.clock()
  work()
  return os.clock() - start
end
local timed = calls.timed

-- Gives `use` a VM whose guest does n turns of a loop around `instruction`.
local function with_guest(instruction, n, use)
  local vm <close> = assert(tv.vm {})
  vm:load(0x10000, tv.asm(([[
        mov     w19, #%d
        movk    w19, #%d, lsl #16
        mov     x20, #%d
1:      mov     w0, #7
        mov     x1, #2
        mov     x2, #3
        %s
        subs    w19, w19, #1
        b.ne    1b
        mov     x1, #0
        mov     w0, #0
        hvc     #0
]]):format(n & 0xffff, n >> 16, DEVICE, instruction)))
  local cpu <close> = assert(vm:vcpu { pc = 0x10000, sp = 0xff000 })
  return use(vm, cpu)
end

-- Seconds of n turns with the handlers that `prepare` gives the VM.
function calls.loop(instruction, n, prepare)
  return with_guest(instruction, n, function(vm, cpu)
    prepare(vm)
    return timed(function()
      local exit = vm:run()
      assert(exit.kind == "shutdown", exit.why)
      assert(instruction == "nop" or cpu.x2 == 3)
    end)
  end)
end

local function none() end

-- Of one of n turns, without the turn.
local function handled(instruction, prepare)
  return (calls.loop(instruction, N, prepare) -
    calls.loop("nop", N, none)) / N * 1e9
end

-- Of one of n rounds of `body`, a function(n, vm, cpu), without the loop.
local function asked(body, instruction)
  return with_guest(instruction or "nop", N, function(vm, cpu)
    local empty = timed(function() for _ = 1, N do end end)
    return (timed(function() body(N, vm, cpu) end) - empty) / N * 1e9
  end)
end

-- By the guest -------------------------------------------------------------

local function add(_, a, b) return a + b end

function calls.hypercall()
  return handled("hvc #0", function(vm) vm:hypercall(7, add) end)
end

local function device(vm)
  assert(vm:map { kind = "mmio", base = DEVICE, size = 0x1000,
    read = function(offset) return offset end, write = none })
end
function calls.mmio_read() return handled("ldr w3, [x20]", device) end
function calls.mmio_write() return handled("str w1, [x20]", device) end

-- A handler that yields, and its resumption.
function calls.yield()
  return asked(function(n, vm)
    vm:hypercall(7, coroutine.yield)
    local resume = coroutine.wrap(function() return vm:run() end)
    for _ = 1, n do resume() end
    repeat until resume()
  end, "hvc #0")
end

-- An exit that no handler answers.
function calls.exit()
  return asked(function(n, vm)
    for _ = 1, n do vm:run() end
  end, "hvc #0")
end

-- By the script ------------------------------------------------------------

function calls.step()
  return asked(function(n, _, cpu) for _ = 1, n do cpu:step() end end)
end

function calls.get()
  return asked(function(n, _, cpu) for _ = 1, n do none(cpu.x0) end end) -
    lua.call()
end

function calls.set()
  return asked(function(n, _, cpu) for i = 1, n do cpu.x0 = i end end)
end

function calls.read()
  return asked(function(n, vm) for _ = 1, n do vm:read_u32(0x20000) end end)
end

function calls.write()
  return asked(function(n, vm)
    for _ = 1, n do vm:write_u32(0x20000, 7) end
  end)
end

-- Lua alone ----------------------------------------------------------------

function lua.call()
  return asked(function(n) for _ = 1, n do none(n) end end)
end

-- A C function that does nothing.
function lua.c()
  local f, s <const> = rawlen, ""
  return asked(function(n) for _ = 1, n do f(s) end end)
end

-- A C function that calls a Lua function with as many arguments.
function lua.pcall()
  return asked(function(n, _, cpu)
    for _ = 1, n do pcall(add, cpu, 2, 3, 4, 5, 6, 7, 8) end
  end)
end

function lua.yield()
  return asked(function(n)
    local resume = coroutine.wrap(function()
      while true do coroutine.yield() end
    end)
    for _ = 1, n do resume() end
  end)
end

-- A table like an exit.
function lua.table()
  return asked(function(n, _, cpu)
    for i = 1, n do
      none { kind = "hvc", cpu = cpu, pc = i, insn = i, icount = i, imm = 0,
        nr = 7, args = { 1, 2, 3, 4, 5, 6, 7 } }
    end
  end)
end

return calls
