// SPDX-License-Identifier: MIT
//
// Our own side of the table, on the C API (and, for `decode`, the decoder):
//   host run IMAGE ROUNDS [BUDGET]   the integer workload, in slices
//   host hypercall                   a call to a C handler
//   host psci                        a call to a function of the core
//   host create                      VM, 1 MiB, a run, the end
//   host many N                      N live VMs: what each of them costs
//   host decode IMAGE                the instruction decoder
// Prints lines of a name and a number.

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "a64/decode.h"
#include "bench.h"
#include "work.h"
#include "tinyvmm.h"

enum { REPEATS = 7 };

static const unsigned RWX = TV_READ | TV_WRITE | TV_EXEC;

static void check(tv_status s, const tv_error *err, const char *what) {
  if (s) bench_fail(what, err->text);
}

struct machine {
  tv_vm *vm;
  tv_vcpu *cpu;
};

static struct machine machine(uint64_t ram, uint64_t size, uint64_t entry,
                              const void *code, size_t bytes) {
  struct machine m;
  tv_error err;
  check(tv_vm_new(NULL, &m.vm, &err), &err, "vm");
  check(tv_mem_ram(m.vm, ram, size, RWX, NULL, &err), &err, "ram");
  check(tv_mem_write(m.vm, entry, code, bytes, &err), &err, "write");
  check(tv_vcpu_new(m.vm, &m.cpu, &err), &err, "vcpu");
  check(tv_vcpu_set(m.cpu, TV_REG_PC, &entry, sizeof entry, &err), &err, "pc");
  return m;
}

static tv_exit run(struct machine m, uint64_t budget) {
  tv_exit exit;
  tv_error err;
  check(tv_vcpu_run(m.cpu, budget, &exit, &err), &err, "run");
  return exit;
}

static void run_to_end(struct machine m) {
  tv_exit exit = run(m, TV_NO_LIMIT);
  if (exit.kind != TV_EXIT_SHUTDOWN)
    bench_fail("the guest ended with", tv_exit_name(exit.kind));
}

static size_t read_file(const char *path, void *to, size_t size) {
  FILE *f = fopen(path, "rb");
  if (!f) bench_fail(path, "cannot open");
  size = fread(to, 1, size, f);
  fclose(f);
  return size;
}

static uint8_t image[1 << 20];

static void integer(const char *path, uint64_t rounds, uint64_t budget) {
  size_t size = read_file(path, image, sizeof image);
  struct machine m = machine(GUEST_RAM, GUEST_RAM_SIZE, GUEST_ENTRY, image,
                             size);
  struct guest_param p = { .rounds = rounds };
  tv_error err;
  check(tv_mem_write(m.vm, GUEST_PARAM, &p, sizeof p, &err), &err, "write");
  double start = bench_ns();
  tv_exit exit;
  do exit = run(m, budget); while (exit.kind == TV_EXIT_BUDGET);
  double ns = bench_ns() - start;
  if (exit.kind != TV_EXIT_SHUTDOWN)
    bench_fail("the guest ended with", tv_exit_name(exit.kind));
  check(tv_mem_read(m.vm, GUEST_PARAM, &p, sizeof p, &err), &err, "read");
  printf("sum %08x\nns %.0f\ninsns %llu\n", (unsigned)p.result, ns,
         (unsigned long long)exit.icount);
  tv_vm_free(m.vm);
}

// -------------------------------------------------------------- calls --

static tv_hc add(void *ctx, tv_vcpu *cpu, const uint64_t arg[7],
                 uint64_t *x0) {
  (void)ctx, (void)cpu;
  *x0 = arg[0] + arg[1];
  return TV_HC_RESUME;
}

// A loop around a call; `call` false runs it without, to be subtracted.
static double loop_ns(uint32_t nr, uint32_t n, bool call) {
  uint32_t code[] = {
    0x52800000u | (nr & 0xffff) << 5,   // 0: mov w0, #low
    0x72a00000u | (nr >> 16) << 5,      // 4: movk w0, #high, lsl #16
    call ? 0xd4000002 : 0xd503201f,     // 8: hvc #0 or nop
    0xf1000673,                         // c: subs x19, x19, #1
    0x54ffff81,                         // 10: b.ne 0
    0xd2800001, 0x52800000, 0xd4000002  // exit(0)
  };
  struct machine m = machine(0, 1 << 20, 0, code, sizeof code);
  tv_error err;
  uint64_t left = n;
  check(tv_vm_hypercall(m.vm, 3, add, NULL, &err), &err, "handler");
  check(tv_vcpu_set(m.cpu, TV_REG_X(19), &left, sizeof left, &err), &err,
        "x19");
  double start = bench_ns();
  run_to_end(m);
  double ns = bench_ns() - start;
  tv_vm_free(m.vm);
  return ns / n;
}

