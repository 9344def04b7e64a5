// SPDX-License-Identifier: MIT
//
// The functions of a guest, as lua/tinyvmm/functions.lua packs them: where
// each begins, ascending, times 2; plus 1 if it has a name. One without is
// what lies between or behind the images.

#ifndef BIND_FUNCTIONS_H
#define BIND_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct functions {
  size_t count;
  const uint64_t *packed;
};

struct function {
  uint64_t start, size;
  bool named;
};

static inline struct function function_at(const struct functions *f,
                                          uint64_t address) {
  size_t low = 0, high = f->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (f->packed[middle] >> 1 <= address) low = middle + 1;
    else high = middle;
  }
  uint64_t at = low > 0 ? f->packed[low - 1] : 0;
  uint64_t end = low < f->count ? f->packed[low] >> 1 : UINT64_MAX;
  return (struct function){at >> 1, end - (at >> 1), at & 1};
}

#endif
