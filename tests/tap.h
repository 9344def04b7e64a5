// SPDX-License-Identifier: MIT
//
// tap.h: TAP for the tests written in C. Each program is one file of tests
// with a plain main():
//
//   int main(void) {
//     ok(1 + 1 == 2, "one and one are %d", 2);
//     return done();
//   }
//
// Every check is one TAP line named by a sentence; done() prints the plan and
// gives main its exit status. tests/run.lua reads the lines.
#ifndef TV_TESTS_TAP_H
#define TV_TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define TAP_USED __attribute__((unused))
#define TAP_FORMAT(f, a) __attribute__((format(printf, f, a), unused))
#else
#define TAP_USED
#define TAP_FORMAT(f, a)
#endif

static int tap_count, tap_failed;

static inline void tap_line(bool good, const char *format, va_list args) {
  printf("%sok %d - ", good ? "" : "not ", ++tap_count);
  vprintf(format, args);
  if (!good) tap_failed++;
}

// A comment under the last line.
TAP_FORMAT(1, 2) static void note(const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("#   ");
  vprintf(format, args);
  putchar('\n');
  va_end(args);
  fflush(stdout);
}

TAP_FORMAT(2, 3) static bool ok(bool good, const char *format, ...) {
  va_list args;
  va_start(args, format);
  tap_line(good, format, args);
  putchar('\n');
  va_end(args);
  fflush(stdout);
  return good;
}

TAP_FORMAT(3, 4)
static bool eq_u64(uint64_t got, uint64_t want, const char *format, ...) {
  va_list args;
  va_start(args, format);
  tap_line(got == want, format, args);
  putchar('\n');
  va_end(args);
  if (got != want) {
    note(" got: %" PRIu64 " (%#" PRIx64 ")", got, got);
    note("want: %" PRIu64 " (%#" PRIx64 ")", want, want);
  }
  fflush(stdout);
  return got == want;
}

TAP_FORMAT(3, 4)
static bool eq_str(const char *got, const char *want,
                   const char *format, ...) {
  bool good = got && want ? strcmp(got, want) == 0 : got == want;
  va_list args;
  va_start(args, format);
  tap_line(good, format, args);
  putchar('\n');
  va_end(args);
  if (!good) {
    note(" got: %s", got ? got : "(null)");
    note("want: %s", want ? want : "(null)");
  }
  fflush(stdout);
  return good;
}

TAP_USED static void skip(const char *reason, const char *name) {
  printf("ok %d - %s # SKIP %s\n", ++tap_count, name, reason);
  fflush(stdout);
}

TAP_USED static int done(void) {
  printf("1..%d\n", tap_count);
  fflush(stdout);
  return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
