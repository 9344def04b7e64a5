-- SPDX-License-Identifier: MIT
--
-- Guests that are right, but use what this version of the software CPU does
-- not have yet. VERSION stands for its number.
local catalogue = require "why._catalogue"

catalogue {
  { "SIMD that this version lacks", "nop; bfmmla v0.4s, v1.8h, v2.8h", {},
    "unimplemented: bfmmla v0.4s, v1.8h, v2.8h at 0x10004 is an FP or SIMD \z
     instruction that version VERSION does not implement yet; avoid it \z
     (-mgeneral-regs-only), or see vm:on(\"undefined\", fn)" },

  { "the MMU, which this version lacks", [[
        mrs     x0, sctlr_el1
        orr     x0, x0, #1
        msr     sctlr_el1, x0
  ]], {},
    "unimplemented: msr sctlr_el1, x0 at 0x10008 turns the MMU on \z
     (SCTLR_EL1 bit 0, M), which version VERSION cannot; keep it off, \z
     with strict = false for unaligned and atomic accesses" },

  { "software step, which this version lacks", [[
        mov     x0, #1
        msr     mdscr_el1, x0
  ]], {},
    "unimplemented: msr mdscr_el1, x0 at 0x10004 turns software step on \z
     (MDSCR_EL1 bit 0, SS), which version VERSION cannot; use cpu:step in \z
     the script" }
}
