// SPDX-License-Identifier: MIT
//
// Breakpoints: the VM's list of addresses, which backends look at when a vCPU
// is about to execute (core/breakpoint.h).

#include "core/breakpoint.h"

#include <limits.h>
#include <string.h>

#include "core/crew.h"

// The first place whose address is not below.
static size_t place_of(const tv_vm *vm, uint64_t address) {
  size_t low = 0, high = vm->breakpoints;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (vm->breakpoint[middle] < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

bool breakpoint_at(const tv_vm *vm, uint64_t address) {
  size_t i = place_of(vm, address);
  return i < vm->breakpoints && vm->breakpoint[i] == address;
}

// A pc is a multiple of 4, and without a tag: branches remove it.
static tv_status check_address(uint64_t address, tv_error *err) {
  if (address & 3)
    return err_set(err, TV_E_ALIGNMENT, address, "no instruction is at 0x%"
                   PRIx64 ", which is not a multiple of 4", address);
  if ((uint64_t)bits_sext(address, 56) != address)
    return err_set(err, TV_E_INVALID, address, "no instruction is at 0x%"
                   PRIx64 ": a pc has no tag in its top byte", address);
  return TV_OK;
}

static tv_status check_room(tv_vm *vm, uint64_t address, tv_error *err) {
  tv_limits limits;
  tv_vm_limits(vm, &limits);
  if (!limits.breakpoints)
    return err_set(err, TV_E_UNSUPPORTED, address, "the backend %s has no "
                   "breakpoints here; soft has any number",
                   vm->backend->name);
  if (vm->breakpoints >= limits.breakpoints)
    return err_set(err, TV_E_LIMIT, address, "the backend %s has %u "
                   "breakpoints here, and all are set; take one away first "
                   "(soft has any number)", vm->backend->name,
                   limits.breakpoints);
  if (!alloc_grow(&vm->breakpoint, &vm->breakpoint_room,
                  vm->breakpoints + 1, sizeof *vm->breakpoint))
    return err_set(err, TV_E_NO_MEMORY, address, "no host memory for a "
                   "breakpoint");
  return TV_OK;
}

static void insert(tv_vm *vm, size_t i, uint64_t address) {
  memmove(vm->breakpoint + i + 1, vm->breakpoint + i,
          (vm->breakpoints++ - i) * sizeof *vm->breakpoint);
  vm->breakpoint[i] = address;
}

static void take_out(tv_vm *vm, size_t i) {
  memmove(vm->breakpoint + i, vm->breakpoint + i + 1,
          (--vm->breakpoints - i) * sizeof *vm->breakpoint);
}

tv_status tv_vm_break(tv_vm *vm, uint64_t address, bool on, tv_error *err) {
  assert(vm);
  tv_status s = check_address(address, err);
  if (s || breakpoint_at(vm, address) == on) return s;
  if (on) s = check_room(vm, address, err);
  if (s) return s;
  crew_still(vm);
  size_t i = place_of(vm, address);
  if (on) insert(vm, i, address);
  else take_out(vm, i);
  if (vm->backend->breakpoint) vm->backend->breakpoint(vm, address);
  return TV_OK;
}

tv_status tv_vm_breakpoint(const tv_vm *vm, size_t index, uint64_t *out) {
  assert(vm && out);
  if (index >= vm->breakpoints) return TV_E_RANGE;
  *out = vm->breakpoint[index];
  return TV_OK;
}
