// SPDX-License-Identifier: MIT
//
// The mock's own rules, so that what it refuses is known to be refused; and
// what the backend says when the framework refuses.

#include <libkern/OSCacheControl.h>
#include <mach/mach_time.h>
#include <sys/mman.h>

#include "hvf/hvf.h"
#include "mock.h"
#include "tap.h"

enum { SIZE = 4 * MOCK_GRANULE };

static uint8_t *memory;

static void is(hv_return_t got, hv_return_t want, const char *law) {
  ok(got == want, "%s (0x%08x)", law, (unsigned)got);
}

static void put(uint64_t at, uint32_t word) {
  memcpy(memory + at, &word, sizeof word);
}

// --------------------------------------------------------------------- VM --

static void one_vm(void) {
  is(hv_vm_map(memory, 0, SIZE, 7), HV_NO_DEVICE, "no VM, no map");
  is(hv_vm_destroy(), HV_NO_DEVICE, "no VM, nothing to destroy");
  is(hv_vm_create(NULL), HV_SUCCESS, "a VM");
  is(hv_vm_create(NULL), HV_BUSY, "one VM in a process");
}

static void maps(void) {
  const uint64_t end = UINT64_C(1) << MOCK_IPA_BITS;
  is(hv_vm_map(memory, 0, SIZE, 7), HV_SUCCESS, "a map");
  is(hv_vm_map(memory, 0, SIZE, 7), HV_BAD_ARGUMENT, "maps are disjoint");
  is(hv_vm_map(memory, 4096, SIZE, 7), HV_BAD_ARGUMENT, "at 16 KiB");
  is(hv_vm_map(memory, SIZE, 4096, 7), HV_BAD_ARGUMENT, "of 16 KiB");
  is(hv_vm_map(memory, SIZE, 0, 7), HV_BAD_ARGUMENT, "not empty");
  is(hv_vm_map(memory + 8, SIZE, SIZE, 7), HV_BAD_ARGUMENT, "of pages");
  is(hv_vm_map(memory, end, SIZE, 7), HV_BAD_ARGUMENT, "below 2^36");
  is(hv_vm_map(memory, end - MOCK_GRANULE, SIZE, 7), HV_BAD_ARGUMENT,
     "and not over it");
  is(hv_vm_unmap(SIZE, SIZE), HV_BAD_ARGUMENT, "what is not mapped stays so");
  is(hv_vm_protect(SIZE, SIZE, 1), HV_BAD_ARGUMENT, "and is not protected");
}

// ------------------------------------------------------------------ vCPUs --

static hv_vcpu_t cpu;
static hv_vcpu_exit_t *out;

static void *from_elsewhere(void *arg) {
  hv_vcpu_t other;
  hv_vcpu_exit_t *exit;
  uint64_t value;
  (void)arg;
  is(hv_vcpu_get_reg(cpu, HV_REG_PC, &value), HV_BAD_ARGUMENT,
     "registers are their thread's");
  is(hv_vcpu_run(cpu), HV_BAD_ARGUMENT, "so are runs");
  is(hv_vcpu_destroy(cpu), HV_BAD_ARGUMENT, "and the end");
  is(hv_vcpus_exit(&cpu, 1), HV_SUCCESS, "but anyone may ask for an exit");
  is(hv_vcpu_create(&other, &exit, NULL), HV_SUCCESS, "a vCPU of its own");
  is(hv_vcpu_destroy(other), HV_SUCCESS, "which it destroys");
  return NULL;
}

static void owners(void) {
  hv_vcpu_t second;
  hv_vcpu_exit_t *exit;
  pthread_t thread;
  is(hv_vcpu_create(&cpu, &out, NULL), HV_SUCCESS, "a vCPU");
  is(hv_vcpu_create(&second, &exit, NULL), HV_BUSY, "one for a thread");
  is(hv_vm_destroy(), HV_BUSY, "a VM with a vCPU stays");
  pthread_create(&thread, NULL, from_elsewhere, NULL);
  pthread_join(thread, NULL);
}

