// SPDX-License-Identifier: MIT
//
// The guest-physical map: regions in address order, and the store map.
//
// A RAM or ROM region that we allocate is ONE host mapping
//
//     [ store map | pad to page | RAM ]      committed on first touch
//
// The store map has one byte per 256-byte granule of the region. 0 means "a
// store needs nothing more"; any bit sends it to the cold path. A flag is
// also set on the preceding granule, so that testing the granule of an
// access's lowest byte covers an access of up to 256 bytes. (The caller's
// own memory gets a separate store map.)
//
// Every writer that is not a guest store through the fast path (API, loaders,
// DC ZVA, cold stores) goes through mem_wrote. dirty.h says what becomes of
// that.

#ifndef CORE_MEM_H
#define CORE_MEM_H

#include "tinyvmm.h"

enum { MEM_GRANULE_SHIFT = 8, MEM_GRANULE = 1 << MEM_GRANULE_SHIFT };

// Bits of a store-map byte, for this granule or the next one. CODE:
// predecoded instructions exist. CLEAN: its page is logged and not yet dirty
// (core/dirty.h).
enum { STORE_CODE = 1, STORE_CLEAN = 2 };

struct dirty;

struct region {
  uint64_t base, size;
  uint64_t id;
  tv_mem_kind kind;
  unsigned prot;
  uint8_t *host;        // NULL for MMIO and DEVICE
  uint8_t *store_map;   // size / 256 bytes (rounded up); or NULL as well
  void *mapping;        // what to unmap, and its size
  size_t mapping_size;
  struct dirty *log;    // of written pages, NULL: none
};

// No memory: accesses leave the guest, or are the VM's own affair.
static inline bool mem_is_io(const struct region *r) {
  return r->kind == TV_MEM_MMIO || r->kind == TV_MEM_DEVICE;
}

struct mem {
  struct region **region;   // sorted by base, disjoint
  size_t count, capacity;
  uint64_t next_id;
};

// The region that holds gpa, or NULL.
struct region *mem_at(const tv_vm *, uint64_t gpa);

// The region that holds all of [gpa, gpa + size), or NULL.
struct region *mem_range(const tv_vm *, uint64_t gpa, uint64_t size);

// Memory [off, off+len) of the region was changed by someone else than the
// fast path: logs it, and tells the backend where CODE is set.
void mem_wrote(tv_vm *, struct region *, uint64_t off, uint64_t len);

// Before memory [off, off+len) of the region is read for the host; or written,
// since a cache line may hold more than that.
void mem_look(tv_vm *, const struct region *, uint64_t off, uint64_t len);

// Sets CODE for the granule that holds `off` (and the one before).
void mem_mark_code(struct region *, uint64_t off);

// For a backend's map: refuses a region that ends beyond addresses of `bits`
// bits, or at or above `own`, where what the backend keeps for itself begins.
tv_status mem_check_place(const tv_vm *, const struct region *, unsigned bits,
                          uint64_t own, tv_error *);

// A region of kind DEVICE, which neither backend->map nor unmap hear of.
tv_status mem_device(tv_vm *, uint64_t gpa, uint64_t size, tv_error *);

void mem_free_all(tv_vm *);

#endif
