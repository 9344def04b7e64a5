// SPDX-License-Identifier: MIT
//
// System instructions that the framework takes away from the guest. What hvf
// makes of them is what soft does: every word of MRS and MSR, at EL1 and at
// EL0, as macOS traps them before 26 and since; caches; waits.

#include "mock.h"
#include "tap.h"

enum { ENTRY = 0x1000, VECTORS = 0x2000, SIZE = 2 * MOCK_GRANULE,
       ROM = 0x40000, DEVICE = 0x80000, HOLE = 0x100000, EL1H = 0x3c5,
       EL0T = 0x3c0, OPEN = 0x303, SHOWN = 5 };

struct machine { tv_vm *vm; tv_vcpu *cpu; };

// What is left of a few instructions and an exception.
struct outcome {
  tv_exit_kind kind;
  uint64_t vector, esr, elr, far, spsr, x[3];
};

static void set(const struct machine *m, tv_reg reg, uint64_t value) {
  tv_vcpu_set(m->cpu, reg, &value, sizeof value, NULL);
}

static uint64_t get(const struct machine *m, tv_reg reg) {
  uint64_t value = 0;
  tv_vcpu_get(m->cpu, reg, &value, sizeof value, NULL);
  return value;
}

static struct machine machine(const char *backend) {
  const tv_vm_config config = { .size = sizeof config, .backend = backend };
  struct machine m = { 0 };
  tv_vm_new(&config, &m.vm, NULL);
  tv_mem_ram(m.vm, 0, SIZE, TV_READ | TV_WRITE | TV_EXEC, NULL, NULL);
  tv_mem_ram(m.vm, ROM, MOCK_GRANULE, TV_READ, NULL, NULL);
  tv_mem_mmio(m.vm, DEVICE, MOCK_GRANULE, NULL);
  for (unsigned n = 0; n < 16; n++) {
    uint32_t hvc = 0xd4000002 | (0x100 + n) << 5;
    tv_mem_write(m.vm, VECTORS + n * 0x80, &hvc, sizeof hvc, NULL);
  }
  tv_vcpu_new(m.vm, &m.cpu, NULL);
  return m;
}

// The words, then svc #1, at the EL of pstate; x1 is `value`.
static struct outcome execute(const struct machine *m, const uint32_t *word,
                              unsigned words, uint64_t pstate,
                              uint64_t cntkctl, uint64_t value) {
  const uint32_t end = 0xd4000021;
  struct outcome out = { 0 };
  tv_exit exit = { 0 };
  tv_mem_write(m->vm, ENTRY, word, words * sizeof *word, NULL);
  tv_mem_write(m->vm, ENTRY + words * sizeof *word, &end, sizeof end, NULL);
  tv_vm_reset(m->vm, NULL);
  set(m, TV_REG_PSTATE, pstate);
  set(m, TV_REG_PC, ENTRY);
  set(m, TV_REG_X(1), value);
  set(m, TV_REG_SYS(SYSKEY_vbar_el1), VECTORS);
  set(m, TV_REG_SYS(SYSKEY_cntkctl_el1), cntkctl);
  tv_vcpu_run(m->cpu, 1000000000, &exit, NULL);
  out.kind = exit.kind;
  out.vector = exit.kind == TV_EXIT_HVC ? exit.u.hvc.imm : exit.pc;
  out.esr = get(m, TV_REG_SYS(SYSKEY_esr_el1));
  out.elr = get(m, TV_REG_SYS(SYSKEY_elr_el1));
  out.far = get(m, TV_REG_SYS(SYSKEY_far_el1));
  out.spsr = get(m, TV_REG_SYS(SYSKEY_spsr_el1));
  for (unsigned n = 0; n < 3; n++) out.x[n] = get(m, TV_REG_X(n));
  return out;
}

// ------------------------------------------------------------------ every --

// Registers of which hvf's value is its own: time, random numbers, what the
// framework calls the CPU; writes that are ignored; and what outlives a reset,
// as the framework does not have it.
static bool differs(unsigned key) {
  switch (key) {
    case SYSKEY_cntvct_el0: case SYSKEY_cntpct_el0:
    case SYSKEY_cntvctss_el0: case SYSKEY_cntpctss_el0:
    case SYSKEY_cntv_tval_el0: case SYSKEY_cntp_tval_el0:
    case SYSKEY_rndr: case SYSKEY_rndrrs:
    case SYSKEY_osdlr_el1: case SYSKEY_dbgprcr_el1: case SYSKEY_mdccint_el1:
    case SYSKEY_osdtrrx_el1: case SYSKEY_osdtrtx_el1: case SYSKEY_oseccr_el1:
      return true;
    default: return key >= 0xc008 && key < 0xc040;
  }
}

