// SPDX-License-Identifier: MIT
//
// The workload of floating point and vectors: copies, matrices of doubles and
// floats, bodies under gravity, pixels, samples in fixed point, in about
// equal parts. For the guest the compiler makes vectors of the loops, for the
// host that it is measured against it does not. No operation is contracted,
// so that both come to the same checksum.

#include "work.h"

enum { BYTES = 4096, SIDE = 16, LENGTH = 1024, BODIES = 5 };

static uint32_t mix(uint32_t sum, uint32_t v) {
  return (sum << 5 | sum >> 27) ^ v * 0x9e3779b1u;
}

static uint32_t mix_bits(uint32_t sum, double v) {
  union { double v; uint64_t bits; } u = { v };
  return mix(mix(sum, (uint32_t)u.bits), (uint32_t)(u.bits >> 32));
}

static uint32_t copies(uint32_t seed) {
  static uint64_t from[BYTES / 8], to[BYTES / 8];
  from[seed % (BYTES / 8)] = seed;
  for (int pass = 0; pass < 4; pass++) {
    for (int i = 0; i < BYTES / 8; i++) to[i] = from[i];
    for (int i = 0; i < BYTES / 8; i++) from[i] = to[i] + (uint64_t)pass;
  }
  return mix(seed, (uint32_t)from[seed % (BYTES / 8)]);
}

static uint32_t doubles(uint32_t seed) {
  static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) {
      a[i][j] = (double)(seed >> 8) / (i + 2 * j + 1);
      b[i][j] = 1.0 / (double)(i * j + 3);
      c[i][j] = 0;
    }
  for (int i = 0; i < SIDE; i++)
    for (int k = 0; k < SIDE; k++)
      for (int j = 0; j < SIDE; j++) c[i][j] += a[i][k] * b[k][j];
  return mix_bits(seed, c[3][5] + c[SIDE - 1][SIDE - 1]);
}

static uint32_t floats(uint32_t seed) {
  static float x[LENGTH], y[LENGTH], z[LENGTH];
  float k = (float)(seed & 0xffff) / 65536;
  for (int i = 0; i < LENGTH; i++) {
    x[i] = (float)i * k;
    y[i] = k - (float)i;
  }
  for (int i = 0; i < LENGTH; i++) z[i] = x[i] * k + y[i];
  for (int i = 0; i < LENGTH; i++)
    z[i] = z[i] > 0 ? z[i] * 0.5f : x[i] - z[i];
  for (int i = 0; i < LENGTH; i++) x[i] = z[i] / (y[i] * y[i] + 1);
  return mix_bits(seed, (double)x[LENGTH / 3] + (double)x[LENGTH - 1]);
}

static uint32_t bodies(uint32_t seed) {
  // Aligned: gcc clears with stores of 16 bytes even under -mstrict-align.
  _Alignas(16) double p[BODIES][3], v[BODIES][3] = { { 0 } };
  for (int i = 0; i < BODIES; i++)
    for (int d = 0; d < 3; d++)
      p[i][d] = (double)((seed >> (3 * i + d)) & 255) + i * 300 + d;
  for (int step = 0; step < 12; step++) {
    for (int i = 0; i < BODIES; i++)
      for (int j = i + 1; j < BODIES; j++) {
        double r[3], s = 1;
        for (int d = 0; d < 3; d++) {
          r[d] = p[i][d] - p[j][d];
          s += r[d] * r[d];
        }
        double f = 40 / (s * __builtin_sqrt(s));
        for (int d = 0; d < 3; d++) {
          v[i][d] -= r[d] * f;
          v[j][d] += r[d] * f;
        }
      }
    for (int i = 0; i < BODIES; i++)
      for (int d = 0; d < 3; d++) p[i][d] += v[i][d] * 0.25;
  }
  return mix_bits(seed, p[0][0] + p[4][2]);
}

static uint32_t pixels(uint32_t seed) {
  static uint8_t a[BYTES], b[BYTES], c[BYTES];
  uint32_t difference = 0;
  for (int i = 0; i < BYTES; i++) a[i] = (uint8_t)(seed >> (i & 7)) ^ i;
  for (int i = 0; i < BYTES; i++) b[i] = (uint8_t)(i * 3);
  for (int i = 0; i < BYTES; i++)
    c[i] = (uint8_t)((a[i] * 77 + b[i] * 179 + 128) >> 8);
  for (int i = 0; i < BYTES; i++)
    c[i] = c[i] > b[i] ? c[i] : (uint8_t)((a[i] + b[i] + 1) >> 1);
  for (int i = 0; i < BYTES; i++) {
    int d = a[i] - c[i];
    difference += (uint32_t)(d < 0 ? -d : d);
  }
  return mix(seed, difference);
}

static uint32_t samples(uint32_t seed) {
  static int16_t a[LENGTH], b[LENGTH];
  int32_t sum = 0;
  for (int i = 0; i < LENGTH; i++) a[i] = (int16_t)(seed + (uint32_t)i * 7);
  for (int i = 0; i < LENGTH; i++) {
    int v = (a[i] * 20000 + 0x4000) >> 15;
    b[i] = (int16_t)(v > 9000 ? 9000 : v < -9000 ? -9000 : v);
  }
  for (int i = 0; i < LENGTH; i++) sum += (a[i] >> 4) * (b[i] >> 4);
  return mix(seed, (uint32_t)sum);
}

uint32_t work_run(uint32_t rounds) {
  uint32_t sum = 1;
  for (uint32_t i = 0; i < rounds; i++) {
    uint32_t seed = sum ^ i;
    sum = mix(sum, copies(seed));
    sum = mix(sum, doubles(seed));
    sum = mix(sum, floats(seed));
    sum = mix(sum, bodies(seed));
    sum = mix(sum, pixels(seed));
    sum = mix(sum, samples(seed));
  }
  return sum;
}
