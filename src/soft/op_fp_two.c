// SPDX-License-Identifier: MIT
//
// Floating-point operations on two operands (Arm ARM C4.1.96): scalars,
// vectors, by element, against zero, pairwise and across the lanes.

#include "soft/op_fp_host.h"

// With the operands swapped, for FCMLE and FCMLT.
static uint64_t cmle(struct fp_env *env, const struct fp_format *f,
                     uint64_t a, uint64_t b) {
  return fp_cmge(env, f, b, a);
}
static uint64_t cmlt(struct fp_env *env, const struct fp_format *f,
                     uint64_t a, uint64_t b) {
  return fp_cmgt(env, f, b, a);
}

// The names of the instructions, and what they are.
#define OPERATIONS(X) \
  X(FADD, fp_add) X(FSUB, fp_sub) X(FMUL, fp_mul) X(FDIV, fp_div) \
  X(FNMUL, fp_nmul) X(FMULX, fp_mulx) X(FABD, fp_abd) \
  X(FMAX, fp_max) X(FMIN, fp_min) X(FMAXNM, fp_maxnm) X(FMINNM, fp_minnm) \
  X(FCMEQ, fp_cmeq) X(FCMGE, fp_cmge) X(FCMGT, fp_cmgt) \
  X(FCMLE, cmle) X(FCMLT, cmlt) X(FACGE, fp_acge) X(FACGT, fp_acgt) \
  X(FRECPS, fp_recps) X(FRSQRTS, fp_rsqrts)

enum operation {
#define X(name, function) OP_##name,
  OPERATIONS(X)
#undef X
};

static fp_op2 *const operation[] = {
#define X(name, function) function,
  OPERATIONS(X)
#undef X
};

// ------------------------------------------------------------- on the host --

static inline double host_double(enum operation op, double a, double b) {
  switch (op) {
    case OP_FADD: return a + b;
    case OP_FSUB: return a - b;
    case OP_FDIV: return a / b;
    default: return a * b;
  }
}

static inline float host_single(enum operation op, float a, float b) {
  switch (op) {
    case OP_FADD: return a + b;
    case OP_FSUB: return a - b;
    case OP_FDIV: return a / b;
    default: return a * b;
  }
}

// A sum that is denormal is exact.
static inline bool is_sum(enum operation op) {
  return op == OP_FADD || op == OP_FSUB;
}

static inline bool host_double_lane(enum operation op, uint64_t a, uint64_t b,
                                    uint64_t *r) {
  *r = op_double_bits(host_double(op, op_double(a), op_double(b)));
  bool good = is_sum(op) ? op_finite_d(*r) : op_safe_d(*r);
  if (op == OP_FNMUL) *r ^= UINT64_C(1) << 63;
  return good;
}

static inline bool host_single_lane(enum operation op, uint64_t a, uint64_t b,
                                    uint64_t *r) {
  uint32_t s = op_single_bits(host_single(op, op_single(a), op_single(b)));
  *r = op == OP_FNMUL ? s ^ UINT32_C(1) << 31 : s;
  return is_sum(op) ? op_finite_s(s) : op_safe_s(s);
}

// --------------------------------------- on the host, where that is harder --

// The surplus of a result (op_fp_host.h), and whether that can be told.
static inline bool surplus_double(enum operation op, uint64_t a, uint64_t b,
                                  uint64_t r, int *surplus) {
  *surplus = 0;
  if (is_sum(op)) {
    double x = op_double(a), y = op_double(b);
    if (r << 1 >= UINT64_C(0x7fd) << 53) return false;
    double error = op_sum_error(x, op == OP_FSUB ? -y : y, op_double(r));
    *surplus = op_surplus(error, r >> 63);
  } else if (!op_zero_d(r)) {
    *surplus = op == OP_FDIV ? op_quotient_surplus(a, b, r)
                             : op_product_surplus(a, b, r);
  }
  return true;
}

