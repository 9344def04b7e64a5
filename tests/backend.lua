-- SPDX-License-Identifier: MIT
--
-- The backend that the tests run on: the one that TINYVMM_BACKEND names, as
-- for any script, else soft. A test runs on all of them unless it says why not;
-- there it is no failure and no skip, but counted by itself:
--
--   backend.only(t, "soft", "budgets count steps")
--
-- Budgets work everywhere: where a backend counts time, a vCPU's short run is
-- made of single steps, and other runs are given a quarter of a second and a
-- millisecond for each step. icount is nil there, so that tests compare it
-- with backend.steps(n). What else comes out differently by nature is said
-- with backend.exact, or listed here:
--
--   soft       icount, and virtual time that moves with it
--   kvm, hvf   the CPU is the host's: its features, ID registers and the
--              frequency of its counter; an exception without vectors costs
--              ELR, SPSR, ESR and FAR their old values
--   kvm        a fetch from nowhere is an abort that the guest takes itself;
--              protections know no "execute"; smc has no immediate

local tv = require "tinyvmm"
local test = require "tap"
local hvc = require "kvm._hvc"

local M = { name = os.getenv "TINYVMM_BACKEND" or "soft" }
M.exact = M.name == "soft"

local function is(names)
  for name in names:gmatch "%S+" do
    if name == M.name then return true end
  end
  return false
end

-- Ends the test unless the backend is one of these ("soft", "kvm hvf").
function M.only(t, names, reason)
  if not is(names) then t.not_here(("only %s: %s"):format(names, reason)) end
end

function M.except(t, names, reason)
  if is(names) then t.not_here(("not %s: %s"):format(names, reason)) end
end

-- The same for each test that follows in the file.
function M.only_file(names, reason)
  if not is(names) then
    test.elsewhere = ("only %s: %s"):format(names, reason)
  end
end

-- What icount is after n steps.
function M.steps(n) return M.exact and n or nil end

-- Ends the test where KVM runs on a CPU that qemu emulates (make check-kvm),
-- which deviates from the architecture in what the reason says.
M.emulated = M.name == "kvm" and os.getenv "TV_EMULATED" == "qemu"

function M.real(t, reason)
  if M.emulated then
    t.not_here("not on qemu's CPU: " .. reason)
  end
end

-- Rounds of a test whose cases are drawn at random: fewer where each takes
-- long.
function M.rounds(n) return M.emulated and (n + 7) // 8 or n end

-- For what needs Normal memory although the MMU is off. Only our CPU has that,
-- qemu's, and the mock of hvf if TV_MOCK_RELAXED says so.
M.relaxed = M.name == "hvf" and os.getenv "TV_MOCK_RELAXED" ~= nil

function M.normal(t)
  if not M.relaxed then
    M.except(t, "hvf", "with the MMU off data is Device memory")
  end
end

-- For what needs the faults of Device memory.
function M.device(t)
  M.real(t, "it knows no Device memory here")
  if M.relaxed then t.not_here "not with TV_MOCK_RELAXED: no Device memory" end
end

-- The word of hvc #imm, or what stands for it (kvm/_hvc.lua).
M.keeps_hvc = os.getenv "TV_NO_HVC" or M.name == "kvm" and hvc.kept "kvm"

function M.hvc(imm)
  return M.keeps_hvc and hvc.word(imm) or 0xd4000002 | imm << 5
end

function M.needs_hvc(t, reason)
  if M.keeps_hvc then
    t.not_here("not where the kernel answers hvc: " .. reason)
  end
end

if M.keeps_hvc then hvc.start() end

local SHORT = 128
local BASE, STEP, MOST = 250000000, 1000000, 10000000000   -- nanoseconds

local function time(steps)
  if steps == 0 then return 0 end
  return math.ult(steps, MOST // STEP) and BASE + steps * STEP or MOST
end

-- Changes run(n) and run{budget = n} of all objects of this type.
local function stretch(object, step)
  local meta = debug.getmetatable(object)
  local index, run = meta.__index, object.run
  local function stretched(self, limit)
    if step and math.type(limit) == "integer" and limit <= SHORT then
      return step(self, limit)
    end
    if math.type(limit) == "integer" then
      limit = time(limit)
    elseif type(limit) == "table" and math.type(limit.budget) == "integer" then
      local copy = {}
      for k, v in pairs(limit) do copy[k] = v end
      copy.budget = time(limit.budget)
      limit = copy
    end
    return run(self, limit)
  end
  function meta.__index(self, key)
    if key == "run" then return stretched end
    if key == "icount" then
      index(self, "index")               -- raises if the vCPU is closed
      return nil
    end
    return index(self, key)
  end
end

if not M.exact then
  local vm <close> = assert(tv.vm { backend = "soft" })
  local cpu = assert(vm:vcpu())
  stretch(vm)
  stretch(cpu, cpu.step)
end

return M
