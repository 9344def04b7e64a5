// SPDX-License-Identifier: MIT
//
// The stage 1 walk: TCR_EL1 becomes a shape (granule, sizes, first level), a
// table of the shape's first level is found in TTBR0 or TTBR1, and each level
// resolves granule - 3 bits more, up to level 3: so the walk ends, whatever
// the guest's tables say.

#include "core/walk.h"

#include "core/core.h"
#include "core/view.h"

enum { TCR_IPS = 32, TCR_HPD = 41, TCR_DS = 59, LAST_LEVEL = 3 };

// Of leaves: AF, AP[2:1], DBM, PXN, UXN (with FEAT_S1PIE four of these are an
// index) and the index of FEAT_S1POE. Tables' own four bits, PXNTable to
// APTable, go into bits 3:0, where leaves have none.
#define LEAF_PERMISSIONS (UINT64_C(7) << 60 | UINT64_C(3) << 53 | \
                          UINT64_C(1) << 51 | 1 << 10 | 3 << 6)

struct shape {
  unsigned granule;   // log2 of it: 12, 14 or 16
  unsigned in, out;   // bits of virtual and of physical addresses
  bool wide;          // descriptors have address bits 51:48 in 15:12
  bool lpa2;          // or 49:48 where they are, and 51:50 in 9:8
  bool flat;          // tables' permission bits are not looked at
};

static uint64_t get(const struct backend *via, tv_vcpu *cpu, uint16_t key) {
  uint64_t value = 0;
  via->get(cpu, TV_REG_SYS(key), &value, NULL);
  return value;
}

struct walk_regime walk_regime(const struct backend *via, tv_vcpu *cpu) {
  struct walk_regime r = { .sctlr = get(via, cpu, VIEW_sctlr_el1) };
  if (!bits_get(r.sctlr, SCTLR_M, 1)) return r;
  r.tcr = get(via, cpu, VIEW_tcr_el1);
  r.ttbr[0] = get(via, cpu, VIEW_ttbr0_el1);
  r.ttbr[1] = get(via, cpu, VIEW_ttbr1_el1);
  return r;
}

static bool has_tag(uint64_t tcr, bool high) {
  return bits_get(tcr, high ? 38 : 37, 1);   // TBI1, TBI0
}

// D17.2.139, TCR_EL1. TG0 and TG1 have codes of their own, 0 is reserved.
static bool find_shape(uint64_t tcr, bool high, struct shape *s) {
  static const uint8_t granules[2][4] = { {12, 16, 14, 0}, {0, 14, 12, 16} };
  static const uint8_t outs[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };
  unsigned txsz = (unsigned)bits_get(tcr, high ? 16 : 0, 6);
  s->granule = granules[high][bits_get(tcr, high ? 30 : 14, 2)];
  s->out = outs[bits_get(tcr, TCR_IPS, 3)];
  s->wide = s->granule == 16 && s->out == 52;
  s->lpa2 = s->granule != 16 && bits_get(tcr, TCR_DS, 1);
  if (!s->wide && !s->lpa2 && s->out > 48) s->out = 48;
  s->in = 64 - txsz;
  s->flat = bits_get(tcr, TCR_HPD + high, 1);
  // FEAT_LVA, FEAT_LPA2: at least 12; FEAT_TTST: at most 48, or 47.
  unsigned least = s->granule == 16 || s->lpa2 ? 12 : 16;
  unsigned most = s->granule == 16 ? 47 : 48;
  bool disabled = bits_get(tcr, high ? 23 : 7, 1);   // EPD1, EPD0
  return s->granule && txsz >= least && txsz <= most && !disabled;
}

// The bits above the input size are copies of bit 55, but for a tag.
static bool in_range(uint64_t va, unsigned in, bool high, bool tag) {
  if (tag) va = (uint64_t)bits_sext(va, 56);
  return va >> in == (high ? UINT64_MAX >> in : 0);
}

static uint64_t low_bits(uint64_t value, unsigned count) {
  return value & bits_mask(count);
}

