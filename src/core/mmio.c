// SPDX-License-Identifier: MIT
//
// The life of an access that a real CPU gave back: planned at the abort,
// checked in all its parts, reported part by part, and carried out with the
// last one. Nothing here is executed again: the plan is kept.

#include <string.h>

#include "a64/esr.h"
#include "a64/pstate.h"
#include "core/core.h"
#include "core/fault.h"
#include "core/mmio.h"
#include "core/self.h"
#include "core/view.h"
#include "core/walk.h"

enum { PAGE = 4096, PART_MAX = 8 };

// ------------------------------------------------------------ where it is --

// The abort has told one page, and for that one the CPU has looked at the
// permissions. The access may have another one if they are the same there,
// and the tables still say what the CPU has found.
static bool translate(tv_vcpu *cpu, const struct mmio *m, uint64_t va,
                      uint64_t *gpa) {
  *gpa = m->fault_gpa + (va - m->fault_va);
  if (!((va ^ m->fault_va) / PAGE)) return true;
  struct walk_regime regime = walk_regime(cpu->vm->real, cpu);
  struct walk known, other;
  bool good = walk_stage1(cpu->vm, &regime, m->fault_va, &known) &&
              known.gpa == m->fault_gpa &&
              walk_stage1(cpu->vm, &regime, va, &other) &&
              known.permissions == other.permissions;
  if (good) *gpa = other.gpa;
  return good;
}

static enum mmio_end fault(struct mmio *m, tv_exit *exit, tv_fault reason,
                           uint64_t va, uint64_t gpa) {
  const struct mmio_plan *p = &m->plan;
  m->active = m->waiting = false;
  fault_fill(exit, reason, va, gpa, 1u << p->log2, p->write ? 'w' : 'r');
  return MMIO_EXIT;
}

// A part of the access: up to 8 bytes, all in one page.
struct part {
  struct region *region;
  uint64_t gpa;
};

static unsigned part_log2(const struct mmio_plan *p) {
  return p->log2 < 3 ? p->log2 : 3;
}

static unsigned parts(const struct mmio_plan *p) {
  return (unsigned)p->count << (p->log2 - part_log2(p));
}

// Once `check` has put down where the parts are. The region may be gone.
static struct part part_at(tv_vcpu *cpu, const struct mmio *m, unsigned k) {
  return (struct part){ mem_at(cpu->vm, m->gpa[k]), m->gpa[k] };
}

static bool is_mmio(const struct part *part) {
  return part->region && part->region->kind == TV_MEM_MMIO;
}

// Parts that cross a page: not MMIO, and not into another region.
static bool in_one_piece(tv_vcpu *cpu, const struct mmio *m,
                         const struct part *part, uint64_t va,
                         unsigned size) {
  uint64_t last;
  if (va % PAGE + size <= PAGE) return true;
  return !is_mmio(part) && translate(cpu, m, va + size - 1, &last) &&
         last - part->gpa == size - 1 &&
         mem_range(cpu->vm, part->gpa, size);
}

// MMIO_DONE if every part lies where it may be.
static enum mmio_end check(tv_vcpu *cpu, struct mmio *m, tv_exit *exit) {
  const struct mmio_plan *p = &m->plan;
  unsigned size = 1u << part_log2(p);
  for (unsigned k = 0; k < parts(p); k++) {
    uint64_t va = p->va + (uint64_t)k * size;
    if (!translate(cpu, m, va, &m->gpa[k]))
      return fault(m, exit, TV_FAULT_UNSUPPORTED, va, m->fault_gpa);
    struct part part = part_at(cpu, m, k);
    char access = p->write ? 'w' : 'r';
    if (part.region && part.region->kind == TV_MEM_DEVICE)
      return fault(m, exit, TV_FAULT_UNSUPPORTED, va, part.gpa);
    bool allowed = part.region && (is_mmio(&part) ||
      part.region->prot & (p->write ? TV_WRITE : TV_READ));
    if (!allowed)
      return fault(m, exit, fault_reason(part.region, access), va, part.gpa);
    if (in_one_piece(cpu, m, &part, va, size)) continue;
    uint64_t next = PAGE - va % PAGE, gpa;
    bool known = translate(cpu, m, va + next, &gpa);
    const struct region *beyond = known ? mem_at(cpu->vm, gpa) : NULL;
    if (!known || (beyond && (is_mmio(&part) || mem_is_io(beyond) ||
                   beyond->prot & (p->write ? TV_WRITE : TV_READ))))
      return fault(m, exit, TV_FAULT_UNSUPPORTED, va, part.gpa);
    return fault(m, exit, fault_reason(beyond, access), va + next, gpa);
  }
  return MMIO_DONE;
}

