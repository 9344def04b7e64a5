// SPDX-License-Identifier: MIT
//
// The vcpu object: registers as fields, and what a script does to a vCPU
// beside running it.
//
// Reading cpu.x0 is one table access and one tv_vcpu_get: the names already
// seen are kept with their register numbers in a table that is an upvalue of
// __index and __newindex.

#include "bind/bind.h"

#include <string.h>

enum { UP_METHODS = 1, UP_PROPERTIES, UP_REGISTERS };

static struct bind_vcpu *to_vcpu(lua_State *L, int idx) {
  struct bind_vcpu *cpu = bind_test(L, idx, KEY_VCPU);
  if (cpu == NULL) luaL_typeerror(L, idx, "tinyvmm.vcpu");
  return cpu;
}

struct bind_vcpu *bind_vcpu_check(lua_State *L, int idx) {
  struct bind_vcpu *cpu = to_vcpu(L, idx);
  if (cpu->vm->vm == NULL) luaL_error(L, "attempt to use a closed vm");
  if (cpu->vcpu == NULL) luaL_error(L, "attempt to use a closed vcpu");
  return cpu;
}

// ------------------------------------------------------------- registers --

// D and S registers are numbers, Q registers 16 bytes, the rest integers.
static bool is_double(tv_reg reg) {
  return reg >= TV_REG_D(0) && reg <= TV_REG_D(31);
}

static bool is_single(tv_reg reg) {
  return reg >= TV_REG_S(0) && reg <= TV_REG_S(31);
}

static int push_register(lua_State *L, tv_vcpu *vcpu, tv_reg reg) {
  union {
    uint64_t u64;
    uint32_t u32;
    double d;
    float f;
    char bytes[16];
  } value;
  tv_error err;
  size_t size = tv_reg_size(reg);
  if (tv_vcpu_get(vcpu, reg, &value, size, &err) != TV_OK)
    return bind_raise(L, &err);
  if (size == 16)
    lua_pushlstring(L, value.bytes, 16);
  else if (is_double(reg))
    lua_pushnumber(L, value.d);
  else if (is_single(reg))
    lua_pushnumber(L, (lua_Number)value.f);
  else
    lua_pushinteger(L, size == 8 ? (lua_Integer)value.u64
                                 : (lua_Integer)value.u32);
  return 1;
}

static void check_width(lua_State *L, const char *name, lua_Integer n) {
  if (n < INT32_MIN || n > (lua_Integer)UINT32_MAX)
    luaL_error(L, "value %I does not fit the 32 bits of %s", (LUAI_UACINT)n,
               name);
}

// The register's bytes from the value at idx, or an error.
static void encode(lua_State *L, tv_reg reg, const char *name, int idx,
                   char bytes[16]) {
  size_t size = tv_reg_size(reg), given;
  if (size == 16) {
    if (lua_type(L, idx) != LUA_TSTRING)
      luaL_error(L, "cpu.%s must be a string of 16 bytes, not %s", name,
                 luaL_typename(L, idx));
    const char *text = lua_tolstring(L, idx, &given);
    if (given != 16)
      luaL_error(L, "cpu.%s must be a string of 16 bytes, not %I", name,
                 (LUAI_UACINT)given);
    memcpy(bytes, text, 16);
  } else if (is_double(reg) || is_single(reg)) {
    if (lua_type(L, idx) != LUA_TNUMBER)
      luaL_error(L, "cpu.%s must be a number, not %s", name,
                 luaL_typename(L, idx));
    double d = lua_tonumber(L, idx);
    float f = (float)d;
    memcpy(bytes, size == 4 ? (void *)&f : (void *)&d, size);
  } else {
    lua_Integer n = lua_isinteger(L, idx) ? lua_tointeger(L, idx)
                                          : bind_integer(L, idx, name);
    if (size == 4) check_width(L, name, n);
    memcpy(bytes, &n, size);   // little-endian host
  }
}

static void set_register(lua_State *L, tv_vcpu *vcpu, tv_reg reg,
                         const char *name, int idx) {
  tv_error err;
  char bytes[16];
  encode(L, reg, name, idx, bytes);
  if (tv_vcpu_set(vcpu, reg, bytes, tv_reg_size(reg), &err) != TV_OK)
    bind_raise(L, &err);
}

// The register named by the string at idx, remembered in the table at
// `cache`; false if there is none.
static bool find_register(lua_State *L, int idx, int cache, tv_reg *reg) {
  lua_pushvalue(L, idx);
  if (lua_rawget(L, cache) == LUA_TNUMBER) {
    *reg = (tv_reg)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return true;
  }
  lua_pop(L, 1);
  if (tv_reg_by_name(lua_tostring(L, idx), reg) != TV_OK) return false;
  lua_pushvalue(L, idx);
  lua_pushinteger(L, (lua_Integer)*reg);
  lua_rawset(L, cache);
  return true;
}

