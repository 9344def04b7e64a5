-- SPDX-License-Identifier: MIT
--
-- `tinyvmm run`: every option, the statuses that guests end with, and the
-- lines on stderr that say why.
local test = require "tap"
require "backend".only_file("soft", "the program more than the backend")
local tv = require "tinyvmm"
local program = require "lua._program"

local run, file, expect = program.run, program.file, program.expect
local EXIT = program.EXIT

test("run ends with EXIT's status", function(t)
  expect(t, run(t, "run " .. file(t, "mov x1, #7\n" .. EXIT, ".S")), 7)
  expect(t, run(t, "run " .. file(t, "mov x1, #0x105\n" .. EXIT, ".S")), 5)
  expect(t, run(t, "run " .. file(t, "movz w0, #0x8400, lsl #16\n"
    .. "movk w0, #8\nhvc #0\n", ".S")), 0)
end)

test("run tells limits, faults and unanswered exits apart", function(t)
  local loop = file(t, "here: b .\n", ".S")
  expect(t, run(t, "run --budget 1000 " .. loop), 124, nil,
    "^tinyvmm: the budget ended at 0x10000 %(here%)[^\n]*\n$")
  expect(t, run(t, "run " .. loop .. " --timeout 0.02"), 124, nil,
    "^tinyvmm: the timeout passed at 0x10000 %(here%)")
  expect(t, run(t, "run " .. file(t, "mov x1, #0x900000\nstr x0, [x1]\n",
    ".S")), 126, nil, "^tinyvmm: unmapped: str x0, %[x1%] at 0x10004")
  expect(t, run(t, "run " .. file(t, "mov x0, #99\nhvc #0\n", ".S")), 126,
    nil, "^tinyvmm: hvc #0x0 at 0x10004 asked for hypercall 99")
  expect(t, run(t, "run " .. file(t, "wfi\n", ".S")), 126, nil, "wfi")
end)

test("run takes raw words at --load and RAM by --ram", function(t)
  local raw = file(t, tv.asm("adr x1, .\nlsr x1, x1, #12\n" .. EXIT)
    :bytes_at(0))
  expect(t, run(t, "run " .. raw), 0x10)
  expect(t, run(t, "run --load 0x5000 " .. raw), 5)
  expect(t, run(t, "run --ram 64K@0x20000 --load 0x21000 " .. raw), 0x21)
  expect(t, run(t, "run --ram=64K@0x20000 " .. raw), 125, nil,
    "nothing is mapped at 0x10000")
  expect(t, run(t, "run --ram lots " .. raw), 125, nil,
    "%-%-ram needs SIZE%[@BASE%], not 'lots'")
  expect(t, run(t, "run --ram 5000 " .. raw), 125, nil, "multiple")
  expect(t, run(t, "run --load here " .. raw), 125, nil, "needs an address")
  expect(t, run(t, "run --budget -1 " .. raw), 125, nil, "needs a number")
  expect(t, run(t, "run --timeout soon " .. raw), 125, nil, "needs seconds")
end)

test("run --no-strict lets unaligned accesses through", function(t)
  local guest = file(t, "mov x1, #0x8001\nldr x2, [x1]\nmov x1, #3\n" .. EXIT,
    ".S")
  expect(t, run(t, "run " .. guest), 126, nil, "alignment: ldr x2, %[x1%]")
  expect(t, run(t, "run --no-strict " .. guest), 3)
end)

test("run --reg sets registers, by number or symbol", function(t)
  local guest = file(t, "nop\nadd x1, x1, x2\n" .. EXIT .. "there: mov x1, #9\n"
    .. EXIT, ".S")
  expect(t, run(t, "run --reg x1=40 --reg X2=0x2 " .. guest), 42)
  expect(t, run(t, "run --reg pc=there " .. guest), 9)
  expect(t, run(t, "run --reg x1=-1 --reg x2=0xffffffffffffffff " .. guest),
    254)
  expect(t, run(t, "run --reg d0=1.5 --regs " .. guest), 0, nil, "pc 0x10010")
  expect(t, run(t, "run --reg x77=1 " .. guest), 125, nil,
    "did you mean 'x%d+'?")
  expect(t, run(t, "run --reg pc=thre " .. guest), 125, nil,
    "'thre' is no number, and no image has a symbol 'thre'; did you mean "
      .. "'there'?")
  expect(t, run(t, "run --reg x1 " .. guest), 125, nil, "needs NAME=VALUE")
  expect(t, run(t, "run --reg x1=1.5 " .. guest), 125, nil, "'1.5' is no num")
end)

