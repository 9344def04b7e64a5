// SPDX-License-Identifier: MIT
//
// The VM: from a configuration to a backend that works, and everything that
// only looks at the VM or sets a limit for later runs.

#include <string.h>

#include "base/os.h"
#include "core/crew.h"

enum { GRANULE_MIN = 4096 };

const char *tv_version(void) { return TV_VERSION; }

const char *tv_backend_name(unsigned index) {
  const struct backend *backend = backend_at(index);
  return backend ? backend->name : NULL;
}

// ------------------------------------------------------------ finding one --

static tv_status unknown_backend(const char *name, tv_error *err) {
  char names[64] = "";
  for (unsigned i = 0; backend_at(i); i++) {
    strncat(names, backend_at(i)->name, sizeof names - strlen(names) - 3);
    strcat(names, ", ");
  }
  return err_set(err, TV_E_UNKNOWN, 0, "no backend is called \"%.32s\"; there "
                 "are %sand best", name, names);
}

tv_status tv_backend_probe(const char *name, tv_error *err) {
  assert(name);
  tv_status s = TV_E_NO_DEVICE;
  if (strcmp(name, "best")) {
    const struct backend *backend = backend_find(name);
    return backend ? backend->probe(err) : unknown_backend(name, err);
  }
  for (unsigned i = 0; s && backend_at(i); i++) s = backend_at(i)->probe(err);
  return s;
}

// ---------------------------------------------------------- configuration --

// Older callers have a smaller struct, newer ones a larger; what we do not
// know must be zero.
static tv_status read_config(const tv_vm_config *from, tv_vm_config *to,
                             tv_error *err) {
  *to = (tv_vm_config){ .size = sizeof *to };
  if (from) {
    if (from->size < sizeof from->size)
      return err_set(err, TV_E_INVALID, 0, "config.size is %zu; it must be "
                     "sizeof (tv_vm_config), here %zu", from->size,
                     sizeof *to);
    for (size_t i = sizeof *to; i < from->size; i++)
      if (((const char *)from)[i])
        return err_set(err, TV_E_UNSUPPORTED, 0, "config sets a field at byte "
                       "%zu, which version " TV_VERSION " does not have", i);
    memcpy(to, from, from->size < sizeof *to ? from->size : sizeof *to);
  }
  if (!to->backend) to->backend = "soft";
  if (to->granule &&
      (to->granule < GRANULE_MIN || !bits_is_power_of_2(to->granule)))
    return err_set(err, TV_E_INVALID, 0, "granule %u is not a power of two "
                   "from %d on", to->granule, GRANULE_MIN);
  if (to->pauth && strcmp(to->pauth, "qarma5") && strcmp(to->pauth, "impdef"))
    return err_set(err, TV_E_INVALID, 0, "pauth is \"qarma5\" or \"impdef\", "
                   "not \"%.24s\"", to->pauth);
  return TV_OK;
}

static uint32_t least_granule(const struct backend *backend) {
  size_t page = backend->host_pages ? os_page_size() : 0;
  return page > backend->granule ? (uint32_t)page : backend->granule;
}

static tv_status check_granule(const tv_vm_config *config,
                               const struct backend *backend,
                               tv_error *err) {
  uint32_t least = least_granule(backend);
  if (!config->granule || config->granule >= least) return TV_OK;
  return err_set(err, TV_E_INVALID, 0, "granule %u is finer than that of the "
                 "backend %s, %u", config->granule, backend->name,
                 least);
}

static tv_status unknown_cpu(const char *name, const struct backend *backend,
                             tv_error *err) {
  char names[160] = "";
  for (unsigned i = 0; backend->cpu(i); i++) {
    if (i) strncat(names, ", ", sizeof names - strlen(names) - 1);
    strncat(names, backend->cpu(i), sizeof names - strlen(names) - 1);
  }
  return err_set(err, TV_E_UNKNOWN, 0, "no CPU model is called \"%.24s\"; "
                 "there are %s", name, names);
}

static tv_status choose_cpu(tv_vm *vm, const struct backend *backend,
                            const char *name, tv_error *err) {
  vm->cpu = 0;
  if (!name) return TV_OK;
  if (!backend->cpu)
    return err_set(err, TV_E_UNSUPPORTED, 0, "the backend %s has the host's "
                   "CPU, and no model \"%.24s\"; soft has models",
                   backend->name, name);
  while (backend->cpu(vm->cpu) && strcmp(backend->cpu(vm->cpu), name))
    vm->cpu++;
  return backend->cpu(vm->cpu) ? TV_OK : unknown_cpu(name, backend, err);
}

const char *tv_cpu_name(unsigned index) {
  const struct backend *soft = backend_find("soft");
  return soft ? soft->cpu(index) : NULL;
}

// ------------------------------------------------------------------- life --

static tv_status start(tv_vm *vm, const struct backend *backend,
                       const tv_vm_config *config, tv_error *err) {
  tv_status s = check_granule(config, backend, err);
  if (!s) s = choose_cpu(vm, backend, config->cpu, err);
  if (!s) s = gic_check(backend, config, err);
  if (s) return s;
  vm->backend = vm->real = backend;
  vm->granule = config->granule ? config->granule : least_granule(backend);
  s = backend->vm_new(vm, err);
  if (s || !vm->gic) return s;
  s = gic_map(vm, err);
  if (!s) return TV_OK;
  mem_free_all(vm);
  backend->vm_free(vm);
  return s;
}

