-- SPDX-License-Identifier: MIT
--
-- The parts of memory access that are comfortable in Lua: hex dumps and
-- string.unpack on guest memory.

local M = {}

local READ_AHEAD = 4096

-- An integer, or an error where the method was called.
local function check(value, what)
  local n = math.type(value) and math.tointeger(value)
  if n then return n end
  error(("%s must be an integer, not %s"):format(what, type(value)), 3)
end

-- vm:unpack(format, address) -> values..., address after them
function M.unpack(vm, format, address)
  address = check(address, "vm:unpack address")
  local fixed, size = pcall(string.packsize, format)
  if fixed then
    local values = table.pack(string.unpack(format, vm:read(address, size)))
    values[values.n] = address + size
    return table.unpack(values, 1, values.n)
  end
  -- Variable size ("z", "s"): as much as there is, a page at least.
  local bytes = ""
  repeat
    local here = address + #bytes
    local ok, more = pcall(vm.read, vm, here, READ_AHEAD - here % READ_AHEAD)
    if not ok then error(more, 2) end
    bytes = bytes .. more
    local done = table.pack(pcall(string.unpack, format, bytes))
    if done[1] then
      done[done.n] = address + done[done.n] - 1
      return table.unpack(done, 2, done.n)
    end
  until #bytes > 1 << 20
  error("vm:unpack found no end of '" .. format .. "' within 1 MiB", 2)
end

-- 00010000  48 65 6c 6c 6f 20 66 72  6f 6d 20 56 4d 21 0a 00  |Hello from VM|
local function line(address, bytes)
  local hex = {}
  for i = 1, 16 do
    local byte = bytes:byte(i)
    hex[i] = (byte and "%02x " or "   "):format(byte)
  end
  return ("%08x  %s %s |%s|"):format(address, table.concat(hex, "", 1, 8),
    table.concat(hex, "", 9, 16), (bytes:gsub("[^ -~]", ".")))
end

local function dump(bytes, address)
  local lines = {}
  for i = 1, #bytes, 16 do
    lines[#lines + 1] = line(address + i - 1, bytes:sub(i, i + 15))
  end
  return table.concat(lines, "\n") .. (#lines > 0 and "\n" or "")
end

-- vm:hexdump(address [, n]): n bytes, 256 by default
function M.hexdump(vm, address, n)
  address = check(address, "vm:hexdump address")
  return dump(vm:read(address, n or 256), address)
end

-- ram:hexdump([offset [, n]]): by default 256 bytes or what there is
function M.hexdump_object(memory, offset, n)
  offset = check(offset or 0, "memory:hexdump offset")
  n = n or math.max(0, math.min(256, memory.size - offset))
  return dump(memory:read(offset, n), memory.base + offset)
end

return M
