-- SPDX-License-Identifier: MIT
--
-- Whole files, as guests and sources are read: a file larger than anything
-- that could be meant, or one that never ends, is refused, not read until
-- memory is full.

local M = {}

local CHUNK = 1 << 20
local LARGEST = 1 << 30                 -- of a file that says how long it is
local STREAM = 1 << 26                  -- of a pipe or device

local function read_all(file)
  local size, parts, total = file:seek "end", {}, 0
  local limit = size and size > 0 and LARGEST or STREAM
  file:seek "set"
  while true do
    local part, why = file:read(CHUNK)
    if not part then return not why and table.concat(parts), why end
    parts[#parts + 1] = part
    total = total + #part
    if total > limit then
      return nil, ("more than %d MiB, or no end"):format(limit >> 20)
    end
  end
end

-- The bytes of a file, or nil, message, "io".
function M.read(path)
  local file <close>, why = io.open(path, "rb")
  if not file then return nil, why, "io" end
  local bytes, problem = read_all(file)
  if not bytes then return nil, path .. ": " .. problem, "io" end
  return bytes
end

return M
