// SPDX-License-Identifier: MIT
//
// Memory objects (what vm:map returns), and the VM's own access by
// guest-physical address.
//
// A memory object is a handle for one region: it belongs to the VM's memory
// table as long as the region is mapped and answers by offset; the address of
// every access is checked against its size first. Access by address serves
// any RAM or ROM, also across regions that touch.

#include "bind/bind.h"

#include <string.h>

enum { CSTRING_PIECE = 4096 };

static const char *const kind_names[] = {"ram", "rom", "mmio", NULL};

static struct bind_memory *to_memory(lua_State *L, int idx) {
  struct bind_memory *m = bind_test(L, idx, KEY_MEMORY);
  if (m == NULL) luaL_typeerror(L, idx, "tinyvmm.memory");
  return m;
}

struct bind_memory *bind_memory_check(lua_State *L, int idx) {
  struct bind_memory *m = to_memory(L, idx);
  if (m->vm->vm == NULL) luaL_error(L, "attempt to use a closed vm");
  if (!m->mapped) luaL_error(L, "attempt to use unmapped memory");
  return m;
}

// --------------------------------------------------------- by GPA: vm:... --

// How many bytes can be read from addr on without a gap, at most `most`.
static uint64_t span(tv_vm *vm, uint64_t addr, uint64_t most) {
  uint64_t done = 0;
  tv_region r;
  while (done < most && tv_mem_find(vm, addr + done, &r) == TV_OK &&
         r.host != NULL) {
    uint64_t n = r.size - (addr + done - r.base);
    done = most - done < n ? most : done + n;
  }
  return done;
}

static uint64_t check_count(lua_State *L, int idx) {
  lua_Integer n = bind_integer(L, idx, "size");
  if (n < 0) luaL_error(L, "size %I is negative", (LUAI_UACINT)n);
  return (uint64_t)n;
}

// Pushes the n bytes at addr; an impossible size is refused before any
// memory is asked for. (That may collect objects whose finalizers close the
// VM.)
static void push_bytes(lua_State *L, struct bind_vm *vm, uint64_t addr,
                       uint64_t n) {
  tv_error err;
  luaL_Buffer b;
  const void *host = n > 0 ? tv_mem_host(vm->vm, addr, n) : NULL;
  if (host != NULL || n == 0) {
    lua_pushlstring(L, n > 0 ? host : "", n);
    return;
  }
  uint64_t there = span(vm->vm, addr, n);
  if (there < n) {
    char text[128];
    snprintf(text, sizeof text, "cannot read %llu bytes at %#llx: %#llx is "
             "not in RAM or ROM", (unsigned long long)n,
             (unsigned long long)addr, (unsigned long long)(addr + there));
    luaL_error(L, "%s", text);
  }
  char *to = luaL_buffinitsize(L, &b, n);
  if (vm->vm == NULL) luaL_error(L, "attempt to use a closed vm");
  if (tv_mem_read(vm->vm, addr, to, n, &err) != TV_OK) bind_raise(L, &err);
  luaL_pushresultsize(&b, n);
}

static void write_bytes(lua_State *L, tv_vm *vm, uint64_t addr,
                        const void *from, size_t n) {
  tv_error err;
  if (n > 0 && tv_mem_write(vm, addr, from, n, &err) != TV_OK)
    bind_raise(L, &err);
}

static const char *check_bytes(lua_State *L, int idx, size_t *n) {
  if (lua_type(L, idx) != LUA_TSTRING)
    luaL_error(L, "bytes must be a string, not %s", luaL_typename(L, idx));
  return lua_tolstring(L, idx, n);
}

static uint64_t check_addr(lua_State *L, int idx) {
  return (uint64_t)bind_integer(L, idx, "address");
}

static int vm_read(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  uint64_t addr = check_addr(L, 2);
  push_bytes(L, vm, addr, check_count(L, 3));
  return 1;
}

static int vm_write(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  uint64_t addr = check_addr(L, 2);
  size_t n;
  const char *bytes = check_bytes(L, 3, &n);
  write_bytes(L, vm->vm, addr, bytes, n);
  return 0;
}

