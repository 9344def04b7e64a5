// SPDX-License-Identifier: MIT
//
// The generic timers in virtual time (Arm ARM D11). CNTFRQ_EL0 is 62.5 MHz:
// one count is 16 ns, that is 16 steps. No counter is kept: the count is the
// VM's clock divided, and an expiry is a bound on the steps granted.

#include "soft/soft.h"

enum { NS_PER_COUNT_SHIFT = 4 };

uint64_t soft_count(const struct soft_cpu *cpu) {
  return cpu->h.vm->clock >> NS_PER_COUNT_SHIFT;
}

// ENABLE set and IMASK clear.
static bool armed(uint64_t ctl) { return (ctl & 3) == 1; }

static bool fires(const struct soft_cpu *cpu, uint64_t ctl, uint64_t cval) {
  return armed(ctl) && soft_count(cpu) >= cval;
}

static bool virtual_fires(const struct soft_cpu *cpu) {
  return fires(cpu, cpu->sys[SYS_cntv_ctl_el0],
               cpu->sys[SYS_cntv_cval_el0]);
}

bool soft_timer_irq(const struct soft_cpu *cpu) {
  bool by_exit = cpu->h.vcpu->vm->timer_exit;
  return (!by_exit && virtual_fires(cpu)) ||
         fires(cpu, cpu->sys[SYS_cntp_ctl_el0], cpu->sys[SYS_cntp_cval_el0]);
}

bool soft_timer_exit_due(const struct soft_cpu *cpu) {
  return cpu->h.vcpu->vm->timer_exit && virtual_fires(cpu) &&
         !cpu->timer_reported;
}

void soft_timer_exit_reported(struct soft_cpu *cpu) {
  cpu->timer_reported = true;
}

// Nanoseconds until the count is `count`, which it is not yet.
static uint64_t until(const struct soft_cpu *cpu, uint64_t count) {
  if (count >> (64 - NS_PER_COUNT_SHIFT)) return TV_NO_LIMIT;
  return (count << NS_PER_COUNT_SHIFT) - cpu->h.vm->clock;
}

static uint64_t distance(const struct soft_cpu *cpu, uint64_t ctl,
                         uint64_t cval) {
  if (!armed(ctl) || soft_count(cpu) >= cval) return TV_NO_LIMIT;
  return until(cpu, cval);
}

uint64_t soft_wait_distance(const struct soft_cpu *cpu) {
  if (cpu->wait == WAIT_NONE) return TV_NO_LIMIT;
  if (soft_count(cpu) >= cpu->wait_until) return 0;
  return until(cpu, cpu->wait_until);
}

uint64_t soft_timer_distance(const struct soft_cpu *cpu) {
  uint64_t v = distance(cpu, cpu->sys[SYS_cntv_ctl_el0],
                        cpu->sys[SYS_cntv_cval_el0]);
  uint64_t p = distance(cpu, cpu->sys[SYS_cntp_ctl_el0],
                        cpu->sys[SYS_cntp_cval_el0]);
  return v < p ? v : p;
}
