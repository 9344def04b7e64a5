// SPDX-License-Identifier: MIT
//
// Integer vectors: how handlers of SIMD instructions are made.
//
// A kernel computes one operation on whole 128-bit registers: it takes a
// `struct vec_op` and returns the result. Kernels are written once for all
// lane widths (vec_lanes.h) with the compiler's vector extensions. A template
// loads the operands, calls the kernel and stores what the form of the
// instruction keeps: of a scalar its one lane, of a 64-bit vector the low
// half, else all. So scalar and vector forms share their handlers, and the
// lanes above are computed in vain but harmlessly: kernels are total, and
// what they say about saturation above the kept bytes does not count.
//
// In a predecoded instruction d, n, m are vector registers, `a` is the log2
// of the bytes kept, `imm` what the template says.

#ifndef SOFT_VEC_H
#define SOFT_VEC_H

#include <string.h>

#include "soft/op.h"
#include "soft/soft.h"

typedef uint64_t vec __attribute__((vector_size(16)));
typedef uint8_t vu8 __attribute__((vector_size(16)));
typedef uint16_t vu16 __attribute__((vector_size(16)));
typedef uint32_t vu32 __attribute__((vector_size(16)));
typedef uint64_t vu64 __attribute__((vector_size(16)));
typedef int8_t vs8 __attribute__((vector_size(16)));
typedef int16_t vs16 __attribute__((vector_size(16)));
typedef int32_t vs32 __attribute__((vector_size(16)));
typedef int64_t vs64 __attribute__((vector_size(16)));
// Halves of a register.
typedef uint64_t vhalf __attribute__((vector_size(8)));
typedef uint8_t hu8 __attribute__((vector_size(8)));
typedef uint16_t hu16 __attribute__((vector_size(8)));
typedef uint32_t hu32 __attribute__((vector_size(8)));
typedef int8_t hs8 __attribute__((vector_size(8)));
typedef int16_t hs16 __attribute__((vector_size(8)));
typedef int32_t hs32 __attribute__((vector_size(8)));

// a: the fourth operand of VEC_FOUR. sat: the lanes that saturated, not zero
// there; a kernel that cannot saturate leaves it alone, and the test for it
// vanishes.
struct vec_op {
  vec d, n, m, a, sat;
  vec kept;            // ones in what is stored of the result
  int32_t imm;
};
typedef vec vec_fn(struct vec_op *);

enum { FPSR_QC = 1 << 27, VEC_HALF = 3, VEC_FULL = 4 };

// What a template loads as n and m, and what it stores.
enum vec_form {
  VEC_SAME,            // all of n, m
  VEC_FOUR,            // all of n, m, a; keeps all
  VEC_ELEM,            // m: lane imm of it, in every lane
  VEC_LONG,            // the low or high halves of n, m, by bit 0 of imm
  VEC_LONG_ELEM,       // n: the same; m: lane imm >> 1 in every lane
  VEC_WIDE,            // all of n, half of m
  VEC_NARROW           // stores the low half of the result into half imm & 1
};                     // of d; a low half clears the high one

static inline bool vec_off(const struct soft_cpu *cpu) {
  return BITS_UNLIKELY(!(cpu->mode & MODE_FP));
}

// A register is stored whole: a host that loads it whole soon after cannot
// forward its data from two smaller stores, and waits.
static inline vec vec_get(const struct soft_cpu *cpu, unsigned reg) {
  vec v;
  memcpy(&v, cpu->v[reg], sizeof v);
  return v;
}
static inline void vec_set(struct soft_cpu *cpu, unsigned reg, vec v) {
  memcpy(cpu->v[reg], &v, sizeof v);
}

// The element of 1 << log2 bytes at byte `at` of a register.
static inline uint64_t vec_extract(const struct soft_cpu *cpu, unsigned reg,
                                   unsigned at, unsigned log2) {
  uint64_t v = cpu->v[reg][at >> 3] >> (at & 7) * 8;
  return v & bits_mask(8u << log2);
}
static inline void vec_insert(struct soft_cpu *cpu, unsigned reg,
                              unsigned at, unsigned log2, uint64_t value) {
  uint64_t mask = bits_mask(8u << log2) << (at & 7) * 8;
  uint64_t low = cpu->v[reg][0], high = cpu->v[reg][1];
  uint64_t v = ((at & 8 ? high : low) & ~mask)
    | (value << (at & 7) * 8 & mask);
  vec_set(cpu, reg, at & 8 ? (vec){ low, v } : (vec){ v, high });
}

