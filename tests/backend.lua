-- SPDX-License-Identifier: MIT
--
-- The backend that the tests run on: the one that TINYVMM_BACKEND names, as
-- for any script, else soft. A test runs on all of them unless it says why
-- not; then it is counted as skipped there, with that reason:
--
--   backend.only(t, "soft", "budgets count steps")
--
-- Budgets that are bounds ("this ends within 1000 steps") work everywhere:
-- where a backend counts time, a step is given a millisecond. What comes out
-- differently by nature is said with backend.exact, or listed here:
--
--   soft       icount, and virtual time that moves with it
--   kvm, hvf   the CPU is the host's: its features, ID registers and the
--              frequency of its counter; an exception without vectors costs
--              ELR, SPSR, ESR and FAR their old values
--   kvm        a fetch from nowhere is an abort that the guest takes itself;
--              protections know no "execute"; smc has no immediate

local tv = require "tinyvmm"

local M = { name = os.getenv "TINYVMM_BACKEND" or "soft" }
M.exact = M.name == "soft"

-- Skips the test unless the backend is one of these ("soft", "kvm hvf").
function M.only(t, names, reason)
  for name in names:gmatch "%S+" do
    if name == M.name then return end
  end
  t.skip(("only %s: %s"):format(names, reason))
end

function M.except(t, names, reason)
  for name in names:gmatch "%S+" do
    if name == M.name then t.skip(("not %s: %s"):format(names, reason)) end
  end
end

local STEP, MOST = 1000000, 10000000000         -- nanoseconds

local function time(steps)
  return math.ult(steps, MOST // STEP) and steps * STEP or MOST
end

-- run(1000), run{budget = 1000} as times, for all objects of this type.
local function stretch(object)
  local meta = debug.getmetatable(object)
  local index, run = meta.__index, object.run
  local function stretched(self, limit)
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
    return index(self, key)
  end
end

if not M.exact then
  local vm <close> = assert(tv.vm { backend = "soft" })
  stretch(vm)
  stretch(assert(vm:vcpu()))
end

return M
