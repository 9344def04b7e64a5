// SPDX-License-Identifier: MIT
//
// The guest's side of TinyVMM in C: hypercalls, PSCI, system registers, the
// virtual timer, MMIO, exceptions, and the few functions of a C library that
// a guest needs. README.md is the manual; guest.mk builds. Functions stand
// here if they are one instruction or two, else in the .c and .S files beside.
//
// Guests run at EL1h with the MMU off, so data is Device memory: accesses
// are aligned (-mstrict-align) and exclusives fault.

#ifndef TINYVMM_GUEST_H
#define TINYVMM_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ------------------------------------------------------------ hypercalls --

// Numbers for tv_call; from TV_FIRST_FREE to 0x7fffffff they belong to the
// script that runs the guest.
enum { TV_EXIT = 0, TV_PUTCHAR = 1, TV_PUTS = 2, TV_FIRST_FREE = 3 };

// The instruction of a call. Compiled with -DTV_BY_DOORBELL (DOORBELL=1 for
// guest.mk) a guest calls by a store, which every host lets through; hvc
// needs one that does (`tinyvmm backends` says).
#define TV_DOORBELL UINT64_C(0xfffff0000)
#ifdef TV_BY_DOORBELL
#define TV_CALL_INSN "mov x16, #0xfffff0000\n\tstr w0, [x16]"
#else
#define TV_CALL_INSN "hvc #0"
#endif

// A script's handler may return up to four integers, in x0 to x3.
typedef struct tv_results { uint64_t x0, x1, x2, x3; } tv_results;

static inline tv_results tv_hypercall(uint64_t nr, uint64_t a1, uint64_t a2,
                                      uint64_t a3, uint64_t a4, uint64_t a5,
                                      uint64_t a6, uint64_t a7) {
  register uint64_t x0 __asm__("x0") = nr;
  register uint64_t x1 __asm__("x1") = a1;
  register uint64_t x2 __asm__("x2") = a2;
  register uint64_t x3 __asm__("x3") = a3;
  register uint64_t x4 __asm__("x4") = a4;
  register uint64_t x5 __asm__("x5") = a5;
  register uint64_t x6 __asm__("x6") = a6;
  register uint64_t x7 __asm__("x7") = a7;
  __asm__ volatile(TV_CALL_INSN
                   : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                   : "r"(x4), "r"(x5), "r"(x6), "r"(x7)
                   : "memory", "x16");
  return (tv_results){x0, x1, x2, x3};
}

static inline uint64_t tv_call7(uint64_t nr, uint64_t a1, uint64_t a2,
                                uint64_t a3, uint64_t a4, uint64_t a5,
                                uint64_t a6, uint64_t a7) {
  return tv_hypercall(nr, a1, a2, a3, a4, a5, a6, a7).x0;
}

// tv_call(number, up to 7 integers or pointers): the result in x0.
#define tv_call(...) TV_CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define TV_CALL(nr, a, b, c, d, e, f, g, ...) \
  tv_call7((uint64_t)(nr), (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), \
           (uint64_t)(d), (uint64_t)(e), (uint64_t)(f), (uint64_t)(g))

// Ends the guest: the run returns shutdown, reason exit, with this status.
_Noreturn void exit(int status);

// Ends it with TV_ABORTED, as a crash does after its dump.
enum { TV_ABORTED = 134 };
_Noreturn void abort(void);

// ------------------------------------------------------ system registers --

// TV_SYSREG(name) makes tv_read_name() and tv_write_name(value); names are
// the Arm manual's, or s<op0>_<op1>_c<n>_c<m>_<op2>. A write is followed by
// an ISB, so that it holds from the next instruction on.
#define TV_SYSREG_READ(name) \
  static inline uint64_t tv_read_##name(void) { \
    uint64_t value; \
    __asm__ volatile("mrs %0, " #name : "=r"(value) : : "memory"); \
    return value; \
  }
#define TV_SYSREG(name) \
  TV_SYSREG_READ(name) \
  static inline void tv_write_##name(uint64_t value) { \
    __asm__ volatile("msr " #name ", %0\n\tisb" : : "r"(value) : "memory"); \
  }

