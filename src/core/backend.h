// SPDX-License-Identifier: MIT
//
// The only door between core and backends. A backend is one const struct of
// functions, named backend_soft, backend_hvf, backend_kvm and listed in
// backends.c; it keeps its own state behind vm->back and vcpu->back.
//
// The contract, where the three differ by nature (facts of Hypervisor
// framework, KVM and our own CPU; the core sees one behaviour):
//
// - Thread. `vcpu_start`, `run`, `get`, `set`, `irq` are called on the thread
//   that owns the vCPU: with several hardware vCPUs, a worker of the core
//   (crew.h). hvf and kvm create the hardware vCPU at its first run there and
//   keep registers in their own copy until then. `kick` is called from
//   anywhere, signal handlers included, and is sticky: if nothing runs, the
//   next run returns at once with BACK_KICKED. Where vCPUs have workers,
//   `time` is called from any of them, too, and vcpu_free on the vCPU's own.
// - pc at an exit. HVC: after the instruction. SMC, BRK, SYSREG, MMIO,
//   UNDEFINED, FAULT: at the instruction (hvf leaves SMC there, kvm does not:
//   its backend steps back). WFI: after it. tv_exit.pc is always the
//   address of the instruction itself.
// - When an access completes. An MMIO or SYSREG write has happened when it is
//   reported; pc, writeback and the step move at the next run. A read waits:
//   `answer` hands in the value, the next run completes it (kvm: mmio.data
//   and KVM_RUN; hvf: the backend writes Rt; soft: re-executes with the part
//   recorded). Before registers are read, kvm completes a pending write with
//   immediate_exit. `forget` drops a pending access: pc stays.
// - Interrupt lines are levels held by the core's caller through `irq`. hvf
//   clears its own after every run and must re-assert them.
// - The virtual timer, without a GIC, drives the IRQ line inside the backend
//   (hvf: VTIMER_ACTIVATED and its mask; kvm: device_irq_level and
//   KVM_IRQ_LINE), or returns TV_EXIT_TIMER if vm->timer_exit.
// - Budget. `run` takes the number of steps it may do and reports the number
//   done; backends that cannot count (exact == false) take nanoseconds of
//   guest run time, TV_NO_LIMIT for no limit, and report at most `grant`;
//   while vcpu->single is set they take and report steps, one at a time.
// - Idle time. skip_to may return before that time, on a backend whose time
//   is the host's: it sleeps 10 ms at most, so that stops and timeouts are
//   seen. The core calls it again.
// - A breakpoint (breakpoint.h) is looked at before the instruction, after
//   what an interrupt does there, and only if a step is granted for it. It is
//   no step.
// - A translation or permission failure of the guest-physical map (stage 2)
//   is a FAULT exit; everything else is the guest's own exception.

#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include "tinyvmm.h"

struct region;

// Why a backend's run came back.
enum back_end {
  BACK_EXIT,     // *exit is filled (kind, pc, insn, pstate, u)
  BACK_DONE,     // all granted steps are done
  BACK_YIELD,    // soft: WFE or YIELD, the turn passes to the next vCPU
  BACK_IDLE,     // WFI with nothing to wait for on this vCPU
  BACK_KICKED,   // kick was called
  BACK_FAILED    // the host refused: vcpu->failure says why
};

struct backend {
  const char *name;
  bool exact;           // counts single steps
  bool exclusive_vm;    // one VM per process (Apple's rule)
  uint32_t granule;     // smallest map alignment;
  bool host_pages;      // that of the host's page, where it is larger
  bool every_write;     // code_changed hears of every write

  // TV_OK if a VM can be made here and now, else the reason in err.
  tv_status (*probe)(tv_error *err);

  // The index'th CPU model that vm->cpu may choose, NULL past the end. A
  // backend without this function has the host's CPU.
  const char *(*cpu)(unsigned index);

  // vm->back is the backend's to set. On failure nothing is left behind.
  tv_status (*vm_new)(tv_vm *, tv_error *err);
  void (*vm_free)(tv_vm *);

  // Fills what there is to say; *out is zeroed.
  void (*limits)(const tv_vm *, tv_limits *out);

  // The core has checked alignment and overlap and has entered the region in
  // vm->mem (map), or taken it out (unmap; its memory is still there). Where
  // unmap is refused the core keeps the region and enters no guest any more.
  // `protect` is called after region->prot changed.
  tv_status (*map)(tv_vm *, struct region *, tv_error *err);
  tv_status (*unmap)(tv_vm *, struct region *, tv_error *err);
  tv_status (*protect)(tv_vm *, struct region *, tv_error *err);

