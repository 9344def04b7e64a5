// SPDX-License-Identifier: MIT
//
// vm:trace: one line for each instruction: its address, symbol and text, and
// the registers that it changed.
//
// The core calls record() inside the run, where no Lua may be called. It puts
// down the instruction and what its predecessor has changed, which is known
// only now. Between the slices of a run, drain() makes lines of the records;
// the texts come from lua/tinyvmm/trace.lua, once for each place, and are kept
// in a cache. A line is open until the next record of the same vCPU completes
// it, so that it shows what a hypercall's handler did as well; settle()
// completes it when there will be none.
//
// A slice is so short that its records always fit.

#include "bind/bind.h"

#include <errno.h>
#include <string.h>

enum {
  RECORDS = 1 << 20,          // bytes
  DRAIN_AT = 1 << 14,
  OUT_ROOM = 1 << 16,
  LINE_ROOM = 1 << 12,         // all registers changed: about 2300
  TEXT_MAX = 512,
  TEXTS = 1 << 14,            // places in the cache; half are used at most
  TEXT_ROOM = 1 << 20,
  COLUMN = 48,                // of the changed registers
  XS = 32, QS = 32,           // x0..x30 and sp, q0..q31
  FLAGS_SHIFT = 28
};

// Followed by the new values: a word for each bit in x, two for one in q.
struct record {
  uint64_t pc;
  uint32_t insn;
  uint32_t pstate;
  uint32_t x, q;              // which registers the open line's changed
  uint16_t cpu;
  bool pstate_changed;
  bool begins;                // an instruction; else only changes
};

// A record of everything, and the one that settles the vCPU before it.
_Static_assert((BIND_TRACE_SLICE + 1) * 2 *
                   (sizeof(struct record) + (XS + 2 * QS) * 8) + DRAIN_AT <=
               RECORDS, "the records of a slice fit");

struct text {
  uint64_t pc;
  uint32_t insn;
  uint32_t size;              // 0: a free place
  uint32_t at;
};

struct bind_trace {
  tv_vcpu *open;              // whose instruction the last record began
  uint64_t x[XS], q[QS][2];   // its registers before that instruction
  uint32_t pstate;
  size_t used, done;          // bytes of records, and of those now in lines

  luaL_Stream *stream;        // NULL: a function
  bool line_open;
  uint32_t line_pstate;       // before the open line's instruction
  size_t line;                // where the open line begins in out
  size_t out_used;
  unsigned texts;
  uint32_t text_used;
  struct text text[TEXTS];
  uint64_t records[RECORDS / 8];
  char text_bytes[TEXT_ROOM];
  char out[OUT_ROOM];
};

// User values of the trace object.
enum { TRACE_SINK = 1, TRACE_TEXT, TRACE_USER_VALUES = TRACE_TEXT };

// -------------------------------------------------------------- recording --

static struct record *begin_record(struct bind_trace *t, uint64_t **value) {
  struct record *r = (struct record *)((char *)t->records + t->used);
  memset(r, 0, sizeof *r);
  *value = (uint64_t *)(r + 1);
  return r;
}

static void end_record(struct bind_trace *t, const uint64_t *end) {
  t->used = (size_t)((const char *)end - (const char *)t->records);
}

static uint64_t *put_x(struct bind_trace *t, struct record *r, uint64_t *to,
                       const uint64_t *x) {
  for (unsigned i = 0; i < XS; i++) {
    if (t->x[i] == x[i]) continue;
    r->x |= UINT32_C(1) << i;
    *to++ = t->x[i] = x[i];
  }
  return to;
}

static uint64_t *put_q(struct bind_trace *t, struct record *r, uint64_t *to,
                       const uint64_t (*q)[2]) {
  if (memcmp(t->q, q, sizeof t->q) == 0) return to;
  for (unsigned i = 0; i < QS; i++) {
    if (memcmp(t->q[i], q[i], sizeof q[i]) == 0) continue;
    r->q |= UINT32_C(1) << i;
    to[0] = t->q[i][0] = q[i][0];
    to[1] = t->q[i][1] = q[i][1];
    to += 2;
  }
  return to;
}