static void junk(void) {
  uint64_t value;
  hv_vcpu_get_reg(cpu, HV_REG_CPSR, &value);
  eq_u64(value & 0x1f, 0, "a fresh vCPU is at EL0t");
  hv_vcpu_get_reg(cpu, HV_REG_X0, &value);
  ok(value != 0, "with junk in x0");
  hv_vcpu_get_sys_reg(cpu, HV_SYS_REG_TTBR0_EL1, &value);
  ok(value != 0, "and in TTBR0_EL1");
  hv_vcpu_get_sys_reg(cpu, HV_SYS_REG_SCTLR_EL1, &value);
  eq_u64(value, 0, "but 0 in SCTLR_EL1");
  is(hv_vcpu_get_sys_reg(cpu, 0xdf01, &value), HV_BAD_ARGUMENT,
     "CNTPCT_EL0 is no register of it");
  is(hv_vcpu_set_sys_reg(cpu, 0xc081, 0), HV_BAD_ARGUMENT,
     "nor is ACTLR_EL1 before macOS 15");
  is(hv_vcpu_set_reg(cpu, HV_REG_CPSR + 1, 0), HV_BAD_ARGUMENT,
     "there is no register 35");
}

static void start_at(uint64_t pc) {
  hv_vcpu_set_reg(cpu, HV_REG_CPSR, 0x3c5);
  hv_vcpu_set_reg(cpu, HV_REG_PC, pc);
}

static uint64_t pc(void) {
  uint64_t value;
  hv_vcpu_get_reg(cpu, HV_REG_PC, &value);
  return value;
}

static void exits(void) {
  start_at(0);
  is(hv_vcpu_run(cpu), HV_UNSUPPORTED, "its counter has one offset");
  hv_vcpu_set_vtimer_offset(cpu, mock_zero());
  is(hv_vcpu_run(cpu), HV_SUCCESS, "a run");
  eq_u64(out->reason, HV_EXIT_REASON_CANCELED,
         "an exit asked for before a run ends it");
  eq_u64(pc(), 0, "before its first instruction");
  hv_vcpu_run(cpu);
  eq_u64(out->reason, HV_EXIT_REASON_VTIMER_ACTIVATED,
         "the junk in CNTV_CTL_EL0 has armed the timer");
  hv_vcpu_run(cpu);
  eq_u64(out->reason, HV_EXIT_REASON_EXCEPTION, "which is masked then");
  eq_u64(out->exception.syndrome, 0x5a000007, "hvc #7");
  eq_u64(pc(), 4, "pc is after an hvc");
  hv_vcpu_set_vtimer_mask(cpu, false);
  hv_vcpu_run(cpu);
  eq_u64(out->reason, HV_EXIT_REASON_VTIMER_ACTIVATED,
         "and fires again without the mask");
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome >> 24, 0x92, "a pair has no ISV");
  eq_u64(out->exception.physical_address, 0x100000, "and the IPA");
  eq_u64(pc(), 4, "pc is at a load");
  start_at(8);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome & 0xfffff000, 0x93c38000, "ldr x3 has");
  start_at(12);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome >> 26, 1, "wfi");
  eq_u64(pc(), 12, "pc is at it");
}

static void interrupts(void) {
  bool pending;
  uint64_t elr;
  hv_vcpu_set_sys_reg(cpu, HV_SYS_REG_VBAR_EL1, 0x1000);
  hv_vcpu_set_sys_reg(cpu, HV_SYS_REG_CNTV_CTL_EL0, 0);
  start_at(0);
  hv_vcpu_set_reg(cpu, HV_REG_CPSR, 0x345);
  hv_vcpu_set_pending_interrupt(cpu, HV_INTERRUPT_TYPE_IRQ, true);
  hv_vcpu_run(cpu);
  eq_u64(pc(), 0x1284, "a pending IRQ is taken");
  hv_vcpu_get_sys_reg(cpu, HV_SYS_REG_ELR_EL1, &elr);
  eq_u64(elr, 0, "before the first instruction");
  hv_vcpu_get_pending_interrupt(cpu, HV_INTERRUPT_TYPE_IRQ, &pending);
  ok(!pending, "and is pending no more after the run");
}

