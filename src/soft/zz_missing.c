// SPDX-License-Identifier: MIT
//
// For the time in which rows of the instruction table have no predecoder yet:
// a weak op_NAME for every row, which treats the word as if it had no row. A
// strong op_NAME elsewhere replaces it. `nm` on the static library lists what
// is missing: those with a W and no T. The name of this file makes it the last
// member of the archive, so that the linker finds the strong ones first. When
// none is missing, the file goes away, and the linker names what is forgotten.

#include "soft/soft.h"

#define MISSING(name) \
  __attribute__((weak)) \
  void op_##name(struct insn *i, uint32_t word, unsigned offset) { \
    (void)offset; \
    soft_predecode_undefined(i, word); \
  }
A64_OPS(MISSING)
