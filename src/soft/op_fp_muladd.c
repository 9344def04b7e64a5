// SPDX-License-Identifier: MIT
//
// Fused multiply-adds and what is made of them (Arm ARM C4.1.96): FMADD and
// its kin, FMLA, the widening FMLAL, complex FCMLA and FCADD, bfloat16.

#include "soft/op_fp_host.h"

// Signs in the operation field of a shape: which operands are negated.
enum { NEGATE_PRODUCT = 1, NEGATE_ADDEND = 2 };

// ------------------------------------------- FMADD family, FMLA and FMLS --

typedef uint64_t fused(struct fp_env *, const struct fp_format *, uint64_t c,
                       uint64_t a, uint64_t b);

// d = +-a +- n * m; Va is Vd for FMLA and FMLS.
static inline const struct insn *exact_muladd(struct soft_cpu *cpu,
                                              const struct insn *i,
                                              fused *operation) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned log2 = op_shape_log2(i), lanes = op_shape_lanes(i);
  unsigned signs = op_shape_op(i);
  const struct fp_format *f = op_fp_format(log2);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k++) {
    uint64_t a = op_lane(cpu->v[i->a], log2, k);
    uint64_t n = op_lane(cpu->v[i->n], log2, k), m = op_lane_m(cpu, i, k);
    if (signs & NEGATE_PRODUCT) n = fp_neg(&env, f, n);
    if (signs & NEGATE_ADDEND) a = fp_neg(&env, f, a);
    op_put_lane(r, log2, k, operation(&env, f, a, n, m));
  }
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER(muladd, exact_muladd, fp_muladd)

// The result is one word, and what it lacks one or two more; the first of
// these has the sign (Boldo and Muller's ErrFmaNearest). That holds where the
// product's own error is no less than a denormal, and nothing near overflows.
HOSTFP_FMA static inline bool careful_double(struct fp_env *env, uint64_t c,
                                             uint64_t a, uint64_t b,
                                             uint64_t *r) {
  const uint64_t least = UINT64_C(128) << 53, most = UINT64_C(0x7f0) << 53;
  double x = op_double(a), y = op_double(b), z = op_double(c);
  if (!op_ordinary_d(a) || !op_ordinary_d(b) || !op_ordinary_d(c))
    return false;
  double product = x * y, sum = hostfp_fma(x, y, z);
  uint64_t size = op_double_bits(product) << 1;
  *r = op_double_bits(sum);
  if (!op_safe_d(*r) || size - least >= most - least || c << 1 >= most)
    return false;
  double low = hostfp_fma(x, y, -product), part = z + low;
  double high = product + part;
  double error = high - sum + op_sum_error(product, part, high) +
                 op_sum_error(z, low, part);
  return op_direct(env, LANE_D, op_surplus(error, *r >> 63), r);
}

// In double precision the product is exact.
HOSTFP_FMA static inline bool careful_single(struct fp_env *env, uint32_t c,
                                             uint32_t a, uint32_t b,
                                             uint64_t *r) {
  float x = op_single(a), y = op_single(b), z = op_single(c);
  if (!op_ordinary_s(a) || !op_ordinary_s(b) || !op_ordinary_s(c))
    return false;
  float sum = hostfp_fmaf(x, y, z);
  uint32_t s = op_single_bits(sum);
  if (!op_safe_s(s)) return false;
  double product = (double)x * y, high = product + z;
  double error = high - sum + op_sum_error(product, z, high);
  *r = s;
  return op_direct(env, LANE_S, op_surplus(error, s >> 31), r);
}

HOSTFP_FMA static inline uint64_t host_fused(struct fp_env *env,
                                             const struct fp_format *f,
                                             uint64_t c, uint64_t a,
                                             uint64_t b) {
  uint64_t r;
  if (f == &fp_double ? careful_double(env, c, a, b, &r)
                      : careful_single(env, (uint32_t)c, (uint32_t)a,
                                       (uint32_t)b, &r))
    return r;
  return fp_muladd(env, f, c, a, b);
}
__attribute__((noinline)) HOSTFP_FMA
HANDLER(careful_lanes, exact_muladd, host_fused)

// Scalars, where nothing new is raised.
HOSTFP_FMA static inline bool careful_scalar(struct soft_cpu *cpu,
                                             const struct insn *i,
                                             bool is_d) {
  if (op_fp_off(cpu)) return false;
  struct fp_env env = op_fp_env(cpu);
  unsigned signs = op_shape_op(i), top = is_d ? 63 : 31;
  uint64_t a = cpu->v[i->a][0], n = cpu->v[i->n][0], m = cpu->v[i->m][0], r;
  n ^= (uint64_t)(signs & NEGATE_PRODUCT) << top;
  a ^= (uint64_t)(signs / NEGATE_ADDEND) << top;
  if (!(is_d ? careful_double(&env, a, n, m, &r)
             : careful_single(&env, (uint32_t)a, (uint32_t)n, (uint32_t)m,
                              &r)) || op_fp_news(cpu, &env))
    return false;
  op_set_scalar(cpu, i->d, r);
  return true;
}
HOSTFP_FMA CAREFUL_HANDLER(careful_d, muladd, careful_scalar, true)
HOSTFP_FMA CAREFUL_HANDLER(careful_s, muladd, careful_scalar, false)

