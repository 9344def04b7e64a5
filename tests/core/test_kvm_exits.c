// SPDX-License-Identifier: MIT
//
// src/kvm on a kernel that is not there (kvm_script.h): registers by their
// identifiers, memory, the filter of hypercalls, and what calls, accesses and
// exceptions become.

#include <stdio.h>    // for __GLIBC__: others declare ioctl in their own way

#ifdef __GLIBC__

#include "kvm_script.h"

// --------------------------------------------------------------- registers --

static void registers(void) {
  static const struct { tv_reg reg; uint64_t id; const char *name; } table[] = {
    {TV_REG_X(0), REG_CORE, "x0"}, {TV_REG_X(30), REG_CORE | 60, "x30"},
    {TV_REG_PC, REG_CORE | 0x40, "pc"}, {TV_REG_SP, REG_CORE | 0x44, "sp"},
    {TV_REG_PSTATE, REG_CORE | 0x42, "pstate"},
    {TV_REG_SYS(VIEW_sp_el0), REG_CORE | 0x3e, "sp_el0"},
    {TV_REG_SYS(VIEW_sp_el1), REG_CORE | 0x44, "sp_el1"},
    {TV_REG_SYS(VIEW_elr_el1), REG_CORE | 0x46, "elr_el1"},
    {TV_REG_SYS(VIEW_spsr_el1), REG_CORE | 0x48, "spsr_el1"},
    {TV_REG_SYS(VIEW_fpcr), UINT64_C(0x60200000001000d5), "fpcr"},
    {TV_REG_SYS(VIEW_fpsr), UINT64_C(0x60200000001000d4), "fpsr"},
    {TV_REG_SYS(VIEW_sctlr_el1), UINT64_C(0x603000000013c080), "sctlr_el1"},
    {TV_REG_SYS(VIEW_cntv_ctl_el0), UINT64_C(0x603000000013df19),
     "cntv_ctl_el0"},
    {TV_REG_SYS(VIEW_cntv_cval_el0), UINT64_C(0x603000000013df02),
     "cntv_cval_el0"}
  };
  start();
  for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
    uint64_t in = table[i].reg == TV_REG_PSTATE ? 0x600003c5 : 0x3001, out = 0;
    tv_status s = tv_vcpu_set(cpu, table[i].reg, &in, 8, &err);
    if (!s) s = tv_vcpu_get(cpu, table[i].reg, &out, 8, &err);
    ok(!s && *reg(table[i].id) == in && out == in, "%s is where KVM has it%s%s",
       table[i].name, s ? ": " : "", s ? err.text : "");
  }
  uint64_t now = 0;
  *reg(UINT64_C(0x603000000013df1a)) = 77;
  tv_vcpu_get(cpu, TV_REG_SYS(VIEW_cntvct_el0), &now, sizeof now, NULL);
  eq_u64(now, 77, "cntvct_el0 is where KVM has it");
  tv_vcpu *other = NULL;
  tv_vcpu_new(vm, &other, NULL);
  tv_vcpu_get(cpu, TV_REG_SYS(VIEW_cntvct_el0), &now, sizeof now, NULL);
  eq_u64(now, 77, "and goes on when KVM begins it anew for another vCPU");
  tv_vcpu_free(other);
  tv_vcpu_get(cpu, TV_REG_SYS(VIEW_vbar_el1), &now, sizeof now, NULL);
  eq_u64(now, 0, "the trap page in VBAR_EL1 is not shown");
  *reg(UINT64_C(0x603000000013df19)) = 6;
  tv_vcpu_get(cpu, TV_REG_SYS(VIEW_cntv_ctl_el0), &now, sizeof now, NULL);
  eq_u64(now, 2, "nor ISTATUS of a timer that is off");
  *sys(VIEW_tpidr_el0) = GARBAGE;
  tv_vm_reset(vm, NULL);
  ok(!*sys(VIEW_tpidr_el0) && *sys(VIEW_vbar_el1) == kvm_vm_of(vm)->trap &&
     init.features[0] == 1 << VCPU_PSCI_0_2, "what reset makes of it");
  uint64_t q[2] = { 0x1122, 0x3344 };
  tv_vcpu_set(cpu, TV_REG_Q(31), q, sizeof q, NULL);
  ok(!memcmp(reg(UINT64_C(0x60400000001000d0)), q, sizeof q),
     "q31 is where KVM has it");
  stop();
}

