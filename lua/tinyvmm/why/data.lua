-- SPDX-License-Identifier: MIT
--
-- Loads and stores to a wrong address. The base register of the access tells
-- the story: was it never set, is it text, an index gone wrong, an address of
-- another machine, the stack? The rules are tried in order; the last of each
-- list always answers.

local insn = require "tinyvmm.why.insn"
local rules = require "tinyvmm.why.rules"
local stack = require "tinyvmm.why.stack"
local values = require "tinyvmm.why.values"

local function bytes(n)
  return n > 0 and ("%d byte%s"):format(n, n == 1 and "" or "s") or "memory"
end

-- "str x0, [x1] at 0x4 wrote 8 bytes to 0x900000"
local function did(e, f)
  local verb, to = "read", "at"
  if e.access == "w" then verb, to = "wrote", "to" end
  return ("%s %s %s %s %s"):format(f:where(), verb, bytes(e.size), to,
    f:show(e.addr))
end

-- The access in short, for sentences with a long ending.
local function tried(e, f)
  return ("%s %s %#x"):format(f:where(), e.access == "w" and "wrote to"
    or "read from", e.addr)
end

-- "x1 (x1 = 0x900000)", of the base register
local function base(f)
  local m = f.insn.mem
  local value = m and f:value(m.base)
  if value then return ("%s (%s = %#x)"):format(m.base, m.base, value) end
  return "the address"
end

-- A rule that gets the memory operand and its base's value, unless there is
-- none.
local function with_base(rule)
  return function(e, f)
    local m = f.insn.mem
    local value = m and f:value(m.base)
    if value then return rule(e, f, m, value) end
  end
end

-- Values of the base that point nowhere -------------------------------------

-- Whether no instruction between the program's start and pc writes it.
local function never_set(e, f, name)
  local rec, n = f:image(e.pc), insn.register(name)
  if not rec or e.pc - rec.addr > 4 * 1024 then return false end
  for addr = rec.addr, e.pc - 4, 4 do
    local i = f:at(addr)
    if not i or insn.writes(i, n) then return false end
  end
  return true
end

local null = with_base(function(e, f, m, value)
  if value ~= 0 then return nil end
  if never_set(e, f, m.base) then
    return ("%s: %s is 0 because nothing has set it yet; load an address into "
      .. "%s first (adr, ldr =label)"):format(tried(e, f), m.base, m.base)
  elseif m.offset and m.offset ~= 0 and e.addr < 0x1000 then
    return ("%s: %s is 0, a null pointer to a structure whose field at offset "
      .. "%d is used; check %s before"):format(tried(e, f), m.base, m.offset,
      m.base)
  elseif e.addr == 0 then
    return ("%s: %s is 0, a null pointer; check it before, or find out who "
      .. "returned or passed 0"):format(tried(e, f), m.base)
  end
end)

local small = with_base(function(e, f, m, value)
  if value <= 0 or value >= 0x1000 or f.there then return nil end
  return ("%s: %s = %#x is a small number, not an address: was it loaded from "
    .. "the wrong place, or is it a count or a field of a null pointer?")
    :format(tried(e, f), m.base, value)
end)

local text = with_base(function(e, f, m, value)
  local what = values.text(value)
  if not what or f:region(value) then return nil end
  return ("%s: %s holds the text \"%s\", not an address: a string was taken "
    .. "for a pointer, or a buffer was overrun into one"):format(tried(e, f),
    m.base, what)
end)

local filler = with_base(function(e, f, m, value)
  if not values.filler(value) then return nil end
  return ("%s: %s = %#x is a filler, put into memory that is not set or no "
    .. "longer used: the pointer was read before it was set, or after its "
    .. "memory was freed"):format(tried(e, f), m.base, value)
end)

local swapped = with_base(function(e, f, m, value)
  local turned = values.swap64(value)
  if value >> 32 == 0 then turned = values.swap32(value) end
  if turned == value or not f:image(turned) then return nil end
  return ("%s: %s = %#x is the address %#x with its bytes in the wrong order "
    .. "(big-endian); turn it round with rev"):format(tried(e, f), m.base,
    value, turned)
end)

local extended = with_base(function(e, f, m, value)
  local low = value & 0xffffffff
  if value >> 31 ~= 0x1ffffffff or not f:region(low) then return nil end
  return ("%s: %s = %#x is the address %#x with its sign bit copied into the "
    .. "upper half; load 32-bit addresses by ldr w, not ldrsw or sxtw")
    :format(tried(e, f), m.base, value, low)
end)

local half = with_base(function(e, f, m, value)
  local low = value & 0xffffffff
  if value >> 32 == 0 or low == 0 or not f:region(low) then return nil end
  return ("%s: the lower half of %s = %#x is an address, the upper half is "
    .. "not: was a 32-bit value loaded as 64 bits?"):format(tried(e, f),
    m.base, value)
end)

local kernel = with_base(function(e, f, m, value)
  if value >> 48 ~= 0xffff then return nil end
  return ("%s: %s = %#x is a virtual address of a kernel, which means nothing "
    .. "while the MMU is off; use physical addresses"):format(tried(e, f),
    m.base, value)
end)

-- Indexes -------------------------------------------------------------------

-- So far from the end of memory an access still belongs to what lies there.
local AROUND = 0x10000

