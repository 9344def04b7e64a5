-- SPDX-License-Identifier: MIT
--
-- One guest, one final state: programs that run on soft and on every other
-- backend of this machine, to the same registers, memory, output, device
-- accesses and exit. What differs by nature is in `never`, and in `without`
-- of the program.
--
-- A guest's vectors write which vector, ESR, ELR, FAR and SPSR into a log in
-- RAM and go on behind the instruction (behind a lost fetch: at x28), so what
-- was taken, in which order, is part of the state.

local test = require "tap"
local tv = require "tinyvmm"
local hvc = require "kvm._hvc"

local old_kvm = hvc.kept "kvm"           -- before Linux 6.4
if old_kvm then hvc.start() end

local ENTRY, DEV, HOLE = 0x10000, 0x9000000, 0xa000000

-- Identification, and whatever time moves.
local never = { "the CPU's features", "counters", "timer compare values" }

local registers = { "sp", "pc", "pstate", "sp_el0", "sp_el1", "elr_el1",
  "spsr_el1", "esr_el1", "far_el1", "vbar_el1", "tpidr_el0", "tpidr_el1",
  "contextidr_el1", "fpcr", "fpsr", "cntv_ctl_el0", "cntkctl_el1",
  "nzcv", "daif", "spsel", "currentel", "mpidr_el1",
  not old_kvm and "cntp_ctl_el0" or nil }
