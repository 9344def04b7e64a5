-- SPDX-License-Identifier: MIT
--
-- Runs smp.elf with two vCPUs, the second switched off until PSCI CPU_ON:
--   make build/smp.elf && tinyvmm smp.lua build/smp.elf

local tv = require "tinyvmm"

local vm <close> = assert(tv.vm {})
vm:load(assert(tv.load(arg[1] or "build/smp.elf")))
local first <close> = assert(vm:vcpu {})
local second <close> = assert(vm:vcpu { on = false })
local exit = vm:run()
if exit.kind ~= "shutdown" then error(exit.why) end
os.exit(exit.status, true)
