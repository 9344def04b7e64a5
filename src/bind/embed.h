// SPDX-License-Identifier: MIT
//
// The Lua files that are built into the program: what embed.c writes and
// main.c reads.

#ifndef BIND_EMBED_H
#define BIND_EMBED_H

#include <stddef.h>

struct bind_module {
  const char *name;   // "tinyvmm.exit"; NULL ends the list
  const unsigned char *bytes;
  size_t size;
};

extern const struct bind_module bind_modules[];

#endif
