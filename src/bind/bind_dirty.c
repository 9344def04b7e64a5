// SPDX-License-Identifier: MIT
//
// Logs of written pages: memory:log(on) and memory:dirty(). They may be used
// inside a handler, too: while one is called the guest stands still.

#include "bind/bind.h"

#include <string.h>

static struct bind_memory *check_bytes(lua_State *L) {
  struct bind_memory *m = bind_memory_check(L, 1);
  if (m->kind == TV_MEM_MMIO) luaL_error(L, "mmio memory has no pages to log");
  return m;
}

int bind_dirty_log(lua_State *L) {
  struct bind_memory *m = check_bytes(L);
  tv_error err;
  if (lua_type(L, 2) != LUA_TBOOLEAN)
    return luaL_error(L, "memory:log takes true or false, not %s",
                      luaL_typename(L, 2));
  if (tv_mem_log(m->vm->vm, m->base, lua_toboolean(L, 2), &err) != TV_OK)
    return bind_raise(L, &err);
  return 0;
}

static void push_offsets(lua_State *L, const uint64_t *map, size_t words) {
  lua_Integer n = 0;
  lua_newtable(L);
  for (size_t k = 0; k < words; k++)
    for (uint64_t bits = map[k]; bits != 0; bits &= bits - 1) {
      uint64_t page = k * 64 + (unsigned)__builtin_ctzll(bits);
      lua_pushinteger(L, (lua_Integer)(page * TV_DIRTY_PAGE));
      lua_rawseti(L, -2, ++n);
    }
}

int bind_dirty_take(lua_State *L) {
  struct bind_memory *m = check_bytes(L);
  size_t words = (m->size / TV_DIRTY_PAGE + 63) / 64;
  uint64_t *map = lua_newuserdatauv(L, words * sizeof *map, 0);
  tv_error err;
  bind_memory_check(L, 1);    // a finalizer may have closed the VM
  tv_status s = tv_mem_dirty(m->vm->vm, m->base, map, words, &err);
  if (s == TV_E_STATE)
    return luaL_error(L, "this memory is not logged; call memory:log(true) "
                      "first");
  if (s != TV_OK) return bind_raise(L, &err);
  push_offsets(L, map, words);
  return 1;
}
