// SPDX-License-Identifier: MIT
//
// Branches, PC-relative addresses and literals of the software CPU, against
// the Arm manual's formulas written out plainly: random words at random
// places, so that near and far targets, page ends and the first and last
// words of pages all occur; each is executed twice, cold and predecoded.

#include "a64/decode.h"
#include "tap.h"
#include "tinyvmm.h"

enum { RAM = 1 << 22, ROUNDS = 60000 };

static tv_vm *vm;
static tv_vcpu *cpu;
static uint64_t seed = 1;

static uint64_t random64(void) {   // splitmix64
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static void need(tv_status s, const tv_error *err) {
  if (!s) return;
  printf("Bail out! %s\n", err->text);
  exit(EXIT_FAILURE);
}

static void set(tv_reg reg, uint64_t v) {
  tv_error err;
  need(tv_vcpu_set(cpu, reg, &v, sizeof v, &err), &err);
}

static uint64_t get(tv_reg reg) {
  uint64_t v = 0;
  tv_error err;
  need(tv_vcpu_get(cpu, reg, &v, sizeof v, &err), &err);
  return v;
}

static int64_t field(uint32_t w, unsigned lo, unsigned width) {
  return (int64_t)((uint64_t)w << (64 - lo - width)) >> (64 - width);
}

struct state {
  uint64_t pc, x[31];
  unsigned nzcv;
};

// Arm ARM C1.2.4, spelled out.
static bool holds(unsigned cond, unsigned nzcv) {
  bool n = nzcv & 8, z = nzcv & 4, c = nzcv & 2, v = nzcv & 1, yes = true;
  switch (cond >> 1) {
    case 0: yes = z; break;
    case 1: yes = c; break;
    case 2: yes = n; break;
    case 3: yes = v; break;
    case 4: yes = c && !z; break;
    case 5: yes = n == v; break;
    case 6: yes = n == v && !z; break;
  }
  return cond & 1 && cond != 15 ? !yes : yes;
}

static uint64_t x(const struct state *s, unsigned r) {
  return r == 31 ? 0 : s->x[r];
}

static void write_x(struct state *s, unsigned r, uint64_t v) {
  if (r != 31) s->x[r] = v;
}

static uint64_t memory(uint64_t at, unsigned size) {
  uint64_t v = 0;
  tv_mem_read(vm, at, &v, size, NULL);
  return v;
}

// The state after word w; false if its memory is outside of RAM.
static bool expect(struct state *s, enum a64_op op, uint32_t w) {
  uint64_t pc = s->pc, next = pc + 4, rt = x(s, w & 31);
  uint64_t rn = x(s, w >> 5 & 31), to19 = pc + (uint64_t)field(w, 5, 19) * 4;
  uint64_t to14 = pc + (uint64_t)field(w, 5, 14) * 4;
  uint64_t to26 = pc + (uint64_t)field(w, 0, 26) * 4;
  uint64_t imm21 = (uint64_t)field(w, 5, 19) << 2 | (w >> 29 & 3);
  unsigned size = op == A64_LDR_lit && w >> 30 & 1 ? 8 : 4;
  bool zero = w >> 31 ? !rt : !(uint32_t)rt;
  bool bit = rt >> ((w >> 19 & 31) + (w >> 31) * 32) & 1;
  switch (op) {
    case A64_B: next = to26; break;
    case A64_BL: next = to26; s->x[30] = pc + 4; break;
    case A64_B_cond: if (holds(w & 15, s->nzcv)) next = to19; break;
    case A64_CBZ: if (zero) next = to19; break;
    case A64_CBNZ: if (!zero) next = to19; break;
    case A64_TBZ: if (!bit) next = to14; break;
    case A64_TBNZ: if (bit) next = to14; break;
    case A64_BR: case A64_RET: next = rn; break;
    case A64_BLR: next = rn; s->x[30] = pc + 4; break;
    case A64_ADR: write_x(s, w & 31, pc + imm21); break;
    case A64_ADRP:
      write_x(s, w & 31, (pc & ~UINT64_C(0xfff)) + (imm21 << 12));
      break;
    default:
      if (to19 > RAM - size) return false;
      rt = memory(to19, size);
      write_x(s, w & 31, op == A64_LDRSW_lit ? (uint64_t)(int32_t)rt : rt);
  }
  s->pc = next;
  return true;
}

// A word of one of these rows, its displacement short four times in five so
// that most targets are near and in RAM.
static uint32_t random_word(enum a64_op *op) {
  static const struct { enum a64_op op; uint32_t mask, value; } row[] = {
    { A64_B, 0xfc000000, 0x14000000 }, { A64_BL, 0xfc000000, 0x94000000 },
    { A64_B_cond, 0xff000010, 0x54000000 },
    { A64_CBZ, 0x7f000000, 0x34000000 }, { A64_CBNZ, 0x7f000000, 0x35000000 },
    { A64_TBZ, 0x7f000000, 0x36000000 }, { A64_TBNZ, 0x7f000000, 0x37000000 },
    { A64_BR, 0xfffffc1f, 0xd61f0000 }, { A64_BLR, 0xfffffc1f, 0xd63f0000 },
    { A64_RET, 0xfffffc1f, 0xd65f0000 },
    { A64_ADR, 0x9f000000, 0x10000000 }, { A64_ADRP, 0x9f000000, 0x90000000 },
    { A64_LDR_lit, 0xbf000000, 0x18000000 },
    { A64_LDRSW_lit, 0xff000000, 0x98000000 } };
  uint64_t r = random64();
  unsigned k = (unsigned)(r % (sizeof row / sizeof *row));
  uint32_t w = (uint32_t)(r >> 32);
  *op = row[k].op;
  if (r >> 8 & 3) {
    bool b = *op == A64_B || *op == A64_BL;
    unsigned top = b ? 26 : *op == A64_TBZ || *op == A64_TBNZ ? 19 : 24;
    uint32_t high = (1u << top) - (1u << (b ? 10 : 14));
    w = r >> 12 & 1 ? w | high : w & ~high;
  }
  return (w & ~row[k].mask) | row[k].value;
}

static void load(const struct state *s) {
  tv_error err;
  uint64_t pstate = (uint64_t)s->nzcv << 28 | 0x3c5;
  for (unsigned k = 0; k < 31; k++) set(TV_REG_X(k), s->x[k]);
  set(TV_REG_PC, s->pc);
  need(tv_vcpu_set(cpu, TV_REG_PSTATE, &pstate, 8, &err), &err);
}

static bool agrees(const struct state *want) {
  bool good = get(TV_REG_PC) == want->pc;
  for (unsigned k = 0; k < 31; k++)
    good = good && get(TV_REG_X(k)) == want->x[k];
  return good;
}

static uint64_t place(void) {      // often at the edges of a page
  uint64_t r = random64(), page = (r & (RAM / 4096 - 1)) * 4096;
  switch (r >> 32 & 3) {
    case 0: return page;
    case 1: return page + 4092;
    default: return page + (r >> 40 & 0xffc);
  }
}

static bool one(enum a64_op op, uint32_t w) {
  struct state before = { .pc = place(), .nzcv = random64() & 15 }, after;
  tv_error err;
  tv_exit exit;
  for (unsigned k = 0; k < 31; k++) {
    uint64_t r = random64();
    before.x[k] = r & 7 ? r & (RAM - 4) : r & 8 ? 0 : r & UINT64_C(0xff) << 32;
  }
  bool by_register = op == A64_BR || op == A64_BLR || op == A64_RET;
  if (by_register && x(&before, w >> 5 & 31) >= RAM) return true;
  need(tv_mem_write(vm, before.pc, &w, sizeof w, &err), &err);
  after = before;
  if (!expect(&after, op, w)) return true;
  for (unsigned k = 0; k < 2; k++) {
    load(&before);
    need(tv_vcpu_run(cpu, 1, &exit, &err), &err);
    if (exit.kind != TV_EXIT_BUDGET || !agrees(&after)) {
      note("%08x (%s) at %#" PRIx64 ": exit %s, pc %#" PRIx64 " for %#"
           PRIx64, w, a64_op_name(op), before.pc, tv_exit_name(exit.kind),
           get(TV_REG_PC), after.pc);
      return false;
    }
  }
  return true;
}

static void everything(void) {
  unsigned wrong[A64_OP_COUNT] = { 0 }, tried[A64_OP_COUNT] = { 0 };
  for (unsigned k = 0; k < ROUNDS; k++) {
    enum a64_op op;
    uint32_t w = random_word(&op);
    if (a64_decode(w) != op) continue;
    tried[op]++;
    if (wrong[op] < 3 && !one(op, w)) wrong[op]++;
  }
  for (unsigned k = 0; k < A64_OP_COUNT; k++)
    if (tried[k])
      ok(!wrong[k], "%s goes where the manual says (%u words)",
         a64_op_name((enum a64_op)k), tried[k]);
}

// A branch is one step wherever it goes; the failed fetch is the next.
static void to_nowhere(void) {
  const uint32_t br_x0 = 0xd61f0000, b_back = 0x17000000;
  tv_error err;
  tv_exit exit;
  need(tv_mem_write(vm, 0x1000, &br_x0, 4, &err), &err);
  set(TV_REG_X(0), RAM + 8);
  set(TV_REG_PC, 0x1000);
  uint64_t icount = tv_vcpu_icount(cpu);
  need(tv_vcpu_run(cpu, 10, &exit, &err), &err);
  ok(exit.kind == TV_EXIT_FAULT && exit.u.fault.reason == TV_FAULT_UNMAPPED &&
     exit.pc == RAM + 8 && tv_vcpu_icount(cpu) == icount + 1,
     "a branch to unmapped memory completes, the fetch there faults");
  set(TV_REG_X(0), 0x2002);
  set(TV_REG_PC, 0x1000);
  need(tv_vcpu_run(cpu, 10, &exit, &err), &err);
  ok(exit.kind == TV_EXIT_FAULT && exit.pc == 0x2002 &&
     exit.u.fault.reason == TV_FAULT_PC_ALIGNMENT,
     "a branch to half a word completes, then pc is misaligned");
  need(tv_mem_write(vm, 0x1000, &b_back, 4, &err), &err);
  set(TV_REG_PC, 0x1000);
  need(tv_vcpu_run(cpu, 10, &exit, &err), &err);
  ok(exit.kind == TV_EXIT_FAULT && exit.pc == UINT64_C(0xfffffffffc001000) &&
     exit.u.fault.reason == TV_FAULT_ADDRESS_SIZE,
     "a branch below 0 goes to the end of the address space");
}

int main(void) {
  tv_error err;
  need(tv_vm_new(&(tv_vm_config){ .size = sizeof(tv_vm_config),
                                  .relaxed = true }, &vm, &err), &err);
  need(tv_mem_ram(vm, 0, RAM, TV_READ | TV_WRITE | TV_EXEC, NULL, &err),
       &err);
  need(tv_vcpu_new(vm, &cpu, &err), &err);
  everything();
  to_nowhere();
  tv_vm_free(vm);
  return done();
}
