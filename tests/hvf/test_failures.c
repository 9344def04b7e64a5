// SPDX-License-Identifier: MIT
//
// Every call of the framework that may be refused is, once: the first in the
// first round, the second in the second, until nothing is left to refuse (with
// a GIC, whose state is read often, many of them). Each time the caller hears
// of it, by the function's name, or all went well nevertheless; and the VM can
// be closed, so that the next round has its own.

#include <string.h>

#include "base/err.h"
#include "mock.h"
#include "tap.h"

enum { SIZE = 4 * MOCK_GRANULE, ENTRY = 0x1000, ENTRY_GIC = 0x800,
       DEVICE = 0x100000,
       CALLS_MAX = 100000 };

static const uint32_t guest[] = {
  0xd2a00201,   // mov x1, #DEVICE
  0xa9400c22,   // ldp x2, x3, [x1]
  0xb9000822,   // str w2, [x1, #8]
  0xd53be004,   // mrs x4, cntfrq_el0
  0xd2800805,   // mov x5, #64
  0xd51be305,   // msr cntv_tval_el0, x5
  0xd2800025,   // mov x5, #1
  0xd51be325,   // msr cntv_ctl_el0, x5
  0xd503207f,   // wfi
  0xd53be226,   // mrs x6, cntp_ctl_el0
  0xd2800120,   // mov x0, #9
  0xd28000a1,   // mov x1, #5
  0xd4000002,   // hvc #0
  0xd50342ff,   // msr daifclr, #2: the timer is taken
  0xd503201f,   // nop
  0xd2800027,   // mov x7, #1
  0x10000008,   // adr x8, .
  0xf9080107,   // str x7, [x8, #4096]
  0xd4000022,   // hvc #1
  0x14000000    // b .
};
static const uint32_t vector[] = {
  0xd51be33f,   // msr cntv_ctl_el0, xzr
  0xd69f03e0    // eret
};

// With a GIC the guest begins here: a wait for ever, then its own part of the
// GIC, with the virtual timer enabled.
static const uint32_t with_gic[] = {
  0xd503207f,   // wfi
  0xd2a1014a,   // mov x10, #0x80a0000
  0xd53800a0,   // mrs x0, mpidr_el1
  0x92401c00,   // and x0, x0, #0xff
  0x8b00454a,   // add x10, x10, x0, lsl #17
  0xb900155f,   // str wzr, [x10, #20]: GICR_WAKER
  0x9140414b,   // add x11, x10, #0x10000
  0x12800000,   // mov w0, #-1
  0xb9008160,   // str w0, [x11, #128]: GICR_IGROUPR0
  0xd2a1000c,   // mov x12, #0x8000000
  0xb901016c,   // str w12, [x11, #256]: GICR_ISENABLER0, PPI 27
  0x52800060,   // mov w0, #3
  0xb9000180,   // str w0, [x12]: GICD_CTLR
  0xd2801e00,   // mov x0, #0xf0
  0xd5184600,   // msr icc_pmr_el1, x0
  0xd2800020,   // mov x0, #1
  0xd518cce0,   // msr icc_igrpen1_el1, x0
  0xd5033fdf,   // isb
  0x140001ee    // b ENTRY
};

static tv_error err;

// What a caller does, until something fails. The mock never says what a
// caller's own mistake would be.
static tv_hc add(void *ctx, tv_vcpu *cpu, const uint64_t *arg, uint64_t *x0) {
  (void)ctx, (void)cpu;
  *x0 = arg[0] + 1;
  return TV_HC_RESUME;
}

static tv_status set(tv_vcpu *cpu, tv_reg reg, uint64_t value) {
  return tv_vcpu_set(cpu, reg, &value, sizeof value, &err);
}

static tv_status start(tv_vcpu *cpu) {
  bool gic = tv_vm_gic(tv_vcpu_vm(cpu));
  tv_status s = set(cpu, TV_REG_PC, gic ? ENTRY_GIC : ENTRY);
  return s ? s : set(cpu, TV_REG_SYS(SYSKEY_vbar_el1), 0x2000);
}

