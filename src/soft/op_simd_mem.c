// SPDX-License-Identifier: MIT
//
// Loads and stores of FP/SIMD registers (Arm ARM C4.1.94): the scalar forms
// of every addressing mode, literal and pairs. A load clears the rest of the
// register. The trap of disabled FP comes before any other fault.
//
// `d` is the register number, in pairs `m` that of the second. log2 2..4 for
// pairs and literals, 0..4 else.

#include "soft/op_mem.h"
#include "soft/vec.h"

// ------------------------------------------------------- one register --

static inline void read_v(const struct soft_cpu *cpu, unsigned d,
                          unsigned log2, uint8_t *to) {
  if (log2 == 4) memcpy(to, cpu->v[d], 16);
  else access_put(to, log2, cpu->v[d][0]);
}

static inline void write_v(struct soft_cpu *cpu, unsigned d, unsigned log2,
                           const uint8_t *from) {
  if (log2 == 4) {
    memcpy(cpu->v[d], from, 16);
  } else {
    vec_set(cpu, d, (vec){ access_get(from, log2) });
  }
}

OP_COLD const struct insn *load_cold(struct soft_cpu *cpu,
                                     const struct insn *i, uint64_t va,
                                     enum mem_mode mode, unsigned log2) {
  uint8_t bytes[16];
  if (!access_read(cpu, i, va, log2, 1, bytes)) return NULL;
  write_v(cpu, i->d, log2, bytes);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

OP_COLD const struct insn *store_cold(struct soft_cpu *cpu,
                                      const struct insn *i, uint64_t va,
                                      enum mem_mode mode, unsigned log2) {
  if (!access_write(cpu, i, va, log2, 1, cpu->v[i->d])) return NULL;
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static inline const struct insn *load(struct soft_cpu *cpu,
                                      const struct insn *i,
                                      enum mem_mode mode, unsigned log2) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP))) return leave_fp_trap(cpu, i);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_ram(cpu, va, log2, log2, &off))
    return load_cold(cpu, i, va, mode, log2);
  write_v(cpu, i->d, log2, cpu->h.ram.host + off);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static inline const struct insn *store(struct soft_cpu *cpu,
                                       const struct insn *i,
                                       enum mem_mode mode, unsigned log2) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP))) return leave_fp_trap(cpu, i);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_plain_ram(cpu, va, log2, log2, &off))
    return store_cold(cpu, i, va, mode, log2);
  read_v(cpu, i->d, log2, cpu->h.ram.host + off);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

MEM_HANDLERS(ldr_b, load, 0)
MEM_HANDLERS(ldr_h, load, 1)
MEM_HANDLERS(ldr_s, load, 2)
MEM_HANDLERS(ldr_d, load, 3)
MEM_HANDLERS(ldr_q, load, 4)
MEM_HANDLERS(str_b, store, 0)
MEM_HANDLERS(str_h, store, 1)
MEM_HANDLERS(str_s, store, 2)
MEM_HANDLERS(str_d, store, 3)
MEM_HANDLERS(str_q, store, 4)

static unsigned size_of(uint32_t w) {
  return a64_v128(w) ? 4 : a64_size(w);
}

static void ldr(struct insn *i, uint32_t w, enum mem_mode mode) {
  static insn_fn *const *const fn[] = { ldr_b_fn, ldr_h_fn, ldr_s_fn,
                                        ldr_d_fn, ldr_q_fn };
  i->d = (uint8_t)a64_rt(w);
  i->fn = fn[size_of(w)][mode];
}

static void str(struct insn *i, uint32_t w, enum mem_mode mode) {
  static insn_fn *const *const fn[] = { str_b_fn, str_h_fn, str_s_fn,
                                        str_d_fn, str_q_fn };
  i->d = (uint8_t)a64_rt(w);
  i->fn = fn[size_of(w)][mode];
}

void op_LDR_fp_ui(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldr(i, w, mem_at_ui(i, w, size_of(w)));
}

void op_STR_fp_ui(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  str(i, w, mem_at_ui(i, w, size_of(w)));
}

void op_LDUR_fp(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldr(i, w, mem_at_imm9(i, w, AT_IMM));
}

void op_STUR_fp(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  str(i, w, mem_at_imm9(i, w, AT_IMM));
}

void op_LDR_fp_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldr(i, w, mem_at_imm9(i, w, AT_POST));
}

void op_STR_fp_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  str(i, w, mem_at_imm9(i, w, AT_POST));
}

void op_LDR_fp_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldr(i, w, mem_at_imm9(i, w, AT_PRE));
}

void op_STR_fp_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  str(i, w, mem_at_imm9(i, w, AT_PRE));
}

