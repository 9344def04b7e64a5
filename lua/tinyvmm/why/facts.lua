-- SPDX-License-Identifier: MIT
--
-- What a rule may ask about an exit. A fault carries its registers and the
-- neighbouring regions (packed by bind_exit.c); everything else (system
-- registers, memory, the registers of other exits) is read from the vCPU when
-- `why` is, and only while the vCPU still stands where the exit left it: a
-- fact that can no longer be known is nil, and a rule that needs it does not
-- apply. So no exit pays for sentences that nobody reads.

local core = require "tinyvmm.core"
local image = require "tinyvmm.image"
local insn = require "tinyvmm.why.insn"

local Facts = {}
Facts.__index = Facts

local KINDS = { [0] = "RAM", "ROM", "MMIO", "MMIO" }     -- and the GIC

-- A region as rules see it: base, last, kind, prot, and a name to print.
local function as_region(base, size, kind, prot)
  local last = base + size - 1
  return { base = base, last = last, kind = kind, prot = prot,
    name = ("%s %#x-%#x"):format(kind, base, last) }
end

local function unpack_region(words, from)
  local base, size, kind, prot = table.unpack(words, from, from + 3)
  if size == 0 then return nil end
  return as_region(base, size, KINDS[kind], (prot & 1 ~= 0 and "r" or "")
    .. (prot & 2 ~= 0 and "w" or "") .. (prot & 4 ~= 0 and "x" or ""))
end

-- Whether the vCPU is where the exit left it: at its pc, or behind it after an
-- hvc or wfi, with no step taken since.
local function still_there(e)
  local ok, there = pcall(function()
    local cpu = e.cpu
    local moved = cpu.pc - e.pc
    return (moved == 0 or moved == 4)
      and (not e.icount or cpu.icount == e.icount)
  end)
  return ok and there
end

