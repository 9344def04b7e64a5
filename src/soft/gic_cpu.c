// SPDX-License-Identifier: MIT
//
// The GIC's CPU interfaces (IHI 0069H, chapter 4 and 12.2): which interrupt is
// signalled, acknowledged and ended, and the ICC_* registers. Five bits of
// priority, all of them for preemption: 32 levels, one register of active
// priorities a group, which is what a guest of KVM finds on most machines.

#include "soft/gic.h"

// With one security state ICC_BPR1_EL1 counts as the Non-secure copy does,
// from one more than ICC_BPR0_EL1 (4.8.2).
enum { BPR0_MIN = 7 - GIC_PRIORITY_BITS, BPR1_MIN = BPR0_MIN + 1 };

enum { CTLR_CBPR = 1, CTLR_EOIMODE = 2,
       CTLR_FIXED = (GIC_PRIORITY_BITS - 1) << 8 };    // PRIbits

static struct gic_cpu *own_of(const struct soft_cpu *cpu) {
  return &cpu->h.vm->gic->cpu[cpu->h.vcpu->index];
}

// ---------------------------------------------------------------- signals --

static unsigned running(const struct gic_cpu *own) {
  uint32_t ap = own->ap[0] | own->ap[1];
  if (!ap) return GIC_IDLE;
  return (unsigned)__builtin_ctz(ap) << (8 - GIC_PRIORITY_BITS);
}

// The bits of a priority that preempt.
static unsigned group_mask(const struct gic_cpu *own, unsigned group) {
  unsigned bpr = own->bpr[group];
  if (!group || own->common_bpr) bpr = own->bpr[0] + 1;
  return 0xffu << bpr & 0xff;
}

static bool can_signal(const struct gic_cpu *own,
                       const struct gic_best *best) {
  unsigned now = running(own), mask = group_mask(own, best->group);
  if (best->intid == GIC_SPURIOUS || best->priority >= own->pmr) return false;
  return now == GIC_IDLE || (best->priority & mask) < (now & mask);
}

static uint32_t signal(const struct soft_cpu *cpu) {
  struct gic_best best = gic_best(cpu);
  if (!can_signal(own_of(cpu), &best)) return 0;
  return 1u << (best.group ? TV_IRQ : TV_FIQ);
}

void gic_refresh(struct soft_cpu *cpu) { cpu->lines = signal(cpu); }

void soft_gic_refresh(const tv_vm *vm) {
  gic_choose(vm);
  for (unsigned k = 0; k < vm->vcpus; k++) gic_refresh(vm->vcpu[k]->back);
}

uint32_t soft_gic_lines(struct soft_cpu *cpu) {
  struct gic_bank *bank = &own_of(cpu)->own;
  unsigned timers = soft_timer_outputs(cpu);
  uint32_t input = (timers & TIMER_VIRTUAL ? 1u << GIC_PPI_VIRTUAL : 0) |
                   (timers & TIMER_PHYSICAL ? 1u << GIC_PPI_PHYSICAL : 0);
  if (bank->input != input) {
    bank->input = input;
    gic_refresh(cpu);
  }
  return cpu->lines;
}

bool soft_gic_would_signal(const struct soft_cpu *cpu, bool physical) {
  struct gic_bank *bank = &own_of(cpu)->own;
  uint32_t input = bank->input;
  bank->input |= 1u << (physical ? GIC_PPI_PHYSICAL : GIC_PPI_VIRTUAL);
  bool signalled = signal(cpu);
  bank->input = input;
  return signalled;
}

void soft_gic_cpu_reset(struct soft_cpu *cpu) {
  struct gic_cpu *own = own_of(cpu);
  own->ap[0] = own->ap[1] = 0;
  own->bpr[0] = BPR0_MIN;
  own->bpr[1] = BPR1_MIN;
  own->on[0] = own->on[1] = own->common_bpr = own->eoi_mode = false;
  own->pmr = 0;
  soft_gic_refresh(cpu->h.vcpu->vm);
}

// --------------------------------------------- acknowledging and ending --

// An interrupt's state has changed: an SPI's may concern any vCPU.
static void changed(struct soft_cpu *cpu, uint64_t intid) {
  if (intid < GIC_BANK) gic_refresh(cpu);
  else soft_gic_refresh(cpu->h.vcpu->vm);
}

