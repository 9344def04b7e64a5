// SPDX-License-Identifier: MIT
//
// TinyVMM: the whole public C API.
//
// A VM owns a backend, a guest-physical memory map and vCPUs. Running a vCPU
// returns an exit: a tagged value that says what the guest did. Nothing here
// calls back into the host language, except C hypercall handlers and the
// output function, which the caller registers.
//
// Errors. A fallible function returns a tv_status: TV_OK or a negative TV_E
// code. With a non-null tv_error it also says what was wrong, where, and what
// would be right. On failure no output argument is touched and nothing has
// changed. Passing a null object is a programming error (assertion).
//
// Threads. Objects have no locks: use one VM from one thread at a time. The
// thread that first runs a vCPU owns it; another thread's call fails with
// TV_E_THREAD. Several hardware vCPUs run at the same time, on threads of the
// library's own; exits and handlers stay on the caller's, one at a time. Only
// tv_vm_stop may be called from anywhere at any time, signal handlers
// included. Two VMs share nothing.
//
// Addresses are guest-physical (GPA), sizes are bytes, guests are AArch64 (on
// soft little-endian). "Step": an instruction completed or a synchronous
// exception taken (icount counts these).

#ifndef TINYVMM_H
#define TINYVMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TV_VERSION "0.1.0"

#if defined(__GNUC__)
#define TV_API __attribute__((visibility("default")))
#else
#define TV_API
#endif

typedef struct tv_vm tv_vm;
typedef struct tv_vcpu tv_vcpu;

// ---------------------------------------------------------------- errors --

// The codes, their dashed names ("no-device") and texts live in
// src/base/err.def; a static assertion keeps this list equal to it.
typedef enum tv_status {
  TV_OK = 0,
  TV_E_INVALID = -1,        // an argument makes no sense
  TV_E_NO_MEMORY = -2,      // the host refused memory
  TV_E_OVERLAP = -3,        // a region overlaps another
  TV_E_ALIGNMENT = -4,      // an address or size is not a granule multiple
  TV_E_RANGE = -5,          // an address is outside every suitable region
  TV_E_DENIED = -6,         // the operating system denied access
  TV_E_NO_DEVICE = -7,      // the backend is not on this machine
  TV_E_UNSUPPORTED = -8,    // this backend cannot do that
  TV_E_BUSY = -9,           // the object is running
  TV_E_THREAD = -10,        // the vCPU belongs to another thread
  TV_E_PENDING = -11,       // a read waits for tv_vcpu_answer
  TV_E_NOT_PENDING = -12,   // nothing waits for an answer
  TV_E_UNKNOWN = -13,       // no register, backend or region of that name
  TV_E_READ_ONLY = -14,     // the register cannot be written
  TV_E_FORMAT = -15,        // a file or blob is malformed
  TV_E_IO = -16,            // a file could not be read or written
  TV_E_LIMIT = -17,         // a fixed limit of the backend is exceeded
  TV_E_STATE = -18          // not possible in the object's present state
} tv_status;

typedef struct tv_error {
  tv_status code;
  int os;           // errno or the platform's own code, 0 if none
  uint64_t addr;    // the guest address concerned, 0 if none
  char text[232];   // one sentence, no newline, always NUL-terminated
} tv_error;

// The dashed lower-case name of a status ("no-memory"; "ok" for TV_OK).
TV_API const char *tv_status_name(tv_status);
TV_API const char *tv_version(void);

// -------------------------------------------------------------- backends --

// The index'th backend known to this build (hvf, kvm, soft): its name, or
// NULL past the end.
TV_API const char *tv_backend_name(unsigned index);
// TV_OK if a VM of that backend ("best": of any) can be made here and now,
// else the code and the reason: NO_DEVICE, DENIED, UNSUPPORTED, UNKNOWN.
TV_API tv_status tv_backend_probe(const char *name, tv_error *);

