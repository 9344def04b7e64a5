-- SPDX-License-Identifier: MIT
-- Where our disassembler and another tool differ, and why we accept it.
-- `objdump`: {word, our text, its text, reason}; both texts are checked, so a
-- line that is no longer true fails.  `outside`: encodings (mask, value and a
-- pattern of objdump's text) that are not our set, which is Armv8.0, LSE,
-- CRC32, LRCPC, FlagM, LOR, PAN and the hint space.
local differences = {}

local inst = ".inst\t0x%08x"

local function unknown(word, theirs, reason)
  return { word, inst:format(word), theirs, reason }
end

differences.objdump = {
  unknown(0xd500405f, "axflag", "FlagM2 (Armv8.5)"),
  unknown(0xd500403f, "xaflag", "FlagM2 (Armv8.5)"),
  unknown(0xd503447f, "smstop\tza", "SME"),
  unknown(0xd5074e1f, "msr\ts0_7_c4_c14_0, xzr",
    "binutils prints unallocated op0=0 words as MSR of s0_; UNDEFINED"),
  unknown(0xd5270000, "mrs\tx0, s0_7_c0_c0_0", "op0=0 again, as MRS"),
  unknown(0xd503307f, "tcommit", "TME"),
  unknown(0xd5233060, "tstart\tx0", "TME"),
  unknown(0xd5031000, "wfet\tx0", "WFxT (Armv8.7)"),
  unknown(0xd503323f, "dsb\toshnxs", "XS (Armv8.7)"),
  unknown(0x1ee0403f, "fmov\th31, h1", "FP16 (Armv8.2)"),
  unknown(0xdac103e0, "pacia\tx0, sp", "PAuth outside the hint space"),
  unknown(0x54000010, "bc.eq\t0x2c", "HBC (Armv8.8)"),
}

local function outside(mask, value, text, reason)
  return { mask = mask, value = value, text = text, reason = reason }
end

local op0_zero = 0xd5000000

differences.outside = {
  outside(0xffd80000, op0_zero, "^msr\ts0_", "op0=0: no such register"),
  outside(0xffd80000, op0_zero, "^mrs\t%w+, s0_", "op0=0: no such register"),
  outside(0xffd80000, op0_zero, "^msr\tallint", "NMI (Armv8.8)"),
  outside(0xffd80000, op0_zero, "^smst", "SME"),
  outside(0xffd80000, op0_zero, "^t%l+", "TME"),
  outside(0xffd80000, op0_zero, "^wf[ei]t", "WFxT (Armv8.7)"),
  outside(0xffd80000, op0_zero, "^dsb\t%l+nxs", "XS (Armv8.7)"),
  outside(0xffd80000, op0_zero, "^[ax][xa]flag", "FlagM2 (Armv8.5)"),
  outside(0xff200400, 0xf8200400, "^ldra[ab]", "PAuth"),
  outside(0xffe0fc00, 0x9ac03000, "^pacga", "PAuth"),
  outside(0xffff0000, 0xdac10000, "^%l+", "PAuth"),
  outside(0xfe9ff000, 0xd61f0000, "^%l+a[ab]z?", "PAuth"),
  outside(0xff000010, 0x54000010, "^bc%.", "HBC (Armv8.8)"),
  outside(0x7fe00000, 0x1ee00000, "^fmov.*%f[%w]h%d", "FP16 (Armv8.2)"),
}

return differences
