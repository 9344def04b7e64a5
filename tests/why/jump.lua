-- SPDX-License-Identifier: MIT
--
-- Broken guests whose pc went wrong: returns, calls and jumps to where no
-- code is, and programs that run off their end.
local catalogue = require "why._catalogue"

-- A vm whose RAM starts where boards have it: address 0 is not mapped.
local BOARD = { 0x40000000, "1M" }

catalogue {
  { "a return through an overwritten x30", [[
        bl      f
f:      mov     x30, #0xa00000
        ret
  ]], {},
    "unmapped: a return jumped to x30 = 0xa00000, where no memory is \z
     mapped (the nearest is RAM 0-0xfffff); x30, the return address, was \z
     overwritten: save it by stp x29, x30, [sp, #-16]! before bl" },

  { "a return address that a buffer overran with text", [[
        bl      f
f:      stp     x29, x30, [sp, #-32]!
        movz    x0, #0x4141
        movk    x0, #0x4141, lsl #16
        str     x0, [sp]
        str     x0, [sp, #8]
        ldp     x29, x30, [sp], #32
        ret
  ]], { real = "unmapped comes first" },
    "pc-alignment: a return jumped to x30 = 0x41414141, the text \z
     \"AAAA\", which is no multiple of 4, as instructions are; a buffer \z
     on the stack was overrun up to the saved x30" },

  { "main returns, and nobody called it", [[
main:   mov     x0, #1
        ret
  ]], { at = 0x40010000, ram = BOARD },
    "unmapped: a return jumped to x30 = 0, where no memory is mapped (the \z
     nearest is RAM 0x40000000-0x400fffff); nobody called this code (or \z
     x30 was lost): end it by EXIT, mov x0, #0; hvc #0, not ret" },

  { "main returns to 0, where empty RAM is", [[
main:   mov     x0, #1
        ret
  ]], {},
    "undefined: a return jumped to x30 = 0, which is empty memory (zeros \z
     are no instruction); nobody called this code (or x30 was lost): end \z
     it by EXIT, mov x0, #0; hvc #0, not ret" },

  { "a call through a null function pointer", [[
        mov     x3, #0
        blr     x3
  ]], { at = 0x40010000, ram = BOARD },
    "unmapped: blr x3 at 0x40010004 called the null pointer x3 = 0, where \z
     no memory is mapped (the nearest is RAM 0x40000000-0x400fffff); set \z
     it to the address of a function first" },

  { "a call through a null function pointer into empty RAM", [[
        mov     x3, #0
        blr     x3
  ]], {},
    "undefined: blr x3 at 0x10004 called the null pointer x3 = 0, which \z
     is empty memory (zeros are no instruction); set it to the address of \z
     a function first" },

  { "a call through a pointer to nowhere", [[
main:   mov     x3, #0x900000
        blr     x3
  ]], {},
    "unmapped: blr x3 at 0x10004 (main+4) called x3 = 0x900000, where no \z
     memory is mapped (the nearest is RAM 0-0xfffff); x3 is not the \z
     address of a function" },

  { "a call through a pointer to data", [[
main:   adr     x3, table
        blr     x3
        .data
table:  .word   0xffffffff, 2
  ]], {},
    "undefined: blr x3 at 0x10004 (main+4) called x3 = 0x10010 \z
     (table) in section .data, which is data, not code; x3 is not the \z
     address of a function" },

  { "a call of a variable", [[
main:   adr     x3, count
        blr     x3
        nop
count:  .word   5
  ]], {},
    "undefined: blr x3 at 0x10004 (main+4) called x3 = 0x1000c (count), \z
     which holds the number 5, not code; x3 is not the address of a \z
     function" },

  { "a jump through a register that holds no address", [[
        mov     x5, #0x900000
        br      x5
  ]], {},
    "unmapped: a branch went to x5 = 0x900000, where no memory is mapped \z
     (the nearest is RAM 0-0xfffff); x5 is not the address of code" },

  { "a bl beyond memory", [[
        bl      main + 0x200000
main:   nop
  ]], {},
    "unmapped: bl 0x210004 at 0x10000 called 0x210004, where no memory is \z
     mapped (the nearest is RAM 0-0xfffff); fix its target" },

  { "code that runs past the end of RAM", [[
        nop
last:   add     x0, x0, #1
  ]], { at = 0xffff8 },
    "unmapped: the guest ran past add x0, x0, #0x1 at 0xffffc (last), the \z
     end of RAM 0-0xfffff; end the code with ret, a branch or EXIT before \z
     it" },

  { "code that runs past its own end", [[
main:   mov     x0, #1
        add     x0, x0, #1
  ]], {},
    "undefined: the guest ran on past add x0, x0, #0x1 at 0x10004 \z
     (main+4) into 0x10008, which is empty memory (zeros are no \z
     instruction); end the code with ret, a branch or EXIT" },

  { "a call at the very end, which returns", [[
        b       main
f:      ret
main:   bl      f
  ]], {},
    "undefined: the guest ran on past bl f at 0x10008 (main) into \z
     0x1000c, which is empty memory (zeros are no instruction); end the \z
     code with ret, a branch or EXIT" },

  { "a pointer to bytes called as code", [[
        adr     x1, text + 1
        blr     x1
text:   .asciz  "code"
  ]], {},
    "pc-alignment: blr x1 at 0x10004 called x1 = 0x10009 (text+1), which \z
     is no multiple of 4, as instructions are; x1 is not the address of a \z
     function: is it a pointer to bytes?" },

  { "a code address with a Thumb bit", [[
        adr     x1, f + 1
        br      x1
        nop
f:      ret
  ]], {},
    "pc-alignment: a branch went to x1 = 0x1000d (f+1), which is no \z
     multiple of 4, as instructions are; A64 has no Thumb bit: do not add \z
     1 to code addresses" },

  { "a pc that the script misaligned", "nop", { cpu = { pc = 0x10002 } },
    "pc-alignment: the vCPU starts at 0x10002, which is no multiple of 4, \z
     as instructions are; fix pc in vm:vcpu{}" },

  { "a pc where no memory is", "nop", { cpu = { pc = 0x400000 } },
    "unmapped: the vCPU starts at 0x400000, where no memory is mapped \z
     (the nearest is RAM 0-0xfffff); set pc in vm:vcpu{}, or load the \z
     program there" },

  { "no program was loaded", nil, {},
    "undefined: the vCPU starts at 0x10000, where memory is empty (zeros \z
     are no instruction): nothing was loaded; put a program there with \z
     vm:load" },

  { "a program that was loaded elsewhere", "nop",
    { at = 0x20000, cpu = { pc = 0x10000 } },
    "undefined: the vCPU starts at 0x10000, where memory is empty (zeros \z
     are no instruction): the program was loaded at 0x20000; give \z
     vm:vcpu{pc = 0x20000}" },

  { "eret with ELR_EL1 still 0", [[
        mov     x0, #0x3c5
        msr     spsr_el1, x0
        mov     x30, #4
        eret
  ]], { at = 0x40010000, ram = BOARD,
    except = { "kvm", "the guest's own abort: ELR_EL1 is lost" } },
    "unmapped: eret went to ELR_EL1 = 0, where no memory is mapped (the \z
     nearest is RAM 0x40000000-0x400fffff); write the address to go on at \z
     to ELR_EL1 before eret" },

  { "eret to empty memory", [[
        mov     x0, #0x3c5
        msr     spsr_el1, x0
        mov     x1, #0x8000
        msr     elr_el1, x1
        eret
  ]], { only = { "soft", "ELR_EL1 is lost" } },
    "undefined: eret went to ELR_EL1 = 0x8000, which is empty memory \z
     (zeros are no instruction); write the address to go on at to ELR_EL1 \z
     before eret" },

  { "a vector table where no memory is", [[
        mov     x0, #0x900000
        msr     vbar_el1, x0
        svc     #1
  ]], { except = { "kvm", "the guest's own abort: ESR_EL1 is lost" } },
    "unmapped: svc at 0x10008 went to its vector 0x900200 (VBAR_EL1 + \z
     0x200), where no memory is mapped (the nearest is RAM 0-0xfffff); \z
     put the address of a vector table into VBAR_EL1" },

  { "an interrupt whose vector table is not mapped", [[
        mov     x0, #0x900000
        msr     vbar_el1, x0
        msr     daifclr, #2
        b       .
  ]], { before = function(_, cpu) cpu:irq(true) end,
    except = { "kvm", "the guest's own abort: ELR_EL1 is lost" } },
    "unmapped: an interrupt at 0x1000c went to its vector 0x900280 \z
     (VBAR_EL1 + 0x280), where no memory is mapped (the nearest is RAM \z
     0-0xfffff); put the address of a vector table into VBAR_EL1" },

  { "a jump into memory that may not run code", [[
        mov     x1, #0x200000
        blr     x1
  ]], { map = { { base = 0x200000, size = 0x4000, prot = "rw" } },
    except = { "kvm", "execute is not enforced" } },
    "protected: blr x1 at 0x10004 called x1 = 0x200000, in RAM \z
     0x200000-0x203fff, whose protection \"rw\" has no \"x\"; x1 is not \z
     the address of a function, or allow code there: \z
     memory:protect(\"rwx\")" },

  { "a jump into a device", [[
        mov     x1, #0x9000000
        br      x1
  ]], { map = { { base = 0x9000000, size = 0x4000, kind = "mmio" } } },
    "protected: a branch went to x1 = 0x9000000, in MMIO \z
     0x9000000-0x9003fff: devices hold no code; x1 is not the address of \z
     code" },

  { "a raw binary that was linked for another address",
    -- ldr x16, .+8; br x16; .quad 0x40080004
    string.pack("<I4I4I8", 0x58000050, 0xd61f0200, 0x40080004),
    { raw = true },
    "unmapped: the guest jumped to 0x40080004, where no memory is mapped: \z
     the program seems to be linked for 0x40080000, but is loaded at \z
     0x10000; load it by vm:load(0x40080000, ...)" },

  { "a jump to a kernel's virtual address", [[
        ldr     x1, =0xffff000008080000
        br      x1
  ]], {},
    "address-size: a branch went to x1 = 0xffff000008080000, beyond the \z
     48 bits of an address; x1 is not the address of code" }
}
