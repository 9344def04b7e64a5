// SPDX-License-Identifier: MIT
//
// Pointer authentication as pure functions: QARMA5 against the vector that
// its author published, pointers against the rules of the Arm ARM (AddPAC and
// Auth, J1.1) written down bit by bit.

#include "base/bits.h"
#include "soft/pauth.h"
#include "tap.h"

static uint64_t seed = 7;

static uint64_t random64(void) {   // splitmix64
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static bool bit(uint64_t v, unsigned n) { return v >> n & 1; }

static uint64_t with_bit(uint64_t v, unsigned n, bool b) {
  return (v & ~(UINT64_C(1) << n)) | (uint64_t)b << n;
}

// R. Avanzi, "The QARMA block cipher family", appendix A: sigma2, r = 5.
static void test_cipher(void) {
  eq_u64(pauth_qarma5(UINT64_C(0xfb623599da6e8127),
                      UINT64_C(0x477d469dec0b8762),
                      UINT64_C(0x84be85ce9804e94b),
                      UINT64_C(0xec2802d4e0a488e9)),
         UINT64_C(0xc003b93999b33765),
         "QARMA5-64-sigma2 encrypts the published vector");
}

// Each argument's every bit must matter.
static void test_impdef(void) {
  bool matters = true;
  for (unsigned k = 0; k < 256; k++) {
    uint64_t a[4] = { random64(), random64(), random64(), random64() };
    uint64_t before = pauth_impdef(a[0], a[1], a[2], a[3]);
    a[k / 64] ^= UINT64_C(1) << (k % 64);
    uint64_t after = pauth_impdef(a[0], a[1], a[2], a[3]);
    unsigned changed = (unsigned)__builtin_popcountll(before ^ after);
    matters &= changed >= 12 && changed <= 52;
  }
  ok(matters, "the fast algorithm depends on each bit of its arguments");
}

static struct pauth random_use(void) {
  uint64_t r = random64(), tcr = random64();
  struct pauth p = { random64(), random64(), tcr, bit(r, 0), bit(r, 1),
                     bit(r, 2), bit(r, 3), bit(r, 4) };
  if (r >> 8 & 1) p.tcr &= ~(UINT64_C(0x3) << 37);         // no tags
  if (r >> 9 & 1) p.tcr = (p.tcr & ~UINT64_C(0x3f003f)) | 0x100010;
  return p;
}

static uint64_t random_pointer(void) {
  uint64_t p = random64(), kind = random64();
  if (kind & 1) p &= bits_mask(16 + kind % 33);
  if (kind & 2) p = ~p;
  if (kind & 4) p ^= (random64() & 0xff) << 56;
  if (kind & 8) p ^= UINT64_C(1) << (kind >> 8 & 63);
  return p;
}

// AddPAC, bit by bit.
static uint64_t sign_slowly(const struct pauth *p, uint64_t ptr,
                            uint64_t modifier) {
  bool tbi[2], selbit;
  for (int half = 0; half < 2; half++)
    tbi[half] = bit(p->tcr, 37 + half) &&
                (p->data || !bit(p->tcr, 51 + half));
  selbit = bit(ptr, tbi[0] || tbi[1] ? 55 : 63);
  unsigned tsz = p->tcr >> (selbit ? 16 : 0) & 63;
  unsigned bottom = 64 - (tsz < 16 ? 16 : tsz > 39 ? 39 : tsz);
  unsigned top = tbi[selbit] ? 55 : 63;
  uint64_t ext = ptr, result = ptr;
  bool zeros = true, ones = true;
  for (unsigned n = bottom; n <= top; n++) {
    ext = with_bit(ext, n, selbit);
    zeros &= !bit(ptr, n);
    ones &= bit(ptr, n);
  }
  uint64_t pac = (p->impdef ? pauth_impdef : pauth_qarma5)(ext, modifier,
                                                           p->hi, p->lo);
  if (!zeros && !ones && !p->pauth2) {
    if (p->epac) pac = 0;
    else pac = with_bit(pac, top - 1, !bit(pac, top - 1));
  }
  for (unsigned n = bottom; n <= top; n++)
    result = with_bit(result, n, n == 55 ? selbit
                      : bit(pac, n) ^ (p->pauth2 && bit(ptr, n)));
  return result;
}

static void test_sign(void) {
  unsigned wrong = 0;
  for (unsigned k = 0; k < 20000; k++) {
    struct pauth p = random_use();
    uint64_t ptr = random_pointer(), modifier = random64();
    uint64_t got = pauth_sign(&p, ptr, modifier);
    uint64_t want = sign_slowly(&p, ptr, modifier);
    if (got != want && !wrong++)
      note("%#" PRIx64 " tcr %#" PRIx64 " data %d: %#" PRIx64 ", want %#"
           PRIx64, ptr, p.tcr, p.data, got, want);
  }
  ok(!wrong, "codes go into pointers as AddPAC says");
}

// A good pointer of the half that bit 55 says, by the address size of `tcr`.
static uint64_t good_pointer(const struct pauth *p) {
  uint64_t ptr = pauth_strip(p->tcr, p->data, random64());
  bool tags = (p->tcr >> 37 & 3) && !(p->tcr >> 51 & 3);
  return tags ? ptr : (uint64_t)bits_sext(ptr, 56);
}

static void test_authenticate(void) {
  unsigned lost = 0, passed = 0, usable = 0, codes = 0;
  for (unsigned k = 0; k < 20000; k++) {
    struct pauth p = random_use();
    uint64_t ptr = good_pointer(&p), modifier = random64(), back = 0;
    uint64_t signd = pauth_sign(&p, ptr, modifier);
    lost += !pauth_authenticate(&p, signd, modifier, &back) || back != ptr;
    lost += pauth_strip(p.tcr, p.data, signd) != ptr;
    uint64_t changed = ptr ^ signd;
    if (!changed) continue;
    codes++;
    uint64_t bad = signd ^ (changed & -changed);   // one bit of the code
    passed += pauth_authenticate(&p, bad, modifier, &back);
    usable += back == ptr;
    if (p.pauth2) continue;
    unsigned at = 0;                               // 2 error bits
    while (at < 64 && !bit(back ^ ptr, at)) at++;
    usable += at != 53 && at != 54 && at != 61 && at != 62;
  }
  ok(!lost, "what was signed is authenticated, and stripped, to itself");
  ok(codes > 10000 && !passed, "a changed code does not pass");
  ok(!usable, "what did not pass is an address that cannot be used");
}

static void test_error_code(void) {
  struct pauth p = { .hi = 1, .lo = 2, .tcr = 0x100010, .data = true };
  uint64_t back, signd = pauth_sign(&p, 0x1234, 5) ^ UINT64_C(1) << 48;
  pauth_authenticate(&p, signd, 5, &back);
  eq_u64(back, UINT64_C(0x2000000000001234), "key A fails with 01");
  p.b = true;
  pauth_authenticate(&p, signd, 5, &back);
  eq_u64(back, UINT64_C(0x4000000000001234), "key B fails with 10");
  p.tcr |= UINT64_C(1) << 37;
  pauth_authenticate(&p, UINT64_C(0xab7f000000001234), 6, &back);
  eq_u64(back, UINT64_C(0xab40000000001234), "tags stay, the error is below");
}

int main(void) {
  test_cipher();
  test_impdef();
  test_sign();
  test_authenticate();
  test_error_code();
  return done();
}
