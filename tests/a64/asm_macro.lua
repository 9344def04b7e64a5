-- SPDX-License-Identifier: MIT
-- Macros, repetitions, conditions, names for registers and weak symbols: the
-- bytes that GNU as makes of golden-like texts here, and the places of errors
-- inside expansions.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"
local gnu = require "a64._gnu"

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function words(text)
  local img = asm.assemble(text, { name = "g.S" })
  return img:bytes_at(0), img
end

local function message(text)
  local ok, err = pcall(asm.assemble, text, { name = "g.S" })
  return not ok and err or nil
end

-- Every pair must give the same bytes, and GNU as agrees where it is present.
local PAIRS = {
  ["parameters: named, default, :req, :vararg"] = { [[
        .macro  inc reg, by=1
        add     \reg, \reg, #\by
        .endm
        .macro  pushall first:req, rest:vararg
        str     \first, [sp, #-16]!
        .ifnb   \rest
        pushall \rest
        .endif
        .endm
        inc     x0
        inc     x1, 7
        inc     by=9, reg=x2
        INC     x3 , 1 + 2
        pushall x1, x2, x3
]], [[
        add     x0, x0, #1
        add     x1, x1, #7
        add     x2, x2, #9
        add     x3, x3, #3
        str     x1, [sp, #-16]!
        str     x2, [sp, #-16]!
        str     x3, [sp, #-16]!
]] },
  ["\\@ counts expansions and \\() ends a name"] = { [[
        .macro  spin reg
.Lx\@:  b       .Lx\@
        .byte   \@, 0, 0, 0
        mov     \reg\().16b, v1.16b
        .endm
        spin    v2
        spin    v3
]], [[
1:      b       1b
        .byte   0, 0, 0, 0
        mov     v2.16b, v1.16b
1:      b       1b
        .byte   1, 0, 0, 0
        mov     v3.16b, v1.16b
]] },
  ["quoted and bracketed arguments"] = { [[
        .macro  load reg, from
        ldr     \reg, \from
        .endm
        .macro  two a b
        .long   \a, \b
        .endm
        load    x0, "[sp, #16]"
        load    x1, [x2]
        two     (1 + 2), 5
        two     'a', 'b'
        .macro  text t
        .ascii  "\t"
        .endm
        text    "abcd"
]], [[
        ldr     x0, [sp, #16]
        ldr     x1, [x2]
        .long   3, 5, 97, 98
        .ascii  "abcd"
]] },
  ["recursion, with a condition that ends it"] = { [[
        .macro  sum from=0, to=5
        .long   \from
        .if     \to-\from
        sum     "(\from+1)",\to
        .endif
        .endm
        sum
        sum     3, 40
]], "        .irp n, 0,1,2,3,4,5\n        .long \\n\n        .endr\n"
    .. (function()
      local out = {}
      for i = 3, 40 do out[#out + 1] = "        .long " .. i .. "\n" end
      return table.concat(out)
    end)() },
  ["macros that define macros, .purgem, macros named as instructions"] = { [[
        .macro  outer name
        .macro  \name\()_x v
        mov     x3, #\v
        .endm
        .endm
        outer   foo
        foo_x   9
        nop
        .macro  nop
        mov     x0, x0
        .endm
        nop
        NOP
        nop
        .purgem nop
        nop
]], [[
        mov     x3, #9
        nop
        mov     x0, x0
        mov     x0, x0
        mov     x0, x0
        nop
]] },
  [".exitm leaves, also out of a condition"] = { [[
        .macro  upto a b
        nop ; .ifc \a,\b; nop; .exitm; .else; yield; .endif
        wfi
        .endm
        upto    1 1
        upto    1 2; mov x0, #1
]], [[
        nop
        nop
        nop
        yield
        wfi
        mov     x0, #1
]] },
  [".rept, .irp and .irpc, nested"] = { [[
        .rept   2
        .irp    r, x1, x2
        .irpc   n, 12
        add     \r, \r, #\n
        .endr
        .endr
1:      cbz     x0, 1b
        .endr
        .irp    empty
        nop
        .endr
        .rept   0
        junk
        .endr
]], [[
        add     x1, x1, #1
        add     x1, x1, #2
        add     x2, x2, #1
        add     x2, x2, #2
1:      cbz     x0, 1b
        add     x1, x1, #1
        add     x1, x1, #2
        add     x2, x2, #1
        add     x2, x2, #2
1:      cbz     x0, 1b
        nop
]] },
  ["conditions, each kind, taken and not"] = { [[
        .set    yes, 1
start:
        .macro  all
        .if 0; .if 1; junk "; .endif"; .else; junk; .endif // .endif
        .elseif 0
        junk
        .elseif yes
        .long   1
        .elseif 1
        junk
        .else
        junk
        .endif
        .endm
        all
        .ifdef  yes; .long 2; .endif
        .ifdef  no; .long 3; .else; .long 4; .endif
        .ifndef yes
        .long   5
        .endif
        .ifb
        .long   6
        .endif
        .ifnb   x
        .long   7
        .endif
        .ifc    a b , a b
        .long   8
        .endif
        .ifnc   a,b
        .long   9
        .endif
        .ifeq   yes - 1; .long 10; .endif
        .ifne   yes; .long 11; .endif
        .ifgt   yes; .long 12; .endif
        .ifge   0; .long 13; .endif
        .iflt   yes; .long 14; .endif
        .ifle   -1; .long 15; .endif
        .ifeqs  "a","a"; .long 16; .endif
        .ifnes  "a","a"; .long 17; .endif
end:
        .if     end - start > 4
        .long   18
        .endif
]], "        .long 1, 2, 4, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 18\n" },
  [".req and .unreq"] = { [[
counter .req    x19
n       .req    w5
vec     .req    v7
        add     counter, COUNTER, #1 ; sub n, n, n
        ldr     n, [counter, #8]
        ldr     n, [counter], #4
        mov     vec.16b, v1.16b
        mov     v1.16b, vec.16b
        .unreq  n
n       .req    x6
        add     x0, n, x1
]], [[
        add     x19, x19, #1
        sub     w5, w5, w5
        ldr     w5, [x19, #8]
        ldr     w5, [x19], #4
        mov     v7.16b, v1.16b
        mov     v1.16b, v7.16b
        add     x0, x6, x1
]] },
  [".octa"] = { [[
        .octa   0x0123456789abcdeffedcba9876543210, 5, -1
]], [[
        .quad   0xfedcba9876543210, 0x0123456789abcdef, 5, 0, -1, -1
]] },
}

for name, pair in pairs(PAIRS) do
  test(name, function(t)
    t.eq(hex((words(pair[1]))), hex((words(pair[2]))))
  end)
  test(name .. ": as GNU as has it", function(t)
    t.needs(gnu.as)
    t.eq(hex((words(pair[1]))), hex(gnu.assemble(t, pair[1], 0)))
  end)
end

test("guest/vectors.S makes the bytes that GNU as makes of it", function(t)
  t.needs(gnu.as)
  local text = gnu.read "guest/vectors.S"
    .. "\n.section .text.tv_vectors\ntv_sync: tv_irq: tv_fiq: tv_serror: ret\n"
  local img = asm.assemble(text, { name = "vectors.S" })
  for _, addr in ipairs { 0x10000, 0x40120000 } do
    local ours, theirs = img:bytes_at(addr), gnu.assemble(t, text, addr)
    t.eq(hex(ours:sub(1, #theirs)), hex(theirs))
    t.ok(not ours:find("[^\0]", #theirs + 1))
  end
end)

test("a weak symbol that nobody defines is 0, as after ld", function(t)
  local text = " .weak foo\n bl foo\n b foo\n adrp x0, foo\n cbz x0, foo\n"
    .. " add x0, x0, :lo12:foo\n adr x0, foo\n ldr x1, =foo\n nop\n"
    .. " .quad foo\n .weak bar\nbar: b bar\n"
  local img = asm.assemble(text)
  t.eq(hex(img:bytes_at(0x40123400):sub(1, 12)), "1f2003d51f2003d500000090")
  t.needs(gnu.as)
  t.eq(hex(img:bytes_at(0x40123400)), hex(gnu.assemble(t, text, 0x40123400)))
end)

-- text, message
local ERRORS = {
  { ".macro inc r, n\n nop\n add \\r, \\r, #\\n\n.endm\n inc x0, 5000\n inc\n",
    "g.S:3:6: immediate 5000 does not fit 12 bits; try ldr x16, =5000; add"
    .. " x0, x0, x16 (in macro 'inc' at g.S:5:2)\n"
    .. "g.S:3:6: expected a register, got nothing (in macro 'inc' at g.S:6:2)"
  },
  { ".macro a\n nop; foo\n.endm\n.macro b\n a\n.endm\n nop\n b\n",
    "g.S:2:7: unknown instruction 'foo' (in macro 'a' at g.S:5:2, in macro"
    .. " 'b' at g.S:8:2)" },
  { " .rept 1\n nop\n foo\n .endr\n qqqqqq\n", "g.S:3:2: unknown instruction"
    .. " 'foo' (in .rept at g.S:1:8)\ng.S:5:2: unknown instruction 'qqqqqq'" },
  { ".if 1\n nop\n", "g.S:1:5: the condition has no .endif" },
  { ".if 0\n nop\n", "g.S:1:5: the condition has no .endif" },
  { ".if foo\n nop\n.endif\n", "g.S:1:5: the condition must be known here,"
    .. " and 'foo' is not yet" },
  { "nop; .else", "g.S:1:6: .else without .if" },
  { ".elseif 1", "g.S:1:1: .elseif without .if" },
  { ".endif", "g.S:1:1: .endif without .if" },
  { ".if 1\n.else\n.else\n.endif", "g.S:3:6: a second .else" },
  { ".endm", "g.S:1:1: .endm without .macro" },
  { ".endr", "g.S:1:1: .endr without .rept" },
  { ".exitm", "g.S:1:7: .exitm outside of a macro" },
  { ".macro x\n nop\n", "g.S:1:8: the .macro has no .endm" },
  { ".irp r, x0\n nop\n", "g.S:1:6: the .irp has no .endr" },
  { ".rept -1\n.endr", "g.S:1:7: the count -1 is negative" },
  { ".rept 1 << 40\nnop\n.endr", "g.S:1:7: 1099511627776 times is too much"
    .. " text" },
  { ".rept 90000\n.rept 90000\n nop\n.endr\n.endr", "g.S:2:7: the text grows"
    .. " past all bounds here (in .rept at g.S:1:7)" },
  { ".macro m\n.if 1\n.endm\n m\n", "g.S:2:5: the condition has no .endif"
    .. " (in macro 'm' at g.S:4:2)" },
  { ".macro m a:req\n.endm\n m\n", "g.S:3:2: macro 'm' needs a value for 'a'" },
  { ".macro m a\n.endm\n m 1, 2\n", "g.S:3:7: macro 'm' takes 1 argument" },
  { ".macro m a\n.endm\n.macro m\n.endm\n", "g.S:3:8: macro 'm' is already"
    .. " defined at g.S:1:8" },
  { ".macro m a:opt\n.endm", "g.S:1:11: a parameter is :req or :vararg, not"
    .. " ':opt'" },
  { ".macro m a:vararg, b\n.endm", "g.S:1:20: a :vararg parameter is the"
    .. " last" },
  { ".macro m a, a\n.endm", "g.S:1:13: parameter 'a' twice" },
  { ".purgem m", "g.S:1:9: there is no macro 'm'" },
  { "foo .req y1", "g.S:1:10: expected a register after .req" },
  { "foo .req x1\nfoo .req x2", "g.S:2:1: 'foo' is already a name of x1;"
    .. " .unreq it first" },
  { ".unreq foo", "g.S:1:8: 'foo' is no name of a register" },
  { ".error \"no\"", "g.S:1:8: no" },
  { ".err", "g.S:1:5: .err was reached" },
}

test("errors tell their place in the text and the calls", function(t)
  for _, row in ipairs(ERRORS) do t.eq(message(row[1]), row[2], row[1]) end
end)

test("macros that never end are stopped at a depth of 100", function(t)
  t.ok(message ".macro a\n a\n.endm\n a\n":find
    "g.S:2:2: expansions nest deeper than 100")
  local err = message ".macro a\n a\n a\n.endm\n a\n"
  t.ok(err:find "too many errors, giving up$")
end)

test("a byte of an expansion has the line of the call", function(t)
  local _, img = words " nop\n .macro m\n nop\n nop\n .endm\n m\n wfi\n"
  t.eq(select(2, img:lines(4)), 6)
  t.eq(select(2, img:lines(8)), 6)
  t.eq(select(2, img:lines(12)), 7)
end)

test(".warning is in img.warnings, and .end ends the text", function(t)
  local bytes, img = words " nop\n .warning \"hm\"\n .end\n junk\n"
  t.eq(#bytes, 4)
  t.eq(table.concat(img.warnings, "|"), "g.S:2:11: hm")
end)