static void regions(void) {
  start();
  const uint64_t rom = 0x100000, secret = 0x200000;
  tv_mem_ram(vm, rom, RAM, TV_READ, NULL, &err);
  tv_mem_ram(vm, secret, RAM, TV_WRITE, NULL, &err);
  ok(region[0].gpa == kvm_vm_of(vm)->trap && region[0].flags == MEM_READONLY,
     "the trap page is a slot that nobody writes");
  ok(region[1].gpa == 0 && !region[1].flags, "RAM is one");
  ok(region[2].gpa == rom && region[2].flags == MEM_READONLY, "and ROM");
  ok(!region[3].size, "RAM that cannot be read has none");
  tv_mem_protect(vm, 0, TV_READ, &err);
  ok(region[1].gpa == 0 && region[1].flags == MEM_READONLY,
     "RAM that is only read, as ROM");
  tv_mem_unmap(vm, rom, RAM, &err);
  ok(region[2].gpa == rom && !region[2].size, "unmapped, its slot is empty");
  stop();
}

// A host's address is as the guest's in its low bits.
static void addresses(void) {
  const uint64_t large = 2 << 20;
  start();
  bool alike = true;
  for (unsigned n = 1; n < 5; n++) {
    tv_mem_ram(vm, n * UINT64_C(0x30000), RAM, TV_READ, NULL, &err);
    alike = alike && !((region[n].host - region[n].gpa) % RAM);
  }
  ok(alike, "in those that index an instruction cache");
  tv_mem_ram(vm, large + RAM, 2 * large, TV_READ, NULL, &err);
  ok(region[6].gpa == large + RAM &&
     !((region[6].host - region[6].gpa) % large),
     "of more memory in those of a large page");
  stop();
}

static void filters_of_calls(void) {
  start();
  uint64_t next = 0, gaps = 0;
  bool forward = filters == 3;
  for (unsigned i = 0; i < filters; i++) {
    forward = forward && filter[i].action == SMCCC_FWD_TO_USER;
    gaps += filter[i].base - next;
    next = (uint64_t)filter[i].base + filter[i].count;
  }
  ok(forward, "three ranges of hypercalls come to us");
  ok(next == UINT64_C(1) << 32 && gaps == 0x20000 &&
     filter[1].base == 0x80010000 && filter[2].base == 0xc0010000,
     "all but the two that KVM reserves");
  stop();
}

// -------------------------------------------------------------- hypercalls --

static int calls(void) {
  *core(CORE_PC) = CODE + 4;
  for (unsigned n = 1; n < 8; n++) *x(n) = n * 10;
  shared->exit_reason = EXIT_HYPERCALL;
  shared->hypercall.flags = 0;
  return 0;
}

static int calls_by_smc(void) {
  calls();
  shared->hypercall.flags = HYPERCALL_SMC;
  return 0;
}

static void hypercalls(void) {
  start();
  SCRIPT(calls, calls, calls_by_smc);
  word(0xd4000002 | 0x1234 << 5);
  *x(0) = UINT64_C(0xabc00000007);
  ok(go() == TV_EXIT_HVC && left.u.hvc.imm == 0x1234 && left.u.hvc.nr == 7 &&
     left.u.hvc.arg[0] == 10 && left.u.hvc.arg[6] == 70,
     "hvc: number and arguments; the immediate is from its word");
  ok(left.pc == CODE && *core(CORE_PC) == CODE + 4, "pc is behind it");
  word(0xd4000002);
  *x(0) = 0x84000008;
  ok(go() == TV_EXIT_SHUTDOWN && left.u.shutdown.reason == TV_SHUTDOWN_OFF,
     "PSCI comes to us and is served");
  tv_vm_reset(vm, NULL);
  word(0xd4000003);
  word(0xd4000002);
  at = 0;
  *x(0) = 0x84000000;
  ok(step() == TV_EXIT_BUDGET && at == 1, "a call that is served is a step");
  at = 2;
  word(0xd4000003);
  ok(go() == TV_EXIT_SMC && *core(CORE_PC) == CODE && left.pc == CODE,
     "smc: pc is put back");
  stop();
}

