// SPDX-License-Identifier: MIT
//
// Guest-physical memory as the framework's maps. What is not mapped there,
// MMIO first of all, leaves the guest as an abort. The framework's protections
// are ours, bit for bit.

#include "hvf/hvf.h"

#include <libkern/OSCacheControl.h>

#include "base/os.h"

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

void hvf_unmap(tv_vm *vm, struct region *region) {
  (void)vm;
  if (region->kind != TV_MEM_MMIO) hv_vm_unmap(region->base, region->size);
}

tv_status hvf_protect(tv_vm *vm, struct region *region, tv_error *err) {
  (void)vm;
  hv_return_t r = hv_vm_protect(region->base, region->size, region->prot);
  return r ? hvf_refused(err, r, "hv_vm_protect") : TV_OK;
}

void hvf_code_changed(tv_vm *vm, struct region *region, uint64_t off,
                      uint64_t len) {
  (void)vm;
  sys_icache_invalidate(region->host + off, len);
}
