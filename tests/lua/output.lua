-- SPDX-License-Identifier: MIT
--
-- Guest output: to files, functions and strings, in order, complete, flushed
-- when a run returns.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

local EXIT = "mov x0, #0; hvc #0\n"

-- Prints each string by PUTS, then exits.
local function printer(...)
  local text, data = {}, {}
  for i, s in ipairs { ... } do
    text[i] = ("adr x1, text%d; mov x0, #2; hvc #0\n"):format(i)
    data[i] = ("text%d: .asciz \"%s\"\n"):format(i, s)
  end
  return table.concat(text) .. EXIT .. table.concat(data)
end

local function machine(text, output)
  local vm = assert(tv.vm { ram = "64K", output = output })
  vm:load(0, tv.asm(text))
  return vm, assert(vm:vcpu {})
end

test("capture collects until it is taken", function(t)
  local vm <close>, cpu = machine(printer("one ", "two"), "capture")
  t.eq(vm:take_output(), "")
  vm:run()
  t.eq(vm:take_output(), "one two")
  t.eq(vm:take_output(), "")
  vm:reset()
  cpu:step(3)
  t.eq(vm:take_output(), "one ")
  vm:run()
  t.eq(vm:take_output(), "two")
end)

test("capture grows with what is printed", function(t)
  local vm <close> = machine([[
1:      mov     x1, #'x'
        mov     x0, #1
        hvc     #0
        sub     x19, x19, #1
        cbnz    x19, 1b
  ]] .. EXIT, "capture")
  local n = backend.exact and 100000 or 2000       -- each is an exit elsewhere
  vm.vcpus[1].x19 = n
  vm:run()
  t.eq(vm:take_output(), ("x"):rep(n))
end)

test("PUTCHAR prints bytes, NUL among them", function(t)
  local vm <close>, cpu = machine([[
1:      mov     x1, x19
        mov     x0, #1
        hvc     #0
        add     x19, x19, #1
        cmp     x19, #256
        b.ne    1b
  ]] .. EXIT, "capture")
  vm:run()
  local want = {}
  for i = 0, 255 do want[#want + 1] = string.char(i) end
  t.eq(vm:take_output(), table.concat(want))
  t.eq(cpu.x19, 256)
end)

test("a function gets the text before the run returns", function(t)
  local got = {}
  local vm <close> = machine(printer("hello", " there"),
    function(s) got[#got + 1] = s end)
  vm:run()
  t.eq(table.concat(got), "hello there")
end)

test("output comes before the handler that follows it", function(t)
  local log = {}
  local vm <close> = machine([[
        mov     x1, #'a'
        mov     x0, #1
        hvc     #0
        mov     x0, #3
        hvc     #0
        mov     x1, #'b'
        mov     x0, #1
        hvc     #0
  ]] .. EXIT, function(s) log[#log + 1] = s end)
  vm:hypercall(3, function() log[#log + 1] = "handler" end)
  vm:run()
  t.eq(log, { "a", "handler", "b" })
end)

test("a file has everything when the run returns", function(t)
  local path = t.tmpname()
  local file <close> = assert(io.open(path, "w"))
  local vm <close> = machine(printer("into a file\\n"), file)
  vm:run()
  local back <close> = assert(io.open(path))
  t.eq(back:read "a", "into a file\n")
end)

test("a file closed in between is an error, and no crash", function(t)
  local file = assert(io.open(t.tmpname(), "w"))
  local vm <close> = machine(printer("lost"), file)
  file:close()
  t.raises("guest output was lost: the output file is closed", vm.run, vm)
end)

test("an output function that raises ends the run, text is not repeated",
function(t)
  local calls = 0
  local vm <close>, cpu = machine(printer("x"), function()
    calls = calls + 1
    error "full"
  end)
  t.raises("full", vm.run, vm)
  t.eq(calls, 1)
  cpu.pc = 0
  t.raises("full", vm.run, vm)
  t.eq(calls, 2)
end)

test("an output function may not run its own vm", function(t)
  local me
  local vm <close>, cpu = machine(printer("x"), function()
    t.raises("the vm is running", me.run, me)
    t.raises("the vm is running", me.close, me)
  end)
  me = vm
  t.eq(vm:run().reason, "exit")
  t.eq(cpu.on, false)
end)

test("stdout is the default, in order with the script's own", function(t)
  local program = t.tmpname()
  local file <close> = assert(io.open(program, "w"))
  file:write(([[
local tv = require "tinyvmm"
local vm <close> = tv.vm {}
vm:load(tv.asm %q)
vm:vcpu()
io.write "before "
vm:run()
io.write "after"
]]):format(printer("guest ")))
  file:close()
  local build = os.getenv "TV_BUILD" or "build/rel"
  local pipe <close> = assert(io.popen(build .. "/tinyvmm " .. program))
  t.eq(pipe:read "a", "before guest after")
end)
