-- SPDX-License-Identifier: MIT
--
-- The library is an ordinary Lua module. Under a stock interpreter:
--   LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="build/rel/lib/?.so" \
--     lua5.4 examples/09_stock_lua.lua

local tv = require "tinyvmm"

local vm <close> = assert(tv.vm { output = "capture" })
vm:load(0x10000, tv.asm [[
        adr     x1, text
        mov     x0, #2                  // PUTS
        hvc     #0
        mov     x1, #0
        mov     x0, #0                  // EXIT
        hvc     #0
text:   .asciz  "Hello from a stock Lua"
]])
local cpu <close> = assert(vm:vcpu())
local exit = vm:run()
print(vm:take_output(), exit.kind, exit.status, cpu.icount)
