-- SPDX-License-Identifier: MIT
--
-- In place of codesign where there is none:
--   tinyvmm tests/macos/_sign.lua ENTITLEMENTS FILE

package.path = "tests/macos/?.lua;tests/?.lua;" .. package.path
local macho = require "_macho"
local shell = require "shell"

local plist, path = shell.slurp(assert(arg[1], "no entitlements")), arg[2]
local signed = macho.sign(shell.slurp(path), path:match "[^/]*$", plist)
shell.spill(path, signed)
