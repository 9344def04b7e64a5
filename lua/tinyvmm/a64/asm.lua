-- SPDX-License-Identifier: MIT
-- The assembler: GNU syntax in, a relocatable image out.
--
--   local asm = require "tinyvmm.a64.asm"
--   local img = asm.assemble(text, { name = "guest.S", symbols = { K = 1 },
--     include = { "dir" }, origin = nil })
--
-- One pass: every statement has a size that is known when it is read, so every
-- label is known when it is met. What needs a later symbol is put off (labels
-- in instructions as fixups by name, everything else as the statement itself)
-- and done after layout. The loop in `run` takes instructions straight from the
-- text through the cache of encode.lua; what the cache does not know goes line
-- by line through `statement`. Errors are collected, up to 20, and raised as
-- one string, "guest.S:12:9: message" a line.

local directives = require "tinyvmm.a64.directives"
local encode = require "tinyvmm.a64.encode"
local expr = require "tinyvmm.a64.expr"
local lint = require "tinyvmm.a64.lint"
local macro = require "tinyvmm.a64.macro"
local pool = require "tinyvmm.a64.pool"
local report = require "tinyvmm.a64.report"
local section = require "tinyvmm.a64.section"
local settle = require "tinyvmm.a64.settle"
local source = require "tinyvmm.a64.source"

local byte, find, sub, match = string.byte, string.find, string.sub,
  string.match
local fail = expr.fail

local asm = {}
local A = {}
A.__index = A
for name, fn in pairs(report.methods) do A[name] = fn end

local DEEPEST = 32                       -- files that include each other

-- Sections and symbols -------------------------------------------------------

