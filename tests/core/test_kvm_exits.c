// SPDX-License-Identifier: MIT
//
// src/kvm on a kernel that is not there (kvm_fake.h): the registers by their
// identifiers, and what each way out of KVM_RUN becomes. A test is a script: a
// list of functions, one for each KVM_RUN, that move the guest and say why it
// came back; behind them it always makes hypercall 99.

#include <stdio.h>    // for __GLIBC__: others declare ioctl in their own way

#include "a64/esr.h"
#include "a64/pstate.h"
#include "core/view.h"
#include "tap.h"

#ifdef __GLIBC__

#include "kvm_fake.h"

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
static bool has_filter;
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

static int answer(unsigned long request, unsigned long arg) {
  const struct kvm_one_reg *one = (const struct kvm_one_reg *)arg;
  const struct kvm_irq_level *line = (const struct kvm_irq_level *)arg;
  switch (request) {
    case GET_API_VERSION: return API_VERSION;
    case CHECK_EXTENSION: return arg == CAP_ARM_VM_IPA_SIZE ? 40 : 8;
    case GET_VCPU_MMAP_SIZE: return RUN_SIZE;
    case CREATE_VM: case CREATE_VCPU: return descriptor();
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

static int debug_exit(uint32_t hsr) {
  shared->exit_reason = EXIT_DEBUG;
  shared->debug.hsr = hsr;
  return 0;
}

static int stepped(void) {
  return debug_exit((uint32_t)esr_make(ESR_EC_STEP_LOW, 0x22));
}

static int broke(void) {
  return debug_exit((uint32_t)esr_make(ESR_EC_BREAKPOINT_LOW, 0x22));
}

// An exception or interrupt is taken to this vector.
static void enter_vector(uint64_t offset, uint64_t esr, uint64_t elr) {
  *core(CORE_SPSR_EL1) = *core(CORE_PSTATE);
  *core(CORE_PSTATE) = PSTATE_RESET;
  *core(CORE_ELR_EL1) = elr;
  *core(CORE_PC) = *sys(VIEW_vbar_el1) + offset;
  if (!(offset & 0x180)) *sys(VIEW_esr_el1) = esr;
}

// --------------------------------------------------------------- registers --

static void registers(void) {
  static const struct { tv_reg reg; uint64_t id; const char *name; } table[] = {
    {TV_REG_X(0), REG_CORE, "x0"}, {TV_REG_X(30), REG_CORE | 60, "x30"},
    {TV_REG_PC, REG_CORE | 0x40, "pc"}, {TV_REG_SP, REG_CORE | 0x44, "sp"},
    {TV_REG_PSTATE, REG_CORE | 0x42, "pstate"},
    {TV_REG_SYS(VIEW_sp_el0), REG_CORE | 0x3e, "sp_el0"},
    {TV_REG_SYS(VIEW_sp_el1), REG_CORE | 0x44, "sp_el1"},
    {TV_REG_SYS(VIEW_elr_el1), REG_CORE | 0x46, "elr_el1"},
    {TV_REG_SYS(VIEW_spsr_el1), REG_CORE | 0x48, "spsr_el1"},
    {TV_REG_SYS(VIEW_fpcr), UINT64_C(0x60200000001000d5), "fpcr"},
    {TV_REG_SYS(VIEW_fpsr), UINT64_C(0x60200000001000d4), "fpsr"},
    {TV_REG_SYS(VIEW_sctlr_el1), UINT64_C(0x603000000013c080), "sctlr_el1"},
    {TV_REG_SYS(VIEW_cntv_ctl_el0), UINT64_C(0x603000000013df19),
     "cntv_ctl_el0"},
    {TV_REG_SYS(VIEW_cntv_cval_el0), UINT64_C(0x603000000013df02),
     "cntv_cval_el0"}
  };
  start();
  for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
    uint64_t in = table[i].reg == TV_REG_PSTATE ? 0x600003c5 : 0x3001, out = 0;
    tv_status s = tv_vcpu_set(cpu, table[i].reg, &in, 8, &err);
    if (!s) s = tv_vcpu_get(cpu, table[i].reg, &out, 8, &err);
    ok(!s && *reg(table[i].id) == in && out == in, "%s is where KVM has it%s%s",
       table[i].name, s ? ": " : "", s ? err.text : "");
  }
  uint64_t now = 0;
  *reg(UINT64_C(0x603000000013df1a)) = 77;
  tv_vcpu_get(cpu, TV_REG_SYS(VIEW_cntvct_el0), &now, sizeof now, NULL);
  eq_u64(now, 77, "cntvct_el0 is where KVM has it");
  uint64_t q[2] = { 0x1122, 0x3344 };
  tv_vcpu_set(cpu, TV_REG_Q(31), q, sizeof q, NULL);
  ok(!memcmp(reg(UINT64_C(0x60400000001000d0)), q, sizeof q),
     "q31 is where KVM has it");
  stop();
}

static void filters_of_calls(void) {
  start();
  uint64_t next = 0, gaps = 0;
  bool forward = filters == 3;
  for (unsigned i = 0; i < filters; i++) {
    forward = forward && filter[i].action == SMCCC_FWD_TO_USER;
    gaps += filter[i].base - next;
    next = (uint64_t)filter[i].base + filter[i].count;
  }
  ok(forward, "three ranges of hypercalls come to us");
  ok(next == UINT64_C(1) << 32 && gaps == 0x20000 &&
     filter[1].base == 0x80010000 && filter[2].base == 0xc0010000,
     "all but the two that KVM reserves");
  stop();
}

// -------------------------------------------------------------- hypercalls --

static int calls(void) {
  *core(CORE_PC) = CODE + 4;
  for (unsigned n = 1; n < 8; n++) *x(n) = n * 10;
  shared->exit_reason = EXIT_HYPERCALL;
  shared->hypercall.flags = 0;
  return 0;
}

static int calls_by_smc(void) {
  calls();
  shared->hypercall.flags = HYPERCALL_SMC;
  return 0;
}

static void hypercalls(void) {
  start();
  SCRIPT(calls, calls, calls_by_smc);
  word(0xd4000002 | 0x1234 << 5);
  *x(0) = UINT64_C(0xabc00000007);
  ok(go() == TV_EXIT_HVC && left.u.hvc.imm == 0x1234 && left.u.hvc.nr == 7 &&
     left.u.hvc.arg[0] == 10 && left.u.hvc.arg[6] == 70,
     "hvc: number and arguments; the immediate is from its word");
  ok(left.pc == CODE && *core(CORE_PC) == CODE + 4, "pc is behind it");
  word(0xd4000002);
  *x(0) = 0x84000008;
  ok(go() == TV_EXIT_SHUTDOWN && left.u.shutdown.reason == TV_SHUTDOWN_OFF,
     "PSCI comes to us and is served");
  tv_vm_reset(vm, NULL);
  word(0xd4000003);
  ok(go() == TV_EXIT_SMC && *core(CORE_PC) == CODE && left.pc == CODE,
     "smc: pc is put back");
  stop();
}

static int event(uint32_t type) {
  *core(CORE_PC) = CODE + 4;
  mp_state = MP_STOPPED;
  shared->exit_reason = EXIT_SYSTEM_EVENT;
  shared->system_event.type = type;
  return 0;
}

static int turns_off(void) { return event(EVENT_SHUTDOWN); }
static int resets(void) { return event(EVENT_RESET); }
static int crashes(void) { return event(3); }

static void system_events(void) {
  start();
  SCRIPT(turns_off, resets, crashes);
  ok(go() == TV_EXIT_SHUTDOWN && left.u.shutdown.reason == TV_SHUTDOWN_OFF &&
     mp_state == MP_RUNNABLE,
     "SYSTEM_OFF that KVM served is one; the vCPU can run again");
  tv_vm_reset(vm, NULL);
  ok(go() == TV_EXIT_SHUTDOWN && left.u.shutdown.reason == TV_SHUTDOWN_RESET,
     "SYSTEM_RESET, too");
  tv_vm_reset(vm, NULL);
  ok(tv_vm_run(vm, 1000000, &left, &err) && strstr(err.text, "reason 24"),
     "another event fails: %s", err.text);
  stop();
}

// -------------------------------------------------------------------- MMIO --

static int access_device(bool write) {
  shared->exit_reason = EXIT_MMIO;
  shared->mmio.phys = DEVICE + 8;
  shared->mmio.len = 8;
  shared->mmio.is_write = write;
  destination = write ? 31 : 5;
  return 0;
}

static int loads(void) { return access_device(false); }
static int stores(void) { return access_device(true); }

// A pair: KVM cannot say what it is.
static int loads_pair(void) {
  shared->exit_reason = EXIT_ARM_NISV;
  shared->nisv.iss = 0;
  shared->nisv.ipa = DEVICE + 8;
  return 0;
}

static void accesses(void) {
  start();
  SCRIPT(loads, stores);
  *x(1) = DEVICE;
  *x(5) = 55;
  word(0xf9400425);                                   // ldr x5, [x1, #8]
  ok(go() == TV_EXIT_MMIO && !left.u.mmio.write &&
     left.u.mmio.addr == DEVICE + 8 && left.u.mmio.size == 8,
     "a load from a device");
  ok(completions == 1 && *core(CORE_PC) == CODE && *x(5) == 55,
     "KVM's own completion is taken back");
  tv_vcpu_answer(cpu, 0x77, NULL);
  word(0xf9000425);                                   // str x5, [x1, #8]
  *core(CORE_PC) = CODE - 4;                          // the load moves it
  ok(go() == TV_EXIT_MMIO && left.u.mmio.write && left.u.mmio.value == 0x77,
     "the answer is in the register: a store has it");
  ok(completions == 2 && *core(CORE_PC) == CODE,
     "the store's completion is taken back");
  ok(go() == TV_EXIT_HVC && *core(CORE_PC) == CODE + 4 &&
     !shared->immediate_exit, "the next run goes on behind it");
  stop();
}

static void pairs(void) {
  start();
  SCRIPT(loads_pair);
  *x(1) = DEVICE;
  word(0xa9408c22);                                   // ldp x2, x3, [x1, #8]
  ok(go() == TV_EXIT_MMIO && left.u.mmio.addr == DEVICE + 8, "a pair's first");
  tv_vcpu_answer(cpu, 2, NULL);
  ok(go() == TV_EXIT_MMIO && left.u.mmio.addr == DEVICE + 16, "its second");
  tv_vcpu_answer(cpu, 3, NULL);
  ok(go() == TV_EXIT_HVC && *x(2) == 2 && *x(3) == 3 &&
     *core(CORE_PC) == CODE + 4 && !completions,
     "an access without a syndrome is decoded, and has no completion");
  stop();
}

// --------------------------------------------------------------- exceptions --

static int traps(void) {
  enter_vector(0x200, esr_make(ESR_EC_BRK64, 5), CODE);
  shared->exit_reason = EXIT_MMIO;
  shared->mmio.phys = *core(CORE_PC) + KVM_TRAP_SIZE;
  shared->mmio.len = 4;
  shared->mmio.is_write = 0;
  return 0;
}

static int spins(void) {
  enter_vector(0x200, esr_make(ESR_EC_UNKNOWN, 0), VECTORS + 0x200);
  return signalled();
}

// In its IRQ handler's first instruction; that is no spinning.
static int handles(void) {
  enter_vector(0x280, 0, VECTORS + 0x280);
  return signalled();
}

static void exceptions(void) {
  start();
  SCRIPT(traps, handles, spins);
  ok(go() == TV_EXIT_BRK && left.u.brk.imm == 5 && left.pc == CODE &&
     *core(CORE_PC) == CODE, "an exception without vectors is what it was");
  vectors();
  ok(go() == TV_EXIT_FAULT && at == 3 && left.pc == VECTORS + 0x200 &&
     left.u.fault.reason == TV_FAULT_UNDEFINED,
     "a guest that spins at its own vector is a fault");
  stop();
}

// ------------------------------------------------------------ single steps --

static int moves(void) {
  *core(CORE_PC) += 4;
  return stepped();
}

static int moves_signalled(void) {
  *core(CORE_PC) += 4;
  return signalled();
}

static int interrupted(void) {
  enter_vector(0x280, 0, *core(CORE_PC));
  return signalled();
}

static int steps_into(void) {
  enter_vector(0x200, esr_make(ESR_EC_UNKNOWN, 0), *core(CORE_PC));
  *core(CORE_SPSR_EL1) |= PSTATE_SS;
  return stepped();
}

static int steps_into_signalled(void) {
  steps_into();
  return signalled();
}

static int steps_on_brk(void) {
  return debug_exit((uint32_t)esr_make(ESR_EC_BRK64, 7));
}

static void steps(void) {
  start();
  SCRIPT(moves, moves_signalled, stepped, moves, interrupted, stepped, moves);
  vectors();
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == CODE + 4 &&
     guest_debug.control == (DEBUG_ENABLE | DEBUG_SINGLESTEP), "a step");
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == CODE + 8 && at == 2,
     "a signal in place of the debug exception: a step");
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == CODE + 12 && at == 4,
     "which comes late, and is none");
  ok(step() == TV_EXIT_BUDGET && *core(CORE_PC) == VECTORS + 0x284 && at == 7,
     "an interrupt that is taken is no step, whether a signal comes or not");
  ok(go() == TV_EXIT_HVC && !guest_debug.control, "a run does not step");
  stop();
}

