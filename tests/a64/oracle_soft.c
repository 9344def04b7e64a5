// SPDX-License-Identifier: MIT
//
// Our side of the differential test: runs the same cases as oracle_qemu.c on
// the `soft` CPU through the public API and compares the records, which come
// on stdin.
//
//   oracle_soft WORDS SEED SETS LENGTH < records
//
// Prints for each case that differs
//   diff INDEX WORD SOFT-END QEMU-END <tab> input <tab> soft <tab> qemu
// with what matters of each state, and last `cases N bad N`. A case that ends
// in a fault must leave registers and memory as they were (precise faults).
// Cases alternate between EL1h and EL0t; nothing here may tell the two apart.
#include "oracle.h"
#include "tinyvmm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CODE 0x18000000u
#define CODE_SIZE 0x100000u
#define MAX_DIFFS 20000

#define KEY(op0, op1, n, m, op2) \
  TV_REG_SYS((op0) << 14 | (op1) << 11 | (n) << 7 | (m) << 3 | (op2))
#define REG_FPCR KEY(3, 3, 4, 4, 0)
#define REG_FPSR KEY(3, 3, 4, 4, 1)

typedef struct machine {
  tv_vm *vm;
  tv_vcpu *cpu;
  uint64_t *memory;    // the scratch memory as the guest sees it
  uint64_t pattern[ORACLE_SIZE / 8];
  unsigned length;     // words in a case, the prelude not counted
  const char *model;   // of CPU
  bool unchanged;      // after a fault: nothing else had happened
} machine;

// ------------------------------------------------------------- the machine --

static void must(tv_status status, const tv_error *err) {
  if (status == TV_OK) return;
  fprintf(stderr, "oracle_soft: %s\n", err->text);
  exit(2);
}

static void machine_open(machine *m) {
  tv_error err;
  tv_vm_config config = { .size = sizeof config, .relaxed = true,
                          .cpu = m->model };
  must(tv_vm_new(&config, &m->vm, &err), &err);
  must(tv_mem_ram(m->vm, ORACLE_SCRATCH, ORACLE_SIZE, TV_READ | TV_WRITE,
                  NULL, &err), &err);
  must(tv_mem_ram(m->vm, CODE, CODE_SIZE, TV_READ | TV_WRITE | TV_EXEC, NULL,
                  &err), &err);
  must(tv_vcpu_new(m->vm, &m->cpu, &err), &err);
  m->memory = tv_mem_host(m->vm, ORACLE_SCRATCH, ORACLE_SIZE);
  oracle_pattern(m->pattern);
  memcpy(m->memory, m->pattern, ORACLE_SIZE);
}

static void set64(machine *m, tv_reg reg, uint64_t value) {
  tv_error err;
  must(tv_vcpu_set(m->cpu, reg, &value, tv_reg_size(reg), &err), &err);
}

static uint64_t get64(machine *m, tv_reg reg) {
  uint64_t value = 0;
  tv_error err;
  must(tv_vcpu_get(m->cpu, reg, &value, tv_reg_size(reg), &err), &err);
  return value;
}

static void load(machine *m, const oracle_state *st, uint64_t pc, bool el0) {
  tv_error err;
  set64(m, TV_REG_PSTATE, st->nzcv | (el0 ? 0x3c0 : 0x3c5));
  for (unsigned i = 0; i < 31; i++) set64(m, TV_REG_X(i), st->x[i]);
  for (unsigned i = 0; i < 32; i++)
    must(tv_vcpu_set(m->cpu, TV_REG_Q(i), st->v[i], 16, &err), &err);
  set64(m, TV_REG_SP, st->sp);
  set64(m, REG_FPCR, st->fpcr);
  set64(m, REG_FPSR, st->fpsr);
  set64(m, TV_REG_PC, pc);
}

static void store(machine *m, oracle_state *st) {
  tv_error err;
  for (unsigned i = 0; i < 31; i++) st->x[i] = get64(m, TV_REG_X(i));
  for (unsigned i = 0; i < 32; i++)
    must(tv_vcpu_get(m->cpu, TV_REG_Q(i), st->v[i], 16, &err), &err);
  st->sp = get64(m, TV_REG_SP);
  st->nzcv = get64(m, TV_REG_PSTATE) & 0xf0000000;
  st->fpcr = get64(m, REG_FPCR);
  st->fpsr = get64(m, REG_FPSR);
}

