-- SPDX-License-Identifier: MIT
--
-- The rows that are Lua, but calls (_calls.lua): the assembler, the
-- disassembler, tracing. Each returns processor time by os.clock, for work of
-- some tenths of a second; bench.lua takes the medians.

local calls = require "_calls"
local tv = require "tinyvmm"

local scripts, timed = {}, calls.timed

-- M insn/s traced to a file, in a loop that changes a register or the flags
-- with each.
function scripts.trace(path)
  local n = 250000
  local vm <close> = assert(tv.vm {})
  vm:load(0x10000, tv.asm "1: add x1, x1, #1; eor x2, x2, x1; \z
    subs x9, x9, #1; b.ne 1b; mov x0, #0; hvc #0")
  local cpu <close> = assert(vm:vcpu { x9 = n })
  local file <close> = assert(io.open(path, "w"))
  assert(vm:trace(file))
  local seconds = timed(function() vm:run() end)
  return cpu.icount / seconds / 1e6
end

-- M insn/s of a loop of six, for want of a compiler.
function scripts.assembled_loop()
  local n = 5000000
  local seconds = calls.loop("eor x3, x3, x2, lsl #1", n, function() end)
  return 6 * n / seconds / 1e6
end

-- Lines of a text that hold an instruction.
local function instructions(text)
  local n = 0
  for line in text:gmatch "[^\n]+" do
    local code = line:gsub("//.*", ""):gsub("^%s*[%w_$]+:", "")
    if code:find "^%s*%a" then n = n + 1 end
  end
  return n
end

-- Instructions assembled, seconds, and the code.
function scripts.assemble(path)
  local f <close> = assert(io.open(path))
  local parts, once = {}, f:read "a"
  local copies = 100
  for i = 1, copies do parts[i] = once:gsub("%$", tostring(i)) end
  local text, image = table.concat(parts), nil
  local seconds = timed(function() image = tv.asm(text) end)
  return copies * instructions(once), seconds, image
end

-- Text that is mostly calls of macros: .if, .rept and .irp in and around them.
local MACROS = [=[
        .macro  save a, b
        stp     \a, \b, [sp, #-16]!
        .endm
        .macro  load reg:req, value=1
        .if     \value < 0x10000
        mov     \reg, #\value
        .else
        movz    \reg, #\value & 0xffff
        movk    \reg, #\value >> 16, lsl #16
        .endif
        .endm
]=]
local CALLS = [=[
f$:     save    x29, x30
        save    x19, x20
        load    x0
        load    w1, $
        load    w2, 0x12345
        load    reg=w3, value=$
        .rept   4
        ldr     x4, [x0], #8
        str     x4, [x1], #8
        .endr
        .irp    r, x5, x6, x7
        eor     \r, \r, x0
        .endr
        ret
]=]

-- Instructions that macros made, seconds.
function scripts.expand()
  local parts = { MACROS }
  for i = 1, 1000 do parts[i + 1] = CALLS:gsub("%$", tostring(i)) end
  local text, image = table.concat(parts), nil
  local seconds = timed(function() image = tv.asm(text) end)
  return image.size // 4, seconds
end

-- Instructions by calls of a builder, seconds: loads, labels, immediates.
function scripts.build()
  local a, n = tv.a64(), 0
  local seconds = timed(function()
    for i = 1, 3000 do
      local top, out = a:here(), a:new_label()
      a:ldr("x0", "[x1, #8]")
      a:add("x0", "x0", i & 0xfff)
      a:add("x2", "x0", "x1", "lsl #3")
      a:stp("x0", "x2", "[sp, #16]")
      a:cmp("x0", 7)
      a:b_eq(out)
      a:mov("x3", i)
      a:and_("x0", "x0", 255)
      a:b(top)
      a:label(out)
    end
    n = a:image().size // 4
  end)
  return n, seconds
end

-- Words disassembled, seconds. The first pass makes the printers.
function scripts.disassemble(image)
  local bytes = image:bytes_at(0)
  tv.dis(bytes)
  local seconds = timed(function() tv.dis(bytes) end)
  return #bytes // 4, seconds
end

return scripts