// Raises "unknown register or field", with the nearest of the usual names.
static int no_register(lua_State *L, int key) {
  char name[32];
  lua_newtable(L);
  for (int up = UP_METHODS; up <= UP_REGISTERS; up++) {
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(up))) {
      lua_pushvalue(L, -2);
      lua_insert(L, -3);
      lua_settable(L, -4);
    }
  }
  // General, FP/SIMD and EL1's own system registers (op0 3, op1 0 or 3).
  for (uint32_t i = 0; i < 0x10000 + 0x10000; i++) {
    tv_reg reg = i;
    uint32_t op1 = (i >> 11) & 7;
    if (i >= 0x10000 && (i >> 14 & 3) == 3 && op1 != 0 && op1 != 3) continue;
    if (i >= 0x100 && i < 0x1c000) continue;
    if (tv_reg_size(reg) == 0) continue;
    tv_reg_name(reg, name, sizeof name);
    if (name[0] == 's' && name[1] == '3' && name[2] == '_') continue;
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, name);
  }
  return bind_unknown(L, "register or field", lua_tostring(L, key), -1);
}

static int push_property(lua_State *L, struct bind_vcpu *cpu,
                         const char *name) {
  tv_vm *vm = cpu->vm->vm;
  if (strcmp(name, "icount") == 0) {
    if (!tv_vm_exact(vm))
      return luaL_error(L, "cpu.icount is not known on %s: only backend "
                        "\"soft\" counts instructions", tv_vm_backend(vm));
    lua_pushinteger(L, (lua_Integer)tv_vcpu_icount(cpu->vcpu));
  } else if (strcmp(name, "index") == 0) {
    lua_pushinteger(L, cpu->index);
  } else if (strcmp(name, "on") == 0) {
    lua_pushboolean(L, tv_vcpu_is_on(cpu->vcpu));
  } else if (strcmp(name, "pending") == 0) {
    lua_pushboolean(L, tv_vcpu_pending(cpu->vcpu));
  } else {
    lua_getiuservalue(L, 1, VCPU_VM);
  }
  return 1;
}

static int vcpu_index(lua_State *L) {
  tv_reg reg;
  if (lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L, "a vcpu has no field of type %s",
                      luaL_typename(L, 2));
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(UP_REGISTERS)) == LUA_TNUMBER) {
    reg = (tv_reg)lua_tointeger(L, -1);
    return push_register(L, bind_vcpu_check(L, 1)->vcpu, reg);
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(UP_METHODS)) != LUA_TNIL) return 1;
  struct bind_vcpu *cpu = bind_vcpu_check(L, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(UP_PROPERTIES)) != LUA_TNIL)
    return push_property(L, cpu, lua_tostring(L, 2));
  if (find_register(L, 2, lua_upvalueindex(UP_REGISTERS), &reg))
    return push_register(L, cpu->vcpu, reg);
  return no_register(L, 2);
}

// Raises for a name that no register has.
static int cannot_assign(lua_State *L, int key) {
  for (int up = UP_METHODS; up <= UP_PROPERTIES; up++) {
    lua_pushvalue(L, key);
    if (lua_rawget(L, lua_upvalueindex(up)) != LUA_TNIL)
      return luaL_error(L, "cpu.%s cannot be assigned", lua_tostring(L, key));
  }
  return no_register(L, key);
}

static int vcpu_newindex(lua_State *L) {
  struct bind_vcpu *cpu = bind_vcpu_check(L, 1);
  tv_reg reg;
  if (lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L, "a vcpu has no field of type %s",
                      luaL_typename(L, 2));
  const char *name = lua_tostring(L, 2);
  if (find_register(L, 2, lua_upvalueindex(UP_REGISTERS), &reg)) {
    set_register(L, cpu->vcpu, reg, name, 3);
    return 0;
  }
  if (strcmp(name, "on") == 0) {
    if (!lua_isboolean(L, 3))
      return luaL_error(L, "cpu.on must be true or false, not %s",
                        luaL_typename(L, 3));
    tv_vcpu_power(cpu->vcpu, lua_toboolean(L, 3));
    return 0;
  }
  return cannot_assign(L, 2);
}

// -------------------------------------------------------------- creation --

// In the metatable, for what has the upvalues: unknown(name) raises.
static int unknown_register(lua_State *L) { return cannot_assign(L, 1); }

static uint64_t top_of_stack(tv_vm *vm, uint64_t pc) {
  tv_region r;
  if (tv_mem_find(vm, pc, &r) != TV_OK || r.kind != TV_MEM_RAM) return 0;
  return r.size > 0x1000 ? r.base + r.size - 0x1000 : r.base;
}

