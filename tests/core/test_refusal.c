// SPDX-License-Identifier: MIT
//
// Every refusal that soft and the core can give, by the public API alone: the
// status, the same in tv_error, one sentence that names the cause, and nothing
// changed. Refusals of no memory are in test_allocation.c, those of other
// backends in test_vm.c and tests/hvf.

#include <pthread.h>

#include "tap.h"
#include "tinyvmm.h"

enum { RWX = TV_READ | TV_WRITE | TV_EXEC, BASE = 0x10000, SIZE = 0x10000 };

static tv_error err;
static unsigned codes;     // bit n: status -n was seen

// `got` must be `want`, told by `err` with a sentence that has `text` in it.
static void refused(tv_status got, tv_status want, const char *text,
                    const char *law) {
  bool told = err.code == want && strstr(err.text, text) &&
              !strchr(err.text, '\n');
  if (!ok(got == want && told, "%s", law))
    note("got %d, told %d \"%s\"", got, err.code, err.text);
  codes |= 1u << -want;
  memset(&err, 0, sizeof err);
}

static tv_vm *machine(tv_vcpu **cpu) {
  tv_vm *vm = NULL;
  if (tv_vm_new(NULL, &vm, &err) ||
      tv_mem_ram(vm, BASE, SIZE, RWX, NULL, &err) ||
      tv_mem_mmio(vm, 0x100000, 0x1000, &err) || tv_vcpu_new(vm, cpu, &err))
    note("no machine: %s", err.text);
  uint64_t pc = BASE;
  tv_vcpu_set(*cpu, TV_REG_PC, &pc, 8, &err);
  return vm;
}

static void load(tv_vm *vm, uint32_t a, uint32_t b) {
  uint32_t code[] = {a, b};
  tv_mem_write(vm, BASE, code, sizeof code, &err);
}

static tv_status make(tv_vm_config config) {
  config.size = sizeof config;
  tv_vm *vm = (tv_vm *)&err;     // must stay what it is
  tv_status s = tv_vm_new(&config, &vm, &err);
  ok(vm == (tv_vm *)&err, "no VM is given out");
  return s;
}

static void configurations(void) {
  refused(make((tv_vm_config){.backend = "bhyve"}), TV_E_UNKNOWN,
          "soft", "an unknown backend: the message names those there are");
  refused(make((tv_vm_config){.cpu = "z80"}), TV_E_UNKNOWN, "cortex-a53",
          "an unknown CPU: the message names those there are");
  refused(make((tv_vm_config){.pauth = "rot13"}), TV_E_INVALID, "qarma5",
          "an unknown algorithm of pointer authentication");
  refused(make((tv_vm_config){.granule = 2048}), TV_E_INVALID, "2048",
          "a granule below a page");
  refused(tv_backend_probe("bhyve", &err), TV_E_UNKNOWN, "bhyve",
          "a probe of an unknown backend");
  tv_vm *vm;
  tv_vm_config big = {.size = 2};
  refused(tv_vm_new(&big, &vm, &err), TV_E_INVALID, "sizeof",
          "a config without its size");
}

