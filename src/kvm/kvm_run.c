// SPDX-License-Identifier: MIT
//
// Runs: KVM_RUN until something is for the core, and what each way out of it
// means.
//
// An MMIO exit leaves an access pending in the kernel, to be finished by the
// next KVM_RUN. We finish it at once (immediate_exit: no instruction runs)
// and put the registers back, so that the vCPU stands at its instruction as
// after any other abort. Then core/mmio.c carries the access out: it knows
// sign extension, which KVM loses, pairs and writeback; and registers may be
// read and written at any time.
//
// kvm_wait.c says how a wait is known.
//
// A guest that waits for ever, or faults at its own vector for ever, never
// leaves KVM_RUN. Ticks do: then look() sees how it stands.

#include <errno.h>
#include <string.h>

#include "a64/esr.h"
#include "a64/pstate.h"
#include "base/err.h"
#include "base/os.h"
#include "core/breakpoint.h"
#include "core/self.h"
#include "core/fault.h"
#include "core/view.h"
#include "kvm/kvm.h"

enum { LOOK_FIRST_NS = 1000000, LOOK_AGAIN_NS = 4000000,
       STEPS_NS = 10000000 };   // single steps, until the core looks again
enum { VECTORS_SIZE = 0x800, SCTLR_NTWI = 1 << 16 };
#define WORD_WFI UINT32_C(0xd503207f)
#define NO_MP_STATE "this KVM has no states of vCPUs (KVM_CAP_MP_STATE)"

struct run {
  struct kvm_vcpu *k;
  tv_vcpu *cpu;
  tv_exit *exit;
  uint64_t time, limit;  // nanoseconds granted; os_clock() at their end
  uint64_t steps, most;  // of single steps: done and granted
  bool step;             // in one: by tv_vcpu_step, or over a breakpoint
  uint64_t pc;           // where it began
  bool spent;            // it may end before it begins (step_spent)
  enum back_end end;     // once it is over
};

static bool leave(struct run *run, enum back_end end) {
  run->end = end;
  return false;
}

static uint64_t core_reg(const struct run *run, uint64_t id) {
  return kvm_reg(run->k, REG_CORE | id);
}

// An instruction is done, or an exception taken; counts where that counts.
static bool stepped(struct run *run) {
  breakpoint_pass(run->cpu);
  if (!run->cpu->single) return true;
  return ++run->steps < run->most || leave(run, BACK_DONE);
}

// ---------------------------------------------------------------- failures --

static void refused_run(struct kvm_vcpu *k) {
  const char *cause =
    errno == EFAULT ? "host memory behind the guest's is gone" :
    errno == ENOMEM ? "the host has no memory for the guest's, or a kernel "
                      "with pKVM may lock no more of it (RLIMIT_MEMLOCK)" :
    errno == ENOEXEC ? "the vCPU was not initialized" :
    errno == EINVAL ? "the guest has gone to AArch32, which this host cannot "
                      "run" : NULL;
  kvm_vcpu_refused(k, NULL, errno == ENOMEM ? TV_E_NO_MEMORY : TV_E_IO,
                   "KVM_RUN", cause);
}

static bool fail_run(struct run *run) {
  refused_run(run->k);
  return leave(run, BACK_FAILED);
}

static bool fail_exit(struct run *run) {
  err_set(&run->cpu->failure, TV_E_UNSUPPORTED, 0, "KVM_RUN ended for reason "
          "%u, which is not known here; the kernel log may say more",
          (unsigned)run->k->hw.run->exit_reason);
  return leave(run, BACK_FAILED);
}

// An ioctl on the way was refused; `failure` says which.
static enum back_end told(struct kvm_vcpu *k, enum back_end end) {
  bool refused = k->refused;
  k->refused = false;
  return refused ? BACK_FAILED : end;
}

// -------------------------------------------------------------- hypercalls --

static void fill_call(struct run *run, tv_exit_kind kind) {
  tv_exit *exit = run->exit;
  self_exit(exit, kind, run->cpu, 4);
  exit->u.hvc.nr = (uint32_t)core_reg(run, 0);
  for (unsigned i = 0; i < 7; i++)
    exit->u.hvc.arg[i] = core_reg(run, 2 * (i + 1));
}

