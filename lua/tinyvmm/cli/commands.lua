-- SPDX-License-Identifier: MIT
--
-- What a session does with lines that begin with a dot: a few commands, and
-- instructions, which are assembled at cpu.pc and executed there. None of the
-- commands is a mnemonic. Globals vm and cpu are the session's.

local core = require "tinyvmm.core"
local show = require "tinyvmm.cli.show"

local M = {}

local HELP = [=[
Lua statements are executed, expressions shown: 6 * 7, cpu, vm, vm.ram,
vm:run(). vm (1 MiB of RAM at 0) and cpu (at 0x10000) are made when first
used; tv is the library. _ is the last value. Lines that begin with a dot:

  .add x0, x1, #4     assemble at cpu.pc, execute, show what changed;
                      several with ;
  .step [N]           execute N instructions of the guest, showing each
  .run                run until something happens
  .dis [ADDR [N]]     N instructions (10) from ADDR (cpu.pc)
  .mem ADDR [N]       N bytes (256) of memory
  .load FILE          a new vm and cpu for a guest file: .S, ELF or raw
  .quit               ends the session, as Ctrl-D does

ADDR may be a symbol or an expression. Ctrl-C interrupts the guest or clears
the line. Tab completes names, registers, mnemonics.
]=]

-- Executing -----------------------------------------------------------------

-- One instruction: its line on stdout; the exit if there was another than
-- the end of the step. The first of several is executed in spite of a
-- breakpoint; at a later one they end.
local function step(first)
  local cpu = cpu
  local before = show.snapshot(cpu)
  local text = show.instruction(cpu.vm, before.pc)
  local exit = cpu:step()
  if exit.kind == "breakpoint" then
    if not first then return exit end
    exit = cpu:step()
  end
  local changes = show.changes(before, show.snapshot(cpu))
  if changes ~= "" then
    text = ("%-40s  %s"):format(text, show.paint("yellow", changes))
  end
  io.stdout:write(text, "\n")
  if exit.kind ~= "budget" then return exit end
end

local function symbols(vm)
  local all = {}
  for _, record in ipairs(core._images(vm)) do
    for name in pairs(record.image.symbols) do
      if name:find "^[%a_.$][%w_.$]*$" then all[name] = vm:address(name) end
    end
  end
  return all
end

-- Assembles the text at pc and executes what it has become.
local function execute(text)
  local cpu, pc = cpu, cpu.pc
  local image = tv.asm(text, { name = "asm", symbols = symbols(cpu.vm) })
  local bytes = image:bytes_at(pc)
  cpu.vm:write(pc, bytes)
  for i = 1, #bytes // 4 do
    local exit = step(i == 1)
    if exit then return exit end
    if math.ult(#bytes - 1, cpu.pc - pc) then return end
  end
end

-- Commands ------------------------------------------------------------------

local commands = {}

-- A number, a symbol or any expression.
local function value(text)
  local n = math.tointeger(tonumber(text))
  if n then return n end
  local known, address = pcall(cpu.vm.address, cpu.vm, text)
  if known then return address end
  local chunk = load("return " .. text, "=argument")
  local ok, result = pcall(chunk or error)
  result = ok and math.tointeger(result)
  return result or error(address, 0)
end

-- A count from 1 on.
local function number(text, default)
  if not text then return default end
  local n = value(text)
  if n < 1 then error(("'%s' is no count from 1 on"):format(text), 0) end
  return n
end

function commands.help()
  io.stdout:write(HELP)
end

function commands.step(count)
  for i = 1, number(count, 1) do
    local exit = step(i == 1)
    if exit then return exit end
  end
end

function commands.run() return cpu.vm:run() end

function commands.dis(address, count)
  local at = address and value(address) or cpu.pc
  for i = 0, number(count, 10) - 1 do
    io.stdout:write(at + 4 * i == cpu.pc and "=> " or "   ",
      show.instruction(cpu.vm, at + 4 * i), "\n")
  end
end

function commands.mem(address, count)
  if not address then error(".mem needs an address", 0) end
  io.stdout:write(cpu.vm:hexdump(value(address), number(count, 256)))
end

function commands.load(path)
  if not path then error(".load needs a file", 0) end
  local machine = require "tinyvmm.cli.machine"
  local image, why = machine.image(path)
  if not image then error(why, 0) end
  local new, made = machine.make(image, {})
  if not new then error(made, 0) end
  local old = rawget(_G, "vm")
  if type(old) == "userdata" then old:close() end
  vm, cpu = new, made
  io.stdout:write(("%d bytes, at %s\n"):format(image.size,
    show.instruction(vm, cpu.pc)))
end

-- Ends the session, in repl.lua, if nothing stands behind it.
function commands.quit() end

M.names = {}
for name in pairs(commands) do M.names[name] = true end

-- The most words that may follow.
local WORDS = { step = 1, dis = 2, mem = 2, load = 1 }

local function is_mnemonic(word)
  for _, name in ipairs(require "tinyvmm.a64.isa".mnemonics()) do
    if name == word then return true end
  end
  return word:find "^b%.%l%l$" ~= nil
end

-- A line that begins with a dot. Returns what is to be shown.
function M.run(text)
  local rest = text:match "^%s*%.%s*(.-)%s*$"
  local word, arguments = rest:match "^([%w.]+)%s*(.*)$"
  word = word:lower()
  if commands[word] then
    local words = {}
    for argument in arguments:gmatch "%S+" do words[#words + 1] = argument end
    if word == "load" and arguments ~= "" then words = { arguments } end
    local most = WORDS[word] or 0
    if #words > most then
      error((".%s takes %s"):format(word, most == 0 and "nothing"
        or most == 1 and "one word" or "two words"), 0)
    end
    local result = commands[word](table.unpack(words))
    if result == nil then return end
    return result
  elseif word == "inst" or word == "word" then
    return execute("." .. rest)
  elseif is_mnemonic(word) then
    return execute(rest)
  end
  local names = {}
  for name in pairs(M.names) do names[name] = true end
  for _, name in ipairs(require "tinyvmm.a64.isa".mnemonics()) do
    names[name] = true
  end
  local near = core._nearest(word, names)
  error((".%s is no instruction and no command%s"):format(word,
    near and "; did you mean '." .. near .. "'?" or "; see .help"), 0)
end

return M
