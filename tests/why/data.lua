-- SPDX-License-Identifier: MIT
--
-- Broken guests with loads and stores to a wrong address: null and wild
-- pointers, indexes, stacks, ROM, addresses of other machines.
local catalogue = require "why._catalogue"

-- RAM as boards have it: nothing is mapped at 0.
local BOARD = { 0x40000000, "1M" }

local function board(options)
  options.at, options.ram = 0x40010000, BOARD
  return options
end

catalogue {
  { "a null pointer", [[
        mov     x1, #0
read:   ldr     w0, [x1]
  ]], board {},
    "unmapped: ldr w0, [x1] at 0x40010004 (read) read from 0: x1 is 0, a \z
     null pointer; check it before, or find out who returned or passed 0" },

  { "a field of a null structure", [[
        mov     x19, #0
        str     x0, [x19, #24]
  ]], board {},
    "unmapped: str x0, [x19, #24] at 0x40010004 wrote to 0x18: x19 is 0, \z
     a null pointer to a structure whose field at offset 24 is used; \z
     check x19 before" },

  { "a register that nothing has set", [[
main:   mov     x0, #1
        str     x0, [x1]
  ]], board {},
    "unmapped: str x0, [x1] at 0x40010004 (main+4) wrote to 0: x1 is 0 \z
     because nothing has set it yet; load an address into x1 first (adr, \z
     ldr =label)" },

  { "a small number taken for a pointer", [[
        mov     x1, #42
        ldrb    w0, [x1]
  ]], board {},
    "unmapped: ldrb w0, [x1] at 0x40010004 read from 0x2a: x1 = 0x2a is a \z
     small number, not an address: was it loaded from the wrong place, or \z
     is it a count or a field of a null pointer?" },

  { "a 32-bit address with its sign extended", [[
        adr     x2, table
        ldrsw   x1, [x2]
        ldr     w0, [x1]
        .align  2
table:  .word   0x80000010
  ]], { at = 0x80010000, ram = { 0x80000000, "1M" } },
    "address-size: ldr w0, [x1] at 0x80010008 read from \z
     0xffffffff80000010: x1 = 0xffffffff80000010 is the address \z
     0x80000010 with its sign bit copied into the upper half; load 32-bit \z
     addresses by ldr w, not ldrsw or sxtw" },

  { "two 32-bit values loaded as one address", [[
        adr     x2, table
        ldr     x1, [x2]
        ldr     w0, [x1]
        .align  3
table:  .word   0x40000010, 7
  ]], board {},
    "unmapped: ldr w0, [x1] at 0x40010008 read from 0x740000010: the \z
     lower half of x1 = 0x740000010 is an address, the upper half is not: \z
     was a 32-bit value loaded as 64 bits?" },

  { "text taken for an address", [[
        adr     x2, name
        ldr     x1, [x2]
        ldrb    w0, [x1]
        .align  3
name:   .asciz  "Alice"
  ]], {},
    "unmapped: ldrb w0, [x1] at 0x10008 read from 0x6563696c41: x1 holds \z
     the text \"Alice\", not an address: a string was taken for a \z
     pointer, or a buffer was overrun into one" },

  { "a pointer that was never set, as a debugging allocator leaves it", [[
        ldr     x1, =0xdeadbeef
        ldrb    w0, [x1]
  ]], {},
    "unmapped: ldrb w0, [x1] at 0x10004 read from 0xdeadbeef: x1 = \z
     0xdeadbeef is a filler, put into memory that is not set or no longer \z
     used: the pointer was read before it was set, or after its memory \z
     was freed" },

  { "an address in big-endian order", [[
        ldr     w1, =0x20000100
        ldr     w0, [x1]
        .space  64
  ]], {},
    "unmapped: ldr w0, [x1] at 0x10004 read from 0x20000100: x1 = \z
     0x20000100 is the address 0x10020 with its bytes in the wrong order \z
     (big-endian); turn it round with rev" },

  { "a negative index", [[
        adr     x1, table
        movn    x2, #0x1, lsl #16
        ldr     x0, [x1, x2, lsl #3]
        .align  3
table:  .quad   1, 2, 3
  ]], board {},
    "unmapped: ldr x0, [x1, x2, lsl #3] at 0x40010008 read from \z
     0x3ff90008: the base x1 = 0x40010010 is good, but the index x2 = \z
     -65537 is negative; check it before" },

  { "a negative index taken as unsigned", [[
        adr     x1, table
        mov     w2, #-1
        ldr     x0, [x1, w2, uxtw #3]
        .align  3
table:  .quad   1, 2, 3
  ]], {},
    "unmapped: ldr x0, [x1, w2, uxtw #3] at 0x10008 read from \z
     0x800010008: the base x1 = 0x10010 is good, but the index w2 = \z
     0xffffffff is -1 taken as unsigned; extend it by sxtw, or keep it \z
     from going below 0" },

  { "an index far past the end", [[
        adr     x1, table
        mov     x2, #0x100000
        ldr     x0, [x1, x2, lsl #3]
        .align  3
table:  .quad   1, 2, 3
  ]], {},
    "unmapped: ldr x0, [x1, x2, lsl #3] at 0x10008 read from 0x810010: \z
     the base x1 = 0x10010 is good, but the index x2 = 1048576 leads past \z
     the end of memory; is it a count of elements?" },

  { "an index that runs over the end of RAM", [[
        adr     x1, array
        mov     x0, #0
next:   str     w0, [x1, x0, lsl #2]
        add     x0, x0, #1
        b       next
        .align  3
array:  .word   0
  ]], { limits = { budget = 1000000 } },
    "unmapped: str w0, [x1, x0, lsl #2] at 0x10008 (next) wrote to \z
     0x100000, just past the end of RAM 0-0xfffff: the index x0 = 245754 \z
     ran over the end of the array at 0x10018 (array); check the loop's \z
     limit" },

  { "a loop that runs over the end of RAM", [[
        mov     x1, #0xff000
next:   str     xzr, [x1], #8
        b       next
  ]], {},
    "unmapped: str xzr, [x1], #8 at 0x10004 (next) wrote to 0x100000, \z
     just past the end of RAM 0-0xfffff: x1 = 0x100000 ran over the end \z
     of an array or buffer; check the loop's limit" },

  { "a loop that runs under the start of RAM", [[
        movz    x1, #0x4000, lsl #16
next:   ldrb    w0, [x1, #-1]!
  ]], board {},
    "unmapped: ldrb w0, [x1, #-1]! at 0x40010004 (next) read from \z
     0x3fffffff, just below the start of RAM 0x40000000-0x400fffff: x1 = \z
     0x40000000 went under the start of an array or buffer" },

  { "an offset without its base", [[
        mov     x1, #0x20000
        ldr     x0, [x1]
  ]], board {},
    "unmapped: ldr x0, [x1] at 0x40010004 read from 0x20000: x1 = 0x20000 \z
     looks like an offset without its base: RAM starts at 0x40000000 \z
     here; add that" },

  { "RAM of another board", [[
        movz    x1, #0x4000, lsl #16
        ldr     x0, [x1, #8]
  ]], {},
    "unmapped: ldr x0, [x1, #8] at 0x10004 read from 0x40000008, where \z
     QEMU's virt board has RAM, but this vm has not (the nearest is RAM \z
     0-0xfffff); use tv.vm{ram = {0x40000000, \"64M\"}} or link for \z
     another address" },

  { "a serial port that is not there", [[
uart:   movz    x1, #0x900, lsl #16
        mov     w0, #65
        strb    w0, [x1]
  ]], {},
    "unmapped: strb w0, [x1] at 0x10008 (uart+8) wrote to 0x9000000, the \z
     serial port of QEMU's virt board, which this vm does not have; make \z
     one by vm:map{kind = \"mmio\", base = 0x9000000, ...}" },

  { "an interrupt controller that is not there", [[
        movz    x1, #0x800, lsl #16
        ldr     w0, [x1]
  ]], {},
    "unmapped: ldr w0, [x1] at 0x10004 read from 0x8000000, the interrupt \z
     controller (GIC) of QEMU's virt board, which this vm does not have; \z
     make the vm with one, tv.vm{gic = \"v3\"}" },

  { "the memory of a GICv2", [[
        movz    x1, #0x801, lsl #16
        ldr     w0, [x1, #12]
  ]], {},
    "unmapped: ldr w0, [x1, #12] at 0x10004 read from 0x801000c, the CPU \z
     interface of a GICv2 on QEMU's virt board, which this vm does not have; \z
     a GICv3, tv.vm{gic = \"v3\"}, has the icc_ registers in its place" },

  { "a Raspberry Pi's pins", [[
        movz    x1, #0xfe20, lsl #16
        ldr     w0, [x1, #4]
  ]], {},
    "unmapped: ldr w0, [x1, #4] at 0x10004 read from 0xfe200004, the GPIO \z
     pins of a Raspberry Pi 4, which this vm does not have; make one by \z
     vm:map{kind = \"mmio\", base = 0xfe200000, ...}" },

  { "data of a raw binary that was linked for another address",
    -- ldr x1, .+8; ldr x0, [x1]; .quad 0x40080008
    string.pack("<I4I4I8", 0x58000041, 0xf9400020, 0x40080008),
    { raw = true },
    "unmapped: ldr x0, [x1] at 0x10004 read from 0x40080008: the program \z
     seems to be linked for 0x40080000, but is loaded at 0x10000; load it \z
     by vm:load(0x40080000, ...)" },

  { "a wild pointer", [[
        mov     x1, #0x900000
wild:   str     x0, [x1]
  ]], {},
    "unmapped: str x0, [x1] at 0x10004 (wild) wrote 8 bytes to 0x900000, \z
     where no memory is mapped (the nearest is RAM 0-0xfffff); map some \z
     with vm:map or fix x1 (x1 = 0x900000)" },

  { "a wild pointer that is odd", [[
        ldr     x1, =0x900001
wild:   ldr     x0, [x1]
  ]], { device = true },
    "alignment: ldr x0, [x1] at 0x10004 (wild) read 8 bytes at 0x900001, \z
     an unaligned address where no memory is mapped (the nearest is RAM \z
     0-0xfffff); fix x1 (x1 = 0x900001)" },

  { "a kernel's virtual address", [[
        ldr     x1, =0xffff000008080000
        ldr     x0, [x1]
  ]], {},
    "address-size: ldr x0, [x1] at 0x10004 read from 0xffff000008080000: \z
     x1 = 0xffff000008080000 is a virtual address of a kernel, which \z
     means nothing while the MMU is off; use physical addresses" },

  { "an address of more than 48 bits", [[
        ldr     x1, =0x0012000000000000
        ldr     x0, [x1]
  ]], board {},
    "address-size: ldr x0, [x1] at 0x40010004 uses the address \z
     0x12000000000000, beyond the 48 bits of a physical address; fix x1 \z
     (x1 = 0x12000000000000)" },

  { "a stack pointer that was never set", [[
main:   stp     x29, x30, [sp, #-16]!
  ]], { cpu = { pc = 0x10000, sp = 0 } },
    "address-size: stp x29, x30, [sp, #-16]! at 0x10000 (main) uses the \z
     stack, but sp = 0: it was never set; give vm:vcpu{sp =} the end of \z
     some RAM, or set sp first" },

  { "recursion without end", [[
main:   mov     x29, sp
f:      stp     x29, x30, [sp, #-16]!
        bl      f
  ]], { map = { { base = 0x40000000, size = 0x4000 } },
    cpu = { pc = 0x10000, sp = 0x40001000 } },
    "unmapped: stp x29, x30, [sp, #-16]! at 0x10004 (f): the stack is \z
     used up, sp = 0x40000000 has come below the start of RAM \z
     0x40000000-0x40003fff; is there recursion without end, or a big \z
     local array?" },

  { "more popped than pushed", [[
main:   ldp     x29, x30, [sp], #16
        b       main
  ]], { cpu = { pc = 0x10000, sp = 0xfffe0 } },
    "unmapped: ldp x29, x30, [sp], #16 at 0x10000 (main): sp = 0x100000 \z
     is past the end of RAM 0-0xfffff; the stack grows down, so start at \z
     its end (0x100000), and pop no more than was pushed" },

  { "a stack pointer set to a wrong address", [[
        mov     x0, #0x10000000
        mov     sp, x0
f:      str     x30, [sp, #-16]!
  ]], {},
    "unmapped: str x30, [sp, #-16]! at 0x10008 (f) uses sp = 0x10000000, \z
     where no memory is; the stack pointer was overwritten, or set to a \z
     wrong address" },

  { "a frame pointer overwritten by text", [[
f:      movz    x29, #0x6968
        movk    x29, #0x6463, lsl #16
        ldr     x0, [x29, #16]
  ]], {},
    "unmapped: ldr x0, [x29, #16] at 0x10008 (f+8) uses x29 = 0x64636968, \z
     which is the text \"hicd\": a buffer on the stack was overrun into a \z
     saved x29" },

  { "a constant in ROM changed", [[
        adr     x1, text
        mov     w0, #74
        strb    w0, [x1]
text:   .asciz  "Hello"
  ]], { at = 0x200000,
    map = { { base = 0x200000, size = 0x4000, kind = "rom" } } },
    "read-only: strb w0, [x1] at 0x200008 wrote 1 byte to 0x20000c \z
     (text), which is ROM 0x200000-0x203fff; guests cannot change ROM: \z
     copy what must change to RAM, or map it with kind = \"ram\"" },

  { "a store to ROM through a wrong pointer", [[
        mov     x1, #0x200000
        str     w0, [x1]
  ]], { map = { { base = 0x200000, size = 0x4000, kind = "rom" } } },
    "read-only: str w0, [x1] at 0x10004 wrote 4 bytes to 0x200000, which \z
     is ROM 0x200000-0x203fff; guests cannot change ROM: fix x1 (x1 = \z
     0x200000) or map it with kind = \"ram\"" },

  { "a stack in ROM", [[
        ldr     x1, =0x201000
        mov     sp, x1
f:      stp     x29, x30, [sp, #-16]!
  ]], { map = { { base = 0x200000, size = 0x4000, kind = "rom" } } },
    "read-only: stp x29, x30, [sp, #-16]! at 0x10008 (f) pushes to ROM \z
     0x200000-0x203fff, but guests cannot change ROM: let sp (0x201000) \z
     start at the end of some RAM" },

  { "a store to memory that may only be read", [[
        mov     x1, #0x200000
        str     w0, [x1]
  ]], { map = { { base = 0x200000, size = 0x4000, prot = "r" } } },
    "protected: str w0, [x1] at 0x10004 wrote 4 bytes to 0x200000 in RAM \z
     0x200000-0x203fff, whose protection \"r\" has no \"w\"; fix x1 (x1 = \z
     0x200000) or use memory:protect" }
}
