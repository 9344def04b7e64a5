// SPDX-License-Identifier: MIT
//
// What the loop of a run (bind_run.c) and the calls of scripts' handlers
// (bind_handler.c) share: the stack that both work on, and what comes next.

#ifndef BIND_RUN_H
#define BIND_RUN_H

#include "bind/bind.h"

// Stack of the loop:  vm | run | handlers | vcpus | memory | call in progress
enum { S_VM = 1, S_RUN, S_HANDLERS, S_VCPUS, S_MEMORY, S_TOP = S_MEMORY };

enum step { STEP_NEXT, STEP_CALLED, STEP_RETURN };

// Calls the handler that the script has for the exit, if it has one, by
// lua_callk with this continuation: STEP_CALLED once it is back, STEP_RETURN
// if there is none. What it gave back lies above S_TOP.
enum step bind_handler_call(lua_State *, struct bind_run *, lua_KFunction);

// After a handler has returned, straight or by way of a yield: what it gave
// back goes to the guest. STEP_NEXT or STEP_RETURN.
enum step bind_handler_done(lua_State *, struct bind_run *);

#endif
