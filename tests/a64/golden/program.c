// SPDX-License-Identifier: MIT
// Integer C of many shapes, for its compiler output: loops, structures,
// switches, tables of pointers, division, wide arithmetic, atomics, statics.
#include <stddef.h>
#include <stdint.h>

typedef struct node {
  struct node *next;
  uint32_t key;
  uint16_t half;
  int8_t byte;
  uint64_t words[4];
} node;

static node pool[16];
int counter = 3;
const char *names[] = {"one", "two", "three"};
static const uint16_t table[] = {1, 2, 3, 4, 5, 60000};
char buffer[300];

uint64_t rotate(uint64_t a, int b) { return a >> b | a << (64 - b); }

node *find(node *list, uint32_t key) {
  while (list && list->key != key) list = list->next;
  return list;
}

int insert(node **list, uint32_t key) {
  for (int i = 0; i < 16; i++) {
    if (pool[i].key) continue;
    pool[i] = (node){*list, key, (uint16_t)(key * 3), (int8_t)-key, {1, 2}};
    *list = &pool[i];
    counter++;
    return i;
  }
  return -1;
}

int64_t sum(const int32_t *a, size_t n) {
  int64_t s = 0;
  for (size_t i = 0; i < n; i++) s += a[i] * (int64_t)a[n - 1 - i];
  return s;
}

uint32_t crc(const uint8_t *p, size_t n) {
  uint32_t c = ~0u;
  while (n--) {
    c ^= *p++;
    for (int k = 0; k < 8; k++) c = c >> 1 ^ (0xedb88320u & -(c & 1));
  }
  return ~c;
}

const char *name(unsigned i) { return i < 3 ? names[i] : "none"; }

int cases(int x, int y) {
  switch (x) {
  case 0: return y + 1;
  case 1: return y * 7;
  case 2: return y / 3;
  case 3: return y % 10;
  case 4: return y << 3;
  case 5: return y >> 2;
  case 6: return -y;
  case 7: return ~y;
  default: return table[x % 6];
  }
}

__int128 product(int64_t a, int64_t b) { return (__int128)a * b; }

void sort(int *a, int n) {
  for (int i = 1; i < n; i++) {
    int v = a[i], j = i;
    for (; j && a[j - 1] > v; j--) a[j] = a[j - 1];
    a[j] = v;
  }
}

uint64_t bits(uint64_t x) {
  return __builtin_clzll(x | 1) + __builtin_ctzll(x | 1)
    + __builtin_bswap64(x) + (x >> 5 & 0x3f) + (uint8_t)(x >> 9) + (int16_t)x;
}

int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

uint64_t big(uint64_t x) {
  return (x ^ 0x123456789abcdef0u) & 0xff00ff00ff00ff00u;
}

int atomic(int *p) {
  return __atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST)
    + __atomic_exchange_n(p, 5, __ATOMIC_ACQ_REL)
    + __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

void copy(char *to, const char *from) { while ((*to++ = *from++)) {} }

int (*function)(int) = fib;
int call(int a) { return function(a) + function(a + 1); }

int main(void) {
  node *list = 0;
  for (int i = 1; i < 9; i++) insert(&list, (uint32_t)i);
  copy(buffer, name(1));
  return (int)sum((int *)buffer, 9) + cases(counter, 2)
    + (int)crc((uint8_t *)buffer, 20);
}
