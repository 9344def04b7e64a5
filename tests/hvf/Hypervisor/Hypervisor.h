// SPDX-License-Identifier: MIT
//
// Hypervisor.framework for arm64 as far as this project uses it: names, types
// and numbers, written anew from facts, no code of Apple's. The check for
// macOS compiles and links against it (_macos.lua makes the link stub of its
// functions), the mock implements it. HV_SINCE is the macOS that brought a
// function: one that is newer than the oldest macOS we support is a weak
// import, and its address may be NULL.
//
// C has no enums of a given size before C23, so where the compiler is not
// Apple's they are integers.

#ifndef HYPERVISOR_HYPERVISOR_H
#define HYPERVISOR_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// On macOS it is the header of the SDK that the compiler believes it has: with
// less than HV_SDK there is less in it.

#if defined(__APPLE__)
#include <Availability.h>
#define HV_SDK __MAC_OS_X_VERSION_MAX_ALLOWED
#define HV_SINCE(version) \
  __attribute__((availability(macos, introduced = version)))
#define HV_ENUM(name, type) \
  typedef enum name : type name##_t; enum name : type
#else
#define HV_SDK 150000
#define HV_SINCE(version)
#define HV_ENUM(name, type) typedef type name##_t; enum
#endif

typedef int32_t hv_return_t;    // mach_error_t: local, subsystem 0xba5
enum {
  HV_SUCCESS = 0, HV_ERROR = (int)0xfae94001, HV_BUSY = (int)0xfae94002,
  HV_BAD_ARGUMENT = (int)0xfae94003,
  HV_ILLEGAL_GUEST_STATE = (int)0xfae94004,
  HV_NO_RESOURCES = (int)0xfae94005, HV_NO_DEVICE = (int)0xfae94006,
  HV_DENIED = (int)0xfae94007, HV_UNSUPPORTED = (int)0xfae9400f,
#if !defined(__APPLE__)         // HV_FAULT in some SDKs
  HV_EXISTS = (int)0xfae94008
#endif
};

typedef uint64_t hv_vcpu_t, hv_ipa_t, hv_memory_flags_t;
enum { HV_MEMORY_READ = 1, HV_MEMORY_WRITE = 2, HV_MEMORY_EXEC = 4 };

typedef struct hv_vm_config_s *hv_vm_config_t;
typedef struct hv_vcpu_config_s *hv_vcpu_config_t;

HV_ENUM(hv_reg, uint32_t) {
  HV_REG_X0, HV_REG_X30 = 30, HV_REG_PC, HV_REG_FPCR, HV_REG_FPSR, HV_REG_CPSR
};

HV_ENUM(hv_simd_fp_reg, uint32_t) {     // Q0..Q31
  HV_SIMD_FP_REG_Q0, HV_SIMD_FP_REG_Q31 = 31
};
typedef uint8_t hv_simd_fp_uchar16_t __attribute__((vector_size(16)));

