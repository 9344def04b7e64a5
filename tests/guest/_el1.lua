-- SPDX-License-Identifier: MIT
--
-- Many small cases at EL1 and EL0 in one run of one guest, so that soft, KVM
-- and qemu can be asked the same thousands of questions.
--
-- A case is a few words of code, with the PSTATE and the control registers
-- that it starts from. A driver in the guest goes through a table of them: it
-- sets the registers, enters the code by ERET, and the vectors keep what came
-- of it. Code that comes to its end executes SVC #0xffff. In the table and in
-- the results, all are doublewords; the order of fields is `INPUT`, `OUTPUT`.
--
-- A case's code may use x0 (DATA) to x8; x1 and x2 are given; x6 to x8 are not
-- looked at. It may leave anything but VBAR_EL1 and x20 to x29 changed: what
-- `INPUT` names is set for the next one, SP_EL0 and SP_EL1 as well.

local tv = require "tinyvmm"
local oracle = require "guest._qemu"

local M = {}

local BASE = oracle.BASE
local DRIVER, DATA, CODE = BASE + 0x800, BASE + 0x2000, BASE + 0x10000
local STACK0, STACK1 = BASE + 0x8000, BASE + 0x9000
local RAM = 16 << 20
M.BASE, M.DATA, M.STACK0, M.STACK1 = BASE, DATA, STACK0, STACK1
M.END = 0xd41fffe1                       -- svc #0xffff

local INPUT = { "code", "spsr", "sctlr", "cpacr", "cntkctl", "mdscr", "x1",
  "x2" }
-- pstate: as the exception has left it.
local OUTPUT = { "vector", "esr", "elr", "spsr", "far", "pstate", "x1", "x2",
  "x3", "x4", "x5", "sp_el0" }
M.OUTPUT = OUTPUT

M.EL0T, M.EL1T, M.EL1H = 0x3c0, 0x3c4, 0x3c5
M.SCTLR = 0x30d00800
local default = { spsr = M.EL1H, sctlr = M.SCTLR, cpacr = 3 << 20,
  cntkctl = 0, mdscr = 0, x1 = 0, x2 = 0 }

-- x29 table, x28 results, x27 cases left, x26: the second exception, which
-- tells PSTATE. x25, x24: the stacks; x23 DATA.
local DRIVER_TEXT = [[
start:  ldr     x0, =VECTORS
        msr     vbar_el1, x0
        ldr     x29, =TABLE
        ldr     x28, =RESULTS
        ldr     x27, =CASES
        ldr     x25, =STACK0
        ldr     x24, =STACK1
        ldr     x23, =DATA
        mov     x26, #0
next:   cbz     x27, end
        sub     x27, x27, #1
        ldp     x10, x11, [x29], #16
        ldp     x12, x13, [x29], #16
        ldp     x14, x15, [x29], #16
        ldp     x1, x2, [x29], #16
        mrs     x16, cpacr_el1
        cmp     x16, x13
        b.eq    1f
        msr     cpacr_el1, x13
1:      mrs     x16, cntkctl_el1
        cmp     x16, x14
        b.eq    1f
        msr     cntkctl_el1, x14
1:      mrs     x16, mdscr_el1
        cmp     x16, x15
        b.eq    1f
        msr     mdscr_el1, x15
1:      mrs     x16, sctlr_el1
        cmp     x16, x12
        b.eq    1f
        msr     sctlr_el1, x12
1:      msr     sp_el0, x25
        mov     sp, x24
        msr     spsr_el1, x11
        msr     elr_el1, x10
        msr     esr_el1, xzr
        msr     far_el1, xzr
        mov     x0, x23
        mov     x3, #0
        mov     x4, #0
        mov     x5, #0
        isb
        eret
handler:
        cbnz    x26, second
        mrs     x10, esr_el1
        mrs     x11, elr_el1
        mrs     x12, spsr_el1
        mrs     x13, far_el1
        mov     x26, #1
        svc     #0
second: mov     x26, #0
        mrs     x14, spsr_el1
        mrs     x15, tcr_el1
        cbz     x15, 1f
        msr     tcr_el1, xzr
1:      mrs     x15, sctlr_el1
        ldr     x16, =SCTLR
        cmp     x15, x16
        b.eq    1f
        msr     sctlr_el1, x16
        isb
1:
        mrs     x15, sp_el0
        stp     x9, x10, [x28], #16
        stp     x11, x12, [x28], #16
        stp     x13, x14, [x28], #16
        stp     x1, x2, [x28], #16
        stp     x3, x4, [x28], #16
        stp     x5, x15, [x28], #16
        b       next
end:
]]

