// SPDX-License-Identifier: MIT
//
// A compressor of deflate's kind: matches found by hash chains, coded as
// literals and (length, distance), and these by a canonical Huffman code made
// for the data; and its counterpart.

#include "program.h"

enum { SIZE = 60000, SYMBOLS = 288, WINDOW = 32768, MIN = 3, MAX = 31 + MIN,
       CODE_MAX = 15 };

static uint8_t text[SIZE], packed[2 * SIZE], unpacked[SIZE];
static uint16_t symbol[SIZE + 1];
static uint16_t distance[SIZE + 1];
static int32_t head[4096], chain[SIZE];

// Text of words that repeat, as texts do.
static void make_text(void) {
  static const char *const word[16] = {
    "the ", "machine ", "registers", " of ", "memory, ", "a page\n", "and ",
    "vector", "lanes. ", "interrupt ", "when ", "guest ", "host ", "zero, ",
    "one ", "never " };
  uint64_t seed = 3;
  for (size_t n = 0; n < SIZE;) {
    uint64_t r = next_random(&seed);
    const char *w = word[r & r >> 8 & 15];
    while (*w && n < SIZE) text[n++] = (uint8_t)*w++;
    if (r >> 60 == 0 && n < SIZE) text[n++] = (uint8_t)(r >> 16);
  }
}

static unsigned hash(const uint8_t *p) {
  return (p[0] * 2654435761u ^ p[1] * 40503u ^ p[2] * 69069u) >> 7 & 4095;
}

static int match_length(int a, int b) {
  int n = 0;
  while (n < MAX && b + n < SIZE && text[a + n] == text[b + n]) n++;
  return n;
}

// Fills symbol[] (0..255 literals, 256 + length - MIN) and distance[].
static int find_matches(void) {
  int count = 0;
  memset(head, 0xff, sizeof head);
  for (int at = 0; at < SIZE;) {
    int best = 0, from = 0;
    if (at + MIN <= SIZE) {
      int candidate = head[hash(text + at)];
      for (int tries = 0; candidate >= 0 && at - candidate < WINDOW
           && tries < 16; tries++, candidate = chain[candidate]) {
        int n = match_length(candidate, at);
        if (n > best) {
          best = n;
          from = candidate;
        }
      }
    }
    int step = best >= MIN ? best : 1;
    symbol[count] = (uint16_t)(step > 1 ? 256 + best - MIN : text[at]);
    distance[count++] = (uint16_t)(step > 1 ? at - from : 0);
    for (; step > 0; step--, at++) {
      if (at + MIN > SIZE) continue;
      chain[at] = head[hash(text + at)];
      head[hash(text + at)] = at;
    }
  }
  return count;
}

// Code lengths of at most CODE_MAX bits: the two rarest join until one is
// left; counts are halved while that gets too deep.
static void code_lengths(const int *frequency, uint8_t *bits) {
  int weight[2 * SYMBOLS], up[2 * SYMBOLS], scale = 0, deepest;
  do {
    int nodes = SYMBOLS;
    for (int i = 0; i < SYMBOLS; i++)
      weight[i] = frequency[i] ? (frequency[i] >> scale) + 1 : 0;
    memset(up, 0, sizeof up);
    for (;;) {
      int a = -1, b = -1;
      for (int i = 0; i < nodes; i++) {
        if (!weight[i] || up[i]) continue;
        if (a < 0 || weight[i] < weight[a]) {
          b = a;
          a = i;
        } else if (b < 0 || weight[i] < weight[b]) {
          b = i;
        }
      }
      if (b < 0) break;
      up[a] = up[b] = nodes;
      weight[nodes++] = weight[a] + weight[b];
    }
    deepest = 0;
    for (int i = 0; i < SYMBOLS; i++) {
      int depth = 0;
      for (int n = i; up[n]; n = up[n]) depth++;
      bits[i] = (uint8_t)depth;
      deepest = depth > deepest ? depth : deepest;
    }
    scale++;
  } while (deepest > CODE_MAX);
}

// Canonical codes: by length, then by symbol.
static void codes(const uint8_t *bits, uint16_t *code) {
  unsigned next = 0;
  for (int n = 1; n <= CODE_MAX; n++, next <<= 1)
    for (int i = 0; i < SYMBOLS; i++)
      if (bits[i] == n) code[i] = (uint16_t)next++;
}

static uint32_t bit_at;
static void put(unsigned value, int bits) {
  for (int i = bits - 1; i >= 0; i--, bit_at++)
    if (value >> i & 1) packed[bit_at / 8] |= (uint8_t)(0x80 >> bit_at % 8);
}
static unsigned get(int bits) {
  unsigned value = 0;
  for (; bits > 0; bits--, bit_at++)
    value = value << 1 | (packed[bit_at / 8] >> (7 - bit_at % 8) & 1);
  return value;
}

// One symbol: among codes of n bits, which count up from the first, those of
// value below first + their number are symbols in order.
static int get_symbol(const int *number, const uint16_t *order) {
  int code = 0, first = 0, before = 0;
  for (int n = 1;; n++) {
    code |= (int)get(1);
    if (code - first < number[n]) return order[before + code - first];
    before += number[n];
    first = (first + number[n]) << 1;
    code <<= 1;
  }
}

static int unpack(const uint8_t *bits) {
  static uint16_t order[SYMBOLS];
  int number[CODE_MAX + 1] = { 0 }, size = 0, count = 0;
  for (int n = 1; n <= CODE_MAX; n++)
    for (int i = 0; i < SYMBOLS; i++)
      if (bits[i] == n) {
        number[n]++;
        order[count++] = (uint16_t)i;
      }
  while (size < SIZE) {
    int s = get_symbol(number, order);
    if (s < 256) {
      unpacked[size++] = (uint8_t)s;
      continue;
    }
    int back = (int)get(15);
    for (int k = s - 256 + MIN; k > 0; k--, size++)
      unpacked[size] = unpacked[size - back];
  }
  return size;
}

int main(void) {
  static uint8_t bits[SYMBOLS];
  static uint16_t code[SYMBOLS];
  int frequency[SYMBOLS] = { 0 };
  make_text();
  int count = find_matches();
  for (int i = 0; i < count; i++) frequency[symbol[i]]++;
  code_lengths(frequency, bits);
  codes(bits, code);
  for (int i = 0; i < count; i++) {
    put(code[symbol[i]], bits[symbol[i]]);
    if (symbol[i] >= 256) put(distance[i], 15);
  }
  uint32_t size = (bit_at + 7) / 8;
  printf("%d symbols, %u bytes, digest %lx\n", count, (unsigned)size,
         (unsigned long)digest(packed, size));
  bit_at = 0;
  int back = unpack(bits);
  printf("%d bytes back, %s\n", back,
         memcmp(text, unpacked, SIZE) ? "different" : "the same");
  return 0;
}
