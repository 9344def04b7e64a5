-- SPDX-License-Identifier: MIT
-- "Did you mean": the names of a list that are closest to a misspelt one, by
-- insertions, deletions, changes and swaps of neighbours. Loaded only when an
-- error wants it.

local M = {}

-- Damerau-Levenshtein distance (neighbours may swap), or nil beyond `limit`.
local function distance(a, b, limit)
  local n, m = #a, #b
  if math.abs(n - m) > limit then return nil end
  local before, last, row = {}, {}, {}
  for j = 0, m do last[j] = j end
  for i = 1, n do
    row[0] = i
    local best = i
    for j = 1, m do
      local same = a:byte(i) == b:byte(j)
      local d = math.min(last[j] + 1, row[j - 1] + 1,
        last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1)
        and a:byte(i - 1) == b:byte(j) then
        d = math.min(d, before[j - 2] + 1)
      end
      row[j] = d
      if d < best then best = d end
    end
    if best > limit then return nil end
    before, last, row = last, row, before
  end
  return last[m] <= limit and last[m] or nil
end

-- Up to three names of the list, the closest first.
function M.names(word, list)
  local limit = #word < 4 and 1 or 2
  local hits = {}
  for _, name in ipairs(list) do
    local d = distance(word, name, limit)
    if d then hits[#hits + 1] = { d, name } end
  end
  table.sort(hits, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    local fa, fb = a[2]:byte() == word:byte(), b[2]:byte() == word:byte()
    if fa ~= fb then return fa end
    return a[2] < b[2]
  end)
  local out = {}
  for i = 1, math.min(3, #hits) do out[i] = hits[i][2] end
  return out
end

-- "; did you mean add, adds?" or "". `list` is a function: it is only made
-- when there is an error to write.
function M.hint(word, list)
  local names = M.names(word, list())
  if #names == 0 then return "" end
  return "; did you mean " .. table.concat(names, ", ") .. "?"
end

return M