// The immediate is not told: it is in the instruction.
static bool hypercall(struct run *run) {
  bool smc = run->k->hw.run->hypercall.flags & HYPERCALL_SMC;
  fill_call(run, smc ? TV_EXIT_SMC : TV_EXIT_HVC);
  uint32_t word = run->exit->insn;
  if ((word & 0xffe0001c) == 0xd4000000)
    run->exit->u.hvc.imm = word >> 5 & 0xffff;
  if (smc) kvm_set_reg(run->k, REG_CORE | CORE_PC, run->exit->pc);
  else stepped(run);
  return leave(run, BACK_EXIT);
}

// PSCI that the kernel has served, having stopped the vCPU: as the call that
// it was, for the core to serve.
static bool psci(struct run *run, uint32_t nr) {
  struct kvm_mp_state state = { MP_RUNNABLE };
  if (kvm_ioctl(run->k->hw.fd, SET_MP_STATE, &state) < 0)
    kvm_vcpu_refused(run->k, NULL, TV_E_IO, "KVM_SET_MP_STATE", NO_MP_STATE);
  fill_call(run, TV_EXIT_HVC);
  run->exit->u.hvc.nr = nr;
  return leave(run, BACK_EXIT);
}

// What ends a wait, with a GIC. A single step of a WFI is done then.
static bool woken(struct run *run) {
  kvm_wait_woken(run->k);
  return !run->cpu->single || run->steps < run->most || leave(run, BACK_DONE);
}

static bool system_event(struct run *run) {
  switch (run->k->hw.run->system_event.type) {
    case EVENT_WAKEUP: return woken(run);
    case EVENT_SHUTDOWN: return psci(run, PSCI_SYSTEM_OFF);
    case EVENT_RESET: return psci(run, PSCI_SYSTEM_RESET);
    default: return fail_exit(run);
  }
}

// -------------------------------------------------------------------- MMIO --

// Finishes the kernel's pending access.
static void finish(const struct run *run) {
  run->k->hw.run->immediate_exit = 1;
  if (kvm_ioctl_value(run->k->hw.fd, RUN, 0) < 0 && errno != EINTR &&
      errno != EAGAIN)
    refused_run(run->k);
}

// Finishes it and puts back what that changed. Which register a load has, the
// word says, or nobody.
static void cancel(struct run *run, bool loads) {
  uint32_t word = run->exit->insn;
  uint64_t x[31], pc = core_reg(run, CORE_PC);
  unsigned from = word ? word & 31 : 0, to = word ? from + 1 : 31;
  if (!loads || from == 31) to = from;
  for (unsigned n = from; n < to; n++) x[n] = core_reg(run, 2 * n);
  finish(run);
  for (unsigned n = from; n < to; n++)
    kvm_set_reg(run->k, REG_CORE | 2 * n, x[n]);
  kvm_set_reg(run->k, REG_CORE | CORE_PC, pc);
}

// The virtual address of the access: its offset in the page is that of the
// physical one; the page is that of its first byte, or the next.
static uint64_t virtual_of(struct run *run, uint64_t gpa) {
  struct mmio_plan plan;
  mmio_decode(run->cpu, run->exit->insn, run->exit->pc, &plan);
  uint64_t va = plan.va - plan.va % 4096 + gpa % 4096;
  return va < plan.va ? va + 4096 : va;
}

static bool data_abort(struct run *run, uint64_t gpa, uint64_t esr) {
  struct mmio_abort abort = { .esr = esr, .gpa = gpa,
                              .va = virtual_of(run, gpa) };
  if (mmio_abort(run->cpu, &run->k->mmio, &abort, run->exit) == MMIO_EXIT)
    return leave(run, BACK_EXIT);
  return stepped(run);
}

// A fetch that the guest has taken itself: where a device is, it is not
// unmapped.
static void explain_fetch(struct run *run) {
  tv_exit *e = run->exit;
  bool flat = !(kvm_reg(run->k, REG_SYS | VIEW_sctlr_el1) & 1 << SCTLR_M);
  if (e->kind == TV_EXIT_FAULT && e->u.fault.reason == TV_FAULT_UNMAPPED &&
      e->u.fault.access == 'x' && flat)
    e->u.fault.reason = fault_reason(mem_at(run->cpu->vm, e->u.fault.addr),
                                     'x');
}

