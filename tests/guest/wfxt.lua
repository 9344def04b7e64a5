-- SPDX-License-Identifier: MIT
--
-- WFIT and WFET (FEAT_WFxT): WFI and WFE that end when CNTVCT_EL0 reaches a
-- value. In virtual time they skip to it.

local tv = require "tinyvmm"
local test = require "tap"
require "backend".only_file("soft", "virtual time")
local guest = require "guest._guest"

local TICK = 16

test("they skip to their time when nothing else happens", function(t)
  for _, op in ipairs { "wfit", "wfet" } do
    local m <close> = guest.machine(op .. " x1; mrs x2, cntvct_el0; svc #0",
      { cpu = { x1 = 1000000 } })
    m:to_vector(t)
    t.eq(m.cpu.x2, 1000000, op)
    t.eq(m.vm.time, 1000000 * TICK + 3, op)
    t.eq(m.cpu.icount, 4, op .. ": the wait is one step")
  end
end)

test("a time that has come does not wait", function(t)
  for _, op in ipairs { "wfit", "wfet" } do
    local m <close> = guest.machine(("nop;"):rep(48) .. op .. " x1; svc #0",
      { cpu = { x1 = 3 } })
    m:to_vector(t)
    t.eq(m.vm.time, 51, op)
  end
end)

test("the wait is the same however the run is cut", function(t)
  local code = "wfit x1; mrs x2, cntvct_el0; add x1, x1, #77; wfet x1; \z
    mrs x3, cntvct_el0; 1: b 1b"
  for n = 1, 12 do
    local one <close> = guest.machine(code, { cpu = { x1 = 500 } })
    local many <close> = guest.machine(code, { cpu = { x1 = 500 } })
    one.cpu:run(n)
    for _ = 1, n do many.cpu:run(1) end
    t.eq(guest.snapshot(one.vm), guest.snapshot(many.vm))
  end
end)

test("an interrupt ends WFIT, an event WFET", function(t)
  local m <close> = guest.machine("wfit x1; mrs x2, cntvct_el0; svc #0",
    { cpu = { x1 = 1 << 50, cntv_cval_el0 = 4000, cntv_ctl_el0 = 1 } })
  m:to_vector(t)
  t.eq(m.cpu.x2, 4000)
  local vm <close> = assert(tv.vm {})
  vm:load(guest.ENTRY, tv.asm [[
a:      wfet    x1
        mrs     x2, cntvct_el0
        mov     x0, #0
        hvc     #1
b:      wfit    x1
        sev
        b       .
  ]])
  local a = assert(vm:vcpu { pc = guest.ENTRY, x1 = 1 << 50 })
  assert(vm:vcpu { pc = guest.ENTRY + 16, x1 = 900 })
  local exit = vm:run { budget = 100000 }
  t.eq(exit.kind, "hvc")
  t.eq(exit.cpu.index, a.index)
  t.ok(a.x2 >= 900 and a.x2 < 3000, "woken by SEV: " .. a.x2)
end)

test("a set event register is consumed and ends WFET at once", function(t)
  local m <close> = guest.machine("sevl; wfet x1; mrs x2, cntvct_el0; \z
    wfet x1; mrs x3, cntvct_el0; svc #0", { cpu = { x1 = 5000 } })
  m:to_vector(t)
  t.eq({ m.cpu.x2, m.cpu.x3 }, { 0, 5000 })
end)

test("at EL0 they trap unless nTWI, nTWE, naming their register", function(t)
  for _, c in ipairs { { "wfit x7", 2, 16 }, { "wfet x9", 3, 18 } } do
    local rt = c[1]:match "x(%d+)" // 1
    for _, open in ipairs { 0, 1 << c[3] } do
      local m <close> = guest.machine(c[1] .. "; svc #0", { cpu = {
        pstate = 0, x7 = 100, x9 = 100, sctlr_el1 = 0x30d00800 | open } })
      m:to_vector(t)
      t.eq(m.cpu.esr_el1, open ~= 0 and guest.esr(0x15)
        or guest.esr(1, 0x1e00000 | rt << 5 | 4 | c[2]), c[1])
    end
    local past <close> = guest.machine(c[1] .. "; svc #0", { cpu = {
      pstate = 0 } })
    past:to_vector(t)
    t.eq(past.cpu.esr_el1, guest.esr(0x15), "a time that has come: no trap")
  end
end)

test("a time that never comes waits as WFI does", function(t)
  local m <close> = guest.machine("wfit x1", { cpu = { x1 = -1 } })
  t.eq(m.cpu:run(10).kind, "wfi")
end)
