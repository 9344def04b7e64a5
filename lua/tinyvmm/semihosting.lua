-- SPDX-License-Identifier: MIT
--
-- Semihosting: guests that talk to a debugger by HLT #0xf000 find one here.
-- Arm's specification ("Semihosting for AArch32 and AArch64", release 2.0)
-- says what the calls mean: the operation in w0, in x1 an argument or the
-- address of a block of 64-bit words, the result in x0, -1 for an error.
--
-- HLT is undefined on a core without a debugger, so attach() takes the VM's
-- "undefined" events. The guest is not trusted: a bad address fails the call
-- that names it, and files are those under the directory that was given.
-- Time is the VM's, so that a run stays reproducible.

local core = require "tinyvmm.core"

local M = {}

local HLT = 0xd45e0000                  -- hlt #0xf000
local APPLICATION_EXIT = 0x20026        -- ADP_Stopped_ApplicationExit
local CHUNK = 1 << 16                   -- bytes copied at a time
local HANDLES = 32                      -- open at the same time

-- Linux's numbers, as newlib's and picolibc's guests know them.
local ENOENT, EBADF, EACCES, EFAULT, EINVAL, EMFILE, EROFS, ENOSYS =
  2, 9, 13, 14, 22, 24, 30, 38

-- Streams -------------------------------------------------------------------
--
-- What a handle stands for: an object with read(n) -> bytes ("" at the end),
-- write(bytes) -> true, seek(position) -> true, length() -> n, close(), and
-- `tty`. What it lacks, or nil and a number from it, is a refusal.

-- Guest text to a file or function of the script.
local function writer(to)
  if type(to) == "function" then return to end
  return function(text)
    to:write(text)
    to:flush()
  end
end

local function console_out(write)
  return { tty = true, write = function(_, bytes)
    write(bytes)
    return true
  end }
end

-- Input a line at a time, from a file, a function that returns text or nil,
-- or a string. What was not asked for yet waits in `rest`.
local function console_in(from)
  local rest = type(from) == "string" and from or ""
  local fetch = type(from) == "function" and from
    or type(from) ~= "string" and function() return from:read "L" end
    or function() return nil end
  return { tty = true, read = function(_, n)
    if rest == "" then rest = fetch() or "" end
    local bytes = rest:sub(1, n)
    rest = rest:sub(n + 1)
    return bytes
  end }
end

-- A file that exists only here.
local function constant(bytes)
  local at = 0
  return {
    read = function(_, n)
      local part = bytes:sub(at + 1, at + n)
      at = at + #part
      return part
    end,
    seek = function(_, position)
      if position < 0 or position > #bytes then return nil, EINVAL end
      at = position
      return true
    end,
    length = function() return #bytes end
  }
end

local File = {}
File.__index = File

-- C wants a seek between reading and writing the same stream.
function File:turn(direction)
  if self.last and self.last ~= direction then self.file:seek("cur", 0) end
  self.last = direction
end

function File:read(n)
  self:turn "read"
  local bytes, _, code = self.file:read(n)
  if not bytes and code then return nil, code end
  return bytes or ""
end

function File:write(bytes)
  self:turn "write"
  local ok, _, code = self.file:write(bytes)
  return ok and true, code
end

function File:seek(position)
  local ok, _, code = self.file:seek("set", position)
  return ok and true, code
end

function File:length()
  local at = self.file:seek()
  local size, _, code = self.file:seek "end"
  self.file:seek("set", at or 0)
  return size, code
end

function File:close()
  local ok, _, code = self.file:close()
  return ok and true, code
end

-- Guest memory --------------------------------------------------------------
--
-- Methods of the session. A call that meets an address outside RAM ends by
-- raising `fault`, which serve() turns into errno EFAULT.

local fault = setmetatable({}, { __name = "semihosting fault" })

local Session = {}
Session.__index = Session