// A value to write that leaves the CPU able to go on.
static uint64_t harmless(unsigned key) {
  switch (key) {
    case SYSKEY_sctlr_el1: return 0x30d00800;
    case SYSKEY_cpacr_el1: return 3 << 20;
    case SYSKEY_vbar_el1: return VECTORS;
    case SYSKEY_mdscr_el1: return 0x1000;
    default: return 5;
  }
}

static bool same(const struct outcome *a, const struct outcome *b,
                 bool values) {
  bool equal = a->kind == b->kind && a->vector == b->vector &&
               a->esr == b->esr && a->elr == b->elr && a->far == b->far &&
               a->spsr == b->spsr;
  return equal && (!values || !memcmp(a->x, b->x, sizeof a->x));
}

static void show(const char *name, const struct outcome *o) {
  note("%-5s %s %#x esr %#x elr %#x x1 %#x x2 %#x", name,
       tv_exit_name(o->kind), (unsigned)o->vector, (unsigned)o->esr,
       (unsigned)o->elr, (unsigned)o->x[1], (unsigned)o->x[2]);
}

// MRS, or MSR and MRS, of every register. Counts those that differ.
static void scan(const struct machine *soft, const struct machine *hvf,
                 bool write, uint64_t pstate, uint64_t cntkctl,
                 const char *law) {
  unsigned bad = 0;
  for (unsigned key = 0x8000; key < 0x10000; key++) {
    uint32_t msr = 0xd5000001 | key << 5, mrs = 0xd5200002 | key << 5;
    const uint32_t word[] = { write ? msr : mrs, mrs };
    uint64_t value = harmless(key);
    struct outcome a = execute(soft, word, 1 + write, pstate, cntkctl, value);
    struct outcome b = execute(hvf, word, 1 + write, pstate, cntkctl, value);
    if (same(&a, &b, !differs(key)) || bad++ >= SHOWN) continue;
    char name[24];
    note("%s", tv_reg_name(TV_REG_SYS(key), name, sizeof name));
    show("soft", &a);
    show("hvf", &b);
  }
  eq_u64(bad, 0, "%s", law);
}

static void at_el1(const struct machine *soft, const struct machine *hvf) {
  scan(soft, hvf, false, EL1H, 0, "every MRS at EL1 does what it does on "
       "soft");
  scan(soft, hvf, true, EL1H, 0, "every MSR and then MRS");
}

static void at_el0(const struct machine *soft, const struct machine *hvf) {
  scan(soft, hvf, false, EL0T, 0, "every MRS at EL0");
  scan(soft, hvf, true, EL0T, OPEN, "every MSR at EL0, with the timers open");
}

// What the framework's header does not list, and what does not exist.
static void unknown_identification(const struct machine *hvf) {
  unsigned bad = 0, asked = 0;
  for (unsigned key = 0xc008; key < 0xc040; key++) {
    const uint32_t mrs = 0xd5200002 | key << 5;
    if (mock_has((hv_sys_reg_t)key)) continue;
    struct outcome o = execute(hvf, &mrs, 1, EL1H, 0, 0);
    bad += o.x[2] || o.elr != ENTRY + 8;
    asked++;
  }
  ok(!bad && asked > 40, "identification that the framework does not know "
     "reads as 0: %u of %u do not", bad, asked);
}

// A physical timer that is set by the physical counter expires.
static void physical_timer(const struct machine *hvf) {
  static const uint32_t word[] = {
    0xd53be021,   // mrs x1, cntpct_el0
    0x91190021,   // add x1, x1, #1600
    0xd51be241,   // msr cntp_cval_el0, x1
    0xd2800022,   // mov x2, #1
    0xd51be222,   // msr cntp_ctl_el0, x2
    0xd53be222,   // mrs x2, cntp_ctl_el0
    0x3617ffe2    // tbz w2, #2, .-4
  };
  struct outcome o = execute(hvf, word, sizeof word / sizeof *word, EL1H, 0,
                             0);
  eq_u64(o.x[2], 5, "the physical timer is by the physical counter");
}

// ----------------------------------------------------------------- others --

static void agree(const struct machine *soft, const struct machine *hvf,
                  uint32_t word, uint64_t x1, const char *law) {
  struct outcome a = execute(soft, &word, 1, EL1H, 0, x1);
  struct outcome b = execute(hvf, &word, 1, EL1H, 0, x1);
  if (ok(same(&a, &b, true) && a.elr == ENTRY + 8, "%s", law)) return;
  show("soft", &a);
  show("hvf", &b);
}

