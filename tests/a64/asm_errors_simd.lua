-- SPDX-License-Identifier: MIT
-- What the assembler says about floating-point, SIMD and extension
-- instructions that it cannot take: at this column, exactly this message.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"

local LINES = {
  { 14, "fadd d0, d1, s2", "expected d2, got s2" },
  { 20, "fadd v0.4s, v1.4s, v2.2s", "expected v2.4s, got v2.2s" },
  { 6, "fadd v0.16b, v1.16b, v2.16b",
    "expected v0.2s or v0.4s or v0.2d, got v0.16b" },
  { 18, "fadd v0.4s, v1.4s",
    "missing operand; valid forms: fadd Vd.T, Vn.T, Vm.T" },
  { 6, "fadd x0, x1, x2", "expected a register such as s0, got 'x0'" },
  { 19, "add v0.4s, v1.4s, v2.4h", "expected v2.4s, got v2.4h" },
  { 5, "add v0.1d, v1.1d, v2.1d",
    "expected v0.8b or v0.16b or v0.4h or v0.8h or v0.2s or v0.4s or"
      .. " v0.2d, got v0.1d" },
  { 14, "saddl v0.8h, v1.16b, v2.16b", "expected v1.8b, got v1.16b" },
  { 15, "saddl2 v0.8h, v1.8b, v2.8b", "expected v1.16b, got v1.8b" },
  { 20, "sshr v0.8b, v1.8b, #9", "shift amount 9 is outside 1 to 8" },
  { 19, "shl v0.4s, v1.4s, #32", "shift amount 32 is outside 0 to 31" },
  { 14, "sshr d0, d1, #65", "shift amount 65 is outside 1 to 64" },
  { 6, "sshr s0, s1, #3", "expected d0, got s0" },
  { 24, "fmla v0.4s, v1.4s, v2.s[4]", "index 4 is outside 0 to 3" },
  { 19, "mul v0.8h, v1.8h, v16.h[0]",
    "elements of halfwords come from v0 to v15" },
  { 24, "fmla v0.2d, v1.2d, v2.d[2]", "index 2 is outside 0 to 1" },
  { 28, "fcmla v0.4s, v1.4s, v2.4s, #45",
    "rotation 45 is not one of #0|90|180|270" },
  { 28, "fcadd v0.4s, v1.4s, v2.4s, #180",
    "rotation 180 is not one of #90|270" },
  { 16, "fcvtzs w0, s1, #33", "number of fraction bits 33 is outside 1 to 32" },
  { 16, "fcvtzs x0, d1, #0", "number of fraction bits 0 is outside 1 to 64" },
  { 5, "ext v0.8b, v1.8b, v2.8b, #8", "expected v0.16b, got v0.8b" },
  { 12, "tbl v0.8b, {v1.8b}, v2.8b", "a table is of vectors such as v0.16b" },
  { 12, "tbl v0.8b, v1.16b, v2.8b",
    "expected a list such as {v0.4s}, got 'v1.16b'" },
  { 10, "fcmp d0, #1.0", "expected a register or #0.0, got '#1.0'" },
  { 10, "fcmp d0, s1", "expected d1, got s1" },
  { 20, "cmeq v0.4s, v1.4s, #1", "this immediate can only be 0" },
  { 10, "fmov w0, d1", "expected s1 or h1, got d1" },
  { 6, "fmov s0, x1", "expected d0 or h0, got s0" },
  { 10, "fmov x0, s1", "expected d1 or h1, got s1" },
  { 10, "fmov d0, #0.0",
    "0.0 is not a constant of 8 bits (n/16 * 2^r, n 16 to 31, r -3 to"
      .. " 4); load it with ldr" },
  { 10, "fmov d0, #1.1",
    "1.1 is not a constant of 8 bits (n/16 * 2^r, n 16 to 31, r -3 to"
      .. " 4); load it with ldr" },
  { 6, "fcvt s0, s1", "expected d0 or h0, got s0" },
  { 6, "aese v0.8b, v1.8b", "expected v0.16b, got v0.8b" },
  { 7, "sha1c s0, s1, v2.4s", "expected q0, got s0" },
  { 21, "pmull v0.1q, v1.1d, v2.2d", "expected v2.1d, got v2.2d" },
  { 14, "pmull v0.4s, v1.4h, v2.4h",
    "expected a register of another size, got v1.4h" },
  { 20, "shll v0.8h, v1.8b, #16", "this immediate can only be 8" },
  { 17, "sqdmull d0, s1, v2.h[0]", "expected v2.s, got v2.h" },
  { 14, "addg x0, x1, #17, #1", "offset 17 is not a multiple of 16" },
  { 14, "addg x0, x1, #1024, #1", "offset 1024 is outside 0 to 1008" },
  { 19, "addg x0, x1, #16, #16", "tag offset 16 is outside 0 to 15" },
  { 14, "stg x0, [x1, #8]",
    "offset 8 is not in -4096 to 4080 in steps of 16; add it to the"
      .. " base register first" },
  { 14, "stg x0, [x1, #4096]",
    "offset 4096 is not in -4096 to 4080 in steps of 16; add it to the"
      .. " base register first" },
  { 16, "ldraa x0, [x1, #4]",
    "offset 4 is not in -4096 to 4088 in steps of 8; add it to the base"
      .. " register first" },
  { 16, "ldraa x0, [x1, #4096]",
    "offset 4096 is not in -4096 to 4088 in steps of 8; add it to the"
      .. " base register first" },
  { 13, "cpyp [x0]!, [x1], x2!", "expected [Xs]!, got '['" },
  { 13, "cpyp [x0]!, [x0]!, x2!", "the three registers must differ" },
  { 13, "setp [x0]!, [x1]!, x2", "expected Xn!, got '['" },
  { 7, "ld64b x1, [x0]",
    "the first of eight registers is an even one up to x22" },
  { 14, "smax w0, w1, #128", "immediate 128 is outside -128 to 127" },
  { 14, "umax w0, w1, #256", "immediate 256 is outside 0 to 255" },
  { 14, "umax w0, w1, #-1", "immediate -1 is outside 0 to 255" },
  { 13, "movi v0.2d, #1", "every byte of this immediate must be 0x00 or 0xff" },
  { 12, "dup v0.4s, v1.h[0]", "the element sizes of the operands differ" },
  { 9, "ins v0.s[4], w1", "index 4 is outside 0 to 3" },
  { 14, "mov v0.s[1], x2", "expected a general register wn, got 'x2'" },
  { 13, "sdot v0.4s, v1.8h, v2.8h", "expected v1.16b, got v1.8h" },
  { 21, "sdot v0.4s, v1.16b, v2.b[1]", "expected v2.4b, got v2.b" },
  { 23, "bfmlalb v0.4s, v1.8h, v2.8b", "expected v2.8h, got v2.8b" },
  { 7, "rev32 v0.4s, v1.4s",
    "expected v0.8b or v0.16b or v0.4h or v0.8h, got v0.4s" },
  { 6, "addv s0, v1.2s", "expected b0 or h0, got s0" },
  { 11, "fmaxv s0, v1.2s", "expected v1.4s, got v1.2s" },
  { 11, "faddp d0, v1.4s", "expected v1.2d, got v1.4s" },
}

test("bad FP, SIMD and extension operands are told with what was expected",
  function(t)
    for _, line in ipairs(LINES) do
      local column, text, want = table.unpack(line)
      local ok, got = pcall(asm.assemble, text, { name = "g.S" })
      t.eq(not ok and got, ("g.S:1:%d: %s"):format(column, want), text)
    end
  end)