test("run --symbols names addresses", function(t)
  local raw = file(t, tv.asm("nop\nb .\n"):bytes_at(0))
  local names = file(t, "0000000000010000 T begin\n"
    .. "0000000000010004 t forever\n                 U other\n")
  expect(t, run(t, ("run --budget 9 --symbols %s %s"):format(names, raw)), 124,
    nil, "at 0x10004 %(forever%), before b forever")
  expect(t, run(t, ("run --budget 9 --reg pc=forever --symbols %s %s")
    :format(names, raw)), 124, nil, "%(forever%)")
  expect(t, run(t, ("run --symbols %s %s"):format(raw, raw)), 125, nil,
    "line 1 is not 'ADDRESS TYPE NAME'")
  expect(t, run(t, "run --symbols /nonexistent " .. raw), 125, nil, "No such")
end)

test("run --trace writes a line for each instruction", function(t)
  local guest = file(t, "mov x1, #5\nlast: " .. EXIT, ".S")
  local want = "0x10000               mov x1, #0x5               x1=0x5\n"
    .. "0x10004  last         mov x0, #0x0\n"
    .. "0x10008  last+4       hvc #0x0\n"
  local result = run(t, "run --trace " .. guest)
  expect(t, result, 5, nil, "")
  t.eq(result.err, want)
  local path = t.tmpname()
  expect(t, run(t, ("run --trace=%s %s"):format(path, guest)), 5)
  local out <close> = assert(io.open(path))
  t.eq(out:read "a", want)
  expect(t, run(t, "run --trace=/nonexistent/x " .. guest), 125, nil,
    "No such file")
  if io.open "/dev/full" then
    expect(t, run(t, "run --trace=/dev/full " .. guest), 125, nil,
      "cannot write the trace")
  end
end)

test("run --stats and --regs tell on stderr, however it ends", function(t)
  local guest = file(t, "mov x5, #5\nhvc #3\n", ".S")
  local result = run(t, "run --stats --regs " .. guest)
  expect(t, result, 126, "^$", "answer hvc #0 only")
  t.ok(result.err:find "\n x5 0x5 ", result.err)
  t.ok(result.err:find "\n => 0x10008: udf #0\n", result.err)
  t.ok(result.err:find "\ntinyvmm: 2 instructions in %d+%.%d+ s, %d",
    result.err)
  t.ok(result.err:find "exits and hypercalls: hvc 1\n$", result.err)
  t.ok(not result.err:find "\27", "no colours without a terminal")
end)

test("run names what is wrong with the guest file", function(t)
  expect(t, run(t, "run"), 125, nil, "run needs one guest file")
  expect(t, run(t, "run /nonexistent.bin"), 125, nil, "No such file")
  expect(t, run(t, "run " .. file(t, "nosuch x0\n", ".S")), 125, nil,
    "%.S:1:1: ")
  expect(t, run(t, "run " .. file(t, "\127ELFrubbish")), 125, nil,
    "the file has 11 bytes")
end)

