-- SPDX-License-Identifier: MIT
--
-- Every kind of exit and every reason of a fault: the fields, where pc
-- stands, and a `why` that names instruction, place and remedy. icount is
-- wanted where instructions are counted.
local test = require "tap"
local backend = require "backend"
local tv = require "tinyvmm"

-- Runs the text at 0 of 64 KiB and checks fields and pieces of why.
local function check(t, text, want, pieces, setup, limits)
  local vm <close> = assert(tv.vm { ram = "64K", output = "capture",
    timer = setup and setup.timer, fp = setup and setup.fp,
    strict = setup and setup.strict })
  vm:load(0, tv.asm("start:\n" .. text))
  local registers = setup and setup.registers or {}
  local cpu <close> = assert(vm:vcpu(registers))
  if setup and setup.before then setup.before(vm, cpu) end
  local exit = vm:run(limits)
  for name, value in pairs(want) do
    if name ~= "icount" or backend.exact then
      t.eq(exit[name], value, name .. ": " .. exit.why)
    end
  end
  t.eq(exit.cpu, cpu)
  t.eq(exit.icount, cpu.icount)
  for _, piece in ipairs(pieces) do
    t.ok(exit.why:find(piece, 1, true), piece .. "\n  in: " .. exit.why)
  end
  t.eq(tostring(exit), exit.why)
  t.ok(not exit.why:find "\n", "one line")
  return exit, cpu
end

local function device(vm)
  assert(vm:map { base = 0x9000000, size = 0x4000, kind = "mmio" })
end

test("hvc: the number and its arguments", function(t)
  check(t, "mov x1, #5; mov x0, #77; hvc #0",
    { kind = "hvc", nr = 77, imm = 0, pc = 8, insn = 0xd4000002 },
    { "hvc #0x0 at 0x8 (start+8)", "hypercall 77", "x1 = 0x5",
      "vm:hypercall(77," })
  check(t, "hvc #3", { kind = "hvc", imm = 3, pc = 0 },
    { "hvc #0x3 at 0 (start)", "hvc #0 only" })
end)

test("smc: at the instruction", function(t)
  local imm = backend.name == "kvm" and 0 or 2     -- others the kernel answers
  local _, cpu = check(t, "mov x1, #9; smc #" .. imm,
    { kind = "smc", imm = imm, pc = 4 },
    { ("smc #0x%x at 0x4 (start+4)"):format(imm), "cpu:skip()" })
  t.ok(cpu)
end)

test("mmio: address, size, direction", function(t)
  check(t, "movz x1, #0x900, lsl #16; mov w2, #7; strh w2, [x1, #8]",
    { kind = "mmio", addr = 0x9000008, size = 2, write = true, value = 7,
      pc = 8 },
    { "strh w2, [x1, #8] at 0x8", "2 bytes", "0x9000008", "value 0x7",
      "write function" }, { before = device })
  check(t, "movz x1, #0x900, lsl #16; ldrb w2, [x1]",
    { kind = "mmio", addr = 0x9000000, size = 1, write = false, pc = 4 },
    { "ldrb w2, [x1] at 0x4", "1 byte ", "cpu:answer" },
    { before = device })
end)

test("sysreg and undefined: events without a handler", function(t)
  local function traps(vm)
    vm:on("sysreg", true)
    vm:on("undefined", true)
  end
  backend.only(t, "soft", "others cannot hand them to the script")
  check(t, "mrs x0, s3_3_c15_c2_0",
    { kind = "sysreg", name = "s3_3_c15_c2_0", write = false, pc = 0 },
    { "mrs x0, s3_3_c15_c2_0", "reads the system register",
      "cpu:answer" }, { before = traps })
  check(t, "mov x1, #3; msr s3_3_c15_c2_0, x1",
    { kind = "sysreg", write = true, value = 3, pc = 4 },
    { "msr s3_3_c15_c2_0, x1 at 0x4", "wrote 0x3" }, { before = traps })
  check(t, "udf #7", { kind = "undefined", insn = 7, pc = 0 },
    { "udf #7 at 0 (start)", "cpu:skip()", "cpu:inject" },
    { before = traps })
end)

test("brk: at the instruction", function(t)
  check(t, "nop; brk #42", { kind = "brk", imm = 42, pc = 4 },
    { "brk #0x2a at 0x4", "VBAR_EL1", "cpu:skip()" })
end)

test("wfi: behind the instruction, with nothing to wait for", function(t)
  local _, cpu = check(t, "nop; wfi; nop", { kind = "wfi", pc = 4 },
    { "wfi at 0x4", "cpu:irq(true)" })
  t.ok(cpu)
end)

