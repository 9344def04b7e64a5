// SPDX-License-Identifier: MIT
//
// Floating-point operations on one operand (Arm ARM C4.1.96): sign, square
// root, rounding to integers, estimates. FABS and FNEG raise nothing.

#include "soft/op_fp_host.h"

#define ROUND(name, mode, exact) \
  static uint64_t name(struct fp_env *env, const struct fp_format *f, \
                       uint64_t a) { \
    return fp_round_int(env, f, a, mode, exact); \
  }
ROUND(rintn, FP_TIE_EVEN, false)
ROUND(rintp, FP_PLUS_INF, false)
ROUND(rintm, FP_MINUS_INF, false)
ROUND(rintz, FP_ZERO_WARD, false)
ROUND(rinta, FP_TIE_AWAY, false)
ROUND(rintx, fp_mode(env), true)
ROUND(rinti, fp_mode(env), false)

#define ROUND_N(name, mode, bits) \
  static uint64_t name(struct fp_env *env, const struct fp_format *f, \
                       uint64_t a) { \
    return fp_round_int_n(env, f, a, mode, bits); \
  }
ROUND_N(rint32z, FP_ZERO_WARD, 32)
ROUND_N(rint32x, fp_mode(env), 32)
ROUND_N(rint64z, FP_ZERO_WARD, 64)
ROUND_N(rint64x, fp_mode(env), 64)

// In double precision the square of a single is exact.
static bool careful_sqrt(struct fp_env *env, bool is_d, uint64_t a,
                         uint64_t *r) {
  int surplus;
  if (is_d) {
    if (!op_normal_d(a) || a >> 63) return false;
    *r = op_double_bits(hostfp_sqrt(op_double(a)));
    surplus = op_root_surplus(a, *r);
  } else {
    uint32_t s = (uint32_t)a;
    if (!op_normal_s(s) || s >> 31) return false;
    float root = hostfp_sqrtf(op_single(s));
    *r = op_single_bits(root);
    surplus = op_surplus(op_single(s) - (double)root * root, false);
  }
  return op_direct(env, is_d ? LANE_D : LANE_S, surplus, r);
}

static uint64_t square_root(struct fp_env *env, const struct fp_format *f,
                            uint64_t a) {
  uint64_t r;
  if (HOSTFP && f != &fp_half && careful_sqrt(env, f == &fp_double, a, &r))
    return r;
  return fp_sqrt(env, f, a);
}

#define OPERATIONS(X) \
  X(FABS, fp_abs) X(FNEG, fp_neg) X(FSQRT, square_root) \
  X(FRINTN, rintn) X(FRINTP, rintp) X(FRINTM, rintm) X(FRINTZ, rintz) \
  X(FRINTA, rinta) X(FRINTX, rintx) X(FRINTI, rinti) \
  X(FRINT32Z, rint32z) X(FRINT32X, rint32x) \
  X(FRINT64Z, rint64z) X(FRINT64X, rint64x) \
  X(FRECPE, fp_recpe) X(FRSQRTE, fp_rsqrte) X(FRECPX, fp_recpx)

enum operation {
#define X(name, function) OP_##name,
  OPERATIONS(X)
#undef X
};

static fp_op1 *const operation[] = {
#define X(name, function) function,
  OPERATIONS(X)
#undef X
};

static const struct insn *exact_lanes(struct soft_cpu *cpu,
                                       const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  fp_op1 *op = operation[op_shape_op(i)];
  unsigned log2 = op_shape_log2(i), lanes = op_shape_lanes(i);
  const struct fp_format *f = op_fp_format(log2);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k++) {
    uint64_t a = op_lane(cpu->v[i->n], log2, k);
    op_put_lane(r, log2, k, op(&env, f, a));
  }
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
EXACT_HANDLER(lanes, exact_lanes)

// ------------------------------------------------------ the common scalars --

static inline const struct insn *sign(struct soft_cpu *cpu,
                                      const struct insn *i, bool negate,
                                      unsigned log2) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  uint64_t bit = UINT64_C(1) << ((8u << log2) - 1);
  uint64_t v = op_lane(cpu->v[i->n], log2, 0);
  op_set_scalar(cpu, i->d, negate ? v ^ bit : v & ~bit);
  return i + 1;
}
HANDLER(fabs_d, sign, false, LANE_D)
HANDLER(fabs_s, sign, false, LANE_S)
HANDLER(fneg_d, sign, true, LANE_D)
HANDLER(fneg_s, sign, true, LANE_S)

// The root of a number is never tiny; zero, for one, has an exact root.
static inline bool host_sqrt(struct soft_cpu *cpu, const struct insn *i,
                             bool is_d) {
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP_HOST))) return false;
  uint64_t v = cpu->v[i->n][0];
  uint64_t r = is_d ? op_double_bits(hostfp_sqrt(op_double(v)))
                    : op_single_bits(hostfp_sqrtf(op_single(v)));
  if (BITS_UNLIKELY(!(is_d ? op_finite_d(r) : op_finite_s((uint32_t)r))))
    return false;
  op_set_scalar(cpu, i->d, r);
  return true;
}
HOST_HANDLER(fsqrt_d, lanes, host_sqrt, true)
HOST_HANDLER(fsqrt_s, lanes, host_sqrt, false)

// For [single, double].
static insn_fn *handler_for(unsigned op, int32_t shape) {
  static insn_fn *const special[][2] = {
    [OP_FABS] = { fabs_s, fabs_d }, [OP_FNEG] = { fneg_s, fneg_d },
    [OP_FSQRT] = { fsqrt_s, fsqrt_d }
  };
  struct insn i = { .imm = shape };
  bool scalar = op_shape_lanes(&i) == 1;
  if (!scalar || op > OP_FSQRT || op_shape_log2(&i) == LANE_H ||
      (op == OP_FSQRT && !HOSTFP))
    return lanes;
  return special[op][op_shape_log2(&i) == LANE_D];
}

// ------------------------------------------------------------- predecoders --

#define ROW(row, op, shape) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    op_regs2(i, w); \
    i->imm = shape | OP_##op; \
    i->fn = handler_for(OP_##op, i->imm); \
  }

#define EVERYWHERE(name) \
  ROW(name##_s, name, op_shape_ftype(w)) \
  ROW(name##_v, name, op_shape_v(w)) \
  ROW(name##_vh, name, op_shape_vh(w))
EVERYWHERE(FABS) EVERYWHERE(FNEG) EVERYWHERE(FSQRT)
EVERYWHERE(FRINTN) EVERYWHERE(FRINTP) EVERYWHERE(FRINTM) EVERYWHERE(FRINTZ)
EVERYWHERE(FRINTA) EVERYWHERE(FRINTX) EVERYWHERE(FRINTI)

#define NO_HALF(name) \
  ROW(name##_s, name, op_shape_ftype(w)) ROW(name##_v, name, op_shape_v(w))
NO_HALF(FRINT32Z) NO_HALF(FRINT32X) NO_HALF(FRINT64Z) NO_HALF(FRINT64X)

#define ESTIMATE_SCALAR(name) \
  ROW(name##_s, name, op_shape_s(w)) ROW(name##_sh, name, op_shape_sh(w))
ESTIMATE_SCALAR(FRECPE) ESTIMATE_SCALAR(FRSQRTE) ESTIMATE_SCALAR(FRECPX)

#define ESTIMATE_VECTOR(name) \
  ROW(name##_v, name, op_shape_v(w)) ROW(name##_vh, name, op_shape_vh(w))
ESTIMATE_VECTOR(FRECPE) ESTIMATE_VECTOR(FRSQRTE)
