// SPDX-License-Identifier: MIT
//
// Semihosting: calls to a debugger or emulator by HLT #0xf000, as Arm's
// specification has them ("Semihosting for AArch32 and AArch64", release
// 2.0). Any machine that speaks it serves a guest that uses nothing else;
// ours does after require "tinyvmm.semihosting".attach(vm), see README.md.

#ifndef TINYVMM_SEMIHOSTING_H
#define TINYVMM_SEMIHOSTING_H

#include <stdint.h>

enum {
  SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_READC = 0x07, SYS_ISERROR = 0x08,
  SYS_ISTTY = 0x09, SYS_SEEK = 0x0a, SYS_FLEN = 0x0c, SYS_TMPNAM = 0x0d,
  SYS_REMOVE = 0x0e, SYS_RENAME = 0x0f, SYS_CLOCK = 0x10, SYS_TIME = 0x11,
  SYS_SYSTEM = 0x12, SYS_ERRNO = 0x13, SYS_GET_CMDLINE = 0x15,
  SYS_HEAPINFO = 0x16, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20,
  SYS_ELAPSED = 0x30, SYS_TICKFREQ = 0x31
};

// The reason in SYS_EXIT's block that is an ordinary end; its second word is
// the status.
enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

// Most calls take the address of a block of 64-bit words in x1.
static inline uint64_t semihosting(uint32_t operation, const void *argument) {
  register uint64_t x0 __asm__("x0") = operation;
  register uint64_t x1 __asm__("x1") = (uint64_t)argument;
  __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
  return x0;
}

#endif
