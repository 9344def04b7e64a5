-- SPDX-License-Identifier: MIT
--
-- Broken guests that execute something else than their program: files of
-- another kind, text, data, code that was overwritten.
local catalogue = require "why._catalogue"

local function words(...)
  return string.pack(("<I4"):rep(select("#", ...)), ...)
end

local function halves(...)
  return string.pack(("<I2"):rep(select("#", ...)), ...)
end

catalogue {
  { "an ELF file loaded as raw bytes",
    "\127ELF\2\1\1" .. ("\0"):rep(9) .. "\2\0\183\0", { raw = true },
    "undefined: 0x10000 holds the head of an ELF file, not code; load the \z
     file by tv.load(path), which puts its parts where they belong" },

  { "a compressed file", "\31\139\8\0\0\0\0\0\0\3" .. ("x"):rep(20),
    { raw = true },
    "undefined: 0x10000 holds a gzip file, not code; decompress it before \z
     vm:load" },

  { "code for x86", "\x55\x48\x89\xe5\x31\xc0\x5d\xc3", { raw = true },
    "undefined: 0x10000 holds x86 code (push %rbp; mov %rsp, %rbp), but \z
     this is an Arm CPU; build for AArch64 (aarch64-linux-gnu-gcc, clang \z
     --target=aarch64-none-elf)" },

  { "code for x86 with landing pads", "\xf3\x0f\x1e\xfa\x55\x48\x89\xe5",
    { raw = true },
    "undefined: 0x10000 holds x86 code (endbr64), but this is an Arm CPU; \z
     build for AArch64 (aarch64-linux-gnu-gcc, clang \z
     --target=aarch64-none-elf)" },

  { "code for 32-bit Arm",
    words(0xe3a00001, 0xe3a01002, 0xe0800001, 0xe12fff1e), { raw = true },
    "undefined: 0x10000 holds code for 32-bit Arm (0xe3a00001 and on); \z
     this CPU has 64-bit code only: build with aarch64-linux-gnu-gcc" },

  { "Thumb code", halves(0xb580, 0x466f, 0x2001, 0x2102, 0x1840, 0xbd80),
    { raw = true },
    "undefined: 0x10000 holds Thumb code of 32-bit Arm (0xb580 and on); \z
     this CPU has 64-bit code only: build with aarch64-linux-gnu-gcc" },

  { "instructions in big-endian order",
    string.pack(">I4I4I4I4", 0xd2800020, 0x91000400, 0xd2800001, 0xd4000002),
    { raw = true },
    "undefined: 0x10000 holds instructions with their bytes in the wrong \z
     order (mov x0, #0x1 as big-endian); A64 code is always \z
     little-endian: \"<I4\" in string.pack" },

  { "assembly source in place of its bytes",
    "_start: mov x0, #1\n        hvc #0\n", { raw = true },
    "undefined: 0x10000 holds the text \"_start: mov\", not code; \z
     assemble source text with tv.asm, or give the file's name the ending \z
     .S" },

  { "code that runs on into a string", [[
main:   mov     x1, #1
        add     x1, x1, #1
text:   .asciz  "Hello, world"
  ]], {},
    "address-size: the guest ran on past add x1, x1, #0x1 at 0x10004 \z
     (main+4) into 0x10008 (text), which is the text \"Hello, world\", \z
     not code; end the code with ret, a branch or EXIT before it" },

  { "a call of a string", [[
main:   adr     x1, text
        blr     x1
        b       .
        .align  2
text:   .asciz  "@@@@ is no code"
  ]], {},
    "undefined: blr x1 at 0x10004 (main+4) called x1 = 0x1000c (text), \z
     which is the text \"@@@@ is no c\", not code; x1 is not the address \z
     of a function" },

  { "code that runs on into its data", [[
main:   mov     x1, #1
        mov     x2, #2
        mov     x3, #2
        mov     x4, #2
        .data
table:  .word   0xffffffff
  ]], {},
    "undefined: the guest ran on past mov x4, #0x2 at 0x1000c \z
     (main+12) into 0x10010 (table) in section .data, which is data, not \z
     code; end the code with ret, a branch or EXIT" },

  { "a loop that clears its own code", [[
        adr     x0, main
        mov     x1, #0
clear:  str     xzr, [x0], #8
        add     x1, x1, #1
        cmp     x1, #8
        b.ne    clear
        .align  3
main:   mov     x0, #1
        b       .
        .space  64
  ]], {},
    "undefined: 0x10018 (main) was overwritten: the program has mov x0, \z
     #0x1 there, now there is zero; a store through a wrong pointer did it" },

  { "recursion without end, with the code below the stack", [[
main:   mov     x29, sp
f:      stp     x29, x30, [sp, #-512]!
        bl      f
  ]], { except = { "kvm", "a CPU may have fetched it before" } },
    "undefined: 0x10008 (f+4) was overwritten: the program has bl f \z
     there, now there is 0x0001000c; the stack grew down into the code \z
     (sp = 0x10000): recursion without end, or too little room?" },

  { "a stack that grows down into the code", [[
main:   adr     x0, end
        mov     sp, x0
        mov     x29, #0
        mvn     x28, xzr
deeper: stp     x28, x28, [sp, #-16]!
        b       deeper
        .align  4
end:
  ]], { except = { "kvm", "a CPU may have fetched it before" } },
    "undefined: 0x10014 (deeper+4) was overwritten: the program has b \z
     deeper there, now there is 0xffffffff; the stack grew down into the \z
     code (sp = 0x10010): recursion without end, or too little room?" },

  { "a Linux kernel at a wrong address",
    words(0x91005a4d, 0x14000010) .. ("\0"):rep(48) .. "ARMd"
      .. ("\0"):rep(12), { raw = true },
    "undefined: the program is a Linux kernel, which was loaded at \z
     0x10000 but must be at a multiple of 2 MiB; use vm:load(0x40200000, \z
     ...) with RAM there" }
}