local index = with_base(function(e, f, m, value)
  local n = m.index and f:value(m.index)
  if not n or not f:region(value) then return nil end
  local how = ("the base %s = %#x is good, but"):format(m.base, value)
  local signed = m.extend == "sxtw" or m.extend == "sxtx"
  if n >> 31 == 1 and not signed then
    return ("%s: %s the index %s = %#x is %d taken as unsigned; extend it by "
      .. "sxtw, or keep it from going below 0"):format(tried(e, f), how,
      m.index, n, n - (1 << 32))
  end
  if m.index:find "^w" then n = (n ~ 1 << 31) - (1 << 31) end
  local past = f.below and e.addr - f.below.last
  if n > 0 and past and not math.ult(AROUND, past) then
    return ("%s, just past the end of %s: the index %s = %d ran over the end "
      .. "of the array at %s; check the loop's limit"):format(tried(e, f),
      f.below.name, m.index, n, f:show(value))
  elseif n < 0 then
    return ("%s: %s the index %s = %d is negative; check it before"):format(
      tried(e, f), how, m.index, n)
  end
  return ("%s: %s the index %s = %d leads past the end of memory; is it a "
    .. "count of elements?"):format(tried(e, f), how, m.index, n)
end)

-- Addresses of another machine ----------------------------------------------

local function linked_elsewhere(e, f)
  for _, rec in ipairs(f:images()) do
    for _, base_addr in ipairs(values.LINK_BASES) do
      local offset = e.addr - base_addr
      if rec.image.format == "raw" and base_addr ~= rec.addr
         and offset >= 0 and offset < rec.size then
        return ("%s: the program seems to be linked for %#x, but is loaded at "
          .. "%#x; load it by vm:load(%#x, ...)"):format(tried(e, f),
          base_addr, rec.addr, base_addr)
      end
    end
  end
end

local function device(e, f)
  local what, remedy = values.device(e.addr)
  if not what then return nil end
  return ("%s, %s, which this vm does not have; %s"):format(tried(e, f), what,
    remedy or ("make one by vm:map{kind = \"mmio\", base = %#x, ...}"):format(
    e.addr & ~0xfff))
end

local function other_ram(e, f)
  for _, ram in ipairs(values.RAM_BASES) do
    local offset = e.addr - ram[1]
    if offset >= 0 and offset < 1 << 30 then
      return ("%s, where %s RAM, but this vm has not (%s); use tv.vm{ram = "
        .. "{%#x, \"64M\"}} or link for another address"):format(tried(e, f),
        ram[2], f:nearest(), ram[1])
    end
  end
end

local missing_base = with_base(function(e, f, m, value)
  local ram = f:ram()
  if not ram or ram.base == 0 or math.ult(ram.last - ram.base, e.addr) then
    return nil
  end
  return ("%s: %s = %#x looks like an offset without its base: RAM starts at "
    .. "%#x here; add that"):format(tried(e, f), m.base, value, ram.base)
end)

-- Ends of regions -----------------------------------------------------------

local overrun = with_base(function(e, f, m, value)
  local past = f.below and e.addr - f.below.last
  if not past or math.ult(AROUND, past) or f.below.kind == "MMIO" then
    return nil
  end
  return ("%s, just past the end of %s: %s = %#x ran over the end of an "
    .. "array or buffer; check the loop's limit"):format(tried(e, f),
    f.below.name, m.base, value)
end)

local underrun = with_base(function(e, f, m, value)
  local before = f.above and f.above.base - e.addr
  if not before or math.ult(AROUND, before) or f.above.kind == "MMIO" then
    return nil
  end
  return ("%s, just below the start of %s: %s = %#x went under the start of "
    .. "an array or buffer"):format(tried(e, f), f.above.name, m.base, value)
end)

local function unmapped(e, f)
  return ("%s, where no memory is mapped (%s); map some with vm:map or fix %s")
    :format(did(e, f), f:nearest(), base(f))
end

-- ROM, protection -----------------------------------------------------------

local function read_only(e, f)
  local name = f.there and f.there.name or "ROM"
  local fix = "fix " .. base(f) .. " or map it with kind = \"ram\""
  if f.there and f:image(e.addr) and e.addr - f.there.base >= 0 then
    fix = "copy what must change to RAM, or map it with kind = \"ram\""
  end
  return ("%s, which is %s; guests cannot change ROM: %s"):format(did(e, f),
    name, fix)
end

local function protected(e, f)
  return ("%s in %s, whose protection \"%s\" has no \"%s\"; fix %s or use "
    .. "memory:protect"):format(did(e, f), f.there and f.there.name
    or "memory", f.there and f.there.prot or "", e.access, base(f))
end

local function beyond(e, f)
  return ("%s uses the address %#x, beyond the 48 bits of a physical address; "
    .. "fix %s"):format(f:where(), e.far, base(f))
end

-- Alignment is checked first: an odd address may be a wild one all the same.
local function unaligned(e, f)
  return ("%s, an unaligned address where no memory is mapped (%s); fix %s")
    :format(did(e, f), f:nearest(), base(f))
end

local function nowhere(_, f) return not f.there end

local function data(e) return e.access ~= "x" end

return {
  unmapped = rules.when(data, { stack.unset, stack.text, stack.below,
    stack.above, stack.nowhere, null, text, filler, swapped, extended, half,
    index, overrun, underrun, linked_elsewhere, device, small, missing_base,
    other_ram, unmapped }),
  ["address-size"] = rules.when(data, { stack.unset, stack.text,
    stack.nowhere, text, filler, swapped, extended, kernel, index, half,
    beyond }),
  alignment = rules.when(nowhere, { stack.unset, stack.text, stack.below,
    stack.above, stack.nowhere, null, text, filler, swapped, extended, half,
    index, overrun, underrun, small, missing_base, unaligned }),
  ["read-only"] = { stack.read_only, read_only },
  protected = rules.when(data, { protected })
}
