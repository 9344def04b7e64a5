// SPDX-License-Identifier: MIT
//
// The reference side of the differential test: a static AArch64 Linux
// program for qemu-aarch64. Reads u32 words on stdin, runs each, or each run
// of LENGTH, with SETS operand sets, and writes one oracle_record per case on
// stdout.
//
//   qemu-aarch64 -cpu max oracle_qemu SEED SETS LENGTH < words > records
//
// Words live in a slot: { ldr x30, literal; prelude; words; b leave }. The
// literal is the last register to load, so that no register is needed to
// reach the slot with all of them set; it lies outside the code pages, which
// qemu would translate anew after each write. `leave` has no free register
// either and parks x30 in TPIDR_EL0, which EL0 may write (C runs only after
// it is restored). Faults come as signals on a stack of their own.
#define _GNU_SOURCE
#include "oracle.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CODE_SIZE 0x10000u
// No sum of base and scaled index comes near (2, 3, 5 .. times the scratch
// address), and `b` reaches from there to the program's text.
#define AREA 0x18000000u             // literal page, then the slots
#define CODE (AREA + 4096u)

// Shared with the assembly below; `oracle_` to keep the names apart.
oracle_state oracle_in, oracle_out;
struct { uint64_t sp, tpidr; } oracle_host;
static volatile sig_atomic_t caught;

_Static_assert(offsetof(oracle_state, sp) == 248, "see oracle_enter");
_Static_assert(offsetof(oracle_state, nzcv) == 256, "see oracle_enter");
_Static_assert(offsetof(oracle_state, fpcr) == 264, "see oracle_enter");
_Static_assert(offsetof(oracle_state, fpsr) == 272, "see oracle_enter");
_Static_assert(offsetof(oracle_state, v) == 288, "see oracle_enter");

void oracle_enter(uint64_t slot);
extern const char oracle_leave[], oracle_resume[];

// oracle_enter(x0 = slot): saves what AAPCS64 says is the caller's, loads
// everything but x30, and branches through x30; the slot loads x30 itself.
__asm__(
"        .text\n"
"        .macro each_q op, base\n"
"        .irp n, 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\n"
"        qpair \\op, \\n, \\base\n"
"        .endr\n"
"        .endm\n"
"        .altmacro\n"
"        .macro qpair op, n, base\n"
"        qpair2 \\op, \\n, %(\\n+1), \\base\n"
"        .endm\n"
"        .macro qpair2 op, n, m, base\n"
"        \\op q\\n, q\\m, [\\base, #16*\\n]\n"
"        .endm\n"
"        .global oracle_enter\n"
"oracle_enter:\n"
"        stp  x29, x30, [sp, #-160]!\n"
"        stp  x19, x20, [sp, #16]\n"
"        stp  x21, x22, [sp, #32]\n"
"        stp  x23, x24, [sp, #48]\n"
"        stp  x25, x26, [sp, #64]\n"
"        stp  x27, x28, [sp, #80]\n"
"        stp  d8, d9, [sp, #96]\n"
"        stp  d10, d11, [sp, #112]\n"
"        stp  d12, d13, [sp, #128]\n"
"        stp  d14, d15, [sp, #144]\n"
"        adrp x1, oracle_host\n"
"        add  x1, x1, :lo12:oracle_host\n"
"        mov  x2, sp\n"
"        mrs  x3, tpidr_el0\n"
"        stp  x2, x3, [x1]\n"
"        mov  x30, x0\n"
"        adrp x0, oracle_in\n"
"        add  x0, x0, :lo12:oracle_in\n"
"        add  x1, x0, #288\n"
"        each_q ldp, x1\n"
"        ldp  x1, x2, [x0, #248]\n"
"        mov  sp, x1\n"
"        msr  nzcv, x2\n"
"        ldp  x1, x2, [x0, #264]\n"
"        msr  fpcr, x1\n"
"        msr  fpsr, x2\n"
"        ldp  x2, x3, [x0, #16]\n"
"        ldp  x4, x5, [x0, #32]\n"
"        ldp  x6, x7, [x0, #48]\n"
"        ldp  x8, x9, [x0, #64]\n"
"        ldp  x10, x11, [x0, #80]\n"
"        ldp  x12, x13, [x0, #96]\n"
"        ldp  x14, x15, [x0, #112]\n"
"        ldp  x16, x17, [x0, #128]\n"
"        ldp  x18, x19, [x0, #144]\n"
"        ldp  x20, x21, [x0, #160]\n"
"        ldp  x22, x23, [x0, #176]\n"
"        ldp  x24, x25, [x0, #192]\n"
"        ldp  x26, x27, [x0, #208]\n"
"        ldp  x28, x29, [x0, #224]\n"
"        ldp  x0, x1, [x0]\n"
"        br   x30\n"
"        .global oracle_leave\n"
"oracle_leave:\n"
"        msr  tpidr_el0, x30\n"
"        adrp x30, oracle_out\n"
"        add  x30, x30, :lo12:oracle_out\n"
"        stp  x0, x1, [x30]\n"
"        stp  x2, x3, [x30, #16]\n"
"        stp  x4, x5, [x30, #32]\n"
"        stp  x6, x7, [x30, #48]\n"
"        stp  x8, x9, [x30, #64]\n"
"        stp  x10, x11, [x30, #80]\n"
"        stp  x12, x13, [x30, #96]\n"
"        stp  x14, x15, [x30, #112]\n"
"        stp  x16, x17, [x30, #128]\n"
"        stp  x18, x19, [x30, #144]\n"
"        stp  x20, x21, [x30, #160]\n"
"        stp  x22, x23, [x30, #176]\n"
"        stp  x24, x25, [x30, #192]\n"
"        stp  x26, x27, [x30, #208]\n"
"        stp  x28, x29, [x30, #224]\n"
"        mrs  x0, tpidr_el0\n"
"        mov  x1, sp\n"
"        stp  x0, x1, [x30, #240]\n"
"        mrs  x0, nzcv\n"
"        mrs  x1, fpcr\n"
"        stp  x0, x1, [x30, #256]\n"
"        mrs  x0, fpsr\n"
"        str  x0, [x30, #272]\n"
"        add  x30, x30, #288\n"
"        each_q stp, x30\n"
"        .global oracle_resume\n"
"oracle_resume:\n"
"        adrp x1, oracle_host\n"
"        add  x1, x1, :lo12:oracle_host\n"
"        ldp  x2, x3, [x1]\n"
"        mov  sp, x2\n"
"        msr  tpidr_el0, x3\n"
"        msr  fpcr, xzr\n"
"        ldp  x19, x20, [sp, #16]\n"
"        ldp  x21, x22, [sp, #32]\n"
"        ldp  x23, x24, [sp, #48]\n"
"        ldp  x25, x26, [sp, #64]\n"
"        ldp  x27, x28, [sp, #80]\n"
"        ldp  d8, d9, [sp, #96]\n"
"        ldp  d10, d11, [sp, #112]\n"
"        ldp  d12, d13, [sp, #128]\n"
"        ldp  d14, d15, [sp, #144]\n"
"        ldp  x29, x30, [sp], #160\n"
"        ret\n");

