-- SPDX-License-Identifier: MIT
--
-- A second opinion on EL1: registers, system instructions, exception returns,
-- exceptions and traps, thousands of cases on qemu-system-aarch64 and on soft,
-- for cores that both have. What may differ is in _el1_known.lua.
--
-- TV_EL1_N: about so many cases of each sweep; 0 for all.

local test = require "tap"
require "backend".only_file("soft", "the oracle is for it")
local el1 = require "guest._el1"
local known = require "guest._el1_known"

local MOST = math.tointeger(tonumber(os.getenv "TV_EL1_N" or 2000))

for _, model in ipairs { "neoverse-n1", "cortex-a76", "cortex-a72",
                         "cortex-a57", "cortex-a53" } do
  test("soft does at EL1 what qemu's does: " .. model, function(t)
    t.needs("qemu-system-aarch64", "timeout")
    known.compare(t, { model = model, most = MOST }, function(list)
      return el1.qemu(t, list, model)
    end)
  end)
end
