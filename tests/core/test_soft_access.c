// SPDX-License-Identifier: MIT
//
// The memory path of the software CPU. First a comparison: random loads and
// stores of every row do the same whether their data is main RAM (the inlined
// fast path), another region, two regions that meet inside the access, or
// MMIO answered from an array. Then the edges: ends of RAM, ROM, protections,
// stores over code, what a fault leaves untouched.

#include "a64/decode.h"
#include "a64/esr.h"
#include "tap.h"
#include "tinyvmm.h"

enum {
  RWX = TV_READ | TV_WRITE | TV_EXEC,
  CODE_RAM = 0x800000,         // larger than the data: main RAM
  CODE = 0x10000,
  DATA = 0x40000000, DATA_SIZE = 0x8000, MIDDLE = DATA_SIZE / 2,
  WORDS = 20000
};

enum place { FAST, COLD, SPLIT, MMIO, PLACES };
static const tv_reg SCTLR_EL1 = TV_REG_SYS(0xc080);
static const char *const place_name[] = { "main RAM", "another region",
                                          "two regions", "MMIO" };

struct machine {
  tv_vm *vm;
  tv_vcpu *cpu;
  enum place place;
  uint64_t data;               // where its DATA_SIZE bytes begin
  uint8_t *bytes;              // their contents, MMIO's here as well
  uint8_t shadow[DATA_SIZE];
  tv_exit exit;
};

static void need(tv_status s, const tv_error *err) {
  if (!s) return;
  printf("Bail out! %s\n", err->text);
  exit(EXIT_FAILURE);
}

static void map(struct machine *m, uint64_t base, uint64_t size) {
  tv_error err;
  need(tv_mem_ram(m->vm, base, size, RWX, NULL, &err), &err);
}

static struct machine *machine(enum place place, bool relaxed) {
  struct machine *m = calloc(1, sizeof *m);
  tv_vm_config config = { .size = sizeof config, .relaxed = relaxed };
  tv_error err;
  m->place = place;
  m->data = place == FAST ? CODE_RAM / 2 : DATA;
  need(tv_vm_new(&config, &m->vm, &err), &err);
  map(m, 0, CODE_RAM);
  if (place == COLD) map(m, DATA, DATA_SIZE);
  if (place == SPLIT) {
    static uint8_t own[DATA_SIZE];
    memset(own, 0, sizeof own);
    need(tv_mem_ram(m->vm, DATA, MIDDLE, RWX, own, &err), &err);
    need(tv_mem_ram(m->vm, DATA + MIDDLE, MIDDLE, RWX, own + MIDDLE, &err),
         &err);
    m->bytes = own;
  }
  if (place == MMIO) {
    need(tv_mem_mmio(m->vm, DATA, DATA_SIZE, &err), &err);
    m->bytes = m->shadow;
  }
  if (!m->bytes) m->bytes = tv_mem_host(m->vm, m->data, DATA_SIZE);
  need(tv_vcpu_new(m->vm, &m->cpu, &err), &err);
  return m;
}

static void close_machine(struct machine *m) {
  tv_vm_free(m->vm);
  free(m);
}

static void set(struct machine *m, tv_reg reg, uint64_t v) {
  tv_error err;
  need(tv_vcpu_set(m->cpu, reg, &v, sizeof v, &err), &err);
}

static uint64_t get(struct machine *m, tv_reg reg) {
  uint64_t v = 0;
  tv_error err;
  need(tv_vcpu_get(m->cpu, reg, &v, sizeof v, &err), &err);
  return v;
}

static void code(struct machine *m, uint64_t at, uint32_t word) {
  tv_error err;
  need(tv_mem_write(m->vm, at, &word, sizeof word, &err), &err);
}

// Runs up to n steps, serving MMIO from the array; the last exit is kept.
static void run(struct machine *m, uint64_t n) {
  tv_error err;
  for (;;) {
    need(tv_vcpu_run(m->cpu, n, &m->exit, &err), &err);
    if (m->exit.kind != TV_EXIT_MMIO) return;
    uint8_t *at = m->bytes + (m->exit.u.mmio.addr - m->data);
    uint64_t v = 0;
    if (m->exit.u.mmio.write) {
      memcpy(at, &m->exit.u.mmio.value, m->exit.u.mmio.size);
    } else {
      memcpy(&v, at, m->exit.u.mmio.size);
      need(tv_vcpu_answer(m->cpu, v, &err), &err);
    }
  }
}

