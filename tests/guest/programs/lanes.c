// SPDX-License-Identifier: MIT
//
// Loops over small integers that compilers make vectors of: saturation,
// averages, absolute differences, widening and narrowing, minima and sums
// across, comparisons and selections, shifts, bit counts, interleaving.

#include "program.h"

enum { N = 4096 };
static uint8_t a8[N], b8[N], r8[3 * N];
static int8_t s8[N], t8[N];
static int16_t a16[N], b16[N], r16[N];
static uint16_t u16[N];
static int32_t a32[N], b32[N], r32[N];
static uint64_t r64[N];

static void report(const char *what, const void *data, size_t size) {
  printf("%s %lx\n", what, (unsigned long)digest(data, size));
}

static int clamp(int v, int low, int high) {
  return v < low ? low : v > high ? high : v;
}

static void bytes(void) {
  for (int i = 0; i < N; i++) r8[i] = (uint8_t)clamp(a8[i] + b8[i], 0, 255);
  report("saturated sums", r8, N);
  for (int i = 0; i < N; i++) r8[i] = (uint8_t)clamp(a8[i] - b8[i], 0, 255);
  report("saturated differences", r8, N);
  for (int i = 0; i < N; i++) r8[i] = (uint8_t)((a8[i] + b8[i] + 1) >> 1);
  report("averages", r8, N);
  for (int i = 0; i < N; i++)
    r8[i] = a8[i] > b8[i] ? a8[i] : (uint8_t)(b8[i] ^ 0x55);
  report("selections", r8, N);
  for (int i = 0; i < N; i++)
    r8[i] = (uint8_t)((a8[i] * 77 + b8[i] * 150 + 128) >> 8);
  report("weights", r8, N);
  for (int i = 0; i < N; i++) {
    r8[3 * i] = a8[i];
    r8[3 * i + 1] = b8[i];
    r8[3 * i + 2] = (uint8_t)(a8[i] >> 3 | b8[i] << 2);
  }
  report("threes", r8, sizeof r8);
  unsigned difference = 0, population = 0, most = 0, least = 255;
  for (int i = 0; i < N; i++) {
    int d = a8[i] - b8[i];
    difference += (unsigned)(d < 0 ? -d : d);
  }
  for (int i = 0; i < N; i++)
    population += (unsigned)__builtin_popcount(a8[i] & b8[i]);
  for (int i = 0; i < N; i++) most = a8[i] > most ? a8[i] : most;
  for (int i = 0; i < N; i++) least = b8[i] < least ? b8[i] : least;
  printf("difference %u, ones %u, %u to %u\n", difference, population, least,
         most);
}

static void halves(void) {
  for (int i = 0; i < N; i++)
    r16[i] = (int16_t)clamp(a16[i] + b16[i], INT16_MIN, INT16_MAX);
  report("sums of halves", r16, sizeof r16);
  for (int i = 0; i < N; i++)
    r16[i] = (int16_t)clamp((a16[i] * b16[i] + 0x4000) >> 15, INT16_MIN,
                            INT16_MAX);
  report("fixed point", r16, sizeof r16);
  for (int i = 0; i < N; i++) r8[i] = (uint8_t)clamp(a16[i] >> 4, 0, 255);
  report("narrowed", r8, N);
  for (int i = 0; i < N; i++) r32[i] = a16[i] * b16[i] - (u16[i] << 3);
  report("widened", r32, sizeof r32);
  for (int i = 0; i < N; i++) r16[i] = (int16_t)(s8[i] * 3 - (a16[i] >> 2));
  report("extended", r16, sizeof r16);
  for (int i = 0; i < N; i++)
    u16[i] = (uint16_t)(u16[i] >> 8 | u16[i] << 8);
  report("swapped", u16, sizeof u16);
  int sum = 0, dot = 0, most = INT16_MIN;
  for (int i = 0; i < N; i++) sum += a16[i];
  for (int i = 0; i < N; i++) dot += (a16[i] >> 6) * (b16[i] >> 6);
  for (int i = 0; i < N; i++) most = b16[i] > most ? b16[i] : most;
  printf("sum %d, dot %d, most %d\n", sum, dot, most);
}

static void words(void) {
  for (int i = 0; i < N; i++)
    r32[i] = a32[i] > b32[i] ? a32[i] >> 3 : (int32_t)((uint32_t)b32[i] << 5);
  report("shifts", r32, sizeof r32);
  for (int i = 0; i < N; i++)
    r32[i] = (int32_t)((uint32_t)a32[i] >> (b32[i] & 31));
  report("variable shifts", r32, sizeof r32);
  for (int i = 0; i < N; i++)
    r32[i] = (int32_t)((uint32_t)a32[i] * (uint32_t)b32[i]);
  report("products", r32, sizeof r32);
  for (int i = 0; i < N; i++)
    r64[i] = (uint64_t)((int64_t)a32[i] * b32[i]);
  report("long products", r64, sizeof r64);
  for (int i = 0; i < N; i++)
    r32[i] = a32[i] ? __builtin_clz((unsigned)a32[i]) : 32;
  report("leading zeros", r32, sizeof r32);
  for (int i = 0; i < N; i++) r32[i] = (int32_t)__builtin_bswap32(
    (uint32_t)b32[i]);
  report("bytes reversed", r32, sizeof r32);
  for (int i = 0; i < N; i++)
    r32[i] = (int32_t)((uint32_t)a32[i] << 7 | (uint32_t)a32[i] >> 25);
  report("rotations", r32, sizeof r32);
  int64_t total = 0;
  int least = INT32_MAX;
  unsigned mixed = 0;
  for (int i = 0; i < N; i++) total += a32[i];
  for (int i = 0; i < N; i++) least = a32[i] < least ? a32[i] : least;
  for (int i = 0; i < N; i++) mixed ^= (unsigned)b32[i] & ~(unsigned)a32[i];
  printf("total %ld, least %d, mixed %x\n", (long)total, least, mixed);
}

// A blur of 3 x 3 and a dot product of bytes.
static void picture(void) {
  enum { W = 64, H = N / W };
  for (int y = 1; y < H - 1; y++)
    for (int x = 1; x < W - 1; x++) {
      const uint8_t *p = a8 + y * W + x;
      r8[y * W + x] = (uint8_t)((p[-W - 1] + 2 * p[-W] + p[-W + 1]
        + 2 * p[-1] + 4 * p[0] + 2 * p[1] + p[W - 1] + 2 * p[W] + p[W + 1]
        + 8) >> 4);
    }
  report("blur", r8, N);
  int dot = 0, mixed = 0;
  unsigned udot = 0;
  for (int i = 0; i < N; i++) dot += s8[i] * t8[i];
  for (int i = 0; i < N; i++) mixed += s8[i] * a8[i];
  for (int i = 0; i < N; i++) udot += (unsigned)a8[i] * b8[i];
  printf("dots %d %d %u\n", dot, mixed, udot);
}

int main(void) {
  fill_random(a8, sizeof a8, 10);
  fill_random(b8, sizeof b8, 11);
  fill_random(s8, sizeof s8, 12);
  fill_random(t8, sizeof t8, 18);
  fill_random(a16, sizeof a16, 13);
  fill_random(b16, sizeof b16, 14);
  fill_random(u16, sizeof u16, 15);
  fill_random(a32, sizeof a32, 16);
  fill_random(b32, sizeof b32, 17);
  bytes();
  halves();
  words();
  picture();
  return 0;
}
