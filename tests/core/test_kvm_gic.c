// SPDX-License-Identifier: MIT
//
// VMs with a GIC on a kernel that is not there (kvm_fake.h). Each call that may
// be refused is, once, and the caller hears of it; and what ends KVM_RUN is
// taken for what it is.

#include <stdio.h>    // for __GLIBC__: others declare ioctl in their own way

#include "core/view.h"
#include "tap.h"

#ifdef __GLIBC__

#include "kvm_refuse.h"

static bool undoing;

// The kernel's VM, GIC and vCPU.
static int vm_fd, gic_fd;
static uint32_t mp_state;
static uint64_t timer_control, compare;
static struct kvm_run *shared;
static uint32_t levels[8];
static uint64_t pmr, created;

// What KVM_RUN finds: w, a signal ends a wait; z, it comes before the wait; y,
// and after something else; s, a signal ends no wait;
// k, something wakes the vCPU that is suspended, l, as a signal does; i, an
// interrupt has ended a wait, then a signal comes; d, the timer fires, which is
// no interrupt; h, a hypercall. In the end: w.
static const char *script;
static char states[16];            // r or s, with what it was entered
static unsigned entries;

static int signal_comes(void) {
  errno = EINTR;
  return -1;
}

static int run(void) {
  char what = *script ? *script++ : 'w';
  if (entries + 1 < sizeof states)
    states[entries] = mp_state == MP_SUSPENDED ? 's' : 'r';
  entries++;
  switch (what) {
    case 'w': count(WAITS); count(EXITS); sleeps++; return signal_comes();
    case 'y': count(EXITS); // fall through
    case 'z': count(EXITS); count(WFIS); return signal_comes();
    case 'i': count(WAITS + 1); count(WAKEUPS); sleeps++; return signal_comes();
    case 's': sleeps++; return signal_comes();
    case 'd': compare = 0; return signal_comes();
    case 'h':
      shared->exit_reason = EXIT_HYPERCALL;
      return 0;
    default:
      count(WAITS);
      if (what == 'k') count(WAKEUPS);
      shared->exit_reason = EXIT_SYSTEM_EVENT;
      shared->system_event.type = EVENT_WAKEUP;
      return 0;
  }
}

static int get_one(const struct kvm_one_reg *one) {
  void *to = (void *)(uintptr_t)one->addr;
  memset(to, 0, (size_t)1 << (one->id >> 52 & 15));
  if (one->id == (REG_CORE | CORE_PC)) memcpy(to, &(uint64_t){ 4 }, 8);
  if (one->id == REG_CORE) memcpy(to, &(uint64_t){ 99 }, 8);
  if (one->id == (REG_SYS | VIEW_cntv_ctl_el0)) memcpy(to, &timer_control, 8);
  if (one->id == (REG_SYS | VIEW_cntvct_el0)) memcpy(to, &compare, 8);
  return 0;
}

static int device_attr(const struct kvm_device_attr *a, bool write) {
  void *at = (void *)(uintptr_t)a->addr;
  if (a->group == VGIC_LEVEL_INFO) memcpy(&levels[a->attr / 32], at, 4);
  if (a->group != VGIC_CPU_SYSREGS) return 0;
  memcpy(write ? (void *)&pmr : at, write ? at : (void *)&pmr, 8);
  return 0;
}

static int answer(int fd, unsigned long request, unsigned long arg) {
  void *at = (void *)(uintptr_t)arg;
  switch (request) {
    case GET_API_VERSION: return API_VERSION;
    case CHECK_EXTENSION: return arg == (unsigned long)missing ? 0 : 8;
    case GET_VCPU_MMAP_SIZE: return RUN_SIZE;
    case CREATE_VM: return vm_fd = descriptor();
    case CREATE_VCPU: return descriptor();
    case CREATE_DEVICE:
      created++;
      gic_fd = descriptor();
      ((struct kvm_create_device *)at)->fd = (uint32_t)gic_fd;
      return 0;
    case GET_STATS_FD: return statistics();
    case GET_ONE_REG: return get_one(at);
    case GET_MP_STATE: ((struct kvm_mp_state *)at)->state = mp_state; return 0;
    case SET_MP_STATE: mp_state = ((struct kvm_mp_state *)at)->state; return 0;
    case SET_DEVICE_ATTR: return fd == gic_fd ? device_attr(at, true) : 0;
    case GET_DEVICE_ATTR: return device_attr(at, false);
    case RUN: return run();
    default: return 0;
  }
}

