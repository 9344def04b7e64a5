// SPDX-License-Identifier: MIT
//
// Loads and stores that a real CPU gives back (core/mmio.h): what the parts
// ask for, in which order, and what the instruction has done at its end. The
// CPU here has registers only.

#include "core/fault.h"
#include "core/mmio.h"
#include "mock.h"

#define CODE UINT64_C(0x10000)
#define DEV UINT64_C(0x40000)       // 64 KiB of MMIO, RAM before it
#define HOLE UINT64_C(0x50000)
#define V UINT64_C(0xf1e2d3c4b5a69788)
#define X1 UINT64_C(0x8877665544332211)
#define X2 UINT64_C(0xffeeddccbbaa9988)

static tv_vm *vm;
static tv_vcpu *cpu;
static struct mmio m;

static void set_up(uint32_t word, uint64_t x0) {
  static const struct mock_op ops[] = {{.kind = MOCK_STEPS, .n = 1}};
  vm = mock_machine();
  cpu = mock_guest(vm, ops, CODE);
  if (tv_mem_ram(vm, 0, DEV, 7, NULL, NULL) ||
      tv_mem_mmio(vm, DEV, HOLE - DEV, NULL) ||
      tv_mem_write(vm, CODE, &word, 4, NULL)) abort();
  struct mock_cpu *c = mock_of(cpu);
  const uint64_t x[] = { x0, X1, X2, 5, DEV - 8, HOLE - 8 };
  memcpy(c->x, x, sizeof x);
  c->x[31] = DEV + 0x100;
  c->q[1][0] = X1, c->q[1][1] = X2;
  c->q[2][0] = X1, c->q[2][1] = X2;
}

static enum mmio_end begin(uint64_t gpa, bool write, tv_exit *exit) {
  struct mmio_abort abort = { .esr = 0x92000045 & ~UINT64_C(0x40),
                              .va = gpa, .gpa = gpa };
  if (write) abort.esr |= 0x40;
  return mmio_abort(cpu, &m, &abort, exit);
}

// Text like "r3.1 " for each part; reads are answered V, V + 1, ...
static void drive(uint64_t at, bool write, char *log, size_t size) {
  tv_exit exit;
  uint64_t value = V;
  enum mmio_end end = begin(at, write, &exit);
  *log = 0;
  for (; end == MMIO_EXIT; end = mmio_continue(cpu, &m, &exit)) {
    size_t used = strlen(log);
    ok(exit.kind == TV_EXIT_MMIO && exit.pc == CODE &&
       mock_of(cpu)->x[TV_REG_PC] == CODE, "an exit at the instruction");
    if (exit.kind != TV_EXIT_MMIO) break;
    snprintf(log + used, size - used, "%c%d.%d", exit.u.mmio.write ? 'w' : 'r',
             (int)(exit.u.mmio.addr - DEV), exit.u.mmio.size);
    used = strlen(log);
    if (exit.u.mmio.write)
      snprintf(log + used, size - used, "=%" PRIx64, exit.u.mmio.value);
    strncat(log, " ", size - strlen(log) - 1);
    ok(m.waiting == !exit.u.mmio.write, "a read waits, a write does not");
    if (m.waiting) mmio_answer(&m, value++);
  }
}

static const struct load {
  const char *text;
  uint32_t word;
  const char *log;
  uint64_t x1, x2, x0;
} loads[] = {
  {"ldrsb w1, [x0, #3]", 0x39c00c01, "r3.1 ", 0xffffff88, X2, DEV},
  {"ldrsb x1, [x0]", 0x39800001, "r0.1 ", UINT64_MAX - 0x77, X2, DEV},
  {"ldr w1, [x0, #4]", 0xb9400401, "r4.4 ", 0xb5a69788, X2, DEV},
  {"ldrsw x1, [x0]", 0xb9800001, "r0.4 ", 0xffffffffb5a69788, X2, DEV},
  {"ldr xzr, [x0]", 0xf940001f, "r0.8 ", X1, X2, DEV},
  {"ldar w1, [x0]", 0x88dffc01, "r0.4 ", 0xb5a69788, X2, DEV},
  {"ldp x1, x2, [x0, #16]!", 0xa9c10801, "r16.8 r24.8 ", V, V + 1, DEV + 16},
  {"ldpsw x1, x2, [x0], #-8", 0x68ff0801, "r0.4 r4.4 ", 0xffffffffb5a69788,
   0xffffffffb5a69789, DEV - 8},
  {"ldr w1, [x0, w3, sxtw #2]", 0xb863d801, "r20.4 ", 0xb5a69788, X2, DEV}
};

static void check_loads(void) {
  char log[160];
  for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
    const struct load *l = &loads[i];
    set_up(l->word, DEV);
    drive(DEV, false, log, sizeof log);
    const uint64_t *x = mock_of(cpu)->x;
    eq_str(log, l->log, "%s asks", l->text);
    ok(x[1] == l->x1 && x[2] == l->x2 && x[0] == l->x0 &&
       x[TV_REG_PC] == CODE + 4, "%s does", l->text);
    tv_vm_free(vm);
  }
}

