// SPDX-License-Identifier: MIT
//
// The software floating point, without a guest: a fixed list of corner cases
// with what the Arm manual says of each, and random operands against the
// host's own FPU where that rounds to nearest as Arm does. (All modes and
// rows against qemu: tests/a64/oracle.lua.)

#include "base/hostfp.h"
#include "soft/fp.h"
#include "tap.h"

enum { ROUNDS = 200000 };

#define IOC FPSR_IOC
#define DZC FPSR_DZC
#define OFC FPSR_OFC
#define UFC FPSR_UFC
#define IXC FPSR_IXC
#define IDC FPSR_IDC
#define RP (1u << 22)
#define RM (2u << 22)
#define RZ (3u << 22)

// ----------------------------------------------------------- the fixed list --

struct corner {
  const char *law;
  fp_op2 *op;
  const struct fp_format *f;
  uint32_t fpcr;
  uint64_t a, b, result;
  uint32_t fpsr;
};

static const struct corner corners[] = {
  // NaNs: signalling first, then the first operand; made quiet.
  { "of two quiet NaNs the first is the result", fp_add, &fp_single, 0,
    0x7fc00001, 0xffc00002, 0x7fc00001, 0 },
  { "a signalling second NaN goes before a quiet first", fp_mul, &fp_single,
    0, 0x7fc00001, 0xff800002, 0xffc00002, IOC },
  { "of two signalling NaNs the first is the result", fp_div, &fp_single, 0,
    0xff800003, 0x7f800002, 0xffc00003, IOC },
  { "FPCR.DN makes every NaN the default one", fp_add, &fp_single, FPCR_DN,
    0xffc00001, 0x3f800000, 0x7fc00000, 0 },
  { "a NaN is subtracted with its own sign", fp_sub, &fp_double, 0,
    0x3ff0000000000000, 0xfff8000000000001, 0xfff8000000000001, 0 },
  { "FRECPS negates a NaN of its first operand", fp_recps, &fp_single, 0,
    0x7fc00001, 0x3f800000, 0xffc00001, 0 },
  // Infinities and zeros.
  { "infinity minus infinity is invalid", fp_sub, &fp_double, 0,
    0x7ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000000, IOC },
  { "infinity times zero is invalid", fp_mul, &fp_half, 0, 0x7c00, 0x8000,
    0x7e00, IOC },
  { "FMULX of infinity and zero is 2 with a sign", fp_mulx, &fp_half, 0,
    0x7c00, 0x8000, 0xc000, 0 },
  { "zero by zero is invalid", fp_div, &fp_single, 0, 0, 0x80000000,
    0x7fc00000, IOC },
  { "one by zero is infinite", fp_div, &fp_single, 0, 0x3f800000, 0x80000000,
    0xff800000, DZC },
  { "infinity by zero raises nothing", fp_div, &fp_single, 0, 0x7f800000, 0,
    0x7f800000, 0 },
  { "FRECPS of infinity and zero is 2", fp_recps, &fp_single, 0, 0x7f800000,
    0, 0x40000000, 0 },
  { "FRSQRTS of zero and infinity is 1.5", fp_rsqrts, &fp_double, 0, 0,
    0xfff0000000000000, 0x3ff8000000000000, 0 },
  { "x - x is +0", fp_sub, &fp_double, 0, 0x3ff0000000000000,
    0x3ff0000000000000, 0, 0 },
  { "x - x is -0 rounding down", fp_sub, &fp_double, RM, 0x3ff0000000000000,
    0x3ff0000000000000, 0x8000000000000000, 0 },
  { "-0 + -0 is -0", fp_add, &fp_single, 0, 0x80000000, 0x80000000,
    0x80000000, 0 },
  // Minimum and maximum.
  { "the maximum of -0 and +0 is +0", fp_max, &fp_single, 0, 0x80000000, 0, 0,
    0 },
  { "the minimum of +0 and -0 is -0", fp_min, &fp_single, 0, 0, 0x80000000,
    0x80000000, 0 },
  { "FMAX of a quiet NaN is that NaN", fp_max, &fp_single, 0, 0x7fc00001,
    0x3f800000, 0x7fc00001, 0 },
  { "FMAXNM of a quiet NaN is the other", fp_maxnm, &fp_single, 0, 0x7fc00001,
    0xbf800000, 0xbf800000, 0 },
  { "FMINNM of a quiet and a signalling NaN is the latter", fp_minnm,
    &fp_single, 0, 0x7fc00001, 0x7f800002, 0x7fc00002, IOC },
  { "FMINNM of two quiet NaNs is the first", fp_minnm, &fp_single, 0,
    0x7fc00001, 0x7fc00002, 0x7fc00001, 0 },
  { "a flushed denormal is zero to FMAX", fp_max, &fp_single, FPCR_FZ,
    0x80000001, 0x80000002, 0x80000000, IDC },
  // The edges of the range.
  { "rounding up to the smallest normal number is an underflow", fp_mul,
    &fp_single, 0, 0x3f7fffff, 0x00800000, 0x00800000, UFC | IXC },
  { "an exact denormal is none", fp_mul, &fp_single, 0, 0x3f000000,
    0x00800000, 0x00400000, 0 },
  { "flushing to zero is an underflow and not inexact", fp_mul, &fp_single,
    FPCR_FZ, 0x3f000000, 0x00800000, 0, UFC },
  { "FZ16 flushes a half", fp_mul, &fp_half, FPCR_FZ16, 0x3800, 0x0400, 0,
    UFC },
  { "a flushed half raises no IDC", fp_add, &fp_half, FPCR_FZ16, 0x0001, 0,
    0, 0 },
  { "FZ does not flush a half", fp_add, &fp_half, FPCR_FZ, 0x0001, 0, 0x0001,
    0 },
  { "a flushed single raises IDC", fp_add, &fp_single, FPCR_FZ, 0x80000001,
    0x80000001, 0x80000000, IDC },
  { "overflow to nearest is infinite", fp_add, &fp_double, 0,
    0x7fefffffffffffff, 0x7fefffffffffffff, 0x7ff0000000000000, OFC | IXC },
  { "overflow towards zero is the largest number", fp_add, &fp_double, RZ,
    0x7fefffffffffffff, 0x7fefffffffffffff, 0x7fefffffffffffff, OFC | IXC },
  { "overflow up is infinite when positive", fp_add, &fp_single, RP,
    0x7f7fffff, 0x00000001, 0x7f800000, OFC | IXC },
  // Rounding.
  { "a tie goes to even", fp_add, &fp_single, 0, 0x3f800000, 0x33800000,
    0x3f800000, IXC },
  { "the next tie goes up", fp_add, &fp_single, 0, 0x3f800001, 0x33800000,
    0x3f800002, IXC },
  { "a lost bit matters rounding up", fp_add, &fp_single, RP, 0x3f800000,
    0x00000001, 0x3f800001, IXC },
  { "a lost bit matters rounding down", fp_sub, &fp_single, RM, 0x3f800000,
    0x00000001, 0x3f7fffff, IXC },
  // Comparisons.
  { "FCMEQ of a quiet NaN raises nothing", fp_cmeq, &fp_single, 0, 0x7fc00000,
    0, 0, 0 },
  { "FCMGE of a quiet NaN is invalid", fp_cmge, &fp_single, 0, 0x7fc00000, 0,
    0, IOC },
  { "-0 equals +0", fp_cmeq, &fp_double, 0, 0x8000000000000000, 0, UINT64_MAX,
    0 },
  { "FACGT compares magnitudes", fp_acgt, &fp_half, 0, 0xbc01, 0x3c00, 0xffff,
    0 },
};

