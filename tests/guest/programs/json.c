// SPDX-License-Identifier: MIT
//
// JSON read into a tree and printed again: objects, arrays, strings with
// escapes, numbers; printing what was printed changes nothing.

#include "number.h"

typedef enum kind { NUL, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT } kind;
typedef struct node {
  kind kind;
  double number;
  const char *text;        // of a string
  const char *name;        // in an object
  struct node *first, *next;
} node;

enum { NODES = 4000, TEXT = 60000 };
static node pool[NODES];
static char strings[TEXT], source[TEXT], printed[TEXT], again[TEXT];
static int nodes, used, at;

static node *make(kind k) {
  node *n = &pool[nodes < NODES - 1 ? nodes++ : nodes];
  memset(n, 0, sizeof *n);
  n->kind = k;
  return n;
}

static void blanks(const char **p) {
  while (**p == ' ' || **p == '\n' || **p == '\t' || **p == '\r') ++*p;
}

static unsigned hex(const char *p) {
  unsigned v = 0;
  for (int i = 0; i < 4; i++)
    v = v * 16 + (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 32) - 'a' + 10);
  return v;
}

static void add_utf8(unsigned c) {
  if (c < 0x80) {
    strings[used++] = (char)c;
  } else if (c < 0x800) {
    strings[used++] = (char)(0xc0 | c >> 6);
    strings[used++] = (char)(0x80 | (c & 63));
  } else {
    strings[used++] = (char)(0xe0 | c >> 12);
    strings[used++] = (char)(0x80 | (c >> 6 & 63));
    strings[used++] = (char)(0x80 | (c & 63));
  }
}

static const char *read_string(const char **p) {
  const char *start = strings + used;
  for (++*p; **p != '"' && **p; ++*p) {
    static const char plain[] = "\"\\/bfnrt", real[] = "\"\\/\b\f\n\r\t";
    if (**p != '\\') {
      strings[used++] = **p;
      continue;
    }
    ++*p;
    for (int i = 0; plain[i]; i++)
      if (plain[i] == **p) strings[used++] = real[i];
    if (**p == 'u') {
      add_utf8(hex(*p + 1));
      *p += 4;
    }
  }
  *p += **p == '"';
  strings[used++] = 0;
  return start;
}

static node *read_value(const char **p);

static node *read_list(const char **p, kind k, char close) {
  node *list = make(k), **end = &list->first;
  ++*p;
  blanks(p);
  while (**p && **p != close) {
    const char *name = NULL;
    if (k == OBJECT) {
      name = read_string(p);
      blanks(p);
      ++*p;
    }
    *end = read_value(p);
    (*end)->name = name;
    end = &(*end)->next;
    blanks(p);
    if (**p == ',') ++*p;
    blanks(p);
  }
  *p += **p == close;
  return list;
}

static node *read_value(const char **p) {
  blanks(p);
  if (**p == '{') return read_list(p, OBJECT, '}');
  if (**p == '[') return read_list(p, ARRAY, ']');
  if (**p == '"') {
    node *n = make(STRING);
    n->text = read_string(p);
    return n;
  }
  kind word = **p == 't' ? TRUE : **p == 'f' ? FALSE : NUL;
  if (word != NUL || **p == 'n') {
    *p += word == FALSE ? 5 : 4;
    return make(word);
  }
  node *n = make(NUMBER);
  n->number = number_read(*p, p);
  return n;
}

static void put(char *to, const char *text) {
  while (*text) to[at++] = *text++;
  to[at] = 0;
}

static void put_string(char *to, const char *text) {
  put(to, "\"");
  for (; *text; text++) {
    char pair[3] = { '\\', *text, 0 };
    if (*text == '\n') pair[1] = 'n';
    else if (*text == '\t') pair[1] = 't';
    else if (*text != '"' && *text != '\\') {
      pair[0] = *text;
      pair[1] = 0;
    }
    put(to, pair);
  }
  put(to, "\"");
}

static void put_value(char *to, const node *n) {
  static const char *const word[] = { "null", "false", "true" };
  char number[32];
  if (n->kind <= TRUE) put(to, word[n->kind]);
  else if (n->kind == STRING) put_string(to, n->text);
  else if (n->kind == NUMBER) {
    number_print(n->number, number);
    put(to, number);
  } else {
    put(to, n->kind == ARRAY ? "[" : "{");
    for (const node *e = n->first; e; e = e->next) {
      if (e->name) {
        put_string(to, e->name);
        put(to, ":");
      }
      put_value(to, e);
      if (e->next) put(to, ",");
    }
    put(to, n->kind == ARRAY ? "]" : "}");
  }
}

// A document that uses everything.
static void make_source(void) {
  static const char *const piece[] = {
    "{\"id\": ", ", \"name\": \"caf\\u00e9 \\\"x\\\"\\n\", \"tags\": [",
    "true, false, null", "], \"at\": {\"x\": -", ".5e-3, \"y\": [ ] } }" };
  uint64_t seed = 50;
  at = 0;
  put(source, "[ ");
  for (int i = 0; i < 40; i++) {
    for (int k = 0; k < 5; k++) {
      char number[24];
      uint64_t r = next_random(&seed) >> (k * 8 + 8);
      int n = 23;
      number[n] = 0;
      do number[--n] = (char)('0' + r % 10);
      while (r /= 10);
      put(source, piece[k]);
      if (k == 0 || k == 3) put(source, number + n);
    }
    put(source, i < 39 ? ",\n  " : "\n]");
  }
}

int main(void) {
  make_source();
  const char *p = source;
  at = 0;
  put_value(printed, read_value(&p));
  printf("%d nodes, %d bytes, digest %lx\n%.300s\n", nodes, at,
         (unsigned long)digest(printed, (size_t)at), printed);
  p = printed;
  at = used = nodes = 0;
  put_value(again, read_value(&p));
  printf("%s\n", memcmp(printed, again, (size_t)at + 1) ? "changed" : "same");
  return 0;
}
