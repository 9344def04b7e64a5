// SPDX-License-Identifier: MIT
//
// Loads and stores of one general register (Arm ARM C4.1.94): every
// addressing mode, unprivileged and literal forms, prefetch. One handler per
// size, extension and mode.

#include "soft/op_mem.h"

enum extend { EXTEND_ZERO, EXTEND_X, EXTEND_W };   // sign to 64 or 32 bits

static inline uint64_t extended(uint64_t v, unsigned log2, enum extend ext) {
  if (ext == EXTEND_ZERO) return v;
  return op_width(op_extend(v, 4 + log2), ext == EXTEND_X);
}

// What misses main RAM ends in these two, by a tail call: the handlers then
// need no stack of their own.
OP_COLD const struct insn *load_cold(struct soft_cpu *cpu,
                                    const struct insn *i, uint64_t va,
                                    enum mem_mode mode, unsigned log2,
                                    enum extend ext) {
  struct access_value v = access_load(cpu, i, va, log2);
  if (!v.ok) return NULL;
  cpu->x[i->d] = extended(v.value, log2, ext);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

OP_COLD const struct insn *store_cold(struct soft_cpu *cpu,
                                     const struct insn *i, uint64_t va,
                                      enum mem_mode mode, unsigned log2) {
  if (!access_store(cpu, i, va, log2, cpu->x[i->d])) return NULL;
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static inline const struct insn *load(struct soft_cpu *cpu,
                                      const struct insn *i,
                                      enum mem_mode mode, unsigned log2,
                                      enum extend ext) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_ram(cpu, va, log2, log2, &off))
    return load_cold(cpu, i, va, mode, log2, ext);
  uint64_t v = access_get(cpu->h.ram.host + off, log2);
  cpu->x[i->d] = extended(v, log2, ext);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static inline const struct insn *store(struct soft_cpu *cpu,
                                       const struct insn *i,
                                       enum mem_mode mode, unsigned log2) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_plain_ram(cpu, va, log2, log2, &off))
    return store_cold(cpu, i, va, mode, log2);
  access_put(cpu->h.ram.host + off, log2, cpu->x[i->d]);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

MEM_HANDLERS(ldrb, load, 0, EXTEND_ZERO)
MEM_HANDLERS(ldrh, load, 1, EXTEND_ZERO)
MEM_HANDLERS(ldrw, load, 2, EXTEND_ZERO)
MEM_HANDLERS(ldrx, load, 3, EXTEND_ZERO)
MEM_HANDLERS(ldrsb_x, load, 0, EXTEND_X)
MEM_HANDLERS(ldrsb_w, load, 0, EXTEND_W)
MEM_HANDLERS(ldrsh_x, load, 1, EXTEND_X)
MEM_HANDLERS(ldrsh_w, load, 1, EXTEND_W)
MEM_HANDLERS(ldrsw, load, 2, EXTEND_X)
MEM_HANDLERS(strb, store, 0)
MEM_HANDLERS(strh, store, 1)
MEM_HANDLERS(strw, store, 2)
MEM_HANDLERS(strx, store, 3)

static void load_zero(struct insn *i, uint32_t w, enum mem_mode mode) {
  static insn_fn *const *const fn[] = { ldrb_fn, ldrh_fn, ldrw_fn, ldrx_fn };
  i->d = slot_write(a64_rt(w));
  i->fn = fn[a64_size(w)][mode];
}

static void load_signed(struct insn *i, uint32_t w, enum mem_mode mode) {
  static insn_fn *const *const fn[3][2] = {
    { ldrsb_x_fn, ldrsb_w_fn }, { ldrsh_x_fn, ldrsh_w_fn }, { ldrsw_fn } };
  i->d = slot_write(a64_rt(w));
  i->fn = fn[a64_size(w)][a64_w32(w)][mode];
}

static void store_any(struct insn *i, uint32_t w, enum mem_mode mode) {
  static insn_fn *const *const fn[] = { strb_fn, strh_fn, strw_fn, strx_fn };
  i->d = slot_read(a64_rt(w));
  i->fn = fn[a64_size(w)][mode];
}

