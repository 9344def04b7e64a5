// SPDX-License-Identifier: MIT
//
// What the three backends' GICs have in common: when a VM may have one, its
// place in the memory map, and its inputs. The GIC itself is the backend's:
// the kernel's on kvm, the framework's on hvf, our own on soft.

#include "core/core.h"

#define FRAME_DISTRIBUTOR UINT64_C(0x10000)
#define FRAME_REDISTRIBUTOR UINT64_C(0x20000)    // of one vCPU

tv_status gic_check(const struct backend *backend, const tv_vm_config *config,
                    tv_error *err) {
  if (!config->gic) return TV_OK;
  if (config->gic != 3)
    return err_set(err, TV_E_INVALID, 0, "there is no GIC of version %u; "
                   "config.gic is 3 or, for none, 0", config->gic);
  if (config->timer_exit)
    return err_set(err, TV_E_INVALID, 0, "with a GIC the virtual timer is its "
                   "PPI 27, and returns no exits; leave out one of the two");
  if (config->granule > FRAME_DISTRIBUTOR)
    return err_set(err, TV_E_INVALID, 0, "a GIC's frame is 0x%" PRIx64
                   " bytes; the granule may not be more, as 0x%" PRIx32 " is",
                   (uint64_t)FRAME_DISTRIBUTOR, config->granule);
  if (backend->gic_irq) return TV_OK;
  tv_status s = backend->probe(err);
  if (s) return s;
  return err_set(err, TV_E_UNSUPPORTED, 0, "the backend %s makes no GIC; its "
                 "vCPUs have interrupt lines", backend->name);
}

tv_status gic_map(tv_vm *vm, tv_error *err) {
  tv_status s = mem_device(vm, TV_GIC_DISTRIBUTOR, FRAME_DISTRIBUTOR, err);
  if (s) return s;
  return mem_device(vm, TV_GIC_REDISTRIBUTOR,
                    TV_GIC_VCPUS * FRAME_REDISTRIBUTOR, err);
}

tv_status gic_check_vcpu(const tv_vm *vm, unsigned index, tv_error *err) {
  if (!vm->gic) return TV_OK;
  if (vm->ran)
    return err_set(err, TV_E_STATE, 0, "a GIC knows its vCPUs from the first "
                   "run on: make all before it");
  if (index < TV_GIC_VCPUS) return TV_OK;
  return err_set(err, TV_E_LIMIT, 0, "the GIC has redistributors for %d vCPUs",
                 TV_GIC_VCPUS);
}

tv_status tv_vm_irq(tv_vm *vm, uint32_t intid, bool level, tv_error *err) {
  assert(vm);
  if (!vm->gic)
    return err_set(err, TV_E_STATE, 0, "the VM has no GIC; make one with it, "
                   "or drive a vCPU's interrupt lines");
  if (intid - TV_GIC_SPI >= TV_GIC_SPIS)
    return err_set(err, TV_E_RANGE, 0, "INTID %u is no shared peripheral "
                   "interrupt; these are %d to %d", intid, TV_GIC_SPI,
                   TV_GIC_SPI + TV_GIC_SPIS - 1);
  uint32_t *word = &vm->gic_input[(intid - TV_GIC_SPI) / 32];
  uint32_t bit = UINT32_C(1) << intid % 32;
  if (!(*word & bit) == !level) return TV_OK;
  tv_status s = vm->backend->gic_irq(vm, intid, level, err);
  if (!s) *word ^= bit;
  return s;
}