static void maps(void) {
  tv_vcpu *cpu;
  tv_vm *vm = machine(&cpu);
  tv_region region = {.id = 77};
  refused(tv_mem_ram(vm, 0x200000, 0, RWX, NULL, &err), TV_E_INVALID,
          "0x200000", "RAM without size");
  refused(tv_mem_ram(vm, 0x200800, 0x1000, RWX, NULL, &err), TV_E_ALIGNMENT,
          "0x201000", "a base between granules: the nearest are named");
  refused(tv_mem_mmio(vm, 0x200000, 0x10, &err), TV_E_ALIGNMENT, "0x10",
          "a size between granules");
  refused(tv_mem_ram(vm, 0x1f000, 0x2000, RWX, NULL, &err), TV_E_OVERLAP,
          "0x1ffff", "RAM over RAM: both are named");
  refused(tv_mem_mmio(vm, 0x100000, 0x1000, &err), TV_E_OVERLAP, "MMIO",
          "MMIO twice");
  refused(tv_mem_ram(vm, UINT64_C(1) << 48, 0x1000, RWX, NULL, &err),
          TV_E_LIMIT, "48 bits", "RAM beyond the CPU's physical addresses");
  refused(tv_mem_ram(vm, -(uint64_t)0x1000, 0x2000, RWX, NULL, &err),
          TV_E_RANGE, "52-bit", "RAM around the end of all addresses");
  refused(tv_mem_ram(vm, 0x200000, 0x1000, 8, NULL, &err), TV_E_INVALID,
          "0x8", "protections that there are not");
  refused(tv_mem_ram(vm, 0x200000, 0x2000, RWX, (void *)-(uintptr_t)0x1000,
                     &err), TV_E_INVALID, "around the end",
          "host memory around the end of the host's addresses");
  refused(tv_mem_unmap(vm, BASE, 0x1000, &err), TV_E_RANGE, "whole",
          "unmapping a part of a region");
  refused(tv_mem_unmap(vm, 0x400000, 0x1000, &err), TV_E_RANGE, "nothing",
          "unmapping nothing");
  refused(tv_mem_unmap(vm, 0x400000, 0, &err), TV_E_INVALID, "no range",
          "unmapping no bytes");
  refused(tv_mem_protect(vm, BASE + 0x1000, RWX, &err), TV_E_RANGE,
          "not the base", "protecting from within a region");
  refused(tv_mem_protect(vm, 0x100000, TV_READ, &err), TV_E_RANGE, "MMIO",
          "protecting MMIO");
  refused(tv_mem_protect(vm, 0x400000, TV_READ, &err), TV_E_RANGE, "nothing",
          "protecting nothing");
  refused(tv_mem_protect(vm, BASE, 16, &err), TV_E_INVALID, "0x10",
          "protecting by unknown bits");
  ok(tv_mem_region(vm, 2, &region) == TV_E_RANGE &&
     tv_mem_find(vm, 0x400000, &region) == TV_E_RANGE && region.id == 77,
     "there are two regions as before, and no third is given out");
  tv_vm_free(vm);
}

static void memory(void) {
  tv_vcpu *cpu;
  tv_vm *vm = machine(&cpu);
  char bytes[16] = "unchanged";
  refused(tv_mem_read(vm, BASE + SIZE - 8, bytes, 16, &err), TV_E_RANGE,
          "nothing is mapped at 0x20000", "reading across the end of RAM");
  eq_str(bytes, "unchanged", "a refused read gives no bytes out");
  refused(tv_mem_write(vm, BASE + SIZE - 8, bytes, 16, &err), TV_E_RANGE,
          "0x20000", "writing across the end of RAM");
  refused(tv_mem_read(vm, 0x100000, bytes, 4, &err), TV_E_RANGE, "MMIO",
          "reading MMIO");
  refused(tv_mem_read(vm, UINT64_MAX - 3, bytes, 16, &err), TV_E_RANGE, "",
          "reading around the end of all addresses");
  ok(tv_mem_read(vm, BASE + SIZE - 8, bytes, 8, &err) == TV_OK && !bytes[0],
     "a refused write wrote no byte");
  ok(!tv_mem_host(vm, BASE + SIZE - 8, 16) && !tv_mem_host(vm, 0x100000, 4) &&
     !tv_mem_host(vm, BASE, UINT64_MAX), "what is not RAM has no host address");
  tv_vm_free(vm);
}