// What the open instruction has changed, now that it is done.
static uint64_t *put_changes(struct bind_trace *t, struct record *r,
                             uint64_t *to, const tv_step *now) {
  r->pstate = now->pstate;
  r->pstate_changed = t->pstate != now->pstate;
  t->pstate = now->pstate;
  return put_q(t, r, put_x(t, r, to, now->x), now->q);
}

static void settle(struct bind_trace *t) {
  if (t->open == NULL) return;
  uint64_t x[XS], q[QS][2], pstate = 0, *to;
  memset(x, 0, sizeof x);
  memset(q, 0, sizeof q);
  for (unsigned i = 0; i < XS; i++)
    tv_vcpu_get(t->open, TV_REG_X(i), &x[i], sizeof x[i], NULL);
  for (unsigned i = 0; i < QS; i++)
    tv_vcpu_get(t->open, TV_REG_Q(i), q[i], sizeof q[i], NULL);
  tv_vcpu_get(t->open, TV_REG_PSTATE, &pstate, sizeof pstate, NULL);
  struct record *r = begin_record(t, &to);
  tv_step now = {.pstate = (uint32_t)pstate, .x = x,
                 .q = (const uint64_t (*)[2])q};
  end_record(t, put_changes(t, r, to, &now));
  t->open = NULL;
}

static void record(void *ctx, const tv_step *step) {
  struct bind_trace *t = ctx;
  uint64_t *to;
  if (t->open != step->vcpu) {
    settle(t);
    t->open = step->vcpu;
    memcpy(t->x, step->x, sizeof t->x);
    memcpy(t->q, step->q, sizeof t->q);
    t->pstate = step->pstate;
  }
  struct record *r = begin_record(t, &to);
  r->pc = step->pc;
  r->insn = step->insn;
  r->cpu = (uint16_t)tv_vcpu_index(step->vcpu);
  r->begins = true;
  end_record(t, put_changes(t, r, to, step));
}

// ------------------------------------------------------------------ texts --

static struct text *place_of(struct bind_trace *t, uint64_t pc,
                             uint32_t insn) {
  unsigned i = (unsigned)(pc >> 2) + insn * 0x9e37u;
  for (;; i++) {
    struct text *place = &t->text[i % TEXTS];
    if (place->size == 0 || (place->pc == pc && place->insn == insn))
      return place;
  }
}

// Pushes the text that trace.lua gives.
static const char *ask(lua_State *L, int vm_idx, const struct record *r,
                       int trace, size_t *size) {
  lua_getiuservalue(L, trace, TRACE_TEXT);
  lua_pushvalue(L, vm_idx);
  lua_pushinteger(L, (lua_Integer)r->pc);
  lua_pushinteger(L, (lua_Integer)r->insn);
  lua_call(L, 3, 1);
  const char *bytes = luaL_checklstring(L, -1, size);
  if (*size > TEXT_MAX) *size = TEXT_MAX;
  return bytes;
}

static const struct text *text_of(lua_State *L, struct bind_trace *t,
                                  int vm_idx, const struct record *r,
                                  int trace) {
  struct text *place = place_of(t, r->pc, r->insn);
  if (place->size != 0) return place;
  size_t size;
  const char *bytes = ask(L, vm_idx, r, trace, &size);
  if (t->texts >= TEXTS / 2 || t->text_used + size > TEXT_ROOM) {
    memset(t->text, 0, sizeof t->text);
    t->texts = 0;
    t->text_used = 0;
  }
  place = place_of(t, r->pc, r->insn);
  *place = (struct text){r->pc, r->insn, (uint32_t)size, t->text_used};
  memcpy(t->text_bytes + t->text_used, bytes, size);
  t->text_used += (uint32_t)size;
  t->texts++;
  lua_pop(L, 1);
  return place;
}

// ------------------------------------------------------------------ lines --

static char *put_hex(char *to, uint64_t value, int digits) {
  static const char digit[16] = "0123456789abcdef";
  *to++ = '0';
  *to++ = 'x';
  while (digits < 16 && value >> 4 * digits != 0) digits++;
  for (int i = digits - 1; i >= 0; i--) *to++ = digit[value >> 4 * i & 15];
  return to;
}