// In double precision all but sums are exact.
static inline int surplus_single(enum operation op, uint32_t a, uint32_t b,
                                 uint32_t r) {
  double x = op_single(a), y = op_single(b), z = op_single(r), error;
  if (op == OP_FDIV) {
    error = x - z * y;
    if (y < 0) error = -error;
  } else if (is_sum(op)) {
    if (op == OP_FSUB) y = -y;
    error = (x + y - z) + op_sum_error(x, y, x + y);
  } else {
    error = x * y - z;
  }
  return op_surplus(error, r >> 31);
}

// Zeros are exact, but the sign of a sum that cancels out is FPCR's.
static inline bool zero_stands(const struct fp_env *env, enum operation op,
                               bool zero_a, bool zero_b) {
  if (is_sum(op)) return fp_mode(env) != FP_MINUS_INF;
  return zero_a || (zero_b && op != OP_FDIV);
}

// Of a constant operation; compilers do not see that this makes them small.
#define TEMPLATE static inline __attribute__((always_inline))

// With `inexact`, IXC is set already: to nearest, nothing is left to find out.
TEMPLATE bool careful_double(struct fp_env *env, enum operation op,
                             bool inexact, uint64_t a, uint64_t b,
                             uint64_t *r) {
  if (!op_ordinary_d(a) || !op_ordinary_d(b)) return false;
  *r = op_double_bits(host_double(op, op_double(a), op_double(b)));
  if (!op_safe_d(*r) &&
      !(op_zero_d(*r) && zero_stands(env, op, op_zero_d(a), op_zero_d(b))))
    return false;
  int surplus = 0;
  if (!inexact || fp_mode(env) != FP_TIE_EVEN) {
    if (!surplus_double(op, a, b, *r, &surplus)) return false;
    if (!op_direct(env, LANE_D, surplus, r)) return false;
  }
  if (op == OP_FNMUL) *r ^= UINT64_C(1) << 63;
  return true;
}

TEMPLATE bool careful_single(struct fp_env *env, enum operation op,
                             bool inexact, uint32_t a, uint32_t b,
                             uint64_t *r) {
  if (!op_ordinary_s(a) || !op_ordinary_s(b)) return false;
  uint32_t s = op_single_bits(host_single(op, op_single(a), op_single(b)));
  if (!op_safe_s(s) &&
      !(op_zero_s(s) && zero_stands(env, op, op_zero_s(a), op_zero_s(b))))
    return false;
  *r = s;
  if ((!inexact || fp_mode(env) != FP_TIE_EVEN) &&
      !op_direct(env, LANE_S, surplus_single(op, a, b, s), r))
    return false;
  if (op == OP_FNMUL) *r ^= UINT32_C(1) << 31;
  return true;
}

TEMPLATE bool careful_lane(const struct soft_cpu *cpu, struct fp_env *env,
                           enum operation op, unsigned log2, uint64_t a,
                           uint64_t b, uint64_t *r) {
  bool inexact = cpu->sys[SYS_fpsr] & FPSR_IXC;
  if (log2 == LANE_D) return careful_double(env, op, inexact, a, b, r);
  return careful_single(env, op, inexact, (uint32_t)a, (uint32_t)b, r);
}

// Of any operation, on the host or not.
static uint64_t one_lane(const struct soft_cpu *cpu, struct fp_env *env,
                         enum operation op, unsigned log2, uint64_t a,
                         uint64_t b) {
  uint64_t r;
  if (HOSTFP && op <= OP_FNMUL && log2 != LANE_H &&
      careful_lane(cpu, env, op, log2, a, b, &r))
    return r;
  return operation[op](env, op_fp_format(log2), a, b);
}

// ----------------------------------------------------------------- exact --

static const struct insn *exact_lanes(struct soft_cpu *cpu,
                                       const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  enum operation op = (enum operation)op_shape_op(i);
  unsigned log2 = op_shape_log2(i), lanes = op_shape_lanes(i);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k++) {
    uint64_t a = op_lane(cpu->v[i->n], log2, k), b = op_lane_m(cpu, i, k);
    op_put_lane(r, log2, k, one_lane(cpu, &env, op, log2, a, b));
  }
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
EXACT_HANDLER(lanes, exact_lanes)

