// SPDX-License-Identifier: MIT
//
// Kernels for lanes of BITS bits, to be included with BITS 8, 16, 32, 64:
// add_8, add_16 .. work on all lanes of their operands (soft/vec.h). Those
// that widen take lanes of BITS bits from the low half and have results of
// twice as many; those that narrow leave lanes of BITS bits in the low half.
//
// Signed overflow and shifts by a lane's width are undefined in C vectors as
// well: additions are unsigned, shift counts below BITS.

#define LANE_JOIN2(a, b) a##b
#define LANE_JOIN(a, b) LANE_JOIN2(a, b)
#define LANE(name) LANE_JOIN(name##_, BITS)
#define U LANE_JOIN(vu, BITS)
#define S LANE_JOIN(vs, BITS)
#define KERNEL(name) static inline vec LANE(name)(struct vec_op *o)
#define UN ((U)o->n)
#define UM ((U)o->m)
#define UD ((U)o->d)
#define SN ((S)o->n)
#define SM ((S)o->m)
#define LANES (128 / BITS)
#if BITS == 8
typedef uint8_t LANE(lane);
typedef int8_t LANE(slane);
#elif BITS == 16
typedef uint16_t LANE(lane);
typedef int16_t LANE(slane);
#elif BITS == 32
typedef uint32_t LANE(lane);
typedef int32_t LANE(slane);
#else
typedef uint64_t LANE(lane);
typedef int64_t LANE(slane);
#endif
#define LANE_MAX ((LANE(lane))((LANE(lane))~(LANE(lane))0 >> 1))

// Every lane n; a shift by that vector is one by n.
static inline U LANE(all)(unsigned n) { return (LANE(lane))n - (U){ 0 }; }
static inline U LANE(shl_all)(U a, unsigned n) { return a << LANE(all)(n); }
static inline U LANE(shr_all)(U a, unsigned n) { return a >> LANE(all)(n); }
static inline S LANE(sar_all)(S a, unsigned n) {
  return a >> (S)LANE(all)(n);
}

// Ones in the lanes where the sign bit of a is set.
static inline U LANE(sign)(U a) { return (U)((S)a < 0); }
static inline vec LANE(pick)(U mask, U a, U b) {
  return (vec)((a & mask) | (b & ~mask));
}

// ---------------------------------------------------------- arithmetic --

KERNEL(add) { return (vec)(UN + UM); }
KERNEL(sub) { return (vec)(UN - UM); }
KERNEL(mul) { return (vec)(UN * UM); }
KERNEL(mla) { return (vec)(UD + UN * UM); }
KERNEL(mls) { return (vec)(UD - UN * UM); }
KERNEL(neg) { return (vec)-UN; }

KERNEL(cmeq) { return (vec)(UN == UM); }
KERNEL(cmhi) { return (vec)(UN > UM); }
KERNEL(cmhs) { return (vec)(UN >= UM); }
KERNEL(cmgt) { return (vec)(SN > SM); }
KERNEL(cmge) { return (vec)(SN >= SM); }
KERNEL(cmtst) { return (vec)((UN & UM) != 0); }
KERNEL(cmeq0) { return (vec)(UN == 0); }
KERNEL(cmgt0) { return (vec)(SN > 0); }
KERNEL(cmge0) { return (vec)(SN >= 0); }
KERNEL(cmle0) { return (vec)(SN <= 0); }
KERNEL(cmlt0) { return (vec)(SN < 0); }

KERNEL(smax) { return LANE(pick)((U)(SN > SM), UN, UM); }
KERNEL(smin) { return LANE(pick)((U)(SN < SM), UN, UM); }
KERNEL(umax) { return LANE(pick)((U)(UN > UM), UN, UM); }
KERNEL(umin) { return LANE(pick)((U)(UN < UM), UN, UM); }
KERNEL(sabd) { return LANE(pick)((U)(SN > SM), UN - UM, UM - UN); }
KERNEL(uabd) { return LANE(pick)((U)(UN > UM), UN - UM, UM - UN); }
KERNEL(saba) { return (vec)(UD + (U)LANE(sabd)(o)); }
KERNEL(uaba) { return (vec)(UD + (U)LANE(uabd)(o)); }
KERNEL(vabs) {
  U sign = LANE(sign)(UN);
  return (vec)((UN ^ sign) - sign);
}

