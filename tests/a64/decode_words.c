// SPDX-License-Identifier: MIT
//
// Reads little-endian 32-bit words on stdin and prints the name of each one's
// row, a line per word: the C decoder's side of tests/a64/decode.lua.
#include <stdio.h>

#include "a64/decode.h"

int main(void)
{
  unsigned char b[4];
  while (fread(b, 1, 4, stdin) == 4) {
    uint32_t w = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16
      | (uint32_t)b[3] << 24;
    puts(a64_op_name(a64_decode(w)));
  }
  return 0;
}