// The index'th CPU model of soft ("max", "cortex-a53", ...): its name, or
// NULL past the end. A model is a set of architecture features: what it lacks
// is UNDEFINED, and its ID registers say so.
TV_API const char *tv_cpu_name(unsigned index);

// -------------------------------------------------------------------- VM --

// All-zero (but for size) is the default machine: backend soft, strict,
// 4 KiB granule, output to stdout, virtual timer on the IRQ line.
typedef struct tv_vm_config {
  size_t size;            // sizeof (tv_vm_config); lets the struct grow
  const char *backend;    // "soft", "hvf", "kvm", "best"; NULL is "soft"
  uint32_t granule;       // map alignment in bytes, a power of two >= 4096;
                          // 0: the backend's own; on kvm the host's page,
                          // of 4, 16 or 64 KiB
  bool relaxed;           // soft: with the MMU off data is Normal memory
  bool timer_exit;        // the virtual timer returns exits, not interrupts;
                          // not with a GIC
  bool no_fp;             // CPACR_EL1.FPEN = 0 at reset, as in the Arm ARM
  const char *cpu;        // soft: the CPU model (tv_cpu_name); NULL is "max".
                          // hvf and kvm have the host's CPU: NULL only
  uint64_t seed;          // soft: starts the random numbers of RNDR
  const char *pauth;      // soft, models with pointer authentication: its
                          // algorithm, "qarma5" (also NULL) or "impdef", our
                          // own, which is faster
  unsigned gic;           // 3: a GICv3 takes interrupts to the vCPUs (see
                          // tv_vm_irq); 0: none, they have bare lines
} tv_vm_config;

// Creates a VM without memory and vCPUs. `config` may be NULL (defaults).
TV_API tv_status tv_vm_new(const tv_vm_config *config, tv_vm **out,
                           tv_error *);

// Destroys the VM, its vCPUs and memory. Not during a run. NULL is ignored.
TV_API void tv_vm_free(tv_vm *);

TV_API const char *tv_vm_backend(const tv_vm *);   // "soft", ...
TV_API const char *tv_vm_cpu(const tv_vm *);       // its model, or "host"
TV_API unsigned tv_vm_gic(const tv_vm *);  // 3, or 0: it has none
TV_API bool tv_vm_exact(const tv_vm *);    // budgets count single steps
TV_API uint32_t tv_vm_granule(const tv_vm *);

// What the VM's backend can do on this machine.
typedef struct tv_limits {
  unsigned address_bits;    // of guest-physical addresses
  unsigned vcpus;           // in one VM; 0: as many as the host has memory for
  unsigned breakpoints;     // at a time (tv_vm_break); UINT_MAX: any number
  const char *note[4];      // sentences for people, then NULL
} tv_limits;
TV_API void tv_vm_limits(const tv_vm *, tv_limits *out);

// Virtual nanoseconds since creation. soft: one step is one nanosecond,
// summed over the vCPUs, plus idle time skipped by WFI.
TV_API uint64_t tv_vm_time(const tv_vm *);

// Puts vCPUs back to their reset state (registers as tv_vcpu_new leaves
// them, pc and sp as last set by tv_vcpu_set_reset, power as by
// tv_vcpu_power), and the GIC; its inputs, memory, handlers, breakpoints and
// logs stay.
TV_API tv_status tv_vm_reset(tv_vm *, tv_error *);

// Ends the current run, or else the next one, once, with TV_EXIT_STOPPED.
// Any thread, async-signal-safe.
TV_API void tv_vm_stop(tv_vm *);

// Where PUTCHAR and PUTS go. NULL: the C library's stdout. Output is
// buffered and delivered before every exit that a run returns, and some 2^20
// steps after it was made at the latest. The function may not call back into
// the VM.
typedef void tv_output_fn(void *ctx, const char *data, size_t size);
TV_API void tv_vm_output(tv_vm *, tv_output_fn *, void *ctx);

// ---------------------------------------------------------------- memory --

enum { TV_READ = 1, TV_WRITE = 2, TV_EXEC = 4 };