// The common scalars, where nothing new is raised.
TEMPLATE bool careful_scalar(struct soft_cpu *cpu, const struct insn *i,
                             enum operation op, unsigned log2) {
  if (op_fp_off(cpu)) return false;
  struct fp_env env = op_fp_env(cpu);
  uint64_t a = op_lane(cpu->v[i->n], log2, 0), r;
  uint64_t b = op_lane(cpu->v[i->m], log2, 0);
  if (!careful_lane(cpu, &env, op, log2, a, b, &r)) return false;
  if (op_fp_news(cpu, &env)) return false;
  op_set_scalar(cpu, i->d, r);
  return true;
}
#define CAREFUL(name, op) \
  CAREFUL_HANDLER(careful_##name##_d, lanes, careful_scalar, op, LANE_D) \
  CAREFUL_HANDLER(careful_##name##_s, lanes, careful_scalar, op, LANE_S)
CAREFUL(fadd, OP_FADD)
CAREFUL(fsub, OP_FSUB)
CAREFUL(fmul, OP_FMUL)
CAREFUL(fdiv, OP_FDIV)
CAREFUL(fnmul, OP_FNMUL)

// The larger or smaller of two numbers, which order as integers do once the
// negative ones are turned round; -0 comes before +0.
static inline bool pick_scalar(struct soft_cpu *cpu, const struct insn *i,
                               bool smaller, bool is_d) {
  if (op_fp_off(cpu)) return false;
  uint64_t a = cpu->v[i->n][0], b = cpu->v[i->m][0];
  if (!(is_d ? op_ordinary_d(a) && op_ordinary_d(b)
             : op_ordinary_s((uint32_t)a) && op_ordinary_s((uint32_t)b)))
    return false;
  if (!is_d) {
    a = (uint32_t)a;
    b = (uint32_t)b;
  }
  unsigned top = is_d ? 0 : 32;
  uint64_t x = a << top, y = b << top, sign = UINT64_C(1) << 63;
  x ^= x >> 63 ? ~UINT64_C(0) : sign;
  y ^= y >> 63 ? ~UINT64_C(0) : sign;
  op_set_scalar(cpu, i->d, (x < y) == smaller ? a : b);
  return true;
}
HOST_HANDLER(larger_d, lanes, pick_scalar, false, true)
HOST_HANDLER(larger_s, lanes, pick_scalar, false, false)
HOST_HANDLER(smaller_d, lanes, pick_scalar, true, true)
HOST_HANDLER(smaller_s, lanes, pick_scalar, true, false)

static insn_fn *pick_handler(unsigned op, bool is_d) {
  if (op == OP_FMAX || op == OP_FMAXNM) return is_d ? larger_d : larger_s;
  return is_d ? smaller_d : smaller_s;
}

// Combines neighbours among `count` values until one for every `result` is
// left: r[0] op r[1], r[2] op r[3] ..
static void combine(struct soft_cpu *cpu, const struct insn *i,
                    uint64_t *value, unsigned count, unsigned results) {
  struct fp_env env = op_fp_env(cpu);
  enum operation op = (enum operation)op_shape_op(i);
  unsigned log2 = op_shape_log2(i);
  for (; count > results; count /= 2)
    for (unsigned k = 0; k < count / 2; k++)
      value[k] = one_lane(cpu, &env, op, log2, value[2 * k],
                          value[2 * k + 1]);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < results; k++)
    op_put_lane(r, log2, k, value[k]);
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
}

// The lanes of Vn, then those of Vm.
static const struct insn *do_pairs(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  uint64_t value[16];
  unsigned count = op_shape_lanes(i), log2 = op_shape_log2(i);
  for (unsigned k = 0; k < count; k++) {
    value[k] = op_lane(cpu->v[i->n], log2, k);
    value[count + k] = op_lane(cpu->v[i->m], log2, k);
  }
  combine(cpu, i, value, 2 * count, count);
  return i + 1;
}
HANDLER_OF(pairs, do_pairs)

// All lanes of Vn to one.
static const struct insn *do_across(struct soft_cpu *cpu,
                                    const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  uint64_t value[8];
  unsigned count = op_shape_lanes(i);
  for (unsigned k = 0; k < count; k++)
    value[k] = op_lane(cpu->v[i->n], op_shape_log2(i), k);
  combine(cpu, i, value, count, 1);
  return i + 1;
}
HANDLER_OF(across, do_across)

// -------------------------------------------------------- the fast handlers --

static inline bool host_lanes(struct soft_cpu *cpu, const struct insn *i,
                              enum operation op, unsigned log2,
                              unsigned count, bool by_element) {
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP_HOST))) return false;
  const uint64_t *n = cpu->v[i->n], *m = cpu->v[i->m];
  uint64_t r[2] = { 0, 0 }, value;
  for (unsigned k = 0; k < count; k++) {
    uint64_t a = op_lane(n, log2, k);
    uint64_t b = op_lane(m, log2, by_element ? op_shape_element(i) : k);
    bool good = log2 == LANE_D ? host_double_lane(op, a, b, &value)
                               : host_single_lane(op, a, b, &value);
    if (BITS_UNLIKELY(!good)) return false;
    op_put_lane(r, log2, k, value);
  }
  op_set_v(cpu, i->d, r);
  return true;
}