TV_SYSREG_READ(currentel)
TV_SYSREG_READ(midr_el1)
TV_SYSREG_READ(mpidr_el1)
TV_SYSREG_READ(ctr_el0)
TV_SYSREG_READ(id_aa64isar0_el1)
TV_SYSREG_READ(id_aa64mmfr0_el1)
TV_SYSREG_READ(id_aa64pfr0_el1)
TV_SYSREG_READ(cntfrq_el0)
TV_SYSREG_READ(cntpct_el0)
TV_SYSREG_READ(cntvct_el0)
TV_SYSREG(sctlr_el1)
TV_SYSREG(cpacr_el1)
TV_SYSREG(ttbr0_el1)
TV_SYSREG(ttbr1_el1)
TV_SYSREG(tcr_el1)
TV_SYSREG(mair_el1)
TV_SYSREG(par_el1)
TV_SYSREG(vbar_el1)
TV_SYSREG(esr_el1)
TV_SYSREG(far_el1)
TV_SYSREG(elr_el1)
TV_SYSREG(spsr_el1)
TV_SYSREG(sp_el0)
TV_SYSREG(tpidr_el0)
TV_SYSREG(tpidr_el1)
TV_SYSREG(cntkctl_el1)
TV_SYSREG(cntv_ctl_el0)
TV_SYSREG(cntv_cval_el0)
TV_SYSREG(cntp_ctl_el0)
TV_SYSREG(cntp_cval_el0)
TV_SYSREG(daif)

// ---------------------------------------------- interrupts and the timer --

// PSTATE, as SPSR_EL1 holds it: exception level and stack, interrupt masks.
enum {
  TV_EL0T = 0, TV_EL1T = 4, TV_EL1H = 5,
  TV_DAIF_F = 1 << 6, TV_DAIF_I = 1 << 7, TV_DAIF_A = 1 << 8,
  TV_DAIF_D = 1 << 9, TV_DAIF = 0xf << 6
};

// What is pending is taken before the function returns (the ISB).
static inline void tv_irq_enable(void) {
  __asm__ volatile("msr daifclr, #2\n\tisb" : : : "memory");
}

static inline void tv_irq_disable(void) {
  __asm__ volatile("msr daifset, #2" : : : "memory");
}

// What was masked before; for tv_irq_restore.
static inline uint64_t tv_irq_save(void) {
  uint64_t daif = tv_read_daif();
  tv_irq_disable();
  return daif;
}

static inline void tv_irq_restore(uint64_t daif) { tv_write_daif(daif); }

// Waits until an interrupt is pending, masked or not.
static inline void tv_wait(void) { __asm__ volatile("wfi" : : : "memory"); }

// Bits of CNTV_CTL_EL0. The timer's interrupt is the IRQ line; it is pending
// as long as the time has come, the timer is enabled and not masked.
enum { TV_TIMER_ENABLE = 1, TV_TIMER_IMASK = 2, TV_TIMER_ISTATUS = 4 };

// The counter, and how often it counts in a second. The ISB keeps the read
// from being done early (Arm ARM D11.2.2).
static inline uint64_t tv_count(void) {
  __asm__ volatile("isb" : : : "memory");
  return tv_read_cntvct_el0();
}

static inline uint64_t tv_frequency(void) { return tv_read_cntfrq_el0(); }

// Nanoseconds since the machine was made.
static inline uint64_t tv_nanoseconds(void) {
  uint64_t count = tv_count(), hz = tv_frequency();
  return count / hz * 1000000000 + count % hz * 1000000000 / hz;
}

// Interrupts when `count` more counts have passed, instead of earlier plans.
static inline void tv_timer_start(uint64_t count) {
  tv_write_cntv_cval_el0(tv_count() + count);
  tv_write_cntv_ctl_el0(TV_TIMER_ENABLE);
}

static inline void tv_timer_stop(void) { tv_write_cntv_ctl_el0(0); }

// ------------------------------------------------------------------ MMIO --

// Loads and stores of one general register without writeback: the only ones
// whose syndrome tells a hypervisor all that it needs to answer them.
#define TV_MMIO(bits, load, store, reg) \
  static inline uint##bits##_t tv_read##bits(uintptr_t address) { \
    uint##bits##_t value; \
    __asm__ volatile(load " %" reg "0, [%1]" \
                     : "=r"(value) : "r"(address) : "memory"); \
    return value; \
  } \
  static inline void tv_write##bits(uintptr_t address, \
                                    uint##bits##_t value) { \
    __asm__ volatile(store " %" reg "0, [%1]" \
                     : : "r"(value), "r"(address) : "memory"); \
  }

