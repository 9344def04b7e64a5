-- SPDX-License-Identifier: MIT
--
-- What a wrong value looks like: text read as a number, bytes in the wrong
-- order, a sign extended too far, an address of some well-known board. Each
-- function takes the number and returns words for it, or nil.

local M = {}

local function printable(bytes) return not bytes:find "[^\t\n\r -~]" end

-- A number whose bytes are text: 0x6c6c6548 -> "Hell". Four or more
-- characters, then nothing but zeros.
function M.text(value)
  local bytes = string.pack("<i8", value):match "^(.-)\0*$"
  if #bytes < 4 or not printable(bytes) or bytes:find "^%s*$" then
    return nil
  end
  return (bytes:gsub("[\t\n\r]", " "))
end

-- The text that the bytes begin with; nil if there are less than 4.
function M.text_of(bytes)
  local text = bytes:match "^[\t\n\r -~]+"
  if not text or #text < 4 then return nil end
  return (text:sub(1, 12):gsub("[\t\n\r]", " "):gsub(" +$", ""))
end

function M.swap32(value)
  return (string.unpack("<I4", string.pack(">I4", value & 0xffffffff)))
end

function M.swap64(value)
  return (string.unpack("<i8", string.pack(">i8", value)))
end

-- What debugging allocators, compilers and people fill memory with.
local FILLERS = { [0xdeadbeef] = true, [0xdeadc0de] = true,
  [0xcafebabe] = true, [0xbaadf00d] = true, [0xcccccccc] = true,
  [0xcdcdcdcd] = true, [0xaaaaaaaa] = true, [0xa5a5a5a5] = true,
  [0x5a5a5a5a] = true, [0xfefefefe] = true, [0xfdfdfdfd] = true }

function M.filler(value)
  return FILLERS[value & 0xffffffff] or FILLERS[value >> 32] or false
end

-- Where well-known boards have their devices, and how to have one here if not
-- by vm:map.
local GIC = "make the vm with one, tv.vm{gic = \"v3\"}"
local DEVICES = {
  { 0x09000000, 0x1000, "the serial port of QEMU's virt board" },
  { 0x09010000, 0x1000, "the clock of QEMU's virt board" },
  { 0x08000000, 0x10000,
    "the interrupt controller (GIC) of QEMU's virt board", GIC },
  { 0x08010000, 0x10000,
    "the CPU interface of a GICv2 on QEMU's virt board", "a GICv3, tv.vm{gic "
    .. "= \"v3\"}, has the icc_ registers in its place" },
  { 0x080a0000, 0xf60000,
    "the interrupt controller (GIC) of QEMU's virt board", GIC },
  { 0x0a000000, 0x4000, "a virtio device of QEMU's virt board" },
  { 0x3f201000, 0x1000, "the serial port of a Raspberry Pi 3" },
  { 0x3f215000, 0x1000, "the mini UART of a Raspberry Pi 3" },
  { 0x3f200000, 0x1000, "the GPIO pins of a Raspberry Pi 3" },
  { 0x3f000000, 0x1000000, "a device of a Raspberry Pi 3" },
  { 0xfe201000, 0x1000, "the serial port of a Raspberry Pi 4" },
  { 0xfe215000, 0x1000, "the mini UART of a Raspberry Pi 4" },
  { 0xfe200000, 0x1000, "the GPIO pins of a Raspberry Pi 4" },
  { 0xfe000000, 0x1000000, "a device of a Raspberry Pi 4" }
}

function M.device(addr)
  for _, d in ipairs(DEVICES) do
    if not math.ult(addr, d[1]) and math.ult(addr - d[1], d[2]) then
      return d[3], d[4]
    end
  end
end

-- Where programs are linked to: boards' RAM, loaders' habits.
M.LINK_BASES = { 0x80000, 0x10000, 0x8000, 0x40000000, 0x40080000,
  0x40100000, 0x40200000, 0x40400000, 0x400000, 0x80000000, 0x80080000, 0 }

-- Boards whose RAM starts elsewhere than at 0.
M.RAM_BASES = { { 0x40000000, "QEMU's virt board has" },
  { 0x80000000, "many boards have" } }

-- The calls that Linux programs make most, by x8.
M.LINUX_CALLS = { [56] = "openat", [57] = "close", [63] = "read",
  [64] = "write", [66] = "writev", [93] = "exit", [94] = "exit_group",
  [172] = "getpid", [214] = "brk", [222] = "mmap" }

return M
