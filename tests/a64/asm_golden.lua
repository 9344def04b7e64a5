-- SPDX-License-Identifier: MIT
-- The assembler against GNU as: golden/*.S with the bytes that GNU as and ld
-- made of them (golden/*.hex, so that it runs without them), the same live,
-- compiler output, and the language of the disassemblers.
-- `lua5.4 tests/a64/asm_golden.lua update` makes the .hex files anew.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"
local isa = require "tinyvmm.a64.isa"
local dis = require "tinyvmm.a64.dis"
local words = require "a64._words"
local gnu = require "a64._gnu"

local GOLDEN = { "forms", "data", "layout", "language", "references",
  "extensions" }
local ADDR = 0x10000

local function path(name, kind)
  return "tests/a64/golden/" .. name .. "." .. kind
end

local function to_hex(bytes)
  local out = {}
  for i = 1, #bytes, 16 do
    out[#out + 1] = bytes:sub(i, i + 15):gsub(".", function(c)
      return ("%02x "):format(c:byte())
    end):sub(1, -2)
  end
  return table.concat(out, "\n") .. "\n"
end

local function from_hex(text)
  return (text:gsub("%s+", ""):gsub("%x%x", function(h)
    return string.char(tonumber(h, 16))
  end))
end

if arg and arg[1] == "update" then
  local t = { tmpname = os.tmpname }
  for _, name in ipairs(GOLDEN) do
    gnu.write(path(name, "hex"),
      to_hex(gnu.assemble(t, gnu.read(path(name, "S")), ADDR)))
  end
end

-- Ours hold .bss as zeros; a linker's file may end before it.
local function same(t, ours, theirs, what)
  t.ok(#ours >= #theirs, what .. ": fewer bytes than GNU as")
  t.ok(not ours:find("[^\0]", #theirs + 1), what .. ": more than zeros behind")
  for i = 1, #theirs, 4 do
    if ours:sub(i, i + 3) ~= theirs:sub(i, i + 3) then
      t.eq(to_hex(ours:sub(i, i + 3)), to_hex(theirs:sub(i, i + 3)),
        ("%s: the word at %#x"):format(what, i - 1))
    end
  end
end

for _, name in ipairs(GOLDEN) do
  local text = gnu.read(path(name, "S"))
  test("golden/" .. name .. ".S makes the bytes of golden/" .. name .. ".hex",
    function(t)
      local img = asm.assemble(text, { name = name .. ".S" })
      same(t, img:bytes_at(ADDR), from_hex(gnu.read(path(name, "hex"))), name)
    end)
  test("golden/" .. name .. ".S makes the bytes that GNU as makes of it now",
    function(t)
      t.needs(gnu.as)
      local img = asm.assemble(text, { name = name .. ".S" })
      for _, addr in ipairs { ADDR, 0x40123400 } do
        same(t, img:bytes_at(addr), gnu.assemble(t, text, addr), name)
      end
    end)
end

test("compiler output makes the bytes that GNU as makes of it", function(t)
  t.needs(gnu.gcc)
  local function compare(name, options)
    local text = gnu.compile(t, gnu.read("tests/a64/golden/" .. name .. ".c"),
      options .. " -mno-outline-atomics")
    local img = asm.assemble(text, { name = options })
    same(t, img:bytes_at(ADDR), gnu.assemble(t, text, ADDR), options)
  end
  for _, options in ipairs { "-O0", "-O2 -march=armv8.1-a", "-O2 -g",
    "-O2 -fcommon -mgeneral-regs-only" } do compare("program", options) end
  for _, options in ipairs { "-O0", "-O1 -g3 -gdwarf-4", "-O2",
    "-O3 -funroll-loops -march=armv8.4-a", "-O2 -mcmodel=tiny",
    "-O2 -mcmodel=large", "-O2 -mbranch-protection=standard",
    "-O2 -ffunction-sections -fdata-sections", "-O2 -mtrack-speculation" } do
    compare("shapes", options .. " -mgeneral-regs-only")
  end
  for _, options in ipairs { "-O1", "-O2 -march=armv8.4-a",
    "-O3 -ffast-math -march=armv8.2-a+fp16+dotprod",
    "-O3 -ffast-math -march=armv8.6-a+fp16+sha3" } do
    compare("floats", options .. " -fno-math-errno")
    compare("shapes", options)
  end
end)

test("clang's output makes the bytes that GNU as makes of it", function(t)
  t.needs("clang", gnu.as)
  local out = t.tmpname()
  for _, options in ipairs { "-O1 -mgeneral-regs-only",
    "-O2 -g -mgeneral-regs-only", "-O2 -fno-pic",
    "-O3 -ffast-math" } do
    t.run(("clang --target=aarch64-linux-gnu -S -x c -w -ffreestanding"
      .. " -fno-addrsig -mno-outline-atomics %s"
      .. " tests/a64/golden/shapes.c -o %s"):format(options, out))
    local text = gnu.read(out)
    local img = asm.assemble(text, { name = options })
    same(t, img:bytes_at(ADDR), gnu.assemble(t, text, ADDR), options)
    t.eq(table.concat(img.warnings, "\n"), "")
  end
end)

-- Where we differ from GNU as on purpose: text, our first word or message, the
-- word it makes (nil: it refuses the text), and why.
local DIFFERENCES = {
  { ".byte 300, 0, 0, 0", "does not fit 1 byte", 0x2c,
    "it warns and drops bits; never fewer bits than the text says" },
  { ".fill 1, 8, 0x123456789a", "does not fit 4 bytes", 0x3456789a,
    "it drops the upper half" },
  { ".ascii \"\\q   \"", "unknown escape", 0x20202071,
    "it warns and drops the backslash" },
  { ".irpc c, 12\n.byte '\\c\n.endr\n.hword 0", 0x3231, 0x6363,
    "it takes '\\c for the character c before it looks for parameters" },
  { ".float 16777217", 0x4b800000, 0x4b800001,
    "it rounds a tie up, we to even" },
  { "orn x0, x1, #0xff", 0xb278dc20, nil,
    "orn and eon with an immediate are as good as bic, which it knows" },
  { "adrp x0, 0x11000", 0xb0000000, false,
    "a fixed address; it leaves a broken relocation" },
}

test("what differs from GNU as differs as it is written down", function(t)
  for _, d in ipairs(DIFFERENCES) do
    local text, ours, theirs = d[1], d[2], d[3]
    local ok, img = pcall(asm.assemble, text)
    if math.type(ours) then
      t.eq(string.unpack("<I4", img:bytes_at(ADDR)), ours, text)
    else
      t.ok(not ok and img:find(ours, 1, true), text)
    end
    if theirs ~= false and os.execute(gnu.as .. " --version >/dev/null 2>&1")
    then
      local known, bytes = pcall(gnu.assemble, t, text .. "\n", ADDR)
      t.eq(known and string.unpack("<I4", bytes) or nil, theirs, text)
    end
  end
end)

-- Words, and their texts at the addresses where they will stand.
local function assemble_all(texts, base)
  local img = asm.assemble(table.concat(texts, "\n"), { name = "words" })
  local list = {}
  local bytes = img:bytes_at(base)
  for i = 1, #texts do list[i] = string.unpack("<I4", bytes, 4 * i - 3) end
  return list
end

test("what the disassembler prints of any row assembles to the same text",
  function(t)
    local list, texts = {}, {}
    for i = 1, isa.count() do
      local row = isa.row(i)
      for _ = 1, 30 do
        local w = words.random(row, t.random)
        if isa.find(w) == row.base then list[#list + 1] = w end
      end
    end
    t.ok(#list > 5000, "only " .. #list .. " words")
    for i, w in ipairs(list) do texts[i] = dis.word(w, 4 * (i - 1)) end
    local back = assemble_all(texts, 0)
    for i, w in ipairs(list) do
      -- Bits that the hardware ignores and second encodings of one mask have
      -- the same text; nothing else may change.
      if back[i] ~= w and dis.word(back[i], 4 * (i - 1)) ~= texts[i] then
        t.eq(("%08x"):format(back[i]), ("%08x"):format(w), texts[i])
      end
    end
  end)

-- llvm-mc's own spelling, with the word it stands for.
local function llvm_texts(t, list)
  local lines = {}
  for i, w in ipairs(list) do
    lines[i] = ("0x%02x 0x%02x 0x%02x 0x%02x\n"):format(w & 255, w >> 8 & 255,
      w >> 16 & 255, w >> 24)
  end
  local file = t.tmpname()
  gnu.write(file, table.concat(lines))
  local out = {}
  local pipe <close> = assert(io.popen(words.llvm .. " --disassemble"
    .. " --triple=aarch64 --show-encoding --mattr=" .. words.llvm_features
    .. " " .. file .. " 2>/dev/null"))
  for line in pipe:lines() do
    local text, a, b, c, d = line:match(
      "^%s*(.-)%s*// encoding: %[0x(%x+),0x(%x+),0x(%x+),0x(%x+)%]")
    if text then out[#out + 1] = { text, tonumber(d .. c .. b .. a, 16) } end
  end
  return out
end

test("llvm-mc's spelling of any row is understood", function(t)
  t.needs(words.llvm)
  local list, seen = {}, 0
  for i = 1, isa.count() do
    local row = isa.row(i)
    for _ = 1, 10 do
      local w = words.random(row, t.random)
      if isa.find(w) == row.base then list[#list + 1] = w end
    end
  end
  for _, pair in ipairs(llvm_texts(t, list)) do
    local text, w = pair[1], pair[2]
    -- Not PC-relative ones, whose #n is a distance there; not registers that
    -- llvm-mc names in the S0_ space; not PSTATE fields of one bit, to which
    -- it can give four; not the TLBI nXS forms of FEAT_XS, sys here.
    if not text:find "^[bct][lb.z]?%S*%s+[^%[]*#%-?%d+$"
      and not text:find "^adrp?%s" and not text:find "^ldr%S*%s+%w+, #"
      and not text:find "^prfm%s+#?%w+, #" and not text:find "%f[%w]S0_"
      and not text:find "^msr%s+[PUSDT]%a+%d?, #"
      and not text:find "^tlbi%s+%w+nxs" then
      seen = seen + 1
      local got = assemble_all({ text }, 0)[1]
      if got ~= w and dis.word(got) ~= dis.word(w) then
        t.eq(("%08x"):format(got), ("%08x"):format(w), text)
      end
    end
  end
  t.ok(seen > 5000, "only " .. seen .. " texts")
end)
