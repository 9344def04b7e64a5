// SPDX-License-Identifier: MIT
//
// The guest-physical map: a sorted array of regions, found by bisection, and
// what the host does with their memory. Everything is checked before anything
// changes; backends hear of a region while it is entered.

#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "core/dirty.h"

// The architecture's largest physical address has 52 bits (Arm ARM D8.1.8);
// backends refuse what is beyond their own.
#define PHYSICAL_END (UINT64_C(1) << 52)

enum { PROT_ALL = TV_READ | TV_WRITE | TV_EXEC };

// Where the CPU is the host's, the memory's addresses are there as they are in
// the guest, in these low bits: those by which a VIPT instruction cache finds
// its lines (kvm_map.c); and, for regions that have one, those within a large
// page, which KVM can then map as one.
enum { ALIKE = 65536, ALIKE_LARGE = 2 << 20 };

// --------------------------------------------------------------- finding --

// The number of regions based at or below gpa.
static size_t below(const struct mem *mem, uint64_t gpa) {
  size_t lo = 0, hi = mem->count;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (mem->region[mid]->base <= gpa) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

struct region *mem_at(const tv_vm *vm, uint64_t gpa) {
  size_t n = below(&vm->mem, gpa);
  if (!n) return NULL;
  struct region *r = vm->mem.region[n - 1];
  return gpa - r->base < r->size ? r : NULL;
}

struct region *mem_range(const tv_vm *vm, uint64_t gpa, uint64_t size) {
  struct region *r = mem_at(vm, gpa);
  return r && size <= r->size - (gpa - r->base) ? r : NULL;
}

static uint64_t last(const struct region *r) {
  return r->base + (r->size - 1);
}

static const char *kind_name(const struct region *r) {
  return r->kind == TV_MEM_RAM ? "RAM" :
         r->kind == TV_MEM_ROM ? "ROM" :
         r->kind == TV_MEM_MMIO ? "MMIO" : "GIC";
}

// -------------------------------------------------------------- mapping --

static tv_status check_aligned(const tv_vm *vm, const char *what,
                               uint64_t value, tv_error *err) {
  uint64_t rest = value & (vm->granule - 1), low = value - rest;
  if (!rest) return TV_OK;
  return err_set(err, TV_E_ALIGNMENT, value, "%s 0x%" PRIx64 " is not a "
                 "multiple of the granule 0x%x (%u KiB); the nearest are "
                 "0x%" PRIx64 " and 0x%" PRIx64, what, value, vm->granule,
                 vm->granule / 1024, low, low + vm->granule);
}

static tv_status check_free(const tv_vm *vm, const struct region *want,
                            tv_error *err) {
  size_t n = below(&vm->mem, last(want));
  if (!n || last(vm->mem.region[n - 1]) < want->base) return TV_OK;
  const struct region *there = vm->mem.region[n - 1];
  uint64_t at = want->base > there->base ? want->base : there->base;
  return err_set(err, TV_E_OVERLAP, at, "%s 0x%" PRIx64 "..0x%" PRIx64
                 " overlaps the %s mapped at 0x%" PRIx64 "..0x%" PRIx64,
                 kind_name(want), want->base, last(want), kind_name(there),
                 there->base, last(there));
}

static tv_status check_place(const tv_vm *vm, const struct region *want,
                             tv_error *err) {
  uint64_t base = want->base, size = want->size;
  if (!size)
    return err_set(err, TV_E_INVALID, base, "the size of the region at 0x%"
                   PRIx64 " is 0", base);
  if (base > PHYSICAL_END || size > PHYSICAL_END - base)
    return err_set(err, TV_E_RANGE, base, "0x%" PRIx64 " bytes at 0x%" PRIx64
                   " end beyond the 52-bit physical address space", size,
                   base);
  tv_status s = check_aligned(vm, "base", base, err);
  if (!s) s = check_aligned(vm, "size", size, err);
  if (!s) s = check_free(vm, want, err);
  return s;
}

tv_status mem_check_place(const tv_vm *vm, const struct region *region,
                          unsigned bits, uint64_t own, tv_error *err) {
  uint64_t end = last(region);
  if (end >> bits)
    return err_set(err, TV_E_LIMIT, region->base, "the region ends at 0x%"
                   PRIx64 ", but guest-physical addresses have %u bits here",
                   end, bits);
  if (end < own) return TV_OK;
  return err_set(err, TV_E_OVERLAP, own, "the region ends at 0x%" PRIx64
                 ", but the backend %s keeps what begins at 0x%" PRIx64
                 " for itself", end, vm->backend->name, own);
}

static tv_status check_prot(unsigned prot, tv_error *err) {
  if (!(prot & ~(unsigned)PROT_ALL)) return TV_OK;
  return err_set(err, TV_E_INVALID, 0, "protection 0x%x has bits besides "
                 "TV_READ, TV_WRITE and TV_EXEC", prot);
}

static void release(struct region *r) {
  dirty_free(r);
  alloc_unmap(r->mapping, r->mapping_size);
  alloc_free(r);
}

// One mapping holds the store map and, unless the caller brings his own, the
// memory behind it.
static tv_status acquire(const tv_vm *vm, struct region *r, void *host,
                         tv_error *err) {
  size_t page = os_page_size();
  size_t map = (r->size + MEM_GRANULE - 1) >> MEM_GRANULE_SHIFT;
  map = (map + page - 1) & ~(page - 1);
  size_t alike = vm->backend->exact ? 1 :
                 r->size < ALIKE_LARGE ? ALIKE : ALIKE_LARGE;
  size_t size = host ? map : map + r->size + (alike - 1);
  r->mapping = alloc_map(size);
  if (!r->mapping)
    return err_os(err, TV_E_NO_MEMORY, errno, "no host memory for 0x%" PRIx64
                  " bytes at 0x%" PRIx64, r->size, r->base);
  r->mapping_size = size;
  r->store_map = r->mapping;
  uint8_t *own = r->store_map + map;
  r->host = host ? host : own + ((r->base - (uintptr_t)own) & (alike - 1));
  return TV_OK;
}

static void insert(struct mem *mem, struct region *r) {
  size_t n = below(mem, r->base);
  memmove(mem->region + n + 1, mem->region + n,
          (mem->count++ - n) * sizeof *mem->region);
  mem->region[n] = r;
}

static void take_out(struct mem *mem, size_t n) {
  memmove(mem->region + n, mem->region + n + 1,
          (--mem->count - n) * sizeof *mem->region);
}

// Enters a region like `want`, which has passed its checks but for the place.
static tv_status add(tv_vm *vm, const struct region *want, void *host,
                     tv_error *err) {
  struct mem *mem = &vm->mem;
  struct region *r = NULL;
  tv_status s = vm_check_idle(vm, "map memory", err);
  if (s) return s;
  s = check_place(vm, want, err);
  if (s) return s;

  r = alloc_new(sizeof *r);
  if (!r || !alloc_grow(&mem->region, &mem->capacity, mem->count + 1,
                        sizeof *mem->region)) {
    s = err_set(err, TV_E_NO_MEMORY, want->base, "no host memory for one "
                "more region (the VM has %zu)", mem->count);
    goto out;
  }
  *r = *want;
  if (!mem_is_io(r)) {
    s = acquire(vm, r, host, err);
    if (s) goto out;
  }
  r->id = ++mem->next_id;
  insert(mem, r);
  if (r->kind != TV_MEM_DEVICE) s = vm->backend->map(vm, r, err);
  if (s) {
    take_out(mem, below(mem, r->base) - 1);
    goto out;
  }
  return TV_OK;

out:
  if (r) release(r);
  return s;
}

tv_status tv_mem_ram(tv_vm *vm, uint64_t gpa, uint64_t size, unsigned prot,
                     void *host, tv_error *err) {
  assert(vm);
  struct region want = { .base = gpa, .size = size, .prot = prot,
    .kind = prot & TV_WRITE ? TV_MEM_RAM : TV_MEM_ROM };
  tv_status s = check_prot(prot, err);
  if (s) return s;
  if (size > UINTPTR_MAX - (uintptr_t)host)
    return err_set(err, TV_E_INVALID, gpa, "0x%" PRIx64 " bytes at host "
                   "address %p go around the end of the address space", size,
                   host);
  return add(vm, &want, host, err);
}

tv_status tv_mem_mmio(tv_vm *vm, uint64_t gpa, uint64_t size,
                      tv_error *err) {
  assert(vm);
  struct region want = { .base = gpa, .size = size, .kind = TV_MEM_MMIO,
    .prot = TV_READ | TV_WRITE };
  return add(vm, &want, NULL, err);
}

tv_status mem_device(tv_vm *vm, uint64_t gpa, uint64_t size, tv_error *err) {
  struct region want = { .base = gpa, .size = size, .kind = TV_MEM_DEVICE,
    .prot = TV_READ | TV_WRITE };
  return add(vm, &want, NULL, err);
}

static tv_status check_whole(const struct region *r, uint64_t gpa,
                             uint64_t end, tv_error *err) {
  if (r->kind == TV_MEM_DEVICE)
    return err_set(err, TV_E_STATE, r->base, "the GIC at 0x%" PRIx64
                   "..0x%" PRIx64 " belongs to the VM and cannot be unmapped",
                   r->base, last(r));
  if (r->base >= gpa && last(r) <= end) return TV_OK;
  return err_set(err, TV_E_RANGE, gpa, "0x%" PRIx64 "..0x%" PRIx64
                 " cuts the %s at 0x%" PRIx64 "..0x%" PRIx64
                 "; regions are unmapped whole", gpa, end, kind_name(r),
                 r->base, last(r));
}

// What is refused may still be in the guest's reach: the memory stays, and
// the guest does not run again.
static tv_status unmap_at(tv_vm *vm, size_t n, tv_error *err) {
  struct region *r = vm->mem.region[n];
  tv_error refusal;
  take_out(&vm->mem, n);
  tv_status s = vm->backend->unmap(vm, r, &refusal);
  if (!s) {
    release(r);
    return TV_OK;
  }
  insert(&vm->mem, r);
  vm->failure = refusal;
  if (err) *err = refusal;
  return s;
}

tv_status tv_mem_unmap(tv_vm *vm, uint64_t gpa, uint64_t size,
                       tv_error *err) {
  assert(vm);
  struct mem *mem = &vm->mem;
  tv_status s = vm_check_idle(vm, "unmap memory", err);
  if (s) return s;
  if (!size || size - 1 > UINT64_MAX - gpa)
    return err_set(err, TV_E_INVALID, gpa, "0x%" PRIx64 " bytes at 0x%"
                   PRIx64 " are no range of addresses", size, gpa);
  uint64_t end = gpa + (size - 1);
  size_t to = below(mem, end), from = to;
  while (from && last(mem->region[from - 1]) >= gpa) from--;
  if (from == to)
    return err_set(err, TV_E_RANGE, gpa, "nothing is mapped at 0x%" PRIx64
                   "..0x%" PRIx64, gpa, end);
  for (size_t i = from; !s && i < to; i++)
    s = check_whole(mem->region[i], gpa, end, err);
  while (!s && to-- > from) s = unmap_at(vm, to, err);
  return s;
}

tv_status mem_based(const tv_vm *vm, uint64_t gpa, struct region **out,
                    tv_error *err) {
  struct region *r = mem_at(vm, gpa);
  if (!r)
    return err_set(err, TV_E_RANGE, gpa, "nothing is mapped at 0x%" PRIx64,
                   gpa);
  if (r->base != gpa || mem_is_io(r))
    return err_set(err, TV_E_RANGE, gpa, "0x%" PRIx64 " is not the base of a "
                   "RAM or ROM region (it is in the %s at 0x%" PRIx64 "..0x%"
                   PRIx64 ")", gpa, kind_name(r), r->base, last(r));
  *out = r;
  return TV_OK;
}

tv_status tv_mem_protect(tv_vm *vm, uint64_t gpa, unsigned prot,
                         tv_error *err) {
  assert(vm);
  struct region *r = NULL;
  tv_status s = vm_check_idle(vm, "protect memory", err);
  if (!s) s = check_prot(prot, err);
  if (!s) s = mem_based(vm, gpa, &r, err);
  if (s) return s;
  unsigned old = r->prot;
  r->prot = prot;
  s = vm->backend->protect(vm, r, err);
  if (s) r->prot = old;
  return s;
}

// No guest is left that could reach what is refused.
void mem_free_all(tv_vm *vm) {
  struct mem *mem = &vm->mem;
  while (mem->count) {
    struct region *r = mem->region[--mem->count];
    if (r->kind != TV_MEM_DEVICE) vm->backend->unmap(vm, r, NULL);
    release(r);
  }
  alloc_free(mem->region);
  mem->region = NULL;
  mem->capacity = 0;
}

// --------------------------------------------------------------- asking --

static void describe(const struct region *r, tv_region *out) {
  *out = (tv_region){ .base = r->base, .size = r->size, .kind = r->kind,
    .prot = r->prot, .host = r->host, .id = r->id };
}

tv_status tv_mem_region(tv_vm *vm, size_t index, tv_region *out) {
  assert(vm && out);
  if (index >= vm->mem.count) return TV_E_RANGE;
  describe(vm->mem.region[index], out);
  return TV_OK;
}

tv_status tv_mem_find(tv_vm *vm, uint64_t gpa, tv_region *out) {
  assert(vm && out);
  const struct region *r = mem_at(vm, gpa);
  if (!r) return TV_E_RANGE;
  describe(r, out);
  return TV_OK;
}

// -------------------------------------------------------------- copying --

// The RAM or ROM region at gpa and how many of `size` bytes lie in it.
static struct region *piece(const tv_vm *vm, uint64_t gpa, size_t size,
                            size_t *n) {
  struct region *r = mem_at(vm, gpa);
  if (!r || !r->host) return NULL;
  uint64_t room = r->size - (gpa - r->base);
  *n = size < room ? size : (size_t)room;
  return r;
}

// Whether RAM and ROM cover the whole range.
static tv_status check_covered(const tv_vm *vm, uint64_t gpa, size_t size,
                               tv_error *err) {
  size_t n;
  for (uint64_t at = gpa, left = size; left; at += n, left -= n) {
    if (piece(vm, at, left, &n)) continue;
    const struct region *r = mem_at(vm, at);
    return err_set(err, TV_E_RANGE, at, "0x%zx bytes at 0x%" PRIx64
                   " are not all RAM or ROM: %s at 0x%" PRIx64, size, gpa,
                   !r ? "nothing is mapped" : r->kind == TV_MEM_MMIO ?
                   "there is MMIO" : "the GIC is", at);
  }
  return TV_OK;
}

tv_status tv_mem_read(tv_vm *vm, uint64_t gpa, void *to, size_t size,
                      tv_error *err) {
  assert(vm && (to || !size));
  const void *all = size ? tv_mem_host(vm, gpa, size) : NULL;
  if (all) {
    memmove(to, all, size);
    return TV_OK;
  }
  tv_status s = check_covered(vm, gpa, size, err);
  if (s) return s;
  uint8_t *p = to;
  for (size_t n; size; gpa += n, p += n, size -= n) {
    const struct region *r = piece(vm, gpa, size, &n);
    mem_look(vm, r, gpa - r->base, n);
    memmove(p, r->host + (gpa - r->base), n);
  }
  return TV_OK;
}

tv_status tv_mem_write(tv_vm *vm, uint64_t gpa, const void *from,
                       size_t size, tv_error *err) {
  assert(vm && (from || !size));
  tv_status s = check_covered(vm, gpa, size, err);
  if (s) return s;
  const uint8_t *p = from;
  for (size_t n; size; gpa += n, p += n, size -= n) {
    struct region *r = piece(vm, gpa, size, &n);
    mem_look(vm, r, gpa - r->base, n);
    memmove(r->host + (gpa - r->base), p, n);
    mem_wrote(vm, r, gpa - r->base, n);
  }
  return TV_OK;
}

void *tv_mem_host(tv_vm *vm, uint64_t gpa, uint64_t size) {
  assert(vm);
  const struct region *r = mem_range(vm, gpa, size);
  if (!r || !r->host) return NULL;
  mem_look(vm, r, gpa - r->base, size);
  return r->host + (gpa - r->base);
}

void mem_look(tv_vm *vm, const struct region *r, uint64_t off, uint64_t len) {
  if (vm->backend->look) vm->backend->look(vm, r, off, len);
}

// ------------------------------------------------------------- store map --

// The first granule in [g, end) that has CODE set (or clear): `end` if none.
// Eight at a time, since most maps are all zero and some are huge.
static uint64_t find_code(const uint8_t *map, uint64_t g, uint64_t end,
                          bool set) {
  const uint64_t all = UINT64_C(0x0101010101010101) * STORE_CODE;
  for (uint64_t eight; end - g >= 8; g += 8) {
    memcpy(&eight, map + g, 8);
    if ((eight & all) != (set ? 0 : all)) break;
  }
  while (g < end && !(map[g] & STORE_CODE) == set) g++;
  return g;
}

void mem_wrote(tv_vm *vm, struct region *r, uint64_t off, uint64_t len) {
  if (!len) return;
  if (r->log) dirty_add(r, off, len);
  if (vm->backend->every_write) {
    vm->backend->code_changed(vm, r, off, len);
    return;
  }
  uint64_t g = off >> MEM_GRANULE_SHIFT;
  uint64_t end = ((off + len - 1) >> MEM_GRANULE_SHIFT) + 1;
  while ((g = find_code(r->store_map, g, end, true)) < end) {
    uint64_t stop = find_code(r->store_map, g, end, false);
    uint64_t lo = g << MEM_GRANULE_SHIFT, hi = stop << MEM_GRANULE_SHIFT;
    if (lo < off) lo = off;
    if (hi > off + len) hi = off + len;
    vm->backend->code_changed(vm, r, lo, hi - lo);
    g = stop;
  }
}

void tv_mem_wrote(tv_vm *vm, uint64_t gpa, uint64_t size) {
  assert(vm);
  for (size_t n; size; gpa += n, size -= n) {
    struct region *r = piece(vm, gpa, size, &n);
    if (!r) return;
    mem_wrote(vm, r, gpa - r->base, n);
  }
}

void mem_mark_code(struct region *r, uint64_t off) {
  uint64_t g = off >> MEM_GRANULE_SHIFT;
  r->store_map[g] |= STORE_CODE;
  if (g) r->store_map[g - 1] |= STORE_CODE;
}
