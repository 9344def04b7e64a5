// SPDX-License-Identifier: MIT
//
// The part of Linux's KVM interface for arm64 that we use, written down here:
// the headers of the oldest kernels we run on lack some of it, and this file
// compiles anywhere. Names are the kernel's own (Documentation/virt/kvm/
// api.rst, arch/arm64/include/uapi/asm/kvm.h) without the leading KVM_.

#ifndef KVM_KVM_ABI_H
#define KVM_KVM_ABI_H

#include <stddef.h>
#include <stdint.h>

// ioctl numbers, by the file they are for.
enum {                                   // /dev/kvm
  GET_API_VERSION = 0xae00, CREATE_VM = 0xae01, CHECK_EXTENSION = 0xae03,
  GET_VCPU_MMAP_SIZE = 0xae04
};
enum {                                   // a VM
  CREATE_VCPU = 0xae41, SET_USER_MEMORY_REGION = 0x4020ae46,
  IRQ_LINE = 0x4008ae61, ENABLE_CAP = 0x4068aea3,
  SET_DEVICE_ATTR = 0x4018aee1, GET_DEVICE_ATTR = 0x4018aee2,
  GET_DIRTY_LOG = 0x4010ae42
};
#define CREATE_DEVICE UINT32_C(0xc00caee0)
#define ARM_PREFERRED_TARGET UINT32_C(0x8020aeaf)
enum {                                   // a vCPU
  RUN = 0xae80, SET_GUEST_DEBUG = 0x4208ae9b, GET_ONE_REG = 0x4010aeab,
  SET_ONE_REG = 0x4010aeac, ARM_VCPU_INIT = 0x4020aeae,
  SET_MP_STATE = 0x4004ae99, GET_STATS_FD = 0xaece
};
#define GET_MP_STATE UINT32_C(0x8004ae98)

enum { API_VERSION = 12 };

enum kvm_cap {
  CAP_NR_MEMSLOTS = 10, CAP_MAX_VCPUS = 66, CAP_READONLY_MEM = 81,
  CAP_GUEST_DEBUG_HW_BPS = 119, CAP_IMMEDIATE_EXIT = 136,
  CAP_ARM_USER_IRQ = 144, CAP_ARM_VM_IPA_SIZE = 165,
  CAP_ARM_NISV_TO_USER = 177, CAP_HALT_POLL = 182,
  CAP_BINARY_STATS_FD = 203, CAP_ARM_SYSTEM_SUSPEND = 216
};

struct kvm_enable_cap {
  uint32_t cap, flags;
  uint64_t args[4];
  uint8_t pad[64];
};

enum { MEM_LOG_DIRTY_PAGES = 1, MEM_READONLY = 2 };
struct kvm_memory_region {
  uint32_t slot, flags;
  uint64_t gpa, size, host;              // size 0: removes the slot
};

// One bit for each page of the host's; taking it begins it anew.
struct kvm_dirty_log { uint32_t slot, pad; uint64_t bitmap; };

struct kvm_vcpu_init { uint32_t target, features[7]; };
enum { VCPU_PSCI_0_2 = 2 };              // bit of features[0]

struct kvm_one_reg { uint64_t id, addr; };
struct kvm_irq_level { uint32_t irq, level; };
struct kvm_mp_state { uint32_t state; };
enum { MP_RUNNABLE = 0, MP_STOPPED = 5, MP_SUSPENDED = 10 };

struct kvm_device_attr { uint32_t flags, group; uint64_t attr, addr; };
struct kvm_create_device { uint32_t type, fd, flags; };
enum { DEV_VGIC_V2 = 5, DEV_VGIC_V3 = 7, CREATE_DEVICE_TEST = 1 };

// The vGICv3 (Documentation/virt/kvm/devices/arm-vgic-v3.rst): groups of
// attributes, and the attributes of some. Those of registers are an offset in
// the frame or a register's key, beside the vCPU's affinity.
enum kvm_vgic_group {
  VGIC_ADDR = 0, VGIC_DIST_REGS = 1, VGIC_NR_IRQS = 3, VGIC_CTRL = 4,
  VGIC_REDIST_REGS = 5, VGIC_CPU_SYSREGS = 6, VGIC_LEVEL_INFO = 7
};
enum { VGIC_ADDR_DIST = 2, VGIC_ADDR_REDIST = 3, VGIC_CTRL_INIT = 0,
       VGIC_AFFINITY_SHIFT = 32 };
