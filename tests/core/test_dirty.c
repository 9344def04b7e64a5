// SPDX-License-Identifier: MIT
//
// Logs of written pages, on the software CPU. Every kind of instruction that
// writes, and the host, writes at random places, most of them near the ends
// of pages: the log names the pages that were stored to and no others, and
// pages whose contents differ from the last time are among them. The store map
// says of every granule what it must, so that a store is slow only where a log
// wants to hear of it.

#include "core/dirty.h"
#include "core/vm.h"
#include "tap.h"
#include "tinyvmm.h"

enum {
  RWX = TV_READ | TV_WRITE | TV_EXEC,
  PAGE = TV_DIRTY_PAGE, WORDS = 4,
  PAGES = 64 * WORDS,        // 1 MiB: the RAM begins where the store map ends
  CODE = 0, CODE_SIZE = PAGE, DATA = 0x40000000, BIG = 0x50000000,
  BIG_SIZE = 4 * PAGES * PAGE, ROUNDS = 8000,
  HERE = 0x77
};
static const uint64_t DATA_SIZE = PAGES * PAGE;
static const uint32_t HVC_0 = 0xd4000002, HVC_1 = 0xd4000022;

struct machine {
  tv_vm *vm;
  tv_vcpu *cpu;
  uint8_t *bytes, copy[PAGES * PAGE];   // the data, as it was last time
  uint64_t want[WORDS];
  tv_exit exit;
};

static tv_error err;

static void need(tv_status s) {
  if (!s) return;
  printf("Bail out! %s\n", err.text);
  exit(EXIT_FAILURE);
}

// The data is main RAM, or, with a larger region beside it, is not.
static struct machine *machine(bool main_ram) {
  static const tv_vm_config config = { .size = sizeof config,
                                       .relaxed = true };
  struct machine *m = calloc(1, sizeof *m);
  need(tv_vm_new(&config, &m->vm, &err));
  need(tv_mem_ram(m->vm, CODE, CODE_SIZE, RWX, NULL, &err));
  need(tv_mem_ram(m->vm, DATA, DATA_SIZE, RWX, NULL, &err));
  if (!main_ram) need(tv_mem_ram(m->vm, BIG, BIG_SIZE, RWX, NULL, &err));
  need(tv_vcpu_new(m->vm, &m->cpu, &err));
  m->bytes = tv_mem_host(m->vm, DATA, DATA_SIZE);
  return m;
}

static void close_machine(struct machine *m) {
  tv_vm_free(m->vm);
  free(m);
}

static void set(struct machine *m, unsigned x, uint64_t v) {
  need(tv_vcpu_set(m->cpu, TV_REG_X(x), &v, sizeof v, &err));
}

static uint64_t seed = 20261126;
static uint64_t random64(void) {   // splitmix64
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}
static uint64_t below(uint64_t n) { return random64() % n; }

// ---------------------------------------------------------------- writers --

