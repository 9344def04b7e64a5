-- SPDX-License-Identifier: MIT
--
-- Where a guest spends its time: stacks of functions, sampled every so many
-- steps (bind_profile.c), as text that makes flame graphs.
--
--   local profile = require "tinyvmm.profile"
--   local exit, p = profile.run(vm, { every = 997, budget = 1e6 })
--   io.write(p:folded())          -- "_start;main;fib 12" lines

local core = require "tinyvmm.core"
local functions = require "tinyvmm.functions"

local M = {}

-- A prime, so that samples do not keep step with a loop.
M.EVERY = 997

local Profile = {}
Profile.__index = Profile

-- Takes stacks from bind_profile.c, the innermost function first.
local function fold(self, funcs, many)
  return function(count, cpu, ...)
    local names = { ... }
    for i, address in ipairs(names) do
      names[i] = funcs:name(address):gsub("[;%c]", "?")
    end
    if many() then names[#names + 1] = "cpu" .. cpu end
    for i = 1, #names // 2 do
      names[i], names[#names + 1 - i] = names[#names + 1 - i], names[i]
    end
    local stack = table.concat(names, ";")
    self.stacks[stack] = (self.stacks[stack] or 0) + count
    self.samples = self.samples + count
  end
end

-- start(vm [, { every = steps }]) -> profile, or nil, message, code. Every
-- run of the VM counts until profile:stop().
function M.start(vm, options)
  local every = options and options.every or M.EVERY
  if math.type(every) ~= "integer" or every < 1 then
    error("profile every must be an integer from 1 on, not "
      .. tostring(every), 2)
  end
  if not vm.exact then
    return nil, "the backend " .. vm.backend .. " cannot count steps, as "
      .. "profiles do; soft can", "unsupported"
  end
  local self = setmetatable({ vm = vm, every = every, samples = 0,
    stacks = {} }, Profile)
  local funcs = functions.of(vm)
  core._profile(vm, every, fold(self, funcs, function()
    return #vm.vcpus > 1
  end), funcs:pack())
  return self
end

-- Ends it; what was not a table yet becomes one.
function Profile:stop()
  if self.vm and not core._closed(self.vm) then core._profile(self.vm) end
  self.vm = nil
  return self
end

Profile.__close = Profile.stop

-- One line for each stack, in the order of their text: "a;b;c count".
function Profile:folded()
  local lines = {}
  for stack, count in pairs(self.stacks) do
    lines[#lines + 1] = ("%s %d\n"):format(stack, count)
  end
  table.sort(lines)
  return table.concat(lines)
end

-- run(vm [, { every =, budget =, deadline =, timeout = }]) -> exit, profile;
-- or nil, message, code.
function M.run(vm, options)
  local limits = {}
  for key, value in pairs(options or {}) do limits[key] = value end
  limits.every = nil
  local self <close>, why, code = M.start(vm, options)
  if not self then return nil, why, code end
  local exit = vm:run(limits)
  return exit, self:stop()
end

return M
