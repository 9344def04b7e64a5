// SPDX-License-Identifier: MIT
//
// The software CPU as a backend: see core/backend.h for the contract of each
// function.

#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/view.h"
#include "soft/soft.h"

static struct soft_cpu *cpu_of(const tv_vcpu *vcpu) { return vcpu->back; }

static tv_status soft_probe(tv_error *err) {
  (void)err;
  return TV_OK;
}

static const char *soft_cpu_name(unsigned index) {
  const struct soft_model *model = soft_model_at(index);
  return model ? model->name : NULL;
}

static tv_status soft_vm_new(tv_vm *vm, tv_error *err) {
  struct soft_vm *soft = alloc_new(sizeof *soft);
  if (!soft) return err_set(err, TV_E_NO_MEMORY, 0, NULL);
  soft->model = soft_model_at(vm->cpu);
  soft->features = soft_model_features(vm->cpu);
  soft->pstate_bits =
    (uint32_t)soft_sysreg_bits(&soft->features, SYSKEY_spsr_el1);
  vm->back = soft;
  tv_status status = vm->gic ? soft_gic_new(soft, err) : TV_OK;
  if (status) alloc_free(soft);
  else if (vm->gic) soft_gic_reset(vm);
  return status;
}

static void soft_vm_free(tv_vm *vm) {
  struct soft_vm *soft = vm->back;
  soft_code_flush(soft, vm);
  alloc_free(soft->gic);
  alloc_free(soft);
}

// Main RAM is the largest plain RAM region. Limits: see cpu.h.
static void bind_ram(struct soft_cpu *cpu) {
  const struct mem *mem = &cpu->h.vcpu->vm->mem;
  const struct region *best = NULL;
  for (size_t k = 0; k < mem->count; k++) {
    const struct region *r = mem->region[k];
    if (r->kind != TV_MEM_RAM) continue;
    if (!best || r->size > best->size) best = r;
  }
  cpu->h.ram.host = best ? best->host : NULL;
  cpu->h.ram.map = best ? best->store_map : NULL;
  cpu->h.ram.base = best ? best->base : 0;
  for (unsigned k = 0; k < 5; k++) {
    uint64_t limit = best ? best->size - (UINT64_C(1) << k) + 1 : 0;
    cpu->h.ram.load[k] = best && best->prot & TV_READ ? limit : 0;
    cpu->h.ram.store[k] = best && best->prot & TV_WRITE ? limit : 0;
  }
}

static void rebind(tv_vm *vm) {
  for (unsigned k = 0; k < vm->vcpus; k++) bind_ram(vm->vcpu[k]->back);
}

// The store map has every store (core/dirty.h).
static tv_status soft_log(tv_vm *vm, struct region *region, tv_error *err) {
  (void)vm, (void)region, (void)err;
  return TV_OK;
}

static tv_status soft_protect(tv_vm *vm, struct region *region,
                              tv_error *err) {
  (void)region, (void)err;
  soft_code_flush(vm->back, vm);
  rebind(vm);
  return TV_OK;
}

static void soft_wrote(tv_vm *vm, struct region *region, uint64_t off,
                       uint64_t len) {
  soft_code_changed(vm->back, region, off, len);
}

static void soft_vcpu_reset(tv_vcpu *vcpu) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  memset(cpu, 0, SOFT_SAVED_SIZE);
  soft_sysreg_reset(cpu);
  cpu->pstate = PSTATE_RESET;
  soft_update_mode(cpu);
  if (cpu->h.vm->gic) soft_gic_cpu_reset(cpu);
}

static tv_status soft_vcpu_new(tv_vcpu *vcpu, tv_error *err) {
  struct soft_cpu *cpu = alloc_new(sizeof *cpu);
  if (!cpu) return err_set(err, TV_E_NO_MEMORY, 0, NULL);
  vcpu->back = cpu;
  cpu->h.vm = vcpu->vm->back;
  cpu->h.vcpu = vcpu;
  soft_jump_reset(cpu);
  soft_vcpu_reset(vcpu);
  bind_ram(cpu);
  return TV_OK;
}

static void soft_vcpu_free(tv_vcpu *vcpu) {
  alloc_free(vcpu->back);
  if (vcpu->vm->gic) soft_gic_refresh(vcpu->vm);
}

static tv_status soft_get(tv_vcpu *vcpu, tv_reg reg, void *value,
                          tv_error *err) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  uint64_t v;
  if (reg >= TV_REG_Q(0) && reg <= TV_REG_Q(31)) {
    memcpy(value, cpu->v[reg - TV_REG_Q(0)], 16);
    return TV_OK;
  }
  if (reg <= TV_REG_SP) v = cpu->x[reg];
  else if (reg == TV_REG_PC) v = cpu->pc;
  else if (reg == TV_REG_PSTATE) v = soft_pstate(cpu);
  else if (reg < TV_REG_SYS(0) ||
           !soft_sysreg_read(cpu, reg & 0xffff, &v)) {
    char name[24];
    return err_set(err, TV_E_UNKNOWN, 0, "soft's CPU has no register %s",
                   tv_reg_name(reg, name, sizeof name));
  }
  memcpy(value, &v, 8);
  return TV_OK;
}

static tv_status set_sysreg(struct soft_cpu *cpu, tv_reg reg, uint64_t v,
                            tv_error *err) {
  char name[24];
  uint64_t old;
  if (soft_sysreg_write(cpu, reg & 0xffff, v)) return TV_OK;
  tv_reg_name(reg, name, sizeof name);
  if (soft_sysreg_read(cpu, reg & 0xffff, &old))
    return err_set(err, TV_E_READ_ONLY, 0, "%s is read-only", name);
  return err_set(err, TV_E_UNKNOWN, 0, "soft's CPU has no register %s", name);
}

