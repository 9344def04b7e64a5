-- SPDX-License-Identifier: MIT
--
-- What the guest tests share: small machines whose vectors report to the
-- host, words for instructions that need no assembler, and snapshots of all
-- that a guest can see.
--
-- Each vector is `hvc #(0x100 + n); eret`, n being its number (offset / 0x80):
-- a hypercall nobody serves, so a run comes back with the syndrome registers
-- as the exception has left them, and the next run returns from it.

local tv = require "tinyvmm"
local backend = require "backend"

local M = { ENTRY = 0x10000, VECTORS = 0x8000, DATA = 0x20000 }

-- PSTATE without flags, interrupts masked.
M.EL0, M.EL1T, M.EL1H = 0x3c0, 0x3c4, 0x3c5

-- Numbers of the vectors, by group and by kind.
M.FROM_EL1T, M.FROM_EL1H, M.FROM_EL0 = 0, 4, 8
M.SYNC, M.IRQ, M.FIQ = 0, 1, 2

function M.words(...) return string.pack(("<I4"):rep(select("#", ...)), ...) end

M.hvc = backend.hvc
M.ERET, M.NOP = 0xd69f03e0, 0xd503201f

function M.vectors()
  local bytes = {}
  for n = 0, 15 do
    bytes[#bytes + 1] = M.words(M.hvc(0x100 + n), M.ERET)
    bytes[#bytes + 1] = ("\0"):rep(0x80 - 8)
  end
  return table.concat(bytes)
end

-- A machine that closes its VM: { vm, cpu, image }. `code` is assembly text,
-- or bytes if options.bytes is set. Other options: at (its address, ENTRY),
-- vm (for tv.vm), cpu (registers), vectors (false: VBAR_EL1 stays unwritten).
-- 1 MiB of RAM at 0, if not said otherwise.
local Machine = { __close = function(m) m.vm:close() end }
Machine.__index = Machine

function M.machine(code, options)
  options = options or {}
  local m = setmetatable({}, Machine)
  m.vm = assert(tv.vm(options.vm or {}))
  local ok, problem = pcall(m.fill, m, code, options)
  if not ok then
    m.vm:close()
    error(problem, 0)
  end
  return m
end

function Machine:fill(code, options)
  local at = options.at or M.ENTRY
  local registers = { pc = at, sp = 0x7f000 }
  if options.bytes then
    self.vm:write(at, code)
  else
    self.image = tv.asm(code)
    self.vm:load(at, self.image)
  end
  if options.vectors ~= false then
    self.vm:write(M.VECTORS, M.vectors())
    registers.vbar_el1 = M.VECTORS
  end
  self.cpu = assert(self.vm:vcpu(registers))
  for name, value in pairs(options.cpu or {}) do
    if name ~= "pstate" and name ~= "sp" then self.cpu[name] = value end
  end
  for _, name in ipairs { "pstate", "sp" } do
    local value = options.cpu and options.cpu[name]
    if value then self.cpu[name] = value end
  end
end

-- Runs until a vector reports; returns its number.
function Machine:to_vector(t, budget)
  local exit = self.cpu:run(budget or 1000)
  t.ok(exit.kind == "hvc" and exit.imm >= 0x100, "no vector: " .. exit.kind
    .. " " .. tostring(exit.reason) .. (" at %#x"):format(exit.pc))
  return exit.imm - 0x100, exit
end

-- All that a guest can see of a vCPU, and the time, as one string.
local general = { "sp", "pc", "pstate", "sp_el0", "sp_el1", "elr_el1",
  "spsr_el1", "esr_el1", "far_el1", "vbar_el1", "sctlr_el1", "cpacr_el1",
  "tpidr_el0", "tpidr_el1", "par_el1", "fpcr", "fpsr", "cntv_ctl_el0",
  "cntv_cval_el0", "cntp_ctl_el0", "cntp_cval_el0", "cntkctl_el1",
  "cntvct_el0", "mdscr_el1", "contextidr_el1" }
for i = 0, 30 do general[#general + 1] = "x" .. i end

-- A KVM before Linux 6.4 has no cntp_*.
local function read(cpu, name)
  if not name:find "^cntp_" then return cpu[name] end
  local ok, value = pcall(function() return cpu[name] end)
  return ok and value or 0
end

function M.registers(cpu)
  local parts = {}
  for _, name in ipairs(general) do
    parts[#parts + 1] = ("%s=%#x"):format(name, read(cpu, name))
  end
  for i = 0, 31 do parts[#parts + 1] = cpu["q" .. i] end
  if backend.exact then parts[#parts + 1] = "icount=" .. cpu.icount end
  return table.concat(parts, " ")
end

function M.snapshot(vm)
  local parts = { "time=" .. vm.time }
  for _, cpu in ipairs(vm.vcpus) do parts[#parts + 1] = M.registers(cpu) end
  for _, region in ipairs(vm.memory) do
    if region.kind ~= "mmio" then
      parts[#parts + 1] = region:read(0, region.size)
    end
  end
  return table.concat(parts, "\n")
end

-- EC, IL = 1, ISS.
function M.esr(ec, iss) return ec << 26 | 1 << 25 | (iss or 0) end

-- The words of MRS and MSR for a 16-bit register key.
function M.mrs(rt, key) return 0xd5200000 | key << 5 | rt end
function M.msr(rt, key) return 0xd5000000 | key << 5 | rt end

-- The facts that the C core keeps: {name = {key=, access=}} of all system
-- registers, and the list of those the software CPU has.
function M.all_sysregs()
  local all = {}
  for line in io.lines "src/a64/sysregs.def" do
    local name, key, access = line:match "^SYSREG%((%S+), (%S+), (%u+)%)"
    if name then all[name] = { key = math.tointeger(key), access = access } end
  end
  return all
end

local function mask_value(text)
  local n = math.tointeger(tonumber(text:match "0x%x+" or text:match "%d+$"))
  if text == "ALL" then return -1 end
  return text:find "^~" and ~n or n
end

-- The lines MACRO(a, b, ...) of a file: {"a", "b", ...} each.
local function lines_of(path, macro)
  local list = {}
  for line in io.lines(path) do
    local args = line:match("^" .. macro .. "%((.*)%)$")
    if args then
      local words = {}
      for word in args:gmatch "[^,]+" do
        words[#words + 1] = word:match '^%s*"?(.-)"?%s*$'
      end
      list[#list + 1] = words
    end
  end
  return list
end

local function number(text)
  local named = { ALL = 255, OPTIONAL = 255, NEVER = 256 }
  return named[text] or math.tointeger(tonumber(text))
end

-- { name = {midr=, physical=, has = {feature = {register, shift, value}}} }
function M.models()
  local models, ids = {}, {}
  for _, m in ipairs(lines_of("src/soft/models.def", "MODEL")) do
    local model = { midr = number(m[3]), physical = number(m[4]), has = {} }
    models[m[2]], ids[m[1]] = model, model
    for _, f in ipairs(lines_of("src/a64/features.def", "FEATURE")) do
      local field = { f[3], number(f[4]), number(f[5]) }
      model[f[1]] = field
      if number(f[2]) <= number(m[5]) then model.has[f[1]] = field end
    end
  end
  local function with(id, feature)
    ids[id].has[feature] = assert(ids[id][feature], feature)
  end
  for _, w in ipairs(lines_of("src/soft/models.def", "WITH")) do
    with(w[1], w[2])
  end
  for line in io.lines "src/soft/models.def" do
    local id = line:match "^CRYPTO%((.*)%)$"
    for _, f in ipairs(id and { "AES", "PMULL", "SHA1", "SHA256" } or {}) do
      with(id, f)
    end
  end
  return models
end

-- An ID register's value: in each field the largest that a feature gives.
local function identification(model, name, base)
  if name == "midr_el1" then return model.midr end
  if name == "id_aa64mmfr0_el1" then
    base = base | ({ [40] = 2, [42] = 3, [44] = 4, [48] = 5 })[model.physical]
  end
  for _, f in pairs(model.has) do
    local value = f[3] << f[2]
    for shift = 0, f[1] == name and 60 or -1, 4 do
      local mask = 15 << shift
      if math.ult(base & mask, value & mask) then
        base = base & ~mask | value & mask
      end
    end
  end
  return base
end

local function bits_value(text)
  local name = text:match "^PSTATE_%u+$"
  for line in io.lines(name and "src/a64/pstate.h" or "/dev/null") do
    local value, shift = line:match("%f[%w]" .. name .. " = (%d+)u << (%d+)")
    if value then return number(value) << number(shift) end
  end
  local a, b = text:match "^(%d+) << (%d+)$"
  return a and number(a) << number(b) or mask_value(text)
end

-- The registers of a model: {name=, key=, el0=, reset=, mask=} for stored,
-- {..., value=} for fixed.
function M.soft_sysregs(model_name)
  local path, all, list = "src/soft/sysregs.def", M.all_sysregs(), {}
  local model, missing, bits = M.models()[model_name or "max"], {}, {}
  for _, n in ipairs(lines_of(path, "NEEDS")) do
    missing[n[1]] = not model.has[n[2]]
  end
  for _, b in ipairs(lines_of(path, "BITS")) do
    if model.has[b[2]] then
      bits[b[1]] = (bits[b[1]] or 0) | bits_value(b[3])
    end
  end
  local known = {}
  for _, s in ipairs(lines_of(path, "STORED")) do
    list[#list + 1] = { name = s[1], el0 = s[2], reset = mask_value(s[3]),
      mask = mask_value(s[4]) | (bits[s[1]] or 0) }
  end
  for _, f in ipairs(lines_of(path, "FIXED")) do
    known[f[1]] = true
    list[#list + 1] = { name = f[1], el0 = f[2],
      value = identification(model, f[1], mask_value(f[3])) }
  end
  for name in pairs(all) do                -- features may fill any of these
    if not known[name] and name:find "^id_aa64" then
      list[#list + 1] = { name = name, el0 = "NONE",
        value = identification(model, name, 0) }
    end
  end
  for i = #list, 1, -1 do
    local r = list[i]
    r.key = assert(all[r.name], r.name).key
    if missing[r.name] then table.remove(list, i) end
  end
  return list
end

return M
