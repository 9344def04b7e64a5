// SPDX-License-Identifier: MIT
//
// The Lua module tinyvmm.core: the door of the binding, and what its files
// share: checks, options, errors. lua/tinyvmm/init.lua puts the public module
// together from this one and the parts written in Lua.

#include "bind/bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char bind_keys[BIND_KEYS] = {0};

void *bind_new(lua_State *L, enum bind_key key, size_t size,
               int user_values) {
  struct bind_object *o = lua_newuserdatauv(L, size, user_values);
  memset(o, 0, size);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[key]);
  o->key = &bind_keys[key];
  o->metatable = lua_topointer(L, -1);
  lua_setmetatable(L, -2);
  return o;
}

// Another library's userdata may hold anything, even what is left of an object
// of ours; but then its metatable is not the one that it names.
void *bind_test(lua_State *L, int idx, enum bind_key key) {
  struct bind_object *o = lua_touserdata(L, idx);
  if (o == NULL || lua_rawlen(L, idx) < sizeof *o ||
      o->key != &bind_keys[key] || !lua_getmetatable(L, idx))
    return NULL;
  bool same = lua_topointer(L, -1) == o->metatable;
  lua_pop(L, 1);
  return same ? o : NULL;
}

void bind_metatable(lua_State *L, enum bind_key key, const char *name,
                    const luaL_Reg *methods, const luaL_Reg *meta,
                    const char *const *properties) {
  lua_createtable(L, 0, 12);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "protected");
  lua_setfield(L, -2, "__metatable");
  lua_newtable(L);  // meta, methods
  luaL_setfuncs(L, methods, 0);
  lua_newtable(L);  // meta, methods, properties
  for (; *properties != NULL; properties++) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, *properties);
  }
  lua_pushvalue(L, -2);
  lua_setfield(L, -4, "methods");
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "properties");
  lua_newtable(L);  // register numbers, filled by use (vcpu only)
  lua_pushvalue(L, -4);
  lua_insert(L, -4);  // meta, meta, methods, properties, cache
  luaL_setfuncs(L, meta, 3);
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_keys[key]);
}

int bind_refuse(lua_State *L, const tv_error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text);
  lua_pushstring(L, tv_status_name(err->code));
  return 3;
}

int bind_raise(lua_State *L, const tv_error *err) {
  return luaL_error(L, "%s", err->text);
}

lua_Integer bind_integer(lua_State *L, int idx, const char *what) {
  if (lua_type(L, idx) != LUA_TNUMBER)
    luaL_error(L, "%s must be an integer, not %s", what,
               luaL_typename(L, idx));
  int exact;
  lua_Integer n = lua_tointegerx(L, idx, &exact);
  if (!exact) luaL_error(L, "%s has no integer representation", what);
  return n;
}

// "64M", "0x1000", "4K": digits, then one letter for a power of 1024.
static bool parse_size(const char *text, uint64_t *out) {
  static const char units[] = "KMGT";
  char *end;
  if (*text < '0' || *text > '9') return false;
  errno = 0;
  unsigned long long n = strtoull(text, &end, 0);
  if (errno != 0) return false;   // does not fit 64 bits
  if (*end != '\0') {
    char letter = (char)(*end >= 'a' ? *end - 32 : *end);
    const char *unit = strchr(units, letter);
    if (unit == NULL || end[1] != '\0') return false;
    unsigned shift = 10 * (unsigned)(unit - units + 1);
    if (n > UINT64_MAX >> shift) return false;
    n <<= shift;
  }
  *out = n;
  return true;
}

uint64_t bind_size(lua_State *L, int idx, const char *what) {
  uint64_t size;
  if (lua_type(L, idx) != LUA_TSTRING)
    return (uint64_t)bind_integer(L, idx, what);
  if (!parse_size(lua_tostring(L, idx), &size))
    luaL_error(L, "%s must be a size such as \"64M\", not \"%s\"", what,
               lua_tostring(L, idx));
  return size;
}

enum { WORD_MAX = 32 };

// Edit distance, with a swap of neighbours counted as one; words longer than
// WORD_MAX are far from everything.
static unsigned distance(const char *a, const char *b) {
  size_t m = strlen(a), n = strlen(b);
  unsigned d[3][WORD_MAX + 1];
  if (m > WORD_MAX || n > WORD_MAX) return WORD_MAX;
  for (size_t j = 0; j <= n; j++) d[0][j] = (unsigned)j;
  for (size_t i = 1; i <= m; i++) {
    unsigned *now = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];
    now[0] = (unsigned)i;
    for (size_t j = 1; j <= n; j++) {
      unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);
      if (up[j] + 1 < best) best = up[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          up2[j - 2] + 1 < best)
        best = up2[j - 2] + 1;
      now[j] = best;
    }
  }
  return d[m % 3][n];
}

