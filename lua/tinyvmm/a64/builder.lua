-- SPDX-License-Identifier: MIT
-- tv.a64(): the assembler for programs that write programs. Mnemonics and
-- directives are methods, made at their first use: a:add("x0", "x1", 4),
-- a:b_ne(label), a:and_("x0", "x0", 1), a:quad(1, label). Operands are text as
-- in assembly, integers, or labels. An instruction whose form was seen before
-- goes from its operands straight through the cache of encode.lua; any other
-- becomes text for asm.lua, and what is wrong raises where it was called.

local asm = require "tinyvmm.a64.asm"
local directives = require "tinyvmm.a64.directives"
local encode = require "tinyvmm.a64.encode"
local section = require "tinyvmm.a64.section"
local source = require "tinyvmm.a64.source"

local find, match = string.find, string.match

local M = {}
local B = {}                          -- methods of a builder
local Label = { __tostring = function(label) return label.name end }

local TEXTS = { ascii = true, asciz = true, string = true, include = true,
  incbin = true, error = true, warning = true }

-- The text of an operand.
local function text_of(v, level)
  local kind = type(v)
  if kind == "string" then return v end
  if math.type(v) == "integer" then return ("%d"):format(v) end
  if getmetatable(v) == Label then return v.name end
  error("an operand is text, an integer or a label, not "
    .. (kind == "number" and "the float " .. v or "a " .. kind), level + 1)
end

-- self.A is false once the image is made.
local function open(self, level)
  return self.A or error("the image is made already", level + 1)
end

-- "script.lua:12: " of the function at a level, as error() has it.
local function caller(level)
  local _, where = pcall(error, "", level + 2)
  return where
end

-- Assemble text; what is wrong with it raises at the caller.
local function feed(self, text, level)
  local A = open(self, level + 1)
  local before, warned = #A.errors, #A.warnings
  local ok, err = pcall(A.run, A, "a64", text)
  if not ok and err ~= A.enough then error(err, 0) end
  for i = warned + 1, #A.warnings do
    local w = A.warnings[i]
    w.where = caller(level + 1)
    w.msg = ("%s, in '%s'"):format(w.msg, (text:gsub("\n$", "")))
  end
  local first = A.errors[before + 1]
  if first then
    for i = #A.errors, before + 1, -1 do A.errors[i] = nil end
    A.frame = nil
    error(("%s, in '%s'"):format(first.msg, (text:gsub("\n$", ""))), level + 1)
  end
end

