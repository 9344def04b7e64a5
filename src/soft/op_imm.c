// SPDX-License-Identifier: MIT
//
// Data processing, immediate (Arm ARM C4.1.92): addresses, add and subtract,
// logical, wide moves, bitfields, extract.
//
// The 32 bits of insn.imm hold the operand in the form its handler can use
// with the least work; all that the word alone determines is done once, here.

#include "soft/op.h"

// ----------------------------------------------------------- addresses --

// imm is relative to the page, whose virtual address may vary.
static inline const struct insn *do_adr(struct soft_cpu *cpu,
                                        const struct insn *i) {
  cpu->x[i->d] = cpu->h.page_va + (uint64_t)(int64_t)i->imm;
  return i + 1;
}
HANDLER_OF(adr, do_adr)

// imm counts pages: its bytes would need 33 bits.
static inline const struct insn *do_adrp(struct soft_cpu *cpu,
                                         const struct insn *i) {
  cpu->x[i->d] = cpu->h.page_va + (uint64_t)i->imm * PAGE_BYTES;
  return i + 1;
}
HANDLER_OF(adrp, do_adrp)

static int32_t adr_imm(uint32_t w) {
  return (int32_t)bits_sext(a64_imm19(w) << 2 | a64_immlo(w), 21);
}

void op_ADR(struct insn *i, uint32_t w, unsigned offset) {
  i->fn = adr;
  i->d = slot_write(a64_rd(w));
  i->imm = (int32_t)offset + adr_imm(w);
}

void op_ADRP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = adrp;
  i->d = slot_write(a64_rd(w));
  i->imm = adr_imm(w);
}

// ---------------------------------------------------- add and subtract --

// imm is the signed addend: SUB is ADD of the negative, as no flags are set.
static inline const struct insn *add(struct soft_cpu *cpu,
                                     const struct insn *i, bool x) {
  cpu->x[i->d] = op_width(cpu->x[i->n] + (uint64_t)(int64_t)i->imm, x);
  return i + 1;
}
HANDLER(add_x, add, true)
HANDLER(add_w, add, false)

static inline const struct insn *mov(struct soft_cpu *cpu,
                                     const struct insn *i, bool x) {
  cpu->x[i->d] = op_width(cpu->x[i->n], x);
  return i + 1;
}
HANDLER(mov_x, mov, true)
HANDLER(mov_w, mov, false)

static inline const struct insn *adds(struct soft_cpu *cpu,
                                      const struct insn *i, bool x) {
  uint64_t r;
  cpu->nzcv = op_flags_add(cpu->x[i->n], (uint32_t)i->imm, x, &r);
  cpu->x[i->d] = r;
  return i + 1;
}
HANDLER(adds_x, adds, true)
HANDLER(adds_w, adds, false)

static inline const struct insn *subs(struct soft_cpu *cpu,
                                      const struct insn *i, bool x,
                                      bool keep) {
  uint64_t r;
  cpu->nzcv = op_flags_sub(cpu->x[i->n], (uint32_t)i->imm, x, &r);
  if (keep) cpu->x[i->d] = r;
  return i + 1;
}
HANDLER(subs_x, subs, true, true)
HANDLER(subs_w, subs, false, true)
HANDLER(cmp_x, subs, true, false)
HANDLER(cmp_w, subs, false, false)

static void addsub_operands(struct insn *i, uint32_t w) {
  i->n = slot_sp(a64_rn(w));
  i->imm = (int32_t)(a64_imm12(w) << (a64_sh(w) ? 12 : 0));
}

static void add_plain(struct insn *i, uint32_t w, bool negate) {
  addsub_operands(i, w);
  i->d = slot_sp(a64_rd(w));
  if (negate) i->imm = -i->imm;
  if (i->imm) i->fn = a64_sf(w) ? add_x : add_w;
  else i->fn = a64_sf(w) ? mov_x : mov_w;
}

void op_ADD_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  add_plain(i, w, false);
}

void op_SUB_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  add_plain(i, w, true);
}

void op_ADDS_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  addsub_operands(i, w);
  i->d = slot_write(a64_rd(w));
  i->fn = a64_sf(w) ? adds_x : adds_w;
}

void op_SUBS_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  addsub_operands(i, w);
  i->d = slot_write(a64_rd(w));
  if (a64_rd(w) == 31) i->fn = a64_sf(w) ? cmp_x : cmp_w;
  else i->fn = a64_sf(w) ? subs_x : subs_w;
}

// -------------------------------------------------------------- logical --

