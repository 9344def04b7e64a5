// SPDX-License-Identifier: MIT
//
// Floating-point operations on two operands (Arm ARM C4.1.96): scalars,
// vectors, by element, against zero, pairwise and across the lanes.

#include "soft/op_fp.h"

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

// With FPCR.FZ, or before IXC is set, the host serves as well where operands
// are normal numbers or zeros, if the result is safe, or is a zero that is
// exact. Whether a result is inexact is found out from it; these return
// UNSURE where that would take more than the software.
enum exactness { EXACT, INEXACT, UNSURE };

static inline bool normal_d(uint64_t v) {
  return (v << 1) - (UINT64_C(1) << 53) < UINT64_C(0x7fe) << 53;
}
static inline bool normal_s(uint32_t v) {
  return (v << 1) - (UINT32_C(1) << 24) < UINT32_C(0xfe) << 24;
}

// The bits from the leading one of a significand to its last one.
static inline unsigned significant(uint64_t v) {
  uint64_t sig = (v & bits_mask(52)) | UINT64_C(1) << 52;
  return 53 - (unsigned)__builtin_ctzll(sig);
}

// What a rounded sum of a and b lacks (Knuth's TwoSum); no overflow near.
static inline double sum_error(double a, double b, double sum) {
  double part = sum - a;
  return (a - (sum - part)) + (b - part);
}

// A product of j and k significant bits has j + k or one less.
static inline enum exactness exact_double(enum operation op, uint64_t a,
                                          uint64_t b, uint64_t r) {
  double x = op_double(a), y = op_double(b), z = op_double(r);
  if (is_sum(op)) {
    if (r << 1 >= UINT64_C(0x7fd) << 53) return UNSURE;
    return sum_error(x, op == OP_FSUB ? -y : y, z) != 0 ? INEXACT : EXACT;
  }
  if (op_zero_d(r)) return EXACT;
  unsigned bits = significant(b) + significant(op == OP_FDIV ? r : a);
  if (bits == 54) return UNSURE;
  if (bits > 54) return INEXACT;
  return op == OP_FDIV && z * y != x ? INEXACT : EXACT;
}

// In double precision all but sums are exact.
static inline enum exactness exact_single(enum operation op, uint32_t a,
                                          uint32_t b, uint32_t r) {
  double x = op_single(a), y = op_single(b), z = op_single(r), exact;
  if (op == OP_FDIV) return z * y != x ? INEXACT : EXACT;
  if (!is_sum(op)) return x * y != z ? INEXACT : EXACT;
  if (op == OP_FSUB) y = -y;
  exact = x + y;
  return exact != z || sum_error(x, y, exact) != 0 ? INEXACT : EXACT;
}

static inline bool careful_double(enum operation op, uint64_t a, uint64_t b,
                                  uint64_t *r, enum exactness *exactness) {
  bool zero_a = op_zero_d(a), zero_b = op_zero_d(b);
  if (!(normal_d(a) || zero_a) || !(normal_d(b) || zero_b)) return false;
  *r = op_double_bits(host_double(op, op_double(a), op_double(b)));
  bool zero = is_sum(op) || zero_a || (zero_b && op != OP_FDIV);
  if (!op_safe_d(*r) && !(zero && op_zero_d(*r))) return false;
  if (*exactness == UNSURE) *exactness = exact_double(op, a, b, *r);
  if (op == OP_FNMUL) *r ^= UINT64_C(1) << 63;
  return *exactness != UNSURE;
}

static inline bool careful_single(enum operation op, uint32_t a, uint32_t b,
                                  uint64_t *r, enum exactness *exactness) {
  bool zero_a = op_zero_s(a), zero_b = op_zero_s(b);
  if (!(normal_s(a) || zero_a) || !(normal_s(b) || zero_b)) return false;
  uint32_t s = op_single_bits(host_single(op, op_single(a), op_single(b)));
  bool zero = is_sum(op) || zero_a || (zero_b && op != OP_FDIV);
  if (!op_safe_s(s) && !(zero && op_zero_s(s))) return false;
  if (*exactness == UNSURE) *exactness = exact_single(op, a, b, s);
  *r = op == OP_FNMUL ? s ^ UINT32_C(1) << 31 : s;
  return true;
}

static inline uint64_t one_lane(const struct soft_cpu *cpu,
                                struct fp_env *env, enum operation op,
                                unsigned log2, uint64_t a, uint64_t b) {
  uint64_t r;
  bool host = HOSTFP && op <= OP_FNMUL && log2 != LANE_H &&
              !(env->fpcr & FPCR_RMODE);
  enum exactness e = cpu->sys[SYS_fpsr] & FPSR_IXC ? INEXACT : UNSURE;
  if (host && (log2 == LANE_D
                 ? careful_double(op, a, b, &r, &e)
                 : careful_single(op, (uint32_t)a, (uint32_t)b, &r, &e))) {
    if (e == INEXACT) env->fpsr |= FPSR_IXC;
    return r;
  }
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

// The common scalars, without a loop and an indirect call.
static inline const struct insn *exact_scalar(struct soft_cpu *cpu,
                                              const struct insn *i,
                                              enum operation op,
                                              unsigned log2) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  uint64_t a = op_lane(cpu->v[i->n], log2, 0);
  uint64_t b = op_lane(cpu->v[i->m], log2, 0);
  op_set_scalar(cpu, i->d, one_lane(cpu, &env, op, log2, a, b));
  op_fp_raise(cpu, &env);
  return i + 1;
}
#define EXACT_SCALARS(name, op) \
  __attribute__((noinline)) HANDLER(name##_d, exact_scalar, op, LANE_D) \
  __attribute__((noinline)) HANDLER(name##_s, exact_scalar, op, LANE_S)
EXACT_SCALARS(exact_fadd, OP_FADD)
EXACT_SCALARS(exact_fsub, OP_FSUB)
EXACT_SCALARS(exact_fmul, OP_FMUL)
EXACT_SCALARS(exact_fdiv, OP_FDIV)
EXACT_SCALARS(exact_fnmul, OP_FNMUL)

// Combines neighbours among `count` values until one for every `result` is
// left: r[0] op r[1], r[2] op r[3] ..
static void combine(struct soft_cpu *cpu, const struct insn *i,
                    uint64_t *value, unsigned count, unsigned results) {
  struct fp_env env = op_fp_env(cpu);
  const struct fp_format *f = op_fp_format(op_shape_log2(i));
  fp_op2 *op = operation[op_shape_op(i)];
  for (; count > results; count /= 2)
    for (unsigned k = 0; k < count / 2; k++)
      value[k] = op(&env, f, value[2 * k], value[2 * k + 1]);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < results; k++)
    op_put_lane(r, op_shape_log2(i), k, value[k]);
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
  HOST_HANDLER(name##_d, exact_##name##_d, host_lanes, op, LANE_D, 1, false) \
  HOST_HANDLER(name##_s, exact_##name##_s, host_lanes, op, LANE_S, 1, false)
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
