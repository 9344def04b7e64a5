-- SPDX-License-Identifier: MIT
--
-- In place of codesign where there is none:
--   tinyvmm tests/macos/_sign.lua ENTITLEMENTS FILE

package.path = "tests/macos/?.lua;" .. package.path
local macho = require "_macho"

local function slurp(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

local plist, path = slurp(assert(arg[1], "no entitlements")), arg[2]
local signed = macho.sign(slurp(path), path:match "[^/]*$", plist)
do
  local f <close> = assert(io.open(path, "wb"))
  assert(f:write(signed))
end
