// SPDX-License-Identifier: MIT
//
// CPU models (model.h): the tables models.def and features.def, compiled, and
// the two questions asked of them: which features has a model, and what do
// its ID registers say.

#include "soft/model.h"

#include <stddef.h>

#include "soft/soft.h"

enum model {
#define MODEL(id, ...) MODEL_##id,
#include "soft/models.def"
#undef MODEL
  MODEL_COUNT
};

const struct soft_model *soft_model_at(unsigned index) {
  static const struct soft_model models[MODEL_COUNT] = {
#define MODEL(id, name, midr, bits, version) { name, midr, bits, version },
#include "soft/models.def"
#undef MODEL
  };
  return index < MODEL_COUNT ? &models[index] : NULL;
}

// A feature's field: value << lsb of the ID register `key`.
struct field { uint16_t key, from; uint8_t lsb; uint32_t value; };

static const struct field field[FEAT_COUNT] = {
#define FEATURE(name, from, id, lsb, value) \
  { SYSKEY_##id, from, lsb, value },
#include "a64/features.def"
#undef FEATURE
};

struct feature_set soft_model_features(unsigned index) {
  static const struct { uint8_t model, feature; } with[] = {
#define WITH(id, feature) { MODEL_##id, FEAT_##feature },
#include "soft/models.def"
#undef WITH
  };
  struct feature_set set = { { 0, 0 } };
  for (unsigned f = 0; f < FEAT_COUNT; f++)
    feature_put(&set, f, field[f].from <= soft_model_at(index)->version);
  for (size_t k = 0; k < sizeof with / sizeof *with; k++)
    if (with[k].model == index) feature_put(&set, with[k].feature, true);
  return set;
}

bool soft_model_has_word(const struct feature_set *set, enum a64_op op,
                         uint32_t word) {
  static const uint8_t needs[A64_FEAT_COUNT] = {
#define NEEDS(name) [A64_FEAT_##name] = FEAT_##name,
    A64_FEATURES(NEEDS)
#undef NEEDS
  };
  enum a64_feature f = a64_feature(op, word);
  return f == A64_FEAT_NONE || feature_has(set, needs[f]);
}

// The larger of each pair of four-bit fields.
static uint64_t larger_fields(uint64_t a, uint64_t b) {
  uint64_t mask = 15, result = 0;
  for (; mask; mask <<= 4)
    result |= (a & mask) > (b & mask) ? a & mask : b & mask;
  return result;
}

// APA and GPA become API and GPI.
static uint64_t own_algorithm(uint64_t isar1) {
  const uint64_t architected = 0x0f0000f0, ours = architected << 4;
  return (isar1 & ~(architected | ours)) | (isar1 & architected) << 4;
}

uint64_t soft_model_id(const struct feature_set *set, uint16_t key,
                       bool impdef, uint64_t base) {
  for (unsigned f = 0; f < FEAT_COUNT; f++)
    if (field[f].key == key && feature_has(set, f))
      base = larger_fields(base, (uint64_t)field[f].value << field[f].lsb);
  bool isar1 = key == SYSKEY_id_aa64isar1_el1;
  return isar1 && impdef ? own_algorithm(base) : base;
}
