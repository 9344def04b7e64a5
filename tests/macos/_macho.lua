-- SPDX-License-Identifier: MIT
--
-- Ad-hoc code signatures of thin arm64 Mach-O files: making one with
-- entitlements, and checking one. What Apple's codesign writes, by the
-- structures of XNU's osfmk/kern/cs_blobs.h, all big-endian:
--
--   SuperBlob  ( type, offset of each blob )
--     0        CodeDirectory: hashes of the file's pages and of the blobs
--     2        requirements, an empty set
--     5        entitlements, the XML as it is
--     7        entitlements, DER
--     0x10000  CMS, empty: nobody has signed
--
-- The load command LC_CODE_SIGNATURE, which the linker has written, says where
-- it lies: at the end of the file and of __LINKEDIT. Both change their size
-- with it before pages are hashed, as page 0 holds the load commands.

local sha256 = require "_sha256"

local M = {}

local PAGE, HASH, HEAD = 4096, 32, 88
local SUPERBLOB, DIRECTORY, REQUIREMENTS = 0xfade0cc0, 0xfade0c02, 0xfade0c01
local XML, DER, CMS = 0xfade7171, 0xfade7172, 0xfade0b01
local ADHOC, MAIN_BINARY, EXECUTE = 2, 1, 2

local function be(...)
  return string.pack(">" .. ("I4"):rep(select("#", ...)), ...)
end

