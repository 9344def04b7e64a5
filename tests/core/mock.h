// SPDX-License-Identifier: MIT
//
// A scripted backend, so that the core is tested without a CPU. A test that
// includes this gets it in place of src/core/backends.c: the backends are
// `none`, which is never there, and `mock`.
//
// A guest is an array of ops, one after the other; plain instructions count
// up the pc. Every step also goes into a hash of (time, vCPU, pc), so that two
// histories can be compared.

#ifndef TESTS_CORE_MOCK_H
#define TESTS_CORE_MOCK_H

#include "core/core.h"
#include "tap.h"

enum mock_kind {
  MOCK_STEPS,      // n plain instructions
  MOCK_EXIT,       // one instruction that returns `exit`; pc after it if
                   // the exit is an HVC, else at it, done by the next run
  MOCK_READ,       // the same, waiting for an answer, which goes to x1
  MOCK_WFI, MOCK_YIELD,
  MOCK_TIMER,      // arms the timer to fire n ns from now
  MOCK_ACK,        // disarms it
  MOCK_LOOP        // goes back to the first op, in no step
};

struct mock_op {
  enum mock_kind kind;
  uint64_t n;
  tv_exit exit;
};

#define MOCK_HVC(number, a1, a2, a3) \
  {.kind = MOCK_EXIT, .exit = {.kind = TV_EXIT_HVC, \
    .u.hvc = {.nr = (number), .arg = {a1, a2, a3}}}}

struct mock_cpu {
  const struct mock_op *first, *op;
  uint64_t progress;       // of a MOCK_STEPS
  uint64_t x[34], q[32][2], mpidr, sctlr, tcr, ttbr[2];
  uint64_t timer;          // TV_NO_LIMIT: not armed
  uint64_t answer;
  unsigned lines;
  bool reported, waiting;
  atomic_bool kicked;
};

struct mock_vm {
  uint64_t clock, history;
  unsigned runs, changes;
  uint64_t changed_off, changed_len;   // of the last code_changed
};

// What is to fail next.
static struct { bool vm, map, unmap, protect, vcpu, run; } mock_fail;

static struct mock_cpu *mock_of(const tv_vcpu *cpu) { return cpu->back; }

static tv_status mock_probe(tv_error *err) { (void)err; return TV_OK; }

static tv_status mock_vm_new(tv_vm *vm, tv_error *err) {
  vm->back = mock_fail.vm ? NULL : alloc_new(sizeof(struct mock_vm));
  return vm->back ? TV_OK : err_set(err, TV_E_NO_MEMORY, 0, "mock: no vm");
}

static void mock_vm_free(tv_vm *vm) { alloc_free(vm->back); }

static tv_status mock_map(tv_vm *vm, struct region *r, tv_error *err) {
  (void)vm, (void)r;
  return mock_fail.map ? err_set(err, TV_E_LIMIT, 0, "mock: no map") : TV_OK;
}

static tv_status mock_protect(tv_vm *vm, struct region *r, tv_error *err) {
  (void)vm, (void)r;
  return mock_fail.protect ? err_set(err, TV_E_LIMIT, 0, "mock: no") : TV_OK;
}

static tv_status mock_unmap(tv_vm *vm, struct region *r, tv_error *err) {
  (void)vm, (void)r;
  return mock_fail.unmap ? err_set(err, TV_E_LIMIT, 0, "mock: stays") : TV_OK;
}

static void mock_code_changed(tv_vm *vm, struct region *r, uint64_t off,
                              uint64_t len) {
  struct mock_vm *mock = vm->back;
  (void)r;
  mock->changes++;
  mock->changed_off = off;
  mock->changed_len = len;
}

static void mock_vcpu_reset(tv_vcpu *cpu) {
  struct mock_cpu *c = mock_of(cpu);
  const struct mock_op *first = c->first;
  memset(c, 0, sizeof *c);
  c->first = c->op = first;
  c->timer = TV_NO_LIMIT;
  c->mpidr = UINT64_C(0x80000000) | cpu->index;
  c->x[TV_REG_PSTATE] = 0x3c5;
}

static tv_status mock_vcpu_new(tv_vcpu *cpu, tv_error *err) {
  static const struct mock_op plain[] = {{.kind = MOCK_STEPS,
                                          .n = UINT64_MAX}};
  struct mock_cpu *c = mock_fail.vcpu ? NULL : alloc_new(sizeof *c);
  if (!c) return err_set(err, TV_E_NO_MEMORY, 0, "mock: no vcpu");
  cpu->back = c;
  c->first = plain;
  mock_vcpu_reset(cpu);
  return TV_OK;
}

static void mock_vcpu_free(tv_vcpu *cpu) { alloc_free(cpu->back); }

