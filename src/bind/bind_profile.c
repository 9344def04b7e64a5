// SPDX-License-Identifier: MIT
//
// Where a guest spends its steps: after every so many of them, the stack of
// the vCPU that took the last one. lua/tinyvmm/profile.lua gives it names.
//
// The steps between two samples are one slice of a run, so that a guest that
// is sampled runs as fast as ever, and the same run gives the same samples.
// An address stands for its function here, and equal stacks are counted; when
// there is no room for another one, Lua gets all of them.
//
// A stack is found by the frame records that x29 begins (AAPCS64 6.4.6): a
// guest need not keep them, so nothing there is believed that does not look
// like one: a record lies above the one before it, and what it returns to
// stands behind a call.

#include "bind/bind.h"
#include "bind/functions.h"

#include <string.h>

enum {
  DEPTH = 64,                 // addresses of a stack
  HEAD = 3,                   // words of a stack before those
  ROOM = 1 << 15,             // words of all stacks
  PLACES = 1 << 12,           // for stacks; half are used at most
  CACHE = 1 << 8              // of functions by address
};

// In `words` a stack is its count, its depth, its vCPU's index, and then from
// the inside out functions, by their start, or addresses without a name.
struct bind_profile {
  uint64_t every;             // steps between samples
  uint64_t left;              // steps to the next
  uint64_t before;            // steps that were taken when the grant began
  uint32_t used;
  uint32_t stacks;
  struct functions functions; // kept by PROFILE_FUNCTIONS
  struct { uint64_t address, start; } cache[CACHE];
  uint32_t place[PLACES];     // 1 + where the stack begins; 0: free
  uint64_t words[ROOM];
};

// User values of the profile object.
enum { PROFILE_SINK = 1, PROFILE_FUNCTIONS,
       PROFILE_USER_VALUES = PROFILE_FUNCTIONS };

// ----------------------------------------------------------------- stacks --

// What stands for an address in a stack.
static uint64_t place_of(struct bind_profile *p, uint64_t address) {
  unsigned i = (unsigned)(address >> 2) % CACHE;
  if (p->cache[i].address != address) {
    struct function f = function_at(&p->functions, address);
    p->cache[i].address = address;
    p->cache[i].start = f.named ? f.start : address;
  }
  return p->cache[i].start;
}

static bool read_words(tv_vm *vm, uint64_t at, void *to, size_t size) {
  const void *from = tv_mem_host(vm, at, size);
  if (from != NULL) memcpy(to, from, size);
  return from != NULL;
}

// Whether a call stands before this address: BL, BLR or their kin with
// pointer authentication (Arm ARM C4.1.66).
static bool after_call(tv_vm *vm, uint64_t address) {
  uint32_t insn;
  if (address & 3 || address < 4 ||
      !read_words(vm, address - 4, &insn, sizeof insn))
    return false;
  return insn >> 26 == 0x25 || (insn & 0xfefff000) == 0xd63f0000;
}

static uint64_t reg(tv_vcpu *cpu, tv_reg number) {
  uint64_t value = 0;
  tv_vcpu_get(cpu, number, &value, sizeof value, NULL);
  return value;
}

// A return address belongs to the call before it. x30 is a caller only where
// no frame has saved it yet, and not where a call has left it behind that
// returned into the same function.
static unsigned walk(struct bind_profile *p, tv_vcpu *cpu, uint64_t pc,
                     uint64_t *stack) {
  tv_vm *vm = tv_vcpu_vm(cpu);
  unsigned depth = 0;
  uint64_t lr = reg(cpu, TV_REG_X(30)), record[2];
  uint64_t fp = reg(cpu, TV_REG_X(29)), lowest = reg(cpu, TV_REG_SP);
  stack[depth++] = place_of(p, pc);
  if (after_call(vm, lr) && place_of(p, lr - 4) != stack[0])
    stack[depth++] = place_of(p, lr - 4);
  else
    lr = 0;
  while (depth < DEPTH && fp >= lowest && fp % 8 == 0 &&
         read_words(vm, fp, record, sizeof record) &&
         after_call(vm, record[1])) {
    if (record[1] == lr && depth == 2) depth--;
    stack[depth++] = place_of(p, record[1] - 4);
    lr = 0;
    lowest = fp + sizeof record;
    fp = record[0];
  }
  return depth;
}

