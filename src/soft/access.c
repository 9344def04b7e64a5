// SPDX-License-Identifier: MIT
//
// The cold half of the memory path: everything but plain main RAM.
//
// An access is first cut at page boundaries into at most two spans, each
// translated and found in a region; only then data moves. So an access that
// faults in its second half has done nothing in its first.
//
// An instruction that touches MMIO leaves with an exit for each of its parts
// and is executed again from its start: parts already done answer from
// cpu->pending, and its RAM parts move in the last execution, once.

#include "soft/access.h"

#include "a64/esr.h"
#include "soft/soft.h"

// A piece of an access: [off, off + len) of a region.
struct span {
  struct region *region;
  uint64_t off;
  unsigned len;
};

struct access {
  uint64_t va;
  unsigned log2, count;   // elements; their alignment is their size
  bool write;
};

enum { SPANS = 2, PART_LOG2 = 3 };   // accesses of up to 64 bytes; 8 on MMIO

// VA to GPA. This is the MMU's place: with stage 1 off the address, without a
// tag, is the physical one, and beyond the CPU's an Address size fault, level
// 0 (D8.2.10).
static inline bool access_translate(struct soft_cpu *cpu,
                                    const struct insn *i, uint64_t va,
                                    unsigned size, bool write,
                                    uint64_t *gpa) {
  *gpa = soft_untagged(cpu, va);
  if (BITS_UNLIKELY(soft_beyond_physical(cpu, *gpa))) {
    leave_data_abort(cpu, i, va, size, write, ESR_FSC_ADDRESS_SIZE,
                     TV_FAULT_ADDRESS_SIZE);
    return false;
  }
  return true;
}

// Whether the region allows the access, MMIO included.
static bool permitted(struct soft_cpu *cpu, const struct insn *i,
                      const struct region *region, uint64_t va, uint64_t gpa,
                      unsigned size, bool write) {
  tv_fault reason;
  if (!region) reason = TV_FAULT_UNMAPPED;
  else if (mem_is_io(region)) return true;
  else if (region->prot & (write ? TV_WRITE : TV_READ)) return true;
  else if (write && region->kind == TV_MEM_ROM) reason = TV_FAULT_READ_ONLY;
  else reason = TV_FAULT_PROTECTED;
  leave_fault(cpu, i, reason, va, gpa, size, write ? 'w' : 'r');
  return false;
}

// Alignment of all elements follows from that of the first. SCTLR_EL1.A
// checks before translation, Device memory after it (D1.3.5).
static bool aligned(struct soft_cpu *cpu, const struct insn *i,
                    const struct access *a) {
  uint64_t gpa;
  unsigned size = 1u << a->log2;
  if (!(cpu->mode & MODE_ALIGN) || !(a->va & (size - 1))) return true;
  bool checked_first = cpu->sys[SYS_sctlr_el1] >> 1 & 1;
  if (checked_first ||
      access_translate(cpu, i, a->va, size, a->write, &gpa))
    access_misaligned(cpu, i, a->va, size, a->write);
  return false;
}

// Cuts [va, va + len) into spans; 0 if it has left.
static unsigned find_spans(struct soft_cpu *cpu, const struct insn *i,
                           const struct access *a, uint64_t va, unsigned len,
                           struct span span[SPANS]) {
  unsigned n = 0, elem = 1u << a->log2;
  while (len) {
    uint64_t gpa;
    unsigned room = PAGE_BYTES - (unsigned)(va & (PAGE_BYTES - 1));
    struct span *s = &span[n++];
    s->len = len < room ? len : room;
    if (!access_translate(cpu, i, va, elem, a->write, &gpa)) return 0;
    s->region = mem_at(cpu->h.vcpu->vm, gpa);
    if (!permitted(cpu, i, s->region, va, gpa, elem, a->write)) return 0;
    s->off = gpa - s->region->base;
    va += s->len;
    len -= s->len;
  }
  return n;
}

static void copy_spans(struct soft_cpu *cpu, const struct span *span,
                       unsigned n, bool write, uint8_t *bytes) {
  for (; n--; bytes += span->len, span++) {
    uint8_t *host = span->region->host + span->off;
    if (write) {
      memcpy(host, bytes, span->len);
      mem_wrote(cpu->h.vcpu->vm, span->region, span->off, span->len);
    } else {
      memcpy(bytes, host, span->len);
    }
  }
}

static bool touches_mmio(const struct span *span, unsigned n) {
  for (; n--; span++)
    if (mem_is_io(span->region)) return true;
  return false;
}

static void unsupported(struct soft_cpu *cpu, const struct insn *i,
                        const struct access *a, const struct span *span) {
  leave_fault(cpu, i, TV_FAULT_UNSUPPORTED, a->va,
              span->region->base + span->off, 1u << a->log2,
              a->write ? 'w' : 'r');
}