// Halves of sums and differences, of which the low bit is lost: a + b is
// 2 (a & b) + (a ^ b), and also 2 (a | b) - (a ^ b).
KERNEL(uhadd) {
  return (vec)((UN & UM) + LANE(shr_all)(UN ^ UM, 1));
}
KERNEL(shadd) {
  return (vec)((UN & UM) + (U)LANE(sar_all)(SN ^ SM, 1));
}
KERNEL(urhadd) {
  return (vec)((UN | UM) - LANE(shr_all)(UN ^ UM, 1));
}
KERNEL(srhadd) {
  return (vec)((UN | UM) - (U)LANE(sar_all)(SN ^ SM, 1));
}
KERNEL(uhsub) {
  return (vec)(LANE(shr_all)(UN ^ UM, 1) - (~UN & UM));
}
KERNEL(shsub) {
  return (vec)((U)LANE(sar_all)(SN ^ SM, 1) - (~UN & UM));
}

// ---------------------------------------------------------- saturation --

KERNEL(uqadd) {
  U r = UN + UM, over = (U)(r < UN);
  o->sat = (vec)over;
  return (vec)(r | over);
}
KERNEL(uqsub) {
  U over = (U)(UN < UM);
  o->sat = (vec)over;
  return (vec)((UN - UM) & ~over);
}
// The most negative or positive value, by the sign of a.
static inline U LANE(limit)(U a) { return LANE(sign)(a) ^ LANE_MAX; }
KERNEL(sqadd) {
  U r = UN + UM, over = LANE(sign)(~(UN ^ UM) & (UN ^ r));
  o->sat = (vec)over;
  return LANE(pick)(over, LANE(limit)(UN), r);
}
KERNEL(sqsub) {
  U r = UN - UM, over = LANE(sign)((UN ^ UM) & (UN ^ r));
  o->sat = (vec)over;
  return LANE(pick)(over, LANE(limit)(UN), r);
}
// d signed, n unsigned: the sum overflows upwards only.
KERNEL(suqadd) {
  U r = UD + UN, flip = UD ^ ((LANE(lane))(LANE_MAX + 1) - (U){ 0 });
  U over = (U)(flip + UN < flip);
  o->sat = (vec)over;
  return LANE(pick)(over, LANE_MAX - (U){ 0 }, r);
}
// d unsigned, n signed.
KERNEL(usqadd) {
  U r = UD + UN, minus = LANE(sign)(UN);
  U over = (U)(r < UD) & ~minus, under = (U)(r > UD) & minus;
  o->sat = (vec)(over | under);
  return (vec)((r | over) & ~under);
}
KERNEL(sqneg) {
  U over = (U)(UN == (LANE(lane))(LANE_MAX + 1));
  o->sat = (vec)over;
  return (vec)(-UN + over);
}
KERNEL(sqabs) {
  U r = (U)LANE(vabs)(o), over = LANE(sign)(r);
  o->sat = (vec)over;
  return (vec)(r + over);
}

// --------------------------------------------- shifts by an immediate --
// imm: 0 .. BITS - 1 to the left, 1 .. BITS to the right.

