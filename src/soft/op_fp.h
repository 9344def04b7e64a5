// SPDX-License-Identifier: MIT
//
// What the op_fp*.c share. An instruction is an operation of fp.h applied to
// the lanes of its registers; a scalar is a vector of one lane. Predecoding
// puts the shape into `imm`:
//
//    19    16 15     12 11   8 7         0
//   | element |  lanes  | log2 | operation |      log2 of a lane's bytes
//
// `element` is the lane of Vm that all lanes are combined with, ELEMENT_NONE
// their own, ELEMENT_ZERO the number zero.
//
// Where the mode word has MODE_FP_HOST, a rounded result is what the host
// computes, and raises nothing that is not set already, provided that it is
// neither NaN nor infinite nor so small that it may be tiny (which Arm detects
// before rounding): templates with `host` in their name look at the result
// and leave the rest to the exact ones.

#ifndef SOFT_OP_FP_H
#define SOFT_OP_FP_H

#include <string.h>

#include "base/hostfp.h"
#include "soft/fp.h"
#include "soft/vec.h"

enum { LANE_B, LANE_H, LANE_S, LANE_D };
enum { ELEMENT_ZERO = 14, ELEMENT_NONE = 15 };

static inline bool op_fp_off(const struct soft_cpu *cpu) {
  return BITS_UNLIKELY(!(cpu->mode & MODE_FP));
}

static inline const struct fp_format *op_fp_format(unsigned log2) {
  return log2 == LANE_D ? &fp_double : log2 == LANE_S ? &fp_single : &fp_half;
}

// ---------------------------------------------------------------- shapes --

static inline int32_t op_shape(unsigned log2, unsigned lanes,
                               unsigned element) {
  return (int32_t)(log2 << 8 | lanes << 12 | element << 16);
}
static inline unsigned op_shape_op(const struct insn *i) {
  return i->imm & 0xff;
}
static inline unsigned op_shape_log2(const struct insn *i) {
  return i->imm >> 8 & 15;
}
static inline unsigned op_shape_lanes(const struct insn *i) {
  return i->imm >> 12 & 15;
}
static inline unsigned op_shape_element(const struct insn *i) {
  return i->imm >> 16 & 15;
}

// ftype: 0 single, 1 double, 3 half.
static inline unsigned op_ftype_log2(unsigned ftype) {
  return ftype == 3 ? LANE_H : ftype == 1 ? LANE_D : LANE_S;
}
static inline int32_t op_shape_ftype(uint32_t w) {
  return op_shape(op_ftype_log2(a64_ftype(w)), 1, ELEMENT_NONE);
}
// A vector of 64 or, Q, 128 bits.
static inline int32_t op_shape_q(uint32_t w, unsigned log2) {
  return op_shape(log2, (8u << a64_Q(w)) >> log2, ELEMENT_NONE);
}
// sz: single or double; vectors, scalars; and half precision.
static inline int32_t op_shape_v(uint32_t w) {
  return op_shape_q(w, LANE_S + a64_sz(w));
}
static inline int32_t op_shape_s(uint32_t w) {
  return op_shape(LANE_S + a64_sz(w), 1, ELEMENT_NONE);
}
static inline int32_t op_shape_vh(uint32_t w) {
  return op_shape_q(w, LANE_H);
}
static inline int32_t op_shape_sh(uint32_t w) {
  (void)w;
  return op_shape(LANE_H, 1, ELEMENT_NONE);
}

// ----------------------------------------------------------------- lanes --

static inline uint64_t op_lane(const uint64_t v[2], unsigned log2,
                               unsigned k) {
  unsigned at = k << log2;
  return v[at >> 3] >> (at & 7) * 8 & bits_mask(8u << log2);
}
// `v` has zeros there.
static inline void op_put_lane(uint64_t v[2], unsigned log2, unsigned k,
                               uint64_t value) {
  unsigned at = k << log2;
  v[at >> 3] |= value << (at & 7) * 8;
}
static inline void op_set_v(struct soft_cpu *cpu, unsigned d,
                            const uint64_t v[2]) {
  vec_set(cpu, d, (vec){ v[0], v[1] });
}
static inline void op_set_scalar(struct soft_cpu *cpu, unsigned d,
                                 uint64_t value) {
  vec_set(cpu, d, (vec){ value, 0 });
}

