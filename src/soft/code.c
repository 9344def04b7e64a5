// SPDX-License-Identifier: MIT
//
// Predecoded code: one code_page per executed physical page of the VM, shared
// by its vCPUs. Entries start as `lazy`, which decodes the word on its first
// execution and sets CODE in the store map of its granule, so that the first
// store into it comes here and makes its 64 entries lazy again.

#include <stdlib.h>
#include <string.h>

#include "a64/esr.h"
#include "base/alloc.h"
#include "core/breakpoint.h"
#include "soft/soft.h"

static predecode_fn *const predecoder[A64_OP_COUNT] = {
#define OP(name) [A64_##name] = op_##name,
  A64_OPS(OP)
#undef OP
};

enum { GRANULE_WORDS = MEM_GRANULE / 4,
       PAGE_GRANULES = PAGE_BYTES / MEM_GRANULE };

static const struct insn *lazy(struct soft_cpu *cpu, const struct insn *i,
                               uint64_t left);

// The word with this index in its page; gives back what it is.
static enum a64_op predecode(const struct soft_cpu *cpu, unsigned index,
                             struct insn *entry) {
  uint32_t word;
  memcpy(&word, cpu->h.page->bytes + index * 4, 4);
  enum a64_op op = a64_decode(word);
  *entry = (struct insn){ .fn = lazy };   // no operands of an earlier word
  if (op == A64_UNDEFINED ||
      !soft_model_has_word(&cpu->h.vm->features, op, word))
    soft_predecode_undefined(entry, word);
  else predecoder[op](entry, word, index * 4);
  return op;
}

// ------------------------------------------------------------ breakpoints --

// Of a word with a breakpoint the entry has this handler and its own operands.
// It is keyed by the virtual address. Without an MMU that is the page's own;
// with one, all words with the page offset of a breakpoint would have it.

static bool due(const struct soft_cpu *cpu, uint64_t va) {
  bool begun = cpu->pending.active && cpu->pending.pc == va;
  return !begun && breakpoint_due(cpu->h.vcpu, va);
}

bool soft_at_breakpoint(struct soft_cpu *cpu) {
  if (!cpu->h.vcpu->vm->breakpoints) return false;
  const struct insn *i = soft_jump(cpu, cpu->pc);
  return i != &soft_fetch_fault && due(cpu, soft_pc(cpu, i));
}

// FEAT_MOPS goes on at the same instruction after a page (op_mops.c).
static bool takes_several_steps(enum a64_op op) {
  return op == A64_CPYF || op == A64_CPY || op == A64_SET || op == A64_SETG;
}

static const struct insn *breakpoint(struct soft_cpu *cpu,
                                     const struct insn *i, uint64_t left) {
  uint64_t va = soft_pc(cpu, i);
  struct insn own;
  if (due(cpu, va)) return soft_next(cpu, leave_breakpoint(cpu, i), left);
  enum a64_op op = predecode(cpu, (unsigned)(i - cpu->h.page->insn), &own);
  const struct insn *next = own.fn(cpu, i, left);
  cpu->h.unfinished = next == i && takes_several_steps(op);
  return next;
}

static const struct insn *lazy(struct soft_cpu *cpu, const struct insn *i,
                               uint64_t left) {
  struct code_page *page = cpu->h.page;
  unsigned index = (unsigned)(i - page->insn);
  struct insn *entry = &page->insn[index];
  predecode(cpu, index, entry);
  if (breakpoint_at(cpu->h.vcpu->vm, cpu->h.page_va + index * 4))
    entry->fn = breakpoint;
  mem_mark_code(page->region, page->gpa - page->region->base + index * 4);
  return entry->fn(cpu, entry, left);
}

static const struct insn *page_end(struct soft_cpu *cpu,
                                   const struct insn *i, uint64_t left) {
  (void)i;
  const struct insn *next = soft_jump(cpu, cpu->h.page_va + PAGE_BYTES);
  return next->fn(cpu, next, left);
}

