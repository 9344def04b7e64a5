-- SPDX-License-Identifier: MIT
-- tv.a64: the same bytes as the same program as text, labels as values,
-- mistakes where they were made.
local test = require "tap"
local tv = require "tinyvmm"

test("calls make the bytes of the same text", function(t)
  local a = tv.a64()
  a:add("x0", "x1", 4)
  t.eq(a:label "loop", "loop")
  a:and_("x0", "x0", 1)
  a:b_ne "loop"
  a:ldr("x0", "[sp, #16]")
  a:ldr("x0", "[sp", "#24]")
  local after = a:new_label()
  a:cbz("x0", after)
  a:b(a:here())
  a:ldr("x1", "=0x123456789")
  a:ldp("x1", "x2", "[sp], #32")
  a:madd("x1", "x2", "x3", "x4")
  a:label(after)
  a:nop()
  a:quad(1, after)
  a:asciz 'h"\\\n1'
  a:bytes "raw"
  a:balign(8)
  a:equ("K", 5)
  a:section ".data"
  a:word("K", "loop - 4")
  a:text()
  a:asm "mov x5, #K\n1: b 1b"
  local img = a:image()
  local same = tv.asm [[
        add     x0, x1, #4
loop:   and     x0, x0, #1
        b.ne    loop
        ldr     x0, [sp, #16]
        ldr     x0, [sp, #24]
        cbz     x0, 2f
1:      b       1b
        ldr     x1, =0x123456789
        ldp     x1, x2, [sp], #32
        madd    x1, x2, x3, x4
2:      nop
        .quad   1, 2b
        .asciz  "h\"\\\0121"
        .ascii  "raw"
        .balign 8
        .data
        .word   5, loop - 4
        .text
        mov     x5, #5
1:      b       1b
]]
  for _, addr in ipairs { 0, 0x10000 } do
    t.eq(img:bytes_at(addr), same:bytes_at(addr))
  end
  t.eq(img.symbols.loop, 4)
  t.eq(next(tv.a64():image().symbols), nil)
end)

test("every instruction, seen before or not, is the same word", function(t)
  local a, text = tv.a64(), {}
  for i = 0, 300 do
    local d, n, v = "x" .. i % 29, "w" .. i % 13, i * 7 % 4096
    a:add(d, "x3", v)
    a:movz(n, v, "lsl #16")
    a:str(n, ("[%s, #%d]"):format(d, v & 0xffc))
    text[#text + 1] = ("add %s, x3, #%d\nmovz %s, #%d, lsl #16\nstr %s,"
      .. " [%s, #%d]\n"):format(d, v, n, v, n, d, v & 0xffc)
  end
  t.eq(a:image():bytes_at(0), tv.asm(table.concat(text)):bytes_at(0))
end)

test("mistakes raise at the call, and later ones at the end", function(t)
  local a = tv.a64()
  t.raises("builder.lua:%d+: immediate 5000 does not fit 12 bits", function()
    a:add("x0", "x1", 5000)
  end)
  t.raises("builder.lua:%d+: unknown instruction or directive 'addd'; did you"
    .. " mean add", function() a:addd("x0") end)
  t.raises("builder.lua:%d+: an operand is text, an integer or a label, not a"
    .. " table", function() a:add("x0", {}) end)
  t.raises("not the float 1.5", function() a:mov("x0", 1.5) end)
  a:label "twice"
  t.raises("symbol 'twice' is already defined", a.label, a, "twice")
  a:nop()
  a:b "nowhere"
  t.raises("undefined symbol 'nowhere'", a.image, a)
  t.raises("the image is made already", a.nop, a)
end)

test("a builder sees its own macros and names of registers", function(t)
  local a = tv.a64 { symbols = { N = 3 } }
  a:asm ".macro nop\n mov x0, #N\n.endm\ncount .req x9\n"
  a:nop()
  a:mov("count", 1)
  t.eq(a:image():bytes_at(0), tv.asm "mov x0, #3\nmov x9, #1":bytes_at(0))
end)

-- Speed without a clock: how often the exact way is gone.
local function exact_ways(fn)
  local encode = require "tinyvmm.a64.encode"
  local real, n = encode.encode, 0
  encode.forget()
  encode.encode = function(...)
    n = n + 1
    return real(...)
  end
  local ok, err = pcall(fn)
  encode.encode = real
  if not ok then error(err, 0) end
  return n
end

test("a form that was seen before costs no exact way again", function(t)
  t.eq(exact_ways(function()
    local a = tv.a64()
    for i = 1, 100 do
      local out = a:new_label()
      a:ldr("x" .. i % 20, ("[x%d, #8]"):format(i % 9))
      a:ldp("x0", "x1", "[sp], #16")
      a:add("x0", "x" .. i % 20, i)
      a:b_eq(out)
      a:label(out)
      a:asciz "data between"
    end
    a:image()
  end), 4)
  t.eq(exact_ways(function()
    tv.asm((".macro put r, n, k\n mov \\r, #\\n\n movk \\r, #0xff00 >> \\k,"
      .. " lsl #16\n.endm\n") .. (" put x1, 77, 3\n put x3, 5, 8\n"):rep(99))
  end), 2)
end)
