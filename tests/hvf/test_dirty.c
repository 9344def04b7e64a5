// SPDX-License-Identifier: MIT
//
// Logs of written pages on the framework, which has none: which aborts are a
// first store, and that a page's second store does not leave the guest.

#include <string.h>

#include "a64/esr.h"
#include "core/dirty.h"
#include "hvf/hvf.h"
#include "mock.h"
#include "tap.h"

enum { RWX = TV_READ | TV_WRITE | TV_EXEC, PAGES = 64, RX = TV_READ | TV_EXEC,
       SIZE = PAGES * HVF_GRANULE, DATA = 0x1000000,
       WORDS = SIZE / TV_DIRTY_PAGE / 64, IN_PAGE = HVF_GRANULE / TV_DIRTY_PAGE
};


enum { WNR = ESR_DABT_WNR, WALK = ESR_DABT_S1PTW,
       PERMISSION = ESR_FSC_PERMISSION + 3,
       TRANSLATION = ESR_FSC_TRANSLATION + 3 };

static tv_error err;
static tv_vm *vm;
static tv_vcpu *cpu;

static void need(tv_status s) {
  if (!s) return;
  printf("Bail out! %s\n", err.text);
  exit(EXIT_FAILURE);
}

static void machine(void) {
  static const tv_vm_config config = { .size = sizeof config,
                                       .backend = "hvf" };
  static const uint32_t code[] = {
    0xf9000022,    // str x2, [x1]
    0xcb040021,    // sub x1, x1, x4
    0xf10004a5,    // subs x5, x5, #1
    0x54ffffa1,    // b.ne .-12
    0xd4000022     // hvc #1
  };
  need(tv_vm_new(&config, &vm, &err));
  need(tv_mem_ram(vm, 0, HVF_GRANULE, RWX, NULL, &err));
  need(tv_mem_ram(vm, DATA, SIZE, RWX, NULL, &err));
  need(tv_mem_write(vm, 0, code, sizeof code, &err));
  need(tv_vcpu_new(vm, &cpu, &err));
}

// Stores downward from `off`, `count` times.
static void store(uint64_t off, uint64_t count, uint64_t apart) {
  uint64_t value[] = { DATA + off, 7, 0, apart, count }, pc = 0;
  tv_exit exit;
  for (unsigned k = 0; k < 5; k++)
    need(tv_vcpu_set(cpu, TV_REG_X(1 + k), &value[k], 8, &err));
  need(tv_vcpu_set(cpu, TV_REG_PC, &pc, sizeof pc, &err));
  do need(tv_vm_run(vm, 1000000000, &exit, &err));
  while (exit.kind == TV_EXIT_BUDGET);
  if (exit.kind != TV_EXIT_HVC) ok(false, "it ends by its hvc");
}

// How many pages of ours there are in the log.
static unsigned taken(void) {
  uint64_t map[WORDS];
  unsigned n = 0;
  need(tv_mem_dirty(vm, DATA, map, WORDS, &err));
  for (unsigned k = 0; k < WORDS; k++)
    n += (unsigned)__builtin_popcountll(map[k]);
  return n;
}

static void aborts(void) {
  const enum esr_ec data = ESR_EC_DABT_LOW, fetch = ESR_EC_IABT_LOW;
  const struct { uint64_t esr; bool store; const char *what; } is[] = {
    {esr_make(data, WNR | PERMISSION), true, "a store"},
    {esr_make(data, PERMISSION), false, "a load"},
    {esr_make(data, WNR | TRANSLATION), false, "a store to nowhere"},
    {esr_make(data, WALK | PERMISSION), true, "a walk for data"},
    {esr_make(fetch, WALK | PERMISSION), true, "a walk for a fetch"},
    {esr_make(fetch, PERMISSION), false, "a fetch"},
    {esr_make(fetch, WALK | TRANSLATION), false, "a walk through nowhere"}
  };
  const uint64_t at = DATA + SIZE - 1;
  ok(!hvf_is_logged_store(vm, is[0].esr, at), "without a log there is none");
  need(tv_mem_log(vm, DATA, true, &err));
  for (unsigned k = 0; k < sizeof is / sizeof *is; k++)
    ok(hvf_is_logged_store(vm, is[k].esr, at) == is[k].store,
       "%s is %s first store", is[k].what, is[k].store ? "a" : "no");
  ok(!hvf_is_logged_store(vm, is[0].esr, DATA + SIZE), "nor behind the region");
  need(tv_mem_protect(vm, DATA, RX, &err));
  ok(!hvf_is_logged_store(vm, is[0].esr, at), "nor where none is allowed");
  need(tv_mem_protect(vm, DATA, RWX, &err));
}

// The inner VM's maps show what is protected.
static unsigned writable(void) {
  unsigned n = 0;
  for (uint64_t at = DATA; at < DATA + SIZE; at += HVF_GRANULE)
    n += mem_at(mock.vm, at)->prot == RWX;
  return n;
}

static void pages(void) {
  eq_u64(writable(), 0, "a logged region is all protected");
  store(5 * HVF_GRANULE + 8, 1, 0);
  eq_u64(writable(), 1, "but for the page that was stored to");
  store(5 * HVF_GRANULE + 8, 1000, 16);
  eq_u64(writable(), 2, "and the next");
  eq_u64(taken(), 2 * IN_PAGE, "the log has both in full");
  eq_u64(writable(), 0, "and protects them again");
  need(tv_mem_write(vm, DATA, "x", 1, &err));
  eq_u64(writable(), 0, "a store of the host's takes no protection away");
  eq_u64(taken(), 1, "and dirties one page of 4 KiB");
  store(SIZE - 8, PAGES, HVF_GRANULE);
  eq_u64(writable(), PAGES, "every page has its own first store");
  need(tv_mem_protect(vm, DATA, RX, &err));
  eq_u64(writable(), 0, "without TV_WRITE there is none");
  need(tv_mem_protect(vm, DATA, RWX, &err));
  eq_u64(writable(), 0, "and with it all are clean");
  store(8, 1, 0);
  eq_u64(taken(), PAGES * IN_PAGE, "which forgets nothing");
  store(16, 1, 0);
  need(tv_mem_log(vm, DATA, false, &err));
  eq_u64(writable(), PAGES, "without a log nothing is protected");
}

int main(void) {
  machine();
  aborts();
  pages();
  tv_vm_free(vm);
  return done();
}
