// SPDX-License-Identifier: MIT
//
// What makes host writes visible to a guest's fetches: without it the mock's
// CPU, like a real one, goes on executing what was there before.

#ifndef LIBKERN_OSCACHECONTROL_H
#define LIBKERN_OSCACHECONTROL_H

#include <stddef.h>

void sys_icache_invalidate(void *start, size_t size);

#endif