// Executes one instruction at CODE.
static void step(struct machine *m, uint32_t word) {
  code(m, CODE, word);
  set(m, TV_REG_PC, CODE);
  run(m, 1);
}

// -------------------------------------------------------- one and the same --

static uint64_t seed = 20221120;
static uint64_t random64(void) {   // splitmix64
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static bool is_x1(uint32_t w, unsigned lo) { return (w >> lo & 31) == 1; }

// A random word of the load and store group (op0 x1x0) with base x1 that the
// table knows. No other field names x1, and unsigned offsets are short. Rn of
// a memory copy or set is no base: guest/mops.lua has those.
static uint32_t random_word(enum a64_op *op) {
  for (;;) {
    uint32_t w = (uint32_t)random64();
    w = (w & ~0x0a0003e0u) | 0x08000020;
    if ((w & 0x3b000000) == 0x39000000) w &= ~0x003f0000u;
    *op = a64_decode(w);
    if (is_x1(w, 0) || is_x1(w, 10) || is_x1(w, 16)) continue;
    if (*op == A64_UNDEFINED || *op == A64_LDR_lit || *op == A64_PRFM_lit ||
        *op == A64_LDRSW_lit || *op == A64_LDR_fp_lit)
      continue;
    if (*op == A64_CPY || *op == A64_CPYF || *op == A64_SET ||
        *op == A64_SETG)
      continue;
    return w;
  }
}

// The state before: x1 points at the data, the other registers are small
// offsets, vectors and memory are noise from `from`.
static void prepare(struct machine *m, uint64_t from, int64_t skew,
                    uint64_t clean) {
  uint64_t q[2];
  tv_error err;
  seed = from;
  for (unsigned k = 0; k < 31; k++)
    set(m, TV_REG_X(k), k == 1 ? m->data + (uint64_t)(MIDDLE + skew)
                               : random64() & 0x1f8);
  for (unsigned k = 0; k < 32; k++) {
    q[0] = random64();
    q[1] = random64();
    need(tv_vcpu_set(m->cpu, TV_REG_Q(k), q, sizeof q, &err), &err);
  }
  for (uint64_t at = 0; at < clean; at += 8) {
    uint64_t v = random64();
    memcpy(m->bytes + at, &v, sizeof v);
  }
}

// What an instruction has done, free of where the data lies.
struct outcome {
  uint64_t x[31], q[32][2], memory, kind, reason, esr, at;
};

static struct outcome outcome(struct machine *m) {
  struct outcome o;
  tv_error err;
  memset(&o, 0, sizeof o);
  for (unsigned k = 0; k < 31; k++) o.x[k] = get(m, TV_REG_X(k));
  o.x[1] -= m->data;
  for (unsigned k = 0; k < 32; k++)
    need(tv_vcpu_get(m->cpu, TV_REG_Q(k), o.q[k], 16, &err), &err);
  o.memory = UINT64_C(0xcbf29ce484222325);
  for (unsigned k = 0; k < DATA_SIZE; k += 8) {
    uint64_t v;
    memcpy(&v, m->bytes + k, sizeof v);
    o.memory = (o.memory ^ v) * UINT64_C(0x100000001b3);
    o.memory ^= o.memory >> 29;
  }
  o.kind = m->exit.kind;
  if (o.kind == TV_EXIT_FAULT) {
    o.reason = m->exit.u.fault.reason;
    o.esr = m->exit.u.fault.esr;
    // an undefined word leaves FAR alone
    if (o.reason != TV_FAULT_UNDEFINED) o.at = m->exit.u.fault.far - m->data;
  }
  return o;
}

// Atomics, exclusives and structures are refused on MMIO, once aligned.
static bool mmio_can(enum a64_op op) {
  switch (op) {
    case A64_STXR: case A64_LDXR: case A64_STXP: case A64_LDXP:
    case A64_CAS: case A64_CASP: case A64_LDADD: case A64_LDCLR:
    case A64_LDEOR: case A64_LDSET: case A64_LDSMAX: case A64_LDSMIN:
    case A64_LDUMAX: case A64_LDUMIN: case A64_SWP: case A64_ST_m:
    case A64_LD_m: case A64_ST_m_post: case A64_LD_m_post: case A64_ST_s:
    case A64_LD_s: case A64_ST_s_post: case A64_LD_s_post: case A64_LD_r:
    case A64_LD_r_post: return false;
    default: return true;
  }
}

static bool same(const struct outcome *a, const struct outcome *b,
                 enum place place, enum a64_op op) {
  if (place == MMIO && !mmio_can(op) && b->kind == TV_EXIT_FAULT &&
      b->reason == TV_FAULT_UNSUPPORTED)
    return true;
  // Whether these store depends on loads before them, which MMIO refused.
  if (place == MMIO && (op == A64_STXR || op == A64_STXP)) return true;
  // An unaligned access across pages of one MMIO region has no single part.
  if (place == MMIO && b->kind == TV_EXIT_FAULT &&
      b->reason == TV_FAULT_UNSUPPORTED && a->kind == TV_EXIT_BUDGET)
    return true;
  return !memcmp(a, b, sizeof *a);
}

static void everywhere(bool relaxed) {
  struct machine *m[PLACES];
  unsigned wrong[PLACES] = { 0 }, ran = 0, seen[A64_OP_COUNT] = { 0 };
  for (int p = 0; p < PLACES; p++) m[p] = machine((enum place)p, relaxed);
  for (int p = 0; p < PLACES; p++) prepare(m[p], 1, 0, DATA_SIZE);
  for (unsigned k = 0; k < WORDS / (relaxed ? 1 : 4); k++) {
    enum a64_op op;
    struct outcome first, o;
    seed = k * UINT64_C(77777) + 1;
    uint32_t w = random_word(&op);
    uint64_t from = random64(), bits = random64();
    // Around the middle, where SPLIT's regions meet; half of them aligned.
    int64_t skew = -(int64_t)(bits & 0x3f) & (bits & 64 ? ~15 : ~0);
    for (int p = 0; p < PLACES; p++) {
      prepare(m[p], from, skew, 0);
      step(m[p], w);
      if (p == FAST) {
        first = outcome(m[p]);
        if (first.kind == TV_EXIT_BUDGET) ran++, seen[op]++;
        continue;
      }
      o = outcome(m[p]);
      if (!same(&first, &o, (enum place)p, op) && !wrong[p]++)
        note("%08x (%s): exit %d/%d reason %d/%d memory %d", w,
             a64_op_name(op), (int)first.kind, (int)o.kind,
             (int)first.reason, (int)o.reason, first.memory == o.memory);
      memcpy(m[p]->bytes, m[FAST]->bytes, DATA_SIZE);
    }
  }
  for (int p = COLD; p < PLACES; p++)
    eq_u64(wrong[p], 0, "%s accesses do the same in main RAM and in %s",
           relaxed ? "unaligned" : "strict", place_name[p]);
  unsigned rows = 0;
  for (unsigned k = 0; k < A64_OP_COUNT; k++) rows += seen[k] != 0;
  ok(rows > (relaxed ? 70u : 50u), "%u rows ran, %u words", rows, ran);
  for (int p = 0; p < PLACES; p++) close_machine(m[p]);
}

// ----------------------------------------------------------------- edges --

static const uint32_t          // rt is x0 or v0, rn is x1
  LDRB_W0_X1 = 0x39400020, STRB_W0_X1 = 0x39000020,
  LDR_X0_X1 = 0xf9400020, STR_X0_X1 = 0xf9000020,
  LDP_X0_X2_X1 = 0xa9400820, STP_X0_X2_X1 = 0xa9000820,
  STP_X0_X2_X1_PRE = 0xa9810820,        // [x1, #16]!
  LDR_Q0_X1 = 0x3dc00020, STR_Q0_X1 = 0x3d800020,
  LDP_Q0_Q2_X1 = 0xad400820, STP_Q0_Q2_X1 = 0xad000820,
  LDXR_X0_X1 = 0xc85f7c20, STXR_W3_X0_X1 = 0xc8037c20,
  LDADD_X2_X0_X1 = 0xf8220020, ST1_16B_X1 = 0x4c007020,
  LDR_X0_SP = 0xf94003e0, NOP = 0xd503201f, MOV_X5_7 = 0xd28000e5,
  STR_W0_X1 = 0xb9000020;

static bool faulted(const struct machine *m, tv_fault reason, uint64_t far) {
  return m->exit.kind == TV_EXIT_FAULT && m->exit.u.fault.reason == reason &&
         m->exit.u.fault.far == far;
}

static void end_of_ram(bool relaxed) {
  const struct { uint32_t word; unsigned size, part; const char *what; }
    all[] = {
      { LDRB_W0_X1, 1, 1, "a byte load" }, { LDR_X0_X1, 8, 8, "a load" },
      { STRB_W0_X1, 1, 1, "a byte store" }, { STR_X0_X1, 8, 8, "a store" },
      { LDP_X0_X2_X1, 16, 8, "LDP" }, { STP_X0_X2_X1, 16, 8, "STP" },
      { LDR_Q0_X1, 16, 16, "LDR Q" }, { STR_Q0_X1, 16, 16, "STR Q" },
      { LDP_Q0_Q2_X1, 32, 16, "LDP Q" }, { STP_Q0_Q2_X1, 32, 16, "STP Q" },
      { ST1_16B_X1, 16, 1, "ST1" } };
  struct machine *m = machine(COLD, relaxed);
  for (unsigned place = FAST; place <= COLD; place++)
    for (unsigned k = 0; k < sizeof all / sizeof *all; k++) {
      unsigned part = relaxed ? 1 : all[k].part;
      uint64_t end = place == FAST ? CODE_RAM : DATA + DATA_SIZE;
      uint8_t *last = tv_mem_host(m->vm, end - 64, 64), before[64];
      set(m, TV_REG_X(0), ~UINT64_C(0));
      set(m, TV_REG_X(1), end - all[k].size);
      step(m, all[k].word);
      ok(m->exit.kind == TV_EXIT_BUDGET, "%s at the very end of %s works",
         all[k].what, place_name[place]);
      memset(last, 0x5a, 64);
      memcpy(before, last, 64);
      set(m, TV_REG_X(1), end - all[k].size + part);
      step(m, all[k].word);
      ok(faulted(m, TV_FAULT_UNMAPPED, end) && !memcmp(last, before, 64) &&
         get(m, TV_REG_PC) == CODE,
         "%s %u bytes later is unmapped and changes nothing (%s)",
         all[k].what, part, place_name[place]);
    }
  close_machine(m);
}

static void far_away(void) {
  const uint32_t word[] = { LDRB_W0_X1, STR_X0_X1, STP_X0_X2_X1,
                            STP_Q0_Q2_X1 };
  struct machine *m = machine(FAST, true);
  for (unsigned k = 0; k < sizeof word / sizeof *word; k++) {
    set(m, TV_REG_X(1), UINT64_C(1) << 48);
    step(m, word[k]);
    ok(faulted(m, TV_FAULT_ADDRESS_SIZE, UINT64_C(1) << 48) &&
       (m->exit.u.fault.esr & 0x3f) == 0,
       "%08x at 2^48 is an address size fault of level 0", word[k]);
    for (uint64_t a = UINT64_MAX; a > UINT64_MAX - 40; a--) {
      set(m, TV_REG_X(1), a);
      step(m, word[k]);
      if (!faulted(m, TV_FAULT_ADDRESS_SIZE, a)) {
        ok(false, "%08x at %#" PRIx64 " does not wrap", word[k], a);
        break;
      }
    }
  }
  close_machine(m);
}

static void refused(struct machine *m, uint32_t word, tv_fault reason,
                    const char *what) {
  uint8_t before[64];
  memcpy(before, m->bytes, 64);
  set(m, TV_REG_X(0), 0x1234);
  set(m, TV_REG_X(1), DATA);
  step(m, word);
  ok(faulted(m, reason, DATA) && !memcmp(before, m->bytes, 64) &&
     get(m, TV_REG_X(0)) == 0x1234 && get(m, TV_REG_X(1)) == DATA,
     "%s", what);
}

static void protections(void) {
  tv_error err;
  struct machine *m = machine(COLD, true);
  need(tv_mem_protect(m->vm, DATA, TV_READ, &err), &err);
  refused(m, STR_X0_X1, TV_FAULT_PROTECTED, "a store without TV_WRITE");
  refused(m, STP_X0_X2_X1_PRE - 0x10000, TV_FAULT_PROTECTED,
          "a pair with writeback without TV_WRITE");
  refused(m, LDADD_X2_X0_X1, TV_FAULT_PROTECTED, "an atomic needs TV_WRITE");
  need(tv_mem_protect(m->vm, DATA, TV_WRITE, &err), &err);
  refused(m, LDR_X0_X1, TV_FAULT_PROTECTED, "a load without TV_READ");
  refused(m, LDXR_X0_X1, TV_FAULT_PROTECTED, "LDXR without TV_READ");
  refused(m, LDADD_X2_X0_X1, TV_FAULT_PROTECTED, "an atomic needs TV_READ");
  need(tv_mem_unmap(m->vm, DATA, DATA_SIZE, &err), &err);
  m->bytes = m->shadow;
  refused(m, LDADD_X2_X0_X1, TV_FAULT_UNMAPPED, "an atomic needs memory");
  need(tv_mem_ram(m->vm, DATA, 0x1000, TV_READ, NULL, &err), &err);
  refused(m, STR_X0_X1, TV_FAULT_READ_ONLY, "a store to ROM");
  refused(m, LDADD_X2_X0_X1, TV_FAULT_READ_ONLY, "an atomic on ROM");
  refused(m, ST1_16B_X1, TV_FAULT_READ_ONLY, "a structure to ROM");
  close_machine(m);
  m = machine(FAST, true);
  need(tv_mem_protect(m->vm, 0, TV_READ | TV_EXEC, &err), &err);
  set(m, TV_REG_X(1), m->data);
  step(m, STR_X0_X1);
  ok(faulted(m, TV_FAULT_PROTECTED, m->data),
     "main RAM loses its fast stores with TV_WRITE");
  step(m, LDR_X0_X1);
  ok(m->exit.kind == TV_EXIT_BUDGET, "and keeps its loads");
  close_machine(m);
}

// ------------------------------------------------------------ MMIO parts --

static void parts(void) {
  struct machine *m = machine(MMIO, false);
  tv_error err;
  const uint32_t word[] = { STP_X0_X2_X1_PRE, STR_Q0_X1, STP_Q0_Q2_X1 };
  const unsigned count[] = { 2, 2, 4 };
  for (unsigned k = 0; k < 3; k++) {
    unsigned n = 0, good = 0;
    code(m, CODE, word[k]);
    set(m, TV_REG_PC, CODE);
    set(m, TV_REG_X(1), DATA + 0x100);
    uint64_t icount = tv_vcpu_icount(m->cpu);
    for (;;) {
      need(tv_vcpu_run(m->cpu, 1, &m->exit, &err), &err);
      if (m->exit.kind != TV_EXIT_MMIO) break;
      uint64_t at = DATA + 0x100 + 8 * n + (k == 0 ? 16 : 0);
      good += m->exit.u.mmio.part == n && m->exit.u.mmio.addr == at &&
              m->exit.u.mmio.size == 8 && m->exit.pc == CODE &&
              get(m, TV_REG_X(1)) == DATA + 0x100 &&
              tv_vcpu_icount(m->cpu) == icount;
      n++;
    }
    ok(n == count[k] && good == n && m->exit.kind == TV_EXIT_BUDGET &&
       tv_vcpu_icount(m->cpu) == icount + 1,
       "%08x is %u accesses of 8 bytes ascending and one step", word[k],
       count[k]);
  }
  set(m, TV_REG_X(1), DATA - 8);
  need(tv_mem_ram(m->vm, DATA - 0x1000, 0x1000, RWX, NULL, &err), &err);
  set(m, TV_REG_X(0), 0xaa);
  set(m, TV_REG_X(2), 0xbb);
  m->bytes = m->shadow;
  step(m, STP_X0_X2_X1);
  uint64_t low = 0, high = 0;
  tv_mem_read(m->vm, DATA - 8, &low, 8, NULL);
  memcpy(&high, m->shadow, 8);
  ok(low == 0xaa && high == 0xbb, "STP may be half RAM, half MMIO");
  set(m, TV_REG_X(0), 0);
  set(m, TV_REG_X(2), 0);
  step(m, LDP_X0_X2_X1);
  ok(get(m, TV_REG_X(0)) == 0xaa && get(m, TV_REG_X(2)) == 0xbb,
     "and so may LDP");
  close_machine(m);
}

// ----------------------------------------------------- stores over code --

static void over_code(void) {
  struct machine *m = machine(FAST, true);
  tv_error err;
  for (unsigned off = 4; off < 0x204; off += 4) {
    for (unsigned k = 0; k < 0x90; k++) code(m, CODE + k * 4, NOP);
    code(m, CODE, STR_W0_X1);
    set(m, TV_REG_PC, CODE);
    set(m, TV_REG_X(5), 0);
    set(m, TV_REG_X(0), NOP);
    set(m, TV_REG_X(1), CODE + 0x1000);
    run(m, 0x90);                          // everything is predecoded now
    set(m, TV_REG_PC, CODE);
    set(m, TV_REG_X(0), MOV_X5_7);
    set(m, TV_REG_X(1), CODE + off);
    run(m, 0x90);
    if (get(m, TV_REG_X(5)) == 7) continue;
    ok(false, "a store %u bytes ahead is executed", off);
    break;
  }
  eq_u64(get(m, TV_REG_X(5)), 7, "the next fetch sees what a store wrote");
  // A Q store whose last bytes are code, in a granule never written before.
  set(m, TV_REG_X(5), 0);
  code(m, CODE + 0x700, NOP);
  set(m, TV_REG_PC, CODE + 0x700);
  run(m, 1);
  uint32_t q[4] = { 0, 0, 0, MOV_X5_7 };
  need(tv_vcpu_set(m->cpu, TV_REG_Q(0), q, sizeof q, &err), &err);
  set(m, TV_REG_X(1), CODE + 0x700 - 12);
  step(m, STR_Q0_X1);
  set(m, TV_REG_PC, CODE + 0x700);
  run(m, 1);
  eq_u64(get(m, TV_REG_X(5)), 7,
         "a store that reaches into the next granule is seen there");
  close_machine(m);
}

// ------------------------------------------------- exclusives, sp, device --

static void exclusives(void) {
  struct machine *m = machine(FAST, true);
  set(m, TV_REG_X(1), m->data);
  step(m, LDXR_X0_X1);
  step(m, STXR_W3_X0_X1);
  eq_u64(get(m, TV_REG_X(3)), 0, "STXR after LDXR succeeds");
  step(m, STXR_W3_X0_X1);
  eq_u64(get(m, TV_REG_X(3)), 1, "and not twice");
  step(m, LDXR_X0_X1);
  step(m, STXR_W3_X0_X1 & ~(1u << 30));
  eq_u64(get(m, TV_REG_X(3)), 1, "nor with another size");
  step(m, LDXR_X0_X1);
  set(m, TV_REG_X(1), m->data + 8);
  step(m, STXR_W3_X0_X1);
  eq_u64(get(m, TV_REG_X(3)), 1, "nor at another address");
  set(m, TV_REG_X(1), 0x10);
  step(m, STXR_W3_X0_X1);
  eq_u64(get(m, TV_REG_X(3)), 1, "a failing STXR makes no access");
  set(m, TV_REG_X(1), m->data + 12);
  step(m, LDXR_X0_X1);
  ok(faulted(m, TV_FAULT_ALIGNMENT, m->data + 12),
     "an exclusive must lie within 16 bytes on Normal memory too");
  close_machine(m);
  m = machine(FAST, false);
  set(m, TV_REG_X(1), m->data);
  step(m, LDXR_X0_X1);
  ok(faulted(m, TV_FAULT_ATOMIC, m->data) &&
     (m->exit.u.fault.esr & 0x3f) == ESR_FSC_ATOMIC,
     "LDXR on Device memory is DFSC 0x35");
  step(m, LDADD_X2_X0_X1);
  ok(faulted(m, TV_FAULT_ATOMIC, m->data), "LDADD on Device memory as well");
  set(m, TV_REG_X(1), m->data + 4);
  step(m, LDADD_X2_X0_X1);
  ok(faulted(m, TV_FAULT_ALIGNMENT, m->data + 4),
     "alignment is checked before");
  set(m, TV_REG_X(1), m->data + 4);
  step(m, LDR_X0_X1);
  ok(faulted(m, TV_FAULT_ALIGNMENT, m->data + 4),
     "Device memory wants aligned loads");
  set(m, TV_REG_SP, m->data + 8);
  set(m, SCTLR_EL1, get(m, SCTLR_EL1) | 1 << 3);
  step(m, LDR_X0_SP);
  ok(m->exit.kind == TV_EXIT_FAULT &&
     m->exit.u.fault.reason == TV_FAULT_SP_ALIGNMENT,
     "sp as a base must be aligned to 16");
  close_machine(m);
}

int main(void) {
  everywhere(true);
  everywhere(false);
  end_of_ram(false);
  end_of_ram(true);
  far_away();
  protections();
  parts();
  over_code();
  exclusives();
  return done();
}
