-- SPDX-License-Identifier: MIT
--
-- The life of objects: what is closed says so, closing twice is harmless,
-- objects keep their VM alive, and no order of collection matters.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

local ENDLESS = string.pack("<I4", 0x14000000)   -- b .

-- Every method and property of an object, called without arguments.
local function each_use(object, visit)
  local meta = debug.getmetatable(object)
  for name in pairs(meta.methods) do
    visit(name, function() return object[name](object) end)
  end
  for name in pairs(meta.properties) do
    visit(name, function() return object[name] end)
  end
end

test("every use of a closed vm raises", function(t)
  local vm = assert(tv.vm {})
  local cpu, ram = assert(vm:vcpu {}), vm.ram
  vm:close()
  local quiet = { close = true, symbol = true, address = true, load = true,
    unpack = true, hexdump = true }
  for _, object in ipairs { vm, cpu, ram } do
    each_use(object, function(name, use)
      if quiet[name] then return end
      t.raises("attempt to use a closed vm", use)
    end)
  end
  t.raises("attempt to use a closed vm", vm.load, vm, "bytes")
  t.raises("attempt to use a closed vm", vm.unpack, vm, "I4", 0)
  t.raises("attempt to use a closed vm", vm.hexdump, vm, 0)
  t.raises("attempt to use a closed vm", ram.hexdump, ram)
  t.raises("attempt to use a closed vm", function() return cpu.x0 end)
  t.raises("attempt to use a closed vm", function() cpu.x0 = 1 end)
  t.ok(tostring(vm):find "closed")
  t.ok(tostring(cpu):find "closed")
end)

test("closing twice, in any order, is harmless", function(t)
  local vm = assert(tv.vm {})
  local cpu, ram = assert(vm:vcpu {}), vm.ram
  local close_ram = debug.getmetatable(ram).__close
  cpu:close()
  cpu:close()
  close_ram(ram)
  close_ram(ram)
  vm:close()
  vm:close()
  cpu:close()
  close_ram(ram)
  t.eq(tv._live(), 0)
  local other <close> = assert(tv.vm {})
  do
    local scoped <close> = other
    t.eq(tv._live(), 1)
  end
  t.eq(tv._live(), 0)
end)

