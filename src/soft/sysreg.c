// SPDX-License-Identifier: MIT
//
// System registers as EL1 sees them: storage and identification by the list
// in sysregs.def, views of other state (flags, banked SPs, timers) here.
// Also what depends on them: the mode word and the access limits.

#include "base/hostfp.h"
#include "soft/fp.h"
#include "soft/soft.h"

struct stored { uint16_t key; uint64_t reset, mask; };

static const struct stored stored[SYS_COUNT] = {
#define STORED(name, el0, reset, mask) { SYSKEY_##name, reset, mask },
#include "soft/sysregs.def"
#undef STORED
};

struct fixed { uint16_t key; uint64_t value; };

static const struct fixed fixed[] = {
#define FIXED(name, el0, value) { SYSKEY_##name, value },
#include "soft/sysregs.def"
#undef FIXED
};

static int find_stored(uint16_t key) {
  for (int k = 0; k < SYS_COUNT; k++)
    if (stored[k].key == key) return k;
  return -1;
}

static const struct fixed *find_fixed(uint16_t key) {
  for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
    if (fixed[k].key == key) return &fixed[k];
  return NULL;
}

// (3, 0, c0, c1-c7, *): identification; what is not there reads zero.
static bool id_space(uint16_t key) {
  return key >> 7 == 0xc000 >> 7 && (key >> 3 & 15) >= 1 &&
         (key >> 3 & 15) <= 7;
}

// What exists only with a feature.
static bool missing(const struct soft_cpu *cpu, uint16_t key) {
  static const struct { uint16_t key; uint8_t feature; } needs[] = {
#define NEEDS(name, feature) { SYSKEY_##name, FEAT_##feature },
#include "soft/sysregs.def"
#undef NEEDS
  };
  for (size_t k = 0; k < sizeof needs / sizeof *needs; k++)
    if (needs[k].key == key) return !soft_has(cpu, needs[k].feature);
  return false;
}

uint64_t soft_sysreg_bits(const struct feature_set *set, uint16_t key) {
  static const struct { uint64_t bits; uint16_t key, feature; } some[] = {
#define BITS(name, feature, bits) { bits, SYSKEY_##name, FEAT_##feature },
#include "soft/sysregs.def"
#undef BITS
  };
  uint64_t bits = 0;
  for (size_t k = 0; k < sizeof some / sizeof *some; k++)
    if (some[k].key == key && feature_has(set, some[k].feature))
      bits |= some[k].bits;
  return bits;
}

// The base value of an ID register, completed by the model.
static uint64_t identification(const struct soft_cpu *cpu, uint16_t key,
                               uint64_t base) {
  const struct soft_model *model = cpu->h.vm->model;
  unsigned bits = model->physical_bits;
  if (key == SYSKEY_midr_el1) return model->midr;
  if (key == SYSKEY_id_aa64mmfr0_el1)     // PARange: 40, 42, 44, 48 bits
    base |= bits == 48 ? 5 : (bits - 36) / 2;
  if (key == SYSKEY_id_aa64pfr0_el1 && cpu->h.vm->gic)
    base |= 1 << 24;                      // GIC: the registers ICC_*
  return soft_model_id(&cpu->h.vm->features, key,
                       cpu->h.vcpu->vm->pauth_impdef, base);
}

static bool read_only(uint16_t key) {
  switch (key) {
  case SYSKEY_currentel: case SYSKEY_mpidr_el1: case SYSKEY_isr_el1:
  case SYSKEY_cntvct_el0: case SYSKEY_cntpct_el0: case SYSKEY_oslsr_el1:
  case SYSKEY_cntvctss_el0: case SYSKEY_cntpctss_el0:
  case SYSKEY_rndr: case SYSKEY_rndrrs:
    return true;
  default:
    return id_space(key) || find_fixed(key);
  }
}

// B2.9: a set ISTATUS says the condition holds, masked or not.
static uint64_t timer_ctl(const struct soft_cpu *cpu, uint64_t ctl,
                          uint64_t cval) {
  bool met = (ctl & 1) && soft_count(cpu) >= cval;
  return ctl | (met ? 4 : 0);
}

static uint64_t timer_tval(const struct soft_cpu *cpu, uint64_t cval) {
  return (uint32_t)(cval - soft_count(cpu));
}

// D17.2.30: BS = 4, 64 bytes; DZP where DC ZVA traps, at EL0 by SCTLR_EL1.DZE.
static uint64_t dczid(const struct soft_cpu *cpu) {
  bool open = soft_el(cpu) || cpu->sys[SYS_sctlr_el1] >> 14 & 1;
  return 4 | (open ? 0 : 0x10);
}

// RNDR: the state is a counter, its numbers are made by splitmix64, so that
// they are the same in every run of a VM with the same seed.
uint64_t soft_random(uint64_t state) {
  state = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  state = (state ^ state >> 27) * UINT64_C(0x94d049bb133111eb);
  return state ^ state >> 31;
}