// The operand of lane k that an element may stand for.
static inline uint64_t op_lane_m(const struct soft_cpu *cpu,
                                 const struct insn *i, unsigned k) {
  unsigned element = op_shape_element(i);
  if (element == ELEMENT_ZERO) return 0;
  return op_lane(cpu->v[i->m], op_shape_log2(i),
                 element == ELEMENT_NONE ? k : element);
}

static inline void op_regs2(struct insn *i, uint32_t w) {
  i->d = (uint8_t)a64_rd(w);
  i->n = (uint8_t)a64_rn(w);
}
static inline void op_regs3(struct insn *i, uint32_t w) {
  op_regs2(i, w);
  i->m = (uint8_t)a64_rm(w);
}

// By element: iH:iL:rm<4> of halves, whose register has 4 bits, iH:iL of
// singles, iH of doubles. Fills m; the element to put into a shape.
static inline unsigned op_element(struct insn *i, uint32_t w,
                                  unsigned log2) {
  unsigned h = a64_iH(w), l = a64_iL(w), rm = a64_rm(w);
  i->m = (uint8_t)(log2 == LANE_H ? rm & 15 : rm);
  if (log2 == LANE_H) return h << 2 | l << 1 | rm >> 4;
  return log2 == LANE_S ? h << 1 | l : h;
}
// size of an FP multiplication by element: 00 half, 10 single, 11 double.
static inline unsigned op_esz_log2(uint32_t w) {
  return a64_esz(w) == 0 ? LANE_H : a64_esz(w);
}

// ----------------------------------------------------------- environment --

// Also opens the host's floating point: whoever asks the host without having
// looked for MODE_FP_PLAIN has come by here first.
static inline struct fp_env op_fp_env(struct soft_cpu *cpu) {
  if (HOSTFP && BITS_UNLIKELY(!cpu->h.fp.open)) soft_open_fp(cpu);
  return (struct fp_env){ (uint32_t)cpu->sys[SYS_fpcr], 0 };
}

// Whether it has raised what is not set already.
static inline bool op_fp_news(const struct soft_cpu *cpu,
                              const struct fp_env *env) {
  return BITS_UNLIKELY(env->fpsr & ~cpu->sys[SYS_fpsr]);
}

static inline void op_fp_raise(struct soft_cpu *cpu,
                               const struct fp_env *env) {
  if (!op_fp_news(cpu, env)) return;
  cpu->sys[SYS_fpsr] |= env->fpsr;
  soft_update_mode(cpu);
}

// -------------------------------------------------------------- the host --

static inline double op_double(uint64_t bits) {
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}
static inline uint64_t op_double_bits(double v) {
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}
static inline float op_single(uint64_t bits) {
  float v;
  uint32_t low = (uint32_t)bits;
  memcpy(&v, &low, sizeof v);
  return v;
}
static inline uint32_t op_single_bits(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

// A handler that asks the host: `template` returns false, having changed
// nothing, where the handler `exact` must do it; that is an EXACT_HANDLER,
// kept out of line so that the others need no stack.
#define EXACT_HANDLER(name, function) \
  __attribute__((noinline)) HANDLER_OF(name, function)
#define HOST_HANDLER(name, exact, template, ...) \
  static const struct insn *name(struct soft_cpu *cpu, \
                                 const struct insn *i, uint64_t left) { \
    if (BITS_UNLIKELY(!template(cpu, i, __VA_ARGS__))) \
      return exact(cpu, i, left); \
    SOFT_TAIL return soft_next(cpu, i + 1, left); \
  }

// One that a HOST_HANDLER may leave the work to, and is such itself.
#define CAREFUL_HANDLER(...) \
  __attribute__((noinline)) HOST_HANDLER(__VA_ARGS__)

// Whether a result of the host stands: finite; or, of an operation that may
// underflow, finite and larger than the smallest normal number.
static inline bool op_finite_d(uint64_t r) {
  return (r << 1) < UINT64_C(0x7ff) << 53;
}
static inline bool op_finite_s(uint32_t r) {
  return (r << 1) < UINT32_C(0xff) << 24;
}
static inline bool op_safe_d(uint64_t r) {
  const uint64_t least = (UINT64_C(1) << 53) + 2;
  return (r << 1) - least < (UINT64_C(0x7ff) << 53) - least;
}
static inline bool op_zero_d(uint64_t r) {
  return r << 1 == 0;
}
static inline bool op_zero_s(uint32_t r) {
  return r << 1 == 0;
}
static inline bool op_safe_s(uint32_t r) {
  const uint32_t least = (UINT32_C(1) << 24) + 2;
  return (r << 1) - least < (UINT32_C(0xff) << 24) - least;
}

#endif
