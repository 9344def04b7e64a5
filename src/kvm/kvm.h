// SPDX-License-Identifier: MIT
//
// What the files of the KVM backend share. The rooms, side by side with
// src/hvf: kvm.c (VM, probe), kvm_map.c (memory), kvm_cache.c (the host's
// caches), kvm_vcpu.c (life and registers), kvm_run.c (runs and exits),
// kvm_debug.c (single steps and breakpoints), kvm_line.c (interrupts and
// timers), kvm_gic.c (the same in VMs with a GIC), kvm_wait.c (waiting in a
// WFI), kvm_tick.c (what interrupts a run).
//
// Two places in guest-physical memory are ours, above everything a caller may
// map:
//
//   trap page    where VBAR_EL1 points until the guest writes it. Each vector
//                holds a load from the page behind it, which is nowhere, so
//                that an exception becomes an MMIO exit that changes nothing.
//   trap + size  that page, never mapped
//
// No state but what is in these structs; the one effect on the process is a
// signal handler that does nothing (kvm_tick.c).

#ifndef KVM_KVM_H
#define KVM_KVM_H

#include <stdatomic.h>
#include <time.h>

#include "core/mmio.h"
#include "core/vm.h"
#include "core/watch.h"
#include "kvm/kvm_abi.h"

enum { KVM_TRAP_SIZE = 65536 };    // the largest page of an arm64 host

// A vCPU of the kernel. It cannot be destroyed alone, so those of freed vCPUs
// wait in the VM for the next one with their number.
struct kvm_hardware {
  unsigned index;
  int fd;
  struct kvm_run *run;
};

// The kernel's GIC, in a VM that has one.
struct kvm_gic {
  int fd;                          // -1: none
  pthread_mutex_t lock;            // of starting it
  atomic_bool started;             // initialized: at the first run
  atomic_uint events;              // see kvm_wait.c
};

struct kvm_vm {
  int dev, fd;
  struct kvm_gic gic;
  size_t run_size;
  unsigned ipa_bits;
  unsigned breakpoints;            // of the CPU, timers' and caller's together
  bool filter;                     // hypercalls come to us
  bool uncached;                   // guests may go past the caches
  uint64_t start;                  // os_clock() when it was made
  uint64_t trap;                   // the trap page
  void *trap_host;
  uint64_t *slot;                  // region ids by slot number, 0: free;
  size_t slots;                    // slot 0 is the trap page's
  struct kvm_hardware *parked;
  size_t parked_count, parked_room;
};

#ifdef __linux__
typedef timer_t kvm_timer;
#else
typedef int kvm_timer;
#endif

// How often a vCPU has left the CPU, and for a WFI; its waits that no wake-up
// ended.
struct kvm_counts { uint64_t exits, wfi, unwoken; };

// Waiting in a WFI: kvm_wait.c.
struct kvm_wait {
  bool open;                       // `stats` is: the vCPU's statistics, and
  int stats;                       // where in them its values are
  uint64_t wakeups, waits, exits, wfi;
  unsigned buckets;                // of `waits`
  struct kvm_counts entered;       // when it last began to look
  bool due;                        // a timer's output was up then
  // In a VM with a GIC:
  bool suspended;                  // waits, its pc behind the WFI
  bool left;                       // and the run has been told that it is idle
  atomic_bool busy;
  unsigned seen;                   // events, when it last began to look
};

struct kvm_vcpu {
  tv_vcpu *vcpu;
  struct kvm_hardware hw;
  struct mmio mmio;                // an access in the middle
  atomic_bool kicked;
  bool refused;                // by an ioctl, and nobody was told: `failure`

  // Set by the thread that runs it, at its first run.
  atomic_bool started;
  pthread_t thread;
  kvm_timer timer;