void soft_random_next(struct soft_cpu *cpu) {
  cpu->rndr += UINT64_C(0x9e3779b97f4a7c15);
}

// Views of other state. long: one case per register
static bool read_view(struct soft_cpu *cpu, uint16_t key, uint64_t *value) {
  uint64_t *sys = cpu->sys;
  switch (key) {
  case SYSKEY_nzcv: *value = cpu->nzcv; return true;
  case SYSKEY_daif: *value = cpu->pstate & PSTATE_DAIF; return true;
  case SYSKEY_currentel: *value = (uint64_t)soft_el(cpu) << 2; return true;
  case SYSKEY_dczid_el0: *value = dczid(cpu); return true;
  case SYSKEY_spsel: *value = cpu->pstate & PSTATE_SP; return true;
  case SYSKEY_pan: *value = cpu->pstate & PSTATE_PAN; return true;
  case SYSKEY_uao: *value = cpu->pstate & PSTATE_UAO; return true;
  case SYSKEY_dit: *value = cpu->pstate & PSTATE_DIT; return true;
  case SYSKEY_ssbs: *value = cpu->pstate & PSTATE_SSBS; return true;
  case SYSKEY_rndr: case SYSKEY_rndrrs:
    *value = soft_random(cpu->rndr); return true;
  case SYSKEY_sp_el0:
    *value = soft_current_sp(cpu) == 0 ? cpu->x[SLOT_SP] : cpu->sp_el[0];
    return true;
  case SYSKEY_sp_el1:
    *value = soft_current_sp(cpu) == 1 ? cpu->x[SLOT_SP] : cpu->sp_el[1];
    return true;
  case SYSKEY_mpidr_el1:
    *value = UINT64_C(0x80000000) | cpu->h.vcpu->index % 16 |
             (uint64_t)(cpu->h.vcpu->index / 16 & 0xff) << 8;
    return true;
  case SYSKEY_isr_el1:
    *value = (soft_lines(cpu) >> TV_IRQ & 1 ? 0x80 : 0) |
             (soft_lines(cpu) >> TV_FIQ & 1 ? 0x40 : 0);
    return true;
  case SYSKEY_cntvct_el0: case SYSKEY_cntpct_el0:
  case SYSKEY_cntvctss_el0: case SYSKEY_cntpctss_el0:
    *value = soft_count(cpu); return true;
  case SYSKEY_cntv_ctl_el0:
    *value = timer_ctl(cpu, sys[SYS_cntv_ctl_el0], sys[SYS_cntv_cval_el0]);
    return true;
  case SYSKEY_cntp_ctl_el0:
    *value = timer_ctl(cpu, sys[SYS_cntp_ctl_el0], sys[SYS_cntp_cval_el0]);
    return true;
  case SYSKEY_cntv_tval_el0:
    *value = timer_tval(cpu, sys[SYS_cntv_cval_el0]); return true;
  case SYSKEY_cntp_tval_el0:
    *value = timer_tval(cpu, sys[SYS_cntp_cval_el0]); return true;
  default:
    return false;
  }
}

bool soft_sysreg_read(struct soft_cpu *cpu, uint16_t key, uint64_t *value) {
  if (missing(cpu, key)) return false;
  if (read_view(cpu, key, value)) return true;
  if (soft_icc_has(cpu, key, ICC_READ)) {
    *value = soft_icc_read(cpu, key);
    return true;
  }
  int k = find_stored(key);
  if (k >= 0) {
    *value = cpu->sys[k];
    return true;
  }
  const struct fixed *f = find_fixed(key);
  if (!f && !id_space(key)) return false;
  *value = identification(cpu, key, f ? f->value : 0);
  return true;
}

static void set_pstate_bits(struct soft_cpu *cpu, uint32_t mask,
                            uint64_t value) {
  soft_set_pstate(cpu, (soft_pstate(cpu) & ~(uint64_t)mask) |
                       (value & mask));
}

static void write_sp(struct soft_cpu *cpu, unsigned bank, uint64_t value) {
  if (soft_current_sp(cpu) == bank) cpu->x[SLOT_SP] = value;
  else cpu->sp_el[bank] = value;
}

static bool write_view(struct soft_cpu *cpu, uint16_t key, uint64_t value) {
  uint64_t *sys = cpu->sys;
  if (key >> 3 == SYSKEY_cntv_ctl_el0 >> 3) cpu->timer_reported = false;
  switch (key) {
  case SYSKEY_nzcv: cpu->nzcv = value & PSTATE_NZCV; return true;
  case SYSKEY_daif: set_pstate_bits(cpu, PSTATE_DAIF, value); return true;
  case SYSKEY_spsel: set_pstate_bits(cpu, PSTATE_SP, value); return true;
  case SYSKEY_pan: set_pstate_bits(cpu, PSTATE_PAN, value); return true;
  case SYSKEY_uao: set_pstate_bits(cpu, PSTATE_UAO, value); return true;
  case SYSKEY_dit: set_pstate_bits(cpu, PSTATE_DIT, value); return true;
  case SYSKEY_ssbs: set_pstate_bits(cpu, PSTATE_SSBS, value); return true;
  case SYSKEY_sp_el0: write_sp(cpu, 0, value); return true;
  case SYSKEY_sp_el1: write_sp(cpu, 1, value); return true;
  case SYSKEY_oslar_el1:
    sys[SYS_oslsr_el1] = 8 | (value & 1) << 1; return true;
  case SYSKEY_cntv_tval_el0:
    sys[SYS_cntv_cval_el0] = soft_count(cpu) + (uint64_t)(int32_t)value;
    return true;
  case SYSKEY_cntp_tval_el0:
    sys[SYS_cntp_cval_el0] = soft_count(cpu) + (uint64_t)(int32_t)value;
    return true;
  default:
    return false;
  }
}