local function try(fn, ...)
  local ok, result = pcall(fn, ...)
  if not ok then error(fault, 0) end
  return result
end

function Session:fetch(addr, n) return try(self.vm.read, self.vm, addr, n) end

function Session:store(addr, bytes)
  try(self.vm.write, self.vm, addr, bytes)
end

function Session:word(addr, i)
  return try(self.vm.read_i64, self.vm, addr + 8 * i)
end

function Session:set_word(addr, i, value)
  try(self.vm.write_i64, self.vm, addr + 8 * i, value)
end

-- A file name of the guest: an address and a length.
function Session:name(addr, length)
  if length < 0 or length > 4096 then error(fault, 0) end
  return self:fetch(addr, length)
end

-- Its path under the root, or nil and the reason.
function Session:path(name)
  if not self.root then return nil, EACCES end
  if name == "" then return nil, ENOENT end
  if name:find "%z" or name:find "^/" then return nil, EACCES end
  for part in name:gmatch "[^/]+" do
    if part == ".." then return nil, EACCES end
  end
  return self.root .. "/" .. name
end

-- Files ---------------------------------------------------------------------

local MODES = { [0] = "r", "rb", "r+", "r+b", "w", "wb", "w+", "w+b", "a",
  "ab", "a+", "a+b" }

-- SHFB, then bit 0: SYS_EXIT_EXTENDED, bit 1: :tt opens stdout and stderr.
local FEATURES = "SHFB\3"

function Session:stream(name, mode)
  if name == ":tt" then
    return mode < 4 and self.input or mode < 8 and self.output or self.errors
  elseif name == ":semihosting-features" then
    if mode > 1 then return nil, EACCES end
    return constant(FEATURES)
  end
  local path, code = self:path(name)
  if not path then return nil, code end
  if self.readonly and mode > 1 then return nil, EROFS end
  local file
  file, path, code = io.open(path, MODES[mode])
  if not file then return nil, code end
  file:setvbuf "no"                     -- other handles see what is written
  return setmetatable({ file = file }, File)
end

-- The stream of a handle with that method, or nil and the reason.
function Session:handle(number, method)
  local stream = self.handles[number]
  if not stream then return nil, EBADF end
  if method and not stream[method] then return nil, EINVAL end
  return stream
end

-- Operations ----------------------------------------------------------------
--
-- op[number](session, x1, cpu) -> x0, or nil and the errno.

local op = {}

op[0x01] = function(self, block)                        -- SYS_OPEN
  local name = self:name(self:word(block, 0), self:word(block, 2))
  local mode = self:word(block, 1)
  if not MODES[mode] then return nil, EINVAL end
  for number = 1, HANDLES do
    if not self.handles[number] then
      local stream, code = self:stream(name, mode)
      if not stream then return nil, code end
      self.handles[number] = stream
      return number
    end
  end
  return nil, EMFILE
end

op[0x02] = function(self, block)                        -- SYS_CLOSE
  local number = self:word(block, 0)
  local stream, code = self:handle(number)
  if not stream then return nil, code end
  self.handles[number] = nil
  if not stream.close then return 0 end
  local ok
  ok, code = stream:close()
  return ok and 0, code
end

op[0x03] = function(self, addr)                         -- SYS_WRITEC
  self.output:write(self:fetch(addr, 1))
  return 0
end

op[0x04] = function(self, addr)                         -- SYS_WRITE0
  self.output:write(try(self.vm.cstring, self.vm, addr))
  return 0
end

-- The bytes that were not written, counted by whole chunks.
op[0x05] = function(self, block)                        -- SYS_WRITE
  local from, left = self:word(block, 1), self:word(block, 2)
  local stream, code = self:handle(self:word(block, 0), "write")
  if left < 0 then return nil, EINVAL end
  if not stream then return left, code end
  while left > 0 do
    local bytes = self:fetch(from, math.min(left, CHUNK))
    local ok
    ok, code = stream:write(bytes)
    if not ok then return left, code end
    from, left = from + #bytes, left - #bytes
  end
  return left