static uint64_t option_address(lua_State *L, const char *name,
                               uint64_t otherwise) {
  if (lua_getfield(L, 2, name) != LUA_TNIL)
    otherwise = (uint64_t)bind_integer(L, -1, name);
  lua_pop(L, 1);
  return otherwise;
}

// Raises the vcpu's own error, which knows the names.
static void no_option(lua_State *L, const char *name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_VCPU]);
  lua_getfield(L, -1, "unknown");
  lua_pushstring(L, name);
  lua_call(L, 1, 0);
}

// pstate says which register sp is, so it is set first and sp last, in
// whatever order the option table has them.
enum phase { PHASE_PSTATE, PHASE_OTHERS, PHASE_SP, PHASES };

static enum phase phase_of(tv_reg reg) {
  if (reg == TV_REG_PSTATE) return PHASE_PSTATE;
  return reg == TV_REG_SP ? PHASE_SP : PHASE_OTHERS;
}

// Every key of the option table but `on` is a register. Without a vCPU only
// checks names and values, so that mistakes raise before anything is made.
static tv_status set_registers(lua_State *L, tv_vcpu *vcpu, enum phase phase,
                               tv_error *err) {
  tv_status status = TV_OK;
  tv_reg reg;
  char bytes[16];
  lua_pushnil(L);
  while (status == TV_OK && lua_next(L, 2)) {
    int value = lua_gettop(L), key = value - 1;
    if (lua_type(L, key) != LUA_TSTRING)
      luaL_error(L, "vm:vcpu options have names, got a key of type %s",
                 luaL_typename(L, key));
    const char *name = lua_tostring(L, key);
    if (strcmp(name, "on") != 0) {
      if (tv_reg_by_name(name, &reg) != TV_OK) no_option(L, name);
      encode(L, reg, name, value, bytes);
      if (vcpu != NULL && phase_of(reg) == phase)
        status = tv_vcpu_set(vcpu, reg, bytes, tv_reg_size(reg), err);
    }
    lua_settop(L, key);
  }
  return status;
}

// Leaves the new closed vcpu object on the stack.
static struct bind_vcpu *push_closed(lua_State *L, struct bind_vm *vm) {
  struct bind_vcpu *cpu = bind_new(L, KEY_VCPU, sizeof *cpu,
                                   VCPU_USER_VALUES);
  cpu->vm = vm;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, VCPU_VM);
  bind_run_new(L, 1);
  lua_setiuservalue(L, -2, VCPU_RUN);
  return cpu;
}

// The slot that the next vCPU's object will have: stored before the vCPU is
// made, because the store may run out of memory.
static unsigned reserve_slot(lua_State *L, struct bind_vm *vm, int table) {
  unsigned index = vm->vcpu_full;
  while (tv_vm_vcpu(vm->vm, index) != NULL) index++;
  vm->vcpu_full = index;
  lua_pushvalue(L, -1);
  lua_rawseti(L, table, (lua_Integer)index + 1);
  return index;
}

// Makes the vCPU and sets its registers; frees it again if one refuses.
static tv_status make(lua_State *L, tv_vm *vm, struct bind_vcpu *cpu,
                      uint64_t pc, uint64_t sp, tv_error *err) {
  tv_status status = tv_vcpu_new(vm, &cpu->vcpu, err);
  if (status != TV_OK) return status;
  cpu->index = tv_vcpu_index(cpu->vcpu);
  cpu->start = pc;
  if (cpu->index >= cpu->vm->vcpu_end) cpu->vm->vcpu_end = cpu->index + 1;
  tv_vcpu_set(cpu->vcpu, TV_REG_PC, &pc, sizeof pc, NULL);
  tv_vcpu_set(cpu->vcpu, TV_REG_SP, &sp, sizeof sp, NULL);
  tv_vcpu_set_reset(cpu->vcpu, pc, sp);
  for (enum phase p = 0; status == TV_OK && p < PHASES; p++)
    status = set_registers(L, cpu->vcpu, p, err);
  if (status == TV_OK) return status;
  tv_vcpu_free(cpu->vcpu);
  cpu->vcpu = NULL;
  return status;
}

