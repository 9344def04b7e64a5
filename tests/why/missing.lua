-- SPDX-License-Identifier: MIT
--
-- Guests that are right, but use what this version of the software CPU does
-- not have yet. VERSION stands for its number.
require "backend".only_file("soft", "others have it")
local catalogue = require "why._catalogue"

catalogue {
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
     the script" },

  { "a breakpoint of the guest's own, which this version lacks", [=[
        mov     x2, #0x1e5
        msr     dbgbcr0_el1, x2
        mov     x3, #0x8000
        msr     mdscr_el1, x3
  ]=], {},
    "unimplemented: msr mdscr_el1, x3 at 0x1000c turns a breakpoint of the \z
     guest's own on (MDSCR_EL1 bit 15, MDE, and bit 0, E, of a DBGBCR or \z
     DBGWCR), which version VERSION cannot; use vm:set_breakpoint" }
}
