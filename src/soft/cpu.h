// SPDX-License-Identifier: MIT
//
// The software CPU: its state, and how handlers, the run loop and the cold
// paths talk to each other.
//
// Code is predecoded: every executed 4 KiB physical page has an array of
// `struct insn`, one per word, each holding a handler and its operands. The
// run loop (interp.c) is
//
//     next = i->fn(cpu, i, left);
//
// A handler executes its instruction, finds the next one (i + 1, a near
// target in the same page, or soft_jump()) and goes on with it: soft_next
// calls its handler, in the last place, so that the compiler makes a jump of
// it and each handler has an indirect branch of its own to be predicted.
// `left`, the number of instructions it may execute, itself included, rides
// along in a register; when it is used up, soft_next returns the next one.
// NULL leaves the loop without having completed: then h.leave says why and
// cpu->pc is the address of the instruction (use the leave_* functions, which
// do both). So one handler is one step, and the program counter costs nothing.
// Handlers are made of functions that only return the next instruction
// (op.h). Where the compiler leaves a call in the last place (-O0), a chain
// of handlers nests; interp.c keeps chains short enough for any stack.
//
// Laws for handlers: register writes, writeback and flags come after the last
// possible fault. No handler calls out of soft/ or sees the time: what needs
// that (system registers, exceptions, hypercalls, WFI) is a *slow*
// instruction, executed by the outer loop with everything in memory.

#ifndef SOFT_CPU_H
#define SOFT_CPU_H

#include "a64/decode.h"
#include "a64/pstate.h"
#include "base/bits.h"
#include "core/vm.h"

struct soft_cpu;
struct insn;
typedef const struct insn *insn_fn(struct soft_cpu *, const struct insn *,
                                   uint64_t left);

// A predecoded instruction. d, n, m, a are slots of soft_cpu.x (see slot_*)
// or register numbers; what the rest means is the handler's business.
struct insn {
  insn_fn *fn;
  uint8_t d, n, m, a;
  union {
    int32_t imm;
    uint32_t word;
  };
};

// Every row of the instruction table has a predecoder `op_ROW`, which picks
// the handler for this word and fills the operands. `offset` is the byte
// offset of the word in its 4 KiB page. The array is generated from A64_OPS.
typedef void predecode_fn(struct insn *, uint32_t word, unsigned offset);
#define CPU_DECLARE_OP(name) predecode_fn op_##name;
A64_OPS(CPU_DECLARE_OP)
#undef CPU_DECLARE_OP

enum { PAGE_SHIFT = 12, PAGE_BYTES = 1 << PAGE_SHIFT,
       PAGE_WORDS = PAGE_BYTES / 4, JUMP_CACHE = 64 };

// The predecoded form of one physical page; insn[PAGE_WORDS] is a sentinel
// that goes on in the next page.
struct code_page {
  uint64_t gpa;
  struct region *region;
  const uint8_t *bytes;        // the guest's words
  struct code_page *next;      // in its hash chain
  struct insn insn[PAGE_WORDS + 1];
};

// Slots of x[]: decoding resolves register 31, so that no handler tests it.
enum { SLOT_SP = 31, SLOT_ZERO = 32, SLOT_SINK = 33, SLOTS = 34 };
static inline uint8_t slot_read(unsigned r) {      // 31 is xzr
  return r == 31 ? SLOT_ZERO : r;
}
static inline uint8_t slot_write(unsigned r) {     // 31 is discarded
  return r == 31 ? SLOT_SINK : r;
}
static inline uint8_t slot_sp(unsigned r) {        // 31 is sp
  return r;
}

// The mode word: what changes how instructions behave. Recomputed by
// soft_update_mode when PSTATE, SCTLR_EL1, CPACR_EL1, FPCR or FPSR change;
// never assembled piecemeal by readers.
enum {
  MODE_EL1 = 1 << 0,
  MODE_SPSEL = 1 << 1,
  MODE_MMU = 1 << 2,        // SCTLR_EL1.M; this version has no MMU
  MODE_ALIGN = 1 << 3,      // every unaligned data access faults: SCTLR.A, or
                            // Device memory because the MMU is off (strict)
  MODE_DEVICE = 1 << 4,     // data is Device memory: exclusives, LSE atomics
                            // and DC ZVA fault
  MODE_SA = 1 << 5,         // sp alignment is checked at this EL
  MODE_PAN = 1 << 6,
  MODE_FP = 1 << 7,         // FP/SIMD is enabled at this EL
  MODE_FP_PLAIN = 1 << 8,   // ... and FPCR says to nearest, no flushing, and
                            // h.fp is open
  MODE_FP_HOST = 1 << 9     // ... and FPSR.IXC is set: see op_fp.h
};

