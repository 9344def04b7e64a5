// SPDX-License-Identifier: MIT
//
// Moves of FP/SIMD registers (Arm ARM C4.1.96): FMOV, DUP, INS, UMOV, SMOV,
// modified immediates.
//
// `d`, `n`, `m` are vector register numbers or slots of general ones. Every
// write defines the whole register. Element positions are byte offsets.

#include "soft/fp.h"
#include "soft/vec.h"

static void set_v(struct soft_cpu *cpu, unsigned d, uint64_t low,
                  uint64_t high) {
  vec_set(cpu, d, (vec){ low, high });
}

// ----------------------------------------------------------------- FMOV --

static inline const struct insn *fmov(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned bits) {
  set_v(cpu, i->d, cpu->v[i->n][0] & bits_mask(bits), 0);
  return i + 1;
}
VEC_TEMPLATE(fmov_d, fmov, 64)
VEC_TEMPLATE(fmov_s, fmov, 32)
VEC_TEMPLATE(fmov_h, fmov, 16)

static inline const struct insn *fmov_to_x(struct soft_cpu *cpu,
                                           const struct insn *i,
                                           unsigned bits, unsigned half) {
  cpu->x[i->d] = cpu->v[i->n][half] & bits_mask(bits);
  return i + 1;
}
VEC_TEMPLATE(fmov_xd, fmov_to_x, 64, 0)
VEC_TEMPLATE(fmov_ws, fmov_to_x, 32, 0)
VEC_TEMPLATE(fmov_wh, fmov_to_x, 16, 0)
VEC_TEMPLATE(fmov_xd1, fmov_to_x, 64, 1)

static inline const struct insn *fmov_from_x(struct soft_cpu *cpu,
                                             const struct insn *i,
                                             unsigned bits) {
  set_v(cpu, i->d, cpu->x[i->n] & bits_mask(bits), 0);
  return i + 1;
}
VEC_TEMPLATE(fmov_dx, fmov_from_x, 64)
VEC_TEMPLATE(fmov_sw, fmov_from_x, 32)
VEC_TEMPLATE(fmov_hw, fmov_from_x, 16)

// The only move to a part of a register but INS.
static inline const struct insn *do_fmov_d1x(struct soft_cpu *cpu,
                                             const struct insn *i) {
  cpu->v[i->d][1] = cpu->x[i->n];
  return i + 1;
}
VEC_TEMPLATE_OF(fmov_d1x, do_fmov_d1x)

// By ftype: 0 single, 1 double, 3 half; 2, the upper half of a register, has
// rows of its own.
static insn_fn *by_ftype(uint32_t w, insn_fn *s, insn_fn *d, insn_fn *h) {
  unsigned ftype = a64_ftype(w);
  return ftype == 0 ? s : ftype == 1 ? d : h;
}

void op_FMOV_f(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = by_ftype(w, fmov_s, fmov_d, fmov_h);
  i->d = (uint8_t)a64_rd(w);
  i->n = (uint8_t)a64_rn(w);
}

static void to_x(struct insn *i, uint32_t w) {
  i->d = slot_write(a64_rd(w));
  i->n = (uint8_t)a64_rn(w);
}

static void from_x(struct insn *i, uint32_t w) {
  i->d = (uint8_t)a64_rd(w);
  i->n = slot_read(a64_rn(w));
}

void op_FMOV_gf(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  to_x(i, w);
  i->fn = by_ftype(w, fmov_ws, fmov_xd, fmov_wh);
}

void op_FMOV_gf_hi(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  to_x(i, w);
  i->fn = fmov_xd1;
}

void op_FMOV_fg(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  from_x(i, w);
  i->fn = by_ftype(w, fmov_sw, fmov_dx, fmov_hw);
}

void op_FMOV_fg_hi(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  from_x(i, w);
  i->fn = fmov_d1x;
}

// ------------------------------------------------- immediates, by the word --

// VFPExpandImm (shared/functions): imm8 = a b cdefgh is the sign, an exponent
// of NOT(b), b, b .. b, and its last two bits with the fraction's first four.
static uint64_t fp_expand(unsigned imm8, const struct fp_format *f) {
  bool b = imm8 >> 6 & 1;
  unsigned exp_bits = f->bits - 1u - f->frac;
  uint64_t exp = b ? bits_mask(exp_bits - 3) << 2
                   : UINT64_C(1) << (exp_bits - 1);
  return (uint64_t)(imm8 >> 7) << (f->bits - 1) | exp << f->frac |
         (uint64_t)(imm8 & 0x3f) << (f->frac - 4);
}