static oracle_end end_of(const tv_exit *e) {
  if (e->kind == TV_EXIT_BUDGET) return ORACLE_RAN;
  if (e->kind != TV_EXIT_FAULT) return ORACLE_OTHER;
  switch (e->u.fault.reason) {
  case TV_FAULT_UNDEFINED: return ORACLE_UNDEFINED;
  case TV_FAULT_UNMAPPED: return ORACLE_UNMAPPED;
  case TV_FAULT_ALIGNMENT: return ORACLE_ALIGNMENT;
  default: return ORACLE_OTHER;
  }
}

// Runs one case; `*name` says how it ended where `end` has no word for it.
static oracle_end run_case(machine *m, const oracle_state *in,
                           oracle_state *out, uint64_t pc, bool el0,
                           const char **name) {
  tv_error err;
  tv_exit e;
  load(m, in, pc, el0);
  must(tv_vcpu_run(m->cpu, 1 + m->length, &e, &err), &err);
  store(m, out);
  oracle_end end = end_of(&e);
  *name = e.kind == TV_EXIT_FAULT ? tv_fault_name(e.u.fault.reason)
                                  : tv_exit_name(e.kind);
  uint64_t at = get64(m, TV_REG_PC);
  if (end == ORACLE_RAN && at != pc + 4 * (1 + m->length)) {
    *name = "wrong-pc";
    end = ORACLE_OTHER;
  }
  m->unchanged = end == ORACLE_RAN
    || (!memcmp(in->x, out->x, sizeof in->x) && in->sp == out->sp
        && in->nzcv == out->nzcv && in->fpsr == out->fpsr
        && !memcmp(in->v, out->v, sizeof in->v)
        && !memcmp(m->pattern, m->memory, ORACLE_SIZE)
        && at - pc <= 4);
  return end;
}

// ---------------------------------------------------------------- printing --

static void print_input(uint32_t word, const oracle_state *in) {
  unsigned fields[4] = { word & 31, word >> 5 & 31, word >> 16 & 31,
                         word >> 10 & 31 };
  printf("\tnzcv=%x sp=%" PRIx64, (unsigned)(in->nzcv >> 28), in->sp);
  for (unsigned i = 0; i < 4; i++)
    if (fields[i] < 31)
      printf(" x%u=%" PRIx64, fields[i], in->x[fields[i]]);
  if ((word & 0x04000000) == 0) return;
  printf(" fpcr=%x fpsr=%x", (unsigned)in->fpcr, (unsigned)in->fpsr);
  for (unsigned i = 0; i < 4; i++)
    printf(" v%u=%" PRIx64 ":%016" PRIx64, fields[i], in->v[fields[i]][1],
           in->v[fields[i]][0]);
}

static void print_record(const oracle_record *r, const char *end) {
  const uint64_t *value = (const uint64_t *)(r + 1);
  const uint64_t *limit = value + r->words;
  putchar('\t');
  if (r->end != ORACLE_RAN) {
    fputs(end, stdout);
    return;
  }
  printf("nzcv=%x fpsr=%x", r->nzcv >> 28, r->fpsr);
  for (unsigned i = 0; i < 32; i++)
    if (r->xmask >> i & 1) printf(" x%u=%" PRIx64, i, *value++);
  for (unsigned i = 0; i < 32; i++)
    if (r->vmask >> i & 1) {
      printf(" v%u=%" PRIx64 ":%016" PRIx64, i, value[1], value[0]);
      value += 2;
    }
  for (unsigned n = 0; value < limit && n < 8; n++, value += 2)
    printf(" [%" PRIx64 "]=%" PRIx64, value[0], value[1]);
}

static const char *end_name(uint32_t end) {
  static const char *const name[] = { "ran", "undefined", "unmapped",
                                      "alignment", "other" };
  return name[end <= ORACLE_OTHER ? end : ORACLE_OTHER];
}

