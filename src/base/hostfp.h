// SPDX-License-Identifier: MIT
//
// The host's floating point where C has no word for it: the modes a thread
// may be in, and operations that would be calls of libm.
//
// HOSTFP says whether float and double here are IEEE 754 formats computed as
// such once hostfp_enter has been called: to nearest, denormals honoured,
// nothing trapped. Elsewhere it is 0 and nobody asks the host.

#ifndef BASE_HOSTFP_H
#define BASE_HOSTFP_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)

#include <immintrin.h>
#define HOSTFP 1
#define HOSTFP_FMA __attribute__((target("fma")))

enum { HOSTFP_FLAGS = 0x3f, HOSTFP_DEFAULT = 0x1f80 };    // MXCSR

static inline uint64_t hostfp_modes(void) {
  return _mm_getcsr();
}
static inline void hostfp_set_modes(uint64_t modes) {
  _mm_setcsr((uint32_t)modes);
}
static inline bool hostfp_has_fma(void) {
  return __builtin_cpu_supports("fma");
}
HOSTFP_FMA static inline double hostfp_fma(double a, double b, double c) {
  return _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b),
                                    _mm_set_sd(c)));
}
HOSTFP_FMA static inline float hostfp_fmaf(float a, float b, float c) {
  return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b),
                                    _mm_set_ss(c)));
}
static inline double hostfp_sqrt(double a) {
  __m128d v = _mm_set_sd(a);
  return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
}
static inline float hostfp_sqrtf(float a) {
  return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a)));
}

#elif defined(__aarch64__)

#include <arm_neon.h>
#define HOSTFP 1
#define HOSTFP_FMA

enum { HOSTFP_FLAGS = 0, HOSTFP_DEFAULT = 0 };            // FPCR

static inline uint64_t hostfp_modes(void) {
  uint64_t modes;
  __asm__ volatile("mrs %0, fpcr" : "=r"(modes));
  return modes;
}
static inline void hostfp_set_modes(uint64_t modes) {
  __asm__ volatile("msr fpcr, %0" : : "r"(modes) : "memory");
}
static inline bool hostfp_has_fma(void) {
  return true;
}
static inline double hostfp_fma(double a, double b, double c) {
  return vget_lane_f64(vfma_f64(vdup_n_f64(c), vdup_n_f64(a),
                                vdup_n_f64(b)), 0);
}
static inline float hostfp_fmaf(float a, float b, float c) {
  return vget_lane_f32(vfma_f32(vdup_n_f32(c), vdup_n_f32(a),
                                vdup_n_f32(b)), 0);
}
static inline double hostfp_sqrt(double a) {
  return vget_lane_f64(vsqrt_f64(vdup_n_f64(a)), 0);
}
static inline float hostfp_sqrtf(float a) {
  return vget_lane_f32(vsqrt_f32(vdup_n_f32(a)), 0);
}

#else

#define HOSTFP 0
#define HOSTFP_FMA

enum { HOSTFP_FLAGS = 0, HOSTFP_DEFAULT = 0 };

static inline uint64_t hostfp_modes(void) { return 0; }
static inline void hostfp_set_modes(uint64_t modes) { (void)modes; }
static inline bool hostfp_has_fma(void) { return false; }
static inline double hostfp_fma(double a, double b, double c) {
  return a * b + c;
}
static inline float hostfp_fmaf(float a, float b, float c) {
  return a * b + c;
}
static inline double hostfp_sqrt(double a) { return a; }
static inline float hostfp_sqrtf(float a) { return a; }

#endif

// Brings the thread into the modes above and returns what it was in, for
// hostfp_leave; a few host cycles where there is nothing to change.
static inline uint64_t hostfp_enter(void) {
  uint64_t modes = hostfp_modes();
  if ((modes & ~(uint64_t)HOSTFP_FLAGS) != HOSTFP_DEFAULT)
    hostfp_set_modes(HOSTFP_DEFAULT);
  return modes;
}
static inline void hostfp_leave(uint64_t modes) {
  if ((modes & ~(uint64_t)HOSTFP_FLAGS) != HOSTFP_DEFAULT)
    hostfp_set_modes(modes);
}

#endif
