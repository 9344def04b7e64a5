-- SPDX-License-Identifier: MIT
-- What the assembler warns about: each case with its neighbours that are
-- right, the same as GNU as where that warns too, and nothing at all about
-- compiler output, the guest SDK and the examples.
local test = require "tap"
local tv = require "tinyvmm"
local asm = require "tinyvmm.a64.asm"
local gnu = require "a64._gnu"

local function warnings(text, name)
  return asm.assemble(text, { name = name or "g.S" }).warnings
end

-- Texts of one line each (";" between statements) that give the one warning.
local function warn(t, message, ...)
  for _, text in ipairs { ... } do
    local list = warnings(text)
    t.ok(#list == 1 and list[1]:find(message, 1, true),
      text .. ": " .. (table.concat(list, "\n")))
  end
end

local function silent(t, ...)
  for _, text in ipairs { ... } do
    t.eq(table.concat(warnings(text), "\n"), "", text)
  end
end

local UNPREDICTABLE = {
  "ldr x0, [x0], #8", "ldr w3, [x3, #-4]!", "str x0, [x0, #8]!",
  "strb w1, [x1], #1", "ldrsw x2, [x2], #4", "ldp x0, x1, [x0], #16",
  "ldp x0, x1, [x1, #16]!", "stp x0, x1, [x0, #-16]!", "ldp x0, x0, [x1]",
  "ldp w5, w5, [x1], #8", "ldp d0, d0, [x0]", "ldpsw x1, x1, [x2]",
  "ldnp x3, x3, [x4]", "ldxp x0, x0, [x1]", "ldaxp w2, w2, [x1]",
  "stxr w0, x0, [x1]", "stlxr w1, w1, [x2]", "stxr w0, x1, [x0]",
  "stxrb w4, w4, [x1]", "stxp w0, x1, x0, [x3]", "stlxp w0, x1, x2, [x0]",
  "msr currentel, x0", "mrs x0, oslar_el1",
}
local PREDICTABLE = {
  "ldr x0, [x0]", "ldr x0, [x0, x0]", "str x0, [x0, #8]", "ldr d0, [x0], #8",
  "str q1, [x1, #-16]!", "ldp x0, x1, [x0]", "stp x0, x0, [x1, #-16]!",
  "ldp d0, d1, [x0], #16", "ldr xzr, [sp], #16", "stp xzr, xzr, [sp, #-16]!",
  "casp x0, x1, x2, x3, [x0]", "caspal w4, w5, w4, w5, [x4]",
  "swp x0, x0, [x0]", "ldadd x1, x1, [x1]", "stxr w0, x1, [x2]",
  "stxp w0, x1, x1, [x2]", "ldxp x0, x1, [x0]", "ldxr x0, [x0]",
  "stlr x0, [x0]", "msr vbar_el1, x0", "mrs x0, midr_el1",
}