// op0 << 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2. Those of macOS 11, and
// the physical timer's, which a VM with a GIC has.
HV_ENUM(hv_sys_reg, uint16_t) {
#define HV_DEBUG_REGS(n) \
  HV_SYS_REG_DBGBVR##n##_EL1 = 0x8004 + 8 * n, \
  HV_SYS_REG_DBGBCR##n##_EL1 = 0x8005 + 8 * n, \
  HV_SYS_REG_DBGWVR##n##_EL1 = 0x8006 + 8 * n, \
  HV_SYS_REG_DBGWCR##n##_EL1 = 0x8007 + 8 * n,
  HV_DEBUG_REGS(0) HV_DEBUG_REGS(1) HV_DEBUG_REGS(2) HV_DEBUG_REGS(3)
  HV_DEBUG_REGS(4) HV_DEBUG_REGS(5) HV_DEBUG_REGS(6) HV_DEBUG_REGS(7)
  HV_DEBUG_REGS(8) HV_DEBUG_REGS(9) HV_DEBUG_REGS(10) HV_DEBUG_REGS(11)
  HV_DEBUG_REGS(12) HV_DEBUG_REGS(13) HV_DEBUG_REGS(14) HV_DEBUG_REGS(15)
#undef HV_DEBUG_REGS
  HV_SYS_REG_MDCCINT_EL1 = 0x8010, HV_SYS_REG_MDSCR_EL1 = 0x8012,
  HV_SYS_REG_MIDR_EL1 = 0xc000, HV_SYS_REG_MPIDR_EL1 = 0xc005,
  HV_SYS_REG_ID_AA64PFR0_EL1 = 0xc020, HV_SYS_REG_ID_AA64PFR1_EL1 = 0xc021,
  HV_SYS_REG_ID_AA64DFR0_EL1 = 0xc028, HV_SYS_REG_ID_AA64DFR1_EL1 = 0xc029,
  HV_SYS_REG_ID_AA64ISAR0_EL1 = 0xc030, HV_SYS_REG_ID_AA64ISAR1_EL1 = 0xc031,
  HV_SYS_REG_ID_AA64MMFR0_EL1 = 0xc038, HV_SYS_REG_ID_AA64MMFR1_EL1 = 0xc039,
  HV_SYS_REG_ID_AA64MMFR2_EL1 = 0xc03a, HV_SYS_REG_SCTLR_EL1 = 0xc080,
  HV_SYS_REG_CPACR_EL1 = 0xc082, HV_SYS_REG_TTBR0_EL1 = 0xc100,
  HV_SYS_REG_TTBR1_EL1 = 0xc101, HV_SYS_REG_TCR_EL1 = 0xc102,
  HV_SYS_REG_APIAKEYLO_EL1 = 0xc108, HV_SYS_REG_APIAKEYHI_EL1 = 0xc109,
  HV_SYS_REG_APIBKEYLO_EL1 = 0xc10a, HV_SYS_REG_APIBKEYHI_EL1 = 0xc10b,
  HV_SYS_REG_APDAKEYLO_EL1 = 0xc110, HV_SYS_REG_APDAKEYHI_EL1 = 0xc111,
  HV_SYS_REG_APDBKEYLO_EL1 = 0xc112, HV_SYS_REG_APDBKEYHI_EL1 = 0xc113,
  HV_SYS_REG_APGAKEYLO_EL1 = 0xc118, HV_SYS_REG_APGAKEYHI_EL1 = 0xc119,
  HV_SYS_REG_SPSR_EL1 = 0xc200, HV_SYS_REG_ELR_EL1 = 0xc201,
  HV_SYS_REG_SP_EL0 = 0xc208, HV_SYS_REG_AFSR0_EL1 = 0xc288,
  HV_SYS_REG_AFSR1_EL1 = 0xc289, HV_SYS_REG_ESR_EL1 = 0xc290,
  HV_SYS_REG_FAR_EL1 = 0xc300, HV_SYS_REG_PAR_EL1 = 0xc3a0,
  HV_SYS_REG_MAIR_EL1 = 0xc510, HV_SYS_REG_AMAIR_EL1 = 0xc518,
  HV_SYS_REG_VBAR_EL1 = 0xc600, HV_SYS_REG_CONTEXTIDR_EL1 = 0xc681,
  HV_SYS_REG_TPIDR_EL1 = 0xc684, HV_SYS_REG_CNTKCTL_EL1 = 0xc708,
  HV_SYS_REG_CSSELR_EL1 = 0xd000, HV_SYS_REG_TPIDR_EL0 = 0xde82,
  HV_SYS_REG_TPIDRRO_EL0 = 0xde83, HV_SYS_REG_CNTV_CTL_EL0 = 0xdf19,
  HV_SYS_REG_CNTV_CVAL_EL0 = 0xdf1a, HV_SYS_REG_SP_EL1 = 0xe208,
#if HV_SDK >= 150000
  HV_SYS_REG_CNTP_CTL_EL0 = 0xdf11, HV_SYS_REG_CNTP_CVAL_EL0 = 0xdf12
#endif
};

HV_ENUM(hv_feature_reg, uint32_t) {
  HV_FEATURE_REG_ID_AA64DFR0_EL1, HV_FEATURE_REG_ID_AA64DFR1_EL1,
  HV_FEATURE_REG_ID_AA64ISAR0_EL1, HV_FEATURE_REG_ID_AA64ISAR1_EL1,
  HV_FEATURE_REG_ID_AA64MMFR0_EL1, HV_FEATURE_REG_ID_AA64MMFR1_EL1,
  HV_FEATURE_REG_ID_AA64MMFR2_EL1, HV_FEATURE_REG_ID_AA64PFR0_EL1,
  HV_FEATURE_REG_ID_AA64PFR1_EL1, HV_FEATURE_REG_CTR_EL0,
  HV_FEATURE_REG_CLIDR_EL1, HV_FEATURE_REG_DCZID_EL0
};