static void fetches(void) {
  start_at(0x2000);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome, 0x5a000001, "hvc #1");
  put(0x2000, 0xd4000042);
  start_at(0x2000);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome, 0x5a000001, "is still fetched when hvc #2 "
         "is written over it");
  sys_icache_invalidate(memory + 0x2000, 4);
  start_at(0x2000);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome, 0x5a000002, "until it is invalidated");
}

static void protections(void) {
  is(hv_vm_protect(MOCK_GRANULE, MOCK_GRANULE, 5), HV_SUCCESS,
     "a part of a map is protected");
  is(hv_vm_protect(4096, MOCK_GRANULE, 5), HV_BAD_ARGUMENT, "at 16 KiB");
  is(hv_vm_protect(2 * MOCK_GRANULE, SIZE, 5), HV_BAD_ARGUMENT,
     "and not beyond its end");
  start_at(16);
  hv_vcpu_set_reg(cpu, HV_REG_X0 + 3, 2 * MOCK_GRANULE - 8);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome & 0xfc00007f, 0x9000004f,
         "the last store to it has no permission");
  eq_u64(out->exception.physical_address, 2 * MOCK_GRANULE - 8,
         "and its address");
  hv_vcpu_set_reg(cpu, HV_REG_X0 + 3, 2 * MOCK_GRANULE);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome, 0x5a000003, "the next page has it");
  is(hv_vm_protect(0, SIZE, 7), HV_SUCCESS, "the parts are one map");
  start_at(16);
  hv_vcpu_set_reg(cpu, HV_REG_X0 + 3, 2 * MOCK_GRANULE - 8);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome, 0x5a000003, "and can be written again");
}

// ----------------------------------------------------------------- traps --

// What an instruction leaves with; 0: nothing, it is done by itself.
static uint64_t leaves(uint32_t word) {
  put(0x3000, word);
  put(0x3004, 0xd4000022);           // hvc #1
  sys_icache_invalidate(memory + 0x3000, 8);
  start_at(0x3000);
  hv_vcpu_set_reg(cpu, HV_REG_X0 + 4, 0x100000);
  hv_vcpu_set_reg(cpu, HV_REG_X0 + 7, 0);
  hv_vcpu_set_reg(cpu, HV_REG_X0 + 9, UINT64_MAX);
  hv_vcpu_run(cpu);
  bool hvc = out->exception.syndrome >> 26 == 0x16;
  if (pc() != (hvc ? 0x3008 : 0x3000)) return pc();
  return hvc ? 0 : out->exception.syndrome;
}

static void trapped_registers(void) {
  eq_u64(leaves(0xd53be225), 0x6232f8a5, "mrs x5, cntp_ctl_el0 leaves");
  eq_u64(leaves(0xd51be25f), 0x6234fbe4, "msr cntp_cval_el0, xzr");
  eq_u64(leaves(0xd51be21e), 0x6230fbc4, "msr cntp_tval_el0, x30");
  eq_u64(leaves(0xd5101087), 0x622804e0, "msr oslar_el1, x7");
  eq_u64(leaves(0xd5301188), 0x62280503, "mrs x8, oslsr_el1");
  eq_u64(leaves(0xd53807e1), 0x623e002f, "mrs x1, s3_0_c0_c7_7");
  eq_u64(leaves(0xd53b9c02), 0x6230e459, "mrs x2, pmcr_el0");
  eq_u64(leaves(0xd518cba4), 0x623a3096, "msr icc_sgi1r_el1, x4");
  eq_u64(leaves(0xd53ef106), 0x6231bcc3, "mrs x6, s3_6_c15_c1_0");
  eq_u64(leaves(0xd5380741), 0, "mrs x1, id_aa64mmfr2_el1 does not");
  eq_u64(leaves(0xd53be041), 0, "nor mrs x1, cntvct_el0");
  eq_u64(leaves(0xd53be321), 0, "nor mrs x1, cntv_ctl_el0");
  eq_u64(leaves(0xd53be023), 0x6232f861, "mrs x3, cntpct_el0 does");
  eq_u64(leaves(0xd538a461), 0x62362829, "mrs x1, lorc_el1");
  eq_u64(leaves(0xd5300201), 0x62200025, "mrs x1, mdccint_el1");
  mock.before_26 = true;
  eq_u64(leaves(0xd53be023) + leaves(0xd538a461) + leaves(0xd5300201), 0,
         "but none of the three before macOS 26");
  mock.before_26 = false;
}