static tv_status fill(tv_vm *vm, unsigned count, tv_vcpu **cpu) {
  tv_status s = tv_mem_ram(vm, 0, SIZE, TV_READ | TV_WRITE | TV_EXEC, NULL,
                           &err);
  if (!s) s = tv_mem_log(vm, 0, true, &err);
  if (!s) s = tv_mem_mmio(vm, DEVICE, MOCK_GRANULE, &err);
  if (!s) s = tv_mem_write(vm, ENTRY, guest, sizeof guest, &err);
  if (!s) s = tv_mem_write(vm, ENTRY_GIC, with_gic, sizeof with_gic, &err);
  if (!s) s = tv_mem_write(vm, 0x2280, vector, sizeof vector, &err);
  if (!s) s = tv_vm_hypercall(vm, 9, add, NULL, &err);
  if (!s) s = tv_vm_break(vm, ENTRY + 4 * 12, true, &err);    // the hvc #0
  for (unsigned k = 0; !s && k < count; k++) {
    s = tv_vcpu_new(vm, &cpu[k], &err);
    if (!s) s = start(cpu[k]);
  }
  return s;
}

// Runs until every vCPU has reached its hvc #1.
static tv_status run(tv_vm *vm, unsigned count) {
  unsigned ended = 0, exits = 0;
  tv_status s = TV_OK;
  while (!s && ended < count && exits++ < 1000) {
    tv_exit exit;
    s = tv_vm_run(vm, 20000000, &exit, &err);
    if (s || exit.kind == TV_EXIT_BUDGET) continue;
    if (exit.kind == TV_EXIT_MMIO && !exit.u.mmio.write)
      s = tv_vcpu_answer(exit.vcpu, 77, &err);
    if (exit.kind == TV_EXIT_HVC && exit.u.hvc.imm == 1) {
      ended++;
      tv_vcpu_power(exit.vcpu, false);
    }
  }
  if (!s && ended < count) s = err_set(&err, TV_E_STATE, 0, "no end");
  return s;
}

static tv_status look(tv_vm *vm, tv_vcpu *cpu) {
  uint64_t value = 0, q[2] = { 1, 2 };
  tv_exit exit;
  tv_status s = tv_vcpu_get(cpu, TV_REG_X(0), &value, sizeof value, &err);
  if (!s && value != 6)
    s = err_set(&err, TV_E_STATE, 0, "x0 is %d", (int)value);
  if (!s) s = tv_vcpu_get(cpu, TV_REG_X(2), &value, sizeof value, &err);
  if (!s && value != 77) s = err_set(&err, TV_E_STATE, 0, "x2 is wrong");
  if (!s) s = tv_vcpu_get(cpu, TV_REG_Q(3), q, sizeof q, &err);
  if (!s) s = tv_vcpu_set(cpu, TV_REG_Q(4), q, sizeof q, &err);
  if (!s) s = tv_mem_protect(vm, 0, TV_READ | TV_EXEC, &err);
  if (!s) s = tv_vcpu_step(cpu, 2, &exit, &err);
  if (!s && exit.kind != TV_EXIT_BUDGET)
    s = err_set(&err, TV_E_STATE, 0, "a step is %s", tv_exit_name(exit.kind));
  return s;
}

// The guest's store, and the host's of code.
static tv_status look_at_log(tv_vm *vm) {
  uint64_t pages = 0;
  tv_status s = tv_mem_dirty(vm, 0, &pages, 1, &err);
  if (!s && pages != 15)
    s = err_set(&err, TV_E_STATE, 0, "dirty: %#" PRIx64, pages);
  return s ? s : tv_mem_log(vm, 0, false, &err);
}