// The filter may be absent, registers of active priorities, too.
static bool may_fail(int fd, unsigned long request, unsigned long arg) {
  const struct kvm_device_attr *a = (void *)(uintptr_t)arg;
  if (undoing) return true;
  if (request != SET_DEVICE_ATTR) return false;
  if (fd == vm_fd) return true;
  uint16_t key = a->attr & 0xffff;
  return a->group == VGIC_CPU_SYSREGS && key > VIEW_icc_ap0r0_el1 &&
         key <= VIEW_icc_ap1r3_el1 && key != VIEW_icc_ap1r0_el1;
}

// --------------------------------------------------------------- refusals --

static const tv_vm_config config = { .size = sizeof config, .backend = "kvm",
                                     .gic = 3 };

static tv_status make(tv_vm **vm, tv_vcpu **cpu) {
  mp_state = 0;
  gic_fd = -1;
  memset(levels, 0, sizeof levels);
  memset(stats.value, 0, sizeof stats.value);
  timer_control = 0;
  entries = 0;
  memset(states, 0, sizeof states);
  script = "";
  tv_status s = tv_vm_new(&config, vm, &err);
  if (!s) s = tv_vcpu_new(*vm, cpu, &err);
  if (!s) shared = kvm_of(*cpu)->hw.run;
  return s;
}

static tv_status scenario(void) {
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  tv_exit exit;
  uint64_t v = 0x80;
  const tv_reg reg = TV_REG_SYS(VIEW_icc_pmr_el1);
  undoing = false;
  tv_status s = make(&vm, &cpu);
  if (!s) s = tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  if (!s) s = tv_vm_irq(vm, 40, true, &err);
  if (!s) s = tv_vcpu_set(cpu, reg, &v, sizeof v, &err);
  if (!s) s = tv_vcpu_get(cpu, reg, &v, sizeof v, &err);
  if (!s) s = tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  if (!s) s = tv_vm_reset(vm, &err);
  if (!s) s = tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  hearing = true;        // of what the end of that left behind
  if (!s) s = tv_vm_run(vm, TV_NO_LIMIT, &exit, &err);
  hearing = false;
  undoing = true;
  tv_vm_free(vm);
  return s;
}

static const unsigned long telling[CALLS] = { ENABLE_CAP, CREATE_DEVICE,
  SET_DEVICE_ATTR, GET_DEVICE_ATTR, GET_STATS_FD, SET_MP_STATE, IRQ_LINE };

static void kernels(void) {
  static const struct { int cap; const char *name; } need[] = {
    {CAP_HALT_POLL, "KVM_CAP_HALT_POLL; Linux 5.6"},
    {CAP_BINARY_STATS_FD, "KVM_CAP_BINARY_STATS_FD"},
    {CAP_ARM_SYSTEM_SUSPEND, "KVM_CAP_ARM_SYSTEM_SUSPEND; Linux 5.19"}
  };
  tv_limits l;
  tv_vm *vm = NULL;
  tv_vm_config plain = config;
  plain.gic = 0;
  for (unsigned k = 0; k < sizeof need / sizeof *need; k++) {
    missing = need[k].cap;
    says(scenario(), TV_E_UNSUPPORTED, need[k].name);
    created = 0;
    ok(!tv_vm_new(&plain, &vm, &err) && !created, "VMs without one go on");
    tv_vm_limits(vm, &l);
    ok(strstr(l.note[1], "no GIC is made") != NULL, "%s", l.note[1]);
    tv_vm_free(vm);
  }
  missing = -1;
  tv_vm_new(&plain, &vm, &err);
  tv_vm_limits(vm, &l);
  ok(strstr(l.note[1], "a GICv3 is made") != NULL, "%s", l.note[1]);
  tv_vm_free(vm);
  nameless = true;
  says(scenario(), TV_E_UNSUPPORTED, "lack halt_wakeup");
  nameless = false;
}

// A kernel whose hardware has a GICv2.
static void version_2(void) {
  tv_vm *vm = NULL;
  fail_errno = ENODEV;
  for (fail_at = 1; fail_at < 20 && last != CREATE_DEVICE; fail_at++) {
    calls = 0;
    if (!tv_vm_new(&config, &vm, &err)) tv_vm_free(vm);
  }
  fail_at = 0;
  says(err.code, TV_E_UNSUPPORTED, "offers guests no GICv3");
}

