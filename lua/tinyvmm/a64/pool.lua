-- SPDX-License-Identifier: MIT
-- Literal pools: `ldr x0, =value` loads from a literal that the assembler puts
-- behind the code, at .ltorg or at the end of the section. Equal literals of
-- one size share a place; the label of a literal is a symbol like any other,
-- under a name that no text can say.

local expr = require "tinyvmm.a64.expr"
local section = require "tinyvmm.a64.section"

local find, sub = string.find, string.sub
local fail = expr.fail

local M = {}

-- The label of a literal of `size` bytes with the value at p of s.
function M.literal(self, size, s, p)
  self.undef, self.dot, self.used_variable = nil, self.sec.size, false
  local v, sec, q = expr.eval(self, s, p)
  if find(s, "[^ \t\r]", q) then fail(q, "unexpected text after the value") end
  local key
  if not self.undef and not sec then
    if size == 4 and (v < -(1 << 31) or v > 0xffffffff) then
      fail(p, "%#x does not fit 4 bytes; load it into an x register", v)
    end
    key = ("%d:%d"):format(size, size == 4 and v & 0xffffffff or v)
  else
    key = size .. ":" .. sub(s, p, q - 1):gsub("%s+", "")
    if self.used_variable and not self.undef then
      key = ("%d:%s+%d"):format(size, sec.name, v)
    elseif find(key, "%.%f[^%w_.$]")
      or find(key, "%f[%w_.$]%d+[bf]%f[^%w_]") then
      key = key .. "@" .. self.line_at + p  -- . and 1f differ on every line
    end
  end
  local pool = self.sec.pools
  local entry = pool[key]
  if not entry then
    self.literals = self.literals + 1
    entry = { size = size, s = s, p = p, dot = self.dot, seq = self.seq,
      line_at = self.line_at, label = "\1lit:" .. self.literals,
      value = not self.undef and not sec and v, v = v,
      of = not self.undef and sec or nil }
    pool[key], pool[#pool + 1] = entry, entry
  end
  return entry.label
end

-- The label of the word in .got that will hold the address of a symbol, for
-- code that was compiled with -fPIC.
function M.got(self, name, p)
  local label = "\1got:" .. name
  if not self.symbols[label] then
    local sec, previous = self.sec, self.previous
    self:enter ".got"
    local at = self.line_at + p
    section.align(self.sec, 8, nil, nil, nil, at)
    self.symbols[label] = { sec = self.sec, off = self.sec.size }
    local part = section.bytes(self.sec, ("\0"):rep(8), at)
    self.line_at = at - 1
    self:defer { kind = "data", part = part, size = 8, s = name, p = 1,
      dot = 0 }
    self.line_at = at - p
    self.sec, self.previous = sec, previous
  end
  return label
end

local function place(self, sec, entry)
  self.symbols[entry.label] = { sec = sec, off = sec.size,
    literal = sub(entry.s, entry.p) }
  local at, size = entry.line_at + entry.p, entry.size
  if entry.value then
    local mask = size == 4 and 0xffffffff or -1
    section.bytes(sec, string.pack("<I" .. size, entry.value & mask), at)
    return
  end
  local part = section.bytes(sec, ("\0"):rep(size), at)
  self.deferred[#self.deferred + 1] = { kind = "data", part = part,
    size = size, s = entry.s, p = entry.p, dot = entry.dot, sec = sec,
    seq = entry.seq, line_at = entry.line_at, v = entry.v, of = entry.of }
end

-- Put the pool of a section where it stands now, small literals first.
function M.put(self, sec)
  local pool, back = sec.pools, self.sec
  if #pool == 0 then return end
  sec.pools = {}
  self.sec = sec
  for size = 4, 8, 4 do
    local aligned = false
    for _, entry in ipairs(pool) do
      if entry.size == size then
        if not aligned then
          section.align(sec, size, 0, 1, nil, entry.line_at + entry.p)
          aligned = true
        end
        place(self, sec, entry)
      end
    end
  end
  self.sec = back
end

return M
