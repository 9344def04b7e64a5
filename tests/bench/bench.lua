-- SPDX-License-Identifier: MIT
--
-- make bench: one table of what things cost here, what was asked for, and what
-- the peers on this machine need for the same. Only ratios within one run mean
-- anything: every figure is a median over passes in which ours, native and the
-- peers take turns. README.md says what each row is.

package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;"
  .. package.path

local build = require "_build"
local calls = require "_calls"
local scripts = require "_scripts"

local PASSES = 5
local MANY = 10000

local function median(list)
  table.sort(list)
  local n = #list
  return (list[(n + 1) // 2] + list[n // 2 + 1]) / 2
end

-- The "name number" lines a command prints; of several equal names the list.
local function figures(...)
  local words = {}
  for i, w in ipairs { ... } do words[i] = build.quote(tostring(w)) end
  local command = table.concat(words, " ")
  local text, why = build.output(command)
  if not text then error(command .. ": " .. why, 0) end
  local found = {}
  for name, value in text:gmatch "(%l+) (%x[%x.]*)\n" do
    local v = name == "sum" and value or tonumber(value)
    found[name] = found[name] or v
    found[#found + 1] = v
  end
  return found
end

-- The table ----------------------------------------------------------------

local function row(what, ours, target, ...)
  local beside = {}
  for _, s in ipairs { ... } do
    if s ~= "" then beside[#beside + 1] = s end
  end
  print(("%-31s %10s %10s  %s"):format(what, ours, target,
    table.concat(beside, ", ")))
end

local function peer(name, format, value)
  return value and name .. " " .. format:format(value) or ""
end

-- Integer code -------------------------------------------------------------

-- `param`: fields of guest_param, and the guest if it is not that of
-- integers.
local function qemu_command(param, ...)
  local words = { build.qemu, "-M", "virt", "-nic", "none",
    "-cpu", "cortex-a57", "-m", "64",
    "-display", "none", "-monitor", "none", "-serial", "stdio",
    "-kernel", param.elf or build.elf, ... }
  local offset = { rounds = 0, calls = 8, uart = 16, mmu = 24 }
  for name, at in pairs(offset) do
    if param[name] then
      words[#words + 1] = "-device"
      words[#words + 1] = ("loader,addr=%#x,data=%d,data-len=8"):format(
        0x40180000 + at, param[name])
    end
  end
  return words
end

-- Nanoseconds QEMU needs for what `param` asks, its start subtracted.
local function qemu_ns(param, ...)
  local words = { build.spawn, 1,
    table.unpack(qemu_command({ elf = param.elf }, ...)) }
  words[#words + 1] = "--"
  table.move(qemu_command(param, ...), 1, 99, #words + 1, words)
  local f = figures(table.unpack(words))
  return f[3] - f[1]
end

-- A command as a function(rounds) -> ns, sum, instructions.
local function program(...)
  local words = { ... }
  return function(rounds)
    local w = {}
    for i, s in ipairs(words) do w[i] = s == "ROUNDS" and rounds or s end
    local f = figures(table.unpack(w))
    return f.ns, f.sum, f.insns
  end
end

-- Each engine: rounds of the workload, and such a function.
local function engines()
  local list = {
    { "native", 3000, program(build.native, "ROUNDS") },
    { "ours", 300, program(build.host, "run", build.image, "ROUNDS") },
    { "sliced", 300, program(build.host, "run", build.image, "ROUNDS", 1000) },
  }
  if build.unicorn then
    list[#list + 1] = { "unicorn", 60,
      program(build.unicorn, "run", build.image, "ROUNDS") }
  end
  if build.qemu then
    list[#list + 1] = { "qemu", 1000,
      function(n) return qemu_ns { rounds = n } end }
    list[#list + 1] = { "qemu_mmu", 1000,
      function(n) return qemu_ns { rounds = n, mmu = 1 } end }
    list[#list + 1] = { "qemu_icount", 500, function(n)
      return qemu_ns({ rounds = n }, "-icount", "shift=0,sleep=off")
    end }
  end
  return list
end

-- The same for floating point and vectors; the first is native scalar code.
local function vector_engines()
  local list = {
    { "native", 20000, program(build.native_scalar, "ROUNDS") },
    { "vectors", 20000, program(build.native_vector, "ROUNDS") },
    { "ours", 1500, program(build.host, "run", build.vector_image,
        "ROUNDS") }
  }
  if build.qemu then
    list[#list + 1] = { "qemu", 1500, function(n)
      return qemu_ns { rounds = n, elf = build.vector_elf }
    end }
  end
  return list
end

-- All engines must agree with native code.
local function check_sums(list, elf)
  local _, want = list[1][3](20)
  for _, e in ipairs(list) do
    local _, sum = e[3](20)
    if sum and sum ~= want then
      error(e[1] .. ": the checksum is " .. sum .. ", not " .. want, 0)
    end
  end
  if build.qemu then
    local f = build.output(table.concat(qemu_command(
      { rounds = 20, uart = 0x09000000, elf = elf }), " "))
    if f ~= want .. "\n" then
      error("qemu: the checksum is " .. tostring(f) .. ", not " .. want, 0)
    end
  end
end

-- Median nanoseconds of a round for each engine, and its instructions.
local function measure(list)
  local times, insns = {}, nil
  for _ = 1, PASSES do
    for _, e in ipairs(list) do
      local name, rounds, run = table.unpack(e)
      local ns, _, count = run(rounds)
      times[name] = times[name] or {}
      table.insert(times[name], ns / rounds)
      if count then insns = count / rounds end
    end
  end
  for name, list_of in pairs(times) do times[name] = median(list_of) end
  return times, insns
end

local function integer()
  if not build.image then
    row("integer loop, M insn/s", ("%.0f"):format(scripts.assembled_loop()),
      ">= 200")
    return
  end
  local list = engines()
  check_sums(list)
  local t, insns = measure(list)
  local function rate(name) return t[name] and insns / t[name] * 1000 end
  local function slow(name, by)
    return t[name] and t[name] / t[by or "native"]
  end
  row("integer code, M insn/s", ("%.0f"):format(rate "ours"), ">= 200",
    peer("native", "%.0f", rate "native"), peer("QEMU", "%.0f", rate "qemu"),
    peer("QEMU mmu on", "%.0f", rate "qemu_mmu"),
    peer("Unicorn", "%.0f", rate "unicorn"))
  row("  slow-down against native", ("%.1fx"):format(slow "ours"), "<= 45x",
    peer("QEMU", "%.1fx", slow "qemu"),
    peer("QEMU mmu on", "%.1fx", slow "qemu_mmu"),
    peer("Unicorn", "%.1fx", slow "unicorn"))
  row("exact budgets, slow-down", ("%.2fx"):format(slow("sliced", "ours")),
    "", peer("QEMU icount", "%.2fx", slow("qemu_icount", "qemu")))
end

local function vectors()
  if not build.vector_image then return end
  local list = vector_engines()
  check_sums(list, build.vector_elf)
  local t = measure(list)
  local function slow(name) return t[name] and t[name] / t.native end
  row("FP and vectors, slow-down", ("%.1fx"):format(slow "ours"), "<= 60x",
    peer("native with vectors", "%.2fx", slow "vectors"),
    peer("QEMU", "%.1fx", slow "qemu"))
end

-- The rest -----------------------------------------------------------------

local function repeated(f)
  local list = {}
  for i = 1, PASSES do list[i] = f() end
  return median(list)
end

local function hypercalls()
  local c = figures(build.host, "hypercall").ns
  local psci = figures(build.host, "psci").ns
  local n = 2000000
  local qemu = build.qemu and build.elf
    and repeated(function() return qemu_ns { calls = n } / n end)
  local unicorn = build.unicorn and figures(build.unicorn, "svc").ns
  row("hypercall to C, ns", ("%.0f"):format(c), "<= 60",
    peer("PSCI_VERSION", "%.0f", psci),
    peer("QEMU PSCI_VERSION", "%.0f", qemu),
    peer("Unicorn SVC", "%.0f", unicorn))
end

-- What scripts and guests pay to call each other, and Lua for the like.
local function script_calls()
  local lua = {}
  for name, f in pairs(calls.lua) do
    lua[name] = ("%.0f"):format(repeated(f))
  end
  local function line(what, name, target, ...)
    row(what .. ", ns", ("%.0f"):format(repeated(calls[name])), target, ...)
  end
  line("hypercall to Lua", "hypercall", "<= 200", "pcall " .. lua.pcall)
  line("MMIO read by Lua", "mmio_read", "<= 150")
  line("MMIO write by Lua", "mmio_write", "<= 150")
  line("handler that yields", "yield", "", "coroutine " .. lua.yield)
  line("exit to the script", "exit", "", "table " .. lua.table)
  line("cpu:step", "step", "")
  line("cpu.x0 read", "get", "", "C function " .. lua.c)
  line("cpu.x0 written", "set", "")
  line("vm:read_u32", "read", "")
  line("vm:write_u32", "write", "")
end

local function starts()
  local words = { build.spawn, 50, build.program,
    build.root .. "/examples/01_hello.lua", "--", build.native, 0 }
  local f = figures(table.unpack(words))
  if f[2] ~= 0 then error("01_hello.lua: status " .. f[2], 0) end
  local qemu
  if build.qemu and build.elf then
    qemu = figures(build.spawn, 11, table.unpack(qemu_command {})).ns
  end
  row("process start to Hello, ms", ("%.2f"):format(f[1] / 1e6), "<= 5",
    peer("empty process", "%.2f", f[3] / 1e6),
    peer("QEMU start to off", "%.0f", qemu and qemu / 1e6))
end

-- From the start of the program to its prompt on a terminal, and to its end.
local function session()
  local steps = os.tmpname()
  local file = assert(io.open(steps, "w"))
  file:write("<\n> \0>\4\0")
  file:close()
  local f = figures(build.spawn, 30, "sh", "-c", ("TERM=xterm exec %s %s <%s")
    :format(build.quote(build.typist), build.quote(build.program), steps))
  os.remove(steps)
  row("session ready, ms", f[2] == 0 and ("%.2f"):format(f[1] / 1e6)
    or "no terminal", "<= 10")
end

local function machines()
  local unicorn = build.unicorn and figures(build.unicorn, "create").ns
  row("create, map 1 MiB, run, end, us",
    ("%.1f"):format(figures(build.host, "create").ns / 1e3), "<= 50",
    peer("Unicorn", "%.0f", unicorn and unicorn / 1e3))
  local f = figures(build.host, "many", MANY)
  row(MANY .. " live VMs, MiB", ("%.0f"):format(f.rss / 2^20), "<= 1024",
    ("%.1f KiB each"):format(f.rss / 1024 / MANY),
    ("%.1f us each"):format(f.ns / 1e3))
  row("  mappings in all, descriptors", ("%d, %d"):format(f.maps, f.files),
    "5 each, 0")
end

local function tools()
  local image
  local asm = repeated(function()
    local n, seconds
    n, seconds, image = scripts.assemble(build.here .. "/mixed.S")
    return n / seconds
  end)
  row("assembler, insn/s from text", ("%.0f"):format(asm), ">= 300000")
  for _, way in ipairs { { "build", "calls" }, { "expand", "macros" } } do
    row("  from " .. way[2], ("%.0f"):format(repeated(function()
      local n, seconds = scripts[way[1]]()
      return n / seconds
    end)), ">= 300000")
  end
  row("disassembler, words/s", ("%.0f"):format(repeated(function()
    local n, seconds = scripts.disassemble(image)
    return n / seconds
  end)), "")
  local path = os.tmpname()
  row("tracing to a file, M insn/s", ("%.1f"):format(repeated(function()
    return scripts.trace(path)
  end)), ">= 5")
  os.remove(path)
  if build.image then
    row("decoder, ns a word",
      ("%.1f"):format(figures(build.host, "decode", build.image).ns), "")
  end
end

build.all()
for _, line in ipairs(build.absent) do print("(" .. line .. ")") end
row("what", "ours", "target", "beside it")
integer()
vectors()
hypercalls()
script_calls()
starts()
session()
machines()
tools()
