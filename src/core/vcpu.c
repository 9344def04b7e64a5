// SPDX-License-Identifier: MIT
//
// vCPUs: life, registers, power, interrupt lines, and what a caller may do
// with a pending access. Whatever moves the pc from outside ends a wait in
// WFI and forgets a pending access.

#include <string.h>

#include "core/breakpoint.h"
#include "core/crew.h"

// ------------------------------------------------------------------- life --

// The first place whose index is not below; the list is sorted by index.
static size_t place_of(const tv_vm *vm, unsigned index) {
  size_t low = 0, high = vm->vcpus;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (vm->vcpu[middle]->index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The lowest index that is free: up to it every vCPU stands at its own place.
static unsigned free_index(const tv_vm *vm) {
  size_t low = 0, high = vm->vcpus;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (vm->vcpu[middle]->index == middle) low = middle + 1;
    else high = middle;
  }
  return (unsigned)low;
}

static void insert(tv_vm *vm, tv_vcpu *cpu) {
  size_t i = place_of(vm, cpu->index);
  memmove(vm->vcpu + i + 1, vm->vcpu + i,
          (vm->vcpus - i) * sizeof *vm->vcpu);
  vm->vcpu[i] = cpu;
  if (vm->vcpus++ && i <= vm->turn) vm->turn++;
}

tv_status tv_vcpu_new(tv_vm *vm, tv_vcpu **out, tv_error *err) {
  assert(vm && out);
  tv_vcpu *cpu = NULL;
  unsigned index = free_index(vm);
  tv_status s = vm_check_idle(vm, "create a vCPU", err);
  if (!s) s = gic_check_vcpu(vm, index, err);
  if (s) return s;
  cpu = alloc_new(sizeof *cpu);
  if (!cpu || !alloc_grow(&vm->vcpu, &vm->vcpu_room, vm->vcpus + 1,
                          sizeof *vm->vcpu)) {
    s = err_set(err, TV_E_NO_MEMORY, 0, "no host memory for vCPU %u", index);
    goto out;
  }
  cpu->vm = vm;
  cpu->index = index;
  cpu->power = VCPU_ON;
  cpu->reset_on = true;
  s = vm->backend->vcpu_new(cpu, err);
  if (s) goto out;
  insert(vm, cpu);
  *out = cpu;
  return TV_OK;

out:
  alloc_free(cpu);
  return s;
}

void tv_vcpu_free(tv_vcpu *cpu) {
  if (!cpu) return;
  tv_vm *vm = cpu->vm;
  assert(!vm->running);
  size_t i = place_of(vm, cpu->index);
  memmove(vm->vcpu + i, vm->vcpu + i + 1,
          (--vm->vcpus - i) * sizeof *vm->vcpu);
  if (vm->turn == i) vm->turn_left = 0;
  if (vm->turn >= i && vm->turn) vm->turn--;
  vm->backend->vcpu_free(cpu);
  crew_dismiss(cpu);
  alloc_free(cpu);
}

tv_vm *tv_vcpu_vm(const tv_vcpu *cpu) { return cpu->vm; }

unsigned tv_vcpu_index(const tv_vcpu *cpu) { return cpu->index; }

tv_vcpu *tv_vm_vcpu(const tv_vm *vm, unsigned index) {
  size_t i = place_of(vm, index);
  return i < vm->vcpus && vm->vcpu[i]->index == index ? vm->vcpu[i] : NULL;
}

uint64_t tv_vcpu_icount(const tv_vcpu *cpu) { return cpu->icount; }

tv_status vcpu_check_thread(const tv_vcpu *cpu, tv_error *err) {
  if (!cpu->owned || pthread_equal(cpu->owner, pthread_self())) return TV_OK;
  return err_set(err, TV_E_THREAD, 0, "vCPU %u belongs to another thread, the "
                 "one that ran it first", cpu->index);
}

// ------------------------------------------------------------------ power --

void tv_vcpu_power(tv_vcpu *cpu, bool on) {
  cpu->power = on ? VCPU_ON : VCPU_OFF;
  cpu->reset_on = on;
}

bool tv_vcpu_is_on(const tv_vcpu *cpu) { return cpu->power == VCPU_ON; }

void tv_vcpu_set_reset(tv_vcpu *cpu, uint64_t pc, uint64_t sp) {
  cpu->reset_pc = pc;
  cpu->reset_sp = sp;
}

// -------------------------------------------------------------- registers --

uint64_t vcpu_reg(tv_vcpu *cpu, tv_reg reg) {
  uint64_t value = 0;
  cpu->vm->backend->get(cpu, reg, &value, NULL);
  return value;
}

void vcpu_set_reg(tv_vcpu *cpu, tv_reg reg, uint64_t value) {
  cpu->vm->backend->set(cpu, reg, &value, NULL);
}

// The pc is about to be moved from outside.
static void uproot(tv_vcpu *cpu) {
  cpu->vm->backend->forget(cpu);
  cpu->idle = false;
}

// The interrupt lines are not the vCPU's own state: they stay as driven.
void vcpu_reset(tv_vcpu *cpu, uint64_t pc, uint64_t sp) {
  const struct backend *backend = cpu->vm->backend;
  uproot(cpu);
  backend->vcpu_reset(cpu);
  breakpoint_pass(cpu);
  if (!cpu->vm->gic) {
    backend->irq(cpu, TV_IRQ, cpu->line[TV_IRQ]);
    backend->irq(cpu, TV_FIQ, cpu->line[TV_FIQ]);
  }
  vcpu_set_reg(cpu, TV_REG_PC, pc);
  vcpu_set_reg(cpu, TV_REG_SP, sp);
}

// W is a view of X, D and S are views of Q: the register behind `reg`.
static tv_reg backing(tv_reg reg) {
  if (reg >= TV_REG_W(0) && reg < TV_REG_Q(0))
    return TV_REG_X(0) + (reg - TV_REG_W(0));
  if (reg >= TV_REG_Q(0) && reg < TV_REG_SYS(0))
    return TV_REG_Q(0) + (reg & 31);
  return reg;
}

// Most accesses are to an X register, which is neither a view nor read-only.
static bool is_x(tv_reg reg, size_t size) {
  return reg <= TV_REG_X(30) && size == 8;
}

static tv_status check_size(tv_reg reg, size_t size, tv_error *err) {
  char name[24];
  size_t right = tv_reg_size(reg);
  if (!right)
    return err_set(err, TV_E_UNKNOWN, 0, "there is no register with number "
                   "0x%x", (unsigned)reg);
  if (size != right)
    return err_set(err, TV_E_INVALID, 0, "%s has %zu bytes, not %zu",
                   tv_reg_name(reg, name, sizeof name), right, size);
  return TV_OK;
}

tv_status tv_vcpu_get(tv_vcpu *cpu, tv_reg reg, void *value, size_t size,
                      tv_error *err) {
  assert(cpu && value);
  unsigned char whole[16];
  char name[24];
  tv_status s = vcpu_check_thread(cpu, err);
  if (!s && is_x(reg, size)) return cpu->vm->backend->get(cpu, reg, value, err);
  if (!s) s = check_size(reg, size, err);
  if (s) return s;
  if (reg_access(reg) == REG_WO)
    return err_set(err, TV_E_UNSUPPORTED, 0, "%s can only be written",
                   tv_reg_name(reg, name, sizeof name));
  s = cpu->vm->backend->get(cpu, backing(reg), whole, err);
  if (!s) memcpy(value, whole, size);
  return s;
}

tv_status tv_vcpu_set(tv_vcpu *cpu, tv_reg reg, const void *value,
                      size_t size, tv_error *err) {
  assert(cpu && value);
  unsigned char whole[16] = {0};
  char name[24];
  tv_status s = vcpu_check_thread(cpu, err);
  if (!s && is_x(reg, size)) return cpu->vm->backend->set(cpu, reg, value, err);
  if (!s) s = check_size(reg, size, err);
  if (s) return s;
  if (reg_access(reg) == REG_RO)
    return err_set(err, TV_E_READ_ONLY, 0, "%s can only be read",
                   tv_reg_name(reg, name, sizeof name));
  memcpy(whole, value, size);
  if (reg == TV_REG_PC) {
    uproot(cpu);
    if (cpu->power == VCPU_EXITED) cpu->power = VCPU_ON;
  }
  return cpu->vm->backend->set(cpu, backing(reg), whole, err);
}

// ---------------------------------------------------- events from outside --

tv_status tv_vcpu_irq(tv_vcpu *cpu, tv_irq_line line, bool level,
                      tv_error *err) {
  assert(cpu);
  tv_status s = vcpu_check_thread(cpu, err);
  if (s) return s;
  if (line != TV_IRQ && line != TV_FIQ)
    return err_set(err, TV_E_INVALID, 0, "there is no interrupt line %d; "
                   "the lines are TV_IRQ and TV_FIQ", (int)line);
  if (cpu->vm->gic)
    return err_set(err, TV_E_STATE, 0, "the GIC drives the lines of vCPU %u; "
                   "drive an input of the VM's GIC", cpu->index);
  cpu->line[line] = level;
  cpu->vm->backend->irq(cpu, line, level);
  return TV_OK;
}

bool tv_vcpu_pending(const tv_vcpu *cpu) {
  return cpu->vm->backend->pending(cpu);
}

tv_status tv_vcpu_answer(tv_vcpu *cpu, uint64_t value, tv_error *err) {
  assert(cpu);
  tv_status s = vcpu_check_thread(cpu, err);
  if (s) return s;
  if (!cpu->vm->backend->pending(cpu))
    return err_set(err, TV_E_NOT_PENDING, 0, "vCPU %u waits for no answer; "
                   "only an MMIO or system register read does", cpu->index);
  cpu->vm->backend->answer(cpu, value);
  return TV_OK;
}

void vcpu_count_step(tv_vcpu *cpu) {
  const struct backend *backend = cpu->vm->backend;
  breakpoint_pass(cpu);
  if (backend->exact || cpu->single) cpu->icount++;
  if (backend->exact) backend->skip_to(cpu->vm, backend->time(cpu->vm) + 1);
}

tv_status tv_vcpu_skip(tv_vcpu *cpu, tv_error *err) {
  assert(cpu);
  tv_status s = vcpu_check_thread(cpu, err);
  if (s) return s;
  uproot(cpu);
  vcpu_set_reg(cpu, TV_REG_PC, vcpu_reg(cpu, TV_REG_PC) + 4);
  vcpu_count_step(cpu);
  return TV_OK;
}

tv_status tv_vcpu_inject(tv_vcpu *cpu, uint64_t esr, uint64_t far,
                         tv_error *err) {
  assert(cpu);
  tv_status s = vcpu_check_thread(cpu, err);
  if (!s) s = cpu->vm->backend->inject(cpu, esr, far, err);
  if (s) return s;
  uproot(cpu);
  vcpu_count_step(cpu);
  return TV_OK;
}
