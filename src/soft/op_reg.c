// SPDX-License-Identifier: MIT
//
// Data processing, register (Arm ARM C4.1.95), first part: add, subtract and
// logical operations on shifted and extended registers, with carry, and all
// that reads conditions or edits flags.
//
// One handler per operation, width and kind of second operand; the amount of
// a shift is in `a`. Special cases that compilers love (mov, cmp) have their
// own.

#include "soft/op.h"

// Kinds of second operand: shifts as in enum shift, then extensions.
enum { SRC_NONE = SHIFT_NONE, SRC_EXTEND = 8, SRC_COUNT = SRC_EXTEND + 8 };

static inline uint64_t source(const struct soft_cpu *cpu,
                              const struct insn *i, unsigned kind, bool x) {
  uint64_t v = cpu->x[i->m];
  if (kind >= SRC_EXTEND)
    return op_width(op_extend(v, kind - SRC_EXTEND) << (i->a & 7), x);
  return op_shift(v, (enum shift)kind, i->a, x);
}

// ---------------------------------------------------- add and subtract --

enum sum { SUM_ADD, SUM_ADDS, SUM_SUB, SUM_SUBS, SUM_CMP };

static inline const struct insn *sum(struct soft_cpu *cpu,
                                     const struct insn *i, enum sum op,
                                     bool x, unsigned kind) {
  uint64_t a = cpu->x[i->n], b = source(cpu, i, kind, x), r;
  switch (op) {
    case SUM_ADD: r = op_width(a + b, x); break;
    case SUM_ADDS: cpu->nzcv = op_flags_add(a, b, x, &r); break;
    case SUM_SUB: r = op_width(a - b, x); break;
    default: cpu->nzcv = op_flags_sub(a, b, x, &r);
  }
  if (op != SUM_CMP) cpu->x[i->d] = r;
  return i + 1;
}

