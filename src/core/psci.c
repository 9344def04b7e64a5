// SPDX-License-Identifier: MIT
//
// Numbers from 0x80000000 on: the SMC Calling Convention (Arm DEN0028) and
// the Power State Coordination Interface 1.1 (Arm DEN0022). Calls with bit 30
// clear see the low halves of their arguments only. Unknown ones return -1.

#include "core/core.h"

enum { KEY_MPIDR_EL1 = 0xc005 };

// Function identifiers without the 64-bit flag.
#define FLAG_64 UINT32_C(0x40000000)
#define SMCCC_VERSION UINT32_C(0x80000000)
#define SMCCC_ARCH_FEATURES UINT32_C(0x80000001)
#define PSCI_VERSION UINT32_C(0x84000000)
#define PSCI_CPU_SUSPEND UINT32_C(0x84000001)
#define PSCI_CPU_OFF UINT32_C(0x84000002)
#define PSCI_CPU_ON UINT32_C(0x84000003)
#define PSCI_AFFINITY_INFO UINT32_C(0x84000004)
#define PSCI_MIGRATE_INFO_TYPE UINT32_C(0x84000006)
#define PSCI_SYSTEM_OFF UINT32_C(0x84000008)
#define PSCI_SYSTEM_RESET UINT32_C(0x84000009)
#define PSCI_FEATURES UINT32_C(0x8400000a)

enum { SMCCC_1_1 = 0x10001, PSCI_1_1 = 0x10001 };

// DEN0022, 5.2.2.
enum { SUCCESS = 0, NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2,
       ALREADY_ON = -4, INVALID_ADDRESS = -9 };

enum { AFFINITY_ON = 0, AFFINITY_OFF = 1, NO_TRUSTED_OS = 2 };

// The affinity fields of MPIDR_EL1.
#define AFFINITY UINT64_C(0xff00ffffff)

static tv_vcpu *by_affinity(const tv_vm *vm, uint64_t target) {
  for (unsigned i = 0; i < vm->vcpus; i++) {
    uint64_t mpidr = vcpu_reg(vm->vcpu[i], TV_REG_SYS(KEY_MPIDR_EL1));
    if ((mpidr & AFFINITY) == target) return vm->vcpu[i];
  }
  return NULL;
}

static int cpu_on(const tv_vm *vm, const uint64_t *arg) {
  tv_vcpu *cpu = by_affinity(vm, arg[0]);
  uint64_t entry = arg[1];
  const struct region *r = mem_at(vm, entry);
  if (!cpu) return INVALID_PARAMETERS;
  if (cpu->power == VCPU_ON) return ALREADY_ON;
  if (entry & 3 || !r || !r->host) return INVALID_ADDRESS;
  vcpu_reset(cpu, entry, 0);
  vcpu_set_reg(cpu, TV_REG_X(0), arg[2]);
  cpu->power = VCPU_ON;
  return SUCCESS;
}

static int affinity_info(const tv_vm *vm, const uint64_t *arg) {
  const tv_vcpu *cpu = by_affinity(vm, arg[0]);
  if (!cpu || arg[1]) return INVALID_PARAMETERS;   // level 0 only, 5.7.1
  return cpu->power == VCPU_ON ? AFFINITY_ON : AFFINITY_OFF;
}

static int features(const uint64_t *arg) {
  uint32_t nr = (uint32_t)arg[0];
  switch (nr) {
    case PSCI_CPU_SUSPEND | FLAG_64: case PSCI_CPU_ON | FLAG_64:
    case PSCI_AFFINITY_INFO | FLAG_64:
    case SMCCC_VERSION: case PSCI_VERSION: case PSCI_CPU_SUSPEND:
    case PSCI_CPU_OFF: case PSCI_CPU_ON: case PSCI_AFFINITY_INFO:
    case PSCI_MIGRATE_INFO_TYPE: case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET: case PSCI_FEATURES: return SUCCESS;
    default: return NOT_SUPPORTED;
  }
}

static int arch_features(const uint64_t *arg) {
  uint32_t nr = (uint32_t)arg[0];
  return nr == SMCCC_VERSION || nr == SMCCC_ARCH_FEATURES ? SUCCESS
                                                          : NOT_SUPPORTED;
}

// All power states are served as standby: a WFI.
static int cpu_suspend(tv_vcpu *cpu) {
  cpu->idle = !cpu->vm->backend->wakes(cpu);
  return SUCCESS;
}

static bool end_system(tv_vm *vm, tv_exit *exit, tv_shutdown reason) {
  for (unsigned i = 0; i < vm->vcpus; i++)
    if (vm->vcpu[i]->power == VCPU_ON) vm->vcpu[i]->power = VCPU_EXITED;
  exit_shutdown(exit, reason, 0);
  return false;
}

bool psci_serve(tv_vcpu *cpu, tv_exit *exit) {
  tv_vm *vm = cpu->vm;
  uint32_t nr = (uint32_t)exit->u.hvc.nr;
  uint64_t keep = nr & FLAG_64 ? UINT64_MAX : UINT32_MAX;
  const uint64_t *in = exit->u.hvc.arg;
  const uint64_t arg[] = { in[0] & keep, in[1] & keep, in[2] & keep };
  int x0 = NOT_SUPPORTED;
  switch (nr) {
    case SMCCC_VERSION: x0 = SMCCC_1_1; break;
    case SMCCC_ARCH_FEATURES: x0 = arch_features(arg); break;
    case PSCI_VERSION: x0 = PSCI_1_1; break;
    case PSCI_FEATURES: x0 = features(arg); break;
    case PSCI_MIGRATE_INFO_TYPE: x0 = NO_TRUSTED_OS; break;
    case PSCI_CPU_SUSPEND: case PSCI_CPU_SUSPEND | FLAG_64:
      x0 = cpu_suspend(cpu);
      break;
    case PSCI_CPU_ON: case PSCI_CPU_ON | FLAG_64:
      x0 = cpu_on(vm, arg);
      break;
    case PSCI_AFFINITY_INFO: case PSCI_AFFINITY_INFO | FLAG_64:
      x0 = affinity_info(vm, arg);
      break;
    case PSCI_CPU_OFF: cpu->power = VCPU_OFF; return true;
    case PSCI_SYSTEM_OFF: return end_system(vm, exit, TV_SHUTDOWN_OFF);
    case PSCI_SYSTEM_RESET: return end_system(vm, exit, TV_SHUTDOWN_RESET);
  }
  vcpu_set_reg(cpu, TV_REG_X(0), (uint64_t)(int64_t)x0);
  return true;
}
