// SPDX-License-Identifier: MIT
//
// The interrupt controller as the C API shows it: which VMs have one, and what
// is refused.

#include "mock.h"

static tv_error err;

static tv_status make(tv_vm_config config, tv_vm **vm) {
  config.size = sizeof config;
  return tv_vm_new(&config, vm, &err);
}

static void refusals(void) {
  tv_vm *vm = NULL;
  expect(make((tv_vm_config){ .backend = "mock", .gic = 3 }, &vm),
         TV_E_UNSUPPORTED, &err, "the backend mock makes no GIC",
         "a backend without a GIC has no VM with one");
  expect(make((tv_vm_config){ .backend = "none", .gic = 3 }, &vm),
         TV_E_NO_DEVICE, NULL, NULL,
         "of one that is not here, that is what is said");
  expect(make((tv_vm_config){ .backend = "mock", .gic = 2 }, &vm),
         TV_E_INVALID, &err, "no GIC of version 2", "there is GICv3 only");
  expect(make((tv_vm_config){ .backend = "mock" }, &vm), TV_OK, NULL, NULL,
         "without one, it has");
  eq_u64(tv_vm_gic(vm), 0, "no GIC");
  expect(tv_vm_irq(vm, TV_GIC_SPI, true, &err), TV_E_STATE, &err,
         "the VM has no GIC", "and no inputs of a GIC to drive");
  tv_vm_free(vm);
}

int main(void) {
  refusals();
  return done();
}
