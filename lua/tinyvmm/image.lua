-- SPDX-License-Identifier: MIT
--
-- Images: from files to guest memory, and from addresses back to names.
--
-- An image is what tv.asm returns, or something that behaves like it: raw
-- bytes, which go where they are told, or an ELF file, whose segments say
-- where. Each VM keeps a list of what was loaded where; the exits' sentences
-- and vm:symbol look addresses up there, the newest image first.

local core = require "tinyvmm.core"

local M = {}

M.DEFAULT_ADDRESS = 0x10000

-- Raw bytes -----------------------------------------------------------------

local Raw = {}
Raw.__index = Raw

function Raw:bytes_at() return self.raw end

function Raw:place(addr)
  self.addr = addr
  return self
end

function Raw:symbol_at() return nil end

function M.raw(bytes)
  return setmetatable({ format = "raw", raw = bytes, size = #bytes, align = 1,
    entry = 0, addr = 0, symbols = {} }, Raw)
end

-- Files ---------------------------------------------------------------------

M.read_file = require "tinyvmm.file".read

-- tv.asm_file(path [, options]) -> image, or nil, message, code; errors of
-- the text raise, as with tv.asm.
function M.asm_file(path, options)
  local text, why, code = M.read_file(path)
  if not text then return nil, why, code end
  local given = { name = path }
  for k, v in pairs(options or {}) do given[k] = v end
  local ok, image = pcall(require "tinyvmm.a64.asm".assemble, text, given)
  if not ok then error(image, 0) end
  return image
end

-- tv.load(path [, options]) -> image: ELF by its magic number, assembly text
-- by the name's ending .S or .s, else raw bytes.
function M.load_file(path, options)
  if path:find "%.[sS]$" then return M.asm_file(path, options) end
  local bytes, why, code = M.read_file(path)
  if not bytes then return nil, why, code end
  local elf = require "tinyvmm.elf"
  if not elf.is_elf(bytes) then return M.raw(bytes) end
  local image, problem, kind = elf.parse(bytes)
  if not image then return nil, path .. ": " .. problem, kind end
  return image
end

-- Loading -------------------------------------------------------------------

local CHUNK = 1 << 16

-- What is zero already is only read: RAM that nobody wrote stays without
-- pages of the host, however large a .bss is.
local function zero(vm, addr, size)
  local zeros = ("\0"):rep(math.min(size, CHUNK))
  while size > 0 do
    local n = math.min(size, CHUNK)
    if n < #zeros then zeros = zeros:sub(1, n) end
    if vm:read(addr, n) ~= zeros then vm:write(addr, zeros) end
    addr, size = addr + n, size - n
  end
end

local function load_segments(vm, image)
  for _, s in ipairs(image.segments) do
    vm:write(s.addr, s.bytes)
    zero(vm, s.addr + #s.bytes, s.size - #s.bytes)
  end
  return image.low, image.entry
end

local function as_image(what)
  if type(what) == "string" then return M.raw(what) end
  if type(what) == "table" and (what.segments or what.bytes_at) then
    return what
  end
  error("vm:load takes an image or a string of bytes, not " .. type(what), 0)
end

local function load_into(vm, addr, what)
  if what == nil and math.type(addr) ~= "integer" then
    addr, what = nil, addr
  end
  local image, entry = as_image(what), nil
  if addr ~= nil and math.type(addr) ~= "integer" then
    error("vm:load address must be an integer, not " .. type(addr), 0)
  end
  if image.segments then
    if addr then
      error("an ELF image has its own addresses: use vm:load(image)", 0)
    end
    addr, entry = load_segments(vm, image)
  else
    addr = addr or M.DEFAULT_ADDRESS
    vm:write(addr, image:bytes_at(addr))
    image:place(addr)
    entry = addr + image.entry
  end
  local images = core._images(vm)
  images[#images + 1] = { image = image, addr = addr, size = image.size }
  core._loaded(vm, entry)
  return entry
end

-- vm:load([address,] image | bytes) -> the entry's address
function M.load_into(vm, addr, what)
  local ok, result = pcall(load_into, vm, addr, what)
  if ok then return result end
  if type(result) == "string" then   -- the caller's position, not ours
    result = result:gsub("^[^:]*tinyvmm/image%.lua:%d+: ", "")
  end
  error(result, 2)
end

-- Names ---------------------------------------------------------------------

-- symbol(vm | cpu, address) -> name, offset; nil if no image covers it.
function M.symbol(object, addr)
  if math.type(addr) ~= "integer" then
    error("vm:symbol address must be an integer, not " .. type(addr), 2)
  end
  local images = core._images(object)
  for i = #images, 1, -1 do
    local rec = images[i]
    local offset = addr - rec.addr
    if offset >= 0 and offset < rec.size then
      local image = rec.image
      local name, distance = image:symbol_at(image.segments and addr
        or (image.addr or 0) + offset)
      if name then return name, distance end
    end
  end
end

-- vm:address(name): where the symbol stands in the newest image that has it.
-- `level` says whose mistake an unknown name is, as in error.
function M.address(vm, name, level)
  local images = core._images(vm)
  local all = {}
  for i = #images, 1, -1 do
    local image, addr = images[i].image, images[i].addr
    local at = image.addr
    if at and at ~= addr then image:place(addr) end
    local value = image.symbols[name]
    for other in pairs(image.symbols) do all[other] = true end
    if at and at ~= addr then image:place(at) end
    if value then return value end
  end
  local near = core._nearest(tostring(name), all)
  error(("no image has a symbol '%s'%s"):format(tostring(name),
    near and "; did you mean '" .. near .. "'?" or ""), level or 2)
end

-- "0x10008 (main+8)", or the bare number where no name is known.
function M.show(object, addr)
  local name, offset
  if object then name, offset = M.symbol(object, addr) end
  if not name then return ("%#x"):format(addr) end
  return offset == 0 and ("%#x (%s)"):format(addr, name)
    or ("%#x (%s+%d)"):format(addr, name, offset)
end

return M
