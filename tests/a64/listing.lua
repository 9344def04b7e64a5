-- SPDX-License-Identifier: MIT
-- Listings: every byte beside the line that made it, expansions below their
-- call, long data cut short. `tinyvmm asm -l` prints the same.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"

test("a listing has address, bytes and line, in the order of the text",
  function(t)
    local img = asm.assemble([[
        .macro  two r
        mov     \r, #1
        nop
        .endm
start:  two     x0              // a call
        .data
        .byte   1, 2, 3
        .ascii  "0123456789"
        .space  4096
        .text
        ret]], { origin = 0x1000 })
    t.eq(asm.listing(img), [[
                                 1          .macro  two r
                                 2          mov     \r, #1
                                 3          nop
                                 4          .endm
                                 5  start:  two     x0              // a call
00001000  200080d2           + mov     x0, #1
00001004  1f2003d5           + nop
                                 6          .data
00001010  010203                 7          .byte   1, 2, 3
00001013  30313233 34353637      8          .ascii  "0123456789"
0000101b  3839
]] .. "0000101d  00000000 00000000      9          .space  4096\n"
  .. ("0000%x  00000000 00000000\n"):rep(7):format(0x1025, 0x102d, 0x1035,
    0x103d, 0x1045, 0x104d, 0x1055) .. [[
          .. 4096 bytes
                                10          .text
00001008  c0035fd6              11          ret
]])
  end)
