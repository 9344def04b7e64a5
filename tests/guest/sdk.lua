-- SPDX-License-Identifier: MIT
--
-- The examples of the guest SDK: each prints what guest/examples/expected
-- says and ends with its status, built by gcc and by clang; those in assembly
-- also by our own assembler. And the SDK's manual: its code runs.

local test = require "tap"
local backend = require "backend"
local sdk = require "guest._sdk"

local build <close> = sdk.new()

-- Status of those that `tinyvmm run` runs; the others have a script.
local examples = {
  { "hello", 0 }, { "tick", 5 }, { "tasks", 0 }, { "traps", 42 },
  { "heap", 0 }, { "crash", 134 }, { "hello_asm", 0 }, { "tick_asm", 5 }
}
local scripts = { smp = true, semihosting = true }

local function expected(name)
  return sdk.read("guest/examples/expected/" .. name .. ".out")
end

-- What qemu's CPU cannot do, by the example's name.
local function needs_real(t, name)
  if name == "tasks" or name == "tick_asm" then
    backend.real(t, "its handler takes longer than a tick")
  elseif name == "crash" then
    backend.device(t)
  end
end

-- A dump without what depends on the compiler: registers, addresses, flags;
-- and without the time where it is real.
local function without_addresses(text)
  if not backend.exact then text = text:gsub("after %d+ ms", "after ?") end
  return (text:gsub("%f[%x]%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%f[%X]", "?")
    :gsub("elr 0x%x+, spsr 0x%x+", "elr ?, spsr ?"):gsub("%a%a%a%a DAIF", "?")
    :gsub("x30 0x%x+[^\n]*", "x30 ?"))
end

for _, example in ipairs(examples) do
  local name, status = table.unpack(example)
  sdk.each(test, name .. " prints what it should", function(t, compiler)
    needs_real(t, name)
    local output, code, errors = sdk.run(t, build:example(t, compiler, name))
    t.eq(without_addresses(output), without_addresses(expected(name)), errors)
    t.eq(code, status, errors)
    t.eq(errors, "")
  end)
end

for _, name in ipairs { "hello_asm", "tick_asm" } do
  test(name .. " needs no compiler", function(t)
    needs_real(t, name)
    local output, code = sdk.run(t, "guest/examples/" .. name .. ".S")
    t.eq(output, expected(name))
    t.eq(code, name == "tick_asm" and 5 or 0)
  end)
end