// vm:cstring(addr [, max]): the bytes up to a NUL, which must come within
// max (1 MiB) and before readable memory ends.
static int vm_cstring(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  uint64_t addr = check_addr(L, 2);
  uint64_t most = lua_isnoneornil(L, 3) ? 1 << 20 : check_count(L, 3);
  uint64_t there = span(vm->vm, addr, most), n = 0;
  tv_region r;
  while (n < there && tv_mem_find(vm->vm, addr + n, &r) == TV_OK) {
    uint64_t part = r.size - (addr + n - r.base);
    if (part > there - n) part = there - n;
    if (part > CSTRING_PIECE) part = CSTRING_PIECE;
    const char *from = tv_mem_host(vm->vm, addr + n, part);
    const char *nul = memchr(from, 0, part);
    if (nul != NULL) {
      push_bytes(L, vm, addr, n + (uint64_t)(nul - from));
      return 1;
    }
    n += part;
  }
  char where[40];
  snprintf(where, sizeof where, "%#llx", (unsigned long long)addr);
  return luaL_error(L, "vm:cstring found no NUL in the %I readable bytes "
                    "from %s on", (LUAI_UACINT)there, where);
}

static int vm_read_kin(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  const struct bind_kin *kin = bind_kin_self(L);
  uint8_t bytes[8];
  tv_error err;
  if (tv_mem_read(vm->vm, check_addr(L, 2), bytes, kin->size, &err) != TV_OK)
    return bind_raise(L, &err);
  bind_kin_push(L, kin, bytes);
  return 1;
}

static int vm_write_kin(lua_State *L) {
  struct bind_vm *vm = bind_vm_check(L, 1);
  const struct bind_kin *kin = bind_kin_self(L);
  uint64_t addr = check_addr(L, 2);
  uint8_t bytes[8];
  bind_kin_read(L, 3, kin, bytes);
  write_bytes(L, vm->vm, addr, bytes, kin->size);
  return 0;
}

void bind_memory_kin(lua_State *L) {
  bind_kin_add(L, "read_", vm_read_kin);
  bind_kin_add(L, "write_", vm_write_kin);
}

// --------------------------------------------------------------- mapping --

static unsigned parse_prot(lua_State *L, int idx, const char *what) {
  static const char letters[] = "rwx";
  unsigned prot = 0;
  if (lua_type(L, idx) != LUA_TSTRING)
    luaL_error(L, "%s must be a string of \"rwx\", not %s", what,
               luaL_typename(L, idx));
  const char *text = lua_tostring(L, idx);
  for (const char *p = text; *p != '\0'; p++) {
    const char *bit = strchr(letters, *p);
    unsigned mask = bit == NULL ? 0 : 1u << (bit - letters);
    if (mask == 0 || prot & mask)
      luaL_error(L, "%s must be letters of \"rwx\", each once, not \"%s\"",
                 what, text);
    prot |= mask;
  }
  return prot;
}

struct map_options {
  uint64_t base, size;
  tv_mem_kind kind;
  unsigned prot;
};

static tv_mem_kind map_kind(lua_State *L, int options) {
  if (lua_getfield(L, options, "kind") == LUA_TNIL) return TV_MEM_RAM;
  if (lua_type(L, -1) == LUA_TSTRING)
    for (int i = 0; kind_names[i] != NULL; i++)
      if (strcmp(kind_names[i], lua_tostring(L, -1)) == 0)
        return (tv_mem_kind)i;
  luaL_error(L, "vm:map kind must be \"ram\", \"rom\" or \"mmio\", not %s",
             luaL_tolstring(L, -1, NULL));
  return TV_MEM_RAM;
}

static void map_handler(lua_State *L, int options, const char *name,
                        tv_mem_kind kind) {
  int type = lua_getfield(L, options, name);
  if (type != LUA_TNIL && type != LUA_TFUNCTION)
    luaL_error(L, "vm:map %s must be a function, not %s", name,
               luaL_typename(L, -1));
  if (type != LUA_TNIL && kind != TV_MEM_MMIO)
    luaL_error(L, "vm:map %s needs kind = \"mmio\"", name);
}

