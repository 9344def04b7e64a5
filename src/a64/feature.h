// SPDX-License-Identifier: MIT
//
// Features of the architecture as numbers and as sets. features.def is the
// list; the numbers mean nothing outside one build, so nothing that is saved
// may hold them.

#ifndef A64_FEATURE_H
#define A64_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

enum feature {
#define FEATURE(name, ...) FEAT_##name,
#include "a64/features.def"
#undef FEATURE
  FEAT_COUNT
};

struct feature_set {
  uint64_t bits[2];
};

_Static_assert(FEAT_COUNT <= 128, "features fill their set");

static inline bool feature_has(const struct feature_set *set,
                               enum feature f) {
  return set->bits[f / 64] >> (f % 64) & 1;
}

static inline void feature_put(struct feature_set *set, enum feature f,
                               bool has) {
  uint64_t bit = (uint64_t)1 << (f % 64);
  if (has) set->bits[f / 64] |= bit;
  else set->bits[f / 64] &= ~bit;
}

#endif