// What reading ICC_IARn_EL1 gives.
static unsigned to_acknowledge(const struct soft_cpu *cpu, unsigned group) {
  struct gic_best best = gic_best(cpu);
  bool ours = best.group == group && can_signal(own_of(cpu), &best);
  return ours ? best.intid : GIC_SPURIOUS;
}

void soft_icc_acknowledge(struct soft_cpu *cpu, uint16_t key, uint64_t intid) {
  if (key != SYSKEY_icc_iar0_el1 && key != SYSKEY_icc_iar1_el1) return;
  if (intid == GIC_SPURIOUS) return;
  unsigned group = key == SYSKEY_icc_iar1_el1, n = (unsigned)intid % GIC_BANK;
  struct gic_cpu *own = own_of(cpu);
  struct gic_bank *bank = gic_bank(cpu->h.vm->gic, own, (unsigned)intid);
  unsigned priority = bank->priority[n] & group_mask(own, group);
  own->ap[group] |= UINT32_C(1) << (priority >> (8 - GIC_PRIORITY_BITS));
  bank->active |= UINT32_C(1) << n;
  bank->latch &= ~(UINT32_C(1) << n);
  changed(cpu, intid);
}

static void deactivate(struct soft_cpu *cpu, uint64_t intid) {
  struct gic_bank *bank = gic_bank(cpu->h.vm->gic, own_of(cpu),
                                   (unsigned)intid);
  if (bank) bank->active &= ~(UINT32_C(1) << intid % GIC_BANK);
  changed(cpu, intid);
}

// Priority drop, of the group that runs, and deactivation unless ICC_DIR_EL1
// is for that. The end of another group's interrupt is no end of anything.
static void end(struct soft_cpu *cpu, unsigned group, uint64_t intid) {
  struct gic_cpu *own = own_of(cpu);
  uint32_t lowest = (own->ap[0] | own->ap[1]) & -(own->ap[0] | own->ap[1]);
  unsigned runs = own->ap[0] & lowest ? 0 : 1;
  if (intid >= TV_GIC_SPI + TV_GIC_SPIS || !lowest || runs != group) return;
  own->ap[group] &= ~lowest;
  if (own->eoi_mode) gic_refresh(cpu);
  else deactivate(cpu, intid);
}

// ICC_SGI1R_EL1 and its kin: to all but this vCPU, or to those of a cluster
// that the list names. Only SGI1R reaches SGIs of group 1 (4.4, DS = 1).
static void send_sgi(struct soft_cpu *cpu, uint64_t v, bool group1) {
  const tv_vm *vm = cpu->h.vcpu->vm;
  bool all = v >> 40 & 1;
  uint64_t cluster = (v >> 16 & 0xff) << 8 | (v >> 32 & 0xff) << 16 |
                     (v >> 48 & 0xff) << 24;
  uint32_t bit = UINT32_C(1) << (v >> 24 & 15);
  for (unsigned k = 0; k < vm->vcpus; k++) {
    struct soft_cpu *to = vm->vcpu[k]->back;
    struct gic_bank *bank = &own_of(to)->own;
    uint32_t affinity = gic_affinity(vm->vcpu[k]->index);
    bool listed = (affinity & ~0xffu) == cluster && v >> (affinity & 0xff) & 1;
    if (all ? to == cpu : !listed) continue;
    if (group1 || !(bank->group & bit)) bank->latch |= bit;
    gic_refresh(to);
  }
}

// -------------------------------------------------------------- registers --

static unsigned access_to(uint16_t key) {
  switch (key) {
  case SYSKEY_icc_iar0_el1: case SYSKEY_icc_iar1_el1:
  case SYSKEY_icc_hppir0_el1: case SYSKEY_icc_hppir1_el1:
  case SYSKEY_icc_rpr_el1:
    return ICC_READ;
  case SYSKEY_icc_eoir0_el1: case SYSKEY_icc_eoir1_el1:
  case SYSKEY_icc_dir_el1: case SYSKEY_icc_sgi0r_el1:
  case SYSKEY_icc_sgi1r_el1: case SYSKEY_icc_asgi1r_el1:
    return ICC_WRITE;
  case SYSKEY_icc_pmr_el1: case SYSKEY_icc_ctlr_el1: case SYSKEY_icc_sre_el1:
  case SYSKEY_icc_bpr0_el1: case SYSKEY_icc_bpr1_el1:
  case SYSKEY_icc_ap0r0_el1: case SYSKEY_icc_ap1r0_el1:
  case SYSKEY_icc_igrpen0_el1: case SYSKEY_icc_igrpen1_el1:
    return ICC_READ | ICC_WRITE;
  default:
    return 0;
  }
}

