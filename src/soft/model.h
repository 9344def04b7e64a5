// SPDX-License-Identifier: MIT
//
// CPU models: which features a name stands for, and the ID registers that
// follow. The tables are a64/features.def and soft/models.def.

#ifndef SOFT_MODEL_H
#define SOFT_MODEL_H

#include "a64/decode.h"
#include "a64/feature.h"

struct soft_model {
  const char *name;
  uint32_t midr;
  uint8_t physical_bits, version;
};

// The index'th model, NULL past the end. 0 is the default.
const struct soft_model *soft_model_at(unsigned index);
struct feature_set soft_model_features(unsigned index);

// Whether a CPU with these features has the word, one of row `op`.
bool soft_model_has_word(const struct feature_set *, enum a64_op op,
                         uint32_t word);

// The ID register `key` of a CPU with these features, its other fields being
// those of `base`. impdef: pointers are authenticated by an algorithm of our
// own.
uint64_t soft_model_id(const struct feature_set *, uint16_t key,
                       bool impdef, uint64_t base);

#endif
