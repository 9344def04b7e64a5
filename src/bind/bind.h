// SPDX-License-Identifier: MIT
//
// The Lua binding's own structures: what stands behind the three userdata
// (vm, vcpu, memory) and behind a run.
//
// The binding is an ordinary client of tinyvmm.h. Userdata are allocated
// first, closed; get their metatable; and only then acquire. A vcpu and a
// memory object keep their VM alive by a user value, the VM keeps them in its
// tables, so the three die together; an object whose VM is closed says so. No
// lua_State is kept: what must find a coroutine again holds it as a value.

#ifndef BIND_BIND_H
#define BIND_BIND_H

#include <lauxlib.h>
#include <lua.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tinyvmm.h"

// Keys of the registry are the addresses of these bytes.
enum bind_key {
  KEY_STATE,      // struct bind_state
  KEY_VM,         // metatables
  KEY_VCPU,
  KEY_MEMORY,
  KEY_RUN,
  KEY_EXIT,
  KEY_FACTS,      // weak: exit -> packed facts for `why`
  BIND_KEYS
};
extern const char bind_keys[BIND_KEYS];

// Registry field in which a host program leaves a light userdata pointing to
// a bind_running. While a guest runs the binding stores its VM there, so that
// the host's signal handler can tv_vm_stop it; without one the binding runs
// slices, between which a hook set by a signal handler fires.
#define BIND_RUNNING "tinyvmm.running"
typedef _Atomic(tv_vm *) bind_running;

// Registry field with the name of the backend that tv.vm{} takes, before the
// environment's TINYVMM_BACKEND and the library's default.
#define BIND_BACKEND "tinyvmm.backend"
// The same for the CPU model.
#define BIND_CPU "tinyvmm.cpu"

struct bind_state {
  lua_Integer live;        // open VMs of this lua_State
  bind_running *running;   // NULL: no host program
};

// User values.
enum { VM_HANDLERS = 1, VM_VCPUS, VM_MEMORY, VM_OUTPUT, VM_RUN, VM_IMAGES,
       VM_TRACE, VM_PROFILE, VM_TIMELINE, VM_USER_VALUES = VM_TIMELINE };
enum { VCPU_VM = 1, VCPU_RUN, VCPU_USER_VALUES = VCPU_RUN };
enum { MEMORY_VM = 1, MEMORY_READ, MEMORY_WRITE,
       MEMORY_USER_VALUES = MEMORY_WRITE };
enum { RUN_THREAD = 1, RUN_MESSAGE, RUN_USER_VALUES = RUN_MESSAGE };

// Keys of the VM's handler table beside hypercall numbers, which are >= 0.
enum { HANDLER_DEFAULT = -1, HANDLER_UNDEFINED = -2, HANDLER_SYSREG = -3 };

// What a vm, a vcpu, a memory and a run begin with, so that bind_test need not
// look for the metatable in the registry.
struct bind_object {
  const char *key;            // of bind_keys
  const void *metatable;      // lua_topointer of it
};

enum output_mode { OUTPUT_FILE, OUTPUT_FUNCTION, OUTPUT_CAPTURE };

struct bind_output {
  enum output_mode mode;
  luaL_Stream *stream;     // OUTPUT_FILE: the script's file, NULL is stdout
  bool terminal;           // somebody looks: nothing is held back
  bool unflushed;
  bool lost;               // no memory, or the file was closed
  char *data;              // OUTPUT_FUNCTION, OUTPUT_CAPTURE
  size_t used, room;
};

struct bind_memory {
  struct bind_object object;
  struct bind_vm *vm;
  struct bind_memory *next;   // the VM's mapped objects, last used first
  uint64_t base, size;
  tv_mem_kind kind;
  lua_Integer slot;           // index in the VM's memory table
  bool mapped;
};

// What ends a run from outside; TV_NO_LIMIT: nothing.
struct bind_limits {
  uint64_t budget;
  uint64_t deadline;
  uint64_t timeout_end;       // host nanoseconds
};

// One run in progress. Lua code only ever sees a run whose `active` is set
// while one of its handlers is being called, or has yielded.
struct bind_run {
  struct bind_object object;
  struct bind_vm *vm;
  tv_vcpu *vcpu;              // NULL: all that are on
  struct bind_run *next;      // in the VM's list of active runs
  bool active;
  bool calling;               // Lua code is being called: its error is told
                              // with the guest's place
  struct bind_limits limit;
  bool steps;                 // cpu:step
  uint64_t start;             // count() when the run began, and when the
  uint64_t stood;             // guest last stood still (if there is a budget)
  uint64_t slice;             // steps of the present grant
  lua_Hook main_hook;         // the main thread's when the run began
  tv_exit exit;
};

