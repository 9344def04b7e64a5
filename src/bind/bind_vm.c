// SPDX-License-Identifier: MIT
//
// The vm object: tv.vm{...}, its methods and properties, and its end.
//
// __gc and __close are one function with one difference: closing by hand is
// refused while a handler of the VM has not returned, collecting is not,
// because then nobody is left who could return.

#include "bind/bind.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct bind_vm *to_vm(lua_State *L, int idx) {
  struct bind_vm *vm = bind_test(L, idx, KEY_VM);
  if (vm == NULL) luaL_typeerror(L, idx, "tinyvmm.vm");
  return vm;
}

struct bind_vm *bind_vm_check(lua_State *L, int idx) {
  struct bind_vm *vm = to_vm(L, idx);
  if (vm->vm == NULL) luaL_error(L, "attempt to use a closed vm");
  return vm;
}

// ------------------------------------------------------------- creation --

static bool option_bool(lua_State *L, const char *name, const char *what,
                        bool otherwise) {
  bool value = otherwise;
  int type = lua_getfield(L, 1, name);
  if (type == LUA_TBOOLEAN)
    value = lua_toboolean(L, -1);
  else if (type != LUA_TNIL)
    luaL_error(L, "%s must be true or false, not %s", what,
               luaL_typename(L, -1));
  lua_pop(L, 1);
  return value;
}

// The string option stays on the stack, which keeps it alive.
static const char *option_string(lua_State *L, const char *name,
                                 const char *what) {
  int type = lua_getfield(L, 1, name);
  if (type == LUA_TNIL) return NULL;
  if (type != LUA_TSTRING)
    luaL_error(L, "%s must be a string, not %s", what, luaL_typename(L, -1));
  return lua_tostring(L, -1);
}

static uint32_t option_granule(lua_State *L) {
  uint64_t granule = 0;
  if (lua_getfield(L, 1, "granule") != LUA_TNIL) {
    granule = bind_size(L, -1, "tv.vm granule");
    if (granule < 4096 || granule > 1u << 30 || granule & (granule - 1))
      luaL_error(L, "tv.vm granule must be a power of two from 4096 on");
  }
  lua_pop(L, 1);
  return (uint32_t)granule;
}

static uint64_t option_seed(lua_State *L) {
  lua_Integer seed = 0;
  int exact = true;
  if (lua_getfield(L, 1, "seed") != LUA_TNIL)
    seed = lua_tointegerx(L, -1, &exact);
  if (!exact) luaL_error(L, "tv.vm seed must be an integer");
  lua_pop(L, 1);
  return (uint64_t)seed;
}

// The GIC's version.
static unsigned option_gic(lua_State *L) {
  int type = lua_getfield(L, 1, "gic");
  const char *gic = type == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  if (type != LUA_TNIL && (gic == NULL || strcmp(gic, "v3") != 0))
    luaL_error(L, "tv.vm gic must be \"v3\" or nil, not %s",
               luaL_tolstring(L, -1, NULL));
  lua_pop(L, 1);
  return gic != NULL ? 3 : 0;
}

// Options that need no VM yet. Leaves strings it points to on the stack.
static void read_config(lua_State *L, tv_vm_config *config) {
  static const char *const names[] = {
    "ram", "backend", "cpu", "seed", "pauth", "strict", "fp", "timer",
    "granule", "gic", "output", NULL
  };
  memset(config, 0, sizeof *config);
  config->size = sizeof *config;
  bind_options(L, 1, "tv.vm", names);
  config->relaxed = !option_bool(L, "strict", "tv.vm strict", true);
  config->no_fp = !option_bool(L, "fp", "tv.vm fp", true);
  config->granule = option_granule(L);
  config->seed = option_seed(L);
  config->gic = option_gic(L);
  config->backend = option_string(L, "backend", "tv.vm backend");
  if (config->backend == NULL) {
    lua_getfield(L, LUA_REGISTRYINDEX, BIND_BACKEND);
    config->backend = lua_tostring(L, -1);
  }
  if (config->backend == NULL) config->backend = getenv("TINYVMM_BACKEND");
  config->cpu = option_string(L, "cpu", "tv.vm cpu");
  if (config->cpu == NULL) {
    lua_getfield(L, LUA_REGISTRYINDEX, BIND_CPU);
    config->cpu = lua_tostring(L, -1);
  }
  config->pauth = option_string(L, "pauth", "tv.vm pauth");
  const char *timer = option_string(L, "timer", "tv.vm timer");
  config->timer_exit = timer != NULL && strcmp(timer, "exit") == 0;
  if (timer != NULL && !config->timer_exit && strcmp(timer, "irq") != 0)
    luaL_error(L, "tv.vm timer must be \"irq\" or \"exit\", not \"%s\"",
               timer);
}

