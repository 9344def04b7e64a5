// SPDX-License-Identifier: MIT
//
// The framework's GICv3, from macOS 15 on, for VMs with config.gic = 3: its
// place, its inputs, and how a vCPU stands that waits for it.
//
// The framework serves frames, ICC_* registers and both timers without us, and
// a WFI waits inside hv_vcpu_run. Nobody tells that a guest waits for ever. So
// ticks end its runs, and then hvf_gic_look asks the GIC whether anything ends
// the wait; if not, the vCPU is idle. From then on it is not in the framework,
// and the same question, with the timers, says whether it is woken. A single
// step of a WFI is a wait of that kind from the beginning.
//
// The framework gives redistributors by the order in which vCPUs are made, or
// by their affinity; what others measured does not agree. vcpu_start makes
// them in the order of their indices, and their affinity grows with it, so
// that both are the same, and the result is checked.

#include "hvf/hvf.h"

#include <os/object.h>
#include <time.h>

#include "a64/pstate.h"
#include "base/os.h"
#include "core/breakpoint.h"
#include "core/self.h"

enum { DISTRIBUTOR_SIZE = 0x10000, REDISTRIBUTOR_SIZE = 0x20000,
       VIRTUAL_TIMER = 27, PHYSICAL_TIMER = 30,
       SLEPT_MIN_NS = 500000 };
#define WORD_WFI UINT32_C(0xd503207f)
#define SCTLR_NTWI (UINT64_C(1) << 16)

// Registers of the distributor, and at SGI of a redistributor, as offsets
// (IHI 0069, 12.8, 12.11).
enum { CTLR = 0, IGROUPR = 0x80, ISENABLER = 0x100, ISPENDR = 0x200,
       ISACTIVER = 0x300, IPRIORITYR = 0x400, IROUTER = 0x6000,
       SGI = 0x10000 };

// ------------------------------------------------------------------ making --

bool hvf_gic_present(void) {
  hv_return_t (*create)(hv_gic_config_t) = hv_gic_create;
  return create;
}

// What the framework says about its frames, and the address that it is to be
// an alignment of, or the size that it is to be.
static const struct fact {
  const char *call;
  hv_return_t (*ask)(size_t *);
  bool alignment;
  uint64_t ours;
} facts[] = {
#define FACT(call, alignment, ours) { #call, call, alignment, ours }
  FACT(hv_gic_get_distributor_size, false, DISTRIBUTOR_SIZE),
  FACT(hv_gic_get_distributor_base_alignment, true, TV_GIC_DISTRIBUTOR),
  FACT(hv_gic_get_redistributor_size, false, REDISTRIBUTOR_SIZE),
  FACT(hv_gic_get_redistributor_base_alignment, true, TV_GIC_REDISTRIBUTOR)
#undef FACT
};

static tv_status check_fact(const struct fact *fact, tv_error *err) {
  size_t is = 0;
  hv_return_t r = fact->ask(&is);
  if (r) return hvf_refused(err, r, fact->call);
  if (fact->alignment ? is && !(fact->ours % is) : is == fact->ours)
    return TV_OK;
  return err_set(err, TV_E_UNSUPPORTED, 0, "%s says 0x%zx, with which 0x%"
                 PRIx64 " is no %s; this macOS needs a newer version of "
                 "tinyvmm", fact->call, is, fact->ours,
                 fact->alignment ? "base of its frames" : "size of one");
}

static tv_status check_inputs(tv_error *err) {
  uint32_t first = 0, count = 0;
  hv_return_t r = hv_gic_get_spi_interrupt_range(&first, &count);
  if (r) return hvf_refused(err, r, "hv_gic_get_spi_interrupt_range");
  if (first <= TV_GIC_SPI &&
      (uint64_t)first + count >= TV_GIC_SPI + TV_GIC_SPIS) return TV_OK;
  return err_set(err, TV_E_UNSUPPORTED, 0, "hv_gic_get_spi_interrupt_range "
                 "says %u from %u on; %d from %d on are needed",
                 (unsigned)count, (unsigned)first, TV_GIC_SPIS, TV_GIC_SPI);
}