// x1 is the address, x2 and x3 are data, x4 is 0. SAME: x4 and x5 are what is
// there now, DIFFERENT: they are not, and nothing is written. SET: x2 is the
// size; COPY: x2 is the source, x3 the size.
enum how { PLAIN, ALIGNED, SAME, DIFFERENT, SET, COPY };
struct writer {
  const char *text;
  unsigned size;
  enum how how;
  uint32_t word[3];
};
static const struct writer writers[] = {
  {"strb w2, [x1]", 1, PLAIN, {0x39000022}},
  {"strh w2, [x1]", 2, PLAIN, {0x79000022}},
  {"str w2, [x1]", 4, PLAIN, {0xb9000022}},
  {"str x2, [x1]", 8, PLAIN, {0xf9000022}},
  {"stur x2, [x1]", 8, PLAIN, {0xf8000022}},
  {"str x2, [x1], #8", 8, PLAIN, {0xf8008422}},
  {"str x2, [x1, #0]!", 8, PLAIN, {0xf8000c22}},
  {"str x2, [x1, x4]", 8, PLAIN, {0xf8246822}},
  {"sttr x2, [x1]", 8, PLAIN, {0xf8000822}},
  {"stp w2, w3, [x1]", 8, PLAIN, {0x29000c22}},
  {"stp x2, x3, [x1]", 16, PLAIN, {0xa9000c22}},
  {"stp x2, x3, [x1], #16", 16, PLAIN, {0xa8810c22}},
  {"stnp x2, x3, [x1]", 16, PLAIN, {0xa8000c22}},
  {"str b0, [x1]", 1, PLAIN, {0x3d000020}},
  {"str h0, [x1]", 2, PLAIN, {0x7d000020}},
  {"str s0, [x1]", 4, PLAIN, {0xbd000020}},
  {"str d0, [x1]", 8, PLAIN, {0xfd000020}},
  {"str q0, [x1]", 16, PLAIN, {0x3d800020}},
  {"str q0, [x1, x4]", 16, PLAIN, {0x3ca46820}},
  {"stp s0, s1, [x1]", 8, PLAIN, {0x2d000420}},
  {"stp d0, d1, [x1]", 16, PLAIN, {0x6d000420}},
  {"stp q0, q1, [x1]", 32, PLAIN, {0xad000420}},
  {"st1 {v0.16b}, [x1]", 16, PLAIN, {0x4c007020}},
  {"st1 {v0.16b, ..., v3.16b}, [x1]", 64, PLAIN, {0x4c002020}},
  {"st2 {v0.16b, v1.16b}, [x1]", 32, PLAIN, {0x4c008020}},
  {"st3 {v0.8b, v1.8b, v2.8b}, [x1]", 24, PLAIN, {0x0c004020}},
  {"st4 {v0.4s, ..., v3.4s}, [x1]", 64, PLAIN, {0x4c000820}},
  {"st1 {v0.b}[3], [x1]", 1, PLAIN, {0x0d000c20}},
  {"st4 {v0.d, ..., v3.d}[1], [x1]", 32, PLAIN, {0x4d20a420}},
  {"stlr x2, [x1]", 8, ALIGNED, {0xc89ffc22}},
  {"stlrb w2, [x1]", 1, PLAIN, {0x089ffc22}},
  {"stlur x2, [x1]", 8, ALIGNED, {0xd9000022}},
  {"ldadd x2, x3, [x1]", 8, ALIGNED, {0xf8220023}},
  {"swpb w2, w3, [x1]", 1, PLAIN, {0x38228023}},
  {"stclr w2, [x1]", 4, ALIGNED, {0xb822103f}},
  {"cas x4, x2, [x1]", 8, SAME, {0xc8a47c22}},
  {"cas x4, x2, [x1]", 8, DIFFERENT, {0xc8a47c22}},
  {"casp x4, x5, x2, x3, [x1]", 16, SAME, {0x48247c22}},
  {"casp x4, x5, x2, x3, [x1]", 16, DIFFERENT, {0x48247c22}},
  {"ldxr x5, [x1]; stxr w6, x2, [x1]", 8, ALIGNED, {0xc85f7c25, 0xc8067c22}},
  {"ldxp x5, x6, [x1]; stxp w7, x2, x3, [x1]", 16, ALIGNED,
   {0xc87f1825, 0xc8270c22}},
  {"stxr w6, x2, [x1]", 8, DIFFERENT, {0xd5033f5f, 0xc8067c22}},   // clrex
  {"dc zva, x1", 64, ALIGNED, {0xd50b7421}},
  {"stzg x1, [x1]", 16, ALIGNED, {0xd9600821}},
  {"stz2g x1, [x1]", 32, ALIGNED, {0xd9e00821}},
  {"stgp x2, x3, [x1]", 16, ALIGNED, {0x69000c22}},
  {"setp, setm, sete", 0, SET, {0x19c30441, 0x19c34441, 0x19c38441}},
  {"cpyp, cpym, cpye", 0, COPY, {0x1d020461, 0x1d420461, 0x1d820461}},
  {"cpyfp, cpyfm, cpyfe", 0, COPY, {0x19020461, 0x19420461, 0x19820461}}
};
enum { WRITERS = sizeof writers / sizeof *writers };

static void expect(struct machine *m, uint64_t off, uint64_t len) {
  if (!len) return;
  for (uint64_t p = off / PAGE; p <= (off + len - 1) / PAGE; p++)
    m->want[p / 64] |= UINT64_C(1) << p % 64;
}

// A place for `size` bytes, mostly near the end of a page.
static uint64_t place(uint64_t size, bool aligned) {
  uint64_t off = below(DATA_SIZE - size + 1);
  if (below(4)) {
    uint64_t end = (1 + below(PAGES)) * PAGE, back = below(2 * size + 8);
    off = end >= back + size || end > back ? end - back : 0;
    if (off > DATA_SIZE - size) off = DATA_SIZE - size;
  }
  uint64_t unit = size > 64 ? 64 : size;
  return aligned && unit ? off / unit * unit : off;
}

