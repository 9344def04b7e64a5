// SPDX-License-Identifier: MIT
//
// Loads and stores of vector structures (Arm ARM C4.1.94): LD1..LD4 and
// ST1..ST4 of several structures, of single ones, and LD1R..LD4R.
//
// All touch one run of bytes: a buffer of at most 64 takes them in or out in
// one access, and the registers are (de)interleaved from there, with the
// permutations of vectors. `d` is Rt, `n` the base, `m` the slot of Rm, `a`
// how writeback goes, `imm` the shape, packed.

#include "soft/access.h"
#include "soft/vec_kernels.h"

enum { KEEP_BASE, ADD_REGISTER, ADD_BYTES };   // insn.a

enum { STRUCT_BYTES = 64 };   // four registers

static const struct insn *finish(struct soft_cpu *cpu, const struct insn *i,
                                 uint64_t va, unsigned bytes) {
  if (i->a == ADD_REGISTER) cpu->x[i->n] = va + cpu->x[i->m];
  else if (i->a == ADD_BYTES) cpu->x[i->n] = va + bytes;
  return i + 1;
}

static void operands(struct insn *i, uint32_t w, bool writeback,
                     insn_fn *fn) {
  i->fn = fn;
  i->d = (uint8_t)a64_rt(w);
  i->n = slot_sp(a64_rn(w));
  i->m = slot_read(a64_rm(w));
  if (!writeback) i->a = KEEP_BASE;
  else i->a = a64_rm(w) == 31 ? ADD_BYTES : ADD_REGISTER;
}

// ---------------------------------------------------- several structures --

// insn.imm: four bits each for the registers in all, the elements of one
// structure (1 is no interleaving), the log2 of an element's bytes and that
// of a register's.
struct shape { unsigned regs, selem, log2, width; };

static int32_t pack(uint32_t w) {
  unsigned regs, selem;
  switch (a64_vop(w)) {
    case 0: regs = selem = 4; break;
    case 2: regs = 4; selem = 1; break;
    case 4: regs = selem = 3; break;
    case 6: regs = 3; selem = 1; break;
    case 7: regs = selem = 1; break;
    case 8: regs = selem = 2; break;
    default: regs = 2; selem = 1; break;
  }
  return (int32_t)(regs | selem << 4 | a64_vsize(w) << 8
                   | (VEC_HALF + a64_Q(w)) << 12);
}
static inline struct shape unpack(const struct insn *i) {
  uint32_t s = (uint32_t)i->imm;
  return (struct shape){ s & 15, s >> 4 & 15, s >> 8 & 15, s >> 12 };
}

// The even and the odd elements of n and m; and the reverse.
static void unzip(vec n, vec m, unsigned log2, vec *even, vec *odd) {
  struct vec_op o = { .n = n, .m = m };
  switch (log2) {
    case 0: *even = uzp1_8(&o); *odd = uzp2_8(&o); break;
    case 1: *even = uzp1_16(&o); *odd = uzp2_16(&o); break;
    case 2: *even = uzp1_32(&o); *odd = uzp2_32(&o); break;
    default: *even = uzp1_64(&o); *odd = uzp2_64(&o);
  }
}
static void zip(vec n, vec m, unsigned log2, vec *low, vec *high) {
  struct vec_op o = { .n = n, .m = m };
  switch (log2) {
    case 0: *low = zip1_8(&o); *high = zip2_8(&o); break;
    case 1: *low = zip1_16(&o); *high = zip2_16(&o); break;
    case 2: *low = zip1_32(&o); *high = zip2_32(&o); break;
    default: *low = zip1_64(&o); *high = zip2_64(&o);
  }
}

// Threes, element by element: `v` are three registers, `m` their bytes in
// memory.
static inline void threes_of(uint8_t (*v)[16], uint8_t *m, unsigned width,
                             bool load, unsigned size) {
  for (unsigned at = 0; at < width; at += size)
    for (unsigned r = 0; r < 3; r++, m += size) {
      if (load) memcpy(v[r] + at, m, size);
      else memcpy(m, v[r] + at, size);
    }
}
static void threes(uint8_t (*v)[16], uint8_t *m, const struct shape *s,
                   bool load) {
  unsigned width = 1u << s->width;
  switch (s->log2) {
    case 0: threes_of(v, m, width, load, 1); break;
    case 1: threes_of(v, m, width, load, 2); break;
    case 2: threes_of(v, m, width, load, 4); break;
    default: threes_of(v, m, width, load, 8);
  }
}