local function blob(magic, body) return be(magic, 8 + #body) .. body end

-- DER ----------------------------------------------------------------------

local function tlv(tag, body)
  local n = #body
  if n < 0x80 then return string.char(tag, n) .. body end
  local length = string.pack(">I4", n):gsub("^\0+", "")
  return string.char(tag, 0x80 | #length) .. length .. body
end

-- Entitlements as a list of { key, boolean }: all that our plist has.
function M.entitlements(plist)
  local list = {}
  for key, value in plist:gmatch "<key>(.-)</key>%s*<(%a+)/>" do
    assert(value == "true" or value == "false", "only booleans: " .. key)
    list[#list + 1] = { key = key, value = value == "true" }
  end
  assert(#list > 0, "no entitlement in the plist")
  table.sort(list, function(a, b) return a.key < b.key end)
  return list
end

function M.der(plist)
  local pairs_ = {}
  for _, e in ipairs(M.entitlements(plist)) do
    pairs_[#pairs_ + 1] = tlv(0x30, tlv(0x0c, e.key)
      .. tlv(0x01, e.value and "\xff" or "\0"))
  end
  return tlv(0x70, tlv(0x02, "\1") .. tlv(0xb0, table.concat(pairs_)))
end

-- Load commands --------------------------------------------------------------

-- { type=, minos=, id=, dylibs=, text=, linkedit=, signature= }; offsets
-- from 0.
function M.read(file)
  local magic, cpu, _, kind, count = string.unpack("<I4I4I4I4I4", file)
  assert(magic == 0xfeedfacf and cpu == 0x0100000c, "not a thin arm64 Mach-O")
  local m, at = { type = kind, dylibs = {} }, 32
  for _ = 1, count do
    local cmd, size = string.unpack("<I4I4", file, at + 1)
    if cmd == 0x19 then -- LC_SEGMENT_64
      local name = file:sub(at + 9, at + 24):match "^%Z*"
      local _, memory, offset, length = string.unpack("<I8I8I8I8", file,
        at + 25)
      m[name] = { at = at, memory = memory, offset = offset, size = length }
    elseif cmd == 0x1d then -- LC_CODE_SIGNATURE
      local offset, length = string.unpack("<I4I4", file, at + 9)
      m.signature = { at = at, offset = offset, size = length }
    elseif cmd == 0x0c or cmd == 0x80000018 then -- LC_LOAD_(WEAK_)DYLIB
      local name = string.unpack("<I4", file, at + 9)
      m.dylibs[#m.dylibs + 1] = file:match("^%Z+", at + name + 1)
    elseif cmd == 0x0d then -- LC_ID_DYLIB
      m.id = file:match("^%Z+", at + string.unpack("<I4", file, at + 9) + 1)
    elseif cmd == 0x32 then -- LC_BUILD_VERSION
      local platform, minos = string.unpack("<I4I4", file, at + 9)
      m.platform, m.minos = platform, ("%d.%d"):format(minos >> 16,
        minos >> 8 & 0xff)
    end
    at = at + size
  end
  return m
end

-- Signing --------------------------------------------------------------------

local function directory(code, m, identifier, special)
  local last = 0
  for slot in pairs(special) do last = math.max(last, slot) end
  local pages = (#code + PAGE - 1) // PAGE
  local hashes = HEAD + #identifier + 1 + HASH * last
  local parts = { be(0x20400, ADHOC, hashes, HEAD, last, pages, #code),
    string.char(HASH, 2, 0, 12), be(0, 0, 0, 0), string.pack(">I8", 0),
    string.pack(">I8I8I8", m.__TEXT.offset, m.__TEXT.size,
      m.type == EXECUTE and MAIN_BINARY or 0), identifier, "\0" }
  for slot = last, 1, -1 do
    parts[#parts + 1] = special[slot] and sha256(special[slot])
      or ("\0"):rep(HASH)
  end
  for page = 0, pages - 1 do
    parts[#parts + 1] = sha256(code:sub(page * PAGE + 1, (page + 1) * PAGE))
  end
  return blob(DIRECTORY, table.concat(parts))
end

local function superblob(code, m, identifier, plist)
  local special = { [2] = blob(REQUIREMENTS, be(0)) }
  if plist then
    special[5], special[7] = blob(XML, plist), blob(DER, M.der(plist))
  end
  local list = { { 0, directory(code, m, identifier, special) } }
  for _, slot in ipairs { 2, 5, 7 } do
    if special[slot] then list[#list + 1] = { slot, special[slot] } end
  end
  list[#list + 1] = { 0x10000, blob(CMS, "") }
  local index, body, at = {}, {}, 12 + 8 * #list
  for _, entry in ipairs(list) do
    index[#index + 1] = be(entry[1], at)
    body[#body + 1] = entry[2]
    at = at + #entry[2]
  end
  return be(SUPERBLOB, at, #list) .. table.concat(index)
    .. table.concat(body)
end

local function put(file, at, bytes)
  return file:sub(1, at) .. bytes .. file:sub(at + #bytes + 1)
end

-- How long the signature of `pages` pages and these entitlements is.
local function length(m, identifier, plist, size)
  local pages = (size + PAGE - 1) // PAGE
  local empty = superblob("", m, identifier, plist)
  return (#empty + HASH * pages + 15) & ~15
end

function M.sign(file, identifier, plist)
  local m = M.read(file)
  local s, l = assert(m.signature, "the linker left no room"), m.__LINKEDIT
  local code = file:sub(1, s.offset)
  local size = length(m, identifier, plist, #code)
  local filled = s.offset + size - l.offset
  code = put(code, s.at + 8, string.pack("<I4I4", s.offset, size))
  code = put(code, l.at + 32, string.pack("<I8", (filled + 0x3fff) & ~0x3fff))
  code = put(code, l.at + 48, string.pack("<I8", filled))
  local signature = superblob(code, m, identifier, plist)
  return code .. signature .. ("\0"):rep(size - #signature)
end

-- Checking -------------------------------------------------------------------

local function blobs(s)
  local magic, size, count = string.unpack(">I4I4I4", s)
  if magic ~= SUPERBLOB or size > #s then return nil, "no SuperBlob" end
  local list = {}
  for i = 0, count - 1 do
    local slot, at = string.unpack(">I4I4", s, 13 + 8 * i)
    local _, bytes = string.unpack(">I4I4", s, at + 1)
    list[slot] = s:sub(at + 1, at + bytes)
  end
  return list
end

local function check_hashes(file, d, list)
  local _, _, at, _, special, pages, limit = string.unpack(">I4I4I4I4I4I4I4",
    d, 9)
  local page = 1 << d:byte(40)
  for slot = 1, special do
    local hash = d:sub(at - HASH * slot + 1, at - HASH * (slot - 1))
    local want = list[slot] and sha256(list[slot]) or ("\0"):rep(HASH)
    if hash ~= want then return nil, "the hash of slot " .. slot end
  end
  if pages ~= (limit + page - 1) // page then return nil, "the page count" end
  for k = 0, pages - 1 do
    local from = d:sub(at + HASH * k + 1, at + HASH * (k + 1))
    local text = file:sub(k * page + 1, math.min((k + 1) * page, limit))
    if sha256(text) ~= from then return nil, "the hash of page " .. k end
  end
  return limit
end

-- true, or nil and what is wrong. plist: the entitlements it must have.
function M.check(file, plist)
  local m = M.read(file)
  local s, l = m.signature, m.__LINKEDIT
  if not s then return nil, "no signature" end
  local list, problem = blobs(file:sub(s.offset + 1, s.offset + s.size))
  if not list then return nil, problem end
  local limit
  limit, problem = check_hashes(file, list[0], list)
  if not limit then return nil, problem .. " is wrong" end
  if limit ~= s.offset then return nil, "not all of the file is hashed" end
  if l.offset + l.size ~= #file or s.offset + s.size ~= #file
     or l.memory < l.size then
    return nil, "__LINKEDIT does not end with the file"
  end
  if not plist then return true end
  if not list[5] or list[5]:sub(9) ~= plist then
    return nil, "the entitlements are not those of the plist"
  end
  if not list[7] or list[7]:sub(9) ~= M.der(plist) then
    return nil, "the DER entitlements are not those of the plist"
  end
  return true
end

return M
