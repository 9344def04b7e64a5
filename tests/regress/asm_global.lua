-- SPDX-License-Identifier: MIT
--
-- A macro argument with a string inside set the global `_`, which is a
-- session's last value.
local test = require "tap"
local tv = require "tinyvmm"

test("assembling changes no global of the script", function(t)
  _G._ = "mine"
  local img = tv.asm [[
        .macro  put a, b
        .byte   \b
        .endm
        put     x"y, z", (1 + 2)
]]
  t.eq(_G._, "mine")
  _G._ = nil
  t.eq(img:bytes_at(0), "\3")
end)