bool soft_icc_has(const struct soft_cpu *cpu, uint16_t key,
                  unsigned access) {
  return cpu->h.vm->gic && access_to(key) & access;
}

static unsigned pending_of_group(const struct soft_cpu *cpu, unsigned group) {
  struct gic_best best = gic_best(cpu);
  return best.group == group ? best.intid : GIC_SPURIOUS;
}

static unsigned bpr1(const struct gic_cpu *own) {
  if (!own->common_bpr) return own->bpr[1];
  return own->bpr[0] < 7 ? own->bpr[0] + 1u : 7;
}

uint64_t soft_icc_read(struct soft_cpu *cpu, uint16_t key) {
  const struct gic_cpu *own = own_of(cpu);
  soft_gic_lines(cpu);
  switch (key) {
  case SYSKEY_icc_iar0_el1: return to_acknowledge(cpu, 0);
  case SYSKEY_icc_iar1_el1: return to_acknowledge(cpu, 1);
  case SYSKEY_icc_hppir0_el1: return pending_of_group(cpu, 0);
  case SYSKEY_icc_hppir1_el1: return pending_of_group(cpu, 1);
  case SYSKEY_icc_rpr_el1: return running(own);
  case SYSKEY_icc_pmr_el1: return own->pmr;
  case SYSKEY_icc_bpr0_el1: return own->bpr[0];
  case SYSKEY_icc_bpr1_el1: return bpr1(own);
  case SYSKEY_icc_ap0r0_el1: return own->ap[0];
  case SYSKEY_icc_ap1r0_el1: return own->ap[1];
  case SYSKEY_icc_igrpen0_el1: return own->on[0];
  case SYSKEY_icc_igrpen1_el1: return own->on[1];
  case SYSKEY_icc_sre_el1: return 7;             // SRE, DFB, DIB: for ever
  case SYSKEY_icc_ctlr_el1:
    return CTLR_FIXED | (own->common_bpr ? CTLR_CBPR : 0) |
           (own->eoi_mode ? CTLR_EOIMODE : 0);
  default: return 0;
  }
}

static void set_bpr(struct gic_cpu *own, unsigned group, uint64_t value) {
  unsigned least = group ? BPR1_MIN : BPR0_MIN;
  if (group && own->common_bpr) return;
  own->bpr[group] = (value & 7) < least ? (uint8_t)least : value & 7;
}

void soft_icc_write(struct soft_cpu *cpu, uint16_t key, uint64_t value) {
  struct gic_cpu *own = own_of(cpu);
  switch (key) {
  case SYSKEY_icc_eoir0_el1: end(cpu, 0, value & 0xffffff); return;
  case SYSKEY_icc_eoir1_el1: end(cpu, 1, value & 0xffffff); return;
  case SYSKEY_icc_dir_el1:
    if (own->eoi_mode) deactivate(cpu, value & 0xffffff);
    return;
  case SYSKEY_icc_sgi1r_el1: send_sgi(cpu, value, true); return;
  case SYSKEY_icc_sgi0r_el1: case SYSKEY_icc_asgi1r_el1:
    send_sgi(cpu, value, false);
    return;
  case SYSKEY_icc_igrpen0_el1: case SYSKEY_icc_igrpen1_el1:
    own->on[key & 1] = value & 1;           // 1 of N may choose another
    soft_gic_refresh(cpu->h.vcpu->vm);
    return;
  case SYSKEY_icc_pmr_el1: own->pmr = value & GIC_PRIORITY_MASK; break;
  case SYSKEY_icc_bpr0_el1: set_bpr(own, 0, value); break;
  case SYSKEY_icc_bpr1_el1: set_bpr(own, 1, value); break;
  case SYSKEY_icc_ap0r0_el1: own->ap[0] = (uint32_t)value; break;
  case SYSKEY_icc_ap1r0_el1: own->ap[1] = (uint32_t)value; break;
  case SYSKEY_icc_ctlr_el1:
    own->common_bpr = value & CTLR_CBPR;
    own->eoi_mode = value & CTLR_EOIMODE;
    break;
  }
  gic_refresh(cpu);
}
