-- SPDX-License-Identifier: MIT
--
-- The SDK's exception vectors and crash dump: nothing of the interrupted
-- state is lost, what handlers change holds, and a dump tells the truth.

local test = require "tap"
local tv = require "tinyvmm"
local backend = require "backend"
local sdk = require "guest._sdk"

local build <close> = sdk.new()

-- A VM with the ELF file loaded; the caller closes it.
local function machine(path)
  local image = assert(tv.load(path))
  local vm = assert(tv.vm { output = "capture" })
  vm:load(image)
  return vm, image
end

local function each(sentence, source, fn)
  sdk.each(test, sentence, function(t, compiler)
    fn(t, build:guest(t, compiler, source))
  end)
end

-- Interrupts ----------------------------------------------------------------

local INTERRUPTED = [[
#include "tinyvmm.h"
tv_frame *tv_irq(tv_frame *f) {
  tv_call(3, f->x[7], f->sp, f->elr, f->spsr, f->vector);
  return f;
}
void spin(void);
__asm__(".text\n.global spin\nspin: b spin");
int main(void) { spin(); return 0; }
]]

local function snapshot(cpu)
  local parts = {}
  for i = 0, 30 do parts[#parts + 1] = ("%x"):format(cpu["x" .. i]) end
  for _, name in ipairs { "sp", "pc", "pstate", "sp_el0" } do
    parts[#parts + 1] = ("%s=%x"):format(name, cpu[name])
  end
  return table.concat(parts, " ")
end

each("an interrupt changes no register", INTERRUPTED, function(t, path)
  local vm <close>, image = machine(path)
  local cpu <close> = assert(vm:vcpu {})
  for _ = 1, 1000 do
    if cpu.pc == image.symbols.spin then break end
    vm:run { timeout = 0.01 }
  end
  t.eq(cpu.pc, image.symbols.spin)
  local seen
  vm:hypercall(3, function(_, ...)
    seen = { ... }
    cpu:irq(false)
  end)
  for _, pstate in ipairs { 5, 4, 0, 0xf0000005 } do
    for i = 0, 30 do cpu["x" .. i] = t.random() end
    cpu.pstate = pstate
    cpu.sp = 0x8000
    if pstate & 15 ~= 5 then cpu.sp_el1 = 0x7000 end
    local before = snapshot(cpu)
    seen = nil
    cpu:irq(true)
    vm:run { budget = 300 }
    t.eq(snapshot(cpu), before, ("pstate %#x"):format(pstate))
    t.ok(seen, "no interrupt")
    local vector = ({ [5] = 5, [4] = 1, [0] = 9 })[pstate & 15]
    t.eq({ table.unpack(seen, 1, 5) },
      { cpu.x7, 0x8000, image.symbols.spin, pstate, vector })
  end
end)

each("what a handler writes into the frame holds", [[
#include "tinyvmm.h"
tv_frame *tv_sync(tv_frame *f) {
  for (int i = 0; i < 31; i++) f->x[i] += (uint64_t)i;
  f->sp -= 64;
  f->elr += 4;
  f->spsr ^= 0xf0000000;
  return f;
}
void trap(void);
__asm__(".text\n.global trap\ntrap: brk #0\nhvc #9");
int main(void) { trap(); return 0; }
]], function(t, path)
  local vm <close>, image = machine(path)
  local cpu <close> = assert(vm:vcpu {})
  local exit = vm:run { budget = 200000 }
  t.eq(exit.kind, "hvc")
  cpu.pc = image.symbols.trap
  local want = {}
  for i = 0, 30 do
    cpu["x" .. i] = t.random()
    want[i] = cpu["x" .. i] + i
  end
  cpu.sp, cpu.pstate = 0x8000, 0x600003c5
  exit = vm:run { budget = 1000 }
  t.eq(exit.imm, 9)
  for i = 0, 30 do t.eq(cpu["x" .. i], want[i], "x" .. i) end
  t.eq(cpu.sp, 0x8000 - 64)
  t.eq(cpu.pstate, 0x900003c5)
end)

-- Dumps ---------------------------------------------------------------------

-- Runs a guest that crashes; returns the dump as text.
local function dump(t, path)
  local output, status, errors = sdk.run(t, path)
  t.eq(status, 134, output .. errors)
  return output
end

local CRASHES = {
  { "a misaligned stack pointer",
    '__asm__ volatile("add sp, sp, #4\\n\\tstr x0, [sp]");',
    "crash: misaligned SP %(ESR 0x9a000000%)\n    sp 0x%x+4\n",
    function(t) backend.real(t, "it checks no SP alignment") end },
  { "an undefined instruction", '__asm__ volatile(".inst 0");',
    "crash: undefined instruction %(ESR 0x02000000%)\n    at elr" },
  { "an SVC", '__asm__ volatile("svc #42");',
    "crash: SVC %(ESR 0x5600002a%)\n    immediate 0x2a\n" },
  { "a jump to an odd address",
    '__asm__ volatile("br %0" : : "r"(0x10002L));',
    "crash: misaligned PC %(ESR 0x8a000000%)\n    jump to 0x10002\n" },
  { "an exclusive", '__asm__ volatile("ldxr x0, [%0]" : : "r"(0x20000L));',
    "unsupported exclusive or atomic access: read from 0x20000\n",
    backend.device },
  { "an interrupt that was not asked for",
    "tv_timer_start(1); tv_irq_enable(); tv_wait();",
    "crash: unexpected IRQ\n    at elr" }
}

for _, crash in ipairs(CRASHES) do
  local what, code, pattern, check = table.unpack(crash)
  each("the dump of " .. what .. " names it",
    ('#include "tinyvmm.h"\nint main(void) { %s return 0; }\n'):format(code),
    function(t, path)
      if check then check(t) end
      local text = dump(t, path)
      t.ok(text:find(pattern), text)
    end)
end

-- Names of the functions at the addresses in a line of the dump.
local function functions(image, line)
  local names = {}
  for address in line:gmatch "0x(%x+)" do
    names[#names + 1] = image:symbol_at(tonumber(address, 16))
  end
  return table.concat(names, " ")
end

each("the dump has the registers and the callers as they were", [[
#include "tinyvmm.h"
__attribute__((noinline)) void inner(void) {
  __asm__ volatile("mov x9, #-2\n\tmov x27, #0x77\n\tbrk #1" : : :
    "x9", "x27");
}
__attribute__((noinline)) void middle(void) {
  inner();
  __asm__ volatile("");
}
int main(void) {
  middle();
  __asm__ volatile("");
  return 0;
}
]], function(t, path)
  local text, image = dump(t, path), assert(tv.load(path))
  t.ok(text:find "x9  fffffffffffffffe ", text)
  t.ok(text:find "x27 0000000000000077 ", text)
  t.eq(functions(image, text:match "elr (0x%x+)"), "inner")
  t.eq(functions(image, text:match "return addresses: x30 ([^\n]*)"),
    "middle main _start")
end)

each("a crash in the dump ends it", [[
#include "tinyvmm.h"
int main(void) {
  __asm__ volatile("mov x29, sp\n\tsub sp, sp, #64\n\tmov x0, #-8\n\t"
                   "str x0, [x29]\n\tbrk #1");
  return 0;
}
]], function(t, path)
  t.ok(dump(t, path):find "return addresses", "no dump")
end)

local OVERFLOW = [[
#include "tinyvmm.h"
volatile unsigned depth;
__attribute__((noinline)) uint64_t down(uint64_t n) {
  if (depth > 1u << 30) return 0;
  volatile uint64_t big[64];
  big[0] = n;
  depth++;
  return down(n + 1) + big[0];
}
int main(void) { return (int)down(0); }
]]

each("a stack that overflows at address 0 is a crash that says so", OVERFLOW,
  function(t, path)
    local text = dump(t, path)
    t.ok(text:find("address size fault", 1, true), text)
    t.ok(text:find("the stack has overflowed", 1, true), text)
    t.eq(functions(assert(tv.load(path)), text:match "elr (0x%x+)"), "down")
  end)

sdk.each(test, "a stack that leaves RAM elsewhere ends the run there",
  function(t, compiler)
    local path = build:guest(t, compiler, OVERFLOW, "GUEST_BASE=0x40010000")
    local _, status, errors = sdk.run(t, path)
    t.eq(status, 126, errors)
    t.ok(errors:find "%(down%+%d+%)" and errors:find "0x3ffff%x%x%x", errors)
  end)
