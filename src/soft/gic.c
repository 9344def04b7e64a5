// SPDX-License-Identifier: MIT
//
// The GIC in memory: the distributor and the vCPUs' redistributors, as KVM's
// GICv3 shows them. Security is disabled (GICD_CTLR.DS) and affinity routing
// is on (ARE), both for ever; there are no LPIs. What an access of a size or
// at an address that is no register's finds reads as zero and ignores writes.
// As on hardware, and not on KVM, redistributors begin asleep, SGIs disabled,
// each group has its enable bit, and an SPI may go to one of several vCPUs: a
// guest that runs here has forgotten nothing.
// Section numbers are those of IHI 0069H.

#include "soft/gic.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

enum { FRAME = 0x10000, REDISTRIBUTOR = 2 * FRAME, PIDR2 = 0xffe8,
       PIDR2_V3 = 0x3b, IIDR = 0x43b };

// Registers of which a bank has one bit an interrupt: offset >> 7 (12.9).
enum { GROUP = 1, SET_ENABLE, CLEAR_ENABLE, SET_PENDING, CLEAR_PENDING,
       SET_ACTIVE, CLEAR_ACTIVE, BITS_END = 0x400,
       PRIORITY = 0x400, PRIORITY_END = 0x800, CONFIG = 0xc00,
       CONFIG_END = 0xd00, ROUTER = 0x6000, ROUTER_END = 0x8000 };

#define IROUTER_MODE UINT32_C(0x80000000)      // 1 of N
#define IROUTER_BITS (IROUTER_MODE | UINT32_C(0xffffff))

// ------------------------------------------------------------------ life --

tv_status soft_gic_new(struct soft_vm *vm, tv_error *err) {
  vm->gic = alloc_new(sizeof *vm->gic);
  return vm->gic ? TV_OK : err_set(err, TV_E_NO_MEMORY, 0, NULL);
}

// Everything is in group 1, as in KVM; inputs stay as they are.
static void reset_bank(struct gic_bank *bank, uint32_t edge) {
  *bank = (struct gic_bank){ .group = UINT32_MAX, .edge = edge,
                             .input = bank->input };
}

void soft_gic_reset(tv_vm *vm) {
  struct soft_gic *gic = ((struct soft_vm *)vm->back)->gic;
  gic->groups = 0;
  for (unsigned k = 0; k < GIC_BANKS - 1; k++) reset_bank(&gic->spi[k], 0);
  memset(gic->router, 0, sizeof gic->router);
  for (unsigned k = 0; k < TV_GIC_VCPUS; k++) {
    reset_bank(&gic->cpu[k].own, 0xffff);
    gic->cpu[k].asleep = true;
  }
  soft_gic_refresh(vm);
}

// ------------------------------------------------------------- selection --

struct gic_bank *gic_bank(struct soft_gic *gic, struct gic_cpu *own,
                          unsigned intid) {
  if (intid < GIC_BANK) return &own->own;
  intid -= TV_GIC_SPI;
  return intid < TV_GIC_SPIS ? &gic->spi[intid / GIC_BANK] : NULL;
}

static uint32_t pending(const struct gic_bank *bank) {
  return bank->latch | (bank->input & ~bank->edge);
}

static uint32_t deliverable(const struct gic_bank *bank, unsigned groups) {
  uint32_t of = (groups & 1 ? ~bank->group : 0) |
                (groups & 2 ? bank->group : 0);
  return pending(bank) & bank->enabled & ~bank->active & of;
}

// The groups that are enabled on the way to this vCPU.
static unsigned open_groups(const struct soft_gic *gic,
                            const struct gic_cpu *own) {
  if (own->asleep) return 0;
  return gic->groups & (own->on[0] | (unsigned)own->on[1] << 1);
}

// Of the vCPUs an interrupt may go to one is chosen (GICD_IROUTER, 1 of N):
// the first whose interface takes the group.
void gic_choose(const tv_vm *vm) {
  struct soft_gic *gic = ((struct soft_vm *)vm->back)->gic;
  gic->one[0] = gic->one[1] = NULL;
  for (unsigned k = vm->vcpus; k--;) {
    unsigned open = open_groups(gic, &gic->cpu[vm->vcpu[k]->index]);
    if (open & 1) gic->one[0] = vm->vcpu[k];
    if (open & 2) gic->one[1] = vm->vcpu[k];
  }
}

static bool routed_here(const struct soft_cpu *cpu, unsigned intid,
                        unsigned group) {
  const struct soft_gic *gic = cpu->h.vm->gic;
  uint32_t router = gic->router[intid - TV_GIC_SPI];
  if (router & IROUTER_MODE) return gic->one[group] == cpu->h.vcpu;
  return router == gic_affinity(cpu->h.vcpu->index);
}

