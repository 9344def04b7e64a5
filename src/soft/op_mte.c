// SPDX-License-Identifier: MIT
//
// Memory tagging with FEAT_MTE alone (ID_AA64PFR1_EL1.MTE = 1): the
// instructions are there, but no memory has tags and SCTLR_EL1.ATA is RES0, so
// that every tag read or chosen is 0 (AArch64.AllocationTagAccessIsEnabled,
// Arm ARM J1.1). Tag stores check their address and store nothing.
//
//   63  60 59 56 55                       0
//   |      | tag |         address          |

#include "soft/op.h"
#include "soft/op_mem.h"

enum { TAG_SHIFT = 56, GRANULE_LOG2 = 4, GRANULE = 1 << GRANULE_LOG2 };

static inline uint64_t untagged(uint64_t address) {
  return address & ~(UINT64_C(15) << TAG_SHIFT);
}

static inline uint64_t tag_of(uint64_t address) {
  return address >> TAG_SHIFT & 15;
}

// ADDG, SUBG, and IRG as an addition of 0.
static inline const struct insn *do_addg(struct soft_cpu *cpu,
                                         const struct insn *i) {
  cpu->x[i->d] = untagged(cpu->x[i->n] + (uint64_t)(int64_t)i->imm);
  return i + 1;
}
HANDLER_OF(addg, do_addg)

static void addg_operands(struct insn *i, uint32_t w, int32_t imm) {
  i->fn = addg;
  i->d = slot_sp(a64_rd(w));
  i->n = slot_sp(a64_rn(w));
  i->imm = imm;
}

void op_ADDG(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  addg_operands(i, w, (int32_t)a64_uimm6(w) * GRANULE);
}

void op_SUBG(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  addg_operands(i, w, -(int32_t)a64_uimm6(w) * GRANULE);
}

void op_IRG(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  addg_operands(i, w, 0);
}

static inline const struct insn *do_gmi(struct soft_cpu *cpu,
                                        const struct insn *i) {
  cpu->x[i->d] = cpu->x[i->m] | UINT64_C(1) << tag_of(cpu->x[i->n]);
  return i + 1;
}
HANDLER_OF(gmi, do_gmi)

void op_GMI(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = gmi;
  i->d = slot_write(a64_rd(w));
  i->n = slot_sp(a64_rn(w));
  i->m = slot_read(a64_rm(w));
}

static inline const struct insn *do_subp(struct soft_cpu *cpu,
                                         const struct insn *i, bool flags) {
  uint64_t a = (uint64_t)bits_sext(cpu->x[i->n], 56), r;
  uint64_t b = (uint64_t)bits_sext(cpu->x[i->m], 56);
  uint32_t nzcv = op_flags_sub(a, b, true, &r);
  if (flags) cpu->nzcv = nzcv;
  cpu->x[i->d] = r;
  return i + 1;
}
HANDLER(subp, do_subp, false)
HANDLER(subps, do_subp, true)

static void subp_operands(struct insn *i, uint32_t w, insn_fn *fn) {
  i->fn = fn;
  i->d = slot_write(a64_rd(w));
  i->n = slot_sp(a64_rn(w));
  i->m = slot_sp(a64_rm(w));
}

void op_SUBP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  subp_operands(i, w, subp);
}

void op_SUBPS(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  subp_operands(i, w, subps);
}

// --------------------------------------------------------------- memory --

// The address is rounded down; what is read there is tag 0.
static inline const struct insn *do_ldg(struct soft_cpu *cpu,
                                        const struct insn *i) {
  uint64_t va = cpu->x[i->n] + (uint64_t)(int64_t)i->imm;
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  va &= ~(uint64_t)(GRANULE - 1);
  if (!access_probe(cpu, i, va, GRANULE, false)) return NULL;
  cpu->x[i->d] = untagged(cpu->x[i->m]);
  return i + 1;
}
HANDLER_OF(ldg, do_ldg)

void op_LDG(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = ldg;
  i->d = slot_write(a64_rt(w));
  i->m = slot_read(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
  i->imm = (int32_t)bits_sext(a64_imm9(w), 9) * GRANULE;
}

// STG, ST2G, STZG, STZ2G: one or two granules, zeroed or only checked.
static inline const struct insn *do_stg(struct soft_cpu *cpu,
                                        const struct insn *i,
                                        enum mem_mode mode,
                                        unsigned granules, bool zero) {
  static const uint8_t zeros[2 * GRANULE];
  uint64_t va = mem_address(cpu, i, mode, 0);
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (va & (GRANULE - 1))
    return access_misaligned(cpu, i, va, GRANULE, true);
  if (zero ? !access_write_block(cpu, i, va, 3, 2 * granules, zeros)
           : !access_probe(cpu, i, va, granules * GRANULE, true))
    return NULL;
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static void stg_operands(struct insn *i, uint32_t w, insn_fn *fn) {
  i->fn = fn;
  i->n = slot_sp(a64_rn(w));
  i->imm = (int32_t)bits_sext(a64_imm9(w), 9) * GRANULE;
}

#define STG_ROW(row, name, mode, granules, zero) \
  HANDLER(name, do_stg, mode, granules, zero) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    stg_operands(i, w, name); \
  }
#define STG(row, name, granules, zero) \
  STG_ROW(row, name, AT_IMM, granules, zero) \
  STG_ROW(row##_pre, name##_pre, AT_PRE, granules, zero) \
  STG_ROW(row##_post, name##_post, AT_POST, granules, zero)
STG(STG, stg, 1, false)
STG(ST2G, st2g, 2, false)
STG(STZG, stzg, 1, true)
STG(STZ2G, stz2g, 2, true)
#undef STG
#undef STG_ROW

static inline const struct insn *do_stgp(struct soft_cpu *cpu,
                                         const struct insn *i,
                                         enum mem_mode mode) {
  uint64_t va = mem_address(cpu, i, mode, 0);
  uint64_t v[2] = { cpu->x[i->d], cpu->x[i->a] };
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (va & (GRANULE - 1))
    return access_misaligned(cpu, i, va, GRANULE, true);
  if (!access_write(cpu, i, va, 3, 2, v)) return NULL;
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}
HANDLER(stgp, do_stgp, AT_IMM)
HANDLER(stgp_pre, do_stgp, AT_PRE)
HANDLER(stgp_post, do_stgp, AT_POST)

static void stgp_operands(struct insn *i, uint32_t w, insn_fn *fn) {
  i->fn = fn;
  i->d = slot_read(a64_rt(w));
  i->a = slot_read(a64_rt2(w));
  i->n = slot_sp(a64_rn(w));
  i->imm = (int32_t)bits_sext(a64_imm7(w), 7) * GRANULE;
}

void op_STGP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stgp_operands(i, w, stgp);
}

void op_STGP_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stgp_operands(i, w, stgp_pre);
}

void op_STGP_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stgp_operands(i, w, stgp_post);
}