// DEVICE: of the VM itself, which answers the guest's accesses (the GIC).
typedef enum tv_mem_kind {
  TV_MEM_RAM, TV_MEM_ROM, TV_MEM_MMIO, TV_MEM_DEVICE
} tv_mem_kind;

typedef struct tv_region {
  uint64_t base, size;
  tv_mem_kind kind;
  unsigned prot;     // TV_READ | TV_WRITE | TV_EXEC as the guest has it
  void *host;        // NULL for MMIO and DEVICE
  uint64_t id;       // unique in the VM, never reused
} tv_region;

// Maps zeroed RAM (kind TV_MEM_ROM if prot lacks TV_WRITE), or the caller's
// memory at `host`, which must stay valid until unmapped. gpa and size are
// multiples of the granule, size > 0. Host memory is committed on first touch.
// The same host memory may be mapped twice, but a guest's store through one
// mapping to code that runs in the other is not seen by its next fetch.
TV_API tv_status tv_mem_ram(tv_vm *, uint64_t gpa, uint64_t size,
                            unsigned prot, void *host, tv_error *);

// Accesses to the range leave the run as TV_EXIT_MMIO.
TV_API tv_status tv_mem_mmio(tv_vm *, uint64_t gpa, uint64_t size,
                             tv_error *);

// Removes every region in [gpa, gpa + size); regions are removed whole only,
// a range that cuts one fails with TV_E_RANGE. Where a hardware backend is
// refused, what was told to go and could not stays mapped, the caller's memory
// included, and no run of this VM succeeds any more.
TV_API tv_status tv_mem_unmap(tv_vm *, uint64_t gpa, uint64_t size,
                              tv_error *);

// Changes what the guest may do with the RAM or ROM region based at gpa.
TV_API tv_status tv_mem_protect(tv_vm *, uint64_t gpa, unsigned prot,
                                tv_error *);

// The index'th region in address order; TV_E_RANGE past the end.
TV_API tv_status tv_mem_region(tv_vm *, size_t index, tv_region *out);
// The region that holds gpa.
TV_API tv_status tv_mem_find(tv_vm *, uint64_t gpa, tv_region *out);

// Copies from or to RAM and ROM; all of it or, on TV_E_RANGE, nothing.
// Writes may change ROM and are seen by the guest's next fetch.
TV_API tv_status tv_mem_read(tv_vm *, uint64_t gpa, void *to, size_t size,
                             tv_error *);
TV_API tv_status tv_mem_write(tv_vm *, uint64_t gpa, const void *from,
                              size_t size, tv_error *);

// The host address of [gpa, gpa + size), NULL if that is not within one RAM
// or ROM region. After writing through it call tv_mem_wrote; before using
// it where the guest may have written since, ask for it again (on kvm a guest
// without an MMU may write past the host's caches).
TV_API void *tv_mem_host(tv_vm *, uint64_t gpa, uint64_t size);
TV_API void tv_mem_wrote(tv_vm *, uint64_t gpa, uint64_t size);

// Logging of written pages, for those who copy only what has changed: which
// pages of the RAM or ROM region based at gpa has the guest written, or the
// host (tv_mem_write, tv_mem_wrote)? On: begins with no page written; off:
// forgets. It survives tv_vm_reset and tv_mem_protect and ends with the
// region; the same host memory mapped elsewhere has its own. A page has
// TV_DIRTY_PAGE bytes on every backend. soft reports the pages that were
// stored to and no others; hvf and kvm, for the guest's stores, all of the
// host's page, of 4, 16 or 64 KiB. Host memory: 1/256 of the region, and 8
// bytes for a written page. Neither function is called during a run
// (TV_E_BUSY). Errors: RANGE (no such region based there), NO_MEMORY,
// UNSUPPORTED, and whatever a hardware backend was refused.
enum { TV_DIRTY_PAGE = 4096 };
TV_API tv_status tv_mem_log(tv_vm *, uint64_t gpa, bool on, tv_error *);
// Takes the log: bit n % 64 of map[n / 64] says whether page n of the region
// was written since the log began or was last taken. `words` is the length of
// `map`; what is beyond the region's pages is left alone. Errors: as above,
// STATE (not logged), INVALID (too few words; says how many are needed). On
// failure nothing is lost.
TV_API tv_status tv_mem_dirty(tv_vm *, uint64_t gpa, uint64_t *map,
                              size_t words, tv_error *);