// ---------------------------------------------------------- moving values --

static void get_q(tv_vcpu *cpu, unsigned n, uint8_t *bytes) {
  cpu->vm->real->get(cpu, TV_REG_Q(n), bytes, NULL);
}

static unsigned register_of(const struct mmio_plan *p, unsigned element) {
  return element ? p->rt2 : p->rt;
}

// Between a register of n bytes and memory.
static void copy(tv_vcpu *cpu, uint8_t *to, const uint8_t *from, size_t n) {
  bool el0 = !(self_get(cpu, TV_REG_PSTATE) & PSTATE_EL_MASK);
  bool big = bits_get(self_get(cpu, TV_REG_SYS(VIEW_sctlr_el1)),
                      el0 ? SCTLR_E0E : SCTLR_EE, 1);
  for (size_t k = 0; k < n; k++) to[big ? n - 1 - k : k] = from[k];
}

// The memory image of a store.
static void read_registers(tv_vcpu *cpu, const struct mmio_plan *p,
                           uint8_t *bytes) {
  for (unsigned e = 0; e < p->count; e++) {
    uint8_t value[16] = { 0 };
    unsigned r = register_of(p, e);
    if (p->fp) get_q(cpu, r, value);
    else if (r != 31) {
      uint64_t x = self_get(cpu, TV_REG_X(r));
      memcpy(value, &x, sizeof x);
    }
    copy(cpu, bytes + ((size_t)e << p->log2), value, (size_t)1 << p->log2);
  }
}

static void write_general(tv_vcpu *cpu, const struct mmio_plan *p, unsigned r,
                          uint64_t value) {
  if (r == 31) return;
  if (p->sign) value = (uint64_t)bits_sext(value, 8u << p->log2);
  if (!p->wide) value = (uint32_t)value;
  self_set(cpu, TV_REG_X(r), value);
}

// The registers of a load, in order: the second wins where both are one, as
// on soft (op_pair.c).
static void write_registers(tv_vcpu *cpu, const struct mmio_plan *p,
                            const uint8_t *bytes) {
  for (unsigned e = 0; e < p->count; e++) {
    uint8_t value[16] = { 0 };
    uint64_t x;
    unsigned r = register_of(p, e);
    copy(cpu, value, bytes + ((size_t)e << p->log2), (size_t)1 << p->log2);
    memcpy(&x, value, sizeof x);
    if (p->fp) cpu->vm->real->set(cpu, TV_REG_Q(r), value, NULL);
    else write_general(cpu, p, r, x);
  }
}

static void move_ram(tv_vcpu *cpu, const struct part *part, bool write,
                     unsigned size, uint8_t *bytes) {
  if (write) tv_mem_write(cpu->vm, part->gpa, bytes, size, NULL);
  else tv_mem_read(cpu->vm, part->gpa, bytes, size, NULL);
}

// All parts are done or are in RAM.
static void complete(tv_vcpu *cpu, struct mmio *m, uint8_t *bytes) {
  const struct mmio_plan *p = &m->plan;
  unsigned size = 1u << part_log2(p), done = 0;
  for (unsigned k = 0; k < parts(p); k++) {
    struct part part = part_at(cpu, m, k);
    uint8_t *at = bytes + k * size;
    if (!is_mmio(&part)) move_ram(cpu, &part, p->write, size, at);
    else if (!p->write) memcpy(at, &m->data[done++], size);
  }
  if (!p->write) write_registers(cpu, p, bytes);
  if (p->moves_base) self_set(cpu, TV_REG_X(p->base), p->writeback);
  self_set(cpu, TV_REG_PC, self_get(cpu, TV_REG_PC) + 4);
  m->active = m->waiting = false;
}

