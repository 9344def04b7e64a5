// SPDX-License-Identifier: MIT
// Floating point and vectors for their compiler output: arithmetic, every
// conversion, comparisons, constants, loops that vectorise, intrinsics.
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

double poly(double x) { return ((1.5 * x - 0.1) * x + 3e300) / (x + 2.0); }
float polyf(float x) { return ((1.5f * x - 0.1f) * x + 3e30f) / (x + 2.0f); }
double contract(double a, double b, double c) { return -(a * b) - c; }
float negate(float a, float b) { return -(a * b) + __builtin_fabsf(a - b); }
double root(double x) { return __builtin_sqrt(x) + __builtin_floor(x); }
double rounds(double x) {
  return __builtin_ceil(x) + __builtin_trunc(x) + __builtin_round(x)
    + __builtin_rint(x) + __builtin_nearbyint(x);
}
int64_t to_int(double x) { return (int64_t)x + (int64_t)__builtin_lround(x); }
uint32_t to_uint(float x) { return (uint32_t)x; }
double from(int64_t a, uint32_t b, float c) { return (double)a + b + c; }
float narrow(double x, uint64_t u) { return (float)x + (float)u; }
int compare(double a, double b) {
  return (a < b) + 2 * (a == b) + 4 * (a >= b) + 8 * (a != a);
}
double choose(double a, double b) { return a > b ? a : b; }
double extremes(double a, double b) {
  return __builtin_fmax(a, b) - __builtin_fmin(a, 1.0);
}
double constants(int i) {
  switch (i) {
  case 0: return 0.0;
  case 1: return 1.0;
  case 2: return -0.0;
  case 3: return 31.0;
  case 4: return 0.125;
  default: return 3.14159265358979;
  }
}
int sign(double x) { return __builtin_signbit(x) != 0; }
double copy_sign(double a, double b) { return __builtin_copysign(a, b); }
__fp16 half(__fp16 a, float b) { return a + b; }

float dot(const float *a, const float *b, size_t n) {
  float s = 0;
  for (size_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}
void axpy(double *restrict y, const double *restrict x, double a, int n) {
  for (int i = 0; i < n; i++) y[i] += a * x[i];
}
void add_bytes(uint8_t *restrict a, const uint8_t *restrict b, int n) {
  for (int i = 0; i < n; i++) a[i] = (uint8_t)(a[i] + b[i]);
}
int64_t sum(const int32_t *a, int n) {
  int64_t s = 0;
  for (int i = 0; i < n; i++) s += a[i];
  return s;
}
int largest(const int16_t *a, int n) {
  int m = -32768;
  for (int i = 0; i < n; i++) m = a[i] > m ? a[i] : m;
  return m;
}
void convert(float *restrict f, const int *restrict i, int n) {
  for (int k = 0; k < n; k++) f[k] = (float)i[k] * 0.5f;
}
void widen(uint32_t *restrict w, const uint8_t *restrict b, int n) {
  for (int k = 0; k < n; k++) w[k] = (uint32_t)b[k] << 3;
}
int population(const uint64_t *p, int n) {
  int c = 0;
  for (int i = 0; i < n; i++) c += __builtin_popcountll(p[i]);
  return c;
}
void interleave(uint8_t *restrict rgb, const uint8_t *restrict r, int n) {
  for (int i = 0; i < n; i++) {
    rgb[3 * i] = r[i];
    rgb[3 * i + 1] = (uint8_t)(255 - r[i]);
    rgb[3 * i + 2] = r[i] > 127 ? 255 : 0;
  }
}

uint8x16_t shuffle(uint8x16_t a, uint8x16_t b) {
  return veorq_u8(vqtbl1q_u8(a, b), vextq_u8(vzip1q_u8(a, b), a, 3));
}
int16x8_t fixed(int16x8_t a, int16x8_t b) {
  return vqrdmulhq_s16(vshrq_n_s16(a, 3), vqaddq_s16(b, vdupq_n_s16(7)));
}
float32x4_t lanes(float32x4_t a, float32x2_t b) {
  return vfmaq_lane_f32(vrev64q_f32(a), vrecpeq_f32(a), b, 1);
}
int32x4_t products(int16x8_t a, int16x8_t b) {
  return vmlal_high_s16(vmull_s16(vget_low_s16(a), vget_low_s16(b)), a, b);
}
uint32_t reduce(uint32x4_t v) {
  return vaddvq_u32(v) + vmaxvq_u32(vcgtq_u32(v, vdupq_n_u32(9)));
}
uint64x2_t wide(uint64x2_t a, poly8x8_t p) {
  uint16x8_t q = vreinterpretq_u16_p16(vmull_p8(p, p));
  return vaddq_u64(vsliq_n_u64(a, a, 5), vpaddlq_u32(vpaddlq_u16(q)));
}
void transpose(int32_t *p) {
  int32x4x4_t v = vld4q_s32(p);
  vst4q_s32(p + 16, v);
  vst1_lane_s32(p, vget_low_s32(v.val[1]), 1);
}
