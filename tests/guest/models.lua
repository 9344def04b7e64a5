-- SPDX-License-Identifier: MIT
--
-- CPU models: the ID registers of each follow from its features and its
-- registers from those, whatever other models live in the process. The lists
-- are read from the .def files of the core.

local tv = require "tinyvmm"
local test = require "tap"
require "backend".only_file("soft", "its CPU models")
local guest = require "guest._guest"

local models = guest.models()

test("tv.cpus lists the models, the default first", function(t)
  local names = tv.cpus()
  t.eq(names[1], "max")
  for i, name in ipairs(names) do
    t.ok(models[name], name)
    names[name] = i
  end
  for name in pairs(models) do t.ok(names[name], name) end
  local vm <close> = assert(tv.vm {})
  t.eq(vm.cpu, "max")
end)

test("a wrong name names the models", function(t)
  local vm, message, code = tv.vm { cpu = "cortex-a54" }
  t.eq({ vm, code }, { nil, "unknown" })
  t.ok(message:find('no CPU model is called "cortex-a54"', 1, true), message)
  for _, name in ipairs(tv.cpus()) do
    t.ok(message:find(name, 1, true), message)
  end
  t.raises("tv.vm cpu must be a string", tv.vm, { cpu = 53 })
end)

test("hardware backends have the host's CPU", function(t)
  for _, backend in ipairs { "hvf", "kvm" } do
    local vm, message, code = tv.vm { backend = backend, cpu = "max" }
    t.eq({ vm, code }, { nil, "unsupported" })
    t.ok(message:find("has the host's CPU", 1, true), message)
  end
  local vm <close> = assert(tv.vm { backend = "best", cpu = "max" })
  t.eq(vm.backend, "soft")
end)

test("each model's registers are its features', side by side", function(t)
  local vms <const> = setmetatable({}, { __close = function(list)
    for _, vm in pairs(list) do vm:close() end
  end })
  local scope <close> = vms
  for name in pairs(models) do
    scope[name] = assert(tv.vm { cpu = name })
    assert(scope[name]:vcpu {})
  end
  for name, vm in pairs(scope) do
    t.eq(vm.cpu, name)
    local cpu, has = vm.vcpus[1], {}
    for _, r in ipairs(guest.soft_sysregs(name)) do
      has[r.name] = true
      t.eq(cpu[r.name], r.value or r.reset, name .. " " .. r.name)
    end
    for _, r in ipairs(guest.soft_sysregs()) do
      if not has[r.name] then
        t.raises("no register", function() return cpu[r.name] end)
      end
    end
  end
end)

test("the ID registers of cortex-a53 are the core's, but for what we lack",
     function(t)
  local vm <close> = assert(tv.vm { cpu = "cortex-a53" })
  local cpu <close> = assert(vm:vcpu {})
  t.eq(cpu.midr_el1, 0x410fd034)
  t.eq(cpu.id_aa64isar0_el1, 0x00011120)
  t.eq(cpu.id_aa64isar1_el1, 0)
  t.eq(cpu.id_aa64pfr0_el1, 0x11, "no EL2, EL3, AArch32")
  t.eq(cpu.id_aa64mmfr0_el1 & 15, 2, "40 bits of physical address")
end)

test("a model's physical addresses limit maps and accesses", function(t)
  local vm <close> = assert(tv.vm { cpu = "cortex-a53", ram = false })
  local no, message, code = vm:map { base = (1 << 40) - 4096, size = 8192 }
  t.eq({ no, code }, { nil, "limit" })
  t.ok(message:find "40 bits", message)
  local m <close> = guest.machine("ldr x1, [x0]", { vm =
    { cpu = "cortex-a53" }, cpu = { x0 = 1 << 40 } })
  m:to_vector(t)
  t.eq(m.cpu.esr_el1, guest.esr(0x25, 0), "address size fault, level 0")
  local n <close> = guest.machine("ldr x1, [x0]", { cpu = { x0 = 1 << 40 } })
  t.eq(n.cpu:run().reason, "unmapped")
end)

test("PSTATE.PAN and SPSR_EL1.PAN need FEAT_PAN", function(t)
  for name, model in pairs(models) do
    local m <close> = guest.machine(".inst 0xd500419f   // msr pan, #1",
      { vm = { cpu = name }, cpu = { spsr_el1 = -1 } })
    local bit = model.has.PAN and 1 << 22 or 0
    t.eq(m.cpu.spsr_el1 & 1 << 22, bit, name)
    t.eq(m.cpu.sctlr_el1 & 1 << 23, 1 << 23, name .. " SPAN")
    m.cpu:step()
    t.eq(m.cpu.pc, model.has.PAN and guest.ENTRY + 4
      or guest.VECTORS + guest.FROM_EL1H * 0x80, name)
    m.cpu.pstate = m.cpu.pstate | 1 << 22
    t.eq(m.cpu.pstate & 1 << 22, bit, name)
  end
end)
