// SPDX-License-Identifier: MIT
//
// What a VM and a vCPU are, for core and backends. Backends touch the fields
// marked so, and nothing else.

#ifndef CORE_VM_H
#define CORE_VM_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/backend.h"
#include "core/mem.h"
#include "tinyvmm.h"

enum { OUTPUT_SIZE = 1024, TURN_STEPS = 20000, GRANT_STEPS = 1 << 20 };

struct hypercall {
  uint32_t nr;
  tv_hypercall_fn *fn;
  void *ctx;
};

enum vcpu_power { VCPU_OFF, VCPU_ON, VCPU_EXITED };

enum { EXIT_KINDS = TV_EXIT_BREAKPOINT + 1 };

struct tv_vcpu {
  tv_vm *vm;
  void *back;              // the backend's own state
  struct worker *worker;   // its thread (crew.h), NULL: none
  bool own;                // runs on its caller's thread, for ever
  unsigned index;
  enum vcpu_power power;
  bool reset_on;           // power after a reset: as the host last set it
  bool idle;               // in WFI: run again when something wakes it
  bool line[2];            // interrupt inputs, by tv_irq_line
  bool owned;              // `owner` is valid
  pthread_t owner;
  uint64_t icount;         // core adds what run reports as done
  bool single;             // read by backends that are not exact: steps
  uint64_t reset_pc, reset_sp;
  bool at_breakpoint;      // see breakpoint.h: reported at breakpoint_pc, and
  uint64_t breakpoint_pc;  // not done since; backends touch both
  tv_error failure;        // set by backends with BACK_FAILED
};

struct tv_vm {
  const struct backend *backend;
  const struct backend *real;    // the same; with a crew, what is behind it
  struct crew *crew;       // NULL: no vCPU has a thread of its own
  void *back;              // the backend's own state
  struct mem mem;
  uint32_t granule;
  bool relaxed, timer_exit, no_fp;   // from the config; read by backends
  unsigned gic;            // the same: 3 or 0
  uint32_t gic_input[TV_GIC_SPIS / 32];   // as driven by tv_vm_irq
  unsigned cpu;            // model, an index for backend->cpu; the same
  uint64_t seed;           // of random numbers the guest reads; the same
  bool pauth_impdef;       // the algorithm of pointer authentication; the same
  unsigned traps;          // TV_TRAP_*; read by backends
  tv_error failure;        // of the guest's memory: no vCPU runs any more. Set
                           // by backends, too
  bool running;
  bool ran;                // a run has begun

  tv_vcpu **vcpu;          // in index order (indices have holes after frees)
  unsigned vcpus;
  size_t vcpu_room;
  unsigned turn;           // place in vcpu[] of whose turn it is; how much
                           // of it is left
  uint64_t turn_left;

  uint64_t deadline;       // virtual ns, TV_NO_LIMIT none
  uint64_t timeout;        // host monotonic ns, TV_NO_LIMIT none
  atomic_uint request;     // REQUEST_*: what other threads want
  _Atomic(tv_vcpu *) current;    // in (or about to enter) the backend's run

  struct hypercall *hypercall;   // sorted by nr
  size_t hypercalls, hypercall_room;

  uint64_t *breakpoint;    // addresses, ascending; read by backends
  size_t breakpoints, breakpoint_room;

  tv_trace_fn *trace;      // read by backends: called before each step
  void *trace_ctx;
  uint64_t exits[EXIT_KINDS];    // from the backend, by kind

  tv_output_fn *output;
  void *output_ctx;
  size_t output_used;
  char output_buf[OUTPUT_SIZE];
};

enum { REQUEST_STOP = 1 };

#endif