test("timer: when asked for by timer = \"exit\"", function(t)
  check(t, [[
        mov     x0, #10
        msr     cntv_tval_el0, x0
        mov     x0, #1
        msr     cntv_ctl_el0, x0
        b       .
  ]], { kind = "timer", pc = 16 }, { "virtual timer", "cntv_cval_el0" },
    { timer = "exit" })
end)

test("budget, deadline, timeout, stopped: where, and what is next",
function(t)
  check(t, "nop; b .", { kind = "budget", pc = 4, icount = 1000 },
    { "budget", "at 0x4 (start+4)", "before b start+4",
      backend.exact and "1000 instructions" or "" }, nil, 1000)
  check(t, "b .", { kind = "deadline", icount = 500 },
    { "deadline", "run again" }, nil, { deadline = 500 })
  check(t, "b .", { kind = "timeout", pc = 0 }, { "timeout", "run again" },
    nil, { timeout = 0.002 })
  check(t, "b .", { kind = "stopped", pc = 0 }, { "vm:stop" },
    { before = function(vm) vm:stop() end })
end)

test("shutdown: by EXIT, PSCI, or with nobody on", function(t)
  check(t, "mov x1, #7; mov x0, #0; hvc #0",
    { kind = "shutdown", reason = "exit", status = 7, pc = 8 },
    { "EXIT with status 7" })
  check(t, "movz w0, #0x8400, lsl #16; movk w0, #8; hvc #0",
    { kind = "shutdown", reason = "off" }, { "switched the machine off" })
  check(t, "movz w0, #0x8400, lsl #16; movk w0, #9; hvc #0",
    { kind = "shutdown", reason = "reset" }, { "reset", "vm:reset()" })
  check(t, "nop", { kind = "shutdown", reason = "halt" },
    { "no vCPU is on" }, { registers = { on = false } })
  local vm <close> = assert(tv.vm {})
  local exit = vm:run()
  t.eq({ exit.kind, exit.reason, exit.cpu }, { "shutdown", "halt", nil })
  t.ok(exit.why:find "vm:vcpu", exit.why)
end)

test("fault unmapped: store, load and jump", function(t)
  check(t, "mov x1, #0x900000; wild: str x0, [x1]",
    { kind = "fault", reason = "unmapped", addr = 0x900000, far = 0x900000,
      size = 8, access = "w", pc = 4 },
    { "unmapped: str x0, [x1] at 0x4 (wild) wrote 8 bytes to 0x900000",
      "where no memory is mapped", "the nearest is RAM 0-0xffff",
      "vm:map or fix x1 (x1 = 0x900000)" })
  check(t, "mov x1, #0x900000; ldr w0, [x1, #4]!",
    { reason = "unmapped", addr = 0x900004, size = 4, access = "r" },
    { "read 4 bytes at 0x900004", "x1 (x1 = 0x900000)" })
end)

test("fault unmapped: a jump tells where it came from", function(t)
  check(t, "mov x30, #0xa00000; ret",
    { kind = "fault", reason = "unmapped", access = "x", addr = 0xa00000,
      pc = 0xa00000, insn = 0 },
    { "a return jumped to x30 = 0xa00000", "nearest is RAM" })
  check(t, "mov x1, #0x9000000; add x1, x1, #4, lsl #12; ldr x0, [x1]",
    { reason = "unmapped" }, { "the nearest is MMIO 0x9000000-0x9003fff" },
    { before = device })
end)

test("fault read-only and protected", function(t)
  local function rom(vm)
    assert(vm:map { base = 1 << 20, size = 0x4000, kind = "rom" })
  end
  check(t, "mov x1, #0x100000; str w0, [x1]",
    { reason = "read-only", access = "w", addr = 0x100000, size = 4 },
    { "wrote 4 bytes to 0x100000", "ROM 0x100000-0x103fff", "fix x1" },
    { before = rom })
  local function data(vm)
    assert(vm:map { base = 1 << 20, size = 0x4000, prot = "r" })
  end
  check(t, "mov x1, #0x100000; strb w0, [x1]",
    { reason = "protected", access = "w" },
    { "protection \"r\" has no \"w\"", "memory:protect" },
    { before = data })
  if backend.name == "kvm" then return end      -- "execute" is not enforced
  check(t, "mov x1, #0x100000; br x1",
    { reason = "protected", access = "x", pc = 0x100000 },
    { "went to x1 = 0x100000", "has no \"x\"", "memory:protect(\"rx\")" },
    { before = data })
end)

test("exceptions before VBAR_EL1 is written are the original event",
function(t)
  check(t, "svc #3", { kind = "fault", reason = "svc", pc = 0,
    esr = 0x56000003 }, { "svc: svc #0x3 at 0", "vector table", "hvc #0" })
  check(t, "nop; udf #1", { reason = "undefined", pc = 4, insn = 1,
    esr = 0x2000000 }, { "udf #1 at 0x4", "undefined on purpose" })
  check(t, "nop; .word 0", { reason = "undefined", insn = 0 },
    { "empty memory", "end the code" })
end)