// ------------------------------------------------------------- registers --

// A register number. General: TV_REG_X(n), SP (the current one), PC, PSTATE
// (SPSR format: NZCV, DAIF, EL and SPSel together). FP/SIMD: TV_REG_Q(n) has
// 16 bytes. W, D and S are views: writing W clears the upper half of X,
// writing D or S clears the rest of Q. System registers, SP_EL0, SP_EL1,
// NZCV, DAIF, FPCR and FPSR among them: TV_REG_SYS(key), with
// key = op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2.
typedef uint32_t tv_reg;

#define TV_REG_X(n) ((tv_reg)(n))                /* n 0..30 */
#define TV_REG_SP ((tv_reg)31)
#define TV_REG_PC ((tv_reg)32)
#define TV_REG_PSTATE ((tv_reg)33)
#define TV_REG_W(n) ((tv_reg)(0x40 + (n)))
#define TV_REG_Q(n) ((tv_reg)(0x80 + (n)))       /* n 0..31 */
#define TV_REG_D(n) ((tv_reg)(0xa0 + (n)))
#define TV_REG_S(n) ((tv_reg)(0xc0 + (n)))
#define TV_REG_SYS(key) ((tv_reg)(0x10000 | (key)))

// Finds a register by its name in lower case: "x0", "w3", "lr", "fp", "sp",
// "pc", "pstate", "q7", "v7", "d1", "sctlr_el1", "s3_0_c1_c0_0".
// Returns TV_E_UNKNOWN for a name that is none.
TV_API tv_status tv_reg_by_name(const char *name, tv_reg *out);
// Its size in bytes: 4, 8 or 16; 0 if there is no such register.
TV_API size_t tv_reg_size(tv_reg);
// Writes its name to buf (at least 24 bytes) and returns buf.
TV_API const char *tv_reg_name(tv_reg, char *buf, size_t size);

// ------------------------------------------------------------------ vCPU --

// Creates the next vCPU (index 0, 1, ...): on, EL1h, PSTATE 0x3c5, pc 0,
// sp 0, MMU off, SCTLR_EL1 0x30d00800, FP enabled unless no_fp. It belongs
// to the VM and lives until tv_vm_free or tv_vcpu_free, which are called on
// the thread that owns it.
TV_API tv_status tv_vcpu_new(tv_vm *, tv_vcpu **out, tv_error *);
TV_API void tv_vcpu_free(tv_vcpu *);
TV_API tv_vm *tv_vcpu_vm(const tv_vcpu *);
TV_API unsigned tv_vcpu_index(const tv_vcpu *);
// The index'th vCPU of the VM, NULL if there is none.
TV_API tv_vcpu *tv_vm_vcpu(const tv_vm *, unsigned index);

// Reads or writes a register; `size` must be tv_reg_size(reg). Writing is
// what the guest's own MSR at EL1 would do (read-only bits stay), except
// that registers read-only to the guest fail with TV_E_READ_ONLY. Writing
// PC turns on a vCPU that EXIT has ended.
TV_API tv_status tv_vcpu_get(tv_vcpu *, tv_reg, void *value, size_t size,
                             tv_error *);
TV_API tv_status tv_vcpu_set(tv_vcpu *, tv_reg, const void *value,
                             size_t size, tv_error *);

// Makes pc and sp the values that tv_vm_reset restores.
TV_API void tv_vcpu_set_reset(tv_vcpu *, uint64_t pc, uint64_t sp);

