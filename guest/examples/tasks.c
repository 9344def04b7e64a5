// SPDX-License-Identifier: MIT
//
// Two tasks and a scheduler. A task is a stack and the frame on it that was
// saved when it was last interrupted; the timer's handler returns the frame
// of the other task. That is all there is to a preemptive scheduler.

#include "tinyvmm.h"

enum { TASKS = 2, STACK = 4096, SLICE_US = 100, STEPS = 4 };

typedef struct task {
  const char *name;
  tv_frame *frame;              // where it goes on, while it does not run
  unsigned steps;
  _Alignas(16) char stack[STACK];
} task;

static task tasks[TASKS] = {{.name = "ping"}, {.name = "pong"}};
static task *running;           // NULL at first: main
static volatile unsigned switches;

// Works without ever giving the CPU away: after each step it watches until
// it has been interrupted and had its turn again.
static void work(task *self) {
  while (self->steps < STEPS) {
    unsigned now = switches;
    printf("%s %u\n", self->name, ++self->steps);
    while (switches < now + TASKS) {}
  }
  printf("%s is done\n", self->name);
  exit(0);
}

// A frame as if the task had been interrupted before its first instruction.
static void make(task *t) {
  uint64_t top = (uint64_t)(t->stack + STACK);
  t->frame = (tv_frame *)top - 1;
  *t->frame = (tv_frame){
    .x[0] = (uint64_t)t, .sp = top, .elr = (uint64_t)work, .spsr = TV_EL1H
  };
}

// main's frame is forgotten: it is never to go on.
tv_frame *tv_irq(tv_frame *frame) {
  task *next = running == &tasks[0] ? &tasks[1] : &tasks[0];
  if (running != NULL) running->frame = frame;
  running = next;
  switches++;
  tv_timer_start(tv_frequency() / 1000000 * SLICE_US);
  return next->frame;
}

int main(void) {
  for (int i = 0; i < TASKS; i++) make(&tasks[i]);
  tv_timer_start(0);
  tv_irq_enable();
  for (;;) tv_wait();
}