#define SCALARS(name, op) \
  HOST_HANDLER(name##_d, careful_##name##_d, host_lanes, op, LANE_D, 1, \
               false) \
  HOST_HANDLER(name##_s, careful_##name##_s, host_lanes, op, LANE_S, 1, \
               false)
#define VECTORS(name, op, by_element) \
  HOST_HANDLER(name##_2d, lanes, host_lanes, op, LANE_D, 2, by_element) \
  HOST_HANDLER(name##_2s, lanes, host_lanes, op, LANE_S, 2, by_element) \
  HOST_HANDLER(name##_4s, lanes, host_lanes, op, LANE_S, 4, by_element)
#define HOST_ROW(name) { name##_d, name##_s, name##_2d, name##_2s, name##_4s }

SCALARS(fadd, OP_FADD) VECTORS(fadd, OP_FADD, false)
SCALARS(fsub, OP_FSUB) VECTORS(fsub, OP_FSUB, false)
SCALARS(fmul, OP_FMUL) VECTORS(fmul, OP_FMUL, false)
SCALARS(fdiv, OP_FDIV) VECTORS(fdiv, OP_FDIV, false)
SCALARS(fnmul, OP_FNMUL) VECTORS(fnmul, OP_FNMUL, false)
HOST_HANDLER(fmul_e_d, lanes, host_lanes, OP_FMUL, LANE_D, 1, true)
HOST_HANDLER(fmul_e_s, lanes, host_lanes, OP_FMUL, LANE_S, 1, true)
VECTORS(fmul_e, OP_FMUL, true)

// For an operation, and a shape's kind of lanes; `lanes` where there is none.
static insn_fn *handler_for(unsigned op, int32_t shape) {
  static insn_fn *const host[][5] = {
    [OP_FADD] = HOST_ROW(fadd), [OP_FSUB] = HOST_ROW(fsub),
    [OP_FMUL] = HOST_ROW(fmul), [OP_FDIV] = HOST_ROW(fdiv),
    [OP_FNMUL] = HOST_ROW(fnmul)
  };
  static insn_fn *const by_element[5] = HOST_ROW(fmul_e);
  struct insn i = { .imm = shape };
  unsigned log2 = op_shape_log2(&i), count = op_shape_lanes(&i);
  if (op >= OP_FMAX && op <= OP_FMINNM && count == 1 && log2 != LANE_H)
    return pick_handler(op, log2 == LANE_D);
  if (!HOSTFP || log2 == LANE_H || op > OP_FNMUL) return lanes;
  unsigned kind = (count > 1) * 2 + (log2 == LANE_S) + (count == 4);
  if (op_shape_element(&i) < ELEMENT_ZERO)
    return op == OP_FMUL ? by_element[kind] : lanes;
  return host[op][kind];
}

// ------------------------------------------------------------- predecoders --

static void two(struct insn *i, uint32_t w, unsigned op, int32_t shape) {
  op_regs3(i, w);
  i->fn = handler_for(op, shape);
  i->imm = shape | (int32_t)op;
}

#define ROW(row, op, shape) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    two(i, w, OP_##op, shape(w)); \
  }

#define SCALAR(name) ROW(name##_s, name, op_shape_ftype)
SCALAR(FADD) SCALAR(FSUB) SCALAR(FMUL) SCALAR(FDIV) SCALAR(FNMUL)
SCALAR(FMAX) SCALAR(FMIN) SCALAR(FMAXNM) SCALAR(FMINNM)

#define VECTOR(name) \
  ROW(name##_v, name, op_shape_v) ROW(name##_vh, name, op_shape_vh)
VECTOR(FADD) VECTOR(FSUB) VECTOR(FMUL) VECTOR(FDIV)
VECTOR(FMAX) VECTOR(FMIN) VECTOR(FMAXNM) VECTOR(FMINNM)

#define BOTH(name) VECTOR(name) \
  ROW(name##_s, name, op_shape_s) ROW(name##_sh, name, op_shape_sh)
BOTH(FMULX) BOTH(FABD) BOTH(FRECPS) BOTH(FRSQRTS)
BOTH(FCMEQ) BOTH(FCMGE) BOTH(FCMGT) BOTH(FACGE) BOTH(FACGT)

static void zero(struct insn *i, uint32_t w, unsigned op, int32_t shape) {
  two(i, w, op, shape & ~op_shape(0, 0, 15));
  i->imm |= op_shape(0, 0, ELEMENT_ZERO);
}

#define ZERO_ROW(row, op, shape) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    zero(i, w, OP_##op, shape(w)); \
  }
#define ZERO(name) \
  ZERO_ROW(name##_vz, name, op_shape_v) \
  ZERO_ROW(name##_vzh, name, op_shape_vh) \
  ZERO_ROW(name##_sz, name, op_shape_s) \
  ZERO_ROW(name##_szh, name, op_shape_sh)
ZERO(FCMEQ) ZERO(FCMGE) ZERO(FCMGT) ZERO(FCMLE) ZERO(FCMLT)

static void element(struct insn *i, uint32_t w, unsigned op, bool scalar) {
  unsigned log2 = op_esz_log2(w);
  unsigned count = scalar ? 1 : (8u << a64_Q(w)) >> log2;
  two(i, w, op, op_shape(log2, count, op_element(i, w, log2)));
  op_element(i, w, log2);       // the register, which `two` has overwritten
}

#define ELEMENT(name) \
  void op_##name##_ve(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    element(i, w, OP_##name, false); \
  } \
  void op_##name##_se(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    element(i, w, OP_##name, true); \
  }
ELEMENT(FMUL) ELEMENT(FMULX)

#define WITH(handler, row, op, shape) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    op_regs3(i, w); \
    i->fn = handler; \
    i->imm = shape | OP_##op; \
  }
#define PAIRS(row, name) \
  WITH(pairs, row##_v, name, op_shape_v(w)) \
  WITH(pairs, row##_vh, name, op_shape_vh(w)) \
  WITH(across, row##_s, name, \
       op_shape(LANE_S + a64_sz(w), 2, ELEMENT_NONE)) \
  WITH(across, row##_sh, name, op_shape(LANE_H, 2, ELEMENT_NONE))
PAIRS(FADDP, FADD) PAIRS(FMAXP, FMAX) PAIRS(FMINP, FMIN)
PAIRS(FMAXNMP, FMAXNM) PAIRS(FMINNMP, FMINNM)

#define ACROSS(row, name) \
  WITH(across, row##_v, name, op_shape_q(w, LANE_S)) \
  WITH(across, row##_vh, name, op_shape_vh(w))
ACROSS(FMAXV, FMAX) ACROSS(FMINV, FMIN)
ACROSS(FMAXNMV, FMAXNM) ACROSS(FMINNMV, FMINNM)
