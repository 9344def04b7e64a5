// SPDX-License-Identifier: MIT
//
// Runs: the loop that lets the guest go on, answers what scripts have
// handlers for, and returns the first exit that none answered.
//
// vm:run and cpu:run enter through one lua_pcallk; inside, every handler is
// called by lua_callk with a continuation, so a handler may yield and cost
// nothing but its own call. All state of a run is in a bind_run userdata
// that its VM or vCPU keeps; a dispatch allocates nothing. The run object is
// a to-be-closed value of the loop's frame: whether the loop returns, raises
// or its coroutine is closed, run_close() ends the run.
//
#include "bind/run.h"

#include <string.h>
#include <time.h>

// Stack of its caller:  self | options | vm | run | message handler
enum { R_VM = 3, R_RUN };

// Without a host program's Ctrl-C, the steps after which hooks get a chance:
// a few milliseconds.
enum { SLICE = 1 << 19 };

// ------------------------------------------------------------ run objects --

static int message(lua_State *L);

struct bind_run *bind_run_new(lua_State *L, int vm_idx) {
  vm_idx = lua_absindex(L, vm_idx);
  struct bind_run *r = bind_new(L, KEY_RUN, sizeof *r, RUN_USER_VALUES);
  r->vm = lua_touserdata(L, vm_idx);
  lua_pushvalue(L, -1);
  lua_pushvalue(L, vm_idx);
  lua_pushcclosure(L, message, 2);
  lua_setiuservalue(L, -2, RUN_MESSAGE);
  return r;
}

static uint64_t host_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// What budgets count: steps, or nanoseconds where a run cannot count steps.
static uint64_t count(const struct bind_run *r) {
  const tv_vm *vm = r->vm->vm;
  if (!tv_vm_exact(vm) && !r->steps) return tv_vm_time(vm);
  if (r->vcpu != NULL) return tv_vcpu_icount(r->vcpu);
  uint64_t sum = 0;
  for (unsigned i = 0; i < r->vm->vcpu_end; i++) {
    const tv_vcpu *vcpu = tv_vm_vcpu(vm, i);
    if (vcpu != NULL) sum += tv_vcpu_icount(vcpu);
  }
  return sum;
}

// The limits belong to the VM, and other runs may happen while a handler of
// this one waits: set at the start and after every resumption.
static void set_limits(const struct bind_run *r) {
  uint64_t end = r->limit.timeout_end;
  tv_vm_deadline(r->vm->vm, r->limit.deadline);
  if (end == TV_NO_LIMIT) {
    tv_vm_timeout(r->vm->vm, TV_NO_LIMIT);
    return;
  }
  uint64_t now = host_ns();
  tv_vm_timeout(r->vm->vm, now < end ? end - now : 0);
}

static void begin(lua_State *L, struct bind_run *r) {
  lua_toclose(L, S_RUN);
  lua_pushthread(L);
  lua_setiuservalue(L, S_RUN, RUN_THREAD);
  r->active = true;
  r->calling = false;
  r->next = r->vm->active;
  r->vm->active = r;
  r->start = count(r);
  set_limits(r);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  r->main_hook = lua_gethook(lua_tothread(L, -1));
  lua_pop(L, 1);
}

// Ends the run object at idx, if that has not happened yet.
static void end(lua_State *L, int idx) {
  struct bind_run *r = lua_touserdata(L, idx);
  if (!r->active) return;
  r->active = false;
  struct bind_run **link = &r->vm->active;
  while (*link != NULL && *link != r) link = &(*link)->next;
  if (*link != NULL) *link = r->next;
  lua_pushnil(L);
  lua_setiuservalue(L, idx, RUN_THREAD);
  if (r->vm->vm == NULL) return;
  r->limit.deadline = r->limit.timeout_end = TV_NO_LIMIT;
  set_limits(r->vm->active != NULL ? r->vm->active : r);
  bind_output_flush(r->vm);
  bind_trace_settle(r->vm);
}

// __close of the run object: its frame is left, in whatever way.
static int run_close(lua_State *L) {
  end(L, 1);
  return 0;
}

// Pushes the userdata of an active run of the VM at absolute index vm_idx.
static void push_run(lua_State *L, int vm_idx, const struct bind_run *r) {
  lua_getiuservalue(L, vm_idx, VM_RUN);
  if (lua_touserdata(L, -1) == r) return;
  lua_getiuservalue(L, vm_idx, VM_VCPUS);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_getiuservalue(L, -1, VCPU_RUN);
    if (lua_touserdata(L, -1) == r) return;
    lua_pop(L, 2);
  }
}

