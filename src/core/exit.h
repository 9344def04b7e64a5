// SPDX-License-Identifier: MIT
//
// Filling exits, for the core and for backends on real CPUs: what every exit
// says of its vCPU is read here, once, so that no backend forgets a field.
// What it says of the event is the backend's to add.

#ifndef CORE_EXIT_H
#define CORE_EXIT_H

#include "tinyvmm.h"

// Fills everything but `u`, which is zeroed, for the vCPU as it stands now
// (NULL: no vCPU is concerned). `back` is how many bytes before the present
// pc the instruction stands: 0 or 4.
void exit_fill(tv_exit *, tv_exit_kind, tv_vcpu *, unsigned back);

#endif
