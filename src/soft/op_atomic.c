// SPDX-License-Identifier: MIT
//
// LSE atomics (Arm ARM C4.1.94): LD<op>, SWP, CAS, CASP. vCPUs take turns on
// one thread, so a plain read, modify and write is atomic; acquire and
// release order nothing more. Every one checks for a writable location first,
// a CAS that will not store too.

#include "soft/access.h"
#include "soft/op.h"

enum rmw { RMW_ADD, RMW_CLR, RMW_EOR, RMW_SET, RMW_SMAX, RMW_SMIN, RMW_UMAX,
           RMW_UMIN, RMW_SWP };

// Old value of memory and operand, both zero-extended from 1 << log2 bytes.
static inline uint64_t rmw_result(enum rmw op, uint64_t old, uint64_t v,
                                  unsigned log2) {
  unsigned bits = 8u << log2;
  int64_t so = bits_sext(old, bits), sv = bits_sext(v, bits);
  switch (op) {
    case RMW_ADD: return old + v;
    case RMW_CLR: return old & ~v;
    case RMW_EOR: return old ^ v;
    case RMW_SET: return old | v;
    case RMW_SMAX: return so > sv ? old : v;
    case RMW_SMIN: return so < sv ? old : v;
    case RMW_UMAX: return old > v ? old : v;
    case RMW_UMIN: return old < v ? old : v;
    default: return v;
  }
}

// d: Rt, which receives the old value; m: Rs; n: the address.
static inline const struct insn *rmw(struct soft_cpu *cpu,
                                     const struct insn *i, enum rmw op,
                                     unsigned log2) {
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  struct access_atom atom =
    access_atom(cpu, i, cpu->x[i->n], log2, NEED_BOTH);
  if (BITS_UNLIKELY(!atom.host)) return NULL;
  uint64_t old = access_get(atom.host, log2);
  uint64_t v = cpu->x[i->m] & bits_mask(8u << log2);
  access_put(atom.host, log2, rmw_result(op, old, v, log2));
  access_atom_wrote(cpu, atom, log2);
  cpu->x[i->d] = old;
  return i + 1;
}

static void rmw_operands(struct insn *i, uint32_t w, insn_fn *const fn[4]) {
  i->fn = fn[a64_size(w)];
  i->d = slot_write(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
  i->m = slot_read(a64_rs(w));
}

#define RMW(row, name, op) \
  HANDLER(name##_b, rmw, op, 0) \
  HANDLER(name##_h, rmw, op, 1) \
  HANDLER(name##_w, rmw, op, 2) \
  HANDLER(name##_x, rmw, op, 3) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    static insn_fn *const fn[] = { name##_b, name##_h, name##_w, name##_x }; \
    (void)offset; \
    rmw_operands(i, w, fn); \
  }
RMW(LDADD, ldadd, RMW_ADD)
RMW(LDCLR, ldclr, RMW_CLR)
RMW(LDEOR, ldeor, RMW_EOR)
RMW(LDSET, ldset, RMW_SET)
RMW(LDSMAX, ldsmax, RMW_SMAX)
RMW(LDSMIN, ldsmin, RMW_SMIN)
RMW(LDUMAX, ldumax, RMW_UMAX)
RMW(LDUMIN, ldumin, RMW_UMIN)
RMW(SWP, swp, RMW_SWP)
#undef RMW

// d: slot that receives the old value, m: slot compared (both Rs), a: Rt.
static inline const struct insn *cas(struct soft_cpu *cpu,
                                     const struct insn *i, unsigned log2) {
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  struct access_atom atom =
    access_atom(cpu, i, cpu->x[i->n], log2, NEED_BOTH);
  if (BITS_UNLIKELY(!atom.host)) return NULL;
  uint64_t old = access_get(atom.host, log2);
  if (old == (cpu->x[i->m] & bits_mask(8u << log2))) {
    access_put(atom.host, log2, cpu->x[i->a]);
    access_atom_wrote(cpu, atom, log2);
  }
  cpu->x[i->d] = old;
  return i + 1;
}
HANDLER(cas_b, cas, 0)
HANDLER(cas_h, cas, 1)
HANDLER(cas_w, cas, 2)
HANDLER(cas_x, cas, 3)

void op_CAS(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { cas_b, cas_h, cas_w, cas_x };
  (void)offset;
  i->fn = fn[a64_size(w)];
  i->d = slot_write(a64_rs(w));
  i->m = slot_read(a64_rs(w));
  i->a = slot_read(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
}

// Pairs d, d + 1 (Rs) and a, a + 1 (Rt), register numbers: even, so that only
// the second of a pair can be 31. Elements of 1 << log2 bytes.
static inline const struct insn *casp(struct soft_cpu *cpu,
                                      const struct insn *i, unsigned log2) {
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  struct access_atom atom =
    access_atom(cpu, i, cpu->x[i->n], log2 + 1, NEED_BOTH);
  if (BITS_UNLIKELY(!atom.host)) return NULL;
  uint8_t *low = atom.host, *high = atom.host + (1 << log2);
  uint64_t old0 = access_get(low, log2), old1 = access_get(high, log2);
  uint64_t mask = bits_mask(8u << log2);
  if (old0 == (cpu->x[i->d] & mask) &&
      old1 == (cpu->x[slot_read(i->d + 1u)] & mask)) {
    access_put(low, log2, cpu->x[i->a]);
    access_put(high, log2, cpu->x[slot_read(i->a + 1u)]);
    access_atom_wrote(cpu, atom, log2 + 1);
  }
  cpu->x[i->d] = old0;
  cpu->x[slot_write(i->d + 1u)] = old1;
  return i + 1;
}
HANDLER(casp_w, casp, 2)
HANDLER(casp_x, casp, 3)

void op_CASP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = a64_x(w) ? casp_x : casp_w;
  i->d = (uint8_t)a64_rs(w);
  i->a = (uint8_t)a64_rt(w);
  i->n = slot_sp(a64_rn(w));
}