// Whether the run's handler has yielded (and is not just being called).
static bool waits(lua_State *L, int vm_idx, const struct bind_run *r) {
  int top = lua_gettop(L);
  push_run(L, vm_idx, r);
  lua_getiuservalue(L, -1, RUN_THREAD);
  lua_State *thread = lua_tothread(L, -1);
  bool yielded = thread != NULL && lua_status(thread) == LUA_YIELD;
  lua_settop(L, top);
  return yielded;
}

void bind_run_idle(lua_State *L, int vm_idx, tv_vcpu *vcpu) {
  vm_idx = lua_absindex(L, vm_idx);
  struct bind_vm *vm = lua_touserdata(L, vm_idx);
  for (const struct bind_run *r = vm->active; r != NULL; r = r->next) {
    luaL_checkstack(L, 8, NULL);
    bool yielded = waits(L, vm_idx, r);
    if (yielded && vcpu != NULL && r->exit.vcpu != vcpu && r->vcpu != vcpu)
      continue;
    int index = r->exit.vcpu != NULL ? (int)tv_vcpu_index(r->exit.vcpu) : 0;
    luaL_error(L, yielded ? "cpu %d waits in a handler; resume or close its "
                            "coroutine first"
                          : "the vm is running: cpu %d is in a handler",
               index);
  }
}

// ----------------------------------------------------------------- errors --

// place(vm, pc, insn) in lua/tinyvmm/exit.lua
static int guest_place(lua_State *L) {
  bind_call_lua(L, "tinyvmm.exit", "place", 3, 1);
  return 1;
}

// The message handler. A string error from a handler is told with the guest's
// place and a traceback; other values, and the run's own errors, pass.
// Upvalues: run, vm.
static int message(lua_State *L) {
  struct bind_run *r = lua_touserdata(L, lua_upvalueindex(1));
  if (!r->calling || lua_type(L, 1) != LUA_TSTRING) return 1;
  if (r->vm->vm == NULL) return 1;   // closed, r->exit.vcpu gone with it
  if (strstr(lua_tostring(L, 1), "\nguest: cpu ") != NULL)
    return 1;                        // from a run within the handler
  int index = r->exit.vcpu != NULL ? (int)tv_vcpu_index(r->exit.vcpu) : 0;
  lua_settop(L, 1);
  lua_pushfstring(L, "\nguest: cpu %d at ", index);
  lua_pushcfunction(L, guest_place);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushinteger(L, (lua_Integer)r->exit.pc);
  lua_pushinteger(L, (lua_Integer)r->exit.insn);
  if (lua_pcall(L, 3, 1, 0) != LUA_OK || lua_type(L, -1) != LUA_TSTRING) {
    char place[32];
    snprintf(place, sizeof place, "%#llx", (unsigned long long)r->exit.pc);
    lua_pop(L, 1);
    lua_pushstring(L, place);
  }
  lua_concat(L, 3);
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
  return 1;
}

// Raises with the position of the script that called run: level 1 is run.
static int raise_run(lua_State *L, const tv_error *err) {
  luaL_where(L, 2);
  lua_pushstring(L, err->text);
  if (err->code == TV_E_PENDING) {
    lua_pop(L, 1);
    lua_pushliteral(L, "a vcpu waits for the answer to its read; use "
                    "cpu:answer(value), cpu:skip() or cpu:inject{esr=} "
                    "before the next run");
  }
  lua_concat(L, 2);
  return lua_error(L);
}

// ---------------------------------------------------------------- Ctrl-C --

static int nothing(lua_State *L) {
  (void)L;
  return 0;
}

// Lets a hook that a signal handler has set fire: it is a call that it waits
// for. Signal handlers know the main thread only; a hook that came up there
// while the guest ran is moved to the coroutine that runs the guest.
static void poll_hook(lua_State *L, struct bind_run *r) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *main = lua_tothread(L, -1);
  lua_Hook hook = lua_gethook(main);
  if (main != L && hook != NULL && hook != r->main_hook) {
    lua_sethook(L, hook, lua_gethookmask(main), lua_gethookcount(main));
    lua_sethook(main, NULL, 0, 0);
  }
  r->calling = true;
  lua_pushcfunction(L, nothing);
  lua_call(L, 0, 0);
  r->calling = false;
  lua_settop(L, S_TOP);
}

// --------------------------------------------------------------- dispatch --

static int resume_handler(lua_State *L, int status, lua_KContext ctx);
static int resume_output(lua_State *L, int status, lua_KContext ctx);

