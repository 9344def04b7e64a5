// SPDX-License-Identifier: MIT
//
// A timer tick: ten times a second the virtual timer interrupts, the handler
// counts and sets the next one. The time between is spent in WFI, which costs
// nothing on the software CPU: virtual time jumps to the next event.

#include "tinyvmm.h"

enum { HZ = 10, TICKS = 5 };

static volatile unsigned ticks;
static uint64_t next;

// The next one is planned from when this one was due, so no time is lost.
tv_frame *tv_irq(tv_frame *frame) {
  ticks++;
  next += tv_frequency() / HZ;
  tv_write_cntv_cval_el0(next);         // later than now: the line goes down
  return frame;
}

// IRQs are masked from the look at `ticks` to the WFI, which wakes all the
// same: a tick in between cannot slip by. They are taken where
// they are enabled.
static void wait_for_more_than(unsigned seen) {
  tv_irq_disable();
  while (ticks == seen) {
    tv_wait();
    tv_irq_enable();
    tv_irq_disable();
  }
}

int main(void) {
  next = tv_count() + tv_frequency() / HZ;
  tv_write_cntv_cval_el0(next);
  tv_write_cntv_ctl_el0(TV_TIMER_ENABLE);
  for (unsigned seen = 0; seen < TICKS; seen = ticks) {
    wait_for_more_than(seen);
    printf("tick %u after %lu ms\n", ticks, tv_nanoseconds() / 1000000);
  }
  tv_timer_stop();
  return (int)ticks;
}
