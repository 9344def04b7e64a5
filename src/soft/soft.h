// SPDX-License-Identifier: MIT
//
// What the files of the software CPU share besides the CPU itself: the VM's
// part, and the doors between run loop, exceptions, system registers, timers
// and the code cache.

#ifndef SOFT_SOFT_H
#define SOFT_SOFT_H

#include "soft/cpu.h"
#include "soft/model.h"

// Predecoded code takes 16 bytes a word, four times the guest's own. A guest
// that executes everything it has must not eat the host: at this many pages
// (64 MiB) all are dropped and made again on demand.
enum { CODE_BUCKETS = 256, CODE_PAGES_MAX = 4096 };

struct soft_vm {
  const struct soft_model *model;
  struct feature_set features;
  uint32_t pstate_bits;          // of PSTATE that the features add
  uint64_t clock;     // virtual nanoseconds: one a step, plus skipped idle
  const struct soft_cpu *last;   // which ran last: a switch ends exclusives
  struct soft_gic *gic;          // NULL: none
  unsigned code_pages;
  struct code_page *code[CODE_BUCKETS];
};

// One executed instruction of the outer loop.
enum slow_step {
  STEP_NEXT,        // done, pc += 4
  STEP_JUMPED,      // done, pc is set
  STEP_EXCEPTION,   // h.exc is to be taken (counts as a step)
  STEP_EXIT,        // h.exit is to be returned, the instruction is not done
  STEP_EXIT_DONE,   // the same, but it is done: pc += 4 and one step
  STEP_AGAIN,       // nothing done: execute it again
  STEP_IDLE,        // done, pc += 4; WFI with nothing to wake it
  STEP_YIELD        // done, pc += 4; let others run
};

static inline bool soft_has(const struct soft_cpu *cpu, enum feature f) {
  return feature_has(&cpu->h.vm->features, f);
}

// Whether a guest-physical address is beyond what the model's CPU has
// (ID_AA64MMFR0_EL1.PARange).
static inline bool soft_beyond_physical(const struct soft_cpu *cpu,
                                        uint64_t gpa) {
  return gpa >> cpu->h.vm->model->physical_bits;
}

// TCR_EL1.TBI0 and TBI1 have an effect with the MMU off as well (AddrTop, Arm
// ARM J1.3). The physical address that a data address is then, top byte and
// all: one whose bit 55 is set stays beyond any. And the address where a
// branch goes to (AArch64.BranchAddr), which TBID0 and TBID1 exempt.
static inline uint64_t soft_untagged(const struct soft_cpu *cpu,
                                     uint64_t va) {
  bool tbi0 = cpu->sys[SYS_tcr_el1] >> 37 & 1;
  return tbi0 && !(va >> 55 & 1) ? va & bits_mask(56) : va;
}
static inline uint64_t soft_branch_address(const struct soft_cpu *cpu,
                                           uint64_t va) {
  uint64_t tcr = cpu->sys[SYS_tcr_el1] >> (va >> 55 & 1);
  bool tbi = tcr >> 37 & 1, tbid = tcr >> 51 & 1 && soft_has(cpu, FEAT_PAuth);
  return tbi && !tbid ? (uint64_t)bits_sext(va, 56) : va;
}

// interp.c
enum back_end soft_run(tv_vcpu *, uint64_t grant, uint64_t *done,
                       tv_exit *);

// op_sys.c: executes the system instruction `word` at cpu->pc.
enum slow_step soft_slow(struct soft_cpu *, uint32_t word);
enum slow_step soft_hvc(struct soft_cpu *, uint32_t word);

// op_pauth.c: ERETAA, ERETAB.
enum slow_step soft_ereta(struct soft_cpu *, uint32_t word);

// code.c
void soft_code_flush(struct soft_vm *, tv_vm *);   // drop all pages
void soft_jump_reset(struct soft_cpu *);           // forget the jump cache
void soft_breakpoint(tv_vm *, uint64_t address);   // it is one, or no longer
// Whether the instruction that is fetched from pc is to be reported first.
bool soft_at_breakpoint(struct soft_cpu *);
// Why the fetch at cpu->pc fails: fills h.exc or h.exit.
enum slow_step soft_fetch_failure(struct soft_cpu *);
void soft_predecode_undefined(struct insn *, uint32_t word);

