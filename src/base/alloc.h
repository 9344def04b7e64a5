// SPDX-License-Identifier: MIT
//
// Every allocation of the library goes through here, so that a test build
// can make the Nth one fail and count what is left over. Blocks are zeroed.
// Nothing here is a file-scope variable outside the test build.

#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

// A zeroed block, NULL if the host refuses. size > 0.
void *alloc_new(size_t size);

// Resizes an array of `count` items of `item` bytes to at least `need` items
// by doubling; new items are zero. On failure returns false and leaves array
// and count as they are. `array` is the address of the caller's pointer.
bool alloc_grow(void *array, size_t *count, size_t need, size_t item);

// NULL is ignored.
void alloc_free(void *);

// Lazily committed, zeroed, page-aligned host memory: `size` may exceed what
// the machine has; pages are taken on first touch. NULL if refused.
void *alloc_map(size_t size);
void alloc_unmap(void *, size_t size);

#ifdef TV_TEST
// Makes the nth allocation or mapping of this thread from now fail, once
// (0: none). Returns how many were still to go: 0 if the failure has
// happened.
long alloc_test_fail(long nth);
// Blocks and mappings of this thread that have not been freed.
long alloc_test_live(void);
#endif

#endif
