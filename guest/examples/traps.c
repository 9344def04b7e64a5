// SPDX-License-Identifier: MIT
//
// A trap handler: system calls by SVC, from EL1 and from a program at EL0;
// breakpoints stepped over; an undefined instruction that gets a meaning.

#include "tinyvmm.h"

enum { CALL_ADD, CALL_PRINT, CALL_QUIT };

// SVC: the number in x8, arguments from x0, the result in x0. ELR_EL1 is
// already behind the instruction.
static tv_frame *system_call(tv_frame *f) {
  const char *from = (f->spsr & 15) == TV_EL0T ? "EL0" : "EL1";
  switch (f->x[8]) {
    case CALL_ADD: f->x[0] += f->x[1]; break;
    case CALL_PRINT:
      printf("%s: %s\n", from, (const char *)f->x[0]);
      break;
    case CALL_QUIT: exit((int)f->x[0]);
    default: f->x[0] = (uint64_t)-1;
  }
  return f;
}

// UDF #n is undefined for ever; here it doubles x<n>. For undefined
// instructions and BRK, ELR_EL1 is at the instruction.
static tv_frame *undefined(tv_frame *f) {
  uint32_t word = *(const uint32_t *)f->elr;
  if (word > 30) tv_crash(f);
  printf("udf #%u doubles x%u\n", word, word);
  f->x[word] *= 2;
  f->elr += 4;
  return f;
}

tv_frame *tv_sync(tv_frame *f) {
  switch (tv_esr_class(f->esr)) {
    case TV_EC_SVC: return system_call(f);
    case TV_EC_UNKNOWN: return undefined(f);
    case TV_EC_BRK:
      printf("brk #%u\n", tv_esr_syndrome(f->esr));
      f->elr += 4;
      return f;
    default: tv_crash(f);
  }
}

static uint64_t call(uint64_t nr, uint64_t a, uint64_t b) {
  register uint64_t x8 __asm__("x8") = nr;
  register uint64_t x0 __asm__("x0") = a;
  register uint64_t x1 __asm__("x1") = b;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x8) : "memory");
  return x0;
}

static void program(void) {
  call(CALL_PRINT, (uint64_t)"a program without privileges", 0);
  call(CALL_QUIT, call(CALL_ADD, 30, 12), 0);
}

// Leaves EL1 for good, for fn on a stack of its own.
static _Noreturn void enter_el0(void (*fn)(void)) {
  static _Alignas(16) char stack[4096];
  tv_write_sp_el0((uint64_t)(stack + sizeof stack));
  tv_write_elr_el1((uint64_t)fn);
  tv_write_spsr_el1(TV_EL0T);
  __asm__ volatile("eret");
  __builtin_unreachable();
}

int main(void) {
  register uint64_t x3 __asm__("x3") = 21;
  __asm__ volatile(".inst 3" : "+r"(x3));       // udf #3
  printf("x3 is %lu\n", x3);
  __asm__ volatile("brk #7");
  printf("2 + 3 is %lu\n", call(CALL_ADD, 2, 3));
  printf("unknown call: %ld\n", (long)call(99, 0, 0));
  enter_el0(program);
}
