// SPDX-License-Identifier: MIT
//
// Doubles printed and read back: corners of rounding and range, powers of ten,
// random bits.

#include "number.h"

static int lost;

static void show(double v) {
  char text[32];
  const char *end;
  number_print(v, text);
  double back = number_read(text, &end);
  lost += v - v == 0 && (*end || memcmp(&back, &v, sizeof v));
  printf("%s\n", text);
}

int main(void) {
  static const char *const text[] = {
    "0.1", "1e23", "9007199254740993", "2.2250738585072011e-308",
    "4.9406564584124654e-324", "2.4703282292062327e-324",
    "1.7976931348623157e308", "1.7976931348623159e308", "-123456.789e3",
    "179769313486231580793728971405301e276", "0.000001", "5e-324", "1e400" };
  uint64_t seed = 40;
  const char *end;
  for (size_t i = 0; i < sizeof text / sizeof *text; i++)
    show(number_read(text[i], &end));
  show(0.0);
  show(-0.0);
  show(1.0 / 3);
  show(from_bits(UINT64_C(0x7ff) << 52));
  for (int i = 0; i < 12; i++) show(from_bits(next_random(&seed)));
  double v = 1;
  for (int i = 0; i < 22; i++, v *= 10) show(v);
  for (int i = 0; i < 20; i++)
    show((double)(int64_t)next_random(&seed) / 1024);
  printf("%d lost\n", lost);
  return 0;
}
