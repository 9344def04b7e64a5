-- SPDX-License-Identifier: MIT
--
-- Mistakes of a script raise, with the name that was meant; refusals of the
-- world come back as nil, message and code.
local test = require "tap"
local tv = require "tinyvmm"

local function refused(t, code, pattern, value, message, got)
  t.eq(value, nil)
  t.eq(got, code)
  t.ok(message and message:find(pattern), tostring(message))
end

test("an unknown option of tv.vm raises and names the nearest", function(t)
  t.raises("unknown tv.vm option 'rma'; did you mean 'ram'?", tv.vm,
    { rma = "1M" })
  t.raises("unknown tv.vm option 'bakend'; did you mean 'backend'?", tv.vm,
    { bakend = "soft" })
  t.raises("unknown tv.vm option 'zzzzzzzz'$", tv.vm, { zzzzzzzz = 1 })
  t.raises("options have names, got a key of type number", tv.vm, { "1M" })
end)

test("options of tv.vm are checked by type and value", function(t)
  t.raises("table expected", tv.vm, 5)
  t.raises("ram must be a size", tv.vm, { ram = "1Q" })
  t.raises("ram must be an integer, not boolean", tv.vm, { ram = true })
  t.raises("no integer representation", tv.vm, { ram = 1.5 })
  t.raises("base must be an integer, not nil", tv.vm, { ram = {} })
  t.raises("strict must be true or false, not string", tv.vm,
    { strict = "no" })
  t.raises("fp must be true or false", tv.vm, { fp = 1 })
  t.raises("timer must be \"irq\" or \"exit\", not \"off\"", tv.vm,
    { timer = "off" })
  t.raises("timer must be a string", tv.vm, { timer = true })
  t.raises("granule must be a power of two", tv.vm, { granule = 5000 })
  t.raises("backend must be a string", tv.vm, { backend = 1 })
  t.raises("output must be a file, a function or \"capture\"", tv.vm,
    { output = "stdout" })
  t.raises("output must be", tv.vm, { output = {} })
  local file = io.tmpfile()
  file:close()
  t.raises("output is a closed file", tv.vm, { output = file })
end)

test("tv.vm refuses what the machine cannot do", function(t)
  refused(t, "unknown", "no backend is called \"sofd\"",
    tv.vm { backend = "sofd" })
  refused(t, "invalid", "size .* is 0", tv.vm { ram = 0 })
  refused(t, "alignment", "0x1001 is not a multiple", tv.vm { ram = 4097 })
  refused(t, "alignment", "0x10000", tv.vm { ram = "4K", granule = 65536 })
  for _, backend in ipairs(tv.backends()) do
    if not backend.usable then
      t.ok(backend.reason:find "^not on this machine", backend.reason)
      refused(t, "no-device", "^not on this machine",
        tv.vm { backend = backend.name })
    end
  end
end)

-- Bytes of a page of this host, nil where nothing tells.
local function host_page()
  local f <close> = io.open "/proc/self/smaps"
  local kib = f and f:read "a":match "KernelPageSize:%s+(%d+) kB"
  return kib and tonumber(kib) * 1024
end

test("maps are in units of the granule, on hardware at least the host's page",
     function(t)
  local vm <close> = assert(tv.vm { ram = false })
  local unit, half = vm.granule, vm.granule // 2
  local units = ("not a multiple of the granule %#x"):format(unit)
  refused(t, "alignment", units, vm:map { base = half, size = unit })
  refused(t, "alignment", units, vm:map { base = 0, size = half })
  refused(t, "alignment", units, vm:map { kind = "mmio", base = 0,
    size = unit + half })
  t.ok(vm:map { base = unit, size = unit })
  if unit > 4096 then
    refused(t, "invalid", ("granule %d is finer than that of the backend "
      .. "%s, %d"):format(half, vm.backend, unit), tv.vm { granule = half })
  end
  if vm.backend == "kvm" then t.eq(unit, host_page()) end
end)

