// SPDX-License-Identifier: MIT
//
// src/kvm on a kernel that is not there (kvm_refuse.h), which refuses each call
// once; and what is not as others have it: capabilities, pages, breakpoints,
// logs, slots, and how KVM_RUN ends.

#include <stdio.h>    // for __GLIBC__: others declare ioctl in their own way

#include "core/view.h"
#include "tap.h"

#ifdef __GLIBC__

#include "kvm_refuse.h"

static int version = API_VERSION, ipa = 40;
static int run_errno, removal_errno, slot_errno, log_errno;
static uint32_t slot_flags;
static uint64_t slot_pages;        // of the host, which the guest has written
static uint32_t run_reason;
static unsigned entries;
static bool undoing;
static struct kvm_run *shared;
static int breakpoints = 8;

// What KVM_RUN finds: debug exits, and where the guest is then.
static const struct stop { uint32_t hsr; uint64_t pc; } *stops;
static uint64_t pc_now = 4;
static struct kvm_guest_debug debugged;

// The guest has called CPU_OFF, which this kernel served: the vCPU sleeps
// until a signal.
static int run(void) {
  entries++;
  if (stops) {
    shared->exit_reason = EXIT_DEBUG;
    shared->debug.hsr = stops->hsr << 26;
    pc_now = stops++->pc;
    return 0;
  }
  if (shared) shared->exit_reason = run_reason;
  sleeps += run_errno == EINTR;
  errno = run_errno;
  return run_errno ? -1 : 0;
}

// All are 0, but pc is not, which would stand at its own vector.
static int get_one(const struct kvm_one_reg *one) {
  void *to = (void *)(uintptr_t)one->addr;
  memset(to, 0, (size_t)1 << (one->id >> 52 & 15));
  if (one->id == (REG_CORE | CORE_PC)) memcpy(to, &pc_now, 8);
  return 0;
}

static int set_region(const struct kvm_memory_region *region) {
  errno = region->size ? slot_errno : removal_errno;
  if (!errno && region->slot) slot_flags = region->flags;
  if (!errno && !(region->flags & MEM_LOG_DIRTY_PAGES)) slot_pages = 0;
  return errno ? -1 : 0;
}

static int get_log(const struct kvm_dirty_log *log) {
  errno = slot_flags & MEM_LOG_DIRTY_PAGES ? log_errno : ENOENT;
  if (errno) return -1;
  memcpy((void *)(uintptr_t)log->bitmap, &slot_pages, sizeof slot_pages);
  slot_pages = 0;
  return 0;
}

static int extension(unsigned long cap) {
  if (cap == (unsigned long)missing) return 0;
  return cap == CAP_ARM_VM_IPA_SIZE ? ipa :
         cap == CAP_GUEST_DEBUG_HW_BPS ? breakpoints : 8;
}

static int answer(int fd, unsigned long request, unsigned long arg) {
  (void)fd;
  switch (request) {
    case GET_API_VERSION: return version;
    case CHECK_EXTENSION: return extension(arg);
    case GET_VCPU_MMAP_SIZE: return RUN_SIZE;
    case CREATE_VM: case CREATE_VCPU: return descriptor();
    case GET_ONE_REG: return get_one((const struct kvm_one_reg *)arg);
    case GET_MP_STATE:
      ((struct kvm_mp_state *)arg)->state = MP_STOPPED;
      return 0;
    case GET_STATS_FD: return statistics();
    case SET_USER_MEMORY_REGION:
      return set_region((const struct kvm_memory_region *)arg);
    case GET_DIRTY_LOG: return get_log((const struct kvm_dirty_log *)arg);
    case SET_GUEST_DEBUG:
      debugged = *(const struct kvm_guest_debug *)arg;
      return 0;
    case RUN: return run();
    default: return 0;
  }
}

// The filter may be absent, and a GIC; undoing has nobody to tell.
static bool may_fail(int fd, unsigned long request, unsigned long arg) {
  (void)fd, (void)arg;
  return undoing || request == SET_DEVICE_ATTR || request == CREATE_DEVICE;
}

static const tv_vm_config config = { .size = sizeof config,
                                     .backend = "kvm" };

// A step and a run, the timer's output up, until the guest calls CPU_OFF; and
// a step without refusals, which hears of what the end of that left behind.
static tv_status runs(tv_vm *vm, tv_vcpu *cpu) {
  tv_exit exit;
  shared = kvm_of(cpu)->hw.run;
  shared->device_irq_level = LEVEL_VTIMER;
  run_errno = EINTR;
  tv_status s = tv_vcpu_step(cpu, 1, &exit, &err);
  if (!s) s = tv_vm_reset(vm, &err);
  if (!s) s = tv_vm_run(vm, 1000000000, &exit, &err);
  if (!s) s = tv_vm_reset(vm, &err);
  if (!s) s = tv_vcpu_irq(cpu, TV_FIQ, true, &err);
  if (!s) s = tv_vm_run(vm, 1000000000, &exit, &err);
  hearing = true;
  if (!s) s = tv_vm_reset(vm, &err);
  if (!s) s = tv_vcpu_step(cpu, 1, &exit, &err);
  hearing = false;
  run_errno = 0;
  shared = NULL;
  return s;
}

