-- SPDX-License-Identifier: MIT
--
-- `-v`: the steps of a machine's life, told on stderr. Wraps the functions
-- that take those steps; loaded only when asked for.

local tv = require "tinyvmm"

local function say(...)
  io.stderr:write("tinyvmm: ", string.format(...), "\n")
end

local function mapped(memory)
  say("mapped %s %#x-%#x (%d bytes, %s)", memory.kind, memory.base,
    memory.base + memory.size - 1, memory.size, memory.prot or "mmio")
end

local function after(table_, name, tell)
  local original = table_[name]
  local function finish(object, result, ...)
    if result ~= nil then tell(object, result, ...) end
    return result, ...
  end
  table_[name] = function(object, ...)
    return finish(object, original(object, ...))
  end
end

after(tv, "vm", function(_, vm)
  say("backend %s", vm.backend)
  for _, memory in ipairs(vm.memory) do mapped(memory) end
end)

local vm, vcpu = tv._methods.vm, tv._methods.vcpu

after(vm, "map", function(_, memory) mapped(memory) end)

after(vm, "load", function(self, entry)
  local images = tv._images(self)
  local last = images[#images]
  say("loaded %d bytes at %#x, entry %#x", last.size, last.addr, entry)
end)

after(vm, "vcpu", function(_, cpu)
  say("vCPU %d: pc %#x, sp %#x, pstate %#x", cpu.index, cpu.pc, cpu.sp,
    cpu.pstate)
end)

local function ended(_, exit)
  say("exit %s after %d instructions: %s", exit.kind, exit.icount or 0,
    exit.why)
end

after(vm, "run", ended)
after(vcpu, "run", ended)