// Bytes as memory has them to registers; of 64-bit ones to low halves, twice
// the same structures make it the same permutation.
static void to_registers(vec *v, const struct shape *s) {
  if (s->selem > 1 && s->width == VEC_HALF)
    memcpy(v + s->selem / 2, v, s->selem * 8);
  if (s->selem == 2) {
    unzip(v[0], v[1], s->log2, &v[0], &v[1]);
  } else if (s->selem == 4) {
    vec even[2], odd[2];
    unzip(v[0], v[1], s->log2, &even[0], &odd[0]);
    unzip(v[2], v[3], s->log2, &even[1], &odd[1]);
    unzip(even[0], even[1], s->log2, &v[0], &v[2]);
    unzip(odd[0], odd[1], s->log2, &v[1], &v[3]);
  } else if (s->width == VEC_HALF) {
    for (unsigned r = s->regs; r-- > 0;)
      v[r] = (vec){ v[r / 2][r % 2] };
  }
}
static void to_memory(vec *v, const struct shape *s) {
  if (s->selem == 2) {
    zip(v[0], v[1], s->log2, &v[0], &v[1]);
  } else if (s->selem == 4) {
    vec low[2], high[2];
    zip(v[0], v[2], s->log2, &low[0], &high[0]);
    zip(v[1], v[3], s->log2, &low[1], &high[1]);
    zip(low[0], low[1], s->log2, &v[0], &v[1]);
    zip(high[0], high[1], s->log2, &v[2], &v[3]);
  } else if (s->width == VEC_HALF) {
    for (unsigned r = 0; r < s->regs; r++) v[r / 2][r % 2] = v[r][0];
  }
}

static inline const struct insn *load_multiple(struct soft_cpu *cpu,
                                               const struct insn *i,
                                               bool threefold) {
  struct shape s = unpack(i);
  vec v[4] = { { 0 } }, kept = vec_kept(s.width);
  uint64_t va = cpu->x[i->n];
  unsigned total = s.regs << s.width;
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_read_block(cpu, i, va, s.log2, total >> s.log2, v))
    return NULL;
  if (threefold) {
    uint8_t bytes[48], reg[3][16] = { { 0 } };
    memcpy(bytes, v, sizeof bytes);
    threes(reg, bytes, &s, true);
    memcpy(v, reg, sizeof reg);
  } else {
    to_registers(v, &s);
  }
  for (unsigned r = 0; r < s.regs; r++)
    vec_set(cpu, (i->d + r) & 31, v[r] & kept);
  return finish(cpu, i, va, total);
}
VEC_TEMPLATE(load_m, load_multiple, false)
VEC_TEMPLATE(load_m3, load_multiple, true)

static inline const struct insn *store_multiple(struct soft_cpu *cpu,
                                                const struct insn *i,
                                                bool threefold) {
  struct shape s = unpack(i);
  vec v[4];
  uint64_t va = cpu->x[i->n];
  unsigned total = s.regs << s.width;
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  for (unsigned r = 0; r < s.regs; r++)
    v[r] = vec_get(cpu, (i->d + r) & 31);
  if (threefold) {
    uint8_t bytes[48], reg[3][16];
    memcpy(reg, v, sizeof reg);
    threes(reg, bytes, &s, false);
    memcpy(v, bytes, sizeof bytes);
  } else {
    to_memory(v, &s);
  }
  if (!access_write_block(cpu, i, va, s.log2, total >> s.log2, v))
    return NULL;
  return finish(cpu, i, va, total);
}
VEC_TEMPLATE(store_m, store_multiple, false)
VEC_TEMPLATE(store_m3, store_multiple, true)

static void multiple(struct insn *i, uint32_t w, bool writeback, bool load) {
  bool threefold = (pack(w) >> 4 & 15) == 3;
  operands(i, w, writeback, load ? threefold ? load_m3 : load_m
                                 : threefold ? store_m3 : store_m);
  i->imm = pack(w);
}

void op_LD_m(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  multiple(i, w, false, true);
}