end

-- The bytes that were not read: 0 if all, the whole count at the end.
op[0x06] = function(self, block)                        -- SYS_READ
  local to, left = self:word(block, 1), self:word(block, 2)
  local stream, code = self:handle(self:word(block, 0), "read")
  if not stream then return nil, code end
  if left < 0 then return nil, EINVAL end
  while left > 0 do
    local wanted = math.min(left, CHUNK)
    local bytes
    self:fetch(to, wanted)              -- nothing is read that has no room
    bytes, code = stream:read(wanted)
    if not bytes then return nil, code end
    self:store(to, bytes)
    to, left = to + #bytes, left - #bytes
    if #bytes < wanted then break end
  end
  return left
end

op[0x07] = function(self)                               -- SYS_READC
  return self.input:read(1):byte() or -1
end

op[0x08] = function(self, block)                        -- SYS_ISERROR
  return self:word(block, 0) < 0 and 1 or 0
end

op[0x09] = function(self, block)                        -- SYS_ISTTY
  local stream, code = self:handle(self:word(block, 0))
  if not stream then return nil, code end
  return stream.tty and 1 or 0
end

op[0x0a] = function(self, block)                        -- SYS_SEEK
  local stream, code = self:handle(self:word(block, 0), "seek")
  if not stream then return nil, code end
  local ok
  ok, code = stream:seek(self:word(block, 1))
  return ok and 0, code
end

op[0x0c] = function(self, block)                        -- SYS_FLEN
  local stream, code = self:handle(self:word(block, 0), "length")
  if not stream then return nil, code end
  return stream:length()
end

op[0x0e] = function(self, block)                        -- SYS_REMOVE
  local path, code = self:path(self:name(self:word(block, 0),
    self:word(block, 1)))
  if not path then return nil, code end
  if self.readonly then return nil, EROFS end
  local ok
  ok, path, code = os.remove(path)
  return ok and 0, code
end

op[0x0f] = function(self, block)                        -- SYS_RENAME
  local from, code = self:path(self:name(self:word(block, 0),
    self:word(block, 1)))
  if not from then return nil, code end
  local to
  to, code = self:path(self:name(self:word(block, 2), self:word(block, 3)))
  if not to then return nil, code end
  if self.readonly then return nil, EROFS end
  local ok
  ok, to, code = os.rename(from, to)
  return ok and 0, code
end

op[0x10] = function(self)                               -- SYS_CLOCK
  return self.vm.time // 10000000       -- hundredths of a second
end

op[0x11] = function(self)                               -- SYS_TIME
  return self.time + self.vm.time // 1000000000
end

op[0x13] = function(self) return self.errno end         -- SYS_ERRNO

