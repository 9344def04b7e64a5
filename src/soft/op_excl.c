// SPDX-License-Identifier: MIT
//
// Exclusives and ordered accesses (Arm ARM C4.1.94): LDXR, STXR, their pairs,
// LDAR, STLR, LDAPR, LDAPUR, STLUR. In Armv8.0 all of these must be aligned to
// their size, a pair to that of both elements, whatever SCTLR_EL1.A says
// (B2.5.2); FEAT_LSE2 allows more.
//
// The monitor (B2.12) is cpu->excl. One thread runs all vCPUs, and a switch
// of vCPU clears it; what the host or this vCPU itself wrote meanwhile shows
// in the value, so a store-exclusive that finds it unchanged stores plainly.

#include "soft/access.h"
#include "soft/op.h"

// ------------------------------------------------------ acquire, release --

static inline const struct insn *ldar(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned log2,
                                      unsigned sign) {
  uint64_t off, va = cpu->x[i->n] + (uint64_t)(int64_t)i->imm;
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_aligned(cpu, va, log2, true))
    return access_misaligned(cpu, i, va, 1u << log2, false);
  struct access_value v = { 0, true };
  if (access_in_ram(cpu, va, log2, 0, &off))
    v.value = access_get(cpu->h.ram.host + off, log2);
  else v = access_load(cpu, i, va, log2);
  if (!v.ok) return NULL;
  if (sign) v.value = (uint64_t)bits_sext(v.value, 8u << log2);
  cpu->x[i->d] = op_width(v.value, sign != 32);
  return i + 1;
}
HANDLER(ldar_b, ldar, 0, 0)
HANDLER(ldar_h, ldar, 1, 0)
HANDLER(ldar_w, ldar, 2, 0)
HANDLER(ldar_x, ldar, 3, 0)
HANDLER(ldapurs_b_w, ldar, 0, 32)
HANDLER(ldapurs_h_w, ldar, 1, 32)
HANDLER(ldapurs_b_x, ldar, 0, 64)
HANDLER(ldapurs_h_x, ldar, 1, 64)
HANDLER(ldapurs_w_x, ldar, 2, 64)

static inline const struct insn *stlr(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned log2) {
  uint64_t off, va = cpu->x[i->n] + (uint64_t)(int64_t)i->imm;
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_aligned(cpu, va, log2, true))
    return access_misaligned(cpu, i, va, 1u << log2, true);
  if (access_in_plain_ram(cpu, va, log2, 0, &off))
    access_put(cpu->h.ram.host + off, log2, cpu->x[i->d]);
  else if (!access_store(cpu, i, va, log2, cpu->x[i->d]))
    return NULL;
  return i + 1;
}
HANDLER(stlr_b, stlr, 0)
HANDLER(stlr_h, stlr, 1)
HANDLER(stlr_w, stlr, 2)
HANDLER(stlr_x, stlr, 3)