static void steps_into_exceptions(void) {
  start();
  SCRIPT(steps_into, steps_into_signalled, steps_on_brk, steps_into,
         steps_on_brk);
  vectors();
  for (unsigned n = 1; n <= 3; n++) {
    *core(CORE_PC) = CODE;
    ok(step() == TV_EXIT_BUDGET && at == n &&
       *core(CORE_PC) == VECTORS + 0x200 && *core(CORE_ELR_EL1) == CODE &&
       *core(CORE_SPSR_EL1) == PSTATE_RESET,
       "a step into an exception, %s", n == 1 ? "with its SS bit" :
       n == 2 ? "by a signal" : "BRK");
  }
  eq_u64(*sys(VIEW_esr_el1), esr_make(ESR_EC_BRK64, 7), "BRK's syndrome");
  *core(CORE_PC) = CODE;
  *sys(VIEW_vbar_el1) = kvm_vm_of(vm)->trap;
  ok(step() == TV_EXIT_FAULT && left.u.fault.reason == TV_FAULT_UNDEFINED &&
     *core(CORE_PC) == CODE && *core(CORE_PSTATE) == PSTATE_RESET,
     "without vectors it is an exit");
  ok(step() == TV_EXIT_BRK && left.u.brk.imm == 7 && *core(CORE_PC) == CODE,
     "BRK, too");
  stop();
}

