// SPDX-License-Identifier: MIT
//
// What the library asks the operating system besides memory: page size,
// clock, and what machine this is.

#ifndef BASE_OS_H
#define BASE_OS_H

#include <stddef.h>
#include <stdint.h>

// Bytes of a host page.
size_t os_page_size(void);

// Monotonic host nanoseconds since some fixed point.
uint64_t os_clock(void);

// The host's system ("Linux", "Darwin") and machine ("x86_64", "aarch64",
// "arm64") as uname(2) names them; at most 31 characters each.
struct os_host { char system[32], machine[32]; };
struct os_host os_host(void);

#endif
