// SPDX-License-Identifier: MIT
//
// printf and its kin, over hypercall PUTCHAR. One formatter feeds a sink
// character by character: the console, or a buffer of limited size. What a
// conversion prints is put together in three parts, prefix (sign or 0x),
// zeros and body, so that width and precision are the same for all of them.

#include "tinyvmm.h"

typedef struct sink {
  char *at, *end;   // a buffer with room for what is before end; NULL: console
  int count;        // characters so far, also those that found no room
} sink;

typedef struct spec {
  bool left, zero, plus, space, alternate;
  int width, precision;   // precision -1: none given
} spec;

int putchar(int c) {
  tv_call(TV_PUTCHAR, c & 0xff);
  return c & 0xff;
}

int puts(const char *text) {
  tv_call(TV_PUTS, text);
  putchar('\n');
  return 0;
}

static void put(sink *out, char c) {
  out->count++;
  if (out->end == NULL)
    putchar(c);
  else if (out->at < out->end)
    *out->at++ = c;
}

static void put_n(sink *out, char c, int n) {
  while (n-- > 0) put(out, c);
}

static void put_field(sink *out, const spec *s, const char *prefix,
                      int zeros, const char *body, int length) {
  int used = zeros + length;
  for (const char *p = prefix; *p; p++) used++;
  if (!s->left) put_n(out, ' ', s->width - used);
  while (*prefix) put(out, *prefix++);
  put_n(out, '0', zeros);
  for (int i = 0; i < length; i++) put(out, body[i]);
  if (s->left) put_n(out, ' ', s->width - used);
}

static void put_number(sink *out, const spec *s, uint64_t value,
                       unsigned base, const char *digits,
                       const char *prefix) {
  char body[20];    // 2^64 - 1 in base 10
  int first = sizeof body, least = s->precision, prefixed = 0;
  for (; value != 0; value /= base) body[--first] = digits[value % base];
  int length = (int)sizeof body - first;
  while (prefix[prefixed]) prefixed++;
  if (least < 0) {
    least = s->zero && !s->left ? s->width - prefixed : 1;
    if (least < 1) least = 1;
  }
  put_field(out, s, prefix, least > length ? least - length : 0,
            body + first, length);
}

static void put_signed(sink *out, const spec *s, int64_t value) {
  uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
  put_number(out, s, size, 10, "0123456789",
             value < 0 ? "-" : s->plus ? "+" : s->space ? " " : "");
}

static void put_hex(sink *out, const spec *s, uint64_t value, bool upper) {
  bool prefix = s->alternate && value != 0;
  put_number(out, s, value, 16,
             upper ? "0123456789ABCDEF" : "0123456789abcdef",
             !prefix ? "" : upper ? "0X" : "0x");
}

static void put_string(sink *out, const spec *s, const char *text) {
  int length = 0;
  if (text == NULL) text = "(null)";
  while (length != s->precision && text[length]) length++;
  put_field(out, s, "", 0, text, length);
}

// The argument, cut to the length that was asked for: 8, 16, 32 or 64 bits.
static int64_t integer(va_list *args, int bits) {
  if (bits == 64) return va_arg(*args, int64_t);
  int value = va_arg(*args, int);
  return bits == 32 ? value : bits == 16 ? (int16_t)value : (int8_t)value;
}

static int read_bits(const char **format) {
  switch (**format) {
    case 'l': case 'z': case 't': case 'j':
      if (*++*format == 'l') ++*format;
      return 64;
    case 'h':
      if (*++*format != 'h') return 16;
      ++*format;
      return 8;
    default: return 32;
  }
}

static int read_number(const char **format, va_list *args) {
  int n = 0;
  if (**format == '*') {
    ++*format;
    return va_arg(*args, int);
  }
  while (**format >= '0' && **format <= '9') n = n * 10 + *(*format)++ - '0';
  return n;
}

static spec read_spec(const char **format, va_list *args) {
  spec s = {.precision = -1};
  for (bool flag = true; flag; *format += flag) {
    switch (**format) {
      case '-': s.left = true; break;
      case '0': s.zero = true; break;
      case '+': s.plus = true; break;
      case ' ': s.space = true; break;
      case '#': s.alternate = true; break;
      default: flag = false;
    }
  }
  s.width = read_number(format, args);
  if (s.width < 0) {
    s.left = true;
    s.width = -s.width;
  }
  if (**format == '.') {
    ++*format;
    s.precision = read_number(format, args);
    if (s.precision < 0) s.precision = -1;
  }
  return s;
}

// One conversion, the text after its %; returns the text behind it. An
// unknown one is printed as it stands.
static const char *convert(sink *out, const char *format, va_list *args) {
  const char *start = format;
  spec s = read_spec(&format, args);
  int bits = read_bits(&format);
  uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
  char c;
  switch (*format) {
    case 'd': case 'i': put_signed(out, &s, integer(args, bits)); break;
    case 'u':
      put_number(out, &s, (uint64_t)integer(args, bits) & mask, 10,
                 "0123456789", "");
      break;
    case 'x': case 'X':
      put_hex(out, &s, (uint64_t)integer(args, bits) & mask, *format == 'X');
      break;
    case 'p':
      put_number(out, &s, (uintptr_t)va_arg(*args, void *), 16,
                 "0123456789abcdef", "0x");
      break;
    case 's': put_string(out, &s, va_arg(*args, const char *)); break;
    case 'c':
      c = (char)va_arg(*args, int);
      put_field(out, &s, "", 0, &c, 1);
      break;
    case '%': put(out, '%'); break;
    default:
      put(out, '%');
      return start;
  }
  return format + 1;
}

static int format_to(sink *out, const char *format, va_list args) {
  va_list copy;     // a parameter may be an array; a copy has an address
  va_copy(copy, args);
  while (*format) {
    if (*format == '%')
      format = convert(out, format + 1, &copy);
    else
      put(out, *format++);
  }
  va_end(copy);
  return out->count;
}

int vprintf(const char *format, va_list args) {
  sink out = {NULL, NULL, 0};
  return format_to(&out, format, args);
}

// As in C: the length of the whole text, however much of it had room.
int vsnprintf(char *buffer, size_t size, const char *format, va_list args) {
  char none;
  sink out = {buffer, buffer + size - 1, 0};
  if (size == 0) out = (sink){&none, &none, 0};
  int length = format_to(&out, format, args);
  if (size > 0) *out.at = '\0';
  return length;
}

int printf(const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vprintf(format, args);
  va_end(args);
  return length;
}

int snprintf(char *buffer, size_t size, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = vsnprintf(buffer, size, format, args);
  va_end(args);
  return length;
}
