// SPDX-License-Identifier: MIT
//
// The mock's VM, its maps, its clock, and what hosts ask of the machine. The
// clock is that of the inner VM, so it stands still while nobody runs.

#include <libkern/OSCacheControl.h>
#include <mach/mach_time.h>
#include <os/object.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>

#include "base/os.h"
#include "mock.h"

struct mock mock = {
  .lock = PTHREAD_MUTEX_INITIALIZER,
  .fact = { .distributor = 65536, .distributor_aligned = 65536,
            .redistributor = 131072, .redistributor_aligned = 65536,
            .first_spi = 32, .spis = 988 }
};

// The first tick that anyone sees: a guest's counter never starts at 0.
static const uint64_t epoch = 0x123456789;

// How long the Mac has slept, in ticks.
static const uint64_t slept = 0xabcdef01234;

bool mock_fails(void) {
  unsigned left = atomic_load(&mock.fail);
  while (left && !atomic_compare_exchange_weak(&mock.fail, &left, left - 1))
    continue;
  if (left == 1) atomic_store(&mock.failed, true);
  return left == 1;
}

// ------------------------------------------------------------------ clock --

static uint64_t now_ns(void) {
  const struct soft_vm *soft = mock.vm ? mock.vm->back : NULL;
  return mock.past + (soft ? soft->clock : 0);
}

uint64_t mock_zero(void) { return epoch + (mock.past >> MOCK_TICK_SHIFT); }

uint64_t mach_absolute_time(void) {
  pthread_mutex_lock(&mock.lock);
  uint64_t ticks = epoch + (now_ns() >> MOCK_TICK_SHIFT);
  pthread_mutex_unlock(&mock.lock);
  return ticks;
}

uint64_t mock_physical_zero(void) { return mock_zero() + slept; }

uint64_t mach_continuous_time(void) { return mach_absolute_time() + slept; }

int mach_timebase_info(mach_timebase_info_data_t *info) {
  info->numer = 3 << MOCK_TICK_SHIFT;      // not 1, and not reduced
  info->denom = 3;
  return 0;
}

// Sleeping takes no time but makes it pass.
int mach_wait_until(uint64_t deadline) {
  pthread_mutex_lock(&mock.lock);
  uint64_t zero = mock_zero();
  if (mock.vm && deadline > zero)
    backend_soft.skip_to(mock.vm, (deadline - zero) << MOCK_TICK_SHIFT);
  pthread_mutex_unlock(&mock.lock);
  return 0;
}

// --------------------------------------------------------------------- VM --

static tv_vm *inner(unsigned gic) {
  const tv_vm_config config = { .size = sizeof config, .gic = gic,
    .timer_exit = !gic, .relaxed = getenv("TV_MOCK_RELAXED") };
  tv_vm *vm = NULL;
  if (tv_vm_new(&config, &vm, NULL)) return NULL;
  vm->traps = MOCK_TRAPS;
  return vm;
}

static hv_return_t create(void) {
  if (mock.denied) return HV_DENIED;
  if (mock_fails()) return HV_ERROR;
  if (mock.vm) return HV_BUSY;
  mock.vm = inner(0);
  return mock.vm ? HV_SUCCESS : HV_NO_RESOURCES;
}

static void replace(tv_vm *vm) {
  mock.past = (now_ns() + 15) & ~UINT64_C(15);
  tv_vm_free(mock.vm);
  mock.vm = vm;
}

hv_return_t mock_remake(unsigned gic) {
  tv_vm *vm = inner(gic);
  tv_status s = vm ? TV_OK : TV_E_NO_MEMORY;
  for (size_t k = 0; !s && k < mock.vm->mem.count; k++) {
    const struct region *r = mock.vm->mem.region[k];
    s = tv_mem_ram(vm, r->base, r->size, r->prot, r->host, NULL);
  }
  if (!s) replace(vm);
  else tv_vm_free(vm);
  return !s ? HV_SUCCESS : vm ? HV_BAD_ARGUMENT : HV_NO_RESOURCES;
}

hv_return_t hv_vm_create(hv_vm_config_t config) {
  if (config) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  hv_return_t r = create();
  pthread_mutex_unlock(&mock.lock);
  return r;
}

static hv_return_t destroy(void) {
  if (!mock.vm) return HV_NO_DEVICE;
  if (mock.vm->vcpus) return HV_BUSY;
  replace(NULL);
  memset(&mock.gic, 0, sizeof mock.gic);
  return HV_SUCCESS;
}

hv_return_t hv_vm_destroy(void) {
  pthread_mutex_lock(&mock.lock);
  hv_return_t r = destroy();
  pthread_mutex_unlock(&mock.lock);
  return r;
}

// ------------------------------------------------------------------- maps --

static bool bad_range(hv_ipa_t ipa, size_t size) {
  const uint64_t end = UINT64_C(1) << MOCK_IPA_BITS;
  return !size || (ipa | size) % MOCK_GRANULE || ipa >= end ||
         size > end - ipa;
}

hv_return_t hv_vm_map(void *addr, hv_ipa_t ipa, size_t size,
                      hv_memory_flags_t flags) {
  if (!mock.vm) return HV_NO_DEVICE;
  if (mock_fails()) return HV_ERROR;
  if (bad_range(ipa, size) || !addr || flags & ~(hv_memory_flags_t)7 ||
      (uintptr_t)addr % os_page_size()) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  tv_status s = tv_mem_ram(mock.vm, ipa, size, (unsigned)flags, addr, NULL);
  pthread_mutex_unlock(&mock.lock);
  return s == TV_E_NO_MEMORY ? HV_NO_RESOURCES :
         s ? HV_BAD_ARGUMENT : HV_SUCCESS;
}

