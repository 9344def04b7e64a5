// SPDX-License-Identifier: MIT
//
// The mock's hv_gic_ functions: the GIC of macOS 15, which is the software
// CPU's, and the rules of Apple's:
//
// - one in a VM, made before the VM's first vCPU, from a configuration with
//   both bases, aligned as the framework asks;
// - a vCPU has its redistributor once its affinity is set, and does not run
//   before;
// - once a vCPU has run there are no other vCPUs, nor other affinities, and
//   who destroys one runs none any more;
// - interrupts of the shared range only;
// - the CPU interface belongs to the vCPU's thread, and starts with junk.
//
// What Apple does not say is as bad as can be: a reset lowers all inputs, the
// timers' outputs do not show as pending, and an exit from WFI may leave pc at
// it or after it (mock_run.c).
//
// Apple's GIC may be anywhere; the software CPU's is where TV_GIC_DISTRIBUTOR
// and TV_GIC_REDISTRIBUTOR say.

#include <os/object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock.h"

enum { REDISTRIBUTOR_SIZE = 0x20000, TYPER = 8, ISPENDR0 = 0x10200,
       TIMERS = 1 << 27 | 1 << 30 };

struct hv_gic_config_s { hv_ipa_t distributor, redistributor; };

// ------------------------------------------------------------------ making --

bool mock_with_gic(void) { return hv_gic_create; }

hv_gic_config_t hv_gic_config_create(void) {
  if (!mock.vm || mock_fails()) return NULL;
  return calloc(1, sizeof(struct hv_gic_config_s));
}

static hv_return_t set_base(hv_ipa_t *base, hv_ipa_t value, size_t aligned) {
  if (mock_fails()) return HV_ERROR;
  if (!value || value % aligned || value >> MOCK_IPA_BITS)
    return HV_BAD_ARGUMENT;
  *base = value;
  return HV_SUCCESS;
}

hv_return_t hv_gic_config_set_distributor_base(hv_gic_config_t config,
                                               hv_ipa_t base) {
  return set_base(&config->distributor, base, mock.fact.distributor_aligned);
}

hv_return_t hv_gic_config_set_redistributor_base(hv_gic_config_t config,
                                                 hv_ipa_t base) {
  return set_base(&config->redistributor, base,
                  mock.fact.redistributor_aligned);
}

static hv_return_t create(const struct hv_gic_config_s *config) {
  if (!mock.vm) return HV_NO_DEVICE;
  if (mock_fails()) return HV_ERROR;
  if (mock.gic.made) return HV_EXISTS;
  if (mock.vm->vcpus || mock.gic.late) return HV_BUSY;
  if (!config || !config->distributor || !config->redistributor)
    return HV_BAD_ARGUMENT;
  if (config->distributor != TV_GIC_DISTRIBUTOR ||
      config->redistributor != TV_GIC_REDISTRIBUTOR) {
    fprintf(stderr, "mock: the GIC can only be where tinyvmm has it\n");
    return HV_UNSUPPORTED;
  }
  return mock_remake(3);
}

hv_return_t hv_gic_create(hv_gic_config_t config) {
  pthread_mutex_lock(&mock.lock);
  hv_return_t r = create(config);
  if (!r) mock.gic.made = true;
  pthread_mutex_unlock(&mock.lock);
  return r;
}

// -------------------------------------------------------------- geometry --

static hv_return_t tell(size_t *to, size_t value) {
  if (mock_fails()) return HV_ERROR;
  *to = value;
  return HV_SUCCESS;
}

hv_return_t hv_gic_get_distributor_size(size_t *size) {
  return tell(size, mock.fact.distributor);
}

hv_return_t hv_gic_get_distributor_base_alignment(size_t *alignment) {
  return tell(alignment, mock.fact.distributor_aligned);
}

hv_return_t hv_gic_get_redistributor_size(size_t *size) {
  return tell(size, mock.fact.redistributor);
}

hv_return_t hv_gic_get_redistributor_base_alignment(size_t *alignment) {
  return tell(alignment, mock.fact.redistributor_aligned);
}

hv_return_t hv_gic_get_spi_interrupt_range(uint32_t *first,
                                           uint32_t *count) {
  if (mock_fails()) return HV_ERROR;
  *first = mock.fact.first_spi;
  *count = mock.fact.spis;
  return HV_SUCCESS;
}

static hv_return_t get_base(const struct mock_vcpu *v, hv_ipa_t *base) {
  if (!mock.gic.made) return HV_UNSUPPORTED;
  if (!v->cpu || !v->placed || mock_fails()) return HV_BAD_ARGUMENT;
  *base = TV_GIC_REDISTRIBUTOR + (uint64_t)v->index * REDISTRIBUTOR_SIZE;
  return HV_SUCCESS;
}

// By the order in which vCPUs were made.
hv_return_t hv_gic_get_redistributor_base(hv_vcpu_t id, hv_ipa_t *base) {
  if (id >= MOCK_VCPUS) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  hv_return_t r = get_base(&mock.vcpu[id], base);
  pthread_mutex_unlock(&mock.lock);
  return r;
}

// ---------------------------------------------------------------- inputs --

static bool is_spi(uint32_t intid) {
  return intid - mock.fact.first_spi < mock.fact.spis;
}