static const struct store {
  const char *text;
  uint32_t word;
  const char *log;
  uint64_t x0;
} stores[] = {
  {"str wzr, [x0]", 0xb900001f, "w0.4=0 ", DEV},
  {"strb w1, [sp, #5]", 0x390017e1, "w261.1=11 ", DEV},
  {"stp w1, w2, [x0]", 0x29000801, "w0.4=44332211 w4.4=bbaa9988 ", DEV},
  {"str q1, [x0], #32", 0x3c820401,
   "w0.8=8877665544332211 w8.8=ffeeddccbbaa9988 ", DEV + 32}
};

static void check_stores(void) {
  char log[160];
  for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
    set_up(stores[i].word, DEV);
    drive(DEV, true, log, sizeof log);
    eq_str(log, stores[i].log, "%s gives", stores[i].text);
    ok(mock_of(cpu)->x[0] == stores[i].x0 &&
       mock_of(cpu)->x[TV_REG_PC] == CODE + 4, "%s does", stores[i].text);
    tv_vm_free(vm);
  }
}

static void check_vectors(void) {
  char log[160];
  set_up(0xad400801, DEV);
  drive(DEV, false, log, sizeof log);
  eq_str(log, "r0.8 r8.8 r16.8 r24.8 ", "ldp q1, q2 asks four times");
  ok(mock_of(cpu)->q[1][1] == V + 1 && mock_of(cpu)->q[2][0] == V + 2,
     "ldp q1, q2 fills both");
  tv_vm_free(vm);
  set_up(0x7d400001, DEV);
  mock_of(cpu)->q[1][0] = mock_of(cpu)->q[1][1] = UINT64_MAX;
  drive(DEV, false, log, sizeof log);
  ok(mock_of(cpu)->q[1][0] == 0x9788 && !mock_of(cpu)->q[1][1],
     "ldr h1 clears the rest");
  tv_vm_free(vm);
}

static void check_halves(void) {
  char log[160];
  uint64_t word = 0;
  set_up(0xa9000881, DEV);
  drive(DEV, true, log, sizeof log);
  eq_str(log, "w0.8=ffeeddccbbaa9988 ", "a pair half in RAM asks once");
  tv_mem_read(vm, DEV - 8, &word, 8, NULL);
  eq_u64(word, X1, "and stores its other half");
  tv_vm_free(vm);
}

static void check_faults(void) {
  static const struct { uint32_t word; const char *text; uint64_t at;
                        tv_fault reason; uint8_t size; } row[] = {
    {0xa94008a1, "ldp half in MMIO, half nowhere", HOLE - 8,
     TV_FAULT_UNMAPPED, 8},
    {0xc85f7c01, "ldxr", DEV, TV_FAULT_UNSUPPORTED, 8},
    {0x4c407000, "ld1", DEV, TV_FAULT_UNSUPPORTED, 1},
    {0xd50b7420, "dc zva", DEV, TV_FAULT_UNSUPPORTED, 64}
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    tv_exit exit;
    set_up(row[i].word, DEV);
    ok(begin(row[i].at, false, &exit) == MMIO_EXIT &&
       exit.kind == TV_EXIT_FAULT && exit.u.fault.reason == row[i].reason &&
       exit.pc == CODE && !m.active, "%s is a fault", row[i].text);
    if (i != 2) eq_u64(exit.u.fault.size, row[i].size, "%s", row[i].text);
    tv_vm_free(vm);
  }
}

// What the kernel's or framework's own device has not served itself.
static void check_device(void) {
  static const struct { uint32_t word; const char *text; uint64_t x0, at; }
  row[] = {
    {0xa9400801, "a pair", HOLE, HOLE},
    {0xf8408401, "a load with writeback", HOLE, HOLE},
    {0xa94008a1, "a pair half in MMIO", HOLE, HOLE - 8},
    {0xb9400001, "a load across a page", HOLE + 0xffe, HOLE + 0xffe}
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    tv_exit exit;
    set_up(row[i].word, row[i].x0);
    if (mem_device(vm, HOLE, 0x10000, NULL)) abort();
    ok(begin(row[i].at, false, &exit) == MMIO_EXIT &&
       exit.kind == TV_EXIT_FAULT && !m.active &&
       exit.u.fault.reason == TV_FAULT_UNSUPPORTED,
       "a device of the VM serves no such access: %s", row[i].text);
    tv_vm_free(vm);
  }
}