// Cuts the map that holds ipa there. Both parts stay RAM, whatever may be done
// with them now.
static tv_status cut(hv_ipa_t ipa) {
  const struct region *there = mem_at(mock.vm, ipa);
  if (!there || there->base == ipa) return TV_OK;
  struct region r = *there;
  uint64_t base[] = { r.base, ipa }, end[] = { ipa, r.base + r.size };
  unsigned prot = r.prot | (r.kind == TV_MEM_RAM ? TV_WRITE : 0);
  tv_status s = tv_mem_unmap(mock.vm, r.base, r.size, NULL);
  for (unsigned k = 0; !s && k < 2; k++) {
    s = tv_mem_ram(mock.vm, base[k], end[k] - base[k], prot,
                   r.host + (base[k] - r.base), NULL);
    if (!s) s = tv_mem_protect(mock.vm, base[k], r.prot, NULL);
  }
  return s;
}

// Makes the range one of whole maps of the inner VM. It must be all mapped.
static tv_status cut_out(hv_ipa_t ipa, size_t size) {
  for (hv_ipa_t at = ipa; at < ipa + size; ) {
    const struct region *r = mem_at(mock.vm, at);
    if (!r) return TV_E_RANGE;
    at = r->base + r->size;
  }
  tv_status s = cut(ipa);
  return s ? s : cut(ipa + size);
}

static tv_status protect(hv_ipa_t ipa, size_t size, unsigned prot) {
  tv_status s = cut_out(ipa, size);
  for (hv_ipa_t at = ipa; !s && at < ipa + size; ) {
    s = tv_mem_protect(mock.vm, at, prot, NULL);
    at += mem_at(mock.vm, at)->size;
  }
  return s;
}

hv_return_t hv_vm_unmap(hv_ipa_t ipa, size_t size) {
  if (!mock.vm) return HV_NO_DEVICE;
  if (bad_range(ipa, size)) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  tv_status s = cut_out(ipa, size);
  if (!s) s = tv_mem_unmap(mock.vm, ipa, size, NULL);
  pthread_mutex_unlock(&mock.lock);
  return s ? HV_BAD_ARGUMENT : HV_SUCCESS;
}

hv_return_t hv_vm_protect(hv_ipa_t ipa, size_t size,
                          hv_memory_flags_t flags) {
  if (!mock.vm) return HV_NO_DEVICE;
  if (mock_fails()) return HV_ERROR;
  if (bad_range(ipa, size)) return HV_BAD_ARGUMENT;
  pthread_mutex_lock(&mock.lock);
  tv_status s = protect(ipa, size, (unsigned)flags);
  pthread_mutex_unlock(&mock.lock);
  return s ? HV_BAD_ARGUMENT : HV_SUCCESS;
}

// Any host range: what of it is mapped is fetched anew.
void sys_icache_invalidate(void *start, size_t size) {
  uintptr_t from = (uintptr_t)start, to = from + size;
  pthread_mutex_lock(&mock.lock);
  for (size_t k = 0; mock.vm && k < mock.vm->mem.count; k++) {
    const struct region *r = mock.vm->mem.region[k];
    uintptr_t host = (uintptr_t)r->host, end = host + r->size;
    uintptr_t lo = from > host ? from : host, hi = to < end ? to : end;
    if (lo < hi) tv_mem_wrote(mock.vm, r->base + (lo - host), hi - lo);
  }
  pthread_mutex_unlock(&mock.lock);
}

// ------------------------------------------------------------ the machine --

hv_return_t hv_vm_get_max_vcpu_count(uint32_t *count) {
  if (mock_fails()) return HV_ERROR;
  *count = MOCK_VCPUS;
  return HV_SUCCESS;
}

hv_return_t hv_vm_config_get_default_ipa_size(uint32_t *bits) {
  *bits = MOCK_IPA_BITS;
  return HV_SUCCESS;
}

hv_return_t hv_vm_config_get_max_ipa_size(uint32_t *bits) {
  *bits = 40;
  return HV_SUCCESS;
}

int sysctlbyname(const char *name, void *old, size_t *old_size, void *new,
                 size_t new_size) {
  const int yes = 1;
  (void)new, (void)new_size;
  if (strcmp(name, "kern.hv_support") || *old_size < sizeof yes) return -1;
  memcpy(old, &yes, sizeof yes);
  *old_size = sizeof yes;
  return 0;
}

struct hv_vcpu_config_s { int nothing; };

hv_vcpu_config_t hv_vcpu_config_create(void) {
  return malloc(sizeof(struct hv_vcpu_config_s));
}

void os_release(void *object) { free(object); }

// What a vCPU would read: of the inner CPU, or of none; but six breakpoints
// and four watchpoints, as Apple's CPUs have.
hv_return_t hv_vcpu_config_get_feature_reg(hv_vcpu_config_t config,
                                           hv_feature_reg_t reg,
                                           uint64_t *value) {
  static const uint64_t feature[] = {
    [HV_FEATURE_REG_ID_AA64DFR0_EL1] = 0x305006,
    [HV_FEATURE_REG_CTR_EL0] = 0xb444c004,
    [HV_FEATURE_REG_DCZID_EL0] = 4
  };
  if (!config || reg >= sizeof feature / sizeof *feature)
    return HV_BAD_ARGUMENT;
  *value = feature[reg];
  return HV_SUCCESS;
}
