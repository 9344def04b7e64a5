// SPDX-License-Identifier: MIT
//
// Pointer authentication, see pauth.h.
//
// QARMA-64 works on 16 cells of 4 bits, cell 0 at the top of the word, in a
// 4 x 4 matrix. A round adds a tweakey, permutes the cells, multiplies the
// columns by a circulant matrix of rotations and replaces every cell by an
// S-box. Rows are 16 bits of the word, so that the matrix is four rotations.

#include "soft/pauth.h"

#include "base/bits.h"

enum { ROUNDS = 5 };

static const uint64_t round_constant[ROUNDS] = {
  0, UINT64_C(0x13198a2e03707344), UINT64_C(0xa4093822299f31d0),
  UINT64_C(0x082efa98ec4e6c89), UINT64_C(0x452821e638d01377)
};
static const uint64_t alpha = UINT64_C(0xc0ac29b7c97c50dd);

#define ONES UINT64_C(0x1111111111111111)

// The S-box sigma2 and its inverse on all cells at once, as polynomials in the
// bits a (lowest) to d of a cell.
static uint64_t sigma(uint64_t v) {
  uint64_t a = v & ONES, b = v >> 1 & ONES, c = v >> 2 & ONES;
  uint64_t d = v >> 3 & ONES;
  uint64_t ab = a & b, ac = a & c, bc = b & c, ad = a & d, bd = b & d;
  uint64_t cd = c & d, abc = ab & c, abd = ab & d, acd = ac & d, bcd = bc & d;
  uint64_t s0 = ONES ^ a ^ b ^ c ^ ac ^ abc ^ ad ^ abd ^ cd ^ bcd;
  uint64_t s1 = ONES ^ b ^ ab ^ c ^ bc ^ abd ^ acd;
  uint64_t s2 = a ^ c ^ bc ^ bd ^ abd ^ bcd;
  uint64_t s3 = ONES ^ a ^ ab ^ d ^ ad ^ abd ^ cd ^ acd ^ bcd;
  return s0 | s1 << 1 | s2 << 2 | s3 << 3;
}

static uint64_t sigma_inverse(uint64_t v) {
  uint64_t a = v & ONES, b = v >> 1 & ONES, c = v >> 2 & ONES;
  uint64_t d = v >> 3 & ONES;
  uint64_t ab = a & b, ac = a & c, bc = b & c, ad = a & d, bd = b & d;
  uint64_t cd = c & d, abc = ab & c, abd = ab & d, acd = ac & d, bcd = bc & d;
  uint64_t s0 = ONES ^ a ^ c ^ bc ^ abc ^ d ^ ad ^ bd ^ abd ^ cd ^ bcd;
  uint64_t s1 = a ^ ab ^ c ^ ac ^ bc ^ abc ^ d ^ ad ^ acd;
  uint64_t s2 = ONES ^ ab ^ c ^ abc ^ d ^ ad ^ bd ^ abd ^ acd ^ bcd;
  uint64_t s3 = a ^ b ^ ab ^ c ^ ac ^ ad ^ cd ^ bcd;
  return s0 | s1 << 1 | s2 << 2 | s3 << 3;
}

// Permutations of the cells. TURN: the cells of `mask` come from n places
// further down the word.
#define TURN(v, n, mask) (bits_ror64(v, 64 - 4 * (n)) & UINT64_C(mask))
static uint64_t tau(uint64_t v) {
  return TURN(v, 0, 0xf000000f00000000) | TURN(v, 3, 0x000000000000f00f) |
         TURN(v, 4, 0x00f0000000000000) | TURN(v, 5, 0x000000000f000000) |
         TURN(v, 6, 0x0000f0f000000000) | TURN(v, 7, 0x0000000000000f00) |
         TURN(v, 9, 0x0000000000f00000) | TURN(v, 10, 0x0f0f000000000000) |
         TURN(v, 11, 0x00000000000000f0) | TURN(v, 12, 0x00000f0000000000) |
         TURN(v, 13, 0x00000000f00f0000);
}

