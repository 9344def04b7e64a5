// SPDX-License-Identifier: MIT
//
// Watching a VM: its trace function, which the backend calls, and the exits
// that run.c counts.

#include "core/core.h"

tv_status tv_vm_trace(tv_vm *vm, tv_trace_fn *fn, void *ctx, tv_error *err) {
  assert(vm);
  if (fn && !vm->backend->exact)
    return err_set(err, TV_E_UNSUPPORTED, 0, "the backend %s cannot trace "
                   "single instructions; soft can", vm->backend->name);
  vm->trace = fn;
  vm->trace_ctx = ctx;
  return TV_OK;
}

uint64_t tv_vm_exits(const tv_vm *vm, tv_exit_kind kind) {
  assert(vm);
  return (size_t)kind < EXIT_KINDS ? vm->exits[kind] : 0;
}
