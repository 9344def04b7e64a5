// SPDX-License-Identifier: MIT
//
// The tinyvmm program: a Lua host with the library built in. All it does
// itself is set up the state, find the built-in Lua files, and turn Ctrl-C
// into an error; the command line is read by lua/tinyvmm/cli.
//
// Ctrl-C. The handler stops the VM that is running, if any, and sets a hook
// on the main thread, which raises "interrupted" at the next Lua instruction
// or when the binding polls it. A second Ctrl-C finds the default action,
// unless the session (lua/tinyvmm/cli/repl.lua) has taken note of the first.

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/embed.h"
#include "bind/line.h"
#include "bind/state.h"

enum { EXIT_ERROR = 1, EXIT_INTERRUPTED = 130 };

// What the signal handler needs: the one mutable state of the program.
static struct {
  lua_State *main;
  bind_running running;
  volatile sig_atomic_t hit;
} ctrl_c;

static void raise_interrupted(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  lua_pushliteral(L, "interrupted");
  lua_error(L);
}

static void on_signal(int number) {
  (void)number;
  ctrl_c.hit = 1;
  lua_sethook(ctrl_c.main, raise_interrupted,
              LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
  tv_vm *vm = atomic_load_explicit(&ctrl_c.running, memory_order_relaxed);
  if (vm != NULL) tv_vm_stop(vm);
}

// Once, and so that it ends a wait for input.
static void catch_interrupt(void) {
  struct sigaction action = {.sa_handler = on_signal,
                             .sa_flags = SA_RESETHAND};
  sigaction(SIGINT, &action, NULL);
}

// tinyvmm.line.rearm(): the Ctrl-C that there was is dealt with.
static int rearm(lua_State *L) {
  (void)L;
  if (!ctrl_c.hit) return 0;
  lua_sethook(ctrl_c.main, NULL, 0, 0);
  ctrl_c.hit = 0;
  catch_interrupt();
  return 0;
}

static int open_line(lua_State *L) {
  line_open(L);
  lua_pushcfunction(L, rearm);
  lua_setfield(L, -2, "rearm");
  return 1;
}

static int search_built_in(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  const struct bind_module *m = bind_modules;
  while (m->name != NULL && strcmp(m->name, name) != 0) m++;
  if (m->name == NULL) {
    lua_pushfstring(L, "no built-in module '%s'", name);
    return 1;
  }
  if (luaL_loadbufferx(L, (const char *)m->bytes, m->size, m->name, "b") !=
      LUA_OK)
    return lua_error(L);
  lua_pushfstring(L, ":built-in:%s", name);
  return 2;
}

// TINYVMM_LUA=dir takes the Lua files from there, for development.
static void add_path(lua_State *L, const char *dir) {
  lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;", dir, dir);
  lua_getfield(L, -2, "path");
  lua_concat(L, 2);
  lua_setfield(L, -2, "path");
}

// Puts the built-in files before the path, behind package.preload.
static void add_searcher(lua_State *L) {
  lua_getfield(L, -1, "searchers");
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i >= 2; i--) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushcfunction(L, search_built_in);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 1);
}

static void open_library(lua_State *L) {
  const char *dir = getenv("TINYVMM_LUA");
  lua_pushlightuserdata(L, &ctrl_c.running);
  lua_setfield(L, LUA_REGISTRYINDEX, BIND_RUNNING);
  lua_getglobal(L, "package");
  if (dir != NULL && *dir != '\0')
    add_path(L, dir);
  else
    add_searcher(L);
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_tinyvmm_core);
  lua_setfield(L, -2, "tinyvmm.core");
  lua_pushcfunction(L, open_line);
  lua_setfield(L, -2, "tinyvmm.line");
  lua_pop(L, 2);
}

// Errors that are no strings are shown by their __tostring; strings that
// hold a traceback already are left alone.
static int with_traceback(lua_State *L) {
  const char *text = luaL_tolstring(L, 1, NULL);
  if (strstr(text, "\nstack traceback:") == NULL)
    luaL_traceback(L, L, text, 1);
  return 1;
}

// Upvalue-free body of the program: the arguments' table in, the exit code
// out.
static int program(lua_State *L) {
  luaL_openlibs(L);
  open_library(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "tinyvmm.cli");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "main");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static void push_arguments(lua_State *L, int argc, char **argv) {
  lua_createtable(L, argc, 1);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i);
  }
}

int main(int argc, char **argv) {
  struct state state;
  lua_State *L = state_open(&state);
  if (L == NULL) {
    fputs("tinyvmm: not enough memory\n", stderr);
    return EXIT_ERROR;
  }
  ctrl_c.main = L;
  catch_interrupt();
  lua_pushcfunction(L, with_traceback);
  lua_pushcfunction(L, program);
  push_arguments(L, argc, argv);
  int code = EXIT_ERROR;
  if (lua_pcall(L, 1, 1, 1) == LUA_OK)
    code = (int)lua_tointeger(L, -1);
  else
    fprintf(stderr, "tinyvmm: %s\n", lua_tostring(L, -1));
  if (ctrl_c.hit) code = EXIT_INTERRUPTED;
  signal(SIGINT, SIG_DFL);
  state_close(&state, L);
  return code;
}