// Pushes the option table of vm:map for the `ram` option, or nil for none:
// "64M", 0x10000, {base, size}, {base=, size=}, false; the default is 1 MiB.
static void ram_options(lua_State *L) {
  int type = lua_getfield(L, 1, "ram");
  int ram = lua_gettop(L);
  if (type == LUA_TBOOLEAN && !lua_toboolean(L, ram)) {
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 2);
  if (type == LUA_TTABLE) {
    static const char *const field[] = {"base", "size"};
    for (int i = 0; i < 2; i++) {
      if (lua_getfield(L, ram, field[i]) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_rawgeti(L, ram, i + 1);
      }
      lua_setfield(L, -2, field[i]);
    }
    return;
  }
  lua_pushinteger(L, 0);
  lua_setfield(L, -2, "base");
  if (type == LUA_TNIL)
    lua_pushinteger(L, 1 << 20);
  else
    lua_pushinteger(L, (lua_Integer)bind_size(L, ram, "tv.vm ram"));
  lua_setfield(L, -2, "size");
}

// A closed VM with everything that its life will need.
static struct bind_vm *push_closed(lua_State *L) {
  struct bind_vm *vm = bind_new(L, KEY_VM, sizeof *vm, VM_USER_VALUES);
  int self = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_STATE]);
  vm->state = lua_touserdata(L, -1);
  lua_pop(L, 1);
  static const int tables[] = {VM_HANDLERS, VM_VCPUS, VM_MEMORY, VM_IMAGES};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    lua_newtable(L);
    lua_setiuservalue(L, self, tables[i]);
  }
  bind_run_new(L, self);
  lua_setiuservalue(L, self, VM_RUN);
  return vm;
}

static void close_vm(struct bind_vm *vm) {
  if (vm->vm == NULL) return;
  tv_vm *old = vm->vm;
  vm->vm = NULL;
  vm->active = NULL;
  vm->memory = NULL;
  vm->ram = NULL;
  vm->trace = NULL;
  vm->profile = NULL;
  vm->timeline = NULL;
  vm->state->live--;
  tv_vm_free(old);
  bind_output_flush(vm);
  bind_output_free(vm);
}

int bind_vm_new(lua_State *L) {
  tv_vm_config config;
  tv_error err;
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  lua_settop(L, 1);
  read_config(L, &config);
  struct bind_vm *vm = push_closed(L);
  int self = lua_gettop(L);
  lua_getfield(L, 1, "output");
  bind_output_set(L, self, -1);
  ram_options(L);
  if (!lua_isnil(L, -1)) bind_memory_check_options(L, lua_gettop(L));
  if (tv_vm_new(&config, &vm->vm, &err) != TV_OK)
    return bind_refuse(L, &err);
  vm->state->live++;
  tv_vm_output(vm->vm, bind_output_deliver, &vm->output);
  if (!lua_isnil(L, -1)) {
    int results = bind_memory_map(L, self, lua_gettop(L));
    if (results > 1) {
      close_vm(vm);
      return results;
    }
    vm->ram = lua_touserdata(L, -1);
  }
  lua_pushvalue(L, self);
  return 1;
}

// ------------------------------------------------------------------ end --

static int vm_close(lua_State *L) {
  struct bind_vm *vm = to_vm(L, 1);
  if (vm->vm != NULL) bind_run_idle(L, 1, NULL);
  close_vm(vm);
  return 0;
}

static int vm_gc(lua_State *L) {
  close_vm(to_vm(L, 1));
  return 0;
}

// -------------------------------------------------------------- methods --

static tv_hc leave_to_lua(void *ctx, tv_vcpu *vcpu, const uint64_t arg[7],
                          uint64_t *x0) {
  (void)ctx, (void)vcpu, (void)arg, (void)x0;
  return TV_HC_EXIT;
}

// Numbers that the core would answer itself are taken from it by a C handler
// that declines, so that the run comes back to us.
static bool built_in(lua_Integer nr) {
  return (nr >= 0 && nr <= TV_HC_PUTS_NR) || nr >= 0x80000000;
}

static lua_Integer hypercall_number(lua_State *L, int idx) {
  if (lua_type(L, idx) == LUA_TSTRING) {
    if (strcmp(lua_tostring(L, idx), "default") == 0) return HANDLER_DEFAULT;
    luaL_error(L, "vm:hypercall number must be an integer or \"default\", "
               "not \"%s\"", lua_tostring(L, idx));
  }
  lua_Integer nr = bind_integer(L, idx, "vm:hypercall number");
  if (nr < 0 || nr > 0xffffffff)
    luaL_error(L, "vm:hypercall number %I is not in w0's range 0 to "
               "0xffffffff", (LUAI_UACINT)nr);
  return nr;
}

