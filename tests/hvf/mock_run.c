// SPDX-License-Identifier: MIT
//
// The mock's hv_vcpu_run: slices of the software CPU's own run loop, and what
// its exits are in the terms of ESR_EL2.

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "a64/decode.h"
#include "a64/esr.h"
#include "base/os.h"
#include "mock.h"

enum { SLICE = 4096, NO_REASON = 255 };   // what only the mock cannot do

static bool leave(struct mock_vcpu *v, hv_exit_reason_t reason) {
  memset(&v->exit, 0, sizeof v->exit);
  v->exit.reason = reason;
  return true;
}

static bool exception(struct mock_vcpu *v, uint64_t esr) {
  leave(v, HV_EXIT_REASON_EXCEPTION);
  v->exit.exception.syndrome = esr;
  return true;
}

static uint32_t word_at(uint64_t pc) {
  uint32_t word = 0;
  tv_mem_read(mock.vm, pc, &word, sizeof word, NULL);
  return word;
}

// ------------------------------------------------------------- syndromes --

// ISV and what it makes valid (D17.2.37): one general register, no writeback,
// not exclusive.
static uint32_t data_iss(uint32_t w) {
  unsigned size = w >> 30, opc = w >> 22 & 3, rt = w & 31;
  bool acquire = false;
  if (w >> 26 & 1) return 0;
  if ((w & 0x3f800000) == 0x08800000) {             // LDAR, STLR
    acquire = true;
    opc &= 1;
  } else if ((w & 0x3b000000) == 0x18000000) {      // literal
    opc = size == 2 ? 2 : 1;
    size = size == 1 ? 3 : 2;
  } else if ((w & 0x3b000000) != 0x39000000 &&
             (w & 0x3b200400) != 0x38000000 &&
             (w & 0x3b200c00) != 0x38200800) {
    return 0;
  }
  bool wide = opc == 2 || (opc < 2 && size == 3);
  return 1u << 24 | size << 22 | (opc >= 2 ? 1u : 0) << 21 | rt << 16 |
         (wide ? 1u : 0) << 15 | (acquire ? 1u : 0) << 14;
}

static bool abort_exit(struct mock_vcpu *v, const tv_exit *exit) {
  bool data = exit->u.fault.access != 'x';
  exception(v, exit->u.fault.esr | (data ? data_iss(exit->insn) : 0));
  v->exit.exception.virtual_address = exit->u.fault.far;
  v->exit.exception.physical_address = exit->u.fault.addr;
  return true;
}

static bool fault_exit(struct mock_vcpu *v, const tv_exit *exit) {
  switch (exit->u.fault.reason) {
    case TV_FAULT_UNMAPPED: case TV_FAULT_READ_ONLY: case TV_FAULT_PROTECTED:
      return abort_exit(v, exit);
    default:
      fprintf(stderr, "mock: the software CPU stops at %#llx (%08x): %s\n",
              (unsigned long long)exit->pc, (unsigned)exit->insn,
              tv_fault_name(exit->u.fault.reason));
      return leave(v, NO_REASON);
  }
}

static bool sysreg(struct mock_vcpu *v, uint32_t w) {
  return exception(v, esr_make(ESR_EC_SYS64,
    (w >> 19 & 3) << 20 | (w >> 5 & 7) << 17 | (w >> 16 & 7) << 14 |
    (w >> 12 & 15) << 10 | (w & 31) << 5 | (w >> 8 & 15) << 1 |
    (w >> 21 & 1)));
}

// ISS of a wait: which one, and of those with a time its register. -1: it is
// YIELD.
static int wait_iss(uint32_t w) {
  enum { RV = 1 << 2, RN_SHIFT = 5 };
  switch (a64_decode(w)) {
    case A64_WFI: return 0;
    case A64_WFE: return 1;
    case A64_WFIT: return (int)a64_rt(w) << RN_SHIFT | RV | 2;
    case A64_WFET: return (int)a64_rt(w) << RN_SHIFT | RV | 3;
    default: return -1;
  }
}

// The framework gives waits back before they are executed.
static bool waiting(struct mock_vcpu *v) {
  struct soft_cpu *c = mock_soft(v);
  int iss = wait_iss(word_at(c->pc - 4));
  if (iss < 0) return false;
  c->pc -= 4;
  return exception(v, esr_make(ESR_EC_WFX, 0x1e00000 | (unsigned)iss));
}

// With a GIC a WFI waits here, and time passes. True while it does.
static bool wait_inside(struct mock_vcpu *v) {
  enum { PASSES_NS = 50000 };
  v->waiting = !backend_soft.wakes(v->cpu);
  if (v->waiting)
    backend_soft.skip_to(mock.vm, backend_soft.time(mock.vm) + PASSES_NS);
  return v->waiting;
}