static void *mock_slot(struct mock_cpu *c, tv_reg reg) {
  if (reg <= TV_REG_PSTATE) return &c->x[reg];
  if (reg >= TV_REG_Q(0) && reg <= TV_REG_Q(31))
    return c->q[reg - TV_REG_Q(0)];
  return reg == TV_REG_SYS(0xc005) ? &c->mpidr
       : reg == TV_REG_SYS(0xc080) ? &c->sctlr
       : reg == TV_REG_SYS(0xc100) ? &c->ttbr[0]
       : reg == TV_REG_SYS(0xc101) ? &c->ttbr[1]
       : reg == TV_REG_SYS(0xc102) ? &c->tcr : NULL;
}

static size_t mock_size(tv_reg reg) {
  return reg >= TV_REG_Q(0) && reg <= TV_REG_Q(31) ? 16 : 8;
}

static tv_status mock_get(tv_vcpu *cpu, tv_reg reg, void *to,
                          tv_error *err) {
  const void *slot = mock_slot(mock_of(cpu), reg);
  if (!slot) return err_set(err, TV_E_UNKNOWN, 0, "mock: no register");
  memcpy(to, slot, mock_size(reg));
  return TV_OK;
}

static tv_status mock_set(tv_vcpu *cpu, tv_reg reg, const void *from,
                          tv_error *err) {
  void *slot = mock_slot(mock_of(cpu), reg);
  if (!slot) return err_set(err, TV_E_UNKNOWN, 0, "mock: no register");
  memcpy(slot, from, mock_size(reg));
  return TV_OK;
}

static uint64_t mock_time(const tv_vm *vm) {
  return ((struct mock_vm *)vm->back)->clock;
}

static uint64_t mock_next_event(const tv_vcpu *cpu) {
  return mock_of(cpu)->timer;
}

static void mock_skip_to(tv_vm *vm, uint64_t ns) {
  ((struct mock_vm *)vm->back)->clock = ns;
}

static bool mock_wakes(const tv_vcpu *cpu) {
  return mock_of(cpu)->lines || mock_of(cpu)->timer <= mock_time(cpu->vm);
}

static bool mock_pending(const tv_vcpu *cpu) {
  return mock_of(cpu)->waiting;
}

static void mock_answer(tv_vcpu *cpu, uint64_t value) {
  mock_of(cpu)->waiting = false;
  mock_of(cpu)->answer = value;
}

static void mock_forget(tv_vcpu *cpu) {
  mock_of(cpu)->waiting = mock_of(cpu)->reported = false;
}

static tv_status mock_inject(tv_vcpu *cpu, uint64_t esr, uint64_t far,
                             tv_error *err) {
  (void)err;
  mock_of(cpu)->x[TV_REG_PC] = 0x200;
  mock_of(cpu)->x[29] = esr;
  mock_of(cpu)->x[30] = far;
  return TV_OK;
}

static void mock_irq(tv_vcpu *cpu, tv_irq_line line, bool level) {
  unsigned bit = 1u << line;
  mock_of(cpu)->lines = (mock_of(cpu)->lines & ~bit) | (level ? bit : 0);
}

static void mock_kick(tv_vcpu *cpu) { mock_of(cpu)->kicked = true; }

static tv_status mock_trap(tv_vm *vm, unsigned traps, tv_error *err) {
  (void)vm, (void)traps, (void)err;
  return TV_OK;
}

static void mock_tick(tv_vcpu *cpu, uint64_t steps) {
  struct mock_vm *mock = cpu->vm->back;
  struct mock_cpu *c = mock_of(cpu);
  for (uint64_t i = 0; i < steps; i++) {
    uint64_t h = mock->history ^ mock->clock++ << 8 ^ cpu->index;
    mock->history = (h ^ c->x[TV_REG_PC] << 32) * 0x9e3779b97f4a7c15u;
    c->x[TV_REG_PC] += 4;
  }
}

static void mock_report(tv_vcpu *cpu, tv_exit *exit) {
  struct mock_cpu *c = mock_of(cpu);
  *exit = c->op->exit;
  exit->pc = c->x[TV_REG_PC];
  exit->pstate = c->x[TV_REG_PSTATE];
  if (exit->kind == TV_EXIT_HVC) c->x[0] = exit->u.hvc.nr;
}