// Pushes the string key of the table at `names` nearest to word, or nil when
// none is near. Ties go to the lower name, not to the order of pairs.
static bool push_nearest(lua_State *L, const char *word, int names) {
  names = lua_absindex(L, names);
  unsigned best = (unsigned)strlen(word) / 3 + 2;
  lua_pushnil(L);  // the nearest so far
  lua_pushnil(L);
  while (lua_next(L, names)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    const char *name = lua_tostring(L, -1);
    unsigned far = *name == '_' ? WORD_MAX : distance(word, name);
    const char *old = lua_tostring(L, -2);
    if (far < best ||
        (far == best && old != NULL && strcmp(name, old) < 0)) {
      best = far;
      lua_pushvalue(L, -1);
      lua_replace(L, -3);
    }
  }
  return !lua_isnil(L, -1);
}

int bind_unknown(lua_State *L, const char *what, const char *word,
                 int names) {
  if (push_nearest(L, word, names))
    return luaL_error(L, "unknown %s '%s'; did you mean '%s'?", what, word,
                      lua_tostring(L, -1));
  return luaL_error(L, "unknown %s '%s'", what, word);
}

int bind_no_field(lua_State *L, const char *what) {
  lua_newtable(L);
  for (int i = 1; i <= 2; i++) {
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(i))) {
      lua_pushvalue(L, -2);
      lua_insert(L, -3);
      lua_settable(L, -4);
    }
  }
  lua_pushfstring(L, "%s field", what);
  return bind_unknown(L, lua_tostring(L, -1), lua_tostring(L, 2), -2);
}

int bind_newindex(lua_State *L) {
  return luaL_error(L, "field '%s' cannot be assigned",
                    luaL_tolstring(L, 2, NULL));
}

static bool listed(const char *word, const char *const *names) {
  for (; *names != NULL; names++)
    if (strcmp(word, *names) == 0) return true;
  return false;
}

void bind_options(lua_State *L, int idx, const char *what,
                  const char *const *names) {
  luaL_checktype(L, idx, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, idx)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "%s options have names, got a key of type %s", what,
                 luaL_typename(L, -1));
    if (listed(lua_tostring(L, -1), names)) continue;
    lua_pushfstring(L, "%s option", what);
    lua_newtable(L);
    for (const char *const *name = names; *name != NULL; name++) {
      lua_pushboolean(L, 1);
      lua_setfield(L, -2, *name);
    }
    bind_unknown(L, lua_tostring(L, -2), lua_tostring(L, -3), -1);
  }
}

void bind_call_lua(lua_State *L, const char *module, const char *name,
                   int nargs, int nresults) {
  lua_getglobal(L, "require");
  lua_pushstring(L, module);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
  lua_insert(L, -nargs - 1);
  lua_call(L, nargs, nresults);
}

// backends() -> { {name=, usable=, reason=}, ... }
static int core_backends(lua_State *L) {
  lua_newtable(L);
  for (unsigned i = 0; tv_backend_name(i) != NULL; i++) {
    tv_error err = {0};
    tv_status status = tv_backend_probe(tv_backend_name(i), &err);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, tv_backend_name(i));
    lua_setfield(L, -2, "name");
    lua_pushboolean(L, status == TV_OK);
    lua_setfield(L, -2, "usable");
    if (status != TV_OK) {
      lua_pushstring(L, err.text);
      lua_setfield(L, -2, "reason");
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int core_live(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_STATE]);
  const struct bind_state *state = lua_touserdata(L, -1);
  lua_pushinteger(L, state->live);
  return 1;
}

// _default_backend(name): what tv.vm{} takes when nothing else is said
static int core_default_backend(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, BIND_BACKEND);
  return 0;
}

// _default_cpu(name): the same for the CPU model
static int core_default_cpu(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, BIND_CPU);
  return 0;
}