static tv_status scenario(void) {
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  uint64_t pc = 0x1000, pages = 0;
  undoing = false;
  tv_status s = tv_vm_new(&config, &vm, &err);
  if (!s) s = tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE | TV_EXEC, NULL,
                         &err);
  if (!s) s = tv_mem_log(vm, 0, true, &err);
  if (!s) s = tv_mem_dirty(vm, 0, &pages, 1, &err);
  if (!s) s = tv_mem_protect(vm, 0, TV_READ, &err);
  if (!s) s = tv_mem_log(vm, 0, false, &err);
  if (!s) s = tv_mem_ram(vm, 0x10000, 0x10000, TV_READ, NULL, &err);
  if (!s) s = tv_mem_unmap(vm, 0x10000, 0x10000, &err);
  if (!s) s = tv_vcpu_new(vm, &cpu, &err);
  if (!s) s = tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, &err);
  if (!s) s = tv_vcpu_get(cpu, TV_REG_PC, &pc, sizeof pc, &err);
  if (!s) s = tv_vcpu_set(cpu, TV_REG_SYS(VIEW_tpidr_el0), &pc, sizeof pc,
                          &err);
  if (!s) s = tv_vcpu_get(cpu, TV_REG_SYS(VIEW_tpidr_el0), &pc, sizeof pc,
                          &err);
  if (!s) s = tv_vm_break(vm, 0x1000, true, &err);
  if (!s) s = runs(vm, cpu);
  undoing = true;
  tv_vm_free(vm);
  return s;
}

static const unsigned long telling[CALLS] = {
  CREATE_VM, ENABLE_CAP, GET_VCPU_MMAP_SIZE, SET_USER_MEMORY_REGION,
  GET_DIRTY_LOG, CREATE_VCPU, ARM_PREFERRED_TARGET, ARM_VCPU_INIT,
  GET_ONE_REG, SET_ONE_REG, IRQ_LINE, SET_GUEST_DEBUG, GET_MP_STATE,
  SET_MP_STATE, GET_STATS_FD
};