test("unknown names of module, vm, vcpu and memory raise", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu {})
  t.raises("tinyvmm has no 'vmm'; did you mean 'vm'?",
    function() return tv.vmm end)
  t.raises("unknown vm field 'rnu'; did you mean 'run'?",
    function() return vm.rnu end)
  t.raises("unknown vm field 'tme'; did you mean 'time'?",
    function() return vm.tme end)
  t.raises("unknown register or field 'x31'; did you mean",
    function() return cpu.x31 end)
  t.raises("unknown register or field 'sctrl_el1'; did you mean 'sctlr_el1'?",
    function() return cpu.sctrl_el1 end)
  t.raises("did you mean 'sctlr_el1'?",
    function() cpu.sctrl_el1 = 1 end)
  t.raises("did you mean 'sctlr_el1'?", vm.vcpu, vm, { sctrl_el1 = 1 })
  t.raises("cpu.icount cannot be assigned", vm.vcpu, vm, { icount = 1 })
  t.raises("cpu.run cannot be assigned", vm.vcpu, vm, { run = 1 })
  t.raises("unknown memory field 'sise'; did you mean 'size'?",
    function() return vm.ram.sise end)
  for _, object in ipairs { vm, cpu, vm.ram } do
    t.raises("no field of type number", function() return object[1] end)
    t.raises("field", function() object[{}] = 1 end)
  end
  t.raises("'time' cannot be assigned", function() vm.time = 1 end)
  t.raises("'size' cannot be assigned", function() vm.ram.size = 1 end)
  t.raises("cpu.run cannot be assigned", function() cpu.run = 1 end)
  t.raises("cpu.icount cannot be assigned", function() cpu.icount = 1 end)
end)

test("methods refuse foreign objects", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu {})
  t.raises("tinyvmm.vm expected, got tinyvmm.vcpu", vm.run, cpu)
  t.raises("tinyvmm.vcpu expected, got tinyvmm.vm", cpu.run, vm)
  t.raises("tinyvmm.memory expected", vm.ram.read, vm, 0, 1)
  t.raises("tinyvmm.vm expected, got no value", vm.close)
  t.raises("tinyvmm.vm expected, got FILE", vm.read, io.stdout, 0, 1)
  local meta = debug.getmetatable(cpu)
  t.raises("tinyvmm.vcpu expected", meta.__index, {}, "x0")
  t.raises("tinyvmm.vcpu expected", meta.__newindex, io.stdout, "x0", 1)
  local file <close> = assert(io.tmpfile())
  local own = debug.getmetatable(file)
  debug.setmetatable(file, meta)
  local ok, why = pcall(meta.__index, file, "x0")
  debug.setmetatable(file, own)
  t.ok(not ok and why:find "tinyvmm.vcpu expected", why)
  t.raises("tinyvmm.vm expected", debug.getmetatable(vm).__gc, cpu)
  t.raises("tinyvmm.vm expected", debug.getmetatable(vm).__index, 5, "time")
end)

test("vm:map checks its options", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  local function map(options) return vm.map, vm, options end
  t.raises("table expected", vm.map, vm)
  t.raises("unknown vm:map option 'bse'; did you mean 'base'?",
    map { bse = 0 })
  t.raises("base must be an integer, not nil", map { size = 0x4000 })
  t.raises("size must be an integer, not nil", map { base = 0 })
  t.raises("kind must be \"ram\", \"rom\" or \"mmio\", not disk",
    map { base = 0, size = 0x4000, kind = "disk" })
  t.raises("prot must be letters of \"rwx\"",
    map { base = 0, size = 0x4000, prot = "rwxx" })
  t.raises("prot must be a string", map { base = 0, size = 0x4000, prot = 7 })
  t.raises("prot of a ROM", map { base = 1 << 20, size = 0x4000, kind = "rom",
    prot = "rw" })
  t.raises("prot is for RAM and ROM", map { base = 1 << 20, size = 0x4000,
    kind = "mmio", prot = "rw" })
  t.raises("read needs kind = \"mmio\"", map { base = 1 << 20, size = 0x4000,
    read = print })
  t.raises("write must be a function, not boolean", map { base = 1 << 20,
    size = 0x4000, kind = "mmio", write = true })
end)