HV_ENUM(hv_interrupt_type, uint32_t) {
  HV_INTERRUPT_TYPE_IRQ, HV_INTERRUPT_TYPE_FIQ
};

HV_ENUM(hv_exit_reason, uint32_t) {
  HV_EXIT_REASON_CANCELED, HV_EXIT_REASON_EXCEPTION,
  HV_EXIT_REASON_VTIMER_ACTIVATED, HV_EXIT_REASON_UNKNOWN
};

typedef struct {
  uint64_t syndrome;            // as in ESR_EL2
  uint64_t virtual_address;     // FAR_EL2
  hv_ipa_t physical_address;    // with its page offset
} hv_vcpu_exit_exception_t;

typedef struct {
  hv_exit_reason_t reason;
  hv_vcpu_exit_exception_t exception;
} hv_vcpu_exit_t;

// The VM: one in a process.
HV_SINCE(11.0) hv_return_t hv_vm_create(hv_vm_config_t);
HV_SINCE(11.0) hv_return_t hv_vm_destroy(void);
HV_SINCE(11.0) hv_return_t hv_vm_map(void *, hv_ipa_t, size_t,
                                     hv_memory_flags_t);
HV_SINCE(11.0) hv_return_t hv_vm_unmap(hv_ipa_t, size_t);
HV_SINCE(11.0) hv_return_t hv_vm_protect(hv_ipa_t, size_t, hv_memory_flags_t);
HV_SINCE(11.0) hv_return_t hv_vm_get_max_vcpu_count(uint32_t *);
#if HV_SDK >= 130000
HV_SINCE(13.0) hv_return_t hv_vm_config_get_default_ipa_size(uint32_t *);
HV_SINCE(13.0) hv_return_t hv_vm_config_get_max_ipa_size(uint32_t *);
#endif

// vCPUs: each belongs to the thread that created it, and a thread has one.
HV_SINCE(11.0) hv_return_t hv_vcpu_create(hv_vcpu_t *, hv_vcpu_exit_t **,
                                          hv_vcpu_config_t);
HV_SINCE(11.0) hv_return_t hv_vcpu_destroy(hv_vcpu_t);
HV_SINCE(11.0) hv_return_t hv_vcpu_run(hv_vcpu_t);
HV_SINCE(11.0) hv_return_t hv_vcpus_exit(hv_vcpu_t *, uint32_t);   // anywhere
HV_SINCE(11.0) hv_return_t hv_vcpu_get_exec_time(hv_vcpu_t, uint64_t *);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_reg(hv_vcpu_t, hv_reg_t, uint64_t *);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_reg(hv_vcpu_t, hv_reg_t, uint64_t);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t, hv_sys_reg_t,
                                               uint64_t *);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t, hv_sys_reg_t,
                                               uint64_t);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_simd_fp_reg(hv_vcpu_t,
                                                   hv_simd_fp_reg_t,
                                                   hv_simd_fp_uchar16_t *);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_simd_fp_reg(hv_vcpu_t,
                                                   hv_simd_fp_reg_t,
                                                   hv_simd_fp_uchar16_t);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_pending_interrupt(hv_vcpu_t,
                                                         hv_interrupt_type_t,
                                                         bool);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_pending_interrupt(hv_vcpu_t,
                                                         hv_interrupt_type_t,
                                                         bool *);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_trap_debug_exceptions(hv_vcpu_t,
                                                             bool);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_trap_debug_exceptions(hv_vcpu_t,
                                                             bool *);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_trap_debug_reg_accesses(hv_vcpu_t,
                                                               bool);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_trap_debug_reg_accesses(hv_vcpu_t,
                                                               bool *);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_vtimer_mask(hv_vcpu_t, bool *);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_vtimer_mask(hv_vcpu_t, bool);
HV_SINCE(11.0) hv_return_t hv_vcpu_get_vtimer_offset(hv_vcpu_t, uint64_t *);
HV_SINCE(11.0) hv_return_t hv_vcpu_set_vtimer_offset(hv_vcpu_t, uint64_t);

// What the CPUs of VMs are by default. Configs are freed by os_release.
HV_SINCE(11.0) hv_vcpu_config_t hv_vcpu_config_create(void);
HV_SINCE(11.0) hv_return_t hv_vcpu_config_get_feature_reg(hv_vcpu_config_t,
                                                          hv_feature_reg_t,
                                                          uint64_t *);