// Executes one op or what the grant allows of it: BACK_DONE to go on.
static enum back_end mock_one(tv_vcpu *cpu, uint64_t grant, uint64_t *done,
                              tv_exit *exit) {
  struct mock_cpu *c = mock_of(cpu);
  const struct mock_op *op = c->op;
  if (op->kind == MOCK_LOOP) {
    c->op = c->first;
    return BACK_DONE;
  }
  if (op->kind == MOCK_STEPS) {
    uint64_t n = op->n - c->progress < grant ? op->n - c->progress : grant;
    mock_tick(cpu, n);
    *done += n;
    c->progress += n;
    if (c->progress < op->n) return BACK_DONE;
    c->progress = 0;
    c->op++;
    return BACK_DONE;
  }
  bool access = op->kind == MOCK_READ ||
                (op->kind == MOCK_EXIT && op->exit.kind != TV_EXIT_HVC);
  if (access && !c->reported) {
    mock_report(cpu, exit);
    c->reported = true;
    c->waiting = op->kind == MOCK_READ;
    return BACK_EXIT;
  }
  if (op->kind == MOCK_READ) c->x[1] = c->answer;
  if (op->kind == MOCK_EXIT && !access) mock_report(cpu, exit);
  c->reported = false;
  mock_tick(cpu, 1);
  ++*done;
  c->op++;
  uint64_t now = mock_time(cpu->vm);
  switch (op->kind) {
    case MOCK_EXIT: return access ? BACK_DONE : BACK_EXIT;
    case MOCK_WFI: return mock_wakes(cpu) ? BACK_DONE : BACK_IDLE;
    case MOCK_YIELD: return BACK_YIELD;
    case MOCK_TIMER: c->timer = now + op->n; return BACK_DONE;
    case MOCK_ACK: c->timer = TV_NO_LIMIT; return BACK_DONE;
    default: return BACK_DONE;
  }
}

static enum back_end mock_run(tv_vcpu *cpu, uint64_t grant, uint64_t *done,
                              tv_exit *exit) {
  struct mock_cpu *c = mock_of(cpu);
  ((struct mock_vm *)cpu->vm->back)->runs++;
  *done = 0;
  if (atomic_exchange(&c->kicked, false)) return BACK_KICKED;
  if (mock_fail.run) {
    err_set(&cpu->failure, TV_E_LIMIT, 0, "mock: no run");
    return BACK_FAILED;
  }
  enum back_end end = BACK_DONE;
  while (end == BACK_DONE && *done < grant)
    end = mock_one(cpu, grant - *done, done, exit);
  return end;
}

static const struct backend backend_mock = {
  .name = "mock", .exact = true, .granule = 4096, .probe = mock_probe,
  .vm_new = mock_vm_new, .vm_free = mock_vm_free, .map = mock_map,
  .unmap = mock_unmap, .protect = mock_protect,
  .code_changed = mock_code_changed, .vcpu_new = mock_vcpu_new,
  .vcpu_free = mock_vcpu_free, .vcpu_reset = mock_vcpu_reset,
  .get = mock_get, .set = mock_set, .run = mock_run, .time = mock_time,
  .next_event = mock_next_event, .skip_to = mock_skip_to,
  .pending = mock_pending, .answer = mock_answer, .forget = mock_forget,
  .inject = mock_inject, .irq = mock_irq, .wakes = mock_wakes,
  .kick = mock_kick, .trap = mock_trap
};

static tv_status none_probe(tv_error *err) {
  return err_set(err, TV_E_NO_DEVICE, 0, "not on this machine: none is not");
}

static tv_status none_vm_new(tv_vm *vm, tv_error *err) {
  (void)vm;
  return none_probe(err);
}

static const struct backend backend_none = {
  .name = "none", .granule = 16384, .probe = none_probe,
  .vm_new = none_vm_new
};

const struct backend *backend_at(unsigned index) {
  return index == 0 ? &backend_none : index == 1 ? &backend_mock : NULL;
}

const struct backend *backend_find(const char *name) {
  return !strcmp(name, "none") ? &backend_none
       : !strcmp(name, "mock") ? &backend_mock : NULL;
}

// ------------------------------------------------------------- for tests --

static inline tv_vm *mock_machine(void) {
  tv_vm *vm = NULL;
  tv_vm_config config = { .size = sizeof config, .backend = "mock" };
  if (tv_vm_new(&config, &vm, NULL)) abort();
  return vm;
}

// A vCPU that executes `ops` from pc on.
static inline tv_vcpu *mock_guest(tv_vm *vm, const struct mock_op *ops,
                                  uint64_t pc) {
  tv_vcpu *cpu = NULL;
  if (tv_vcpu_new(vm, &cpu, NULL)) abort();
  mock_of(cpu)->first = mock_of(cpu)->op = ops;
  mock_of(cpu)->x[TV_REG_PC] = pc;
  return cpu;
}

static inline uint64_t mock_history(const tv_vm *vm) {
  return ((const struct mock_vm *)vm->back)->history;
}

// A status by its name, and a text that must occur in the error's.
static inline void expect(tv_status got, tv_status want, const tv_error *err,
                          const char *text, const char *law) {
  eq_str(tv_status_name(got), tv_status_name(want), "%s", law);
  if (got == want && err && text)
    ok(strstr(err->text, text) != NULL, "%s: \"%s\"", law, err->text);
}

#endif