static tv_status create(tv_error *err) {
  hv_gic_config_t config = hv_gic_config_create();
  if (!config) return hvf_refused(err, HV_ERROR, "hv_gic_config_create");
  const char *call = "hv_gic_config_set_distributor_base";
  hv_return_t r = hv_gic_config_set_distributor_base(config,
                                                     TV_GIC_DISTRIBUTOR);
  if (!r) {
    call = "hv_gic_config_set_redistributor_base";
    r = hv_gic_config_set_redistributor_base(config, TV_GIC_REDISTRIBUTOR);
  }
  if (!r) {
    call = "hv_gic_create";
    r = hv_gic_create(config);
  }
  os_release(config);
  return r ? hvf_refused(err, r, call) : TV_OK;
}

tv_status hvf_gic_new(tv_error *err) {
  if (!hvf_gic_present())
    return err_set(err, TV_E_UNSUPPORTED, 0, "hvf has GICs from macOS 15 on, "
                   "in programs that were built there, which this is not; "
                   "soft has one everywhere");
  tv_status s = TV_OK;
  for (size_t k = 0; !s && k < sizeof facts / sizeof *facts; k++)
    s = check_fact(&facts[k], err);
  if (!s) s = check_inputs(err);
  return s ? s : create(err);
}

tv_status hvf_gic_join(struct hvf_vcpu *h, tv_error *err) {
  tv_vcpu *cpu = h->vcpu;
  uint64_t want = TV_GIC_REDISTRIBUTOR +
                  (uint64_t)cpu->index * REDISTRIBUTOR_SIZE;
  hv_ipa_t base = 0;
  hv_return_t r = hv_vcpu_set_sys_reg(h->id, HV_SYS_REG_MPIDR_EL1,
                                      view_mpidr(cpu));
  if (r) return hvf_refused(err, r, "hv_vcpu_set_sys_reg");
  r = hv_gic_get_redistributor_base(h->id, &base);
  if (r) return hvf_refused(err, r, "hv_gic_get_redistributor_base");
  if (base == want) return TV_OK;
  return err_set(err, TV_E_UNSUPPORTED, base, "the framework puts the "
                 "redistributor of vCPU %u at 0x%" PRIx64 ", not 0x%" PRIx64
                 "; it must have vCPUs 0 to %u, and no vCPU freed before the "
                 "first run", cpu->index, (uint64_t)base, want, cpu->index);
}

tv_status hvf_gic_check(const struct hvf_vcpu *h, tv_error *err) {
  struct hvf_vm *hvf = hvf_vm_of(h->vcpu->vm);
  hv_return_t r = atomic_exchange(&hvf->reset_refused, HV_SUCCESS);
  if (r) return hvf_refused(err, r, hvf->reset_call);
  if (!hvf->torn) return TV_OK;
  return err_set(err, TV_E_STATE, 0, "vCPU %u cannot run: on hvf the GIC has "
                 "the same vCPUs as long as the VM is, but one was freed",
                 h->vcpu->index);
}

// ------------------------------------------------------------------ inputs --

// Each call with `true` is an edge; the core makes one for a change only.
tv_status hvf_gic_irq(tv_vm *vm, uint32_t intid, bool level, tv_error *err) {
  (void)vm;
  hv_return_t r = hv_gic_set_spi(intid, level);
  return r ? hvf_refused(err, r, "hv_gic_set_spi") : TV_OK;
}

// The CPU interfaces are reset with their vCPUs' registers. Whether inputs
// stay is not documented.
void hvf_gic_reset(tv_vm *vm) {
  struct hvf_vm *hvf = hvf_vm_of(vm);
  hvf->reset_call = "hv_gic_reset";
  hv_return_t r = hv_gic_reset();
  for (unsigned spi = 0; !r && spi < TV_GIC_SPIS; spi++) {
    if (!(vm->gic_input[spi / 32] >> spi % 32 & 1)) continue;
    hvf->reset_call = "hv_gic_set_spi";
    r = hv_gic_set_spi(TV_GIC_SPI + spi, true);
  }
  atomic_store(&hvf->reset_refused, r);
}

// ---------------------------------------------------- what is pending there --