static void check_handler(lua_State *L, int idx, const char *what) {
  if (!lua_isnoneornil(L, idx) && lua_type(L, idx) != LUA_TFUNCTION)
    luaL_error(L, "%s handler must be a function or nil, not %s", what,
               luaL_typename(L, idx));
}

static int vm_hypercall(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  lua_Integer nr = hypercall_number(L, 2);
  check_handler(L, 3, "vm:hypercall");
  lua_settop(L, 3);
  lua_getiuservalue(L, 1, VM_HANDLERS);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, nr);
  if (!built_in(nr)) return 0;
  tv_error err;
  tv_hypercall_fn *fn = lua_isnil(L, 3) ? NULL : leave_to_lua;
  if (tv_vm_hypercall(vm->vm, (uint32_t)nr, fn, NULL, &err) == TV_OK)
    return 0;
  lua_pushnil(L);
  lua_rawseti(L, -2, nr);
  return bind_raise(L, &err);
}

// vm:on("undefined" | "sysreg", fn | true | nil): with true the events come
// as exits. Returns true, or nil, message, code where the backend cannot.
static int vm_on(lua_State *L) {
  static const char *const events[] = {"undefined", "sysreg", NULL};
  static const lua_Integer slot[] = {HANDLER_UNDEFINED, HANDLER_SYSREG};
  static const unsigned trap[] = {TV_TRAP_UNDEFINED, TV_TRAP_SYSREG};
  struct bind_vm *vm = bind_vm_check(L, 1);
  tv_error err;
  int event = luaL_checkoption(L, 2, NULL, events);
  lua_settop(L, 3);
  if (!lua_isboolean(L, 3) || !lua_toboolean(L, 3))
    check_handler(L, 3, "vm:on");
  lua_getiuservalue(L, 1, VM_HANDLERS);
  unsigned traps = 0;
  for (int i = 0; i < 2; i++) {
    lua_rawgeti(L, 4, slot[i]);
    bool set = i == event ? !lua_isnil(L, 3) : !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (set) traps |= trap[i];
  }
  lua_pushvalue(L, 3);
  lua_rawseti(L, 4, slot[event]);
  if (tv_vm_trap(vm->vm, traps, &err) != TV_OK) {
    lua_pushnil(L);
    lua_rawseti(L, 4, slot[event]);
    return bind_refuse(L, &err);
  }
  lua_pushboolean(L, 1);
  return 1;
}

static int vm_stop(lua_State *L) {
  tv_vm_stop(bind_vm_check(L, 1)->vm);
  return 0;
}

static int vm_irq(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  tv_error err;
  lua_Integer intid = bind_integer(L, 2, "vm:irq intid");
  luaL_checktype(L, 3, LUA_TBOOLEAN);
  if (intid < 0 || intid > UINT32_MAX)
    luaL_error(L, "vm:irq intid must be %d to %d, not %I", TV_GIC_SPI,
               TV_GIC_SPI + TV_GIC_SPIS - 1, (LUAI_UACINT)intid);
  if (tv_vm_irq(vm->vm, (uint32_t)intid, lua_toboolean(L, 3), &err) != TV_OK)
    return bind_raise(L, &err);
  return 0;
}

static int vm_reset(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  tv_error err;
  bind_run_idle(L, 1, NULL);
  if (tv_vm_reset(vm->vm, &err) != TV_OK) return bind_raise(L, &err);
  return 0;
}

// ----------------------------------------------------------- properties --

// { kind = how often }, of those that there were
static void push_exits(lua_State *L, const tv_vm *vm) {
  lua_newtable(L);
  for (int kind = 0; kind <= TV_EXIT_BREAKPOINT; kind++) {
    uint64_t n = tv_vm_exits(vm, (tv_exit_kind)kind);
    if (n == 0) continue;
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, -2, tv_exit_name((tv_exit_kind)kind));
  }
}