// An instruction that cannot be read, as with the guest's MMU on.
static void check_syndrome(void) {
  tv_exit exit;
  set_up(0, DEV);
  mock_of(cpu)->sctlr = 1;
  struct mmio_abort abort = { .va = 0xffff000000000010, .gpa = DEV + 0x10,
    .esr = 0x93000006 | UINT64_C(1) << 22 | UINT64_C(1) << 21 | 1 << 16 };
  ok(mmio_abort(cpu, &m, &abort, &exit) == MMIO_EXIT &&
     exit.u.mmio.addr == DEV + 0x10 && exit.u.mmio.size == 2,
     "a valid syndrome says what to ask");
  mmio_answer(&m, 0x8000);
  ok(mmio_continue(cpu, &m, &exit) == MMIO_DONE &&
     mock_of(cpu)->x[1] == 0xffff8000, "and where it goes: ldrsh w1");
  abort.esr = 0x92000006;
  ok(mmio_abort(cpu, &m, &abort, &exit) == MMIO_EXIT &&
     exit.kind == TV_EXIT_FAULT &&
     exit.u.fault.reason == TV_FAULT_UNSUPPORTED,
     "without one it is a fault");
  tv_vm_free(vm);
}

// The MMU maps three pages of 4 KiB from PAGE_VA on by one table, at level 3:
// code, then MMIO, then RAM. The word is fetched, and a pair is in two pages
// that do not follow each other.
#define PAGE_VA UINT64_C(0x4000)
#define TABLE UINT64_C(0x20000)
#define RAM UINT64_C(0x30000)

static enum mmio_end begin_mapped(uint32_t word, uint64_t ram_bits,
                                  tv_exit *exit) {
  const uint64_t pages[] = { CODE | 0x403, (DEV + 0x3000) | 0x403,
                             RAM | ram_bits };
  const uint64_t values[] = { V, V + 1 };
  set_up(word, PAGE_VA + 0x1ff8);
  tv_mem_write(vm, TABLE + 4 * 8, pages, sizeof pages, NULL);
  tv_mem_write(vm, RAM, values, sizeof values, NULL);
  struct mock_cpu *c = mock_of(cpu);
  c->sctlr = 1, c->tcr = 48, c->ttbr[0] = TABLE;
  c->x[TV_REG_PC] = PAGE_VA;
  struct mmio_abort abort = { .esr = 0x92000006, .va = PAGE_VA + 0x1ff8,
                              .gpa = DEV + 0x3ff8 };
  return mmio_abort(cpu, &m, &abort, exit);
}

static void check_mapped(void) {
  tv_exit exit;
  const uint32_t ldp = 0xa8c10801;   // ldp x1, x2, [x0], #16
  ok(begin_mapped(ldp, 0x403, &exit) == MMIO_EXIT && exit.insn == ldp &&
     exit.kind == TV_EXIT_MMIO && exit.u.mmio.addr == DEV + 0x3ff8 &&
     exit.u.mmio.size == 8, "with the MMU on a pair asks for its first half");
  const uint64_t *x = mock_of(cpu)->x;
  mmio_answer(&m, 7);
  const uint64_t gone = 0;
  tv_mem_write(vm, TABLE + 6 * 8, &gone, sizeof gone, NULL);
  ok(mmio_continue(cpu, &m, &exit) == MMIO_DONE && x[1] == 7 && x[2] == V &&
     x[0] == PAGE_VA + 0x2008 && x[TV_REG_PC] == PAGE_VA + 4,
     "and has the second from the next page, where that was at the abort");
  tv_vm_free(vm);
  static const struct { const char *text; uint64_t bits; } others[] = {
    { "nothing is there", 0 }, { "EL0 may not read it", 0x443 },
    { "its access flag is clear", 0x003 }
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    ok(begin_mapped(ldp, others[i].bits, &exit) == MMIO_EXIT &&
       exit.kind == TV_EXIT_FAULT &&
       exit.u.fault.reason == TV_FAULT_UNSUPPORTED && !m.active,
       "no next page is guessed: not as the first, or %s", others[i].text);
    tv_vm_free(vm);
  }
}

static void check_changed(void) {
  for (unsigned write = 0; write < 2; write++) {
    tv_exit exit;
    set_up(write ? 0xf9400001 : 0xf9000001, DEV);   // ldr, str x1, [x0]
    ok(begin(DEV, write, &exit) == MMIO_EXIT &&
       exit.kind == TV_EXIT_FAULT && !m.active &&
       exit.u.fault.reason == TV_FAULT_UNSUPPORTED &&
       exit.u.fault.access == (write ? 'w' : 'r'),
       "a %s whose word is another by now is none of what it says",
       write ? "store" : "load");
    tv_vm_free(vm);
  }
}

// What the host does to the map between two parts is its own affair.
static void check_unmapped(void) {
  tv_exit exit;
  set_up(0xa9400801, DEV);   // ldp x1, x2, [x0]
  ok(begin(DEV, false, &exit) == MMIO_EXIT, "a pair waits");
  ok(tv_mem_unmap(vm, DEV, HOLE - DEV, NULL) == TV_OK, "its device goes");
  mmio_answer(&m, V);
  ok(mmio_continue(cpu, &m, &exit) == MMIO_DONE && mock_of(cpu)->x[2] == 0,
     "what is nowhere reads as 0");
  tv_vm_free(vm);
}

int main(void) {
  check_loads();
  check_stores();
  check_vectors();
  check_halves();
  check_faults();
  check_device();
  check_syndrome();
  check_mapped();
  check_changed();
  check_unmapped();
  return done();
}
