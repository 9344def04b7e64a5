// SPDX-License-Identifier: MIT
//
// What the op_*.c files share. A predecoder op_ROW chooses among handlers that
// are instances of inline templates: constants instead of tests, so that a
// handler is a dozen host instructions without a branch.
//
// Conventions: `sf` and `x` are true for the 64-bit form; a W result is
// written zero-extended; 32-bit operands are the low halves of the slots.

#ifndef SOFT_OP_H
#define SOFT_OP_H

#include "soft/cpu.h"

// Defines the handler `name` as an instance of an inline template, or of a
// function without parameters of its own.
#define HANDLER(name, template, ...) \
  static const struct insn *name(struct soft_cpu *cpu, \
                                 const struct insn *i, uint64_t left) { \
    SOFT_TAIL return soft_next(cpu, template(cpu, i, __VA_ARGS__), left); \
  }
#define HANDLER_OF(name, function) \
  static const struct insn *name(struct soft_cpu *cpu, \
                                 const struct insn *i, uint64_t left) { \
    SOFT_TAIL return soft_next(cpu, function(cpu, i), left); \
  }

// The same for a branch that sets PSTATE.BTYPE for the next instruction. Only
// guarded pages would make a difference between 1 and 3 (D8.4.6, BranchTo),
// and those are the MMU's.
#define HANDLER_BTYPE(name, function, value) \
  static const struct insn *name(struct soft_cpu *cpu, \
                                 const struct insn *i, uint64_t left) { \
    cpu->h.btype = (value) << 10; \
    cpu->h.btype_left = left - 1; \
    SOFT_TAIL return soft_next(cpu, function(cpu, i), left); \
  }

// A function that handlers end in when the fast path does not do.
#define OP_COLD __attribute__((noinline, cold)) static

// The width of a result, by a constant.
static inline uint64_t op_width(uint64_t v, bool x) {
  return x ? v : (uint32_t)v;
}

// The operands rd, rn and rd, rn, rm, with zr for 31.
static inline void op_slots2(struct insn *i, uint32_t w) {
  i->d = slot_write(a64_rd(w));
  i->n = slot_read(a64_rn(w));
}
static inline void op_slots3(struct insn *i, uint32_t w) {
  op_slots2(i, w);
  i->m = slot_read(a64_rm(w));
}

// The virtual address of the instruction being executed.
static inline uint64_t op_pc(const struct soft_cpu *cpu,
                             const struct insn *i) {
  return cpu->h.page_va + (uint64_t)(i - cpu->h.page->insn) * 4;
}

// Whether sp, used as a base, fails the check of D1.8.2.
static inline bool op_sp_misaligned(const struct soft_cpu *cpu) {
  return BITS_UNLIKELY(cpu->x[SLOT_SP] & 15) && cpu->mode & MODE_SA;
}

// The same where the base register is known at run time only.
static inline bool op_base_misaligned(const struct soft_cpu *cpu,
                                      const struct insn *i) {
  return BITS_UNLIKELY(i->n == SLOT_SP) && op_sp_misaligned(cpu);
}

// ---------------------------------------------------------------- flags --

// N and Z of a result of the given width, in bits 1 and 0.
static inline uint32_t op_sign_zero(uint64_t r, bool x) {
  uint32_t n = x ? (uint32_t)(r >> 63) : (uint32_t)r >> 31;
  return n * 2 + ((x ? r : (uint32_t)r) == 0);
}

// The flags of a result that leaves C and V clear.
static inline uint32_t op_nz(uint64_t r, bool x) {
  return op_sign_zero(r, x) << 30;
}

static inline uint32_t op_nzcv(uint64_t r, bool c, bool v, bool x) {
  return ((op_sign_zero(r, x) * 2 + c) * 2 + v) << 28;
}

// NZCV of r = a + b.
static inline uint32_t op_flags_add(uint64_t a, uint64_t b, bool x,
                                    uint64_t *r) {
  bool c, v;
  int32_t t32;
  int64_t t64;
  if (x) {
    v = __builtin_add_overflow((int64_t)a, (int64_t)b, &t64);
    *r = (uint64_t)t64;
    c = *r < a;
  } else {
    v = __builtin_add_overflow((int32_t)a, (int32_t)b, &t32);
    *r = (uint32_t)t32;
    c = (uint32_t)*r < (uint32_t)a;
  }
  return op_nzcv(*r, c, v, x);
}

// NZCV of r = a - b.
static inline uint32_t op_flags_sub(uint64_t a, uint64_t b, bool x,
                                    uint64_t *r) {
  bool c, v;
  int32_t t32;
  int64_t t64;
  if (x) {
    v = __builtin_sub_overflow((int64_t)a, (int64_t)b, &t64);
    *r = (uint64_t)t64;
    c = a >= b;
  } else {
    v = __builtin_sub_overflow((int32_t)a, (int32_t)b, &t32);
    *r = (uint32_t)t32;
    c = (uint32_t)a >= (uint32_t)b;
  }
  return op_nzcv(*r, c, v, x);
}

// NZCV of r = a + b + carry, carry 0 or 1 (AddWithCarry, shared/functions).
static inline uint32_t op_flags_carry(uint64_t a, uint64_t b, unsigned carry,
                                      bool x, uint64_t *r) {
  bool c, v;
  if (x) {
    uint64_t t;
    c = __builtin_add_overflow(a, b, &t);
    c |= __builtin_add_overflow(t, (uint64_t)carry, r);
    v = ((a ^ *r) & (b ^ *r)) >> 63;
  } else {
    uint64_t t = (uint64_t)(uint32_t)a + (uint32_t)b + carry;
    *r = (uint32_t)t;
    c = t >> 32;
    v = (uint32_t)((a ^ t) & (b ^ t)) >> 31;
  }
  return op_nzcv(*r, c, v, x);
}

// Condition `cond` as a mask over the 16 NZCV values; 14 and 15 are always.
static inline uint16_t op_cond_mask(unsigned cond) {
  uint16_t mask = 0;
  for (unsigned nzcv = 0; nzcv < 16; nzcv++)
    mask |= (uint16_t)(pstate_cond(cond, nzcv << 28) << nzcv);
  return mask;
}
static inline bool op_holds(const struct soft_cpu *cpu, uint32_t mask) {
  return mask >> (cpu->nzcv >> 28) & 1;
}

// --------------------------------------------------------------- shifts --

enum shift { SHIFT_LSL, SHIFT_LSR, SHIFT_ASR, SHIFT_ROR, SHIFT_NONE };

// n below the width.
static inline uint64_t op_shift(uint64_t v, enum shift kind, unsigned n,
                                bool x) {
  switch (kind) {
    case SHIFT_LSL: return op_width(v << (n & 63), x);
    case SHIFT_LSR: return op_width(v, x) >> (n & 63);
    case SHIFT_ASR:
      return x ? (uint64_t)((int64_t)v >> (n & 63))
               : (uint32_t)((int32_t)v >> (n & 31));
    case SHIFT_ROR:
      return x ? bits_ror64(v, n) : bits_ror32((uint32_t)v, n);
    default: return op_width(v, x);
  }
}

// ExtendReg's option field: 0..3 zero-extend, 4..7 sign-extend 8 << (o & 3)
// bits.
static inline uint64_t op_extend(uint64_t v, unsigned option) {
  switch (option) {
    case 0: return (uint8_t)v;
    case 1: return (uint16_t)v;
    case 2: return (uint32_t)v;
    case 4: return (uint64_t)(int8_t)v;
    case 5: return (uint64_t)(int16_t)v;
    case 6: return (uint64_t)(int32_t)v;
    default: return v;
  }
}

#endif