// { address_bits = n, vcpus = n or nil, breakpoints = n or nil,
//   notes = { sentences } }
static void push_limits(lua_State *L, const tv_vm *vm) {
  tv_limits limits;
  tv_vm_limits(vm, &limits);
  lua_newtable(L);
  lua_pushinteger(L, limits.address_bits);
  lua_setfield(L, -2, "address_bits");
  if (limits.vcpus) {
    lua_pushinteger(L, limits.vcpus);
    lua_setfield(L, -2, "vcpus");
  }
  if (limits.breakpoints != UINT_MAX) {
    lua_pushinteger(L, limits.breakpoints);
    lua_setfield(L, -2, "breakpoints");
  }
  lua_newtable(L);
  for (int i = 0; i < 4 && limits.note[i]; i++) {
    lua_pushstring(L, limits.note[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "notes");
}

static void push_vcpus(lua_State *L) {
  lua_Integer n = 0;
  struct bind_vm *vm = lua_touserdata(L, 1);
  lua_newtable(L);
  lua_getiuservalue(L, 1, VM_VCPUS);
  for (unsigned i = 0; i < vm->vcpu_end; i++)
    if (lua_rawgeti(L, -1, (lua_Integer)i + 1) == LUA_TNIL)
      lua_pop(L, 1);
    else
      lua_rawseti(L, -3, ++n);
  lua_pop(L, 1);
}

static void push_property(lua_State *L, struct bind_vm *vm,
                          const char *name) {
  if (strcmp(name, "time") == 0)
    lua_pushinteger(L, (lua_Integer)tv_vm_time(vm->vm));
  else if (strcmp(name, "backend") == 0)
    lua_pushstring(L, tv_vm_backend(vm->vm));
  else if (strcmp(name, "cpu") == 0)
    lua_pushstring(L, tv_vm_cpu(vm->vm));
  else if (strcmp(name, "exact") == 0)
    lua_pushboolean(L, tv_vm_exact(vm->vm));
  else if (strcmp(name, "gic") == 0)
    lua_pushstring(L, tv_vm_gic(vm->vm) ? "v3" : NULL);   // NULL: nil
  else if (strcmp(name, "granule") == 0)
    lua_pushinteger(L, tv_vm_granule(vm->vm));
  else if (strcmp(name, "limits") == 0)
    push_limits(L, vm->vm);
  else if (strcmp(name, "breakpoints") == 0)
    bind_breakpoint_list(L, vm->vm);
  else if (strcmp(name, "exits") == 0)
    push_exits(L, vm->vm);
  else if (strcmp(name, "vcpus") == 0)
    push_vcpus(L);
  else if (strcmp(name, "memory") == 0)
    bind_memory_list(L, 1);
  else if (vm->ram == NULL)
    lua_pushnil(L);
  else {
    lua_getiuservalue(L, 1, VM_MEMORY);
    lua_rawgeti(L, -1, vm->ram->slot);
  }
}

// Upvalues of __index and __newindex: methods, properties, unused.
static int vm_index(lua_State *L) {
  lua_settop(L, 2);
  if (lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L, "a vm has no field of type %s", luaL_typename(L, 2));
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  struct bind_vm *vm = to_vm(L, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    if (vm->vm == NULL) return luaL_error(L, "attempt to use a closed vm");
    push_property(L, vm, lua_tostring(L, 2));
    return 1;
  }
  return bind_no_field(L, "vm");
}

static int vm_tostring(lua_State *L) {
  struct bind_vm *vm = to_vm(L, 1);
  if (vm->vm == NULL)
    lua_pushliteral(L, "vm (closed)");
  else
    lua_pushfstring(L, "vm (%s, %p)", tv_vm_backend(vm->vm), (void *)vm);
  return 1;
}

void bind_vm_open(lua_State *L) {
  static const luaL_Reg methods[] = {
    {"run", bind_run_vm},          {"vcpu", bind_vcpu_new},
    {"hypercall", vm_hypercall},   {"on", vm_on},
    {"stop", vm_stop},             {"reset", vm_reset},
    {"trace", bind_trace_set},     {"irq", vm_irq},
    {"set_breakpoint", bind_breakpoint_set},
    {"clear_breakpoint", bind_breakpoint_clear},
    {"take_output", bind_output_take}, {"close", vm_close},
    {NULL, NULL}
  };
  static const luaL_Reg meta[] = {
    {"__index", vm_index}, {"__newindex", bind_newindex},
    {"__close", vm_close}, {"__gc", vm_gc},
    {"__tostring", vm_tostring},   {NULL, NULL}
  };
  static const char *const properties[] = {
    "time", "backend", "breakpoints", "cpu", "exact", "exits", "gic",
    "granule", "limits", "memory", "ram", "vcpus", NULL
  };
  bind_metatable(L, KEY_VM, "tinyvmm.vm", methods, meta, properties);
  lua_getfield(L, -1, "methods");
  luaL_setfuncs(L, bind_memory_vm_methods, 0);
  bind_memory_kin(L);
  lua_pop(L, 2);
}
