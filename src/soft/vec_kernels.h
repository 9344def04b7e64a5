// SPDX-License-Identifier: MIT
//
// The kernels of vec_lanes.h for all lane widths: add_8, add_16, add_32,
// add_64, and so on.

#ifndef SOFT_VEC_KERNELS_H
#define SOFT_VEC_KERNELS_H

#include "soft/vec.h"

#define BITS 8
#include "soft/vec_lanes.h"
#define BITS 16
#include "soft/vec_lanes.h"
#define BITS 32
#include "soft/vec_lanes.h"
#define BITS 64
#include "soft/vec_lanes.h"

#endif
