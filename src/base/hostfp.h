// SPDX-License-Identifier: MIT
//
// The host's floating point where C has no word for it: the environment of a
// thread (its modes, and the flags that operations have raised), and
// operations that would be calls of libm.
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

#define HOSTFP_FLAGS UINT64_C(0x3f)                       // MXCSR
enum { HOSTFP_DEFAULT = 0x1f80 };

static inline uint64_t hostfp_get(void) {
  return _mm_getcsr();
}
static inline void hostfp_set(uint64_t env) {
  _mm_setcsr((uint32_t)env);
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

#define HOSTFP_FLAGS (UINT64_C(0xffffffff) << 32)         // FPSR : FPCR
enum { HOSTFP_DEFAULT = 0 };

static inline uint64_t hostfp_get(void) {
  uint64_t modes, flags;
  __asm__ volatile("mrs %0, fpcr; mrs %1, fpsr"
                   : "=r"(modes), "=r"(flags));
  return flags << 32 | (uint32_t)modes;
}
static inline void hostfp_set(uint64_t env) {
  __asm__ volatile("msr fpcr, %0; msr fpsr, %1" : :
                   "r"((uint64_t)(uint32_t)env), "r"(env >> 32) : "memory");
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

#define HOSTFP_FLAGS UINT64_C(0)
enum { HOSTFP_DEFAULT = 0 };

static inline uint64_t hostfp_get(void) { return 0; }
static inline void hostfp_set(uint64_t env) { (void)env; }
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

// Brings the thread into the modes above and returns the environment it had,
// for hostfp_leave. To read it takes 20 host cycles.
static inline uint64_t hostfp_enter(void) {
  uint64_t env = hostfp_get();
  if ((env & ~HOSTFP_FLAGS) != HOSTFP_DEFAULT) hostfp_set(HOSTFP_DEFAULT);
  return env;
}
static inline void hostfp_leave(uint64_t env) {
  if (hostfp_get() != env) hostfp_set(env);
}

#endif