for n = 0, 30 do registers[#registers + 1] = "x" .. n end

-- Macros for the programs, and the vectors at 0x8000.
local prelude = [[
        .macro done
        hvc     #0x7f
        .endm
        .macro drop                     // to EL0, there at the next word
        msr     spsr_el1, xzr
        adr     x9, 1f
        msr     elr_el1, x9
        eret
1:
        .endm
]]

local vectors = [[
        .rept 16
        stp     x29, x30, [sp, #-16]!
        bl      handler
        .balign 0x80
        .endr
handler:
        stp     x26, x27, [sp, #-16]!
        mrs     x29, tpidr_el1
        mrs     x26, esr_el1
        mrs     x27, elr_el1
        stp     x30, x27, [x29], #16
        tst     x30, #0x180
        b.ne    interrupt
        mrs     x30, far_el1
        stp     x26, x30, [x29], #16
        mrs     x30, spsr_el1
        str     x30, [x29], #8
        lsr     x26, x26, #26
        cmp     x26, #0x15              // svc: behind it already
        b.eq    out
        sub     x30, x26, #0x20         // a fetch, 0x20 to 0x22: to x28
        cmp     x30, #2
        csel    x27, x28, x27, ls
        b.ls    set
        add     x27, x27, #4
set:    msr     elr_el1, x27
        b       out
interrupt:
        mov     x30, #0x50000           // how often it stays unheard
        ldr     x26, [x30]
        sub     x26, x26, #1
        str     x26, [x30]
        tbz     x26, #63, out
        msr     cntv_ctl_el0, xzr
out:    msr     tpidr_el1, x29
        ldp     x26, x27, [sp], #16
        ldp     x29, x30, [sp], #16
        eret
]]

-- text; vectors = false; without = registers that differ; raw = run_mmio.
local programs = {
  { "arithmetic and flags", [[
        mov     x0, #-1
        adds    x1, x0, #1
        adc     x2, x0, x0
        subs    w3, w0, w1, lsl #3
        ccmp    x1, x2, #5, ne
        csel    x4, x1, x2, vs
        umulh   x5, x0, x0
        sdiv    x6, x0, x3
        rbit    x7, x5
        crc32x  w8, w0, x5
        done ]] },
  { "memory, pairs and writeback", [[
        mov     x0, #0x20000
        mov     x1, #0x1234
        movk    x1, #0xfedc, lsl #48
        stp     x1, x0, [x0], #16
        str     w1, [x0, #4]!
        ldrsw   x2, [x0, #-4]!
        ldp     w3, w4, [x0, #-16]
        strb    w1, [x0, x3, lsl #0]
        done ]] },
  { "vectors and FP state", [[
        mov     x0, #0x20000
        movi    v0.16b, #0x5a
        fmov    d1, x0
        str     q0, [x0]
        ldr     d2, [x0, #8]
        mov     x1, #0x1000000
        msr     fpcr, x1
        mov     x1, #1
        msr     fpsr, x1
        mov     v3.16b, v0.16b
        done ]] },
  { "system registers of EL1", [[
        mov     x0, #0x55
        msr     tpidr_el0, x0
        msr     tpidrro_el0, x0
        msr     contextidr_el1, x0
        msr     cntkctl_el1, x0
        mrs     x1, mpidr_el1
        mrs     x2, currentel
        msr     daifclr, #8
        mrs     x3, daif
        msr     spsel, #0
        mov     sp, #0x30000
        mrs     x4, spsel
        done ]] },
  { "supervisor calls from both levels", [[
        svc     #1
        msr     sp_el0, x20
        drop
        svc     #0xffff
        mov     x1, #7
        svc     #2
        hvc     #1
        svc     #3
        mov     x2, #9
        .inst   0xd4200020              // brk #1
        mrs     x3, sctlr_el1
        b       . + 4
        movz    x28, #0x0, lsl #16
        br      x28 ]], stop = "fault" },
  { "undefined instructions, breakpoints, alignment", [[
        udf     #0
        brk     #77
        mov     x0, #0x20000
        ldr     x1, [x0, #1]
        str     w1, [x0, #2]
        mov     x2, #1
        add     x3, x0, #4
        ldp     x4, x5, [x3, #8]
        .inst   0x63ffffff
        done ]] },
  { "fetches from nowhere", [[
        adr     x28, here
        mov     x0, #2
        br      x0
here:   adr     x28, there
        mov     x0, #0x1000000000000
        br      x0
there:  done ]], without = { "far_el1" } },
  { "FP traps", [[
        mrs     x0, cpacr_el1
        msr     cpacr_el1, xzr
        isb
        fmov    d0, x0
        msr     cpacr_el1, x0
        isb
        fmov    d1, x0
        done ]] },
  { "a device: every size, sign and pair", [[
        mov     x0, #0x9000000
        ldrb    w1, [x0, #3]
        ldrsb   w2, [x0, #4]
        ldrsh   x3, [x0, #6]
        ldrsw   x4, [x0, #8]
        ldr     xzr, [x0]
        strh    w3, [x0, #2]
        str     xzr, [x0, #8]
        stp     x1, x4, [x0, #16]!
        ldp     w5, w6, [x0], #8
        ldpsw   x7, x8, [x0]
        ldr     q0, [x0, #8]
        str     q0, [x0], #-16
        ldp     d1, d2, [x0]
        ldar    w9, [x0]
        stlr    w9, [x0]
        mov     x10, #2
        ldr     x11, [x0, x10, lsl #3]
        ldr     x12, [x0, w10, uxtw]
        done ]] },
  { "a device under a guest's stack", [[
        mov     x0, #0x9000000
        mov     x1, sp
        add     x0, x0, #0x100
        mov     sp, x0
        stp     x0, x1, [sp, #-16]!
        ldr     x2, [sp], #16
        mov     sp, x1
        done ]] },
  { "a store to nowhere", "mov x0, #0xa000000; str x0, [x0]",
    stop = "fault" },
  { "a pair into nowhere", "mov x0, #0xa000000; stp x0, x0, [x0, #-16]!",
    stop = "fault" },
  { "a fetch from nowhere in memory", "mov x0, #0xa000000; br x0",
    stop = "fault", except = "kvm" },
  { "a store to ROM", "mov x0, #0x400000; str x0, [x0]", stop = "fault" },
  { "a load from ROM", "mov x0, #0x400000; ldr x1, [x0]; done" },
  { "an atomic on a device", "mov x0, #0x9000000; ldxr x1, [x0]; done" },
  { "supervisor call without vectors", "mov x1, #5; svc #9",
    stop = "fault", vectors = false },
  { "breakpoint without vectors", "mov x1, #5; brk #9",
    stop = "brk", vectors = false },
  { "undefined without vectors", "nop; udf #0", stop = "fault",
    vectors = false },
  { "alignment without vectors", "mov x0, #0x20000; str x0, [x0, #1]",
    stop = "fault", vectors = false },
  { "at EL0 without vectors", "drop; mov x1, #1; svc #2", stop = "fault",
    vectors = false },
  { "hypercalls and output", [[
        mov     x0, #1
        mov     x1, #72
        hvc     #0
        adr     x1, text
        mov     x0, #2
        hvc     #0
        mov     x0, #7
        mov     x1, #40
        mov     x2, #2
        hvc     #0
        mov     x3, x0
        mov     w0, #0x84000000         // PSCI_VERSION
        hvc     #0
        mov     x1, #3
        mov     x0, #0
        hvc     #0
text:   .asciz "i!" ]], stop = "shutdown" },
  { "an unknown hypercall", "mov x0, #99; hvc #0", stop = "hvc" },
  { "smc", "mov x0, #99; smc #0", stop = "smc" },
  { "registers that nobody wants to know", [=[
        mrs     xzr, cntp_ctl_el0
        mrs     xzr, oslsr_el1
        mrs     xzr, isr_el1
        add     x2, sp, #0
        done ]=] },
  { "registers that zero is written to", [=[
        mov     x1, #-1
        msr     cntp_cval_el0, x1
        mrs     x2, cntp_cval_el0
        msr     cntp_cval_el0, xzr
        mrs     x3, cntp_cval_el0
        msr     oslar_el1, x1
        mrs     x4, oslsr_el1
        msr     oslar_el1, xzr
        mrs     x5, oslsr_el1
        add     x6, sp, #0
        done ]=] },
  { "a timer that has fired", [[
        mov     x1, #1
        msr     cntv_cval_el0, xzr
        msr     cntv_ctl_el0, x1
        mov     x0, #1
        msr     daifclr, #2
        mov     x0, #2
        mov     x0, #3
        done ]] },
  { "a timer that is heard at the third time", [[
        mov     x1, #1
        msr     cntv_cval_el0, xzr
        msr     cntv_ctl_el0, x1
        msr     daifclr, #2
        mov     x0, #2
        mov     x0, #3
        done ]], unheard = 2 },
  { "a handler that passes where it was called from", [=[
        adr     x0, table
        msr     vbar_el1, x0
        mov     x1, #1
        mov     x2, #0
        mov     x3, #0
        msr     cntv_cval_el0, xzr
        msr     cntv_ctl_el0, x1
        msr     daifclr, #2
both:   add     x2, x2, #1
        cbnz    x3, out
        done
        .balign 0x800
table:  .space  0x280
        mov     x3, #1
        b       both
out:    mov     x3, #0
        msr     cntv_ctl_el0, xzr
        eret ]=] },
  { "a timer that ends a loop which never leaves", [=[
        adr     x0, table
        msr     vbar_el1, x0
        mrs     x2, cntfrq_el0
        lsr     x2, x2, #10
        mov     x1, #1
        mov     x3, #0
        msr     cntv_tval_el0, x2
        msr     cntv_ctl_el0, x1
        msr     daifclr, #2
1:      cbz     x3, 1b
        mov     x2, #0
        done
        .balign 0x800
table:  .space  0x280
        mov     x3, #1
        msr     cntv_ctl_el0, xzr
        eret ]=] },
  { "a timer that ends a wait", [[
        mrs     x2, cntfrq_el0
        lsr     x2, x2, #10             // about a millisecond
        mov     x1, #1
        msr     cntv_tval_el0, x2
        msr     cntv_ctl_el0, x1
wait:   wfi                             // masked: none comes before it
        msr     daifclr, #2
        isb
        msr     daifset, #2
        mrs     x3, cntv_ctl_el0
        cbnz    x3, wait
        mov     x2, #0
        done ]], log = "elr", without = { "elr_el1" } },
  { "a timer that interrupts work three times", [[
        mov     x5, #3
1:      mrs     x2, cntfrq_el0
        lsr     x2, x2, #12
        mov     x1, #1
        msr     cntv_tval_el0, x2
        msr     cntv_ctl_el0, x1
        msr     daifclr, #2
2:      mrs     x3, cntv_ctl_el0
        cbnz    x3, 2b
        subs    x5, x5, #1
        b.ne    1b
        mov     x2, #0
        done ]], log = "elr", without = { "elr_el1", "spsr_el1" } },
  { "a timer that is polled with interrupts masked", [[
        mov     x1, #1
        msr     cntv_cval_el0, xzr
        msr     cntv_ctl_el0, x1
1:      mrs     x2, cntv_ctl_el0
        tbz     x2, #2, 1b
        msr     cntv_ctl_el0, xzr
        msr     daifclr, #2
        mov     x0, #1
        mov     x0, #2
        done ]],
    without = { "elr_el1", "spsr_el1" } },   -- hvf, kvm: entry taken back
  { "a level of time that sleeps twice", [[
        mov     x5, #2
1:      mrs     x2, cntfrq_el0
        lsr     x2, x2, #11
        mov     x1, #1
        msr     cntv_tval_el0, x2
        msr     cntv_ctl_el0, x1
        wfi
        msr     cntv_ctl_el0, xzr
        subs    x5, x5, #1
        b.ne    1b
        mov     x2, #0
        done ]] },
  { "the counter of the physical timer", [=[
        mrs     x1, cntpct_el0
        add     x1, x1, #1000
        msr     cntp_cval_el0, x1
        mov     x2, #1
        msr     cntp_ctl_el0, x2
1:      mrs     x3, cntp_ctl_el0
        tbz     x3, #2, 1b
        mrs     x2, cntpct_el0
        cmp     x1, x2
        cset    x4, ls
        mrs     x5, cntp_tval_el0
        cmp     w5, #0
        cset    x5, le
        msr     cntp_ctl_el0, xzr
        subs    x1, x1, x1
        mov     x2, #0
        done ]=] },
  { "code that writes code", [[
        adr     x0, site
        ldr     w1, new
        str     w1, [x0]
        dc      cvau, x0
        dsb     ish
        ic      ivau, x0
        dsb     ish
        isb
site:   mov     x2, #1
        done
new:    mov     x2, #2 ]] },
}

-- What the virtual timer does, the physical one does.
for n = 1, #programs do
  local p = {}
  for key, value in pairs(programs[n]) do p[key] = value end
  p[1] = p[1] .. ", the physical one"
  p[2] = p[2]:gsub("cntv_", "cntp_")
  p.physical = true
  if p[2] ~= programs[n][2] then programs[#programs + 1] = p end
end

-- Running ------------------------------------------------------------------

local function machine(p, backend)
  local vm = assert(tv.vm { backend = backend, ram = { 0, 0x100000 },
    output = "capture" })
  local log, reads = {}, 0
  assert(vm:map { kind = "rom", base = 0x400000, size = 0x10000 })
  assert(vm:map { kind = "mmio", base = DEV, size = 0x10000,
    read = function(offset, size)
      reads = reads + 1
      log[#log + 1] = ("r %#x %d"):format(offset, size)
      return 0x88778677a5f4e3d2 + reads
    end,
    write = function(offset, size, value)
      log[#log + 1] = ("w %#x %d %#x"):format(offset, size, value)
    end })
  vm:hypercall(7, function(_, a, b) return a + b end)
  vm:load(ENTRY, tv.asm(prelude .. p[2]))
  local cpu = assert(vm:vcpu { pc = ENTRY, sp = 0x70000 })
  for n = 0, 30 do cpu["x" .. n] = 0x1111 * n end
  cpu.x20, cpu.x28 = 0x60000, ENTRY
  if p.vectors ~= false then
    vm:load(0x8000, tv.asm(p.physical and (vectors:gsub("cntv_", "cntp_"))
      or vectors))
    cpu.vbar_el1, cpu.tpidr_el1 = 0x8000, 0x40000
    vm:write_u64(0x50000, p.unheard or 0)
  end
  return vm, cpu, log
end

local function without(p, name)
  for _, n in ipairs(p.without or {}) do if n == name then return true end end
  return p.vectors == false and name:find "^[esf]%a+_el1$"
    and not name:find "^sp_"
end

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- Memory that is not zero, in lines of 64 bytes.
local function dump(p, vm, lines)
  for page = 0, 0xfffff, 4096 do
    local bytes = vm:read(page, 4096)
    local logged = p.log and page == 0x40000
    for at = 1, bytes:find "[^\0]" and not logged and 4096 or 0, 64 do
      local line = bytes:sub(at, at + 63)
      if line:find "[^\0]" then
        lines[#lines + 1] = ("%#x %s"):format(page + at - 1, hex(line))
      end
    end
  end
end

-- The final state as a list of lines.
local function final(t, p, backend)
  local vm <close>, cpu, log = machine(p, backend)
  local exit = vm:run { timeout = 20 }
  t.eq({ exit.kind, exit.imm }, { p.stop or "hvc", exit.imm },
    backend .. ": " .. p[1])
  local lines = { ("exit %s %s %#x %s"):format(exit.kind, exit.reason,
    exit.pc, exit.imm) }
  for _, key in ipairs { "addr", "size", "access", "status", "nr" } do
    lines[#lines + 1] = key .. " " .. tostring(exit[key])
  end
  for _, name in ipairs(registers) do
    if not without(p, name) then
      lines[#lines + 1] = ("%s %#x"):format(name, cpu[name])
    end
  end
  for n = 0, 31 do
    lines[#lines + 1] = ("q%d %s"):format(n, hex(cpu["q" .. n]))
  end
  lines[#lines + 1] = "device " .. table.concat(log, ", ")
  lines[#lines + 1] = "output " .. vm:take_output()
  dump(p, vm, lines)
  return lines
end

local function others(t)
  local list = {}
  for _, b in ipairs(tv.backends()) do
    if b.usable and b.name ~= "soft" then list[#list + 1] = b.name end
  end
  if #list == 0 then t.skip "no other backend than soft can run here" end
  return list
end

-- Where kvm's CPU is qemu's, which knows no Device alignment, and may have no
-- BTI (make check-kvm).
local real = {
  ["supervisor calls from both levels"] = true,
  ["undefined instructions, breakpoints, alignment"] = true,
  ["fetches from nowhere"] = true,
  ["a device: every size, sign and pair"] = true,
  ["an atomic on a device"] = true,
  ["alignment without vectors"] = true,
}

-- What an old KVM answers itself, and registers of the physical timer, which
-- it does not show: it cannot be known that a WFI waits for it.
local function of_old_kvm(p)
  return p.stop == "smc" or p.physical and p[2]:find "%f[%w]wfi"
end

for _, p in ipairs(programs) do
  test("all backends agree about " .. p[1], function(t)
    if old_kvm and of_old_kvm(p) then t.not_here "KVM before Linux 6.4" end
    if os.getenv "TV_EMULATED" and real[p[1]] then
      t.not_here "qemu's CPU"
    end
    local want = final(t, p, "soft")
    for _, backend in ipairs(others(t)) do
      if p.except ~= backend then
        t.eq(final(t, p, backend), want, backend)
      end
    end
  end)
end

-- Each calls the host, waits for its timer and ends. What stands for hvc
-- stops all vCPUs at each call, which takes time.
local CALLS = old_kvm and 20 or 200
local counting = ([=[
        mrs     x9, mpidr_el1
        and     x9, x9, #0xff
        mov     x10, #%d
1:      mov     x0, #7
        mov     x1, x9
        hvc     #0
        mov     x11, #50
2:      subs    x11, x11, #1
        b.ne    2b
        subs    x10, x10, #1
        b.ne    1b
        mrs     x2, cntfrq_el0
        lsr     x2, x2, #12
        mov     x1, #1
        msr     cntv_tval_el0, x2
        msr     cntv_ctl_el0, x1
        wfi
        mov     x1, x9
        mov     x0, #0
        hvc     #0
]=]):format(CALLS)

test("four vCPUs share a VM on every backend, on threads or in turns",
     function(t)
  for _, b in ipairs(tv.backends()) do
    if b.usable then
      local vm <close> = assert(tv.vm { backend = b.name })
      local calls, ended = {}, {}
      vm:load(ENTRY, tv.asm(counting))
      vm:hypercall(7, function(_, n) calls[n] = (calls[n] or 0) + 1 end)
      for _ = 1, 4 do assert(vm:vcpu { pc = ENTRY, sp = 0x70000 }) end
      for _ = 1, 4 do
        local exit = vm:run { timeout = 60 }
        t.eq({ exit.kind, exit.reason }, { "shutdown", "exit" }, b.name)
        t.eq(exit.status, exit.cpu.index, b.name)
        ended[exit.cpu.index] = true
      end
      t.eq({ calls[0], calls[1], calls[2], calls[3] },
        { CALLS, CALLS, CALLS, CALLS }, b.name)
      t.ok(ended[0] and ended[1] and ended[2] and ended[3], b.name)
    end
  end
end)

test("what the comparison leaves out is listed", function(t)
  t.eq(#never, 3)
end)