// ------------------------------------------------------------------ waits --

static tv_exit_kind run_with(tv_vm *vm, const char *with) {
  tv_exit exit = { 0 };
  script = with;
  entries = 0;
  memset(states, 0, sizeof states);
  if (tv_vm_run(vm, TV_NO_LIMIT, &exit, &err)) note("%s", err.text);
  return exit.kind;
}

static void waits(void) {
  static const struct { const char *with, *entered, *why; tv_exit_kind kind; }
  list[] = {
    {"w", "r", "a wait that a signal ends is idle", TV_EXIT_WFI},
    {"h", "r", "the next run goes on behind it", TV_EXIT_HVC},
    {"siswh", "rrrr", "a signal in the guest is no wait, an interrupt neither",
     TV_EXIT_WFI},
    {"h", "r", "and on", TV_EXIT_HVC},
    {"zw", "rs", "a signal before the wait", TV_EXIT_WFI},
    {"zkh", "rsr", "and something that is pending is not lost", TV_EXIT_HVC},
    {"yh", "rr", "may have been before it", TV_EXIT_HVC},
    {"zlsh", "rsrr", "what came with a signal is no later wait", TV_EXIT_HVC}
  };
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  make(&vm, &cpu);
  for (unsigned k = 0; k < sizeof list / sizeof *list; k++) {
    tv_exit_kind kind = run_with(vm, list[k].with);
    ok(kind == list[k].kind && !strcmp(states, list[k].entered), "%s: %d %s",
       list[k].why, (int)kind, states);
  }
  timer_control = 1;
  compare = UINT64_C(1) << 31;
  ok(run_with(vm, "wwwkh") == TV_EXIT_HVC && !strcmp(states, "rsssr"),
     "with a timer armed it waits in the kernel: %s", states);
  ok(run_with(vm, "wdh") == TV_EXIT_HVC && !strcmp(states, "rsr"),
     "a timer that fires ends the wait: %s", states);
  ok(run_with(vm, "wh") == TV_EXIT_HVC && !strcmp(states, "rr"),
     "one that is due lets none begin: %s", states);
  tv_vm_free(vm);
}

// An idle vCPU looks again if something has happened.
static void events(void) {
  tv_vm *vm = NULL;
  tv_vcpu *cpu = NULL;
  make(&vm, &cpu);
  tv_vm_irq(vm, 33, true, NULL);
  eq_u64(levels[1], 0, "an input before the first run");
  run_with(vm, "w");
  eq_u64(levels[1], 2, "is told in it");
  struct kvm_vcpu *k = kvm_of(cpu);
  kvm_wait_begin(k);
  k->wait.left = true;
  kvm_wait_look_now(k);
  ok(!kvm_wakes(cpu), "nothing has happened");
  tv_vm_irq(vm, 33, true, NULL);
  ok(!kvm_wakes(cpu), "nor by an input that stays");
  timer_control = 1;
  compare = UINT64_C(1) << 31;
  ok(!kvm_wakes(cpu), "nor by a timer whose time has not come");
  compare = 0;
  ok(kvm_wakes(cpu) && k->wait.left, "it has: the wait ends");
  timer_control = 0;
  tv_vm_irq(vm, 33, false, NULL);
  ok(kvm_wakes(cpu) && !k->wait.left, "an input falls: it looks again");
  kvm_wait_end(k);
  ok(kvm_wakes(cpu) && mp_state == MP_SUSPENDED, "CPU_SUSPEND waits so, too");
  uint64_t pc = 0;
  tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, NULL);
  eq_u64(mp_state, MP_RUNNABLE, "a pc from outside ends a wait");
  tv_vm_irq(vm, 64, true, NULL);
  levels[2] = 0;
  tv_vm_reset(vm, NULL);
  ok(levels[1] == 0 && levels[2] == 1, "a reset keeps the inputs");
  tv_vm_free(vm);
}

int main(void) {
  ok(rounds(EIO, telling) > 500, "as many as there are registers");
  rounds(ENOMEM, telling);
  kernels();
  version_2();
  waits();
  events();
  return done();
}

#else

int main(void) {
  skip("ioctl is declared otherwise than by glibc", "the GIC");
  return done();
}

#endif
