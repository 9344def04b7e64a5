-- SPDX-License-Identifier: MIT
-- What the assembler has to say: errors and warnings are noted with their
-- place while the text is read, and told in its order at the end. An error in
-- a statement is raised as { col, msg } (expr.fail) and noted by `caught`; a
-- symbol that nobody defined is told once, where it is used first.

local cursor = require "tinyvmm.a64.cursor"
local source = require "tinyvmm.a64.source"

local find = string.find

local MOST_ERRORS = 20

local M = {}
local A = {}                             -- methods of the assembler
M.methods = A

-- Note an error at a place; too many end the assembly.
function A:report(at, msg)
  self.errors[#self.errors + 1] = { at = at, msg = msg }
  if #self.errors >= MOST_ERRORS then error(self.enough, 0) end
end

-- Something legal and surely wrong at column p of the current line; once.
function A:warn(p, msg)
  local at = self.line_at + p
  if self.mute or self.warned[at] == msg then return end
  self.warned[at] = msg
  self.warnings[#self.warnings + 1] = { at = at, msg = msg }
end

-- What was raised inside a statement: { col, msg }, or not for us.
function A:caught(err)
  if type(err) ~= "table" or not err.msg then error(err, 0) end
  local at = self.line_at + err.col
  local before = err.name and self.missed[err.name]
  if before then before.at = math.min(before.at, at)
  else
    self:report(at, err.msg)
    if err.name then self.missed[err.name] = self.errors[#self.errors] end
  end
end

-- "did you mean", loaded when there is something to say.
function M.did_you_mean(name, list)
  return require "tinyvmm.a64.nearest".hint(name, list)
end

-- Raise for a symbol that nobody defined; `caught` tells it once per symbol,
-- where it is used first.
function A:undefined(name, p)
  local msg = "undefined symbol '" .. name .. "'"
  if self.missed[name] then
    msg = "again"
  elseif cursor.register(name) then
    msg = ("expected a label or address, got register %s; a branch to a"
      .. " register is br or blr"):format(name)
  else
    msg = msg .. M.did_you_mean(name, function()
      local list = {}
      for known in pairs(self.symbols) do
        if not find(known, "^\1") then list[#list + 1] = known end
      end
      table.sort(list)
      return list
    end)
  end
  error({ col = p, msg = msg, name = name }, 0)
end

-- Errors or warnings as lines, in the order of the text.
function M.told(self, list)
  for _, e in ipairs(list) do e.root = source.root(self.sources, e.at) end
  table.sort(list, function(a, b)
    if a.root ~= b.root then return a.root < b.root end
    return a.at < b.at
  end)
  local out = {}
  for i, e in ipairs(list) do
    out[i] = (e.where or source.where(self.sources, e.at) .. ": ") .. e.msg
      .. source.calls(self.sources, e.at)
  end
  return out
end

function M.message(self)
  local out = M.told(self, self.errors)
  if #out >= MOST_ERRORS then out[#out + 1] = "too many errors, giving up" end
  return table.concat(out, "\n")
end

return M
