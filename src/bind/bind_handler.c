// SPDX-License-Identifier: MIT
//
// Handlers of scripts: which one an exit is for, what it is called with, and
// what becomes of its results. A dispatch allocates nothing.

#include "bind/run.h"

#include <string.h>

// ESR_EL1 of an undefined instruction: EC 0, IL 1 (Arm ARM D24.2.37).
#define ESR_UNDEFINED UINT64_C(0x02000000)

// ------------------------------------------------------------------ calls --

static void push_vcpu(lua_State *L, const struct bind_run *r) {
  lua_rawgeti(L, S_VCPUS, (lua_Integer)tv_vcpu_index(r->exit.vcpu) + 1);
}

static enum step call(lua_State *L, struct bind_run *r, int args,
                      int results, lua_KFunction resume) {
  r->calling = true;
  lua_callk(L, args, results, (lua_KContext)r, resume);
  return STEP_CALLED;
}

static enum step call_hvc(lua_State *L, struct bind_run *r,
                          lua_KFunction resume) {
  const tv_exit *exit = &r->exit;
  int args = 8;
  if (exit->u.hvc.imm != 0) return STEP_RETURN;
  if (lua_rawgeti(L, S_HANDLERS, (lua_Integer)exit->u.hvc.nr) ==
      LUA_TFUNCTION) {
    push_vcpu(L, r);
  } else if (lua_rawgeti(L, S_HANDLERS, HANDLER_DEFAULT) == LUA_TFUNCTION) {
    push_vcpu(L, r);
    lua_pushinteger(L, (lua_Integer)exit->u.hvc.nr);
    lua_remove(L, S_TOP + 1);
    args = 9;
  } else {
    return STEP_RETURN;
  }
  for (int i = 0; i < 7; i++)
    lua_pushinteger(L, (lua_Integer)exit->u.hvc.arg[i]);
  return call(L, r, args, LUA_MULTRET, resume);
}

static enum step call_mmio(lua_State *L, struct bind_run *r,
                           lua_KFunction resume) {
  const tv_exit *exit = &r->exit;
  const struct bind_memory *m = bind_memory_mmio(r->vm, exit->u.mmio.addr);
  bool write = exit->u.mmio.write;
  if (m == NULL) return STEP_RETURN;
  lua_rawgeti(L, S_MEMORY, m->slot);
  if (lua_getiuservalue(L, -1, write ? MEMORY_WRITE : MEMORY_READ) !=
      LUA_TFUNCTION)
    return STEP_RETURN;
  lua_replace(L, S_TOP + 1);
  lua_pushinteger(L, (lua_Integer)(exit->u.mmio.addr - m->base));
  lua_pushinteger(L, exit->u.mmio.size);
  if (write) lua_pushinteger(L, (lua_Integer)exit->u.mmio.value);
  return call(L, r, write ? 3 : 2, write ? 0 : 1, resume);
}

static enum step call_event(lua_State *L, struct bind_run *r, int handler,
                            lua_KFunction resume) {
  char name[32];
  const tv_exit *exit = &r->exit;
  if (lua_rawgeti(L, S_HANDLERS, handler) != LUA_TFUNCTION)
    return STEP_RETURN;
  push_vcpu(L, r);
  if (exit->kind == TV_EXIT_UNDEFINED) {
    lua_pushinteger(L, exit->insn);
    return call(L, r, 2, 1, resume);
  }
  lua_pushstring(L, tv_reg_name(TV_REG_SYS(exit->u.sysreg.key), name,
                                sizeof name));
  lua_pushboolean(L, exit->u.sysreg.write);
  lua_pushinteger(L, (lua_Integer)exit->u.sysreg.value);
  return call(L, r, 4, 1, resume);
}

enum step bind_handler_call(lua_State *L, struct bind_run *r,
                            lua_KFunction resume) {
  switch (r->exit.kind) {
    case TV_EXIT_HVC: return call_hvc(L, r, resume);
    case TV_EXIT_MMIO: return call_mmio(L, r, resume);
    case TV_EXIT_SYSREG: return call_event(L, r, HANDLER_SYSREG, resume);
    case TV_EXIT_UNDEFINED:
      return call_event(L, r, HANDLER_UNDEFINED, resume);
    default: return STEP_RETURN;
  }
}

// ---------------------------------------------------------------- results --

// A handler may give back an integer or a float without fraction.
static lua_Integer result_integer(lua_State *L, int idx, const char *whose) {
  int exact = lua_type(L, idx) == LUA_TNUMBER;
  lua_Integer n = exact ? lua_tointegerx(L, idx, &exact) : 0;
  if (!exact)
    luaL_error(L, "the %s handler returned %s where an integer belongs",
               whose, luaL_typename(L, idx));
  return n;
}