static void registers(void) {
  tv_vcpu *cpu;
  tv_vm *vm = machine(&cpu);
  uint64_t v = 0x55, bad = 0x3c9;     // EL2h
  tv_reg reg = 99, id = 0, afsr = TV_REG_SYS(0x7fff);
  refused(tv_vcpu_get(cpu, TV_REG_X(0), &v, 4, &err), TV_E_INVALID,
          "x0 has 8 bytes", "the wrong size of a register");
  refused(tv_vcpu_set(cpu, TV_REG_W(3), &v, 8, &err), TV_E_INVALID,
          "w3 has 4 bytes", "the wrong size of a W register");
  refused(tv_vcpu_get(cpu, 0x3f, &v, 8, &err), TV_E_UNKNOWN, "0x3f",
          "a number that is no register");
  refused(tv_vcpu_get(cpu, afsr, &v, 8, &err), TV_E_UNKNOWN, "no register",
          "reading a system register that the CPU has not");
  refused(tv_vcpu_set(cpu, afsr, &v, 8, &err), TV_E_UNKNOWN, "no register",
          "writing a system register that the CPU has not");
  ok(v == 0x55, "refused reads give no value out");
  ok(tv_reg_by_name("x31", &reg) == TV_E_UNKNOWN &&
     tv_reg_by_name("", &reg) == TV_E_UNKNOWN &&
     tv_reg_by_name("X0", &reg) == TV_E_UNKNOWN &&
     tv_reg_by_name("s4_0_c1_c0_0", &reg) == TV_E_UNKNOWN && reg == 99,
     "names that are no register's");
  tv_reg_by_name("midr_el1", &id);
  refused(tv_vcpu_set(cpu, id, &v, 8, &err), TV_E_READ_ONLY, "midr_el1",
          "writing an ID register");
  refused(tv_vcpu_set(cpu, TV_REG_PSTATE, &bad, 8, &err), TV_E_INVALID,
          "EL1h", "a PSTATE of another exception level");
  tv_vcpu_get(cpu, TV_REG_PSTATE, &v, 8, &err);
  eq_u64(v, 0x3c5, "PSTATE is as it was");
  refused(tv_vcpu_irq(cpu, (tv_irq_line)2, true, &err), TV_E_INVALID,
          "TV_FIQ", "an interrupt line that there is not");
  refused(tv_vcpu_answer(cpu, 1, &err), TV_E_NOT_PENDING, "no answer",
          "an answer that nobody waits for");
  refused(tv_vcpu_inject(cpu, 0, 0, &err), TV_E_STATE, "VBAR_EL1",
          "injecting where the guest has no vectors");
  refused(tv_vm_trap(vm, 4, &err), TV_E_INVALID, "0x4",
          "events that there are not");
  tv_vm_free(vm);
}

// Called inside a run: what must not happen there.
static tv_hc nosy(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                  uint64_t *x0) {
  (void)ctx, (void)arg, (void)x0;
  tv_vm *vm = tv_vcpu_vm(cpu);
  tv_vcpu *other = NULL;
  tv_exit exit = {.kind = TV_EXIT_BRK};
  refused(tv_vcpu_run(cpu, 1, &exit, &err), TV_E_BUSY, "while the VM runs",
          "a handler runs its vCPU");
  refused(tv_vcpu_step(cpu, 1, &exit, &err), TV_E_BUSY, "while the VM runs",
          "a handler steps its vCPU");
  refused(tv_vm_run(vm, 1, &exit, &err), TV_E_BUSY, "while the VM runs",
          "a handler runs its VM");
  refused(tv_vm_reset(vm, &err), TV_E_BUSY, "while the VM runs",
          "a handler resets its VM");
  refused(tv_vcpu_new(vm, &other, &err), TV_E_BUSY, "while the VM runs",
          "a handler makes a vCPU");
  refused(tv_mem_ram(vm, 0x200000, 0x1000, RWX, NULL, &err), TV_E_BUSY,
          "while the VM runs", "a handler maps memory");
  refused(tv_mem_unmap(vm, BASE, SIZE, &err), TV_E_BUSY, "while the VM runs",
          "a handler unmaps memory");
  refused(tv_mem_protect(vm, BASE, TV_READ, &err), TV_E_BUSY,
          "while the VM runs", "a handler protects memory");
  ok(!other && exit.kind == TV_EXIT_BRK, "nothing is given out");
  return TV_HC_EXIT;
}

static void *from_elsewhere(void *cpu) {
  tv_exit exit;
  refused(tv_vcpu_run(cpu, 1, &exit, &err), TV_E_THREAD, "another thread",
          "another thread runs the vCPU");
  return NULL;
}