// A refusal is told by the next run.
static uint64_t distributor(struct hvf_vcpu *h, unsigned offset) {
  uint64_t value = 0;
  hv_return_t r = hv_gic_get_distributor_reg((uint16_t)offset, &value);
  if (r) hvf_vcpu_refused(h, NULL, r, "hv_gic_get_distributor_reg");
  return value;
}

// 32 interrupts' bits, or 4 bytes: the distributor has those from 32 on, the
// vCPU's redistributor the others.
static uint32_t frame(struct hvf_vcpu *h, unsigned intid, unsigned offset) {
  uint64_t value = 0;
  if (intid >= TV_GIC_SPI) return (uint32_t)distributor(h, offset);
  hv_return_t r = hv_gic_get_redistributor_reg(h->id, SGI + offset, &value);
  if (r) hvf_vcpu_refused(h, NULL, r, "hv_gic_get_redistributor_reg");
  return (uint32_t)value;
}

static uint32_t bits_at(struct hvf_vcpu *h, unsigned intid, unsigned array) {
  return frame(h, intid, array + intid / 32 * 4);
}

static bool bit_at(struct hvf_vcpu *h, unsigned intid, unsigned array) {
  return bits_at(h, intid, array) >> intid % 32 & 1;
}

static uint64_t sys(const struct hvf_vcpu *h, uint16_t key) {
  return self_get(h->vcpu, TV_REG_SYS(key));
}

// Whether the interrupt, if it is enabled, would reach the CPU once pending:
// its group is on, here and in the distributor, and its priority is above the
// mask (IHI 0069, 4.8).
static bool passes(struct hvf_vcpu *h, unsigned intid) {
  unsigned group = bit_at(h, intid, IGROUPR);
  uint16_t enable = group ? HV_GIC_ICC_REG_IGRPEN1_EL1
                          : HV_GIC_ICC_REG_IGRPEN0_EL1;
  if (!(sys(h, enable) & 1) || !(distributor(h, CTLR) >> group & 1))
    return false;
  unsigned priority = frame(h, intid, IPRIORITYR + intid / 4 * 4) >>
                      intid % 4 * 8 & 0xff;
  return priority < sys(h, HV_GIC_ICC_REG_PMR_EL1) &&
         priority < sys(h, HV_GIC_ICC_REG_RPR_EL1);
}

// Bit 31: any CPU.
static bool is_routed_here(struct hvf_vcpu *h, unsigned intid) {
  const uint64_t any = UINT64_C(1) << 31, affinity = UINT64_C(0xff00ffffff);
  if (intid < TV_GIC_SPI) return true;
  uint64_t route = distributor(h, IROUTER + 8 * intid);
  return route & any || !((route ^ view_mpidr(h->vcpu)) & affinity);
}

static uint64_t timer_distance(const struct hvf_vcpu *h, unsigned intid) {
  bool v = intid == VIRTUAL_TIMER;
  uint64_t now = v ? hvf_count(h->vcpu->vm) : hvf_physical_count();
  uint64_t ctl = sys(h, v ? VIEW_cntv_ctl_el0 : VIEW_cntp_ctl_el0);
  uint64_t cval = sys(h, v ? VIEW_cntv_cval_el0 : VIEW_cntp_cval_el0);
  return hvf_distance(now, ctl, cval);
}

// The timers' outputs are looked at here: they may not have come to the GIC.
static uint32_t timers_up(const struct hvf_vcpu *h) {
  return (uint32_t)!timer_distance(h, VIRTUAL_TIMER) << VIRTUAL_TIMER |
         (uint32_t)!timer_distance(h, PHYSICAL_TIMER) << PHYSICAL_TIMER;
}

static bool any_signals(struct hvf_vcpu *h, unsigned first) {
  uint32_t bits = bits_at(h, first, ISPENDR);
  if (!first) bits |= timers_up(h);
  if (bits) bits &= bits_at(h, first, ISENABLER);
  if (bits) bits &= ~bits_at(h, first, ISACTIVER);
  for (unsigned n = 0; n < 32 && bits >> n; n++)
    if (bits >> n & 1 && is_routed_here(h, first + n) && passes(h, first + n))
      return true;
  return false;
}

