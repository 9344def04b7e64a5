// SPDX-License-Identifier: MIT
//
// Breakpoints: vm:set_breakpoint, vm:clear_breakpoint, vm.breakpoints. The list
// is the VM's own. Handlers may call these, too: the guest stands still then,
// on all its vCPUs.

#include "bind/bind.h"

// The address at 2, or that of the symbol whose name is there.
static uint64_t address(lua_State *L, const char *what) {
  bind_vm_check(L, 1);
  lua_settop(L, 2);
  int type = lua_type(L, 2);
  if (type == LUA_TNUMBER) return (uint64_t)bind_integer(L, 2, what);
  if (type != LUA_TSTRING)
    luaL_error(L, "%s must be an integer or a symbol's name, not %s", what,
               luaL_typename(L, 2));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushinteger(L, 3);               // an error is the script's, not ours
  bind_call_lua(L, "tinyvmm.image", "address", 3, 1);
  return (uint64_t)bind_integer(L, -1, what);
}

static bool is_set(const tv_vm *vm, uint64_t at) {
  uint64_t other = 0;
  for (size_t i = 0; tv_vm_breakpoint(vm, i, &other) == TV_OK; i++)
    if (other == at) return true;
  return false;
}

// vm:set_breakpoint(address | name) -> address, or nil, message, code
int bind_breakpoint_set(lua_State *L) {
  uint64_t at = address(L, "vm:set_breakpoint address");
  struct bind_vm *vm = bind_vm_check(L, 1);
  tv_error err;
  switch (tv_vm_break(vm->vm, at, true, &err)) {
    case TV_OK: break;
    case TV_E_ALIGNMENT: case TV_E_INVALID: return bind_raise(L, &err);
    default: return bind_refuse(L, &err);
  }
  lua_pushinteger(L, (lua_Integer)at);
  return 1;
}

// vm:clear_breakpoint(address | name) -> whether there was one
int bind_breakpoint_clear(lua_State *L) {
  uint64_t at = address(L, "vm:clear_breakpoint address");
  struct bind_vm *vm = bind_vm_check(L, 1);
  tv_error err;
  bool there = is_set(vm->vm, at);
  if (tv_vm_break(vm->vm, at, false, &err) != TV_OK)
    return bind_raise(L, &err);
  lua_pushboolean(L, there);
  return 1;
}

void bind_breakpoint_list(lua_State *L, const tv_vm *vm) {
  uint64_t at = 0;
  lua_newtable(L);
  for (size_t i = 0; tv_vm_breakpoint(vm, i, &at) == TV_OK; i++) {
    lua_pushinteger(L, (lua_Integer)at);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}
