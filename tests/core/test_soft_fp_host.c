// SPDX-License-Identifier: MIT
//
// Floating point does not depend on the modes that the host's FPU is in when
// a run begins (rounding, flushing, traps), and leaves them as they were, and
// the flags too: for the embedder after any run, and for its functions that
// are called in one. The guest mixes results that the host computes with such
// that it must not.

#include "base/hostfp.h"
#include "tap.h"
#include "tinyvmm.h"

// 1: x0 = x0 * x1 + x2; d0 = 1 .. 2 and d1 = any double, made of it
//    fadd d3, d0, d1; fmul d4, d0, d0; fdiv d5, d0, d4; fsqrt d6, d4
//    fmadd d7, d4, d5, d6; fmul d16, d0, d2 (denormal)
//    fcvt s17, d7; fmul s18, s17, s17; scvtf d19, x0; fcvtzs x4, d7
//    fcmp d1, d2; fadd v20.4s, v3.4s, v17.4s; fmla v6.2d, v5.2d, v4.2d
//    all of them and FPSR into x6; subs x9, x9, #1; b.ne 1b; exit(0)
static const uint32_t guest[] = {
  0x9b017c00, 0x8b020000, 0xd34cfc03, 0xb24c2463, 0x9e670060, 0x9e670001,
  0x9e6700e2, 0x1e612803, 0x1e600804, 0x1e641805, 0x1e61c086, 0x1f451887,
  0x1e620810, 0x1e6240f1, 0x1e310a32, 0x9e620013, 0x9e7800e4, 0x1e622020,
  0x9a9fa7e5, 0xca050084, 0x4e31d474, 0x4e64cca6, 0x6e241c63, 0x6e251c63,
  0x6e261c63, 0x6e271c63, 0x6e301c63, 0x6e321c63, 0x6e331c63, 0x6e341c63,
  0x9e660065, 0xca050084, 0xd53b4425, 0xca050084, 0xcac61c86, 0xf1000529,
  0x54fffb81, 0xd2800001, 0xd2800000, 0xd4000002
};

// What qemu-aarch64 says, from the values of `run`.
#define EXPECTED UINT64_C(0xf5a821656094ceca)

static void need(tv_status s, const tv_error *err) {
  if (!s) return;
  printf("Bail out! %s\n", err->text);
  exit(EXIT_FAILURE);
}

// Runs the guest with the host in this environment; what it is then in *env.
static uint64_t run(uint64_t *env) {
  const struct { unsigned reg; uint64_t value; } start[] = {
    { 0, 1 }, { 1, UINT64_C(6364136223846793005) },
    { 2, UINT64_C(1442695040888963407) }, { 6, 0 },
    { 7, UINT64_C(0x000fffffffffffff) }, { 9, 3000 }
  };
  tv_vm *vm;
  tv_vcpu *cpu;
  tv_error err;
  tv_exit end;
  need(tv_vm_new(NULL, &vm, &err), &err);
  need(tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE | TV_EXEC, NULL, &err),
       &err);
  need(tv_mem_write(vm, 0, guest, sizeof guest, &err), &err);
  need(tv_vcpu_new(vm, &cpu, &err), &err);
  for (size_t k = 0; k < sizeof start / sizeof *start; k++)
    need(tv_vcpu_set(cpu, TV_REG_X(start[k].reg), &start[k].value, 8, &err),
         &err);
  uint64_t before = hostfp_get(), pc = 0, hash = 0;
  need(tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, &err), &err);
  hostfp_set(*env);
  tv_status status = tv_vcpu_run(cpu, TV_NO_LIMIT, &end, &err);
  *env = hostfp_get();
  hostfp_set(before);
  need(status, &err);
  need(tv_vcpu_get(cpu, TV_REG_X(6), &hash, sizeof hash, &err), &err);
  tv_vm_free(vm);
  return hash;
}

// The environments that the functions below saw, if they differ from `want`.
struct witness { uint64_t want, handler, trace; unsigned calls; };

static tv_hc handler(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                     uint64_t *x0) {
  struct witness *w = ctx;
  (void)cpu, (void)arg, (void)x0;
  if (hostfp_get() != w->want) w->handler = hostfp_get();
  w->calls++;
  return TV_HC_RESUME;
}

static void trace(void *ctx, const tv_step *step) {
  struct witness *w = ctx;
  (void)step;
  if (hostfp_get() != w->want) w->trace = hostfp_get();
  w->calls++;
}

// fmov d1, #1.0; fmov d2, #3.0; fdiv d0, d1, d2; mov x0, #7; hvc #0
// fdiv d0, d1, d2; ldr x0, [x9], where nothing is.
static const uint32_t calling[] = {
  0x1e6e1001, 0x1e611002, 0x1e621820, 0xd28000e0, 0xd4000002, 0x1e621820,
  0xf9400120
};

static void functions(uint64_t env, const char *name, bool traced) {
  const uint64_t start = 0, nowhere = 0x900000;
  struct witness w = { env, env, env, 0 };
  tv_vm *vm;
  tv_vcpu *cpu;
  tv_error err;
  tv_exit end;
  need(tv_vm_new(NULL, &vm, &err), &err);
  need(tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE | TV_EXEC, NULL, &err),
       &err);
  need(tv_mem_write(vm, 0, calling, sizeof calling, &err), &err);
  need(tv_vcpu_new(vm, &cpu, &err), &err);
  need(tv_vcpu_set(cpu, TV_REG_X(9), &nowhere, sizeof nowhere, &err), &err);
  need(tv_vcpu_set(cpu, TV_REG_PC, &start, sizeof start, &err), &err);
  need(tv_vm_hypercall(vm, 7, handler, &w, &err), &err);
  if (traced) need(tv_vm_trace(vm, trace, &w, &err), &err);
  uint64_t before = hostfp_get();
  hostfp_set(env);
  tv_status status = tv_vcpu_run(cpu, TV_NO_LIMIT, &end, &err);
  uint64_t after = hostfp_get();
  hostfp_set(before);
  need(status, &err);
  ok(end.kind == TV_EXIT_FAULT && w.calls == (traced ? 8 : 1),
     "the guest calls and faults");
  eq_u64(w.handler, env, "a hypercall handler sees %s", name);
  eq_u64(w.trace, env, "a trace function sees %s", name);
  eq_u64(after, env, "the embedder sees %s after a fault", name);
  tv_vm_free(vm);
}

struct modes { const char *name; uint64_t value; };

static const struct modes modes[] = {
#if defined(__x86_64__)
  { "its defaults", 0x1f80 }, { "flags", 0x1fbf }, { "rounding down", 0x3f80 },
  { "rounding up", 0x5f80 }, { "rounding to zero", 0x7f80 },
  { "flushing denormals", 0x9fc0 }, { "everything trapped", 0x0000 },
  { "all at once", 0xe040 },
#elif defined(__aarch64__)
  { "its defaults", 0 }, { "flags", UINT64_C(0x9f) << 32 },
  { "rounding up", 1 << 22 },
  { "rounding down", 2 << 22 }, { "rounding to zero", 3 << 22 },
  { "flushing denormals", 1 << 24 }, { "default NaNs", 1 << 25 },
#else
  { "its defaults", 0 },
#endif
};

int main(void) {
  for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
    uint64_t after = modes[k].value, hash = run(&after);
    eq_u64(hash, EXPECTED, "a guest computes the same on a host with %s",
           modes[k].name);
    eq_u64(after, modes[k].value, "the host has %s again after the run",
           modes[k].name);
    functions(modes[k].value, modes[k].name, false);
    functions(modes[k].value, modes[k].name, true);
  }
  return done();
}
