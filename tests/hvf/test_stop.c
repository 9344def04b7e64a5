// SPDX-License-Identifier: MIT
//
// tv_vm_stop from another thread, at any moment of a VM's life: before its
// vCPUs have threads, while they run, while nobody does. Each call ends one
// run, this or the next; none is lost.

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "mock.h"
#include "tap.h"

enum { CPUS = 4, LIVES = 8, STOPS = 25 };

static atomic_uint asked, taken;

// Asks again when the one before has been heard.
static void *stopper(void *vm) {
  for (unsigned n = 0; n < STOPS; n++) {
    while (atomic_load(&taken) < n) sched_yield();
    atomic_fetch_add(&asked, 1);
    tv_vm_stop(vm);
  }
  return NULL;
}

static tv_hc nothing(void *ctx, tv_vcpu *cpu, const uint64_t *arg,
                     uint64_t *x0) {
  (void)ctx, (void)cpu, (void)arg, (void)x0;
  return TV_HC_RESUME;
}

static void life(unsigned cpus) {
  static const uint32_t guest[] = {
    0xd2800120, 0xd4000002, 0x91000421, 0x17fffffd
  };            // mov x0, #9; hvc #0; add x1, x1, #1; b .-12
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf" };
  tv_vm *vm = NULL;
  tv_vcpu *cpu[CPUS];
  tv_exit exit;
  pthread_t thread;
  unsigned stopped = 0;
  tv_status s = tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, MOCK_GRANULE, TV_READ | TV_EXEC, NULL, NULL);
  tv_mem_write(vm, 0, guest, sizeof guest, NULL);
  tv_vm_hypercall(vm, 9, nothing, NULL, NULL);
  for (unsigned k = 0; k < cpus; k++) tv_vcpu_new(vm, &cpu[k], NULL);
  atomic_store(&asked, 0);
  atomic_store(&taken, 0);
  if (pthread_create(&thread, NULL, stopper, vm)) abort();
  while (!s && stopped < STOPS) {
    s = tv_vm_run(vm, TV_NO_LIMIT, &exit, NULL);
    if (s || exit.kind != TV_EXIT_STOPPED) break;
    stopped++;
    if (stopped == STOPS / 2 && cpus > 1) tv_vcpu_free(cpu[--cpus]);
    atomic_fetch_add(&taken, 1);
  }
  pthread_join(thread, NULL);
  eq_u64(stopped, STOPS, "each stop ends a run");
  tv_vm_free(vm);
  ok(!mock.vm, "and the VM is closed");
}

static void *stop_once(void *vm) {
  tv_vm_stop(vm);
  return NULL;
}

// A guest that never leaves by itself; the budget is some seconds.
static void spinning(void) {
  static const uint32_t guest = 0x14000000;      // b .
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf" };
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  tv_exit exit = { 0 };
  pthread_t thread;
  tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, MOCK_GRANULE, TV_READ | TV_EXEC, NULL, NULL);
  tv_mem_write(vm, 0, &guest, sizeof guest, NULL);
  tv_vcpu_new(vm, &cpu, NULL);
  for (unsigned n = 0; n < STOPS; n++) {
    if (pthread_create(&thread, NULL, stop_once, vm)) abort();
    tv_vm_run(vm, 10000000000, &exit, NULL);
    pthread_join(thread, NULL);
    if (exit.kind != TV_EXIT_STOPPED) break;
  }
  eq_str(tv_exit_name(exit.kind), "stopped", "a loop is stopped as well");
  tv_vm_free(vm);
}

// Signals of the host, as of a terminal that changes its size, end runs of the
// framework but none of the caller's.
static void signals(void) {
  static const uint32_t guest[] = {
    0xd2800001, 0x91000421, 0xf11fa03f, 0x54ffffc1, 0xd4000022, 0x14000000
  };            // mov x1, #0; add x1, x1, #1; cmp x1, #2024; b.ne .-8; hvc #1;
                // b .
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf" };
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  tv_exit exit = { 0 };
  tv_error err = { 0 };
  tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, MOCK_GRANULE, TV_READ | TV_EXEC, NULL, NULL);
  tv_mem_write(vm, 0, guest, sizeof guest, NULL);
  tv_vcpu_new(vm, &cpu, NULL);
  mock.signals = 20;
  ok(!tv_vcpu_run(cpu, TV_NO_LIMIT, &exit, &err) && exit.pc == 16,
     "a guest outlives signals: %s", err.text);
  mock.signals = 1;
  ok(!tv_vcpu_step(cpu, 1, &exit, &err), "a step, too: %s", err.text);
  mock.signals = UINT32_MAX;
  ok(tv_vcpu_run(cpu, TV_NO_LIMIT, &exit, &err) == TV_E_UNSUPPORTED &&
     strstr(err.text, "no known reason"), "but not without end: %s", err.text);
  mock.signals = 0;
  tv_vm_free(vm);
}

int main(void) {
  signals();
  spinning();
  for (unsigned n = 0; n < LIVES; n++) life(1 + n % CPUS);
  return done();
}