// Powers the vCPU on or off: tv_vm_run runs those that are on.
TV_API void tv_vcpu_power(tv_vcpu *, bool on);
TV_API bool tv_vcpu_is_on(const tv_vcpu *);

// Steps this vCPU has taken since it was made; where !tv_vm_exact only those
// of tv_vcpu_step.
TV_API uint64_t tv_vcpu_icount(const tv_vcpu *);

// Drives the vCPU's interrupt lines; they are levels and stay as set.
// TV_E_STATE in a VM with a GIC, which drives them itself.
typedef enum tv_irq_line { TV_IRQ, TV_FIQ } tv_irq_line;
TV_API tv_status tv_vcpu_irq(tv_vcpu *, tv_irq_line, bool level, tv_error *);

// -------------------------------------------------- interrupt controller --

// With config.gic = 3 the VM has a GICv3 (Arm IHI 0069): a distributor and
// redistributors where the well-known `virt` board has them, and the CPU
// interfaces' ICC_* registers. There is one security state (GICD_CTLR.DS is 1)
// and affinity routing (ARE); no LPIs, no ITS. The EL1 virtual timer is PPI 27,
// the physical one 30. vCPU n has Aff0 = n % 16 and Aff1 = n / 16 (MPIDR_EL1)
// and the n'th redistributor. All vCPUs are made before the first run;
// tv_vcpu_new fails with TV_E_STATE afterwards, and beyond TV_GIC_VCPUS with
// TV_E_LIMIT. config.timer_exit and tv_vcpu_irq are for VMs without a GIC.
//
// On hvf, which has GICs from macOS 15 on, vCPUs wait in the framework, so that
// a budget of time counts waits as well; and after a vCPU was freed that has
// run, the others run no more (TV_E_STATE).
//
// On kvm, which has GICs from Linux 5.19 on where the host has a GICv3, a pair
// or a writeback in the frames is a fault (TV_FAULT_UNSUPPORTED); the ICC_*
// registers can be got and set from the first run on, while no other vCPU runs;
// and a timer that fires ends a WFI also if its PPI cannot interrupt. Seldom a
// WFI ends for no reason, as the architecture lets it.
#define TV_GIC_DISTRIBUTOR UINT64_C(0x08000000)      /* 64 KiB */
#define TV_GIC_REDISTRIBUTOR UINT64_C(0x080a0000)    /* 128 KiB a vCPU */
enum { TV_GIC_VCPUS = 123, TV_GIC_SPI = 32, TV_GIC_SPIS = 224 };

// Drives the input of a shared peripheral interrupt, whose INTID is in
// [TV_GIC_SPI, TV_GIC_SPI + TV_GIC_SPIS); a level, which stays as set, over
// tv_vm_reset too. A rising edge is what an SPI configured so by the guest
// reacts to. Between runs, or in a handler. Errors: STATE (no GIC), RANGE (not
// such an INTID), and what a hardware backend was refused.
TV_API tv_status tv_vm_irq(tv_vm *, uint32_t intid, bool level, tv_error *);

// ------------------------------------------------------------------ runs --

typedef enum tv_exit_kind {
  TV_EXIT_HVC,         // hvc nobody answered; pc after it
  TV_EXIT_SMC,         // smc; pc at it
  TV_EXIT_MMIO,        // access to an MMIO region; pc at it, completed by
                       // the next run (reads: after tv_vcpu_answer)
  TV_EXIT_SYSREG,      // system register access (TV_TRAP_SYSREG); as MMIO
  TV_EXIT_BRK,         // brk with no guest vector; pc at it
  TV_EXIT_WFI,         // waits, and nothing is armed or pending that could
                       // end it; pc after it. With KVM before Linux 6.4,
                       // which does not show us the physical timer, also
                       // where only that is armed
  TV_EXIT_FAULT,       // see tv_fault; pc at the instruction
  TV_EXIT_TIMER,       // the virtual timer fired (config.timer_exit)
  TV_EXIT_BUDGET,      // the budget is used up
  TV_EXIT_DEADLINE,    // tv_vm_deadline reached
  TV_EXIT_TIMEOUT,     // tv_vm_timeout reached
  TV_EXIT_STOPPED,     // tv_vm_stop
  TV_EXIT_SHUTDOWN,    // EXIT, PSCI SYSTEM_OFF / SYSTEM_RESET, all vCPUs off
  TV_EXIT_UNDEFINED,   // undefined instruction (TV_TRAP_UNDEFINED); pc at it
  TV_EXIT_BREAKPOINT   // tv_vm_break; pc at the instruction, not executed
} tv_exit_kind;

