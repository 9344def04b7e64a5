-- SPDX-License-Identifier: MIT
--
-- cpio: an archive in the "newc" format, which Linux takes as the first
-- contents of its root file system (Documentation/driver-api/early-userspace/
-- buffer-format.rst): for each file a header of 13 hexadecimal fields, the
-- name and the contents, both padded to 4 bytes.

local M = {}
M.__index = M

local DIRECTORY, FILE, LINK = 0x4000, 0x8000, 0xa000

function M.new()
  return setmetatable({ parts = {}, known = {} }, M)
end

local function pad(size) return ("\0"):rep(-size & 3) end

function M:entry(name, mode, data)
  self.parts[#self.parts + 1] = ("070701" .. ("%08x"):rep(13)):format(
    #self.parts, mode, 0, 0, 1, 0, #data, 0, 0, 0, 0, #name + 1, 0)
    .. name .. "\0" .. pad(110 + #name + 1) .. data .. pad(#data)
end

function M:parents(name)
  for folder in name:gmatch "()/" do
    local path = name:sub(1, folder - 1)
    if not self.known[path] then
      self.known[path] = true
      self:entry(path, DIRECTORY | tonumber("755", 8), "")
    end
  end
end

-- A file called `name`, without a slash at its begin.
function M:file(name, data, executable)
  self:parents(name)
  self:entry(name, FILE | tonumber(executable and "755" or "644", 8), data)
end

function M:link(name, target)
  self:parents(name)
  self:entry(name, LINK | tonumber("777", 8), target)
end

function M:bytes()
  self:entry("TRAILER!!!", 0, "")
  return table.concat(self.parts)
end

return M
