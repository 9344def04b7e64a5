// SPDX-License-Identifier: MIT
//
// What happens in a run, in order and with its virtual time: calls, returns,
// exceptions, hypercalls, exits. lua/tinyvmm/timeline.lua makes a picture.
//
// The core calls step() before each instruction. It looks at the branches
// only, and follows them: an instruction is where the one before it leads, or
// in the vector table (an exception), or anywhere (a script has set the pc).
// Functions are told by where they begin: a jump inside one is no event.
// Between the slices of a run, Lua gets the events.
//
// A slice is so short that its events always fit.

#include "bind/bind.h"
#include "bind/functions.h"

#include <string.h>

enum {
  SLICE = 1024,               // steps
  STEP_EVENTS = 4,            // at most: wake, call, exception, hvc
  DRAIN_AT = 1 << 12,
  EVENTS = DRAIN_AT + SLICE * STEP_EVENTS + 1,
  CPUS = 64,                  // those beyond have no track
  VALUES = 4
};

// Call, return, jump, eret: where from, in `pc`, to where, in value[0].
// Exception: where it returns to; pc, offset in the vector table, esr, far.
enum kind { START, CALL, RETURN, JUMP, ERET, EXCEPTION, IDLE, WAKE, HVC, SMC,
            EXIT };

static const char *const kind_name[] = {
  "start", "call", "return", "jump", "eret", "exception", "idle", "wake",
  "hvc", "smc"
};

struct event {
  uint64_t time;
  uint64_t pc;
  uint64_t value[VALUES];
  uint16_t cpu;
  uint8_t kind;               // enum kind
  uint8_t exit;               // EXIT: its tv_exit_kind
};

// What is known of a vCPU since its last instruction.
struct track {
  uint64_t pc;
  uint64_t target;            // where its branch leads, if taken
  struct function in;         // the function that it is in
  uint32_t insn;
  bool known;
  bool branch;                // it is one, and ends no function by itself
  bool idle;
};

struct bind_timeline {
  tv_vm *vm;
  unsigned used;
  struct functions functions; // kept by TL_FUNCTIONS
  struct track track[CPUS];
  struct event event[EVENTS];
};

// User values of the timeline object.
enum { TL_SINK = 1, TL_FUNCTIONS, TL_USER_VALUES = TL_FUNCTIONS };