test("accesses that Device memory does not take, a misaligned pc or sp",
function(t)
  backend.device(t)
  check(t, "mov x1, #0x1001; ldr x0, [x1]",
    { reason = "alignment", far = 0x1001, size = 8, access = "r", pc = 4 },
    { "ldr x0, [x1] at 0x4", "read 8 bytes at 0x1001",
      backend.exact and "strict = false" or "MMU", "x1 (x1 = 0x1001)" })
  check(t, "mov x1, #0x1002; br x1",
    { reason = "pc-alignment", pc = 0x1002 },
    { "0x1002", "no multiple of 4" })
  check(t, "mov x1, #8; mov sp, x1; ldr x0, [sp]",
    { reason = "sp-alignment", pc = 8 },
    { "ldr x0, [sp] at 0x8", "sp = 0x8", "multiple of 16" },
    { registers = { sctlr_el1 = 0x30d00808 } })
  check(t, "mov x1, #0x1000; ldadd x2, x3, [x1]",
    { reason = "atomic", pc = 4 },
    { "ldadd x2, x3, [x1] at 0x4", "the MMU is off",
      backend.exact and "strict = false" or "turn it on" })
end)

test("FP without CPACR_EL1, before VBAR_EL1 is written", function(t)
  check(t, "fmov d0, x1", { reason = "fp-trap", pc = 0 },
    { "fmov d0, x1", "CPACR_EL1" }, { fp = false })
end)

test("an interrupt without vectors, an illegal eret, EL0's registers",
function(t)
  check(t, "msr daifclr, #2; nop", { reason = "interrupt" },
    { "interrupt", "vectors" },
    { before = function(_, cpu) cpu:irq(true) end })
  check(t, [[
        mov     x1, #0x3c9
        msr     spsr_el1, x1
        adr     x1, 1f
        msr     elr_el1, x1
        eret
1:      nop
  ]], { reason = "illegal-state" },
    { "eret to 0x14", backend.exact and "EL2" or "", "SPSR_EL1" })
  check(t, [[
        mov     x1, #0x3c0
        msr     spsr_el1, x1
        adr     x1, 1f
        msr     elr_el1, x1
        eret
1:      msr     daifset, #2
  ]], { reason = "sysreg-trap", pc = 20 }, { "at EL0", "vectors" })
end)

test("unimplemented: what this version lacks", function(t)
  backend.only(t, "soft", "others have what it lacks")
  check(t, "mov x0, #1; msr mdscr_el1, x0",
    { kind = "fault", reason = "unimplemented", pc = 4, insn = 0xd5100240 },
    { "0x4", "software step" })
end)

test("unsupported, puts: what the host cannot do for the guest", function(t)
  check(t, "movz x1, #0x900, lsl #16; ld1 {v0.16b, v1.16b}, [x1]",
    { reason = "unsupported", pc = 4, addr = 0x9000000 },
    { "ld1 {v0.16b, v1.16b}, [x1]", "devices cannot serve" },
    { before = device })
  check(t, "mov x1, #0xfff0; mov x0, #2; hvc #0",
    { reason = "puts", addr = 0x10000, pc = 8 },
    { "x1 = 0xfff0", "no NUL before 0x10000", ".asciz" },
    { before = function(vm) vm:write(0xfff0, ("x"):rep(16)) end })
end)

test("an exit is a plain fresh table", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm "mov x0, #77; hvc #0; b .-8")
  assert(vm:vcpu())
  local one, two = vm:run(), vm:run()
  t.ok(not rawequal(one, two))
  local keys = {}
  for k in pairs(one) do keys[#keys + 1] = k end
  table.sort(keys)
  if not backend.exact then table.insert(keys, 3, "icount") end
  t.eq(keys, { "args", "cpu", "icount", "imm", "insn", "kind", "nr", "pc" })
  t.eq(rawget(one, "why"), nil)
  t.eq(one.nothing, nil)
  local why = one.why
  t.eq(rawget(one, "why"), why)
end)

test("why uses the registers of the exit, not later ones", function(t)
  local vm <close> = assert(tv.vm { ram = "64K" })
  vm:load(0, tv.asm "mov x1, #0x900000; str x0, [x1]")
  local cpu <close> = assert(vm:vcpu())
  local exit = vm:run()
  cpu.x1 = 5
  assert(vm:map { base = 0x900000, size = 0x4000 })
  t.ok(exit.why:find("x1 = 0x900000", 1, true), exit.why)
  t.ok(exit.why:find("nearest is RAM 0-0xffff", 1, true), exit.why)
end)
