// SPDX-License-Identifier: MIT
//
// The backends of this build, in the order in which "best" tries them. All
// three are always here: one that cannot work on this machine says why.

#include <string.h>

#include "core/backend.h"

extern const struct backend backend_hvf, backend_kvm, backend_soft;

static const struct backend *const backends[] = {
  &backend_hvf, &backend_kvm, &backend_soft
};

enum { BACKENDS = sizeof backends / sizeof *backends };

const struct backend *backend_at(unsigned index) {
  return index < BACKENDS ? backends[index] : NULL;
}

const struct backend *backend_find(const char *name) {
  for (unsigned i = 0; i < BACKENDS; i++)
    if (!strcmp(backends[i]->name, name)) return backends[i];
  return NULL;
}
