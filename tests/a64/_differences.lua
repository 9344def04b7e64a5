-- SPDX-License-Identifier: MIT
-- Where our disassembler and another tool differ, and why we accept it.
-- `objdump`: {word, our text, its text, reason}; both texts are checked, so a
-- line that is no longer true fails. `llvm`: the same for words that llvm-mc
-- alone prints. `outside`: encodings (mask, value and a pattern of objdump's
-- text) that the Arm manual does not allocate, or that are not our set: SVE,
-- SME, TME, NMI.
local differences = {}

local inst = ".inst\t0x%08x"

local function unknown(word, theirs, reason)
  return { word, inst:format(word), theirs, reason }
end

differences.objdump = {
  unknown(0xd503447f, "smstop\tza", "SME"),
  unknown(0xd5074e1f, "msr\ts0_7_c4_c14_0, xzr",
    "binutils prints unallocated op0=0 words as MSR of s0_; UNDEFINED"),
  unknown(0xd5270000, "mrs\tx0, s0_7_c0_c0_0", "op0=0 again, as MRS"),
  unknown(0xd503307f, "tcommit", "TME"),
  unknown(0xd5233060, "tstart\tx0", "TME"),
  unknown(0xd46a3cc0, "tcancel\t#20966", "TME"),
  unknown(0xf83fd01d, "ld64b\tx29, [x0]",
    "the first of eight registers must be even and at most x22"),
  unknown(0xf83f9005, "st64b\tx5, [x0]", "the same"),
  unknown(0xf823b00d, "st64bv\tx3, x13, [x0]", "the same"),
  unknown(0xf820a3a7, "st64bv0\tx0, x7, [x29]", "the same"),
  unknown(0x0e65ec64, "fmlal\tv4.2s, v3.2h, v5.2h",
    "bits 23..22 must be 00 or 10; llvm-mc has no text either"),
  unknown(0x6ee1cfea, "fmlsl2\tv10.4s, v31.4h, v1.4h", "the same"),
  unknown(0xd503477f, "smstart", "SME"),
}

differences.llvm = {
  { 0x19d647e6, inst:format(0x19d647e6), "setm\t[x6]!, xzr!, x22",
    "MOPS with equal registers or 31 is CONSTRAINED UNPREDICTABLE; we choose "
    .. "UNDEFINED" },
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
  outside(0xffffbc00, 0xf83f9000, "^[ls][dt]64b", "Rt is odd or above 22"),
  outside(0xffe0ec00, 0xf820a000, "^st64bv", "Rt is odd or above 22"),
  outside(0x9f60fc00, 0x0e60ec00, "^fml[as]l", "size is not 00 or 10"),
  outside(0x9f60fc00, 0x0e60cc00, "^fml[as]l", "size is not 00 or 10"),
  outside(0xffd80000, op0_zero, "^t%l+", "TME"),
  outside(0xffe0001f, 0xd4600000, "^tcancel", "TME"),
  outside(0xfb200c00, 0x19000400, "^%.inst",
    "MOPS with equal registers or 31: CONSTRAINED UNPREDICTABLE, for us and "
    .. "objdump UNDEFINED, llvm has a text"),
}

-- SVE and SME: bits 28..25 (Arm ARM C4.1) are 0010, or 0000 with bit 31 set.
function differences.is_sve(w)
  return w & 0x1e000000 == 0x04000000 or w & 0x9e000000 == 0x80000000
end

-- The reason why a word that another tool prints as `theirs` is none of ours,
-- or nil.
function differences.outside_reason(w, theirs)
  for _, d in ipairs(differences.outside) do
    if w & d.mask == d.value and theirs:find(d.text) then return d.reason end
  end
end

-- Why `.inst` may stand where objdump prints `theirs`, or nil.
function differences.excuse(w, ours, theirs)
  if ours:sub(1, 5) ~= ".inst" then return nil end
  return differences.is_sve(w) and "SVE or SME"
    or differences.outside_reason(w, theirs)
end

return differences
