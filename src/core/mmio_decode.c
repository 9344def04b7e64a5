// SPDX-License-Identifier: MIT
//
// From the word of a load or store to what it asks for (Arm ARM C4.1.94): the
// second reader of the instruction table, after the software CPU. A row that
// is not here cannot be served by MMIO.

#include "a64/decode.h"
#include "core/core.h"
#include "core/mmio.h"
#include "core/self.h"

// How a row finds its address.
enum mode { UI12, IMM9, PRE9, POST9, REG, LITERAL, PAIR, PRE7, POST7, PLAIN };

// What is moved, and which fields say its size.
enum moved {
  STORE, LOAD,             // size
  SIGNED,                  // size, w32
  STORE_FP, LOAD_FP,       // size, v128
  LOAD_LIT, SIGNED_LIT,    // x
  LOAD_LIT_FP,             // size
  STORE_PAIR, LOAD_PAIR,   // sf
  SIGNED_PAIR,
  STORE_PAIR_FP, LOAD_PAIR_FP,   // size
  ATOMIC, ATOMIC_STORE, ATOMIC_PAIR, STRUCTURE, STRUCTURE_STORE
};

static const struct row { uint8_t moved, mode; } rows[A64_OP_COUNT] = {
#define ROW(name, moved, mode) [A64_##name] = { moved + 1, mode },
  ROW(STR_ui, STORE, UI12) ROW(LDR_ui, LOAD, UI12)
  ROW(LDRS_ui, SIGNED, UI12)
  ROW(STUR, STORE, IMM9) ROW(LDUR, LOAD, IMM9) ROW(LDURS, SIGNED, IMM9)
  ROW(STTR, STORE, IMM9) ROW(LDTR, LOAD, IMM9) ROW(LDTRS, SIGNED, IMM9)
  ROW(STR_post, STORE, POST9) ROW(LDR_post, LOAD, POST9)
  ROW(LDRS_post, SIGNED, POST9)
  ROW(STR_pre, STORE, PRE9) ROW(LDR_pre, LOAD, PRE9)
  ROW(LDRS_pre, SIGNED, PRE9)
  ROW(STR_ro, STORE, REG) ROW(LDR_ro, LOAD, REG) ROW(LDRS_ro, SIGNED, REG)
  ROW(LDR_lit, LOAD_LIT, LITERAL) ROW(LDRSW_lit, SIGNED_LIT, LITERAL)
  ROW(STNP, STORE_PAIR, PAIR) ROW(LDNP, LOAD_PAIR, PAIR)
  ROW(STP, STORE_PAIR, PAIR) ROW(LDP, LOAD_PAIR, PAIR)
  ROW(STP_pre, STORE_PAIR, PRE7) ROW(LDP_pre, LOAD_PAIR, PRE7)
  ROW(STP_post, STORE_PAIR, POST7) ROW(LDP_post, LOAD_PAIR, POST7)
  ROW(LDPSW, SIGNED_PAIR, PAIR) ROW(LDPSW_pre, SIGNED_PAIR, PRE7)
  ROW(LDPSW_post, SIGNED_PAIR, POST7)
  ROW(STLR, STORE, PLAIN) ROW(LDAR, LOAD, PLAIN) ROW(LDAPR, LOAD, PLAIN)
  ROW(STR_fp_ui, STORE_FP, UI12) ROW(LDR_fp_ui, LOAD_FP, UI12)
  ROW(STUR_fp, STORE_FP, IMM9) ROW(LDUR_fp, LOAD_FP, IMM9)
  ROW(STR_fp_post, STORE_FP, POST9) ROW(LDR_fp_post, LOAD_FP, POST9)
  ROW(STR_fp_pre, STORE_FP, PRE9) ROW(LDR_fp_pre, LOAD_FP, PRE9)
  ROW(STR_fp_ro, STORE_FP, REG) ROW(LDR_fp_ro, LOAD_FP, REG)
  ROW(LDR_fp_lit, LOAD_LIT_FP, LITERAL)
  ROW(STNP_fp, STORE_PAIR_FP, PAIR) ROW(LDNP_fp, LOAD_PAIR_FP, PAIR)
  ROW(STP_fp, STORE_PAIR_FP, PAIR) ROW(LDP_fp, LOAD_PAIR_FP, PAIR)
  ROW(STP_fp_pre, STORE_PAIR_FP, PRE7) ROW(LDP_fp_pre, LOAD_PAIR_FP, PRE7)
  ROW(STP_fp_post, STORE_PAIR_FP, POST7)
  ROW(LDP_fp_post, LOAD_PAIR_FP, POST7)
  ROW(LDXR, ATOMIC, PLAIN) ROW(STXR, ATOMIC_STORE, PLAIN)
  ROW(LDXP, ATOMIC_PAIR, PLAIN) ROW(STXP, ATOMIC_STORE, PLAIN)
  ROW(CAS, ATOMIC, PLAIN) ROW(CASP, ATOMIC_PAIR, PLAIN)
  ROW(LDADD, ATOMIC, PLAIN) ROW(LDCLR, ATOMIC, PLAIN)
  ROW(LDEOR, ATOMIC, PLAIN) ROW(LDSET, ATOMIC, PLAIN)
  ROW(LDSMAX, ATOMIC, PLAIN) ROW(LDSMIN, ATOMIC, PLAIN)
  ROW(LDUMAX, ATOMIC, PLAIN) ROW(LDUMIN, ATOMIC, PLAIN)
  ROW(SWP, ATOMIC, PLAIN)
  ROW(ST_m, STRUCTURE_STORE, PLAIN) ROW(LD_m, STRUCTURE, PLAIN)
  ROW(ST_m_post, STRUCTURE_STORE, PLAIN) ROW(LD_m_post, STRUCTURE, PLAIN)
  ROW(ST_s, STRUCTURE_STORE, PLAIN) ROW(LD_s, STRUCTURE, PLAIN)
  ROW(ST_s_post, STRUCTURE_STORE, PLAIN) ROW(LD_s_post, STRUCTURE, PLAIN)
  ROW(LD_r, STRUCTURE, PLAIN) ROW(LD_r_post, STRUCTURE, PLAIN)
#undef ROW
};