struct bind_vm {
  struct bind_object object;
  tv_vm *vm;                  // NULL: closed
  struct bind_state *state;
  struct bind_run *active;
  struct bind_memory *memory;
  struct bind_memory *ram;    // the one that tv.vm made, while mapped
  struct bind_output output;
  struct bind_trace *trace;   // NULL: none; kept by VM_TRACE
  struct bind_profile *profile;     // likewise VM_PROFILE
  struct bind_timeline *timeline;   // likewise VM_TIMELINE
  unsigned vcpu_end;          // above every vCPU's index
  unsigned vcpu_full;         // below this every index is taken
  uint64_t entry;             // of the last image
  bool has_entry;
};

struct bind_vcpu {
  struct bind_object object;
  tv_vcpu *vcpu;              // NULL: closed
  struct bind_vm *vm;
  unsigned index;
  uint64_t start;             // the pc that it was made with
};

// -- bind.c --

// Pushes a new userdata with the metatable `key`: `size` bytes which are zero
// behind the struct bind_object that they begin with.
void *bind_new(lua_State *, enum bind_key key, size_t size, int user_values);
// The userdata at idx if bind_new made it with `key`, else NULL.
void *bind_test(lua_State *, int idx, enum bind_key key);
// Makes a metatable from methods and metamethods and registers it as `key`.
// Leaves the metatable on the stack; its fields `methods` and `properties`
// list what the object answers to.
void bind_metatable(lua_State *, enum bind_key key, const char *name,
                    const luaL_Reg *methods, const luaL_Reg *meta,
                    const char *const *properties);
// Pushes nil, text, code and returns 3.
int bind_refuse(lua_State *, const tv_error *);
// Raises err's text, with the script's position.
int bind_raise(lua_State *, const tv_error *);
// An integer (or a float without fraction) at idx; no string is converted.
// `what` names it in the error.
lua_Integer bind_integer(lua_State *, int idx, const char *what);
// A size: an integer, or a string such as "64M", "0x1000", "4K".
uint64_t bind_size(lua_State *, int idx, const char *what);
// Raises "unknown WHAT 'word'; did you mean 'x'?" with the nearest of the
// strings that are keys of the table at `names`.
int bind_unknown(lua_State *, const char *what, const char *word, int names);
// For __index: raises "unknown WHAT field", the key being at 2 and the method
// and property tables upvalues 1 and 2.
int bind_no_field(lua_State *, const char *what);
// A __newindex that refuses.
int bind_newindex(lua_State *);
// Raises unless every key of the table at idx is in the NULL-ended list.
void bind_options(lua_State *, int idx, const char *what,
                  const char *const *names);
// Calls module.name with the nargs values on the stack top.
void bind_call_lua(lua_State *, const char *module, const char *name,
                   int nargs, int nresults);

// -- bind_vm.c --

void bind_vm_open(lua_State *);
int bind_vm_new(lua_State *);
// The open VM at idx; raises if it is none or closed.
struct bind_vm *bind_vm_check(lua_State *, int idx);

// -- bind_memory.c --

void bind_memory_open(lua_State *);
extern const luaL_Reg bind_memory_vm_methods[];   // vm:map, vm:read, ...
// Adds vm:read_u32 and its kin to the table on the stack top.
void bind_memory_kin(lua_State *);
// Maps a region for the VM at absolute index `vm` by the option table at
// `options`: 1 result (the object), or nil, message, code.
int bind_memory_map(lua_State *, int vm, int options);
// Raises if those options are wrong.
void bind_memory_check_options(lua_State *, int options);
// The mapped memory object at idx; raises if it is none, or gone.
struct bind_memory *bind_memory_check(lua_State *, int idx);
// The MMIO object that holds addr, or NULL.
struct bind_memory *bind_memory_mmio(struct bind_vm *, uint64_t addr);
// Pushes an array of the VM's memory objects in address order.
void bind_memory_list(lua_State *, int vm);

// -- bind_kin.c --

