// SPDX-License-Identifier: MIT
//
// Hypervisor.framework for machines that have none: the hv_ functions, with
// the rules that Apple's have, on top of the software CPU. It refuses what
// Apple's refuses, so that a misuse fails here and not on a user's Mac:
//
// - one VM in a process (HV_BUSY), destroyed only without vCPUs;
// - a vCPU belongs to the thread that created it, and a thread has one; a
//   call from another thread is HV_BAD_ARGUMENT (but for hv_vcpus_exit);
// - maps in units of 16 KiB below 2^36, disjoint, host memory at a page;
//   protections in the same units;
// - a fresh vCPU is at EL0t with junk in every register;
// - it identifies itself as having 40 bits of addresses, whatever the VM has,
//   and no GIC, even if there is one, until it is told better;
// - an exit that was asked for while nothing ran cancels the next run; but
//   with a GIC it may be forgotten if the run begins with a wait;
// - an exit may come between an interrupt and a breakpoint on its vector;
// - a signal for the thread of a run ends it, as an exit of reason UNKNOWN;
// - interrupts are pending for one run;
// - an expiry of the virtual timer masks it until the mask is taken away;
// - the Mac has slept, which the physical counter has counted and
//   mach_absolute_time() has not;
// - taking an interrupt uses up a single step, before the vector's first
//   instruction;
// - host writes are fetched only after sys_icache_invalidate;
// - the syndrome of pairs, writeback and SIMD is not valid (ISV = 0);
// - without an MMU memory is Device memory, in which exclusives and unaligned
//   accesses fault (not so with TV_MOCK_RELAXED in the environment: for guests
//   that on a Mac would have it on);
// - of hypercalls, hvc #0 with a number from 0xc1000000 to 0xc1ffffff in w0 is
//   the framework's own: unknown, 0xffffffff;
// - of the guest's exceptions nothing leaves; of its system instructions do
//   the registers and cache operations that mock_trap.c lists, before they do
//   anything, and waits.
//
// One lock guards all of it; a run holds it for a slice of steps at a time.
// This is test code, one framework for one process: static state is its
// nature.

#ifndef TESTS_HVF_MOCK_H
#define TESTS_HVF_MOCK_H

#include <Hypervisor/Hypervisor.h>

#include "core/vm.h"
#include "soft/soft.h"

enum { MOCK_VCPUS = 64, MOCK_IPA_BITS = 36, MOCK_GRANULE = 16384,
       MOCK_TICK_SHIFT = 4, MOCK_SYSREGS = 128 };
enum { MOCK_TRAPS = 1 << 30 };     // in vm->traps: this is the inner VM

struct mock_vcpu {
  tv_vcpu *cpu;             // of the inner VM; NULL: a free slot
  pthread_t owner;
  unsigned index;           // of the inner vCPU
  unsigned affinity;        // the same, as MPIDR_EL1 has been set
  hv_vcpu_exit_t exit;
  atomic_bool exit_asked;
  bool pending[2];          // by hv_interrupt_type_t
  bool vtimer_masked, debug_trapped, debug_regs_trapped;
  bool step_enabled;        // MDSCR_EL1.SS, which the inner CPU does not see
  bool step_armed;          // PSTATE.SS
  uint64_t vtimer_offset;
  uint64_t ran;             // nanoseconds of the host in its runs
  bool placed;              // with a GIC: its affinity is set
  bool waiting;             // with a GIC: in a WFI, pc after it
  unsigned waits;           // such that an exit has ended
  unsigned interrupts;      // taken while debug exceptions were trapped
  uint64_t cntp_cval;       // with a GIC: in ticks of mach_continuous_time()
  uint64_t pfr0, mmfr0;     // as the guest finds them
  uint64_t side[MOCK_SYSREGS];    // registers that the inner CPU has not
};

struct mock {
  pthread_mutex_t lock;
  tv_vm *vm;                // the inner VM; NULL: none
  bool denied;              // the program has no entitlement
  bool before_26;           // macOS: CNTPCT, LORC, MDCCINT are the guest's own
  atomic_bool failed;       // one has
  atomic_uint entered;      // runs since
  atomic_uint fail;         // the call that fails, counted down; 0: none
  atomic_uint signals;      // that are to meet runs; UINT32_MAX: each of them
  atomic_uint forgotten;    // exits that are to be, with a GIC
  uint64_t past;            // nanoseconds of earlier VMs, a multiple of 16
  struct {
    bool made;
    bool late;              // the VM has had a vCPU
    bool final;             // a vCPU has run
    bool torn;              // one was destroyed after that
  } gic;
  struct {                  // what the framework says of its GIC
    size_t distributor, distributor_aligned;
    size_t redistributor, redistributor_aligned;
    uint32_t first_spi, spis;
  } fact;
  struct mock_vcpu vcpu[MOCK_VCPUS];
};

extern struct mock mock;

extern const struct backend backend_soft;

static inline struct soft_cpu *mock_soft(const struct mock_vcpu *v) {
  return v->cpu->back;
}

// mach_absolute_time() when the present VM was made: where its counter, which
// has no offset of its own, is 0.
uint64_t mock_zero(void);

// The same of mach_continuous_time(), by which the physical counter counts.
uint64_t mock_physical_zero(void);

// The vCPU whose inner CPU this is.
struct mock_vcpu *mock_of(const struct soft_cpu *);

// Whether the framework has this register, for hv_vcpu_get_sys_reg.
bool mock_has(hv_sys_reg_t);

// Sets CNTP_CVAL_EL0 of a VM with a GIC, in ticks of mach_continuous_time().
void mock_set_cntp_cval(struct mock_vcpu *, uint64_t);

// Where the value of an identification register is that can be changed; NULL:
// of none of these.
uint64_t *mock_identity(struct mock_vcpu *, hv_sys_reg_t);

// What was last set in a register that the inner CPU has not.
uint64_t mock_side(const struct mock_vcpu *, hv_sys_reg_t);

// The vCPU if it is the caller's to use, else NULL. Takes no lock.
struct mock_vcpu *mock_find(hv_vcpu_t);
// The same, unless this call is to fail.
struct mock_vcpu *mock_own(hv_vcpu_t);

// Makes the inner VM, which has no vCPUs yet, anew with this GIC; maps stay.
hv_return_t mock_remake(unsigned gic);

// For a test that wants macOS 15: one that does not call it is linked without
// mock_gic.c, and has no GIC in its framework.
bool mock_with_gic(void);

// Whether this call is the one that mock.fail says. What undoes something
// never is.
bool mock_fails(void);

#endif