// -------------------------------------------------- interrupts and waiting --

static int timer_fires(void) {
  shared->device_irq_level = LEVEL_VTIMER;
  return signalled();
}

static bool raised, taken;

static int takes_timer(void) {
  raised = line_level[0] && guest_debug.control == (DEBUG_ENABLE |
                                                    DEBUG_USE_HW) &&
           guest_debug.bvr[0] == VECTORS + 0x280 &&
           guest_debug.bvr[1] == VECTORS + 0x480 &&
           guest_debug.bvr[2] == VECTORS + 0x080;
  enter_vector(0x280, 0, CODE + 8);
  return broke();
}

// The handler has silenced the timer and returned.
static int returns(void) {
  taken = !line_level[0] && guest_debug.bvr[0] == CODE + 8 &&
          !guest_debug.bcr[1];
  shared->device_irq_level = 0;
  *core(CORE_PC) = CODE + 8;
  *core(CORE_PSTATE) = *core(CORE_SPSR_EL1);
  return broke();
}

// It was silent before the interrupt came.
static int takes_for_nothing(void) {
  shared->device_irq_level = 0;
  enter_vector(0x280, 0, CODE + 8);
  return broke();
}

static void timers(void) {
  start();
  SCRIPT(timer_fires, takes_timer, returns, timer_fires, takes_for_nothing);
  vectors();
  *core(CORE_PSTATE) = 5;
  ok(go() == TV_EXIT_HVC && at == 5, "a timer's interrupt, twice");
  ok(raised, "its output raises the line, with breakpoints on the vectors");
  ok(taken, "in the handler the line is down; one on its return");
  ok(*core(CORE_PC) == CODE + 8 && *core(CORE_PSTATE) == 5,
     "an interrupt that nobody wants any more is taken back");
  ok(!line_level[0] && !guest_debug.control, "nothing of it is left");
  stop();
}