// An exit from a wait: pc is after the WFI, or at it, by turns. And an expiry
// that meets an exit leaves the virtual timer masked.
static void cancel(struct mock_vcpu *v) {
  struct soft_cpu *c = mock_soft(v);
  uint64_t ctl = 0;
  leave(v, HV_EXIT_REASON_CANCELED);
  if (!mock.gic.made) return;
  if (v->waiting && v->waits++ & 1) c->pc -= 4;
  v->waiting = false;
  pthread_mutex_lock(&mock.lock);
  soft_sysreg_read(c, SYSKEY_cntv_ctl_el0, &ctl);
  pthread_mutex_unlock(&mock.lock);
  if (ctl == (1 | 4)) v->vtimer_masked = true;
}

static bool hypercall(struct mock_vcpu *v, const tv_exit *exit) {
  uint64_t *x0 = &mock_soft(v)->x[0];
  if (exit->u.hvc.imm || (*x0 & 0xff000000) != 0xc1000000)
    return exception(v, esr_make(ESR_EC_HVC64, exit->u.hvc.imm));
  *x0 = UINT32_MAX;
  return false;
}

static bool timer_exit(struct mock_vcpu *v) {
  if (v->vtimer_masked) return false;
  v->vtimer_masked = true;
  return leave(v, HV_EXIT_REASON_VTIMER_ACTIVATED);
}

static bool ended(struct mock_vcpu *v, enum back_end end,
                  const tv_exit *exit) {
  switch (end) {
    case BACK_IDLE: case BACK_YIELD:
      if (!mock.gic.made || end == BACK_YIELD) return waiting(v);
      wait_inside(v);
      return false;
    case BACK_EXIT: break;
    default: return false;
  }
  switch (exit->kind) {
    case TV_EXIT_HVC: return hypercall(v, exit);
    case TV_EXIT_SMC:
      return exception(v, esr_make(ESR_EC_SMC64, exit->u.hvc.imm));
    case TV_EXIT_SYSREG: return sysreg(v, exit->insn);
    case TV_EXIT_FAULT: return fault_exit(v, exit);
    case TV_EXIT_TIMER: return timer_exit(v);
    default: return leave(v, NO_REASON);
  }
}

// ------------------------------------------------------------- breakpoints --

// Of an enabled breakpoint on 4 bytes at any EL: the two that the inner CPU
// has, and those that it has not, from `side`.
static bool breaks_at(struct mock_vcpu *v, uint64_t pc) {
  struct soft_cpu *c = mock_soft(v);
  uint64_t at, control;
  for (unsigned n = 0; n < 6; n++) {
    uint16_t bvr = (uint16_t)(0x8004 + 8 * n), bcr = bvr + 1;
    if (!soft_sysreg_read(c, bvr, &at)) at = mock_side(v, bvr);
    if (!soft_sysreg_read(c, bcr, &control)) control = mock_side(v, bcr);
    if ((control & 0x1e7) == 0x1e7 && at == pc) return true;
  }
  return false;
}

// Debug exceptions that come to the host before the instruction does.
static bool debug_exception(struct mock_vcpu *v) {
  enum { MDE = 1 << 15 };
  struct soft_cpu *c = mock_soft(v);
  uint32_t word = word_at(c->pc);
  bool fetched = mem_at(mock.vm, c->pc);
  if (fetched && c->sys[SYS_mdscr_el1] & MDE && breaks_at(v, c->pc)) {
    exception(v, esr_make(ESR_EC_BREAKPOINT_LOW, 0x22));
    return true;
  }
  if ((word & 0xffe0001f) != 0xd4200000) return false;
  return exception(v, esr_make(ESR_EC_BRK64, word >> 5 & 0xffff));
}

// -------------------------------------------------------------------- run --

// The lines, by tv_irq_line. A timer that is masked does not reach the GIC.
static unsigned set_lines(struct mock_vcpu *v) {
  struct soft_cpu *c = mock_soft(v);
  if (mock.gic.made) {
    mock.vm->timer_exit = v->vtimer_masked;
    c->timer_reported = true;
    return soft_lines(c);
  }
  bool irq = v->pending[HV_INTERRUPT_TYPE_IRQ];
  bool fiq = v->pending[HV_INTERRUPT_TYPE_FIQ];
  backend_soft.irq(v->cpu, TV_IRQ, irq);
  backend_soft.irq(v->cpu, TV_FIQ, fiq);
  c->timer_reported = v->vtimer_masked;
  return (irq ? 1u << TV_IRQ : 0) | (fiq ? 1u << TV_FIQ : 0);
}

// An interrupt that is taken comes before a breakpoint at the old pc, and one
// on the vector before its first instruction.
static bool interrupted(const struct mock_vcpu *v, unsigned lines) {
  const struct soft_cpu *c = mock_soft(v);
  return (lines >> TV_IRQ & 1 && !(c->pstate & PSTATE_I)) ||
         (lines >> TV_FIQ & 1 && !(c->pstate & PSTATE_F));
}

// An exception that is taken by a step, SVC's aside, saves PSTATE.SS
// (D2.12.5).
static void save_ss(struct soft_cpu *c, uint64_t from) {
  uint64_t vector = c->pc - c->sys[SYS_vbar_el1];
  if (vector < 0x800 && !(vector & 0x7f) && c->sys[SYS_elr_el1] == from)
    c->sys[SYS_spsr_el1] |= PSTATE_SS;
}