// The exception that the guest has taken to the trap page.
static bool trapped(struct run *run, uint64_t pc) {
  fault_unwind(run->cpu, pc & (VECTORS_SIZE - 1), run->exit);
  explain_fetch(run);
  return leave(run, BACK_EXIT);
}

// Reads as zero, and ignores what is written: the kernel finishes it so.
static bool nobody(struct run *run) {
  struct kvm_run *r = run->k->hw.run;
  memset(r->mmio.data, 0, sizeof r->mmio.data);
  finish(run);
  return stepped(run);
}

static bool mmio(struct run *run) {
  const struct kvm_run *r = run->k->hw.run;
  uint64_t gpa = r->mmio.phys, trap = kvm_vm_of(run->cpu->vm)->trap;
  if (kvm_gic_absent(run->cpu->vm, gpa)) return nobody(run);
  bool write = r->mmio.is_write;
  self_exit(run->exit, TV_EXIT_MMIO, run->cpu, 0);
  uint64_t pc = run->exit->pc;
  bool by_trap = pc - trap < VECTORS_SIZE && gpa == pc + KVM_TRAP_SIZE;
  cancel(run, !write && !by_trap);
  if (by_trap) return trapped(run, pc);
  return data_abort(run, gpa, write ? ESR_DABT_WNR : 0);
}

static bool nisv(struct run *run) {
  const struct kvm_run *r = run->k->hw.run;
  self_exit(run->exit, TV_EXIT_MMIO, run->cpu, 0);
  return data_abort(run, r->nisv.ipa, r->nisv.iss);
}

// ----------------------------------------------------- what does not leave --

static bool is_wfi(struct run *run, uint64_t pc) {
  self_exit(run->exit, TV_EXIT_WFI, run->cpu, 4);
  return run->exit->pc == pc - 4 && run->exit->insn == WORD_WFI;
}

// An exception at the first instruction of its own vector: there is no way
// out of this.
static bool spins_at_vector(const struct run *run, uint64_t pc) {
  uint64_t vbar = kvm_reg(run->k, REG_SYS | VIEW_vbar_el1);
  return pc - vbar < VECTORS_SIZE && !((pc - vbar) & 0x1ff) &&
         core_reg(run, CORE_ELR_EL1) == pc;
}

static bool spinning(struct run *run) {
  self_exit(run->exit, TV_EXIT_FAULT, run->cpu, 0);
  fault_of_exception(run->exit, kvm_reg(run->k, REG_SYS | VIEW_esr_el1),
                     kvm_reg(run->k, REG_SYS | VIEW_far_el1),
                     core_reg(run, CORE_SP_EL1));
  explain_fetch(run);
  return leave(run, BACK_EXIT);
}

static bool stopped(const struct run *run) {
  struct kvm_mp_state state = { MP_RUNNABLE };
  if (kvm_ioctl(run->k->hw.fd, GET_MP_STATE, &state) < 0)
    kvm_vcpu_refused(run->k, NULL, TV_E_IO, "KVM_GET_MP_STATE", NO_MP_STATE);
  return state.state == MP_STOPPED;
}

// A WFI that only the signal has ended goes on waiting in the core, for a timer
// as well: were it executed again, an interrupt that comes before it would be
// taken there and end nothing. One that was stepped is done.
static bool look(struct run *run) {
  uint64_t pc = core_reg(run, CORE_PC);
  if (spins_at_vector(run, pc)) return spinning(run);
  bool gic = run->cpu->vm->gic, idle = gic && kvm_wait_is_idle(run->k);
  if (idle) return leave(run, BACK_IDLE);
  bool slept = kvm_tick_slept(run->k);
  if (slept && stopped(run)) return psci(run, PSCI_CPU_OFF);
  if (gic || run->step || !kvm_wait_in_wfi(run->k, slept)) return true;
  if (!kvm_wakes(run->cpu) && is_wfi(run, pc)) return leave(run, BACK_IDLE);
  return true;
}

// An interrupt was taken, which is no step: its vector's first instruction is.
static bool only_entered(const struct run *run, uint64_t pc) {
  uint64_t offset = pc - kvm_reg(run->k, REG_SYS | VIEW_vbar_el1);
  return offset < VECTORS_SIZE && offset & 0x180 && !(offset & 0x7f) &&
         core_reg(run, CORE_ELR_EL1) == run->pc;
}

