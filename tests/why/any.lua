-- SPDX-License-Identifier: MIT
--
-- What holds for the sentence of any exit: it is one line of text, whatever
-- the guest has done, and it says no more than can still be known.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

local VALUES = { 0, 1, 8, 0x10000, 0x10003, 0xfffff, 0x100000, 0x40000000,
  0x9000000, -1, -8, 0x6c6c6548, 0x7fffffffffffffff, math.mininteger }

-- Words that do more than fault at once: branches, loads, returns, system.
local WORDS = { 0xd65f03c0, 0xd69f03e0, 0xd63f0060, 0xd61f0060, 0x17fffffe,
  0x54ffffc1, 0xb5ffff83, 0xf9400020, 0xf8226860, 0xa9bf7bfd, 0xd503207f,
  0xd503205f, 0xd4000002, 0xd4000001, 0xd4200000, 0xd518c000, 0xd51b4220,
  0xd538d080, 0xc85f7c20, 0xd50b7423, 0x91000400, 0xf1000400, 0 }

local function guest(t)
  local words = {}
  for k = 1, 24 do
    words[k] = t.random(3) > 1 and WORDS[t.random(#WORDS)]
      or t.random() & 0xffffffff
  end
  return string.pack(("<I4"):rep(#words), table.unpack(words))
end

local function registers(t)
  local r = { pc = 0x10000 + 4 * t.random(0, 8), sp = VALUES[t.random(4)] }
  for n = 0, 30 do r["x" .. n] = VALUES[t.random(#VALUES)] end
  r.elr_el1, r.esr_el1 = VALUES[t.random(#VALUES)], t.random() & 0xffffffff
  if t.random(2) == 1 then r.vbar_el1 = VALUES[t.random(#VALUES)] end
  return r
end

test("every exit of a random guest has its sentence", function(t)
  for _ = 1, backend.rounds(400) do
    local vm <close> = assert(tv.vm { output = "capture",
      strict = t.random(2) == 1 })
    assert(vm:map { base = 0x9000000, size = 0x4000, kind = "mmio" })
    vm:load(0x10000, guest(t))
    local cpu = assert(vm:vcpu(registers(t)))
    for _ = 1, 4 do
      local exit = cpu:step(t.random(60))
      local why = exit.why
      t.ok(type(why) == "string" and #why > 20 and #why < 280, why)
      t.ok(not why:find "[%c\128-\255]", why)
      if exit.kind == "shutdown" then break end
      if cpu.pending then cpu:answer(0) else cpu:skip() end
    end
  end
end)

test("when the vCPU has gone on, only what the exit itself says is used",
function(t)
  local vm <close> = assert(tv.vm {})
  vm:load(0x10000, tv.asm "loop: add x0, x0, #1; b loop")
  local cpu <close> = assert(vm:vcpu {})
  local one = cpu:step(101)
  local two = cpu:step(101)
  t.eq(one.why, "the budget ended at 0x10004 (loop+4), before b loop"
    .. (backend.exact and ", after 101 instructions" or "")
    .. "; run again to go on")
  t.ok(two.why:find("goes round from 0x10000", 1, true), two.why)
  t.eq(cpu.icount, backend.steps(202))
end)

test("a fault keeps its registers when the script changes them", function(t)
  local vm <close> = assert(tv.vm {})
  vm:load(0x10000, tv.asm "mov x1, #0x900000; str x0, [x1]")
  local cpu <close> = assert(vm:vcpu {})
  local exit = vm:run()
  cpu.x1, cpu.pc = 0, 0x20000
  t.ok(exit.why:find("x1 = 0x900000", 1, true), exit.why)
end)

test("a vm without a vCPU has its sentences too", function(t)
  local vm <close> = assert(tv.vm {})
  t.eq(vm:run().why, "there is nothing to run: make a vCPU with vm:vcpu{}")
  t.eq(vm:run(0).why, "the budget ended, but the vm has no vCPU; make one "
    .. "with vm:vcpu{}")
  vm:stop()
  t.eq(vm:run().why, "vm:stop ended the run, but the vm has no vCPU; make one "
    .. "with vm:vcpu{}")
end)

test("a closed vm leaves enough for a sentence", function(t)
  for _, text in ipairs { "b .", "ldr x0, [x1]", "svc #0", "wfi", "brk #1",
      "mov x30, #0x900000; ret", "hvc #0", "udf #0", "mrs x0, pmccntr_el0" } do
    local vm = assert(tv.vm { ram = { 0x40000000, "64K" } })
    vm:load(0x40000000, tv.asm("main: " .. text))
    assert(vm:vcpu {})
    local exit = vm:run(100)
    vm:close()
    t.ok(#exit.why > 20 and not exit.why:find "\n", exit.why)
  end
end)
