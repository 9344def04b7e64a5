// SPDX-License-Identifier: MIT
//
// Getting a vCPU out of KVM_RUN: by another thread at once (kick), and by a
// timer of its own thread.
//
// Both send SIGURG, which interrupts KVM_RUN if a handler is there, and which
// nothing else minds: its default is to be ignored, and who handles it must
// bear spurious ones. So if the process has no handler yet, it gets one that
// does nothing. A kick also sets immediate_exit, which closes the gap before
// KVM_RUN is entered; the timer closes it by ticking again.

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "kvm/kvm.h"

enum { TICK_SIGNAL = SIGURG };

static void nothing(int signal) { (void)signal; }

void kvm_tick_init(void) {
  struct sigaction old, mine = { .sa_handler = nothing,
                                 .sa_flags = SA_RESTART };
  sigemptyset(&mine.sa_mask);
  if (sigaction(TICK_SIGNAL, NULL, &old) < 0) return;
  bool handled = old.sa_flags & SA_SIGINFO ||
                 (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN);
  if (!handled) sigaction(TICK_SIGNAL, &mine, NULL);
}

#ifdef __linux__

#include <sys/syscall.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static bool create_timer(kvm_timer *timer) {
  struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
                            .sigev_signo = TICK_SIGNAL };
  event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
  return timer_create(CLOCK_MONOTONIC, &event, timer) == 0;
}

static void set_timer(kvm_timer timer, const struct itimerspec *spec) {
  timer_settime(timer, 0, spec, NULL);
}

static void delete_timer(kvm_timer timer) { timer_delete(timer); }

static long count_sleeps(void) {
  struct rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) ? 0 : usage.ru_nvcsw;
}

#else   // where there is no KVM either, so that nobody comes here

struct itimerspec { struct timespec it_interval, it_value; };

static bool create_timer(kvm_timer *timer) {
  (void)timer;
  errno = ENOSYS;
  return false;
}

static void set_timer(kvm_timer timer, const struct itimerspec *spec) {
  (void)timer, (void)spec;
}

static void delete_timer(kvm_timer timer) { (void)timer; }

static long count_sleeps(void) { return 0; }

#endif

tv_status kvm_tick_start(struct kvm_vcpu *k, tv_error *err) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, TICK_SIGNAL);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  k->thread = pthread_self();
  if (!create_timer(&k->timer))
    return err_os(err, TV_E_LIMIT, errno, "no timer for vCPU %u",
                  k->vcpu->index);
  atomic_store(&k->started, true);
  return TV_OK;
}

void kvm_tick_stop(struct kvm_vcpu *k) {
  if (atomic_exchange(&k->started, false)) delete_timer(k->timer);
}

static struct timespec span(uint64_t ns) {
  return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
                            .tv_nsec = (long)(ns % 1000000000) };
}

void kvm_tick(struct kvm_vcpu *k, uint64_t first, uint64_t again) {
  struct itimerspec spec = { .it_value = span(first),
                             .it_interval = span(again) };
  set_timer(k->timer, &spec);
}

bool kvm_tick_slept(struct kvm_vcpu *k) {
  long before = k->sleeps;
  k->sleeps = count_sleeps();
  return k->sleeps != before;
}

void kvm_kick(tv_vcpu *cpu) {
  struct kvm_vcpu *k = kvm_of(cpu);
  atomic_store(&k->kicked, true);
  k->hw.run->immediate_exit = 1;
  if (atomic_load(&k->started)) pthread_kill(k->thread, TICK_SIGNAL);
}
