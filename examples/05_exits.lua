-- SPDX-License-Identifier: MIT
--
-- Every kind of exit with its explanation: `why` says in one sentence what
-- the guest did, where, and what would help.

local tv = require "tinyvmm"

-- Runs `text` in a fresh VM and prints how it ended. `setup` gets the VM.
local function try(text, limits, setup, timer)
  local vm <close> = assert(tv.vm { ram = "64K", timer = timer })
  vm:load(0, tv.asm(text))
  local cpu <close> = assert(vm:vcpu { pc = 0 })
  if setup then setup(vm) end
  local exit = vm:run(limits)
  print(("%-9s %s"):format(exit.kind, exit.why))
end

local function device(vm)
  assert(vm:map { kind = "mmio", base = 0x9000000, size = 0x4000 })
end

try "mov x0, #0; mov x1, #7; hvc #0"
try "mov x0, #77; hvc #0"
try "smc #1"
try("mov x1, #0x9000000; str w2, [x1, #8]", nil, device)
try("mov x1, #0x9000000; ldr w2, [x1]", nil, device)
try("mrs x0, s3_3_c15_c2_0", nil, function(vm)
  assert(vm:on("sysreg", function() end))       -- declines: returns nil
end)
try "brk #42"
try "wfi"
try "mov x1, #0x800000; ldr x0, [x1]"
try "mov x30, #0xa00000; ret"
try "svc #3"
try "udf #1"
try "mov x1, #0x1001; ldr x0, [x1]"
try([[
        mov     x0, #10
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        b       .
]], nil, nil, "exit")
try("b .", { budget = 1000 })
try("b .", { deadline = 5000 })
try("b .", { timeout = 0 })
try("b .", nil, function(vm) vm:stop() end)