TV_MMIO(8, "ldrb", "strb", "w")
TV_MMIO(16, "ldrh", "strh", "w")
TV_MMIO(32, "ldr", "str", "w")
TV_MMIO(64, "ldr", "str", "x")

// ------------------------------------------------------------------ PSCI --

// Power State Coordination Interface 1.1 (Arm DEN0022), function numbers.
#define PSCI_VERSION UINT32_C(0x84000000)
#define PSCI_CPU_OFF UINT32_C(0x84000002)
#define PSCI_AFFINITY_INFO UINT32_C(0xc4000004)
#define PSCI_CPU_ON UINT32_C(0xc4000003)
#define PSCI_SYSTEM_OFF UINT32_C(0x84000008)
#define PSCI_SYSTEM_RESET UINT32_C(0x84000009)

enum { PSCI_SUCCESS = 0, PSCI_NOT_SUPPORTED = -1, PSCI_INVALID_PARAMETERS = -2,
       PSCI_ALREADY_ON = -4, PSCI_INVALID_ADDRESS = -9 };

static inline int tv_psci(uint32_t function, uint64_t a, uint64_t b,
                          uint64_t c) {
  return (int)tv_call(function, a, b, c);
}

// Starts the CPU with that MPIDR_EL1 affinity (its index, for the first
// sixteen): it calls fn(arg) on the stack that ends at stack_top, a multiple
// of 16, and goes off when fn returns. A PSCI status. Whatever that is, the 16
// bytes below stack_top are written: the CPU must be off, and nobody use them.
int tv_cpu_on(uint64_t affinity, void (*fn)(void *), void *arg,
              void *stack_top);

static inline void tv_cpu_off(void) { tv_psci(PSCI_CPU_OFF, 0, 0, 0); }

static inline void tv_system_off(void) { tv_psci(PSCI_SYSTEM_OFF, 0, 0, 0); }

// ------------------------------------------------------------ exceptions --

// The state that an exception interrupted, on the stack of the handler.
// vectors.S knows the offsets.
typedef struct tv_frame {
  uint64_t x[31];
  uint64_t sp;      // of the interrupted code
  uint64_t elr;     // where it goes on
  uint64_t spsr;    // its PSTATE
  uint64_t esr;     // what happened, and
  uint64_t far;     // at which address, for aborts
  uint64_t vector;  // 0 to 15, in the order of the table at VBAR_EL1
  uint64_t unused;  // sp stays a multiple of 16
} tv_frame;

// Define these to handle exceptions: they get the interrupted state, which
// they may change, and return the state to go on with: the same, or another
// one that was saved or made. Those that a guest does not define crash.
tv_frame *tv_sync(tv_frame *frame);
tv_frame *tv_irq(tv_frame *frame);
tv_frame *tv_fiq(tv_frame *frame);
tv_frame *tv_serror(tv_frame *frame);

// Prints what happened, the registers and the callers; aborts.
_Noreturn void tv_crash(const tv_frame *frame);

// Exception classes, ESR_EL1 bits 31..26 (Arm ARM D17.2.37).
enum {
  TV_EC_UNKNOWN = 0x00, TV_EC_FP = 0x07, TV_EC_ILLEGAL = 0x0e,
  TV_EC_SVC = 0x15, TV_EC_SYSREG = 0x18, TV_EC_IABORT_EL0 = 0x20,
  TV_EC_IABORT = 0x21, TV_EC_PC = 0x22, TV_EC_DABORT_EL0 = 0x24,
  TV_EC_DABORT = 0x25, TV_EC_SP = 0x26, TV_EC_SERROR = 0x2f,
  TV_EC_BRK = 0x3c
};

static inline unsigned tv_esr_class(uint64_t esr) {
  return (unsigned)(esr >> 26) & 0x3f;
}

static inline uint32_t tv_esr_syndrome(uint64_t esr) {
  return (uint32_t)esr & 0x1ffffff;
}

// ------------------------------------------------------------- C library --

// Conversions d i u x X p c s %; flags - 0 + space #; width and precision,
// also by *; lengths hh h l ll z t j. No floating point.
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int vprintf(const char *format, va_list args);
int vsnprintf(char *buffer, size_t size, const char *format, va_list args);
int putchar(int c);
int puts(const char *text);

// The heap between __heap_start and __heap_end (tinyvmm.ld), first fit.
// Blocks are aligned to 16. One CPU at a time, and not in handlers.
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

#endif
