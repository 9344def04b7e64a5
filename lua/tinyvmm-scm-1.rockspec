-- SPDX-License-Identifier: MIT
--
-- The rock of the Lua module, built by the Makefile from the tree around
-- this file. In the top folder, without a network:
--   luarocks --lua-version 5.4 make lua/tinyvmm-scm-1.rockspec

rockspec_format = "3.0"
package = "tinyvmm"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "Scriptable ARM64 virtual machine monitor",
  detailed = [[
    A small C core exposes VM, memory and vCPU objects to Lua; scripts
    assemble guest code, register hypercall handlers and drive the run loop.
    Brings its own deterministic ARM64 CPU.]],
  license = "MIT",
}
dependencies = { "lua >= 5.4, < 5.5" }
build = {
  type = "make",
  build_target = "lua-module",
  install_target = "install-lua",
  variables = {
    CFLAGS = "$(CFLAGS)",
    LUA_CFLAGS = "-I$(LUA_INCDIR)",
    LUA_LMOD = "$(LUADIR)",
    LUA_CMOD = "$(LIBDIR)",
  },
}
