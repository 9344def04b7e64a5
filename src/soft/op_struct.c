// SPDX-License-Identifier: MIT
//
// Loads and stores of vector structures (Arm ARM C4.1.94): LD1..LD4 and
// ST1..ST4 of several structures, of single ones, and LD1R..LD4R.
//
// All touch one run of bytes: a buffer of at most 64 takes them in or out in
// one access, and the registers are (de)interleaved from there. The shape is
// read again from the word, which insn keeps whole: these do not have to be
// the fastest. `d` is Rt, `n` the base, `m` the slot of Rm, `a` how writeback
// goes.

#include "soft/access.h"
#include "soft/op.h"

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
  i->word = w;
  i->d = (uint8_t)a64_rt(w);
  i->n = slot_sp(a64_rn(w));
  i->m = slot_read(a64_rm(w));
  if (!writeback) i->a = KEEP_BASE;
  else i->a = a64_rm(w) == 31 ? ADD_BYTES : ADD_REGISTER;
}

// Bytes [at, at + size) of a register's image.
static inline uint8_t *v_bytes(struct soft_cpu *cpu, unsigned reg,
                               unsigned at) {
  return (uint8_t *)cpu->v[reg & 31] + at;
}

// ---------------------------------------------------- several structures --

struct shape {
  unsigned regs;      // registers in all
  unsigned selem;     // elements of one structure: 1 is no interleaving
  unsigned log2;      // of the element size
  unsigned width;     // bytes of a register: 8 or 16
};

static struct shape shape_of(uint32_t w) {
  struct shape s = { .log2 = a64_vsize(w), .width = a64_Q(w) ? 16 : 8 };
  switch (a64_vop(w)) {
    case 0: s.regs = 4; s.selem = 4; break;
    case 2: s.regs = 4; s.selem = 1; break;
    case 4: s.regs = 3; s.selem = 3; break;
    case 6: s.regs = 3; s.selem = 1; break;
    case 7: s.regs = 1; s.selem = 1; break;
    case 8: s.regs = 2; s.selem = 2; break;
    default: s.regs = 2; s.selem = 1; break;
  }
  return s;
}

// Moves between the registers and their bytes as memory has them.
static void interleave(struct soft_cpu *cpu, unsigned first,
                       const struct shape *s, bool load, uint8_t *bytes) {
  unsigned size = 1u << s->log2, run = s->selem == 1 ? s->width : size;
  for (unsigned at = 0; at < s->width; at += run)
    for (unsigned r = 0; r < s->regs; r++) {
      uint8_t *v = v_bytes(cpu, first + r, at);
      uint8_t *m = bytes + (s->selem == 1 ? r * run
                                          : (at / size * s->selem + r) * size);
      if (load) memcpy(v, m, run);
      else memcpy(m, v, run);
    }
}

OP_COLD const struct insn *do_load_multiple(struct soft_cpu *cpu,
                                            const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES];
  struct shape s = shape_of(i->word);
  uint64_t va = cpu->x[i->n];
  unsigned total = s.regs * s.width;
  if (!(cpu->mode & MODE_FP)) return leave_fp_trap(cpu, i);
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_read_block(cpu, i, va, s.log2, total >> s.log2, bytes))
    return NULL;
  for (unsigned r = 0; r < s.regs; r++)
    memset(v_bytes(cpu, i->d + r, 0), 0, 16);
  interleave(cpu, i->d, &s, true, bytes);
  return finish(cpu, i, va, total);
}
HANDLER_OF(load_multiple, do_load_multiple)

OP_COLD const struct insn *do_store_multiple(struct soft_cpu *cpu,
                                             const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES];
  struct shape s = shape_of(i->word);
  uint64_t va = cpu->x[i->n];
  unsigned total = s.regs * s.width;
  if (!(cpu->mode & MODE_FP)) return leave_fp_trap(cpu, i);
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  interleave(cpu, i->d, &s, false, bytes);
  if (!access_write_block(cpu, i, va, s.log2, total >> s.log2, bytes))
    return NULL;
  return finish(cpu, i, va, total);
}
HANDLER_OF(store_multiple, do_store_multiple)