test("a closed vcpu and unmapped memory say so, their vm goes on", function(t)
  local vm <close> = assert(tv.vm {})
  local one, two = assert(vm:vcpu {}), assert(vm:vcpu {})
  one:close()
  t.raises("attempt to use a closed vcpu", function() return one.x0 end)
  t.raises("attempt to use a closed vcpu", function() one.x0 = 1 end)
  t.raises("attempt to use a closed vcpu", one.run, one)
  t.eq(#vm.vcpus, 1)
  t.eq(vm.vcpus[1], two)
  local three = assert(vm:vcpu {})
  t.eq(three.index, 0, "the free number is used again")
  t.eq(#vm.vcpus, 2)
  local ram = vm.ram
  ram:unmap()
  t.raises("attempt to use unmapped memory", ram.read, ram, 0, 1)
  t.raises("attempt to use unmapped memory", ram.unmap, ram)
  t.raises("attempt to use unmapped memory", function() return ram.base end)
  t.eq(vm.ram, nil)
  t.eq(#vm.memory, 0)
  t.ok(vm:map { base = 0, size = "1M" })
end)

test("a vcpu or a memory object keeps its vm alive", function(t)
  backend.except(t, "hvf", "one VM at a time")
  local function make(pick)
    return pick(assert(tv.vm {}))
  end
  local cpu = make(function(vm) return assert(vm:vcpu { x3 = 33 }) end)
  local ram = make(function(vm) return vm.ram end)
  for _ = 1, 3 do collectgarbage() end
  t.eq(cpu.x3, 33)
  t.eq(ram:u32(0), 0)
  t.eq(tv._live(), 2)
  cpu.vm:close()
  ram = nil
  for _ = 1, 3 do collectgarbage() end
  t.eq(tv._live(), 0)
end)

test("garbage collection closes what was forgotten", function(t)
  for i = 1, backend.name == "hvf" and 1 or 50 do      -- one VM at a time
    local vm = assert(tv.vm { ram = "64K" })
    vm:vcpu {}
    if i % 2 == 0 then vm:map { base = 1 << 20, size = 0x4000 } end
    vm:hypercall(3, function() return vm end)
  end
  for _ = 1, 3 do collectgarbage() end
  t.eq(tv._live(), 0)
end)

test("an abandoned coroutine in a handler is collected with its vm",
function(t)
  do
    local vm = assert(tv.vm { ram = "64K" })
    vm:load(0, tv.asm "mov x0, #3; hvc #0")
    vm:hypercall(3, function() coroutine.yield() end)
    local cpu = assert(vm:vcpu { pc = 0 })
    coroutine.wrap(function() cpu:run() end)()
  end
  for _ = 1, 3 do collectgarbage() end
  t.eq(tv._live(), 0)
end)

test("a finalizer that uses its dead vm gets an error, not a crash",
function(t)
  local seen = {}
  do
    local vm = assert(tv.vm { ram = "64K" })
    local cpu = assert(vm:vcpu {})
    setmetatable({}, { __gc = function()
      seen[1] = pcall(function() return cpu.x0 end)
      seen[2] = pcall(vm.run, vm, 0)
      seen[3] = pcall(vm.close, vm)
    end })
  end
  for _ = 1, 4 do collectgarbage() end
  t.eq(#seen, 3)
  t.eq(seen[3], true)
  t.eq(tv._live(), 0)
end)

test("an exit explains itself after its vm is closed", function(t)
  local vm = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm "start: mov x1, #0x900000; wild: str x0, [x1]")
  assert(vm:vcpu {})
  local exit = vm:run()
  vm:close()
  t.eq(exit.kind, "fault")
  t.ok(exit.why:find("(wild)", 1, true), exit.why)
  t.ok(exit.why:find("x1 = 0x900000", 1, true), exit.why)
end)

test("a handler may end the process: the running vm is closed in order",
  function(t)
    local program = (os.getenv "TV_BUILD" or "build/rel") .. "/tinyvmm"
    local handlers = {
      "vm:hypercall(3, function() os.exit(7, true) end)",
      [=[vm:map { kind = "mmio", base = 0x900000, size = 0x4000,
        write = function() os.exit(7, true) end }]=],
      backend.exact and "vm:trace(function() os.exit(7, true) end)" or nil,
    }
    for _, handler in ipairs(handlers) do
      local script = t.tmpname()
      local f = assert(io.open(script, "w"))
      f:write('local tv = require "tinyvmm"\nlocal vm = tv.vm {}\n',
        'vm:load(tv.asm "mov x1, #0x900000; mov x0, #3; cbz x2, 1f; 1: \z
        adr x3, 2f; hvc #0; 2: str x0, [x1]")\nvm:vcpu {}\n',
        "vm:hypercall(3, function() end)\n", handler,
        "\nvm:run { timeout = 60 }\n")
      f:close()
      local _, status, errors = t.run(program .. " " .. script)
      t.eq({ status, errors }, { 7, "" }, handler)
    end
  end)

test("a vm with thousands of vCPUs is made in no time", function(t)
  backend.only(t, "soft", "hardware has fewer")
  local vm <close> = assert(tv.vm { ram = "64K" })
  for i = 1, 3000 do
    t.eq(assert(vm:vcpu { pc = 0, on = false }).index, i - 1)
  end
  vm.vcpus[1001]:close()
  t.eq(assert(vm:vcpu { pc = 0, on = false }).index, 1000, "the free one")
end)

test("a failed tv.vm leaves nothing", function(t)
  for _ = 1, 20 do tv.vm { ram = 4097 } end
  t.eq(tv._live(), 0)
end)

test("out of memory at any allocation leaks no vm", function(t)
  local function work()
    local vm <close> = assert(tv.vm { ram = "64K", output = "capture" })
    vm:write(0, ENDLESS)
    vm:hypercall(3, function() end)
    local memory <close> = assert(vm:map { base = 1 << 20, size = 0x4000 })
    local cpu <close> = assert(vm:vcpu { pc = 0, x1 = 5 })
    local exit = vm:run(10)
    memory:write(0, "abc")
    return exit.kind .. vm:take_output() .. cpu.x1
  end
  t.eq(work(), "budget5")
  local n, ok, result = -1, false, nil
  repeat
    n = n + 1
    ok, result = tv._failing(n, work)
    if not ok then
      t.ok(tostring(result):find "not enough memory", tostring(result))
    end
    collectgarbage()
    t.eq(tv._live(), 0, "after a failure at allocation " .. n)
  until ok or n > 2000
  t.eq(result, "budget5")
  t.ok(n > 20, "only " .. n .. " allocations")
end)
