-- SPDX-License-Identifier: MIT
--
-- Every row of the table against qemu-aarch64, with random operands: the
-- same cases run under qemu (oracle_qemu.c) and on `soft` (oracle_soft.c),
-- and their outcomes must be equal byte for byte. oracle.h makes the cases.
--
-- TV_ORACLE_N is the number of cases for each row (200 if not set). Left to
-- tests of their own: branches, PC-relative addresses, system instructions.
local test = require "tap"
local isa = require "tinyvmm.a64.isa"

local build = os.getenv "TV_BUILD" or "build/rel"
local cases = math.tointeger(tonumber(os.getenv "TV_ORACLE_N" or "200"))
local SETS = 5 -- operand sets for each word

-- Rows of features that qemu 7.2 lacks: guest/cssc.lua and guest/mops.lua
-- have them. Those of pointer authentication depend on keys, which a user
-- program cannot set: guest/pauth.lua.
local lacked, keyed = {}, {}
for _, row in ipairs(require "tinyvmm.a64.reader".rows()) do
  for _, case in ipairs(row.feature or {}) do
    local feature = case[2]
    if feature == "CSSC" or feature == "MOPS" or feature == "HBC" then
      lacked[row.name] = true
    elseif feature == "PAuth" then
      keyed[row.name] = true
    end
  end
end

local function is_lacked(w)
  local row = isa.find(w)
  return row and lacked[row.name]
end

