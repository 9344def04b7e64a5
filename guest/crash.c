// SPDX-License-Identifier: MIT
//
// The crash dump: what an exception that nobody handles says before it ends
// the guest. The syndrome in words (Arm ARM D17.2.37), where it happened, the
// registers, and the callers along the chain of frame pointers.

#include "tinyvmm.h"

extern char __stack_top[], __heap_end[];      // tinyvmm.ld

static const char *const classes[64] = {
  [0x00] = "undefined instruction",
  [0x01] = "trapped WFI or WFE",
  [0x07] = "FP or SIMD instruction while CPACR_EL1 traps them",
  [0x0d] = "branch target exception",
  [0x0e] = "illegal execution state",
  [0x15] = "SVC",
  [0x16] = "HVC",
  [0x17] = "SMC",
  [0x18] = "trapped system register access",
  [0x19] = "trapped SVE instruction",
  [0x1c] = "pointer authentication failure",
  [0x20] = "instruction abort from EL0",
  [0x21] = "instruction abort",
  [0x22] = "misaligned PC",
  [0x24] = "data abort from EL0",
  [0x25] = "data abort",
  [0x26] = "misaligned SP",
  [0x2c] = "floating-point exception",
  [0x2f] = "SError interrupt",
  [0x30] = "breakpoint from EL0",
  [0x31] = "breakpoint",
  [0x32] = "software step from EL0",
  [0x33] = "software step",
  [0x34] = "watchpoint from EL0",
  [0x35] = "watchpoint",
  [0x3c] = "BRK",
};

// Fault status codes of aborts; those below 0x10 end in the level of the
// translation table.
static const char *const walk_faults[4] = {
  "address size fault", "translation fault", "access flag fault",
  "permission fault",
};

static const char *fault_name(unsigned status) {
  if (status < 0x10) return walk_faults[status >> 2];
  switch (status) {
    case 0x10: return "external abort";
    case 0x14: case 0x15: case 0x16: case 0x17:
      return "external abort on a table walk";
    case 0x21: return "alignment fault";
    case 0x30: return "TLB conflict";
    case 0x34: return "unsupported access";
    case 0x35: return "unsupported exclusive or atomic access";
    default: return "fault of unknown status";
  }
}

static void print_abort(const tv_frame *f) {
  unsigned class = tv_esr_class(f->esr), status = f->esr & 0x3f;
  bool data = class == TV_EC_DABORT || class == TV_EC_DABORT_EL0;
  bool write = data && f->esr & 1 << 6;       // ISS.WnR
  printf("    %s", fault_name(status));
  if (status < 0x10) printf(", level %u", status & 3);
  printf(": %s %#lx\n", !data ? "fetch from" : write ? "write to"
                                                     : "read from", f->far);
}

// The class, and what the syndrome of this class means.
static void print_cause(const tv_frame *f) {
  static const char *const kinds[] = {"exception", "IRQ", "FIQ", "SError"};
  unsigned class = tv_esr_class(f->esr);
  const char *name = classes[class];
  if (f->vector & 3) {
    printf("\n*** crash: unexpected %s\n", kinds[f->vector & 3]);
    return;
  }
  printf("\n*** crash: %s (ESR %#010lx)\n",
         name != NULL ? name : "exception of unknown class", f->esr);
  switch (class) {
    case TV_EC_IABORT: case TV_EC_IABORT_EL0:
    case TV_EC_DABORT: case TV_EC_DABORT_EL0: print_abort(f); break;
    case TV_EC_PC: printf("    jump to %#lx\n", f->far); break;
    case TV_EC_SP: printf("    sp %#lx\n", f->sp); break;
    case TV_EC_SVC: case TV_EC_BRK:
      printf("    immediate %#x\n", tv_esr_syndrome(f->esr) & 0xffff);
      break;
    default: break;
  }
}

static void print_state(const tv_frame *f) {
  static const char *const modes[16] = {
    [TV_EL0T] = "EL0t", [TV_EL1T] = "EL1t", [TV_EL1H] = "EL1h",
  };
  const char *mode = modes[f->spsr & 15];
  uint64_t p = f->spsr;
  printf("    at elr %#lx, spsr %#lx (%s, %c%c%c%c %c%c%c%c)\n", f->elr, p,
         mode != NULL ? mode : "?",
         p >> 31 & 1 ? 'N' : 'n', p >> 30 & 1 ? 'Z' : 'z',
         p >> 29 & 1 ? 'C' : 'c', p >> 28 & 1 ? 'V' : 'v',
         p & TV_DAIF_D ? 'D' : 'd', p & TV_DAIF_A ? 'A' : 'a',
         p & TV_DAIF_I ? 'I' : 'i', p & TV_DAIF_F ? 'F' : 'f');
  if ((p & 15) == TV_EL1H && (f->sp >> 48 != 0 || f->sp < sizeof *f))
    printf("    the stack has overflowed: it ends at address 0\n");
}

static void print_registers(const tv_frame *f) {
  for (int i = 0; i < 32; i++) {
    uint64_t value = i < 31 ? f->x[i] : f->sp;
    if (i < 31)
      printf("    x%-2d %016lx", i, value);
    else
      printf("    sp  %016lx", value);
    if (i % 3 == 2 || i == 31) putchar('\n');
  }
}

// A frame record is {the caller's x29, return address} at x29 (AAPCS64). The
// chain is followed as long as it climbs inside the stack it began on. x30
// comes first: a function that calls nobody, or is about to return, has no
// record. Where it repeats the first record, it is not said twice.
static void print_callers(const tv_frame *f) {
  uintptr_t top = (uintptr_t)__stack_top, at = f->x[29], last = f->sp;
  uint64_t said = f->x[30];
  if (f->sp > top) top = (uintptr_t)__heap_end;
  printf("    return addresses: x30 %#lx", said);
  for (int n = 0; n < 16 && at >= last && at % 8 == 0 && at < top - 15; n++) {
    const uint64_t *record = (const uint64_t *)at;
    if (record[1] == 0) break;
    if (n > 0 || record[1] != said) printf(", %#lx", record[1]);
    last = at + 16;
    at = record[0];
  }
  putchar('\n');
}

_Noreturn void tv_crash(const tv_frame *frame) {
  static bool crashed;
  if (crashed) abort();       // by the dump itself
  crashed = true;
  print_cause(frame);
  print_state(frame);
  print_registers(frame);
  print_callers(frame);
  abort();
}

__attribute__((weak)) tv_frame *tv_sync(tv_frame *f) { tv_crash(f); }
__attribute__((weak)) tv_frame *tv_irq(tv_frame *f) { tv_crash(f); }
__attribute__((weak)) tv_frame *tv_fiq(tv_frame *f) { tv_crash(f); }
__attribute__((weak)) tv_frame *tv_serror(tv_frame *f) { tv_crash(f); }
