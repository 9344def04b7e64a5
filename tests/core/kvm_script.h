// SPDX-License-Identifier: MIT
//
// A kernel for tests of src/kvm that follows a script: a list of functions, one
// for each KVM_RUN, that move the guest and say why it came back. Behind them
// it always makes hypercall 99. What else the kernel was told, it keeps.

#ifndef TV_TESTS_KVM_SCRIPT_H
#define TV_TESTS_KVM_SCRIPT_H

#include "a64/esr.h"
#include "a64/pstate.h"
#include "core/view.h"
#include "kvm_fake.h"
#include "tap.h"

enum { CODE = 0x1000, VECTORS = 0x8000, DEVICE = 0x9000000, RAM = 0x10000 };
#define GARBAGE UINT64_C(0xbad0bad0bad0bad0)

// ------------------------------------------------------------- the kernel --

struct value { uint64_t id, v[2]; };
static struct value value[256];
static unsigned values;

static struct kvm_smccc_filter filter[4];
static unsigned filters;
static struct kvm_guest_debug guest_debug;
static uint32_t irq, line_level[2], mp_state;
static bool has_filter, has_statistics = true, has_fwb;
static struct kvm_vcpu_init init;
static struct kvm_memory_region region[8];    // by slot
static struct kvm_run *shared;

typedef int step_fn(void);
static step_fn *const *script;
static unsigned at, length, completions;
static unsigned destination;        // of the load that is in the air; 31: none

static tv_vm *vm;
static tv_vcpu *cpu;
static tv_exit left;
static tv_error err;

static uint64_t *reg(uint64_t id) {
  unsigned i = 0;
  while (i < values && value[i].id != id) i++;
  if (i == values) value[values++] = (struct value){ .id = id };
  return value[i].v;
}

static uint64_t *core(unsigned n) { return reg(REG_CORE | n); }
static uint64_t *x(unsigned n) { return core(2 * n); }
static uint64_t *sys(uint16_t key) { return reg(REG_SYS | key); }

// The access that is in the air is done: KVM writes Rt and moves pc.
static int complete(void) {
  completions++;
  if (destination < 31) *x(destination) = GARBAGE;
  *core(CORE_PC) += 4;
  errno = EINTR;
  return -1;
}

static int run(void) {
  if (shared->immediate_exit) return complete();
  if (at < length) return script[at++]();
  shared->exit_reason = EXIT_HYPERCALL;
  shared->hypercall.flags = 0;
  *x(0) = 99;
  return 0;
}

static int set_filter(const struct kvm_device_attr *attr) {
  errno = EINVAL;
  if (!has_filter || attr->group || attr->attr || filters == 4) return -1;
  memcpy(&filter[filters++], (const void *)(uintptr_t)attr->addr,
         sizeof *filter);
  return 0;
}

static int set_region(const void *arg) {
  struct kvm_memory_region r;
  memcpy(&r, arg, sizeof r);
  if (r.slot < 8) region[r.slot] = r;
  return 0;
}

static int answer(unsigned long request, unsigned long arg) {
  const struct kvm_one_reg *one = (const struct kvm_one_reg *)arg;
  const struct kvm_irq_level *line = (const struct kvm_irq_level *)arg;
  switch (request) {
    case GET_API_VERSION: return API_VERSION;
    case CHECK_EXTENSION:
      return arg == CAP_ARM_VM_IPA_SIZE ? 40 :
             arg == CAP_BINARY_STATS_FD ? has_statistics : 8;
    case GET_VCPU_MMAP_SIZE: return RUN_SIZE;
    case CREATE_VM: return descriptor();
    case CREATE_VCPU:
      *reg(UINT64_C(0x603000000013df1a)) = 0;     // the VM's virtual count
      return descriptor();
    case SET_DEVICE_ATTR:
      return set_filter((const struct kvm_device_attr *)arg);
    case GET_ONE_REG:
      memcpy((void *)(uintptr_t)one->addr, reg(one->id),
             (size_t)1 << (one->id >> 52 & 15));
      return 0;
    case SET_ONE_REG:
      memcpy(reg(one->id), (const void *)(uintptr_t)one->addr,
             (size_t)1 << (one->id >> 52 & 15));
      return 0;
    case IRQ_LINE:
      irq = line->irq;
      line_level[irq & 1] = line->level;
      return 0;
    case SET_GUEST_DEBUG: memcpy(&guest_debug, one, sizeof guest_debug);
      return 0;
    case SET_MP_STATE: mp_state = *(const uint32_t *)arg; return 0;
    case GET_MP_STATE: *(uint32_t *)arg = mp_state; return 0;
    case GET_STATS_FD: return statistics();
    case ARM_VCPU_INIT:
      memcpy(&init, one, sizeof init);
      line_level[0] = line_level[1] = 0;
      return 0;
    case SET_USER_MEMORY_REGION: return set_region(one);
    case RUN: return run();
    default: return 0;
  }
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  unsigned long arg = va_arg(list, unsigned long);
  va_end(list);
  (void)fd;
  return answer(request, arg);
}

// -------------------------------------------------------------- the guest --

static void start_with(bool timer_exit) {
  tv_vm_config config = { .size = sizeof config, .backend = "kvm",
                          .timer_exit = timer_exit };
  values = filters = at = length = completions = 0;
  has_filter = true;
  line_level[0] = line_level[1] = mp_state = 0;
  destination = 31;
  *sys(VIEW_id_aa64mmfr2_el1) = (uint64_t)has_fwb << 40;
  uint64_t pc = CODE;
  if (tv_vm_new(&config, &vm, &err) ||
      tv_mem_ram(vm, 0, RAM, TV_READ | TV_WRITE | TV_EXEC, NULL, &err) ||
      tv_mem_mmio(vm, DEVICE, RAM, &err) || tv_vcpu_new(vm, &cpu, &err) ||
      tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, &err))
    ok(false, "start: %s", err.text);
  shared = kvm_of(cpu)->hw.run;
}

static void start(void) { start_with(false); }

static void vectors(void) {
  uint64_t at_vectors = VECTORS;
  tv_vcpu_set(cpu, TV_REG_SYS(VIEW_vbar_el1), &at_vectors, 8, NULL);
}

static void stop(void) { tv_vm_free(vm); }

static void word(uint32_t w) { tv_mem_write(vm, CODE, &w, sizeof w, NULL); }

#define SCRIPT(...) \
  static step_fn *const list[] = { __VA_ARGS__ }; \
  script = list, at = 0, length = sizeof list / sizeof *list

// Runs to the next exit that is for the caller.
static tv_exit_kind go(void) {
  if (tv_vm_run(vm, UINT64_C(5000000000), &left, &err))
    ok(false, "run: %s", err.text);
  return left.kind;
}

static tv_exit_kind step(void) {
  if (tv_vcpu_step(cpu, 1, &left, &err)) ok(false, "step: %s", err.text);
  return left.kind;
}

static int signalled(void) {
  errno = EINTR;
  return -1;
}

// An exception or interrupt is taken to this vector.
static void enter_vector(uint64_t offset, uint64_t esr, uint64_t elr) {
  *core(CORE_SPSR_EL1) = *core(CORE_PSTATE);
  *core(CORE_PSTATE) = PSTATE_RESET;
  *core(CORE_ELR_EL1) = elr;
  *core(CORE_PC) = *sys(VIEW_vbar_el1) + offset;
  if (!(offset & 0x180)) *sys(VIEW_esr_el1) = esr;
}

#endif