static void set_spi(uint32_t intid, bool level) {
  bool there = intid - TV_GIC_SPI < TV_GIC_SPIS;
  if (there) backend_soft.gic_irq(mock.vm, intid, level, NULL);
}

hv_return_t hv_gic_set_spi(uint32_t intid, bool level) {
  if (!mock.gic.made) return HV_UNSUPPORTED;
  if (!is_spi(intid) || mock_fails()) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  set_spi(intid, level);
  pthread_mutex_unlock(&mock.lock);
  return HV_SUCCESS;
}

hv_return_t hv_gic_reset(void) {
  if (!mock.gic.made) return HV_UNSUPPORTED;
  if (mock_fails()) return HV_ERROR;
  pthread_mutex_lock(&mock.lock);
  for (unsigned n = 0; n < TV_GIC_SPIS; n++) set_spi(TV_GIC_SPI + n, false);
  backend_soft.gic_reset(mock.vm);
  pthread_mutex_unlock(&mock.lock);
  return HV_SUCCESS;
}

// -------------------------------------------------------------- registers --

// A guest's read of a frame, by a vCPU that is none: others may run.
static uint64_t read_frame(uint64_t addr, unsigned size) {
  tv_vcpu nobody = { .vm = mock.vm };
  struct soft_cpu cpu = { .h = { .vcpu = &nobody, .vm = mock.vm->back } };
  cpu.h.exit.u.mmio.addr = addr;
  cpu.h.exit.u.mmio.size = size;
  soft_gic_access(&cpu);
  return cpu.pending.data[0];
}

hv_return_t hv_gic_get_distributor_reg(hv_gic_distributor_reg_t reg,
                                       uint64_t *value) {
  if (!mock.gic.made) return HV_UNSUPPORTED;
  if (reg & 3 || mock_fails()) return HV_BAD_ARGUMENT;
  bool router = reg >= 0x6000 && reg < 0x8000;
  pthread_mutex_lock(&mock.lock);
  *value = read_frame(TV_GIC_DISTRIBUTOR + reg, router ? 8 : 4);
  pthread_mutex_unlock(&mock.lock);
  return HV_SUCCESS;
}

hv_return_t hv_gic_get_redistributor_reg(hv_vcpu_t id,
                                         hv_gic_redistributor_reg_t reg,
                                         uint64_t *value) {
  const struct mock_vcpu *v = mock_own(id);
  if (!mock.gic.made) return HV_UNSUPPORTED;
  if (!v || reg & 3 || reg >= REDISTRIBUTOR_SIZE) return HV_BAD_ARGUMENT;
  uint64_t base = TV_GIC_REDISTRIBUTOR +
                  (uint64_t)v->index * REDISTRIBUTOR_SIZE;
  pthread_mutex_lock(&mock.lock);
  *value = read_frame(base + reg, reg == TYPER ? 8 : 4);
  if (reg == ISPENDR0) *value &= ~(uint64_t)TIMERS;
  pthread_mutex_unlock(&mock.lock);
  return HV_SUCCESS;
}

static bool is_icc(hv_gic_icc_reg_t reg) {
  switch (reg) {
    case HV_GIC_ICC_REG_PMR_EL1: case HV_GIC_ICC_REG_BPR0_EL1:
    case HV_GIC_ICC_REG_AP0R0_EL1: case HV_GIC_ICC_REG_AP1R0_EL1:
    case HV_GIC_ICC_REG_RPR_EL1: case HV_GIC_ICC_REG_BPR1_EL1:
    case HV_GIC_ICC_REG_CTLR_EL1: case HV_GIC_ICC_REG_SRE_EL1:
    case HV_GIC_ICC_REG_IGRPEN0_EL1: case HV_GIC_ICC_REG_IGRPEN1_EL1:
      return true;
    default: return false;
  }
}

hv_return_t hv_gic_get_icc_reg(hv_vcpu_t id, hv_gic_icc_reg_t reg,
                               uint64_t *value) {
  const struct mock_vcpu *v = mock_own(id);
  if (!mock.gic.made) return HV_UNSUPPORTED;
  if (!v || !is_icc(reg)) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  soft_sysreg_read(mock_soft(v), reg, value);
  pthread_mutex_unlock(&mock.lock);
  return HV_SUCCESS;
}

// What says what there is, is not for anyone to change.
static bool is_denied(struct soft_cpu *c, hv_gic_icc_reg_t reg,
                      uint64_t value) {
  enum { CBPR = 1, EOIMODE = 2 };
  uint64_t old = 0;
  soft_sysreg_read(c, reg, &old);
  switch (reg) {
    case HV_GIC_ICC_REG_RPR_EL1: case HV_GIC_ICC_REG_SRE_EL1: return true;
    case HV_GIC_ICC_REG_CTLR_EL1:
      return (value ^ old) & ~(uint64_t)(CBPR | EOIMODE);
    default: return false;
  }
}

hv_return_t hv_gic_set_icc_reg(hv_vcpu_t id, hv_gic_icc_reg_t reg,
                               uint64_t value) {
  const struct mock_vcpu *v = mock_own(id);
  if (!mock.gic.made) return HV_UNSUPPORTED;
  if (!v || !is_icc(reg)) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  bool denied = is_denied(mock_soft(v), reg, value);
  if (!denied) soft_sysreg_write(mock_soft(v), reg, value);
  pthread_mutex_unlock(&mock.lock);
  return denied ? HV_DENIED : HV_SUCCESS;
}
