// SPDX-License-Identifier: MIT
//
// Guest-physical memory as the framework's maps. What is not mapped there,
// MMIO first of all, leaves the guest as an abort. The framework's protections
// are ours, bit for bit, but for a region whose written pages are logged: none
// of its pages can be written until the first store to it has come to us.

#include "hvf/hvf.h"

#include <libkern/OSCacheControl.h>

#include "a64/esr.h"
#include "base/os.h"
#include "core/dirty.h"

_Static_assert((int)HV_MEMORY_READ == (int)TV_READ &&
               (int)HV_MEMORY_WRITE == (int)TV_WRITE &&
               (int)HV_MEMORY_EXEC == (int)TV_EXEC, "the same bits");

static tv_status check_page(const struct region *region, tv_error *err) {
  size_t page = os_page_size();
  if (!((uintptr_t)region->host & (page - 1))) return TV_OK;
  return err_set(err, TV_E_ALIGNMENT, region->base, "the host's memory at %p "
                 "must begin at a multiple of the host's page, %zu",
                 (void *)region->host, page);
}

tv_status hvf_map(tv_vm *vm, struct region *region, tv_error *err) {
  const struct hvf_vm *hvf = hvf_vm_of(vm);
  tv_status s = mem_check_place(vm, region, hvf->ipa_bits, hvf->trap, err);
  if (s || region->kind == TV_MEM_MMIO) return s;
  s = check_page(region, err);
  if (s) return s;
  hv_return_t r = hv_vm_map(region->host, region->base, region->size,
                            region->prot);
  return r ? hvf_refused(err, r, "hv_vm_map") : TV_OK;
}

tv_status hvf_unmap(tv_vm *vm, struct region *region, tv_error *err) {
  (void)vm;
  if (region->kind == TV_MEM_MMIO) return TV_OK;
  hv_return_t r = hv_vm_unmap(region->base, region->size);
  return r ? hvf_refused(err, r, "hv_vm_unmap") : TV_OK;
}

static tv_status protect(const struct region *region, uint64_t off,
                         uint64_t size, unsigned prot, tv_error *err) {
  hv_return_t r = hv_vm_protect(region->base + off, size, prot);
  return r ? hvf_refused(err, r, "hv_vm_protect") : TV_OK;
}

// What the guest may do before it has stored to a page.
static unsigned clean_prot(const struct region *region) {
  return region->prot & ~(region->log ? (unsigned)TV_WRITE : 0);
}

tv_status hvf_protect(tv_vm *vm, struct region *region, tv_error *err) {
  (void)vm;
  return protect(region, 0, region->size, clean_prot(region), err);
}

// --------------------------------------------------------------- the log --

// The framework's page that the k'th page of the list is in.
static uint64_t listed(const struct dirty *log, uint64_t k) {
  uint64_t off = log->page[k] * TV_DIRTY_PAGE;
  return off - off % HVF_GRANULE;
}

// All pages of the list are to be seen again; neighbours in it by one call.
tv_status hvf_dirty(tv_vm *vm, struct region *region, tv_error *err) {
  const struct dirty *log = region->log;
  tv_status s = TV_OK;
  (void)vm;
  for (uint64_t k = 0; !s && k < log->count; ) {
    uint64_t from = listed(log, k), to = from + HVF_GRANULE, at = from;
    while (at >= from && at <= to) {
      if (at == to) to += HVF_GRANULE;
      if (++k == log->count) break;
      at = listed(log, k);
    }
    s = protect(region, from, to - from, clean_prot(region), err);
  }
  return s;
}

// The CPU's own walk of the guest's tables writes, too: access and dirty flags
// (S1PTW, which tells not what it was for).
bool hvf_is_logged_store(const tv_vm *vm, uint64_t esr, uint64_t gpa) {
  const struct region *region = mem_at(vm, gpa);
  return region && region->log && region->prot & TV_WRITE &&
         (esr & 0x3c) == ESR_FSC_PERMISSION &&
         esr & (ESR_DABT_WNR | ESR_DABT_S1PTW);
}

tv_status hvf_logged_store(tv_vm *vm, uint64_t gpa, tv_error *err) {
  struct region *region = mem_at(vm, gpa);
  uint64_t off = gpa - region->base;
  off -= off % HVF_GRANULE;
  dirty_add(region, off, HVF_GRANULE);
  return protect(region, off, HVF_GRANULE, region->prot, err);
}

void hvf_code_changed(tv_vm *vm, struct region *region, uint64_t off,
                      uint64_t len) {
  (void)vm;
  sys_icache_invalidate(region->host + off, len);
}
