// SPDX-License-Identifier: MIT
//
// Pointer authentication instructions (Arm ARM D8.10): PAC*, AUT*, XPAC*,
// PACGA, the combined branches and loads, and those in the hint space. What
// they compute is in pauth.c.
//
// A key that SCTLR_EL1 does not enable makes PAC* and AUT* no-ops; so in the
// hint space, where a CPU without FEAT_PAuth has no-ops too, nothing else
// needs to be asked: its SCTLR_EL1 cannot enable a key.

#include "a64/esr.h"
#include "soft/access.h"
#include "soft/op.h"
#include "soft/pauth.h"
#include "soft/soft.h"

// Bit 0: key B, bit 1: data, as in the syndrome.
enum key { KEY_IA, KEY_IB, KEY_DA, KEY_DB };

struct use {
  bool enabled;
  struct pauth pauth;
};

static struct use use_of(const struct soft_cpu *cpu, enum key key) {
  static const struct { uint8_t hi, lo, enable; } where[] = {
    { SYS_apiakeyhi_el1, SYS_apiakeylo_el1, 31 },
    { SYS_apibkeyhi_el1, SYS_apibkeylo_el1, 30 },
    { SYS_apdakeyhi_el1, SYS_apdakeylo_el1, 27 },
    { SYS_apdbkeyhi_el1, SYS_apdbkeylo_el1, 13 }
  };
  return (struct use){
    .enabled = cpu->sys[SYS_sctlr_el1] >> where[key].enable & 1,
    .pauth = {
      .hi = cpu->sys[where[key].hi], .lo = cpu->sys[where[key].lo],
      .tcr = cpu->sys[SYS_tcr_el1], .data = key >> 1, .b = key & 1,
      .impdef = cpu->h.vcpu->vm->pauth_impdef,
      .epac = soft_has(cpu, FEAT_EPAC), .pauth2 = soft_has(cpu, FEAT_PAuth2)
    }
  };
}

// EC of a failed authentication, FEAT_FPAC; ISS[1] data, ISS[0] key B.
static uint32_t failure(enum key key) { return esr_make(ESR_EC_PAC, key); }

// Authenticates *pointer in place; false if that faults. `combined`: as a
// part of a branch or load, which faults with FEAT_FPACCOMBINE only.
static bool authenticate(const struct soft_cpu *cpu, enum key key,
                         uint64_t modifier, bool combined,
                         uint64_t *pointer) {
  struct use use = use_of(cpu, key);
  if (!use.enabled) return true;
  return pauth_authenticate(&use.pauth, *pointer, modifier, pointer) ||
         !soft_has(cpu, combined ? FEAT_FPACCOMBINE : FEAT_FPAC);
}

// ------------------------------------------------------- register to itself --

// d: where the result goes, m: the pointer's slot, n: the modifier's.
static inline const struct insn *do_pac(struct soft_cpu *cpu,
                                        const struct insn *i, enum key key) {
  struct use use = use_of(cpu, key);
  if (use.enabled)
    cpu->x[i->d] = pauth_sign(&use.pauth, cpu->x[i->m], cpu->x[i->n]);
  return i + 1;
}
HANDLER(pacia, do_pac, KEY_IA)
HANDLER(pacib, do_pac, KEY_IB)
HANDLER(pacda, do_pac, KEY_DA)
HANDLER(pacdb, do_pac, KEY_DB)

static inline const struct insn *do_aut(struct soft_cpu *cpu,
                                        const struct insn *i, enum key key) {
  uint64_t pointer = cpu->x[i->m];
  if (!authenticate(cpu, key, cpu->x[i->n], false, &pointer))
    return leave_raise(cpu, i, failure(key), TV_FAULT_PAC);
  cpu->x[i->d] = pointer;
  return i + 1;
}
HANDLER(autia, do_aut, KEY_IA)
HANDLER(autib, do_aut, KEY_IB)
HANDLER(autda, do_aut, KEY_DA)
HANDLER(autdb, do_aut, KEY_DB)

static inline const struct insn *do_xpac(struct soft_cpu *cpu,
                                         const struct insn *i, bool data) {
  if (soft_has(cpu, FEAT_PAuth))
    cpu->x[i->d] = pauth_strip(cpu->sys[SYS_tcr_el1], data, cpu->x[i->m]);
  return i + 1;
}
HANDLER(xpaci, do_xpac, false)
HANDLER(xpacd, do_xpac, true)

