-- SPDX-License-Identifier: MIT
--
-- Semihosting, operation by operation: what a guest gets for good and bad
-- arguments, the fence around its files, and the script's side of it.

local shell = require "shell"
local test = require "tap"
require "backend".only_file("soft", "undefined instructions must come to us")
local tv = require "tinyvmm"
local semihosting = require "tinyvmm.semihosting"

local slurp, spill = shell.slurp, shell.spill

local CODE, BLOCK, DATA = 0x10000, 0x20000, 0x30000
local OPEN, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISERROR, ISTTY, SEEK,
  FLEN, TMPNAM, REMOVE, RENAME, CLOCK, TIME, SYSTEM, ERRNO, CMDLINE, HEAPINFO,
  EXIT, EXTENDED, ELAPSED, TICKFREQ = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13,
  14, 15, 16, 17, 18, 0x13, 0x15, 0x16, 0x18, 0x20, 0x30, 0x31
local EBADF, EACCES, EFAULT, EINVAL, EMFILE, EROFS, ENOSYS = 9, 13, 14, 22,
  24, 30, 38

-- A guest that makes whatever call the test puts into its registers. What it
-- says is in .out and .err; `options` are those of attach.
local Machine = {}
Machine.__index = Machine

local function machine(options)
  local m = setmetatable({ out = "", err = "" }, Machine)
  local given = { output = function(s) m.out = m.out .. s end,
    errors = function(s) m.err = m.err .. s end, input = "" }
  for k, v in pairs(options or {}) do given[k] = v end
  m.vm = assert(tv.vm {})
  m.vm:load(CODE, tv.asm "_start: hlt #0xf000; hvc #1")
  m.cpu = assert(m.vm:vcpu {})
  m.session = assert(semihosting.attach(m.vm, given))
  return m
end

function Machine:__close()
  self.session:close()
  self.vm:close()
end

-- x0 of one call, with x1 as it is.
function Machine:raw(operation, x1)
  self.cpu.pc, self.cpu.x0, self.cpu.x1 = CODE, operation, x1 or 0
  local exit = self.session:run(10)
  assert(exit.imm == 1, exit.why)
  return self.cpu.x0
end

