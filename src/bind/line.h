// SPDX-License-Identifier: MIT
//
// Reading lines from a terminal: the module tinyvmm.line, for the program only.
// The Lua module of the library does not have it.

#ifndef BIND_LINE_H
#define BIND_LINE_H

#include <lua.h>

// Opens the module tinyvmm.line: pushes a table of these functions.
//   terminal(fd) -> whether it is one
//   columns() -> the width of the terminal on stdout, 80 if unknown
//   edit() -> true if lines can be edited from now on, else false, reason
//   remember(line): adds to the history of this session
//   read(prompt [, complete]) -> line, without newline; nil at the end;
//     false where Ctrl-C cleared the line. complete(text) gets the line up to
//     the cursor and returns what to insert there, or nil and a text to show.
int line_open(lua_State *);

#endif