static int event(uint32_t type) {
  *core(CORE_PC) = CODE + 4;
  mp_state = MP_STOPPED;
  shared->exit_reason = EXIT_SYSTEM_EVENT;
  shared->system_event.type = type;
  return 0;
}

static int turns_off(void) { return event(EVENT_SHUTDOWN); }
static int resets(void) { return event(EVENT_RESET); }
static int crashes(void) { return event(3); }

static void system_events(void) {
  start();
  SCRIPT(turns_off, resets, crashes);
  ok(go() == TV_EXIT_SHUTDOWN && left.u.shutdown.reason == TV_SHUTDOWN_OFF &&
     mp_state == MP_RUNNABLE,
     "SYSTEM_OFF that KVM served is one; the vCPU can run again");
  tv_vm_reset(vm, NULL);
  ok(go() == TV_EXIT_SHUTDOWN && left.u.shutdown.reason == TV_SHUTDOWN_RESET,
     "SYSTEM_RESET, too");
  tv_vm_reset(vm, NULL);
  ok(tv_vm_run(vm, 1000000, &left, &err) && strstr(err.text, "reason 24"),
     "another event fails: %s", err.text);
  stop();
}

// ------------------------------------------------------------------ caches --

// In place of src/kvm/kvm_cache.c: what goes to memory and comes from there.
static struct { uint64_t from, size; uint8_t first; } flush[16];
static unsigned flushes;

void kvm_cache_flush(const void *from, uint64_t size) {
  if (flushes == 16) return;
  flush[flushes].from = (uintptr_t)from - region[1].host;
  flush[flushes].first = *(const uint8_t *)from;
  flush[flushes++].size = size;
}

static bool flushed(uint64_t from, uint64_t size) {
  bool found = false;
  for (unsigned k = 0; k < flushes; k++)
    found = found || (flush[k].from == from && flush[k].size == size);
  flushes = 0;
  return found;
}

static void use_memory(void) {
  uint8_t bytes[8] = { 9 };
  flushes = 0;
  tv_mem_write(vm, 0x2000, bytes, 5, NULL);
  ok(has_fwb || !flush[0].first, "what lies beside what is written, before");
  ok(has_fwb || flush[1].first == 9, "and what is written, after");
  ok(flushed(0x2000, 5) != has_fwb, "both that");
  tv_mem_read(vm, 0x2003, bytes, 7, NULL);
  ok(flushed(0x2003, 7) != has_fwb, "what is read");
  tv_mem_host(vm, 0x2010, 0x100);
  ok(flushed(0x2010, 0x100) != has_fwb, "what is asked for");
  *core(CORE_PC) = CODE;
  *x(0) = TV_HC_PUTS_NR;
  go();
  ok(flushed(10, 256) != has_fwb, "a text that is put out");
}

// Guests may go past the caches of a CPU without FEAT_S2FWB.
static void caches(void) {
  for (unsigned n = 0; n < 2; n++) {
    has_fwb = n;
    start();
    note("%s", has_fwb ? "FEAT_S2FWB" : "no FEAT_S2FWB");
    SCRIPT(calls);
    word(0xd4000002);
    use_memory();
    stop();
  }
  has_fwb = false;
}

// -------------------------------------------------------------------- MMIO --