struct gic_best gic_best(const struct soft_cpu *cpu) {
  struct soft_gic *gic = cpu->h.vm->gic;
  struct gic_cpu *own = &gic->cpu[cpu->h.vcpu->index];
  struct gic_best best = { GIC_SPURIOUS, GIC_IDLE, 0 };
  unsigned groups = open_groups(gic, own);
  for (unsigned n = 0; groups && n < GIC_BANKS; n++) {
    const struct gic_bank *bank = gic_bank(gic, own, n * GIC_BANK);
    uint32_t left = deliverable(bank, groups);
    for (; left; left &= left - 1) {
      unsigned bit = (unsigned)__builtin_ctz(left);
      unsigned intid = n * GIC_BANK + bit, group = bank->group >> bit & 1;
      if (bank->priority[bit] >= best.priority) continue;
      if (n && !routed_here(cpu, intid, group)) continue;
      best = (struct gic_best){ intid, bank->priority[bit], group };
    }
  }
  return best;
}

tv_status soft_gic_irq(tv_vm *vm, uint32_t intid, bool level, tv_error *err) {
  struct soft_gic *gic = ((struct soft_vm *)vm->back)->gic;
  struct gic_bank *bank = gic_bank(gic, NULL, intid);
  uint32_t bit = UINT32_C(1) << intid % GIC_BANK;
  (void)err;
  if (level) bank->latch |= bit & bank->edge;
  bank->input = level ? bank->input | bit : bank->input & ~bit;
  soft_gic_refresh(vm);
  return TV_OK;
}

// ------------------------------------------------- registers of the banks --

// An access, naturally aligned or not; a read's value goes to `value`.
struct access {
  uint32_t offset;     // in the frame
  unsigned size;
  bool write;
  uint64_t value;
};

static uint32_t bits_of(const struct gic_bank *bank, unsigned reg) {
  switch (reg) {
  case GROUP: return bank->group;
  case SET_ENABLE: case CLEAR_ENABLE: return bank->enabled;
  case SET_PENDING: case CLEAR_PENDING: return pending(bank);
  case SET_ACTIVE: case CLEAR_ACTIVE: return bank->active;
  default: return 0;
  }
}

static void set_bits(struct gic_bank *bank, unsigned reg, uint32_t bits) {
  switch (reg) {
  case GROUP: bank->group = bits; break;
  case SET_ENABLE: bank->enabled |= bits; break;
  case CLEAR_ENABLE: bank->enabled &= ~bits; break;
  case SET_PENDING: bank->latch |= bits; break;
  case CLEAR_PENDING: bank->latch &= ~bits; break;
  case SET_ACTIVE: bank->active |= bits; break;
  case CLEAR_ACTIVE: bank->active &= ~bits; break;
  }
}

// Priorities, an access to one or to four.
static void priorities(struct gic_bank *bank, struct access *a) {
  uint8_t *at = &bank->priority[a->offset % GIC_BANK];
  for (unsigned k = 0; k < a->size; k++) {
    if (a->write) at[k] = a->value >> 8 * k & GIC_PRIORITY_MASK;
    else a->value |= (uint64_t)at[k] << 8 * k;
  }
}

// GICD_ICFGR, GICR_ICFGR0 and 1: two bits an interrupt, of which the upper
// one says edge. What a vCPU has of its own is fixed: SGIs are edges, the
// timers' PPIs levels.
static void config(struct gic_bank *bank, bool fixed, struct access *a) {
  unsigned low = a->offset & 4 ? 16 : 0;
  for (unsigned k = 0; k < 16; k++) {
    uint32_t bit = UINT32_C(1) << (low + k);
    if (!a->write) a->value |= (bank->edge & bit ? UINT64_C(2) : 0) << 2 * k;
    else if (fixed) continue;
    else if (a->value >> 2 * k & 2) bank->edge |= bit;
    else bank->edge &= ~bit;
  }
}

// The n'th bank of a frame. Bank 0 is a vCPU's own: it stands in the second
// frame of its redistributor, at the offsets that the distributor has for the
// first 32 interrupts, and which are reserved there.
static struct gic_bank *bank_at(struct soft_gic *gic, struct gic_cpu *own,
                                unsigned n) {
  if (own) return n ? NULL : &own->own;
  return n && n < GIC_BANKS ? &gic->spi[n - 1] : NULL;
}

static void access_banks(struct soft_gic *gic, struct gic_cpu *own,
                         struct access *a) {
  uint32_t at = a->offset;
  bool word = a->size == 4 && !(at & 3);
  struct gic_bank *bank;
  if (at < BITS_END && word) {
    bank = bank_at(gic, own, at % 128 / 4);
    if (!bank) return;
    if (a->write) set_bits(bank, at / 128, (uint32_t)a->value);
    else a->value = bits_of(bank, at / 128);
  } else if (at >= PRIORITY && at < PRIORITY_END && (word || a->size == 1)) {
    bank = bank_at(gic, own, (at - PRIORITY) / GIC_BANK);
    if (bank) priorities(bank, a);
  } else if (at >= CONFIG && at < CONFIG_END && word) {
    bank = bank_at(gic, own, (at - CONFIG) / 8);
    if (bank) config(bank, own, a);
  }
}

