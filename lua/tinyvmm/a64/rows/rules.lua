-- SPDX-License-Identifier: MIT
-- What a row's `! rule`, `? preference` and `@ feature` mean, as expressions over its
-- fields.  The subset is common to Lua and C (every comparison in parentheses,
-- no ~ operator), so that one text serves the disassembler, the assembler and
-- the generated decoder.  `legal`: false makes the word UNDEFINED.  `prefer`:
-- true makes the disassembler choose this alias; these may call the functions
-- named in isa.lua and never reach C.
local rules = {}

rules.legal = {
  hw_ok = "sf == 1 or hw < 2",
  -- DecodeBitMasks (Arm ARM J1.1, aarch64/instrs/integer/bitmasks): the
  -- element must be at least two bits wide and not all ones.
  limm_ok = "((N * 64 + 63 - imms) & (N * 64 + 62 - imms)) ~= 0"
    .. " and (sf == 1 or N == 0)",
  bf_ok = "sf == 1 or (immr < 32 and imms < 32)",
  extr_ok = "sf == 1 or imms < 32",
  shift_ok = "sf == 1 or imm6 < 32",
  addshift_ok = "shift ~= 3 and (sf == 1 or imm6 < 32)",
  ext_ok = "imm3 <= 4",
  crc_ok = "(csz == 3 and sf == 1) or (csz ~= 3 and sf == 0)",
  -- SPSel, PAN, UAO, DIT, SSBS, TCO and DAIF; which of them exist is the CPU's.
  pstate_ok = "(op1 == 0 and op2 >= 3 and op2 <= 5)"
    .. " or (op1 == 3 and op2 ~= 0 and op2 ~= 3 and op2 ~= 5)",
  ldrs_ok = "size < 2 or (size == 2 and w32 == 0)",
  ro_ok = "(option & 2) == 2",
  ldrs_ro_ok = "(option & 2) == 2 and (size < 2 or (size == 2 and w32 == 0))",
  casp_ok = "(rs & 1) == 0 and (rt & 1) == 0",
  v128_ok = "v128 == 0 or size == 0",
  v128_ro_ok = "(option & 2) == 2 and (v128 == 0 or size == 0)",
  fp_pair_ok = "size ~= 3",
  vmulti_ok = "((vop == 0 or vop == 4 or vop == 8) and (vsize ~= 3 or Q == 1))"
    .. " or vop == 2 or vop == 6 or vop == 7 or vop == 10",
  vsingle_ok = "vop3 < 2 or (vop3 < 4 and (vsize & 1) == 0)"
    .. " or (vop3 >= 4 and vop3 < 6"
    .. " and (vsize == 0 or (vsize == 1 and S == 0)))",
  -- FP/SIMD: ftype 0 single, 1 double, 3 half; esz log2 of the element's bytes
  ftype_ok = "ftype ~= 2",
  ftype_sd = "ftype < 2",
  fmov_g_ok = "ftype == 3 or ftype == sf",
  fcvt_ok = "ftype ~= fopc and ftype ~= 2 and fopc ~= 2",
  scale_ok = "ftype ~= 2 and (sf == 1 or scale >= 32)",
  z_all = "esz ~= 3 or Q == 1",
  z_bhs = "esz ~= 3",
  z_bh = "esz < 2",
  z_hs = "esz == 1 or esz == 2",
  z_fc = "esz == 1 or esz == 2 or (esz == 3 and Q == 1)",
  z_pmull = "esz == 0 or esz == 3",
  z_across = "esz < 2 or (esz == 2 and Q == 1)",
  f_all = "sz == 0 or Q == 1",
  f_elem = "esz == 0 or esz == 2 or (esz == 3 and Q == 1 and iL == 0)",
  f_selem = "esz == 0 or esz == 2 or (esz == 3 and iL == 0)",
  fcmla_e = "(esz == 1 and (iH == 0 or Q == 1))"
    .. " or (esz == 2 and Q == 1 and iL == 0)",
  sh_all = "immh ~= 0 and (immh < 8 or Q == 1)",
  sh_narrow = "immh ~= 0 and immh < 8",
  sh_fixed = "immh > 1 and (immh < 8 or Q == 1)",
  sh_sfixed = "immh > 1",
  sh_some = "immh ~= 0",
  sh_d = "immh >= 8",
  ext4_ok = "Q == 1 or imm4 < 8",
  -- CONSTRAINED UNPREDICTABLE otherwise; UNDEFINED is one of the choices
  cpy_ok = "stage ~= 3 and rd ~= 31 and rs ~= 31 and rn ~= 31"
    .. " and rd ~= rs and rd ~= rn and rs ~= rn",
  set_ok = "setst ~= 3 and rd ~= 31 and rn ~= 31"
    .. " and rd ~= rs and rd ~= rn and rs ~= rn",
  ls64_ok = "(rt & 1) == 0 and rt < 23",
  elem_ok = "(imm5 & 15) ~= 0",
  dup_ok = "(imm5 & 7) ~= 0 or ((imm5 & 15) == 8 and Q == 1)",
  smov_ok = "(imm5 & 3) ~= 0 or ((imm5 & 7) == 4 and Q == 1)",
  umov_ok = "((imm5 & 7) ~= 0 and Q == 0) or ((imm5 & 15) == 8 and Q == 1)",
  simd_imm_ok = "op == 0 or cmode ~= 15 or Q == 1",
}