typedef enum tv_fault {
  TV_FAULT_UNMAPPED,           // no region at that address
  TV_FAULT_READ_ONLY,          // store to ROM
  TV_FAULT_PROTECTED,          // the region's protection forbids it
  // Exceptions taken before the guest ever wrote VBAR_EL1:
  TV_FAULT_UNDEFINED,          // undefined instruction
  TV_FAULT_SVC,                // svc
  TV_FAULT_ALIGNMENT,          // unaligned data access
  TV_FAULT_PC_ALIGNMENT,       // pc not a multiple of 4
  TV_FAULT_SP_ALIGNMENT,       // sp not a multiple of 16
  TV_FAULT_ADDRESS_SIZE,       // address beyond the physical address size
  TV_FAULT_ATOMIC,             // exclusive or atomic on Device memory
  TV_FAULT_FP_TRAP,            // FP/SIMD disabled by CPACR_EL1.FPEN
  TV_FAULT_SYSREG_TRAP,        // EL0 access to a register it may not use
  TV_FAULT_ILLEGAL_STATE,      // PSTATE.IL set by an illegal ERET
  TV_FAULT_STEP,               // software step exception
  TV_FAULT_INTERRUPT,          // IRQ or FIQ taken
  TV_FAULT_TRANSLATION,        // the guest's own MMU (translation)
  TV_FAULT_PERMISSION,         // the guest's own MMU (permission)
  // Limits of ours:
  TV_FAULT_UNSUPPORTED,        // an access MMIO cannot serve (atomics)
  TV_FAULT_UNIMPLEMENTED,      // the CPU model has it, this version has not
  TV_FAULT_PUTS,               // PUTS ran off the end of memory or 1 MiB
  // More exceptions taken before the guest ever wrote VBAR_EL1:
  TV_FAULT_PAC,                // pointer authentication failed (FEAT_FPAC)
  TV_FAULT_MOPS                // CPY*, SET*: registers of another stage
} tv_fault;

typedef enum tv_shutdown {
  TV_SHUTDOWN_EXIT, TV_SHUTDOWN_OFF, TV_SHUTDOWN_RESET, TV_SHUTDOWN_HALT
} tv_shutdown;

typedef struct tv_exit {
  tv_exit_kind kind;
  uint32_t insn;       // the A64 word at pc if it can be read, else 0
  tv_vcpu *vcpu;
  uint64_t pc;         // of the instruction concerned, even where the
                       // vCPU's pc stands after it
  uint64_t icount;     // the vCPU's steps at the exit
  uint64_t pstate;
  union {
    struct {           // HVC, SMC
      uint32_t imm;
      uint64_t nr;     // w0, zero-extended
      uint64_t arg[7]; // x1..x7
    } hvc;
    struct {
      uint64_t addr;
      uint64_t value;  // writes: the bytes, the first one lowest
      uint8_t size;    // 1, 2, 4 or 8
      uint8_t part;    // which access of a pair, from 0
      bool write;
    } mmio;
    struct {
      uint16_t key;    // see TV_REG_SYS
      bool write;
      uint64_t value;
    } sysreg;
    struct {
      uint32_t imm;
    } brk;
    struct {
      tv_fault reason;
      uint8_t access;  // 'r', 'w' or 'x'
      uint8_t size;    // of the access, 0 if not known
      int8_t level;    // of the guest's own translation, else -1
      uint64_t esr;    // as ESR_EL1 would read, 0 if none applies
      uint64_t far;    // virtual address
      uint64_t addr;   // guest-physical address
    } fault;
    struct {
      tv_shutdown reason;
      uint64_t status; // EXIT's x1
    } shutdown;
  } u;
} tv_exit;

