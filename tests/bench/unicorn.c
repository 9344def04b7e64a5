// SPDX-License-Identifier: MIT
//
// The same guest and the same questions for Unicorn:
//   unicorn run IMAGE ROUNDS   the integer workload
//   unicorn svc                a call to a C hook (its HVC does not work)
//   unicorn create             open, map 1 MiB, run, close
// Prints lines of a name and a number.

#include <string.h>
#include <unicorn/unicorn.h>

#include "bench.h"
#include "work.h"

static void check(uc_err e, const char *what) {
  if (e) bench_fail(what, uc_strerror(e));
}

static uc_engine *engine(uint64_t ram, uint64_t size) {
  uc_engine *uc;
  check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc), "open");
  check(uc_ctl_set_cpu_model(uc, UC_CPU_ARM64_A57), "model");
  check(uc_mem_map(uc, ram, size, UC_PROT_ALL), "map");
  return uc;
}

static void run(const char *path, uint64_t rounds) {
  static char image[1 << 20];
  FILE *f = fopen(path, "rb");
  if (!f) bench_fail(path, "cannot open");
  size_t size = fread(image, 1, sizeof image, f);
  fclose(f);
  uc_engine *uc = engine(GUEST_RAM, GUEST_RAM_SIZE);
  struct guest_param p = { .rounds = rounds };
  check(uc_mem_write(uc, GUEST_ENTRY, image, size), "write");
  check(uc_mem_write(uc, GUEST_PARAM, &p, sizeof p), "write");
  double start = bench_ns();
  check(uc_emu_start(uc, GUEST_ENTRY, GUEST_STOP, 0, 0), "run");
  double ns = bench_ns() - start;
  check(uc_mem_read(uc, GUEST_PARAM, &p, sizeof p), "read");
  printf("sum %08x\nns %.0f\n", (unsigned)p.result, ns);
  uc_close(uc);
}

static void on_svc(uc_engine *uc, uint32_t number, void *data) {
  (void)uc, (void)number;
  ++*(uint64_t *)data;
}

static double call_ns(uint32_t n) {
  const uint32_t code[] = {
    0xd4000001,   // 0: svc #0
    0xf1000421,   // 4: subs x1, x1, #1
    0x54ffffc1    // 8: b.ne 0
  };
  uc_engine *uc = engine(0, 1 << 20);
  uc_hook hook;
  uint64_t hits = 0, left = n;
  check(uc_mem_write(uc, 0, code, sizeof code), "write");
  check(uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)(uintptr_t)on_svc,
                    &hits, 1, 0), "hook");
  check(uc_reg_write(uc, UC_ARM64_REG_X1, &left), "register");
  double start = bench_ns();
  check(uc_emu_start(uc, 0, sizeof code, 0, 0), "run");
  double ns = bench_ns() - start;
  if (hits != n) bench_fail("svc", "calls were lost");
  uc_close(uc);
  return ns / n;
}

static double create_ns(void) {
  const uint32_t code[] = { 0xd2800020 };   // mov x0, #1
  double start = bench_ns();
  uc_engine *uc = engine(0, 1 << 20);
  check(uc_mem_write(uc, 0, code, sizeof code), "write");
  check(uc_emu_start(uc, 0, sizeof code, 0, 0), "run");
  uc_close(uc);
  return bench_ns() - start;
}

int main(int argc, char **argv) {
  double v[50];
  if (argc == 4 && !strcmp(argv[1], "run")) {
    run(argv[2], strtoull(argv[3], NULL, 0));
  } else if (argc == 2 && !strcmp(argv[1], "svc")) {
    for (int i = 0; i < 5; i++) v[i] = call_ns(300000);
    printf("ns %.1f\n", bench_median(v, 5));
  } else if (argc == 2 && !strcmp(argv[1], "create")) {
    for (int i = 0; i < 50; i++) v[i] = create_ns();
    printf("ns %.0f\n", bench_median(v, 50));
  } else {
    bench_fail("unicorn", "run IMAGE ROUNDS | svc | create");
  }
}
