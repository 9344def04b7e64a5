-- SPDX-License-Identifier: MIT
--
-- A fuzzer: feed a parser inputs that are mutated from those that reached
-- new code, put the guest back after each, and explain the first crash. The
-- CPU is deterministic and so are our random numbers: the same bug is found
-- after the same number of runs on every machine.

local tv = require "tinyvmm"

-- Records of a type, a length, and so many bytes; type 'S' is copied to a
-- buffer of 16 bytes at the end of RAM. It forgets to look at the length.
local image = tv.asm [[
        .equ    INPUT, 0x4000
        .equ    BUFFER, 0xfff0

_start: ldr     x9, =INPUT
next:   ldrb    w1, [x9], #1            // type
        cbz     w1, done
        ldrb    w2, [x9], #1            // length
        cmp     w1, #'N'
        b.eq    number
        cmp     w1, #'S'
        b.eq    string
        mov     x1, #1                  // no such type: a clean refusal
        b       exit
number: add     x9, x9, x2
        b       next
string: ldr     x3, =BUFFER
1:      cbz     w2, next
        ldrb    w4, [x9], #1
        strb    w4, [x3], #1
        sub     w2, w2, #1
        b       1b
done:   mov     x1, #0
exit:   mov     x0, #0
        hvc     #0
]]

local vm <close> = assert(tv.vm { ram = "64K" })
vm:load(0, image)
local cpu <close> = assert(vm:vcpu { pc = image.entry })

-- Runs one input; returns the exit and whether code ran that never ran before.
local covered = {}
local function try(input)
  vm:reset()                            -- registers; memory stays
  vm:write(0x4000, input .. ("\0"):rep(300))
  local exit, new
  for _ = 1, 2000 do
    local pc = cpu.pc
    if not covered[pc] then covered[pc], new = true, true end
    exit = cpu:step()
    if exit.kind ~= "budget" then break end
  end
  return exit, new
end

-- xorshift: ours, so that it is the same everywhere.
local state = 1
local function random(n)
  state = state ~ state << 13
  state = state ~ state >> 7
  state = state ~ state << 17
  return (state >> 1) % n
end

-- Changes, inserts or drops a byte.
local function mutate(s)
  local at, byte, how = random(#s + 1), string.char(random(256)), random(3)
  if how == 0 then return s:sub(1, at) .. byte .. s:sub(at + 2) end
  if how == 1 then return s:sub(1, at) .. byte .. s:sub(at + 1) end
  return s:sub(1, at) .. s:sub(at + 2)
end

local corpus, runs = { "N\1x" }, 0
local crash, input
repeat
  input = mutate(corpus[random(#corpus) + 1])
  runs = runs + 1
  local exit, new = try(input)
  if new then
    corpus[#corpus + 1] = input
    print(("run %4d: new code by %s"):format(runs,
      input:gsub("[^%g]", function(c) return ("\\x%02x"):format(c:byte()) end)))
  end
  if exit.kind == "fault" then crash = exit end
until crash or runs == 20000
if not crash then
  print(("run %4d: nothing found"):format(runs))
  return
end
print(("run %4d: %s"):format(runs, crash.why))

-- A shorter input that still does it: drop pieces, the longest first.
local size = #input - 1
while size > 0 do
  local shorter
  for at = 1, #input - size + 1 do
    local left = input:sub(1, at - 1) .. input:sub(at + size)
    if try(left).kind == "fault" then shorter = left end
  end
  input, size = shorter or input, shorter and #shorter - 1 or size - 1
end
print(("minimal: %d bytes, type %s, length %d"):format(#input,
  input:sub(1, 1), input:byte(2)))