static tv_status reset(tv_vm *vm, unsigned count, tv_vcpu **cpu) {
  for (unsigned k = 0; k < count; k++) tv_vcpu_power(cpu[k], true);
  tv_status s = tv_vm_reset(vm, &err);
  if (!s) s = tv_mem_protect(vm, 0, TV_READ | TV_WRITE | TV_EXEC, &err);
  for (unsigned k = 0; !s && k < count; k++) s = start(cpu[k]);
  return s ? s : run(vm, count);
}

// A GIC is reset with an input up.
static tv_status reset_gic(tv_vm *vm, unsigned count, tv_vcpu **cpu) {
  tv_status s = tv_vm_irq(vm, 40, true, &err);
  if (!s) s = reset(vm, count, cpu);
  return s ? s : tv_vm_irq(vm, 40, false, &err);
}

// Whether all of it goes well once nothing is refused any more.
static bool again(tv_vm *vm, unsigned count, tv_vcpu **cpu) {
  tv_error first = err;
  tv_status s = reset(vm, count, cpu);
  for (unsigned k = 0; !s && k < count; k++) s = look(vm, cpu[k]);
  if (s) note("again: %s", err.text);
  err = first;
  return !s;
}

struct outcome {
  tv_status status;
  bool entered;       // the guest ran after the refusal
  bool lost;          // and the VM is of no use
};

static struct outcome scenario(unsigned gic, unsigned count) {
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf",
                                .gic = gic };
  tv_vm *vm = NULL;
  tv_vcpu *cpu[4];
  tv_status s = tv_vm_new(&config, &vm, &err);
  if (!s) s = fill(vm, count, cpu);
  bool filled = !s;
  if (!s) s = run(vm, count);
  if (!s) s = look_at_log(vm);
  for (unsigned k = 0; !s && k < count; k++) s = look(vm, cpu[k]);
  if (!s && gic) s = reset_gic(vm, count, cpu);
  struct outcome out = { .status = s, .entered = s && mock.entered };
  out.lost = filled && s && !again(vm, count, cpu);
  tv_vm_free(vm);
  return out;
}

// A wait looks at the GIC again and again: of these calls some are enough.
static unsigned stride(unsigned gic, unsigned n) {
  return gic ? 1 + n / 256 : 1;
}

static void rounds(unsigned gic, unsigned count) {
  unsigned silent = 0, open = 0, n = 1, refused = 0, lost = 0, entered = 0;
  bool over = false;
  for (; !over && n < CALLS_MAX; n += stride(gic, n)) {
    memset(&err, 0, sizeof err);
    atomic_store(&mock.fail, n);
    mock.failed = mock.entered = 0;
    struct outcome out = scenario(gic, count);
    tv_status s = out.status;
    over = atomic_exchange(&mock.fail, 0) != 0;
    refused += s != TV_OK;
    if (!s && !over) note("call %u: all went well", n);
    bool told = s == TV_OK || (!strncmp(err.text, "hv_", 3) &&
                               strstr(err.text, "(0xfae940"));
    if (over && s) told = false;
    if (!told && silent++ < 5) note("call %u: %s", n, err.text);
    if (out.entered && count == 1 && entered++ < 5)
      note("call %u: the guest goes on", n);
    if (out.lost && lost++ < 5) note("call %u: the VM is of no use", n);
    if (mock.vm && open++ < 5) note("call %u: the VM is still there", n);
  }
  note("%u vCPUs%s: %u calls, %u refusals told", count,
       gic ? " with a GIC" : "", n, refused);
  ok(over && refused > 100, "there is an end of calls to refuse");
  eq_u64(silent, 0, "a refusal is told by its name and number");
  if (count == 1) eq_u64(entered, 0, "no guest is entered after it");
  eq_u64(lost, 0, "after it all goes well in the same VM");
  eq_u64(open, 0, "and its VM can be closed");
}

int main(void) {
  ok(mock_with_gic(), "macOS 15");
  rounds(0, 1);
  rounds(0, 3);
  rounds(3, 1);
  rounds(3, 3);
  return done();
}
