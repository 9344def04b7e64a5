// SPDX-License-Identifier: MIT
//
// Conversions between floating-point formats, and between floating point and
// integers or fixed point (Arm ARM C4.1.96).

#include "soft/op_fp.h"

// --------------------------------------------------------- between formats --

// Formats by number: log2 of the bytes, and bfloat16.
enum { TO_BFLOAT = 4 };

static const struct fp_format *format(unsigned number) {
  return number == TO_BFLOAT ? &fp_bfloat : op_fp_format(number);
}

// Scalars: m the source's format, a the result's.
static const struct insn *do_convert(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  uint64_t r = fp_convert(&env, format(i->m), format(i->a),
                          op_lane(cpu->v[i->n], i->m, 0), fp_mode(&env));
  op_set_scalar(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
EXACT_HANDLER(convert, do_convert)

// A single is exact as a double.
static inline bool host_widen(struct soft_cpu *cpu, const struct insn *i,
                              uint32_t need) {
  uint32_t v = (uint32_t)cpu->v[i->n][0];
  if (BITS_UNLIKELY(!(cpu->mode & need) || !op_finite_s(v))) return false;
  op_set_scalar(cpu, i->d, op_double_bits((double)op_single(v)));
  return true;
}
HOST_HANDLER(fcvt_d_s, convert, host_widen, MODE_FP_PLAIN)

static inline bool host_narrow(struct soft_cpu *cpu, const struct insn *i,
                               uint32_t need) {
  if (BITS_UNLIKELY(!(cpu->mode & need))) return false;
  uint32_t r = op_single_bits((float)op_double(cpu->v[i->n][0]));
  if (BITS_UNLIKELY(!op_safe_s(r))) return false;
  op_set_scalar(cpu, i->d, r);
  return true;
}
HOST_HANDLER(fcvt_s_d, convert, host_narrow, MODE_FP_HOST)

static void fcvt_row(struct insn *i, uint32_t w, unsigned from, unsigned to) {
  op_regs2(i, w);
  i->m = (uint8_t)from;
  i->a = (uint8_t)to;
  i->fn = convert;
  if (HOSTFP && from == LANE_S && to == LANE_D) i->fn = fcvt_d_s;
  if (HOSTFP && from == LANE_D && to == LANE_S) i->fn = fcvt_s_d;
}

void op_FCVT(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  fcvt_row(i, w, op_ftype_log2(a64_ftype(w)), op_ftype_log2(a64_fopc(w)));
}

void op_BFCVT(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  fcvt_row(i, w, LANE_S, TO_BFLOAT);
}

// Vectors; imm: the half of the narrower register, and bit 1 to round to odd.
enum { UPPER = 1, ODD = 2 };

// 64 bits of narrower results; the other half of Vd is zero, or stays.
static const struct insn *do_narrow(struct soft_cpu *cpu,
                                    const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  enum fp_rounding mode = i->imm & ODD ? FP_ODD : fp_mode(&env);
  unsigned wide = i->m, lanes = 16u >> wide;
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k++)
    op_put_lane(r, wide - 1, k,
                fp_convert(&env, format(wide), format(i->a),
                           op_lane(cpu->v[i->n], wide, k), mode));
  if (i->imm & UPPER) {
    cpu->v[i->d][1] = r[0];
  } else {
    op_set_v(cpu, i->d, r);
  }
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(narrow, do_narrow)

static const struct insn *do_widen(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned wide = i->a, lanes = 16u >> wide;
  unsigned from = i->imm & UPPER ? lanes : 0;
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < lanes; k++)
    op_put_lane(r, wide, k,
                fp_convert(&env, format(i->m), format(wide),
                           op_lane(cpu->v[i->n], i->m, from + k),
                           fp_mode(&env)));
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(widen, do_widen)

#define VECTOR(row, handler, from, to, how) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    op_regs2(i, w); \
    i->fn = handler; \
    i->m = (uint8_t)(from); \
    i->a = (uint8_t)(to); \
    i->imm = how; \
  }
VECTOR(FCVTN_v, narrow, LANE_S + a64_sz(w), LANE_H + a64_sz(w),
       (int32_t)a64_Q(w))
VECTOR(FCVTL_v, widen, LANE_H + a64_sz(w), LANE_S + a64_sz(w),
       (int32_t)a64_Q(w))
VECTOR(FCVTXN_v, narrow, LANE_D, LANE_S, (int32_t)a64_Q(w) | ODD)
VECTOR(BFCVTN_v, narrow, LANE_S, TO_BFLOAT, (int32_t)a64_Q(w))

static const struct insn *do_fcvtxn(struct soft_cpu *cpu,
                                    const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  op_set_scalar(cpu, i->d, fp_convert(&env, &fp_double, &fp_single,
                                      cpu->v[i->n][0], FP_ODD));
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(fcvtxn, do_fcvtxn)
VECTOR(FCVTXN_s, fcvtxn, LANE_D, LANE_S, 0)

// ----------------------------------------------------- to and from integers --

// The operation field of the shape: rounding, and UNSIGNED; `a` has the
// number of fraction bits. General registers: `m` the integer's bits.
enum { UNSIGNED = 8, CURRENT = 7 };

static enum fp_rounding rounding(const struct fp_env *env,
                                 const struct insn *i) {
  unsigned mode = op_shape_op(i) & 7;
  return mode == CURRENT ? fp_mode(env) : (enum fp_rounding)mode;
}

static struct fp_fixed fixed(const struct insn *i, unsigned bits) {
  return (struct fp_fixed){ (uint8_t)bits, i->a,
                            (op_shape_op(i) & UNSIGNED) != 0 };
}

static const struct insn *do_to_x(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned log2 = op_shape_log2(i);
  cpu->x[i->d] = fp_to_fixed(&env, op_fp_format(log2),
                             op_lane(cpu->v[i->n], log2, 0),
                             fixed(i, i->m), rounding(&env, i));
  op_fp_raise(cpu, &env);
  return i + 1;
}
EXACT_HANDLER(to_x, do_to_x)

static const struct insn *do_from_x(struct soft_cpu *cpu,
                                     const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  uint64_t r = fp_from_fixed(&env, op_fp_format(op_shape_log2(i)),
                             cpu->x[i->n], fixed(i, i->m), fp_mode(&env));
  op_set_scalar(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
EXACT_HANDLER(from_x, do_from_x)

static const struct insn *do_to_lanes(struct soft_cpu *cpu,
                                      const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned log2 = op_shape_log2(i);
  struct fp_fixed to = fixed(i, 8u << log2);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < op_shape_lanes(i); k++)
    op_put_lane(r, log2, k,
                fp_to_fixed(&env, op_fp_format(log2),
                            op_lane(cpu->v[i->n], log2, k), to,
                            rounding(&env, i)));
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(to_lanes, do_to_lanes)

static const struct insn *do_from_lanes(struct soft_cpu *cpu,
                                        const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  unsigned log2 = op_shape_log2(i);
  struct fp_fixed from = fixed(i, 8u << log2);
  uint64_t r[2] = { 0, 0 };
  for (unsigned k = 0; k < op_shape_lanes(i); k++)
    op_put_lane(r, log2, k,
                fp_from_fixed(&env, op_fp_format(log2),
                              op_lane(cpu->v[i->n], log2, k), from,
                              fp_mode(&env)));
  op_set_v(cpu, i->d, r);
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(from_lanes, do_from_lanes)

// PSTATE.Z says that the conversion was exact.
static const struct insn *do_fjcvtzs(struct soft_cpu *cpu,
                                     const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  struct fp_env env = op_fp_env(cpu);
  bool z;
  cpu->x[i->d] = fp_to_int_js(&env, cpu->v[i->n][0], &z);
  cpu->nzcv = z ? UINT32_C(1) << 30 : 0;
  op_fp_raise(cpu, &env);
  return i + 1;
}
HANDLER_OF(fjcvtzs, do_fjcvtzs)

void op_FJCVTZS(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = fjcvtzs;
  i->d = slot_write(a64_rd(w));
  i->n = (uint8_t)a64_rn(w);
}

// ------------------------------------------------------------- on the host --

// An integer of 32 bits is exact as a double: then `rounds` is false.
static inline bool host_from_x(struct soft_cpu *cpu, const struct insn *i,
                               bool x, bool is_unsigned, bool is_d,
                               bool rounds) {
  uint32_t need = rounds ? MODE_FP_HOST : MODE_FP_PLAIN;
  if (BITS_UNLIKELY(!(cpu->mode & need))) return false;
  uint64_t v = cpu->x[i->n];
  int64_t s = x ? (int64_t)v : (int32_t)v;
  if (!x && is_unsigned) s = (uint32_t)v;
  if (x && is_unsigned && s < 0) return false;
  op_set_scalar(cpu, i->d, is_d ? op_double_bits((double)s)
                                : op_single_bits((float)s));
  return true;
}
HOST_HANDLER(scvtf_dw, from_x, host_from_x, false, false, true, false)
HOST_HANDLER(scvtf_sw, from_x, host_from_x, false, false, false, true)
HOST_HANDLER(scvtf_dx, from_x, host_from_x, true, false, true, true)
HOST_HANDLER(scvtf_sx, from_x, host_from_x, true, false, false, true)
HOST_HANDLER(ucvtf_dw, from_x, host_from_x, false, true, true, false)
HOST_HANDLER(ucvtf_sw, from_x, host_from_x, false, true, false, true)
HOST_HANDLER(ucvtf_dx, from_x, host_from_x, true, true, true, true)
HOST_HANDLER(ucvtf_sx, from_x, host_from_x, true, true, false, true)

// Towards zero, what is in range; the result is exact, or IXC is set already.
static inline bool host_to_x(struct soft_cpu *cpu, const struct insn *i,
                             bool x, bool is_unsigned, bool is_d) {
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP_PLAIN))) return false;
  uint64_t v = cpu->v[i->n][0];
  double a = is_d ? op_double(v) : (double)op_single(v);
  double limit = x ? 0x1p63 : is_unsigned ? 0x1p32 : 0x1p31;
  if (BITS_UNLIKELY(!(a < limit && (is_unsigned ? a >= 0 : a > -limit))))
    return false;
  int64_t r = (int64_t)a;
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP_HOST)) && (double)r != a)
    return false;
  cpu->x[i->d] = op_width((uint64_t)r, x);
  return true;
}
HOST_HANDLER(fcvtzs_wd, to_x, host_to_x, false, false, true)
HOST_HANDLER(fcvtzs_ws, to_x, host_to_x, false, false, false)
HOST_HANDLER(fcvtzs_xd, to_x, host_to_x, true, false, true)
HOST_HANDLER(fcvtzs_xs, to_x, host_to_x, true, false, false)
HOST_HANDLER(fcvtzu_wd, to_x, host_to_x, false, true, true)
HOST_HANDLER(fcvtzu_ws, to_x, host_to_x, false, true, false)
HOST_HANDLER(fcvtzu_xd, to_x, host_to_x, true, true, true)
HOST_HANDLER(fcvtzu_xs, to_x, host_to_x, true, true, false)

