// SPDX-License-Identifier: MIT
//
// The mock's GIC refuses what Apple's does, and the backend says why there is
// none, or no vCPU for it, where that is so.

#include <os/object.h>
#include <sys/mman.h>

#include "base/os.h"
#include "mock.h"
#include "tap.h"

enum { SIZE = 4 * MOCK_GRANULE };

static uint8_t *memory;
static tv_error err;

static void is(hv_return_t got, hv_return_t want, const char *law) {
  ok(got == want, "%s (0x%08x)", law, (unsigned)got);
}

static void put(uint64_t at, uint32_t word) {
  memcpy(memory + at, &word, sizeof word);
}

// -------------------------------------------------------- the mock's rules --

static void configurations(void) {
  ok(!hv_gic_config_create(), "no VM, no configuration of a GIC");
  hv_vm_create(NULL);
  hv_gic_config_t config = hv_gic_config_create();
  is(hv_gic_set_spi(32, true), HV_UNSUPPORTED, "no GIC, no inputs");
  is(hv_gic_reset(), HV_UNSUPPORTED, "nor a reset");
  is(hv_gic_create(NULL), HV_BAD_ARGUMENT, "a GIC has a configuration");
  is(hv_gic_create(config), HV_BAD_ARGUMENT, "with bases");
  is(hv_gic_config_set_distributor_base(config, 0x8008000), HV_BAD_ARGUMENT,
     "which are aligned");
  is(hv_gic_config_set_distributor_base(config, TV_GIC_DISTRIBUTOR),
     HV_SUCCESS, "the distributor's");
  is(hv_gic_create(config), HV_BAD_ARGUMENT, "and the redistributors'");
  is(hv_gic_config_set_redistributor_base(config, TV_GIC_REDISTRIBUTOR),
     HV_SUCCESS, "both");
  hv_vm_map(memory, 0, SIZE, 7);
  is(hv_gic_create(config), HV_SUCCESS, "a GIC");
  is(hv_gic_create(config), HV_EXISTS, "one in a VM");
  is(hv_vm_map(memory, 0, SIZE, 7), HV_BAD_ARGUMENT,
     "which has the maps that it had");
  os_release(config);
  is(hv_gic_set_spi(31, true), HV_BAD_ARGUMENT, "31 is no input");
  is(hv_gic_set_spi(1020, true), HV_BAD_ARGUMENT, "nor is 1020");
}

static hv_vcpu_t cpu;
static hv_vcpu_exit_t *out;

static void places(void) {
  hv_ipa_t base = 0;
  hv_vcpu_create(&cpu, &out, NULL);
  hv_vcpu_set_vtimer_offset(cpu, mock_zero());
  is(hv_gic_get_redistributor_base(cpu, &base), HV_BAD_ARGUMENT,
     "a vCPU without an affinity has no redistributor");
  is(hv_vcpu_run(cpu), HV_ILLEGAL_GUEST_STATE, "and does not run");
  hv_vcpu_set_sys_reg(cpu, HV_SYS_REG_MPIDR_EL1, 0x80000000);
  is(hv_gic_get_redistributor_base(cpu, &base), HV_SUCCESS, "with one it has");
  eq_u64(base, TV_GIC_REDISTRIBUTOR, "the first is at the base");
}

