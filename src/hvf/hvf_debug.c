// SPDX-License-Identifier: MIT
//
// The debug registers: what they hold while we step the guest or have
// breakpoints in it (core/watch.h). The framework has no others for that, so
// the guest's own are kept aside meanwhile, and its accesses to them come to
// us: it finds what it wrote. Debug exceptions come to us, too.

#include "hvf/hvf.h"

#include <os/object.h>

#include "core/self.h"

enum { MDSCR_SS = 1, MDSCR_MDE = 1 << 15,
       BCR = 0xf << 5 | 3 << 1 | 1 };   // 4 bytes, EL1 and EL0, enabled

// MDSCR_EL1, then a value and a control register for each breakpoint, then a
// control register for each watchpoint.
_Static_assert(HVF_DEBUG_REGS == 1 + 3 * WATCH_MOST, "a place for each");

// ----------------------------------------------------------- what there is --

void hvf_debug_init(struct hvf_vm *hvf) {
  uint64_t dfr0 = 0;
  hv_vcpu_config_t config = hv_vcpu_config_create();
  if (config &&
      !hv_vcpu_config_get_feature_reg(config, HV_FEATURE_REG_ID_AA64DFR0_EL1,
                                      &dfr0)) {
    hvf->breakpoints = (dfr0 >> 12 & 15) + 1;
    hvf->watchpoints = (dfr0 >> 20 & 15) + 1;
  } else {                       // the least that the architecture has
    hvf->breakpoints = hvf->watchpoints = 2;
  }
  if (config) os_release(config);
}

static unsigned registers(const struct hvf_vm *hvf) {
  return 1 + 2 * hvf->breakpoints + hvf->watchpoints;
}

static uint16_t key_of(const struct hvf_vm *hvf, unsigned k) {
  unsigned pair = (k - 1) / 2;
  if (!k) return VIEW_mdscr_el1;
  if (pair >= hvf->breakpoints)
    return (uint16_t)(VIEW_dbgwcr0_el1 + 8 * (k - 1 - 2 * hvf->breakpoints));
  return (uint16_t)((k & 1 ? VIEW_dbgbvr0_el1 : VIEW_dbgbcr0_el1) + 8 * pair);
}

// ---------------------------------------------------------------- changing --

// What a register is to hold. Without a use for them they are the guest's.
static uint64_t content(const struct hvf_vcpu *h, unsigned k) {
  const struct watch *w = &h->watch;
  uint64_t own = h->debug.own[k];
  unsigned pair = (k - 1) / 2;
  if (!watch_any(w)) return own;
  if (!k)
    return (own & ~(uint64_t)(MDSCR_SS | MDSCR_MDE)) |
           (w->step ? MDSCR_SS : 0) | (w->count ? MDSCR_MDE : 0);
  if (pair < w->count) return k & 1 ? w->at[pair] : BCR;
  bool value = k & 1 && pair < hvf_vm_of(h->vcpu->vm)->breakpoints;
  return value ? own : 0;
}

static void change(struct hvf_vcpu *h, const struct watch *want) {
  const struct hvf_vm *hvf = hvf_vm_of(h->vcpu->vm);
  struct hvf_debug *d = &h->debug;
  for (unsigned k = 0; !d->aside && k < registers(hvf); k++)
    d->own[k] = d->now[k] =
      self_get(h->vcpu, TV_REG_SYS(key_of(hvf, k)));
  h->watch = *want;
  d->aside = false;            // so that this goes to the hardware
  for (unsigned k = 0; k < registers(hvf); k++) {
    uint64_t value = content(h, k);
    if (value == d->now[k]) continue;
    self_set(h->vcpu, TV_REG_SYS(key_of(hvf, k)), value);
    d->now[k] = value;
  }
  d->aside = watch_any(want);
}

static tv_status trap(struct hvf_vcpu *h, tv_error *err) {
  struct hvf_debug *d = &h->debug;
  if (d->aside == d->trapped) return TV_OK;
  hv_return_t r = hv_vcpu_set_trap_debug_exceptions(h->id, d->aside);
  if (r) return hvf_refused(err, r, "hv_vcpu_set_trap_debug_exceptions");
  r = hv_vcpu_set_trap_debug_reg_accesses(h->id, d->aside);
  if (r) return hvf_refused(err, r, "hv_vcpu_set_trap_debug_reg_accesses");
  d->trapped = d->aside;
  return TV_OK;
}

tv_status hvf_debug_update(struct hvf_vcpu *h, tv_error *err) {
  uint64_t line[WATCH_LINE];
  unsigned lines = hvf_line_watched(h, line);
  struct watch want = watch_plan(h->vcpu, hvf_vm_of(h->vcpu->vm)->breakpoints,
                                 line, lines);
  if (!watch_same(&h->watch, &want)) change(h, &want);
  return trap(h, err);
}

void hvf_debug_reset(struct hvf_vcpu *h) {
  h->watch = (struct watch){ 0 };
  h->debug.aside = false;
}

// --------------------------------------------------------- the guest's own --

uint64_t *hvf_debug_own(struct hvf_vcpu *h, uint16_t key) {
  const struct hvf_vm *hvf = hvf_vm_of(h->vcpu->vm);
  for (unsigned k = 0; h->debug.aside && k < registers(hvf); k++)
    if (key_of(hvf, k) == key) return &h->debug.own[k];
  return NULL;
}

// While accesses come to us: registers that the framework has not, which are
// those of an external debugger, read as if there were none.
static bool has_external(const struct hvf_vcpu *h, uint16_t key) {
  switch (key) {
    case VIEW_osdtrrx_el1: case VIEW_osdtrtx_el1: case VIEW_oseccr_el1:
    case VIEW_dbgclaimset_el1: case VIEW_dbgclaimclr_el1:
    case VIEW_dbgauthstatus_el1: case VIEW_mdrar_el1: case VIEW_mdccsr_el0:
    case VIEW_dbgdtr_el0: case VIEW_dbgdtrrx_el0:
      return h->debug.trapped;
    default: return false;
  }
}

bool hvf_debug_read(struct hvf_vcpu *h, uint16_t key, uint64_t *value) {
  enum { CLAIM_TAGS = 0xff };
  if (hvf_sysreg_place(h->vcpu->vm, key) >= 0 && h->debug.trapped) {
    *value = self_get(h->vcpu, TV_REG_SYS(key));
    return true;
  }
  *value = key == VIEW_dbgclaimset_el1 ? CLAIM_TAGS : 0;
  return has_external(h, key);
}

bool hvf_debug_write(struct hvf_vcpu *h, uint16_t key, uint64_t value) {
  bool known = hvf_sysreg_place(h->vcpu->vm, key) >= 0 && h->debug.trapped;
  if (known) self_set(h->vcpu, TV_REG_SYS(key), value);
  return known || has_external(h, key);
}
