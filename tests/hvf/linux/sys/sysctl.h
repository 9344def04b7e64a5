// SPDX-License-Identifier: MIT
//
// sysctlbyname of macOS. The mock knows one name, kern.hv_support, and says
// that there is a hypervisor.

#ifndef SYS_SYSCTL_H
#define SYS_SYSCTL_H

#include <stddef.h>

int sysctlbyname(const char *name, void *old, size_t *old_size, void *new,
                 size_t new_size);

#endif
