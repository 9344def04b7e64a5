// SPDX-License-Identifier: MIT
//
// SIMD permutations (Arm ARM C4.1.96): ZIP, UZP, TRN, EXT, and the lookups of
// bytes in tables of one to four registers.

#include "soft/vec_kernels.h"

VEC_BHSD(zip1, zip1, VEC_SAME)
VEC_BHSD(zip2, zip2, VEC_SAME)
VEC_BHSD(uzp1, uzp1, VEC_SAME)
VEC_BHSD(uzp2, uzp2, VEC_SAME)
VEC_BHSD(trn1, trn1, VEC_SAME)
VEC_BHSD(trn2, trn2, VEC_SAME)
VEC_BHS(zip2_half, zip2_half, VEC_SAME)
VEC_BHS(uzp1_half, uzp1_half, VEC_SAME)
VEC_BHS(uzp2_half, uzp2_half, VEC_SAME)
VEC_ROW(ZIP1, vec_lanes, zip1)
VEC_ROW(ZIP2, vec_lanes, a64_Q(w) ? zip2 : zip2_half)
VEC_ROW(UZP1, vec_lanes, a64_Q(w) ? uzp1 : uzp1_half)
VEC_ROW(UZP2, vec_lanes, a64_Q(w) ? uzp2 : uzp2_half)
VEC_ROW(TRN1, vec_lanes, trn1)
VEC_ROW(TRN2, vec_lanes, trn2)

// ----------------------------------------------------------------- EXT --

// 64 bits of high:low from bit n, below 64.
static inline uint64_t funnel(uint64_t low, uint64_t high, unsigned n) {
  return low >> n | high << 1 << (63 - n);
}
// imm: the first byte of n:m.
static inline vec ext_full(struct vec_op *o) {
  unsigned n = (unsigned)o->imm * 8 & 63;
  if (o->imm & 8)
    return (vec){ funnel(o->n[1], o->m[0], n), funnel(o->m[0], o->m[1], n) };
  return (vec){ funnel(o->n[0], o->n[1], n), funnel(o->n[1], o->m[0], n) };
}
static inline vec ext_half(struct vec_op *o) {
  return (vec){ funnel(o->n[0], o->m[0], (unsigned)o->imm * 8 & 63) };
}
VEC_HANDLER(ext_16b, ext_full, VEC_SAME, 0)
VEC_HANDLER(ext_8b, ext_half, VEC_SAME, 0)
static void ext(struct insn *i, uint32_t w, const uint32_t *index) {
  bool full = a64_Q(w);
  vec_setup(i, w, full ? ext_16b : ext_8b, full ? VEC_FULL : VEC_HALF,
            (int32_t)*index);
}
VEC_ROW(EXT, ext, &(uint32_t){ a64_imm4(w) })

// ------------------------------------------------------- table lookups --

// imm: the registers of the table less one, which begins with n and wraps
// after 31. Where m points beyond it, TBL writes 0, TBX nothing.
static inline const struct insn *lookup(struct soft_cpu *cpu,
                                        const struct insn *i, bool keep) {
  uint8_t table[64];
  unsigned count = (unsigned)i->imm + 1;
  for (unsigned k = 0; k < count; k++)
    memcpy(table + 16 * k, cpu->v[(i->n + k) & 31], 16);
  uint64_t r[2];
  for (unsigned half = 0; half < 2; half++) {
    uint64_t index = cpu->v[i->m][half], to = keep ? cpu->v[i->d][half] : 0;
    for (unsigned at = 0; at < 64; at += 8) {
      unsigned k = index >> at & 0xff;
      if (k >= 16 * count) continue;
      to = (to & ~(UINT64_C(0xff) << at)) | (uint64_t)table[k] << at;
    }
    r[half] = to;
  }
  vec_set(cpu, i->d, (vec){ r[0], r[1] } & vec_kept(i->a));
  return i + 1;
}
VEC_TEMPLATE(tbl, lookup, false)
VEC_TEMPLATE(tbx, lookup, true)
static void table_lookup(struct insn *i, uint32_t w, insn_fn *fn) {
  vec_whole(i, w, fn);
  i->imm = (int32_t)a64_tlen(w);
}
VEC_ROW(TBL, table_lookup, tbl)
VEC_ROW(TBX, table_lookup, tbx)