// ----------------------------------------------------------------- doors --

static enum mmio_end report(struct mmio *m, tv_exit *exit,
                            const struct part *part, const uint8_t *bytes) {
  const struct mmio_plan *p = &m->plan;
  unsigned size = 1u << part_log2(p);
  exit->kind = TV_EXIT_MMIO;
  memset(&exit->u, 0, sizeof exit->u);
  exit->u.mmio.addr = part->gpa;
  exit->u.mmio.size = (uint8_t)size;
  exit->u.mmio.part = m->done;
  exit->u.mmio.write = p->write;
  if (p->write) memcpy(&exit->u.mmio.value, bytes, size);
  m->active = true;
  m->waiting = !p->write;
  if (p->write) m->done++;
  return MMIO_EXIT;
}

enum mmio_end mmio_continue(tv_vcpu *cpu, struct mmio *m, tv_exit *exit) {
  uint8_t bytes[MMIO_PARTS * PART_MAX] = { 0 };
  unsigned seen = 0;
  self_exit(exit, TV_EXIT_MMIO, cpu, 0);
  if (m->plan.write) read_registers(cpu, &m->plan, bytes);
  for (unsigned k = 0; k < parts(&m->plan); k++) {
    struct part part = part_at(cpu, m, k);
    if (!is_mmio(&part)) continue;
    if (seen++ < m->done) continue;
    return report(m, exit, &part, bytes + (k << part_log2(&m->plan)));
  }
  complete(cpu, m, bytes);
  return MMIO_DONE;
}

// What a valid syndrome says of an instruction that cannot be read.
static bool plan_from_syndrome(const struct mmio_abort *abort,
                               struct mmio_plan *p) {
  uint64_t esr = abort->esr;
  *p = (struct mmio_plan){ .count = 1, .va = abort->va,
    .write = esr & ESR_DABT_WNR, .log2 = (uint8_t)bits_get(esr, 22, 2),
    .sign = bits_get(esr, 21, 1), .rt = (uint8_t)bits_get(esr, 16, 5),
    .wide = bits_get(esr, 15, 1) };
  return bits_get(esr, 24, 1);
}

static bool is_zva(uint32_t word) {
  return (word & ~31u) == 0xd50b7420;
}

enum mmio_end mmio_abort(tv_vcpu *cpu, struct mmio *m,
                         const struct mmio_abort *abort, tv_exit *exit) {
  *m = (struct mmio){ .fault_va = abort->va, .fault_gpa = abort->gpa };
  if (abort->esr & ESR_DABT_CM) {      // caches need no work here
    self_set(cpu, TV_REG_PC, self_get(cpu, TV_REG_PC) + 4);
    return MMIO_DONE;
  }
  self_exit(exit, TV_EXIT_MMIO, cpu, 0);
  const struct region *region = mem_at(cpu->vm, abort->gpa);
  if (abort->esr & ESR_DABT_S1PTW)   // the guest's page tables are nowhere
    return fault(m, exit, fault_reason(region, 'r'), abort->va, abort->gpa);
  bool write = abort->esr & ESR_DABT_WNR, known = exit->insn;
  bool served = mmio_decode(cpu, exit->insn, exit->pc, &m->plan);
  if (!known) served = plan_from_syndrome(abort, &m->plan);
  // Another vCPU may have changed the word, or its page: a load that the CPU
  // has allowed is no store.
  if (served && m->plan.write == write) {
    m->active = true;
    if (check(cpu, m, exit) == MMIO_EXIT) return MMIO_EXIT;
    return mmio_continue(cpu, m, exit);
  }
  bool there = region && (region->kind == TV_MEM_MMIO ||
                          region->prot & (write ? TV_WRITE : TV_READ));
  m->plan.write = write;
  if (is_zva(exit->insn)) m->plan.log2 = 6;
  return fault(m, exit, there ? TV_FAULT_UNSUPPORTED
                              : fault_reason(region, write ? 'w' : 'r'),
               abort->va, abort->gpa);
}