-- Go to a section, and to the part of it that `.subsection number` means: a
-- section of its own until the layout, which joins them.
function A:enter(name, flags, nobits, number)
  local sec = self.sections[name]
  if not sec then
    sec = section.new(name, flags, nobits)
    self.sections[name] = sec
    self.section_list[#self.section_list + 1] = sec
  end
  if number and number ~= 0 then
    local key = name .. "\1" .. number
    local whole = sec
    sec = self.sections[key]
    if not sec then
      sec = section.new(name)
      sec.kind, sec.whole, sec.number = whole.kind, whole, number
      self.sections[key] = sec
      self.section_list[#self.section_list + 1] = sec
    end
  end
  self.previous, self.sec = self.sec, sec
end

local function redefined(self, name, sym, p)
  local where = sym.at and " at " .. source.where(self.sources, sym.at)
    or " by the caller"
  fail(p, "symbol '%s' is already defined%s", name, where)
end

-- A label: the current place of the current section.
function A:define(name, p)
  local sym = self.symbols[name]
  if sym then redefined(self, name, sym, p) end
  self.latest = { sec = self.sec, off = self.sec.size,
    at = self.line_at + p }
  self.symbols[name] = self.latest
end

-- Numeric labels: the k-th `1:` is the symbol "\0011:k", which no text can say.
function A:define_numeric(n, p)
  local list = self.numeric[n] or {}
  self.numeric[n] = list
  self.seq = self.seq + 1
  local k = #list + 1
  local name = "\1" .. n .. ":" .. k
  list[k] = { sec = self.sec, off = self.sec.size, seq = self.seq,
    at = self.line_at + p }
  self.latest = list[k]
  self.symbols[name] = list[k]
  self.near[n .. "b"], self.near[n .. "f"] = name, "\1" .. n .. ":" .. k + 1
end

-- The symbol name that a label in an instruction stands for at this line: its
-- own, but for "1f" and "1b". (A "1b" without any `1:` stays to be an error.)
local function new_near()
  return setmetatable({}, { __index = function(t, text)
    local n, way = match(text, "^(%d+)([bf])$")
    if way == "b" then return text end
    local name = n and "\1" .. n .. ":1" or text
    t[text] = name
    return name
  end })
end

-- name = the expression at r; returns the position after it.
function A:assign(name, s, r, p, once)
  if name == "." then return directives.by_name.org(self, s, r) end
  local old = self.symbols[name]
  if old and (once or not old.variable) then
    redefined(self, name, old, p)
  end
  self.undef, self.dot = nil, self.sec.size
  local v, sec, q = expr.eval(self, s, r)
  local sym = { variable = true, at = self.line_at + p }
  if self.undef then
    sym.expr = { s = s, p = r, dot = self.dot, sec = self.sec, seq = self.seq,
      line_at = self.line_at }
  else
    sym.off, sym.sec = v, sec
  end
  self.symbols[name] = sym
  -- Labels are looked up at the end: those that mean this value keep it.
  self.near[name] = self:keep(sym)
  return q
end

-- A symbol under a name that no text can say; returns the name.
function A:keep(sym)
  self.made = self.made + 1
  local name = "\1=" .. self.made
  self.symbols[name] = sym
  return name
end

function A:nameless(v, sec)
  return self:keep { off = v, sec = sec }
end

-- Files ----------------------------------------------------------------------

-- A file next to the one that names it, in the include directories, or where
-- the process stands.
function A:read_file(name, p)
  local here = source.locate(self.sources, self.line_at + p)
  local tries = { name }
  if not find(name, "^/") then
    table.insert(tries, 1, (match(here, "^(.*/)") or "") .. name)
    for i, dir in ipairs(self.include_dirs) do
      table.insert(tries, i + 1, dir .. "/" .. name)
    end
  end
  for _, path in ipairs(tries) do
    local data = require "tinyvmm.file".read(path)
    if data then return data, path end
  end
  fail(p, "cannot read '%s'", name)
end

function A:include(name, p)
  if self.frame.depth >= DEEPEST then
    fail(p, "includes nest deeper than %d", DEEPEST)
  end
  local text, path = self:read_file(name, p)
  macro.push(self, path, text)
end

-- Statements -----------------------------------------------------------------

-- Put a statement off until every symbol is known.
function A:defer(d)
  d.sec, d.seq, d.line_at = self.sec, self.seq, self.line_at
  self.deferred[#self.deferred + 1] = d
end

-- The word at index i of a words part wants an address.
local function fixup(self, part, i, kind, name, at)
  local n = #self.fix_part + 1
  self.fix_part[n], self.fix_word[n], self.fix_kind[n] = part, i, kind
  self.fix_name[n], self.fix_at[n] = name, at
end

-- A word that the cache knew, with the fixup it may need. The code of the
-- current section is open: sec.code is there.
function A:append(w, fix, symbol, at)
  local sec = self.sec
  local code = sec.code
  local n = #code + 1
  code[n], code.at[n] = w, at
  sec.size = code.off + 4 * n
  if fix then fixup(self, code, n, fix, self.near[symbol], at) end
end

local ATOMS = "^([^,]*)(,?[^,]*)(,?[^,]*)(.*)"

local function literal_size(c)
  local name = c.row.name
  if name == "LDR_lit" then return c.wide == 1 and 8 or 4 end
  if name == "LDRSW_lit" then return 4 end
  return 4 << (c.w >> 30)
end

-- An atom such as "#SIZE / 2" with its value in place of the expression, so
-- that the cache knows it; the atom itself if it is something else.
local function evaluated(self, atom)
  local _, e = find(atom, "^,?[ \t]*#[ \t]*%f[%a_$.('~]")
  if not e then
    if not find(atom, "^,?[ \t]*#[ \t]*%w+[ \t]*[-+*/%%|&^<>=!]") then
      return atom
    end
    e = find(atom, "#", 1, true)
  end
  self.undef, self.shifted, self.mute = nil, false, true
  local ok, v, sec, q = pcall(expr.eval, self, atom, e + 1)
  self.mute = false
  if not ok or sec or self.undef or self.shifted then return atom end
  return sub(atom, 1, e) .. v .. sub(atom, q)
end

-- An instruction that the cache does not know.
local function exactly(self, s, p, m, q)
  -- Text with an error still takes its four bytes, so that labels stay put.
  local at = self.line_at + p
  local part, i = section.word(self.sec, 0, at)
  local c = encode.encode(self, s, p, m, q)
  if not c then
    return self:defer { kind = "code", part = part, i = i, s = s, p = p,
      m = m, q = q, dot = self.dot }
  end
  part[i] = c.w
  if c.doubt then self:warn(p, c.doubt) end
  if c.pool then
    local size = literal_size(c)
    if size > 8 then fail(c.pool, "a literal has at most 8 bytes") end
    fixup(self, part, i, c.fix, pool.literal(self, size, s, c.pool), at)
  elseif c.fix then
    fixup(self, part, i, c.fix, self.near[c.sym], self.line_at + c.sym_at)
  end
  return c
end

local function instruction(self, s, p)
  local _, e, m = find(s, "^(%a[%w.]*)[ \t\r]*", p)
  if not e or not find(s, "^[^%w_$]", p + #m) and p + #m <= #s then
    fail(p, "expected an instruction, a label or a directive, got '%s'",
      match(s, "^%S+", p))
  end
  if self.sec.kind == "bss" then
    fail(p, "section %s holds no instructions; use .text", self.sec.name)
  end
  local at, q = self.line_at + p, e + 1
  if not self.sec.code then
    lint.code(self, p)
    section.words(self.sec, at)
  end
  self.dot = self.sec.size
  if self.named then s = macro.rename(self, s, q) end
  local a, b, c, d = match(s, ATOMS, q)
  local lookup = encode.lookup
  local w, fix, name = lookup(m, a, b, c, d)
  local plain
  if not w and find(s, "#", q, true) then
    b, c, d = evaluated(self, b), evaluated(self, c), evaluated(self, d)
    plain = m .. " " .. a .. b .. c .. d
    w, fix, name = lookup(m, a, b, c, d)
  end
  if w then
    local part, i = section.word(self.sec, w, at)
    if fix then fixup(self, part, i, fix, self.near[name], at) end
    return
  end
  local found = exactly(self, s, p, m, q)
  if found and not found.pool and self.used_symbol and plain then
    -- Learn from the same without its constants, if that is all it had.
    q = #m + 2
    found = encode.encode(self, plain, 1, m, q)
  end
  if found and not self.used_symbol then
    encode.learn(found, m, q, a, b, c, d)
  end
end

-- The directive fn with its arguments at q of s; all of them must be used.
local function call_directive(self, s, fn, name, q)
  q = fn(self, s, find(s, "[^ \t\r]", q) or #s + 1)
  local left = find(s, "[^ \t\r]", q)
  if left then
    fail(left, "unexpected %s after .%s", match(s, "^[%w_.$]+", left)
      and "'" .. match(s, "^[%w_.$]+", left) .. "'"
      or "'" .. sub(s, left, left) .. "'", match(name, "^%.?(.*)"))
  end
end

local function directive(self, s, p)
  local _, e, name = find(s, "^%.([%w_][%w_.]*)", p)
  local fn = name and directives.find(name)
  if not fn then
    name = name or match(s, "^%.%S*", p)
    fail(p, "unknown directive '%s'%s", "." .. name:gsub("^%.", ""),
      report.did_you_mean(name, function()
        local list = {}
        for known in pairs(directives.by_name) do list[#list + 1] = known end
        table.sort(list)
        return list
      end))
  end
  call_directive(self, s, fn, name, e + 1)
end

-- The macro that is called at p, and where its arguments begin.
local function called(self, s, p)
  local _, e, name = find(s, "^([%a_.$][%w_.$]*)[ \t\r]*", p)
  local found = e and self.macros[name:lower()]
  if found and not (byte(name) == 46 and directives.find(sub(name, 2))) then
    return found, e + 1
  end
end

-- One statement: any labels, then an assignment, a call of a macro, a
-- directive, an instruction.
local function statement(self, s, p)
  while true do
    p = find(s, "[^ \t\r]", p)
    if not p then return end
    local _, e, name = find(s, "^([%w_.$]+)[ \t]*:", p)
    if not e then break end
    if find(name, "^%d+$") then self:define_numeric(name, p)
    elseif find(name, "^%d") then fail(p, "'%s' is not a label name", name)
    else self:define(name, p) end
    p = e + 1
  end
  local _, e, name = find(s, "^([%a_.$][%w_.$]*)[ \t]*=", p)
  if e and not find(s, "^=", e + 1) then
    local q = self:assign(name, s, find(s, "[^ \t\r]", e + 1) or #s + 1, p)
    local left = find(s, "[^ \t\r]", q)
    if left then fail(left, "unexpected text after the value") end
    return
  end
  local known, q = called(self, s, p)
  if known then macro.call(self, known, s, p, q)
  elseif find(s, "^%.", p) then directive(self, s, p)
  else
    _, e, name = find(s, "^([%a_$][%w_.$]*)[ \t]+%.req%f[^%w_]", p)
    if e then macro.req(self, s, p, name) else instruction(self, s, p) end
  end
end

-- The line of the text at p, with all its statements from column q on; returns
-- the start of the next line, or whatever a directive made the next place. A
-- new frame is read at once, the rest of the line after it.
local function line(self, text, p, q)
  local e = find(text, "\n", p, true) or #text + 1
  local s, open = sub(text, p, e - 1), false
  if find(s, "[\"'/#]") then s, open = source.clean(s) end
  local next_line = e + 1
  if open then                           -- a comment that ends further down
    local _, stop = find(text, "*/", p + #s + 2, true)
    if not stop then
      fail(#s + 1, "the comment has no end")
    end
    next_line = stop + 1
  end
  local frame = self.frame
  while q <= #s do
    local stop = find(s, ";", q, true) and source.statement_end(s, q) or #s + 1
    local one = stop <= #s and sub(s, 1, stop - 1) or s
    local after = stop <= #s and p + stop or next_line
    frame.p = after
    local ok, err = pcall(statement, self, one, q)
    if not ok then self:caught(err) end
    if frame.p ~= after or self.frame ~= frame then return frame.p end
    q = stop + 1
  end
  return next_line
end

local LINE = "^[ \t]*(%a[%w.]*)[ \t]*([^,\n]*)(,?[^,\n]*)(,?[^,\n]*)"
  .. "([^\n]*)\n()"
-- The same without the rest of the text.
local STATEMENT = "^[ \t]*(%a[%w.]*)[ \t]*([^,]*)(,?[^,]*)(,?[^,]*)(.*)"

local is_digit = {}
for c = 48, 57 do is_digit[c] = true end

-- A label at the start of a line, its position being self.line_at + 1; false
-- if it is nothing of the kind.
function A:quick_label(name)
  if is_digit[byte(name)] then
    if not find(name, "^%d+$") then return false end
    self:define_numeric(name, 1)
  else
    self.latest = { sec = self.sec, off = self.sec.size,
      at = self.line_at + 1 }
    self.symbols[name] = self.latest
  end
  return true
end

-- Directives by their names with the dot, looked for once.
local DOTTED = setmetatable({}, { __index = function(t, name)
  local bare = match(name, "^%.(.+)$")
  local fn = bare and directives.find(bare)
  if fn then t[name] = fn end
  return fn
end })

-- A call of a macro or a directive that is alone on its line, at p, with
-- nothing quoted or commented: where to go on, or nil if it is something else.
local function quick_statement(self, text, p, base)
  local start, name, q = match(text, "^[ \t]*()([%a_.$][%w_.$]*)[ \t]*()", p)
  local fn = name and DOTTED[name]
  local known = name and not fn and self.macros[name]
  if not (fn or known) or find(text, "^[:=]", q) then return nil end
  local after = find(text, "\n", q, true) + 1
  local s = sub(text, p, after - 2)
  if find(s, "[\"'/;]") then return nil end
  local frame = self.frame
  frame.p, self.line_at = after, base + p - 1
  q = q - p + 1
  local ok, err
  if fn then ok, err = pcall(call_directive, self, s, fn, name, q)
  else ok, err = pcall(macro.call, self, known, s, start - p + 1, q) end
  if not ok then self:caught(err) end
  return frame.p
end

-- What the hot loop does not know: a label (then the rest of its line is next),
-- an empty line, or a statement for `line`. Returns where to go on, and the
-- section that is current then.
function A:other_line(text, p, base, sec)
  local next_line = quick_statement(self, text, p, base)
  if next_line then return next_line, self.sec end
  self.line_at = base + p - 1
  local _, e, label = find(text, "^([%w_.$]+):[ \t]*\n?", p)
  if label and sec and not self.symbols[label] and self:quick_label(label) then
    return e + 1, sec
  end
  _, e = find(text, "^[ \t]*\n", p)
  if not e then _, e = find(text, "^[ \t]*//[^\n]*\n", p) end
  if e then return e + 1, self.sec end
  local start = p               -- p may stand behind a label
  while start > 1 and byte(text, start - 1) ~= 10 do start = start - 1 end
  self.line_at = self.line_at + start - p
  local ok, err = pcall(line, self, text, start, p - start + 1)
  if ok then return err, self.sec end
  self:caught(err)
  return find(text, "\n", p, true) + 1, self.sec
end

-- Assemble a text. The hot loop: nothing but the cache, as long as it knows.
function A:run(name, text)
  macro.push(self, name, text)
  while self.frame do
    if self:read_frame() then macro.pop(self) end
    if self.ended then self.frame = nil end
  end
end

-- Read on in the newest frame; true at its end, nil when there is a newer one.
function A:read_frame()
  local frame = self.frame
  local text, base, p, stop = frame.text, frame.base, frame.p, #frame.text
  local lookup, sec = self.lookup, self.sec
  local code, at, n = sec.code, nil, nil
  if code then n, at = #code, code.at end
  local fix_part, fix_word, fix_kind, fix_name, fix_at = self.fix_part,
    self.fix_word, self.fix_kind, self.fix_name, self.fix_at
  local near = self.near
  while p <= stop do
    local m, a, b, c, d, e = match(text, LINE, p)
    local w, fix, symbol
    if code and m then
      w, fix, symbol = lookup(m, a, b, c, d)
      if not w then
        local s = sub(text, p, e - 1)
        local note = find(s, "//", 1, true)
        if note then
          m, a, b, c, d = match(sub(s, 1, note - 1), STATEMENT)
          w, fix, symbol = lookup(m, a, b, c, d)
        end
      end
      symbol = symbol and near[symbol]
    end
    if w then
      n = n + 1
      code[n], at[n] = w, base + p
      if fix then
        local k = #fix_part + 1
        fix_part[k], fix_word[k], fix_kind[k] = code, n, fix
        fix_name[k], fix_at[k] = symbol, base + p
      end
      p = e
    else
      if code then sec.size = code.off + 4 * n end
      p, sec = self:other_line(text, p, base, sec)
      if self.frame ~= frame then return end
      lookup, code = self.lookup, sec.code
      if code then n, at = #code, code.at end
    end
  end
  if code then sec.size = code.off + 4 * n end
  return true
end

A.settle = settle.symbol
A.pool, A.got = pool.put, pool.got

local OPTIONS = { name = "string", symbols = "table", include = "table",
  origin = "number" }

local function check_options(opts)
  for key, value in pairs(opts) do
    local want = OPTIONS[key]
    if not want then
      error(("unknown option '%s'"):format(tostring(key)), 4)
    elseif type(value) ~= want then
      error(("option %s must be a %s, not a %s"):format(key, want,
        type(value)), 4)
    end
  end
end

local function new(opts)
  check_options(opts)
  local self = setmetatable({
    sources = {}, errors = {}, missed = {}, enough = {},
    warnings = {}, warned = {},
    sections = {}, section_list = {}, stack = {}, symbols = {}, numeric = {},
    near = new_near(), seq = 0, made = 0, literals = 0, weak = {},
    is_local = {},
    macros = {}, aliases = {}, conds = {}, expansions = 0, expanded = 0,
    lookup = encode.lookup, line_at = 0, deferred = {}, relocs = {},
    fix_part = {}, fix_word = {}, fix_kind = {}, fix_name = {}, fix_at = {},
    include_dirs = opts.include or {},
    image = { name = "image", kind = "image", base = 0 },
  }, A)
  for name, v in pairs(opts.symbols or {}) do
    if type(name) ~= "string" or not find(name, "^[%a_.$][%w_.$]*$") then
      error(("symbols: '%s' is not a symbol name"):format(tostring(name)), 3)
    end
    local n = math.tointeger(v)
    if not n then
      error(("symbols: %s must be an integer"):format(name), 3)
    end
    self.symbols[name] = { off = n }
  end
  for _, name in ipairs { ".data", ".bss", ".text" } do  -- first, as in GNU as
    self:enter(name)
  end
  self.previous = nil
  return self
end

-- Assemble GNU-syntax text into an image. opts: name (for messages), symbols
-- (name -> integer), include (array of directories), origin (address that the
-- image's symbols start with; default 0). Raises one string with every error,
-- "name:line:column: message" a line.
function asm.assemble(text, opts)
  opts = opts or {}
  if type(text) ~= "string" then
    error("the text to assemble must be a string, not a " .. type(text), 2)
  end
  return asm.finish(new(opts), opts, text)
end

-- For builder.lua: an assembler to be fed piece by piece, and its end.
function asm.begin(opts)
  return new(opts or {})
end

function asm.finish(self, opts, text)
  encode.trim()
  local ok, img = pcall(function()
    if text then self:run(opts.name or "asm", text) end
    return settle.finish(self)
  end)
  if not ok and img ~= self.enough then error(img, 0) end
  if #self.errors > 0 then error(report.message(self), 0) end
  img.warnings = report.told(self, self.warnings)
  if opts.origin then img:place(opts.origin) end
  return img
end

-- The image as text: address, bytes and source line, see list.lua.
function asm.listing(img)
  return require "tinyvmm.a64.list".listing(img)
end

return asm