-- What one side does otherwise, and why. `soft` and `qemu` are the ends this
-- is about (nil: any); more than one of qemu's are separated by blanks. What
-- both run to different results is left out of runs of instructions.
local known = {
  { mask = 0x3fa00000, value = 0x08800000, soft = "alignment",
    qemu = "ran unmapped",
    reason = "LDAR, STLR, LDLAR, STLLR must be aligned without FEAT_LSE2 \z
      (Arm ARM B2.5.2); qemu 7.2 checks it for no ordered access" },
  { mask = 0x3f20fc00, value = 0x3820c000, soft = "alignment",
    qemu = "ran unmapped",
    reason = "LDAPR: the same" },
  { mask = 0x3f400000, value = 0x08000000, soft = "alignment",
    qemu = "ran unmapped",
    reason = "a store-exclusive faults on an unaligned address before it \z
      looks at the monitor (AArch64.ExclusiveMonitorsPass, Arm ARM J1.1); \z
      qemu looks at the monitor first" },
  { mask = 0x3fe0fc00, value = 0x38a0c000, qemu = "undefined",
    reason = "LDAPR with Rs not all ones (should be): CONSTRAINED \z
      UNPREDICTABLE; we ignore the field, qemu does not decode it",
    when = function(w) return w >> 16 & 31 ~= 31 end },
  { mask = 0x3f000000, value = 0x08000000, qemu = "alignment",
    reason = "qemu 7.2 has no FEAT_LSE2: exclusives and CAS within 16 bytes \z
      need not be aligned (B2.2.1.1)" },
  { mask = 0x3b200c00, value = 0x38200000, qemu = "alignment",
    reason = "LSE atomics: the same" },
  { mask = 0x3f200c00, value = 0x19000000, qemu = "alignment",
    reason = "LDAPUR, STLUR, LDAPURS: the same" },
  { mask = 0, value = 0, qemu = "undefined", when = is_lacked,
    reason = "qemu 7.2 has no FEAT_CSSC, FEAT_MOPS and FEAT_HBC" },
  { mask = 0xbfc00000, value = 0x91800000, qemu = "undefined",
    reason = "ADDG, SUBG with bits 15:14 not 0 (should be): CONSTRAINED \z
      UNPREDICTABLE; we ignore them, qemu does not decode it" },
  { mask = 0xbff8fc00, value = 0x2f00fc00, soft = "undefined",
    reason = "a modified immediate with op, cmode 1111 and o2 is \z
      unallocated (C4.1.96); qemu 7.2 takes it for half-precision FMOV" },
  { mask = 0xfffffc00, value = 0x1e7e0000, soft = "ran", qemu = "ran",
    reason = "FJCVTZS of a denormal flushed by FPCR.FZ clears Z \z
      (FPToFixedJS: value == 0.0 && !IsZero(op<51:0>)); qemu 7.2 sets it",
    when = function(_, d)
      return tonumber(d.rest:match "fpcr=(%x+)", 16) & 1 << 24 ~= 0
    end },
  { mask = 0xfff0fc00, value = 0x5f10fc00, soft = "ran", qemu = "ran",
    reason = "FCVTZS of a scalar half with fraction bits: qemu 7.2 leaves \z
      copies of the sign in bits 31:16 of the register" },
}

-- Building -----------------------------------------------------------------

local function compile(t, command, sources, output)
  local stale = ("for f in %s; do [ %s -nt $f ] || exit 0; done; exit 1")
    :format(sources, output)
  if not os.execute(stale) then return output end
  os.execute("mkdir -p " .. build .. "/oracle")
  local full = ("%s -o %s 2>&1"):format(command, output)
  local pipe <close> = assert(io.popen(full))
  local text = pipe:read "a"
  t.ok(pipe:close(), full .. "\n" .. text)
  return output
end

local function executors(t)
  t.needs("qemu-aarch64", "aarch64-linux-gnu-gcc")
  local qemu = compile(t, "aarch64-linux-gnu-gcc -std=gnu11 -O2 -static \z
    -Wl,-Ttext-segment=0x1f000000 tests/a64/oracle_qemu.c",
    "tests/a64/oracle_qemu.c tests/a64/oracle.h", build .. "/oracle/qemu")
  local library = build .. "/libtinyvmm.a"
  local sanitize = build:find "asan$" and "-fsanitize=address,undefined" or ""
  local soft = compile(t, ("%s -std=c11 -O2 %s -Isrc tests/a64/oracle_soft.c \z
    %s -lpthread"):format(os.getenv "CC" or "cc", sanitize, library),
    "tests/a64/oracle_soft.c tests/a64/oracle.h " .. library,
    build .. "/oracle/soft")
  return qemu, soft
end

-- Words --------------------------------------------------------------------

local left_out = { -- PC-relative
  ADR = true, ADRP = true, LDR_lit = true, LDRSW_lit = true,
  PRFM_lit = true, LDR_fp_lit = true,
  -- They choose a tag: 0 here (src/soft/op_mte.c), qemu has tags in memory.
  ADDG = true, SUBG = true, IRG = true,
}
local included = { -- among branches, exceptions and system
  CFINV = true, DMB = true, DSB = true, ISB = true, CLREX = true,
  AXFLAG = true, XAFLAG = true, SB = true,
}

local function eligible(row)
  if left_out[row.name] or lacked[row.name] or keyed[row.name] then
    return false
  end
  if row.value & 0x1c000000 == 0x14000000 then return included[row.name] end
  return true
end

-- Words whose outcome the Arm ARM leaves open (CONSTRAINED UNPREDICTABLE,
-- K1.2): a writeback base that is also transferred, one register loaded
-- twice, a store-exclusive status in a register the instruction uses.
local function unpredictable(w)
  local rt, rn, rt2, rs = w & 31, w >> 5 & 31, w >> 10 & 31, w >> 16 & 31
  local vector = w & 0x04000000 ~= 0
  if w & 0x3a000000 == 0x28000000 then -- pairs
    local load, writeback = w & 0x00400000 ~= 0, w & 0x00800000 ~= 0
    if load and rt == rt2 then return true end
    return writeback and not vector and rn ~= 31 and (rn == rt or rn == rt2)
  elseif w & 0x3b200400 == 0x38000400 then -- pre- and post-index
    return not vector and rn ~= 31 and rn == rt
  elseif w & 0x3f800000 == 0x08000000 then -- exclusives (and CASP)
    local pair, load = w & 0x00200000 ~= 0, w & 0x00400000 ~= 0
    if pair and w & 0x80000000 == 0 then return false end
    if load then return pair and rt == rt2 end
    return rs == rt or pair and rs == rt2 or rs == rn and rn ~= 31
  end
  return false
end

-- Unallocated half-precision words at which qemu 7.2 stops with a failed
-- assertion (disas_simd_two_reg_misc_fp16).
local function kills_qemu(w)
  return w & 0xbffffc00 == 0x0ef9f800 or w & 0xfffffc00 == 0x5ef8f800
    or w & 0xfffffc00 == 0x7ef9f800
end

-- A random word of the row: register 31 and equal registers come up more
-- often than by chance, bits that should be one mostly are.
local function random_word(t, row)
  local w = t.random() & 0xffffffff
  local dice = t.random()
  local fields = row.fields
  if dice & 7 == 0 and #fields > 1 then
    local a = fields[1 + (dice >> 8 & 0xff) % #fields]
    local b = fields[1 + (dice >> 16 & 0xff) % #fields]
    if a.width == 5 and b.width == 5 then
      local v = dice & 8 == 0 and 31 or w >> b.lo & 31
      w = w & ~(31 << a.lo) | v << a.lo
    end
  end
  if dice & 0x30 ~= 0 then w = w | row.init end
  return w & ~row.mask | row.value
end

local function word_for(t, row)
  for _ = 1, 1000 do
    local w = random_word(t, row)
    local found = isa.find(w)
    if not unpredictable(w) and not kills_qemu(w)
       and (found == row or found == nil and t.random() & 15 == 0) then
      return w
    end
  end
  error(row.name .. ": no word found")
end

-- Running ------------------------------------------------------------------

local function is_known(d)
  for _, k in ipairs(known) do
    if d.word & k.mask == k.value
       and (not k.qemu or k.qemu:find(d.qemu, 1, true))
       and (not k.soft or d.soft == k.soft)
       and (not k.when or k.when(d.word, d)) then
      return true
    end
  end
  return false
end

local function write_words(path, words)
  local file <close> = assert(io.open(path, "wb"))
  for i = 1, #words, 4096 do
    local last = math.min(i + 4095, #words)
    file:write(string.pack("<" .. ("I4"):rep(last - i + 1),
      table.unpack(words, i, last)))
  end
end

-- Runs the words, `length` to a case, in both executors with `sets` operand
-- sets: the number of cases and the differences.
local function run(t, words, cpu, sets, length)
  length = length or 1
  local qemu, soft = executors(t)
  local path = t.tmpname()
  write_words(path, words)
  local command = ("qemu-aarch64 -cpu %s %s %d %d %d <%s | %s %s %d %d %d %s")
    :format(cpu, qemu, test.seed, sets, length, path, soft, path, test.seed,
      sets, length, cpu)
  local pipe <close> = assert(io.popen(command))
  local differences, done = {}, nil
  for line in pipe:lines() do
    local index, word, ours, theirs, rest =
      line:match "^diff (%d+) (%x+) (%S+) (%S+)\t(.*)$"
    if index then
      differences[#differences + 1] = { index = tonumber(index),
        word = tonumber(word, 16), soft = ours, qemu = theirs, rest = rest }
    else
      done = tonumber(line:match "^cases (%d+) ")
    end
  end
  t.ok(pipe:close(), command)
  return t.ok(done, "oracle_soft said nothing"), differences
end

local dis

local function spell(w)
  if dis == nil then
    local ok, module = pcall(require, "tinyvmm.a64.dis")
    dis = ok and module.word or false
  end
  local row = isa.find(w)
  local name = row and row.name or "undefined"
  return dis and ("%s, %s"):format(name, (dis(w, 0):gsub("\t", " "))) or name
end

local function describe(d)
  local input, soft, qemu = d.rest:match "^(.-)\t(.-)\t(.*)$"
  return ("%08x  %s\n    in    %s\n    soft  %s\n    qemu  %s"):format(
    d.word, spell(d.word), input, soft, qemu)
end

local function report(t, differences)
  local shown = {}
  for i = 1, math.min(#differences, 8) do
    shown[i] = describe(differences[i])
  end
  t.ok(#differences == 0, ("%d cases differ\n%s"):format(
    #differences, table.concat(shown, "\n")))
end

-- The tests ----------------------------------------------------------------

local rows, owner, by_row, problem = {}, {}, {}, nil
for _, row in ipairs(isa.rows()) do
  if eligible(row) then
    rows[#rows + 1] = row
    by_row[row] = {}
  end
end

test("both executors run the cases of all rows", function(t)
  local words = {}
  for _, row in ipairs(rows) do
    for _ = 1, (cases + SETS - 1) // SETS do
      words[#words + 1] = word_for(t, row)
      owner[#words] = row
    end
  end
  problem = "did not run"
  local before = os.clock()
  local done, differences = run(t, words, "max", SETS)
  t.eq(done, #words * SETS)
  for _, d in ipairs(differences) do
    if not is_known(d) then
      table.insert(by_row[owner[d.index // SETS + 1]], d)
    end
  end
  t.note(("%d cases of %d rows, %.1f s here"):format(done, #rows,
    os.clock() - before))
  problem = nil
  t.done = done
end)

for _, row in ipairs(rows) do
  test(row.name .. " agrees with qemu-aarch64", function(t)
    t.needs("qemu-aarch64", "aarch64-linux-gnu-gcc")
    t.ok(not problem, problem)
    report(t, by_row[row])
  end)
end

-- Any words at all, allocated or not, on two models that qemu has too.
local function any_words(t)
  local words = {}
  while #words < math.min(cases * 100, 50000) do
    local w = t.random() & 0xffffffff
    local pc_relative = w & 0x1f000000 == 0x10000000
      or w & 0x3b000000 == 0x18000000
    if w & 0x1c000000 ~= 0x14000000 and not pc_relative
       and not unpredictable(w) and not kills_qemu(w) then
      words[#words + 1] = w
    end
  end
  return words
end

test("any word does on a Cortex-A57 what qemu's does", function(t)
  local done, differences = run(t, any_words(t), "cortex-a57", 1)
  local problems = {}
  for _, d in ipairs(differences) do
    if not is_known(d) then
      problems[#problems + 1] = d
    end
  end
  t.note(done .. " words")
  report(t, problems)
end)

test("what the newest model does not know is undefined", function(t)
  local _, differences = run(t, any_words(t), "max", 1)
  local problems = {}
  for _, d in ipairs(differences) do
    if d.qemu == "undefined" and not is_known(d) then
      problems[#problems + 1] = d
    end
  end
  report(t, problems)
end)

local function runs_differently(w)
  for _, k in ipairs(known) do
    if k.soft == "ran" and k.qemu == "ran" and w & k.mask == k.value then
      return true
    end
  end
  return false
end

-- Straight runs of instructions that touch no memory: what one leaves behind
-- (flags, registers, predecoded code) is the next one's input.
test("runs of 40 instructions leave the same state", function(t)
  local length, words, pool = 40, {}, {}
  for _, row in ipairs(rows) do
    if row.value & 0x0a000000 ~= 0x08000000 and row.name ~= "UDF" then
      pool[#pool + 1] = row
    end
  end
  for i = 1, cases * 5 * length do
    local w
    repeat w = word_for(t, pool[t.random(#pool)])
    until isa.find(w) and not runs_differently(w)
    words[i] = w
  end
  local done, differences = run(t, words, "max", 2, length)
  t.eq(done, cases * 10)
  t.ok(#differences == 0, ("%d runs differ, as case %s:\n%s"):format(
    #differences, differences[1] and differences[1].index,
    differences[1] and describe(differences[1])))
end)