// The bytes that a result of 1 << log2 bytes keeps.
static inline vec vec_kept(unsigned log2) {
  static const uint64_t kept[5][2] __attribute__((aligned(16))) = {
    { 0xff }, { 0xffff }, { 0xffffffff }, { UINT64_MAX },
    { UINT64_MAX, UINT64_MAX }
  };
  vec v;
  memcpy(&v, kept[log2], sizeof v);
  return v;
}

// The low 1 << log2 bytes of v in every lane; lane `index` of a register.
static inline vec vec_repeat(uint64_t v, unsigned log2) {
  if (log2 == 0) v = (v & 0xff) * UINT64_C(0x0101010101010101);
  if (log2 == 1) v = (v & 0xffff) * UINT64_C(0x0001000100010001);
  if (log2 == 2) v = (uint32_t)v * UINT64_C(0x0000000100000001);
  return (vec){ v, v };
}
static inline vec vec_splat(const struct soft_cpu *cpu, unsigned reg,
                            unsigned index, unsigned log2) {
  unsigned at = index << log2;
  return vec_repeat(cpu->v[reg][at >> 3 & 1] >> (at & 7) * 8, log2);
}

// Runs kernel `op` on an instruction of that form; lane: log2 of the bytes of
// a lane, for the forms with an element.
static inline __attribute__((always_inline)) const struct insn *vec_run(
    struct soft_cpu *cpu, const struct insn *i, vec_fn *op,
    enum vec_form form, unsigned lane) {
  unsigned part = (unsigned)i->imm & 1, index = (unsigned)i->imm;
  struct vec_op o = { .d = vec_get(cpu, i->d), .n = vec_get(cpu, i->n),
                      .m = vec_get(cpu, i->m), .imm = i->imm };
  if (form == VEC_LONG || form == VEC_LONG_ELEM)
    o.n = (vec){ cpu->v[i->n][part], 0 };
  if (form == VEC_LONG || form == VEC_WIDE)
    o.m = (vec){ cpu->v[i->m][part], 0 };
  if (form == VEC_ELEM) o.m = vec_splat(cpu, i->m, index, lane);
  if (form == VEC_LONG_ELEM) o.m = vec_splat(cpu, i->m, index >> 1, lane);
  if (form == VEC_FOUR) o.a = vec_get(cpu, i->a);
  o.kept = vec_kept(form == VEC_FOUR ? VEC_FULL : i->a);
  vec r = op(&o) & o.kept;
  o.sat &= o.kept;
  if (BITS_UNLIKELY(o.sat[0] | o.sat[1])) cpu->sys[SYS_fpsr] |= FPSR_QC;
  if (form == VEC_NARROW && part) r = (vec){ o.d[0], r[0] };
  vec_set(cpu, i->d, r);
  return i + 1;
}

// The ones of each byte: sums of pairs, fours and eights of bits.
static inline vec vec_population(vec v) {
  vu8 n = (vu8)v;
  n -= n >> 1 & 0x55;
  n = (n & 0x33) + (n >> 2 & 0x33);
  return (vec)((n + (n >> 4)) & 0x0f);
}

// Leaves for the trap of FP/SIMD being off.
const struct insn *vec_trap(struct soft_cpu *, const struct insn *,
                            uint64_t left);

// Defines the handler `name`, an instance of an inline template that need not
// ask whether FP/SIMD is on, or of a function without parameters of its own;
// and one that runs a kernel.
#define VEC_TEMPLATE(name, template, ...) \
  static const struct insn *name(struct soft_cpu *cpu, \
                                 const struct insn *i, uint64_t left) { \
    if (vec_off(cpu)) return vec_trap(cpu, i, left); \
    SOFT_TAIL return soft_next(cpu, template(cpu, i, __VA_ARGS__), left); \
  }
