// SPDX-License-Identifier: MIT
//
// In place of all other files of this room where there is no framework: the
// name in the list of backends and an honest answer. No VM is ever made, and
// nothing but name, granule and probe is reached.

#include <string.h>

#include "base/err.h"
#include "base/os.h"
#include "core/backend.h"

enum { HVF_GRANULE = 16384 };   // Apple silicon's page

static tv_status hvf_probe(tv_error *err) {
  struct os_host host = os_host();
  bool darwin = !strcmp(host.system, "Darwin");
  if (!darwin || strcmp(host.machine, "arm64"))
    return err_set(err, TV_E_NO_DEVICE, 0, "not on this machine: hvf needs "
                   "macOS on Apple silicon, this is %s on %s%s", host.system,
                   host.machine, darwin ? "; on Apple silicon build it in a "
                   "shell that is not under Rosetta" : "");
  return err_set(err, TV_E_UNSUPPORTED, 0, "this build of tinyvmm was made "
                 "without Hypervisor.framework");
}

static tv_status hvf_vm_new(tv_vm *vm, tv_error *err) {
  (void)vm;
  return hvf_probe(err);
}

const struct backend backend_hvf = {
  .name = "hvf", .exact = false, .exclusive_vm = true,
  .granule = HVF_GRANULE, .probe = hvf_probe, .vm_new = hvf_vm_new
};
