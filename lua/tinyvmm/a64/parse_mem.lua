-- SPDX-License-Identifier: MIT
-- The parse half of the memory operand kinds. An address in brackets is read
-- once per statement into a description (what stands inside, what follows the
-- bracket); each kind then says whether that is its shape and whether the
-- offset fits, so that the error speaks of the form the text means.

local cursor = require "tinyvmm.a64.cursor"

local find, sub = string.find, string.sub
local miss, skip = cursor.miss, cursor.skip
local CLOSE, RANGE = cursor.CLOSE, cursor.RANGE

local EXTEND = { lsl = 3, uxtw = 2, sxtw = 6, sxtx = 7 }

local function plain_register(c, sp, what)
  local p = skip(c)
  local name = c.s:match("^[%w_]+", p)
  local r = name and cursor.register(name)
  if not r or r.bank ~= "x" and r.bank ~= "w" then
    cursor.expected(c, what)
    return
  end
  if r.n == 31 and (r.sp or false) ~= sp or sp and r.bank ~= "x" then
    miss(c, p, CLOSE, "expected %s, got %s", what, name)
    return
  end
  c.p = p + #name
  return r
end

-- ", uxtw #2" after the index register; fills m.option and m.amount.
local function index_modifier(c, m)
  m.option = m.index.bank == "x" and 3 or nil
  if cursor.comma(c) then
    local at, word, e = skip(c), cursor.word(c)
    m.option = EXTEND[word]
    if not m.option then
      return miss(c, at, CLOSE, "expected lsl, uxtw, sxtw or sxtx")
    end
    c.p = e
    if word == "lsl" or find(c.s, "^[ \t]*[^ \t%]]", c.p) then
      m.amount_at = skip(c)
      m.amount = cursor.imm(c, "a shift amount")
      if not m.amount then return end
    end
  end
  local x = m.index.bank == "x"
  if not m.option or x ~= (m.option & 1 == 1) then
    return miss(c, m.index_at, CLOSE, x and "uxtw and sxtw take a w register"
      or "a w register as index needs uxtw or sxtw")
  end
  return true
end

-- What follows the base register inside the brackets.
local function inside(c, m)
  local p = skip(c)
  local name = c.s:match("^[%w_]+", p)
  local r = name and cursor.register(name)
  if r then
    m.form, m.index_at = "reg", p
    m.index = plain_register(c, false, "an index register")
    return m.index and index_modifier(c, m)
  end
  m.at = p
  if find(c.s, "^#?:", p) then
    m.form = "lo12"
    if not cursor.low_bits(c, "lo12.0", true) then
      return cursor.expected(c, "an offset, a register or :lo12:symbol")
    end
    m.sym, m.sym_at, m.value, m.value_sec = c.sym, c.sym_at, c.value,
      c.value_sec
    c.fix = nil
    return true
  end
  m.form, m.v = "imm", cursor.imm(c, "an offset or a register")
  return m.v
end

-- What follows the closing bracket: "!", or a post-index.
local function after(c, m)
  if sub(c.s, c.p, c.p) == "!" then
    m.index_mode, c.p = "pre", c.p + 1
    return true
  end
  local before = c.p
  if not cursor.comma(c) then return true end
  m.index_mode, m.post_at = "post", skip(c)
  local name = c.s:match("^[%w_]+", m.post_at)
  if name and cursor.register(name) then
    m.post = plain_register(c, false, "a 64-bit register")
    return m.post
  end
  m.at, m.v = m.post_at, cursor.imm(c, "an offset")
  if not m.v then return c.defer and nil end
  m.before = before
  return true
end

local function read(c, m)
  local p = skip(c)
  if sub(c.s, p, p) ~= "[" then
    cursor.expected(c, "an address such as [x0]")
    return
  end
  c.p = p + 1
  m.base = plain_register(c, true, "a base register (x0 to x30, sp)")
  if not m.base then return end
  if cursor.comma(c) and not inside(c, m) then return end
  skip(c)
  if sub(c.s, c.p, c.p) ~= "]" then
    cursor.expected(c, "']'")
    return
  end
  c.p = c.p + 1
  return after(c, m)
end

-- The address at the cursor; the same for every row that is tried.
local function address(c)
  local m = c.mem
  if not m or m.start ~= c.p then
    m = { start = c.p }
    c.mem = m
    m.ok = read(c, m)
    m.stop = c.p
  end
  if not m.ok then return end
  c.p = m.stop
  c.w = c.w | m.base.n << 5
  return m
