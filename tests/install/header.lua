-- SPDX-License-Identifier: MIT
--
-- tinyvmm.h compiles alone and twice, as C and as C++, under every standard
-- from C99 and C++11 on, without a warning.
local test = require "tap"
local room = require "install._room"

local program = [[
#include "tinyvmm.h"
#include "tinyvmm.h"
int f(tv_vm *, tv_vcpu *, tv_exit *, tv_error *);
int f(tv_vm *vm, tv_vcpu *cpu, tv_exit *e, tv_error *err) {
  uint64_t value = TV_NO_LIMIT;
  if (tv_mem_ram(vm, 0, 4096, TV_READ | TV_WRITE, NULL, err)) return 1;
  if (tv_vcpu_set(cpu, TV_REG_X(3), &value, sizeof value, err)) return 2;
  if (tv_vcpu_run(cpu, value, e, err) != TV_OK) return (int)err->code;
  return e->kind == TV_EXIT_MMIO ? e->u.mmio.size : TV_VERSION[0];
}
]]

local warnings =
  "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Werror"
local languages = {
  { suffix = "c", compilers = { "gcc", "clang" },
    standards = { "c99", "c11", "gnu11", "c17", "c2x" },
    more = "-Wstrict-prototypes -Wmissing-prototypes" },
  { suffix = "cc", compilers = { "g++", "clang++" },
    standards = { "c++11", "c++14", "c++17", "c++20", "gnu++17" }, more = "" },
}

for _, language in ipairs(languages) do
  for _, compiler in ipairs(language.compilers) do
    test("the header compiles without a warning: " .. compiler, function(t)
      t.needs(compiler)
      local dir <close> = room.folder()
      local file = ("%s/user.%s"):format(dir, language.suffix)
      room.spit(file, program)
      for _, standard in ipairs(language.standards) do
        room.sh(t, "%s -std=%s %s %s -Isrc -c -o %s/o %s", compiler,
          standard, warnings, language.more, dir, file)
      end
    end)
  end
end

test("a warning would be seen", function(t)
  t.needs "gcc"
  local dir <close> = room.folder()
  room.spit(dir.path .. "/user.c", program .. "static int unused;\n")
  local _, status, errors = t.run(("gcc -std=c11 %s -Isrc -c \z
    -o %s/o %s/user.c"):format(warnings, dir, dir))
  t.ok(status ~= 0 and errors:find "unused", errors)
end)