static void prepare(struct machine *m, enum how how, uint64_t off) {
  uint64_t now[2] = { 0 }, q[2], left = DATA_SIZE - off;
  memcpy(now, m->bytes + off, left < 16 ? left : 16);
  set(m, 1, DATA + off);
  set(m, 2, random64());
  set(m, 3, random64());
  set(m, 4, 0);
  if (how == SAME || how == DIFFERENT) {
    now[0] ^= how == DIFFERENT;
    set(m, 4, now[0]);
    set(m, 5, now[1]);
  }
  for (unsigned k = 0; k < 4; k++) {
    q[0] = random64();
    q[1] = random64();
    need(tv_vcpu_set(m->cpu, TV_REG_Q(k), q, sizeof q, &err));
  }
}

static void execute(struct machine *m, const struct writer *w) {
  uint32_t code[4] = { w->word[0], w->word[1], w->word[2] };
  unsigned n = 0;
  uint64_t pc = CODE;
  while (n < 3 && code[n]) n++;
  code[n] = HVC_1;
  need(tv_mem_write(m->vm, CODE, code, sizeof code, &err));
  need(tv_vcpu_set(m->cpu, TV_REG_PC, &pc, sizeof pc, &err));
  need(tv_vcpu_run(m->cpu, 1000, &m->exit, &err));
}

// Writes somewhere by this instruction; false if it did not come to its end.
static bool guest_writes(struct machine *m, const struct writer *w) {
  uint64_t size = w->size;
  if (w->how == SET || w->how == COPY) size = below(3 * PAGE);
  uint64_t off = place(size, w->how != PLAIN && w->size);
  prepare(m, w->how, off);
  if (w->how == SET) set(m, 2, size);
  if (w->how == COPY) {
    uint64_t back = below(size + 1);       // half of them overlap, copied down
    set(m, 2, DATA + (below(2) && back <= off ? off - back
                                              : place(size, false)));
    set(m, 3, size);
  }
  if (w->how != DIFFERENT) expect(m, off, size);
  execute(m, w);
  return m->exit.kind == TV_EXIT_HVC && m->exit.u.hvc.imm == 1;
}

static void host_writes(struct machine *m) {
  static uint8_t noise[3 * PAGE];
  uint64_t size = below(sizeof noise), off = place(size, false);
  for (uint64_t k = 0; k < size; k += 97) noise[k] = (uint8_t)random64();
  expect(m, off, size);
  if (below(2)) {
    need(tv_mem_write(m->vm, DATA + off, noise, size, &err));
  } else {
    memcpy(m->bytes + off, noise, size);
    tv_mem_wrote(m->vm, DATA + off, size);
  }
}

// ----------------------------------------------------------------- checks --

// Pages whose bytes are others than last time, all of which must be in `got`.
static bool covers(struct machine *m, const uint64_t got[WORDS]) {
  for (uint64_t p = 0; p < PAGES; p++) {
    bool differs = memcmp(m->bytes + p * PAGE, m->copy + p * PAGE, PAGE);
    if (differs && !(got[p / 64] >> p % 64 & 1)) return false;
  }
  return true;
}

static void forget(struct machine *m) {
  memcpy(m->copy, m->bytes, DATA_SIZE);
}

// Takes the log: false if it is not what it must be.
static bool taken(struct machine *m) {
  uint64_t got[WORDS] = { 0 };
  need(tv_mem_dirty(m->vm, DATA, got, WORDS, &err));
  bool good = covers(m, got) && !memcmp(got, m->want, sizeof got);
  forget(m);
  memset(m->want, 0, sizeof m->want);
  return good;
}

static bool is_clean(const struct machine *m, uint64_t page) {
  return page < PAGES && !(m->want[page / 64] >> page % 64 & 1);
}

// CLEAN is on the granules of clean pages and on the one before each; the
// others are in the list, once.
static bool marked(struct machine *m) {
  const struct region *r = mem_at(m->vm, DATA);
  uint64_t listed = 0;
  for (unsigned k = 0; k < WORDS; k++)
    listed += (uint64_t)__builtin_popcountll(m->want[k]);
  if (r->log && r->log->count != listed) return false;
  for (uint64_t g = 0; g < DATA_SIZE / MEM_GRANULE; g++) {
    uint64_t at = g * MEM_GRANULE;
    bool want = is_clean(m, at / PAGE) ||
                is_clean(m, (at + MEM_GRANULE) / PAGE);
    if (!(r->store_map[g] & STORE_CLEAN) == want) return false;
  }
  return true;
}