  // Interrupts, see kvm_line.c.
  bool line[2];                    // as the caller drives them
  bool asserted[2];                // what KVM_IRQ_LINE was told
  enum kvm_timer_state { TIMER_LOW, TIMER_RAISED, TIMER_TAKEN } timer_state;
  uint64_t return_pc;              // TIMER_TAKEN: where the handler returns to
  bool return_known;               // it is not back there yet
  bool timer_reported;             // timer = "exit": an expiry was returned,
  uint64_t reported_cval;          // that of this CNTV_CVAL
  struct watch watch;              // what KVM_SET_GUEST_DEBUG was told
  struct kvm_wait wait;
  // A single step ended otherwise than by its debug exception, which may still
  // come: in the next one, before its instruction, and is then no step.
  bool step_spent;
  long sleeps;                     // the thread's, when last asked
};

static inline struct kvm_vm *kvm_vm_of(const tv_vm *vm) { return vm->back; }
static inline struct kvm_vcpu *kvm_of(const tv_vcpu *cpu) {
  return cpu->back;
}

// kvm.c -------------------------------------------------------------------

// Calls an ioctl, again after a signal; -1 with errno.
int kvm_ioctl(int fd, unsigned long request, const void *arg);
int kvm_ioctl_value(int fd, unsigned long request, unsigned long arg);

// The error of a refused ioctl: its name, errno and, if `cause` is not null,
// what is likely behind it.
tv_status kvm_refused(tv_error *, tv_status, const char *name,
                      const char *cause);

int kvm_capability(int fd, enum kvm_cap);    // 0: not there

// kvm_map.c ---------------------------------------------------------------

tv_status kvm_map_trap(tv_vm *, tv_error *);
void kvm_unmap_trap(struct kvm_vm *);
tv_status kvm_map(tv_vm *, struct region *, tv_error *);
tv_status kvm_unmap(tv_vm *, struct region *, tv_error *);
tv_status kvm_protect(tv_vm *, struct region *, tv_error *);
void kvm_code_changed(tv_vm *, struct region *, uint64_t off, uint64_t len);
void kvm_look(tv_vm *, const struct region *, uint64_t off, uint64_t len);
tv_status kvm_log(tv_vm *, struct region *, tv_error *);
tv_status kvm_dirty(tv_vm *, struct region *, tv_error *);

// kvm_cache.c -------------------------------------------------------------

// What the caches have of this goes to memory, and is read from there again.
void kvm_cache_flush(const void *from, uint64_t len);

// kvm_vcpu.c --------------------------------------------------------------

tv_status kvm_vcpu_new(tv_vcpu *, tv_error *);
void kvm_vcpu_free(tv_vcpu *);
void kvm_vcpu_reset(tv_vcpu *);
tv_status kvm_get(tv_vcpu *, tv_reg, void *value, tv_error *);
tv_status kvm_set(tv_vcpu *, tv_reg, const void *value, tv_error *);
// kvm_refused for `err`. Without one nobody hears of it now: the run at hand,
// or else the next, fails with it.
tv_status kvm_vcpu_refused(struct kvm_vcpu *, tv_error *err, tv_status,
                           const char *name, const char *cause);
// Past all checks; if the kernel refuses, kvm_vcpu_refused, and 0.
uint64_t kvm_reg(struct kvm_vcpu *, uint64_t id);
void kvm_set_reg(struct kvm_vcpu *, uint64_t id, uint64_t value);
// Releases the kernel's vCPU.
void kvm_hardware_close(const struct kvm_vm *, struct kvm_hardware *);

// kvm_run.c ---------------------------------------------------------------

enum back_end kvm_run(tv_vcpu *, uint64_t grant, uint64_t *done, tv_exit *);

bool kvm_pending(const tv_vcpu *);
void kvm_answer(tv_vcpu *, uint64_t value);
void kvm_forget(tv_vcpu *);
tv_status kvm_inject(tv_vcpu *, uint64_t esr, uint64_t far, tv_error *);

// kvm_debug.c -------------------------------------------------------------

// Before KVM_RUN, after kvm_line_update.
void kvm_debug_update(struct kvm_vcpu *);
// Nothing is stepped or watched any more.
void kvm_debug_end(struct kvm_vcpu *);

// kvm_line.c --------------------------------------------------------------