HOSTFP_FMA static inline bool host_lane(unsigned log2, unsigned signs,
                                        uint64_t a, uint64_t n, uint64_t m,
                                        uint64_t *r) {
  uint64_t bit = UINT64_C(1) << ((8u << log2) - 1);
  if (signs & NEGATE_PRODUCT) n ^= bit;
  if (signs & NEGATE_ADDEND) a ^= bit;
  if (log2 == LANE_D) {
    *r = op_double_bits(hostfp_fma(op_double(n), op_double(m), op_double(a)));
    return op_safe_d(*r);
  }
  *r = op_single_bits(hostfp_fmaf(op_single(n), op_single(m), op_single(a)));
  return op_safe_s((uint32_t)*r);
}

HOSTFP_FMA static inline bool
host_muladd(struct soft_cpu *cpu, const struct insn *i, unsigned signs,
            unsigned log2, unsigned count, bool by_element) {
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP_HOST))) return false;
  uint64_t r[2] = { 0, 0 }, value;
  for (unsigned k = 0; k < count; k++) {
    uint64_t a = op_lane(cpu->v[i->a], log2, k);
    uint64_t n = op_lane(cpu->v[i->n], log2, k);
    uint64_t m = op_lane(cpu->v[i->m], log2,
                         by_element ? op_shape_element(i) : k);
    if (BITS_UNLIKELY(!host_lane(log2, signs, a, n, m, &value))) return false;
    op_put_lane(r, log2, k, value);
  }
  op_set_v(cpu, i->d, r);
  return true;
}

#define FMA_HANDLER(name, careful, ...) \
  HOSTFP_FMA HOST_HANDLER(name, careful, host_muladd, __VA_ARGS__)

