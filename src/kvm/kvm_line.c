// SPDX-License-Identifier: MIT
//
// Interrupt lines and timers, without a GIC: the timers' outputs drive the
// IRQ line, as on the other backends.
//
// The kernel tells us when an output changes (device_irq_level), but looks
// only when the guest leaves the CPU. A guest that silences its timer and
// returns from its handler does not leave it, so a line held up would
// interrupt it again, for nothing. Therefore, while a timer's output is up,
// hardware breakpoints bring the guest to us where it matters:
//
//   LOW      output down, line down
//   RAISED   output up, line up; breakpoints on the IRQ vectors
//   TAKEN    the guest is in its handler, line down; a breakpoint where the
//            handler returns to. There the output is looked at again.
//
// At a vector with the output down (a guest that polled with interrupts
// masked) the entry is taken back. Lines that the caller drives need none of
// this: the guest cannot lower them without us.
//
// Kernels before 6.4 let nobody read the physical timer's registers, whose
// output they tell nevertheless. There it drives the line as it should; but of
// a WFI that only this timer would end we think that nothing would.

#include <time.h>

#include "a64/pstate.h"
#include "base/os.h"
#include "core/view.h"
#include "kvm/kvm.h"

enum { SLEEP_MAX_NS = 10000000 };
#define NEVER_NS 3e18                        // a century

static uint64_t sys(struct kvm_vcpu *k, uint16_t key) {
  return kvm_reg(k, REG_SYS | key);
}

// ------------------------------------------------------------------- lines --

static void assert_line(struct kvm_vcpu *k, tv_irq_line line, bool level) {
  if (k->asserted[line] == level) return;
  // Type CPU, the vCPU's number (its bits 8 and up are vcpu2_index), the
  // input: 0 IRQ, 1 FIQ.
  uint32_t n = k->hw.index;
  struct kvm_irq_level arg = { .irq = (n >> 8) << 28 | (n & 0xff) << 16 |
                                      (uint32_t)line, .level = level };
  if (kvm_ioctl(kvm_vm_of(k->vcpu->vm)->fd, IRQ_LINE, &arg) >= 0)
    k->asserted[line] = level;
  else
    kvm_vcpu_refused(k, NULL, TV_E_IO, "KVM_IRQ_LINE",
                     "the kernel's VM has a GIC, or lacks this vCPU");
}

void kvm_irq(tv_vcpu *cpu, tv_irq_line line, bool level) {
  struct kvm_vcpu *k = kvm_of(cpu);
  k->line[line] = level;
  assert_line(k, line, level || (line == TV_IRQ &&
                                 k->timer_state == TIMER_RAISED));
}

// ------------------------------------------------------------- breakpoints --

unsigned kvm_line_watched(struct kvm_vcpu *k, uint64_t at[WATCH_LINE]) {
  uint64_t vbar;
  switch (k->timer_state) {
    case TIMER_LOW: break;
    case TIMER_RAISED:                 // EL1h, EL0, EL1t
      vbar = sys(k, VIEW_vbar_el1);
      at[0] = vbar + 0x280;
      at[1] = vbar + 0x480;
      at[2] = vbar + 0x080;
      return 3;
    case TIMER_TAKEN:
      at[0] = k->return_pc;
      return k->return_known;
  }
  return 0;
}

// ------------------------------------------------------------------ timers --

// What of device_irq_level drives the line.
static unsigned level_of(const struct kvm_vcpu *k) {
  unsigned level = k->hw.run->device_irq_level & (LEVEL_VTIMER |
                                                  LEVEL_PTIMER);
  return k->vcpu->vm->timer_exit ? level & ~(unsigned)LEVEL_VTIMER : level;
}

static bool masked(struct kvm_vcpu *k) {
  return kvm_reg(k, REG_CORE | CORE_PSTATE) & PSTATE_I;
}

void kvm_line_update(struct kvm_vcpu *k) {
  if (k->vcpu->vm->gic) return;        // whose inputs the timers are
  if (!(k->hw.run->device_irq_level & LEVEL_VTIMER))
    k->timer_reported = false;
  if (!level_of(k)) k->timer_state = TIMER_LOW;
  else if (k->timer_state == TIMER_LOW) k->timer_state = TIMER_RAISED;
  else if (k->timer_state == TIMER_TAKEN && !masked(k))
    k->timer_state = TIMER_RAISED;
  assert_line(k, TV_IRQ, k->line[TV_IRQ] ||
                         k->timer_state == TIMER_RAISED);
}