op[0x15] = function(self, block)                        -- SYS_GET_CMDLINE
  local to, room, text = self:word(block, 0), self:word(block, 1), self.cmdline
  if room <= #text then return nil, EINVAL end
  self:store(to, text .. "\0")
  self:set_word(block, 1, #text)
  return 0
end

-- Heap and stack share what the images leave of the RAM that pc is in: one
-- grows up from their end, the other down from the end of the RAM.
op[0x16] = function(self, addr, cpu)                    -- SYS_HEAPINFO
  local block, low, high = self:word(addr, 0), 0, 0
  for _, ram in ipairs(self.vm.memory) do
    if ram.kind == "ram" and math.ult(cpu.pc - ram.base, ram.size) then
      low, high = ram.base, ram.base + ram.size
    end
  end
  for _, loaded in ipairs(core._images(self.vm)) do
    local stop = loaded.addr + loaded.size + 15 & -16
    if stop > low and stop < high then low = stop end
  end
  for i, value in ipairs { low, high, high, low } do
    self:set_word(block, i - 1, value)
  end
  return 0
end

op[0x30] = function(self, addr)                         -- SYS_ELAPSED
  self:set_word(addr, 0, self.vm.time)
  return 0
end

op[0x31] = function() return 1000000000 end             -- SYS_TICKFREQ

-- SYS_EXIT, SYS_EXIT_EXTENDED: the same block of two words in AArch64.
local function exit(self, block, cpu)
  local normal = self:word(block, 0) == APPLICATION_EXIT
  self.ended = { cpu = cpu, status = normal and self:word(block, 1) or 1 }
end

op[0x18], op[0x20] = exit, exit

-- The session ---------------------------------------------------------------

-- Some other undefined instruction: the script's, or the guest's exception.
local function other(self, cpu, word)
  if self.undefined then return self.undefined(cpu, word) end
  return false
end

-- One call, to its end: what the "undefined" handler returns.
local function serve(self, cpu, word)
  if word ~= HLT then return other(self, cpu, word) end
  local operation = op[cpu.w0]
  local ok, result, code = true, nil, ENOSYS
  if operation then ok, result, code = pcall(operation, self, cpu.x1, cpu) end
  if not ok and result ~= fault then error(result, 0) end
  if not ok then result, code = nil, EFAULT end
  if self.ended then return nil end
  if code then self.errno = code end
  cpu.x0 = result or -1
  return true
end

-- As vm:run. A guest that has ended by SYS_EXIT comes back as `shutdown`,
-- reason `exit`, with its status, pc at the hlt.
function Session:run(limits)
  local exit_ = self.vm:run(limits)
  local ended = self.ended
  self.ended = nil
  if ended and exit_.kind == "undefined" and exit_.cpu == ended.cpu then
    exit_.kind, exit_.reason, exit_.status = "shutdown", "exit", ended.status
  end
  return exit_
end

-- Closes the guest's files and gives undefined instructions back.
function Session:close()
  for number, stream in pairs(self.handles) do
    if stream.close then stream:close() end
    self.handles[number] = nil
  end
  if self.vm then pcall(self.vm.on, self.vm, "undefined", nil) end
  self.vm = nil
end

Session.__close = Session.close

local OPTIONS = { root = "string", readonly = "boolean", cmdline = "string",
  time = "number", undefined = "function", input = true, output = true,
  errors = true }

local function check(options)
  for name, value in pairs(options) do
    local want = OPTIONS[name]
    if not want then
      local near = core._nearest(tostring(name), OPTIONS)
      error(("semihosting has no option '%s'%s"):format(tostring(name),
        near and "; did you mean '" .. near .. "'?" or ""), 3)
    elseif want ~= true and type(value) ~= want then
      error(("semihosting %s must be a %s, not %s"):format(name, want,
        type(value)), 3)
    end
  end
end

-- attach(vm [, options]) -> session, or nil, message, code.
--   root      directory of the guest's files; none: there are no files
--   readonly  true: the guest may not write, remove or rename them
--   input     file, string, or function that returns text (io.stdin)
--   output, errors   files, or functions of a string (io.stdout, io.stderr)
--   cmdline   what SYS_GET_CMDLINE gives ("")
--   time      seconds since 1970 at the VM's time 0 (now)
--   undefined function(cpu, word) for other undefined instructions
function M.attach(vm, options)
  options = options or {}
  check(options)
  local self = setmetatable({
    vm = vm, handles = {}, errno = 0, root = options.root,
    readonly = options.readonly, cmdline = options.cmdline or "",
    time = math.tointeger(options.time or os.time()) or 0,
    undefined = options.undefined,
    input = console_in(options.input or io.stdin),
    output = console_out(writer(options.output or io.stdout)),
    errors = console_out(writer(options.errors or io.stderr))
  }, Session)
  local ok, message, code = vm:on("undefined", function(cpu, word)
    return serve(self, cpu, word)
  end)
  if not ok then return nil, message, code end
  return self
end

return M
