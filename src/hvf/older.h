// SPDX-License-Identifier: MIT
//
// What the headers of a macOS before 15 lack (an SDK is as old as its Xcode):
// the numbers as they are, and functions as null pointers, which is what an
// older macOS makes of a newer one's (they are weak imports). So one question
// is asked of both, and nothing is called where the answer is no.

#ifndef HVF_OLDER_H
#define HVF_OLDER_H

#if defined(__APPLE__)
#include <Availability.h>

#define ABSENT(type, ...) ((type (*)(__VA_ARGS__))0)

#if __MAC_OS_X_VERSION_MAX_ALLOWED < 130000
#define hv_vm_config_get_default_ipa_size ABSENT(hv_return_t, uint32_t *)
#endif

#if __MAC_OS_X_VERSION_MAX_ALLOWED < 150000
typedef struct hv_gic_config_s *hv_gic_config_t;
enum {
  HV_SYS_REG_CNTP_CTL_EL0 = 0xdf11, HV_SYS_REG_CNTP_CVAL_EL0 = 0xdf12,
  HV_GIC_ICC_REG_PMR_EL1 = 0xc230, HV_GIC_ICC_REG_BPR0_EL1 = 0xc643,
  HV_GIC_ICC_REG_AP0R0_EL1 = 0xc644, HV_GIC_ICC_REG_AP1R0_EL1 = 0xc648,
  HV_GIC_ICC_REG_RPR_EL1 = 0xc65b, HV_GIC_ICC_REG_BPR1_EL1 = 0xc663,
  HV_GIC_ICC_REG_CTLR_EL1 = 0xc664, HV_GIC_ICC_REG_SRE_EL1 = 0xc665,
  HV_GIC_ICC_REG_IGRPEN0_EL1 = 0xc666, HV_GIC_ICC_REG_IGRPEN1_EL1 = 0xc667
};
#define ABSENT_SIZE ABSENT(hv_return_t, size_t *)
#define ABSENT_BASE ABSENT(hv_return_t, hv_gic_config_t, hv_ipa_t)
#define hv_gic_config_create ABSENT(hv_gic_config_t, void)
#define hv_gic_config_set_distributor_base ABSENT_BASE
#define hv_gic_config_set_redistributor_base ABSENT_BASE
#define hv_gic_create ABSENT(hv_return_t, hv_gic_config_t)
#define hv_gic_reset ABSENT(hv_return_t, void)
#define hv_gic_set_spi ABSENT(hv_return_t, uint32_t, bool)
#define hv_gic_get_distributor_size ABSENT_SIZE
#define hv_gic_get_distributor_base_alignment ABSENT_SIZE
#define hv_gic_get_redistributor_size ABSENT_SIZE
#define hv_gic_get_redistributor_base_alignment ABSENT_SIZE
#define hv_gic_get_spi_interrupt_range \
  ABSENT(hv_return_t, uint32_t *, uint32_t *)
#define hv_gic_get_redistributor_base ABSENT(hv_return_t, hv_vcpu_t, hv_ipa_t *)
#define hv_gic_get_distributor_reg ABSENT(hv_return_t, uint16_t, uint64_t *)
#define hv_gic_get_redistributor_reg \
  ABSENT(hv_return_t, hv_vcpu_t, uint32_t, uint64_t *)
#define hv_gic_get_icc_reg ABSENT(hv_return_t, hv_vcpu_t, uint16_t, uint64_t *)
#define hv_gic_set_icc_reg ABSENT(hv_return_t, hv_vcpu_t, uint16_t, uint64_t)
#endif

#endif
#endif