void kvm_irq(tv_vcpu *, tv_irq_line, bool level);
bool kvm_wakes(const tv_vcpu *);
uint64_t kvm_time(const tv_vm *);
uint64_t kvm_next_event(const tv_vcpu *);
void kvm_skip_to(tv_vm *, uint64_t ns);
// Before KVM_RUN: sets lines as the timers want them.
void kvm_line_update(struct kvm_vcpu *);
// Where the timers want breakpoints; how many.
unsigned kvm_line_watched(struct kvm_vcpu *, uint64_t at[WATCH_LINE]);
// After a breakpoint: true if it was one of these, and is dealt with.
bool kvm_line_breakpoint(struct kvm_vcpu *);
// timer = "exit": an expiry that was not reported; then reports it. Before
// KVM_RUN and after it.
bool kvm_line_timer_exit(struct kvm_vcpu *);

// kvm_gic.c ---------------------------------------------------------------

tv_status kvm_gic_new(tv_vm *, tv_error *);
bool kvm_gic_there(const struct kvm_vm *);
// Before a vCPU runs, on any thread: nothing but the first time.
tv_status kvm_gic_start(tv_vm *, tv_error *);
tv_status kvm_gic_irq(tv_vm *, uint32_t intid, bool level, tv_error *);
void kvm_gic_reset(tv_vm *);
// Whether the key is one of the CPU interface's, in a VM with a GIC; and to
// read or write its 8 bytes: from the first run on, while no other vCPU runs.
bool kvm_gic_has(const tv_vm *, uint16_t key);
tv_status kvm_gic_register(struct kvm_vcpu *, uint16_t key, bool write,
                           void *value, tv_error *);
// Of an address that the kernel does not serve: whether it is in the frame of
// a redistributor whose vCPU does not exist, which reads as zero.
bool kvm_gic_absent(const tv_vm *, uint64_t gpa);

// kvm_wait.c --------------------------------------------------------------

// The vCPU's statistics, where KVM has them; a VM with a GIC needs them.
tv_status kvm_wait_start(struct kvm_vcpu *, tv_error *);
void kvm_wait_stop(struct kvm_vcpu *);
// Before KVM_RUN: what follows is about what has happened since.
void kvm_wait_look_now(struct kvm_vcpu *);
// Without a GIC, after a signal: whether KVM_RUN executed a WFI, which waits if
// nothing would end it now. Kernels before 5.14 know only that the thread has
// slept (kvm_tick_slept).
bool kvm_wait_in_wfi(struct kvm_vcpu *, bool slept);

// With a GIC.

// Something has happened that may concern an idle vCPU.
void kvm_wait_event(struct kvm_vm *);
// The vCPU waits from now on, its pc behind the WFI, until the end.
void kvm_wait_begin(struct kvm_vcpu *);
void kvm_wait_end(struct kvm_vcpu *);
// Around a run; after KVM_RUN: after what woke it, after a signal (true: the
// vCPU is idle, and the run over).
void kvm_wait_enter_run(struct kvm_vcpu *);
void kvm_wait_leave_run(struct kvm_vcpu *);
void kvm_wait_woken(struct kvm_vcpu *);
bool kvm_wait_is_idle(struct kvm_vcpu *);
// backend->wakes: whether to look again.
bool kvm_wait_wakes(struct kvm_vcpu *);

// kvm_tick.c --------------------------------------------------------------

// Makes the signal interrupt KVM_RUN: once for the process, once for the
// thread that runs the vCPU, on it.
void kvm_tick_init(void);
tv_status kvm_tick_start(struct kvm_vcpu *, tv_error *);
void kvm_tick_stop(struct kvm_vcpu *);
// Interrupts KVM_RUN after `first` ns and then every `again` ns; 0: no more.
void kvm_tick(struct kvm_vcpu *, uint64_t first, uint64_t again);
void kvm_kick(tv_vcpu *);
// Whether the thread has slept (in a WFI) since it was last asked.
bool kvm_tick_slept(struct kvm_vcpu *);

#endif