// With a GIC: the guest is to do one step, into a wait inside the framework.
// Nobody says what becomes of that.
static bool steps_into_wait(const struct mock_vcpu *v) {
  enum { NTWI = 1 << 16 };
  struct soft_cpu *c = mock_soft(v);
  bool armed = v->debug_trapped && v->step_enabled && v->step_armed;
  bool here = soft_el(c) || c->sys[SYS_sctlr_el1] & NTWI;
  return mock.gic.made && armed && here && !wait_iss(word_at(c->pc));
}

// One slice; true if the run is over and v->exit is filled.
static bool slice(struct mock_vcpu *v) {
  struct soft_cpu *c = mock_soft(v);
  uint64_t done = 0;
  tv_exit exit;
  unsigned lines = set_lines(v);
  if (v->waiting && wait_inside(v)) return false;
  if (v->debug_trapped && interrupted(v, lines)) {
    soft_take_interrupt(c);
    if (v->step_enabled && v->step_armed) {
      v->step_armed = false;
      c->sys[SYS_spsr_el1] |= PSTATE_SS;
      return exception(v, esr_make(ESR_EC_STEP_LOW, 0x22));
    }
    if (!(v->interrupts++ & 1)) {
      atomic_store(&v->exit_asked, true);
      return false;
    }
  }
  if (v->debug_trapped && debug_exception(v)) return true;
  if (steps_into_wait(v)) {
    fprintf(stderr, "mock: a single step into a wait\n");
    return leave(v, NO_REASON);
  }
  uint64_t from = c->pc;
  enum back_end end = backend_soft.run(v->cpu, v->debug_trapped ? 1 : SLICE,
                                       &done, &exit);
  bool step = v->debug_trapped && v->step_enabled && v->step_armed && done;
  if (done) v->step_armed = false;
  if (step) save_ss(c, from);
  if (ended(v, end, &exit)) return true;
  return step && exception(v, esr_make(ESR_EC_STEP_LOW, 0x22));
}

// With a GIC: all vCPUs that have been are there, and this one has its place.
static bool may_run(const struct mock_vcpu *v) {
  if (!mock.gic.made) return true;
  bool may = v->placed && v->affinity == v->index && !mock.gic.torn;
  if (may) mock.gic.final = true;
  return may;
}

static bool signalled(struct mock_vcpu *v) {
  unsigned left = atomic_load(&mock.signals);
  if (!left) return false;
  if (left != UINT32_MAX) atomic_fetch_sub(&mock.signals, 1);
  return leave(v, HV_EXIT_REASON_UNKNOWN);
}

// Others' turn: glibc's locks are not fair.
static void pause(const struct mock_vcpu *v, bool alone) {
  const struct timespec doze = { 0, 200000 };
  if (v->waiting) nanosleep(&doze, NULL);
  else if (!alone) sched_yield();
}

hv_return_t hv_vcpu_run(hv_vcpu_t id) {
  struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  bool offset_ok = v->vtimer_offset == mock_zero();
  bool gic_ok = may_run(v);
  pthread_mutex_unlock(&mock.lock);
  if (!gic_ok) return HV_ILLEGAL_GUEST_STATE;
  if (!offset_ok) {
    fprintf(stderr, "mock: the counter can only start when the VM does\n");
    return HV_UNSUPPORTED;
  }
  uint64_t start = os_clock();
  mock.entered += mock.failed;
  for (bool over = signalled(v); !over;) {
    if (atomic_exchange(&v->exit_asked, false)) {
      cancel(v);
      break;
    }
    pthread_mutex_lock(&mock.lock);
    over = slice(v);
    bool alone = mock.vm->vcpus == 1;
    pthread_mutex_unlock(&mock.lock);
    pause(v, alone);
  }
  v->ran += os_clock() - start;
  v->pending[0] = v->pending[1] = false;
  return HV_SUCCESS;
}

static bool forgets(void) {
  unsigned left = atomic_load(&mock.forgotten);
  if (!mock.gic.made || !left) return false;
  atomic_fetch_sub(&mock.forgotten, 1);
  return true;
}

hv_return_t hv_vcpus_exit(hv_vcpu_t *id, uint32_t count) {
  for (uint32_t k = 0; k < count; k++) {
    if (id[k] >= MOCK_VCPUS || !mock.vcpu[id[k]].cpu) return HV_BAD_ARGUMENT;
    if (forgets()) continue;
    atomic_store(&mock.vcpu[id[k]].exit_asked, true);
  }
  return HV_SUCCESS;
}

hv_return_t hv_vcpu_get_exec_time(hv_vcpu_t id, uint64_t *ticks) {
  const struct mock_vcpu *v = mock_own(id);
  if (!v) return HV_BAD_ARGUMENT;
  *ticks = v->ran >> MOCK_TICK_SHIFT;
  return HV_SUCCESS;
}