static void operands(struct insn *i, insn_fn *fn, unsigned rd, uint8_t n) {
  i->fn = fn;
  i->d = slot_write(rd);
  i->m = slot_read(rd);
  i->n = n;
}

#define SELF(row, handler, modifier) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    operands(i, handler, a64_rd(w), modifier); \
  }
SELF(PACIA, pacia, slot_sp(a64_rn(w)))
SELF(PACIB, pacib, slot_sp(a64_rn(w)))
SELF(PACDA, pacda, slot_sp(a64_rn(w)))
SELF(PACDB, pacdb, slot_sp(a64_rn(w)))
SELF(AUTIA, autia, slot_sp(a64_rn(w)))
SELF(AUTIB, autib, slot_sp(a64_rn(w)))
SELF(AUTDA, autda, slot_sp(a64_rn(w)))
SELF(AUTDB, autdb, slot_sp(a64_rn(w)))
SELF(PACIZA, pacia, SLOT_ZERO)
SELF(PACIZB, pacib, SLOT_ZERO)
SELF(PACDZA, pacda, SLOT_ZERO)
SELF(PACDZB, pacdb, SLOT_ZERO)
SELF(AUTIZA, autia, SLOT_ZERO)
SELF(AUTIZB, autib, SLOT_ZERO)
SELF(AUTDZA, autda, SLOT_ZERO)
SELF(AUTDZB, autdb, SLOT_ZERO)
SELF(XPACI, xpaci, SLOT_ZERO)
SELF(XPACD, xpacd, SLOT_ZERO)
#undef SELF

static inline const struct insn *do_nop(struct soft_cpu *cpu,
                                        const struct insn *i) {
  (void)cpu;
  return i + 1;
}
HANDLER_OF(nop, do_nop)

// Hints: those of pointer authentication, and no-ops (BTI among them: only
// the MMU's guarded pages make it more, D8.4.6).
void op_HINT(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  switch (a64_hint(w)) {
  case 7: operands(i, xpaci, 30, SLOT_ZERO); break;     // xpaclri
  case 8: operands(i, pacia, 17, 16); break;            // pacia1716
  case 10: operands(i, pacib, 17, 16); break;
  case 12: operands(i, autia, 17, 16); break;
  case 14: operands(i, autib, 17, 16); break;
  case 24: operands(i, pacia, 30, SLOT_ZERO); break;    // paciaz
  case 25: operands(i, pacia, 30, SLOT_SP); break;      // paciasp
  case 26: operands(i, pacib, 30, SLOT_ZERO); break;
  case 27: operands(i, pacib, 30, SLOT_SP); break;
  case 28: operands(i, autia, 30, SLOT_ZERO); break;
  case 29: operands(i, autia, 30, SLOT_SP); break;
  case 30: operands(i, autib, 30, SLOT_ZERO); break;
  case 31: operands(i, autib, 30, SLOT_SP); break;
  default: i->fn = nop;
  }
}

// The generic key has no enable bit; its code is the upper half.
static inline const struct insn *do_pacga(struct soft_cpu *cpu,
                                          const struct insn *i) {
  bool impdef = cpu->h.vcpu->vm->pauth_impdef;
  uint64_t code = (impdef ? pauth_impdef : pauth_qarma5)(
    cpu->x[i->n], cpu->x[i->m], cpu->sys[SYS_apgakeyhi_el1],
    cpu->sys[SYS_apgakeylo_el1]);
  cpu->x[i->d] = code & ~bits_mask(32);
  return i + 1;
}
HANDLER_OF(pacga, do_pacga)

void op_PACGA(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = pacga;
  i->d = slot_write(a64_rd(w));
  i->n = slot_read(a64_rn(w));
  i->m = slot_sp(a64_rm(w));
}

// ------------------------------------------------------------- branches --

enum branch { BRANCH_RET, BRANCH_BR, BRANCH_BLR };   // as PSTATE.BTYPE