// ------------------------------------------------------------------- main --

static bool read_record(void *to) {
  oracle_record *r = to;
  if (fread(r, sizeof *r, 1, stdin) != 1) return false;
  return r->words <= ORACLE_RECORD_MAX / 8 - 3
    && fread(r + 1, 8, r->words, stdin) == r->words;
}

static uint32_t *read_words(const char *path, size_t *count) {
  FILE *f = fopen(path, "rb");
  if (!f || fseek(f, 0, SEEK_END) != 0) {
    perror(path);
    exit(2);
  }
  long size = ftell(f);
  rewind(f);
  uint32_t *words = malloc((size_t)size + 1);
  *count = words ? fread(words, 4, (size_t)size / 4, f) : 0;
  fclose(f);
  return words;
}

// Compares case `index`; returns false if it differs.
static bool compare_case(machine *m, uint32_t word, uint64_t seed,
                         uint64_t index, uint64_t pc) {
  static _Alignas(16) char ours[ORACLE_RECORD_MAX], theirs[ORACLE_RECORD_MAX];
  oracle_record *q = (oracle_record *)theirs, *s = (oracle_record *)ours;
  oracle_state in, out;
  const char *name;
  if (!read_record(theirs)) {
    fprintf(stderr, "oracle_soft: no record for case %" PRIu64 "\n", index);
    exit(2);
  }
  oracle_make(&in, word, oracle_seed(seed, index), m->pattern);
  oracle_end end = run_case(m, &in, &out, pc, index & 1, &name);
  size_t size = oracle_write(ours, end, &in, &out, m->pattern, m->memory);
  memcpy(m->memory, m->pattern, ORACLE_SIZE);
  tv_mem_wrote(m->vm, ORACLE_SCRATCH, ORACLE_SIZE);
  bool same = memcmp(ours, theirs, size) == 0;
  if (same && !m->unchanged && m->length == 1
      && oracle_prelude(word) == ORACLE_CLREX) {
    same = false;
    name = "imprecise";
  }
  if (same) return true;
  if (end == ORACLE_RAN) name = "ran";
  printf("diff %" PRIu64 " %08" PRIx32 " %s %s", index, word, name,
         end_name(q->end));
  print_input(word, &in);
  print_record(s, name);
  print_record(q, end_name(q->end));
  putchar('\n');
  return false;
}

// Puts `count` cases of words into the code memory, each after its prelude.
static void fill_slots(machine *m, const uint32_t *words, size_t count) {
  uint32_t *code = tv_mem_host(m->vm, CODE, CODE_SIZE);
  for (size_t i = 0; i < count; i++, words += m->length) {
    *code++ = oracle_prelude(*words);
    memcpy(code, words, 4 * m->length);
    code += m->length;
  }
  tv_mem_wrote(m->vm, CODE, CODE_SIZE);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  uint64_t seed = strtoull(argv[2], NULL, 0), index = 0;
  unsigned sets = (unsigned)strtoul(argv[3], NULL, 0), bad = 0;
  machine m = { .length = (unsigned)strtoul(argv[4], NULL, 0),
                .model = argv[5] };
  if (m.length == 0 || m.length > ORACLE_LENGTH_MAX) return 2;
  machine_open(&m);
  size_t count, slots = CODE_SIZE / 4 / (1 + m.length);
  uint32_t *words = read_words(argv[1], &count);
  count /= m.length;
  for (size_t i = 0; i < count && bad < MAX_DIFFS; i++) {
    size_t slot = i % slots, rest = count - i;
    const uint32_t *first = words + i * m.length;
    if (slot == 0) fill_slots(&m, first, rest < slots ? rest : slots);
    uint64_t pc = CODE + slot * 4 * (1 + m.length);
    for (unsigned k = 0; k < sets; k++, index++)
      bad += !compare_case(&m, *first, seed, index, pc);
  }
  printf("cases %" PRIu64 " bad %u\n", index, bad);
  free(words);
  tv_vm_free(m.vm);
  return fflush(stdout) == 0 ? 0 : 2;
}
