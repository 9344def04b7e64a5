// SPDX-License-Identifier: MIT
//
// The cryptographic instructions by their ACLE intrinsics: AES, the hashes
// and SM4 on the examples of their standards, GHASH on one of GCM's. Runs as
// a guest only; guest/programs.lua knows the answers.

#include <arm_neon.h>

#include "roots.h"

static void print(const char *what, const uint8_t *data, int size) {
  printf("%s ", what);
  for (int i = 0; i < size; i++) printf("%02x", data[i]);
  printf("\n");
}

static void print_words(const char *what, const uint32_t *word, int n) {
  printf("%s ", what);
  for (int i = 0; i < n; i++) printf("%08x", (unsigned)word[i]);
  printf("\n");
}

// The block of the message "abc": a one bit, zeros, its length of 24 bits.
static const uint8_t abc[128] = { 'a', 'b', 'c', 0x80, [63] = 24 };

static uint32x4_t big_endian(const uint8_t *from) {
  return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(from)));
}

// ----------------------------------------------------------------- AES --

// SubWord: AESE of a register of four equal columns shifts nothing.
static uint32_t sub_word(uint32_t w) {
  uint8x16_t v = vreinterpretq_u8_u32(vdupq_n_u32(w));
  v = vaeseq_u8(v, vdupq_n_u8(0));
  return vgetq_lane_u32(vreinterpretq_u32_u8(v), 0);
}

static void aes(void) {
  uint32_t w[44];
  uint8_t text[16];
  uint8x16_t k[11], v;
  for (int i = 0; i < 16; i++) ((uint8_t *)w)[i] = (uint8_t)i;
  for (uint32_t i = 4, c = 1; i < 44; i++) {
    uint32_t t = w[i - 1];
    if (i % 4 == 0) {
      t = sub_word(t >> 8 | t << 24) ^ c;
      c = (c << 1 ^ (c >> 7) * 0x11b) & 0xff;
    }
    w[i] = w[i - 4] ^ t;
  }
  for (int i = 0; i < 11; i++) k[i] = vld1q_u8((const uint8_t *)(w + 4 * i));
  for (int i = 0; i < 16; i++) text[i] = (uint8_t)(i * 0x11);
  v = vld1q_u8(text);
  for (int i = 0; i < 9; i++) v = vaesmcq_u8(vaeseq_u8(v, k[i]));
  v = veorq_u8(vaeseq_u8(v, k[9]), k[10]);
  vst1q_u8(text, v);
  print("AES-128", text, 16);
  v = vaesdq_u8(v, k[10]);
  for (int i = 9; i > 0; i--)
    v = vaesdq_u8(vaesimcq_u8(v), vaesimcq_u8(k[i]));
  vst1q_u8(text, veorq_u8(v, k[0]));
  print("and back", text, 16);
}

// --------------------------------------------------------------- GHASH --

