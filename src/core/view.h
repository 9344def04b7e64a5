// SPDX-License-Identifier: MIT
//
// What hvf and kvm have no register for, though soft and the Arm manual give
// it a name: views of PSTATE and of the timers' compare values, reached
// through the backend's own get and set; and the facts of a vCPU that all
// backends agree on.

#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include "core/vm.h"

// The keys of all system registers, by name (see TV_REG_SYS).
enum {
#define SYSREG(name, key, access) VIEW_##name = key,
#include "a64/sysregs.def"
#undef SYSREG
};

// NZCV, DAIF, SPSel, PAN, CurrentEL; CNTV_TVAL_EL0, CNTP_TVAL_EL0 (which need
// the backend's counter and compare value). false: not one of them.
bool view_get(tv_vcpu *, uint16_t key, uint64_t *value);
// The same, but for CurrentEL.
bool view_set(tv_vcpu *, uint16_t key, uint64_t value);

// MPIDR_EL1: 16 vCPUs to a cluster, as on the board virt.
uint64_t view_mpidr(const tv_vcpu *);

// The key of the SP that PSTATE selects: SP_EL0 or SP_EL1.
uint16_t view_sp(uint64_t pstate);

// TV_E_INVALID for a PSTATE whose mode is not EL0t, EL1t or EL1h.
tv_status view_check_pstate(uint64_t pstate, tv_error *);

// Identification registers: (3, 0, c0, c1-c7, *). What is not there reads 0.
static inline bool view_is_id(uint16_t key) {
  return key >> 7 == 0xc000 >> 7 && (key >> 3 & 15) >= 1 &&
         (key >> 3 & 15) <= 7;
}

// Bits of SCTLR_EL1.
enum { SCTLR_M = 0, SCTLR_E0E = 24, SCTLR_EE = 25 };

// What every backend's vCPU starts with, where the architecture leaves it
// open: SCTLR_EL1 with the MMU off, CPACR_EL1 by vm->no_fp.
#define VIEW_SCTLR_RESET UINT64_C(0x30d00800)
static inline uint64_t view_cpacr_reset(const tv_vm *vm) {
  return vm->no_fp ? 0 : 3 << 20;
}

#endif
