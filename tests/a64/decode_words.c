// SPDX-License-Identifier: MIT
//
// Reads little-endian 32-bit words on stdin and prints the name of each one's
// row and of the feature it needs, a line per word: the C decoder's side of
// tests/a64/decode.lua.
#include <stdio.h>

#include "a64/decode.h"

static const char *const feature[] = {
  "NONE",
#define NAME(name) #name,
  A64_FEATURES(NAME)
#undef NAME
};

int main(void)
{
  unsigned char b[4];
  while (fread(b, 1, 4, stdin) == 4) {
    uint32_t w = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16
      | (uint32_t)b[3] << 24;
    enum a64_op op = a64_decode(w);
    printf("%s %s\n", a64_op_name(op), feature[a64_feature(op, w)]);
  }
  return 0;
}
