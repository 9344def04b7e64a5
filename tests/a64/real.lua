-- SPDX-License-Identifier: MIT
-- Real code: every word of the executable sections of arm64 packages of Debian
-- prints as objdump prints it, or stands in _differences.lua, and the text
-- assembles to a word of the same text. TV_PACKAGES adds packages to libc6 and
-- a kernel; a build with checks tries every 16th word.
local test = require "tap"
local asm = require "tinyvmm.a64.asm"
local dis = require "tinyvmm.a64.dis"
local code = require "a64._code"
local differences = require "a64._differences"
local words = require "a64._words"

local more = os.getenv "TV_PACKAGES"
local packages = "libc6 '^linux-image-6[.]1[.][0-9-]+-cloud-arm64$' "
  .. (more or "")
local build = os.getenv "TV_BUILD" or "build/rel"
local CHUNK = 50000

local list, total, unavailable

local function fetch(t)
  if list then return end
  t.needs("sh", words.objdump)
  if unavailable then t.skip(unavailable) end
  local dir = more and "build/arm64-more" or "build/arm64"
  local out, status, errors = t.run("sh tests/debian-arm64.sh " .. dir .. " "
    .. packages)
  if status == 2 then
    unavailable = "no arm64 packages: " .. errors:match "([^\n]*)\n*$"
    t.skip(unavailable)
  end
  t.eq(status, 0, out .. errors)
  list, total = code.words(dir .. "/root")
  t.ok(#list > 500000, #list .. " words")
  if build:find "rel$" then return end
  local some = {}
  for i = 1, #list, 16 do some[#some + 1] = list[i] end
  list = some
end

local function chunk(first)
  return table.move(list, first, math.min(first + CHUNK - 1, #list), 1, {})
end

test("every word of libc6 and a kernel prints as objdump prints it",
  function(t)
    fetch(t)
    local ours_differ = 0
    for first = 1, #list, CHUNK do
      local some = chunk(first)
      local theirs = words.objdump_texts(t, some)
      for i, w in ipairs(some) do
        local ours = dis.word(w, 4 * (i - 1))
        if ours ~= theirs[i] then
          ours_differ = ours_differ + 1
          if not differences.excuse(w, ours, theirs[i]) then
            t.eq(ours, theirs[i], ("%08x"):format(w))
          end
        end
      end
    end
    t.note(("%d words, %d distinct ones compared, %d excused"):format(total,
      #list, ours_differ))
  end)

test("those texts assemble to words that print the same", function(t)
  fetch(t)
  local changed = 0
  for first = 1, #list, CHUNK do
    local some, lines = chunk(first), {}
    for i, w in ipairs(some) do lines[i] = dis.word(w, 4 * (i - 1)) end
    local img = asm.assemble(table.concat(lines, "\n"), { origin = 0 })
    local bytes = img:bytes_at(0)
    t.eq(#bytes, 4 * #some)
    if bytes ~= words.pack(some) then
      for i, w in ipairs(some) do
        local back = string.unpack("<I4", bytes, 4 * i - 3)
        if back ~= w then
          changed = changed + 1
          t.eq(dis.word(back, 4 * (i - 1)), lines[i], ("%08x"):format(w))
        end
      end
    end
  end
  t.note(changed .. " words assemble to another one of the same text")
end)