// " x12=" with the bank's letter.
static char *put_name(char *to, char letter, unsigned n) {
  *to++ = ' ';
  *to++ = letter;
  if (n >= 10) *to++ = (char)('0' + n / 10);
  *to++ = (char)('0' + n % 10);
  *to++ = '=';
  return to;
}

static char *put_pstate(char *to, uint32_t old, uint32_t now) {
  if ((old ^ now) << (32 - FLAGS_SHIFT) != 0) {
    memcpy(to, " pstate=", 8);
    return put_hex(to + 8, now, 1);
  }
  memcpy(to, " nzcv=", 6);
  for (int i = 0; i < 4; i++) to[6 + i] = (char)('0' + (now >> (31 - i) & 1));
  return to + 10;
}

static char *put_registers(char *to, const struct record *r,
                           const uint64_t *value, uint32_t old_pstate) {
  for (uint32_t x = r->x; x != 0; x &= x - 1) {
    unsigned n = 0;
    while (!(x >> n & 1)) n++;
    if (n == XS - 1) {
      memcpy(to, " sp=", 4);
      to += 4;
    } else {
      to = put_name(to, 'x', n);
    }
    to = put_hex(to, *value++, 1);
  }
  for (unsigned n = 0; n < QS; n++) {
    if (!(r->q >> n & 1)) continue;
    to = put_hex(put_name(to, 'q', n), value[1], 16);
    to = put_hex(to, value[0], 16) - 18;
    memmove(to, to + 2, 16);
    to += 16;
    value += 2;
  }
  return r->pstate_changed ? put_pstate(to, old_pstate, r->pstate) : to;
}

// Completes the open line with what its instruction changed.
static void complete(struct bind_trace *t, const struct record *r) {
  char *to = t->out + t->out_used;
  if (!t->line_open) return;
  if (r->x || r->q || r->pstate_changed) {
    while (to - (t->out + t->line) < COLUMN) *to++ = ' ';
    to = put_registers(to, r, (const uint64_t *)(r + 1), t->line_pstate);
  }
  *to++ = '\n';
  t->out_used = (size_t)(to - t->out);
  t->line_open = false;
}

static void begin_line(struct bind_trace *t, const struct record *r,
                       const struct text *text, bool numbered) {
  char *to = t->out + t->out_used;
  t->line = t->out_used;
  if (numbered) {
    memcpy(to, "cpu", 3);
    to += 3;
    if (r->cpu >= 100) *to++ = (char)('0' + r->cpu / 100 % 10);
    if (r->cpu >= 10) *to++ = (char)('0' + r->cpu / 10 % 10);
    *to++ = (char)('0' + r->cpu % 10);
    *to++ = ' ';
  }
  memcpy(to, t->text_bytes + text->at, text->size);
  t->out_used = (size_t)(to - t->out) + text->size;
  t->line_pstate = r->pstate;
  t->line_open = true;
}

// --------------------------------------------------------------- draining --

static void write_out(lua_State *L, struct bind_trace *t, int trace,
                      size_t size) {
  if (t->stream == NULL) {
    lua_getiuservalue(L, trace, TRACE_SINK);
    lua_pushlstring(L, t->out, size);
  } else if (t->stream->closef == NULL) {
    t->out_used = 0;
    t->line_open = false;
    luaL_error(L, "the trace's file has been closed");
  } else if (fwrite(t->out, 1, size, t->stream->f) != size) {
    t->out_used = 0;
    t->line_open = false;
    luaL_error(L, "cannot write the trace: %s", strerror(errno));
  }
  t->out_used -= size;
  t->line -= size;
  memmove(t->out, t->out + size, t->out_used);
  if (t->stream == NULL) lua_call(L, 1, 0);
}

// Writes all complete lines.
static void flush(lua_State *L, struct bind_trace *t, int trace) {
  size_t size = t->line_open ? t->line : t->out_used;
  if (size > 0) write_out(L, t, trace, size);
}