// Leaves the read and write functions (or nils) on the stack top.
static struct map_options map_options(lua_State *L, int options) {
  static const char *const names[] = {
    "base", "size", "kind", "prot", "read", "write", NULL
  };
  struct map_options o;
  bind_options(L, options, "vm:map", names);
  lua_getfield(L, options, "base");
  o.base = bind_size(L, -1, "vm:map base");
  lua_getfield(L, options, "size");
  o.size = bind_size(L, -1, "vm:map size");
  o.kind = map_kind(L, options);
  o.prot = o.kind == TV_MEM_RAM ? TV_READ | TV_WRITE | TV_EXEC
                                : TV_READ | TV_EXEC;
  if (lua_getfield(L, options, "prot") != LUA_TNIL) {
    o.prot = parse_prot(L, -1, "vm:map prot");
    if (o.kind == TV_MEM_MMIO)
      luaL_error(L, "vm:map prot is for RAM and ROM; an MMIO region leaves "
                 "out read or write instead");
    if (o.kind == TV_MEM_ROM && o.prot & TV_WRITE)
      luaL_error(L, "vm:map prot of a ROM cannot hold \"w\"");
  }
  map_handler(L, options, "read", o.kind);
  map_handler(L, options, "write", o.kind);
  return o;
}

// RAM without "w" is RAM whose protection forbids stores, not ROM: so it is
// mapped writable and then protected.
static tv_status map_region(tv_vm *vm, const struct map_options *o,
                            tv_error *err) {
  if (o->kind == TV_MEM_MMIO) return tv_mem_mmio(vm, o->base, o->size, err);
  unsigned prot = o->prot | (o->kind == TV_MEM_RAM ? TV_WRITE : 0);
  tv_status status = tv_mem_ram(vm, o->base, o->size, prot, NULL, err);
  if (status != TV_OK || prot == o->prot) return status;
  status = tv_mem_protect(vm, o->base, o->prot, err);
  if (status != TV_OK) tv_mem_unmap(vm, o->base, o->size, NULL);
  return status;
}

void bind_memory_check_options(lua_State *L, int options) {
  int top = lua_gettop(L);
  map_options(L, options);
  lua_settop(L, top);
}

int bind_memory_map(lua_State *L, int vm_idx, int options) {
  struct bind_vm *vm = lua_touserdata(L, vm_idx);
  tv_error err;
  struct map_options o = map_options(L, options);
  int handlers = lua_gettop(L) - 1;
  lua_getiuservalue(L, vm_idx, VM_MEMORY);
  struct bind_memory *m = bind_new(L, KEY_MEMORY, sizeof *m,
                                   MEMORY_USER_VALUES);
  m->vm = vm;
  lua_pushvalue(L, vm_idx);
  lua_setiuservalue(L, -2, MEMORY_VM);
  lua_pushvalue(L, handlers);
  lua_setiuservalue(L, -2, MEMORY_READ);
  lua_pushvalue(L, handlers + 1);
  lua_setiuservalue(L, -2, MEMORY_WRITE);
  // Not earlier: options and finalizers may have run script code.
  bind_vm_check(L, vm_idx);
  bind_run_idle(L, vm_idx, NULL);
  // The slot first: storing into the table may run out of memory.
  m->slot = (lua_Integer)lua_rawlen(L, -2) + 1;
  lua_pushvalue(L, -1);
  lua_rawseti(L, -3, m->slot);
  if (map_region(vm->vm, &o, &err) != TV_OK) {
    lua_pushnil(L);
    lua_rawseti(L, -3, m->slot);
    return bind_refuse(L, &err);
  }
  m->base = o.base;
  m->size = o.size;
  m->kind = o.kind;
  m->mapped = true;
  m->next = vm->memory;
  vm->memory = m;
  return 1;
}

static int vm_map(lua_State *L) {
  bind_vm_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  return bind_memory_map(L, 1, 2);
}

struct bind_memory *bind_memory_mmio(struct bind_vm *vm, uint64_t addr) {
  struct bind_memory **link = &vm->memory;
  for (; *link != NULL; link = &(*link)->next) {
    struct bind_memory *m = *link;
    if (m->kind != TV_MEM_MMIO || addr - m->base >= m->size) continue;
    *link = m->next;
    m->next = vm->memory;
    vm->memory = m;
    return m;
  }
  return NULL;
}

void bind_memory_list(lua_State *L, int vm_idx) {
  tv_region r;
  lua_Integer n = 0;
  lua_newtable(L);
  struct bind_vm *vm = bind_vm_check(L, vm_idx);   // after a collection
  lua_getiuservalue(L, vm_idx, VM_MEMORY);
  for (size_t i = 0; tv_mem_region(vm->vm, i, &r) == TV_OK; i++)
    for (struct bind_memory *m = vm->memory; m != NULL; m = m->next)
      if (m->base == r.base) {
        lua_rawgeti(L, -1, m->slot);
        lua_rawseti(L, -3, ++n);
      }
  lua_pop(L, 1);
}