// Indexed by unsigned, X, double; NULL where there is none.
static insn_fn *const host_from[8] = {
  scvtf_sw, scvtf_dw, scvtf_sx, scvtf_dx,
  ucvtf_sw, ucvtf_dw, ucvtf_sx, ucvtf_dx
};
static insn_fn *const host_to[8] = {
  fcvtzs_ws, fcvtzs_wd, fcvtzs_xs, fcvtzs_xd,
  fcvtzu_ws, fcvtzu_wd, fcvtzu_xs, fcvtzu_xd
};

static unsigned host_index(uint32_t w, unsigned op) {
  return (op & UNSIGNED) / 2 + a64_sf(w) * 2 + a64_ftype(w);
}

// ------------------------------------------------------------- predecoders --

static void general(struct insn *i, uint32_t w, unsigned op, unsigned point) {
  i->imm = op_shape_ftype(w) | (int32_t)op;
  i->m = a64_sf(w) ? 64 : 32;
  i->a = (uint8_t)point;
}

static void to_general(struct insn *i, uint32_t w, unsigned op,
                       unsigned point) {
  general(i, w, op, point);
  i->d = slot_write(a64_rd(w));
  i->n = (uint8_t)a64_rn(w);
  bool host = HOSTFP && (op & 7) == FP_ZERO_WARD && !point &&
              a64_ftype(w) < 2;
  i->fn = host ? host_to[host_index(w, op)] : to_x;
}