// n: the target, m: the modifier.
static inline const struct insn *do_branch(struct soft_cpu *cpu,
                                           const struct insn *i,
                                           enum branch kind, enum key key,
                                           uint64_t left) {
  uint64_t target = cpu->x[i->n];
  if (!authenticate(cpu, key, cpu->x[i->m], true, &target))
    return leave_raise(cpu, i, failure(key), TV_FAULT_PAC);
  if (kind == BRANCH_BLR) cpu->x[30] = op_pc(cpu, i) + 4;
  if (kind != BRANCH_RET) {
    cpu->h.btype = kind << 10;
    cpu->h.btype_left = left - 1;
  }
  return soft_jump(cpu, target);
}
#define BRANCH(name, kind, key) HANDLER(name, do_branch, kind, key, left)
BRANCH(retaa, BRANCH_RET, KEY_IA)
BRANCH(retab, BRANCH_RET, KEY_IB)
BRANCH(braa, BRANCH_BR, KEY_IA)
BRANCH(brab, BRANCH_BR, KEY_IB)
BRANCH(blraa, BRANCH_BLR, KEY_IA)
BRANCH(blrab, BRANCH_BLR, KEY_IB)
#undef BRANCH

#define BRANCH_ROW(row, a, b, target, modifier) \
  void op_##row(struct insn *i, uint32_t w, unsigned offset) { \
    (void)offset; \
    i->fn = a64_keyb(w) ? b : a; \
    i->n = target; \
    i->m = modifier; \
  }
BRANCH_ROW(RETA, retaa, retab, 30, SLOT_SP)
BRANCH_ROW(BRA, braa, brab, slot_read(a64_rn(w)), slot_sp(a64_rmod(w)))
BRANCH_ROW(BRAZ, braa, brab, slot_read(a64_rn(w)), SLOT_ZERO)
BRANCH_ROW(BLRA, blraa, blrab, slot_read(a64_rn(w)), slot_sp(a64_rmod(w)))
BRANCH_ROW(BLRAZ, blraa, blrab, slot_read(a64_rn(w)), SLOT_ZERO)
#undef BRANCH_ROW

enum slow_step soft_ereta(struct soft_cpu *cpu, uint32_t w) {
  enum key key = a64_keyb(w) ? KEY_IB : KEY_IA;
  uint64_t target = cpu->sys[SYS_elr_el1];
  if (!soft_el(cpu)) return soft_undefined(cpu);
  if (!authenticate(cpu, key, cpu->x[SLOT_SP], true, &target))
    return soft_raise(cpu, failure(key), TV_FAULT_PAC);
  soft_eret(cpu, target);
  return STEP_JUMPED;
}

// ---------------------------------------------------------------- loads --

static inline const struct insn *do_ldra(struct soft_cpu *cpu,
                                         const struct insn *i, enum key key,
                                         bool writeback) {
  uint64_t va = cpu->x[i->n];
  if (op_base_misaligned(cpu, i)) return leave_sp_alignment(cpu, i);
  if (!authenticate(cpu, key, 0, true, &va))
    return leave_raise(cpu, i, failure(key), TV_FAULT_PAC);
  va += (uint64_t)(int64_t)i->imm;
  struct access_value v = access_load(cpu, i, va, 3);
  if (!v.ok) return NULL;
  cpu->x[i->d] = v.value;
  if (writeback) cpu->x[i->n] = va;
  return i + 1;
}
HANDLER(ldraa, do_ldra, KEY_DA, false)
HANDLER(ldrab, do_ldra, KEY_DB, false)
HANDLER(ldraa_pre, do_ldra, KEY_DA, true)
HANDLER(ldrab_pre, do_ldra, KEY_DB, true)

static void ldra_operands(struct insn *i, uint32_t w) {
  i->d = slot_write(a64_rt(w));
  i->n = slot_sp(a64_rn(w));
  i->imm = (int32_t)bits_sext(a64_s10(w) << 9 | a64_imm9(w), 10) * 8;
}

void op_LDRA(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = a64_ldrab(w) ? ldrab : ldraa;
  ldra_operands(i, w);
}

void op_LDRA_pre(struct insn *i, uint32_t w, unsigned offset) {
  (void)offset;
  i->fn = a64_ldrab(w) ? ldrab_pre : ldraa_pre;
  ldra_operands(i, w);
}
