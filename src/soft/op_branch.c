// SPDX-License-Identifier: MIT
//
// Branches (Arm ARM C4.1.93): B, BL, B.cond, CBZ, TBZ, BR, BLR, RET.
//
// A target in the same page is a distance in predecoded instructions and
// costs nothing more; any other goes through soft_jump. There imm is relative
// to the page, whose virtual address may vary.

#include "soft/op.h"

static inline const struct insn *far_target(struct soft_cpu *cpu,
                                            const struct insn *i) {
  return soft_jump(cpu, cpu->h.page_va + (uint64_t)(int64_t)i->imm);
}

static inline const struct insn *branch_if(struct soft_cpu *cpu,
                                           const struct insn *i, bool taken,
                                           bool near) {
  if (near) return i + (taken ? i->imm : 1);
  return taken ? far_target(cpu, i) : i + 1;
}

// Fills imm for a target `distance` bytes away, and says whether it is near.
static bool target(struct insn *i, int64_t distance, unsigned offset) {
  int64_t to = (int64_t)offset + distance;
  bool near = to >= 0 && to < PAGE_BYTES;
  i->imm = (int32_t)(near ? distance / 4 : to);
  return near;
}

static int64_t distance19(uint32_t w) {
  return bits_sext(a64_imm19(w), 19) * 4;
}
static int64_t distance26(uint32_t w) {
  return bits_sext(a64_imm26(w), 26) * 4;
}
static int64_t distance14(uint32_t w) {
  return bits_sext(a64_imm14(w), 14) * 4;
}

// -------------------------------------------------------- unconditional --

static inline const struct insn *b(struct soft_cpu *cpu,
                                   const struct insn *i, bool near) {
  return branch_if(cpu, i, true, near);
}
HANDLER(b_near, b, true)
HANDLER(b_far, b, false)

static inline const struct insn *bl(struct soft_cpu *cpu,
                                    const struct insn *i, bool near) {
  cpu->x[30] = op_pc(cpu, i) + 4;
  return branch_if(cpu, i, true, near);
}
HANDLER(bl_near, bl, true)
HANDLER(bl_far, bl, false)

void op_B(struct insn *i, uint32_t w, unsigned offset) {
  i->fn = target(i, distance26(w), offset) ? b_near : b_far;
}

void op_BL(struct insn *i, uint32_t w, unsigned offset) {
  i->fn = target(i, distance26(w), offset) ? bl_near : bl_far;
}

// ---------------------------------------------------------- conditional --

static inline const struct insn *b_cond(struct soft_cpu *cpu,
                                        const struct insn *i, unsigned cond,
                                        bool near) {
  return branch_if(cpu, i, pstate_cond(cond, cpu->nzcv), near);
}
#define B_COND(name, cond) \
  HANDLER(b_##name, b_cond, cond, true) \
  HANDLER(b_##name##_far, b_cond, cond, false)
B_COND(eq, 0)
B_COND(ne, 1)
B_COND(cs, 2)
B_COND(cc, 3)
B_COND(mi, 4)
B_COND(pl, 5)
B_COND(vs, 6)
B_COND(vc, 7)
B_COND(hi, 8)
B_COND(ls, 9)
B_COND(ge, 10)
B_COND(lt, 11)
B_COND(gt, 12)
B_COND(le, 13)
#undef B_COND

void op_B_cond(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[16][2] = {
    { b_eq_far, b_eq }, { b_ne_far, b_ne }, { b_cs_far, b_cs },
    { b_cc_far, b_cc }, { b_mi_far, b_mi }, { b_pl_far, b_pl },
    { b_vs_far, b_vs }, { b_vc_far, b_vc }, { b_hi_far, b_hi },
    { b_ls_far, b_ls }, { b_ge_far, b_ge }, { b_lt_far, b_lt },
    { b_gt_far, b_gt }, { b_le_far, b_le }, { b_far, b_near },
    { b_far, b_near } };
  i->fn = fn[a64_bcond(w)][target(i, distance19(w), offset)];
}

static inline const struct insn *cbz(struct soft_cpu *cpu,
                                     const struct insn *i, bool zero, bool x,
                                     bool near) {
  bool taken = (op_width(cpu->x[i->n], x) == 0) == zero;
  return branch_if(cpu, i, taken, near);
}
HANDLER(cbz_x, cbz, true, true, true)
HANDLER(cbz_w, cbz, true, false, true)
HANDLER(cbz_x_far, cbz, true, true, false)
HANDLER(cbz_w_far, cbz, true, false, false)
HANDLER(cbnz_x, cbz, false, true, true)
HANDLER(cbnz_w, cbz, false, false, true)
HANDLER(cbnz_x_far, cbz, false, true, false)
HANDLER(cbnz_w_far, cbz, false, false, false)

void op_CBZ(struct insn *i, uint32_t w, unsigned offset) {
  i->n = slot_read(a64_rt(w));
  if (target(i, distance19(w), offset)) i->fn = a64_sf(w) ? cbz_x : cbz_w;
  else i->fn = a64_sf(w) ? cbz_x_far : cbz_w_far;
}

void op_CBNZ(struct insn *i, uint32_t w, unsigned offset) {
  i->n = slot_read(a64_rt(w));
  if (target(i, distance19(w), offset)) i->fn = a64_sf(w) ? cbnz_x : cbnz_w;
  else i->fn = a64_sf(w) ? cbnz_x_far : cbnz_w_far;
}

static inline const struct insn *tbz(struct soft_cpu *cpu,
                                     const struct insn *i, bool zero,
                                     bool near) {
  bool bit = cpu->x[i->n] >> (i->a & 63) & 1;
  return branch_if(cpu, i, bit != zero, near);
}
HANDLER(tbz_near, tbz, true, true)
HANDLER(tbz_far, tbz, true, false)
HANDLER(tbnz_near, tbz, false, true)
HANDLER(tbnz_far, tbz, false, false)

static void tbz_operands(struct insn *i, uint32_t w) {
  i->n = slot_read(a64_rt(w));
  i->a = (uint8_t)(a64_b5(w) << 5 | a64_b40(w));
}

void op_TBZ(struct insn *i, uint32_t w, unsigned offset) {
  tbz_operands(i, w);
  i->fn = target(i, distance14(w), offset) ? tbz_near : tbz_far;
}

void op_TBNZ(struct insn *i, uint32_t w, unsigned offset) {
  tbz_operands(i, w);
  i->fn = target(i, distance14(w), offset) ? tbnz_near : tbnz_far;
}

// ------------------------------------------------------------- register --

static inline const struct insn *do_br(struct soft_cpu *cpu,
                                       const struct insn *i) {
  return soft_jump(cpu, cpu->x[i->n]);
}
HANDLER_OF(ret, do_br)
HANDLER_BTYPE(br, do_br, 1)

// The target is read first: it may be x30.
static inline const struct insn *do_blr(struct soft_cpu *cpu,
                                        const struct insn *i) {
  uint64_t to = cpu->x[i->n];
  cpu->x[30] = op_pc(cpu, i) + 4;
  return soft_jump(cpu, to);
}
HANDLER_BTYPE(blr, do_blr, 2)

void op_BR(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = br;
  i->n = slot_read(a64_rn(w));
}

void op_BLR(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = blr;
  i->n = slot_read(a64_rn(w));
}

void op_RET(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = ret;
  i->n = slot_read(a64_rn(w));
}