// The done'th MMIO part of this instruction: answered, or left for.
static bool mmio_part(struct soft_cpu *cpu, const struct insn *i,
                      const struct span *span, unsigned done, bool write,
                      uint8_t *bytes) {
  unsigned log2 = (unsigned)__builtin_ctz(span->len);
  bool resumed = cpu->pending.active && cpu->pending.pc == soft_pc(cpu, i);
  if (!resumed || done >= cpu->pending.parts) {
    leave_mmio(cpu, i, span->region->base + span->off, span->len, write,
               write ? access_get(bytes, log2) : 0,
               span->region->kind == TV_MEM_DEVICE);
    return false;
  }
  if (!write) access_put(bytes, log2, cpu->pending.data[done]);
  return true;
}

// All parts of an access some of which are MMIO. First those, as each may
// leave; then RAM, in the execution that completes.
static bool move_parts(struct soft_cpu *cpu, const struct insn *i,
                       const struct access *a, uint8_t *bytes) {
  unsigned log2 = a->log2 < PART_LOG2 ? a->log2 : PART_LOG2;
  unsigned size = 1u << log2, parts = a->count << (a->log2 - log2);
  unsigned done = 0;
  for (int pass = 0; pass < 2; pass++)
    for (unsigned k = 0; k < parts; k++) {
      struct span span[SPANS];
      uint8_t *at = bytes + k * size;
      unsigned n = find_spans(cpu, i, a, a->va + k * size, size, span);
      if (!n) return false;
      bool mmio = touches_mmio(span, n);
      if (mmio && n > 1) {
        unsupported(cpu, i, a, span);
        return false;
      }
      if (mmio && !pass && !mmio_part(cpu, i, span, done++, a->write, at))
        return false;
      if (!mmio && pass) copy_spans(cpu, span, n, a->write, at);
    }
  return true;
}

static bool move(struct soft_cpu *cpu, const struct insn *i,
                 const struct access *a, bool may_mmio, uint8_t *bytes) {
  struct span span[SPANS];
  if (!aligned(cpu, i, a)) return false;
  unsigned n = find_spans(cpu, i, a, a->va, a->count << a->log2, span);
  if (!n) return false;
  if (!touches_mmio(span, n)) {
    copy_spans(cpu, span, n, a->write, bytes);
    return true;
  }
  if (may_mmio && n == 1 && a->count == 1 && a->log2 <= PART_LOG2)
    return mmio_part(cpu, i, span, 0, a->write, bytes);   // the common one
  if (may_mmio) return move_parts(cpu, i, a, bytes);
  unsupported(cpu, i, a, span);
  return false;
}

struct access_value access_load(struct soft_cpu *cpu, const struct insn *i,
                                uint64_t va, unsigned log2) {
  struct access a = { va, log2, 1, false };
  uint8_t bytes[8];
  if (!move(cpu, i, &a, true, bytes))
    return (struct access_value){ 0, false };
  return (struct access_value){ access_get(bytes, log2), true };
}

bool access_store(struct soft_cpu *cpu, const struct insn *i, uint64_t va,
                  unsigned log2, uint64_t value) {
  struct access a = { va, log2, 1, true };
  uint8_t bytes[8];
  access_put(bytes, log2, value);
  return move(cpu, i, &a, true, bytes);
}

bool access_read(struct soft_cpu *cpu, const struct insn *i, uint64_t va,
                 unsigned log2, unsigned count, void *bytes) {
  struct access a = { va, log2, count, false };
  return move(cpu, i, &a, true, bytes);
}

// The moving functions write through their pointer for loads only; stores
// get a copy, so that `const` is kept without a cast.
static bool write_copy(struct soft_cpu *cpu, const struct insn *i,
                       const struct access *a, bool may_mmio,
                       const void *bytes) {
  uint8_t copy[64];
  memcpy(copy, bytes, (size_t)a->count << a->log2);
  return move(cpu, i, a, may_mmio, copy);
}

bool access_write(struct soft_cpu *cpu, const struct insn *i, uint64_t va,
                  unsigned log2, unsigned count, const void *bytes) {
  struct access a = { va, log2, count, true };
  return write_copy(cpu, i, &a, true, bytes);
}

// Whether count << log2 bytes are main RAM; in *off where. (load[0] and
// store[0] are its size where it may be accessed at all, else 0.)
static bool run_in_ram(const struct soft_cpu *cpu, uint64_t va,
                       unsigned log2, unsigned count, uint64_t size,
                       uint64_t *off) {
  *off = va - cpu->h.ram.base;
  return *off < size && (uint64_t)count << log2 <= size - *off &&
         !(va & cpu->h.ram.align[log2]);
}

bool access_read_block(struct soft_cpu *cpu, const struct insn *i,
                       uint64_t va, unsigned log2, unsigned count,
                       void *bytes) {
  uint64_t off;
  if (run_in_ram(cpu, va, log2, count, cpu->h.ram.load[0], &off)) {
    memcpy(bytes, cpu->h.ram.host + off, (size_t)count << log2);
    return true;
  }
  struct access a = { va, log2, count, false };
  return move(cpu, i, &a, false, bytes);
}