// System registers, see TV_REG_SYS.
#define SYS_EL1(crn, crm, op2) \
  TV_REG_SYS(3u << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define ELR_EL1 SYS_EL1(4u, 0u, 1u)
#define ESR_EL1 SYS_EL1(5u, 2u, 0u)
#define FAR_EL1 SYS_EL1(6u, 0u, 0u)
#define VBAR_EL1 SYS_EL1(12u, 0u, 0u)

static uint64_t get(tv_vcpu *cpu, tv_reg reg) {
  uint64_t value = 0;
  tv_vcpu_get(cpu, reg, &value, sizeof value, NULL);
  return value;
}

static struct event *put(struct bind_timeline *t, const tv_vcpu *cpu,
                         enum kind kind, uint64_t pc) {
  struct event *e = &t->event[t->used++];
  memset(e, 0, sizeof *e);
  e->time = tv_vm_time(t->vm);
  e->cpu = (uint16_t)tv_vcpu_index(cpu);
  e->kind = (uint8_t)kind;
  e->pc = pc;
  return e;
}

// --------------------------------------------------------------- branches --

// Arm ARM C4.1.66: branches, exception generating and system instructions.
static bool is_control(uint32_t insn) { return (insn >> 26 & 7) == 5; }
static bool is_b(uint32_t insn) { return insn >> 26 == 0x05; }
static bool is_bl(uint32_t insn) { return insn >> 26 == 0x25; }
static bool is_cond(uint32_t insn) { return insn >> 25 == 0x2a; }
static bool is_compare(uint32_t insn) { return (insn & 0x7c000000) ==
                                               0x34000000; }
static bool is_indirect(uint32_t insn) { return insn >> 25 == 0x6b; }
static bool is_eret(uint32_t insn) { return (insn & 0xfffff3ff) ==
                                            0xd69f03e0; }
static bool is_hvc(uint32_t insn) { return (insn & 0xffe0001f) ==
                                           0xd4000002; }
static bool is_smc(uint32_t insn) { return (insn & 0xffe0001f) ==
                                           0xd4000003; }
static bool is_wait(uint32_t insn) { return (insn & 0xffffffdf) ==
                                            0xd503205f; }

// The signed field of `bits` bits from `from` on, times 4.
static uint64_t offset(uint32_t insn, unsigned from, unsigned bits) {
  uint64_t sign = UINT64_C(1) << (bits - 1);
  uint64_t field = insn >> from & (2 * sign - 1);
  return ((field ^ sign) - sign) * 4;
}

static uint64_t target(const tv_step *s) {
  uint32_t insn = s->insn, rn = insn >> 5 & 31;
  if (is_b(insn) || is_bl(insn)) return s->pc + offset(insn, 0, 26);
  if (is_cond(insn)) return s->pc + offset(insn, 5, 19);
  if (is_compare(insn))
    return s->pc + offset(insn, 5, insn >> 25 & 1 ? 14 : 19);
  if (is_eret(insn)) return get(s->vcpu, ELR_EL1);
  return is_indirect(insn) && rn < 31 ? s->x[rn] : s->pc + 4;
}

// BR, BLR and RET, also those with pointer authentication: opc in bits 22:21.
static enum kind indirect(uint32_t insn) {
  unsigned opc = insn >> 21 & 3;
  return opc == 1 ? CALL : opc == 2 ? RETURN : JUMP;
}

// ------------------------------------------------------------------ steps --

// The last instruction has led to pc, in the way of its kind.
static void follow(struct bind_timeline *t, tv_vcpu *cpu, struct track *k,
                   uint64_t pc) {
  bool same = pc - k->in.start < k->in.size;
  bool taken = k->branch && pc == k->target;
  enum kind kind = JUMP;
  if (taken && is_bl(k->insn)) kind = CALL;
  else if (taken && is_eret(k->insn)) kind = ERET;
  else if (taken && is_indirect(k->insn)) kind = indirect(k->insn);
  if (kind == JUMP && same) return;
  put(t, cpu, kind, k->pc)->value[0] = pc;
  if (!same) k->in = function_at(&t->functions, pc);
}

// The pc is not where the last instruction leads: an exception came before it
// or after it, or something from outside.
static void stray(struct bind_timeline *t, const tv_step *s,
                  struct track *k) {
  uint64_t vector = s->pc - get(s->vcpu, VBAR_EL1);
  uint64_t back = get(s->vcpu, ELR_EL1);
  if (vector < 0x800 && vector % 0x80 == 0) {
    if (k->branch && back == k->target) follow(t, s->vcpu, k, back);
    struct event *e = put(t, s->vcpu, EXCEPTION, back);
    e->value[0] = s->pc;
    e->value[1] = vector;
    e->value[2] = get(s->vcpu, ESR_EL1);
    e->value[3] = get(s->vcpu, FAR_EL1);
  } else {
    put(t, s->vcpu, JUMP, k->pc)->value[0] = s->pc;
  }
  k->in = function_at(&t->functions, s->pc);
}

static void call_out(struct bind_timeline *t, const tv_step *s) {
  struct event *e = put(t, s->vcpu, is_hvc(s->insn) ? HVC : SMC, s->pc);
  e->value[0] = s->insn >> 5 & 0xffff;
  for (unsigned i = 1; i < VALUES; i++) e->value[i] = s->x[i - 1];
}

static void arrive(struct bind_timeline *t, const tv_step *s,
                   struct track *k) {
  if (!k->known) {
    put(t, s->vcpu, START, s->pc)->value[0] = s->pc;
    k->in = function_at(&t->functions, s->pc);
  } else {
    if (k->idle) put(t, s->vcpu, WAKE, s->pc);
    if (s->pc == k->pc + 4 || (k->branch && s->pc == k->target))
      follow(t, s->vcpu, k, s->pc);
    else if (s->pc != k->pc)          // else it begins again
      stray(t, s, k);
  }
  k->known = true;
  k->idle = false;
}

static void step(void *ctx, const tv_step *s) {
  struct bind_timeline *t = ctx;
  unsigned index = tv_vcpu_index(s->vcpu);
  if (index >= CPUS) return;
  struct track *k = &t->track[index];
  bool plain = k->known && !k->branch && !k->idle && s->pc == k->pc + 4;
  if (!plain || s->pc - k->in.start >= k->in.size) arrive(t, s, k);
  k->pc = s->pc;
  k->insn = s->insn;
  k->branch = false;
  if (!is_control(s->insn)) return;
  if (is_hvc(s->insn) || is_smc(s->insn)) call_out(t, s);
  k->target = target(s);
  k->branch = k->target != s->pc + 4 || is_bl(s->insn) ||
              is_indirect(s->insn);
  if (!is_wait(s->insn)) return;
  k->idle = true;
  put(t, s->vcpu, IDLE, s->pc)->value[0] = s->insn >> 5 & 1;   // WFI
}

// ------------------------------------------------------------------- runs --

// Tells timeline.lua what the timeline on the stack top has: kind, vCPU,
// time, pc, values, and an exit's kind.
static void drain(lua_State *L) {
  struct bind_timeline *t = lua_touserdata(L, -1);
  unsigned used = t->used;
  luaL_checkstack(L, VALUES + 10, NULL);
  lua_getiuservalue(L, -1, TL_SINK);
  t->used = 0;
  for (unsigned i = 0; i < used; i++) {
    const struct event *e = &t->event[i];
    bool exit = e->kind == EXIT;
    lua_pushvalue(L, -1);
    lua_pushstring(L, exit ? "exit" : kind_name[e->kind]);
    lua_pushinteger(L, e->cpu);
    lua_pushinteger(L, (lua_Integer)e->time);
    lua_pushinteger(L, (lua_Integer)e->pc);
    for (unsigned j = 0; j < VALUES; j++)
      lua_pushinteger(L, (lua_Integer)e->value[j]);
    if (exit) lua_pushstring(L, tv_exit_name((tv_exit_kind)e->exit));
    lua_call(L, 4 + VALUES + exit, 0);
  }
  lua_pop(L, 1);
}

uint64_t bind_timeline_grant(lua_State *L, struct bind_vm *vm, int vm_idx) {
  if (vm->timeline->used <= DRAIN_AT) return SLICE;
  lua_getiuservalue(L, vm_idx, VM_TIMELINE);
  drain(L);
  lua_pop(L, 1);
  return SLICE;
}

// Hypercalls were seen as instructions, limits are the host's affair.
void bind_timeline_ran(struct bind_vm *vm, const tv_exit *exit) {
  if (exit->kind == TV_EXIT_BUDGET || exit->kind == TV_EXIT_HVC ||
      exit->vcpu == NULL || tv_vcpu_index(exit->vcpu) >= CPUS)
    return;
  struct event *e = put(vm->timeline, exit->vcpu, EXIT, exit->pc);
  e->exit = (uint8_t)exit->kind;
  if (exit->kind == TV_EXIT_MMIO) {
    e->value[0] = exit->u.mmio.addr;
    e->value[1] = exit->u.mmio.size;
    e->value[2] = exit->u.mmio.write;
    e->value[3] = exit->u.mmio.value;
  } else if (exit->kind == TV_EXIT_FAULT) {
    e->value[0] = exit->u.fault.addr;
    e->value[1] = exit->u.fault.esr;
  } else if (exit->kind == TV_EXIT_SHUTDOWN) {
    e->value[0] = exit->u.shutdown.status;
  }
}

static void stop(lua_State *L, struct bind_vm *vm) {
  if (vm->timeline == NULL) return;
  if (vm->trace == NULL) tv_vm_trace(vm->vm, NULL, NULL, NULL);
  vm->timeline = NULL;
  lua_getiuservalue(L, 1, VM_TIMELINE);
  lua_pushnil(L);
  lua_setiuservalue(L, 1, VM_TIMELINE);
  drain(L);
  lua_pop(L, 1);
}

// _timeline(vm, fn, functions) begins: fn gets the events; the functions are
// packed, see functions.h. _timeline(vm) ends. True, or nil, message, code.
int bind_timeline_set(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  tv_error err;
  lua_settop(L, 3);
  stop(L, vm);
  lua_pushboolean(L, 1);
  if (lua_isnil(L, 2)) return 1;
  size_t size;
  const char *packed = luaL_checklstring(L, 3, &size);
  struct bind_timeline *t = lua_newuserdatauv(L, sizeof *t, TL_USER_VALUES);
  void *copy = lua_newuserdatauv(L, size + 1, 0);
  bind_vm_check(L, 1);             // a finalizer may have closed it
  if (vm->trace != NULL) {
    luaL_pushfail(L);
    lua_pushliteral(L, "the vm is traced already; end that by "
                       "vm:trace(nil)");
    lua_pushstring(L, tv_status_name(TV_E_STATE));
    return 3;
  }
  memcpy(copy, packed, size);
  memset(t, 0, offsetof(struct bind_timeline, event));
  t->vm = vm->vm;
  t->functions = (struct functions){size / sizeof(uint64_t), copy};
  lua_setiuservalue(L, -2, TL_FUNCTIONS);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, TL_SINK);
  if (tv_vm_trace(vm->vm, step, t, &err) != TV_OK)
    return bind_refuse(L, &err);
  vm->timeline = t;
  lua_setiuservalue(L, 1, VM_TIMELINE);
  return 1;
}