static inline const struct insn *do_fmov_imm(struct soft_cpu *cpu,
                                             const struct insn *i) {
  unsigned ftype = a64_ftype(i->word);
  const struct fp_format *f = ftype == 0   ? &fp_single
                              : ftype == 1 ? &fp_double
                                           : &fp_half;
  set_v(cpu, i->d, fp_expand(a64_imm8(i->word), f), 0);
  return i + 1;
}
VEC_TEMPLATE_OF(fmov_imm, do_fmov_imm)

void op_FMOV_i(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = fmov_imm;
  i->d = (uint8_t)a64_rd(w);
  i->word = w;
}

// Each bit of imm8 as a byte of ones or zeros.
static uint64_t byte_mask(unsigned imm8) {
  uint64_t mask = 0;
  for (unsigned k = 0; k < 8; k++)
    if (imm8 >> k & 1) mask |= UINT64_C(0xff) << (8 * k);
  return mask;
}

// AdvSIMDExpandImm (shared/functions), before any inversion.
static uint64_t simd_expand(unsigned op, unsigned cmode, uint64_t imm8) {
  const uint64_t words = UINT64_C(0x100000001);
  const uint64_t halves = UINT64_C(0x0001000100010001);
  if (cmode < 8) return (imm8 << (cmode >> 1) * 8) * words;
  if (cmode < 12) return (imm8 << (cmode >> 1 & 1) * 8) * halves;
  if (cmode == 12) return (imm8 << 8 | 0xff) * words;
  if (cmode == 13) return (imm8 << 16 | 0xffff) * words;
  if (cmode == 14)
    return op ? byte_mask((unsigned)imm8)
              : imm8 * UINT64_C(0x0101010101010101);
  return op ? fp_expand((unsigned)imm8, &fp_double)
            : fp_expand((unsigned)imm8, &fp_single) * words;
}

// A word in all lanes, which may change the register by OR or AND.
enum immediate { IMM_WRITE, IMM_OR, IMM_AND };
static inline const struct insn *repeat_word(struct soft_cpu *cpu,
                                             const struct insn *i,
                                             enum immediate how) {
  vec v = vec_repeat((uint32_t)i->imm, 2);
  if (how == IMM_OR) v |= vec_get(cpu, i->d);
  if (how == IMM_AND) v &= vec_get(cpu, i->d);
  vec_set(cpu, i->d, v & vec_kept(i->a));
  return i + 1;
}
VEC_TEMPLATE(word_write, repeat_word, IMM_WRITE)
VEC_TEMPLATE(word_or, repeat_word, IMM_OR)
VEC_TEMPLATE(word_and, repeat_word, IMM_AND)

// Byte masks and doubles, which do not fit the instruction.
static inline const struct insn *do_simd_imm(struct soft_cpu *cpu,
                                             const struct insn *i) {
  uint32_t w = i->word;
  uint64_t imm = simd_expand(1, a64_cmode(w), a64_abc(w) << 5 | a64_defgh(w));
  set_v(cpu, i->d, imm, a64_Q(w) ? imm : 0);
  return i + 1;
}
VEC_TEMPLATE_OF(simd_imm, do_simd_imm)

void op_SIMD_imm(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  unsigned op = a64_op(w), cmode = a64_cmode(w);
  bool modify = cmode < 12 && cmode & 1;   // ORR, BIC; else MOVI, MVNI
  i->d = (uint8_t)a64_rd(w);
  i->a = (uint8_t)(VEC_HALF + a64_Q(w));
  if (op && cmode >= 14) {
    i->fn = simd_imm;
    i->word = w;
    return;
  }
  uint64_t imm = simd_expand(op, cmode, a64_abc(w) << 5 | a64_defgh(w));
  i->imm = (int32_t)(uint32_t)(op ? ~imm : imm);
  i->fn = !modify ? word_write : op ? word_and : word_or;
}

