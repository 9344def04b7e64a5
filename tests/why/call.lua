-- SPDX-License-Identifier: MIT
--
-- Broken guests that ask for something nobody gives: hypercalls, firmware,
-- devices without handlers, PUTS of no text, EXIT without a status.
local catalogue = require "why._catalogue"

local DEVICE = { { base = 0x9000000, size = 0x4000, kind = "mmio" } }

local function traps(vm)
  vm:on("sysreg", true)
  vm:on("undefined", true)
end

catalogue {
  { "a hypercall that nobody answers", [[
        mov     x1, #5
        mov     x0, #77
call:   hvc     #0
  ]], {},
    "hvc #0x0 at 0x10008 (call) asked for hypercall 77 (x1 = 0x5, x2 = \z
     0), but nobody answers that number; register vm:hypercall(77, \z
     function(cpu, ...) ... end)" },

  { "a hypercall with an immediate", "mov x0, #2; hvc #2", {},
    "hvc #0x2 at 0x10004 called the hypervisor with immediate 2, but \z
     handlers answer hvc #0 only, with the number in x0; change it, or \z
     look at exit.imm and run again" },

  { "the argument in place of the number", [[
        adr     x0, text
        mov     x1, #2
        hvc     #0
text:   .asciz  "Hello"
  ]], {},
    "hvc #0x0 at 0x10008 asked for hypercall 0x1000c (text), which is an \z
     address; the number goes to x0, the arguments to x1 and on" },

  { "text in place of the number", [[
        ldr     w0, =0x6c6c6548
        hvc     #0
  ]], {},
    "hvc #0x0 at 0x10004 asked for hypercall 0x6c6c6548, which is the \z
     text \"Hell\"; the number goes to x0, the arguments to x1 and on" },

  { "SYSTEM_OFF by smc", [[
        movz    w0, #0x8400, lsl #16
        movk    w0, #8
        smc     #0
  ]], {},
    "smc #0x0 at 0x10008 asks firmware for the power call SYSTEM_OFF \z
     (PSCI), but this machine takes those by hvc: replace smc #0 by hvc #0" },

  { "a call of secure firmware", "main: smc #1",
    { except = { "kvm", "the kernel answers immediates" } },
    "smc #0x1 at 0x10000 (main) called secure firmware, which this \z
     machine does not have; use hvc #0 in the guest, or answer it and \z
     cpu:skip()" },

  { "PUTS of an address without memory", [[
        mov     x1, #0x900000
        mov     x0, #2
        hvc     #0
  ]], {},
    "puts: hvc #0x0 at 0x10008 called PUTS with x1 = 0x900000, where no \z
     memory is; x1 must be the address of the text (adr x1, label)" },

  { "PUTS of the text itself", [[
        ldr     x1, =0x6c6c6548
        mov     x0, #2
        hvc     #0
  ]], {},
    "puts: hvc #0x0 at 0x10008 called PUTS with x1 = 0x6c6c6548, where no \z
     memory is: that is the text \"Hell\" itself; x1 must be the address \z
     of the text (adr x1, label)" },

  { "PUTS of text without a NUL", [[
        mov     x1, #0xffff0
        mov     x0, #2
        hvc     #0
  ]], { before = function(vm) vm:write(0xffff0, ("x"):rep(16)) end },
    "puts: hvc #0x0 at 0x10008 called PUTS with x1 = 0xffff0, a string \z
     that has no NUL before 0x100000, where readable memory or its limit \z
     of 1 MiB ends; end it with .asciz or fix x1" },

  { "PUTS of a device", [[
        mov     x1, #0x9000000
        mov     x0, #2
        hvc     #0
  ]], { map = DEVICE },
    "puts: hvc #0x0 at 0x10008 called PUTS with x1 = 0x9000000, where no \z
     RAM or ROM is that may be read; x1 must be the address of the text \z
     (adr x1, label)" },

  { "EXIT without a status", [[
        adr     x1, main
        mov     x0, #0
main:   hvc     #0
  ]], {},
    "the guest ended itself by EXIT, but x1 = 0x10008 (main) looks like \z
     no status: hvc #0x0 at 0x10008 (main); set x1 before, mov x1, #0" },

  { "EXIT", "mov x1, #3; mov x0, #0; hvc #0", {},
    "the guest ended itself by EXIT with status 3: hvc #0x0 at 0x10008; \z
     set cpu.pc or vm:reset() to run it again" },

  { "a device without a write function", [[
        mov     x1, #0x9000000
        mov     w0, #65
        strb    w0, [x1]
  ]], { map = DEVICE },
    "strb w0, [x1] at 0x10008 wrote 1 byte, value 0x41, to the MMIO \z
     address 0x9000000, whose region has no write function; give vm:map \z
     one, or run again to go on" },

  { "a device without a read function", [[
        mov     x1, #0x9000000
        ldr     w0, [x1, #0x18]
  ]], { map = DEVICE },
    "ldr w0, [x1, #24] at 0x10004 reads 4 bytes from the MMIO address \z
     0x9000018, whose region has no read function; give vm:map one, or \z
     use cpu:answer(value) and run again" },

  { "a trapped register that no handler knows", "mrs x0, s3_3_c15_c2_0",
    { before = traps,
    except = { "kvm", "it cannot trap them" } },
    "mrs x0, s3_3_c15_c2_0 at 0x10000 reads the system register \z
     s3_3_c15_c2_0, which no handler of vm:on(\"sysreg\", fn) knew; use \z
     cpu:answer(value) and run again" },

  { "a trapped instruction that no handler knows", "f: udf #7",
    { before = traps, only = { "soft", "others cannot trap them" } },
    "udf #7 at 0x10000 (f) is undefined, and no handler of \z
     vm:on(\"undefined\", fn) took it; cpu:skip() steps over it, \z
     cpu:inject{esr = 0x2000000} lets the guest's own vector have it" },

  { "a machine that has ended", "nop",
    { cpu = { pc = 0x10000, on = false } },
    "no vCPU is on any more; vm:reset(), cpu.on = true or setting cpu.pc \z
     gives the vm something to run" }
}
