// SPDX-License-Identifier: MIT
//
// The integer workload: what small embedded programs do, in equal parts.
// Sorting, sieving, checksums, matrices, lists, a tokeniser with a hash table
// and a bytecode loop. The same file is compiled for the host and for the
// guest; both must come to the same checksum.
//
// Every part starts from the checksum so far and returns a new one. The data
// of a round repeats with every other: the host's branch predictors learn it,
// as they learn a benchmark, so that native code runs near its best.

#include "work.h"

enum { BYTES = 2048, SIEVE = 8192, NUMBERS = 640, SIDE = 22, NODES = 320,
       TEXT = 2600, SLOTS = 64, WORDS = 256, STEPS = 2600 };

static uint32_t next(uint32_t *seed) {
  uint32_t x = *seed | 1;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *seed = x;
}

static uint32_t mix(uint32_t sum, uint32_t v) {
  return (sum << 5 | sum >> 27) ^ v * 0x9e3779b1u;
}

// CRC-32 by table, and CRC-16 bit by bit over a part.
static uint32_t checksums(uint32_t seed) {
  static uint32_t table[256];
  static uint8_t bytes[BYTES];
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
    table[i] = c;
  }
  for (int i = 0; i < BYTES; i++) bytes[i] = (uint8_t)(next(&seed) >> 11);
  uint32_t crc = ~0u;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < BYTES; i++)
      crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
  uint16_t small = 0;
  for (int i = 0; i < BYTES / 16; i++) {
    uint16_t in = bytes[i];
    for (int k = 0; k < 8; k++, in >>= 1) {
      bool carry = (in ^ small) & 1;
      small >>= 1;
      if (carry) small ^= 0xa001;
    }
  }
  return mix(crc, small);
}

static uint32_t sieve(uint32_t seed) {
  static uint8_t composite[SIEVE];
  uint32_t count = 0, limit = SIEVE - (seed & 7);
  for (uint32_t i = 2; i < limit; i++) composite[i] = 0;
  for (uint32_t i = 2; i < limit; i++) {
    if (composite[i]) continue;
    count++;
    for (uint32_t k = i * i; k < limit; k += i) composite[k] = 1;
  }
  return mix(seed, count);
}

static void quicksort(int32_t *v, int n) {
  while (n > 8) {
    int32_t pivot = v[n / 2];
    int i = 0, j = n - 1;
    for (;; i++, j--) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i >= j) break;
      int32_t t = v[i];
      v[i] = v[j];
      v[j] = t;
    }
    quicksort(v, i);
    v += i;
    n -= i;
  }
  for (int i = 1; i < n; i++) {
    int32_t t = v[i];
    int j = i;
    for (; j > 0 && v[j - 1] > t; j--) v[j] = v[j - 1];
    v[j] = t;
  }
}

static uint32_t sorting(uint32_t seed) {
  static int32_t v[NUMBERS];
  for (int i = 0; i < NUMBERS; i++) v[i] = (int32_t)next(&seed) >> 8;
  quicksort(v, NUMBERS);
  uint32_t sum = seed;
  for (int i = 0; i < NUMBERS; i += 7) sum = mix(sum, (uint32_t)v[i]);
  return sum;
}

// c = a * b on 16-bit elements; then row sums of its middle bits.
static uint32_t matrices(uint32_t seed) {
  static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
  static int32_t c[SIDE][SIDE];
  for (int i = 0; i < SIDE; i++) {
    for (int k = 0; k < SIDE; k++) {
      uint32_t r = next(&seed);
      a[i][k] = (int16_t)r;
      b[k][i] = (int16_t)(r >> 16);
    }
  }
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      int32_t sum = 0;
      for (int k = 0; k < SIDE; k++)
        sum += ((int32_t)a[i][k] * b[k][j]) >> 6;
      c[i][j] = sum;
    }
  }
  uint32_t total = seed;
  for (int i = 0; i < SIDE; i++) {
    int32_t row = 0;
    for (int j = 0; j < SIDE; j++)
      row += c[i][j] > row ? 10 : c[i][j] >> 5 & 0x7f;
    total = mix(total, (uint32_t)row);
  }
  return total;
}

struct node {
  struct node *next;
  int32_t key;
  uint32_t value;
};

static struct node *merge(struct node *a, struct node *b) {
  struct node *head = 0, **end = &head;
  while (a && b) {
    struct node **from = a->key <= b->key ? &a : &b;
    *end = *from;
    *from = (*from)->next;
    end = &(*end)->next;
  }
  *end = a ? a : b;
  return head;
}

static struct node *sort_list(struct node *list, int n) {
  if (n < 2) return list;
  struct node *last = list;
  for (int i = 1; i < n / 2; i++) last = last->next;
  struct node *rest = last->next;
  last->next = 0;
  list = sort_list(list, n / 2);
  return merge(list, sort_list(rest, n - n / 2));
}

static struct node *reverse(struct node *list) {
  struct node *done = 0;
  while (list) {
    struct node *rest = list->next;
    list->next = done;
    done = list;
    list = rest;
  }
  return done;
}