void op_FMOV_vh(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  uint64_t imm = fp_expand(a64_abc(w) << 5 | a64_defgh(w), &fp_half);
  i->d = (uint8_t)a64_rd(w);
  i->a = (uint8_t)(VEC_HALF + a64_Q(w));
  i->imm = (int32_t)(uint32_t)(imm << 16 | imm);
  i->fn = word_write;
}

// ------------------------------------------------------------- elements --

// imm5 is index:1:0..: its lowest set bit is the size. a: log2 of the size,
// m: byte offset of the element.
static void element(struct insn *i, uint32_t w) {
  i->a = (uint8_t)__builtin_ctz(a64_imm5(w));
  i->m = (uint8_t)(a64_imm5(w) >> (i->a + 1) << i->a);
}

static inline const struct insn *do_dup_scalar(struct soft_cpu *cpu,
                                               const struct insn *i) {
  set_v(cpu, i->d, vec_extract(cpu, i->n, i->m, i->a), 0);
  return i + 1;
}
VEC_TEMPLATE_OF(dup_scalar, do_dup_scalar)

// imm: 128 bits rather than 64.
static inline const struct insn *do_dup_element(struct soft_cpu *cpu,
                                                const struct insn *i) {
  vec v = vec_repeat(vec_extract(cpu, i->n, i->m, i->a), i->a);
  vec_set(cpu, i->d, v & vec_kept(VEC_HALF + (unsigned)i->imm));
  return i + 1;
}
VEC_TEMPLATE_OF(dup_element, do_dup_element)

static inline const struct insn *do_dup_general(struct soft_cpu *cpu,
                                                const struct insn *i) {
  vec v = vec_repeat(cpu->x[i->n], i->a);
  vec_set(cpu, i->d, v & vec_kept(VEC_HALF + (unsigned)i->imm));
  return i + 1;
}
VEC_TEMPLATE_OF(dup_general, do_dup_general)

static inline const struct insn *do_umov(struct soft_cpu *cpu,
                                         const struct insn *i) {
  cpu->x[i->d] = vec_extract(cpu, i->n, i->m, i->a);
  return i + 1;
}
VEC_TEMPLATE_OF(umov, do_umov)

// imm: a 64-bit destination.
static inline const struct insn *do_smov(struct soft_cpu *cpu,
                                         const struct insn *i) {
  uint64_t v = vec_extract(cpu, i->n, i->m, i->a);
  cpu->x[i->d] = op_width((uint64_t)bits_sext(v, 8u << i->a), i->imm);
  return i + 1;
}
VEC_TEMPLATE_OF(smov, do_smov)

static inline const struct insn *do_ins_general(struct soft_cpu *cpu,
                                                const struct insn *i) {
  vec_insert(cpu, i->d, i->m, i->a, cpu->x[i->n]);
  return i + 1;
}
VEC_TEMPLATE_OF(ins_general, do_ins_general)

// imm: byte offset of the source element.
static inline const struct insn *do_ins_element(struct soft_cpu *cpu,
                                                const struct insn *i) {
  uint64_t v = vec_extract(cpu, i->n, (unsigned)i->imm, i->a);
  vec_insert(cpu, i->d, i->m, i->a, v);
  return i + 1;
}
VEC_TEMPLATE_OF(ins_element, do_ins_element)

void op_DUP_s(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = dup_scalar;
  i->d = (uint8_t)a64_rd(w);
  i->n = (uint8_t)a64_rn(w);
  element(i, w);
}

void op_DUP_e(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = dup_element;
  i->d = (uint8_t)a64_rd(w);
  i->n = (uint8_t)a64_rn(w);
  i->imm = (int32_t)a64_Q(w);
  element(i, w);
}

void op_DUP_g(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = dup_general;
  from_x(i, w);
  i->imm = (int32_t)a64_Q(w);
  element(i, w);
}

void op_UMOV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = umov;
  to_x(i, w);
  element(i, w);
}

void op_SMOV(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = smov;
  to_x(i, w);
  i->imm = (int32_t)a64_Q(w);
  element(i, w);
}

void op_INS_g(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = ins_general;
  from_x(i, w);
  element(i, w);
}

void op_INS_e(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = ins_element;
  i->d = (uint8_t)a64_rd(w);
  i->n = (uint8_t)a64_rn(w);
  element(i, w);
  i->imm = (int32_t)(a64_imm4(w) >> i->a << i->a);
}
