-- SPDX-License-Identifier: MIT
--
-- `tinyvmm backends`: what can run guests on this machine, with its limits,
-- and why the rest cannot. The limits of one that works are those of a VM
-- that is made to ask it.

local cli = require "tinyvmm.cli"
local tv = require "tinyvmm"

local M = { OPTIONS = {} }

M.HELP = [[
usage: tinyvmm backends

Lists what can run guests on this machine with its limits, and why the others
cannot. The first that works is what --backend best takes.
]]

-- What is so by nature, on any machine.
local NATURE = {
  soft = "our own CPU: any number of VMs, reproducible",
  hvf = "Apple's Hypervisor.framework: one VM in a process",
  kvm = "Linux's KVM"
}

local function limits(name)
  local vm <close>, why = tv.vm { backend = name, ram = false }
  if not vm then return { "but no VM can be made: " .. why } end
  local l = vm.limits
  local lines = {
    ("maps in units of %d bytes, addresses of %d bits"):format(vm.granule,
      l.address_bits),
    l.vcpus and ("at most %d vCPUs in a VM"):format(l.vcpus)
      or "any number of vCPUs",
    l.breakpoints and ("%d breakpoints"):format(l.breakpoints)
      or "any number of breakpoints",
    vm.exact and "budgets count single instructions, vm:trace works"
      or "budgets are times, instructions are not counted"
  }
  return table.move(l.notes, 1, #l.notes, #lines + 1, lines)
end

function M.main(args)
  local given, rest = cli.verb_options(args, M)
  if not given then return rest end
  if #rest > 0 then
    return cli.fail(cli.USAGE, "backends takes no '%s'; see --help", rest[1])
  end
  for _, b in ipairs(tv.backends()) do
    print(("%-5s %-4s %s"):format(b.name, b.usable and "yes" or "no",
      b.usable and NATURE[b.name] or b.reason))
    for _, line in ipairs(b.usable and limits(b.name) or {}) do
      print((" "):rep(11) .. line)
    end
  end
  return 0
end

return M