static tv_status soft_set(tv_vcpu *vcpu, tv_reg reg, const void *value,
                          tv_error *err) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  uint64_t v;
  if (reg >= TV_REG_Q(0) && reg <= TV_REG_Q(31)) {
    memcpy(cpu->v[reg - TV_REG_Q(0)], value, 16);
    return TV_OK;
  }
  memcpy(&v, value, 8);
  if (reg >= TV_REG_SYS(0)) return set_sysreg(cpu, reg, v, err);
  if (reg <= TV_REG_SP) cpu->x[reg] = v;
  else if (reg == TV_REG_PC) cpu->pc = v;
  else {
    tv_status s = view_check_pstate(v, err);
    if (s) return s;
    soft_set_pstate(cpu, v);
  }
  return TV_OK;
}

static uint64_t soft_time(const tv_vm *vm) {
  const struct soft_vm *soft = vm->back;
  return soft->clock;
}

static uint64_t soft_next_event(const tv_vcpu *vcpu) {
  uint64_t timer = soft_timer_wake_distance(cpu_of(vcpu));
  uint64_t wait = soft_wait_distance(cpu_of(vcpu));
  uint64_t distance = timer < wait ? timer : wait;
  if (distance == TV_NO_LIMIT) return TV_NO_LIMIT;
  return soft_time(vcpu->vm) + distance;
}

static void soft_skip_to(tv_vm *vm, uint64_t ns) {
  struct soft_vm *soft = vm->back;
  if (ns > soft->clock) soft->clock = ns;
}

static bool soft_pending(const tv_vcpu *vcpu) {
  const struct soft_cpu *cpu = cpu_of(vcpu);
  return cpu->pending.active && cpu->pending.waiting &&
         cpu->pending.pc == cpu->pc;
}

static void soft_answer(tv_vcpu *vcpu, uint64_t value) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  cpu->pending.data[cpu->pending.parts++] = value;
  cpu->pending.waiting = false;
}

static void soft_forget(tv_vcpu *vcpu) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  cpu->pending.active = cpu->pending.waiting = false;
  cpu->pending.parts = 0;
}

static tv_status soft_inject(tv_vcpu *vcpu, uint64_t esr, uint64_t far,
                             tv_error *err) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  if (!cpu->vbar_written)
    return err_set(err, TV_E_STATE, 0, "no exception can be injected: the "
                   "guest has no vectors, VBAR_EL1 was never written");
  soft_forget(vcpu);
  cpu->sys[SYS_esr_el1] = esr;
  cpu->sys[SYS_far_el1] = far;
  soft_enter_el1(cpu, 0);
  return TV_OK;
}

static void soft_irq(tv_vcpu *vcpu, tv_irq_line line, bool level) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  if (level) cpu->lines |= 1u << line;
  else cpu->lines &= ~(1u << line);
}

static bool soft_wakes(const tv_vcpu *vcpu) {
  struct soft_cpu *cpu = cpu_of(vcpu);
  return soft_lines(cpu) || soft_timer_exit_due(cpu) ||
         !soft_wait_distance(cpu) || (cpu->wait == WAIT_EVENT && cpu->event);
}

// Grants are short and the core reads its request word between them.
static void soft_kick(tv_vcpu *vcpu) { (void)vcpu; }

static tv_status soft_trap(tv_vm *vm, unsigned traps, tv_error *err) {
  (void)vm, (void)traps, (void)err;
  return TV_OK;
}

static tv_status soft_map(tv_vm *vm, struct region *region, tv_error *err) {
  const struct soft_vm *soft = vm->back;
  tv_status status = mem_check_place(vm, region, soft->model->physical_bits,
                                     UINT64_MAX, err);
  if (!status) rebind(vm);
  return status;
}

static tv_status soft_unmap(tv_vm *vm, struct region *region,
                            tv_error *err) {
  (void)region, (void)err;
  soft_code_flush(vm->back, vm);
  rebind(vm);
  return TV_OK;
}

static void soft_limits(const tv_vm *vm, tv_limits *out) {
  const struct soft_vm *soft = vm->back;
  out->address_bits = soft->model->physical_bits;
  out->breakpoints = UINT_MAX;
  out->note[0] = "a GICv3 takes interrupts to the vCPUs where the VM asks for "
                 "one; else the timers drive the IRQ line";
}

const struct backend backend_soft = {
  .limits = soft_limits,
  .name = "soft", .exact = true, .granule = PAGE_BYTES,
  .probe = soft_probe, .cpu = soft_cpu_name,
  .vm_new = soft_vm_new, .vm_free = soft_vm_free,
  .map = soft_map, .unmap = soft_unmap, .protect = soft_protect,
  .log = soft_log,
  .code_changed = soft_wrote, .vcpu_new = soft_vcpu_new,
  .vcpu_free = soft_vcpu_free, .vcpu_reset = soft_vcpu_reset,
  .get = soft_get, .set = soft_set, .run = soft_run, .time = soft_time,
  .next_event = soft_next_event, .skip_to = soft_skip_to,
  .pending = soft_pending, .answer = soft_answer, .forget = soft_forget,
  .inject = soft_inject, .irq = soft_irq, .wakes = soft_wakes,
  .kick = soft_kick, .trap = soft_trap, .breakpoint = soft_breakpoint,
  .gic_irq = soft_gic_irq, .gic_reset = soft_gic_reset
};
