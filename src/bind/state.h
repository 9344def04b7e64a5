// SPDX-License-Identifier: MIT
//
// The Lua state of the program, made to start fast: as luaL_newstate makes
// it, but with an allocator of its own and a collector that sleeps at first.

#ifndef BIND_STATE_H
#define BIND_STATE_H

#include <lua.h>
#include <stddef.h>

enum {
  STATE_UNIT = 16,
#ifdef TV_TEST
  STATE_LARGEST = 0  // malloc has everything, for the tools that watch it
#else
  STATE_LARGEST = 512
#endif
};

union state_node {
  union state_node *next;
  max_align_t align;
};

// What a Lua state needs besides itself; state.c alone looks into it.
struct state {
  union state_node *chunks;
  char *at, *end;  // what is left of the newest chunk
  union state_node *free[STATE_LARGEST / STATE_UNIT + 1];  // by size in units
  int warn, warned;  // warnings are on; the last one goes on
};

// A new Lua state, or NULL if there is no memory. It belongs to one thread; an
// error outside a protected call aborts. `s` must outlive it.
lua_State *state_open(struct state *s);

// lua_close, and the rest of the memory. os.exit calls lua_close alone: then
// the process ends.
void state_close(struct state *s, lua_State *L);

#endif
