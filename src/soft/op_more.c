// SPDX-License-Identifier: MIT
//
// Small additions to the integer set, each too small for a file: FEAT_CSSC
// (ABS, CNT, CTZ, SMAX, SMIN, UMAX, UMIN), FEAT_FlagM2 (AXFLAG, XAFLAG), and
// FEAT_HBC (BC.cond, a B.cond with a hint).

#include "soft/op.h"

enum minmax { MINMAX_SMAX, MINMAX_UMAX, MINMAX_SMIN, MINMAX_UMIN };

static inline uint64_t minmax(enum minmax op, uint64_t a, uint64_t b,
                              bool x) {
  int64_t sa = x ? (int64_t)a : (int32_t)a, sb = x ? (int64_t)b : (int32_t)b;
  a = op_width(a, x);
  b = op_width(b, x);
  switch (op) {
    case MINMAX_SMAX: return sa > sb ? a : b;
    case MINMAX_UMAX: return a > b ? a : b;
    case MINMAX_SMIN: return sa < sb ? a : b;
    default: return a < b ? a : b;
  }
}

static inline const struct insn *do_minmax(struct soft_cpu *cpu,
                                           const struct insn *i,
                                           enum minmax op, bool x) {
  cpu->x[i->d] = minmax(op, cpu->x[i->n], cpu->x[i->m], x);
  return i + 1;
}

static inline const struct insn *do_minmax_i(struct soft_cpu *cpu,
                                             const struct insn *i,
                                             enum minmax op, bool x) {
  cpu->x[i->d] = minmax(op, cpu->x[i->n], (uint64_t)(int64_t)i->imm, x);
  return i + 1;
}

#define MINMAX(row, name, op, imm8_type) \
  HANDLER(name##_x, do_minmax, op, true) \
  HANDLER(name##_w, do_minmax, op, false) \
  HANDLER(name##_i_x, do_minmax_i, op, true) \
  HANDLER(name##_i_w, do_minmax_i, op, false) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    i->fn = a64_sf(w) ? name##_x : name##_w; \
    op_slots3(i, w); \
  } \
  void op_##row##_i(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    i->fn = a64_sf(w) ? name##_i_x : name##_i_w; \
    op_slots2(i, w); \
    i->imm = (imm8_type)a64_imm8c(w); \
  }
MINMAX(SMAX, smax, MINMAX_SMAX, int8_t)
MINMAX(UMAX, umax, MINMAX_UMAX, uint8_t)
MINMAX(SMIN, smin, MINMAX_SMIN, int8_t)
MINMAX(UMIN, umin, MINMAX_UMIN, uint8_t)
#undef MINMAX

// One operand.
enum one { ONE_ABS, ONE_CNT, ONE_CTZ };

static inline const struct insn *do_one(struct soft_cpu *cpu,
                                        const struct insn *i, enum one op,
                                        bool x) {
  uint64_t v = op_width(cpu->x[i->n], x), r;
  unsigned bits = x ? 64 : 32;
  switch (op) {
    case ONE_ABS: r = v >> (bits - 1) ? op_width(-v, x) : v; break;
    case ONE_CNT: r = (uint64_t)__builtin_popcountll(v); break;
    default: r = v ? (uint64_t)__builtin_ctzll(v) : bits;
  }
  cpu->x[i->d] = r;
  return i + 1;
}

#define ONE(row, name, op) \
  HANDLER(name##_x, do_one, op, true) \
  HANDLER(name##_w, do_one, op, false) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    i->fn = a64_sf(w) ? name##_x : name##_w; \
    op_slots2(i, w); \
  }
ONE(ABS, abs, ONE_ABS)
ONE(CNT, cnt, ONE_CNT)
ONE(CTZ, ctz, ONE_CTZ)
#undef ONE

// ---------------------------------------------------------------- flags --

static uint32_t nzcv_if(bool n, bool z, bool c, bool v) {
  return (n ? PSTATE_N : 0) | (z ? PSTATE_Z : 0) | (c ? PSTATE_C : 0) |
         (v ? PSTATE_V : 0);
}

// From Arm's flags of a floating-point comparison to another format, where
// unordered is Z and not V; and back (C6.2.27, C6.2.400).
static inline const struct insn *do_axflag(struct soft_cpu *cpu,
                                           const struct insn *i) {
  bool z = cpu->nzcv & PSTATE_Z, c = cpu->nzcv & PSTATE_C;
  bool v = cpu->nzcv & PSTATE_V;
  cpu->nzcv = nzcv_if(false, z || v, c && !v, false);
  return i + 1;
}
HANDLER_OF(axflag, do_axflag)

static inline const struct insn *do_xaflag(struct soft_cpu *cpu,
                                           const struct insn *i) {
  bool z = cpu->nzcv & PSTATE_Z, c = cpu->nzcv & PSTATE_C;
  cpu->nzcv = nzcv_if(!c && !z, z && c, c || z, !c && z);
  return i + 1;
}
HANDLER_OF(xaflag, do_xaflag)

void op_AXFLAG(struct insn *i, uint32_t w, unsigned offset) {
  (void)w, (void)offset;
  i->fn = axflag;
}

void op_XAFLAG(struct insn *i, uint32_t w, unsigned offset) {
  (void)w, (void)offset;
  i->fn = xaflag;
}

void op_BC_cond(struct insn *i, uint32_t w, unsigned offset) {
  op_B_cond(i, w, offset);
}