static inline U LANE(ushift)(U a, int32_t n) {
  return LANE(shr_all)(LANE(shr_all)(a, (unsigned)n - 1), 1);
}
static inline U LANE(sshift)(U a, int32_t n) {
  return (U)LANE(sar_all)(LANE(sar_all)((S)a, (unsigned)n - 1), 1);
}
// Rounded: half of the last bit shifted out is added.
static inline U LANE(urshift)(U a, int32_t n) {
  U r = LANE(shr_all)(a, (unsigned)n - 1);
  return LANE(shr_all)(r, 1) + (r & 1);
}
static inline U LANE(srshift)(U a, int32_t n) {
  S r = LANE(sar_all)((S)a, (unsigned)n - 1);
  return (U)LANE(sar_all)(r, 1) + ((U)r & 1);
}
KERNEL(shl) { return (vec)LANE(shl_all)(UN, (unsigned)o->imm); }
KERNEL(ushr) { return (vec)LANE(ushift)(UN, o->imm); }
KERNEL(sshr) { return (vec)LANE(sshift)(UN, o->imm); }
KERNEL(urshr) { return (vec)LANE(urshift)(UN, o->imm); }
KERNEL(srshr) { return (vec)LANE(srshift)(UN, o->imm); }
KERNEL(usra) { return (vec)(UD + LANE(ushift)(UN, o->imm)); }
KERNEL(ssra) { return (vec)(UD + LANE(sshift)(UN, o->imm)); }
KERNEL(ursra) { return (vec)(UD + LANE(urshift)(UN, o->imm)); }
KERNEL(srsra) { return (vec)(UD + LANE(srshift)(UN, o->imm)); }
KERNEL(sli) {
  U ones = LANE(shl_all)(~(U){ 0 }, (unsigned)o->imm);
  return (vec)(LANE(shl_all)(UN, (unsigned)o->imm) | (UD & ~ones));
}
KERNEL(sri) {
  U ones = LANE(ushift)(~(U){ 0 }, o->imm);
  return (vec)(LANE(ushift)(UN, o->imm) | (UD & ~ones));
}
KERNEL(uqshl_i) {
  U r = LANE(shl_all)(UN, (unsigned)o->imm);
  U over = (U)(LANE(shr_all)(r, (unsigned)o->imm) != UN);
  o->sat = (vec)over;
  return (vec)(r | over);
}
KERNEL(sqshl_i) {
  U r = LANE(shl_all)(UN, (unsigned)o->imm);
  U over = (U)(LANE(sar_all)((S)r, (unsigned)o->imm) != SN);
  o->sat = (vec)over;
  return LANE(pick)(over, LANE(limit)(UN), r);
}
KERNEL(sqshlu) {
  U under = LANE(sign)(UN), r = (U)LANE(uqshl_i)(o);
  o->sat |= (vec)under;
  return (vec)(r & ~under);
}

// ------------------------------------------------ shifts by a register --
// The low byte of each lane of m, signed, is the distance to the left.

