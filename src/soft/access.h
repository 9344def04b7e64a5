// SPDX-License-Identifier: MIT
//
// The memory path of guest loads and stores. The fast path, inlined into
// handlers, serves main RAM by soft_host.ram: one subtraction, one compare,
// one alignment mask and, for stores, the store map. All else goes through
// the cold functions of access.c, which know regions, protections, MMIO and
// (one day, in access_translate) the MMU.
//
// Invariant: a cold function that fails has left the loop (leave_*) and
// changed nothing; its caller returns NULL at once. An access of several
// parts has been checked in all its parts before the first byte is written.

#ifndef SOFT_ACCESS_H
#define SOFT_ACCESS_H

#include <string.h>

#include "soft/cpu.h"

struct access_value {
  uint64_t value;   // zero-extended
  bool ok;
};

// One naturally sized access of 1 << log2 bytes, log2 0..3.
struct access_value access_load(struct soft_cpu *, const struct insn *,
                                uint64_t va, unsigned log2);
bool access_store(struct soft_cpu *, const struct insn *, uint64_t va,
                  unsigned log2, uint64_t value);

// `count` consecutive elements of 1 << log2 bytes, each with the alignment of
// its size; `bytes` is their image in memory. On MMIO an element of 16 bytes
// is two accesses of 8. At most PENDING_PARTS accesses in all.
bool access_read(struct soft_cpu *, const struct insn *, uint64_t va,
                 unsigned log2, unsigned count, void *bytes);
bool access_write(struct soft_cpu *, const struct insn *, uint64_t va,
                  unsigned log2, unsigned count, const void *bytes);

// The same for vector structures, up to 64 bytes: MMIO cannot serve them.
bool access_read_block(struct soft_cpu *, const struct insn *, uint64_t va,
                       unsigned log2, unsigned count, void *bytes);
bool access_write_block(struct soft_cpu *, const struct insn *, uint64_t va,
                        unsigned log2, unsigned count, const void *bytes);

// Whether [va, va + size), at most 64 bytes, may be read or written; moves
// nothing.
bool access_probe(struct soft_cpu *, const struct insn *, uint64_t va,
                  unsigned size, bool write);

// Moves len bytes, 1 to a page, none of the two ranges across a page's end:
// bytewise accesses without alignment, which MMIO cannot serve. Copies from
// `from` up to `to` up, or, if `down`, from below `from` to below `to`.
bool access_copy(struct soft_cpu *, const struct insn *, uint64_t to,
                 uint64_t from, unsigned len, bool down);
bool access_fill(struct soft_cpu *, const struct insn *, uint64_t to,
                 unsigned len, uint8_t byte);

// Leaves with the alignment fault of an access that must be aligned whatever
// the mode says: acquire/release, exclusives, atomics (B2.5.2 in Armv8.0).
const struct insn *access_misaligned(struct soft_cpu *, const struct insn *,
                                     uint64_t va, unsigned size, bool write);

// Whether an access of 1 << log2 bytes that must be single-copy atomic has an
// address that it may: an aligned one, or, with FEAT_LSE2 on Normal memory,
// one within 16 bytes (B2.2.1.1). `ordered`: an acquire or release, which
// SCTLR_EL1.nAA frees of that.
bool access_may_straddle(const struct soft_cpu *, uint64_t va, unsigned log2,
                         bool ordered);
static inline bool access_aligned(const struct soft_cpu *cpu, uint64_t va,
                                  unsigned log2, bool ordered) {
  return BITS_LIKELY(!(va & bits_mask(log2))) ||
         access_may_straddle(cpu, va, log2, ordered);
}

// Where an exclusive or atomic access works: host is NULL if it has left.
// region is not NULL if the store map wants to hear of a store.
struct access_atom {
  uint8_t *host;
  struct region *region;
};
enum access_need { NEED_READ, NEED_WRITE, NEED_BOTH };
struct access_atom access_atom_cold(struct soft_cpu *, const struct insn *,
                                    uint64_t va, unsigned log2,
                                    enum access_need);
void access_atom_wrote_cold(struct soft_cpu *, struct access_atom,
                            unsigned size);

// ------------------------------------------------------------ fast path --

// Offset of [va, va + (1 << log2)) in main RAM, checked with the alignment
// of 1 << align_log2; in *off only if true.
static inline bool access_in_ram(const struct soft_cpu *cpu, uint64_t va,
                                 unsigned log2, unsigned align_log2,
                                 uint64_t *off) {
  *off = va - cpu->h.ram.base;
  return BITS_LIKELY(*off < cpu->h.ram.load[log2]) &&
         BITS_LIKELY(!align_log2 || !(va & cpu->h.ram.align[align_log2]));
}

// The same for a plain store.
static inline bool access_in_plain_ram(const struct soft_cpu *cpu,
                                       uint64_t va, unsigned log2,
                                       unsigned align_log2, uint64_t *off) {
  *off = va - cpu->h.ram.base;
  return BITS_LIKELY(*off < cpu->h.ram.store[log2]) &&
         BITS_LIKELY(!align_log2 || !(va & cpu->h.ram.align[align_log2])) &&
         BITS_LIKELY(!cpu->h.ram.map[*off >> MEM_GRANULE_SHIFT]);
}

// Little-endian loads and stores of 1 << log2 bytes, log2 0..3.
static inline uint64_t access_get(const uint8_t *from, unsigned log2) {
  uint8_t b;
  uint16_t h;
  uint32_t w;
  uint64_t x;
  switch (log2) {
    case 0: memcpy(&b, from, sizeof b); return b;
    case 1: memcpy(&h, from, sizeof h); return h;
    case 2: memcpy(&w, from, sizeof w); return w;
    default: memcpy(&x, from, sizeof x); return x;
  }
}

static inline void access_put(uint8_t *to, unsigned log2, uint64_t value) {
  uint8_t b = (uint8_t)value;
  uint16_t h = (uint16_t)value;
  uint32_t w = (uint32_t)value;
  switch (log2) {
    case 0: memcpy(to, &b, sizeof b); break;
    case 1: memcpy(to, &h, sizeof h); break;
    case 2: memcpy(to, &w, sizeof w); break;
    default: memcpy(to, &value, sizeof value);
  }
}

static inline struct access_atom access_atom(struct soft_cpu *cpu,
                                             const struct insn *i,
                                             uint64_t va, unsigned log2,
                                             enum access_need need) {
  uint64_t off = va - cpu->h.ram.base;
  if ((need == NEED_WRITE || off < cpu->h.ram.load[log2]) &&
      (need == NEED_READ || (off < cpu->h.ram.store[log2] &&
                             !cpu->h.ram.map[off >> MEM_GRANULE_SHIFT])) &&
      !(va & bits_mask(log2)) && !(cpu->mode & MODE_DEVICE))
    return (struct access_atom){ cpu->h.ram.host + off, NULL };
  return access_atom_cold(cpu, i, va, log2, need);
}

// After the store to an atom of 1 << log2 bytes.
static inline void access_atom_wrote(struct soft_cpu *cpu,
                                     struct access_atom atom,
                                     unsigned log2) {
  if (BITS_UNLIKELY(atom.region))
    access_atom_wrote_cold(cpu, atom, 1u << log2);
}

#endif