static const struct insn *fetch_fault(struct soft_cpu *cpu,
                                      const struct insn *i, uint64_t left) {
  (void)i;
  cpu->h.leave = LEAVE_FETCH;
  cpu->h.left = left;
  cpu->pc = cpu->h.fetch_va;
  return NULL;
}

const struct insn soft_fetch_fault = { .fn = fetch_fault };

static struct code_page **bucket(struct soft_vm *vm, uint64_t gpa) {
  uint64_t h = gpa >> PAGE_SHIFT;
  return &vm->code[(h ^ h >> 8) % CODE_BUCKETS];
}

static struct code_page *find_page(struct soft_vm *vm, uint64_t gpa) {
  struct code_page *page = *bucket(vm, gpa);
  while (page && page->gpa != gpa) page = page->next;
  return page;
}

static struct code_page *new_page(struct soft_vm *vm, struct region *region,
                                  uint64_t gpa) {
  if (vm->code_pages >= CODE_PAGES_MAX) return NULL;
  struct code_page *page = alloc_new(sizeof *page);
  if (!page) return NULL;
  struct code_page **head = bucket(vm, gpa);
  page->gpa = gpa;
  page->region = region;
  page->bytes = region->host + (gpa - region->base);
  for (unsigned k = 0; k < PAGE_WORDS; k++) page->insn[k].fn = lazy;
  page->insn[PAGE_WORDS].fn = page_end;
  page->next = *head;
  *head = page;
  vm->code_pages++;
  return page;
}

// The physical address a fetch at va goes to. With the MMU off it is va; this
// is the MMU's place.
static bool translate_fetch(const struct soft_cpu *cpu, uint64_t va,
                            uint64_t *gpa) {
  *gpa = va;
  return !soft_beyond_physical(cpu, va);
}

const struct insn *soft_jump_cold(struct soft_cpu *cpu, uint64_t va) {
  va = soft_branch_address(cpu, va);
  cpu->h.fetch_va = va;
  uint64_t gpa;
  if (va & 3 || !translate_fetch(cpu, va, &gpa)) return &soft_fetch_fault;
  uint64_t page_gpa = gpa & ~(uint64_t)(PAGE_BYTES - 1);
  struct region *region = mem_at(cpu->h.vcpu->vm, gpa);
  if (!region || !region->host || !(region->prot & TV_EXEC))
    return &soft_fetch_fault;
  struct code_page *page = find_page(cpu->h.vm, page_gpa);
  if (!page) page = new_page(cpu->h.vm, region, page_gpa);
  if (!page) return &soft_fetch_fault;
  unsigned slot = va >> PAGE_SHIFT & (JUMP_CACHE - 1);
  cpu->h.page = page;
  cpu->h.page_va = va & ~(uint64_t)(PAGE_BYTES - 1);
  cpu->h.jump[slot].va = cpu->h.page_va;
  cpu->h.jump[slot].page = page;
  return &page->insn[(va & (PAGE_BYTES - 1)) / 4];
}

// An instruction abort, Arm ARM D1.10 and D7.2: EC 0x20/0x21.
static enum slow_step fetch_abort(struct soft_cpu *cpu, unsigned fsc,
                                  tv_fault reason) {
  enum esr_ec ec = soft_el(cpu) ? ESR_EC_IABT : ESR_EC_IABT_LOW;
  cpu->h.exc = (struct soft_exc){ .esr = esr_make(ec, fsc), .far = cpu->pc,
    .has_far = true, .addr = cpu->pc, .reason = reason, .access = 'x',
    .size = 4 };
  return STEP_EXCEPTION;
}

