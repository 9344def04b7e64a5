// SPDX-License-Identifier: MIT
//
// The one case where the host's FPU and Arm agree on a result, but not on the
// flags: rounded up to exactly the smallest normal number. Arm detects
// tininess before rounding and raises UFC; x86 after, and raises nothing.

#include "tap.h"
#include "tinyvmm.h"

static void need(tv_status s, const tv_error *err) {
  if (!s) return;
  printf("Bail out! %s\n", err->text);
  exit(EXIT_FAILURE);
}

static void set(tv_vcpu *cpu, tv_reg reg, uint64_t value) {
  tv_error err;
  uint64_t wide[2] = { value, 0 };
  need(tv_vcpu_set(cpu, reg, wide, tv_reg_size(reg), &err), &err);
}

static uint64_t get(tv_vcpu *cpu, tv_reg reg) {
  tv_error err;
  uint64_t wide[2] = { 0, 0 };
  need(tv_vcpu_get(cpu, reg, wide, tv_reg_size(reg), &err), &err);
  return wide[0];
}

static tv_vm *machine(const uint32_t *code, size_t size, tv_vcpu **cpu) {
  tv_vm *vm;
  tv_error err;
  need(tv_vm_new(NULL, &vm, &err), &err);
  need(tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE | TV_EXEC, NULL, &err),
       &err);
  need(tv_mem_write(vm, 0, code, size, &err), &err);
  need(tv_vcpu_new(vm, cpu, &err), &err);
  set(*cpu, TV_REG_PC, 0);
  return vm;
}

#define FPSR TV_REG_SYS(3 << 14 | 3 << 11 | 4 << 7 | 4 << 3 | 1)
#define LEAST_D UINT64_C(0x0010000000000000)
#define BELOW_1_D UINT64_C(0x3fefffffffffffff)
#define LEAST_S UINT64_C(0x00800000)
#define BELOW_1_S UINT64_C(0x3f7fffff)

static const struct tiny {
  const char *name;
  uint32_t word;
  uint64_t n, m, result;
} tiny[] = {
  { "fmul d2, d0, d1", 0x1e610802, LEAST_D, BELOW_1_D, LEAST_D },
  { "fmul s2, s0, s1", 0x1e210802, LEAST_S, BELOW_1_S, LEAST_S },
  { "fnmul d2, d0, d1", 0x1e618802, LEAST_D, BELOW_1_D,
    LEAST_D | UINT64_C(1) << 63 },
  { "fmadd d2, d0, d1, d3", 0x1f410c02, LEAST_D, BELOW_1_D, LEAST_D },
  { "fmul v2.2d, v0.2d, v1.2d", 0x6e61dc02, LEAST_D, BELOW_1_D, LEAST_D },
  { "fmla v2.4s, v0.4s, v1.4s", 0x4e21cc02, LEAST_S, BELOW_1_S, LEAST_S },
  { "fcvt s2, d0", 0x1e624002, UINT64_C(0x380fffffffffffff), 0, LEAST_S },
};

int main(void) {
  for (size_t k = 0; k < sizeof tiny / sizeof *tiny; k++) {
    const struct tiny *c = &tiny[k];
    tv_vcpu *cpu;
    tv_vm *vm = machine(&c->word, sizeof c->word, &cpu);
    tv_exit end;
    tv_error err;
    set(cpu, TV_REG_Q(0), c->n);
    set(cpu, TV_REG_Q(1), c->m);
    set(cpu, TV_REG_Q(2), 0);
    set(cpu, FPSR, 0x10);
    need(tv_vcpu_run(cpu, 1, &end, &err), &err);
    if (!ok(get(cpu, TV_REG_Q(2)) == c->result && get(cpu, FPSR) == 0x18,
            "%s: rounding up to the smallest normal number underflows",
            c->name))
      note("%#" PRIx64 ", fpsr %#" PRIx64, get(cpu, TV_REG_Q(2)),
           get(cpu, FPSR));
    tv_vm_free(vm);
  }
  return done();
}
