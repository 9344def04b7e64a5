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

unsigned soft_timer_outputs(const struct soft_cpu *cpu) {
  bool by_exit = cpu->h.vcpu->vm->timer_exit;
  bool v = !by_exit && virtual_fires(cpu);
  bool p = fires(cpu, cpu->sys[SYS_cntp_ctl_el0],
                 cpu->sys[SYS_cntp_cval_el0]);
  return (v ? TIMER_VIRTUAL : 0) | (p ? TIMER_PHYSICAL : 0);
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

static uint64_t virtual_distance(const struct soft_cpu *cpu) {
  return distance(cpu, cpu->sys[SYS_cntv_ctl_el0],
                  cpu->sys[SYS_cntv_cval_el0]);
}

static uint64_t physical_distance(const struct soft_cpu *cpu) {
  return distance(cpu, cpu->sys[SYS_cntp_ctl_el0],
                  cpu->sys[SYS_cntp_cval_el0]);
}

uint64_t soft_timer_distance(const struct soft_cpu *cpu) {
  uint64_t v = virtual_distance(cpu), p = physical_distance(cpu);
  return v < p ? v : p;
}

uint64_t soft_timer_wake_distance(const struct soft_cpu *cpu) {
  if (!cpu->h.vm->gic) return soft_timer_distance(cpu);
  uint64_t v = soft_gic_would_signal(cpu, false) ? virtual_distance(cpu)
                                                 : TV_NO_LIMIT;
  uint64_t p = soft_gic_would_signal(cpu, true) ? physical_distance(cpu)
                                                : TV_NO_LIMIT;
  return v < p ? v : p;
}