// To the right by n > 0; `round` adds half of the last bit shifted out.
static inline LANE(lane) LANE(right)(LANE(lane) a, unsigned n, bool sign,
                                     bool round) {
  unsigned most = n > BITS ? BITS : n, carry;
  if (sign) {
    LANE(slane) r = (LANE(slane))a >> (most - 1);
    carry = n <= BITS ? (unsigned)r & 1 : r < 0;
    r = (LANE(slane))(r >> 1);
    return round ? (LANE(lane))((LANE(lane))r + carry) : (LANE(lane))r;
  }
  LANE(lane) r = (LANE(lane))(a >> (most - 1));
  carry = n <= BITS ? (unsigned)r & 1 : 0;
  r >>= 1;
  return (LANE(lane))(r + (round ? carry : 0));
}
// To the left by n >= 0; saturated where the lost bits say so.
static inline LANE(lane) LANE(left)(LANE(lane) a, unsigned n, bool sign,
                                    bool saturate, bool *over) {
  LANE(lane) r = n < BITS ? (LANE(lane))((uint64_t)a << (n & (BITS - 1))) : 0;
  if (!saturate) return r;
  if (sign) *over = n < BITS
      ? (LANE(slane))r >> (n & (BITS - 1)) != (LANE(slane))a : a != 0;
  else *over = n < BITS ? r >> (n & (BITS - 1)) != a : a != 0;
  if (!*over) return r;
  if (!sign) return (LANE(lane))~(LANE(lane))0;
  return (LANE(lane))(LANE_MAX + ((LANE(slane))a < 0));
}
// One distance for all lanes, as compilers use these.
static inline vec LANE(shift_all)(struct vec_op *o, int n, bool sign,
                                  bool round) {
  if (n >= 0)
    return n < BITS ? (vec)LANE(shl_all)(UN, (unsigned)n) : (vec){ 0, 0 };
  if (n < -BITS && (round || !sign)) return (vec){ 0, 0 };
  int32_t right = n < -BITS ? BITS : -n;
  if (round)
    return (vec)(sign ? LANE(srshift)(UN, right) : LANE(urshift)(UN, right));
  return (vec)(sign ? LANE(sshift)(UN, right) : LANE(ushift)(UN, right));
}
static inline vec LANE(shift)(struct vec_op *o, bool sign, bool round,
                              bool saturate) {
  LANE(slane) first = (int8_t)UM[0];
  vec others = ((vec)(UM ^ UM[0]) & (vec)LANE(all)(0xff)) & o->kept;
  if (!saturate && !(others[0] | others[1]))
    return LANE(shift_all)(o, (int)first, sign, round);
  uint64_t r[2] = { 0, 0 }, sat[2] = { 0, 0 };
  for (unsigned k = 0; k < LANES; k++) {
    int n = (int8_t)UM[k];
    bool over = false;
    uint64_t v = n < 0 ? LANE(right)(UN[k], (unsigned)-n, sign, round)
                       : LANE(left)(UN[k], (unsigned)n, sign, saturate, &over);
    r[k * BITS / 64] |= v << k * BITS % 64;
    sat[k * BITS / 64] |= (uint64_t)over << k * BITS % 64;
  }
  if (saturate) o->sat = (vec){ sat[0], sat[1] };
  return (vec){ r[0], r[1] };
}
KERNEL(ushl) { return LANE(shift)(o, false, false, false); }
KERNEL(sshl) { return LANE(shift)(o, true, false, false); }
KERNEL(urshl) { return LANE(shift)(o, false, true, false); }
KERNEL(srshl) { return LANE(shift)(o, true, true, false); }
KERNEL(uqshl) { return LANE(shift)(o, false, false, true); }
KERNEL(sqshl) { return LANE(shift)(o, true, false, true); }
KERNEL(uqrshl) { return LANE(shift)(o, false, true, true); }
KERNEL(sqrshl) { return LANE(shift)(o, true, true, true); }

// -------------------------------------------------------- permutations --
// The _half kernels are those of 64-bit vectors: lanes of the low halves.

#if BITS == 64
KERNEL(uzp1) { return (vec){ o->n[0], o->m[0] }; }
KERNEL(uzp2) { return (vec){ o->n[1], o->m[1] }; }
KERNEL(zip1) { return LANE(uzp1)(o); }
KERNEL(zip2) { return LANE(uzp2)(o); }
KERNEL(trn1) { return LANE(uzp1)(o); }
KERNEL(trn2) { return LANE(uzp2)(o); }
#else
#if BITS == 8
#define WU vu16
#define WS vs16
#define WIDE uint16_t
#elif BITS == 16
#define WU vu32
#define WS vs32
#define WIDE uint32_t
#else
#define WU vu64
#define WS vs64
#define WIDE uint64_t
#endif
#define HU LANE_JOIN(hu, BITS)
#define HS LANE_JOIN(hs, BITS)

static inline WU LANE(uwide)(vec v) {
  return __builtin_convertvector((HU)(vhalf){ v[0] }, WU);
}
static inline WS LANE(swide)(vec v) {
  return __builtin_convertvector((HS)(vhalf){ v[0] }, WS);
}
// The low halves of lanes of twice BITS.
static inline uint64_t LANE(narrow)(WU v) {
  return ((vhalf)__builtin_convertvector(v, HU))[0];
}
static inline WU LANE(wide_all)(unsigned n) { return (WIDE)n - (WU){ 0 }; }
// The even lanes of BITS bits.
static inline WU LANE(even)(vec v) {
  return (WU)v & LANE(wide_all)((LANE(lane))~(LANE(lane))0);
}
static inline WU LANE(odd)(vec v) { return (WU)v >> LANE(wide_all)(BITS); }