TV_API const char *tv_exit_name(tv_exit_kind);      // "hvc", "mmio", ...
TV_API const char *tv_fault_name(tv_fault);         // "unmapped", ...
TV_API const char *tv_shutdown_name(tv_shutdown);   // "exit", "off", ...

#define TV_NO_LIMIT UINT64_MAX

// Runs one vCPU (powering it on) until an exit that no C handler answers, or
// until `budget` steps are done (TV_NO_LIMIT: no budget; 0 returns at once).
// On backends that are not exact a budget of n means n nanoseconds of guest
// run time. Errors: BUSY (already running), THREAD, PENDING, STATE (it has
// ended by EXIT, SYSTEM_OFF or SYSTEM_RESET, and its pc was not set since),
// and whatever a hardware backend was refused.
TV_API tv_status tv_vcpu_run(tv_vcpu *, uint64_t budget, tv_exit *out,
                             tv_error *);

// The same, but `steps` counts steps on every backend: where !tv_vm_exact the
// vCPU goes one instruction at a time.
TV_API tv_status tv_vcpu_step(tv_vcpu *, uint64_t steps, tv_exit *out,
                              tv_error *);

// Runs all vCPUs that are on, in turns; out->vcpu says whose exit it is. The
// budget is shared. With none on: TV_EXIT_SHUTDOWN, reason HALT.
TV_API tv_status tv_vm_run(tv_vm *, uint64_t budget, tv_exit *out,
                           tv_error *);

// Limits of all later runs. deadline: absolute virtual nanoseconds (compare
// tv_vm_time). timeout: host nanoseconds from this call. TV_NO_LIMIT: none.
TV_API void tv_vm_deadline(tv_vm *, uint64_t virtual_ns);
TV_API void tv_vm_timeout(tv_vm *, uint64_t host_ns);

// Gives the value a pending MMIO or SYSREG read waits for. NOT_PENDING if
// none does.
TV_API tv_status tv_vcpu_answer(tv_vcpu *, uint64_t value, tv_error *);
// Whether a read waits for an answer.
TV_API bool tv_vcpu_pending(const tv_vcpu *);
// Steps over the instruction at pc (pc += 4) and forgets a pending access.
// Counts as a step: the host has done the instruction.
TV_API tv_status tv_vcpu_skip(tv_vcpu *, tv_error *);
// Takes a synchronous exception to EL1 now: ESR_EL1 and FAR_EL1 as given,
// entry through VBAR_EL1 (Arm ARM D1.3). Forgets a pending access and counts
// as a step. TV_E_STATE if the guest has never written VBAR_EL1.
TV_API tv_status tv_vcpu_inject(tv_vcpu *, uint64_t esr, uint64_t far,
                                tv_error *);

// Which guest events become exits instead of exceptions. On soft both; hvf has
// TV_TRAP_SYSREG for the registers that its framework traps; where there is
// none of it, TV_E_UNSUPPORTED.
enum { TV_TRAP_UNDEFINED = 1, TV_TRAP_SYSREG = 2 };
TV_API tv_status tv_vm_trap(tv_vm *, unsigned traps, tv_error *);

// -------------------------------------------------------------- watching --

// How often guests left the CPU for this reason since the VM was made,
// whether the core answered (hypercalls, PSCI) or the run returned. Limits
// (BUDGET, DEADLINE, TIMEOUT, STOPPED) are not counted.
TV_API uint64_t tv_vm_exits(const tv_vm *, tv_exit_kind);

