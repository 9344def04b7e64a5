-- SPDX-License-Identifier: MIT
--
-- Broken guests that raise an exception without vectors for it: instructions
-- and registers that are not there, other levels, system calls, interrupts.
local catalogue = require "why._catalogue"

-- Goes to EL0 at 1f.
local TO_EL0 = [[
        mov     x0, #0x3c0
        msr     spsr_el1, x0
        adr     x0, 1f
        msr     elr_el1, x0
        eret
1:
]]

local function eret_to(spsr)
  return ([[
        mov     x0, #%#x
        msr     spsr_el1, x0
        adr     x0, user
        msr     elr_el1, x0
        eret
user:   nop
  ]]):format(spsr)
end

-- The exception itself has overwritten SPSR_EL1.
local LOST_SPSR = "illegal-state: eret to 0x10014 (user) asked for a state \z
  that is not there; SPSR_EL1 bits 4-0 must be 0 (EL0), 4 or 5 (EL1)"

catalogue {
  { "an instruction of a newer CPU", [[
main:   nop
        .inst   0x0420e3e0              // cntb x0: SVE
  ]], {},
    "undefined: .inst 0x0420e3e0 at 0x10004 (main+4) is no instruction of \z
     this CPU; is it data, or code for a newer one? vm:on(\"undefined\", \z
     fn) can implement it" },

  { "a feature that the CPU model lacks", "ldadd x1, x2, [x0]",
    { model = "cortex-a53", only = { "soft", "a model" } },
    "undefined: ldadd x1, x2, [x0] at 0x10000 is an instruction that this \z
     VM's CPU model, cortex-a53, does not have; tv.vm { cpu = \"max\" } \z
     has all we know" },

  { "a return address that was overwritten", [[
        mrs     x0, sctlr_el1
        orr     x0, x0, #0x80000000     // EnIA
        msr     sctlr_el1, x0
        paciasp
        add     x30, x30, #8
        autiasp
  ]], { except = { "kvm", "its CPU may not have it" } },
    "pac: autiasp at 0x10014 authenticated a pointer with key IA, and its \z
     code was wrong: it was signed with another key or modifier, or has \z
     changed since" },

  { "the main part of a copy without its prologue", [[
        mov     x2, #4
        cpyfm   [x0]!, [x1]!, x2!
  ]], { except = { "kvm", "its CPU may not have it" } },
    "mops: cpyfm [x0]!, [x1]!, x2! at 0x10004 found registers that are not \z
     what its prologue leaves (PSTATE.C is 0); the three instructions of a \z
     copy or set belong together, prologue, main, epilogue" },

  { "what compilers put behind unreachable code", "f: udf #7", {},
    "undefined: udf #7 at 0x10000 (f) is an instruction that is undefined \z
     on purpose: compilers put it where control must never come" },

  { "semihosting that is not attached", [[
        mov     w0, #4
        hlt     #0xf000
  ]], {},
    "undefined: hlt #0xf000 at 0x10004 is a semihosting call (a request \z
     to a debugger), but semihosting is not attached: run \z
     --semihosting, or in a script require \"tinyvmm.semihosting\".attach(vm)"
  },

  { "a performance counter", "time: mrs x0, pmccntr_el0", {},
    "undefined: mrs x0, pmccntr_el0 at 0x10000 (time) reads the system \z
     register pmccntr_el0, but the performance counters (PMU) are not in \z
     this CPU; take the time from cntvct_el0" },

  { "an interrupt controller", "ack: mrs x0, icc_iar1_el1", {},
    "undefined: mrs x0, icc_iar1_el1 at 0x10000 (ack) reads the system \z
     register icc_iar1_el1, but this vm has no interrupt controller; give it \z
     one, tv.vm{gic = \"v3\"}, or use the timer and cpu:irq, which go \z
     straight to the CPU" },

  { "a hypervisor's register", "msr vbar_el2, x0", {},
    "undefined: msr vbar_el2, x0 at 0x10000 writes the system register \z
     vbar_el2, but guests run at EL1, below the levels of hypervisor and \z
     firmware; use the _el1 register" },

  { "a register that no CPU has", "mrs x0, s3_3_c15_c2_0", {},
    "undefined: mrs x0, s3_3_c15_c2_0 at 0x10000 reads the system \z
     register s3_3_c15_c2_0, but this CPU has no such register; leave it \z
     out, or answer it by vm:on(\"sysreg\", fn)" },

  { "a write of a register that can only be read", "msr midr_el1, x0",
    {},
    "undefined: msr midr_el1, x0 at 0x10000 writes the system register \z
     midr_el1, but that register can only be read; leave it out" },

  { "a read of a register that can only be written", "mrs x0, oslar_el1",
    {},
    "undefined: mrs x0, oslar_el1 at 0x10000 reads the system register \z
     oslar_el1, but that register can only be written; leave it out" },

  { "EL0 uses a register of EL1", TO_EL0 .. "user: mrs x0, sctlr_el1", {},
    "undefined: mrs x0, sctlr_el1 at 0x10014 (user) belongs to EL1, the \z
     kernel's level, but the guest is at EL0, the user's; do it before \z
     the eret to EL0, or by svc" },

  { "EL0 masks interrupts", TO_EL0 .. "user: msr daifset, #2", {},
    "sysreg-trap: msr daifset, #0x2 at 0x10014 (user) uses at EL0, the \z
     user's level, what EL1 has not opened to it (by SCTLR_EL1 or \z
     CNTKCTL_EL1), and the guest has no exception vectors (VBAR_EL1 was \z
     never written)" },

  { "EL0 calls the hypervisor", TO_EL0 .. "user: hvc #0", {},
    "undefined: hvc #0x0 at 0x10014 (user) belongs to EL1, the kernel's \z
     level, but the guest is at EL0, the user's; do it before the eret to \z
     EL0, or by svc" },

  { "a system call without a kernel", "main: svc #3", {},
    "svc: svc #0x3 at 0x10000 (main) calls a kernel, but the guest has no \z
     exception vectors (VBAR_EL1 was never written); set it to a vector \z
     table, or use hvc #0 for hypercalls" },

  { "a Linux program's write", [[
        mov     x0, #1
        adr     x1, text
        mov     x2, #3
        mov     x8, #64
        svc     #0
text:   .ascii  "Hi\n"
  ]], {},
    "svc: svc #0x0 at 0x10010 with x8 = 64 is Linux's system call write, \z
     but there is no kernel here; use hypercalls: 2 PUTS (x1: text) and 0 \z
     EXIT in x0, then hvc #0" },

  { "floating point that CPACR_EL1 turns off", [[
        msr     cpacr_el1, xzr
        fmov    d0, x1
  ]], {},
    "fp-trap: fmov d0, x1 at 0x10004 uses FP/SIMD registers while \z
     CPACR_EL1 (bits 20 and 21, FPEN) turns them off; set it to 3 << 20, \z
     or leave out fp = false" },

  { "eret to EL2", eret_to(0x3c9), { host = LOST_SPSR },
    "illegal-state: eret to 0x10014 (user) asked for EL2, the \z
     hypervisor's level, above the guest (SPSR_EL1 = 0x3c9); SPSR_EL1 \z
     bits 4-0 must be 0 (EL0), 4 or 5 (EL1)" },

  { "eret to EL3", eret_to(0x3cd), { host = LOST_SPSR },
    "illegal-state: eret to 0x10014 (user) asked for EL3, the firmware's \z
     level, above the guest (SPSR_EL1 = 0x3cd); SPSR_EL1 bits 4-0 must be \z
     0 (EL0), 4 or 5 (EL1)" },

  { "eret to 32-bit code", eret_to(0x1d0), { host = LOST_SPSR,
    except = { "kvm", "its CPU may have it" } },
    "illegal-state: eret to 0x10014 (user) asked for 32-bit code \z
     (AArch32), which is not there (SPSR_EL1 = 0x1d0); SPSR_EL1 bits 4-0 \z
     must be 0 (EL0), 4 or 5 (EL1)" },

  { "eret with a mode that does not exist", eret_to(0x3c1),
    { host = LOST_SPSR },
    "illegal-state: eret to 0x10014 (user) asked for a state that does \z
     not exist (SPSR_EL1 = 0x3c1); SPSR_EL1 bits 4-0 must be 0 (EL0), 4 \z
     or 5 (EL1)" },

  { "an interrupt before vectors are set", [[
main:   msr     daifclr, #2
        b       .
  ]], { before = function(_, cpu) cpu:irq(true) end },
    "interrupt: an interrupt arrived before b main+4 at 0x10004 (main+4), \z
     but the guest has no exception vectors (VBAR_EL1 was never written); \z
     set that before msr daifclr, or lower the line: cpu:irq(false)" },

  { "a timer before vectors are set", [[
        mov     x0, #10
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        msr     daifclr, #2
        b       .
  ]], {},
    "interrupt: the timer fired before b 0x10014 at 0x10014 (it was set \z
     for 10, the count is 10), but the guest has no exception vectors \z
     (VBAR_EL1 was never written); set that before msr daifclr" },

  { "a timer set to a time that has passed", [[
        mov     x0, #0x10000
wait:   sub     x0, x0, #1
        cbnz    x0, wait
        mov     x0, #5
        msr     cntv_cval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        msr     daifclr, #2
        b       .
  ]], { limits = { budget = 200000 } },
    "interrupt: the timer fired before b wait+28 at 0x10020 (wait+28) (it \z
     was set for 5, the count is 8192: in the past), but the guest has no \z
     exception vectors (VBAR_EL1 was never written); set that before msr \z
     daifclr" },

  { "an assertion of clang's", "check: brk #1", {},
    "brk #0x1 at 0x10000 (check) was hit: clang's __builtin_trap, or a \z
     failed assertion; the guest has no vector for it (VBAR_EL1): look \z
     who called (x30 = 0), or cpu:skip() and run again" },

  { "an assertion of GCC's", "check: bl fail; fail: brk #1000", {},
    "brk #0x3e8 at 0x10004 (fail) was hit: GCC's __builtin_trap, or code \z
     that must not be reached; the guest has no vector for it (VBAR_EL1): \z
     look who called (x30 = 0x10004 (fail)), or cpu:skip() and run again" },

  { "undefined behaviour that UBSan found", "brk #0x5515", {},
    "brk #0x5515 at 0x10000 was hit: a failed check of UBSan (undefined \z
     behaviour); the guest has no vector for it (VBAR_EL1): look who \z
     called (x30 = 0), or cpu:skip() and run again" }
}
