// SPDX-License-Identifier: MIT
//
// SHA-256 and SHA-512 from FIPS 180-4, of its example "abc" and of messages
// of all lengths around a block's.

#include "roots.h"

static uint64_t k512[80], start512[8];

static uint32_t ror32(uint32_t v, int n) { return v >> n | v << (32 - n); }
static uint64_t ror64(uint64_t v, int n) { return v >> n | v << (64 - n); }

static void block256(uint32_t *h, const uint8_t *m) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)m[4 * i] << 24 | (uint32_t)m[4 * i + 1] << 16
      | (uint32_t)m[4 * i + 2] << 8 | m[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7]
      + (ror32(w[i - 15], 7) ^ ror32(w[i - 15], 18) ^ w[i - 15] >> 3)
      + (ror32(w[i - 2], 17) ^ ror32(w[i - 2], 19) ^ w[i - 2] >> 10);
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t e = s[4], a = s[0];
    uint32_t t = s[7] + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25))
      + ((e & s[5]) ^ (~e & s[6])) + (uint32_t)(k512[i] >> 32) + w[i];
    uint32_t u = (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22))
      + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    for (int k = 7; k > 0; k--) s[k] = s[k - 1];
    s[4] += t;
    s[0] = t + u;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}

static void block512(uint64_t *h, const uint8_t *m) {
  uint64_t w[80], s[8];
  for (int i = 0; i < 16; i++) {
    w[i] = 0;
    for (int k = 0; k < 8; k++) w[i] = w[i] << 8 | m[8 * i + k];
  }
  for (int i = 16; i < 80; i++)
    w[i] = w[i - 16] + w[i - 7]
      + (ror64(w[i - 15], 1) ^ ror64(w[i - 15], 8) ^ w[i - 15] >> 7)
      + (ror64(w[i - 2], 19) ^ ror64(w[i - 2], 61) ^ w[i - 2] >> 6);
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 80; i++) {
    uint64_t e = s[4], a = s[0];
    uint64_t t = s[7] + (ror64(e, 14) ^ ror64(e, 18) ^ ror64(e, 41))
      + ((e & s[5]) ^ (~e & s[6])) + k512[i] + w[i];
    uint64_t u = (ror64(a, 28) ^ ror64(a, 34) ^ ror64(a, 39))
      + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    for (int k = 7; k > 0; k--) s[k] = s[k - 1];
    s[4] += t;
    s[0] = t + u;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}

// The last one or two blocks: the rest, a one bit, zeros, the length.
static size_t padding(uint8_t *to, const uint8_t *rest, size_t size,
                      size_t block) {
  size_t part = size % block;
  size_t bytes = part + 1 + block / 8 > block ? 2 * block : block;
  memset(to, 0, bytes);
  memcpy(to, rest, part);
  to[part] = 0x80;
  for (int k = 0; k < 8; k++)
    to[bytes - 1 - (size_t)k] = (uint8_t)((uint64_t)size * 8 >> 8 * k);
  return bytes;
}

static void sha256(const uint8_t *m, size_t size) {
  uint32_t h[8];
  uint8_t end[128];
  for (int i = 0; i < 8; i++) h[i] = (uint32_t)(start512[i] >> 32);
  size_t whole = size / 64 * 64, last = padding(end, m + whole, size, 64);
  for (size_t i = 0; i < whole; i += 64) block256(h, m + i);
  for (size_t i = 0; i < last; i += 64) block256(h, end + i);
  for (int i = 0; i < 8; i++) printf("%08x", (unsigned)h[i]);
  printf("\n");
}

static void sha512(const uint8_t *m, size_t size) {
  uint64_t h[8];
  uint8_t end[256];
  memcpy(h, start512, sizeof h);
  size_t whole = size / 128 * 128, last = padding(end, m + whole, size, 128);
  for (size_t i = 0; i < whole; i += 128) block512(h, m + i);
  for (size_t i = 0; i < last; i += 128) block512(h, end + i);
  for (int i = 0; i < 8; i++)
    printf("%08x%08x", (unsigned)(h[i] >> 32), (unsigned)h[i]);
  printf("\n");
}

int main(void) {
  static uint8_t message[20000];
  root_constants(k512, start512);
  sha256((const uint8_t *)"abc", 3);
  sha512((const uint8_t *)"abc", 3);
  fill_random(message, sizeof message, 1);
  for (size_t size = 0; size < 300; size += 37) {
    sha256(message, size);
    sha512(message, size);
  }
  sha256(message, sizeof message);
  sha512(message, sizeof message);
  return 0;
}