static void timer_exits(void) {
  start_with(true);
  SCRIPT(timer_fires, signalled);
  *core(CORE_PC) = CODE + 8;
  ok(go() == TV_EXIT_TIMER && !line_level[0] && left.pc == CODE + 8,
     "an expiry for the caller is an exit");
  ok(go() == TV_EXIT_HVC && !line_level[0], "once");
  stop();
}

static void lines(void) {
  start();
  tv_vcpu_irq(cpu, TV_IRQ, true, NULL);
  ok(irq == 0 && line_level[0] == 1, "the IRQ line is the vCPU's input 0");
  tv_vcpu_irq(cpu, TV_FIQ, true, NULL);
  ok(irq == 1 && line_level[1] == 1, "FIQ is 1");
  tv_vcpu_irq(cpu, TV_IRQ, false, NULL);
  ok(irq == 0 && line_level[0] == 0 && line_level[1] == 1,
     "they fall one by one");
  tv_vcpu *last = NULL;
  for (unsigned n = 1; n <= 257; n++) tv_vcpu_new(vm, &last, &err);
  tv_vcpu_irq(last, TV_FIQ, true, NULL);
  eq_u64(irq, 1 << 28 | 1 << 16 | 1, "of vCPU 257, in two fields");
  stop();
}

static int waits(void) {
  sleeps++;
  *core(CORE_PC) = CODE + 4;
  return signalled();
}