// A single step has ended, unless the vCPU stands where it did and `here`
// says that it may not have begun.
static bool step_ended(struct run *run, bool here) {
  uint64_t pc = core_reg(run, CORE_PC);
  if (pc - kvm_vm_of(run->cpu->vm)->trap < VECTORS_SIZE)
    return trapped(run, pc);
  fault_hide_step(run->cpu, run->pc);
  return (here && pc == run->pc) || only_entered(run, pc) || stepped(run);
}

static bool timer_exit(struct run *run) {
  if (!kvm_line_timer_exit(run->k)) return false;
  self_exit(run->exit, TV_EXIT_TIMER, run->cpu, 0);
  leave(run, BACK_EXIT);
  return true;
}

// A debug exception may still come: a single step's, or the breakpoint's at the
// vector where the guest has just arrived, which would not be asked for again
// if the timer's output has fallen.
static bool interrupted(struct run *run) {
  if (run->step && !step_ended(run, true)) return false;
  kvm_line_breakpoint(run->k);
  if (timer_exit(run) || !look(run)) return false;
  return os_clock() < run->limit || leave(run, BACK_DONE);
}

// ------------------------------------------------------------------- debug --

static bool single_step(struct run *run) {
  run->k->step_spent = false;
  return step_ended(run, run->spent);
}

// While we debug the guest its BRK comes to us, too: it is to happen as if we
// did not.
static bool guest_brk(struct run *run) {
  uint64_t esr = run->k->hw.run->debug.hsr;
  uint64_t far = kvm_reg(run->k, REG_SYS | VIEW_far_el1);
  if (kvm_inject(run->cpu, esr, far, NULL) == TV_OK) return stepped(run);
  self_exit(run->exit, TV_EXIT_BRK, run->cpu, 0);
  run->exit->u.brk.imm = esr & 0xffff;
  return leave(run, BACK_EXIT);
}

static bool breakpoint(struct run *run) {
  if (run->step) fault_hide_step(run->cpu, run->pc);
  bool known = kvm_line_breakpoint(run->k);
  if (!watch_report(run->cpu)) return known || fail_exit(run);
  self_exit(run->exit, TV_EXIT_BREAKPOINT, run->cpu, 0);
  return leave(run, BACK_EXIT);
}

static bool debug(struct run *run) {
  switch (esr_ec(run->k->hw.run->debug.hsr)) {
    case ESR_EC_STEP_LOW: return single_step(run);
    case ESR_EC_BRK64: return guest_brk(run);
    case ESR_EC_BREAKPOINT_LOW: return breakpoint(run);
    default: return fail_exit(run);
  }
}

// --------------------------------------------------------------------- run --

// A WFI that is stepped does not wait in KVM.
static bool at_wfi(struct run *run) {
  self_exit(run->exit, TV_EXIT_WFI, run->cpu, 0);
  run->pc = run->exit->pc;
  if (run->exit->insn != WORD_WFI) return false;
  bool traps = !(run->exit->pstate & PSTATE_EL_MASK) &&
    !(kvm_reg(run->k, REG_SYS | VIEW_sctlr_el1) & SCTLR_NTWI);
  return !traps;
}

// Whether it would wait for ever, or, at a breakpoint, at all.
static bool waits_idle(const struct run *run) {
  return !kvm_wakes(run->cpu) &&
         (!run->cpu->single || kvm_next_event(run->cpu) == TV_NO_LIMIT);
}

static void skip_wfi(struct run *run) {
  run->pc += 4;
  kvm_set_reg(run->k, REG_CORE | CORE_PC, run->pc);
  stepped(run);
}

// True when the run is over. With a GIC the step is done and the wait, which
// may end at once, begins.
static bool step_wfi(struct run *run) {
  bool gic = run->cpu->vm->gic;
  if (!at_wfi(run) || run->k->wait.suspended) return false;
  if ((!gic && !waits_idle(run)) || run->k->refused) return false;
  skip_wfi(run);
  if (gic) kvm_wait_begin(run->k);
  else leave(run, BACK_IDLE);
  return !gic;
}