// Index register of [n, m, extend #s]; option is 2 uxtw, 3 lsl, 6 sxtw or
// 7 sxtx (the decoder has refused the others).
static uint64_t index_of(tv_vcpu *cpu, uint32_t w, unsigned log2) {
  unsigned rm = a64_rm(w), option = a64_option(w);
  uint64_t m = rm == 31 ? 0 : self_get(cpu, TV_REG_X(rm));
  if (option == 2) m = (uint32_t)m;
  if (option == 6) m = (uint64_t)(int64_t)(int32_t)m;
  return a64_S(w) ? m << log2 : m;
}

static void find_address(tv_vcpu *cpu, uint32_t w, uint64_t pc,
                         enum mode mode, struct mmio_plan *p) {
  uint64_t base = 0, imm = 0;
  p->base = (uint8_t)a64_rn(w);
  if (mode != LITERAL) base = self_get(cpu, TV_REG_X(p->base));   // 31: sp
  switch (mode) {
    case UI12: imm = (uint64_t)a64_imm12(w) << p->log2; break;
    case IMM9: case PRE9: case POST9:
      imm = (uint64_t)bits_sext(a64_imm9(w), 9);
      break;
    case PAIR: case PRE7: case POST7:
      imm = (uint64_t)bits_sext(a64_imm7(w), 7) << p->log2;
      break;
    case REG: imm = index_of(cpu, w, p->log2); break;
    case LITERAL: imm = pc + (uint64_t)bits_sext(a64_imm19(w), 19) * 4; break;
    case PLAIN: break;
  }
  bool post = mode == POST9 || mode == POST7;
  p->va = post ? base : base + imm;
  p->writeback = base + imm;
  p->moves_base = post || mode == PRE9 || mode == PRE7;
}

// Fills all but address and base; false for what MMIO cannot serve.
static bool find_size(uint32_t w, enum moved moved, struct mmio_plan *p) {
  unsigned size = a64_size(w);
  p->count = 1;
  p->rt = (uint8_t)a64_rt(w);
  p->rt2 = (uint8_t)a64_rt2(w);
  p->wide = true;
  p->log2 = (uint8_t)size;
  switch (moved) {
    case STORE: p->write = true; break;
    case LOAD: break;
    case SIGNED: p->sign = true; p->wide = !a64_w32(w); break;
    case STORE_FP: case LOAD_FP:
      p->fp = true;
      p->write = moved == STORE_FP;
      if (a64_v128(w)) p->log2 = 4;
      break;
    case LOAD_LIT: p->log2 = (uint8_t)(2 + a64_x(w)); break;
    case SIGNED_LIT: p->log2 = 2; p->sign = true; break;
    case LOAD_LIT_FP: p->fp = true; p->log2 = (uint8_t)(2 + size); break;
    case STORE_PAIR: case LOAD_PAIR: case SIGNED_PAIR:
      p->count = 2;
      p->write = moved == STORE_PAIR;
      p->sign = moved == SIGNED_PAIR;
      p->log2 = (uint8_t)(p->sign ? 2 : 2 + a64_sf(w));
      break;
    case STORE_PAIR_FP: case LOAD_PAIR_FP:
      p->count = 2;
      p->fp = true;
      p->write = moved == STORE_PAIR_FP;
      p->log2 = (uint8_t)(2 + size);
      break;
    default:
      p->write = moved == ATOMIC_STORE || moved == STRUCTURE_STORE;
      return false;
  }
  return true;
}

bool mmio_decode(tv_vcpu *cpu, uint32_t word, uint64_t pc,
                 struct mmio_plan *p) {
  struct row row = rows[a64_decode(word)];
  *p = (struct mmio_plan){ 0 };
  if (!row.moved) return false;
  bool served = find_size(word, (enum moved)(row.moved - 1), p);
  find_address(cpu, word, pc, (enum mode)row.mode, p);
  return served;
}
