// SPDX-License-Identifier: MIT
//
// The heap: a list that is built, sorted and freed, and a look at how first
// fit reuses what came back.

#include "tinyvmm.h"

typedef struct node {
  struct node *next;
  unsigned value;
} node;

static node *insert(node *list, unsigned value) {
  node **link = &list;
  while (*link != NULL && (*link)->value < value) link = &(*link)->next;
  node *n = malloc(sizeof *n);
  if (n == NULL) abort();
  *n = (node){*link, value};
  *link = n;
  return list;
}

static void drop(node *list) {
  while (list != NULL) {
    node *next = list->next;
    free(list);
    list = next;
  }
}

// The largest block that malloc gives, to the kilobyte.
static size_t largest(void) {
  size_t low = 0, high = (size_t)1 << 30;
  while (high - low > 1024) {
    size_t size = low + (high - low) / 2;
    void *block = malloc(size);
    if (block != NULL) low = size;
    else high = size;
    free(block);
  }
  return low / 1024;
}

int main(void) {
  size_t before = largest();
  node *list = NULL;
  for (unsigned i = 0, value = 1; i < 8; i++, value = value * 7 % 11)
    list = insert(list, value);
  for (node *n = list; n != NULL; n = n->next)
    printf("%u%s", n->value, n->next != NULL ? " " : "\n");
  drop(list);

  char *a = malloc(1000), *b = malloc(1000);
  free(a);
  char *c = malloc(500);
  printf("a freed block is used again: %s\n", a == c ? "yes" : "no");
  c = realloc(c, 5000);
  printf("aligned to 16: %s\n", (uintptr_t)c % 16 == 0 ? "yes" : "no");
  free(b);
  free(c);
  printf("too much: %p\n", malloc((size_t)1 << 40));
  printf("all of it came back: %s\n", largest() == before ? "yes" : "no");
  return 0;
}