// except.c: enters EL1 through VBAR_EL1, or, if the guest has none yet,
// turns the exception into an exit; true if it was taken.
bool soft_take(struct soft_cpu *, const struct soft_exc *);
void soft_enter_el1(struct soft_cpu *, unsigned vector_offset);
bool soft_take_interrupt(struct soft_cpu *);       // at least one is pending
void soft_eret(struct soft_cpu *, uint64_t target);
enum slow_step soft_undefined(struct soft_cpu *);
enum slow_step soft_raise(struct soft_cpu *, uint32_t esr, tv_fault reason);
void soft_fault_exit(struct soft_cpu *, tv_fault reason, uint64_t va,
                     uint64_t gpa, unsigned size, char access);
uint64_t soft_pstate(const struct soft_cpu *);     // SPSR layout, with NZCV
void soft_set_pstate(struct soft_cpu *, uint64_t spsr);   // must be legal
bool soft_pstate_legal(uint64_t spsr);             // EL0t, EL1t, EL1h

// The keys of all system registers, by name.
enum {
#define SYSREG(name, key, access) SYSKEY_##name = key,
#include "a64/sysregs.def"
#undef SYSREG
};

// sysreg.c: a register as EL1 sees it; the host's view and, after the EL0
// checks of op_sys.c, the guest's. false: there is no such register.
// soft_sysreg_bits: the bits of a register that exist by these features only.
void soft_sysreg_reset(struct soft_cpu *);
bool soft_sysreg_read(struct soft_cpu *, uint16_t key, uint64_t *value);
bool soft_sysreg_write(struct soft_cpu *, uint16_t key, uint64_t value);
uint64_t soft_sysreg_bits(const struct feature_set *, uint16_t key);
bool soft_sysreg_readable(const struct soft_cpu *, uint16_t key);
bool soft_sysreg_writable(const struct soft_cpu *, uint16_t key);

// The random number that a state of RNDR stands for; and on to the next.
uint64_t soft_random(uint64_t state);
void soft_random_next(struct soft_cpu *);

// timer.c: the generic timers of one vCPU in virtual time.
uint64_t soft_count(const struct soft_cpu *);      // CNTVCT_EL0, CNTPCT_EL0
enum { TIMER_VIRTUAL = 1, TIMER_PHYSICAL = 2 };
unsigned soft_timer_outputs(const struct soft_cpu *);      // asserted ones
// timer = "exit": an expiry that has not been reported; then report it.
bool soft_timer_exit_due(const struct soft_cpu *);
void soft_timer_exit_reported(struct soft_cpu *);
// Nanoseconds until the next output rises, TV_NO_LIMIT if none will. Outputs
// that are up already do not count.
uint64_t soft_timer_distance(const struct soft_cpu *);
// The same for those outputs that will end a WFI.
uint64_t soft_timer_wake_distance(const struct soft_cpu *);

// When the WFIT or WFET that the vCPU is in ends by itself, in nanoseconds from
// now: TV_NO_LIMIT if it is in none.
uint64_t soft_wait_distance(const struct soft_cpu *);

// gic.c, gic_cpu.c: the GIC of a VM that has one (gic.h). soft_gic_access does
// the access to it that has left the loop, and records it as an answer.
tv_status soft_gic_new(struct soft_vm *, tv_error *);
void soft_gic_reset(tv_vm *);
tv_status soft_gic_irq(tv_vm *, uint32_t intid, bool level, tv_error *);
enum slow_step soft_gic_access(struct soft_cpu *);
void soft_gic_cpu_reset(struct soft_cpu *);
void soft_gic_refresh(const tv_vm *);    // sets all vCPUs' `lines`
// What the CPU interface signals, with the timers' outputs of this moment.
uint32_t soft_gic_lines(struct soft_cpu *);
// Whether it will once this timer's output is up.
bool soft_gic_would_signal(const struct soft_cpu *, bool physical);
// ICC_* registers; without a GIC there are none. Reading ICC_IARn_EL1 only
// tells what a guest's MRS would get; that it also acknowledges.
enum { ICC_READ = 1, ICC_WRITE = 2 };
bool soft_icc_has(const struct soft_cpu *, uint16_t key, unsigned access);
uint64_t soft_icc_read(struct soft_cpu *, uint16_t key);
void soft_icc_write(struct soft_cpu *, uint16_t key, uint64_t value);
void soft_icc_acknowledge(struct soft_cpu *, uint16_t key, uint64_t intid);

// The interrupts that the CPU sees: bit TV_IRQ, bit TV_FIQ.
static inline uint32_t soft_lines(struct soft_cpu *cpu) {
  if (cpu->h.vm->gic) return soft_gic_lines(cpu);
  return cpu->lines | (uint32_t)!!soft_timer_outputs(cpu) << TV_IRQ;
}

#endif