static void kernels(void) {
  static const struct { int cap; const char *name; } need[] = {
    {CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"},
    {CAP_ARM_USER_IRQ, "KVM_CAP_ARM_USER_IRQ"},
    {CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM"},
    {CAP_ARM_NISV_TO_USER, "KVM_CAP_ARM_NISV_TO_USER"}
  };
  open_errno = EACCES;
  says(scenario(), TV_E_DENIED, "group");
  open_errno = EPERM;
  says(scenario(), TV_E_DENIED, "container");
  open_errno = ENOENT;
  says(scenario(), TV_E_NO_DEVICE, "EL2");
  open_errno = 0;
  fail_errno = EPERM;
  fail_at = 1;
  calls = 0;
  says(scenario(), TV_E_DENIED, "sandbox");
  fail_at = 0;
  version = 11;
  says(scenario(), TV_E_UNSUPPORTED, "version 12");
  version = API_VERSION;
  for (unsigned k = 0; k < sizeof need / sizeof *need; k++) {
    missing = need[k].cap;
    says(scenario(), TV_E_UNSUPPORTED, need[k].name);
  }
  missing = -1;
}

static void address_bits(void) {
  static const int limits[][2] = { {0, 40}, {32, 32}, {36, 36}, {40, 40},
                                   {48, 40}, {52, 40} };
  for (unsigned k = 0; k < sizeof limits / sizeof *limits; k++) {
    tv_vm *vm = NULL;
    tv_limits l = { 0 };
    ipa = limits[k][0];
    if (tv_vm_new(&config, &vm, &err)) ok(false, "%s", err.text);
    else tv_vm_limits(vm, &l);
    eq_u64(l.address_bits, (uint64_t)limits[k][1], "KVM offers %d", ipa);
    tv_vm_free(vm);
  }
}

static void pages(void) {
  tv_vm_config fine = config;
  for (page = 4096; page <= 65536; page *= 4) {
    tv_vm *vm = NULL;
    tv_vm_new(&config, &vm, NULL);
    eq_u64(vm ? tv_vm_granule(vm) : 0, (uint64_t)page,
           "the granule is the host's page, %ld", page);
    tv_vm_free(vm);
  }
  page = 65536;
  fine.granule = 16384;
  says(tv_vm_new(&fine, &(tv_vm *){ NULL }, &err), TV_E_INVALID,
       "finer than that of the backend kvm, 65536");
  page = 0;
}

static unsigned room(int hardware) {
  tv_vm *vm = NULL;
  tv_limits l;
  breakpoints = hardware;
  tv_vm_new(&config, &vm, NULL);
  tv_vm_limits(vm, &l);
  for (unsigned k = 0; k < l.breakpoints; k++)
    tv_vm_break(vm, 4 * k, true, NULL);
  if (l.breakpoints)
    says(tv_vm_break(vm, 0x1000, true, &err), TV_E_LIMIT, "all are set");
  else
    says(tv_vm_break(vm, 0x1000, true, &err), TV_E_UNSUPPORTED,
         "no breakpoints here");
  tv_vm_free(vm);
  breakpoints = 8;
  return l.breakpoints;
}

// The breakpoint at 4 is reported; the next run takes it away for a step, and
// the one after that has it again.
static void passing(void) {
  enum { STEP = 0x32, BREAKPOINT = 0x30 };
  static const struct stop first[] = { {BREAKPOINT, 4} }, second[] = {
    {STEP, 8}, {BREAKPOINT, 0x1000} };
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  tv_exit exit = { 0 };
  tv_vm_new(&config, &vm, NULL);
  tv_vcpu_new(vm, &cpu, NULL);
  tv_vm_break(vm, 0x1000, true, NULL);
  tv_vm_break(vm, 4, true, NULL);
  shared = kvm_of(cpu)->hw.run;
  stops = first;
  pc_now = 0;
  tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  ok(exit.kind == TV_EXIT_BREAKPOINT && exit.pc == 4, "reported");
  ok(debugged.control == (DEBUG_ENABLE | DEBUG_USE_HW) &&
     debugged.bvr[0] == 4 && debugged.bvr[1] == 0x1000 &&
     debugged.bcr[1] == 0x1e7 && !debugged.bcr[2], "KVM was told of both");
  stops = second;
  tv_vcpu_step(cpu, 1, &exit, &err);
  ok(exit.kind == TV_EXIT_BUDGET &&
     debugged.control == (DEBUG_ENABLE | DEBUG_USE_HW | DEBUG_SINGLESTEP) &&
     debugged.bvr[0] == 0x1000 && !debugged.bcr[1], "a step passes the one");
  tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  ok(exit.kind == TV_EXIT_BREAKPOINT && exit.pc == 0x1000 &&
     debugged.control == (DEBUG_ENABLE | DEBUG_USE_HW) && debugged.bvr[0] == 4,
     "then it is there again");
  stops = NULL;
  shared = NULL;
  pc_now = 4;
  tv_vm_free(vm);
  ok(!debugged.control, "a freed vCPU's hardware is clean");
}

// A run that the kernel ends in a way that is no exit of the guest's.
static void run_ends(int os, uint32_t reason, const char *piece) {
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  tv_exit exit;
  tv_vm_new(&config, &vm, NULL);
  tv_vcpu_new(vm, &cpu, NULL);
  shared = kvm_of(cpu)->hw.run;
  run_errno = os;
  run_reason = reason;
  tv_status s = tv_vm_run(vm, 1000000, &exit, &err);
  ok(s && strstr(err.text, piece), "%s: %s", piece, err.text);
  shared = NULL;
  run_errno = 0;
  tv_vm_free(vm);
}

// The kernel's log and the host's own writes, in pages of 4096 bytes.
static void logs(void) {
  static _Alignas(65536) uint8_t memory[0x40000];
  tv_vm *vm = NULL;
  uint64_t map = 0, each = (uint64_t)page / TV_DIRTY_PAGE;
  uint64_t all = (UINT64_C(1) << each) - 1;
  tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, sizeof memory, TV_READ | TV_WRITE, memory, NULL);
  eq_u64(slot_flags, 0, "pages of %ld: a slot without a log", page);
  tv_mem_log(vm, 0, true, NULL);
  eq_u64(slot_flags, MEM_LOG_DIRTY_PAGES, "and with one");
  slot_pages = 1 << 1;
  tv_mem_write(vm, 0x3f000, "x", 1, NULL);
  log_errno = ENOMEM;
  says(tv_mem_dirty(vm, 0, &map, 1, &err), TV_E_NO_MEMORY,
       "KVM_GET_DIRTY_LOG");
  says(tv_mem_protect(vm, 0, TV_READ, &err), TV_E_NO_MEMORY,
       "KVM_GET_DIRTY_LOG");
  log_errno = 0;
  tv_mem_dirty(vm, 0, &map, 1, NULL);
  eq_u64(map, all << each | UINT64_C(1) << 63, "the guest's and the host's");
  slot_pages = 1 << 2;
  tv_mem_protect(vm, 0, TV_READ, NULL);
  eq_u64(slot_flags, MEM_LOG_DIRTY_PAGES | MEM_READONLY, "a new slot has one");
  tv_mem_protect(vm, 0, TV_WRITE, NULL);
  tv_mem_dirty(vm, 0, &map, 1, NULL);
  eq_u64(map, all << 2 * each, "and nothing of the old one's is lost");
  tv_mem_protect(vm, 0, TV_READ | TV_WRITE, NULL);
  slot_pages = 1;
  tv_mem_log(vm, 0, true, NULL);
  tv_mem_dirty(vm, 0, &map, 1, NULL);
  eq_u64(map, 0, "beginning again forgets the kernel's as well");
  slot_errno = EIO;
  says(tv_mem_log(vm, 0, false, &err), TV_E_LIMIT, "errno 5");
  ok(!tv_mem_dirty(vm, 0, &map, 1, &err), "a log that cannot end goes on");
  slot_errno = 0;
  tv_mem_log(vm, 0, false, NULL);
  eq_u64(slot_flags, 0, "it ends");
  slot_errno = EIO;
  says(tv_mem_log(vm, 0, true, &err), TV_E_LIMIT, "errno 5");
  slot_errno = 0;
  says(tv_mem_dirty(vm, 0, &map, 1, &err), TV_E_STATE, "is not logged");
  tv_vm_free(vm);
}

// A slot that the kernel keeps: the guest could go on with its memory.
static void slot_stays(void) {
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  tv_exit exit;
  tv_region r;
  char byte = 0;
  tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE, NULL, NULL);
  tv_mem_write(vm, 0, "x", 1, NULL);
  tv_vcpu_new(vm, &cpu, NULL);
  entries = 0;
  removal_errno = EIO;
  says(tv_mem_protect(vm, 0, TV_READ, &err), TV_E_STATE, "errno 5; what was");
  tv_mem_find(vm, 0, &r);
  ok(r.prot == (TV_READ | TV_WRITE) && !tv_vm_run(vm, 0, &exit, &err),
     "a protection that is refused has changed nothing");
  says(tv_mem_unmap(vm, 0, 0x10000, &err), TV_E_STATE, "errno 5; what was");
  removal_errno = 0;
  ok(!tv_mem_read(vm, 0, &byte, 1, &err) && byte == 'x',
     "what cannot be unmapped keeps its memory");
  memset(&err, 0, sizeof err);
  says(tv_vm_run(vm, 1000, &exit, &err), TV_E_STATE,
       "KVM_SET_USER_MEMORY_REGION failed with errno 5");
  tv_vm_reset(vm, NULL);
  says(tv_vcpu_run(cpu, 1000, &exit, &err), TV_E_STATE, "errno 5");
  eq_u64(entries, 0, "and the guest is not entered");
  tv_vm_free(vm);
}