static void registers(void) {
  uint64_t value = 0;
  hv_gic_get_icc_reg(cpu, HV_GIC_ICC_REG_PMR_EL1, &value);
  ok(value != 0, "a CPU interface begins with junk");
  is(hv_gic_set_icc_reg(cpu, HV_GIC_ICC_REG_RPR_EL1, 0), HV_DENIED,
     "ICC_RPR_EL1 is read-only");
  is(hv_gic_set_icc_reg(cpu, HV_GIC_ICC_REG_CTLR_EL1, 0), HV_DENIED,
     "so are the bits of ICC_CTLR_EL1 that say what there is");
  is(hv_gic_get_icc_reg(cpu, 0xc660, &value), HV_BAD_ARGUMENT,
     "ICC_IAR1_EL1 is the guest's");
  is(hv_vcpu_set_sys_reg(cpu, HV_SYS_REG_CNTP_CVAL_EL0, 5), HV_SUCCESS,
     "the physical timer is the framework's");
  hv_vcpu_get_sys_reg(cpu, HV_SYS_REG_CNTP_CVAL_EL0, &value);
  eq_u64(value, 5, "and keeps what it is given");
  is(hv_vcpu_set_pending_interrupt(cpu, HV_INTERRUPT_TYPE_IRQ, true),
     HV_UNSUPPORTED, "the GIC has the interrupt lines");
  is(hv_gic_get_distributor_reg(4, &value), HV_SUCCESS, "GICD_TYPER");
  eq_u64(value & 31, 7, "has inputs up to 255 here");
  is(hv_gic_get_redistributor_reg(cpu, 8, &value), HV_SUCCESS, "GICR_TYPER");
  eq_u64(value >> 4 & 1, 1, "says that there is one vCPU");
}

static void *from_elsewhere(void *arg) {
  hv_vcpu_t other;
  hv_vcpu_exit_t *exit;
  uint64_t value;
  (void)arg;
  is(hv_gic_get_icc_reg(cpu, HV_GIC_ICC_REG_PMR_EL1, &value),
     HV_BAD_ARGUMENT, "a CPU interface is its thread's");
  is(hv_gic_get_redistributor_reg(cpu, 8, &value), HV_BAD_ARGUMENT,
     "so is a redistributor");
  is(hv_gic_set_spi(40, true), HV_SUCCESS, "inputs are anyone's");
  is(hv_vcpu_create(&other, &exit, NULL), HV_BUSY,
     "no vCPU comes after the first run");
  return NULL;
}

static void final(void) {
  pthread_t thread;
  hv_vcpu_set_reg(cpu, HV_REG_CPSR, 0x3c5);
  hv_vcpu_set_reg(cpu, HV_REG_PC, 0);
  is(hv_vcpu_run(cpu), HV_SUCCESS, "a run");
  eq_u64(out->exception.syndrome, 0x5a000007, "hvc #7");
  is(hv_vcpu_set_sys_reg(cpu, HV_SYS_REG_MPIDR_EL1, 0x80000000), HV_DENIED,
     "affinities are final then");
  pthread_create(&thread, NULL, from_elsewhere, NULL);
  pthread_join(thread, NULL);
}

// Ends a run that waits, some time later.
static void *end_run(void *arg) {
  const struct timespec while_it_waits = { 0, 20000000 };
  (void)arg;
  nanosleep(&while_it_waits, NULL);
  hv_vcpus_exit(&cpu, 1);
  return NULL;
}

static void waits(void) {
  pthread_t thread;
  uint64_t pc[2];
  for (int k = 0; k < 2; k++) {
    hv_vcpu_set_reg(cpu, HV_REG_PC, 4);
    pthread_create(&thread, NULL, end_run, NULL);
    hv_vcpu_run(cpu);
    pthread_join(thread, NULL);
    eq_u64(out->reason, HV_EXIT_REASON_CANCELED, "a WFI waits in the run");
    hv_vcpu_get_reg(cpu, HV_REG_PC, &pc[k]);
  }
  ok(pc[0] != pc[1] && pc[0] + pc[1] == 12,
     "whose end leaves pc at it, or after it");
}

static void too_late(void) {
  uint64_t value;
  hv_vm_create(NULL);
  hv_gic_config_t config = hv_gic_config_create();
  hv_gic_config_set_distributor_base(config, TV_GIC_DISTRIBUTOR);
  hv_gic_config_set_redistributor_base(config, TV_GIC_REDISTRIBUTOR);
  hv_vcpu_create(&cpu, &out, NULL);
  is(hv_gic_create(config), HV_BUSY, "no GIC comes after a vCPU");
  is(hv_vcpu_get_sys_reg(cpu, HV_SYS_REG_CNTP_CTL_EL0, &value),
     HV_BAD_ARGUMENT, "without one there is no physical timer");
  hv_vcpu_destroy(cpu);
  is(hv_gic_create(config), HV_BUSY, "nor when that is gone");
  os_release(config);
  hv_vm_destroy();
}