// Once through KVM_RUN; false when the run is over.
static bool enter(struct run *run) {
  struct kvm_vcpu *k = run->k;
  kvm_line_update(k);
  if (timer_exit(run)) return false;
  kvm_debug_update(k);
  run->step = k->watch.step;
  bool waits = run->step && step_wfi(run);
  if (k->refused) return leave(run, BACK_FAILED);
  if (waits) return false;
  run->spent = k->step_spent;
  k->step_spent |= run->step && !k->wait.suspended;
  k->hw.run->immediate_exit = 0;
  if (atomic_exchange(&k->kicked, false)) return leave(run, BACK_KICKED);
  kvm_wait_look_now(k);
  if (kvm_ioctl_value(k->hw.fd, RUN, 0) < 0)
    return errno == EINTR || errno == EAGAIN ? interrupted(run)
                                             : fail_run(run);
  switch (k->hw.run->exit_reason) {
    case EXIT_HYPERCALL: return hypercall(run);
    case EXIT_MMIO: return mmio(run);
    case EXIT_ARM_NISV: case EXIT_ARM_LDST64B: return nisv(run);
    case EXIT_DEBUG: return debug(run);
    case EXIT_SYSTEM_EVENT: return system_event(run);
    case EXIT_INTR: return interrupted(run);
    default: return fail_exit(run);
  }
}

static void drive(struct run *run) {
  uint64_t first = run->time < LOOK_FIRST_NS ? run->time : LOOK_FIRST_NS;
  if (run->cpu->vm->gic) kvm_wait_enter_run(run->k);
  kvm_tick(run->k, first, LOOK_AGAIN_NS);
  while (enter(run)) {}
  kvm_tick(run->k, 0, 0);
  if (run->cpu->vm->gic) kvm_wait_leave_run(run->k);
}

static tv_status first_run(struct kvm_vcpu *k, tv_error *err) {
  tv_status s = TV_OK;
  if (k->vcpu->vm->gic) s = kvm_gic_start(k->vcpu->vm, err);
  if (!s) s = kvm_wait_start(k, err);
  return s ? s : kvm_tick_start(k, err);
}

enum back_end kvm_run(tv_vcpu *cpu, uint64_t grant, uint64_t *done,
                      tv_exit *exit) {
  struct kvm_vcpu *k = kvm_of(cpu);
  uint64_t start = os_clock();
  struct run run = { .k = k, .cpu = cpu, .exit = exit, .end = BACK_DONE,
                     .most = grant, .time = cpu->single ? STEPS_NS : grant };
  run.limit = run.time < TV_NO_LIMIT - start ? start + run.time : TV_NO_LIMIT;
  *done = 0;
  if (!k->started && first_run(k, &cpu->failure)) return BACK_FAILED;
  bool more = grant;
  if (k->mmio.active) {
    if (mmio_continue(cpu, &k->mmio, exit) == MMIO_EXIT)
      return told(k, BACK_EXIT);
    more = grant && stepped(&run);
  }
  if (more) drive(&run);
  uint64_t time = os_clock() - start;
  *done = cpu->single ? run.steps : time < grant ? time : grant;
  return told(k, run.end);
}

// ----------------------------------------------------- an access in between --

bool kvm_pending(const tv_vcpu *cpu) { return kvm_of(cpu)->mmio.waiting; }

void kvm_answer(tv_vcpu *cpu, uint64_t value) {
  mmio_answer(&kvm_of(cpu)->mmio, value);
}

void kvm_forget(tv_vcpu *cpu) {
  struct mmio *m = &kvm_of(cpu)->mmio;
  m->active = m->waiting = false;
  kvm_wait_end(kvm_of(cpu));
}

tv_status kvm_inject(tv_vcpu *cpu, uint64_t esr, uint64_t far,
                     tv_error *err) {
  uint64_t vbar = kvm_reg(kvm_of(cpu), REG_SYS | VIEW_vbar_el1);
  if (vbar == kvm_vm_of(cpu->vm)->trap)
    return err_set(err, TV_E_STATE, 0, "no exception can be injected: the "
                   "guest has no vectors, VBAR_EL1 was never written");
  fault_enter(cpu, esr, far);
  return TV_OK;
}
