// SPDX-License-Identifier: MIT
//
// Memory copy and set, FEAT_MOPS (Arm ARM C6.2, CPY* and SET*): prologue,
// main, epilogue. Of the choices that the architecture leaves open, ours are:
// option B (PSTATE.C = 1: addresses move, the size counts down; PSTATE.N = 1
// for a copy downwards), a prologue that moves nothing, a main that moves
// everything, an epilogue that has nothing left to move.
//
// The main instruction moves at most to the end of a page, of either address,
// in one step. If bytes are left, pc stays at it: so it costs steps by its
// size, interrupts and budgets fall between pages, and a fault finds the
// registers at the first byte that was not moved.

#include "a64/esr.h"
#include "soft/access.h"
#include "soft/op.h"
#include "soft/soft.h"

enum stage { PROLOGUE, MAIN, EPILOGUE };

// d, n, m: the registers of destination, size and source (a register number;
// of SET, the slot of the byte).

static bool disabled(const struct soft_cpu *cpu) {
  return !soft_el(cpu) && !(cpu->sys[SYS_sctlr_el1] >> 33 & 1);    // MSCEn
}

// Memory Copy and Memory Set exceptions (D17.2.37): the registers are not what
// a prologue of option B left.
static const struct insn *mismatch(struct soft_cpu *cpu,
                                   const struct insn *i, bool wrong_option) {
  enum { WRONG_OPTION = 1 << 17, EPILOGUE_ISS = 1 << 18, SETG = 1 << 23,
         SET = 1 << 24 };
  uint32_t w = i->word;
  bool set = bits_get(w, 22, 2) == 3, setg = set && w >> 26 & 1;
  unsigned options = set ? a64_setopt(w) : a64_cpyopt(w);
  unsigned stage = set ? a64_setst(w) : a64_stage(w);
  uint32_t iss = (set ? SET : 0) | (setg ? SETG : 0) | options << 19 |
                 (stage == EPILOGUE ? EPILOGUE_ISS : 0) |
                 (wrong_option ? WRONG_OPTION : 0) | a64_rd(w) << 10 |
                 a64_rs(w) << 5 | a64_rn(w);
  return leave_raise(cpu, i, esr_make(ESR_EC_MOPS, iss), TV_FAULT_MOPS);
}

// What main and epilogue have in common: whether there is something to do.
// Not *ok: it has left.
static inline bool work_left(struct soft_cpu *cpu, const struct insn *i,
                             enum stage stage, bool *ok) {
  uint64_t size = cpu->x[i->n];
  *ok = true;
  if (!size) return false;
  *ok = cpu->nzcv & PSTATE_C && stage == MAIN;
  if (!*ok) mismatch(cpu, i, !(cpu->nzcv & PSTATE_C));
  return *ok;
}

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

// Bytes from va to the end of its page; backwards, from its start to va.
static uint64_t room_up(uint64_t va) {
  return PAGE_BYTES - (va & (PAGE_BYTES - 1));
}
static uint64_t room_down(uint64_t va) {
  return ((va - 1) & (PAGE_BYTES - 1)) + 1;
}

// ----------------------------------------------------------------- copy --

// Whether source and destination overlap so that the copy has to go down.
static bool overlaps_above(uint64_t to, uint64_t from, uint64_t size) {
  uint64_t mask = bits_mask(56);
  to &= mask;
  from &= mask;
  return from < to && ((from + size) & mask) > to;
}

static inline const struct insn *cpy_prologue(struct soft_cpu *cpu,
                                              const struct insn *i,
                                              bool forward) {
  uint64_t size = cpu->x[i->n];
  uint64_t largest = forward ? INT64_MAX : (uint64_t)INT64_MAX >> 8;
  if (disabled(cpu)) return leave_undefined(cpu, i);
  if (size > largest) size = largest;
  cpu->nzcv = PSTATE_C;
  cpu->x[i->n] = size;
  if (!forward && overlaps_above(cpu->x[i->d], cpu->x[i->m], size)) {
    cpu->nzcv = PSTATE_C | PSTATE_N;
    cpu->x[i->d] += size;
    cpu->x[i->m] += size;
  }
  return i + 1;
}