// ------------------------------------------------------ unsigned offset --

void op_LDR_ui(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_zero(i, w, mem_at_ui(i, w, a64_size(w)));
}

void op_LDRS_ui(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_signed(i, w, mem_at_ui(i, w, a64_size(w)));
}

void op_STR_ui(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  store_any(i, w, mem_at_ui(i, w, a64_size(w)));
}

// --------------------------------------- unscaled, pre- and post-indexed --

void op_LDUR(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_zero(i, w, mem_at_imm9(i, w, AT_IMM));
}

void op_LDURS(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_signed(i, w, mem_at_imm9(i, w, AT_IMM));
}

void op_STUR(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  store_any(i, w, mem_at_imm9(i, w, AT_IMM));
}

void op_LDR_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_zero(i, w, mem_at_imm9(i, w, AT_POST));
}

void op_LDRS_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_signed(i, w, mem_at_imm9(i, w, AT_POST));
}

void op_STR_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  store_any(i, w, mem_at_imm9(i, w, AT_POST));
}

void op_LDR_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_zero(i, w, mem_at_imm9(i, w, AT_PRE));
}

void op_LDRS_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_signed(i, w, mem_at_imm9(i, w, AT_PRE));
}

void op_STR_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  store_any(i, w, mem_at_imm9(i, w, AT_PRE));
}

// --------------------------------------------------------- unprivileged --

// As at EL0. With the MMU off EL0 may access what EL1 may; it is
// access_translate that will have to know.
void op_LDTR(struct insn *i, uint32_t w, unsigned offset) {
  op_LDUR(i, w, offset);
}

void op_LDTRS(struct insn *i, uint32_t w, unsigned offset) {
  op_LDURS(i, w, offset);
}

void op_STTR(struct insn *i, uint32_t w, unsigned offset) {
  op_STUR(i, w, offset);
}

// ------------------------------------------------------ register offset --

void op_LDR_ro(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_zero(i, w, mem_at_reg(i, w, a64_size(w)));
}

void op_LDRS_ro(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  load_signed(i, w, mem_at_reg(i, w, a64_size(w)));
}

void op_STR_ro(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  store_any(i, w, mem_at_reg(i, w, a64_size(w)));
}

// -------------------------------------------------------------- literal --

HANDLER(literal_w, load, AT_LITERAL, 2, EXTEND_ZERO)
HANDLER(literal_x, load, AT_LITERAL, 3, EXTEND_ZERO)
HANDLER(literal_sw, load, AT_LITERAL, 2, EXTEND_X)

void op_LDR_lit(struct insn *i, uint32_t w, unsigned offset) {
  i->fn = a64_x(w) ? literal_x : literal_w;
  i->d = slot_write(a64_rt(w));
  mem_at_literal(i, w, offset);
}

void op_LDRSW_lit(struct insn *i, uint32_t w, unsigned offset) {
  i->fn = literal_sw;
  i->d = slot_write(a64_rt(w));
  mem_at_literal(i, w, offset);
}

// ------------------------------------------------------------- prefetch --

// A hint: it neither faults nor checks sp (C6.2, PRFM).
static inline const struct insn *do_prefetch(struct soft_cpu *cpu,
                                             const struct insn *i) {
  (void)cpu;
  return i + 1;
}
HANDLER_OF(prefetch, do_prefetch)

void op_PRFM_ui(struct insn *i, uint32_t w, unsigned offset) {
  (void)w;
  (void)offset;
  i->fn = prefetch;
}

void op_PRFUM(struct insn *i, uint32_t w, unsigned offset) {
  (void)w;
  (void)offset;
  i->fn = prefetch;
}

void op_PRFM_ro(struct insn *i, uint32_t w, unsigned offset) {
  (void)w;
  (void)offset;
  i->fn = prefetch;
}

void op_PRFM_lit(struct insn *i, uint32_t w, unsigned offset) {
  (void)w;
  (void)offset;
  i->fn = prefetch;
}
