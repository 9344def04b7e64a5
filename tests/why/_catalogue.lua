-- SPDX-License-Identifier: MIT
--
-- The catalogue of broken guests. A case is { what is broken, guest, options,
-- the sentence that exit.why must say }. The guest is assembly text, or bytes
-- if options.raw is set. Options: at (0x10000), ram ("1M", for tv.vm), strict,
-- fp, timer, model (tv.vm's cpu); cpu (registers), map (a list for vm:map),
-- before(vm, cpu), limits (a budget of 10,000 steps, so that no case runs for
-- ever).
--
-- Beside its text every sentence obeys what holds for all: one line, short,
-- and the same when it is read again.
local test = require "tap"
local tv = require "tinyvmm"

local LONGEST = 220

local function run(t, guest, options)
  local vm <close> = assert(tv.vm { ram = options.ram, output = "capture",
    strict = options.strict, fp = options.fp, timer = options.timer,
    cpu = options.model })
  for _, region in ipairs(options.map or {}) do assert(vm:map(region)) end
  local at = options.at or 0x10000
  if guest then
    vm:load(at, options.raw and guest or tv.asm(guest))
  end
  local cpu <close> = assert(vm:vcpu(options.cpu or { pc = at }))
  if options.before then options.before(vm, cpu) end
  local exit = vm:run(options.limits or { budget = 10000 })
  t.ok(exit.why)
  return exit
end

return function(cases)
  for _, case in ipairs(cases) do
    local name, guest, options, want = table.unpack(case, 1, 4)
    test(name, function(t)
      local exit = run(t, guest, options)
      t.eq(exit.why, (want:gsub("VERSION", tv.version)))
      t.eq(exit.why, exit.why)
      t.ok(#exit.why <= LONGEST, #exit.why .. " characters: " .. exit.why)
      t.ok(not exit.why:find "[\n\t]", "one line")
    end)
  end
end
