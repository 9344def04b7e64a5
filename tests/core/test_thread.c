// SPDX-License-Identifier: MIT
//
// Threads: who owns a vCPU, stop from another thread and from a signal
// handler, and VMs that run side by side.

#include "mock.h"

#include <signal.h>
#include <sys/time.h>

static const struct mock_op forever[] = {
  {.kind = MOCK_STEPS, .n = 1000}, {.kind = MOCK_LOOP}
};

enum { CALLS = 9 };

struct guest { tv_vm *vm; tv_vcpu *cpu; tv_status s[CALLS]; tv_error err; };

static void *trespass(void *arg) {
  struct guest *g = arg;
  uint64_t value = 0;
  tv_exit exit;
  g->s[0] = tv_vcpu_run(g->cpu, 1, &exit, &g->err);
  g->s[1] = tv_vm_run(g->vm, 1, &exit, NULL);
  g->s[2] = tv_vcpu_get(g->cpu, TV_REG_PC, &value, 8, NULL);
  g->s[3] = tv_vcpu_set(g->cpu, TV_REG_PC, &value, 8, NULL);
  g->s[4] = tv_vcpu_irq(g->cpu, TV_IRQ, true, NULL);
  g->s[5] = tv_vcpu_answer(g->cpu, 0, NULL);
  g->s[6] = tv_vcpu_skip(g->cpu, NULL);
  g->s[7] = tv_vcpu_inject(g->cpu, 0, 0, NULL);
  g->s[8] = tv_vm_reset(g->vm, NULL);
  return NULL;
}

static void in_thread(void *(*fn)(void *), void *arg) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, fn, arg)) abort();
  pthread_join(thread, NULL);
}

static void ownership(void) {
  struct guest g = { .vm = mock_machine() };
  tv_exit exit;
  g.cpu = mock_guest(g.vm, forever, 0x1000);
  in_thread(trespass, &g);
  eq_str(tv_status_name(g.s[0]), "ok", "the first thread to run a vCPU may");
  expect(tv_vcpu_run(g.cpu, 1, &exit, &g.err), TV_E_THREAD, &g.err,
         "vCPU 0 belongs to another thread", "and owns it");
  tv_vm_free(g.vm);

  g.vm = mock_machine();
  g.cpu = mock_guest(g.vm, forever, 0x1000);
  tv_vm_run(g.vm, 1, &exit, NULL);
  in_thread(trespass, &g);
  for (int i = 0; i < CALLS; i++)
    eq_str(tv_status_name(g.s[i]), "thread", "another may not do %d", i);
  eq_u64(tv_vcpu_icount(g.cpu), 1, "and changes nothing");
  tv_vm_free(g.vm);
}

// Ends when the guest has said that it runs.
struct started { tv_vm *vm; pthread_t thread; atomic_bool running; };

static void *stop_running(void *arg) {
  struct started *s = arg;
  while (!atomic_load(&s->running))
    nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
  tv_vm_stop(s->vm);
  return NULL;
}

static tv_hc announce(void *arg, tv_vcpu *cpu, const uint64_t args[7],
                      uint64_t *x0) {
  struct started *s = arg;
  (void)cpu, (void)args, (void)x0;
  atomic_store(&s->running, true);
  return TV_HC_RESUME;
}

static void stop_from_thread(void) {
  static const struct mock_op loud[] = {
    {.kind = MOCK_STEPS, .n = 1000}, MOCK_HVC(3, 0, 0, 0), {.kind = MOCK_LOOP}
  };
  tv_vm *vm = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, loud, 0);
  struct started started = { .vm = vm };
  pthread_t thread;
  tv_exit exit;
  tv_vm_hypercall(vm, 3, announce, &started, NULL);
  if (pthread_create(&thread, NULL, stop_running, &started)) abort();
  tv_vcpu_run(cpu, TV_NO_LIMIT, &exit, NULL);
  pthread_join(thread, NULL);
  eq_str(tv_exit_name(exit.kind), "stopped", "another thread stops a run");
  ok(exit.icount > 0 && exit.icount == tv_vcpu_icount(cpu), "which says where");
  tv_vcpu_run(cpu, 1, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "budget", "once");
  tv_vm_free(vm);
}

// What a signal handler can reach.
static tv_vm *signalled;

static void on_alarm(int signal) {
  (void)signal;
  tv_vm_stop(signalled);
}

static void stop_from_signal(void) {
  tv_vm *vm = signalled = mock_machine();
  tv_vcpu *cpu = mock_guest(vm, forever, 0);
  struct sigaction act = { .sa_handler = on_alarm };
  tv_exit exit;
  sigaction(SIGALRM, &act, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 20000 },
            NULL);
  tv_vcpu_run(cpu, TV_NO_LIMIT, &exit, NULL);
  eq_str(tv_exit_name(exit.kind), "stopped", "a signal handler stops a run");
  tv_vm_free(vm);
}

static void *play(void *arg) {
  tv_vm *vm = mock_machine();
  mock_guest(vm, forever, 0);
  mock_guest(vm, forever, 0x1000);
  tv_exit exit;
  for (int i = 0; i < 50; i++) tv_vm_run(vm, 12345, &exit, NULL);
  *(uint64_t *)arg = mock_history(vm);
  tv_vm_free(vm);
  return NULL;
}

static void side_by_side(void) {
  uint64_t history[4] = {0};
  pthread_t thread[4];
  for (int i = 0; i < 4; i++)
    if (pthread_create(&thread[i], NULL, play, &history[i])) abort();
  for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
  ok(history[0] && history[0] == history[1] && history[0] == history[2] &&
     history[0] == history[3], "VMs in four threads have the same history");
}

int main(void) {
  ownership();
  stop_from_thread();
  stop_from_signal();
  side_by_side();
  return done();
}