#define SCALARS(name, signs) \
  FMA_HANDLER(name##_s, careful_s, signs, LANE_S, 1, false) \
  FMA_HANDLER(name##_d, careful_d, signs, LANE_D, 1, false)
SCALARS(fmadd, 0)
SCALARS(fmsub, NEGATE_PRODUCT)
SCALARS(fnmadd, NEGATE_PRODUCT | NEGATE_ADDEND)
SCALARS(fnmsub, NEGATE_ADDEND)

#define VECTORS(name, signs, by_element) \
  FMA_HANDLER(name##_2s, careful_lanes, signs, LANE_S, 2, by_element) \
  FMA_HANDLER(name##_4s, careful_lanes, signs, LANE_S, 4, by_element) \
  FMA_HANDLER(name##_2d, careful_lanes, signs, LANE_D, 2, by_element)
VECTORS(fmla, 0, false)
VECTORS(fmls, NEGATE_PRODUCT, false)
VECTORS(fmla_e, 0, true)
VECTORS(fmls_e, NEGATE_PRODUCT, true)

// What the host cannot do, or has no handler for, is exact.
static insn_fn *handler_for(int32_t shape) {
  static insn_fn *const scalar[4][2] = {
    { fmadd_s, fmadd_d }, { fmsub_s, fmsub_d }, { fnmsub_s, fnmsub_d },
    { fnmadd_s, fnmadd_d }
  };
  static insn_fn *const vector[2][2][3] = {
    { { fmla_2s, fmla_2d, fmla_4s }, { fmls_2s, fmls_2d, fmls_4s } },
    { { fmla_e_2s, fmla_e_2d, fmla_e_4s },
      { fmls_e_2s, fmls_e_2d, fmls_e_4s } }
  };
  struct insn i = { .imm = shape };
  unsigned log2 = op_shape_log2(&i), lanes = op_shape_lanes(&i);
  unsigned signs = op_shape_op(&i);
  bool by_element = op_shape_element(&i) != ELEMENT_NONE;
  if (!HOSTFP || !hostfp_has_fma() || log2 == LANE_H) return muladd;
  if (lanes == 1)
    return by_element ? careful_lanes : scalar[signs][log2 == LANE_D];
  unsigned kind = log2 == LANE_D ? 1 : lanes - 2;
  return vector[by_element][signs][kind];
}

static void three(struct insn *i, uint32_t w, unsigned a, unsigned signs,
                  int32_t shape) {
  op_regs3(i, w);
  i->a = (uint8_t)a;
  i->imm = shape | (int32_t)signs;
  i->fn = handler_for(i->imm);
}

#define ROW(row, a, signs, shape) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    three(i, w, a, signs, shape); \
  }
ROW(FMADD, a64_ra(w), 0, op_shape_ftype(w))
ROW(FMSUB, a64_ra(w), NEGATE_PRODUCT, op_shape_ftype(w))
ROW(FNMADD, a64_ra(w), NEGATE_PRODUCT | NEGATE_ADDEND, op_shape_ftype(w))
ROW(FNMSUB, a64_ra(w), NEGATE_ADDEND, op_shape_ftype(w))
ROW(FMLA_v, a64_rd(w), 0, op_shape_v(w))
ROW(FMLS_v, a64_rd(w), NEGATE_PRODUCT, op_shape_v(w))
ROW(FMLA_vh, a64_rd(w), 0, op_shape_vh(w))
ROW(FMLS_vh, a64_rd(w), NEGATE_PRODUCT, op_shape_vh(w))

static void element(struct insn *i, uint32_t w, unsigned signs, bool scalar) {
  unsigned log2 = op_esz_log2(w);
  unsigned count = scalar ? 1 : (8u << a64_Q(w)) >> log2;
  unsigned at = op_element(i, w, log2);
  uint8_t m = i->m;
  three(i, w, a64_rd(w), signs, op_shape(log2, count, at));
  i->m = m;
}

#define ELEMENT(row, signs, scalar) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    element(i, w, signs, scalar); \
  }
ELEMENT(FMLA_ve, 0, false)
ELEMENT(FMLS_ve, NEGATE_PRODUCT, false)
ELEMENT(FMLA_se, 0, true)
ELEMENT(FMLS_se, NEGATE_PRODUCT, true)

// --------------------------------------------------------- FMLAL, FMLSL --

// Halves of Vn and Vm into singles. Operation field: the sign, and 4 for the
// upper half of the sources.
static const struct insn *do_fmlal(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned lanes = op_shape_lanes(i), op = op_shape_op(i);
  unsigned from = op & 4 ? lanes : 0, at = op_shape_element(i);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k++) {
    uint64_t n = op_lane(cpu->v[i->n], LANE_H, from + k);
    uint64_t m = op_lane(cpu->v[i->m], LANE_H,
                         at == ELEMENT_NONE ? from + k : at);
    if (op & NEGATE_PRODUCT) n = fp_neg(&env, &fp_half, n);
    uint64_t a = op_lane(cpu->v[i->d], LANE_S, k);
    op_put_lane(r, LANE_S, k, fp_muladd_half(&env, a, n, m));
  }
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(fmlal, do_fmlal)

#define FMLAL(row, op) \
  void op_##row##_v(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    op_regs3(i, w); \
    i->fn = fmlal; \
    i->imm = op_shape_q(w, LANE_S) | (op); \
  } \
  void op_##row##_ve(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    op_regs2(i, w); \
    i->fn = fmlal; \
    i->imm = op_shape(LANE_S, 2u << a64_Q(w), op_element(i, w, LANE_H)) | \
             (op); \
  }
FMLAL(FMLAL, 0) FMLAL(FMLSL, NEGATE_PRODUCT)
FMLAL(FMLAL2, 4) FMLAL(FMLSL2, 4 | NEGATE_PRODUCT)

// --------------------------------------------------------------- complex --

// FCMLA: a pair (re, im) of Vd += (x * y, x * z), where x is Vn's re or, for
// rotations by 90 and 270, im; y and z are Vm's parts, swapped for these and
// negated as the rotation says.
static const struct insn *do_fcmla(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned log2 = op_shape_log2(i), lanes = op_shape_lanes(i);
  unsigned rot = op_shape_op(i), odd = rot & 1, at = op_shape_element(i);
  const struct fp_format *f = op_fp_format(log2);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k += 2) {
    unsigned pair = at == ELEMENT_NONE ? k : at * 2;
    uint64_t x = op_lane(cpu->v[i->n], log2, k + odd);
    uint64_t y = op_lane(cpu->v[i->m], log2, pair + odd);
    uint64_t z = op_lane(cpu->v[i->m], log2, pair + !odd);
    if (rot == 1 || rot == 2) y = fp_neg(&env, f, y);
    if (rot >= 2) z = fp_neg(&env, f, z);
    uint64_t re = op_lane(cpu->v[i->d], log2, k);
    uint64_t im = op_lane(cpu->v[i->d], log2, k + 1);
    op_put_lane(r, log2, k, fp_muladd(&env, f, re, x, y));
    op_put_lane(r, log2, k + 1, fp_muladd(&env, f, im, x, z));
  }
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(fcmla, do_fcmla)

void op_FCMLA_v(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_regs3(i, w);
  i->fn = fcmla;
  i->imm = op_shape_q(w, a64_esz(w)) | (int32_t)a64_rot(w);
}

// The index counts pairs: iH:iL of halves, iH of singles.
void op_FCMLA_ve(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  unsigned log2 = a64_esz(w), h = a64_iH(w);
  unsigned at = log2 == LANE_H ? h << 1 | a64_iL(w) : h;
  op_regs3(i, w);
  i->fn = fcmla;
  i->imm = op_shape(log2, (8u << a64_Q(w)) >> log2, at) |
           (int32_t)a64_rot13(w);
}

// Vn + Vm rotated by 90 or, operation 1, 270 degrees.
static const struct insn *do_fcadd(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned log2 = op_shape_log2(i), lanes = op_shape_lanes(i);
  const struct fp_format *f = op_fp_format(log2);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k += 2) {
    uint64_t re = op_lane(cpu->v[i->m], log2, k);
    uint64_t im = op_lane(cpu->v[i->m], log2, k + 1);
    if (op_shape_op(i)) re = fp_neg(&env, f, re);
    else im = fp_neg(&env, f, im);
    uint64_t n = op_lane(cpu->v[i->n], log2, k);
    op_put_lane(r, log2, k, fp_add(&env, f, n, im));
    n = op_lane(cpu->v[i->n], log2, k + 1);
    op_put_lane(r, log2, k + 1, fp_add(&env, f, n, re));
  }
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(fcadd, do_fcadd)

void op_FCADD_v(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_regs3(i, w);
  i->fn = fcadd;
  i->imm = op_shape_q(w, a64_esz(w)) | (int32_t)a64_rot1(w);
}

// -------------------------------------------------------------- bfloat16 --

static const struct insn *do_bfdot(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < op_shape_lanes(i); k++) {
    uint32_t sum = (uint32_t)op_lane(cpu->v[i->d], LANE_S, k);
    uint32_t n = (uint32_t)op_lane(cpu->v[i->n], LANE_S, k);
    uint32_t m = (uint32_t)op_lane_m(cpu, i, k);
    op_put_lane(r, LANE_S, k, fp_bfdot(sum, n, m));
  }
  op_set_v(cpu, i->d, r);
  return i + 1;
}
HANDLER_OF(bfdot, do_bfdot)

