// SPDX-License-Identifier: MIT
//
// Threads for hardware vCPUs. The first vCPU that a caller's thread runs while
// it is the only one of its VM stays with that thread; every other gets a
// worker, a thread that owns it for life (Hypervisor.framework: one vCPU a
// thread). Backends that count steps (`exact`) never come here: their vCPUs
// take turns.
//
// The caller's thread directs. It hands out runs, and takes one worker's exit
// at a time while the others go on: hypercalls are answered on it, and an exit
// that the run is to return stops them all first. So handlers, and everything
// else in core/, run on one thread, and between two runs all workers are
// parked.
//
// With workers, vm->backend is the crew's own copy of the backend, in which
// the functions that belong to a vCPU's thread hand their call to its worker
// (and stop it first where it runs). Nobody else need know.

#ifndef CORE_CREW_H
#define CORE_CREW_H

#include "core/core.h"

// Called before a run of `only`, or of all vCPUs (NULL), on a backend that is
// not exact: makes the workers that it needs. Then *needed says whether
// crew_drive drives the run.
tv_status crew_prepare(tv_vm *, tv_vcpu *only, bool *needed, tv_error *);

// Runs until run->exit is filled.
void crew_drive(struct run *);

// During a run: stops the workers, for what all of them see; the director's
// next round lets them go on.
void crew_still(tv_vm *);

// Ends the vCPU's worker, if it has one, after its hardware vCPU.
void crew_dismiss(tv_vcpu *);

// For a VM without vCPUs: puts the backend itself back into its place.
void crew_free(tv_vm *);

#endif
