// SPDX-License-Identifier: MIT
//
// What the files of the Hypervisor.framework backend share. The rooms, side by
// side with src/kvm: hvf.c (VM, probe), hvf_map.c (memory), hvf_vcpu.c (life
// and registers), hvf_sysreg.c (system registers), hvf_run.c (runs),
// hvf_exit.c (exits), hvf_debug.c (single steps and breakpoints), hvf_line.c
// (interrupts and timers without a GIC), hvf_gic.c (those with one), hvf_tick.c
// (what interrupts a run), older.h (what the headers of an older macOS lack);
// absent.c stands for all of them where there is no framework.
//
// The framework's rules shape it (its reference, and what others measured or
// rely on):
//
// - One VM in a process, without a handle.
// - A vCPU is made by hv_vcpu_create on the thread that will run it, and only
//   that thread may touch it. So the hardware vCPU is made at the first run.
//   Until then, and between runs, registers live in copies here: `have` says
//   which are valid, `dirty` which must go to the hardware before it runs.
// - A fresh vCPU holds junk: reset makes every copy valid and dirty.
// - Interrupts are pending for one run and are asserted before each.
// - Nothing leaves for an exception of the guest. While VBAR_EL1 was never
//   written it points at the trap page, the last of the address space, which
//   is never mapped: the fetch there is an exit (core/fault.h).
// - Nothing counts instructions. A grant is nanoseconds of guest run time as
//   hv_vcpu_get_exec_time tells it, and ended from outside.

#ifndef HVF_HVF_H
#define HVF_HVF_H

#include <Hypervisor/Hypervisor.h>
#include <mach/mach_time.h>

#include "base/err.h"
#include "core/mmio.h"
#include "core/view.h"
#include "core/watch.h"
#include "hvf/older.h"

enum { HVF_GRANULE = 16384, HVF_GENERAL = HV_REG_CPSR + 1,
       HVF_SYSREGS = 128 };
enum { HVF_DEBUG_REGS = 1 + 3 * WATCH_MOST };    // see hvf_debug.c

// The thread that ends runs, and the vCPUs whose run it is to end.
struct hvf_ticker {
  pthread_mutex_t lock;
  pthread_cond_t change;
  pthread_t thread;
  bool started, quit;
  struct hvf_vcpu *first;
};

struct hvf_vm {
  unsigned ipa_bits;
  unsigned breakpoints, watchpoints;    // that the CPU has
  uint64_t trap;               // the trap page
  uint64_t start;              // mach_absolute_time() when the VM was made
  mach_timebase_info_data_t base;
  struct hvf_ticker ticker;
  bool torn;                   // the GIC has lost a vCPU: none may run
  atomic_int reset_refused;    // hv_return_t of the GIC's reset, to be told,
  const char *reset_call;      // and of which call
};

// Which copies are valid, or dirty: a bit for each register.
struct hvf_bits {
  uint64_t general;            // by hv_reg_t
  uint32_t q;
  uint64_t sys[HVF_SYSREGS / 64];
};

// The debug registers, by their places in hvf_debug.c.
struct hvf_debug {
  bool aside;                  // those of the guest are in `own`
  bool trapped;                // debug exceptions and accesses come to us
  uint64_t own[HVF_DEBUG_REGS], now[HVF_DEBUG_REGS];
};

struct hvf_vcpu {
  tv_vcpu *vcpu;
  hv_vcpu_t id;                // valid if live
  hv_vcpu_exit_t *exit;
  atomic_bool live;            // the hardware vCPU exists
  atomic_bool kicked;
  bool refused;                // a call that nobody was told of: see `failure`
  uint64_t ran;                // its run time so far, in ticks
  uint64_t lasted;             // the last run, in nanoseconds
  unsigned unknown;            // runs since, that ended for no known reason
  uint64_t steps;              // done, where the host sees them
  uint64_t step_pc;            // where a single step began

  struct hvf_bits have, dirty;
  uint64_t general[HVF_GENERAL];       // by hv_reg_t
  uint64_t q[32][2];
  uint64_t sys[HVF_SYSREGS];           // by place, see hvf_sysreg.c
  uint64_t cntp_ctl, cntp_cval;        // the physical timer is ours
  bool os_lock;                        // OSLSR_EL1.OSLK

  struct mmio mmio;            // an access in the middle
  struct {                     // the same for a system register
    bool active, waiting, write;
    unsigned rt;
    uint64_t value;
  } access;

  // Interrupts, see hvf_line.c.
  bool line[2];                // as the caller drives them
  bool timer_masked;           // by the framework, after an expiry
  bool timer_reported;         // timer = "exit": an expiry was returned, that
  uint64_t reported_cval;      // of this CNTV_CVAL
  enum hvf_timer_state { TIMER_LOW, TIMER_RAISED, TIMER_TAKEN } timer_state;
  uint64_t return_pc;          // TIMER_TAKEN: where the handler returns to
  bool return_known;           // it is not back there yet
  struct watch watch;          // what the debug registers are for
  struct hvf_debug debug;