static void trapped_debug(void) {
  bool trapped = true;
  hv_vcpu_get_trap_debug_reg_accesses(cpu, &trapped);
  ok(!trapped, "a fresh vCPU has its debug registers");
  eq_u64(leaves(0xd5300241) + leaves(0xd5100189), 0, "which do not leave");
  hv_vcpu_set_trap_debug_reg_accesses(cpu, true);
  eq_u64(leaves(0xd5300241), 0x62240025, "but if the host wants them: mdscr");
  eq_u64(leaves(0xd5100189), 0x62280122, "dbgbvr1");
  hv_vcpu_set_trap_debug_reg_accesses(cpu, false);
}

static void trapped_others(void) {
  eq_u64(leaves(0xd50b7e24), 0x92000145, "dc civac on nothing: CM");
  eq_u64(out->exception.physical_address, 0x100000, "at its address");
  eq_u64(out->exception.virtual_address, 0x100000, "in both");
  eq_u64(leaves(0xd5087624), 0x92000145, "dc ivac");
  eq_u64(leaves(0xd50b7524), 0x92000145, "ic ivau");
  eq_u64(leaves(0xd50b7e3f), 0, "not on memory");
  eq_u64(leaves(0xd503205f), 0x07e00001, "wfe");
  eq_u64(leaves(0xd5031009), 0x07e00127, "wfet x9");
  eq_u64(leaves(0xd5031007), 0, "wfet x7, whose time has come, goes on");
  eq_u64(leaves(0xd5031029), 0x07e00126, "wfit x9");
}

static void at_el0(void) {
  start_at(0x3000);
  hv_vcpu_set_sys_reg(cpu, HV_SYS_REG_CNTKCTL_EL1, 0);
  hv_vcpu_set_reg(cpu, HV_REG_CPSR, 0x3c0);
  put(0x3000, 0xd53be225);           // mrs x5, cntp_ctl_el0
  put(0x1400, 0xd4000062);           // hvc #3
  sys_icache_invalidate(memory, SIZE);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome, 0x5a000003, "EL1 traps EL0 first");
  start_at(0x3000);
  hv_vcpu_set_sys_reg(cpu, HV_SYS_REG_CNTKCTL_EL1, 0x200);
  hv_vcpu_set_reg(cpu, HV_REG_CPSR, 0x3c0);
  hv_vcpu_run(cpu);
  eq_u64(out->exception.syndrome, 0x6232f8a5, "unless it has opened it");
}

// ---------------------------------------------------------- what we say --

// The framework's own hypercalls never come to us.
static void its_own(void) {
  static const uint32_t guest[] = {
    0xd2b82000, 0xd4000002, 0xaa0003e1, 0xd2b82000, 0xd4000022
  };            // mov x0, #0xc1000000; hvc #0; mov x1, x0; mov x0, ..; hvc #1
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf" };
  tv_vm *vm = NULL;
  tv_vcpu *of_vm = NULL;
  tv_exit exit = { 0 };
  uint64_t x1 = 0;
  tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, MOCK_GRANULE, TV_READ | TV_EXEC, NULL, NULL);
  tv_mem_write(vm, 0, guest, sizeof guest, NULL);
  tv_vcpu_new(vm, &of_vm, NULL);
  tv_vcpu_run(of_vm, TV_NO_LIMIT, &exit, NULL);
  tv_vcpu_get(of_vm, TV_REG_X(1), &x1, sizeof x1, NULL);
  ok(exit.kind == TV_EXIT_HVC && exit.u.hvc.imm == 1 && x1 == UINT32_MAX,
     "a number from 0xc1000000 on is unknown to macOS, with hvc #0");
  tv_vm_free(vm);
}

