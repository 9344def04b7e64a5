-- SPDX-License-Identifier: MIT
--
-- The catalogue of broken guests. A case is { what is broken, guest, options,
-- the sentence that exit.why must say }. The guest is assembly text, or bytes
-- if options.raw is set. Options: at (0x10000), ram ("1M", for tv.vm), strict,
-- fp, timer, gic, model (tv.vm's cpu); cpu (registers), map (a list for
-- vm:map), before(vm, cpu), limits (a budget of 10,000 steps, so that no case
-- runs for ever), only, except, real, normal, device (for backend.lua's
-- functions; a sentence that speaks of the MMU needs Device memory by itself).
--
-- Where the CPU is the host's nothing is counted, memory is Device memory until
-- the MMU is on, and undefined instructions are its own: the sentence has no
-- count there and does not propose what only soft can. Nor is it known where in
-- a loop a budget ends, or when a timer fires. options.host is the sentence
-- that is another one there.
--
-- Beside its text every sentence obeys what holds for all: one line, short,
-- and the same when it is read again.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

local LONGEST = 220

-- Nanoseconds for a step of what never ends: kvm may be an emulated machine,
-- and on the mock of hvf time goes by with the guest's steps only, which are
-- few where a device is asked.
local function time(options, steps)
  return steps * (backend.name == "kvm" and 1e5
    or options.map and 300.0 or 3e3)
end

-- `ends`: by the budget.
local function run(t, guest, options, ends)
  local vm <close> = assert(tv.vm { ram = options.ram, output = "capture",
    strict = options.strict, fp = options.fp, timer = options.timer,
    cpu = options.model, gic = options.gic })
  for _, region in ipairs(options.map or {}) do assert(vm:map(region)) end
  local at = options.at or 0x10000
  if guest then
    vm:load(at, options.raw and guest or tv.asm(guest))
  end
  local cpu <close> = assert(vm:vcpu(options.cpu or { pc = at }))
  if options.before then options.before(vm, cpu) end
  local limits = options.limits or { budget = 10000 }
  if not backend.exact and ends then
    limits = { budget = time(options, limits.budget) }
  end
  local exit = vm:run(limits)
  t.ok(exit.why)
  return exit
end

local function without_place(why)
  return (why:gsub("^(the budget ended) at .-: ", "%1: ")
    :gsub("%(now %-?%d+%)", "(now N)")
    :gsub("through 0x%x+ %(%a+%)", "through N")
    :gsub("set for %d+, the count is %d+[^)]*", "set for N, the count is N"))
end

local function on_host(want)
  return (want:gsub(", after [%d,]+ instructions", "")
    :gsub("; a tick is 16 instructions", "")
    :gsub("turn it on, or make the vm with strict = false", "turn it on")
    :gsub("make the vm with strict = false", "turn the MMU on")
    :gsub("vm:on%(\"%a+\", fn%) can implement it", "%0, on soft")
    :gsub("answer it by vm:on%(\"%a+\", fn%)", "%0, on soft"))
end

return function(cases)
  for _, case in ipairs(cases) do
    local name, guest, options, want = table.unpack(case, 1, 4)
    if not backend.exact then want = options.host or on_host(want) end
    test(name, function(t)
      if options.only then backend.only(t, table.unpack(options.only)) end
      if options.except then backend.except(t, table.unpack(options.except)) end
      if options.real then backend.real(t, options.real) end
      if options.normal then backend.normal(t)
      elseif options.device or want:find "MMU" then backend.device(t) end
      local exit = run(t, guest, options, want:find "^the budget ended")
      local got = exit.why
      want = want:gsub("VERSION", tv.version)
      if not backend.exact then
        got, want = without_place(got), without_place(want)
      end
      t.eq(got, want)
      t.eq(exit.why, exit.why)
      t.ok(#exit.why <= LONGEST, #exit.why .. " characters: " .. exit.why)
      t.ok(not exit.why:find "[\n\t]", "one line")
    end)
  end
end
