// SPDX-License-Identifier: MIT
//
// The allocator: libc's, plus in the test build (TV_TEST) a failure at the
// Nth call and a count of live blocks, both per thread.

#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef TV_TEST
static _Thread_local long fail_in, live;

static bool refused(void) {
  return fail_in && --fail_in == 0;
}

static void *counted(void *p) {
  live += p != NULL;
  return p;
}

static void uncounted(const void *p) {
  live -= p != NULL;
}

long alloc_test_fail(long nth) {
  long left = fail_in;
  fail_in = nth;
  return left;
}

long alloc_test_live(void) {
  return live;
}
#else
static bool refused(void) { return false; }
static void *counted(void *p) { return p; }
static void uncounted(const void *p) { (void)p; }
#endif

void *alloc_new(size_t size) {
  return refused() ? NULL : counted(calloc(1, size));
}

bool alloc_grow(void *array, size_t *count, size_t need, size_t item) {
  if (need <= *count) return true;
  size_t room = *count ? *count : 4;
  while (room < need) {
    if (room > SIZE_MAX / 2) return false;
    room *= 2;
  }
  void *old;
  memcpy(&old, array, sizeof old);   // any object pointer looks the same
  if (room > SIZE_MAX / item || refused()) return false;
  char *p = realloc(old, room * item);
  if (!p) return false;
  if (!old) counted(p);
  memset(p + *count * item, 0, (room - *count) * item);
  memcpy(array, &p, sizeof p);
  *count = room;
  return true;
}

void alloc_free(void *p) {
  uncounted(p);
  free(p);
}

void *alloc_map(size_t size) {
  if (refused()) return NULL;
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : counted(p);
}

void alloc_unmap(void *p, size_t size) {
  if (!p) return;
  uncounted(p);
  munmap(p, size);
}