-- The vectors, then the driver.
local function frame_text()
  local lines = {}
  for n = 0, 15 do
    lines[#lines + 1] = ("cbnz x26, second; mov x9, #%#x; b handler; \z
      .balign 0x80"):format(n * 0x80)
  end
  return table.concat(lines, "\n") .. "\n" .. DRIVER_TEXT
end

-- How the driver ends: on ours by the hypercall EXIT; on qemu semihosting
-- writes the results into a file and ends the program.
local EXIT_TEXT = "mov x0, #0; mov x1, #0; hvc #0"
local SEMIHOSTING_TEXT = [[
        mov     x0, #1                  // SYS_OPEN
        adr     x1, open
        hlt     #0xf000
        adr     x1, write
        str     x0, [x1]
        mov     x0, #5                  // SYS_WRITE
        hlt     #0xf000
        adr     x1, leave
        mov     x0, #0x18               // SYS_EXIT
        hlt     #0xf000
        b       .
        .balign 8
open:   .quad   path, 5, PATH_LENGTH
write:  .quad   0, RESULTS, RESULTS_SIZE
leave:  .quad   0x20026, 0
path:   .asciz  "PATH"
]]

local function fill(text, values)
  return (text:gsub("%f[%w_][%u][%u%d_]+%f[^%w_]", function(name)
    local value = values[name]
    return math.type(value) == "integer" and ("%#x"):format(value) or value
  end))
end

-- The bytes of a case's code; `texts` remembers those of assembly.
local function code_of(case, texts)
  local code = case.code
  if type(code) == "table" then
    return string.pack(("<I4"):rep(#code), table.unpack(code))
  end
  texts[code] = texts[code] or tv.asm(code):bytes_at(0)
  return texts[code]
end

-- Everything of a run but the driver: the table, the code, where all is.
local function lay_out(cases)
  local code, rows, texts, at = {}, {}, {}, CODE
  for i, case in ipairs(cases) do
    local words = code_of(case, texts) .. string.pack("<I4", M.END)
    local fields = {}
    for k, name in ipairs(INPUT) do
      fields[k] = case[name] or default[name]
    end
    fields[1] = at
    case.at = at
    code[i], rows[i] = words, string.pack("<i8i8i8i8i8i8i8i8",
      table.unpack(fields))
    at = at + #words
  end
  local tab = at + 15 & ~15
  local results = tab + #INPUT * 8 * #cases
  local size = #OUTPUT * 8 * #cases
  assert(results + size <= BASE + RAM, "too many cases for one run")
  return { bytes = table.concat(code) .. ("\0"):rep(tab - at)
    .. table.concat(rows), values = { TABLE = tab, RESULTS = results,
    RESULTS_SIZE = size, CASES = #cases, STACK0 = STACK0, STACK1 = STACK1,
    DATA = DATA, SCTLR = M.SCTLR, VECTORS = BASE } }
end

local function read_results(cases, bytes)
  local list, at = {}, 1
  local format = "<" .. ("i8"):rep(#OUTPUT)
  for i = 1, #cases do
    local r, fields = {}, table.pack(format:unpack(bytes, at))
    for k, name in ipairs(OUTPUT) do r[name] = fields[k] end
    at, list[i] = fields[#OUTPUT + 1], r
    r.done = r.esr == 0x15 << 26 | 1 << 25 | 0xffff
    r.elr = r.elr - cases[i].at             -- where in the code
    if r.done then r.elr = r.elr - 4 end
  end
  return list
end

-- The bytes from BASE to CODE.
local function frame(plan, ending)
  local image = tv.asm(fill(frame_text() .. ending, plan.values))
  local bytes = image:bytes_at(BASE)
  assert(image.symbols.start == DRIVER - BASE and #bytes <= DATA - BASE)
  return bytes .. ("\0"):rep(CODE - BASE - #bytes)
end

-- What came of the cases on a backend of ours; `model` is soft's.
function M.here(cases, backend, model)
  local plan = lay_out(cases)
  local vm <close> = assert(tv.vm { backend = backend, cpu = model,
    ram = { BASE, RAM }, strict = backend ~= "soft" or false })
  vm:write(BASE, frame(plan, EXIT_TEXT) .. plan.bytes)
  local cpu <close> = assert(vm:vcpu { pc = DRIVER, sp = STACK1 })
  local exit = vm:run { timeout = 300 }
  if exit.kind ~= "shutdown" then
    error(("%s: %s %s at %#x, %d cases left"):format(backend, exit.kind,
      exit.reason, exit.pc, cpu.x27))
  end
  return read_results(cases, vm:read(plan.values.RESULTS,
    plan.values.RESULTS_SIZE))
end

-- The same on qemu-system-aarch64, without EL2 and EL3.
function M.qemu(t, cases, cpu)
  local plan, path, image = lay_out(cases), t.tmpname(), t.tmpname()
  plan.values.PATH, plan.values.PATH_LENGTH = path, #path
  local f <close> = assert(io.open(image, "wb"))
  f:write(frame(plan, SEMIHOSTING_TEXT), plan.bytes)
  f:flush()
  local said = io.popen(("timeout -k 5 300 qemu-system-aarch64 -M virt \z
    -nic none -cpu %s,pmu=off -m 64 -display none -monitor none -serial none \z
    -semihosting-config enable=on,target=native \z
    -device loader,file=%s,addr=%#x,force-raw=on \z
    -device loader,addr=%#x,cpu-num=0 2>&1 </dev/null"):format(cpu, image,
    BASE, DRIVER)):read "a"
  local out <close> = io.open(path, "rb")
  local bytes = out and out:read "a" or ""
  if #bytes ~= plan.values.RESULTS_SIZE then
    error("qemu gave no results: " .. said)
  end
  return read_results(cases, bytes)
end

return M
