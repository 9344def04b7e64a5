// SPDX-License-Identifier: MIT
//
// Dirty logs: the list of pages, CLEAN in the store map, and the callers'
// functions. A backend that has the guest's stores done elsewhere than here
// adds what it knows when the log is taken (backend.h: log, dirty).

#include "core/dirty.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"

enum { PAGE_GRANULES = TV_DIRTY_PAGE >> MEM_GRANULE_SHIFT };

static uint64_t pages_of(const struct region *r) {
  return r->size / TV_DIRTY_PAGE;
}

// ------------------------------------------------------------- store map --

static bool is_clean(const struct region *r, uint64_t page) {
  return page < pages_of(r) &&
         r->store_map[page * PAGE_GRANULES] & STORE_CLEAN;
}

// Eight granules at a time, all of these pages alike.
static void mark(struct region *r, uint64_t page, uint64_t count, bool clean) {
  const uint64_t all = UINT64_C(0x0101010101010101) * STORE_CLEAN;
  uint8_t *granule = r->store_map + page * PAGE_GRANULES;
  for (uint64_t eight, k = count * PAGE_GRANULES; k; k -= 8, granule += 8) {
    memcpy(&eight, granule, 8);
    eight = clean ? eight | all : eight & ~all;
    memcpy(granule, &eight, 8);
  }
}

// The last granule of a page stands for the next page as well.
static void mark_last(struct region *r, uint64_t page) {
  uint8_t *last = r->store_map + page * PAGE_GRANULES + PAGE_GRANULES - 1;
  if (is_clean(r, page) || is_clean(r, page + 1)) *last |= STORE_CLEAN;
  else *last &= (uint8_t)~STORE_CLEAN;
}

static void mark_page(struct region *r, uint64_t page, bool clean) {
  mark(r, page, 1, clean);
  mark_last(r, page);
  if (page) mark_last(r, page - 1);
}

// -------------------------------------------------------------- the list --

void dirty_add(struct region *r, uint64_t off, uint64_t len) {
  struct dirty *log = r->log;
  if (!log) return;
  uint64_t page = off / TV_DIRTY_PAGE;
  uint64_t end = (off + len - 1) / TV_DIRTY_PAGE + 1;
  pthread_mutex_lock(&log->lock);
  for (; page < end; page++) {
    if (!is_clean(r, page)) continue;
    log->page[log->count++] = page;
    mark_page(r, page, false);
  }
  pthread_mutex_unlock(&log->lock);
}

// Begins anew.
static void clean(struct region *r) {
  struct dirty *log = r->log;
  for (uint64_t k = 0; k < log->count; k++) mark_page(r, log->page[k], true);
  log->count = 0;
}

static tv_status begin(struct region *r, tv_error *err) {
  size_t size = sizeof *r->log + pages_of(r) * sizeof *r->log->page;
  struct dirty *log = alloc_map(size);
  if (!log)
    return err_os(err, TV_E_NO_MEMORY, errno, "no host memory for the log of "
                  "0x%" PRIx64 " pages", pages_of(r));
  pthread_mutex_init(&log->lock, NULL);
  log->size = size;
  r->log = log;
  mark(r, 0, pages_of(r), true);
  return TV_OK;
}

void dirty_free(struct region *r) {
  struct dirty *log = r->log;
  if (!log) return;
  pthread_mutex_destroy(&log->lock);
  alloc_unmap(log, log->size);
  r->log = NULL;
}

static void end(struct region *r) {
  dirty_free(r);
  mark(r, 0, pages_of(r), false);
}

// ------------------------------------------------------------------ doors --

// The backend adds what it knows, and watches these pages again.
static tv_status collect(tv_vm *vm, struct region *r, tv_error *err) {
  return vm->backend->dirty ? vm->backend->dirty(vm, r, err) : TV_OK;
}

static tv_status turn_on(tv_vm *vm, struct region *r, tv_error *err) {
  bool had = r->log;
  tv_status s = had ? collect(vm, r, err) : begin(r, err);
  if (s) return s;
  if (had) clean(r);
  else s = vm->backend->log(vm, r, err);
  if (s) end(r);
  return s;
}

static tv_status turn_off(tv_vm *vm, struct region *r, tv_error *err) {
  struct dirty *log = r->log;
  if (!log) return TV_OK;
  r->log = NULL;
  tv_status s = vm->backend->log(vm, r, err);
  r->log = log;
  if (!s) end(r);
  return s;
}

tv_status tv_mem_log(tv_vm *vm, uint64_t gpa, bool on, tv_error *err) {
  assert(vm);
  struct region *r = NULL;
  tv_status s = vm_check_idle(vm, "log memory", err);
  if (!s) s = mem_based(vm, gpa, &r, err);
  if (s) return s;
  if (!vm->backend->log)
    return err_set(err, TV_E_UNSUPPORTED, gpa, "the backend %s cannot log "
                   "written pages", vm->backend->name);
  return on ? turn_on(vm, r, err) : turn_off(vm, r, err);
}

tv_status tv_mem_dirty(tv_vm *vm, uint64_t gpa, uint64_t *map, size_t words,
                       tv_error *err) {
  assert(vm && (map || !words));
  struct region *r = NULL;
  tv_status s = vm_check_idle(vm, "take a log", err);
  if (!s) s = mem_based(vm, gpa, &r, err);
  if (s) return s;
  if (!r->log)
    return err_set(err, TV_E_STATE, gpa, "the memory at 0x%" PRIx64 " is not "
                   "logged; call tv_mem_log first", gpa);
  uint64_t need = (pages_of(r) + 63) / 64;
  if (words < need)
    return err_set(err, TV_E_INVALID, gpa, "a map of %zu words is too small "
                   "for the 0x%" PRIx64 " pages at 0x%" PRIx64 "; %" PRIu64
                   " are needed", words, pages_of(r), gpa, need);
  s = collect(vm, r, err);
  if (s) return s;
  memset(map, 0, need * sizeof *map);
  for (uint64_t k = 0; k < r->log->count; k++) {
    uint64_t page = r->log->page[k];
    map[page / 64] |= UINT64_C(1) << page % 64;
  }
  clean(r);
  return TV_OK;
}
