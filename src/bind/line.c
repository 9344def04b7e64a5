// SPDX-License-Identifier: MIT
//
// Reading lines from a terminal: with libedit's editing, history and
// completion where that library is installed, else by plain reads.
//
// libedit is opened when the first line is to be edited, so the program needs
// it neither to be built nor to run a script. Its interface (histedit.h) is
// the same on Linux, macOS and the BSDs; what we use of it is declared here.
//
// While a line is edited the terminal sends Ctrl-C and Ctrl-Z as characters,
// which are bound to functions of ours: no signal interrupts libedit. Lua
// code is only called (for completion) while line_read has its lua_State.

#include "bind/line.h"

#include <dlfcn.h>
#include <lauxlib.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

// ------------------------------------------------------- libedit's facts --

typedef struct editline EditLine;
typedef struct history History;
typedef struct { int num; const char *str; } HistEvent;
typedef struct { const char *buffer, *cursor, *lastchar; } LineInfo;

enum { EL_PROMPT = 0, EL_EDITOR = 2, EL_BIND = 4, EL_SETTY = 8, EL_ADDFN = 9,
       EL_HIST = 10, EL_CLIENTDATA = 14, EL_PREP_TERM = 16 };
enum { H_SETSIZE = 1, H_ENTER = 10, H_SETUNIQUE = 20 };
enum { CC_NEWLINE = 1, CC_REFRESH = 4, CC_ERROR = 6, CC_REDISPLAY = 8 };

enum { HISTORY = 1000 };

static const char *const libraries[] = {
  "libedit.so.2", "libedit.so.0", "libedit.so.8", "libedit.so",
  "libedit.3.dylib", "libedit.dylib", NULL
};

struct editor {
  void *library;
  EditLine *(*init)(const char *, FILE *, FILE *, FILE *);
  void (*end)(EditLine *);
  const char *(*gets)(EditLine *, int *);
  int (*set)(EditLine *, int, ...);
  int (*get)(EditLine *, int, ...);
  int (*source)(EditLine *, const char *);
  const LineInfo *(*line)(EditLine *);
  int (*insert)(EditLine *, const char *);
  void (*resize)(EditLine *);
  History *(*history_init)(void);
  void (*history_end)(History *);
  int (*history)(History *, HistEvent *, int, ...);

  EditLine *el;
  History *past;
  const char *prompt;
  lua_State *L;           // during line_read
  int complete;           // its stack index there, 0: none
  bool interrupted;
};

// --------------------------------------------------------- opening it all --

// A pointer to a function from one to data, as POSIX has it.
static bool find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static bool find_all(struct editor *e) {
  void *lib = e->library;
  return find(lib, "el_init", &e->init) && find(lib, "el_end", &e->end) &&
         find(lib, "el_gets", &e->gets) && find(lib, "el_set", &e->set) &&
         find(lib, "el_get", &e->get) && find(lib, "el_line", &e->line) &&
         find(lib, "el_insertstr", &e->insert) &&
         find(lib, "el_resize", &e->resize) &&
         find(lib, "el_source", &e->source) &&
         find(lib, "history_init", &e->history_init) &&
         find(lib, "history_end", &e->history_end) &&
         find(lib, "history", &e->history);
}

// The state behind an EditLine, for libedit's callbacks, which get nothing
// else: the library is open RTLD_GLOBAL, so that its el_get is found.
static struct editor *editor_of(EditLine *el) {
  int (*get)(EditLine *, int, ...);
  struct editor *e = NULL;
  if (find(RTLD_DEFAULT, "el_get", &get)) get(el, EL_CLIENTDATA, &e);
  return e;
}

static const char *show_prompt(EditLine *el) {
  return editor_of(el)->prompt;
}

static void close_editor(struct editor *e) {
  if (e->el != NULL) e->end(e->el);
  if (e->past != NULL) e->history_end(e->past);
  if (e->library != NULL) dlclose(e->library);
  memset(e, 0, sizeof *e);
}

static int editor_gc(lua_State *L) {
  close_editor(lua_touserdata(L, 1));
  return 0;
}

// ---------------------------------------------------------- keys of ours --

// Ctrl-C: the line is forgotten.
static unsigned char key_interrupt(EditLine *el, int key) {
  struct editor *e = editor_of(el);
  (void)key;
  e->interrupted = true;
  fputs("^C", stdout);
  return CC_NEWLINE;
}

// Ctrl-Z, with the terminal as the shell wants it.
static unsigned char key_suspend(EditLine *el, int key) {
  struct editor *e = editor_of(el);
  (void)key;
  e->set(el, EL_PREP_TERM, 0);
  raise(SIGTSTP);
  e->set(el, EL_PREP_TERM, 1);
  return CC_REDISPLAY;
}

// The function complete(text) at e->complete; its results stay on the stack.
static bool ask(struct editor *e) {
  const LineInfo *line = e->line(e->el);
  lua_pushvalue(e->L, e->complete);
  lua_pushlstring(e->L, line->buffer, (size_t)(line->cursor - line->buffer));
  return lua_pcall(e->L, 1, 2, 0) == LUA_OK;
}

static unsigned char key_complete(EditLine *el, int key) {
  struct editor *e = editor_of(el);
  unsigned char result = CC_ERROR;
  (void)key;
  if (e->complete == 0) return CC_ERROR;
  int top = lua_gettop(e->L);
  if (!ask(e)) {
    result = CC_ERROR;
  } else if (lua_isstring(e->L, -2)) {
    if (e->insert(el, lua_tostring(e->L, -2)) == 0) result = CC_REFRESH;
  } else if (lua_isstring(e->L, -1)) {
    printf("\n%s", lua_tostring(e->L, -1));
    fflush(stdout);
    result = CC_REDISPLAY;
  }
  lua_settop(e->L, top);
  return result;
}

