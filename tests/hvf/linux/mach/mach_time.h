// SPDX-License-Identifier: MIT
//
// The mock's clock: time passes as its guests run and as hosts sleep, so runs
// are as reproducible as soft's. One tick is 16 ns.

#ifndef MACH_MACH_TIME_H
#define MACH_MACH_TIME_H

#include <stdint.h>

typedef struct mach_timebase_info {
  uint32_t numer, denom;
} mach_timebase_info_data_t;

uint64_t mach_absolute_time(void);
uint64_t mach_continuous_time(void);      // with the time that the Mac slept
int mach_timebase_info(mach_timebase_info_data_t *);
int mach_wait_until(uint64_t deadline);

#endif
