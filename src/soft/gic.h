// SPDX-License-Identifier: MIT
//
// A GICv3 (Arm IHI 0069): its state, which is plain, and what its two files
// share. gic.c is what the guest finds in memory, distributor and
// redistributors; gic_cpu.c are the CPU interfaces, the ICC_* registers.
//
// Every change of the state ends in a refresh, which sets soft_cpu.lines
// to what the CPU interface signals; so the run loop looks at one word. The
// timers are looked at when the lines are: an expiry ends a chain of
// instructions, so none is seen late.

#ifndef SOFT_GIC_H
#define SOFT_GIC_H

#include "soft/soft.h"

enum { GIC_PPI_VIRTUAL = 27, GIC_PPI_PHYSICAL = 30, GIC_SPURIOUS = 1023,
       GIC_BANK = 32, GIC_BANKS = 1 + TV_GIC_SPIS / GIC_BANK,
       GIC_PRIORITY_BITS = 5, GIC_PRIORITY_MASK = 0xf8, GIC_IDLE = 0xff };

// 32 interrupts, a bit each. An interrupt is pending if it was made so (edge,
// SGI, ISPENDR: latch), or while its input is up if that is a level.
struct gic_bank {
  uint32_t group, enabled, latch, input, active, edge;
  uint8_t priority[GIC_BANK];
};

struct gic_cpu {
  struct gic_bank own;     // SGIs 0 to 15, PPIs 16 to 31
  bool asleep;             // GICR_WAKER.ProcessorSleep
  // The CPU interface; what there is of each group, 0 and 1.
  uint32_t ap[2];          // ICC_AP0R0_EL1, ICC_AP1R0_EL1
  uint8_t bpr[2];
  bool on[2];              // ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1
  uint8_t pmr;
  bool common_bpr, eoi_mode;
};

struct soft_gic {
  uint8_t groups;                        // GICD_CTLR.EnableGrp0, EnableGrp1
  struct gic_bank spi[GIC_BANKS - 1];
  uint32_t router[TV_GIC_SPIS];          // the low words of GICD_IROUTER
  const tv_vcpu *one[2];                 // of 1 of N, for each group: the first
                                         // that takes it, at the last refresh
  struct gic_cpu cpu[TV_GIC_VCPUS];      // by the vCPU's index
};

// The affinity of a vCPU as GICR_TYPER, GICD_IROUTER and MPIDR_EL1 have it:
// Aff0 in bits 7..0, Aff1 in 15..8.
static inline uint32_t gic_affinity(unsigned index) {
  return index % 16 | index / 16 << 8;
}

// gic.c: the bank of an interrupt as this vCPU sees it; NULL: no such INTID.
// And the best of those that are pending for the vCPU and enabled: the lowest
// priority, then the lowest INTID; GIC_SPURIOUS: none.
struct gic_best { unsigned intid, priority, group; };
struct gic_bank *gic_bank(struct soft_gic *, struct gic_cpu *, unsigned intid);
struct gic_best gic_best(const struct soft_cpu *);

void gic_choose(const tv_vm *);          // sets `one`

// gic_cpu.c: sets cpu->lines to what is signalled now.
void gic_refresh(struct soft_cpu *);

#endif
