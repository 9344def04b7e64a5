// SPDX-License-Identifier: MIT
//
// Where a virtual address of the guest lies: stage 1 of the EL1&0 regime
// (Arm ARM D8.2, D8.3), read from the vCPU's registers and the guest's tables
// in RAM or ROM. For what a real CPU does not tell: the word at pc, and the
// second page of an access whose first one has left the guest.
//
// The walk only reads: no access flag, no dirty state, no permission check,
// since what is asked about was executed or has passed one. It sees the
// tables as they are, the CPU may still use older ones from its TLB. It reads
// at most one descriptor per level and nothing but RAM and ROM.
//
// With the MMU off an address is its own; a tag (TBI) stays in it then. 52-bit
// addresses are known (FEAT_LVA, FEAT_LPA, FEAT_LPA2), 128-bit descriptors are
// not.

#ifndef CORE_WALK_H
#define CORE_WALK_H

#include "core/vm.h"

// The registers that say how to walk.
struct walk_regime { uint64_t sctlr, tcr, ttbr[2]; };

enum walk_fault {
  WALK_DONE,
  WALK_TRANSLATION,    // no such address: an invalid descriptor, T0SZ, EPD
  WALK_ADDRESS_SIZE,   // a table or a page lies beyond TCR_EL1.IPS
  WALK_EXTERNAL        // a table is not in RAM or ROM
};

struct walk {
  enum walk_fault fault;
  int level;             // of the last descriptor (FEAT_LPA2: from -1 on), -1:
                         // the MMU is off; of a fault as ESR_EL1 has it
  uint64_t gpa;          // if done
  uint64_t permissions;  // if done: all bits of descriptors that say who may
                         // do what. Equal values: equal permissions
};

// The vCPU's registers through `via`: vm->backend, or vm->real on the thread
// that owns the vCPU.
struct walk_regime walk_regime(const struct backend *via, tv_vcpu *);

// True if done; fills the walk in any case.
bool walk_stage1(tv_vm *, const struct walk_regime *, uint64_t va,
                 struct walk *);

#endif