// ---------------------------------------------------------------- frames --

// The part of a 64-bit register that an access of 4 or 8 bytes has.
static void read_part(struct access *a, uint64_t whole) {
  a->value = a->offset & 4 ? whole >> 32 : whole;
}

static bool is_part(const struct access *a) {
  return (a->size == 4 || a->size == 8) && !(a->offset & (a->size - 1));
}

// GICD_IROUTER: no vCPU has an Aff3, so that the high words are zero.
static void access_router(struct soft_gic *gic, struct access *a) {
  unsigned spi = (a->offset - ROUTER) / 8 - TV_GIC_SPI;
  if (!is_part(a) || spi >= TV_GIC_SPIS) return;
  if (!a->write) read_part(a, gic->router[spi]);
  else if (!(a->offset & 4))
    gic->router[spi] = (uint32_t)a->value & IROUTER_BITS;
}

static void access_distributor(struct soft_gic *gic, struct access *a) {
  enum { CTLR = 0, TYPER = 4, CTLR_FIXED = 0x50 /* DS, ARE */ };
  bool word = a->size == 4;
  if (a->offset >= ROUTER && a->offset < ROUTER_END) {
    access_router(gic, a);
  } else if (a->offset == CTLR && word) {
    if (a->write) gic->groups = a->value & 3;
    else a->value = CTLR_FIXED | gic->groups;
  } else if (a->write) {
    access_banks(gic, NULL, a);
  } else if (a->offset == TYPER && word) {   // INTIDs of 10 bits
    a->value = 9 << 19 | (GIC_BANKS - 1);
  } else if (a->offset == 8 && word) {
    a->value = IIDR;
  } else if (a->offset == PIDR2 && word) {
    a->value = PIDR2_V3;
  } else {
    access_banks(gic, NULL, a);
  }
}

static uint64_t redistributor_type(const tv_vcpu *vcpu) {
  const tv_vm *vm = vcpu->vm;
  bool last = vm->vcpu[vm->vcpus - 1] == vcpu;
  return (uint64_t)gic_affinity(vcpu->index) << 32 |
         (uint64_t)vcpu->index << 8 | (last ? 1 << 4 : 0);
}

// The first frame, RD_base.
static void access_redistributor(struct soft_cpu *cpu, struct access *a) {
  enum { TYPER = 8, WAKER = 0x14, PROCESSOR_SLEEP = 2, CHILDREN_ASLEEP = 4 };
  struct gic_cpu *own = &cpu->h.vm->gic->cpu[cpu->h.vcpu->index];
  bool word = a->size == 4;
  if (a->offset == WAKER && word) {
    if (a->write) own->asleep = a->value & PROCESSOR_SLEEP;
    else a->value = own->asleep ? PROCESSOR_SLEEP | CHILDREN_ASLEEP : 0;
  } else if (a->write) {
    return;
  } else if ((a->offset & ~7u) == TYPER && is_part(a)) {
    read_part(a, redistributor_type(cpu->h.vcpu));
  } else if (a->offset == 4 && word) {
    a->value = IIDR;
  } else if (a->offset == PIDR2 && word) {
    a->value = PIDR2_V3;
  }
}

// The guest's access to a redistributor, its own or another's.
static void access_of_vcpu(const tv_vm *vm, uint64_t offset,
                           struct access *a) {
  const tv_vcpu *vcpu = tv_vm_vcpu(vm, (unsigned)(offset / REDISTRIBUTOR));
  if (!vcpu) return;
  struct soft_cpu *cpu = vcpu->back;
  struct soft_gic *gic = cpu->h.vm->gic;
  soft_gic_lines(cpu);                     // with the timers as they are
  if (offset / FRAME % 2) access_banks(gic, &gic->cpu[vcpu->index], a);
  else access_redistributor(cpu, a);
}

enum slow_step soft_gic_access(struct soft_cpu *cpu) {
  const tv_exit *exit = &cpu->h.exit;
  const tv_vm *vm = cpu->h.vcpu->vm;
  uint64_t addr = exit->u.mmio.addr;
  struct access a = { .offset = addr % FRAME, .size = exit->u.mmio.size,
                      .write = exit->u.mmio.write,
                      .value = exit->u.mmio.value };
  if (addr >= TV_GIC_REDISTRIBUTOR)
    access_of_vcpu(vm, addr - TV_GIC_REDISTRIBUTOR, &a);
  else access_distributor(cpu->h.vm->gic, &a);
  if (a.write) {
    soft_gic_refresh(vm);
    return STEP_AGAIN;
  }
  cpu->pending.data[cpu->pending.parts++] = a.value;
  cpu->pending.waiting = false;
  return STEP_AGAIN;
}
