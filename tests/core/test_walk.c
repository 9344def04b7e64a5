// SPDX-License-Identifier: MIT
//
// The stage 1 walk (core/walk.h) over tables built by hand. Indices and
// results are worked out from Arm ARM D8.2 and D8.3, not by the code's own
// formulas.

#include "core/walk.h"
#include "mock.h"

#define A UINT64_C(0x123456789abc)
#define TG0_16 (UINT64_C(2) << 14)
#define TG0_64 (UINT64_C(1) << 14)
#define A52 UINT64_C(0x9123456789abc)
#define DS (UINT64_C(1) << 59)
#define IPS(n) (UINT64_C(n) << 32)
#define T1_4 (UINT64_C(2) << 30 | 25 << 16 | IPS(5))   // 39 bits
#define K UINT64_C(0xffffff8012345678)

struct entry { uint64_t at, value; };

static const struct row {
  const char *text;
  uint64_t tcr, va;
  struct entry table[4];
  enum walk_fault fault;
  int level;
  uint64_t gpa;
  uint64_t ttbr;     // 0: 0x100000
} rows[] = {
  // 4 KiB, 48 bits: indices 0x24, 0xd1, 0xb3, 0x189
  {"4K page", IPS(5) | 16, A, {{0x100120, 0x101003}, {0x101688, 0x102003},
   {0x102598, 0x103003}, {0x103c48, 0x765432100403}}, WALK_DONE, 3,
   0x765432100abc, 0},
  {"4K block of 2 MiB", IPS(5) | 16, A, {{0x100120, 0x101003},
   {0x101688, 0x102003}, {0x102598, 0x40200401}}, WALK_DONE, 2,
   0x40389abc, 0},
  {"4K block of 1 GiB", IPS(5) | 16, A, {{0x100120, 0x101003},
   {0x101688, 0x4000000401}}, WALK_DONE, 1, 0x4016789abc, 0},
  {"4K block at level 0", IPS(5) | 16, A, {{0x100120, 0x401}},
   WALK_TRANSLATION, 0, 0, 0},
  {"4K invalid at level 0", IPS(5) | 16, A, {{0x100120, 0x101002}},
   WALK_TRANSLATION, 0, 0, 0},
  {"4K invalid at level 1", IPS(5) | 16, A, {{0x100120, 0x101003}},
   WALK_TRANSLATION, 1, 0, 0},
  {"4K invalid at level 2", IPS(5) | 16, A, {{0x100120, 0x101003},
   {0x101688, 0x102003}}, WALK_TRANSLATION, 2, 0, 0},
  {"4K reserved at level 3", IPS(5) | 16, A, {{0x100120, 0x101003},
   {0x101688, 0x102003}, {0x102598, 0x103003}, {0x103c48, 0x401}},
   WALK_TRANSLATION, 3, 0, 0},
  {"4K, 25 bits", IPS(5) | 39, 0x1234567, {{0x1000c8, 0x40200401}},
   WALK_DONE, 2, 0x40234567, 0x100080},
  {"4K, beyond 25 bits", IPS(5) | 39, 0x2000000, {{0, 0}},
   WALK_TRANSLATION, 0, 0, 0},
  {"4K, 16 bits", IPS(5) | 48, 0xabcd, {{0x100050, 0x7000403}},
   WALK_DONE, 3, 0x7000bcd, 0},
  // 16 KiB, 47 bits: 0x123, 0x22b, 0x1e2
  {"16K page", IPS(5) | TG0_16 | 17, A, {{0x100918, 0x104003},
   {0x105158, 0x108003}, {0x108f10, 0x20004403}}, WALK_DONE, 3,
   0x20005abc, 0},
  {"16K block of 32 MiB", IPS(5) | TG0_16 | 17, A, {{0x100918, 0x104003},
   {0x105158, 0x42000401}}, WALK_DONE, 2, 0x42789abc, 0},
  {"16K block at level 1", IPS(5) | TG0_16 | 17, A, {{0x100918, 0x401}},
   WALK_TRANSLATION, 1, 0, 0},
  {"16K reserved at level 3", IPS(5) | TG0_16 | 17, A,
   {{0x100918, 0x104003}, {0x105158, 0x108003}, {0x108f10, 0x20004401}},
   WALK_TRANSLATION, 3, 0, 0},
  {"16K, 48 bits: two entries at level 0", IPS(5) | TG0_16 | 16,
   UINT64_C(0x923456789abc), {{0x100018, 0x104003}, {0x104918, 0x108003},
   {0x109158, 0x42000401}}, WALK_DONE, 2, 0x42789abc, 0x100010},
  // 64 KiB, 48 bits: 4, 0x11a2, 0x1678
  {"64K page", IPS(5) | TG0_64 | 16, A, {{0x100020, 0x110003},
   {0x118d10, 0x120003}, {0x12b3c0, 0x30050403}}, WALK_DONE, 3,
   0x30059abc, 0},
  {"64K block of 512 MiB", IPS(5) | TG0_64 | 16, A, {{0x100020, 0x110003},
   {0x118d10, 0x60000401}}, WALK_DONE, 2, 0x76789abc, 0},
  {"64K block at level 1", IPS(5) | TG0_64 | 16, A, {{0x100020, 0x401}},
   WALK_TRANSLATION, 1, 0, 0},
  {"64K block of 4 TiB, address of 52 bits", IPS(6) | TG0_64 | 16, A,
   {{0x100020, 0x4000000a401}}, WALK_DONE, 1, 0xa063456789abc, 0},
  {"64K, 52 bits", IPS(6) | TG0_64 | 12, UINT64_C(0xf123456789abc),
   {{0x101e20, 0x4000000a401}}, WALK_DONE, 1, 0xa063456789abc, 0},
  {"64K, 25 bits", IPS(5) | TG0_64 | 39, 0x1234567,
   {{0x100918, 0x30050403}}, WALK_DONE, 3, 0x30054567, 0},
  // The upper half: indices 0, 0x91, 0x145; ASID and CnP are no address
  {"TTBR1", T1_4, K, {{0x100000, 0x101003}, {0x101488, 0x102003},
   {0x102a28, 0x55000403}}, WALK_DONE, 3, 0x55000678,
   0x0005000000100001},
  {"TTBR1, a tag", T1_4 | UINT64_C(1) << 38, UINT64_C(0x5affff8012345678),
   {{0x100000, 0x101003}, {0x101488, 0x40200401}}, WALK_DONE, 2, 0x40345678,
   0},
  {"TTBR1, a tag without TBI1", T1_4, UINT64_C(0x5affff8012345678),
   {{0x100000, 0x101003}, {0x101488, 0x40200401}}, WALK_TRANSLATION, 0, 0,
   0},
  {"TTBR1 and EPD1", T1_4 | 1 << 23, K, {{0x100000, 0x401}},
   WALK_TRANSLATION, 0, 0, 0},
  {"TTBR1, too low", T1_4, UINT64_C(0xffff8f8012345678),
   {{0x100000, 0x401}}, WALK_TRANSLATION, 0, 0, 0},
  {"TTBR1, 16K", UINT64_C(1) << 30 | 39 << 16 | IPS(5),
   UINT64_C(0xfffffffffe004567), {{0x100008, 0x40004403}}, WALK_DONE, 3,
   0x40004567, 0},
  {"TTBR1, 64K", UINT64_C(3) << 30 | 39 << 16 | IPS(5),
   UINT64_C(0xfffffffffe014567), {{0x100008, 0x30050403}}, WALK_DONE, 3,
   0x30054567, 0},
  {"TBI0", IPS(5) | 39 | UINT64_C(1) << 37, UINT64_C(0x5a00000001234567),
   {{0x100048, 0x40200401}}, WALK_DONE, 2, 0x40234567, 0},
  {"EPD0", IPS(5) | 39 | 1 << 7, 0, {{0x100000, 0x40200401}},
   WALK_TRANSLATION, 0, 0, 0},
  {"T0SZ of 15", IPS(5) | 15, 0, {{0, 0}}, WALK_TRANSLATION, 0, 0, 0},
  {"T0SZ of 49", IPS(5) | 49, 0, {{0x100000, 0x403}}, WALK_TRANSLATION, 0,
   0, 0},
  {"TG0 of 3", IPS(5) | 3 << 14 | 39, 0, {{0x100000, 0x403}},
   WALK_TRANSLATION, 0, 0, 0},
  // FEAT_LPA2: a fifth level, larger blocks, addresses up to bit 51
  {"DS, 4K, 52 bits: from level -1", IPS(6) | DS | 12, A52,
   {{0x100048, 0x101003}, {0x101120, 0x102003}, {0x102688, 0x1004000000601}},
   WALK_DONE, 1, 0x9004016789abc, 0},
  {"DS, 4K invalid at level -1", IPS(6) | DS | 12, A52,
   {{0x100048, 0x8000000401}}, WALK_TRANSLATION, -1, 0, 0},
  {"DS, 4K block of 512 GiB", IPS(5) | DS | 16, A, {{0x100120, 0x8000000401}},
   WALK_DONE, 0, 0xb456789abc, 0},
  {"DS, 16K, 52 bits, block of 64 GiB", IPS(6) | DS | TG0_16 | 12, A52,
   {{0x100090, 0x104003}, {0x104918, 0x5000000501}}, WALK_DONE, 1,
   0x4005456789abc, 0},
  {"DS, a block beyond IPS", IPS(5) | DS | 39, 0, {{0x100000, 0x501}},
   WALK_ADDRESS_SIZE, 2, 0, 0},
  {"DS, TTBR0 of 52 bits", IPS(6) | DS | 16, A, {{0x100120, 0x8000000401}},
   WALK_EXTERNAL, 0, 0, 0x100004},
  {"DS, 64K", IPS(5) | DS | TG0_64 | 39, 0x1234567, {{0x100918, 0x30050403}},
   WALK_DONE, 3, 0x30054567, 0},
  // Sizes, and tables that are nowhere
  {"a block beyond IPS", 16, A, {{0x100120, 0x101003},
   {0x101688, 0x4000000401}}, WALK_ADDRESS_SIZE, 1, 0, 0},
  {"a table beyond IPS", 16, A, {{0x100120, 0x4000000003}},
   WALK_ADDRESS_SIZE, 0, 0, 0},
  {"a page just below IPS", 48, 0, {{0x100000, 0xfffff403}}, WALK_DONE, 3,
   0xfffff000, 0},
  {"TTBR0 beyond IPS", 16, A, {{0, 0}}, WALK_ADDRESS_SIZE, 0, 0,
   0x100000000},
  {"TTBR0 outside RAM", IPS(5) | 16, A, {{0, 0}}, WALK_EXTERNAL, 0, 0,
   0x80000000},
  {"a table in MMIO", IPS(5) | 16, A, {{0x100120, 0x101003},
   {0x101688, 0x1000003}}, WALK_EXTERNAL, 2, 0, 0},
  {"a table at the end of addresses", IPS(5) | 16, A,
   {{0x100120, 0xfffffffff003}}, WALK_EXTERNAL, 1, 0, 0},
  {"a table that points to itself", IPS(5) | 16, 0x123,
   {{0x100000, 0x100003}}, WALK_DONE, 3, 0x100123, 0}
};