enum { IRQ_TYPE_SPI = 1 << 24 };         // of kvm_irq_level.irq, + INTID

// What GET_STATS_FD's file begins with, and each of its descriptors, whose
// name follows; the values are uint64_t.
struct kvm_stats_header {
  uint32_t flags, name_size, count, id_offset, desc_offset, data_offset;
};
struct kvm_stats_desc {
  uint32_t flags;
  int16_t exponent;
  uint16_t size;
  uint32_t offset, bucket_size;
};

// SMCCC filter (Linux 6.4): group 0, attribute 0 of a VM.
struct kvm_smccc_filter {
  uint32_t base, count;
  uint8_t action, pad[15];
};
enum { SMCCC_FWD_TO_USER = 2 };

// KVM_SET_GUEST_DEBUG.
struct kvm_guest_debug {
  uint32_t control, pad;
  uint64_t bcr[16], bvr[16], wcr[16], wvr[16];
};
enum { DEBUG_ENABLE = 1, DEBUG_SINGLESTEP = 2, DEBUG_USE_HW = 0x20000 };

enum kvm_exit_reason {
  EXIT_HYPERCALL = 3, EXIT_DEBUG = 4, EXIT_MMIO = 6, EXIT_INTR = 10,
  EXIT_SYSTEM_EVENT = 24, EXIT_ARM_NISV = 28,
  EXIT_ARM_LDST64B = 42                  // as NISV
};
enum { HYPERCALL_SMC = 1 };
// PSCI calls that kernels without a filter serve themselves (Arm DEN0022).
enum {
#define PSCI(name, nr) name = (int)UINT32_C(nr)
  PSCI(PSCI_CPU_OFF, 0x84000002), PSCI(PSCI_SYSTEM_OFF, 0x84000008),
  PSCI(PSCI_SYSTEM_RESET, 0x84000009)
#undef PSCI
};
enum { EVENT_SHUTDOWN = 1, EVENT_RESET = 2, EVENT_WAKEUP = 4 };
enum { LEVEL_VTIMER = 1, LEVEL_PTIMER = 2 };

// The page that a vCPU shares with the kernel.
struct kvm_run {
  uint8_t request_interrupt_window;
  _Atomic uint8_t immediate_exit;        // also written by kicking threads
  uint8_t pad1[6];
  uint32_t exit_reason;
  uint8_t pad2[20];
  union {                                // at 0x20
    struct { uint64_t nr, args[6], ret, flags; } hypercall;
    struct { uint32_t hsr, hsr_high; uint64_t far; } debug;
    struct { uint64_t phys; uint8_t data[8]; uint32_t len;
             uint8_t is_write; } mmio;
    struct { uint32_t type, ndata; uint64_t data[16]; } system_event;
    struct { uint64_t iss, ipa; } nisv;
    uint8_t pad3[256];
  };
  uint64_t valid_regs, dirty_regs;       // at 0x120
  uint64_t device_irq_level;
};

_Static_assert(offsetof(struct kvm_run, hypercall.flags) == 0x60, "ABI");
_Static_assert(offsetof(struct kvm_run, mmio.is_write) == 0x34, "ABI");
_Static_assert(offsetof(struct kvm_run, device_irq_level) == 0x130, "ABI");
_Static_assert(sizeof(struct kvm_guest_debug) == 0x208, "ABI");

// ONE_REG identifiers: size, architecture and kind, then the register.
#define REG_CORE UINT64_C(0x6030000000100000)
#define REG_V UINT64_C(0x6040000000100054)     // + 4 * n
#define REG_FPSR UINT64_C(0x60200000001000d4)
#define REG_FPCR UINT64_C(0x60200000001000d5)
#define REG_SYS UINT64_C(0x6030000000130000)   // + key
enum {
  CORE_SP_EL0 = 0x3e, CORE_PC = 0x40, CORE_PSTATE = 0x42, CORE_SP_EL1 = 0x44,
  CORE_ELR_EL1 = 0x46, CORE_SPSR_EL1 = 0x48    // x0..x30: 2 * n
};

#endif
