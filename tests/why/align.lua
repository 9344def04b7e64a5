-- SPDX-License-Identifier: MIT
--
-- Broken guests whose accesses the memory does not take: unaligned,
-- exclusive, atomic, DC ZVA, and the like on devices.
local catalogue = require "why._catalogue"

local DEVICE = { { base = 0x9000000, size = 0x4000, kind = "mmio" } }

catalogue {
  { "an unaligned pointer", [[
        ldr     x1, =0x20001
load:   ldr     x0, [x1]
  ]], {},
    "alignment: ldr x0, [x1] at 0x10004 (load) read 8 bytes at 0x20001, \z
     which is no multiple of 8, and with the MMU off memory takes plain \z
     aligned accesses only; align x1 (x1 = 0x20001), or make the vm with \z
     strict = false" },

  { "a field of a packed structure", [[
        mov     x1, #0x20000
        ldur    w0, [x1, #3]
  ]], {},
    "alignment: ldur w0, [x1, #3] at 0x10004 read 4 bytes at 0x20003: x1 \z
     = 0x20000 is aligned, its field at offset 3 is not (a packed \z
     structure?); build with -mstrict-align, or make the vm with strict = \z
     false" },

  { "a SIMD copy of doubles", [[
        ldr     x1, =0x20008
        ldr     q0, [x1]
  ]], {},
    "alignment: ldr q0, [x1] at 0x10004 read 16 bytes at 0x20008, a \z
     multiple of 8 but not of 16, as q registers need with the MMU off; \z
     build with -mstrict-align, or make the vm with strict = false" },

  { "a stack that a push of 8 bytes misaligned", [[
f:      str     x0, [sp, #-8]!
        stp     q0, q1, [sp, #-32]!
  ]], { device = true },
    "alignment: stp q0, q1, [sp, #-32]! at 0x10004 (f+4) wrote 16 bytes \z
     to 0xfefd8, but sp = 0xfeff8 is no multiple of 16: str x0, [sp, \z
     #-8]! at 0x10000 (f) moved it by 8: push and pop 16 bytes at a time \z
     (stp, or #-16)" },

  { "an unaligned access that the guest forbade", [[
        mrs     x0, sctlr_el1
        orr     x0, x0, #2
        msr     sctlr_el1, x0
        ldr     x1, =0x20002
        ldr     w0, [x1]
  ]], { strict = false },
    "alignment: ldr w0, [x1] at 0x10010 read 4 bytes at 0x20002, which is \z
     no multiple of 4, and the guest turned the check for that on \z
     (SCTLR_EL1 bit 1, A); align the address or clear the bit" },

  { "memset by DC ZVA with the MMU off", [[
        mov     x0, #0x20000
memset: dc      zva, x0
  ]], {},
    "alignment: dc zva, x0 at 0x10004 (memset) zeroes a block of memory \z
     at once (memset does that), but with the MMU off memory takes plain \z
     aligned accesses only; make the vm with strict = false, or use a \z
     plain loop" },

  { "a lock with the MMU off", [[
        mov     x1, #0x20000
lock:   ldaxr   w0, [x1]
        stxr    w2, w3, [x1]
  ]], {},
    "atomic: ldaxr w0, [x1] at 0x10004 (lock) begins a lock or atomic \z
     update, which needs memory that the MMU marks Normal, but the MMU is \z
     off; turn it on, or make the vm with strict = false" },

  { "the store of a lock with the MMU off", [[
        mov     x1, #0x20000
lock:   stlxr   w2, w3, [x1]
  ]], {},
    "atomic: stlxr w2, w3, [x1] at 0x10004 (lock) ends a lock or atomic \z
     update, which needs memory that the MMU marks Normal, but the MMU is \z
     off; turn it on, or make the vm with strict = false" },

  { "an atomic addition with the MMU off", [[
        mov     x1, #0x20000
        mov     x0, #1
        ldadd   x0, x2, [x1]
  ]], {},
    "atomic: ldadd x0, x2, [x1] at 0x10008 is an atomic update, which \z
     needs memory that the MMU marks Normal, but the MMU is off; turn it \z
     on, or make the vm with strict = false" },

  { "sp misaligned by 8 where the CPU checks it", [[
        mrs     x0, sctlr_el1
        orr     x0, x0, #8
        msr     sctlr_el1, x0
f:      sub     sp, sp, #8
        str     x0, [sp]
  ]], { real = "it checks no SP alignment" },
    "sp-alignment: str x0, [sp] at 0x10010 (f+4) uses sp = 0xfeff8, which \z
     is no multiple of 16 (SCTLR_EL1.SA checks it): sub sp, sp, #0x8 at \z
     0x1000c (f) moved it by 8: push and pop 16 bytes at a time (stp, or \z
     #-16)" },

  { "sp misaligned from the start", [[
        mrs     x0, sctlr_el1
        orr     x0, x0, #8
        msr     sctlr_el1, x0
        str     x0, [sp]
  ]], { cpu = { pc = 0x10000, sp = 0x80008 },
    real = "it checks no SP alignment" },
    "sp-alignment: str x0, [sp] at 0x1000c uses sp = 0x80008, which is no \z
     multiple of 16 (SCTLR_EL1.SA checks it): start it at a multiple of \z
     16, and move it by such" },

  { "an atomic access to a device", [[
        mov     x1, #0x9000000
        mov     w0, #1
        ldset   w0, w2, [x1]
  ]], { strict = false, map = DEVICE, normal = true },
    "unsupported: ldset w0, w2, [x1] at 0x10008 is an atomic or block \z
     access to 0x9000000 in MMIO 0x9000000-0x9003fff, which devices \z
     cannot serve; use plain loads and stores (ldr, str)" },

  { "a structure load from a device", [[
        mov     x1, #0x9000000
        ld1     {v0.16b, v1.16b}, [x1]
  ]], { map = DEVICE },
    "unsupported: ld1 {v0.16b, v1.16b}, [x1] at 0x10004 is an atomic or \z
     block access to 0x9000000 in MMIO 0x9000000-0x9003fff, which devices \z
     cannot serve; use plain loads and stores (ldr, str)" },

  { "DC ZVA on a device", [[
        mov     x1, #0x9000000
        dc      zva, x1
  ]], { strict = false, map = DEVICE, normal = true },
    "unsupported: dc zva, x1 at 0x10004 zeroes a block at 0x9000000 in \z
     MMIO 0x9000000-0x9003fff, but devices have no such access; memset of \z
     a device? write its registers one by one" }
}
