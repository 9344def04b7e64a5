-- SPDX-License-Identifier: MIT
-- Batches of words, and what other tools say of them: objdump and llvm-mc, one
-- run per batch.  Texts come without notes ("// #5", "; undefined").
local words = {}

words.objdump = "aarch64-linux-gnu-objdump"
words.llvm = "llvm-mc"
-- All features that llvm-mc 14 and the table have.
words.llvm_features = "+v8.8a,+fullfp16,+fp16fml,+aes,+sha2,+sha3,+sm4,+bf16,"
  .. "+i8mm,+mte,+mops,+hbc,+ls64,+rand,+spe,+am,+tracev8.4,+ccdp"

-- A random word of a row: its fixed bits, the rest random, a quarter of the
-- fields all zeros or all ones, for the rules that look at those.  It obeys the
-- `=` fields and may still be illegal.
function words.random(row, random)
  local w = random(0, 0xffffffff)
  for _, f in ipairs(row.fields) do
    local all = (1 << f.width) - 1
    if random(1, 4) == 1 then
      w = w & ~(all << f.lo) | (random(0, 1) * all) << f.lo
    end
  end
  w = w & ~row.mask | row.value
  for _, f in ipairs(row.fields) do
    local from = f.same and (row.field[f.same] or row.base.field[f.same])
    if from then
      local all = (1 << f.width) - 1
      w = w & ~(all << f.lo) | (w >> from.lo & all) << f.lo
    end
  end
  return w & 0xffffffff
end

-- Words of a row in which each field in turn has each of its edge values: none,
-- one, all, all but one, and the two around the middle, where a sign turns.
function words.edges(row, random)
  local list = {}
  for _, f in ipairs(row.fields) do
    local all = (1 << f.width) - 1
    local done = {}
    for _, v in ipairs { 0, 1, all, all - 1, all >> 1, (all >> 1) + 1 } do
      if not done[v] then
        local w = words.random(row, random)
        list[#list + 1] = w & ~(all << f.lo) | (v & all) << f.lo
        done[v] = true
      end
    end
  end
  return list
end

-- Words of a row with every state of the bits that should be 1 or 0 and that
-- the hardware ignores.
function words.ignored(row, random)
  local free, list = ~row.mask & 0xffffffff, {}
  for _, f in ipairs(row.fields) do
    free = free & ~((1 << f.width) - 1 << f.lo)
  end
  local v = 0
  while free ~= 0 do
    for _ = 1, 4 do
      list[#list + 1] = words.random(row, random) & ~free | v
    end
    v = v - free & free
    if v == 0 then break end
  end
  return list
end

-- The words as bytes, little-endian.
function words.pack(list)
  local bytes = {}
  for i, w in ipairs(list) do bytes[i] = ("<I4"):pack(w) end
  return table.concat(bytes)
end

local function write(path, bytes)
  local f <close> = assert(io.open(path, "wb"))
  assert(f:write(bytes))
end

-- Array of objdump's texts, the word of index i at address 4 * (i - 1).
function words.objdump_texts(t, list)
  local path = t.tmpname()
  write(path, words.pack(list))
  local texts = {}
  local pipe <close> = assert(io.popen(words.objdump
    .. " -D -z -b binary -m aarch64 " .. path))
  for line in pipe:lines() do
    local text = line:match "^%s*%x+:%s+%x%x%x%x%x%x%x%x%s+(.*)$"
    if text then
      texts[#texts + 1] = text:gsub("%s+//.*$", ""):gsub("%s+;.*$", "")
    end
  end
  assert(#texts == #list, "objdump printed another number of lines")
  return texts
end

-- Set of the indexes that llvm-mc with these features cannot disassemble.
function words.llvm_invalid(t, list, features)
  local lines = {}
  for i, w in ipairs(list) do
    lines[i] = ("0x%02x 0x%02x 0x%02x 0x%02x\n"):format(w & 255,
      w >> 8 & 255, w >> 16 & 255, w >> 24)
  end
  local path = t.tmpname()
  write(path, table.concat(lines))
  local invalid = {}
  local pipe <close> = assert(io.popen(words.llvm
    .. " -disassemble -triple=aarch64 -mattr=" .. features .. " " .. path
    .. " 2>&1 >/dev/null"))
  for line in pipe:lines() do
    local n = line:match ":(%d+):%d+: warning: invalid instruction"
    if n then invalid[n + 0] = true end
  end
  return invalid
end

return words