static void refusals(void) {
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf" };
  tv_vm *vm = NULL, *second = NULL;
  tv_error err;
  tv_exit exit;
  mock.denied = true;
  ok(tv_vm_new(&config, &vm, &err) == TV_E_DENIED &&
     strstr(err.text, "HV_DENIED (0xfae94007)") &&
     strstr(err.text, "codesign -s - -f --entitlements entitlements.plist "
            "PROGRAM"),
     "without the entitlement: %s", err.text);
  ok(err.os == HV_DENIED, "with the framework's number");
  mock.denied = false;
  ok(tv_vm_new(&config, &vm, &err) == TV_OK, "a VM of hvf");
  tv_limits limits;
  tv_vm_limits(vm, &limits);
  eq_u64(limits.address_bits, MOCK_IPA_BITS, "with the framework's addresses");
  eq_u64(limits.vcpus, MOCK_VCPUS, "and number of vCPUs");
  ok(tv_vm_new(&config, &second, &err) == TV_E_BUSY &&
     strstr(err.text, "one VM at a time"), "a second one: %s", err.text);
  ok(tv_mem_ram(vm, 0x1000, 0x4000, 7, NULL, &err) == TV_E_ALIGNMENT &&
     strstr(err.text, "16 KiB") && strstr(err.text, "0x4000"),
     "4 KiB: %s", err.text);
  ok(tv_mem_ram(vm, UINT64_C(1) << 36, 0x4000, 7, NULL, &err) == TV_E_LIMIT &&
     strstr(err.text, "36 bits"), "2^36: %s", err.text);
  ok(tv_mem_ram(vm, (UINT64_C(1) << 36) - 0x4000, 0x4000, 7, NULL, &err) ==
     TV_E_OVERLAP, "the trap page: %s", err.text);
  ok(tv_mem_ram(vm, 0, 0x4000, 7, memory + 8, &err) == TV_E_ALIGNMENT,
     "host memory: %s", err.text);
  tv_mem_ram(vm, 0, SIZE, 7, NULL, NULL);
  hv_vm_unmap(0, SIZE);
  ok(tv_mem_unmap(vm, 0, SIZE, &err) == TV_E_INVALID &&
     strstr(err.text, "hv_vm_unmap: HV_BAD_ARGUMENT"), "what is gone: %s",
     err.text);
  ok(tv_vm_run(vm, 1000, &exit, &err) == TV_E_INVALID &&
     strstr(err.text, "hv_vm_unmap"), "and the next run: %s", err.text);
  tv_vcpu *vcpu = NULL;
  uint64_t one = 1;
  tv_vcpu_new(vm, &vcpu, &err);
  ok(tv_vcpu_set(vcpu, TV_REG_SYS(SYSKEY_midr_el1), &one, sizeof one, &err) ==
     TV_E_READ_ONLY, "midr_el1: %s", err.text);
  ok(tv_vcpu_set(vcpu, TV_REG_SYS(SYSKEY_mpidr_el1), &one, sizeof one,
     &err) == TV_E_READ_ONLY, "mpidr_el1: %s", err.text);
  tv_vm_free(vm);
  ok(tv_vm_new(&config, &vm, &err) == TV_OK, "another VM, afterwards");
  tv_vm_free(vm);
}