static int stops(void) {
  tv_vm_stop(vm);
  return shared->immediate_exit ? signalled() : 0;
}

static void waiting(void) {
  start();
  SCRIPT(waits, waits, waits, waits);
  word(0xd503207f);                                   // wfi
  ok(go() == TV_EXIT_WFI && left.pc == CODE && *core(CORE_PC) == CODE + 4,
     "a WFI that nothing would end is an exit");
  *core(CORE_PC) = CODE;
  *sys(VIEW_cntv_ctl_el0) = 1;                        // armed, far away
  *reg(REG_SYS | VIEW_cntvct_el0) = UINT64_MAX;
  at = length - 1;
  ok(go() == TV_EXIT_HVC && *core(CORE_PC) == CODE,
     "with a timer armed it goes on waiting");
  *sys(VIEW_cntv_ctl_el0) = 0;
  tv_vcpu_irq(cpu, TV_IRQ, true, NULL);
  at = length - 1;
  ok(go() == TV_EXIT_HVC && *core(CORE_PC) == CODE + 4,
     "with a line up it is over");
  stop();
}

static void kicks(void) {
  start();
  SCRIPT(stops);
  ok(go() == TV_EXIT_STOPPED && at == 1, "a kick ends KVM_RUN, at once");
  tv_vm_stop(vm);
  ok(go() == TV_EXIT_STOPPED, "before a run it ends the next");
  kvm_kick(cpu);
  at = 0;
  length = 0;
  ok(go() == TV_EXIT_HVC && !shared->immediate_exit, "and no run after it");
  stop();
}

int main(void) {
  registers();
  filters_of_calls();
  hypercalls();
  system_events();
  accesses();
  pairs();
  exceptions();
  steps();
  steps_into_exceptions();
  timers();
  timer_exits();
  lines();
  waiting();
  kicks();
  return done();
}

#else

int main(void) {
  skip("ioctl is declared otherwise than by glibc", "exits of KVM");
  return done();
}

#endif
