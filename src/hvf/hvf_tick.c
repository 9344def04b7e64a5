// SPDX-License-Identifier: MIT
//
// Getting a vCPU out of hv_vcpu_run: by another thread at once (kick), and
// after a time, by the VM's ticker. hv_vcpus_exit may be called from anywhere
// and ends the next run if there is none, so no gap needs closing; a late one
// ends a run for nothing, which its loop does not mind. With a GIC others saw
// that it is not heard where a run begins with a wait: there every run has a
// tick, and a tick comes again until the run has ended.

#include "hvf/hvf.h"

#include <signal.h>
#include <time.h>

#include "base/os.h"

enum { WAIT_MAX_NS = 1000000000,     // the host's date may be set meanwhile
       AGAIN_NS = 10000000 };

void hvf_tick_init(struct hvf_vm *hvf) {
  pthread_mutex_init(&hvf->ticker.lock, NULL);
  pthread_cond_init(&hvf->ticker.change, NULL);
}

// Ends what is due; the nanoseconds until the next.
static uint64_t end_due(const struct hvf_ticker *t) {
  uint64_t now = os_clock(), next = WAIT_MAX_NS;
  for (struct hvf_vcpu *h = t->first; h; h = h->tick_next) {
    uint64_t left = h->tick_at > now ? h->tick_at - now : 0;
    if (!left) hv_vcpus_exit(&h->id, 1);
    if (!left) h->tick_at = now + (left = AGAIN_NS);
    if (left < next) next = left;
  }
  return next;
}

static void wait_for_change(struct hvf_ticker *t, uint64_t ns) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  uint64_t sum = (uint64_t)at.tv_nsec + ns;
  at.tv_sec += (time_t)(sum / 1000000000);
  at.tv_nsec = (long)(sum % 1000000000);
  pthread_cond_timedwait(&t->change, &t->lock, &at);
}

static void *tick(void *arg) {
  struct hvf_ticker *t = arg;
  pthread_mutex_lock(&t->lock);
  while (!t->quit) {
    if (t->first) wait_for_change(t, end_due(t));
    else pthread_cond_wait(&t->change, &t->lock);
  }
  pthread_mutex_unlock(&t->lock);
  return NULL;
}

// Signals are the caller's affair.
static int start(struct hvf_ticker *t) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  int os = pthread_create(&t->thread, NULL, tick, t);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return os;
}

static void unlink_vcpu(struct hvf_ticker *t, const struct hvf_vcpu *h) {
  struct hvf_vcpu **link = &t->first;
  while (*link && *link != h) link = &(*link)->tick_next;
  if (*link) *link = h->tick_next;
}

tv_status hvf_tick(struct hvf_vcpu *h, uint64_t ns, tv_error *err) {
  struct hvf_ticker *t = &hvf_vm_of(h->vcpu->vm)->ticker;
  int os = 0;
  if (ns == TV_NO_LIMIT && !h->ticking) return TV_OK;
  h->ticking = ns != TV_NO_LIMIT;
  pthread_mutex_lock(&t->lock);
  unlink_vcpu(t, h);
  if (ns != TV_NO_LIMIT) {
    if (!t->started) os = start(t);
    if (!os) t->started = true;
    uint64_t now = os_clock();
    h->tick_at = ns < UINT64_MAX - now ? now + ns : UINT64_MAX;
    h->tick_next = t->first;
    t->first = h;
    pthread_cond_signal(&t->change);
  }
  pthread_mutex_unlock(&t->lock);
  if (os)
    return err_os(err, TV_E_NO_MEMORY, os, "the host has no room for the "
                  "thread that ends runs");
  return TV_OK;
}

void hvf_tick_free(struct hvf_vm *hvf) {
  struct hvf_ticker *t = &hvf->ticker;
  pthread_mutex_lock(&t->lock);
  t->quit = true;
  pthread_cond_signal(&t->change);
  pthread_mutex_unlock(&t->lock);
  if (t->started) pthread_join(t->thread, NULL);
  pthread_cond_destroy(&t->change);
  pthread_mutex_destroy(&t->lock);
}

void hvf_kick(tv_vcpu *cpu) {
  struct hvf_vcpu *h = hvf_of(cpu);
  atomic_store(&h->kicked, true);
  if (atomic_load(&h->live)) hv_vcpus_exit(&h->id, 1);
}