static int access_device(bool write) {
  shared->exit_reason = EXIT_MMIO;
  shared->mmio.phys = DEVICE + 8;
  shared->mmio.len = 8;
  shared->mmio.is_write = write;
  destination = write ? 31 : 5;
  return 0;
}

static int loads(void) { return access_device(false); }
static int stores(void) { return access_device(true); }

// KVM does not say which register it has loaded. The word does not either if it
// is not of A64, or nobody can read it.
static void loads_unknown(void) {
  start();
  SCRIPT(loads, loads);
  *x(1) = DEVICE;
  *x(5) = 55;
  *core(CORE_PSTATE) = 0x10;                          // AArch32, EL0
  word(0xf9400425);                                   // were it of A64, a load
  for (unsigned n = 0; n < 2; n++) {
    uint64_t pc = n ? RAM * 16 : CODE;
    *core(CORE_PC) = pc;
    ok(go() == TV_EXIT_FAULT && left.u.fault.addr == DEVICE + 8 &&
       left.u.fault.reason == TV_FAULT_UNSUPPORTED && at == n + 1,
       "a load %s is not served", n ? "that cannot be read" : "of AArch32");
    ok(*x(5) == 55 && *core(CORE_PC) == pc, "and has loaded nothing");
    *core(CORE_PSTATE) = PSTATE_RESET;
  }
  stop();
}

// A pair: KVM cannot say what it is.
static int loads_pair(void) {
  shared->exit_reason = EXIT_ARM_NISV;
  shared->nisv.iss = 0;
  shared->nisv.ipa = DEVICE + 8;
  return 0;
}

static void accesses(void) {
  start();
  SCRIPT(loads, stores);
  *x(1) = DEVICE;
  *x(5) = 55;
  word(0xf9400425);                                   // ldr x5, [x1, #8]
  ok(go() == TV_EXIT_MMIO && !left.u.mmio.write &&
     left.u.mmio.addr == DEVICE + 8 && left.u.mmio.size == 8,
     "a load from a device");
  ok(completions == 1 && *core(CORE_PC) == CODE && *x(5) == 55,
     "KVM's own completion is taken back");
  tv_vcpu_answer(cpu, 0x77, NULL);
  word(0xf9000425);                                   // str x5, [x1, #8]
  *core(CORE_PC) = CODE - 4;                          // the load moves it
  ok(go() == TV_EXIT_MMIO && left.u.mmio.write && left.u.mmio.value == 0x77,
     "the answer is in the register: a store has it");
  ok(completions == 2 && *core(CORE_PC) == CODE,
     "the store's completion is taken back");
  ok(go() == TV_EXIT_HVC && *core(CORE_PC) == CODE + 4 &&
     !shared->immediate_exit, "the next run goes on behind it");
  stop();
}

static void pairs(void) {
  start();
  SCRIPT(loads_pair);
  *x(1) = DEVICE;
  word(0xa9408c22);                                   // ldp x2, x3, [x1, #8]
  ok(go() == TV_EXIT_MMIO && left.u.mmio.addr == DEVICE + 8, "a pair's first");
  tv_vcpu_answer(cpu, 2, NULL);
  ok(go() == TV_EXIT_MMIO && left.u.mmio.addr == DEVICE + 16, "its second");
  tv_vcpu_answer(cpu, 3, NULL);
  ok(go() == TV_EXIT_HVC && *x(2) == 2 && *x(3) == 3 &&
     *core(CORE_PC) == CODE + 4 && !completions,
     "an access without a syndrome is decoded, and has no completion");
  stop();
}

// LD64B, which newer kernels let a guest have.
static int loads_64_bytes(void) {
  loads_pair();
  shared->exit_reason = 42;
  return 0;
}

static void sixty_four_bytes(void) {
  start();
  SCRIPT(loads_64_bytes);
  *x(1) = DEVICE + 8;
  word(0xf83fd022);                                   // ld64b x2, [x1]
  ok(go() == TV_EXIT_FAULT && left.u.fault.addr == DEVICE + 8 &&
     left.u.fault.reason == TV_FAULT_UNSUPPORTED && left.pc == CODE &&
     *core(CORE_PC) == CODE, "LD64B of a device is not served");
  stop();
}

