// SPDX-License-Identifier: MIT
//
// The host's data cache, for guests that go past it. Data is Device memory
// while a guest's MMU is off, and its instructions are not cacheable either
// (SCTLR_EL1.I): both are in memory itself, whatever the caches say. KVM forces
// all that to be cacheable on a CPU with FEAT_S2FWB (Armv8.4). On one without,
// as Cortex-A72 and A76, Neoverse N1, it cleans the caches when it first maps a
// page, and when the guest turns its MMU on; what the host reads and writes at
// other times is ours to do.
//
// Linux lets us, at EL0 (SCTLR_EL1.UCI). A file of its own, so that a test can
// put another in its place.

#include "kvm/kvm.h"

void kvm_cache_flush(const void *from, uint64_t len) {
#ifdef __aarch64__
  uint64_t type, at = (uintptr_t)from, end = at + len;
  __asm__("mrs %0, ctr_el0" : "=r"(type));
  uint64_t line = UINT64_C(4) << (type >> 16 & 15);     // DminLine, in words
  for (at -= at % line; at < end; at += line)
    __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
  __asm__ volatile("dsb sy" : : : "memory");
#else
  (void)from, (void)len;
#endif
}
