-- SPDX-License-Identifier: MIT
--
-- Broken guests that never end: waits for nothing, loops, locks, exceptions
-- that raise exceptions.
local catalogue = require "why._catalogue"

local DEVICE = { { base = 0x9000000, size = 0x4000, kind = "mmio",
  read = function() return 0x20 end } }

local BUDGET = { limits = { budget = 1000 } }

-- A vector table at 0x8000, whose label is `vectors`, and the program at
-- 0x10000. `sync` and `irq` are the handlers from EL1.
local function with_vectors(sync, irq, main)
  return ([[
        .org    0
vectors:
        .org    0x200
sync:   %s
        .org    0x280
irq:    %s
        .org    0x8000
_start: adr     x0, vectors
        msr     vbar_el1, x0
        %s
  ]]):format(sync, irq, main)
end

local AT = { at = 0x8000, cpu = { pc = 0x10000 }, limits = { budget = 1000 } }
local DEVICE_AT = { at = AT.at, cpu = AT.cpu, limits = AT.limits,
  device = true }

catalogue {
  { "wfi with nothing to wait for", "main: wfi", {},
    "wfi at 0x10000 (main) waits for an interrupt, but no timer is armed \z
     and no line is up; raise one with cpu:irq(true), or arm a timer \z
     before the wfi" },

  { "wfi with a timer that was not enabled", [[
        mov     x0, #100
        msr     cntv_tval_el0, x0
        wfi
  ]], {},
    "wfi at 0x10008 waits, but the virtual timer was set and not enabled; \z
     write 1 (ENABLE) to CNTV_CTL_EL0 before" },

  { "wfi with a timer that is masked", [[
        mov     x0, #100
        msr     cntv_tval_el0, x0
        mov     x0, #3
        msr     cntv_ctl_el0, x0
        wfi
  ]], {},
    "wfi at 0x10010 waits, but the virtual timer is masked (bit 1 of \z
     CNTV_CTL_EL0, IMASK), so no interrupt comes; write 1 to that register" },

  { "a branch to itself", "main: b main", BUDGET,
    "the budget ended at 0x10000 (main), before b main, after 1000 \z
     instructions: it is a branch to itself, which never ends; end the \z
     program by EXIT (mov x0, #0; hvc #0), or run again" },

  { "a branch to itself at the deadline", "main: b main",
    { limits = { deadline = 500 } },
    "the deadline came at 0x10000 (main), before b main, after 500 \z
     instructions: it is a branch to itself, which never ends; end the \z
     program by EXIT (mov x0, #0; hvc #0), or run again" },

  { "wfi with the timer's interrupt masked in PSTATE", [[
        mov     x0, #100
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
sleep:  wfi
        b       sleep
  ]], { limits = { budget = 5000 },
    except = { "hvf", "the mock has no time while it waits" } },
    "the budget ended at 0x10010 (sleep), before wfi, after 5000 \z
     instructions: an interrupt is up, but masked in PSTATE (DAIF), so \z
     wfi goes on and no handler runs; unmask it: msr daifclr, #2" },

  { "wfe without another vCPU", "sleep: wfe; b sleep", BUDGET,
    "the budget ended at 0x10000 (sleep), before wfe, after 1000 \z
     instructions: the loop waits by wfe for an event, but no other vCPU \z
     sends one by sev" },

  { "a device that never gets ready", [[
        mov     x1, #0x9000000
poll:   ldr     w0, [x1, #0x18]
        tbnz    w0, #5, poll
  ]], { map = DEVICE, limits = { budget = 1000 } },
    "the budget ended at 0x10008 (poll+4), before tbnz w0, #5, poll, \z
     after 1000 instructions: the loop reads the device at 0x9000018 and \z
     never gets what tbnz w0, #5, poll waits for; what should its read \z
     function return?" },

  { "a flag that nobody sets", [[
        adr     x1, flag
wait:   ldr     w0, [x1]
        cbz     w0, wait
        hvc     #0
        .align  3
flag:   .word   0
  ]], BUDGET,
    "the budget ended at 0x10008 (wait+4), before cbz w0, wait, after \z
     1000 instructions: the loop waits for the memory at 0x10010 (flag) \z
     to change, but does not write it; should an interrupt's handler or \z
     another vCPU?" },

  { "a lock taken twice", [[
        adr     x1, lock
        bl      take
        bl      take
        b       .
take:   ldaxr   w0, [x1]
        cbnz    w0, take
        mov     w2, #1
        stxr    w3, w2, [x1]
        cbnz    w3, take
        ret
        .align  3
lock:   .word   0
  ]], { strict = false, normal = true,
    limits = { budget = 1000 } },
    "the budget ended at 0x10014 (take+4), before cbnz w0, take, after \z
     1000 instructions: it waits for the lock at 0x10028 (lock), which is \z
     taken (0x1); there is no other vCPU to free it: was it taken twice?" },

  { "a counter that steps over its end", [[
        mov     x0, #9
loop:   subs    x0, x0, #2
        b.ne    loop
  ]], BUDGET,
    "the budget ended at 0x10008 (loop+4), before b.ne loop, after 1000 \z
     instructions: subs x0, x0, #0x2 makes x0 step over 0, where the loop \z
     ends (now -991); end it by an order (b.gt, b.lt)" },

  { "a counter that began beyond its end", [[
        mov     x0, #20
loop:   add     x0, x0, #1
        cmp     x0, #10
        b.ne    loop
  ]], BUDGET,
    "the budget ended at 0x10004 (loop), before add x0, x0, #0x1, after \z
     1000 instructions: x0 has gone past 10, where the loop ends (now \z
     353): did it start beyond? end the loop by an order (b.gt, b.lt)" },

  { "a loop that just takes longer", [[
        mov     x0, #0x10000
loop:   sub     x0, x0, #1
        cbnz    x0, loop
  ]], { only = { "soft", "counts steps" },
    limits = { budget = 1000 } },
    "the budget ended at 0x10008 (loop+4), before cbnz x0, loop, after \z
     1000 instructions: x0 = 65036 still has 65036 rounds to go to 0; \z
     give more budget" },

  { "a loop that forgot to count", [[
        mov     x0, #10
loop:   add     x1, x1, #1
        cbnz    x0, loop
  ]], BUDGET,
    "the budget ended at 0x10008 (loop+4), before cbnz x0, loop, after \z
     1000 instructions: cbnz x0, loop waits for x0 = 0xa to change, but \z
     nothing in the loop changes it; was it to be counted there?" },

  { "a list that ends in a circle", [[
        adr     x1, one
next:   ldr     x1, [x1, #8]
        cbnz    x1, next
        b       .
        .align  3
one:    .quad   1, two
two:    .quad   2, one
  ]], BUDGET,
    "the budget ended at 0x10008 (next+4), before cbnz x1, next, after \z
     1000 instructions: ldr x1, [x1, #8] follows a list that goes round \z
     in a circle (of 2, through 0x10010 (one)), so no null pointer ends it" },

  { "a delay loop on the counter", [[
        mrs     x1, cntvct_el0
loop:   mrs     x0, cntvct_el0
        sub     x0, x0, x1
        lsr     x2, x0, #50
        cbz     x2, loop
  ]], BUDGET,
    "the budget ended at 0x10010 (loop+12), before cbz x2, loop, after \z
     1000 instructions: it waits for time to pass (cntvct_el0; a tick is \z
     16 instructions); give more budget, or set the timer and use wfi" },

  { "a system register that does not change", [[
loop:   mrs     x0, currentel
        cmp     x0, #8
        b.ne    loop
  ]], BUDGET,
    "the budget ended at 0x10004 (loop+4), before cmp x0, #0x8, after \z
     1000 instructions: it waits for the system register currentel to \z
     change, which it does not" },

  { "a function that does not save x30", [[
        bl      f
        b       .
f:      bl      g
        add     x1, x1, #1
        ret
g:      ret
  ]], BUDGET,
    "the budget ended at 0x10010 (f+8), before ret, after 1000 \z
     instructions: ret at 0x10010 (f+8) returns to x30 = 0x1000c, behind \z
     bl g in the same function: save x30 on the stack before bl" },

  { "a loop of another kind", [[
loop:   add     x0, x0, #1
        eor     x1, x1, x0
        b       loop
  ]], BUDGET,
    "the budget ended at 0x10004 (loop+4), before eor x1, x1, x0, after \z
     1000 instructions: it goes round from 0x10000 to 0x10008 (loop+8); \z
     run again to go on" },

  { "a vector without a handler", [[
        mov     x0, #0x8000
        msr     vbar_el1, x0
        svc     #1
  ]], { limits = BUDGET.limits,
    except = { "kvm", "its watchdog ends the run" } },
    "the budget ended at 0x8200, before udf #0, after 1000 instructions: \z
     the vector at 0x8200 has no code (zeros), so each exception raises \z
     the next; write a handler there" },

  { "a vector table that is not aligned to 2048", [[
        adr     x0, vectors
        msr     vbar_el1, x0
        svc     #0
        b       .
        .balign 128
vectors:
        .space  0x200
        eret
  ]], { limits = BUDGET.limits,
    except = { "kvm", "VBAR_EL1 may keep the low bits" } },
    "the budget ended at 0x10200 (vectors+384), before udf #0, after 1000 \z
     instructions: the vector table is at 0x10080 (vectors), but must be \z
     at a multiple of 2048 (.balign 2048): VBAR_EL1 became 0x10000" },

  { "a handler that goes back to the faulting instruction",
    with_vectors("eret", "eret", "udf #1"), AT,
    "the budget ended at 0x10008 (_start+8), before udf #1, after 1000 \z
     instructions: the handler returns to udf #1 at 0x10008 (_start+8), \z
     which faults again; repair the cause, or add 4 to ELR_EL1 before eret" },

  { "a handler that goes back to an unaligned access",
    with_vectors("nop; eret", "eret", "mov x1, #1; ldr x0, [x1]"), DEVICE_AT,
    "the budget ended at 0x8200 (sync), before nop, after 1000 \z
     instructions: the handler returns to ldr x0, [x1] at 0x1000c \z
     (_start+12), which faults again; repair the cause, or add 4 to \z
     ELR_EL1 before eret" },

  { "a handler that raises an exception and loses its way back",
    with_vectors("mrs x9, esr_el1; cbnz x8, 1f; mov x8, #1; svc #1; 1: eret",
      "eret", "svc #0"), AT,
    "the budget ended at 0x8210 (sync+16), before eret, after 1000 \z
     instructions: eret at 0x8210 (sync+16) returns into the handler \z
     itself (ELR_EL1 = 0x8210): save ELR_EL1 and SPSR_EL1 before it can \z
     raise an exception" },

  { "a handler that faults itself",
    with_vectors("mov x1, #1; str x0, [x1]; eret", "eret", "svc #0"),
    DEVICE_AT,
    "the budget ended at 0x8204 (sync+4), before str x0, [x1], after 1000 \z
     instructions: the handler at 0x8200 (sync) faults itself: str x0, \z
     [x1] at 0x8204 (sync+4) raises a bad access, which enters the \z
     handler again" },

  { "a vector with text", with_vectors(".ascii \"sync\"", "eret", "svc #0"),
    { at = AT.at, cpu = AT.cpu, limits = AT.limits,
    except = { "kvm", "its watchdog ends the run" } },
    "the budget ended at 0x8200 (sync), before .inst 0x636e7973, after \z
     1000 instructions: the vector at 0x8200 has no code (text), so each \z
     exception raises the next; write a handler there" },

  { "a timer handler that does not set the timer anew",
    with_vectors("eret", "nop; eret", [[
        mov     x0, #1
        msr     cntv_tval_el0, x0
        msr     cntv_ctl_el0, x0
        msr     daifclr, #2
        b       .
    ]]), { at = AT.at, cpu = AT.cpu, limits = AT.limits,
    except = { "kvm hvf", "by chance it is between two" } },
    "the budget ended at 0x10018 (_start+24), before b _start+24, after \z
     1000 instructions: the timer's interrupt comes again after each \z
     eret, for the handler does not set the timer anew (CNTV_TVAL_EL0) or \z
     turn it off" },

  { "an interrupt line that stays up",
    with_vectors("eret", "eret", "msr daifclr, #2; b ."),
    { at = 0x8000, cpu = { pc = 0x10000 }, limits = { budget = 1000 },
      before = function(_, cpu) cpu:irq(true) end },
    "the budget ended at 0x1000c (_start+12), before b _start+12, after \z
     1000 instructions: the interrupt comes again after each eret, for \z
     its line stays up; let the handler quiet the device (the script: \z
     cpu:irq(false))" },

  { "a timeout", "loop: b loop", { limits = { timeout = 0 },
    host = "the timeout passed at 0x10000 (loop), before b loop: it is a \z
     branch to itself, which never ends; end the program by EXIT (mov x0, \z
     #0; hvc #0), or run again" },
    "the timeout passed at 0x10000 (loop), before b loop, after 0 \z
     instructions; run again to go on" },

  { "a stop by the script", "loop: b loop",
    { before = function(vm) vm:stop() end },
    "vm:stop ended the run at 0x10000 (loop), before b loop, after 0 \z
     instructions; run again to go on" },

  { "a timer that the script asked for", [[
        mov     x0, #1
        msr     cntv_tval_el0, x0
        msr     cntv_ctl_el0, x0
        b       .
  ]], { timer = "exit" },
    "the virtual timer fired at 0x1000c, and the vm was made with timer = \z
     \"exit\"; disarm it (cpu.cntv_ctl_el0 = 0) or move cpu.cntv_cval_el0 \z
     on, then run again" }
}