static int loads_the_second(void) {
  loads_pair();
  shared->nisv.ipa = DEVICE;
  return 0;
}

static void pairs_across(void) {
  start();
  SCRIPT(loads_the_second);
  const uint64_t before = 0xfeed;
  tv_mem_ram(vm, DEVICE - RAM, RAM, TV_READ | TV_WRITE, NULL, &err);
  tv_mem_write(vm, DEVICE - 8, &before, 8, NULL);
  *x(1) = DEVICE - 8;
  word(0xa9400c22);                                   // ldp x2, x3, [x1]
  ok(go() == TV_EXIT_MMIO && left.u.mmio.addr == DEVICE,
     "a pair whose second is a device's");
  tv_vcpu_answer(cpu, 3, NULL);
  ok(go() == TV_EXIT_HVC && *x(2) == before && *x(3) == 3, "has both");
  stop();
}

// -------------------------------------------------------------- exceptions --

static int traps(void) {
  enter_vector(0x200, esr_make(ESR_EC_BRK64, 5), CODE);
  shared->exit_reason = EXIT_MMIO;
  shared->mmio.phys = *core(CORE_PC) + KVM_TRAP_SIZE;
  shared->mmio.len = 4;
  shared->mmio.is_write = 0;
  return 0;
}

static unsigned abort_status;

// A guest with FEAT_LPA2 whose tables begin at level -1.
static int aborts_at_level_minus_1(void) {
  traps();
  *sys(VIEW_esr_el1) = esr_make(ESR_EC_DABT, abort_status);
  return 0;
}

static void aborts(void) {
  static const struct { unsigned status; tv_fault reason; } codes[] = {
    {0x29, TV_FAULT_ADDRESS_SIZE}, {0x2b, TV_FAULT_TRANSLATION},
    {0x13, TV_FAULT_UNMAPPED}
  };
  for (unsigned n = 0; n < sizeof codes / sizeof *codes; n++) {
    start();
    SCRIPT(aborts_at_level_minus_1);
    abort_status = codes[n].status;
    go();
    eq_str(tv_fault_name(left.u.fault.reason), tv_fault_name(codes[n].reason),
           "an abort of status %#x, without vectors", abort_status);
    stop();
  }
}

static int spins(void) {
  enter_vector(0x200, esr_make(ESR_EC_UNKNOWN, 0), VECTORS + 0x200);
  return signalled();
}

// In its IRQ handler's first instruction; that is no spinning.
static int handles(void) {
  enter_vector(0x280, 0, VECTORS + 0x280);
  return signalled();
}

// In the first instruction of a handler, for whatever came before.
static int handles_svc(void) {
  enter_vector(0x200, esr_make(ESR_EC_SVC64, 0), CODE + 4);
  return signalled();
}

static void exceptions(void) {
  start();
  SCRIPT(traps, handles, handles_svc, spins);
  ok(go() == TV_EXIT_BRK && left.u.brk.imm == 5 && left.pc == CODE &&
     *core(CORE_PC) == CODE, "an exception without vectors is what it was");
  vectors();
  ok(go() == TV_EXIT_FAULT && at == 4 && left.pc == VECTORS + 0x200 &&
     left.u.fault.reason == TV_FAULT_UNDEFINED,
     "a guest that spins at its own vector is a fault");
  stop();
}

int main(void) {
  registers();
  regions();
  addresses();
  filters_of_calls();
  hypercalls();
  system_events();
  caches();
  accesses();
  loads_unknown();
  pairs();
  pairs_across();
  sixty_four_bytes();
  aborts();
  exceptions();
  return done();
}

#else

#include "tap.h"

int main(void) {
  skip("ioctl is declared otherwise than by glibc", "exits of KVM");
  return done();
}

#endif