bool hvf_gic_wakes(struct hvf_vcpu *h) {
  bool yes = false;
  if (!atomic_load(&h->live)) return false;
  for (unsigned n = 0; !yes && n < TV_GIC_SPI + TV_GIC_SPIS; n += 32)
    yes = any_signals(h, n);
  return yes || h->refused;
}

// Ticks until the timer interrupts, TV_NO_LIMIT: never, or it is up already.
static uint64_t next_interrupt(struct hvf_vcpu *h, unsigned intid) {
  uint64_t ticks = timer_distance(h, intid);
  if (!ticks || ticks == TV_NO_LIMIT) return TV_NO_LIMIT;
  return bit_at(h, intid, ISENABLER) && passes(h, intid) ? ticks
                                                         : TV_NO_LIMIT;
}

uint64_t hvf_gic_next_event(struct hvf_vcpu *h) {
  if (!atomic_load(&h->live)) return TV_NO_LIMIT;
  uint64_t v = next_interrupt(h, VIRTUAL_TIMER);
  uint64_t p = next_interrupt(h, PHYSICAL_TIMER);
  return v < p ? v : p;
}

// ----------------------------------------------------------------- waiting --

static uint64_t thread_clock(void) {
  struct timespec used = { 0 };
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

void hvf_gic_enter(struct hvf_vcpu *h) {
  h->entered = os_clock();
  h->used = thread_clock();
}

uint64_t hvf_gic_leave(struct hvf_vcpu *h) {
  uint64_t ns = os_clock() - h->entered;
  h->slept = ns >= SLEPT_MIN_NS && (thread_clock() - h->used) * 2 < ns;
  return ns;
}

static bool is_wfi(struct hvf_vcpu *h, unsigned back) {
  tv_exit exit;
  self_exit(&exit, TV_EXIT_WFI, h->vcpu, back);
  return exit.insn == WORD_WFI;
}

// A WFI of EL0 may be an exception to EL1, and is then no wait.
static bool may_wait(const struct hvf_vcpu *h) {
  return self_get(h->vcpu, TV_REG_PSTATE) & PSTATE_EL_MASK ||
         sys(h, VIEW_sctlr_el1) & SCTLR_NTWI;
}

// Others saw that an expiry that meets hv_vcpus_exit leaves the timer masked,
// so that its interrupt never comes.
static void unmask_timer(struct hvf_vcpu *h) {
  hv_return_t r = hv_vcpu_set_vtimer_mask(h->id, false);
  if (r) hvf_vcpu_refused(h, NULL, r, "hv_vcpu_set_vtimer_mask");
}

static void step_over(struct hvf_vcpu *h) {
  self_set(h->vcpu, TV_REG_PC, self_get(h->vcpu, TV_REG_PC) + 4);
}

// What becomes of a single step into a wait is not documented, nor could a run
// that a tick has ended be told from one that has waited. So it never gets
// there.
bool hvf_gic_step(struct hvf_vcpu *h, enum back_end *end) {
  tv_vcpu *cpu = h->vcpu;
  if (!is_wfi(h, 0) || !may_wait(h) ||
      breakpoint_due(cpu, self_get(cpu, TV_REG_PC))) return false;
  step_over(h);
  hvf_stepped(h);
  *end = hvf_gic_wakes(h) ? BACK_DONE : BACK_IDLE;
  return true;
}

// Whether pc is at a WFI that waits, or after it, is not documented. Code may
// stand after one for other reasons, but does not sleep there. The wait goes
// on in the core, for a timer as well: were the WFI executed again, an
// interrupt that comes before it would be taken there and end nothing.
enum back_end hvf_gic_look(struct hvf_vcpu *h) {
  unmask_timer(h);
  if (h->watch.step) return BACK_DONE;
  bool at = is_wfi(h, 0) && may_wait(h);
  bool after = !at && h->slept && is_wfi(h, 4);
  if ((!at && !after) || hvf_gic_wakes(h)) return BACK_DONE;
  if (at) step_over(h);
  return BACK_IDLE;
}