static uint32_t lists(uint32_t seed) {
  static struct node pool[NODES];
  struct node *list = 0;
  for (int i = 0; i < NODES; i++) {
    uint32_t r = next(&seed);
    pool[i] = (struct node){ list, (int32_t)(r % 1000), r };
    list = &pool[i];
  }
  list = sort_list(list, NODES);
  uint32_t sum = seed;
  for (int i = 0; i < 48; i++) {
    int32_t key = (int32_t)(next(&seed) % 1000);
    list = reverse(list);
    struct node *at = list;
    while (at && at->key != key) at = at->next;
    sum = mix(sum, at ? at->value : (uint32_t)key);
  }
  return sum;
}

// Text of names, numbers and signs.
static void write_text(char *text, uint32_t *seed) {
  for (int i = 0; i < TEXT; i++) {
    uint32_t r = next(seed) >> 7, kind = r & 15;
    r >>= 4;
    if (kind < 8) text[i] = (char)('a' + r % 6);
    else if (kind < 11) text[i] = (char)('0' + r % 10);
    else if (kind < 14) text[i] = ' ';
    else text[i] = "+-.,"[r & 3];
  }
  text[TEXT - 1] = 0;
}

struct word {
  struct word *next;
  const char *text;
  uint32_t size, hash, count;
};

static bool same(const char *a, const char *b, uint32_t size) {
  while (size && *a == *b) a++, b++, size--;
  return !size;
}

struct dictionary {
  struct word *slot[SLOTS];
  struct word pool[WORDS];
  int used;
};

static uint32_t count_word(struct dictionary *d, const char *text,
                           uint32_t size) {
  uint32_t hash = 0x811c9dc5u;
  for (uint32_t i = 0; i < size; i++)
    hash = (hash ^ (uint8_t)text[i]) * 0x01000193u;
  struct word **at = &d->slot[hash % SLOTS];
  for (; *at; at = &(*at)->next)
    if ((*at)->hash == hash && (*at)->size == size &&
        same((*at)->text, text, size))
      return ++(*at)->count;
  if (d->used == WORDS) return hash;
  *at = &d->pool[d->used++];
  **at = (struct word){ 0, text, size, hash, 1 };
  return 1;
}

enum state { START, NAME, NUMBER, FRACTION, SIGN, BAD };

static enum state step(enum state s, char c) {
  bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'z';
  switch (s) {
    case START:
      if (letter) return NAME;
      if (digit) return NUMBER;
      return c == '+' || c == '-' ? SIGN : START;
    case NAME: return letter || digit ? NAME : START;
    case NUMBER:
      if (c == '.') return FRACTION;
      return digit ? NUMBER : letter ? BAD : START;
    case FRACTION: return digit ? FRACTION : letter ? BAD : START;
    case SIGN: return digit ? NUMBER : letter ? NAME : START;
    default: return c == ' ' || c == ',' ? START : BAD;
  }
}

static uint32_t tokens(uint32_t seed) {
  static char text[TEXT];
  static struct dictionary d;
  write_text(text, &seed);
  for (int i = 0; i < SLOTS; i++) d.slot[i] = 0;
  d.used = 0;
  uint32_t sum = seed, entered[BAD + 1] = { 0 };
  enum state s = START;
  const char *start = text;
  for (const char *p = text; *p; p++) {
    enum state to = step(s, *p);
    if (to == s) continue;
    entered[to]++;
    if (s == NAME) sum = mix(sum, count_word(&d, start, (uint32_t)(p - start)));
    start = p;
    s = to;
  }
  for (int i = 0; i <= BAD; i++) sum = mix(sum, entered[i]);
  return sum;
}

// A stack machine whose program is made of the seed.
static uint32_t bytecode(uint32_t seed) {
  static uint8_t code[256];
  uint64_t stack[16] = { seed, seed >> 3, 1 };
  unsigned top = 2, pc = 0;
  for (int i = 0; i < 256; i++) code[i] = (uint8_t)(next(&seed) >> 9);
  for (int n = 0; n < STEPS; n++) {
    uint8_t op = code[pc++ & 255];
    uint64_t *t = &stack[top & 15], below = stack[(top - 1) & 15];
    switch (op & 15) {
      case 0: top++; stack[top & 15] = op >> 4; break;
      case 1: *t += below; break;
      case 2: *t -= below; break;
      case 3: *t *= below | 1; break;
      case 4: *t ^= below; break;
      case 5: *t = *t << (op >> 4) | *t >> (64 - (op >> 4 | 1)); break;
      case 6: top--; break;
      case 7: if (*t & 1) pc += op >> 4; break;
      case 8: *t = ~*t; break;
      case 9: stack[(top - 1) & 15] = *t; *t = below; break;
      case 10: *t = *t < below; break;
      case 11: *t /= (below & 0xff) + 1; break;
      case 12: top++; stack[top & 15] = *t; break;
      case 13: *t += stack[op >> 4]; break;
      case 14: stack[op >> 4] ^= *t; break;
      default: *t = (uint32_t)*t * 0x10001ull; break;
    }
  }
  uint32_t sum = seed;
  for (int i = 0; i < 16; i++)
    sum = mix(sum, (uint32_t)(stack[i] ^ stack[i] >> 32));
  return sum;
}

uint32_t work_run(uint32_t rounds) {
  uint32_t total = 0;
  while (rounds--) {
    uint32_t sum = checksums(rounds & 1);
    sum = sieve(sum);
    sum = sorting(sum);
    sum = matrices(sum);
    sum = lists(sum);
    sum = tokens(sum);
    total = mix(total, bytecode(sum));
  }
  return total;
}