test("vm:map refuses with a reason and changes nothing", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  local function map(options) return vm:map(options) end
  refused(t, "overlap", "overlaps the RAM mapped at 0x0",
    map { base = 0xc000, size = 0x8000 })
  refused(t, "alignment", "base 0x100800 is not a multiple",
    map { base = 0x100800, size = 0x4000 })
  refused(t, "alignment", "size 0x800", map { base = 1 << 20, size = 2048 })
  refused(t, "invalid", "size .* is 0", map { base = 1 << 20, size = 0 })
  refused(t, "range", "end beyond", map { base = -0x4000, size = 0x8000 })
  refused(t, "range", "end beyond", map { base = 1 << 20, size = -0x4000,
    kind = "mmio" })
  refused(t, "no-memory", "", map { base = 1 << 20, size = 1 << 51 })
  t.eq(#vm.memory, 1)
end)

test("protections that a region cannot have raise and change nothing",
  function(t)
    local vm <close> = assert(tv.vm {})
    local rom = assert(vm:map { base = 1 << 20, size = 0x4000, kind = "rom" })
    t.raises("a ROM cannot hold \"w\"", rom.protect, rom, "rwx")
    t.raises("memory:protect", rom.protect, rom, "rq")
    t.eq(rom.prot, "rx")
    local dev = assert(vm:map { base = 2 << 20, size = 0x4000, kind = "mmio" })
    t.raises("mmio memory has no protection", dev.protect, dev, "r")
  end)

test("values that do not fit their register raise", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu {})
  local function set(name, value)
    return function() cpu[name] = value end
  end
  t.raises("x0 must be an integer, not string", set("x0", "1"))
  t.raises("x0 must be an integer, not nil", set("x0", nil))
  t.raises("x0 has no integer representation", set("x0", 1.5))
  t.raises("does not fit the 32 bits of w0", set("w0", 1 << 32))
  t.raises("does not fit the 32 bits of w0", set("w0", -(1 << 31) - 1))
  t.raises("q0 must be a string of 16 bytes, not number", set("q0", 1))
  t.raises("q0 must be a string of 16 bytes, not 3", set("q0", "abc"))
  t.raises("d0 must be a number, not string", set("d0", "1"))
  t.raises("s0 must be a number", set("s0", true))
  t.raises("cpu.on must be true or false, not number", set("on", 1))
  t.raises("midr_el1 can only be read", set("midr_el1", 1))
  t.raises("x1 must be an integer", vm.vcpu, vm, { x1 = "one" })
  t.raises("on must be true or false", vm.vcpu, vm, { on = 1 })
  t.raises("options have names", vm.vcpu, vm, { 5 })
  t.raises("table expected", vm.vcpu, vm, 5)
  t.eq(#vm.vcpus, 1)
end)

test("a vCPU whose registers are refused is not left behind", function(t)
  local vm <close> = assert(tv.vm {})
  refused(t, "read-only", "midr_el1", vm:vcpu { midr_el1 = 1 })
  t.eq(#vm.vcpus, 0)
  t.eq(vm:run().reason, "halt")
end)

test("limits of a run are checked", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu {})
  for _, run in ipairs { vm.run, cpu.run } do
    local object = run == vm.run and vm or cpu
    t.raises("unknown run option 'buget'; did you mean 'budget'?", run,
      object, { buget = 1 })
    t.raises("budget must not be negative", run, object, -1)
    t.raises("budget must be an integer, not string", run, object,
      { budget = "1" })
    t.raises("deadline must not be negative", run, object,
      { deadline = -1 })
    t.raises("timeout must be a number of seconds", run, object,
      { timeout = "1" })
    t.raises("timeout must not be negative", run, object, { timeout = -1 })
    t.raises("timeout must not be negative", run, object,
      { timeout = 0 / 0 })
    t.raises("table expected", run, object, "1")
  end
  t.raises("step count must not be negative", cpu.step, cpu, -1)
  t.raises("step count must be an integer", cpu.step, cpu, "1")
end)

test("handlers are checked when they are registered", function(t)
  local vm <close> = assert(tv.vm {})
  t.raises("handler must be a function or nil, not number", vm.hypercall,
    vm, 3, 4)
  t.raises("number must be an integer or \"default\", not \"all\"",
    vm.hypercall, vm, "all", print)
  t.raises("not in w0's range", vm.hypercall, vm, -1, print)
  t.raises("not in w0's range", vm.hypercall, vm, 1 << 32, print)
  t.raises("number must be an integer, not nil", vm.hypercall, vm, nil)
  t.raises("invalid option 'undef'", vm.on, vm, "undef", print)
  t.raises("handler must be a function or nil", vm.on, vm, "sysreg", 1)
end)

test("what only a waiting vCPU can do raises otherwise", function(t)
  local vm <close> = assert(tv.vm {})
  local cpu <close> = assert(vm:vcpu {})
  t.raises("waits for no answer", cpu.answer, cpu, 1)
  t.raises("answer value must be an integer", cpu.answer, cpu)
  t.raises("table expected", cpu.inject, cpu, 1)
  t.raises("esr must be an integer, not nil", cpu.inject, cpu, {})
  t.raises("unknown cpu:inject option 'ers'; did you mean 'esr'?",
    cpu.inject, cpu, { ers = 1 })
  t.raises("boolean expected", cpu.irq, cpu, 1)
  t.raises("boolean expected", cpu.fiq, cpu)
  t.raises("needs a vm made with output", vm.take_output, vm)
end)

test("memory access outside RAM raises and names the address", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  local ram = vm.ram
  vm:map { base = 1 << 20, size = 0x4000, kind = "mmio" }
  t.raises("0x10000", vm.read, vm, 0xfff8, 16)
  t.raises("0x100000 are not all RAM or ROM: there is MMIO", vm.read_u32, vm,
    1 << 20)
  t.raises("nothing is mapped at 0x20000", vm.write_u8, vm, 0x20000, 1)
  t.raises("nothing is mapped at 0x10000", vm.write, vm, 0xffff, "ab")
  t.raises("is not in RAM", vm.read, vm, 0, math.maxinteger)
  t.raises("size %-1 is negative", vm.read, vm, 0, -1)
  t.raises("address must be an integer, not string", vm.read, vm, "0", 1)
  t.raises("bytes must be a string, not number", vm.write, vm, 0, 1)
  t.raises("value 256 does not fit u8", vm.write_u8, vm, 0, 256)
  t.raises("value %-1 does not fit u32", vm.write_u32, vm, 0, -1)
  t.raises("value 128 does not fit i8", vm.write_i8, vm, 0, 128)
  t.raises("f64 value must be a number", vm.write_f64, vm, 0, "1")
  t.raises("found no NUL", function()
    ram:fill(65)
    vm:cstring(0)
  end)
  t.raises("offset 65536 and size 1 are outside", ram.read, ram, 65536, 1)
  t.raises("offset %-1 and size 1 are outside", ram.u8, ram, -1)
  t.raises("outside this memory", ram.write, ram, 65535, "ab")
  t.raises("outside this memory", ram.fill, ram, 0, 1, 65536)
  t.raises("byte 256 does not fit u8", ram.fill, ram, 256)
  t.raises("at least one byte", ram.find, ram, "")
  local mmio = vm.memory[2]
  t.raises("mmio memory has no bytes", mmio.read, mmio, 0, 1)
  t.raises("mmio memory has no bytes", mmio.find, mmio, "x")
  t.raises("mmio memory has no protection", mmio.protect, mmio, "r")
  t.raises("letters of \"rwx\"", ram.protect, ram, "q")
end)

test("vm:load checks what it is given", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  t.raises("takes an image or a string of bytes, not nil", vm.load, vm)
  t.raises("takes an image or a string of bytes, not nil", vm.load, vm, 0)
  t.raises("address must be an integer, not string", vm.load, vm, "0", "x")
  t.raises("nothing is mapped at 0x10000", vm.load, vm, "raw bytes")
  t.raises("no image has a symbol 'main'", vm.address, vm, "main")
  t.raises("must be a string, not nil", tv.asm)
  refused(t, "io", "No such file", tv.load "/nonexistent/guest.bin")
  refused(t, "io", "No such file", tv.asm_file "/nonexistent/guest.S")
  refused(t, "io", "directory", tv.load "/")
end)

test("what belongs to a GIC says so without one, and the reverse", function(t)
  for _, gic in ipairs { 3, true, "v2" } do
    t.raises("gic must be \"v3\" or nil, not " .. tostring(gic), tv.vm,
      { gic = gic })
  end
  local vm <close> = assert(tv.vm {})
  t.raises("the VM has no GIC", vm.irq, vm, 40, true)
  local with <close> = tv.vm { gic = "v3" }
  if not with then t.not_here "this machine makes no GIC" end
  local cpu <close> = assert(with:vcpu {})
  t.raises("drive an input of the VM's GIC", cpu.irq, cpu, true)
end)

test("a breakpoint is at an address or a name", function(t)
  local vm <close> = assert(tv.vm {})
  t.raises("an integer or a symbol's name, not boolean", vm.set_breakpoint, vm,
    true)
  t.raises("an integer or a symbol's name, not nil", vm.clear_breakpoint, vm)
  t.raises("not a multiple of 4", vm.set_breakpoint, vm, 3)
end)

test("errors carry the position of the script", function(t)
  local vm <close> = assert(tv.vm {})
  local _, message = pcall(function() vm:read_u8(-1) end)
  t.ok(message:find "^[^\n]*errors.lua:%d+: ", message)
  _, message = pcall(function() vm:set_breakpoint "nowhere" end)
  t.ok(message:find "^[^\n]*errors.lua:%d+: no image has", message)
  local cpu <close> = assert(vm:vcpu {})
  _, message = pcall(function() cpu:run { budget = -1 } end)
  t.ok(message:find "^[^\n]*errors.lua:%d+: ", message)
end)
