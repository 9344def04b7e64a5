// SPDX-License-Identifier: MIT
//
// VMs and vCPUs: configuration, choosing a backend, life, reset, names of
// everything, and the refusals of each call.

#include "mock.h"

static tv_error err;

static void names(void) {
  static const char *const status[] = {
    "ok", "invalid", "no-memory", "overlap", "alignment", "range", "denied",
    "no-device", "unsupported", "busy", "thread", "pending", "not-pending",
    "unknown", "read-only", "format", "io", "limit", "state"
  };
  for (int i = 0; i < 19; i++)
    eq_str(tv_status_name((tv_status)-i), status[i], "status %d has a name",
           -i);
  eq_str(tv_status_name((tv_status)-19), "unknown", "there is no status -19");
  eq_str(tv_status_name((tv_status)1), "unknown", "there is no status 1");
  unsigned unnamed = 0;
  for (int i = 0; i <= TV_EXIT_BREAKPOINT; i++)
    unnamed += !strcmp(tv_exit_name((tv_exit_kind)i), "unknown");
  for (int i = 0; i <= TV_FAULT_MOPS; i++)
    unnamed += !strcmp(tv_fault_name((tv_fault)i), "unknown");
  for (int i = 0; i <= TV_SHUTDOWN_HALT; i++)
    unnamed += !strcmp(tv_shutdown_name((tv_shutdown)i), "unknown");
  eq_u64(unnamed, 0, "every exit, fault and shutdown has a name");
  eq_str(tv_exit_name((tv_exit_kind)99), "unknown", "there is no exit 99");
  eq_str(tv_version(), TV_VERSION, "the library knows its version");
}

static tv_status make(tv_vm_config config, tv_vm **vm) {
  if (!config.size) config.size = sizeof config;
  return tv_vm_new(&config, vm, &err);
}

static void configuration(void) {
  tv_vm *vm = NULL;
  struct { tv_vm_config config; char more[16]; } big;
  memset(&big, 0, sizeof big);
  big.config.size = sizeof big;
  big.config.backend = "mock";
  expect(tv_vm_new(&big.config, &vm, &err), TV_OK, NULL, NULL,
         "a larger config with a zero tail is accepted");
  tv_vm_free(vm);
  big.more[9] = 1;
  expect(tv_vm_new(&big.config, &vm, &err), TV_E_UNSUPPORTED, &err,
         "config sets a field at byte", "an unknown field is refused");
  expect(make((tv_vm_config){ .size = 4 }, &vm), TV_E_INVALID, &err,
         "config.size is 4", "a config without its size is refused");
  expect(make((tv_vm_config){ .size = 16, .backend = "mock",
                              .granule = 1 }, &vm), TV_OK, NULL, NULL,
         "of a smaller config only what is in it counts");
  eq_u64(tv_vm_granule(vm), 4096, "the granule is then the backend's");
  eq_str(tv_vm_cpu(vm), "host", "a backend without models has the host's CPU");
  tv_vm_free(vm);
  expect(make((tv_vm_config){ .backend = "mock", .cpu = "max" }, &vm),
         TV_E_UNSUPPORTED, &err, "mock has the host's CPU, and no model",
         "and takes no model");
  expect(make((tv_vm_config){ .backend = "mock", .pauth = "md5" }, &vm),
         TV_E_INVALID, &err, "pauth is \"qarma5\" or \"impdef\"",
         "an unknown algorithm is refused");
  expect(make((tv_vm_config){ .backend = "mock", .granule = 5000 }, &vm),
         TV_E_INVALID, &err, "granule 5000 is not a power of two",
         "a granule is a power of two");
  expect(make((tv_vm_config){ .backend = "none", .granule = 4096 }, &vm),
         TV_E_INVALID, &err, "finer than that of the backend none, 16384",
         "a granule is not finer than the backend's");
  make((tv_vm_config){ .backend = "mock", .granule = 65536 }, &vm);
  expect(tv_mem_mmio(vm, 0x1000, 0x10000, &err), TV_E_ALIGNMENT, &err,
         "granule 0x10000 (64 KiB)", "a coarser granule refuses finer maps");
  tv_vm_free(vm);
}