void op_LD_m(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, false, load_multiple);
}

void op_LD_m_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, true, load_multiple);
}

void op_ST_m(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, false, store_multiple);
}

void op_ST_m_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, true, store_multiple);
}

// ------------------------------------------------------- one structure --

struct lane {
  unsigned selem;    // registers, one element of each
  unsigned log2;     // of the element size
  unsigned at;       // byte offset of the element in the register
};

// opcode<2:1> is the scale; the index is what Q:S:size leaves over.
static struct lane lane_of(uint32_t w) {
  unsigned q = a64_Q(w), s = a64_S(w), size = a64_vsize(w), index;
  struct lane l = { .selem = (a64_vop3(w) & 1) * 2 + a64_r21(w) + 1,
                    .log2 = a64_vop3(w) >> 1 };
  if (l.log2 == 2 && size & 1) l.log2 = 3;
  switch (l.log2) {
    case 0: index = q << 3 | s << 2 | size; break;
    case 1: index = q << 2 | s << 1 | size >> 1; break;
    case 2: index = q << 1 | s; break;
    default: index = q;
  }
  l.at = index << l.log2;
  return l;
}

OP_COLD const struct insn *do_load_lane(struct soft_cpu *cpu,
                                        const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES];
  struct lane l = lane_of(i->word);
  uint64_t va = cpu->x[i->n];
  unsigned size = 1u << l.log2;
  if (!(cpu->mode & MODE_FP)) return leave_fp_trap(cpu, i);
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_read_block(cpu, i, va, l.log2, l.selem, bytes)) return NULL;
  for (unsigned r = 0; r < l.selem; r++)
    memcpy(v_bytes(cpu, i->d + r, l.at), bytes + r * size, size);
  return finish(cpu, i, va, l.selem * size);
}
HANDLER_OF(load_lane, do_load_lane)

OP_COLD const struct insn *do_store_lane(struct soft_cpu *cpu,
                                         const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES];
  struct lane l = lane_of(i->word);
  uint64_t va = cpu->x[i->n];
  unsigned size = 1u << l.log2;
  if (!(cpu->mode & MODE_FP)) return leave_fp_trap(cpu, i);
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  for (unsigned r = 0; r < l.selem; r++)
    memcpy(bytes + r * size, v_bytes(cpu, i->d + r, l.at), size);
  if (!access_write_block(cpu, i, va, l.log2, l.selem, bytes)) return NULL;
  return finish(cpu, i, va, l.selem * size);
}
HANDLER_OF(store_lane, do_store_lane)

void op_LD_s(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, false, load_lane);
}

void op_LD_s_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, true, load_lane);
}

void op_ST_s(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, false, store_lane);
}

void op_ST_s_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, true, store_lane);
}

// One structure to all lanes.
OP_COLD const struct insn *do_load_replicate(struct soft_cpu *cpu,
                                             const struct insn *i) {
  uint8_t bytes[STRUCT_BYTES];
  unsigned log2 = a64_vsize(i->word), size = 1u << log2;
  unsigned selem = a64_b13(i->word) * 2 + a64_r21(i->word) + 1;
  unsigned width = a64_Q(i->word) ? 16 : 8;
  uint64_t va = cpu->x[i->n];
  if (!(cpu->mode & MODE_FP)) return leave_fp_trap(cpu, i);
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!access_read_block(cpu, i, va, log2, selem, bytes)) return NULL;
  for (unsigned r = 0; r < selem; r++) {
    memset(v_bytes(cpu, i->d + r, 0), 0, 16);
    for (unsigned at = 0; at < width; at += size)
      memcpy(v_bytes(cpu, i->d + r, at), bytes + r * size, size);
  }
  return finish(cpu, i, va, selem * size);
}
HANDLER_OF(load_replicate, do_load_replicate)

void op_LD_r(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, false, load_replicate);
}

void op_LD_r_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  operands(i, w, true, load_replicate);
}