static void on_signal(int number, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  (void)info;
  caught = number;
  uc->uc_mcontext.pc = (uint64_t)(uintptr_t)oracle_resume;
}

static oracle_end end_of(int number) {
  switch (number) {
  case 0: return ORACLE_RAN;
  case SIGILL: return ORACLE_UNDEFINED;
  case SIGSEGV: return ORACLE_UNMAPPED;
  case SIGBUS: return ORACLE_ALIGNMENT;
  default: return ORACLE_OTHER;
  }
}

static void *fixed(uint32_t address, size_t size, int protection) {
  void *at = mmap((void *)(uintptr_t)address, size, protection,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (at == MAP_FAILED) {
    perror("oracle_qemu: mmap");
    exit(2);
  }
  return at;
}

static uint32_t branch(uint64_t from, uint64_t to) {
  return 0x14000000 | ((uint32_t)((to - from) >> 2) & 0x03ffffff);
}

static void fill_slots(uint32_t *code, const uint32_t *words, size_t count,
                       unsigned length) {
  uint32_t *at = code;
  for (size_t i = 0; i < count; i++, words += length) {
    uint32_t back = (uint32_t)((uintptr_t)at - AREA) >> 2;
    *at++ = 0x58000000 | (-back & 0x7ffff) << 5 | 30;   // ldr x30, AREA
    *at++ = oracle_prelude(*words);
    for (unsigned k = 0; k < length; k++) *at++ = words[k];
    *at = branch((uintptr_t)at, (uintptr_t)oracle_leave);
    at++;
  }
  __builtin___clear_cache((char *)code, (char *)at);
}

static void catch_signals(void) {
  static char stack[65536];
  stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
  sigaltstack(&alternate, NULL);
  struct sigaction action = { .sa_sigaction = on_signal,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK };
  int signals[] = { SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE };
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &action, NULL);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  uint64_t seed = strtoull(argv[1], NULL, 0), index = 0;
  unsigned sets = (unsigned)strtoul(argv[2], NULL, 0);
  unsigned length = (unsigned)strtoul(argv[3], NULL, 0);
  if (length == 0 || length > ORACLE_LENGTH_MAX) return 2;
  size_t count, slots = CODE_SIZE / 4 / (length + 3);
  static uint32_t words[CODE_SIZE / 4];
  static uint64_t pattern[ORACLE_SIZE / 8];
  static uint64_t record[ORACLE_RECORD_MAX / 8];
  uint64_t *memory = fixed(ORACLE_SCRATCH, ORACLE_SIZE,
                           PROT_READ | PROT_WRITE);
  uint64_t *literal = fixed(AREA, 4096, PROT_READ | PROT_WRITE);
  uint32_t *code = fixed(CODE, CODE_SIZE,
                         PROT_READ | PROT_WRITE | PROT_EXEC);
  catch_signals();
  oracle_pattern(pattern);
  memcpy(memory, pattern, ORACLE_SIZE);
  while ((count = fread(words, 4 * length, slots, stdin)) > 0) {
    fill_slots(code, words, count, length);
    for (size_t i = 0; i < count * sets; i++, index++) {
      uint32_t word = words[i / sets * length];
      oracle_make(&oracle_in, word, oracle_seed(seed, index), pattern);
      *literal = oracle_in.x[30];
      caught = 0;
      oracle_enter((uintptr_t)(code + i / sets * (length + 3)));
      size_t size = oracle_write(record, end_of(caught), &oracle_in,
                                 &oracle_out, pattern, memory);
      memcpy(memory, pattern, ORACLE_SIZE);
      fwrite(record, 1, size, stdout);
    }
  }
  return fflush(stdout) == 0 ? 0 : 2;
}
