// SPDX-License-Identifier: MIT
//
// Guest-physical memory as KVM's memory slots, and the trap page.
//
// A slot is readable and executable, and writable or not. So RAM without
// TV_READ has none: the guest's accesses come to us as MMIO and core/mmio.c
// does what the region allows. TV_EXEC is not enforced.

#include "kvm/kvm.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/os.h"
#include "core/dirty.h"

// ------------------------------------------------------------------ slots --

static tv_status set_slot(const struct kvm_vm *kvm, size_t slot,
                          uint64_t gpa, uint64_t size, void *host,
                          uint32_t flags, tv_error *err) {
  struct kvm_memory_region region = {
    .slot = (uint32_t)slot, .flags = flags, .gpa = gpa, .size = size,
    .host = (uintptr_t)host
  };
  if (kvm_ioctl(kvm->fd, SET_USER_MEMORY_REGION, &region) >= 0) return TV_OK;
  tv_status code = errno == ENOMEM ? TV_E_NO_MEMORY :
                   size ? TV_E_LIMIT : TV_E_STATE;
  return kvm_refused(err, code, "KVM_SET_USER_MEMORY_REGION",
                     size ? "all slots are used, or the host page is larger "
                            "than the alignment"
                          : "what was to go may still be in the guest's reach");
}

// The slot of a region, 0 if it has none.
static size_t slot_of(const struct kvm_vm *kvm, const struct region *region) {
  for (size_t i = 1; i < kvm->slots; i++)
    if (kvm->slot[i] == region->id) return i;
  return 0;
}

static tv_status drop_slot(struct kvm_vm *kvm, const struct region *region,
                           tv_error *err) {
  size_t slot = slot_of(kvm, region);
  if (!slot) return TV_OK;
  tv_status s = set_slot(kvm, slot, region->base, 0, region->host, 0, err);
  if (!s) kvm->slot[slot] = 0;
  return s;
}

static tv_status fill_slot(const struct kvm_vm *kvm, size_t slot,
                           const struct region *region, tv_error *err) {
  uint32_t flags = region->prot & TV_WRITE ? 0 : MEM_READONLY;
  if (region->log) flags |= MEM_LOG_DIRTY_PAGES;
  return set_slot(kvm, slot, region->base, region->size, region->host, flags,
                  err);
}

static tv_status take_slot(struct kvm_vm *kvm, const struct region *region,
                           tv_error *err) {
  size_t slot = 1;
  while (slot < kvm->slots && kvm->slot[slot]) slot++;
  if (!alloc_grow(&kvm->slot, &kvm->slots, slot + 1, sizeof *kvm->slot))
    return err_set(err, TV_E_NO_MEMORY, region->base, NULL);
  tv_status s = fill_slot(kvm, slot, region, err);
  if (!s) kvm->slot[slot] = region->id;
  return s;
}

// ----------------------------------------------------------------- regions --

static tv_status check_page(const struct region *region, tv_error *err) {
  size_t page = os_page_size();
  if (!((region->base | region->size | (uintptr_t)region->host) & (page - 1)))
    return TV_OK;
  return err_set(err, TV_E_ALIGNMENT, region->base, "base %#" PRIx64 ", size "
                 "%#" PRIx64 " and the host's memory at %p must be multiples "
                 "of the host's page, %zu", region->base, region->size,
                 (void *)region->host, page);
}

tv_status kvm_map(tv_vm *vm, struct region *region, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  tv_status s = mem_check_place(vm, region, kvm->ipa_bits, kvm->trap, err);
  if (s || region->kind == TV_MEM_MMIO) return s;
  s = check_page(region, err);
  if (s || !(region->prot & TV_READ)) return s;
  return take_slot(kvm, region, err);
}

tv_status kvm_unmap(tv_vm *vm, struct region *region, tv_error *err) {
  return drop_slot(kvm_vm_of(vm), region, err);
}