#define SUM(name, op) \
  HANDLER(name##_x, sum, op, true, SRC_NONE) \
  HANDLER(name##_w, sum, op, false, SRC_NONE) \
  HANDLER(name##_x_lsl, sum, op, true, SHIFT_LSL) \
  HANDLER(name##_w_lsl, sum, op, false, SHIFT_LSL) \
  HANDLER(name##_x_lsr, sum, op, true, SHIFT_LSR) \
  HANDLER(name##_w_lsr, sum, op, false, SHIFT_LSR) \
  HANDLER(name##_x_asr, sum, op, true, SHIFT_ASR) \
  HANDLER(name##_w_asr, sum, op, false, SHIFT_ASR) \
  HANDLER(name##_x_uxtb, sum, op, true, SRC_EXTEND + 0) \
  HANDLER(name##_w_uxtb, sum, op, false, SRC_EXTEND + 0) \
  HANDLER(name##_x_uxth, sum, op, true, SRC_EXTEND + 1) \
  HANDLER(name##_w_uxth, sum, op, false, SRC_EXTEND + 1) \
  HANDLER(name##_x_uxtw, sum, op, true, SRC_EXTEND + 2) \
  HANDLER(name##_x_sxtb, sum, op, true, SRC_EXTEND + 4) \
  HANDLER(name##_w_sxtb, sum, op, false, SRC_EXTEND + 4) \
  HANDLER(name##_x_sxth, sum, op, true, SRC_EXTEND + 5) \
  HANDLER(name##_w_sxth, sum, op, false, SRC_EXTEND + 5) \
  HANDLER(name##_x_sxtw, sum, op, true, SRC_EXTEND + 6) \
  static insn_fn *const name##_fn[2][SRC_COUNT] = { \
    { name##_w_lsl, name##_w_lsr, name##_w_asr, NULL, name##_w, \
      NULL, NULL, NULL, name##_w_uxtb, name##_w_uxth, name##_w_lsl, \
      name##_w_lsl, name##_w_sxtb, name##_w_sxth, name##_w_lsl, \
      name##_w_lsl }, \
    { name##_x_lsl, name##_x_lsr, name##_x_asr, NULL, name##_x, \
      NULL, NULL, NULL, name##_x_uxtb, name##_x_uxth, name##_x_uxtw, \
      name##_x_lsl, name##_x_sxtb, name##_x_sxth, name##_x_sxtw, \
      name##_x_lsl } };
SUM(add, SUM_ADD)
SUM(adds, SUM_ADDS)
SUM(sub, SUM_SUB)
SUM(subs, SUM_SUBS)
#undef SUM
HANDLER(cmp_x, sum, SUM_CMP, true, SRC_NONE)
HANDLER(cmp_w, sum, SUM_CMP, false, SRC_NONE)

static void sum_shifted(struct insn *i, uint32_t w,
                        insn_fn *const fn[2][SRC_COUNT]) {
  op_slots3(i, w);
  i->a = (uint8_t)a64_imm6(w);
  i->fn = fn[a64_sf(w)][i->a ? a64_shift(w) : SRC_NONE];
}

// uxtw and wider are no extension for a W, nor uxtx for an X (LSL handlers).
static void sum_extended(struct insn *i, uint32_t w, bool flags,
                         insn_fn *const fn[2][SRC_COUNT]) {
  op_slots3(i, w);
  i->n = slot_sp(a64_rn(w));
  if (!flags) i->d = slot_sp(a64_rd(w));
  i->a = (uint8_t)a64_imm3(w);
  i->fn = fn[a64_sf(w)][SRC_EXTEND + a64_option(w)];
  if (!i->a && i->fn == fn[a64_sf(w)][SHIFT_LSL])
    i->fn = fn[a64_sf(w)][SRC_NONE];
}

void op_ADD_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_shifted(i, w, add_fn);
}

void op_ADDS_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_shifted(i, w, adds_fn);
}

void op_SUB_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_shifted(i, w, sub_fn);
}

void op_SUBS_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_shifted(i, w, subs_fn);
  if (a64_rd(w) == 31 && !i->a) i->fn = a64_sf(w) ? cmp_x : cmp_w;
}

void op_ADD_er(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_extended(i, w, false, add_fn);
}

void op_ADDS_er(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_extended(i, w, true, adds_fn);
}

void op_SUB_er(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_extended(i, w, false, sub_fn);
}

void op_SUBS_er(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  sum_extended(i, w, true, subs_fn);
}

// -------------------------------------------------------------- logical --

enum logic { LOGIC_AND, LOGIC_ORR, LOGIC_EOR, LOGIC_ANDS };

static inline const struct insn *logical(struct soft_cpu *cpu,
                                         const struct insn *i, enum logic op,
                                         bool invert, bool x,
                                         enum shift kind) {
  uint64_t a = cpu->x[i->n], b = source(cpu, i, kind, x), r;
  if (invert) b = ~b;
  if (op == LOGIC_ORR) r = a | b;
  else if (op == LOGIC_EOR) r = a ^ b;
  else r = a & b;
  if (op == LOGIC_ANDS) cpu->nzcv = op_nz(r, x);
  cpu->x[i->d] = op_width(r, x);
  return i + 1;
}

#define LOGICAL(name, op, invert) \
  HANDLER(name##_x, logical, op, invert, true, SHIFT_NONE) \
  HANDLER(name##_w, logical, op, invert, false, SHIFT_NONE) \
  HANDLER(name##_x_lsl, logical, op, invert, true, SHIFT_LSL) \
  HANDLER(name##_w_lsl, logical, op, invert, false, SHIFT_LSL) \
  HANDLER(name##_x_lsr, logical, op, invert, true, SHIFT_LSR) \
  HANDLER(name##_w_lsr, logical, op, invert, false, SHIFT_LSR) \
  HANDLER(name##_x_asr, logical, op, invert, true, SHIFT_ASR) \
  HANDLER(name##_w_asr, logical, op, invert, false, SHIFT_ASR) \
  HANDLER(name##_x_ror, logical, op, invert, true, SHIFT_ROR) \
  HANDLER(name##_w_ror, logical, op, invert, false, SHIFT_ROR) \
  static insn_fn *const name##_fn[2][SHIFT_NONE + 1] = { \
    { name##_w_lsl, name##_w_lsr, name##_w_asr, name##_w_ror, name##_w }, \
    { name##_x_lsl, name##_x_lsr, name##_x_asr, name##_x_ror, name##_x } };
LOGICAL(and, LOGIC_AND, false)
LOGICAL(bic, LOGIC_AND, true)
LOGICAL(orr, LOGIC_ORR, false)
LOGICAL(orn, LOGIC_ORR, true)
LOGICAL(eor, LOGIC_EOR, false)
LOGICAL(eon, LOGIC_EOR, true)
LOGICAL(ands, LOGIC_ANDS, false)
LOGICAL(bics, LOGIC_ANDS, true)
#undef LOGICAL

static inline const struct insn *mov(struct soft_cpu *cpu,
                                     const struct insn *i, bool x) {
  cpu->x[i->d] = op_width(cpu->x[i->m], x);
  return i + 1;
}
HANDLER(mov_x, mov, true)
HANDLER(mov_w, mov, false)

static void logical_shifted(struct insn *i, uint32_t w,
                            insn_fn *const fn[2][SHIFT_NONE + 1]) {
  op_slots3(i, w);
  i->a = (uint8_t)a64_imm6(w);
  i->fn = fn[a64_sf(w)][i->a ? a64_shift(w) : SHIFT_NONE];
}

void op_AND_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, and_fn);
}

void op_BIC_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, bic_fn);
}

void op_ORR_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, orr_fn);
  if (a64_rn(w) == 31 && !i->a) i->fn = a64_sf(w) ? mov_x : mov_w;
}

void op_ORN_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, orn_fn);
}

void op_EOR_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, eor_fn);
}

void op_EON_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, eon_fn);
}

void op_ANDS_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, ands_fn);
}

void op_BICS_sr(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_shifted(i, w, bics_fn);
}

// ----------------------------------------------------------- with carry --

// SBC is ADC of the complement.
static inline const struct insn *carry(struct soft_cpu *cpu,
                                       const struct insn *i, bool subtract,
                                       bool flags, bool x) {
  uint64_t a = cpu->x[i->n], b = cpu->x[i->m], r;
  unsigned c = cpu->nzcv >> 29 & 1;
  if (subtract) b = ~b;
  uint32_t nzcv = op_flags_carry(a, b, c, x, &r);
  if (flags) cpu->nzcv = nzcv;
  cpu->x[i->d] = r;
  return i + 1;
}
HANDLER(adc_x, carry, false, false, true)
HANDLER(adc_w, carry, false, false, false)
HANDLER(adcs_x, carry, false, true, true)
HANDLER(adcs_w, carry, false, true, false)
HANDLER(sbc_x, carry, true, false, true)
HANDLER(sbc_w, carry, true, false, false)
HANDLER(sbcs_x, carry, true, true, true)
HANDLER(sbcs_w, carry, true, true, false)

void op_ADC(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? adc_x : adc_w;
}

void op_ADCS(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? adcs_x : adcs_w;
}

void op_SBC(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? sbc_x : sbc_w;
}

void op_SBCS(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_slots3(i, w);
  i->fn = a64_sf(w) ? sbcs_x : sbcs_w;
}

// ---------------------------------------------------- conditional select --

enum select { SELECT_SAME, SELECT_INC, SELECT_INV, SELECT_NEG };

// imm is the condition as a mask (op_cond_mask).
static inline const struct insn *choose(struct soft_cpu *cpu,
                                        const struct insn *i,
                                        enum select op, bool x) {
  uint64_t yes = cpu->x[i->n], no = cpu->x[i->m];
  if (op == SELECT_INC) no += 1;
  else if (op == SELECT_INV) no = ~no;
  else if (op == SELECT_NEG) no = -no;
  uint64_t r = op_holds(cpu, (uint32_t)i->imm) ? yes : no;
  cpu->x[i->d] = op_width(r, x);
  return i + 1;
}
HANDLER(csel_x, choose, SELECT_SAME, true)
HANDLER(csel_w, choose, SELECT_SAME, false)
HANDLER(csinc_x, choose, SELECT_INC, true)
HANDLER(csinc_w, choose, SELECT_INC, false)
HANDLER(csinv_x, choose, SELECT_INV, true)
HANDLER(csinv_w, choose, SELECT_INV, false)
HANDLER(csneg_x, choose, SELECT_NEG, true)
HANDLER(csneg_w, choose, SELECT_NEG, false)

// cset: the condition itself, inverted.
static inline const struct insn *do_cset(struct soft_cpu *cpu,
                                         const struct insn *i) {
  cpu->x[i->d] = !op_holds(cpu, (uint32_t)i->imm);
  return i + 1;
}
HANDLER_OF(cset, do_cset)

static void select_operands(struct insn *i, uint32_t w) {
  op_slots3(i, w);
  i->imm = op_cond_mask(a64_cond(w));
}

void op_CSEL(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  select_operands(i, w);
  i->fn = a64_sf(w) ? csel_x : csel_w;
}

void op_CSINC(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  select_operands(i, w);
  i->fn = a64_sf(w) ? csinc_x : csinc_w;
  if (a64_rn(w) == 31 && a64_rm(w) == 31) i->fn = cset;
}

void op_CSINV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  select_operands(i, w);
  i->fn = a64_sf(w) ? csinv_x : csinv_w;
}

void op_CSNEG(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  select_operands(i, w);
  i->fn = a64_sf(w) ? csneg_x : csneg_w;
}

// --------------------------------------------------- conditional compare --

// imm: the condition's mask; `d`: the flags if it does not hold; `m`: a slot
// or the immediate.
static inline const struct insn *compare(struct soft_cpu *cpu,
                                         const struct insn *i, bool negative,
                                         bool immediate, bool x) {
  uint64_t a = cpu->x[i->n], b = immediate ? i->m : cpu->x[i->m], r;
  uint32_t nzcv = negative ? op_flags_add(a, b, x, &r)
                           : op_flags_sub(a, b, x, &r);
  uint32_t other = (uint32_t)i->d << 28;
  cpu->nzcv = op_holds(cpu, (uint32_t)i->imm) ? nzcv : other;
  return i + 1;
}
HANDLER(ccmn_x, compare, true, false, true)
HANDLER(ccmn_w, compare, true, false, false)
HANDLER(ccmn_xi, compare, true, true, true)
HANDLER(ccmn_wi, compare, true, true, false)
HANDLER(ccmp_x, compare, false, false, true)
HANDLER(ccmp_w, compare, false, false, false)
HANDLER(ccmp_xi, compare, false, true, true)
HANDLER(ccmp_wi, compare, false, true, false)

static void compare_operands(struct insn *i, uint32_t w) {
  i->n = slot_read(a64_rn(w));
  i->d = (uint8_t)a64_nzcv(w);
  i->imm = op_cond_mask(a64_cond(w));
}

void op_CCMN(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  compare_operands(i, w);
  i->m = slot_read(a64_rm(w));
  i->fn = a64_sf(w) ? ccmn_x : ccmn_w;
}

void op_CCMP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  compare_operands(i, w);
  i->m = slot_read(a64_rm(w));
  i->fn = a64_sf(w) ? ccmp_x : ccmp_w;
}

void op_CCMN_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  compare_operands(i, w);
  i->m = (uint8_t)a64_imm5(w);
  i->fn = a64_sf(w) ? ccmn_xi : ccmn_wi;
}

void op_CCMP_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  compare_operands(i, w);
  i->m = (uint8_t)a64_imm5(w);
  i->fn = a64_sf(w) ? ccmp_xi : ccmp_wi;
}

// ---------------------------------------------------------------- flags --

// The low four bits of rn, rotated right by `a`, go where the mask `d` says.
static inline const struct insn *do_rmif(struct soft_cpu *cpu,
                                         const struct insn *i) {
  uint32_t mask = (uint32_t)i->d << 28;
  uint32_t flags = (uint32_t)bits_ror64(cpu->x[i->n], i->a) << 28;
  cpu->nzcv = (cpu->nzcv & ~mask) | (flags & mask);
  return i + 1;
}
HANDLER_OF(rmif, do_rmif)

void op_RMIF(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = rmif;
  i->n = slot_read(a64_rn(w));
  i->d = (uint8_t)a64_nzcv(w);
  i->a = (uint8_t)a64_rot6(w);
}

// N and Z as of the low `bits` bits; V is bit `bits` differing from the sign;
// C stays.
static inline const struct insn *setf(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned bits) {
  uint32_t v = (uint32_t)cpu->x[i->n] << (31 - bits);   // sign at bit 30
  uint32_t n = v << 1 & PSTATE_N;
  uint32_t z = (uint32_t)(v << 1 == 0) << 30;
  uint32_t o = (v << 1 ^ v) >> 31 << 28;
  cpu->nzcv = n | z | (cpu->nzcv & PSTATE_C) | o;
  return i + 1;
}
HANDLER(setf8, setf, 8)
HANDLER(setf16, setf, 16)

void op_SETF8(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = setf8;
  i->n = slot_read(a64_rn(w));
}

void op_SETF16(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = setf16;
  i->n = slot_read(a64_rn(w));
}