function Facts.of(e)
  local f = setmetatable({ e = e, x = {} }, Facts)
  if not e.cpu then return f end
  f.live = still_there(e)
  local packed = core._facts(e)
  if packed then
    local words = { string.unpack(("<" .. ("i8"):rep(#packed // 8)), packed) }
    for i = 0, 30 do f.x[i] = words[i + 1] end
    f.x.sp = words[32]
    f.there = unpack_region(words, 33)
    f.below, f.above = unpack_region(words, 37), unpack_region(words, 41)
  elseif f.live then
    for i = 0, 30 do f.x[i] = f:sys("x" .. i) end
    f.x.sp = f:sys "sp"
  end
  f.insn = f:decode(e.insn, e.pc)
  return f
end

-- Whether the CPU is ours: only then steps are counted.
function Facts:ours() return self.e.icount ~= nil end

-- On the host's CPU an exception without vectors has overwritten these: they
-- tell of itself, and no more of what was before.
local SPOILED = { elr_el1 = true, spsr_el1 = true, esr_el1 = true,
  far_el1 = true }

-- Faults that are no exceptions of the guest; on kvm a fetch is always one.
local OUTSIDE = { unmapped = true, ["read-only"] = true, protected = true,
  unsupported = true, puts = true }

local function spoiled(e)
  if e.icount or e.kind ~= "fault" and e.kind ~= "brk" then return false end
  return not OUTSIDE[e.reason]
    or e.access == "x" and e.cpu.vm.backend == "kvm"
end

-- A register of the vCPU by name, nil if it cannot be known.
function Facts:sys(name)
  if not self.live or SPOILED[name] and spoiled(self.e) then return nil end
  local ok, value = pcall(function() return self.e.cpu[name] end)
  return ok and value or nil
end

-- Whether the vCPU has executed nothing. Where nobody counts, whether it stands
-- where vm:vcpu has put it: what fails there now has failed at the start.
function Facts:first()
  local e = self.e
  if e.icount then return e.icount == 0 end
  return self.live and core._start(e.cpu) == e.pc and self.x[30] ~= e.pc
end

-- The exception level, 0 or 1, if it is known.
function Facts:level()
  local pstate = self:sys "pstate"
  return pstate and pstate >> 2 & 3
end

-- The value of an operand's register: "x3", "w3" (its lower half), "sp".
function Facts:value(name)
  if not name then return nil end
  if name == "sp" or name == "wsp" then return self.x.sp end
  if name:find "^[xw]zr$" then return 0 end
  local letter, n = name:match "^([xw])(%d+)$"
  local value = n and self.x[math.tointeger(n)]
  if value and letter == "w" then value = value & 0xffffffff end
  return value
end

-- Memory --------------------------------------------------------------------

-- The word at an address, nil where none can be read.
function Facts:word(addr)
  if not self.live then return nil end
  local ok, word = pcall(function()
    return self.e.cpu.vm:read_u32(addr)
  end)
  return ok and word or nil
end

function Facts:long(addr)
  if not self.live then return nil end
  local ok, value = pcall(function()
    return self.e.cpu.vm:read_u64(addr)
  end)
  return ok and value or nil
end

function Facts:regions()
  if self.list then return self.list end
  self.list = {}
  local ok, list = pcall(function() return self.e.cpu.vm.memory end)
  for _, m in ipairs(self.live and ok and list or {}) do
    self.list[#self.list + 1] = as_region(m.base, m.size, m.kind:upper(),
      m.prot or "rw")
  end
  return self.list
end

-- The region that holds an address.
function Facts:region(addr)
  for _, r in ipairs(self:regions()) do
    if not math.ult(addr, r.base) and not math.ult(r.last, addr) then
      return r
    end
  end
end

-- The first RAM.
function Facts:ram()
  for _, r in ipairs(self:regions()) do
    if r.kind == "RAM" then return r end
  end
end

-- "the nearest is RAM 0-0xffff"
function Facts:nearest()
  local near, below, above = self.below or self.above, self.below, self.above
  if not near then return "the vm has no memory at all" end
  if below and above and math.ult(above.base - self.e.addr,
     self.e.addr - below.last) then
    near = above
  end
  return "the nearest is " .. near.name
end

-- Images --------------------------------------------------------------------

-- The newest image that covers an address: {image=, addr=, size=}.
function Facts:image(addr)
  if not self.e.cpu then return nil end
  local images = core._images(self.e.cpu)
  for i = #images, 1, -1 do
    local offset = addr - images[i].addr
    if offset >= 0 and offset < images[i].size then return images[i] end
  end
end

function Facts:images()
  return self.e.cpu and core._images(self.e.cpu) or {}
end

-- The bytes that were loaded at [addr, addr + n), as far as an image knows.
function Facts:loaded(addr, n)
  local rec = self:image(addr)
  if not rec then return nil end
  for _, s in ipairs(rec.image.segments or {}) do
    local offset = addr - s.addr
    if offset >= 0 and offset + n <= #s.bytes then
      return s.bytes:sub(offset + 1, offset + n)
    end
  end
  if rec.image.segments then return nil end
  local ok, bytes = pcall(rec.image.bytes_at, rec.image, rec.addr)
  local offset = addr - rec.addr
  if not ok or offset + n > #bytes then return nil end
  return bytes:sub(offset + 1, offset + n)
end

function Facts:loaded_word(addr)
  local bytes = self:loaded(addr, 4)
  return bytes and string.unpack("<I4", bytes)
end

-- The bytes of all images, as they were loaded: a list of strings.
function Facts:contents()
  local list = {}
  for _, rec in ipairs(self:images()) do
    for _, s in ipairs(rec.image.segments or {}) do
      list[#list + 1] = s.bytes
    end
    local ok, bytes = pcall(rec.image.bytes_at, rec.image, rec.addr)
    if ok then list[#list + 1] = bytes end
  end
  return list
end

-- The section (of an assembled image) that holds an address: "text", "data",
-- "bss" or what its kind is.
function Facts:section(addr)
  local rec = self:image(addr)
  for _, s in ipairs(rec and rec.image.sections or {}) do
    if addr - rec.addr >= s.offset and addr - rec.addr < s.offset + s.size then
      return s.name
    end
  end
end

-- Every symbol of every image: calls fn(name, address).
function Facts:each_symbol(fn)
  for _, rec in ipairs(self:images()) do
    local names = {}
    for name in pairs(rec.image.symbols or {}) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
      local moved = rec.addr - (rec.image.addr or rec.addr)
      fn(name, rec.image.symbols[name] + moved)
    end
  end
end

-- Words ---------------------------------------------------------------------

-- "0x10008 (main+8)"
function Facts:show(addr) return image.show(self.e.cpu, addr) end

function Facts:decode(word, pc)
  return insn.decode(word, pc, self.e.cpu)
end

-- The instruction at an address, nil where none can be read.
function Facts:at(addr)
  local word = self:word(addr)
  return word and self:decode(word, addr)
end

-- "str x0, [x1] at 0x4 (start+4)"
function Facts:where()
  return self.insn.text .. " at " .. self:show(self.e.pc)
end

return Facts