end

local function refuse(c, m, what)
  return miss(c, m.start, CLOSE, "this form takes %s", what)
end

-- log2 of the bytes of a scalar access.
local function size_of(c) return c.w >> 30 end
local function fp_size(c)
  return c.w & 1 << 23 ~= 0 and 4 or c.w >> 30
end

-- A signed offset of `bits` bits in units of 1 << scale, for the field at lo.
local function signed(c, m, bits, scale, lo)
  local v, unit = m.v or 0, 1 << scale
  local limit = 1 << bits - 1 + scale
  if v & unit - 1 ~= 0 or v < -limit or v >= limit then
    local steps = scale == 0 and "" or (" in steps of %d"):format(unit)
    return miss(c, m.at, RANGE, "offset %s is not in %d to %d%s; add it to"
      .. " the base register first", cursor.show(v), -limit, limit - unit,
      steps)
  end
  c.w = c.w | (v >> scale & (1 << bits) - 1) << lo
  return true
end

-- [Rn{, #offset}] with an unsigned offset in units of the access.
local function unsigned(size)
  return function(c)
    local m = address(c)
    if not m then return end
    if m.index_mode or m.form == "reg" then
      return refuse(c, m, "[Rn{, #offset}]")
    end
    local scale = size(c)
    if m.form == "lo12" then
      c.fix = ("lo12.%d"):format(scale)
      c.sym, c.sym_at, c.value, c.value_sec = m.sym, m.sym_at, m.value,
        m.value_sec
      return true
    end
    local v = m.v or 0
    local unit = 1 << scale
    if v < 0 or v > 4095 * unit or v & unit - 1 ~= 0 then
      local steps = scale == 0 and "" or (" in steps of %d"):format(unit)
      local way = "; add it to the base register first"
      if v > 0 and v & unit - 1 ~= 0 then way = "" end
      return miss(c, m.at, RANGE, "offset %s is not in -256 to 255, nor in 0"
        .. " to %d%s%s", cursor.show(v), 4095 * unit, steps, way)
    end
    c.w = c.w | v >> scale << 10
    return true
  end
end

local function index_form(size)
  return function(c)
    local m = address(c)
    if not m then return end
    if m.form ~= "reg" or m.index_mode then
      return refuse(c, m, "[Rn, Rm{, extend}]")
    end
    local scale, amount = size(c), m.amount
    if amount and amount ~= 0 and amount ~= scale then
      return miss(c, m.amount_at, RANGE, "shift amount %s is not %s",
        cursor.show(amount), scale == 0 and "0" or "0 or " .. scale)
    end
    if amount and amount == scale then c.w = c.w | 1 << 12 end
    c.w = c.w | m.index.n << 16 | m.option << 13
    return true
  end
end

-- mode nil, "pre" or "post" with a signed offset.
local function offset(mode, bits, lo, scale_of, what)
  return function(c)
    local m = address(c)
    if not m then return end
    if m.index_mode ~= mode or m.form == "reg" or m.form == "lo12" or m.post
      or mode == "post" and m.form or mode == "pre" and not m.form then
      return refuse(c, m, what)
    end
    return signed(c, m, bits, scale_of(c), lo)
  end
end

local function zero() return 0 end
local function sixteen() return 4 end
local function pair(c) return 2 + (c.w >> 31 & 1) end
local function fp_pair(c) return 2 + (c.w >> 30) end

return function(M)
  local parse, show = M.kinds, M.show
  local function add(kind, text, fn)
    parse[kind], show[kind], M.reg_at[kind] = fn, text, 5
  end
  add("mem", "[Rn]", function(c)
    local m = address(c)
    if not m then return end
    if m.index_mode or m.form and not (m.form == "imm" and m.v == 0) then
      return refuse(c, m, "only [Rn], without an offset")
    end
    return true
  end)
  local plain, pre, post = "[Rn{, #offset}]", "[Rn, #offset]!",
    "[Rn], #offset"
  add("mem.u", plain, unsigned(size_of))
  add("mem.uq", plain, unsigned(fp_size))
  add("mem.r", "[Rn, Rm{, lsl|uxtw|sxtw|sxtx {#n}}]", index_form(size_of))
  add("mem.rq", "[Rn, Rm{, lsl|uxtw|sxtw|sxtx {#n}}]", index_form(fp_size))
  add("mem.i", plain, offset(nil, 9, 12, zero, plain))
  add("mem.pre", pre, offset("pre", 9, 12, zero, pre))
  add("mem.post", post, offset("post", 9, 12, zero, post))
  for letter, scale in pairs { p = pair, q = fp_pair } do
    add("mem." .. letter, plain, offset(nil, 7, 15, scale, plain))
    add("mem." .. letter .. "pre", pre, offset("pre", 7, 15, scale, pre))
    add("mem." .. letter .. "post", post, offset("post", 7, 15, scale, post))
  end
  -- Tags, and pairs that are stored with one: multiples of 16.
  for mode, text in pairs { [""] = plain, pre = pre, post = post } do
    local m = mode ~= "" and mode or nil
    add("mem.tag" .. mode, text, offset(m, 9, 12, sixteen, text))
    add("mem.t" .. mode, text, offset(m, 7, 15, sixteen, text))
  end
  -- LDRAA: s10:imm9, in units of 8; "[x0]!" is an offset of 0.
  local function authenticated(mode, what)
    return function(c)
      local m = address(c)
      if not m then return end
      if m.index_mode ~= mode or m.form == "reg" or m.form == "lo12" then
        return refuse(c, m, what)
      end
      local w = c.w
      c.w = 0
      if not signed(c, m, 10, 3, 0) then return end
      local v = c.w
      c.w = w | (v & 0x1ff) << 12 | v >> 9 << 22
      return true
    end
  end
  add("mem.10", plain, authenticated(nil, plain))
  add("mem.10pre", pre, authenticated("pre", pre))
  -- Memory copy and set: "[x0]!" and "x1!".
  local function written_back(kind, lo, text, open, close)
    add(kind, text, function(c)
      local at = skip(c)
      local _, e, name = find(c.s, open .. "[ \t]*([%w_]+)[ \t]*" .. close, at)
      local r = name and cursor.register(name)
      if not r or r.bank ~= "x" or r.n == 31 then
        return cursor.expected(c, text)
      end
      if lo ~= 0 and r.n == c.w & 31 then
        return miss(c, at, RANGE, "the three registers must differ")
      end
      c.w = c.w | r.n << lo
      c.p = e + 1
      return true
    end)
    M.reg_at[kind] = nil
  end
  written_back("Xd.wb", 0, "[Xd]!", "^%[", "%]!")
  written_back("Xs.wb", 16, "[Xs]!", "^%[", "%]!")
  written_back("Xn.size", 5, "Xn!", "^", "!")
  -- For the cache: the offset as a number (see parse.lua).
  local function scaled(kind, scale)
    M.linear[kind] = { mask = 0xfff << 10, bits = function(v, w)
      local s = scale { w = w }
      return v >= 0 and v >> s << s == v and v >> s < 4096 and v >> s << 10
        or nil
    end }
  end
  scaled("mem.u", size_of)
  scaled("mem.uq", fp_size)
  local function signed_rule(kind, bits, scale, lo)
    local mask = (1 << bits) - 1
    M.linear[kind] = { mask = mask << lo, base_only = true,
      bits = function(v, w)
        local s = scale { w = w }
        local n = v // (1 << s)
        return n << s == v and n >= -(1 << bits - 1) and n < 1 << bits - 1
          and (n & mask) << lo or nil
      end }
  end
  for _, mode in ipairs { "", "pre", "post" } do
    signed_rule("mem.p" .. mode, 7, pair, 15)
    signed_rule("mem.q" .. mode, 7, fp_pair, 15)
  end
  for _, mode in ipairs { "i", "pre", "post" } do
    signed_rule("mem." .. mode, 9, zero, 12)
  end
  -- Structures: [Rn], Rm or [Rn], #bytes-moved (c.bytes, by the list).
  add("mem.vpost", "[Rn], Xm|#bytes", function(c)
    local m = address(c)
    if not m then return end
    if m.index_mode ~= "post" or m.form then
      return refuse(c, m, "[Rn], Xm or [Rn], #bytes")
    end
    if not m.post and m.v ~= c.bytes then
      return miss(c, m.at, RANGE, "the offset can only be %d, the bytes moved",
        c.bytes)
    end
    if m.post and (m.post.n == 31 or m.post.bank ~= "x") then
      return miss(c, m.post_at, CLOSE, "expected a register x0 to x30")
    end
    c.w = c.w | (m.post and m.post.n or 31) << 16
    return true
  end)
end