// How a 64-bit bitmask immediate (DecodeBitMasks) is rebuilt from insn:
// sign-extended imm; imm in both halves; or, for elements of 64 bits, all
// ones shifted right by `a` and rotated right by `m`.
enum mask_form { MASK_SIGNED, MASK_TWICE, MASK_ROTATED };

static inline uint64_t mask_operand(const struct insn *i,
                                    enum mask_form form) {
  switch (form) {
    case MASK_SIGNED: return (uint64_t)(int64_t)i->imm;
    case MASK_TWICE: return (uint32_t)i->imm * UINT64_C(0x100000001);
    default: return bits_ror64(UINT64_MAX >> (i->a & 63), i->m);
  }
}

enum logic { LOGIC_AND, LOGIC_ORR, LOGIC_EOR, LOGIC_ANDS };

static inline const struct insn *logical(struct soft_cpu *cpu,
                                         const struct insn *i, enum logic op,
                                         bool x, enum mask_form form) {
  uint64_t a = cpu->x[i->n], b = mask_operand(i, form), r;
  if (op == LOGIC_ORR) r = a | b;
  else if (op == LOGIC_EOR) r = a ^ b;
  else r = a & b;
  if (op == LOGIC_ANDS) cpu->nzcv = op_nz(r, x);
  cpu->x[i->d] = op_width(r, x);
  return i + 1;
}

#define LOGICAL(name, op) \
  HANDLER(name##_w, logical, op, false, MASK_SIGNED) \
  HANDLER(name##_x, logical, op, true, MASK_SIGNED) \
  HANDLER(name##_x2, logical, op, true, MASK_TWICE) \
  HANDLER(name##_xr, logical, op, true, MASK_ROTATED) \
  static insn_fn *const name##_fn[] = { name##_w, name##_x, name##_x2, \
                                        name##_xr };
LOGICAL(and, LOGIC_AND)
LOGICAL(orr, LOGIC_ORR)
LOGICAL(eor, LOGIC_EOR)
LOGICAL(ands, LOGIC_ANDS)
#undef LOGICAL

// Bits 0..size-1 of the element, repeated (DecodeBitMasks, shared/functions).
// The decoder has refused the reserved values.
static uint64_t bitmask(unsigned n, unsigned imms, unsigned immr) {
  unsigned size = 1u << (31 - __builtin_clz(n << 6 | (~imms & 63)));
  unsigned ones = (imms & (size - 1)) + 1, r = immr & (size - 1);
  uint64_t mask = bits_mask(ones);
  if (r) mask = (mask >> r | mask << (size - r)) & bits_mask(size);
  for (; size < 64; size *= 2) mask |= mask << size;
  return mask;
}

// fn[] as LOGICAL orders it.
static void logical_operands(struct insn *i, uint32_t w, uint8_t d,
                             insn_fn *const fn[4]) {
  uint64_t mask = bitmask(a64_N(w), a64_imms(w), a64_immr(w));
  i->d = d;
  i->n = slot_read(a64_rn(w));
  i->imm = (int32_t)mask;
  if (!a64_sf(w)) {
    i->fn = fn[0];
  } else if (mask == (uint64_t)(int64_t)(int32_t)mask) {
    i->fn = fn[1];
  } else if (!a64_N(w)) {
    i->fn = fn[2];
  } else {
    i->fn = fn[3];
    i->a = (uint8_t)(63 - a64_imms(w));
    i->m = (uint8_t)a64_immr(w);
  }
}

void op_AND_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_operands(i, w, slot_sp(a64_rd(w)), and_fn);
}

void op_ORR_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_operands(i, w, slot_sp(a64_rd(w)), orr_fn);
}

void op_EOR_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_operands(i, w, slot_sp(a64_rd(w)), eor_fn);
}

void op_ANDS_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  logical_operands(i, w, slot_write(a64_rd(w)), ands_fn);
}

// ----------------------------------------------------------- wide moves --

static inline const struct insn *do_mov_signed(struct soft_cpu *cpu,
                                               const struct insn *i) {
  cpu->x[i->d] = (uint64_t)(int64_t)i->imm;
  return i + 1;
}
HANDLER_OF(mov_signed, do_mov_signed)

static inline const struct insn *do_mov_unsigned(struct soft_cpu *cpu,
                                                 const struct insn *i) {
  cpu->x[i->d] = (uint32_t)i->imm;
  return i + 1;
}
HANDLER_OF(mov_unsigned, do_mov_unsigned)

static inline const struct insn *do_movz(struct soft_cpu *cpu,
                                         const struct insn *i) {
  cpu->x[i->d] = (uint64_t)(uint32_t)i->imm << (i->m & 63);
  return i + 1;
}
HANDLER_OF(movz, do_movz)