static tv_status start_named(tv_vm *vm, const tv_vm_config *config,
                             tv_error *err) {
  tv_status s = TV_E_NO_DEVICE;
  if (strcmp(config->backend, "best")) {
    const struct backend *backend = backend_find(config->backend);
    if (!backend) return unknown_backend(config->backend, err);
    return start(vm, backend, config, err);
  }
  for (unsigned i = 0; s && backend_at(i); i++)
    s = start(vm, backend_at(i), config, err);
  return s;
}

tv_status tv_vm_new(const tv_vm_config *from, tv_vm **out, tv_error *err) {
  assert(out);
  tv_vm_config config;
  tv_status s = read_config(from, &config, err);
  if (s) return s;
  tv_vm *vm = alloc_new(sizeof *vm);
  if (!vm)
    return err_set(err, TV_E_NO_MEMORY, 0, "no host memory for a VM");
  vm->relaxed = config.relaxed;
  vm->timer_exit = config.timer_exit;
  vm->no_fp = config.no_fp;
  vm->gic = config.gic;
  vm->seed = config.seed;
  vm->pauth_impdef = config.pauth && !strcmp(config.pauth, "impdef");
  vm->deadline = vm->timeout = TV_NO_LIMIT;
  vm->turn_left = TURN_STEPS;
  s = start_named(vm, &config, err);
  if (s) {
    alloc_free(vm);
    return s;
  }
  *out = vm;
  return TV_OK;
}

void tv_vm_free(tv_vm *vm) {
  if (!vm) return;
  assert(!vm->running);
  while (vm->vcpus) tv_vcpu_free(vm->vcpu[vm->vcpus - 1]);
  crew_free(vm);
  mem_free_all(vm);
  vm->backend->vm_free(vm);
  alloc_free(vm->vcpu);
  alloc_free(vm->hypercall);
  alloc_free(vm->breakpoint);
  alloc_free(vm);
}

tv_status vm_check_idle(const tv_vm *vm, const char *what, tv_error *err) {
  if (!vm->running) return TV_OK;
  return err_set(err, TV_E_BUSY, 0, "cannot %s while the VM runs", what);
}

tv_status tv_vm_reset(tv_vm *vm, tv_error *err) {
  assert(vm);
  tv_status s = TV_OK;
  for (unsigned i = 0; !s && i < vm->vcpus; i++)
    s = vcpu_check_thread(vm->vcpu[i], err);
  if (!s) s = vm_check_idle(vm, "be reset", err);
  if (s) return s;
  for (unsigned i = 0; i < vm->vcpus; i++) {
    tv_vcpu *cpu = vm->vcpu[i];
    vcpu_reset(cpu, cpu->reset_pc, cpu->reset_sp);
    cpu->power = cpu->reset_on ? VCPU_ON : VCPU_OFF;
  }
  if (vm->gic) vm->backend->gic_reset(vm);
  vm->turn = 0;
  vm->turn_left = TURN_STEPS;
  return TV_OK;
}

// ----------------------------------------------------- looking and setting --

const char *tv_vm_backend(const tv_vm *vm) { return vm->backend->name; }

const char *tv_vm_cpu(const tv_vm *vm) {
  return vm->backend->cpu ? vm->backend->cpu(vm->cpu) : "host";
}

unsigned tv_vm_gic(const tv_vm *vm) { return vm->gic; }

bool tv_vm_exact(const tv_vm *vm) { return vm->backend->exact; }

uint32_t tv_vm_granule(const tv_vm *vm) { return vm->granule; }

void tv_vm_limits(const tv_vm *vm, tv_limits *out) {
  assert(vm && out);
  *out = (tv_limits){ 0 };
  if (vm->backend->limits) vm->backend->limits(vm, out);
}

uint64_t tv_vm_time(const tv_vm *vm) { return vm->backend->time(vm); }

void tv_vm_deadline(tv_vm *vm, uint64_t virtual_ns) {
  vm->deadline = virtual_ns;
}

void tv_vm_timeout(tv_vm *vm, uint64_t host_ns) {
  uint64_t now = host_ns == TV_NO_LIMIT ? 0 : os_clock();
  vm->timeout = host_ns > TV_NO_LIMIT - now ? TV_NO_LIMIT : now + host_ns;
}

// Either the run sees the request before it enters the backend, or we see
// whom it lets in: both sides write before they read (run.c).
void tv_vm_stop(tv_vm *vm) {
  atomic_fetch_or(&vm->request, REQUEST_STOP);
  tv_vcpu *cpu = atomic_load(&vm->current);
  if (cpu) vm->real->kick(cpu);   // `backend` may change meanwhile
}

tv_status tv_vm_trap(tv_vm *vm, unsigned traps, tv_error *err) {
  assert(vm);
  const unsigned all = TV_TRAP_UNDEFINED | TV_TRAP_SYSREG;
  if (traps & ~all)
    return err_set(err, TV_E_INVALID, 0, "traps 0x%x has bits besides "
                   "TV_TRAP_UNDEFINED and TV_TRAP_SYSREG", traps);
  if (!vm->backend->trap)
    return err_set(err, TV_E_UNSUPPORTED, 0, "the backend %s cannot trap "
                   "guest events; soft can", vm->backend->name);
  unsigned old = vm->traps;
  vm->traps = traps;
  tv_status s = vm->backend->trap(vm, traps, err);
  if (s) vm->traps = old;
  return s;
}