KERNEL(uzp1) {
  return (vec){ LANE(narrow)((WU)o->n), LANE(narrow)((WU)o->m) };
}
KERNEL(uzp2) {
  return (vec){ LANE(narrow)(LANE(odd)(o->n)), LANE(narrow)(LANE(odd)(o->m)) };
}
static inline vec LANE(zip)(vec n, vec m) {
  return (vec)(LANE(uwide)(n) | LANE(uwide)(m) << LANE(wide_all)(BITS));
}
KERNEL(zip1) { return LANE(zip)(o->n, o->m); }
KERNEL(zip2) { return LANE(zip)((vec){ o->n[1] }, (vec){ o->m[1] }); }
KERNEL(trn1) {
  return (vec)(LANE(even)(o->n) | (WU)o->m << LANE(wide_all)(BITS));
}
KERNEL(trn2) {
  return (vec)(LANE(odd)(o->n) | ((WU)o->m - LANE(even)(o->m)));
}
KERNEL(uzp1_half) {
  return (vec){ LANE(narrow)((WU)(vec){ o->n[0], o->m[0] }) };
}
KERNEL(uzp2_half) {
  return (vec){ LANE(narrow)(LANE(odd)((vec){ o->n[0], o->m[0] })) };
}
KERNEL(zip2_half) {
  return LANE(zip)((vec){ o->n[0] >> 32 }, (vec){ o->m[0] >> 32 });
}
#endif

// ------------------------------------------------------------ pairwise --
// Operations on the even and odd lanes of n and m joined.

#define PAIRWISE(name, op, even, odd) \
  KERNEL(name) { \
    struct vec_op pair = { .n = LANE(even)(o), .m = LANE(odd)(o) }; \
    return LANE(op)(&pair); \
  }
PAIRWISE(addp, add, uzp1, uzp2)
#if BITS != 64
PAIRWISE(smaxp, smax, uzp1, uzp2)
PAIRWISE(sminp, smin, uzp1, uzp2)
PAIRWISE(umaxp, umax, uzp1, uzp2)
PAIRWISE(uminp, umin, uzp1, uzp2)
PAIRWISE(addp_half, add, uzp1_half, uzp2_half)
PAIRWISE(smaxp_half, smax, uzp1_half, uzp2_half)
PAIRWISE(sminp_half, smin, uzp1_half, uzp2_half)
PAIRWISE(umaxp_half, umax, uzp1_half, uzp2_half)
PAIRWISE(uminp_half, umin, uzp1_half, uzp2_half)
#endif

#if BITS != 64
// -------------------------------------------------------- across lanes --
// imm: 1 for 128 bits. A 64-bit vector is made one of those by zeros for
// sums, by repetition for maxima.

static inline U LANE(with_zeros)(const struct vec_op *o) {
  return (U)(vec){ o->n[0], o->imm ? o->n[1] : 0 };
}
static inline U LANE(repeated)(const struct vec_op *o) {
  return (U)(vec){ o->n[0], o->imm ? o->n[1] : o->n[0] };
}
// The vector folded onto itself: its high half onto the low one, then halves
// of that.
#define ACROSS(name, op, start) \
  KERNEL(name) { \
    struct vec_op fold = { .n = (vec)LANE(start)(o) }; \
    fold.m = (vec){ fold.n[1] }; \
    fold.n = LANE(op)(&fold); \
    for (unsigned bits = 32; bits >= BITS; bits /= 2) { \
      fold.m = (vec){ fold.n[0] >> bits }; \
      fold.n = LANE(op)(&fold); \
    } \
    return fold.n; \
  }
ACROSS(addv, add, with_zeros)
ACROSS(smaxv, smax, repeated)
ACROSS(sminv, smin, repeated)
ACROSS(umaxv, umax, repeated)
ACROSS(uminv, umin, repeated)

