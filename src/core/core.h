// SPDX-License-Identifier: MIT
//
// What the files of core/ share with each other and with nobody else:
// backends see vm.h, mem.h and backend.h, callers see tinyvmm.h.
//
// Functions named after a file live there. None of them is called during the
// backend's own run, so all find every vCPU's registers in place.

#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <assert.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/os.h"
#include "core/vm.h"

// vcpu.c ------------------------------------------------------------------

// TV_E_THREAD if another thread owns the vCPU.
tv_status vcpu_check_thread(const tv_vcpu *, tv_error *);

// Registers as after tv_vcpu_new, with this pc and sp.
void vcpu_reset(tv_vcpu *, uint64_t pc, uint64_t sp);

// The host has done an instruction, or taken an exception, for the guest.
void vcpu_count_step(tv_vcpu *);

// 64-bit registers by number (X, PC, PSTATE, SYS), past all checks.
uint64_t vcpu_reg(tv_vcpu *, tv_reg);
void vcpu_set_reg(tv_vcpu *, tv_reg, uint64_t value);

// mem.c -------------------------------------------------------------------

// The RAM or ROM region based at gpa; TV_E_RANGE if there is none.
tv_status mem_based(const tv_vm *, uint64_t gpa, struct region **, tv_error *);

// run.c -------------------------------------------------------------------

// A run under way: what to run, what is left of the budget, and where the
// exit that ends it goes.
struct run {
  tv_vm *vm;
  tv_vcpu *only;      // the one to run; NULL: all that are on
  uint64_t budget;
  tv_exit *exit;
  tv_status status;   // not TV_OK: failed, see vcpu->failure of `failed`
  tv_vcpu *failed;
};

// Whether the vCPU can run now; one that something wakes is no longer idle.
bool run_ready(tv_vcpu *);

// When nobody can run: the first vCPU that waits, from the one whose turn it
// is on, and the one whose timer comes next, at `event` (NULL: none).
struct run_waiting { tv_vcpu *first, *timed; uint64_t event; };
struct run_waiting run_waiting(const struct run *);

// Whether one of the limits is reached, and which: STOPPED, BUDGET, DEADLINE
// or TIMEOUT.
bool run_limit(const struct run *, tv_exit_kind *);

// These fill the exit and return false, for `return run_leave(...)`: with a
// limit's kind; when nobody can run and only the caller can change that.
bool run_leave(const struct run *, tv_exit_kind);
bool run_leave_quiet(const struct run *, const struct run_waiting *);

// Ends the run with the vCPU's failure, after BACK_FAILED; returns false.
bool run_fail(struct run *, tv_vcpu *);

// Completes and counts a backend's exit. True if the core has answered it.
bool run_answered(tv_vcpu *, tv_exit *);

// vm.c --------------------------------------------------------------------

// TV_E_BUSY during a run; `what` is the verb for the error's text.
tv_status vm_check_idle(const tv_vm *, const char *what, tv_error *);

// gic.c -------------------------------------------------------------------

// What a VM with a GIC needs of its backend, and may not be asked for besides.
tv_status gic_check(const struct backend *, const tv_vm_config *, tv_error *);
// Enters the frames into the memory map.
tv_status gic_map(tv_vm *, tv_error *);
// Whether one more vCPU, this one, can be made.
tv_status gic_check_vcpu(const tv_vm *, unsigned index, tv_error *);

// reg.c -------------------------------------------------------------------

enum reg_access { REG_RW, REG_RO, REG_WO };
enum reg_access reg_access(tv_reg);

// exit.c ------------------------------------------------------------------

// Fills everything but `u`, which is zeroed, for the vCPU as it stands now
// (NULL: no vCPU is concerned). `back` is how many bytes before the present
// pc the instruction stands: 0 or 4.
void exit_fill(tv_exit *, tv_exit_kind, tv_vcpu *, unsigned back);

// Turns an HVC exit into another kind about the same instruction.
void exit_shutdown(tv_exit *, tv_shutdown, uint64_t status);
void exit_read_fault(tv_exit *, tv_fault, uint64_t gpa);

// hypercall.c -------------------------------------------------------------

// Answers an HVC exit: true if the vCPU goes on (or is now off or idle),
// false if *exit, perhaps changed, is to be returned.
bool hypercall_serve(tv_vcpu *, tv_exit *);

// doorbell.c: turns a store to TV_DOORBELL into the hypercall that it is.
void doorbell_answer(tv_vcpu *, tv_exit *);

// psci.c: the same for numbers from 0x80000000 on, which nobody overrides.
#define SMCCC_FAST UINT32_C(0x80000000)
bool psci_serve(tv_vcpu *, tv_exit *);

// output.c ----------------------------------------------------------------

void output_put(tv_vm *, const char *data, size_t size);
void output_flush(tv_vm *);

#endif