static enum step dispatch(lua_State *L, struct bind_run *r) {
  switch (r->exit.kind) {
    case TV_EXIT_BUDGET:
      if (r->slice == TV_NO_LIMIT) return STEP_RETURN;
      poll_hook(L, r);
      return STEP_NEXT;
    case TV_EXIT_STOPPED: poll_hook(L, r); return STEP_RETURN;
    default: return bind_handler_call(L, r, resume_handler);
  }
}

// --------------------------------------------------------------- the loop --

// The steps that those who watch the VM want a slice to have at most.
static uint64_t watched_grant(lua_State *L, struct bind_vm *vm) {
  uint64_t most = TV_NO_LIMIT, steps;
  if (vm->timeline != NULL) most = bind_timeline_grant(L, vm, S_VM);
  if (vm->profile == NULL) return most;
  steps = bind_profile_grant(L, vm, S_VM);
  return steps < most ? steps : most;
}

// Lets the guest go on until r->exit is filled. r->slice is TV_NO_LIMIT if
// the grant was all that is left of the budget.
static void guest(lua_State *L, struct bind_run *r) {
  struct bind_vm *vm = r->vm;
  bind_running *running = vm->state->running;
  uint64_t grant = r->limit.budget;
  tv_error err;
  if (grant != TV_NO_LIMIT) {
    uint64_t used = count(r) - r->start;
    grant = used < grant ? grant - used : 0;
  }
  r->slice = TV_NO_LIMIT;
  if (running == NULL && grant > SLICE) r->slice = grant = SLICE;
  if (vm->trace != NULL) {
    bind_trace_drain(L, vm, S_VM);
    if (grant > BIND_TRACE_SLICE) r->slice = grant = BIND_TRACE_SLICE;
  }
  if (vm->profile != NULL || vm->timeline != NULL) {
    uint64_t most = watched_grant(L, vm);
    if (grant > most) r->slice = grant = most;
  }
  if (running != NULL) atomic_store_explicit(running, vm->vm,
                                             memory_order_relaxed);
  tv_status status = r->vcpu == NULL
      ? tv_vm_run(vm->vm, grant, &r->exit, &err)
      : (r->steps ? tv_vcpu_step : tv_vcpu_run)(r->vcpu, grant, &r->exit,
                                                &err);
  if (running != NULL) atomic_store_explicit(running, NULL,
                                             memory_order_relaxed);
  if (status != TV_OK) raise_run(L, &err);
  if (vm->profile != NULL) bind_profile_ran(vm, &r->exit);
  if (vm->timeline != NULL) bind_timeline_ran(vm, &r->exit);
  if (r->limit.budget != TV_NO_LIMIT) r->stood = count(r);
}

// Returns the exit to the script.
static int leave(lua_State *L, struct bind_run *r) {
  lua_settop(L, S_TOP);
  if (r->vm->trace != NULL) bind_trace_finish(L, r->vm, S_VM);
  bind_exit_push(L, r->vm, &r->exit, S_VCPUS);
  return 1;
}

static int loop(lua_State *L, struct bind_run *r, bool exited) {
  for (;; exited = false) {
    if (!exited) {
      guest(L, r);
      if (bind_output_pending(r->vm)) {
        bind_output_push(L, r->vm, S_VM);
        r->calling = true;
        lua_callk(L, 1, 0, (lua_KContext)r, resume_output);
        r->calling = false;
      }
    }
    enum step step = dispatch(L, r);
    if (step == STEP_CALLED) step = bind_handler_done(L, r);
    if (step == STEP_RETURN) return leave(L, r);
  }
}

// After a yield: meanwhile another run of this VM may have begun, and this
// one may go on only if that one waits in its turn.
static void come_back(lua_State *L, struct bind_run *r) {
  bind_vm_check(L, S_VM);   // a finalizer may hold us longer than the vm
  for (const struct bind_run *o = r->vm->active; o != NULL; o = o->next)
    if (o != r && !waits(L, S_VM, o))
      luaL_error(L, "a handler of cpu %d returned while the vm was running",
                 (int)tv_vcpu_index(r->exit.vcpu));
  r->start += count(r) - r->stood;   // steps of others' runs are not ours
  set_limits(r);
}

static int resume_handler(lua_State *L, int status, lua_KContext ctx) {
  struct bind_run *r = (struct bind_run *)ctx;
  (void)status;
  come_back(L, r);
  return bind_handler_done(L, r) == STEP_NEXT ? loop(L, r, false)
                                             : leave(L, r);
}

static int resume_output(lua_State *L, int status, lua_KContext ctx) {
  struct bind_run *r = (struct bind_run *)ctx;
  (void)status;
  come_back(L, r);
  r->calling = false;
  return loop(L, r, true);
}

