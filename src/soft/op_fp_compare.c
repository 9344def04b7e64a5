// SPDX-License-Identifier: MIT
//
// Comparisons that set flags, and FCSEL (Arm ARM C4.1.96).
//
// FCCMP and FCCMPE keep the condition as a mask over NZCV and the flags of a
// failed one in `imm`: 31:28 nzcv, 15:0 mask. `a` is the operand's log2, with
// bit 4 set where quiet NaNs raise too, bit 5 for a comparison with zero.

#include "soft/op_fp.h"

enum { SIGNAL = 16, WITH_ZERO = 32 };

static void compare(struct soft_cpu *cpu, const struct insn *i) {
  struct fp_env env = op_fp_env(cpu);
  unsigned log2 = i->a & 3;
  uint64_t n = op_lane(cpu->v[i->n], log2, 0);
  uint64_t m = i->a & WITH_ZERO ? 0 : op_lane(cpu->v[i->m], log2, 0);
  cpu->nzcv = fp_compare(&env, op_fp_format(log2), n, m, i->a & SIGNAL) << 28;
  op_fp_raise(cpu, &env);
}

static const struct insn *do_fcmp(struct soft_cpu *cpu,
                                  const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  compare(cpu, i);
  return i + 1;
}
EXACT_HANDLER(fcmp, do_fcmp)

static const struct insn *do_fccmp(struct soft_cpu *cpu,
                                   const struct insn *i) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  if (op_holds(cpu, (uint32_t)i->imm & 0xffff)) compare(cpu, i);
  else cpu->nzcv = (uint32_t)i->imm & PSTATE_NZCV;
  return i + 1;
}
HANDLER_OF(fccmp, do_fccmp)

// Ordered numbers compare on the host; a denormal is one where nothing is
// flushed.
static inline bool host_compare(struct soft_cpu *cpu, const struct insn *i,
                                bool is_d, bool zero) {
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP_PLAIN))) return false;
  uint64_t n = cpu->v[i->n][0], m = zero ? 0 : cpu->v[i->m][0];
  double a = is_d ? op_double(n) : 0, b = is_d ? op_double(m) : 0;
  float as = is_d ? 0 : op_single(n), bs = is_d ? 0 : op_single(m);
  bool finite = is_d ? op_finite_d(n) && op_finite_d(m)
                     : op_finite_s((uint32_t)n) && op_finite_s((uint32_t)m);
  if (BITS_UNLIKELY(!finite)) return false;
  bool less = is_d ? a < b : as < bs, equal = is_d ? a == b : as == bs;
  cpu->nzcv = less ? UINT32_C(8) << 28 : equal ? UINT32_C(6) << 28
                                               : UINT32_C(2) << 28;
  return true;
}
HOST_HANDLER(fcmp_d, fcmp, host_compare, true, false)
HOST_HANDLER(fcmp_s, fcmp, host_compare, false, false)
HOST_HANDLER(fcmp_d0, fcmp, host_compare, true, true)
HOST_HANDLER(fcmp_s0, fcmp, host_compare, false, true)

static void compare_row(struct insn *i, uint32_t w, unsigned how) {
  unsigned log2 = op_ftype_log2(a64_ftype(w));
  bool zero = how & WITH_ZERO;
  i->n = (uint8_t)a64_rn(w);
  i->m = (uint8_t)(w >> 16 & 31);
  i->a = (uint8_t)(log2 | how);
  if (!HOSTFP || log2 == LANE_H) i->fn = fcmp;
  else if (log2 == LANE_D) i->fn = zero ? fcmp_d0 : fcmp_d;
  else i->fn = zero ? fcmp_s0 : fcmp_s;
}

#define COMPARE(row, how) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    compare_row(i, w, how); \
  }
COMPARE(FCMP, 0)
COMPARE(FCMPE, SIGNAL)
COMPARE(FCMP_z, WITH_ZERO)
COMPARE(FCMPE_z, WITH_ZERO | SIGNAL)

#define CONDITIONAL(row, how) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    compare_row(i, w, how); \
    i->fn = fccmp; \
    i->imm = (int32_t)((uint32_t)a64_nzcv(w) << 28 | \
                       op_cond_mask(a64_cond(w))); \
  }
CONDITIONAL(FCCMP, 0)
CONDITIONAL(FCCMPE, SIGNAL)

// ----------------------------------------------------------------- FCSEL --

static inline const struct insn *choose(struct soft_cpu *cpu,
                                        const struct insn *i, unsigned log2) {
  if (op_fp_off(cpu)) return leave_fp_trap(cpu, i);
  unsigned from = op_holds(cpu, (uint32_t)i->imm) ? i->n : i->m;
  op_set_scalar(cpu, i->d, op_lane(cpu->v[from], log2, 0));
  return i + 1;
}
HANDLER(fcsel_d, choose, LANE_D)
HANDLER(fcsel_s, choose, LANE_S)
HANDLER(fcsel_h, choose, LANE_H)

void op_FCSEL(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  unsigned ftype = a64_ftype(w);
  op_regs3(i, w);
  i->fn = ftype == 3 ? fcsel_h : ftype == 1 ? fcsel_d : fcsel_s;
  i->imm = op_cond_mask(a64_cond(w));
}