// The GIC: of the VM, before its first vCPU. Registers of its frames are
// called by their offsets in those of the architecture, 0x10000 and more for
// the second frame of a redistributor; of the CPU interface, as system
// registers are. What has no vCPU may be called on any thread.
#if HV_SDK >= 150000
typedef struct hv_gic_config_s *hv_gic_config_t;
HV_ENUM(hv_gic_distributor_reg, uint16_t) {
  HV_GIC_DISTRIBUTOR_REG_GICD_CTLR
};
HV_ENUM(hv_gic_redistributor_reg, uint32_t) {
  HV_GIC_REDISTRIBUTOR_REG_GICR_TYPER = 8
};
HV_ENUM(hv_gic_icc_reg, uint16_t) {
  HV_GIC_ICC_REG_PMR_EL1 = 0xc230, HV_GIC_ICC_REG_BPR0_EL1 = 0xc643,
  HV_GIC_ICC_REG_AP0R0_EL1 = 0xc644, HV_GIC_ICC_REG_AP1R0_EL1 = 0xc648,
  HV_GIC_ICC_REG_RPR_EL1 = 0xc65b, HV_GIC_ICC_REG_BPR1_EL1 = 0xc663,
  HV_GIC_ICC_REG_CTLR_EL1 = 0xc664, HV_GIC_ICC_REG_SRE_EL1 = 0xc665,
  HV_GIC_ICC_REG_IGRPEN0_EL1 = 0xc666, HV_GIC_ICC_REG_IGRPEN1_EL1 = 0xc667
};
HV_SINCE(15.0) hv_gic_config_t hv_gic_config_create(void);
HV_SINCE(15.0) hv_return_t hv_gic_config_set_distributor_base(hv_gic_config_t,
                                                              hv_ipa_t);
HV_SINCE(15.0) hv_return_t hv_gic_config_set_redistributor_base(
  hv_gic_config_t, hv_ipa_t);
HV_SINCE(15.0) hv_return_t hv_gic_create(hv_gic_config_t);
HV_SINCE(15.0) hv_return_t hv_gic_reset(void);
HV_SINCE(15.0) hv_return_t hv_gic_set_spi(uint32_t intid, bool level);
HV_SINCE(15.0) hv_return_t hv_gic_get_distributor_size(size_t *);
HV_SINCE(15.0) hv_return_t hv_gic_get_distributor_base_alignment(size_t *);
HV_SINCE(15.0) hv_return_t hv_gic_get_redistributor_size(size_t *);
HV_SINCE(15.0) hv_return_t hv_gic_get_redistributor_base_alignment(size_t *);
HV_SINCE(15.0) hv_return_t hv_gic_get_spi_interrupt_range(uint32_t *first,
                                                          uint32_t *count);
HV_SINCE(15.0) hv_return_t hv_gic_get_redistributor_base(hv_vcpu_t,
                                                         hv_ipa_t *);
HV_SINCE(15.0) hv_return_t hv_gic_get_distributor_reg(
  hv_gic_distributor_reg_t, uint64_t *);
HV_SINCE(15.0) hv_return_t hv_gic_get_redistributor_reg(
  hv_vcpu_t, hv_gic_redistributor_reg_t, uint64_t *);
HV_SINCE(15.0) hv_return_t hv_gic_get_icc_reg(hv_vcpu_t, hv_gic_icc_reg_t,
                                              uint64_t *);
HV_SINCE(15.0) hv_return_t hv_gic_set_icc_reg(hv_vcpu_t, hv_gic_icc_reg_t,
                                              uint64_t);
#endif

// Weak imports where there is no macOS to say so: a program that is linked
// without the mock's GIC has a framework that has none.
#if !defined(__APPLE__)
#pragma weak hv_gic_config_create
#pragma weak hv_gic_config_set_distributor_base
#pragma weak hv_gic_config_set_redistributor_base
#pragma weak hv_gic_create
#pragma weak hv_gic_reset
#pragma weak hv_gic_set_spi
#pragma weak hv_gic_get_distributor_size
#pragma weak hv_gic_get_distributor_base_alignment
#pragma weak hv_gic_get_redistributor_size
#pragma weak hv_gic_get_redistributor_base_alignment
#pragma weak hv_gic_get_spi_interrupt_range
#pragma weak hv_gic_get_redistributor_base
#pragma weak hv_gic_get_distributor_reg
#pragma weak hv_gic_get_redistributor_reg
#pragma weak hv_gic_get_icc_reg
#pragma weak hv_gic_set_icc_reg
#endif

#endif