static void test_corners(void) {
  for (size_t k = 0; k < sizeof corners / sizeof *corners; k++) {
    const struct corner *c = &corners[k];
    struct fp_env env = { c->fpcr, 0 };
    uint64_t r = c->op(&env, c->f, c->a, c->b);
    if (!ok(r == c->result && env.fpsr == c->fpsr, "%s", c->law))
      note("%#" PRIx64 " fpsr %#x", r, (unsigned)env.fpsr);
  }
}

static void check(const char *law, uint64_t got, uint64_t want,
                  const struct fp_env *env, uint32_t fpsr) {
  if (!ok(got == want && env->fpsr == fpsr, "%s", law))
    note("%#" PRIx64 " fpsr %#x", got, (unsigned)env->fpsr);
}

static void test_others(void) {
  const uint64_t snan = 0x7f800001, qnan = 0x7fc00002, inf = 0x7f800000;
  struct fp_env env = { 0, 0 };
  check("FMADD: infinity times zero hides a quiet addend",
        fp_muladd(&env, &fp_single, qnan, inf, 0), 0x7fc00000, &env, IOC);
  env = (struct fp_env){ 0, 0 };
  check("FMADD: a signalling addend goes before that",
        fp_muladd(&env, &fp_single, snan, inf, 0), 0x7fc00001, &env, IOC);
  env = (struct fp_env){ 0, 0 };
  check("FMADD: a quiet addend goes before quiet factors",
        fp_muladd(&env, &fp_single, qnan, 0xffc00003, qnan + 1), qnan, &env,
        0);
  env = (struct fp_env){ 0, 0 };
  check("FMADD rounds once",      // 1 - (1 + 2^-23)(1 - 2^-23)
        fp_muladd(&env, &fp_single, 0x3f800000, 0xbf800001, 0x3f7ffffe),
        0x28800000, &env, 0);
  env = (struct fp_env){ FPCR_AHP, 0 };
  check("alternative half precision has no infinities",
        fp_convert(&env, &fp_single, &fp_half, 0xff800000, FP_TIE_EVEN),
        0xffff, &env, IOC);
  env = (struct fp_env){ FPCR_AHP, 0 };
  check("alternative half precision has a larger exponent instead",
        fp_convert(&env, &fp_half, &fp_single, 0x7c00, FP_TIE_EVEN),
        0x47800000, &env, 0);
  env = (struct fp_env){ 0, 0 };
  check("FCVT keeps the top of a NaN's fraction, and makes it quiet",
        fp_convert(&env, &fp_double, &fp_half, 0xfff4000000000001,
                   FP_TIE_EVEN), 0xff00, &env, IOC);
  env = (struct fp_env){ 0, 0 };
  check("FCVTXN rounds to odd",
        fp_convert(&env, &fp_double, &fp_single, 0x3ff0000000000001, FP_ODD),
        0x3f800001, &env, IXC);
  env = (struct fp_env){ 0, 0 };
  check("what does not fit an integer saturates, and is not inexact",
        fp_to_fixed(&env, &fp_single, 0xc7000100, (struct fp_fixed){ 16, 0, 0 },
                    FP_ZERO_WARD), 0x8000, &env, IOC);
  bool z;
  env = (struct fp_env){ 0, 0 };
  check("FJCVTZS wraps", fp_to_int_js(&env, 0xc1f0000000100000, &z),
        0xffffffff, &env, IOC);
  ok(!z, "FJCVTZS clears Z for what does not fit");
  env = (struct fp_env){ 0, 0 };
  check("FJCVTZS of -0 is 0",
        fp_to_int_js(&env, UINT64_C(1) << 63, &z), 0, &env, 0);
  ok(!z, "FJCVTZS clears Z for -0");
  env = (struct fp_env){ 0, 0 };
  check("FJCVTZS of 2^127 is 0",
        fp_to_int_js(&env, UINT64_C(1150) << 52 | 1, &z), 0, &env, IOC);
}