local function joined(level, ...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = text_of(list[i], level + 1) end
  return table.concat(list, ", ")
end

local STATEMENT = "^([^,]*)(,?[^,]*)(,?[^,]*)(.*)"

-- Atoms of encode.lookup by operand: as the first, and behind a comma; false:
-- not a single atom. Labels are not kept: they are many, and die.
local MOST_ATOMS = 100000
local kept = 0
local function atoms(before)
  return setmetatable({}, { __index = function(t, v)
    if getmetatable(v) == Label then return before .. v.name end
    local atom = false
    if math.type(v) == "integer" then
      atom = before .. ("#%d"):format(v)
    elseif type(v) == "string" then
      if not find(v, "[,;\"'/\n]") then atom = before .. v end
    else return false end
    t[v], kept = atom, kept + 1
    return atom
  end })
end
-- "[x1, #8]" behind a comma is two atoms; which: 1 or 2.
local HALVES = "^([^,;\"'/\n]*)(,[^,;\"'/\n]*)$"
local function half(which)
  return setmetatable({}, { __index = function(t, v)
    if type(v) ~= "string" then return nil end
    local before, after = match(v, HALVES)
    local atom = false
    if before then atom = which == 1 and "," .. before or after end
    t[v], kept = atom, kept + 1
    return atom
  end })
end

local first, rest, left, right
local function forget_atoms()
  first, rest, left, right = atoms "", atoms ",", half(1), half(2)
  kept = 0
end
forget_atoms()

-- The way of what is not a few atoms that the cache knows.
local function slowly(self, A, m, ...)
  local n = select("#", ...)
  while n > 0 and select(n, ...) == nil do n = n - 1 end
  local text = joined(3, table.unpack({ ... }, 1, n))
  local w, fix, symbol
  if not A.named then w, fix, symbol = A.lookup(m, match(text, STATEMENT)) end
  if w and A.sec.kind ~= "bss" then
    section.words(A.sec, self.at)
    A:append(w, fix, symbol, self.at)
  else
    feed(self, m .. " " .. text, 3)
  end
end

local function instruction(m)
  return function(self, a, b, c, d, ...)
    local A = self.A or open(self, 2)
    local code = A.sec.code
    local ta, tb = a == nil and "" or first[a], b == nil and "" or rest[b]
    local tc, td = c == nil and "" or rest[c], d == nil and "" or rest[d]
    if tb == false and c == nil then tb, tc = left[b], right[b]
    elseif tc == false and d == nil then tc, td = left[c], right[c] end
    if code and ta and tb and tc and td and ... == nil and not A.named then
      local w, fix, symbol = A.lookup(m, ta, tb, tc, td)
      if w then return A:append(w, fix, symbol, self.at) end
    end
    slowly(self, A, m, a, b, c, d, ...)
  end
end

local function directive(name)
  return function(self, ...)
    local text = joined(2, ...)
    if TEXTS[name] then
      text = '"' .. text:gsub("[%c\"\\]", function(ch)
        return ("\\%03o"):format(ch:byte())
      end) .. '"'
    end
    feed(self, "." .. name .. " " .. text, 2)
  end
end

-- Define a label here: a name, or one of new_label. Returns it.
function B:label(label)
  local A, name = open(self, 2), text_of(label, 2)
  if A.symbols[name] or not find(name, "^[%a_.$][%w_.$]+$") then
    feed(self, name .. ":", 2)
  else
    A.symbols[name] = { sec = A.sec, off = A.sec.size, at = self.at }
  end
  return label
end

-- A label without a place yet, for branches forward.
function B:new_label()
  local A = open(self, 2)
  A.made = A.made + 1
  return setmetatable({ name = ".Lb$" .. A.made }, Label)
end

-- A new label at this place.
function B:here()
  return self:label(self:new_label())
end

-- Any lines of assembly.
function B:asm(text)
  feed(self, text, 2)
end

function B:bytes(bytes)
  local A = open(self, 2)
  if type(bytes) ~= "string" then error("bytes are a string", 2) end
  if A.sec.kind == "bss" then
    error("section " .. A.sec.name .. " holds no data", 2)
  end
  section.bytes(A.sec, bytes, self.at)
end

-- The end: the image, as tv.asm returns it.
function B:image()
  local A = open(self, 2)
  self.A = false
  return asm.finish(A, self.opts)
end

local Builder = { __name = "tinyvmm.a64", __index = B }

setmetatable(B, { __index = function(_, name)
  if type(name) ~= "string" then return nil end
  local own
  local m = name:gsub("_$", ""):gsub("_", ".")
  local bare = name:gsub("_$", "")
  if encode.known(m) then own = instruction(m)
  elseif directives.find(bare) then own = directive(bare)
  else
    error(("unknown instruction or directive '%s'%s"):format(m,
      require "tinyvmm.a64.nearest".hint(m,
        require "tinyvmm.a64.isa".mnemonics)), 2)
  end
  B[name] = own
  return own
end })

-- new{symbols=, include=, origin=, name=} -> a builder.
function M.new(opts)
  opts = opts or {}
  if kept > MOST_ATOMS then forget_atoms() end
  local A = asm.begin(opts)
  local base = source.add(A.sources, opts.name or "a64", "\n")
  return setmetatable({ A = A, opts = opts, at = base + 1 }, Builder)
end

return M