static inline const struct insn *do_movn(struct soft_cpu *cpu,
                                         const struct insn *i) {
  cpu->x[i->d] = ~((uint64_t)(uint32_t)i->imm << (i->m & 63));
  return i + 1;
}
HANDLER_OF(movn, do_movn)

static inline const struct insn *movk(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned shift,
                                      bool x) {
  uint64_t v = cpu->x[i->d] & ~(UINT64_C(0xffff) << shift);
  cpu->x[i->d] = op_width(v | (uint64_t)(uint32_t)i->imm << shift, x);
  return i + 1;
}
HANDLER(movk_w0, movk, 0, false)
HANDLER(movk_w16, movk, 16, false)
HANDLER(movk_x0, movk, 0, true)
HANDLER(movk_x16, movk, 16, true)
HANDLER(movk_x32, movk, 32, true)
HANDLER(movk_x48, movk, 48, true)

void op_MOVZ(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->d = slot_write(a64_rd(w));
  i->m = (uint8_t)(a64_hw(w) * 16);
  i->imm = (int32_t)a64_imm16(w);
  i->fn = movz;
  if (a64_hw(w) < 2) {
    i->fn = mov_unsigned;
    i->imm = (int32_t)(a64_imm16(w) << i->m);
  }
}

void op_MOVN(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->d = slot_write(a64_rd(w));
  i->m = (uint8_t)(a64_hw(w) * 16);
  i->imm = (int32_t)a64_imm16(w);
  i->fn = movn;
  if (!a64_sf(w) || !a64_hw(w)) {
    i->fn = a64_sf(w) ? mov_signed : mov_unsigned;
    i->imm = (int32_t)~(a64_imm16(w) << i->m);
  }
}

void op_MOVK(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  static insn_fn *const x[] = { movk_x0, movk_x16, movk_x32, movk_x48 };
  static insn_fn *const half[] = { movk_w0, movk_w16 };
  i->d = slot_write(a64_rd(w));
  i->imm = (int32_t)a64_imm16(w);
  i->fn = a64_sf(w) ? x[a64_hw(w)] : half[a64_hw(w) & 1];
}

// ------------------------------------------------------------ bitfields --

// SBFM and UBFM move the field with two shifts: left by `m`, so that its top
// bit reaches the top, then right by `a`. That serves extraction (imms >=
// immr) and insertion into zeros alike.
static inline const struct insn *field(struct soft_cpu *cpu,
                                       const struct insn *i, bool x,
                                       bool is_signed) {
  uint64_t v = op_shift(cpu->x[i->n], SHIFT_LSL, i->m, x);
  enum shift right = is_signed ? SHIFT_ASR : SHIFT_LSR;
  cpu->x[i->d] = op_shift(v, right, i->a, x);
  return i + 1;
}
HANDLER(ubfm_x, field, true, false)
HANDLER(ubfm_w, field, false, false)
HANDLER(sbfm_x, field, true, true)
HANDLER(sbfm_w, field, false, true)

static inline const struct insn *shift_by(struct soft_cpu *cpu,
                                          const struct insn *i,
                                          enum shift kind, bool x) {
  cpu->x[i->d] = op_shift(cpu->x[i->n], kind, i->a, x);
  return i + 1;
}
HANDLER(lsl_x, shift_by, SHIFT_LSL, true)
HANDLER(lsl_w, shift_by, SHIFT_LSL, false)
HANDLER(lsr_x, shift_by, SHIFT_LSR, true)
HANDLER(lsr_w, shift_by, SHIFT_LSR, false)
HANDLER(asr_x, shift_by, SHIFT_ASR, true)
HANDLER(asr_w, shift_by, SHIFT_ASR, false)

// A field from bit `a`, masked by imm: for fields of at most 31 bits.
static inline const struct insn *extract(struct soft_cpu *cpu,
                                         const struct insn *i, bool x) {
  cpu->x[i->d] = op_shift(cpu->x[i->n], SHIFT_LSR, i->a, x) &
                 (uint32_t)i->imm;
  return i + 1;
}
HANDLER(ubfx_x, extract, true)
HANDLER(ubfx_w, extract, false)

