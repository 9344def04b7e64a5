-- SPDX-License-Identifier: MIT
-- The generated C decoder says of every word what the table says: the rows
-- read by isa.lua are one reading, src/a64/decode.c compiled with
-- decode_words.c the other, and they must name the same row.
local test = require "tap"
local isa = require "tinyvmm.a64.isa"
local words = require "a64._words"

local function batch(t)
  local list = {}
  for i = 1, isa.count() do
    for _ = 1, 60 do
      list[#list + 1] = words.random(isa.row(i), t.random)
    end
  end
  for _ = 1, 20000 do list[#list + 1] = t.random(0, 0xffffffff) end
  -- the words that differ from a row in one bit
  for i = 1, isa.count() do
    local row = isa.row(i)
    for bit = 0, 31 do list[#list + 1] = row.init ~ 1 << bit end
  end
  return list
end

-- The lines that decode_words.c prints for a list of words.
local function decode(t, list)
  t.needs "cc"
  local program, input = t.tmpname(), t.tmpname()
  local _, status, errors = t.run("cc -std=c11 -O1 -Wall -Wextra -Werror"
    .. " -Isrc tests/a64/decode_words.c src/a64/decode.c -o " .. program)
  t.eq(status, 0, errors)
  do
    local f <close> = assert(io.open(input, "wb"))
    f:write(words.pack(list))
  end
  local lines = {}
  local pipe <close> = assert(io.popen(program .. " < " .. input))
  for line in pipe:lines() do lines[#lines + 1] = line end
  t.eq(#lines, #list)
  return lines
end

test("the C decoder and the table name the same row for every word",
  function(t)
    local list = batch(t)
    for i, line in ipairs(decode(t, list)) do
      local name = line:match "^%S+"
      local row = isa.find(list[i])
      if name ~= (row and row.name or "UNDEFINED") then
        t.eq(name, row and row.name, ("%08x"):format(list[i]))
      end
    end
  end)

-- What llvm-mc calls the features. Words of the system space without their
-- feature are for it registers with a number; it does not know CSSC.
local llvm_names = {
  AES = "aes", BF16 = "bf16", CRC32 = "crc", DotProd = "dotprod",
  FCMA = "complxnum", FHM = "fp16fml", FP16 = "fullfp16",
  FRINTTS = "fptoint", FlagM = "flagm", FlagM2 = "altnzcv", HBC = "hbc",
  I8MM = "i8mm", JSCVT = "jsconv", LOR = "lor", LRCPC = "rcpc",
  LRCPC2 = "rcpc-immo", LS64 = "ls64", LS64_ACCDATA = "ls64",
  LS64_V = "ls64", LSE = "lse", MOPS = "mops", MTE = "mte", MTE2 = "mte",
  PAuth = "pauth", PMULL = "aes", RDM = "rdm", SB = "sb", SHA1 = "sha2",
  SHA256 = "sha2", SHA3 = "sha3", SHA512 = "sha3", SM3 = "sm4", SM4 = "sm4",
  WFxT = "wfxt", XS = "xs", NONE = "v8a",
}
local BASE = "+v8a,+el3,+el2vmsa,"
-- Half-precision FCMLA and FCADD need FP16 besides, SETG needs MTE; a row names
-- the younger one.
local SECOND = { FCMA = ",+fullfp16", MOPS = ",+mte" }

test("a row needs the feature that llvm-mc wants for its words, and no other",
  function(t)
    t.needs(words.llvm)
    local list, by_feature = {}, {}
    for _, row in ipairs(isa.rows()) do
      for _ = 1, row.name == "MSR_i" and 0 or 30 do
        local w = words.random(row, t.random)
        if isa.find(w) == row then list[#list + 1] = w end
      end
    end
    for i, line in ipairs(decode(t, list)) do
      local feature = line:match "%S+$"
      by_feature[feature] = by_feature[feature] or {}
      table.insert(by_feature[feature], list[i])
    end
    for feature, attribute in pairs(llvm_names) do
      local some = t.ok(by_feature[feature], feature)
      local with = words.llvm_invalid(t, some, BASE .. "+" .. attribute
        .. (SECOND[feature] or ""))
      local without = words.llvm_invalid(t, some, BASE .. "-" .. attribute)
      for i, w in ipairs(some) do
        t.ok(not with[i], ("%08x needs more than %s"):format(w, feature))
        t.ok(feature == "NONE" or without[i] or w >> 22 == 0xd50 >> 2,
          ("%08x does not need %s"):format(w, feature))
      end
      by_feature[feature] = nil
    end
    t.eq(next(by_feature), "CSSC")
    t.eq(next(by_feature, "CSSC"), nil)
  end)
