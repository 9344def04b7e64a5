// SPDX-License-Identifier: MIT
//
// Waiting in a WFI. When a signal ends KVM_RUN with pc behind a WFI the vCPU
// may still wait, or be on its way; the kernel's statistics tell.
//
// Without a GIC nothing ends a wait but a line, which is ours, or a timer, for
// which KVM_RUN returns. So if a WFI was executed at all it was the last that
// the guest did, and waits unless something ends it now, whether the signal
// came before the thread slept or after that.
//
// With a GIC the kernel delivers interrupts without our seeing them. Each wait
// that an interrupt ended is a wake-up, a wait that the signal ended is none,
// and that can only be the last. Or, where the signal came before the wait: the
// guest has left the CPU for WFIs only, and so last.
//
// Then the vCPU goes on waiting without executing the WFI again, in the state
// SUSPENDED: KVM_RUN returns when something wakes it, for certain. Nothing that
// is only looked at can be lost in between.
//
// A vCPU without an armed timer leaves the run as idle when no other is busy:
// runs, or waits for a timer. Whatever might concern it (an SPI, another vCPU
// that begins or ends being busy) counts as an event; an idle vCPU that has
// missed one looks again, in KVM_RUN.

#include "kvm/kvm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

enum { NAME_MAX_SIZE = 64, HISTOGRAM_MAX = 64 };

void kvm_wait_event(struct kvm_vm *kvm) {
  atomic_fetch_add(&kvm->gic.events, 1);
}

// An event, unless nothing changes. Our own is none that we have missed.
static void set_busy(struct kvm_vcpu *k, bool busy) {
  atomic_uint *events = &kvm_vm_of(k->vcpu->vm)->gic.events;
  unsigned seen = k->wait.seen;
  if (atomic_exchange(&k->wait.busy, busy) == busy) return;
  if (atomic_compare_exchange_strong(events, &seen, seen + 1))
    k->wait.seen = seen + 1;
  else atomic_fetch_add(events, 1);
}

static bool others_busy(const struct kvm_vcpu *k) {
  const tv_vm *vm = k->vcpu->vm;
  for (unsigned i = 0; i < vm->vcpus; i++) {
    const struct kvm_vcpu *other = kvm_of(vm->vcpu[i]);
    if (other != k && atomic_load(&other->wait.busy)) return true;
  }
  return false;
}

// ------------------------------------------------------------- statistics --

