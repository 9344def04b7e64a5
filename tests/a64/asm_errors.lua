-- SPDX-License-Identifier: MIT
-- What the assembler says about text it cannot take: every line below must
-- give exactly this message, at this column of line 2.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"

local function message(text)
  local ok, err = pcall(asm.assemble, text, { name = "g.S" })
  return not ok and err or nil
end

-- column, line, message
local LINES = {
  instructions = {
    { 1, "addx x0, x1, x2",
      "unknown instruction 'addx'; did you mean add, addg, addp?" },
    { 1, "hvx #0", "unknown instruction 'hvx'; did you mean hvc?" },
    { 1, "xyzzy", "unknown instruction 'xyzzy'" },
    { 1, "beqq foo", "unknown instruction 'beqq'; did you mean beq, b.eq?" },
    { 1, "$foo", "expected an instruction, a label or a directive,"
      .. " got '$foo'" },
    { 11, "add x0, x1", "missing operand; valid forms: add Rd|sp, Rn|sp,"
      .. " #imm12{, lsl #12} | add Rd|sp, Rn|sp, #-imm12 | add Rd, Rn, Rm{,"
      .. " lsl|lsr|asr|ror #n} | add Rd|sp, Rn|sp, Rm{, uxtb..sxtx|lsl {#n}}" },
    { 15, "mul x0, x1, x2, x3",
      "unexpected ', x3'; valid forms: mul Rd, Rn, Rm" },
    { 5, "nop x0", "unexpected 'x0'; valid forms: nop" },
    { 7, "br  x1,", "unexpected ','; valid forms: br Xn" },
  },
  registers = {
    { 9, "add x0, w1, x2",
      "expected a 64-bit register (x0 to x30, sp), got w1" },
    { 13, "add w0, w1, x2",
      "expected a 32-bit register (w0 to w30, wzr), got x2" },
    { 13, "add x0, x1, sp",
      "expected a 64-bit register (x0 to x30, xzr), got sp" },
    { 9, "mov sp, xzr", "expected a 64-bit register (x0 to x30, sp), got xzr" },
    { 5, "ret w0", "expected a 64-bit register (x0 to x30, xzr), got w0" },
    { 5, "blr foo", "expected a 64-bit register (x0 to x30, xzr), got 'foo'" },
    { 6, "stxr x0, x1, [x2]",
      "expected a 32-bit register (w0 to w30, wzr), got x0" },
    { 16, "crc32x w0, w1, w2",
      "expected a 64-bit register (x0 to x30, xzr), got w2" },
    { 5, "mov x31, x0", "expected a register, got 'x31'" },
    { 6, "casp x1, x2, x3, x4, [x5]",
      "the first register of a pair is an even one" },
    { 10, "casp x0, x2, x4, x5, [x5]",
      "the second register of a pair is the one after the first" },
    { 3, "b x0", "expected a label or address, got register x0; a branch to"
      .. " a register is br or blr" },
  },
  immediates = {
    { 13, "add x0, x1, #4097", "immediate 4097 does not fit 12 bits; try"
      .. " ldr x0, =4097; add x0, x1, x0" },
    { 13, "add w5, w5, #5000", "immediate 5000 does not fit 12 bits; try"
      .. " ldr w16, =5000; add w5, w5, w16" },
    { 9, "cmp x3, #-4097", "immediate -4097 does not fit 12 bits; try"
      .. " ldr x16, =-4097; cmp x3, x16" },
    { 9, "mov x1, #0x12345678",
      "no single instruction builds 0x12345678; try ldr x1, =0x12345678" },
    { 9, "mov w1, #0x123456789",
      "immediate 0x123456789 does not fit 32 bits" },
    { 13, "and x0, x1, #5", "immediate 5 is not a bit mask (a rotated run of"
      .. " ones, repeated); try ldr x0, =5; and x0, x1, x0" },
    { 10, "movz x0, #65536", "immediate 0x10000 is outside 0 to 65535" },
    { 18, "movz x0, #1, lsl #8",
      "shift amount 8 is not one of 0, 16, 32, 48" },
    { 18, "movz w0, #1, lsl #32", "shift amount 32 is not one of 0, 16" },
    { 5, "svc #65536", "immediate 0x10000 is outside 0 to 65535" },
    { 13, "lsl w0, w1, #32", "shift amount 32 is outside 0 to 31" },
    { 21, "add sp, x1, x2, lsl #5", "shift amount 5 is outside 0 to 4" },
    { 9, "tbz w0, #32, g", "bit number 32 is outside 0 to 31" },
    { 19, "ubfx x0, x1, #60, #8", "width 8 is outside 1 to 4" },
    { 14, "msr daifset, #16", "immediate 16 is outside 0 to 15" },
    { 15, "add x0, x1, #5/0", "division by zero" },
    { 10, "mov x0, #18446744073709551616", "number does not fit 64 bits" },
    { 10, "mov x0, #0x", "'x' is not a digit of base 8" },
    { 10, "mov x0, #09", "'9' is not a digit of base 8" },
    { 10, "mov x0, #g", "needs a constant, and this is an address; use adr,"
      .. " adrp or ldr with =" },
    { 10, "fmov d0, #0.1", "0.1 is not a constant of 8 bits (n/16 * 2^r,"
      .. " n 16 to 31, r -3 to 4); load it with ldr" },
  },
  memory = {
    { 14, "ldr x0, [x1, #32768]", "offset 32768 is not in -256 to 255, nor in"
      .. " 0 to 32760 in steps of 8; add it to the base register first" },
    { 14, "ldr x0, [x1, #4097]", "offset 4097 is not in -256 to 255, nor in"
      .. " 0 to 32760 in steps of 8" },
    { 14, "ldr x0, [x1, #300]!", "offset 300 is not in -256 to 255; add it to"
      .. " the base register first" },
    { 15, "ldr x0, [x1], #256", "offset 256 is not in -256 to 255; add it to"
      .. " the base register first" },
    { 18, "ldp x0, x1, [x2, #12]", "offset 12 is not in -512 to 504 in steps"
      .. " of 8; add it to the base register first" },
    { 10, "ldr w0, [w1]", "expected a base register (x0 to x30, sp), got w1" },
    { 10, "ldxr x0, [x1, #8]",
      "this form takes only [Rn], without an offset" },
    { 14, "ldr x0, [x1, w2]", "a w register as index needs uxtw or sxtw" },
    { 22, "ldr x0, [x1, x2, lsl #2]", "shift amount 2 is not 0 or 3" },
    { 12, "ldr x0, [x1", "expected ']', got nothing" },
    { 11, "ld1 {v0.4s, v2.4s}, [x0]",
      "a list has 1 to 4 registers in a row, all of one arrangement" },
  },
  names = {
    { 18, "csel x0, x1, x2, zz", "expected a condition (eq ne cs cc mi pl vs"
      .. " vc hi ls ge lt gt le), got 'zz'" },
    { 10, "cset x0, al", "al has no opposite" },
    { 9, "mrs x0, sctrl_el1", "unknown system register 'sctrl_el1'; did you"
      .. " mean sctlr_el1, sctlr_el12, sctlr_el2?" },
    { 5, "dsb foo", "expected a barrier (sy st ld ish ishst ishld nsh osh"
      .. " ..), got 'foo'" },
    { 4, "dc zvb, x0", "unknown dc operation 'zvb'; did you mean zva?" },
    { 6, "prfm foo, [x0]",
      "expected a prefetch operation (pldl1keep ..), got 'foo'" },
  },
  symbols = {
    { 3, "b nowhere", "undefined symbol 'nowhere'" },
    { 4, "bl starf", "undefined symbol 'starf'; did you mean start?" },
    { 8, ".quad 1 + nowhere", "undefined symbol 'nowhere'", 11 },
    { 10, "ldr x0, =nowhere", "undefined symbol 'nowhere'" },
    { 10, "mov x0, #nowhere", "undefined symbol 'nowhere'" },
    { 3, "b 1f", "no label '1:' after this line" },
    { 3, "b 1b", "no label '1:' before this line" },
    { 1, "g: nop", "symbol 'g' is already defined at g.S:1:1" },
    { 1, "g = 5", "symbol 'g' is already defined at g.S:1:1" },
    { 10, "ldr x0, = ", "expected an expression", 11 },
    { 11, "ldr x0, =5 6", "unexpected text after the value" },
    { 7, "a = b; b = a", "'a' is defined by itself", 12 },
  },
  directives = {
    { 1, ".wrod 5", "unknown directive '.wrod'; did you mean word, dword,"
      .. " hword?" },
    { 8, ".macro x", "the .macro has no .endm" },
    { 7, ".byte 300", "300 does not fit 1 byte" },
    { 7, ".byte -129", "-129 does not fit 1 byte" },
    { 7, ".word 0x1ffffffff", "0x1ffffffff does not fit 4 bytes" },
    { 9, ".quad 1 2", "unexpected '2' after .quad" },
    { 9, ".byte 1,", "expected an expression" },
    { 8, ".align 99", "alignment 2^99 is outside 2^0 to 2^24; .balign counts"
      .. " bytes" },
    { 9, ".balign 3", "alignment 3 is not a power of two up to 2^24" },
    { 8, ".space -1", "the size -1 is outside 0 to 268435456" },
    { 8, ".space 1 << 40", "the size 1099511627776 is outside 0 to"
      .. " 268435456" },
    { 8, ".space last", "the size must be known here, and 'last' is not yet" },
    { 8, '.ascii "abc', "the string has no closing quote" },
    { 10, '.ascii "a\\q"', "unknown escape '\\q'" },
    { 8, ".ascii abc", "expected a string in double quotes" },
    { 6, ".org 0", ".org 0 goes backwards: the section stands at 0x4" },
    { 10, '.include "no/such"', "cannot read 'no/such'" },
    { 9, '.incbin "no/such"', "cannot read 'no/such'" },
    { 9, ".section", "expected a section name" },
    { 16, '.section .foo, "q"', "unknown section flag 'q'", 17 },
    { 7, ".bss; .word 1; .text", "section .bss holds no data, only .space; use"
      .. " .data", 13 },
    { 7, ".bss; nop; .text", "section .bss holds no instructions; use .text" },
    { 6, ".set a", "expected ', value' after the name", 7 },
    { 6, "nop /* open", "the comment has no end", 5 },
  },
}

