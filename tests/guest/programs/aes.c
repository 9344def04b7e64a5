// SPDX-License-Identifier: MIT
//
// AES of all key sizes from FIPS 197, its S-box computed: the examples of its
// appendix C, and data encrypted in counter mode, and back.

#include "program.h"

static uint8_t sbox[256], inverse[256];

static uint8_t times_x(uint8_t a) {
  return (uint8_t)(a << 1 ^ (a >> 7) * 0x1b);
}
static uint8_t times(uint8_t a, uint8_t b) {
  uint8_t r = 0;
  for (; b; b >>= 1, a = times_x(a)) r ^= b & 1 ? a : 0;
  return r;
}
static void make_boxes(void) {
  for (int x = 0; x < 256; x++) {
    int i = 0;
    while (x && times((uint8_t)x, (uint8_t)i) != 1) i++;
    int s = i ^ i << 1 ^ i << 2 ^ i << 3 ^ i << 4;
    sbox[x] = (uint8_t)(s ^ s >> 8 ^ 0x63);
    inverse[sbox[x]] = (uint8_t)x;
  }
}

typedef struct key { int rounds; uint8_t round[15][16]; } key;

static void expand(key *k, const uint8_t *bytes, int words) {
  uint8_t *w = k->round[0], c = 1;
  k->rounds = words + 6;
  memcpy(w, bytes, 4 * (size_t)words);
  for (int i = words; i < 4 * (k->rounds + 1); i++) {
    uint8_t t[4];
    memcpy(t, w + 4 * (i - 1), 4);
    if (i % words == 0) {
      uint8_t first = t[0];
      t[0] = sbox[t[1]] ^ c;
      t[1] = sbox[t[2]];
      t[2] = sbox[t[3]];
      t[3] = sbox[first];
      c = times_x(c);
    } else if (words > 6 && i % words == 4) {
      for (int n = 0; n < 4; n++) t[n] = sbox[t[n]];
    }
    for (int n = 0; n < 4; n++) w[4 * i + n] = w[4 * (i - words) + n] ^ t[n];
  }
}

static void add_key(uint8_t *s, const uint8_t *k) {
  for (int i = 0; i < 16; i++) s[i] ^= k[i];
}

static void mix(uint8_t *s, const uint8_t *factor) {
  for (int c = 0; c < 16; c += 4) {
    uint8_t a[4];
    memcpy(a, s + c, 4);
    for (int r = 0; r < 4; r++) {
      s[c + r] = 0;
      for (int n = 0; n < 4; n++)
        s[c + r] ^= times(a[n], factor[(n - r) & 3]);
    }
  }
}

static void encrypt(const key *k, uint8_t *s) {
  static const uint8_t factor[4] = { 2, 3, 1, 1 };
  add_key(s, k->round[0]);
  for (int r = 1; r <= k->rounds; r++) {
    uint8_t t[16];
    for (int i = 0; i < 16; i++) t[i] = sbox[s[i * 5 & 15]];
    memcpy(s, t, 16);
    if (r < k->rounds) mix(s, factor);
    add_key(s, k->round[r]);
  }
}

static void decrypt(const key *k, uint8_t *s) {
  static const uint8_t factor[4] = { 14, 11, 13, 9 };
  for (int r = k->rounds; r > 0; r--) {
    uint8_t t[16];
    add_key(s, k->round[r]);
    if (r < k->rounds) mix(s, factor);
    for (int i = 0; i < 16; i++) t[i] = inverse[s[i * 13 & 15]];
    memcpy(s, t, 16);
  }
  add_key(s, k->round[0]);
}

static void counter_mode(const key *k, uint8_t *data, size_t size) {
  for (size_t i = 0; i < size; i += 16) {
    uint8_t block[16] = { 0 };
    for (int n = 0; n < 8; n++) block[15 - n] = (uint8_t)(i / 16 >> 8 * n);
    encrypt(k, block);
    for (size_t n = 0; n < 16 && i + n < size; n++) data[i + n] ^= block[n];
  }
}

static void print(const char *what, const uint8_t *s) {
  printf("%s ", what);
  for (int i = 0; i < 16; i++) printf("%02x", s[i]);
  printf("\n");
}

int main(void) {
  static uint8_t data[4001];
  uint8_t bytes[32], s[16];
  key k;
  make_boxes();
  for (int words = 4; words <= 8; words += 2) {
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
    for (int i = 0; i < 16; i++) s[i] = (uint8_t)(i * 0x11);
    expand(&k, bytes, words);
    encrypt(&k, s);
    print("encrypted", s);
    decrypt(&k, s);
    print("decrypted", s);
  }
  fill_random(data, sizeof data, 2);
  uint64_t before = digest(data, sizeof data);
  counter_mode(&k, data, sizeof data);
  printf("counter mode %d", (int)(digest(data, sizeof data) & 0xffffff));
  counter_mode(&k, data, sizeof data);
  printf(", %s\n", digest(data, sizeof data) == before ? "back" : "lost");
  return 0;
}
