// SPDX-License-Identifier: MIT
//
// soft's GIC as the C API shows it: its place in memory, its vCPUs, its inputs
// and what is refused.

#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "tinyvmm.h"

static tv_error err;

static tv_status make(tv_vm_config config, tv_vm **vm) {
  config.size = sizeof config;
  return tv_vm_new(&config, vm, &err);
}

// A status by its name, and a text that must occur in the error's.
static void expect(tv_status got, tv_status want, const char *text,
                   const char *law) {
  eq_str(tv_status_name(got), tv_status_name(want), "%s", law);
  if (got == want && text)
    ok(strstr(err.text, text) != NULL, "%s: \"%s\"", law, err.text);
}

static void memory(void) {
  tv_vm *vm = NULL;
  tv_region r;
  uint32_t word;
  if (make((tv_vm_config){ .gic = 3 }, &vm)) abort();
  eq_u64(tv_vm_gic(vm), 3, "the VM has a GICv3");
  expect(tv_mem_find(vm, TV_GIC_DISTRIBUTOR, &r), TV_OK, NULL,
         "the distributor is in the memory map");
  eq_u64(r.kind, TV_MEM_DEVICE, "as a device");
  eq_u64(r.size, 0x10000, "of 64 KiB");
  expect(tv_mem_find(vm, TV_GIC_REDISTRIBUTOR, &r), TV_OK, NULL,
         "and so are the redistributors");
  eq_u64(r.size, TV_GIC_VCPUS * UINT64_C(0x20000), "of 128 KiB each");
  expect(tv_mem_unmap(vm, TV_GIC_DISTRIBUTOR, 0x10000, &err), TV_E_STATE,
         "belongs to the VM", "which nobody unmaps");
  expect(tv_mem_unmap(vm, 0, UINT64_C(1) << 32, &err), TV_E_STATE,
         "belongs to the VM", "not with all else either");
  expect(tv_mem_protect(vm, TV_GIC_DISTRIBUTOR, TV_READ, &err), TV_E_RANGE,
         "it is in the GIC", "or protects");
  expect(tv_mem_ram(vm, TV_GIC_REDISTRIBUTOR + 0x1000, 0x1000, TV_READ, NULL,
                    &err), TV_E_OVERLAP, "overlaps the GIC", "or covers");
  expect(tv_mem_read(vm, TV_GIC_DISTRIBUTOR, &word, 4, &err), TV_E_RANGE,
         "the GIC is at 0x", "the host has no bytes there to copy");
  ok(!tv_mem_host(vm, TV_GIC_DISTRIBUTOR, 4), "or to look at");
  tv_vm_free(vm);
}

static void vcpus(void) {
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL, *other;
  tv_exit exit;
  if (make((tv_vm_config){ .gic = 3 }, &vm)) abort();
  for (unsigned k = 0; k < TV_GIC_VCPUS; k++)
    if (tv_vcpu_new(vm, &cpu, &err)) abort();
  expect(tv_vcpu_new(vm, &other, &err), TV_E_LIMIT,
         "redistributors for 123 vCPUs", "the 124th vCPU is refused");
  expect(tv_vcpu_irq(cpu, TV_IRQ, true, &err), TV_E_STATE,
         "the GIC drives the lines", "and so are the vCPUs' own lines");
  expect(tv_vcpu_irq(cpu, TV_FIQ, true, &err), TV_E_STATE,
         "the GIC drives the lines", "of both kinds");
  tv_vcpu_free(cpu);
  if (tv_vcpu_run(tv_vm_vcpu(vm, 0), 1, &exit, &err)) abort();
  expect(tv_vcpu_new(vm, &other, &err), TV_E_STATE,
         "make all before it", "after the first run there are no new vCPUs");
  tv_vm_free(vm);
}

static void inputs(void) {
  static const uint32_t bad[] = { 0, 16, 27, 31, 256, 1019, 1023, UINT32_MAX };
  tv_vm *vm = NULL;
  expect(make((tv_vm_config){ .gic = 3, .timer_exit = true }, &vm),
         TV_E_INVALID, "PPI 27",
         "with a GIC the timer interrupts, and makes no exits");
  if (make((tv_vm_config){ .gic = 3 }, &vm)) abort();
  for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++)
    expect(tv_vm_irq(vm, bad[k], true, &err), TV_E_RANGE,
           "these are 32 to 255", "an INTID that is not of an SPI is refused");
  expect(tv_vm_irq(vm, 32, true, &err), TV_OK, NULL,
         "the first SPI is 32");
  expect(tv_vm_irq(vm, 255, true, &err), TV_OK, NULL,
         "the last one is 255, and there need not be a vCPU");
  tv_vm_free(vm);
}

int main(void) {
  memory();
  vcpus();
  inputs();
  return done();
}