static uint64_t tau_inverse(uint64_t v) {
  return TURN(v, 0, 0xf000000f00000000) | TURN(v, 3, 0x00000f00f0000000) |
         TURN(v, 4, 0x0f00000000000000) | TURN(v, 5, 0x000000000f000000) |
         TURN(v, 6, 0x00000000000f0f00) | TURN(v, 7, 0x000f000000000000) |
         TURN(v, 9, 0x0000f00000000000) | TURN(v, 10, 0x0000000000f0f000) |
         TURN(v, 11, 0x00000000000000f0) | TURN(v, 12, 0x000000f000000000) |
         TURN(v, 13, 0x00f000000000000f);
}

static uint64_t tweak_h(uint64_t v) {
  return TURN(v, 3, 0x000000000ff00000) | TURN(v, 4, 0x0f00000000000000) |
         TURN(v, 6, 0xf000000000000000) | TURN(v, 9, 0x00000000000f0000) |
         TURN(v, 12, 0x00ffffff0000ffff) | TURN(v, 15, 0x00000000f0000000);
}
#undef TURN

// Every cell rotated left by 1 and by 2.
static uint64_t rotate1(uint64_t v) {
  return (v << 1 & UINT64_C(0xeeeeeeeeeeeeeeee)) |
         (v >> 3 & UINT64_C(0x1111111111111111));
}
static uint64_t rotate2(uint64_t v) {
  return (v << 2 & UINT64_C(0xcccccccccccccccc)) |
         (v >> 2 & UINT64_C(0x3333333333333333));
}

// M = circ(0, rho, rho^2, rho), which is its own inverse.
static uint64_t multiply(uint64_t v) {
  return rotate1(bits_ror64(v, 48) ^ bits_ror64(v, 16)) ^
         rotate2(bits_ror64(v, 32));
}

// The cells of the tweak that a step of its LFSR changes: 0, 1, 3, 4, 8, 11,
// 13. Cell bits b3..b0 become b0^b1, b3, b2, b1.
static const uint64_t lfsr_cells = UINT64_C(0xff0ff000f00f0f00);

static uint64_t tweak_next(uint64_t t) {
  t = tweak_h(t);
  uint64_t next = (t >> 1 & 7 * ONES) | ((t ^ t >> 1) & ONES) << 3;
  return (next & lfsr_cells) | (t & ~lfsr_cells);
}

uint64_t pauth_qarma5(uint64_t data, uint64_t tweak, uint64_t w0,
                      uint64_t k0) {
  uint64_t w1 = bits_ror64(w0, 1) ^ w0 >> 63, v = data ^ w0;
  uint64_t t[ROUNDS + 1] = { tweak };
  for (unsigned i = 0; i < ROUNDS; i++) {
    v ^= k0 ^ t[i] ^ round_constant[i];
    v = sigma(i ? multiply(tau(v)) : v);
    t[i + 1] = tweak_next(t[i]);
  }
  v = sigma(multiply(tau(v ^ w1 ^ t[ROUNDS])));
  v = tau_inverse(multiply(tau(v)) ^ k0);                 // the reflector
  v = tau_inverse(multiply(sigma_inverse(v))) ^ w0 ^ t[ROUNDS];
  for (unsigned i = ROUNDS; i--;) {
    v = sigma_inverse(v);
    if (i) v = tau_inverse(multiply(v));
    v ^= k0 ^ t[i] ^ round_constant[i] ^ alpha;
  }
  return v ^ w1;
}

// Not a cipher: three rounds of multiply and shift, each mixing in one more
// argument.
uint64_t pauth_impdef(uint64_t data, uint64_t modifier, uint64_t hi,
                      uint64_t lo) {
  uint64_t v = (data ^ lo) * UINT64_C(0x9e3779b97f4a7c15);
  v = ((v ^ v >> 32) + (modifier ^ hi)) * UINT64_C(0xbf58476d1ce4e5b9);
  v = ((v ^ v >> 29) + lo) * UINT64_C(0x94d049bb133111eb);
  return v ^ v >> 32;
}