  // With a GIC, see hvf_gic.c: when the last run was entered, what the thread
  // had used of a CPU then, and whether it slept in it.
  uint64_t entered, used;
  bool slept;

  bool ticking;                // it has a tick, see hvf_tick.c
  uint64_t tick_at;            // os_clock() of it; under the ticker's lock
  struct hvf_vcpu *tick_next;
};

static inline struct hvf_vm *hvf_vm_of(const tv_vm *vm) { return vm->back; }
static inline struct hvf_vcpu *hvf_of(const tv_vcpu *cpu) {
  return cpu->back;
}

// hvf.c -------------------------------------------------------------------

// The error of a refused call: its name, the framework's name for what it
// said, the number, and the likely cause.
tv_status hvf_refused(tv_error *, hv_return_t, const char *call);

// hvf_map.c ---------------------------------------------------------------

tv_status hvf_map(tv_vm *, struct region *, tv_error *);
tv_status hvf_unmap(tv_vm *, struct region *, tv_error *);
tv_status hvf_protect(tv_vm *, struct region *, tv_error *);
void hvf_code_changed(tv_vm *, struct region *, uint64_t off, uint64_t len);
tv_status hvf_dirty(tv_vm *, struct region *, tv_error *);
// Whether an abort is the first store to a page of a logged region; then logs
// it, so that the guest can go on at the same instruction. From any vCPU.
bool hvf_is_logged_store(const tv_vm *, uint64_t esr, uint64_t gpa);
tv_status hvf_logged_store(tv_vm *, uint64_t gpa, tv_error *);

// hvf_vcpu.c --------------------------------------------------------------

tv_status hvf_vcpu_new(tv_vcpu *, tv_error *);
void hvf_vcpu_free(tv_vcpu *);
void hvf_vcpu_reset(tv_vcpu *);
tv_status hvf_get(tv_vcpu *, tv_reg, void *value, tv_error *);
tv_status hvf_set(tv_vcpu *, tv_reg, const void *value, tv_error *);
// Makes the hardware vCPU, for the calling thread, unless it is there.
tv_status hvf_vcpu_start(tv_vcpu *, tv_error *);
// hvf_refused for `err`. Without one nobody hears of it now: the run at hand,
// or else the next, fails with it.
tv_status hvf_vcpu_refused(struct hvf_vcpu *, tv_error *err, hv_return_t,
                           const char *call);
// Brings what is dirty to the hardware; after a run, forgets the copies.
tv_status hvf_vcpu_flush(struct hvf_vcpu *, tv_error *);
void hvf_vcpu_stale(struct hvf_vcpu *);

// hvf_sysreg.c ------------------------------------------------------------

// The framework's registers by place, 0 to the number of those that the VM has
// less 1. place: -1 for a key that it does not have.
unsigned hvf_sysreg_count(const tv_vm *);
int hvf_sysreg_place(const tv_vm *, uint16_t key);
uint16_t hvf_sysreg_key(unsigned place);
// In the hardware.
hv_return_t hvf_sysreg_fetch(struct hvf_vcpu *, unsigned place, uint64_t *);
hv_return_t hvf_sysreg_store(struct hvf_vcpu *, unsigned place, uint64_t);
// The call that these make, for errors.
const char *hvf_sysreg_call(unsigned place, bool store);
bool hvf_sysreg_read_only(unsigned place);
uint64_t hvf_sysreg_reset(const tv_vcpu *, unsigned place);
// Those that it has not, for the guest, which leaves for them, and for the
// host. false: we have none either.
bool hvf_sysreg_read(struct hvf_vcpu *, uint16_t key, uint64_t *value);
bool hvf_sysreg_write(struct hvf_vcpu *, uint16_t key, uint64_t value);

// hvf_run.c ---------------------------------------------------------------

enum back_end hvf_run(tv_vcpu *, uint64_t grant, uint64_t *done, tv_exit *);
bool hvf_pending(const tv_vcpu *);
void hvf_answer(tv_vcpu *, uint64_t value);
void hvf_forget(tv_vcpu *);

// An instruction is done, or an exception taken.
void hvf_stepped(struct hvf_vcpu *);

// hvf_exit.c --------------------------------------------------------------

// What the hardware's exit is. BACK_DONE: dealt with, the vCPU goes on.
enum back_end hvf_exit(struct hvf_vcpu *, tv_exit *);
tv_status hvf_inject(tv_vcpu *, uint64_t esr, uint64_t far, tv_error *);