static bool read_at(int fd, void *to, size_t size, uint64_t at) {
  return pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

// Finds a value, or the first of several.
static bool find(int fd, const struct kvm_stats_header *h, const char *name,
                 uint64_t *at, unsigned *count) {
  char text[NAME_MAX_SIZE] = "";
  size_t size = h->name_size < sizeof text ? h->name_size : sizeof text - 1;
  uint64_t step = sizeof(struct kvm_stats_desc) + h->name_size;
  for (uint32_t i = 0; i < h->count; i++) {
    struct kvm_stats_desc desc;
    uint64_t here = h->desc_offset + i * step;
    if (!read_at(fd, &desc, sizeof desc, here) ||
        !read_at(fd, text, size, here + sizeof desc)) return false;
    if (strcmp(text, name)) continue;
    *at = (uint64_t)h->data_offset + desc.offset;
    *count = desc.size;
    return desc.size && desc.size <= HISTOGRAM_MAX;
  }
  return false;
}

// Waits that no wake-up ended, so far. A vCPU that is woken and finds nothing
// counts a wake-up too many: that is for the caller to bear.
static uint64_t unwoken(const struct kvm_wait *w) {
  uint64_t value[HISTOGRAM_MAX] = { 0 }, wakeups = 0, waits = 0;
  read_at(w->stats, &wakeups, sizeof wakeups, w->wakeups);
  read_at(w->stats, value, w->buckets * sizeof *value, w->waits);
  for (unsigned i = 0; i < w->buckets; i++) waits += value[i];
  return waits - wakeups;
}

static uint64_t count_wfi(const struct kvm_wait *w) {
  uint64_t count = 0;
  read_at(w->stats, &count, sizeof count, w->wfi);
  return count;
}

static struct kvm_counts counts(const struct kvm_wait *w) {
  struct kvm_counts c = { .wfi = count_wfi(w), .unwoken = unwoken(w) };
  read_at(w->stats, &c.exits, sizeof c.exits, w->exits);
  return c;
}

static bool find_all(int fd, struct kvm_wait *w) {
  struct kvm_stats_header header;
  unsigned one;
  return read_at(fd, &header, sizeof header, 0) &&
         find(fd, &header, "halt_wakeup", &w->wakeups, &one) &&
         find(fd, &header, "halt_wait_hist", &w->waits, &w->buckets) &&
         find(fd, &header, "exits", &w->exits, &one) &&
         find(fd, &header, "wfi_exit_stat", &w->wfi, &one);
}

tv_status kvm_wait_start(struct kvm_vcpu *k, tv_error *err) {
  struct kvm_wait *w = &k->wait;
  const tv_vm *vm = k->vcpu->vm;
  if (w->open || !kvm_capability(kvm_vm_of(vm)->dev, CAP_BINARY_STATS_FD))
    return TV_OK;
  int fd = kvm_ioctl_value(k->hw.fd, GET_STATS_FD, 0);
  if (fd < 0)
    return kvm_refused(err, TV_E_UNSUPPORTED, "KVM_GET_STATS_FD", NULL);
  w->stats = fd;
  w->open = true;
  if (find_all(fd, w)) return TV_OK;
  kvm_wait_stop(k);
  if (!vm->gic) return TV_OK;
  return err_set(err, TV_E_UNSUPPORTED, 0, "no VM with a GIC: the statistics "
                 "of KVM lack halt_wakeup, halt_wait_hist, exits, or "
                 "wfi_exit_stat");
}

void kvm_wait_stop(struct kvm_vcpu *k) {
  if (k->wait.open) close(k->wait.stats);
  k->wait.open = false;
}

// ---------------------------------------------------------------- waiting --

static void set_state(struct kvm_vcpu *k, bool suspended) {
  struct kvm_mp_state state = { suspended ? MP_SUSPENDED : MP_RUNNABLE };
  k->wait.suspended = suspended;
  k->wait.left = false;
  if (kvm_ioctl(k->hw.fd, SET_MP_STATE, &state) < 0)
    kvm_vcpu_refused(k, NULL, TV_E_IO, "KVM_SET_MP_STATE", NULL);
}

void kvm_wait_begin(struct kvm_vcpu *k) { set_state(k, true); }

void kvm_wait_end(struct kvm_vcpu *k) {
  if (k->wait.suspended) set_state(k, false);
}

void kvm_wait_enter_run(struct kvm_vcpu *k) {
  if (k->wait.left) kvm_wait_end(k);
  set_busy(k, !k->wait.suspended);
}

void kvm_wait_leave_run(struct kvm_vcpu *k) { set_busy(k, false); }

void kvm_wait_look_now(struct kvm_vcpu *k) {
  struct kvm_wait *w = &k->wait;
  w->due = k->hw.run->device_irq_level;
  if (!w->open || w->due) kvm_tick_slept(k);
  w->seen = atomic_load(&kvm_vm_of(k->vcpu->vm)->gic.events);
  if (k->vcpu->vm->gic) w->entered = counts(w);
  else if (w->open) w->entered.wfi = count_wfi(w);
}

// A WFI while a timer's output is up waits for nothing, and is none.
bool kvm_wait_in_wfi(struct kvm_vcpu *k, bool slept) {
  const struct kvm_wait *w = &k->wait;
  return !w->open || w->due ? slept : count_wfi(w) != w->entered.wfi;
}

void kvm_wait_woken(struct kvm_vcpu *k) {
  kvm_wait_end(k);
  set_busy(k, true);
}

// A timer that fires ends every wait; while its PPI is off the kernel would
// neither wait nor wake.
static bool timer_due(const struct kvm_vcpu *k) {
  uint64_t event = kvm_next_event(k->vcpu);    // first: it is a time
  return event <= kvm_time(k->vcpu->vm);
}

bool kvm_wait_is_idle(struct kvm_vcpu *k) {
  struct kvm_counts now = counts(&k->wait), was = k->wait.entered;
  uint64_t wfi = now.wfi - was.wfi;
  bool waited = now.unwoken == was.unwoken + 1;
  bool last = wfi && wfi == now.exits - was.exits;
  if (!k->wait.suspended && (waited || last)) kvm_wait_begin(k);
  if (k->wait.suspended && timer_due(k)) {
    kvm_wait_woken(k);
    return false;
  }
  if (!waited) return false;          // something may be pending
  bool armed = kvm_next_event(k->vcpu) != TV_NO_LIMIT;
  set_busy(k, armed);
  if (armed || others_busy(k)) return false;
  return k->wait.left = true;
}

bool kvm_wait_wakes(struct kvm_vcpu *k) {
  struct kvm_wait *w = &k->wait;
  if (!w->suspended) {                 // CPU_SUSPEND
    kvm_wait_begin(k);
    return true;
  }
  if (timer_due(k)) return true;
  if (atomic_load(&kvm_vm_of(k->vcpu->vm)->gic.events) == w->seen)
    return false;
  w->left = false;
  return true;
}