// The sum of all lanes of twice BITS.
static inline vec LANE(wide_addv)(WU v) {
  v += (WU)(vec){ ((vec)v)[1] };
  for (unsigned bits = 32; bits >= 2 * BITS; bits /= 2)
    v += (WU)(vec){ ((vec)v)[0] >> bits };
  return (vec)v;
}
KERNEL(uaddlv) {
  vec n = (vec)LANE(with_zeros)(o);
  return LANE(wide_addv)(LANE(even)(n) + LANE(odd)(n));
}
KERNEL(saddlv) {
  vec n = (vec)LANE(with_zeros)(o);
  WS even = (WS)((WU)n << LANE(wide_all)(BITS)) >> (WS)LANE(wide_all)(BITS);
  WS odd = (WS)n >> (WS)LANE(wide_all)(BITS);
  return LANE(wide_addv)((WU)even + (WU)odd);
}

// ------------------------------------------------------------ widening --

#define ULONG(name, expression) \
  KERNEL(name) { \
    WU n = LANE(uwide)(o->n), m = LANE(uwide)(o->m), d = (WU)o->d; \
    (void)d; \
    return (vec)(expression); \
  }
#define SLONG(name, expression) \
  KERNEL(name) { \
    WU n = (WU)LANE(swide)(o->n), m = (WU)LANE(swide)(o->m), d = (WU)o->d; \
    (void)d; \
    return (vec)(expression); \
  }
ULONG(uaddl, n + m)
ULONG(usubl, n - m)
ULONG(umull, n * m)
ULONG(umlal, d + n * m)
ULONG(umlsl, d - n * m)
SLONG(saddl, n + m)
SLONG(ssubl, n - m)
SLONG(smull, n * m)
SLONG(smlal, d + n * m)
SLONG(smlsl, d - n * m)
KERNEL(uaddw) { return (vec)((WU)o->n + LANE(uwide)(o->m)); }
KERNEL(usubw) { return (vec)((WU)o->n - LANE(uwide)(o->m)); }
KERNEL(saddw) { return (vec)((WU)o->n + (WU)LANE(swide)(o->m)); }
KERNEL(ssubw) { return (vec)((WU)o->n - (WU)LANE(swide)(o->m)); }
// The absolute difference of lanes of BITS bits, which fits them unsigned.
KERNEL(uabdl) { return (vec)LANE(uwide)(LANE(uabd)(o)); }
KERNEL(sabdl) { return (vec)LANE(uwide)(LANE(sabd)(o)); }
KERNEL(uabal) { return (vec)((WU)o->d + (WU)LANE(uabdl)(o)); }
KERNEL(sabal) { return (vec)((WU)o->d + (WU)LANE(sabdl)(o)); }
KERNEL(ushll) {
  return (vec)(LANE(uwide)(o->n) << LANE(wide_all)((unsigned)o->imm >> 1));
}
KERNEL(sshll) {
  return (vec)((WU)LANE(swide)(o->n)
               << LANE(wide_all)((unsigned)o->imm >> 1));
}
KERNEL(shll) { return (vec)(LANE(uwide)(o->n) << LANE(wide_all)(BITS)); }
KERNEL(uaddlp) {
  return (vec)(LANE(odd)(o->n) + LANE(even)(o->n));
}
KERNEL(saddlp) {
  WS count = (WS)LANE(wide_all)(BITS), n = (WS)o->n;
  return (vec)((WU)(n >> count) + (WU)((WS)((WU)n << (WU)count) >> count));
}
KERNEL(uadalp) { return (vec)((WU)o->d + (WU)LANE(uaddlp)(o)); }
KERNEL(sadalp) { return (vec)((WU)o->d + (WU)LANE(saddlp)(o)); }

// ----------------------------------------------------------- narrowing --

KERNEL(xtn) { return (vec){ LANE(narrow)((WU)o->n) }; }
KERNEL(addhn) {
  return (vec){ LANE(narrow)(LANE(odd)((vec)((WU)o->n + (WU)o->m))) };
}
KERNEL(subhn) {
  return (vec){ LANE(narrow)(LANE(odd)((vec)((WU)o->n - (WU)o->m))) };
}
KERNEL(raddhn) {
  WU sum = (WU)o->n + (WU)o->m + LANE(wide_all)(1u << (BITS - 1));
  return (vec){ LANE(narrow)(LANE(odd)((vec)sum)) };
}
KERNEL(rsubhn) {
  WU sum = (WU)o->n - (WU)o->m + LANE(wide_all)(1u << (BITS - 1));
  return (vec){ LANE(narrow)(LANE(odd)((vec)sum)) };
}

