-- SPDX-License-Identifier: MIT
--
-- Runs semihosting.elf with a directory of its own for its files:
--   make build/semihosting.elf
--   tinyvmm semihosting.lua build/semihosting.elf build

local tv = require "tinyvmm"
local semihosting = require "tinyvmm.semihosting"

local vm <close> = assert(tv.vm {})
vm:load(assert(tv.load(arg[1] or "build/semihosting.elf")))
local cpu <close> = assert(vm:vcpu {})
local session <close> = assert(semihosting.attach(vm, {
  root = arg[2] or "build", cmdline = "semihosting one two"
}))
local exit = session:run()
print(exit.kind, exit.reason, exit.status)
