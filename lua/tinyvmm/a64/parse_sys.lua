-- SPDX-License-Identifier: MIT
-- The parse half of the kinds that name things of the system: registers of MRS
-- and MSR, PSTATE fields, operations of IC, DC, AT and TLBI, barriers,
-- prefetches. The names themselves live in sysregs.lua.

local cursor = require "tinyvmm.a64.cursor"
local sysregs = require "tinyvmm.a64.sysregs"

local find = string.find
local miss, skip, bounded = cursor.miss, cursor.skip, cursor.bounded
local CLOSE = cursor.CLOSE

local function hint(word, list)
  return require "tinyvmm.a64.nearest".hint(word, list)
end

return function(M)
  local parse, show = M.kinds, M.show

  -- never: the access that the register does not allow, and what it is called.
  local function sysreg(c, never, what)
    local word, e = cursor.word(c)
    local key, access = sysregs.key(word or "")
    if not key or key & 0x8000 == 0 then
      if not word then return cursor.expected(c, "a system register") end
      return miss(c, c.p, CLOSE, "unknown system register '%s'%s", word,
        hint(word, function()
          local names = {}
          for i, r in ipairs(sysregs.registers()) do names[i] = r.name end
          return names
        end))
    end
    c.w = c.w | (key & 0x7fff) << 5
    c.p = e
    if access == never then
      c.doubt = ("%s cannot be %s: the instruction is undefined"):format(word,
        what)
    end
    return true
  end
  parse["sysreg.r"] = function(c) return sysreg(c, "WO", "read") end
  parse["sysreg.w"] = function(c) return sysreg(c, "RO", "written") end
  show["sysreg.r"], show["sysreg.w"] = "sysreg", "sysreg"

  function parse.pstate(c)
    local word, e = cursor.word(c)
    local op = word and sysregs.pstate[word]
    if not op then return cursor.expected(c, "a PSTATE field") end
    c.w = c.w | op >> 3 << 16 | (op & 7) << 5
    c.p = e
    return true
  end
  show.pstate = "pstatefield"

  parse["pstate.raw"] = function(c)
    local word, e = cursor.word(c)
    local op1, crm, op2 =
      (word or ""):match "^s0_([0-7])_c4_c(%d%d?)_([0-7])$"
    if not op1 or crm + 0 > 15 then
      return cursor.expected(c, "a PSTATE field")
    end
    c.w = c.w | op1 + 0 << 16 | crm + 0 << 8 | op2 + 0 << 5
    c.p = e
    return true
  end
  show["pstate.raw"] = "s0_op1_c4_crm_op2"

  -- Operations of ic, dc, at and tlbi; `bare` ones take no register.
  -- With FEAT_XS those of tlbi exist a second time, one further in CRn.
  local function operation(kind, op, bare, suffix)
    parse[kind] = function(c)
      local word, e = cursor.word(c)
      local name = suffix and word and word:match("^(%w+)" .. suffix .. "$")
      if suffix and not name then return cursor.expected(c, "an operation") end
      local key = word and sysregs.op_key(op, name or word)
      if not key then
        if not word then return cursor.expected(c, "an operation") end
        return miss(c, c.p, CLOSE, "unknown %s operation '%s'%s", op, word,
          hint(word, function() return sysregs.op_names(op) end))
      end
      if sysregs.op_has_xt(op, key) == bare then
        return miss(c, bare and e or c.p, CLOSE, "%s %s takes %s register", op,
          word, bare and "a" or "no")
      end
      c.w = c.w | key << 5 | (suffix and 1 << 12 or 0)
      c.p = e
      return true
    end
    show[kind] = "operation"
  end
  operation("ic", "ic", false)
  operation("ic.all", "ic", true)
  operation("dc", "dc", false)
  operation("at", "at", false)
  operation("tlbi", "tlbi", false)
  operation("tlbi.all", "tlbi", true)
  operation("tlbi.nxs", "tlbi", false, "nxs")
  operation("tlbi.allnxs", "tlbi", true, "nxs")

  -- A word out of a list, for the bits at lo, or (if `top`) a number.
  local function choice(kind, names, lo, what, top, text)
    local by_name
    parse[kind] = function(c)
      if not by_name then
        by_name = {}
        for v, name in pairs(names()) do by_name[name] = v end
      end
      local word, e = cursor.word(c)
      local v = word and by_name[word]
      if v then
        c.p = e
      elseif top then
        if word and not c.A.symbols[word] then
          return cursor.expected(c, what)
        end
        v = bounded(c, 0, top, what)
        if not v then return end
      else
        return cursor.expected(c, what)
      end
      c.w = c.w | v << lo
      return true
    end
    show[kind] = text
  end
  choice("barrier", function() return sysregs.barriers end, 8,
    "a barrier (sy st ld ish ishst ishld nsh osh ..)", 15, "barrier")
  choice("barrier.isb", function() return { [15] = "sy" } end, 8,
    "sy or an immediate", 15, "sy")
  choice("barrier.nxs", function()
    return { [0] = "oshnxs", "nshnxs", "ishnxs", "synxs" }
  end, 10, "a barrier (synxs ishnxs nshnxs oshnxs)", nil, "barrier")
  choice("prfop", function() return sysregs.prefetches end, 0,
    "a prefetch operation (pldl1keep ..)", 31, "prfop")
  choice("bti", function() return { "c", "j", "jc" } end, 6, "c, j or jc", nil,
    "c|j|jc")
  choice("csync", function() return { [0] = "csync" } end, 0, "csync", nil,
    "csync")
  choice("rctx", function() return { [0] = "rctx" } end, 0, "rctx", nil, "rctx")

  local function c_register(kind, lo)
    parse[kind] = function(c)
      local p = skip(c)
      local _, e, n = find(c.s, "^[cC](%d%d?)%f[^%w_]", p)
      if not e or n + 0 > 15 then return cursor.expected(c, "C0 to C15") end
      c.w = c.w | n + 0 << lo
      c.p = e + 1
      return true
    end
    show[kind] = kind
  end
  c_register("Cn", 12)
  c_register("Cm", 8)
end