static void calls(uint32_t nr) {
  double with[REPEATS], without[REPEATS];
  for (int i = 0; i < REPEATS; i++) {
    with[i] = loop_ns(nr, 1000000, true);
    without[i] = loop_ns(nr, 1000000, false);
  }
  printf("ns %.1f\n", bench_median(with, REPEATS) -
         bench_median(without, REPEATS));
}

// ------------------------------------------------------------ machines --

static const uint32_t small_guest[] = {
  0xd2800001, 0x52800000, 0xd4000002   // exit(0)
};

static struct machine small(void) {
  struct machine m = machine(0, 1 << 20, 0x10000, small_guest,
                             sizeof small_guest);
  run_to_end(m);
  return m;
}

static void create(void) {
  enum { N = 501 };
  static double ns[N];
  for (int i = 0; i < N; i++) {
    double start = bench_ns();
    tv_vm_free(small().vm);
    ns[i] = bench_ns() - start;
  }
  printf("ns %.0f\n", bench_median(ns, N));
}

static long resident(void) {
  long size = 0, pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
    bench_fail("/proc/self/statm", "cannot read");
  fclose(f);
  return pages * sysconf(_SC_PAGESIZE);
}

static long mappings(void) {
  long n = 0;
  FILE *f = fopen("/proc/self/maps", "r");
  if (!f) bench_fail("/proc/self/maps", "cannot read");
  for (int c; (c = getc(f)) != EOF;) n += c == '\n';
  fclose(f);
  return n;
}

static long descriptors(void) {
  long n = 0;
  DIR *d = opendir("/proc/self/fd");
  if (!d) bench_fail("/proc/self/fd", "cannot read");
  while (readdir(d)) n++;
  closedir(d);
  return n;
}

static void many(size_t n) {
  struct machine *m = calloc(n, sizeof *m);
  if (!m) bench_fail("many", "no memory");
  long rss = resident(), maps = mappings(), files = descriptors();
  double start = bench_ns();
  for (size_t i = 0; i < n; i++) m[i] = small();
  double ns = bench_ns() - start;
  printf("rss %ld\nmaps %ld\nfiles %ld\nns %.0f\n", resident() - rss,
         mappings() - maps, descriptors() - files, ns / (double)n);
  for (size_t i = 0; i < n; i++) tv_vm_free(m[i].vm);
  free(m);
}

// ------------------------------------------------------------- decoding --

static void decode(const char *path) {
  size_t words = read_file(path, image, sizeof image) / 4, passes = 500;
  double ns[REPEATS];
  unsigned sum = 0;
  for (int i = 0; i < REPEATS; i++) {
    double start = bench_ns();
    for (size_t pass = 0; pass < passes; pass++) {
      for (size_t k = 0; k < words; k++) {
        uint32_t word;
        memcpy(&word, image + k * 4, 4);
        sum += (unsigned)a64_decode(word);
      }
    }
    ns[i] = (bench_ns() - start) / (double)(words * passes);
  }
  printf("ns %.2f\nsum %u\n", bench_median(ns, REPEATS), sum);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (!strcmp(what, "run") && argc >= 4)
    integer(argv[2], strtoull(argv[3], NULL, 0),
            argc > 4 ? strtoull(argv[4], NULL, 0) : TV_NO_LIMIT);
  else if (!strcmp(what, "hypercall")) calls(3);
  else if (!strcmp(what, "psci")) calls(0x84000000);
  else if (!strcmp(what, "create")) create();
  else if (!strcmp(what, "many") && argc > 2)
    many(strtoul(argv[2], NULL, 0));
  else if (!strcmp(what, "decode") && argc > 2) decode(argv[2]);
  else bench_fail("host", "unknown command; see the head of host.c");
}