test("run gives an ELF file its RAM", function(t)
  local code = tv.asm("mov x1, sp; lsr x1, x1, #16\n" .. EXIT)
    :bytes_at(0)
  local elf = file(t, "\127ELF\2\1\1" .. ("\0"):rep(9)
    .. string.pack("<I2I2I4i8i8i8I4I2I2I2I2I2I2", 2, 183, 1, 0x40010000, 64,
      0, 0, 64, 56, 1, 64, 0, 0)
    .. string.pack("<I4I4i8i8i8i8i8i8", 1, 5, 120, 0x40010000, 0x40010000,
      #code, 0x2000, 4096) .. code)
  local result = run(t, "run -v " .. elf)
  expect(t, result, 0x4011 & 255, nil, "mapped ram 0x40000000%-0x4011ffff")
  t.ok(result.err:find "sp 0x4011f000", result.err)
end)

test("sizes and addresses that make no sense are refused", function(t)
  local ok = file(t, EXIT, ".S")
  for _, words in ipairs { "--ram 0", "--ram -1", "--ram 1", "--ram 16E",
      "--ram 1M@", "--ram @", "--ram 1M@1", "--ram 1M@0xfffffffffffff000",
      "--load 3", "--load -4", "--load 0xfffffffffffffff0", "--budget -1",
      "--budget 1e3", "--budget 99999999999999999999", "--timeout nan",
      "--timeout -1", "--reg x0", "--reg =1", "--reg x0=", "--reg x99=1",
      "--reg x0=1.5", "--reg x0=99999999999999999999" } do
    expect(t, run(t, ("run %s %s"):format(words, ok)), 125, "^$",
      "^tinyvmm: [^\n]+\n$")
  end
  expect(t, run(t, "help zz"), 125, "^$", "no verb 'zz'; see")
end)

-- Says hello, opens "note", prints its command line, ends with 300 | 7.
local SEMIHOSTING = [=[
_start: mov     w0, #4                  // SYS_WRITE0
        adr     x1, text
        hlt     #0xf000
        mov     w0, #1                  // SYS_OPEN
        adr     x1, open
        hlt     #0xf000
        cmp     x0, #0
        b.lt    1f
        mov     w0, #4
        adr     x1, opened
        hlt     #0xf000
1:      mov     w0, #0x15               // SYS_GET_CMDLINE
        adr     x1, block
        hlt     #0xf000
        mov     w0, #4
        adr     x1, line
        hlt     #0xf000
        mov     w0, #0x18               // SYS_EXIT
        adr     x1, done
        hlt     #0xf000
text:   .asciz  "hello\n"
opened: .asciz  "opened\n"
note:   .asciz  "note"
        .balign 8
open:   .quad   note, 4, 4
block:  .quad   line, 200
done:   .quad   0x20026, 300 | 7
line:   .space  200
]=]

test("run --semihosting serves console, command line, files, SYS_EXIT",
  function(t)
    local guest, folder = file(t, SEMIHOSTING, ".S"), t.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    t.temporary[#t.temporary + 1] = folder .. "/note"
    t.temporary[#t.temporary + 1] = folder
    local alone = run(t, "run --semihosting " .. guest)
    expect(t, alone, (300 | 7) & 255)
    t.eq(alone.out, "hello\n" .. guest)
    local result = run(t, ("run --semihosting=%s %s one -- -t"):format(folder,
      guest))
    expect(t, result, (300 | 7) & 255)
    t.eq(result.out, "hello\nopened\n" .. guest .. " one -t")
    expect(t, run(t, "run --semihosting=/nonexistent " .. guest), 125, "^$",
      "^tinyvmm: /nonexistent/%.: No such file")
    expect(t, run(t, "run --semihosting=" .. guest .. " " .. guest), 125,
      "^$", "Not a directory")
    expect(t, run(t, "run " .. guest .. " one"), 125, "^$",
      "arguments need %-%-semihosting")
    expect(t, run(t, "run " .. guest), 126, "^$", "run %-%-semihosting")
  end)

test("a budget and Ctrl-C's kin end a guest of semihosting as any",
  function(t)
    local loop = file(t, "_start: mov w0, #0x31; hlt #0xf000; b _start\n",
      ".S")
    expect(t, run(t, "run --semihosting --budget 1000 " .. loop), 124, "^$",
      "^tinyvmm: the budget ended")
    local wild = file(t, "_start: mov x1, #-8; mov w0, #0x18; hlt #0xf000\n"
      .. "mov x5, x0\nhvc #1\n", ".S")
    local result = run(t, "run --semihosting --regs " .. wild)
    expect(t, result, 126, "^$", "x5 0xffffffffffffffff")
  end)

-- CPU 0 starts CPU 1, which sends it a word; ends with that, or with -PSCI's
-- answer.
local PAIR = [[
        ldr     x0, =0xc4000003         // CPU_ON
        mov     x1, #1
        adr     x2, second
        mov     x3, #40
        hvc     #0
        neg     x1, x0
        cbnz    x0, 2f
1:      ldr     x1, word
        cbz     x1, 1b
2:      mov     x0, #0
        hvc     #0
second: add     x1, x0, #2
        adr     x2, word
        str     x1, [x2]
        ldr     w0, =0x84000002         // CPU_OFF
        hvc     #0
        .balign 8
word:   .quad   0
]]

test("run --smp gives vCPUs that PSCI CPU_ON starts", function(t)
  local guest = file(t, PAIR, ".S")
  expect(t, run(t, "run " .. guest), 2)                -- INVALID_PARAMETERS
  local result = run(t, "run --smp 2 --regs --stats " .. guest)
  expect(t, result, 42, nil, "^cpu 0\n.-\n => 0x%x+[^\n]*\ncpu 1\n x0 0x84")
  t.ok(result.err:find "hvc 3\n$", result.err)
  expect(t, run(t, "run --smp 100000 " .. guest), 42)
  for _, n in ipairs { "0", "-1", "two", "" } do
    expect(t, run(t, ("run --smp=%s %s"):format(n, guest)), 125, "^$",
      "%-%-smp needs a number of vCPUs from 1 on")
  end
end)

test("run --gic v3 gives a guest its interrupt controller", function(t)
  local guest = file(t, "mrs x1, id_aa64pfr0_el1\nubfx x1, x1, #24, #4\n"
    .. EXIT, ".S")
  expect(t, run(t, "run " .. guest), 0)
  expect(t, run(t, "run --gic v3 " .. guest), 1)
  expect(t, run(t, "run --gic v2 " .. guest), 125, "^$",
    "^tinyvmm: %-%-gic needs v3, not 'v2'\n$")
  expect(t, run(t, "run --gic v3 --smp 124 " .. guest), 125, "^$",
    "redistributors for 123 vCPUs")
end)