// ---------------------------------------------------------------- layout --

// Where the code is, CalculateBottomPACBit and EffectiveTBI.
struct layout {
  unsigned bottom;
  bool tbi;
  uint64_t field;       // the bits of the code; bit 55 never
};

static struct layout layout_of(uint64_t tcr, bool data, bool upper) {
  enum { TSZ_MIN = 16, TSZ_MAX = 39 };   // no FEAT_LVA, no FEAT_TTST
  unsigned tsz = tcr >> (upper ? 16 : 0) & 63;
  bool tbi = tcr >> (37 + upper) & 1, tbid = tcr >> (51 + upper) & 1;
  if (tsz < TSZ_MIN) tsz = TSZ_MIN;
  if (tsz > TSZ_MAX) tsz = TSZ_MAX;
  struct layout l = { .bottom = 64 - tsz, .tbi = tbi && (data || !tbid) };
  l.field = bits_mask(55) & ~bits_mask(l.bottom);
  if (!l.tbi) l.field |= UINT64_C(0xff) << 56;
  return l;
}

// The pointer as it was without a code: all bits of the field like bit 55.
static uint64_t extend(const struct layout *l, uint64_t pointer,
                       bool upper) {
  uint64_t field = l->field | UINT64_C(1) << 55;
  return upper ? pointer | field : pointer & ~field;
}

static uint64_t compute(const struct pauth *p, uint64_t pointer,
                        uint64_t modifier) {
  return (p->impdef ? pauth_impdef : pauth_qarma5)(pointer, modifier, p->hi,
                                                   p->lo);
}

// Which half a pointer to be signed is of: bit 55 where tags are in use, for
// either half.
static bool upper_half(const struct pauth *p, uint64_t pointer) {
  bool tags = layout_of(p->tcr, p->data, false).tbi ||
              layout_of(p->tcr, p->data, true).tbi;
  return pointer >> (tags ? 55 : 63) & 1;
}

uint64_t pauth_sign(const struct pauth *p, uint64_t pointer,
                    uint64_t modifier) {
  bool upper = upper_half(p, pointer);
  struct layout l = layout_of(p->tcr, p->data, upper);
  uint64_t plain = extend(&l, pointer, upper);
  uint64_t code = compute(p, plain, modifier);
  uint64_t top = l.tbi ? UINT64_C(1) << 54 : UINT64_C(1) << 62;
  uint64_t high = l.field | UINT64_C(1) << 55;
  bool canonical = !(pointer & high) || (pointer & high) == high;
  if (p->pauth2) return plain ^ ((code ^ pointer ^ plain) & l.field);
  if (!canonical) code = p->epac ? 0 : code ^ top;
  return (plain & ~l.field) | (code & l.field);
}

bool pauth_authenticate(const struct pauth *p, uint64_t pointer,
                        uint64_t modifier, uint64_t *result) {
  bool upper = pointer >> 55 & 1;
  struct layout l = layout_of(p->tcr, p->data, upper);
  uint64_t plain = extend(&l, pointer, upper);
  uint64_t code = compute(p, plain, modifier) & l.field;
  if (p->pauth2) {
    *result = pointer ^ code;
    return *result == plain;
  }
  bool right = (pointer & l.field) == code;
  unsigned error = p->b ? 2 : 1, lowest = l.tbi ? 53 : 61;
  *result = right ? plain : (plain & ~(UINT64_C(3) << lowest)) |
                            (uint64_t)error << lowest;
  return right;
}

uint64_t pauth_strip(uint64_t tcr, bool data, uint64_t pointer) {
  bool upper = pointer >> 55 & 1;
  struct layout l = layout_of(tcr, data, upper);
  return extend(&l, pointer, upper);
}