static uint32_t hash(const uint64_t *word, unsigned n) {
  uint64_t h = n;
  for (unsigned i = 0; i < n; i++) h = (h ^ word[i]) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(h >> 40);
}

// Room for one more is there: see bind_profile_grant.
static void sample(struct bind_profile *p, const tv_exit *exit) {
  uint64_t *stack = p->words + p->used;
  stack[0] = 1;
  stack[1] = walk(p, exit->vcpu, exit->pc, stack + HEAD);
  stack[2] = tv_vcpu_index(exit->vcpu);
  unsigned n = (unsigned)stack[1] + HEAD;
  for (uint32_t i = hash(stack + 1, n - 1);; i++) {
    uint32_t *place = &p->place[i % PLACES];
    if (*place == 0) {
      *place = p->used + 1;
      p->used += n;
      p->stacks++;
      return;
    }
    uint64_t *other = p->words + *place - 1;
    if (memcmp(other + 1, stack + 1, (n - 1) * sizeof *stack) != 0) continue;
    ++*other;
    return;
  }
}

// ------------------------------------------------------------------- runs --

static uint64_t steps(const struct bind_vm *vm) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < vm->vcpu_end; i++) {
    const tv_vcpu *cpu = tv_vm_vcpu(vm->vm, i);
    if (cpu != NULL) sum += tv_vcpu_icount(cpu);
  }
  return sum;
}

// Tells profile.lua the stacks of the profile on the stack top: count, vCPU,
// addresses.
static void drain(lua_State *L) {
  struct bind_profile *p = lua_touserdata(L, -1);
  uint32_t used = p->used;
  luaL_checkstack(L, DEPTH + 8, NULL);
  lua_getiuservalue(L, -1, PROFILE_SINK);
  memset(p->place, 0, sizeof p->place);
  p->used = p->stacks = 0;
  for (uint32_t at = 0; at < used;) {
    const uint64_t *stack = p->words + at;
    int depth = (int)stack[1];
    lua_pushvalue(L, -1);
    lua_pushinteger(L, (lua_Integer)stack[0]);
    lua_pushinteger(L, (lua_Integer)stack[2]);
    for (int i = 0; i < depth; i++)
      lua_pushinteger(L, (lua_Integer)stack[HEAD + i]);
    lua_call(L, depth + 2, 0);
    at += HEAD + (uint32_t)depth;
  }
  lua_pop(L, 1);
}

uint64_t bind_profile_grant(lua_State *L, struct bind_vm *vm, int vm_idx) {
  struct bind_profile *p = vm->profile;
  if (p->used + HEAD + DEPTH > ROOM || p->stacks >= PLACES / 2) {
    lua_getiuservalue(L, vm_idx, VM_PROFILE);
    drain(L);
    lua_pop(L, 1);
  }
  p->before = steps(vm);
  return p->left;
}

void bind_profile_ran(struct bind_vm *vm, const tv_exit *exit) {
  struct bind_profile *p = vm->profile;
  p->left -= steps(vm) - p->before;
  if (p->left > 0) return;
  p->left = p->every;
  if (exit->vcpu != NULL) sample(p, exit);
}

// _profile(vm, every, fn, functions) begins: fn gets every stack in the end;
// the functions are packed, see functions.h. _profile(vm) ends.
int bind_profile_set(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  lua_settop(L, 4);
  if (lua_isnil(L, 2)) {
    lua_getiuservalue(L, 1, VM_PROFILE);
    vm->profile = NULL;
    lua_pushnil(L);
    lua_setiuservalue(L, 1, VM_PROFILE);
    if (!lua_isnil(L, -1)) drain(L);
  } else {
    size_t size;
    const char *packed = luaL_checklstring(L, 4, &size);
    struct bind_profile *p = lua_newuserdatauv(L, sizeof *p,
                                               PROFILE_USER_VALUES);
    void *copy = lua_newuserdatauv(L, size + 1, 0);
    bind_vm_check(L, 1);      // a finalizer may have closed the vm
    memset(p, 0, offsetof(struct bind_profile, words));
    p->every = p->left = (uint64_t)luaL_checkinteger(L, 2);
    memcpy(copy, packed, size);
    p->functions = (struct functions){size / sizeof(uint64_t), copy};
    lua_setiuservalue(L, -2, PROFILE_FUNCTIONS);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, PROFILE_SINK);
    vm->profile = p;
    lua_setiuservalue(L, 1, VM_PROFILE);
  }
  return 0;
}