static bool is_view(uint16_t key) {
  switch (key) {
  case SYSKEY_nzcv: case SYSKEY_daif: case SYSKEY_spsel: case SYSKEY_pan:
  case SYSKEY_uao: case SYSKEY_dit: case SYSKEY_ssbs:
  case SYSKEY_sp_el0: case SYSKEY_sp_el1: case SYSKEY_cntv_tval_el0:
  case SYSKEY_cntp_tval_el0:
    return true;
  default:
    return false;
  }
}

bool soft_sysreg_readable(const struct soft_cpu *cpu, uint16_t key) {
  if (missing(cpu, key)) return false;
  return is_view(key) || find_stored(key) >= 0 || read_only(key) ||
         soft_icc_has(cpu, key, ICC_READ);
}

bool soft_sysreg_writable(const struct soft_cpu *cpu, uint16_t key) {
  if (read_only(key) || missing(cpu, key)) return false;
  return is_view(key) || key == SYSKEY_oslar_el1 || find_stored(key) >= 0 ||
         soft_icc_has(cpu, key, ICC_WRITE);
}

bool soft_sysreg_write(struct soft_cpu *cpu, uint16_t key, uint64_t value) {
  if (read_only(key) || missing(cpu, key)) return false;
  if (write_view(cpu, key, value)) return true;
  if (soft_icc_has(cpu, key, ICC_WRITE)) {
    soft_icc_write(cpu, key, value);
    return true;
  }
  int k = find_stored(key);
  if (k < 0) return false;
  uint64_t mask = stored[k].mask |
                  soft_sysreg_bits(&cpu->h.vm->features, key);
  cpu->sys[k] = (cpu->sys[k] & ~mask) | (value & mask);
  if (key == SYSKEY_vbar_el1) cpu->vbar_written = true;
  if (key == SYSKEY_sctlr_el1 || key == SYSKEY_cpacr_el1 ||
      key == SYSKEY_fpcr || key == SYSKEY_fpsr)
    soft_update_mode(cpu);
  return true;
}

void soft_sysreg_reset(struct soft_cpu *cpu) {
  for (unsigned k = 0; k < SYS_COUNT; k++) cpu->sys[k] = stored[k].reset;
  if (cpu->h.vcpu->vm->no_fp) cpu->sys[SYS_cpacr_el1] = 0;
  cpu->rndr = soft_random(cpu->h.vcpu->vm->seed ^
                          soft_random(cpu->h.vcpu->index + 1));
}

static uint32_t fp_mode_bits(const struct soft_cpu *cpu) {
  if (!HOSTFP || !cpu->h.fp.open) return 0;
  if (cpu->sys[SYS_fpcr] & (FPCR_RMODE | FPCR_FZ)) return 0;
  if (!(cpu->sys[SYS_fpsr] & FPSR_IXC)) return MODE_FP_PLAIN;
  return MODE_FP_PLAIN | MODE_FP_HOST;
}

void soft_update_mode(struct soft_cpu *cpu) {
  uint64_t sctlr = cpu->sys[SYS_sctlr_el1];
  unsigned fpen = cpu->sys[SYS_cpacr_el1] >> 20 & 3;
  bool el1 = cpu->pstate >> PSTATE_EL_SHIFT & 1;
  bool device = !(sctlr & 1) && !cpu->h.vcpu->vm->relaxed;
  bool align = device || (sctlr & 2);
  uint32_t mode = 0;
  if (el1) mode |= MODE_EL1;
  if (cpu->pstate & PSTATE_SP) mode |= MODE_SPSEL;
  if (sctlr & 1) mode |= MODE_MMU;
  if (align) mode |= MODE_ALIGN;
  if (device) mode |= MODE_DEVICE;
  if (sctlr >> (el1 ? 3 : 4) & 1) mode |= MODE_SA;
  if (cpu->pstate & PSTATE_PAN) mode |= MODE_PAN;
  if (fpen == 3 || (fpen == 1 && el1)) mode |= MODE_FP | fp_mode_bits(cpu);
  cpu->mode = mode;
  for (unsigned k = 0; k < 5; k++)
    cpu->h.ram.align[k] = align ? bits_mask(k) : 0;
}
