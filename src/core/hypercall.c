// SPDX-License-Identifier: MIT
//
// hvc #0: the caller's C handlers, sorted by number, then what is built in.
// This is the shortest way from a guest to the host and back, so nothing here
// allocates, and x0 is written only if it changed.

#include <string.h>

#include "core/core.h"

enum { PUTS_MAX = 1 << 20, PUTS_PIECE = 256 };

// -------------------------------------------------------------- handlers --

// The place of nr in the table: the first entry not below it.
static size_t place(const tv_vm *vm, uint32_t nr) {
  size_t lo = 0, hi = vm->hypercalls;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (vm->hypercall[mid].nr < nr) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

tv_status tv_vm_hypercall(tv_vm *vm, uint32_t nr, tv_hypercall_fn *fn,
                          void *ctx, tv_error *err) {
  assert(vm);
  size_t i = place(vm, nr), n = vm->hypercalls;
  bool there = i < n && vm->hypercall[i].nr == nr;
  if (!fn && !there) return TV_OK;
  if (!there) {
    if (!alloc_grow(&vm->hypercall, &vm->hypercall_room, n + 1,
                    sizeof *vm->hypercall))
      return err_set(err, TV_E_NO_MEMORY, 0, "no host memory for a handler of "
                     "hypercall %" PRIu32, nr);
    memmove(vm->hypercall + i + 1, vm->hypercall + i,
            (n - i) * sizeof *vm->hypercall);
    vm->hypercalls++;
  } else if (!fn) {
    memmove(vm->hypercall + i, vm->hypercall + i + 1,
            (n - i - 1) * sizeof *vm->hypercall);
    vm->hypercalls--;
    return TV_OK;
  }
  vm->hypercall[i] = (struct hypercall){ nr, fn, ctx };
  return TV_OK;
}

static bool call(tv_vcpu *cpu, const struct hypercall *h, tv_exit *exit) {
  uint64_t old = vcpu_reg(cpu, TV_REG_X(0)), x0 = old;
  tv_hc result = h->fn(h->ctx, cpu, exit->u.hvc.arg, &x0);
  if (x0 != old) vcpu_set_reg(cpu, TV_REG_X(0), x0);
  return result == TV_HC_RESUME;
}

// --------------------------------------------------------------- built in --

static bool serve_exit(tv_vcpu *cpu, tv_exit *exit) {
  cpu->power = VCPU_EXITED;
  exit_shutdown(exit, TV_SHUTDOWN_EXIT, exit->u.hvc.arg[0]);
  return false;
}

static bool serve_putchar(tv_vcpu *cpu, const tv_exit *exit) {
  char c = (char)exit->u.hvc.arg[0];
  output_put(cpu->vm, &c, 1);
  return true;
}

// The first NUL among n bytes, which are looked at a few at a time.
static const char *find_nul(tv_vm *vm, const struct region *r, uint64_t off,
                            size_t n) {
  const char *text = (const char *)r->host + off, *end = NULL;
  for (size_t done = 0, part; !end && done < n; done += part) {
    part = n - done < PUTS_PIECE ? n - done : PUTS_PIECE;
    mem_look(vm, r, off + done, part);
    end = memchr(text + done, 0, part);
  }
  return end;
}

// Prints region by region up to the NUL; a string that does not end where it
// should is a fault at the hvc.
static bool serve_puts(tv_vcpu *cpu, tv_exit *exit) {
  uint64_t at = exit->u.hvc.arg[0], left = PUTS_MAX;
  const struct region *r;
  while (left && (r = mem_at(cpu->vm, at)) && r->host && r->prot & TV_READ) {
    uint64_t off = at - r->base, room = r->size - off;
    size_t n = (size_t)(room < left ? room : left);
    const char *text = (const char *)r->host + off;
    const char *end = find_nul(cpu->vm, r, off, n);
    output_put(cpu->vm, text, end ? (size_t)(end - text) : n);
    if (end) return true;
    at += n;
    left -= n;
  }
  exit_read_fault(exit, TV_FAULT_PUTS, at);
  vcpu_set_reg(cpu, TV_REG_PC, exit->pc);
  return false;
}

bool hypercall_serve(tv_vcpu *cpu, tv_exit *exit) {
  const tv_vm *vm = cpu->vm;
  if (exit->u.hvc.imm) return false;
  uint32_t nr = (uint32_t)exit->u.hvc.nr;
  size_t i = place(vm, nr);
  if (i < vm->hypercalls && vm->hypercall[i].nr == nr)
    return call(cpu, &vm->hypercall[i], exit);
  if (nr >= SMCCC_FAST) return psci_serve(cpu, exit);
  switch (nr) {
    case TV_HC_EXIT_NR: return serve_exit(cpu, exit);
    case TV_HC_PUTCHAR_NR: return serve_putchar(cpu, exit);
    case TV_HC_PUTS_NR: return serve_puts(cpu, exit);
    default: return false;
  }
}
