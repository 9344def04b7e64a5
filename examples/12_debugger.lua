-- SPDX-License-Identifier: MIT
--
-- A debugger in forty lines: step an instruction at a time, show what each
-- changed, stop at a breakpoint, and find the store that hits a variable.
-- The guest notices nothing: no instruction of it is replaced. Between
-- breakpoints it runs at full speed.

local tv = require "tinyvmm"

local image = tv.asm [[
main:   mov     x19, #5
        mov     x20, #1
1:      bl      multiply
        subs    x19, x19, #1
        b.ne    1b
        adr     x1, result
        str     x20, [x1]
        mov     x1, #0
        mov     x0, #0
        hvc     #0
multiply:
        mul     x20, x20, x19
        ret
        .balign 8
result: .quad   0
]]

local vm <close> = assert(tv.vm { ram = "64K" })
vm:load(0, image)
local cpu <close> = assert(vm:vcpu { pc = image.symbols.main })

-- "multiply+4", or the bare address.
local function place(address)
  local name, offset = vm:symbol(address)
  if not name then return ("%#x"):format(address) end
  return offset == 0 and name or ("%s+%d"):format(name, offset)
end

-- One step; says what it did.
local function step()
  local pc, before = cpu.pc, {}
  for i = 0, 30 do before[i] = cpu["x" .. i] end
  local exit = cpu:step()
  local line = { ("%-12s %s"):format(place(pc),
    tv.dis(vm:read_u32(pc), pc):gsub("\t", " ")) }
  for i = 0, 30 do
    local now = cpu["x" .. i]
    if now ~= before[i] then line[#line + 1] = ("x%d=%d"):format(i, now) end
  end
  print(table.concat(line, "  "))
  return exit
end

print "-- three steps"
for _ = 1, 3 do step() end

print "-- a breakpoint: multiply, the third time"
vm:set_breakpoint "multiply"
for _ = 1, 3 do cpu:run() end           -- each run stops there
vm:clear_breakpoint "multiply"
print(place(cpu.pc), "x19=" .. cpu.x19, "x20=" .. cpu.x20,
  "called from " .. place(cpu.x30 - 4))

print "-- a watchpoint: who writes result?"
local old, last = vm:read_u64(image.symbols.result), cpu.pc
for _ = 1, 10000 do                     -- a lost guest comes to an end, too
  if cpu:step().kind ~= "budget" then break end
  if vm:read_u64(image.symbols.result) ~= old then break end
  last = cpu.pc
end
print(place(last), vm:read_u64(image.symbols.result))
print(vm:run().why)
