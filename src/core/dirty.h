// SPDX-License-Identifier: MIT
//
// The log of a region's dirty pages: those that guest or host have written
// since the log began or was last taken.
//
// A page is clean if the store map has CLEAN on its first granule (core/mem.h),
// otherwise it is in the list. So the software CPU comes by here with the first
// store to a page and with those to the last 256 bytes before a clean one;
// taking the log costs what there is in it.

#ifndef CORE_DIRTY_H
#define CORE_DIRTY_H

#include <pthread.h>

#include "core/mem.h"

struct dirty {
  pthread_mutex_t lock;   // of the list, and of CLEAN: vCPUs with threads write
                          // at the same time
  size_t size;            // of this mapping
  uint64_t count;
  uint64_t page[];        // numbers, in the order of their first write; room
                          // for all that the region has
};

// Puts the pages of [off, off + len), len > 0, into the log, if the region has
// one. From any thread.
void dirty_add(struct region *, uint64_t off, uint64_t len);

// Ends the log of a region that may have one.
void dirty_free(struct region *);

#endif
