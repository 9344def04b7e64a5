// SPDX-License-Identifier: MIT
//
// Where PUTCHAR and PUTS go: a C file, a Lua function, or a string to be
// taken. The core calls deliver() inside the run, where no Lua may be called
// and nothing may raise; so text for Lua waits in a buffer until the core is
// back, and what went wrong is raised then.

#include "bind/bind.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool grow(struct bind_output *out, size_t more) {
  size_t room = out->room < 256 ? 256 : out->room;
  while (room - out->used < more) {
    if (room > SIZE_MAX / 4) return false;
    room *= 2;
  }
  if (room == out->room) return true;
  char *data = realloc(out->data, room);
  if (data == NULL) return false;
  out->data = data;
  out->room = room;
  return true;
}

void bind_output_deliver(void *ctx, const char *data, size_t size) {
  struct bind_output *out = ctx;
  if (out->mode == OUTPUT_FILE) {
    FILE *file = stdout;
    if (out->stream != NULL) {
      if (out->stream->closef == NULL) {
        out->lost = true;
        return;
      }
      file = out->stream->f;
    }
    fwrite(data, 1, size, file);
    out->unflushed = !out->terminal || fflush(file) != 0;
    return;
  }
  if (!grow(out, size)) {
    out->lost = true;
    return;
  }
  memcpy(out->data + out->used, data, size);
  out->used += size;
}

void bind_output_set(lua_State *L, int vm, int idx) {
  struct bind_output *out = &((struct bind_vm *)lua_touserdata(L, vm))->output;
  int type = lua_type(L, idx);
  out->terminal = type == LUA_TNIL && isatty(STDOUT_FILENO);
  if (type == LUA_TNIL) return;
  if (type == LUA_TFUNCTION) {
    out->mode = OUTPUT_FUNCTION;
  } else if (type == LUA_TSTRING &&
             strcmp(lua_tostring(L, idx), "capture") == 0) {
    out->mode = OUTPUT_CAPTURE;
  } else {
    out->stream = luaL_testudata(L, idx, LUA_FILEHANDLE);
    if (out->stream == NULL)
      luaL_error(L, "tv.vm output must be a file, a function or \"capture\","
                 " not %s", luaL_tolstring(L, idx, NULL));
    if (out->stream->closef == NULL)
      luaL_error(L, "tv.vm output is a closed file");
    out->terminal = isatty(fileno(out->stream->f));
  }
  lua_pushvalue(L, idx);
  lua_setiuservalue(L, vm, VM_OUTPUT);
}

void bind_output_push(lua_State *L, struct bind_vm *vm, int vm_idx) {
  struct bind_output *out = &vm->output;
  if (out->lost) {
    out->lost = false;
    luaL_error(L, out->mode == OUTPUT_FILE
                      ? "guest output was lost: the output file is closed"
                      : "guest output was lost: not enough memory");
  }
  lua_getiuservalue(L, vm_idx, VM_OUTPUT);
  lua_pushlstring(L, out->data, out->used);
  out->used = 0;
}

void bind_output_flush(struct bind_vm *vm) {
  struct bind_output *out = &vm->output;
  if (!out->unflushed) return;
  out->unflushed = false;
  if (out->stream == NULL)
    fflush(stdout);
  else if (out->stream->closef != NULL)
    fflush(out->stream->f);
}

void bind_output_free(struct bind_vm *vm) {
  free(vm->output.data);
  vm->output.data = NULL;
  vm->output.used = vm->output.room = 0;
}

int bind_output_take(lua_State *L) {
  struct bind_output *out = &bind_vm_check(L, 1)->output;
  if (out->mode != OUTPUT_CAPTURE)
    return luaL_error(L, "vm:take_output needs a vm made with "
                      "output = \"capture\"");
  lua_pushlstring(L, out->used > 0 ? out->data : "", out->used);
  out->used = 0;
  return 1;
}