static tv_vm *machine(const struct row *r, bool swapped) {
  tv_vm *vm = mock_machine();
  if (tv_mem_ram(vm, 0, 0x1000000, 7, NULL, NULL) ||
      tv_mem_mmio(vm, 0x1000000, 0x10000, NULL)) abort();
  for (unsigned i = 0; i < 4; i++) {
    uint64_t v = r->table[i].value;
    if (swapped) v = __builtin_bswap64(v);
    if (v && tv_mem_write(vm, r->table[i].at, &v, 8, NULL)) abort();
  }
  return vm;
}

static void check(const struct row *r, bool swapped) {
  tv_vm *vm = machine(r, swapped);
  uint64_t ttbr = r->ttbr ? r->ttbr : 0x100000;
  bool high = r->va >> 55 & 1;
  struct walk_regime regime = { 1 | (uint64_t)swapped << 25, r->tcr,
    { high ? 0 : ttbr, high ? ttbr : 0 } };
  struct walk w = { WALK_DONE, 9, 9, 9 };
  bool done = walk_stage1(vm, &regime, r->va, &w);
  if (!ok(done == (r->fault == WALK_DONE) && w.fault == r->fault &&
          w.level == r->level && w.gpa == r->gpa, "%s%s", r->text,
          swapped ? ", big-endian" : ""))
    note(" got: fault %d, level %d, %#" PRIx64, (int)w.fault, w.level, w.gpa);
  tv_vm_free(vm);
}