-- With a block of words; strings go to memory and become address, length.
function Machine:call(operation, ...)
  local words, at = {}, DATA
  for _, value in ipairs { ... } do
    if type(value) == "string" then
      self.vm:write(at, value .. "\0")
      words[#words + 1] = at
      words[#words + 1] = #value
      at = at + #value + 1
    else
      words[#words + 1] = value
    end
  end
  for i, word in ipairs(words) do
    self.vm:write_i64(BLOCK + 8 * (i - 1), word)
  end
  return self:raw(operation, BLOCK)
end

function Machine:open(name, mode)
  self.vm:write(DATA, name)
  return self:call(OPEN, DATA, mode, #name)
end

-- x0 = -1 and that errno.
function Machine:refuses(t, errno, result)
  t.eq(result, -1)
  t.eq(self:raw(ERRNO), errno)
end

-- A temporary directory, removed by the to-be-closed object it comes in.
local function directory()
  local path = os.tmpname()
  os.remove(path)
  path = path .. ".d"
  assert(os.execute("mkdir " .. path))
  return setmetatable({ path = path }, { __close = function()
    os.execute("rm -rf " .. path)
  end })
end

-- Console -------------------------------------------------------------------

test("characters and strings go to the output", function(t)
  local m <close> = machine()
  m.vm:write(DATA, "hello\0x")
  t.eq(m:raw(WRITEC, DATA + 6), 0)
  t.eq(m:raw(WRITE0, DATA), 0)
  t.eq(m.out, "xhello")
end)

test(":tt is input, output or errors by its mode", function(t)
  local m <close> = machine { input = "first line\nsecond" }
  local input, output, errors = m:open(":tt", 0), m:open(":tt", 4),
    m:open(":tt", 8)
  t.eq({ input, output, errors }, { 1, 2, 3 })
  for handle = 1, 3 do t.eq(m:call(ISTTY, handle), 1) end
  t.eq(m:call(WRITE, output, "to output"), 0)
  t.eq(m:call(WRITE, errors, "to errors"), 0)
  t.eq({ m.out, m.err }, { "to output", "to errors" })
  t.eq(m:call(READ, input, DATA, 100), 100 - #"first line\nsecond")
  m:refuses(t, EINVAL, m:call(READ, output, DATA, 1))
  m:refuses(t, EINVAL, m:call(SEEK, output, 0))
  m:refuses(t, EINVAL, m:call(FLEN, output))
  t.eq(m:call(WRITE, input, "four"), 4, "none of it was written")
  t.eq(m:call(CLOSE, output), 0)
  m:refuses(t, EBADF, m:call(ISTTY, output))
end)

test("input comes by lines, characters, and ends", function(t)
  local lines = { "ab\n", "c" }
  local m <close> = machine { input = function()
    return table.remove(lines, 1)
  end }
  local handle = m:open(":tt", 0)
  t.eq(m:call(READ, handle, DATA, 10), 7)
  t.eq(m.vm:read(DATA, 3), "ab\n")
  t.eq(m:raw(READC), ("c"):byte())
  t.eq(m:raw(READC), -1)
  t.eq(m:call(READ, handle, DATA, 10), 10)
end)

test("input may be a file", function(t)
  local path = t.tmpname()
  spill(path, "one\ntwo\n")
  local file <close> = assert(io.open(path))
  local m <close> = machine { input = file }
  local handle = m:open(":tt", 1)
  t.eq(m:call(READ, handle, DATA, 2), 0)
  t.eq(m:call(READ, handle, DATA + 2, 10), 8)
  t.eq(m.vm:read(DATA, 4), "one\n")
end)

-- Files ---------------------------------------------------------------------

test("a file is written, measured, sought and read", function(t)
  local dir <close> = directory()
  local m <close> = machine { root = dir.path }
  local handle = m:open("file", 6)                      -- w+
  t.eq(m:call(ISTTY, handle), 0)
  t.eq(m:call(WRITE, handle, "0123456789"), 0)
  t.eq(m:call(FLEN, handle), 10)
  t.eq(m:call(SEEK, handle, 4), 0)
  t.eq(m:call(READ, handle, DATA, 3), 0)
  t.eq(m.vm:read(DATA, 3), "456")
  t.eq(m:call(WRITE, handle, "xy"), 0, "writing after reading")
  t.eq(m:call(READ, handle, DATA, 5), 4)
  t.eq(m.vm:read(DATA, 1), "9")
  t.eq(m:call(READ, handle, DATA, 5), 5, "the end of the file")
  m:refuses(t, EINVAL, m:call(SEEK, handle, -1))
  m:refuses(t, EINVAL, m:call(READ, handle, DATA, -1))
  m:refuses(t, EINVAL, m:call(WRITE, handle, DATA, -1))
  t.eq(m:call(CLOSE, handle), 0)
  m:refuses(t, EBADF, m:call(CLOSE, handle))
  t.eq(slurp(dir.path .. "/file"), "0123456xy9")

  handle = m:open("file", 8)                            -- a
  t.eq(m:call(WRITE, handle, "!"), 0)
  m:refuses(t, EBADF, m:call(READ, handle, DATA, 1))
  t.eq(m:call(CLOSE, handle), 0)
  t.eq(slurp(dir.path .. "/file"), "0123456xy9!")
end)

test("what one handle writes another reads at once", function(t)
  local dir <close> = directory()
  local m <close> = machine { root = dir.path }
  local to, from = m:open("file", 4), m:open("file", 0)
  t.eq(m:call(READ, from, DATA, 4), 4)
  t.eq(m:call(WRITE, to, "text"), 0)
  t.eq(m:call(READ, from, BLOCK + 64, 4), 0)
  t.eq(m.vm:read(BLOCK + 64, 4), "text")
end)

test("more than a chunk is copied whole", function(t)
  local dir <close> = directory()
  local m <close> = machine { root = dir.path }
  local bytes = ("guest "):rep(30000)
  m.vm:write(0x40000, bytes)
  local handle = m:open("big", 4)
  t.eq(m:call(WRITE, handle, 0x40000, #bytes), 0)
  t.eq(m:call(CLOSE, handle), 0)
  t.ok(slurp(dir.path .. "/big") == bytes)
  handle = m:open("big", 0)
  t.eq(m:call(READ, handle, 0x80000, #bytes + 5), 5)
  t.ok(m.vm:read(0x80000, #bytes) == bytes)
end)

test("files are removed and renamed", function(t)
  local dir <close> = directory()
  local m <close> = machine { root = dir.path }
  spill(dir.path .. "/a", "text")
  t.eq(m:call(RENAME, "a", "b"), 0)
  t.eq(slurp(dir.path .. "/b"), "text")
  m:refuses(t, 2, m:call(RENAME, "a", "c"))
  t.eq(m:call(REMOVE, "b"), 0)
  m:refuses(t, 2, m:call(REMOVE, "b"))
  m:refuses(t, 2, m:open("b", 0))
end)

test("no name leads out of the directory", function(t)
  local dir <close> = directory()
  assert(os.execute("mkdir " .. dir.path .. "/in"))
  spill(dir.path .. "/secret", "")
  local m <close> = machine { root = dir.path .. "/in" }
  for _, name in ipairs { "../secret", "x/../../secret", "..", "/etc/passwd",
      dir.path .. "/secret", "a\0b", "./../secret" } do
    m:refuses(t, EACCES, m:open(name, 0))
    m:refuses(t, EACCES, m:open(name, 4))
    m:refuses(t, EACCES, m:call(REMOVE, name))
    m:refuses(t, EACCES, m:call(RENAME, name, "b"))
    m:refuses(t, EACCES, m:call(RENAME, "b", name))
  end
  m:refuses(t, 2, m:open("", 0))
  m:refuses(t, EFAULT, m:call(OPEN, DATA, 0, 1 << 40))
  m:refuses(t, EFAULT, m:call(OPEN, DATA, 0, -1))
  t.eq(slurp(dir.path .. "/secret"), "")
  t.ok(m:open("..well", 4) > 0, "only a component of two dots is refused")
end)

test("without a root there are no files", function(t)
  local m <close> = machine()
  m:refuses(t, EACCES, m:open("README.md", 0))
  m:refuses(t, EACCES, m:call(REMOVE, "README.md"))
end)

test("readonly refuses every change", function(t)
  local dir <close> = directory()
  spill(dir.path .. "/a", "text")
  local m <close> = machine { root = dir.path, readonly = true }
  for mode = 2, 11 do m:refuses(t, EROFS, m:open("a", mode)) end
  m:refuses(t, EROFS, m:call(REMOVE, "a"))
  m:refuses(t, EROFS, m:call(RENAME, "a", "b"))
  t.eq(m:call(READ, m:open("a", 1), DATA, 4), 0)
  t.eq(slurp(dir.path .. "/a"), "text")
end)

test("handles are limited and used again", function(t)
  local m <close> = machine()
  for i = 1, 32 do t.eq(m:open(":tt", 4), i) end
  m:refuses(t, EMFILE, m:open(":tt", 4))
  t.eq(m:call(CLOSE, 7), 0)
  t.eq(m:open(":tt", 4), 7)
  for _, bad in ipairs { 0, -1, 33, math.maxinteger } do
    m:refuses(t, EBADF, m:call(CLOSE, bad))
    m:refuses(t, EBADF, m:call(SEEK, bad, 0))
    m:refuses(t, EBADF, m:call(FLEN, bad))
    m:refuses(t, EBADF, m:call(READ, bad, DATA, 1))
    t.eq(m:call(WRITE, bad, "abc"), 3)
    t.eq(m:raw(ERRNO), EBADF)
  end
  m:refuses(t, EINVAL, m:open(":tt", 12))
  m:refuses(t, EINVAL, m:open(":tt", -1))
end)

test("the features file says what the extensions are", function(t)
  local m <close> = machine()
  local handle = m:open(":semihosting-features", 0)
  t.eq(m:call(FLEN, handle), 5)
  t.eq(m:call(READ, handle, DATA, 8), 3)
  t.eq(m.vm:read(DATA, 5), "SHFB\3")
  t.eq(m:call(SEEK, handle, 4), 0)
  t.eq(m:call(READ, handle, DATA, 1), 0)
  m:refuses(t, EINVAL, m:call(SEEK, handle, 6))
  m:refuses(t, EACCES, m:open(":semihosting-features", 4))
end)

-- Time, start and end -------------------------------------------------------

test("time is the virtual time", function(t)
  local m <close> = machine { time = 1000 }
  t.eq(m:raw(TIME), 1000)
  t.eq(m:raw(TICKFREQ), 1000000000)
  m.cpu.cntv_cval_el0, m.cpu.cntv_ctl_el0 = 62500000 * 3, 1
  m.vm:load(CODE + 8, tv.asm "wfi; hvc #4")
  m.cpu.pc = CODE + 8
  t.eq(m.vm:run(10).imm, 4)                             -- three seconds
  local now = m.vm.time
  t.ok(now >= 3000000000 and now < 3000000100, now)
  t.eq(m:raw(CLOCK), 300)
  t.eq(m:raw(TIME), 1003)
  t.eq(m:raw(ELAPSED, DATA), 0)
  t.ok(m.vm:read_i64(DATA) - now < 10)
end)

test("TIME begins with the host's clock", function(t)
  local m <close> = machine()
  t.ok(m:raw(TIME) - os.time() <= 1)
end)

test("the command line has room or is refused", function(t)
  local m <close> = machine { cmdline = "guest -v" }
  m:refuses(t, EINVAL, m:call(CMDLINE, DATA, 8))
  t.eq(m:call(CMDLINE, DATA, 9), 0)
  t.eq(m.vm:cstring(DATA), "guest -v")
  t.eq(m.vm:read_i64(BLOCK + 8), 8)
end)

test("heap and stack are what the image leaves of its RAM", function(t)
  local m <close> = machine()
  m.vm:write_i64(BLOCK, DATA)
  t.eq(m:raw(HEAPINFO, BLOCK), 0)
  t.eq({ m.vm:unpack("<i8i8i8i8", DATA) },
    { 0x10010, 0x100000, 0x100000, 0x10010, DATA + 32 })
end)

test("SYS_EXIT ends the run with its status", function(t)
  local m <close> = machine()
  for _, case in ipairs { { EXIT, 0x20026, 7, 7 }, { EXTENDED, 0x20026, 0, 0 },
      { EXTENDED, 0x20026, -1, -1 }, { EXIT, 0x20023, 7, 1 } } do
    local operation, reason, code, status = table.unpack(case)
    m.vm:write_i64(BLOCK, reason)
    m.vm:write_i64(BLOCK + 8, code)
    m.cpu.pc, m.cpu.x0, m.cpu.x1 = CODE, operation, BLOCK
    local exit = m.session:run(10)
    t.eq({ exit.kind, exit.reason, exit.status, exit.pc },
      { "shutdown", "exit", status, CODE })
    t.ok(exit.why:find("status " .. status, 1, true)
      and exit.why:find("hlt #0xf000 at 0x10000", 1, true), exit.why)
  end
  m.cpu.x0 = EXIT
  t.eq(m.session:run(10).kind, "shutdown", "again, from the same place")
end)

-- Bad guests ----------------------------------------------------------------

test("addresses outside RAM fail the call, not the run", function(t)
  local dir <close> = directory()
  local m <close> = machine { root = dir.path, cmdline = "text" }
  for _, bad in ipairs { 0x100000, 0xfffff, -8, -1, math.mininteger } do
    for _, operation in ipairs { OPEN, CLOSE, WRITE, READ, ISERROR, ISTTY,
        SEEK, FLEN, REMOVE, RENAME, CMDLINE, HEAPINFO, EXIT, EXTENDED,
        ELAPSED } do
      m:refuses(t, EFAULT, m:raw(operation, bad))
    end
    if bad ~= 0xfffff then
      m:refuses(t, EFAULT, m:raw(WRITEC, bad))
      m:refuses(t, EFAULT, m:raw(WRITE0, bad))
    end
    local handle = m:open("f", 6)
    m:refuses(t, EFAULT, m:call(WRITE, handle, bad, 8))
    m:refuses(t, EFAULT, m:call(READ, handle, bad, 8))
    m:refuses(t, EFAULT, m:call(WRITE, handle, 0, math.maxinteger))
    m:refuses(t, EFAULT, m:call(OPEN, bad, 0, 8))
    m:refuses(t, EFAULT, m:call(CMDLINE, bad, 100))
    m:refuses(t, EFAULT, m:call(HEAPINFO, bad))
    t.eq(m:call(CLOSE, handle), 0)
  end
  t.eq(m.out, "")
end)

test("operations that are not served fail", function(t)
  local m <close> = machine()
  for _, operation in ipairs { 0, TMPNAM, SYSTEM, 0x17, 0x100, 0xffffffff } do
    m:refuses(t, ENOSYS, m:raw(operation, BLOCK))
  end
  t.eq(m:call(ISERROR, -1), 1)
  t.eq(m:call(ISERROR, 0), 0)
  t.eq(m:raw(1 << 32 | TICKFREQ), 1000000000, "the operation is in w0")
end)

-- The script's side ---------------------------------------------------------

test("other undefined instructions stay what they are", function(t)
  local m <close> = machine()
  for _, word in ipairs { 0, 0xd45e0020 } do            -- udf, hlt #0xf001
    m.vm:write_u32(CODE + 8, word)
    m.cpu.pc = CODE + 8
    if word == 0 then                                     -- no vectors yet
      local exit = m.session:run(10)
      t.eq({ exit.kind, exit.reason, exit.pc, exit.insn },
        { "fault", "undefined", CODE + 8, word })
    end
    m.cpu.vbar_el1 = CODE + 0x800
    m.vm:load(CODE + 0xa00, tv.asm "hvc #2")            -- from EL1h
    t.eq(m.session:run(10).imm, 2)
    t.eq(m.cpu.elr_el1, CODE + 8)
  end
end)

test("the option `undefined` gets them", function(t)
  local seen
  local m <close> = machine { undefined = function(cpu, word)
    seen = { cpu.pc, word }
    return true
  end }
  m.vm:load(CODE + 8, tv.asm ".inst 0x1234; hvc #3")
  m.cpu.pc = CODE + 8
  t.eq(m.session:run(10).imm, 3)
  t.eq(seen, { CODE + 8, 0x1234 })
  t.eq(m:raw(TICKFREQ), 1000000000)
end)

test("a closed session serves nobody", function(t)
  local m <close> = machine()
  m.session:close()
  m.cpu.pc, m.cpu.x0 = CODE, TICKFREQ
  t.eq(m.vm:run(10).reason, "undefined")
  m.session:close()
end)

test("what the script gets wrong raises", function(t)
  local vm <close> = assert(tv.vm {})
  t.raises("no option 'rot'; did you mean 'root'?", semihosting.attach, vm,
    { rot = "x" })
  t.raises("root must be a string, not boolean", semihosting.attach, vm,
    { root = true })
  local m <close> = machine { output = function() error "no paper" end }
  m.vm:write(DATA, "x\0")
  m.cpu.pc, m.cpu.x0, m.cpu.x1 = CODE, WRITE0, DATA
  t.raises("no paper", m.session.run, m.session, 10)
end)
