// SPDX-License-Identifier: MIT
//
// Filling a tv_error. A function that fails ends in
//
//     return err_set(err, TV_E_RANGE, gpa, "%#" PRIx64 " is ...", gpa);
//
// so that code, place and sentence are written together, once.

#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <inttypes.h>

#include "tinyvmm.h"

// Stores code, guest address (0 if none) and sentence if err is not null; a
// null format takes the code's own text of err.def. Returns code.
tv_status err_set(tv_error *err, tv_status code, uint64_t addr,
                  const char *format, ...)
  __attribute__((format(printf, 4, 5)));

// The same for a refusal of the operating system: " (strerror)" is appended.
tv_status err_os(tv_error *err, tv_status code, int os,
                 const char *format, ...)
  __attribute__((format(printf, 4, 5)));

#endif