// ---------------------------------------------------------------- opening --

// "-isig" for the mode in which libedit reads: Ctrl-C is a key like another.
static bool set_up(struct editor *e) {
  HistEvent event;
  e->el = e->init("tinyvmm", stdin, stdout, stderr);
  e->past = e->history_init();
  if (e->el == NULL || e->past == NULL) return false;
  e->history(e->past, &event, H_SETSIZE, HISTORY);
  e->history(e->past, &event, H_SETUNIQUE, 1);
  e->set(e->el, EL_CLIENTDATA, e);
  e->set(e->el, EL_PROMPT, show_prompt);
  e->set(e->el, EL_EDITOR, "emacs");
  e->set(e->el, EL_HIST, e->history, e->past);
  e->set(e->el, EL_ADDFN, "tv-complete", "Complete", key_complete);
  e->set(e->el, EL_ADDFN, "tv-interrupt", "Forget", key_interrupt);
  e->set(e->el, EL_ADDFN, "tv-suspend", "Suspend", key_suspend);
  e->source(e->el, NULL);
  e->set(e->el, EL_SETTY, "-d", "-isig", NULL);
  e->set(e->el, EL_BIND, "^I", "tv-complete", NULL);
  e->set(e->el, EL_BIND, "^C", "tv-interrupt", NULL);
  e->set(e->el, EL_BIND, "^Z", "tv-suspend", NULL);
  return true;
}

static struct editor *to_editor(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

static int line_edit(lua_State *L) {
  struct editor *e = to_editor(L);
  if (e->el != NULL) {
    lua_pushboolean(L, 1);
    return 1;
  }
  setlocale(LC_CTYPE, "");
  for (int i = 0; e->library == NULL && libraries[i] != NULL; i++)
    e->library = dlopen(libraries[i], RTLD_NOW | RTLD_GLOBAL);
  bool good = e->library != NULL && find_all(e) && set_up(e);
  const char *reason = e->library == NULL ? "libedit is not installed"
                                          : "libedit cannot use the terminal";
  if (!good) close_editor(e);
  lua_pushboolean(L, good);
  if (good) return 1;
  lua_pushstring(L, reason);
  return 2;
}

// ---------------------------------------------------------------- reading --

static int remember(lua_State *L) {
  struct editor *e = to_editor(L);
  HistEvent event;
  const char *line = luaL_checkstring(L, 1);
  if (e->el != NULL) e->history(e->past, &event, H_ENTER, line);
  return 0;
}

static int push_line(lua_State *L, const char *line, size_t size) {
  if (size > 0 && line[size - 1] == '\n') size--;
  lua_pushlstring(L, line, size);
  return 1;
}

static int read_edited(lua_State *L, struct editor *e, const char *prompt) {
  int size = 0;
  e->prompt = prompt;
  e->complete = lua_isfunction(L, 2) ? 2 : 0;
  e->interrupted = false;
  fflush(stdout);
  e->resize(e->el);
  // libedit itself does this behind the prompt, and what is typed in between
  // would still go through the terminal's own line.
  e->set(e->el, EL_PREP_TERM, 1);
  if (lua_gethook(L) != NULL) {   // Ctrl-C came as a signal before that
    e->set(e->el, EL_PREP_TERM, 0);
    return 0;
  }
  e->L = L;
  const char *line = e->gets(e->el, &size);
  e->L = NULL;
  if (e->interrupted) {
    putchar('\n');
    lua_pushboolean(L, 0);
    return 1;
  }
  if (line != NULL && size > 0) return push_line(L, line, (size_t)size);
  putchar('\n');
  lua_pushnil(L);
  return 1;
}

// Waits for input; false if a signal came, at whatever moment since Lua was
// left: its handler has set a hook, which raises when Lua goes on.
static bool wait_for_input(lua_State *L) {
  sigset_t interrupt, before;
  fd_set input;
  FD_ZERO(&input);
  FD_SET(STDIN_FILENO, &input);
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, &before);
  bool ready = lua_gethook(L) == NULL &&
               pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL,
                       &before) > 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  return ready;
}

// A signal ends the wait for a line, which is then nil.
static int read_plain(lua_State *L, const char *prompt) {
  luaL_Buffer b;
  int c;
  fputs(prompt, stdout);
  fflush(stdout);
  if (!wait_for_input(L)) {
    lua_pushnil(L);
    return 1;
  }
  luaL_buffinit(L, &b);
  while ((c = getc(stdin)) != EOF && c != '\n') luaL_addchar(&b, (char)c);
  bool nothing = c == EOF && luaL_bufflen(&b) == 0;
  clearerr(stdin);
  luaL_pushresult(&b);
  if (nothing) lua_pushnil(L);
  return 1;
}

static int line_read(lua_State *L) {
  struct editor *e = to_editor(L);
  const char *prompt = luaL_checkstring(L, 1);
  lua_settop(L, 2);
  return e->el != NULL ? read_edited(L, e, prompt) : read_plain(L, prompt);
}

// --------------------------------------------------------------- terminal --

static int line_terminal(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

static int line_columns(lua_State *L) {
  struct winsize size;
  bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  lua_pushinteger(L, known ? size.ws_col : 80);
  return 1;
}

int line_open(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"terminal", line_terminal}, {"columns", line_columns},
    {"edit", line_edit}, {"remember", remember}, {"read", line_read},
    {NULL, NULL}
  };
  luaL_newlibtable(L, functions);
  struct editor *e = lua_newuserdatauv(L, sizeof *e, 0);
  memset(e, 0, sizeof *e);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, editor_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  luaL_setfuncs(L, functions, 1);
  return 1;
}