static void every_writer(bool main_ram) {
  const char *where = main_ram ? "main RAM" : "another region";
  struct machine *m = machine(main_ram);
  unsigned ends[WRITERS] = { 0 }, runs[WRITERS] = { 0 }, bad = 0, unmarked = 0;
  need(tv_mem_log(m->vm, DATA, true, &err));
  ok(taken(m) && marked(m), "a log begins with no page, %s", where);
  for (unsigned k = 0; k < ROUNDS; k++) {
    unsigned n = (unsigned)below(WRITERS + 1);
    if (n == WRITERS) host_writes(m);
    else runs[n]++, ends[n] += guest_writes(m, &writers[n]);
    if (!below(4) && !marked(m) && !unmarked++)
      note("wrong marks after %s", n < WRITERS ? writers[n].text : "the host");
    if (!below(8) && !taken(m) && !bad++)
      note("round %u, last %s", k, n < WRITERS ? writers[n].text : "the host");
  }
  for (unsigned n = 0; n < WRITERS; n++)
    if (!runs[n] || ends[n] != runs[n])
      ok(false, "%s: %u of %u ran to their end", writers[n].text, ends[n],
         runs[n]);
  ok(taken(m) && !bad, "the log has the pages stored to and no others, %s",
     where);
  eq_u64(unmarked, 0, "the store map marks clean pages only, %s", where);
  need(tv_mem_log(m->vm, DATA, false, &err));
  memset(m->want, 0xff, sizeof m->want);
  ok(marked(m), "without a log nothing is marked, %s", where);
  close_machine(m);
}

// Random loads and stores by x1: whatever there is among them.
static void any_word(void) {
  struct machine *m = machine(true);
  unsigned wrote = 0, missed = 0;
  need(tv_mem_log(m->vm, DATA, true, &err));
  for (unsigned k = 0; k < ROUNDS; k++) {
    uint64_t got[WORDS];
    uint32_t word = (uint32_t)random64();
    word = (word & ~0x0a0003e0u) | 0x08000020;
    prepare(m, PLAIN, place(64, false));
    execute(m, &(struct writer){ .word = { word } });
    if (below(4)) continue;
    need(tv_mem_dirty(m->vm, DATA, got, WORDS, &err));
    if (!covers(m, got) && !missed++) note("%08x is not seen", word);
    for (unsigned w = 0; w < WORDS; w++) wrote += got[w] != 0;
    forget(m);
  }
  ok(wrote > ROUNDS / 40, "random words write (%u times)", wrote);
  eq_u64(missed, 0, "and no page that differs is missed");
  close_machine(m);
}

// -------------------------------------------------------------- behaviour --

static void says(tv_status s, tv_status want, const char *piece) {
  ok(s == want && strstr(err.text, piece), "%s: %s", piece, err.text);
}

static void errors(void) {
  struct machine *m = machine(true);
  uint64_t map[WORDS];
  need(tv_mem_mmio(m->vm, BIG, PAGE, &err));
  says(tv_mem_dirty(m->vm, DATA, map, WORDS, &err), TV_E_STATE,
       "is not logged; call tv_mem_log first");
  says(tv_mem_log(m->vm, DATA + PAGE, true, &err), TV_E_RANGE,
       "not the base of a RAM or ROM region");
  says(tv_mem_log(m->vm, BIG, true, &err), TV_E_RANGE, "in the MMIO");
  says(tv_mem_log(m->vm, 0x1000000, true, &err), TV_E_RANGE,
       "nothing is mapped");
  need(tv_mem_log(m->vm, DATA, true, &err));
  need(tv_mem_write(m->vm, DATA, "x", 1, &err));
  says(tv_mem_dirty(m->vm, DATA, map, WORDS - 1, &err), TV_E_INVALID,
       "4 are needed");
  says(tv_mem_dirty(m->vm, DATA, NULL, 0, &err), TV_E_INVALID, "0 words");
  expect(m, 0, 1);
  ok(taken(m), "a refused taking loses nothing");
  ok(!tv_mem_log(m->vm, CODE, false, &err), "what is not logged can be ended");
  close_machine(m);
}

static tv_hc during(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                    uint64_t *x0) {
  tv_status *s = ctx;
  uint64_t map;
  (void)arg, (void)x0;
  s[0] = tv_mem_log(tv_vcpu_vm(cpu), DATA, true, NULL);
  s[1] = tv_mem_dirty(tv_vcpu_vm(cpu), CODE, &map, 1, NULL);
  return TV_HC_EXIT;
}

static void in_a_run(void) {
  struct machine *m = machine(true);
  tv_status s[2] = { TV_OK, TV_OK };
  need(tv_vm_hypercall(m->vm, HERE, during, s, &err));
  set(m, 0, HERE);
  execute(m, &(struct writer){ .word = { HVC_0 } });
  ok(s[0] == TV_E_BUSY && s[1] == TV_E_BUSY, "neither is called in a run");
  close_machine(m);
}