// Polynomials with the coefficient of x^0 in bit 0.
static void multiply_64(uint64_t a, uint64_t b, uint64_t *low,
                        uint64_t *high) {
  uint64x2_t r = vreinterpretq_u64_p128(vmull_p64(a, b));
  *low ^= vgetq_lane_u64(r, 0);
  *high ^= vgetq_lane_u64(r, 1);
}
// PMULL2 for the high halves, PMULL elsewhere; modulo x^128 + x^7 + x^2 + x
// + 1.
static uint64x2_t multiply(uint64x2_t a, uint64x2_t b) {
  uint64_t r[4] = { 0 }, a0 = vgetq_lane_u64(a, 0), a1 = vgetq_lane_u64(a, 1);
  uint64_t b0 = vgetq_lane_u64(b, 0), b1 = vgetq_lane_u64(b, 1);
  multiply_64(a0, b0, &r[0], &r[1]);
  multiply_64(a0, b1, &r[1], &r[2]);
  multiply_64(a1, b0, &r[1], &r[2]);
  uint64x2_t top = vreinterpretq_u64_p128(
    vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
  r[2] ^= vgetq_lane_u64(top, 0);
  r[3] ^= vgetq_lane_u64(top, 1);
  multiply_64(r[3], 0x87, &r[1], &r[2]);
  multiply_64(r[2], 0x87, &r[0], &r[1]);
  return vcombine_u64(vcreate_u64(r[0]), vcreate_u64(r[1]));
}

static uint64x2_t polynomial(const uint8_t *bytes) {
  return vreinterpretq_u64_u8(vrbitq_u8(vld1q_u8(bytes)));
}

static void ghash(void) {
  static const uint8_t h[16] = { 0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c,
    0x3b, 0x88, 0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e };
  static const uint8_t text[16] = { 0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3,
    0x92, 0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78 };
  static const uint8_t length[16] = { [15] = 128 };
  uint8_t out[16];
  uint64x2_t y = multiply(polynomial(text), polynomial(h));
  y = multiply(veorq_u64(y, polynomial(length)), polynomial(h));
  vst1q_u8(out, vrbitq_u8(vreinterpretq_u8_u64(y)));
  print("GHASH", out, 16);
}

// --------------------------------------------------------- SHA-1, SHA-2 --

static void sha1(void) {
  static const uint32_t start[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
    0x10325476, 0xc3d2e1f0 };
  static const uint32_t k[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
    0xca62c1d6 };
  uint32x4_t w[20], s = vld1q_u32(start);
  uint32_t e = start[4], h[5];
  for (int g = 0; g < 20; g++) {
    w[g] = g < 4 ? big_endian(abc + 16 * g)
      : vsha1su1q_u32(vsha1su0q_u32(w[g - 4], w[g - 3], w[g - 2]), w[g - 1]);
    uint32x4_t t = vaddq_u32(w[g], vdupq_n_u32(k[g / 5]));
    uint32_t next = vsha1h_u32(vgetq_lane_u32(s, 0));
    if (g < 5) s = vsha1cq_u32(s, e, t);
    else if (g / 5 == 2) s = vsha1mq_u32(s, e, t);
    else s = vsha1pq_u32(s, e, t);
    e = next;
  }
  vst1q_u32(h, vaddq_u32(s, vld1q_u32(start)));
  h[4] = e + start[4];
  print_words("SHA-1", h, 5);
}

static void sha256(const uint64_t *k64, const uint64_t *start) {
  uint32_t k[64], h[8];
  for (int i = 0; i < 64; i++) k[i] = (uint32_t)(k64[i] >> 32);
  for (int i = 0; i < 8; i++) h[i] = (uint32_t)(start[i] >> 32);
  uint32x4_t w[16], s = vld1q_u32(h), r = vld1q_u32(h + 4);
  for (int g = 0; g < 16; g++) {
    w[g] = g < 4 ? big_endian(abc + 16 * g)
      : vsha256su1q_u32(vsha256su0q_u32(w[g - 4], w[g - 3]), w[g - 2],
                        w[g - 1]);
    uint32x4_t t = vaddq_u32(w[g], vld1q_u32(k + 4 * g)), old = s;
    s = vsha256hq_u32(s, r, t);
    r = vsha256h2q_u32(r, old, t);
  }
  vst1q_u32(h, vaddq_u32(s, vld1q_u32(h)));
  vst1q_u32(h + 4, vaddq_u32(r, vld1q_u32(h + 4)));
  print_words("SHA-256", h, 8);
}

// Registers hold a b, c d, e f, g h; the first of each in lane 0.
static void sha512(const uint64_t *k, const uint64_t *start) {
  uint64x2_t w[40] = { vcombine_u64(vcreate_u64(0x6162638000000000),
                                    vcreate_u64(0)) };
  uint64x2_t s[4];
  uint64_t h[8];
  w[7] = vcombine_u64(vcreate_u64(0), vcreate_u64(24));
  for (int g = 1; g < 7; g++) w[g] = vdupq_n_u64(0);
  for (int i = 0; i < 4; i++) s[i] = vld1q_u64(start + 2 * i);
  for (int g = 0; g < 40; g++) {
    if (g >= 8)
      w[g] = vsha512su1q_u64(vsha512su0q_u64(w[g - 8], w[g - 7]), w[g - 1],
                             vextq_u64(w[g - 4], w[g - 3], 1));
    uint64x2_t t = vaddq_u64(w[g], vld1q_u64(k + 2 * g));
    t = vaddq_u64(s[3], vextq_u64(t, t, 1));
    t = vsha512hq_u64(t, vextq_u64(s[2], s[3], 1), vextq_u64(s[1], s[2], 1));
    uint64x2_t a = vsha512h2q_u64(t, s[1], s[0]);
    s[3] = s[2];
    s[2] = vaddq_u64(s[1], t);
    s[1] = s[0];
    s[0] = a;
  }
  printf("SHA-512 ");
  for (int i = 0; i < 4; i++)
    vst1q_u64(h + 2 * i, vaddq_u64(s[i], vld1q_u64(start + 2 * i)));
  for (int i = 0; i < 8; i++)
    printf("%08x%08x", (unsigned)(h[i] >> 32), (unsigned)h[i]);
  printf("\n");
}

// --------------------------------------------------------------- SHA-3 --

static uint64x2_t lane[25];

// rho and pi: lane (x, y), with theta's column added, goes to (y, 2x + 3y).
#define MOVE(x, y, by) \
  to[y + 5 * ((2 * x + 3 * y) % 5)] = \
    vxarq_u64(lane[x + 5 * y], d[x], (64 - by) % 64)
static void keccak_round(uint64_t constant) {
  uint64x2_t c[5], d[5], to[25];
  for (int x = 0; x < 5; x++)
    c[x] = veor3q_u64(veor3q_u64(lane[x], lane[x + 5], lane[x + 10]),
                      lane[x + 15], lane[x + 20]);
  for (int x = 0; x < 5; x++)
    d[x] = vrax1q_u64(c[(x + 4) % 5], c[(x + 1) % 5]);
  MOVE(0, 0, 0); MOVE(1, 0, 1); MOVE(2, 0, 62); MOVE(3, 0, 28);
  MOVE(4, 0, 27); MOVE(0, 1, 36); MOVE(1, 1, 44); MOVE(2, 1, 6);
  MOVE(3, 1, 55); MOVE(4, 1, 20); MOVE(0, 2, 3); MOVE(1, 2, 10);
  MOVE(2, 2, 43); MOVE(3, 2, 25); MOVE(4, 2, 39); MOVE(0, 3, 41);
  MOVE(1, 3, 45); MOVE(2, 3, 15); MOVE(3, 3, 21); MOVE(4, 3, 8);
  MOVE(0, 4, 18); MOVE(1, 4, 2); MOVE(2, 4, 61); MOVE(3, 4, 56);
  MOVE(4, 4, 14);
  for (int i = 0; i < 25; i++) {
    int row = i / 5 * 5, x = i % 5;
    lane[i] = vbcaxq_u64(to[i], to[row + (x + 2) % 5],
                         to[row + (x + 1) % 5]);
  }
  lane[0] = veorq_u64(lane[0], vdupq_n_u64(constant));
}

static void sha3(void) {
  uint8_t h[32];
  unsigned shift = 1;   // the register of rc(t), FIPS 202 3.2.5
  for (int i = 0; i < 25; i++) lane[i] = vdupq_n_u64(0);
  lane[0] = vdupq_n_u64(0x06636261);
  lane[16] = vdupq_n_u64(UINT64_C(1) << 63);
  for (int round = 0; round < 24; round++) {
    uint64_t constant = 0;
    for (int j = 0; j < 7; j++) {
      constant |= (uint64_t)(shift & 1) << ((1 << j) - 1);
      shift = shift << 1 ^ (shift >> 7) * 0x171;
    }
    keccak_round(constant);
  }
  for (int i = 0; i < 4; i++)
    vst1_u64((uint64_t *)h + i, vget_low_u64(lane[i]));
  print("SHA3-256", h, 32);
}

// ------------------------------------------------------------- SM3, SM4 --

// Registers hold D C B A and H G F E, their last first; t is the constant of
// the round, turned by its number.
#define SM3_ROUND(first, second, i) \
  s = vsm3ss1q_u32(a, e, vdupq_n_u32(t)); \
  a = vsm3tt1##first##q_u32(a, s, veorq_u32(w[k], w[k + 1]), i); \
  e = vsm3tt2##second##q_u32(e, s, w[k], i); \
  t = t << 1 | t >> 31
static void sm3(void) {
  static const uint32_t start[8] = { 0xb0fb0e4e, 0xe38dee4d, 0x163138aa,
    0xa96f30bc, 0xda8a0600, 0x172442d7, 0x4914b2b9, 0x7380166f };
  uint32x4_t w[17], s, e = vld1q_u32(start), a = vld1q_u32(start + 4);
  uint32_t h[8], t = 0x79cc4519, out[8];
  for (int k = 0; k < 17; k++)
    w[k] = k < 4 ? big_endian(abc + 16 * k)
      : vsm3partw2q_u32(
          vsm3partw1q_u32(w[k - 4], vextq_u32(w[k - 3], w[k - 2], 3),
                          w[k - 1]),
          vextq_u32(w[k - 2], w[k - 1], 2), vextq_u32(w[k - 4], w[k - 3], 3));
  for (int k = 0; k < 4; k++) {
    SM3_ROUND(a, a, 0);
    SM3_ROUND(a, a, 1);
    SM3_ROUND(a, a, 2);
    SM3_ROUND(a, a, 3);
  }
  t = 0x9d8a7a87;   // 7a879d8a, turned by 16
  for (int k = 4; k < 16; k++) {
    SM3_ROUND(b, b, 0);
    SM3_ROUND(b, b, 1);
    SM3_ROUND(b, b, 2);
    SM3_ROUND(b, b, 3);
  }
  vst1q_u32(h, e);
  vst1q_u32(h + 4, a);
  for (int i = 0; i < 8; i++) out[i] = h[7 - i] ^ start[7 - i];
  print_words("SM3", out, 8);
}

static void sm4(void) {
  static const uint32_t text[4] = { 0x01234567, 0x89abcdef, 0xfedcba98,
    0x76543210 };
  static const uint32_t family[4] = { 0xa3b1bac6, 0x56aa3350, 0x677d9197,
    0xb27022dc };
  uint32_t constant[4] = { 0 }, out[4];
  uint32x4_t v = vld1q_u32(text), k = veorq_u32(v, vld1q_u32(family));
  for (uint32_t i = 0; i < 8; i++) {
    for (uint32_t byte = 0; byte < 16; byte++)
      constant[byte / 4] = constant[byte / 4] << 8
        | (7 * (16 * i + byte) & 0xff);
    k = vsm4ekeyq_u32(k, vld1q_u32(constant));
    v = vsm4eq_u32(v, k);
  }
  v = vrev64q_u32(v);
  vst1q_u32(out, vextq_u32(v, v, 2));
  print_words("SM4", out, 4);
}

int main(void) {
  static uint64_t k[80], start[8];
  root_constants(k, start);
  aes();
  ghash();
  sha1();
  sha256(k, start);
  sha512(k, start);
  sha3();
  sm3();
  sm4();
  return 0;
}