static void forget(struct bind_memory *m) {
  struct bind_memory **link = &m->vm->memory;
  while (*link != m) link = &(*link)->next;
  *link = m->next;
  m->mapped = false;
  if (m->vm->ram == m) m->vm->ram = NULL;
}

static int unmap(lua_State *L, struct bind_memory *m) {
  tv_error err;
  lua_getiuservalue(L, 1, MEMORY_VM);
  bind_run_idle(L, -1, NULL);
  if (tv_mem_unmap(m->vm->vm, m->base, m->size, &err) != TV_OK)
    return bind_raise(L, &err);
  forget(m);
  lua_getiuservalue(L, -1, VM_MEMORY);
  lua_pushnil(L);
  lua_rawseti(L, -2, m->slot);
  return 0;
}

static int memory_unmap(lua_State *L) {
  return unmap(L, bind_memory_check(L, 1));
}

// There is no __gc: an object is collected only together with its VM.
static int memory_close(lua_State *L) {
  struct bind_memory *m = to_memory(L, 1);
  return m->vm->vm != NULL && m->mapped ? unmap(L, m) : 0;
}

// ----------------------------------------------------- by offset: ram:... --

// Raises unless [offset, offset + n) lies in the object's bytes.
static uint64_t check_offset(lua_State *L, const struct bind_memory *m,
                             int idx, uint64_t n) {
  lua_Integer offset = bind_integer(L, idx, "offset");
  if (m->kind == TV_MEM_MMIO)
    luaL_error(L, "mmio memory has no bytes to access");
  if (offset < 0 || (uint64_t)offset > m->size ||
      n > m->size - (uint64_t)offset)
    luaL_error(L, "offset %I and size %I are outside this memory of %I "
               "bytes", (LUAI_UACINT)offset, (LUAI_UACINT)n,
               (LUAI_UACINT)m->size);
  return m->base + (uint64_t)offset;
}

static int memory_read(lua_State *L) {
  struct bind_memory *m = bind_memory_check(L, 1);
  uint64_t n = check_count(L, 3);
  push_bytes(L, m->vm, check_offset(L, m, 2, n), n);
  return 1;
}

static int memory_write(lua_State *L) {
  struct bind_memory *m = bind_memory_check(L, 1);
  size_t n;
  const char *bytes = check_bytes(L, 3, &n);
  write_bytes(L, m->vm->vm, check_offset(L, m, 2, n), bytes, n);
  return 0;
}

// ram:u32(offset [, value])
static int memory_kin(lua_State *L) {
  struct bind_memory *m = bind_memory_check(L, 1);
  const struct bind_kin *kin = bind_kin_self(L);
  uint8_t bytes[8];
  tv_error err;
  uint64_t addr = check_offset(L, m, 2, kin->size);
  if (!lua_isnoneornil(L, 3)) {
    bind_kin_read(L, 3, kin, bytes);
    write_bytes(L, m->vm->vm, addr, bytes, kin->size);
    return 0;
  }
  if (tv_mem_read(m->vm->vm, addr, bytes, kin->size, &err) != TV_OK)
    return bind_raise(L, &err);
  bind_kin_push(L, kin, bytes);
  return 1;
}

// ram:fill(byte [, offset [, n]])
static int memory_fill(lua_State *L) {
  struct bind_memory *m = bind_memory_check(L, 1);
  lua_Integer byte = bind_integer(L, 2, "byte");
  if (byte < 0 || byte > 255)
    return luaL_error(L, "byte %I does not fit u8", (LUAI_UACINT)byte);
  lua_settop(L, 4);
  if (lua_isnil(L, 3)) {
    lua_pushinteger(L, 0);
    lua_replace(L, 3);
  }
  uint64_t addr = check_offset(L, m, 3, 0);
  uint64_t n = m->base + m->size - addr;
  if (!lua_isnil(L, 4)) {
    n = check_count(L, 4);
    check_offset(L, m, 3, n);
  }
  if (n == 0) return 0;
  memset(tv_mem_host(m->vm->vm, addr, n), (int)byte, n);
  tv_mem_wrote(m->vm->vm, addr, n);
  return 0;
}