enum slow_step soft_fetch_failure(struct soft_cpu *cpu) {
  uint64_t va = cpu->pc, gpa;
  if (va & 3) {
    cpu->h.exc = (struct soft_exc){ .esr = esr_make(ESR_EC_PC_ALIGN, 0),
      .far = va, .has_far = true, .addr = va, .access = 'x', .size = 4,
      .reason = TV_FAULT_PC_ALIGNMENT };
    return STEP_EXCEPTION;
  }
  if (!translate_fetch(cpu, va, &gpa))
    return fetch_abort(cpu, ESR_FSC_ADDRESS_SIZE, TV_FAULT_ADDRESS_SIZE);
  struct region *region = mem_at(cpu->h.vcpu->vm, gpa);
  soft_fault_exit(cpu, region && region->host && region->prot & TV_EXEC
    ? TV_FAULT_UNSUPPORTED     // the host has no memory for predecoded code
    : region ? TV_FAULT_PROTECTED : TV_FAULT_UNMAPPED, va, gpa, 4, 'x');
  return STEP_EXIT;
}

void soft_jump_reset(struct soft_cpu *cpu) {
  for (unsigned k = 0; k < JUMP_CACHE; k++) cpu->h.jump[k].va = 1;
  cpu->h.page = NULL;
}

void soft_breakpoint(tv_vm *vm, uint64_t address) {
  uint64_t at = address & (PAGE_BYTES - 1);
  struct code_page *page = find_page(vm->back, address - at);
  if (page) page->insn[at / 4].fn = lazy;
}

static bool granule_live(struct soft_vm *vm, struct region *region,
                         uint64_t off) {
  if (off >= region->size) return false;
  uint64_t gpa = region->base + off;
  struct code_page *page = find_page(vm, gpa & ~(uint64_t)(PAGE_BYTES - 1));
  if (!page) return false;
  const struct insn *i = &page->insn[(gpa & (PAGE_BYTES - 1)) / 4];
  for (unsigned k = 0; k < GRANULE_WORDS; k++)
    if (i[k].fn != lazy) return true;
  return false;
}

// CODE of a granule stands for itself and the next one (core/mem.h).
static void update_mark(struct soft_vm *vm, struct region *region,
                        uint64_t off) {
  uint8_t *mark = &region->store_map[off >> MEM_GRANULE_SHIFT];
  if (granule_live(vm, region, off) ||
      granule_live(vm, region, off + MEM_GRANULE))
    *mark |= STORE_CODE;
  else *mark &= (uint8_t)~STORE_CODE;
}

// The operands of entries stay: a handler whose own store brought us here
// still reads them.
static void drop_granule(struct soft_vm *vm, struct region *region,
                         uint64_t off) {
  uint64_t gpa = region->base + off;
  struct code_page *page = find_page(vm, gpa & ~(uint64_t)(PAGE_BYTES - 1));
  if (page) {
    struct insn *i = &page->insn[(gpa & (PAGE_BYTES - 1)) / 4];
    for (unsigned k = 0; k < GRANULE_WORDS; k++) i[k].fn = lazy;
  }
  update_mark(vm, region, off);
  if (off) update_mark(vm, region, off - MEM_GRANULE);
}

void soft_code_changed(struct soft_vm *vm, struct region *region,
                       uint64_t off, uint64_t len) {
  uint64_t end = off + len;
  for (off &= ~(uint64_t)(MEM_GRANULE - 1); off < end; off += MEM_GRANULE)
    if (region->store_map[off >> MEM_GRANULE_SHIFT] & STORE_CODE)
      drop_granule(vm, region, off);
}

void soft_code_flush(struct soft_vm *vm, tv_vm *owner) {
  for (unsigned k = 0; k < CODE_BUCKETS; k++) {
    while (vm->code[k]) {
      struct code_page *page = vm->code[k];
      uint64_t off = page->gpa - page->region->base;
      vm->code[k] = page->next;
      for (unsigned g = 0; g <= PAGE_GRANULES; g++)
        if (off + g * MEM_GRANULE >= MEM_GRANULE)
          page->region->store_map[(off >> MEM_GRANULE_SHIFT) + g - 1] &=
            (uint8_t)~STORE_CODE;
      alloc_free(page);
    }
  }
  vm->code_pages = 0;
  for (unsigned k = 0; k < owner->vcpus; k++)
    soft_jump_reset(owner->vcpu[k]->back);
}