// hvf_debug.c -------------------------------------------------------------

// What the CPU has.
void hvf_debug_init(struct hvf_vm *);
// Before hv_vcpu_run, after hvf_line_update.
tv_status hvf_debug_update(struct hvf_vcpu *, tv_error *);
// The registers are those of a reset.
void hvf_debug_reset(struct hvf_vcpu *);
// What the guest has in a register that is ours now; NULL: it is not.
uint64_t *hvf_debug_own(struct hvf_vcpu *, uint16_t key);
// The guest's accesses. false: they are none of these.
bool hvf_debug_read(struct hvf_vcpu *, uint16_t key, uint64_t *value);
bool hvf_debug_write(struct hvf_vcpu *, uint16_t key, uint64_t value);

// hvf_line.c --------------------------------------------------------------

void hvf_irq(tv_vcpu *, tv_irq_line, bool level);
bool hvf_wakes(const tv_vcpu *);
uint64_t hvf_count(const tv_vm *);         // CNTVCT_EL0
// CNTPCT_EL0: the hardware's, as a macOS that does not trap it gives it. While
// the Mac sleeps it counts, unlike mach_absolute_time() and CNTVCT_EL0.
uint64_t hvf_physical_count(void);
// Ticks from now to the expiry of a timer, 0 if it has expired; TV_NO_LIMIT
// if it is off or masked.
uint64_t hvf_distance(uint64_t now, uint64_t ctl, uint64_t cval);
uint64_t hvf_frequency(const tv_vm *);     // CNTFRQ_EL0
uint64_t hvf_time(const tv_vm *);
uint64_t hvf_next_event(const tv_vcpu *);
void hvf_skip_to(tv_vm *, uint64_t ns);
uint64_t hvf_ns(const struct hvf_vm *, uint64_t ticks);
// Where the timers want breakpoints; how many.
unsigned hvf_line_watched(const struct hvf_vcpu *,
                          uint64_t at[WATCH_LINE]);
// Before hv_vcpu_run: sets lines as the timers want them.
tv_status hvf_line_update(struct hvf_vcpu *, tv_error *);
// After it: the nanoseconds until lines want to be looked at again.
uint64_t hvf_line_look(const struct hvf_vcpu *);
// After a breakpoint: deals with it if it was one of these.
void hvf_line_breakpoint(struct hvf_vcpu *);
// Before the guest waits: the end of an expiry that was reported.
void hvf_line_wait(struct hvf_vcpu *);
// Whether a timer drives the IRQ line up, as far as the host has been told.
bool hvf_line_timer(const struct hvf_vcpu *);
// timer = "exit": an expiry that was not reported; then reports it.
bool hvf_line_timer_exit(struct hvf_vcpu *);

// hvf_gic.c ---------------------------------------------------------------

// Whether this macOS has GICs.
bool hvf_gic_present(void);
// Makes the VM's, before its first vCPU.
tv_status hvf_gic_new(tv_error *);
// Gives a hardware vCPU that was just made its affinity, and sees that its
// redistributor is where it is to be.
tv_status hvf_gic_join(struct hvf_vcpu *, tv_error *);
// Before a run. TV_E_STATE if its vCPUs can run no more: one of them is gone;
// and once, that its reset was refused.
tv_status hvf_gic_check(const struct hvf_vcpu *, tv_error *);
tv_status hvf_gic_irq(tv_vm *, uint32_t intid, bool level, tv_error *);
void hvf_gic_reset(tv_vm *);
// Whether an interrupt is pending there that ends the vCPU's WFI; ticks until
// a timer's is, TV_NO_LIMIT if none will be.
bool hvf_gic_wakes(struct hvf_vcpu *);
uint64_t hvf_gic_next_event(struct hvf_vcpu *);
// Around hv_vcpu_run; the second returns the nanoseconds that it took.
void hvf_gic_enter(struct hvf_vcpu *);
uint64_t hvf_gic_leave(struct hvf_vcpu *);
// A single step: true if it is done here, since the instruction waits.
bool hvf_gic_step(struct hvf_vcpu *, enum back_end *end);
// After a run that was ended from outside: BACK_IDLE for a wait without end.
enum { HVF_GIC_LOOK_NS = 2000000 };    // as often as this
enum back_end hvf_gic_look(struct hvf_vcpu *);

// hvf_tick.c --------------------------------------------------------------

void hvf_tick_init(struct hvf_vm *);
void hvf_tick_free(struct hvf_vm *);
// Ends the vCPU's run after `ns`, from a thread of the VM's own that the first
// call makes; TV_NO_LIMIT takes it back.
tv_status hvf_tick(struct hvf_vcpu *, uint64_t ns, tv_error *);
void hvf_kick(tv_vcpu *);

#endif
