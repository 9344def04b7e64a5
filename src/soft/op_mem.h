// SPDX-License-Identifier: MIT
//
// Addressing modes of loads and stores, shared by general and FP/SIMD
// registers. The mode is a constant of the handler; a handler whose base is
// sp checks its alignment, the others do not know of it.

#ifndef SOFT_OP_MEM_H
#define SOFT_OP_MEM_H

#include "soft/access.h"
#include "soft/op.h"

enum mem_mode {
  AT_IMM, AT_PRE, AT_POST,             // [n, imm], and with writeback
  AT_IMM_SP, AT_PRE_SP, AT_POST_SP,
  AT_X, AT_UXTW, AT_SXTW,              // [n, m], m extended
  AT_X_S, AT_UXTW_S, AT_SXTW_S,        // the same, scaled by the size
  AT_REG_SP,                           // [sp, m]: option a, shift imm
  AT_COUNT,
  AT_LITERAL                           // imm from the start of the page
};

static inline bool mem_is_sp(enum mem_mode mode) {
  return (mode >= AT_IMM_SP && mode <= AT_POST_SP) || mode == AT_REG_SP;
}

// The address of the access.
static inline uint64_t mem_address(const struct soft_cpu *cpu,
                                   const struct insn *i, enum mem_mode mode,
                                   unsigned log2) {
  uint64_t base = cpu->x[i->n], m = cpu->x[i->m];
  switch (mode) {
    case AT_POST: case AT_POST_SP: return base;
    case AT_X: return base + m;
    case AT_UXTW: return base + (uint32_t)m;
    case AT_SXTW: return base + (uint64_t)(int32_t)m;
    case AT_X_S: return base + (m << log2);
    case AT_UXTW_S: return base + ((uint64_t)(uint32_t)m << log2);
    case AT_SXTW_S: return base + ((uint64_t)(int32_t)m << log2);
    case AT_REG_SP: return base + (op_extend(m, i->a) << (i->imm & 7));
    case AT_LITERAL: return cpu->h.page_va + (uint64_t)(int64_t)i->imm;
    default: return base + (uint64_t)(int64_t)i->imm;
  }
}

// After success: the new base, where the mode has one. It comes after the
// registers loaded, so a load whose base is among them (CONSTRAINED
// UNPREDICTABLE) ends with the address, as qemu's does.
static inline void mem_writeback(struct soft_cpu *cpu, const struct insn *i,
                                 enum mem_mode mode, uint64_t va) {
  if (mode == AT_PRE || mode == AT_PRE_SP)
    cpu->x[i->n] = va;
  else if (mode == AT_POST || mode == AT_POST_SP)
    cpu->x[i->n] = va + (uint64_t)(int64_t)i->imm;
}

// Handlers of all modes of one kind of transfer, and their table.
#define MEM_HANDLERS(kind, template, ...) \
  HANDLER(kind##_imm, template, AT_IMM, __VA_ARGS__) \
  HANDLER(kind##_pre, template, AT_PRE, __VA_ARGS__) \
  HANDLER(kind##_post, template, AT_POST, __VA_ARGS__) \
  HANDLER(kind##_imm_sp, template, AT_IMM_SP, __VA_ARGS__) \
  HANDLER(kind##_pre_sp, template, AT_PRE_SP, __VA_ARGS__) \
  HANDLER(kind##_post_sp, template, AT_POST_SP, __VA_ARGS__) \
  HANDLER(kind##_x, template, AT_X, __VA_ARGS__) \
  HANDLER(kind##_uxtw, template, AT_UXTW, __VA_ARGS__) \
  HANDLER(kind##_sxtw, template, AT_SXTW, __VA_ARGS__) \
  HANDLER(kind##_x_s, template, AT_X_S, __VA_ARGS__) \
  HANDLER(kind##_uxtw_s, template, AT_UXTW_S, __VA_ARGS__) \
  HANDLER(kind##_sxtw_s, template, AT_SXTW_S, __VA_ARGS__) \
  HANDLER(kind##_reg_sp, template, AT_REG_SP, __VA_ARGS__) \
  static insn_fn *const kind##_fn[AT_COUNT] = { \
    kind##_imm, kind##_pre, kind##_post, \
    kind##_imm_sp, kind##_pre_sp, kind##_post_sp, \
    kind##_x, kind##_uxtw, kind##_sxtw, \
    kind##_x_s, kind##_uxtw_s, kind##_sxtw_s, kind##_reg_sp };

// The modes of pairs.
#define MEM_HANDLERS_IMM(kind, template, ...) \
  HANDLER(kind##_imm, template, AT_IMM, __VA_ARGS__) \
  HANDLER(kind##_pre, template, AT_PRE, __VA_ARGS__) \
  HANDLER(kind##_post, template, AT_POST, __VA_ARGS__) \
  HANDLER(kind##_imm_sp, template, AT_IMM_SP, __VA_ARGS__) \
  HANDLER(kind##_pre_sp, template, AT_PRE_SP, __VA_ARGS__) \
  HANDLER(kind##_post_sp, template, AT_POST_SP, __VA_ARGS__) \
  static insn_fn *const kind##_fn[AT_COUNT] = { \
    kind##_imm, kind##_pre, kind##_post, \
    kind##_imm_sp, kind##_pre_sp, kind##_post_sp };

// Predecoding: fill base and offset, return the mode. `mode` is AT_IMM,
// AT_PRE or AT_POST.
static inline enum mem_mode mem_at_imm(struct insn *i, uint32_t w,
                                       enum mem_mode mode, int64_t imm) {
  i->n = slot_sp(a64_rn(w));
  i->imm = (int32_t)imm;
  return mode + (i->n == SLOT_SP ? AT_IMM_SP - AT_IMM : 0);
}

// Offsets: imm12 scaled, imm9, imm7 scaled.
static inline enum mem_mode mem_at_ui(struct insn *i, uint32_t w,
                                      unsigned log2) {
  return mem_at_imm(i, w, AT_IMM, (int64_t)a64_imm12(w) << log2);
}
static inline enum mem_mode mem_at_imm9(struct insn *i, uint32_t w,
                                        enum mem_mode mode) {
  return mem_at_imm(i, w, mode, bits_sext(a64_imm9(w), 9));
}
static inline enum mem_mode mem_at_imm7(struct insn *i, uint32_t w,
                                        enum mem_mode mode, unsigned log2) {
  return mem_at_imm(i, w, mode, bits_sext(a64_imm7(w), 7) * (1 << log2));
}

// [n, m]: option is 2, 3, 6 or 7 (the decoder has refused the others).
static inline enum mem_mode mem_at_reg(struct insn *i, uint32_t w,
                                       unsigned log2) {
  i->n = slot_sp(a64_rn(w));
  i->m = slot_read(a64_rm(w));
  if (i->n == SLOT_SP) {
    i->a = (uint8_t)a64_option(w);
    i->imm = a64_S(w) ? (int32_t)log2 : 0;
    return AT_REG_SP;
  }
  enum mem_mode mode = a64_option(w) == 2 ? AT_UXTW
                     : a64_option(w) == 6 ? AT_SXTW : AT_X;
  return mode + (a64_S(w) ? AT_X_S - AT_X : 0);
}

static inline void mem_at_literal(struct insn *i, uint32_t w,
                                  unsigned offset) {
  i->imm = (int32_t)((int64_t)offset + bits_sext(a64_imm19(w), 19) * 4);
}

#endif