  // Logs of written pages (dirty.h). `log` is called when region->log is there
  // or gone: from now on the guest's stores are seen, or no longer; on failure
  // nothing has changed. NULL: the backend cannot. `dirty` is called before a
  // log is taken and adds, by dirty_add, what the guest has written since the
  // last time, and sees the next store to every page of the log; on failure
  // nothing is lost. NULL: there is nothing to add, because every store of the
  // guest's goes by the store map.
  tv_status (*log)(tv_vm *, struct region *, tv_error *err);
  tv_status (*dirty)(tv_vm *, struct region *, tv_error *err);

  // Someone else than the guest's own stores changed memory whose store map
  // carries CODE (see mem.h), or any memory if every_write is set;
  // [off, off+len) in the region.
  void (*code_changed)(tv_vm *, struct region *, uint64_t off, uint64_t len);

  // NULL or: someone is about to read [off, off+len) of the region, or to write
  // there, where the guest may have written past the host's caches.
  void (*look)(tv_vm *, const struct region *, uint64_t off, uint64_t len);

  tv_status (*vcpu_new)(tv_vcpu *, tv_error *err);
  void (*vcpu_free)(tv_vcpu *);
  // NULL or, in a VM with a GIC and several vCPUs: called for each before the
  // first run, in the order of their indices. Again if that failed.
  tv_status (*vcpu_start)(tv_vcpu *, tv_error *err);
  // Everything but pc and sp, which are 0; the core drives the interrupt
  // lines again afterwards.
  void (*vcpu_reset)(tv_vcpu *);

  // The value's size is tv_reg_size(reg); the core has checked it. W, D and S
  // views are handled by the core: reg is X, SP, PC, PSTATE, Q or SYS.
  tv_status (*get)(tv_vcpu *, tv_reg, void *value, tv_error *err);
  tv_status (*set)(tv_vcpu *, tv_reg, const void *value, tv_error *err);

  // Runs at most `grant` steps, stores the number done. With grant 0 only
  // completes a pending access that needs no further input.
  enum back_end (*run)(tv_vcpu *, uint64_t grant, uint64_t *done,
                       tv_exit *exit);

  // Virtual nanoseconds of the VM, and moving them on (skipped idle time).
  uint64_t (*time)(const tv_vm *);
  // The virtual time at which the vCPU's next armed timer fires (a time in
  // the past if it already has), TV_NO_LIMIT if none is armed or it is masked.
  uint64_t (*next_event)(const tv_vcpu *);
  void (*skip_to)(tv_vm *, uint64_t virtual_ns);

  bool (*pending)(const tv_vcpu *);             // a read waits for answer
  void (*answer)(tv_vcpu *, uint64_t value);    // only if pending
  void (*forget)(tv_vcpu *);
  // TV_E_STATE if the guest has never written VBAR_EL1: nothing to enter.
  tv_status (*inject)(tv_vcpu *, uint64_t esr, uint64_t far, tv_error *err);
  void (*irq)(tv_vcpu *, tv_irq_line, bool level);
  // Whether a line is up or a wake-up event is set, masked or not (ends WFI).
  bool (*wakes)(const tv_vcpu *);
  void (*kick)(tv_vcpu *);
  // TV_TRAP_* as set in vm->traps; NULL: the backend cannot.
  tv_status (*trap)(tv_vm *, unsigned traps, tv_error *err);
  // The address is in vm->breakpoint[] now, or no longer; no vCPU is in run.
  // NULL: run looks at the list anyway.
  void (*breakpoint)(tv_vm *, uint64_t address);

  // The GIC that vm->gic asks for (3: a GICv3), as tinyvmm.h describes it;
  // NULL: this backend makes none, and has no VM with one. vm_new makes it;
  // its frames are in vm->mem as regions of kind DEVICE, for which map is not
  // called. vm->ran is set at the first run, when all vCPUs are there. With a
  // GIC `irq` is not called, the timers are the GIC's inputs, and idle vCPUs
  // are those whose WFI nothing ends that is pending there. gic_irq changes
  // the input of an SPI, from low to high or back, and nothing else: the core
  // has checked. gic_reset is called after the vCPUs' vcpu_reset; the inputs
  // stay as they are.
  tv_status (*gic_irq)(tv_vm *, uint32_t intid, bool level, tv_error *err);
  void (*gic_reset)(tv_vm *);
};

// src/core/backends.c
const struct backend *backend_find(const char *name);   // NULL: no such
const struct backend *backend_at(unsigned index);       // NULL: past the end

#endif