static void backends(void) {
  tv_vm *vm = NULL;
  eq_str(tv_backend_name(1), "mock", "backends are listed");
  ok(!tv_backend_name(2), "the list of backends ends");
  expect(tv_backend_probe("mock", &err), TV_OK, NULL, NULL, "mock is here");
  expect(tv_backend_probe("best", &err), TV_OK, NULL, NULL, "best is here");
  expect(tv_backend_probe("none", &err), TV_E_NO_DEVICE, &err,
         "not on this machine", "none is not here");
  expect(tv_backend_probe("soft", &err), TV_E_UNKNOWN, &err,
         "no backend is called \"soft\"; there are none, mock, and best",
         "an unknown backend is named");
  expect(make((tv_vm_config){ .backend = "none" }, &vm), TV_E_NO_DEVICE,
         &err, "none is not", "a VM needs its backend");
  expect(make((tv_vm_config){ .backend = "nix" }, &vm), TV_E_UNKNOWN, &err,
         "\"nix\"", "a VM needs a backend that exists");
  expect(tv_vm_new(NULL, &vm, &err), TV_E_UNKNOWN, &err, "\"soft\"",
         "the default is soft");
  ok(!vm, "a refused VM is not given out");
  expect(make((tv_vm_config){ .backend = "best" }, &vm), TV_OK, NULL, NULL,
         "best takes the first that works");
  eq_str(tv_vm_backend(vm), "mock", "which is mock");
  ok(tv_vm_exact(vm), "which is exact");
  tv_vm_free(vm);
  tv_vm_free(NULL);
  mock_fail.vm = true;
  expect(make((tv_vm_config){ .backend = "best" }, &vm), TV_E_NO_MEMORY,
         &err, "mock", "best fails if all fail");
  mock_fail.vm = false;
}

static void vcpus(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *a, *b, *c, *d = NULL;
  tv_vcpu_new(vm, &a, NULL);
  tv_vcpu_new(vm, &b, NULL);
  tv_vcpu_new(vm, &c, NULL);
  ok(tv_vcpu_index(c) == 2 && tv_vm_vcpu(vm, 1) == b && !tv_vm_vcpu(vm, 3),
     "vCPUs count from 0");
  ok(tv_vcpu_vm(b) == vm && tv_vcpu_is_on(b), "a vCPU knows its VM, is on");
  tv_vcpu_free(b);
  tv_vcpu_free(NULL);
  ok(!tv_vm_vcpu(vm, 1) && tv_vm_vcpu(vm, 2) == c, "a freed one leaves a gap");
  tv_vcpu_new(vm, &b, NULL);
  ok(tv_vcpu_index(b) == 1 && tv_vm_vcpu(vm, 1) == b, "which is used again");
  mock_fail.vcpu = true;
  expect(tv_vcpu_new(vm, &d, &err), TV_E_NO_MEMORY, &err, "mock",
         "the backend may refuse a vCPU");
  mock_fail.vcpu = false;
  ok(!d && !tv_vm_vcpu(vm, 3), "a refused vCPU is not there");
  expect(tv_vcpu_irq(a, (tv_irq_line)2, true, &err), TV_E_INVALID, &err,
         "no interrupt line 2", "there are two lines");
  expect(tv_vcpu_answer(a, 1, &err), TV_E_NOT_PENDING, &err,
         "vCPU 0 waits for no answer", "an answer needs a question");
  expect(tv_vm_trap(vm, 4, &err), TV_E_INVALID, &err, "traps 0x4",
         "traps have two bits");
  expect(tv_vm_trap(vm, TV_TRAP_SYSREG, &err), TV_OK, NULL, NULL,
         "traps can be set");
  eq_u64(vm->traps, TV_TRAP_SYSREG, "the backend sees them");
  expect(tv_vm_break(vm, 0x1000, true, &err), TV_E_UNSUPPORTED, &err,
         "mock has no breakpoints here", "a backend may have no breakpoints");
  expect(tv_vm_break(vm, 0x1000, false, &err), TV_OK, NULL, NULL,
         "then none can be taken away, which is no error");
  tv_vm_free(vm);
}

static void reset(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu, *second;
  uint64_t value = 5, pc, sp;
  tv_exit exit;
  tv_vcpu_new(vm, &cpu, NULL);
  tv_vcpu_new(vm, &second, NULL);
  tv_vcpu_set_reset(cpu, 0x1000, 0x2000);
  tv_vcpu_power(second, false);
  tv_vcpu_set(cpu, TV_REG_X(4), &value, 8, NULL);
  tv_vcpu_run(cpu, 10, &exit, NULL);
  tv_vcpu_run(second, 10, &exit, NULL);
  ok(tv_vcpu_is_on(second), "running a vCPU turns it on");
  tv_vcpu_irq(cpu, TV_FIQ, true, NULL);
  expect(tv_vm_reset(vm, &err), TV_OK, NULL, NULL, "a VM can be reset");
  eq_u64(mock_of(cpu)->lines, 1u << TV_FIQ, "interrupt lines stay as driven");
  tv_vcpu_get(cpu, TV_REG_PC, &pc, 8, NULL);
  tv_vcpu_get(cpu, TV_REG_SP, &sp, 8, NULL);
  tv_vcpu_get(cpu, TV_REG_X(4), &value, 8, NULL);
  ok(pc == 0x1000 && sp == 0x2000 && value == 0,
     "reset restores registers, pc and sp");
  ok(tv_vcpu_is_on(cpu) && !tv_vcpu_is_on(second), "and the power");
  eq_u64(tv_vcpu_icount(cpu), 10, "steps are counted across a reset");
  tv_vm_free(vm);
}

int main(void) {
  names();
  configuration();
  backends();
  vcpus();
  reset();
  return done();
}