// The address in a descriptor, aligned to 2^align.
static uint64_t address_in(const struct shape *s, uint64_t descriptor,
                           unsigned align) {
  uint64_t address = low_bits(descriptor, s->lpa2 ? 50 : 48);
  if (s->wide) address |= bits_get(descriptor, 12, 4) << 48;
  if (s->lpa2) address |= bits_get(descriptor, 8, 2) << 50;
  return address >> align << align;
}

// BADDR, aligned to the size of the first table.
static uint64_t first_table(const struct shape *s, uint64_t ttbr,
                            unsigned bits) {
  unsigned align = bits + 3;
  uint64_t address = low_bits(ttbr, 48);
  if (s->out == 52) {
    if (align < 6) align = 6;
    address |= bits_get(ttbr, 2, 4) << 48;
  }
  return address >> align << align;
}

static bool fail(struct walk *w, enum walk_fault fault, int level) {
  *w = (struct walk){ .fault = fault, .level = level };
  return false;
}

static bool read_descriptor(tv_vm *vm, uint64_t at, bool swapped,
                            uint64_t *descriptor) {
  uint8_t bytes[8];
  if (tv_mem_read(vm, at, bytes, sizeof bytes, NULL)) return false;
  *descriptor = 0;
  for (unsigned i = 0; i < 8; i++)
    *descriptor |= (uint64_t)bytes[i] << 8 * (swapped ? 7 - i : i);
  return true;
}

// Blocks: 4 KiB 1 and 2, 16 KiB 2, 64 KiB 2 and with 52 bits 1; with FEAT_LPA2
// 4 KiB 0, and 16 KiB 1.
static bool block_at(const struct shape *s, int level) {
  bool small = s->granule == 12;
  return level == 2 || (level == 1 && (small || s->wide || s->lpa2)) ||
         (level == 0 && small && s->lpa2);
}

static bool walk_tables(tv_vm *vm, const struct shape *s, uint64_t table,
                        int level, bool swapped, uint64_t va,
                        struct walk *w) {
  unsigned top = s->in;
  for (;; level++) {
    unsigned shift = s->granule + (s->granule - 3) *
                     (unsigned)(LAST_LEVEL - level);
    uint64_t index = low_bits(va, top) >> shift, d;
    if (!read_descriptor(vm, table + index * 8, swapped, &d))
      return fail(w, WALK_EXTERNAL, level);
    bool leaf = level == LAST_LEVEL || !(d & 2);
    bool valid = level == LAST_LEVEL ? (d & 3) == 3
                                     : d & 1 && (!leaf || block_at(s, level));
    if (!valid) return fail(w, WALK_TRANSLATION, level);
    uint64_t address = address_in(s, d, leaf ? shift : s->granule);
    if (address >> s->out) return fail(w, WALK_ADDRESS_SIZE, level);
    if (leaf) {
      w->level = level;
      w->gpa = address | low_bits(va, shift);
      w->permissions |= d & LEAF_PERMISSIONS;
      return true;
    }
    if (!s->flat) w->permissions |= bits_get(d, 59, 4);
    table = address;
    top = shift;
  }
}

bool walk_stage1(tv_vm *vm, const struct walk_regime *r, uint64_t va,
                 struct walk *w) {
  struct shape s;
  bool high = bits_get(va, 55, 1), tag = has_tag(r->tcr, high);
  *w = (struct walk){ .level = -1 };
  if (!bits_get(r->sctlr, SCTLR_M, 1)) {
    w->gpa = va;
    return true;
  }
  if (!find_shape(r->tcr, high, &s) || !in_range(va, s.in, high, tag))
    return fail(w, WALK_TRANSLATION, 0);
  unsigned stride = s.granule - 3;
  unsigned below = (s.in - s.granule - 1) / stride;   // levels after the first
  unsigned bits = s.in - s.granule - below * stride;
  uint64_t table = first_table(&s, r->ttbr[high], bits);
  if (table >> s.out) return fail(w, WALK_ADDRESS_SIZE, 0);
  return walk_tables(vm, &s, table, LAST_LEVEL - (int)below,
                     bits_get(r->sctlr, SCTLR_EE, 1), va, w);
}
