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

local lookup = encode.lookup

local M = {}
local B = {}                          -- methods of a builder
local Label = { __tostring = function(label) return label.name end }
Label.__index = Label

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

local function open(self, level)
  local A = rawget(self, "A")
  if not A then error("the image is made already", level + 1) end
  return A
end

-- Assemble text; what is wrong with it raises at the caller.
local function feed(self, text, level)
  local A = open(self, level + 1)
  local before = #A.errors
  local ok, err = pcall(A.run, A, "a64", text)
  if not ok and err ~= A.enough then error(err, 0) end
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

-- Atoms of encode.lookup by operand: as the first, and behind a comma. false:
-- not a single atom.
local function atoms(before)
  return setmetatable({}, { __mode = "k", __index = function(t, v)
    local text = v == nil and "" or getmetatable(v) == Label and v.name or v
    local atom
    if math.type(text) == "integer" then
      atom = before .. ("#%d"):format(text)
    elseif type(text) == "string" then
      if text:find("[,;\"'/\n]") then atom = false
      else atom = before .. text end
    else return false end
    t[v] = atom
    return atom
  end })
end
local first, rest = atoms "", atoms ","

-- Append a word that the cache knew.
local function put(self, A, w, fix, symbol)
  local sec = A.sec
  if sec.kind == "bss" then return false end
  local part, n = section.word(sec, w, self.at)
  if fix then
    local k = #A.fix_part + 1
    A.fix_part[k], A.fix_word[k], A.fix_kind[k] = part, n, fix
    A.fix_name[k], A.fix_at[k] = A.near[symbol], self.at
  end
  return true
end

local function instruction(m)
  return function(self, ...)
    local a, b, c, d, more = ...
    local A = rawget(self, "A") or open(self, 2)
    local ta = a == nil and "" or first[a]
    local tb = b == nil and "" or rest[b]
    local tc = c == nil and "" or rest[c]
    local td = d == nil and "" or rest[d]
    local w, fix, symbol
    if A.named or more ~= nil or next(A.macros) then w = nil
    elseif ta and tb and tc and td then
      w, fix, symbol = lookup(m, ta, tb, tc, td)
    else
      w, fix, symbol = lookup(m, joined(2, ...):match(STATEMENT))
    end
    if not w or not put(self, A, w, fix, symbol) then
      feed(self, m .. " " .. joined(2, ...), 2)
    end
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
  open(self, 2)
  feed(self, text_of(label, 2) .. ":", 2)
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
  self.A = nil
  return asm.finish(A, self.opts)
end

local Builder = { __name = "tinyvmm.a64", __index = function(_, name)
  local own = B[name]
  if own or type(name) ~= "string" then return own end
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
end }

-- new{symbols=, include=, origin=, name=} -> a builder.
function M.new(opts)
  opts = opts or {}
  local A = asm.begin(opts)
  local base = source.add(A.sources, opts.name or "a64", "\n")
  return setmetatable({ A = A, opts = opts, at = base + 1 }, Builder)
end

return M