// Sets or takes away a breakpoint: a vCPU that is about to execute the
// instruction at this virtual address, at EL1 or EL0, leaves the run with
// TV_EXIT_BREAKPOINT, and nothing of the instruction is done. On every vCPU of
// the VM, any number of times, whether or not anything is mapped there. Setting
// one that is set and taking one away that is not are no errors.
//
// Each arrival is reported once: a run that begins at the address that its
// vCPU has just reported executes the instruction, and one that left in the
// middle of an instruction (TV_EXIT_MMIO) completes it. Limits come first: a
// run whose budget ends before the instruction returns TV_EXIT_BUDGET, and the
// next one reports the breakpoint at once; so do tv_vcpu_step's. An interrupt
// that the vCPU would take before the instruction goes first, too. It is no
// step and takes no time; the guest sees nothing of it: its memory and its
// debug registers are untouched (hardware: while there are breakpoints, those
// that the guest sets for itself do not work).
//
// May be called from a hypercall handler, and holds from then on. Errors:
// ALIGNMENT (no multiple of 4), INVALID (a tag in the top byte, which no pc
// has), LIMIT (tv_limits.breakpoints, few on hardware), UNSUPPORTED (there are
// none at all), NO_MEMORY.
TV_API tv_status tv_vm_break(tv_vm *, uint64_t address, bool on, tv_error *);

// The index'th breakpoint in ascending order; TV_E_RANGE past the end.
TV_API tv_status tv_vm_breakpoint(const tv_vm *, size_t index, uint64_t *out);

// An instruction about to be executed, and the registers it will find. The
// pointers are valid during the call.
typedef struct tv_step {
  tv_vcpu *vcpu;
  uint64_t pc;
  uint32_t insn;
  uint32_t pstate;            // as TV_REG_PSTATE
  const uint64_t *x;          // x0..x30, then the current sp
  const uint64_t (*q)[2];     // q0..q31: low half, high half
} tv_step;

// Called inside the run before each instruction of each vCPU: once for one
// that is completed by a later run (TV_EXIT_MMIO), and for one that then
// faults. Not called where the fetch fails. The function may read memory and
// registers of any vCPU and call tv_vm_stop; it may change nothing.
typedef void tv_trace_fn(void *ctx, const tv_step *);

// Sets the VM's trace function, NULL for none. Tracing changes nothing that
// the guest or the caller can see, but time: the CPU goes one instruction at
// a time. Without a function it costs nothing. TV_E_UNSUPPORTED where
// !tv_vm_exact.
TV_API tv_status tv_vm_trace(tv_vm *, tv_trace_fn *, void *ctx, tv_error *);

// ------------------------------------------------------------ hypercalls --

// hvc #0 with the number in w0, arguments in x1.., result in x0. Built in:
// 0 EXIT (x1: status), 1 PUTCHAR (w1: a byte), 2 PUTS (x1: guest-physical
// address), which change no register, and SMCCC/PSCI from 0x80000000 on.
enum { TV_HC_EXIT_NR = 0, TV_HC_PUTCHAR_NR = 1, TV_HC_PUTS_NR = 2 };

// The doorbell: where no region is mapped here, a store of any size to this
// address is the same hypercall, on every backend. KVM before Linux 6.4 lets
// no other through (tv_limits says so).
#define TV_DOORBELL UINT64_C(0xfffff0000)

typedef enum tv_hc { TV_HC_RESUME, TV_HC_EXIT } tv_hc;

// A handler gets x1..x7 and leaves the result in *x0 (holding x0 on entry).
// It may use tv_mem_read/_write/_host, tv_vcpu_get/_set and tv_vm_stop; no
// run, map, free or longjmp. TV_HC_EXIT returns TV_EXIT_HVC to the caller.
typedef tv_hc tv_hypercall_fn(void *ctx, tv_vcpu *, const uint64_t arg[7],
                              uint64_t *x0);

// Registers `fn` for a number, replacing a built-in; NULL takes it back (the
// built-in, if any, is there again).
TV_API tv_status tv_vm_hypercall(tv_vm *, uint32_t nr, tv_hypercall_fn *fn,
                                 void *ctx, tv_error *);

#ifdef __cplusplus
}
#endif

#endif
