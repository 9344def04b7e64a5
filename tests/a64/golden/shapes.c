// SPDX-License-Identifier: MIT
// More C for its compiler output: variable arguments, jump tables, computed
// goto, sections, weak and common symbols, strings, inline assembly, large
// constants, many arguments, and floating point without arithmetic.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

static int vsum(int n, va_list ap) {
  int s = 0;
  while (n--) s += va_arg(ap, int);
  return s;
}

int sum(int n, ...) {
  va_list ap;
  va_start(ap, n);
  int s = vsum(n, ap);
  va_end(ap);
  return s;
}

int dense(int x) {
  switch (x) {
  case 1: return 5;
  case 2: return 9;
  case 3: return 77;
  case 4: return 1;
  case 5: return 22;
  case 6: return 1000;
  case 20: return 2;
  default: return 0;
  }
}

int jumps(int x, int y) {
  switch (x) {
  case 1: return y + 5;
  case 2: return y * 9;
  case 3: return y / 77;
  case 4: return dense(y);
  case 5: return y ^ 22;
  case 6: return 1000 - y;
  case 9: return 3 << y;
  case 10: return y >> 4;
  default: return 0;
  }
}

int threaded(const unsigned char *code) {
  static void *const ops[] = {&&inc, &&dbl, &&end};
  int v = 0;
  goto *ops[*code];
inc:
  v++;
  goto *ops[*++code];
dbl:
  v *= 2;
  goto *ops[*++code];
end:
  return v;
}

struct big {
  char b[20];
  int x;
};
struct big global_big;

struct big by_value(int a) {
  struct big r = global_big;
  r.x = a;
  return r;
}

__attribute__((weak)) int weak(void) { return 2; }
int (*pointer)(void) = weak;

const char *const texts[] = {
  "a\n", "b\"q\"", "c\\", "\001\377\x7f", "a; b // c /* d */ # e '",
};
__attribute__((aligned(16))) char aligned[100];
int initialised = 4;
__attribute__((section(".text.hot"))) int hot(int a) {
  return a + initialised;
}

int word;
int atomics(void) {
  int e = 3;
  __atomic_compare_exchange_n(&word, &e, 9, 0, __ATOMIC_SEQ_CST,
                              __ATOMIC_SEQ_CST);
  return __atomic_exchange_n(&word, 3, __ATOMIC_ACQUIRE)
    + __atomic_fetch_or(&word, 8, __ATOMIC_RELAXED);
}

long divide(long a, long b) { return a / b + a % b; }

unsigned long high(unsigned long a, unsigned long b) {
  return (unsigned long)((unsigned __int128)a * b >> 64);
}

int fields(unsigned x) {
  struct {
    unsigned a : 3, b : 5, c : 17;
  } s = {x & 7, x >> 3 & 31, x >> 9 & 0x1ffff};
  return (int)(s.a + s.b * s.c);
}

uint64_t inline_assembly(void *p) {
  uint64_t x;
  __asm__ volatile("1:\twfe\n\t"
                   "cbz %1, 1b\n\t"
                   ".pushsection .rodata\n\t"
                   ".balign 8\n\t"
                   ".quad 1b\n\t"
                   ".popsection\n\t"
                   "msr daifset, #2; isb\n\t"
                   "mrs %0, cntvct_el0\n\t"
                   "dc civac, %1"
                   : "=&r"(x)
                   : "r"(p)
                   : "memory");
  return x;
}

long constant(int i) {
  static const long table[] = {0x123456789abcdef0, -1, 0x0fff0000ffff0000};
  return table[i & 1] ^ 0x5a5a5a5a12345678;
}

int many(int a, int b, int c, int d, int e, int f, int g, int h, int i,
         int j) {
  return a ? many(a - 1, b, c, d, e, f, g, h, j, i) + i : j;
}

uint64_t hash(const uint64_t *p, int n) {
  uint64_t a = 0;
  for (int i = 0; i < n; i++) {
    a += p[i];
    a ^= a >> 33;
    a *= 0xff51afd7ed558ccd;
    a ^= a >> 33;
  }
  return a;
}

int *inside = &((int *)&global_big)[3];
char text[] = "mutable";
int zeros[1000];
static int own[10];
int *own_inside = own + 4;
