// SPDX-License-Identifier: MIT
//
// Status names and texts, and the filling of tv_error. The list is err.def;
// here it is compared with the enum that readers of tinyvmm.h see.

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERR(name, code, dashed, text) \
  _Static_assert((int)TV_##name == (code), "err.def disagrees: " dashed);
#include "base/err.def"
#undef ERR

static const struct { const char *name, *text; } status[] = {
#define ERR(name, code, dashed, text) [-(code)] = {dashed, text},
#include "base/err.def"
#undef ERR
};

enum { STATUSES = sizeof status / sizeof *status };
_Static_assert(STATUSES == -TV_E_STATE + 1, "a status is not in err.def");

const char *tv_status_name(tv_status code) {
  unsigned i = 0u - (unsigned)code;
  return i < STATUSES ? status[i].name : "unknown";
}

static void fill(tv_error *err, tv_status code, int os, uint64_t addr,
                 const char *format, va_list args) {
  err->code = code;
  err->os = os;
  err->addr = addr;
  if (format)
    vsnprintf(err->text, sizeof err->text, format, args);
  else
    snprintf(err->text, sizeof err->text, "%s", status[-(int)code].text);
}

tv_status err_set(tv_error *err, tv_status code, uint64_t addr,
                  const char *format, ...) {
  if (err) {
    va_list args;
    va_start(args, format);
    fill(err, code, 0, addr, format, args);
    va_end(args);
  }
  return code;
}

tv_status err_os(tv_error *err, tv_status code, int os,
                 const char *format, ...) {
  if (err) {
    va_list args;
    va_start(args, format);
    fill(err, code, os, 0, format, args);
    va_end(args);
    size_t used = strlen(err->text);
    if (os)
      snprintf(err->text + used, sizeof err->text - used, " (%s)",
               strerror(os));
  }
  return code;
}