void op_LDAR(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { ldar_b, ldar_h, ldar_w, ldar_x };
  (void)offset;
  i->fn = fn[a64_size(w)];
  i->d = slot_write(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
}

// The weaker ordering makes no difference on one thread.
void op_LDAPR(struct insn *i, uint32_t w, unsigned offset) {
  op_LDAR(i, w, offset);
}

void op_STLR(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { stlr_b, stlr_h, stlr_w, stlr_x };
  (void)offset;
  i->fn = fn[a64_size(w)];
  i->d = slot_read(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
}

static void unscaled(struct insn *i, uint32_t w) {
  i->imm = (int32_t)bits_sext(a64_imm9(w), 9);
}

void op_LDAPUR(struct insn *i, uint32_t w, unsigned offset) {
  op_LDAR(i, w, offset);
  unscaled(i, w);
}

void op_STLUR(struct insn *i, uint32_t w, unsigned offset) {
  op_STLR(i, w, offset);
  unscaled(i, w);
}

void op_LDAPURS(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const to_w[] = { ldapurs_b_w, ldapurs_h_w };
  static insn_fn *const to_x[] = { ldapurs_b_x, ldapurs_h_x, ldapurs_w_x };
  (void)offset;
  i->fn = a64_w32(w) ? to_w[a64_size(w)] : to_x[a64_size(w)];
  i->d = slot_write(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
  unscaled(i, w);
}

// ------------------------------------------------------ load exclusive --

// `pair` elements of 1 << log2 bytes each: d, and m.
static inline const struct insn *ldxr(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned log2,
                                      bool pair) {
  uint64_t va = cpu->x[i->n], v[2] = { 0, 0 };
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  struct access_atom atom = access_atom(cpu, i, va, log2 + pair, NEED_READ);
  if (BITS_UNLIKELY(!atom.host)) return NULL;
  v[0] = access_get(atom.host, log2);
  if (pair) v[1] = access_get(atom.host + (1 << log2), log2);
  cpu->excl.valid = true;
  cpu->excl.size = (uint8_t)(1u << (log2 + pair));
  cpu->excl.addr = va;
  memcpy(cpu->excl.value, atom.host, 1u << (log2 + pair));
  cpu->x[i->d] = v[0];
  if (pair) cpu->x[i->m] = v[1];
  return i + 1;
}
HANDLER(ldxr_b, ldxr, 0, false)
HANDLER(ldxr_h, ldxr, 1, false)
HANDLER(ldxr_w, ldxr, 2, false)
HANDLER(ldxr_x, ldxr, 3, false)
HANDLER(ldxp_w, ldxr, 2, true)
HANDLER(ldxp_x, ldxr, 3, true)

void op_LDXR(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { ldxr_b, ldxr_h, ldxr_w, ldxr_x };
  (void)offset;
  i->fn = fn[a64_size(w)];
  i->d = slot_write(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
}

void op_LDXP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = a64_x(w) ? ldxp_x : ldxp_w;
  i->d = slot_write(a64_rt(w));
  i->m = slot_write(a64_rt2(w));
  i->n = slot_sp(a64_rn(w));
}

// ----------------------------------------------------- store exclusive --

// d: the status register Ws; m and a: what is stored. The checks that do not
// depend on memory come first: alignment, and Device memory, which has no
// monitor. A store that fails touches nothing more, so it cannot abort
// (IMPLEMENTATION DEFINED, B2.12.5). Ws among the sources or as the base is
// CONSTRAINED UNPREDICTABLE: it is written last.
static inline const struct insn *stxr(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned log2,
                                      bool pair) {
  uint64_t va = cpu->x[i->n];
  unsigned size = 1u << (log2 + pair);
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  bool checked = access_aligned(cpu, va, log2 + pair, false) &&
                 !(cpu->mode & MODE_DEVICE);
  bool passes = cpu->excl.valid && cpu->excl.addr == va &&
                cpu->excl.size == size;
  if (passes || !checked) {
    struct access_atom atom =
      access_atom(cpu, i, va, log2 + pair, NEED_WRITE);
    if (BITS_UNLIKELY(!atom.host)) return NULL;
    passes = !memcmp(atom.host, cpu->excl.value, size);
    if (passes) {
      access_put(atom.host, log2, cpu->x[i->m]);
      if (pair) access_put(atom.host + (1 << log2), log2, cpu->x[i->a]);
      access_atom_wrote(cpu, atom, log2 + pair);
    }
  }
  cpu->excl.valid = false;
  cpu->x[i->d] = !passes;
  return i + 1;
}
HANDLER(stxr_b, stxr, 0, false)
HANDLER(stxr_h, stxr, 1, false)
HANDLER(stxr_w, stxr, 2, false)
HANDLER(stxr_x, stxr, 3, false)
HANDLER(stxp_w, stxr, 2, true)
HANDLER(stxp_x, stxr, 3, true)

void op_STXR(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { stxr_b, stxr_h, stxr_w, stxr_x };
  (void)offset;
  i->fn = fn[a64_size(w)];
  i->d = slot_write(a64_rs(w));
  i->m = slot_read(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
}

void op_STXP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = a64_x(w) ? stxp_x : stxp_w;
  i->d = slot_write(a64_rs(w));
  i->m = slot_read(a64_rt(w));
  i->a = slot_read(a64_rt2(w));
  i->n = slot_sp(a64_rn(w));
}
