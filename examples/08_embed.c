// SPDX-License-Identifier: MIT
// TinyVMM in a C program: cc 08_embed.c -ltinyvmm -lpthread. The guest calls
// a handler of ours and ends with its result.
#include <stdio.h>
#include "tinyvmm.h"

static const uint32_t guest[] = {
  0xd2800061,  // mov x1, #3
  0xd28000a2,  // mov x2, #5
  0x52800060,  // mov w0, #3
  0xd4000002,  // hvc #0
  0xaa0003e1,  // mov x1, x0
  0x52800000,  // mov w0, #0
  0xd4000002   // hvc #0
};

static tv_hc multiply(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                      uint64_t *x0) {
  (void)ctx, (void)cpu;
  *x0 = arg[0] * arg[1];
  return TV_HC_RESUME;
}

int main(void) {
  tv_vm *vm; tv_vcpu *cpu; tv_exit exit; tv_error err;
  if (tv_vm_new(NULL, &vm, &err) ||
      tv_mem_ram(vm, 0, 1 << 20, TV_READ | TV_WRITE | TV_EXEC, NULL, &err) ||
      tv_mem_write(vm, 0, guest, sizeof guest, &err) ||
      tv_vm_hypercall(vm, 3, multiply, NULL, &err) ||
      tv_vcpu_new(vm, &cpu, &err) ||
      tv_vcpu_run(cpu, TV_NO_LIMIT, &exit, &err)) {
    fprintf(stderr, "tinyvmm: %s\n", err.text);
    return 1;
  }
  printf("%s, status %d\n", tv_exit_name(exit.kind),
         (int)exit.u.shutdown.status);
  tv_vm_free(vm);
}