void op_BFDOT_v(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_regs3(i, w);
  i->fn = bfdot;
  i->imm = op_shape_q(w, LANE_S);
}

void op_BFDOT_ve(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_regs2(i, w);
  i->fn = bfdot;
  i->imm = op_shape(LANE_S, 2u << a64_Q(w), op_element(i, w, LANE_S));
}

// The 2x2 matrix Vd plus the 2x4 matrix Vn times the transposed Vm.
static const struct insn *do_bfmmla(struct soft_cpu *cpu,
                                    const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < 4; k++) {
    uint32_t sum = (uint32_t)op_lane(cpu->v[i->d], LANE_S, k);
    for (unsigned j = 0; j < 2; j++) {
      uint64_t n = op_lane(cpu->v[i->n], LANE_S, (k & 2) + j);
      uint64_t m = op_lane(cpu->v[i->m], LANE_S, (k & 1) * 2 + j);
      sum = fp_bfdot(sum, (uint32_t)n, (uint32_t)m);
    }
    op_put_lane(r, LANE_S, k, sum);
  }
  op_set_v(cpu, i->d, r);
  return i + 1;
}
HANDLER_OF(bfmmla, do_bfmmla)

void op_BFMMLA(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_regs3(i, w);
  i->fn = bfmmla;
}

// BFMLALB, BFMLALT: the even or, operation 1, odd elements into singles.
static const struct insn *do_bfmlal(struct soft_cpu *cpu,
                                    const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned odd = op_shape_op(i), at = op_shape_element(i);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < 4; k++) {
    uint64_t a = op_lane(cpu->v[i->d], LANE_S, k);
    uint64_t n = op_lane(cpu->v[i->n], LANE_H, 2 * k + odd) << 16;
    uint64_t m = op_lane(cpu->v[i->m], LANE_H,
                         at == ELEMENT_NONE ? 2 * k + odd : at) << 16;
    op_put_lane(r, LANE_S, k, fp_muladd(&env, &fp_single, a, n, m));
  }
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(bfmlal, do_bfmlal)

void op_BFMLAL_v(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_regs3(i, w);
  i->fn = bfmlal;
  i->imm = op_shape(LANE_S, 4, ELEMENT_NONE) | (int32_t)a64_Q(w);
}

void op_BFMLAL_ve(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  op_regs2(i, w);
  i->fn = bfmlal;
  i->imm = op_shape(LANE_S, 4, op_element(i, w, LANE_H)) | (int32_t)a64_Q(w);
}