// Lanes of twice BITS, saturated: from unsigned, from signed, and from signed
// to unsigned. What saturates is told by lanes of BITS bits.
#define LANE_ONES ((LANE(lane))~(LANE(lane))0)
static inline vec LANE(usat)(struct vec_op *o, WU v) {
  WU over = (WU)(v > LANE_ONES);
  o->sat = (vec){ LANE(narrow)(over) };
  return (vec){ LANE(narrow)(v | over) };
}
static inline vec LANE(ssat)(struct vec_op *o, WU v) {
  WU sign = (WU)((WS)v < 0), limit = sign ^ LANE_MAX;
  WU over = (WU)((v ^ sign) > LANE_MAX);
  o->sat = (vec){ LANE(narrow)(over) };
  return (vec){ LANE(narrow)((limit & over) | (v & ~over)) };
}
static inline vec LANE(susat)(struct vec_op *o, WU v) {
  WU sign = (WU)((WS)v < 0), over = (WU)(v > LANE_ONES);
  o->sat = (vec){ LANE(narrow)(over) };
  return (vec){ LANE(narrow)((v | over) & ~sign) };
}
KERNEL(uqxtn) { return LANE(usat)(o, (WU)o->n); }
KERNEL(sqxtn) { return LANE(ssat)(o, (WU)o->n); }
KERNEL(sqxtun) { return LANE(susat)(o, (WU)o->n); }

// imm >> 1: the distance, 1 .. BITS.
static inline WU LANE(ushrn)(struct vec_op *o) {
  return (WU)o->n >> LANE(wide_all)((unsigned)o->imm >> 1);
}
static inline WU LANE(sshrn)(struct vec_op *o) {
  return (WU)((WS)o->n >> (WS)LANE(wide_all)((unsigned)o->imm >> 1));
}
static inline WU LANE(urshrn)(struct vec_op *o) {
  unsigned n = (unsigned)o->imm >> 1;
  WU last = (WU)o->n >> LANE(wide_all)(n - 1);
  return (last >> 1) + (last & 1);
}
static inline WU LANE(srshrn)(struct vec_op *o) {
  unsigned n = (unsigned)o->imm >> 1;
  WS last = (WS)o->n >> (WS)LANE(wide_all)(n - 1);
  return (WU)(last >> 1) + ((WU)last & 1);
}
KERNEL(shrn) { return (vec){ LANE(narrow)(LANE(ushrn)(o)) }; }
KERNEL(rshrn) { return (vec){ LANE(narrow)(LANE(urshrn)(o)) }; }
KERNEL(uqshrn) { return LANE(usat)(o, LANE(ushrn)(o)); }
KERNEL(sqshrn) { return LANE(ssat)(o, LANE(sshrn)(o)); }
KERNEL(sqshrun) { return LANE(susat)(o, LANE(sshrn)(o)); }
KERNEL(uqrshrn) { return LANE(usat)(o, LANE(urshrn)(o)); }
KERNEL(sqrshrn) { return LANE(ssat)(o, LANE(srshrn)(o)); }
KERNEL(sqrshrun) { return LANE(susat)(o, LANE(srshrn)(o)); }

#if BITS != 8
// ------------------------------------------------- doubling multiplies --