-- Where vCPUs run at the same time their letters mix.
local function letters(text)
  if backend.exact then return text end
  local list = {}
  for letter in text:gmatch "." do list[#list + 1] = letter end
  table.sort(list)
  return table.concat(list)
end

sdk.each(test, "smp runs on two vCPUs", function(t, compiler)
  local elf = build:example(t, compiler, "smp")
  local output, code, errors = sdk.script(t, "guest/examples/smp.lua", elf)
  t.eq(letters(output), letters(expected "smp"), errors)
  t.eq(code, 0, errors)
end)

sdk.each(test, "semihosting.lua serves the example", function(t, compiler)
  backend.only(t, "soft", "others cannot trap undefined instructions")
  local elf = build:example(t, compiler, "semihosting")
  local output, code, errors = sdk.script(t,
    "guest/examples/semihosting.lua", elf, build.path)
  t.eq(output, expected "semihosting", errors)
  t.eq(code, 0, errors)
  t.eq(sdk.read(build.path .. "/note.txt"), "written by the guest\n")
end)

sdk.each(test, "an image with semihosting does the same in qemu and in run",
  function(t, compiler)
    backend.only(t, "soft", "others cannot trap undefined instructions")
    t.needs "qemu-system-aarch64"
    build:needs(t, compiler)
    local elf = build:guest(t, compiler, { ["main.c"] =
      sdk.read "guest/examples/semihosting.c" },
      "GUEST_BASE=0x40210000")
    local output, code = t.run(("cd %s && timeout -k 5 120 \z
      qemu-system-aarch64 -M virt -nic none -cpu cortex-a57 \z
      -display none -serial none -monitor none \z
      -semihosting-config enable=on,target=native,\z
      arg=semihosting,arg=one,arg=two -kernel %s 2>&1"):format(build.path,
      elf))
    t.eq(output .. "shutdown\texit\t" .. code .. "\n",
      expected "semihosting")
    local ours, status, errors = sdk.run(t, elf, "--semihosting="
      .. build.path, "one", "two")
    t.eq(ours:gsub("\n[^\n]*( one two\n)", "\nsemihosting%1"), output, errors)
    t.eq(status, code)
  end)

test("every example is run here and has its expected output", function(t)
  local known = {}
  for _, example in ipairs(examples) do known[example[1]] = true end
  for name in pairs(scripts) do known[name] = true end
  local pipe <close> = assert(io.popen "ls guest/examples")
  for file in pipe:lines() do
    local name = file:match "^(.*)%.[cS]$"
    if name then
      t.ok(known[name], file .. " is run by no test")
      known[name] = nil
      t.ok(#expected(name) > 0)
    end
  end
  t.eq(known, {}, "examples that are not there")
end)

-- The manual ----------------------------------------------------------------

-- The fenced blocks of guest/README.md by their first word.
local function blocks()
  local list, open = {}, nil
  for line in io.lines "guest/README.md" do
    local fence = line:match "^```(.*)$"
    if fence and open then
      open = nil
    elseif fence then
      open = { info = fence, text = "" }
      list[#list + 1] = open
    elseif open then
      open.text = open.text .. line .. "\n"
    end
  end
  return list
end

sdk.each(test, "the C programs of the manual print what it says",
  function(t, compiler)
    local list, count = blocks(), 0
    for i, block in ipairs(list) do
      if block.info == "c" then
        count = count + 1
        local output, code, errors = sdk.run(t, build:guest(t, compiler,
          block.text))
        t.eq(output, list[i + 1].text, errors)
        t.eq(code, 0, errors)
      end
    end
    t.ok(count > 0, "no C in guest/README.md")
  end)

local function block(info)
  for _, b in ipairs(blocks()) do
    if b.info == info then return b.text end
  end
end

sdk.each(test, "the manual's Makefile makes its guest, again after a change",
  function(t, compiler)
    t.needs "make"
    local src, text = build:folder(), block "c"
    local function made()
      sdk.write(src .. "/hello.c", text)
      build:make(t, compiler, ('SDK="$PWD" -C %s GUEST_OUT=%s/build'):format(
        src, src))
      return (sdk.run(t, src .. "/build/hello.elf"))
    end
    sdk.write(src .. "/Makefile", (block "make":gsub("path/to", "$(SDK)")))
    t.eq(made(), "1 guest at EL1\n")
    text = text:gsub('"guest"', '"change"')
    t.eq(made(), "1 change at EL1\n")
    local status, said = build:try_make(t, compiler, ('SDK="$PWD" -C %s \z
      GUEST_OUT=%s/build TINYVMM="$PWD/%s" hello.run'):format(src, src,
      sdk.program))
    t.eq({ status, said }, { 0, "1 change at EL1\n" })
  end)

test("the assembly of the manual prints what it says", function(t)
  local list, count = blocks(), 0
  for i, block in ipairs(list) do
    if block.info == "asm" then
      count = count + 1
      local path = build.path .. "/manual.S"
      sdk.write(path, (block.text:gsub('"tinyvmm.inc"',
        '"guest/tinyvmm.inc"')))
      local output, code, errors = sdk.run(t, path)
      t.eq(output, list[i + 1].text, errors)
      t.eq(code, 0, errors)
    end
  end
  t.ok(count > 0, "no assembly in guest/README.md")
end)

-- Names ---------------------------------------------------------------------

-- "1 << 7", "0xf << 6", "-2", "UINT32_C(0x84000000)" -> integer
local function value(text)
  local inner = text:match "^UINT%d+_C%((.*)%)$" or text
  return math.tointeger(assert(load("return " .. inner))())
end

local function header_constants()
  local found = {}
  local text = sdk.read "guest/tinyvmm.h":gsub("//[^\n]*", "")
  for name, v in text:gmatch "#define (%u[%u%d_]*) (UINT%d+_C%b())" do
    found[name] = value(v)
  end
  for body in text:gmatch "enum (%b{})" do
    for name, v in body:gmatch "(%u[%u%d_]*) = ([^,}]+)" do
      found[name] = value((v:gsub("%s+$", "")))
    end
  end
  return found
end

-- Where the vectors are is no concern of C.
local ASSEMBLY_ONLY = { TV_FROM = true, TV_VECTOR = true }

test("tinyvmm.inc and tinyvmm.h give the same names the same values",
  function(t)
    local header, count = header_constants(), 0
    for name, v in sdk.read "guest/tinyvmm.inc":gmatch
        "%.equ%s+([%w_]+), ([^/\n]+)" do
      if not ASSEMBLY_ONLY[name:match "^%a+_%a+"] then
        count = count + 1
        t.eq(value((v:gsub("%s+$", ""))), header[name], name)
      end
    end
    t.ok(count > 30, "read only " .. count)
  end)

test("the hypercall numbers are those of the C library", function(t)
  local numbers = {}
  for name, nr in sdk.read "src/tinyvmm.h":gmatch
      "TV_HC_(%u+)_NR = (%d+)" do
    numbers["TV_" .. name] = math.tointeger(nr)
  end
  t.ok(next(numbers), "src/tinyvmm.h has changed")
  local header = header_constants()
  for name, nr in pairs(numbers) do t.eq(header[name], nr, name) end
end)
