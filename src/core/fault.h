// SPDX-License-Identifier: MIT
//
// Fault exits: one home for what they say, so that every backend says it in
// the same words.
//
// Backends on real CPUs cannot see an exception that the guest takes to its
// own EL1. While the guest has not written VBAR_EL1 it holds the address of a
// page that leaves the guest (the trap page, chosen by the backend), and
// fault_unwind turns what arrives there back into the event it was. Lost by
// nature: what ELR_EL1, SPSR_EL1 and, for synchronous ones, ESR_EL1 and
// FAR_EL1 held before it.

#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include "core/vm.h"

// Makes the exit a fault. For UNMAPPED, READ_ONLY and PROTECTED `esr` is what
// a hypervisor finds in ESR_EL2: aborts from a guest are of "lower" EL. va and
// gpa as the reason has them, size 0 if it is not known, access 'r', 'w',
// 'x', or 0. Touches kind and u only.
void fault_fill(tv_exit *, tv_fault reason, uint64_t va, uint64_t gpa,
                unsigned size, char access);

// Why the region (NULL: none) refuses the access; it must.
tv_fault fault_reason(const struct region *, char access);

// The exit (a fault, or BRK) for an exception to EL1 with this syndrome and
// FAR, taken with `sp`. Touches kind and u only.
void fault_of_exception(tv_exit *, uint64_t esr, uint64_t far, uint64_t sp);

// Takes a synchronous exception to EL1 at pc, as the CPU would (Arm ARM D1.3):
// what backend->inject does where the guest has vectors.
void fault_enter(tv_vcpu *, uint64_t esr, uint64_t far);

// After a single step from `from`, by a backend whose CPU steps: an exception
// to the guest's vectors has saved PSTATE.SS, which is the backend's, in
// SPSR_EL1 (Arm ARM D2.12.5).
void fault_hide_step(tv_vcpu *, uint64_t from);

// The vCPU has taken an exception, or an interrupt, to vector offset 0..0x7ff
// of the trap page: fills the exit but for icount and puts pc and PSTATE, but
// for PSTATE.SS, back to the instruction.
void fault_unwind(tv_vcpu *, unsigned vector_offset, tv_exit *);

#endif