for group, lines in pairs(LINES) do
  test("bad " .. group .. " are told with column, expectation and a way out",
    function(t)
      for _, row in ipairs(lines) do
        local got = message("g: start: nop\n" .. row[2] .. "\nlast: nop\n")
        t.eq(got, ("g.S:2:%d: %s"):format(row[4] or row[1], row[3]), row[2])
      end
    end)
end

test("every error is told, in the order of the text, up to 20", function(t)
  local text = "b nowhere\nfoo x0\n.byte 999\n"
  t.eq(message(text), "g.S:1:3: undefined symbol 'nowhere'\n"
    .. "g.S:2:1: unknown instruction 'foo'\n"
    .. "g.S:3:7: 999 does not fit 1 byte")
  local many = message(("foo\n"):rep(50))
  local _, n = many:gsub("\n", "")
  t.eq(n, 20)
  t.ok(many:find("too many errors, giving up", 1, true), many)
end)

test("an undefined symbol is told once, where it is used first", function(t)
  t.eq(message "nop\nbl gone\n.quad gone\nbl gone\n",
    "g.S:2:4: undefined symbol 'gone'")
end)

test("a branch out of range tells the distance and the reach", function(t)
  t.eq(message("b.eq far\n.space 0x100000\nfar: nop\n"),
    "g.S:1:6: out of range: the distance is 1048580, this form reaches"
    .. " -1048576 to 1048572; invert the condition around a plain b")
  t.eq(message("tbz x0, #1, far\n.space 0x8000\nfar: nop\n"),
    "g.S:1:13: out of range: the distance is 32772, this form reaches -32768"
    .. " to 32764; invert the test around a plain b")
  t.eq(message("b far\n.byte 1\nfar:\n"), "g.S:1:3: the distance 5 is not a"
    .. " multiple of 4; align the label with .balign 4")
end)

