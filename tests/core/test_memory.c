// SPDX-License-Identifier: MIT
//
// The guest-physical map: every refusal, copying across regions, lazy
// commitment, and what the store map tells the backend.

#include "base/os.h"
#include "mock.h"

#include <sys/resource.h>

static tv_error err;

static const unsigned rwx = TV_READ | TV_WRITE | TV_EXEC;

static void bad_places(void) {
  tv_vm *vm = mock_machine();
  expect(tv_mem_ram(vm, 0x10100, 0x1000, rwx, NULL, &err), TV_E_ALIGNMENT,
         &err, "base 0x10100 is not a multiple of the granule 0x1000 (4 KiB); "
         "the nearest are 0x10000 and 0x11000", "an unaligned base is refused");
  expect(tv_mem_ram(vm, 0x10000, 0x800, rwx, NULL, &err), TV_E_ALIGNMENT,
         &err, "size 0x800", "an unaligned size is refused");
  expect(tv_mem_ram(vm, 0x10000, 0, rwx, NULL, &err), TV_E_INVALID, &err,
         "is 0", "an empty region is refused");
  expect(tv_mem_ram(vm, 0x10000, 0x1000, 8, NULL, &err), TV_E_INVALID, &err,
         "protection 0x8", "an unknown protection bit is refused");
  expect(tv_mem_ram(vm, UINT64_MAX - 0xfff, 0x1000, rwx, NULL, &err),
         TV_E_RANGE, &err, "52-bit", "a region at the end of 64 bits is "
         "refused");
  expect(tv_mem_ram(vm, 0x1000, UINT64_MAX - 0xfff, rwx, NULL, &err),
         TV_E_RANGE, &err, "52-bit", "a region around the end is refused");
  expect(tv_mem_mmio(vm, (UINT64_C(1) << 52) - 0x1000, 0x2000, &err),
         TV_E_RANGE, &err, "52-bit", "a region across 2^52 is refused");
  expect(tv_mem_mmio(vm, (UINT64_C(1) << 52) - 0x1000, 0x1000, &err), TV_OK,
         NULL, NULL, "the last page below 2^52 can be mapped");
  expect(tv_mem_ram(vm, 0, UINT64_C(1) << 51, rwx, NULL, &err),
         TV_E_NO_MEMORY, &err, "no host memory for 0x8000000000000 bytes",
         "more than the host's address space is refused");
  expect(tv_mem_ram(vm, 0, 0x10000, rwx, (void *)-0x8000, &err),
         TV_E_INVALID, &err, "end of the address space",
         "host memory around the end is refused");
  tv_vm_free(vm);
}

static void overlaps(void) {
  tv_vm *vm = mock_machine();
  expect(tv_mem_ram(vm, 0x100000, 0x10000, rwx, NULL, &err), TV_OK, NULL,
         NULL, "RAM is mapped");
  expect(tv_mem_mmio(vm, 0x10f000, 0x1000, &err), TV_E_OVERLAP, &err,
         "MMIO 0x10f000..0x10ffff overlaps the RAM mapped at "
         "0x100000..0x10ffff", "overlap names both regions");
  eq_u64(err.addr, 0x10f000, "overlap gives the address");
  expect(tv_mem_mmio(vm, 0xff000, 0x2000, &err), TV_E_OVERLAP, &err, NULL,
         "overlap from below is refused");
  expect(tv_mem_mmio(vm, 0x0, 0x1000000, &err), TV_E_OVERLAP, &err, NULL,
         "overlap around a region is refused");
  tv_vm_free(vm);
}

