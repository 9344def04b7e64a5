// SPDX-License-Identifier: MIT
//
// Loads and stores that end in a stage 2 data abort, done in the CPU's place:
// the half of MMIO that hvf and kvm share. (soft has its own memory path,
// soft/access.c; both give the same exits in the same order.)
//
// A backend on a real CPU calls mmio_abort at the abort. The instruction is
// read and decoded here, whatever the syndrome says of it: LDP and STP,
// writeback and SIMD registers have no valid syndrome (ISV = 0), and what a
// valid one says is a part of what the word says. Every part of the access
// is checked before the first one is reported. Then each MMIO part is an exit
// of its own, and parts in RAM move with the last of them, with registers,
// writeback and pc: until then nothing has changed.
//
//   at the abort:     end = mmio_abort(cpu, &m, &abort, exit)
//   at the next run:  if (m.active) end = mmio_continue(cpu, &m, exit)
//
// MMIO_DONE: the instruction is done, the vCPU goes on. MMIO_EXIT: *exit is
// filled but for icount; a read then waits for mmio_answer, which is
// backend->answer; m.waiting is backend->pending; clearing m.active and
// m.waiting is backend->forget. Registers are reached through the backend's
// get and set.

#ifndef CORE_MMIO_H
#define CORE_MMIO_H

#include "core/vm.h"

enum { MMIO_PARTS = 4 };   // LDP and STP of Q registers

// An access as its instruction asks for it. General register 31 is xzr.
struct mmio_plan {
  uint8_t count, log2;    // elements, and the size of one
  bool write;
  bool fp;                // rt, rt2 are V registers
  bool sign, wide;        // loads: sign-extend; to 64 bits
  bool moves_base;        // base register (31: sp) becomes `writeback`
  uint8_t rt, rt2, base;
  uint64_t va, writeback;
};

struct mmio {
  bool active;            // the instruction at pc is in the middle
  bool waiting;           // the next part is a read that needs an answer
  uint8_t done;           // MMIO parts done
  uint64_t data[MMIO_PARTS];      // of these, in order
  uint64_t fault_va, fault_gpa;   // one page whose translation is known
  uint64_t gpa[MMIO_PARTS];       // of the parts, as they were at the abort
  struct mmio_plan plan;
};

struct mmio_abort {
  uint64_t esr;           // as ESR_EL2 has it; without ISV if it is not known
  uint64_t va, gpa;       // FAR_EL2, and the IPA with its page offset
};

enum mmio_end { MMIO_DONE, MMIO_EXIT };

enum mmio_end mmio_abort(tv_vcpu *, struct mmio *, const struct mmio_abort *,
                         tv_exit *);
enum mmio_end mmio_continue(tv_vcpu *, struct mmio *, tv_exit *);

static inline void mmio_answer(struct mmio *m, uint64_t value) {
  m->data[m->done++] = value;
  m->waiting = false;
}

// What the load or store `word` at pc asks for, with the registers as they
// are. false: it is none that MMIO can serve. For exclusives, atomics, vector
// structures and DC ZVA, log2 and `write` are filled nevertheless.
bool mmio_decode(tv_vcpu *, uint32_t word, uint64_t pc, struct mmio_plan *);

#endif
