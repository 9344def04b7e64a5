// SPDX-License-Identifier: MIT
//
// Guest output: collected in the VM, delivered when full, before every exit
// that a run returns, and at the end of a grant of steps, so that a guest
// that never ends is heard. One that prints a character at a time costs one
// call of the output function per grant or exit, not per character.

#include <stdio.h>
#include <string.h>

#include "core/core.h"

static void deliver(tv_vm *vm, const char *data, size_t size) {
  if (vm->output) {
    vm->output(vm->output_ctx, data, size);
  } else {
    fwrite(data, 1, size, stdout);
    fflush(stdout);
  }
}

void output_flush(tv_vm *vm) {
  size_t size = vm->output_used;
  if (!size) return;
  vm->output_used = 0;
  deliver(vm, vm->output_buf, size);
}

void output_put(tv_vm *vm, const char *data, size_t size) {
  if (size > OUTPUT_SIZE - vm->output_used) output_flush(vm);
  if (size > OUTPUT_SIZE) {
    deliver(vm, data, size);
    return;
  }
  memcpy(vm->output_buf + vm->output_used, data, size);
  vm->output_used += size;
}

void tv_vm_output(tv_vm *vm, tv_output_fn *fn, void *ctx) {
  assert(vm);
  output_flush(vm);
  vm->output = fn;
  vm->output_ctx = ctx;
}