// ------------------------------------------------------------- the backend --

static tv_vm *machine(unsigned vcpus, tv_vcpu **vcpu) {
  const tv_vm_config config = { .size = sizeof config, .backend = "hvf",
                                .gic = 3 };
  tv_vm *vm = NULL;
  if (tv_vm_new(&config, &vm, &err)) return NULL;
  tv_mem_ram(vm, 0, SIZE, TV_READ | TV_WRITE | TV_EXEC, memory, NULL);
  for (unsigned k = 0; k < vcpus; k++) tv_vcpu_new(vm, &vcpu[k], NULL);
  return vm;
}

static void refuses(const char *text, const char *law) {
  tv_vm *vm = machine(0, NULL);
  ok(!vm && err.code == TV_E_UNSUPPORTED && strstr(err.text, text), "%s: %s",
     law, err.text);
  ok(!mock.vm, "and no VM is left");
  tv_vm_free(vm);
}

static void geometry(void) {
  mock.fact.distributor_aligned = 0x10000000;
  refuses("hv_gic_get_distributor_base_alignment says 0x10000000, with which "
          "0x8000000 is no base", "a distributor that cannot be there");
  mock.fact.distributor_aligned = 0x10000;
  mock.fact.redistributor = 0x40000;
  refuses("hv_gic_get_redistributor_size says 0x40000, with which 0x20000 is "
          "no size", "redistributors with more frames");
  mock.fact.redistributor = 0x20000;
  mock.fact.spis = 100;
  refuses("says 100 from 32 on; 224 from 32 on", "too few inputs");
  mock.fact.spis = 988;
}

// vCPU 2 alone is run, and all have their redistributors.
static void in_order(void) {
  tv_vcpu *vcpu[3];
  tv_vm *vm = machine(3, vcpu);
  tv_exit exit;
  eq_u64(tv_vcpu_run(vcpu[2], TV_NO_LIMIT, &exit, &err), TV_OK,
         "the last vCPU runs first");
  for (unsigned k = 0; k < 3; k++)
    ok(mock.vcpu[k].cpu && mock.vcpu[k].placed &&
       mock.vcpu[k].affinity == k, "vCPU %u is where it is to be", k);
  tv_vcpu_free(vcpu[1]);
  ok(tv_vcpu_run(vcpu[0], TV_NO_LIMIT, &exit, &err) == TV_E_STATE &&
     strstr(err.text, "one was freed"), "one freed: %s", err.text);
  tv_vm_free(vm);
}

static void with_a_gap(void) {
  tv_vcpu *vcpu[3];
  tv_vm *vm = machine(3, vcpu);
  tv_exit exit;
  tv_vcpu_free(vcpu[1]);
  ok(tv_vm_run(vm, TV_NO_LIMIT, &exit, &err) == TV_E_UNSUPPORTED &&
     strstr(err.text, "vCPU 2 at 0x80c0000, not 0x80e0000"), "a gap: %s",
     err.text);
  tv_vm_free(vm);
}

static uint64_t reg(tv_vcpu *vcpu, uint16_t key) {
  uint64_t value = 0;
  tv_vcpu_get(vcpu, TV_REG_SYS(key), &value, sizeof value, &err);
  return value;
}

static tv_status set(tv_vcpu *vcpu, uint16_t key, uint64_t value) {
  return tv_vcpu_set(vcpu, TV_REG_SYS(key), &value, sizeof value, &err);
}

