-- SPDX-License-Identifier: MIT
--
-- require "tinyvmm": the public module. The objects are C (tinyvmm.core);
-- what is added here in Lua is loaded at its first use, so that a script
-- pays only for what it calls. lua/README.md is the manual.

local tv = require "tinyvmm.core"

-- A function that loads its module when it is first called.
local function lazy(module, name)
  return function(...) return require(module)[name](...) end
end

-- tv.asm(text [, name | {name=, symbols=}]) -> image; text errors raise
function tv.asm(text, options)
  if type(text) ~= "string" then
    error("tv.asm text must be a string, not " .. type(text), 2)
  end
  if type(options) == "string" then options = { name = options } end
  if options ~= nil and type(options) ~= "table" then
    error("tv.asm options must be a table or a name, not " .. type(options),
      2)
  end
  local ok, result = pcall(require "tinyvmm.a64.asm".assemble, text, options)
  if not ok then error(result, 0) end
  return result
end

tv.a64 = lazy("tinyvmm.a64.builder", "new")
tv.asm_file = lazy("tinyvmm.image", "asm_file")
tv.load = lazy("tinyvmm.image", "load_file")
tv.dis = lazy("tinyvmm.listing", "dis")

local vm, memory = tv._methods.vm, tv._methods.memory

vm.load = lazy("tinyvmm.image", "load_into")
vm.unpack = lazy("tinyvmm.memory", "unpack")
vm.hexdump = lazy("tinyvmm.memory", "hexdump")
vm.symbol = lazy("tinyvmm.image", "symbol")
vm.address = lazy("tinyvmm.image", "address")
memory.hexdump = lazy("tinyvmm.memory", "hexdump_object")

-- A misspelt function is a mistake, not nil.
return setmetatable(tv, {
  __index = function(_, name)
    local near = type(name) == "string" and tv._nearest(name, tv)
    error(("tinyvmm has no '%s'%s"):format(tostring(name),
      near and "; did you mean '" .. near .. "'?" or ""), 2)
  end
})