// One that cannot be made again.
static void slot_lost(void) {
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  tv_exit exit;
  tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, 0x10000, TV_READ | TV_WRITE, NULL, NULL);
  tv_vcpu_new(vm, &cpu, NULL);
  entries = 0;
  slot_errno = ENOSPC;
  says(tv_mem_protect(vm, 0, TV_READ, &err), TV_E_LIMIT, "all slots are used");
  slot_errno = 0;
  says(tv_vm_run(vm, 1000, &exit, &err), TV_E_LIMIT, "all slots are used");
  eq_u64(entries, 0, "without its memory the guest is not entered");
  tv_vm_free(vm);
}

int main(void) {
  rounds(EIO, telling);
  rounds(ENOMEM, telling);
  kernels();
  address_bits();
  pages();
  eq_u64(room(8), 5, "of 8 hardware breakpoints 3 are the timers'");
  eq_u64(room(1000), 13, "of 1000 we use 16");
  eq_u64(room(3), 0, "of 3 none is left");
  eq_u64(room(0), 0, "of 0, too");
  passing();
  run_ends(EFAULT, 0, "KVM_RUN failed with errno 14");
  run_ends(ENOMEM, 0, "RLIMIT_MEMLOCK");
  run_ends(EINVAL, 0, "AArch32");
  run_ends(ENOEXEC, 0, "not initialized");
  run_ends(0, 17, "reason 17");
  for (page = 4096; page <= 65536; page *= 4) logs();
  page = 0;
  slot_stays();
  slot_lost();
  return done();
}

#else

int main(void) {
  skip("ioctl is declared otherwise than by glibc", "refusals");
  return done();
}

#endif