// System registers the CPU stores; the list is soft/sysregs.def.
enum soft_sysreg {
#define STORED(name, ...) SYS_##name,
#include "soft/sysregs.def"
#undef STORED
  SYS_COUNT
};

enum { PENDING_PARTS = 4 };

// Everything up to `h` is the state that a run can change, and is what a
// snapshot will save: no pointers there.
struct soft_cpu {
  uint64_t x[SLOTS];      // x0..x30, current sp, constant 0, write sink
  uint64_t pc;            // valid outside the inner loop only
  uint32_t nzcv;          // flags in bits 31..28, other bits 0
  uint32_t pstate;        // the rest of PSTATE, SPSR layout, NZCV bits 0;
                          // BTYPE is valid outside the inner loop only
  uint32_t mode;
  uint32_t lines;         // interrupt inputs: bit TV_IRQ, bit TV_FIQ; a GIC
                          // drives them, if there is one
  uint64_t sp_el[2];      // banked SP_EL0, SP_EL1; stale for the current one
  uint64_t v[32][2] __attribute__((aligned(16)));   // low, high
  uint64_t sys[SYS_COUNT];
  struct {                // exclusive monitor (B2.12): the value shows what
    bool valid;           // others have stored since
    uint8_t size;         // bytes, 1..16
    uint64_t addr;
    uint64_t value[2];
  } excl;
  // An instruction left in the middle by an MMIO or sysreg exit. It will be
  // executed again from its start; the parts already done answer from here.
  struct {
    bool active;          // only for the instruction at `pc`
    bool waiting;         // the next part is a read that needs an answer
    uint8_t parts;        // parts done
    uint64_t pc;
    uint64_t data[PENDING_PARTS];
  } pending;
  uint64_t rndr;          // where the vCPU is in its sequence of RNDR
  uint64_t wait_until;    // the count that ends a WFIT or WFET, if `wait`
  enum { WAIT_NONE, WAIT_INTERRUPT, WAIT_EVENT } wait;
  bool event;             // the WFE event register
  bool vbar_written;      // the guest has set VBAR_EL1 once
  bool timer_reported;    // timer = "exit": the present expiry was returned

  struct soft_host {
    struct soft_vm *vm;
    tv_vcpu *vcpu;
    // Main RAM: an access of 1 << L bytes at `addr` is plain if
    //   addr - base < load[L]  and  (addr & align[L]) == 0,
    // for stores also map[(addr - base) >> 8] == 0. A limit of 0 never
    // passes. Set by bind_ram (soft.c) and soft_update_mode.
    struct {
      uint8_t *host, *map;
      uint64_t base;
      uint64_t load[5], store[5], align[5];
    } ram;
    struct code_page *page;   // the page being executed
    uint64_t page_va;         // its virtual address
    uint64_t fetch_va;        // where the pending fetch fault is
    struct { uint64_t va; struct code_page *page; } jump[JUMP_CACHE];
    enum soft_leave {
      LEAVE_SLOW,             // execute `word` in the outer loop
      LEAVE_HVC,              // the same; it is an HVC, which is in a hurry
      LEAVE_EXCEPTION,        // take `exc`
      LEAVE_EXIT,             // return `exit` (not a step)
      LEAVE_DEVICE,           // `exit` is an access that the GIC answers
      LEAVE_FETCH             // the fetch at pc failed
    } leave;
    uint32_t word;
    bool unfinished;          // the step just done, at a breakpoint, was only
                              // a part of its instruction
    uint64_t left;            // not executed of the last chain of handlers
    // PSTATE.BTYPE, which every instruction clears but the branches that set
    // it: it is `btype` where `left` is btype_left, and 0 everywhere else. In
    // pstate outside the inner loop only.
    uint64_t btype_left;
    uint32_t btype;
    struct soft_exc {
      uint32_t esr;
      uint64_t far;
      bool has_far;           // FAR_EL1 is written
      uint64_t addr;          // guest-physical, for fault exits
      tv_fault reason;        // reported if the guest has no vectors yet
      uint8_t access, size;   // 'r', 'w', 'x'; bytes
    } exc;
    tv_exit exit;             // kind and u only
    // The host's floating point as the caller of the run has it. A run makes
    // it its own (base/hostfp.h) at the first operation that may ask the host:
    // to read it takes as long as a short run does for the rest.
    struct { bool open; uint64_t callers; } fp;
  } h;
};

#define SOFT_SAVED_SIZE offsetof(struct soft_cpu, h)

