-- SPDX-License-Identifier: MIT
--
-- Hypercalls of the tests where the kernel answers hvc itself (Linux before
-- 6.4, see src/kvm/kvm.c). There a load from nearly 1 MiB further on, where
-- the tests' guests have nothing, stands for each `hvc #imm` that a test
-- assembles or writes: like it one word that changes no register. It ends a
-- run as a fault; then a store to the doorbell takes its place for one step,
-- and the run goes on. So calls are served, and exits are as by hvc.

local tv = require "tinyvmm"

local M = {}

local HVC, STORE, BELL = 0xd4000002, 0xb900021f, 0xfffff0000 -- str wzr, [x16]
local LOAD, FARTHEST, IMM_MAX = 0x1800001f, 0x3ffff, 0x3ff
local NOBODYS = 0x7fffffff                       -- a call that is not served

-- ldr wzr, . + 4 * (FARTHEST - imm)
function M.word(imm)
  assert(imm <= IMM_MAX, "no load stands for this immediate")
  return LOAD | FARTHEST - imm << 5
end

local function imm_of(exit)
  if exit.kind ~= "fault" or exit.reason ~= "unmapped"
     or exit.insn & 0xff00001f ~= LOAD then
    return nil
  end
  local imm = FARTHEST - (exit.insn >> 5 & 0x7ffff)
  return imm >= 0 and imm <= IMM_MAX and imm or nil
end

-- Puts a word where the vCPU stands; closing the result takes it back, and
-- sets these registers to what they were.
local function instead(cpu, word, names)
  local vm, pc, old = cpu.vm, cpu.pc, {}
  local was = vm:read_u32(pc)
  for i, name in ipairs(names) do old[i] = cpu[name] end
  vm:write_u32(pc, word)
  return setmetatable({}, { __close = function()
    vm:write_u32(pc, was)
    for i, name in ipairs(names) do cpu[name] = old[i] end
  end })
end

-- Makes the vCPU call by the doorbell where it stands; at EL0, where hvc is
-- undefined, by hvc. Returns how the step ended. With the MMU on, code is at
-- its own address in these guests, but the doorbell may be nowhere.
local function ring(cpu, step, imm)
  if cpu.pstate & 0xc == 0 then
    local back <close> = instead(cpu, HVC | imm << 5, {})
    return step(cpu)
  end
  local nr = cpu.x0
  local back <close> = instead(cpu, STORE, { "x16", "sctlr_el1",
    imm ~= 0 and "x0" or nil })
  cpu.x16, cpu.sctlr_el1 = BELL, cpu.sctlr_el1 & ~1
  if imm ~= 0 then cpu.x0 = NOBODYS end
  local exit = step(cpu)
  exit.insn = HVC | imm << 5
  if exit.kind == "hvc" then exit.nr, exit.imm = nr & 0xffffffff, imm end
  return exit
end

-- The exit for the caller; nil if the run goes on.
local function answer(exit, step)
  local imm = imm_of(exit)
  if not imm then return exit end
  exit = ring(exit.cpu, step, imm)
  return exit.kind ~= "budget" and exit or nil
end

-- What is left of a run's limits: integers are nanoseconds.
local function rest(limit, passed)
  if math.type(limit) == "integer" then return math.max(limit - passed, 0) end
  if type(limit) ~= "table" then return limit end
  local copy = {}
  for k, v in pairs(limit) do copy[k] = v end
  copy.budget = rest(limit.budget, passed)
  copy.timeout = limit.timeout and math.max(limit.timeout - passed / 1e9, 0)
  return copy
end

local function runs(object, step, vm_of)
  local run = object.run
  return function(self, limit)
    local vm = vm_of(self)
    local start, exit = vm.time, nil
    repeat
      exit = answer(run(self, rest(limit, vm.time - start)), step)
    until exit
    return exit
  end
end

local function steps(step)
  return function(self, n)
    local exit
    for _ = 1, n or 1 do
      exit = answer(step(self), step)
      if exit and exit.kind ~= "budget" then break end
    end
    return exit or step(self, 0)
  end
end

local function replace(object, methods)
  local meta = debug.getmetatable(object)
  local index = meta.__index
  function meta.__index(self, key) return methods[key] or index(self, key) end
end

-- `hvc #imm` in an assembly text.
local function stand_in(spaces, imm)
  imm = math.tointeger(tonumber(imm))
  return imm and imm <= IMM_MAX and (".inst%s%#x"):format(spaces, M.word(imm))
end

-- From now on the load stands for hvc, in all VMs of this process.
function M.start()
  local vm <close> = assert(tv.vm { backend = "soft" })
  local cpu = assert(vm:vcpu())
  local step, asm = cpu.step, tv.asm
  replace(cpu, { run = runs(cpu, step, function(c) return c.vm end),
    step = steps(step) })
  replace(vm, { run = runs(vm, step, function(v) return v end) })
  function tv.asm(text, ...)
    return asm(text:gsub("%f[%w]hvc(%s+)#(%w+)", stand_in), ...)
  end
end

-- Whether a kernel answers hypercalls itself, below this backend.
function M.kept(backend)
  local vm <close> = tv.vm { backend = backend }
  if not vm then return false end
  vm:load(0, tv.asm("mov x0, #99; hvc #0; .inst " .. M.word(0)))
  local cpu = assert(vm:vcpu { pc = 0 })
  return cpu:run().kind ~= "hvc"
end

return M