static void life(void) {
  struct machine *m = machine(true);
  need(tv_mem_log(m->vm, DATA, true, &err));
  need(tv_mem_write(m->vm, DATA + 5 * PAGE, "x", 1, &err));
  need(tv_vm_reset(m->vm, &err));
  expect(m, 5 * PAGE, 1);
  ok(taken(m), "a log survives a reset");
  need(tv_mem_write(m->vm, DATA, "x", 1, &err));
  need(tv_mem_log(m->vm, DATA, true, &err));
  forget(m);
  ok(taken(m), "beginning again forgets");
  need(tv_mem_write(m->vm, DATA, "x", 1, &err));
  need(tv_mem_protect(m->vm, DATA, TV_READ, &err));
  need(tv_mem_write(m->vm, DATA + DATA_SIZE - 1, "x", 1, &err));
  need(tv_mem_protect(m->vm, DATA, RWX, &err));
  expect(m, 0, 1);
  expect(m, DATA_SIZE - 1, 1);
  ok(taken(m) && marked(m), "a log goes on when the protection changes");
  need(tv_mem_log(m->vm, DATA, false, &err));
  need(tv_mem_write(m->vm, DATA, "y", 1, &err));
  need(tv_mem_log(m->vm, DATA, true, &err));
  forget(m);
  ok(taken(m), "what is written without a log is not remembered");
  need(tv_mem_log(m->vm, CODE, true, &err));
  need(tv_mem_unmap(m->vm, DATA, DATA_SIZE, &err));
  need(tv_mem_ram(m->vm, DATA, DATA_SIZE, RWX, NULL, &err));
  says(tv_mem_dirty(m->vm, DATA, m->want, WORDS, &err), TV_E_STATE,
       "not logged");
  uint64_t map = 0;
  need(tv_mem_write(m->vm, CODE, "x", 1, &err));
  ok(!tv_mem_dirty(m->vm, CODE, &map, 1, &err) && map == 1,
     "logs of two regions are two");
  close_machine(m);
}

// A store that faults in its second half has stored nothing.
static void faults(void) {
  struct machine *m = machine(true);
  const struct writer *pair = &writers[10];
  need(tv_mem_log(m->vm, DATA, true, &err));
  prepare(m, PLAIN, DATA_SIZE - 8);
  execute(m, pair);
  ok(m->exit.kind == TV_EXIT_FAULT && taken(m),
     "%s at the end of the region dirties nothing", pair->text);
  need(tv_mem_protect(m->vm, DATA, TV_READ, &err));
  prepare(m, PLAIN, 0);
  execute(m, pair);
  ok(m->exit.kind == TV_EXIT_FAULT && taken(m),
     "%s to a protected page dirties nothing", pair->text);
  close_machine(m);
}

// Code and its changes go by the same bytes.
static void running_code(void) {
  struct machine *m = machine(true);
  uint64_t pc = DATA + 2 * PAGE, x9 = 0;
  uint32_t code[] = { 0xb9000022, 0xd2800029,   // str w2, [x1]; mov x9, #1
                      HVC_1 };
  need(tv_mem_write(m->vm, pc, code, sizeof code, &err));
  for (unsigned round = 0; round < 3; round++) {
    if (round) need(tv_mem_log(m->vm, DATA, true, &err));
    prepare(m, PLAIN, 2 * PAGE + 4);
    set(m, 2, 0xd2800009 | (2 + round) << 5);   // mov x9, #2 ...
    need(tv_vcpu_set(m->cpu, TV_REG_PC, &pc, sizeof pc, &err));
    need(tv_vcpu_run(m->cpu, 1000, &m->exit, &err));
    need(tv_vcpu_get(m->cpu, TV_REG_X(9), &x9, sizeof x9, &err));
    eq_u64(x9, 2 + round, "a store to code is executed, log or not");
    if (!round) continue;
    expect(m, 2 * PAGE + 4, 4);
    forget(m);
    ok(marked(m), "the store map says so, to the pages beside it as well");
    need(tv_mem_protect(m->vm, DATA, RWX, &err));
    ok(marked(m), "and when its predecoded form goes");
    ok(taken(m), "and logged");
    need(tv_mem_log(m->vm, DATA, false, &err));
  }
  close_machine(m);
}

int main(void) {
  errors();
  in_a_run();
  life();
  faults();
  running_code();
  every_writer(true);
  every_writer(false);
  any_word();
  return done();
}