// A slot cannot become read-only or writable: it is made anew, and the kernel
// forgets its log. If that is refused the guest's memory is gone.
tv_status kvm_protect(tv_vm *vm, struct region *region, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  tv_status s = region->log ? kvm_dirty(vm, region, err) : TV_OK;
  if (!s) s = drop_slot(kvm, region, err);
  if (s || !(region->prot & TV_READ)) return s;
  s = take_slot(kvm, region, &vm->failure);
  if (s && err) *err = vm->failure;
  return s;
}

// --------------------------------------------------------------- the log --

// What has no slot is written by core/mmio.c.
tv_status kvm_log(tv_vm *vm, struct region *region, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  size_t slot = slot_of(kvm, region);
  return slot ? fill_slot(kvm, slot, region, err) : TV_OK;
}

static void add_pages(struct region *region, const uint64_t *map,
                      size_t words) {
  uint64_t size = os_page_size();
  for (size_t k = 0; k < words; k++)
    for (uint64_t bits = map[k]; bits; bits &= bits - 1)
      dirty_add(region, (k * 64 + (unsigned)__builtin_ctzll(bits)) * size,
                size);
}

tv_status kvm_dirty(tv_vm *vm, struct region *region, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  size_t slot = slot_of(kvm, region);
  size_t words = (region->size / os_page_size() + 63) / 64;
  if (!slot) return TV_OK;
  uint64_t *map = alloc_new(words * sizeof *map);
  if (!map)
    return err_set(err, TV_E_NO_MEMORY, region->base, "no host memory for a "
                   "log of %zu words", words);
  struct kvm_dirty_log log = { .slot = (uint32_t)slot,
                               .bitmap = (uintptr_t)map };
  tv_status s = kvm_ioctl(kvm->fd, GET_DIRTY_LOG, &log) >= 0 ? TV_OK :
    kvm_refused(err, errno == ENOMEM ? TV_E_NO_MEMORY : TV_E_STATE,
                "KVM_GET_DIRTY_LOG", NULL);
  if (!s) add_pages(region, map, words);
  alloc_free(map);
  return s;
}

// ------------------------------------------------------------------- code --

// KVM makes instruction and data caches agree when it first maps a page;
// what the host writes later is ours to do. On a CPU whose instruction cache
// is indexed by virtual addresses (CTR_EL0.L1Ip: VIPT) that is certain only
// for a guest whose addresses are as ours in the bits of the index. So they are
// for one without an MMU (core/mem.c).
void kvm_code_changed(tv_vm *vm, struct region *region, uint64_t off,
                      uint64_t len) {
  char *from = (char *)region->host + off;
  kvm_look(vm, region, off, len);
  __builtin___clear_cache(from, from + len);
}

void kvm_look(tv_vm *vm, const struct region *region, uint64_t off,
              uint64_t len) {
  if (kvm_vm_of(vm)->uncached)
    kvm_cache_flush((const char *)region->host + off, len);
}

// -------------------------------------------------------------- trap page --

// ldr wzr, . + KVM_TRAP_SIZE: changes nothing but where it loads from says
// which vector it was. imm19 counts words (Arm ARM C6.2.182).
#define TRAP_LOAD (UINT32_C(0x18000000) | KVM_TRAP_SIZE / 4 << 5 | 31)
enum { VECTORS = 16, VECTOR_SIZE = 0x80 };

tv_status kvm_map_trap(tv_vm *vm, tv_error *err) {
  struct kvm_vm *kvm = kvm_vm_of(vm);
  uint8_t *page = alloc_map(KVM_TRAP_SIZE);
  if (!page) return err_os(err, TV_E_NO_MEMORY, errno, "no trap page");
  for (unsigned v = 0; v < VECTORS; v++) {
    uint32_t word = TRAP_LOAD;
    memcpy(page + v * VECTOR_SIZE, &word, sizeof word);
  }
  kvm->trap_host = page;
  kvm->trap = (UINT64_C(1) << kvm->ipa_bits) - 2 * KVM_TRAP_SIZE;
  return set_slot(kvm, 0, kvm->trap, KVM_TRAP_SIZE, page, MEM_READONLY, err);
}

void kvm_unmap_trap(struct kvm_vm *kvm) {
  if (kvm->trap_host) alloc_unmap(kvm->trap_host, KVM_TRAP_SIZE);
}
