// SPDX-License-Identifier: MIT
//
// A workload on the host itself: native ROUNDS prints the checksum and the
// nanoseconds it took.

#include "bench.h"
#include "work.h"

int main(int argc, char **argv) {
  uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 1;
  double start = bench_ns();
  uint32_t sum = work_run(rounds);
  double ns = bench_ns() - start;
  printf("sum %08x\nns %.0f\n", sum, ns);
}
