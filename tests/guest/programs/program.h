// SPDX-License-Identifier: MIT
//
// What the programs of this folder find, on the host (HOST defined) and as
// bare-metal guests: printf without floating point, memory and strings, and
// the two functions below. They print what they have computed; both outputs
// must be equal (guest/programs.lua).

#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#ifdef HOST
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#else
#include "tinyvmm.h"
#endif

static inline uint64_t next_random(uint64_t *state) {   // splitmix64
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static inline void fill_random(void *to, size_t size, uint64_t seed) {
  uint8_t *byte = to;
  for (size_t i = 0; i < size; i++) byte[i] = (uint8_t)next_random(&seed);
}

// FNV-1a.
static inline uint64_t digest(const void *from, size_t size) {
  const uint8_t *byte = from;
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++) h = (h ^ byte[i]) * 0x100000001b3u;
  return h;
}

#endif