static const struct insn *copy_page(struct soft_cpu *cpu,
                                    const struct insn *i, bool down) {
  uint64_t to = cpu->x[i->d], from = cpu->x[i->m], size = cpu->x[i->n];
  uint64_t room = down ? smaller(room_down(to), room_down(from))
                       : smaller(room_up(to), room_up(from));
  uint64_t len = smaller(size, room), move = down ? -len : len;
  if (!access_copy(cpu, i, to, from, (unsigned)len, down)) return NULL;
  cpu->x[i->d] = to + move;
  cpu->x[i->m] = from + move;
  cpu->x[i->n] = size - len;
  return size == len ? i + 1 : i;
}

static inline const struct insn *cpy_rest(struct soft_cpu *cpu,
                                          const struct insn *i,
                                          enum stage stage, bool forward) {
  bool ok;
  if (disabled(cpu)) return leave_undefined(cpu, i);
  if (work_left(cpu, i, stage, &ok))
    return copy_page(cpu, i, !forward && cpu->nzcv & PSTATE_N);
  return ok ? i + 1 : NULL;
}
HANDLER(cpyfp, cpy_prologue, true)
HANDLER(cpyfm, cpy_rest, MAIN, true)
HANDLER(cpyfe, cpy_rest, EPILOGUE, true)
HANDLER(cpyp, cpy_prologue, false)
HANDLER(cpym, cpy_rest, MAIN, false)
HANDLER(cpye, cpy_rest, EPILOGUE, false)

// The registers are different ones, and none of a copy's is 31 (mte.lua).
static void mops_operands(struct insn *i, uint32_t w, insn_fn *fn) {
  i->fn = fn;
  i->word = w;
  i->d = (uint8_t)a64_rd(w);
  i->n = (uint8_t)a64_rn(w);
  i->m = slot_read(a64_rs(w));
}

void op_CPYF(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { cpyfp, cpyfm, cpyfe };
  (void)offset;
  mops_operands(i, w, fn[a64_stage(w)]);
}

void op_CPY(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { cpyp, cpym, cpye };
  (void)offset;
  mops_operands(i, w, fn[a64_stage(w)]);
}

// ------------------------------------------------------------------ set --

// SETG* sets tags too, of which there are none (op_mte.c); address and size
// must be multiples of 16.
static const struct insn *tag_misaligned(struct soft_cpu *cpu,
                                         const struct insn *i,
                                         uint64_t size) {
  uint64_t to = cpu->x[i->d];
  if (!((size ? to : 0) & 15) && !(size & 15)) return i;
  return access_misaligned(cpu, i, to, 16, true);
}

static inline const struct insn *set_prologue(struct soft_cpu *cpu,
                                              const struct insn *i,
                                              bool tags) {
  uint64_t size = cpu->x[i->n];
  if (disabled(cpu)) return leave_undefined(cpu, i);
  if (size >> 63) size = tags ? INT64_MAX & ~(uint64_t)15 : INT64_MAX;
  if (tags && !tag_misaligned(cpu, i, size)) return NULL;
  cpu->nzcv = PSTATE_C;
  cpu->x[i->n] = size;
  return i + 1;
}

static const struct insn *set_page(struct soft_cpu *cpu,
                                   const struct insn *i) {
  uint64_t to = cpu->x[i->d], size = cpu->x[i->n];
  uint64_t len = smaller(size, room_up(to));
  if (!access_fill(cpu, i, to, (unsigned)len, (uint8_t)cpu->x[i->m]))
    return NULL;
  cpu->x[i->d] = to + len;
  cpu->x[i->n] = size - len;
  return size == len ? i + 1 : i;
}

static inline const struct insn *set_rest(struct soft_cpu *cpu,
                                          const struct insn *i,
                                          enum stage stage, bool tags) {
  bool ok;
  if (disabled(cpu)) return leave_undefined(cpu, i);
  if (!work_left(cpu, i, stage, &ok)) return ok ? i + 1 : NULL;
  if (tags && !tag_misaligned(cpu, i, cpu->x[i->n])) return NULL;
  return set_page(cpu, i);
}
HANDLER(setp, set_prologue, false)
HANDLER(setm, set_rest, MAIN, false)
HANDLER(sete, set_rest, EPILOGUE, false)
HANDLER(setgp, set_prologue, true)
HANDLER(setgm, set_rest, MAIN, true)
HANDLER(setge, set_rest, EPILOGUE, true)

void op_SET(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { setp, setm, sete };
  (void)offset;
  mops_operands(i, w, fn[a64_setst(w)]);
}

void op_SETG(struct insn *i, uint32_t w, unsigned offset) {
  static insn_fn *const fn[] = { setgp, setgm, setge };
  (void)offset;
  mops_operands(i, w, fn[a64_setst(w)]);
}