// The address of a predecoded instruction of the current page.
extern const struct insn soft_fetch_fault;
static inline uint64_t soft_pc(const struct soft_cpu *cpu,
                               const struct insn *i) {
  if (BITS_UNLIKELY(i == &soft_fetch_fault)) return cpu->h.fetch_va;
  return cpu->h.page_va + (uint64_t)(i - cpu->h.page->insn) * 4;
}

// code.c: the instruction at a virtual address. A fetch that fails returns
// soft_fetch_fault, whose execution is the fault: so a branch to nowhere
// completes, and the abort is the next step.
const struct insn *soft_jump_cold(struct soft_cpu *, uint64_t va);
static inline const struct insn *soft_jump(struct soft_cpu *cpu,
                                           uint64_t va) {
  uint64_t page = va & ~(uint64_t)(PAGE_BYTES - 1);
  unsigned slot = va >> PAGE_SHIFT & (JUMP_CACHE - 1);
  if (BITS_UNLIKELY(cpu->h.jump[slot].va != page || va & 3))
    return soft_jump_cold(cpu, va);
  cpu->h.page = cpu->h.jump[slot].page;
  cpu->h.page_va = page;
  return &cpu->h.page->insn[(va & (PAGE_BYTES - 1)) / 4];
}

// Clang makes a jump of a call in the last place only if told so, where the
// handler has variables in memory.
#ifdef __clang__
#if __has_attribute(musttail)
#define SOFT_TAIL __attribute__((musttail))
#endif
#endif
#ifndef SOFT_TAIL
#define SOFT_TAIL
#endif

// The end of every handler, after SOFT_TAIL: goes on with `next`, unless it is
// NULL or nothing is left.
static inline const struct insn *soft_next(struct soft_cpu *cpu,
                                           const struct insn *next,
                                           uint64_t left) {
  if (BITS_UNLIKELY(!next || !--left)) {
    cpu->h.left = left;
    return next;
  }
  SOFT_TAIL return next->fn(cpu, next, left);
}

// except.c: leave the loop. All return NULL, so a handler says
// `return leave_undefined(cpu, i);`. The ESR is built here.
const struct insn *leave_slow(struct soft_cpu *, const struct insn *);
const struct insn *leave_hvc(struct soft_cpu *, const struct insn *);
const struct insn *leave_undefined(struct soft_cpu *, const struct insn *);
const struct insn *leave_raise(struct soft_cpu *, const struct insn *,
                               uint32_t esr, tv_fault reason);
const struct insn *leave_fp_trap(struct soft_cpu *, const struct insn *);
const struct insn *leave_sp_alignment(struct soft_cpu *, const struct insn *);
// A data abort with fault status fsc (a64/esr.h) for a `size`-byte access at
// va; `write` sets WnR. reason: what a guest without vectors reports.
const struct insn *leave_data_abort(struct soft_cpu *, const struct insn *,
                                    uint64_t va, unsigned size, bool write,
                                    unsigned fsc, tv_fault reason);
// An exit instead of an exception: no region (UNMAPPED), READ_ONLY,
// PROTECTED, UNSUPPORTED, UNIMPLEMENTED. access is 'r', 'w' or 'x'.
const struct insn *leave_fault(struct soft_cpu *, const struct insn *,
                               tv_fault reason, uint64_t va, uint64_t gpa,
                               unsigned size, char access);
// An MMIO exit for the next part of the instruction; a write counts as done,
// a read waits for the answer. `device`: not an exit, but the VM's own GIC's
// affair, which the outer loop asks.
const struct insn *leave_mmio(struct soft_cpu *, const struct insn *,
                              uint64_t gpa, unsigned size, bool write,
                              uint64_t value, bool device);

// A breakpoint, before anything is done.
const struct insn *leave_breakpoint(struct soft_cpu *, const struct insn *);

// interp.c: opens h.fp.
void soft_open_fp(struct soft_cpu *);

// sysreg.c / except.c
void soft_update_mode(struct soft_cpu *);
static inline unsigned soft_el(const struct soft_cpu *cpu) {
  return cpu->mode & MODE_EL1;
}
// Which bank x[SLOT_SP] is: 0 SP_EL0, 1 SP_EL1.
static inline unsigned soft_current_sp(const struct soft_cpu *cpu) {
  return (cpu->mode & (MODE_EL1 | MODE_SPSEL)) == (MODE_EL1 | MODE_SPSEL);
}

// code.c: forgets predecoded code; region offset range, or everything.
void soft_code_changed(struct soft_vm *, struct region *, uint64_t off,
                       uint64_t len);

#endif
