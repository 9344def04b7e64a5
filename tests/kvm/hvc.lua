-- SPDX-License-Identifier: MIT
--
-- What stands for hvc where a kernel answers it itself (_hvc.lua): guests and
-- scripts see the same by it. Each program runs by hvc first, all on soft.

local test = require "tap"
require "backend".only_file("soft", "both ways must be there")
local guest = require "guest._guest"
local hvc = require "kvm._hvc"

local programs = {
  ["calls that the core and a script serve"] = [[
        mov     x0, #2
        adr     x1, text
        hvc     #0
        mov     x0, #7
        mov     x1, #40
        hvc     #0
        mov     x1, x0
        mov     x0, #0
        hvc     #0
text:   .asciz  "hello"
  ]],
  ["calls that nobody serves, and an immediate"] =
    "mov x0, #99; hvc #0; hvc #0x1f; nop; hvc #0; brk #1",
  ["PSCI"] = "hvc #0; mov x9, x0; movz x0, #0x8400, lsl #16; \z
    movk x0, #8; hvc #0",
  ["exceptions, at EL0 by hvc"] = "adr x9, 1f; msr elr_el1, x9; \z
    msr spsr_el1, xzr; eret; 1: hvc #5; svc #6; svc #7",
}

-- An exit, in a line. What a budget exit stands at may be either word.
local function line(exit)
  local parts = { exit.kind, exit.kind ~= "budget" and exit.insn or "",
    exit.kind == "hvc" and exit.why or "" }
  for _, name in ipairs { "reason", "status", "imm", "nr", "pc", "icount" } do
    parts[#parts + 1] = name .. "=" .. tostring(exit[name])
  end
  for _, value in ipairs(exit.args or {}) do parts[#parts + 1] = value end
  return table.concat(parts, " ")
end

-- Every exit of the program, and what the guest was then. `move` drives the
-- vCPU once.
local function outcome(text, move)
  local m <close> = guest.machine(text, { vm = { output = "capture" },
    cpu = { x0 = 0x84000000, x16 = 16 } })
  local list = {}
  m.vm:hypercall(7, function(cpu, a)
    list[#list + 1] = cpu.pc .. " " .. cpu.sctlr_el1
    return a + 2
  end)
  for n = 1, 40 do
    local exit = move(m, n)
    list[#list + 1] = line(exit)
    list[#list + 1] = guest.registers(m.cpu):gsub("%z", "")
    list[#list + 1] = m.vm:take_output() .. m.vm.time
    if exit.kind == "shutdown" then break end
  end
  return list
end

local ways = {
  run = function(m) return m.cpu:run(100) end,
  ["run of the VM"] = function(m) return m.vm:run { budget = 100 } end,
  step = function(m, n) return m.cpu:step(n % 3) end
}

local by_hvc = {}
for name, text in pairs(programs) do
  by_hvc[name] = {}
  for way, move in pairs(ways) do by_hvc[name][way] = outcome(text, move) end
end
hvc.start()

for name, text in pairs(programs) do
  test("the same without hvc: " .. name, function(t)
    for way, move in pairs(ways) do
      local now = outcome(text, move)
      for i, was in ipairs(by_hvc[name][way]) do t.eq(now[i], was, way) end
    end
  end)
end