static int body(lua_State *L) {
  struct bind_run *r = lua_touserdata(L, S_RUN);
  begin(L, r);
  return loop(L, r, false);
}

// The run is at R_RUN of run()'s caller. It has been closed, unless a hook
// raised instead of letting __close be called.
static int ended(lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  end(L, R_RUN);
  return status == LUA_OK || status == LUA_YIELD ? 1 : lua_error(L);
}

// ------------------------------------------------------------- vm:run etc. --

static void read_timeout(lua_State *L, struct bind_limits *limit) {
  if (lua_type(L, -1) != LUA_TNUMBER)
    luaL_error(L, "run timeout must be a number of seconds, not %s",
               luaL_typename(L, -1));
  double seconds = lua_tonumber(L, -1);
  if (!(seconds >= 0))
    luaL_error(L, "run timeout must not be negative");
  if (seconds < 1e9)
    limit->timeout_end = host_ns() + (uint64_t)(seconds * 1e9);
}

static uint64_t read_count(lua_State *L, int idx, const char *what) {
  lua_Integer n = bind_integer(L, idx, what);
  if (n < 0) luaL_error(L, "%s must not be negative", what);
  return (uint64_t)n;
}

// run(), run(budget), run{budget=, deadline=, timeout=}
static struct bind_limits read_limits(lua_State *L, int idx) {
  static const char *const names[] = {"budget", "deadline", "timeout", NULL};
  struct bind_limits limit = {TV_NO_LIMIT, TV_NO_LIMIT, TV_NO_LIMIT};
  if (lua_isnoneornil(L, idx)) return limit;
  if (lua_type(L, idx) == LUA_TNUMBER) {
    limit.budget = read_count(L, idx, "run budget");
    return limit;
  }
  bind_options(L, idx, "run", names);
  if (lua_getfield(L, idx, "budget") != LUA_TNIL)
    limit.budget = read_count(L, -1, "run budget");
  if (lua_getfield(L, idx, "deadline") != LUA_TNIL)
    limit.deadline = read_count(L, -1, "run deadline");
  if (lua_getfield(L, idx, "timeout") != LUA_TNIL) read_timeout(L, &limit);
  return limit;
}

// On the stack: self, options, vm, run.
static int run(lua_State *L) {
  lua_getiuservalue(L, R_RUN, RUN_MESSAGE);
  lua_pushcfunction(L, body);
  lua_pushvalue(L, R_VM);
  lua_pushvalue(L, R_RUN);
  lua_getiuservalue(L, R_VM, VM_HANDLERS);
  lua_getiuservalue(L, R_VM, VM_VCPUS);
  lua_getiuservalue(L, R_VM, VM_MEMORY);
  return ended(L, lua_pcallk(L, S_TOP, 1, R_RUN + 1, 0, ended), 0);
}

// Reading options may run script code, so everything is checked after it.
int bind_run_vm(lua_State *L) {
  bind_vm_check(L, 1);
  struct bind_limits limit = read_limits(L, 2);
  struct bind_vm *vm = bind_vm_check(L, 1);
  if (vm->active != NULL) bind_run_idle(L, 1, NULL);
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  lua_getiuservalue(L, 1, VM_RUN);
  struct bind_run *r = lua_touserdata(L, -1);
  r->limit = limit;
  r->vcpu = NULL;
  r->steps = false;
  return run(L);
}

// On the stack: the vcpu. Leaves options, vm and run there.
static struct bind_run *prepare(lua_State *L) {
  struct bind_vcpu *cpu = bind_vcpu_check(L, 1);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, VCPU_VM);
  if (cpu->vm->active != NULL) bind_run_idle(L, R_VM, cpu->vcpu);
  lua_getiuservalue(L, 1, VCPU_RUN);
  struct bind_run *r = lua_touserdata(L, -1);
  r->vcpu = cpu->vcpu;
  r->steps = false;
  return r;
}

int bind_run_vcpu(lua_State *L) {
  bind_vcpu_check(L, 1);
  struct bind_limits limit = read_limits(L, 2);
  prepare(L)->limit = limit;
  return run(L);
}

// cpu:step([n])
int bind_run_step(lua_State *L) {
  struct bind_limits limit = {1, TV_NO_LIMIT, TV_NO_LIMIT};
  bind_vcpu_check(L, 1);
  if (!lua_isnoneornil(L, 2)) limit.budget = read_count(L, 2, "step count");
  struct bind_run *r = prepare(L);
  r->limit = limit;
  r->steps = true;
  return run(L);
}

void bind_run_open(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushliteral(L, "tinyvmm.run");
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, run_close);
  lua_setfield(L, -2, "__close");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_keys[KEY_RUN]);
}