int bind_vcpu_new(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  tv_error err;
  bool on = true;
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    lua_newtable(L);
  }
  lua_settop(L, 2);
  luaL_checktype(L, 2, LUA_TTABLE);
  set_registers(L, NULL, PHASES, &err);
  if (lua_getfield(L, 2, "on") != LUA_TNIL) {
    luaL_argcheck(L, lua_isboolean(L, -1), 2, "on must be true or false");
    on = lua_toboolean(L, -1);
  }
  uint64_t pc = option_address(L, "pc", vm->has_entry ? vm->entry : 0x10000);
  bool placed = lua_getfield(L, 2, "sp") != LUA_TNIL;
  uint64_t sp = placed ? (uint64_t)bind_integer(L, -1, "sp") : 0;
  lua_getiuservalue(L, 1, VM_VCPUS);
  int table = lua_gettop(L);
  struct bind_vcpu *cpu = push_closed(L, vm);
  bind_vm_check(L, 1);   // options and finalizers may have run script code
  bind_run_idle(L, 1, NULL);
  if (!placed) sp = top_of_stack(vm->vm, pc);
  unsigned index = reserve_slot(L, vm, table);
  if (make(L, vm->vm, cpu, pc, sp, &err) != TV_OK) {
    lua_pushnil(L);
    lua_rawseti(L, table, (lua_Integer)index + 1);
    return bind_refuse(L, &err);
  }
  tv_vcpu_power(cpu->vcpu, on);
  return 1;
}

// -------------------------------------------------------------- the rest --

// _start(cpu) -> the pc that vm:vcpu gave it
int bind_vcpu_start(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)to_vcpu(L, 1)->start);
  return 1;
}

static int vcpu_close(lua_State *L) {
  struct bind_vcpu *cpu = to_vcpu(L, 1);
  if (cpu->vm->vm == NULL || cpu->vcpu == NULL) return 0;
  lua_getiuservalue(L, 1, VCPU_VM);
  bind_run_idle(L, -1, NULL);
  tv_vcpu_free(cpu->vcpu);
  cpu->vcpu = NULL;
  if (cpu->index < cpu->vm->vcpu_full) cpu->vm->vcpu_full = cpu->index;
  lua_getiuservalue(L, -1, VM_VCPUS);
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)cpu->index + 1);
  return 0;
}

static int vcpu_answer(lua_State *L) {
  struct bind_vcpu *cpu = bind_vcpu_check(L, 1);
  tv_error err;
  lua_Integer value = bind_integer(L, 2, "cpu:answer value");
  if (tv_vcpu_answer(cpu->vcpu, (uint64_t)value, &err) != TV_OK)
    return bind_raise(L, &err);
  return 0;
}

static int vcpu_skip(lua_State *L) {
  struct bind_vcpu *cpu = bind_vcpu_check(L, 1);
  tv_error err;
  if (tv_vcpu_skip(cpu->vcpu, &err) != TV_OK) return bind_raise(L, &err);
  return 0;
}

// cpu:inject{esr=, far=}
static int vcpu_inject(lua_State *L) {
  static const char *const names[] = {"esr", "far", NULL};
  tv_error err;
  bind_vcpu_check(L, 1);
  bind_options(L, 2, "cpu:inject", names);
  lua_getfield(L, 2, "esr");
  uint64_t esr = (uint64_t)bind_integer(L, -1, "cpu:inject esr");
  uint64_t far = option_address(L, "far", 0);
  struct bind_vcpu *cpu = bind_vcpu_check(L, 1);   // after script code
  if (tv_vcpu_inject(cpu->vcpu, esr, far, &err) != TV_OK)
    return bind_raise(L, &err);
  return 0;
}

static int drive_line(lua_State *L, tv_irq_line line) {
  struct bind_vcpu *cpu = bind_vcpu_check(L, 1);
  tv_error err;
  luaL_checktype(L, 2, LUA_TBOOLEAN);
  if (tv_vcpu_irq(cpu->vcpu, line, lua_toboolean(L, 2), &err) != TV_OK)
    return bind_raise(L, &err);
  return 0;
}

static int vcpu_irq(lua_State *L) { return drive_line(L, TV_IRQ); }

static int vcpu_fiq(lua_State *L) { return drive_line(L, TV_FIQ); }

static int vcpu_tostring(lua_State *L) {
  struct bind_vcpu *cpu = to_vcpu(L, 1);
  bool open = cpu->vcpu != NULL && cpu->vm->vm != NULL;
  lua_pushfstring(L, open ? "vcpu %d" : "vcpu %d (closed)", cpu->index);
  return 1;
}

void bind_vcpu_open(lua_State *L) {
  static const luaL_Reg methods[] = {
    {"run", bind_run_vcpu}, {"step", bind_run_step},
    {"answer", vcpu_answer}, {"skip", vcpu_skip},
    {"inject", vcpu_inject}, {"irq", vcpu_irq},
    {"fiq", vcpu_fiq}, {"close", vcpu_close}, {NULL, NULL}
  };
  static const luaL_Reg meta[] = {
    {"__index", vcpu_index}, {"__newindex", vcpu_newindex},
    {"__close", vcpu_close}, {"__tostring", vcpu_tostring},
    {"unknown", unknown_register}, {NULL, NULL}
  };
  static const char *const properties[] = {
    "icount", "index", "on", "pending", "vm", NULL
  };
  bind_metatable(L, KEY_VCPU, "tinyvmm.vcpu", methods, meta, properties);
  lua_pop(L, 1);
}
