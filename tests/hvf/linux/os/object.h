// SPDX-License-Identifier: MIT
//
// How the framework's configuration objects are freed on macOS; the mock has
// a function of that name.

#ifndef OS_OBJECT_H
#define OS_OBJECT_H

void os_release(void *object);

#endif
