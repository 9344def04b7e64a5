-- SPDX-License-Identifier: MIT
--
-- What the tests of the guest SDK share: guests are built by guest.mk in a
-- temporary directory, once for each compiler, and run by our program. The
-- directory goes when the object is closed.
--
-- TV_SDK is a directory where the guests stay: a machine without a compiler
-- then runs what another has built (make check-kvm), by gcc alone.

local backend = require "backend"
local shell = require "shell"

local M = {}

M.program = (os.getenv "TV_BUILD" or "build/rel") .. "/tinyvmm"

local KEPT = os.getenv "TV_SDK"

-- By the name that the tests have; what each needs beside make.
M.compilers = {
  { name = "gcc", cc = "aarch64-linux-gnu-gcc" },
  not KEPT and { name = "clang", cc = "clang", "ld.lld" } or nil
}

local quote = shell.quote

M.read, M.write = shell.slurp, shell.spill

local Sdk = {}
Sdk.__index = Sdk

function M.new()
  local path
  if KEPT then
    path = KEPT .. "/" .. arg[0]:match "([^/]*)%.lua$"
  else
    path = os.tmpname()
    os.remove(path)
    path = path .. ".sdk"
  end
  assert(os.execute("mkdir -p " .. quote(path)))
  return setmetatable({ path = path }, Sdk)
end

function Sdk:__close()
  if not KEPT then os.execute("rm -rf " .. quote(self.path)) end
end

-- Whether guests are here that cannot be built here.
local function brought() return KEPT and not shell.have "make" end

-- Skips unless the compiler is there, and these tools; returns its output
-- directory.
function Sdk:needs(t, compiler, ...)
  if not brought() then
    t.needs("make", compiler.cc, table.unpack(compiler))
    t.needs(...)
  end
  return self.path .. "/" .. compiler.name
end

-- Runs make with guest.mk's variables; returns its status and what it said.
-- The options of a make that runs the tests are not meant for this one.
function Sdk:try_make(t, compiler, arguments)
  t.needs "make"
  local out = self:needs(t, compiler)
  local output, status, errors = t.run(("MAKEFLAGS= MAKELEVEL= make -s \z
    GUEST_CC=%s GUEST_OUT=%s CFLAGS='-Wpedantic -Wshadow -Werror' LDFLAGS= %s")
    :format(compiler.cc, quote(out), arguments))
  return status, output .. errors
end

function Sdk:make(t, compiler, arguments)
  if brought() then return end
  local status, said = self:try_make(t, compiler, arguments)
  t.ok(status == 0, ("make ended with %s\n%s"):format(status, said))
end

-- The path of an example's ELF file.
function Sdk:example(t, compiler, name)
  local out = self:needs(t, compiler)
  local elf = out .. "/" .. name .. ".elf"
  self:make(t, compiler, "-C guest/examples " .. quote(elf))
  return elf
end

-- A new folder for sources.
function Sdk:folder()
  self.count = (self.count or 0) + 1
  local path = ("%s/src%d"):format(self.path, self.count)
  assert(os.execute("mkdir -p " .. quote(path)))
  return path
end

-- A name for these sources and variables, wherever they are built.
local function name_of(files, variables)
  local texts, sum = { variables or "" }, 0
  for file, text in pairs(files) do texts[#texts + 1] = file .. text end
  table.sort(texts)
  for byte in table.concat(texts):gmatch "." do
    sum = sum * 31 + byte:byte() & 0xffffffffffff
  end
  return ("g%012x"):format(sum)
end

-- A guest of the test's own and a user's Makefile for it. `files` is its text
-- in C, or texts by file name. Returns the path of the ELF file to be, and
-- the arguments with which make makes it but for that.
function Sdk:source(t, compiler, files, variables)
  self:needs(t, compiler)
  if type(files) == "string" then files = { ["main.c"] = files } end
  local name, objects = name_of(files, variables), {}
  local src = self.path .. "/" .. name
  assert(os.execute("mkdir -p " .. quote(src)))
  for file, text in pairs(files) do
    local stem, ending = file:match "^(.-)(%.%a+)$"
    local unit = stem == "main" and name or name .. "_" .. stem
    if ending ~= ".h" then
      objects[#objects + 1] = "$(GUEST_OUT)/" .. unit .. ".o"
      file = unit .. ending
    end
    M.write(src .. "/" .. file, (text:gsub("%s*$", "\n")))
  end
  M.write(src .. "/Makefile", ("include %s/guest/guest.mk\n%s: %s\n"):format(
    "$(SDK)", "$(GUEST_OUT)/" .. name .. ".elf", table.concat(objects, " ")))
  local elf = ("%s/%s/%s.elf"):format(self.path, compiler.name, name)
  return elf, ('SDK="$PWD" -C %s %s '):format(quote(src), variables or "")
end

-- The same, built.
function Sdk:guest(t, compiler, files, variables)
  local elf, arguments = self:source(t, compiler, files, variables)
  self:make(t, compiler, arguments .. quote(elf))
  return elf
end

-- Steps or nanoseconds; kvm's machine may be an emulated one.
local BUDGET = backend.exact and 50000000 or 20000000000

-- stdout, status, stderr of `tinyvmm run` with the guest's arguments; what
-- does not end by itself is stopped by its budget.
function M.run(t, path, options, ...)
  return t.run(("%s run --budget %d %s %s %s"):format(M.program, BUDGET,
    options or "", quote(path), table.concat({ ... }, " ")))
end

function M.script(t, path, ...)
  local words = { M.program, path }
  for _, word in ipairs { ... } do words[#words + 1] = quote(word) end
  return t.run(table.concat(words, " "))
end

-- fn(t, compiler) as one test for each compiler.
function M.each(test, sentence, fn)
  for _, compiler in ipairs(M.compilers) do
    test(sentence .. ", with " .. compiler.name, function(t)
      fn(t, compiler)
    end)
  end
end

return M
