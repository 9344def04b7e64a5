-- SPDX-License-Identifier: MIT
--
-- Accesses that the memory behind an address does not take: unaligned ones,
-- exclusives and atomics, DC ZVA. With the MMU off all data is Device memory
-- (Arm ARM D8.2.10), which takes plain aligned accesses only: what surprises
-- most people who bring C code from elsewhere.

local stack = require "tinyvmm.why.stack"

local NORMAL = "needs memory that the MMU marks Normal, but the MMU is off; "
  .. "turn it on%s"
local PLAIN = "with the MMU off memory takes plain aligned accesses only"
-- What makes memory Normal; only on our CPU the host can do it.
local function relax(f)
  return f:ours() and "make the vm with strict = false" or "turn the MMU on"
end

local function normal(f)
  return NORMAL:format(f:ours() and ", or " .. relax(f) or "")
end

local function bytes(n) return ("%d byte%s"):format(n, n == 1 and "" or "s") end

-- "ldr x0, [x1] at 0x4 read 8 bytes at 0x1001"
local function did(e, f)
  return ("%s %s %s %#x"):format(f:where(),
    e.access == "w" and "wrote " .. bytes(e.size) or "read " .. bytes(e.size),
    e.access == "w" and "to" or "at", e.addr)
end

local function is_zva(f) return f.insn.op == "dc" and f.insn[1] == "zva" end

-- Alignment -----------------------------------------------------------------

local function zva(_, f)
  if not is_zva(f) then return nil end
  return ("%s zeroes a block of memory at once (memset does that), but %s; %s, "
    .. "or use a plain loop"):format(f:where(), PLAIN, relax(f))
end

-- SCTLR_EL1.A was set by the guest.
local function asked_for(e, f)
  local sctlr = f:sys "sctlr_el1"
  if not sctlr or sctlr & 2 == 0 then return nil end
  return ("%s, which is no multiple of %d, and the guest turned the check for "
    .. "that on (SCTLR_EL1 bit 1, A); align the address or clear the bit")
    :format(did(e, f), e.size)
end

local function on_stack(e, f)
  local m = f.insn.mem
  local sp = m and m.base == "sp" and f.x.sp
  if not sp or sp & 15 == 0 then return nil end
  return ("%s, but sp = %#x is no multiple of 16: %s"):format(did(e, f), sp,
    stack.blame(e, f))
end

local function packed(e, f)
  local m = f.insn.mem
  local value = m and f:value(m.base)
  if not value or not m.offset or value & e.size - 1 ~= 0
     or m.offset & e.size - 1 == 0 then
    return nil
  end
  return ("%s: %s = %#x is aligned, its field at offset %d is not (a packed "
    .. "structure?); build with -mstrict-align, or %s"):format(did(e, f),
    m.base, value, m.offset, relax(f))
end

local function vector(e, f)
  local m = f.insn.mem
  local value = m and f:value(m.base)
  if e.size ~= 16 or not value or value & 7 ~= 0 then return nil end
  return ("%s, a multiple of 8 but not of 16, as q registers need with the MMU "
    .. "off; build with -mstrict-align, or %s"):format(did(e, f), relax(f))
end

local function unaligned(e, f)
  local m = f.insn.mem
  local value = m and f:value(m.base)
  return ("%s, which is no multiple of %d, and %s; align %s, or %s"):format(
    did(e, f), e.size, PLAIN, value and ("%s (%s = %#x)"):format(m.base,
    m.base, value) or "the address", relax(f))
end

local function sp_alignment(e, f)
  return ("%s uses sp = %#x, which is no multiple of 16 (SCTLR_EL1.SA checks "
    .. "it): %s"):format(f:where(), f.x.sp or 0, stack.blame(e, f))
end

-- Atomics -------------------------------------------------------------------

local function exclusive(e, f)
  if not f.insn.op:find "^ld%l?xp?r?" and not f.insn.op:find "^stl?x" then
    return nil
  end
  return ("%s %s a lock or atomic update, which %s"):format(f:where(),
    f.insn.op:find "^ld" and "begins" or "ends", normal(f))
end

local function atomic(_, f)
  return ("%s is an atomic update, which %s"):format(f:where(), normal(f))
end

-- MMIO ----------------------------------------------------------------------

-- A fetch of RAM is unsupported in one case only (soft/code.c).
local function no_memory(e)
  if e.access ~= "x" then return nil end
  return ("the host has no memory left to predecode the code at %#x; close "
    .. "other vms, then run again to go on"):format(e.addr)
end

local function mmio_zva(e, f)
  if not is_zva(f) then return nil end
  return ("%s zeroes a block at %#x in %s, but devices have no such access; "
    .. "memset of a device? write its registers one by one"):format(f:where(),
    e.addr, f.there and f.there.name or "MMIO")
end

local function mmio(e, f)
  return ("%s is an atomic or block access to %#x in %s, which devices cannot "
    .. "serve; use plain loads and stores (ldr, str)"):format(f:where(),
    e.addr, f.there and f.there.name or "MMIO")
end

return {
  alignment = { zva, asked_for, on_stack, packed, vector, unaligned },
  ["sp-alignment"] = { sp_alignment },
  atomic = { exclusive, atomic },
  unsupported = { no_memory, mmio_zva, mmio }
}
