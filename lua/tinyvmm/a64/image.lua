-- SPDX-License-Identifier: MIT
-- The result of an assembly: bytes that can stand at any address. Layout puts
-- .text .rodata .data .bss (and their kin, each aligned to 16) in a row; what
-- depends on distances only is fixed here once, and what depends on the load
-- address (absolute words, adrp, :lo12:, branches to fixed addresses) is a
-- list of relocations that bytes_at(addr) applies to a copy. An image never
-- changes when it is loaded: place() only says which addresses its symbols
-- name, so one image may serve many VMs.

local section = require "tinyvmm.a64.section"
local fixup = require "tinyvmm.a64.fixup"
local source = require "tinyvmm.a64.source"

local M = {}
local Image = {}
Image.__index = Image

-- Give every section its base; returns the sections that take memory.
function M.layout(A)
  local list = {}
  for i, sec in ipairs(A.section_list) do
    local whole = sec.whole or sec
    whole.index = whole.index or i
    sec.index, sec.base, sec.group = whole.index, 0, whole
    whole.most = math.max(whole.most or 16, sec.align)
    if sec.kind ~= "drop" and sec.size > 0 then list[#list + 1] = sec end
  end
  table.sort(list, function(a, b)
    local ra, rb = section.rank(a), section.rank(b)
    if ra ~= rb then return ra < rb end
    if a.index ~= b.index then return a.index < b.index end
    return (a.number or 0) < (b.number or 0)
  end)
  local off, group = 0, nil
  for _, sec in ipairs(list) do
    local align = sec.group == group and sec.align or sec.group.most
    group = sec.group
    off = off + align - 1 & -align
    sec.base, off = off, off + sec.size
  end
  -- An empty section still gives its labels a place: the end of the image.
  for _, sec in ipairs(A.section_list) do
    if sec.size == 0 then sec.base = off end
  end
  return list, off
end

-- Put the address v (image-relative if sec) into word i of a words part;
-- returns the reason if it does not fit.
function M.refer(A, part, i, kind, v, sec, at)
  local pc = part.sec.base + part.off + 4 * (i - 1)
  if sec and fixup.relative(kind) then
    local w, why = fixup.apply(kind, part[i], v, pc)
    if not w then return why end
    part[i] = w
  elseif part.sec.kind ~= "drop" then
    A.relocs[#A.relocs + 1] = { off = pc, kind = kind, word = part[i],
      v = v, image = sec ~= nil, at = at }
  end
end

-- Put a value into a bytes part made for it.
function M.store(A, part, size, v, sec, at)
  if sec then
    A.relocs[#A.relocs + 1] = { off = part.sec.base + part.off, size = size,
      v = v, image = true, at = at }
    return
  end
  local str, why = fixup.data(v, size)
  if not str then return A:report(at, why) end
  part.str = str
end

-- Names for other people: labels that the assembler made up, and .L ones,
-- stay inside.
local function publish(A, img)
  for name, sym in pairs(A.symbols) do
    local first = name:byte()
    if first ~= 1 and (first ~= 46 or not name:find "^%.L") then
      local kind = sym.sec and sym.sec.kind
      if kind ~= "drop" and (sym.sec or sym.off) then
        img.values[name] = sym.sec and sym.sec.base + sym.off or sym.off
        img.moves[name] = sym.sec ~= nil
      end
    end
  end
end

function M.build(A, list, size)
  local chunks, at, index, align = {}, 0, {}, 1
  for _, sec in ipairs(list) do
    chunks[#chunks + 1] = ("\0"):rep(sec.base - at)
    chunks[#chunks + 1] = section.flatten(sec)
    at = sec.base + sec.size
    if sec.align > align then align = sec.align end
    for _, part in ipairs(sec.parts) do
      index[#index + 1] = { off = sec.base + part.off, at = part.at,
        n = part.n or part.str and #part.str or 4 * #part }
    end
  end
  table.sort(A.relocs, function(a, b) return a.off < b.off end)
  local img = setmetatable({ raw = table.concat(chunks), size = size,
    align = align, sections = {}, symbols = {}, entry = 0, values = {},
    moves = {}, relocs = A.relocs, index = index, sources = A.sources }, Image)
  for i, sec in ipairs(list) do
    local same = i > 1 and list[i - 1].group == sec.group
    local last = img.sections[#img.sections]
    if same then
      last.size = sec.base + sec.size - last.offset
      last.align = math.max(last.align, sec.align)
    else
      img.sections[#img.sections + 1] = { name = sec.name, offset = sec.base,
        size = sec.size, align = sec.align, kind = sec.kind }
    end
  end
  publish(A, img)
  if img.moves._start then img.entry = img.values._start end
  return img:place(0)
end

-- Say that the image stands at addr: its symbols become absolute addresses.
-- Returns the image.
function Image:place(addr)
  if math.type(addr) ~= "integer" then
    error("an image stands at an integer address, not at "
      .. tostring(addr), 2)
  end
  self.addr, self.sorted = addr, nil
  for name, v in pairs(self.values) do
    self.symbols[name] = self.moves[name] and addr + v or v
  end
  return self
end

local function patch(r, addr)
  local v = r.image and addr + r.v or r.v
  if r.size then return fixup.data(v, r.size) end
  local w, why = fixup.apply(r.kind, r.word, v, addr + r.off)
  return w and string.pack("<I4", w), why
end

-- The bytes for load address addr. Raises if a reference cannot reach from
-- there, or if addr does not have the alignment that the text asked for.
function Image:bytes_at(addr)
  if math.type(addr) ~= "integer" then
    error("an image stands at an integer address, not at "
      .. tostring(addr), 2)
  elseif addr & (self.align - 1) ~= 0 then
    error(("address %#x is not a multiple of %d, the alignment of the image")
      :format(addr, self.align), 2)
  end
  local relocs = self.relocs
  if #relocs == 0 then return self.raw end
  local out, at = {}, 1
  for _, r in ipairs(relocs) do
    local bytes, why = patch(r, addr)
    if not bytes then
      error(("%s: loaded at %#x: %s"):format(source.where(self.sources, r.at),
        addr, why), 2)
    end
    out[#out + 1] = self.raw:sub(at, r.off)
    out[#out + 1] = bytes
    at = r.off + #bytes + 1
  end
  out[#out + 1] = self.raw:sub(at)
  return table.concat(out)
end

-- The place in the text that made the byte at an offset, or nil.
function Image:place_of(offset)
  local index, lo, hi = self.index, 1, #self.index
  if offset < 0 or offset >= self.size then return nil end
  while lo < hi do
    local mid = lo + hi + 1 >> 1
    if index[mid].off <= offset then lo = mid else hi = mid - 1 end
  end
  local part = index[lo]
  local at = part and part.at
  if type(at) == "table" then at = at[(offset - part.off >> 2) + 1] end
  return at
end

-- File and line of the text that made the byte at an offset, or nil; of the
-- call, if a macro made it.
function Image:lines(offset)
  local at = self:place_of(offset)
  if not at then return nil end
  local name, line = source.locate(self.sources,
    source.root(self.sources, at))
  return name, line
end

-- The last label at or before an address (absolute after place), and how far
-- behind it the address lies; nil outside the image.
function Image:symbol_at(addr)
  local off = addr - self.addr
  if off < 0 or off >= self.size then return nil end
  if not self.sorted then
    self.sorted = {}
    for name, moves in pairs(self.moves) do
      if moves then self.sorted[#self.sorted + 1] = name end
    end
    table.sort(self.sorted, function(a, b)
      local va, vb = self.values[a], self.values[b]
      if va ~= vb then return va < vb end
      return a < b
    end)
  end
  local best
  for _, name in ipairs(self.sorted) do
    if self.values[name] > off then break end
    best = name
  end
  if best then return best, off - self.values[best] end
end

return M