-- Where the feature that a row needs depends on its fields: the first condition
-- that holds names it, and if none does, the word is Armv8.0's.
rules.feature = {
  ftype = { { "ftype == 3", "FP16" } },
  fp16_elem = { { "esz == 0", "FP16" } },
  fp16_immh = { { "immh < 4", "FP16" } },
  pmull = { { "esz == 3", "PMULL" } },
  lor = { { "o0 == 0", "LOR" } },
  pstate = {
    { "op1 == 0 and op2 == 3", "UAO" }, { "op1 == 0 and op2 == 4", "PAN" },
    { "op1 == 3 and op2 == 1", "SSBS" }, { "op1 == 3 and op2 == 2", "DIT" },
    { "op1 == 3 and op2 == 4", "MTE" },
  },
}

rules.prefer = {
  never = "false",              -- a spelling only the assembler knows
  sp_involved = "rd == 31 or rn == 31",
  mov_wide = "imm16 ~= 0 or hw == 0",
  mov_inverted = "(imm16 ~= 0 or hw == 0) and (sf == 1 or imm16 ~= 65535)",
  mov_limm = "rd == 31 or not limm_is_wide(w)",
  shift_right = "imms == (sf == 1 and 63 or 31)",
  shift_left = "imms ~= (sf == 1 and 63 or 31) and imms + 1 == immr",
  bf_insert = "imms < immr",
  bf_extract = "imms >= immr",
  cond_real = "cond < 14",
  cond_inc = "cond < 14 and rn ~= 31",
  umov_word = "(imm5 & 3) == 0",
  -- binutils has no text for an LDPSW that is CONSTRAINED UNPREDICTABLE
  ldpsw_plain = "rt ~= rt2",
  ldpsw_wb = "rt ~= rt2 and (rn == 31 or (rt ~= rn and rt2 ~= rn))",
  pstate_odd = "crm > 1 and op2 < 6",
  sh_zero = "(immh & (immh - 1)) == 0",
  sys_ic_all = "sysop('ic', w) and not sysop_xt('ic', w)",
  sys_dc = "sysop('dc', w)",
  sys_at = "sysop('at', w)",
  sys_tlbi = "sysop('tlbi', w) and sysop_xt('tlbi', w)",
  sys_tlbi_all = "sysop('tlbi', w) and not sysop_xt('tlbi', w)",
}

return rules