// A number in guest memory: its suffix in method names, size, and kind.
struct bind_kin {
  char name[4];
  uint8_t size;
  char kind;   // 'u', 'i', 'f'
};

// Adds `fn` to the table on the stack top as prefix .. name for each of the
// kin; within it, bind_kin_self says for which.
void bind_kin_add(lua_State *, const char *prefix, lua_CFunction fn);
const struct bind_kin *bind_kin_self(lua_State *);
void bind_kin_push(lua_State *, const struct bind_kin *,
                   const uint8_t bytes[8]);
// The value at idx, which must fit.
void bind_kin_read(lua_State *, int idx, const struct bind_kin *,
                   uint8_t bytes[8]);

// -- bind_dirty.c --

int bind_dirty_log(lua_State *);     // memory:log
int bind_dirty_take(lua_State *);    // memory:dirty

// -- bind_vcpu.c --

void bind_vcpu_open(lua_State *);
int bind_vcpu_new(lua_State *);   // vm:vcpu
struct bind_vcpu *bind_vcpu_check(lua_State *, int idx);

// -- bind_run.c --

void bind_run_open(lua_State *);
// Pushes a new run object for the VM at vm_idx.
struct bind_run *bind_run_new(lua_State *, int vm_idx);
int bind_run_vm(lua_State *);     // vm:run
int bind_run_vcpu(lua_State *);   // cpu:run
int bind_run_step(lua_State *);   // cpu:step
// Raises while a handler of the VM at vm_idx has not returned. With a vcpu:
// unless that handler has yielded and is another vCPU's.
void bind_run_idle(lua_State *, int vm_idx, tv_vcpu *);

// -- bind_exit.c --

void bind_exit_open(lua_State *);
// Pushes the exit as a fresh table; `vcpus` is the VM's vcpu table.
void bind_exit_push(lua_State *, struct bind_vm *, const tv_exit *,
                    int vcpus);
int bind_exit_facts(lua_State *);   // core._facts
int bind_vcpu_start(lua_State *);   // core._start

// -- bind_output.c --

// The tv_output_fn of every VM; ctx is its struct bind_output.
void bind_output_deliver(void *ctx, const char *data, size_t size);
// Reads the option value at idx (nil: stdout) for the VM at index vm.
void bind_output_set(lua_State *, int vm, int idx);
// Whether there is text for the output function, or some was lost; then
// pushes function and text, or raises.
static inline bool bind_output_pending(const struct bind_vm *vm) {
  return vm->output.lost ||
         (vm->output.used > 0 && vm->output.mode == OUTPUT_FUNCTION);
}
void bind_output_push(lua_State *, struct bind_vm *, int vm_idx);
void bind_output_flush(struct bind_vm *);
void bind_output_free(struct bind_vm *);
int bind_output_take(lua_State *);   // vm:take_output

// -- bind_trace.c --

// The steps of a slice while a VM is traced.
enum { BIND_TRACE_SLICE = 512 };
int bind_trace_set(lua_State *);     // vm:trace
// For a VM that has a trace. Before each slice: writes lines if there are
// many. At the end of a run: all lines. May raise, or call Lua code.
void bind_trace_drain(lua_State *, struct bind_vm *, int vm_idx);
void bind_trace_finish(lua_State *, struct bind_vm *, int vm_idx);
// At the end of a run that has failed; does nothing where nothing is to do.
void bind_trace_settle(struct bind_vm *);

// -- bind_breakpoint.c --

int bind_breakpoint_set(lua_State *);     // vm:set_breakpoint
int bind_breakpoint_clear(lua_State *);   // vm:clear_breakpoint
// Pushes the list of addresses, ascending.
void bind_breakpoint_list(lua_State *, const tv_vm *);

// -- bind_profile.c, bind_timeline.c --

int bind_profile_set(lua_State *);    // core._profile
int bind_timeline_set(lua_State *);   // core._timeline
// For a VM that has one: before each slice, the steps that it may have at
// most (may raise); and after it.
uint64_t bind_profile_grant(lua_State *, struct bind_vm *, int vm_idx);
uint64_t bind_timeline_grant(lua_State *, struct bind_vm *, int vm_idx);
void bind_profile_ran(struct bind_vm *, const tv_exit *);
void bind_timeline_ran(struct bind_vm *, const tv_exit *);

int luaopen_tinyvmm_core(lua_State *);

#endif