static void refusals(void) {
  tv_vm *vm = mock_machine();
  tv_mem_ram(vm, 0x100000, 0x10000, rwx, NULL, NULL);
  expect(tv_mem_protect(vm, 0x101000, rwx, &err), TV_E_RANGE, &err,
         "0x101000 is not the base", "protect wants the base");
  expect(tv_mem_protect(vm, 0x5000, rwx, &err), TV_E_RANGE, &err,
         "nothing is mapped at 0x5000", "protect wants a region");
  expect(tv_mem_protect(vm, 0x100000, 16, &err), TV_E_INVALID, &err, NULL,
         "protect wants known bits");
  expect(tv_mem_unmap(vm, 0x100000, 0x8000, &err), TV_E_RANGE, &err,
         "0x100000..0x107fff cuts the RAM at 0x100000..0x10ffff",
         "unmap does not cut a region");
  expect(tv_mem_unmap(vm, 0x0, 0x1000, &err), TV_E_RANGE, &err,
         "nothing is mapped", "unmap wants a region");
  expect(tv_mem_unmap(vm, 0x0, 0, &err), TV_E_INVALID, &err, NULL,
         "unmap wants a size");
  expect(tv_mem_log(vm, 0x100000, true, &err), TV_E_UNSUPPORTED, &err,
         "the backend mock cannot log", "a backend need not have logs");
  mock_fail.map = mock_fail.protect = true;
  expect(tv_mem_mmio(vm, 0x0, 0x1000, &err), TV_E_LIMIT, &err, "mock",
         "the backend may refuse a region");
  expect(tv_mem_protect(vm, 0x100000, TV_READ, &err), TV_E_LIMIT, &err,
         "mock", "the backend may refuse a protection");
  mock_fail.map = mock_fail.protect = false;
  tv_region r;
  expect(tv_mem_find(vm, 0x0, &r), TV_E_RANGE, NULL, NULL,
         "a refused region leaves nothing behind");
  tv_mem_find(vm, 0x100000, &r);
  eq_u64(r.prot, rwx, "a refused protection changes nothing");
  tv_vm_free(vm);
}

// What cannot be unmapped is still there, and nobody runs who could reach it.
static void stays(void) {
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu;
  tv_exit exit;
  uint64_t value = 0;
  tv_region r;
  tv_mem_ram(vm, 0x100000, 0x10000, rwx, NULL, NULL);
  tv_mem_ram(vm, 0x200000, 0x10000, rwx, NULL, NULL);
  tv_vcpu_new(vm, &cpu, NULL);
  tv_mem_write(vm, 0x100000, "unmapped", 8, NULL);
  mock_fail.unmap = true;
  expect(tv_mem_unmap(vm, 0x100000, 0x10000, &err), TV_E_LIMIT, &err,
         "mock: stays", "the backend may refuse to unmap a region");
  expect(tv_mem_unmap(vm, 0x100000, 0x10000, NULL), TV_E_LIMIT, NULL, NULL,
         "and says so again");
  mock_fail.unmap = false;
  ok(!tv_mem_find(vm, 0x10ffff, &r) && r.base == 0x100000 &&
     !tv_mem_read(vm, 0x100000, &value, 8, NULL) &&
     !memcmp(&value, "unmapped", 8), "which then stays");
  const struct mock_vm *mock = vm->back;
  expect(tv_vm_run(vm, 1000, &exit, &err), TV_E_LIMIT, &err, "mock: stays",
         "and no run succeeds any more");
  expect(tv_vcpu_step(cpu, 1, &exit, &err), TV_E_LIMIT, &err, "mock: stays",
         "nor a step");
  expect(tv_vm_reset(vm, &err), TV_OK, NULL, NULL, "a reset does");
  expect(tv_vcpu_run(cpu, 1000, &exit, &err), TV_E_LIMIT, &err, "mock: stays",
         "and changes nothing about that");
  eq_u64(mock->runs, 0, "the guest has not been entered");
  expect(tv_mem_unmap(vm, 0, 0x1000000, &err), TV_OK, NULL, NULL,
         "what stayed can be unmapped later");
  tv_vm_free(vm);
}

