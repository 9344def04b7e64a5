-- SPDX-License-Identifier: MIT
-- The assembler's language and the image it returns, by small texts with
-- known results; asm_golden.lua compares with other tools, asm_errors.lua has
-- the messages.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"
local encode = require "tinyvmm.a64.encode"
local dis = require "tinyvmm.a64.dis"

local function words_of(text, opts, addr)
  local bytes = asm.assemble(text, opts):bytes_at(addr or 0)
  local out = {}
  for i = 1, #bytes - 3, 4 do
    out[#out + 1] = ("%08x"):format(string.unpack("<I4", bytes, i))
  end
  return table.concat(out, " ")
end

-- The language ----------------------------------------------------------------

test("a named label is known before and after its line", function(t)
  t.eq(words_of "b end\nstart: nop\nb start\nend: b start",
    "14000003 d503201f 17ffffff 17fffffe")
end)

test("1f is the next 1: and 1b the last one, on the line itself too",
  function(t)
    t.eq(words_of "1: b 1f\n1: b 1b\n1: b 1b; b 1f\n1: nop",
      "14000001 14000000 14000000 14000001 d503201f")
  end)

test("the dot is where the statement stands", function(t)
  t.eq(words_of "nop\nb .\nb . + 8\n.word . - 4, .",
    "d503201f 14000000 14000002 00000008 00000010")
end)

test("comments and semicolons may stand anywhere but in strings", function(t)
  t.eq(words_of([[
# a line
nop // to the end ; nop
nop /* inside */ ; /* and */ nop /* over
lines nop */ nop
 .ascii "//;" /* four */ ; .byte ';'
]]), "d503201f d503201f d503201f d503201f 3b3b2f2f")
end)

test("carriage returns and tabs are white space", function(t)
  t.eq(words_of "nop\r\n\tadd\tx0,\tx1, #1\r\nl:\r\n b l\r\n",
    "d503201f 91000420 14000000")
end)

test("symbols of the caller are constants", function(t)
  t.eq(words_of("mov x0, #K\n.word K * 2, K2", { symbols = { K = 5,
    K2 = -1 } }), "d28000a0 0000000a ffffffff")
end)

test("an immediate may use a symbol that comes later", function(t)
  t.eq(words_of "mov x0, #N\nadd x0, x0, N + 1\nldr x1, [x0, #N]\n.equ N, 8",
    "d2800100 91002400 f9400401")
end)

test("a constant that is set again has a new value from there on", function(t)
  t.eq(words_of(".set n, 1\nmov x0, #n\n.set n, 2\nmov x0, #n\nn = 3\n"
    .. "mov x0, #n"), "d2800020 d2800040 d2800060")
end)

test("mov takes every constant that one instruction can build", function(t)
  for _, line in ipairs { "mov x0, #0xffff0000", "mov x0, #-65536",
    "mov w0, #-65536", "mov x0, #0x0000ffffffffffff", "mov x0, #0x101010101010",
    "mov x0, #0x7fffffffffffffff", "mov w9, #0x80000001" } do
    local ok, img = pcall(asm.assemble, line)
    if line:find "1010" then t.ok(not ok)
    else
      t.eq(img.size, 4, line)
      local text = dis.word(string.unpack("<I4", img:bytes_at(0)))
      local want = math.tointeger(tonumber(line:match "#(.*)"))
      if line:find "w%d" then want = want & 0xffffffff end
      t.eq(text, ("mov\t%s, #0x%x"):format(line:match "[wx]%d", want))
    end
  end
end)

test("the cache never keeps the value of a symbol", function(t)
  for _, k in ipairs { 1, 2, 3 } do
    local got = words_of("ubfx x0, x1, K, #N\nubfx x0, x1, #K, N\n"
      .. "ldr x0, [x1, K * 8]\nmov x2, K\nmov x2, #K\nadd x1, x2, #K + N\n"
      .. "bfi x0, x1, #K, #4", { symbols = { K = k, N = 4 } })
    local want = ("ubfx x0, x1, 1, 4\nubfx x0, x1, 1, 4\nldr x0, [x1, 8]\n"
      .. "mov x2, 1\nmov x2, 1\nadd x1, x2, #5\nbfi x0, x1, 1, 4")
      :gsub("%f[%w]1,", k .. ","):gsub("%f[%w]1\n", k .. "\n")
      :gsub("8%]", 8 * k .. "]"):gsub("#5", "#" .. k + 4)
    t.eq(got, words_of(want), "K = " .. k)
  end
end)

test("an address set again has its old value in what came before", function(t)
  t.eq(words_of("nop\n.set p, .\nb p\n.word p\nb p + 4\n.set p, .\nb p\n"
    .. ".word p - 4\nb p + 4"), "d503201f 14000000 00000004 17ffffff "
    .. "14000000 0000000c 17ffffff")
end)

test("equal literals share a place, and .ltorg puts the pool there",
  function(t)
    t.eq(words_of "ldr x0, =5\nldr x1, =5\nldr w2, =5\n.ltorg\nldr x0, =5",
      "58000080 58000061 18000022 00000005 00000005 00000000 58000040 "
      .. "00000000 00000005 00000000")
  end)

test("a literal at the end of the text belongs to its own section",
  function(t)
    local img = asm.assemble ".data\n.word 1\n.text\nldr x0, =2\n.data"
    t.eq(img.sections[1].size, 16)
    t.eq(img.sections[2].size, 4)
  end)

test("an include is read where it stands, from the include directories too",
  function(t)
    local dir = t.tmpname()
    local name = dir:match "[^/]*$"
    local f = assert(io.open(dir, "w"))
    f:write ".equ FROM, 7\nmov x1, #FROM"
    f:close()
    t.eq(words_of('nop\n.include "' .. name .. '"\nmov x2, #FROM',
      { include = { dir:match "^(.*)/" } }), "d503201f d28000e1 d28000e2")
    t.eq(words_of('.incbin "' .. dir .. '", 5, 4'), "4d4f5246")
  end)

-- What was wrong once in every assembler: fewer bytes than the text.
test("every statement of a text is in the image", function(t)
  local lines, size = {}, 0
  for i = 1, 3000 do
    local pick = t.random(1, 6)
    if pick == 1 then lines[i], size = "\tnop", size + 4
    elseif pick == 2 then
      lines[i], size = ("l%d:\tadd x%d, x1, #%d // %d"):format(i,
        t.random(0, 30), t.random(0, 4095), i), size + 4
    elseif pick == 3 then
      lines[i], size = "\tb lx", size + 4
    elseif pick == 4 then lines[i], size = "\t.word " .. i, size + 4
    elseif pick == 5 then lines[i] = "m" .. i .. ":"
    else lines[i], size = "\tmov x0, #1; mov x1, #2", size + 8 end
  end
  lines[#lines + 1] = "lx:"
  local img = asm.assemble(table.concat(lines, "\n"))
  t.eq(img.size, size)
  t.eq(#img:bytes_at(0), size)
  t.eq(img.symbols.lx, size)
end)

test("the cache changes no word", function(t)
  local f <close> = assert(io.open "tests/a64/golden/forms.S")
  local lines = {}
  for line in f:lines() do
    if line:find "^        %a" and not line:find "_start"
      and not line:find "%d[bf]%f[^%w]" then
      lines[#lines + 1] = line
    end
  end
  local function all(order)
    local out = {}
    for _, i in ipairs(order) do
      out[i] = words_of("K = 16\n" .. lines[i])
    end
    return out
  end
  local order, cold = {}, {}
  for i = 1, #lines do
    order[i] = i
    encode.forget()
    cold[i] = words_of("K = 16\n" .. lines[i])
  end
  for i = #order, 2, -1 do
    local j = t.random(1, i)
    order[i], order[j] = order[j], order[i]
  end
  t.eq(all(order), cold)
  t.eq(all(order), cold)
end)

test("the cache gives the words of encode for random registers and numbers",
  function(t)
    local forms = { "add %x, %x, #%n", "add %w, %w, %w", "sub sp, sp, #%n",
      "ldr %x, [%x, #%o]", "ldr %x, [%x], #%s", "str %w, [sp, #%s]!",
      "ldp %x, %x, [sp, #%p]", "mov %x, #%n", "mov %w, %w", "mov %x, xzr",
      "movk %x, #%n, lsl #16", "csel %x, %x, %x, %c", "cset %w, %c",
      "ubfx %x, %x, #%b, #%b", "lsl %x, %x, #%b", "and %x, %x, #0xff",
      "ccmp %w, #%b, #%b, %c", "ldrb %w, [%x, %w, sxtw]", "cinc %x, %x, %c",
      "ror %x, %x, #%b", "ldr q%b, [%x, #%o]", "madd %x, %x, %x, %x",
      "cmp %x, #%n", "cmp %x, %x, lsl #%b", "svc #%n", "tst %w, %w",
      "stxr %w, %x, [%x]", "mul %x, %x, %x", "mov %x, #-%n" }
    local conds = { "eq", "ne", "hs", "lo", "mi" }
    local make = {
      x = function() return "x" .. t.random(0, 30) end,
      w = function() return "w" .. t.random(0, 30) end,
      n = function() return t.random(0, 4095) end,
      o = function() return t.random(-4, 40) * 8 end,
      s = function() return t.random(-256, 255) end,
      p = function() return t.random(-64, 63) * 8 end,
      b = function() return t.random(0, 31) end,
      c = function() return conds[t.random(1, #conds)] end,
    }
    for _ = 1, 4000 do
      local line = forms[t.random(1, #forms)]:gsub("%%(%l)", function(k)
        return make[k]()
      end)
      local ok, warm = pcall(words_of, line)
      encode.forget()
      local ok2, cold = pcall(words_of, line)
      t.eq(ok, ok2, line)
      t.eq(warm, cold, line)
      pcall(words_of, line)             -- leave something in the cache
      for _ = 1, 3 do
        local more = forms[t.random(1, #forms)]:gsub("%%(%l)", function(k)
          return make[k]()
        end)
        pcall(words_of, more)
      end
    end
  end)

-- The image -------------------------------------------------------------------

test("an image tells its size, alignment, sections, entry and symbols",
  function(t)
    local img = asm.assemble [[
        .equ    K, 3
        .data
value:  .word   1
        .text
        nop
_start: b       .
        .balign 64
.Lhere: nop
        .bss
zeros:  .space  8
]]
    t.eq(img.size, 104)
    t.eq(img.align, 64)
    t.eq(img.entry, 4)
    t.eq(img.symbols, { K = 3, value = 80, _start = 4, zeros = 96 })
    local names = {}
    for i, s in ipairs(img.sections) do names[i] = s.name .. s.offset end
    t.eq(names, { ".text0", ".data80", ".bss96" })
    t.eq(#img:bytes_at(64), 104)
  end)

test("place makes labels absolute and leaves constants alone", function(t)
  local img = asm.assemble("K = 3\na: nop\nb: nop")
  t.eq(img:place(0x1000), img)
  t.eq(img.symbols, { K = 3, a = 0x1000, b = 0x1004 })
  img:place(0x2000)
  t.eq(img.symbols.b, 0x2004)
  t.eq(asm.assemble("a: nop", { origin = 0x4000 }).symbols.a, 0x4000)
end)

test("one image may stand at many addresses", function(t)
  local img = asm.assemble "adrp x0, a\nadd x0, x0, :lo12:a\n.quad a\na: nop"
  local function at(addr) return img:bytes_at(addr) end
  local one, two = at(0x10ff8), at(0x20000)
  t.eq(string.unpack("<I4", one), 0xb0000000)     -- the page after
  t.eq(string.unpack("<I8", one, 9), 0x11008)
  t.eq(string.unpack("<I4", two), 0x90000000)
  t.eq(at(0x10ff8), one)
end)

test("a fixed address is a branch target from wherever the image stands",
  function(t)
    local img = asm.assemble "b 0x10100\nadrp x1, 0x12345000\nadr x2, 0x10000"
    local bytes = img:bytes_at(0x10000)
    t.eq({ string.unpack("<I4I4I4", bytes) },
      { 0x14000040, 0xb00919a1, 0x10ffffc2, 13 })
  end)

test("distances between sections are constants", function(t)
  t.eq(words_of ".data\na: .word b - a, a - b\n.text\nb: nop\nldr x0, =a - b",
    "d503201f 58000020 00000010 00000000 fffffff0 00000010")
end)

test("lines and symbol_at tell where a byte comes from", function(t)
  local img = asm.assemble("nop\nf: nop; nop\n\n.word 1\n.data\ng: .word 2",
    { name = "g.S" })
  t.eq({ img:lines(0) }, { "g.S", 1 })
  t.eq({ img:lines(8) }, { "g.S", 2 })
  t.eq({ img:lines(12) }, { "g.S", 4 })
  t.eq({ img:lines(16) }, { "g.S", 6 })
  t.eq(img:lines(20), nil)
  img:place(0x1000)
  t.eq({ img:symbol_at(0x100c) }, { "f", 8 })
  t.eq({ img:symbol_at(0x1010) }, { "g", 0 })
  t.eq(img:symbol_at(0xfff), nil)
  t.eq(img:symbol_at(0x1000), nil)
end)

test("a section that takes no memory puts nothing into the image", function(t)
  local img = asm.assemble('.section .debug_x, "", %progbits\n'
    .. "d: .quad gone, d\n.text\nnop")
  t.eq(img.size, 4)
  t.eq(img.symbols, {})
end)

test("-fPIC code finds its symbols in .got wherever it is loaded", function(t)
  local tv = require "tinyvmm"
  local img = tv.asm [[
        adrp    x2, :got:one
        ldr     x2, [x2, :got_lo12:one]
        adrp    x3, :got:two
        ldr     x3, [x3, #:got_lo12:two]
        adrp    x4, :got:one
        ldr     x4, [x4, #:got_lo12:one]
        cmp     x2, x4
        b.ne    .
        ldr     x2, [x2]
        ldr     x3, [x3]
        add     x1, x2, x3
        adrp    x5, :got:nobody
        ldr     x5, [x5, :got_lo12:nobody]
        add     x1, x1, x5
        mov     x0, #0
        hvc     #0
        .weak   nobody
        .data
        .word   0
        .balign 8
one:    .quad   40
two:    .quad   2
]]
  t.eq(img.size, 64 + 24 + 8 + 3 * 8)
  for _, addr in ipairs { 0x10000, 0x47ff0 } do
    local vm <close> = assert(tv.vm {})
    vm:load(addr, img)
    local cpu <close> = assert(vm:vcpu { pc = addr })
    local exit = vm:run { budget = 100 }
    t.eq(exit.kind == "shutdown" and exit.status or exit.why, 42)
  end
end)

test("what a flat image cannot express is said by name", function(t)
  for text, message in pairs {
    ["add x0, x0, #:tprel_hi12:v, lsl #12"] = "thread-local",
    ["movz x0, #:tprel_g1:v"] = "thread-local",
    ["adrp x0, :gottprel:v"] = "thread-local",
    ["adrp x0, :tlsdesc:v"] = "thread-local",
    [".tlsdesccall v"] = "thread-local",
    ["ldr x0, [x0, #:gotpage_lo15:v]"] = "-fPIC and -fno-pic do without it",
    ["movk x0, #:abs_g0_s:v"] = "movk takes the _nc ones",
    ["adr x0, :lo12:v"] = "no operator for this operand",
    [".altmacro"] = ".altmacro is not known",
    ["mov x0, #1 @ one"] = "a comment begins with //",
    ["mov x0, #1 ; this is one"] = "if it is a comment: those begin with //",
    [".float 0x10"] = "in decimal",
    [".float16 65520"] = "too large for 2 bytes",
    [".subsection 8193"] = "outside 0 to 8192",
  } do t.raises(message, asm.assemble, text) end
end)