// Twice the product: only the square of the most negative number overflows.
static inline WU LANE(double_product)(struct vec_op *o, WU *over) {
  WU p = (WU)LANE(swide)(o->n) * (WU)LANE(swide)(o->m);
  *over = (WU)(p == (WU)LANE(wide_all)(1) << LANE(wide_all)(2 * BITS - 2));
  return p + p + *over;      // 2^(2 BITS - 1) - 1 if over
}
// a + b or a - b in lanes of twice BITS, saturated.
static inline WU LANE(wide_sum)(WU a, WU b, bool subtract, WU *over) {
  WU r = subtract ? a - b : a + b;
  WU change = subtract ? a ^ b : ~(a ^ b);
  *over = (WU)((WS)(change & (a ^ r)) < 0);
  WU limit = (WU)((WS)a < 0) ^ (WU)(~(WU){ 0 } >> LANE(wide_all)(1));
  return (limit & *over) | (r & ~*over);
}
KERNEL(sqdmull) {
  WU over, r = LANE(double_product)(o, &over);
  o->sat = (vec)over;
  return (vec)r;
}
KERNEL(sqdmlal) {
  WU over, more, r = LANE(double_product)(o, &over);
  r = LANE(wide_sum)((WU)o->d, r, false, &more);
  o->sat = (vec)(over | more);
  return (vec)r;
}
KERNEL(sqdmlsl) {
  WU over, more, r = LANE(double_product)(o, &over);
  r = LANE(wide_sum)((WU)o->d, r, true, &more);
  o->sat = (vec)(over | more);
  return (vec)r;
}

// The high half of twice the product of the low lanes, rounded by `round`,
// added to or subtracted from d: in units of half of a final one, so that
// all fits lanes of twice BITS.
static inline vec LANE(high_low)(struct vec_op *o, bool use_d, bool subtract,
                                 WIDE round) {
  WU p = (WU)LANE(swide)(o->n) * (WU)LANE(swide)(o->m);
  if (subtract) p = -p;
  if (use_d) p += (WU)LANE(swide)(o->d) << LANE(wide_all)(BITS - 1);
  p += round - (WU){ 0 };
  return LANE(ssat)(o, (WU)((WS)p >> (WS)LANE(wide_all)(BITS - 1)));
}
static inline vec LANE(high)(struct vec_op *o, bool use_d, bool subtract,
                             WIDE round) {
  struct vec_op top = { .n = { o->n[1] }, .m = { o->m[1] }, .d = { o->d[1] } };
  vec low = LANE(high_low)(o, use_d, subtract, round);
  vec high = LANE(high_low)(&top, use_d, subtract, round);
  o->sat = (vec){ o->sat[0], top.sat[0] };
  return (vec){ low[0], high[0] };
}
#define LANE_ROUND ((WIDE)1 << (BITS - 2))
KERNEL(sqdmulh) { return LANE(high)(o, false, false, 0); }
KERNEL(sqrdmulh) { return LANE(high)(o, false, false, LANE_ROUND); }
KERNEL(sqrdmlah) { return LANE(high)(o, true, false, LANE_ROUND); }
KERNEL(sqrdmlsh) { return LANE(high)(o, true, true, LANE_ROUND); }
#endif
#endif

// ------------------------------------------------------- bits of lanes --

#if BITS != 64
// Where the highest one has been copied to all places below it, the zeros
// that are left are counted.
KERNEL(clz) {
  U n = UN;
  for (unsigned by = 1; by < BITS; by *= 2) n |= LANE(shr_all)(n, by);
  U bytes = (U)vec_population((vec)~n), count = bytes;
  for (unsigned by = 8; by < BITS; by += 8)
    count += LANE(shr_all)(bytes, by);
  return (vec)(count & 0xff);
}
// The sign bits after the first: leading zeros of n ^ n << 1, with a one at
// the end.
KERNEL(cls) {
  struct vec_op flipped = {
    .n = (vec)(((UN ^ LANE(sign)(UN)) << LANE(all)(1)) | 1)
  };
  return LANE(clz)(&flipped);
}
#endif

#undef LANE_JOIN
#undef LANE_JOIN2
#undef LANE
#undef U
#undef S
#undef KERNEL
#undef UN
#undef UM
#undef UD
#undef SN
#undef SM
#undef LANES
#undef LANE_MAX
#undef WU
#undef WS
#undef WIDE
#undef HU
#undef HS
#undef PAIRWISE
#undef ACROSS
#undef ULONG
#undef SLONG
#undef LANE_ONES
#undef LANE_ROUND
#undef BITS