static uint64_t permissions(uint64_t tcr, uint64_t table, uint64_t page) {
  struct row r = { .table = {{0x100000, 0x101003 | table},
                             {0x101000, page | 0x3003}} };
  struct walk_regime regime = { 1, tcr | IPS(5) | 34, { 0x100000, 0 } };
  struct walk w;
  tv_vm *vm = machine(&r, false);
  bool done = walk_stage1(vm, &regime, 0, &w);
  tv_vm_free(vm);
  return done ? w.permissions : UINT64_MAX;
}

static void check_permissions(void) {
  uint64_t plain = permissions(0, 0, 0);
  static const uint8_t leaf[] = { 6, 7, 10, 51, 53, 54 };
  for (unsigned i = 0; i < sizeof leaf; i++)
    ok(permissions(0, 0, UINT64_C(1) << leaf[i]) != plain,
       "bit %u of a page is a permission", leaf[i]);
  for (unsigned bit = 59; bit < 63; bit++) {
    ok(permissions(0, UINT64_C(1) << bit, 0) != plain,
       "bit %u of a table is a permission", bit);
    eq_u64(permissions(UINT64_C(1) << 41, UINT64_C(1) << bit, 0), plain,
           "but not with HPD0");
  }
  eq_u64(permissions(0, 0, 0x31c), plain, "memory type and share are none");
}

int main(void) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    check(&rows[i], false);
    check(&rows[i], true);
  }
  check_permissions();
  tv_vm *vm = mock_machine();
  struct walk_regime off = { 0, 15, { 0, 0 } };
  struct walk w;
  ok(walk_stage1(vm, &off, K, &w) && w.gpa == K && w.level == -1,
     "with the MMU off an address is its own");
  tv_vm_free(vm);
  return done();
}