// This test is linked without the mock's GIC, as a macOS before 15 is.
static void before_15(void) {
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf",
                                .gic = 3 };
  tv_vm *vm = NULL;
  tv_error err;
  tv_limits limits;
  ok(tv_vm_new(&config, &vm, &err) == TV_E_UNSUPPORTED &&
     strstr(err.text, "from macOS 15 on"), "no GIC: %s", err.text);
  ok(!mock.vm, "and no VM is left");
  tv_vm_new(&(tv_vm_config){ .size = sizeof config, .backend = "hvf" }, &vm,
            NULL);
  tv_vm_limits(vm, &limits);
  ok(strstr(limits.note[0], "no GIC before macOS 15"), "%s", limits.note[0]);
  tv_vm_free(vm);
}

// ---------------------------------------------------------- what we count --

static void ticks(void) {
  const struct hvf_vm mac = { .base = { .numer = 125, .denom = 3 } };
  eq_u64(hvf_ns(&mac, 24000000), 1000000000, "24 MHz: a second");
  eq_u64(hvf_ns(&mac, 1), 41, "a tick");
  eq_u64(hvf_ns(&mac, UINT64_C(1) << 56), UINT64_C(3002399751580330666),
         "and a life");
}

static tv_hc again(void *ctx, tv_vcpu *vcpu, const uint64_t *arg,
                   uint64_t *x0) {
  (void)ctx, (void)vcpu, (void)arg, (void)x0;
  return TV_HC_RESUME;
}

// The framework tells a guest's run time in ticks, of which the mock's have 16
// nanoseconds. A busy host may lengthen a run, but not all of them.
static void run_time(const uint32_t *loop, size_t size) {
  enum { BUDGET = 20000000, TRIES = 5 };
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf" };
  tv_vm *vm = NULL;
  tv_vcpu *vcpu = NULL;
  tv_exit exit;
  uint64_t before = 0, ran = UINT64_MAX;
  tv_vm_new(&config, &vm, NULL);
  tv_mem_ram(vm, 0, SIZE, TV_READ | TV_WRITE | TV_EXEC, NULL, NULL);
  tv_mem_write(vm, 0, loop, size, NULL);
  tv_vm_hypercall(vm, 9, again, NULL, NULL);
  tv_vcpu_new(vm, &vcpu, NULL);
  for (int k = 0; k < TRIES && ran > 4 * BUDGET; k++) {
    tv_vm_run(vm, BUDGET, &exit, NULL);
    ran = mock.vcpu[0].ran - before;
    before = mock.vcpu[0].ran;
  }
  eq_str(tv_exit_name(exit.kind), "budget", "a budget ends a run");
  ok(ran > BUDGET / 2 && ran < 4 * BUDGET, "of so many nanoseconds: %llu",
     (unsigned long long)ran);
  tv_vm_free(vm);
}

int main(void) {
  static const uint32_t call[] = {      // mov x0, #9; hvc #0; b .-8
    0xd2800120, 0xd4000002, 0x17fffffe
  };
  static const uint32_t spin[] = { 0x14000000 };      // b .
  memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put(0, 0xd40000e2);        // hvc #7
  put(4, 0xa9400881);        // ldp x1, x2, [x4]
  put(8, 0xf9400083);        // ldr x3, [x4]
  put(12, 0xd503207f);       // wfi
  put(16, 0xf9000062);       // str x2, [x3]
  put(20, 0xd4000062);       // hvc #3
  put(0x1200, 0xd4000042);   // hvc #2
  put(0x1280, 0xd4000022);   // hvc #1
  put(0x2000, 0xd4000022);
  one_vm();
  maps();
  owners();
  junk();
  hv_vcpu_set_reg(cpu, HV_REG_X0 + 4, 0x100000);
  exits();
  interrupts();
  fetches();
  protections();
  trapped_registers();
  trapped_debug();
  trapped_others();
  at_el0();
  is(hv_vcpu_destroy(cpu), HV_SUCCESS, "the end of the vCPU");
  is(hv_vm_destroy(), HV_SUCCESS, "and of the VM");
  its_own();
  refusals();
  before_15();
  ticks();
  run_time(call, sizeof call);
  run_time(spin, sizeof spin);
  return done();
}
