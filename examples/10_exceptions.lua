-- SPDX-License-Identifier: MIT
--
-- Exceptions belong to the guest: a little kernel at EL1 drops to EL0, and
-- the program there comes back by system call, by an undefined instruction
-- and by touching a register that is not its own. The kernel says what
-- ESR_EL1 told it, and goes on behind the instruction.

local tv = require "tinyvmm"

local image = tv.asm [[
        .equ    REPORT, 3

_start: adr     x0, vectors
        msr     vbar_el1, x0
        adr     x0, program
        msr     elr_el1, x0
        msr     spsr_el1, xzr           // EL0, interrupts open
        mov     x0, #0x8000
        msr     sp_el0, x0
        eret

program:                                // at EL0
        mov     x0, #42
        svc     #7
        .inst   0                       // no instruction
        mrs     x1, sctlr_el1           // not at EL0
        svc     #0                      // the last one

sync:   mrs     x1, esr_el1
        mrs     x2, elr_el1
        mov     x0, #REPORT
        hvc     #0
        cbz     x0, 1f                  // 0: that was all
        cmp     x0, #4
        b.ne    2f
        mrs     x2, elr_el1             // go on behind the instruction
        add     x2, x2, #4
        msr     elr_el1, x2
2:      eret
1:      mov     x1, #0
        mov     x0, #0
        hvc     #0

        .balign 2048
vectors:
        .org    vectors + 0x400         // synchronous, from a lower EL
        b       sync
]]

local names = { [0x00] = "undefined", [0x15] = "svc" }

local vm <close> = assert(tv.vm { ram = "64K" })
vm:load(0, image)
vm:hypercall(3, function(cpu, esr, elr)
  local class, imm = esr >> 26, esr & 0xffff
  local name = assert(names[class])
  print(("%-9s EC 0x%02x, immediate %d, return address %#x"):format(name,
    class, imm, elr))
  if name == "svc" and imm == 0 then return 0 end
  return name == "undefined" and 4 or 1   -- svc returns behind itself
end)
local cpu <close> = assert(vm:vcpu { pc = image.entry })
local exit = vm:run()
print(exit.kind, exit.status, ("pstate %#x"):format(cpu.pstate))