void op_LDR_fp_ro(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldr(i, w, mem_at_reg(i, w, size_of(w)));
}

void op_STR_fp_ro(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  str(i, w, mem_at_reg(i, w, size_of(w)));
}

HANDLER(literal_s, load, AT_LITERAL, 2)
HANDLER(literal_d, load, AT_LITERAL, 3)
HANDLER(literal_q, load, AT_LITERAL, 4)

void op_LDR_fp_lit(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { literal_s, literal_d, literal_q };
  i->fn = fn[a64_size(w)];
  i->d = (uint8_t)a64_rt(w);
  mem_at_literal(i, w, offset);
}

// ---------------------------------------------------------------- pairs --

OP_COLD const struct insn *load_pair_cold(struct soft_cpu *cpu,
                                          const struct insn *i, uint64_t va,
                                          enum mem_mode mode,
                                          unsigned log2) {
  uint8_t bytes[32];
  if (!access_read(cpu, i, va, log2, 2, bytes)) return NULL;
  write_v(cpu, i->d, log2, bytes);
  write_v(cpu, i->m, log2, bytes + (1 << log2));
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

OP_COLD const struct insn *store_pair_cold(struct soft_cpu *cpu,
                                           const struct insn *i, uint64_t va,
                                           enum mem_mode mode,
                                           unsigned log2) {
  uint8_t bytes[32];
  read_v(cpu, i->d, log2, bytes);
  read_v(cpu, i->m, log2, bytes + (1 << log2));
  if (!access_write(cpu, i, va, log2, 2, bytes)) return NULL;
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

// A pair of Q registers is twice what the limits of main RAM know.
static inline const struct insn *load_pair(struct soft_cpu *cpu,
                                           const struct insn *i,
                                           enum mem_mode mode,
                                           unsigned log2) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP))) return leave_fp_trap(cpu, i);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_ram(cpu, va, log2 < 4 ? log2 + 1 : 4, log2, &off) ||
      (log2 == 4 && off + 16 >= cpu->h.ram.load[4]))
    return load_pair_cold(cpu, i, va, mode, log2);
  write_v(cpu, i->d, log2, cpu->h.ram.host + off);
  write_v(cpu, i->m, log2, cpu->h.ram.host + off + (1 << log2));
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static inline const struct insn *store_pair(struct soft_cpu *cpu,
                                            const struct insn *i,
                                            enum mem_mode mode,
                                            unsigned log2) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (BITS_UNLIKELY(!(cpu->mode & MODE_FP))) return leave_fp_trap(cpu, i);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_plain_ram(cpu, va, log2 < 4 ? log2 + 1 : 4, log2, &off) ||
      (log2 == 4 && off + 16 >= cpu->h.ram.store[4]))
    return store_pair_cold(cpu, i, va, mode, log2);
  read_v(cpu, i->d, log2, cpu->h.ram.host + off);
  read_v(cpu, i->m, log2, cpu->h.ram.host + off + (1 << log2));
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

MEM_HANDLERS_IMM(ldp_s, load_pair, 2)
MEM_HANDLERS_IMM(ldp_d, load_pair, 3)
MEM_HANDLERS_IMM(ldp_q, load_pair, 4)
MEM_HANDLERS_IMM(stp_s, store_pair, 2)
MEM_HANDLERS_IMM(stp_d, store_pair, 3)
MEM_HANDLERS_IMM(stp_q, store_pair, 4)

static void ldp(struct insn *i, uint32_t w, enum mem_mode mode) {
  static insn_fn *const *const fn[] = { ldp_s_fn, ldp_d_fn, ldp_q_fn };
  i->d = (uint8_t)a64_rt(w);
  i->m = (uint8_t)a64_rt2(w);
  i->fn = fn[a64_size(w)][mem_at_imm7(i, w, mode, 2 + a64_size(w))];
}

static void stp(struct insn *i, uint32_t w, enum mem_mode mode) {
  static insn_fn *const *const fn[] = { stp_s_fn, stp_d_fn, stp_q_fn };
  i->d = (uint8_t)a64_rt(w);
  i->m = (uint8_t)a64_rt2(w);
  i->fn = fn[a64_size(w)][mem_at_imm7(i, w, mode, 2 + a64_size(w))];
}

void op_LDP_fp(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_IMM);
}

void op_LDNP_fp(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_IMM);
}

void op_LDP_fp_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_PRE);
}

void op_LDP_fp_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_POST);
}

void op_STP_fp(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_IMM);
}

void op_STNP_fp(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_IMM);
}

void op_STP_fp_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_PRE);
}

void op_STP_fp_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_POST);
}