#define VEC_TEMPLATE_OF(name, function) \
  static const struct insn *name(struct soft_cpu *cpu, \
                                 const struct insn *i, uint64_t left) { \
    if (vec_off(cpu)) return vec_trap(cpu, i, left); \
    SOFT_TAIL return soft_next(cpu, function(cpu, i), left); \
  }
#define VEC_HANDLER(name, kernel, form, lane) \
  VEC_TEMPLATE(name, vec_run, kernel, form, lane)

// Handlers of one kernel for the lane widths it has, and their table by log2
// of the lane's bytes: VEC_BHS(add, add, VEC_SAME) is add[] of add_8 ..
#define VEC_8(name, kernel, form) \
  VEC_HANDLER(name##_h8, kernel##_8, form, 0)
#define VEC_16(name, kernel, form) \
  VEC_HANDLER(name##_h16, kernel##_16, form, 1)
#define VEC_32(name, kernel, form) \
  VEC_HANDLER(name##_h32, kernel##_32, form, 2)
#define VEC_64(name, kernel, form) \
  VEC_HANDLER(name##_h64, kernel##_64, form, 3)
#define VEC_BH(name, kernel, form) \
  VEC_8(name, kernel, form) VEC_16(name, kernel, form) \
  static insn_fn *const name[4] = { name##_h8, name##_h16 };
#define VEC_HS(name, kernel, form) \
  VEC_16(name, kernel, form) VEC_32(name, kernel, form) \
  static insn_fn *const name[4] = { NULL, name##_h16, name##_h32 };
#define VEC_BHS(name, kernel, form) \
  VEC_8(name, kernel, form) VEC_16(name, kernel, form) \
  VEC_32(name, kernel, form) \
  static insn_fn *const name[4] = { name##_h8, name##_h16, name##_h32 };
#define VEC_BHSD(name, kernel, form) \
  VEC_8(name, kernel, form) VEC_16(name, kernel, form) \
  VEC_32(name, kernel, form) VEC_64(name, kernel, form) \
  static insn_fn *const name[4] = { name##_h8, name##_h16, name##_h32, \
                                    name##_h64 };

// The predecoder of a row: setup(i, w, arg).
#define VEC_ROW(row, setup, arg) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    setup(i, w, arg); \
  }

// Setups. A handler that the lane width has none of is an undefined word.
static inline void vec_setup(struct insn *i, uint32_t w, insn_fn *fn,
                             unsigned log2, int32_t imm) {
  i->fn = fn;
  i->d = (uint8_t)a64_rd(w);
  i->n = (uint8_t)a64_rn(w);
  i->m = (uint8_t)a64_rm(w);
  i->a = (uint8_t)log2;
  i->imm = imm;
  if (!fn) soft_predecode_undefined(i, w);
}
// A vector without, and with lanes of size esz; a scalar of that size; one of
// 64 bits.
static inline void vec_whole(struct insn *i, uint32_t w, insn_fn *fn) {
  vec_setup(i, w, fn, VEC_HALF + a64_Q(w), 0);
}
static inline void vec_lanes(struct insn *i, uint32_t w,
                             insn_fn *const *table) {
  vec_setup(i, w, table[a64_esz(w)], VEC_HALF + a64_Q(w), 0);
}
static inline void vec_scalar(struct insn *i, uint32_t w,
                              insn_fn *const *table) {
  vec_setup(i, w, table[a64_esz(w)], a64_esz(w), 0);
}
static inline void vec_scalar_d(struct insn *i, uint32_t w,
                                insn_fn *const *table) {
  vec_setup(i, w, table[3], 3, 0);
}
// Lanes of twice esz: all of d, or half of it from all of n.
static inline void vec_long(struct insn *i, uint32_t w,
                            insn_fn *const *table) {
  vec_setup(i, w, table[a64_esz(w)], VEC_FULL, (int32_t)a64_Q(w));
}
static inline void vec_narrow(struct insn *i, uint32_t w,
                              insn_fn *const *table) {
  vec_setup(i, w, table[a64_esz(w)], VEC_HALF, (int32_t)a64_Q(w));
}

#endif