static inline const struct insn *extend(struct soft_cpu *cpu,
                                        const struct insn *i,
                                        unsigned option, bool x) {
  cpu->x[i->d] = op_width(op_extend(cpu->x[i->n], option), x);
  return i + 1;
}
HANDLER(uxtb, extend, 0, true)
HANDLER(uxth, extend, 1, true)
HANDLER(sxtb_x, extend, 4, true)
HANDLER(sxtb_w, extend, 4, false)
HANDLER(sxth_x, extend, 5, true)
HANDLER(sxth_w, extend, 5, false)
HANDLER(sxtw, extend, 6, true)

static void field_operands(struct insn *i, uint32_t w) {
  unsigned top = a64_sf(w) ? 63 : 31;
  i->d = slot_write(a64_rd(w));
  i->n = slot_read(a64_rn(w));
  i->m = (uint8_t)(top - a64_imms(w));
  i->a = (uint8_t)((i->m + a64_immr(w)) & top);
}

void op_UBFM(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  unsigned imms = a64_imms(w), immr = a64_immr(w);
  bool x = a64_sf(w);
  field_operands(i, w);
  if (i->m == 0) {
    i->fn = x ? lsr_x : lsr_w;
  } else if (i->a == 0) {
    i->a = i->m;
    i->fn = x ? lsl_x : lsl_w;
  } else if (immr == 0 && imms == 7) {
    i->fn = uxtb;
  } else if (immr == 0 && imms == 15) {
    i->fn = uxth;
  } else if (imms >= immr && imms - immr < 31) {
    i->a = (uint8_t)immr;
    i->imm = (int32_t)bits_mask(imms - immr + 1);
    i->fn = x ? ubfx_x : ubfx_w;
  } else {
    i->fn = x ? ubfm_x : ubfm_w;
  }
}

void op_SBFM(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  unsigned imms = a64_imms(w);
  bool x = a64_sf(w), whole = a64_immr(w) == 0;
  field_operands(i, w);
  if (i->m == 0) i->fn = x ? asr_x : asr_w;
  else if (whole && imms == 7) i->fn = x ? sxtb_x : sxtb_w;
  else if (whole && imms == 15) i->fn = x ? sxth_x : sxth_w;
  else if (whole && imms == 31) i->fn = sxtw;
  else i->fn = x ? sbfm_x : sbfm_w;
}

// The bits selected by all ones >> m << a come from rn rotated right by imm.
static inline const struct insn *insert(struct soft_cpu *cpu,
                                        const struct insn *i, bool x) {
  uint64_t mask = UINT64_MAX >> (i->m & 63) << (i->a & 63);
  uint64_t v = op_shift(cpu->x[i->n], SHIFT_ROR, (unsigned)i->imm, x);
  cpu->x[i->d] = op_width((cpu->x[i->d] & ~mask) | (v & mask), x);
  return i + 1;
}
HANDLER(bfm_x, insert, true)
HANDLER(bfm_w, insert, false)

void op_BFM(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  unsigned size = a64_sf(w) ? 64 : 32, imms = a64_imms(w);
  unsigned immr = a64_immr(w), lsb = 0, width = imms + 1;
  if (imms >= immr) width -= immr;
  else lsb = size - immr;
  i->d = slot_write(a64_rd(w));
  i->n = slot_read(a64_rn(w));
  i->m = (uint8_t)(64 - width);
  i->a = (uint8_t)lsb;
  i->imm = (int32_t)immr;
  i->fn = a64_sf(w) ? bfm_x : bfm_w;
}

// -------------------------------------------------------------- extract --

static inline const struct insn *do_extr_x(struct soft_cpu *cpu,
                                           const struct insn *i) {
  uint64_t high = cpu->x[i->n], low = cpu->x[i->m];
  cpu->x[i->d] = high << 1 << (63 - i->a) | low >> i->a;
  return i + 1;
}
HANDLER_OF(extr_x, do_extr_x)

static inline const struct insn *do_extr_w(struct soft_cpu *cpu,
                                           const struct insn *i) {
  uint64_t both = cpu->x[i->n] << 32 | (uint32_t)cpu->x[i->m];
  cpu->x[i->d] = (uint32_t)(both >> i->a);
  return i + 1;
}
HANDLER_OF(extr_w, do_extr_w)

HANDLER(ror_x, shift_by, SHIFT_ROR, true)
HANDLER(ror_w, shift_by, SHIFT_ROR, false)

void op_EXTR(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  bool same = a64_rn(w) == a64_rm(w);
  i->d = slot_write(a64_rd(w));
  i->n = slot_read(a64_rn(w));
  i->m = slot_read(a64_rm(w));
  i->a = (uint8_t)a64_imms(w);
  if (same) i->fn = a64_sf(w) ? ror_x : ror_w;
  else i->fn = a64_sf(w) ? extr_x : extr_w;
}