static void regions(void) {
  tv_vm *vm = mock_machine();
  static uint8_t own[8192];
  tv_region r, s;
  tv_mem_ram(vm, 0x4000, 0x2000, TV_READ | TV_WRITE, own, NULL);
  tv_mem_ram(vm, 0x0, 0x1000, TV_READ | TV_EXEC, NULL, NULL);
  tv_mem_mmio(vm, 0x2000, 0x1000, NULL);
  uint64_t base[3] = {0};
  for (size_t i = 0; tv_mem_region(vm, i, &r) == TV_OK; i++) base[i] = r.base;
  ok(base[0] == 0 && base[1] == 0x2000 && base[2] == 0x4000,
     "regions are listed in address order");
  expect(tv_mem_region(vm, 3, &r), TV_E_RANGE, NULL, NULL,
         "the list has an end");
  tv_mem_find(vm, 0xfff, &r);
  ok(r.kind == TV_MEM_ROM && r.host, "RAM without TV_WRITE is ROM");
  tv_mem_find(vm, 0x2fff, &s);
  ok(s.kind == TV_MEM_MMIO && !s.host, "MMIO has no host memory");
  ok(r.id && s.id && r.id != s.id, "regions have ids of their own");
  ok(tv_mem_host(vm, 0x4010, 16) == own + 16, "the caller's memory is used");
  ok(!tv_mem_host(vm, 0x5ff8, 16) && !tv_mem_host(vm, 0x2000, 1),
     "tv_mem_host wants one RAM or ROM region");
  expect(tv_mem_protect(vm, 0x0, 0, NULL), TV_OK, NULL, NULL,
         "all access can be taken away");
  expect(tv_mem_protect(vm, 0x2000, TV_READ, &err), TV_E_RANGE, &err,
         "in the MMIO", "MMIO has no protection");
  expect(tv_mem_unmap(vm, 0x1000, 0x7000, NULL), TV_OK, NULL, NULL,
         "unmap removes every region within");
  expect(tv_mem_find(vm, 0x2000, &r), TV_E_RANGE, NULL, NULL,
         "what is unmapped is gone");
  expect(tv_mem_find(vm, 0x0, &r), TV_OK, NULL, NULL, "the rest stays");
  tv_mem_mmio(vm, 0x2000, 0x1000, NULL);
  tv_mem_find(vm, 0x2000, &r);
  ok(r.id > s.id, "ids are not reused");
  tv_vm_free(vm);
}

static void copying(void) {
  tv_vm *vm = mock_machine();
  char out[16] = "unchanged";
  tv_mem_ram(vm, 0x1000, 0x1000, TV_READ | TV_WRITE, NULL, NULL);
  tv_mem_ram(vm, 0x2000, 0x1000, TV_READ, NULL, NULL);
  tv_mem_mmio(vm, 0x3000, 0x1000, NULL);
  expect(tv_mem_write(vm, 0x1ffc, "abcdefgh", 8, &err), TV_OK, NULL, NULL,
         "a write crosses from RAM into ROM");
  expect(tv_mem_read(vm, 0x1ffc, out, 8, &err), TV_OK, NULL, NULL,
         "a read crosses back");
  ok(!memcmp(out, "abcdefgh", 8), "what was written is read");
  expect(tv_mem_read(vm, 0x2ffc, out, 8, &err), TV_E_RANGE, &err,
         "there is MMIO at 0x3000", "MMIO is not read");
  ok(!memcmp(out, "abcdefgh", 8), "a refused read touches nothing");
  expect(tv_mem_write(vm, 0x2ffc, "12345678", 8, &err), TV_E_RANGE, &err,
         "8 bytes at 0x2ffc", "MMIO is not written");
  tv_mem_read(vm, 0x2ffc, out, 4, NULL);
  ok(!memcmp(out, "\0\0\0", 4), "a refused write changes nothing");
  expect(tv_mem_read(vm, 0xffc, out, 8, &err), TV_E_RANGE, &err,
         "nothing is mapped at 0xffc", "holes are not read");
  expect(tv_mem_read(vm, UINT64_MAX - 3, out, 8, &err), TV_E_RANGE, &err,
         NULL, "the end of the address space is a hole");
  expect(tv_mem_read(vm, 0x9999, NULL, 0, &err), TV_OK, NULL, NULL,
         "nothing is read from anywhere");
  tv_vm_free(vm);
}

