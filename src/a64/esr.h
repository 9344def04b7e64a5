// SPDX-License-Identifier: MIT
//
// Exception syndromes: ESR_ELx = EC << 26 | IL << 25 | ISS (Arm ARM
// D17.2.37), and the fault status codes of aborts.

#ifndef A64_ESR_H
#define A64_ESR_H

#include <stdint.h>

enum esr_ec {
  ESR_EC_UNKNOWN = 0x00,        // undefined instruction
  ESR_EC_WFX = 0x01,
  ESR_EC_FP = 0x07,             // FP/SIMD access trapped by CPACR_EL1
  ESR_EC_ILLEGAL = 0x0e,        // PSTATE.IL
  ESR_EC_SVC64 = 0x15,
  ESR_EC_HVC64 = 0x16,
  ESR_EC_SMC64 = 0x17,
  ESR_EC_SYS64 = 0x18,          // trapped MSR, MRS, SYS
  ESR_EC_PAC = 0x1c,            // pointer authentication failed (FEAT_FPAC)
  ESR_EC_IABT_LOW = 0x20,       // instruction abort from a lower EL
  ESR_EC_IABT = 0x21,
  ESR_EC_PC_ALIGN = 0x22,
  ESR_EC_DABT_LOW = 0x24,       // data abort from a lower EL
  ESR_EC_DABT = 0x25,
  ESR_EC_SP_ALIGN = 0x26,
  ESR_EC_MOPS = 0x27,           // memory copy or set: wrong registers
  ESR_EC_BREAKPOINT_LOW = 0x30, // of hardware, from a lower EL
  ESR_EC_STEP_LOW = 0x32,
  ESR_EC_STEP = 0x33,
  ESR_EC_WATCHPOINT_LOW = 0x34,
  ESR_EC_BRK64 = 0x3c
};

#define ESR_IL (1u << 25)

// Fault status codes, ISS[5:0] of aborts. Levels are added where they apply.
enum esr_fsc {
  ESR_FSC_ADDRESS_SIZE = 0x00,
  ESR_FSC_TRANSLATION = 0x04,
  ESR_FSC_ACCESS = 0x08,
  ESR_FSC_PERMISSION = 0x0c,
  ESR_FSC_EXTERNAL = 0x10,
  ESR_FSC_ALIGNMENT = 0x21,
  ESR_FSC_ADDRESS_SIZE_BEFORE_0 = 0x29,   // at level -1 (FEAT_LPA2)
  ESR_FSC_TRANSLATION_BEFORE_0 = 0x2b,
  ESR_FSC_ATOMIC = 0x35         // unsupported exclusive or atomic access
};

enum { ESR_DABT_WNR = 1 << 6, ESR_DABT_S1PTW = 1 << 7,
       ESR_DABT_CM = 1 << 8 };

// The key (see TV_REG_SYS) in the ISS of a trapped MSR or MRS (EC 0x18).
static inline uint16_t esr_sysreg(uint64_t esr) {
  return (uint16_t)((esr >> 20 & 3) << 14 | (esr >> 14 & 7) << 11 |
                    (esr >> 10 & 15) << 7 | (esr >> 1 & 15) << 3 |
                    (esr >> 17 & 7));
}

static inline uint32_t esr_make(enum esr_ec ec, uint32_t iss) {
  return (uint32_t)ec << 26 | ESR_IL | iss;
}

static inline enum esr_ec esr_ec(uint64_t esr) {
  return (enum esr_ec)(esr >> 26 & 0x3f);
}

#endif
