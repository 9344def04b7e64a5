// SPDX-License-Identifier: MIT
//
// Loads and stores of pairs of general registers (Arm ARM C4.1.94): LDP, STP,
// LDPSW, and the non-temporal forms, which differ by a hint only. `d` is the
// first register's slot, `m` the second's.
//
// LDP with t == t2 is CONSTRAINED UNPREDICTABLE: the second element wins here,
// as in qemu.

#include "soft/op_mem.h"

static inline void pair_write(struct soft_cpu *cpu, const struct insn *i,
                              unsigned log2, bool sign,
                              const uint8_t *bytes) {
  uint64_t first = access_get(bytes, log2);
  uint64_t second = access_get(bytes + (1 << log2), log2);
  cpu->x[i->d] = sign ? op_extend(first, 6) : first;
  cpu->x[i->m] = sign ? op_extend(second, 6) : second;
}

static inline void pair_read(const struct soft_cpu *cpu,
                             const struct insn *i, unsigned log2,
                             uint8_t *bytes) {
  uint64_t first = cpu->x[i->d], second = cpu->x[i->m];
  access_put(bytes, log2, first);
  access_put(bytes + (1 << log2), log2, second);
}

OP_COLD const struct insn *load_cold(struct soft_cpu *cpu,
                                     const struct insn *i, uint64_t va,
                                     enum mem_mode mode, unsigned log2,
                                     bool sign) {
  uint8_t bytes[16];
  if (!access_read(cpu, i, va, log2, 2, bytes)) return NULL;
  pair_write(cpu, i, log2, sign, bytes);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

OP_COLD const struct insn *store_cold(struct soft_cpu *cpu,
                                      const struct insn *i, uint64_t va,
                                      enum mem_mode mode, unsigned log2) {
  uint8_t bytes[16];
  pair_read(cpu, i, log2, bytes);
  if (!access_write(cpu, i, va, log2, 2, bytes)) return NULL;
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static inline const struct insn *load_pair(struct soft_cpu *cpu,
                                           const struct insn *i,
                                           enum mem_mode mode, unsigned log2,
                                           bool sign) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_ram(cpu, va, log2 + 1, log2, &off))
    return load_cold(cpu, i, va, mode, log2, sign);
  pair_write(cpu, i, log2, sign, cpu->h.ram.host + off);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

static inline const struct insn *store_pair(struct soft_cpu *cpu,
                                            const struct insn *i,
                                            enum mem_mode mode,
                                            unsigned log2) {
  uint64_t off, va = mem_address(cpu, i, mode, log2);
  if (mem_is_sp(mode) && op_sp_misaligned(cpu))
    return leave_sp_alignment(cpu, i);
  if (!access_in_plain_ram(cpu, va, log2 + 1, log2, &off))
    return store_cold(cpu, i, va, mode, log2);
  pair_read(cpu, i, log2, cpu->h.ram.host + off);
  mem_writeback(cpu, i, mode, va);
  return i + 1;
}

MEM_HANDLERS_IMM(ldp_w, load_pair, 2, false)
MEM_HANDLERS_IMM(ldp_x, load_pair, 3, false)
MEM_HANDLERS_IMM(ldpsw, load_pair, 2, true)
MEM_HANDLERS_IMM(stp_w, store_pair, 2)
MEM_HANDLERS_IMM(stp_x, store_pair, 3)

static void ldp(struct insn *i, uint32_t w, enum mem_mode mode) {
  mode = mem_at_imm7(i, w, mode, 2 + a64_sf(w));
  i->d = slot_write(a64_rt(w));
  i->m = slot_write(a64_rt2(w));
  i->fn = a64_sf(w) ? ldp_x_fn[mode] : ldp_w_fn[mode];
}

static void ldp_signed(struct insn *i, uint32_t w, enum mem_mode mode) {
  mode = mem_at_imm7(i, w, mode, 2);
  i->d = slot_write(a64_rt(w));
  i->m = slot_write(a64_rt2(w));
  i->fn = ldpsw_fn[mode];
}

static void stp(struct insn *i, uint32_t w, enum mem_mode mode) {
  mode = mem_at_imm7(i, w, mode, 2 + a64_sf(w));
  i->d = slot_read(a64_rt(w));
  i->m = slot_read(a64_rt2(w));
  i->fn = a64_sf(w) ? stp_x_fn[mode] : stp_w_fn[mode];
}

void op_LDP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_IMM);
}

void op_LDNP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_IMM);
}

void op_LDP_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_PRE);
}

void op_LDP_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp(i, w, AT_POST);
}

void op_LDPSW(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp_signed(i, w, AT_IMM);
}

void op_LDPSW_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp_signed(i, w, AT_PRE);
}

void op_LDPSW_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  ldp_signed(i, w, AT_POST);
}

void op_STP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_IMM);
}

void op_STNP(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_IMM);
}

void op_STP_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_PRE);
}

void op_STP_post(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  stp(i, w, AT_POST);
}
