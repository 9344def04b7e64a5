-- SPDX-License-Identifier: MIT
-- Sections of the assembler while the text is being read. A section is a list
-- of parts in address order: a words part holds instructions as integers, with
-- the text position of each in `at` (so an address finds its line for free and
-- a forward reference can still patch its word); a bytes part holds a string.
-- Invariant: sec.size is exact whenever the hot loop of asm.lua is not running.

local M = {}

-- Order in the image, by kind.
local RANK = { text = 1, rodata = 2, data = 3, bss = 4, drop = 6 }

-- The variables of .comm come last, as after a link.
function M.rank(sec)
  return sec.name == "COMMON" and 5 or RANK[sec.kind]
end

local BY_NAME = { { "%.text", "text" }, { "%.init", "text" },
  { "%.fini", "text" }, { "%.rodata", "rodata" }, { "%.data", "data" },
  { "%.bss", "bss" }, { "COMMON", "bss" } }

-- Where a section goes: by flags if the text gives them ("ax", "a", "aw"; a
-- section without "a" takes no memory, as after a link), else by its name.
local function kind_of(name, flags, nobits)
  if name == ".note.gnu.property" then return "drop" end  -- for a loader
  if nobits then return "bss" end
  for _, row in ipairs(BY_NAME) do
    if name:find("^" .. row[1] .. "%f[^%w_]") then return row[2] end
  end
  if not flags then return "data" end
  if not flags:find "a" then return "drop" end
  if flags:find "x" then return "text" end
  return flags:find "w" and "data" or "rodata"
end

function M.new(name, flags, nobits)
  return { name = name, kind = kind_of(name, flags, nobits), size = 0,
    align = 1, parts = {}, code = nil, pools = {} }
end

-- Append bytes (returns their part) that the text at position `at` asked for.
function M.bytes(sec, str, at)
  if str == "" then return end
  local parts = sec.parts
  local part = { off = sec.size, str = str, at = at, sec = sec }
  parts[#parts + 1] = part
  sec.size = sec.size + #str
  sec.code = nil
  return part
end

-- Append n copies of a byte without building them until the image is.
function M.fill(sec, n, value, at)
  if n <= 0 then return end
  local parts = sec.parts
  parts[#parts + 1] = { off = sec.size, n = n, value = value, at = at }
  sec.size = sec.size + n
  sec.code = nil
end

-- The words part to append instructions to; instructions align themselves.
function M.words(sec, at)
  local code = sec.code
  if not code then
    M.fill(sec, -sec.size & 3, 0, at)
    if sec.align < 4 then sec.align = 4 end
    code = { off = sec.size, at = {}, sec = sec }
    sec.parts[#sec.parts + 1] = code
    sec.code = code
  end
  return code
end

function M.word(sec, w, at)
  local code = M.words(sec, at)
  local n = #code + 1
  code[n], code.at[n] = w, at
  sec.size = code.off + 4 * n
  return code, n
end

local NOP = "\x1f\x20\x03\xd5"

-- Align to n (a power of two). Text is padded with NOPs, as GNU as does, when
-- no fill value is given; `max` bounds the padding: beyond it, none at all.
function M.align(sec, n, fill, width, max, at)
  local pad = -sec.size & (n - 1)
  if max and max > 0 and pad > max then return end
  if n > sec.align then sec.align = n end
  if pad == 0 then return end
  if fill then
    width = width or 1
    M.fill(sec, pad % width, 0, at)
    M.bytes(sec, string.pack("<I" .. width,
      fill & (1 << 8 * width) - 1):rep(pad // width), at)
  elseif sec.kind == "text" then
    M.fill(sec, pad & 3, 0, at)
    M.bytes(sec, NOP:rep(pad >> 2), at)
  else
    M.fill(sec, pad, 0, at)
  end
end

local FORMAT = ("I4"):rep(100)

-- Bytes of one part.
local function flat(part)
  if part.str then return part.str end
  if part.n then return string.char(part.value):rep(part.n) end
  local out, n, pack, unpack = {}, #part, string.pack, table.unpack
  for i = 1, n - 99, 100 do
    out[#out + 1] = pack("<" .. FORMAT, unpack(part, i, i + 99))
  end
  local left = n % 100
  if left > 0 then
    out[#out + 1] = pack("<" .. ("I4"):rep(left), unpack(part, n - left + 1, n))
  end
  return table.concat(out)
end

function M.flatten(sec)
  local out = {}
  for i, part in ipairs(sec.parts) do out[i] = flat(part) end
  return table.concat(out)
end

return M