test("errors in an included file name that file and its line", function(t)
  local path = t.tmpname()
  local f = assert(io.open(path, "w"))
  f:write "nop\nnop\n  bad x0\n"
  f:close()
  local err = message(('nop\n.include "%s"\nworse\n'):format(path))
  t.ok(err:find(path .. ":3:3: unknown instruction 'bad'", 1, true), err)
  t.ok(err:find("g.S:3:1: unknown instruction 'worse'", 1, true), err)
end)

test("an include that includes itself ends with an error", function(t)
  local path = t.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(('.include "%s"\n'):format(path))
  f:close()
  t.ok(message(('.include "%s"'):format(path)):find "deeper than 32")
end)

test("a reference that the load address breaks is told by bytes_at",
  function(t)
    local img = asm.assemble("nop\n b 0x10000000\n", { name = "g.S" })
    t.eq(#img:bytes_at(0x8000000), 8)
    t.raises("g.S:2:4: loaded at 0: out of range", img.bytes_at, img, 0)
    img = asm.assemble(".balign 64\n nop", { name = "g.S" })
    t.raises("address 0x20 is not a multiple of 64", img.bytes_at, img, 0x20)
    img = asm.assemble("x: .word x", { name = "g.S" })
    t.raises("does not fit 4 bytes", img.bytes_at, img, 1 << 32)
  end)

test("wrong arguments raise and name themselves", function(t)
  t.raises("must be a string", asm.assemble, nil)
  t.raises("'1x' is not a symbol name", asm.assemble, "",
    { symbols = { ["1x"] = 1 } })
  t.raises("K must be an integer", asm.assemble, "", { symbols = { K = "a" } })
  t.raises("unknown option 'symbol'", asm.assemble, "", { symbol = {} })
  t.raises("option name must be a string", asm.assemble, "", { name = 1 })
  local img = asm.assemble "nop"
  t.raises("an integer address, not at nil", img.bytes_at, img)
  t.raises("an integer address, not at x", img.place, img, "x")
end)

test("an expression may nest, but not without end", function(t)
  local deep = ("("):rep(100) .. "5" .. (")"):rep(100)
  t.eq(asm.assemble(".byte " .. deep):bytes_at(0), "\5")
  t.ok(message(".byte " .. ("("):rep(1e5)):find "nests deeper than 150")
  t.ok(message(".byte " .. ("-"):rep(1e5)):find "nests deeper than 150")
end)

test("no text whatsoever gives anything but an image or placed messages",
  function(t)
    local f <close> = assert(io.open "tests/a64/golden/forms.S")
    local lines = {}
    for line in f:lines() do lines[#lines + 1] = line end
    local parts = { ",", "#", "[", "]!", "x0", "sp", "v0.4s", "lsl #3", "foo",
      "1f", "=", ":lo12:g", "-1", "'", '"', "/*", "*/", "//", ";", ":", ".",
      "(", ")", "{", "<<", "99999999999", "0x", "\\", "\0", "\200" }
    for _ = 1, 4000 do
      local s = lines[t.random(1, #lines)]
      for _ = 1, t.random(1, 3) do
        local p = t.random(1, #s + 1)
        s = s:sub(1, p - 1) .. parts[t.random(1, #parts)]
          .. s:sub(p + t.random(0, 3))
      end
      local err = message("g: nop\n" .. s .. "\n")
      if err and not tostring(err):find "^g%.S:%d+:%d+: ." then
        t.eq(err, "a message with its place", s)
      end
    end
  end)