bool access_write_block(struct soft_cpu *cpu, const struct insn *i,
                        uint64_t va, unsigned log2, unsigned count,
                        const void *bytes) {
  uint64_t off;
  if (run_in_ram(cpu, va, log2, count, cpu->h.ram.store[0], &off) &&
      !cpu->h.ram.map[off >> MEM_GRANULE_SHIFT]) {
    memcpy(cpu->h.ram.host + off, bytes, (size_t)count << log2);
    return true;
  }
  struct access a = { va, log2, count, true };
  return write_copy(cpu, i, &a, false, bytes);
}

bool access_probe(struct soft_cpu *cpu, const struct insn *i, uint64_t va,
                  unsigned size, bool write) {
  struct span span[SPANS];
  struct access a = { va, 0, size, write };
  return find_spans(cpu, i, &a, va, size, span);
}

// The byte at va of a range that has its page to itself: NULL if it has left.
static uint8_t *find_byte(struct soft_cpu *cpu, const struct insn *i,
                          uint64_t va, bool write, struct span *span) {
  struct access a = { va, 0, 1, write };
  if (!find_spans(cpu, i, &a, va, 1, span)) return NULL;
  if (!mem_is_io(span->region))
    return span->region->host + span->off;
  unsupported(cpu, i, &a, span);
  return NULL;
}

bool access_copy(struct soft_cpu *cpu, const struct insn *i, uint64_t to,
                 uint64_t from, unsigned len, bool down) {
  struct span source[SPANS], target[SPANS];
  unsigned back = down ? len - 1 : 0;
  const uint8_t *read = find_byte(cpu, i, from - down, false, source);
  if (!read) return false;
  uint8_t *write = find_byte(cpu, i, to - down, true, target);
  if (!write) return false;
  memmove(write - back, read - back, len);
  mem_wrote(cpu->h.vcpu->vm, target->region, target->off - back, len);
  return true;
}

bool access_fill(struct soft_cpu *cpu, const struct insn *i, uint64_t to,
                 unsigned len, uint8_t byte) {
  struct span target[SPANS];
  uint8_t *write = find_byte(cpu, i, to, true, target);
  if (!write) return false;
  memset(write, byte, len);
  mem_wrote(cpu->h.vcpu->vm, target->region, target->off, len);
  return true;
}

const struct insn *access_misaligned(struct soft_cpu *cpu,
                                     const struct insn *i, uint64_t va,
                                     unsigned size, bool write) {
  return leave_data_abort(cpu, i, va, size, write, ESR_FSC_ALIGNMENT,
                          TV_FAULT_ALIGNMENT);
}

bool access_may_straddle(const struct soft_cpu *cpu, uint64_t va,
                         unsigned log2, bool ordered) {
  bool within = (va & 15) + (1u << log2) <= 16;
  bool free = ordered && cpu->sys[SYS_sctlr_el1] >> 6 & 1;    // nAA
  return !(cpu->mode & MODE_ALIGN) && soft_has(cpu, FEAT_LSE2) &&
         (within || free);
}

// Exclusives and atomics. One that may be made lies in one region. WnR of an
// access that reads and writes is 0 where a read would fault as well
// (D17.2.37), so only a lone store reports a write.
struct access_atom access_atom_cold(struct soft_cpu *cpu,
                                    const struct insn *i, uint64_t va,
                                    unsigned log2, enum access_need need) {
  const struct access_atom left = { NULL, NULL };
  bool write = need == NEED_WRITE;
  unsigned size = 1u << log2;
  uint64_t gpa;
  if (!access_aligned(cpu, va, log2, false)) {
    access_misaligned(cpu, i, va, size, write);
    return left;
  }
  if (!access_translate(cpu, i, va, size, write, &gpa)) return left;
  if (cpu->mode & MODE_DEVICE) {
    leave_data_abort(cpu, i, va, size, write, ESR_FSC_ATOMIC,
                     TV_FAULT_ATOMIC);
    return left;
  }
  struct region *region = mem_at(cpu->h.vcpu->vm, gpa);
  if (!permitted(cpu, i, region, va, gpa, size, write)) return left;
  if (mem_is_io(region)) {
    leave_fault(cpu, i, TV_FAULT_UNSUPPORTED, va, gpa, size,
                write ? 'w' : 'r');
    return left;
  }
  if (need == NEED_BOTH && !permitted(cpu, i, region, va, gpa, size, true))
    return left;
  return (struct access_atom){ region->host + (gpa - region->base), region };
}

void access_atom_wrote_cold(struct soft_cpu *cpu, struct access_atom atom,
                            unsigned size) {
  mem_wrote(cpu->h.vcpu->vm, atom.region,
            (uint64_t)(atom.host - atom.region->host), size);
}
