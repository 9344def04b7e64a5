-- SPDX-License-Identifier: MIT
--
-- Soft's EL1 held against KVM's, on the neoverse-n1 that qemu makes of it in
-- `make check-kvm`: the sweeps of el1_qemu.lua, with a hypervisor in between,
-- which hides and traps what a guest is not to see. On a real CPU its features
-- are what differs.
--
-- TV_EL1_N: about so many cases of each sweep; 0 for all.

local test = require "tap"
local backend = require "backend"
backend.only_file("kvm", "it is compared with soft")
local el1 = require "guest._el1"
local known = require "guest._el1_known"

local MOST = math.tointeger(tonumber(os.getenv "TV_EL1_N" or 300))

test("soft does at EL1 what KVM's guests do on a neoverse-n1", function(t)
  if not backend.emulated then t.not_here "soft has no model of this CPU" end
  known.compare(t, { model = "neoverse-n1", most = MOST }, function(list)
    return el1.here(list, "kvm")
  end)
end)
