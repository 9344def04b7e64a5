-- SPDX-License-Identifier: MIT
--
-- Guests as coroutines: a handler may yield, and its guest waits in that
-- hypercall until somebody resumes it. Here three guests are a pipeline, as
-- of a shell: numbers, their squares, and those that end in 6 or 9. The
-- scheduler is Lua's own.

local tv = require "tinyvmm"

-- The two calls: GET gives the next number or -1 at the end, PUT passes one on.
local head = [[
        .equ    GET, 3
        .equ    PUT, 4
        .macro  call nr
        mov     x0, #\nr
        hvc     #0
        .endm
]]

local numbers = head .. [[
        mov     x19, #1
1:      mov     x1, x19
        call    PUT
        add     x19, x19, #1
        cmp     x19, #20
        b.ls    1b
        mov     x1, #0
        call    0
]]

local squares = head .. [[
1:      call    GET
        tbnz    x0, #63, 2f
        mul     x1, x0, x0
        call    PUT
        b       1b
2:      mov     x1, #0
        call    0
]]

local filter = head .. [[
        mov     x20, #10
1:      call    GET
        tbnz    x0, #63, 2f
        udiv    x2, x0, x20
        msub    x2, x2, x20, x0         // the last digit
        cmp     x2, #6
        ccmp    x2, #9, #4, ne          // 6 or 9
        b.ne    1b
        mov     x1, x0
        call    PUT
        b       1b
2:      mov     x1, #0
        call    0
]]

-- A guest as an iterator: what it puts. It gets what `source` returns.
local function guest(text, source)
  return coroutine.wrap(function()
    local vm <close> = assert(tv.vm { ram = "64K" })
    vm:load(0, tv.asm(text))
    vm:hypercall(3, function() return source() or -1 end)
    vm:hypercall(4, function(_, value) coroutine.yield(value) end)
    local cpu <close> = assert(vm:vcpu { pc = 0 })
    local exit = vm:run()
    assert(exit.kind == "shutdown", exit.why)
    return nil
  end)
end

local found = {}
for n in guest(filter, guest(squares, guest(numbers))) do
  found[#found + 1] = n
end
print(table.concat(found, " "))