static void many_regions(void) {
  enum { COUNT = 3000 };
  tv_vm *vm = mock_machine();
  unsigned wrong = 0;
  tv_region r;
  for (uint64_t i = 0; i < COUNT; i++)     // a permutation of 0..COUNT-1
    wrong += tv_mem_mmio(vm, i * 1007 % COUNT * 0x2000, 0x1000, NULL) != 0;
  for (uint64_t i = 0; i < COUNT; i++) {
    wrong += tv_mem_find(vm, i * 0x2000 + 0xfff, &r) || r.base != i * 0x2000;
    wrong += tv_mem_find(vm, i * 0x2000 + 0x1000, &r) == TV_OK;
  }
  eq_u64(wrong, 0, "%d regions in any order are found, their gaps not",
         COUNT);
  tv_vm_free(vm);
}

// Linux may take as much as a whole table of pages maps for one that is
// touched: 2 MiB where a page has 4 KiB, 32 MiB where it has 16.
static long huge_kib(void) {
  long page = (long)os_page_size();
  return page / 1024 * (page / 8);
}

static void lazy(void) {
  const uint64_t size = UINT64_C(64) << 30;
  tv_vm *vm = mock_machine();
  struct rusage before, after;
  uint64_t value = 0;
  getrusage(RUSAGE_SELF, &before);
  expect(tv_mem_ram(vm, 0x40000000, size, TV_READ | TV_WRITE, NULL, &err),
         TV_OK, NULL, NULL, "64 GiB of RAM can be mapped");
  tv_mem_write(vm, 0x40000000 + size - 8, "lastword", 8, NULL);
  tv_mem_write(vm, 0x40000000, "firstone", 8, NULL);
  tv_mem_read(vm, 0x40000000 + size / 2, &value, 8, NULL);
  getrusage(RUSAGE_SELF, &after);
  ok(value == 0, "it reads zero");
  ok(after.ru_maxrss - before.ru_maxrss < 4096 + 2 * huge_kib(),
     "it is committed on first touch (%ld KiB)",
     after.ru_maxrss - before.ru_maxrss);
  tv_vm_free(vm);
}

static void store_map(void) {
  tv_vm *vm = mock_machine();
  tv_mem_ram(vm, 0, 0x100000, TV_READ | TV_WRITE | TV_EXEC, NULL, NULL);
  const struct mock_vm *mock = vm->back;
  struct region *r = mem_at(vm, 0);
  static const char text[0x100000];
  tv_mem_write(vm, 0, text, sizeof text, NULL);
  eq_u64(mock->changes, 0, "a write where no code is tells nobody");
  mem_mark_code(r, 0x12345);
  ok(r->store_map[0x123] & STORE_CODE && r->store_map[0x122] & STORE_CODE &&
     !r->store_map[0x121] && !r->store_map[0x124],
     "code marks its granule and the one before");
  mem_mark_code(r, 0);
  ok(r->store_map[0] & STORE_CODE, "the first granule has none before it");
  r->store_map[0] = 0;
  tv_mem_write(vm, 0x12300, text, 0x10, NULL);
  ok(mock->changes == 1 && mock->changed_off == 0x12300 &&
     mock->changed_len == 0x10, "a write into code tells the backend");
  tv_mem_wrote(vm, 0, 0x100000);
  ok(mock->changes == 2 && mock->changed_off == 0x12200 &&
     mock->changed_len == 0x200, "of a large write it hears the part in code");
  mem_mark_code(r, 0xfffff);
  tv_mem_write(vm, 0xfffff, text, 1, NULL);
  ok(mock->changes == 3 && mock->changed_off == 0xfffff &&
     mock->changed_len == 1, "code in the last granule is seen");
  tv_mem_wrote(vm, 0x12000, 0x200);
  eq_u64(mock->changes, 3, "a write just below code tells nobody");
  tv_mem_wrote(vm, 0, 0x100000);
  eq_u64(mock->changes, 5, "two pieces of code are told one by one");
  tv_vm_free(vm);
}

int main(void) {
  bad_places();
  overlaps();
  refusals();
  stays();
  regions();
  copying();
  many_regions();
  lazy();
  store_map();
  return done();
}
