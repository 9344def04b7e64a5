-- SPDX-License-Identifier: MIT
--
-- A machine for a guest file: what `tinyvmm run` and a session's .load make.
-- Whatever is wrong with the file or the options is a message, not an error.

local tv = require "tinyvmm"

local M = {}

local TAIL, LOW, HIGH = 1 << 20, 1 << 21, 1 << 16

-- RAM for an ELF file: its segments, from 2 MiB steps below to 64 KiB steps
-- above, and 1 MiB for the stack.
local function elf_ram(image)
  local base = image.low & -LOW
  return { base, (image.high + HIGH - 1 & -HIGH) - base + TAIL }
end

-- The guest file as an image; nil, message if it cannot be.
function M.image(path)
  local ok, image, why = pcall(tv.load, path)
  if not ok then return nil, image end
  if image and image.size == 0 then
    return nil, path .. ": there is nothing in it to run"
  end
  return image, why
end

-- vCPU 0, with registers(vm), and those that PSCI CPU_ON will start.
local function make_vcpus(vm, options)
  local cpu, why = vm:vcpu(options.registers and options.registers(vm) or {})
  for _ = 2, cpu and options.vcpus or 1 do
    local other
    other, why = vm:vcpu { on = false }
    if not other then return nil, why end
  end
  return cpu, why
end

-- A VM with the image, and vCPUs, of which the first is on. Options: ram,
-- strict, gic (of tv.vm), load (the address of what has none), registers (the
-- function that gives vCPU 0's, of vm:vcpu), vcpus (how many). Returns vm,
-- cpu; or nil, message.
function M.make(image, options)
  local vm, why = tv.vm { strict = options.strict, gic = options.gic,
    ram = options.ram or image.segments and elf_ram(image) or "1M" }
  if not vm then return nil, why end
  local ok, problem
  if image.segments and not options.load then
    ok, problem = pcall(vm.load, vm, image)
  else
    ok, problem = pcall(vm.load, vm, options.load or 0x10000, image)
  end
  if not ok then
    vm:close()
    return nil, problem
  end
  local made, cpu, refused = pcall(make_vcpus, vm, options)
  if made and cpu then return vm, cpu end
  vm:close()
  return nil, made and refused or cpu
end

return M
