// SPDX-License-Identifier: MIT
//
// Memory of a state: most of what Lua allocates is small, and Lua tells the
// size when it gives a block back, so that free lists by size serve it in a
// few instructions. Every block up to LARGEST is cut from a chunk and every
// larger one is malloc's. What a list holds is used again for that size only,
// and goes back with the state.

#include "bind/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  UNIT = STATE_UNIT,
  LARGEST = STATE_LARGEST,
  CHUNK = 1 << 16,
  // The collector first wakes after so many KiB: most scripts never pay for it.
  CREDIT = 4096
};

static size_t units(size_t size) {
  return (size + UNIT - 1) / UNIT;
}

static int add_chunk(struct state *s) {
  union state_node *chunk = malloc(CHUNK);
  if (chunk == NULL) return 0;
  chunk->next = s->chunks;
  s->chunks = chunk;
  s->at = (char *)(chunk + 1);
  s->end = (char *)chunk + CHUNK;
  return 1;
}

static void *take(struct state *s, size_t size) {
  if (size > LARGEST) return malloc(size);
  size_t n = units(size);
  union state_node *node = s->free[n];
  if (node != NULL) {
    s->free[n] = node->next;
    return node;
  }
  if ((size_t)(s->end - s->at) < n * UNIT && !add_chunk(s)) return NULL;
  void *block = s->at;
  s->at += n * UNIT;
  return block;
}

static void give(struct state *s, void *block, size_t size) {
  if (size > LARGEST) {
    free(block);
    return;
  }
  union state_node *node = block;
  node->next = s->free[units(size)];
  s->free[units(size)] = node;
}

// The lua_Alloc.
static void *reallocate(void *ud, void *block, size_t old, size_t size) {
  struct state *s = ud;
  if (block == NULL) return size > 0 ? take(s, size) : NULL;
  if (size == 0) {
    give(s, block, old);
    return NULL;
  }
  if (old > LARGEST && size > LARGEST) return realloc(block, size);
  if (old <= LARGEST && units(old) == units(size)) return block;
  void *moved = take(s, size);
  if (moved == NULL) return NULL;
  memcpy(moved, block, old < size ? old : size);
  give(s, block, old);
  return moved;
}

// warn(): off until warn("@on"), as in the lua program.
static void on_warning(void *ud, const char *text, int more) {
  struct state *s = ud;
  if (!s->warned && !more && text[0] == '@') {
    if (strcmp(text, "@on") == 0) s->warn = 1;
    if (strcmp(text, "@off") == 0) s->warn = 0;
    return;
  }
  if (s->warn)
    fprintf(stderr, "%s%s%s", s->warned ? "" : "Lua warning: ", text,
            more ? "" : "\n");
  s->warned = more;
}

static void free_chunks(struct state *s) {
  while (s->chunks != NULL) {
    union state_node *next = s->chunks->next;
    free(s->chunks);
    s->chunks = next;
  }
}

lua_State *state_open(struct state *s) {
  memset(s, 0, sizeof *s);
  lua_State *L = lua_newstate(reallocate, s);
  if (L == NULL) {
    free_chunks(s);
    return NULL;
  }
  lua_setwarnf(L, on_warning, s);
  lua_gc(L, LUA_GCSTEP, -CREDIT);  // a step back
  return L;
}

void state_close(struct state *s, lua_State *L) {
  lua_close(L);
  free_chunks(s);
}