static void from_general(struct insn *i, uint32_t w, unsigned op,
                         unsigned point) {
  general(i, w, op, point);
  i->d = (uint8_t)a64_rd(w);
  i->n = slot_read(a64_rn(w));
  bool host = HOSTFP && !point && a64_ftype(w) < 2;
  i->fn = host ? host_from[host_index(w, op)] : from_x;
}

static void lanes(struct insn *i, uint32_t w, insn_fn *fn, int32_t shape,
                  unsigned point) {
  op_regs2(i, w);
  i->fn = fn;
  i->imm = shape;
  i->a = (uint8_t)point;
}

#define GENERAL(row, set, op, point) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    set(i, w, op, point); \
  }
#define LANES(row, fn, shape, op, point) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    lanes(i, w, fn, (shape) | (op), point); \
  }
#define ALL(name, set, fn, op) \
  GENERAL(name##_g, set, op, 0) \
  LANES(name##_s, fn, op_shape_s(w), op, 0) \
  LANES(name##_sh, fn, op_shape_sh(w), op, 0) \
  LANES(name##_v, fn, op_shape_v(w), op, 0) \
  LANES(name##_vh, fn, op_shape_vh(w), op, 0)

ALL(FCVTNS, to_general, to_lanes, FP_TIE_EVEN)
ALL(FCVTPS, to_general, to_lanes, FP_PLUS_INF)
ALL(FCVTMS, to_general, to_lanes, FP_MINUS_INF)
ALL(FCVTZS, to_general, to_lanes, FP_ZERO_WARD)
ALL(FCVTAS, to_general, to_lanes, FP_TIE_AWAY)
ALL(FCVTNU, to_general, to_lanes, FP_TIE_EVEN | UNSIGNED)
ALL(FCVTPU, to_general, to_lanes, FP_PLUS_INF | UNSIGNED)
ALL(FCVTMU, to_general, to_lanes, FP_MINUS_INF | UNSIGNED)
ALL(FCVTZU, to_general, to_lanes, FP_ZERO_WARD | UNSIGNED)
ALL(FCVTAU, to_general, to_lanes, FP_TIE_AWAY | UNSIGNED)
ALL(SCVTF, from_general, from_lanes, CURRENT)
ALL(UCVTF, from_general, from_lanes, CURRENT | UNSIGNED)

// immh:immb is 2 * element bits - fraction bits.
static unsigned immh_log2(uint32_t w) {
  return 31 - (unsigned)__builtin_clz(a64_immh(w));
}
static unsigned immh_point(uint32_t w) {
  return (16u << immh_log2(w)) - (a64_immh(w) << 3 | a64_immb(w));
}

#define FIXED(name, set, fn, op) \
  GENERAL(name##_gx, set, op, 64 - a64_scale(w)) \
  LANES(name##_vx, fn, op_shape_q(w, immh_log2(w)), op, immh_point(w)) \
  LANES(name##_sx, fn, op_shape(immh_log2(w), 1, ELEMENT_NONE), op, \
        immh_point(w))

FIXED(FCVTZS, to_general, to_lanes, FP_ZERO_WARD)
FIXED(FCVTZU, to_general, to_lanes, FP_ZERO_WARD | UNSIGNED)
FIXED(SCVTF, from_general, from_lanes, CURRENT)
FIXED(UCVTF, from_general, from_lanes, CURRENT | UNSIGNED)
