-- SPDX-License-Identifier: MIT
-- The end of an assembly. Once the last line is read, the sections have their
-- places and every symbol its value; what was put off on the way is done now:
-- statements that used later symbols, fixups of labels, symbols equated with
-- later ones. A.final is true from here on: nothing may be unknown any more.

local encode = require "tinyvmm.a64.encode"
local expr = require "tinyvmm.a64.expr"
local fixup = require "tinyvmm.a64.fixup"
local image = require "tinyvmm.a64.image"
local lint = require "tinyvmm.a64.lint"
local source = require "tinyvmm.a64.source"

local find, match = string.find, string.match
local fail = expr.fail

local M = {}

-- Run fn(A) as if the text were at the place where `d` was put off.
local function at_place(self, d, fn)
  local dot, sec, seq, line_at = self.dot, self.sec, self.seq, self.line_at
  self.dot, self.sec, self.seq, self.line_at = d.dot, d.sec, d.seq, d.line_at
  local ok, err = pcall(fn, self, d)
  if not ok then
    ok, err = pcall(self.caught, self, err)
  end
  self.dot, self.sec, self.seq, self.line_at = dot, sec, seq, line_at
  if not ok then error(err, 0) end
end

-- Work out a symbol whose right side was not known when it was read.
function M.symbol(self, name, sym, p)
  if sym.busy then fail(p or 1, "'%s' is defined by itself", name) end
  sym.busy = true
  sym.off, sym.sec = 0, nil
  at_place(self, sym.expr, function(_, d)
    sym.off, sym.sec = expr.eval(self, d.s, d.p)
  end)
  sym.busy, sym.expr = nil, nil
end

-- Statements that waited for symbols.
local function settle_data(self, d)
  local v, sec
  if d.of then v, sec = d.v + d.of.base, self.image
  else v, sec = expr.eval(self, d.s, d.p) end
  image.store(self, d.part, d.size, v, sec, d.line_at + d.p)
end

local function settle_code(self, d)
  local c = encode.encode(self, d.s, d.p, d.m, d.q)
  d.part[d.i] = c.w
  if c.doubt then self:warn(d.p, c.doubt) end
  if c.fix then
    local why = image.refer(self, d.part, d.i, c.fix, c.value, c.value_sec,
      d.line_at + c.sym_at)
    if why then fail(c.sym_at, "%s", why) end
  end
end

-- Where in its line a fixup's symbol stands.
local function symbol_place(self, at, name)
  local _, col, text = source.line_at(self.sources, at)
  local hit = find(text, name, col, true)
  return hit and at + hit - col or at
end

-- With a weak symbol that nobody defines, ld makes a branch a NOP and any
-- other distance 0.
local NOP = 0xd503201f

local function distance(kind)
  return fixup.relative(kind) or kind == "page21"
end

-- What raised err for a symbol is nobody's label, or worse.
local function no_symbol(self, name, at, err)
  if not find(name, "^\1?%d") then
    self.line_at = symbol_place(self, at, name) - 1
    return self:caught(err)
  end
  local n, back = match(name, "(%d+)(b?)")
  local before = back == "b"
  self:report(symbol_place(self, at, n .. (before and "b" or "f")),
    ("no label '%s:' %s this line"):format(n, before and "before" or "after"))
end

local MAY_WARN = { lit19 = true, rel21 = true, ["lo12.0"] = true }

-- The word at index i of a part wants the address of a symbol.
local function settle_fixup(self, part, i, kind, name, at)
  local sym, ok, v, sec = self.symbols[name], true, nil, nil
  if sym and sym.sec and not sym.expr then
    v, sec = sym.off + sym.sec.base, self.image
    local doubt = MAY_WARN[kind]
      and lint.reference(self, part, i, kind, v, sym.literal)
    if doubt then
      self.line_at = 0
      self:warn(symbol_place(self, at, name), doubt)
    end
  elseif not sym and self.weak[name] and distance(kind) then
    if kind == "rel26" then part[i] = NOP end
    return
  else
    self.line_at = at - 1
    ok, v, sec = pcall(expr.symbol, self, name, 1)
  end
  if not ok then return no_symbol(self, name, at, v) end
  local why = image.refer(self, part, i, kind, v, sec, at)
  if why then self:report(symbol_place(self, at, name), why) end
end

local function settle_fixups(self)
  for k = 1, #self.fix_part do
    settle_fixup(self, self.fix_part[k], self.fix_word[k], self.fix_kind[k],
      self.fix_name[k], self.fix_at[k])
  end
end

-- Symbols that were equated with later ones and never used.
local function settle_symbols(self)
  local names = {}
  for name, sym in pairs(self.symbols) do
    if sym.expr then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local sym = self.symbols[name]
    if sym.expr then M.symbol(self, name, sym) end
  end
end

-- Everything after the last line: the image, or nil if there were errors.
function M.finish(self)
  for _, sec in ipairs(self.section_list) do self:pool(sec) end
  local list, size = image.layout(self)
  self.final = true
  for _, d in ipairs(self.deferred) do
    if d.sec.kind ~= "drop" then
      at_place(self, d, d.kind == "data" and settle_data or settle_code)
    end
  end
  settle_fixups(self)
  settle_symbols(self)
  if self.entry_at and not self.symbols._start then
    self.line_at = 0
    self:warn(self.entry_at, "nobody defines _start: the image begins at its"
      .. " first byte")
  end
  if #self.errors > 0 then return end
  return image.build(self, list, size)
end

return M