// ---------------------------------------------------------- the host's FPU --

static uint64_t seed = 1;

static uint64_t random64(void) {   // splitmix64
  uint64_t v = seed += UINT64_C(0x9e3779b97f4a7c15);
  v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
  return v ^ v >> 31;
}

// A finite double, most of them near 1 and with a short fraction.
static uint64_t number(void) {
  uint64_t r = random64(), frac = random64() << (r >> 8 & 63);
  uint64_t exp = r & 1 ? 1020 + (r >> 1 & 7) : (r >> 1 & 0x7ff) % 0x7ff;
  return r >> 63 << 63 | exp << 52 | frac >> 12;
}

static double as_double(uint64_t v) {
  double d;
  memcpy(&d, &v, sizeof d);
  return d;
}

static uint64_t bits(double d) {
  uint64_t v;
  memcpy(&v, &d, sizeof v);
  return v == UINT64_C(0xfff8000000000000) ? v & INT64_MAX : v;
}

static uint64_t single_bits(float s) {
  uint32_t v;
  memcpy(&v, &s, sizeof v);
  return v;
}

static void test_host(void) {
  struct fp_env env = { 0, 0 };
  unsigned bad[6] = { 0 };
  for (unsigned k = 0; k < ROUNDS; k++) {
    uint64_t a = number(), b = number();
    volatile double x = as_double(a), y = as_double(b);
    bad[0] += fp_add(&env, &fp_double, a, b) != bits(x + y);
    bad[1] += fp_sub(&env, &fp_double, a, b) != bits(x - y);
    bad[2] += fp_mul(&env, &fp_double, a, b) != bits(x * y);
    bad[3] += fp_div(&env, &fp_double, a, b) != bits(x / y);
    bad[4] += fp_sqrt(&env, &fp_double, a) != bits(hostfp_sqrt(x));
    bad[5] += fp_convert(&env, &fp_double, &fp_single, a, FP_TIE_EVEN) !=
              single_bits((float)x);
  }
  static const char *const name[6] = { "sums", "differences", "products",
                                       "quotients", "roots", "singles" };
  for (unsigned k = 0; k < 6; k++)
    ok(bad[k] == 0, "%d random %s are the host's", ROUNDS, name[k]);
}

int main(void) {
  test_corners();
  test_others();
  if (HOSTFP) test_host();
  else skip("not known to be IEEE 754's", "the host's FPU");
  return done();
}
