-- SPDX-License-Identifier: MIT
--
-- Profiles: that samples fall on exact steps and change nothing, and that a
-- stack is what the guest's frames say, and never more than they prove.
local test = require "tap"
require "backend".only_file("soft", "only it is watched by the instruction")
local tv = require "tinyvmm"
local profile = require "tinyvmm.profile"

local FIB = [[
        .global _start
_start: mov     x29, #0
        mov     x0, #9
        bl      fib
        mov     x20, #4
again:  bl      outer
        subs    x20, x20, #1
        b.ne    again
        mov     x0, #0
        mov     x1, #7
        hvc     #0
fib:    stp     x29, x30, [sp, #-32]!
        mov     x29, sp
        cmp     x0, #2
        b.lt    done
        stp     x19, x0, [sp, #16]
        mov     x19, x0
        sub     x0, x19, #1
        bl      fib
        sub     x19, x19, #2
        str     x0, [sp, #24]
        mov     x0, x19
        bl      fib
        ldr     x1, [sp, #24]
        add     x0, x0, x1
        ldr     x19, [sp, #16]
done:   ldp     x29, x30, [sp], #32
        ret
outer:  stp     x29, x30, [sp, #-16]!
        mov     x29, sp
        bl      leaf
        ldp     x29, x30, [sp], #16
        b       tail
leaf:   mov     x9, #300
1:      subs    x9, x9, #1
        b.ne    1b
        ret
tail:   mov     x9, #100
2:      subs    x9, x9, #1
        b.ne    2b
        ret
]]

local function machine(text, registers)
  local vm = assert(tv.vm { output = "capture" })
  vm:load(tv.asm(text))
  vm:vcpu(registers or {})
  return vm
end

local function run(text, options, registers)
  local vm <close> = machine(text, registers)
  local exit, p = profile.run(vm, options)
  return p, exit, vm.time
end

local function state(vm)
  local all = { vm.time, vm:read(vm.ram.base, vm.ram.size) }
  for _, cpu in ipairs(vm.vcpus) do
    all[#all + 1] = cpu.icount
    all[#all + 1] = cpu.pc
    for i = 0, 30 do all[#all + 1] = cpu["x" .. i] end
  end
  return all
end

test("a sample falls on every n'th step, however the run is cut", function(t)
  local first, exit = run(FIB, { every = 7 })
  t.eq(exit.status, 7)
  t.eq(first.samples, exit.icount // 7)
  local again = run(FIB, { every = 7 })
  t.eq(again:folded(), first:folded())
  local vm <close> = machine(FIB)
  local p = assert(profile.start(vm, { every = 7 }))
  local ended
  repeat
    ended = vm:run(t.random(1, 50))
  until ended.kind ~= "budget"
  t.eq(p:stop():folded(), first:folded())
end)

test("a profile changes nothing that the guest does", function(t)
  local plain <close> = machine(FIB)
  local watched <close> = machine(FIB)
  plain:run()
  profile.run(watched, { every = 3 })
  t.eq(state(watched), state(plain))
end)

test("stacks are those of every single step", function(t)
  local p, exit = run(FIB, { every = 1 })
  t.eq(p.samples, exit.icount)
  local s = p.stacks
  t.eq(s["_start;outer;leaf"], 4 * 602, "a leaf is above its caller's frame")
  t.eq(s["_start;tail"], 4 * 202, "a tail call has taken its caller's place")
  -- Labels are no functions, and nothing hangs in the air.
  for stack in pairs(s) do
    t.ok(stack:find "^_start", stack)
    t.ok(not stack:find "again" and not stack:find "done", stack)
  end
  t.ok(s["_start" .. (";fib"):rep(9)], "as deep as it goes")
  t.eq(s["_start" .. (";fib"):rep(10)], nil)
end)

test("folded stacks are lines of names and a count, sorted", function(t)
  local p = run(FIB, {})
  t.eq(p.every, 997)
  local last, sum = "", 0
  for line in p:folded():gmatch "(.-)\n" do
    local stack, count = line:match "^([^ ]+) (%d+)$"
    t.ok(stack, line)
    t.ok(last < line, "sorted")
    last, sum = line, sum + tonumber(count)
  end
  t.eq(sum, p.samples)
end)

test("without frames there are the pc and what x30 returns to", function(t)
  local p = run([[
        .global _start
_start: mov     x29, #-16
        bl      busy
        mov     x0, #0
        hvc     #0
busy:   mov     x9, #1000
1:      subs    x9, x9, #1
        b.ne    1b
        ret
]], { every = 1 })
  t.eq(p.stacks, { _start = 4, ["_start;busy"] = 2002 })
end)

test("what has no symbol is its address", function(t)
  local vm <close> = assert(tv.vm {})
  vm:load(0x20000, tv.asm("1: nop; nop; b 1b"):bytes_at(0))
  vm:vcpu { pc = 0x20000 }
  local _, p = profile.run(vm, { every = 1, budget = 30 })
  t.eq(p.stacks, { ["0x20000"] = 10, ["0x20004"] = 10, ["0x20008"] = 10 })
end)

test("wild frame pointers end the stack and harm nobody", function(t)
  local loop = "_start: mov x9, #100\n1: subs x9, x9, #1\n b.ne 1b\n"
    .. "mov x0, #0\n hvc #0"
  for _, fp in ipairs { 0, 1, 8, -1, -8, -16, 0x7ffffffffffffff8, 0xff000,
                        0xffff8, 0xffff0, 0x100000, math.mininteger } do
    for _, lr in ipairs { 0, 2, 4, -4, 0x10004, 0x7fffffffffffffff } do
      local p = run(loop, { every = 1 }, { x29 = fp, x30 = lr })
      t.eq(p.stacks, { _start = 203 })
    end
  end
  -- A frame that is its own caller.
  local p = run([[
_start: adr     x0, 2f
        stp     x29, x0, [sp, #-16]!
        mov     x29, sp
        str     x29, [sp]
        bl      2f
2:      mov     x0, #0
        hvc     #0
]], { every = 1 })
  for stack in pairs(p.stacks) do t.ok(#stack < 100, stack) end
end)

test("many stacks are all counted", function(t)
  -- A random walk between eight functions that call each other.
  local text = { "_start: mov x29, #0\n mov x20, #1\n1: mov x0, #40\n"
    .. " bl f0\n b 1b\n" }
  for i = 0, 7 do
    text[#text + 1] = ([[
f%d:    stp     x29, x30, [sp, #-16]!
        mov     x29, sp
        subs    x0, x0, #1
        b.eq    9f
        eor     x20, x20, x20, lsl #13
        eor     x20, x20, x20, lsr #7
        eor     x20, x20, x20, lsl #17
        tbz     x20, #%d, 8f
        bl      f%d
        b       9f
8:      bl      f%d
9:      ldp     x29, x30, [sp], #16
        ret
]]):format(i, i * 3, (i + 1) % 8, (i * 3 + 5) % 8)
  end
  local p = run(table.concat(text), { every = 1, budget = 200000 })
  t.eq(p.samples, 200000)
  local stacks, sum = 0, 0
  for _, count in pairs(p.stacks) do stacks, sum = stacks + 1, sum + count end
  t.eq(sum, 200000)
  t.ok(stacks > 5000, stacks)
end)

test("with several vCPUs the first name says which", function(t)
  local vm <close> = machine "1: b 1b\n .global two\n two: b two"
  vm:vcpu { pc = vm:address "two" }
  local _, p = profile.run(vm, { every = 1000, budget = 80000 })
  t.eq(p:folded(), "cpu0;0x10000 40\ncpu1;two 40\n")
end)

test("mistakes are told, and a run that raises ends the profile",
     function(t)
  local vm <close> = machine("_start: mov x0, #9\n hvc #0\n b _start")
  t.raises("every must be an integer from 1 on", profile.start, vm,
    { every = 0 })
  t.raises("unknown run option 'bugdet'", profile.run, vm, { bugdet = 1 })
  vm:hypercall(9, function() error("stop here", 0) end)
  t.raises("stop here", profile.run, vm, { every = 1 })
  vm:hypercall(9, function() return 1 end)
  local p = assert(profile.start(vm, { every = 1 }))
  vm:run(30)
  vm:close()
  t.eq(p:stop():folded(), "")
end)

test("run --profile and --trace-json write files, however the run ends",
     function(t)
  local program = (os.getenv "TV_BUILD" or "build/rel") .. "/tinyvmm"
  local guest, folded, json = t.tmpname() .. ".S", t.tmpname(), t.tmpname()
  t.temporary[#t.temporary + 1] = guest
  local function read(path)
    local file <close> = assert(io.open(path))
    return file:read "a"
  end
  local file = assert(io.open(guest, "w"))
  file:write "_start: bl f\nf: mov x1, #0x300000\n1: cbz x2, 1b\n str x1, [x1]"
  file:close()
  local function run(options)
    local _, code, err = t.run(("%s run %s %s"):format(program, guest,
      options))
    return { code, err }
  end
  local both = ("--profile %s --profile-every 10 --trace-json %s "):format(
    folded, json)
  t.eq(run(both .. "--budget 1000")[1], 124)
  t.eq(read(folded), "_start;f 100\n")
  t.ok(read(json):find '"name":"f".*\n]}\n$', read(json))
  t.eq(run(both .. "--reg x2=1")[1], 126)
  t.eq(read(folded), "")
  t.ok(read(json):find '"name":"fault".*\n]}\n$')
  for options, message in pairs {
    ["--profile /nonexistent/x"] = "/nonexistent/x: No such file",
    ["--profile x --profile-every 0"] = "from 1 on, not '0'",
    ["--trace --trace-json x"] = "use one of them"
  } do
    local code, err = table.unpack(run(options))
    t.eq(code, 125)
    t.ok(err:find(message, 1, true), err)
  end
end)