static void at_vector(struct kvm_vcpu *k) {
  uint64_t elr = kvm_reg(k, REG_CORE | CORE_ELR_EL1);
  if (level_of(k) || k->line[TV_IRQ]) {
    k->timer_state = TIMER_TAKEN;
    k->return_pc = elr;
    k->return_known = true;
    return;
  }
  kvm_set_reg(k, REG_CORE | CORE_PSTATE,
              kvm_reg(k, REG_CORE | CORE_SPSR_EL1));
  kvm_set_reg(k, REG_CORE | CORE_PC, elr);
}

bool kvm_line_breakpoint(struct kvm_vcpu *k) {
  uint64_t pc = kvm_reg(k, REG_CORE | CORE_PC);
  uint64_t at[WATCH_LINE];
  bool ours = false;
  for (unsigned i = 0, n = kvm_line_watched(k, at); i < n; i++)
    ours = ours || at[i] == pc;
  if (!ours) return false;
  if (k->timer_state == TIMER_RAISED) at_vector(k);
  else k->return_known = false;
  return true;
}

// -------------------------------------------------------------------- time --

uint64_t kvm_time(const tv_vm *vm) {
  return os_clock() - kvm_vm_of(vm)->start;
}

// Nanoseconds from now to the expiry of a timer with these registers;
// TV_NO_LIMIT if it is off or masked, or set for ever.
static uint64_t distance(tv_vcpu *cpu, uint16_t ctl, uint16_t cval,
                         uint16_t counter) {
  uint64_t c = 0, at = 0, now = 0, frequency = 0;
  kvm_get(cpu, TV_REG_SYS(ctl), &c, NULL);
  if ((c & 3) != 1) return TV_NO_LIMIT;
  kvm_get(cpu, TV_REG_SYS(cval), &at, NULL);
  kvm_get(cpu, TV_REG_SYS(counter), &now, NULL);
  kvm_get(cpu, TV_REG_SYS(VIEW_cntfrq_el0), &frequency, NULL);
  if (now >= at) return 0;
  double ns = (double)(at - now) * 1e9 / (double)(frequency | 1);
  return ns < NEVER_NS ? (uint64_t)ns + 1 : TV_NO_LIMIT;
}

static uint64_t virtual_distance(tv_vcpu *cpu) {
  return distance(cpu, VIEW_cntv_ctl_el0, VIEW_cntv_cval_el0,
                  VIEW_cntvct_el0);
}

static uint64_t physical_distance(tv_vcpu *cpu) {
  return distance(cpu, VIEW_cntp_ctl_el0, VIEW_cntp_cval_el0,
                  VIEW_cntpct_el0);
}

// Whether the virtual timer's expiry was returned. A timer that the guest has
// set anew has another one, also if its output has fallen and risen unseen.
static bool reported(const struct kvm_vcpu *k) {
  uint64_t cval = 0;
  if (!k->timer_reported) return false;
  kvm_get(k->vcpu, TV_REG_SYS(VIEW_cntv_cval_el0), &cval, NULL);
  return cval == k->reported_cval;
}

// The nanoseconds until either fires; not what was returned already.
static uint64_t next_expiry(const struct kvm_vcpu *k) {
  uint64_t p = physical_distance(k->vcpu);
  uint64_t v = reported(k) ? TV_NO_LIMIT : virtual_distance(k->vcpu);
  return v < p ? v : p;
}

// The level is as it was told: a script may have set the timer since.
bool kvm_line_timer_exit(struct kvm_vcpu *k) {
  bool up = k->hw.run->device_irq_level & LEVEL_VTIMER;
  if (!k->vcpu->vm->timer_exit || !up || reported(k) ||
      virtual_distance(k->vcpu)) return false;
  k->timer_reported = true;
  kvm_get(k->vcpu, TV_REG_SYS(VIEW_cntv_cval_el0), &k->reported_cval, NULL);
  return true;
}

uint64_t kvm_next_event(const tv_vcpu *cpu) {
  uint64_t ns = next_expiry(kvm_of(cpu));
  return ns == TV_NO_LIMIT ? ns : kvm_time(cpu->vm) + ns;
}

bool kvm_wakes(const tv_vcpu *cpu) {
  const struct kvm_vcpu *k = kvm_of(cpu);
  if (cpu->vm->gic) return kvm_wait_wakes(kvm_of(cpu));
  return k->line[TV_IRQ] || k->line[TV_FIQ] || !next_expiry(k);
}

void kvm_skip_to(tv_vm *vm, uint64_t ns) {
  uint64_t now = kvm_time(vm), wait = ns > now ? ns - now : 0;
  if (wait > SLEEP_MAX_NS) wait = SLEEP_MAX_NS;
  nanosleep(&(struct timespec){ .tv_nsec = (long)wait }, NULL);
}