static void set_x(lua_State *L, tv_vcpu *vcpu, int n, lua_Integer value) {
  tv_error err;
  if (tv_vcpu_set(vcpu, TV_REG_X(n), &value, sizeof value, &err) != TV_OK)
    bind_raise(L, &err);
}

// No result or a single nil leaves the registers; 1 to 4 integers are x0...
static void hvc_results(lua_State *L, struct bind_run *r) {
  lua_Integer x[4];
  int n = lua_gettop(L) - S_TOP;
  if (n == 1 && lua_isinteger(L, -1)) {
    set_x(L, r->exit.vcpu, 0, lua_tointeger(L, -1));
    return;
  }
  if (n == 0 || (n == 1 && lua_isnil(L, -1))) return;
  if (n > 4)
    luaL_error(L, "the hypercall handler returned %d values; at most 4 have "
               "a register", n);
  for (int i = 0; i < n; i++)
    x[i] = result_integer(L, S_TOP + 1 + i, "hypercall");
  for (int i = 0; i < n; i++) set_x(L, r->exit.vcpu, i, x[i]);
}

static void answer(lua_State *L, struct bind_run *r, lua_Integer value) {
  tv_error err;
  if (tv_vcpu_answer(r->exit.vcpu, (uint64_t)value, &err) != TV_OK)
    bind_raise(L, &err);
}

static void mmio_result(lua_State *L, struct bind_run *r) {
  if (r->exit.u.mmio.write) return;
  uint64_t value = (uint64_t)result_integer(L, S_TOP + 1, "mmio read");
  if (r->exit.u.mmio.size < 8)
    value &= (UINT64_C(1) << 8 * r->exit.u.mmio.size) - 1;
  answer(L, r, (lua_Integer)value);
}

// A guest without vectors cannot take it: then it is the exit that it would
// have been without the handler.
static enum step inject_undefined(lua_State *L, struct bind_run *r) {
  tv_error err;
  switch (tv_vcpu_inject(r->exit.vcpu, ESR_UNDEFINED, 0, &err)) {
    case TV_OK: return STEP_NEXT;
    case TV_E_STATE: break;
    default: bind_raise(L, &err);
  }
  r->exit.kind = TV_EXIT_FAULT;
  memset(&r->exit.u.fault, 0, sizeof r->exit.u.fault);
  r->exit.u.fault.reason = TV_FAULT_UNDEFINED;
  r->exit.u.fault.level = -1;
  r->exit.u.fault.esr = ESR_UNDEFINED;
  return STEP_RETURN;
}

// The handler has done the instruction, and perhaps moved pc itself.
static void undefined_done(lua_State *L, struct bind_run *r) {
  uint64_t pc = 0;
  tv_error err;
  tv_vcpu *vcpu = r->exit.vcpu;
  tv_vcpu_get(vcpu, TV_REG_PC, &pc, sizeof pc, &err);
  if (tv_vcpu_skip(vcpu, &err) != TV_OK ||
      (pc != r->exit.pc &&
       tv_vcpu_set(vcpu, TV_REG_PC, &pc, sizeof pc, &err) != TV_OK))
    bind_raise(L, &err);
}

// An event handler's first result: true (or the value read) answers, false
// gives the guest its Undefined exception, nil returns the exit.
static enum step event_result(lua_State *L, struct bind_run *r) {
  int result = S_TOP + 1;
  bool sysreg = r->exit.kind == TV_EXIT_SYSREG;
  if (lua_isnil(L, result)) return STEP_RETURN;
  if (lua_isboolean(L, result) && !lua_toboolean(L, result))
    return inject_undefined(L, r);
  if (sysreg && !r->exit.u.sysreg.write) {
    answer(L, r, result_integer(L, result, "sysreg read"));
    return STEP_NEXT;
  }
  if (!lua_isboolean(L, result))
    luaL_error(L, "the %s handler returned %s; true answers, false injects, "
               "nil declines", sysreg ? "sysreg write" : "undefined",
               luaL_typename(L, result));
  if (!sysreg) undefined_done(L, r);
  return STEP_NEXT;
}

enum step bind_handler_done(lua_State *L, struct bind_run *r) {
  enum step next = STEP_NEXT;
  if (r->exit.kind == TV_EXIT_HVC)
    hvc_results(L, r);
  else if (r->exit.kind == TV_EXIT_MMIO)
    mmio_result(L, r);
  else
    next = event_result(L, r);
  r->calling = false;
  lua_settop(L, S_TOP);
  return next;
}
