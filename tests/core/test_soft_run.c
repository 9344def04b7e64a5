// SPDX-License-Identifier: MIT
//
// The run loop on the real CPU: two vCPUs compute, share a word, sleep on
// their timers, yield and make hypercalls. Memory, registers, time and steps
// are the same however the budget is sliced; and an interrupt line raised by
// the host falls on the step where it was raised.

#include "tap.h"
#include "tinyvmm.h"

// 1: add x0, x0, #1           the mix, 37 times
//    eor x1, x1, x0, ror #7
//    str x1, [x20, x0, lsl #3]
//    and x0, x0, #255 ...
//    ldr x2, [x21]; add x2, x2, x1; str x2, [x21]
//    mrs x3, cntvct_el0; eor x1, x1, x3; and x4, x1, #3; cbnz x4, 2f
//    cntv_tval_el0 = 40; cntv_ctl_el0 = 1; wfi; cntv_ctl_el0 = 0; back
// 2: tbz x4, #0, 3f; yield
// 3: mov x7, x0; mov x0, #7; hvc #0; add x1, x1, x0; mov x0, x7; back
static const uint32_t guest[] = {
  0xd28004aa, 0x91000400, 0xcac01c21, 0xf8207a81, 0x92401c00, 0xf100054a,
  0x54ffff61, 0xf94002a2, 0x8b010042, 0xf90002a2, 0xd53be043, 0xca030021,
  0x92400424, 0xb5000104, 0xd2800505, 0xd51be305, 0xd2800025, 0xd51be325,
  0xd503207f, 0xd51be33f, 0x17ffffec, 0x36000044, 0xd503203f, 0xaa0003e7,
  0xd28000e0, 0xd4000002, 0x8b000021, 0xaa0703e0, 0x17ffffe4
};

enum { CODE = 0x10000, SHARED = 0x8000, BUFFER = 0x20000, VCPUS = 2,
       RAM = 0x40000 };

struct outcome { uint64_t time, memory, registers, icount[VCPUS]; };

static uint64_t mix(uint64_t h, uint64_t v) {
  return (h ^ v) * 0x9e3779b97f4a7c15u + (h >> 29);
}

static tv_hc handler(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                     uint64_t *x0) {
  uint64_t *calls = ctx;
  *x0 = mix(++*calls, arg[0]) + tv_vm_time(tv_vcpu_vm(cpu));
  return TV_HC_RESUME;
}

static void set(tv_vcpu *cpu, tv_reg reg, uint64_t value) {
  if (tv_vcpu_set(cpu, reg, &value, sizeof value, NULL)) abort();
}

static uint64_t get(tv_vcpu *cpu, tv_reg reg) {
  uint64_t value = 0;
  if (tv_vcpu_get(cpu, reg, &value, sizeof value, NULL)) abort();
  return value;
}

static tv_vm *machine(tv_vcpu **cpu, uint64_t *calls) {
  tv_vm *vm = NULL;
  if (tv_vm_new(NULL, &vm, NULL) ||
      tv_mem_ram(vm, 0, RAM, TV_READ | TV_WRITE | TV_EXEC, NULL, NULL) ||
      tv_mem_write(vm, CODE, guest, sizeof guest, NULL) ||
      tv_vm_hypercall(vm, 7, handler, calls, NULL)) abort();
  for (unsigned i = 0; i < VCPUS; i++) {
    if (tv_vcpu_new(vm, &cpu[i], NULL)) abort();
    set(cpu[i], TV_REG_PC, CODE);
    set(cpu[i], TV_REG_X(1), i);
    set(cpu[i], TV_REG_X(20), BUFFER + i * 0x1000);
    set(cpu[i], TV_REG_X(21), SHARED);
  }
  return vm;
}

static struct outcome play(uint64_t total, uint64_t slice, bool random) {
  uint64_t calls = 0, seed = slice;
  tv_vcpu *cpu[VCPUS];
  tv_vm *vm = machine(cpu, &calls);
  struct outcome o = {0};
  tv_exit exit;
  for (uint64_t done = 0, n; done < total; done += n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    n = random ? 1 + (seed >> 33) % slice : slice;
    if (n > total - done) n = total - done;
    if (tv_vm_run(vm, n, &exit, NULL) || exit.kind != TV_EXIT_BUDGET) {
      note("exit %s at %#" PRIx64, tv_exit_name(exit.kind), exit.pc);
      break;
    }
  }
  o.time = tv_vm_time(vm);
  o.registers = calls;
  for (unsigned i = 0; i < VCPUS; i++) {
    o.icount[i] = tv_vcpu_icount(cpu[i]);
    for (unsigned r = 0; r <= TV_REG_PSTATE; r++)
      o.registers = mix(o.registers, get(cpu[i], r));
  }
  const uint64_t *ram = tv_mem_host(vm, 0, RAM);
  for (unsigned i = 0; i < RAM / 8; i++) o.memory = mix(o.memory, ram[i]);
  tv_vm_free(vm);
  return o;
}

static void slicing(void) {
  const uint64_t total = 150001;
  struct outcome whole = play(total, TV_NO_LIMIT, false);
  ok(whole.icount[0] + whole.icount[1] == total,
     "a budget counts the steps of all vCPUs");
  ok(whole.time > total, "they wait");
  static const struct { uint64_t slice; bool random; } how[] = {
    {1, false}, {2, false}, {7, false}, {19999, false}, {20000, false},
    {10, true}, {1000, true}, {50000, true}
  };
  for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
    struct outcome o = play(total, how[i].slice, how[i].random);
    ok(!memcmp(&o, &whole, sizeof o), "slices of %s%" PRIu64 " steps lead to "
       "the same state", how[i].random ? "up to " : "", how[i].slice);
  }
}

// nop; nop; ...: an interrupt at every step k is taken before step k + 1.
static void interrupts(void) {
  enum { VBAR = 0x18000, NOPS = 40 };
  static const uint32_t nop = 0xd503201f;
  uint64_t calls = 0, wrong = 0;
  for (unsigned k = 0; k < NOPS; k++) {
    tv_vcpu *cpu[VCPUS];
    tv_exit exit;
    tv_vm *vm = machine(cpu, &calls);
    for (unsigned i = 0; i < NOPS; i++)
      tv_mem_write(vm, CODE + i * 4, &nop, sizeof nop, NULL);
    tv_mem_write(vm, VBAR + 0x280, &nop, sizeof nop, NULL);
    set(cpu[0], TV_REG_SYS(0xc600), VBAR);
    set(cpu[0], TV_REG_PSTATE, 0x345);       // EL1h, IRQ open
    tv_vcpu_run(cpu[0], k, &exit, NULL);
    tv_vcpu_irq(cpu[0], TV_IRQ, true, NULL);
    tv_vcpu_run(cpu[0], 1, &exit, NULL);
    wrong += get(cpu[0], TV_REG_SYS(0xc201)) != CODE + k * 4;   // ELR_EL1
    wrong += exit.icount != k + 1;
    tv_vm_free(vm);
  }
  eq_u64(wrong, 0, "a line raised after step k interrupts there, for every k");
}

int main(void) {
  slicing();
  interrupts();
  return done();
}