// cpus() -> { "max", ... }, the CPU models of soft
static int core_cpus(lua_State *L) {
  lua_newtable(L);
  for (unsigned i = 0; tv_cpu_name(i) != NULL; i++) {
    lua_pushstring(L, tv_cpu_name(i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

// _nearest(word, { name = true, ... }) -> name or nil
static int core_nearest(lua_State *L) {
  const char *word = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  push_nearest(L, word, 2);
  return 1;
}

// _size(text) -> bytes or nil
static int core_size(lua_State *L) {
  uint64_t size;
  if (!parse_size(luaL_checkstring(L, 1), &size)) return 0;
  lua_pushinteger(L, (lua_Integer)size);
  return 1;
}

static int core_closed(lua_State *L) {
  struct bind_vm *vm = bind_test(L, 1, KEY_VM);
  if (vm == NULL) return luaL_typeerror(L, 1, "tinyvmm.vm");
  lua_pushboolean(L, vm->vm == NULL);
  return 1;
}

// _images(vm | cpu) -> the list that vm:load keeps, also of a closed object
static int core_images(lua_State *L) {
  lua_settop(L, 1);
  if (bind_test(L, 1, KEY_VCPU) != NULL) {
    lua_getiuservalue(L, 1, VCPU_VM);
    lua_replace(L, 1);
  }
  if (bind_test(L, 1, KEY_VM) == NULL)
    return luaL_typeerror(L, 1, "tinyvmm.vm");
  lua_getiuservalue(L, 1, VM_IMAGES);
  return 1;
}

// _loaded(vm, entry): the default pc of later vcpus
static int core_loaded(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  vm->entry = (uint64_t)luaL_checkinteger(L, 2);
  vm->has_entry = true;
  return 0;
}

// _methods(): the method tables, so that Lua files can add to them
static int core_methods(lua_State *L) {
  static const struct { const char *name; enum bind_key key; } kind[] = {
    {"vm", KEY_VM}, {"vcpu", KEY_VCPU}, {"memory", KEY_MEMORY}
  };
  lua_newtable(L);
  for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[kind[i].key]);
    lua_getfield(L, -1, "methods");
    lua_setfield(L, -3, kind[i].name);
    lua_pop(L, 1);
  }
  return 1;
}

// _sysreg(key) -> its name
static int core_sysreg(lua_State *L) {
  char name[32];
  tv_reg reg = TV_REG_SYS((uint32_t)luaL_checkinteger(L, 1) & 0xffff);
  lua_pushstring(L, tv_reg_name(reg, name, sizeof name));
  return 1;
}

// An allocator that begins to fail after `left` allocations.
struct failing {
  lua_Alloc alloc;
  void *ud;
  lua_Integer left;
};

static void *failing_alloc(void *ud, void *block, size_t old, size_t size) {
  struct failing *f = ud;
  bool grows = size > 0 && (block == NULL || size > old);
  if (grows && f->left-- <= 0) {
    f->left = 0;
    return NULL;
  }
  return f->alloc(f->ud, block, old, size);
}

// _failing(n, fn) -> ok, error: calls fn while every allocation of Lua's
// after the n'th fails. For tests.
static int core_failing(lua_State *L) {
  struct failing f = {.left = luaL_checkinteger(L, 1)};
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_gc(L, LUA_GCCOLLECT, 0);
  f.alloc = lua_getallocf(L, &f.ud);
  lua_setallocf(L, failing_alloc, &f);
  int status = lua_pcall(L, 0, 1, 0);
  lua_setallocf(L, f.alloc, f.ud);
  lua_pushboolean(L, status == LUA_OK);
  lua_insert(L, -2);
  return 2;
}

static void open_state(lua_State *L) {
  struct bind_state *state = lua_newuserdatauv(L, sizeof *state, 0);
  memset(state, 0, sizeof *state);
  lua_getfield(L, LUA_REGISTRYINDEX, BIND_RUNNING);
  state->running = lua_touserdata(L, -1);
  lua_pop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_STATE]);
}

TV_API int luaopen_tinyvmm_core(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"vm", bind_vm_new},       {"backends", core_backends},
    {"_live", core_live},      {"_nearest", core_nearest},
    {"_size", core_size},      {"_closed", core_closed},
    {"_images", core_images},  {"_loaded", core_loaded},
    {"_sysreg", core_sysreg},  {"_facts", bind_exit_facts},
    {"_start", bind_vcpu_start},
    {"_failing", core_failing},
    {"_profile", bind_profile_set}, {"_timeline", bind_timeline_set},
    {"_default_backend", core_default_backend},
    {"cpus", core_cpus},       {"_default_cpu", core_default_cpu},
    {NULL, NULL}
  };
  luaL_checkversion(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_STATE]) == LUA_TNIL) {
    bind_vm_open(L);
    bind_memory_open(L);
    bind_vcpu_open(L);
    bind_run_open(L);
    bind_exit_open(L);
    open_state(L);
  }
  luaL_newlib(L, functions);
  lua_pushstring(L, tv_version());
  lua_setfield(L, -2, "version");
  core_methods(L);
  lua_setfield(L, -2, "_methods");
  return 1;
}