// ram:find(bytes [, offset]) -> the first offset at or after it, or nil
static int memory_find(lua_State *L) {
  struct bind_memory *m = bind_memory_check(L, 1);
  size_t n;
  const char *want = check_bytes(L, 2, &n);
  if (lua_isnoneornil(L, 3)) {
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
  }
  uint64_t from = check_offset(L, m, 3, 0) - m->base;
  if (n == 0) return luaL_error(L, "memory:find needs at least one byte");
  const char *host = tv_mem_host(m->vm->vm, m->base, m->size);
  while (m->size - from >= n) {
    const char *hit = memchr(host + from, want[0], m->size - from - n + 1);
    if (hit == NULL) return 0;
    from = (uint64_t)(hit - host);
    if (memcmp(hit, want, n) == 0) {
      lua_pushinteger(L, (lua_Integer)from);
      return 1;
    }
    from++;
  }
  return 0;
}

static int memory_protect(lua_State *L) {
  struct bind_memory *m = bind_memory_check(L, 1);
  tv_error err;
  unsigned prot = parse_prot(L, 2, "memory:protect");
  lua_getiuservalue(L, 1, MEMORY_VM);
  bind_run_idle(L, -1, NULL);
  if (m->kind == TV_MEM_ROM && prot & TV_WRITE)
    return luaL_error(L, "memory:protect of a ROM cannot hold \"w\"");
  if (m->kind == TV_MEM_MMIO)
    return luaL_error(L, "mmio memory has no protection");
  if (tv_mem_protect(m->vm->vm, m->base, prot, &err) != TV_OK)
    return bind_raise(L, &err);
  return 0;
}

// ------------------------------------------------------------- the object --

static void push_prot(lua_State *L, const struct bind_memory *m) {
  tv_region r;
  char text[4], *p = text;
  if (m->kind == TV_MEM_MMIO ||
      tv_mem_find(m->vm->vm, m->base, &r) != TV_OK) {
    lua_pushnil(L);
    return;
  }
  if (r.prot & TV_READ) *p++ = 'r';
  if (r.prot & TV_WRITE) *p++ = 'w';
  if (r.prot & TV_EXEC) *p++ = 'x';
  lua_pushlstring(L, text, (size_t)(p - text));
}

static int memory_index(lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L, "memory has no field of type %s",
                      luaL_typename(L, 2));
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL)
    return bind_no_field(L, "memory");
  struct bind_memory *m = bind_memory_check(L, 1);
  switch (*lua_tostring(L, 2)) {
    case 'b': lua_pushinteger(L, (lua_Integer)m->base); break;
    case 's': lua_pushinteger(L, (lua_Integer)m->size); break;
    case 'k': lua_pushstring(L, kind_names[m->kind]); break;
    default: push_prot(L, m);
  }
  return 1;
}

static int memory_tostring(lua_State *L) {
  struct bind_memory *m = to_memory(L, 1);
  char range[64];
  snprintf(range, sizeof range, "%#llx-%#llx", (unsigned long long)m->base,
           (unsigned long long)(m->base + m->size - 1));
  if (!m->mapped || m->vm->vm == NULL)
    lua_pushliteral(L, "memory (unmapped)");
  else
    lua_pushfstring(L, "%s %s", kind_names[m->kind], range);
  return 1;
}

const luaL_Reg bind_memory_vm_methods[] = {
  {"map", vm_map},   {"read", vm_read},       {"write", vm_write},
  {"cstring", vm_cstring}, {NULL, NULL}
};

void bind_memory_open(lua_State *L) {
  static const luaL_Reg methods[] = {
    {"read", memory_read},       {"write", memory_write},
    {"fill", memory_fill},       {"find", memory_find},
    {"protect", memory_protect}, {"unmap", memory_unmap},
    {"log", bind_dirty_log},      {"dirty", bind_dirty_take},
    {NULL, NULL}
  };
  static const luaL_Reg meta[] = {
    {"__index", memory_index},   {"__newindex", bind_newindex},
    {"__close", memory_close},   {"__tostring", memory_tostring},
    {NULL, NULL}
  };
  static const char *const properties[] = {
    "base", "size", "kind", "prot", NULL
  };
  bind_metatable(L, KEY_MEMORY, "tinyvmm.memory", methods, meta, properties);
  lua_getfield(L, -1, "methods");
  bind_kin_add(L, "", memory_kin);
  lua_pop(L, 2);
}
