-- SPDX-License-Identifier: MIT
-- The listing of an image: each line of its sources with the addresses and
-- bytes it made. What a macro or repetition made follows the line of the call,
-- each line of the expansion after a `+`. Long data is cut short.

local source = require "tinyvmm.a64.source"

local M = {}

local MOST = 64                     -- bytes shown of one line

-- What made bytes, as { off, n, at, root }, in the order of the text.
local function items(img)
  local list = {}
  local function add(off, n, at)
    if at and n > 0 then
      list[#list + 1] = { off = off, n = n, at = at,
        root = source.root(img.sources, at) }
    end
  end
  for _, part in ipairs(img.index) do
    if type(part.at) == "table" then
      for i = 1, part.n // 4 do add(part.off + 4 * i - 4, 4, part.at[i]) end
    else add(part.off, part.n, part.at) end
  end
  table.sort(list, function(a, b)
    if a.root ~= b.root then return a.root < b.root end
    return a.off < b.off
  end)
  return list
end

local function hex(bytes)
  return (bytes:gsub("..?.?.?", function(four)
    return four:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
      .. " "
  end):sub(1, -2))
end

-- The rows of n bytes at off; the first has the text.
local function rows(out, img, bytes, off, n, text)
  for i = 0, n - 1, 8 do
    if i >= MOST then
      out[#out + 1] = ("%8s  .. %d bytes"):format("", n)
      return
    end
    local row = bytes:sub(off + i + 1, off + math.min(i + 8, n))
    out[#out + 1] = ("%08x  %-17s  %s"):format(img.addr + off + i, hex(row),
      i == 0 and text or ""):gsub(" +$", "")
  end
end

local function blank(out, text)
  out[#out + 1] = ((" "):rep(29) .. text):gsub(" +$", "")
end

-- One source line with its items list[k], list[k + 1], ... up to `last`;
-- returns the next k.
local function line(out, img, bytes, list, k, last, text)
  local told = false
  while list[k] and list[k].root <= last do
    local item = list[k]
    local off, n, label = item.off, item.n, nil
    k = k + 1
    if item.at == item.root then
      while list[k] and list[k].root <= last and list[k].off == off + n
        and list[k].at == list[k].root do
        n, k = n + list[k].n, k + 1
      end
      label = not told and text or ""
    else
      if not told then blank(out, text) end
      local _, _, made = source.line_at(img.sources, item.at)
      label = "+ " .. made:gsub("^%s+", "")
    end
    told = true
    rows(out, img, bytes, off, n, label)
  end
  if not told then blank(out, text) end
  return k
end

-- The text of the listing, at the address where the image is placed.
function M.listing(img)
  local bytes, list, out, k = img:bytes_at(img.addr), items(img), {}, 1
  for i, src in ipairs(img.sources) do
    if not src.origin then
      if i > 1 then out[#out + 1] = src.name .. ":" end
      local p, n = 1, 1
      while p <= #src.text do
        local e = src.text:find("\n", p, true) or #src.text + 1
        k = line(out, img, bytes, list, k, src.base + e,
          ("%5d  %s"):format(n, src.text:sub(p, e - 1)))
        p, n = e + 1, n + 1
      end
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return M
