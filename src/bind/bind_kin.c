// SPDX-License-Identifier: MIT
//
// The kin of u32: numbers of one size and kind in guest memory, and the methods
// that read and write them, one of each name for each of the kin.

#include "bind/bind.h"

#include <string.h>

static const struct bind_kin kins[] = {
  {"u8", 1, 'u'},  {"u16", 2, 'u'}, {"u32", 4, 'u'}, {"u64", 8, 'u'},
  {"i8", 1, 'i'},  {"i16", 2, 'i'}, {"i32", 4, 'i'}, {"i64", 8, 'i'},
  {"f32", 4, 'f'}, {"f64", 8, 'f'}
};

void bind_kin_push(lua_State *L, const struct bind_kin *kin,
                   const uint8_t bytes[8]) {
  uint64_t bits = 0;
  memcpy(&bits, bytes, kin->size);
  unsigned unused = 64 - 8u * kin->size;
  if (kin->kind == 'f' && kin->size == 4) {
    float f;
    memcpy(&f, bytes, sizeof f);
    lua_pushnumber(L, (lua_Number)f);
  } else if (kin->kind == 'f') {
    double d;
    memcpy(&d, bytes, sizeof d);
    lua_pushnumber(L, d);
  } else if (kin->kind == 'i') {
    lua_pushinteger(L, (int64_t)(bits << unused) >> unused);
  } else {
    lua_pushinteger(L, (lua_Integer)bits);
  }
}

void bind_kin_read(lua_State *L, int idx, const struct bind_kin *kin,
                   uint8_t bytes[8]) {
  if (kin->kind == 'f') {
    if (lua_type(L, idx) != LUA_TNUMBER)
      luaL_error(L, "%s value must be a number, not %s", kin->name,
                 luaL_typename(L, idx));
    double d = lua_tonumber(L, idx);
    float f = (float)d;
    memcpy(bytes, kin->size == 4 ? (void *)&f : (void *)&d, kin->size);
    return;
  }
  lua_Integer n = bind_integer(L, idx, "value");
  unsigned unused = 64 - 8u * kin->size;
  lua_Integer back = kin->kind == 'i'
      ? (int64_t)((uint64_t)n << unused) >> unused
      : (lua_Integer)((uint64_t)n << unused >> unused);
  if (back != n)
    luaL_error(L, "value %I does not fit %s", (LUAI_UACINT)n, kin->name);
  memcpy(bytes, &n, kin->size);
}

// Upvalue: the index in kins.
const struct bind_kin *bind_kin_self(lua_State *L) {
  return &kins[lua_tointeger(L, lua_upvalueindex(1))];
}

void bind_kin_add(lua_State *L, const char *prefix, lua_CFunction fn) {
  for (size_t i = 0; i < sizeof kins / sizeof *kins; i++) {
    lua_pushfstring(L, "%s%s", prefix, kins[i].name);
    lua_pushinteger(L, (lua_Integer)i);
    lua_pushcclosure(L, fn, 1);
    lua_rawset(L, -3);
  }
}