test("results that the architecture leaves open are warned about", function(t)
  for _, text in ipairs(UNPREDICTABLE) do
    local list = warnings(text)
    t.ok(#list == 1 and list[1]:find "^g%.S:1:1: ", text)
  end
  silent(t, table.unpack(PREDICTABLE))
end)

test("GNU as warns about the same instructions", function(t)
  t.needs(gnu.as)
  local all, count = {}, #UNPREDICTABLE
  table.move(UNPREDICTABLE, 1, count, 1, all)
  table.move(PREDICTABLE, 1, #PREDICTABLE, count + 1, all)
  local file = t.tmpname()
  gnu.write(file, ".arch armv8.1-a\n" .. table.concat(all, "\n") .. "\n")
  local _, _, said = t.run(("%s %s -o /dev/null"):format(gnu.as, file))
  local warned = {}
  for line in said:gmatch ":(%d+): Warning" do
    warned[math.tointeger(line) - 1] = true
  end
  for i, text in ipairs(all) do t.eq(warned[i] or false, i <= count, text) end
end)

test("a stack pointer that leaves its 16 bytes is warned about", function(t)
  warn(t, "sp must stay a multiple of 16", "sub sp, sp, #8",
    "add sp, sp, #0x18", "str x30, [sp, #-8]!", "ldr x30, [sp], #8",
    "stp w0, w1, [sp, #-8]!", "ldpsw x0, x1, [sp], #8", "ldr d0, [sp], #8",
    "sub sp, sp, #K; K = 40")
  silent(t, "sub sp, sp, #16", "add sp, sp, #1, lsl #12", "mov sp, x0",
    "sub sp, x29, #24", "str x0, [sp, #8]", "stp x0, x1, [sp, #8]",
    "str x0, [x1, #-8]!", "ldp x0, x1, [sp], #16", "sub wsp, wsp, w0",
    "stp q0, q1, [sp, #-32]!", "ldp x29, x30, [sp], #256", "sub x0, sp, #8")
end)

test("each occurrence warns, also those that the cache knows", function(t)
  t.eq(#warnings(("ldr x1, [x1], #8\nldr x2, [x1], #8\n"):rep(5)), 5)
  t.eq(#warnings(("sub sp, sp, #8\nsub sp, sp, #16\n"):rep(5)), 5)
  t.eq(#warnings(("msr currentel, x0\n"):rep(3)), 3)
  t.eq(#warnings(("mov x0, #1 << 64\n"):rep(3)), 3)
end)

test("code that runs into data is warned about", function(t)
  local message = "runs into this data"
  warn(t, message, "mov x0, #0; msg: .asciz \"hi\"", "nop; ldr x0, [x1]; nop;"
    .. " .byte 1", "b.eq .; .quad 5", "cbz x0, .; .hword 1", "isb; .double 1",
    "ldr x0, =0x123456789; .ltorg")
  silent(t, "b .; .asciz \"hi\"", "hvc #0; .quad 1", "ret; nop; .quad 1",
    "bl f; .asciz \"why\"; f: nop", "str x0, [x1]; .asciz \"device\"",
    "brk #1; .byte 1", "1: wfi; .byte 1", "mov x0, #0; .word 0xd503201f",
    "mov x0, #0; .data; .byte 1", ".byte 1", "nop; .balign 8; .quad 1",
    "mov x0, #0; .inst 0", "eret; .ascii \"x\"", ".data; nop; .byte 1",
    "ret; .ltorg", "udf #0; .byte 1")
end)

test("a label before the padding of an instruction is warned about",
  function(t)
    warn(t, "the label before this instruction is 3 bytes below it",
      "b .; .byte 1; f: nop", "b .; .byte 1; 1: nop")
    silent(t, "b .; .byte 1; f: .balign 4; nop", "b .; .byte 1; nop",
      "b .; .byte 1; .balign 4; f: nop", "b .; .asciz \"abc\"; f: nop")
  end)

test("places that the processor cannot use are warned about", function(t)
  warn(t, "not at a multiple of 8", "ldr x0, v; b .; nop; v: .quad 1",
    "ldr d0, v; b .; nop; v: .quad 1")
  warn(t, "not at a multiple of 16", "ldr q0, v; b .; v: .quad 1, 2")
  silent(t, "ldr x0, v; b .; v: .quad 1", "ldr w0, v; b .; nop; v: .word 1",
    "ldr x0, =v; v: nop", "ldrsw x0, v; b .; nop; v: .word 1")
  local VECTORS = "; msr vbar_el1, x0; b .; v: nop"
  warn(t, "VBAR drops the low 11 bits", "adr x0, v" .. VECTORS,
    "ldr x0, =v" .. VECTORS, "adrp x0, v; add x0, x0, :lo12:v" .. VECTORS,
    "adr x1, v; msr vbar_el2, x1; b .; v: nop")
  silent(t, "adr x0, v; msr vbar_el1, x0; b .; .balign 2048; v: nop",
    "adr x0, v; msr vbar_el1, x1; v: nop", "ldr x0, =0; msr vbar_el1, x0",
    "adr x0, v; msr tpidr_el1, x0; v: nop")
end)

test("what is in no image, and no entry, are warned about", function(t)
  warn(t, "section .x has no flag 'a'", ".section .x, \"x\"; nop; nop")
  warn(t, "nobody defines _start", ".global _start; nop")
  warn(t, ".popsection without .pushsection", ".popsection; nop")
  warn(t, "there was no section before", ".previous; nop")
  warn(t, "'x5' is the name of a register, and remains it", "x5 .req x1")
  silent(t, ".text; .previous; nop")
  silent(t, "lr .req x30; mov lr, lr", "fp .req x29", "v1 .req v1")
  silent(t, ".section .x, \"ax\"; nop", ".global _start; _start: nop",
    ".global other; nop", ".section .debug_x, \"\"; .word 1")
  warn(t, "is outside 0 to 63", "mov x0, #1 << 64", "b .; .quad 1 >> 64",
    "K = 1 << -1")
end)

test("a warning has the place in a macro and the call", function(t)
  t.eq(table.concat(warnings ".macro m\n ldr x0, [x0], #8\n.endm\nnop\n m"),
    "g.S:2:2: the base is written back and is a register that is loaded: the"
    .. " result is unpredictable (in macro 'm' at g.S:5:2)")
end)

test("a builder's warning has the place of the call", function(t)
  local a = tv.a64()
  a:ldr("x0", "[x1]", 8)
  a:ldr("x0", "[x0]", 8)
  a:nop()
  local list = a:image().warnings
  t.eq(#list, 1)
  t.ok(list[1]:find "^%S*asm_warnings.lua:%d+: the base is written back.*, in"
    .. " 'ldr x0, %[x0%], 8'$", list[1])
end)

test("compiler output has no warnings", function(t)
  t.needs(gnu.gcc)
  for _, name in ipairs { "program", "shapes", "floats" } do
    local source = gnu.read("tests/a64/golden/" .. name .. ".c")
    for _, options in ipairs { "-O1", "-O2 -g",
      "-O3 -funroll-loops -march=armv8.1-a" } do
      local text = gnu.compile(t, source, options .. " -mno-outline-atomics"
        .. " -fno-math-errno")
      t.eq(table.concat(warnings(text, options), "\n"), "")
    end
  end
end)

-- The bodies of tv.asm [[...]] in Lua text.
local function each_text(lua, fn)
  for body in lua:gmatch "asm%s*%(?%[%[(.-)%]%]" do fn(body) end
end

test("the SDK and the examples have no warnings", function(t)
  local seen = 0
  local files <close> = assert(io.popen("ls guest/*.S"
    .. " guest/examples/*.S examples/*.lua README.md lua/README.md"
    .. " tests/bench/*.S"))
  for path in files:lines() do
    local function quiet(text)
      local ok, img = pcall(asm.assemble, text, { include = { "guest" } })
      if not ok then return end           -- for the C preprocessor, or a part
      seen = seen + 1
      t.eq(table.concat(img.warnings, "\n"), "", path)
    end
    local text = gnu.read(path)
    if path:find "%.S$" then quiet(text) else each_text(text, quiet) end
  end
  t.ok(seen >= 12, "only " .. seen .. " texts")
end)