static void caches(const struct machine *soft, const struct machine *hvf) {
  static const struct { uint64_t at; const char *where; } place[] = {
    {0x4000, "RAM"}, {ROM, "ROM"}, {DEVICE, "a device"}, {HOLE, "nothing"},
    {(UINT64_C(1) << MOCK_IPA_BITS) - 1, "the trap page"}
  };
  static const uint32_t word[] = {
    0xd5087621, 0xd50b7a21, 0xd50b7b21, 0xd50b7c21, 0xd50b7d21, 0xd50b7e21,
    0xd50b7521
  };            // dc ivac, cvac, cvau, cvap, cvadp, civac; ic ivau
  for (unsigned p = 0; p < sizeof place / sizeof *place; p++)
    for (unsigned n = 0; n < sizeof word / sizeof *word; n++)
      agree(soft, hvf, word[n], place[p].at, place[p].where);
}

static void waits(const struct machine *soft, const struct machine *hvf) {
  agree(soft, hvf, 0xd503205f, 0, "wfe goes on");
  agree(soft, hvf, 0xd5031001, UINT64_C(1) << 40, "wfet, too");
  agree(soft, hvf, 0xd5031021, UINT64_C(1) << 40, "and wfit");
}

#define TRAP ((UINT64_C(1) << MOCK_IPA_BITS) - MOCK_GRANULE)

static void loop_at_the_trap_page(void) {
  static _Alignas(MOCK_GRANULE) uint32_t loop[MOCK_GRANULE / 4];
  for (unsigned n = 0; n < MOCK_GRANULE / 4; n++) loop[n] = 0x14000000;
  hv_vm_map(loop, TRAP, MOCK_GRANULE, HV_MEMORY_READ | HV_MEMORY_EXEC);
}

// With the MMU on the trap page may be where the guest has mapped nothing: it
// faults there, for ever, and only a look at its pc tells. Here a loop there
// stands for that.
static void lost_at_the_trap_page(void) {
  const uint32_t svc = 0xd4000021;
  struct machine m = machine("hvf");
  tv_exit exit = { 0 };
  loop_at_the_trap_page();
  tv_mem_write(m.vm, ENTRY, &svc, sizeof svc, NULL);
  set(&m, TV_REG_PC, ENTRY);
  tv_vcpu_run(m.cpu, 50000000, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "fault", "an exception without vectors is "
         "found, though no fetch leaves");
  eq_u64(exit.pc, ENTRY, "at its instruction");
  tv_vm_free(m.vm);
}

// A guest with vectors may have code there, by its MMU.
static void code_at_the_trap_page(void) {
  struct machine m = machine("hvf");
  tv_exit exit = { 0 };
  loop_at_the_trap_page();
  set(&m, TV_REG_SYS(HV_SYS_REG_VBAR_EL1), 0x8000);
  set(&m, TV_REG_PC, TRAP + 0x200);
  tv_vcpu_run(m.cpu, 50000000, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "budget", "a guest with vectors runs on "
         "there");
  eq_u64(exit.pc, TRAP + 0x200, "and no pc is taken from ELR_EL1");
  tv_vm_free(m.vm);
}

// The timer expires when an exception has been taken, before the first fetch.
static void timer_at_the_trap_page(void) {
  const uint32_t loop = 0x14000000;
  struct machine m = { 0 };
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf",
                                .timer_exit = true };
  tv_exit exit = { 0 };
  tv_vm_new(&config, &m.vm, NULL);
  tv_mem_ram(m.vm, 0, SIZE, TV_READ | TV_WRITE | TV_EXEC, NULL, NULL);
  tv_mem_write(m.vm, ENTRY, &loop, sizeof loop, NULL);
  tv_vcpu_new(m.vm, &m.cpu, NULL);
  set(&m, TV_REG_PC, TRAP + 0x200);
  set(&m, TV_REG_SYS(HV_SYS_REG_ELR_EL1), ENTRY);
  set(&m, TV_REG_SYS(HV_SYS_REG_SPSR_EL1), EL1H);
  set(&m, TV_REG_SYS(HV_SYS_REG_CNTV_CTL_EL0), 1);
  tv_vcpu_run(m.cpu, 50000000, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "fault", "an exception comes first");
  eq_u64(exit.pc, ENTRY, "where it was taken");
  tv_vcpu_run(m.cpu, 500000000, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "timer", "then the timer");
  eq_u64(exit.pc, ENTRY, "not at the trap page");
  tv_vm_free(m.vm);
}

int main(void) {
  timer_at_the_trap_page();
  lost_at_the_trap_page();
  code_at_the_trap_page();
  struct machine soft = machine("soft"), hvf = machine("hvf");
  at_el1(&soft, &hvf);
  at_el0(&soft, &hvf);
  unknown_identification(&hvf);
  physical_timer(&hvf);
  mock.before_26 = true;
  at_el1(&soft, &hvf);
  physical_timer(&hvf);
  mock.before_26 = false;
  caches(&soft, &hvf);
  waits(&soft, &hvf);
  tv_vm_free(hvf.vm);
  tv_vm_free(soft.vm);
  return done();
}