static const struct record *next_record(struct bind_trace *t) {
  const struct record *r =
      (const struct record *)((const char *)t->records + t->done);
  size_t values = 0;
  for (uint32_t x = r->x; x != 0; x &= x - 1) values++;
  for (uint32_t q = r->q; q != 0; q &= q - 1) values += 2;
  t->done += sizeof *r + values * sizeof(uint64_t);
  return r;
}

// Lua code that is called here may end this trace: its object stays on the
// stack, and whoever comes back looks whether it is still the VM's.
static void drain(lua_State *L, struct bind_vm *vm, int vm_idx) {
  struct bind_trace *t = vm->trace;
  luaL_checkstack(L, 10, NULL);
  lua_getiuservalue(L, vm_idx, VM_TRACE);
  int trace = lua_gettop(L);
  while (vm->trace == t && t->done < t->used) {
    const struct record *r = next_record(t);
    complete(t, r);
    if (t->out_used > OUT_ROOM - 2 * LINE_ROOM) flush(L, t, trace);
    if (r->begins && vm->trace == t)
      begin_line(t, r, text_of(L, t, vm_idx, r, trace), vm->vcpu_end > 1);
  }
  if (vm->trace == t) {
    t->used = t->done = 0;
    flush(L, t, trace);
  }
  lua_settop(L, trace - 1);
}

void bind_trace_drain(lua_State *L, struct bind_vm *vm, int vm_idx) {
  if (vm->trace->used > DRAIN_AT) drain(L, vm, lua_absindex(L, vm_idx));
}

void bind_trace_settle(struct bind_vm *vm) {
  if (vm->vm != NULL && vm->trace != NULL) settle(vm->trace);
}

void bind_trace_finish(lua_State *L, struct bind_vm *vm, int vm_idx) {
  settle(vm->trace);
  drain(L, vm, lua_absindex(L, vm_idx));
  const luaL_Stream *stream = vm->trace != NULL ? vm->trace->stream : NULL;
  if (stream != NULL && stream->closef != NULL && fflush(stream->f) != 0)
    luaL_error(L, "cannot write the trace: %s", strerror(errno));
}

// --------------------------------------------------------------- vm:trace --

static void stop(lua_State *L, struct bind_vm *vm) {
  if (vm->trace == NULL) return;
  bind_trace_finish(L, vm, 1);
  if (vm->vm == NULL) return;   // closed by the function that got the lines
  tv_vm_trace(vm->vm, NULL, NULL, NULL);
  vm->trace = NULL;
  lua_pushnil(L);
  lua_setiuservalue(L, 1, VM_TRACE);
}

static struct bind_trace *push_trace(lua_State *L) {
  struct bind_trace *t = lua_newuserdatauv(L, sizeof *t, TRACE_USER_VALUES);
  memset(t, 0, offsetof(struct bind_trace, records));
  t->stream = luaL_testudata(L, 2, LUA_FILEHANDLE);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, TRACE_SINK);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "tinyvmm.trace");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "text");
  lua_setiuservalue(L, -3, TRACE_TEXT);
  lua_pop(L, 1);
  return t;
}

// vm:trace(file | function | nil) -> true, or nil, message, code
int bind_trace_set(lua_State *L) {
  bind_vm_check(L, 1);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2) && !lua_isfunction(L, 2) &&
      luaL_testudata(L, 2, LUA_FILEHANDLE) == NULL)
    return luaL_error(L, "vm:trace takes a file, a function or nil, not %s",
                      luaL_typename(L, 2));
  stop(L, bind_vm_check(L, 1));
  struct bind_trace *t = lua_isnil(L, 2) ? NULL : push_trace(L);
  struct bind_vm *vm = bind_vm_check(L, 1);   // after script code
  tv_error err;
  if (t != NULL) {
    if (tv_vm_trace(vm->vm, record, t, &err) != TV_OK)
      return bind_refuse(L, &err);
    lua_setiuservalue(L, 1, VM_TRACE);
    vm->trace = t;
  }
  lua_pushboolean(L, 1);
  return 1;
}