void op_LD_m_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  multiple(i, w, true, true);
}

void op_ST_m(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  multiple(i, w, false, false);
}

void op_ST_m_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  multiple(i, w, true, false);
}

// ------------------------------------------------------- one structure --

// insn.imm: the registers, one element of each, and from bits 8 and 16 the
// log2 of its bytes and its offset in the register.
struct lane { unsigned selem, log2, at; };

// opcode<2:1> is the scale; the index is what Q:S:size leaves over.
static int32_t pack_lane(uint32_t w) {
  unsigned q = a64_Q(w), s = a64_S(w), size = a64_vsize(w), index;
  unsigned selem = (a64_vop3(w) & 1) * 2 + a64_r21(w) + 1;
  unsigned log2 = a64_vop3(w) >> 1;
  if (log2 == 2 && size & 1) log2 = 3;
  switch (log2) {
    case 0: index = q << 3 | s << 2 | size; break;
    case 1: index = q << 2 | s << 1 | size >> 1; break;
    case 2: index = q << 1 | s; break;
    default: index = q;
  }
  return (int32_t)(selem | log2 << 8 | index << log2 << 16);
}
static inline struct lane unpack_lane(const struct insn *i) {
  uint32_t l = (uint32_t)i->imm;
  return (struct lane){ l & 0xff, l >> 8 & 0xff, l >> 16 };
}

static inline const struct insn *load_lane(struct soft_cpu *cpu,
                                           const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES];
  struct lane l = unpack_lane(i);
  uint64_t va = cpu->x[i->n];
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_read_block(cpu, i, va, l.log2, l.selem, bytes)) return NULL;
  for (unsigned r = 0; r < l.selem; r++)
    vec_insert(cpu, (i->d + r) & 31, l.at, l.log2,
               access_get(bytes + (r << l.log2), l.log2));
  return finish(cpu, i, va, l.selem << l.log2);
}
VEC_TEMPLATE_OF(load_s, load_lane)

static inline const struct insn *store_lane(struct soft_cpu *cpu,
                                            const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES] = { 0 };
  struct lane l = unpack_lane(i);
  uint64_t va = cpu->x[i->n];
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  for (unsigned r = 0; r < l.selem; r++)
    access_put(bytes + (r << l.log2), l.log2,
               vec_extract(cpu, (i->d + r) & 31, l.at, l.log2));
  if (!access_write_block(cpu, i, va, l.log2, l.selem, bytes)) return NULL;
  return finish(cpu, i, va, l.selem << l.log2);
}
VEC_TEMPLATE_OF(store_s, store_lane)

static void single(struct insn *i, uint32_t w, bool writeback, insn_fn *fn) {
  operands(i, w, writeback, fn);
  i->imm = pack_lane(w);
}

void op_LD_s(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  single(i, w, false, load_s);
}

void op_LD_s_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  single(i, w, true, load_s);
}

void op_ST_s(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  single(i, w, false, store_s);
}

void op_ST_s_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  single(i, w, true, store_s);
}

// One structure to all lanes. imm: registers, log2 of the element's bytes and
// of a register's, as in a shape.
static inline const struct insn *replicate(struct soft_cpu *cpu,
                                           const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES];
  struct shape s = unpack(i);
  vec kept = vec_kept(s.width);
  uint64_t va = cpu->x[i->n];
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_read_block(cpu, i, va, s.log2, s.regs, bytes)) return NULL;
  for (unsigned r = 0; r < s.regs; r++) {
    uint64_t v = access_get(bytes + (r << s.log2), s.log2);
    vec_set(cpu, (i->d + r) & 31, vec_repeat(v, s.log2) & kept);
  }
  return finish(cpu, i, va, s.regs << s.log2);
}
VEC_TEMPLATE_OF(load_replicate, replicate)

static void replicated(struct insn *i, uint32_t w, bool writeback) {
  unsigned regs = a64_b13(w) * 2 + a64_r21(w) + 1;
  operands(i, w, writeback, load_replicate);
  i->imm = (int32_t)(regs | a64_vsize(w) << 8
                     | (VEC_HALF + a64_Q(w)) << 12);
}

void op_LD_r(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  replicated(i, w, false);
}

void op_LD_r_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  replicated(i, w, true);
}