static void runs(void) {
  tv_vcpu *cpu;
  tv_exit exit;
  tv_vm *vm = machine(&cpu);
  load(vm, 0x52800060, 0xd4000002);       // mov w0, #3; hvc #0
  tv_vm_hypercall(vm, 3, nosy, NULL, &err);
  ok(tv_vcpu_run(cpu, 9, &exit, &err) == TV_OK && exit.kind == TV_EXIT_HVC,
     "the run goes on behind what its handler was refused");
  pthread_t thread;
  pthread_create(&thread, NULL, from_elsewhere, cpu);
  pthread_join(thread, NULL);

  load(vm, 0xd2a00201, 0xf9400022);       // mov x1, #0x100000; ldr x2, [x1]
  uint64_t pc = BASE;
  tv_vcpu_set(cpu, TV_REG_PC, &pc, 8, &err);
  tv_vcpu_run(cpu, 9, &exit, &err);
  ok(exit.kind == TV_EXIT_MMIO && tv_vcpu_pending(cpu), "a read waits");
  refused(tv_vcpu_run(cpu, 1, &exit, &err), TV_E_PENDING, "tv_vcpu_answer",
          "running over a read that waits");
  refused(tv_vm_run(vm, 1, &exit, &err), TV_E_PENDING, "tv_vcpu_answer",
          "running the VM over a read that waits");
  tv_vcpu_answer(cpu, 1, &err);
  refused(tv_vcpu_answer(cpu, 2, &err), TV_E_NOT_PENDING, "no answer",
          "a second answer");

  load(vm, 0x52800000, 0xd4000002);       // mov w0, #0; hvc #0
  tv_vcpu_skip(cpu, &err);
  tv_vcpu_set(cpu, TV_REG_PC, &pc, 8, &err);
  tv_vcpu_run(cpu, 9, &exit, &err);
  refused(tv_vcpu_run(cpu, 1, &exit, &err), TV_E_STATE, "has ended",
          "running what has ended itself");
  tv_vm_free(vm);
}

// The same calls with nowhere to tell.
static void silent(void) {
  tv_vcpu *cpu;
  tv_exit exit;
  tv_vm *vm = machine(&cpu), *none = NULL;
  uint64_t v = 0;
  ok(tv_vm_new(&(tv_vm_config){.size = 1}, &none, NULL) == TV_E_INVALID &&
     tv_mem_ram(vm, BASE, SIZE, RWX, NULL, NULL) == TV_E_OVERLAP &&
     tv_mem_unmap(vm, 0, 0x1000, NULL) == TV_E_RANGE &&
     tv_mem_read(vm, 0, &v, 8, NULL) == TV_E_RANGE &&
     tv_vcpu_get(cpu, 0x3f, &v, 8, NULL) == TV_E_UNKNOWN &&
     tv_vcpu_answer(cpu, 0, NULL) == TV_E_NOT_PENDING &&
     tv_vcpu_inject(cpu, 0, 0, NULL) == TV_E_STATE &&
     tv_vcpu_run(cpu, 0, &exit, NULL) == TV_OK && exit.kind == TV_EXIT_BUDGET,
     "a tv_error of NULL is good enough");
  tv_vm_free(vm);
}

int main(void) {
  configurations();
  maps();
  memory();
  registers();
  runs();
  silent();
  // The others need hardware, files or an empty memory.
  static const tv_status here[] = {
    TV_E_INVALID, TV_E_OVERLAP, TV_E_ALIGNMENT, TV_E_RANGE, TV_E_BUSY,
    TV_E_THREAD, TV_E_PENDING, TV_E_NOT_PENDING, TV_E_UNKNOWN,
    TV_E_READ_ONLY, TV_E_LIMIT, TV_E_STATE
  };
  unsigned want = 0;
  for (size_t i = 0; i < sizeof here / sizeof *here; i++)
    want |= 1u << -here[i];
  eq_u64(codes, want, "every code that can be had here was had");
  return done();
}
