// SPDX-License-Identifier: MIT
//
// Linux KVM on arm64: its place in the list of backends and an honest answer.
// This version has no code for it, so no VM is ever made and nothing but
// name, granule and probe is reached.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/os.h"
#include "core/backend.h"

enum { KVM_GRANULE = 4096 };

static tv_status kvm_probe(tv_error *err) {
  struct os_host host = os_host();
  if (strcmp(host.system, "Linux") || strcmp(host.machine, "aarch64"))
    return err_set(err, TV_E_NO_DEVICE, 0, "not on this machine: kvm needs "
                   "Linux on arm64, this is %s on %s", host.system,
                   host.machine);
  int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return err_os(err, errno == EACCES ? TV_E_DENIED : TV_E_NO_DEVICE, errno,
                  "not on this machine: /dev/kvm cannot be opened");
  close(fd);
  return err_set(err, TV_E_UNSUPPORTED, 0, "not on this machine: version "
                 TV_VERSION " has no code for kvm yet; use soft");
}

static tv_status kvm_vm_new(tv_vm *vm, tv_error *err) {
  (void)vm;
  return kvm_probe(err);
}

const struct backend backend_kvm = {
  .name = "kvm", .exact = false, .granule = KVM_GRANULE,
  .probe = kvm_probe, .vm_new = kvm_vm_new
};
