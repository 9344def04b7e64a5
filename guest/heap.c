// SPDX-License-Identifier: MIT
//
// malloc and free: first fit in a list of free blocks, sorted by address, so
// that neighbours are joined when a block comes back. A block begins with a
// header of 16 bytes, and all sizes are multiples of 16. The list head needs
// no initializer: the whole heap becomes a block at the first call.

#include "tinyvmm.h"

typedef struct block {
  size_t size;          // with this header
  struct block *next;   // of the free list; not used while allocated
} block;

enum { ALIGN = 16 };
_Static_assert(sizeof(block) == ALIGN, "a header is one unit of the heap");

extern char __heap_start[], __heap_end[];     // tinyvmm.ld

static block *free_list;
static bool ready;

static void make_heap(void) {
  ready = true;
  if (__heap_end - __heap_start < 2 * ALIGN) return;
  free_list = (block *)__heap_start;
  free_list->size = (size_t)(__heap_end - __heap_start);
  free_list->next = NULL;
}

void *malloc(size_t size) {
  if (!ready) make_heap();
  if (size > SIZE_MAX - 2 * ALIGN) return NULL;
  size_t need = sizeof(block) + ((size + ALIGN - 1) & -(size_t)ALIGN);
  for (block **link = &free_list; *link != NULL; link = &(*link)->next) {
    block *b = *link;
    if (b->size < need) continue;
    if (b->size - need >= 2 * ALIGN) {        // the rest stays in the list
      block *rest = (block *)((char *)b + need);
      *rest = (block){b->size - need, b->next};
      b->size = need;
      *link = rest;
    } else {
      *link = b->next;
    }
    return b + 1;
  }
  return NULL;
}

// b takes in the next block of the list if it begins where b ends.
static void join(block *b) {
  block *next = b->next;
  if ((char *)b + b->size != (char *)next) return;
  b->size += next->size;
  b->next = next->next;
}

void free(void *memory) {
  if (memory == NULL) return;
  block *b = (block *)memory - 1, *before = NULL;
  for (block *p = free_list; p != NULL && p < b; p = p->next) before = p;
  b->next = before != NULL ? before->next : free_list;
  if (before != NULL)
    before->next = b;
  else
    free_list = b;
  join(b);
  if (before != NULL) join(before);
}

void *calloc(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  void *memory = malloc(count * size);
  return memory != NULL ? memset(memory, 0, count * size) : NULL;
}

void *realloc(void *memory, size_t size) {
  if (memory == NULL) return malloc(size);
  size_t room = ((block *)memory - 1)->size - sizeof(block);
  if (size <= room) return memory;
  void *larger = malloc(size);
  if (larger == NULL) return NULL;
  memcpy(larger, memory, room);
  free(memory);
  return larger;
}
