-- SPDX-License-Identifier: MIT
--
-- The demo: assembles guest/guest.S, loads it into a VM of 1 MiB and runs it.
-- With -v the program says on stderr what happens at each step.

local tv = require "tinyvmm"

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local guest = tv.asm_file(here .. "/../guest/guest.S")
assert(guest.size <= 240, "the guest has outgrown the seed's 240 bytes")

local vm <close> = assert(tv.vm { ram = "1M" })
vm:load(0x10000, guest)
local cpu <close> = assert(vm:vcpu {
  pc = 0x10000, sp = 0xff000, pstate = 0x3c5
})

local exit = vm:run()
if exit.kind ~= "shutdown" then error(exit.why) end
os.exit(exit.status, true)