// Before there is hardware, while there is, and after a reset.
static void values(void) {
  tv_vcpu *vcpu;
  tv_vm *vm = machine(1, &vcpu);
  tv_exit exit;
  set(vcpu, HV_GIC_ICC_REG_PMR_EL1, 0x80);
  set(vcpu, HV_GIC_ICC_REG_CTLR_EL1, 2);
  set(vcpu, HV_SYS_REG_CNTP_CVAL_EL0, 1234);
  set(vcpu, HV_SYS_REG_CNTP_CTL_EL0, 3);
  eq_u64(reg(vcpu, HV_SYS_REG_CNTP_CTL_EL0), 7, "a timer of the past is met");
  tv_vcpu_run(vcpu, TV_NO_LIMIT, &exit, &err);
  eq_u64(reg(vcpu, HV_SYS_REG_ID_AA64MMFR0_EL1) & 15, 1,
         "the CPU has as many bits of addresses as the VM, 36");
  eq_u64(reg(vcpu, HV_SYS_REG_ID_AA64PFR0_EL1) >> 24 & 15, 1, "and a GIC");
  eq_u64(reg(vcpu, HV_GIC_ICC_REG_PMR_EL1), 0x80, "what the host has set");
  eq_u64(reg(vcpu, HV_GIC_ICC_REG_CTLR_EL1), 0x402, "is in the hardware");
  eq_u64(reg(vcpu, HV_SYS_REG_CNTP_CVAL_EL0), 1234, "the timer, too");
  eq_u64(reg(vcpu, HV_SYS_REG_CNTP_CTL_EL0), 7, "with its status");
  eq_u64(reg(vcpu, HV_GIC_ICC_REG_IGRPEN1_EL1), 0, "what nobody has is reset");
  eq_u64(reg(vcpu, HV_GIC_ICC_REG_AP1R0_EL1), 0, "all of it");
  eq_u64(set(vcpu, HV_GIC_ICC_REG_SRE_EL1, 0), TV_E_READ_ONLY,
         "ICC_SRE_EL1 says what there is");
  tv_vm_reset(vm, NULL);
  tv_vcpu_run(vcpu, TV_NO_LIMIT, &exit, &err);
  eq_u64(reg(vcpu, HV_GIC_ICC_REG_PMR_EL1), 0, "a reset is one of the GIC");
  eq_u64(reg(vcpu, HV_GIC_ICC_REG_CTLR_EL1), 0x400, "and its CPU interface");
  tv_vm_free(vm);
}

// A wait ends although each exit is asked for thirty times before it is heard.
static void forgotten(void) {
  enum { TIMES = 30 };
  const uint64_t limit = UINT64_C(15000000000);
  tv_vcpu *vcpu;
  tv_vm *vm = machine(1, &vcpu);
  tv_exit exit = { 0 };
  uint64_t pc = 4, start = os_clock();
  tv_vcpu_set(vcpu, TV_REG_PC, &pc, sizeof pc, NULL);
  mock.forgotten = TIMES;
  tv_vcpu_run(vcpu, TV_NO_LIMIT, &exit, &err);
  eq_str(tv_exit_name(exit.kind), "wfi", "a wait that nothing ends");
  ok(!mock.forgotten && os_clock() - start < limit,
     "is seen soon, though exits are forgotten");
  tv_vm_free(vm);
}

// GICD_ISPENDR1.
static uint64_t pending(void) {
  uint64_t value = 0;
  hv_gic_get_distributor_reg(0x204, &value);
  return value;
}

static void inputs(void) {
  tv_vcpu *vcpu;
  tv_vm *vm = machine(1, &vcpu);
  tv_exit exit;
  tv_vm_irq(vm, 40, true, NULL);
  tv_vcpu_run(vcpu, TV_NO_LIMIT, &exit, &err);
  eq_u64(pending(), 0x100, "an input may be up before the first run");
  tv_vm_reset(vm, NULL);
  eq_u64(pending(), 0x100, "and stays so over a reset");
  tv_vm_irq(vm, 40, false, NULL);
  eq_u64(pending(), 0, "until it is lowered");
  ok(tv_vm_irq(vm, 256, true, &err) == TV_E_RANGE, "256: %s", err.text);
  tv_vm_free(vm);
}

int main(void) {
  ok(mock_with_gic(), "macOS 15");
  memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put(0, 0xd40000e2);        // hvc #7
  put(4, 0xd503207f);        // wfi
  put(8, 0xd503207f);
  configurations();
  places();
  registers();
  final();
  waits();
  hv_vcpu_destroy(cpu);
  is(hv_vm_destroy(), HV_SUCCESS, "the end of the VM");
  too_late();
  geometry();
  in_order();
  with_a_gap();
  values();
  forgotten();
  inputs();
  return done();
}
