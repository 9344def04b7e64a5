// SPDX-License-Identifier: MIT
//
// Exits as Lua tables: fresh, plain, with `why` made on first reading by
// lua/tinyvmm/exit.lua. What `why` needs beside the fields and may have
// changed by then (registers and the neighbouring regions, for faults) is
// packed into a string here and kept in a weak table.

#include "bind/bind.h"

#include <string.h>

static void set_integer(lua_State *L, const char *name, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static void set_bool(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void hvc_fields(lua_State *L, const tv_exit *exit) {
  set_integer(L, "imm", exit->u.hvc.imm);
  set_integer(L, "nr", exit->u.hvc.nr);
  lua_createtable(L, 7, 0);
  for (int i = 0; i < 7; i++) {
    lua_pushinteger(L, (lua_Integer)exit->u.hvc.arg[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "args");
}

static void mmio_fields(lua_State *L, const tv_exit *exit) {
  set_integer(L, "addr", exit->u.mmio.addr);
  set_integer(L, "size", exit->u.mmio.size);
  set_bool(L, "write", exit->u.mmio.write);
  if (exit->u.mmio.write) set_integer(L, "value", exit->u.mmio.value);
}

static void sysreg_fields(lua_State *L, const tv_exit *exit) {
  char name[32];
  set_string(L, "name", tv_reg_name(TV_REG_SYS(exit->u.sysreg.key), name,
                                    sizeof name));
  set_bool(L, "write", exit->u.sysreg.write);
  if (exit->u.sysreg.write) set_integer(L, "value", exit->u.sysreg.value);
}

static void fault_fields(lua_State *L, const tv_exit *exit) {
  char access[2] = {(char)exit->u.fault.access, '\0'};
  set_string(L, "reason", tv_fault_name(exit->u.fault.reason));
  set_integer(L, "esr", exit->u.fault.esr);
  set_integer(L, "far", exit->u.fault.far);
  set_integer(L, "addr", exit->u.fault.addr);
  set_integer(L, "size", exit->u.fault.size);
  if (access[0] != '\0') set_string(L, "access", access);
  if (exit->u.fault.level >= 0)
    set_integer(L, "level", (uint64_t)exit->u.fault.level);
}

// Fields that every exit may have, and those that kind_fields adds at most. A
// table of more than it holds costs a collector its size.
static int most_fields(tv_exit_kind kind) {
  static const uint8_t more[] = {
    [TV_EXIT_HVC] = 3, [TV_EXIT_SMC] = 3, [TV_EXIT_MMIO] = 4,
    [TV_EXIT_SYSREG] = 3, [TV_EXIT_BRK] = 1, [TV_EXIT_FAULT] = 7,
    [TV_EXIT_SHUTDOWN] = 2, [TV_EXIT_BREAKPOINT] = 0
  };
  return 5 + more[kind];
}

static void kind_fields(lua_State *L, const tv_exit *exit) {
  switch (exit->kind) {
    case TV_EXIT_HVC:
    case TV_EXIT_SMC: hvc_fields(L, exit); break;
    case TV_EXIT_MMIO: mmio_fields(L, exit); break;
    case TV_EXIT_SYSREG: sysreg_fields(L, exit); break;
    case TV_EXIT_BRK: set_integer(L, "imm", exit->u.brk.imm); break;
    case TV_EXIT_FAULT: fault_fields(L, exit); break;
    case TV_EXIT_SHUTDOWN:
      set_string(L, "reason", tv_shutdown_name(exit->u.shutdown.reason));
      set_integer(L, "status", exit->u.shutdown.status);
      break;
    default: break;
  }
}

// The facts of a fault, little-endian words: x0..x30, sp, then base, size,
// kind and protection of the region that holds the address, of the nearest
// below and of the nearest above it; size 0 where there is none.
enum { FACT_HERE = 32, FACT_BELOW = 36, FACT_ABOVE = 40, FACTS = 44 };

static void put_region(uint64_t *fact, const tv_region *region) {
  fact[0] = region->base;
  fact[1] = region->size;
  fact[2] = (uint64_t)region->kind;
  fact[3] = region->prot;
}

static void find_neighbours(const tv_exit *exit, tv_vm *vm,
                            uint64_t fact[FACTS]) {
  tv_region region;
  uint64_t addr = exit->u.fault.addr;
  for (size_t i = 0; tv_mem_region(vm, i, &region) == TV_OK; i++) {
    if (addr - region.base < region.size) {
      put_region(fact + FACT_HERE, &region);
    } else if (region.base > addr) {
      put_region(fact + FACT_ABOVE, &region);
      return;
    } else {
      put_region(fact + FACT_BELOW, &region);
    }
  }
}

static void keep_facts(lua_State *L, tv_vm *vm, const tv_exit *exit) {
  uint64_t fact[FACTS];
  memset(fact, 0, sizeof fact);
  for (unsigned i = 0; exit->vcpu != NULL && i < 32; i++)
    tv_vcpu_get(exit->vcpu, i < 31 ? TV_REG_X(i) : TV_REG_SP, &fact[i],
                sizeof fact[i], NULL);
  find_neighbours(exit, vm, fact);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_FACTS]);
  lua_pushvalue(L, -2);
  lua_pushlstring(L, (const char *)fact, sizeof fact);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

void bind_exit_push(lua_State *L, struct bind_vm *vm, const tv_exit *exit,
                    int vcpus) {
  lua_createtable(L, 0, most_fields(exit->kind));
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_EXIT]);
  lua_setmetatable(L, -2);
  set_string(L, "kind", tv_exit_name(exit->kind));
  if (exit->vcpu != NULL) {
    lua_rawgeti(L, vcpus, (lua_Integer)tv_vcpu_index(exit->vcpu) + 1);
    lua_setfield(L, -2, "cpu");
    set_integer(L, "pc", exit->pc);
    set_integer(L, "insn", exit->insn);
  }
  if (tv_vm_exact(vm->vm)) set_integer(L, "icount", exit->icount);
  kind_fields(L, exit);
  if (exit->kind == TV_EXIT_FAULT) keep_facts(L, vm->vm, exit);
}

int bind_exit_facts(lua_State *L) {
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_FACTS]);
  lua_pushvalue(L, 1);
  lua_rawget(L, -2);
  return 1;
}

// exit.why: made once, then an ordinary field.
static int exit_index(lua_State *L) {
  lua_settop(L, 2);
  if (lua_type(L, 2) != LUA_TSTRING || strcmp(lua_tostring(L, 2), "why") != 0)
    return 0;
  lua_pushvalue(L, 1);
  bind_call_lua(L, "tinyvmm.exit", "why", 1, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

static int exit_tostring(lua_State *L) {
  lua_getfield(L, 1, "why");
  return 1;
}

void bind_exit_open(lua_State *L) {
  lua_createtable(L, 0, 3);
  lua_pushliteral(L, "tinyvmm.exit");
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, exit_index);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, exit_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_EXIT]);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_FACTS]);
}
