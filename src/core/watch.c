// SPDX-License-Identifier: MIT
//
// Plans for the CPU's debug unit. They are made anew before each entry, and the
// backend compares them with what the hardware has; so whoever sets or clears a
// breakpoint need tell nobody. An address of both owners has one.

#include "core/watch.h"

#include "core/self.h"

bool watch_same(const struct watch *a, const struct watch *b) {
  bool equal = a->step == b->step && a->count == b->count;
  for (unsigned i = 0; equal && i < a->count; i++)
    equal = a->at[i] == b->at[i];
  return equal;
}

unsigned watch_room(const tv_vm *vm, unsigned all) {
  unsigned own = vm->gic ? 0 : WATCH_LINE;
  return all > own ? all - own : 0;
}

static void add(struct watch *w, unsigned all, const tv_vcpu *cpu,
                uint64_t at) {
  if (w->count < all && !breakpoint_reported(cpu, at)) w->at[w->count++] = at;
}

struct watch watch_plan(tv_vcpu *cpu, unsigned all, const uint64_t *line,
                        unsigned lines) {
  const tv_vm *vm = cpu->vm;
  if (cpu->at_breakpoint && cpu->breakpoint_pc != self_get(cpu, TV_REG_PC))
    breakpoint_pass(cpu);
  struct watch w = { .step = cpu->single || cpu->at_breakpoint };
  for (size_t i = 0; i < vm->breakpoints; i++)
    add(&w, all, cpu, vm->breakpoint[i]);
  for (unsigned i = 0; i < lines; i++)
    if (!breakpoint_at(vm, line[i])) add(&w, all, cpu, line[i]);
  return w;
}

bool watch_report(tv_vcpu *cpu) {
  uint64_t pc = self_get(cpu, TV_REG_PC);
  if (!breakpoint_due(cpu, pc)) return false;
  breakpoint_report(cpu, pc);
  return true;
}
